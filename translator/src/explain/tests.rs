//! The document has every code, and its examples are true.

use std::collections::BTreeSet;
use std::path::Path;

use super::{Entry, entries};
use crate::base::{Diagnostics, Interner, SourceMap};
use crate::project;
use crate::syntax::parser::parse_method_text;
use crate::tonel::read_class;

/// The texts of all Rust files of the translator.
fn sources() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = walkdir::WalkDir::new(folder)
        .into_iter()
        .map(|entry| entry.unwrap().into_path());
    let rust = files.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    rust.filter(|path| !path.ends_with("explain/tests.rs"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect()
}

/// What looks like the code of a diagnostic between quotes.
fn codes_in(text: &str) -> BTreeSet<String> {
    let is_code = |part: &&str| {
        let bytes = part.as_bytes();
        bytes.len() == 4
            && bytes[0].is_ascii_uppercase()
            && bytes[1..].iter().all(u8::is_ascii_digit)
    };
    text.split('"').filter(is_code).map(str::to_owned).collect()
}

#[test]
fn every_code_of_the_source_is_explained_and_no_other() {
    let of_source: BTreeSet<String> = sources().iter().flat_map(|text| codes_in(text)).collect();
    let of_document: BTreeSet<String> = entries().map(|entry| entry.code.to_owned()).collect();
    let unexplained: Vec<_> = of_source.difference(&of_document).collect();
    let unused: Vec<_> = of_document.difference(&of_source).collect();
    assert!(
        unexplained.is_empty() && unused.is_empty(),
        "not explained: {unexplained:?}, explained but not used: {unused:?}"
    );
}

#[test]
fn entries_are_sorted_and_say_something() {
    let codes: Vec<_> = entries().map(|entry| entry.code).collect();
    assert!(codes.is_sorted(), "{codes:?}");
    for entry in entries() {
        assert!(
            entry.title.len() > 10 && entry.text.trim().len() > 40,
            "{}",
            entry.code
        );
    }
}

/// The codes that the example gives.
fn codes_of(entry: &Entry, text: &str) -> BTreeSet<&'static str> {
    let (mut sources, mut interner, mut diagnostics) =
        (SourceMap::new(), Interner::new(), Diagnostics::new());
    let has_header = ["Class", "Trait", "Extension", "Package"]
        .iter()
        .any(|word| text.starts_with(word));
    let text = match has_header {
        true => text.to_owned(),
        false => format!("Class {{ #name : 'Example', #superclass : 'VMComponent' }}\n\n{text}"),
    };
    let file = sources.add(format!("{}.st", entry.code), text.as_str());
    read_class(&text, file, &mut interner, &mut diagnostics);
    diagnostics
        .iter()
        .map(|diagnostic| diagnostic.code)
        .collect()
}

#[test]
fn examples_of_files_and_methods_give_their_code_and_repaired_ones_none() {
    for entry in entries().filter(|entry| entry.code.starts_with(['F', 'S'])) {
        for example in entry.examples("smalltalk") {
            let codes = codes_of(&entry, &example);
            assert!(
                codes.contains(entry.code),
                "{} gives {codes:?}:\n{example}",
                entry.code
            );
        }
        for example in entry.examples("smalltalk repaired") {
            assert_eq!(
                codes_of(&entry, &example),
                BTreeSet::new(),
                "{}:\n{example}",
                entry.code
            );
        }
        for example in entry.examples("method") {
            let (_, diagnostics) = parse_method_text(
                example.trim_end(),
                SourceMap::new().next_id(),
                &mut Interner::new(),
            );
            assert!(
                diagnostics
                    .iter()
                    .any(|diagnostic| diagnostic.code == entry.code),
                "{}",
                entry.code
            );
        }
    }
}

#[test]
fn examples_of_build_descriptions_give_their_code() {
    let folder = std::env::temp_dir().join(format!("ouroc-explain-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for entry in entries().filter(|entry| entry.code.starts_with('B')) {
        for example in entry.examples("ron") {
            let (mut sources, mut interner, mut diagnostics) =
                (SourceMap::new(), Interner::new(), Diagnostics::new());
            let path = folder.join("vm.ron");
            std::fs::write(&path, &example).unwrap();
            project::load(
                &path,
                project::Tests::Included,
                &mut sources,
                &mut interner,
                &mut diagnostics,
            );
            assert!(
                diagnostics
                    .iter()
                    .any(|diagnostic| diagnostic.code == entry.code),
                "{}:\n{example}",
                entry.code
            );
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
