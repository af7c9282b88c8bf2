//! Damaged images: made at random from whole ones, with knowledge of the format, and run.
//!
//! In: base images and the number of a case. Out: what was damaged, and how the check and the run of it ended.
//! The same number gives the same case, whatever else runs.

mod base;
mod layout;
mod mutate;
mod random;
mod run;

pub use base::{Base, Bases};
pub use layout::{Object, objects};
pub use mutate::{Area, Mutant, mutant};
pub use run::{Outcome, Runner};
