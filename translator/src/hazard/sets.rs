//! Sets of the holders that are followed.

/// A set of followed holders, by their numbers among these.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(super) struct HolderSet(Vec<u64>);

impl HolderSet {
    /// The empty set, with room for `n` holders.
    pub(super) fn none(n: usize) -> Self {
        HolderSet(vec![0; n.div_ceil(64)])
    }

    /// The set of all `n` holders.
    pub(super) fn all(n: usize) -> Self {
        let mut set = Self::none(n);
        for number in 0..n {
            set.insert(number);
        }
        set
    }

    /// Adds a holder; whether that changed anything.
    pub(super) fn insert(&mut self, number: usize) -> bool {
        let is_new = !self.contains(number);
        self.0[number / 64] |= 1 << (number % 64);
        is_new
    }

    pub(super) fn remove(&mut self, number: usize) {
        self.0[number / 64] &= !(1 << (number % 64));
    }

    pub(super) fn contains(&self, number: usize) -> bool {
        self.0[number / 64] >> (number % 64) & 1 == 1
    }

    /// Takes out all of another set.
    pub(super) fn remove_all(&mut self, other: &HolderSet) {
        for (mine, others) in self.0.iter_mut().zip(&other.0) {
            *mine &= !others;
        }
    }

    /// Adds all of another set; whether that changed anything.
    pub(super) fn add(&mut self, other: &HolderSet) -> bool {
        let mut changed = false;
        for (mine, others) in self.0.iter_mut().zip(&other.0) {
            changed |= *others & !*mine != 0;
            *mine |= others;
        }
        changed
    }

    /// Adds what is in both of two sets.
    pub(super) fn add_common(&mut self, a: &HolderSet, b: &HolderSet) {
        for ((mine, a), b) in self.0.iter_mut().zip(&a.0).zip(&b.0) {
            *mine |= a & b;
        }
    }

    /// Moves all members to another set.
    pub(super) fn move_to(&mut self, other: &mut HolderSet) {
        other.add(self);
        self.0.fill(0);
    }

    /// The members, ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.0.len() * 64).filter(|&number| self.contains(number))
    }
}
