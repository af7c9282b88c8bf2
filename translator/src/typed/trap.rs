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
