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

use crate::base::diagnostic::Diagnostics;
use crate::base::entity::EntityRef;
use crate::base::source::SourceMap;
use crate::ir::Module;
use crate::typed::{MethodId, Program};

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
        diagnostics: Diagnostics::new(),
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

#[cfg(test)]
mod tests;
