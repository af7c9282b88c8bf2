//! `ouroc diff`: which machine code a change of the source, or of the translator, has changed.

use std::fmt::Display;
use std::io::Result;
use std::path::Path;

use super::revision::Revision;
use super::{Output, Status, Warnings, show, translator_fault};
use crate::base::render::Color;
use crate::lower;
use crate::options::Diff;
use crate::pipeline::Session;
use crate::project::{Tests, read_regular};
use crate::report::{self, Entry, Style};

pub(super) fn run(options: &Diff, output: &mut Output) -> Result<Status> {
    let style = match output.out_color {
        Color::Ansi => Style::Colour,
        Color::Plain => Style::Plain,
    };
    let (before, after) = match options.names.as_slice() {
        [before, after] => (executable(before), executable(after)),
        names => {
            let revision = names.first().map_or("HEAD", String::as_str);
            let taken = Revision::take(revision, &options.description)?;
            let old = taken.path_of(&options.description)?;
            rayon::join(|| compiled(&old), || compiled(&options.description))
        }
    };
    for side in [&before, &after] {
        match side {
            Ok(_) => {}
            Err(Failure::Source(session)) => {
                return show(
                    &session.diagnostics,
                    &session.sources,
                    Warnings::None,
                    output,
                );
            }
            Err(Failure::Translator(fault)) => return translator_fault(fault, output),
            Err(Failure::File(fault)) => {
                writeln!(output.err, "{fault}")?;
                return Ok(Status::Usage);
            }
        }
    }
    if let (Ok(before), Ok(after)) = (before, after) {
        write!(output.out, "{}", report::diff(&before, &after, style))?;
    }
    Ok(Status::Success)
}

/// Why there is nothing to compare.
enum Failure {
    /// The source has errors.
    Source(Box<Session>),
    /// A stage failed.
    Translator(String),
    /// A file cannot be read, or is no executable.
    File(String),
}

/// The functions of an executable.
fn executable(path: &str) -> std::result::Result<Vec<Entry>, Failure> {
    let failed = |error: &dyn Display| Failure::File(format!("{path}: {error}"));
    let bytes = read_regular(Path::new(path)).map_err(|error| failed(&error))?;
    report::executable::entries(&bytes).map_err(|error| failed(&error))
}

/// The functions of a program.
fn compiled(description: &Path) -> std::result::Result<Vec<Entry>, Failure> {
    let mut session = Session::default();
    let analyzed = session.analyze(description, Tests::LeftOut);
    let lowered =
        analyzed.and_then(|analyzed| session.lower(&analyzed.program, lower::Options::default()));
    let Some(mut lowered) = lowered else {
        session.diagnostics.sort();
        return Err(Failure::Source(Box::new(session)));
    };
    session
        .optimize(&mut lowered.module)
        .map_err(Failure::Translator)?;
    let code = session
        .compile(&lowered.module)
        .map_err(Failure::Translator)?;
    Ok(report::entries(&code))
}
