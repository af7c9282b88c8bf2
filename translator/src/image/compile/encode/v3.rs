//! SqueakV3 with closure bytecodes.

use super::{Refusal, byte};
use crate::image::compile::instruction::{Instruction, Jump, Message, Remote};

/// What the two high bits of an extended push or store mean.
const VARIABLE: u8 = 0;
const TEMP: u8 = 0x40;
const LITERAL: u8 = 0x80;
const BINDING: u8 = 0xC0;

pub(super) fn plain(instruction: Instruction, out: &mut Vec<u8>) -> Result<(), Refusal> {
    use Instruction as I;
    match instruction {
        I::PushVariable(index) => {
            return reach(out, (0, 16), (128, VARIABLE), 0x40, variable(index)?);
        }
        I::PushTemp(index) => return temp(out, (16, 16), 128, index),
        I::PushLiteral(index) => {
            return reach(out, (32, 32), (128, LITERAL), 0x60, literal(index)?);
        }
        I::PushBinding(index) => {
            return reach(out, (64, 32), (128, BINDING), 0x80, literal(index)?);
        }
        I::StoreVariable(index) => {
            return reach(out, (0, 0), (129, VARIABLE), 0xA0, variable(index)?);
        }
        I::StoreBinding(index) => return reach(out, (0, 0), (129, BINDING), 0xE0, literal(index)?),
        I::PopIntoVariable(index) => {
            return reach(out, (96, 8), (130, VARIABLE), 0xC0, variable(index)?);
        }
        I::PopIntoBinding(index) => {
            let index = literal(index)?;
            if index < 64 {
                out.extend([130, BINDING | index]);
            } else {
                out.extend([132, 0xE0, index, 135]);
            }
        }
        I::PushVariableMaybeContext(index) => out.extend([132, 0x40, variable(index)?]),
        I::StoreVariableMaybeContext(index) => out.extend([132, 0xA0, variable(index)?]),
        I::PopIntoVariableMaybeContext(index) => out.extend([132, 0xC0, variable(index)?]),
        I::StoreTemp(index) => return temp(out, (0, 0), 129, index),
        I::PopIntoTemp(index) => return temp(out, (104, 8), 130, index),
        I::PushRemote(remote) => out.extend(remote_bytes(140, remote)?),
        I::StoreRemote(remote) => out.extend(remote_bytes(141, remote)?),
        I::PopIntoRemote(remote) => out.extend(remote_bytes(142, remote)?),
        I::PushNewArray(size) => out.extend([138, byte(size, 127, "size")?]),
        I::PushFilledArray(size) => out.extend([138, 0x80 | byte(size, 127, "size")?]),
        I::Send(message) => return send(message, out),
        I::SendSuper(message) => return send_super(message, out),
        I::SendSpecial { number, .. } => out.push(176 + number),
        I::CallPrimitive(number) => {
            let [low, high] = number.to_le_bytes();
            out.extend([139, low, high]);
        }
        _ => out.push(single(instruction)?),
    }
    Ok(())
}

/// The instructions of one byte without operand.
fn single(instruction: Instruction) -> Result<u8, Refusal> {
    use Instruction as I;
    Ok(match instruction {
        I::PushSelf => 112,
        I::PushTrue => 113,
        I::PushFalse => 114,
        I::PushNil => 115,
        I::PushInteger(-1) => 116,
        I::PushInteger(0) => 117,
        I::PushInteger(1) => 118,
        I::PushInteger(2) => 119,
        I::ReturnSelf => 120,
        I::ReturnTrue => 121,
        I::ReturnFalse => 122,
        I::ReturnNil => 123,
        I::ReturnTop => 124,
        I::BlockReturnTop => 125,
        I::Pop => 135,
        I::Dup => 136,
        I::PushContext => 137,
        _ => return Err(format!("the set V3 has no bytecode for {instruction:?}")),
    })
}

/// One byte for the first `short.1` indices, two up to 63, three up to 255.
fn reach(
    out: &mut Vec<u8>,
    short: (u8, u8),
    extended: (u8, u8),
    double: u8,
    index: u8,
) -> Result<(), Refusal> {
    if index < short.1 {
        out.push(short.0 + index);
    } else if index < 64 {
        out.extend([extended.0, extended.1 | index]);
    } else {
        out.extend([132, double, index]);
    }
    Ok(())
}

/// One byte for the first `short.1` temporaries, two for the others.
fn temp(out: &mut Vec<u8>, short: (u8, u8), extended: u8, index: u32) -> Result<(), Refusal> {
    let index = byte(index, 63, "temporary")?;
    if index < short.1 {
        out.push(short.0 + index);
    } else {
        out.extend([extended, TEMP | index]);
    }
    Ok(())
}

fn variable(index: u32) -> Result<u8, Refusal> {
    byte(index, 255, "instance variable")
}

fn literal(index: u32) -> Result<u8, Refusal> {
    byte(index, 255, "literal")
}

fn remote_bytes(opcode: u8, remote: Remote) -> Result<[u8; 3], Refusal> {
    let element = byte(remote.element, 255, "shared variable")?;
    Ok([opcode, element, byte(remote.vector, 63, "temporary")?])
}

fn send(message: Message, out: &mut Vec<u8>) -> Result<(), Refusal> {
    let selector = literal(message.literal)?;
    let count = byte(message.arguments, 31, "argument count")?;
    match (selector, count) {
        (0..16, 0..=2) => out.push(208 + 16 * count + selector),
        (0..32, 0..=7) => out.extend([131, count << 5 | selector]),
        (0..64, 0..=3) => out.extend([134, count << 6 | selector]),
        _ => out.extend([132, count, selector]),
    }
    Ok(())
}

fn send_super(message: Message, out: &mut Vec<u8>) -> Result<(), Refusal> {
    let selector = literal(message.literal)?;
    let count = byte(message.arguments, 31, "argument count")?;
    match (selector, count) {
        (0..32, 0..=7) => out.extend([133, count << 5 | selector]),
        _ => out.extend([132, 0x20 | count, selector]),
    }
    Ok(())
}

pub(super) fn jump(jump: Jump, distance: i64, out: &mut Vec<u8>) -> Result<(), Refusal> {
    let long = |first: i64, least: i64, out: &mut Vec<u8>| {
        let high = distance >> 8;
        let opcode = u8::try_from(first + high - least).ok();
        let low = u8::try_from(distance & 0xFF).ok();
        let in_range = (least * 256..1024).contains(&distance);
        match (opcode, low) {
            (Some(opcode), Some(low)) if in_range => {
                out.extend([opcode, low]);
                Ok(())
            }
            _ => Err(format!(
                "this jumps over {} bytes; a jump of the set V3 reaches 1023",
                distance.abs()
            )),
        }
    };
    let short = u8::try_from(distance - 1).ok().filter(|&short| short < 8);
    match (jump, short) {
        (Jump::Always, Some(short)) => out.push(144 + short),
        (Jump::IfFalse, Some(short)) => out.push(152 + short),
        (Jump::Always, None) => long(160, -4, out)?,
        (Jump::IfTrue, _) => long(168, 0, out)?,
        (Jump::IfFalse, None) => long(172, 0, out)?,
        (Jump::Closure { arguments, copied }, _) => {
            let Ok(size) = u16::try_from(distance) else {
                return Err(format!(
                    "a block of {distance} bytes is too large for the set V3"
                ));
            };
            let [high, low] = size.to_be_bytes();
            let arguments = byte(arguments, 15, "argument count")?;
            let copied = byte(copied, 15, "number of copied values")?;
            out.extend([143, copied << 4 | arguments, high, low]);
        }
    }
    Ok(())
}
