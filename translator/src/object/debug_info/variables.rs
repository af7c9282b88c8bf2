//! Parameters and temporaries with their places.
//!
//! An abstract entry lists the variables of its method. A copy of the method has an entry for each variable that is anywhere in it;
//! of the others debuggers say that they are optimized out.

use std::collections::BTreeMap;

use gimli::constants;
use gimli::write::{AttributeValue, DwarfUnit, Expression, Location, LocationList, UnitEntryId};

use super::functions::{Concrete, Functions, Inlined, set};
use crate::ir::{Local, LocalVariable, Site};
use crate::object::unwind::dwarf_number;
use crate::x64::{VariablePlace, VariableRange};

/// The number that DWARF gives the first vector register.
const FIRST_VECTOR: u16 = 17;

impl Functions<'_> {
    /// Adds the variables of what is inlined into a function.
    pub(super) fn add_variables(
        &mut self,
        dwarf: &mut DwarfUnit,
        concrete: &Concrete<'_>,
        entries: &BTreeMap<Site, Inlined>,
    ) {
        let mut ranges = ranges_by_local(concrete);
        for (local, variable) in concrete.function.bindings.locals.iter() {
            let Some(copy) = entries.get(&variable.site) else {
                continue;
            };
            let origin = self.abstract_variable(dwarf, copy.origin, variable);
            if let Some(ranges) = ranges.next_of(local) {
                let entry = dwarf.unit.add(copy.entry, tag(variable));
                let origin = AttributeValue::UnitRef(origin);
                set(dwarf, entry, constants::DW_AT_abstract_origin, origin);
                set_places(dwarf, entry, (ranges, concrete.start), &copy.pieces);
            }
        }
    }

    /// Adds the variables of a function itself, whose abstract entry is `origin`, if it has one.
    pub(super) fn add_own_variables(
        &mut self,
        dwarf: &mut DwarfUnit,
        concrete: &Concrete<'_>,
        origin: Option<UnitEntryId>,
    ) {
        if concrete.function.bindings.locals.is_empty() {
            return;
        }
        let base = Expression::raw(vec![constants::DW_OP_call_frame_cfa.0]);
        let base = AttributeValue::Exprloc(base);
        set(dwarf, concrete.entry, constants::DW_AT_frame_base, base);
        let mut ranges = ranges_by_local(concrete);
        for (local, variable) in concrete.function.bindings.locals.iter() {
            if variable.site != Site::OWN {
                continue;
            }
            let origin = origin.map(|origin| self.abstract_variable(dwarf, origin, variable));
            let ranges = ranges.next_of(local);
            let entry = match (origin, ranges) {
                (Some(_), None) => continue,
                (Some(origin), Some(_)) => {
                    let entry = dwarf.unit.add(concrete.entry, tag(variable));
                    let origin = AttributeValue::UnitRef(origin);
                    set(dwarf, entry, constants::DW_AT_abstract_origin, origin);
                    entry
                }
                (None, _) => self.named_variable(dwarf, concrete.entry, variable),
            };
            if let Some(ranges) = ranges {
                let end = concrete.start + concrete.compiled.code.len() as u64;
                let whole = (concrete.start, end);
                set_places(dwarf, entry, (ranges, concrete.start), &[whole]);
            }
        }
    }

    /// What all copies of a variable have in common.
    fn abstract_variable(
        &mut self,
        dwarf: &mut DwarfUnit,
        method: UnitEntryId,
        variable: &LocalVariable,
    ) -> UnitEntryId {
        let key = (method, variable.name, variable.ty);
        if let Some(&known) = self.variables.get(&key) {
            return known;
        }
        let entry = self.named_variable(dwarf, method, variable);
        self.variables.insert(key, entry);
        entry
    }

    fn named_variable(
        &self,
        dwarf: &mut DwarfUnit,
        parent: UnitEntryId,
        variable: &LocalVariable,
    ) -> UnitEntryId {
        let entry = dwarf.unit.add(parent, tag(variable));
        let name = &*self.module.names[variable.name];
        let name = AttributeValue::StringRef(dwarf.strings.add(name));
        set(dwarf, entry, constants::DW_AT_name, name);
        self.types.refer(dwarf, entry, Some(variable.ty));
        entry
    }
}

/// The ranges of a function's variables, which are asked for in ascending order.
struct RangesByLocal<'a>(&'a [VariableRange]);

fn ranges_by_local<'a>(concrete: &Concrete<'a>) -> RangesByLocal<'a> {
    RangesByLocal(&concrete.compiled.variables)
}

impl<'a> RangesByLocal<'a> {
    fn next_of(&mut self, local: Local) -> Option<&'a [VariableRange]> {
        let before = self.0.partition_point(|range| range.local < local);
        let end = self.0.partition_point(|range| range.local <= local);
        let found = &self.0[before..end];
        self.0 = &self.0[end..];
        (!found.is_empty()).then_some(found)
    }
}

fn tag(variable: &LocalVariable) -> gimli::DwTag {
    match variable.is_parameter {
        true => constants::DW_TAG_formal_parameter,
        false => constants::DW_TAG_variable,
    }
}

/// Says where a variable is: in a list of ranges, unless it is at one place in all `pieces` of what it belongs to.
fn set_places(
    dwarf: &mut DwarfUnit,
    entry: UnitEntryId,
    (ranges, start): (&[VariableRange], u64),
    pieces: &[(u64, u64)],
) {
    let fills = |(range, piece): (&VariableRange, &(u64, u64))| {
        let (begin, end) = (u64::from(range.begin), u64::from(range.end));
        range.place == ranges[0].place && (start + begin, start + end) == *piece
    };
    if ranges.len() == pieces.len() && ranges.iter().zip(pieces).all(fills) {
        let place = AttributeValue::Exprloc(place(ranges[0].place));
        return set(dwarf, entry, constants::DW_AT_location, place);
    }
    let piece = |range: &VariableRange| Location::OffsetPair {
        begin: start + u64::from(range.begin),
        end: start + u64::from(range.end),
        data: place(range.place),
    };
    let places = LocationList(ranges.iter().map(piece).collect());
    let places = AttributeValue::LocationListRef(dwarf.unit.locations.add(places));
    set(dwarf, entry, constants::DW_AT_location, places);
}

fn place(place: VariablePlace) -> Expression {
    let mut expression = Expression::new();
    match place {
        VariablePlace::Register(number) => expression.op_reg(dwarf_number(number.into())),
        VariablePlace::Vector(number) => {
            expression.op_reg(gimli::Register(FIRST_VECTOR + u16::from(number)));
        }
        VariablePlace::Frame(below) => expression.op_fbreg(-i64::from(below)),
        VariablePlace::Constant(n) => {
            expression.op_consts(n);
            expression.op(constants::DW_OP_stack_value);
        }
    }
    expression
}
