//! Encodes float instructions.

use super::Emitter;
use super::codes::register;
use crate::x64::inst::{Cond, Float, Form, MInst, Width};
use iced_x86::{Code, Instruction};

impl Emitter<'_> {
    pub(super) fn float(&mut self, inst: &MInst, float: Float, form: Form) {
        match float {
            Float::Trunc | Float::Floor => return self.round(inst, float),
            Float::FromInt => {
                // The instruction keeps the upper half of the register, which must not wait for its old value.
                let dst = self.reg(inst.dst, Width::W64);
                self.put(Instruction::with2(Code::Xorps_xmm_xmmm128, dst, dst));
            }
            _ => {}
        }
        let code = code_of(float);
        let target = match float {
            Float::Ucomi => inst.a,
            _ => inst.dst,
        };
        let target = self.reg(target, Width::W64);
        if form == Form::Mem {
            return self.put_memory(&inst.mem, |mem| Instruction::with2(code, target, mem));
        }
        let source = match float {
            Float::Add | Float::Sub | Float::Mul | Float::Div => inst.b,
            Float::And | Float::Xor | Float::Ucomi => inst.b,
            _ => inst.a,
        };
        let source = self.reg(source, Width::W64);
        self.put(Instruction::with2(code, target, source));
    }

    fn round(&mut self, inst: &MInst, float: Float) {
        // Bit 3 keeps the inexact flag as it is.
        let mode = if float == Float::Trunc {
            0b1011
        } else {
            0b1001
        };
        let (dst, a) = (self.reg(inst.dst, Width::W64), self.reg(inst.a, Width::W64));
        self.put(Instruction::with3(
            Code::Roundsd_xmm_xmmm64_imm8,
            dst,
            a,
            mode,
        ));
    }

    /// `dst` is the first source; a jump passes the move of the second.
    pub(super) fn float_select(&mut self, inst: &MInst, cond: Cond) {
        let (dst, b) = (self.reg(inst.dst, Width::W64), self.reg(inst.b, Width::W64));
        if dst == b {
            return;
        }
        let end = self.stream.label();
        self.branch_if(cond.inverse(), end);
        self.put(Instruction::with2(Code::Movaps_xmm_xmmm128, dst, b));
        self.stream.bind(end);
    }

    /// Unsigned integers beyond the signed range are halved, with the lost bit kept for rounding, and doubled again.
    pub(super) fn convert_unsigned(&mut self, inst: &MInst) {
        let a = self.reg(inst.a, Width::W64);
        let scratch = self.preg(inst.b);
        let scratch = register(scratch, Width::W64);
        let dst = self.reg(inst.dst, Width::W64);
        let (large, even, end) = (
            self.stream.label(),
            self.stream.label(),
            self.stream.label(),
        );
        self.put(Instruction::with2(Code::Xorps_xmm_xmmm128, dst, dst));
        self.put(Instruction::with2(Code::Test_rm64_r64, a, a));
        self.stream.branch(Cond::S, large);
        self.put(Instruction::with2(Code::Cvtsi2sd_xmm_rm64, dst, a));
        self.stream.jump(end);
        self.stream.bind(large);
        self.put(Instruction::with2(Code::Mov_r64_rm64, scratch, a));
        self.put(Instruction::with2(Code::Shr_rm64_1, scratch, 1));
        self.stream.branch(Cond::Ae, even);
        self.put(Instruction::with2(Code::Or_rm64_imm8, scratch, 1));
        self.stream.bind(even);
        self.put(Instruction::with2(Code::Cvtsi2sd_xmm_rm64, dst, scratch));
        self.put(Instruction::with2(Code::Addsd_xmm_xmmm64, dst, dst));
        self.stream.bind(end);
    }
}

/// The encoding.
fn code_of(float: Float) -> Code {
    match float {
        Float::Add => Code::Addsd_xmm_xmmm64,
        Float::Sub => Code::Subsd_xmm_xmmm64,
        Float::Mul => Code::Mulsd_xmm_xmmm64,
        Float::Div => Code::Divsd_xmm_xmmm64,
        Float::And => Code::Andps_xmm_xmmm128,
        Float::Xor => Code::Xorps_xmm_xmmm128,
        Float::Ucomi => Code::Ucomisd_xmm_xmmm64,
        Float::Sqrt => Code::Sqrtsd_xmm_xmmm64,
        Float::Trunc | Float::Floor => Code::Roundsd_xmm_xmmm64_imm8,
        Float::FromInt => Code::Cvtsi2sd_xmm_rm64,
        Float::ToInt => Code::Cvttsd2si_r64_xmmm64,
        Float::Narrow => Code::Cvtsd2ss_xmm_xmmm64,
        Float::Widen => Code::Cvtss2sd_xmm_xmmm32,
        Float::FromBits => Code::Movq_xmm_rm64,
        Float::ToBits => Code::Movq_rm64_xmm,
    }
}
