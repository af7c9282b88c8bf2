//! The whole VM in the reference evaluator and in machine code: after the same number of bytecodes the heaps are equal.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Bytecodes that both execute.
const BYTECODES: &str = "200000";
const TRANSLATOR: &str = env!("CARGO_BIN_EXE_ouroc");

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

/// Runs an image, which `put` writes to the path it gets, natively and simulated, and compares the heaps.
fn compare_heaps(name: &str, put: impl FnOnce(&Path)) {
    let folder =
        std::env::temp_dir().join(format!("ouro-simulation-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("the temporary folder can be made");
    let (vm, image) = (folder.join("ouro"), folder.join("test.image"));
    put(&image);

    let description = root().join("vm-source-st/vm.ron");
    ended(
        Command::new(TRANSLATOR)
            .arg("build")
            .arg(&description)
            .arg("-o")
            .arg(&vm),
    );
    let options = ["--interpret", "--deterministic", "--stop-after", BYTECODES];
    let native = ended(Command::new(&vm).args(options).arg(&image));
    let simulated = ended(
        Command::new(TRANSLATOR)
            .args(["simulate", "--deterministic", "--description"])
            .arg(&description)
            .arg("--")
            .args(options)
            .arg(&image),
    );
    assert_eq!(heap(&native), heap(&simulated));
    std::fs::remove_dir_all(&folder).expect("the temporary folder can be removed");
}

#[test]
fn the_simulated_heap_of_a_real_image_equals_the_native_one() {
    let Some(real) = image() else {
        eprintln!("skipped: no real images beside the repository, and OURO_IMAGES names none");
        return;
    };
    compare_heaps("real", |image| {
        std::fs::copy(real, image).expect("the image can be copied");
    });
}

#[test]
fn the_simulated_heap_of_the_own_library_equals_the_native_one() {
    compare_heaps("library", |image| {
        ended(
            Command::new(TRANSLATOR)
                .arg("image")
                .arg(root().join("vm-source-st/kernel.ron"))
                .arg("-o")
                .arg(image),
        );
    });
}
