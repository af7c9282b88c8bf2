//! Which functions leave the pin registers alone, and where a value stands in a pin register.

use super::facts::Facts;
use super::registers::Convention;
use crate::base::EntityRef;
use crate::ir::{
    BinaryOp, FuncId, Function, FunctionKind, Inst, InstId, Module, PinId, Symbol, Value,
};
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
/// Time is cut into *epochs*: a pin keeps its value while its epoch lasts. A value stands at a *distance* from a pin in an epoch if the
/// pin was read into it, set to it, or set to a sum with it; there a use of the value may name the register.
///
/// An epoch is named after the instruction that starts it, or after the block where different ones meet.
#[derive(Default)]
pub(super) struct PinFacts {
    /// The epoch of each pin before each instruction: `before[inst * pins + pin]`.
    before: Vec<u32>,
    /// In which epochs of which pins a value is how far from them: value = pin + distance.
    known: FxHashMap<Value, Vec<Known>>,
    pins: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Known {
    pin: PinId,
    epoch: u32,
    distance: i32,
}

/// The epoch of a block that is not walked yet.
const UNKNOWN: u32 = u32::MAX;

/// After how many walks without an end nothing is said to be known. Two or three are usual.
const ROUNDS: usize = 30;

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
            known: FxHashMap::default(),
            pins,
        };
        let mut ends = vec![UNKNOWN; facts.order.len() * pins];
        for _ in 0..ROUNDS {
            if !result.walk(func, facts, conventions, &mut ends) {
                result.note_values(func, facts);
                return result;
            }
        }
        Self::default()
    }

    /// Walks all blocks once with what is known of their predecessors; whether the end of one has changed.
    fn walk(
        &mut self,
        func: &Function,
        facts: &Facts,
        conventions: &[Convention],
        ends: &mut [u32],
    ) -> bool {
        let pins = self.pins;
        let mut changed = false;
        for (rank, &block) in facts.order.iter().enumerate() {
            let insts = &func.blocks[block].insts;
            let mut now: Vec<u32> = (0..pins)
                .map(|pin| entry_epoch(func, facts, rank, pin, ends, pins))
                .collect();
            for &id in insts {
                let start = id.index() * pins;
                self.before[start..start + pins].copy_from_slice(&now);
                match func.insts[id].inst {
                    Inst::PinSet(pin, _) => now[pin.index()] = started_by(id),
                    Inst::Call(callee, _) if conventions[callee.index()] == Convention::Plain => {}
                    inst if inst.is_call() => now.fill(started_by(id)),
                    _ => {}
                }
            }
            let end = &mut ends[rank * pins..(rank + 1) * pins];
            changed |= *end != now[..];
            end.copy_from_slice(&now);
        }
        changed
    }

    fn note_values(&mut self, func: &Function, facts: &Facts) {
        for &block in &facts.order {
            for &id in &func.blocks[block].insts {
                match func.insts[id].inst {
                    Inst::PinGet(pin) => {
                        let epoch = self.before[id.index() * self.pins + pin.index()];
                        if let Some(result) = func.insts[id].result {
                            self.note(facts.same(result), pin, epoch, 0);
                        }
                    }
                    Inst::PinSet(pin, value) => {
                        let value = facts.same(value);
                        self.note(value, pin, started_by(id), 0);
                        if let Some((part, n)) = part_and_constant(func, facts, value) {
                            self.note(part, pin, started_by(id), -n);
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    fn note(&mut self, value: Value, pin: PinId, epoch: u32, distance: i32) {
        self.known.entry(value).or_default().push(Known {
            pin,
            epoch,
            distance,
        });
    }

    /// The pin that a value stands in just before an instruction.
    #[must_use]
    pub(super) fn holder(&self, value: Value, before: InstId) -> Option<PinId> {
        let mut all = self.at(value, before);
        all.find(|known| known.distance == 0).map(|known| known.pin)
    }

    /// A pin that a value is at a distance from just before an instruction: value = pin + distance.
    #[must_use]
    pub(super) fn neighbour(&self, value: Value, before: InstId) -> Option<(PinId, i32)> {
        let mut all = self.at(value, before);
        all.next().map(|known| (known.pin, known.distance))
    }

    /// The epochs of pins in which a value that was read from one is in it.
    pub(super) fn epochs_of(&self, value: Value) -> impl Iterator<Item = (PinId, u32)> {
        let all = self.known.get(&value).into_iter().flatten();
        let equal = all.filter(|known| known.distance == 0);
        equal.map(|known| (known.pin, known.epoch))
    }

    /// The epoch of a pin before an instruction.
    pub(super) fn epoch(&self, pin: PinId, before: InstId) -> u32 {
        self.before[before.index() * self.pins + pin.index()]
    }

    fn at(&self, value: Value, before: InstId) -> impl Iterator<Item = &Known> {
        let start = before.index() * self.pins;
        let all = self.known.get(&value).into_iter().flatten();
        all.filter(move |known| self.before[start + known.pin.index()] == known.epoch)
    }
}

/// The epoch that an instruction starts.
fn started_by(id: InstId) -> u32 {
    u32::try_from(id.index() + 1).expect("fewer than 2^32 instructions")
}

/// The epoch in which the known predecessors of a block end, if they agree, else its own.
fn entry_epoch(
    func: &Function,
    facts: &Facts,
    rank: usize,
    pin: usize,
    ends: &[u32],
    pins: usize,
) -> u32 {
    if rank == 0 {
        return 0;
    }
    let all = facts.predecessors[rank].iter();
    let mut known = all
        .map(|&from| ends[from as usize * pins + pin])
        .filter(|&epoch| epoch != UNKNOWN);
    let own = u32::try_from(func.insts.len() + 1 + rank).expect("fewer than 2^32 instructions");
    match known.next() {
        Some(first) if first != own && known.all(|epoch| epoch == first) => first,
        _ => own,
    }
}

/// The parts of a sum of a value and a small constant.
fn part_and_constant(func: &Function, facts: &Facts, sum: Value) -> Option<(Value, i32)> {
    let constant = |value: Value| func.as_const(facts.same(value));
    let (part, n) = match facts.def(func, sum)?.1 {
        Inst::Binary(BinaryOp::Add, a, b) => (a, constant(b)?),
        Inst::Binary(BinaryOp::Sub, a, b) => (a, constant(b)?.checked_neg()?),
        _ => return None,
    };
    let n = i32::try_from(n).ok().filter(|n| n.abs() < 1 << 20)?;
    Some((facts.same(part), n))
}
