//! Extensions, and operations whose result is cut to few bits.

use super::Selector;
use super::build::MachineAddress;
use super::value::Source;
use crate::ir::{BinaryOp, Inst, Value};
use crate::x64::inst::{Alu, Load, Op, Reg, Shift, Unary, Width};

impl Selector<'_> {
    /// The low bits, sign-extended.
    pub(super) fn sign_extend(&mut self, bits: u8, a: Value, result: Option<Value>) {
        let dst = self.result(result);
        if let Some(place) = self.narrow_load(a, bits) {
            let load = match bits {
                8 => Load::S8,
                16 => Load::S16,
                _ => Load::S32,
            };
            let build = self.build(Op::Load(load)).mem(place).dst(dst);
            return self.emit(build);
        }
        let a = self.reg(a);
        let op = match bits {
            8 => Unary::Movsx8,
            16 => Unary::Movsx16,
            32 => Unary::Movsx32,
            _ => {
                let high = self.fresh_int();
                let count = 64 - i64::from(bits);
                self.shift_reg(Shift::Shl, Width::W64, high, a, count);
                return self.shift_reg(Shift::Sar, Width::W64, dst, high, count);
            }
        };
        self.extend(op, dst, a);
    }

    /// The low bits, zero-extended.
    pub(super) fn zero_extend(&mut self, bits: u8, a: Value, result: Option<Value>) {
        let dst = self.result(result);
        self.zero_extend_into(bits, a, dst);
    }

    pub(super) fn zero_extend_into(&mut self, bits: u8, a: Value, dst: Reg) {
        if let Some(place) = self.narrow_load(a, bits) {
            let load = match bits {
                8 => Load::U8,
                16 => Load::U16,
                _ => Load::U32,
            };
            let build = self.build(Op::Load(load)).mem(place).dst(dst);
            return self.emit(build);
        }
        if bits == 32 && !Self::is_fixed(dst) && self.narrow_operation(a, dst) {
            return;
        }
        let a = self.reg(a);
        match bits {
            8 => self.extend(Unary::Movzx8, dst, a),
            16 => self.extend(Unary::Movzx16, dst, a),
            32 => self.extend(Unary::Movzx32, dst, a),
            1..=31 => {
                let mask = i32::MAX >> (31 - bits);
                self.alu_into(Alu::And, Width::W32, dst, a, Source::Imm(mask));
            }
            _ => {
                let high = self.fresh_int();
                let count = 64 - i64::from(bits);
                self.shift_reg(Shift::Shl, Width::W64, high, a, count);
                self.shift_reg(Shift::Shr, Width::W64, dst, high, count);
            }
        }
    }

    /// The place of the low 8, 16 or 32 bits of a value that is a part of a 64-bit load done at the root.
    pub(super) fn narrow_load(&mut self, value: Value, bits: u8) -> Option<MachineAddress> {
        if !matches!(bits, 8 | 16 | 32) || self.held(value).is_some() {
            return None;
        }
        let (load, shift) = match self.def(value) {
            Some(Inst::Binary(BinaryOp::Shr | BinaryOp::Sar, load, count))
                if self.facts.uses(self.same(value)) == 1 =>
            {
                (load, self.constant_of(count)?)
            }
            _ => (value, 0),
        };
        if shift % 8 != 0
            || !(0..=64 - i64::from(bits)).contains(&shift)
            || self.held(load).is_some()
        {
            return None;
        }
        let mut place = self.whole_load(load)?;
        place.displacement = place
            .displacement
            .checked_add(i32::try_from(shift / 8).ok()?)?;
        Some(place)
    }

    /// Does an operation in 32 bits whose result is cut to 32 bits anyway; false if it is none.
    fn narrow_operation(&mut self, value: Value, dst: Reg) -> bool {
        let value = self.same(value);
        if self.facts.uses(value) != 1 || self.held(value).is_some() {
            return false;
        }
        let Some(Inst::Binary(op, a, b)) = self.def(value) else {
            return false;
        };
        let swap = op.commutes() && self.constant_of(a).is_some();
        let (a, b) = if swap { (b, a) } else { (a, b) };
        let alu = match op {
            BinaryOp::Add => Alu::Add,
            BinaryOp::Sub => Alu::Sub,
            BinaryOp::And => Alu::And,
            BinaryOp::Or => Alu::Or,
            BinaryOp::Xor => Alu::Xor,
            BinaryOp::Mul => {
                self.mul(Width::W32, dst, a, b);
                return true;
            }
            BinaryOp::Shl => {
                let Some(count @ 0..=31) = self.constant_of(b) else {
                    return false;
                };
                self.shift_by(Shift::Shl, Width::W32, dst, a, count);
                return true;
            }
            _ => return false,
        };
        let (a, b) = (self.without_extension(a, 32), self.without_extension(b, 32));
        self.two_address(alu, Width::W32, dst, a, b);
        true
    }

    /// The value whose low bits are the same: extensions that keep at least these bits are looked through.
    pub(super) fn without_extension(&self, value: Value, bits: u8) -> Value {
        match self.def(value) {
            Some(Inst::Zext(width, inner) | Inst::Sext(width, inner)) if width >= bits => {
                self.without_extension(inner, bits)
            }
            Some(Inst::Binary(BinaryOp::And, inner, mask)) => {
                let low = u64::MAX >> (64 - u32::from(bits));
                match self.constant_of(mask) {
                    Some(n) if n.cast_unsigned() & low == low => {
                        self.without_extension(inner, bits)
                    }
                    _ => value,
                }
            }
            _ => value,
        }
    }
}
