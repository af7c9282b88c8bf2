//! One method of ordinary Smalltalk to the bytecodes of a Spur virtual machine.
//!
//! In: the syntax tree of a method, a [`Scope`] that knows every name from outside of it, and a [`Target`] that says which bytecodes are
//! wanted. Out: a [`CompiledCode`] and diagnostics. Holds: each literal index, jump and stack depth of the code is in range; there is no
//! code if there is an error. Names that nobody knows are warnings.

pub mod code;
pub mod scope;
pub mod target;

pub use code::{CodeKind, CompiledCode, Literal, MethodState, PragmaLiteral, SourceMapEntry};
pub use scope::{BindingId, Reference, Scope, VariableForm};
pub use target::{BytecodeSet, Closures, Target, TargetOptions};

use crate::base::{Diagnostics, Interner};
use crate::syntax::ast::Method;

/// Compiles `method`; none after an error, which is in `diagnostics`. All symbols are those of `interner`.
pub fn compile(
    _method: &Method,
    _scope: &dyn Scope,
    _target: &Target,
    _interner: &Interner,
    _diagnostics: &mut Diagnostics,
) -> Option<CompiledCode> {
    None
}
