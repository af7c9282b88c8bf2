//! A function in machine instructions with virtual registers, as the register allocator wants to see it.
//!
//! Blocks are in reverse postorder; each ends in a branch or an exit; critical edges are split; the entry has no parameters.

use super::inst::{ClobberSets, MInst, Op};
use super::registers::Convention;
use crate::ir::Position;
use regalloc2::{Block, Inst, InstRange, Operand, PRegSet, RegClass, VReg};

/// A basic block.
#[derive(Clone, Default, Debug)]
pub(super) struct CodeBlock {
    /// First instruction and the one past the last.
    pub range: (u32, u32),
    /// The blocks that the branch may go to.
    pub successors: Vec<Block>,
    /// The blocks that go here.
    pub predecessors: Vec<Block>,
    /// Parameters.
    pub params: Vec<VReg>,
    /// Arguments for the parameters of the only successor.
    pub args: Vec<VReg>,
    /// Whether it is rarely run.
    pub cold: bool,
    /// Which successor is usual: 0 or 1.
    pub likely: Option<u8>,
    /// How many loops it is in.
    pub loop_depth: u32,
}

/// A function of machine instructions.
#[derive(Clone, Debug)]
pub(super) struct Code {
    /// Its convention.
    pub convention: Convention,
    /// Blocks; the first is the entry.
    pub blocks: Vec<CodeBlock>,
    /// Instructions, block after block.
    pub insts: Vec<MInst>,
    /// The pool of operands.
    pub operands: Vec<Operand>,
    /// The classes of the virtual registers.
    pub vregs: Vec<RegClass>,
    /// Sets of destroyed registers.
    pub clobbers: ClobberSets,
    /// Bytes of arguments that it passes on the stack.
    pub outgoing: u32,
    /// Whether it has a call that comes back.
    pub calls: bool,
    /// Where it is from.
    pub position: Position,
}

impl Code {
    /// The operands of an instruction.
    #[must_use]
    pub(super) fn operands_of(&self, inst: &MInst) -> &[Operand] {
        &self.operands[inst.operands.0 as usize..inst.operands.1 as usize]
    }
}

impl regalloc2::Function for Code {
    fn num_insts(&self) -> usize {
        self.insts.len()
    }

    fn num_blocks(&self) -> usize {
        self.blocks.len()
    }

    fn entry_block(&self) -> Block {
        Block::new(0)
    }

    fn block_insns(&self, block: Block) -> InstRange {
        let (start, end) = self.blocks[block.index()].range;
        InstRange::new(Inst::new(start as usize), Inst::new(end as usize))
    }

    fn block_succs(&self, block: Block) -> &[Block] {
        &self.blocks[block.index()].successors
    }

    fn block_preds(&self, block: Block) -> &[Block] {
        &self.blocks[block.index()].predecessors
    }

    fn block_params(&self, block: Block) -> &[VReg] {
        &self.blocks[block.index()].params
    }

    fn is_ret(&self, inst: Inst) -> bool {
        self.insts[inst.index()].op.is_exit()
    }

    fn is_branch(&self, inst: Inst) -> bool {
        self.insts[inst.index()].op.is_branch()
    }

    fn branch_blockparams(&self, block: Block, inst: Inst, _: usize) -> &[VReg] {
        match self.insts[inst.index()].op {
            Op::Jump => &self.blocks[block.index()].args,
            _ => &[],
        }
    }

    fn inst_operands(&self, inst: Inst) -> &[Operand] {
        self.operands_of(&self.insts[inst.index()])
    }

    fn inst_clobbers(&self, inst: Inst) -> PRegSet {
        self.clobbers.get(self.insts[inst.index()].clobbers)
    }

    fn num_vregs(&self) -> usize {
        self.vregs.len()
    }

    fn spillslot_size(&self, _: RegClass) -> usize {
        1
    }
}
