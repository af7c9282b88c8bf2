//! How far one body may grow by the expansion of blocks.
//!
//! A method that evaluates its block twice, used by one that does the same, and so on, doubles the code with each level. Such a body would be typed for
//! hours: it is refused when it has taken more expansions than any sensible one, and the error shows the way to where it stopped.

use crate::base::{Diagnostic, Span};
use crate::resolve::SourceId;
use crate::typed::Expr;

use super::body::{Body, poison};
use super::codes;

/// Expansions of one body. The largest of the VM takes fewer than three hundred.
const BUDGET: usize = 10_000;
/// Places of the way that are labelled.
const LABELS: usize = 6;

/// The expansions of a body.
#[derive(Debug, Default)]
pub(super) struct Expansions {
    /// Those that are open: the call, and the method that it expands; none for a block.
    open: Vec<(Span, Option<SourceId>)>,
    count: usize,
    is_refused: bool,
}

impl Body<'_, '_> {
    /// Begins an expansion. An expression in its stead when the body has had enough of them.
    pub(super) fn enter_expansion(
        &mut self,
        place: Span,
        method: Option<SourceId>,
    ) -> Option<Expr> {
        self.expansions.open.push((place, method));
        self.expansions.count += 1;
        if self.expansions.count <= BUDGET {
            return None;
        }
        if !self.expansions.is_refused {
            self.expansions.is_refused = true;
            let error = self.too_many_expansions();
            self.report(error);
        }
        self.leave_expansion();
        Some(poison(place))
    }

    /// Ends the innermost expansion.
    pub(super) fn leave_expansion(&mut self) {
        self.expansions.open.pop();
    }

    fn too_many_expansions(&self) -> Diagnostic {
        let tree = self.homes.values().next().map(|home| home.tree);
        let name = tree.map_or("this method", |tree| self.text(tree.selector));
        let message = format!("the blocks of {name} take more than {BUDGET} expansions");
        let mut error = Diagnostic::error(codes::EXPANSIONS, message);
        if let Some(tree) = tree {
            error = error.primary(tree.pattern_span, "of this method");
        }
        let mut way = vec![name.to_owned()];
        let mut labelled: Vec<Span> = Vec::new();
        for &(place, method) in &self.expansions.open {
            way.push(match method {
                Some(method) => self.inf.method_text(method),
                None => "its block".to_owned(),
            });
            if labelled.len() < LABELS && !labelled.contains(&place) {
                labelled.push(place);
                let text = match method {
                    Some(_) => "expands this method",
                    None => "evaluates a block",
                };
                error = error.secondary(place, text);
            }
        }
        error.hint(format!(
            "evaluate the block in one place, or make what it does a method\nthe way: {}",
            way.join(" -> ")
        ))
    }
}
