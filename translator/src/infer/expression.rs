//! Expressions: literals, names, cascades, statements; messages go on to [`send`](super::send), assignments to [`assignment`](super::assignment).

use crate::base::{Diagnostic, Span, Symbol};
use crate::resolve::FieldKind;
use crate::syntax::ast::{self, ExprId, Literal, PseudoVariable, Statement, StatementKind};
use crate::typed::{AliasClass, ClassId, Expr, ExprKind, Type};

use super::body::{Body, constant, nothing, plain, poison, sequence};
use super::codes;
use super::scope::{ArrayBase, ArrayPlace, Binding, Closure, Purpose, SelfValue, Value, Want};

impl<'w> Body<'_, 'w> {
    /// An expression that must have a value.
    pub(super) fn value(&mut self, id: ExprId) -> Expr {
        let value = self.expression(id, Want::Value);
        self.expect_expr(value, self.node(id).span)
    }

    /// An expression as one of type `target`.
    pub(super) fn value_as(
        &mut self,
        id: ExprId,
        target: Type,
        purpose: Purpose,
        declared: Option<Span>,
    ) -> Expr {
        let value = self.expression(id, Want::Value);
        self.coerce(value, target, purpose, self.node(id).span, declared)
    }

    /// An expression as an integer without a final form: pending operations are left to the user.
    pub(super) fn expression(&mut self, id: ExprId, want: Want) -> Value {
        let node = self.node(id);
        let span = node.span;
        match &node.kind {
            ast::ExprKind::Literal(literal) => self.literal(literal, span),
            ast::ExprKind::Variable(name) => self.variable(*name, span),
            ast::ExprKind::Pseudo(pseudo) => self.pseudo(*pseudo, span),
            ast::ExprKind::Assignment { target, value } => {
                Value::Expr(self.assignment(*target, *value, span, want))
            }
            ast::ExprKind::Send(send) => self.send(send, span, want),
            ast::ExprKind::Cascade { receiver, messages } => {
                Value::Expr(self.cascade(*receiver, messages, span, want))
            }
            ast::ExprKind::Block(block) => {
                let closure = Closure {
                    block,
                    scope: self.scope,
                    span,
                };
                Value::Closure(self.closures.push(closure))
            }
            ast::ExprKind::BraceArray(_) => Value::Expr(self.refused(
                span,
                "an array made at run time",
                "braces stand only behind caseOf:",
            )),
            ast::ExprKind::Answer(_) => Value::Expr(self.refused(
                span,
                "a return inside of an array",
                "return in a statement of its own",
            )),
            ast::ExprKind::Error => Value::Expr(poison(span)),
        }
    }

    pub(super) fn refused(&mut self, span: Span, what: &str, hint: &str) -> Expr {
        self.fail(
            Diagnostic::error(codes::REFUSED, format!("{what} has no place in Slang"))
                .primary(span, "")
                .hint(hint),
        )
    }

    fn literal(&mut self, literal: &Literal, span: Span) -> Value {
        let expr = match literal {
            Literal::Integer(value) => {
                match value.to_i128().filter(|v| v.unsigned_abs() < 1 << 120) {
                    Some(value) => constant(value, span),
                    None => self.fail(
                        Diagnostic::error(codes::RANGE, "this literal is too large")
                            .primary(span, "")
                            .hint("machine integers have 64 bits at most"),
                    ),
                }
            }
            Literal::Character(character) => constant(i128::from(u32::from(*character)), span),
            Literal::Float(value) if value.is_infinite() => self.fail(infinite_literal(span)),
            Literal::Float(value) => plain(ExprKind::Float(value.to_bits()), Type::Float64, span),
            Literal::Boolean(value) => plain(ExprKind::Boolean(*value), Type::Boolean, span),
            Literal::String(text) => {
                let id = self.inf.string(text.as_bytes());
                plain(ExprKind::String(id), Type::String, span)
            }
            Literal::Symbol(symbol) => return Value::Symbol(*symbol, span),
            Literal::Nil => self.refused(
                span,
                "nil",
                "a struct reference without a target is TheStruct null, and isNull tests for it",
            ),
            Literal::Fraction(..) | Literal::ScaledDecimal(_) => {
                self.refused(span, "a fraction", "write a float")
            }
            Literal::ByteArray(_) | Literal::FloatArray(_) | Literal::Array(_) => self.refused(
                span,
                "a literal array",
                "write a string, or a TypedArray field that is filled at the start",
            ),
        };
        Value::Expr(expr)
    }

    fn pseudo(&mut self, pseudo: PseudoVariable, span: Span) -> Value {
        match pseudo {
            PseudoVariable::SelfReference => match self.home().self_value {
                SelfValue::Component => Value::OwnComponent,
                SelfValue::ClassSide => Value::Class(self.home().class),
                SelfValue::Local(local) => Value::Expr(self.read_local(local, span)),
            },
            PseudoVariable::Super => Value::Super,
            PseudoVariable::ThisContext | PseudoVariable::ThisProcess => {
                Value::Expr(self.refused(span, pseudo.name(), "the VM's own stack is not reified"))
            }
        }
    }

    /// What a name stands for: a local, a field, a class.
    fn variable(&mut self, name: Symbol, span: Span) -> Value {
        match self.lookup_name(self.scope, name) {
            Some(Binding::Local(local) | Binding::Fixed(local)) => {
                return Value::Expr(self.checked_read(local, name, span));
            }
            Some(Binding::Constant(value)) => return Value::Expr(constant(value, span)),
            Some(Binding::Closure(closure)) => return Value::Closure(closure),
            None => {}
        }
        if let Some(value) = self.field(name, span) {
            return value;
        }
        if let Some(&class) = self.world.class_names.get(&name) {
            self.check_class_layer(class, span);
            return Value::Class(class);
        }
        Value::Expr(self.unknown_name(name, span))
    }

    fn checked_read(&mut self, local: crate::typed::LocalId, name: Symbol, span: Span) -> Expr {
        if self.env.is_assigned(local) {
            return self.read_local(local, span);
        }
        if !self.env.reachable {
            return poison(span);
        }
        let declared = self.locals[local].span;
        self.fail(
            Diagnostic::error(
                codes::UNASSIGNED,
                format!(
                    "{} is read before it is assigned on some path",
                    self.text(name)
                ),
            )
            .primary(span, "read here")
            .secondary(declared, "declared here")
            .hint("assign it before the paths part, or on each of them"),
        )
    }

    pub(super) fn unknown_name(&mut self, name: Symbol, span: Span) -> Expr {
        let text = self.text(name);
        let error = Diagnostic::error(codes::UNKNOWN_NAME, format!("unknown name {text}"))
            .primary(span, "");
        self.fail(match self.similar_name(text) {
            Some(close) => error.hint(format!("did you mean {close}?")),
            None => error.hint(
                "declare a temporary or a field, or name a class of this package or a lower one",
            ),
        })
    }

    fn similar_name(&self, text: &str) -> Option<&'w str> {
        let mut scope = Some(self.scope);
        while let Some(id) = scope {
            let names = self.scopes[id]
                .names
                .iter()
                .map(|(name, _)| self.text(*name));
            if let Some(close) = names
                .into_iter()
                .find(|n| crate::resolve::differ_little(n, text))
            {
                return Some(close);
            }
            scope = self.scopes[id].parent;
        }
        let fields = self.world.chain(self.home().class).flat_map(|class| {
            let fields = &self.world.classes[class].fields;
            fields.iter().map(|field| self.text(field.name))
        });
        let classes = self
            .world
            .classes
            .values()
            .map(|class| self.text(class.name));
        fields
            .chain(classes)
            .find(|name| crate::resolve::differ_little(name, text))
    }

    /// A field of `self`.
    pub(super) fn field(&mut self, name: Symbol, span: Span) -> Option<Value> {
        let (class, self_value) = (self.home().class, self.home().self_value);
        let world = self.world;
        let (_, field) = world.field(class, name)?;
        match self_value {
            SelfValue::ClassSide => None,
            SelfValue::Component => Some(self.state_field(class, name, &field.kind, span)),
            SelfValue::Local(local) => {
                let base = self.read_local(local, span);
                Some(match base.ty {
                    Type::Struct(_) => self.struct_field(class, name, base, span),
                    _ => Value::Expr(self.bits_of(base, span)),
                })
            }
        }
    }

    fn state_field(&mut self, class: ClassId, name: Symbol, kind: &FieldKind, span: Span) -> Value {
        match kind {
            FieldKind::Component(component) => Value::Component(*component),
            FieldKind::Table(spec) => match self.inf.tables_by_field.get(&(class, name)) {
                Some(&table) => Value::Table(table, spec.clone()),
                None => Value::Expr(poison(span)),
            },
            _ => match self.inf.state_by_field.get(&(class, name)).copied() {
                None => Value::Expr(poison(span)),
                Some(id) => {
                    let state = &self.inf.state[id];
                    let (ty, memory, count) = (state.ty, state.memory, state.count);
                    match count {
                        None => Value::Expr(plain(ExprKind::State(id), ty, span)),
                        Some(count) => Value::Array(Box::new(ArrayPlace {
                            base: ArrayBase::State(id),
                            ty,
                            memory,
                            count,
                            element_size: state.size / count.max(1),
                            alias: AliasClass::State(id),
                        })),
                    }
                }
            },
        }
    }

    pub(super) fn struct_field(
        &mut self,
        class: ClassId,
        name: Symbol,
        base: Expr,
        span: Span,
    ) -> Value {
        let Some(layout) = self.inf.facts.struct_layout(class) else {
            return Value::Expr(poison(span));
        };
        let Some(place) = layout.names.iter().position(|&field| field == name) else {
            return Value::Expr(poison(span));
        };
        let field = &layout.fields[place];
        let (ty, offset, alias) = (field.ty, field.offset, layout.alias[place]);
        match (field.count, field.memory) {
            (Some(count), memory) => Value::Array(Box::new(ArrayPlace {
                base: ArrayBase::Struct(base, offset),
                ty,
                memory,
                count,
                element_size: field.size / count.max(1),
                alias,
            })),
            (None, Some(memory)) => {
                let load = ExprKind::Load {
                    memory,
                    base: Box::new(base),
                    index: None,
                    scale: 1,
                    offset,
                    alias,
                };
                Value::Expr(plain(load, ty, span))
            }
            (None, None) => Value::Expr(poison(span)),
        }
    }

    /// Evaluates once what is used several times: the assignment to a fresh local, and a read of it.
    pub(super) fn keep(&mut self, value: Expr, name: &str, span: Span) -> (Expr, Expr) {
        let local = self.declare_typed(name, span, value.ty);
        self.env.assign(local, value.range);
        let ty = value.ty;
        let range = value.range;
        let set = Expr {
            kind: ExprKind::SetLocal(local, Box::new(value)),
            ty,
            range,
            span,
        };
        (set, self.read_local(local, span))
    }

    /// `receiver first; second`.
    fn cascade(
        &mut self,
        receiver: ExprId,
        messages: &'w [ExprId],
        span: Span,
        want: Want,
    ) -> Expr {
        let receiver_span = self.node(receiver).span;
        let value = self.expression(receiver, Want::Value);
        let (mut all, read) = match value {
            Value::Expr(expr) if !matches!(expr.ty, Type::Never | Type::Void) => {
                let expr = self.settle(expr, None);
                let (set, read) = self.keep(expr, "receiver", receiver_span);
                (vec![set], Some(read))
            }
            Value::Expr(expr) if expr.ty == Type::Void => {
                return self.expect_expr(Value::Expr(expr), receiver_span);
            }
            _ => (Vec::new(), None),
        };
        let last = messages.len().saturating_sub(1);
        for (number, &message) in messages.iter().enumerate() {
            let node = self.node(message);
            let ast::ExprKind::Send(send) = &node.kind else {
                continue;
            };
            let value = match &read {
                Some(read) => Value::Expr(read.clone()),
                None => self.expression(receiver, Want::Value),
            };
            let want = if number == last { want } else { Want::Effect };
            let result = self.send_to(value, send, node.span, want);
            all.push(match result {
                Value::Expr(expr) => expr,
                _ if want == Want::Effect => nothing(node.span),
                other => self.expect_expr(other, node.span),
            });
        }
        sequence(all, span)
    }

    /// Statements in order; the value is that of the last one.
    pub(super) fn statements(
        &mut self,
        statements: &'w [Statement],
        want: Want,
        span: Span,
    ) -> Expr {
        let mut all = Vec::with_capacity(statements.len());
        let last = statements.len().saturating_sub(1);
        for (number, statement) in statements.iter().enumerate() {
            let want = if number == last { want } else { Want::Effect };
            // What follows a decided return in a handler for one opcode belongs to other opcodes.
            if self.specialised && !self.env.reachable {
                break;
            }
            let expr = match statement.kind {
                StatementKind::Return(value) => self.answer(value, statement.span),
                StatementKind::Expression(value) => self.statement(value, want),
            };
            all.push(expr);
        }
        if want == Want::Value && statements.is_empty() {
            return self.fail(
                Diagnostic::error(codes::NO_VALUE, "an empty block has no value")
                    .primary(span, "")
                    .hint("write the value into the block, or do not use it"),
            );
        }
        let mut whole = sequence(all, span);
        if !self.env.reachable {
            whole.ty = Type::Never;
            whole.range = None;
        }
        whole
    }

    fn statement(&mut self, id: ExprId, want: Want) -> Expr {
        let span = self.node(id).span;
        let value = self.expression(id, want);
        match (value, want) {
            (Value::Expr(expr), Want::Effect) => {
                let expr = self.settle(expr, None);
                self.check_used(&expr);
                expr
            }
            (Value::Expr(expr), Want::Any) => expr,
            (other, Want::Value) => self.expect_expr(other, span),
            (Value::OwnComponent, _) => nothing(span),
            (other, _) => self.expect_expr(other, span),
        }
    }

    /// Reports a value that is dropped although computing it does nothing else.
    fn check_used(&mut self, expr: &Expr) {
        if matches!(expr.ty, Type::Void | Type::Never) || has_effect(expr) {
            return;
        }
        self.report(
            Diagnostic::error(
                codes::UNUSED_VALUE,
                "this does nothing and its value is not used",
            )
            .primary(expr.span, "")
            .hint("use the value, or remove the statement"),
        );
    }

    /// Reports the use of a class above the package of the text.
    pub(super) fn check_class_layer(&mut self, class: ClassId, span: Span) {
        let from = self.world.methods[self.home().method].package;
        let info = &self.world.classes[class];
        if info.package <= from {
            return;
        }
        let message = format!(
            "{} uses {} of the higher package {}",
            self.world.packages[from].name,
            self.text(info.name),
            self.world.packages[info.package].name
        );
        let error = Diagnostic::error(codes::LAYER, message)
            .primary(span, "")
            .secondary(info.span, "defined here")
            .hint("declare an abstract component in the lower package and map it in the build description");
        self.report(error);
    }
}

/// A float whose digits lie beyond all floats: images know it as infinity.
pub(super) fn infinite_literal(span: Span) -> Diagnostic {
    Diagnostic::error(codes::RANGE, "this literal is too large")
        .primary(span, "")
        .hint("the greatest finite Float64 is about 1.8e308")
}

/// Whether evaluating does more than answer a value.
pub(super) fn has_effect(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::SetLocal(..)
        | ExprKind::SetState(..)
        | ExprKind::Store { .. }
        | ExprKind::Call(..)
        | ExprKind::CallFunction(..)
        | ExprKind::Intrinsic(..)
        | ExprKind::Exit(..)
        | ExprKind::Return(..)
        | ExprKind::Loop(..)
        | ExprKind::For { .. }
        | ExprKind::Assert(..) => true,
        ExprKind::Load { alias, .. } if *alias == AliasClass::Volatile => true,
        _ => {
            let mut found = false;
            expr.for_each_child(&mut |child| found = found || has_effect(child));
            found
        }
    }
}
