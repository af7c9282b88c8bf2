//! Messages: ordinary lookup from the static type of the receiver, then what the translator knows.

use crate::base::{Diagnostic, Span, Symbol};
use crate::resolve::{DeclaredType, SourceId};
use crate::syntax::ast::{self, ExprId, Send};
use crate::typed::{ClassId, ClassKind, Expr, ExprKind, MethodId, Range, Type};

use super::body::{Body, nothing, plain, poison, unit_of};
use super::codes;
use super::instances::Argument;
use super::scope::{Purpose, SelfValue, Value, Want};

impl<'w> Body<'_, 'w> {
    /// `receiver selector: argument`.
    pub(super) fn send(&mut self, send: &'w Send, span: Span, want: Want) -> Value {
        if let Some(expr) = self.overflow_form(send, span) {
            return Value::Expr(expr);
        }
        if let Some(class) = self.float_class(send.receiver) {
            return Value::Expr(self.float_class_message(class, send, span));
        }
        let receiver = self.expression(send.receiver, Want::Value);
        self.send_to(receiver, send, span, want)
    }

    /// A message to a receiver that was evaluated.
    pub(super) fn send_to(
        &mut self,
        receiver: Value,
        send: &'w Send,
        span: Span,
        want: Want,
    ) -> Value {
        match receiver {
            Value::Closure(closure) => Value::Expr(self.closure_message(closure, send, span, want)),
            Value::OwnComponent => {
                let class = self.home().class;
                let declared = self.world.methods[self.home().method].class;
                self.component_message(class, declared, send, span, want)
            }
            Value::Component(declared) => {
                let class = self.inf.concrete(declared);
                self.component_message(class, declared, send, span, want)
            }
            Value::Super => self.super_message(send, span, want),
            Value::Class(class) => self.class_message(class, send, span, want),
            Value::Array(place) => Value::Expr(self.array_message(&place, send, span)),
            Value::Table(table, spec) => Value::Expr(self.table_message(table, &spec, send, span)),
            Value::Symbol(..) => Value::Expr(self.expect_expr(receiver, span)),
            Value::Expr(expr) => self.value_message(expr, send, span, want),
        }
    }

    fn component_message(
        &mut self,
        class: ClassId,
        declared: ClassId,
        send: &'w Send,
        span: Span,
        want: Want,
    ) -> Value {
        if let Some(method) = self.world.lookup(class, false, send.selector)
            && !self.is_image_side(method)
        {
            self.check_visible(method, declared, send.selector_span());
            return Value::Expr(self.call(class, method, None, send, span, want));
        }
        match self.text(send.selector) {
            "assert:" => Value::Expr(self.assertion(send, span)),
            "yourself" => Value::Expr(nothing(span)),
            _ => Value::Expr(self.not_understood(
                self.class_name(class).to_owned(),
                class,
                false,
                send,
            )),
        }
    }

    /// Methods of the root classes are the image's side of what the translator knows.
    fn is_image_side(&self, method: SourceId) -> bool {
        let info = &self.world.methods[method];
        self.world.classes[info.class].is_root
    }

    /// The method must be known where the text stands: in its package or below, or declared by an abstract component there.
    fn check_visible(&mut self, method: SourceId, declared: ClassId, span: Span) {
        let from = self.world.methods[self.home().method].package;
        let info = &self.world.methods[method];
        if info.package <= from {
            return;
        }
        let seen = self.world.lookup(declared, info.class_side, info.selector);
        if seen.is_some_and(|seen| self.world.methods[seen].package <= from) {
            return;
        }
        let message = format!(
            "{} uses {} of the higher package {}",
            self.world.packages[from].name,
            self.inf.method_text(method),
            self.world.packages[info.package].name
        );
        let error = Diagnostic::error(codes::LAYER, message)
            .primary(span, "")
            .secondary(info.span, "defined here")
            .hint("declare the method in an abstract component of the lower package");
        self.report(error);
    }

    fn super_message(&mut self, send: &'w Send, span: Span, want: Want) -> Value {
        let (class, self_value) = (self.home().class, self.home().self_value);
        let method = self.home().method;
        let info = &self.world.methods[method];
        let above = self.world.classes[info.class].superclass;
        let found =
            above.and_then(|above| self.world.lookup(above, info.class_side, send.selector));
        let Some(found) = found.filter(|&found| !self.is_image_side(found)) else {
            let name = above
                .map_or("Object", |above| self.class_name(above))
                .to_owned();
            return Value::Expr(self.not_understood(name, class, info.class_side, send));
        };
        let receiver = match self_value {
            SelfValue::Local(local) => Some(self.read_local(local, span)),
            _ => None,
        };
        Value::Expr(self.call(class, found, receiver, send, span, want))
    }

    /// A message to a class.
    fn class_message(&mut self, class: ClassId, send: &'w Send, span: Span, want: Want) -> Value {
        let kind = self.world.classes[class].kind;
        if kind == ClassKind::Constants && send.arguments.is_empty() {
            return Value::Expr(self.constant_message(class, send, span));
        }
        if let Some(method) = self.world.lookup(class, true, send.selector)
            && !self.is_image_side(method)
            && kind != ClassKind::Constants
        {
            self.check_visible(method, class, send.selector_span());
            return Value::Expr(self.call(class, method, None, send, span, want));
        }
        if let Some(expr) = self.class_builtin(class, send, span) {
            return Value::Expr(expr);
        }
        let name = format!("{} class", self.class_name(class));
        Value::Expr(self.not_understood(name, class, true, send))
    }

    fn constant_message(&mut self, class: ClassId, send: &'w Send, span: Span) -> Expr {
        use crate::typed::Constant;
        if self.world.lookup(class, true, send.selector).is_none() {
            return self.not_understood(
                format!("{} class", self.class_name(class)),
                class,
                true,
                send,
            );
        }
        if let Some(method) = self.world.lookup(class, true, send.selector) {
            self.check_visible(method, class, send.selector_span());
            self.inf.reach(method);
        }
        match self.inf.facts.constant(class, send.selector) {
            None => poison(span),
            Some(Constant::Int(value)) => super::body::constant(value, span),
            Some(Constant::Float(value)) => {
                plain(ExprKind::Float(value.to_bits()), Type::Float64, span)
            }
            Some(Constant::Boolean(value)) => plain(ExprKind::Boolean(value), Type::Boolean, span),
            Some(Constant::String(text)) => {
                let id = self.inf.string(text.as_bytes());
                plain(ExprKind::String(id), Type::String, span)
            }
        }
    }

    /// A message to a value: methods of its class first, then what the translator knows of its type.
    fn value_message(&mut self, receiver: Expr, send: &'w Send, span: Span, want: Want) -> Value {
        let class = match receiver.ty {
            Type::Never => {
                for &argument in &send.arguments {
                    self.skim(argument);
                }
                return Value::Expr(receiver);
            }
            Type::Void => return Value::Expr(self.expect_expr(Value::Expr(receiver), span)),
            Type::Word(class) | Type::Struct(class) => Some(class),
            ty => unit_of(ty),
        };
        if let Some(class) = class
            && let Some(method) = self.world.lookup(class, false, send.selector)
            && !self.is_image_side(method)
        {
            self.check_visible(method, class, send.selector_span());
            return Value::Expr(self.call(class, method, Some(receiver), send, span, want));
        }
        Value::Expr(self.builtin(receiver, send, span, want))
    }

    /// Types an argument of a message whose receiver is wrong, or leaves, for the errors in it.
    fn skim(&mut self, argument: ExprId) {
        let kind = &self.node(argument).kind;
        if !matches!(kind, ast::ExprKind::Block(_) | ast::ExprKind::BraceArray(_)) {
            self.expression(argument, Want::Any);
        }
    }

    pub(super) fn not_understood(
        &mut self,
        receiver: String,
        class: ClassId,
        class_side: bool,
        send: &'w Send,
    ) -> Expr {
        let selector = self.text(send.selector);
        let error = Diagnostic::error(
            codes::NOT_UNDERSTOOD,
            format!("{receiver} does not understand {selector}"),
        );
        let error = error.primary(send.selector_span(), "");
        let hint = self
            .selector_hint(class, class_side, selector)
            .unwrap_or_else(|| {
                format!(
                    "correct the selector, or add the method to {}",
                    self.class_name(class)
                )
            });
        self.fail(error.hint(hint))
    }

    fn selector_hint(&self, class: ClassId, class_side: bool, selector: &str) -> Option<String> {
        let refused = match selector {
            "perform:" | "perform:with:" => {
                Some("there is no dynamic dispatch: use a function field or caseOf:")
            }
            "isNil" | "ifNil:" | "notNil" | "ifNotNil:" => {
                Some("isNull and notNull test a struct reference")
            }
            "halt" => Some("there is no debugger in the VM"),
            _ => None,
        };
        if let Some(hint) = refused {
            return Some(hint.to_owned());
        }
        let side = usize::from(class_side);
        let interned = self.inf.interner.lookup(selector);
        if interned.is_some_and(|known| self.world.lookup(class, class_side, known).is_some()) {
            let hint = match self.world.classes[class].kind {
                ClassKind::Constants => {
                    "messages to constants have no arguments: move the method to the class that needs it"
                }
                _ => "no superclass has the method: send it to self",
            };
            return Some(hint.to_owned());
        }
        let mut close: Vec<&str> = self
            .world
            .chain(class)
            .flat_map(|class| self.world.classes[class].methods[side].keys())
            .map(|&known| self.text(known))
            .filter(|known| crate::resolve::differ_little(known, selector))
            .collect();
        close.sort_unstable();
        if let Some(close) = close.first() {
            return Some(format!("did you mean {close}?"));
        }
        self.world.lookup(class, !class_side, interned?).map(|_| {
            let (here, there) = match class_side {
                true => ("class", "instance"),
                false => ("instance", "class"),
            };
            format!("it is understood on the {there} side, not on the {here} side")
        })
    }

    /// Calls a method, expands it, or does what it stands for.
    pub(super) fn call(
        &mut self,
        class: ClassId,
        method: SourceId,
        receiver: Option<Expr>,
        send: &'w Send,
        span: Span,
        want: Want,
    ) -> Expr {
        let info = &self.world.methods[method];
        self.inf.reach(method);
        if info.role.is_raw {
            self.raw_operation(method, send.selector_span());
        }
        let receiver =
            receiver.map(|receiver| self.settle_receiver(class, receiver, send.selector));
        if info.role.intrinsic.is_some() {
            return self.intrinsic(class, method, receiver, send, span);
        }
        if !info.role.handlers.is_empty() {
            return self.handler_called(method, send.selector_span());
        }
        if info.role.is_abstract {
            return self.abstract_reached(class, method, send.selector_span());
        }
        if info.signature.is_none() && !send.arguments.is_empty() {
            return self.signature_missing(method, send);
        }
        let takes_blocks = info
            .signature
            .as_ref()
            .is_some_and(|signature| signature.params.contains(&DeclaredType::Block));
        if takes_blocks {
            return self.expand(class, method, receiver, send, span, want);
        }
        let arguments = self.call_arguments(method, receiver, send);
        let id = self.inf.instance(class, method, Argument::None);
        let Some((result, range)) = self.result_of(id, send.selector_span()) else {
            return poison(span);
        };
        if want == Want::Effect && result != Type::Void {
            self.inf.ignored.push((id, span));
        }
        Expr {
            kind: ExprKind::Call(id, arguments),
            ty: result,
            range,
            span,
        }
    }

    /// The receiver as a value of the type that the method's `self` has.
    fn settle_receiver(&mut self, class: ClassId, receiver: Expr, selector: Symbol) -> Expr {
        match self.world.instance_type(class) {
            Some(ty) => self.coerce_expr(receiver, ty, Purpose::Receiver(selector), None),
            None => receiver,
        }
    }

    fn call_arguments(
        &mut self,
        method: SourceId,
        receiver: Option<Expr>,
        send: &'w Send,
    ) -> Vec<Expr> {
        let world = self.world;
        let signature = world.methods[method].signature.as_ref();
        let mut arguments: Vec<Expr> = receiver.into_iter().collect();
        for (number, &argument) in send.arguments.iter().enumerate() {
            let Some(DeclaredType::Value(ty)) =
                signature.and_then(|s| s.params.get(number).copied())
            else {
                continue;
            };
            let purpose = Purpose::Argument(number, send.selector);
            let declared = signature.map(|signature| signature.span);
            arguments.push(self.value_as(argument, ty, purpose, declared));
        }
        arguments
    }

    fn handler_called(&mut self, method: SourceId, span: Span) -> Expr {
        let place = self.world.methods[method].span;
        let message = format!(
            "{} is a handler, which is not called",
            self.inf.method_text(method)
        );
        self.fail(
            Diagnostic::error(codes::HANDLER_ONLY, message)
                .primary(span, "its end dispatches the next bytecode")
                .secondary(place, "a handler by its pragma")
                .hint("move what both do into a method of its own"),
        )
    }

    fn abstract_reached(&mut self, class: ClassId, method: SourceId, span: Span) -> Expr {
        let place = self.world.methods[method].span;
        let message = format!(
            "{} is abstract, and {} does not override it",
            self.inf.method_text(method),
            self.class_name(class)
        );
        self.fail(
            Diagnostic::error(codes::ABSTRACT_REACHED, message)
                .primary(span, "sent here")
                .secondary(place, "declared here")
                .hint("map the abstract component to the class that implements it, in the build description"),
        )
    }

    fn signature_missing(&mut self, method: SourceId, send: &'w Send) -> Expr {
        for &argument in &send.arguments {
            self.skim(argument);
        }
        let blocks = send
            .arguments
            .iter()
            .any(|&argument| matches!(self.node(argument).kind, ast::ExprKind::Block(_)));
        let place = self.world.methods[method].span;
        let text = self.inf.method_text(method);
        let (code, hint) = if blocks {
            (
                codes::SIGNATURE_MISSING_BLOCK,
                "a parameter that takes a block is declared #Block: <signature: #(#Block) returns: #Void>",
            )
        } else {
            (
                codes::NEEDS_SIGNATURE,
                "write <signature: #(…) returns: #…> with one type for each parameter",
            )
        };
        self.fail(
            Diagnostic::error(code, format!("{text} has parameters and no signature"))
                .primary(place, "declared here")
                .secondary(send.selector_span(), "sent here")
                .hint(hint),
        )
    }

    /// Result type and range of a method; infers it where it has no signature.
    pub(super) fn result_of(&mut self, id: MethodId, span: Span) -> Option<(Type, Option<Range>)> {
        match self.inf.result(id) {
            Ok(result) => Some(result),
            Err(place) => {
                let text = self.inf.instance_text(id);
                self.fail(
                    Diagnostic::error(
                        codes::NEEDS_SIGNATURE,
                        format!("the result of {text} depends on itself"),
                    )
                    .primary(place, "has no signature")
                    .secondary(span, "sent here while it is inferred")
                    .hint("write <signature: #() returns: #…>"),
                );
                None
            }
        }
    }

    pub(super) fn assertion(&mut self, send: &'w Send, span: Span) -> Expr {
        if let Some((place, what, hint)) = self.effect_within(self.node(send.arguments[0]).span) {
            let message = "an assertion's condition is evaluated in checked builds only";
            let error = Diagnostic::error(codes::ASSERTION_ACTS, message).primary(place, what);
            return self.fail(error.hint(hint));
        }
        let env = self.env.clone();
        let condition = self.value_as(
            send.arguments[0],
            Type::Boolean,
            Purpose::Argument(0, send.selector),
            None,
        );
        // What is asserted holds only in checked builds.
        self.env = env;
        plain(ExprKind::Assert(Box::new(condition)), Type::Void, span)
    }

    /// The first assignment or `^` that is written within a part of the method, what it does, and where it should stand.
    fn effect_within(&self, part: Span) -> Option<(Span, &'static str, &'static str)> {
        let assigned = ("assigns something", "assign in front of the assertion");
        let left = (
            "leaves the method",
            "let the condition answer a value on every path",
        );
        let mut found = Vec::new();
        for expr in self.exprs().values() {
            match &expr.kind {
                ast::ExprKind::Assignment { .. } => found.push((expr.span, assigned)),
                ast::ExprKind::Answer(_) => found.push((expr.span, left)),
                ast::ExprKind::Block(block) => {
                    let returns = block.statements.iter().filter(|statement| {
                        matches!(statement.kind, ast::StatementKind::Return(_))
                    });
                    found.extend(returns.map(|statement| (statement.span, left)));
                }
                _ => {}
            }
        }
        found.retain(|(span, _)| part.start <= span.start && span.end <= part.end);
        let (span, (what, hint)) = found.into_iter().min_by_key(|(span, _)| span.start)?;
        Some((span, what, hint))
    }
}
