//! The evaluator's own form of a program: trees without types, with slots, addresses and checks worked out.
//!
//! Every value is an `i128`: integers are exact; words, references, functions and float patterns are unsigned 64-bit
//! (32-bit for single floats) patterns; Booleans are 0 or 1.

use rustc_hash::FxHashMap;

use crate::base::source::Span;
use crate::typed::{
    Arithmetic, Comparison, FloatOp, FunctionType, IntBinary, IntUnary, MemoryType, Method,
    MethodId, Range,
};

/// First address of the state record.
pub(super) const STATE_BASE: u64 = 0x1000_0000;
/// First address of string records.
pub(super) const STRING_BASE: u64 = 0x2000_0000;
/// First address of collected tables.
pub(super) const TABLE_BASE: u64 = 0x3000_0000;
/// First address of functions, which cannot be read.
pub(super) const FUNCTION_BASE: u64 = 0x4000_0000;
/// Bytes between the addresses of two functions.
pub(super) const FUNCTION_STEP: u64 = 16;

/// A place for messages: index into [`Code::sites`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Site(pub(super) u32);

/// A compiled program.
pub struct Code {
    /// By [`MethodId`].
    pub(super) methods: Vec<MethodCode>,
    /// Place and method of each site.
    pub(super) sites: Vec<(MethodId, Span)>,
    /// Contents of string and table regions.
    pub(super) strings: Vec<u8>,
    pub(super) tables: Vec<u8>,
    pub(super) state_size: u64,
    /// Names of pinned fields by pin number, with the register.
    pub(super) pins: Vec<String>,
    /// The pins that dispatch reads: instruction pointer and table.
    pub(super) instruction_pin: Option<usize>,
    pub(super) dispatch_pin: Option<usize>,
}

/// A compiled method.
pub(super) struct MethodCode {
    pub(super) name: String,
    pub(super) span: Span,
    pub(super) n_params: usize,
    pub(super) n_locals: usize,
    pub(super) body: Body,
    pub(super) is_handler: bool,
    /// Signature, for the check of indirect calls.
    pub(super) signature: FunctionType,
}

/// What a call of a method runs.
pub(super) enum Body {
    /// Slang.
    Code(Node),
    /// A function of the shim.
    Import(String),
}

/// `base + index * scale + offset`.
pub(super) struct Place {
    pub(super) base: Node,
    pub(super) index: Option<Node>,
    pub(super) scale: i64,
    pub(super) offset: i64,
    /// Distances from the base that an indexed access may touch: start and end.
    pub(super) bounds: Option<(i64, i64)>,
}

/// How a value is brought into a type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Shape {
    pub(super) bits: u8,
    pub(super) signed: bool,
}

/// One operation.
pub(super) enum Node {
    Const(i128),
    Local(u32),
    SetLocal(u32, Box<Node>),
    Pin(u32),
    SetPin(u32, Box<Node>),
    LoadAt(MemoryType, u64, Site),
    StoreAt(MemoryType, u64, Box<Node>, Site),
    Load(MemoryType, Box<Place>, Site),
    Store(MemoryType, Box<(Place, Node)>, Site),
    Address(Box<Place>, Site),
    Binary(IntBinary, Arithmetic, Box<(Node, Node)>, Site),
    Unary(IntUnary, Arithmetic, Box<Node>, Site),
    IfOverflow(IntBinary, Box<(Node, Node, Node)>),
    /// Traps outside of the range.
    Check(Range, Box<Node>, Site),
    /// Outside of the range inference has erred.
    Proven(Range, Box<Node>, Site),
    /// Takes the low bits.
    Truncate(Shape, Box<Node>),
    Compare(Comparison, Box<(Node, Node)>),
    FloatCompare(Comparison, FloatWidth, Box<(Node, Node)>),
    Float(FloatOp, FloatWidth, Box<[Node]>),
    IntToFloat(FloatWidth, Box<Node>),
    FloatToFloat(FloatWidth, Box<Node>),
    Truncated(FloatWidth, Box<Node>, Site),
    Not(Box<Node>),
    If(Box<(Node, Node, Node)>),
    And(Box<(Node, Node)>),
    Or(Box<(Node, Node)>),
    Case(Box<CaseNode>, Site),
    Seq(Box<[Node]>),
    Labelled(u32, Box<Node>),
    Exit(u32, Box<Node>),
    Loop(u32, Box<Node>, Site),
    For(Box<ForNode>, Site),
    Return(Box<Node>),
    Call(MethodId, Box<[Node]>),
    CallFunction(Box<(Node, Vec<Node>, FunctionType)>, Site),
    Assert(Box<Node>, Site),
    Intrinsic(crate::typed::Intrinsic, Box<[Node]>, Site),
}

/// Choice by constants.
pub(super) struct CaseNode {
    pub(super) scrutinee: Node,
    pub(super) choices: FxHashMap<i128, u32>,
    pub(super) arms: Vec<Node>,
    pub(super) otherwise: Option<Node>,
}

/// `to:do:`.
pub(super) struct ForNode {
    pub(super) variable: u32,
    pub(super) from: Node,
    pub(super) to: Node,
    pub(super) step: i128,
    pub(super) body: Node,
}

/// Which format a float pattern has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum FloatWidth {
    Double,
    Single,
}

impl MethodCode {
    pub(super) fn new(method: &Method, body: Body) -> Self {
        let params = method
            .locals
            .values()
            .take(method.n_params)
            .map(|local| local.ty)
            .collect();
        MethodCode {
            name: method.name.clone(),
            span: method.span,
            n_params: method.n_params,
            n_locals: method.locals.len(),
            body,
            is_handler: method.kind == crate::typed::MethodKind::Handler,
            signature: FunctionType {
                params,
                result: method.result,
            },
        }
    }
}

impl Code {
    /// The address that stands for a method's code.
    pub(super) fn function_address(method: MethodId) -> u64 {
        use crate::base::entity::EntityRef;
        FUNCTION_BASE + FUNCTION_STEP * method.index() as u64
    }

    /// The method at an address.
    pub(super) fn method_at(&self, address: u64) -> Option<MethodId> {
        use crate::base::entity::EntityRef;
        let distance = address.checked_sub(FUNCTION_BASE)?;
        let index = usize::try_from(distance / FUNCTION_STEP).ok()?;
        (distance % FUNCTION_STEP == 0 && index < self.methods.len()).then(|| MethodId::new(index))
    }
}
