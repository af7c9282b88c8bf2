//! The build description and the packages that it names.
//!
//! In: the path of a RON file. Out: a [`Project`]: every file read and parsed, with one interner and one source map. Holds: packages stand in layer order, test
//! packages last; whatever is missing, doubled or misplaced has been reported; symbols and file numbers do not depend on the number of cores.

mod description;
mod packages;
pub mod snippet;

use std::path::{Path, PathBuf};

pub use description::{BuildDescription, parse_description};
pub use packages::Package;
pub(crate) use packages::{not_utf8, read_regular, readable_hint};

/// Whether the packages of tests belong to the program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tests {
    /// They are read.
    Included,
    /// They are not even looked for.
    LeftOut,
}

use crate::base::{Diagnostic, Diagnostics, FileId, Interner, SourceMap, Span};

/// A program as it was read.
pub struct Project {
    /// What the build description says.
    pub description: BuildDescription,
    /// The build description's file.
    pub description_file: FileId,
    /// The folder of the build description.
    pub folder: PathBuf,
    /// In layer order, test packages last.
    pub packages: Vec<Package>,
}

/// Reads the build description at `path` and all files of its packages.
///
/// None if the description itself cannot be read; anything else that is wrong is reported, and the rest is there.
pub fn load(
    path: &Path,
    tests: Tests,
    sources: &mut SourceMap,
    interner: &mut Interner,
    diagnostics: &mut Diagnostics,
) -> Option<Project> {
    let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
    sources.set_folder(&folder.to_string_lossy());
    let bytes = match packages::read_regular(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            let message = format!("cannot read {}: {error}", path.display());
            diagnostics
                .push(Diagnostic::error("B001", message).hint(packages::readable_hint(&error)));
            return None;
        }
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let file = sources.add(name, text);
            diagnostics.push(packages::not_utf8(&error, file));
            return None;
        }
    };
    let description_file = sources.add(name, text.as_str());
    let mut description = parse_description(&text, description_file, diagnostics)?;
    if tests == Tests::LeftOut {
        description
            .raw
            .retain(|raw| !description.tests.contains(raw));
        description
            .library
            .retain(|library| !description.tests.contains(library));
        description.tests.clear();
    }
    let place = Place {
        text: &text,
        file: description_file,
    };
    description.check(&place, diagnostics);
    let packages = packages::load(
        &description,
        &place,
        &folder,
        sources,
        interner,
        diagnostics,
    );
    Some(Project {
        description,
        description_file,
        folder,
        packages,
    })
}

impl Project {
    /// Where `name` stands in the build description, in quotes.
    #[must_use]
    pub fn place_of(&self, name: &str, sources: &SourceMap) -> Span {
        let text = &sources.file(self.description_file).text;
        Place {
            text,
            file: self.description_file,
        }
        .of(name)
    }

    /// Lines of all files without blanks and comments.
    #[must_use]
    pub fn code_lines(&self) -> usize {
        self.packages.iter().map(|package| package.code_lines).sum()
    }
}

/// The text of a build description, to find places for labels.
struct Place<'a> {
    text: &'a str,
    file: FileId,
}

impl Place<'_> {
    /// The first occurrence of `name` in quotes; the start of the file if there is none.
    fn of(&self, name: &str) -> Span {
        self.occurrence(name, 0)
    }

    /// The occurrence number `index` of `name` in quotes.
    fn occurrence(&self, name: &str, index: usize) -> Span {
        let quoted = format!("\"{name}\"");
        match self.text.match_indices(&quoted).nth(index) {
            Some((start, found)) => Span::new(self.file, start, start + found.len()),
            None => Span::new(self.file, 0, 0),
        }
    }
}

#[cfg(test)]
mod tests;
