//! The boot method: what the image does first.
//!
//! In: the description's boot source and the start expression. Out: its tree, and the side of the class that it is compiled for.

use super::description::{BootSource, ImageDescription, Role, Value};
use super::model::{Model, Side};
use super::shape::Shapes;
use super::sources::Reading;
use super::world::{class_side, instance_side};
use crate::base::{Diagnostic, Diagnostics, Interner, SourceMap};
use crate::syntax::ast::Method;
use crate::syntax::parser::parse_method_text;

/// The most arguments that a method can have.
const MOST_ARGUMENTS: usize = 15;

/// Reads the boot method, with the statements of `start` behind its own; none after an error.
pub fn read(
    reading: &Reading,
    start: &str,
    sources: &mut SourceMap,
    interner: &mut Interner,
    diagnostics: &mut Diagnostics,
) -> Option<Method> {
    let boot = &reading.description.boot;
    let (name, text) = match &boot.source {
        BootSource::Text(text) => ("the boot method".to_owned(), text.clone()),
        BootSource::File(file) => {
            let path = reading.path(file);
            match std::fs::read_to_string(&path) {
                Ok(text) => (path.to_string_lossy().into_owned(), text),
                Err(error) => {
                    let message = format!("cannot read {}: {error}", path.display());
                    let error = Diagnostic::error("I012", message)
                        .primary(reading.place_of(file), "named here");
                    diagnostics.push(error.hint("the path is relative to the description"));
                    return None;
                }
            }
        }
    };
    let file = sources.add(name, with_start(&text, start));
    let (method, found) = parse_method_text(&sources.file(file).text, file, interner);
    let has_errors = found.has_errors();
    diagnostics.append(found);
    let (given, wanted) = (boot.arguments.len(), method.params.len());
    if !has_errors && (given != wanted || given > MOST_ARGUMENTS) {
        let message =
            format!("the boot method takes {wanted} arguments but the description gives {given}");
        let error = Diagnostic::error("I012", message).primary(method.pattern_span, "");
        diagnostics.push(error.hint("`arguments` has one value for each, at most 15"));
        return None;
    }
    (!has_errors).then_some(method)
}

/// The statements of `start` behind those of the boot method.
fn with_start(text: &str, start: &str) -> String {
    let text = text.trim_end();
    let separator = if text.ends_with('.') { "" } else { "\n." };
    match start.trim() {
        "" => text.to_owned(),
        // Temporaries can stand at the beginning of a block only.
        start if start.starts_with('|') => format!("{text}{separator}\n[ {start} ] value\n"),
        start => format!("{text}{separator}\n{start}\n"),
    }
}

/// The class whose variables the boot method sees: that of its receiver, as far as it is known here.
#[must_use]
pub fn side(
    description: &ImageDescription,
    model: &Model,
    shapes: &Shapes,
    interner: &Interner,
) -> Option<Side> {
    if let Value::Class(name) = &description.boot.receiver {
        return model.class_named(name, interner).map(class_side);
    }
    let nil = shapes.roles.get(&Role::Nil);
    nil.map(|&class| instance_side(class))
}
