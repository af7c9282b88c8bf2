//! Files and folders of the evaluated program: the host's, by the program's own descriptors.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirEntryExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::PathBuf;

use super::{EBADF, EINVAL, MAX_TRANSFER, System};

const ENOTDIR: i64 = 20;
/// Where the program finds its own descriptors as names.
const OWN_DESCRIPTORS: &str = "/proc/self/fd/";
/// Where the name stands in a `struct linux_dirent64`.
const ENTRY_NAME: usize = 19;

/// What the program has open, by descriptor.
#[derive(Default)]
pub(super) struct OpenFiles {
    files: BTreeMap<u64, File>,
    /// Positions and entries of those that are folders.
    folders: BTreeMap<u64, Folder>,
}

/// An open folder. Its entries, which keep their order, are those of when it was last read from its start on.
#[derive(Default)]
struct Folder {
    /// Index of the next entry.
    next: usize,
    /// Inode and name, sorted by name; the folder itself and the one above it are first.
    entries: Vec<(u64, Vec<u8>)>,
}

impl Folder {
    fn read(&mut self, file: &File) -> io::Result<()> {
        let path = host_name(file);
        let inode = |name: &str| path.join(name).metadata().map(|facts| facts.ino());
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(&path)? {
            let entry = entry?;
            entries.push((entry.ino(), entry.file_name().as_bytes().to_vec()));
        }
        entries.sort_by(|a, b| a.1.cmp(&b.1));
        self.entries = vec![(inode(".")?, b".".to_vec()), (inode("..")?, b"..".to_vec())];
        self.entries.append(&mut entries);
        Ok(())
    }

    /// Takes as many entries, each a `struct linux_dirent64`, as `size` bytes hold.
    fn take(&mut self, size: u64) -> Result<Vec<u8>, i64> {
        let mut bytes = Vec::new();
        while let Some((inode, name)) = self.entries.get(self.next) {
            let length = (ENTRY_NAME + name.len() + 1).next_multiple_of(8);
            let end = bytes.len() + length;
            if end as u64 > size {
                return if bytes.is_empty() {
                    Err(-EINVAL)
                } else {
                    Ok(bytes)
                };
            }
            self.next += 1;
            bytes.extend_from_slice(&inode.to_le_bytes());
            bytes.extend_from_slice(&(self.next as u64).to_le_bytes());
            bytes.extend_from_slice(&(length as u16).to_le_bytes());
            bytes.push(0); // The kind is not told, as some file systems do.
            bytes.extend_from_slice(name);
            bytes.resize(end, 0);
        }
        Ok(bytes)
    }

    fn seek(&mut self, distance: u64, from: u64) -> i64 {
        let position = match from {
            0 => i64::try_from(distance).ok(),
            1 => (self.next as i64).checked_add(distance as i64),
            _ => None,
        };
        let Some((position, index)) = position.and_then(|at| Some((at, usize::try_from(at).ok()?)))
        else {
            return -EINVAL;
        };
        self.next = index;
        position
    }
}

/// The host's name of an open file.
fn host_name(file: &File) -> PathBuf {
    PathBuf::from(format!("{OWN_DESCRIPTORS}{}", file.as_raw_fd()))
}

impl OpenFiles {
    fn add(&mut self, file: File) -> u64 {
        let number = (3..)
            .find(|number| !self.files.contains_key(number))
            .unwrap_or(u64::MAX);
        if file.metadata().is_ok_and(|facts| facts.is_dir()) {
            self.folders.insert(number, Folder::default());
        }
        self.files.insert(number, file);
        number
    }

    /// The host's name of what the program calls by one of its descriptors, as `/proc/self/fd/3/name`.
    fn resolve(&self, name: &[u8]) -> Option<PathBuf> {
        let rest = name.strip_prefix(OWN_DESCRIPTORS.as_bytes())?;
        let (number, rest) = match rest.iter().position(|byte| *byte == b'/') {
            Some(end) => (&rest[..end], Some(&rest[end + 1..])),
            None => (rest, None),
        };
        let number = std::str::from_utf8(number).ok()?.parse().ok()?;
        let path = host_name(self.files.get(&number)?);
        Some(match rest {
            Some(rest) => path.join(OsStr::from_bytes(rest)),
            None => path,
        })
    }
}

impl System {
    /// The host's path of a file that the program names.
    pub(super) fn path(&self, bytes: &[u8]) -> PathBuf {
        if let Some(path) = self.open_files.resolve(bytes) {
            return path;
        }
        let path = PathBuf::from(OsStr::from_bytes(bytes));
        match &self.options.folder {
            Some(folder) if path.is_relative() => folder.join(path),
            _ => path,
        }
    }

    pub(super) fn open(&mut self, path: &[u8], flags: u64, mode: u64) -> i64 {
        let access = flags & 3;
        let mut options = OpenOptions::new();
        options
            .read(access != 1)
            .write(access != 0)
            .mode((mode & 0o7777) as u32);
        options
            .create(flags & 0o100 != 0 && access != 0)
            .truncate(flags & 0o1000 != 0 && access != 0);
        if flags & 0o200 != 0 && flags & 0o100 != 0 {
            options.create_new(true);
        }
        options.custom_flags((flags & (0o2000 | 0o200_000 | 0o400_000)) as i32);
        match options.open(self.path(path)) {
            Ok(file) => self.open_files.add(file) as i64,
            Err(error) => errno(&error),
        }
    }

    pub(super) fn close(&mut self, number: u64) -> i64 {
        self.open_files.folders.remove(&number);
        match self.open_files.files.remove(&number) {
            None if number > 2 => -EBADF,
            _ => 0,
        }
    }

    pub(super) fn read(&mut self, number: u64, at: Option<u64>, size: u64) -> Result<Vec<u8>, i64> {
        let size = size.min(MAX_TRANSFER) as usize;
        if number == 0 {
            let rest = &self.options.input[self.input_position..];
            let part = rest[..rest.len().min(size)].to_vec();
            self.input_position += part.len();
            return Ok(part);
        }
        let Some(mut file) = self.open_files.files.get(&number) else {
            return Err(-EBADF);
        };
        let mut bytes = Vec::new();
        if let Some(at) = at {
            bytes.resize(size, 0);
            let count = file
                .read_at(&mut bytes, at)
                .map_err(|error| errno(&error))?;
            bytes.truncate(count);
        } else {
            (&mut file)
                .take(size as u64)
                .read_to_end(&mut bytes)
                .map_err(|error| errno(&error))?;
        }
        Ok(bytes)
    }

    pub(super) fn write(&mut self, number: u64, at: Option<u64>, bytes: &[u8]) -> i64 {
        match number {
            1 => {
                self.output.extend_from_slice(bytes);
                if self.options.echo {
                    // A closed standard output is no concern of the program.
                    let _ = io::stdout().write_all(bytes);
                }
                return bytes.len() as i64;
            }
            2 => {
                self.errors.extend_from_slice(bytes);
                if self.options.echo {
                    let _ = io::stderr().write_all(bytes);
                }
                return bytes.len() as i64;
            }
            _ => {}
        }
        let Some(mut file) = self.open_files.files.get(&number) else {
            return -EBADF;
        };
        let written = match at {
            Some(at) => file.write_at(bytes, at),
            None => file.write(bytes),
        };
        written.map_or_else(|error| errno(&error), |count| count as i64)
    }

    pub(super) fn on_file(
        &mut self,
        number: u64,
        act: impl FnOnce(&mut File) -> io::Result<i64>,
    ) -> i64 {
        match self.open_files.files.get_mut(&number) {
            Some(file) => act(file).unwrap_or_else(|error| errno(&error)),
            None if number < 3 => 0,
            None => -EBADF,
        }
    }

    pub(super) fn seek(&mut self, number: u64, distance: u64, from: u64) -> i64 {
        if let Some(folder) = self.open_files.folders.get_mut(&number) {
            return folder.seek(distance, from);
        }
        let position = match from {
            0 => SeekFrom::Start(distance),
            1 => SeekFrom::Current(distance as i64),
            2 => SeekFrom::End(distance as i64),
            _ => return -EINVAL,
        };
        self.on_file(number, |file| file.seek(position).map(|at| at as i64))
    }

    /// Entries of an open folder from its position on, in at most so many bytes.
    pub(super) fn entries(&mut self, number: u64, size: u64) -> Result<Vec<u8>, i64> {
        let OpenFiles { files, folders } = &mut self.open_files;
        let file = files.get(&number).ok_or(-EBADF)?;
        let folder = folders.get_mut(&number).ok_or(-ENOTDIR)?;
        if folder.next == 0 {
            folder.read(file).map_err(|error| errno(&error))?;
        }
        folder.take(size)
    }

    /// What the host knows of an open file; nothing of the standard ones.
    pub(super) fn facts(&self, number: u64) -> Result<Option<Metadata>, i64> {
        match self.open_files.files.get(&number) {
            Some(file) => file.metadata().map(Some).map_err(|error| errno(&error)),
            None if number < 3 => Ok(None),
            None => Err(-EBADF),
        }
    }
}

pub(super) fn errno(error: &io::Error) -> i64 {
    -i64::from(error.raw_os_error().unwrap_or(5))
}

pub(super) fn status(result: io::Result<()>) -> i64 {
    result.map_or_else(|error| errno(&error), |()| 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::SystemOptions;

    /// A folder of its own, removed at the end, and the system of a program that runs in it.
    struct Fixture(PathBuf, System);

    impl Fixture {
        fn new(name: &str) -> Fixture {
            let folder =
                std::env::temp_dir().join(format!("ouroc-files-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&folder).expect("the temporary folder can be made");
            for name in ["b", "a"] {
                std::fs::write(folder.join(name), name).expect("a file can be made");
            }
            let options = SystemOptions {
                folder: Some(folder.clone()),
                ..SystemOptions::default()
            };
            Fixture(folder, System::new(options))
        }
    }

    impl Drop for Fixture {
        fn drop(&mut self) {
            // What cannot be removed is the system's to clean.
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    /// Positions behind the entries, and their names.
    fn parsed(mut bytes: &[u8]) -> Vec<(u64, String)> {
        let mut entries = Vec::new();
        while !bytes.is_empty() {
            let next = u64::from_le_bytes(bytes[8..16].try_into().expect("eight bytes"));
            let length = usize::from(u16::from_le_bytes([bytes[16], bytes[17]]));
            let name = bytes[ENTRY_NAME..length].split(|byte| *byte == 0).next();
            entries.push((
                next,
                String::from_utf8_lossy(name.unwrap_or(&[])).into_owned(),
            ));
            bytes = &bytes[length..];
        }
        entries
    }

    #[test]
    fn a_folder_is_listed_in_parts_and_from_any_position_that_an_entry_tells() {
        let Fixture(_, system) = &mut Fixture::new("listing");
        let folder = system.open(b".", 0, 0) as u64;
        let mut listed = |size| system.entries(folder, size).map(|bytes| parsed(&bytes));
        assert_eq!(listed(23), Err(-EINVAL));
        let first = listed(60).expect("two entries fit");
        assert_eq!(first, [(1, ".".to_owned()), (2, "..".to_owned())]);
        let rest = [(3, "a".to_owned()), (4, "b".to_owned())];
        assert_eq!(listed(512), Ok(rest.to_vec()));
        assert_eq!(listed(512), Ok(Vec::new()));
        assert_eq!(system.seek(folder, 3, 0), 3);
        let last = system.entries(folder, 512).map(|bytes| parsed(&bytes));
        assert_eq!(last, Ok(rest[1..].to_vec()));
    }

    #[test]
    fn a_file_added_later_is_listed_after_going_back_to_the_start() {
        let Fixture(path, system) = &mut Fixture::new("rewinding");
        let folder = system.open(b".", 0, 0) as u64;
        let before = system
            .entries(folder, 512)
            .map(|bytes| parsed(&bytes).len());
        std::fs::write(path.join("c"), "").expect("a file can be made");
        assert_eq!(system.seek(folder, 0, 0), 0);
        let after = system
            .entries(folder, 512)
            .map(|bytes| parsed(&bytes).len());
        assert_eq!((before, after), (Ok(4), Ok(5)));
    }

    #[test]
    fn names_below_a_descriptor_are_below_the_programs_folder_and_not_the_hosts() {
        let Fixture(path, system) = &mut Fixture::new("descriptors");
        let file = system.open(b"a", 0, 0) as u64;
        let folder = system.open(b".", 0, 0) as u64;
        let name = format!("{OWN_DESCRIPTORS}{folder}/b");
        let found = std::fs::canonicalize(system.path(name.as_bytes()));
        assert_eq!(found.ok(), path.join("b").canonicalize().ok());
        assert_eq!(system.entries(file, 512), Err(-ENOTDIR));
        assert_eq!(system.close(folder), 0);
        assert_eq!(system.entries(folder, 512), Err(-EBADF));
    }
}
