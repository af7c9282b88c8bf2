//! Expansion of block-taking methods and of blocks.
//!
//! The body of the method is typed anew at each call, in an activation of its own: its parameters and temporaries become fresh locals of the body that
//! is being typed, `^` becomes an exit to a label around it. A block is typed in the scope in which it stands, so names never meet by chance.

use crate::base::{Diagnostic, Span};
use crate::resolve::{DeclaredType, SourceId};
use crate::syntax::ast::{self, ExprId, Send};
use crate::typed::{ClassId, ClassKind, Expr, ExprKind, Label, Type};

use super::answers::{answers_nothing, answers_range};
use super::body::{Body, nothing, poison, sequence};
use super::codes;
use super::scope::{Binding, ClosureId, Exits, Home, HomeId, Purpose, SelfValue, Value, Want};

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
                empty: None,
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
            None => self.join_answers(home, &answers),
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
