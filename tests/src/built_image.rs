//! Images that `ouroc image` builds: from the small library in `tests/image/mini`, and from the class library in each set of bytecodes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use ouroc::base::render::{Color, render_all};
use ouroc::image::{Built, Request, Shared, build};

use crate::{root, text};

/// The description of the small library.
///
/// # Panics
/// When it cannot be read.
pub fn mini() -> String {
    text(&root().join("tests/image/mini.ron"))
}

/// A folder with a description, removed at the end.
#[derive(Debug)]
pub struct Folder {
    /// The folder.
    pub path: PathBuf,
}

impl Folder {
    /// A new folder with the description in `mini.ron`.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn new(description: &str) -> Folder {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("ouro-image-builder-{}-{number}", std::process::id());
        let folder = Folder {
            path: std::env::temp_dir().join(name),
        };
        folder.write("mini.ron", description);
        folder
    }

    /// Writes a file in the folder.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, name: &str, contents: &str) {
        let path = self.path.join(name);
        let folder = path.parent().expect("a file is in a folder");
        std::fs::create_dir_all(folder).expect("the temporary folder can be made");
        std::fs::write(path, contents).expect("the file can be written");
    }

    /// The image, and what is told.
    pub fn build(&self, start: Option<&str>, list: Option<&str>) -> (Option<Built>, String) {
        let mini = root().join("tests/image/mini");
        let defines = BTreeMap::from([("mini".to_owned(), mini)]);
        let request = Request {
            path: &self.path.join("mini.ron"),
            defines: &defines,
            added: &[],
            start,
            list,
        };
        let mut shared = Shared::default();
        let built = build(&request, &mut shared);
        shared.diagnostics.sort();
        let rendered = render_all(&shared.diagnostics, &shared.sources, Color::Plain);
        let folder = format!("{}/", self.path.display());
        (built, rendered.replace(&folder, ""))
    }

    /// The file of sources that the image refers to.
    ///
    /// # Panics
    /// When the image cannot be built, or refers to none.
    pub fn source_file(&self) -> (String, String) {
        let (built, told) = self.build(None, None);
        let file = built.and_then(|built| built.source_file);
        file.unwrap_or_else(|| panic!("{told}"))
    }

    /// The image with this start expression.
    ///
    /// # Panics
    /// When it cannot be built.
    pub fn image(&self, start: &str) -> Vec<u8> {
        let (built, told) = self.build(Some(start), None);
        built.unwrap_or_else(|| panic!("{start}\n{told}")).bytes
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.path));
    }
}

/// An image of the class library, and of the packages in the folder that `added` answers, whose methods are compiled for `set` with
/// blocks that are `closures`.
///
/// # Panics
/// When it cannot be built without findings.
pub fn kernel(set: &str, closures: &str, added: impl Fn(&Folder) -> PathBuf) -> Vec<u8> {
    let sources = root().join("vm-source-st");
    let (from, to) = (
        "set: SistaV1, closures: Full",
        format!("set: {set}, closures: {closures}"),
    );
    let description = text(&sources.join("kernel.ron"));
    assert!(
        description.contains(from),
        "the target is written otherwise"
    );
    let folder = Folder::new(&description.replace(from, &to));
    folder.write("kernel/boot.st", &text(&sources.join("kernel/boot.st")));
    let mut shared = Shared::default();
    let request = Request {
        path: &folder.path.join("mini.ron"),
        defines: &BTreeMap::from([("kernel".to_owned(), sources.join("kernel"))]),
        added: &[added(&folder)],
        start: None,
        list: None,
    };
    let built = build(&request, &mut shared);
    let findings: Vec<_> = shared.diagnostics.iter().collect();
    assert!(findings.is_empty(), "{findings:?}");
    built.expect("there is an image without errors").bytes
}
