//! System calls about files and folders.

use std::fs::{Metadata, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, lchown};
use std::path::Path;

use super::super::machine::Machine;
use super::super::memory::{Memory, MemoryFault};
use super::files::{errno, status};
use super::{Answer, EINVAL, MAX_TRANSFER};

const EOPNOTSUPP: i64 = 95;
/// Size of a `struct stat`.
const STATUS_BYTES: usize = 144;
/// Mode of a standard file: a pipe of its owner.
const STANDARD_FILE: u32 = 0o010_600;

impl Machine<'_> {
    pub(super) fn file_call(
        &mut self,
        number: u64,
        [file, address, size, at, ..]: [u64; 6],
    ) -> Answer {
        Ok(match number {
            0 | 17 => {
                self.memory.check(address, size, true)?;
                match self.system.read(file, (number == 17).then_some(at), size) {
                    Ok(bytes) => {
                        self.memory.write_slice(address, &bytes)?;
                        bytes.len() as i64
                    }
                    Err(error) => error,
                }
            }
            1 | 18 => {
                let bytes = self.memory.read_vec(address, size.min(MAX_TRANSFER))?;
                self.system
                    .write(file, (number == 18).then_some(at), &bytes)
            }
            3 => self.system.close(file),
            5 => match self.system.facts(file) {
                Ok(facts) => self.write_status(facts.as_ref(), address)?,
                Err(error) => error,
            },
            8 => self.system.seek(file, address, size),
            // Descriptor flags and locks mean nothing to a program that is alone.
            72 => self.system.on_file(file, |_| Ok(0)),
            77 => self
                .system
                .on_file(file, |file| file.set_len(address).map(|()| 0)),
            217 => match self.system.entries(file, size) {
                Ok(bytes) => {
                    self.memory.write_slice(address, &bytes)?;
                    bytes.len() as i64
                }
                Err(error) => error,
            },
            285 => self.reserve(file, address, size, at),
            _ => self
                .system
                .on_file(file, |file| file.sync_all().map(|()| 0)),
        })
    }

    pub(super) fn path_call(&mut self, number: u64, args: [u64; 6]) -> Answer {
        let [a, b, c, d, ..] = args;
        Ok(match number {
            2 => {
                let path = c_string(&mut self.memory, a)?;
                self.system.open(&path, b, c)
            }
            257 => {
                let path = c_string(&mut self.memory, b)?;
                self.system.open(&path, c, d)
            }
            82 | 264 => {
                let (from, to) = if number == 82 { (a, b) } else { (b, d) };
                let from = c_string(&mut self.memory, from)?;
                let to = c_string(&mut self.memory, to)?;
                status(std::fs::rename(
                    self.system.path(&from),
                    self.system.path(&to),
                ))
            }
            _ => {
                let path = c_string(&mut self.memory, if number == 263 { b } else { a })?;
                let path = self.system.path(&path);
                match number {
                    4 => self.status_of(path.metadata(), b)?,
                    6 => self.status_of(path.symlink_metadata(), b)?,
                    89 => self.link_target(&path, b, c)?,
                    _ => change(number, &path, b, c),
                }
            }
        })
    }

    /// Writes what is known of a named file, if anything is.
    fn status_of(&mut self, facts: io::Result<Metadata>, address: u64) -> Answer {
        match facts {
            Ok(facts) => self.write_status(Some(&facts), address),
            Err(error) => Ok(errno(&error)),
        }
    }

    /// Writes a `struct stat`, of a standard file if there are no facts of the host's.
    fn write_status(&mut self, facts: Option<&Metadata>, address: u64) -> Answer {
        let mut stat = [0_u8; STATUS_BYTES];
        let mut put =
            |offset: usize, bytes: &[u8]| stat[offset..offset + bytes.len()].copy_from_slice(bytes);
        if let Some(facts) = facts {
            put(0, &facts.dev().to_le_bytes());
            put(8, &facts.ino().to_le_bytes());
            put(16, &facts.nlink().to_le_bytes());
            put(24, &facts.mode().to_le_bytes());
            put(28, &facts.uid().to_le_bytes());
            put(32, &facts.gid().to_le_bytes());
            put(40, &facts.rdev().to_le_bytes());
            put(48, &facts.size().to_le_bytes());
            put(56, &facts.blksize().to_le_bytes());
            put(64, &facts.blocks().to_le_bytes());
            put(72, &facts.atime().to_le_bytes());
            put(80, &facts.atime_nsec().to_le_bytes());
            put(88, &facts.mtime().to_le_bytes());
            put(96, &facts.mtime_nsec().to_le_bytes());
            put(104, &facts.ctime().to_le_bytes());
            put(112, &facts.ctime_nsec().to_le_bytes());
        } else {
            put(24, &STANDARD_FILE.to_le_bytes());
        }
        self.memory.write_slice(address, &stat)?;
        Ok(0)
    }

    /// Writes what a symbolic link names, without a zero byte, cut off where the room ends.
    fn link_target(&mut self, path: &Path, address: u64, size: u64) -> Answer {
        let target = match std::fs::read_link(path) {
            Ok(target) => target,
            Err(error) => return Ok(errno(&error)),
        };
        let bytes = target.as_os_str().as_bytes();
        let bytes = &bytes[..bytes.len().min(size as usize)];
        self.memory.write_slice(address, bytes)?;
        Ok(bytes.len() as i64)
    }

    /// Lets a file be at least so long; room on the disk is not promised.
    fn reserve(&mut self, file: u64, mode: u64, start: u64, size: u64) -> i64 {
        let Some(end) = start.checked_add(size) else {
            return -EINVAL;
        };
        if mode != 0 {
            return -EOPNOTSUPP;
        }
        self.system.on_file(file, |file| {
            if file.metadata()?.len() < end {
                file.set_len(end)?;
            }
            Ok(0)
        })
    }
}

/// Looks for, makes, removes or changes what has that name.
fn change(number: u64, path: &Path, a: u64, b: u64) -> i64 {
    /// -1 leaves owner or group what it is.
    fn given(id: u64) -> Option<u32> {
        Some(id as u32).filter(|id| *id != u32::MAX)
    }
    status(match number {
        21 => path.metadata().map(|_| ()),
        83 => std::fs::create_dir(path),
        84 => std::fs::remove_dir(path),
        90 => std::fs::set_permissions(path, Permissions::from_mode(a as u32 & 0o7777)),
        92 => chown(path, given(a), given(b)),
        94 => lchown(path, given(a), given(b)),
        _ => std::fs::remove_file(path),
    })
}

/// The bytes up to a zero.
fn c_string(memory: &mut Memory, address: u64) -> Result<Vec<u8>, MemoryFault> {
    let mut bytes = Vec::new();
    loop {
        let [byte] = memory.read(address.wrapping_add(bytes.len() as u64))?;
        if byte == 0 {
            return Ok(bytes);
        }
        bytes.push(byte);
    }
}
