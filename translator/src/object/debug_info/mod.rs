//! DWARF 5: lines, functions, the methods inlined into them, types and variables.
//!
//! The directory of compilation is a constant, so that the bytes do not depend on where the sources are; files are named relative to it.

mod files;
mod functions;
mod types;
mod variables;

use self::files::{Files, text};
use self::functions::Functions;
use self::types::Types;
use super::LinkOptions;
use super::collect::Collected;
use super::layout::Layout;
use super::pieces::{Exit, LinkError, PieceId, Pieces, SectionKind};
use crate::base::EntityRef;
use crate::ir::FuncId;
use crate::x64::CodeModule;
use crate::x64::registers::Convention;
use gimli::write::{
    Address, AttributeValue, DwarfUnit, EndianVec, LineProgram, Range, RangeList, Sections,
};
use gimli::{Encoding, Format, LineEncoding, LittleEndian, constants};
use std::collections::BTreeMap;

/// The directory that file names are relative to: where a debugger is told to look for the sources.
pub const DIRECTORY: &str = "/ouro";

/// A section of debug information.
pub(super) struct DebugSection {
    /// Its name.
    pub name: &'static str,
    /// Its contents.
    pub bytes: Vec<u8>,
}

/// The debug sections of a placed module. The options give the files of classes and extensions.
///
/// # Errors
/// A section cannot be written.
pub(super) fn sections(
    code: &CodeModule<'_>,
    collected: &Collected,
    (layout, pieces): (&Layout, &Pieces),
    options: &LinkOptions,
) -> Result<Vec<DebugSection>, LinkError> {
    let encoding = Encoding {
        format: Format::Dwarf32,
        version: 5,
        address_size: 8,
    };
    let mut dwarf = DwarfUnit::new(encoding);
    dwarf.unit.line_program = LineProgram::new(
        encoding,
        LineEncoding::default(),
        text(DIRECTORY),
        None,
        text("vm"),
        None,
    );
    // Some readers take file 1 for the unit itself, as it was before DWARF 5; so it is no class's file.
    let program = &mut dwarf.unit.line_program;
    let here = program.add_directory(text("."));
    program.add_file(text("vm"), here, None);
    let types = Types::add(&mut dwarf, &code.module.data_types);
    let mut functions = Functions::new(code.module, Files::new(options), &types);
    for &id in &collected.order {
        let compiled = &code.functions[id.index()];
        if let (Some(piece), false) = (collected.functions[id.index()], compiled.code.is_empty()) {
            let start = layout.address(piece);
            functions.add(&mut dwarf, &code.module.functions[id], start, compiled);
        }
    }
    functions.finish(&mut dwarf);
    let ranges = ranges_with_pins(code, collected, layout);
    types.add_pins(&mut dwarf, &code.module.pins, &ranges);
    types.add_globals(
        &mut dwarf,
        layout.address(collected.state()),
        &thunks(layout, pieces),
    );
    add_unit(&mut dwarf, layout);
    let mut sections = Sections::new(EndianVec::new(LittleEndian));
    let failed = |error| LinkError::new(format!("debug information cannot be written: {error}"));
    dwarf.write(&mut sections).map_err(failed)?;
    let mut result = Vec::new();
    sections
        .for_each(|id, bytes| {
            if !bytes.slice().is_empty() {
                result.push(DebugSection {
                    name: id.name(),
                    bytes: bytes.slice().to_vec(),
                });
            }
            Ok(())
        })
        .map_err(failed)?;
    Ok(result)
}

/// Where functions that keep the pins in their registers lie: ascending.
fn ranges_with_pins(
    code: &CodeModule<'_>,
    collected: &Collected,
    layout: &Layout,
) -> Vec<(u64, u64)> {
    let keeps = |id: &&FuncId| code.conventions[id.index()] != Convention::Plain;
    let places = collected.order.iter().filter(keeps).filter_map(|id| {
        let start = layout.address(collected.functions[id.index()]?);
        Some((start, start + code.function(*id).code.len() as u64))
    });
    let mut ranges: Vec<(u64, u64)> = places.filter(|(start, end)| start < end).collect();
    ranges.sort_unstable();
    ranges
}

/// The thunks for calls from outside: addresses and sizes by their symbols.
fn thunks<'p>(layout: &Layout, pieces: &'p Pieces) -> BTreeMap<&'p str, (u64, u64)> {
    let ids = (0..).map(PieceId).zip(&pieces.items);
    let thunks = ids.filter(|(_, piece)| piece.exit == Exit::ExportThunk);
    thunks
        .flat_map(|(id, piece)| {
            let place = (layout.address(id), piece.size);
            piece
                .symbols
                .iter()
                .map(move |symbol| (&*symbol.name, place))
        })
        .collect()
}

fn add_unit(dwarf: &mut DwarfUnit, layout: &Layout) {
    let range = layout.range(SectionKind::Text);
    let begin = Address::Constant(range.start);
    let ranges = dwarf.unit.ranges.add(RangeList(vec![Range::StartLength {
        begin,
        length: range.size(),
    }]));
    let producer = dwarf.strings.add("ouroc");
    let name = dwarf.strings.add("vm");
    let directory = dwarf.strings.add(DIRECTORY);
    let root = dwarf.unit.root();
    let root = dwarf.unit.get_mut(root);
    root.set(
        constants::DW_AT_producer,
        AttributeValue::StringRef(producer),
    );
    root.set(constants::DW_AT_name, AttributeValue::StringRef(name));
    root.set(
        constants::DW_AT_comp_dir,
        AttributeValue::StringRef(directory),
    );
    root.set(
        constants::DW_AT_low_pc,
        AttributeValue::Address(Address::Constant(0)),
    );
    root.set(
        constants::DW_AT_ranges,
        AttributeValue::RangeListRef(ranges),
    );
    root.set(
        constants::DW_AT_language,
        AttributeValue::Language(constants::DW_LANG_C99),
    );
}
