//! The whole VM in the reference evaluator and in machine code: after the same number of bytecodes the heaps are equal.
//! The evaluated VM also runs the Smalltalk tests that do not take too long for it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Bytecodes that both execute.
const BYTECODES: &str = "200000";
const TRANSLATOR: &str = env!("CARGO_BIN_EXE_ouroc");

/// Smalltalk tests that run natively only, and why.
const NOT_SIMULATED: &[(&str, &str)] = &[
    ("BecomeTest", LONG),
    ("ClassTest", LONG),
    ("CollectionTest", LONG),
    ("FileTest", LONG),
    ("FloatFunctionTest", LONG),
    ("FloatTest", LONG),
    ("GarbageCollectionTest", LONG),
    ("GraphMutationTest", LONG),
    ("HashedCollectionTest", LONG),
    ("LargeIntegerTest", LONG),
    ("MediaPrimitiveTest", LONG),
    ("NumberFallbackTest", LONG),
    ("SymbolTest", LONG),
    ("TenuringTest", LONG),
    ("WeakCollectionTest", LONG),
    ("OperatingSystemPrimitiveTest", PROCESSES),
    ("ResolverPrimitiveTest", SOCKETS),
    ("SocketPrimitiveTest", SOCKETS),
    ("SocketTest", SOCKETS),
];
const LONG: &str = "they take millions of bytecodes";
const PROCESSES: &str = "they start processes, of which the evaluator is only one";
const SOCKETS: &str = "they need sockets, which the evaluator has not";

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

/// A folder of its own with the VM in it, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path =
            std::env::temp_dir().join(format!("ouro-simulation-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("the temporary folder can be made");
        let folder = Folder(path);
        ended(
            Command::new(TRANSLATOR)
                .arg("build")
                .arg(description())
                .arg("-o")
                .arg(folder.vm()),
        );
        folder
    }

    fn vm(&self) -> PathBuf {
        self.0.join("ouro")
    }

    fn image(&self) -> PathBuf {
        self.0.join("test.image")
    }

    /// Builds the image of our own library, with what else is given.
    fn build_library(&self, options: &[&str]) {
        ended(
            Command::new(TRANSLATOR)
                .arg("image")
                .arg(root().join("vm-source-st/kernel.ron"))
                .args(options)
                .arg("-o")
                .arg(self.image())
                .current_dir(root()),
        );
    }

    fn native(&self, options: &[&str], arguments: &[&str]) -> Output {
        ended(
            Command::new(self.vm())
                .args(options)
                .arg(self.image())
                .args(arguments),
        )
    }

    fn simulated(&self, options: &[&str], arguments: &[&str]) -> Output {
        ended(
            Command::new(TRANSLATOR)
                .args(["simulate", "--deterministic", "--description"])
                .arg(description())
                .arg("--")
                .args(options)
                .arg(self.image())
                .args(arguments),
        )
    }

    /// Runs the image natively and simulated, and compares the heaps.
    fn compare_heaps(&self) {
        let options = ["--interpret", "--deterministic", "--stop-after", BYTECODES];
        let native = self.native(&options, &[]);
        let simulated = self.simulated(&options, &[]);
        assert_eq!(heap(&native), heap(&simulated));
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is the system's to clean.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn description() -> PathBuf {
    root().join("vm-source-st/vm.ron")
}

/// Smalltalk test classes, sorted.
fn test_classes() -> Vec<String> {
    let mut names: Vec<String> = walkdir::WalkDir::new(root().join("vm-source-st/kernel-tests"))
        .into_iter()
        .map(|entry| entry.expect("the folder of tests is readable"))
        .filter_map(|entry| {
            let name = entry.file_name().to_str()?.strip_suffix(".class.st")?;
            name.ends_with("Test").then(|| name.to_owned())
        })
        .collect();
    names.sort();
    names
}

#[test]
fn the_simulated_heap_of_a_real_image_equals_the_native_one() {
    let Some(real) = image() else {
        // What eprintln! says is held back when a test passes.
        let reason = "no real images beside the repository, and OURO_IMAGES names none";
        drop(writeln!(std::io::stderr(), "skipped: {reason}"));
        return;
    };
    let folder = Folder::new("real");
    std::fs::copy(real, folder.image()).expect("the image can be copied");
    folder.compare_heaps();
}

#[test]
fn the_simulated_heap_of_the_own_library_equals_the_native_one() {
    let folder = Folder::new("library");
    folder.build_library(&[]);
    folder.compare_heaps();
}

#[test]
fn the_smalltalk_tests_pass_simulated() {
    let folder = Folder::new("tests");
    folder.build_library(&["--add", "vm-source-st/kernel-tests"]);
    folder.native(&["--deterministic"], &["--snapshot"]);
    let classes = test_classes();
    let unknown = |&&(name, _): &&(&str, &str)| !classes.iter().any(|class| class == name);
    assert_eq!(NOT_SIMULATED.iter().find(unknown), None);
    let mut arguments = vec!["test"];
    let simulated = classes.iter().map(String::as_str);
    arguments
        .extend(simulated.filter(|class| !NOT_SIMULATED.iter().any(|(name, _)| name == class)));
    let output = folder.simulated(&["--interpret", "--deterministic"], &arguments);
    let text = String::from_utf8_lossy(&output.stdout);
    let summary = text.lines().last().unwrap_or_default();
    assert!(
        summary.contains(" 0 failed, 0 errors, 0 skipped") && !summary.starts_with("0 run"),
        "{text}"
    );
}
