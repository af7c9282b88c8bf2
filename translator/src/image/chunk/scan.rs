//! A file to its chunks.
//!
//! A chunk ends at an exclamation mark; two in a row are one in the text. A chunk that directly follows the end of another, but for blanks, and
//! begins with an exclamation mark is a header: it says what the chunks behind it are.

use std::ops::Range;

/// A text and its chunks.
pub(super) struct Chunks {
    /// The text without doubled exclamation marks, its line ends line feeds.
    pub(super) text: String,
    pub(super) chunks: Vec<Chunk>,
}

/// A piece of the text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Chunk {
    /// Without the exclamation marks around it.
    pub(super) range: Range<usize>,
    /// Whether it stands between two exclamation marks of its own.
    pub(super) is_header: bool,
}

/// Splits a text.
pub(super) fn split(raw: &str) -> Chunks {
    let raw = raw.strip_prefix('\u{FEFF}').unwrap_or(raw);
    let mut text = String::with_capacity(raw.len());
    let mut chunks = Vec::new();
    let mut characters = raw.chars().peekable();
    let mut start = 0;
    let mut is_header = false;
    while let Some(character) = characters.next() {
        match character {
            '!' if characters.peek() == Some(&'!') => {
                characters.next();
                text.push('!');
            }
            '!' if !is_header && text[start..].trim().is_empty() && opens_header(&characters) => {
                is_header = true;
                text.push('!');
                start = text.len();
            }
            '!' => {
                let range = start..text.len();
                chunks.push(Chunk { range, is_header });
                is_header = false;
                text.push('!');
                start = text.len();
            }
            '\r' => {
                if characters.peek() == Some(&'\n') {
                    characters.next();
                }
                text.push('\n');
            }
            other => text.push(other),
        }
    }
    if !text[start..].trim().is_empty() {
        let range = start..text.len();
        chunks.push(Chunk { range, is_header });
    }
    Chunks { text, chunks }
}

/// Whether a name stands behind the exclamation mark: else it ends an empty chunk.
fn opens_header(behind: &std::iter::Peekable<std::str::Chars>) -> bool {
    let mut behind = behind.clone();
    behind
        .peek()
        .is_some_and(|&next| next.is_alphabetic() || next == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> Vec<(String, bool)> {
        let Chunks { text, chunks } = split(text);
        let piece = |chunk: &Chunk| (text[chunk.range.clone()].to_owned(), chunk.is_header);
        chunks.iter().map(piece).collect()
    }

    #[test]
    fn headers_bodies_and_empty_chunks_are_told_apart() {
        let expected = [
            ("'from'", false),
            ("A methodsFor: 'x'", true),
            ("\nfoo ^ 1", false),
            (" ", false),
            ("\n\nA initialize", false),
        ];
        let expected = expected.map(|(text, is_header)| (text.to_owned(), is_header));
        let text = "'from'!\n!A methodsFor: 'x'!\nfoo ^ 1! !\n\nA initialize!\n";
        assert_eq!(pieces(text), expected);
    }

    #[test]
    fn doubled_marks_are_one_and_line_ends_are_line_feeds() {
        let pieces = pieces("a := 'so!!' , '!!!!'.\rb!\r\n");
        assert_eq!(pieces, [("a := 'so!' , '!!'.\nb".to_owned(), false)]);
    }
}
