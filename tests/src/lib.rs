//! Shared helpers of the end-to-end tests, the tidy tests and the benchmark runner.

pub mod built_image;
pub mod debug_info;
pub mod expected;
pub mod fuzz;
pub mod image;
pub mod large_image;
pub mod library_image;
pub mod planted;
pub mod random;
pub mod rust_literals;
pub mod segments;
pub mod statistics;
pub mod translated;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

/// The folder of the workspace.
///
/// # Panics
/// When this crate does not lie one folder below it.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests lie one folder below the workspace")
        .to_path_buf()
}

/// Files below `folder` of the workspace whose names end in one of `endings`, sorted; what `make` generates is left out.
pub fn files(folder: &str, endings: &[&str]) -> Vec<PathBuf> {
    let skipped = |name: &str| name == "target" || name == ".git" || name == "generated";
    let mut found: Vec<PathBuf> = walkdir::WalkDir::new(root().join(folder))
        .into_iter()
        .filter_entry(|entry| !skipped(&entry.file_name().to_string_lossy()))
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .map(walkdir::DirEntry::into_path)
        .filter(|path| {
            endings
                .iter()
                .any(|ending| path.to_string_lossy().ends_with(ending))
        })
        .collect();
    found.sort();
    found
}

/// The text of a file.
///
/// # Panics
/// When it cannot be read.
pub fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A path as a message shows it: relative to the workspace.
pub fn shown(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .display()
        .to_string()
}

/// The folder of real images, when there is one beside the repository or `OURO_IMAGES` names one.
pub fn images() -> Option<PathBuf> {
    let named = std::env::var_os("OURO_IMAGES").map(PathBuf::from);
    let beside = root()
        .parent()
        .map(|parent| parent.join("shared").join("images"));
    [named, beside]
        .into_iter()
        .flatten()
        .find(|folder| folder.join("candle-tinybenchmarks-short.image").is_file())
}

/// Says that a check is left out. It is seen although the test passes; what `eprintln!` says would be held back.
pub fn skip(reason: &str) {
    drop(writeln!(std::io::stderr(), "skipped: {reason}"));
}

/// The folder of real images; without one, what needs it is skipped.
pub fn images_or_skip() -> Option<PathBuf> {
    let folder = images();
    if folder.is_none() {
        skip("no real images beside the repository, and OURO_IMAGES names none");
    }
    folder
}

/// How a run of the VM ended.
#[derive(Debug)]
pub struct Run {
    /// The exit status; -1 when a signal ended the process.
    pub status: i32,
    /// What it wrote.
    pub stdout: String,
    /// What it reported.
    pub stderr: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Run {
        Run {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// The VM under test: `OURO_VM`, or what `make vm` has built.
///
/// # Panics
/// When there is none.
pub fn vm() -> PathBuf {
    let path =
        std::env::var_os("OURO_VM").map_or_else(|| root().join("generated/ouro"), PathBuf::from);
    assert!(
        path.is_file(),
        "{} is missing: run `make vm` first",
        path.display()
    );
    path
}

/// Runs the VM on an image, in a folder of its own that is removed afterwards.
///
/// # Panics
/// When the image cannot be written or the VM not started.
pub fn run_image(image: &[u8]) -> Run {
    Session::new(image).run(&[])
}

/// A folder of its own with one image in it, removed at the end.
#[derive(Debug)]
pub struct Session {
    folder: PathBuf,
}

impl Session {
    /// The name of the image in the folder.
    pub const IMAGE: &'static str = "test.image";

    /// Writes the image.
    ///
    /// # Panics
    /// When the folder or the file cannot be written.
    pub fn new(image: &[u8]) -> Session {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder =
            std::env::temp_dir().join(format!("ouro-test-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("the temporary folder can be made");
        std::fs::write(folder.join(Session::IMAGE), image).expect("the image can be written");
        Session { folder }
    }

    /// The folder's path.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The image's path.
    pub fn path(&self) -> PathBuf {
        self.folder.join(Session::IMAGE)
    }

    /// Runs the VM on the image; 124 is the status of a run of more than a minute.
    ///
    /// # Panics
    /// When the VM cannot be started.
    pub fn run(&self, options: &[&str]) -> Run {
        self.run_for(60, options)
    }

    /// The same with a limit in seconds. `OURO_TEST_OPTIONS` holds options for every run, such as `--gc-stress 1 --check-heap`.
    ///
    /// # Panics
    /// As `run`.
    pub fn run_for(&self, seconds: u32, options: &[&str]) -> Run {
        self.run_with(&vm(), seconds, options)
    }

    /// The same with another VM.
    ///
    /// # Panics
    /// As `run`.
    pub fn run_with(&self, vm: &Path, seconds: u32, options: &[&str]) -> Run {
        self.run_whole(vm, seconds, options, &[])
    }

    /// The same as `run_for`, with arguments for the image.
    ///
    /// # Panics
    /// As `run`.
    pub fn run_arguments(&self, seconds: u32, options: &[&str], arguments: &[&str]) -> Run {
        self.run_whole(&vm(), seconds, options, arguments)
    }

    /// The same with another VM.
    ///
    /// # Panics
    /// As `run`.
    pub fn run_whole(&self, vm: &Path, seconds: u32, options: &[&str], arguments: &[&str]) -> Run {
        let always = std::env::var("OURO_TEST_OPTIONS").unwrap_or_default();
        Command::new("timeout")
            .arg(seconds.to_string())
            .arg(vm)
            .arg("--interpret")
            .args(always.split_whitespace())
            .args(options)
            .arg(Session::IMAGE)
            .args(arguments)
            .current_dir(&self.folder)
            .output()
            .expect("the VM can be started")
            .into()
    }

    /// The text of a file in the folder, if there is one.
    pub fn file(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.folder.join(name)).ok()
    }

    /// The bytes of a file in the folder, if there is one.
    pub fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        std::fs::read(self.folder.join(name)).ok()
    }

    /// The image as it is now.
    ///
    /// # Panics
    /// When it is gone.
    pub fn image(&self) -> Vec<u8> {
        std::fs::read(self.folder.join(Session::IMAGE)).expect("the image is there")
    }

    /// Names of all files in the folder, sorted.
    ///
    /// # Panics
    /// When the folder is gone.
    pub fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.folder).expect("the folder is there");
        let mut names: Vec<String> = entries
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.folder));
    }
}
