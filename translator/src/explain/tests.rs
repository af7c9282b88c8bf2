//! The document has every code, and its examples are true.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{Entry, entries};
use crate::base::{Diagnostics, Interner, SourceMap, Symbol};
use crate::image::chunk::{ChunkForms, read_chunks};
use crate::image::compile::{Reference, Scope, Target, TargetOptions, compile};
use crate::pipeline::Session;
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

/// Each says how to repair what it is about, in other words than its message, and as a part of a sentence.
fn assert_hints(diagnostics: &Diagnostics) {
    for diagnostic in diagnostics {
        let hint = diagnostic.hint.trim();
        assert!(
            hint.len() > 8 && hint != diagnostic.message && !hint.ends_with('.'),
            "{}: {hint}",
            diagnostic.code
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
    assert_hints(&diagnostics);
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

/// The codes that the example gives as source of an image.
fn codes_in_an_image(text: &str) -> BTreeSet<&'static str> {
    struct NoNames;
    impl Scope for NoNames {
        fn lookup(&self, _: Symbol) -> Option<Reference> {
            None
        }
    }
    let (mut interner, mut diagnostics) = (Interner::new(), Diagnostics::new());
    let text = format!("Class {{ #name : 'Example' }}\n\n{text}");
    let file = SourceMap::new().next_id();
    let class = read_class(&text, file, &mut interner, &mut diagnostics).unwrap();
    let target = Target::new(TargetOptions::default(), &mut interner);
    for chunk in &class.methods {
        let method = &chunk.method;
        compile(method, &NoNames, &target, &interner, &mut diagnostics);
    }
    diagnostics.iter().map(|it| it.code).collect()
}

#[test]
fn examples_of_chunk_files_give_their_code_and_repaired_ones_none() {
    let codes_of = |text: &str| {
        let (mut interner, mut diagnostics) = (Interner::new(), Diagnostics::new());
        let file = SourceMap::new().next_id();
        let forms = ChunkForms::default();
        let _ = read_chunks(text, file, &forms, &mut interner, &mut diagnostics);
        let codes: BTreeSet<_> = diagnostics.iter().map(|it| it.code).collect();
        codes
    };
    assert!(entries().any(|entry| !entry.examples("smalltalk chunk").is_empty()));
    for entry in entries() {
        for example in entry.examples("smalltalk chunk") {
            assert!(codes_of(&example).contains(entry.code), "{example}");
        }
        for example in entry.examples("smalltalk chunk repaired") {
            assert_eq!(codes_of(&example), BTreeSet::new(), "{example}");
        }
    }
}

#[test]
fn examples_of_methods_for_images_give_their_code_and_repaired_ones_none() {
    assert!(entries().any(|entry| !entry.examples("smalltalk image").is_empty()));
    for entry in entries().filter(|entry| entry.code.starts_with('C')) {
        for example in entry.examples("smalltalk image") {
            let codes = codes_in_an_image(&example);
            assert!(codes.contains(entry.code), "{} gives {codes:?}", entry.code);
        }
        for example in entry.examples("smalltalk image repaired") {
            assert_eq!(codes_in_an_image(&example), BTreeSet::new(), "{example}");
        }
    }
}

#[test]
fn examples_of_build_descriptions_give_their_code() {
    let folder = std::env::temp_dir().join(format!("ouroc-explain-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for entry in entries().filter(|entry| entry.code.starts_with('B')) {
        for example in entry.examples("ron") {
            let path = folder.join("vm.ron");
            std::fs::write(&path, &example).unwrap();
            let codes = codes_of_program(&path);
            assert!(
                codes.contains(entry.code),
                "{} gives {codes:?}:\n{example}",
                entry.code
            );
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

fn codes_of_program(description: &Path) -> BTreeSet<&'static str> {
    let mut session = Session::default();
    session.check(description);
    assert_hints(&session.diagnostics);
    session
        .diagnostics
        .iter()
        .map(|diagnostic| diagnostic.code)
        .collect()
}

/// A program of the package `VM-Types` and the classes of an example, in a folder that is removed at the end.
struct Example(PathBuf);

impl Example {
    const DESCRIPTION: &str = r#"Build(
        name: "example", root: "vm", packages: ["VM-Types", "Example"], raw: ["VM-Types"], entry: "Example>>run",
    )"#;

    fn new(name: &str, description: &str, text: &str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("ouroc-example-{}-{name}", std::process::id()));
        let package = folder.join("vm/Example");
        std::fs::create_dir_all(&package).unwrap();
        let types = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vm-source-st/vm/VM-Types");
        std::os::unix::fs::symlink(types, folder.join("vm/VM-Types")).unwrap();
        // Intrinsics are allowed in raw packages only.
        let description = match text.contains("<intrinsic:") {
            true => description.replace(r#"raw: ["VM-Types"]"#, r#"raw: ["VM-Types", "Example"]"#),
            false => description.to_owned(),
        };
        std::fs::write(folder.join("vm.ron"), description).unwrap();
        std::fs::write(package.join("package.st"), "Package { #name : 'Example' }").unwrap();
        let header = "Class {\n\t#name : 'Example',\n\t#superclass : 'VMComponent'\n}\n\n";
        let mut files = vec![header.to_owned()];
        for part in text.split_inclusive("\n\n") {
            if part.starts_with("Class {") || part.starts_with("Extension {") {
                files.push(String::new());
            }
            let of_example = part.starts_with("Example ");
            let holder = files
                .iter_mut()
                .rev()
                .find(|file| file.contains("#name : 'Example'"))
                .filter(|_| of_example);
            match holder {
                Some(file) => file.push_str(part),
                None => files.last_mut().unwrap().push_str(part),
            }
        }
        if files
            .iter()
            .skip(1)
            .any(|file| file.contains("#name : 'Example'"))
        {
            files.remove(0);
        }
        if !text.contains("Example >> run [") {
            files
                .iter_mut()
                .find(|file| file.contains("'Example'"))
                .unwrap()
                .push_str("\n\nExample >> run [ ]\n");
        }
        for (number, file) in files.iter().enumerate() {
            let name = file
                .split("#name : '")
                .nth(1)
                .and_then(|rest| rest.split('\'').next())
                .unwrap();
            let kind = if file.starts_with("Extension") {
                "extension"
            } else {
                "class"
            };
            let folder = package.join(number.to_string());
            std::fs::create_dir(&folder).unwrap();
            std::fs::write(folder.join(format!("{name}.{kind}.st")), file).unwrap();
        }
        Example(folder)
    }

    fn codes(&self) -> BTreeSet<&'static str> {
        codes_of_program(&self.0.join("vm.ron"))
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn examples_of_programs_give_their_code_and_repaired_ones_none() {
    let mut faults = Vec::new();
    for entry in entries().filter(|entry| entry.code.starts_with(['R', 'T', 'H', 'L'])) {
        let wrong = entry
            .examples("smalltalk")
            .into_iter()
            .map(|text| (Example::DESCRIPTION.to_owned(), text));
        let described = entry
            .examples("ron")
            .into_iter()
            .map(|description| (description, String::new()));
        for (number, (description, text)) in wrong.chain(described).enumerate() {
            let codes =
                Example::new(&format!("{}-{number}", entry.code), &description, &text).codes();
            if !codes.contains(entry.code) {
                faults.push(format!("{} gives {codes:?}:\n{text}", entry.code));
            }
        }
        for (number, text) in entry.examples("smalltalk repaired").iter().enumerate() {
            let mut codes = Example::new(
                &format!("{}-repaired-{number}", entry.code),
                Example::DESCRIPTION,
                text,
            )
            .codes();
            // The packages have more than an example uses.
            codes.remove("T032");
            if !codes.is_empty() {
                faults.push(format!("{} repaired gives {codes:?}:\n{text}", entry.code));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
