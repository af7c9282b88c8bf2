//! What every stage uses and what knows nothing of Smalltalk: typed indices, interned names, source positions, diagnostics.

pub mod deep_stack;
pub mod diagnostic;
pub mod entity;
pub mod integer;
pub mod interner;
pub mod memo;
pub mod render;
pub mod source;

pub use diagnostic::{Diagnostic, Diagnostics, Draft, Label, Severity};
pub use entity::{EntityRef, PrimaryMap, SecondaryMap};
pub use integer::{Integer, Natural};
pub use interner::{Interner, Symbol};
pub use memo::{Key, Memo};
pub use source::{FileId, SourceMap, Span};
