//! Functions, their lines, and the methods inlined into them.
//!
//! An inlined method is an entry in that of the method that calls it, with the call's place. Its code need not be in one piece. What all its
//! copies have in common, name and place of definition, is an *abstract* entry, which a function of its own refers to as well, so that
//! a debugger finds every copy by the name.

use std::collections::BTreeMap;

use gimli::constants::{self, DwAt};
use gimli::write::{Address, AttributeValue, DwarfUnit, Range, RangeList, UnitEntryId};

use rustc_hash::FxHashMap;

use super::files::{Files, source_name};
use super::types::Types;
use crate::ir::data_types::DataType;
use crate::ir::{Activation, Function, Module, Name, Position, Site};
use crate::x64::CodeFunction;

/// Machine code of one position: where it begins and ends, and the position.
type Run = (u64, u64, Position);

/// A copy of a method.
pub(super) struct Inlined {
    pub(super) entry: UnitEntryId,
    /// What all copies have in common.
    pub(super) origin: UnitEntryId,
    /// Where it is.
    pub(super) pieces: Vec<(u64, u64)>,
}

/// The entry of a function, before it has its name.
pub(super) struct Concrete<'a> {
    pub(super) entry: UnitEntryId,
    pub(super) function: &'a Function,
    pub(super) compiled: &'a CodeFunction,
    /// Its address.
    pub(super) start: u64,
}

/// Writes the entries of functions.
pub(super) struct Functions<'a> {
    pub(super) module: &'a Module,
    files: Files<'a>,
    pub(super) types: &'a Types<'a>,
    /// The abstract entries of inlined methods, by the name as it is written.
    abstracts: BTreeMap<String, UnitEntryId>,
    /// The same by the name in the module.
    of_methods: BTreeMap<Name, UnitEntryId>,
    /// The variables of abstract entries, by those and by what is said of them.
    pub(super) variables: FxHashMap<(UnitEntryId, Name, DataType), UnitEntryId>,
    /// The entries of functions.
    concrete: Vec<Concrete<'a>>,
}

impl<'a> Functions<'a> {
    /// Nothing is written yet.
    pub(super) fn new(module: &'a Module, files: Files<'a>, types: &'a Types<'a>) -> Self {
        Self {
            module,
            files,
            types,
            abstracts: BTreeMap::new(),
            of_methods: BTreeMap::new(),
            variables: FxHashMap::default(),
            concrete: Vec::new(),
        }
    }

    /// Adds a function with its lines and what is inlined into it.
    pub(super) fn add(
        &mut self,
        dwarf: &mut DwarfUnit,
        function: &'a Function,
        start: u64,
        compiled: &'a CodeFunction,
    ) {
        let size = compiled.code.len() as u64;
        let runs = runs(&compiled.lines, start, size);
        self.add_lines(dwarf, &runs, (start, size));
        let root = dwarf.unit.root();
        let entry = dwarf.unit.add(root, constants::DW_TAG_subprogram);
        set_range(dwarf, entry, (start, start + size));
        let concrete = Concrete {
            entry,
            function,
            compiled,
            start,
        };
        let entries = self.add_inlined(dwarf, function, entry, &runs);
        self.add_variables(dwarf, &concrete, &entries);
        self.concrete.push(concrete);
    }

    /// Names the functions: those that have an abstract entry by that.
    pub(super) fn finish(mut self, dwarf: &mut DwarfUnit) {
        for concrete in std::mem::take(&mut self.concrete) {
            let Concrete {
                entry, function, ..
            } = concrete;
            let origin = self.abstracts.get(&function.name).copied();
            match origin {
                Some(origin) => {
                    let origin = AttributeValue::UnitRef(origin);
                    set(dwarf, entry, constants::DW_AT_abstract_origin, origin);
                }
                None => self.define(dwarf, entry, &function.name, function.position),
            }
            self.add_own_variables(dwarf, &concrete, origin);
        }
    }

    fn add_lines(&mut self, dwarf: &mut DwarfUnit, runs: &[Run], (start, size): (u64, u64)) {
        let begin = Some(Address::Constant(start));
        dwarf.unit.line_program.begin_sequence(begin);
        let mut last: Option<Position> = None;
        for &(begin, _, position) in runs {
            if last.is_some_and(|last| last.is_same_line(position) && last.site == position.site) {
                continue;
            }
            last = Some(position);
            let file = self.files.of(dwarf, self.module, position.method);
            let row = dwarf.unit.line_program.row();
            row.address_offset = begin - start;
            row.file = file;
            row.line = u64::from(position.line);
            row.is_statement = true;
            dwarf.unit.line_program.generate_row();
        }
        dwarf.unit.line_program.end_sequence(size);
    }

    /// Adds the methods of which some code is left, callers before callees.
    fn add_inlined(
        &mut self,
        dwarf: &mut DwarfUnit,
        function: &Function,
        entry: UnitEntryId,
        runs: &[Run],
    ) -> BTreeMap<Site, Inlined> {
        let ranges = ranges_of_sites(function, runs);
        let mut entries: BTreeMap<Site, Inlined> = BTreeMap::new();
        for (site, pieces) in ranges {
            let &Activation { definition, call } = function.activations.get(site);
            let parent = entries.get(&call.site).map_or(entry, |outer| outer.entry);
            let inlined = dwarf.unit.add(parent, constants::DW_TAG_inlined_subroutine);
            let origin = self.abstract_entry(dwarf, definition);
            let reference = AttributeValue::UnitRef(origin);
            set(dwarf, inlined, constants::DW_AT_abstract_origin, reference);
            match pieces[..] {
                [range] => set_range(dwarf, inlined, range),
                _ => set_ranges(dwarf, inlined, &pieces),
            }
            let file = self.files.of(dwarf, self.module, call.method);
            let file = AttributeValue::FileIndex(Some(file));
            set(dwarf, inlined, constants::DW_AT_call_file, file);
            let line = AttributeValue::Udata(u64::from(call.line));
            set(dwarf, inlined, constants::DW_AT_call_line, line);
            let inlined = Inlined {
                entry: inlined,
                origin,
                pieces,
            };
            entries.insert(site, inlined);
        }
        entries
    }

    /// What all copies of a method have in common.
    pub(super) fn abstract_entry(
        &mut self,
        dwarf: &mut DwarfUnit,
        definition: Position,
    ) -> UnitEntryId {
        if let Some(&known) = self.of_methods.get(&definition.method) {
            return known;
        }
        let entry = self.named_entry(dwarf, definition);
        self.of_methods.insert(definition.method, entry);
        entry
    }

    fn named_entry(&mut self, dwarf: &mut DwarfUnit, definition: Position) -> UnitEntryId {
        let name = source_name(&self.module.names[definition.method]);
        if let Some(&known) = self.abstracts.get(&name) {
            return known;
        }
        let root = dwarf.unit.root();
        let entry = dwarf.unit.add(root, constants::DW_TAG_subprogram);
        self.define(dwarf, entry, &name, definition);
        let inlined = AttributeValue::Inline(constants::DW_INL_inlined);
        set(dwarf, entry, constants::DW_AT_inline, inlined);
        self.abstracts.insert(name, entry);
        entry
    }

    fn define(&mut self, dwarf: &mut DwarfUnit, entry: UnitEntryId, name: &str, place: Position) {
        let file = self.files.of(dwarf, self.module, place.method);
        let name = AttributeValue::StringRef(dwarf.strings.add(name));
        set(dwarf, entry, constants::DW_AT_name, name);
        let file = AttributeValue::FileIndex(Some(file));
        set(dwarf, entry, constants::DW_AT_decl_file, file);
        let line = AttributeValue::Udata(u64::from(place.line));
        set(dwarf, entry, constants::DW_AT_decl_line, line);
    }
}

/// The code of each position. Of several positions at one place the last one counts.
fn runs(lines: &[(u32, Position)], start: u64, size: u64) -> Vec<Run> {
    let place = |line: &(u32, Position)| u64::from(line.0).min(size) + start;
    let ends = lines.iter().skip(1).map(place).chain([start + size]);
    let all = lines.iter().zip(ends);
    all.map(|(line, end)| (place(line), end, line.1))
        .filter(|(begin, end, _)| begin < end)
        .collect()
}

/// Where the code of each activation is, with that of what it calls, in ascending pieces that do not touch.
fn ranges_of_sites(function: &Function, runs: &[Run]) -> BTreeMap<Site, Vec<(u64, u64)>> {
    let mut ranges: BTreeMap<Site, Vec<(u64, u64)>> = BTreeMap::new();
    for &(begin, end, position) in runs {
        for site in function.activations.chain(position.site) {
            let pieces = ranges.entry(site).or_default();
            match pieces.last_mut() {
                Some(last) if last.1 == begin => last.1 = end,
                _ => pieces.push((begin, end)),
            }
        }
    }
    ranges
}

pub(super) fn set(
    dwarf: &mut DwarfUnit,
    entry: UnitEntryId,
    attribute: DwAt,
    value: AttributeValue,
) {
    dwarf.unit.get_mut(entry).set(attribute, value);
}

pub(super) fn set_range(dwarf: &mut DwarfUnit, entry: UnitEntryId, (begin, end): (u64, u64)) {
    let low = AttributeValue::Address(Address::Constant(begin));
    set(dwarf, entry, constants::DW_AT_low_pc, low);
    let size = AttributeValue::Udata(end - begin);
    set(dwarf, entry, constants::DW_AT_high_pc, size);
}

fn set_ranges(dwarf: &mut DwarfUnit, entry: UnitEntryId, pieces: &[(u64, u64)]) {
    // Relative to the unit's base, which is 0.
    let one = |&(begin, end): &(u64, u64)| Range::OffsetPair { begin, end };
    let list = RangeList(pieces.iter().map(one).collect());
    let list = AttributeValue::RangeListRef(dwarf.unit.ranges.add(list));
    set(dwarf, entry, constants::DW_AT_ranges, list);
}
