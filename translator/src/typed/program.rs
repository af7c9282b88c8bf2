//! The whole program: classes, methods, state, tables.

use std::collections::{BTreeMap, BTreeSet};

use super::{ClassId, Expr, FunctionType, FunctionTypeId, IntType, MemoryType, Type};
use crate::base::entity::{PrimaryMap, entity};
use crate::base::source::{FileId, Span};

entity!(
    /// A method as compiled: for component methods one per concrete class that uses it.
    MethodId,
    "method"
);
entity!(
    /// A local, argument or block parameter of one method.
    LocalId,
    "local"
);
entity!(
    /// A field of the state record, pinned ones included.
    StateFieldId,
    "state"
);
entity!(
    /// A string constant.
    StringId,
    "string"
);
entity!(
    /// A table collected from pragmas.
    TableId,
    "table"
);

/// The program after inference. Holds only what is reached from the roots (entry, exports, handlers, primitives, tests).
#[derive(Debug, Default)]
pub struct Program {
    /// Every class that has a kind.
    pub classes: PrimaryMap<ClassId, Class>,
    /// Reached methods.
    pub methods: PrimaryMap<MethodId, Method>,
    /// Fields of all components, in state-record order.
    pub state: PrimaryMap<StateFieldId, StateField>,
    /// Bytes of the state record.
    pub state_size: u64,
    /// String constants.
    pub strings: PrimaryMap<StringId, Vec<u8>>,
    /// Collected tables.
    pub tables: PrimaryMap<TableId, Table>,
    /// Function types.
    pub function_types: PrimaryMap<FunctionTypeId, FunctionType>,
    /// The word class `Oop`, when the program has one.
    pub oop_class: Option<ClassId>,
    /// The word class `Address`.
    pub address_class: Option<ClassId>,
    /// The entry method.
    pub entry: Option<MethodId>,
    /// Test methods by class and selector, in source order.
    pub tests: Vec<Test>,
    /// Values of every constant method that was evaluated: class, selector.
    pub constants: BTreeMap<(String, String), Constant>,
    /// Methods that nothing reaches: display name and place.
    pub unreached: Vec<(String, Span)>,
    /// Methods that are expanded at their calls, for positions inside of them: display name and place.
    pub expanded: Vec<(String, Span)>,
    /// The files of raw packages.
    pub raw_files: BTreeSet<FileId>,
    /// Counts for the build screen.
    pub counts: Counts,
}

/// Figures that `ouroc build` prints.
#[derive(Debug, Default, Clone, Copy)]
pub struct Counts {
    /// Places of `bits` and `fromBits:`.
    pub raw_conversions: usize,
    /// Places that send `<rawOperation:>` methods: arithmetic of addresses.
    pub raw_operations: usize,
    /// `<hazardExempt:>`, `<answersImmediate:>` and `<keepsReferences:>` methods, and `ExemptField`s.
    pub hazard_exemptions: usize,
    /// `<inline:>` and `<noInline:>` methods.
    pub inline_overrides: usize,
}

/// A value of a constants class.
#[derive(Debug, Clone, PartialEq)]
pub enum Constant {
    /// An integer.
    Int(i128),
    /// A float.
    Float(f64),
    /// A Boolean.
    Boolean(bool),
    /// A string.
    String(String),
}

/// Which root a class has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClassKind {
    /// `VMComponent`.
    Component,
    /// `VMStruct`.
    Struct,
    /// `VMWord`; `VMCount` classes too, with the integer type of their bits.
    Word,
    /// `VMConstants`.
    Constants,
}

/// A class.
#[derive(Debug, Clone)]
pub struct Class {
    /// Its name.
    pub name: String,
    /// Its package.
    pub package: String,
    /// Its superclass, unless that is `Object`.
    pub superclass: Option<ClassId>,
    /// Told by its root.
    pub kind: ClassKind,
    /// Representation of a word class.
    pub bits: Option<IntType>,
    /// True below `VMCount`.
    pub is_count: bool,
    /// Bytes of a struct, from its lowest field to its end.
    pub size: u64,
    /// Fields of a struct, inherited ones first.
    pub fields: Vec<StructField>,
    /// Where it is defined.
    pub span: Span,
}

/// A field of a struct.
#[derive(Debug, Clone)]
pub struct StructField {
    /// Its name.
    pub name: String,
    /// Type of the field, or of the elements of an array.
    pub ty: Type,
    /// How it lies in memory; `None` for an array of structs.
    pub memory: Option<MemoryType>,
    /// Bytes from the struct's address; may be negative.
    pub offset: i64,
    /// Number of elements; `None` for a plain field.
    pub count: Option<u64>,
    /// Bytes of the whole field.
    pub size: u64,
    /// `ExemptField`: the hazard check does not follow what waits in it.
    pub is_exempt: bool,
}

/// A field of a component.
#[derive(Debug, Clone)]
pub struct StateField {
    /// `Component.field`.
    pub name: String,
    /// The component (concrete class).
    pub class: ClassId,
    /// Type of the field, or of the elements of an array.
    pub ty: Type,
    /// How it lies in memory; `None` for an array of structs.
    pub memory: Option<MemoryType>,
    /// Bytes from the start of the state record; meaningless when pinned.
    pub offset: u64,
    /// Number of elements; `None` for a plain field.
    pub count: Option<u64>,
    /// Bytes of the whole field.
    pub size: u64,
    /// Register name (`r12`) of a pinned field.
    pub pin: Option<String>,
    /// `ExemptField`: the hazard check does not follow what waits in it.
    pub is_exempt: bool,
    /// Where it is defined.
    pub span: Span,
}

/// A method.
#[derive(Debug, Clone)]
pub struct Method {
    /// `Class>>selector` of the class that defines it; for an inherited component method compiled for a subclass `Subclass(Class)>>selector`;
    /// for a handler specialised by opcode `Class>>selector@opcode`-like suffix `[12]`.
    pub name: String,
    /// The class that defines it.
    pub class: ClassId,
    /// Its selector.
    pub selector: String,
    /// Locals: parameters first.
    pub locals: PrimaryMap<LocalId, Local>,
    /// Number of parameters, a struct's or word's `self` included.
    pub n_params: usize,
    /// Result, `Void` for none.
    pub result: Type,
    /// The body; `None` for imports.
    pub body: Option<Expr>,
    /// From the pragmas.
    pub attributes: Attributes,
    /// What the method is to the machine.
    pub kind: MethodKind,
    /// The whole method.
    pub span: Span,
}

/// What a method is to the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MethodKind {
    /// Called by Slang only.
    Normal,
    /// A bytecode handler: ends by dispatch.
    Handler,
    /// Also callable from outside under this symbol.
    Export(String),
    /// Defined by the shim under this symbol.
    Import(String),
}

/// Pragmas of a method.
#[derive(Debug, Clone, Default)]
pub struct Attributes {
    /// `Some(true)`: always inline; `Some(false)`: never.
    pub inline: Option<bool>,
    /// `<cold:>`.
    pub cold: bool,
    /// `<movesObjects:>`.
    pub moves_objects: bool,
    /// `<hazardExempt:>`.
    pub hazard_exempt: bool,
    /// `<answersImmediate:>`.
    pub answers_immediate: bool,
    /// `<keepsReferences:>`.
    pub keeps_references: bool,
    /// `<recursionBound:reason:>`.
    pub recursion_bound: Option<u32>,
}

/// A parameter, temporary or block parameter.
#[derive(Debug, Clone)]
pub struct Local {
    /// Its name in the source.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// Where it is declared.
    pub span: Span,
}

/// A test method of a `VMTestCase`.
#[derive(Debug, Clone)]
pub struct Test {
    /// Class name.
    pub class: String,
    /// Selector.
    pub selector: String,
    /// `setUp`, when the class has one.
    pub set_up: Option<MethodId>,
    /// The test.
    pub method: MethodId,
}

/// A collected table.
#[derive(Debug, Clone)]
pub struct Table {
    /// `Component.field`.
    pub name: String,
    /// Contents.
    pub kind: TableKind,
}

/// Contents of a collected table.
#[derive(Debug, Clone)]
pub enum TableKind {
    /// Addresses of methods: 256 handlers, or primitives by index.
    Functions(Vec<MethodId>),
    /// Module, name, function: in memory three words each (two addresses of string records, one of code).
    NamedPrimitives(Vec<(StringId, StringId, MethodId)>),
    /// In memory two `u64` each: offset from the state base, number of elements.
    Roots(Vec<(u64, u64)>),
}
