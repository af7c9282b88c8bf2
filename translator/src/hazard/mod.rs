//! Effects and hazards: which functions can move objects, and which values would be stale after they did.
//!
//! In: the module as lowering makes it, before any inlining, when `oop` and what derives from it are distinct.
//! Out: diagnostics (`H001` a stale value, `H002` recursion without a bound, `H003` a reference in raw memory), the attribute `moving` of each function, and the call graph,
//! from which [`stack`] works out the deepest native stack. [`follow`] makes what other stages need; [`check`] only finds faults, so it can run beside them.
//!
//! A function is *moving* if it is declared so or calls a moving one; an indirect call may reach every function of its signature whose address is taken.
//! A value is *derived* if it is an `oop`, or an address or a word computed from one ([`derived`] has the rules).
//! A derived value that is used after a moving call which it lives across is a hazard, also where it waits in a field, an array or a struct that is no root
//! ([`fields`]). Into raw memory, which nobody can follow, references are stored with a reason only ([`kept`]).
//! What is stored inside of objects the collector finds; [`inside`] knows which addresses are certainly there.

pub mod derived;
mod fields;
pub mod graph;
mod holders;
mod inside;
mod kept;
mod liveness;
mod nodes;
mod recursion;
mod report;
mod sets;
pub mod stack;
mod summary;

use crate::base::diagnostic::Diagnostics;
use crate::base::entity::PrimaryMap;
use crate::base::source::Span;
use crate::ir::{FuncId, Module};
use crate::lower::Places;
use crate::typed::Program;

pub use graph::CallGraph;

/// What is declared about a function, beyond its IR.
#[derive(Clone, Debug)]
pub struct Declared {
    /// `<movesObjects:>`.
    pub moves_objects: bool,
    /// `<hazardExempt:>`.
    pub exempt: bool,
    /// `<answersImmediate:>`: what it answers is no reference and not computed from one.
    pub answers_immediate: bool,
    /// `<keepsReferences:>`: what it stores into raw memory is found by the collector.
    pub keeps_references: bool,
    /// `<recursionBound:reason:>`.
    pub recursion_bound: Option<u32>,
    /// Where it is defined.
    pub span: Span,
}

impl Default for Declared {
    fn default() -> Self {
        Declared {
            moves_objects: false,
            exempt: false,
            answers_immediate: false,
            keeps_references: false,
            recursion_bound: None,
            span: Span::none(),
        }
    }
}

/// What the program declares about each function of the module that lowering made from it.
#[must_use]
pub fn declarations(program: &Program, module: &Module) -> PrimaryMap<FuncId, Declared> {
    let methods = program.methods.values().map(|method| Declared {
        moves_objects: method.attributes.moves_objects,
        exempt: method.attributes.hazard_exempt,
        answers_immediate: method.attributes.answers_immediate,
        keeps_references: method.attributes.keeps_references,
        recursion_bound: method.attributes.recursion_bound,
        span: method.span,
    });
    let mut declared: PrimaryMap<FuncId, Declared> = methods.collect();
    while declared.len() < module.functions.len() {
        declared.push(Declared::default());
    }
    declared
}

/// What the checks start from: it is all that the stages behind them need.
#[derive(Debug)]
pub struct Calls {
    /// Who calls whom.
    pub graph: CallGraph,
    /// By function.
    pub declared: PrimaryMap<FuncId, Declared>,
}

/// Follows the calls and sets the attribute `moving` of every function that can move objects.
pub fn follow(program: &Program, module: &mut Module, places: &Places) -> Calls {
    let declared = declarations(program, module);
    follow_declared(declared, module, places)
}

fn follow_declared(
    declared: PrimaryMap<FuncId, Declared>,
    module: &mut Module,
    places: &Places,
) -> Calls {
    let graph = CallGraph::new(module, places, &declared);
    for (function, func) in module.functions.iter_mut() {
        func.attributes.moving = graph.is_moving(function);
    }
    Calls { graph, declared }
}

/// Runs all checks.
#[must_use]
pub fn check(program: &Program, module: &Module, places: &Places, calls: &Calls) -> Diagnostics {
    let Calls { graph, declared } = calls;
    let mut diagnostics = Diagnostics::new();
    let context = report::Context {
        program,
        module,
        places,
        graph,
        declared,
    };
    let holders = holders::Holders::new(program, module, places);
    let mut flow = derived::Flow::new(module, graph, declared, &holders);
    for function in module.functions.keys() {
        let exempt = declared[function].exempt || declared[function].moves_objects;
        if !exempt && graph.is_moving(function) && module.functions[function].has_body() {
            for hazard in liveness::hazards(&context, &mut flow, function) {
                diagnostics.push(context.hazard(function, &hazard));
            }
        }
    }
    let order = graph.callees_first();
    for hazard in fields::hazards(&context, &holders, &mut flow, &order) {
        diagnostics.push(context.field_hazard(&hazard));
    }
    for kept in kept::references(&context, &mut flow, &order) {
        diagnostics.push(context.kept_reference(&kept));
    }
    for cycle in recursion::cycles(graph, declared) {
        diagnostics.push(context.recursion(&cycle));
    }
    diagnostics
}

#[cfg(test)]
mod tests;
