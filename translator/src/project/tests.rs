//! Descriptions and folders good and bad.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Project, Tests, load};
use crate::base::render::{Color, render_all};
use crate::base::{Diagnostics, Interner, SourceMap};

const GOOD: &str =
    "Build(name: \"x\", root: \"vm\", packages: [\"P\"], raw: [\"P\"], entry: \"A>>b\")";

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, files: &[(&str, &[u8])]) -> Self {
        let path =
            std::env::temp_dir().join(format!("ouroc-project-{}-{name}", std::process::id()));
        for (file, text) in files {
            let file = path.join(file);
            fs::create_dir_all(file.parent().unwrap_or(Path::new("/"))).unwrap();
            fs::write(file, text).unwrap();
        }
        Folder(path)
    }

    fn load(&self) -> (Option<Project>, Interner, String) {
        let (mut sources, mut interner, mut diagnostics) =
            (SourceMap::new(), Interner::new(), Diagnostics::new());
        let project = load(
            &self.0.join("vm.ron"),
            Tests::Included,
            &mut sources,
            &mut interner,
            &mut diagnostics,
        );
        sources.set_folder("");
        (
            project,
            interner,
            render_all(&diagnostics, &sources, Color::Plain),
        )
    }

    fn codes(&self) -> Vec<String> {
        let (.., errors) = self.load();
        errors
            .lines()
            .filter_map(|line| Some(line.strip_prefix("error ")?[..4].to_owned()))
            .collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn packages_are_read_in_the_order_of_files_whatever_the_number_of_cores() {
    let files: Vec<_> = (0..40)
        .map(|n| {
            (
                format!("vm/P/C{n:02}.class.st"),
                format!("Class {{ #name : 'C{n:02}' }}\nC{n:02} >> m{n} [ ^ {n} ]\n"),
            )
        })
        .collect();
    let mut all: Vec<(&str, &[u8])> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_bytes()))
        .collect();
    all.push(("vm.ron", GOOD.as_bytes()));
    all.push(("vm/P/package.st", b"Package { #name : 'P' }"));
    all.push(("vm/P/README.md", b"no Tonel"));
    let folder = Folder::new("order", &all);
    let (project, interner, errors) = folder.load();
    assert_eq!(errors, "");
    let project = project.unwrap();
    let names: Vec<_> = project.packages[0]
        .definitions
        .iter()
        .map(|class| interner.text(class.name.name))
        .collect();
    assert_eq!(names.len(), 40);
    assert!(names.is_sorted());
    assert!(interner.lookup("C01") < interner.lookup("C02"));
    assert!(project.packages[0].raw);
    assert_eq!(project.code_lines(), 81);
}

#[test]
fn a_faulty_description_is_shown_with_line_and_column() {
    let text = "Build(\n  name: \"x\",\n  rood: \"vm\",\n)";
    let folder = Folder::new("faulty", &[("vm.ron", text.as_bytes())]);
    let (project, _, errors) = folder.load();
    assert!(project.is_none());
    assert!(
        errors.contains("error B002") && errors.contains("--> vm.ron:3:"),
        "{errors}"
    );
    assert!(errors.contains("rood"), "{errors}");
}

#[test]
fn what_is_missing_or_misnamed_has_a_code() {
    assert_eq!(Folder::new("none", &[("x", b"")]).codes(), ["B001"]);
    assert_eq!(
        Folder::new("no-folder", &[("vm.ron", GOOD.as_bytes())]).codes(),
        ["B005"]
    );
    let one = |name: &str, file: &str, text: &[u8]| {
        let package: (&str, &[u8]) = ("vm/P/package.st", b"Package { #name : 'P' }");
        Folder::new(name, &[("vm.ron", GOOD.as_bytes()), package, (file, text)]).codes()
    };
    assert_eq!(
        one("wrong-name", "vm/P/package.st", b"Package { #name : 'Q' }"),
        ["B007"]
    );
    assert_eq!(
        one("wrong-file", "vm/P/A.class.st", b"Class { #name : 'B' }"),
        ["B008"]
    );
    assert_eq!(
        one("wrong-kind", "vm/P/A.st", b"Class { #name : 'A' }"),
        ["B008"]
    );
    assert_eq!(one("bytes", "vm/P/A.class.st", b"Class \xFF"), ["F011"]);
    assert_eq!(
        Folder::new(
            "no-package",
            &[
                ("vm.ron", GOOD.as_bytes()),
                ("vm/P/A.class.st", b"Class { #name : 'A' }")
            ]
        )
        .codes(),
        ["B006"]
    );
    let doubled = GOOD
        .replace("packages: [\"P\"]", "packages: [\"P\", \"P\"]")
        .replace("raw: [\"P\"", "raw: [\"Q\"");
    assert_eq!(
        one("doubled", "vm.ron", doubled.as_bytes()),
        ["B003", "B004"]
    );
}

#[test]
fn what_is_called_like_a_source_file_and_is_none_is_reported() {
    let files: [(&str, &[u8]); 3] = [
        ("vm.ron", GOOD.as_bytes()),
        ("vm/P/package.st", b"Package { #name : 'P' }"),
        ("vm/P/A.class.st/inner.txt", b""),
    ];
    let folder = Folder::new("irregular", &files);
    std::os::unix::fs::symlink("nowhere", folder.0.join("vm/P/B.class.st")).unwrap();
    let (_, _, errors) = folder.load();
    assert!(
        errors.contains("vm/P/A.class.st is no regular file"),
        "{errors}"
    );
    assert!(
        errors.contains("vm/P/B.class.st is no regular file"),
        "{errors}"
    );
}

#[test]
fn bytes_that_are_no_text_are_shown_with_their_place() {
    let bytes = b"Build(\n  name: \"\xFF\xFE\",\n";
    let (_, _, errors) = Folder::new("bytes", &[("vm.ron", bytes)]).load();
    assert!(
        errors.contains("the byte 16rFF stands at offset 16"),
        "{errors}"
    );
    assert!(errors.contains("vm.ron:2:10"), "{errors}");
    let (_, _, errors) = Folder::new("folder", &[("vm.ron/x", b"")]).load();
    assert!(errors.contains("this is no regular file"), "{errors}");
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    let wrong = [
        GOOD.replace("\"x\"", "\"../x\""),
        GOOD.replace("\"x\"", "\"\""),
        GOOD.replace("\"x\"", "\"-o\""),
        GOOD.replace("packages: [\"P\"]", "packages: [\"P\", \"..\"]"),
        GOOD.replace("\"vm\"", "\"\""),
    ];
    for text in wrong {
        let folder = Folder::new("names", &[("vm.ron", text.as_bytes())]);
        assert!(folder.codes().contains(&"B009".to_owned()), "{text}");
    }
}
