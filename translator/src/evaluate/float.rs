//! Float operations on bit patterns.

use super::code::FloatWidth;
use crate::typed::FloatOp;

/// The number of a pattern, exactly.
pub(super) fn number(width: FloatWidth, pattern: i128) -> f64 {
    match width {
        FloatWidth::Double => f64::from_bits(pattern as u64),
        FloatWidth::Single => f32::from_bits(pattern as u32).into(),
    }
}

/// The pattern of a number, rounded to the format.
pub(super) fn pattern(width: FloatWidth, number: f64) -> i128 {
    match width {
        FloatWidth::Double => number.to_bits().into(),
        FloatWidth::Single => (number as f32).to_bits().into(),
    }
}

/// One operation. Single precision is computed in double precision and rounded once, which is exact for these operations.
pub(super) fn operate(op: FloatOp, width: FloatWidth, operands: &[f64]) -> i128 {
    let a = operands.first().copied().unwrap_or_default();
    let b = operands.get(1).copied().unwrap_or_default();
    let result = match op {
        FloatOp::Add => a + b,
        FloatOp::Sub => a - b,
        FloatOp::Mul => a * b,
        FloatOp::Div => a / b,
        FloatOp::Neg => -a,
        FloatOp::Abs => a.abs(),
        FloatOp::Sqrt => a.sqrt(),
        FloatOp::Floor => a.floor(),
    };
    pattern(width, result)
}

/// Rounded to zero, if an `Int64` holds it.
pub(super) fn truncated(number: f64) -> Option<i128> {
    // Both bounds are exact doubles.
    let limit = 9_223_372_036_854_775_808.0;
    (number >= -limit && number < limit).then_some(number as i128)
}
