//! Results that are known from earlier runs, by the hash of everything that they were made from.
//!
//! A [`Memo`] knows neither what its results mean nor where they are kept between runs. As bytes it starts with the identity of the
//! translator that made it and a checksum; bytes of another translator, or damaged ones, are no memo.

use std::hash::{DefaultHasher, Hasher};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use rustc_hash::{FxHashMap, FxHasher};

/// What a result was made from: 128 bits, by two hash functions that have nothing in common.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Key(u64, u64);

impl Key {
    /// The key of a result that was made from these bytes and nothing else.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut sip = DefaultHasher::new();
        sip.write(bytes);
        Self(sip.finish(), checksum(bytes))
    }

    /// Half of it, where a few thousand are to be told from each other.
    #[must_use]
    pub fn short(self) -> u64 {
        self.0
    }

    /// The key as bytes.
    #[must_use]
    pub fn bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.0.to_le_bytes());
        bytes[8..].copy_from_slice(&self.1.to_le_bytes());
        bytes
    }

    /// The key that has these [`bytes`](Self::bytes).
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        let bits = u128::from_le_bytes(bytes);
        Self(bits as u64, (bits >> 64) as u64)
    }
}

fn checksum(bytes: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(bytes);
    hasher.finish()
}

/// Results by their keys. All cores may ask and add.
#[derive(Default, Debug)]
pub struct Memo {
    /// The results of earlier runs, one behind the other.
    bytes: Vec<u8>,
    /// Where each of them is.
    known: FxHashMap<Key, Range<usize>>,
    /// The results that this run has asked for and found.
    found: Mutex<Vec<Key>>,
    /// The results of this run.
    new: Mutex<Vec<(Key, Vec<u8>)>>,
    asked: AtomicUsize,
}

/// What stands before the checksum.
const MAGIC: [u8; 8] = *b"ouromemo";
/// Magic, identity, checksum.
const HEAD: usize = 8 + 16 + 8;
/// A key and the length of its result.
const ENTRY: usize = 16 + 4;

impl Memo {
    /// The result with that key.
    #[must_use]
    pub fn get(&self, key: Key) -> Option<&[u8]> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let range = self.known.get(&key)?.clone();
        locked(&self.found).push(key);
        Some(&self.bytes[range])
    }

    /// Adds a result.
    pub fn put(&self, key: Key, result: Vec<u8>) {
        locked(&self.new).push((key, result));
    }

    /// How many results were found, and how many were asked for.
    #[must_use]
    pub fn found(&self) -> (usize, usize) {
        let found = locked(&self.found).len();
        (found, self.asked.load(Ordering::Relaxed))
    }

    /// Whether this run has asked for all that was known and has added nothing.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        let mut found = locked(&self.found).clone();
        found.sort_unstable();
        found.dedup();
        locked(&self.new).is_empty() && found.len() == self.known.len()
    }

    /// The results that this run has found or added, for the next one.
    #[must_use]
    pub fn to_bytes(&self, identity: Key) -> Vec<u8> {
        let (found, new) = (locked(&self.found), locked(&self.new));
        let old = found
            .iter()
            .map(|key| (*key, &self.bytes[self.known[key].clone()]));
        let new = new.iter().map(|(key, result)| (*key, &result[..]));
        // An old result that was of no use has a new one before it.
        let mut all: Vec<(Key, &[u8])> = new.chain(old).collect();
        all.sort_by_key(|(key, _)| *key);
        all.dedup_by_key(|(key, _)| *key);
        let mut body = Vec::new();
        body.extend(length(all.len()));
        for (key, result) in &all {
            body.extend(key.bytes());
            body.extend(length(result.len()));
        }
        for (_, result) in &all {
            body.extend_from_slice(result);
        }
        let mut bytes = MAGIC.to_vec();
        bytes.extend(identity.bytes());
        bytes.extend(checksum(&body).to_le_bytes());
        bytes.extend(body);
        bytes
    }

    /// The memo that a translator of that identity has written; `None` for anything else.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>, identity: Key) -> Option<Self> {
        let (head, body) = bytes.split_at_checked(HEAD)?;
        let expected = [&MAGIC[..], &identity.bytes(), &checksum(body).to_le_bytes()].concat();
        if head != expected {
            return None;
        }
        let (count, entries) = body.split_first_chunk::<4>()?;
        let count = usize::try_from(u32::from_le_bytes(*count)).ok()?;
        let entries = entries.get(..count.checked_mul(ENTRY)?)?;
        let mut known = FxHashMap::default();
        let mut at = HEAD + 4 + entries.len();
        for entry in entries.chunks_exact(ENTRY) {
            let (key, length) = entry.split_first_chunk::<16>()?;
            let length = usize::try_from(u32::from_le_bytes(length.try_into().ok()?)).ok()?;
            let end = at.checked_add(length)?;
            known.insert(Key::from_bytes(*key), at..end);
            at = end;
        }
        (at == bytes.len()).then_some(Self {
            bytes,
            known,
            ..Self::default()
        })
    }
}

fn length(n: usize) -> [u8; 4] {
    u32::try_from(n).expect("results are small").to_le_bytes()
}

/// What a lock guards; a core that panicked has left it whole.
fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved() -> Vec<u8> {
        let memo = Memo::default();
        memo.put(Key::of(b"b"), b"second".to_vec());
        memo.put(Key::of(b"a"), b"first".to_vec());
        memo.to_bytes(Key::of(b"me"))
    }

    #[test]
    fn what_was_added_is_found_in_the_next_run_and_what_nobody_asks_for_is_dropped() {
        let memo = Memo::from_bytes(saved(), Key::of(b"me")).expect("nothing was changed");
        assert_eq!(memo.get(Key::of(b"a")), Some(&b"first"[..]));
        assert_eq!(memo.get(Key::of(b"c")), None);
        assert_eq!(memo.found(), (1, 2));
        assert!(!memo.is_unchanged());
        let next = Memo::from_bytes(memo.to_bytes(Key::of(b"me")), Key::of(b"me"));
        let next = next.expect("nothing was changed");
        assert_eq!(next.get(Key::of(b"b")), None);
        assert_eq!(next.get(Key::of(b"a")), Some(&b"first"[..]));
        assert!(next.is_unchanged());
    }

    #[test]
    fn a_memo_of_another_translator_or_a_damaged_one_is_none() {
        let bytes = saved();
        assert!(Memo::from_bytes(bytes.clone(), Key::of(b"other")).is_none());
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert!(
                Memo::from_bytes(damaged, Key::of(b"me")).is_none(),
                "byte {at}"
            );
            assert!(Memo::from_bytes(bytes[..at].to_vec(), Key::of(b"me")).is_none());
        }
    }
}
