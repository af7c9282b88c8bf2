//! Two comparisons with the ends of an interval become one.
//!
//! `n > low` and then `n < high`, with the same way out, is one unsigned comparison of `n - low - 1`.

use crate::base::EntityRef;
use crate::ir::{BinaryOp, Block, Cfg, Function, Hint, Inst, IntCond, Target, Type, Value};

use super::insert_before_end;

/// A comparison of a value with a constant, as a branch that goes on if it holds.
struct Test {
    value: Value,
    /// The integers for which it goes on: from `low` to `high`, both included.
    low: i64,
    high: i64,
    inside: Target,
    outside: Target,
    hint: Hint,
}

/// Runs over a function; answers whether anything was joined.
pub(super) fn run(func: &mut Function, cfg: &Cfg) -> bool {
    let candidates = func
        .layout
        .iter()
        .filter(|&&block| matches!(func.terminator(block), Inst::Br(..)))
        .count();
    if candidates < 2 {
        return false;
    }
    let mut changed = false;
    for &block in &cfg.order {
        changed |= join(func, cfg, block);
    }
    changed
}

fn join(func: &mut Function, cfg: &Cfg, block: Block) -> bool {
    for first in tests(func, block) {
        let next = first.inside.block;
        let only_tests = cfg.single_predecessor(next) == Some(block)
            && func.blocks[next].params.is_empty()
            && func.blocks[next]
                .insts
                .iter()
                .rev()
                .skip(1)
                .all(|&id| is_free(&func.insts[id].inst));
        if !only_tests {
            continue;
        }
        for second in tests(func, next) {
            let same_way_out = first.outside.block == second.outside.block
                && func.values_of(first.outside.args) == func.values_of(second.outside.args);
            let (low, high) = (first.low.max(second.low), first.high.min(second.high));
            let bounded = low > i64::MIN && high < i64::MAX && low < high;
            if second.value == first.value
                && same_way_out
                && bounded
                && arguments_reach(func, next, &second)
            {
                replace(func, block, next, &first, &second, (low, high));
                return true;
            }
        }
    }
    false
}

/// Constants and the comparison itself.
fn is_free(inst: &Inst) -> bool {
    matches!(inst, Inst::Iconst(_) | Inst::Bconst(_) | Inst::Icmp(..))
}

/// Whether what the second test passes on is known before it.
fn arguments_reach(func: &Function, next: Block, second: &Test) -> bool {
    let own: Vec<Value> = func.blocks[next]
        .insts
        .iter()
        .filter_map(|&id| func.insts[id].result)
        .collect();
    let arguments = func.values_of(second.outside.args);
    arguments.iter().all(|value| !own.contains(value))
}

/// The branch of a block as a test, for each side that may be the inside.
fn tests(func: &Function, block: Block) -> Vec<Test> {
    let mut tests = Vec::new();
    let Inst::Br(c, yes, no, hint) = func.terminator(block) else {
        return tests;
    };
    let Some(Inst::Icmp(cond, value, bound)) = func.def(c) else {
        return tests;
    };
    let (Some(n), true) = (func.as_const(bound), func.ty(value) == Type::I64) else {
        return tests;
    };
    for (cond, inside, outside, hint) in [
        (cond, yes, no, hint),
        (cond.inverse(), no, yes, turned(hint)),
    ] {
        let (low, high) = match cond {
            IntCond::Slt if n > i64::MIN => (i64::MIN, n - 1),
            IntCond::Sle => (i64::MIN, n),
            IntCond::Sgt if n < i64::MAX => (n + 1, i64::MAX),
            IntCond::Sge => (n, i64::MAX),
            _ => continue,
        };
        tests.push(Test {
            value,
            low,
            high,
            inside,
            outside,
            hint,
        });
    }
    tests
}

fn turned(hint: Hint) -> Hint {
    match hint {
        Hint::None => Hint::None,
        Hint::Likely => Hint::Unlikely,
        Hint::Unlikely => Hint::Likely,
    }
}

fn replace(
    func: &mut Function,
    block: Block,
    next: Block,
    first: &Test,
    second: &Test,
    (low, high): (i64, i64),
) {
    let position = func.insts[func.terminator_id(block)].position;
    let mut emit = |inst: Inst, ty: Type| {
        let id = func.make_inst(inst, Some(ty), position);
        insert_before_end(func, block, id);
        func.insts[id].result.unwrap_or(first.value)
    };
    let mut distance = first.value;
    if low != 0 {
        let n = emit(Inst::Iconst(low.wrapping_neg()), Type::I64);
        distance = emit(Inst::Binary(BinaryOp::Add, first.value, n), Type::I64);
    }
    let width = emit(Inst::Iconst(high.wrapping_sub(low)), Type::I64);
    let within = emit(Inst::Icmp(IntCond::Ule, distance, width), Type::Bool);
    let hint = if first.hint == second.hint {
        first.hint
    } else {
        Hint::None
    };
    // The second block goes on without a test; it keeps its constants for those behind it.
    let end = func.terminator_id(next);
    func.insts[end].inst = Inst::Jump(second.inside);
    let end = func.terminator_id(block);
    func.insts[end].inst = Inst::Br(within, Target::to(next), first.outside, hint);
    debug_assert!(
        next.index() < func.blocks.len(),
        "{next} is a block of the function"
    );
}
