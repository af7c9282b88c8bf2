//! Machine code for x86-64: selection, register allocation, frames, encoding.
//!
//! In: a module in IR, optimised, that the verifier accepts. Out: a [`CodeModule`], machine code in which other functions, data and
//! fields are still symbols. Functions are compiled in parallel and independently, so the result does not depend on the number of
//! cores. The processor must have SSE4.1 and `popcnt` (x86-64-v2).

mod cleanup;
mod code;
mod effects;
mod emit;
mod facts;
mod frame;
mod held;
pub mod inst;
mod layout;
pub mod module;
mod pins;
mod portable;
#[cfg(test)]
mod random_tests;
mod regalloc;
pub mod registers;
mod select;
mod stack;

pub use module::{
    CodeFunction, CodeModule, CodeRelocation, TrapSite, UnwindStep, VariablePlace, VariableRange,
};
pub use registers::Convention;
pub use stack::{DeepestStack, deepest};

use self::held::HeldAt;
use self::regalloc::Allocator;
use self::registers::Registers;
use self::select::ModuleFacts;
use crate::base::Memo;
use crate::ir::portable::remembered;
use crate::ir::{FuncId, Module, Portable, Writer};
use rayon::prelude::*;

/// Compiles a module.
///
/// # Errors
/// A pin wants a register that it cannot have, or a call has arguments that it cannot pass: a sentence.
pub fn compile(module: &Module) -> Result<CodeModule<'_>, String> {
    compile_with(module, None)
}

/// Compiles a module, but for the functions whose machine code is known from earlier runs.
///
/// # Errors
/// As [`compile`].
pub fn compile_with<'m>(module: &'m Module, memo: Option<&Memo>) -> Result<CodeModule<'m>, String> {
    select::check_calls(module)?;
    let facts = ModuleFacts {
        module,
        registers: Registers::new(module)?,
        conventions: pins::conventions(module),
    };
    let ids: Vec<FuncId> = module.functions.keys().collect();
    let functions = ids
        .par_iter()
        .map_init(Allocator::default, |allocator, &id| {
            compile_or_remember(&facts, id, allocator, memo)
        })
        .collect();
    Ok(CodeModule {
        module,
        functions,
        conventions: facts.conventions,
    })
}

/// Takes over the machine code of a function from an earlier run, or compiles it.
fn compile_or_remember(
    facts: &ModuleFacts<'_>,
    id: FuncId,
    allocator: &mut Allocator,
    memo: Option<&Memo>,
) -> CodeFunction {
    let func = &facts.module.functions[id];
    let Some(memo) = memo.filter(|_| func.has_body()) else {
        return compile_function(facts, id, allocator);
    };
    let conventions = |asked: &mut Writer| {
        facts.convention(id).write(asked);
        for callee in asked.functions() {
            facts.convention(callee).write(asked);
        }
    };
    let question = ("code", func, facts.module);
    remembered(memo, question, conventions, || {
        compile_function(facts, id, allocator)
    })
}

/// Compiles one function; an import has no code.
fn compile_function(
    facts: &ModuleFacts<'_>,
    id: FuncId,
    allocator: &mut Allocator,
) -> CodeFunction {
    let function = &facts.module.functions[id];
    if !function.has_body() {
        return CodeFunction::default();
    }
    let selected = select::select(facts, id);
    let mut allocated = allocator.allocate(selected.code, &facts.registers, &function.name);
    cleanup::remove_moves(&mut allocated, &facts.registers.pins);
    let held_at = HeldAt::new(&allocated, &selected.homes, &facts.registers.pins);
    let variables = emit::Variables::new(function, held_at);
    emit::emit(&allocated, &selected.jump_tables, facts, variables)
}
