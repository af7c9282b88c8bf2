//! `ouroc explain`: what a code means.

use std::io::Result;

use super::{Output, Status};
use crate::explain;
use crate::options::Explain;

pub(super) fn run(options: &Explain, output: &mut Output) -> Result<Status> {
    let Some(code) = &options.code else {
        for entry in explain::entries() {
            writeln!(output.out, "{}  {}", entry.code, entry.title)?;
        }
        return Ok(Status::Success);
    };
    match explain::entry(&code.to_uppercase()) {
        Some(entry) => {
            writeln!(
                output.out,
                "{}: {}\n\n{}",
                entry.code,
                entry.title,
                entry.text.trim()
            )?;
            Ok(Status::Success)
        }
        None => {
            writeln!(
                output.err,
                "there is no diagnostic {code}; `ouroc explain` lists all"
            )?;
            Ok(Status::Usage)
        }
    }
}
