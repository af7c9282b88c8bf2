//! What is told to the user about his source: collected, never thrown, so that one run shows many errors.

use crate::base::source::Span;

/// How grave a diagnostic is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// The program is refused.
    Error,
    /// The program is accepted.
    Warning,
}

/// A place in the source and what is to be said of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What is to be said there; may be empty.
    pub text: String,
    /// Whether this is the place to change; the others explain.
    pub primary: bool,
}

/// One message: lower case, without final stop, naming things as the user writes them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// A letter for the stage and three digits, such as `T012`; `ouroc explain` knows each.
    pub code: &'static str,
    /// Error or warning.
    pub severity: Severity,
    /// One sentence.
    pub message: String,
    /// All places involved, the primary one first.
    pub labels: Vec<Label>,
    /// How to repair it. A diagnostic without one cannot be made.
    pub hint: String,
}

/// What is wrong, and where: a diagnostic once [`Draft::hint`] says how to repair it.
#[derive(Clone, PartialEq, Eq, Debug)]
#[must_use = "a draft becomes a diagnostic by its hint"]
pub struct Draft {
    code: &'static str,
    severity: Severity,
    message: String,
    labels: Vec<Label>,
}

/// The diagnostics of a run, in the order in which they were found.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Diagnostics {
    all: Vec<Diagnostic>,
}

impl Draft {
    fn new(code: &'static str, severity: Severity, message: String) -> Self {
        Draft {
            code,
            severity,
            message,
            labels: Vec::new(),
        }
    }

    /// With the place to change.
    pub fn primary(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label::primary(span, text.into()));
        self
    }

    /// With a place that explains.
    pub fn secondary(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label::secondary(span, text.into()));
        self
    }

    /// The diagnostic, with a way to repair it.
    #[must_use]
    pub fn hint(self, text: impl Into<String>) -> Diagnostic {
        Diagnostic {
            code: self.code,
            severity: self.severity,
            message: self.message,
            labels: self.labels,
            hint: text.into(),
        }
    }
}

impl Label {
    fn primary(span: Span, text: String) -> Self {
        Label {
            span,
            text,
            primary: true,
        }
    }

    fn secondary(span: Span, text: String) -> Self {
        Label {
            span,
            text,
            primary: false,
        }
    }
}

impl Diagnostic {
    /// An error without places yet.
    pub fn error(code: &'static str, message: impl Into<String>) -> Draft {
        Draft::new(code, Severity::Error, message.into())
    }

    /// A warning without places yet.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Draft {
        Draft::new(code, Severity::Warning, message.into())
    }

    /// With the place to change.
    #[must_use]
    pub fn primary(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label::primary(span, text.into()));
        self
    }

    /// With a place that explains.
    #[must_use]
    pub fn secondary(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label::secondary(span, text.into()));
        self
    }

    /// The place that is shown first: that of the first primary label, else of the first one.
    #[must_use]
    pub fn place(&self) -> Option<Span> {
        let drawn = || self.labels.iter().filter(|label| !label.span.is_none());
        drawn()
            .find(|label| label.primary)
            .or_else(|| drawn().next())
            .map(|label| label.span)
    }
}

impl Diagnostics {
    /// No diagnostics.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.all.push(diagnostic);
    }

    /// Adds all of `other`.
    pub fn append(&mut self, other: Diagnostics) {
        self.all.extend(other.all);
    }

    /// Whether there is an error among them.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.all
            .iter()
            .any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// How many there are of a severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.all
            .iter()
            .filter(|diagnostic| diagnostic.severity == severity)
            .count()
    }

    /// All, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.all.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Brings them into the order of their places (file, offset), then of their codes; exact repetitions are dropped.
    pub fn sort(&mut self) {
        self.all
            .sort_by(|a, b| (a.place(), a.code, &a.message).cmp(&(b.place(), b.code, &b.message)));
        self.all.dedup();
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.all.into_iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.all.iter()
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(all: I) -> Self {
        Diagnostics {
            all: all.into_iter().collect(),
        }
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, more: I) {
        self.all.extend(more);
    }
}
