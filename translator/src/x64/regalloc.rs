//! Runs the register allocator on a function, and holds what it says.

use super::code::Code;
use super::inst::{MInst, Op, Slot};
use super::registers::{Convention, Registers};
use regalloc2::{
    Allocation, Block, Ctx, Edit, InstOrEdit, MachineEnv, Operand, Output, PReg, PRegSet,
    RegallocOptions,
};

/// The allocator's memory, one for each thread.
#[derive(Default)]
pub(super) struct Allocator {
    context: Ctx,
}

/// A step of a block after register allocation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    /// The instruction of that number.
    Inst(u32),
    /// A move between registers and spill slots.
    Move {
        /// The source.
        from: Allocation,
        /// The destination.
        to: Allocation,
    },
}

/// A function with its registers.
pub(super) struct Allocated {
    /// The code.
    pub code: Code,
    /// The steps of each block.
    pub blocks: Vec<Vec<Step>>,
    /// Where each operand is, in the order of the operands of the instructions.
    pub allocations: Vec<Allocation>,
    /// The first allocation of each instruction.
    pub starts: Vec<u32>,
    /// How many spill slots there are.
    pub spill_slots: usize,
}

impl Allocator {
    /// Gives every virtual register a place.
    ///
    /// # Panics
    /// The code is not what the allocator may be given: a bug of selection, named with the function.
    #[must_use]
    pub(super) fn allocate(&mut self, code: Code, registers: &Registers, name: &str) -> Allocated {
        let environment = registers.environment(code.convention);
        let options = RegallocOptions {
            validate_ssa: cfg!(debug_assertions),
            ..RegallocOptions::default()
        };
        let result = regalloc2::run_with_ctx(&code, environment, &options, &mut self.context);
        if let Err(error) = result {
            unreachable!("register allocation of {name}: {error}\n{code:?}");
        }
        let output = std::mem::take(&mut self.context.output);
        if cfg!(debug_assertions) {
            check(&code, environment, &output, name);
        }
        Allocated::new(code, output)
    }
}

/// Proves with the allocator's symbolic checker that every use sees its definition.
fn check(code: &Code, environment: &MachineEnv, output: &Output, name: &str) {
    let mut checker = regalloc2::checker::Checker::new(code, environment);
    checker.prepare(output);
    if let Err(errors) = checker.run() {
        unreachable!("register allocation of {name} is wrong: {errors:?}");
    }
}

impl Allocated {
    fn new(code: Code, output: Output) -> Self {
        let mut result = Self {
            blocks: Vec::with_capacity(code.blocks.len()),
            allocations: Vec::new(),
            starts: Vec::new(),
            spill_slots: output.num_spillslots,
            code,
        };
        for number in 0..result.code.blocks.len() {
            let items = output.block_insts_and_edits(&result.code, Block::new(number));
            let steps = items.filter_map(|item| match item {
                InstOrEdit::Edit(Edit::Move { from, to }) if from == to => None,
                InstOrEdit::Edit(&Edit::Move { from, to }) => Some(Step::Move { from, to }),
                InstOrEdit::Inst(inst) => {
                    let number = u32::try_from(inst.index()).expect("fewer than 2^32");
                    let allocations = output.inst_allocs(inst);
                    result.code.insts[inst.index()].as_step(number, allocations)
                }
            });
            result.blocks.push(steps.collect());
        }
        result.allocations = output.allocs;
        result.starts = output.inst_alloc_offsets;
        result
    }

    /// The places of the operands of an instruction.
    #[must_use]
    pub(super) fn allocations_of(&self, inst: u32) -> &[Allocation] {
        &self.allocations[self.range(inst)]
    }

    /// The operands of an instruction with their places.
    pub(super) fn operands_of(&self, inst: u32) -> impl Iterator<Item = (Operand, Allocation)> {
        let operands = self.code.operands_of(&self.code.insts[inst as usize]);
        let allocations = self.allocations_of(inst).iter().copied();
        operands.iter().copied().zip(allocations)
    }

    /// The range of an instruction's places.
    #[must_use]
    pub(super) fn range(&self, inst: u32) -> std::ops::Range<usize> {
        let start = self.starts[inst as usize] as usize;
        let (first, end) = self.code.insts[inst as usize].operands;
        start..start + (end - first) as usize
    }

    /// Whether a block has no code but a jump.
    #[must_use]
    pub(super) fn is_empty(&self, block: Block) -> bool {
        self.blocks[block.index()].iter().all(|step| match step {
            Step::Inst(inst) => self.code.insts[*inst as usize].op == Op::Jump,
            Step::Move { .. } => false,
        })
    }

    /// The registers that the function changes although its callers expect them unchanged.
    #[must_use]
    pub(super) fn saved(&self, registers: &Registers) -> Vec<PReg> {
        let convention = self.code.convention;
        if convention == Convention::Handler {
            return Vec::new();
        }
        let mut used = PRegSet::empty();
        for &step in self.blocks.iter().flatten() {
            match step {
                Step::Move { from, to } => {
                    used.union_from([from, to].iter().filter_map(|a| a.as_reg()).collect());
                }
                Step::Inst(inst) => {
                    let all = self.allocations_of(inst).iter();
                    used.union_from(all.filter_map(|a| a.as_reg()).collect());
                    let clobbers = self.code.insts[inst as usize].clobbers;
                    used.union_from(self.code.clobbers.get(clobbers));
                }
            }
        }
        used.intersect_from(registers.preserved(convention));
        used.into_iter().collect()
    }
}

impl MInst {
    /// The instruction as a step: a plain move if it is one, nothing if it moves a register to itself.
    fn as_step(&self, number: u32, allocations: &[Allocation]) -> Option<Step> {
        if self.op != Op::Move {
            return Some(Step::Inst(number));
        }
        let place = |slot| match slot {
            Slot::Operand(operand) => allocations[operand as usize],
            Slot::Fixed(preg) => Allocation::reg(preg),
            Slot::None => unreachable!("a move has two places"),
        };
        let (from, to) = (place(self.a), place(self.dst));
        (from != to).then_some(Step::Move { from, to })
    }
}
