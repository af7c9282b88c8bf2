//! Functions that may run again while they run, without a declared bound.

use super::{CallGraph, Declared};
use crate::base::entity::{EntityRef, PrimaryMap};
use crate::ir::FuncId;

/// One cycle of calls for each knot of functions without a bound: every function calls the next one, the last one the first.
pub(super) fn cycles(
    graph: &CallGraph,
    declared: &PrimaryMap<FuncId, Declared>,
) -> Vec<Vec<FuncId>> {
    let callees = |function: FuncId| {
        callees(graph, function).filter(|&callee| declared[callee].recursion_bound.is_none())
    };
    let knots = components(graph.n_functions(), |function| {
        if declared[function].recursion_bound.is_some() {
            Vec::new()
        } else {
            callees(function).collect()
        }
    });
    let mut cycles = Vec::new();
    for knot in knots {
        let first = knot[0];
        let loops = knot.len() > 1 || callees(first).any(|callee| callee == first);
        if loops && declared[first].recursion_bound.is_none() {
            cycles.push(shortest_cycle(first, &|function| {
                callees(function)
                    .filter(|callee| knot.contains(callee))
                    .collect()
            }));
        }
    }
    cycles.sort();
    cycles
}

/// Functions that a function calls and that return to it.
pub(super) fn callees(graph: &CallGraph, function: FuncId) -> impl Iterator<Item = FuncId> + '_ {
    graph
        .calls(function)
        .iter()
        .filter(|site| !site.is_tail)
        .flat_map(|site| site.callees.iter().copied())
}

/// The shortest way from a function back to it.
fn shortest_cycle(start: FuncId, callees: &dyn Fn(FuncId) -> Vec<FuncId>) -> Vec<FuncId> {
    let mut paths = std::collections::VecDeque::from([vec![start]]);
    let mut seen = std::collections::BTreeSet::new();
    while let Some(path) = paths.pop_front() {
        let Some(&last) = path.last() else { break };
        for callee in callees(last) {
            if callee == start {
                return path;
            }
            if seen.insert(callee) {
                let mut longer = path.clone();
                longer.push(callee);
                paths.push_back(longer);
            }
        }
    }
    vec![start]
}

/// Strongly connected components, callees before callers; members ascending.
///
/// Source: Tarjan, "Depth-First Search and Linear Graph Algorithms", 1972. Differs: the depth-first walk keeps its own stack.
pub(super) fn components(
    n_functions: usize,
    callees: impl Fn(FuncId) -> Vec<FuncId>,
) -> Vec<Vec<FuncId>> {
    const UNSEEN: usize = usize::MAX;
    let mut order = vec![UNSEEN; n_functions];
    let mut low = vec![0; n_functions];
    let mut on_stack = vec![false; n_functions];
    let (mut stack, mut result, mut next) = (Vec::new(), Vec::new(), 0);
    for root in 0..n_functions {
        if order[root] != UNSEEN {
            continue;
        }
        let mut walk: Vec<(usize, Vec<FuncId>, usize)> =
            vec![(root, callees(FuncId::new(root)), 0)];
        (order[root], low[root], next) = (next, next, next + 1);
        stack.push(root);
        on_stack[root] = true;
        while let Some((at, successors, position)) = walk.last_mut() {
            let at = *at;
            if let Some(&callee) = successors.get(*position) {
                *position += 1;
                let callee = callee.index();
                if order[callee] == UNSEEN {
                    (order[callee], low[callee], next) = (next, next, next + 1);
                    stack.push(callee);
                    on_stack[callee] = true;
                    walk.push((callee, callees(FuncId::new(callee)), 0));
                } else if on_stack[callee] {
                    low[at] = low[at].min(order[callee]);
                }
                continue;
            }
            walk.pop();
            if let Some((caller, ..)) = walk.last() {
                low[*caller] = low[*caller].min(low[at]);
            }
            if low[at] == order[at] {
                let start = stack.iter().position(|&member| member == at).unwrap_or(0);
                let mut component: Vec<FuncId> = stack.drain(start..).map(FuncId::new).collect();
                component
                    .iter()
                    .for_each(|member| on_stack[member.index()] = false);
                component.sort_unstable();
                result.push(component);
            }
        }
    }
    result
}
