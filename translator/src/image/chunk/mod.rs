//! Chunk files, as Squeak, Cuis and old Pharo file out their code, to class definitions.
//!
//! In: the text of a file. Out: the same [`ClassDefinition`]s that Tonel files give, and the text with which their places go: exclamation marks single,
//! line ends line feeds. Statements between the definitions are not run: those that define classes, variables or comments are
//! recognised by their selectors, which [`ChunkForms`] names, and the others are reported and left out.

mod forms;
mod reader;
mod scan;

pub use forms::{ChunkForms, Part};

use crate::base::{Diagnostics, FileId, Interner};
use crate::tonel::ClassDefinition;

/// A file that was read.
pub struct ChunkFile {
    /// The text to which the places in definitions and diagnostics belong.
    pub text: String,
    /// Classes, traits and extensions in the order in which they are first named.
    pub definitions: Vec<ClassDefinition>,
}

/// Reads a chunk file. What is faulty is left out and reported.
#[must_use]
pub fn read_chunks(
    text: &str,
    file: FileId,
    forms: &ChunkForms,
    interner: &mut Interner,
    diagnostics: &mut Diagnostics,
) -> ChunkFile {
    let scan::Chunks { text, chunks } = scan::split(text);
    let definitions = reader::Reader::new(&text, file, forms, interner, diagnostics).read(&chunks);
    ChunkFile { text, definitions }
}

#[cfg(test)]
mod tests;
