//! Moves out of a loop what is the same in every round.
//!
//! Pure operations go to the block before the loop, and so do loads that the loop cannot change, where reading early is safe: fields of
//! the state record, and other places only from the start of the header, which runs whenever the loop is entered. Constants,
//! comparisons and casts stay: they cost nothing next to their use.

use crate::analysis::loops::Loop;
use crate::analysis::{Cfg, ColdBlocks, Dominators, Loops};
use crate::base::EntityRef;
use crate::ir::{Alias, Base, Block, Function, Inst, InstId, Target, Value};

use super::Context;

/// Runs the pass.
pub fn run(func: &mut Function, context: &Context<'_>) -> bool {
    let cfg = Cfg::new(func);
    let loops = Loops::new(&cfg, &Dominators::new(&cfg));
    let mut changed = false;
    // Inner loops first: what leaves one may leave the next one too.
    for found in loops.all.iter().rev() {
        changed |= empty_loop(func, context, found);
    }
    changed
}

fn empty_loop(func: &mut Function, context: &Context<'_>, found: &Loop) -> bool {
    let cfg = Cfg::new(func);
    // Blocks that were made before inner loops belong to this one; they lie between its own blocks.
    let dominators = Dominators::new(&cfg);
    let Some(found) = Loops::new(&cfg, &dominators)
        .all
        .into_iter()
        .find(|again| again.header == found.header)
    else {
        return false;
    };
    let chosen = invariants(func, context, &cfg, &found);
    if chosen.is_empty() {
        return false;
    }
    let Some(before) = preheader(func, &cfg, &found) else {
        return false;
    };
    for &(block, id) in &chosen {
        func.blocks[block].insts.retain(|&other| other != id);
        let at = func.blocks[before].insts.len() - 1;
        func.blocks[before].insts.insert(at, id);
    }
    true
}

/// The instructions that may leave, in an order in which they may stand.
fn invariants(
    func: &Function,
    context: &Context<'_>,
    cfg: &Cfg,
    found: &Loop,
) -> Vec<(Block, InstId)> {
    let mut inside = vec![false; func.values.len()];
    for &block in &found.blocks {
        func.blocks[block]
            .params
            .iter()
            .for_each(|param| inside[param.index()] = true);
        let results = func.blocks[block]
            .insts
            .iter()
            .filter_map(|&id| func.insts[id].result);
        results.for_each(|result: Value| inside[result.index()] = true);
    }
    let written = super::memory::written_by(func, context, &found.blocks);
    let cold = ColdBlocks::new(func, cfg, |callee| context.is_cold(callee));
    let mut chosen = Vec::new();
    for &block in &found.blocks {
        // In the header, nothing has happened yet in this round.
        let mut untouched = block == found.header;
        for &id in &func.blocks[block].insts {
            let data = &func.insts[id];
            let mut invariant = true;
            data.inst
                .each_operand(func, |value| invariant &= !inside[value.index()]);
            let leaves = invariant
                && match data.inst {
                    Inst::Load(_, address, class) => {
                        let safe = untouched
                            || (matches!(address.base, Base::Field(_)) && address.index.is_none());
                        safe && class != Alias::VOLATILE
                            && !written.overlaps(class)
                            && !cold.contains(block)
                    }
                    // A cast leaves so that what uses it can.
                    Inst::Cast(..) => true,
                    inst => is_worth_moving(&inst) && !cold.contains(block),
                };
            if let (true, Some(result)) = (leaves, data.result) {
                inside[result.index()] = false;
                chosen.push((block, id));
            } else if is_constant(&data.inst)
                && let Some(result) = data.result
            {
                // Constants are made again wherever they are used; they are no reason to stay.
                inside[result.index()] = false;
                chosen.push((block, id));
            }
            let effects = data.inst.effects();
            untouched &= !effects.traps && !effects.fixed && effects.is_removable();
        }
    }
    drop_useless(func, chosen)
}

fn is_constant(inst: &Inst) -> bool {
    matches!(
        inst,
        Inst::Iconst(_) | Inst::Fconst(_) | Inst::F32const(_) | Inst::Bconst(_) | Inst::Addr(..)
    )
}

fn is_worth_moving(inst: &Inst) -> bool {
    match inst {
        Inst::Binary(op, ..) => !op.divides(),
        Inst::Unary(..) | Inst::Sext(..) | Inst::Zext(..) | Inst::Select(..) => true,
        _ => false,
    }
}

/// If only constants and casts would leave, nothing is gained.
fn drop_useless(func: &Function, chosen: Vec<(Block, InstId)>) -> Vec<(Block, InstId)> {
    let free = |inst: &Inst| is_constant(inst) || matches!(inst, Inst::Cast(..));
    if chosen.iter().all(|&(_, id)| free(&func.insts[id].inst)) {
        Vec::new()
    } else {
        chosen
    }
}

/// The block that jumps to the header from outside; made if there is none.
fn preheader(func: &mut Function, cfg: &Cfg, found: &Loop) -> Option<Block> {
    let outside: Vec<Block> = cfg
        .predecessors(found.header)
        .iter()
        .copied()
        .filter(|from| !found.latches.contains(from))
        .collect();
    if let [only] = *outside
        && matches!(func.terminator(only), Inst::Jump(_))
    {
        return Some(only);
    }
    let unsuitable = |from: &Block| match func.terminator(*from) {
        Inst::Switch(..) => !func.blocks[found.header].params.is_empty(),
        Inst::BrChecked(_, _, _, normal, _) => normal.block == found.header,
        _ => false,
    };
    if outside.is_empty() || outside.iter().any(unsuitable) {
        return None;
    }
    let before = func.add_block();
    let _ = func.layout.pop();
    let place = func
        .layout
        .iter()
        .position(|&block| block == found.header)?;
    func.layout.insert(place, before);
    let params = func.blocks[found.header].params.clone();
    let args: Vec<Value> = params
        .iter()
        .map(|&param| func.add_param(before, func.ty(param)))
        .collect();
    let position = func.insts[func.terminator_id(outside[0])].position;
    let jump = Inst::Jump(func.target(found.header, &args));
    let _ = func.append(before, jump, None, position);
    for from in outside {
        let id = func.terminator_id(from);
        let inst = func.insts[id].inst;
        func.insts[id].inst = inst.map_targets(func, |_, target| {
            if target.block == found.header {
                Target {
                    block: before,
                    args: target.args,
                }
            } else {
                target
            }
        });
    }
    Some(before)
}

#[cfg(test)]
mod tests {
    use crate::opt::testing::check_pass;

    const STATE: &str = "state 16\nfield A.x 0 i64 size 8 !A.x\nfield A.y 8 i64 size 8 !A.y\n";

    #[test]
    fn operations_and_unchanged_fields_leave_the_loop() {
        check_pass(
            super::run,
            &format!(
                "{STATE}function \"f\" (v0: i64, v1: ptr) -> i64 {{\nblock0(v0: i64, v1: ptr):\n    jump block1(v0)\n\
                 block1(v2: i64):\n    v3 = iconst 0\n    v4 = icmp.sgt v2, v3\n    br v4, block2, block3\n\
                 block2:\n    v5 = load.i64 state.A.x !A.x\n    v6 = load.i64 state.A.y !A.y\n    v7 = mul v5, v0\n    v8 = load.i64 v1 !a\n    \
                 v9 = add v7, v8\n    store.i64 v6, state.A.y !A.y\n    v10 = sub v2, v9\n    jump block1(v10)\nblock3:\n    ret v2\n}}\n"
            ),
            "block0(v0: i64, v1: ptr):\n    v3 = iconst 0\n    v5 = load.i64 state.A.x !A.x\n    v7 = mul v5, v0\n    jump block1(v0)\n\
             block1(v2: i64):\n    v4 = icmp.sgt v2, v3\n    br v4, block2, block3\n\
             block2:\n    v6 = load.i64 state.A.y !A.y\n    v8 = load.i64 v1 !a\n    \
             v9 = add v7, v8\n    store.i64 v6, state.A.y !A.y\n    v10 = sub v2, v9\n    jump block1(v10)\nblock3:\n    ret v2\n",
        );
    }

    #[test]
    fn a_block_is_made_before_the_loop_where_several_edges_enter_it() {
        check_pass(
            super::run,
            "function \"f\" (v0: i64, v1: bool) -> i64 {\nblock0(v0: i64, v1: bool):\n    br v1, block1(v0), block2\n\
             block1(v2: i64):\n    v3 = mul v0, v0\n    v4 = add v2, v3\n    br v1, block1(v4), block2\nblock2:\n    ret v0\n}\n",
            "block0(v0: i64, v1: bool):\n    br v1, block3(v0), block2\nblock3(v5: i64):\n    v3 = mul v0, v0\n    jump block1(v5)\n\
             block1(v2: i64):\n    v4 = add v2, v3\n    br v1, block1(v4), block2\nblock2:\n    ret v0\n",
        );
    }
}
