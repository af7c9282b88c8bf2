//! Constants: unary class-side methods of `VMConstants` classes, evaluated with exact integers.

use super::codes;
use super::facts::Facts;
use super::range;
use crate::base::{Diagnostic, Span, Symbol};
use crate::resolve::SourceId;
use crate::syntax::ast::{ExprId, ExprKind, Exprs, Literal, PseudoVariable, Send, StatementKind};
use crate::typed::{ClassId, ClassKind, Constant};

/// What a constant's expression sees.
#[derive(Clone, Copy)]
struct Place<'w> {
    class: ClassId,
    exprs: &'w Exprs,
}

impl<'w> Facts<'w> {
    /// The value of a constant; `None` after an error was reported.
    pub(super) fn constant(&mut self, class: ClassId, selector: Symbol) -> Option<Constant> {
        let method = self.world.lookup(class, true, selector)?;
        if let Some(known) = self.constants.get(&(class, method)) {
            return known.clone();
        }
        let span = self.world.methods[method].span;
        if self.active.contains(&(class, method)) {
            let mut error = Diagnostic::error(
                codes::CYCLIC_CONSTANT,
                format!("the constant {} depends on itself", self.text(selector)),
            )
            .primary(span, "");
            let circle = self
                .active
                .iter()
                .skip_while(|&&known| known != (class, method));
            for &(_, through) in circle.skip(1) {
                error = error.secondary(self.world.methods[through].span, "by way of this one");
            }
            self.report(error.hint("one constant of the circle must be written with literals"));
            return None;
        }
        self.active.push((class, method));
        let value = self.constant_body(class, method);
        self.active.pop();
        self.constants.insert((class, method), value.clone());
        value
    }

    fn constant_body(&mut self, class: ClassId, method: SourceId) -> Option<Constant> {
        let tree = self.world.tree(method);
        let place = Place {
            class,
            exprs: &tree.exprs,
        };
        if let ([statement], true) = (&tree.statements[..], tree.params.is_empty())
            && let StatementKind::Return(value) = statement.kind
        {
            return self.evaluate(place, value);
        }
        let text = self.text(tree.selector).to_owned();
        self.report(
            Diagnostic::error(
                codes::BAD_CONSTANT,
                format!("{text} is not a constant: its body is not one answer"),
            )
            .primary(tree.pattern_span, "")
            .hint("write the body as ^ expression"),
        );
        None
    }

    /// What may be meant by a constant that the class does not have.
    fn similar_constant(&self, class: ClassId, selector: &str) -> String {
        let mut known: Vec<&str> = self
            .world
            .chain(class)
            .flat_map(|class| self.world.classes[class].methods[1].keys())
            .map(|&known| self.text(known))
            .collect();
        known.sort_unstable();
        let close = known
            .iter()
            .find(|known| crate::resolve::differ_little(known, selector));
        match close {
            Some(close) => format!("did you mean {close}?"),
            None => "define it on the class side: ^ expression".to_owned(),
        }
    }

    fn not_constant(&mut self, span: Span) -> Option<Constant> {
        self.report(
            Diagnostic::error(codes::BAD_CONSTANT, "this is no constant expression")
                .primary(span, "")
                .hint("a constant is built from literals, constants, integer messages, byteSize and offsetOf:"),
        );
        None
    }

    fn evaluate(&mut self, place: Place<'w>, expr: ExprId) -> Option<Constant> {
        let node = &place.exprs[expr];
        match &node.kind {
            ExprKind::Literal(Literal::Float(value)) if value.is_infinite() => {
                self.report(super::expression::infinite_literal(node.span));
                None
            }
            ExprKind::Literal(literal) => match constant_literal(literal) {
                Some(value) => Some(value),
                None => self.not_constant(node.span),
            },
            ExprKind::Send(send) => self.evaluate_send(place, send, node.span),
            ExprKind::Error => None,
            _ => self.not_constant(node.span),
        }
    }

    fn evaluate_send(&mut self, place: Place<'w>, send: &'w Send, span: Span) -> Option<Constant> {
        let receiver = &place.exprs[send.receiver];
        match &receiver.kind {
            ExprKind::Variable(name) => {
                let Some(&class) = self.world.class_names.get(name) else {
                    let message = format!("unknown class {}", self.text(*name));
                    self.report(
                        Diagnostic::error(codes::UNKNOWN_NAME, message)
                            .primary(receiver.span, "")
                            .hint(
                                "a constant uses constants classes of the same or a lower package",
                            ),
                    );
                    return None;
                };
                self.check_layer(place.class, class, receiver.span);
                self.class_constant(place, class, send, span)
            }
            ExprKind::Pseudo(PseudoVariable::SelfReference) => {
                self.class_constant(place, place.class, send, span)
            }
            _ => self.evaluate_message(place, send, span),
        }
    }

    fn check_layer(&mut self, from: ClassId, class: ClassId, span: Span) {
        let (user, used) = (&self.world.classes[from], &self.world.classes[class]);
        if used.package > user.package {
            let message = format!(
                "{} uses {} of the higher package {}",
                self.world.packages[user.package].name,
                self.text(used.name),
                self.world.packages[used.package].name
            );
            let error = Diagnostic::error(codes::LAYER, message)
                .primary(span, "")
                .secondary(used.span, "defined here");
            self.report(error.hint("move the constant that is used down, or this one up"));
        }
    }

    /// A unary message to a constants class, or a question to a struct class.
    fn class_constant(
        &mut self,
        place: Place<'w>,
        class: ClassId,
        send: &'w Send,
        span: Span,
    ) -> Option<Constant> {
        let selector = self.text(send.selector);
        match (self.world.classes[class].kind, selector) {
            (ClassKind::Struct, "byteSize") => {
                let layout = self.struct_layout(class)?;
                Some(Constant::Int(i128::from(layout.size)))
            }
            (ClassKind::Struct, "offsetOf:") => {
                let argument = &place.exprs[*send.arguments.first()?];
                let ExprKind::Literal(Literal::Symbol(field)) = argument.kind else {
                    return self.not_constant(argument.span);
                };
                let offset = self.field_offset(class, field, argument.span)?;
                Some(Constant::Int(i128::from(offset)))
            }
            (ClassKind::Constants, _) if send.arguments.is_empty() => {
                if self.world.lookup(class, true, send.selector).is_none() {
                    let message = format!(
                        "{} has no constant {selector}",
                        self.text(self.world.classes[class].name)
                    );
                    let error = Diagnostic::error(codes::NOT_UNDERSTOOD, message)
                        .primary(send.selector_span(), "");
                    let hint = self.similar_constant(class, selector);
                    self.report(error.hint(hint));
                    return None;
                }
                self.constant(class, send.selector)
            }
            _ => self.not_constant(span),
        }
    }

    fn evaluate_message(
        &mut self,
        place: Place<'w>,
        send: &'w Send,
        span: Span,
    ) -> Option<Constant> {
        let receiver = self.evaluate(place, send.receiver)?;
        let selector = self.text(send.selector);
        if let (Constant::Boolean(truth), "ifTrue:ifFalse:" | "ifFalse:ifTrue:") =
            (&receiver, selector)
        {
            let first = *truth == selector.starts_with("ifTrue");
            return self.evaluate_block(place, send.arguments[usize::from(!first)]);
        }
        if let (Constant::Boolean(truth), "and:" | "or:") = (&receiver, selector) {
            if *truth == (selector == "or:") {
                return Some(receiver);
            }
            return self.evaluate_block(place, send.arguments[0]);
        }
        let mut arguments = Vec::with_capacity(1);
        for &argument in &send.arguments {
            arguments.push(self.evaluate(place, argument)?);
        }
        let result = match (&receiver, &arguments[..]) {
            (Constant::Int(a), []) => int_unary(selector, *a),
            (Constant::Int(a), [Constant::Int(b)]) => int_binary(selector, *a, *b),
            (Constant::Float(a), [Constant::Float(b)]) => float_binary(selector, *a, *b),
            (Constant::Float(a), []) if selector == "negated" => Some(Constant::Float(-a)),
            (Constant::Boolean(a), []) if selector == "not" => Some(Constant::Boolean(!a)),
            _ => None,
        };
        match result {
            Some(value) => Some(value),
            None => self.not_constant(span),
        }
    }

    fn evaluate_block(&mut self, place: Place<'w>, expr: ExprId) -> Option<Constant> {
        let node = &place.exprs[expr];
        if let ExprKind::Block(block) = &node.kind
            && let [statement] = &block.statements[..]
            && let StatementKind::Expression(value) = statement.kind
        {
            return self.evaluate(place, value);
        }
        self.not_constant(node.span)
    }
}

/// The value of a literal that a constant may be.
pub(super) fn constant_literal(literal: &Literal) -> Option<Constant> {
    Some(match literal {
        Literal::Integer(value) => Constant::Int(value.to_i128()?),
        Literal::Float(value) => Constant::Float(*value),
        Literal::Boolean(value) => Constant::Boolean(*value),
        Literal::String(text) => Constant::String(text.to_string()),
        Literal::Character(character) => Constant::Int(i128::from(u32::from(*character))),
        _ => return None,
    })
}

fn int_unary(selector: &str, a: i128) -> Option<Constant> {
    let value = match selector {
        "negated" => a.checked_neg()?,
        "abs" => a.checked_abs()?,
        "bitInvert" => !a,
        "asInteger" | "value" | "yourself" => a,
        "highBit" if a >= 0 => i128::from(128 - a.leading_zeros()),
        "lowBit" if a > 0 => i128::from(a.trailing_zeros() + 1),
        "bitCount" if a >= 0 => i128::from(a.count_ones()),
        "asFloat64" => return Some(Constant::Float(a as f64)),
        "isZero" => return Some(Constant::Boolean(a == 0)),
        "even" | "odd" => return Some(Constant::Boolean((a % 2 == 0) == (selector == "even"))),
        "isPowerOfTwo" => return Some(Constant::Boolean(a > 0 && a.count_ones() == 1)),
        _ => {
            let target = crate::resolve::integer_type(selector.strip_prefix("as")?)?;
            truncate(a, target)
        }
    };
    Some(Constant::Int(value))
}

/// The low bits of `value` as a value of the type.
pub(super) fn truncate(value: i128, target: crate::typed::IntType) -> i128 {
    let low = value & ((1 << target.bits) - 1);
    if target.signed && low >> (target.bits - 1) != 0 {
        low - (1 << target.bits)
    } else {
        low
    }
}

pub(super) fn int_binary(selector: &str, a: i128, b: i128) -> Option<Constant> {
    let compared = match selector {
        "=" | "==" => Some(a == b),
        "~=" | "~~" => Some(a != b),
        "<" => Some(a < b),
        "<=" => Some(a <= b),
        ">" => Some(a > b),
        ">=" => Some(a >= b),
        "anyMask:" => Some(a & b != 0),
        "allMask:" => Some(a & b == b),
        "noMask:" => Some(a & b == 0),
        _ => None,
    };
    if let Some(truth) = compared {
        return Some(Constant::Boolean(truth));
    }
    let shift = |value: i128, count: i128| {
        let count = u32::try_from(count).ok().filter(|&count| count < 120)?;
        value.checked_mul(1 << count)
    };
    let value = match selector {
        "+" => a.checked_add(b)?,
        "-" => a.checked_sub(b)?,
        "*" => a.checked_mul(b)?,
        "//" if b != 0 => range::floor_quotient(a, b),
        "\\\\" if b != 0 => range::floor_remainder(a, b),
        "quo:" if b != 0 => a / b,
        "rem:" if b != 0 => a % b,
        "bitAnd:" | "&" => a & b,
        "bitOr:" | "|" => a | b,
        "bitXor:" => a ^ b,
        "bitClear:" => a & !b,
        "min:" => a.min(b),
        "max:" => a.max(b),
        "<<" => shift(a, b)?,
        "bitShift:" if b >= 0 => shift(a, b)?,
        ">>" => a >> u32::try_from(b).ok()?.min(127),
        "bitShift:" => a >> u32::try_from(-b).ok()?.min(127),
        "raisedTo:" => a.checked_pow(u32::try_from(b).ok()?)?,
        _ => return None,
    };
    Some(Constant::Int(value))
}

fn float_binary(selector: &str, a: f64, b: f64) -> Option<Constant> {
    Some(Constant::Float(match selector {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "/" => a / b,
        _ => return None,
    }))
}
