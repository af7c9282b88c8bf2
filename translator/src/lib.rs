//! The Ouro translator: Tonel files in, an x86-64 executable out.
//!
//! The modules stand in the order in which the data flows through them; [`pipeline`] calls them in that order.

pub mod base;

pub mod syntax;

pub mod tonel;

pub mod project;

pub mod resolve;

pub mod typed;

pub mod infer;

pub mod evaluate;

pub mod ir;

pub mod lower;

pub mod analysis;

pub mod hazard;

pub mod opt;

pub mod x64;

pub mod object;

pub mod report;

pub mod image;

pub mod runner;

pub mod pipeline;

pub mod options;

pub mod command;

pub mod explain;
