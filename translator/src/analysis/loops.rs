//! Natural loops: a header that dominates the origin of a branch back to it, and the blocks in between.

use crate::base::EntityRef;
use crate::ir::{Block, Cfg, Dominators};

/// A natural loop.
#[derive(Clone, Debug)]
pub struct Loop {
    /// The block through which the loop is entered.
    pub header: Block,
    /// The loop around it, as an index into [`Loops::all`].
    pub parent: Option<usize>,
    /// Its blocks in reverse postorder, those of inner loops included.
    pub blocks: Vec<Block>,
    /// The origins of the branches back to the header.
    pub latches: Vec<Block>,
    /// 1 for an outermost loop.
    pub depth: u32,
}

/// The loops of a function. Cycles with several entries are no loops.
#[derive(Clone, Debug)]
pub struct Loops {
    /// Outer loops before inner ones.
    pub all: Vec<Loop>,
    /// By block: the innermost loop around it.
    innermost: Vec<Option<u32>>,
}

impl Loops {
    /// Finds the loops.
    #[must_use]
    pub fn new(cfg: &Cfg, dominators: &Dominators) -> Self {
        let mut all: Vec<Loop> = Vec::new();
        let mut innermost: Vec<Option<u32>> = vec![None; cfg.n_blocks()];
        // Headers in reverse postorder: an outer header comes before the inner ones.
        for &header in &cfg.order {
            let mut latches: Vec<Block> = cfg
                .predecessors(header)
                .iter()
                .copied()
                .filter(|&from| dominators.dominates(header, from))
                .collect();
            latches.dedup();
            if latches.is_empty() {
                continue;
            }
            let number = u32::try_from(all.len()).expect("few loops");
            let parent = innermost[header.index()].map(|outer| outer as usize);
            let depth = parent.map_or(1, |outer| all[outer].depth + 1);
            let blocks = body(cfg, header, &latches);
            blocks
                .iter()
                .for_each(|block| innermost[block.index()] = Some(number));
            all.push(Loop {
                header,
                parent,
                blocks,
                latches,
                depth,
            });
        }
        Self { all, innermost }
    }

    /// The innermost loop around a block, as an index into `all`.
    #[must_use]
    pub fn innermost(&self, block: Block) -> Option<usize> {
        self.innermost[block.index()].map(|number| number as usize)
    }

    /// How many loops are around a block.
    #[must_use]
    pub fn depth(&self, block: Block) -> u32 {
        self.innermost(block)
            .map_or(0, |number| self.all[number].depth)
    }

    /// Whether a loop has a block.
    #[must_use]
    pub fn contains(&self, number: usize, block: Block) -> bool {
        let mut at = self.innermost(block);
        while let Some(inner) = at {
            if inner == number {
                return true;
            }
            at = self.all[inner].parent;
        }
        false
    }
}

fn body(cfg: &Cfg, header: Block, latches: &[Block]) -> Vec<Block> {
    let mut inside = vec![header];
    let mut seen = vec![false; cfg.n_blocks()];
    seen[header.index()] = true;
    let mut work = latches.to_vec();
    while let Some(block) = work.pop() {
        if std::mem::replace(&mut seen[block.index()], true) {
            continue;
        }
        inside.push(block);
        work.extend_from_slice(cfg.predecessors(block));
    }
    inside.sort_by_key(|&block| cfg.position(block));
    inside
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{FuncId, parse_module};

    #[test]
    fn nested_loops_have_their_depth_and_blocks() {
        let text = "function \"f\" (v0: bool) {\nblock0(v0: bool):\n    jump block1\nblock1:\n    br v0, block2, block5\n\
            block2:\n    jump block3\nblock3:\n    br v0, block3, block4\nblock4:\n    jump block1\nblock5:\n    ret\n}\n";
        let module = parse_module(text).expect("the text is right");
        let func = &module.functions[FuncId::new(0)];
        let cfg = Cfg::new(func);
        let loops = Loops::new(&cfg, &Dominators::new(&cfg));
        let depths: Vec<u32> = func
            .layout
            .iter()
            .map(|&block| loops.depth(block))
            .collect();
        assert_eq!(depths, [0, 1, 1, 2, 1, 0]);
        assert_eq!(loops.all[0].blocks.len(), 4);
        assert_eq!(loops.all[1].parent, Some(0));
        assert_eq!(loops.all[1].latches, [func.layout[3]]);
        assert!(loops.contains(0, func.layout[3]) && !loops.contains(1, func.layout[2]));
    }
}
