//! Smalltalk method text to syntax tree, and back.

pub mod ast;
