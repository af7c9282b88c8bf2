//! What inference decides: each `.st` file of `tests/types` is a program in one text, with the typed program and the errors beside it in a `.txt` file.
//!
//! The program stands with `prelude.st`. `OURO_BLESS=1` writes the `.txt` files anew.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use ouroc::base::render::{Color, render};
use ouroc::base::{Diagnostic, Severity};
use ouroc::pipeline::Session;
use ouroc::typed::text::method_text;
use tests::{expected, root, text};

fn folder() -> PathBuf {
    root().join("tests/types")
}

fn cases() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder()).expect("the folder of type tests");
    let mut cases: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "st"))
        .filter(|path| !path.ends_with("prelude.st"))
        .collect();
    cases.sort();
    cases
}

/// Errors, then the methods that are not of the prelude.
fn typed(case: &Path) -> String {
    let prelude = text(&folder().join("prelude.st"));
    let program_text = text(case);
    let mut session = Session::default();
    let program =
        session.analyze_snippet(&[("prelude.st", &prelude), ("example.st", &program_text)]);
    session.diagnostics.sort();
    let mut out = String::new();
    let errors = session.diagnostics.iter();
    for error in errors.filter(|diagnostic: &&Diagnostic| diagnostic.severity == Severity::Error) {
        let _ = writeln!(out, "{}", render(error, &session.sources, Color::Plain));
    }
    for method in program.methods.values() {
        let file = session.sources.get(method.span.file);
        if file.is_some_and(|file| file.path == "example.st") {
            let _ = writeln!(out, "{}", method_text(&program, method));
        }
    }
    out
}

#[test]
fn programs_are_typed_as_their_files_say() {
    let cases = cases();
    assert!(!cases.is_empty());
    let texts = cases
        .into_iter()
        .map(|case| (case.with_extension("txt"), typed(&case)));
    expected::compare(texts);
}

/// A program with a line left out, or with the words of one in reverse order, is refused or accepted; the translator does not panic.
#[test]
fn no_damage_to_a_program_makes_inference_panic() {
    let prelude = text(&folder().join("prelude.st"));
    let mut runs = 0;
    for case in cases() {
        let whole = text(&case);
        let lines: Vec<&str> = whole.lines().collect();
        for left_out in 0..lines.len() {
            let kept = lines
                .iter()
                .enumerate()
                .filter(|(number, _)| *number != left_out);
            let shorter: Vec<&str> = kept.map(|(_, line)| *line).collect();
            analyze(&prelude, &shorter.join("\n"));
            let mut exchanged: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
            let words: Vec<&str> = lines[left_out].split(' ').collect();
            exchanged[left_out] = words.iter().rev().copied().collect::<Vec<_>>().join(" ");
            analyze(&prelude, &exchanged.join("\n"));
            runs += 2;
        }
    }
    assert!(runs > 300, "{runs} damaged programs");
}

fn analyze(prelude: &str, program: &str) {
    let mut session = Session::default();
    session.analyze_snippet(&[("prelude.st", prelude), ("example.st", program)]);
}

/// A subclass's own fields come behind those that it inherits, and each access names the struct that declares the field.
#[test]
fn accesses_of_inherited_fields_and_of_own_ones_have_their_names() {
    let program_text = "Class {\n\t#name : 'Base',\n\t#superclass : 'VMStruct',\n\t#instVars : [\n\t\t'#first => TypedField type: #UInt64'\n\t],\n\t#package : 'Example'\n}\n\n\
        Class {\n\t#name : 'Node',\n\t#superclass : 'Base',\n\t#instVars : [\n\t\t'#second => TypedField type: #UInt64',\n\t\t'#third => TypedField type: #UInt64'\n\t],\n\t#package : 'Example'\n}\n\n\
        Node >> exchange [\n\tfirst := second.\n\tsecond := third\n]\n\n\
        Class {\n\t#name : 'Example',\n\t#superclass : 'VMComponent',\n\t#instVars : [\n\t\t'#nodes => TypedArray of: #Node size: 2'\n\t],\n\t#package : 'Example'\n}\n\n\
        Example >> run [\n\t(nodes at: 1) exchange\n]\n";
    let prelude = text(&folder().join("prelude.st"));
    let mut session = Session::default();
    let program =
        session.analyze_snippet(&[("prelude.st", &prelude), ("example.st", program_text)]);
    assert!(
        !session.diagnostics.has_errors(),
        "{:?}",
        session.diagnostics
    );
    let lowered = ouroc::lower::lower(&program, &session.sources, Default::default());
    let exchange = lowered.module.function_named("Node>>exchange");
    let listed = lowered.module.function_text(exchange.expect("it is sent"));
    let accesses: Vec<&str> = listed
        .split_whitespace()
        .filter(|word| word.starts_with('!'))
        .collect();
    let names = ["!Node.second", "!Base.first", "!Node.third", "!Node.second"];
    assert_eq!(accesses, names, "{listed}");
}
