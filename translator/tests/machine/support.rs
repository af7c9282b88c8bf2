//! Compiles IR text, links it, writes the executable to a temporary folder, and runs it.

use ouroc::ir::parser::parse_module;
use ouroc::object::{LinkOptions, link};
use ouroc::x64::compile;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// The bytes of the executable for a module in text.
pub(crate) fn executable(text: &str) -> Vec<u8> {
    let module = parse_module(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    if let Err(errors) = ouroc::ir::verify(&module) {
        panic!("{errors:?}\n{text}");
    }
    let code = compile(&module).expect("the pins are in order");
    let linked = link(&code, &LinkOptions::default());
    linked.unwrap_or_else(|error| panic!("{error}")).bytes
}

/// Writes an executable to a temporary file of its own.
pub(crate) fn write(bytes: &[u8]) -> PathBuf {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("ouro-native-{}-{number}", std::process::id());
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, bytes).expect("the temporary folder is writable");
    let permissions = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&path, permissions).expect("the file is ours");
    path
}

/// Runs an executable just written.
pub(crate) fn output_of(path: &Path) -> Output {
    let mut command = Command::new(path);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = ouroc::runner::spawn(&mut command).expect("the executable starts");
    child.wait_with_output().expect("the executable ends")
}

/// Runs the program of a module in text.
pub(crate) fn run(text: &str) -> Output {
    let path = write(&executable(text));
    let output = output_of(&path);
    if std::env::var_os("OURO_KEEP").is_none() {
        std::fs::remove_file(&path).expect("the file is ours");
    }
    output
}

/// The exit status of the program of a module in text.
pub(crate) fn exit_status(text: &str) -> i32 {
    let output = run(text);
    output.status.code().unwrap_or_else(|| panic!("{output:?}"))
}
