//! Messages to integers without arguments, and those that look at 64-bit patterns.

use crate::base::Span;
use crate::syntax::ast::{ExprId, Send};
use crate::typed::{
    Arithmetic, ClassId, Comparison, Expr, ExprKind, IntBinary, IntType, IntUnary, Range, Type,
};

use super::body::{Body, constant, integer, never, plain, unit_of};
use super::builtin::retype;
use super::numbers::with_unit;
use super::range;
use super::scope::Purpose;
use super::settle::range_of;

/// The values 0 to 64.
const COUNT: Range = Range { lo: 0, hi: 64 };

impl<'w> Body<'_, 'w> {
    pub(super) fn integer_unary(
        &mut self,
        receiver: Expr,
        selector: &str,
        send: &'w Send,
        span: Span,
    ) -> Option<Expr> {
        if let Some(target) = selector
            .strip_prefix("as")
            .and_then(crate::resolve::integer_type)
        {
            return Some(self.truncate_to(receiver, target, span));
        }
        let unit = unit_of(receiver.ty);
        let zero = || constant(0, span);
        Some(match selector {
            "negated" | "abs" | "bitInvert" => self.sign_operation(receiver, selector, unit, span),
            "asInteger" => {
                let value = self.settle(receiver, None);
                match value.ty {
                    Type::Int(ty) if unit.is_some() => {
                        retype(value, Type::Int(IntType { unit: None, ..ty }), span)
                    }
                    _ => value,
                }
            }
            "bits" if unit.is_some() => {
                self.raw_conversion("bits", send.selector_span());
                self.bits_of(receiver, span)
            }
            "asFloat64" | "asFloat32" => {
                let value = self.settle(receiver, None);
                if value.ty == Type::Never {
                    return Some(value);
                }
                let ty = if selector == "asFloat64" {
                    Type::Float64
                } else {
                    Type::Float32
                };
                plain(ExprKind::ToFloat(Box::new(value)), ty, span)
            }
            "isZero" => self.compare(Comparison::Eq, receiver, zero(), span),
            "asBoolean" => self.compare(Comparison::Ne, receiver, zero(), span),
            "even" | "odd" => {
                let one = constant(1, span);
                let mut one = one;
                if let Some(unit) = unit.and_then(|unit| self.unit_type(unit)) {
                    self.adapt(&mut one, unit);
                }
                let low = self.operate(IntBinary::And, receiver, one, unit, span);
                let wanted = constant(i128::from(selector == "odd"), span);
                self.compare(Comparison::Eq, low, wanted, span)
            }
            "isPowerOfTwo" => self.is_power_of_two(receiver, span),
            _ => return self.bit_unary(receiver, selector, span),
        })
    }

    fn sign_operation(
        &mut self,
        value: Expr,
        selector: &str,
        unit: Option<ClassId>,
        span: Span,
    ) -> Expr {
        if value.ty == Type::Never {
            return value;
        }
        if let ExprKind::Int(known) = value.kind {
            let result = match selector {
                "negated" => -known,
                "abs" => known.abs(),
                _ => !known,
            };
            return with_unit(constant(result, span), unit);
        }
        let (op, value) = match selector {
            "negated" => (IntUnary::Neg, value),
            "abs" => (IntUnary::Abs, self.settle(value, None)),
            _ => (IntUnary::Invert, value),
        };
        if value.ty == Type::Never {
            return value;
        }
        let from = range_of(&value);
        let exact = match op {
            IntUnary::Neg => range::sub(Range::exactly(0), from),
            IntUnary::Abs if from.lo >= 0 => return value,
            IntUnary::Abs => Range {
                lo: if from.hi < 0 { -from.hi } else { 0 },
                hi: from.hi.max(-from.lo),
            },
            _ => range::invert(from),
        };
        let kind = ExprKind::IntUnary(op, Arithmetic::Exact, Box::new(value));
        with_unit(integer(kind, range::home(exact), exact, span), unit)
    }

    /// One bit only: not zero, and no bit in common with the predecessor.
    fn is_power_of_two(&mut self, receiver: Expr, span: Span) -> Expr {
        let value = self.settle(receiver, None);
        if value.ty == Type::Never {
            return value;
        }
        let (set, value) = self.keep(value, "number", span);
        let pattern = self.truncate_to(value.clone(), IntType::UINT64, span);
        let count = integer(
            ExprKind::IntUnary(IntUnary::BitCount, Arithmetic::Exact, Box::new(pattern)),
            IntType::INT64,
            COUNT,
            span,
        );
        let one = self.compare(Comparison::Eq, count, constant(1, span), span);
        let positive = self.compare(Comparison::Gt, value, constant(0, span), span);
        let both = ExprKind::And(Box::new(positive), Box::new(one));
        super::body::sequence(vec![set, plain(both, Type::Boolean, span)], span)
    }

    /// Operations on 64-bit patterns.
    fn bit_unary(&mut self, receiver: Expr, selector: &str, span: Span) -> Option<Expr> {
        let (op, result) = match selector {
            "highBit" => (IntUnary::HighBit, COUNT),
            "lowBit" => (IntUnary::LowBit, COUNT),
            "bitCount" => (IntUnary::BitCount, COUNT),
            "trailingZeros" => (IntUnary::TrailingZeros, COUNT),
            "leadingZeros" => (IntUnary::LeadingZeros, COUNT),
            "byteSwap16" => (IntUnary::ByteSwap16, Range { lo: 0, hi: 0xFFFF }),
            "byteSwap32" => (
                IntUnary::ByteSwap32,
                Range {
                    lo: 0,
                    hi: 0xFFFF_FFFF,
                },
            ),
            "byteSwap64" => (IntUnary::ByteSwap64, range::UNSIGNED),
            _ => return None,
        };
        let bits = match op {
            IntUnary::ByteSwap16 => 16,
            IntUnary::ByteSwap32 => 32,
            _ => 64,
        };
        let pattern = IntType {
            signed: false,
            bits,
            unit: None,
        };
        let value = if matches!(op, IntUnary::HighBit | IntUnary::LowBit) {
            self.not_negative(receiver, selector)
        } else {
            self.truncate_to(receiver, pattern, span)
        };
        if value.ty == Type::Never {
            return Some(value);
        }
        let kind = ExprKind::IntUnary(op, Arithmetic::Exact, Box::new(value));
        Some(integer(kind, range::home(result), result, span))
    }

    /// The position of a bit is asked of values that are not negative; others trap.
    fn not_negative(&mut self, receiver: Expr, selector: &str) -> Expr {
        let span = receiver.span;
        let value = self.settle(receiver, None);
        match value.ty {
            Type::Int(_) => {
                let purpose = match self.inf.interner.lookup(selector) {
                    Some(selector) => Purpose::Receiver(selector),
                    None => Purpose::Operand,
                };
                let bare = match unit_of(value.ty) {
                    Some(_) => {
                        let ty = range::home(range_of(&value));
                        retype(value, Type::Int(ty), span)
                    }
                    None => value,
                };
                self.fit(bare, IntType::UINT64, purpose, None)
            }
            _ => value,
        }
    }

    /// `rotateLeft:`, `rotateRight:`, `multiplyHighUnsigned:`.
    pub(super) fn pattern_binary(
        &mut self,
        receiver: Expr,
        selector: &str,
        send: &'w Send,
        argument: ExprId,
        span: Span,
    ) -> Option<Expr> {
        let receiver = self.coerce_expr(
            receiver,
            Type::Int(IntType::UINT64),
            Purpose::Receiver(send.selector),
            None,
        );
        let purpose = Purpose::Argument(0, send.selector);
        let (op, argument) = match selector {
            "multiplyHighUnsigned:" => {
                let ty = Type::Int(IntType::UINT64);
                (
                    IntBinary::MulHighUnsigned,
                    self.value_as(argument, ty, purpose, None),
                )
            }
            _ => {
                let op = if selector == "rotateLeft:" {
                    IntBinary::RotateLeft
                } else {
                    IntBinary::RotateRight
                };
                let count = self.integer_argument(argument, send)?;
                (op, self.settle(count, None))
            }
        };
        if receiver.ty == Type::Never || argument.ty == Type::Never {
            return Some(never([receiver, argument], span));
        }
        let kind = ExprKind::IntBinary(
            op,
            Arithmetic::Exact,
            Box::new(receiver),
            Box::new(argument),
        );
        Some(integer(kind, IntType::UINT64, range::UNSIGNED, span))
    }
}
