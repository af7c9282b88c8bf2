//! Replaces symbols of one interner by those of another.

use crate::base::interner::Renaming;
use crate::syntax::ast::{Expr, ExprKind, Literal, LiteralNode, Method, Name};

impl Method {
    /// Replaces every symbol by the one that it is called in the interner that absorbed its own.
    pub fn rename(&mut self, renaming: &Renaming) {
        self.selector = renaming.of(self.selector);
        rename_names(&mut self.params, renaming);
        rename_names(&mut self.temps, renaming);
        for pragma in &mut self.pragmas {
            pragma.selector = renaming.of(pragma.selector);
            pragma
                .arguments
                .iter_mut()
                .for_each(|argument| rename_literal(argument, renaming));
        }
        self.exprs
            .values_mut()
            .for_each(|expr| expr.rename(renaming));
    }
}

impl Expr {
    /// Replaces the symbols of this expression, not those of the expressions that it refers to.
    pub fn rename(&mut self, renaming: &Renaming) {
        match &mut self.kind {
            ExprKind::Literal(literal) => rename_literal_value(literal, renaming),
            ExprKind::Variable(name) => *name = renaming.of(*name),
            ExprKind::Assignment { target, .. } => target.name = renaming.of(target.name),
            ExprKind::Send(send) => send.selector = renaming.of(send.selector),
            ExprKind::Block(block) => {
                rename_names(&mut block.params, renaming);
                rename_names(&mut block.temps, renaming);
            }
            ExprKind::Pseudo(_)
            | ExprKind::Cascade { .. }
            | ExprKind::BraceArray(_)
            | ExprKind::Answer(_)
            | ExprKind::Error => {}
        }
    }
}

fn rename_names(names: &mut [Name], renaming: &Renaming) {
    names
        .iter_mut()
        .for_each(|name| name.name = renaming.of(name.name));
}

fn rename_literal(node: &mut LiteralNode, renaming: &Renaming) {
    rename_literal_value(&mut node.literal, renaming);
}

fn rename_literal_value(literal: &mut Literal, renaming: &Renaming) {
    match literal {
        Literal::Symbol(symbol) => *symbol = renaming.of(*symbol),
        Literal::Array(elements) => elements
            .iter_mut()
            .for_each(|element| rename_literal(element, renaming)),
        Literal::Integer(_)
        | Literal::Fraction(..)
        | Literal::Float(_)
        | Literal::ScaledDecimal(_)
        | Literal::Character(_)
        | Literal::String(_)
        | Literal::ByteArray(_)
        | Literal::FloatArray(_)
        | Literal::Boolean(_)
        | Literal::Nil => {}
    }
}
