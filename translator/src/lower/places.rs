//! Source positions: of instructions for the IR, as spans for diagnostics.

use crate::base::entity::EntityRef;
use crate::base::source::{SourceMap, Span};
use crate::ir::{FuncId, InstId, Module, Name, Value};
use crate::typed::{AliasClass, LocalId, MethodId, Program};
use rustc_hash::FxHashMap;

/// The span of every instruction of a module, as it was lowered.
#[derive(Debug, Default)]
pub struct Places {
    /// By function: ascending first instruction numbers, each with the span that holds from there on.
    runs: Vec<Vec<(u32, Span)>>,
    /// By function: values that locals were given.
    locals: Vec<FxHashMap<Value, LocalId>>,
    /// By function: its loads and stores of declared memory, ascending.
    memory: Vec<Vec<(InstId, AliasClass)>>,
    /// Calls that enter the interpreter.
    interpreter_entries: Vec<(FuncId, InstId)>,
}

/// What lowering remembers of one function.
#[derive(Debug, Default)]
pub(super) struct FunctionPlaces {
    pub(super) runs: Vec<(u32, Span)>,
    pub(super) locals: FxHashMap<Value, LocalId>,
    pub(super) memory: Vec<(InstId, AliasClass)>,
    pub(super) interpreter_entries: Vec<InstId>,
}

impl Places {
    pub(super) fn push(&mut self, places: FunctionPlaces) {
        let function = FuncId::new(self.runs.len());
        self.runs.push(places.runs);
        self.locals.push(places.locals);
        self.memory.push(places.memory);
        self.interpreter_entries.extend(
            places
                .interpreter_entries
                .into_iter()
                .map(|inst| (function, inst)),
        );
    }

    /// The local that was given a value, if one was.
    #[must_use]
    pub fn local(&self, function: FuncId, value: Value) -> Option<LocalId> {
        self.locals.get(function.index())?.get(&value).copied()
    }

    /// The declared memory, a field of a struct or an array of a component, that a load or store accesses; `None` for raw memory.
    #[must_use]
    pub fn memory(&self, function: FuncId, inst: InstId) -> Option<AliasClass> {
        let accesses = self.memory.get(function.index())?;
        let index = accesses
            .binary_search_by_key(&inst, |&(inst, _)| inst)
            .ok()?;
        Some(accesses[index].1)
    }

    /// Whether a call is that of the first bytecode handler.
    #[must_use]
    pub fn enters_interpreter(&self, function: FuncId, inst: InstId) -> bool {
        self.interpreter_entries.contains(&(function, inst))
    }

    /// Where an instruction comes from; `None` for functions that lowering did not make.
    #[must_use]
    pub fn span(&self, function: FuncId, inst: InstId) -> Option<Span> {
        let runs = self.runs.get(function.index())?;
        let number = u32::try_from(inst.index()).ok()?;
        let after = runs.partition_point(|&(first, _)| first <= number);
        after.checked_sub(1).map(|index| runs[index].1)
    }
}

/// Finds the method and line of a span.
pub(super) struct Lines<'a> {
    sources: &'a SourceMap,
    /// Methods with their places, sorted.
    methods: Vec<(Span, Name)>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(program: &Program, sources: &'a SourceMap, module: &mut Module) -> Self {
        let compiled = program
            .methods
            .values()
            .map(|method| (&method.name, method.span));
        let expanded = program.expanded.iter().map(|(name, span)| (name, *span));
        let mut methods: Vec<_> = compiled
            .chain(expanded)
            .map(|(name, span)| (span, module.intern(name)))
            .collect();
        methods.sort_by_key(|&(span, _)| (span.file, span.start, span.end));
        Lines { sources, methods }
    }

    /// The line in which a span begins; 0 where that is not known.
    pub(super) fn line(&self, span: Span) -> u32 {
        let position = self.sources.position(span);
        position.map_or(0, |position| position.line)
    }

    /// The method that a span lies in, with its place, if it is not `own`, the one whose code the span occurs in.
    pub(super) fn other_method(&self, span: Span, own: Span) -> Option<(Span, Name)> {
        let holds = |method: Span| {
            method.file == span.file && (method.start..=method.end).contains(&span.start)
        };
        if holds(own) {
            return None;
        }
        let starts_before =
            |&(method, _): &(Span, Name)| (method.file, method.start) <= (span.file, span.start);
        let after = self.methods.partition_point(starts_before);
        let &(method, name) = self.methods.get(after.checked_sub(1)?)?;
        holds(method).then_some((method, name))
    }
}

/// The name under which positions show a method.
pub(super) fn method_name(program: &Program, method: MethodId) -> &str {
    &program.methods[method].name
}
