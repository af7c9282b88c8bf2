//! The Ouro translator: Tonel files in, an x86-64 executable out.
//!
//! The modules stand in the order in which the data flows through them.

pub mod base;
pub mod project;
pub mod syntax;
pub mod tonel;
pub mod typed;

pub mod evaluate;

pub mod ir;

pub mod lower;
