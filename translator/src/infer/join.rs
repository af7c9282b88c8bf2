//! Types in common: of the values assigned to a local, of the arms of a conditional, of the answers of a method.

use crate::base::{Diagnostic, Span};
use crate::typed::{Expr, ExprKind, IntBinary, IntType, IntUnary, LocalId, Range, Type};

use super::body::{Body, unit_of};
use super::memory::JoinState;
use super::settle::range_of;
use super::{codes, range};

/// The part that a value takes in a join.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Share {
    /// A constant: takes no part where something else does.
    Constant(Range),
    /// A type.
    Of(Type),
    /// An unsigned and a signed 64-bit integer by turns: no type holds both.
    Mixed,
}

/// The width that arithmetic has at least: narrower operands take part as `Int32`.
const PROMOTED: IntType = IntType {
    signed: true,
    bits: 32,
    unit: None,
};

/// The narrowest type without unit that holds both; `None` for `UInt64` with a signed type.
pub(super) fn join_integers(a: IntType, b: IntType) -> Option<IntType> {
    let bits = match (a.signed, b.signed) {
        (true, false) => a.bits.max(b.bits + 1),
        (false, true) => b.bits.max(a.bits + 1),
        _ => a.bits.max(b.bits),
    };
    (bits <= 64).then_some(IntType {
        signed: a.signed || b.signed,
        bits,
        unit: a.unit,
    })
}

/// The type in common of two types.
pub(super) fn join_types(a: Type, b: Type) -> Option<Type> {
    match (a, b) {
        (Type::Never, other) | (other, Type::Never) => Some(other),
        (Type::Int(a), Type::Int(b)) if a.unit == b.unit => {
            if a == b {
                return Some(Type::Int(a));
            }
            join_integers(a, b).map(Type::Int)
        }
        _ => (a == b).then_some(a),
    }
}

/// The type of integers that also holds constants: itself where they fit, else a wider one of at least 32 bits.
fn with_constants(ty: IntType, constants: Range) -> Option<IntType> {
    if constants.within(ty.range()) || ty.unit.is_some() {
        return Some(ty);
    }
    let fits = |bits| {
        let wider = IntType {
            signed: true,
            bits,
            unit: None,
        };
        constants.within(wider.range()).then_some(wider)
    };
    let constant = (32..=64).find_map(fits).unwrap_or(IntType::UINT64);
    join_integers(ty, constant)
}

/// The type in common of two shares; constants alone make an `Int64`, or a `UInt64` if they must.
pub(super) fn join_shares(a: Share, b: Share) -> Option<Share> {
    match (a, b) {
        (Share::Constant(a), Share::Constant(b)) => Some(Share::Constant(range::union(a, b))),
        (Share::Constant(constants), Share::Of(Type::Int(ty)))
        | (Share::Of(Type::Int(ty)), Share::Constant(constants)) => {
            with_constants(ty, constants).map(|ty| Share::Of(Type::Int(ty)))
        }
        (Share::Constant(_), Share::Of(Type::Never))
        | (Share::Of(Type::Never), Share::Constant(_)) => {
            Some(if let Share::Constant(_) = a { a } else { b })
        }
        (Share::Constant(_), Share::Of(_)) | (Share::Of(_), Share::Constant(_)) => None,
        (Share::Of(a), Share::Of(b)) => join_types(a, b).map(Share::Of),
        (Share::Mixed, _) | (_, Share::Mixed) => None,
    }
}

/// The type that a share stands for; of a mixed one the type that its conditional has while none asks for another.
pub(super) fn share_type(share: Share) -> Type {
    match share {
        Share::Of(ty) => ty,
        Share::Constant(range) => Type::Int(range::home(range)),
        Share::Mixed => Type::Int(IntType::INT64),
    }
}

/// Narrow integers without a unit as arithmetic takes them.
fn promoted(ty: IntType) -> IntType {
    if ty.unit.is_none() && ty.bits < PROMOTED.bits {
        PROMOTED
    } else {
        ty
    }
}

impl Body<'_, '_> {
    /// Whether an expression is a conditional of an unsigned and a signed arm, or of arms that are such conditionals, which no 64-bit
    /// integer holds both: it has no type of its own.
    pub(super) fn is_mixed_choice(&mut self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::If(_, a, b) if !range::fits(range_of(expr)) => {
                let (first, second) = (self.share(a), self.share(b));
                join_shares(first, second).is_none()
            }
            _ => false,
        }
    }

    /// A mixed choice where nothing says which integer it is to be; of nested ones the innermost is told.
    pub(super) fn report_mixed_choice(&mut self, expr: &Expr) {
        let ExprKind::If(_, a, b) = &expr.kind else {
            return;
        };
        for arm in [a, b] {
            if self.is_mixed_choice(arm) {
                return self.report_mixed_choice(arm);
            }
        }
        self.join_arms(a, b, expr.span);
    }

    /// The share of an expression that needs a type: a mixed choice is an error.
    pub(super) fn typed_share(&mut self, expr: &Expr) -> Share {
        match self.share(expr) {
            Share::Mixed => {
                self.report_mixed_choice(expr);
                Share::Of(share_type(Share::Mixed))
            }
            share => share,
        }
    }

    /// The share of an expression: for arithmetic the join of its operands, whatever the range of the result.
    pub(super) fn share(&mut self, expr: &Expr) -> Share {
        if self.is_mixed_choice(expr) {
            return Share::Mixed;
        }
        if self.is_adaptable(expr) {
            // Sums of a counting local and constants have the range of its type, which says nothing.
            return Share::Constant(match expr.kind {
                ExprKind::Int(value) => Range::exactly(value),
                _ => range::intersect(range_of(expr), range::SIGNED),
            });
        }
        Share::Of(Type::Int(match self.nominal(expr) {
            Some(ty) => ty,
            None => match expr.ty {
                Type::Int(ty) => ty,
                other => return Share::Of(other),
            },
        }))
    }

    /// The type of an integer expression by its operands; `None` for constants and what is not arithmetic.
    fn nominal(&mut self, expr: &Expr) -> Option<IntType> {
        let Type::Int(own) = expr.ty else {
            return None;
        };
        match &expr.kind {
            ExprKind::Int(_) if own.unit.is_none() && own == range::home(range_of(expr)) => None,
            ExprKind::IntBinary(IntBinary::Shl, _, a, _) => self.nominal(a).map(promoted),
            ExprKind::IntBinary(IntBinary::Shr, _, a, _) => self.nominal(a),
            ExprKind::IntBinary(
                IntBinary::MulHighSigned
                | IntBinary::MulHighUnsigned
                | IntBinary::RotateLeft
                | IntBinary::RotateRight,
                ..,
            ) => Some(own),
            ExprKind::IntBinary(op, _, a, b) => {
                let widens = matches!(op, IntBinary::Add | IntBinary::Sub | IntBinary::Mul);
                let joined = match (self.nominal(a), self.nominal(b)) {
                    (Some(a), Some(b)) => join_integers(a, b).unwrap_or(own),
                    (Some(one), None) | (None, Some(one)) => one,
                    (None, None) => return None,
                };
                let joined = if widens { promoted(joined) } else { joined };
                // Counts times integers keep the unit of the count, quotients of counts have none.
                Some(match (own.unit, joined.unit) {
                    (unit, other) if unit == other => joined,
                    (Some(unit), _) => self.unit_type(unit).unwrap_or(own),
                    (None, _) => own,
                })
            }
            ExprKind::IntUnary(IntUnary::Neg | IntUnary::Abs | IntUnary::Invert, _, a) => {
                self.nominal(a).map(promoted)
            }
            _ => Some(own),
        }
    }

    /// Whether an integer takes the unit of what it meets: a constant, a local with only constants so far, and what is computed from them.
    pub(super) fn is_adaptable(&mut self, expr: &Expr) -> bool {
        if unit_of(expr.ty).is_some() || !matches!(expr.ty, Type::Int(_)) {
            return false;
        }
        match &expr.kind {
            ExprKind::Int(value) => expr.ty == Type::Int(range::home(Range::exactly(*value))),
            ExprKind::Local(local) => {
                let slot = self.slots[crate::base::EntityRef::index(*local)];
                self.memory.join_state(slot).adaptable
            }
            ExprKind::IntBinary(IntBinary::Add | IntBinary::Sub | IntBinary::Mul, _, a, b)
            | ExprKind::IntBinary(IntBinary::Min | IntBinary::Max, _, a, b)
            | ExprKind::If(_, a, b) => self.is_adaptable(a) && self.is_adaptable(b),
            ExprKind::Seq(all) => match all.last() {
                Some(last) => self.is_adaptable(last),
                None => false,
            },
            ExprKind::Convert(_, a) => {
                matches!(a.kind, ExprKind::Local(_) | ExprKind::IntBinary(..))
                    && self.is_adaptable(a)
            }
            _ => false,
        }
    }

    /// Gives an adaptable expression a unit, and the locals in it.
    pub(super) fn adapt(&mut self, expr: &mut Expr, unit: IntType) {
        match &mut expr.kind {
            ExprKind::Local(local) => {
                let slot = self.slots[crate::base::EntityRef::index(*local)];
                let state = self.memory.join_state(slot);
                state.ty = Some(Type::Int(unit));
                state.adaptable = false;
                self.memory.changed = true;
                self.locals[*local].ty = Type::Int(unit);
                expr.ty = Type::Int(unit);
                return;
            }
            ExprKind::IntBinary(_, _, a, b) | ExprKind::If(_, a, b) => {
                self.adapt(a, unit);
                self.adapt(b, unit);
            }
            ExprKind::Convert(_, a) => self.adapt(a, unit),
            ExprKind::Seq(all) => {
                if let Some(last) = all.last_mut() {
                    self.adapt(last, unit);
                }
            }
            _ => {}
        }
        let exact = range_of(expr);
        let home = if exact.within(unit.range()) {
            unit
        } else {
            range::home(exact)
        };
        expr.ty = Type::Int(IntType {
            unit: unit.unit,
            ..home
        });
    }

    /// The declared type of a unit.
    pub(super) fn unit_type(&self, unit: crate::typed::ClassId) -> Option<IntType> {
        let bits = self.world.classes[unit].bits?;
        Some(IntType {
            unit: Some(unit),
            ..bits
        })
    }

    /// Takes an assigned value into the type of a local; answers the type after it.
    pub(super) fn join_local(&mut self, local: LocalId, value: &Expr) -> Option<Type> {
        let share = self.typed_share(value);
        let slot = self.slots[crate::base::EntityRef::index(local)];
        let state = *self.memory.join_state(slot);
        let joined = match state.ty {
            None => Some(share),
            Some(_) if state.adaptable => {
                let constants = Share::Constant(state.ty.map_or(range::SIGNED, constants_range));
                join_shares(constants, share)
            }
            Some(ty) => join_shares(Share::Of(ty), share),
        };
        let joined = joined.or_else(|| {
            let unsigned = state.ty == Some(Type::Int(IntType::UINT64));
            (unsigned && is_unsigned(value)).then_some(Share::Of(Type::Int(IntType::UINT64)))
        });
        let Some(joined) = joined else {
            self.join_conflict(local, state, value);
            return None;
        };
        let ty = share_type(joined);
        let new = JoinState {
            ty: Some(ty),
            adaptable: matches!(joined, Share::Constant(_)),
            place: state.place.or(Some(value.span)),
        };
        if state.ty.is_some_and(|known| known != ty) {
            self.memory.changed = true;
        }
        *self.memory.join_state(slot) = new;
        self.locals[local].ty = ty;
        Some(ty)
    }

    fn join_conflict(&mut self, local: LocalId, state: JoinState, value: &Expr) {
        let share = self.share(value);
        let (known, found) = (state.ty.unwrap_or(Type::Void), share_type(share));
        let name = &self.locals[local].name;
        let message = format!(
            "{name} is assigned {} and {}, which have no type in common",
            self.type_name(known),
            self.type_name(found)
        );
        let mut error = Diagnostic::error(codes::JOIN_CONFLICT, message)
            .primary(value.span, self.type_name(found));
        if let Some(place) = state.place {
            error = error.secondary(place, self.type_name(known));
        }
        let hint = self
            .conversion_hint(found, known)
            .unwrap_or_else(|| "use two locals, one for each type".to_owned());
        self.report(error.hint(hint));
    }

    /// The type in common of two used values; an error shows both.
    pub(super) fn join_arms(&mut self, a: &Expr, b: &Expr, span: Span) -> Option<Type> {
        let (first, second) = (self.share(a), self.share(b));
        if let Some(joined) = join_shares(first, second) {
            return Some(share_type(joined));
        }
        let (first, second) = (share_type(first), share_type(second));
        let error = Diagnostic::error(
            codes::JOIN_CONFLICT,
            format!(
                "the arms answer {} and {}, which have no type in common",
                self.type_name(first),
                self.type_name(second)
            ),
        )
        .primary(span, "")
        .secondary(a.span, self.type_name(first))
        .secondary(b.span, self.type_name(second));
        let hint = match (first, second) {
            (Type::Int(one), Type::Int(other)) if one.unit == other.unit => {
                "convert one of them (asInt64, asUInt64), or store the conditional itself where an Int64 or a UInt64 is declared, which its arms must fit then"
                    .to_owned()
            }
            _ => self
                .conversion_hint(second, first)
                .unwrap_or_else(|| "let both arms answer values of one type".to_owned()),
        };
        self.report(error.hint(hint));
        None
    }
}

/// Whether a value without unit is known not to be negative.
pub(super) fn is_unsigned(value: &Expr) -> bool {
    matches!(value.ty, Type::Int(ty) if ty.unit.is_none())
        && range_of(value).within(range::UNSIGNED)
}

/// Constants so far, known only by the type they make.
fn constants_range(ty: Type) -> Range {
    match ty {
        Type::Int(ty) if !ty.signed => Range {
            lo: 0,
            hi: range::UNSIGNED.hi,
        },
        _ => Range::exactly(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::integer_type;

    fn joined(a: &str, b: &str) -> Option<IntType> {
        join_integers(integer_type(a)?, integer_type(b)?)
    }

    #[test]
    fn integers_join_to_the_narrowest_type_that_holds_both() {
        assert_eq!(joined("Int32", "UInt8"), integer_type("Int32"));
        assert_eq!(joined("UInt32", "Int8"), integer_type("Int33"));
        assert_eq!(joined("UInt16", "UInt64"), integer_type("UInt64"));
        assert_eq!(joined("UInt64", "Int8"), None);
    }
}
