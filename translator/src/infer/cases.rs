//! `caseOf:` and `caseOf:otherwise:`.

use crate::base::{Diagnostic, Span};
use crate::syntax::ast::{self, ExprId, Send};
use crate::typed::{Expr, ExprKind, Type};

use super::body::{Body, poison};
use super::codes;
use super::control::arms_range;
use super::flow::Env;
use super::scope::Want;

impl<'w> Body<'_, 'w> {
    /// `x caseOf: { [ 1 ] -> [ … ] } otherwise: [ … ]`.
    pub(super) fn case(&mut self, scrutinee: Expr, send: &'w Send, span: Span, want: Want) -> Expr {
        let mut scrutinee = self.settle(scrutinee, None);
        let Some(cases) = self.case_arms(send.arguments[0], &mut scrutinee) else {
            return poison(span);
        };
        let otherwise = send.arguments.get(1).copied();
        if let (ExprKind::Int(value), true) = (&scrutinee.kind, self.specialised) {
            let chosen = cases
                .iter()
                .find(|(key, _)| key == value)
                .map(|(_, arm)| *arm);
            if let Some(arm) = chosen.or(otherwise) {
                return self.arm(arm, want);
            }
        }
        let fork = self.env.clone();
        let mut joined: Option<Env> = None;
        let mut arms = Vec::with_capacity(cases.len() + 1);
        for arm in cases.iter().map(|(_, arm)| *arm).chain(otherwise) {
            self.env = fork.clone();
            arms.push(self.arm(arm, want));
            let after = std::mem::replace(&mut self.env, Env::new());
            joined = Some(match joined {
                Some(earlier) => earlier.join(after),
                None => after,
            });
        }
        self.env = joined.unwrap_or(fork);
        let (ty, mut arms) = self.common_type(arms, span, want);
        let range = arms_range(&arms, ty);
        let otherwise = otherwise.and_then(|_| arms.pop()).map(Box::new);
        let cases = cases
            .into_iter()
            .zip(arms)
            .map(|((key, _), arm)| (vec![key], arm));
        Expr {
            kind: ExprKind::Case(Box::new(scrutinee), cases.collect(), otherwise),
            ty,
            range,
            span,
        }
    }

    /// Keys and arms of the brace array.
    fn case_arms(&mut self, braces: ExprId, scrutinee: &mut Expr) -> Option<Vec<(i128, ExprId)>> {
        let node = self.node(braces);
        let ast::ExprKind::BraceArray(pairs) = &node.kind else {
            self.bad_case(node.span);
            return None;
        };
        let mut cases: Vec<(i128, ExprId)> = Vec::with_capacity(pairs.len());
        let mut places: Vec<Span> = Vec::with_capacity(pairs.len());
        for &pair in pairs {
            let node = self.node(pair);
            let ast::ExprKind::Send(send) = &node.kind else {
                self.bad_case(node.span);
                return None;
            };
            if self.text(send.selector) != "->" {
                self.bad_case(node.span);
                return None;
            }
            let key = self.arm(send.receiver, Want::Value);
            if key.ty == Type::Never {
                return None;
            }
            let key_span = key.span;
            let Some(key) = self.case_key(key, scrutinee) else {
                self.bad_case(key_span);
                return None;
            };
            if let Some(earlier) = cases.iter().position(|(earlier, _)| *earlier == key) {
                let message = format!("the case {key} stands twice");
                self.report(
                    Diagnostic::error(codes::CASE, message)
                        .primary(key_span, "again here")
                        .secondary(places[earlier], "first here")
                        .hint("the first one is taken: remove the other"),
                );
                return None;
            }
            cases.push((key, *send.arguments.first()?));
            places.push(key_span);
        }
        Some(cases)
    }

    /// The value of a case's key, which must be constant.
    fn case_key(&mut self, key: Expr, scrutinee: &Expr) -> Option<i128> {
        match (&key.kind, key.ty) {
            (ExprKind::Int(value), Type::Int(ty))
                if ty.unit.is_none() || Type::Int(ty) == scrutinee.ty =>
            {
                Some(*value)
            }
            (ExprKind::Convert(_, inner) | ExprKind::Reinterpret(inner), _) => match inner.kind {
                ExprKind::Int(value) => Some(value),
                _ => None,
            },
            _ => None,
        }
    }

    fn bad_case(&mut self, span: Span) {
        self.report(
            Diagnostic::error(codes::CASE, "cases have constant keys and literal blocks")
                .primary(span, "")
                .hint("write x caseOf: { [ 1 ] -> [ … ]. [ 2 ] -> [ … ] } otherwise: [ … ]"),
        );
    }
}
