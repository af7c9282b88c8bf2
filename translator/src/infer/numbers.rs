//! Messages to integers.

use crate::base::{Diagnostic, Span};
use crate::syntax::ast::{ExprId, Send};
use crate::typed::{
    Arithmetic, ClassId, Comparison, Expr, ExprKind, IntBinary, IntType, Range, Type,
};

use super::body::{Body, constant, integer, never, plain, poison, unit_of};
use super::builtin::comparison;
use super::constants::int_binary;
use super::scope::Want;
use super::settle::range_of;
use super::{codes, range};

/// The operation of a binary selector whose operands have one unit.
fn operation(selector: &str) -> Option<IntBinary> {
    Some(match selector {
        "+" => IntBinary::Add,
        "-" => IntBinary::Sub,
        "bitAnd:" | "&" => IntBinary::And,
        "bitOr:" | "|" => IntBinary::Or,
        "bitXor:" => IntBinary::Xor,
        "bitClear:" => IntBinary::Clear,
        "min:" => IntBinary::Min,
        "max:" => IntBinary::Max,
        "rem:" => IntBinary::Rem,
        "\\\\" => IntBinary::FloorMod,
        _ => return None,
    })
}

/// The exact range of an operation.
pub(super) fn result_range(op: IntBinary, a: Range, b: Range) -> Range {
    match op {
        IntBinary::Add => range::add(a, b),
        IntBinary::Sub => range::sub(a, b),
        IntBinary::Mul => range::mul(a, b),
        IntBinary::FloorDiv => range::floor_div(a, b),
        IntBinary::FloorMod => range::floor_mod(a, b),
        IntBinary::Quo => range::quo(a, b),
        IntBinary::Rem => range::rem(a, b),
        IntBinary::And => range::and(a, b),
        IntBinary::Or => range::or(a, b),
        IntBinary::Xor => range::xor(a, b),
        IntBinary::Clear => range::clear(a, b),
        IntBinary::Shl => range::shl(a, b),
        IntBinary::Shr => range::shr(a, b),
        IntBinary::Min => Range {
            lo: a.lo.min(b.lo),
            hi: a.hi.min(b.hi),
        },
        IntBinary::Max => Range {
            lo: a.lo.max(b.lo),
            hi: a.hi.max(b.hi),
        },
        IntBinary::MulHighSigned => range::SIGNED,
        IntBinary::MulHighUnsigned | IntBinary::RotateLeft | IntBinary::RotateRight => {
            range::UNSIGNED
        }
    }
}

impl<'w> Body<'_, 'w> {
    /// A message to an integer.
    pub(super) fn integer_message(
        &mut self,
        receiver: Expr,
        selector: &str,
        send: &'w Send,
        span: Span,
        want: Want,
    ) -> Option<Expr> {
        match send.arguments[..] {
            [] => self.integer_unary(receiver, selector, send, span),
            [argument] => self.integer_binary(receiver, selector, send, argument, span, want),
            _ => Some(match selector {
                "to:do:" | "to:by:do:" => self.counting_loop(receiver, send, span),
                "between:and:" => self.between(receiver, send, span),
                "caseOf:otherwise:" => self.case(receiver, send, span, want),
                _ => return None,
            }),
        }
    }

    fn integer_binary(
        &mut self,
        receiver: Expr,
        selector: &str,
        send: &'w Send,
        argument: ExprId,
        span: Span,
        want: Want,
    ) -> Option<Expr> {
        match selector {
            "timesRepeat:" => return Some(self.times_repeat(receiver, argument, span)),
            "caseOf:" => return Some(self.case(receiver, send, span, want)),
            _ => {}
        }
        if let Some(comparison) = comparison(selector) {
            let other = self.integer_argument(argument, send)?;
            return Some(self.compare(comparison, receiver, other, span));
        }
        if let Some(op) = operation(selector) {
            let other = self.integer_argument(argument, send)?;
            let (a, b) = self.same_unit(receiver, other)?;
            let unit = unit_of(a.ty);
            return Some(self.operate(op, a, b, unit, span));
        }
        match selector {
            "*" | "//" | "quo:" => {
                let other = self.integer_argument(argument, send)?;
                self.scale(receiver, selector, other, span)
            }
            "<<" | ">>" | "bitShift:" => {
                let count = self.integer_argument(argument, send)?;
                Some(self.shift(receiver, selector, count, span))
            }
            "anyMask:" | "allMask:" | "noMask:" => {
                let mask = self.integer_argument(argument, send)?;
                self.mask_test(receiver, selector, mask, span)
            }
            "rotateLeft:" | "rotateRight:" | "multiplyHighUnsigned:" => {
                self.pattern_binary(receiver, selector, send, argument, span)
            }
            _ => None,
        }
    }

    /// The argument, which must be an integer.
    pub(super) fn integer_argument(&mut self, argument: ExprId, send: &'w Send) -> Option<Expr> {
        let value = self.value(argument);
        match value.ty {
            Type::Int(_) => Some(value),
            Type::Never => Some(value),
            other => {
                let message = format!(
                    "{} of an integer takes an integer, not {}",
                    self.text(send.selector),
                    self.type_name(other)
                );
                let error = Diagnostic::error(codes::MISMATCH, message).primary(value.span, "");
                let hint = self
                    .conversion_hint(other, Type::Int(IntType::INT64))
                    .unwrap_or_else(|| "pass an integer".to_owned());
                Some(self.fail(error.hint(hint)))
            }
        }
    }

    /// Gives both operands one unit; reports different ones.
    pub(super) fn same_unit(&mut self, mut a: Expr, mut b: Expr) -> Option<(Expr, Expr)> {
        if a.ty == Type::Never || b.ty == Type::Never {
            return Some((a, b));
        }
        let (first, second) = (unit_of(a.ty), unit_of(b.ty));
        if first == second {
            return Some((a, b));
        }
        let adapted = match (first, second) {
            (Some(unit), None) if self.is_adaptable(&b) => {
                let unit = self.unit_type(unit)?;
                self.adapt(&mut b, unit);
                true
            }
            (None, Some(unit)) if self.is_adaptable(&a) => {
                let unit = self.unit_type(unit)?;
                self.adapt(&mut a, unit);
                true
            }
            _ => false,
        };
        if adapted {
            return Some((a, b));
        }
        let (from, to) = (self.type_name(a.ty), self.type_name(b.ty));
        let error = Diagnostic::error(codes::UNIT_MISMATCH, format!("{from} and {to} do not mix"))
            .primary(b.span, to)
            .secondary(a.span, from);
        let hint = self
            .conversion_hint(b.ty, a.ty)
            .unwrap_or_else(|| "asInteger drops a unit".to_owned());
        self.report(error.hint(hint));
        Some((poison(a.span), poison(b.span)))
    }

    /// An operation as a node, folded when both operands are constants.
    pub(super) fn operate(
        &mut self,
        op: IntBinary,
        a: Expr,
        b: Expr,
        unit: Option<ClassId>,
        span: Span,
    ) -> Expr {
        if a.ty == Type::Never || b.ty == Type::Never {
            return never([a, b], span);
        }
        if let Some(folded) = fold(op, &a, &b, span) {
            return with_unit(folded, unit);
        }
        let (op, a, b) = normalize(op, a, b);
        let (a, b) = self.ready_operands(op, a, b);
        if a.ty == Type::Never || b.ty == Type::Never {
            return never([a, b], span);
        }
        let exact = result_range(op, range_of(&a), range_of(&b));
        let kind = ExprKind::IntBinary(op, Arithmetic::Exact, Box::new(a), Box::new(b));
        with_unit(integer(kind, range::home(exact), exact, span), unit)
    }

    /// Settles the operands that the operation cannot take pending, or wraps those of which it takes low bits only.
    fn ready_operands(&mut self, op: IntBinary, a: Expr, b: Expr) -> (Expr, Expr) {
        // No bit above the 64th is set in it, so of the other operand only low bits count.
        let masks = |expr: &Expr| range_of(expr).within(range::UNSIGNED);
        match op {
            IntBinary::And if masks(&b) => (self.wrap(a), b),
            IntBinary::And if masks(&a) => (a, self.wrap(b)),
            IntBinary::Clear if masks(&a) => (a, self.wrap(b)),
            IntBinary::Add
            | IntBinary::Sub
            | IntBinary::Mul
            | IntBinary::And
            | IntBinary::Or
            | IntBinary::Xor
            | IntBinary::Clear => (a, b),
            IntBinary::Shl => {
                let b = self.settle(b, None);
                (a, b)
            }
            IntBinary::Shr => (self.settle_intermediate(a), self.settle_intermediate(b)),
            _ => {
                let (a, b) = (self.settle_intermediate(a), self.settle_intermediate(b));
                self.one_sign(a, b)
            }
        }
    }

    /// An operand that must be known exactly, in 64 bits.
    fn settle_intermediate(&mut self, mut operand: Expr) -> Expr {
        if operand.ty != Type::Never {
            self.settle_operand(&mut operand);
        }
        operand
    }

    /// Divisions and comparisons by order need both operands signed, or both unsigned.
    fn one_sign(&mut self, a: Expr, b: Expr) -> (Expr, Expr) {
        if a.ty == Type::Never || b.ty == Type::Never {
            return (a, b);
        }
        let both = range::union(range_of(&a), range_of(&b));
        if range::fits(both) {
            return (a, b);
        }
        let message = "one operand may exceed a signed, the other an unsigned 64-bit integer";
        let error = Diagnostic::error(codes::MIXED_SIGNS, message)
            .primary(a.span, self.type_name(a.ty))
            .secondary(b.span, self.type_name(b.ty))
            .hint("convert one of them, with asInt64 or asUInt64");
        (self.fail(error), b)
    }

    /// `*`, `//` and `quo:`, which mix a unit with plain integers.
    fn scale(&mut self, a: Expr, selector: &str, b: Expr, span: Span) -> Option<Expr> {
        if a.ty == Type::Never || b.ty == Type::Never {
            return Some(never([a, b], span));
        }
        let (first, second) = (unit_of(a.ty), unit_of(b.ty));
        let unit = match (selector, first, second) {
            ("*", Some(_), Some(_)) => {
                let error = Diagnostic::error(
                    codes::UNIT_MISMATCH,
                    "the product of two counts has no unit here",
                );
                let error = error.primary(b.span, self.type_name(b.ty));
                return Some(
                    self.fail(
                        error
                            .secondary(a.span, self.type_name(a.ty))
                            .hint("asInteger drops the unit of one"),
                    ),
                );
            }
            ("*", one, other) => one.or(other),
            (_, Some(one), Some(other)) if one == other => None,
            (_, Some(_), Some(_)) | (_, None, Some(_)) => {
                self.same_unit(a, b);
                return Some(poison(span));
            }
            (_, first, None) => first,
        };
        let op = match selector {
            "*" => IntBinary::Mul,
            "//" => IntBinary::FloorDiv,
            _ => IntBinary::Quo,
        };
        Some(self.operate(op, a, b, unit, span))
    }

    fn shift(&mut self, value: Expr, selector: &str, count: Expr, span: Span) -> Expr {
        if value.ty == Type::Never || count.ty == Type::Never {
            return never([value, count], span);
        }
        if unit_of(count.ty).is_some() {
            let error = Diagnostic::error(codes::UNIT_MISMATCH, "a shift count has no unit");
            let error = error.primary(count.span, self.type_name(count.ty));
            return self.fail(error.hint("asInteger drops the unit"));
        }
        let unit = unit_of(value.ty);
        let amount = match (&count.kind, selector) {
            (ExprKind::Int(amount), _) => Some(*amount),
            (_, "bitShift:") => {
                let error =
                    Diagnostic::error(codes::NOT_CONSTANT, "the count of bitShift: is a constant");
                return self.fail(error.primary(count.span, "").hint("use << or >>"));
            }
            _ => None,
        };
        let (op, amount) = match (selector, amount) {
            ("<<", amount) => (IntBinary::Shl, amount),
            (">>", amount) => (IntBinary::Shr, amount),
            (_, Some(amount)) if amount < 0 => (IntBinary::Shr, Some(-amount)),
            (_, amount) => (IntBinary::Shl, amount),
        };
        if let ExprKind::Int(known) = value.kind
            && let Some(amount) = amount
            && let Some(crate::typed::Constant::Int(shifted)) = int_binary(
                if op == IntBinary::Shl { "<<" } else { ">>" },
                known,
                amount,
            )
        {
            return with_unit(constant(shifted, span), unit);
        }
        if amount == Some(64) && op == IntBinary::Shr && !range::fits(range_of(&value)) {
            return self.high_product(value, unit, span);
        }
        if amount.is_some_and(|amount| !(0..64).contains(&amount)) {
            let error = Diagnostic::error(codes::NEVER_FITS, "a shift count is 0 to 63");
            return self.fail(
                error
                    .primary(count.span, "")
                    .hint("write the count that is meant, or shift in two steps"),
            );
        }
        let count = match amount {
            Some(amount) => constant(amount, count.span),
            None => count,
        };
        self.operate(op, value, count, unit, span)
    }

    /// `(a * b) >> 64`.
    fn high_product(&mut self, product: Expr, unit: Option<ClassId>, span: Span) -> Expr {
        let ExprKind::IntBinary(IntBinary::Mul, _, a, b) = product.kind else {
            let error = Diagnostic::error(
                codes::RANGE,
                "only a product is shifted right by 64 before it is truncated",
            );
            return self.fail(
                error
                    .primary(product.span, "")
                    .hint("write (a * b) >> 64, or truncate the value first"),
            );
        };
        let (a, b) = (self.settle(*a, None), self.settle(*b, None));
        let (a, b) = self.one_sign(a, b);
        if a.ty == Type::Never || b.ty == Type::Never {
            return never([a, b], span);
        }
        let signed = range_of(&a).within(range::SIGNED) && range_of(&b).within(range::SIGNED);
        let (op, ty) = if signed {
            (IntBinary::MulHighSigned, IntType::INT64)
        } else {
            (IntBinary::MulHighUnsigned, IntType::UINT64)
        };
        let high = range::high_product(range_of(&a), range_of(&b));
        let kind = ExprKind::IntBinary(op, Arithmetic::Exact, Box::new(a), Box::new(b));
        with_unit(integer(kind, ty, high, span), unit)
    }

    /// `anyMask:`, `allMask:`, `noMask:`.
    fn mask_test(&mut self, value: Expr, selector: &str, mask: Expr, span: Span) -> Option<Expr> {
        let (value, mask) = self.same_unit(value, mask)?;
        let unit = unit_of(value.ty);
        if selector != "allMask:" {
            let both = self.operate(IntBinary::And, value, mask, unit, span);
            let comparison = if selector == "anyMask:" {
                Comparison::Ne
            } else {
                Comparison::Eq
            };
            return Some(self.compare(comparison, both, constant(0, span), span));
        }
        let mask = self.settle(mask, None);
        if mask.ty == Type::Never {
            return Some(never([value, mask], span));
        }
        if matches!(mask.kind, ExprKind::Int(_) | ExprKind::Local(_)) {
            let both = self.operate(IntBinary::And, value, mask.clone(), unit, span);
            return Some(self.compare(Comparison::Eq, both, mask, span));
        }
        let value = self.settle(value, None);
        let (set_value, value) = self.keep(value, "value", span);
        let place = mask.span;
        let (set_mask, mask) = self.keep(mask, "mask", place);
        let both = self.operate(IntBinary::And, value, mask.clone(), unit, span);
        let test = self.compare(Comparison::Eq, both, mask, span);
        Some(super::body::sequence(vec![set_value, set_mask, test], span))
    }

    /// Comparison of exact values.
    pub(super) fn compare(&mut self, comparison: Comparison, a: Expr, b: Expr, span: Span) -> Expr {
        let Some((a, b)) = self.same_unit(a, b) else {
            return poison(span);
        };
        if a.ty == Type::Never || b.ty == Type::Never {
            return never([a, b], span);
        }
        if self.is_wide(&a) || self.is_wide(&b) {
            return self.compare_halves(comparison, a, b, span);
        }
        let (a, b) = (self.settle(a, None), self.settle(b, None));
        if a.ty == Type::Never || b.ty == Type::Never {
            return never([a, b], span);
        }
        if let (ExprKind::Int(a), ExprKind::Int(b)) = (&a.kind, &b.kind) {
            let truth = comparison.holds(a, b);
            return plain(ExprKind::Boolean(truth), Type::Boolean, span);
        }
        let kind = ExprKind::IntCompare(comparison, Box::new(a), Box::new(b));
        plain(kind, Type::Boolean, span)
    }
}

/// Adds a constant negative number as a difference, takes powers of two as shifts and masks.
fn normalize(op: IntBinary, a: Expr, mut b: Expr) -> (IntBinary, Expr, Expr) {
    let ExprKind::Int(value) = b.kind else {
        return (op, a, b);
    };
    let mut replace = |value: i128| {
        b.kind = ExprKind::Int(value);
        b.range = Some(Range::exactly(value));
        let unit = unit_of(b.ty);
        b.ty = Type::Int(IntType {
            unit,
            ..range::home(Range::exactly(value))
        });
    };
    let power = value > 0 && value.count_ones() == 1;
    let op = match op {
        IntBinary::Add if value < 0 => {
            replace(-value);
            IntBinary::Sub
        }
        IntBinary::Sub if value < 0 => {
            replace(-value);
            IntBinary::Add
        }
        IntBinary::FloorDiv if power && value <= 1 << 63 => {
            replace(i128::from(value.trailing_zeros()));
            IntBinary::Shr
        }
        IntBinary::FloorMod if power && value <= 1 << 64 => {
            replace(value - 1);
            IntBinary::And
        }
        op => op,
    };
    (op, a, b)
}

/// The value of an operation on constants.
fn fold(op: IntBinary, a: &Expr, b: &Expr, span: Span) -> Option<Expr> {
    let (ExprKind::Int(a), ExprKind::Int(b)) = (&a.kind, &b.kind) else {
        return None;
    };
    let selector = match op {
        IntBinary::Add => "+",
        IntBinary::Sub => "-",
        IntBinary::Mul => "*",
        IntBinary::FloorDiv => "//",
        IntBinary::FloorMod => "\\\\",
        IntBinary::Quo => "quo:",
        IntBinary::Rem => "rem:",
        IntBinary::And => "bitAnd:",
        IntBinary::Or => "bitOr:",
        IntBinary::Xor => "bitXor:",
        IntBinary::Clear => "bitClear:",
        IntBinary::Shl => "<<",
        IntBinary::Shr => ">>",
        IntBinary::Min => "min:",
        IntBinary::Max => "max:",
        _ => return None,
    };
    match int_binary(selector, *a, *b)? {
        crate::typed::Constant::Int(value) => Some(constant(value, span)),
        _ => None,
    }
}

/// The expression with a unit on its type.
pub(super) fn with_unit(mut expr: Expr, unit: Option<ClassId>) -> Expr {
    if let Type::Int(ty) = expr.ty {
        expr.ty = Type::Int(IntType { unit, ..ty });
    }
    expr
}
