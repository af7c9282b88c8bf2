//! Why a running program traps.

/// Traps of the language.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
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
    /// A false assertion (checked builds).
    Assertion,
    /// Control came to `unreachable`.
    Unreachable,
    /// An array index outside of the array (checked builds).
    Bounds,
}

impl Trap {
    /// Every trap, in order.
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

    /// Where to look for the cause.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Trap::Overflow => "widen the type of the result, or test with ifOverflow: first",
            Trap::Conversion => "test the value before it is converted, or widen the type",
            Trap::DivisionByZero => "test the divisor first",
            Trap::ShiftCount => "test the count first",
            Trap::FloatRange => "test the float against the greatest Int64 first",
            Trap::NoCase => "add the case, or write caseOf:otherwise:",
            Trap::Assertion => "the condition of self assert: does not hold here",
            Trap::Unreachable => "the method says that control never gets here",
            Trap::Bounds => "an array is indexed from 1 to its size",
        }
    }

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
