//! Files that commands write: whole, or not at all.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{Error, ErrorKind, Result, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// What a new file may be used for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// To be read and written.
    Data,
    /// To be run by those who may read it.
    Program,
}

impl Use {
    /// The mode of a file that takes the place of one with the mode `before`, if there is one.
    fn mode(self, before: Option<u32>) -> u32 {
        let mode = before.map_or(0o666, |before| before & 0o777);
        match self {
            Use::Data => mode,
            Use::Program => mode | (mode & 0o444) >> 2,
        }
    }
}

/// More links than this, one behind the other, are a circle; the system counts likewise.
const MOST_LINKS: usize = 40;

/// Writes a file beside the one at `path` and puts it into its place, so that a program that runs from it, or reads it, is not disturbed.
/// Links are followed, also to where there is no file yet: the place that they lead to gets the file. Folders of `path` itself are made.
/// A file that is replaced leaves its mode to the new one; without one the process's mask decides.
///
/// # Errors
///
/// Those of the system, and `AlreadyExists` if there is something that is no regular file, a device for instance: that is left alone.
/// All name the path.
pub(super) fn replace_file(path: &Path, bytes: &[u8], purpose: Use) -> Result<()> {
    let named = |error: Error| Error::new(error.kind(), format!("{}: {error}", path.display()));
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(named)?;
    }
    let target = behind_links(path).map_err(named)?;
    let before = match fs::symlink_metadata(&target) {
        Ok(found) if found.is_file() => Some(found.permissions().mode()),
        Ok(_) => {
            let reason = "this is no regular file, and is not replaced";
            return Err(named(Error::new(ErrorKind::AlreadyExists, reason)));
        }
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(named(error)),
    };
    let temporary = temporary_name(&target, std::process::id());
    let written = write_new(&temporary, bytes, purpose.mode(before), before.is_some())
        .and_then(|()| fs::rename(&temporary, &target));
    if written.is_err() {
        drop(fs::remove_file(&temporary));
    }
    written.map_err(named)
}

/// The file that a process writes before it is put into the place of `target`.
fn temporary_name(target: &Path, process: u32) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!(".{name}.{process}.new"))
}

/// Removes the files that processes which are no more have begun to write for `target`. What cannot be removed stays.
pub(super) fn remove_abandoned(target: &Path) {
    let Ok(entries) = fs::read_dir(folder_of(target)) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let words = name.to_str().map(|name| name.rsplit('.'));
        let process = words.and_then(|mut words| words.nth(1)?.parse().ok());
        let is_abandoned = process.is_some_and(|process: u32| {
            temporary_name(target, process).file_name() == Some(&name)
                && !Path::new("/proc").join(process.to_string()).exists()
        });
        if is_abandoned {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Makes a file with `mode`, from which the process's mask takes permissions unless the mode is to be `exact`.
fn write_new(path: &Path, bytes: &[u8], mode: u32, exact: bool) -> Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(mode)
        .open(path)?;
    if exact {
        file.set_permissions(Permissions::from_mode(mode))?;
    }
    file.write_all(bytes)
}

/// The place that `path` leads to, whether or not there is something: itself, unless it is a symbolic link.
fn behind_links(path: &Path) -> Result<PathBuf> {
    let mut place = path.to_path_buf();
    for _ in 0..MOST_LINKS {
        if !place.is_symlink() {
            return Ok(place);
        }
        let target = fs::read_link(&place)?;
        place = folder_of(&place).join(target);
    }
    Err(Error::other("too many links, one behind the other"))
}

/// Whether two paths lead to the same file, whatever links and dots they have; it need not be there yet.
pub(super) fn is_same_place(path: &Path, other: &Path) -> bool {
    place_of(path) == place_of(other)
}

/// Where a file is, or will be.
fn place_of(path: &Path) -> PathBuf {
    let target = behind_links(path).unwrap_or_else(|_| path.to_path_buf());
    let folder = folder_of(&target);
    let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_path_buf());
    folder.join(target.file_name().unwrap_or_default())
}

/// The folder that a file is in, as its path says.
pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}
