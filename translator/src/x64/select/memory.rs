//! Loads and stores, and operations on blocks of memory.

use super::Selector;
use super::build::{AddressBase, MachineAddress};
use super::value::Source;
use crate::ir::{Access, Address, Alias, BinaryOp, Inst, Value};
use crate::x64::inst::{Alu, Form, Helper, Load, Note, Op, Reg, SymbolRef, Width};
use crate::x64::registers::{INT_ARGUMENTS, xmm};
use regalloc2::{PReg, PRegSet, RegClass, VReg};

/// Up to how many bytes a copy of known length is done in place.
const INLINE_COPY: i64 = 64;

/// Up to how many words a fill of known length is done in place.
const INLINE_FILL: i64 = 8;

impl Selector<'_> {
    /// A load into its own register.
    pub(super) fn load(
        &mut self,
        access: Access,
        address: Address,
        alias: Alias,
        result: Option<Value>,
    ) {
        let dst = self.result(result);
        self.load_into(access, address, alias, dst);
    }

    /// A load into a given register.
    pub(super) fn load_into(&mut self, access: Access, address: Address, alias: Alias, dst: Reg) {
        let place = self.address(address).with_alias(alias);
        let build = self.build(Op::Load(load_of(access))).mem(place).dst(dst);
        self.emit(build);
    }

    /// A store.
    pub(super) fn store(&mut self, access: Access, value: Value, address: Address, alias: Alias) {
        let width = match access {
            Access::F32 | Access::F64 => return self.store_float(access, value, address, alias),
            Access::U8 | Access::S8 | Access::Bool => Width::W8,
            Access::U16 | Access::S16 => Width::W16,
            Access::U32 | Access::S32 => Width::W32,
            Access::I64 | Access::Oop | Access::Ptr => Width::W64,
        };
        if width == Width::W64 && self.update(value, address, alias) {
            return;
        }
        if let Some(n) = self.constant_of(value)
            && (width != Width::W64 || i32::try_from(n).is_ok())
        {
            let place = self.address(address).with_alias(alias);
            let build = self.build(Op::StoreImm(width)).mem(place).imm(n);
            return self.emit(build);
        }
        let value = match width {
            Width::W8 => self.without_extension(value, 8),
            Width::W16 => self.without_extension(value, 16),
            Width::W32 => self.without_extension(value, 32),
            Width::W64 => value,
        };
        let value = self.reg(value);
        let place = self.address(address).with_alias(alias);
        let build = self.build(Op::Store(width)).a(value).mem(place);
        self.emit(build);
    }

    pub(super) fn prefetch(&mut self, address: Value) {
        let place = self.address(Address::value(address, 0));
        let build = self.build(Op::Prefetch).mem(place);
        self.emit(build);
    }

    fn store_float(&mut self, access: Access, value: Value, address: Address, alias: Alias) {
        if let Some(Inst::Fconst(0) | Inst::F32const(0)) = self.def(value) {
            let place = self.address(address).with_alias(alias);
            let width = match access {
                Access::F64 => Width::W64,
                _ => Width::W32,
            };
            let build = self.build(Op::StoreImm(width)).mem(place);
            return self.emit(build);
        }
        let double = access == Access::F64;
        let value = self.reg(value);
        let place = self.address(address).with_alias(alias);
        let build = self.build(Op::StoreFloat { double });
        self.emit(build.a(value).mem(place));
    }

    /// A load, an operation and a store at one place as one instruction; false if it is nothing of that kind.
    fn update(&mut self, value: Value, address: Address, alias: Alias) -> bool {
        let value = self.same(value);
        if self.facts.uses(value) != 1 || self.held(value).is_some() || alias == Alias::VOLATILE {
            return false;
        }
        let Some(Inst::Binary(op, a, b)) = self.def(value) else {
            return false;
        };
        let alu = match op {
            BinaryOp::Add => Alu::Add,
            BinaryOp::Sub => Alu::Sub,
            BinaryOp::And => Alu::And,
            BinaryOp::Or => Alu::Or,
            BinaryOp::Xor => Alu::Xor,
            _ => return false,
        };
        let (a, b) = match self.loads_from(a, address) {
            true => (a, b),
            false if op.commutes() && self.loads_from(b, address) => (b, a),
            false => return false,
        };
        debug_assert!(self.can_sink(self.same(a)));
        let place = self.address(address).with_alias(alias);
        let build = match self.immediate_of(b) {
            Some(n) => {
                let build = self.build(Op::Alu(alu, Width::W64, Form::MemImm));
                build.mem(place).imm(i64::from(n))
            }
            None => {
                let b = self.reg(b);
                let build = self.build(Op::Alu(alu, Width::W64, Form::MemReg));
                build.mem(place).b(b)
            }
        };
        self.emit(build);
        true
    }

    /// Whether a value is loaded, for the root only, from the very place.
    fn loads_from(&self, value: Value, place: Address) -> bool {
        let value = self.same(value);
        self.held(value).is_none()
            && matches!(self.def(value), Some(Inst::Load(access, address, _))
                if access.bytes() == 8 && !access.ty().is_float() && address == place)
            && self.can_sink(value)
    }

    /// Copies or fills memory: in place if it is little, else by a routine of the shim.
    pub(super) fn block_operation(&mut self, helper: Helper, operands: [Value; 3]) {
        let [destination, source, count] = operands;
        match (helper, self.constant_of(count)) {
            (_, Some(0)) => {}
            (Helper::MemCopy | Helper::MemMove, Some(n @ 1..=INLINE_COPY)) => {
                self.copy_in_place(destination, source, n);
            }
            (Helper::MemFill64, Some(n @ 1..=INLINE_FILL)) => {
                self.fill_in_place(destination, source, n);
            }
            _ => self.call_helper(helper, operands),
        }
    }

    /// Loads everything, then stores everything, so that overlap does not matter.
    fn copy_in_place(&mut self, destination: Value, source: Value, count: i64) {
        let mut chunks = Vec::new();
        let mut offset = 0;
        while offset < count {
            let size = match count - offset {
                8.. => 8,
                4..=7 => 4,
                2 | 3 => 2,
                _ => 1,
            };
            chunks.push((i32::try_from(offset).expect("a short copy"), size));
            offset += size;
        }
        let (from, to) = (self.reg(source), self.reg(destination));
        let mut moved = Vec::new();
        for &(offset, size) in &chunks {
            let float = size == 8 && chunks.len() > 4;
            let class = if float {
                RegClass::Float
            } else {
                RegClass::Int
            };
            let chunk = Reg::Virtual(self.fresh(class));
            let load = match size {
                8 if float => Load::F64,
                8 => Load::W64,
                4 => Load::U32,
                2 => Load::U16,
                _ => Load::U8,
            };
            let build = self.build(Op::Load(load)).mem(at(from, offset)).dst(chunk);
            self.emit(build);
            moved.push((chunk, float));
        }
        for (&(offset, size), (chunk, float)) in chunks.iter().zip(moved) {
            let op = match size {
                8 if float => Op::StoreFloat { double: true },
                8 => Op::Store(Width::W64),
                4 => Op::Store(Width::W32),
                2 => Op::Store(Width::W16),
                _ => Op::Store(Width::W8),
            };
            let build = self.build(op).a(chunk).mem(at(to, offset));
            self.emit(build);
        }
    }

    fn fill_in_place(&mut self, destination: Value, word: Value, count: i64) {
        let to = self.reg(destination);
        let source = match self.immediate_of(word) {
            Some(n) if count <= 4 => Source::Imm(n),
            _ => Source::Reg(self.reg(word)),
        };
        for n in 0..count {
            let place = at(to, i32::try_from(8 * n).expect("a short fill"));
            let build = match source {
                Source::Imm(n) => self.build(Op::StoreImm(Width::W64)).imm(i64::from(n)),
                Source::Reg(word) => self.build(Op::Store(Width::W64)).a(word),
                Source::Mem(_) => unreachable!("a word to fill with is in a register"),
            };
            self.emit(build.mem(place));
        }
    }

    /// The shim's routines take their operands in the first three argument registers and spare most others.
    fn call_helper(&mut self, helper: Helper, operands: [Value; 3]) {
        let operands: Vec<(VReg, PReg)> = operands
            .iter()
            .zip(INT_ARGUMENTS)
            .map(|(&value, register)| (self.virtual_reg(value), register))
            .collect();
        let ints = [0, 1, 2, 6, 7, 8].map(|number| PReg::new(number, RegClass::Int));
        let set: PRegSet = ints.into_iter().chain((0..6).map(xmm)).collect();
        let set = self.code.clobbers.index_of(set);
        let mut build = self
            .build(Op::Call)
            .symbol(SymbolRef::Helper(helper))
            .clobbers(set);
        for (vreg, register) in operands {
            build = build.fixed(vreg, register);
        }
        self.emit(build);
    }
}

/// A place at a register.
fn at(base: Reg, displacement: i32) -> MachineAddress {
    MachineAddress {
        base: AddressBase::Register(base),
        index: None,
        displacement,
        note: Note::None,
    }
}

/// The machine's load for an access.
pub(super) fn load_of(access: Access) -> Load {
    match access {
        Access::U8 | Access::Bool => Load::U8,
        Access::S8 => Load::S8,
        Access::U16 => Load::U16,
        Access::S16 => Load::S16,
        Access::U32 => Load::U32,
        Access::S32 => Load::S32,
        Access::F32 => Load::F32,
        Access::F64 => Load::F64,
        Access::I64 | Access::Oop | Access::Ptr => Load::W64,
    }
}
