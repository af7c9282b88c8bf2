//! Shared helpers of the end-to-end tests, the tidy tests and the benchmark runner.

use std::path::{Path, PathBuf};

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
