//! Comparisons: flags for branches, traps and selections; booleans as values.

use super::Selector;
use super::build::MachineAddress;
use super::value::Source;
use crate::ir::{Access, BinaryOp, FloatCond, Inst, IntCond, TrapReason, Type, UnaryOp, Value};
use crate::x64::facts::is_float;
use crate::x64::inst::{Alu, Cond, Form, Op, Reg, Unary, Width};
use regalloc2::RegClass;

impl Selector<'_> {
    /// Sets the flags for a boolean; the condition holds when it is true.
    pub(super) fn condition(&mut self, value: Value) -> Cond {
        let value = self.same(value);
        match self.def(value) {
            Some(Inst::Icmp(cond, a, b)) => self.compare(cond, a, b),
            Some(Inst::Fcmp(cond, a, b)) => self.compare_floats(cond, a, b),
            Some(Inst::Unary(UnaryOp::Not, inner)) if self.func.ty(inner) == Type::Bool => {
                self.condition(inner).inverse()
            }
            Some(Inst::Load(Access::Bool, address, alias)) if self.can_sink(value) => {
                let place = self.address(address).with_alias(alias);
                let build = self.build(Op::Alu(Alu::Cmp, Width::W8, Form::MemImm));
                self.emit(build.mem(place).imm(0));
                Cond::Ne
            }
            Some(Inst::Binary(BinaryOp::And, a, b))
                if self.func.ty(value) == Type::Bool && !self.is_demanded(value) =>
            {
                self.test(a, b)
            }
            _ => {
                let reg = self.reg(value);
                self.test_reg(reg, Width::W32);
                Cond::Ne
            }
        }
    }

    /// Sets the flags for `test a, b`; "not equal" means that a bit is common.
    fn test(&mut self, a: Value, b: Value) -> Cond {
        let a = self.reg(a);
        let b = self.reg(b);
        let build = self.build(Op::Alu(Alu::Test, Width::W64, Form::Reg));
        self.emit(build.a(a).b(b));
        Cond::Ne
    }

    fn test_reg(&mut self, reg: Reg, width: Width) {
        let build = self.build(Op::Alu(Alu::Test, width, Form::Reg));
        self.emit(build.a(reg).b(reg));
    }

    /// Sets the flags for a comparison of words or booleans.
    pub(super) fn compare(&mut self, cond: IntCond, a: Value, b: Value) -> Cond {
        let swap = self.constant_of(a).is_some() || (self.is_loadable(b) && !self.is_loadable(a));
        let (cond, a, b) = match swap && self.constant_of(b).is_none() {
            true => (cond.swapped(), b, a),
            false => (cond, a, b),
        };
        if self.constant_of(b) == Some(0)
            && let Some(result) = self.compare_with_zero(cond, a)
        {
            return result;
        }
        if let Some(result) = self.compare_narrow(cond, a, b) {
            return result;
        }
        let build = match self.constant_of(b).map(i32::try_from) {
            Some(Ok(n)) => match self.whole_load_unless_held(a) {
                Some(place) => {
                    let build = self.build(Op::Alu(Alu::Cmp, Width::W64, Form::MemImm));
                    build.mem(place).imm(i64::from(n))
                }
                None => {
                    let a = self.reg(a);
                    let build = self.build(Op::Alu(Alu::Cmp, Width::W64, Form::Imm));
                    build.a(a).imm(i64::from(n))
                }
            },
            _ => match self.whole_load_unless_held(a) {
                Some(place) => {
                    let b = self.reg(b);
                    let build = self.build(Op::Alu(Alu::Cmp, Width::W64, Form::MemReg));
                    build.mem(place).b(b)
                }
                None => self.compare_words(a, b),
            },
        };
        self.emit(build);
        machine_condition(cond)
    }

    fn compare_words(&mut self, a: Value, b: Value) -> super::build::Build {
        let a = self.reg(a);
        match self.source(b) {
            Source::Reg(b) => {
                let build = self.build(Op::Alu(Alu::Cmp, Width::W64, Form::Reg));
                build.a(a).b(b)
            }
            Source::Mem(place) => {
                let build = self.build(Op::Alu(Alu::Cmp, Width::W64, Form::Mem));
                build.a(a).mem(place)
            }
            Source::Imm(n) => {
                let build = self.build(Op::Alu(Alu::Cmp, Width::W64, Form::Imm));
                build.a(a).imm(i64::from(n))
            }
        }
    }

    fn is_loadable(&self, value: Value) -> bool {
        self.held(value).is_none()
            && matches!(self.def(value), Some(Inst::Load(access, ..)) if !access.ty().is_float())
            && self.can_sink(self.same(value))
    }

    fn whole_load_unless_held(&mut self, value: Value) -> Option<MachineAddress> {
        match self.held(value) {
            Some(_) => None,
            None => self.whole_load(value),
        }
    }

    /// Comparisons with 0 that are tests of bits, or of the value itself.
    fn compare_with_zero(&mut self, cond: IntCond, a: Value) -> Option<Cond> {
        let result = match cond {
            IntCond::Eq => Cond::E,
            IntCond::Ne => Cond::Ne,
            IntCond::Slt => Cond::S,
            IntCond::Sge => Cond::Ns,
            IntCond::Sle => Cond::Le,
            IntCond::Sgt => Cond::G,
            _ => return None,
        };
        let extended = matches!(
            self.def(a),
            Some(Inst::Zext(8 | 16 | 32, _) | Inst::Sext(8 | 16 | 32, _))
        );
        if self.is_loadable(a) || (extended && cond.is_equality() && !self.is_demanded(a)) {
            return None;
        }
        if let Some(Inst::Zext(bits, x)) = self.def(a)
            && self.held(a).is_none()
            && !self.is_demanded(a)
            && bits < 63
        {
            return self.test_mask(cond, x, (1 << bits) - 1, result);
        }
        if let Some(Inst::Binary(BinaryOp::And, x, y)) = self.def(a)
            && self.held(a).is_none()
            && !self.is_demanded(a)
        {
            let (x, y) = match self.constant_of(x) {
                Some(_) => (y, x),
                None => (x, y),
            };
            match self.constant_of(y) {
                Some(mask) => return self.test_mask(cond, x, mask, result),
                None => {
                    self.test(x, y);
                    return Some(result);
                }
            }
        }
        let a = self.reg(a);
        self.test_reg(a, Width::W64);
        Some(result)
    }

    /// Tests bits of a value against a mask; `None` for an order of a mask that has the sign.
    fn test_mask(&mut self, cond: IntCond, x: Value, mask: i64, result: Cond) -> Option<Cond> {
        if mask < 0 && i32::try_from(mask).is_err() && !cond.is_equality() {
            return None;
        }
        let bits = mask.cast_unsigned();
        if bits.is_power_of_two() && bits > 0xFF && cond.is_equality() && bits > 1 << 30 {
            let x = self.reg(x);
            let build = self.build(Op::BitTest).a(x);
            self.emit(build.imm(i64::from(bits.trailing_zeros())));
            return Some(if cond == IntCond::Eq {
                Cond::Ae
            } else {
                Cond::B
            });
        }
        // With a mask below the sign bit of the width the order conditions mean the same in all widths.
        let width = match mask {
            0..=0x7F => Width::W8,
            0x80..=0xFF if cond.is_equality() => Width::W8,
            0x80..=0x7FFF_FFFF => Width::W32,
            _ => Width::W64,
        };
        let Ok(imm) = i32::try_from(mask) else {
            let x = self.reg(x);
            let mask = self.integer(mask);
            let build = self.build(Op::Alu(Alu::Test, Width::W64, Form::Reg));
            self.emit(build.a(x).b(mask));
            return Some(result);
        };
        let byte = (width == Width::W8).then(|| self.low_byte(x)).flatten();
        let build = if let Some(place) = byte {
            let build = self.build(Op::Alu(Alu::Test, Width::W8, Form::MemImm));
            build.mem(place)
        } else {
            let x = self.reg(x);
            self.build(Op::Alu(Alu::Test, width, Form::Imm)).a(x)
        };
        self.emit(build.imm(i64::from(imm)));
        Some(result)
    }

    /// The place of the low byte of a value that is loaded for the root only.
    fn low_byte(&mut self, value: Value) -> Option<MachineAddress> {
        let value = self.same(value);
        match self.def(value) {
            Some(Inst::Load(access, address, alias))
                if self.held(value).is_none() && !is_float(access.ty()) && self.can_sink(value) =>
            {
                Some(self.address(address).with_alias(alias))
            }
            _ => self.narrow_load(value, 8),
        }
    }

    /// Comparisons in 8, 16 or 32 bits of what is extended from there.
    fn compare_narrow(&mut self, cond: IntCond, a: Value, b: Value) -> Option<Cond> {
        if self.held(a).is_some() {
            return None;
        }
        let (width, signed) = self.extended_from(a)?;
        let cond = if signed || cond.is_equality() {
            cond
        } else {
            unsigned(cond)
        };
        let imm = match self.constant_of(b) {
            Some(n) if fits(n, width, signed) => n,
            _ => return None,
        };
        // A 16-bit immediate would make the decoder stumble.
        let stumbles = width == Width::W16 && i8::try_from(imm).is_err();
        let build = match self.def(a) {
            Some(Inst::Load(_, address, alias)) if self.can_sink(self.same(a)) && !stumbles => {
                let place = self.address(address).with_alias(alias);
                let build = self.build(Op::Alu(Alu::Cmp, width, Form::MemImm));
                build.mem(place)
            }
            Some(Inst::Load(..)) => {
                // What is extended to 64 bits compares in 32 as well.
                let a = self.reg(a);
                let width = match width {
                    Width::W8 => Width::W8,
                    _ => Width::W32,
                };
                let build = self.build(Op::Alu(Alu::Cmp, width, Form::Imm));
                self.emit(build.a(a).imm(imm));
                return Some(machine_condition(cond));
            }
            _ if stumbles => return None,
            Some(Inst::Zext(_, inner) | Inst::Sext(_, inner)) if !self.is_demanded(a) => {
                let inner = self.reg(inner);
                self.build(Op::Alu(Alu::Cmp, width, Form::Imm)).a(inner)
            }
            Some(Inst::Binary(BinaryOp::And, inner, _)) if !self.is_demanded(a) => {
                let inner = self.reg(inner);
                self.build(Op::Alu(Alu::Cmp, width, Form::Imm)).a(inner)
            }
            _ => return None,
        };
        // An immediate is written in the width's own bits.
        let imm = match width {
            Width::W8 => i64::from(imm.cast_unsigned().to_le_bytes()[0].cast_signed()),
            Width::W16 => i64::from(truncate16(imm)),
            _ => i64::from(truncate32(imm)),
        };
        self.emit(build.imm(imm));
        Some(machine_condition(cond))
    }

    /// From which width a value is extended, and whether by its sign.
    fn extended_from(&self, value: Value) -> Option<(Width, bool)> {
        match self.def(value)? {
            Inst::Load(access, ..) => match access {
                Access::U8 | Access::Bool => Some((Width::W8, false)),
                Access::S8 => Some((Width::W8, true)),
                Access::U16 => Some((Width::W16, false)),
                Access::S16 => Some((Width::W16, true)),
                Access::U32 => Some((Width::W32, false)),
                Access::S32 => Some((Width::W32, true)),
                _ => None,
            },
            Inst::Zext(bits, _) => Some((width_of(bits)?, false)),
            Inst::Sext(bits, _) => Some((width_of(bits)?, true)),
            Inst::Binary(BinaryOp::And, _, mask) => match self.constant_of(mask)? {
                0xFF => Some((Width::W8, false)),
                0xFFFF => Some((Width::W16, false)),
                0xFFFF_FFFF => Some((Width::W32, false)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Sets the flags for a comparison of floats.
    fn compare_floats(&mut self, cond: FloatCond, a: Value, b: Value) -> Cond {
        let (a, b, result) = match cond {
            FloatCond::Eq => (a, b, Cond::FloatEq),
            FloatCond::Ne => (a, b, Cond::FloatNe),
            FloatCond::Gt => (a, b, Cond::A),
            FloatCond::Ge => (a, b, Cond::Ae),
            FloatCond::Lt => (b, a, Cond::A),
            FloatCond::Le => (b, a, Cond::Ae),
        };
        self.ucomi(a, b);
        result
    }

    /// A comparison as a value, 0 or 1.
    pub(super) fn condition_value(&mut self, inst: Inst, result: Option<Value>) {
        let dst = self.result(result);
        let cond = match inst {
            Inst::Icmp(cond, a, b) => self.compare(cond, a, b),
            Inst::Fcmp(cond, a, b) => self.compare_floats(cond, a, b),
            other => unreachable!("{other:?} is no comparison"),
        };
        let byte = self.fresh_int();
        let mut build = self.build(Op::Setcc(cond)).dst(byte);
        if !cond.is_single() {
            let scratch = self.fresh(RegClass::Int);
            build = build.scratch(scratch);
        }
        self.emit(build);
        self.extend(Unary::Movzx8, dst, byte);
    }

    /// One of two values.
    pub(super) fn select_value(&mut self, c: Value, yes: Value, no: Value, result: Option<Value>) {
        let dst = self.result(result);
        let float = is_float(self.func.ty(self.same(yes)));
        // Constants are loaded before the flags are set.
        let (yes, no) = (self.reg(yes), self.reg(no));
        let (yes, no) = (self.movable(yes), self.movable(no));
        let cond = self.condition(c);
        let (cond, yes, no) = match cond {
            Cond::FloatEq => (Cond::FloatNe, no, yes),
            _ => (cond, yes, no),
        };
        let op = if float {
            Op::FloatSelect(cond)
        } else {
            Op::Cmov(cond)
        };
        let build = self.build(op).a(no).b(yes).dst_is_a(dst);
        self.emit(build);
    }

    /// The register itself, or a copy of a pin, which an operation in place must not change.
    fn movable(&mut self, reg: Reg) -> Reg {
        match reg {
            Reg::Virtual(_) => reg,
            Reg::Fixed(_) => {
                let copy = self.fresh_int();
                self.copy(copy, reg);
                copy
            }
        }
    }

    /// Traps if a boolean is true.
    pub(super) fn trap_if(&mut self, c: Value, reason: TrapReason) {
        let cond = self.condition(c);
        let build = self.build(Op::TrapIf(cond, reason));
        self.emit(build);
    }
}

fn width_of(bits: u8) -> Option<Width> {
    match bits {
        8 => Some(Width::W8),
        16 => Some(Width::W16),
        32 => Some(Width::W32),
        _ => None,
    }
}

/// Whether a number is one that extends from the width.
fn fits(n: i64, width: Width, signed: bool) -> bool {
    let bits = match width {
        Width::W8 => 8,
        Width::W16 => 16,
        Width::W32 => 32,
        Width::W64 => return true,
    };
    if signed {
        (-(1_i64 << (bits - 1))..1 << (bits - 1)).contains(&n)
    } else {
        (0..1_i64 << bits).contains(&n)
    }
}

fn truncate16(n: i64) -> i16 {
    let bytes = n.to_le_bytes();
    i16::from_le_bytes([bytes[0], bytes[1]])
}

fn truncate32(n: i64) -> i32 {
    let bytes = n.to_le_bytes();
    i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

/// The order of zero-extended values, which have no sign.
fn unsigned(cond: IntCond) -> IntCond {
    match cond {
        IntCond::Slt => IntCond::Ult,
        IntCond::Sle => IntCond::Ule,
        IntCond::Sgt => IntCond::Ugt,
        IntCond::Sge => IntCond::Uge,
        other => other,
    }
}

fn machine_condition(cond: IntCond) -> Cond {
    match cond {
        IntCond::Eq => Cond::E,
        IntCond::Ne => Cond::Ne,
        IntCond::Slt => Cond::L,
        IntCond::Sle => Cond::Le,
        IntCond::Sgt => Cond::G,
        IntCond::Sge => Cond::Ge,
        IntCond::Ult => Cond::B,
        IntCond::Ule => Cond::Be,
        IntCond::Ugt => Cond::A,
        IntCond::Uge => Cond::Ae,
    }
}
