//! Which registers and spill slots hold the values of variables: for debuggers.
//!
//! Runs over the steps after register allocation and its cleaning. A register holds the value of a virtual register from where that is
//! written, through moves, until something else is written, and only where that is so on every way: so what is found is never stale.
//! An edge to a block gives the places of arguments to its parameters.

use super::effects::{RegisterSet, bit};
use super::pins::PinFacts;
use super::regalloc::{Allocated, Step};
use super::registers::{RBX, RSP};
use crate::ir::{InstId, PinId};
use regalloc2::{Allocation, Block, OperandKind, PReg, VReg};

/// Where the value of a binding is to be looked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Home {
    /// Nowhere.
    Nowhere,
    /// Wherever the virtual register is.
    Virtual(VReg),
    /// It is this.
    Constant(i64),
}

/// A value that is read from a pin: while the epoch of the pin lasts, it is in its register.
#[derive(Clone, Copy, Debug)]
pub(super) struct PinRead {
    /// The value, by a number that no virtual register has.
    pub vreg: VReg,
    /// The pin.
    pub pin: PinId,
    /// Its register.
    pub register: PReg,
    /// The epoch.
    pub epoch: u32,
}

/// Where the values of a function's bindings are.
#[derive(Default)]
pub(super) struct Homes {
    /// By binding.
    pub list: Vec<Home>,
    /// By virtual register: the one that it is a copy of, or itself. Where the copy is known, both have one value.
    pub origins: Vec<VReg>,
    /// What is read from pins.
    pub reads: Vec<PinRead>,
    /// The epochs of pins, if anything is.
    pub pins: PinFacts,
}

/// A step: its block, and its number there.
pub(super) type Place = (Block, usize);

/// A set of virtual registers.
struct Wanted(Vec<bool>);

impl Wanted {
    /// Those of variables, and those that are handed over to them.
    fn new(function: &Allocated, homes: &Homes) -> Self {
        let count = function.code.vregs.len();
        let mut wanted = Self(vec![false; count]);
        for home in &homes.list {
            if let Home::Virtual(vreg) = home
                && vreg.vreg() < count
            {
                wanted.0[vreg.vreg()] = true;
            }
        }
        let mut changed = wanted.0.contains(&true);
        while changed {
            changed = false;
            for (param, arg) in passed(function) {
                let arg = homes.origins[arg.vreg()];
                if wanted.has(param) && !wanted.has(arg) {
                    wanted.0[arg.vreg()] = true;
                    changed = true;
                }
            }
        }
        wanted
    }

    fn has(&self, vreg: VReg) -> bool {
        self.0[vreg.vreg()]
    }
}

/// Parameters of blocks with their arguments, on all edges.
fn passed(function: &Allocated) -> impl Iterator<Item = (VReg, VReg)> {
    let blocks = &function.code.blocks;
    blocks.iter().rev().flat_map(move |block| {
        let params = block
            .successors
            .first()
            .map(|to| &blocks[to.index()].params);
        let params = params.into_iter().flatten().copied();
        params.zip(block.args.iter().copied())
    })
}

/// A register, or a spill slot.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Spot {
    /// A register.
    Register(PReg),
    /// The number of a slot.
    Slot(usize),
}

impl Spot {
    fn of(allocation: Allocation) -> Option<Self> {
        let slot = || allocation.as_stack().map(|slot| Self::Slot(slot.index()));
        allocation.as_reg().map(Self::Register).or_else(slot)
    }

    /// Whether it is one of those registers.
    pub(super) fn is_in(self, registers: RegisterSet) -> bool {
        matches!(self, Self::Register(register) if registers.has(register))
    }
}

/// What is in registers and slots at a place.
#[derive(Clone, Default, Debug)]
pub(super) struct Held(Vec<(Spot, VReg)>);

impl Held {
    /// Where a virtual register's value is: preferably there, but only in need in one of the registers to avoid.
    pub(super) fn spot(
        &self,
        vreg: VReg,
        preferred: Option<Spot>,
        avoided: RegisterSet,
    ) -> Option<Spot> {
        let all = self.0.iter().filter(|(_, held)| *held == vreg);
        let spots = all.map(|(spot, _)| *spot);
        spots.min_by_key(|spot| {
            let number = match *spot {
                Spot::Register(register) => (0, bit(register)),
                Spot::Slot(slot) => (1, slot),
            };
            (spot.is_in(avoided), Some(*spot) != preferred, number)
        })
    }

    fn forget(&mut self, vreg: VReg) {
        self.0.retain(|(_, held)| *held != vreg);
    }

    /// Values below `count` are copied; what is read from a pin is not followed elsewhere, since nothing says when it is read again.
    fn copy(&mut self, from: Spot, to: Spot, count: usize) {
        self.0.retain(|(spot, _)| *spot != to);
        for index in 0..self.0.len() {
            let (spot, vreg) = self.0[index];
            if spot == from && vreg.vreg() < count {
                self.0.push((to, vreg));
            }
        }
    }

    /// Parameters are what their arguments were; `origins` knows of what these are copies.
    fn pass(&mut self, params: &[VReg], args: &[VReg], origins: &[VReg]) {
        if params.is_empty() {
            return;
        }
        let old = std::mem::take(&mut self.0);
        for (spot, vreg) in old {
            if !params.contains(&vreg) {
                self.0.push((spot, vreg));
            }
            let own = params
                .iter()
                .zip(args)
                .filter(|(_, arg)| origins[arg.vreg()] == vreg);
            self.0.extend(own.map(|(param, _)| (spot, *param)));
        }
    }

    /// What is in both.
    pub(super) fn common(mut self, other: &Self) -> Self {
        self.meet(other);
        self
    }

    /// Keeps what is also in another; whether that was all.
    fn meet(&mut self, other: &Self) -> bool {
        let before = self.0.len();
        self.0.retain(|known| other.0.contains(known));
        self.0.len() == before
    }
}

/// What a step does to what is held.
#[derive(Clone, Copy, Default)]
struct Change {
    /// The registers that it writes.
    written: RegisterSet,
    /// From where to where it copies.
    copied: Option<(Spot, Spot)>,
    /// What it computes, a part of a list.
    computed: (u32, u32),
    /// The instruction of the IR whose code begins there.
    root: Option<InstId>,
}

/// What is held throughout a function.
pub(super) struct HeldAt<'a> {
    function: &'a Allocated,
    /// The homes of the bindings.
    pub(super) homes: &'a Homes,
    wanted: Wanted,
    /// By block and step.
    changes: Vec<Vec<Change>>,
    /// What all steps compute.
    computed: Vec<(Spot, VReg)>,
    /// What is held where each block begins; nothing is known of blocks that are not reached.
    starts: Vec<Option<Held>>,
}

impl<'a> HeldAt<'a> {
    /// Looks through a function. `pins` are the registers of the module's pins.
    pub(super) fn new(function: &'a Allocated, homes: &'a Homes, pins: &[PReg]) -> Self {
        let mut result = Self {
            function,
            homes,
            wanted: Wanted::new(function, homes),
            changes: Vec::with_capacity(function.blocks.len()),
            computed: Vec::new(),
            starts: vec![None; function.blocks.len()],
        };
        if result.wanted.0.contains(&true) || !homes.reads.is_empty() {
            let fixed = RegisterSet::of(pins.iter().copied().chain([RBX, RSP]));
            for steps in &function.blocks {
                let changes = steps.iter().map(|&step| result.change(step, fixed));
                let changes = changes.collect();
                result.changes.push(changes);
            }
            result.find();
        }
        result
    }

    fn change(&mut self, step: Step, fixed: RegisterSet) -> Change {
        let written = self.function.effect(step, fixed).writes;
        let number = match step {
            Step::Inst(number) => number,
            Step::Move { from, to } => {
                return Change {
                    written,
                    copied: Spot::of(from).zip(Spot::of(to)),
                    ..Change::default()
                };
            }
        };
        let count = |list: &[(Spot, VReg)]| u32::try_from(list.len()).expect("fewer than 2^32");
        let first = count(&self.computed);
        for (operand, place) in self.function.operands_of(number) {
            let vreg = operand.vreg();
            if operand.kind() == OperandKind::Def && self.wanted.has(vreg) {
                let computed = Spot::of(place).map(|spot| (spot, vreg));
                self.computed.extend(computed);
            }
        }
        Change {
            written,
            copied: None,
            computed: (first, count(&self.computed)),
            root: self.function.code.insts[number as usize].root,
        }
    }

    fn find(&mut self) {
        let blocks = &self.function.code.blocks;
        let mut waiting = vec![false; blocks.len()];
        (waiting[0], self.starts[0]) = (true, Some(Held::default()));
        while waiting.contains(&true) {
            for number in 0..blocks.len() {
                if !std::mem::take(&mut waiting[number]) {
                    continue;
                }
                let block = Block::new(number);
                let mut held = self.start(block);
                for index in 0..self.changes[number].len() {
                    self.read_pins(&mut held, (block, index));
                    self.advance(&mut held, (block, index));
                }
                for &next in &blocks[number].successors {
                    let mut held = held.clone();
                    let params = &blocks[next.index()].params;
                    held.pass(params, &blocks[number].args, &self.homes.origins);
                    waiting[next.index()] |= match &mut self.starts[next.index()] {
                        Some(known) => !known.meet(&held),
                        unknown => {
                            *unknown = Some(held);
                            true
                        }
                    };
                }
            }
        }
    }

    /// What is held where a block begins.
    pub(super) fn start(&self, block: Block) -> Held {
        self.starts[block.index()].clone().unwrap_or_default()
    }

    fn change_at(&self, (block, index): Place) -> Change {
        let changes = self.changes.get(block.index());
        changes.map_or_else(Change::default, |changes| changes[index])
    }

    /// The registers that a step writes.
    pub(super) fn written(&self, step: Place) -> RegisterSet {
        self.change_at(step).written
    }

    /// Adds what pins hold before a step; whether that is new.
    pub(super) fn read_pins(&self, held: &mut Held, step: Place) -> bool {
        let Homes { reads, pins, .. } = self.homes;
        if reads.is_empty() {
            return false;
        }
        let Some(root) = self.change_at(step).root else {
            return false;
        };
        let before = held.0.len();
        for read in reads {
            let here = (Spot::Register(read.register), read.vreg);
            if pins.epoch(read.pin, root) == read.epoch && !held.0.contains(&here) {
                held.0.push(here);
            }
        }
        held.0.len() != before
    }

    /// Goes on behind a step; whether something else is held then.
    pub(super) fn advance(&self, held: &mut Held, step: Place) -> bool {
        let change = self.change_at(step);
        let (first, end) = change.computed;
        let before = held.0.len();
        if let Some((from, to)) = change.copied {
            held.copy(from, to, self.wanted.0.len());
            return true;
        }
        if !held.0.is_empty() {
            held.0.retain(|(spot, _)| !spot.is_in(change.written));
        }
        let fewer = held.0.len() != before;
        for &(spot, vreg) in &self.computed[first as usize..end as usize] {
            held.forget(vreg);
            held.0.push((spot, vreg));
        }
        fewer || first != end
    }
}
