//! Floats. Single precision is computed in double precision and rounded once, which is exact for these operations.

use super::function::Lowering;
use crate::ir::{self, BinaryOp, FloatCond, UnaryOp, Value};
use crate::typed::{Comparison, Expr, ExprKind, FloatOp, Trap, Type};

/// Bounds of the floats that an `Int64` holds when truncated: at least the first, less than the second.
const INT64_BOUNDS: (f64, f64) = (-9_223_372_036_854_775_808.0, 9_223_372_036_854_775_808.0);

impl Lowering<'_> {
    pub(super) fn float_operation(&mut self, expr: &Expr) -> Option<Value> {
        match &expr.kind {
            ExprKind::FloatCompare(op, a, b) => {
                let (a, b) = (self.double(a)?, self.double(b)?);
                Some(self.b.fcmp(float_condition(*op), a, b))
            }
            ExprKind::FloatOperation(op, operands) => {
                let mut values = Vec::with_capacity(2);
                for operand in operands {
                    values.push(self.double(operand)?);
                }
                let result = self.float_op(*op, &values);
                Some(self.rounded(result, expr.ty))
            }
            ExprKind::ToFloat(value) if matches!(value.ty, Type::Int(_)) => {
                let value = self.int(value)?;
                let op = if value.range.is_signed() {
                    UnaryOp::I2f
                } else {
                    UnaryOp::U2f
                };
                let float = self.b.unary(op, value.value);
                Some(self.rounded(float, expr.ty))
            }
            ExprKind::ToFloat(value) if value.ty == expr.ty => self.expr(value),
            ExprKind::ToFloat(value) => {
                let double = self.double(value)?;
                Some(self.rounded(double, expr.ty))
            }
            ExprKind::Truncated(value) => {
                let value = self.double(value)?;
                let (low, high) = (self.b.fconst(INT64_BOUNDS.0), self.b.fconst(INT64_BOUNDS.1));
                let above = self.b.fcmp(FloatCond::Ge, value, low);
                let below = self.b.fcmp(FloatCond::Lt, value, high);
                let fits = self.b.binary(BinaryOp::And, above, below);
                let outside = self.b.unary(UnaryOp::Not, fits);
                self.trap_if(outside, Trap::FloatRange);
                Some(self.b.unary(UnaryOp::F2i, value))
            }
            other => unreachable!("{other:?} is no float operation"),
        }
    }

    /// A float in double precision.
    fn double(&mut self, expr: &Expr) -> Option<Value> {
        let value = self.expr(expr)?;
        Some(if self.b.ty(value) == ir::Type::F32 {
            self.b.unary(UnaryOp::F32to64, value)
        } else {
            value
        })
    }

    fn rounded(&mut self, value: Value, ty: Type) -> Value {
        if ty == Type::Float32 {
            self.b.unary(UnaryOp::F64to32, value)
        } else {
            value
        }
    }

    fn float_op(&mut self, op: FloatOp, operands: &[Value]) -> Value {
        let a = operands[0];
        match op {
            FloatOp::Add => self.b.binary(BinaryOp::Fadd, a, operands[1]),
            FloatOp::Sub => self.b.binary(BinaryOp::Fsub, a, operands[1]),
            FloatOp::Mul => self.b.binary(BinaryOp::Fmul, a, operands[1]),
            FloatOp::Div => self.b.binary(BinaryOp::Fdiv, a, operands[1]),
            FloatOp::Neg => self.b.unary(UnaryOp::Fneg, a),
            FloatOp::Abs => self.b.unary(UnaryOp::Fabs, a),
            FloatOp::Sqrt => self.b.unary(UnaryOp::Fsqrt, a),
            FloatOp::Floor => self.b.unary(UnaryOp::Ffloor, a),
        }
    }
}

fn float_condition(op: Comparison) -> FloatCond {
    match op {
        Comparison::Eq => FloatCond::Eq,
        Comparison::Ne => FloatCond::Ne,
        Comparison::Lt => FloatCond::Lt,
        Comparison::Le => FloatCond::Le,
        Comparison::Gt => FloatCond::Gt,
        Comparison::Ge => FloatCond::Ge,
    }
}
