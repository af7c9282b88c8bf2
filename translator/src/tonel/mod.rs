//! Tonel files to class definitions.

pub mod definition;
