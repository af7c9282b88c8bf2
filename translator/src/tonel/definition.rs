//! What a Tonel file says: one class, trait or extension with its methods.

use crate::base::{FileId, Span, Symbol};
use crate::syntax::ast::{ExprId, ExprKind, Exprs, Literal, Method, Name};

/// Which of the three kinds of file this is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum DefinitionKind {
    /// `Class { … }`.
    Class,
    /// `Trait { … }`.
    Trait,
    /// `Extension { … }`: only methods, for a class defined elsewhere.
    Extension,
}

/// The content of one file.
#[derive(Clone, PartialEq, Debug)]
pub struct ClassDefinition {
    /// The file.
    pub file: FileId,
    /// Class, trait or extension.
    pub kind: DefinitionKind,
    /// `#name`.
    pub name: Name,
    /// `#superclass`; none if the file has none, or `nil`. Traits and extensions have none.
    pub superclass: Option<Name>,
    /// `#instVars`.
    pub inst_vars: Vec<Slot>,
    /// `#classVars`.
    pub class_vars: Vec<Slot>,
    /// `#classInstVars`.
    pub class_inst_vars: Vec<Slot>,
    /// `#pools`.
    pub pools: Vec<Name>,
    /// `#traits` as an expression text, such as `TFoo + TBar`.
    pub traits: Option<SourceText>,
    /// `#classTraits`.
    pub class_traits: Option<SourceText>,
    /// `#type`: `normal` if absent.
    pub layout: Option<Name>,
    /// `#package`, or the category's part before the first tag separator if the file is older.
    pub package: Option<Name>,
    /// `#tag`.
    pub tag: Option<Name>,
    /// `#category`.
    pub category: Option<Name>,
    /// The class comment without its quotes.
    pub comment: Option<SourceText>,
    /// The header's braces.
    pub header_span: Span,
    /// The methods of both sides in the order of the file.
    pub methods: Vec<MethodChunk>,
}

impl ClassDefinition {
    /// A definition that has a name and nothing else.
    #[must_use]
    pub fn new(kind: DefinitionKind, name: Name, header_span: Span) -> ClassDefinition {
        ClassDefinition {
            file: header_span.file,
            kind,
            name,
            superclass: None,
            inst_vars: Vec::new(),
            class_vars: Vec::new(),
            class_inst_vars: Vec::new(),
            pools: Vec::new(),
            traits: None,
            class_traits: None,
            layout: None,
            package: None,
            tag: None,
            category: None,
            comment: None,
            header_span,
            methods: Vec::new(),
        }
    }
}

/// A text of the header and its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceText {
    /// The text, its doubled quotes made single.
    pub text: Box<str>,
    /// Where it stands, with its quotes.
    pub span: Span,
}

/// A field or class variable.
#[derive(Clone, PartialEq, Debug)]
pub struct Slot {
    /// The name and its place, without quotes.
    pub name: Name,
    /// What stands behind `=>`.
    pub definition: Option<SlotDefinition>,
}

/// `PinnedField type: #Address register: #r12` of the slot `'#ip => PinnedField type: #Address register: #r12'`.
#[derive(Clone, PartialEq, Debug)]
pub struct SlotDefinition {
    /// `PinnedField`.
    pub class: Name,
    /// `type: #Address` and `register: #r12`.
    pub arguments: Vec<SlotArgument>,
    /// All behind `=>`.
    pub span: Span,
    /// The arguments' expressions.
    pub exprs: Exprs,
}

/// `type: #Address`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SlotArgument {
    /// `type:`, with its place.
    pub keyword: Name,
    /// The value, in [`SlotDefinition::exprs`]; of a unary message (`CollectedTable roots`), which has none, the class.
    pub value: ExprId,
}

/// A method and what the file says of it.
#[derive(Clone, PartialEq, Debug)]
pub struct MethodChunk {
    /// The class named before `>>`; the file's own, or an error was reported.
    pub class: Name,
    /// Whether it says `Foo class >> …`.
    pub class_side: bool,
    /// The method's category.
    pub category: Option<Name>,
    /// Selector; the same as the method's.
    pub selector: Symbol,
    /// From the class name to the closing bracket.
    pub span: Span,
    /// Between the brackets.
    pub body_span: Span,
    /// The method.
    pub method: Method,
}

impl SlotDefinition {
    /// The argument for `keyword`.
    #[must_use]
    pub fn argument(&self, keyword: Symbol) -> Option<SlotArgument> {
        self.arguments
            .iter()
            .copied()
            .find(|argument| argument.keyword.name == keyword)
    }

    /// The argument's value, if it is a literal.
    #[must_use]
    pub fn literal(&self, argument: SlotArgument) -> Option<&Literal> {
        match &self.exprs[argument.value].kind {
            ExprKind::Literal(literal) => Some(literal),
            _ => None,
        }
    }
}
