//! Comparisons of words and booleans.

use crate::analysis::Range;
use crate::ir::{BinaryOp, Inst, IntCond, Type, UnaryOp, Value};
use crate::opt::values::{Outcome, Rewriter};

impl Rewriter<'_> {
    pub(super) fn comparison(&mut self, cond: IntCond, a: Value, b: Value) -> Outcome {
        if let Some(holds) = self.known(cond, a, b) {
            return Outcome::Value(self.bconst(holds));
        }
        let constant = self.constant(b);
        if constant.is_none() && (self.constant(a).is_some() || b < a) {
            return Outcome::Inst(Inst::Icmp(cond.swapped(), b, a));
        }
        match self.func.ty(a) {
            Type::Bool => return self.boolean_comparison(cond, a, constant),
            Type::Oop | Type::Ptr => return self.word_comparison(cond, a, b),
            Type::I64 | Type::F64 | Type::F32 => {}
        }
        let Some(n) = constant else {
            return match self
                .fits_comparison(cond, a, b)
                .or_else(|| self.fits_comparison(cond, b, a))
            {
                Some(next) => next,
                None => self.difference_comparison(cond, a, b),
            };
        };
        if let Some(next) = self.canonical(cond, a, n) {
            return next;
        }
        match self.func.def(a) {
            Some(Inst::Unary(UnaryOp::B2i, c)) => match (cond, n) {
                (IntCond::Ne, 0) | (IntCond::Eq, 1) => Outcome::Value(c),
                (IntCond::Eq, 0) | (IntCond::Ne, 1) => Outcome::Inst(Inst::Unary(UnaryOp::Not, c)),
                _ => Outcome::Keep,
            },
            Some(Inst::Binary(op, x, y)) => self.compared_operation(cond, a, (op, x, y), n),
            Some(Inst::Select(c, x, y)) if cond.is_equality() => {
                self.compared_select(cond, c, (x, y), n)
            }
            _ => Outcome::Keep,
        }
    }

    fn boolean_comparison(&mut self, cond: IntCond, a: Value, constant: Option<i64>) -> Outcome {
        match (cond, constant) {
            (IntCond::Eq, Some(1)) | (IntCond::Ne, Some(0)) => Outcome::Value(a),
            (IntCond::Eq, Some(_)) | (IntCond::Ne, Some(_)) => {
                Outcome::Inst(Inst::Unary(UnaryOp::Not, a))
            }
            _ => Outcome::Keep,
        }
    }

    /// Words that are casts of integers are compared as such.
    fn word_comparison(&mut self, cond: IntCond, a: Value, b: Value) -> Outcome {
        let integer = |value: Value| match self.func.def(value) {
            Some(Inst::Cast(_, x)) if self.func.ty(x) == Type::I64 => Some(x),
            _ => None,
        };
        match (integer(a), integer(b)) {
            (Some(x), Some(y)) => Outcome::Inst(Inst::Icmp(cond, x, y)),
            _ => Outcome::Keep,
        }
    }

    /// Whether a value equals its own extension, where it can leave the width on one side only: one comparison with the bound.
    fn fits_comparison(&mut self, cond: IntCond, extended: Value, value: Value) -> Option<Outcome> {
        let width = match self.func.def(extended)? {
            Inst::Sext(bits, x) if x == value => Range::signed_bits(u32::from(bits)),
            Inst::Zext(bits, x) if x == value => Range::unsigned_bits(u32::from(bits)),
            _ => return None,
        };
        let range = self.range(value);
        let (inside, bound) = match cond {
            _ if !cond.is_equality() => return None,
            _ if range.min >= width.min => (IntCond::Sle, width.max),
            _ if range.max <= width.max => (IntCond::Sge, width.min),
            // Not negative and small is one unsigned comparison.
            _ if width.min == 0 => (IntCond::Ule, width.max),
            _ => return None,
        };
        let bound = self.iconst(bound);
        let cond = if cond == IntCond::Eq {
            inside
        } else {
            inside.inverse()
        };
        Some(Outcome::Inst(Inst::Icmp(cond, value, bound)))
    }

    /// `x + y == x` and the like for two values.
    fn difference_comparison(&mut self, cond: IntCond, a: Value, b: Value) -> Outcome {
        if !cond.is_equality() {
            return self.as_signed(cond, a, b);
        }
        if let Some(Inst::Binary(BinaryOp::Add, x, n)) = self.func.def(a)
            && x == b
        {
            let zero = self.iconst(0);
            return Outcome::Inst(Inst::Icmp(cond, n, zero));
        }
        Outcome::Keep
    }

    /// Unsigned comparisons of natural numbers are signed ones: one form for equal conditions.
    fn as_signed(&mut self, cond: IntCond, a: Value, b: Value) -> Outcome {
        let natural = self.range(a).is_natural() && self.range(b).is_natural();
        let signed = match cond {
            IntCond::Ult => IntCond::Slt,
            IntCond::Ule => IntCond::Sle,
            IntCond::Ugt => IntCond::Sgt,
            IntCond::Uge => IntCond::Sge,
            _ => return Outcome::Keep,
        };
        if natural {
            Outcome::Inst(Inst::Icmp(signed, a, b))
        } else {
            Outcome::Keep
        }
    }

    /// `<= n` is `< n + 1`; a comparison with the only possible bound is an equality.
    fn canonical(&mut self, cond: IntCond, a: Value, n: i64) -> Option<Outcome> {
        let range = self.range(a);
        let (next, m) = match cond {
            IntCond::Sle if n < i64::MAX => (IntCond::Slt, n + 1),
            IntCond::Sge if n > i64::MIN => (IntCond::Sgt, n - 1),
            IntCond::Ule if n != -1 => (IntCond::Ult, n.wrapping_add(1)),
            IntCond::Uge if n != 0 => (IntCond::Ugt, n.wrapping_sub(1)),
            IntCond::Ult if n == 1 => (IntCond::Eq, 0),
            IntCond::Ugt if n == 0 => (IntCond::Ne, 0),
            IntCond::Slt if n - 1 == range.min => (IntCond::Eq, n - 1),
            IntCond::Sgt if n + 1 == range.max => (IntCond::Eq, n + 1),
            IntCond::Slt if n == range.max => (IntCond::Ne, n),
            IntCond::Sgt if n == range.min => (IntCond::Ne, n),
            IntCond::Ult if n > 0 && range.is_natural() => (IntCond::Slt, n),
            IntCond::Ugt if n >= 0 && range.is_natural() => (IntCond::Sgt, n),
            _ => return None,
        };
        let m = self.iconst(m);
        Some(Outcome::Inst(Inst::Icmp(next, a, m)))
    }

    /// A comparison of an operation with a constant.
    fn compared_operation(
        &mut self,
        cond: IntCond,
        a: Value,
        (op, x, y): (BinaryOp, Value, Value),
        n: i64,
    ) -> Outcome {
        let right = self.constant(y);
        match (op, right) {
            (BinaryOp::Add, Some(m)) => {
                let exact =
                    Range::exact(BinaryOp::Add, self.range(x), Range::constant(m)).is_some();
                let moved = n.checked_sub(m);
                match moved {
                    Some(moved) if cond.is_equality() || (exact && cond.is_signed()) => {
                        let moved = self.iconst(moved);
                        Outcome::Inst(Inst::Icmp(cond, x, moved))
                    }
                    _ if cond.is_equality() => {
                        let moved = self.iconst(n.wrapping_sub(m));
                        Outcome::Inst(Inst::Icmp(cond, x, moved))
                    }
                    _ => Outcome::Keep,
                }
            }
            (BinaryOp::Sub, None) if cond.is_equality() && n == 0 => {
                Outcome::Inst(Inst::Icmp(cond, x, y))
            }
            (BinaryOp::Xor, Some(m)) if cond.is_equality() => {
                let m = self.iconst(m ^ n);
                Outcome::Inst(Inst::Icmp(cond, x, m))
            }
            (BinaryOp::Xor, None) if cond.is_equality() && n == 0 => {
                Outcome::Inst(Inst::Icmp(cond, x, y))
            }
            // A bit that the operation cannot have decides.
            (BinaryOp::And | BinaryOp::Or | BinaryOp::Shl, Some(m)) if cond.is_equality() => {
                let impossible =
                    n & !self.possible_ones(a, 4) != 0 || (op == BinaryOp::Or && m & !n != 0);
                if impossible {
                    Outcome::Value(self.bconst(cond == IntCond::Ne))
                } else {
                    self.compared_shift(cond, op, (x, m), n)
                }
            }
            _ => Outcome::Keep,
        }
    }

    /// `x << m == n` where no bit of `x` is lost.
    fn compared_shift(
        &mut self,
        cond: IntCond,
        op: BinaryOp,
        (x, m): (Value, i64),
        n: i64,
    ) -> Outcome {
        let shift = (m & 63).cast_unsigned() as u32;
        let exact = Range::exact(
            BinaryOp::Mul,
            self.range(x),
            Range::constant(1i64.wrapping_shl(shift.min(62))),
        )
        .is_some();
        if op == BinaryOp::Shl && exact && shift < 63 && n.trailing_zeros() >= shift {
            let n = self.iconst(n >> shift);
            return Outcome::Inst(Inst::Icmp(cond, x, n));
        }
        Outcome::Keep
    }

    /// A choice between constants compared with a constant is the choice's condition.
    fn compared_select(
        &mut self,
        cond: IntCond,
        c: Value,
        (x, y): (Value, Value),
        n: i64,
    ) -> Outcome {
        let (Some(x), Some(y)) = (self.constant(x), self.constant(y)) else {
            return Outcome::Keep;
        };
        match (cond.holds(x, n), cond.holds(y, n)) {
            (true, true) => Outcome::Value(self.bconst(true)),
            (false, false) => Outcome::Value(self.bconst(false)),
            (true, false) => Outcome::Value(c),
            (false, true) => Outcome::Inst(Inst::Unary(UnaryOp::Not, c)),
        }
    }
}
