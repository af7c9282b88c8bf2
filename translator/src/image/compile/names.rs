//! What each name of a method means, and where each variable lives.
//!
//! A *function* is the method or a block that becomes a closure. A variable that a closure uses is copied into it, unless it may be assigned
//! after the closure was made: then it lives in a *vector*, an array that method and closures share.
//! A *home* is what makes a vector anew: a function each time it is activated, or the body of a loop that is compiled in line, each time round, so
//! that closures made in different rounds do not share variables.

mod layout;
mod walk;

use super::inlining::Form;
use super::scope::{BindingId, Scope};
use super::target::Target;
use crate::base::{Diagnostics, Interner, PrimaryMap, SecondaryMap, Span, Symbol};
use crate::entity;
use crate::syntax::ast::{ExprId, Method, Name};

entity!(
    /// A method or closure.
    FunctionId,
    "function"
);
entity!(
    /// A parameter or temporary.
    VariableId,
    "variable"
);
entity!(
    /// What makes a vector.
    HomeId,
    "home"
);

/// The names of a method.
pub(super) struct Names {
    /// The method first, then the closures in the order of the source.
    pub(super) functions: PrimaryMap<FunctionId, Function>,
    pub(super) variables: PrimaryMap<VariableId, Variable>,
    pub(super) homes: PrimaryMap<HomeId, Home>,
    /// Of variables and assignments.
    pub(super) uses: SecondaryMap<ExprId, Use>,
    /// Of messages that are compiled in line.
    pub(super) forms: SecondaryMap<ExprId, Option<Form>>,
    /// Of blocks.
    pub(super) blocks: SecondaryMap<ExprId, Block>,
    /// Of loops that need a place for their limit, or counter and limit: the first one, counted among the function's hidden temporaries.
    pub(super) hidden: SecondaryMap<ExprId, u32>,
    /// Whether the parser has left out a part, and told so.
    pub(super) faulty: bool,
    /// The variable that gets the reason why the primitive failed.
    pub(super) failure: Option<VariableId>,
}

/// What a name means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Use {
    Local(VariableId),
    Instance(u32),
    Binding(BindingId),
    Undeclared(Symbol),
    Process,
}

/// How a block is compiled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Block {
    Closure(FunctionId),
    Inlined {
        /// The home that begins with it, if it is the body of a loop.
        home: Option<HomeId>,
        /// Parameters.
        params: Vec<VariableId>,
        /// Temporaries that must be made nil at its start.
        cleared: Vec<VariableId>,
    },
}

/// A method or closure.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) parent: Option<FunctionId>,
    pub(super) params: Vec<VariableId>,
    /// Variables of its own that are no parameters, also those of inlined blocks.
    temps: Vec<VariableId>,
    /// Variables of outer functions that it or an inner one uses.
    free: Vec<VariableId>,
    /// What is copied into the closure, in order.
    pub(super) copied: Vec<Copied>,
    /// Its own home and those of its loops.
    homes: Vec<HomeId>,
    /// Temporaries without name.
    hidden: u32,
    /// The first of these.
    first_hidden: u32,
    /// Parameters, copied values and temporaries.
    pub(super) slots: u32,
    /// Where it stands.
    pub(super) span: Span,
}

/// A value that is copied into a closure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Copied {
    Variable(VariableId),
    Vector(HomeId),
}

/// A parameter or temporary.
#[derive(Debug)]
pub(super) struct Variable {
    span: Span,
    function: FunctionId,
    pub(super) home: HomeId,
    kind: VariableKind,
    /// Its place in the vector of its home, if it lives there.
    pub(super) element: Option<u32>,
    /// Its place in its function's frame, if it lives there.
    slot: u32,
    /// The innermost loop in which it is declared.
    declared_in: Option<LoopId>,
    captures: Vec<u32>,
    writes: Vec<Write>,
    written_remotely: bool,
    /// The block in which it is declared.
    block: u32,
    used: bool,
    /// Whether its first use is a statement of its block that assigns it.
    first_is_write: bool,
}

/// How a variable is declared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum VariableKind {
    /// Of a function.
    Param,
    /// Of an inlined block: a temporary of its function that only the code itself assigns.
    InlinedParam,
    Temp,
}

/// An assignment in the variable's own function.
#[derive(Debug)]
struct Write {
    time: u32,
    within: Option<LoopId>,
}

/// What makes a vector.
#[derive(Debug)]
pub(super) struct Home {
    /// How many variables live in its vector.
    pub(super) elements: u32,
    function: FunctionId,
    /// The temporary that holds the vector.
    slot: u32,
}

entity!(
    /// A loop that is compiled in line.
    LoopId,
    "loop"
);

/// A loop that is compiled in line, with the times at which it begins and ends.
struct Loop {
    parent: Option<LoopId>,
    start: u32,
    end: u32,
}

/// Where a variable is, seen from a function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    Slot(u32),
    Element { element: u32, vector: u32 },
}

/// Finds out what the names of `method` mean. `failure` is the name of the variable for the primitive's failure.
pub(super) fn resolve(
    method: &Method,
    failure: Option<Name>,
    scope: &dyn Scope,
    target: &Target,
    interner: &Interner,
    diagnostics: &mut Diagnostics,
) -> Names {
    let (mut names, loops) =
        walk::Walk::new(method, scope, target, interner, diagnostics).method(failure);
    layout::lay_out(&mut names, &loops);
    names
}

impl Names {
    /// Where `variable` is for the code of `function`, which uses it.
    pub(super) fn place(&self, variable: VariableId, function: FunctionId) -> Place {
        let it = &self.variables[variable];
        match it.element {
            Some(element) => Place::Element {
                element,
                vector: self.vector_slot(it.home, function),
            },
            None if it.function == function => Place::Slot(it.slot),
            None => Place::Slot(self.copied_slot(function, Copied::Variable(variable))),
        }
    }

    /// The temporary with the vector of `home` in the frame of `function`.
    pub(super) fn vector_slot(&self, home: HomeId, function: FunctionId) -> u32 {
        let it = &self.homes[home];
        if it.function == function {
            it.slot
        } else {
            self.copied_slot(function, Copied::Vector(home))
        }
    }

    /// Where a value that an inner function copies is in the frame of `function`.
    pub(super) fn slot_of_copied(&self, copied: Copied, function: FunctionId) -> u32 {
        match copied {
            Copied::Vector(home) => self.vector_slot(home, function),
            Copied::Variable(variable) if self.variables[variable].function == function => {
                self.variables[variable].slot
            }
            Copied::Variable(_) => self.copied_slot(function, copied),
        }
    }

    /// The function's own home.
    pub(super) fn home_of(&self, function: FunctionId) -> HomeId {
        self.functions[function].homes[0]
    }

    /// The number of a hidden temporary in the frame of `function`.
    pub(super) fn hidden_slot(&self, function: FunctionId, expr: ExprId) -> u32 {
        self.functions[function].first_hidden + self.hidden[expr]
    }

    /// Whether a variable is ever used.
    pub(super) fn is_used(&self, variable: VariableId) -> bool {
        self.variables[variable].used
    }

    /// Whether a variable keeps the value that it begins with.
    pub(super) fn is_param(&self, variable: VariableId) -> bool {
        self.variables[variable].kind != VariableKind::Temp
    }

    /// The slot in which the virtual machine leaves why the primitive failed.
    pub(super) fn failure_slot(&self) -> Option<u32> {
        self.failure.map(|failure| self.variables[failure].slot)
    }

    fn copied_slot(&self, function: FunctionId, copied: Copied) -> u32 {
        let it = &self.functions[function];
        let index = it.copied.iter().position(|&other| other == copied);
        let index = index.expect("a function copies what it uses of outer ones");
        number(it.params.len() + index)
    }
}

/// A count of what a method has.
pub(super) fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
