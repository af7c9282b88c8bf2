//! What people read: listings, the manifest, differences, drawings of frames and structs.
//!
//! In: compiled modules or executables. Out: text, and colours only where the caller says that there is a terminal.

pub mod diff;
pub mod drawing;
pub mod entry;
pub mod executable;
pub mod listing;
mod manifest;

pub use diff::{Style, diff};
pub use entry::{Entry, entries};
pub use listing::{Line, Listing, matching};
pub use manifest::manifest;
