//! The reference evaluator: runs the typed program with exact integers and checked memory.
//!
//! In: a [`Program`](crate::typed::Program). Out: results, output and memory contents, or the fault with its place and callers.
//! It is the meaning of the language: generated code must agree with it. Where inference claims that a result fits or that a
//! conversion changes nothing, the evaluator checks the claim and reports a [`FaultKind::Claim`], a bug of the translator.

pub mod arithmetic;
mod code;
mod compile;
mod dispatch;
mod fault;
mod float;
mod layout;
mod machine;
pub mod memory;
mod operations;
mod run;
mod system;

pub use code::Code;
pub use compile::{Audit, compile};
pub use fault::{Fault, FaultKind, Outcome};
pub use machine::{Limits, Machine};
pub use run::{Failure, TestResult, run_test, simulate, trap_of};
pub use system::SystemOptions;

#[cfg(test)]
mod tests;
