//! Arithmetic on constants, as the machine does it.

use super::opcode::{BinaryOp, UnaryOp};
use super::types::Type;

/// The result of an integer operation; `None` for a division that has none, and for floats.
#[must_use]
pub fn binary(op: BinaryOp, a: i64, b: i64) -> Option<i64> {
    let (ua, ub) = (a.cast_unsigned(), b.cast_unsigned());
    let count = (b & 63).cast_unsigned() as u32;
    let signed = u64::cast_signed;
    match op {
        BinaryOp::Add => Some(a.wrapping_add(b)),
        BinaryOp::Sub => Some(a.wrapping_sub(b)),
        BinaryOp::Mul => Some(a.wrapping_mul(b)),
        BinaryOp::And => Some(a & b),
        BinaryOp::Or => Some(a | b),
        BinaryOp::Xor => Some(a ^ b),
        BinaryOp::Shl => Some(a.wrapping_shl(count)),
        BinaryOp::Shr => Some(signed(ua.wrapping_shr(count))),
        BinaryOp::Sar => Some(a.wrapping_shr(count)),
        BinaryOp::Rotl => Some(a.rotate_left(count)),
        BinaryOp::Rotr => Some(a.rotate_right(count)),
        BinaryOp::Mulhs => Some(((i128::from(a) * i128::from(b)) >> 64) as i64),
        BinaryOp::Mulhu => Some(signed(((u128::from(ua) * u128::from(ub)) >> 64) as u64)),
        BinaryOp::Sdiv => a.checked_div(b),
        BinaryOp::Srem => a.checked_rem(b),
        BinaryOp::Udiv => ua.checked_div(ub).map(signed),
        BinaryOp::Urem => ua.checked_rem(ub).map(signed),
        BinaryOp::Fadd | BinaryOp::Fsub | BinaryOp::Fmul | BinaryOp::Fdiv => None,
    }
}

/// The result of a float operation, in bits.
#[must_use]
pub fn float_binary(op: BinaryOp, a: u64, b: u64) -> Option<u64> {
    let (a, b) = (f64::from_bits(a), f64::from_bits(b));
    let result = match op {
        BinaryOp::Fadd => a + b,
        BinaryOp::Fsub => a - b,
        BinaryOp::Fmul => a * b,
        BinaryOp::Fdiv => a / b,
        _ => return None,
    };
    // The payload of a NaN is the machine's affair.
    (!result.is_nan()).then(|| result.to_bits())
}

/// The result of a unary operation on an integer or a boolean.
#[must_use]
pub fn unary(op: UnaryOp, ty: Type, a: i64) -> Option<i64> {
    let ua = a.cast_unsigned();
    match op {
        UnaryOp::Neg => Some(a.wrapping_neg()),
        UnaryOp::Not if ty == Type::Bool => Some(a ^ 1),
        UnaryOp::Not => Some(!a),
        UnaryOp::Clz => Some(i64::from(ua.leading_zeros())),
        UnaryOp::Ctz => Some(i64::from(ua.trailing_zeros())),
        UnaryOp::Popcnt => Some(i64::from(ua.count_ones())),
        UnaryOp::Bswap16 => Some(i64::from((ua as u16).swap_bytes())),
        UnaryOp::Bswap32 => Some(i64::from((ua as u32).swap_bytes())),
        UnaryOp::Bswap64 => Some(a.swap_bytes()),
        UnaryOp::B2i => Some(a),
        _ => None,
    }
}

/// The low bits, sign-extended.
#[must_use]
pub fn sign_extend(bits: u8, a: i64) -> i64 {
    let shift = 64 - u32::from(bits.clamp(1, 64));
    a << shift >> shift
}

/// The low bits, zero-extended.
#[must_use]
pub fn zero_extend(bits: u8, a: i64) -> i64 {
    if bits >= 64 { a } else { a & low_mask(bits) }
}

/// As many ones, from below.
#[must_use]
pub fn low_mask(bits: u8) -> i64 {
    if bits >= 64 {
        -1
    } else {
        (1i64 << bits).wrapping_sub(1)
    }
}
