//! System calls of the evaluated program, carried out on the host or, for time and chance, made up.

mod file_calls;
mod files;

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use self::files::OpenFiles;
use super::code::Site;
use super::fault::{FaultKind, Outcome};
use super::machine::{Eval, Machine};
use super::memory::{MemoryFault, PAGE_SIZE, Protection};

const ENOENT: i64 = 2;
const EBADF: i64 = 9;
const ENOMEM: i64 = 12;
const EFAULT: i64 = 14;
const EINVAL: i64 = 22;
const ENOTTY: i64 = 25;
const ERANGE: i64 = 34;
pub(super) const ENOSYS: i64 = 38;
/// Physical memory of the machine on which the program believes to run.
const MACHINE_BYTES: u64 = 1 << 34;
/// Longest transfer of one call.
const MAX_TRANSFER: u64 = 0x7FFF_F000;
/// `mmap`: replace what is there.
const MAP_FIXED: u64 = 0x10;
/// `mmap`: no file.
const MAP_ANONYMOUS: u64 = 0x20;

/// How the program sees the world.
#[derive(Clone, Debug, Default)]
pub struct SystemOptions {
    /// Clocks stand at a fixed instant and move by a microsecond at each look; random bytes repeat.
    pub deterministic: bool,
    /// What it writes to standard output and error also goes to the host's.
    pub echo: bool,
    /// What it reads from standard input.
    pub input: Vec<u8>,
    /// Folder for relative paths; the host's current one when absent.
    pub folder: Option<PathBuf>,
}

/// What the operating system knows of the program.
pub struct System {
    options: SystemOptions,
    /// Written to standard output.
    pub output: Vec<u8>,
    /// Written to standard error.
    pub errors: Vec<u8>,
    open_files: OpenFiles,
    input_position: usize,
    /// Microseconds that passed on the made-up clock.
    ticks: u64,
    random: u64,
}

/// The result of a system call as the kernel answers it, or the address that is to blame.
type Answer = Result<i64, MemoryFault>;

impl System {
    pub(super) fn new(options: SystemOptions) -> Self {
        System {
            options,
            output: Vec::new(),
            errors: Vec::new(),
            open_files: OpenFiles::default(),
            input_position: 0,
            ticks: 0,
            random: 0x9E37_79B9_7F4A_7C15,
        }
    }

    pub(super) fn timestamp(&mut self) -> u64 {
        self.pass(1);
        self.ticks.saturating_mul(1000)
    }

    /// Lets time pass on the made-up clock, which stands at its end.
    fn pass(&mut self, microseconds: u64) {
        self.ticks = self.ticks.saturating_add(microseconds);
    }

    /// Nanoseconds since 1970.
    fn now(&mut self) -> u64 {
        if self.options.deterministic {
            let passed = self.timestamp();
            return (1_000_000_000_u64 * 1_000_000_000).saturating_add(passed);
        }
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    }

    fn random_byte(&mut self) -> u8 {
        // Xorshift: good enough for a program that must only not depend on the values.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 32) as u8
    }
}

impl Machine<'_> {
    pub(super) fn system_call(&mut self, words: &[u64], site: Site) -> Eval {
        let argument = |index: usize| words.get(index).copied().unwrap_or(0);
        let number = argument(0);
        let args = [
            argument(1),
            argument(2),
            argument(3),
            argument(4),
            argument(5),
            argument(6),
        ];
        if matches!(number, 60 | 231) {
            return self.halt(Outcome::Exit(args[0] as u8 as i32));
        }
        let answer = match number {
            0 | 1 | 3 | 5 | 8 | 17 | 18 | 72 | 74 | 75 | 77 | 217 | 285 => {
                self.file_call(number, args)
            }
            9 | 10 | 11 | 28 => self.memory_call(number, args),
            2 | 4 | 6 | 21 | 82..=84 | 87 | 89 | 90 | 92 | 94 | 257 | 263 | 264 => {
                self.path_call(number, args)
            }
            35 | 96 | 201 | 228 | 229 | 318 => self.time_call(number, args),
            13 | 14 | 38 | 131 => Ok(0), // signals never come
            79 => self.current_folder(args),
            99 => self.machine_facts(args[0]),
            204 => self.processors(args[2]),
            16 => Ok(-ENOTTY),
            39 => Ok(4242),
            102 | 104 | 107 | 108 => Ok(1000),
            _ => {
                return self.fail(
                    FaultKind::Unsupported(format!("system call {number}")),
                    site,
                );
            }
        };
        match answer {
            Ok(value) => Ok(value.into()),
            // The kernel answers an error; a program that relies on that is not known.
            Err(fault) => self.fail(FaultKind::Memory(fault), site),
        }
    }

    /// Writes the folder for relative paths, with a zero byte behind it.
    fn current_folder(&mut self, [address, size, ..]: [u64; 6]) -> Answer {
        use std::os::unix::ffi::OsStrExt;
        let folder = match &self.system.options.folder {
            Some(folder) => std::path::absolute(folder),
            None => std::env::current_dir(),
        };
        let Ok(folder) = folder else {
            return Ok(-ENOENT);
        };
        let mut bytes = folder.as_os_str().as_bytes().to_vec();
        bytes.push(0);
        if bytes.len() as u64 > size {
            return Ok(-ERANGE);
        }
        self.memory.write_slice(address, &bytes)?;
        Ok(bytes.len() as i64)
    }

    /// Writes a `struct sysinfo` of a machine with [`MACHINE_BYTES`] of memory.
    fn machine_facts(&mut self, address: u64) -> Answer {
        let mut facts = [0_u8; 112];
        facts[32..40].copy_from_slice(&MACHINE_BYTES.to_le_bytes());
        facts[104] = 1;
        self.memory.write_slice(address, &facts)?;
        Ok(0)
    }

    /// Writes the set of processors on which the program may run: there is one.
    fn processors(&mut self, address: u64) -> Answer {
        self.memory.write_slice(address, &1_u64.to_le_bytes())?;
        Ok(8)
    }

    fn memory_call(
        &mut self,
        number: u64,
        [address, size, protection, flags, file, offset]: [u64; 6],
    ) -> Answer {
        let wanted = Protection {
            read: protection & 3 != 0,
            write: protection & 2 != 0,
        };
        if size == 0 || (number != 9 && !address.is_multiple_of(PAGE_SIZE)) {
            return Ok(-EINVAL);
        }
        match number {
            9 => {}
            10 => {
                return Ok(if self.memory.protect(address, size, wanted) {
                    0
                } else {
                    -ENOMEM
                });
            }
            11 => {
                self.memory.unmap(address, size);
                return Ok(0);
            }
            _ => {
                // MADV_DONTNEED (4) drops contents; other advice changes nothing.
                if protection == 4 {
                    self.memory.discard(address, address.saturating_add(size));
                }
                return Ok(0);
            }
        }
        let content = if flags & MAP_ANONYMOUS == 0 {
            match self.system.read(file, Some(offset), size) {
                Ok(bytes) => bytes,
                Err(error) => return Ok(error),
            }
        } else {
            Vec::new()
        };
        let mapped = if flags & MAP_FIXED == 0 {
            self.memory.map(address, size, wanted)
        } else {
            self.memory.map_fixed(address, size, wanted)
        };
        let Some(base) = mapped else {
            return Ok(-ENOMEM);
        };
        self.memory.put(base, &content);
        Ok(base as i64)
    }

    fn time_call(&mut self, number: u64, [a, b, ..]: [u64; 6]) -> Answer {
        let now = self.system.now();
        let (seconds, nanoseconds) = (now / 1_000_000_000, now % 1_000_000_000);
        let pair = |low: u64| [seconds.to_le_bytes(), low.to_le_bytes()].concat();
        match number {
            228 => self.memory.write_slice(b, &pair(nanoseconds))?,
            229 => self
                .memory
                .write_slice(b, &[0_u64.to_le_bytes(), 1_u64.to_le_bytes()].concat())?,
            96 if a != 0 => self.memory.write_slice(a, &pair(nanoseconds / 1000))?,
            201 => return Ok(seconds as i64),
            318 => {
                let bytes: Vec<u8> = (0..b.min(MAX_TRANSFER))
                    .map(|_| self.system.random_byte())
                    .collect();
                self.memory.write_slice(a, &bytes)?;
                return Ok(bytes.len() as i64);
            }
            35 if self.memory.check(a, 16, false).is_err() => return Ok(-EFAULT),
            35 => {
                let seconds = u64::from_le_bytes(self.memory.read(a)?);
                let rest = u64::from_le_bytes(self.memory.read(a + 8)?);
                if i64::try_from(seconds).is_err() || rest >= 1_000_000_000 {
                    return Ok(-EINVAL);
                }
                let microseconds = seconds.saturating_mul(1_000_000);
                self.system.pass(microseconds.saturating_add(rest / 1000));
                if !self.system.options.deterministic {
                    std::thread::sleep(std::time::Duration::new(seconds, rest as u32));
                }
            }
            _ => return Ok(-ENOSYS),
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_made_up_clock_stands_at_its_end() {
        let mut system = System::new(SystemOptions {
            deterministic: true,
            ..SystemOptions::default()
        });
        let before = system.now();
        assert_eq!(system.now(), before + 1000);
        system.pass(u64::MAX);
        assert_eq!((system.now(), system.timestamp()), (u64::MAX, u64::MAX));
    }
}
