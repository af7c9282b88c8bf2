//! Names, activations and the values that expressions stand for while a body is typed.

use crate::base::entity::entity;
use crate::base::{Span, Symbol};
use crate::resolve::{SourceId, TableSpec};
use crate::syntax::ast;
use crate::typed::{
    AliasClass, ClassId, Expr, Label, LocalId, MemoryType, Range, StateFieldId, TableId, Type,
};

use super::flow::Env;
use super::memory::Path;

entity!(
    /// A set of names.
    ScopeId,
    "scope"
);
entity!(
    /// An activation of a method: that of the body, or of one expanded in it.
    HomeId,
    "home"
);
entity!(
    /// A block with the scope in which it stands.
    ClosureId,
    "closure"
);

/// Names declared together.
#[derive(Debug)]
pub(super) struct Scope {
    pub(super) parent: Option<ScopeId>,
    pub(super) home: HomeId,
    pub(super) path: Path,
    pub(super) names: Vec<(Symbol, Binding)>,
}

/// What a name stands for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Binding {
    /// A temporary.
    Local(LocalId),
    /// A parameter or loop variable: not assigned.
    Fixed(LocalId),
    /// The opcode's distance in a handler that is compiled for one opcode.
    Constant(i128),
    /// A block.
    Closure(ClosureId),
}

/// A block that was passed or is being used.
#[derive(Clone, Copy, Debug)]
pub(super) struct Closure<'w> {
    pub(super) block: &'w ast::Block,
    pub(super) scope: ScopeId,
    pub(super) span: Span,
}

/// `self` of an activation.
#[derive(Clone, Copy, Debug)]
pub(super) enum SelfValue {
    /// A component: no value at run time.
    Component,
    /// The class itself.
    ClassSide,
    /// A word or struct.
    Local(LocalId),
}

/// An activation of a method.
#[derive(Debug)]
pub(super) struct Home<'w> {
    pub(super) method: SourceId,
    /// The class from which `self` is looked up.
    pub(super) class: ClassId,
    pub(super) self_value: SelfValue,
    pub(super) tree: &'w ast::Method,
    /// The activation that expands this one.
    pub(super) caller: Option<HomeId>,
    pub(super) exits: Exits,
}

/// Where `^` goes and what it has brought there.
#[derive(Debug)]
pub(super) struct Exits {
    /// `None`: it leaves the body.
    pub(super) label: Option<Label>,
    /// As declared; `None`: the join of the answers.
    pub(super) declared: Option<Type>,
    /// The place of the declaration.
    pub(super) declaration: Option<Span>,
    pub(super) answers: Vec<Answer>,
    /// The first `^` that brings nothing.
    pub(super) empty: Option<Span>,
    /// How often `^` was met.
    pub(super) count: usize,
    /// State of the locals at the exits so far.
    pub(super) env: Option<Env>,
}

/// One answer of a method whose result is inferred.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) ty: Type,
    pub(super) range: Option<Range>,
    pub(super) span: Span,
}

/// What an expression stands for.
#[derive(Debug)]
pub(super) enum Value {
    /// A value at run time.
    Expr(Expr),
    /// A literal symbol: a function where one is wanted.
    Symbol(Symbol, Span),
    /// A collaborator as declared.
    Component(ClassId),
    /// `self` in a component.
    OwnComponent,
    /// `super`.
    Super,
    /// A class.
    Class(ClassId),
    /// A field with elements.
    Array(Box<ArrayPlace>),
    /// A collected table.
    Table(TableId, TableSpec),
    /// A block.
    Closure(ClosureId),
}

/// Where the elements of an array field lie.
#[derive(Clone, Debug)]
pub(super) struct ArrayPlace {
    pub(super) base: ArrayBase,
    pub(super) ty: Type,
    pub(super) memory: Option<MemoryType>,
    pub(super) count: u64,
    pub(super) element_size: u64,
    pub(super) alias: AliasClass,
}

/// The start of an array field.
#[derive(Clone, Debug)]
pub(super) enum ArrayBase {
    /// In a component.
    State(StateFieldId),
    /// In the struct that is `self`, at an offset.
    Struct(Expr, i64),
}

/// What becomes of an expression's value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Want {
    /// It is used.
    Value,
    /// It is dropped.
    Effect,
    /// It is used if there is one.
    Any,
}

/// For what a value is used, to say it in errors.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    Argument(usize, Symbol),
    Receiver(Symbol),
    Store(Symbol),
    Element,
    Result(Symbol),
    Condition,
    Operand,
    Arm,
    Bound,
}
