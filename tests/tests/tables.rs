//! Tables in the VM's documents are those that the translator collects from the pragmas of its source.
//!
//! `OURO_BLESS=1` writes the table of bytecodes anew; the tables of primitives have columns of prose and are kept by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;

use ouroc::base::Interner;
use ouroc::pipeline::Session;
use ouroc::project::Tests;
use ouroc::syntax::ast::{Literal, Pragma};
use tests::{root, text};

/// The pragmas of a name in the VM's source, with the method that has them.
fn pragmas(session: &mut Session, names: &[&str]) -> Vec<(String, Pragma)> {
    let path = root().join("vm-source-st/vm.ron");
    let project = session.read(&path, Tests::LeftOut);
    let project = project.expect("the VM's source can be read");
    let interner = &session.interner;
    let mut found = Vec::new();
    for definition in project
        .packages
        .iter()
        .flat_map(|package| &package.definitions)
    {
        for chunk in &definition.methods {
            let class = interner.text(chunk.class.name);
            let method = format!("{class}>>{}", interner.text(chunk.selector));
            let wanted = |pragma: &&Pragma| names.contains(&interner.text(pragma.selector));
            found.extend(
                chunk
                    .method
                    .pragmas
                    .iter()
                    .filter(wanted)
                    .map(|pragma| (method.clone(), pragma.clone())),
            );
        }
    }
    found
}

fn number(pragma: &Pragma, argument: usize) -> usize {
    match &pragma.arguments[argument].literal {
        Literal::Integer(value) => value
            .to_i128()
            .and_then(|value| usize::try_from(value).ok())
            .expect("a small number"),
        other => panic!("{other:?} is no number"),
    }
}

fn word(pragma: &Pragma, argument: usize, interner: &Interner) -> String {
    match &pragma.arguments[argument].literal {
        Literal::Symbol(symbol) => interner.text(*symbol).to_owned(),
        Literal::String(text) => text.to_string(),
        other => panic!("{other:?} is neither symbol nor string"),
    }
}

/// The handler of each opcode, by set.
fn handlers() -> BTreeMap<String, Vec<Option<String>>> {
    let mut session = Session::default();
    let mut sets: BTreeMap<String, Vec<Option<String>>> = BTreeMap::new();
    for (method, pragma) in pragmas(&mut session, &["bytecode:set:", "bytecode:to:set:"]) {
        let last = pragma.arguments.len() - 1;
        let set = sets
            .entry(word(&pragma, last, &session.interner))
            .or_insert_with(|| vec![None; 256]);
        for place in &mut set[number(&pragma, 0)..=number(&pragma, last - 1)] {
            *place = Some(method.clone());
        }
    }
    sets
}

/// One row for each run of opcodes with the same handlers.
fn bytecode_table() -> String {
    let sets = handlers();
    let mut table = String::from("| opcodes |");
    sets.keys().for_each(|set| {
        let _ = write!(table, " `{set}` |");
    });
    table.push_str("\n| --- |");
    table.push_str(&" --- |".repeat(sets.len()));
    table.push('\n');
    let row =
        |opcode: usize| -> Vec<&Option<String>> { sets.values().map(|set| &set[opcode]).collect() };
    let mut first = 0;
    while first < 256 {
        let last = (first..256)
            .take_while(|&opcode| row(opcode) == row(first))
            .last()
            .unwrap_or(first);
        let _ = match first == last {
            true => write!(table, "| {first} |"),
            false => write!(table, "| {first}-{last} |"),
        };
        for handler in row(first) {
            let _ = match handler {
                Some(handler) => write!(table, " `{handler}` |"),
                None => write!(table, " |"),
            };
        }
        table.push('\n');
        first = last + 1;
    }
    table
}

/// The document and the places of the table in it.
fn bytecode_document() -> (PathBuf, String, std::ops::Range<usize>) {
    let path = root().join("vm-source-st/docs/bytecodes.md");
    let document = text(&path);
    let start = document
        .find("| opcodes |")
        .expect("the document has a table of opcodes");
    let length = document[start..]
        .find("\n\n")
        .map_or(document.len() - start, |end| end + 1);
    (path, document, start..start + length)
}

#[test]
fn the_table_of_bytecodes_is_the_collected_one() {
    let (path, mut document, place) = bytecode_document();
    let table = bytecode_table();
    if std::env::var_os("OURO_BLESS").is_some() {
        document.replace_range(place, &table);
        std::fs::write(&path, document).expect("the document can be written");
        return;
    }
    assert_eq!(
        &document[place], table,
        "OURO_BLESS=1 writes the table anew"
    );
}

#[test]
fn the_table_of_handlers_names_every_component_that_has_some() {
    let (_, document, _) = bytecode_document();
    let start = document
        .find("| component |")
        .expect("a table of components");
    let rows = document[start..]
        .lines()
        .take_while(|line| line.starts_with('|'));
    let named: BTreeSet<&str> = rows.filter_map(|row| row.split('`').nth(1)).collect();
    let sets = handlers();
    let classes: BTreeSet<&str> = sets
        .values()
        .flatten()
        .flatten()
        .filter_map(|method| method.split(">>").next())
        .collect();
    assert_eq!(named, classes);
}

/// The first two cells of the rows of tables whose heading begins so, under the headings of their sections.
fn rows(document: &str, heading: &str) -> BTreeSet<(String, String, String)> {
    let mut found = BTreeSet::new();
    let (mut section, mut inside) = (String::new(), false);
    for line in document.lines() {
        if let Some(title) = line.strip_prefix('#') {
            section = title.trim_start_matches('#').trim().to_owned();
        }
        inside = line.starts_with('|') && (inside || line.starts_with(heading));
        if inside && !line.starts_with("| ---") && !line.starts_with(heading) {
            let cells: Vec<&str> = line
                .split('|')
                .map(|cell| cell.trim().trim_matches('`'))
                .collect();
            found.insert((section.clone(), cells[1].to_owned(), cells[2].to_owned()));
        }
    }
    found
}

#[test]
fn the_tables_of_primitives_have_every_primitive_and_no_other() {
    let document = text(&root().join("vm-source-st/docs/primitives.md"));
    let mut session = Session::default();
    let indexed = pragmas(&mut session, &["primitiveIndex:"]);
    let told: BTreeSet<(String, String)> = rows(&document, "| number | method |")
        .into_iter()
        .map(|(_, number, method)| (number, method))
        .collect();
    let collected: BTreeSet<(String, String)> = indexed
        .iter()
        .map(|(method, pragma)| (number(pragma, 0).to_string(), method.clone()))
        .collect();
    assert_eq!(told, collected);
    let mut session = Session::default();
    let named = pragmas(&mut session, &["primitiveName:module:"]);
    let collected: BTreeSet<_> = named
        .iter()
        .map(|(method, pragma)| {
            let module = match word(pragma, 1, &session.interner).as_str() {
                "" => "Module `the VM`".to_owned(),
                module => format!("Module `{module}`"),
            };
            (module, word(pragma, 0, &session.interner), method.clone())
        })
        .collect();
    assert_eq!(rows(&document, "| name | method |"), collected);
}
