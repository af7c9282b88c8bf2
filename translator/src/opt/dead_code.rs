//! Removes instructions without effect whose results are unused, and block parameters that nothing needs.
//!
//! A parameter is needed when a needed instruction uses it; an argument is needed when its parameter is. So a value that only goes
//! round a loop disappears.

use crate::base::EntityRef;
use crate::ir::{Function, Inst, Target, Value, ValueDef};

use super::Context;

/// Runs the pass.
pub fn run(func: &mut Function, context: &Context<'_>) -> bool {
    let needed = mark(func, context);
    let mut changed = false;
    for number in 0..func.layout.len() {
        let block = func.layout[number];
        let mut insts = std::mem::take(&mut func.blocks[block].insts);
        let before = insts.len();
        insts.retain(|&id| {
            let data = &func.insts[id];
            stays(&data.inst, context) || data.result.is_some_and(|result| needed[result.index()])
        });
        changed |= insts.len() != before;
        func.blocks[block].insts = insts;
    }
    changed | drop_params(func, &needed)
}

/// Whether an instruction stays even if its result is unused.
fn stays(inst: &Inst, context: &Context<'_>) -> bool {
    match *inst {
        Inst::Call(callee, _) => !context
            .summary(callee)
            .is_some_and(crate::analysis::Summary::is_removable),
        _ => !inst.effects().is_removable(),
    }
}

fn mark(func: &Function, context: &Context<'_>) -> Vec<bool> {
    let mut needed = vec![false; func.values.len()];
    let mut work: Vec<Value> = Vec::new();
    let mut need = |value: Value, work: &mut Vec<Value>| {
        if !std::mem::replace(&mut needed[value.index()], true) {
            work.push(value);
        }
    };
    // By block: the edges into it, to find the arguments of a parameter.
    let mut edges: Vec<Vec<Target>> = vec![Vec::new(); func.blocks.len()];
    for (_, id) in func.each_inst() {
        let inst = &func.insts[id].inst;
        inst.each_target(func, |target| {
            if !target.args.is_empty() {
                edges[target.block.index()].push(target);
            }
        });
        if inst.is_terminator() {
            own_operands(inst, |value| need(value, &mut work));
            if !matches!(inst, Inst::Jump(..) | Inst::Br(..) | Inst::BrChecked(..)) {
                inst.each_operand(func, |value| need(value, &mut work));
            }
        } else if stays(inst, context) {
            inst.each_operand(func, |value| need(value, &mut work));
        }
    }
    while let Some(value) = work.pop() {
        match func.values[value].def {
            ValueDef::Result(id) => func.insts[id]
                .inst
                .each_operand(func, |value| need(value, &mut work)),
            ValueDef::Param(block, number) => {
                for target in &edges[block.index()] {
                    // The result of a checked branch is no argument.
                    if let Some(&argument) = func.values_of(target.args).get(number as usize) {
                        need(argument, &mut work);
                    }
                }
            }
        }
    }
    needed
}

/// The operands of a branch that are not arguments.
fn own_operands(inst: &Inst, mut visit: impl FnMut(Value)) {
    match *inst {
        Inst::Br(c, ..) => visit(c),
        Inst::BrChecked(_, a, b, ..) => {
            visit(a);
            visit(b);
        }
        _ => {}
    }
}

/// Drops parameters that are not needed, but those of the entry and the results of checked branches.
fn drop_params(func: &mut Function, needed: &[bool]) -> bool {
    let mut fixed = vec![false; func.blocks.len()];
    fixed[func.entry().index()] = true;
    let mut results = vec![false; func.blocks.len()];
    for (_, id) in func.each_inst() {
        if let Inst::BrChecked(_, _, _, normal, _) = func.insts[id].inst {
            results[normal.block.index()] = true;
        }
    }
    let mut keep: Vec<Option<Vec<bool>>> = vec![None; func.blocks.len()];
    let mut changed = false;
    for number in 0..func.layout.len() {
        let block = func.layout[number];
        if fixed[block.index()] {
            continue;
        }
        let params = &func.blocks[block].params;
        let last = params.len().wrapping_sub(1);
        let kept: Vec<bool> = params
            .iter()
            .enumerate()
            .map(|(n, param)| needed[param.index()] || (results[block.index()] && n == last))
            .collect();
        if kept.contains(&false) {
            func.retain_params(block, |n| kept[n]);
            keep[block.index()] = Some(kept);
            changed = true;
        }
    }
    if changed {
        func.retain_arguments(&keep);
    }
    changed
}

#[cfg(test)]
mod tests {
    use crate::opt::testing::check_pass;

    #[test]
    fn a_value_that_only_goes_round_a_loop_disappears() {
        check_pass(
            super::run,
            "function \"f\" (v0: i64) -> i64 {\nblock0(v0: i64):\n    v1 = iconst 0\n    jump block1(v0, v1)\n\
             block1(v2: i64, v3: i64):\n    v4 = iconst 1\n    v5 = sub v2, v4\n    v6 = add v3, v4\n    v7 = icmp.eq v5, v4\n\
             br v7, block2, block1(v5, v6)\nblock2:\n    ret v5\n}\n",
            "block0(v0: i64):\n    jump block1(v0)\nblock1(v2: i64):\n    v4 = iconst 1\n    v5 = sub v2, v4\n    \
             v7 = icmp.eq v5, v4\n    br v7, block2, block1(v5)\nblock2:\n    ret v5\n",
        );
    }

    #[test]
    fn effects_and_results_of_checked_branches_stay() {
        check_pass(
            super::run,
            "function \"f\" (v0: i64, v1: ptr) {\nblock0(v0: i64, v1: ptr):\n    v2 = load.i64 v1 !any\n    v3 = load.i64 v1 !volatile\n\
             store.i64 v0, v1 !any\n    v4 = add.s v0, v0, \"overflow\"\n    v5 = sdiv v0, v0\n    v9 = rdtsc\n\
             br.add.s v0, v0, block1(v0), block2\nblock1(v6: i64, v7: i64):\n    ret\nblock2:\n    ret\n}\n",
            "block0(v0: i64, v1: ptr):\n    v3 = load.i64 v1 !volatile\n    store.i64 v0, v1 !any\n    \
             v4 = add.s v0, v0, \"overflow\"\n    v9 = rdtsc\n    br.add.s v0, v0, block1, block2\n\
             block1(v7: i64):\n    ret\nblock2:\n    ret\n",
        );
    }
}
