//! The debug information of an executable, read back by the DWARF reader of `gimli`.

use std::path::Path;

use gimli::{AttributeValue, Dwarf, EndianSlice, LittleEndian, Unit, UnitOffset, constants};
use object::{Object, ObjectSection};

/// A reader of the bytes of a section.
type Reader<'a> = EndianSlice<'a, LittleEndian>;
type Entry<'a> = gimli::DebuggingInformationEntry<Reader<'a>>;

/// A file, as it is recorded, and a line.
pub type Place = (String, u64);

/// A function, or a copy of a method that is inlined into one.
#[derive(Clone, Debug)]
pub struct Copy {
    /// The name that debuggers show.
    pub name: String,
    /// The copy that it is inlined into: an index into the same list. A function has none.
    pub parent: Option<usize>,
    /// Where its code begins and ends, what is inlined into it included.
    pub ranges: Vec<(u64, u64)>,
    /// Where the method is defined; nowhere for a thunk.
    pub definition: Option<Place>,
    /// The call that it stands for.
    pub call: Option<Place>,
}

impl Copy {
    /// Whether it has the code at an address.
    pub fn contains(&self, address: u64) -> bool {
        let holds = |range: &(u64, u64)| (range.0..range.1).contains(&address);
        self.ranges.iter().any(holds)
    }
}

/// A parameter or temporary of a copy.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// The copy: an index into the list of copies.
    pub copy: usize,
    /// Whether it is a parameter.
    pub is_parameter: bool,
    /// Whether its type is told.
    pub has_type: bool,
    /// The code in which it has a place. Empty if it is in the same one in all code of the copy, or nowhere.
    pub ranges: Vec<(u64, u64)>,
}

/// What debuggers know of an executable.
#[derive(Debug, Default)]
pub struct DebugInfo {
    /// Functions and inlined methods, each behind what it is inlined into.
    pub copies: Vec<Copy>,
    /// From which address to which one the code belongs to which line.
    pub lines: Vec<(u64, u64, Place)>,
    /// The variables of copies that are anywhere.
    pub variables: Vec<Variable>,
}

/// Reads the debug information of an executable.
///
/// # Panics
/// When it has none or it cannot be read.
pub fn read(path: &Path) -> DebugInfo {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let file = object::File::parse(&*bytes).expect("the executable is an ELF file");
    let section = |id: gimli::SectionId| -> Result<Reader<'_>, gimli::Error> {
        let section = file.section_by_name(id.name());
        let data = section.and_then(|section| section.data().ok());
        Ok(EndianSlice::new(data.unwrap_or_default(), LittleEndian))
    };
    let dwarf = Dwarf::load(section).expect("sections are optional");
    let mut info = DebugInfo::default();
    let mut units = dwarf.units();
    while let Some(header) = units.next().expect("units are well formed") {
        let unit = dwarf.unit(header).expect("abbreviations are there");
        let one = One {
            dwarf: &dwarf,
            unit: &unit,
        };
        one.copies(&mut info.copies, &mut info.variables);
        one.lines(&mut info.lines);
    }
    info
}

struct One<'a, 'b> {
    dwarf: &'b Dwarf<Reader<'a>>,
    unit: &'b Unit<Reader<'a>>,
}

impl<'a> One<'a, '_> {
    fn copies(&self, copies: &mut Vec<Copy>, variables: &mut Vec<Variable>) {
        let mut entries = self.unit.entries();
        // The copies around the current entry with their depths.
        let mut around: Vec<(isize, usize)> = Vec::new();
        while let Some(entry) = entries.next_dfs().expect("entries are well formed") {
            let depth = entry.depth();
            around.retain(|&(other, _)| other < depth);
            let is_parameter = entry.tag() == constants::DW_TAG_formal_parameter;
            if let (true, Some(&(_, copy))) = (
                is_parameter || entry.tag() == constants::DW_TAG_variable,
                around.last(),
            ) {
                variables.extend(self.variable(entry, copy, is_parameter));
                continue;
            }
            let tags = [
                constants::DW_TAG_subprogram,
                constants::DW_TAG_inlined_subroutine,
            ];
            if !tags.contains(&entry.tag()) || entry.attr(constants::DW_AT_inline).is_some() {
                continue;
            }
            let parent = around.last().map(|&(_, index)| index);
            around.push((depth, copies.len()));
            copies.push(self.copy(entry, parent));
        }
    }

    fn copy(&self, entry: &Entry<'a>, parent: Option<usize>) -> Copy {
        let mut ranges = Vec::new();
        let mut pieces = self.dwarf.die_ranges(self.unit, entry).expect("ranges");
        while let Some(piece) = pieces.next().expect("ranges are well formed") {
            ranges.push((piece.begin, piece.end));
        }
        let inlined = entry.tag() == constants::DW_TAG_inlined_subroutine;
        let call = (constants::DW_AT_call_file, constants::DW_AT_call_line);
        let definition = (constants::DW_AT_decl_file, constants::DW_AT_decl_line);
        match entry.attr_value(constants::DW_AT_abstract_origin) {
            Some(AttributeValue::UnitRef(origin)) => self.with_origin(origin, |origin| Copy {
                name: self.name(origin),
                parent,
                ranges,
                definition: self.place(origin, definition),
                call: self.place(entry, call).filter(|_| inlined),
            }),
            _ => Copy {
                name: self.name(entry),
                parent,
                ranges,
                definition: self.place(entry, definition),
                call: None,
            },
        }
    }

    /// A variable with its places; none if it has none.
    fn variable(&self, entry: &Entry<'a>, copy: usize, is_parameter: bool) -> Option<Variable> {
        let place = entry.attr_value(constants::DW_AT_location)?;
        let mut ranges = Vec::new();
        if let Some(mut list) = self.dwarf.attr_locations(self.unit, place).expect("a list") {
            while let Some(one) = list.next().expect("lists are well formed") {
                ranges.push((one.range.begin, one.range.end));
            }
        }
        let (name, has_type) = match entry.attr_value(constants::DW_AT_abstract_origin) {
            Some(AttributeValue::UnitRef(origin)) => {
                let origin = self.unit.entry(origin).expect("an origin is an entry");
                (
                    self.name(&origin),
                    origin.attr(constants::DW_AT_type).is_some(),
                )
            }
            _ => (
                self.name(entry),
                entry.attr(constants::DW_AT_type).is_some(),
            ),
        };
        Some(Variable {
            name,
            copy,
            is_parameter,
            has_type,
            ranges,
        })
    }

    fn with_origin<T>(&self, origin: UnitOffset, then: impl FnOnce(&Entry<'a>) -> T) -> T {
        let entry = self.unit.entry(origin).expect("an origin is an entry");
        let inline = entry.attr_value(constants::DW_AT_inline);
        assert!(inline.is_some(), "an origin is abstract");
        then(&entry)
    }

    fn text(&self, value: AttributeValue<Reader<'a>>) -> String {
        let text = self.dwarf.attr_string(self.unit, value).expect("a text");
        text.to_string_lossy().into_owned()
    }

    fn name(&self, entry: &Entry<'a>) -> String {
        let name = entry.attr_value(constants::DW_AT_name);
        self.text(name.expect("all that is told of has a name"))
    }

    fn place(&self, entry: &Entry<'a>, (file, line): (gimli::DwAt, gimli::DwAt)) -> Option<Place> {
        let number = |attribute| match entry.attr_value(attribute)? {
            AttributeValue::FileIndex(index) => Some(index),
            other => other.udata_value(),
        };
        Some((self.file(number(file)?), number(line)?))
    }

    fn file(&self, number: u64) -> String {
        let program = self.unit.line_program.as_ref().expect("lines");
        let file = program.header().file(number).expect("the file is listed");
        self.text(file.path_name())
    }

    fn lines(&self, lines: &mut Vec<(u64, u64, Place)>) {
        let program = self.unit.line_program.clone().expect("lines");
        let mut rows = program.rows();
        let mut last: Option<(u64, Place)> = None;
        while let Some((_, row)) = rows.next_row().expect("lines are well formed") {
            if let Some((begin, place)) = last.take() {
                lines.push((begin, row.address(), place));
            }
            if !row.end_sequence() {
                let line = row.line().map_or(0, std::num::NonZeroU64::get);
                last = Some((row.address(), (self.file(row.file_index()), line)));
            }
        }
    }
}
