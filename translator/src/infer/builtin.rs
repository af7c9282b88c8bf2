//! Messages that the translator knows, by the type of the receiver.

use crate::base::{Diagnostic, Span};
use crate::resolve::SourceId;
use crate::syntax::ast::{ExprId, Send};
use crate::typed::{ClassId, ClassKind, Comparison, Expr, ExprKind, FloatOp, IntType, Range, Type};

use super::body::{Body, constant, integer, nothing, plain, poison};
use super::codes;
use super::scope::{Purpose, Value, Want};

impl<'w> Body<'_, 'w> {
    /// A message that no method of the program answers.
    pub(super) fn builtin(
        &mut self,
        receiver: Expr,
        send: &'w Send,
        span: Span,
        want: Want,
    ) -> Expr {
        let selector = self.text(send.selector);
        match selector {
            "yourself" => return receiver,
            "assert:" => return self.assertion(send, span),
            _ => {}
        }
        let ty = receiver.ty;
        let result = match ty {
            Type::Int(_) => self.integer_message(receiver, selector, send, span, want),
            Type::Boolean => self.boolean_message(receiver, selector, send, span, want),
            Type::Float64 | Type::Float32 => self.float_message(receiver, selector, send, span),
            Type::Word(class) => self.word_message(receiver, class, selector, send, span),
            Type::Struct(class) => self.struct_message(receiver, class, selector, send, span),
            Type::String => self.string_message(receiver, selector, span),
            Type::Function(_) => self.function_message(receiver, selector, send, span),
            Type::Void | Type::Never => Some(poison(span)),
        };
        match result {
            Some(expr) => expr,
            None => self.builtin_not_understood(ty, send),
        }
    }

    fn builtin_not_understood(&mut self, ty: Type, send: &'w Send) -> Expr {
        let selector = self.text(send.selector);
        let class = match ty {
            Type::Word(class) | Type::Struct(class) => Some(class),
            ty => super::body::unit_of(ty),
        };
        let name = self.type_name(ty);
        if let Some(class) = class {
            return self.not_understood(name, class, false, send);
        }
        let hint = match (ty, selector) {
            (Type::Int(_), "/") => Some("// is the division of integers"),
            (Type::Int(_), "bits") => Some("an integer has no bits: it is its own value"),
            (Type::Boolean, "ifNil:" | "isNil") => Some("a Boolean is true or false"),
            _ => None,
        };
        let error = Diagnostic::error(
            codes::NOT_UNDERSTOOD,
            format!("{name} does not understand {selector}"),
        );
        let error = error.primary(send.selector_span(), "");
        self.fail(match hint {
            Some(hint) => error.hint(hint),
            None => error.hint(format!(
                "the messages of {name} are the closed list in language.md, *Messages that the translator knows*"
            )),
        })
    }

    /// Both operands of an identity comparison.
    fn identity(
        &mut self,
        receiver: Expr,
        selector: &str,
        send: &'w Send,
        span: Span,
    ) -> Option<Expr> {
        let comparison = match selector {
            "=" | "==" => Comparison::Eq,
            "~=" | "~~" => Comparison::Ne,
            _ => return None,
        };
        let purpose = Purpose::Argument(0, send.selector);
        let other = self.value_as(*send.arguments.first()?, receiver.ty, purpose, None);
        let kind = ExprKind::WordCompare(comparison, Box::new(receiver), Box::new(other));
        Some(plain(kind, Type::Boolean, span))
    }

    fn boolean_message(
        &mut self,
        receiver: Expr,
        selector: &str,
        send: &'w Send,
        span: Span,
        want: Want,
    ) -> Option<Expr> {
        let arguments = &send.arguments;
        let both = |kind: fn(Box<Expr>, Box<Expr>) -> ExprKind, a, b| {
            plain(kind(Box::new(a), Box::new(b)), Type::Boolean, span)
        };
        Some(match selector {
            "ifTrue:" => self.conditional(receiver, Some(arguments[0]), None, span, want),
            "ifFalse:" => self.conditional(receiver, None, Some(arguments[0]), span, want),
            "ifTrue:ifFalse:" => {
                self.conditional(receiver, Some(arguments[0]), Some(arguments[1]), span, want)
            }
            "ifFalse:ifTrue:" => {
                self.conditional(receiver, Some(arguments[1]), Some(arguments[0]), span, want)
            }
            "and:" | "or:" => self.shortcut(receiver, arguments[0], selector == "and:", span),
            "not" => match receiver.kind {
                ExprKind::Boolean(truth) => plain(ExprKind::Boolean(!truth), Type::Boolean, span),
                _ => plain(ExprKind::Not(Box::new(receiver)), Type::Boolean, span),
            },
            "asBit" => integer(
                ExprKind::BooleanToInt(Box::new(receiver)),
                IntType::INT64,
                Range { lo: 0, hi: 1 },
                span,
            ),
            "&" | "|" | "xor:" => {
                let other = self.value_as(
                    arguments[0],
                    Type::Boolean,
                    Purpose::Argument(0, send.selector),
                    None,
                );
                self.eager_boolean(receiver, selector, other, span, both)
            }
            _ => return self.identity(receiver, selector, send, span),
        })
    }

    /// `&`, `|`, `xor:`: both operands are evaluated.
    fn eager_boolean(
        &mut self,
        a: Expr,
        selector: &str,
        b: Expr,
        span: Span,
        both: impl Fn(fn(Box<Expr>, Box<Expr>) -> ExprKind, Expr, Expr) -> Expr,
    ) -> Expr {
        if selector == "xor:" {
            let kind = ExprKind::WordCompare(Comparison::Ne, Box::new(a), Box::new(b));
            return plain(kind, Type::Boolean, span);
        }
        let (mut sets, mut b) = (Vec::new(), b);
        let mut a = a;
        if super::expression::has_effect(&b) {
            let (set_a, read_a) = self.keep(a, "left", span);
            let place = b.span;
            let (set_b, read_b) = self.keep(b, "right", place);
            sets = vec![set_a, set_b];
            (a, b) = (read_a, read_b);
        }
        let kind = if selector == "&" {
            ExprKind::And
        } else {
            ExprKind::Or
        };
        sets.push(both(kind, a, b));
        super::body::sequence(sets, span)
    }

    /// `Float64` or `Float32` as the receiver of a message.
    pub(super) fn float_class(&self, receiver: ExprId) -> Option<Type> {
        let crate::syntax::ast::ExprKind::Variable(name) = self.node(receiver).kind else {
            return None;
        };
        match self.text(name) {
            "Float64" => Some(Type::Float64),
            "Float32" => Some(Type::Float32),
            _ => None,
        }
    }

    pub(super) fn float_class_message(&mut self, ty: Type, send: &'w Send, span: Span) -> Expr {
        if self.text(send.selector) != "fromBitPattern:" {
            return self.builtin_not_understood(ty, send);
        }
        let pattern = Type::Int(pattern_type(ty));
        let purpose = Purpose::Argument(0, send.selector);
        let pattern = self.value_as(send.arguments[0], pattern, purpose, None);
        plain(ExprKind::Reinterpret(Box::new(pattern)), ty, span)
    }

    fn float_message(
        &mut self,
        receiver: Expr,
        selector: &str,
        send: &'w Send,
        span: Span,
    ) -> Option<Expr> {
        let ty = receiver.ty;
        let binary = match selector {
            "+" => Some(FloatOp::Add),
            "-" => Some(FloatOp::Sub),
            "*" => Some(FloatOp::Mul),
            "/" => Some(FloatOp::Div),
            _ => None,
        };
        let comparison = comparison(selector);
        if binary.is_some() || comparison.is_some() {
            let purpose = Purpose::Argument(0, send.selector);
            let other = self.value_as(send.arguments[0], ty, purpose, None);
            return Some(match (binary, comparison) {
                (Some(op), _) => plain(
                    ExprKind::FloatOperation(op, vec![receiver, other]),
                    ty,
                    span,
                ),
                (None, Some(comparison)) => {
                    let (a, b) = (Box::new(receiver), Box::new(other));
                    plain(
                        ExprKind::FloatCompare(comparison, a, b),
                        Type::Boolean,
                        span,
                    )
                }
                (None, None) => poison(span),
            });
        }
        let unary = |op, receiver| plain(ExprKind::FloatOperation(op, vec![receiver]), ty, span);
        Some(match selector {
            "negated" => unary(FloatOp::Neg, receiver),
            "abs" => unary(FloatOp::Abs, receiver),
            "sqrt" => unary(FloatOp::Sqrt, receiver),
            "floor" => unary(FloatOp::Floor, receiver),
            "truncated" => plain(
                ExprKind::Truncated(Box::new(receiver)),
                Type::Int(IntType::INT64),
                span,
            ),
            "asFloat64" if ty == Type::Float64 => receiver,
            "asFloat32" if ty == Type::Float32 => receiver,
            "asFloat64" => plain(ExprKind::ToFloat(Box::new(receiver)), Type::Float64, span),
            "asFloat32" => plain(ExprKind::ToFloat(Box::new(receiver)), Type::Float32, span),
            "isNaN" => self.compare_with_itself(receiver, span),
            "isFinite" => self.is_finite(receiver, span),
            "bitPattern" => {
                let kind = ExprKind::Reinterpret(Box::new(receiver));
                plain(kind, Type::Int(pattern_type(ty)), span)
            }
            _ => return None,
        })
    }

    /// Not a number is what does not equal itself.
    fn compare_with_itself(&mut self, receiver: Expr, span: Span) -> Expr {
        let (set, read) = self.keep(receiver, "number", span);
        let kind = ExprKind::FloatCompare(Comparison::Ne, Box::new(read.clone()), Box::new(read));
        super::body::sequence(vec![set, plain(kind, Type::Boolean, span)], span)
    }

    /// The difference with itself is zero for finite numbers only.
    fn is_finite(&mut self, receiver: Expr, span: Span) -> Expr {
        let ty = receiver.ty;
        let (set, read) = self.keep(receiver, "number", span);
        let difference = ExprKind::FloatOperation(FloatOp::Sub, vec![read.clone(), read]);
        let zero = plain(ExprKind::Float(0.0_f64.to_bits()), ty, span);
        let kind = ExprKind::FloatCompare(
            Comparison::Eq,
            Box::new(plain(difference, ty, span)),
            Box::new(zero),
        );
        super::body::sequence(vec![set, plain(kind, Type::Boolean, span)], span)
    }

    /// The representation of a word: `bits` in its own methods, or sent in a raw package.
    pub(super) fn bits_of(&mut self, word: Expr, span: Span) -> Expr {
        let class = match word.ty {
            Type::Word(class) => Some(class),
            ty => super::body::unit_of(ty),
        };
        let Some(bits) = class.and_then(|class| self.world.classes[class].bits) else {
            return poison(span);
        };
        let word = self.settle(word, None);
        let range = word.range.unwrap_or(bits.range());
        integer(ExprKind::Reinterpret(Box::new(word)), bits, range, span)
    }

    /// Counts a raw conversion and reports it outside of the raw packages.
    pub(super) fn raw_conversion(&mut self, what: &str, span: Span) {
        let package = self.world.methods[self.home().method].package;
        if self.world.packages[package].raw {
            self.inf.raw_conversions.insert((span.file, span.start));
            return;
        }
        let error = Diagnostic::error(
            codes::RAW_CONVERSION,
            format!("{what} is understood in raw packages only"),
        );
        self.report(
            error
                .primary(span, "")
                .hint("use a method of the word, or add one in a lower package"),
        );
    }

    /// Counts a message to a method that is a raw operation, and reports it outside of the raw packages.
    pub(super) fn raw_operation(&mut self, method: SourceId, span: Span) {
        let user = self.world.methods[self.home().method].package;
        if self.world.packages[user].raw {
            self.inf.raw_operations.insert((span.file, span.start));
            return;
        }
        let info = &self.world.methods[method];
        let message = format!(
            "{} is an operation of raw packages, which {} is not",
            self.inf.method_text(method),
            self.world.packages[user].name
        );
        let error = Diagnostic::error(codes::RAW_CONVERSION, message)
            .primary(span, "")
            .secondary(info.span, "declared raw here");
        self.report(error.hint(
            "name what is meant in a lower package: a field of a struct, an element of a range, a limit",
        ));
    }

    fn word_message(
        &mut self,
        receiver: Expr,
        _class: ClassId,
        selector: &str,
        send: &'w Send,
        span: Span,
    ) -> Option<Expr> {
        if selector == "bits" {
            self.raw_conversion("bits", send.selector_span());
            return Some(self.bits_of(receiver, span));
        }
        self.identity(receiver, selector, send, span)
    }

    fn address_type(&self) -> Type {
        self.world
            .address
            .map_or(Type::Int(IntType::UINT64), Type::Word)
    }

    fn struct_message(
        &mut self,
        receiver: Expr,
        class: ClassId,
        selector: &str,
        send: &'w Send,
        span: Span,
    ) -> Option<Expr> {
        let comparison = match selector {
            "isNull" => Comparison::Eq,
            "notNull" => Comparison::Ne,
            "asAddress" => {
                let address = self.address_type();
                return Some(plain(
                    ExprKind::Reinterpret(Box::new(receiver)),
                    address,
                    span,
                ));
            }
            "addressOf:" => return Some(self.field_address(receiver, class, send, span)),
            _ => return self.identity(receiver, selector, send, span),
        };
        let null = plain(ExprKind::Int(0), receiver.ty, span);
        let kind = ExprKind::WordCompare(comparison, Box::new(receiver), Box::new(null));
        Some(plain(kind, Type::Boolean, span))
    }

    /// Where a field of a struct is.
    fn field_address(&mut self, base: Expr, class: ClassId, send: &'w Send, span: Span) -> Expr {
        let Some(offset) = self.field_offset(class, send) else {
            return poison(span);
        };
        let kind = ExprKind::Address {
            base: Box::new(base),
            index: None,
            scale: 1,
            offset,
        };
        plain(kind, self.address_type(), span)
    }

    /// The offset of the field that a symbol names.
    fn field_offset(&mut self, class: ClassId, send: &'w Send) -> Option<i64> {
        let argument = send.arguments[0];
        let place = self.node(argument).span;
        let Value::Symbol(field, _) = self.expression(argument, Want::Value) else {
            let selector = self.text(send.selector);
            let message = format!("{selector} takes the name of a field as a symbol");
            let error = Diagnostic::error(codes::MISMATCH, message).primary(place, "");
            self.report(error.hint(format!("write {selector} #field")));
            return None;
        };
        self.inf.facts.field_offset(class, field, place)
    }

    fn string_message(&mut self, receiver: Expr, selector: &str, span: Span) -> Option<Expr> {
        use crate::typed::{AliasClass, MemoryType};
        match selector {
            "size" => {
                let count = self
                    .inf
                    .interner
                    .lookup("ByteCount")
                    .and_then(|name| self.world.class_names.get(&name).copied())
                    .and_then(|class| self.unit_type(class))
                    .unwrap_or(IntType::INT64);
                let load = ExprKind::Load {
                    memory: MemoryType::Int {
                        bits: 64,
                        signed: false,
                    },
                    base: Box::new(receiver),
                    index: None,
                    scale: 1,
                    offset: 0,
                    alias: AliasClass::ReadOnly,
                };
                let limit = (1 << 47) - 1;
                let range = Range { lo: 0, hi: limit };
                Some(integer(
                    load,
                    count,
                    super::range::intersect(range, count.range()),
                    span,
                ))
            }
            "asAddress" => {
                let address = self.address_type();
                let start = ExprKind::Address {
                    base: Box::new(receiver),
                    index: None,
                    scale: 1,
                    offset: 8,
                };
                Some(plain(start, address, span))
            }
            _ => None,
        }
    }

    fn function_message(
        &mut self,
        receiver: Expr,
        selector: &str,
        send: &'w Send,
        span: Span,
    ) -> Option<Expr> {
        let Type::Function(id) = receiver.ty else {
            return None;
        };
        match selector {
            "value"
            | "value:"
            | "value:value:"
            | "value:value:value:"
            | "value:value:value:value:" => {}
            "asAddress" => {
                let address = self.address_type();
                return Some(plain(
                    ExprKind::Reinterpret(Box::new(receiver)),
                    address,
                    span,
                ));
            }
            _ => return self.identity(receiver, selector, send, span),
        }
        let function = self.world.function_types.types[id].clone();
        if function.params.len() != send.arguments.len() {
            let message = format!(
                "the function takes {} arguments and gets {}",
                function.params.len(),
                send.arguments.len()
            );
            return Some(
                self.fail(
                    Diagnostic::error(codes::BLOCK_ARGUMENTS, message)
                        .primary(send.selector_span(), self.type_name(Type::Function(id)))
                        .hint("pass as many arguments as the type of the function has, by value, value: …"),
                ),
            );
        }
        let mut arguments = Vec::with_capacity(function.params.len());
        for (number, (&argument, &ty)) in send.arguments.iter().zip(&function.params).enumerate() {
            let purpose = Purpose::Argument(number, send.selector);
            arguments.push(self.value_as(argument, ty, purpose, None));
        }
        let call = ExprKind::CallFunction(Box::new(receiver), arguments);
        Some(plain(call, function.result, span))
    }

    /// What the translator knows of classes.
    pub(super) fn class_builtin(
        &mut self,
        class: ClassId,
        send: &'w Send,
        span: Span,
    ) -> Option<Expr> {
        let selector = self.text(send.selector);
        let info = &self.world.classes[class];
        match (info.kind, selector) {
            (ClassKind::Word, "fromInteger:") if info.is_count => {
                let unit = self.unit_type(class)?;
                let plain_type = IntType { unit: None, ..unit };
                let purpose = Purpose::Argument(0, send.selector);
                let value = self.value_as(send.arguments[0], Type::Int(plain_type), purpose, None);
                Some(retype(value, Type::Int(unit), span))
            }
            (ClassKind::Word, "fromBits:") => {
                self.raw_conversion("fromBits:", send.selector_span());
                let bits = info.bits?;
                let purpose = Purpose::Argument(0, send.selector);
                let value = self.value_as(send.arguments[0], Type::Int(bits), purpose, None);
                Some(retype(value, self.world.instance_type(class)?, span))
            }
            (ClassKind::Struct, "null") => Some(plain(ExprKind::Int(0), Type::Struct(class), span)),
            (ClassKind::Struct, "at:") => {
                let address = self.address_type();
                let purpose = Purpose::Argument(0, send.selector);
                let value = self.value_as(send.arguments[0], address, purpose, None);
                Some(retype(value, Type::Struct(class), span))
            }
            (ClassKind::Struct, "byteSize") => {
                let size = self.inf.facts.struct_layout(class)?.size;
                Some(constant(i128::from(size), span))
            }
            (ClassKind::Struct, "offsetOf:") => {
                let offset = self.field_offset(class, send);
                Some(
                    offset
                        .map_or_else(|| poison(span), |offset| constant(i128::from(offset), span)),
                )
            }
            (_, "assert:") => Some(self.assertion(send, span)),
            (_, "yourself") => Some(nothing(span)),
            _ => None,
        }
    }
}

/// The integer type of a float's bits.
fn pattern_type(float: Type) -> IntType {
    IntType {
        signed: false,
        bits: if float == Type::Float64 { 64 } else { 32 },
        unit: None,
    }
}

/// The same bits as another type.
pub(super) fn retype(value: Expr, ty: Type, span: Span) -> Expr {
    if value.ty == Type::Never {
        return value;
    }
    let range = match ty {
        Type::Int(_) => value.range,
        _ => None,
    };
    let kind = match value.kind {
        ExprKind::Int(constant) => ExprKind::Int(constant),
        _ => ExprKind::Reinterpret(Box::new(value)),
    };
    Expr {
        kind,
        ty,
        range,
        span,
    }
}

/// The comparison that a selector means.
pub(super) fn comparison(selector: &str) -> Option<Comparison> {
    Some(match selector {
        "=" | "==" => Comparison::Eq,
        "~=" | "~~" => Comparison::Ne,
        "<" => Comparison::Lt,
        "<=" => Comparison::Le,
        ">" => Comparison::Gt,
        ">=" => Comparison::Ge,
        _ => return None,
    })
}
