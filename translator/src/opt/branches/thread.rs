//! Edges that need not go through a block: it only jumps on, or the edge's arguments decide where it branches.
//!
//! A block may be passed by only if what it defines is used nowhere else, since it no longer dominates what follows.

use crate::base::EntityRef;
use crate::ir::{Block, Bound, Function, Inst, InstId, Target, UnaryOp, Value};

/// The longest block that is evaluated for an edge.
const MOST_INSTRUCTIONS: usize = 4;

/// Redirects edges; answers whether any was.
pub(super) fn run(func: &mut Function) -> bool {
    let through: Vec<bool> = candidates(func);
    if !through.contains(&true) {
        return false;
    }
    let mut changed = false;
    for number in 0..func.layout.len() {
        let id = func.terminator_id(func.layout[number]);
        changed |= redirect(func, id, &through);
    }
    if changed {
        forget_values(func, &through);
    }
    changed
}

/// Variables that are bound to what a block defines may be something else on the edges past it.
fn forget_values(func: &mut Function, through: &[bool]) {
    let mut lost = vec![false; func.values.len()];
    for &block in func.layout.iter().filter(|block| through[block.index()]) {
        let data = &func.blocks[block];
        let results = data.insts.iter().filter_map(|&id| func.insts[id].result);
        for value in data.params.iter().copied().chain(results) {
            lost[value.index()] = true;
        }
    }
    func.bindings.map_bound(|value| match lost[value.index()] {
        true => Bound::Unknown,
        false => Bound::Value(value),
    });
}

/// By block: whether edges may be led past it.
fn candidates(func: &Function) -> Vec<bool> {
    let mut home: Vec<Option<Block>> = vec![None; func.values.len()];
    let mut through = vec![false; func.blocks.len()];
    for &block in &func.layout {
        let insts = &func.blocks[block].insts;
        let pure = insts[..insts.len() - 1]
            .iter()
            .all(|&id| is_evaluable(&func.insts[id].inst));
        let branches = matches!(
            func.terminator(block),
            Inst::Jump(_) | Inst::Br(..) | Inst::Switch(..)
        );
        through[block.index()] =
            block != func.entry() && pure && branches && insts.len() <= MOST_INSTRUCTIONS;
        func.blocks[block]
            .params
            .iter()
            .for_each(|param| home[param.index()] = Some(block));
        insts
            .iter()
            .filter_map(|&id| func.insts[id].result)
            .for_each(|result| home[result.index()] = Some(block));
    }
    for (block, id) in func.each_inst() {
        func.insts[id].inst.each_operand(func, |value| {
            if let Some(from) = home[value.index()]
                && from != block
            {
                through[from.index()] = false;
            }
        });
    }
    through
}

fn is_evaluable(inst: &Inst) -> bool {
    matches!(
        inst,
        Inst::Iconst(_)
            | Inst::Bconst(_)
            | Inst::Icmp(..)
            | Inst::Unary(UnaryOp::Not | UnaryOp::B2i, _)
            | Inst::Cast(..)
    )
}

fn redirect(func: &mut Function, id: InstId, through: &[bool]) -> bool {
    let inst = func.insts[id].inst;
    if let Inst::BrChecked(op, a, b, normal, overflow) = inst {
        // The normal edge carries a result that has no value yet.
        let new = end_of(func, overflow, through);
        let changed = new != overflow && new.block != normal.block;
        if changed {
            func.insts[id].inst = Inst::BrChecked(op, a, b, normal, new);
        }
        return changed;
    }
    let is_switch = matches!(inst, Inst::Switch(..));
    let new = inst.map_targets(func, |func, target| {
        let new = end_of(func, target, through);
        if is_switch && !new.args.is_empty() {
            target
        } else {
            new
        }
    });
    let changed = new != inst;
    func.insts[id].inst = new;
    changed
}

/// Where an edge leads in the end, a few blocks on.
fn end_of(func: &mut Function, target: Target, through: &[bool]) -> Target {
    let mut at = target;
    for _ in 0..4 {
        if !through[at.block.index()] {
            break;
        }
        match next_of(func, at) {
            Some(next) if next.block != at.block => at = next,
            _ => break,
        }
    }
    at
}

/// Where the block of a target goes on, if that is certain and needs nothing that the block computes.
fn next_of(func: &mut Function, at: Target) -> Option<Target> {
    let params = func.blocks[at.block].params.clone();
    let args = func.values_of(at.args).to_vec();
    if params.len() != args.len() {
        return None;
    }
    let insts = func.blocks[at.block].insts.clone();
    let mut known: Vec<(Value, Option<i64>)> = Vec::new();
    for (&param, &arg) in params.iter().zip(&args) {
        known.push((param, constant(func, arg)));
    }
    let (&last, body) = insts.split_last()?;
    for &id in body {
        let data = func.insts[id];
        let value = evaluate(func, &known, &data.inst);
        known.push((data.result?, value));
    }
    let of = |value: Value| lookup(func, &known, value);
    let next = match func.insts[last].inst {
        Inst::Jump(next) => next,
        Inst::Br(c, yes, no, _) => {
            if of(c)? != 0 {
                yes
            } else {
                no
            }
        }
        Inst::Switch(value, blocks, default) => {
            let n = usize::try_from(of(value)?).ok();
            Target::to(
                n.and_then(|n| func.blocks_of(blocks).get(n))
                    .copied()
                    .unwrap_or(default),
            )
        }
        _ => return None,
    };
    let mut new = Vec::new();
    for &value in func.values_of(next.args) {
        let own = params.iter().position(|&param| param == value);
        let computed = body.iter().any(|&id| func.insts[id].result == Some(value));
        match own {
            Some(n) => new.push(args[n]),
            None if computed => return None,
            None => new.push(value),
        }
    }
    Some(func.target(next.block, &new))
}

fn constant(func: &Function, value: Value) -> Option<i64> {
    match func.def(value)? {
        Inst::Iconst(n) => Some(n),
        Inst::Bconst(b) => Some(i64::from(b)),
        _ => None,
    }
}

fn lookup(func: &Function, known: &[(Value, Option<i64>)], value: Value) -> Option<i64> {
    match known.iter().find(|(own, _)| *own == value) {
        Some((_, result)) => *result,
        None => constant(func, value),
    }
}

fn evaluate(func: &Function, known: &[(Value, Option<i64>)], inst: &Inst) -> Option<i64> {
    let of = |value: Value| lookup(func, known, value);
    match *inst {
        Inst::Iconst(n) => Some(n),
        Inst::Bconst(b) => Some(i64::from(b)),
        Inst::Icmp(cond, a, b) => Some(i64::from(cond.holds(of(a)?, of(b)?))),
        Inst::Unary(op, a) => crate::ir::fold::unary(op, func.ty(a), of(a)?),
        Inst::Cast(_, a) => of(a),
        _ => None,
    }
}
