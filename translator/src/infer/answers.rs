//! Answers of methods: what `^` brings, the type that all of them have in common, and ends that bring nothing.

use crate::base::{Diagnostic, Span};
use crate::syntax::ast::{self, ExprId};
use crate::typed::{Expr, ExprKind, Label, Type};

use super::body::{Body, nothing, sequence};
use super::codes;
use super::scope::{Answer, HomeId, Purpose, SelfValue, Value, Want};

/// What is said of a `^` that brings nothing where a value is wanted.
const NO_VALUE: &str = "this is no value";

impl Body<'_, '_> {
    /// Control reaches the end of a method without an answer.
    pub(super) fn fall_off(&mut self, home: HomeId, body: Expr, span: Span) -> Expr {
        let exits = &self.homes[home].exits;
        let (declared, self_value) = (exits.declared, self.homes[home].self_value);
        match declared {
            Some(Type::Void) => return body,
            None if exits.answers.is_empty() => {
                self.homes[home].exits.declared = Some(Type::Void);
                return body;
            }
            Some(ty) => {
                if let SelfValue::Local(local) = self_value
                    && self.locals[local].ty == ty
                {
                    let answer = self.read_local(local, span);
                    return sequence(vec![body, answer], span);
                }
            }
            None => {}
        }
        if body.ty == Type::Never && !self.diagnostics.is_empty() {
            return body;
        }
        let pattern = self.homes[home].tree.pattern_span;
        let answer = self.homes[home].exits.answers.first();
        let answer = answer.map(|answer| answer.span);
        self.some_paths(
            home,
            pattern,
            "its end is reached without an answer",
            answer,
        )
    }

    /// A method has no answer at `place`, for the reason `what`, but it declares a result, or has the answer at another place.
    fn some_paths(&mut self, home: HomeId, place: Span, what: &str, answer: Option<Span>) -> Expr {
        let declaration = self.homes[home].exits.declaration;
        let selector = self.text(self.homes[home].tree.selector);
        let message = format!("{selector} answers a value on some paths only");
        let mut error = Diagnostic::error(codes::SOME_PATHS, message).primary(place, what);
        if let Some(place) = answer {
            error = error.secondary(place, "answers a value");
        } else if let Some(place) = declaration {
            error = error.secondary(place, "declares a result");
        }
        self.fail(error.hint("answer a value on every path, or on none"))
    }

    /// `^ value`.
    pub(super) fn answer(&mut self, value: ExprId, span: Span) -> Expr {
        let home = self.home_id();
        let exits = &self.homes[home].exits;
        let (label, declared, declaration) = (exits.label, exits.declared, exits.declaration);
        let is_self = matches!(
            self.node(value).kind,
            ast::ExprKind::Pseudo(ast::PseudoVariable::SelfReference)
        );
        let is_value = matches!(self.homes[home].self_value, SelfValue::Local(_));
        if is_self && (!is_value || declared == Some(Type::Void)) {
            return self.answer_nothing(home, None, span);
        }
        let selector = self.homes[home].tree.selector;
        match declared {
            Some(Type::Void) => {
                let result = self.expression(value, Want::Any);
                let place = self.node(value).span;
                let result = match result {
                    Value::Expr(expr) if matches!(expr.ty, Type::Void | Type::Never) => expr,
                    Value::OwnComponent => nothing(place),
                    other => {
                        let expr = self.expect_expr(other, place);
                        self.coerce_expr(expr, Type::Void, Purpose::Result(selector), declaration)
                    }
                };
                self.leave(home, label, Some(result), nothing(span), span)
            }
            Some(ty) => {
                let result = self.value_as(value, ty, Purpose::Result(selector), declaration);
                self.record_answer(home, &result, ty);
                self.leave(home, label, None, result, span)
            }
            None => {
                let result = self.expression(value, Want::Any);
                let place = self.node(value).span;
                let result = match result {
                    Value::Expr(expr) if expr.ty == Type::Void => {
                        return self.answer_nothing(home, Some(expr), span);
                    }
                    Value::Expr(expr) => expr,
                    other => self.expect_expr(other, place),
                };
                let ty = super::join::share_type(self.typed_share(&result));
                self.record_answer(home, &result, ty);
                self.leave(home, label, None, result, span)
            }
        }
    }

    /// `^` without a value, after `before`.
    fn answer_nothing(&mut self, home: HomeId, before: Option<Expr>, span: Span) -> Expr {
        let exits = &mut self.homes[home].exits;
        let label = exits.label;
        let value = match exits.declared {
            Some(Type::Void) => nothing(span),
            Some(_) => self.some_paths(home, span, NO_VALUE, None),
            None => {
                exits.empty.get_or_insert(span);
                nothing(span)
            }
        };
        self.leave(home, label, before, value, span)
    }

    fn record_answer(&mut self, home: HomeId, result: &Expr, ty: Type) {
        if result.ty == Type::Never {
            return;
        }
        self.homes[home].exits.answers.push(Answer {
            ty,
            range: result.range,
            span: result.span,
        });
    }

    /// Leaves an activation with a value, after `before`.
    fn leave(
        &mut self,
        home: HomeId,
        label: Option<Label>,
        before: Option<Expr>,
        value: Expr,
        span: Span,
    ) -> Expr {
        if value.ty == Type::Never {
            self.env.reachable = false;
            return sequence(before.into_iter().chain([value]).collect(), span);
        }
        self.homes[home].exits.count += 1;
        if self.env.reachable && label.is_some() {
            let env = self.env.clone();
            let exits = &mut self.homes[home].exits;
            exits.env = Some(match exits.env.take() {
                Some(earlier) => earlier.join(env),
                None => env,
            });
        }
        self.env.reachable = false;
        let kind = match label {
            Some(label) => ExprKind::Exit(label, Box::new(value)),
            None => ExprKind::Return(Box::new(value)),
        };
        let exit = Expr {
            kind,
            ty: Type::Never,
            range: None,
            span,
        };
        sequence(before.into_iter().chain([exit]).collect(), span)
    }

    /// The type in common of the answers of a method whose result is inferred.
    pub(super) fn join_answers(&mut self, home: HomeId, answers: &[Answer]) -> Type {
        if let (Some(place), Some(answer)) = (self.homes[home].exits.empty, answers.first()) {
            self.some_paths(home, place, NO_VALUE, Some(answer.span));
        }
        let mut joined = Type::Never;
        for answer in answers {
            match super::join::join_types(joined, answer.ty) {
                Some(ty) => joined = ty,
                None => {
                    let message = format!(
                        "the method answers {} and {}, which have no type in common",
                        self.type_name(joined),
                        self.type_name(answer.ty)
                    );
                    let mut error = Diagnostic::error(codes::JOIN_CONFLICT, message)
                        .primary(answer.span, self.type_name(answer.ty));
                    if let Some(first) = answers.first() {
                        error = error.secondary(first.span, self.type_name(joined));
                    }
                    let hint = self
                        .conversion_hint(answer.ty, joined)
                        .unwrap_or_else(|| "answer values of one type on all paths".to_owned());
                    self.report(error.hint(hint));
                    return joined;
                }
            }
        }
        match joined {
            Type::Never => Type::Void,
            joined => joined,
        }
    }

    /// Converts the values of all exits to the label (`None`: of all returns) to the result type.
    pub(super) fn convert_answers(&mut self, expr: &mut Expr, label: Option<Label>, result: Type) {
        let value = match (&mut expr.kind, label) {
            (ExprKind::Exit(to, value), Some(label)) if *to == label => Some(value),
            (ExprKind::Return(value), None) => Some(value),
            _ => None,
        };
        if let Some(value) = value {
            let selector = self.home().tree.selector;
            let span = value.span;
            if value.ty != Type::Void || result == Type::Void {
                let taken = std::mem::replace(&mut **value, nothing(span));
                **value = self.coerce_expr(taken, result, Purpose::Result(selector), None);
            }
        }
        let mut children = Vec::new();
        expr.for_each_child_mut(&mut |child| {
            children.push(std::mem::replace(child, nothing(child.span)));
        });
        for child in &mut children {
            self.convert_answers(child, label, result);
        }
        let mut children = children.into_iter();
        expr.for_each_child_mut(&mut |child| {
            if let Some(converted) = children.next() {
                *child = converted;
            }
        });
    }
}

/// Whether a method without signature answers nothing: it ends without an answer, or no answer is a value.
pub(super) fn answers_nothing(tree: &ast::Method, self_is_nothing: bool) -> bool {
    use ast::{ExprKind as Node, StatementKind};
    let is_self = |id: ExprId| {
        matches!(
            tree.exprs[id].kind,
            Node::Pseudo(ast::PseudoVariable::SelfReference)
        )
    };
    let mut all_self = true;
    let mut note = |statements: &[ast::Statement]| {
        for statement in statements {
            if let StatementKind::Return(value) = statement.kind {
                all_self &= is_self(value);
            }
        }
    };
    note(&tree.statements);
    for node in tree.exprs.values() {
        if let Node::Block(block) = &node.kind {
            note(&block.statements);
        }
    }
    let ends_in_answer = matches!(
        tree.statements.last().map(|last| last.kind),
        Some(StatementKind::Return(_))
    );
    all_self && (self_is_nothing || !ends_in_answer)
}

/// Bounds of all answers.
pub(super) fn answers_range(answers: &[Answer], result: Type) -> Option<crate::typed::Range> {
    let Type::Int(result) = result else {
        return None;
    };
    let all = answers.iter().filter_map(|answer| answer.range);
    let joined = all.reduce(super::range::union)?;
    Some(super::range::intersect(joined, result.range()))
}
