//! Bitwise operations, extensions, and logic.
//!
//! The bits that can be one are followed backwards through a few instructions, so that masks and extensions that change nothing go.

use crate::ir::{BinaryOp, CheckedOp, Inst, Type, UnaryOp, Value, fold};
use crate::opt::values::{Outcome, Rewriter};

/// How many instructions backwards the bits of a value are followed.
const DEPTH: u32 = 4;

impl Rewriter<'_> {
    pub(super) fn and(&mut self, a: Value, b: Value) -> Outcome {
        if a == b {
            return Outcome::Value(a);
        }
        let Some(mask) = self.constant(b) else {
            return self.and_of_values(a, b);
        };
        match mask {
            0 => return Outcome::Value(b),
            -1 => return Outcome::Value(a),
            _ => {}
        }
        let ones = self.possible_ones(a, DEPTH);
        if ones & !mask == 0 {
            return Outcome::Value(a);
        }
        if ones & mask == 0 {
            return Outcome::Value(self.iconst(0));
        }
        if let Some(bits) = low_bits(mask) {
            return Outcome::Inst(Inst::Zext(bits, a));
        }
        if let Some(known) = self.known_under(a, mask) {
            return Outcome::Value(self.iconst(known));
        }
        match self.func.def(a) {
            Some(Inst::Binary(BinaryOp::And, x, m)) => match self.constant(m) {
                Some(m) => self.binary_inst(BinaryOp::And, x, m & mask),
                None => Outcome::Keep,
            },
            // The extension's own mask is part of this one.
            Some(Inst::Zext(bits, x)) => {
                self.binary_inst(BinaryOp::And, x, mask & fold::low_mask(bits))
            }
            Some(Inst::Sext(bits, x)) if mask & !fold::low_mask(bits) == 0 => {
                Outcome::Inst(Inst::Binary(BinaryOp::And, x, b))
            }
            Some(Inst::Binary(BinaryOp::Or, x, m))
                if self.constant(m).is_some_and(|m| m & mask == 0) =>
            {
                Outcome::Inst(Inst::Binary(BinaryOp::And, x, b))
            }
            _ => Outcome::Keep,
        }
    }

    fn and_of_values(&mut self, a: Value, b: Value) -> Outcome {
        for (x, y) in [(a, b), (b, a)] {
            if let Some(Inst::Unary(UnaryOp::Not, z)) = self.func.def(x)
                && z == y
            {
                return Outcome::Value(self.iconst(0));
            }
        }
        Outcome::Keep
    }

    pub(super) fn or(&mut self, a: Value, b: Value) -> Outcome {
        if a == b {
            return Outcome::Value(a);
        }
        match self.constant(b) {
            Some(0) => Outcome::Value(a),
            Some(-1) => Outcome::Value(b),
            Some(n) => match self.func.def(a) {
                Some(Inst::Binary(BinaryOp::Or, x, m)) => match self.constant(m) {
                    Some(m) => self.binary_inst(BinaryOp::Or, x, m | n),
                    None => Outcome::Keep,
                },
                _ => Outcome::Keep,
            },
            None => self.rotation(a, b),
        }
    }

    /// `(x << n) | (x >> (64 - n))`.
    fn rotation(&mut self, a: Value, b: Value) -> Outcome {
        for (left, right) in [(a, b), (b, a)] {
            if let Some(Inst::Binary(BinaryOp::Shl, x, n)) = self.func.def(left)
                && let Some(Inst::Binary(BinaryOp::Shr, y, m)) = self.func.def(right)
                && x == y
                && let (Some(up), Some(down)) = (self.constant(n), self.constant(m))
                && up + down == 64
            {
                return Outcome::Inst(Inst::Binary(BinaryOp::Rotl, x, n));
            }
        }
        Outcome::Keep
    }

    pub(super) fn xor(&mut self, a: Value, b: Value) -> Outcome {
        if a == b {
            return Outcome::Value(self.iconst(0));
        }
        match self.constant(b) {
            Some(0) => Outcome::Value(a),
            Some(-1) => Outcome::Inst(Inst::Unary(UnaryOp::Not, a)),
            Some(n) => match self.func.def(a) {
                Some(Inst::Binary(BinaryOp::Xor, x, m)) => match self.constant(m) {
                    Some(m) => self.binary_inst(BinaryOp::Xor, x, m ^ n),
                    None => Outcome::Keep,
                },
                _ => Outcome::Keep,
            },
            None => Outcome::Keep,
        }
    }

    /// `and`, `or` and `xor` of booleans.
    pub(super) fn logical(&mut self, op: BinaryOp, a: Value, b: Value) -> Outcome {
        let same = a == b;
        match (op, self.constant(b)) {
            (BinaryOp::And | BinaryOp::Or, None) if same => Outcome::Value(a),
            (BinaryOp::Xor, None) if same => Outcome::Value(self.bconst(false)),
            (BinaryOp::And, Some(0)) | (BinaryOp::Or, Some(1)) => Outcome::Value(b),
            (BinaryOp::And, Some(1)) | (BinaryOp::Or | BinaryOp::Xor, Some(0)) => Outcome::Value(a),
            (BinaryOp::Xor, Some(1)) => Outcome::Inst(Inst::Unary(UnaryOp::Not, a)),
            _ => Outcome::Keep,
        }
    }

    pub(super) fn sign_extension(&mut self, bits: u8, a: Value) -> Outcome {
        if let Some(n) = self.constant(a) {
            return Outcome::Value(self.iconst(fold::sign_extend(bits, n)));
        }
        let range = self.range(a);
        if crate::analysis::Range::signed_bits(u32::from(bits)).covers(range) {
            return Outcome::Value(a);
        }
        if let Some(inner) = self.without_upper_bits(a, bits) {
            return Outcome::Inst(Inst::Sext(bits, inner));
        }
        match self.func.def(a) {
            Some(Inst::Sext(inner, x)) if inner < bits => Outcome::Inst(Inst::Sext(inner, x)),
            Some(Inst::Load(..)) | None => Outcome::Keep,
            _ => Outcome::Keep,
        }
    }

    pub(super) fn zero_extension(&mut self, bits: u8, a: Value) -> Outcome {
        if let Some(n) = self.constant(a) {
            return Outcome::Value(self.iconst(fold::zero_extend(bits, n)));
        }
        let mask = fold::low_mask(bits);
        let ones = self.possible_ones(a, DEPTH);
        if ones & !mask == 0 {
            return Outcome::Value(a);
        }
        if ones & mask == 0 {
            return Outcome::Value(self.iconst(0));
        }
        if let Some(known) = self.known_under(a, mask) {
            return Outcome::Value(self.iconst(known));
        }
        if let Some(inner) = self.without_upper_bits(a, bits) {
            return Outcome::Inst(Inst::Zext(bits, inner));
        }
        match self.func.def(a) {
            Some(Inst::Binary(BinaryOp::And, x, m)) if self.constant(m).is_some() => {
                let m = self.constant(m).unwrap_or(-1) & mask;
                self.binary_inst(BinaryOp::And, x, m)
            }
            _ => Outcome::Keep,
        }
    }

    /// A value with the same low bits that does less about the upper ones.
    fn without_upper_bits(&mut self, a: Value, bits: u8) -> Option<Value> {
        let mask = fold::low_mask(bits);
        match self.func.def(a)? {
            Inst::Zext(inner, x) | Inst::Sext(inner, x) if inner >= bits => Some(x),
            Inst::Binary(BinaryOp::And, x, m) if self.constant(m)? & mask == mask => Some(x),
            Inst::Binary(BinaryOp::Or | BinaryOp::Xor, x, m) if self.constant(m)? & mask == 0 => {
                Some(x)
            }
            // Upper bits of operands do not reach the low bits of these results.
            Inst::Binary(
                op @ (BinaryOp::Add
                | BinaryOp::Sub
                | BinaryOp::Mul
                | BinaryOp::And
                | BinaryOp::Or
                | BinaryOp::Xor),
                x,
                y,
            ) => {
                let strip = |value: Value| match self.func.def(value) {
                    Some(Inst::Zext(inner, z) | Inst::Sext(inner, z)) if inner >= bits => Some(z),
                    _ => None,
                };
                let (new_x, new_y) = (strip(x), strip(y));
                if new_x.is_none() && new_y.is_none() {
                    return None;
                }
                Some(self.binary(op, new_x.unwrap_or(x), new_y.unwrap_or(y)))
            }
            _ => None,
        }
    }

    /// The bits that a value may have.
    pub(super) fn possible_ones(&self, value: Value, depth: u32) -> i64 {
        if let Some(n) = self.constant(value) {
            return n;
        }
        let range = self.range(value);
        let by_range = if range.is_natural() {
            low_ones(range.max)
        } else {
            -1
        };
        if depth == 0 {
            return by_range;
        }
        let of = |value: Value| self.possible_ones(value, depth - 1);
        let by_def = match self.func.def(value) {
            Some(Inst::Binary(op, a, b)) if self.func.ty(value) == Type::I64 => {
                match (op, self.constant(b)) {
                    (BinaryOp::And, _) => of(a) & of(b),
                    (BinaryOp::Or | BinaryOp::Xor, _) => of(a) | of(b),
                    (BinaryOp::Shl, Some(n)) => of(a).wrapping_shl((n & 63).cast_unsigned() as u32),
                    (BinaryOp::Shr, Some(n)) => of(a)
                        .cast_unsigned()
                        .wrapping_shr((n & 63).cast_unsigned() as u32)
                        .cast_signed(),
                    // A sum has no ones below the lowest one of either side.
                    (BinaryOp::Add | BinaryOp::Sub, _) => {
                        let (x, y) = (of(a), of(b));
                        if x & y == 0 && op == BinaryOp::Add {
                            x | y
                        } else {
                            -1 << (x | y).trailing_zeros().min(63)
                        }
                    }
                    (BinaryOp::Mul, _) => {
                        -1 << (of(a).trailing_zeros() + of(b).trailing_zeros()).min(63)
                    }
                    _ => -1,
                }
            }
            Some(Inst::Checked(CheckedOp::AddS | CheckedOp::SubS, a, b, _)) => {
                -1 << (of(a) | of(b)).trailing_zeros().min(63)
            }
            Some(Inst::Zext(bits, a)) => of(a) & fold::low_mask(bits),
            Some(Inst::Select(_, a, b)) => of(a) | of(b),
            Some(Inst::Cast(_, a)) => of(a),
            _ => -1,
        };
        by_range & by_def
    }

    /// The bits under a mask, if all of them are known: a multiple plus or with a constant.
    fn known_under(&self, value: Value, mask: i64) -> Option<i64> {
        match self.func.def(value)? {
            Inst::Binary(BinaryOp::Add | BinaryOp::Or, x, n)
            | Inst::Checked(CheckedOp::AddS, x, n, _) => {
                let n = self.constant(n)?;
                let below = fold::low_mask(u8::try_from(64 - mask.leading_zeros()).unwrap_or(64));
                (self.possible_ones(x, DEPTH) & below == 0).then_some(n & mask)
            }
            Inst::Cast(_, x) => self.known_under(x, mask),
            _ => None,
        }
    }
}

/// Ones up to the highest one.
fn low_ones(max: i64) -> i64 {
    if max <= 0 {
        0
    } else {
        i64::MAX >> (max.leading_zeros() - 1)
    }
}

/// How many ones, if the mask is ones from below.
fn low_bits(mask: i64) -> Option<u8> {
    let bits = mask.trailing_ones();
    (bits > 0 && bits < 64 && fold::low_mask(u8::try_from(bits).ok()?) == mask)
        .then_some(u8::try_from(bits).ok()?)
}
