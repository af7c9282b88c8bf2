//! Removes moves that the register allocator left: copies that can be read at their source, copies that nobody reads, and copies of
//! what could have been computed in the right register at once.
//!
//! Works on steps with physical registers. Pins and the state's base are registers like others here, but always live.

use super::effects::{Effect, RegisterSet, bit};
use super::inst::{MInst, Op};
use super::regalloc::{Allocated, Step};
use super::registers::{RBX, RSP};
use regalloc2::{Allocation, OperandConstraint, OperandKind, OperandPos, PReg};

/// How far back the computation of a copied value is looked for.
const WINDOW: usize = 24;

/// What is computed in another register may be read at its source elsewhere, so a second round finds a little more.
const ROUNDS: usize = 2;

/// Removes moves. `pins` are the registers of the module's pins.
pub(super) fn remove_moves(function: &mut Allocated, pins: &[PReg]) {
    let fixed = RegisterSet::of(pins.iter().copied().chain([RBX, RSP]));
    let mut cleanup = Cleanup { function, fixed };
    for _ in 0..ROUNDS {
        cleanup.forward_copies();
        let live = cleanup.liveness();
        let mut renamed = false;
        for (number, live_out) in live.into_iter().enumerate() {
            renamed |= cleanup.block(number, live_out);
        }
        if !renamed {
            break;
        }
    }
    cleanup.drop_unread_slots();
}

/// Which register is a copy of which, and which spill slot is in which register.
#[derive(Clone, Default)]
struct Copies {
    sources: [Option<PReg>; 32],
    slots: Vec<(Allocation, PReg)>,
}

impl Copies {
    fn source(&self, register: PReg) -> Option<PReg> {
        self.sources[bit(register)]
    }

    fn forget(&mut self, changed: RegisterSet) {
        for target in 0..32 {
            let gone = changed.0 & (1 << target) != 0;
            if gone || self.sources[target].is_some_and(|source| changed.has(source)) {
                self.sources[target] = None;
            }
        }
        self.slots.retain(|(_, register)| !changed.has(*register));
    }
}

struct Cleanup<'a> {
    function: &'a mut Allocated,
    fixed: RegisterSet,
}

impl Cleanup<'_> {
    fn inst(&self, inst: u32) -> &MInst {
        &self.function.code.insts[inst as usize]
    }

    fn effect(&self, step: Step) -> Effect {
        self.function.effect(step, self.fixed)
    }

    /// Reads copies at their source, and reloads from registers where the value still is in one.
    fn forward_copies(&mut self) {
        let mut ends: Vec<Copies> = Vec::with_capacity(self.function.blocks.len());
        for number in 0..self.function.blocks.len() {
            let mut copies = match *self.function.code.blocks[number].predecessors {
                [only] if only.index() < number => ends[only.index()].clone(),
                _ => Copies::default(),
            };
            let mut steps = std::mem::take(&mut self.function.blocks[number]);
            steps.retain_mut(|step| self.forward_step(step, &mut copies));
            self.function.blocks[number] = steps;
            ends.push(copies);
        }
    }

    /// Whether the step is still wanted.
    fn forward_step(&mut self, step: &mut Step, copies: &mut Copies) -> bool {
        match step {
            Step::Inst(number) => {
                self.forward_operands(*number, copies);
                let effect = self.effect(*step);
                copies.forget(effect.writes);
                true
            }
            Step::Move { from, to } => {
                if let Some((_, register)) = copies.slots.iter().find(|(slot, _)| slot == from) {
                    *from = Allocation::reg(*register);
                }
                if let Some(source) = from.as_reg().and_then(|register| copies.source(register)) {
                    *from = Allocation::reg(source);
                }
                if from == to {
                    return false;
                }
                let (source, target) = (from.as_reg(), to.as_reg());
                let known = target.and_then(|target| copies.source(target));
                if known.is_some() && known == source {
                    return false;
                }
                copies.forget(RegisterSet::of(target));
                match (source, target) {
                    (Some(source), Some(target)) => copies.sources[bit(target)] = Some(source),
                    (Some(source), None) => {
                        copies.slots.retain(|(slot, _)| slot != to);
                        copies.slots.push((*to, source));
                    }
                    (None, Some(target)) => copies.slots.push((*from, target)),
                    (None, None) => {}
                }
                true
            }
        }
    }

    fn forward_operands(&mut self, number: u32, copies: &Copies) {
        let writes = self.effect(Step::Inst(number)).writes;
        let reads_first = self.reads_first(Step::Inst(number));
        let operands: Vec<_> = self.function.operands_of(number).collect();
        let start = self.function.range(number).start;
        for (position, &(operand, place)) in operands.iter().enumerate() {
            let tied = operands
                .iter()
                .any(|(other, _)| other.constraint() == OperandConstraint::Reuse(position));
            let free = operand.kind() == OperandKind::Use
                && operand.constraint() == OperandConstraint::Reg
                && !tied;
            let source = place.as_reg().and_then(|register| copies.source(register));
            let survives = |source: &PReg| reads_first || !writes.has(*source);
            if let Some(source) = source.filter(|source| free && survives(source)) {
                self.function.allocations[start + position] = Allocation::reg(source);
            }
        }
    }

    /// The registers that are read after each block.
    fn liveness(&self) -> Vec<RegisterSet> {
        let blocks = &self.function.blocks;
        let effects: Vec<Effect> = blocks.iter().map(|steps| self.summary(steps)).collect();
        let mut live_in = vec![RegisterSet::default(); blocks.len()];
        let mut live_out = live_in.clone();
        let mut changed = true;
        while changed {
            changed = false;
            for number in (0..blocks.len()).rev() {
                let successors = &self.function.code.blocks[number].successors;
                let mut out = self.fixed;
                for successor in successors {
                    out = out.union(live_in[successor.index()]);
                }
                live_out[number] = out;
                out.remove(effects[number].writes);
                let new = out.union(effects[number].reads);
                changed |= new != live_in[number];
                live_in[number] = new;
            }
        }
        live_out
    }

    /// What a block reads before it writes it, and what it writes.
    fn summary(&self, steps: &[Step]) -> Effect {
        let mut summary = Effect::default();
        for &step in steps.iter().rev() {
            let effect = self.effect(step);
            summary.reads.remove(effect.writes);
            summary.reads = summary.reads.union(effect.reads);
            summary.writes = summary.writes.union(effect.writes);
        }
        summary
    }

    /// Drops what nobody reads, and computes copied values in the right register; whether it did the latter.
    fn block(&mut self, number: usize, live_out: RegisterSet) -> bool {
        let steps = std::mem::take(&mut self.function.blocks[number]);
        let mut kept: Vec<(Step, RegisterSet)> = Vec::with_capacity(steps.len());
        let mut live = live_out;
        for &step in steps.iter().rev() {
            let effect = self.effect(step);
            let wanted = effect.writes.0 & (live.0 | self.fixed.0) != 0;
            if self.is_pure(step) && !wanted {
                continue;
            }
            kept.push((step, live));
            live.remove(effect.writes);
            live = live.union(effect.reads);
        }
        kept.reverse();
        let mut renamed = false;
        let mut index = 0;
        while index < kept.len() {
            if self.coalesce(&mut kept, index) {
                kept.remove(index);
                renamed = true;
            } else {
                index += 1;
            }
        }
        let same = |step: &Step| matches!(step, Step::Move { from, to } if from == to);
        let steps = kept.into_iter().map(|(step, _)| step);
        self.function.blocks[number] = steps.filter(|step| !same(step)).collect();
        renamed
    }

    /// Whether a step does nothing but write a register.
    fn is_pure(&self, step: Step) -> bool {
        match step {
            Step::Move { to, .. } => to.is_reg(),
            Step::Inst(number) => {
                matches!(self.inst(number).op, Op::MoveImm | Op::Lea | Op::FloatZero)
            }
        }
    }

    /// Makes the move at `index` unnecessary: what it copies is computed in its destination; false if that cannot be.
    fn coalesce(&mut self, steps: &mut [(Step, RegisterSet)], index: usize) -> bool {
        let (Step::Move { from, to }, live) = steps[index] else {
            return false;
        };
        let (Some(from), Some(to)) = (from.as_reg(), to.as_reg()) else {
            return false;
        };
        let movable = !live.has(from) && !self.fixed.has(from) && !self.fixed.has(to);
        if !movable || from.class() != to.class() {
            return false;
        }
        let first = index.saturating_sub(WINDOW);
        for start in (first..index).rev() {
            let step = steps[start].0;
            let effect = self.effect(step);
            if effect.writes.has(from) && !effect.reads.has(from) {
                if !self.can_rename(step, from) || effect.writes.has(to) {
                    return false;
                }
                if effect.reads.has(to) && !self.reads_first(step) {
                    return false;
                }
                self.rename_all(&mut steps[start..index], from, to);
                return true;
            }
            let touched = effect.reads.union(effect.writes);
            if touched.has(to) || (touched.has(from) && !self.can_rename(step, from)) {
                return false;
            }
        }
        false
    }

    /// Whether a step does not insist on a register that it names.
    fn can_rename(&self, step: Step, register: PReg) -> bool {
        match step {
            Step::Move { .. } => true,
            Step::Inst(number) => {
                let inst = self.inst(number);
                let clobbers = RegisterSet::of(self.function.code.clobbers.get(inst.clobbers));
                let insists = self.function.operands_of(number).any(|(operand, place)| {
                    place.as_reg() == Some(register)
                        && matches!(operand.constraint(), OperandConstraint::FixedReg(_))
                });
                !insists && !clobbers.has(register)
            }
        }
    }

    /// Whether an instruction reads all its operands before it writes its only result.
    fn reads_first(&self, step: Step) -> bool {
        match step {
            Step::Move { .. } => true,
            Step::Inst(number) => {
                let mut operands = self.function.operands_of(number);
                let late = operands.any(|(operand, _)| {
                    matches!(
                        (operand.kind(), operand.pos()),
                        (OperandKind::Use, OperandPos::Late)
                            | (OperandKind::Def, OperandPos::Early)
                    )
                });
                !late
                    && matches!(
                        self.inst(number).op,
                        Op::Lea | Op::Load(_) | Op::Unary(_) | Op::Imul(..)
                    )
            }
        }
    }

    fn rename_all(&mut self, steps: &mut [(Step, RegisterSet)], from: PReg, to: PReg) {
        let (old, new) = (Allocation::reg(from), Allocation::reg(to));
        for (step, live) in steps {
            match step {
                Step::Move { from, to } => {
                    for place in [from, to] {
                        if *place == old {
                            *place = new;
                        }
                    }
                }
                Step::Inst(number) => {
                    let range = self.function.range(*number);
                    for place in &mut self.function.allocations[range] {
                        if *place == old {
                            *place = new;
                        }
                    }
                }
            }
            live.remove(RegisterSet::of([from]));
            live.add(to);
        }
    }

    /// Drops stores to spill slots that are never loaded.
    fn drop_unread_slots(&mut self) {
        let mut read = vec![false; self.function.spill_slots];
        for step in self.function.blocks.iter().flatten() {
            if let Step::Move { from, .. } = step
                && let Some(slot) = from.as_stack()
            {
                read[slot.index()] = true;
            }
        }
        let unread = |step: &Step| match step {
            Step::Move { to, .. } => to.as_stack().is_some_and(|slot| !read[slot.index()]),
            Step::Inst(_) => false,
        };
        for steps in &mut self.function.blocks {
            steps.retain(|step| !unread(step));
        }
        let last = read.iter().rposition(|&read| read);
        self.function.spill_slots = last.map_or(0, |last| last + 1);
    }
}
