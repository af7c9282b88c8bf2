//! The source of an earlier revision, taken from git into a folder of its own.

use std::io::{Error, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::replace::folder_of;

/// The files of a revision; the folder is removed at the end.
pub(super) struct Revision {
    folder: PathBuf,
    /// Where the repository lies whose revision it is.
    repository: PathBuf,
}

impl Revision {
    /// Takes `revision` of the repository that `inside` lies in.
    pub(super) fn take(revision: &str, inside: &Path) -> Result<Self> {
        let repository = git(folder_of(inside), None, &["rev-parse", "--show-toplevel"])?;
        let repository = PathBuf::from(repository.trim_end());
        let folder = std::env::temp_dir().join(format!("ouroc-revision-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let taken = Revision { folder, repository };
        // An index of its own, so that that of the user stays as it is.
        let index = taken.folder.join("index");
        let commit = format!("{revision}^{{commit}}");
        git(&taken.repository, Some(&index), &["read-tree", &commit])?;
        let prefix = format!("--prefix={}/tree/", taken.folder.display());
        git(
            &taken.repository,
            Some(&index),
            &["checkout-index", "--all", "--force", &prefix],
        )?;
        Ok(taken)
    }

    /// Where a file of the working tree lies in the revision.
    pub(super) fn path_of(&self, file: &Path) -> Result<PathBuf> {
        // Git tells where the repository is without links and detours.
        let folder = std::fs::canonicalize(folder_of(file))?;
        let inner = folder.strip_prefix(&self.repository);
        let inner = inner
            .map_err(|_| Error::other(format!("{} is not in the repository", file.display())))?;
        let name = file.file_name().unwrap_or_default();
        Ok(self.folder.join("tree").join(inner).join(name))
    }
}

impl Drop for Revision {
    fn drop(&mut self) {
        // A folder that stays behind in the place for temporary files does no harm.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn git(folder: &Path, index: Option<&Path>, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(arguments);
    if let Some(index) = index {
        command.env("GIT_INDEX_FILE", index);
    }
    let output = command
        .output()
        .map_err(|error| Error::new(error.kind(), format!("git cannot be run: {error}")))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(Error::other(format!(
            "git {}: {}",
            arguments[0],
            String::from_utf8_lossy(&output.stderr).trim()
        )))
    }
}
