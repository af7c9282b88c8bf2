//! Comparisons of values that need more than 64 bits: sums and differences of operands with no sign in common, and conditionals with such arms.
//!
//! Such a value has a lower half, its low 64 bits, and an upper half, from -2 to 1. Upper halves decide, lower ones where these are equal.

use crate::base::Span;
use crate::typed::{Comparison, Expr, ExprKind, IntBinary, IntType, IntUnary, Range, Type};

use super::body::{Body, constant, integer, nothing, plain, poison, sequence};
use super::range;
use super::scope::Purpose;
use super::settle::{range_of, shows_no_sign};

/// A value in halves, in locals that statements before have set.
struct Halves {
    sets: Vec<Expr>,
    high: Expr,
    low: Expr,
}

impl Body<'_, '_> {
    /// Whether an operand of a comparison is compared in halves: neither a signed nor an unsigned register holds it.
    pub(super) fn is_wide(&mut self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::If(_, a, b) => {
                !range::fits(range_of(expr))
                    && (self.is_mixed_choice(expr) || self.is_wide(a) || self.is_wide(b))
            }
            _ => shows_no_sign(expr),
        }
    }

    /// The comparison of two values of which at least one is wide.
    pub(super) fn compare_halves(
        &mut self,
        comparison: Comparison,
        a: Expr,
        b: Expr,
        span: Span,
    ) -> Expr {
        let (first, second) = (self.halves(a), self.halves(b));
        let (Some(first), Some(second)) = (first, second) else {
            return poison(span);
        };
        let same = self.compare(
            Comparison::Eq,
            first.high.clone(),
            second.high.clone(),
            span,
        );
        let by_low = self.compare(comparison, first.low, second.low, span);
        let by_high = self.compare(comparison, first.high, second.high, span);
        let kind = ExprKind::If(Box::new(same), Box::new(by_low), Box::new(by_high));
        let mut all = first.sets;
        all.extend(second.sets);
        all.push(plain(kind, Type::Boolean, span));
        sequence(all, span)
    }

    fn halves(&mut self, expr: Expr) -> Option<Halves> {
        let span = expr.span;
        if !self.is_wide(&expr) {
            let value = self.settle(expr, None);
            if value.ty == Type::Never {
                return None;
            }
            let (set, value) = self.keep(value, "value", span);
            let low = self.truncate_to(value.clone(), IntType::UINT64, span);
            let high = self.sign(value, span);
            return self.kept(vec![set], high, low, span);
        }
        match expr.kind {
            ExprKind::If(condition, a, b) => {
                let (a, b) = (self.halves(*a)?, self.halves(*b)?);
                Some(self.choose(*condition, a, b, span))
            }
            ExprKind::IntUnary(IntUnary::Neg, _, a) => {
                self.sum_in_halves(IntBinary::Sub, constant(0, span), *a, span)
            }
            ExprKind::IntBinary(op, _, a, b) => self.sum_in_halves(op, *a, *b, span),
            _ => None,
        }
    }

    /// The halves of a sum or a difference.
    fn sum_in_halves(&mut self, op: IntBinary, a: Expr, b: Expr, span: Span) -> Option<Halves> {
        let (a_span, b_span) = (a.span, b.span);
        let (a, b) = (self.settle(a, None), self.settle(b, None));
        if a.ty == Type::Never || b.ty == Type::Never {
            return None;
        }
        let (set_a, a) = self.keep(a, "left", a_span);
        let (set_b, b) = self.keep(b, "right", b_span);
        let exact = self.operate(op, a.clone(), b.clone(), None, span);
        let low = self.truncate_to(exact, IntType::UINT64, span);
        let (set_low, low) = self.keep(low, "low", span);
        let a_low = self.truncate_to(a.clone(), IntType::UINT64, span);
        // A sum has a carry if it is below an operand, a difference borrows if its operands are in order.
        let carry = match op {
            IntBinary::Add => self.compare(Comparison::Lt, low.clone(), a_low, span),
            _ => {
                let b_low = self.truncate_to(b.clone(), IntType::UINT64, span);
                self.compare(Comparison::Lt, a_low, b_low, span)
            }
        };
        let carry = self.pick(carry, 1, span);
        let (a, b) = (self.sign(a, span), self.sign(b, span));
        let signs = self.operate(op, a, b, None, span);
        let high = self.operate(op, signs, carry, None, span);
        self.kept(vec![set_a, set_b, set_low], high, low, span)
    }

    /// The halves of one of two values.
    fn choose(&mut self, condition: Expr, a: Halves, b: Halves, span: Span) -> Halves {
        let (small, word) = (Type::Int(IntType::INT64), Type::Int(IntType::UINT64));
        let high = self.declare_typed("high", span, small);
        let low = self.declare_typed("low", span, word);
        let highs = range::union(range_of(&a.high), range_of(&b.high));
        let arm = |mut half: Halves| {
            let set = |local, value: Expr, ty| Expr {
                range: value.range,
                kind: ExprKind::SetLocal(local, Box::new(value)),
                ty,
                span,
            };
            half.sets.push(set(high, half.high, small));
            half.sets.push(set(low, half.low, word));
            half.sets.push(nothing(span));
            Box::new(plain(ExprKind::Seq(half.sets), Type::Void, span))
        };
        let kind = ExprKind::If(Box::new(condition), arm(a), arm(b));
        self.env.assign(high, Some(highs));
        self.env.assign(low, Some(range::UNSIGNED));
        Halves {
            sets: vec![plain(kind, Type::Void, span)],
            high: self.read_local(high, span),
            low: self.read_local(low, span),
        }
    }

    fn kept(&mut self, mut sets: Vec<Expr>, high: Expr, low: Expr, span: Span) -> Option<Halves> {
        let high = self.fit(high, IntType::INT64, Purpose::Operand, None);
        let (set_high, high) = self.keep(high, "high", span);
        sets.push(set_high);
        Some(Halves { sets, high, low })
    }

    /// The upper half of a value that a register holds.
    fn sign(&mut self, value: Expr, span: Span) -> Expr {
        if range_of(&value).lo >= 0 {
            return constant(0, span);
        }
        let negative = self.compare(Comparison::Lt, value, constant(0, span), span);
        self.pick(negative, -1, span)
    }

    /// A number if a condition holds, else 0.
    fn pick(&mut self, condition: Expr, number: i128, span: Span) -> Expr {
        let mut arm = |value| {
            let value = constant(value, span);
            Box::new(self.fit(value, IntType::INT64, Purpose::Arm, None))
        };
        let kind = ExprKind::If(Box::new(condition), arm(number), arm(0));
        let all = Range {
            lo: number.min(0),
            hi: number.max(0),
        };
        integer(kind, IntType::INT64, all, span)
    }
}
