//! Integer operations.
//!
//! A value is the low 64 bits of an exact integer; its range says whether they are to be read as signed or as unsigned.

use super::function::{Int, Lowering};
use crate::ir::{self, BinaryOp, CheckedOp, IntCond, UnaryOp, Value};
use crate::typed::{Arithmetic, Expr, IntBinary, IntType, IntUnary, Range, Trap};

impl Range {
    /// A signed 64-bit integer holds every value.
    pub(super) fn is_signed(self) -> bool {
        self.within(IntType::INT64.range())
    }

    /// No value is negative.
    pub(super) fn is_natural(self) -> bool {
        self.lo >= 0
    }

    pub(super) fn contains(self, value: i128) -> bool {
        self.lo <= value && value <= self.hi
    }

    /// The only value.
    pub(super) fn constant(self) -> Option<i128> {
        (self.lo == self.hi).then_some(self.lo)
    }
}

impl Lowering<'_> {
    #[expect(clippy::too_many_lines, reason = "one dispatch over the operations")]
    pub(super) fn int_binary(
        &mut self,
        op: IntBinary,
        mode: Arithmetic,
        a: &Expr,
        b: &Expr,
    ) -> Option<Value> {
        let (a, b) = self.ints(a, b)?;
        Some(match op {
            IntBinary::Add => self.sum(CheckedOp::AddS, CheckedOp::AddU, mode, a, b),
            IntBinary::Sub => self.sum(CheckedOp::SubS, CheckedOp::SubU, mode, a, b),
            IntBinary::Mul => self.sum(CheckedOp::MulS, CheckedOp::MulU, mode, a, b),
            IntBinary::FloorDiv | IntBinary::FloorMod | IntBinary::Quo | IntBinary::Rem => {
                self.divide(op, mode, a, b)
            }
            IntBinary::And | IntBinary::Or | IntBinary::Xor | IntBinary::Clear => {
                self.bitwise(op, mode, a, b)
            }
            IntBinary::Shl => self.shift_left(mode, a, b),
            IntBinary::Shr => {
                self.guard_count(b);
                let shift = if a.range.is_natural() {
                    BinaryOp::Shr
                } else {
                    BinaryOp::Sar
                };
                let value = self.b.binary(shift, a.value, b.value);
                self.judged(
                    mode,
                    Int {
                        value,
                        range: a.range,
                    },
                )
            }
            IntBinary::Min | IntBinary::Max => self.extreme(op, mode, a, b),
            IntBinary::MulHighUnsigned | IntBinary::MulHighSigned => {
                let signed = op == IntBinary::MulHighSigned;
                let value = self.b.binary(
                    if signed {
                        BinaryOp::Mulhs
                    } else {
                        BinaryOp::Mulhu
                    },
                    a.value,
                    b.value,
                );
                let ty = if signed {
                    IntType::INT64
                } else {
                    IntType::UINT64
                };
                self.judged(
                    mode,
                    Int {
                        value,
                        range: ty.range(),
                    },
                )
            }
            IntBinary::RotateLeft | IntBinary::RotateRight => {
                let rotate = if op == IntBinary::RotateLeft {
                    BinaryOp::Rotl
                } else {
                    BinaryOp::Rotr
                };
                let value = self.b.binary(rotate, a.value, b.value);
                self.judged(
                    mode,
                    Int {
                        value,
                        range: IntType::UINT64.range(),
                    },
                )
            }
        })
    }

    /// Addition, subtraction, multiplication.
    fn sum(
        &mut self,
        signed: CheckedOp,
        unsigned: CheckedOp,
        mode: Arithmetic,
        a: Int,
        b: Int,
    ) -> Value {
        let reason = self.shared.reason(Trap::Overflow);
        match mode {
            Arithmetic::Exact | Arithmetic::Wrapping => {
                self.b.binary(signed.wrapping(), a.value, b.value)
            }
            Arithmetic::Checked { signed: true } if a.range.is_signed() && b.range.is_signed() => {
                self.b.checked(signed, a.value, b.value, reason)
            }
            Arithmetic::Checked { signed: false }
                if a.range.is_natural() && b.range.is_natural() =>
            {
                self.b.checked(unsigned, a.value, b.value, reason)
            }
            Arithmetic::Checked { signed: tested } => {
                let wide = self.wide_sum(signed.wrapping(), a, b);
                self.narrow(wide, tested)
            }
        }
    }

    fn bitwise(&mut self, op: IntBinary, mode: Arithmetic, a: Int, b: Int) -> Value {
        let one = |lowering: &mut Self, a, b| match op {
            IntBinary::And => lowering.b.binary(BinaryOp::And, a, b),
            IntBinary::Or => lowering.b.binary(BinaryOp::Or, a, b),
            IntBinary::Xor => lowering.b.binary(BinaryOp::Xor, a, b),
            _ => {
                let mask = lowering.b.unary(UnaryOp::Not, b);
                lowering.b.binary(BinaryOp::And, a, mask)
            }
        };
        let low = one(self, a.value, b.value);
        let of_one_kind = a.range.is_signed() && b.range.is_signed()
            || a.range.is_natural() && b.range.is_natural();
        let Arithmetic::Checked { signed } = mode else {
            return low;
        };
        if of_one_kind {
            let ty = if a.range.is_natural() && b.range.is_natural() {
                IntType::UINT64
            } else {
                IntType::INT64
            };
            return self.judged(
                mode,
                Int {
                    value: low,
                    range: ty.range(),
                },
            );
        }
        let (a, b) = (self.widen(a), self.widen(b));
        let high = one(self, a.high, b.high);
        self.narrow(super::wide::Wide { low, high }, signed)
    }

    fn extreme(&mut self, op: IntBinary, mode: Arithmetic, a: Int, b: Int) -> Value {
        let less = self.compare(crate::typed::Comparison::Lt, a, b);
        let (yes, no) = if op == IntBinary::Min { (a, b) } else { (b, a) };
        let low = self.b.select(less, yes.value, no.value);
        let Arithmetic::Checked { signed } = mode else {
            return low;
        };
        let (yes, no) = (self.widen(yes), self.widen(no));
        let high = self.b.select(less, yes.high, no.high);
        self.narrow(super::wide::Wide { low, high }, signed)
    }

    /// A result of one kind, signed or natural; traps when the other one is asked for and the top bit is set.
    fn judged(&mut self, mode: Arithmetic, result: Int) -> Value {
        let Arithmetic::Checked { signed } = mode else {
            return result.value;
        };
        let holds = if signed {
            result.range.is_signed()
        } else {
            result.range.is_natural()
        };
        if !holds {
            self.refuse_sign_bit(result.value);
        }
        result.value
    }

    fn shift_left(&mut self, mode: Arithmetic, a: Int, count: Int) -> Value {
        self.guard_count(count);
        let shifted = self.b.binary(BinaryOp::Shl, a.value, count.value);
        let Arithmetic::Checked { signed } = mode else {
            return shifted;
        };
        let needs_sign = if signed {
            !a.range.is_signed()
        } else {
            !a.range.is_natural()
        };
        if needs_sign {
            // A large unsigned value has no signed result, a negative one no unsigned result.
            let zero = self.b.iconst(0);
            let negative = self.b.icmp(IntCond::Slt, a.value, zero);
            self.trap_if(negative, Trap::Overflow);
        }
        let back = self.b.binary(
            if signed { BinaryOp::Sar } else { BinaryOp::Shr },
            shifted,
            count.value,
        );
        let lost = self.b.icmp(IntCond::Ne, back, a.value);
        self.trap_if(lost, Trap::Overflow);
        shifted
    }

    /// Traps unless a shift count is in 0..=63.
    fn guard_count(&mut self, count: Int) {
        if count.range.lo >= 0 && count.range.hi <= 63 {
            return;
        }
        let limit = self.b.iconst(63);
        let outside = self.b.icmp(IntCond::Ugt, count.value, limit);
        self.trap_if(outside, Trap::ShiftCount);
    }

    pub(super) fn int_unary(&mut self, op: IntUnary, mode: Arithmetic, a: &Expr) -> Option<Value> {
        let a = self.int(a)?;
        let count = |lowering: &mut Self, op| lowering.b.unary(op, a.value);
        Some(match op {
            IntUnary::Neg => self.negate(mode, a),
            IntUnary::Abs => self.absolute(mode, a),
            IntUnary::Invert => self.invert(mode, a),
            IntUnary::HighBit => {
                let zeros = count(self, UnaryOp::Clz);
                let width = self.b.iconst(64);
                self.b.binary(BinaryOp::Sub, width, zeros)
            }
            IntUnary::LowBit => {
                let zeros = count(self, UnaryOp::Ctz);
                let one = self.b.iconst(1);
                let number = self.b.binary(BinaryOp::Add, zeros, one);
                let zero = self.b.iconst(0);
                let none = self.b.icmp(IntCond::Eq, a.value, zero);
                self.b.select(none, zero, number)
            }
            IntUnary::BitCount => count(self, UnaryOp::Popcnt),
            IntUnary::LeadingZeros => count(self, UnaryOp::Clz),
            IntUnary::TrailingZeros => count(self, UnaryOp::Ctz),
            IntUnary::ByteSwap16 => count(self, UnaryOp::Bswap16),
            IntUnary::ByteSwap32 => count(self, UnaryOp::Bswap32),
            IntUnary::ByteSwap64 => count(self, UnaryOp::Bswap64),
        })
    }

    fn negate(&mut self, mode: Arithmetic, a: Int) -> Value {
        match mode {
            Arithmetic::Exact | Arithmetic::Wrapping => self.b.unary(UnaryOp::Neg, a.value),
            Arithmetic::Checked { .. } => {
                let zero = Int {
                    value: self.b.iconst(0),
                    range: Range::exactly(0),
                };
                self.sum(CheckedOp::SubS, CheckedOp::SubU, mode, zero, a)
            }
        }
    }

    fn absolute(&mut self, mode: Arithmetic, a: Int) -> Value {
        if a.range.is_natural() {
            if mode == (Arithmetic::Checked { signed: true }) && !a.range.is_signed() {
                self.refuse_sign_bit(a.value);
            }
            return a.value;
        }
        let zero = self.b.iconst(0);
        let negated = self.b.unary(UnaryOp::Neg, a.value);
        let negative = self.b.icmp(IntCond::Slt, a.value, zero);
        let absolute = self.b.select(negative, negated, a.value);
        if mode == (Arithmetic::Checked { signed: true }) {
            self.refuse_sign_bit(absolute);
        }
        absolute
    }

    fn invert(&mut self, mode: Arithmetic, a: Int) -> Value {
        match mode {
            Arithmetic::Checked { signed }
                if a.range.is_signed() != signed || !a.range.is_signed() =>
            {
                let wide = self.widen(a);
                let inverted = super::wide::Wide {
                    low: self.b.unary(UnaryOp::Not, wide.low),
                    high: self.b.unary(UnaryOp::Not, wide.high),
                };
                self.narrow(inverted, signed)
            }
            _ => self.b.unary(UnaryOp::Not, a.value),
        }
    }

    /// Traps when the top bit is set.
    fn refuse_sign_bit(&mut self, value: Value) {
        let zero = self.b.iconst(0);
        let large = self.b.icmp(IntCond::Slt, value, zero);
        self.trap_if(large, Trap::Overflow);
    }

    pub(super) fn if_overflow(
        &mut self,
        op: IntBinary,
        a: &Expr,
        b: &Expr,
        otherwise: &Expr,
    ) -> Option<Value> {
        let (a, b) = self.ints(a, b)?;
        let checked = match op {
            IntBinary::Add => CheckedOp::AddS,
            IntBinary::Sub => CheckedOp::SubS,
            IntBinary::Mul => CheckedOp::MulS,
            _ => return self.refuse("ifOverflow: on another operation than + - *"),
        };
        let mut done = super::function::Join::new(Some(ir::Type::I64));
        let overflow = self.b.create_block();
        self.mark_reached(overflow);
        let value = if a.range.is_signed() && b.range.is_signed() {
            self.b.br_checked(checked, a.value, b.value, overflow)
        } else {
            let wide = self.wide_sum(checked.wrapping(), a, b);
            let fits = self.fits(wide, true);
            let normal = self.b.create_block();
            self.branch(fits, normal, overflow, ir::Hint::Likely);
            self.enter(normal);
            wide.low
        };
        self.join(&mut done, Some(value));
        self.enter(overflow);
        let value = self.expr(otherwise);
        self.join(&mut done, value);
        self.enter_join(done)
    }
}
