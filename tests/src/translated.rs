//! Executables of the VM that tests translate for themselves.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use ouroc::base::render::{Color, render_all};
use ouroc::lower;
use ouroc::pipeline::Session;
use ouroc::project::Tests;

use crate::root;

/// The folder for what is built under that name.
fn folder(name: &str) -> PathBuf {
    root().join("target").join(name)
}

fn translate(description: &Path, options: lower::Options) -> Result<Vec<u8>, String> {
    let mut session = Session::default();
    let analyzed = session.analyze(description, Tests::LeftOut);
    let lowered = analyzed
        .as_ref()
        .and_then(|analyzed| session.lower(&analyzed.program, options));
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
fn write(folder: &Path, bytes: &[u8]) -> std::io::Result<PathBuf> {
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

/// The executable `target/NAME/ouro` of the program that `description`, the text of a build description, tells.
fn executable(name: &str, description: &str, options: lower::Options) -> Result<PathBuf, String> {
    let told = |error: std::io::Error| error.to_string();
    let folder = folder(name);
    std::fs::create_dir_all(&folder).map_err(told)?;
    let path = folder.join(format!("{name}-{}.ron", std::process::id()));
    std::fs::write(&path, description).map_err(told)?;
    let bytes = translate(&path, options);
    std::fs::remove_file(&path).map_err(told)?;
    write(&folder, &bytes?).map_err(told)
}

/// The text of the VM's description, to be used from another folder.
pub(crate) fn vm_description() -> String {
    let text = crate::text(&root().join("vm-source-st/vm.ron"));
    let packages = root().join("vm-source-st/vm");
    assert!(text.contains("root: \"vm\""), "the description has a root");
    text.replacen("root: \"vm\"", &format!("root: {packages:?}"), 1)
}

/// The description of the VM with the package `package` of tests above it, in which components stand for others, their superclasses.
pub(crate) fn vm_description_with(name: &str, package: &str, replaced: &[(&str, &str)]) -> String {
    let replaced: String = replaced
        .iter()
        .map(|(old, new)| format!(" {old:?}: {new:?},"))
        .collect();
    let mut text = vm_description();
    let changes = [
        ("name: \"ouro\"", format!("name: {name:?}")),
        (
            "\"VM-Main\",",
            format!("\"VM-Main\", \"../vm-tests/{package}\","),
        ),
        ("raw: [", format!("raw: [{package:?}, ")),
        ("components: {", format!("components: {{{replaced}")),
    ];
    for (old, new) in changes {
        assert!(text.contains(old), "{old} is not in the description");
        text = text.replacen(old, &new, 1);
    }
    text
}

/// The executable of the VM that `description` tells, built when a test first asks for it.
pub(crate) fn built_once(
    path: &'static OnceLock<PathBuf>,
    name: &str,
    description: impl FnOnce() -> String,
    options: lower::Options,
) -> &'static Path {
    path.get_or_init(|| {
        executable(name, &description(), options).unwrap_or_else(|told| panic!("{told}"))
    })
}

/// The executable of the VM that tells on the standard error output how primitives end: each with so many arguments, or each failure code, once.
///
/// # Panics
/// When it cannot be built.
pub fn coverage_vm() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    let replaced = [("PrimitiveCall", "PrimitiveCoverage")];
    let description = || vm_description_with("coverage", "VM-Coverage", &replaced);
    built_once(&PATH, "coverage", description, lower::Options::default())
}

/// The executable of the VM as it is, but without an image.
///
/// # Panics
/// When it cannot be built.
pub fn plain_vm() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    built_once(&PATH, "plain", vm_description, lower::Options::default())
}

/// The executable of the VM that tells debuggers where variables are.
///
/// # Panics
/// When it cannot be built.
pub fn vm_with_variables() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    let options = lower::Options {
        variables: true,
        ..lower::Options::default()
    };
    built_once(&PATH, "variables", vm_description, options)
}

/// The executable of the VM that tests its assertions and array bounds.
///
/// # Panics
/// When it cannot be built.
pub fn checked_vm() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    let options = lower::Options {
        checked: true,
        ..lower::Options::default()
    };
    built_once(&PATH, "checked", vm_description, options)
}
