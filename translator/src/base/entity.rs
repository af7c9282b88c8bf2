//! Typed indices and the two maps that they index.
//!
//! An entity is a `u32` with a type: a block is never mistaken for a value. A [`PrimaryMap`] owns the entities of one kind and hands
//! out their numbers; a [`SecondaryMap`] adds what a later stage knows of them.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

/// A dense index with a type of its own. Made by [`entity!`](crate::entity).
pub trait EntityRef: Copy + Eq + Ord {
    /// The entity with this number.
    fn new(index: usize) -> Self;
    /// Its number.
    fn index(self) -> usize;
}

/// Declares an entity: a `u32` index that prints as its prefix and number.
///
/// ```
/// ouroc::entity!(
///     /// A basic block.
///     Block,
///     "block"
/// );
/// use ouroc::base::EntityRef;
/// assert_eq!(Block::new(3).to_string(), "block3");
/// ```
#[macro_export]
macro_rules! entity {
    ($(#[$attribute:meta])* $name:ident, $prefix:literal $(,)?) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u32);

        impl $crate::base::entity::EntityRef for $name {
            fn new(index: usize) -> Self {
                $name(u32::try_from(index).expect("fewer than 2^32 entities fit in memory"))
            }

            fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(self, f)
            }
        }
    };
}

pub use crate::entity;

/// The entities of one kind, numbered from zero in the order in which they were pushed.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PrimaryMap<K, V> {
    values: Vec<V>,
    key: PhantomData<K>,
}

/// A value for each entity of one kind; entities that were never set have the default.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SecondaryMap<K, V> {
    values: Vec<V>,
    default: V,
    key: PhantomData<K>,
}

impl<K: EntityRef, V> PrimaryMap<K, V> {
    /// An empty map.
    #[must_use]
    pub const fn new() -> Self {
        PrimaryMap {
            values: Vec::new(),
            key: PhantomData,
        }
    }

    /// An empty map with room for `capacity` entities.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        PrimaryMap {
            values: Vec::with_capacity(capacity),
            key: PhantomData,
        }
    }

    /// Adds `value` and answers its number.
    pub fn push(&mut self, value: V) -> K {
        let key = self.next_key();
        self.values.push(value);
        key
    }

    /// The number that the next push will answer.
    #[must_use]
    pub fn next_key(&self) -> K {
        K::new(self.values.len())
    }

    /// How many entities there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The entity's value, if the number is one of this map's.
    #[must_use]
    pub fn get(&self, key: K) -> Option<&V> {
        self.values.get(key.index())
    }

    /// The entity's value for change, if the number is one of this map's.
    pub fn get_mut(&mut self, key: K) -> Option<&mut V> {
        self.values.get_mut(key.index())
    }

    /// Whether the number is one of this map's.
    #[must_use]
    pub fn contains(&self, key: K) -> bool {
        key.index() < self.values.len()
    }

    /// The last entity pushed.
    #[must_use]
    pub fn last(&self) -> Option<(K, &V)> {
        let value = self.values.last()?;
        Some((K::new(self.values.len() - 1), value))
    }

    /// All numbers, ascending.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = K> + ExactSizeIterator + use<K, V> {
        (0..self.values.len()).map(K::new)
    }

    /// All values, in the order of their numbers.
    pub fn values(&self) -> std::slice::Iter<'_, V> {
        self.values.iter()
    }

    /// All values for change, in the order of their numbers.
    pub fn values_mut(&mut self) -> std::slice::IterMut<'_, V> {
        self.values.iter_mut()
    }

    /// Numbers and values, ascending.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (K, &V)> + ExactSizeIterator {
        self.values
            .iter()
            .enumerate()
            .map(|(index, value)| (K::new(index), value))
    }

    /// Numbers and values for change, ascending.
    pub fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = (K, &mut V)> + ExactSizeIterator {
        self.values
            .iter_mut()
            .enumerate()
            .map(|(index, value)| (K::new(index), value))
    }

    /// The values as a slice, in the order of their numbers.
    #[must_use]
    pub fn as_slice(&self) -> &[V] {
        &self.values
    }

    /// Gives up the numbers and keeps the values.
    #[must_use]
    pub fn into_values(self) -> Vec<V> {
        self.values
    }

    /// Forgets all entities.
    pub fn clear(&mut self) {
        self.values.clear();
    }

    /// Forgets the entities from number `length` on.
    pub fn truncate(&mut self, length: usize) {
        self.values.truncate(length);
    }
}

impl<K: EntityRef, V> Default for PrimaryMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: EntityRef, V> Index<K> for PrimaryMap<K, V> {
    type Output = V;

    fn index(&self, key: K) -> &V {
        &self.values[key.index()]
    }
}

impl<K: EntityRef, V> IndexMut<K> for PrimaryMap<K, V> {
    fn index_mut(&mut self, key: K) -> &mut V {
        &mut self.values[key.index()]
    }
}

impl<K: EntityRef, V> FromIterator<V> for PrimaryMap<K, V> {
    fn from_iter<I: IntoIterator<Item = V>>(values: I) -> Self {
        PrimaryMap {
            values: values.into_iter().collect(),
            key: PhantomData,
        }
    }
}

impl<K: EntityRef + fmt::Debug, V: fmt::Debug> fmt::Debug for PrimaryMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<K: EntityRef, V: Clone> SecondaryMap<K, V> {
    /// A map in which every entity has `default`.
    #[must_use]
    pub fn with_default(default: V) -> Self {
        SecondaryMap {
            values: Vec::new(),
            default,
            key: PhantomData,
        }
    }

    /// A map in which every entity has the type's default.
    #[must_use]
    pub fn new() -> Self
    where
        V: Default,
    {
        Self::with_default(V::default())
    }

    /// Makes room for the first `length` entities, so that setting them does not reallocate.
    pub fn resize(&mut self, length: usize) {
        self.values.resize(length, self.default.clone());
    }

    /// How many entities have a place; those above have the default.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether nothing was ever set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Numbers and values of the entities that have a place, ascending.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (K, &V)> + ExactSizeIterator {
        self.values
            .iter()
            .enumerate()
            .map(|(index, value)| (K::new(index), value))
    }

    /// Gives every entity the default again.
    pub fn clear(&mut self) {
        self.values.clear();
    }
}

impl<K: EntityRef, V: Clone + Default> Default for SecondaryMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: EntityRef, V> Index<K> for SecondaryMap<K, V> {
    type Output = V;

    fn index(&self, key: K) -> &V {
        self.values.get(key.index()).unwrap_or(&self.default)
    }
}

impl<K: EntityRef, V: Clone> IndexMut<K> for SecondaryMap<K, V> {
    fn index_mut(&mut self, key: K) -> &mut V {
        if key.index() >= self.values.len() {
            self.resize(key.index() + 1);
        }
        &mut self.values[key.index()]
    }
}

impl<K: EntityRef + fmt::Debug, V: fmt::Debug + Clone> fmt::Debug for SecondaryMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::source::FileId;

    #[test]
    fn numbers_are_dense_and_print_with_their_prefix() {
        let mut files = PrimaryMap::<FileId, &str>::new();
        let first = files.push("a");
        let second = files.push("b");
        assert_eq!(
            (first.to_string(), second.to_string()),
            ("file0".into(), "file1".into())
        );
        assert_eq!(files[second], "b");
        assert_eq!(files.keys().collect::<Vec<_>>(), [first, second]);
        assert!(files.get(FileId::new(2)).is_none());
    }

    #[test]
    fn a_secondary_map_answers_its_default_for_what_was_never_set() {
        let mut ages = SecondaryMap::<FileId, u32>::with_default(7);
        ages[FileId::new(2)] = 1;
        assert_eq!(
            (
                ages[FileId::new(0)],
                ages[FileId::new(2)],
                ages[FileId::new(90)]
            ),
            (7, 1, 7)
        );
        assert_eq!(ages.len(), 3);
    }
}
