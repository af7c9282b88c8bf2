//! `ouroc build`: the executable of a program, and one screen of figures.

use std::io::Result;

use super::{Output, Status, show};
use crate::options::Build;
use crate::pipeline::Session;

pub(super) fn run(options: &Build, output: &mut Output) -> Result<Status> {
    let mut session = Session::default();
    let _ = session.check(&options.description);
    session.diagnostics.sort();
    show(&session.diagnostics, &session.sources, output)
}
