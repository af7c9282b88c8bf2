//! The dominator tree.
//!
//! Source: Cooper, Harvey, Kennedy, "A Simple, Fast Dominance Algorithm", 2001.
//! Differs: the tree is numbered afterwards, so that `dominates` takes constant time.

use crate::base::EntityRef;

use super::cfg::Cfg;
use super::entities::Block;

/// The dominator tree of the reachable blocks.
#[derive(Debug, Clone)]
pub struct Dominators {
    /// By block: the immediate dominator; the entry and unreachable blocks have themselves.
    idom: Vec<Block>,
    /// By block: number when the walk of the tree comes to it, and the largest number below it.
    interval: Vec<(u32, u32)>,
    /// The reachable blocks, each after its dominator, children in reverse postorder.
    preorder: Vec<Block>,
}

impl Dominators {
    /// The tree for a control-flow graph.
    #[must_use]
    pub fn new(cfg: &Cfg) -> Self {
        let idom_by_position = immediate_dominators(cfg);
        let n_blocks = cfg.n_blocks();
        let mut idom: Vec<Block> = (0..n_blocks).map(Block::new).collect();
        let mut children: Vec<Vec<u32>> = vec![Vec::new(); cfg.order.len()];
        for (number, &block) in cfg.order.iter().enumerate().skip(1) {
            let parent = idom_by_position[number];
            idom[block.index()] = cfg.order[parent as usize];
            children[parent as usize].push(u32::try_from(number).expect("a position fits"));
        }
        let (interval, preorder) = number(cfg, &children, n_blocks);
        Self {
            idom,
            interval,
            preorder,
        }
    }

    /// The closest block that dominates another; `None` for the entry.
    #[must_use]
    pub fn idom(&self, block: Block) -> Option<Block> {
        let parent = *self.idom.get(block.index())?;
        (parent != block).then_some(parent)
    }

    /// Whether every path to `b` leads through `a`. Both must be reachable.
    #[must_use]
    pub fn dominates(&self, a: Block, b: Block) -> bool {
        let (first, last) = self.interval[a.index()];
        let (number, _) = self.interval[b.index()];
        first <= number && number <= last
    }

    /// The reachable blocks, each after its dominator.
    #[must_use]
    pub fn preorder(&self) -> &[Block] {
        &self.preorder
    }
}

fn immediate_dominators(cfg: &Cfg) -> Vec<u32> {
    const UNKNOWN: u32 = u32::MAX;
    let mut idom = vec![UNKNOWN; cfg.order.len()];
    if let Some(entry) = idom.first_mut() {
        *entry = 0;
    }
    let mut changed = true;
    while changed {
        changed = false;
        for number in 1..cfg.order.len() {
            let mut new = UNKNOWN;
            for &predecessor in cfg.predecessors(cfg.order[number]) {
                let position = cfg
                    .position(predecessor)
                    .map_or(UNKNOWN, |p| u32::try_from(p).unwrap_or(UNKNOWN));
                if position == UNKNOWN || idom[position as usize] == UNKNOWN {
                    continue;
                }
                new = if new == UNKNOWN {
                    position
                } else {
                    meet(&idom, new, position)
                };
            }
            changed |= idom[number] != new;
            idom[number] = new;
        }
    }
    idom
}

fn meet(idom: &[u32], mut a: u32, mut b: u32) -> u32 {
    while a != b {
        while a > b {
            a = idom[a as usize];
        }
        while b > a {
            b = idom[b as usize];
        }
    }
    a
}

fn number(cfg: &Cfg, children: &[Vec<u32>], n_blocks: usize) -> (Vec<(u32, u32)>, Vec<Block>) {
    let mut interval = vec![(u32::MAX, 0); n_blocks];
    let mut preorder = Vec::with_capacity(cfg.order.len());
    let mut stack: Vec<(u32, usize)> = vec![(0, 0)];
    let mut next = 0;
    while let Some(&mut (node, ref mut child)) = stack.last_mut() {
        let block = cfg.order[node as usize];
        if *child == 0 {
            interval[block.index()].0 = next;
            next += 1;
            preorder.push(block);
        }
        if let Some(&below) = children[node as usize].get(*child) {
            *child += 1;
            stack.push((below, 0));
        } else {
            interval[block.index()].1 = next - 1;
            stack.pop();
        }
    }
    (interval, preorder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::parse_module;

    #[test]
    fn the_join_of_a_diamond_is_dominated_by_the_fork_only() {
        let text = "function \"f\" (v0: bool) {\nblock0(v0: bool):\n    br v0, block1, block2\nblock1:\n    jump block3\n\
                    block2:\n    jump block3\nblock3:\n    br v0, block3, block4\nblock4:\n    ret\n}\n";
        let module = parse_module(text).expect("the text is right");
        let func = &module.functions[EntityRef::new(0)];
        let cfg = Cfg::new(func);
        let dominators = Dominators::new(&cfg);
        let blocks: Vec<Block> = func.layout.clone();
        assert_eq!(dominators.idom(blocks[3]), Some(blocks[0]));
        assert!(dominators.dominates(blocks[0], blocks[4]));
        assert!(dominators.dominates(blocks[3], blocks[3]));
        assert!(!dominators.dominates(blocks[1], blocks[3]));
        assert_eq!(dominators.idom(blocks[0]), None);
        assert_eq!(
            cfg.predecessors(blocks[3]),
            [blocks[1], blocks[2], blocks[3]]
        );
    }
}
