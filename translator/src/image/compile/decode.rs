//! Bytes to instructions: written from the tables of the sets, without a look at the encoder.

mod sista;
mod v3;

use super::instruction::{Instruction, Jump};
use super::target::BytecodeSet;

/// An instruction among bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Decoded {
    /// Where its first byte, which may be a prefix, stands.
    pub offset: usize,
    /// Its bytes with prefixes.
    pub length: usize,
    /// What it does.
    pub operation: Operation,
}

/// What an instruction does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    /// Does not jump.
    Plain(Instruction),
    /// Jumps to this offset, which may be outside of the code.
    Jump(Jump, i64),
}

/// Arguments of the special selectors in the order of their numbers.
const SPECIAL_ARGUMENTS: [u32; 32] = [
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, //
    1, 2, 0, 0, 1, 0, 1, 0, 1, 0, 1, 1, 0, 1, 0, 0,
];

/// The instruction at `offset`.
///
/// # Errors
/// One sentence that says why there is none.
pub fn decode(set: BytecodeSet, bytes: &[u8], offset: usize) -> Result<Decoded, String> {
    let rest = bytes.get(offset..).unwrap_or_default();
    let (length, decoded) = match set {
        BytecodeSet::V3 => v3::decode(rest)?,
        BytecodeSet::SistaV1 => sista::decode(rest)?,
    };
    let operation = match decoded {
        Relative::Plain(instruction) => Operation::Plain(instruction),
        Relative::Jump(jump, distance) => {
            let end = i64::try_from(offset + length).unwrap_or(i64::MAX);
            Operation::Jump(jump, end + distance)
        }
    };
    Ok(Decoded {
        offset,
        length,
        operation,
    })
}

/// All instructions, one behind the other.
///
/// # Errors
/// One sentence that says which bytes are no instruction.
pub fn decode_all(set: BytecodeSet, bytes: &[u8]) -> Result<Vec<Decoded>, String> {
    let mut all = Vec::new();
    let mut offset = 0;
    while offset < bytes.len() {
        let decoded = decode(set, bytes, offset)?;
        offset += decoded.length;
        all.push(decoded);
    }
    Ok(all)
}

/// An instruction whose jump is counted from its end.
enum Relative {
    Plain(Instruction),
    Jump(Jump, i64),
}

/// Length and instruction.
type Found = Result<(usize, Relative), String>;

fn special(number: u8) -> Relative {
    let arguments = SPECIAL_ARGUMENTS
        .get(usize::from(number))
        .copied()
        .unwrap_or(0);
    Relative::Plain(Instruction::SendSpecial { number, arguments })
}

/// The byte at `index`, as an operand.
fn operand(bytes: &[u8], index: usize) -> Result<u32, String> {
    let byte = bytes.get(index).copied().map(u32::from);
    byte.ok_or_else(|| "the code ends within an instruction".to_owned())
}

fn unknown(opcode: u8) -> String {
    format!("{opcode} is no bytecode of this set")
}
