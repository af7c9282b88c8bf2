//! Runs the register allocator on a function.

use super::code::Code;
use super::inst::Op;
use super::registers::{Convention, Registers};
use regalloc2::{
    Allocation, Block, Ctx, Edit, InstOrEdit, MachineEnv, Output, PReg, PRegSet, RegallocOptions,
};

/// The allocator's memory, one for each thread.
#[derive(Default)]
pub(super) struct Allocator {
    context: Ctx,
}

/// A function with its registers.
pub(super) struct Allocated {
    /// The code.
    pub code: Code,
    /// Where each operand is, and the moves in between.
    pub output: Output,
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
        Allocated { code, output }
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
    /// The instructions and moves of a block.
    pub(super) fn block(&self, block: Block) -> impl Iterator<Item = InstOrEdit<'_>> {
        self.output.block_insts_and_edits(&self.code, block)
    }

    /// Whether a block has no code but a jump.
    #[must_use]
    pub(super) fn is_empty(&self, block: Block) -> bool {
        self.block(block).all(|item| match item {
            InstOrEdit::Inst(inst) => self.code.insts[inst.index()].op == Op::Jump,
            InstOrEdit::Edit(Edit::Move { from, to }) => from == to,
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
        let mut add = |allocation: Allocation| {
            if let Some(register) = allocation.as_reg() {
                used.add(register);
            }
        };
        self.output
            .allocs
            .iter()
            .for_each(|&allocation| add(allocation));
        for (_, Edit::Move { from, to }) in &self.output.edits {
            add(*from);
            add(*to);
        }
        for inst in &self.code.insts {
            used.union_from(self.code.clobbers.get(inst.clobbers));
        }
        used.intersect_from(registers.preserved(convention));
        used.into_iter().collect()
    }
}
