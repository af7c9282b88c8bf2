//! What `ouroc build` keeps between runs: `cache/NAME.memo` beside the executable NAME.
//!
//! A file that another translator has written, or that is damaged, counts as none; the identity of a translator is the hash of its
//! own executable. The file is replaced as a whole, so builds at the same time leave that of one of them. That a cache cannot be
//! written is no error: the next build takes longer, and that is all.

use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

use super::replace::{Use, replace_file};
use crate::base::{Key, Memo};

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
    /// Begins to read the cache of an executable, beside the work of other stages.
    pub(super) fn start(executable: &Path) -> Self {
        let path = path_of(executable);
        let from = path.clone();
        let thread = thread::spawn(move || {
            let own = std::env::current_exe().and_then(std::fs::read).ok()?;
            let identity = Key::of(&own);
            let known = std::fs::read(from).ok();
            let known = known.and_then(|bytes| Memo::from_bytes(bytes, identity));
            Some((identity, known.unwrap_or_default()))
        });
        Self { path, thread }
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
    /// Keeps what the build has found or made for the next one.
    pub(super) fn save(&self, memo: &Memo) {
        if !memo.is_unchanged() {
            let _ = replace_file(&self.path, &memo.to_bytes(self.identity), Use::Data);
        }
    }
}

/// `cache/NAME.memo` beside NAME.
fn path_of(executable: &Path) -> PathBuf {
    let mut name = executable.file_name().unwrap_or_default().to_os_string();
    name.push(".memo");
    executable.with_file_name("cache").join(name)
}
