//! Names that hide others: a parameter or temporary is no field and no variable of an outer scope.

use super::{Resolver, SourceId, World, codes};
use crate::base::{Diagnostic, Symbol};
use crate::syntax::ast::{self, ExprId, ExprKind, Name};

impl Resolver<'_> {
    /// Checks the variables of all methods.
    pub(super) fn refuse_shadowing(&mut self) {
        let mut found = Vec::new();
        for method in self.world.methods.keys() {
            let mut scopes = Scopes {
                world: &self.world,
                method,
                tree: self.world.tree(method),
                names: Vec::new(),
                found: Vec::new(),
            };
            scopes.method();
            found.append(&mut scopes.found);
        }
        for Shadow {
            inner,
            outer,
            is_field,
        } in found
        {
            let name = self.interner.text(inner.name);
            let what = if is_field {
                "a field"
            } else {
                "an outer variable"
            };
            let error = Diagnostic::error(
                codes::REFUSED_VARIABLE_NAME,
                format!("{name} is also the name of {what}"),
            );
            let error = error
                .primary(inner.span, "declared again here")
                .secondary(outer.span, "declared here")
                .hint("choose another name for the inner one");
            self.report(error);
        }
    }
}

/// A name that hides another.
struct Shadow {
    inner: Name,
    outer: Name,
    is_field: bool,
}

/// The variables around the place that is being looked at.
struct Scopes<'w> {
    world: &'w World,
    method: SourceId,
    tree: &'w ast::Method,
    names: Vec<Name>,
    found: Vec<Shadow>,
}

impl Scopes<'_> {
    fn method(&mut self) {
        let tree = self.tree;
        self.declare(&tree.params);
        self.declare(&tree.temps);
        self.statements(&tree.statements);
    }

    fn declare(&mut self, names: &[Name]) {
        for &inner in names {
            let outer = self
                .names
                .iter()
                .find(|outer| outer.name == inner.name)
                .copied();
            if let Some(outer) = outer {
                self.found.push(Shadow {
                    inner,
                    outer,
                    is_field: false,
                });
            } else if let Some(outer) = self.field(inner.name) {
                self.found.push(Shadow {
                    inner,
                    outer,
                    is_field: true,
                });
            }
            self.names.push(inner);
        }
    }

    /// The field of this name that the method sees.
    fn field(&self, name: Symbol) -> Option<Name> {
        let info = &self.world.methods[self.method];
        if info.class_side {
            return None;
        }
        let (_, field) = self.world.field(info.class, name)?;
        Some(Name {
            name,
            span: field.span,
        })
    }

    fn statements(&mut self, statements: &[ast::Statement]) {
        for statement in statements {
            self.expression(statement.kind.expression());
        }
    }

    fn expression(&mut self, expr: ExprId) {
        let tree = self.tree;
        match &tree.exprs[expr].kind {
            ExprKind::Literal(_)
            | ExprKind::Variable(_)
            | ExprKind::Pseudo(_)
            | ExprKind::Error => {}
            ExprKind::Assignment { value, .. } => self.expression(*value),
            ExprKind::Send(send) => {
                self.expression(send.receiver);
                send.arguments
                    .iter()
                    .for_each(|&argument| self.expression(argument));
            }
            ExprKind::Cascade { receiver, messages } => {
                self.expression(*receiver);
                for &message in messages {
                    if let ExprKind::Send(send) = &tree.exprs[message].kind {
                        send.arguments
                            .iter()
                            .for_each(|&argument| self.expression(argument));
                    }
                }
            }
            ExprKind::Block(block) => {
                let outside = self.names.len();
                self.declare(&block.params);
                self.declare(&block.temps);
                self.statements(&block.statements);
                self.names.truncate(outside);
            }
            ExprKind::Answer(value) => self.expression(*value),
            ExprKind::BraceArray(elements) => elements
                .iter()
                .for_each(|&element| self.expression(element)),
        }
    }
}
