//! Encodes integer and memory instructions.

use super::codes::{
    alu_code, cmov_code, load_code, register, set_code, shift_code, store_codes, unary_code,
};
use super::{Emitter, r64};
use crate::x64::inst::{Alu, Cond, Form, MInst, Op, Unary, Width};
use crate::x64::registers::RDX;
use iced_x86::{Code as Encoding, Instruction, Register};

impl Emitter<'_> {
    pub(super) fn memory_instruction(&mut self, inst: &MInst) {
        match inst.op {
            Op::Lea => {
                let dst = self.reg(inst.dst, Width::W64);
                self.put_memory(&inst.mem, |mem| {
                    Instruction::with2(Encoding::Lea_r64_m, dst, mem)
                });
            }
            Op::Load(load) => {
                let (code, width) = load_code(load);
                let dst = self.reg(inst.dst, width);
                self.put_memory(&inst.mem, |mem| Instruction::with2(code, dst, mem));
            }
            Op::Store(width) => {
                let a = self.reg(inst.a, width);
                let code = store_codes(width).0;
                self.put_memory(&inst.mem, |mem| Instruction::with2(code, mem, a));
            }
            Op::StoreImm(width) => {
                let code = store_codes(width).1;
                let imm = immediate(inst.imm, width);
                self.put_memory(&inst.mem, |mem| Instruction::with2(code, mem, imm));
            }
            Op::StoreFloat { double } => {
                let a = self.reg(inst.a, Width::W64);
                let code = match double {
                    true => Encoding::Movsd_xmmm64_xmm,
                    false => Encoding::Movss_xmmm32_xmm,
                };
                self.put_memory(&inst.mem, |mem| Instruction::with2(code, mem, a));
            }
            other => unreachable!("{other:?} has no address"),
        }
    }

    pub(super) fn shift(&mut self, inst: &MInst) {
        match inst.op {
            Op::ShiftImm(shift, width) => {
                let code = shift_code(shift, width, false);
                let a = self.reg(inst.a, width);
                let count = i32::try_from(inst.imm).expect("a small count");
                self.put(Instruction::with2(code, a, count));
            }
            Op::ShiftCl(shift, width) => {
                let code = shift_code(shift, width, true);
                let a = self.reg(inst.a, width);
                self.put(Instruction::with2(code, a, Register::CL));
            }
            other => unreachable!("{other:?} is no shift"),
        }
    }

    pub(super) fn fixed_shape(&mut self, inst: &MInst) {
        match inst.op {
            Op::WideMul { signed } => {
                let code = if signed {
                    Encoding::Imul_rm64
                } else {
                    Encoding::Mul_rm64
                };
                let b = self.preg(inst.b);
                self.put1(code, b);
            }
            Op::Divide { signed } => self.divide(inst, signed),
            Op::BitTest => {
                let a = self.reg(inst.a, Width::W64);
                let bit = i32::try_from(inst.imm).expect("below 64");
                self.put(Instruction::with2(Encoding::Bt_rm64_imm8, a, bit));
            }
            other => unreachable!("{other:?} has another shape"),
        }
    }

    pub(super) fn move_immediate(&mut self, inst: &MInst) {
        let n = inst.imm;
        let dst = self.preg(inst.dst);
        let (narrow, wide) = (register(dst, Width::W32), r64(dst));
        let instruction = if n == 0 && self.reader.is_none() {
            Instruction::with2(Encoding::Xor_r32_rm32, narrow, narrow)
        } else if let Ok(n) = u32::try_from(n) {
            Instruction::with2(Encoding::Mov_r32_imm32, narrow, n)
        } else if let Ok(n) = i32::try_from(n) {
            Instruction::with2(Encoding::Mov_rm64_imm32, wide, n)
        } else {
            Instruction::with2(Encoding::Mov_r64_imm64, wide, n)
        };
        self.put(instruction);
    }

    pub(super) fn alu(&mut self, inst: &MInst, alu: Alu, width: Width, form: Form) {
        let imm = immediate(inst.imm, width);
        let short = i8::try_from(imm).is_ok();
        // Adding -128 is shorter than subtracting 128, and leaves other flags, so only the immediate decides.
        let code = alu_code(alu, width, form, short);
        match form {
            Form::Reg if alu == Alu::Test && inst.a == inst.b && self.is_tested(inst) => {}
            Form::Reg => {
                let (a, b) = (self.reg(inst.a, width), self.reg(inst.b, width));
                self.put(Instruction::with2(code, a, b));
            }
            Form::Imm => {
                let a = self.reg(inst.a, width);
                self.put(Instruction::with2(code, a, imm));
            }
            Form::Mem => {
                let a = self.reg(inst.a, width);
                if alu == Alu::Test {
                    self.put_memory(&inst.mem, |mem| Instruction::with2(code, mem, a));
                } else {
                    self.put_memory(&inst.mem, |mem| Instruction::with2(code, a, mem));
                }
            }
            Form::MemReg => {
                let b = self.reg(inst.b, width);
                self.put_memory(&inst.mem, |mem| Instruction::with2(code, mem, b));
            }
            Form::MemImm => {
                self.put_memory(&inst.mem, |mem| Instruction::with2(code, mem, imm));
            }
        }
    }

    /// Whether the flags already say whether a register is zero, and nobody asks for more.
    fn is_tested(&self, inst: &MInst) -> bool {
        self.zero_flag_of == Some(self.preg(inst.a))
            && matches!(self.reader, Some(Cond::E | Cond::Ne))
    }

    pub(super) fn imul(&mut self, inst: &MInst, width: Width, form: Form) {
        let wide = width == Width::W64;
        let dst = self.reg(inst.dst, width);
        let two = if wide {
            Encoding::Imul_r64_rm64
        } else {
            Encoding::Imul_r32_rm32
        };
        match form {
            Form::Mem => self.put_memory(&inst.mem, |mem| Instruction::with2(two, dst, mem)),
            Form::Imm => {
                let imm = immediate(inst.imm, width);
                let code = match (wide, i8::try_from(imm).is_ok()) {
                    (true, true) => Encoding::Imul_r64_rm64_imm8,
                    (true, false) => Encoding::Imul_r64_rm64_imm32,
                    (false, true) => Encoding::Imul_r32_rm32_imm8,
                    (false, false) => Encoding::Imul_r32_rm32_imm32,
                };
                let a = self.reg(inst.a, width);
                self.put(Instruction::with3(code, dst, a, imm));
            }
            _ => {
                let b = self.reg(inst.b, width);
                self.put(Instruction::with2(two, dst, b));
            }
        }
    }

    pub(super) fn divide(&mut self, inst: &MInst, signed: bool) {
        let b = self.preg(inst.b);
        if signed {
            self.put(Ok(Instruction::with(Encoding::Cqo)));
            self.put1(Encoding::Idiv_rm64, b);
        } else {
            let high = register(RDX, Width::W32);
            self.put(Instruction::with2(Encoding::Xor_r32_rm32, high, high));
            self.put1(Encoding::Div_rm64, b);
        }
    }

    pub(super) fn unary(&mut self, inst: &MInst, unary: Unary) {
        let (code, to, from) = unary_code(unary);
        let (dst, a) = (self.preg(inst.dst), self.preg(inst.a));
        match unary {
            Unary::Neg | Unary::Not | Unary::Bswap64 | Unary::Bswap32 => {
                self.put(Instruction::with1(code, register(dst, to)));
            }
            _ => self.put(Instruction::with2(
                code,
                register(dst, to),
                register(a, from),
            )),
        }
    }

    pub(super) fn set_condition(&mut self, inst: &MInst, cond: Cond) {
        let dst = self.reg(inst.dst, Width::W8);
        let (first, second, join) = match cond {
            Cond::FloatEq => (Cond::E, Cond::Np, Encoding::And_r8_rm8),
            Cond::FloatNe => (Cond::Ne, Cond::P, Encoding::Or_r8_rm8),
            _ => return self.put(Instruction::with1(set_code(cond), dst)),
        };
        let scratch = self.reg(inst.b, Width::W8);
        self.put(Instruction::with1(set_code(first), dst));
        self.put(Instruction::with1(set_code(second), scratch));
        self.put(Instruction::with2(join, dst, scratch));
    }

    pub(super) fn conditional_move(&mut self, inst: &MInst, cond: Cond) {
        let (dst, b) = (self.reg(inst.dst, Width::W64), self.reg(inst.b, Width::W64));
        let (first, second) = match cond {
            Cond::FloatNe => (Cond::Ne, Some(Cond::P)),
            _ => (cond, None),
        };
        for cond in [Some(first), second].into_iter().flatten() {
            self.put(Instruction::with2(cmov_code(cond), dst, b));
        }
    }
}
/// The low bits of an immediate, sign-extended from the width of the operation.
#[expect(clippy::cast_possible_truncation, reason = "the low bits are wanted")]
fn immediate(imm: i64, width: Width) -> i32 {
    match width {
        Width::W8 => i32::from(imm as i8),
        Width::W16 => i32::from(imm as i16),
        Width::W32 | Width::W64 => imm as i32,
    }
}
