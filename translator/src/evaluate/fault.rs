//! How evaluation ends.

use super::memory::MemoryFault;
use crate::base::source::Span;
use crate::typed::{MethodId, Trap};

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

impl FaultKind {
    /// Where to look for the cause.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            FaultKind::Trap(trap) => trap.hint(),
            FaultKind::Memory(_) => {
                "look where the address comes from: the callers stand below, the innermost first"
            }
            FaultKind::Bounds(..) => "an array is indexed from 1 to its size",
            FaultKind::Claim(_) => "this is a fault of the translator: report it with the program",
            FaultKind::BadFunction(_) => {
                "the field or table that was called holds no function yet, or one of other types"
            }
            FaultKind::Unsupported(_) => {
                "the evaluator simulates what the VM uses: run the program natively"
            }
            FaultKind::OutOfFuel => "look for a loop without end, or run it natively",
            FaultKind::TooDeep => "look for a recursion without end",
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
