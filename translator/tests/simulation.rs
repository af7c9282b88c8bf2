//! The whole VM in the reference evaluator and in machine code: after the same number of bytecodes the heaps are equal.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Bytecodes of the real image that both execute.
const BYTECODES: &str = "200000";

/// The folder of the workspace.
fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The real image, when `OURO_IMAGES` names its folder or it lies beside the repository.
fn image() -> Option<PathBuf> {
    let named = std::env::var_os("OURO_IMAGES").map(PathBuf::from);
    [named, Some(root().join("../shared/images"))]
        .into_iter()
        .flatten()
        .map(|folder| folder.join("candle-tinybenchmarks-short.image"))
        .find(|path| path.is_file())
}

fn ended(command: &mut Command) -> Output {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    output
}

/// The line with the number of objects and the checksum of all they hold.
fn heap(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().find(|line| line.starts_with("heap: "));
    line.unwrap_or_else(|| panic!("no checksum of the heap in: {text}"))
        .to_owned()
}

#[test]
fn the_simulated_heap_equals_the_native_one() {
    let Some(image) = image() else {
        eprintln!("skipped: no real images beside the repository, and OURO_IMAGES names none");
        return;
    };
    let folder = std::env::temp_dir().join(format!("ouro-simulation-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("the temporary folder can be made");
    let (vm, copy) = (folder.join("ouro"), folder.join("test.image"));
    std::fs::copy(image, &copy).expect("the image can be copied");

    let translator = env!("CARGO_BIN_EXE_ouroc");
    let description = root().join("vm-source-st/vm.ron");
    ended(
        Command::new(translator)
            .arg("build")
            .arg(&description)
            .arg("-o")
            .arg(&vm),
    );
    let options = ["--interpret", "--deterministic", "--stop-after", BYTECODES];
    let native = ended(Command::new(&vm).args(options).arg(&copy));
    let simulated = ended(
        Command::new(translator)
            .args(["simulate", "--deterministic", "--description"])
            .arg(&description)
            .arg("--")
            .args(options)
            .arg(&copy),
    );
    assert_eq!(heap(&native), heap(&simulated));
    std::fs::remove_dir_all(&folder).expect("the temporary folder can be removed");
}
