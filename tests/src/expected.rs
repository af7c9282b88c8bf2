//! Texts that stand in files beside the programs they come from.

use std::path::PathBuf;

use crate::shown;

/// Compares each text with its file. With `OURO_BLESS=1` the files are written anew instead, for a reviewer to judge.
///
/// # Panics
/// When a text is not the expected one, or a file cannot be written.
pub fn compare(texts: impl IntoIterator<Item = (PathBuf, String)>) {
    let bless = std::env::var_os("OURO_BLESS").is_some();
    let mut different = Vec::new();
    for (path, actual) in texts {
        if bless {
            std::fs::write(&path, &actual)
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        } else if std::fs::read_to_string(&path).unwrap_or_default() != actual {
            different.push(format!(
                "{}: instead of the expected text:\n{actual}",
                shown(&path)
            ));
        }
    }
    assert!(
        different.is_empty(),
        "{}\nOURO_BLESS=1 accepts the new texts",
        different.join("\n")
    );
}
