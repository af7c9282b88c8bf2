//! Expansion of block-taking methods and of blocks.
//!
//! The body of the method is typed anew at each call, in an activation of its own: its parameters and temporaries become fresh locals of the body that
//! is being typed, `^` becomes an exit to a label around it. A block is typed in the scope in which it stands, so names never meet by chance.

use crate::base::{Diagnostic, Span};
use crate::resolve::{DeclaredType, SourceId};
use crate::syntax::ast::{self, ExprId, Send};
use crate::typed::{ClassId, ClassKind, Expr, ExprKind, Label, Type};

use super::body::{Body, nothing, poison, sequence};
use super::codes;
use super::scope::{
    Answer, Binding, ClosureId, Exits, Home, HomeId, Purpose, SelfValue, Value, Want,
};

impl<'w> Body<'_, 'w> {
    /// Expands a block-taking method.
    pub(super) fn expand(
        &mut self,
        class: ClassId,
        method: SourceId,
        receiver: Option<Expr>,
        send: &'w Send,
        span: Span,
        want: Want,
    ) -> Expr {
        if let Some(error) = self.recursive_expansion(method, send) {
            return error;
        }
        let arguments = self.expansion_arguments(method, send);
        if let Some(stopped) = self.enter_expansion(send.selector_span(), Some(method)) {
            return stopped;
        }
        let path = self.memory.path(self.path(), send.selector_span());
        let outer = self.scope;
        let label = self.labels.push(());
        let home = self.open_home(class, method, Some(label));
        self.open_scope(None, home, path);
        let mut all = self.bind_receiver(home, receiver, span);
        let tree = self.world.tree(method);
        for (param, argument) in tree.params.iter().zip(arguments) {
            match argument {
                Value::Closure(closure) => self.bind(param.name, Binding::Closure(closure)),
                Value::Expr(value) => {
                    let name = self.text(param.name);
                    let local = self.declare_typed(name, param.span, value.ty);
                    self.bind(param.name, Binding::Fixed(local));
                    self.env.assign(local, value.range);
                    let (ty, range) = (value.ty, value.range);
                    all.push(Expr {
                        kind: ExprKind::SetLocal(local, Box::new(value)),
                        ty,
                        range,
                        span: param.span,
                    });
                }
                _ => {}
            }
        }
        self.declare_temps(&tree.temps);
        let body = self.expanded_body(home, label, tree, span);
        self.scope = outer;
        self.leave_expansion();
        all.push(body);
        let whole = sequence(all, span);
        if want == Want::Value && whole.ty == Type::Void {
            return self.expect_expr(Value::Expr(whole), span);
        }
        whole
    }

    fn recursive_expansion(&mut self, method: SourceId, send: &'w Send) -> Option<Expr> {
        let mut home = Some(self.home_id());
        while let Some(id) = home {
            if self.homes[id].method == method {
                let place = self.world.methods[method].span;
                let message = format!(
                    "{} takes blocks, so it is expanded at its calls and cannot call itself",
                    self.inf.method_text(method)
                );
                return Some(
                    self.fail(
                        Diagnostic::error(codes::RECURSIVE_EXPANSION, message)
                            .primary(send.selector_span(), "expanded again here")
                            .secondary(place, "declared here")
                            .hint("write a loop, or a method without blocks for the recursion"),
                    ),
                );
            }
            home = self.homes[id].caller;
        }
        None
    }

    /// Blocks as closures, other arguments as values of their declared types.
    fn expansion_arguments(&mut self, method: SourceId, send: &'w Send) -> Vec<Value> {
        let world = self.world;
        let Some(signature) = &world.methods[method].signature else {
            return Vec::new();
        };
        let mut arguments = Vec::with_capacity(send.arguments.len());
        for (number, (&argument, &ty)) in send.arguments.iter().zip(&signature.params).enumerate() {
            let purpose = Purpose::Argument(number, send.selector);
            arguments.push(match ty {
                DeclaredType::Value(ty) => {
                    Value::Expr(self.value_as(argument, ty, purpose, Some(signature.span)))
                }
                _ => match self.block_of(argument) {
                    Some(closure) => Value::Closure(closure),
                    None => Value::Expr(poison(self.node(argument).span)),
                },
            });
        }
        arguments
    }

    /// The block that an argument is: a literal one, or a block parameter.
    pub(super) fn block_of(&mut self, argument: ExprId) -> Option<ClosureId> {
        let node = self.node(argument);
        let is_block = match &node.kind {
            ast::ExprKind::Block(_) => true,
            ast::ExprKind::Variable(name) => matches!(
                self.lookup_name(self.scope, *name),
                Some(Binding::Closure(_))
            ),
            _ => false,
        };
        if !is_block {
            self.report(
                Diagnostic::error(codes::BLOCK_EXPECTED, "a block is expected here")
                    .primary(node.span, "")
                    .hint("write a literal block, or pass a block parameter on"),
            );
            return None;
        }
        match self.expression(argument, Want::Value) {
            Value::Closure(closure) => Some(closure),
            _ => None,
        }
    }

    /// Opens an activation of a method.
    pub(super) fn open_home(
        &mut self,
        class: ClassId,
        method: SourceId,
        label: Option<Label>,
    ) -> HomeId {
        let info = &self.world.methods[method];
        let tree = self.world.tree(method);
        let is_component = self.world.classes[class].kind == ClassKind::Component;
        let declared = match info.signature.as_ref().map(|signature| signature.result) {
            Some(DeclaredType::Value(ty)) => Some(ty),
            Some(_) => None,
            None => answers_nothing(tree, is_component || info.class_side).then_some(Type::Void),
        };
        let caller = label.is_some().then(|| self.home_id());
        self.homes.push(Home {
            method,
            class,
            self_value: if info.class_side {
                SelfValue::ClassSide
            } else {
                SelfValue::Component
            },
            tree,
            caller,
            exits: Exits {
                label,
                declared,
                declaration: info.signature.as_ref().map(|signature| signature.span),
                answers: Vec::new(),
                count: 0,
                env: None,
            },
        })
    }

    /// Makes the receiver of an expanded method its `self`.
    fn bind_receiver(&mut self, home: HomeId, receiver: Option<Expr>, span: Span) -> Vec<Expr> {
        let Some(value) = receiver else {
            return Vec::new();
        };
        let (ty, range) = (value.ty, value.range);
        let local = self.declare_typed("self", span, ty);
        self.env.assign(local, range);
        self.homes[home].self_value = SelfValue::Local(local);
        vec![Expr {
            kind: ExprKind::SetLocal(local, Box::new(value)),
            ty,
            range,
            span,
        }]
    }

    pub(super) fn declare_temps(&mut self, temps: &[ast::Name]) {
        for temp in temps {
            let local = self.declare(temp.name, temp.span);
            self.bind(temp.name, Binding::Local(local));
        }
    }

    /// The statements of an expanded method, its last answer as the value, other answers as exits to the label.
    fn expanded_body(
        &mut self,
        home: HomeId,
        label: Label,
        tree: &'w ast::Method,
        span: Span,
    ) -> Expr {
        let mut body = self.statements(&tree.statements, Want::Effect, span);
        let ends = self.env.reachable;
        if ends {
            body = self.fall_off(home, body, span);
        }
        let exits = &mut self.homes[home].exits;
        let (answers, exit_env) = (std::mem::take(&mut exits.answers), exits.env.take());
        let (declared, mut exits_left) = (exits.declared, exits.count);
        let result = match declared {
            Some(declared) => declared,
            None => self.join_answers(&answers),
        };
        if declared.is_none() && matches!(result, Type::Int(_)) {
            self.convert_answers(&mut body, Some(label), result);
        }
        if let Some(value) = take_last_exit(&mut body, label) {
            body = value;
            exits_left -= 1;
        }
        if let Some(env) = exit_env {
            let ended = std::mem::replace(&mut self.env, super::flow::Env::new());
            self.env = ended.join(env);
        }
        let range = answers_range(&answers, result);
        let ty = if self.env.reachable {
            result
        } else {
            Type::Never
        };
        if exits_left == 0 {
            return body;
        }
        Expr {
            kind: ExprKind::Labelled(label, Box::new(body)),
            ty,
            range,
            span,
        }
    }

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
        let tree = self.homes[home].tree;
        let place = self.homes[home]
            .exits
            .answers
            .first()
            .map(|answer| answer.span);
        let declaration = self.homes[home].exits.declaration;
        let mut error = Diagnostic::error(
            codes::SOME_PATHS,
            format!(
                "{} answers a value on some paths only",
                self.text(tree.selector)
            ),
        )
        .primary(tree.pattern_span, "its end is reached without an answer");
        if let Some(place) = place {
            error = error.secondary(place, "answers a value");
        } else if let Some(place) = declaration {
            error = error.secondary(place, "declares a result");
        }
        self.fail(error.hint("answer a value at the end, too, or on no path"))
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
            return self.leave(home, label, None, nothing(span), span);
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
                        return self.leave(home, label, Some(expr), nothing(span), span);
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
    pub(super) fn join_answers(&mut self, answers: &[Answer]) -> Type {
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

    /// `value`, `value:` and the loops of a block.
    pub(super) fn closure_message(
        &mut self,
        closure: ClosureId,
        send: &'w Send,
        span: Span,
        want: Want,
    ) -> Expr {
        match self.text(send.selector) {
            "value"
            | "value:"
            | "value:value:"
            | "value:value:value:"
            | "value:value:value:value:" => {
                let arguments = send
                    .arguments
                    .iter()
                    .map(|&argument| {
                        let value = self.value(argument);
                        self.settle(value, None)
                    })
                    .collect();
                self.activate(closure, arguments, send.selector_span(), span, want)
            }
            "whileTrue:" => self.while_loop(closure, send.arguments.first(), true, span),
            "whileFalse:" => self.while_loop(closure, send.arguments.first(), false, span),
            "whileTrue" => self.while_loop(closure, None, true, span),
            "whileFalse" => self.while_loop(closure, None, false, span),
            "repeat" => self.repeat(closure, span),
            selector => {
                let message = format!("a block does not understand {selector}");
                self.fail(
                    Diagnostic::error(codes::NOT_UNDERSTOOD, message)
                        .primary(send.selector_span(), "")
                        .hint("a block is sent value, whileTrue:, whileFalse: or repeat, or passed on"),
                )
            }
        }
    }

    /// Runs a block with arguments, as an activation named by `place`.
    pub(super) fn activate(
        &mut self,
        closure: ClosureId,
        arguments: Vec<Expr>,
        place: Span,
        span: Span,
        want: Want,
    ) -> Expr {
        let block = self.closures[closure];
        if block.block.params.len() != arguments.len() {
            let message = format!(
                "the block has {} parameters and gets {} arguments",
                block.block.params.len(),
                arguments.len()
            );
            return self.fail(
                Diagnostic::error(codes::BLOCK_ARGUMENTS, message)
                    .primary(place, "")
                    .secondary(block.span, "the block")
                    .hint("write as many parameters as the block is given: [ :each | … ]"),
            );
        }
        if let Some(stopped) = self.enter_expansion(place, None) {
            return stopped;
        }
        let outer = self.scope;
        let path = self.memory.path(self.path(), place);
        let home = self.scopes[block.scope].home;
        self.open_scope(Some(block.scope), home, path);
        let mut all = Vec::with_capacity(arguments.len() + 1);
        for (param, value) in block.block.params.iter().zip(arguments) {
            let local = self.declare(param.name, param.span);
            self.bind(param.name, Binding::Fixed(local));
            all.push(self.store_local(local, value, Purpose::Store(param.name), param.span));
        }
        self.declare_temps(&block.block.temps);
        all.push(self.statements(&block.block.statements, want, block.span));
        self.scope = outer;
        self.leave_expansion();
        sequence(all, span)
    }
}

/// Whether a method without signature answers nothing: it ends without an answer, or no answer is a value.
fn answers_nothing(tree: &ast::Method, self_is_nothing: bool) -> bool {
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

/// When the body's last step leaves to the label, its value.
fn take_last_exit(body: &mut Expr, label: Label) -> Option<Expr> {
    match &mut body.kind {
        ExprKind::Exit(to, value) if *to == label => {
            let span = value.span;
            Some(std::mem::replace(&mut **value, nothing(span)))
        }
        ExprKind::Seq(all) => {
            let value = take_last_exit(all.last_mut()?, label)?;
            all.pop();
            let mut all = std::mem::take(all);
            let span = body.span;
            all.push(value);
            Some(sequence(all, span))
        }
        _ => None,
    }
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
