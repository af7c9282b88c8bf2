//! Diagnostics as text with source excerpts, and as JSON for editors.
//!
//! ```text
//! error T012: argument 2 of #copySlots:from: is Oop, expected Address
//!   --> VM-GC/RememberedSet.class.st:31:45
//!    |
//! 31 |     newEntries copySlots: size from: anOop.
//!    |                                      ^^^^^ this is Oop
//!   ::: VM-Types/Address.class.st:10:1
//!    |
//! 10 | Address >> copySlots: aCount from: anAddress [
//!    |                                    --------- declared Address
//!    = hint: send #asAddress
//! ```

use std::fmt::Write;

use crate::base::diagnostic::{Diagnostic, Diagnostics, Label, Severity};
use crate::base::source::{FileId, SourceFile, SourceMap};

/// Whether escape sequences for colour are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Color {
    /// Text only.
    Plain,
    /// For a terminal.
    Ansi,
}

/// A colour by its use.
#[derive(Clone, Copy)]
enum Ink {
    Error,
    Warning,
    Frame,
    Secondary,
    Strong,
}

/// All diagnostics, each followed by an empty line.
#[must_use]
pub fn render_all(diagnostics: &Diagnostics, sources: &SourceMap, color: Color) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics {
        text.push_str(&render(diagnostic, sources, color));
        text.push('\n');
    }
    text
}

/// One diagnostic, with the lines of all its places and its hint.
#[must_use]
pub fn render(diagnostic: &Diagnostic, sources: &SourceMap, color: Color) -> String {
    let excerpts = excerpts(diagnostic, sources);
    let last_line = excerpts
        .iter()
        .filter_map(|excerpt| excerpt.lines.last())
        .map(|line| line.number)
        .max();
    let margin = last_line.unwrap_or(1).to_string().len();
    let mut writer = Writer {
        out: String::new(),
        color,
        margin,
        severity: diagnostic.severity,
    };
    writer.headline(diagnostic);
    for (index, excerpt) in excerpts.iter().enumerate() {
        writer.excerpt(excerpt, if index == 0 { "-->" } else { ":::" });
    }
    writer.hint(&diagnostic.hint);
    writer.out
}

/// All diagnostics as a JSON array; lines and columns count from 1, columns in characters.
#[must_use]
pub fn to_json(diagnostics: &Diagnostics, sources: &SourceMap) -> String {
    let all: Vec<_> = diagnostics
        .iter()
        .map(|diagnostic| diagnostic_to_json(diagnostic, sources))
        .collect();
    serde_json::Value::Array(all).to_string()
}

fn diagnostic_to_json(diagnostic: &Diagnostic, sources: &SourceMap) -> serde_json::Value {
    let label_to_json = |label: &Label| {
        let file = sources.get(label.span.file)?;
        let (start, end) = (
            file.position(label.span.start),
            file.position(label.span.end),
        );
        Some(serde_json::json!({
            "file": sources.shown_path(file), "line": start.line, "column": start.column, "endLine": end.line, "endColumn": end.column,
            "text": label.text, "primary": label.primary,
        }))
    };
    serde_json::json!({
        "code": diagnostic.code,
        "severity": severity_name(diagnostic.severity),
        "message": diagnostic.message,
        "labels": diagnostic.labels.iter().filter_map(label_to_json).collect::<Vec<_>>(),
        "hint": diagnostic.hint,
    })
}

fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// The lines of one file that have labels.
struct Excerpt<'a> {
    /// Path, line and column of the first label.
    heading: String,
    lines: Vec<MarkedLine<'a>>,
}

/// A source line and its labels from left to right.
struct MarkedLine<'a> {
    number: u32,
    /// The text with tabs replaced by spaces.
    text: String,
    marks: Vec<Mark<'a>>,
}

/// A label in columns of the drawn line.
struct Mark<'a> {
    start: usize,
    /// At least one more than `start`.
    end: usize,
    label: &'a Label,
}

/// The excerpts of a diagnostic: the file of its place first, the others in the order of their labels.
fn excerpts<'a>(diagnostic: &'a Diagnostic, sources: &'a SourceMap) -> Vec<Excerpt<'a>> {
    let mut files: Vec<FileId> = diagnostic
        .place()
        .map(|span| span.file)
        .into_iter()
        .collect();
    for label in &diagnostic.labels {
        if !files.contains(&label.span.file) {
            files.push(label.span.file);
        }
    }
    let excerpt_of = |id: FileId| {
        let labels = diagnostic
            .labels
            .iter()
            .filter(|label| label.span.file == id)
            .collect();
        let file = sources.get(id)?;
        Some(excerpt(file, &sources.shown_path(file), labels))
    };
    files.into_iter().filter_map(excerpt_of).collect()
}

fn excerpt<'a>(file: &'a SourceFile, path: &str, mut labels: Vec<&'a Label>) -> Excerpt<'a> {
    let first = labels.iter().find(|label| label.primary).or(labels.first());
    let heading = first.map_or(String::new(), |label| {
        format!("{path}:{}", file.position(label.span.start))
    });
    labels.sort_by_key(|label| (label.span.start, label.span.end));
    let mut lines: Vec<MarkedLine> = Vec::new();
    for label in labels {
        let number = file.line_of(label.span.start);
        if lines.last().is_none_or(|line| line.number != number) {
            lines.push(MarkedLine {
                number,
                text: expand_tabs(file.line_text(number)),
                marks: Vec::new(),
            });
        }
        let mark = mark(file, number, label);
        if let Some(line) = lines.last_mut() {
            line.marks.push(mark);
        }
    }
    lines.iter_mut().for_each(MarkedLine::clip);
    Excerpt { heading, lines }
}

/// Columns of a source line that are drawn.
const WIDEST_LINE: usize = 140;
/// Columns that are drawn before the place to change, where a line is clipped.
const SHOWN_BEFORE: usize = 50;
/// Stands for what is left out at either end.
const LEFT_OUT: char = '…';

impl MarkedLine<'_> {
    /// Leaves of a very long line what is around its place to change; marks outside point to the end behind which they are.
    fn clip(&mut self) {
        let width = self.text.chars().count();
        if width <= WIDEST_LINE {
            return;
        }
        let primary = self.marks.iter().find(|mark| mark.label.primary);
        let place = primary.or(self.marks.first()).map_or(0, |mark| mark.start);
        let from = place.saturating_sub(SHOWN_BEFORE).min(width - WIDEST_LINE);
        let to = from + WIDEST_LINE;
        let shown = self.text.chars().enumerate().skip(from).take(WIDEST_LINE);
        let is_edge = |column| (column == from && from > 0) || (column + 1 == to && to < width);
        self.text = shown
            .map(|(column, character)| if is_edge(column) { LEFT_OUT } else { character })
            .collect();
        for mark in &mut self.marks {
            mark.start = mark.start.clamp(from, to - 1) - from;
            mark.end = (mark.end.clamp(from, to) - from).max(mark.start + 1);
        }
    }
}

/// The label's columns in the drawn line; what goes on in the next line is marked up to the end of this one.
fn mark<'a>(file: &SourceFile, line: u32, label: &'a Label) -> Mark<'a> {
    let line_start = file.line_range(line).start;
    let text = file.line_text(line);
    let column = |offset: u32| {
        let inside = (offset as usize).saturating_sub(line_start).min(text.len());
        let before = text.get(..inside).unwrap_or(text);
        expand_tabs(before).chars().count()
    };
    let start = column(label.span.start);
    Mark {
        start,
        end: column(label.span.end).max(start + 1),
        label,
    }
}

/// The width at which a tab is drawn.
const TAB: &str = "    ";

fn expand_tabs(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\t' => character,
            other => visible(other),
        })
        .collect::<String>()
        .replace('\t', TAB)
}

/// A character that draws itself in one column, whatever the terminal: control characters have their pictures, and what turns the
/// direction of writing or has no width is replaced.
fn visible(character: char) -> char {
    match character {
        '\0'..='\u{1F}' => char::from_u32(0x2400 + u32::from(character)).unwrap_or('\u{FFFD}'),
        '\u{7F}' => '\u{2421}',
        '\u{80}'..='\u{9F}' => '\u{FFFD}',
        '\u{200B}'..='\u{200F}'
        | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}'
        | '\u{FEFF}' => '\u{FFFD}',
        other => other,
    }
}

/// The text of a message, label or hint, in which names of the user may stand.
fn printable(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\n' => character,
            other => visible(other),
        })
        .collect()
}

/// The text under construction.
struct Writer {
    out: String,
    color: Color,
    /// Digits of the greatest line number.
    margin: usize,
    severity: Severity,
}

impl Writer {
    fn headline(&mut self, diagnostic: &Diagnostic) {
        let ink = self.main_ink();
        let title = format!("{} {}", severity_name(diagnostic.severity), diagnostic.code);
        self.put(ink, &title);
        self.put(
            Ink::Strong,
            &format!(": {}", printable(&diagnostic.message)),
        );
        self.out.push('\n');
    }

    fn excerpt(&mut self, excerpt: &Excerpt, arrow: &str) {
        let indent = " ".repeat(self.margin);
        self.put(Ink::Frame, &format!("{indent} {arrow} "));
        let _ = writeln!(self.out, "{}", printable(&excerpt.heading));
        self.gutter("");
        self.out.push('\n');
        let mut previous = None;
        for line in &excerpt.lines {
            if previous.is_some_and(|number: u32| number + 1 < line.number) {
                self.put(Ink::Frame, "...");
                self.out.push('\n');
            }
            previous = Some(line.number);
            self.line(line);
        }
    }

    fn line(&mut self, line: &MarkedLine) {
        self.gutter(&line.number.to_string());
        if !line.text.is_empty() {
            let _ = write!(self.out, " {}", line.text.trim_end());
        }
        self.out.push('\n');
        self.underlines(line);
        // The texts of all marks but the last, which stands beside its underline, from right to left.
        let count = line.marks.len();
        for index in (0..count.saturating_sub(1)).rev() {
            if !line.marks[index].label.text.is_empty() {
                self.hanging_text(&line.marks[..=index]);
            }
        }
    }

    /// The row of `^^^^` and `----` with the text of the last mark.
    fn underlines(&mut self, line: &MarkedLine) {
        self.gutter("");
        self.out.push(' ');
        let width = line.marks.iter().map(|mark| mark.end).max().unwrap_or(0);
        for column in 0..width {
            let here = |mark: &&Mark| mark.start <= column && column < mark.end;
            let covering = || line.marks.iter().filter(here);
            match covering()
                .find(|mark| mark.label.primary)
                .or_else(|| covering().next())
            {
                Some(mark) => self.put(
                    self.mark_ink(mark),
                    if mark.label.primary { "^" } else { "-" },
                ),
                None => self.out.push(' '),
            }
        }
        if let Some(last) = line.marks.last().filter(|mark| !mark.label.text.is_empty()) {
            self.put(
                self.mark_ink(last),
                &format!(" {}", printable(&last.label.text)),
            );
        }
        self.out.push('\n');
    }

    /// A row with a bar under each mark that still waits for its text, and the text of the last of `marks`.
    fn hanging_text(&mut self, marks: &[Mark]) {
        let Some((last, waiting)) = marks.split_last() else {
            return;
        };
        self.gutter("");
        self.out.push(' ');
        for column in 0..last.start {
            let bar = waiting
                .iter()
                .find(|mark| mark.start == column && !mark.label.text.is_empty());
            match bar {
                Some(mark) => self.put(self.mark_ink(mark), "|"),
                None => self.out.push(' '),
            }
        }
        self.put(self.mark_ink(last), &printable(&last.label.text));
        self.out.push('\n');
    }

    fn hint(&mut self, hint: &str) {
        let indent = " ".repeat(self.margin);
        let hint = printable(hint);
        let mut lines = hint.lines();
        self.put(Ink::Frame, &format!("{indent} = "));
        self.put(Ink::Strong, "hint");
        let _ = writeln!(self.out, ": {}", lines.next().unwrap_or(""));
        for line in lines {
            let _ = writeln!(self.out, "{indent}         {line}");
        }
    }

    fn gutter(&mut self, number: &str) {
        let text = format!("{number:>width$} |", width = self.margin);
        self.put(Ink::Frame, &text);
    }

    fn mark_ink(&self, mark: &Mark) -> Ink {
        if mark.label.primary {
            self.main_ink()
        } else {
            Ink::Secondary
        }
    }

    fn main_ink(&self) -> Ink {
        match self.severity {
            Severity::Error => Ink::Error,
            Severity::Warning => Ink::Warning,
        }
    }

    fn put(&mut self, ink: Ink, text: &str) {
        if self.color == Color::Plain {
            self.out.push_str(text);
            return;
        }
        let code = match ink {
            Ink::Error => "1;31",
            Ink::Warning => "1;33",
            Ink::Frame => "34",
            Ink::Secondary => "36",
            Ink::Strong => "1",
        };
        let _ = write!(self.out, "\x1b[{code}m{text}\x1b[0m");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::source::Span;

    fn sample() -> (SourceMap, Diagnostics) {
        let mut sources = SourceMap::new();
        let a = sources.add("A.class.st", "Foo >> bar [\n\n\t^ size + anOop\n]\n");
        let b = sources.add("B.class.st", "Oop class\n");
        let diagnostic = Diagnostic::error("S001", "Oop has no #+")
            .primary(Span::new(a, 22, 23), "not understood")
            .secondary(Span::new(a, 17, 21), "a SlotCount")
            .secondary(Span::new(a, 24, 29), "an Oop")
            .secondary(Span::new(b, 0, 3), "defined here")
            .hint("convert first");
        (sources, Diagnostics::from_iter([diagnostic]))
    }

    #[test]
    fn every_place_is_shown_with_its_line_and_text() {
        let (sources, diagnostics) = sample();
        let expected = "\
error S001: Oop has no #+
  --> A.class.st:3:9
  |
3 |     ^ size + anOop
  |       ---- ^ ----- an Oop
  |       |    not understood
  |       a SlotCount
  ::: B.class.st:1:1
  |
1 | Oop class
  | --- defined here
  = hint: convert first

";
        assert_eq!(render_all(&diagnostics, &sources, Color::Plain), expected);
    }

    #[test]
    fn colour_adds_only_escape_sequences() {
        let (sources, diagnostics) = sample();
        let coloured = render_all(&diagnostics, &sources, Color::Ansi);
        let plain: String = coloured
            .split('\x1b')
            .enumerate()
            .map(|(index, part)| {
                if index == 0 {
                    part
                } else {
                    part.split_once('m').unwrap().1
                }
            })
            .collect();
        assert_ne!(coloured, plain);
        assert_eq!(plain, render_all(&diagnostics, &sources, Color::Plain));
    }

    #[test]
    fn json_names_lines_and_columns() {
        let (sources, diagnostics) = sample();
        let value: serde_json::Value =
            serde_json::from_str(&to_json(&diagnostics, &sources)).unwrap();
        assert_eq!(value[0]["code"], "S001");
        assert_eq!(value[0]["labels"][0]["line"], 3);
        assert_eq!(value[0]["labels"][0]["column"], 9);
        assert_eq!(value[0]["labels"][3]["file"], "B.class.st");
    }

    #[test]
    fn very_long_lines_are_clipped_around_the_place() {
        let mut sources = SourceMap::new();
        let text = format!("{}bad{}", "a ".repeat(5000), " z".repeat(5000));
        let file = sources.add("A.st", text);
        let diagnostic = Diagnostic::error("S001", "odd")
            .primary(Span::new(file, 10_000, 10_003), "here")
            .secondary(Span::new(file, 0, 1), "far left")
            .secondary(Span::new(file, 20_000, 20_002), "far right")
            .hint("remove it");
        let text = render(&diagnostic, &sources, Color::Plain);
        assert!(
            text.lines().all(|line| line.chars().count() < 170),
            "{text}"
        );
        let line = |part: &str| text.lines().find(|line| line.contains(part)).unwrap();
        let source = line("bad");
        assert!(source.contains("| …") && source.ends_with('…'), "{text}");
        let column = |line: &str, part: &str| line[..line.find(part).unwrap()].chars().count();
        assert_eq!(column(source, "bad"), column(line("^^^"), "^^^"), "{text}");
        assert!(
            text.contains("far left") && text.contains("far right"),
            "{text}"
        );
    }

    #[test]
    fn characters_that_draw_nothing_or_steer_the_terminal_are_shown() {
        let mut sources = SourceMap::new();
        let file = sources.add("A.st", "a \u{1b}[31m\u{202e}\u{9b}b");
        let diagnostic = Diagnostic::error("S001", "name \u{7} of \u{1b}]0;x")
            .primary(Span::new(file, 2, 3), "\u{1b}[2J")
            .hint("\u{8}");
        let text = render(&diagnostic, &sources, Color::Plain);
        assert!(
            text.chars().all(|c| c == '\n' || !c.is_control()) && !text.contains('\u{202e}'),
            "{text:?}"
        );
        assert!(text.contains("a \u{241b}[31m\u{fffd}\u{fffd}b"), "{text}");
    }

    #[test]
    fn places_outside_of_every_file_do_no_harm() {
        let mut sources = SourceMap::new();
        let file = sources.add("A.st", "ö");
        let wild = Diagnostic::warning("S002", "odd")
            .primary(Span::new(file, 1, 900), "inside ö")
            .secondary(Span::none(), "x")
            .hint("look there");
        assert!(render(&wild, &sources, Color::Plain).contains("A.st:1:"));
    }
}
