//! Integer arithmetic.

use super::Selector;
use super::build::MachineAddress;
use super::value::Source;
use crate::ir::{BinaryOp, CheckedOp, Inst, TrapReason, Type, UnaryOp, Value};
use crate::x64::inst::{Alu, Cond, Form, Load, Op, Reg, Shift, Unary, Width};
use crate::x64::registers::{RAX, RCX, RDX};
use regalloc2::{RegClass, VReg};

impl Selector<'_> {
    /// A pure operation on two values.
    pub(super) fn binary(&mut self, op: BinaryOp, a: Value, b: Value, result: Option<Value>) {
        let dst = self.result(result);
        self.binary_into(op, a, b, dst);
    }

    /// A pure operation on two values, with the result in a given register.
    pub(super) fn binary_into(&mut self, op: BinaryOp, a: Value, b: Value, dst: Reg) {
        let swap = op.commutes() && self.constant_of(a).is_some();
        let (a, b) = if swap { (b, a) } else { (a, b) };
        match op {
            BinaryOp::Add => self.add(dst, a, b),
            BinaryOp::Sub => self.sub(dst, a, b),
            BinaryOp::And => self.and(dst, a, b),
            BinaryOp::Or => self.two_address(Alu::Or, Width::W64, dst, a, b),
            BinaryOp::Xor => self.two_address(Alu::Xor, Width::W64, dst, a, b),
            BinaryOp::Mul => self.mul(Width::W64, dst, a, b),
            BinaryOp::Shl => self.shift(Shift::Shl, dst, a, b),
            BinaryOp::Shr => self.shift(Shift::Shr, dst, a, b),
            BinaryOp::Sar => self.shift(Shift::Sar, dst, a, b),
            BinaryOp::Rotl => self.shift(Shift::Rol, dst, a, b),
            BinaryOp::Rotr => self.shift(Shift::Ror, dst, a, b),
            BinaryOp::Mulhs => self.high_product(true, dst, a, b),
            BinaryOp::Mulhu => self.high_product(false, dst, a, b),
            BinaryOp::Sdiv => self.divide(true, true, dst, a, b),
            BinaryOp::Udiv => self.divide(false, true, dst, a, b),
            BinaryOp::Srem => self.divide(true, false, dst, a, b),
            BinaryOp::Urem => self.divide(false, false, dst, a, b),
            BinaryOp::Fadd | BinaryOp::Fsub | BinaryOp::Fmul | BinaryOp::Fdiv => {
                self.float_binary(op, dst, a, b);
            }
        }
    }

    /// `dst = a op b` in the machine's two-address form; memory and immediates as they come.
    pub(super) fn two_address(&mut self, alu: Alu, width: Width, dst: Reg, a: Value, b: Value) {
        let commutes = matches!(alu, Alu::Add | Alu::And | Alu::Or | Alu::Xor);
        let in_place = self.held(b) == Some(dst) && Self::is_fixed(dst);
        let loads_a = commutes && self.immediate_of(b).is_none() && self.is_whole_load(a);
        let a_lives = self.is_demanded(a) || self.held(a).is_some();
        let b_dies = self.dies_here(b) && self.held(b).is_none();
        let better = a_lives && b_dies && !self.is_whole_load(b);
        let swap = commutes
            && self.constant_of(b).is_none()
            && (in_place || (loads_a && !self.is_whole_load(b)) || better);
        let (a, b) = if swap { (b, a) } else { (a, b) };
        let source = match width {
            Width::W64 => self.source(b),
            _ => self.narrow_source(b, width),
        };
        let a = self.reg(a);
        self.alu_into(alu, width, dst, a, source);
    }

    fn is_whole_load(&self, value: Value) -> bool {
        let value = self.same(value);
        let access = match self.def(value) {
            Some(Inst::Load(access, ..)) => access,
            _ => return false,
        };
        self.held(value).is_none()
            && access.bytes() == 8
            && !access.ty().is_float()
            && self.can_sink(value)
    }

    /// The second operand of an operation that looks at the low bits only.
    fn narrow_source(&mut self, value: Value, width: Width) -> Source {
        match (self.constant_of(value), width) {
            (Some(n), Width::W32) => Source::Imm(low_half(n)),
            _ => Source::Reg(self.reg(value)),
        }
    }

    /// `dst = a op source`; moves `a` first where the machine needs it in place.
    pub(super) fn alu_into(&mut self, alu: Alu, width: Width, dst: Reg, a: Reg, source: Source) {
        let a = self.in_place(dst, a, source);
        let build = match source {
            Source::Reg(b) => self.build(Op::Alu(alu, width, Form::Reg)).a(a).b(b),
            Source::Imm(n) => {
                let build = self.build(Op::Alu(alu, width, Form::Imm)).a(a);
                build.imm(i64::from(n))
            }
            Source::Mem(address) => self.build(Op::Alu(alu, width, Form::Mem)).a(a).mem(address),
        };
        self.emit(build.dst_is_a(dst));
    }

    /// The register that a two-address operation works on: `a`, or a copy where one of them is a pin.
    fn in_place(&mut self, dst: Reg, a: Reg, source: Source) -> Reg {
        match (dst, a) {
            (Reg::Virtual(_), Reg::Virtual(_)) => a,
            (Reg::Fixed(_), _) if dst == a => a,
            (Reg::Virtual(_), Reg::Fixed(_)) => {
                let copy = self.fresh_int();
                self.copy(copy, a);
                copy
            }
            (Reg::Fixed(_), _) => {
                debug_assert!(
                    !source_names(source, dst),
                    "a pin is overwritten before it is read"
                );
                self.copy(dst, a);
                dst
            }
        }
    }

    /// `dst = a + source`.
    pub(super) fn add_into(&mut self, dst: Reg, a: Reg, source: Source) {
        self.alu_into(Alu::Add, Width::W64, dst, a, source);
    }

    fn add(&mut self, dst: Reg, a: Value, b: Value) {
        if let Reg::Fixed(_) = dst
            && (self.held(a) == Some(dst) || self.held(b) == Some(dst))
        {
            return self.two_address(Alu::Add, Width::W64, dst, a, b);
        }
        let scaled = |s: &Self, value| s.dissolves(value, is_scaled);
        let summed = |s: &Self, value| s.dissolves(value, is_sum);
        let lives = |s: &Self, value| s.is_demanded(value) || s.held(value).is_some();
        let use_lea = if self.immediate_of(b).is_some() {
            lives(self, a) || summed(self, a) || scaled(self, a)
        } else if self.is_whole_load(a) || self.is_whole_load(b) {
            false
        } else {
            scaled(self, a) || scaled(self, b) || (lives(self, a) && lives(self, b))
        };
        if use_lea || Self::is_fixed(dst) {
            let address = match self.immediate_of(b) {
                Some(n) => self.sum(a, None, i64::from(n)),
                None if scaled(self, a) => self.sum(b, Some((a, 1)), 0),
                None => self.sum(a, Some((b, 1)), 0),
            };
            return self.lea(dst, address);
        }
        self.two_address(Alu::Add, Width::W64, dst, a, b);
    }

    /// Whether the definition of a value is of a shape and goes nowhere else.
    fn dissolves(&self, value: Value, shape: impl Fn(&Self, Inst) -> bool) -> bool {
        let value = self.same(value);
        self.facts.uses(value) == 1
            && self.held(value).is_none()
            && self.def(value).is_some_and(|inst| shape(self, inst))
    }

    /// `dst = address`, or a move if it is only a register.
    pub(super) fn lea(&mut self, dst: Reg, address: MachineAddress) {
        use super::build::AddressBase;
        if let (AddressBase::Register(base), None, 0) =
            (address.base, address.index, address.displacement)
        {
            return self.copy(dst, base);
        }
        let build = self.build(Op::Lea).mem(address).dst(dst);
        self.emit(build);
    }

    fn sub(&mut self, dst: Reg, a: Value, b: Value) {
        if self.constant_of(a) == Some(0) {
            let b = self.reg(b);
            return self.in_place_unary(Unary::Neg, dst, b);
        }
        match self.immediate_of(b).and_then(i32::checked_neg) {
            Some(n)
                if (self.is_demanded(a) || Self::is_fixed(dst) || self.held(a).is_some())
                    && self.held(a) != Some(dst) =>
            {
                let address = self.sum(a, None, i64::from(n));
                self.lea(dst, address);
            }
            _ if Self::is_fixed(dst) && self.held(b) == Some(dst) => {
                // The pin is the subtrahend: -(pin) + a.
                let difference = self.fresh_int();
                let b = self.reg(b);
                self.in_place_unary(Unary::Neg, difference, b);
                let a = self.reg(a);
                let sum = self.fresh_int();
                self.add_into(sum, difference, Source::Reg(a));
                self.copy(dst, sum);
            }
            _ => self.two_address(Alu::Sub, Width::W64, dst, a, b),
        }
    }

    fn and(&mut self, dst: Reg, a: Value, b: Value) {
        let bits = match self.constant_of(b) {
            Some(0xFF) => 8,
            Some(0xFFFF) => 16,
            Some(0xFFFF_FFFF) => 32,
            Some(n @ 1..=0x7FFF_FFFF) => {
                if n <= 0xFF
                    && let Some(byte) = self.narrow_load(a, 8)
                {
                    let low = self.fresh_int();
                    let build = self.build(Op::Load(Load::U8)).mem(byte).dst(low);
                    self.emit(build);
                    return self.alu_into(Alu::And, Width::W32, dst, low, Source::Imm(low_half(n)));
                }
                return self.two_address(Alu::And, Width::W32, dst, a, b);
            }
            _ => return self.two_address(Alu::And, Width::W64, dst, a, b),
        };
        self.zero_extend_into(bits, a, dst);
    }

    pub(super) fn mul(&mut self, width: Width, dst: Reg, a: Value, b: Value) {
        let immediate = match width {
            Width::W32 => self.constant_of(b).map(low_half),
            _ => self.immediate_of(b),
        };
        if let Some(n) = immediate {
            if let 3 | 5 | 9 = n
                && width == Width::W64
            {
                let a = self.reg(a);
                let scale = u8::try_from(n - 1).expect("2, 4 or 8");
                let address = MachineAddress {
                    base: super::build::AddressBase::Register(a),
                    index: Some((a, scale)),
                    displacement: 0,
                    note: crate::x64::inst::Note::None,
                };
                return self.lea(dst, address);
            }
            let a = self.reg(a);
            let build = self
                .build(Op::Imul(width, Form::Imm))
                .a(a)
                .imm(i64::from(n));
            return self.emit(build.dst(dst));
        }
        let swap = self.is_demanded(a) || self.is_whole_load(a);
        let (a, b) = if swap { (b, a) } else { (a, b) };
        let source = self.source(b);
        let a = self.reg(a);
        let target = self.target(dst);
        self.imul_into(width, target, a, source);
        self.copy(dst, target);
    }

    /// `dst = a * source`, with a virtual `dst`.
    fn imul_into(&mut self, width: Width, dst: Reg, a: Reg, source: Source) {
        let build = match source {
            Source::Reg(b) => {
                let a = self.in_place(dst, a, source);
                let build = self.build(Op::Imul(width, Form::Reg)).a(a).b(b);
                build.dst_is_a(dst)
            }
            Source::Mem(address) => {
                let a = self.in_place(dst, a, source);
                let build = self.build(Op::Imul(width, Form::Mem)).a(a).mem(address);
                build.dst_is_a(dst)
            }
            Source::Imm(n) => {
                let build = self.build(Op::Imul(width, Form::Imm)).a(a);
                build.imm(i64::from(n)).dst(dst)
            }
        };
        self.emit(build);
    }

    /// A virtual register to compute in: the destination, unless that is a pin.
    fn target(&mut self, dst: Reg) -> Reg {
        match dst {
            Reg::Virtual(_) => dst,
            Reg::Fixed(_) => self.fresh_int(),
        }
    }

    fn shift(&mut self, shift: Shift, dst: Reg, a: Value, b: Value) {
        if let Some(count) = self.constant_of(b) {
            return self.shift_by(shift, Width::W64, dst, a, count & 63);
        }
        let count = self.virtual_reg(b);
        let a = self.reg(a);
        let target = self.target(dst);
        let a = self.in_place(target, a, Source::Imm(0));
        let build = self.build(Op::ShiftCl(shift, Width::W64)).a(a);
        self.emit(build.fixed(count, RCX).dst_is_a(target));
        self.copy(dst, target);
    }

    pub(super) fn shift_by(&mut self, shift: Shift, width: Width, dst: Reg, a: Value, count: i64) {
        let a_lives = self.is_demanded(a) || self.held(a).is_some();
        let a = self.reg(a);
        if shift == Shift::Shl && count == 1 && a_lives && width == Width::W64 {
            let address = MachineAddress {
                base: super::build::AddressBase::Register(a),
                index: Some((a, 1)),
                displacement: 0,
                note: crate::x64::inst::Note::None,
            };
            return self.lea(dst, address);
        }
        self.shift_reg(shift, width, dst, a, count);
    }

    /// `dst = a shifted by count`.
    pub(super) fn shift_reg(&mut self, shift: Shift, width: Width, dst: Reg, a: Reg, count: i64) {
        let target = self.target(dst);
        let a = self.in_place(target, a, Source::Imm(0));
        let build = self.build(Op::ShiftImm(shift, width)).a(a).imm(count);
        self.emit(build.dst_is_a(target));
        self.copy(dst, target);
    }

    fn high_product(&mut self, signed: bool, dst: Reg, a: Value, b: Value) {
        let high = self.wide_product(signed, a, b).1;
        self.copy(dst, Reg::Virtual(high));
    }

    /// Low and high half of a product.
    fn wide_product(&mut self, signed: bool, a: Value, b: Value) -> (VReg, VReg) {
        let a = self.virtual_reg(a);
        let b = self.reg(b);
        let (low, high) = (self.fresh(RegClass::Int), self.fresh(RegClass::Int));
        let build = self.build(Op::WideMul { signed }).fixed(a, RAX).b(b);
        self.emit(build.fixed_def(low, RAX).fixed_def(high, RDX));
        (low, high)
    }

    fn divide(&mut self, signed: bool, quotient: bool, dst: Reg, a: Value, b: Value) {
        let a = self.virtual_reg(a);
        let b = self.reg(b);
        let (low, high) = (self.fresh(RegClass::Int), self.fresh(RegClass::Int));
        let build = self.build(Op::Divide { signed }).fixed(a, RAX).late_b(b);
        self.emit(build.fixed_def(low, RAX).fixed_def(high, RDX));
        self.copy(dst, Reg::Virtual(if quotient { low } else { high }));
    }

    /// A pure operation on one value.
    pub(super) fn unary(&mut self, op: UnaryOp, a: Value, result: Option<Value>) {
        let dst = self.result(result);
        match op {
            UnaryOp::Not if self.func.ty(a) == Type::Bool => {
                let a = self.reg(a);
                self.alu_into(Alu::Xor, Width::W32, dst, a, Source::Imm(1));
            }
            UnaryOp::Neg | UnaryOp::Not | UnaryOp::Bswap64 | UnaryOp::Bswap32 => {
                let a = self.reg(a);
                let unary = match op {
                    UnaryOp::Neg => Unary::Neg,
                    UnaryOp::Not => Unary::Not,
                    UnaryOp::Bswap64 => Unary::Bswap64,
                    _ => Unary::Bswap32,
                };
                self.in_place_unary(unary, dst, a);
            }
            UnaryOp::Bswap16 => {
                let low = self.fresh_int();
                let a = self.reg(a);
                self.shift_reg(Shift::Rol, Width::W16, low, a, 8);
                self.extend(Unary::Movzx16, dst, low);
            }
            UnaryOp::Clz => {
                // 63 - index = 63 ^ index; 127 ^ 63 = 64 for zero.
                let index = self.find_bit(Unary::Bsr, a, 127);
                self.alu_into(Alu::Xor, Width::W32, dst, index, Source::Imm(63));
            }
            UnaryOp::Ctz => {
                let index = self.find_bit(Unary::Bsf, a, 64);
                self.copy(dst, index);
            }
            UnaryOp::Popcnt => {
                let a = self.reg(a);
                self.extend(Unary::Popcnt, dst, a);
            }
            UnaryOp::B2i => unreachable!("b2i is another name for its operand"),
            _ => self.float_unary(op, a, dst),
        }
    }

    /// `dst = op a`, where the machine works in place.
    pub(super) fn in_place_unary(&mut self, op: Unary, dst: Reg, a: Reg) {
        let target = self.target(dst);
        let a = self.in_place(target, a, Source::Imm(0));
        let build = self.build(Op::Unary(op)).a(a).dst_is_a(target);
        self.emit(build);
        self.copy(dst, target);
    }

    /// `dst = op a` between different registers.
    pub(super) fn extend(&mut self, op: Unary, dst: Reg, a: Reg) {
        let build = self.build(Op::Unary(op)).a(a).dst(dst);
        self.emit(build);
    }

    /// The index of a bit, or `none` if there is no bit.
    fn find_bit(&mut self, op: Unary, a: Value, none: i64) -> Reg {
        let a = self.reg(a);
        let none = self.integer(none);
        let (found, index) = (self.fresh_int(), self.fresh_int());
        self.extend(op, found, a);
        let build = self.build(Op::Cmov(Cond::E)).a(found).b(none);
        self.emit(build.dst_is_a(index));
        index
    }

    /// An operation that traps when its result leaves the range.
    pub(super) fn checked(
        &mut self,
        op: CheckedOp,
        a: Value,
        b: Value,
        reason: TrapReason,
        result: Option<Value>,
    ) {
        let dst = self.result(result);
        let overflow = self.checked_into(op, a, b, dst);
        let build = self.build(Op::TrapIf(overflow, reason));
        self.emit(build);
    }

    /// The operation and the condition under which its result left the range.
    pub(super) fn checked_into(&mut self, op: CheckedOp, a: Value, b: Value, dst: Reg) -> Cond {
        let swap = op.commutes() && self.constant_of(a).is_some();
        let (a, b) = if swap { (b, a) } else { (a, b) };
        match op {
            CheckedOp::AddS | CheckedOp::AddU => self.two_address(Alu::Add, Width::W64, dst, a, b),
            CheckedOp::SubS | CheckedOp::SubU => self.two_address(Alu::Sub, Width::W64, dst, a, b),
            CheckedOp::MulS => {
                let source = self.source(b);
                let a = self.reg(a);
                self.imul_into(Width::W64, dst, a, source);
            }
            CheckedOp::MulU => {
                let low = self.wide_product(false, a, b).0;
                self.copy(dst, Reg::Virtual(low));
            }
        }
        match op {
            CheckedOp::AddU | CheckedOp::SubU => Cond::B,
            _ => Cond::O,
        }
    }
}

fn is_scaled(selector: &Selector<'_>, inst: Inst) -> bool {
    matches!(inst, Inst::Binary(BinaryOp::Shl, _, count) if matches!(selector.constant_of(count), Some(0..=3)))
}

fn is_sum(_: &Selector<'_>, inst: Inst) -> bool {
    matches!(inst, Inst::Binary(BinaryOp::Add, ..))
}

/// Whether an operand reads a register.
fn source_names(source: Source, reg: Reg) -> bool {
    use super::build::AddressBase;
    match source {
        Source::Reg(other) => other == reg,
        Source::Imm(_) => false,
        Source::Mem(address) => {
            address.base == AddressBase::Register(reg)
                || address.index.is_some_and(|(index, _)| index == reg)
        }
    }
}

/// The low 32 bits as an immediate.
#[expect(clippy::cast_possible_truncation, reason = "the low half is wanted")]
fn low_half(n: i64) -> i32 {
    n as i32
}
