//! What `ouroc build` keeps between runs: `cache/NAME.memo` beside the executable NAME, and files such as `cache/NAME.checked.memo` for
//! its variants, which have few results in common with it.
//!
//! There is a cache beside the description's own output, and beside any other one where somebody has made a folder `cache`. A file that
//! another translator has written, or that is damaged, counts as none; the identity of a translator is the hash of its own executable.
//! The file is replaced as a whole, so builds at the same time leave that of one of them. That a cache cannot be written is no error:
//! the next build takes longer, and that is all.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

use super::replace::{Use, remove_abandoned, replace_file};
use crate::base::{Key, Memo};

/// The most bytes that are read: many times what a large program leaves.
const MOST_BYTES: u64 = 1 << 28;

/// A cache that is being read.
pub(super) struct Loading {
    path: PathBuf,
    thread: JoinHandle<Option<(Key, Memo)>>,
}

/// A cache that has been read.
pub(super) struct Cache {
    path: PathBuf,
    identity: Key,
}

impl Loading {
    /// Begins to read the cache of an executable, beside the work of other stages. `None` if it has none: `is_own` tells whether it is
    /// the description's own output, `variant` how it differs from an ordinary executable.
    pub(super) fn start(executable: &Path, is_own: bool, variant: &str) -> Option<Self> {
        let path = path_of(executable, is_own, variant)?;
        let from = path.clone();
        let thread = thread::spawn(move || {
            let own = std::env::current_exe().and_then(fs::read).ok()?;
            let identity = Key::of(&own);
            let known = read(&from).and_then(|bytes| Memo::from_bytes(bytes, identity));
            Some((identity, known.unwrap_or_default()))
        });
        Some(Self { path, thread })
    }

    /// Waits for what is known. `None` if the translator cannot tell who it is.
    pub(super) fn finish(self) -> Option<(Cache, Memo)> {
        let (identity, memo) = self.thread.join().ok().flatten()?;
        let cache = Cache {
            path: self.path,
            identity,
        };
        Some((cache, memo))
    }
}

impl Cache {
    /// Keeps what the build has found or made for the next one, and removes what builds that were killed have left.
    pub(super) fn save(&self, memo: &Memo) {
        if !memo.is_unchanged() {
            remove_abandoned(&self.path);
            let _ = replace_file(&self.path, &memo.to_bytes(self.identity), Use::Data);
        }
    }
}

/// The file for an executable, if its folder is there or may be made.
fn path_of(executable: &Path, is_own: bool, variant: &str) -> Option<PathBuf> {
    let folder = executable.with_file_name("cache");
    let may_be_used = match fs::metadata(&folder) {
        Ok(found) => found.is_dir(),
        Err(error) => is_own && error.kind() == ErrorKind::NotFound,
    };
    let mut name = executable.file_name()?.to_os_string();
    name.push(format!("{variant}.memo"));
    may_be_used.then(|| folder.join(name))
}

/// The bytes of a regular file of sensible size: reading a pipe or a device might never end.
fn read(path: &Path) -> Option<Vec<u8>> {
    let found = fs::metadata(path).ok()?;
    if !found.is_file() || found.len() > MOST_BYTES {
        return None;
    }
    fs::read(path).ok()
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    /// An empty folder for a test, which is removed at the end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(test: &str) -> Self {
            let name = format!("ouroc-cache-{test}-{}", std::process::id());
            let folder = Self(std::env::temp_dir().join(name));
            fs::create_dir_all(&folder.0).expect("the folder can be made");
            folder
        }

        fn executable(&self) -> PathBuf {
            self.0.join("vm")
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn memo_with(result: &str) -> Memo {
        let memo = Memo::default();
        memo.put(Key::of(result.as_bytes()), result.as_bytes().to_vec());
        memo
    }

    #[test]
    fn only_the_own_output_gets_a_new_folder_and_a_file_in_its_place_means_no_cache() {
        let folder = Folder::new("place");
        let executable = folder.executable();
        let plain = folder.0.join("cache/vm.memo");
        assert_eq!(path_of(&executable, false, ""), None);
        assert_eq!(path_of(&executable, true, ""), Some(plain.clone()));
        fs::write(folder.0.join("cache"), "a file of its own").expect("it can be written");
        assert_eq!(path_of(&executable, true, ""), None);
        fs::remove_file(folder.0.join("cache")).expect("it can be removed");
        fs::create_dir(folder.0.join("cache")).expect("it can be made");
        assert_eq!(path_of(&executable, false, ""), Some(plain));
    }

    #[test]
    fn each_variant_has_a_file_of_its_own() {
        let folder = Folder::new("variants");
        let start = |variant| Loading::start(&folder.executable(), true, variant);
        let finish = |loading: Option<Loading>| loading.and_then(Loading::finish);
        for (variant, result) in [
            ("", "plain"),
            (".checked", "checked"),
            (".variables", "told"),
        ] {
            let (cache, memo) = finish(start(variant)).expect("the folder may be made");
            assert_eq!(memo.get(Key::of(b"plain")), None);
            cache.save(&memo_with(result));
        }
        let (_, memo) = finish(start("")).expect("the folder is there");
        assert_eq!(memo.get(Key::of(b"plain")), Some(&b"plain"[..]));
    }

    #[test]
    fn a_pipe_or_a_huge_file_is_not_read() {
        let folder = Folder::new("pipe");
        let pipe = folder.0.join("pipe");
        let made = Command::new("mkfifo").arg(&pipe).status();
        assert!(made.is_ok_and(|status| status.success()));
        let (done, waiting) = mpsc::channel();
        thread::spawn(move || done.send(read(&pipe)));
        assert_eq!(waiting.recv_timeout(Duration::from_secs(60)), Ok(None));
        let huge = folder.0.join("huge");
        let file = fs::File::create(&huge).expect("it can be made");
        file.set_len(MOST_BYTES + 1).expect("holes take no room");
        assert_eq!(read(&huge), None);
    }

    #[test]
    fn what_killed_builds_have_left_is_removed() {
        let folder = Folder::new("killed");
        let cache = Loading::start(&folder.executable(), true, "").and_then(Loading::finish);
        let (cache, _) = cache.expect("the folder may be made");
        cache.save(&memo_with("first"));
        let left = |id: u32| cache.path.with_file_name(format!(".vm.memo.{id}.new"));
        // Process identifiers end below 2^22; the test itself is a build that still runs.
        let (dead, alive) = (left(1 << 22), left(std::process::id()));
        let other = cache.path.with_file_name(".vm.memo.of.somebody.new");
        for file in [&dead, &alive, &other] {
            fs::write(file, "half").expect("it can be written");
        }
        remove_abandoned(&cache.path);
        assert!(!dead.exists() && alive.exists() && other.exists());
        fs::write(&dead, "half").expect("it can be written");
        cache.save(&memo_with("second"));
        assert!(!dead.exists());
    }
}
