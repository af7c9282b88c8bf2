//! One module for each command: it calls the pipeline and prints.
//!
//! A command answers its exit status and writes to the [`Output`] that it gets, so that tests can read what a user sees.

mod asm;
mod build;
mod cache;
mod check;
mod diff;
mod explain;
mod image;
mod layout;
mod replace;
mod revision;
mod screen;
mod simulate;
mod test;

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};

use crate::base::render::{Color, render_all};
use crate::base::{Diagnostic, Diagnostics, Severity, SourceMap};
use crate::options::{ColorWish, Command, Options};

/// How a command ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// Everything is well.
    Success,
    /// The source has errors, which were shown.
    Refused,
    /// The command line asks for what there is not.
    Usage,
}

impl Status {
    /// The exit status of the process.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Status::Success => 0,
            Status::Refused => 1,
            Status::Usage => 2,
        }
    }
}

/// Where a command writes.
pub struct Output<'a> {
    /// Results.
    pub out: &'a mut dyn Write,
    /// Diagnostics.
    pub err: &'a mut dyn Write,
    /// Whether results are written in colour.
    pub out_color: Color,
    /// Whether diagnostics are written in colour.
    pub err_color: Color,
}

/// Runs the command that the command line asks for.
///
/// # Errors
/// Standard output cannot be written.
pub fn run(options: &Options, output: &mut Output) -> std::io::Result<Status> {
    match &options.command {
        Command::Build(options) => build::run(options, output),
        Command::Check(options) => check::run(options, output),
        Command::Test(options) => test::run(options, output),
        Command::Simulate(options) => simulate::run(options, output),
        Command::Asm(options) => asm::run(options, output),
        Command::Image(options) => image::run(options, output),
        Command::Layout(options) => layout::run(options, output),
        Command::Diff(options) => diff::run(options, output),
        Command::Explain(options) => explain::run(options, output),
    }
}

/// Whether to write in colour to a stream that is a terminal or not.
#[must_use]
pub fn color_for(wish: ColorWish, stream: &impl IsTerminal) -> Color {
    let wanted = match wish {
        ColorWish::Always => true,
        ColorWish::Never => false,
        ColorWish::Auto => stream.is_terminal() && std::env::var_os("NO_COLOR").is_none(),
    };
    if wanted { Color::Ansi } else { Color::Plain }
}

/// How many warnings are shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Warnings {
    All,
    /// The first ones, and how many more there are.
    Few,
    /// None: the command is not about the source.
    None,
}

/// Warnings that a command shows that was not asked for them.
const FEW_WARNINGS: usize = 10;
/// The code of warnings about methods that nothing reaches, of which a program may have many.
const UNREACHED: &str = "T032";

/// Shows the diagnostics and how many there are; answers the status that they call for.
fn show(
    diagnostics: &Diagnostics,
    sources: &SourceMap,
    warnings: Warnings,
    output: &mut Output,
) -> std::io::Result<Status> {
    let limit = match warnings {
        Warnings::All => usize::MAX,
        Warnings::Few => FEW_WARNINGS,
        Warnings::None => 0,
    };
    let mut shown_warnings = 0;
    let (unreached, rest): (Diagnostics, Diagnostics) = diagnostics
        .iter()
        .cloned()
        .partition(|diagnostic| diagnostic.code == UNREACHED && warnings == Warnings::Few);
    let is_shown = |diagnostic: &&Diagnostic| {
        shown_warnings += usize::from(diagnostic.severity == Severity::Warning);
        diagnostic.severity == Severity::Error || shown_warnings <= limit
    };
    let shown: Diagnostics = rest.iter().filter(is_shown).cloned().collect();
    output
        .err
        .write_all(render_all(&shown, sources, output.err_color).as_bytes())?;
    if !unreached.is_empty() && !diagnostics.has_errors() {
        output
            .err
            .write_all(unreached_summary(&unreached, sources).as_bytes())?;
    }
    let is_told = warnings != Warnings::None || diagnostics.has_errors();
    if let Some(summary) = summary(diagnostics).filter(|_| is_told) {
        let more = if shown.len() < diagnostics.len() {
            "; `ouroc check` shows all"
        } else {
            ""
        };
        writeln!(output.err, "{summary}{more}")?;
    }
    output.err.flush()?;
    Ok(status(diagnostics))
}

/// One paragraph instead of a warning for each method that nothing reaches, which would bury the others.
fn unreached_summary(unreached: &Diagnostics, sources: &SourceMap) -> String {
    let mut files: BTreeMap<String, usize> = BTreeMap::new();
    for file in unreached
        .iter()
        .filter_map(|warning| sources.get(warning.place()?.file))
    {
        *files.entry(sources.shown_path(file)).or_default() += 1;
    }
    let (what, whole) = match unreached.len() {
        1 => ("method", 1),
        count => ("methods", count),
    };
    let mut text = format!("warning {UNREACHED}: nothing reaches {whole} {what}\n");
    for (file, count) in files.iter().take(FEW_WARNINGS) {
        text.push_str(&format!("  {count:>4} in {file}\n"));
    }
    if files.len() > FEW_WARNINGS {
        let others: usize = files.values().skip(FEW_WARNINGS).sum();
        text.push_str(&format!("  {others:>4} in other files\n"));
    }
    text.push_str("  = hint: `ouroc check` names each; packages that other programs use are listed as library in the description\n\n");
    text
}

/// A fault of the translator itself, which no source should be able to cause.
fn translator_fault(fault: &str, output: &mut Output) -> std::io::Result<Status> {
    writeln!(
        output.err,
        "ouroc: this is a fault of the translator: {fault}"
    )?;
    Ok(Status::Refused)
}

fn status(diagnostics: &Diagnostics) -> Status {
    if diagnostics.has_errors() {
        Status::Refused
    } else {
        Status::Success
    }
}

/// `2 errors, 1 warning`; none if there are neither.
fn summary(diagnostics: &Diagnostics) -> Option<String> {
    use Severity::{Error, Warning};
    let part = |severity, name: &str| match diagnostics.count(severity) {
        0 => None,
        1 => Some(format!("1 {name}")),
        count => Some(format!("{count} {name}s")),
    };
    let parts: Vec<_> = [part(Error, "error"), part(Warning, "warning")]
        .into_iter()
        .flatten()
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}
