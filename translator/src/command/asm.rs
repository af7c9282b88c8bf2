//! `ouroc asm`: the machine code of methods, with their Smalltalk source between the instructions.

use std::fmt::Write;
use std::io::Result;

use super::{Output, Status, Warnings, show, translator_fault};
use crate::base::render::Color;
use crate::ir::{FuncId, Module};
use crate::lower;
use crate::options::Asm;
use crate::pipeline::{Session, SourceFacts};
use crate::project::Tests;
use crate::report::{Line, Listing};

pub(super) fn run(options: &Asm, output: &mut Output) -> Result<Status> {
    let mut session = Session::default();
    let analyzed = session.analyze(&options.program.description, Tests::LeftOut);
    let checked = options.program.checked;
    let lowered = analyzed.as_ref().and_then(|analyzed| {
        session.lower(
            &analyzed.program,
            lower::Options {
                checked,
                ..lower::Options::default()
            },
        )
    });
    session.diagnostics.sort();
    let (Some(analyzed), Some(mut lowered)) = (analyzed, lowered) else {
        return show(
            &session.diagnostics,
            &session.sources,
            Warnings::None,
            output,
        );
    };
    let known = |name: &str| {
        lowered
            .module
            .functions
            .values()
            .any(|function| belongs(&function.name, name))
    };
    if let Some(name) = options.names.iter().find(|name| !known(name)) {
        writeln!(output.err, "nothing that is compiled is called {name}")?;
        return Ok(Status::Usage);
    }
    if let Err(fault) = session.optimize(&mut lowered.module) {
        return translator_fault(&fault, output);
    }
    let code = match session.compile(&lowered.module) {
        Ok(code) => code,
        Err(fault) => return translator_fault(&fault, output),
    };
    for name in &options.names {
        let found = matching(&lowered.module, name);
        if found.is_empty() {
            writeln!(
                output.out,
                "{name}: expanded wherever it is called, or not reached; no code of its own\n"
            )?;
        }
        for id in found {
            if options.ir {
                writeln!(output.out, "{}", lowered.module.function_text(id))?;
            }
            let listing = Listing::new(&code, id);
            let text = interleaved(&listing, &analyzed.facts, &session, output.out_color);
            writeln!(output.out, "{text}")?;
        }
    }
    Ok(Status::Success)
}

/// Whether a function is that of the method, one of its parts, its copy for an opcode (`name[3]`), or one of the methods of the class that is called `wanted`.
fn belongs(function: &str, wanted: &str) -> bool {
    let method = function.split(" (").next().unwrap_or(function);
    let copy_of = method.split('[').next().unwrap_or(method);
    method == wanted
        || copy_of == wanted
        || !wanted.contains(">>")
            && method
                .split_once(">>")
                .is_some_and(|(class, _)| class == wanted)
}

fn matching(module: &Module, name: &str) -> Vec<FuncId> {
    let functions = module.functions.iter();
    functions
        .filter(|(_, function)| function.has_body() && belongs(&function.name, name))
        .map(|(id, _)| id)
        .collect()
}

/// The listing with the source line in front of the instructions that belong to it.
fn interleaved(listing: &Listing, facts: &SourceFacts, session: &Session, color: Color) -> String {
    let (strong, dim, end) = match color {
        Color::Ansi => ("\x1b[1m", "\x1b[36m", "\x1b[0m"),
        Color::Plain => ("", "", ""),
    };
    let mut text = format!("{strong}{}{end}  {} bytes\n", listing.name, listing.size);
    let mut shown = None;
    // Writing into a string does not fail.
    for line in &listing.lines {
        let _ = match line {
            Line::Source { method, line } => {
                if shown != Some((method, *line)) {
                    let source = source_line(method, *line, facts, session);
                    let _ = writeln!(text, "{dim}{:<38} | {source}{end}", place(method, *line));
                }
                shown = Some((method, *line));
                Ok(())
            }
            Line::Label(label) => writeln!(text, "L{label}:"),
            Line::Code {
                offset,
                text: instruction,
                ..
            } => writeln!(text, "  {offset:>5x}  {instruction}"),
        };
    }
    text
}

fn place(method: &str, line: u32) -> String {
    if line == 0 {
        method.to_owned()
    } else {
        format!("{method} {line}")
    }
}

/// The text of a line of the file in which the method stands.
fn source_line<'s>(method: &str, line: u32, facts: &SourceFacts, session: &'s Session) -> &'s str {
    let file = facts
        .method_files
        .get(method)
        .and_then(|file| session.sources.get(*file));
    file.filter(|_| line > 0)
        .map_or("", |file| file.line_text(line).trim())
}
