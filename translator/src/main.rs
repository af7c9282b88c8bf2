//! The command `ouroc`.
fn main() {}
