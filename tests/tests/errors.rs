//! What users see of faulty programs: each folder of `tests/errors` is a program with its rendered diagnostics in `expected.txt`.
//!
//! `OURO_BLESS=1` writes those files anew.

use std::path::{Path, PathBuf};

use ouroc::base::render::{Color, render_all};
use ouroc::base::{Diagnostic, Diagnostics};
use ouroc::pipeline::Session;
use tests::{expected, root, shown};

fn cases() -> Vec<PathBuf> {
    let folder = root().join("tests/errors");
    let entries =
        std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut cases: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_dir())
        .collect();
    cases.sort();
    cases
}

/// The diagnostics of the program in a folder, with paths relative to it. What is said of packages that it only uses is left out.
fn rendered(case: &Path) -> String {
    let mut session = Session::default();
    session.check(&case.join("vm.ron"));
    session.diagnostics.sort();
    session.sources.set_folder("");
    let is_here = |diagnostic: &&Diagnostic| {
        let file = diagnostic
            .place()
            .and_then(|place| session.sources.get(place.file));
        file.is_none_or(|file| !session.sources.shown_path(file).starts_with(".."))
    };
    let here: Diagnostics = session
        .diagnostics
        .iter()
        .filter(is_here)
        .cloned()
        .collect();
    render_all(&here, &session.sources, Color::Plain)
}

#[test]
fn faulty_programs_are_told_what_is_wrong_with_them() {
    let texts = cases()
        .into_iter()
        .map(|case| (case.join("expected.txt"), rendered(&case)));
    expected::compare(texts);
}

#[test]
fn every_case_has_errors_or_warnings_with_hints_and_is_the_same_each_time() {
    for case in cases() {
        let first = rendered(&case);
        for message in first.split("\n\n").filter(|message| !message.is_empty()) {
            assert!(message.contains("= hint: "), "{}: {message}", shown(&case));
        }
        assert!(
            first.contains("error ") || first.contains("warning "),
            "{}",
            shown(&case)
        );
        assert_eq!(first, rendered(&case), "{}", shown(&case));
    }
}
