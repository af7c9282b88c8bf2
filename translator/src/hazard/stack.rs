//! The deepest native stack.

use super::{CallGraph, Declared, recursion};
use crate::base::entity::{EntityRef, PrimaryMap};
use crate::ir::FuncId;

/// The deepest chain of calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deepest {
    /// Bytes of all frames of the chain.
    pub bytes: u64,
    /// The functions, outermost first; those of a recursion stand once.
    pub chain: Vec<FuncId>,
}

/// The deepest chain from any function, by the bytes of each frame (return address included; 0 for what was inlined everywhere).
///
/// Functions that call each other in a circle count as one, with all of their frames, as often as the greatest bound among them says.
#[must_use]
pub fn deepest(
    graph: &CallGraph,
    declared: &PrimaryMap<FuncId, Declared>,
    frame: impl Fn(FuncId) -> u64,
) -> Deepest {
    // A tail call takes the place of its caller, but what it needs comes after the caller's callers.
    let callees = |function: FuncId| -> Vec<FuncId> {
        graph
            .calls(function)
            .iter()
            .filter(|site| !site.is_tail)
            .flat_map(|site| site.callees.iter().copied())
            .collect()
    };
    let knots = recursion::components(graph.n_functions(), callees);
    let mut knot_of = vec![0; graph.n_functions()];
    let mut best: Vec<(u64, Option<usize>)> = Vec::new();
    for (number, knot) in knots.iter().enumerate() {
        for member in knot {
            knot_of[member.index()] = number;
        }
        let frames: u64 = knot.iter().map(|&member| frame(member)).sum();
        let bound = knot
            .iter()
            .filter_map(|&member| declared[member].recursion_bound)
            .max()
            .unwrap_or(1);
        let own = frames.saturating_mul(bound.max(1).into());
        let inner = knot
            .iter()
            .flat_map(|&member| recursion::callees(graph, member))
            .map(|callee| knot_of[callee.index()]);
        // Callees come before callers, so that their depths are known.
        let next = inner
            .filter(|&callee| callee != number)
            .max_by_key(|&callee| (best[callee].0, std::cmp::Reverse(callee)));
        best.push((
            own.saturating_add(next.map_or(0, |next| best[next].0)),
            next,
        ));
    }
    let start = (0..best.len()).max_by_key(|&number| (best[number].0, std::cmp::Reverse(number)));
    let mut chain = Vec::new();
    let mut at = start;
    while let Some(number) = at {
        chain.extend(knots[number].iter().copied());
        at = best[number].1;
    }
    Deepest {
        bytes: start.map_or(0, |number| best[number].0),
        chain,
    }
}
