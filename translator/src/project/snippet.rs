//! Small programs in one text, for documents and tests.
//!
//! A text holds definitions in a row, each beginning with a line `Class {` or `Extension {` (a class comment before it is left out). Text before the first one
//! belongs to a component `Example` in the package `Example`. A definition stands in the package that its header names; packages come in the order of their first
//! appearance. A package is raw if its name begins with `VM-` or ends in `-Raw`, and of tests if it ends in `-Tests`.

use super::Package;
use crate::base::{Diagnostics, Interner, SourceMap};
use crate::tonel::{ClassDefinition, read_class};

const EXAMPLE: &str = "Class {\n\t#name : 'Example',\n\t#superclass : 'VMComponent',\n\t#category : 'Example',\n\t#package : 'Example'\n}\n\n";

/// Reads programs in one text; `texts` are name and text of each.
pub fn read(
    texts: &[(&str, &str)],
    sources: &mut SourceMap,
    interner: &mut Interner,
    diagnostics: &mut Diagnostics,
) -> Vec<Package> {
    let mut packages: Vec<Package> = Vec::new();
    for (name, text) in texts {
        for piece in pieces(text) {
            let file = sources.add(*name, piece.as_str());
            let Some(definition) = read_class(&piece, file, interner, diagnostics) else {
                continue;
            };
            let package = package_of(&definition, interner);
            match packages.iter_mut().find(|known| known.name == package) {
                Some(known) => known.definitions.push(definition),
                None => packages.push(Package {
                    library: false,
                    raw: package.starts_with("VM-") || package.ends_with("-Raw"),
                    tests: package.ends_with("-Tests"),
                    name: package,
                    definitions: vec![definition],
                    code_lines: 0,
                }),
            }
        }
    }
    packages
}

fn package_of(definition: &ClassDefinition, interner: &Interner) -> String {
    let name = definition.package.or(definition.category);
    name.map_or_else(
        || "Example".to_owned(),
        |name| interner.text(name.name).to_owned(),
    )
}

/// The text of each definition.
fn pieces(text: &str) -> Vec<String> {
    let begins = |line: &str| {
        let line = line.trim_end();
        matches!(line, "Class {" | "Extension {" | "Trait {")
            || line.starts_with("Class { ")
            || line.starts_with("Extension { ")
            || line.starts_with("Trait { ")
    };
    let mut pieces = Vec::new();
    let mut current = String::new();
    let mut has_header = false;
    for line in text.lines() {
        if begins(line) {
            if !current.trim().is_empty() {
                pieces.push(finished(&current, has_header));
            }
            current.clear();
            has_header = true;
        }
        current.push_str(line);
        current.push('\n');
    }
    if !current.trim().is_empty() {
        pieces.push(finished(&current, has_header));
    }
    pieces
}

fn finished(text: &str, has_header: bool) -> String {
    let header = if has_header { "" } else { EXAMPLE };
    format!("{header}{text}")
}
