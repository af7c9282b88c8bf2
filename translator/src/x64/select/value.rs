//! Values as operands: registers, pins, constants, immediates.

use super::Selector;
use super::build::MachineAddress;
use crate::base::EntityRef;
use crate::ir::{Inst, Symbol, Value};
use crate::x64::inst::{Load, Op, Reg, SymbolRef};
use crate::x64::registers::{RBX, STATE_BIAS};
use regalloc2::{RegClass, VReg};

/// The second operand of an operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Source {
    /// A register.
    Reg(Reg),
    /// An immediate.
    Imm(i32),
    /// Memory.
    Mem(MachineAddress),
}

impl Selector<'_> {
    /// The representative of a value.
    pub(super) fn same(&self, value: Value) -> Value {
        self.facts.same(value)
    }

    /// The instruction that defines a value, casts looked through.
    pub(super) fn def(&self, value: Value) -> Option<Inst> {
        let found = self.facts.def(self.func, self.same(value));
        found.map(|(_, inst)| inst)
    }

    /// The integer that a value is.
    pub(super) fn constant_of(&self, value: Value) -> Option<i64> {
        match self.def(value) {
            Some(Inst::Iconst(n)) => Some(n),
            Some(Inst::Bconst(b)) => Some(i64::from(b)),
            _ => None,
        }
    }

    /// The sign-extended 32-bit immediate that a value is.
    pub(super) fn immediate_of(&self, value: Value) -> Option<i32> {
        i32::try_from(self.constant_of(value)?).ok()
    }

    /// Whether a value is already needed in its register by what comes after the root.
    pub(super) fn is_demanded(&self, value: Value) -> bool {
        self.demand[self.same(value).index()] > 0
    }

    /// Whether the root is the last one that needs a value in a register, as far as seen.
    pub(super) fn dies_here(&self, value: Value) -> bool {
        !self.is_demanded(value)
    }

    /// The pin register that a value stands in before the root.
    pub(super) fn held(&self, value: Value) -> Option<Reg> {
        let pin = self.pins.holder(self.same(value), self.root)?;
        Some(Reg::Fixed(self.all.registers.pins[pin.index()]))
    }

    /// A pin register near which a value stands before the root: value = pin + distance.
    pub(super) fn neighbour(&self, value: Value) -> Option<(Reg, i32)> {
        let (pin, distance) = self.pins.neighbour(self.same(value), self.root)?;
        Some((Reg::Fixed(self.all.registers.pins[pin.index()]), distance))
    }

    /// The register that a value is read from: a pin that it equals, its own, or a fresh one for a constant.
    pub(super) fn reg(&mut self, value: Value) -> Reg {
        match self.held(value) {
            Some(pin) => pin,
            None => Reg::Virtual(self.virtual_reg(value)),
        }
    }

    /// A virtual register with a value, even if it also stands in a pin register.
    pub(super) fn virtual_reg(&mut self, value: Value) -> VReg {
        let value = self.same(value);
        if let Some(pin) = self.held(value) {
            let copy = self.fresh(RegClass::Int);
            self.copy(Reg::Virtual(copy), pin);
            return copy;
        }
        match self.facts.def(self.func, value).map(|(_, inst)| inst) {
            Some(
                inst @ (Inst::Iconst(_) | Inst::Bconst(_) | Inst::Fconst(_) | Inst::F32const(_)),
            ) => {
                let class = super::class_of(self.func.ty(value));
                let copy = self.fresh(class);
                self.constant_into(inst, Reg::Virtual(copy));
                copy
            }
            _ if !self.is_demanded(value) && self.neighbour(value).is_some() => {
                self.near_pin(value)
            }
            _ => self.own_reg(value),
        }
    }

    /// A fresh register with a value that stands near a pin: a sum costs no more than keeping a copy alive.
    fn near_pin(&mut self, value: Value) -> VReg {
        let (pin, distance) = self.neighbour(value).expect("the caller has asked");
        let copy = self.fresh(RegClass::Int);
        let address = MachineAddress {
            base: super::build::AddressBase::Register(pin),
            index: None,
            displacement: distance,
            note: crate::x64::inst::Note::None,
        };
        self.lea(Reg::Virtual(copy), address);
        copy
    }

    /// The register of a value, now needed.
    pub(super) fn own_reg(&mut self, value: Value) -> VReg {
        let value = self.same(value);
        self.demand[value.index()] += 1;
        self.vreg(value)
    }

    /// `dst = src` between integer registers.
    pub(super) fn copy(&mut self, dst: Reg, src: Reg) {
        if dst != src {
            let build = self.build(Op::Move).a(src).dst(dst);
            self.emit(build);
        }
    }

    /// A constant that somebody wants in its own register.
    pub(super) fn constant(&mut self, inst: Inst, result: Option<Value>) {
        let dst = self.result(result);
        self.constant_into(inst, dst);
    }

    /// Loads a constant.
    pub(super) fn constant_into(&mut self, inst: Inst, dst: Reg) {
        let build = match inst {
            Inst::Iconst(n) => self.build(Op::MoveImm).imm(n),
            Inst::Bconst(b) => self.build(Op::MoveImm).imm(i64::from(b)),
            Inst::Fconst(0) | Inst::F32const(0) => self.build(Op::FloatZero),
            Inst::Fconst(bits) => self
                .build(Op::Load(Load::F64))
                .mem(MachineAddress::symbol(SymbolRef::Constant64(bits))),
            Inst::F32const(bits) => self
                .build(Op::Load(Load::F32))
                .mem(MachineAddress::symbol(SymbolRef::Constant32(bits))),
            other => unreachable!("{other:?} is no constant"),
        };
        self.emit(build.dst(dst));
    }

    /// An integer in a fresh register.
    pub(super) fn integer(&mut self, n: i64) -> Reg {
        let dst = self.fresh_int();
        self.constant_into(Inst::Iconst(n), dst);
        dst
    }

    /// The second operand of a 64-bit operation: an immediate, a load that can be done at the root, else a register.
    pub(super) fn source(&mut self, value: Value) -> Source {
        if let Some(imm) = self.immediate_of(value) {
            return Source::Imm(imm);
        }
        if self.held(value).is_none()
            && let Some(address) = self.whole_load(value)
        {
            return Source::Mem(address);
        }
        Source::Reg(self.reg(value))
    }

    /// The address of a 64-bit load that can be done at the root.
    pub(super) fn whole_load(&mut self, value: Value) -> Option<MachineAddress> {
        let value = self.same(value);
        match self.def(value) {
            Some(Inst::Load(access, address, alias))
                if access.bytes() == 8 && !access.ty().is_float() && self.can_sink(value) =>
            {
                Some(self.address(address).with_alias(alias))
            }
            _ => None,
        }
    }

    /// The address of a symbol that somebody wants in a register.
    pub(super) fn symbol_address(&mut self, symbol: Symbol, offset: i64, result: Option<Value>) {
        let dst = self.result(result);
        self.symbol_address_into(symbol, offset, dst);
    }

    /// Loads the address of a symbol.
    pub(super) fn symbol_address_into(&mut self, symbol: Symbol, offset: i64, dst: Reg) {
        let (address, rest) = self.symbol_place(symbol, offset);
        let build = self.build(Op::Lea).mem(address).dst(dst);
        self.emit(build);
        if rest != 0 {
            let rest = Source::Reg(self.integer(rest));
            self.add_into(dst, dst, rest);
        }
    }

    /// The place that a symbol names, and what does not fit its displacement.
    pub(super) fn symbol_place(&self, symbol: Symbol, offset: i64) -> (MachineAddress, i64) {
        // Sections stay far below 1 GiB, so that such a distance is within reach of the instruction.
        let near = i32::try_from(offset)
            .ok()
            .filter(|near| near.abs() < 1 << 30);
        let (near, rest) = near.map_or((0, offset), |near| (near, 0));
        let mut address = match symbol {
            Symbol::Field(field) => self.field_place(field),
            _ => MachineAddress::symbol(SymbolRef::Module(symbol)),
        };
        address.displacement += near;
        (address, rest)
    }

    /// The place of a field of the state record.
    pub(super) fn field_place(&self, field: crate::ir::FieldId) -> MachineAddress {
        let offset = i32::try_from(self.module.fields[field].offset).expect("a small state record");
        MachineAddress {
            base: super::build::AddressBase::Register(Reg::Fixed(RBX)),
            index: None,
            displacement: offset - STATE_BIAS,
            note: crate::x64::inst::Note::None,
        }
        .with_symbol(Symbol::Field(field))
    }
}
