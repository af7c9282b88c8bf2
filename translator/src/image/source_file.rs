//! The file with the sources of all methods, and the pointers to them behind the bytecodes.
//!
//! In: the methods as they stand in the files that were read, or as compositions of traits make them. Out: a text in chunk format, and for each method the bytes that say where in it the method begins.
//! Holds: the text has the line ends of the image's strings; positions count bytes of UTF-8.

use serde::Deserialize;

use super::model::{MethodSource, TextPart};
use crate::base::SourceMap;

/// What the description says of the file.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourcesFile {
    /// Its name; it lies beside the image.
    pub name: String,
    /// What methods have behind their bytecodes.
    pub pointer: SourcePointer,
}

/// How a position is kept: `position * factor + plus`, in so many bytes.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourcePointer {
    /// How many, at most eight.
    pub bytes: usize,
    /// Their order.
    pub order: ByteOrder,
    /// What a position is multiplied with.
    #[serde(default = "one")]
    pub factor: u64,
    /// What is added then.
    #[serde(default)]
    pub plus: u64,
}

/// Which byte of a number comes first.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
pub enum ByteOrder {
    /// The least significant one.
    Little,
    /// The most significant one.
    Big,
}

fn one() -> u64 {
    1
}

impl SourcesFile {
    /// What is wrong with the description, in one sentence.
    ///
    /// # Errors
    /// The sentence.
    pub fn check(&self) -> Result<(), String> {
        let bytes = self.pointer.bytes;
        if self.name.is_empty() || self.name.contains(['/', '\0']) || self.name.starts_with('.') {
            return Err(format!(
                "{:?} is no name of a file beside the image",
                self.name
            ));
        }
        if !(1..=8).contains(&bytes) {
            return Err(format!("a source pointer has 1 to 8 bytes, not {bytes}"));
        }
        if self.pointer.factor == 0 {
            return Err("a source pointer with the factor 0 points nowhere".to_owned());
        }
        Ok(())
    }
}

impl SourcePointer {
    /// The bytes for a position; none if it needs more.
    fn at(&self, position: usize) -> Option<Vec<u8>> {
        let position = u64::try_from(position).ok()?;
        let value = position.checked_mul(self.factor)?.checked_add(self.plus)?;
        let bytes = value.to_le_bytes();
        let (kept, lost) = bytes.split_at_checked(self.bytes)?;
        if lost.iter().any(|&byte| byte != 0) {
            return None;
        }
        let mut kept = kept.to_vec();
        if self.order == ByteOrder::Big {
            kept.reverse();
        }
        Some(kept)
    }
}

/// The file while it is written.
pub struct SourceWriter<'a> {
    description: &'a SourcesFile,
    sources: &'a SourceMap,
    carriage_returns: bool,
    /// What is written.
    pub text: String,
}

impl<'a> SourceWriter<'a> {
    /// An empty file for methods of `sources`.
    #[must_use]
    pub fn new(
        description: &'a SourcesFile,
        sources: &'a SourceMap,
        carriage_returns: bool,
    ) -> SourceWriter<'a> {
        SourceWriter {
            description,
            sources,
            carriage_returns,
            text: String::new(),
        }
    }

    /// The pointer of a method that has no source.
    #[must_use]
    pub fn nowhere(&self) -> Vec<u8> {
        vec![0; self.description.pointer.bytes]
    }

    /// Adds a method of the class or metaclass `owner`; answers its pointer, none if the file is too long for pointers.
    pub fn add(&mut self, owner: &str, category: &str, method: &MethodSource) -> Option<Vec<u8>> {
        let category = category.replace('\'', "''");
        self.write(&format!(
            "!{} methodsFor: '{}' stamp: ''!\n",
            doubled(owner),
            doubled(&category)
        ));
        let pointer = self.description.pointer.at(self.text.len());
        let source: String = method.text.iter().map(|part| self.part(part)).collect();
        self.write(&doubled(without_blanks_behind(&source)));
        self.write("! !\n\n");
        pointer
    }

    fn part<'t>(&'t self, part: &'t TextPart) -> &'t str {
        match part {
            TextPart::Written(span) => self.sources.snippet(*span),
            TextPart::Made(text) => text,
        }
    }

    fn write(&mut self, text: &str) {
        match self.carriage_returns {
            true => self.text += &text.replace("\r\n", "\r").replace('\n', "\r"),
            false => self.text += text,
        }
    }
}

/// A source without the blanks behind it, but with the one of a literal such as `$ `.
fn without_blanks_behind(source: &str) -> &str {
    let end = source.trim_end().len();
    let rest = source[end..].chars().next();
    let literal = rest.filter(|_| source[..end].ends_with('$'));
    &source[..end + literal.map_or(0, char::len_utf8)]
}

/// A chunk ends at a single exclamation mark.
fn doubled(text: &str) -> String {
    text.replace('!', "!!")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_blank_of_a_literal_at_the_end_stays() {
        for (source, kept) in [
            ("foo\n\t^ 1 \n\t", "foo\n\t^ 1"),
            ("foo ^ $  \n", "foo ^ $ "),
            ("foo ^ $", "foo ^ $"),
            ("foo", "foo"),
        ] {
            assert_eq!(without_blanks_behind(source), kept);
        }
    }

    #[test]
    fn pointers_have_the_order_and_the_offset_that_is_asked_for() {
        let pointer = |bytes, order, factor, plus| SourcePointer {
            bytes,
            order,
            factor,
            plus,
        };
        let shifted = pointer(5, ByteOrder::Big, 2, 0);
        assert_eq!(shifted.at(0x0102), Some(vec![0, 0, 0, 2, 4]));
        let marked = pointer(4, ByteOrder::Little, 1, 0xFC00_0000);
        assert_eq!(marked.at(0x01_0203), Some(vec![3, 2, 1, 0xFC]));
        assert_eq!(marked.at(0x0400_0000), None);
        assert_eq!(pointer(1, ByteOrder::Little, 1, 0).at(256), None);
        assert_eq!(
            pointer(8, ByteOrder::Big, 1, 0).at(1),
            Some(vec![0, 0, 0, 0, 0, 0, 0, 1])
        );
    }
}
