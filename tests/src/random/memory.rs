//! Random accesses through addresses and structs. They touch the field `bytes` only.

use super::expression::Scope;
use super::{Choice, Int};

/// Fields of the struct with their types.
const MEMBERS: [(&str, Int); 8] = [
    (
        "a",
        Int {
            signed: false,
            bits: 8,
        },
    ),
    (
        "b",
        Int {
            signed: true,
            bits: 16,
        },
    ),
    (
        "c",
        Int {
            signed: true,
            bits: 8,
        },
    ),
    (
        "d",
        Int {
            signed: false,
            bits: 32,
        },
    ),
    (
        "e",
        Int {
            signed: true,
            bits: 64,
        },
    ),
    (
        "f",
        Int {
            signed: false,
            bits: 16,
        },
    ),
    (
        "g",
        Int {
            signed: true,
            bits: 32,
        },
    ),
    (
        "i",
        Int {
            signed: false,
            bits: 64,
        },
    ),
];

/// A statement that writes to memory.
#[expect(clippy::too_many_lines, reason = "one choice among all writes")]
pub(super) fn write(scope: &Scope, choice: &mut Choice) -> String {
    match choice.within(0, 6) {
        0 | 1 => {
            let ty = Int {
                signed: false,
                bits: *choice.of(&[8, 16, 32, 64]),
            };
            let value = scope.of_type(ty, 2, choice);
            format!(
                "bytes asAddress uint{}At: {} put: {value}",
                ty.bits,
                distance(scope, choice)
            )
        }
        2 | 3 => {
            let (name, ty) = *choice.of(&MEMBERS);
            format!(
                "(Mixture at: bytes asAddress) {name}: {}",
                scope.of_type(ty, 2, choice)
            )
        }
        4 => {
            let byte = scope.of_type(
                Int {
                    signed: false,
                    bits: 8,
                },
                1,
                choice,
            );
            format!(
                "(Mixture at: bytes asAddress) h: {} put: {byte}",
                scope.index(4, choice)
            )
        }
        5 => {
            let (to, from) = if choice.coin() { (0, 24) } else { (32, 0) };
            let op = *choice.of(&["copyBytes:", "moveBytes:"]);
            format!(
                "bytes asAddress + {} {op} {} from: bytes asAddress + {}",
                count(to),
                count(choice.within(0, 20)),
                count(from)
            )
        }
        _ if choice.coin() => {
            let byte = scope.of_type(
                Int {
                    signed: false,
                    bits: 8,
                },
                1,
                choice,
            );
            format!(
                "bytes asAddress + {} fillBytes: {} with: {byte}",
                count(choice.within(0, 16)),
                count(choice.within(0, 40))
            )
        }
        _ => {
            let word = scope.of_type(Int::UINT64, 1, choice);
            format!(
                "bytes asAddress + {} fillWords: {} with: {word}",
                count(8),
                count(choice.within(0, 6))
            )
        }
    }
}

/// A value read from memory, with its type.
pub(super) fn read(scope: &Scope, choice: &mut Choice) -> (String, Int) {
    match choice.within(0, 2) {
        0 => {
            let ty = Int::in_memory(choice);
            let name = ty.name();
            let selector = format!("{}{}", name[..1].to_lowercase(), name[1..].to_lowercase());
            (
                format!(
                    "(bytes asAddress {selector}At: {})",
                    distance(scope, choice)
                ),
                ty,
            )
        }
        1 => {
            let (name, ty) = *choice.of(&MEMBERS);
            (format!("(Mixture at: bytes asAddress) {name}"), ty)
        }
        _ => (
            format!(
                "((Mixture at: bytes asAddress) h: {})",
                scope.index(4, choice)
            ),
            Int {
                signed: false,
                bits: 8,
            },
        ),
    }
}

fn count(bytes: u64) -> String {
    format!("(ByteCount fromInteger: {bytes})")
}

/// A distance inside of the field, eight bytes away from its end.
fn distance(scope: &Scope, choice: &mut Choice) -> String {
    if choice.coin() || scope.locals.is_empty() {
        return count(choice.within(0, 56));
    }
    let (name, _) = choice.of(&scope.locals);
    format!(
        "(ByteCount fromInteger: ({name} bitAnd: 31) + {})",
        choice.within(0, 24)
    )
}
