//! Compiles and runs a batch of random programs by both ways.

use std::collections::BTreeSet;
use std::path::Path;

use ouroc::base::Severity;
use ouroc::evaluate::{self, Audit, Failure, FaultKind, Limits, SystemOptions, TestResult};
use ouroc::ir::Module;
use ouroc::pipeline::Session;
use ouroc::project::Tests;
use ouroc::runner::{self, NativeResult, NativeTests, RunOptions, TestReport};
use ouroc::typed::Program;

use super::coverage::Coverage;
use super::{class_name, write};

/// Programs that were compiled together, and what the evaluator makes of them.
pub struct Batch {
    /// The seed of each program that inference accepted.
    pub seeds: Vec<u64>,
    /// Those that it refused, with the messages.
    pub refused: Vec<(u64, String)>,
    /// The IR of the test executable, not optimised.
    pub module: Module,
    /// What the evaluator says of each.
    pub evaluated: Vec<TestResult>,
}

/// Steps that one program may take in the evaluator.
const FUEL: u64 = 200_000;

/// Compiles the programs of some seeds in a folder and evaluates them.
///
/// # Errors
/// What no choice of programs explains: a fault of the translator.
pub fn prepare(folder: &Path, seeds: &[u64]) -> Result<Batch, String> {
    let mut accepted = seeds.to_vec();
    let mut refused = Vec::new();
    loop {
        let description = write(folder, &accepted);
        let mut session = Session::default();
        let analyzed = session.analyze(&description, Tests::Included);
        if let Some(analyzed) = analyzed {
            let seeds = accepted;
            return evaluate(analyzed.program, &session, seeds, refused);
        }
        let faults = faulty(&session, &accepted);
        if faults.is_empty() {
            let messages: Vec<_> = session
                .diagnostics
                .iter()
                .map(|diagnostic| diagnostic.message.clone())
                .collect();
            return Err(messages.join("\n"));
        }
        accepted.retain(|seed| !faults.iter().any(|(faulty, _)| faulty == seed));
        refused.extend(faults);
        std::fs::remove_dir_all(folder.join("vm-tests")).map_err(|error| error.to_string())?;
    }
}

/// The programs in which errors stand, with the first message of each.
fn faulty(session: &Session, seeds: &[u64]) -> Vec<(u64, String)> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for diagnostic in session
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Error)
    {
        for span in diagnostic.labels.iter().map(|label| label.span) {
            let Some(file) = session.sources.get(span.file) else {
                continue;
            };
            let line = session
                .sources
                .position(span)
                .map_or("", |position| file.line_text(position.line));
            let seed = seeds.iter().find(|&&seed| {
                file.path
                    .ends_with(&format!("{}.class.st", class_name(seed)))
            });
            if let Some(&seed) = seed
                && seen.insert(seed)
            {
                found.push((
                    seed,
                    format!(
                        "{}: {} in {}",
                        diagnostic.code,
                        diagnostic.message,
                        line.trim()
                    ),
                ));
            }
        }
    }
    found
}

fn evaluate(
    mut program: Program,
    session: &Session,
    seeds: Vec<u64>,
    refused: Vec<(u64, String)>,
) -> Result<Batch, String> {
    let order: Vec<u64> = program
        .tests
        .iter()
        .filter_map(|test| test.class.strip_prefix("Random")?.parse().ok())
        .collect();
    if order.len() != seeds.len() {
        return Err(format!("{} tests of {} programs", order.len(), seeds.len()));
    }
    let code = evaluate::compile(&program, Audit::Ranges);
    let limits = Limits {
        fuel: FUEL,
        ..Limits::default()
    };
    let system = SystemOptions {
        deterministic: true,
        ..SystemOptions::default()
    };
    let evaluated = program
        .tests
        .iter()
        .map(|test| evaluate::run_test(&code, test, limits, &system))
        .collect();
    let module = runner::test_module(&mut program, &session.sources)?;
    Ok(Batch {
        seeds: order,
        refused,
        module,
        evaluated,
    })
}

impl Batch {
    /// Counts what the programs use.
    pub fn count(&self, coverage: &mut Coverage) {
        coverage.add(&self.module);
    }

    /// Runs a module that [`Self::module`] became, and tells the programs whose results differ from the evaluator's.
    ///
    /// # Errors
    /// It does not compile.
    pub fn differences(&self, module: Module) -> Result<Vec<(u64, String)>, String> {
        let options = RunOptions {
            isolated: false,
            patience: std::time::Duration::from_millis(200),
            ..RunOptions::default()
        };
        let native = NativeTests::new(module)?.run_all(self.seeds.len(), &options)?;
        let pairs = self.seeds.iter().zip(self.evaluated.iter().zip(native));
        Ok(pairs
            .filter_map(|(&seed, (evaluated, native))| Some((seed, difference(evaluated, native)?)))
            .collect())
    }
}

/// In what the runs differ; nothing is said of programs that take too many steps.
fn difference(evaluated: &TestResult, native: NativeResult) -> Option<String> {
    if let Some(Failure::Fault(fault)) = &evaluated.failure
        && matches!(fault.kind, FaultKind::OutOfFuel)
    {
        return None;
    }
    let report = TestReport {
        class: String::new(),
        selector: String::new(),
        evaluated: evaluated.clone(),
        native,
    };
    report.disagreement()
}
