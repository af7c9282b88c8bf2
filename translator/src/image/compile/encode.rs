//! Instructions to the bytes of a set, each in its shortest form.

mod sista;
mod v3;

use super::instruction::{Instruction, Jump};
use super::target::BytecodeSet;

/// Why an instruction has no encoding, in one sentence.
type Refusal = String;

/// Appends an instruction.
pub(super) fn plain(
    set: BytecodeSet,
    instruction: Instruction,
    out: &mut Vec<u8>,
) -> Result<(), Refusal> {
    match set {
        BytecodeSet::V3 => v3::plain(instruction, out),
        BytecodeSet::SistaV1 => sista::plain(instruction, out),
    }
}

/// The length of a jump's shortest form. A jump to what follows is left out.
pub(super) fn shortest_jump(set: BytecodeSet, jump: Jump) -> usize {
    match (set, jump) {
        (_, Jump::Always) => 0,
        (_, Jump::IfFalse) | (BytecodeSet::SistaV1, Jump::IfTrue) => 1,
        (BytecodeSet::V3, Jump::IfTrue) => 2,
        (BytecodeSet::V3, Jump::Closure { .. }) => 4,
        (BytecodeSet::SistaV1, Jump::Closure { .. }) => 3,
    }
}

/// The length of a jump over `distance` bytes, counted from its end.
pub(super) fn jump_length(set: BytecodeSet, jump: Jump, distance: i64) -> usize {
    match (set, jump, distance) {
        (_, Jump::Always, 0) => 0,
        (_, Jump::Always | Jump::IfFalse, 1..=8) | (BytecodeSet::SistaV1, Jump::IfTrue, 1..=8) => 1,
        (BytecodeSet::V3, Jump::Closure { .. }, _) => 4,
        (BytecodeSet::V3, _, _) => 2,
        (BytecodeSet::SistaV1, Jump::Closure { arguments, copied }, _) => {
            let counts = usize::from(arguments > 7 || copied > 7);
            3 + 2 * counts + 2 * usize::from(distance > 0xFF)
        }
        (BytecodeSet::SistaV1, _, 0..=0xFF) => 2,
        (BytecodeSet::SistaV1, ..) => 4,
    }
}

/// Appends a jump over `distance` bytes in the form that [`jump_length`] measures.
pub(super) fn jump(
    set: BytecodeSet,
    jump: Jump,
    distance: i64,
    out: &mut Vec<u8>,
) -> Result<(), Refusal> {
    match set {
        BytecodeSet::V3 => v3::jump(jump, distance, out),
        BytecodeSet::SistaV1 => sista::jump(jump, distance, out),
    }
}

/// A number as a byte, if it is at most `most`.
fn byte(value: u32, most: u8, what: &str) -> Result<u8, Refusal> {
    u8::try_from(value)
        .ok()
        .filter(|&value| value <= most)
        .ok_or_else(|| {
            format!("{what} {value} is more than {most}, the greatest of this bytecode set")
        })
}
