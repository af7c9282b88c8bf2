//! Bringing a value to the type that its use asks for.

use crate::base::{Diagnostic, Span};
use crate::typed::{
    Conversion, Expr, ExprKind, FunctionType, FunctionTypeId, IntType, Range, Type,
};

use super::body::{Body, plain, poison};
use super::constants::truncate;
use super::instances::Argument;
use super::scope::{Purpose, Value};
use super::settle::range_of;
use super::{codes, range};

impl<'w> Body<'_, 'w> {
    /// The purpose in words.
    pub(super) fn describe(&self, purpose: Purpose) -> String {
        match purpose {
            Purpose::Argument(number, selector) => {
                format!("argument {} of {}", number + 1, self.text(selector))
            }
            Purpose::Receiver(selector) => format!("the receiver of {}", self.text(selector)),
            Purpose::Store(name) => format!("the assignment to {}", self.text(name)),
            Purpose::Element => "the element".to_owned(),
            Purpose::Result(selector) => format!("the result of {}", self.text(selector)),
            Purpose::Condition => "a condition".to_owned(),
            Purpose::Operand => "an operand".to_owned(),
            Purpose::Arm => "the arm".to_owned(),
            Purpose::Bound => "a bound of a loop".to_owned(),
        }
    }

    /// The value of an expression that must be one at run time.
    pub(super) fn expect_expr(&mut self, value: Value, span: Span) -> Expr {
        let (code, message, hint) = match value {
            Value::Expr(expr) if expr.ty == Type::Void => return self.no_value(&expr, span),
            Value::Expr(expr) => return expr,
            Value::Symbol(..) => (
                codes::MISMATCH,
                "a symbol is a function where a function type is wanted, and nothing elsewhere",
                "declare the field or parameter with a function type, #(#Oop -> #Boolean)",
            ),
            Value::Component(_) | Value::OwnComponent => (
                codes::MISMATCH,
                "a component is a name, not a value: only messages are sent to it",
                "give who needs it a field of that component's type",
            ),
            Value::Super => (
                codes::MISMATCH,
                "super is only the receiver of a message",
                "send super the message that is overridden",
            ),
            Value::Class(_) => (
                codes::MISMATCH,
                "a class is only the receiver of a message",
                "send it a message, as in `ByteCount fromInteger: 8`",
            ),
            Value::Array(_) | Value::Table(..) => (
                codes::MISMATCH,
                "an array is a place, not a value",
                "use at:, at:put:, size or asAddress",
            ),
            Value::Closure(_) => (
                codes::BLOCK_ESCAPES,
                "a block is not a value here: it is passed or sent value",
                "make it a method, or pass it to the method that evaluates it",
            ),
        };
        self.fail(
            Diagnostic::error(code, message)
                .primary(span, "")
                .hint(hint),
        )
    }

    /// The value as one of type `target`, checked or proven.
    pub(super) fn coerce(
        &mut self,
        value: Value,
        target: Type,
        purpose: Purpose,
        span: Span,
        declared: Option<Span>,
    ) -> Expr {
        if let (Value::Symbol(selector, place), Type::Function(function)) = (&value, target) {
            return self.function_address(*selector, function, *place);
        }
        let expr = self.expect_expr(value, span);
        self.coerce_expr(expr, target, purpose, declared)
    }

    pub(super) fn coerce_expr(
        &mut self,
        expr: Expr,
        target: Type,
        purpose: Purpose,
        declared: Option<Span>,
    ) -> Expr {
        match (expr.ty, target) {
            (Type::Never, _) => expr,
            (Type::Int(_), Type::Int(to)) => self.coerce_integer(expr, to, purpose, declared),
            (from, to) if from == to => expr,
            (Type::Struct(from), Type::Struct(to)) if self.world.inherits(from, to) => {
                let span = expr.span;
                plain(ExprKind::Reinterpret(Box::new(expr)), target, span)
            }
            (from, to) => self.mismatch(expr.span, from, to, purpose, declared),
        }
    }

    fn mismatch(
        &mut self,
        span: Span,
        from: Type,
        to: Type,
        purpose: Purpose,
        declared: Option<Span>,
    ) -> Expr {
        let message = format!(
            "{} is {}, not {}",
            self.describe(purpose),
            self.type_name(to),
            self.type_name(from)
        );
        let code = match (super::body::unit_of(from), super::body::unit_of(to)) {
            (None, None) => codes::MISMATCH,
            _ if matches!((from, to), (Type::Int(_), Type::Int(_))) => codes::UNIT_MISMATCH,
            _ => codes::MISMATCH,
        };
        let mut error = Diagnostic::error(code, message)
            .primary(span, format!("this is {}", self.type_name(from)));
        if let Some(place) = declared {
            error = error.secondary(place, format!("{} is asked for here", self.type_name(to)));
        }
        let hint = self.conversion_hint(from, to).unwrap_or_else(|| {
            format!(
                "no message makes {} of {}: pass another value, or declare another type",
                self.type_name(to),
                self.type_name(from)
            )
        });
        self.fail(error.hint(hint))
    }

    /// How one type becomes another by name.
    pub(super) fn conversion_hint(&self, from: Type, to: Type) -> Option<String> {
        let unit_name = |unit| self.class_name(unit);
        Some(match (from, to) {
            (Type::Int(from), Type::Int(to)) => match (from.unit, to.unit) {
                (Some(_), Some(to)) => format!(
                    "write a method that says how the one becomes a {}",
                    unit_name(to)
                ),
                (Some(_), None) => "asInteger drops the unit".to_owned(),
                (None, Some(to)) => format!("{} fromInteger: adds the unit", unit_name(to)),
                (None, None) => "truncate one of them, with asInt64 for example".to_owned(),
            },
            (Type::Int(_), Type::Float64) => "asFloat64 converts".to_owned(),
            (Type::Int(_), Type::Float32) | (Type::Float64, Type::Float32) => {
                "asFloat32 converts".to_owned()
            }
            (Type::Float32, Type::Float64) => "asFloat64 converts".to_owned(),
            (Type::Float64 | Type::Float32, Type::Int(_)) => "truncated converts".to_owned(),
            (Type::Boolean, Type::Int(_)) => "asBit converts".to_owned(),
            (Type::Int(_), Type::Boolean) => "compare it, with ~= 0 for example".to_owned(),
            (Type::Int(_), Type::Word(class)) => {
                format!("in a raw package, {} fromBits: converts", unit_name(class))
            }
            (Type::Word(_), Type::Int(_)) => "in a raw package, bits converts".to_owned(),
            (Type::Word(class), Type::Struct(view)) if Some(class) == self.world.address => {
                format!("{} at: converts", unit_name(view))
            }
            (Type::Struct(_), Type::Word(class)) if Some(class) == self.world.address => {
                "asAddress converts".to_owned()
            }
            _ => return None,
        })
    }

    fn coerce_integer(
        &mut self,
        mut expr: Expr,
        target: IntType,
        purpose: Purpose,
        declared: Option<Span>,
    ) -> Expr {
        let Type::Int(own) = expr.ty else {
            return expr;
        };
        if own.unit != target.unit {
            if target.unit.is_none() || own.unit.is_some() || !self.is_adaptable(&expr) {
                let (from, to) = (expr.ty, Type::Int(target));
                return self.mismatch(expr.span, from, to, purpose, declared);
            }
            self.adapt(&mut expr, target);
        }
        let expr = self.settle(expr, Some(target));
        self.fit(expr, target, purpose, declared)
    }

    /// Converts a settled integer to a type of the same unit.
    pub(super) fn fit(
        &mut self,
        mut expr: Expr,
        target: IntType,
        purpose: Purpose,
        declared: Option<Span>,
    ) -> Expr {
        if expr.ty == Type::Never || expr.ty == Type::Int(target) {
            return expr;
        }
        let (exact, all, span) = (range_of(&expr), target.range(), expr.span);
        if exact.lo > all.hi || exact.hi < all.lo {
            let message = format!(
                "{} is {}, which cannot hold this value",
                self.describe(purpose),
                self.type_name(Type::Int(target))
            );
            let mut error =
                Diagnostic::error(codes::NEVER_FITS, message).primary(span, value_text(exact));
            if let Some(place) = declared {
                error = error.secondary(place, format!("{} to {}", all.lo, all.hi));
            }
            return self.fail(error.hint(format!(
                "correct the value, truncate it by as{}Int{}, or widen the type",
                if target.signed { "" } else { "U" },
                target.bits
            )));
        }
        if matches!(expr.kind, ExprKind::Int(_)) {
            expr.ty = Type::Int(target);
            return expr;
        }
        let conversion = if exact.within(all) {
            Conversion::Proven
        } else {
            Conversion::Check
        };
        Expr {
            kind: ExprKind::Convert(conversion, Box::new(expr)),
            ty: Type::Int(target),
            range: Some(range::intersect(exact, all)),
            span,
        }
    }

    /// `asIntN`, `asUIntN`: the low bits; the unit is dropped.
    pub(super) fn truncate_to(&mut self, expr: Expr, target: IntType, span: Span) -> Expr {
        if expr.ty == Type::Never {
            return expr;
        }
        let (exact, all) = (range_of(&expr), target.range());
        if let ExprKind::Int(value) = expr.kind {
            let value = truncate(value, target);
            return Expr {
                kind: ExprKind::Int(value),
                ty: Type::Int(target),
                range: Some(Range::exactly(value)),
                span,
            };
        }
        let fits = exact.within(all);
        let (expr, conversion, result) = if fits && super::settle::has_pending(&expr) {
            (self.wrap(expr), Conversion::Truncate, exact)
        } else if fits {
            (self.settle(expr, None), Conversion::Proven, exact)
        } else {
            (self.wrap(expr), Conversion::Truncate, all)
        };
        Expr {
            kind: ExprKind::Convert(conversion, Box::new(expr)),
            ty: Type::Int(target),
            range: Some(result),
            span,
        }
    }

    /// A symbol as the function of that selector in the class of the method that contains it.
    fn function_address(
        &mut self,
        selector: crate::base::Symbol,
        function: FunctionTypeId,
        span: Span,
    ) -> Expr {
        use super::scope::SelfValue;
        let (class, self_value) = (self.home().class, self.home().self_value);
        let method = match self_value {
            SelfValue::Component => self.world.lookup(class, false, selector),
            _ => None,
        };
        let wanted = &self.world.function_types.types[function];
        let Some(method) = method else {
            let message = format!(
                "{} has no component method {}",
                self.class_name(class),
                self.text(selector)
            );
            return self.fail(
                Diagnostic::error(codes::BAD_FUNCTION, message)
                    .primary(span, "")
                    .hint("the selector is looked up in the class of the method that contains the symbol"),
            );
        };
        let id = self.inf.instance(class, method, Argument::None);
        let Some(found) = self.function_type_of(id, span) else {
            return poison(span);
        };
        if found != *wanted {
            let wanted = self.type_name(Type::Function(function));
            let place = self.world.methods[method].span;
            let message = format!("{} is no function {wanted}", self.text(selector));
            return self.fail(
                Diagnostic::error(codes::BAD_FUNCTION, message)
                    .primary(span, "")
                    .secondary(place, "has other types")
                    .hint("give the method the signature of the function type"),
            );
        }
        plain(
            ExprKind::FunctionAddress(id),
            Type::Function(function),
            span,
        )
    }

    /// Something that answers nothing is used as a value.
    fn no_value(&mut self, expr: &Expr, span: Span) -> Expr {
        let mut error = Diagnostic::error(codes::NO_VALUE, "this has no value").primary(span, "");
        if let ExprKind::Call(callee, _) = expr.kind {
            let method = self.inf.instances[callee].key.1;
            error = error.secondary(self.world.methods[method].span, "answers nothing");
        }
        self.fail(error.hint("let the method answer a value, or do not use its result"))
    }

    /// Parameters and result of a method, blocks excluded.
    fn function_type_of(&mut self, id: crate::typed::MethodId, span: Span) -> Option<FunctionType> {
        use crate::resolve::DeclaredType;
        let signature = self.inf.signature(id);
        let params = match &signature {
            Some(signature) => signature
                .params
                .iter()
                .map(|param| match param {
                    DeclaredType::Value(ty) => Some(*ty),
                    _ => None,
                })
                .collect::<Option<Vec<_>>>()?,
            None => Vec::new(),
        };
        let (result, _) = self.result_of(id, span)?;
        Some(FunctionType { params, result })
    }
}

/// One value or a span of values.
pub(super) fn value_text(exact: Range) -> String {
    if exact.lo == exact.hi {
        format!("this is {}", exact.lo)
    } else {
        format!("between {} and {}", exact.lo, exact.hi)
    }
}
