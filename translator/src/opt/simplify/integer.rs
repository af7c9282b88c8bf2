//! Sums, differences, products, shifts, and checked arithmetic.

use crate::analysis::Range;
use crate::ir::{BinaryOp, CheckedOp, Inst, IntCond, TrapReason, UnaryOp, Value};
use crate::opt::values::{Outcome, Rewriter};

impl Rewriter<'_> {
    pub(super) fn add(&mut self, a: Value, b: Value) -> Outcome {
        let n = self.constant(b);
        if n == Some(0) {
            return Outcome::Value(a);
        }
        match (self.func.def(a), n) {
            (Some(Inst::Binary(BinaryOp::Add, x, m)), Some(n)) => match self.constant(m) {
                Some(m) => self.binary_inst(BinaryOp::Add, x, m.wrapping_add(n)),
                None => Outcome::Keep,
            },
            (Some(Inst::Binary(BinaryOp::Sub, m, x)), Some(n)) => match self.constant(m) {
                Some(m) => {
                    let m = self.iconst(m.wrapping_add(n));
                    Outcome::Inst(Inst::Binary(BinaryOp::Sub, m, x))
                }
                None => Outcome::Keep,
            },
            (Some(Inst::Binary(BinaryOp::Sub, x, y)), _) if y == b => Outcome::Value(x),
            (Some(Inst::Unary(UnaryOp::Neg, x)), _) => {
                Outcome::Inst(Inst::Binary(BinaryOp::Sub, b, x))
            }
            _ => match self.func.def(b) {
                Some(Inst::Binary(BinaryOp::Sub, x, y)) if y == a => Outcome::Value(x),
                Some(Inst::Unary(UnaryOp::Neg, y)) => {
                    Outcome::Inst(Inst::Binary(BinaryOp::Sub, a, y))
                }
                _ if n.is_none() => self.constant_outwards(a, b),
                _ => Outcome::Keep,
            },
        }
    }

    /// `(x + n) + y` is `(x + y) + n`, so that constants meet.
    fn constant_outwards(&mut self, a: Value, b: Value) -> Outcome {
        for (sum, other) in [(a, b), (b, a)] {
            if let Some(Inst::Binary(BinaryOp::Add, x, n)) = self.func.def(sum)
                && self.constant(n).is_some()
            {
                let inner = self.binary(BinaryOp::Add, x, other);
                return Outcome::Inst(Inst::Binary(BinaryOp::Add, inner, n));
            }
        }
        Outcome::Keep
    }

    pub(super) fn sub(&mut self, a: Value, b: Value) -> Outcome {
        if a == b {
            return Outcome::Value(self.iconst(0));
        }
        if let Some(n) = self.constant(b) {
            return self.binary_inst(BinaryOp::Add, a, n.wrapping_neg());
        }
        match (self.constant(a), self.func.def(b)) {
            (Some(0), _) => return Outcome::Inst(Inst::Unary(UnaryOp::Neg, b)),
            (Some(n), Some(Inst::Binary(BinaryOp::Add, x, m))) => {
                if let Some(m) = self.constant(m) {
                    let n = self.iconst(n.wrapping_sub(m));
                    return Outcome::Inst(Inst::Binary(BinaryOp::Sub, n, x));
                }
            }
            (None, Some(Inst::Unary(UnaryOp::Neg, y))) => {
                return Outcome::Inst(Inst::Binary(BinaryOp::Add, a, y));
            }
            (None, Some(Inst::Binary(BinaryOp::Add, x, m))) => {
                if let Some(m) = self.constant(m) {
                    let difference = self.binary(BinaryOp::Sub, a, x);
                    return self.binary_inst(BinaryOp::Add, difference, m.wrapping_neg());
                }
                if x == a {
                    return Outcome::Inst(Inst::Unary(UnaryOp::Neg, m));
                }
                if m == a {
                    return Outcome::Inst(Inst::Unary(UnaryOp::Neg, x));
                }
            }
            _ => {}
        }
        match self.func.def(a) {
            Some(Inst::Binary(BinaryOp::Add, x, y)) if x == b => Outcome::Value(y),
            Some(Inst::Binary(BinaryOp::Add, x, y)) if y == b => Outcome::Value(x),
            Some(Inst::Binary(BinaryOp::Add, x, n)) => match self.constant(n) {
                Some(n) => {
                    let difference = self.binary(BinaryOp::Sub, x, b);
                    self.binary_inst(BinaryOp::Add, difference, n)
                }
                None => Outcome::Keep,
            },
            _ => Outcome::Keep,
        }
    }

    pub(super) fn mul(&mut self, a: Value, b: Value) -> Outcome {
        let Some(n) = self.constant(b) else {
            return Outcome::Keep;
        };
        match n {
            0 => return Outcome::Value(b),
            1 => return Outcome::Value(a),
            -1 => return Outcome::Inst(Inst::Unary(UnaryOp::Neg, a)),
            _ if n.cast_unsigned().is_power_of_two() => {
                return self.binary_inst(BinaryOp::Shl, a, i64::from(n.trailing_zeros()));
            }
            _ => {}
        }
        match self.func.def(a) {
            Some(Inst::Binary(BinaryOp::Mul, x, m)) => match self.constant(m) {
                Some(m) => self.binary_inst(BinaryOp::Mul, x, m.wrapping_mul(n)),
                None => Outcome::Keep,
            },
            Some(Inst::Binary(BinaryOp::Add, x, m)) => match self.constant(m) {
                Some(m) => {
                    let product = self.binary(BinaryOp::Mul, x, b);
                    self.binary_inst(BinaryOp::Add, product, m.wrapping_mul(n))
                }
                None => Outcome::Keep,
            },
            Some(Inst::Binary(BinaryOp::Shl, x, m)) => match self.constant(m) {
                Some(m) => self.binary_inst(
                    BinaryOp::Mul,
                    x,
                    n.wrapping_shl((m & 63).cast_unsigned() as u32),
                ),
                None => Outcome::Keep,
            },
            _ => Outcome::Keep,
        }
    }

    pub(super) fn shift(&mut self, op: BinaryOp, a: Value, b: Value) -> Outcome {
        if self.constant(a) == Some(0) {
            return Outcome::Value(a);
        }
        // The machine takes the count modulo 64 by itself.
        if let Some(Inst::Zext(bits, x)) = self.func.def(b)
            && bits >= 6
        {
            return Outcome::Inst(Inst::Binary(op, a, x));
        }
        let Some(n) = self.constant(b) else {
            return Outcome::Keep;
        };
        if n & 63 == 0 {
            return Outcome::Value(a);
        }
        if n != n & 63 {
            return self.binary_inst(op, a, n & 63);
        }
        if op == BinaryOp::Sar && self.range(a).is_natural() {
            return Outcome::Inst(Inst::Binary(BinaryOp::Shr, a, b));
        }
        if op == BinaryOp::Shr && self.range(a).is_natural() && self.range(a).max >> n == 0 {
            return Outcome::Value(self.iconst(0));
        }
        let Some(Inst::Binary(inner, x, m)) = self.func.def(a) else {
            return self.shifted_extension(op, a, n);
        };
        let Some(m) = self.constant(m) else {
            return Outcome::Keep;
        };
        match (op, inner) {
            (BinaryOp::Shl, BinaryOp::Shl) | (BinaryOp::Shr, BinaryOp::Shr) if m + n < 64 => {
                self.binary_inst(op, x, m + n)
            }
            (BinaryOp::Shl, BinaryOp::Shl) | (BinaryOp::Shr, BinaryOp::Shr) => {
                Outcome::Value(self.iconst(0))
            }
            (BinaryOp::Sar, BinaryOp::Sar) => self.binary_inst(op, x, (m + n).min(63)),
            // Up and down again: an extension, or nothing where the upper bits are known to be copies of the sign.
            (BinaryOp::Sar, BinaryOp::Shl) if m == n => {
                Outcome::Inst(Inst::Sext(u8::try_from(64 - n).unwrap_or(1), x))
            }
            (BinaryOp::Shr, BinaryOp::Shl) if m == n => {
                Outcome::Inst(Inst::Zext(u8::try_from(64 - n).unwrap_or(1), x))
            }
            (BinaryOp::Shl, BinaryOp::Shr | BinaryOp::Sar) if m == n => {
                self.binary_inst(BinaryOp::And, x, -1 << n)
            }
            (BinaryOp::Sar, BinaryOp::Add) => self.tagged_shift(x, m, n),
            // Constants go outwards, where they meet others and addresses take them in.
            (BinaryOp::Shl, BinaryOp::Add) => {
                let shifted = self.binary_const(BinaryOp::Shl, x, n);
                self.binary_inst(
                    BinaryOp::Add,
                    shifted,
                    m.wrapping_shl((n & 63).cast_unsigned() as u32),
                )
            }
            _ => Outcome::Keep,
        }
    }

    /// `((x << n) + tag) >> n` is `x` where nothing is lost and the tag has no bit above the shift.
    fn tagged_shift(&mut self, x: Value, tag: i64, n: i64) -> Outcome {
        if let Some(Inst::Binary(BinaryOp::Shl, y, m)) = self.func.def(x)
            && self.constant(m) == Some(n)
            && (0..1i64 << n).contains(&tag)
        {
            return Outcome::Inst(Inst::Sext(u8::try_from(64 - n).unwrap_or(1), y));
        }
        Outcome::Keep
    }

    /// Shifting right what an extension leaves.
    fn shifted_extension(&mut self, op: BinaryOp, a: Value, n: i64) -> Outcome {
        match self.func.def(a) {
            Some(Inst::Zext(bits, _)) if op != BinaryOp::Shl && n >= i64::from(bits) => {
                Outcome::Value(self.iconst(0))
            }
            _ => Outcome::Keep,
        }
    }

    pub(super) fn checked(
        &mut self,
        op: CheckedOp,
        (a, b): (Value, Value),
        reason: TrapReason,
    ) -> Outcome {
        let (x, y) = (self.constant(a), self.constant(b));
        if let (Some(x), Some(y)) = (x, y) {
            return match op.evaluate(x, y) {
                Some(n) => Outcome::Value(self.iconst(n)),
                None => Outcome::Keep,
            };
        }
        if op.commutes() && (x.is_some() || (y.is_none() && b < a)) {
            return Outcome::Inst(Inst::Checked(op, b, a, reason));
        }
        let plain = Outcome::Inst(Inst::Binary(op.wrapping(), a, b));
        if self.never_overflows(op, a, b) {
            return plain;
        }
        if let Some(n) = y
            && n != i64::MIN
            && op == CheckedOp::SubS
        {
            let n = self.iconst(-n);
            return Outcome::Inst(Inst::Checked(CheckedOp::AddS, a, n, reason));
        }
        if let (CheckedOp::AddS, Some(n)) = (op, y) {
            return self.checked_chain(a, n, reason);
        }
        Outcome::Keep
    }

    /// Whether a checked operation is known to stay in range here.
    pub(super) fn never_overflows(&self, op: CheckedOp, a: Value, b: Value) -> bool {
        let trivial = match (op, self.constant(b)) {
            (CheckedOp::MulS | CheckedOp::MulU, Some(n)) => n == 0 || n == 1,
            (_, Some(n)) => n == 0,
            (_, None) => false,
        };
        let (of_a, of_b) = (self.range(a), self.range(b));
        let natural = of_a.is_natural() && of_b.is_natural();
        trivial
            || Range::never_overflows(op, of_a, of_b)
            || (op == CheckedOp::SubU && self.known(IntCond::Uge, a, b) == Some(true))
            || (op == CheckedOp::SubU && natural && self.known(IntCond::Sge, a, b) == Some(true))
            || (op == CheckedOp::AddS && self.is_below_something(a, b))
    }

    /// `x + 1` cannot overflow where `x` is known to be less than some value.
    fn is_below_something(&self, a: Value, b: Value) -> bool {
        self.constant(b) == Some(1) && self.range(a).max < i64::MAX
    }

    /// `(x + m) + n` with both checked is one checked sum when both constants go the same way.
    fn checked_chain(&mut self, a: Value, n: i64, reason: TrapReason) -> Outcome {
        if let Some(Inst::Checked(CheckedOp::AddS, x, m, inner)) = self.func.def(a)
            && inner == reason
            && let Some(m) = self.constant(m)
            && (m >= 0) == (n >= 0)
            && let Some(sum) = m.checked_add(n)
        {
            let sum = self.iconst(sum);
            return Outcome::Inst(Inst::Checked(CheckedOp::AddS, x, sum, reason));
        }
        Outcome::Keep
    }

    /// An operation with a constant on the right, as what the instruction becomes.
    pub(super) fn binary_inst(&mut self, op: BinaryOp, a: Value, n: i64) -> Outcome {
        let n = self.iconst(n);
        Outcome::Inst(Inst::Binary(op, a, n))
    }
}
