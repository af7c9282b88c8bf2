//! `ouroc image`: Smalltalk sources to an image.

use std::collections::BTreeMap;
use std::io::Result;
use std::path::Path;
use std::time::Duration;

use super::replace::{Use, is_same_place, replace_file};
use super::screen::{grouped, milliseconds};
use super::{Output, Status, Warnings, show};
use crate::base::Severity;
use crate::image::{self, Built, Request, Shared};
use crate::options::Image;

pub(super) fn run(options: &Image, output: &mut Output) -> Result<Status> {
    let defines: BTreeMap<_, _> = options.defines.iter().cloned().collect();
    let request = Request {
        path: &options.description,
        defines: &defines,
        added: &options.added,
        start: options.start.as_deref(),
        list: options.list.as_deref(),
    };
    let mut shared = Shared::default();
    let built = image::build(&request, &mut shared);
    shared.diagnostics.sort();
    let status = show(&shared.diagnostics, &shared.sources, Warnings::Few, output)?;
    let Some(built) = built else {
        return Ok(Status::Refused);
    };
    if let Some(listing) = &built.listing {
        write!(output.out, "{listing}")?;
        return Ok(status);
    }
    let default = options.description.with_extension("image");
    let path = options.output.as_deref().unwrap_or(&default);
    if is_same_place(path, &options.description) {
        let path = path.display();
        writeln!(
            output.err,
            "ouroc: {path} cannot be both the description and the image"
        )?;
        return Ok(Status::Usage);
    }
    if let Some((name, text)) = &built.source_file {
        let file = path.with_file_name(name);
        if [path, &options.description]
            .iter()
            .any(|other| is_same_place(&file, other))
        {
            let file = file.display();
            writeln!(
                output.err,
                "ouroc: {file} cannot be both the sources and the description or the image"
            )?;
            return Ok(Status::Usage);
        }
        replace_file(&file, text.as_bytes(), Use::Data)?;
    }
    replace_file(path, &built.bytes, Use::Data)?;
    let warnings = shared.diagnostics.count(Severity::Warning);
    write!(
        output.out,
        "{}",
        screen(path, &built, warnings, &shared.stages)
    )?;
    Ok(status)
}

/// What the command ends with.
fn screen(
    path: &Path,
    built: &Built,
    warnings: usize,
    stages: &[(&'static str, Duration)],
) -> String {
    let total: Duration = stages.iter().map(|(_, time)| *time).sum();
    let cells: Vec<_> = stages
        .iter()
        .map(|(name, time)| format!("{name:<9} {:>8}", milliseconds(*time)))
        .collect();
    let mut lines = vec![
        format!(
            "{}  {} bytes, in {}",
            path.display(),
            grouped(built.bytes.len()),
            milliseconds(total)
        ),
        String::new(),
        format!("  {}", cells.join("   ")),
        String::new(),
    ];
    let rows = [
        ("classes", built.classes),
        ("methods", built.methods),
        ("objects", built.objects),
        ("symbols", built.symbols),
        ("undeclared", built.undeclared),
        ("warnings", warnings),
    ];
    lines.extend(
        rows.iter()
            .map(|(name, count)| format!("  {name:<18} {}", grouped(*count))),
    );
    lines.join("\n") + "\n"
}
