//! One right call, at least, of every primitive. The sweep derives wrong ones from them.

mod modules;
mod named;
mod numbered;
mod sockets;

use super::program::{Primitive, Step};
use super::values::V;

/// Number, receiver, arguments.
type Call = (u16, V, &'static [V]);

/// Module, name, receiver, arguments.
type NamedCall = (&'static str, &'static str, V, &'static [V]);

/// All calls.
pub(crate) fn all() -> Vec<Step> {
    let numbered = numbered::CALLS
        .iter()
        .map(|(number, receiver, arguments)| (Primitive::Number(*number), receiver, arguments));
    let named = named::CALLS
        .iter()
        .chain(sockets::CALLS)
        .chain(modules::CALLS)
        .map(|(module, name, receiver, arguments)| {
            (Primitive::Named(module, name), receiver, arguments)
        });
    numbered
        .chain(named)
        .map(|(primitive, receiver, arguments)| Step {
            primitive,
            receiver: *receiver,
            arguments: arguments.to_vec(),
            expected: None,
        })
        .collect()
}
