//! Types, the variables that components are, and the functions that a debugger may call.

use std::collections::BTreeMap;

use gimli::constants;
use gimli::write::{
    Address, AttributeValue, DwarfUnit, Expression, Location, LocationList, UnitEntryId,
};

use super::functions::{set, set_range};
use crate::base::PrimaryMap;
use crate::ir::data_types::{DataType, DataTypes, Member, Prototype, Shape};
use crate::ir::{Pin, PinId};
use crate::object::unwind::dwarf_number;
use crate::x64::registers::pin_register;

/// Writes the entries of what is known of data.
pub(super) struct Types<'a> {
    described: &'a DataTypes,
    /// The entry of each type.
    entries: PrimaryMap<DataType, UnitEntryId>,
}

impl<'a> Types<'a> {
    /// Adds the types.
    pub(super) fn add(dwarf: &mut DwarfUnit, described: &'a DataTypes) -> Self {
        let root = dwarf.unit.root();
        let entry = |shape: &Shape| dwarf.unit.add(root, tag(shape));
        let types = described.types.values();
        let types = Types {
            described,
            entries: types.map(|ty| &ty.shape).map(entry).collect(),
        };
        for ty in described.types.keys() {
            types.fill(dwarf, ty);
        }
        types
    }

    fn fill(&self, dwarf: &mut DwarfUnit, ty: DataType) {
        let (entry, described) = (self.entries[ty], &self.described.types[ty]);
        if !described.name.is_empty() {
            self.name(dwarf, entry, &described.name);
        }
        let (bytes, encoding) = match &described.shape {
            Shape::Integer { bytes, signed } => {
                let encoding = match signed {
                    true => constants::DW_ATE_signed,
                    false => constants::DW_ATE_unsigned,
                };
                (u64::from(*bytes), Some(encoding))
            }
            Shape::Boolean => (1, Some(constants::DW_ATE_boolean)),
            Shape::Float(bytes) => (u64::from(*bytes), Some(constants::DW_ATE_float)),
            Shape::Pointer(to) => {
                self.refer(dwarf, entry, *to);
                (8, None)
            }
            Shape::Named(other) => return self.refer(dwarf, entry, Some(*other)),
            Shape::Array(element, count) => {
                self.refer(dwarf, entry, Some(*element));
                let range = dwarf.unit.add(entry, constants::DW_TAG_subrange_type);
                let count = AttributeValue::Udata(*count);
                return set(dwarf, range, constants::DW_AT_count, count);
            }
            Shape::Struct {
                start,
                size,
                members,
            } => {
                for member in members {
                    self.member(dwarf, entry, member, *start);
                }
                if *start < 0 {
                    set_start(dwarf, entry, start.unsigned_abs());
                }
                (*size, None)
            }
        };
        let bytes = AttributeValue::Udata(bytes);
        set(dwarf, entry, constants::DW_AT_byte_size, bytes);
        if let Some(encoding) = encoding {
            let encoding = AttributeValue::Encoding(encoding);
            set(dwarf, entry, constants::DW_AT_encoding, encoding);
        }
    }

    fn member(&self, dwarf: &mut DwarfUnit, structure: UnitEntryId, member: &Member, start: i64) {
        let entry = dwarf.unit.add(structure, constants::DW_TAG_member);
        self.name(dwarf, entry, &member.name);
        self.refer(dwarf, entry, Some(member.ty));
        let place = AttributeValue::Udata(member.offset.abs_diff(start));
        set(dwarf, entry, constants::DW_AT_data_member_location, place);
    }

    /// Adds the variables of the state record at `state`, and the functions whose addresses and sizes are known by their symbols.
    pub(super) fn add_globals(
        &self,
        dwarf: &mut DwarfUnit,
        state: u64,
        thunks: &BTreeMap<&str, (u64, u64)>,
    ) {
        let root = dwarf.unit.root();
        for global in &self.described.globals {
            let entry = dwarf.unit.add(root, constants::DW_TAG_variable);
            self.name(dwarf, entry, &global.name);
            self.refer(dwarf, entry, Some(global.ty));
            let mut place = Expression::new();
            place.op_addr(Address::Constant(state + global.offset));
            let place = AttributeValue::Exprloc(place);
            set(dwarf, entry, constants::DW_AT_location, place);
        }
        for (symbol, prototype) in &self.described.prototypes {
            if let Some(&(start, size)) = thunks.get(symbol.as_str()) {
                self.function(dwarf, symbol, prototype, (start, start + size));
            }
        }
    }

    /// Adds the pins: variables in registers, wherever the code of a function keeps them.
    pub(super) fn add_pins(
        &self,
        dwarf: &mut DwarfUnit,
        pins: &PrimaryMap<PinId, Pin>,
        ranges: &[(u64, u64)],
    ) {
        let root = dwarf.unit.root();
        for (pin, &ty) in pins.values().zip(&self.described.pins) {
            let Some(register) = pin_register(&pin.register) else {
                continue;
            };
            let entry = dwarf.unit.add(root, constants::DW_TAG_variable);
            self.name(dwarf, entry, &pin.name);
            self.refer(dwarf, entry, Some(ty));
            let piece = |&(begin, end): &(u64, u64)| {
                let mut data = Expression::new();
                data.op_reg(dwarf_number(register.hw_enc()));
                Location::OffsetPair { begin, end, data }
            };
            let places = LocationList(ranges.iter().map(piece).collect());
            let places = AttributeValue::LocationListRef(dwarf.unit.locations.add(places));
            set(dwarf, entry, constants::DW_AT_location, places);
        }
    }

    fn function(
        &self,
        dwarf: &mut DwarfUnit,
        symbol: &str,
        prototype: &Prototype,
        range: (u64, u64),
    ) {
        let root = dwarf.unit.root();
        let entry = dwarf.unit.add(root, constants::DW_TAG_subprogram);
        self.name(dwarf, entry, symbol);
        let prototyped = AttributeValue::Flag(true);
        set(dwarf, entry, constants::DW_AT_prototyped, prototyped);
        set_range(dwarf, entry, range);
        self.refer(dwarf, entry, prototype.result);
        for (name, ty) in &prototype.params {
            let param = dwarf.unit.add(entry, constants::DW_TAG_formal_parameter);
            self.name(dwarf, param, name);
            self.refer(dwarf, param, Some(*ty));
        }
    }

    fn name(&self, dwarf: &mut DwarfUnit, entry: UnitEntryId, name: &str) {
        let name = AttributeValue::StringRef(dwarf.strings.add(name));
        set(dwarf, entry, constants::DW_AT_name, name);
    }

    /// Says what the type of an entry is.
    pub(super) fn refer(&self, dwarf: &mut DwarfUnit, entry: UnitEntryId, ty: Option<DataType>) {
        if let Some(ty) = ty {
            let reference = AttributeValue::UnitRef(self.entries[ty]);
            set(dwarf, entry, constants::DW_AT_type, reference);
        }
    }
}

/// Says that the data of a struct begin so many bytes below its address.
fn set_start(dwarf: &mut DwarfUnit, structure: UnitEntryId, below: u64) {
    let mut place = Expression::new();
    place.op(constants::DW_OP_push_object_address);
    place.op_constu(below);
    place.op(constants::DW_OP_minus);
    let place = AttributeValue::Exprloc(place);
    set(dwarf, structure, constants::DW_AT_data_location, place);
}

fn tag(shape: &Shape) -> gimli::DwTag {
    match shape {
        Shape::Integer { .. } | Shape::Boolean | Shape::Float(_) => constants::DW_TAG_base_type,
        Shape::Pointer(_) => constants::DW_TAG_pointer_type,
        Shape::Named(_) => constants::DW_TAG_typedef,
        Shape::Array(..) => constants::DW_TAG_array_type,
        Shape::Struct { .. } => constants::DW_TAG_structure_type,
    }
}
