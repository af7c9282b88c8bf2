//! Who branches to whom: predecessors and reverse postorder of the reachable blocks.
//!
//! A snapshot: it is recomputed after the function changes, never patched.

use crate::base::EntityRef;

use super::entities::Block;
use super::function::Function;

/// The control flow of a function.
#[derive(Debug, Clone)]
pub struct Cfg {
    /// The reachable blocks, each before its successors but for back edges.
    pub order: Vec<Block>,
    /// Position of each block in `order`; [`Cfg::UNREACHABLE`] if it has none.
    position: Vec<u32>,
    /// Start of each block's predecessors in `edges`, and the end of the last.
    starts: Vec<u32>,
    edges: Vec<Block>,
}

impl Cfg {
    const UNREACHABLE: u32 = u32::MAX;

    /// The control flow of a function with a body.
    #[must_use]
    pub fn new(func: &Function) -> Self {
        let order = reverse_postorder(func);
        let mut position = vec![Self::UNREACHABLE; func.blocks.len()];
        for (number, block) in (0..).zip(&order) {
            position[block.index()] = number;
        }
        let mut starts = vec![0u32; func.blocks.len() + 1];
        for &block in &order {
            func.terminator(block)
                .each_target(func, |target| starts[target.block.index() + 1] += 1);
        }
        for index in 1..starts.len() {
            starts[index] += starts[index - 1];
        }
        let mut next = starts.clone();
        let mut edges = vec![func.entry(); starts[starts.len() - 1] as usize];
        for &block in &order {
            func.terminator(block).each_target(func, |target| {
                let slot = &mut next[target.block.index()];
                edges[*slot as usize] = block;
                *slot += 1;
            });
        }
        Self {
            order,
            position,
            starts,
            edges,
        }
    }

    /// The reachable predecessors of a block, one for each edge, in the order of `order`.
    #[must_use]
    pub fn predecessors(&self, block: Block) -> &[Block] {
        let index = block.index();
        &self.edges[self.starts[index] as usize..self.starts[index + 1] as usize]
    }

    /// The position in `order`.
    #[must_use]
    pub fn position(&self, block: Block) -> Option<usize> {
        match self.position[block.index()] {
            Self::UNREACHABLE => None,
            number => Some(number as usize),
        }
    }

    /// How many blocks the function has made, reachable or not.
    #[must_use]
    pub fn n_blocks(&self) -> usize {
        self.position.len()
    }

    /// Whether the entry leads to a block.
    #[must_use]
    pub fn is_reachable(&self, block: Block) -> bool {
        self.position[block.index()] != Self::UNREACHABLE
    }

    /// The only edge's origin, if exactly one edge leads to the block.
    #[must_use]
    pub fn single_predecessor(&self, block: Block) -> Option<Block> {
        match *self.predecessors(block) {
            [single] => Some(single),
            _ => None,
        }
    }
}

fn reverse_postorder(func: &Function) -> Vec<Block> {
    let mut seen = vec![false; func.blocks.len()];
    let mut order = Vec::with_capacity(func.layout.len());
    let entry = func.entry();
    seen[entry.index()] = true;
    // The successors still to be visited of all open blocks; each open block with the start of its own.
    let mut waiting: Vec<Block> = Vec::new();
    let mut open = vec![(entry, 0)];
    func.terminator(entry)
        .each_target(func, |target| waiting.push(target.block));
    while let Some(&(block, start)) = open.last() {
        // The last successor first: the reversed order then follows the text.
        match if waiting.len() > start {
            waiting.pop()
        } else {
            None
        } {
            Some(next) if seen[next.index()] => {}
            Some(next) => {
                seen[next.index()] = true;
                open.push((next, waiting.len()));
                func.terminator(next)
                    .each_target(func, |target| waiting.push(target.block));
            }
            None => {
                order.push(block);
                open.pop();
            }
        }
    }
    order.reverse();
    order
}
