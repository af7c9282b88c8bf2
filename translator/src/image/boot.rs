//! The boot method: what the image does first.
//!
//! In: the description's boot source and the start expression. Out: its tree, and the side of the class that it is compiled for.

use super::description::{BootSource, ImageDescription, Role, Value};
use super::model::{Model, Side};
use super::shape::Shapes;
use super::sources::Reading;
use super::world::{class_side, instance_side};
use crate::base::{Diagnostic, Diagnostics, FileId, Interner, SourceMap, Span};
use crate::project::read_regular;
use crate::syntax::ast::Method;
use crate::syntax::parser::parse_method_text;

/// The most arguments that a method can have.
const MOST_ARGUMENTS: usize = 15;

/// The boot method with the statements of the start expression behind its own.
pub struct BootMethod {
    /// Its tree. Places in the start expression are behind the boot method's own text.
    pub method: Method,
    start: StartText,
}

/// Where the start expression stands.
struct StartText {
    /// The whole text that was parsed.
    whole: FileId,
    /// Where the start expression begins there.
    offset: u32,
    /// The source of its own that messages show.
    own: FileId,
    /// The length of that.
    length: u32,
}

impl BootMethod {
    /// Appends to `all` what was found, with the places that lie in the start expression shown there.
    pub fn tell(&self, found: Diagnostics, all: &mut Diagnostics) {
        self.start.tell(found, all);
    }
}

impl StartText {
    fn tell(&self, found: Diagnostics, all: &mut Diagnostics) {
        for mut diagnostic in found {
            for label in &mut diagnostic.labels {
                label.span = self.shown(label.span);
            }
            all.push(diagnostic);
        }
    }

    fn shown(&self, span: Span) -> Span {
        if self.length == 0 || span.is_none() || span.file != self.whole || span.end <= self.offset
        {
            return span;
        }
        let own = |place: u32| place.saturating_sub(self.offset).min(self.length) as usize;
        Span::new(self.own, own(span.start), own(span.end))
    }
}

/// Reads the boot method, with the statements of `start`, which messages call `start_name`, behind its own; none after an error.
pub fn read(
    reading: &Reading,
    (start_name, start): (&str, &str),
    sources: &mut SourceMap,
    interner: &mut Interner,
    diagnostics: &mut Diagnostics,
) -> Option<BootMethod> {
    let boot = &reading.description.boot;
    let (name, text) = match &boot.source {
        BootSource::Text(text) => ("the boot method".to_owned(), text.clone()),
        BootSource::File(file) => {
            let path = reading.path(file);
            match read_regular(&path).and_then(text_of) {
                Ok(text) => (path.to_string_lossy().into_owned(), text),
                Err(error) => {
                    let message = format!("cannot read {}: {error}", path.display());
                    let error = Diagnostic::error("I012", message)
                        .primary(reading.place_of(file), "named here");
                    let hint =
                        "it is a file of UTF-8 text; the path is relative to the description";
                    diagnostics.push(error.hint(hint));
                    return None;
                }
            }
        }
    };
    let start = start.trim();
    let (whole, offset) = with_start(&text, start);
    let start = StartText {
        whole: sources.add(name, whole),
        offset,
        own: sources.add(start_name, start),
        length: u32::try_from(start.len()).unwrap_or(u32::MAX),
    };
    let whole = &sources.file(start.whole).text;
    let (method, found) = parse_method_text(whole, start.whole, interner);
    let has_errors = found.has_errors();
    start.tell(found, diagnostics);
    let (given, wanted) = (boot.arguments.len(), method.params.len());
    if !has_errors && (given != wanted || given > MOST_ARGUMENTS) {
        let message =
            format!("the boot method takes {wanted} arguments but the description gives {given}");
        let error = Diagnostic::error("I012", message).primary(method.pattern_span, "");
        diagnostics.push(error.hint("`arguments` has one value for each, at most 15"));
        return None;
    }
    (!has_errors).then_some(BootMethod { method, start })
}

fn text_of(bytes: Vec<u8>) -> std::io::Result<String> {
    let kind = std::io::ErrorKind::InvalidData;
    String::from_utf8(bytes).map_err(|error| std::io::Error::new(kind, error))
}

/// The statements of `start` behind those of the boot method, and where they begin.
fn with_start(text: &str, start: &str) -> (String, u32) {
    let mut whole = text.trim_end().to_owned();
    if !start.is_empty() {
        whole.push_str(if whole.ends_with('.') { "\n" } else { "\n.\n" });
    }
    // Temporaries can stand at the beginning of a block only.
    let in_block = behind_comments(start).starts_with('|');
    if in_block {
        whole.push_str("[ ");
    }
    let offset = u32::try_from(whole.len()).unwrap_or(u32::MAX);
    whole.push_str(start);
    if in_block {
        whole.push_str("\n] value");
    }
    whole.push('\n');
    (whole, offset)
}

/// The text without the comments and spaces at its start.
fn behind_comments(text: &str) -> &str {
    let mut rest = text.trim_start();
    while let Some((_, behind)) = rest.strip_prefix('"').and_then(|text| text.split_once('"')) {
        rest = behind.trim_start();
    }
    rest
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
