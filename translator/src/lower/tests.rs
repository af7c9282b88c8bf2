//! Lowered code, run by the interpreter of the IR, does what the reference evaluator does.

mod arithmetic;
mod control;
mod programs;
mod threads;
