//! The files that methods stand in, and the names by which they are written.

use std::collections::BTreeMap;

use gimli::write::{DwarfUnit, FileId, LineString};

use crate::base::SecondaryMap;
use crate::ir::{Module, Name};
use crate::object::LinkOptions;

/// The files of a line program.
pub(super) struct Files<'a> {
    options: &'a LinkOptions,
    /// The files met so far, by their path.
    known: BTreeMap<String, FileId>,
    /// The files of the methods met so far.
    of_methods: SecondaryMap<Name, Option<FileId>>,
}

impl<'a> Files<'a> {
    /// No file is met yet.
    pub(super) fn new(options: &'a LinkOptions) -> Self {
        Self {
            options,
            known: BTreeMap::new(),
            of_methods: SecondaryMap::new(),
        }
    }

    /// The file of a method: that of the extension in which it stands, that of its class, or one named after the class.
    pub(super) fn of(&mut self, dwarf: &mut DwarfUnit, module: &Module, method: Name) -> FileId {
        if let Some(known) = self.of_methods[method] {
            return known;
        }
        let written = source_name(&module.names[method]);
        let class = class_of(&written);
        let extension = self.options.extension_files.get(&written);
        let known = extension.or_else(|| self.options.files.get(class)).cloned();
        let file = known.unwrap_or_else(|| format!("{class}.class.st"));
        let add = || {
            let program = &mut dwarf.unit.line_program;
            program.add_file(text(&file), program.default_directory(), None)
        };
        let id = *self.known.entry(file.clone()).or_insert_with(add);
        self.of_methods[method] = Some(id);
        id
    }
}

/// A text that stands in the line program itself.
pub(super) fn text(text: &str) -> LineString {
    LineString::String(text.as_bytes().to_vec())
}

/// The name of a method as it is written: `Super>>selector` of `Class(Super)>>selector[3]`.
pub(super) fn source_name(method: &str) -> String {
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
