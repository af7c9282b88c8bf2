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
    /// Whether it is there to be used by several programs.
    pub library: bool,
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
            library: description.is_library(&name),
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
            let error = error.primary(self.place, "listed here");
            diagnostics.push(error.hint("create the folder, or take the package out of the list"));
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
                Ok(entry) if is_source(entry.path()) => {
                    // What is linked to a regular file is read like one.
                    match std::fs::metadata(entry.path()) {
                        Ok(target) if target.is_file() => {
                            files.extend(self.file(entry.path(), &path));
                        }
                        _ => self.report_irregular(entry.path(), &path, diagnostics),
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    diagnostics.push(
                        Diagnostic::error("B001", error.to_string())
                            .primary(self.place, "listed here")
                            .hint(
                                "every folder and file of a package can be read by who builds it",
                            ),
                    );
                }
            }
        }
        files
    }

    /// A folder, a pipe, a broken link: something that has the name of a source file and is none.
    fn report_irregular(&self, path: &Path, folder: &Path, diagnostics: &mut Diagnostics) {
        let inner = path.strip_prefix(folder).unwrap_or(path).display();
        let message = format!("{}/{inner} is no regular file", self.shown);
        diagnostics.push(
            Diagnostic::error("B001", message)
                .primary(self.place, "listed here")
                .hint("a name that ends in .st is that of a source file: rename or remove it"),
        );
    }

    fn file(&self, path: &Path, folder: &Path) -> Option<FileToRead> {
        let inner = path.strip_prefix(folder).ok()?;
        let parts: Vec<_> = inner
            .components()
            .map(|part| part.as_os_str().to_string_lossy())
            .collect();
        let hidden = parts.iter().any(|part| part.starts_with('.'));
        if hidden || !is_source(path) {
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

/// Whether a path has the name of a source file.
fn is_source(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "st")
}

/// The bytes of a regular file; devices and pipes, which may have no end, are refused.
pub(crate) fn read_regular(path: &Path) -> std::io::Result<Vec<u8>> {
    if std::fs::metadata(path)?.is_file() {
        return std::fs::read(path);
    }
    Err(std::io::Error::other("this is no regular file"))
}

/// The complaint about a text that is not UTF-8, at its first bad byte.
pub(crate) fn not_utf8(error: &std::string::FromUtf8Error, file: FileId) -> Diagnostic {
    let offset = error.utf8_error().valid_up_to();
    let byte = error.as_bytes().get(offset).copied().unwrap_or_default();
    let message =
        format!("this file is not valid UTF-8: the byte 16r{byte:02X} stands at offset {offset}");
    Diagnostic::error("F011", message)
        .primary(Span::new(file, offset, offset + 1), "here")
        .hint("convert it, for instance with iconv -f LATIN1 -t UTF-8")
}

/// What to do about a file that cannot be read.
pub(crate) fn readable_hint(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::NotFound => "the path is relative to the current folder: correct it",
        std::io::ErrorKind::PermissionDenied => "give yourself the right to read it (chmod u+r)",
        std::io::ErrorKind::InvalidData => {
            "sources and descriptions are UTF-8 text: convert it, for instance with iconv -t UTF-8"
        }
        _ => "it must be a regular file of text",
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
    let bytes = match read_regular(&file.path) {
        Ok(bytes) => bytes,
        Err(error) => {
            read.diagnostics.push(
                Diagnostic::error("B001", format!("cannot read this file: {error}"))
                    .primary(start, "")
                    .hint(readable_hint(&error)),
            );
            return read;
        }
    };
    match String::from_utf8(bytes) {
        Ok(text) => read.text = text,
        Err(error) => {
            read.text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            read.diagnostics.push(not_utf8(&error, id));
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
        let error = Diagnostic::error("B007", message).primary(package.name_span, "");
        diagnostics.push(error.hint(format!(
            "write Package {{ #name : '{folder}' }}, or rename the folder"
        )));
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
        let error = Diagnostic::error("B008", message).primary(definition.name.span, "");
        read.diagnostics
            .push(error.hint("rename the file, or the class in it"));
    }
}
