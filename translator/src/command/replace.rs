//! Files that commands write: whole, or not at all.

use std::fs::{self, Permissions};
use std::io::{Error, ErrorKind, Result};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Permissions of a file that may be run.
pub(super) const EXECUTABLE: u32 = 0o755;
/// Permissions of a file with data.
pub(super) const PLAIN: u32 = 0o644;

/// Writes a file beside the one at `path` and puts it into its place, so that a program that runs from it, or reads it, is not disturbed.
/// A link is followed: its target is replaced. Folders are made.
///
/// # Errors
///
/// Those of the system, and `AlreadyExists` if there is something that is no regular file, a device for instance: that is left alone.
/// All name the path.
pub(super) fn replace_file(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let named = |error: Error| Error::new(error.kind(), format!("{}: {error}", path.display()));
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(named)?;
    }
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    if target.exists() && !target.is_file() {
        let reason = "this is no regular file, and is not replaced";
        return Err(named(Error::new(ErrorKind::AlreadyExists, reason)));
    }
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let temporary = target.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let written = fs::write(&temporary, bytes)
        .and_then(|()| fs::set_permissions(&temporary, Permissions::from_mode(mode)))
        .and_then(|()| fs::rename(&temporary, &target));
    if written.is_err() {
        drop(fs::remove_file(&temporary));
    }
    written.map_err(named)
}

/// Whether two paths lead to the same file, whatever links and dots they have; it need not be there yet.
pub(super) fn is_same_place(path: &Path, other: &Path) -> bool {
    place_of(path) == place_of(other)
}

/// Where a file is, or will be.
fn place_of(path: &Path) -> PathBuf {
    if let Ok(known) = fs::canonicalize(path) {
        return known;
    }
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_path_buf());
    folder.join(path.file_name().unwrap_or_default())
}
