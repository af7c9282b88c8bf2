//! What people read: listings, the manifest, differences, drawings of frames and structs.
//!
//! In: compiled modules or executables. Out: text, and colours only where the caller says that there is a terminal.

pub mod listing;

pub use listing::Listing;
