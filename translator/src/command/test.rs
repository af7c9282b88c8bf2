//! `ouroc test`: test classes, natively and in the reference evaluator.
//!
//! Each test starts with fresh state: in the evaluator a machine of its own, natively a process of its own. Assertions are on. Both runs must agree, in what the
//! test writes too.

use std::io::Result;

use rayon::prelude::*;

use super::native::{Executable, NativeResult};
use super::{Output, Status, Warnings, show};
use crate::base::render::{Color, render};
use crate::base::{Diagnostic, SourceMap};
use crate::evaluate::{self, Audit, Code, Failure, Limits, SystemOptions, TestResult};
use crate::options::Test as TestOptions;
use crate::pipeline::Session;
use crate::project::Tests;
use crate::typed::{Program, Test};

/// What one test may use in the evaluator.
const LIMITS: Limits = Limits {
    fuel: 2_000_000_000,
    depth: 20_000,
    bytecodes: u64::MAX,
};

/// How a test ended in both worlds.
struct Outcome {
    evaluated: TestResult,
    /// None if it was not asked for.
    native: Option<std::io::Result<NativeResult>>,
}

pub(super) fn run(options: &TestOptions, output: &mut Output) -> Result<Status> {
    let mut session = Session::default();
    let mut analyzed = session.analyze(options.description(), Tests::Included);
    let executable = match &mut analyzed {
        Some(analyzed) if !options.evaluator => match session.compile_tests(analyzed) {
            Ok(executable) => executable,
            Err(fault) => return super::translator_fault(&fault, output),
        },
        _ => None,
    };
    session.diagnostics.sort();
    let status = show(
        &session.diagnostics,
        &session.sources,
        Warnings::Few,
        output,
    )?;
    let Some(program) = analyzed
        .map(|analyzed| analyzed.program)
        .filter(|_| status == Status::Success)
    else {
        return Ok(Status::Refused);
    };
    let wanted = wanted_tests(&program, options);
    if wanted.is_empty() {
        writeln!(
            output.err,
            "there is no such test; `ouroc test` without a name runs all"
        )?;
        return Ok(Status::Usage);
    }
    let executable = executable
        .map(|executable| Executable::new(&executable.bytes))
        .transpose()?;
    let code = evaluate::compile(&program, Audit::Ranges);
    let outcomes: Vec<_> = wanted
        .par_iter()
        .map(|&index| outcome(&code, &program, index, executable.as_ref()))
        .collect();
    report(&program, &wanted, &outcomes, &session.sources, output)
}

/// The numbers of the tests that are asked for.
fn wanted_tests(program: &Program, options: &TestOptions) -> Vec<usize> {
    let wanted = |test: &Test| options.wants(&test.class, &test.selector);
    program
        .tests
        .iter()
        .enumerate()
        .filter(|(_, test)| wanted(test))
        .map(|(index, _)| index)
        .collect()
}

fn outcome(
    code: &Code,
    program: &Program,
    index: usize,
    executable: Option<&Executable>,
) -> Outcome {
    let system = SystemOptions {
        deterministic: true,
        ..SystemOptions::default()
    };
    Outcome {
        evaluated: evaluate::run_test(code, &program.tests[index], LIMITS, &system),
        native: executable.map(|executable| executable.run_test(index)),
    }
}

impl Outcome {
    /// What is wrong; none if all is well.
    fn complaint(&self) -> Option<String> {
        let native = match &self.native {
            None => return self.evaluated.failure.as_ref().map(Failure::to_string),
            Some(Err(error)) => return Some(format!("it could not be run natively: {error}")),
            Some(Ok(native)) => native,
        };
        match &self.evaluated.failure {
            Some(failure) if native.passed() => {
                Some(format!("it fails only in the evaluator: {failure}"))
            }
            Some(failure) => Some(failure.to_string()),
            None if !native.passed() => Some(format!("it fails only natively: {native}")),
            None if native.output != self.evaluated.output => {
                Some(different_output(&self.evaluated.output, &native.output))
            }
            None => None,
        }
    }
}

fn different_output(evaluated: &[u8], native: &[u8]) -> String {
    let (evaluated, native) = (
        String::from_utf8_lossy(evaluated),
        String::from_utf8_lossy(native),
    );
    format!("it writes {evaluated:?} in the evaluator and {native:?} natively")
}

fn report(
    program: &Program,
    wanted: &[usize],
    outcomes: &[Outcome],
    sources: &SourceMap,
    output: &mut Output,
) -> Result<Status> {
    let mut failures = 0;
    let mut classes: Vec<(&str, usize, usize)> = Vec::new();
    for (&index, outcome) in wanted.iter().zip(outcomes) {
        let test = &program.tests[index];
        if classes
            .last()
            .is_none_or(|(class, ..)| *class != test.class)
        {
            classes.push((&test.class, 0, 0));
        }
        let complaint = outcome.complaint();
        if let Some((_, passed, failed)) = classes.last_mut() {
            *(if complaint.is_none() { passed } else { failed }) += 1;
        }
        if let Some(complaint) = complaint {
            failures += 1;
            write!(
                output.out,
                "{}",
                failure_text(
                    test,
                    &complaint,
                    &outcome.evaluated,
                    sources,
                    output.out_color
                )
            )?;
        }
    }
    for (class, passed, failed) in &classes {
        let verdict = if *failed == 0 {
            String::new()
        } else {
            format!(", {failed} FAILED")
        };
        writeln!(output.out, "{class}: {passed} passed{verdict}")?;
    }
    let how = if outcomes.iter().any(|outcome| outcome.native.is_some()) {
        "natively and in the evaluator"
    } else {
        "in the evaluator"
    };
    writeln!(
        output.out,
        "{} tests {how}, {failures} failed",
        wanted.len()
    )?;
    Ok(if failures == 0 {
        Status::Success
    } else {
        Status::Refused
    })
}

/// The failure with the source line at which the evaluator stopped, and its callers.
fn failure_text(
    test: &Test,
    complaint: &str,
    evaluated: &TestResult,
    sources: &SourceMap,
    color: Color,
) -> String {
    let name = format!("{}>>{}", test.class, test.selector);
    let Some(Failure::Fault(fault)) = &evaluated.failure else {
        return format!("{name} failed: {complaint}\n\n");
    };
    let place = Diagnostic::error("E001", format!("{name} failed: {complaint}"))
        .primary(fault.span, "here");
    let mut text = render(&place, sources, color);
    for caller in fault.callers.iter().take(12) {
        text.push_str(&format!("  in {caller}\n"));
    }
    text.push('\n');
    text
}
