//! How evaluation ends.

use super::memory::MemoryFault;
use crate::base::source::Span;
use crate::typed::MethodId;

/// How a run ended.
#[derive(Clone, PartialEq, Debug)]
pub enum Outcome {
    /// The method answered; integers are exact, everything else is a bit pattern.
    Value(i128),
    /// The program ended itself with this status.
    Exit(i32),
    /// The given number of bytecodes was run.
    BytecodeLimit,
    /// It went wrong.
    Fault(Box<Fault>),
}

/// What went wrong, where, and who called.
#[derive(Clone, PartialEq, Debug)]
pub struct Fault {
    /// What.
    pub kind: FaultKind,
    /// In which method.
    pub method: MethodId,
    /// Where.
    pub span: Span,
    /// Names of the running methods, innermost first.
    pub callers: Vec<String>,
}

/// What can go wrong.
#[derive(Clone, PartialEq, Debug)]
pub enum FaultKind {
    /// What generated code traps on too.
    Trap(Trap),
    /// An access that the program may not make.
    Memory(MemoryFault),
    /// An index outside of an array: distance from its start and the bounds.
    Bounds(i128, i64, i64),
    /// Inference claimed what is not so: a bug of the translator.
    Claim(String),
    /// A call of what is no function, or one of another signature.
    BadFunction(u64),
    /// The evaluator does not know this shim function or system call.
    Unsupported(String),
    /// More steps than allowed.
    OutOfFuel,
    /// Calls nested too deeply.
    TooDeep,
}

/// Traps of the language; the texts are those of generated code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Trap {
    /// A final result that does not fit.
    Overflow,
    /// A conversion that loses something.
    Conversion,
    /// Division by zero.
    DivisionByZero,
    /// A shift by less than 0 or more than 63.
    ShiftCount,
    /// A float that is no `Int64`.
    FloatRange,
    /// No case applies.
    NoCase,
    /// A false assertion.
    Assertion,
    /// Control came to `unreachable`.
    Unreachable,
    /// An array index outside of the array (checked builds).
    Bounds,
}

impl Trap {
    /// Every trap.
    pub const ALL: [Trap; 9] = [
        Trap::Overflow,
        Trap::Conversion,
        Trap::DivisionByZero,
        Trap::ShiftCount,
        Trap::FloatRange,
        Trap::NoCase,
        Trap::Assertion,
        Trap::Unreachable,
        Trap::Bounds,
    ];

    /// What is told to the user.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Trap::Overflow => "arithmetic overflow",
            Trap::Conversion => "value does not fit its type",
            Trap::DivisionByZero => "division by zero",
            Trap::ShiftCount => "shift count outside 0..63",
            Trap::FloatRange => "float does not fit an Int64",
            Trap::NoCase => "no case applies",
            Trap::Assertion => "assertion failed",
            Trap::Unreachable => "unreachable code was reached",
            Trap::Bounds => "index out of bounds",
        }
    }
}

impl std::fmt::Display for FaultKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            FaultKind::Trap(trap) => f.write_str(trap.text()),
            FaultKind::Memory(fault) => fault.fmt(f),
            FaultKind::Bounds(at, start, end) => {
                write!(f, "{}: byte {at} of {start}..{end}", Trap::Bounds.text())
            }
            FaultKind::Claim(claim) => write!(f, "the translator claimed wrongly that {claim}"),
            FaultKind::BadFunction(address) => write!(
                f,
                "call of {address:#x}, which is no function of that signature"
            ),
            FaultKind::Unsupported(what) => write!(f, "the evaluator does not know {what}"),
            FaultKind::OutOfFuel => f.write_str("more steps than allowed"),
            FaultKind::TooDeep => f.write_str("calls are nested too deeply"),
        }
    }
}
