//! What holds of a function or of the program. Analyses only read, and are recomputed, never patched.

pub mod call_graph;
pub mod cold;
pub mod effects;
pub mod liveness;
pub mod loops;
pub mod range;

pub use crate::ir::{Cfg, Dominators};
pub use call_graph::CallGraph;
pub use cold::ColdBlocks;
pub use effects::{Summaries, Summary};
pub use liveness::Liveness;
pub use loops::Loops;
pub use range::Range;
