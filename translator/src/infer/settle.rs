//! Exact arithmetic: which operations wrap, which are checked, which are errors.
//!
//! An operation is built with the range of its exact result. While that does not fit 64 bits the operation is *pending*: its user decides.
//! [`Body::wrap`] is for users that look at low bits only, [`Body::settle`] for all others.

use crate::base::Diagnostic;
use crate::typed::{Arithmetic, Expr, ExprKind, IntBinary, IntType, IntUnary, Range, Type};

use super::body::Body;
use super::scope::Purpose;
use super::{codes, range};

/// Whether low bits of the operation depend on low bits of its operands only.
fn is_transparent(op: IntBinary) -> bool {
    use IntBinary::{Add, And, Clear, Mul, Or, Shl, Sub, Xor};
    matches!(op, Add | Sub | Mul | And | Or | Xor | Clear | Shl)
}

/// One of two operands.
enum Operand {
    First,
    Second,
}

/// The operand that has no bit above the 64th, and the result therefore neither, whatever the other one has there.
fn masks(op: IntBinary, a: Range, b: Range) -> Option<Operand> {
    match op {
        IntBinary::And if a.within(range::UNSIGNED) => Some(Operand::First),
        IntBinary::And if b.within(range::UNSIGNED) => Some(Operand::Second),
        IntBinary::Clear if a.within(range::UNSIGNED) => Some(Operand::First),
        _ => None,
    }
}

/// Whether an expression is a conditional whose arms have not been given its type.
pub(super) fn is_open_choice(expr: &Expr) -> bool {
    match (&expr.kind, expr.ty) {
        (ExprKind::If(..), Type::Int(ty)) => !range_of(expr).within(ty.range()),
        _ => false,
    }
}

/// Whether an expression is a sum, a difference or a negation of which no 64-bit check is exact: its operands have no sign in common with each other or
/// with the result.
pub(super) fn shows_no_sign(expr: &Expr) -> bool {
    let operands = match &expr.kind {
        ExprKind::IntBinary(IntBinary::Add | IntBinary::Sub, Arithmetic::Exact, a, b) => {
            range::union(range_of(a), range_of(b))
        }
        ExprKind::IntUnary(IntUnary::Neg, Arithmetic::Exact, a) => range_of(a),
        _ => return false,
    };
    !range::fits(range_of(expr)) && !has_pending(expr) && check_sign(expr, operands, None).is_none()
}

/// Whether an operand is left that only truncation makes fit.
pub(super) fn has_pending(expr: &Expr) -> bool {
    let is_pending = |operand: &Expr| !range::fits(range_of(operand)) || has_pending(operand);
    match &expr.kind {
        ExprKind::IntBinary(op, Arithmetic::Exact, a, b) if is_transparent(*op) => {
            is_pending(a) || is_pending(b)
        }
        ExprKind::IntUnary(IntUnary::Neg | IntUnary::Invert, Arithmetic::Exact, a) => is_pending(a),
        _ => false,
    }
}

/// The exact range, of integers only.
pub(super) fn range_of(expr: &Expr) -> Range {
    expr.range.unwrap_or(range::SIGNED)
}

impl Body<'_, '_> {
    /// Makes an integer expression one of which only low bits are used.
    pub(super) fn wrap(&mut self, mut expr: Expr) -> Expr {
        self.wrap_in_place(&mut expr);
        expr
    }

    /// Whether the value may differ from the exact one, by a multiple of 2^64.
    fn wrap_in_place(&mut self, expr: &mut Expr) -> bool {
        let pending = !range::fits(range_of(expr));
        let lost = match &mut expr.kind {
            ExprKind::IntBinary(op, arithmetic, a, b) if is_transparent(*op) => {
                let masked = masks(*op, range_of(a), range_of(b));
                let a_lost = self.wrap_in_place(a);
                let b_lost = match op {
                    IntBinary::Shl => {
                        self.settle_in_place(b, None);
                        false
                    }
                    _ => self.wrap_in_place(b),
                };
                let lost = match masked {
                    Some(Operand::First) if !pending => a_lost,
                    Some(Operand::Second) if !pending => b_lost,
                    _ => pending || a_lost || b_lost,
                };
                if lost {
                    *arithmetic = Arithmetic::Wrapping;
                }
                lost
            }
            ExprKind::IntUnary(IntUnary::Neg | IntUnary::Invert, arithmetic, a) => {
                let lost = self.wrap_in_place(a) || pending;
                if lost {
                    *arithmetic = Arithmetic::Wrapping;
                }
                lost
            }
            // A constant beyond 64 bits keeps its value, of which the low bits are used.
            ExprKind::Int(_) if pending => true,
            ExprKind::If(_, a, b) if pending => {
                for arm in [a, b] {
                    let (taken, span) = (super::body::take(arm), arm.span);
                    **arm = self.truncate_to(taken, IntType::INT64, span);
                }
                true
            }
            ExprKind::Seq(all) if pending => match all.last_mut() {
                Some(last) => self.wrap_in_place(last),
                None => false,
            },
            _ => {
                self.settle_in_place(expr, None);
                return false;
            }
        };
        if lost {
            let unit = super::body::unit_of(expr.ty);
            expr.ty = Type::Int(IntType {
                unit,
                ..IntType::INT64
            });
            expr.range = Some(range::SIGNED);
        }
        lost
    }

    /// A conditional whose arms were left as they are, for want of a type that holds both.
    fn settle_choice(&mut self, expr: &mut Expr, target: Option<IntType>) {
        let (Type::Int(joined), all) = (expr.ty, range_of(expr)) else {
            return;
        };
        let ty = match target {
            Some(target) if !all.within(target.range()) && target.unit == joined.unit => target,
            _ if range::fits(all) => IntType {
                unit: joined.unit,
                ..range::home(all)
            },
            _ if self.is_mixed_choice(expr) => {
                self.report_mixed_choice(expr);
                *expr = super::body::poison(expr.span);
                return;
            }
            _ => joined,
        };
        if let ExprKind::If(_, a, b) = &mut expr.kind {
            for arm in [a, b] {
                let taken = super::body::take(arm);
                let settled = self.settle(taken, Some(ty));
                **arm = self.fit(settled, ty, Purpose::Arm, None);
            }
        }
        expr.ty = Type::Int(ty);
        expr.range = Some(range::intersect(all, ty.range()));
    }

    /// Makes an integer expression one whose exact value a register holds: proven, or checked.
    pub(super) fn settle(&mut self, mut expr: Expr, target: Option<IntType>) -> Expr {
        self.settle_in_place(&mut expr, target);
        expr
    }

    pub(super) fn settle_in_place(&mut self, expr: &mut Expr, target: Option<IntType>) {
        let Some(exact) = expr.range else {
            return;
        };
        let span = expr.span;
        if is_open_choice(expr) {
            return self.settle_choice(expr, target);
        }
        match &mut expr.kind {
            ExprKind::Seq(all) if !range::fits(exact) => {
                if let Some(last) = all.last_mut() {
                    self.settle_in_place(last, target);
                    (expr.ty, expr.range) = (last.ty, last.range);
                }
                return;
            }
            _ => {}
        }
        let operands = match &mut expr.kind {
            ExprKind::IntBinary(_, arithmetic, a, b) => {
                if *arithmetic != Arithmetic::Exact {
                    return;
                }
                self.settle_operand(a);
                self.settle_operand(b);
                Some(range::union(range_of(a), range_of(b)))
            }
            ExprKind::IntUnary(_, arithmetic, a) => {
                if *arithmetic != Arithmetic::Exact {
                    return;
                }
                self.settle_operand(a);
                Some(range_of(a))
            }
            _ => None,
        };
        let overflows_target = target.is_some_and(|target| target.signed && target.bits == 64)
            && !exact.within(range::SIGNED)
            && operands.is_some_and(|operands| operands.within(range::SIGNED))
            && matches!(&expr.kind, ExprKind::IntBinary(op, ..) if is_transparent(*op));
        if range::fits(exact) && !overflows_target {
            return;
        }
        let Some(operands) = operands else {
            // A constant beyond 64 bits.
            let error = Diagnostic::error(codes::RANGE, "this value needs more than 64 bits")
                .primary(span, "")
                .hint("truncate it, with asUInt64 for example");
            *expr = self.fail(error);
            return;
        };
        let Some(signed) = check_sign(expr, operands, target) else {
            self.mixed_signs(expr);
            return;
        };
        self.check(expr, signed);
    }

    /// Operands of an operation that is not truncated are results by themselves.
    pub(super) fn settle_operand(&mut self, operand: &mut Expr) {
        if range::fits(range_of(operand)) {
            self.settle_in_place(operand, None);
            return;
        }
        let span = operand.span;
        let exact = range_of(operand);
        let error = Diagnostic::error(
            codes::RANGE,
            "this intermediate result may need more than 64 bits",
        )
        .primary(span, format!("between {} and {}", describe(exact.lo), describe(exact.hi)))
        .hint("assign it to a local, which checks it, narrow the type of an operand, or truncate the whole with asUInt64");
        *operand = self.fail(error);
    }

    fn mixed_signs(&mut self, expr: &mut Expr) {
        let mut error = Diagnostic::error(
            codes::MIXED_SIGNS,
            "this result can be checked neither as a signed nor as an unsigned 64-bit integer",
        )
        .primary(expr.span, "");
        if let ExprKind::IntBinary(_, _, a, b) = &expr.kind {
            for operand in [a, b] {
                let exact = range_of(operand);
                let text = format!("between {} and {}", describe(exact.lo), describe(exact.hi));
                error = error.secondary(operand.span, text);
            }
        }
        let error = error.hint(
            "store it in a field or local of a known type, truncate it (asInt64, asUInt64), or convert an operand that is small",
        );
        *expr = self.fail(error);
    }

    fn check(&mut self, expr: &mut Expr, signed: bool) {
        let limits = if signed {
            range::SIGNED
        } else {
            range::UNSIGNED
        };
        let checked = Arithmetic::Checked { signed };
        match &mut expr.kind {
            ExprKind::IntBinary(_, arithmetic, _, _) | ExprKind::IntUnary(_, arithmetic, _) => {
                *arithmetic = checked;
            }
            _ => {}
        }
        let unit = super::body::unit_of(expr.ty);
        let home = if signed {
            IntType::INT64
        } else {
            IntType::UINT64
        };
        expr.ty = Type::Int(IntType { unit, ..home });
        expr.range = Some(range::intersect(range_of(expr), limits));
    }
}

/// Whether the overflow check of an operation is the signed one; `None` when neither check is exact.
fn check_sign(expr: &Expr, operands: Range, target: Option<IntType>) -> Option<bool> {
    let (signed, unsigned) = (
        operands.within(range::SIGNED),
        operands.within(range::UNSIGNED),
    );
    let wants_unsigned = target.is_some_and(|target| !target.signed);
    let is_sub = matches!(
        expr.kind,
        ExprKind::IntBinary(IntBinary::Sub, ..)
            | ExprKind::IntUnary(IntUnary::Neg | IntUnary::Invert, ..)
    );
    // A sum, difference or product is worked out in 128 bits where its operands have no sign in common: then the target says what it must fit.
    let is_wide = is_sub
        || matches!(
            expr.kind,
            ExprKind::IntBinary(IntBinary::Add | IntBinary::Mul, ..)
        );
    let wanted = target.filter(|_| is_wide).map(|target| target.signed);
    match (signed, unsigned) {
        (true, true) => Some(!wants_unsigned || range_of(expr).lo < 0),
        // Signed words can make one that only an unsigned one holds: the sum of two, the product of two negative ones, the least one negated.
        (true, false) => {
            let is_for_all = target.is_some_and(|target| !target.signed && target.bits == 64);
            Some(!(is_for_all && range_of(expr).hi > range::SIGNED.hi))
        }
        // A difference of unsigned words may be negative, which the unsigned check refuses: right only where that is wanted.
        (false, true) if is_sub && !wants_unsigned => wanted,
        (false, true) => Some(false),
        (false, false) => wanted,
    }
}

/// A bound as people write it.
fn describe(bound: i128) -> String {
    let size = bound.unsigned_abs();
    let sign = if bound < 0 { "-" } else { "" };
    for power in 31..=126u32 {
        let exact = 1u128 << power;
        if size == exact {
            return format!("{sign}2^{power}");
        }
        if size + 1 == exact {
            return match bound < 0 {
                true => format!("-(2^{power} - 1)"),
                false => format!("2^{power} - 1"),
            };
        }
    }
    if size >= 1 << 64 {
        let power = 127 - size.leading_zeros();
        return format!("about {sign}2^{power}");
    }
    bound.to_string()
}
