//! The typed program: what type inference hands to the evaluator and to lowering.
//!
//! Everything that needs knowledge of Smalltalk has been decided here: sends are bound to methods or have become operations, block-taking methods and blocks are expanded,
//! constants are values, widths and checks of arithmetic are chosen, fields have offsets.
//! A body is a tree of expressions in evaluation order (left to right, each operand once).
//!
//! Invariant: every expression's `ty` is known; an integer expression carries the range of its exact value.
//! Invariant: a body is well typed by itself: conversions are explicit nodes.

mod expr;
mod program;
#[cfg(test)]
pub(crate) mod testing;
pub mod text;
mod trap;
mod types;

pub use expr::*;
pub use program::*;
pub use trap::Trap;
pub use types::*;
