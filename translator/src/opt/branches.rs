//! Cleans the control-flow graph: unreachable blocks go, jumps to jumps are shortened, straight lines are joined, branches whose
//! outcome an edge decides are passed by, tests of both ends of an interval become one, traps behind a branch become checks, and joins of two bare edges become `select`.

mod between;
mod thread;

use crate::base::EntityRef;
use crate::ir::{Block, Cfg, Function, Hint, Inst, InstId, Target, TrapReason, Type, Value};

use super::Context;

/// Runs the pass.
pub fn run(func: &mut Function, _context: &Context<'_>) -> bool {
    if func.layout.len() < 2 {
        return false;
    }
    let mut changed = false;
    let mut cfg = Cfg::new(func);
    // Each round makes the function smaller, but for threading; the bound is a safeguard for the latter.
    for _ in 0..8 {
        let mut again = drop_others(func, &cfg);
        if traps_become_checks(func) | thread::run(func) {
            again = true;
            cfg = Cfg::new(func);
            drop_others(func, &cfg);
        }
        if between::run(func, &cfg) | selects(func) {
            again = true;
            cfg = Cfg::new(func);
        }
        if join_lines(func, &cfg) {
            again = true;
            cfg = Cfg::new(func);
        }
        changed |= again;
        if !again {
            break;
        }
    }
    changed
}

/// Takes unreachable blocks out of the layout.
pub(super) fn drop_unreachable(func: &mut Function) -> bool {
    let cfg = Cfg::new(func);
    drop_others(func, &cfg)
}

/// Takes the blocks that a graph does not reach out of the layout; it stays true.
fn drop_others(func: &mut Function, cfg: &Cfg) -> bool {
    let before = func.layout.len();
    func.layout.retain(|&block| cfg.is_reachable(block));
    func.layout.len() != before
}

/// The reason, if a block only traps.
fn only_traps(func: &Function, block: Block) -> Option<TrapReason> {
    match *func.blocks[block].insts {
        [id] => match func.insts[id].inst {
            Inst::Trap(reason) => Some(reason),
            _ => None,
        },
        _ => None,
    }
}

/// A branch to a trap is a `trap.if`, an overflow edge to a trap a checked operation.
fn traps_become_checks(func: &mut Function) -> bool {
    let mut changed = false;
    for number in 0..func.layout.len() {
        let block = func.layout[number];
        let id = func.terminator_id(block);
        let position = func.insts[id].position;
        match func.insts[id].inst {
            Inst::Br(c, yes, no, _) => {
                let (check, rest) = if let Some(reason) = only_traps(func, yes.block) {
                    (Inst::TrapIf(c, reason), no)
                } else if let Some(reason) = only_traps(func, no.block) {
                    let not = func.make_inst(
                        Inst::Unary(crate::ir::UnaryOp::Not, c),
                        Some(Type::Bool),
                        position,
                    );
                    insert_before_end(func, block, not);
                    let inverse = func.insts[not].result.unwrap_or(c);
                    (Inst::TrapIf(inverse, reason), yes)
                } else {
                    continue;
                };
                let check = func.make_inst(check, None, position);
                insert_before_end(func, block, check);
                func.insts[id].inst = Inst::Jump(rest);
                changed = true;
            }
            Inst::BrChecked(op, a, b, normal, overflow) => {
                let Some(reason) = only_traps(func, overflow.block) else {
                    continue;
                };
                let checked =
                    func.make_inst(Inst::Checked(op, a, b, reason), Some(Type::I64), position);
                insert_before_end(func, block, checked);
                let mut args = func.values_of(normal.args).to_vec();
                args.extend(func.insts[checked].result);
                func.insts[id].inst = Inst::Jump(func.target(normal.block, &args));
                changed = true;
            }
            _ => {}
        }
    }
    changed
}

fn insert_before_end(func: &mut Function, block: Block, id: InstId) {
    let at = func.blocks[block].insts.len().saturating_sub(1);
    func.blocks[block].insts.insert(at, id);
}

/// `br c, b(x), b(y)` with one pair of different arguments is `jump b(select c, x, y)`.
fn selects(func: &mut Function) -> bool {
    let mut changed = false;
    for number in 0..func.layout.len() {
        let block = func.layout[number];
        let id = func.terminator_id(block);
        let Inst::Br(c, yes, no, hint) = func.insts[id].inst else {
            continue;
        };
        if yes.block != no.block {
            continue;
        }
        let (a, b) = (
            func.values_of(yes.args).to_vec(),
            func.values_of(no.args).to_vec(),
        );
        let different: Vec<usize> = (0..a.len().min(b.len()))
            .filter(|&n| a[n] != b[n])
            .collect();
        let bare = different.iter().all(|&n| !func.ty(a[n]).is_float());
        if different.len() > 1
            || !bare
            || (hint != Hint::None
                && !different.is_empty()
                && func.ty(a[different[0]]) != Type::Bool)
        {
            continue;
        }
        let position = func.insts[id].position;
        let mut args = a.clone();
        for n in different {
            let ty = func.ty(a[n]);
            let select = func.make_inst(Inst::Select(c, a[n], b[n]), Some(ty), position);
            insert_before_end(func, block, select);
            args[n] = func.insts[select].result.unwrap_or(a[n]);
        }
        func.insts[id].inst = Inst::Jump(func.target(yes.block, &args));
        changed = true;
    }
    changed
}

/// Appends a block to its only predecessor, if that jumps to it.
fn join_lines(func: &mut Function, cfg: &Cfg) -> bool {
    let mut forward: Vec<Value> = func.values.keys().collect();
    let mut gone = vec![false; func.blocks.len()];
    let mut changed = false;
    for &start in &cfg.order {
        if gone[start.index()] {
            continue;
        }
        loop {
            let id = func.terminator_id(start);
            let Inst::Jump(Target { block: next, args }) = func.insts[id].inst else {
                break;
            };
            if next == start || next == func.entry() || cfg.single_predecessor(next).is_none() {
                break;
            }
            let args = func.values_of(args).to_vec();
            for (&param, &arg) in func.blocks[next].params.iter().zip(&args) {
                forward[param.index()] = arg;
            }
            func.blocks[start].insts.pop();
            let insts = std::mem::take(&mut func.blocks[next].insts);
            func.blocks[start].insts.extend(insts);
            func.blocks[next].params.clear();
            gone[next.index()] = true;
            changed = true;
        }
    }
    if changed {
        func.layout.retain(|block| !gone[block.index()]);
        func.map_uses(|value| {
            let mut value = value;
            while forward[value.index()] != value {
                value = forward[value.index()];
            }
            value
        });
    }
    changed
}

#[cfg(test)]
mod tests {
    use crate::opt::testing::check_pass;

    #[test]
    fn lines_are_joined_and_empty_blocks_passed_by() {
        check_pass(
            super::run,
            "function \"f\" (v0: i64, v1: bool) -> i64 {\nblock0(v0: i64, v1: bool):\n    jump block1(v0)\n\
             block1(v2: i64):\n    v3 = add v2, v2\n    br v1, block2, block3\nblock2:\n    jump block4\nblock3:\n    jump block4\n\
             block4:\n    ret v3\nblock5:\n    ret v0\n}\n",
            "block0(v0: i64, v1: bool):\n    v3 = add v0, v0\n    ret v3\n",
        );
    }

    #[test]
    fn a_branch_to_a_trap_is_a_check() {
        check_pass(
            super::run,
            "function \"f\" (v0: i64, v1: bool) -> i64 {\nblock0(v0: i64, v1: bool):\n    br v1, block1, block2\nblock1:\n    trap \"bad\"\n\
             block2:\n    br.add.s v0, v0, block3, block1\nblock3(v2: i64):\n    ret v2\n}\n",
            "block0(v0: i64, v1: bool):\n    trap.if v1, \"bad\"\n    v3 = add.s v0, v0, \"bad\"\n    ret v3\n",
        );
    }

    #[test]
    fn an_edge_that_decides_a_branch_passes_it_by() {
        check_pass(
            super::run,
            "function \"f\" (v0: i64, v1: bool) -> i64 {\nblock0(v0: i64, v1: bool):\n    br v1, block1, block2\n\
             block1:\n    store.i64 v0, v0 !any\n    v2 = bconst true\n    jump block3(v2, v0)\n\
             block2:\n    v3 = bconst false\n    v4 = iconst 5\n    jump block3(v3, v4)\n\
             block3(v5: bool, v6: i64):\n    br v5, block4, block5(v6)\nblock4:\n    ret v0\nblock5(v7: i64):\n    ret v7\n}\n",
            "block0(v0: i64, v1: bool):\n    br v1, block1, block2\nblock1:\n    store.i64 v0, v0 !any\n    v2 = bconst true\n    ret v0\n\
             block2:\n    v3 = bconst false\n    v4 = iconst 5\n    ret v4\n",
        );
    }

    #[test]
    fn a_choice_of_a_value_is_a_select() {
        check_pass(
            super::run,
            "function \"f\" (v0: i64, v1: i64) -> i64 {\nblock0(v0: i64, v1: i64):\n    v2 = icmp.slt v0, v1\n    br v2, block1, block2(v0)\n\
             block1:\n    jump block2(v1)\nblock2(v3: i64):\n    ret v3\n}\n",
            "block0(v0: i64, v1: i64):\n    v2 = icmp.slt v0, v1\n    v4 = select v2, v1, v0\n    ret v4\n",
        );
    }

    #[test]
    fn both_ends_of_an_interval_are_tested_at_once() {
        check_pass(
            super::run,
            "function \"f\" (v0: i64) -> i64 {\nblock0(v0: i64):\n    v1 = iconst 151\n    v2 = icmp.sgt v0, v1\n    br v2, block1, block3(v1)\n\
             block1:\n    v3 = iconst 160\n    v4 = icmp.sge v0, v3\n    br v4, block3(v1), block2\nblock2:\n    store.i64 v3, v0 !any\n    ret v3\n\
             block3(v5: i64):\n    store.i64 v5, v0 !any\n    ret v5\n}\n",
            "block0(v0: i64):\n    v1 = iconst 151\n    v2 = icmp.sgt v0, v1\n    v6 = iconst -152\n    v7 = add v0, v6\n    v8 = iconst 7\n    \
             v9 = icmp.ule v7, v8\n    br v9, block1, block3(v1)\n\
             block1:\n    v3 = iconst 160\n    v4 = icmp.sge v0, v3\n    store.i64 v3, v0 !any\n    ret v3\n\
             block3(v5: i64):\n    store.i64 v5, v0 !any\n    ret v5\n",
        );
    }
}
