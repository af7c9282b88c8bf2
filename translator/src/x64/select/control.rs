//! The ends of blocks: branches, jump tables, exits.

use super::Selector;
use crate::ir::{
    Access, BinaryOp, Block as IrBlock, BlockList, CheckedOp, Function, Hint, Inst, Target, Value,
};
use crate::x64::code::CodeBlock;
use crate::x64::facts::terminator;
use crate::x64::inst::{Op, Reg};
use regalloc2::{Block, RegClass, VReg};

/// An edge that gets a block of its own: it leaves a block with several successors for one with several predecessors.
pub(super) struct SplitEdge {
    target: Target,
    /// The result of a checked operation that it carries as its last argument.
    result: bool,
}

/// The numbers of the successors of a terminator that is being selected.
struct Edges {
    numbers: Vec<u32>,
    /// The number of the next block for an edge.
    next: u32,
    split: Vec<SplitEdge>,
    results: Vec<Option<VReg>>,
}

impl Selector<'_> {
    /// The edges out of a block that get blocks of their own, in order.
    pub(super) fn split_edges(&self, block: IrBlock) -> Vec<SplitEdge> {
        let mut result = Vec::new();
        let mut add = |target: Target, carries: bool| {
            if !self.facts.is_single_edge(target) {
                result.push(SplitEdge {
                    target,
                    result: carries,
                });
            }
        };
        match terminator(self.func, block) {
            Inst::Br(_, yes, no, _) => {
                add(yes, false);
                add(no, false);
            }
            Inst::BrChecked(_, _, _, normal, overflow) => {
                add(normal, true);
                add(overflow, false);
            }
            Inst::Switch(_, blocks, default) => {
                for block in distinct(self.func, blocks, default) {
                    add(Target::to(block), false);
                }
            }
            _ => {}
        }
        result
    }

    /// Selects the terminator of a block, with the blocks for its split edges, and answers the shape of its block.
    pub(super) fn terminator(&mut self, rank: usize, numbers: &[u32]) -> CodeBlock {
        let block = self.facts.order[rank];
        let mut edges = Edges {
            numbers: numbers.to_vec(),
            next: numbers[rank] + 1,
            split: Vec::new(),
            results: Vec::new(),
        };
        let inst = terminator(self.func, block);
        let mut shape = CodeBlock::default();
        match inst {
            Inst::Jump(target) => shape = self.jump(target, &edges),
            Inst::Br(c, yes, no, hint) => {
                shape.likely = self.likely(hint, yes, no);
                shape.successors = vec![
                    self.edge(yes, None, &mut edges),
                    self.edge(no, None, &mut edges),
                ];
                self.finish_edges(rank, edges);
                self.branch(c);
            }
            Inst::BrChecked(op, a, b, normal, overflow) => {
                shape.likely = Some(0);
                let result = self.checked_result(normal);
                shape.successors = vec![
                    self.edge(normal, Some(result), &mut edges),
                    self.edge(overflow, None, &mut edges),
                ];
                self.finish_edges(rank, edges);
                self.branch_checked(op, a, b, result);
            }
            Inst::Switch(value, blocks, default) => {
                self.switch(value, blocks, default, edges, rank, &mut shape);
            }
            Inst::Ret(value) => self.ret(value),
            Inst::TailCall(callee, args) => self.tail_call(callee, args),
            Inst::TailCallInd(signature, callee, args) => {
                self.tail_call_indirect(signature, callee, args);
            }
            Inst::Trap(reason) => self.emit(self.build(Op::Trap(reason))),
            Inst::Unreachable => self.emit(self.build(Op::Unreachable)),
            Inst::Dispatch => self.dispatch(),
            other => unreachable!("{other:?} does not end a block"),
        }
        shape
    }

    fn likely(&self, hint: Hint, yes: Target, no: Target) -> Option<u8> {
        let cold = |target: Target| self.facts.cold[self.facts.rank(target.block)];
        match hint {
            Hint::Likely => Some(0),
            Hint::Unlikely => Some(1),
            Hint::None if cold(yes) && !cold(no) => Some(1),
            Hint::None if cold(no) && !cold(yes) => Some(0),
            Hint::None => None,
        }
    }

    fn jump(&mut self, target: Target, edges: &Edges) -> CodeBlock {
        let args = self.block_args(target, None);
        self.emit(self.build(Op::Jump));
        CodeBlock {
            successors: vec![self.number(target.block, edges)],
            args,
            ..CodeBlock::default()
        }
    }

    fn number(&self, block: IrBlock, edges: &Edges) -> Block {
        Block::new(edges.numbers[self.facts.rank(block)] as usize)
    }

    /// The registers for the used parameters of a block with several predecessors.
    fn block_args(&mut self, target: Target, result: Option<VReg>) -> Vec<VReg> {
        if self.facts.is_single_edge(target) {
            return Vec::new();
        }
        let params = &self.func.blocks[target.block].params;
        let args = self.func.values_of(target.args);
        let mut registers = Vec::new();
        for (n, &param) in params.iter().enumerate() {
            if self.facts.uses(param) == 0 {
                continue;
            }
            registers.push(match (args.get(n), result) {
                (Some(&arg), _) => self.virtual_reg(arg),
                (None, Some(result)) => result,
                (None, None) => unreachable!("{} lacks an argument", target.block),
            });
        }
        registers
    }

    /// The number of the block that an edge leads to: its own one if it is split.
    fn edge(&mut self, target: Target, result: Option<VReg>, edges: &mut Edges) -> Block {
        if self.facts.is_single_edge(target) {
            return self.number(target.block, edges);
        }
        edges.split.push(SplitEdge {
            target,
            result: result.is_some(),
        });
        edges.results.push(result);
        edges.next += 1;
        Block::new(edges.next as usize - 1)
    }

    /// Selects the blocks of split edges, last first.
    fn finish_edges(&mut self, rank: usize, edges: Edges) {
        let depth = self.facts.loop_depth[rank];
        for (edge, result) in edges.split.iter().zip(&edges.results).rev() {
            debug_assert_eq!(edge.result, result.is_some());
            let target_rank = self.facts.rank(edge.target.block);
            let args = self.block_args(edge.target, *result);
            self.emit(self.build(Op::Jump));
            self.flush();
            let number = edges.numbers[target_rank] as usize;
            self.finish(CodeBlock {
                successors: vec![Block::new(number)],
                args,
                cold: self.facts.cold[rank] || self.facts.cold[target_rank],
                loop_depth: depth.min(self.facts.loop_depth[target_rank]),
                ..CodeBlock::default()
            });
        }
    }

    fn branch(&mut self, c: Value) {
        let cond = self.condition(c);
        self.emit(self.build(Op::Branch(cond)));
    }

    /// The register for the result of a checked branch: its parameter's own, or one that is passed on.
    fn checked_result(&mut self, normal: Target) -> VReg {
        let param = self.func.blocks[normal.block].params.last().copied();
        match param {
            Some(param) if self.facts.is_single_edge(normal) => self.vreg(param),
            _ => self.fresh(RegClass::Int),
        }
    }

    fn branch_checked(&mut self, op: CheckedOp, a: Value, b: Value, result: VReg) {
        let overflow = self.checked_into(op, a, b, Reg::Virtual(result));
        self.emit(self.build(Op::Branch(overflow.inverse())));
    }

    /// A range check and a jump through a table of distances.
    fn switch(
        &mut self,
        value: Value,
        blocks: BlockList,
        default: IrBlock,
        mut edges: Edges,
        rank: usize,
        shape: &mut CodeBlock,
    ) {
        let targets = distinct(self.func, blocks, default);
        for &block in &targets {
            let number = self.edge(Target::to(block), None, &mut edges);
            shape.successors.push(number);
        }
        self.finish_edges(rank, edges);
        let index_of = |block: IrBlock| {
            let found = targets.iter().position(|&known| known == block);
            u32::try_from(found.expect("each target is listed")).expect("few targets")
        };
        let cases = self.func.blocks_of(blocks);
        let mut table: Vec<u32> = cases.iter().map(|&block| index_of(block)).collect();
        let checked = !self.stays_below(value, cases.len(), default);
        if checked {
            // The last entry says where numbers beyond the others go.
            table.push(index_of(default));
        }
        let number = self.reg(value);
        let (first, second) = (self.fresh(RegClass::Int), self.fresh(RegClass::Int));
        let table_number = u32::try_from(self.jump_tables.len()).expect("few tables");
        let count = table.len() - usize::from(checked);
        self.jump_tables.push(table);
        let build = self.build(Op::Switch {
            table: table_number,
            checked,
        });
        let build = build.a(number).scratch(first).second_scratch(second);
        self.emit(build.imm(i64::try_from(count).expect("a small table")));
    }

    /// Whether a number to switch by is always one of the cases.
    fn stays_below(&self, value: Value, count: usize, default: IrBlock) -> bool {
        let limit = match self.def(value) {
            Some(Inst::Load(Access::U8, ..) | Inst::Zext(8, _)) => 256,
            Some(Inst::Zext(bits @ 1..=16, _)) => 1 << bits,
            Some(Inst::Binary(BinaryOp::And, _, mask)) => match self.constant_of(mask) {
                Some(n @ 0..=0xFFFF) => usize::try_from(n).expect("a small number") + 1,
                _ => usize::MAX,
            },
            _ => usize::MAX,
        };
        limit <= count || matches!(self.func.terminator(default), Inst::Unreachable)
    }
}

/// The targets of a switch, each once, in order of their first use, the default last.
fn distinct(func: &Function, blocks: BlockList, default: IrBlock) -> Vec<IrBlock> {
    let mut result = Vec::new();
    for &block in func.blocks_of(blocks) {
        if block != default && !result.contains(&block) {
            result.push(block);
        }
    }
    result.push(default);
    result
}
