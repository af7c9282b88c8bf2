//! Source files and positions in them.
//!
//! A [`Span`] is a range of bytes in a file; lines and columns are computed only for output.

use std::fmt;

use crate::base::entity::{EntityRef, PrimaryMap, entity};

entity!(
    /// A source file of a [`SourceMap`].
    FileId,
    "file"
);

/// A range of bytes in a source file: from `start` up to, but not with, `end`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// Offset of the first byte.
    pub start: u32,
    /// Offset behind the last byte.
    pub end: u32,
}

/// A line and a column as editors count them: both from 1, columns in characters, a tab is one character.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Position {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
}

/// A file's path, as shown to the user, and its text.
pub struct SourceFile {
    /// The path with `/` between folders, relative to the folder of the build description: the same wherever that folder is.
    pub path: String,
    /// The whole text.
    pub text: String,
    /// Offset of the first byte of each line, ascending; the first is 0.
    line_starts: Vec<u32>,
}

/// All source files of a run.
#[derive(Default)]
pub struct SourceMap {
    files: PrimaryMap<FileId, SourceFile>,
    /// What a path that the user can follow has in front: empty, or ends with `/`.
    folder: String,
}

impl Span {
    /// The range `start..end` of `file`.
    #[must_use]
    pub fn new(file: FileId, start: usize, end: usize) -> Self {
        let offset = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        Span {
            file,
            start: offset(start),
            end: offset(end),
        }
    }

    /// The place of what no source text was written for; a label there is not drawn.
    #[must_use]
    pub fn none() -> Self {
        Span {
            file: FileId::new(u32::MAX as usize),
            start: 0,
            end: 0,
        }
    }

    /// Whether this is [`Span::none`].
    #[must_use]
    pub fn is_none(self) -> bool {
        self == Self::none()
    }

    /// The smallest range that covers both; `self` if they are in different files.
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        if self.file != other.file {
            return self;
        }
        Span {
            file: self.file,
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }

    /// The empty range at the start.
    #[must_use]
    pub fn at_start(self) -> Span {
        Span {
            end: self.start,
            ..self
        }
    }

    /// The empty range behind the end.
    #[must_use]
    pub fn at_end(self) -> Span {
        Span {
            start: self.end,
            ..self
        }
    }

    /// The range as indices into the file's text.
    #[must_use]
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The number of bytes covered.
    #[must_use]
    pub fn len(self) -> usize {
        self.end.saturating_sub(self.start) as usize
    }

    /// Whether no byte is covered.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}..{}", self.file, self.start, self.end)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

impl SourceFile {
    /// A file.
    #[must_use]
    pub fn new(path: String, text: String) -> Self {
        let after_newline = |(offset, byte)| (byte == b'\n').then_some(offset + 1);
        let starts = text.bytes().enumerate().filter_map(after_newline);
        let offset = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        let line_starts = std::iter::once(0).chain(starts.map(offset)).collect();
        SourceFile {
            path,
            text,
            line_starts,
        }
    }

    /// Line and column of a byte offset; offsets behind the end are taken as the end.
    #[must_use]
    pub fn position(&self, offset: u32) -> Position {
        let line = self.line_of(offset);
        let start = self.line_starts[line as usize - 1] as usize;
        let end = (offset as usize).clamp(start, self.text.len());
        let before = &self.text.as_bytes()[start..end];
        let column = before
            .iter()
            .filter(|&&byte| is_character_start(byte))
            .count();
        Position {
            line,
            column: u32::try_from(column).unwrap_or(u32::MAX - 1) + 1,
        }
    }

    /// The line, from 1, of a byte offset.
    #[must_use]
    pub fn line_of(&self, offset: u32) -> u32 {
        let line = self.line_starts.partition_point(|&start| start <= offset);
        u32::try_from(line).unwrap_or(u32::MAX)
    }

    /// The number of lines.
    #[must_use]
    pub fn line_count(&self) -> u32 {
        u32::try_from(self.line_starts.len()).unwrap_or(u32::MAX)
    }

    /// The text of a line, from 1, without its end; empty behind the last line.
    #[must_use]
    pub fn line_text(&self, line: u32) -> &str {
        let range = self.line_range(line);
        self.text
            .get(range)
            .unwrap_or("")
            .trim_end_matches(['\n', '\r'])
    }

    /// Where a line, from 1, stands in the text, with its end.
    #[must_use]
    pub fn line_range(&self, line: u32) -> std::ops::Range<usize> {
        let start_of = |line: u32| {
            self.line_starts
                .get(line as usize)
                .map_or(self.text.len(), |&start| start as usize)
        };
        start_of(line.saturating_sub(1))..start_of(line)
    }
}

/// Whether `byte` begins a character in UTF-8.
fn is_character_start(byte: u8) -> bool {
    byte & 0xC0 != 0x80
}

impl SourceMap {
    /// A map without files.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Says what stands before each path when it is shown to the user.
    pub fn set_folder(&mut self, folder: &str) {
        self.folder = match folder {
            "" | "." => String::new(),
            folder => format!("{}/", folder.trim_end_matches('/')),
        };
    }

    /// The path of a file as the user can follow it from where he is.
    #[must_use]
    pub fn shown_path(&self, file: &SourceFile) -> String {
        let mut parts: Vec<&str> = Vec::new();
        let full = format!("{}{}", self.folder, file.path);
        for part in full.split('/') {
            match part {
                "." => {}
                ".." if parts.last().is_some_and(|last| !matches!(*last, "" | "..")) => {
                    parts.pop();
                }
                part => parts.push(part),
            }
        }
        parts.join("/")
    }

    /// Adds a file.
    pub fn add(&mut self, path: impl Into<String>, text: impl Into<String>) -> FileId {
        self.files.push(SourceFile::new(path.into(), text.into()))
    }

    /// The file, unless the number is none of this map's.
    #[must_use]
    pub fn get(&self, file: FileId) -> Option<&SourceFile> {
        self.files.get(file)
    }

    /// The file, which must be one of this map's.
    #[must_use]
    pub fn file(&self, file: FileId) -> &SourceFile {
        &self.files[file]
    }

    /// All files.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files.iter()
    }

    /// The number that the next file will get.
    #[must_use]
    pub fn next_id(&self) -> FileId {
        self.files.next_key()
    }

    /// The text that `span` covers; empty if it lies outside of its file.
    #[must_use]
    pub fn snippet(&self, span: Span) -> &str {
        self.files
            .get(span.file)
            .and_then(|file| file.text.get(span.range()))
            .unwrap_or("")
    }

    /// Line and column of the start of `span`.
    #[must_use]
    pub fn position(&self, span: Span) -> Option<Position> {
        self.files
            .get(span.file)
            .map(|file| file.position(span.start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_lines_count_from_one() {
        let file = SourceFile::new("a.st".into(), "one\nö x\n".into());
        assert_eq!(file.position(0), Position { line: 1, column: 1 });
        assert_eq!(file.position(7), Position { line: 2, column: 3 });
        assert_eq!(file.position(99), Position { line: 3, column: 1 });
        assert_eq!(file.line_text(2), "ö x");
        assert_eq!(file.line_text(3), "");
    }

    #[test]
    fn joining_covers_both_spans() {
        let mut sources = SourceMap::new();
        let file = sources.add("a.st", "abcdef");
        let joined = Span::new(file, 4, 5).to(Span::new(file, 1, 2));
        assert_eq!(sources.snippet(joined), "bcde");
        assert_eq!(sources.snippet(Span::none()), "");
    }

    #[test]
    fn shown_paths_begin_with_the_folder_and_have_no_detours() {
        let mut sources = SourceMap::new();
        let file = sources.add("vm/../bench/A.st", "");
        assert_eq!(sources.shown_path(sources.file(file)), "bench/A.st");
        sources.set_folder("../src");
        assert_eq!(sources.shown_path(sources.file(file)), "../src/bench/A.st");
        sources.set_folder("/home/me/");
        assert_eq!(
            sources.shown_path(sources.file(file)),
            "/home/me/bench/A.st"
        );
    }
}
