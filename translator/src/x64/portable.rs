//! How machine code is written as bytes that mean the same in another module.

use regalloc2::PReg;

use super::inst::{Helper, Note, SymbolRef};
use super::module::{CodeFunction, CodeRelocation, TrapSite, UnwindStep};
use super::registers::Convention;
use crate::ir::portable::{portable_enum, portable_struct};
use crate::ir::{Portable, Reader, Writer};

portable_struct! {
    CodeRelocation { offset, target, addend }
    TrapSite { offset, position, reason }
}

portable_enum! {
    Convention { Plain, Pinned, Handler }
    Helper { MemCopy, MemMove, MemFill, MemFill64 }
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

impl Portable for UnwindStep {
    fn write(&self, to: &mut Writer) {
        let (register, bytes) = match *self {
            Self::Distance(bytes) => (None, bytes),
            Self::Saved(register, bytes) => (Some(register.index() as u64), bytes),
        };
        (register, bytes).write(to);
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let (register, bytes): (Option<u64>, u32) = Portable::read(from)?;
        let Some(register) = register else {
            return Some(Self::Distance(bytes));
        };
        let register = usize::try_from(register).ok()?;
        (register < PReg::NUM_INDEX).then(|| Self::Saved(PReg::from_index(register), bytes))
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
            stack,
        } = self;
        to.raw(code);
        relocations.write(to);
        jump_tables.write(to);
        lines.write(to);
        notes.write(to);
        traps.write(to);
        unwind.write(to);
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
            stack: Portable::read(from)?,
        })
    }
}
