//! Builds one machine instruction: its operands for the allocator and the slots that name them.

use crate::ir::{Alias, Position, Symbol};
use crate::x64::inst::{MInst, Mem, MemBase, Note, Op, Reg, Slot, SymbolRef};
use regalloc2::{Operand, OperandConstraint, OperandKind, OperandPos, PReg, VReg};

/// Where a selected address starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum AddressBase {
    /// At a register.
    Register(Reg),
    /// Nowhere: only the index and the displacement count.
    Nothing,
    /// At a symbol.
    Symbol(SymbolRef),
    /// At the arguments passed on the stack.
    Outgoing,
    /// At the arguments got on the stack.
    Incoming,
}

/// An address as selection sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct MachineAddress {
    /// Where it starts.
    pub base: AddressBase,
    /// A register with its scale.
    pub index: Option<(Reg, u8)>,
    /// Bytes.
    pub displacement: i32,
    /// For listings.
    pub note: Note,
}

impl MachineAddress {
    /// A place at a symbol.
    #[must_use]
    pub(super) fn symbol(symbol: SymbolRef) -> Self {
        Self {
            base: AddressBase::Symbol(symbol),
            index: None,
            displacement: 0,
            note: Note::None,
        }
    }

    /// The same with a note for listings: the alias class, unless something better is known.
    #[must_use]
    pub(super) fn with_alias(mut self, alias: Alias) -> Self {
        if self.note == Note::None && alias > Alias::RAW {
            self.note = Note::Alias(alias);
        }
        self
    }

    /// The same with a symbol for listings.
    #[must_use]
    pub(super) fn with_symbol(mut self, symbol: Symbol) -> Self {
        self.note = Note::Symbol(symbol);
        self
    }
}

/// An instruction in the making.
pub(super) struct Build {
    /// The instruction; its operand range is not set yet.
    pub inst: MInst,
    /// Its operands.
    pub operands: Vec<Operand>,
}

impl Build {
    /// An instruction without operands.
    #[must_use]
    pub(super) fn new(op: Op, position: Position) -> Self {
        let inst = MInst {
            op,
            dst: Slot::None,
            a: Slot::None,
            b: Slot::None,
            mem: Mem::default(),
            imm: 0,
            symbol: None,
            operands: (0, 0),
            clobbers: 0,
            position,
            root: None,
        };
        Self {
            inst,
            operands: Vec::new(),
        }
    }

    fn push(&mut self, operand: Operand) -> Slot {
        self.operands.push(operand);
        Slot::Operand(u8::try_from(self.operands.len() - 1).expect("few operands"))
    }

    /// A register that is read.
    pub(super) fn read(&mut self, reg: Reg) -> Slot {
        match reg {
            Reg::Virtual(vreg) => self.push(Operand::reg_use(vreg)),
            Reg::Fixed(preg) => Slot::Fixed(preg),
        }
    }

    /// A register that is read after others are written.
    pub(super) fn read_late(&mut self, reg: Reg) -> Slot {
        match reg {
            Reg::Virtual(vreg) => self.push(Operand::reg_use_at_end(vreg)),
            Reg::Fixed(preg) => Slot::Fixed(preg),
        }
    }

    /// The first source.
    #[must_use]
    pub(super) fn a(mut self, reg: Reg) -> Self {
        self.inst.a = self.read(reg);
        self
    }

    /// The second source.
    #[must_use]
    pub(super) fn b(mut self, reg: Reg) -> Self {
        self.inst.b = self.read(reg);
        self
    }

    /// The second source, read after results are written.
    #[must_use]
    pub(super) fn late_b(mut self, reg: Reg) -> Self {
        self.inst.b = self.read_late(reg);
        self
    }

    /// A source in a certain register.
    #[must_use]
    pub(super) fn fixed(mut self, vreg: VReg, preg: PReg) -> Self {
        self.push(Operand::reg_fixed_use(vreg, preg));
        self
    }

    /// The result.
    #[must_use]
    pub(super) fn dst(mut self, reg: Reg) -> Self {
        self.inst.dst = match reg {
            Reg::Virtual(vreg) => self.push(Operand::reg_def(vreg)),
            Reg::Fixed(preg) => Slot::Fixed(preg),
        };
        self
    }

    /// The result, in the register of the first source.
    #[must_use]
    pub(super) fn dst_is_a(mut self, reg: Reg) -> Self {
        self.inst.dst = match (reg, self.inst.a) {
            (Reg::Virtual(vreg), Slot::Operand(a)) => {
                self.push(Operand::reg_reuse_def(vreg, a as usize))
            }
            (Reg::Fixed(preg), Slot::Fixed(a)) if preg == a => Slot::Fixed(preg),
            other => unreachable!("a two-address result and its source differ: {other:?}"),
        };
        self
    }

    /// A result in a certain register.
    #[must_use]
    pub(super) fn fixed_def(mut self, vreg: VReg, preg: PReg) -> Self {
        self.push(Operand::reg_fixed_def(vreg, preg));
        self
    }

    /// A register that is written before the sources are read.
    #[must_use]
    pub(super) fn scratch(mut self, vreg: VReg) -> Self {
        self.inst.b = self.push(Operand::new(
            vreg,
            OperandConstraint::Reg,
            OperandKind::Def,
            OperandPos::Early,
        ));
        self
    }

    /// Another one.
    #[must_use]
    pub(super) fn second_scratch(mut self, vreg: VReg) -> Self {
        let b = self.inst.b;
        self = self.scratch(vreg);
        self.inst.dst = self.inst.b;
        self.inst.b = b;
        self
    }

    /// The immediate.
    #[must_use]
    pub(super) fn imm(mut self, imm: i64) -> Self {
        self.inst.imm = imm;
        self
    }

    /// The symbol.
    #[must_use]
    pub(super) fn symbol(mut self, symbol: SymbolRef) -> Self {
        self.inst.symbol = Some(symbol);
        self
    }

    /// The address.
    #[must_use]
    pub(super) fn mem(mut self, address: MachineAddress) -> Self {
        let base = match address.base {
            AddressBase::Register(reg) => MemBase::Register(self.read(reg)),
            AddressBase::Nothing => MemBase::Register(Slot::None),
            AddressBase::Symbol(symbol) => MemBase::Symbol(symbol),
            AddressBase::Outgoing => MemBase::Outgoing,
            AddressBase::Incoming => MemBase::Incoming,
        };
        let (index, scale) = match address.index {
            Some((reg, scale)) => (self.read(reg), scale),
            None => (Slot::None, 1),
        };
        self.inst.mem = Mem {
            base,
            index,
            scale,
            displacement: address.displacement,
            note: address.note,
        };
        self
    }

    /// Other registers that it destroys.
    #[must_use]
    pub(super) fn clobbers(mut self, set: u32) -> Self {
        self.inst.clobbers = set;
        self
    }
}
