//! What selection wants to know of a function in IR: order and frequency of blocks, uses, and values that are the same.
//!
//! Computed once; selection reads it and the function, and changes neither.

use crate::base::EntityRef;
use crate::ir::{Block, Function, Hint, Inst, InstId, Target, Type, UnaryOp, Value, ValueDef};

/// The rank of a block that is not reachable.
const UNREACHABLE: u32 = u32::MAX;

/// The facts of one function.
pub(super) struct Facts {
    /// The reachable blocks in reverse postorder, loops contiguous.
    pub order: Vec<Block>,
    /// The position of each block in `order`.
    rank: Vec<u32>,
    /// The edges into each block of `order`: positions in `order`.
    pub predecessors: Vec<Vec<u32>>,
    /// How many loops each block of `order` is in.
    pub loop_depth: Vec<u32>,
    /// Which blocks of `order` are rarely run.
    pub cold: Vec<bool>,
    /// For each value, the one that it equals by definition: itself, or what a cast or a single edge passes on.
    same: Vec<Value>,
    /// How often each representative is used.
    uses: Vec<u32>,
    /// The block (position in `order`) and the place in it of each instruction.
    places: Vec<(u32, u32)>,
}

impl Facts {
    /// The facts of a function with a body. `is_cold_call` tells instructions that call what is rarely run.
    #[must_use]
    pub(super) fn new(func: &Function, is_cold_call: impl Fn(&Inst) -> bool) -> Self {
        let mut facts = Self {
            order: postorder(func, |_, _| false),
            rank: vec![UNREACHABLE; func.blocks.len()],
            predecessors: Vec::new(),
            loop_depth: Vec::new(),
            cold: Vec::new(),
            same: func.values.keys().collect(),
            uses: vec![0; func.values.len()],
            places: vec![(UNREACHABLE, 0); func.insts.len()],
        };
        facts.number_blocks(func);
        if facts.loop_depth.iter().any(|&depth| depth > 0) {
            let depth_of = |block: Block| facts.loop_depth[facts.rank[block.index()] as usize];
            facts.order = postorder(func, |from, to| depth_of(to) < depth_of(from));
            facts.number_blocks(func);
        }
        facts.find_cold(func, is_cold_call);
        facts.find_same(func);
        facts.count(func);
        facts
    }

    fn number_blocks(&mut self, func: &Function) {
        for (rank, &block) in (0..).zip(&self.order) {
            self.rank[block.index()] = rank;
        }
        let mut predecessors = vec![Vec::new(); self.order.len()];
        for (rank, &block) in (0..).zip(&self.order) {
            terminator(func, block).each_target(func, |target| {
                let to = self.rank[target.block.index()] as usize;
                predecessors[to].push(rank);
            });
        }
        self.predecessors = predecessors;
        self.loop_depth = self.find_loops();
    }

    /// Adds one for each natural loop: a header and what reaches its back edges without passing it.
    fn find_loops(&self) -> Vec<u32> {
        let mut depth = vec![0; self.order.len()];
        let mut inside = vec![UNREACHABLE; self.order.len()];
        for header in 0..self.order.len() {
            let back = self.predecessors[header]
                .iter()
                .filter(|&&from| from as usize >= header);
            let mut work: Vec<u32> = back.copied().collect();
            if work.is_empty() {
                continue;
            }
            let mark = u32::try_from(header).expect("fewer than 2^32 blocks");
            inside[header] = mark;
            depth[header] += 1;
            while let Some(block) = work.pop() {
                if inside[block as usize] != mark {
                    inside[block as usize] = mark;
                    depth[block as usize] += 1;
                    // An irreducible loop could lead out through the top; stay below the header.
                    let up = self.predecessors[block as usize].iter();
                    work.extend(up.filter(|&&from| from as usize > header));
                }
            }
        }
        depth
    }

    fn find_cold(&mut self, func: &Function, is_cold_call: impl Fn(&Inst) -> bool) {
        self.cold = vec![false; self.order.len()];
        for rank in (0..self.order.len()).rev() {
            let block = self.order[rank];
            let terminator = terminator(func, block);
            let mut targets = 0;
            let mut cold_targets = 0;
            terminator.each_target(func, |target| {
                targets += 1;
                let to = self.rank(target.block);
                cold_targets += usize::from(to > rank && self.cold[to]);
            });
            let insts = &func.blocks[block].insts;
            self.cold[rank] = matches!(terminator, Inst::Trap(_) | Inst::Unreachable)
                || (targets > 0 && targets == cold_targets)
                || insts.iter().any(|&id| is_cold_call(&func.insts[id].inst));
        }
        for rank in 1..self.order.len() {
            let reached = self.predecessors[rank].iter().any(|&from| {
                let from = from as usize;
                from >= rank || (!self.cold[from] && !self.is_unlikely_edge(func, from, rank))
            });
            self.cold[rank] |= !reached;
        }
        self.cold[0] = false;
    }

    fn is_unlikely_edge(&self, func: &Function, from: usize, to: usize) -> bool {
        let to = self.order[to];
        match terminator(func, self.order[from]) {
            Inst::Br(_, yes, no, Hint::Likely) => no.block == to && yes.block != to,
            Inst::Br(_, yes, no, Hint::Unlikely) => yes.block == to && no.block != to,
            Inst::BrChecked(_, _, _, normal, overflow) => {
                overflow.block == to && normal.block != to
            }
            _ => false,
        }
    }

    /// Casts, and parameters of blocks with one edge, are other names for their sources.
    fn find_same(&mut self, func: &Function) {
        for rank in 0..self.order.len() {
            let block = self.order[rank];
            for &id in &func.blocks[block].insts {
                let data = &func.insts[id];
                if let (Inst::Cast(_, source) | Inst::Unary(UnaryOp::B2i, source), Some(result)) =
                    (data.inst, data.result)
                {
                    self.same[result.index()] = self.same[source.index()];
                }
            }
            terminator(func, block).each_target(func, |target| {
                if self.is_single_edge(target) {
                    let params = &func.blocks[target.block].params;
                    for (&param, &arg) in params.iter().zip(func.values_of(target.args)) {
                        self.same[param.index()] = self.same[arg.index()];
                    }
                }
            });
        }
    }

    fn count(&mut self, func: &Function) {
        for (rank, &block) in (0..).zip(&self.order) {
            for (place, &id) in (0..).zip(&func.blocks[block].insts) {
                self.places[id.index()] = (rank, place);
                let inst = func.insts[id].inst;
                if matches!(inst, Inst::Cast(..) | Inst::Unary(UnaryOp::B2i, _)) {
                    continue;
                }
                inst.each_operand(func, |value| {
                    self.uses[self.same[value.index()].index()] += 1;
                });
            }
        }
        // Arguments of single edges pass nothing on.
        let mut passed = Vec::new();
        for &block in &self.order {
            terminator(func, block).each_target(func, |target| {
                if self.is_single_edge(target) {
                    passed.extend_from_slice(func.values_of(target.args));
                }
            });
        }
        for arg in passed {
            self.uses[self.same[arg.index()].index()] -= 1;
        }
    }

    /// The position of a block in the order.
    ///
    /// # Panics
    /// The block is not reachable.
    #[must_use]
    pub(super) fn rank(&self, block: Block) -> usize {
        let rank = self.rank[block.index()];
        assert_ne!(rank, UNREACHABLE, "{block} is not reachable");
        rank as usize
    }

    /// Whether it is the only edge into its block, so that arguments and parameters are the same values.
    #[must_use]
    pub(super) fn is_single_edge(&self, target: Target) -> bool {
        let rank = self.rank(target.block);
        rank != 0 && self.predecessors[rank].len() == 1
    }

    /// The representative of a value.
    #[must_use]
    pub(super) fn same(&self, value: Value) -> Value {
        self.same[value.index()]
    }

    /// How often a representative is used.
    #[must_use]
    pub(super) fn uses(&self, value: Value) -> u32 {
        self.uses[value.index()]
    }

    /// The block (its position in the order) and the place in it.
    #[must_use]
    pub(super) fn place(&self, id: InstId) -> (u32, u32) {
        self.places[id.index()]
    }

    /// The instruction that defines a representative.
    #[must_use]
    pub(super) fn def(&self, func: &Function, value: Value) -> Option<(InstId, Inst)> {
        match func.values[value].def {
            ValueDef::Result(id) => Some((id, func.insts[id].inst)),
            ValueDef::Param(..) => None,
        }
    }
}

/// The terminator of a block; where a jump leads to a block that only leaves, that block's.
#[must_use]
pub(super) fn terminator(func: &Function, block: Block) -> Inst {
    let own = func.terminator(block);
    let Inst::Jump(target) = own else {
        return own;
    };
    match *func.blocks[target.block].insts {
        [only] => match func.insts[only].inst {
            exit @ (Inst::Dispatch | Inst::Ret(None)) => exit,
            _ => own,
        },
        _ => own,
    }
}

/// Whether a type lives in a vector register.
#[must_use]
pub(super) fn is_float(ty: Type) -> bool {
    matches!(ty, Type::F64 | Type::F32)
}

/// Reverse postorder. Edges for which `late` holds are walked first, so that their targets come last.
fn postorder(func: &Function, late: impl Fn(Block, Block) -> bool) -> Vec<Block> {
    let mut seen = vec![false; func.blocks.len()];
    let mut order = Vec::with_capacity(func.layout.len());
    let entry = func.entry();
    let mut stack = vec![(entry, late_first(func, entry, &late))];
    seen[entry.index()] = true;
    while let Some((block, todo)) = stack.last_mut() {
        match todo.pop() {
            Some(next) if seen[next.index()] => {}
            Some(next) => {
                seen[next.index()] = true;
                let todo = late_first(func, next, &late);
                stack.push((next, todo));
            }
            None => {
                order.push(*block);
                stack.pop();
            }
        }
    }
    order.reverse();
    order
}

/// The successors as a stack: late ones on top, then the last in the text.
fn late_first(func: &Function, block: Block, late: impl Fn(Block, Block) -> bool) -> Vec<Block> {
    let terminator = terminator(func, block);
    let mut all = Vec::new();
    terminator.each_target(func, |target| all.push(target.block));
    if let Inst::Br(_, _, _, Hint::Unlikely) = terminator {
        all.reverse();
    }
    let (late, early): (Vec<Block>, Vec<Block>) = all.into_iter().partition(|&to| late(block, to));
    early.into_iter().chain(late).collect()
}
