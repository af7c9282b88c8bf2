//! Removes block parameters that are the same value on every edge.
//!
//! Before: SSA construction gave loop headers and joins more parameters than they need. After: each parameter has two different
//! arguments at least, the parameter itself not counted.

use crate::base::EntityRef;
use crate::ir::{Block, Cfg, Function, Value};

use super::Context;

/// Runs the pass.
pub fn run(func: &mut Function, _context: &Context<'_>) -> bool {
    if func.layout.len() < 2 {
        return false;
    }
    let cfg = Cfg::new(func);
    let mut forward: Vec<Value> = func.values.keys().collect();
    let mut dropped = vec![false; func.values.len()];
    let mut changed = false;
    loop {
        let mut again = false;
        for &block in &cfg.order {
            if block == func.entry() {
                continue;
            }
            for number in 0..func.blocks[block].params.len() {
                let param = func.blocks[block].params[number];
                if dropped[param.index()] {
                    continue;
                }
                if let Some(value) = only_value(func, &cfg, &forward, (block, number, param)) {
                    forward[param.index()] = value;
                    dropped[param.index()] = true;
                    again = true;
                }
            }
        }
        changed |= again;
        if !again {
            break;
        }
    }
    if changed {
        func.map_uses(|value| end(&forward, value));
        drop_params(func, &dropped);
    }
    changed
}

/// What a chain of replacements leads to.
fn end(forward: &[Value], value: Value) -> Value {
    let mut value = value;
    while forward[value.index()] != value {
        value = forward[value.index()];
    }
    value
}

fn only_value(
    func: &Function,
    cfg: &Cfg,
    forward: &[Value],
    (block, number, param): (Block, usize, Value),
) -> Option<Value> {
    let mut only = None;
    let mut several = false;
    for &from in cfg.predecessors(block) {
        func.terminator(from).each_target(func, |target| {
            if target.block != block {
                return;
            }
            // Without an argument, the value is the result of a checked branch.
            let argument = func
                .values_of(target.args)
                .get(number)
                .map(|&value| end(forward, value));
            if argument != Some(param) {
                several |= argument.is_none() || only.is_some_and(|other| Some(other) != argument);
                only = argument;
            }
        });
    }
    if several { None } else { only }
}

fn drop_params(func: &mut Function, dropped: &[bool]) {
    let mut keep: Vec<Option<Vec<bool>>> = vec![None; func.blocks.len()];
    for number in 0..func.layout.len() {
        let block = func.layout[number];
        let kept: Vec<bool> = func.blocks[block]
            .params
            .iter()
            .map(|param| !dropped[param.index()])
            .collect();
        if kept.contains(&false) {
            func.retain_params(block, |n| kept[n]);
            keep[block.index()] = Some(kept);
        }
    }
    func.retain_arguments(&keep);
}

#[cfg(test)]
mod tests {
    use crate::opt::testing::check_pass;

    #[test]
    fn parameters_that_never_change_are_replaced_through_nested_loops() {
        check_pass(
            super::run,
            "function \"f\" (v0: i64, v1: bool) -> i64 {\nblock0(v0: i64, v1: bool):\n    jump block1(v0, v0)\n\
             block1(v2: i64, v3: i64):\n    jump block2(v2)\nblock2(v4: i64):\n    br v1, block2(v4), block3\n\
             block3:\n    v5 = add v3, v4\n    br v1, block1(v4, v5), block4\nblock4:\n    ret v5\n}\n",
            "block0(v0: i64, v1: bool):\n    jump block1(v0)\nblock1(v3: i64):\n    jump block2\nblock2:\n    br v1, block2, block3\n\
             block3:\n    v5 = add v3, v0\n    br v1, block1(v5), block4\nblock4:\n    ret v5\n",
        );
    }
}
