//! What steps read and write, in physical registers.

use super::inst::Slot;
use super::regalloc::{Allocated, Step};
use super::registers::{RBX, RSP};
use regalloc2::{OperandKind, PReg, RegClass};

/// A set of the 16 integer and 16 float registers.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct RegisterSet(pub(super) u32);

/// The position of a register in a set.
pub(super) fn bit(register: PReg) -> usize {
    match register.class() {
        RegClass::Int => register.hw_enc(),
        _ => 16 + register.hw_enc(),
    }
}

impl RegisterSet {
    pub(super) fn of(registers: impl IntoIterator<Item = PReg>) -> Self {
        let mut set = Self::default();
        registers.into_iter().for_each(|register| set.add(register));
        set
    }

    pub(super) fn add(&mut self, register: PReg) {
        self.0 |= 1 << bit(register);
    }

    pub(super) fn remove(&mut self, other: Self) {
        self.0 &= !other.0;
    }

    pub(super) fn has(self, register: PReg) -> bool {
        self.0 & (1 << bit(register)) != 0
    }

    pub(super) fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// What a step reads and writes.
#[derive(Clone, Copy, Default)]
pub(super) struct Effect {
    pub(super) reads: RegisterSet,
    pub(super) writes: RegisterSet,
}

impl Allocated {
    /// What a step reads and writes; calls may change the `fixed` registers, pins above all.
    #[must_use]
    pub(super) fn effect(&self, step: Step, fixed: RegisterSet) -> Effect {
        let mut effect = Effect::default();
        match step {
            Step::Move { from, to } => {
                from.as_reg().into_iter().for_each(|r| effect.reads.add(r));
                to.as_reg().into_iter().for_each(|r| effect.writes.add(r));
            }
            Step::Inst(number) => {
                for (operand, place) in self.operands_of(number) {
                    let Some(register) = place.as_reg() else {
                        continue;
                    };
                    match operand.kind() {
                        OperandKind::Use => effect.reads.add(register),
                        OperandKind::Def => effect.writes.add(register),
                    }
                }
                let inst = &self.code.insts[number as usize];
                let clobbers = self.code.clobbers.get(inst.clobbers);
                effect.writes = effect.writes.union(RegisterSet::of(clobbers));
                for slot in [inst.a, inst.b, inst.mem.index, inst.mem.base.slot()] {
                    if let Slot::Fixed(register) = slot {
                        effect.reads.add(register);
                    }
                }
                if let Slot::Fixed(register) = inst.dst {
                    effect.writes.add(register);
                }
                if inst.op.is_call() {
                    effect.writes = effect.writes.union(fixed);
                    effect.writes.remove(RegisterSet::of([RBX, RSP]));
                }
            }
        }
        effect
    }
}
