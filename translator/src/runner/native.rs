//! Runs a test executable.

use std::io::Read;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use super::RunOptions;
use super::main_method::SEPARATOR;
use crate::ir::Module;
use crate::{object, opt, x64};

/// How a test ended natively.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NativeEnd {
    /// As it should.
    Done,
    /// It ended the process with this status.
    Exit(i32),
    /// A trap or another fault ended the process: the signal's number.
    Signal(i32),
    /// It took too long.
    TimeOut,
}

/// What a native run of a test says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NativeResult {
    /// How it ended.
    pub end: NativeEnd,
    /// What it wrote to standard output.
    pub output: Vec<u8>,
}

/// A test executable in a temporary file, removed when dropped.
#[derive(Debug)]
pub struct NativeTests {
    path: PathBuf,
}

static NEXT: AtomicU32 = AtomicU32::new(0);

impl std::fmt::Display for NativeEnd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            NativeEnd::Done => f.write_str("passes"),
            NativeEnd::Exit(status) => write!(f, "ends the process with status {status}"),
            NativeEnd::Signal(4) => f.write_str("traps"),
            NativeEnd::Signal(signal) => write!(f, "dies of signal {signal}"),
            NativeEnd::TimeOut => f.write_str("takes too long"),
        }
    }
}

impl NativeTests {
    /// Optimises, compiles and links a module that [`super::test_module`] made, and writes the executable.
    ///
    /// # Errors
    /// A stage fails or the file cannot be written.
    pub fn new(mut module: Module) -> Result<Self, String> {
        opt::optimize(&mut module, opt::Options::default())
            .map_err(|errors| format!("{errors:?}"))?;
        let code = x64::compile(&module)?;
        let options = object::LinkOptions {
            without_debug_info: true,
            ..object::LinkOptions::default()
        };
        let executable = object::link(&code, &options).map_err(|error| error.to_string())?;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("ouro-tests-{}-{number}", std::process::id()));
        write_executable(&path, &executable.bytes)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(NativeTests { path })
    }

    /// Runs the tests with the numbers below `count`.
    ///
    /// # Errors
    /// The executable cannot be started.
    pub fn run_all(&self, count: usize, options: &RunOptions) -> Result<Vec<NativeResult>, String> {
        let mut results = Vec::with_capacity(count);
        while results.len() < count {
            let first = results.len();
            let end = if options.isolated { first + 1 } else { count };
            let (output, status) = self.run(first, end, options)?;
            // Each test but one that ended the process left a separator.
            let mut parts: Vec<&[u8]> = output.split(|&byte| byte == SEPARATOR).collect();
            let rest = parts.pop().unwrap_or_default();
            results.extend(parts.iter().take(end - first).map(|part| NativeResult {
                end: NativeEnd::Done,
                output: part.to_vec(),
            }));
            if results.len() < end {
                let end = match status {
                    None => NativeEnd::TimeOut,
                    Some(status) => match (status.code(), status.signal()) {
                        (Some(code), _) => NativeEnd::Exit(code),
                        (None, signal) => NativeEnd::Signal(signal.unwrap_or(0)),
                    },
                };
                results.push(NativeResult {
                    end,
                    output: rest.to_vec(),
                });
            }
        }
        Ok(results)
    }

    /// Runs the tests from `first` up to `end`; no status when that took too long.
    fn run(
        &self,
        first: usize,
        end: usize,
        options: &RunOptions,
    ) -> Result<(Vec<u8>, Option<ExitStatus>), String> {
        let fails = |error: std::io::Error| format!("{}: {error}", self.path.display());
        let mut command = Command::new(&self.path);
        command
            .args([first.to_string(), end.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = spawn(&mut command).map_err(fails)?;
        let mut stdout = child.stdout.take().ok_or("the executable has no output")?;
        let reader = std::thread::spawn(move || {
            let mut output = Vec::new();
            // A process that dies leaves what it wrote.
            let _ = stdout.read_to_end(&mut output);
            output
        });
        let started = Instant::now();
        let patience = options.patience * u32::try_from(end - first).unwrap_or(u32::MAX);
        let mut pause = std::time::Duration::from_micros(50);
        let status = loop {
            if let Some(status) = child.try_wait().map_err(fails)? {
                break Some(status);
            }
            if started.elapsed() > patience {
                child.kill().map_err(fails)?;
                child.wait().map_err(fails)?;
                break None;
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(std::time::Duration::from_millis(10));
        };
        let output = reader
            .join()
            .map_err(|_| "the reader of the executable's output failed")?;
        Ok((output, status))
    }
}

/// Starts a process from a file just written. Another thread that starts one at the moment may still hold the file open for writing.
///
/// # Errors
/// The process does not start, for another reason or for a whole second.
pub fn spawn(command: &mut Command) -> std::io::Result<std::process::Child> {
    let mut tries = 0;
    loop {
        match command.spawn() {
            Err(error)
                if error.kind() == std::io::ErrorKind::ExecutableFileBusy && tries < 1000 =>
            {
                tries += 1;
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            other => return other,
        }
    }
}

impl Drop for NativeTests {
    fn drop(&mut self) {
        // Nothing depends on the file any more.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn write_executable(path: &PathBuf, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o755)
        .open(path)?;
    std::io::Write::write_all(&mut file, bytes)?;
    file.set_permissions(std::fs::Permissions::from_mode(0o755))
}
