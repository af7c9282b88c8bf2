//! The build description: a RON file.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::Place;
use crate::base::source::SourceFile;
use crate::base::{Diagnostic, Diagnostics, FileId, Span};

/// What is built, from which packages.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename = "Build", deny_unknown_fields)]
pub struct BuildDescription {
    /// The name of the executable.
    pub name: String,
    /// The folder of the packages, relative to the description.
    pub root: String,
    /// The packages in layer order, lowest first. The name of a package is the last part of its path below the root.
    pub packages: Vec<String>,
    /// The packages in which raw conversions are allowed.
    #[serde(default)]
    pub raw: Vec<String>,
    /// The packages that other programs use, too: methods in them need not be reached.
    #[serde(default)]
    pub library: Vec<String>,
    /// Which concrete component stands for an abstract one.
    #[serde(default)]
    pub components: BTreeMap<String, String>,
    /// `Class>>selector` of the method that starts the program.
    pub entry: String,
    /// The packages of test classes, in the folder beside the root whose name ends in `-tests`.
    #[serde(default)]
    pub tests: Vec<String>,
}

/// Reads the text of a build description; none, reported with its place, if it is none.
pub fn parse_description(
    text: &str,
    file: FileId,
    diagnostics: &mut Diagnostics,
) -> Option<BuildDescription> {
    let error = match ron::from_str(text) {
        Ok(description) => return Some(description),
        Err(error) => error,
    };
    let source = SourceFile::new(String::new(), text.to_owned());
    let offset = |position: ron::error::Position| {
        let line = u32::try_from(position.line).unwrap_or(u32::MAX);
        let range = source.line_range(line);
        let rest = source.text.get(range.clone()).unwrap_or("");
        let before: usize = rest
            .chars()
            .take(position.col.saturating_sub(1))
            .map(char::len_utf8)
            .sum();
        range.start + before
    };
    let span = Span::new(file, offset(error.span.start), offset(error.span.end));
    let message = format!(
        "this is no build description: {}",
        lower_first(&error.code.to_string())
    );
    let error = Diagnostic::error("B002", message).primary(span, "");
    diagnostics.push(error.hint(
        "a description is Build(name: …, root: …, packages: […], entry: \"Class>>selector\"), with raw, library, components and tests where they are needed",
    ));
    None
}

fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(characters).collect()
}

impl BuildDescription {
    /// Reports doubled names and names of packages that are not in the list.
    pub(super) fn check(&self, place: &Place, diagnostics: &mut Diagnostics) {
        let mut seen = BTreeSet::new();
        for package in self.packages.iter().chain(&self.tests) {
            if !seen.insert(package_name(package)) {
                let error =
                    Diagnostic::error("B003", format!("the package {package} is listed twice"));
                let error = error.primary(place.occurrence(package, 1), "again here");
                let error = error.secondary(place.of(package), "first here");
                diagnostics
                    .push(error.hint("a package is one layer: keep the entry where it belongs"));
            }
        }
        let lists = [("raw", &self.raw), ("library", &self.library)];
        for (list, name) in lists
            .into_iter()
            .flat_map(|(list, names)| names.iter().map(move |name| (list, name)))
            .filter(|(_, name)| !seen.contains(package_name(name)))
        {
            let error = Diagnostic::error(
                "B004",
                format!("{name} is in the list of {list} packages but is no package"),
            );
            let error = error.primary(place.of(name), "not among the packages");
            diagnostics.push(error.hint("write the name as it stands in packages or tests"));
        }
        self.check_names(place, diagnostics);
    }

    /// Names become files and folders, so they are no paths to elsewhere.
    fn check_names(&self, place: &Place, diagnostics: &mut Diagnostics) {
        let mut refuse = |name: &str, what: &str, hint: &str| {
            let message = format!("{name:?} is no name of {what}");
            let error = Diagnostic::error("B009", message).primary(place.of(name), "");
            diagnostics.push(error.hint(hint));
        };
        if !is_file_name(&self.name) {
            let hint = "the executable is called so: write letters, digits, - and _";
            refuse(&self.name, "a program", hint);
        }
        let is_folder = |path: &str| !path.is_empty() && !path.contains(char::is_control);
        if !is_folder(&self.root) {
            let hint = "write the folder of the packages, \"vm\" for example";
            refuse(&self.root, "a folder", hint);
        }
        for package in self.packages.iter().chain(&self.tests) {
            if !is_folder(package) || !is_file_name(package_name(package)) {
                let hint = "the name of a package, the last part of its path, has letters, digits, - and _";
                refuse(package, "a package", hint);
            }
        }
    }

    /// Whether the package of this name is there for other programs, too.
    #[must_use]
    pub fn is_library(&self, name: &str) -> bool {
        self.library
            .iter()
            .any(|library| package_name(library) == name)
    }

    /// Whether raw conversions are allowed in the package of this name.
    #[must_use]
    pub fn is_raw(&self, name: &str) -> bool {
        self.raw.iter().any(|raw| package_name(raw) == name)
    }
}

/// Whether a name is that of one file or folder, and no option, hidden file or path.
fn is_file_name(name: &str) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || "-_.+".contains(character);
    name.chars().all(is_part) && name.starts_with(char::is_alphanumeric)
}

/// The last part of a package's path.
pub(super) fn package_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
