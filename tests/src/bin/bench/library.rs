//! A class library of the size of others' kernels: ours, its tests, and copies of the tests under other names.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use tests::{files, root, text};

/// Classes and methods of the kernel that the aim speaks of, and the seconds that it may take.
const CLASSES: usize = 500;
const METHODS: usize = 9500;
const SECONDS: f64 = 1.0;

const TESTS: &str = "vm-source-st/kernel-tests";

/// Prints the time of building the library.
pub(crate) fn image_build() -> Result<(), String> {
    let folder = std::env::temp_dir().join(format!("ouro-library-{}", std::process::id()));
    let measured = measure(&folder);
    std::fs::remove_dir_all(&folder).map_err(|error| error.to_string())?;
    measured
}

fn measure(folder: &Path) -> Result<(), String> {
    let mut classes = classes_and_methods("vm-source-st/kernel", &[".class.st"]).0;
    let mut methods = classes_and_methods("vm-source-st/kernel", &[".st"]).1;
    let (test_classes, test_methods) = classes_and_methods(TESTS, &[".class.st"]);
    let mut copies = Vec::new();
    while classes < CLASSES || methods < METHODS {
        let copy = folder.join(format!("copy{}", copies.len()));
        copy_tests(&copy, copies.len())?;
        copies.push(copy);
        classes += test_classes;
        methods += test_methods;
    }
    let image = folder.join("library.image");
    let mut best = f64::MAX;
    for _ in 0..9 {
        let start = Instant::now();
        build(&image, &copies)?;
        best = best.min(start.elapsed().as_secs_f64());
    }
    println!("  {classes} classes, {methods} methods  {best:8.3} s   (aim {SECONDS})");
    println!("  methods per second         {:8.0}", methods as f64 / best);
    Ok(())
}

/// How many classes and methods the files of a folder define whose names end so.
fn classes_and_methods(folder: &str, endings: &[&str]) -> (usize, usize) {
    let sources: Vec<String> = files(folder, endings)
        .iter()
        .map(|path| text(path))
        .collect();
    let count = |what: &str| sources.iter().map(|text| text.matches(what).count()).sum();
    (count("\nClass {"), count("{ #category :"))
}

/// Writes the test classes to another folder, with a number behind the name of each class and package.
fn copy_tests(folder: &Path, number: usize) -> Result<(), String> {
    let paths = files(TESTS, &[".class.st"]);
    let names: BTreeSet<String> = paths
        .iter()
        .filter_map(|path| Some(path.file_name()?.to_str()?.split('.').next()?.to_owned()))
        .collect();
    for path in &paths {
        let package = path.parent().and_then(Path::file_name).unwrap_or_default();
        let package = folder.join(format!("{}-{number}", package.to_string_lossy()));
        std::fs::create_dir_all(&package).map_err(|error| error.to_string())?;
        let name = package.file_name().unwrap_or_default().to_string_lossy();
        let written = renamed(&text(path), &names, number);
        let file = path.file_name().unwrap_or_default();
        let package_file = format!("Package {{ #name : '{name}' }}\n");
        std::fs::write(package.join("package.st"), package_file)
            .and_then(|()| std::fs::write(package.join(file), written))
            .map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// The text in which a number stands behind each of the names.
fn renamed(text: &str, names: &BTreeSet<String>, number: usize) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphabetic()) {
        let word = &rest[start..];
        let end = word
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(word.len());
        result.push_str(&rest[..start + end]);
        if names.contains(&word[..end]) {
            result.push_str(&format!("Copy{number}"));
        }
        rest = &word[end..];
    }
    result + rest
}

fn build(image: &Path, added: &[std::path::PathBuf]) -> Result<(), String> {
    let ouroc = root().join("target/release/ouroc");
    let output = Command::new(&ouroc)
        .args(["image", "vm-source-st/kernel.ron"])
        .args(added.iter().flat_map(|folder| [Path::new("--add"), folder]))
        .arg("--output")
        .arg(image)
        .current_dir(root())
        .output()
        .map_err(|error| format!("{}: {error}", ouroc.display()))?;
    if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}
