//! Smalltalk method text to syntax tree, and back.
//!
//! In: the text of a file and where a method body begins. Out: the tree of [`ast`] and diagnostics; a faulty part of a method becomes an
//! [`ast::ExprKind::Error`], the rest of it is there. Holds: no input makes the parser panic, and every error is reported.

pub mod ast;
pub mod lexer;
pub mod number;
pub mod parser;
pub mod printer;
mod rename;
pub mod token;
