//! What one attempt at a body leaves to the next.
//!
//! The type of a local is the join of the types assigned to it, but it is read before all assignments are seen. So a body is typed in attempts: each one
//! starts with what the earlier ones learnt of locals and loops, and the attempt that learns nothing new is the result. Both kinds of knowledge only grow.

use rustc_hash::FxHashMap;

use crate::base::Span;
use crate::typed::{Range, Type};

/// An activation of a method or block within a body: that of the enclosing one and the place of the call. Number 0 is the method's own.
pub(super) type Path = u32;
/// A declaration in an activation, the same in all attempts.
pub(super) type Slot = u32;

/// Knowledge of a body, kept over the attempts.
#[derive(Debug, Default)]
pub(super) struct Memory {
    paths: FxHashMap<(Path, Span), Path>,
    slots: FxHashMap<(Path, Span), Slot>,
    joins: Vec<JoinState>,
    loops: FxHashMap<(Path, Span, Slot), Assumption>,
    /// Whether this attempt has learnt something.
    pub(super) changed: bool,
}

/// The type of a local as far as it is known.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct JoinState {
    pub(super) ty: Option<Type>,
    /// Only constants, or values computed from this local and constants, were assigned: it takes the unit of what it meets first.
    pub(super) adaptable: bool,
    /// The assignment that gave the type.
    pub(super) place: Option<Span>,
}

/// Range of a local at the start of a loop's body.
#[derive(Clone, Copy, Debug)]
struct Assumption {
    range: Range,
    steps: u8,
}

impl Memory {
    /// The activation at `place` within another one.
    pub(super) fn path(&mut self, parent: Path, place: Span) -> Path {
        let next = self.paths.len() as Path + 1;
        *self.paths.entry((parent, place)).or_insert(next)
    }

    /// The declaration at `place`.
    pub(super) fn slot(&mut self, path: Path, place: Span) -> Slot {
        let next = self.joins.len() as Slot;
        let slot = *self.slots.entry((path, place)).or_insert(next);
        if slot == next {
            self.joins.push(JoinState::default());
        }
        slot
    }

    pub(super) fn join_state(&mut self, slot: Slot) -> &mut JoinState {
        &mut self.joins[slot as usize]
    }

    /// What a loop's body may assume of a local whose range is `entry` before the loop.
    pub(super) fn loop_range(&self, path: Path, place: Span, slot: Slot, entry: Range) -> Range {
        match self.loops.get(&(path, place, slot)) {
            Some(known) => super::range::union(entry, known.range),
            None => entry,
        }
    }

    /// Compares what was assumed with the range at the end of the body; widens the assumption when it does not hold.
    pub(super) fn close_loop(
        &mut self,
        key: (Path, Span, Slot),
        assumed: Range,
        found: Range,
        limits: Range,
    ) {
        if found.within(assumed) {
            return;
        }
        self.changed = true;
        let known = self.loops.entry(key).or_insert(Assumption {
            range: assumed,
            steps: 0,
        });
        known.steps += 1;
        let joined = super::range::union(assumed, found);
        known.range = match known.steps {
            1 => joined,
            2 => Range {
                lo: if found.lo < assumed.lo {
                    limits.lo
                } else {
                    assumed.lo
                },
                hi: if found.hi > assumed.hi {
                    limits.hi
                } else {
                    assumed.hi
                },
            },
            _ => super::range::union(joined, limits),
        };
    }
}
