//! What each function does to the holders of derived values.
//!
//! A holder is in one of these conditions at a point of a function, as far as the paths that lead there tell; several when the paths differ:
//!
//! | condition | meaning |
//! | --- | --- |
//! | untouched | as the caller left it, and no object has moved since |
//! | moved | as the caller left it, and objects have moved since |
//! | fresh | a derived value was stored, and no object has moved since |
//! | stale | a derived value was stored, and objects have moved since |
//! | none of them | what was stored last is not derived |
//!
//! Conditions at the return of a function are its [`Summary`], together with the holders that it reads while they are untouched or moved. A store into an array
//! or a struct tells nothing of the other elements and instances, so it ends no condition. A handler goes on as any handler.
//!
//! A method with `<movesObjects:>` is the collector's: what it stores into somewhere, it puts right; all else has moved at its end. Of every other method
//! it counts what is stored on each path behind the last move.

use super::nodes::{Event, Node};
use super::report::Context;
use super::sets::HolderSet;
use crate::ir::FunctionKind;

/// The conditions of all followed holders at a point.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Conditions {
    pub(super) untouched: HolderSet,
    pub(super) moved: HolderSet,
    pub(super) fresh: HolderSet,
    pub(super) stale: HolderSet,
}

/// What a call of a function does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Summary {
    /// At its return.
    pub(super) end: Conditions,
    /// What it reads while untouched.
    pub(super) early: HolderSet,
    /// What it reads while moved.
    pub(super) late: HolderSet,
}

/// The summaries of all functions that matter.
pub(super) struct Summaries {
    /// By followed holder: whether a store ends what was there.
    is_scalar: Vec<bool>,
    /// By node.
    of: Vec<Summary>,
    /// What happens from the start of a handler on.
    of_handlers: Summary,
    /// By node: what it may store into, itself or through others.
    writes: Vec<HolderSet>,
}

impl Conditions {
    fn none(n: usize) -> Self {
        let none = HolderSet::none(n);
        Conditions {
            untouched: none.clone(),
            moved: none.clone(),
            fresh: none.clone(),
            stale: none,
        }
    }

    fn at_entry(n: usize) -> Self {
        Conditions {
            untouched: HolderSet::all(n),
            ..Self::none(n)
        }
    }

    /// Adds the conditions of another path; whether that changed anything.
    fn join(&mut self, other: &Conditions) -> bool {
        self.untouched.add(&other.untouched)
            | self.moved.add(&other.moved)
            | self.fresh.add(&other.fresh)
            | self.stale.add(&other.stale)
    }

    fn write(&mut self, holder: usize, is_derived: bool, is_scalar: bool) {
        if is_scalar {
            let Conditions {
                untouched,
                moved,
                fresh,
                stale,
            } = self;
            for set in [untouched, moved, fresh, stale] {
                set.remove(holder);
            }
        }
        if is_derived {
            self.fresh.insert(holder);
        }
    }

    /// Adds what a call makes of conditions.
    fn add_call(&mut self, before: &Conditions, call: &Conditions) {
        let Conditions {
            untouched,
            moved,
            fresh,
            stale,
        } = self;
        untouched.add_common(&before.untouched, &call.untouched);
        moved.add_common(&before.untouched, &call.moved);
        fresh.add(&call.fresh);
        fresh.add_common(&before.fresh, &call.untouched);
        stale.add(&call.stale);
        stale.add_common(&before.fresh, &call.moved);
        for kept in [&call.untouched, &call.moved] {
            moved.add_common(&before.moved, kept);
            stale.add_common(&before.stale, kept);
        }
    }
}

impl Summary {
    fn none(n: usize) -> Self {
        Summary {
            end: Conditions::none(n),
            early: HolderSet::none(n),
            late: HolderSet::none(n),
        }
    }

    fn add(&mut self, other: &Summary) -> bool {
        self.end.join(&other.end) | self.early.add(&other.early) | self.late.add(&other.late)
    }
}

impl Summaries {
    /// Finds the summaries of functions whose callees come first where they are in no circle.
    pub(super) fn new(context: &Context<'_>, nodes: &[Node], is_scalar: Vec<bool>) -> Self {
        let none = Summary::none(is_scalar.len());
        let mut summaries = Summaries {
            of: vec![none.clone(); nodes.len()],
            of_handlers: none,
            writes: writes(nodes, is_scalar.len()),
            is_scalar,
        };
        // All sets only grow, so this ends.
        while summaries.round(context, nodes) {}
        summaries
    }

    /// Brings all summaries up to date with those of callees; whether one changed.
    fn round(&mut self, context: &Context<'_>, nodes: &[Node]) -> bool {
        let mut changed = false;
        for (index, node) in nodes.iter().enumerate() {
            let mut summary = self.summarize(node);
            let declared = &context.declared[node.function];
            if declared.moves_objects {
                let end = &mut summary.end;
                end.untouched.move_to(&mut end.moved);
                end.moved.remove_all(&self.writes[index]);
                end.stale.remove_all(&self.writes[index]);
            }
            if declared.moves_objects || declared.exempt {
                summary.late = HolderSet::none(self.is_scalar.len());
            }
            if declared.moves_objects {
                summary.early = HolderSet::none(self.is_scalar.len());
            }
            changed |= self.of[index].add(&summary);
            if context.module.functions[node.function].kind == FunctionKind::Handler {
                changed |= self.of_handlers.add(&summary);
            }
        }
        changed
    }

    fn summarize(&self, node: &Node) -> Summary {
        let mut summary = Summary::none(self.is_scalar.len());
        for (block, start) in node.blocks.iter().zip(self.conditions(node)) {
            let mut conditions = start;
            for (_, event) in &block.events {
                self.note_reads(event, &conditions, &mut summary);
                self.follow(event, &mut conditions);
            }
            if block.is_end {
                summary.end.join(&conditions);
            }
        }
        summary
    }

    /// The conditions at the start of each block; none holds where control does not come.
    pub(super) fn conditions(&self, node: &Node) -> Vec<Conditions> {
        let n = self.is_scalar.len();
        let mut starts = vec![Conditions::none(n); node.blocks.len()];
        starts[0] = Conditions::at_entry(n);
        let mut changed = true;
        while changed {
            changed = false;
            for (index, block) in node.blocks.iter().enumerate() {
                let mut conditions = starts[index].clone();
                for (_, event) in &block.events {
                    self.follow(event, &mut conditions);
                }
                for &successor in &block.successors {
                    changed |= starts[successor].join(&conditions);
                }
            }
        }
        starts
    }

    /// What an event makes of conditions.
    pub(super) fn follow(&self, event: &Event, conditions: &mut Conditions) {
        match event {
            Event::Read(_) => {}
            &Event::Write { holder, is_derived } => {
                conditions.write(holder, is_derived, self.is_scalar[holder]);
            }
            Event::Call { .. } | Event::Dispatch => {
                let before = conditions.clone();
                *conditions = Conditions::none(self.is_scalar.len());
                for summary in self.summaries(event) {
                    conditions.add_call(&before, &summary.end);
                }
                if event.may_do_nothing() {
                    conditions.join(&before);
                }
            }
        }
    }

    fn note_reads(&self, event: &Event, conditions: &Conditions, summary: &mut Summary) {
        if let &Event::Read(holder) = event {
            if conditions.untouched.contains(holder) {
                summary.early.insert(holder);
            }
            if conditions.moved.contains(holder) {
                summary.late.insert(holder);
            }
        }
        let Conditions {
            untouched, moved, ..
        } = conditions;
        for call in self.summaries(event) {
            summary.early.add_common(untouched, &call.early);
            summary.late.add_common(untouched, &call.late);
            summary.late.add_common(moved, &call.early);
            summary.late.add_common(moved, &call.late);
        }
    }

    /// The holders that an event reads while they are stale.
    pub(super) fn hazards(&self, event: &Event, before: &Conditions) -> HolderSet {
        let mut found = HolderSet::none(self.is_scalar.len());
        if let &Event::Read(holder) = event
            && before.stale.contains(holder)
        {
            found.insert(holder);
        }
        for call in self.summaries(event) {
            found.add_common(&before.fresh, &call.late);
            found.add_common(&before.stale, &call.late);
            found.add_common(&before.stale, &call.early);
        }
        found
    }

    /// What may happen at a call.
    pub(super) fn summaries<'s>(&'s self, event: &'s Event) -> impl Iterator<Item = &'s Summary> {
        let (callees, handlers) = match event {
            Event::Call { callees, .. } => (&callees[..], None),
            Event::Dispatch => (&[][..], Some(&self.of_handlers)),
            Event::Read(_) | Event::Write { .. } => (&[][..], None),
        };
        callees.iter().map(|&node| &self.of[node]).chain(handlers)
    }
}

/// What each node may store into. Handlers that run later are left out: only what a declared collection stores matters.
fn writes(nodes: &[Node], n: usize) -> Vec<HolderSet> {
    let mut writes = vec![HolderSet::none(n); nodes.len()];
    let mut changed = true;
    while changed {
        changed = false;
        for (index, node) in nodes.iter().enumerate() {
            let mut mine = std::mem::take(&mut writes[index]);
            for (_, event) in node.blocks.iter().flat_map(|block| &block.events) {
                match event {
                    &Event::Write { holder, .. } => changed |= mine.insert(holder),
                    Event::Call { callees, .. } => {
                        let others = callees.iter().filter(|&&callee| callee != index);
                        others.for_each(|&callee| changed |= mine.add(&writes[callee]));
                    }
                    Event::Read(_) | Event::Dispatch => {}
                }
            }
            writes[index] = mine;
        }
    }
    writes
}
