//! SistaV1: prefixes extend the operands of what follows, and stand only where they are needed.

use super::{Refusal, byte};
use crate::image::compile::instruction::{Instruction, Jump, Message, Remote};

/// Prefixes.
const EXTEND_A: u8 = 224;
const EXTEND_B: u8 = 225;

pub(super) fn plain(instruction: Instruction, out: &mut Vec<u8>) -> Result<(), Refusal> {
    use Instruction as I;
    match instruction {
        I::PushVariable(index) => reach(out, (0, 16), 226, index),
        I::PushVariableMaybeContext(index) => reach(out, (0, 0), 226, index),
        I::PushBinding(index) => reach(out, (16, 16), 227, index),
        I::PushLiteral(index) => reach(out, (32, 32), 228, index),
        I::PopIntoVariable(index) => reach(out, (200, 8), 240, index),
        I::PopIntoVariableMaybeContext(index) => reach(out, (200, 0), 240, index),
        I::PopIntoBinding(index) => reach(out, (0, 0), 241, index),
        I::StoreVariable(index) | I::StoreVariableMaybeContext(index) => {
            reach(out, (0, 0), 243, index);
        }
        I::StoreBinding(index) => reach(out, (0, 0), 244, index),
        I::PushTemp(index) => temp(out, (64, 12), 229, index)?,
        I::PopIntoTemp(index) => temp(out, (208, 8), 242, index)?,
        I::StoreTemp(index) => temp(out, (0, 0), 245, index)?,
        I::PushRemote(remote) => out.extend(remote_bytes(251, remote)?),
        I::StoreRemote(remote) => out.extend(remote_bytes(252, remote)?),
        I::PopIntoRemote(remote) => out.extend(remote_bytes(253, remote)?),
        I::PushInteger(value) => integer(out, value)?,
        I::PushCharacter(code) => {
            if code > 0x7FFF {
                return Err(format!("the character {code} needs a literal"));
            }
            extend_b(out, code >> 8);
            out.extend([233, low(code)]);
        }
        I::PushProcess => out.extend([EXTEND_B, 1, 82]),
        I::PushNewArray(size) => out.extend([231, byte(size, 127, "size")?]),
        I::PushFilledArray(size) => out.extend([231, 0x80 | byte(size, 127, "size")?]),
        I::PushFullBlock { literal, copied } => {
            let copied = byte(copied, 63, "number of copied values")?;
            extend_a(out, literal >> 8);
            out.extend([249, low(literal), copied]);
        }
        I::Send(message) => send(message, 234, 0, out)?,
        I::SendSuper(message) => send(message, 235, 0, out)?,
        I::SendDirectedSuper(message) => send(message, 235, 64, out)?,
        I::SendSpecial { number, .. } => out.push(96 + number),
        I::CallPrimitive(number) => {
            let [low, high] = number.to_le_bytes();
            if high > 31 {
                return Err(format!(
                    "the primitive {number} is beyond this bytecode set"
                ));
            }
            out.extend([248, low, high]);
        }
        _ => out.push(single(instruction)?),
    }
    Ok(())
}

fn single(instruction: Instruction) -> Result<u8, Refusal> {
    use Instruction as I;
    Ok(match instruction {
        I::PushSelf => 76,
        I::PushTrue => 77,
        I::PushFalse => 78,
        I::PushNil => 79,
        I::PushContext => 82,
        I::Dup => 83,
        I::ReturnSelf => 88,
        I::ReturnTrue => 89,
        I::ReturnFalse => 90,
        I::ReturnNil => 91,
        I::ReturnTop => 92,
        I::BlockReturnNil => 93,
        I::BlockReturnTop => 94,
        I::Pop => 216,
        _ => {
            return Err(format!(
                "the set SistaV1 has no bytecode for {instruction:?}"
            ));
        }
    })
}

fn low(value: u32) -> u8 {
    value.to_le_bytes()[0]
}

/// Prefix A, most significant byte first; none for 0.
fn extend_a(out: &mut Vec<u8>, value: u32) {
    if value > 0xFF {
        extend_a(out, value >> 8);
    }
    if value != 0 {
        out.extend([EXTEND_A, low(value)]);
    }
}

/// Prefix B with a value of at most 127; none for 0.
fn extend_b(out: &mut Vec<u8>, value: u32) {
    if value != 0 {
        out.extend([EXTEND_B, low(value)]);
    }
}

/// One byte for the first `short.1` indices, two up to 255, then prefixes.
fn reach(out: &mut Vec<u8>, short: (u8, u8), long: u8, index: u32) {
    if index < u32::from(short.1) {
        out.push(short.0 + low(index));
    } else {
        extend_a(out, index >> 8);
        out.extend([long, low(index)]);
    }
}

fn temp(out: &mut Vec<u8>, short: (u8, u8), long: u8, index: u32) -> Result<(), Refusal> {
    byte(index, 63, "temporary")?;
    reach(out, short, long, index);
    Ok(())
}

fn remote_bytes(opcode: u8, remote: Remote) -> Result<[u8; 3], Refusal> {
    let element = byte(remote.element, 127, "shared variable")?;
    Ok([opcode, element, byte(remote.vector, 63, "temporary")?])
}

fn integer(out: &mut Vec<u8>, value: i32) -> Result<(), Refusal> {
    let Ok(short) = i16::try_from(value) else {
        return Err(format!("the integer {value} needs a literal"));
    };
    let [high, low] = short.to_be_bytes();
    match (value, high) {
        (0 | 1, _) => out.push(80 + low),
        (_, 0) => out.extend([232, low]),
        _ => out.extend([EXTEND_B, high, 232, low]),
    }
    Ok(())
}

fn send(message: Message, long: u8, base: u32, out: &mut Vec<u8>) -> Result<(), Refusal> {
    let (selector, count) = (message.literal, message.arguments);
    if count > 255 {
        return Err(format!("a message has at most 255 arguments, not {count}"));
    }
    if long == 234 && selector < 16 && count <= 2 {
        out.push(128 + 16 * low(count) + low(selector));
        return Ok(());
    }
    extend_a(out, selector >> 5);
    extend_b(out, base + (count >> 3));
    out.extend([long, low(selector & 31) << 3 | low(count & 7)]);
    Ok(())
}

pub(super) fn jump(jump: Jump, distance: i64, out: &mut Vec<u8>) -> Result<(), Refusal> {
    let too_far = || {
        format!(
            "this jumps over {} bytes; a jump of the set SistaV1 reaches 32767",
            distance.abs()
        )
    };
    let [high, low] = i16::try_from(distance)
        .map_err(|_| too_far())?
        .to_be_bytes();
    let opcodes = match jump {
        Jump::Always => (176, 237),
        Jump::IfTrue => (184, 238),
        Jump::IfFalse => (192, 239),
        Jump::Closure { arguments, copied } => {
            return closure(arguments, copied, [high, low], out);
        }
    };
    if (1..=8).contains(&distance) {
        out.push(opcodes.0 + low - 1);
    } else {
        if high != 0 {
            out.extend([EXTEND_B, high]);
        }
        out.extend([opcodes.1, low]);
    }
    Ok(())
}

fn closure(
    arguments: u32,
    copied: u32,
    [high, size]: [u8; 2],
    out: &mut Vec<u8>,
) -> Result<(), Refusal> {
    let arguments = byte(arguments, 15, "argument count")?;
    let copied = byte(copied, 63, "number of copied values")?;
    let counts = (arguments >> 3) + (copied >> 3) * 16;
    let prefixes = u8::from(counts != 0) + u8::from(high != 0);
    if counts != 0 {
        out.extend([EXTEND_A, counts]);
    }
    if high != 0 {
        out.extend([EXTEND_B, high]);
    }
    out.extend([250, prefixes << 6 | (copied & 7) << 3 | arguments & 7, size]);
    Ok(())
}
