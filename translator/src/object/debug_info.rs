//! DWARF 5: lines and functions.
//!
//! The directory of compilation is a constant, so that the bytes do not depend on where the sources are; files are named relative to it.

use super::LinkOptions;
use super::collect::Collected;
use super::layout::Layout;
use super::pieces::{LinkError, SectionKind};
use crate::base::EntityRef;
use crate::ir::Position;
use crate::x64::CodeModule;
use gimli::write::{
    Address, AttributeValue, DwarfUnit, EndianVec, FileId, LineProgram, LineString, Range,
    RangeList, Sections,
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
    layout: &Layout,
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
    let mut names = FileNames {
        options,
        known: BTreeMap::new(),
    };
    for &id in &collected.order {
        let function = &code.functions[id.index()];
        if let (Some(piece), false) = (collected.functions[id.index()], function.code.is_empty()) {
            let start = layout.address(piece);
            let lines = &function.lines;
            add_lines(
                &mut dwarf,
                code,
                &mut names,
                start,
                lines,
                function.code.len() as u64,
            );
            add_function(&mut dwarf, code, &mut names, id, start);
        }
    }
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

fn text(text: &str) -> LineString {
    LineString::String(text.as_bytes().to_vec())
}

/// The files that positions lie in.
struct FileNames<'a> {
    options: &'a LinkOptions,
    /// The files met so far, by their path.
    known: BTreeMap<String, FileId>,
}

impl FileNames<'_> {
    /// The file of a method: that of the extension in which it stands, that of its class, or one named after the class.
    fn of(&mut self, dwarf: &mut DwarfUnit, code: &CodeModule<'_>, position: Position) -> FileId {
        let method = source_name(&code.module.names[position.method]);
        let class = class_of(&method);
        let extension = self.options.extension_files.get(&method);
        let known = extension.or_else(|| self.options.files.get(class)).cloned();
        let file = known.unwrap_or_else(|| format!("{class}.class.st"));
        if let Some(&id) = self.known.get(&file) {
            return id;
        }
        let program = &mut dwarf.unit.line_program;
        let id = program.add_file(text(&file), program.default_directory(), None);
        self.known.insert(file, id);
        id
    }
}

/// The name of a method as it is written: `Super>>selector` of `Class(Super)>>selector[3]`.
fn source_name(method: &str) -> String {
    let (class, selector) = method.split_once(">>").unwrap_or((method, ""));
    let selector = selector.split(['[', ' ']).next().unwrap_or(selector);
    let (own, rest) = class.split_once('(').unwrap_or((class, ""));
    match rest.split_once(')') {
        Some((written, side)) => format!("{written}{side}>>{selector}"),
        None => format!("{own}>>{selector}"),
    }
}

/// The class in `Class>>selector` and `Class class>>selector`.
fn class_of(method: &str) -> &str {
    let class = method.split(">>").next().unwrap_or(method);
    let class = class.strip_suffix(" class").unwrap_or(class);
    if class.is_empty() { "unknown" } else { class }
}

fn add_lines(
    dwarf: &mut DwarfUnit,
    code: &CodeModule<'_>,
    names: &mut FileNames<'_>,
    start: u64,
    lines: &[(u32, Position)],
    size: u64,
) {
    dwarf
        .unit
        .line_program
        .begin_sequence(Some(Address::Constant(start)));
    for (n, &(offset, position)) in lines.iter().enumerate() {
        // Of several positions at one place the last one counts.
        if lines.get(n + 1).is_some_and(|next| next.0 == offset) || u64::from(offset) >= size {
            continue;
        }
        let file = names.of(dwarf, code, position);
        let row = dwarf.unit.line_program.row();
        row.address_offset = u64::from(offset);
        row.file = file;
        row.line = u64::from(position.line);
        row.is_statement = true;
        dwarf.unit.line_program.generate_row();
    }
    dwarf.unit.line_program.end_sequence(size);
}

fn add_function(
    dwarf: &mut DwarfUnit,
    code: &CodeModule<'_>,
    names: &mut FileNames<'_>,
    id: crate::ir::FuncId,
    start: u64,
) {
    let function = &code.module.functions[id];
    let file = names.of(dwarf, code, function.position);
    let name = dwarf.strings.add(function.name.as_str());
    let root = dwarf.unit.root();
    let entry = dwarf.unit.add(root, constants::DW_TAG_subprogram);
    let entry = dwarf.unit.get_mut(entry);
    let size = code.functions[id.index()].code.len() as u64;
    entry.set(constants::DW_AT_name, AttributeValue::StringRef(name));
    entry.set(
        constants::DW_AT_low_pc,
        AttributeValue::Address(Address::Constant(start)),
    );
    entry.set(constants::DW_AT_high_pc, AttributeValue::Udata(size));
    entry.set(
        constants::DW_AT_decl_file,
        AttributeValue::FileIndex(Some(file)),
    );
    let line = u64::from(function.position.line);
    entry.set(constants::DW_AT_decl_line, AttributeValue::Udata(line));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_named_as_they_are_written() {
        let written = [
            ("Oop>>isImmediate", "Oop>>isImmediate"),
            ("Mourners(AddressList)>>at:put:", "AddressList>>at:put:"),
            ("Ring(Base) class>>new", "Base class>>new"),
            ("PushBytecodes>>push:[3]", "PushBytecodes>>push:"),
            ("Calls>>send (part 2)", "Calls>>send"),
            ("ouro_main", "ouro_main>>"),
        ];
        for (compiled, source) in written {
            assert_eq!(source_name(compiled), source);
        }
    }
}
