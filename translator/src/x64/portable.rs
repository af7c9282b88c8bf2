//! How machine code is written as bytes that mean the same in another module.

use regalloc2::PReg;

use super::inst::{Helper, Note, SymbolRef};
use super::module::{
    CodeFunction, CodeRelocation, TrapSite, UnwindStep, VariablePlace, VariableRange,
};
use super::registers::Convention;
use crate::ir::portable::{portable_enum, portable_struct};
use crate::ir::{Portable, Reader, Writer};

portable_struct! {
    CodeRelocation { offset, target, addend }
    TrapSite { offset, position, reason }
    VariableRange { local, begin, end, place }
}

portable_enum! {
    Convention { Plain, Pinned, Handler }
    Helper { MemCopy, MemMove, MemFill, MemFill64 }
    VariablePlace { Register(number), Vector(number), Frame(below), Constant(n) }
    Note { None, Alias(class), Symbol(symbol) }
    SymbolRef {
        Module(symbol),
        State,
        Helper(helper),
        Constant64(bits),
        Constant32(bits),
        Constant128(bits),
        JumpTable(number),
    }
}

impl Portable for PReg {
    fn write(&self, to: &mut Writer) {
        to.number(self.index() as u64);
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let register = usize::try_from(from.number()?).ok()?;
        (register < Self::NUM_INDEX).then(|| Self::from_index(register))
    }
}

impl Portable for UnwindStep {
    fn write(&self, to: &mut Writer) {
        let (register, bytes) = match *self {
            Self::Distance(bytes) => (None, bytes),
            Self::Saved(register, bytes) => (Some(register), bytes),
        };
        (register, bytes).write(to);
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let (register, bytes): (Option<PReg>, u32) = Portable::read(from)?;
        Some(match register {
            Some(register) => Self::Saved(register, bytes),
            None => Self::Distance(bytes),
        })
    }
}

impl Portable for CodeFunction {
    fn write(&self, to: &mut Writer) {
        let Self {
            code,
            relocations,
            jump_tables,
            lines,
            notes,
            traps,
            unwind,
            variables,
            stack,
        } = self;
        to.raw(code);
        relocations.write(to);
        jump_tables.write(to);
        lines.write(to);
        notes.write(to);
        traps.write(to);
        unwind.write(to);
        variables.write(to);
        stack.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            code: from.raw()?.to_vec(),
            relocations: Portable::read(from)?,
            jump_tables: Portable::read(from)?,
            lines: Portable::read(from)?,
            notes: Portable::read(from)?,
            traps: Portable::read(from)?,
            unwind: Portable::read(from)?,
            variables: Portable::read(from)?,
            stack: Portable::read(from)?,
        })
    }
}
