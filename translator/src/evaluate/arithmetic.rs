//! Exact integer arithmetic, the meaning of Slang's integer operations.
//!
//! Values are `i128`: every operand has at most 64 bits, so every result but a product of two large unsigned values is exact.
//! Under [`Arithmetic::Wrapping`](crate::typed::Arithmetic) results wrap at 128 bits, which leaves the low 64 bits right whatever the chain of operations above is.

use crate::typed::{IntBinary, IntType, IntUnary};

/// Why an operation has no value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ArithmeticFault {
    /// The divisor is zero.
    DivisionByZero,
    /// A shift count outside 0..=63.
    ShiftCount,
    /// The exact result does not even fit 128 bits.
    Huge,
}

/// The exact value of `a op b`.
///
/// # Errors
/// The operation has no value, or none of 128 bits.
pub fn binary(op: IntBinary, a: i128, b: i128) -> Result<i128, ArithmeticFault> {
    Ok(match op {
        IntBinary::Add => a.checked_add(b).ok_or(ArithmeticFault::Huge)?,
        IntBinary::Sub => a.checked_sub(b).ok_or(ArithmeticFault::Huge)?,
        IntBinary::Mul => a.checked_mul(b).ok_or(ArithmeticFault::Huge)?,
        IntBinary::Shl => {
            let shifted = a << shift_count(b)?;
            if shifted >> b != a {
                return Err(ArithmeticFault::Huge);
            }
            shifted
        }
        _ => wrapping_binary(op, a, b)?,
    })
}

/// The value of `a op b` modulo 2^128: its low 64 bits are those of the exact value.
///
/// # Errors
/// The operation has no value.
pub fn wrapping_binary(op: IntBinary, a: i128, b: i128) -> Result<i128, ArithmeticFault> {
    Ok(match op {
        IntBinary::Add => a.wrapping_add(b),
        IntBinary::Sub => a.wrapping_sub(b),
        IntBinary::Mul => a.wrapping_mul(b),
        IntBinary::FloorDiv => {
            let quotient = a.wrapping_div(divisor(b)?);
            if a % b != 0 && (a < 0) != (b < 0) {
                quotient - 1
            } else {
                quotient
            }
        }
        IntBinary::FloorMod => {
            let remainder = a.wrapping_rem(divisor(b)?);
            if remainder != 0 && (remainder < 0) != (b < 0) {
                remainder + b
            } else {
                remainder
            }
        }
        IntBinary::Quo => a.wrapping_div(divisor(b)?),
        IntBinary::Rem => a.wrapping_rem(divisor(b)?),
        IntBinary::And => a & b,
        IntBinary::Or => a | b,
        IntBinary::Xor => a ^ b,
        IntBinary::Clear => a & !b,
        IntBinary::Shl => a << shift_count(b)?,
        IntBinary::Shr => a >> shift_count(b)?,
        IntBinary::Min => a.min(b),
        IntBinary::Max => a.max(b),
        IntBinary::MulHighUnsigned => {
            let product = u128::from(pattern(a)) * u128::from(pattern(b));
            i128::from((product >> 64) as u64)
        }
        IntBinary::MulHighSigned => {
            (i128::from(pattern(a) as i64) * i128::from(pattern(b) as i64)) >> 64
        }
        IntBinary::RotateLeft => i128::from(pattern(a).rotate_left((pattern(b) & 63) as u32)),
        IntBinary::RotateRight => i128::from(pattern(a).rotate_right((pattern(b) & 63) as u32)),
    })
}

/// The exact value of `op a`; patterns (bit counts, swaps) are of the low 64 bits.
pub fn unary(op: IntUnary, a: i128) -> i128 {
    let bits = pattern(a);
    match op {
        IntUnary::Neg => a.wrapping_neg(),
        IntUnary::Abs => a.wrapping_abs(),
        IntUnary::Invert => !a,
        IntUnary::HighBit => i128::from(64 - bits.leading_zeros()),
        IntUnary::LowBit if bits == 0 => 0,
        IntUnary::LowBit => i128::from(bits.trailing_zeros() + 1),
        IntUnary::BitCount => i128::from(bits.count_ones()),
        IntUnary::LeadingZeros => i128::from(bits.leading_zeros()),
        IntUnary::TrailingZeros => i128::from(bits.trailing_zeros()),
        IntUnary::ByteSwap16 => i128::from((bits as u16).swap_bytes()),
        IntUnary::ByteSwap32 => i128::from((bits as u32).swap_bytes()),
        IntUnary::ByteSwap64 => i128::from(bits.swap_bytes()),
    }
}

/// The low 64 bits.
pub fn pattern(value: i128) -> u64 {
    value as u64
}

/// The value of type `ty` with the same low bits.
pub fn truncate(value: i128, ty: IntType) -> i128 {
    truncate_to(value, ty.bits, ty.signed)
}

/// The integer of `bits` bits (1..=64) with the same low bits.
pub fn truncate_to(value: i128, bits: u8, signed: bool) -> i128 {
    let unused = 64 - u32::from(bits.clamp(1, 64));
    let high = pattern(value) << unused;
    if signed {
        i128::from(high as i64 >> unused)
    } else {
        i128::from(high >> unused)
    }
}

/// Whether a signed 64-bit integer holds the value.
pub fn fits_signed(value: i128) -> bool {
    i128::from(value as i64) == value
}

/// Whether an unsigned 64-bit integer holds the value.
pub fn fits_unsigned(value: i128) -> bool {
    i128::from(value as u64) == value
}

fn divisor(b: i128) -> Result<i128, ArithmeticFault> {
    if b == 0 {
        Err(ArithmeticFault::DivisionByZero)
    } else {
        Ok(b)
    }
}

fn shift_count(b: i128) -> Result<u32, ArithmeticFault> {
    match u32::try_from(b) {
        Ok(count) if count < 64 => Ok(count),
        _ => Err(ArithmeticFault::ShiftCount),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn division_floors_and_quo_truncates_for_every_pair_of_signs() {
        let cases = [
            (7, 2, 3, 1, 3, 1),
            (-7, 2, -4, 1, -3, -1),
            (7, -2, -4, -1, -3, 1),
            (-7, -2, 3, -1, 3, -1),
            (6, -3, -2, 0, -2, 0),
        ];
        for (a, b, floor, modulo, quo, rem) in cases {
            assert_eq!(binary(IntBinary::FloorDiv, a, b), Ok(floor), "{a} // {b}");
            assert_eq!(
                binary(IntBinary::FloorMod, a, b),
                Ok(modulo),
                "{a} \\\\ {b}"
            );
            assert_eq!(binary(IntBinary::Quo, a, b), Ok(quo), "{a} quo: {b}");
            assert_eq!(binary(IntBinary::Rem, a, b), Ok(rem), "{a} rem: {b}");
        }
        assert_eq!(
            binary(IntBinary::Quo, 1, 0),
            Err(ArithmeticFault::DivisionByZero)
        );
    }

    #[test]
    fn truncation_keeps_the_low_bits_and_extends_by_the_sign_of_the_type() {
        assert_eq!(truncate_to(0x1FF, 8, false), 0xFF);
        assert_eq!(truncate_to(0x1FF, 8, true), -1);
        assert_eq!(truncate_to(-1, 64, false), u64::MAX.into());
        assert_eq!(truncate_to(u64::MAX.into(), 64, true), -1);
        assert_eq!(truncate_to(1, 1, true), -1);
    }

    #[test]
    fn products_beyond_128_bits_are_reported_and_wrap_on_demand() {
        let max = i128::from(u64::MAX);
        assert_eq!(binary(IntBinary::Mul, max, max), Err(ArithmeticFault::Huge));
        assert_eq!(
            wrapping_binary(IntBinary::Mul, max, max).map(pattern),
            Ok(1)
        );
        assert_eq!(
            binary(IntBinary::Shl, 1, 64),
            Err(ArithmeticFault::ShiftCount)
        );
    }
}
