//! What the VM has: the primitives that its source declares, and the document that lists them.

use std::collections::{BTreeMap, BTreeSet};

use super::program::Primitive;
use tests::{files, root, text};

/// Every declared primitive with the class that has it.
///
/// # Panics
/// When two methods declare the same one.
pub(crate) fn collected() -> BTreeMap<Primitive, String> {
    let mut found = BTreeMap::new();
    for path in files("vm-source-st/vm", &[".class.st"]) {
        let class = path.file_stem().unwrap_or_default().to_string_lossy();
        let source = text(&path);
        for line in source.lines().map(str::trim) {
            let Some(primitive) = declared(line) else {
                continue;
            };
            let other = found.insert(primitive, class.trim_end_matches(".class").to_owned());
            assert!(other.is_none(), "{primitive:?} is declared twice");
        }
    }
    found
}

fn declared(line: &str) -> Option<Primitive> {
    if let Some(rest) = line.strip_prefix("<primitiveIndex: ") {
        return rest.strip_suffix('>')?.parse().ok().map(Primitive::Number);
    }
    let rest = line.strip_prefix("<primitiveName: '")?;
    let (name, rest) = rest.split_once("' module: '")?;
    let module = rest.strip_suffix("'>")?;
    Some(Primitive::Named(
        String::leak(module.to_owned()),
        String::leak(name.to_owned()),
    ))
}

/// What a row of the document promises.
pub(crate) struct Row {
    /// The failure codes.
    pub codes: BTreeSet<i32>,
    /// The object may be an argument instead of the receiver.
    pub is_mirrored: bool,
}

/// The rows of `vm-source-st/docs/primitives.md`.
pub(crate) fn documented() -> BTreeMap<Primitive, Row> {
    let mut rows = BTreeMap::new();
    let mut module = None;
    for line in text(&root().join("vm-source-st/docs/primitives.md")).lines() {
        if let Some(title) = line.strip_prefix("### ") {
            module = title.split('`').nth(1).map(|name| {
                let name = if name == "the VM" { "" } else { name };
                &*String::leak(name.to_owned())
            });
        }
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if cells.len() < 7 {
            continue;
        }
        let primitive = match module {
            None => cells[1].parse().ok().map(Primitive::Number),
            Some(module) => cells[1]
                .strip_prefix('`')
                .and_then(|cell| cell.strip_suffix('`'))
                .map(|name| Primitive::Named(module, String::leak(name.to_owned()))),
        };
        if let Some(primitive) = primitive {
            let codes = cells[3].split_whitespace();
            let row = Row {
                codes: codes.filter_map(|code| code.parse().ok()).collect(),
                is_mirrored: cells[4].contains("(mirrored)"),
            };
            let other = rows.insert(primitive, row);
            assert!(other.is_none(), "{primitive:?} is listed twice");
        }
    }
    rows
}

#[test]
fn the_document_lists_what_the_vm_has() {
    let vm: BTreeSet<Primitive> = collected().into_keys().collect();
    let document: BTreeSet<Primitive> = documented().into_keys().collect();
    let unlisted: Vec<_> = vm.difference(&document).collect();
    let absent: Vec<_> = document.difference(&vm).collect();
    assert!(
        unlisted.is_empty() && absent.is_empty(),
        "primitives.md does not list {unlisted:?}; the VM has not {absent:?}"
    );
}
