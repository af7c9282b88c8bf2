//! Derived values that wait in holders while objects move: in fields of components and structs, in arrays and in pinned registers.
//!
//! A root, or what the collector puts right, is read again after a collection and holds what it should. Any other holder is a hazard where it is read while
//! it is stale, in the function itself, in one that it calls, or in a handler that runs later. `summary` tells how holders get stale.

use super::derived::Flow;
use super::holders::{Holder, Holders};
use super::nodes::{Event, Node, nodes};
use super::report::Context;
use super::summary::Summaries;
use crate::ir::{FuncId, InstId};

/// A holder that is stale where it is read.
#[derive(Clone, Debug)]
pub(super) struct FieldHazard {
    pub(super) function: FuncId,
    /// The holder as the source names it.
    pub(super) name: String,
    /// Where it got the derived value.
    pub(super) stored: InstId,
    /// The moving call, or the end of the handler behind which objects move.
    pub(super) call: InstId,
    /// The reading.
    pub(super) used: InstId,
}

/// Where one holder got what it has at a point, as told of the path that was found first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum State {
    Unknown,
    /// Stored here.
    Fresh(InstId),
    /// Stored and moved here.
    Stale(InstId, InstId),
}

/// The hazards of all functions that are checked: at most one for each holder in each.
pub(super) fn hazards(
    context: &Context<'_>,
    holders: &Holders<'_>,
    flow: &mut Flow<'_>,
    order: &[FuncId],
) -> Vec<FieldHazard> {
    let holding = flow.holding();
    let followed: Vec<Holder> = holding
        .filter(|&holder| !holders.is_exempt(holder))
        .collect();
    let is_scalar = followed.iter().map(|&holder| holders.is_scalar(holder));
    let is_scalar: Vec<bool> = is_scalar.collect();
    let nodes = nodes(context, holders, flow, &followed, order);
    let summaries = Summaries::new(context, &nodes, is_scalar.clone());
    let mut found: Vec<FieldHazard> = Vec::new();
    for node in &nodes {
        let declared = &context.declared[node.function];
        if declared.exempt || declared.moves_objects {
            continue;
        }
        for (number, used) in stale_reads(&summaries, node) {
            let search = Search {
                summaries: &summaries,
                node,
                number,
                is_scalar: is_scalar[number],
            };
            let (stored, call) = search.way_to(used);
            found.push(FieldHazard {
                function: node.function,
                name: holders.name(followed[number]),
                stored,
                call,
                used,
            });
        }
    }
    without_repetition(found)
}

/// At most one hazard of a holder in each function. Those of which a call does all, stores, moves and reads, are told only of holders of which nothing
/// better is: each caller has the same.
fn without_repetition(mut found: Vec<FieldHazard>) -> Vec<FieldHazard> {
    found.sort_by_key(|hazard| (hazard.stored == hazard.used, hazard.function, hazard.used));
    let mut told: Vec<FieldHazard> = Vec::new();
    for hazard in found {
        let is_vague = hazard.stored == hazard.used;
        let is_same = |known: &FieldHazard| {
            known.name == hazard.name && (is_vague || known.function == hazard.function)
        };
        if !told.iter().any(is_same) {
            told.push(hazard);
        }
    }
    told
}

/// The holders that a node reads while they are stale, each with the first instruction that does.
fn stale_reads(summaries: &Summaries, node: &Node) -> Vec<(usize, InstId)> {
    let mut found: Vec<(usize, InstId)> = Vec::new();
    for (block, mut conditions) in node.blocks.iter().zip(summaries.conditions(node)) {
        for (inst, event) in &block.events {
            for number in summaries.hazards(event, &conditions).iter() {
                if found.iter().all(|&(known, _)| known != number) {
                    found.push((number, *inst));
                }
            }
            summaries.follow(event, &mut conditions);
        }
    }
    found
}

/// Looks in one node for the store and the call that make one holder stale.
struct Search<'a> {
    summaries: &'a Summaries,
    node: &'a Node,
    number: usize,
    is_scalar: bool,
}

impl Search<'_> {
    /// The store, and the call that moves objects, before a stale read.
    fn way_to(&self, used: InstId) -> (InstId, InstId) {
        let mut starts = vec![State::Unknown; self.node.blocks.len()];
        let mut at_use = State::Unknown;
        let mut changed = true;
        while changed {
            changed = false;
            for (index, block) in self.node.blocks.iter().enumerate() {
                let mut state = starts[index];
                for &(inst, ref event) in &block.events {
                    if inst == used {
                        at_use = later(at_use, state);
                    }
                    state = self.after(state, inst, event);
                }
                for &successor in &block.successors {
                    let joined = later(starts[successor], state);
                    changed |= joined != starts[successor];
                    starts[successor] = joined;
                }
            }
        }
        match at_use {
            State::Stale(stored, call) => (stored, call),
            // It moves where it is read.
            State::Fresh(stored) => (stored, used),
            State::Unknown => (used, used),
        }
    }

    fn after(&self, state: State, inst: InstId, event: &Event) -> State {
        let number = self.number;
        match event {
            Event::Write { holder, is_derived } if *holder == number => match is_derived {
                true => State::Fresh(inst),
                false if self.is_scalar => State::Unknown,
                false => state,
            },
            Event::Call { .. } | Event::Dispatch => {
                let mut after = match event.may_do_nothing() {
                    true => state,
                    false => State::Unknown,
                };
                for call in self.summaries.summaries(event) {
                    let end = &call.end;
                    if end.untouched.contains(number) {
                        after = later(after, state);
                    }
                    if end.moved.contains(number) && state != State::Unknown {
                        let (State::Fresh(stored) | State::Stale(stored, _)) = state else {
                            continue;
                        };
                        after = later(after, State::Stale(stored, inst));
                    }
                    if end.fresh.contains(number) {
                        after = later(after, State::Fresh(inst));
                    }
                    if end.stale.contains(number) {
                        after = later(after, State::Stale(inst, inst));
                    }
                }
                after
            }
            Event::Read(_) | Event::Write { .. } => state,
        }
    }
}

/// The worse of two states; of two that are equally bad the one that was found first.
fn later(known: State, other: State) -> State {
    let rank = |state: State| match state {
        State::Unknown => 0,
        State::Fresh(_) => 1,
        State::Stale(..) => 2,
    };
    if rank(other) > rank(known) {
        other
    } else {
        known
    }
}
