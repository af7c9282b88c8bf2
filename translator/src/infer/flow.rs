//! What is known of locals at a point of a body: assigned or not, and the range of the value.
//!
//! Straight code carries one [`Env`]; a branch forks it and joins the ends, a condition narrows it, a loop starts from assumptions that the
//! next attempt at the body widens until they hold (see [`Memory`](super::memory::Memory)).

use crate::base::EntityRef;
use crate::typed::{Comparison, Expr, ExprKind, LocalId, Range};

use super::range;

/// State of one local.
#[derive(Clone, Copy, Debug)]
struct LocalFlow {
    assigned: bool,
    range: Option<Range>,
}

/// State of all locals.
#[derive(Clone, Debug)]
pub(super) struct Env {
    pub(super) reachable: bool,
    locals: Vec<LocalFlow>,
}

impl Env {
    pub(super) fn new() -> Self {
        Env {
            reachable: true,
            locals: Vec::new(),
        }
    }

    fn flow(&mut self, local: LocalId) -> &mut LocalFlow {
        let unassigned = LocalFlow {
            assigned: false,
            range: None,
        };
        if self.locals.len() <= local.index() {
            self.locals.resize(local.index() + 1, unassigned);
        }
        &mut self.locals[local.index()]
    }

    pub(super) fn declare(&mut self, local: LocalId) {
        *self.flow(local) = LocalFlow {
            assigned: false,
            range: None,
        };
    }

    pub(super) fn assign(&mut self, local: LocalId, range: Option<Range>) {
        *self.flow(local) = LocalFlow {
            assigned: true,
            range,
        };
    }

    pub(super) fn is_assigned(&self, local: LocalId) -> bool {
        self.locals
            .get(local.index())
            .is_some_and(|flow| flow.assigned)
    }

    pub(super) fn range(&self, local: LocalId) -> Option<Range> {
        self.locals.get(local.index())?.range
    }

    pub(super) fn set_range(&mut self, local: LocalId, range: Range) {
        self.flow(local).range = Some(range);
    }

    /// The state where two paths meet. Locals of an inner scope that only one of them knows are forgotten.
    pub(super) fn join(self, other: Env) -> Env {
        if !self.reachable {
            return other;
        }
        if !other.reachable {
            return self;
        }
        let pairs = self.locals.into_iter().zip(other.locals);
        let locals = pairs
            .map(|(a, b)| LocalFlow {
                assigned: a.assigned && b.assigned,
                range: match (a.range, b.range) {
                    (Some(a), Some(b)) => Some(range::union(a, b)),
                    _ => None,
                },
            })
            .collect();
        Env {
            reachable: true,
            locals,
        }
    }

    /// Narrows the ranges of locals by a condition that came out as `truth`.
    pub(super) fn refine(&mut self, condition: &Expr, truth: bool) {
        if self.reachable && !assigns(condition) {
            self.narrow(condition, truth);
        }
    }

    fn narrow(&mut self, condition: &Expr, truth: bool) {
        match &condition.kind {
            ExprKind::Not(inner) => self.narrow(inner, !truth),
            ExprKind::And(a, b) if truth => {
                self.narrow(a, true);
                self.narrow(b, true);
            }
            ExprKind::Or(a, b) if !truth => {
                self.narrow(a, false);
                self.narrow(b, false);
            }
            ExprKind::IntCompare(comparison, a, b) => {
                let comparison = if truth {
                    *comparison
                } else {
                    negated(*comparison)
                };
                self.narrow_compared(comparison, a, b);
                self.narrow_compared(mirrored(comparison), b, a);
            }
            _ => {}
        }
    }

    fn narrow_compared(&mut self, comparison: Comparison, a: &Expr, b: &Expr) {
        let (ExprKind::Local(local), Some(bound)) = (&a.kind, b.range) else {
            return;
        };
        let Some(known) = self.range(*local) else {
            return;
        };
        let bound = match b.kind {
            ExprKind::Local(other) => self.range(other).unwrap_or(bound),
            _ => bound,
        };
        let limits = match comparison {
            Comparison::Eq => bound,
            Comparison::Ne => without(known, bound),
            Comparison::Lt => below(known, bound.hi - 1),
            Comparison::Le => below(known, bound.hi),
            Comparison::Gt => above(known, bound.lo + 1),
            Comparison::Ge => above(known, bound.lo),
        };
        self.set_range(*local, range::intersect(limits, known));
    }
}

fn below(known: Range, hi: i128) -> Range {
    Range {
        lo: known.lo.min(hi),
        hi,
    }
}

fn above(known: Range, lo: i128) -> Range {
    Range {
        lo,
        hi: known.hi.max(lo),
    }
}

/// `known` less an end that is excluded.
fn without(known: Range, excluded: Range) -> Range {
    let single = excluded.lo == excluded.hi && known.lo < known.hi;
    let mut rest = known;
    if single && excluded.lo == known.lo {
        rest.lo += 1;
    }
    if single && excluded.lo == known.hi {
        rest.hi -= 1;
    }
    rest
}

/// The comparison that holds when `comparison` does not.
pub(super) fn negated(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Eq => Comparison::Ne,
        Comparison::Ne => Comparison::Eq,
        Comparison::Lt => Comparison::Ge,
        Comparison::Le => Comparison::Gt,
        Comparison::Gt => Comparison::Le,
        Comparison::Ge => Comparison::Lt,
    }
}

/// The comparison with its operands exchanged.
fn mirrored(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Lt => Comparison::Gt,
        Comparison::Le => Comparison::Ge,
        Comparison::Gt => Comparison::Lt,
        Comparison::Ge => Comparison::Le,
        same => same,
    }
}

/// Whether evaluating the expression may assign a local.
fn assigns(expr: &Expr) -> bool {
    if matches!(expr.kind, ExprKind::SetLocal(..) | ExprKind::For { .. }) {
        return true;
    }
    let mut found = false;
    expr.for_each_child(&mut |child| found = found || assigns(child));
    found
}
