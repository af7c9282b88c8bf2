//! The order of blocks in memory: usual paths fall through, loops are tested at their end, rare blocks come last.

use super::code::Code;
use regalloc2::Block;

/// The order of the blocks that have code. `empty` tells blocks that only jump; they get no place.
#[must_use]
pub(super) fn order(code: &Code, empty: &[bool]) -> Vec<Block> {
    let mut layout = Layout {
        code,
        empty,
        placed: vec![false; code.blocks.len()],
        pending: Vec::new(),
        order: Vec::with_capacity(code.blocks.len()),
    };
    layout.placed.copy_from_slice(empty);
    layout.placed[0] = false;
    for cold in [false, true] {
        for number in 0..code.blocks.len() {
            if !layout.placed[number] && code.blocks[number].cold <= cold {
                layout.trace(number, cold);
            }
        }
    }
    layout.rotate_loops();
    layout.order
}

/// Gives a place to a block of each cycle of empty blocks: an endless loop has to be somewhere.
pub(super) fn place_endless_loops(code: &Code, empty: &mut [bool]) {
    for number in 0..code.blocks.len() {
        let end = destination(code, empty, Block::new(number)).index();
        empty[end] = false;
    }
}

/// The block that a jump to `block` ends at, empty blocks passed.
#[must_use]
pub(super) fn destination(code: &Code, empty: &[bool], block: Block) -> Block {
    let mut block = block;
    // A cycle of empty blocks is an endless loop; any of its blocks will do.
    for _ in 0..code.blocks.len() {
        match empty[block.index()] {
            true => block = code.blocks[block.index()].successors[0],
            false => break,
        }
    }
    block
}

struct Layout<'a> {
    code: &'a Code,
    empty: &'a [bool],
    placed: Vec<bool>,
    /// Successors that were passed over, the latest last.
    pending: Vec<usize>,
    order: Vec<Block>,
}

impl Layout<'_> {
    /// Places a block and then always its best successor; at a dead end the latest one that was passed over.
    fn trace(&mut self, start: usize, cold: bool) {
        let mut next = Some(start);
        while let Some(number) = next {
            self.placed[number] = true;
            self.order.push(Block::new(number));
            let best = self.best_successor(number, cold);
            for &successor in &self.code.blocks[number].successors {
                let target = destination(self.code, self.empty, successor).index();
                if Some(target) != best && self.code.blocks[target].cold == cold {
                    self.pending.push(target);
                }
            }
            next = best.or_else(|| self.resume());
        }
    }

    /// The latest successor that was passed over and still has no place.
    fn resume(&mut self) -> Option<usize> {
        loop {
            let target = self.pending.pop()?;
            if !self.placed[target] {
                return Some(target);
            }
        }
    }

    fn best_successor(&self, number: usize, cold: bool) -> Option<usize> {
        let block = &self.code.blocks[number];
        let mut best: Option<(bool, u32, usize)> = None;
        for (position, &successor) in block.successors.iter().enumerate() {
            let likely = block
                .likely
                .is_some_and(|likely| usize::from(likely) == position);
            let target = destination(self.code, self.empty, successor).index();
            let shape = &self.code.blocks[target];
            if self.placed[target] || shape.cold != cold {
                continue;
            }
            let better = best.is_none_or(|(known_likely, depth, known)| {
                (likely, shape.loop_depth, known) > (known_likely, depth, target)
            });
            if better {
                best = Some((likely, shape.loop_depth, target));
            }
        }
        best.map(|(_, _, target)| target)
    }

    /// Turns loops so that fewer jumps are taken in each turn: a block where many ways meet and that leads to the head goes before the
    /// head; else a head that leaves the loop goes behind the last block.
    fn rotate_loops(&mut self) {
        for header in (0..self.code.blocks.len()).rev() {
            let members = self.members(header);
            let start = self.order.iter().position(|block| block.index() == header);
            let Some(start) = start.filter(|_| members.len() > 1) else {
                continue;
            };
            let in_loop = |block: &&Block| members.binary_search(&block.index()).is_ok();
            let length = self.order[start..].iter().take_while(in_loop).count();
            if let Some(junction) = self.junction(header, &self.order[start..start + length]) {
                self.order[start..=start + junction].rotate_right(1);
                continue;
            }
            let last = self.order[start + length - 1].index();
            let next = self.order.get(start + 1).map(|block| block.index());
            if length > 1 && self.leaves(header, &members, next) && self.only_jumps(last, header) {
                self.order[start..start + length].rotate_left(1);
            }
        }
    }

    /// The place among the blocks of a loop of one where at least three ways meet and that then goes to the head.
    fn junction(&self, header: usize, blocks: &[Block]) -> Option<usize> {
        blocks.iter().position(|&block| {
            let shape = &self.code.blocks[block.index()];
            let mut targets = shape.successors.iter();
            block.index() != header
                && self.ways_into(block) >= 3
                && targets.any(|&to| destination(self.code, self.empty, to).index() == header)
        })
    }

    /// How many blocks with code go to a block.
    fn ways_into(&self, block: Block) -> usize {
        let ways = self.code.blocks[block.index()].predecessors.iter();
        ways.map(|&from| match self.empty[from.index()] {
            true => self.ways_into(from),
            false => 1,
        })
        .sum()
    }

    /// The blocks of the natural loop with this header, sorted; empty if it is none.
    fn members(&self, header: usize) -> Vec<usize> {
        let back = self.code.blocks[header]
            .predecessors
            .iter()
            .map(|from| from.index());
        let mut work: Vec<usize> = back.filter(|&from| from >= header).collect();
        if work.is_empty() {
            return work;
        }
        let mut members = vec![header];
        while let Some(number) = work.pop() {
            if !members.contains(&number) {
                members.push(number);
                let up = self.code.blocks[number].predecessors.iter();
                work.extend(up.map(|from| from.index()).filter(|&from| from > header));
            }
        }
        members.sort_unstable();
        members
    }

    /// Whether a header branches out of the loop or to the block that follows it.
    fn leaves(&self, header: usize, members: &[usize], next: Option<usize>) -> bool {
        let successors = &self.code.blocks[header].successors;
        let targets: Vec<usize> = successors
            .iter()
            .map(|&block| destination(self.code, self.empty, block).index())
            .collect();
        targets.len() == 2
            && targets
                .iter()
                .any(|target| members.binary_search(target).is_err())
            && targets.iter().any(|&target| Some(target) == next)
    }

    fn only_jumps(&self, last: usize, header: usize) -> bool {
        match *self.code.blocks[last].successors {
            [only] => destination(self.code, self.empty, only).index() == header,
            _ => false,
        }
    }
}
