//! Conversions, reinterpretations and comparisons.

use super::function::{Int, Lowering};
use crate::ir::{self, BinaryOp, IntCond, UnaryOp, Value};
use crate::typed::{Comparison, Conversion, Expr, IntType, Range, Trap, Type};

impl Lowering<'_> {
    pub(super) fn convert(
        &mut self,
        conversion: Conversion,
        value: &Expr,
        ty: IntType,
    ) -> Option<Value> {
        let value = self.int(value)?;
        Some(match conversion {
            Conversion::Proven => value.value,
            Conversion::Truncate if value.range.within(ty.range()) => value.value,
            Conversion::Truncate => self.truncate(value.value, ty),
            Conversion::Check => {
                self.check_range(value, ty.range());
                value.value
            }
        })
    }

    /// The low bits as a value of the type.
    pub(super) fn truncate(&mut self, value: Value, ty: IntType) -> Value {
        if ty.signed {
            self.b.sext(ty.bits, value)
        } else {
            self.b.zext(ty.bits, value)
        }
    }

    /// Traps unless the value lies in the range of a type.
    fn check_range(&mut self, a: Int, ty: Range) {
        if a.range.within(ty) {
            return;
        }
        let outside = if ty.is_natural() {
            if ty.hi > i64::MAX.into() {
                // Into 64 unsigned bits: only the sign can be wrong.
                let zero = self.b.iconst(0);
                self.b.icmp(IntCond::Slt, a.value, zero)
            } else {
                // A negative value is a huge pattern.
                let limit = self.b.iconst(ty.hi as i64);
                self.b.icmp(IntCond::Ugt, a.value, limit)
            }
        } else if a.range.is_natural() {
            let limit = self.b.iconst(ty.hi as i64);
            self.b.icmp(IntCond::Ugt, a.value, limit)
        } else {
            let bits = 128 - ty.hi.leading_zeros() + 1;
            let kept = self.b.sext(bits as u8, a.value);
            self.b.icmp(IntCond::Ne, kept, a.value)
        };
        self.trap_if(outside, Trap::Conversion);
    }

    /// An exact comparison.
    pub(super) fn compare(&mut self, op: Comparison, a: Int, b: Int) -> Value {
        let signed = a.range.is_signed() && b.range.is_signed();
        let natural = a.range.is_natural() && b.range.is_natural();
        if signed || natural {
            return self.b.icmp(condition(op, signed), a.value, b.value);
        }
        if a.range.is_natural() {
            return self.compare_mixed(op, a, b);
        }
        self.compare_mixed(swapped(op), b, a)
    }

    /// Compares a value that may exceed the signed integers with one that may be negative, which is then the lesser.
    fn compare_mixed(&mut self, op: Comparison, natural: Int, signed: Int) -> Value {
        let zero = self.b.iconst(0);
        let negative = self.b.icmp(IntCond::Slt, signed.value, zero);
        let result = self
            .b
            .icmp(condition(op, false), natural.value, signed.value);
        if matches!(op, Comparison::Ne | Comparison::Gt | Comparison::Ge) {
            self.b.binary(BinaryOp::Or, negative, result)
        } else {
            let not_negative = self.b.unary(UnaryOp::Not, negative);
            self.b.binary(BinaryOp::And, not_negative, result)
        }
    }

    /// Identity of words, references and Booleans; order of addresses.
    pub(super) fn compare_words(&mut self, op: Comparison, a: &Expr, b: &Expr) -> Option<Value> {
        let a = self.expr(a)?;
        let b = self.expr(b)?;
        let ordered = !matches!(op, Comparison::Eq | Comparison::Ne);
        let ty = match self.b.ty(a) {
            ir::Type::Oop if ordered => ir::Type::Ptr,
            ty => ty,
        };
        let (a, b) = (self.coerce(a, ty), self.coerce(b, ty));
        Some(self.b.icmp(condition(op, false), a, b))
    }

    /// The same bits as another type.
    pub(super) fn reinterpret(&mut self, value: &Expr, ty: Type) -> Option<Value> {
        let from = value.ty;
        let range = super::function::range_of(value);
        let wanted = self.shared.value_type(ty);
        let bits = self.expr(value)?;
        let wanted = wanted?;
        match (self.b.ty(bits), wanted) {
            (ir::Type::F64, ir::Type::F64)
            | (ir::Type::F32, ir::Type::F32)
            | (ir::Type::Bool, ir::Type::Bool) => Some(bits),
            (ir::Type::F64, _) => {
                let bits = self.b.unary(UnaryOp::F2bits, bits);
                Some(self.coerce(bits, wanted))
            }
            (_, ir::Type::F64) => {
                let bits = self.coerce(bits, ir::Type::I64);
                Some(self.b.unary(UnaryOp::Bits2f, bits))
            }
            (ir::Type::F32, _) | (_, ir::Type::F32) => self.refuse("the bit pattern of a Float32"),
            _ => {
                let bits = self.coerce(bits, ir::Type::I64);
                let target = self.int_of(ty);
                let source = if matches!(from, Type::Int(_)) {
                    range
                } else {
                    self.int_of(from).range()
                };
                let bits = if source.within(target.range()) {
                    bits
                } else {
                    self.truncate(bits, target)
                };
                Some(self.coerce(bits, wanted))
            }
        }
    }

    /// The integer type whose patterns the values of a type are.
    fn int_of(&self, ty: Type) -> IntType {
        match ty {
            Type::Int(int) => int,
            Type::Word(class) => self.shared.word(class),
            _ => IntType::UINT64,
        }
    }
}

fn condition(op: Comparison, signed: bool) -> IntCond {
    match (op, signed) {
        (Comparison::Eq, _) => IntCond::Eq,
        (Comparison::Ne, _) => IntCond::Ne,
        (Comparison::Lt, true) => IntCond::Slt,
        (Comparison::Le, true) => IntCond::Sle,
        (Comparison::Gt, true) => IntCond::Sgt,
        (Comparison::Ge, true) => IntCond::Sge,
        (Comparison::Lt, false) => IntCond::Ult,
        (Comparison::Le, false) => IntCond::Ule,
        (Comparison::Gt, false) => IntCond::Ugt,
        (Comparison::Ge, false) => IntCond::Uge,
    }
}

fn swapped(op: Comparison) -> Comparison {
    match op {
        Comparison::Eq | Comparison::Ne => op,
        Comparison::Lt => Comparison::Gt,
        Comparison::Le => Comparison::Ge,
        Comparison::Gt => Comparison::Lt,
        Comparison::Ge => Comparison::Le,
    }
}
