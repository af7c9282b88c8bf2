//! The VM with planted faults, built when a test first asks for it: the VM as `vm-source-st/vm.ron` describes it, and the package `VM-Planted` above it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use ouroc::base::render::{Color, render_all};
use ouroc::lower;
use ouroc::pipeline::Session;
use ouroc::project::Tests;

use crate::{root, text};

/// Primitives of the VM with planted faults.
pub mod primitive {
    /// Reads where no memory is.
    pub const WILD_POINTER: u16 = 630;
    /// Recursion without end.
    pub const NATIVE_OVERFLOW: u16 = 631;
    /// A loop without end.
    pub const LOOP: u16 = 632;
    /// Overwrites objects, then reads where no memory is.
    pub const DAMAGE_HEAP: u16 = 633;
    /// Overwrites the running frame, then reads where no memory is.
    pub const DAMAGE_STACK: u16 = 634;
    /// A check of Slang code that fails.
    pub const TRAP: u16 = 635;
    /// `self failCall: n with: error`: the n-th system call of the snapshot writer from now on fails so.
    pub const FAIL_CALL: u16 = 636;
}

/// The folder for what is built.
fn folder() -> PathBuf {
    root().join("target/planted")
}

/// The description of the VM with one package more, in which the calls of the operating system fail on demand.
fn description() -> String {
    let mut text = text(&root().join("vm-source-st/vm.ron"));
    let packages = root().join("vm-source-st/vm");
    let changes = [
        ("name: \"ouro\"", "name: \"planted\"".to_owned()),
        ("root: \"vm\"", format!("root: {packages:?}")),
        (
            "\"VM-Main\",",
            "\"VM-Main\", \"../vm-tests/VM-Planted\",".to_owned(),
        ),
        ("raw: [", "raw: [\"VM-Planted\", ".to_owned()),
        (
            "components: {",
            "components: { \"SystemCalls\": \"FailingSystemCalls\",".to_owned(),
        ),
    ];
    for (old, new) in changes {
        assert!(text.contains(old), "{old} is not in the description");
        text = text.replacen(old, &new, 1);
    }
    text
}

fn translate() -> Result<Vec<u8>, String> {
    let mut session = Session::default();
    std::fs::create_dir_all(folder()).map_err(|error| error.to_string())?;
    let path = folder().join(format!("planted-{}.ron", std::process::id()));
    std::fs::write(&path, description()).map_err(|error| error.to_string())?;
    let analyzed = session.analyze(&path, Tests::LeftOut);
    std::fs::remove_file(&path).map_err(|error| error.to_string())?;
    let lowered = analyzed
        .as_ref()
        .and_then(|analyzed| session.lower(&analyzed.program, lower::Options::default()));
    let told = render_all(&session.diagnostics, &session.sources, Color::Plain);
    let (Some(analyzed), Some(mut lowered)) = (analyzed, lowered) else {
        return Err(told);
    };
    session.optimize(&mut lowered.module)?;
    let code = session.compile(&lowered.module)?;
    Ok(session.link(&code, &analyzed.facts, Vec::new())?.bytes)
}

/// Writes the executable. `install` does so, for a file that this process itself had open for writing could not be started while
/// another thread is between starting a process and running it.
fn write(bytes: &[u8]) -> std::io::Result<PathBuf> {
    let folder = folder();
    let part = folder.join(format!("part-{}", std::process::id()));
    let path = folder.join("ouro");
    std::fs::write(&part, bytes)?;
    let installed = folder.join(format!("installed-{}", std::process::id()));
    let status = Command::new("install")
        .args(["-m", "755"])
        .args([&part, &installed])
        .status()?;
    std::fs::remove_file(part)?;
    if !status.success() {
        return Err(std::io::Error::other("install has failed"));
    }
    std::fs::rename(installed, &path)?;
    Ok(path)
}

/// The executable of the VM with planted faults.
///
/// # Panics
/// When it cannot be built.
pub fn planted_vm() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        let bytes = translate().unwrap_or_else(|told| panic!("{told}"));
        write(&bytes).expect("the executable can be written")
    })
}
