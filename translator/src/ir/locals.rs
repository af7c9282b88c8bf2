//! Notes what the variables of the source are while a function is built.
//!
//! Where ways join, a variable that some of them assign is unknown, until it is read and has a parameter of the block.
//! At the head of a loop every variable is, until the loop is complete: those that it does not assign are then what they were before.

use rustc_hash::FxHashMap;

use super::bindings::{Bound, LocalVariable};
use super::builder::FunctionBuilder;
use super::entities::{Block, Local, Snapshot, Value, Variable};
use crate::base::SecondaryMap;

/// What is known of named variables while blocks are being filled.
#[derive(Default, Debug)]
pub(super) struct Locals {
    of: SecondaryMap<Variable, Option<Local>>,
    /// The bindings of variables at the start of blocks where they are unknown.
    joined: FxHashMap<(Block, Local), Snapshot>,
    /// The loops that are not complete: the snapshots before and after the bindings of their heads.
    loops: FxHashMap<Block, (Snapshot, Snapshot)>,
}

impl FunctionBuilder {
    /// Debuggers are told of a variable from now on.
    pub fn name_var(&mut self, variable: Variable, local: Local) {
        self.locals.of[variable] = Some(local);
    }

    /// A variable of the source that debuggers are told of.
    pub fn add_local(&mut self, local: LocalVariable) -> Local {
        self.func.bindings.locals.push(local)
    }

    /// Notes the value of a variable, if it has a name.
    pub fn bind_var(&mut self, variable: Variable, value: Value) {
        if let Some(local) = self.locals.of[variable] {
            self.bind(local, Bound::Value(value));
        }
    }

    fn bind(&mut self, local: Local, bound: Bound) -> Snapshot {
        let before = self.position.snapshot;
        let after = self.func.bindings.bind(before, local, bound);
        self.position.snapshot = after;
        after
    }

    /// What variables are at the start of a block that is going to be filled.
    pub(super) fn enter_snapshot(&mut self, block: Block, is_loop: bool) {
        let bindings = &self.func.bindings;
        let ends = self.ends_before(block);
        let Some(common) = ends.iter().copied().reduce(|a, b| bindings.common(a, b)) else {
            return;
        };
        let mut changed: Vec<Local> = Vec::new();
        for &end in &ends {
            changed.extend(self.assigned_between(common, end));
        }
        if is_loop {
            let all = bindings.chain(common).map(|(_, binding)| binding.local);
            changed.extend(all);
        }
        changed.sort_unstable();
        changed.dedup();
        self.position.snapshot = common;
        for local in changed {
            let snapshot = self.bind(local, Bound::Unknown);
            self.locals.joined.insert((block, local), snapshot);
        }
        if let (true, [before]) = (is_loop, &ends[..]) {
            let places = (*before, self.position.snapshot);
            self.locals.loops.insert(block, places);
        }
    }

    /// The snapshots at the ends of the blocks that lead to one.
    fn ends_before(&self, block: Block) -> Vec<Snapshot> {
        let from = self.variables.predecessors(block).iter();
        from.map(|&from| {
            self.func.insts[self.func.terminator_id(from)]
                .position
                .snapshot
        })
        .collect()
    }

    /// The variables with bindings after a snapshot up to a later one.
    fn assigned_between(&self, start: Snapshot, end: Snapshot) -> impl Iterator<Item = Local> {
        let later = self.func.bindings.chain(end);
        let later = later.take_while(move |(snapshot, _)| *snapshot > start);
        let real = later.filter(|(_, binding)| binding.bound != Bound::Same);
        real.map(|(_, binding)| binding.local)
    }

    /// A block has got a parameter for a variable.
    pub(super) fn bind_param(&mut self, block: Block, variable: Variable, value: Value) {
        if let Some(local) = self.locals.of[variable]
            && let Some(&snapshot) = self.locals.joined.get(&(block, local))
        {
            self.func.bindings.rebind(snapshot, Bound::Value(value));
        }
    }

    /// All branches to a block are known: if it is the head of a loop, so is what the loop assigns.
    pub(super) fn end_loop(&mut self, block: Block) {
        let Some((before, head)) = self.locals.loops.remove(&block) else {
            return;
        };
        let mut changed: Vec<Local> = Vec::new();
        for end in self.ends_before(block) {
            // The ends before the loop have nothing later than its head in them.
            if self.func.bindings.chain(end).any(|(at, _)| at == head) {
                changed.extend(self.assigned_between(head, end));
            }
        }
        let bindings = self.func.bindings.chain(head);
        let added = bindings.take_while(|(snapshot, _)| *snapshot > before);
        let same = added.filter(|(_, binding)| !changed.contains(&binding.local));
        let same: Vec<Snapshot> = same.map(|(snapshot, _)| snapshot).collect();
        for snapshot in same {
            self.func.bindings.rebind(snapshot, Bound::Same);
        }
    }
}
