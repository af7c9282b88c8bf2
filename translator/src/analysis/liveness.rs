//! Which values are still needed at the start of each block.

use crate::base::EntityRef;
use crate::ir::{Block, Cfg, Function, Value};

/// Sets of values, one for each block.
#[derive(Clone, Debug)]
pub struct Liveness {
    words: usize,
    live_in: Vec<u64>,
}

impl Liveness {
    /// Solves backwards until nothing changes.
    #[must_use]
    pub fn new(func: &Function, cfg: &Cfg) -> Self {
        let words = func.values.len().div_ceil(64);
        let mut liveness = Self {
            words,
            live_in: vec![0; words * func.blocks.len()],
        };
        let mut live = vec![0u64; words];
        let mut changed = true;
        while changed {
            changed = false;
            for &block in cfg.order.iter().rev() {
                live.fill(0);
                func.terminator(block).each_target(func, |target| {
                    let from = target.block.index() * words;
                    for (word, more) in live.iter_mut().zip(&liveness.live_in[from..from + words]) {
                        *word |= more;
                    }
                });
                walk_back(func, block, &mut live);
                let own = &mut liveness.live_in[block.index() * words..(block.index() + 1) * words];
                if *own != *live {
                    own.copy_from_slice(&live);
                    changed = true;
                }
            }
        }
        liveness
    }

    /// The values that are defined before the block and used in it or behind it, in order. Its parameters are not among them.
    #[must_use]
    pub fn live_in(&self, block: Block) -> Vec<Value> {
        let own = &self.live_in[block.index() * self.words..(block.index() + 1) * self.words];
        let mut values = Vec::new();
        for (number, &word) in own.iter().enumerate() {
            let mut rest = word;
            while rest != 0 {
                values.push(Value::new(number * 64 + rest.trailing_zeros() as usize));
                rest &= rest - 1;
            }
        }
        values
    }

    /// Whether a value is among them.
    #[must_use]
    pub fn is_live_in(&self, block: Block, value: Value) -> bool {
        self.live_in[block.index() * self.words + value.index() / 64] >> (value.index() % 64) & 1
            == 1
    }
}

fn walk_back(func: &Function, block: Block, live: &mut [u64]) {
    let bit = |value: Value| (value.index() / 64, 1u64 << (value.index() % 64));
    for &id in func.blocks[block].insts.iter().rev() {
        let data = &func.insts[id];
        if let Some(result) = data.result {
            let (word, mask) = bit(result);
            live[word] &= !mask;
        }
        data.inst.each_operand(func, |value| {
            let (word, mask) = bit(value);
            live[word] |= mask;
        });
    }
    for &param in &func.blocks[block].params {
        let (word, mask) = bit(param);
        live[word] &= !mask;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{FuncId, parse_module};

    #[test]
    fn a_value_is_live_until_its_last_use_and_around_loops() {
        let text = "function \"f\" (v0: i64, v1: bool) -> i64 {\nblock0(v0: i64, v1: bool):\n    jump block1(v0)\n\
            block1(v2: i64):\n    v3 = add v2, v0\n    br v1, block1(v3), block2\nblock2:\n    ret v3\n}\n";
        let module = parse_module(text).expect("the text is right");
        let func = &module.functions[FuncId::new(0)];
        let liveness = Liveness::new(func, &Cfg::new(func));
        let values: Vec<Value> = func.values.keys().collect();
        assert_eq!(liveness.live_in(func.layout[1]), [values[0], values[1]]);
        assert_eq!(liveness.live_in(func.layout[2]), [values[3]]);
        assert!(liveness.live_in(func.layout[0]).is_empty());
    }
}
