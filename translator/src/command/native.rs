//! Executables that are run at once: those of tests.

use std::fmt;
use std::io::Result;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::lower::test_argument;

/// An executable in a folder of its own, removed at the end.
pub(super) struct Executable {
    folder: PathBuf,
    path: PathBuf,
}

/// How a process ended.
pub(super) struct NativeResult {
    /// None if a signal killed it.
    pub(super) status: Option<i32>,
    pub(super) output: Vec<u8>,
    pub(super) errors: Vec<u8>,
}

impl Executable {
    /// Writes the file.
    pub(super) fn new(bytes: &[u8]) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("ouroc-tests-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let path = folder.join("tests");
        write_executable(&path, bytes)?;
        Ok(Executable { folder, path })
    }

    /// Runs the test of this number.
    pub(super) fn run_test(&self, index: usize) -> Result<NativeResult> {
        let argument = test_argument(index);
        let mut command = Command::new(&self.path);
        command
            .arg(std::ffi::OsStr::from_bytes(&argument))
            .current_dir(&self.folder)
            .stdin(Stdio::null());
        let result = command.output()?;
        Ok(NativeResult {
            status: result.status.code(),
            output: result.stdout,
            errors: result.stderr,
        })
    }
}

impl Drop for Executable {
    fn drop(&mut self) {
        // A folder that stays behind in the place for temporary files does no harm.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl NativeResult {
    pub(super) fn passed(&self) -> bool {
        self.status == Some(0)
    }
}

impl fmt::Display for NativeResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            Some(status) => write!(f, "status {status}")?,
            None => f.write_str("killed by a signal")?,
        }
        let errors = String::from_utf8_lossy(&self.errors);
        match errors.trim() {
            "" => Ok(()),
            errors => write!(f, ", {errors}"),
        }
    }
}

/// Writes a file that may be run. A running one is replaced, not changed.
pub(super) fn write_executable(path: &std::path::Path, bytes: &[u8]) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let temporary = path.with_extension("new");
    std::fs::write(&temporary, bytes)?;
    std::fs::set_permissions(&temporary, std::fs::Permissions::from_mode(0o755))?;
    std::fs::rename(&temporary, path)
}
