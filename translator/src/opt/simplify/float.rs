//! Floats: constants, and the few identities that hold for every float.

use crate::ir::{BinaryOp, FloatCond, Inst, Type, UnaryOp, Value, fold};
use crate::opt::values::{Outcome, Rewriter};

impl Rewriter<'_> {
    fn float_constant(&self, value: Value) -> Option<u64> {
        match self.func.def(value)? {
            Inst::Fconst(bits) => Some(bits),
            _ => None,
        }
    }

    pub(super) fn float_binary(&mut self, op: BinaryOp, a: Value, b: Value) -> Outcome {
        let (x, y) = (self.float_constant(a), self.float_constant(b));
        if let (Some(x), Some(y)) = (x, y)
            && let Some(bits) = fold::float_binary(op, x, y)
        {
            return Outcome::Value(self.emit(Inst::Fconst(bits), Type::F64));
        }
        if op.commutes() && y.is_none() && (x.is_some() || b < a) {
            return Outcome::Inst(Inst::Binary(op, b, a));
        }
        let one = 1f64.to_bits();
        match (op, y) {
            (BinaryOp::Fmul | BinaryOp::Fdiv, Some(bits)) if bits == one => Outcome::Value(a),
            (BinaryOp::Fmul, Some(bits)) if bits == 2f64.to_bits() => {
                Outcome::Inst(Inst::Binary(BinaryOp::Fadd, a, a))
            }
            // The reciprocal of a power of two is exact.
            (BinaryOp::Fdiv, Some(bits)) => match exact_reciprocal(bits) {
                Some(reciprocal) => {
                    let reciprocal = self.emit(Inst::Fconst(reciprocal), Type::F64);
                    Outcome::Inst(Inst::Binary(BinaryOp::Fmul, a, reciprocal))
                }
                None => Outcome::Keep,
            },
            _ => Outcome::Keep,
        }
    }

    pub(super) fn float_unary(&mut self, op: UnaryOp, a: Value) -> Outcome {
        if let Some(bits) = self.float_constant(a) {
            let x = f64::from_bits(bits);
            let folded = match op {
                UnaryOp::Fneg => Some(-x),
                UnaryOp::Fabs => Some(x.abs()),
                UnaryOp::Fsqrt if x >= 0.0 => Some(x.sqrt()),
                UnaryOp::Ftrunc if x.is_finite() => Some(x.trunc()),
                UnaryOp::Ffloor if x.is_finite() => Some(x.floor()),
                _ => None,
            };
            if let Some(result) = folded {
                return Outcome::Value(self.emit(Inst::Fconst(result.to_bits()), Type::F64));
            }
            if op == UnaryOp::F2bits {
                return Outcome::Value(self.iconst(bits.cast_signed()));
            }
        }
        match (op, self.constant(a)) {
            (UnaryOp::Bits2f, Some(n)) => {
                Outcome::Value(self.emit(Inst::Fconst(n.cast_unsigned()), Type::F64))
            }
            (UnaryOp::I2f, Some(n)) => {
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "the conversion rounds as the machine does"
                )]
                let bits = (n as f64).to_bits();
                Outcome::Value(self.emit(Inst::Fconst(bits), Type::F64))
            }
            (UnaryOp::U2f, None) if self.range(a).is_natural() => {
                Outcome::Inst(Inst::Unary(UnaryOp::I2f, a))
            }
            (UnaryOp::Fneg, _) => match self.func.def(a) {
                Some(Inst::Unary(UnaryOp::Fneg, x)) => Outcome::Value(x),
                _ => Outcome::Keep,
            },
            _ => Outcome::Keep,
        }
    }

    pub(super) fn float_comparison(&mut self, cond: FloatCond, a: Value, b: Value) -> Outcome {
        if let (Some(x), Some(y)) = (self.float_constant(a), self.float_constant(b)) {
            let holds = cond.holds(f64::from_bits(x), f64::from_bits(y));
            return Outcome::Value(self.bconst(holds));
        }
        Outcome::Keep
    }
}

fn exact_reciprocal(bits: u64) -> Option<u64> {
    let x = f64::from_bits(bits);
    let mantissa = bits & ((1 << 52) - 1);
    let reciprocal = 1.0 / x;
    (mantissa == 0 && x.is_normal() && reciprocal.is_normal()).then(|| reciprocal.to_bits())
}
