//! Runs of the VM on damaged images.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::vm;

/// Longer than any case takes: a case that is not done by then hangs.
const LIMIT: Duration = Duration::from_secs(20);
/// After so many bytecodes a case ends.
const BYTECODES: &str = "20000";

/// How a run ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The exit status; none if a signal or the limit ended the run.
    pub status: Option<i32>,
    /// It did not end within the limit.
    pub hangs: bool,
    /// What it told.
    pub told: String,
}

/// Runs one case after the other in a folder of its own.
#[derive(Debug)]
pub struct Runner {
    folder: PathBuf,
}

impl Runner {
    /// Makes the folder.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn new(number: usize) -> Runner {
        let folder =
            std::env::temp_dir().join(format!("ouro-fuzz-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("the temporary folder can be made");
        Runner { folder }
    }

    /// Writes the image of the next runs.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn place(&self, image: &[u8]) {
        std::fs::write(self.folder.join("case.image"), image).expect("the image can be written");
    }

    /// Runs the image with options.
    ///
    /// # Panics
    /// When the VM cannot be started.
    pub fn run(&self, options: &[&str]) -> Outcome {
        let told = self.folder.join("told");
        let file = std::fs::File::create(&told).expect("the file can be written");
        let copy = file.try_clone().expect("a descriptor");
        let mut child = Command::new(vm())
            .args(["--interpret", "--deterministic", "--stop-after", BYTECODES])
            .args(options)
            .arg("case.image")
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(copy)
            .spawn()
            .expect("the VM can be started");
        let start = Instant::now();
        let (status, hangs) = loop {
            if let Some(status) = child.try_wait().expect("the VM can be waited for") {
                break (status.code(), false);
            }
            if start.elapsed() > LIMIT {
                child.kill().expect("the VM can be killed");
                child.wait().expect("the VM ends");
                break (None, true);
            }
            std::thread::sleep(Duration::from_micros(300));
        };
        let told = std::fs::read(told).unwrap_or_default();
        Outcome {
            status,
            hangs,
            told: String::from_utf8_lossy(&told[..told.len().min(20_000)]).into_owned(),
        }
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.folder));
    }
}
