//! Random numbers for damage: the same for the same seed.

/// A generator (SplitMix64).
#[derive(Debug)]
pub(super) struct Random {
    state: u64,
}

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        Random {
            state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x0123_4567_89AB_CDEF,
        }
    }

    /// Any word.
    pub(super) fn word(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.state;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    /// A number below `limit`, which is not 0.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        (self.word() % limit as u64) as usize
    }

    /// One of the elements; there is one.
    pub(super) fn one<'e, T>(&mut self, elements: &'e [T]) -> &'e T {
        &elements[self.below(elements.len())]
    }

    /// Numbers at which programs go wrong.
    pub(super) fn odd_number(&mut self) -> u64 {
        let shift = self.below(64);
        match self.below(6) {
            0 => self.word(),
            1 => self.below(300) as u64,
            2 => (self.below(300) as u64).wrapping_neg(),
            3 => 1 << shift,
            4 => (1 << shift) - 1,
            _ => (1_u64 << shift).wrapping_neg(),
        }
    }
}
