//! Smalltalk sources to a Spur image.
//!
//! In: class definitions with the syntax trees of their methods. Out: the bytes of an image file.
//! [`compile`] turns one method into bytecodes and literals; it knows bytecode sets, but neither objects nor classes by name.

pub mod compile;
pub mod description;
