//! The folders of the packages and the files in them.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use walkdir::WalkDir;

use super::description::package_name;
use super::{BuildDescription, Place};
use crate::base::{Diagnostic, Diagnostics, EntityRef, FileId, Interner, SourceMap, Span};
use crate::tonel::{ClassDefinition, DefinitionKind, code_lines, read_class, read_package};

/// A package: a folder with a `package.st` and a file for each class and extension.
#[derive(Debug)]
pub struct Package {
    /// The last part of its path.
    pub name: String,
    /// Whether raw conversions are allowed in it.
    pub raw: bool,
    /// Whether it holds tests.
    pub tests: bool,
    /// What its files define, in the order of their names.
    pub definitions: Vec<ClassDefinition>,
    /// Lines of its files without blanks and comments.
    pub code_lines: usize,
}

/// A file to be read.
struct FileToRead {
    path: PathBuf,
    /// Relative to the folder of the description.
    shown: String,
    package: usize,
}

/// A file that was read, with an interner of its own.
struct ReadFile {
    text: String,
    definition: Option<ClassDefinition>,
    interner: Interner,
    diagnostics: Diagnostics,
    code_lines: usize,
}

/// Reads all packages; what cannot be read is reported and left out.
pub(super) fn load(
    description: &BuildDescription,
    place: &Place,
    folder: &Path,
    sources: &mut SourceMap,
    interner: &mut Interner,
    diagnostics: &mut Diagnostics,
) -> Vec<Package> {
    let mut packages = Vec::new();
    let mut files = Vec::new();
    let root = description.root.trim_end_matches('/').to_owned();
    let test_root = format!("{root}-tests");
    let paths = description.packages.iter().map(|path| (path, false));
    for (path, tests) in paths.chain(description.tests.iter().map(|path| (path, true))) {
        let base = if tests { &test_root } else { &root };
        let listing = Listing {
            folder,
            shown: format!("{base}/{path}"),
            place: place.of(path),
            package: packages.len(),
        };
        files.extend(listing.files(package_name(path), diagnostics));
        let name = package_name(path).to_owned();
        packages.push(Package {
            raw: description.is_raw(&name),
            name,
            tests,
            definitions: Vec::new(),
            code_lines: 0,
        });
    }
    let first = sources.next_id().index();
    let read: Vec<_> = files
        .par_iter()
        .enumerate()
        .map(|(index, file)| read_file(file, FileId::new(first + index)))
        .collect();
    for (file, read) in files.into_iter().zip(read) {
        sources.add(file.shown, read.text);
        let renaming = interner.absorb(&read.interner);
        diagnostics.append(read.diagnostics);
        let package = &mut packages[file.package];
        package.code_lines += read.code_lines;
        if let Some(mut definition) = read.definition {
            definition.rename(&renaming);
            package.definitions.push(definition);
        }
    }
    packages
}

/// The folder of one package.
struct Listing<'a> {
    folder: &'a Path,
    /// Relative to the folder of the description.
    shown: String,
    /// Where the description names it.
    place: Span,
    package: usize,
}

impl Listing<'_> {
    /// The Tonel files of the package called `name`, sorted by path.
    fn files(&self, name: &str, diagnostics: &mut Diagnostics) -> Vec<FileToRead> {
        let path = self.folder.join(&self.shown);
        if !path.is_dir() {
            let error = Diagnostic::error(
                "B005",
                format!("the package {name} has no folder {}", self.shown),
            );
            diagnostics.push(error.primary(self.place, "listed here"));
            return Vec::new();
        }
        if !path.join("package.st").is_file() {
            let error = Diagnostic::error(
                "B006",
                format!("the package {name} has no file {}/package.st", self.shown),
            );
            let error = error.primary(self.place, "listed here");
            diagnostics.push(error.hint(format!("write Package {{ #name : '{name}' }} into it")));
        }
        let mut files = Vec::new();
        for entry in WalkDir::new(&path).sort_by_file_name() {
            match entry {
                Ok(entry) if entry.file_type().is_file() => {
                    files.extend(self.file(entry.path(), &path))
                }
                Ok(_) => {}
                Err(error) => {
                    diagnostics.push(
                        Diagnostic::error("B001", error.to_string())
                            .primary(self.place, "listed here"),
                    );
                }
            }
        }
        files
    }

    fn file(&self, path: &Path, folder: &Path) -> Option<FileToRead> {
        let inner = path.strip_prefix(folder).ok()?;
        let parts: Vec<_> = inner
            .components()
            .map(|part| part.as_os_str().to_string_lossy())
            .collect();
        let hidden = parts.iter().any(|part| part.starts_with('.'));
        if hidden || path.extension().is_none_or(|extension| extension != "st") {
            return None;
        }
        let shown = format!("{}/{}", self.shown, parts.join("/"));
        Some(FileToRead {
            path: path.to_owned(),
            shown,
            package: self.package,
        })
    }
}

fn read_file(file: &FileToRead, id: FileId) -> ReadFile {
    let mut read = ReadFile {
        text: String::new(),
        definition: None,
        interner: Interner::new(),
        diagnostics: Diagnostics::new(),
        code_lines: 0,
    };
    let start = Span::new(id, 0, 0);
    let bytes = match std::fs::read(&file.path) {
        Ok(bytes) => bytes,
        Err(error) => {
            read.diagnostics.push(
                Diagnostic::error("B001", format!("cannot read this file: {error}"))
                    .primary(start, ""),
            );
            return read;
        }
    };
    match String::from_utf8(bytes) {
        Ok(text) => read.text = text,
        Err(error) => {
            let offset = error.utf8_error().valid_up_to();
            read.text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let place = Span::new(id, offset, offset + 1);
            read.diagnostics.push(
                Diagnostic::error("F011", "this file is not valid UTF-8").primary(place, "here"),
            );
            return read;
        }
    }
    read.code_lines = code_lines(&read.text);
    let name = file.path.file_name().unwrap_or_default().to_string_lossy();
    if name == "package.st" {
        check_package(&read.text, id, &file.path, &mut read.diagnostics);
    } else {
        read.definition = read_class(&read.text, id, &mut read.interner, &mut read.diagnostics);
        check_file_name(&name, &mut read);
    }
    read
}

/// The name in `package.st` is that of the folder.
fn check_package(text: &str, id: FileId, path: &Path, diagnostics: &mut Diagnostics) {
    let Some(package) = read_package(text, id, diagnostics) else {
        return;
    };
    let folder = path
        .parent()
        .and_then(Path::file_name)
        .unwrap_or_default()
        .to_string_lossy();
    if *package.name != *folder {
        let message = format!(
            "this package is called {}, but its folder {folder}",
            package.name
        );
        diagnostics.push(Diagnostic::error("B007", message).primary(package.name_span, ""));
    }
}

/// A file is called like its class and kind: `Oop.class.st`.
fn check_file_name(name: &str, read: &mut ReadFile) {
    let Some(definition) = &read.definition else {
        return;
    };
    let kind = match definition.kind {
        DefinitionKind::Class => "class",
        DefinitionKind::Trait => "trait",
        DefinitionKind::Extension => "extension",
    };
    let class = read.interner.text(definition.name.name);
    let expected = format!("{class}.{kind}.st");
    if name != expected {
        let message =
            format!("this file defines the {kind} {class} and should be called {expected}");
        read.diagnostics
            .push(Diagnostic::error("B008", message).primary(definition.name.span, ""));
    }
}
