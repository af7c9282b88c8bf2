//! The diagnostics of the checks.

use super::fields::FieldHazard;
use super::kept::KeptReference;
use super::liveness::Hazard;
use super::{CallGraph, Declared};
use crate::base::diagnostic::{Diagnostic, Draft};
use crate::base::entity::{EntityRef, PrimaryMap};
use crate::base::source::Span;
use crate::ir::{FuncId, InstId, Module, Type, Value, ValueDef};
use crate::lower::Places;
use crate::typed::{MethodId, Program};

/// Calls on the path to the collection that get a label of their own.
const SHOWN_CALLS: usize = 3;

/// Everything that a message may name.
pub(super) struct Context<'a> {
    pub(super) program: &'a Program,
    pub(super) module: &'a Module,
    pub(super) places: &'a Places,
    pub(super) graph: &'a CallGraph,
    pub(super) declared: &'a PrimaryMap<FuncId, Declared>,
}

impl Context<'_> {
    /// A value that is used after a call that may have moved its object.
    pub(super) fn hazard(&self, function: FuncId, hazard: &Hazard) -> Diagnostic {
        let name = self.describe(function, hazard.value);
        let site = self
            .graph
            .calls(function)
            .iter()
            .find(|site| site.inst == hazard.call);
        let callee = site.and_then(|site| self.graph.moving_callee(site));
        let message = match callee {
            Some(callee) => format!(
                "{name} is stale after the call of {}, which can move objects",
                self.name(callee)
            ),
            None => format!("{name} is stale after a call that can move objects"),
        };
        let draft = Diagnostic::error("H001", message)
            .primary(
                self.span(function, hazard.used),
                "used here, after objects may have moved",
            )
            .secondary(
                self.defined(function, hazard.made),
                format!("{name} comes from here"),
            );
        self.with_way(draft, function, hazard.call, callee)
    }

    /// A field that holds what was computed from an `Oop` and is read after a call that may have moved the object.
    pub(super) fn field_hazard(&self, hazard: &FieldHazard) -> Diagnostic {
        let function = hazard.function;
        let calls = self.graph.calls(function);
        let site = calls.iter().find(|site| site.inst == hazard.call);
        let callee = site.and_then(|site| self.graph.moving_callee(site));
        let after = callee.map_or("a call", |callee| self.name(callee));
        let message = format!(
            "what {} holds is stale after the call of {after}, which can move objects",
            hazard.name
        );
        let draft = Diagnostic::error("H001", message)
            .primary(
                self.span(function, hazard.used),
                "read from here on, after objects may have moved",
            )
            .secondary(
                self.span(function, hazard.stored),
                "stored here, computed from an Oop; the field is no root",
            );
        self.with_way(draft, function, hazard.call, callee)
    }

    /// A reference in raw memory.
    pub(super) fn kept_reference(&self, kept: &KeptReference) -> Diagnostic {
        let function = kept.function;
        let name = self.describe(function, kept.value);
        let message = format!("{name} is stored in raw memory, where the collector does not look");
        let mut diagnostic = Diagnostic::error("H003", message)
            .primary(self.span(function, kept.at), "stored here")
            .secondary(
                self.defined(function, kept.made),
                format!("{name} comes from here"),
            );
        if let Some((callee, store)) = kept.inside {
            let text = format!("the store, in {}", self.name(callee));
            diagnostic = diagnostic.secondary(self.span(callee, store), text);
        }
        diagnostic.hint("keep it in a field of type Oop, a RootStack or a struct; where the collector finds it all the same, <keepsReferences: '...'> says why")
    }

    /// Adds the moving call and the way from it to the collection.
    fn with_way(
        &self,
        draft: Draft,
        function: FuncId,
        call: InstId,
        callee: Option<FuncId>,
    ) -> Diagnostic {
        let mut diagnostic =
            draft.secondary(self.span(function, call), "this call can move objects");
        let path = callee
            .map(|callee| self.graph.path(callee))
            .unwrap_or_default();
        for &(caller, inst) in path.iter().take(SHOWN_CALLS) {
            if let Some(inst) = inst {
                diagnostic = diagnostic.secondary(
                    self.span(caller, inst),
                    format!("the way to the collection, in {}", self.name(caller)),
                );
            }
        }
        let names: Vec<&str> = path.iter().map(|&(caller, _)| self.name(caller)).collect();
        diagnostic.hint(format!(
            "the way to the collection: {}\nread it again after the call from a field of type Oop, the frame, or a RootStack",
            names.join(" -> ")
        ))
    }

    /// Functions that call each other in a circle.
    pub(super) fn recursion(&self, cycle: &[FuncId]) -> Diagnostic {
        let names: Vec<&str> = cycle
            .iter()
            .chain(cycle.first())
            .map(|&function| self.name(function))
            .collect();
        let message = format!("recursion without a bound: {}", names.join(" -> "));
        let mut diagnostic = Diagnostic::error("H002", message);
        for (index, &caller) in cycle.iter().enumerate() {
            let callee = cycle[(index + 1) % cycle.len()];
            let site = self
                .graph
                .calls(caller)
                .iter()
                .find(|site| site.callees.contains(&callee));
            let span = site.map_or(self.declared[caller].span, |site| {
                self.span(caller, site.inst)
            });
            let text = format!("{} calls {}", self.name(caller), self.name(callee));
            diagnostic = if index == 0 {
                diagnostic.primary(span, text)
            } else {
                diagnostic.secondary(span, text)
            };
        }
        diagnostic.hint("declare the depth on one of them: <recursionBound: 10 reason: '...'>, or make it a loop")
    }

    fn name(&self, function: FuncId) -> &str {
        &self.module.functions[function].name
    }

    fn span(&self, function: FuncId, inst: InstId) -> Span {
        self.places.span(function, inst).unwrap_or_else(Span::none)
    }

    fn defined(&self, function: FuncId, made: ValueDef) -> Span {
        match made {
            ValueDef::Result(inst) => self.span(function, inst),
            ValueDef::Param(_, number) => self.parameter(function, number),
        }
    }

    /// Where a parameter is declared.
    fn parameter(&self, function: FuncId, number: u32) -> Span {
        let method = self.program.methods.get(MethodId::new(function.index()));
        let local = method.and_then(|method| method.locals.values().nth(number as usize));
        local.map_or(self.declared[function].span, |local| local.span)
    }

    /// A value by the name that it has in the source, or by what it is.
    fn describe(&self, function: FuncId, value: Value) -> String {
        let method = self.program.methods.get(MethodId::new(function.index()));
        if let (Some(method), Some(local)) = (method, self.places.local(function, value)) {
            return method
                .locals
                .get(local)
                .map_or_else(|| value.to_string(), |local| local.name.clone());
        }
        let func = &self.module.functions[function];
        if let (Some(method), ValueDef::Param(block, number)) = (method, func.values[value].def)
            && block == func.entry()
        {
            return method
                .locals
                .values()
                .nth(number as usize)
                .map_or_else(|| value.to_string(), |local| local.name.clone());
        }
        match func.ty(value) {
            Type::Oop => "this Oop".to_owned(),
            Type::Ptr => "this address inside of an object".to_owned(),
            Type::I64 | Type::Bool | Type::F64 | Type::F32 => {
                "this number computed from an Oop".to_owned()
            }
        }
    }
}
