//! The four divisions, with their guards.

use super::function::{Int, Lowering};
use super::wide::Wide;
use crate::ir::{BinaryOp, IntCond, UnaryOp, Value};
use crate::typed::{Arithmetic, IntBinary, Trap};

/// A quotient or remainder that may need a correction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Quotient,
    Remainder,
}

impl Lowering<'_> {
    pub(super) fn divide(&mut self, op: IntBinary, mode: Arithmetic, a: Int, b: Int) -> Value {
        if b.range.contains(0) {
            let zero = self.b.iconst(0);
            let divides_by_zero = self.b.icmp(IntCond::Eq, b.value, zero);
            self.trap_if(divides_by_zero, Trap::DivisionByZero);
        }
        let floors = matches!(op, IntBinary::FloorDiv | IntBinary::FloorMod);
        let wanted = if matches!(op, IntBinary::FloorDiv | IntBinary::Quo) {
            Wanted::Quotient
        } else {
            Wanted::Remainder
        };
        let unsigned = mode == Arithmetic::Checked { signed: false };
        if let Some(value) = self.divide_by_power(wanted, floors, unsigned, a, b) {
            return self.natural_result(mode, value, !a.range.is_signed());
        }
        if a.range.is_natural() && b.range.is_natural() {
            let op = if wanted == Wanted::Quotient {
                BinaryOp::Udiv
            } else {
                BinaryOp::Urem
            };
            let result = self.b.binary(op, a.value, b.value);
            return self.natural_result(mode, result, !a.range.is_signed());
        }
        let may_overflow = a.range.contains(i64::MIN.into()) && b.range.contains(-1);
        let checks = mode == (Arithmetic::Checked { signed: true }) && wanted == Wanted::Quotient;
        if a.range.is_signed() && b.range.is_signed() && !unsigned {
            return self.divide_signed(wanted, floors, a, b, may_overflow, checks);
        }
        self.divide_mixed(wanted, floors, mode, a, b)
    }

    /// A result that is not negative, and large only if `may_be_large`: traps where a signed one is asked for.
    fn natural_result(&mut self, mode: Arithmetic, value: Value, may_be_large: bool) -> Value {
        if mode == (Arithmetic::Checked { signed: true }) && may_be_large {
            let zero = self.b.iconst(0);
            let large = self.b.icmp(IntCond::Slt, value, zero);
            self.trap_if(large, Trap::Overflow);
        }
        value
    }

    /// Division by a constant power of two where a shift or a mask does.
    fn divide_by_power(
        &mut self,
        wanted: Wanted,
        floors: bool,
        unsigned: bool,
        a: Int,
        b: Int,
    ) -> Option<Value> {
        let divisor = b
            .range
            .constant()
            .filter(|&divisor| divisor > 0 && divisor.count_ones() == 1)?;
        let shift = divisor.trailing_zeros();
        let natural = a.range.is_natural();
        if shift > 63
            || !(floors || natural)
            || (unsigned && !natural && wanted == Wanted::Quotient)
        {
            return None;
        }
        Some(match wanted {
            Wanted::Quotient => {
                let count = self.b.iconst(shift.into());
                self.b.binary(
                    if natural {
                        BinaryOp::Shr
                    } else {
                        BinaryOp::Sar
                    },
                    a.value,
                    count,
                )
            }
            Wanted::Remainder => {
                let mask = self.b.iconst((divisor - 1) as i64);
                self.b.binary(BinaryOp::And, a.value, mask)
            }
        })
    }

    fn divide_signed(
        &mut self,
        wanted: Wanted,
        floors: bool,
        a: Int,
        b: Int,
        may_overflow: bool,
        checks: bool,
    ) -> Value {
        let divisor = if may_overflow {
            self.safe_divisor(a, b, checks)
        } else {
            b.value
        };
        if !floors && wanted == Wanted::Remainder {
            return self.b.binary(BinaryOp::Srem, a.value, divisor);
        }
        let quotient = self.b.binary(BinaryOp::Sdiv, a.value, divisor);
        if !floors {
            return quotient;
        }
        let product = self.b.binary(BinaryOp::Mul, quotient, divisor);
        let remainder = self.b.binary(BinaryOp::Sub, a.value, product);
        let correction = self.floor_correction(remainder, b);
        match wanted {
            // All ones when the truncated quotient is one too large.
            Wanted::Quotient => self.b.binary(BinaryOp::Add, quotient, correction),
            Wanted::Remainder => {
                let addend = self.b.binary(BinaryOp::And, b.value, correction);
                self.b.binary(BinaryOp::Add, remainder, addend)
            }
        }
    }

    /// -1 when a truncated remainder is not zero and its sign is not the divisor's, else 0.
    fn floor_correction(&mut self, remainder: Value, b: Int) -> Value {
        let count = self.b.iconst(63);
        if b.range.lo > 0 {
            return self.b.binary(BinaryOp::Sar, remainder, count);
        }
        let zero = self.b.iconst(0);
        let signs = self.b.binary(BinaryOp::Xor, remainder, b.value);
        let differ = self.b.binary(BinaryOp::Sar, signs, count);
        let exact = self.b.icmp(IntCond::Eq, remainder, zero);
        self.b.select(exact, zero, differ)
    }

    /// The divisor, or 1 for the one pair whose quotient the machine refuses; a checked quotient traps for it.
    ///
    /// The least integer divided by 1 is itself, which is what wrapping asks for, and the remainder is 0.
    fn safe_divisor(&mut self, a: Int, b: Int, checks: bool) -> Value {
        let (least, minus_one) = (self.b.iconst(i64::MIN), self.b.iconst(-1));
        let is_least = self.b.icmp(IntCond::Eq, a.value, least);
        let is_minus_one = self.b.icmp(IntCond::Eq, b.value, minus_one);
        let overflows = self.b.binary(BinaryOp::And, is_least, is_minus_one);
        if checks {
            self.trap_if(overflows, Trap::Overflow);
            return b.value;
        }
        let one = self.b.iconst(1);
        self.b.select(overflows, one, b.value)
    }

    /// By magnitude and sign, for operands that no one machine division takes.
    fn divide_mixed(
        &mut self,
        wanted: Wanted,
        floors: bool,
        mode: Arithmetic,
        a: Int,
        b: Int,
    ) -> Value {
        let (a_sign, b_sign) = (self.widen(a).high, self.widen(b).high);
        let (dividend, divisor) = (
            self.magnitude(a.value, a_sign),
            self.magnitude(b.value, b_sign),
        );
        let quotient = self.b.binary(BinaryOp::Udiv, dividend, divisor);
        let product = self.b.binary(BinaryOp::Mul, quotient, divisor);
        let remainder = self.b.binary(BinaryOp::Sub, dividend, product);
        let zero = self.b.iconst(0);
        let signs = self.b.binary(BinaryOp::Xor, a_sign, b_sign);
        let inexact = self.b.icmp(IntCond::Ne, remainder, zero);
        let inexact = self.b.unary(UnaryOp::B2i, inexact);
        let one_more = self.b.binary(BinaryOp::And, inexact, signs);
        let (low, sign) = match wanted {
            Wanted::Quotient => {
                let magnitude = if floors {
                    self.b.binary(BinaryOp::Add, quotient, one_more)
                } else {
                    quotient
                };
                (self.magnitude(magnitude, signs), signs)
            }
            Wanted::Remainder => {
                let signed = self.magnitude(remainder, a_sign);
                if floors {
                    let mask = self.b.unary(UnaryOp::Neg, one_more);
                    let addend = self.b.binary(BinaryOp::And, b.value, mask);
                    (self.b.binary(BinaryOp::Add, signed, addend), b_sign)
                } else {
                    (signed, a_sign)
                }
            }
        };
        let Arithmetic::Checked { signed } = mode else {
            return low;
        };
        let some = self.b.icmp(IntCond::Ne, low, zero);
        let high = self.b.select(some, sign, zero);
        self.narrow(Wide { low, high }, signed)
    }

    /// `value` negated when `sign` is all ones.
    fn magnitude(&mut self, value: Value, sign: Value) -> Value {
        let flipped = self.b.binary(BinaryOp::Xor, value, sign);
        self.b.binary(BinaryOp::Sub, flipped, sign)
    }
}
