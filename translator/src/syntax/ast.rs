//! The syntax tree of a method.
//!
//! Expressions live in an arena, [`Method::exprs`], and refer to each other by [`ExprId`]: dense numbers, unique in the method, with which
//! later stages index their tables. Statements, blocks and pragmas are ordinary trees. Every node has its [`Span`].
//! Names are resolved by nobody here: a [`Variable`](ExprKind::Variable) is any identifier that is not reserved.

use crate::base::entity::entity;
use crate::base::{Integer, Interner, Natural, PrimaryMap, Span, Symbol};

entity!(
    /// An expression of a method.
    ExprId,
    "expr"
);

/// The expressions of a method, or of another piece of code that is parsed on its own.
pub type Exprs = PrimaryMap<ExprId, Expr>;

/// A method.
#[derive(Clone, PartialEq, Debug)]
pub struct Method {
    /// `at:put:`.
    pub selector: Symbol,
    /// The pattern: selector and parameters, in a Tonel file behind `Class >>`.
    pub pattern_span: Span,
    /// The parameters in order.
    pub params: Vec<Name>,
    /// The pragmas in order.
    pub pragmas: Vec<Pragma>,
    /// The temporaries.
    pub temps: Vec<Name>,
    /// The statements; without a return the method answers its receiver.
    pub statements: Vec<Statement>,
    /// The first comment of the body, with its quotes.
    pub comment: Option<Span>,
    /// From the pattern to the end of the body.
    pub span: Span,
    /// The expressions of the method.
    pub exprs: Exprs,
}

/// A declared parameter or temporary.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Name {
    /// The name.
    pub name: Symbol,
    /// Where it is declared.
    pub span: Span,
}

/// `<primitiveName: 'primitiveFileOpen' module: 'FilePlugin'>`.
#[derive(Clone, PartialEq, Debug)]
pub struct Pragma {
    /// `primitiveName:module:`.
    pub selector: Symbol,
    /// The arguments: literals only.
    pub arguments: Vec<LiteralNode>,
    /// From `<` to `>`.
    pub span: Span,
}

/// A statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Statement {
    /// What it does.
    pub kind: StatementKind,
    /// Without the period.
    pub span: Span,
}

/// What a statement does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StatementKind {
    /// Evaluates an expression.
    Expression(ExprId),
    /// `^ expression`.
    Return(ExprId),
}

impl StatementKind {
    /// The expression that is evaluated, be it returned or not.
    #[must_use]
    pub fn expression(self) -> ExprId {
        match self {
            StatementKind::Expression(expr) | StatementKind::Return(expr) => expr,
        }
    }
}

/// An expression.
#[derive(Clone, PartialEq, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// With the parentheses around it, if there are some.
    pub span: Span,
}

/// What an expression is.
#[derive(Clone, PartialEq, Debug)]
pub enum ExprKind {
    /// A literal, also `true`, `false` and `nil`.
    Literal(Literal),
    /// A name: temporary, parameter, field, class or constant.
    Variable(Symbol),
    /// `self`, `super`, `thisContext`, `thisProcess`.
    Pseudo(PseudoVariable),
    /// `target := value`.
    Assignment {
        /// The variable.
        target: Name,
        /// The new value, and the value of the expression.
        value: ExprId,
    },
    /// A message to a receiver; to `super` if the receiver is [`PseudoVariable::Super`].
    Send(Send),
    /// `receiver first; second`. The receiver is evaluated once. Each message is an expression of kind [`ExprKind::Send`] of its own, and
    /// they all name this same receiver. The value is that of the last message.
    Cascade {
        /// The receiver of all messages.
        receiver: ExprId,
        /// At least two sends.
        messages: Vec<ExprId>,
    },
    /// `[ :param | | temp | statements ]`.
    Block(Block),
    /// `{ a. b }`.
    BraceArray(Vec<ExprId>),
    /// `^ b` as an element of a brace array: the method returns, and the array is never made.
    Answer(ExprId),
    /// Stands where the parser found an error, which it has reported.
    Error,
}

/// A message to a receiver.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Send {
    /// Who gets it.
    pub receiver: ExprId,
    /// `at:put:`.
    pub selector: Symbol,
    /// The place of each part of the selector: one for unary and binary ones.
    pub selector_spans: Vec<Span>,
    /// As many as the selector takes.
    pub arguments: Vec<ExprId>,
}

impl Send {
    /// The place of the selector's first part.
    #[must_use]
    pub fn selector_span(&self) -> Span {
        self.selector_spans
            .first()
            .copied()
            .unwrap_or_else(Span::none)
    }
}

/// A block.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Block {
    /// The parameters in order.
    pub params: Vec<Name>,
    /// The temporaries.
    pub temps: Vec<Name>,
    /// The statements; an empty block answers nil.
    pub statements: Vec<Statement>,
}

/// The reserved variables that are not constants.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PseudoVariable {
    /// `self`.
    SelfReference,
    /// `super`.
    Super,
    /// `thisContext`.
    ThisContext,
    /// `thisProcess`.
    ThisProcess,
}

impl PseudoVariable {
    /// The name in the source.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            PseudoVariable::SelfReference => "self",
            PseudoVariable::Super => "super",
            PseudoVariable::ThisContext => "thisContext",
            PseudoVariable::ThisProcess => "thisProcess",
        }
    }
}

/// A literal and its place.
#[derive(Clone, PartialEq, Debug)]
pub struct LiteralNode {
    /// The literal.
    pub literal: Literal,
    /// Where it stands.
    pub span: Span,
}

/// A literal.
#[derive(Clone, PartialEq, Debug)]
pub enum Literal {
    /// `42`, `-16rFF`, `2e10`.
    Integer(Integer),
    /// `2e-1`: an integer with a negative exponent is a fraction, here not reduced.
    Fraction(Integer, Natural),
    /// `1.5e3`, `2r1.01`.
    Float(f64),
    /// `3.14s2`.
    ScaledDecimal(ScaledDecimal),
    /// `$a`.
    Character(char),
    /// `'text'`.
    String(Box<str>),
    /// `#at:put:`, `#'any text'`; in a literal array also `foo`.
    Symbol(Symbol),
    /// `#[1 2 3]`.
    ByteArray(Box<[u8]>),
    /// `#[1.5 2 -3e-2]`, in Cuis: what begins with a float.
    FloatArray(Box<[f64]>),
    /// `#(1 $a (2) foo)`.
    Array(Vec<LiteralNode>),
    /// `true`, `false`.
    Boolean(bool),
    /// `nil`.
    Nil,
}

/// `3.14s2`: the exact fraction that was written and the number of digits to print.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScaledDecimal {
    /// 314 in the example.
    pub numerator: Integer,
    /// 100 in the example; not reduced.
    pub denominator: Natural,
    /// Digits behind the point when printed; as many as were written if the `s` stands alone.
    pub scale: u32,
}

impl Method {
    /// The pragmas with this selector.
    pub fn pragmas_named(&self, selector: Symbol) -> impl Iterator<Item = &Pragma> {
        self.pragmas
            .iter()
            .filter(move |pragma| pragma.selector == selector)
    }
}

/// How many arguments a selector takes.
#[must_use]
pub fn argument_count(selector: &str) -> usize {
    match selector.chars().next() {
        Some(first) if first.is_alphabetic() || first == '_' => {
            selector.bytes().filter(|&byte| byte == b':').count()
        }
        Some(_) => 1,
        None => 0,
    }
}

/// The parts of a selector as they stand before its arguments: `at:` and `put:` for `at:put:`.
pub fn selector_parts(interner: &Interner, selector: Symbol) -> impl Iterator<Item = &str> {
    interner.text(selector).split_inclusive(':')
}
