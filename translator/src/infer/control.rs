//! Conditionals and loops with a condition.

use crate::base::{Diagnostic, EntityRef, Span};
use crate::syntax::ast::{self, ExprId, Send, Statement};
use crate::typed::{Comparison, Expr, ExprKind, IntType, LocalId, Range, Type};

use super::body::{Body, never, nothing, plain, poison, sequence, type_range};
use super::flow::Env;
use super::scope::{Binding, ClosureId, Purpose, ScopeId, Want};
use super::settle::range_of;
use super::{codes, range};

impl<'w> Body<'_, 'w> {
    /// The code of a block argument without parameters.
    pub(super) fn arm(&mut self, argument: ExprId, want: Want) -> Expr {
        let span = self.node(argument).span;
        match self.block_of(argument) {
            Some(closure) => self.activate(closure, Vec::new(), span, span, want),
            None => poison(span),
        }
    }

    /// `ifTrue:` and its kin; an arm that is not written is `None`.
    pub(super) fn conditional(
        &mut self,
        condition: Expr,
        then: Option<ExprId>,
        otherwise: Option<ExprId>,
        span: Span,
        want: Want,
    ) -> Expr {
        let one_arm = then.is_none() || otherwise.is_none();
        if one_arm && want == Want::Value {
            let error = Diagnostic::error(
                codes::ONE_ARM,
                "a conditional that is used as a value has two arms",
            );
            return self.fail(
                error
                    .primary(span, "")
                    .hint("write the other arm, or do not use the value"),
            );
        }
        let want = if one_arm { Want::Effect } else { want };
        if let (ExprKind::Boolean(truth), true) = (&condition.kind, self.specialised) {
            let chosen = if *truth { then } else { otherwise };
            return match chosen {
                Some(arm) => self.arm(arm, want),
                None => nothing(span),
            };
        }
        let fork = self.env.clone();
        self.env.refine(&condition, true);
        let then = match then {
            Some(arm) => self.arm(arm, want),
            None => nothing(span),
        };
        let after_then = std::mem::replace(&mut self.env, fork);
        self.env.refine(&condition, false);
        let otherwise = match otherwise {
            Some(arm) => self.arm(arm, want),
            None => nothing(span),
        };
        let after_otherwise = std::mem::replace(&mut self.env, Env::new());
        self.env = after_then.join(after_otherwise);
        self.choice(condition, then, otherwise, span, want)
    }

    /// An `If` whose arms have the type in common.
    fn choice(
        &mut self,
        condition: Expr,
        then: Expr,
        otherwise: Expr,
        span: Span,
        want: Want,
    ) -> Expr {
        let (ty, range, mut arms) = match self.open_choice(&then, &otherwise, want) {
            Some((ty, all)) => (ty, Some(all), vec![then, otherwise]),
            None => {
                let (ty, arms) = self.common_type(vec![then, otherwise], span, want);
                (ty, arms_range(&arms, ty), arms)
            }
        };
        let otherwise = arms.pop().unwrap_or_else(|| nothing(span));
        let then = arms.pop().unwrap_or_else(|| nothing(span));
        Expr {
            kind: ExprKind::If(Box::new(condition), Box::new(then), Box::new(otherwise)),
            ty,
            range,
            span,
        }
    }

    /// The type in common of integer arms that it may not hold: what becomes of them is for the user of the conditional to say.
    fn open_choice(&mut self, then: &Expr, otherwise: &Expr, want: Want) -> Option<(Type, Range)> {
        let (Type::Int(one), Type::Int(other)) = (then.ty, otherwise.ty) else {
            return None;
        };
        if want == Want::Effect || one.unit != other.unit {
            return None;
        }
        let (first, second) = (self.share(then), self.share(otherwise));
        let joined = super::join::join_shares(first, second);
        let all = range::union(range_of(then), range_of(otherwise));
        let mixed = (one.unit.is_none() && !range::fits(all)).then_some(Type::Int(IntType::INT64));
        let ty = joined.map(super::join::share_type).or(mixed)?;
        let Type::Int(common) = ty else { return None };
        (common.unit == one.unit && !all.within(common.range())).then_some((ty, all))
    }

    /// Brings arms to the type in common, `Void` when their values are not used.
    pub(super) fn common_type(
        &mut self,
        arms: Vec<Expr>,
        span: Span,
        want: Want,
    ) -> (Type, Vec<Expr>) {
        let lives = |arm: &&Expr| arm.ty != Type::Never;
        if !arms.iter().any(|arm| lives(&arm)) {
            return (Type::Never, arms);
        }
        let void = arms.iter().any(|arm| arm.ty == Type::Void);
        if want == Want::Effect || (want == Want::Any && void) {
            let arms = arms.into_iter().map(|arm| self.settle(arm, None)).collect();
            return (Type::Void, arms);
        }
        if let Some(arm) = arms.iter().find(|arm| arm.ty == Type::Void) {
            let place = arm.span;
            let error = Diagnostic::error(codes::NO_VALUE, "this arm has no value");
            self.report(
                error
                    .primary(place, "")
                    .secondary(span, "the value is used")
                    .hint("let the arm end with a value, or do not use the conditional's"),
            );
            return (Type::Never, arms);
        }
        let Some(ty) = self.joined_type(&arms, span) else {
            return (Type::Never, arms);
        };
        let arms = arms
            .into_iter()
            .map(|arm| self.coerce_expr(arm, ty, Purpose::Arm, None))
            .collect();
        (ty, arms)
    }

    fn joined_type(&mut self, arms: &[Expr], span: Span) -> Option<Type> {
        let living: Vec<&Expr> = arms.iter().filter(|arm| arm.ty != Type::Never).collect();
        for arm in &living {
            if self.is_mixed_choice(arm) {
                self.report_mixed_choice(arm);
                return None;
            }
        }
        let mut joined = self.share(living.first()?);
        for pair in living.windows(2) {
            let next = self.share(pair[1]);
            match super::join::join_shares(joined, next) {
                Some(both) => joined = both,
                None if living.iter().all(|arm| super::join::is_unsigned(arm)) => {
                    return Some(Type::Int(IntType::UINT64));
                }
                None => {
                    self.join_arms(living[0], pair[1], span);
                    return None;
                }
            }
        }
        Some(super::join::share_type(joined))
    }

    /// `and:` and `or:`.
    pub(super) fn shortcut(
        &mut self,
        condition: Expr,
        argument: ExprId,
        is_and: bool,
        span: Span,
    ) -> Expr {
        if let (ExprKind::Boolean(truth), true) = (&condition.kind, self.specialised) {
            if *truth != is_and {
                return condition;
            }
            let second = self.arm(argument, Want::Value);
            return self.coerce_expr(second, Type::Boolean, Purpose::Operand, None);
        }
        let skipped = self.env.clone();
        self.env.refine(&condition, is_and);
        let second = self.arm(argument, Want::Value);
        let second = self.coerce_expr(second, Type::Boolean, Purpose::Operand, None);
        let after = std::mem::replace(&mut self.env, Env::new());
        self.env = after.join(skipped);
        let (a, b) = (Box::new(condition), Box::new(second));
        let kind = if is_and {
            ExprKind::And(a, b)
        } else {
            ExprKind::Or(a, b)
        };
        plain(kind, Type::Boolean, span)
    }

    /// Starts a loop: what is assigned in it has any value that the loop may leave in it.
    pub(super) fn enter_loop(
        &mut self,
        place: Span,
        assigned: &[LocalId],
    ) -> Vec<(LocalId, Range)> {
        let path = self.path();
        let mut entry = Vec::new();
        for &local in assigned {
            if let Some(known) = self.env.range(local) {
                let slot = self.slots[local.index()];
                let assumed = self.memory.loop_range(path, place, slot, known);
                self.env.set_range(local, assumed);
                entry.push((local, assumed));
            }
        }
        entry
    }

    /// Ends a loop's body: what it leaves must be what was assumed.
    pub(super) fn close_loop(&mut self, place: Span, entry: &[(LocalId, Range)]) {
        if !self.env.reachable {
            return;
        }
        let path = self.path();
        for &(local, assumed) in entry {
            let limits = type_range(self.locals[local].ty).unwrap_or(range::SIGNED);
            let found = self.env.range(local).unwrap_or(limits);
            let slot = self.slots[local.index()];
            self.memory
                .close_loop((path, place, slot), assumed, found, limits);
        }
    }

    /// `[ … ] whileTrue: [ … ]` and its kin.
    pub(super) fn while_loop(
        &mut self,
        condition: ClosureId,
        body: Option<&ExprId>,
        truth: bool,
        span: Span,
    ) -> Expr {
        let place = self.closures[condition].span;
        let mut assigned = self.assigned_in_closure(condition);
        if let Some(&body) = body {
            self.assigned_in(body, self.scope, &mut assigned);
        }
        let entry = self.enter_loop(place, &assigned);
        let label = self.labels.push(());
        let test = self.activate(condition, Vec::new(), place, place, Want::Value);
        let test = self.coerce_expr(test, Type::Boolean, Purpose::Condition, None);
        let mut after = self.env.clone();
        after.refine(&test, !truth);
        self.env.refine(&test, truth);
        let code = match body {
            Some(&body) => self.arm(body, Want::Effect),
            None => nothing(span),
        };
        self.close_loop(place, &entry);
        self.env = after;
        let exit = Expr {
            kind: ExprKind::Exit(label, Box::new(nothing(span))),
            ty: Type::Never,
            range: None,
            span,
        };
        let (then, otherwise) = if truth { (code, exit) } else { (exit, code) };
        let choice = ExprKind::If(Box::new(test), Box::new(then), Box::new(otherwise));
        let step = plain(choice, Type::Void, span);
        plain(ExprKind::Loop(label, Box::new(step)), Type::Void, span)
    }

    /// `[ … ] repeat`: left by `^` only.
    pub(super) fn repeat(&mut self, body: ClosureId, span: Span) -> Expr {
        let place = self.closures[body].span;
        let assigned = self.assigned_in_closure(body);
        let entry = self.enter_loop(place, &assigned);
        let label = self.labels.push(());
        let code = self.activate(body, Vec::new(), place, place, Want::Effect);
        self.close_loop(place, &entry);
        self.env.reachable = false;
        plain(ExprKind::Loop(label, Box::new(code)), Type::Never, span)
    }

    /// Locals that a block may assign.
    fn assigned_in_closure(&mut self, closure: ClosureId) -> Vec<LocalId> {
        let block = self.closures[closure];
        let mut found = Vec::new();
        self.assigned_in_statements(&block.block.statements, block.scope, &mut found);
        found.sort_unstable();
        found.dedup();
        found
    }

    fn assigned_in_statements(
        &self,
        statements: &[Statement],
        scope: ScopeId,
        found: &mut Vec<LocalId>,
    ) {
        for statement in statements {
            self.assigned_in(statement.kind.expression(), scope, found);
        }
    }

    /// Locals of `scope` and around it that an expression may assign, through the blocks that are passed in it too.
    pub(super) fn assigned_in(&self, expr: ExprId, scope: ScopeId, found: &mut Vec<LocalId>) {
        let tree = self.homes[self.scopes[scope].home].tree;
        match &tree.exprs[expr].kind {
            ast::ExprKind::Variable(name) => {
                if let Some(Binding::Closure(closure)) = self.lookup_name(scope, *name) {
                    let block = self.closures[closure];
                    self.assigned_in_statements(&block.block.statements, block.scope, found);
                }
            }
            ast::ExprKind::Assignment { target, value } => {
                if let Some(Binding::Local(local)) = self.lookup_name(scope, target.name)
                    && !found.contains(&local)
                {
                    found.push(local);
                }
                self.assigned_in(*value, scope, found);
            }
            ast::ExprKind::Send(send) => {
                self.assigned_in(send.receiver, scope, found);
                for &argument in &send.arguments {
                    self.assigned_in(argument, scope, found);
                }
            }
            ast::ExprKind::Answer(value) => self.assigned_in(*value, scope, found),
            ast::ExprKind::Cascade { messages, .. } | ast::ExprKind::BraceArray(messages) => {
                for &message in messages {
                    self.assigned_in(message, scope, found);
                }
            }
            ast::ExprKind::Block(block) => {
                self.assigned_in_statements(&block.statements, scope, found);
            }
            ast::ExprKind::Literal(_) | ast::ExprKind::Pseudo(_) | ast::ExprKind::Error => {}
        }
    }

    /// `between:and:`, with the receiver evaluated once.
    pub(super) fn between(&mut self, receiver: Expr, send: &'w Send, span: Span) -> Expr {
        let receiver = self.settle(receiver, None);
        let simple = matches!(receiver.kind, ExprKind::Local(_) | ExprKind::Int(_));
        let (set, read) = if simple {
            (None, receiver)
        } else {
            let (set, read) = self.keep(receiver, "receiver", span);
            (Some(set), read)
        };
        let low = self.value(send.arguments[0]);
        let mut high = self.value(send.arguments[1]);
        let mut sets: Vec<Expr> = set.into_iter().collect();
        let mut low = low;
        if super::expression::has_effect(&high) {
            for bound in [&mut low, &mut high] {
                let value = self.settle(std::mem::replace(bound, nothing(span)), None);
                let place = value.span;
                let (set, read) = self.keep(value, "bound", place);
                sets.push(set);
                *bound = read;
            }
        }
        let at_least = self.compare(Comparison::Ge, read.clone(), low, span);
        let at_most = self.compare(Comparison::Le, read, high, span);
        if at_least.ty == Type::Never || at_most.ty == Type::Never {
            return never(sets.into_iter().chain([at_least, at_most]), span);
        }
        let both = ExprKind::And(Box::new(at_least), Box::new(at_most));
        let both = plain(both, Type::Boolean, span);
        sets.push(both);
        sequence(sets, span)
    }
}

/// Bounds of the values of all arms.
pub(super) fn arms_range(arms: &[Expr], ty: Type) -> Option<Range> {
    let all = type_range(ty)?;
    let joined = arms.iter().filter_map(|arm| arm.range).reduce(range::union);
    Some(joined.map_or(all, |joined| range::intersect(joined, all)))
}
