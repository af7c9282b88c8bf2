//! `ouroc simulate`: the program in the reference evaluator.

use std::io::Result;

use super::{Output, Status, Warnings, show};
use crate::base::Diagnostic;
use crate::base::render::render;
use crate::evaluate::{self, Audit, Fault, Limits, Machine, Outcome, SystemOptions};
use crate::options::Simulate;
use crate::pipeline::Session;
use crate::project::Tests;
use crate::typed::{MethodId, Program};

pub(super) fn run(options: &Simulate, output: &mut Output) -> Result<Status> {
    let mut session = Session::default();
    let analyzed = session.analyze(&options.program.description, Tests::LeftOut);
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
    let (program, name) = (&analyzed.program, &analyzed.facts.name);
    let Some(entry) = program.entry else {
        writeln!(output.err, "the program has no entry")?;
        return Ok(Status::Refused);
    };
    let (outcome, bytecodes) = simulated(program, name, entry, options);
    writeln!(output.err, "{bytecodes} bytecodes")?;
    match outcome {
        Outcome::Value(0) | Outcome::Exit(0) | Outcome::BytecodeLimit => Ok(Status::Success),
        Outcome::Value(status) => ended(i64::try_from(status).unwrap_or(-1), output),
        Outcome::Exit(status) => ended(status.into(), output),
        Outcome::Fault(fault) => {
            write!(output.err, "{}", fault_text(&fault, &session, output))?;
            Ok(Status::Refused)
        }
    }
}

/// How the program, which sees `name` as its own one, ended, and how many bytecodes it ran.
fn simulated(program: &Program, name: &str, entry: MethodId, options: &Simulate) -> (Outcome, u64) {
    let audit = if options.audit {
        Audit::Ranges
    } else {
        Audit::Light
    };
    let code = evaluate::compile(program, audit);
    let bytecodes = options.bytecodes.unwrap_or(u64::MAX);
    let limits = Limits {
        bytecodes,
        ..Limits::default()
    };
    let deterministic = options.deterministic;
    let system = SystemOptions {
        deterministic,
        echo: true,
        ..SystemOptions::default()
    };
    let name = std::iter::once(name.to_owned());
    let arguments: Vec<Vec<u8>> = name
        .chain(options.arguments.iter().cloned())
        .map(String::into_bytes)
        .collect();
    let arguments: Vec<&[u8]> = arguments.iter().map(Vec::as_slice).collect();
    let inspect = |outcome, machine: &mut Machine<'_>| (outcome, machine.bytecodes);
    evaluate::simulate(&code, entry, &arguments, limits, &system, inspect)
}

fn ended(status: i64, output: &mut Output) -> Result<Status> {
    writeln!(output.err, "the program ended with status {status}")?;
    Ok(Status::Refused)
}

fn fault_text(fault: &Fault, session: &Session, output: &Output) -> String {
    let place = Diagnostic::error("E001", fault.kind.to_string())
        .primary(fault.span, "here")
        .hint(fault.kind.hint());
    let mut text = render(&place, &session.sources, output.err_color);
    for caller in &fault.callers {
        text.push_str(&format!("  in {caller}\n"));
    }
    text
}
