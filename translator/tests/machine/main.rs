//! Machine code: programs in IR text that run, the code that is chosen for them, and what is reported of it.

mod listings;
mod native;
mod report;
mod support;
mod unwind;
