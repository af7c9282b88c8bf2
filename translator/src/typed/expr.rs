//! Expressions of method bodies.

use super::{IntType, LocalId, MethodId, Range, StateFieldId, StringId, TableId, Type};
use crate::base::entity::entity;
use crate::base::source::Span;

entity!(
    /// A place to leave by [`ExprKind::Exit`]; unique in its method.
    Label,
    "label"
);

/// One expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it does.
    pub kind: ExprKind,
    /// Type of its value.
    pub ty: Type,
    /// Bounds of the exact value of an integer; `None` for other types.
    pub range: Option<Range>,
    /// The source text it stands for; inside an expanded method, the text of that method.
    pub span: Span,
}

/// How an integer operation treats results that leave 64 bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Arithmetic {
    /// The range proves that the result fits a signed 64-bit integer (or, when no operand can be negative, an unsigned one).
    Exact,
    /// Only low bits are demanded later (by a [`Conversion::Truncate`] or mask above): wrap.
    Wrapping,
    /// Trap when the exact result is outside the signed (`true`) or unsigned (`false`) 64-bit range.
    Checked {
        /// The range tested.
        signed: bool,
    },
}

/// Integer operations of two operands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum IntBinary {
    /// Sum.
    Add,
    /// Difference.
    Sub,
    /// Product.
    Mul,
    /// Quotient rounded to minus infinity (`//`). Traps on zero.
    FloorDiv,
    /// Remainder with the sign of the divisor (`\\`). Traps on zero.
    FloorMod,
    /// Quotient rounded to zero (`quo:`). Traps on zero.
    Quo,
    /// Remainder with the sign of the dividend (`rem:`). Traps on zero.
    Rem,
    /// Bitwise and, on two's complement of unbounded width.
    And,
    /// Bitwise or.
    Or,
    /// Bitwise exclusive or.
    Xor,
    /// `a` and not `b`.
    Clear,
    /// Left shift; the count traps outside 0..=63 unless its range proves it.
    Shl,
    /// Right shift that follows the value (arithmetic when the left operand may be negative). Count as for `Shl`.
    Shr,
    /// Lesser of both.
    Min,
    /// Greater of both.
    Max,
    /// Upper 64 bits of the product of two unsigned 64-bit values.
    MulHighUnsigned,
    /// Upper 64 bits of the product of two signed 64-bit values.
    MulHighSigned,
    /// Rotation of a 64-bit pattern to the left; count modulo 64.
    RotateLeft,
    /// Rotation to the right.
    RotateRight,
}

/// Integer operations of one operand.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum IntUnary {
    /// Negation.
    Neg,
    /// Absolute value.
    Abs,
    /// All bits inverted (-1 - a).
    Invert,
    /// Index of the highest bit of a non-negative value, 1-based; 0 for 0.
    HighBit,
    /// Index of the lowest bit, 1-based; 0 for 0.
    LowBit,
    /// Number of one bits of the 64-bit pattern.
    BitCount,
    /// Leading zeros of the 64-bit pattern; 64 for 0.
    LeadingZeros,
    /// Trailing zeros of the 64-bit pattern; 64 for 0.
    TrailingZeros,
    /// Bytes of the low 16 bits swapped.
    ByteSwap16,
    /// Bytes of the low 32 bits swapped.
    ByteSwap32,
    /// Bytes swapped.
    ByteSwap64,
}

/// How an integer becomes another integer type.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Conversion {
    /// The range proves that nothing changes.
    Proven,
    /// Take the low bits (`asUInt8`).
    Truncate,
    /// Trap when the value is not one of the target type.
    Check,
}

/// Float operations; the width is that of the operands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FloatOp {
    /// Sum.
    Add,
    /// Difference.
    Sub,
    /// Product.
    Mul,
    /// Quotient.
    Div,
    /// Sign inverted.
    Neg,
    /// Sign cleared.
    Abs,
    /// Square root.
    Sqrt,
    /// Greatest integral float not above.
    Floor,
}

/// Comparison operators; on integers exact whatever the signs, on floats as IEEE 754 says.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Comparison {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
}

impl Comparison {
    /// Whether it holds of two numbers, exactly. Nothing but `Ne` holds of what is not a number.
    pub fn holds<T: PartialOrd>(self, a: T, b: T) -> bool {
        match self {
            Comparison::Eq => a == b,
            Comparison::Ne => a != b,
            Comparison::Lt => a < b,
            Comparison::Le => a <= b,
            Comparison::Gt => a > b,
            Comparison::Ge => a >= b,
        }
    }
}

/// How a value lies in memory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum MemoryType {
    /// An integer of 8, 16, 32 or 64 bits.
    Int {
        /// 8, 16, 32, 64.
        bits: u8,
        /// Extended by its sign when loaded.
        signed: bool,
    },
    /// Double precision.
    Float64,
    /// Single precision.
    Float32,
    /// One byte, 0 or 1.
    Boolean,
    /// 8 bytes: a tagged reference.
    Oop,
    /// 8 bytes: an address, struct reference, string or function.
    Address,
}

/// What two memory accesses must have in common to touch the same bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum AliasClass {
    /// Raw memory through `Address`: may be anything but state fields and pins.
    Raw,
    /// A state field.
    State(StateFieldId),
    /// Field `n` of a struct class (the class that defines it). Overlaps `Raw`.
    Field(super::ClassId, u32),
    /// Read-only data.
    ReadOnly,
    /// Never moved, merged or removed.
    Volatile,
}

/// What an expression does.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// An integer constant; the type may be any integer, `Word` or `Struct` (null) type.
    Int(i128),
    /// A float constant (of `Float64` or `Float32` type), as bits of a double.
    Float(u64),
    /// A Boolean constant.
    Boolean(bool),
    /// A string constant.
    String(StringId),
    /// The address of a method's code; the type is a function type.
    FunctionAddress(MethodId),
    /// No value.
    Nothing,
    /// Read a local.
    Local(LocalId),
    /// Assign a local; the value is the assigned value.
    SetLocal(LocalId, Box<Expr>),
    /// Read a component's field (a pinned one too).
    State(StateFieldId),
    /// Store into a component's field; the value is the stored value.
    SetState(StateFieldId, Box<Expr>),
    /// The address of a component's field (arrays in components; never of a pinned field). Type `Address`'s word.
    StateAddress(StateFieldId),
    /// The address of the state record.
    StateBase,
    /// The address of a collected table.
    TableAddress(TableId),
    /// Read memory at `base + index * scale + offset`.
    Load {
        /// What is read.
        memory: MemoryType,
        /// An address, struct, string or function-typed expression.
        base: Box<Expr>,
        /// Byte distance (or element number when `scale` > 1), an integer expression.
        index: Option<Box<Expr>>,
        /// Bytes per unit of `index`.
        scale: i64,
        /// Constant byte distance.
        offset: i64,
        /// Alias class.
        alias: AliasClass,
    },
    /// Write memory; no value.
    Store {
        /// What is written.
        memory: MemoryType,
        /// As for `Load`.
        base: Box<Expr>,
        /// As for `Load`.
        index: Option<Box<Expr>>,
        /// As for `Load`.
        scale: i64,
        /// As for `Load`.
        offset: i64,
        /// The value, evaluated after base and index.
        value: Box<Expr>,
        /// Alias class.
        alias: AliasClass,
    },
    /// The address `base + index * scale + offset`, wrapping.
    Address {
        /// As for `Load`.
        base: Box<Expr>,
        /// As for `Load`.
        index: Option<Box<Expr>>,
        /// As for `Load`.
        scale: i64,
        /// As for `Load`.
        offset: i64,
    },
    /// Integer operation.
    IntBinary(IntBinary, Arithmetic, Box<Expr>, Box<Expr>),
    /// Integer operation.
    IntUnary(IntUnary, Arithmetic, Box<Expr>),
    /// `Add`, `Sub` or `Mul` in signed 64 bits; when it does not fit, the value of the last operand, which runs only then.
    IfOverflow(IntBinary, Box<Expr>, Box<Expr>, Box<Expr>),
    /// Integer to integer.
    Convert(Conversion, Box<Expr>),
    /// The same bits as another type: `bits`, `fromBits:`, `asInteger`, `fromInteger:`, struct to address and back. Also float to `UInt64` pattern and back.
    Reinterpret(Box<Expr>),
    /// Integer comparison; exact for mixed signs.
    IntCompare(Comparison, Box<Expr>, Box<Expr>),
    /// Float comparison.
    FloatCompare(Comparison, Box<Expr>, Box<Expr>),
    /// Identity of words, structs, functions, Booleans. Addresses also compare by order, unsigned.
    WordCompare(Comparison, Box<Expr>, Box<Expr>),
    /// Float operation; one or two operands.
    FloatOperation(FloatOp, Vec<Expr>),
    /// Integer to float, or float to float of another width.
    ToFloat(Box<Expr>),
    /// Float to `Int64`, rounded to zero; traps when it does not fit.
    Truncated(Box<Expr>),
    /// Boolean negation.
    Not(Box<Expr>),
    /// Boolean to 0 or 1.
    BooleanToInt(Box<Expr>),
    /// Two-way choice; both arms have the type of the whole, or the whole is `Void`.
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `and:` (the second operand runs only when the first is true).
    And(Box<Expr>, Box<Expr>),
    /// `or:`.
    Or(Box<Expr>, Box<Expr>),
    /// Choice by constants: scrutinee, cases, otherwise (`None`: trap).
    Case(Box<Expr>, Vec<(Vec<i128>, Expr)>, Option<Box<Expr>>),
    /// In order; the value is the last one's.
    Seq(Vec<Expr>),
    /// Run the body; `Exit` to the label leaves it. The value is the body's or the exit's.
    Labelled(Label, Box<Expr>),
    /// Leave a `Labelled` or `Loop` with a value (`Nothing` for `Void`).
    Exit(Label, Box<Expr>),
    /// Run the body until an `Exit` to the label.
    Loop(Label, Box<Expr>),
    /// `to:do:`: the variable takes `from`, `from + step`, … up to (down to) the limit; limit evaluated once, after `from`; assigning the variable inside is refused.
    For {
        /// Loop variable.
        variable: LocalId,
        /// First value.
        from: Box<Expr>,
        /// Last value that may be taken.
        to: Box<Expr>,
        /// Not zero.
        step: i128,
        /// No value.
        body: Box<Expr>,
    },
    /// Leave the method with a value (`Nothing` for `Void`).
    Return(Box<Expr>),
    /// Direct call. A struct or word method's receiver is the first argument.
    Call(MethodId, Vec<Expr>),
    /// Call of a function value.
    CallFunction(Box<Expr>, Vec<Expr>),
    /// Assertion: checked builds trap when false.
    Assert(Box<Expr>),
    /// One of the operations below.
    Intrinsic(Intrinsic, Vec<Expr>),
}

/// Operations that are neither memory accesses nor arithmetic.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Intrinsic {
    /// System call: number and up to six arguments; answers an `Int64`.
    Syscall,
    /// Destination, source, byte count; no overlap.
    CopyBytes,
    /// Destination, source, byte count; overlap allowed.
    MoveBytes,
    /// Destination, byte count, byte.
    FillBytes,
    /// Destination, word count, word.
    FillWords,
    /// Handlers: opcode, table address; ends the handler.
    DispatchThrough,
    /// Handlers: opcode; ends the handler through the running table.
    DispatchAhead,
    /// Calls the first handler.
    EnterInterpreter,
    /// Handlers: returns to the caller of `EnterInterpreter`.
    LeaveInterpreter,
    /// Cycle counter.
    ReadTimestamp,
    /// An address whose line will be read soon.
    Prefetch,
    /// Trap: control never gets here.
    Unreachable,
}

impl Expr {
    /// The target type of an integer conversion.
    ///
    /// # Panics
    /// When the expression is not of integer type: a bug of inference.
    pub fn int_type(&self) -> IntType {
        match self.ty {
            Type::Int(int) => int,
            _ => unreachable!("{:?} is not an integer expression", self.ty),
        }
    }
}

/// The operands of an expression, in evaluation order; the same text serves for looking and for changing.
macro_rules! operands {
    ($kind:expr, $f:ident, $iter:ident) => {
        match $kind {
            ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Boolean(_)
            | ExprKind::String(_)
            | ExprKind::FunctionAddress(_)
            | ExprKind::Nothing
            | ExprKind::Local(_)
            | ExprKind::State(_)
            | ExprKind::StateAddress(_)
            | ExprKind::StateBase
            | ExprKind::TableAddress(_) => {}
            ExprKind::SetLocal(_, a)
            | ExprKind::SetState(_, a)
            | ExprKind::IntUnary(_, _, a)
            | ExprKind::Convert(_, a)
            | ExprKind::Reinterpret(a)
            | ExprKind::ToFloat(a)
            | ExprKind::Truncated(a)
            | ExprKind::Not(a)
            | ExprKind::BooleanToInt(a)
            | ExprKind::Labelled(_, a)
            | ExprKind::Exit(_, a)
            | ExprKind::Loop(_, a)
            | ExprKind::Return(a)
            | ExprKind::Assert(a) => $f(a),
            ExprKind::IntBinary(_, _, a, b)
            | ExprKind::IntCompare(_, a, b)
            | ExprKind::FloatCompare(_, a, b)
            | ExprKind::WordCompare(_, a, b)
            | ExprKind::And(a, b)
            | ExprKind::Or(a, b) => [a, b].into_iter().for_each(|child| $f(child)),
            ExprKind::If(a, b, c) | ExprKind::IfOverflow(_, a, b, c) => {
                [a, b, c].into_iter().for_each(|child| $f(child));
            }
            ExprKind::Load { base, index, .. } | ExprKind::Address { base, index, .. } => {
                $f(base);
                index.$iter().for_each(|child| $f(child));
            }
            ExprKind::Store {
                base, index, value, ..
            } => {
                $f(base);
                index.$iter().for_each(|child| $f(child));
                $f(value);
            }
            ExprKind::FloatOperation(_, all)
            | ExprKind::Seq(all)
            | ExprKind::Call(_, all)
            | ExprKind::Intrinsic(_, all) => all.$iter().for_each($f),
            ExprKind::CallFunction(function, all) => {
                $f(function);
                all.$iter().for_each($f);
            }
            ExprKind::Case(scrutinee, cases, otherwise) => {
                $f(scrutinee);
                cases.$iter().for_each(|(_, body)| $f(body));
                otherwise.$iter().for_each(|child| $f(child));
            }
            ExprKind::For { from, to, body, .. } => {
                [from, to, body].into_iter().for_each(|child| $f(child));
            }
        }
    };
}

impl Expr {
    /// Calls `f` with each direct operand, in evaluation order.
    pub fn for_each_child<'e>(&'e self, f: &mut dyn FnMut(&'e Expr)) {
        operands!(&self.kind, f, iter);
    }

    /// Calls `f` with each direct operand for change, in evaluation order.
    pub fn for_each_child_mut(&mut self, f: &mut dyn FnMut(&mut Expr)) {
        operands!(&mut self.kind, f, iter_mut);
    }
}
