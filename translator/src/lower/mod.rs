//! From the typed program to the IR.
//!
//! In: a [`Program`] as inference leaves it. Out: a [`Module`] whose function numbers are the method numbers of the program, with the source
//! span of every instruction beside it. What holds afterwards: every trap of the language is an instruction with a reason, every integer is
//! kept in 64 bits (signed or unsigned as its range says), and nothing of Smalltalk is left but names.

mod arithmetic;
mod control;
mod convert;
mod describe;
mod divide;
mod float;
mod function;
mod intrinsic;
mod layout;
mod locals;
mod memory;
mod places;
mod wide;

use rayon::prelude::*;

use crate::base::diagnostic::{Diagnostic, Diagnostics};
use crate::base::entity::EntityRef;
use crate::base::source::SourceMap;
use crate::ir::Module;
use crate::typed::{MethodId, MethodKind, Program};

pub use places::Places;

/// What the build asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Assertions and array bounds are tested.
    pub checked: bool,
    /// Debuggers are told where parameters and temporaries are. The code is the same.
    pub variables: bool,
}

/// What lowering makes.
#[derive(Debug)]
pub struct Lowered {
    /// The program as IR.
    pub module: Module,
    /// Where each instruction comes from.
    pub places: Places,
    /// What cannot be lowered.
    pub diagnostics: Diagnostics,
}

/// Lowers the whole program.
#[must_use]
pub fn lower(program: &Program, sources: &SourceMap, options: Options) -> Lowered {
    let (mut module, shared) = layout::lay_out(program, sources, options);
    let ids: Vec<MethodId> = program.methods.keys().collect();
    let bodies: Vec<_> = ids
        .par_iter()
        .map(|&id| function::lower_method(&shared, id))
        .collect();
    let mut lowered = Lowered {
        module: Module::new(),
        places: Places::default(),
        diagnostics: missing_pin(program).into_iter().collect(),
    };
    for (id, body) in ids.iter().zip(bodies) {
        let function = &mut module.functions[shared.functions[id.index()]];
        let attributes = function.attributes;
        *function = body.function;
        function.attributes = attributes;
        lowered.places.push(body.places);
        lowered.diagnostics.append(body.diagnostics);
    }
    layout::add_entry(program, &shared, &mut module, &mut lowered.places);
    lowered.module = module;
    lowered
}

/// The registers that a dispatch needs a pin in: the instruction pointer's and the dispatch table's.
const DISPATCH_PINS: [&str; 2] = ["r12", "r14"];

/// A handler ends with a dispatch; the complaint if there is one, and nothing to dispatch through.
fn missing_pin(program: &Program) -> Option<Diagnostic> {
    let mut methods = program.methods.values();
    let handler = methods.find(|method| method.kind == MethodKind::Handler)?;
    let is_pinned = |register: &&str| {
        let mut fields = program.state.values();
        fields.any(|field| field.pin.as_deref() == Some(register))
    };
    let missing = DISPATCH_PINS.iter().find(|register| !is_pinned(register))?;
    let message = format!(
        "{} is a handler, but no field is pinned to {missing}",
        handler.name
    );
    let error = Diagnostic::error("L002", message).primary(handler.span, "");
    let hint = "pin the instruction pointer to r12 and the dispatch table to r14: PinnedField type: #Address register: #r12";
    Some(error.hint(hint))
}

#[cfg(test)]
mod tests;
