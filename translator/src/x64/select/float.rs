//! Floats.

use super::Selector;
use super::build::MachineAddress;
use super::value::Source;
use crate::ir::{Access, BinaryOp, Inst, UnaryOp, Value};
use crate::x64::inst::{Float, Form, Op, Reg, SymbolRef};
use regalloc2::RegClass;

/// The sign of a double.
const SIGN: u64 = 1 << 63;

impl Selector<'_> {
    /// The second operand of a float operation: a constant or load in memory, else a register.
    fn float_source(&mut self, value: Value) -> Source {
        let value = self.same(value);
        match self.def(value) {
            Some(Inst::Fconst(bits)) if bits != 0 => {
                Source::Mem(MachineAddress::symbol(SymbolRef::Constant64(bits)))
            }
            Some(Inst::Load(Access::F64, address, alias)) if self.can_sink(value) => {
                Source::Mem(self.address(address).with_alias(alias))
            }
            _ => Source::Reg(self.reg(value)),
        }
    }

    /// Sum, difference, product, quotient.
    pub(super) fn float_binary(&mut self, op: BinaryOp, dst: Reg, a: Value, b: Value) {
        let float = match op {
            BinaryOp::Fadd => Float::Add,
            BinaryOp::Fsub => Float::Sub,
            BinaryOp::Fmul => Float::Mul,
            BinaryOp::Fdiv => Float::Div,
            other => unreachable!("{} is no float operation", other.name()),
        };
        let swap =
            op.commutes() && (self.is_in_memory(a) || self.is_demanded(a)) && !self.is_in_memory(b);
        let (a, b) = if swap { (b, a) } else { (a, b) };
        let source = self.float_source(b);
        let a = self.reg(a);
        self.float_in_place(float, dst, a, source);
    }

    fn is_in_memory(&self, value: Value) -> bool {
        match self.def(value) {
            Some(Inst::Fconst(bits)) => bits != 0,
            Some(Inst::Load(Access::F64, ..)) => self.can_sink(self.same(value)),
            _ => false,
        }
    }

    fn float_in_place(&mut self, float: Float, dst: Reg, a: Reg, source: Source) {
        let build = match source {
            Source::Mem(place) => self.build(Op::Float(float, Form::Mem)).a(a).mem(place),
            Source::Reg(b) => self.build(Op::Float(float, Form::Reg)).a(a).b(b),
            Source::Imm(_) => unreachable!("floats have no immediates"),
        };
        self.emit(build.dst_is_a(dst));
    }

    /// Sets the flags for a comparison of floats.
    pub(super) fn ucomi(&mut self, a: Value, b: Value) {
        let source = self.float_source(b);
        let a = self.reg(a);
        let build = match source {
            Source::Mem(place) => {
                let build = self.build(Op::Float(Float::Ucomi, Form::Mem));
                build.a(a).mem(place)
            }
            Source::Reg(b) => self.build(Op::Float(Float::Ucomi, Form::Reg)).a(a).b(b),
            Source::Imm(_) => unreachable!("floats have no immediates"),
        };
        self.emit(build);
    }

    /// One operand, a float before or after.
    pub(super) fn float_unary(&mut self, op: UnaryOp, a: Value, dst: Reg) {
        let float = match op {
            UnaryOp::Fneg | UnaryOp::Fabs => {
                let (float, mask) = match op {
                    UnaryOp::Fneg => (Float::Xor, SIGN),
                    _ => (Float::And, !SIGN),
                };
                let mask = MachineAddress::symbol(SymbolRef::Constant128(mask));
                let a = self.reg(a);
                return self.float_in_place(float, dst, a, Source::Mem(mask));
            }
            UnaryOp::U2f => {
                let a = self.reg(a);
                let scratch = self.fresh(RegClass::Int);
                let build = self.build(Op::FromUnsigned).a(a).scratch(scratch).dst(dst);
                return self.emit(build);
            }
            UnaryOp::Fsqrt => Float::Sqrt,
            UnaryOp::Ftrunc => Float::Trunc,
            UnaryOp::Ffloor => Float::Floor,
            UnaryOp::I2f => Float::FromInt,
            UnaryOp::F2i => Float::ToInt,
            UnaryOp::F64to32 => Float::Narrow,
            UnaryOp::F32to64 => Float::Widen,
            UnaryOp::Bits2f => Float::FromBits,
            UnaryOp::F2bits => Float::ToBits,
            other => unreachable!("{} is no float operation", other.name()),
        };
        let a = self.reg(a);
        let build = self.build(Op::Float(float, Form::Reg)).a(a).dst(dst);
        self.emit(build);
    }
}
