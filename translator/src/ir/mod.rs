//! The intermediate representation: SSA with block parameters. `docs/ir.md` is its reference.
//!
//! It knows nothing of Smalltalk; names are text for listings. `lower` makes it, `analysis` and `opt` work on it, `x64` reads it.

pub mod bindings;
pub mod builder;
pub mod cfg;
pub mod data_types;
pub mod dominators;
pub mod entities;
pub mod fold;
pub mod function;
pub mod instruction;
#[cfg(test)]
pub(crate) mod interpret;
mod locals;
pub mod module;
pub mod opcode;
pub mod parser;
mod pools;
pub mod portable;
pub mod position;
mod printer;
mod ssa;
pub mod types;
pub mod verifier;

pub use bindings::{Binding, Bindings, Bound, LocalVariable};
pub use builder::FunctionBuilder;
pub use cfg::Cfg;
pub use dominators::Dominators;
pub use entities::{
    Alias, Block, DataId, FieldId, FuncId, InstId, Local, Name, Part, PinId, SigId, Site, Snapshot,
    TableId, TrapReason, Value, Variable,
};
pub use function::{
    Attributes, BlockData, Function, FunctionKind, Inline, InstData, ValueData, ValueDef,
};
pub use instruction::{
    Address, Base, BlockList, Effects, Hint, Inst, MemoryEffect, Symbol, Target, ValueList,
};
pub use module::{Data, Export, FunctionTable, Module, Pin, StateField, StructField};
pub use opcode::{BinaryOp, BlockOp, CheckedOp, FloatCond, IntCond, UnaryOp};
pub use parser::{ParseError, parse_module};
pub use portable::{Portable, Reader, Writer};
pub use position::{Activation, Activations, Position};
pub use types::{Access, Signature, Type};
pub use verifier::{VerifierError, verify, verify_function};
