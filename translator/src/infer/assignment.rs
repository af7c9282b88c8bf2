//! Assignments: to locals, whose types they join, and to fields of components and structs.

use crate::base::{Diagnostic, Span};
use crate::syntax::ast::{self, ExprId};
use crate::typed::{Expr, ExprKind, LocalId, Type};

use super::body::{Body, plain, poison, sequence, type_range};
use super::codes;
use super::scope::{Binding, Purpose, Value, Want};

impl Body<'_, '_> {
    /// `target := value`.
    pub(super) fn assignment(
        &mut self,
        target: ast::Name,
        value: ExprId,
        span: Span,
        want: Want,
    ) -> Expr {
        match self.lookup_name(self.scope, target.name) {
            Some(Binding::Local(local)) => return self.assign_local(local, target, value, span),
            Some(binding) => {
                let message = format!(
                    "{} is a parameter or loop variable, which is not assigned",
                    self.text(target.name)
                );
                let mut error =
                    Diagnostic::error(codes::NOT_ASSIGNABLE, message).primary(target.span, "");
                if let Binding::Fixed(local) = binding {
                    error = error.secondary(self.locals[local].span, "declared here");
                }
                self.value(value);
                return self.fail(error.hint("use a temporary"));
            }
            None => {}
        }
        match self.field(target.name, target.span) {
            Some(Value::Expr(place)) => self.assign_field(place, target, value, span, want),
            Some(_) => {
                let message = format!(
                    "{} is a collaborator, an array or a table, which is not assigned",
                    self.text(target.name)
                );
                let mut error =
                    Diagnostic::error(codes::NOT_ASSIGNABLE, message).primary(target.span, "");
                if let Some((_, field)) = self.world.field(self.home().class, target.name) {
                    error = error.secondary(field.span, "declared here");
                }
                self.fail(error.hint(
                    "the build description names the collaborator; elements are set by at:put:",
                ))
            }
            None => {
                self.value(value);
                self.unknown_name(target.name, target.span)
            }
        }
    }

    fn assign_local(
        &mut self,
        local: LocalId,
        target: ast::Name,
        value: ExprId,
        span: Span,
    ) -> Expr {
        let expr = self.value(value);
        self.store_local(local, expr, Purpose::Store(target.name), span)
    }

    /// Assigns a local whose type is inferred.
    pub(super) fn store_local(
        &mut self,
        local: LocalId,
        value: Expr,
        purpose: Purpose,
        span: Span,
    ) -> Expr {
        if value.ty == Type::Never {
            let range = type_range(self.locals[local].ty);
            self.env.assign(local, range);
            return value;
        }
        let Some(ty) = self.join_local(local, &value) else {
            let range = type_range(self.locals[local].ty);
            self.env.assign(local, range);
            return poison(span);
        };
        let declared = self.locals[local].span;
        let value = self.coerce_expr(value, ty, purpose, Some(declared));
        let range = value.range;
        self.env.assign(local, range.or(type_range(ty)));
        Expr {
            kind: ExprKind::SetLocal(local, Box::new(value)),
            ty,
            range,
            span,
        }
    }

    /// Assigns a field: of a component, or of a struct.
    fn assign_field(
        &mut self,
        place: Expr,
        target: ast::Name,
        value: ExprId,
        span: Span,
        want: Want,
    ) -> Expr {
        let ty = place.ty;
        if ty == Type::Never {
            // The field is faulty, which has been told.
            self.value(value);
            return place;
        }
        let declared = self
            .world
            .field(self.home().class, target.name)
            .map(|(_, field)| field.span);
        let value = self.value_as(value, ty, Purpose::Store(target.name), declared);
        match place.kind {
            ExprKind::State(id) => Expr {
                range: value.range,
                kind: ExprKind::SetState(id, Box::new(value)),
                ty,
                span,
            },
            ExprKind::Load {
                memory,
                base,
                index,
                scale,
                offset,
                alias,
            } => {
                let keep = (want != Want::Effect).then(|| self.keep(value.clone(), "stored", span));
                let (setup, value, result) = match keep {
                    Some((set, read)) => (Some(set), read.clone(), Some(read)),
                    None => (None, value, None),
                };
                let store = ExprKind::Store {
                    memory,
                    base,
                    index,
                    scale,
                    offset,
                    value: Box::new(value),
                    alias,
                };
                let store = plain(store, Type::Void, span);
                sequence(
                    setup.into_iter().chain([store]).chain(result).collect(),
                    span,
                )
            }
            _ => self.refused(span, "assigning the bits of a word", "answer a new word"),
        }
    }
}
