//! Source positions: of instructions for the IR, as spans for diagnostics.

use crate::base::entity::EntityRef;
use crate::base::source::{FileId, SourceMap, Span};
use crate::ir::{FuncId, InstId, Module, Name, Position, Value};
use crate::typed::{LocalId, MethodId, Program};
use rustc_hash::FxHashMap;

/// The span of every instruction of a module, as it was lowered.
#[derive(Debug, Default)]
pub struct Places {
    /// By function: ascending first instruction numbers, each with the span that holds from there on.
    runs: Vec<Vec<(u32, Span)>>,
    /// By function: values that locals were given.
    locals: Vec<FxHashMap<Value, LocalId>>,
    /// Calls that enter the interpreter.
    interpreter_entries: Vec<(FuncId, InstId)>,
}

/// What lowering remembers of one function.
#[derive(Debug, Default)]
pub(super) struct FunctionPlaces {
    pub(super) runs: Vec<(u32, Span)>,
    pub(super) locals: FxHashMap<Value, LocalId>,
    pub(super) interpreter_entries: Vec<InstId>,
}

impl Places {
    pub(super) fn push(&mut self, places: FunctionPlaces) {
        let function = FuncId::new(self.runs.len());
        self.runs.push(places.runs);
        self.locals.push(places.locals);
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
    methods: Vec<(FileId, u32, u32, Name)>,
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
            .map(|(name, span)| (span.file, span.start, span.end, module.intern(name)))
            .collect();
        methods.sort_by_key(|&(file, start, end, _)| (file, start, end));
        Lines { sources, methods }
    }

    /// The position of a span that occurs in the code of `method`. A method compiled several times has its own name.
    pub(super) fn position(&self, span: Span, method: Span, name: Name) -> Position {
        let line = self
            .sources
            .position(span)
            .map_or(0, |position| position.line);
        let inside =
            method.file == span.file && method.start <= span.start && span.end <= method.end;
        let method = if inside {
            Some(name)
        } else {
            self.method_around(span)
        };
        Position {
            method: method.unwrap_or(name),
            line,
        }
    }

    fn method_around(&self, span: Span) -> Option<Name> {
        let after = self
            .methods
            .partition_point(|&(file, start, ..)| (file, start) <= (span.file, span.start));
        let &(file, _, end, name) = self.methods.get(after.checked_sub(1)?)?;
        (file == span.file && span.start <= end).then_some(name)
    }
}

/// The name under which positions show a method.
pub(super) fn method_name(program: &Program, method: MethodId) -> &str {
    &program.methods[method].name
}
