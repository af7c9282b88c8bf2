//! Runs Slang tests twice: in the reference evaluator, and natively in an executable made for them.
//!
//! In: a typed program with tests. Out: for each test what both runs say. A test passes when both end well and print the same.

mod main_method;
mod native;

use std::time::Duration;

use crate::base::source::SourceMap;
use crate::evaluate::{self, Audit, Failure, Limits, SystemOptions, TestResult};
use crate::ir::Module;
use crate::lower;
use crate::typed::Program;

pub use main_method::add_test_main;
pub use native::{NativeEnd, NativeResult, NativeTests, spawn};

/// How tests are run.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// What the evaluator may use for one test.
    pub limits: Limits,
    /// How long the executable may take for one test.
    pub patience: Duration,
    /// Each test in a process of its own; else as many as go well share one, with the state record zeroed between them.
    pub isolated: bool,
}

/// What both runs of a test say.
#[derive(Clone, Debug)]
pub struct TestReport {
    /// The class.
    pub class: String,
    /// The selector.
    pub selector: String,
    /// In the evaluator.
    pub evaluated: TestResult,
    /// Natively.
    pub native: NativeResult,
}

impl Default for RunOptions {
    fn default() -> Self {
        RunOptions {
            limits: Limits {
                fuel: 2_000_000_000,
                ..Limits::default()
            },
            patience: Duration::from_secs(60),
            isolated: true,
        }
    }
}

impl TestReport {
    /// Both runs ended well and printed the same.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.evaluated.failure.is_none() && self.disagreement().is_none()
    }

    /// In which way the runs differ: a bug of the translator, or of the evaluator.
    #[must_use]
    pub fn disagreement(&self) -> Option<String> {
        let agrees = match (&self.evaluated.failure, &self.native.end) {
            (None, NativeEnd::Done) => true,
            (Some(Failure::Exit(expected)), NativeEnd::Exit(status)) => expected == status,
            (Some(Failure::Fault(fault)), NativeEnd::Signal(_)) => {
                evaluate::trap_of(fault).is_some()
            }
            _ => false,
        };
        if !agrees {
            let evaluated = self.evaluated.failure.as_ref().map_or_else(
                || "passes".to_owned(),
                |failure| format!("fails ({failure})"),
            );
            return Some(format!(
                "{evaluated} in the evaluator, but natively it {}",
                self.native.end
            ));
        }
        if self.evaluated.output != self.native.output {
            return Some(format!(
                "prints {:?} in the evaluator, but natively {:?}",
                String::from_utf8_lossy(&self.evaluated.output),
                String::from_utf8_lossy(&self.native.output)
            ));
        }
        None
    }
}

/// Runs the tests of a program for which `wanted` is true.
///
/// # Errors
/// The executable cannot be made or started.
pub fn run_tests(
    mut program: Program,
    sources: &SourceMap,
    options: &RunOptions,
    wanted: impl Fn(&str, &str) -> bool,
) -> Result<Vec<TestReport>, String> {
    program
        .tests
        .retain(|test| wanted(&test.class, &test.selector));
    let code = evaluate::compile(&program, Audit::Ranges);
    let system = SystemOptions {
        deterministic: true,
        ..SystemOptions::default()
    };
    let evaluated: Vec<TestResult> = program
        .tests
        .iter()
        .map(|test| evaluate::run_test(&code, test, options.limits, &system))
        .collect();
    let module = test_module(&mut program, sources)?;
    let native = NativeTests::new(module)?.run_all(program.tests.len(), options)?;
    let tests = program.tests.iter().zip(evaluated.into_iter().zip(native));
    let report = |(test, (evaluated, native)): (&crate::typed::Test, _)| TestReport {
        class: test.class.clone(),
        selector: test.selector.clone(),
        evaluated,
        native,
    };
    Ok(tests.map(report).collect())
}

/// The module, before any optimisation, of a checked program that runs the tests whose numbers it is given.
///
/// # Errors
/// Something cannot be lowered.
pub fn test_module(program: &mut Program, sources: &SourceMap) -> Result<Module, String> {
    let main = add_test_main(program);
    program.entry = Some(main);
    let lowered = lower::lower(
        program,
        sources,
        lower::Options {
            checked: true,
            ..lower::Options::default()
        },
    );
    match lowered.diagnostics.iter().next() {
        Some(diagnostic) => Err(diagnostic.message.clone()),
        None => Ok(lowered.module),
    }
}

#[cfg(test)]
mod tests;
