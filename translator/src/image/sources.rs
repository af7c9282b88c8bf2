//! The source files that a description names.
//!
//! In: the description. Out: a [`Source`] for each definition in the order of groups, packages and file names, all with the symbols of one interner.
//! What cannot be read is reported and left out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use walkdir::{DirEntry, WalkDir};

use super::chunk::{ChunkForms, read_chunks};
use super::description::{ImageDescription, SourceGroup};
use crate::base::{
    Diagnostic, Diagnostics, EntityRef, FileId, Interner, Severity, SourceMap, Span, Symbol,
};
use crate::project::{not_utf8, read_regular, readable_hint};
use crate::tonel::{ClassDefinition, read_class};

/// The codes of methods and of variables that a file defines twice. In an image the last method counts, and the first variable.
const TWICE: [&str; 2] = ["F006", "F012"];

/// A class, trait or extension and where it comes from.
#[derive(Debug)]
pub struct Source {
    /// What the file says.
    pub definition: ClassDefinition,
    /// The package: the folder's name, or that of the chunk file.
    pub package: Symbol,
    /// Whether it may replace what earlier sources define.
    pub overlay: bool,
}

/// What reading needs.
pub struct Reading<'a> {
    /// The description.
    pub description: &'a ImageDescription,
    /// Its text.
    pub text: &'a str,
    /// Its file.
    pub file: FileId,
    /// The folder in which it is.
    pub folder: &'a Path,
    /// Folders from the command line, which replace those of the description.
    pub defines: &'a BTreeMap<String, PathBuf>,
}

/// A file to be read.
struct FileToRead {
    path: PathBuf,
    package: String,
    overlay: bool,
    is_chunk_file: bool,
}

/// A file that was read, with an interner of its own.
struct ReadFile {
    text: String,
    definitions: Vec<ClassDefinition>,
    interner: Interner,
    diagnostics: Diagnostics,
}

/// Reads all sources.
pub fn load(
    reading: &Reading,
    sources: &mut SourceMap,
    interner: &mut Interner,
    diagnostics: &mut Diagnostics,
) -> Vec<Source> {
    let mut files = Vec::new();
    for group in &reading.description.sources {
        reading.list(group, &mut files, diagnostics);
    }
    let first = sources.next_id().index();
    let read: Vec<_> = files
        .par_iter()
        .enumerate()
        .map(|(index, file)| {
            read_file(
                file,
                FileId::new(first + index),
                &reading.description.chunk_forms,
            )
        })
        .collect();
    let mut all = Vec::new();
    for (file, read) in files.into_iter().zip(read) {
        sources.add(file.path.to_string_lossy(), read.text);
        let renaming = interner.absorb(&read.interner);
        diagnostics.append(read.diagnostics);
        let package = interner.intern(&file.package);
        all.extend(read.definitions.into_iter().map(|mut definition| {
            definition.rename(&renaming);
            Source {
                definition,
                package,
                overlay: file.overlay,
            }
        }));
    }
    all
}

impl Reading<'_> {
    /// Where `name` stands in the description, in quotes; the start of the file if it does not.
    #[must_use]
    pub fn place_of(&self, name: &str) -> Span {
        self.quoted(name)
            .unwrap_or_else(|| Span::new(self.file, 0, 0))
    }

    fn quoted(&self, name: &str) -> Option<Span> {
        let quoted = format!("\"{name}\"");
        let start = self.text.find(&quoted)?;
        Some(Span::new(self.file, start, start + quoted.len()))
    }

    /// Where the number stands in the description.
    #[must_use]
    pub fn place_of_number(&self, number: usize) -> Option<Span> {
        let digits = number.to_string();
        let start = self.text.find(&digits)?;
        Some(Span::new(self.file, start, start + digits.len()))
    }

    /// A path that the description names.
    #[must_use]
    pub fn path(&self, relative: &str) -> PathBuf {
        self.folder.join(relative)
    }

    fn list(
        &self,
        group: &SourceGroup,
        files: &mut Vec<FileToRead>,
        diagnostics: &mut Diagnostics,
    ) {
        let before = (files.len(), diagnostics.len());
        match group {
            SourceGroup::Packages {
                folder,
                names,
                except,
                overlay,
            } => {
                let Some(path) = self.base(folder, diagnostics) else {
                    return;
                };
                let mut packages = names.clone();
                if packages.is_empty() {
                    packages = subfolders(&path, diagnostics);
                }
                packages.retain(|package| !except.contains(package));
                for package in packages {
                    self.list_package(folder, &path, &package, *overlay, files, diagnostics);
                }
                if (files.len(), diagnostics.len()) == before {
                    self.report_empty(folder, &path, diagnostics);
                }
            }
            SourceGroup::Chunks {
                folder,
                files: names,
                overlay,
            } => {
                let Some(path) = self.base(folder, diagnostics) else {
                    return;
                };
                files.extend(names.iter().map(|name| FileToRead {
                    path: path.join(name),
                    package: package_of_file(name),
                    overlay: *overlay,
                    is_chunk_file: true,
                }));
            }
        }
    }

    fn report_empty(&self, name: &str, path: &Path, diagnostics: &mut Diagnostics) {
        let message = format!("no package in {} has a source", path.display());
        let mut warning = Diagnostic::warning("I002", message)
            .hint("packages are folders with .st files: name the folder in which they lie");
        if let Some(place) = self.quoted(name) {
            warning = warning.primary(place, "named here");
        }
        diagnostics.push(warning);
    }

    /// The folder that is called so.
    fn base(&self, name: &str, diagnostics: &mut Diagnostics) -> Option<PathBuf> {
        let path = match (self.defines.get(name), self.description.folders.get(name)) {
            (Some(path), _) => path.clone(),
            (None, Some(path)) => self.path(path),
            (None, None) => {
                let error = Diagnostic::error("I002", format!("there is no folder called {name}"));
                let error = error.primary(self.place_of(name), "");
                diagnostics.push(error.hint(format!(
                    "add it to `folders`, or say where it is with --define {name}=PATH"
                )));
                return None;
            }
        };
        if !path.is_dir() {
            let error = Diagnostic::error(
                "I002",
                format!(
                    "the folder {name} is not there: {} is no folder",
                    path.display()
                ),
            );
            let error = error.primary(self.place_of(name), "");
            diagnostics.push(error.hint(format!("say where it is with --define {name}=PATH")));
            return None;
        }
        Some(path)
    }

    fn list_package(
        &self,
        base: &str,
        folder: &Path,
        package: &str,
        overlay: bool,
        files: &mut Vec<FileToRead>,
        diagnostics: &mut Diagnostics,
    ) {
        let path = folder.join(package);
        if !path.is_dir() {
            let message = format!("the package {package} has no folder in {base}");
            let error =
                Diagnostic::error("I002", message).primary(self.place_of(package), "listed here");
            diagnostics.push(error.hint("correct the name, or take it off the list"));
            return;
        }
        let entries = WalkDir::new(&path).follow_links(true).sort_by_file_name();
        for entry in entries
            .into_iter()
            .filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry))
            .filter_map(|entry| seen(entry, diagnostics))
        {
            let name = entry.file_name().to_string_lossy();
            let is_source = name.ends_with(".st") && name != "package.st";
            if entry.file_type().is_dir() || !is_source {
                continue;
            }
            files.push(FileToRead {
                path: entry.path().to_owned(),
                package: package.to_owned(),
                overlay,
                is_chunk_file: false,
            });
        }
    }
}

/// The names of the folders in a folder, sorted.
fn subfolders(path: &Path, diagnostics: &mut Diagnostics) -> Vec<String> {
    let entries = WalkDir::new(path)
        .follow_links(true)
        .min_depth(1)
        .max_depth(1)
        .sort_by_file_name();
    entries
        .into_iter()
        .filter_map(|entry| seen(entry, diagnostics))
        .filter(|entry| entry.file_type().is_dir() && !is_hidden(entry))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

/// Whether a file or folder is none of the sources: the folders of version control, what editors leave.
fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().to_string_lossy().starts_with('.')
}

/// The entry of a folder; none, reported unless it is hidden, if it cannot be read or links to a folder around it.
fn seen(entry: walkdir::Result<DirEntry>, diagnostics: &mut Diagnostics) -> Option<DirEntry> {
    let error = match entry {
        Ok(entry) => return Some(entry),
        Err(error) => error,
    };
    let name = error.path().and_then(Path::file_name).unwrap_or_default();
    if !name.to_string_lossy().starts_with('.') {
        let hint = match error.io_error() {
            Some(error) => readable_hint(error),
            None => "remove the link: what it leads to is read already",
        };
        diagnostics.push(Diagnostic::error("B001", error.to_string()).hint(hint));
    }
    None
}

/// `Tools` for `parts/Tools.pck.st`.
fn package_of_file(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split('.').next().unwrap_or(name).to_owned()
}

fn read_file(file: &FileToRead, id: FileId, forms: &ChunkForms) -> ReadFile {
    let mut read = ReadFile {
        text: String::new(),
        definitions: Vec::new(),
        interner: Interner::new(),
        diagnostics: Diagnostics::new(),
    };
    let bytes = match read_regular(&file.path) {
        Ok(bytes) => bytes,
        Err(error) => {
            let message = format!("cannot read {}: {error}", file.path.display());
            let error = Diagnostic::error("B001", message).hint(readable_hint(&error));
            read.diagnostics.push(error);
            return read;
        }
    };
    match String::from_utf8(bytes) {
        Ok(text) => read.text = text,
        Err(error) => {
            read.diagnostics.push(not_utf8(&error, id));
            read.text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            return read;
        }
    }
    let mut found = Diagnostics::new();
    if file.is_chunk_file {
        let chunks = read_chunks(&read.text, id, forms, &mut read.interner, &mut found);
        read.definitions = chunks.definitions;
        read.text = chunks.text;
    } else {
        let definition = read_class(&read.text, id, &mut read.interner, &mut found);
        read.definitions.extend(definition);
    }
    read.diagnostics
        .extend(found.into_iter().map(|diagnostic| Diagnostic {
            severity: match diagnostic.code {
                code if TWICE.contains(&code) => Severity::Warning,
                _ => diagnostic.severity,
            },
            ..diagnostic
        }));
    read
}
