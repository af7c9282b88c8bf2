//! Interval arithmetic on exact integers.
//!
//! Bounds are `i128` and saturate far outside of 64 bits, where the only question is whether they fit.

use crate::typed::{IntType, Range};

/// Bounds beyond this say no more than "very large".
const LIMIT: i128 = 1 << 126;
/// Values of a signed 64-bit integer.
pub(super) const SIGNED: Range = Range {
    lo: i64::MIN as i128,
    hi: i64::MAX as i128,
};
/// Values of an unsigned 64-bit integer.
pub(super) const UNSIGNED: Range = Range {
    lo: 0,
    hi: u64::MAX as i128,
};

fn clamp(value: Option<i128>, negative: bool) -> i128 {
    let saturated = if negative { -LIMIT } else { LIMIT };
    value.map_or(saturated, |value| value.clamp(-LIMIT, LIMIT))
}

fn product(a: i128, b: i128) -> i128 {
    clamp(a.checked_mul(b), (a < 0) != (b < 0))
}

/// The least range that holds all values.
fn hull(values: impl IntoIterator<Item = i128>) -> Range {
    let mut range = Range {
        lo: LIMIT,
        hi: -LIMIT,
    };
    for value in values {
        range.lo = range.lo.min(value);
        range.hi = range.hi.max(value);
    }
    range
}

/// Whether a register holds every value, signed or unsigned.
pub(super) fn fits(range: Range) -> bool {
    range.within(SIGNED) || range.within(UNSIGNED)
}

/// The 64-bit type that holds the values: signed where possible.
pub(super) fn home(range: Range) -> IntType {
    if range.within(SIGNED) {
        IntType::INT64
    } else {
        IntType::UINT64
    }
}

/// Values of either.
pub(super) fn union(a: Range, b: Range) -> Range {
    Range {
        lo: a.lo.min(b.lo),
        hi: a.hi.max(b.hi),
    }
}

/// Values of both; the nearer bound of `b` when there is none.
pub(super) fn intersect(a: Range, b: Range) -> Range {
    let lo = a.lo.max(b.lo).min(b.hi);
    let hi = a.hi.min(b.hi).max(b.lo);
    if lo <= hi { Range { lo, hi } } else { b }
}

pub(super) fn add(a: Range, b: Range) -> Range {
    Range {
        lo: a.lo.saturating_add(b.lo).max(-LIMIT),
        hi: a.hi.saturating_add(b.hi).min(LIMIT),
    }
}

pub(super) fn sub(a: Range, b: Range) -> Range {
    Range {
        lo: a.lo.saturating_sub(b.hi).max(-LIMIT),
        hi: a.hi.saturating_sub(b.lo).min(LIMIT),
    }
}

pub(super) fn mul(a: Range, b: Range) -> Range {
    hull([
        product(a.lo, b.lo),
        product(a.lo, b.hi),
        product(a.hi, b.lo),
        product(a.hi, b.hi),
    ])
}

/// Upper halves of the products, of operands that are all signed or all unsigned 64-bit integers. A product of two unsigned ones may be beyond [`LIMIT`].
pub(super) fn high_product(a: Range, b: Range) -> Range {
    if a.within(SIGNED) && b.within(SIGNED) {
        let exact = mul(a, b);
        return Range {
            lo: exact.lo >> 64,
            hi: exact.hi >> 64,
        };
    }
    let high = |a: i128, b: i128| ((a as u128 * b as u128) >> 64) as i128;
    Range {
        lo: high(a.lo, b.lo),
        hi: high(a.hi, b.hi),
    }
}

/// Divisors that bound the quotients: the ends, and those next to zero. Empty when only zero is possible.
fn divisors(b: Range) -> Vec<i128> {
    let mut ends = vec![b.lo, b.hi];
    ends.extend(
        [-1, 1]
            .into_iter()
            .filter(|&near| b.lo <= near && near <= b.hi),
    );
    ends.retain(|&end| end != 0);
    ends
}

fn quotients(a: Range, b: Range, divide: fn(i128, i128) -> i128) -> Range {
    let ends = divisors(b);
    if ends.is_empty() {
        return Range::exactly(0);
    }
    hull(
        ends.into_iter()
            .flat_map(|divisor| [divide(a.lo, divisor), divide(a.hi, divisor)]),
    )
}

pub(super) fn floor_quotient(a: i128, b: i128) -> i128 {
    let quotient = a / b;
    if a % b != 0 && (a < 0) != (b < 0) {
        quotient - 1
    } else {
        quotient
    }
}

pub(super) fn floor_remainder(a: i128, b: i128) -> i128 {
    a - floor_quotient(a, b) * b
}

pub(super) fn floor_div(a: Range, b: Range) -> Range {
    quotients(a, b, floor_quotient)
}

pub(super) fn quo(a: Range, b: Range) -> Range {
    quotients(a, b, |a, b| a / b)
}

/// Remainder with the sign of the divisor.
pub(super) fn floor_mod(a: Range, b: Range) -> Range {
    if a.lo >= 0 && b.lo > 0 {
        return Range {
            lo: 0,
            hi: a.hi.min(b.hi - 1),
        };
    }
    Range {
        lo: (b.lo + 1).min(0),
        hi: (b.hi - 1).max(0),
    }
}

/// Remainder with the sign of the dividend.
pub(super) fn rem(a: Range, b: Range) -> Range {
    let size = b.lo.abs().max(b.hi.abs()).max(1) - 1;
    Range {
        lo: if a.lo < 0 { a.lo.max(-size) } else { 0 },
        hi: if a.hi > 0 { a.hi.min(size) } else { 0 },
    }
}

/// All ones in as many bits as `value`, which is not negative, has.
fn ones(value: i128) -> i128 {
    match value {
        0 => 0,
        value => (1 << (128 - value.leading_zeros()).min(126)) - 1,
    }
}

pub(super) fn and(a: Range, b: Range) -> Range {
    match (a.lo >= 0, b.lo >= 0) {
        (true, true) => Range {
            lo: 0,
            hi: a.hi.min(b.hi),
        },
        (true, false) => Range { lo: 0, hi: a.hi },
        (false, true) => Range { lo: 0, hi: b.hi },
        (false, false) => signed_bits(a, b),
    }
}

pub(super) fn or(a: Range, b: Range) -> Range {
    if a.lo >= 0 && b.lo >= 0 {
        return Range {
            lo: a.lo.max(b.lo),
            hi: ones(a.hi.max(b.hi)),
        };
    }
    signed_bits(a, b)
}

pub(super) fn xor(a: Range, b: Range) -> Range {
    if a.lo >= 0 && b.lo >= 0 {
        return Range {
            lo: 0,
            hi: ones(a.hi.max(b.hi)),
        };
    }
    signed_bits(a, b)
}

/// `a` without the bits of `b`.
pub(super) fn clear(a: Range, b: Range) -> Range {
    if a.lo >= 0 {
        return Range { lo: 0, hi: a.hi };
    }
    signed_bits(a, invert(b))
}

pub(super) fn invert(a: Range) -> Range {
    Range {
        lo: -1 - a.hi,
        hi: -1 - a.lo,
    }
}

/// The narrowest two's complement that holds both operands holds the result of a bit operation.
fn signed_bits(a: Range, b: Range) -> Range {
    let magnitude = |value: i128| ones(if value < 0 { -1 - value } else { value });
    let mask = [a.lo, a.hi, b.lo, b.hi]
        .into_iter()
        .map(magnitude)
        .max()
        .unwrap_or(0);
    Range {
        lo: -1 - mask,
        hi: mask,
    }
}

/// Shift counts that do not trap.
fn counts(b: Range) -> [u32; 2] {
    [b.lo, b.hi].map(|count| u32::try_from(count.clamp(0, 63)).unwrap_or(63))
}

pub(super) fn shl(a: Range, b: Range) -> Range {
    let ends = counts(b);
    let shift = |value: i128, count: u32| product(value, 1 << count);
    hull(
        ends.into_iter()
            .flat_map(|count| [shift(a.lo, count), shift(a.hi, count)]),
    )
}

pub(super) fn shr(a: Range, b: Range) -> Range {
    let ends = counts(b);
    hull(
        ends.into_iter()
            .flat_map(|count| [a.lo >> count, a.hi >> count]),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(lo: i128, hi: i128) -> Range {
        Range { lo, hi }
    }

    /// Every operation's range must hold the result of every pair of operands.
    #[test]
    fn ranges_hold_every_result_of_small_operands() {
        type Case = (fn(Range, Range) -> Range, fn(i128, i128) -> Option<i128>);
        let cases: [Case; 13] = [
            (add, |a, b| Some(a + b)),
            (sub, |a, b| Some(a - b)),
            (mul, |a, b| Some(a * b)),
            (floor_div, |a, b| (b != 0).then(|| floor_quotient(a, b))),
            (floor_mod, |a, b| (b != 0).then(|| floor_remainder(a, b))),
            (quo, |a, b| (b != 0).then(|| a / b)),
            (rem, |a, b| (b != 0).then(|| a % b)),
            (and, |a, b| Some(a & b)),
            (or, |a, b| Some(a | b)),
            (xor, |a, b| Some(a ^ b)),
            (clear, |a, b| Some(a & !b)),
            (shl, |a, b| (b >= 0).then(|| a << b)),
            (shr, |a, b| (b >= 0).then(|| a >> b)),
        ];
        let bounds = [-9, -4, -1, 0, 1, 3, 6, 8];
        let mut ranges = Vec::new();
        for lo in bounds {
            ranges.extend(
                bounds
                    .into_iter()
                    .filter(|&hi| hi >= lo)
                    .map(|hi| range(lo, hi)),
            );
        }
        for (number, (bound, exact)) in cases.into_iter().enumerate() {
            for &a in &ranges {
                for &b in &ranges {
                    let whole = bound(a, b);
                    for x in a.lo..=a.hi {
                        for result in (b.lo..=b.hi).filter_map(|y| exact(x, y)) {
                            assert!(
                                whole.lo <= result && result <= whole.hi,
                                "operation {number}: {result} of {a:?} {b:?} outside {whole:?}"
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn the_upper_half_of_the_largest_products_is_exact() {
        assert_eq!(
            high_product(UNSIGNED, UNSIGNED),
            range(0, i128::from(u64::MAX) - 1)
        );
        assert_eq!(high_product(SIGNED, SIGNED), range(-(1 << 62), 1 << 62));
        let large = range(1 << 63, u64::MAX.into());
        assert_eq!(
            high_product(large, large),
            range(1 << 62, i128::from(u64::MAX) - 1)
        );
    }

    #[test]
    fn bounds_saturate_instead_of_overflowing() {
        let huge = shl(UNSIGNED, range(0, 63));
        assert!(
            !fits(huge) && !fits(mul(huge, huge)) && !fits(shl(mul(huge, huge), range(63, 63)))
        );
        assert!(!fits(or(huge, range(-1, 5))));
    }
}
