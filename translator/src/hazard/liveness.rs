//! Derived values that live across moving calls.

use std::collections::VecDeque;

use super::derived::{Derived, Flow, joins};
use super::report::Context;
use crate::base::entity::EntityRef;
use crate::ir::{Block, Cfg, FuncId, Function, InstId, Target, Value, ValueDef};
use rustc_hash::{FxHashMap, FxHashSet};

/// A value that is stale at its use.
#[derive(Clone, Debug)]
pub(super) struct Hazard {
    pub(super) value: Value,
    /// Where it is made.
    pub(super) made: ValueDef,
    /// The moving call.
    pub(super) call: InstId,
    /// The first use after it.
    pub(super) used: InstId,
}

/// The hazards of a function: at most one for each value, at the first call that it lives across.
pub(super) fn hazards(context: &Context<'_>, flow: &mut Flow<'_>, function: FuncId) -> Vec<Hazard> {
    let func = &context.module.functions[function];
    let moving: FxHashSet<InstId> = context
        .graph
        .calls(function)
        .iter()
        .filter(|site| !site.is_tail && context.graph.moving_callee(site).is_some())
        .map(|site| site.inst)
        .collect();
    if moving.is_empty() {
        return Vec::new();
    }
    let cfg = Cfg::new(func);
    let mut found: Vec<Hazard> = Vec::new();
    for case in flow.cases(function) {
        hazards_of_case(
            func,
            &cfg,
            &moving,
            &flow.derived(function, case),
            &mut found,
        );
    }
    // A value that only passes another hazard on is no news.
    let passed_on: FxHashSet<Value> = found
        .iter()
        .flat_map(|hazard| passes_to(func, &cfg, hazard.value))
        .collect();
    found.retain(|hazard| !passed_on.contains(&hazard.value));
    found
}

fn hazards_of_case(
    func: &Function,
    cfg: &Cfg,
    moving: &FxHashSet<InstId>,
    derived: &Derived,
    found: &mut Vec<Hazard>,
) {
    let live_out = live_out(func, cfg, derived);
    for &block in &cfg.order {
        let mut live = live_out[block.index()].clone();
        let mut here = Vec::new();
        for &id in func.blocks[block].insts.iter().rev() {
            let data = &func.insts[id];
            if let Some(result) = data.result {
                live.remove(&result);
            }
            if moving.contains(&id) {
                let mut values: Vec<Value> = live.iter().copied().collect();
                values.sort_unstable();
                here.extend(values.into_iter().map(|value| (value, id)));
            }
            use_operands(func, id, derived, &mut live);
        }
        for (value, call) in here.into_iter().rev() {
            if found.iter().all(|hazard| hazard.value != value)
                && let Some(used) = first_use(func, block, call, value)
            {
                let made = derived.made(func, value);
                found.push(Hazard {
                    value,
                    made,
                    call,
                    used,
                });
            }
        }
    }
}

fn use_operands(func: &Function, id: InstId, derived: &Derived, live: &mut FxHashSet<Value>) {
    func.insts[id].inst.each_operand(func, |value| {
        if derived.contains(value) {
            live.insert(value);
        }
    });
}

/// Derived values live at the end of each block.
fn live_out(func: &Function, cfg: &Cfg, derived: &Derived) -> Vec<FxHashSet<Value>> {
    let mut live_in: Vec<FxHashSet<Value>> = vec![FxHashSet::default(); func.blocks.len()];
    let mut live_out = live_in.clone();
    let mut changed = true;
    while changed {
        changed = false;
        for &block in cfg.order.iter().rev() {
            let mut live = FxHashSet::default();
            for successor in func.successors(block) {
                live.extend(live_in[successor.index()].iter().copied());
            }
            live_out[block.index()] = live.clone();
            for &id in func.blocks[block].insts.iter().rev() {
                if let Some(result) = func.insts[id].result {
                    live.remove(&result);
                }
                use_operands(func, id, derived, &mut live);
            }
            for param in &func.blocks[block].params {
                live.remove(param);
            }
            changed |= live.len() != live_in[block.index()].len();
            live_in[block.index()] = live;
        }
    }
    live_out
}

/// The nearest instruction after a call that uses a value or what it is passed to.
fn first_use(func: &Function, block: Block, call: InstId, value: Value) -> Option<InstId> {
    let after = func.blocks[block].insts.iter().position(|&id| id == call)? + 1;
    let mut queue = VecDeque::from([(block, after, value)]);
    let mut seen = FxHashSet::default();
    let mut passed = None;
    while let Some((block, start, value)) = queue.pop_front() {
        let mut redefined = false;
        for &id in &func.blocks[block].insts[start..] {
            let inst = &func.insts[id].inst;
            let mut targets: Vec<Target> = Vec::new();
            inst.each_target(func, |target| targets.push(target));
            let arguments: usize = targets
                .iter()
                .map(|target| count(func.values_of(target.args), value))
                .sum();
            if count(&inst.operands(func), value) > arguments {
                return Some(id);
            }
            for target in targets {
                let params = &func.blocks[target.block].params;
                for (&param, &argument) in params.iter().zip(func.values_of(target.args)) {
                    if argument == value {
                        passed = passed.or(Some(id));
                        if seen.insert((target.block, param)) {
                            queue.push_back((target.block, 0, param));
                        }
                    }
                }
                redefined |= params.contains(&value);
                if !redefined && seen.insert((target.block, value)) {
                    queue.push_back((target.block, 0, value));
                }
            }
        }
    }
    passed
}

fn count(values: &[Value], value: Value) -> usize {
    values.iter().filter(|&&known| known == value).count()
}

/// Block parameters that a value is an argument for.
fn passes_to(func: &Function, cfg: &Cfg, value: Value) -> Vec<Value> {
    let mut params: FxHashMap<Value, ()> = FxHashMap::default();
    for &block in &cfg.order {
        func.terminator(block).each_target(func, |target| {
            for (&param, &argument) in func.blocks[target.block]
                .params
                .iter()
                .zip(func.values_of(target.args))
            {
                if argument == value && param != value && joins(func, param) && !joins(func, value)
                {
                    params.insert(param, ());
                }
            }
        });
    }
    params.into_keys().collect()
}
