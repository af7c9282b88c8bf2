//! `ifOverflow:`: an operation and what happens when its result leaves signed 64 bits.

use crate::base::{Diagnostic, Span};
use crate::syntax::ast::{self, ExprId, Send};
use crate::typed::{Expr, ExprKind, IntBinary, IntType, Type};

use super::body::{Body, constant, integer, never, poison, unit_of};
use super::numbers::result_range;
use super::scope::{Purpose, Want};
use super::settle::range_of;
use super::{codes, range};

impl<'w> Body<'_, 'w> {
    /// `(a + b) ifOverflow: [ … ]`, also of a difference, a product and a negation.
    pub(super) fn overflow_form(&mut self, send: &'w Send, span: Span) -> Option<Expr> {
        if self.text(send.selector) != "ifOverflow:" {
            return None;
        }
        let receiver = self.node(send.receiver);
        let operation = match &receiver.kind {
            ast::ExprKind::Send(inner) => match self.text(inner.selector) {
                "+" => Some((inner, IntBinary::Add)),
                "-" => Some((inner, IntBinary::Sub)),
                "*" => Some((inner, IntBinary::Mul)),
                "negated" => Some((inner, IntBinary::Sub)),
                _ => None,
            },
            _ => None,
        };
        let Some((inner, op)) = operation else {
            let error = Diagnostic::error(
                codes::NOT_UNDERSTOOD,
                "ifOverflow: is sent to a sum, difference, product or negation",
            );
            let error = error.primary(receiver.span, "");
            return Some(self.fail(error.hint("write (a + b) ifOverflow: [ … ]")));
        };
        let first = self.value(inner.receiver);
        let (a, b) = match inner.arguments.first() {
            Some(&argument) => (first, self.integer_argument(argument, inner)?),
            None => (constant(0, receiver.span), first),
        };
        Some(self.if_overflow(op, a, b, send.arguments[0], span))
    }

    fn if_overflow(&mut self, op: IntBinary, a: Expr, b: Expr, arm: ExprId, span: Span) -> Expr {
        let scaled = op == IntBinary::Mul && unit_of(a.ty) != unit_of(b.ty);
        let (a, b) = if scaled {
            (a, b)
        } else {
            match self.same_unit(a, b) {
                Some(pair) => pair,
                None => return poison(span),
            }
        };
        let unit = unit_of(a.ty).or(unit_of(b.ty));
        let signed = IntType::INT64;
        let (a, b) = (self.settle(a, None), self.settle(b, None));
        if a.ty == Type::Never || b.ty == Type::Never {
            return never([a, b], span);
        }
        for operand in [&a, &b] {
            if !matches!(operand.ty, Type::Int(_)) {
                return self.expect_integer(operand);
            }
        }
        let fallback_env = self.env.clone();
        let fallback = self.arm(arm, Want::Value);
        let after = std::mem::replace(&mut self.env, fallback_env);
        self.env = std::mem::replace(&mut self.env, super::flow::Env::new()).join(after);
        let wide = IntType { unit, ..signed };
        let fallback = self.coerce_expr(fallback, Type::Int(wide), Purpose::Arm, None);
        if !range::union(range_of(&a), range_of(&b)).within(range::SIGNED) {
            let error = Diagnostic::error(
                codes::MIXED_SIGNS,
                "ifOverflow: is of signed 64-bit integers, and an operand may exceed them",
            );
            return self.fail(
                error
                    .primary(span, "")
                    .secondary(a.span, self.type_name(a.ty))
                    .secondary(b.span, self.type_name(b.ty))
                    .hint("asInt64 takes the pattern as signed"),
            );
        }
        let exact = range::intersect(result_range(op, range_of(&a), range_of(&b)), range::SIGNED);
        let all = match fallback.range {
            Some(other) => range::union(exact, other),
            None => exact,
        };
        let kind = ExprKind::IfOverflow(op, Box::new(a), Box::new(b), Box::new(fallback));
        integer(kind, wide, all, span)
    }

    fn expect_integer(&mut self, operand: &Expr) -> Expr {
        let message = format!("{} is no integer", self.type_name(operand.ty));
        let hint = self
            .conversion_hint(operand.ty, Type::Int(IntType::INT64))
            .unwrap_or_else(|| "ifOverflow: is of integers".to_owned());
        let error = Diagnostic::error(codes::MISMATCH, message).primary(operand.span, "");
        self.fail(error.hint(hint))
    }
}
