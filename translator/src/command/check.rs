//! `ouroc check`: the diagnostics of a program.

use std::io::Result;

use super::{Output, Status, Warnings, show, status};
use crate::base::render::to_json;
use crate::options::Check;
use crate::pipeline::Session;

pub(super) fn run(options: &Check, output: &mut Output) -> Result<Status> {
    let mut session = Session::default();
    session.check(&options.description);
    session.diagnostics.sort();
    if options.json {
        writeln!(
            output.out,
            "{}",
            to_json(&session.diagnostics, &session.sources)
        )?;
        return Ok(status(&session.diagnostics));
    }
    show(
        &session.diagnostics,
        &session.sources,
        Warnings::All,
        output,
    )
}
