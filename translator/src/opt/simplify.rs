//! Rules that make one instruction simpler, a constant, or another value. One file for each kind of instruction.
//!
//! A rule sees operands that are simplified already, with constants on the right of operations that commute. It may emit
//! instructions before the current one. Rules must not go round in circles: each makes the instruction smaller or more canonical.
//!
//! Canonical forms: `x - n` is `x + -n`; multiplication by a power of two is `shl`; a mask of low bits is `zext`; an unsigned
//! division by a power of two is `shr`; a comparison has its constant on the right; an address has its constants in the offset.

mod address;
mod bits;
mod compare;
mod control;
mod divide;
mod float;
mod integer;

use crate::ir::opcode::Kind;
use crate::ir::{BinaryOp, Inst, Type, UnaryOp, Value, fold};

use super::values::{Outcome, Rewriter};

impl Rewriter<'_> {
    /// Applies the first rule that fits.
    pub(super) fn simplify(&mut self, inst: &Inst) -> Outcome {
        match *inst {
            Inst::Binary(op, a, b) if op.operand() == Kind::Is(Type::F64) => {
                self.float_binary(op, a, b)
            }
            Inst::Binary(op, a, b) => self.binary_op(op, a, b),
            Inst::Unary(op, a) => self.unary_op(op, a),
            Inst::Sext(bits, a) => self.sign_extension(bits, a),
            Inst::Zext(bits, a) => self.zero_extension(bits, a),
            Inst::Checked(op, a, b, reason) => self.checked(op, (a, b), reason),
            Inst::Icmp(cond, a, b) => self.comparison(cond, a, b),
            Inst::Fcmp(cond, a, b) => self.float_comparison(cond, a, b),
            Inst::Select(c, a, b) => self.select(c, a, b),
            Inst::Cast(ty, a) => self.cast(ty, a),
            Inst::Load(access, address, class) => {
                let new = self.folded(address);
                if new == address {
                    Outcome::Keep
                } else {
                    Outcome::Inst(Inst::Load(access, new, class))
                }
            }
            Inst::Store(access, value, address, class) => self.store(access, value, address, class),
            Inst::TrapIf(..) | Inst::Br(..) | Inst::Switch(..) | Inst::BrChecked(..) => {
                self.control(inst)
            }
            Inst::Block(_, _, _, length) if self.constant(length) == Some(0) => Outcome::Nothing,
            _ => Outcome::Keep,
        }
    }

    fn binary_op(&mut self, op: BinaryOp, a: Value, b: Value) -> Outcome {
        let (x, y) = (self.constant(a), self.constant(b));
        if let (Some(x), Some(y)) = (x, y) {
            if let Some(n) = fold::binary(op, x, y) {
                return Outcome::Value(self.constant_like(a, n));
            }
            return Outcome::Keep;
        }
        if op.commutes() && (x.is_some() || (y.is_none() && b < a)) {
            return Outcome::Inst(Inst::Binary(op, b, a));
        }
        if self.func.ty(a) == Type::Bool {
            return self.logical(op, a, b);
        }
        if op.divides() {
            return self.division(op, a, b);
        }
        match op {
            BinaryOp::Add => self.add(a, b),
            BinaryOp::Sub => self.sub(a, b),
            BinaryOp::Mul => self.mul(a, b),
            BinaryOp::And => self.and(a, b),
            BinaryOp::Or => self.or(a, b),
            BinaryOp::Xor => self.xor(a, b),
            BinaryOp::Shl | BinaryOp::Shr | BinaryOp::Sar => self.shift(op, a, b),
            BinaryOp::Rotl | BinaryOp::Rotr if y.is_some_and(|n| n & 63 == 0) => Outcome::Value(a),
            _ => Outcome::Keep,
        }
    }

    fn unary_op(&mut self, op: UnaryOp, a: Value) -> Outcome {
        if let Some(n) = self.constant(a)
            && let Some(result) = fold::unary(op, self.func.ty(a), n)
        {
            return match op.result() {
                Kind::Is(_) => Outcome::Value(self.iconst(result)),
                Kind::IntOrBool => Outcome::Value(self.constant_like(a, result)),
            };
        }
        match (op, self.func.def(a)) {
            (UnaryOp::Neg, Some(Inst::Unary(UnaryOp::Neg, x))) => Outcome::Value(x),
            (UnaryOp::Neg, Some(Inst::Binary(BinaryOp::Sub, x, y))) => {
                Outcome::Inst(Inst::Binary(BinaryOp::Sub, y, x))
            }
            (UnaryOp::Not, Some(Inst::Unary(UnaryOp::Not, x))) => Outcome::Value(x),
            (UnaryOp::Not, Some(Inst::Icmp(cond, x, y))) => {
                Outcome::Inst(Inst::Icmp(cond.inverse(), x, y))
            }
            (UnaryOp::Bswap64, Some(Inst::Unary(UnaryOp::Bswap64, x))) => Outcome::Value(x),
            (UnaryOp::Bits2f, Some(Inst::Unary(UnaryOp::F2bits, x))) => Outcome::Value(x),
            (UnaryOp::F2bits, Some(Inst::Unary(UnaryOp::Bits2f, x))) => Outcome::Value(x),
            _ => self.float_unary(op, a),
        }
    }

    fn select(&mut self, c: Value, a: Value, b: Value) -> Outcome {
        match self.constant(c) {
            Some(0) => return Outcome::Value(b),
            Some(_) => return Outcome::Value(a),
            None if a == b => return Outcome::Value(a),
            None => {}
        }
        if let Some(Inst::Unary(UnaryOp::Not, x)) = self.func.def(c) {
            return Outcome::Inst(Inst::Select(x, b, a));
        }
        match (self.func.ty(a), self.constant(a), self.constant(b)) {
            (Type::Bool, Some(1), Some(0)) => Outcome::Value(c),
            (Type::Bool, Some(0), Some(1)) => Outcome::Inst(Inst::Unary(UnaryOp::Not, c)),
            (Type::Bool, Some(1), None) => Outcome::Inst(Inst::Binary(BinaryOp::Or, c, b)),
            (Type::Bool, None, Some(0)) => Outcome::Inst(Inst::Binary(BinaryOp::And, c, a)),
            (Type::I64, Some(1), Some(0)) => Outcome::Inst(Inst::Unary(UnaryOp::B2i, c)),
            (Type::I64, Some(0), Some(1)) => {
                let inverse = self.logical_not(c);
                Outcome::Inst(Inst::Unary(UnaryOp::B2i, inverse))
            }
            _ => Outcome::Keep,
        }
    }

    fn cast(&mut self, ty: Type, a: Value) -> Outcome {
        if self.func.ty(a) == ty {
            return Outcome::Value(a);
        }
        match self.func.def(a) {
            Some(Inst::Cast(_, x)) => Outcome::Inst(Inst::Cast(ty, x)),
            _ => Outcome::Keep,
        }
    }

    /// A constant of the type of another value, which is an integer or a boolean.
    pub(super) fn constant_like(&mut self, value: Value, n: i64) -> Value {
        if self.func.ty(value) == Type::Bool {
            self.bconst(n & 1 != 0)
        } else {
            self.iconst(n)
        }
    }
}
