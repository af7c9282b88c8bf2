//! Which blocks are rarely run: those behind unlikely branches, before traps, and around calls of cold functions.

use crate::base::EntityRef;
use crate::ir::{Block, Cfg, FuncId, Function, Hint, Inst};

/// The rarely run blocks of a function.
#[derive(Clone, Debug)]
pub struct ColdBlocks {
    cold: Vec<bool>,
}

impl ColdBlocks {
    /// Finds them; `is_cold` tells of a callee.
    #[must_use]
    pub fn new(func: &Function, cfg: &Cfg, is_cold: impl Fn(FuncId) -> bool) -> Self {
        let mut cold = vec![false; func.blocks.len()];
        for &block in &cfg.order {
            cold[block.index()] =
                func.blocks[block]
                    .insts
                    .iter()
                    .any(|&id| match func.insts[id].inst {
                        Inst::Trap(_) | Inst::Unreachable => true,
                        Inst::Call(callee, _) | Inst::TailCall(callee, _) => is_cold(callee),
                        _ => false,
                    });
        }
        let mut changed = true;
        while changed {
            changed = false;
            // What only leads to cold blocks is cold, and what only cold or unlikely edges lead to.
            for &block in cfg.order.iter().rev() {
                let successors = func.successors(block);
                let doomed =
                    !successors.is_empty() && successors.iter().all(|next| cold[next.index()]);
                changed |= doomed && !std::mem::replace(&mut cold[block.index()], true);
            }
            for &block in cfg.order.iter().skip(1) {
                let rare = cfg
                    .predecessors(block)
                    .iter()
                    .all(|&from| cold[from.index()] || is_unlikely(func, from, block));
                changed |= rare && !std::mem::replace(&mut cold[block.index()], true);
            }
        }
        Self { cold }
    }

    /// Whether a block is rarely run.
    #[must_use]
    pub fn contains(&self, block: Block) -> bool {
        self.cold[block.index()]
    }
}

/// Whether a branch says that it rarely goes to a block. Overflow is rare.
#[must_use]
pub fn is_unlikely(func: &Function, from: Block, to: Block) -> bool {
    match func.terminator(from) {
        Inst::Br(_, yes, no, Hint::Likely) => no.block == to && yes.block != to,
        Inst::Br(_, yes, no, Hint::Unlikely) => yes.block == to && no.block != to,
        Inst::BrChecked(_, _, _, normal, overflow) => overflow.block == to && normal.block != to,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::parse_module;

    #[test]
    fn what_leads_to_traps_or_behind_unlikely_edges_is_cold() {
        let text = "function \"f\" (v0: bool, v1: i64) {\nblock0(v0: bool, v1: i64):\n    br.unlikely v0, block1, block2\n\
            block1:\n    jump block5\nblock2:\n    br v0, block3, block4\nblock3:\n    jump block6\n\
            block4:\n    br.add.s v1, v1, block7, block5\nblock5:\n    jump block8\nblock6:\n    trap \"x\"\n\
            block7(v2: i64):\n    jump block8\nblock8:\n    ret\n}\n";
        let module = parse_module(text).expect("the text is right");
        let func = &module.functions[FuncId::new(0)];
        let cold = ColdBlocks::new(func, &Cfg::new(func), |_| false);
        let found: Vec<usize> = func
            .layout
            .iter()
            .filter(|&&b| cold.contains(b))
            .map(|b| b.index())
            .collect();
        assert_eq!(found, [1, 3, 5, 6]);
    }
}
