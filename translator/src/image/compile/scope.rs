//! What the compiler asks of a class.

use crate::base::Symbol;
use crate::entity;

entity!(
    /// The binding of a class variable, pool variable or global: an object whose second field is the value. Numbered by whoever answers scopes.
    BindingId,
    "binding"
);

/// The names that a method of one class sees besides its own.
pub trait Scope: Sync {
    /// What `name` means; none if it is not declared anywhere.
    fn lookup(&self, name: Symbol) -> Option<Reference>;

    /// How bytecodes reach the receiver's variables.
    fn variable_form(&self) -> VariableForm {
        VariableForm::Short
    }
}

/// What a name from outside of a method means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reference {
    /// The receiver's variable with this index, from 0.
    InstanceVariable(u32),
    /// The value of a binding; assignable if `writable`.
    Binding {
        /// Which one.
        binding: BindingId,
        /// Whether methods may assign it: not so with classes.
        writable: bool,
    },
}

/// How bytecodes reach the receiver's variables.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VariableForm {
    /// By the shortest bytecode.
    Short,
    /// By the bytecodes that look whether the receiver is a context in use: for classes whose instances are contexts.
    MaybeContext,
}
