//! Images of the class library, built from its sources.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ouroc::base::Severity;
use ouroc::image::{Request, Shared, build};

use crate::root;

/// The raw image of the class library and of the packages in the folders beside it.
///
/// # Panics
/// When it cannot be built without a finding.
pub fn raw_image(added: &[&str]) -> Vec<u8> {
    image_that_starts(added, None)
}

/// The same with other statements to start with.
///
/// # Panics
/// As `raw_image`.
pub fn image_that_starts(added: &[&str], start: Option<&str>) -> Vec<u8> {
    let sources = root().join("vm-source-st");
    let added: Vec<PathBuf> = added.iter().map(|folder| sources.join(folder)).collect();
    let mut shared = Shared::default();
    let request = Request {
        path: &sources.join("kernel.ron"),
        defines: &BTreeMap::new(),
        added: &added,
        start,
        list: None,
    };
    let built = build(&request, &mut shared);
    let findings: Vec<_> = shared.diagnostics.iter().collect();
    assert!(findings.is_empty(), "{findings:?}");
    assert_eq!(shared.diagnostics.count(Severity::Error), 0);
    built.expect("there is an image without errors").bytes
}
