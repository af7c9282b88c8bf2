//! What parameters of blocks can be: the union of their arguments, and for counters of loops the start and the direction.
//!
//! A parameter that each round only adds non-negative constants to never falls below its start, if no sum wraps: because the
//! sum is checked, or because a comparison in the loop bounds the parameter before the addition or the sum before the next round.
//! Counting down is the mirror image.

use crate::analysis::Range;
use crate::ir::{BinaryOp, Block, CheckedOp, Inst, Type, Value, ValueDef};

use super::facts;
use super::values::Rewriter;

/// Finds the intervals of a block's parameters, and parameters that have one argument only.
pub(super) fn parameters(r: &mut Rewriter<'_>, block: Block) {
    if block == r.func.entry() {
        return;
    }
    let params = r.func.blocks[block].params.clone();
    for (number, param) in params.into_iter().enumerate() {
        let arguments = r.arguments(block, number);
        if let Some(single) = only_argument(r, block, param, &arguments) {
            r.forward_param(param, single);
            continue;
        }
        match r.func.ty(param) {
            Type::I64 | Type::Bool => {
                let range = interval(r, block, param, &arguments);
                r.ranges[crate::base::EntityRef::index(param)] = range;
            }
            Type::Oop | Type::Ptr | Type::F64 | Type::F32 => {}
        }
    }
}

/// Whether the edge comes from a block that was visited before this one.
fn is_forward(r: &Rewriter<'_>, from: Block, to: Block) -> bool {
    r.cfg.position(from) < r.cfg.position(to)
}

fn only_argument(
    r: &Rewriter<'_>,
    block: Block,
    param: Value,
    arguments: &[(Block, Option<Value>)],
) -> Option<Value> {
    let mut single = None;
    for &(from, argument) in arguments {
        let argument = argument?;
        if argument == param {
            continue;
        }
        if !is_forward(r, from, block) || single.is_some_and(|other| other != argument) {
            return None;
        }
        single = Some(argument);
    }
    // A constant argument is made in the predecessor, which need not dominate this block.
    let home = match r.func.values[single?].def {
        ValueDef::Param(home, _) => home,
        ValueDef::Result(_) => {
            return only_from_dominator(r, block, arguments)
                .then_some(single)
                .flatten();
        }
    };
    r.dominators
        .dominates(home, block)
        .then_some(single)
        .flatten()
}

/// Whether all edges but those from inside come from a block that dominates this one.
fn only_from_dominator(
    r: &Rewriter<'_>,
    block: Block,
    arguments: &[(Block, Option<Value>)],
) -> bool {
    arguments
        .iter()
        .all(|&(from, _)| !is_forward(r, from, block) || r.dominators.dominates(from, block))
}

fn interval(
    r: &mut Rewriter<'_>,
    block: Block,
    param: Value,
    arguments: &[(Block, Option<Value>)],
) -> Range {
    let full = if r.func.ty(param) == Type::Bool {
        Range::BOOL
    } else {
        Range::FULL
    };
    let mut start: Option<Range> = None;
    let mut steps = Vec::new();
    for &(from, argument) in arguments {
        let Some(argument) = argument else {
            let range = result_of_checked(r, from);
            start = Some(start.map_or(range, |other| other.union(range)));
            continue;
        };
        if is_forward(r, from, block) {
            let range = r.range(argument);
            start = Some(start.map_or(range, |other| other.union(range)));
        } else if argument != param {
            steps.push((from, argument));
        }
    }
    let Some(start) = start else { return full };
    if steps.is_empty() {
        return start;
    }
    if full == Range::BOOL {
        return full;
    }
    r.starts.insert(param, start);
    let full = r
        .known_rounds
        .get(&param)
        .map_or(full, |round| start.union(*round));
    // The test at the end of the only branch back bounds all that comes round; several would have to be taken together.
    let start_if_only = (steps.len() == 1).then_some(start);
    let (mut rises, mut falls) = (true, true);
    for (from, argument) in steps {
        let step = step(r, param, argument);
        let safe =
            step.is_some() && never_wraps(r, (block, param), start_if_only, (from, argument));
        rises &= safe && step.is_some_and(|n| n >= 0);
        falls &= safe && step.is_some_and(|n| n <= 0);
    }
    Range {
        min: if rises { start.min } else { full.min },
        max: if falls { start.max } else { full.max },
    }
    .narrowed(full)
}

/// The result that a `br.…` passes to its normal target.
fn result_of_checked(r: &Rewriter<'_>, from: Block) -> Range {
    match terminator(r, from) {
        Some(Inst::BrChecked(op, a, b, ..)) => facts::checked(op, r.range(a), r.range(b)),
        _ => Range::FULL,
    }
}

/// The constant that a value is more than the parameter.
fn step(r: &Rewriter<'_>, param: Value, value: Value) -> Option<i64> {
    match r.func.def(value)? {
        Inst::Binary(BinaryOp::Add, a, b) | Inst::Checked(CheckedOp::AddS, a, b, _) => {
            let (a, b) = (r.forwarded(a), r.forwarded(b));
            if a == param {
                r.constant(b)
            } else if b == param {
                r.constant(a)
            } else {
                None
            }
        }
        Inst::Binary(BinaryOp::Sub, a, b) | Inst::Checked(CheckedOp::SubS, a, b, _)
            if r.forwarded(a) == param =>
        {
            r.constant(r.forwarded(b))?.checked_neg()
        }
        _ => None,
    }
}

/// Whether the step from the parameter to its next value stays within the signed integers.
fn never_wraps(
    r: &Rewriter<'_>,
    (header, param): (Block, Value),
    start: Option<Range>,
    (from, next): (Block, Value),
) -> bool {
    if let Some(Inst::Checked(CheckedOp::AddS | CheckedOp::SubS, ..)) = r.func.def(next) {
        return true;
    }
    let Some(step) = step(r, param, next) else {
        return false;
    };
    let fits = |range: Range| Range::exact(BinaryOp::Add, range, Range::constant(step)).is_some();
    let ValueDef::Result(id) = r.func.values[next].def else {
        return false;
    };
    // The block of the addition is not recorded; it dominates the branch back, and so do the blocks on the way up to it.
    let mut bounded = Range::FULL;
    let mut at = from;
    let mut passed = false;
    loop {
        passed |= r.func.blocks[at].insts.contains(&id);
        let above = r.dominators.idom(at);
        if passed && at != header {
            bounded = bounded.narrowed(edge_bound(r, at, param));
        }
        match above {
            Some(block) if at != header => at = block,
            _ => break,
        }
    }
    if fits(bounded) {
        return true;
    }
    let round = last_test(r, from, header, next);
    start.is_some_and(|start| round != Range::FULL && fits(start.union(round)))
}

/// What the only edge into a block tells about a value.
fn edge_bound(r: &Rewriter<'_>, block: Block, value: Value) -> Range {
    r.cfg
        .single_predecessor(block)
        .map_or(Range::FULL, |from| last_test(r, from, block, value))
}

/// What the branch at the end of one block, where it goes to another, tells about a value.
fn last_test(r: &Rewriter<'_>, from: Block, to: Block, value: Value) -> Range {
    match terminator(r, from) {
        Some(Inst::Br(c, yes, no, _)) if yes.block != no.block => {
            bound(r, c, yes.block == to, value)
        }
        _ => Range::FULL,
    }
}

fn terminator(r: &Rewriter<'_>, block: Block) -> Option<Inst> {
    let last = r.func.blocks[block].insts.last();
    last.map(|&id| r.func.insts[id].inst)
}

/// What a condition with that outcome tells about a value. The other operand must be known before the loop.
fn bound(r: &Rewriter<'_>, c: Value, truth: bool, value: Value) -> Range {
    let Some(Inst::Icmp(cond, a, b)) = r.func.def(r.forwarded(c)) else {
        return Range::FULL;
    };
    let cond = if truth { cond } else { cond.inverse() };
    let (a, b) = (r.forwarded(a), r.forwarded(b));
    let limit = |other: Value| match r.func.def(other) {
        Some(Inst::Iconst(n)) => Range::constant(n),
        _ => r.range(other),
    };
    if a == value {
        Range::given(cond, Range::FULL, limit(b))
    } else if b == value {
        Range::given(cond.swapped(), Range::FULL, limit(a))
    } else {
        Range::FULL
    }
}
