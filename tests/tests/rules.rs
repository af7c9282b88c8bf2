//! The rules of the language: the test classes of `tests/run`, natively and in the evaluator.
//!
//! A test whose name begins with `testTraps` must trap in both; every other one must hold in both.

use ouroc::base::render::{Color, render_all};
use ouroc::pipeline::Session;
use ouroc::project::Tests;
use ouroc::runner::{RunOptions, run_tests};
use tests::{files, root, text};

#[test]
fn every_rule_holds_natively_and_in_the_evaluator() {
    let mut session = Session::default();
    let analyzed = session.analyze(&root().join("tests/run/vm.ron"), Tests::Included);
    let told = render_all(&session.diagnostics, &session.sources, Color::Plain);
    let program = analyzed.unwrap_or_else(|| panic!("{told}")).program;
    let reports = run_tests(program, &session.sources, &RunOptions::default(), |_, _| {
        true
    });
    let reports = reports.unwrap_or_else(|error| panic!("{error}"));
    let mut wrong = Vec::new();
    for report in &reports {
        let wants_trap = report.selector.starts_with("testTraps");
        let is_right = if wants_trap {
            report.evaluated.failure.is_some() && report.disagreement().is_none()
        } else {
            report.passes()
        };
        if !is_right {
            let failure = report.evaluated.failure.as_ref().map(ToString::to_string);
            wrong.push(format!(
                "{}>>{}: {failure:?}, {:?}",
                report.class, report.selector, report.native.end
            ));
        }
    }
    let written: usize = files("tests/run/vm-tests", &[".st"])
        .iter()
        .map(|path| text(path).matches(" >> test").count())
        .sum();
    assert_eq!(reports.len(), written, "some tests were not found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
