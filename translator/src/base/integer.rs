//! Integers of any size, as literals have them.
//!
//! Only what reading and writing a literal takes: there is no general arithmetic here.

use std::cmp::Ordering;
use std::fmt;

/// A natural number of any size.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Natural {
    /// Base 2^32 digits, least significant first, the last one not zero; zero has none.
    limbs: Vec<u32>,
}

/// An integer of any size. Zero is never negative.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Integer {
    negative: bool,
    magnitude: Natural,
}

impl Natural {
    /// Its base 2^32 digits, least significant first; zero has none.
    #[must_use]
    pub fn limbs(&self) -> &[u32] {
        &self.limbs
    }

    /// Whether it is zero.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.limbs.is_empty()
    }

    /// `radix` raised to `exponent`.
    #[must_use]
    pub fn power(radix: u32, exponent: u32) -> Natural {
        let mut result = Natural::from(1u128);
        (0..exponent).for_each(|_| result.multiply_add(radix, 0));
        result
    }

    /// Becomes `self * factor + summand`; appends a digit when `factor` is a radix.
    pub fn multiply_add(&mut self, factor: u32, summand: u32) {
        let mut carry = u64::from(summand);
        for limb in &mut self.limbs {
            carry += u64::from(*limb) * u64::from(factor);
            *limb = low(carry);
            carry >>= 32;
        }
        if carry != 0 {
            self.limbs.push(low(carry));
        }
        self.normalize();
    }

    /// Becomes the quotient by `divisor`, which is not zero; answers the remainder.
    pub fn divide(&mut self, divisor: u32) -> u32 {
        let mut remainder = 0u64;
        for limb in self.limbs.iter_mut().rev() {
            let dividend = remainder << 32 | u64::from(*limb);
            *limb = low(dividend / u64::from(divisor));
            remainder = dividend % u64::from(divisor);
        }
        self.normalize();
        low(remainder)
    }

    /// The product.
    #[must_use]
    pub fn times(&self, other: &Natural) -> Natural {
        let mut limbs = vec![0u32; self.limbs.len() + other.limbs.len() + 1];
        for (i, &a) in self.limbs.iter().enumerate() {
            let mut carry = 0u64;
            for (j, &b) in other.limbs.iter().chain(&[0]).enumerate() {
                carry += u64::from(a) * u64::from(b) + u64::from(limbs[i + j]);
                limbs[i + j] = low(carry);
                carry >>= 32;
            }
        }
        let mut product = Natural { limbs };
        product.normalize();
        product
    }

    /// The position of the highest set bit, from 1; zero has 0.
    #[must_use]
    pub fn bit_length(&self) -> usize {
        self.limbs.last().map_or(0, |last| {
            self.limbs.len() * 32 - last.leading_zeros() as usize
        })
    }

    /// The value as a machine integer, if it fits.
    #[must_use]
    pub fn to_u128(&self) -> Option<u128> {
        if self.limbs.len() > 4 {
            return None;
        }
        Some(
            self.limbs
                .iter()
                .rev()
                .fold(0, |value, &limb| value << 32 | u128::from(limb)),
        )
    }

    /// Shifted left by `count` bits.
    #[must_use]
    pub fn shifted_left(&self, count: usize) -> Natural {
        let mut limbs = vec![0; count / 32];
        limbs.extend_from_slice(&self.limbs);
        let mut result = Natural { limbs };
        result.multiply_add(1 << (count % 32), 0);
        result
    }

    /// The quotient `self / divisor` rounded to the nearest double, ties to even. The divisor is not zero.
    #[must_use]
    pub fn ratio_to_f64(&self, divisor: &Natural) -> f64 {
        if self.is_zero() {
            return 0.0;
        }
        // Scale so that the quotient has at least 65 bits; the remainder then only decides whether there is something below.
        let wanted = 66 + signed(divisor.bit_length()) - signed(self.bit_length());
        let (dividend, divisor) = match usize::try_from(wanted) {
            Ok(shift) => (self.shifted_left(shift), divisor.clone()),
            Err(_) => (self.clone(), divisor.shifted_left(wanted.unsigned_abs())),
        };
        let (quotient, exact) = dividend.divide_bitwise(&divisor);
        scale_to_f64(quotient, exact, -wanted)
    }

    /// Quotient below 2^68 and whether nothing remains.
    fn divide_bitwise(&self, divisor: &Natural) -> (u128, bool) {
        let mut remainder = self.clone();
        let mut quotient = 0u128;
        for bit in (0..68).rev() {
            let part = divisor.shifted_left(bit);
            if remainder.compare(&part) != Ordering::Less {
                remainder.subtract(&part);
                quotient |= 1 << bit;
            }
        }
        (quotient, remainder.is_zero())
    }

    fn compare(&self, other: &Natural) -> Ordering {
        let by_length = self.limbs.len().cmp(&other.limbs.len());
        by_length.then_with(|| self.limbs.iter().rev().cmp(other.limbs.iter().rev()))
    }

    /// Becomes the difference; `other` must not be greater.
    fn subtract(&mut self, other: &Natural) {
        let mut borrow = false;
        for (index, limb) in self.limbs.iter_mut().enumerate() {
            let subtrahend = other.limbs.get(index).copied().unwrap_or(0);
            let (difference, first) = limb.overflowing_sub(subtrahend);
            let (difference, second) = difference.overflowing_sub(u32::from(borrow));
            *limb = difference;
            borrow = first || second;
        }
        self.normalize();
    }

    fn normalize(&mut self) {
        while self.limbs.last() == Some(&0) {
            self.limbs.pop();
        }
    }
}

/// The low 32 bits.
#[expect(
    clippy::cast_possible_truncation,
    reason = "taking the low digit is what it is for"
)]
fn low(value: u64) -> u32 {
    value as u32
}

/// A bit count as a signed number.
fn signed(count: usize) -> isize {
    isize::try_from(count).unwrap_or(isize::MAX)
}

/// `quotient * 2^exponent` rounded to nearest even; `exact` says that nothing lies below the quotient's last bit.
fn scale_to_f64(quotient: u128, exact: bool, exponent: isize) -> f64 {
    let bits = signed(128 - quotient.leading_zeros() as usize);
    // A double has 53 bits, fewer below 2^-1022.
    let lowest = (bits - 53).max(-1074 - exponent);
    if lowest > bits {
        return 0.0;
    }
    let kept = if lowest >= 128 { 0 } else { quotient >> lowest };
    let below = quotient - (kept << lowest);
    let half = 1u128 << (lowest - 1);
    let up = below > half || below == half && (!exact || kept & 1 == 1);
    let mantissa = kept + u128::from(up);
    let scale = lowest + exponent;
    #[expect(clippy::cast_precision_loss, reason = "at most 53 bits are set")]
    let mantissa = mantissa as f64;
    let step = |scale: isize| {
        2f64.powi(i32::try_from(scale).unwrap_or(if scale < 0 { -4000 } else { 4000 }))
    };
    // Two steps, because 2^scale alone may be outside of the range of doubles.
    mantissa * step(scale / 2) * step(scale - scale / 2)
}

impl From<u128> for Natural {
    fn from(value: u128) -> Self {
        let limbs = (0..4)
            .map(|index| low((value >> (32 * index)) as u64 & 0xFFFF_FFFF))
            .collect();
        let mut natural = Natural { limbs };
        natural.normalize();
        natural
    }
}

impl fmt::Display for Natural {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(small) = self.to_u128() {
            return write!(f, "{small}");
        }
        let mut rest = self.clone();
        let mut groups = Vec::new();
        while !rest.is_zero() {
            groups.push(rest.divide(1_000_000_000));
        }
        let mut groups = groups.into_iter().rev();
        write!(f, "{}", groups.next().unwrap_or(0))?;
        groups.try_for_each(|group| write!(f, "{group:09}"))
    }
}

impl fmt::Debug for Natural {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Integer {
    /// The integer with this sign and magnitude.
    #[must_use]
    pub fn new(negative: bool, magnitude: Natural) -> Self {
        Integer {
            negative: negative && !magnitude.is_zero(),
            magnitude,
        }
    }

    /// Whether it is below zero.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        self.negative
    }

    /// Its absolute value.
    #[must_use]
    pub fn magnitude(&self) -> &Natural {
        &self.magnitude
    }

    /// The value as a machine integer, if it fits.
    #[must_use]
    pub fn to_i128(&self) -> Option<i128> {
        let magnitude = self.magnitude.to_u128()?;
        if self.negative {
            0i128.checked_sub_unsigned(magnitude)
        } else {
            i128::try_from(magnitude).ok()
        }
    }

    /// The number with the opposite sign.
    #[must_use]
    pub fn negated(&self) -> Integer {
        Integer::new(!self.negative, self.magnitude.clone())
    }
}

impl From<i128> for Integer {
    fn from(value: i128) -> Self {
        Integer::new(value < 0, Natural::from(value.unsigned_abs()))
    }
}

impl fmt::Display for Integer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}{}",
            if self.negative { "-" } else { "" },
            self.magnitude
        )
    }
}

impl fmt::Debug for Integer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn natural(digits: &str) -> Natural {
        let mut value = Natural::default();
        digits
            .chars()
            .for_each(|digit| value.multiply_add(10, digit.to_digit(10).unwrap()));
        value
    }

    #[test]
    fn digits_read_and_print_the_same_at_every_size() {
        for digits in [
            "0",
            "7",
            "4294967296",
            "340282366920938463463374607431768211456",
            &"9".repeat(200),
        ] {
            assert_eq!(natural(digits).to_string(), digits);
        }
    }

    #[test]
    fn machine_integers_are_answered_exactly_when_they_fit() {
        assert_eq!(Integer::from(i128::MIN).to_i128(), Some(i128::MIN));
        assert_eq!(Integer::from(i128::MIN).negated().to_i128(), None);
        assert_eq!(Integer::new(true, Natural::default()), Integer::from(0));
        assert_eq!(natural(&"9".repeat(40)).to_u128(), None);
    }

    #[test]
    fn products_and_powers_agree() {
        assert_eq!(
            Natural::power(10, 30).times(&Natural::power(10, 25)),
            Natural::power(10, 55)
        );
        assert_eq!(
            Natural::power(2, 100),
            Natural::from(1u128).shifted_left(100)
        );
        assert_eq!(Natural::power(2, 100).bit_length(), 101);
    }

    #[test]
    fn ratios_round_as_the_standard_library_rounds_decimals() {
        let texts = [
            "1",
            "3",
            "9007199254740993",
            "9007199254740992",
            "123456789012345678901234567890",
            "17976931348623157",
        ];
        for digits in texts {
            for exponent in [0u32, 1, 16, 22, 23, 300, 308, 323, 340] {
                let expected: f64 = format!("{digits}e-{exponent}").parse().unwrap();
                let actual = natural(digits).ratio_to_f64(&Natural::power(10, exponent));
                assert_eq!(actual.to_bits(), expected.to_bits(), "{digits}e-{exponent}");
            }
            let expected: f64 = format!("{digits}e250").parse().unwrap();
            let scaled = natural(digits).times(&Natural::power(10, 250));
            assert_eq!(scaled.ratio_to_f64(&Natural::from(1u128)), expected);
        }
    }
}
