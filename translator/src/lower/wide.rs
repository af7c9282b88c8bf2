//! 128-bit intermediate results, for checked operations on operands of mixed sign.

use super::function::{Int, Lowering};
use crate::ir::{BinaryOp, IntCond, UnaryOp, Value};
use crate::typed::Trap;

/// Two's complement of 128 bits.
#[derive(Clone, Copy)]
pub(super) struct Wide {
    pub(super) low: Value,
    pub(super) high: Value,
}

impl Lowering<'_> {
    /// An exact integer in 128 bits.
    pub(super) fn widen(&mut self, a: Int) -> Wide {
        let high = if a.range.is_natural() {
            self.b.iconst(0)
        } else {
            let count = self.b.iconst(63);
            self.b.binary(BinaryOp::Sar, a.value, count)
        };
        Wide { low: a.value, high }
    }

    /// The exact sum, difference or product.
    pub(super) fn wide_sum(&mut self, op: BinaryOp, a: Int, b: Int) -> Wide {
        match op {
            BinaryOp::Mul => self.wide_product(a, b),
            _ => {
                let (x, y) = (self.widen(a), self.widen(b));
                let low = self.b.binary(op, x.low, y.low);
                let carries = match op {
                    BinaryOp::Add => self.b.icmp(IntCond::Ult, low, x.low),
                    _ => self.b.icmp(IntCond::Ult, x.low, y.low),
                };
                let carry = self.b.unary(UnaryOp::B2i, carries);
                let high = self.b.binary(op, x.high, y.high);
                Wide {
                    low,
                    high: self.b.binary(op, high, carry),
                }
            }
        }
    }

    /// The product of the patterns, less what negative signs add to its upper half.
    fn wide_product(&mut self, a: Int, b: Int) -> Wide {
        let low = self.b.binary(BinaryOp::Mul, a.value, b.value);
        let mut high = self.b.binary(BinaryOp::Mulhu, a.value, b.value);
        let (x, y) = (self.widen(a), self.widen(b));
        for (sign, other) in [(x.high, y.low), (y.high, x.low)] {
            let excess = self.b.binary(BinaryOp::And, sign, other);
            high = self.b.binary(BinaryOp::Sub, high, excess);
        }
        Wide { low, high }
    }

    /// Whether a signed (or unsigned) 64-bit integer holds the value.
    pub(super) fn fits(&mut self, wide: Wide, signed: bool) -> Value {
        let wanted = if signed {
            let count = self.b.iconst(63);
            self.b.binary(BinaryOp::Sar, wide.low, count)
        } else {
            self.b.iconst(0)
        };
        self.b.icmp(IntCond::Eq, wide.high, wanted)
    }

    /// The value in 64 bits; traps when it does not fit.
    pub(super) fn narrow(&mut self, wide: Wide, signed: bool) -> Value {
        let fits = self.fits(wide, signed);
        let lost = self.b.unary(UnaryOp::Not, fits);
        self.trap_if(lost, Trap::Overflow);
        wide.low
    }
}
