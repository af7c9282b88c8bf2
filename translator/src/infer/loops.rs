//! Loops that count.

use crate::base::{Diagnostic, Span};
use crate::syntax::ast::{self, ExprId, Send};
use crate::typed::{
    Arithmetic, Comparison, Expr, ExprKind, IntBinary, IntType, LocalId, Range, Type,
};

use super::body::{Body, integer, never, nothing, plain, poison, sequence};
use super::flow::Env;
use super::scope::{Binding, ClosureId, Purpose, Want};
use super::settle::range_of;
use super::{codes, range};

impl<'w> Body<'_, 'w> {
    /// `from to: limit by: step do: [ :i | … ]`.
    pub(super) fn counting_loop(&mut self, from: Expr, send: &'w Send, span: Span) -> Expr {
        let limit = self.value(send.arguments[0]);
        let (step, body) = match send.arguments[..] {
            [_, step, body] => (self.loop_step(step), body),
            [_, body] => (Some(1), body),
            _ => return poison(span),
        };
        let (Some(step), Some(closure)) = (step, self.block_of(body)) else {
            return poison(span);
        };
        if step > 0 && is_unsigned_difference(&from, &limit) {
            return self.loop_to_difference(from, limit, (step, body, closure), send, span);
        }
        self.loop_between(from, limit, (step, body, closure), send, span)
    }

    /// A loop up to the difference of two unsigned words: none of it runs where that is negative, and else it is an unsigned word.
    fn loop_to_difference(
        &mut self,
        from: Expr,
        limit: Expr,
        steps: (i128, ExprId, ClosureId),
        send: &'w Send,
        span: Span,
    ) -> Expr {
        let place = limit.span;
        let ExprKind::IntBinary(_, _, a, b) = limit.kind else {
            return poison(span);
        };
        let (from, a, b) = (
            self.settle(from, None),
            self.settle(*a, None),
            self.settle(*b, None),
        );
        let (set_from, from) = self.keep(from, "first", place);
        let (set_a, a) = self.keep(a, "minuend", place);
        let (set_b, b) = self.keep(b, "subtrahend", place);
        let runs = self.compare(Comparison::Ge, a.clone(), b.clone(), place);
        let difference = self.operate(IntBinary::Sub, a, b, None, place);
        let limit = self.truncate_to(difference, IntType::UINT64, place);
        let all = self.loop_between(from, limit, steps, send, span);
        let kind = ExprKind::If(Box::new(runs), Box::new(all), Box::new(nothing(span)));
        let guarded = plain(kind, Type::Void, span);
        sequence(vec![set_from, set_a, set_b, guarded], span)
    }

    fn loop_between(
        &mut self,
        from: Expr,
        limit: Expr,
        (step, body, closure): (i128, ExprId, ClosureId),
        send: &'w Send,
        span: Span,
    ) -> Expr {
        let block = self.closures[closure].block;
        let [param] = block.params[..] else {
            return self.activate(
                closure,
                vec![from],
                send.selector_span(),
                span,
                Want::Effect,
            );
        };
        let (from, limit, ty) = match self.loop_bounds(from, limit, span) {
            Ok(bounds) => bounds,
            Err(evaluated) => return *evaluated,
        };
        let (first, last) = (range_of(&from), range_of(&limit));
        let values = if step > 0 {
            Range {
                lo: first.lo,
                hi: last.hi.max(first.lo),
            }
        } else {
            Range {
                lo: last.lo.min(first.hi),
                hi: first.hi,
            }
        };
        let values = range::intersect(values, ty.range());
        let place = self.node(body).span;
        let mut assigned = Vec::new();
        self.assigned_in(body, self.scope, &mut assigned);
        let entry = self.enter_loop(place, &assigned);
        let before = self.env.clone();
        let variable = (param, ty, values);
        let (variable, code) = self.loop_body(closure, variable, place);
        self.close_loop(place, &entry);
        let after = std::mem::replace(&mut self.env, Env::new());
        self.env = before.join(after);
        let kind = ExprKind::For {
            variable,
            from: Box::new(from),
            to: Box::new(limit),
            step,
            body: Box::new(code),
        };
        plain(kind, Type::Void, span)
    }

    /// The body of a counting loop, in a scope with the loop variable.
    fn loop_body(
        &mut self,
        closure: ClosureId,
        (param, ty, values): (ast::Name, IntType, Range),
        place: Span,
    ) -> (LocalId, Expr) {
        let block = self.closures[closure];
        let outer = self.scope;
        let home = self.scopes[block.scope].home;
        let path = self.memory.path(self.path(), place);
        self.open_scope(Some(block.scope), home, path);
        let variable = self.declare_typed(self.text(param.name), param.span, Type::Int(ty));
        self.env.assign(variable, Some(values));
        self.bind(param.name, Binding::Fixed(variable));
        self.declare_temps(&block.block.temps);
        let code = self.statements(&block.block.statements, Want::Effect, block.span);
        self.scope = outer;
        (variable, code)
    }

    /// The step of a loop: a constant other than zero.
    fn loop_step(&mut self, step: ExprId) -> Option<i128> {
        let step = self.value(step);
        match step.kind {
            ExprKind::Int(value) if value != 0 => Some(value),
            ExprKind::Nothing => None,
            _ => {
                let error = Diagnostic::error(
                    codes::NOT_CONSTANT,
                    "the step of a loop is a constant other than zero",
                );
                self.report(
                    error
                        .primary(step.span, "")
                        .hint("for another step write whileTrue:"),
                );
                None
            }
        }
    }

    /// Bounds of one unit and the type of the loop variable; or what is evaluated instead, if one of them leaves or is faulty.
    fn loop_bounds(
        &mut self,
        from: Expr,
        limit: Expr,
        span: Span,
    ) -> Result<(Expr, Expr, IntType), Box<Expr>> {
        let units = self.same_unit(from, limit);
        let (mut from, mut limit) = units.ok_or_else(|| Box::new(poison(span)))?;
        let unit = super::body::unit_of(limit.ty);
        let shares = (self.typed_share(&from), self.typed_share(&limit));
        from = self.settle(from, None);
        limit = self.settle(limit, None);
        if from.ty == Type::Never || limit.ty == Type::Never {
            return Err(Box::new(never([from, limit], span)));
        }
        let ty = match unit.and_then(|unit| self.unit_type(unit)) {
            Some(ty) => ty,
            None => {
                let joined = super::join::join_shares(shares.1, shares.0);
                match joined.map(super::join::share_type) {
                    Some(Type::Int(ty)) if range_of(&from).within(ty.range()) => ty,
                    _ => range::home(range::union(range_of(&from), range_of(&limit))),
                }
            }
        };
        let both = range::union(range_of(&from), range_of(&limit));
        if !range::fits(both) {
            let error = Diagnostic::error(
                codes::MIXED_SIGNS,
                "the bounds of this loop fit no 64-bit integer together",
            );
            self.report(
                error
                    .primary(from.span, "")
                    .secondary(limit.span, "")
                    .hint("begin the loop with a number that is known not to be negative, or truncate the limit by asInt64"),
            );
            return Err(Box::new(poison(span)));
        }
        let from = self.fit(from, ty, Purpose::Bound, None);
        Ok((from, limit, ty))
    }

    /// `n timesRepeat: [ … ]`.
    pub(super) fn times_repeat(&mut self, count: Expr, body: ExprId, span: Span) -> Expr {
        let count = self.settle(count, None);
        if count.ty == Type::Never {
            return count;
        }
        let place = self.node(body).span;
        let mut assigned = Vec::new();
        self.assigned_in(body, self.scope, &mut assigned);
        let entry = self.enter_loop(place, &assigned);
        let before = self.env.clone();
        let ty = match count.ty {
            Type::Int(ty) => IntType { bits: 64, ..ty },
            _ => IntType::INT64,
        };
        let variable = self.declare_typed("count", place, Type::Int(ty));
        let code = self.arm(body, Want::Effect);
        self.close_loop(place, &entry);
        let after = std::mem::replace(&mut self.env, Env::new());
        self.env = before.join(after);
        let one = integer(ExprKind::Int(1), ty, Range::exactly(1), span);
        let kind = ExprKind::For {
            variable,
            from: Box::new(one),
            to: Box::new(count),
            step: 1,
            body: Box::new(code),
        };
        plain(kind, Type::Void, span)
    }
}

/// Whether a loop from a natural number has a difference of unsigned words for its limit, which may be negative or above the signed ones.
fn is_unsigned_difference(from: &Expr, limit: &Expr) -> bool {
    let natural = |expr: &Expr| {
        matches!(expr.ty, Type::Int(ty) if ty.unit.is_none())
            && range_of(expr).within(range::UNSIGNED)
    };
    match &limit.kind {
        ExprKind::IntBinary(IntBinary::Sub, Arithmetic::Exact, a, b) => {
            natural(from) && natural(a) && natural(b) && !range::fits(range_of(limit))
        }
        _ => false,
    }
}
