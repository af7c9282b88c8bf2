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
    diagnostics.push(Diagnostic::error("B002", message).primary(span, ""));
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
                diagnostics.push(error.secondary(place.of(package), "first here"));
            }
        }
        for raw in self
            .raw
            .iter()
            .filter(|raw| !seen.contains(package_name(raw)))
        {
            let error = Diagnostic::error(
                "B004",
                format!("{raw} is in the list of raw packages but is no package"),
            );
            diagnostics.push(error.primary(place.of(raw), "not among the packages"));
        }
    }

    /// Whether raw conversions are allowed in the package of this name.
    #[must_use]
    pub fn is_raw(&self, name: &str) -> bool {
        self.raw.iter().any(|raw| package_name(raw) == name)
    }
}

/// The last part of a package's path.
pub(super) fn package_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
