//! Puts the bodies of callees in place of calls, from the leaves of the call graph upwards.
//!
//! A callee has been optimised before its callers look at it, so its size is known. It is taken in when it is tiny, when it is small
//! and calls nothing, or when it says so. A larger one, or one that calls, is taken in only while every path of the caller calls:
//! once there is a path without a call, the calls beside it are the rare cases, and their code stays away. Cycles stay calls, but
//! for small functions that take in their own calls.
//!
//! `look` tells what all this may depend on, for results that are taken over from an earlier run.

mod itself;
mod look;

pub use itself::run_on_itself;

use std::sync::OnceLock;

use crate::analysis::{CallGraph, Cfg, ColdBlocks, Dominators, Loops};
use crate::base::{EntityRef, Key, PrimaryMap};
use crate::ir::position::Moved;
use crate::ir::{
    Block, FuncId, Function, FunctionKind, Inline, Inst, InstId, Position, Target, Value, ValueDef,
};

/// A function as its callers see it.
pub struct Callee {
    /// The function, optimised.
    pub func: Function,
    /// Its size for the decision.
    weight: usize,
    /// Whether it calls nothing.
    is_leaf: bool,
    /// What it looks like to callers, if that is known: where it is the same, the same becomes of callers that are the same.
    pub look: Option<Key>,
}

impl Callee {
    /// A function that its callers may look at from now on.
    #[must_use]
    pub fn new(func: Function) -> Self {
        let (weight, is_leaf) = if func.has_body() {
            (weight(&func), is_leaf(&func))
        } else {
            (0, false)
        };
        Self {
            func,
            weight,
            is_leaf,
            look: None,
        }
    }
}

/// What the decision needs to know of every function of the module.
pub struct Callees<'a> {
    /// The functions that are finished: all that the caller calls, but for those of its own cycle.
    pub finished: &'a PrimaryMap<FuncId, OnceLock<Callee>>,
    /// Who calls whom.
    pub graph: &'a CallGraph,
    /// The caller.
    pub caller: FuncId,
}

impl<'a> Callees<'a> {
    /// A callee, unless it is in the caller's own cycle.
    fn get(&self, callee: FuncId) -> Option<&'a Callee> {
        let own = self.graph.components[callee] == self.graph.components[self.caller];
        if own {
            return None;
        }
        self.finished[callee].get()
    }

    /// Whether there is no other way to a callee than one call.
    fn is_only_called_once(&self, callee: FuncId) -> bool {
        self.graph.calls[callee] == 1 && !self.graph.escapes[callee]
    }
}

/// Always taken in: no larger than the call.
const TINY: usize = 8;
/// Taken in where the call is not cold, if it calls nothing.
const SMALL: usize = 30;
/// As many calls of a callee in one function make it a service that only tiny ones escape.
const OFTEN: usize = 4;
/// Taken in although it calls, while the caller has no path without a call.
const NEEDED: usize = 30;
/// The same in handlers, whose usual path should not call.
const NEEDED_BY_HANDLER: usize = 120;
/// Taken in if this is the only call, and the caller has no path without a call, or calls in a loop.
const ONLY_CALL: usize = 200;
/// Callers do not grow beyond this.
const LARGEST: usize = 1000;

/// Inlines calls in a function, also calls that inlined bodies bring along. Answers whether there was any.
pub fn run(func: &mut Function, callees: &Callees<'_>) -> bool {
    let mut changed = false;
    // Bodies are optimised and have taken in their own callees; a few rounds are enough for what they left.
    for _ in 0..4 {
        let calls = chosen(func, callees);
        if calls.is_empty() {
            break;
        }
        for id in calls {
            if let Inst::Call(callee, _) | Inst::TailCall(callee, _) = func.insts[id].inst
                && let Some(callee) = callees.get(callee)
            {
                inline_one(func, id, &callee.func);
            }
        }
        changed = true;
    }
    changed
}

/// The size of a function for the decision: constants cost nothing.
fn weight(func: &Function) -> usize {
    let free = |inst: &Inst| {
        matches!(
            inst,
            Inst::Iconst(_)
                | Inst::Bconst(_)
                | Inst::Fconst(_)
                | Inst::F32const(_)
                | Inst::Jump(_)
                | Inst::Cast(..)
        )
    };
    func.each_inst()
        .filter(|(_, id)| !free(&func.insts[*id].inst))
        .count()
}

/// Whether a function calls nothing.
fn is_leaf(func: &Function) -> bool {
    func.each_inst()
        .all(|(_, id)| !func.insts[id].inst.is_call())
}

/// Whether some way through a function comes to its end without a call. Calls in `taken` do not count.
fn has_free_path(func: &Function, taken: &[InstId]) -> bool {
    let calls = |block: Block| {
        func.blocks[block]
            .insts
            .iter()
            .any(|id| func.insts[*id].inst.is_call() && !taken.contains(id))
    };
    let mut seen = vec![false; func.blocks.len()];
    let mut work = vec![func.entry()];
    while let Some(block) = work.pop() {
        if std::mem::replace(&mut seen[block.index()], true) || calls(block) {
            continue;
        }
        match func.terminator(block) {
            Inst::Ret(_) | Inst::Dispatch | Inst::TailCall(..) | Inst::TailCallInd(..) => {
                return true;
            }
            other => other.each_target(func, |target| work.push(target.block)),
        }
    }
    false
}

/// A call that may be replaced.
struct Candidate<'a> {
    id: InstId,
    callee: FuncId,
    body: &'a Callee,
    block: Block,
}

fn chosen(func: &Function, callees: &Callees<'_>) -> Vec<InstId> {
    let cfg = Cfg::new(func);
    let candidates = candidates(func, &cfg, callees);
    if candidates.is_empty() {
        return Vec::new();
    }
    let is_cold = |callee| {
        callees
            .get(callee)
            .is_some_and(|callee| callee.func.attributes.cold)
    };
    let cold = ColdBlocks::new(func, &cfg, is_cold);
    let mut size = weight(func);
    let mut chosen = Vec::new();
    let mut take = |candidate: &Candidate<'_>, chosen: &mut Vec<InstId>| {
        if size + candidate.body.weight <= LARGEST {
            size += candidate.body.weight;
            chosen.push(candidate.id);
        }
    };
    // What is called again and again in one function is a service, not a step.
    let repeated = |callee: FuncId| {
        candidates
            .iter()
            .filter(|other| other.callee == callee)
            .count()
            > OFTEN
    };
    for candidate in &candidates {
        let rare =
            cold.contains(candidate.block) || func.attributes.cold || repeated(candidate.callee);
        let body = candidate.body;
        let small = body.weight <= SMALL && body.is_leaf && !rare;
        if body.func.attributes.inline == Inline::Always || body.weight <= TINY || small {
            take(candidate, &mut chosen);
        }
    }
    if !chosen.is_empty() {
        return chosen;
    }
    let free = has_free_path(func, &chosen);
    let loops = Loops::new(&cfg, &Dominators::new(&cfg));
    for candidate in &candidates {
        let rare =
            cold.contains(candidate.block) || func.attributes.cold || repeated(candidate.callee);
        let looping = func.kind != FunctionKind::Handler && loops.depth(candidate.block) > 0;
        if !rare && (!free || looping) && is_worth_it(func, candidate, callees) {
            take(candidate, &mut chosen);
        }
    }
    chosen
}

/// The calls that may be replaced, in reverse postorder.
fn candidates<'a>(func: &Function, cfg: &Cfg, callees: &Callees<'a>) -> Vec<Candidate<'a>> {
    let mut candidates = Vec::new();
    for &block in &cfg.order {
        for &id in &func.blocks[block].insts {
            let (callee, tail) = match func.insts[id].inst {
                Inst::Call(callee, _) => (callee, false),
                Inst::TailCall(callee, _) => (callee, true),
                _ => continue,
            };
            let recursive = callees.graph.recursive[callee];
            if let Some(body) = callees.get(callee)
                && may_inline(func, &body.func, recursive, tail)
            {
                candidates.push(Candidate {
                    id,
                    callee,
                    body,
                    block,
                });
            }
        }
    }
    candidates
}

fn may_inline(caller: &Function, body: &Function, recursive: bool, tail: bool) -> bool {
    let kinds = match body.kind {
        FunctionKind::Normal | FunctionKind::Export => true,
        FunctionKind::Handler => tail && caller.kind == FunctionKind::Handler,
        FunctionKind::Import => false,
    };
    let attributes = body.attributes;
    let allowed = match attributes.inline {
        Inline::Always => true,
        Inline::Never => false,
        Inline::Auto => !attributes.cold,
    };
    kinds && body.has_body() && !recursive && allowed && !caller.name.is_empty()
}

/// Whether a body that is not small, or calls, is taken in.
fn is_worth_it(caller: &Function, candidate: &Candidate<'_>, callees: &Callees<'_>) -> bool {
    let handler = caller.kind == FunctionKind::Handler;
    let most = if handler { NEEDED_BY_HANDLER } else { NEEDED };
    let only = callees.is_only_called_once(candidate.callee);
    let Callee { func, weight, .. } = candidate.body;
    *weight <= most || (only && func.kind != FunctionKind::Handler && *weight <= ONLY_CALL)
}

/// Replaces one call by the body.
fn inline_one(func: &mut Function, id: InstId, body: &Function) {
    let (args, tail) = match func.insts[id].inst {
        Inst::Call(_, args) => (args, false),
        Inst::TailCall(_, args) => (args, true),
        _ => unreachable!("{id} was chosen as a call"),
    };
    let call = func.insts[id].position;
    let Some((block, at)) = find(func, id) else {
        return;
    };
    let rest = func.blocks[block].insts.split_off(at + 1);
    func.blocks[block].insts.pop();
    let after = if tail {
        None
    } else {
        Some(continuation(func, block, rest, (id, body.signature.result)))
    };
    let args = func.values_of(args).to_vec();
    let sites = {
        let snapshots = func.bindings.last().index();
        func.activations.take_in(&body.activations, call, snapshots)
    };
    let mut copy = Copy::new(func, body, (&args, sites), func_position(func, block));
    copy.run(func, after, block);
}

fn func_position(func: &Function, block: Block) -> usize {
    func.layout
        .iter()
        .position(|&other| other == block)
        .unwrap_or(0)
}

fn find(func: &Function, id: InstId) -> Option<(Block, usize)> {
    func.layout.iter().find_map(|&block| {
        let at = func.blocks[block]
            .insts
            .iter()
            .position(|&other| other == id)?;
        Some((block, at))
    })
}

/// The block with what follows the call; its parameter, if there is one, is the result of the call.
fn continuation(
    func: &mut Function,
    block: Block,
    rest: Vec<InstId>,
    call: (InstId, Option<crate::ir::Type>),
) -> Block {
    let after = func.add_block();
    let _ = func.layout.pop();
    let place = func_position(func, block) + 1;
    func.layout.insert(place, after);
    func.blocks[after].insts = rest;
    match (func.insts[call.0].result, call.1) {
        (Some(result), _) => {
            func.blocks[after].params.push(result);
            func.values[result].def = ValueDef::Param(after, 0);
            func.insts[call.0].result = None;
        }
        // The result is ignored, but the returns carry it.
        (None, Some(ty)) => {
            func.add_param(after, ty);
        }
        (None, None) => {}
    }
    after
}

/// A body on its way into another function.
struct Copy<'a> {
    body: &'a Function,
    values: Vec<Option<Value>>,
    blocks: Vec<Option<Block>>,
    sites: Moved,
}

impl<'a> Copy<'a> {
    /// Makes the blocks, behind the block of the call, and the values.
    fn new(
        func: &mut Function,
        body: &'a Function,
        (args, sites): (&[Value], Moved),
        place: usize,
    ) -> Self {
        let mut values = vec![None; body.values.len()];
        let mut blocks = vec![None; body.blocks.len()];
        for (&param, &arg) in body.blocks[body.entry()].params.iter().zip(args) {
            values[param.index()] = Some(arg);
        }
        let mut new = Vec::new();
        for &old in &body.layout {
            let block = func.add_block();
            let _ = func.layout.pop();
            new.push(block);
            blocks[old.index()] = Some(block);
            if old != body.entry() {
                for &param in &body.blocks[old].params {
                    values[param.index()] = Some(func.add_param(block, body.ty(param)));
                }
            }
        }
        func.layout.splice(place + 1..place + 1, new);
        Self {
            body,
            values,
            blocks,
            sites,
        }
    }

    fn run(&mut self, func: &mut Function, after: Option<Block>, from: Block) {
        // All results first: a block may use what a later one in the layout defines.
        let mut made = Vec::new();
        for (block, id) in self.body.each_inst() {
            let data = &self.body.insts[id];
            let ty = data.result.map(|result| self.body.ty(result));
            let position = self.sites.position(data.position);
            let new = func.make_inst(Inst::Unreachable, ty, position);
            if let (Some(old), Some(result)) = (data.result, func.insts[new].result) {
                self.values[old.index()] = Some(result);
            }
            made.push((block, id, new));
        }
        let value = |old: Value| self.values[old.index()];
        func.bindings
            .take_in(&self.body.bindings, self.sites, value);
        for (block, id, new) in made {
            let block = self.block(block);
            let inst = self.body.insts[id].inst;
            let position = func.insts[new].position;
            let inst = match (inst, after) {
                (Inst::Ret(value), Some(after)) => {
                    let args: Vec<Value> =
                        value.map(|value| self.value(value)).into_iter().collect();
                    Inst::Jump(func.target(after, &args))
                }
                (Inst::TailCall(..) | Inst::TailCallInd(..), Some(after)) => {
                    self.call_and_go_on(func, (block, inst, position), after)
                }
                _ => self.copied(func, &inst),
            };
            func.insts[new].inst = inst;
            func.blocks[block].insts.push(new);
        }
        let entry = self.block(self.body.entry());
        let position = self.sites.position(self.body.position);
        let jump = func.make_inst(Inst::Jump(Target::to(entry)), None, position);
        func.blocks[from].insts.push(jump);
    }

    /// A tail call of the body is a plain call here.
    fn call_and_go_on(
        &self,
        func: &mut Function,
        (block, inst, position): (Block, Inst, Position),
        after: Block,
    ) -> Inst {
        let ty = self.body.signature.result;
        let call = match self.copied(func, &inst) {
            Inst::TailCall(callee, args) => Inst::Call(callee, args),
            Inst::TailCallInd(sig, callee, args) => Inst::CallInd(sig, callee, args),
            other => other,
        };
        let result = func.append(block, call, ty, position);
        let args: Vec<Value> = result.into_iter().collect();
        Inst::Jump(func.target(after, &args))
    }

    fn value(&self, old: Value) -> Value {
        self.values[old.index()]
            .unwrap_or_else(|| unreachable!("{old} of {} has a copy", self.body.name))
    }

    fn block(&self, old: Block) -> Block {
        self.blocks[old.index()]
            .unwrap_or_else(|| unreachable!("{old} of {} has a copy", self.body.name))
    }

    /// The instruction with the caller's values, blocks and lists.
    fn copied(&self, func: &mut Function, inst: &Inst) -> Inst {
        func.copied(
            self.body,
            inst,
            |value| self.value(value),
            |block| self.block(block),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::CallGraph;
    use crate::ir::interpret::{End, run as interpret};
    use crate::ir::{Module, parse_module, verify};

    fn inlined(text: &str) -> (Module, Module) {
        let module = parse_module(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(verify(&module), Ok(()));
        let graph = CallGraph::new(&module);
        let mut after = module.clone();
        let caller = FuncId::new(module.functions.len() - 1);
        let finished = module.functions.values().cloned();
        let callees = Callees {
            finished: &finished
                .map(|func| OnceLock::from(Callee::new(func)))
                .collect(),
            graph: &graph,
            caller,
        };
        run(&mut after.functions[caller], &callees);
        assert_eq!(verify(&after), Ok(()), "{}", after.text());
        (module, after)
    }

    #[test]
    fn a_small_callee_with_several_returns_is_taken_in() {
        let (before, after) = inlined(
            "function \"abs\" (v0: i64) -> i64 {\nblock0(v0: i64):\n    v1 = iconst 0\n    v2 = icmp.slt v0, v1\n    br v2, block1, block2\n\
             block1:\n    v3 = neg v0\n    ret v3\nblock2:\n    ret v0\n}\n\
             function \"tail\" (v0: i64) -> i64 {\nblock0(v0: i64):\n    tailcall \"abs\"(v0)\n}\n\
             function \"f\" (v0: i64, v1: i64) -> i64 {\nblock0(v0: i64, v1: i64):\n    v2 = call \"tail\"(v0)\n    call \"abs\"(v0)\n    \
             v3 = call \"abs\"(v1)\n    v4 = add v2, v3\n    ret v4\n}\n",
        );
        let id = FuncId::new(2);
        assert!(
            !after.function_text(id).contains("call"),
            "{}",
            after.function_text(id)
        );
        for args in [[-5, 3], [5, -3]] {
            let end = interpret(&after, id, &args, &[], 1000).end;
            assert_eq!(end, interpret(&before, id, &args, &[], 1000).end);
            assert_eq!(end, End::Returned(Some(8)));
        }
    }

    #[test]
    fn cycles_and_refusals_stay_calls() {
        let (_, after) = inlined(
            "function \"even\" (v0: i64) -> i64 {\nblock0(v0: i64):\n    v1 = call \"odd\"(v0)\n    ret v1\n}\n\
             function \"odd\" (v0: i64) -> i64 {\nblock0(v0: i64):\n    v1 = call \"even\"(v0)\n    ret v1\n}\n\
             function \"no\" (v0: i64) -> i64 noinline {\nblock0(v0: i64):\n    ret v0\n}\n\
             function \"f\" (v0: i64) -> i64 {\nblock0(v0: i64):\n    v1 = call \"even\"(v0)\n    v2 = call \"no\"(v1)\n    ret v2\n}\n",
        );
        let text = after.function_text(FuncId::new(3));
        assert!(
            text.contains("call \"even\"") && text.contains("call \"no\""),
            "{text}"
        );
    }
}
