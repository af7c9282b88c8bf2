//! What the compiler makes: code in a form from which objects can be written without knowing a bytecode.

use super::scope::BindingId;
use super::target::BytecodeSet;
use crate::base::{Integer, Natural, Span, Symbol};

/// A compiled method, or the block of a full closure.
#[derive(Clone, PartialEq, Debug)]
pub struct CompiledCode {
    /// Method or block.
    pub kind: CodeKind,
    /// The set that the bytecodes belong to.
    pub set: BytecodeSet,
    /// Parameters.
    pub num_args: u32,
    /// Temporaries with the parameters; of a block also with the copied values.
    pub num_temps: u32,
    /// Whether the context has room for 56 values instead of 16.
    pub large_frame: bool,
    /// The primitive's number; 117 if it is named.
    pub primitive: Option<u16>,
    /// Slots 1 and up of the object. The last two are [`Literal::State`] and [`Literal::MethodClass`] in a method, [`Literal::Nil`] and
    /// [`Literal::OuterCode`] in a block.
    pub literals: Vec<Literal>,
    /// The bytes behind the literals, without a trailer.
    pub bytecodes: Vec<u8>,
    /// For each instruction with a place in the source where it begins, ascending.
    pub source_map: Vec<SourceMapEntry>,
}

/// Whose code it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CodeKind {
    /// A method with this selector.
    Method(Symbol),
    /// The code of a full closure.
    FullBlock,
}

/// Where an instruction comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SourceMapEntry {
    /// Offset of the instruction in [`CompiledCode::bytecodes`].
    pub offset: u32,
    /// The message, variable or statement that it stands for.
    pub span: Span,
}

/// An element of a literal frame, or of a literal array.
#[derive(Clone, PartialEq, Debug)]
pub enum Literal {
    /// Of any size: the writer makes a SmallInteger or a large one.
    Integer(Integer),
    /// A float, immediate or boxed.
    Float(f64),
    /// `2e-1`, in lowest terms.
    Fraction(Integer, Natural),
    /// `3.14s2`: numerator and denominator in lowest terms, digits behind the point.
    ScaledDecimal(Integer, Natural, u32),
    /// A character.
    Character(char),
    /// Line ends are those that the target wants. All characters below 256 make a string of bytes, else a wide one.
    String(Box<str>),
    /// A symbol.
    Symbol(Symbol),
    /// `#[1 2]`.
    ByteArray(Box<[u8]>),
    /// `#[1.5 2.0]`.
    FloatArray(Box<[f64]>),
    /// `#(1 2)`.
    Array(Vec<Literal>),
    /// `true`, `false`.
    Boolean(bool),
    /// `nil`.
    Nil,
    /// The binding of a class variable, pool variable or global.
    Binding(BindingId),
    /// The binding of a name that nobody declares.
    Undeclared(Symbol),
    /// The code of a full closure.
    Block(Box<CompiledCode>),
    /// Last in a block: the method or block in which it is written.
    OuterCode,
    /// Last but one in a method: its selector, or more.
    State(MethodState),
    /// Last in a method, and where blocks send to super: the binding whose value is the method's class.
    MethodClass,
    /// The first literal of a method with a named primitive: an Array of module (or nil), name, 0 and 0.
    NamedPrimitive {
        /// None for a primitive of the virtual machine itself.
        module: Option<Box<str>>,
        /// `primitiveFileOpen`.
        name: Box<str>,
    },
}

/// The last literal but one of a method.
#[derive(Clone, PartialEq, Debug)]
pub enum MethodState {
    /// A method without pragmas.
    Selector(Symbol),
    /// An object with method, selector, pragmas.
    Pragmas(Symbol, Vec<PragmaLiteral>),
}

/// A pragma: an object with method, selector and Array of arguments.
#[derive(Clone, PartialEq, Debug)]
pub struct PragmaLiteral {
    /// `reflection:`.
    pub selector: Symbol,
    /// As many as the selector has.
    pub arguments: Vec<Literal>,
}

impl CompiledCode {
    /// The value of the SmallInteger in slot 0.
    #[must_use]
    pub fn header(&self) -> i64 {
        let literals = i64::try_from(self.literals.len()).unwrap_or(0);
        let fields = literals
            | i64::from(self.primitive.is_some()) << 16
            | i64::from(self.large_frame) << 17
            | i64::from(self.num_temps) << 18
            | i64::from(self.num_args) << 24;
        match self.set {
            BytecodeSet::V3 => fields,
            BytecodeSet::SistaV1 => fields - (1 << 60),
        }
    }

    /// How many bytes stand before the first bytecode: the header's slot and the literals'.
    #[must_use]
    pub fn bytes_before_code(&self) -> usize {
        8 * (self.literals.len() + 1)
    }
}
