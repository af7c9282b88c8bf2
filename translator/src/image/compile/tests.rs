//! Listings of compiled methods, and whole source trees through the compiler.
//!
//! `tests/texts/NAME.st` is a class; its listings are in `NAME.sista.txt`, `NAME.embedded.txt` (SistaV1 with embedded blocks) and `NAME.v3.txt`.
//! `OURO_BLESS=1` writes these anew. `OURO_SOURCES`, folders with colons between them, are compiled as a whole if it is set.

mod limits;
mod machine;
mod random;
mod reference;
mod sources;
mod support;
mod world;

use std::path::PathBuf;

use super::{BytecodeSet, Closures, TargetOptions};
use support::{Class, Variant};

/// The three kinds of code.
const VARIANTS: [Variant; 3] = [
    Variant {
        name: "sista",
        set: BytecodeSet::SistaV1,
        closures: Closures::Full,
    },
    Variant {
        name: "embedded",
        set: BytecodeSet::SistaV1,
        closures: Closures::Embedded,
    },
    Variant {
        name: "v3",
        set: BytecodeSet::V3,
        closures: Closures::Embedded,
    },
];

fn texts() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    folder.join("src/image/compile/tests/texts")
}

#[test]
fn listings_are_as_expected_and_verified() {
    let mut names: Vec<PathBuf> = std::fs::read_dir(texts())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "st"))
        .collect();
    names.sort();
    assert!(names.len() >= 6, "the texts are missing");
    let mut differing = Vec::new();
    for path in names {
        let text = std::fs::read_to_string(&path).unwrap();
        for variant in VARIANTS {
            let actual = Class::read(&text, variant.options()).listing();
            let expected_path = path.with_extension(format!("{}.txt", variant.name));
            if std::env::var_os("OURO_BLESS").is_some() {
                std::fs::write(&expected_path, &actual).unwrap();
            }
            let expected = std::fs::read_to_string(&expected_path).unwrap_or_default();
            if expected != actual {
                differing.push(format!("{}:\n{actual}", expected_path.display()));
            }
        }
    }
    assert!(
        differing.is_empty(),
        "{}\nOURO_BLESS=1 accepts the new texts",
        differing.join("\n")
    );
}

#[test]
fn options_that_no_set_has_are_refused() {
    let v3 = TargetOptions {
        set: BytecodeSet::V3,
        ..TargetOptions::default()
    };
    assert!(v3.check().unwrap_err().contains("full closures"));
    let embedded = TargetOptions {
        closures: Closures::Embedded,
        ..v3
    };
    assert_eq!(embedded.check(), Ok(()));
    assert_eq!(TargetOptions::default().check(), Ok(()));
}
