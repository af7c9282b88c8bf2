//! Which functions leave the pin registers alone, and where a value stands in a pin register.

use super::facts::Facts;
use super::registers::Convention;
use crate::base::EntityRef;
use crate::ir::{FuncId, Function, FunctionKind, Inst, InstId, Module, PinId, Symbol, Value};
use rustc_hash::FxHashMap;

/// The convention of each function: `Pinned` or `Handler` for those from which a use of a pin is reachable.
///
/// An indirect call reaches every function of its signature whose address is taken.
#[must_use]
pub(super) fn conventions(module: &Module) -> Vec<Convention> {
    let taken = address_taken(module);
    let callers = callers(module, &taken);
    let mut result = vec![Convention::Plain; module.functions.len()];
    let mut work = Vec::new();
    for (id, func) in module.functions.iter() {
        if func.kind == FunctionKind::Handler {
            result[id.index()] = Convention::Handler;
            work.push(id);
        } else if uses_pin(func) {
            result[id.index()] = Convention::Pinned;
            work.push(id);
        }
    }
    while let Some(callee) = work.pop() {
        for &caller in &callers[callee.index()] {
            if result[caller.index()] == Convention::Plain {
                result[caller.index()] = Convention::Pinned;
                work.push(caller);
            }
        }
    }
    result
}

fn uses_pin(func: &Function) -> bool {
    func.each_inst().any(|(_, id)| {
        let inst = &func.insts[id].inst;
        matches!(inst, Inst::PinGet(_) | Inst::PinSet(..) | Inst::Dispatch)
    })
}

/// Functions that an indirect call may reach.
pub(super) fn address_taken(module: &Module) -> Vec<FuncId> {
    let mut taken = vec![false; module.functions.len()];
    let mut take = |symbol| {
        if let Symbol::Function(id) = symbol {
            taken[id.index()] = true;
        }
    };
    for func in module.functions.values() {
        for (_, id) in func.each_inst() {
            if let Inst::Addr(symbol, _) = func.insts[id].inst {
                take(symbol);
            }
        }
    }
    for data in module.data.values() {
        data.relocations
            .iter()
            .for_each(|&(_, symbol, _)| take(symbol));
    }
    for table in module.tables.values() {
        table
            .entries
            .iter()
            .flatten()
            .for_each(|&id| take(Symbol::Function(id)));
    }
    module
        .functions
        .keys()
        .filter(|id| taken[id.index()])
        .collect()
}

/// For each function, those that may call it.
fn callers(module: &Module, taken: &[FuncId]) -> Vec<Vec<FuncId>> {
    let mut result = vec![Vec::new(); module.functions.len()];
    for caller in module.functions.keys() {
        for callee in callees(module, caller, taken) {
            result[callee.index()].push(caller);
        }
    }
    result
}

/// The functions that a function may call, each once; `taken` are those whose address is taken.
pub(super) fn callees(module: &Module, caller: FuncId, taken: &[FuncId]) -> Vec<FuncId> {
    let func = &module.functions[caller];
    let mut result = Vec::new();
    for (_, id) in func.each_inst() {
        match func.insts[id].inst {
            Inst::Call(callee, _) | Inst::TailCall(callee, _) => result.push(callee),
            Inst::CallInd(signature, ..) | Inst::TailCallInd(signature, ..) => {
                let wanted = &module.signatures[signature];
                let fits = |callee: &&FuncId| module.functions[**callee].signature == *wanted;
                result.extend(taken.iter().filter(fits));
            }
            _ => {}
        }
    }
    result.sort_unstable();
    result.dedup();
    result
}

/// Where values stand in pin registers.
///
/// Time is cut into *epochs*, one count for each pin: a pin keeps its value while its epoch lasts. A value *equals* a pin in an
/// epoch if the pin was read into it or set to it; there a use of the value may name the register.
#[derive(Default)]
pub(super) struct PinFacts {
    /// The epoch of each pin before each instruction: `places[inst] * pins + pin`.
    before: Vec<u32>,
    /// In which epochs of which pins a value equals them.
    equal: FxHashMap<Value, Vec<(PinId, u32)>>,
    pins: usize,
}

impl PinFacts {
    /// The facts of a function; empty if the module has no pins or the function leaves them alone.
    #[must_use]
    pub(super) fn new(
        module: &Module,
        id: FuncId,
        facts: &Facts,
        conventions: &[Convention],
    ) -> Self {
        let pins = module.pins.len();
        let func = &module.functions[id];
        if pins == 0 || conventions[id.index()] == Convention::Plain {
            return Self::default();
        }
        let mut result = Self {
            before: vec![0; func.insts.len() * pins],
            equal: FxHashMap::default(),
            pins,
        };
        result.walk(func, facts, conventions);
        result
    }

    fn walk(&mut self, func: &Function, facts: &Facts, conventions: &[Convention]) {
        let next = &mut 0;
        let pins = self.pins;
        let mut at_end: Vec<u32> = vec![0; facts.order.len() * pins];
        for (rank, &block) in facts.order.iter().enumerate() {
            let mut now: Vec<u32> = (0..pins)
                .map(|pin| {
                    entry_epoch(facts, rank, pin, &at_end, pins).unwrap_or_else(|| fresh(next))
                })
                .collect();
            for &id in &func.blocks[block].insts {
                let start = id.index() * pins;
                self.before[start..start + pins].copy_from_slice(&now);
                match func.insts[id].inst {
                    Inst::PinGet(pin) => {
                        if let Some(result) = func.insts[id].result {
                            self.note(facts.same(result), pin, now[pin.index()]);
                        }
                    }
                    Inst::PinSet(pin, value) => {
                        now[pin.index()] = fresh(next);
                        self.note(facts.same(value), pin, now[pin.index()]);
                    }
                    Inst::Call(callee, _) if conventions[callee.index()] == Convention::Plain => {}
                    inst if inst.is_call() => now.iter_mut().for_each(|epoch| *epoch = fresh(next)),
                    _ => {}
                }
            }
            at_end[rank * pins..(rank + 1) * pins].copy_from_slice(&now);
        }
    }

    fn note(&mut self, value: Value, pin: PinId, epoch: u32) {
        self.equal.entry(value).or_default().push((pin, epoch));
    }

    /// The pin that a value stands in just before an instruction.
    #[must_use]
    pub(super) fn holder(&self, value: Value, before: InstId) -> Option<PinId> {
        let epochs = self.equal.get(&value)?;
        let start = before.index() * self.pins;
        let holds = |&&(pin, epoch): &&(PinId, u32)| self.before[start + pin.index()] == epoch;
        epochs.iter().find(holds).map(|&(pin, _)| pin)
    }
}

fn fresh(next: &mut u32) -> u32 {
    *next += 1;
    *next
}

/// The epoch in which all predecessors end, if they agree and none comes later.
fn entry_epoch(facts: &Facts, rank: usize, pin: usize, at_end: &[u32], pins: usize) -> Option<u32> {
    let mut all = facts.predecessors[rank].iter().map(|&from| from as usize);
    let first = all.next().filter(|&from| from < rank)?;
    let epoch = at_end[first * pins + pin];
    all.all(|from| from < rank && at_end[from * pins + pin] == epoch)
        .then_some(epoch)
}
