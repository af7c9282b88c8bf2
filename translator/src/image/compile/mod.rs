//! One method of ordinary Smalltalk to the bytecodes of a Spur virtual machine.
//!
//! In: the syntax tree of a method, a [`Scope`] that knows every name from outside of it, and a [`Target`] that says which bytecodes are
//! wanted. Out: a [`CompiledCode`] and diagnostics. Holds: each literal index, jump and stack depth of the code is in range; there is no
//! code if there is an error. Names that nobody knows are warnings.

mod assemble;
pub mod code;
pub mod decode;
pub mod emitter;
mod encode;
mod generate;
mod inlining;
pub mod instruction;
mod literals;
pub mod names;
mod primitive;
pub mod print;
pub mod scope;
pub mod target;
pub mod verify;

pub use code::{CodeKind, CompiledCode, Literal, MethodState, PragmaLiteral, SourceMapEntry};
pub use scope::{BindingId, Reference, Scope, VariableForm};
pub use target::{BytecodeSet, Closures, Target, TargetOptions};

use crate::base::{Diagnostics, Interner};
use crate::syntax::ast::Method;

/// Compiles `method`; none after an error, which is in `diagnostics` or was told by the parser. All symbols are those of `interner`.
pub fn compile(
    method: &Method,
    scope: &dyn Scope,
    target: &Target,
    interner: &Interner,
    diagnostics: &mut Diagnostics,
) -> Option<CompiledCode> {
    let mut own = Diagnostics::new();
    let primitive = primitive::primitive_of(method, interner, &mut own);
    let failure = primitive.as_ref().and_then(|primitive| primitive.failure);
    let names = names::resolve(method, failure, scope, target, interner, &mut own);
    let form = scope.variable_form();
    if names.faulty {
        diagnostics.append(own);
        return None;
    }
    let code = generate::Generator::new(method, &names, target, interner, form, &mut own)
        .method(primitive);
    let code = code.filter(|_| !own.has_errors());
    diagnostics.append(own);
    code
}

#[cfg(test)]
mod tests;
