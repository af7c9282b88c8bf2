//! Choices that depend on a seed alone.

/// A stream of choices.
#[derive(Clone, Debug)]
pub struct Choice {
    state: u64,
}

impl Choice {
    /// The choices of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Choice {
            state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03,
        }
    }

    /// 64 random bits. Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", 2014.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from `low` to `high`.
    pub fn within(&mut self, low: u64, high: u64) -> u64 {
        low + self.bits() % (high - low + 1)
    }

    /// True once in `count` times.
    pub fn one_in(&mut self, count: u64) -> bool {
        self.bits().is_multiple_of(count)
    }

    /// True half of the time.
    pub fn coin(&mut self) -> bool {
        self.one_in(2)
    }

    /// One of several.
    ///
    /// # Panics
    /// When there are none.
    pub fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.within(0, all.len() as u64 - 1) as usize]
    }
}
