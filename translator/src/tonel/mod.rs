//! Tonel files to class definitions.
//!
//! In: the text of a file. Out: a [`definition::ClassDefinition`] with the syntax trees of its methods, and diagnostics. Both the current form of Tonel and
//! the older one (symbols for names, `#category: #all`) are read. Holds: no text makes the reader panic; what is faulty is left out and reported.

pub mod definition;
mod header;
mod metrics;
mod reader;
mod rename;
mod slots;
mod ston;

pub use definition::{
    ClassDefinition, DefinitionKind, MethodChunk, Slot, SlotArgument, SlotDefinition, SourceText,
};
pub use metrics::code_lines;
pub use reader::{PackageDefinition, read_class, read_package};
