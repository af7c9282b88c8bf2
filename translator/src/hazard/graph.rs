//! Who calls whom, and which calls can move objects.

use std::collections::VecDeque;

use super::Declared;
use crate::base::entity::{EntityRef, PrimaryMap};
use crate::ir::{FuncId, FunctionKind, Inst, InstId, Module, SigId, Symbol};
use crate::lower::Places;

/// A call and what it may reach.
#[derive(Clone, Debug)]
pub struct CallSite {
    /// The instruction.
    pub inst: InstId,
    /// The functions, ascending.
    pub callees: Vec<FuncId>,
    /// Control does not come back.
    pub is_tail: bool,
}

/// The call graph of a module.
#[derive(Clone, Debug)]
pub struct CallGraph {
    /// By caller.
    sites: PrimaryMap<FuncId, Vec<CallSite>>,
    /// For a moving function that is not declared so: the call by which it moves, and the callee one step nearer to the collection.
    via: PrimaryMap<FuncId, Option<(InstId, FuncId)>>,
    moving: PrimaryMap<FuncId, bool>,
}

impl CallGraph {
    /// The graph of a module that lowering made.
    #[must_use]
    pub fn new(module: &Module, places: &Places, declared: &PrimaryMap<FuncId, Declared>) -> Self {
        let taken = address_taken(module);
        let mut sites = PrimaryMap::new();
        for (caller, func) in module.functions.iter() {
            let mut calls = Vec::new();
            if func.has_body() {
                for (_, inst) in func.each_inst() {
                    let enters = places.enters_interpreter(caller, inst);
                    calls.extend(call_site(
                        module,
                        &taken,
                        inst,
                        func.insts[inst].inst,
                        enters,
                    ));
                }
            }
            sites.push(calls);
        }
        let mut graph = CallGraph {
            sites,
            via: module.functions.keys().map(|_| None).collect(),
            moving: module
                .functions
                .keys()
                .map(|id| declared[id].moves_objects)
                .collect(),
        };
        graph.spread();
        graph
    }

    /// The calls of a function in the order of its code.
    #[must_use]
    pub fn calls(&self, function: FuncId) -> &[CallSite] {
        &self.sites[function]
    }

    /// How many functions there are.
    #[must_use]
    pub fn n_functions(&self) -> usize {
        self.sites.len()
    }

    /// All functions, those that are called before their callers where they are in no circle.
    #[must_use]
    pub fn callees_first(&self) -> Vec<FuncId> {
        let mut seen = vec![false; self.sites.len()];
        let mut order = Vec::with_capacity(seen.len());
        for root in self.sites.keys() {
            let mut open = vec![(root, false)];
            while let Some((id, is_done)) = open.pop() {
                if is_done {
                    order.push(id);
                } else if !std::mem::replace(&mut seen[id.index()], true) {
                    open.push((id, true));
                    let callees = self.sites[id].iter().flat_map(|site| &site.callees);
                    open.extend(callees.map(|&callee| (callee, false)));
                }
            }
        }
        order
    }

    /// Whether a function can move objects.
    #[must_use]
    pub fn is_moving(&self, function: FuncId) -> bool {
        self.moving.get(function).copied().unwrap_or(false)
    }

    /// The moving function that a call may reach with the shortest way to the collection.
    #[must_use]
    pub fn moving_callee(&self, site: &CallSite) -> Option<FuncId> {
        let moving = site
            .callees
            .iter()
            .copied()
            .filter(|&callee| self.is_moving(callee));
        moving.min_by_key(|&callee| (self.path(callee).len(), callee))
    }

    /// The calls that lead from a moving function to the collection: each with its caller, then the function that is declared to move.
    #[must_use]
    pub fn path(&self, function: FuncId) -> Vec<(FuncId, Option<InstId>)> {
        let mut path = Vec::new();
        let mut at = function;
        while let Some((inst, next)) = self.via[at] {
            path.push((at, Some(inst)));
            at = next;
        }
        path.push((at, None));
        path
    }

    /// Breadth first from the declared functions to all callers, so that paths are shortest.
    fn spread(&mut self) {
        let mut callers: PrimaryMap<FuncId, Vec<(FuncId, InstId)>> =
            self.sites.keys().map(|_| Vec::new()).collect();
        for (caller, sites) in self.sites.iter() {
            for site in sites {
                for &callee in &site.callees {
                    callers[callee].push((caller, site.inst));
                }
            }
        }
        let mut queue: VecDeque<FuncId> = self
            .moving
            .iter()
            .filter(|(_, moving)| **moving)
            .map(|(id, _)| id)
            .collect();
        while let Some(callee) = queue.pop_front() {
            for &(caller, inst) in &callers[callee] {
                if !self.moving[caller] {
                    self.moving[caller] = true;
                    self.via[caller] = Some((inst, callee));
                    queue.push_back(caller);
                }
            }
        }
    }
}

fn call_site(
    module: &Module,
    taken: &[FuncId],
    inst: InstId,
    code: Inst,
    enters_interpreter: bool,
) -> Option<CallSite> {
    let is_tail = code.is_terminator();
    let callees = match code {
        Inst::Call(callee, _) | Inst::TailCall(callee, _) => vec![callee],
        Inst::CallInd(signature, ..) => indirect(module, taken, signature, enters_interpreter),
        // Only handlers end so: they jump to other handlers.
        Inst::TailCallInd(signature, ..) => indirect(module, taken, signature, true),
        _ => return None,
    };
    Some(CallSite {
        inst,
        callees,
        is_tail,
    })
}

/// What an indirect call may reach. Handlers are reached by entering the interpreter and by no other call.
fn indirect(module: &Module, taken: &[FuncId], signature: SigId, handlers: bool) -> Vec<FuncId> {
    let wanted = &module.signatures[signature];
    let fits = |&&id: &&FuncId| {
        let function = &module.functions[id];
        function.signature == *wanted && (function.kind == FunctionKind::Handler) == handlers
    };
    taken.iter().filter(fits).copied().collect()
}

/// Functions whose address is in code, tables or data, ascending.
fn address_taken(module: &Module) -> Vec<FuncId> {
    let mut taken = vec![false; module.functions.len()];
    let mut take = |symbol: Symbol| {
        if let Symbol::Function(id) = symbol {
            taken[id.index()] = true;
        }
    };
    for function in module
        .functions
        .values()
        .filter(|function| function.has_body())
    {
        for (_, inst) in function.each_inst() {
            if let Inst::Addr(symbol, _) = function.insts[inst].inst {
                take(symbol);
            }
        }
    }
    module
        .data
        .values()
        .flat_map(|data| &data.relocations)
        .for_each(|&(_, symbol, _)| take(symbol));
    module
        .tables
        .values()
        .flat_map(|table| &table.entries)
        .flatten()
        .for_each(|&id| take(Symbol::Function(id)));
    module
        .functions
        .keys()
        .filter(|id| taken[id.index()])
        .collect()
}
