//! The compiled module: machine code with symbolic relocations, and what debuggers, listings and the linker need to know of it.

use super::inst::{Note, SymbolRef};
use super::registers::Convention;
use crate::ir::{FuncId, Local, Module, Position, TrapReason};
use regalloc2::PReg;

/// A place in code that the linker fills in: four bytes, the distance of the target from the place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CodeRelocation {
    /// From the start of the function.
    pub offset: u32,
    /// What it refers to.
    pub target: SymbolRef,
    /// Added to the distance.
    pub addend: i64,
}

/// An instruction that traps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TrapSite {
    /// From the start of the function.
    pub offset: u32,
    /// The source that it belongs to.
    pub position: Position,
    /// Why.
    pub reason: TrapReason,
}

/// A change of what an unwinder must know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UnwindStep {
    /// The distance from the stack pointer to the caller's stack pointer.
    Distance(u32),
    /// A register is saved so far below the caller's stack pointer.
    Saved(PReg, u32),
}

/// Where a debugger finds a variable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VariablePlace {
    /// In the integer register of that number.
    Register(u8),
    /// In the vector register of that number.
    Vector(u8),
    /// So far below the caller's stack pointer.
    Frame(u32),
    /// Nowhere: it is this.
    Constant(i64),
}

/// A part of the code in which a variable is at one place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VariableRange {
    /// The variable, one of the bindings of the module's function.
    pub local: Local,
    /// From the start of the function.
    pub begin: u32,
    /// The first byte behind it.
    pub end: u32,
    /// The place.
    pub place: VariablePlace,
}

/// A compiled function.
#[derive(Clone, Default, Debug)]
pub struct CodeFunction {
    /// Its machine code.
    pub code: Vec<u8>,
    /// What the linker fills in, by ascending offset.
    pub relocations: Vec<CodeRelocation>,
    /// The targets of each jump table, from the start of the function.
    pub jump_tables: Vec<Vec<u32>>,
    /// From where on the code belongs to which source position, in the activations of the module's function.
    pub lines: Vec<(u32, Position)>,
    /// What the memory operand of the instruction at an offset is called.
    pub notes: Vec<(u32, Note)>,
    /// Its trapping instructions.
    pub traps: Vec<TrapSite>,
    /// For unwinders.
    pub unwind: Vec<(u32, UnwindStep)>,
    /// Where variables are, by variable, then ascending.
    pub variables: Vec<VariableRange>,
    /// Bytes of stack that it uses itself, its return address included.
    pub stack: u32,
}

/// A compiled module. The index of a function is its [`FuncId`]; imports have no code.
pub struct CodeModule<'m> {
    /// Where it comes from: names, data, tables, fields.
    pub module: &'m Module,
    /// The functions.
    pub functions: Vec<CodeFunction>,
    /// The convention of each function.
    pub conventions: Vec<Convention>,
}

impl CodeModule<'_> {
    /// The function of an identity.
    #[must_use]
    pub fn function(&self, id: FuncId) -> &CodeFunction {
        use crate::base::EntityRef;
        &self.functions[id.index()]
    }

    /// Bytes of machine code.
    #[must_use]
    pub fn code_size(&self) -> usize {
        self.functions
            .iter()
            .map(|function| function.code.len())
            .sum()
    }
}
