//! Intervals of signed 64-bit integers, and how operations and comparisons act on them.

use crate::ir::{Access, BinaryOp, CheckedOp, IntCond};

/// All integers from `min` to `max`, both included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Range {
    /// The smallest one.
    pub min: i64,
    /// The largest one; not below `min`.
    pub max: i64,
}

impl Range {
    /// Every integer.
    pub const FULL: Self = Self {
        min: i64::MIN,
        max: i64::MAX,
    };
    /// 0 and 1.
    pub const BOOL: Self = Self { min: 0, max: 1 };

    /// The integers between two, both included; `None` if there is none.
    #[must_use]
    pub fn new(min: i64, max: i64) -> Option<Self> {
        (min <= max).then_some(Self { min, max })
    }

    /// One integer.
    #[must_use]
    pub fn constant(n: i64) -> Self {
        Self { min: n, max: n }
    }

    /// What `bits` low bits hold without sign.
    #[must_use]
    pub fn unsigned_bits(bits: u32) -> Self {
        if bits >= 64 {
            Self::FULL
        } else {
            Self {
                min: 0,
                max: i64::MAX >> (63 - bits.min(63)),
            }
        }
    }

    /// What `bits` low bits (at least 1) hold with sign.
    #[must_use]
    pub fn signed_bits(bits: u32) -> Self {
        let shift = 64 - bits.clamp(1, 64);
        Self {
            min: i64::MIN >> shift,
            max: i64::MAX >> shift,
        }
    }

    /// What a load can give.
    #[must_use]
    pub fn of_access(access: Access) -> Self {
        match access {
            Access::U8 => Self::unsigned_bits(8),
            Access::U16 => Self::unsigned_bits(16),
            Access::U32 => Self::unsigned_bits(32),
            Access::S8 => Self::signed_bits(8),
            Access::S16 => Self::signed_bits(16),
            Access::S32 => Self::signed_bits(32),
            Access::Bool => Self::BOOL,
            Access::I64 | Access::Oop | Access::Ptr | Access::F32 | Access::F64 => Self::FULL,
        }
    }

    /// The only integer, if there is one.
    #[must_use]
    pub fn as_constant(self) -> Option<i64> {
        (self.min == self.max).then_some(self.min)
    }

    /// Whether no integer is negative.
    #[must_use]
    pub fn is_natural(self) -> bool {
        self.min >= 0
    }

    /// Whether every integer of the other is in this one.
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        self.min <= other.min && other.max <= self.max
    }

    /// What is in both; this one if nothing is.
    #[must_use]
    pub fn narrowed(self, other: Self) -> Self {
        Self::new(self.min.max(other.min), self.max.min(other.max)).unwrap_or(self)
    }

    /// The smallest interval with both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self {
            min: self.min.min(other.min),
            max: self.max.max(other.max),
        }
    }

    /// The smallest `2^n - 1` that is not below any integer; for natural intervals.
    fn mask(self) -> i64 {
        if self.max <= 0 {
            0
        } else {
            i64::MAX >> (self.max.leading_zeros() - 1)
        }
    }

    fn of_wide(min: i128, max: i128) -> Option<Self> {
        Some(Self {
            min: i64::try_from(min).ok()?,
            max: i64::try_from(max).ok()?,
        })
    }

    /// The exact results of a sum, difference or product, if all of them fit.
    #[must_use]
    pub fn exact(op: BinaryOp, a: Self, b: Self) -> Option<Self> {
        let wide = |n: i64| i128::from(n);
        match op {
            BinaryOp::Add => Self::of_wide(wide(a.min) + wide(b.min), wide(a.max) + wide(b.max)),
            BinaryOp::Sub => Self::of_wide(wide(a.min) - wide(b.max), wide(a.max) - wide(b.min)),
            BinaryOp::Mul => {
                let corners = [
                    (a.min, b.min),
                    (a.min, b.max),
                    (a.max, b.min),
                    (a.max, b.max),
                ];
                let products = corners.map(|(x, y)| wide(x) * wide(y));
                Self::of_wide(*products.iter().min()?, *products.iter().max()?)
            }
            _ => None,
        }
    }

    /// The results of a wrapping operation.
    #[must_use]
    pub fn binary(op: BinaryOp, a: Self, b: Self) -> Self {
        let natural = |max: i64| Self { min: 0, max };
        let count = b.as_constant().map(|n| n & 63);
        match op {
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul => {
                Self::exact(op, a, b).unwrap_or(Self::FULL)
            }
            BinaryOp::And if a.is_natural() && b.is_natural() => natural(a.max.min(b.max)),
            BinaryOp::And if a.is_natural() => natural(a.max),
            BinaryOp::And if b.is_natural() => natural(b.max),
            BinaryOp::Or | BinaryOp::Xor if a.is_natural() && b.is_natural() => {
                natural(a.mask() | b.mask())
            }
            BinaryOp::Shl => match count {
                Some(n) if n < 63 => {
                    Self::exact(BinaryOp::Mul, a, Self::constant(1 << n)).unwrap_or(Self::FULL)
                }
                _ => Self::FULL,
            },
            BinaryOp::Shr => match count {
                Some(n) if a.is_natural() => Self {
                    min: a.min >> n,
                    max: a.max >> n,
                },
                Some(n) if n > 0 => Self::unsigned_bits(64 - u32::try_from(n).unwrap_or(0)),
                None if a.is_natural() => natural(a.max),
                _ => Self::FULL,
            },
            BinaryOp::Sar => match count {
                Some(n) => Self {
                    min: a.min >> n,
                    max: a.max >> n,
                },
                None => Self {
                    min: a.min.min(0),
                    max: a.max.max(0),
                }
                .union(a),
            },
            _ => Self::division(op, a, b),
        }
    }

    fn division(op: BinaryOp, a: Self, b: Self) -> Self {
        let natural = |max: i64| Self { min: 0, max };
        match op {
            BinaryOp::Sdiv | BinaryOp::Udiv if a.is_natural() && b.min > 0 => Self {
                min: a.min / b.max,
                max: a.max / b.min,
            },
            BinaryOp::Udiv if b.min > 1 => {
                natural((u64::MAX / b.min.cast_unsigned()).cast_signed())
            }
            BinaryOp::Sdiv if b.min > 0 => Self {
                min: a.min / b.min,
                max: a.max / b.min,
            }
            .union(Self::constant(0)),
            BinaryOp::Urem if b.min > 0 => natural(if a.is_natural() {
                a.max.min(b.max - 1)
            } else {
                b.max - 1
            }),
            BinaryOp::Srem if b.min > 0 => {
                let largest = b.max - 1;
                let min = if a.is_natural() {
                    0
                } else {
                    a.min.max(-largest)
                };
                let max = if a.max <= 0 { 0 } else { a.max.min(largest) };
                Self { min, max }
            }
            BinaryOp::Mulhu if a.is_natural() && b.is_natural() => natural(i64::MAX >> 1),
            _ => Self::FULL,
        }
    }

    /// Whether a checked operation never leaves its range.
    #[must_use]
    pub fn never_overflows(op: CheckedOp, a: Self, b: Self) -> bool {
        let natural = a.is_natural() && b.is_natural();
        match op {
            CheckedOp::AddS | CheckedOp::SubS | CheckedOp::MulS => {
                Self::exact(op.wrapping(), a, b).is_some()
            }
            CheckedOp::AddU => natural,
            CheckedOp::SubU => natural && a.min >= b.max,
            CheckedOp::MulU => {
                natural && u64::try_from(i128::from(a.max) * i128::from(b.max)).is_ok()
            }
        }
    }

    /// Whether a condition holds for all pairs, or for none.
    #[must_use]
    pub fn compare(cond: IntCond, a: Self, b: Self) -> Option<bool> {
        let decide = |yes: bool, no: bool| {
            if yes {
                Some(true)
            } else if no {
                Some(false)
            } else {
                None
            }
        };
        let same_sign = (a.is_natural() && b.is_natural()) || (a.max < 0 && b.max < 0);
        match cond {
            IntCond::Eq => decide(
                a.as_constant().is_some() && a == b,
                a.max < b.min || b.max < a.min,
            ),
            IntCond::Slt => decide(a.max < b.min, a.min >= b.max),
            IntCond::Sle => decide(a.max <= b.min, a.min > b.max),
            IntCond::Ult if same_sign => Self::compare(IntCond::Slt, a, b),
            IntCond::Ule if same_sign => Self::compare(IntCond::Sle, a, b),
            // A natural one is below a negative one.
            IntCond::Ult | IntCond::Ule => {
                decide(a.is_natural() && b.max < 0, a.max < 0 && b.is_natural())
            }
            IntCond::Ne => Self::compare(IntCond::Eq, a, b).map(|holds| !holds),
            IntCond::Sgt | IntCond::Sge | IntCond::Ugt | IntCond::Uge => {
                Self::compare(cond.inverse(), a, b).map(|holds| !holds)
            }
        }
    }

    /// What `a` can be when the condition holds between `a` and `b`.
    #[must_use]
    pub fn given(cond: IntCond, a: Self, b: Self) -> Self {
        let below = |max: Option<i64>| max.map_or(a, |max| a.narrowed(Self { min: i64::MIN, max }));
        let above = |min: Option<i64>| min.map_or(a, |min| a.narrowed(Self { min, max: i64::MAX }));
        match cond {
            IntCond::Eq => a.narrowed(b),
            IntCond::Ne => match b.as_constant() {
                Some(n) if n == a.min && n < a.max => Self {
                    min: n + 1,
                    max: a.max,
                },
                Some(n) if n == a.max && n > a.min => Self {
                    min: a.min,
                    max: n - 1,
                },
                _ => a,
            },
            IntCond::Slt => below(b.max.checked_sub(1)),
            IntCond::Sle => below(Some(b.max)),
            IntCond::Sgt => above(b.min.checked_add(1)),
            IntCond::Sge => above(Some(b.min)),
            IntCond::Ult if b.is_natural() && b.max > 0 => a.narrowed(Self {
                min: 0,
                max: b.max - 1,
            }),
            IntCond::Ule if b.is_natural() => a.narrowed(Self { min: 0, max: b.max }),
            IntCond::Ugt if a.is_natural() && b.is_natural() => above(b.min.checked_add(1)),
            IntCond::Uge if a.is_natural() && b.is_natural() => above(Some(b.min)),
            IntCond::Ult | IntCond::Ule | IntCond::Ugt | IntCond::Uge => a,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLES: [i64; 13] = [
        i64::MIN,
        i64::MIN + 1,
        -256,
        -7,
        -1,
        0,
        1,
        2,
        7,
        63,
        255,
        i64::MAX - 1,
        i64::MAX,
    ];

    fn ranges() -> Vec<Range> {
        SAMPLES
            .iter()
            .flat_map(|&a| SAMPLES.iter().filter_map(move |&b| Range::new(a, b)))
            .collect()
    }

    fn members(range: Range) -> impl Iterator<Item = i64> {
        SAMPLES
            .into_iter()
            .filter(move |&n| range.min <= n && n <= range.max)
    }

    #[test]
    fn a_result_of_members_is_a_member_of_the_result() {
        let ops = [
            BinaryOp::Add,
            BinaryOp::Sub,
            BinaryOp::Mul,
            BinaryOp::And,
            BinaryOp::Or,
            BinaryOp::Xor,
            BinaryOp::Shl,
            BinaryOp::Shr,
            BinaryOp::Sar,
            BinaryOp::Sdiv,
            BinaryOp::Udiv,
            BinaryOp::Srem,
            BinaryOp::Urem,
            BinaryOp::Mulhu,
        ];
        for op in ops {
            for a in ranges() {
                for b in ranges() {
                    let range = Range::binary(op, a, b);
                    for x in members(a) {
                        for y in members(b) {
                            let Some(result) = crate::ir::fold::binary(op, x, y) else {
                                continue;
                            };
                            assert!(
                                range.min <= result && result <= range.max,
                                "{op:?} {x} {y}: {result} not in {range:?}"
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn comparisons_and_overflow_checks_agree_with_the_members() {
        for a in ranges() {
            for b in ranges() {
                for &cond in IntCond::ALL {
                    let decided = Range::compare(cond, a, b);
                    let narrowed = Range::given(cond, a, b);
                    for x in members(a) {
                        for y in members(b) {
                            let holds = cond.holds(x, y);
                            assert!(
                                decided.is_none_or(|d| d == holds),
                                "{cond:?} {a:?} {b:?}: {x} {y}"
                            );
                            assert!(
                                !holds || (narrowed.min <= x && x <= narrowed.max),
                                "{cond:?} {a:?} {b:?}: {x} {y}"
                            );
                        }
                    }
                }
                for &op in CheckedOp::ALL {
                    let safe = Range::never_overflows(op, a, b);
                    for x in members(a) {
                        for y in members(b) {
                            assert!(
                                !safe || op.evaluate(x, y).is_some(),
                                "{op:?} {a:?} {b:?}: {x} {y}"
                            );
                        }
                    }
                }
            }
        }
    }
}
