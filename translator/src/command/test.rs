//! `ouroc test`: test classes, natively and in the reference evaluator.

use std::fmt::Write;
use std::io::Result;

use super::{Output, Status, Warnings, show, translator_fault};
use crate::base::render::{Color, render};
use crate::base::{Diagnostic, SourceMap};
use crate::evaluate::{self, Audit, Failure, SystemOptions, TestResult};
use crate::lower;
use crate::options::Test as TestOptions;
use crate::pipeline::Session;
use crate::project::Tests;
use crate::runner::{self, RunOptions};
use crate::typed::Program;

/// Callers of a failed method that are shown.
const SHOWN_CALLERS: usize = 12;

/// How a test ended.
struct Verdict {
    class: String,
    selector: String,
    evaluated: TestResult,
    /// What is wrong; none if all is well.
    complaint: Option<String>,
}

pub(super) fn run(options: &TestOptions, output: &mut Output) -> Result<Status> {
    let mut session = Session::default();
    let analyzed = session.analyze(options.description(), Tests::Included);
    if let Some(analyzed) = &analyzed {
        session.lower(
            &analyzed.program,
            lower::Options {
                checked: true,
                ..lower::Options::default()
            },
        );
    }
    session.diagnostics.sort();
    let status = show(
        &session.diagnostics,
        &session.sources,
        Warnings::None,
        output,
    )?;
    let Some(analyzed) = analyzed.filter(|_| status == Status::Success) else {
        return Ok(Status::Refused);
    };
    let verdicts = match verdicts(analyzed.program, options, &session.sources) {
        Ok(verdicts) => verdicts,
        Err(fault) => return translator_fault(&fault, output),
    };
    if verdicts.is_empty() {
        let complaint = match options.asks_for_some() {
            true => "there is no such test; `ouroc test` without a name runs all",
            false => "the program has no tests: its description names their packages in `tests`",
        };
        writeln!(output.err, "{complaint}")?;
        return Ok(Status::Usage);
    }
    let how = if options.evaluator {
        "in the evaluator"
    } else {
        "natively and in the evaluator"
    };
    report(&verdicts, how, &session.sources, output)
}

/// Runs the tests that are asked for.
fn verdicts(
    mut program: Program,
    options: &TestOptions,
    sources: &SourceMap,
) -> std::result::Result<Vec<Verdict>, String> {
    let run_options = RunOptions::default();
    if options.evaluator {
        program
            .tests
            .retain(|test| options.wants(&test.class, &test.selector));
        return Ok(evaluated_only(&program, &run_options));
    }
    let wanted = |class: &str, selector: &str| options.wants(class, selector);
    let reports = runner::run_tests(program, sources, &run_options, wanted)?;
    let verdict = |report: runner::TestReport| Verdict {
        complaint: complaint(&report),
        class: report.class,
        selector: report.selector,
        evaluated: report.evaluated,
    };
    Ok(reports.into_iter().map(verdict).collect())
}

fn complaint(report: &runner::TestReport) -> Option<String> {
    let disagreement = report.disagreement().map(|text| format!("it {text}"));
    disagreement.or_else(|| report.evaluated.failure.as_ref().map(Failure::to_string))
}

fn evaluated_only(program: &Program, options: &RunOptions) -> Vec<Verdict> {
    let code = evaluate::compile(program, Audit::Ranges);
    let system = SystemOptions {
        deterministic: true,
        ..SystemOptions::default()
    };
    let verdict = |test: &crate::typed::Test| {
        let evaluated = evaluate::run_test(&code, test, options.limits, &system);
        let complaint = evaluated.failure.as_ref().map(Failure::to_string);
        Verdict {
            class: test.class.clone(),
            selector: test.selector.clone(),
            evaluated,
            complaint,
        }
    };
    program.tests.iter().map(verdict).collect()
}

fn report(
    verdicts: &[Verdict],
    how: &str,
    sources: &SourceMap,
    output: &mut Output,
) -> Result<Status> {
    for verdict in verdicts {
        let text = failure_text(verdict, sources, output.out_color);
        output.out.write_all(text.as_bytes())?;
    }
    for class in verdicts.chunk_by(|a, b| a.class == b.class) {
        let failed = failures(class);
        let note = if failed == 0 {
            String::new()
        } else {
            format!(", {failed} FAILED")
        };
        writeln!(
            output.out,
            "{}: {} passed{note}",
            class[0].class,
            class.len() - failed
        )?;
    }
    let failed = failures(verdicts);
    writeln!(
        output.out,
        "{} tests {how}, {failed} failed",
        verdicts.len()
    )?;
    Ok(if failed == 0 {
        Status::Success
    } else {
        Status::Refused
    })
}

fn failures(verdicts: &[Verdict]) -> usize {
    verdicts
        .iter()
        .filter(|verdict| verdict.complaint.is_some())
        .count()
}

/// The failure with the source line at which the evaluator stopped, and its callers; nothing if the test passed.
fn failure_text(verdict: &Verdict, sources: &SourceMap, color: Color) -> String {
    let Some(complaint) = &verdict.complaint else {
        return String::new();
    };
    let message = format!(
        "{}>>{} failed: {complaint}",
        verdict.class, verdict.selector
    );
    let Some(Failure::Fault(fault)) = &verdict.evaluated.failure else {
        return format!("{message}\n\n");
    };
    let place = Diagnostic::error("E001", message)
        .primary(fault.span, "here")
        .hint(fault.kind.hint());
    let mut text = render(&place, sources, color);
    for caller in fault.callers.iter().take(SHOWN_CALLERS) {
        // Writing into a string does not fail.
        let _ = writeln!(text, "  in {caller}");
    }
    text.push('\n');
    text
}
