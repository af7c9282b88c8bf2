//! SistaV1.

use super::{Found, Relative, operand, special, unknown};
use crate::image::compile::instruction::{Instruction, Jump, Message, Remote};

/// What the prefixes before an instruction say.
#[derive(Default)]
struct Extensions {
    a: u32,
    b: i64,
    bytes: usize,
}

pub(super) fn decode(bytes: &[u8]) -> Found {
    let mut extensions = Extensions::default();
    let mut has_b = false;
    loop {
        let opcode = u8::try_from(operand(bytes, extensions.bytes)?).unwrap_or(0);
        if !matches!(opcode, 224 | 225) {
            let (length, found) = instruction(opcode, &bytes[extensions.bytes..], &extensions)?;
            return Ok((extensions.bytes + length, found));
        }
        let value = operand(bytes, extensions.bytes + 1)?;
        let is_redundant = match opcode {
            224 => {
                let redundant = extensions.a == 0 && value == 0;
                extensions.a = extensions.a * 256 + value;
                redundant
            }
            _ => {
                let signed = match value {
                    128.. if !has_b => i64::from(value) - 256,
                    _ => i64::from(value),
                };
                let redundant = !has_b && value == 0;
                extensions.b = extensions.b * 256 + signed;
                has_b = true;
                redundant
            }
        };
        if is_redundant {
            return Err("this prefix extends by nothing".into());
        }
        extensions.bytes += 2;
    }
}

fn instruction(opcode: u8, bytes: &[u8], extensions: &Extensions) -> Found {
    use Instruction as I;
    let low = |base: u8| u32::from(opcode - base);
    let short = |instruction: I| Ok((1, Relative::Plain(instruction)));
    match opcode {
        0..=15 => short(I::PushVariable(low(0))),
        16..=31 => short(I::PushBinding(low(16))),
        32..=63 => short(I::PushLiteral(low(32))),
        64..=75 => short(I::PushTemp(low(64))),
        82 if extensions.b == 1 => short(I::PushProcess),
        76..=94 | 216 => short(single(opcode)?),
        96..=127 => Ok((1, special(opcode - 96))),
        128..=175 => short(I::Send(Message {
            literal: low(128) & 15,
            arguments: low(128) >> 4,
        })),
        176..=183 => Ok((1, Relative::Jump(Jump::Always, i64::from(low(175))))),
        184..=191 => Ok((1, Relative::Jump(Jump::IfTrue, i64::from(low(183))))),
        192..=199 => Ok((1, Relative::Jump(Jump::IfFalse, i64::from(low(191))))),
        200..=207 => short(I::PopIntoVariable(low(200))),
        208..=215 => short(I::PopIntoTemp(low(208))),
        226..=245 => two_bytes(opcode, operand(bytes, 1)?, extensions),
        248..=253 => three_bytes(opcode, bytes, extensions),
        _ => Err(unknown(opcode)),
    }
}

fn single(opcode: u8) -> Result<Instruction, String> {
    use Instruction as I;
    Ok(match opcode {
        76 => I::PushSelf,
        77 => I::PushTrue,
        78 => I::PushFalse,
        79 => I::PushNil,
        80 | 81 => I::PushInteger(i32::from(opcode) - 80),
        82 => I::PushContext,
        83 => I::Dup,
        88 => I::ReturnSelf,
        89 => I::ReturnTrue,
        90 => I::ReturnFalse,
        91 => I::ReturnNil,
        92 => I::ReturnTop,
        93 => I::BlockReturnNil,
        94 => I::BlockReturnTop,
        216 => I::Pop,
        _ => return Err(unknown(opcode)),
    })
}

fn two_bytes(opcode: u8, operand: u32, extensions: &Extensions) -> Found {
    use Instruction as I;
    let index = operand + extensions.a * 256;
    let signed = i64::from(operand) + extensions.b * 256;
    let jump = |jump: Jump| Ok((2, Relative::Jump(jump, signed)));
    let instruction = match opcode {
        226 => I::PushVariableMaybeContext(index),
        227 => I::PushBinding(index),
        228 => I::PushLiteral(index),
        229 => I::PushTemp(operand),
        231 if operand < 128 => I::PushNewArray(operand),
        231 => I::PushFilledArray(operand - 128),
        232 => I::PushInteger(i32::try_from(signed).unwrap_or(0)),
        233 => I::PushCharacter(u32::try_from(signed).unwrap_or(0)),
        234 | 235 => return Ok((2, Relative::Plain(send(opcode, operand, extensions)))),
        237 => return jump(Jump::Always),
        238 => return jump(Jump::IfTrue),
        239 => return jump(Jump::IfFalse),
        240 => I::PopIntoVariableMaybeContext(index),
        241 => I::PopIntoBinding(index),
        242 => I::PopIntoTemp(operand),
        243 => I::StoreVariableMaybeContext(index),
        244 => I::StoreBinding(index),
        245 => I::StoreTemp(operand),
        _ => return Err(unknown(opcode)),
    };
    Ok((2, Relative::Plain(instruction)))
}

fn send(opcode: u8, operand: u32, extensions: &Extensions) -> Instruction {
    use Instruction as I;
    let b = u32::try_from(extensions.b).unwrap_or(0);
    let message = |b: u32| Message {
        literal: (operand >> 3) + extensions.a * 32,
        arguments: (operand & 7) + b * 8,
    };
    match opcode {
        234 => I::Send(message(b)),
        _ if b >= 64 => I::SendDirectedSuper(message(b - 64)),
        _ => I::SendSuper(message(b)),
    }
}

fn three_bytes(opcode: u8, bytes: &[u8], extensions: &Extensions) -> Found {
    use Instruction as I;
    let (first, second) = (operand(bytes, 1)?, operand(bytes, 2)?);
    let remote = Remote {
        element: first,
        vector: second,
    };
    let instruction = match opcode {
        248 if second < 32 => {
            I::CallPrimitive(u16::try_from(first + second * 256).unwrap_or(u16::MAX))
        }
        249 if second < 64 => I::PushFullBlock {
            literal: first + extensions.a * 256,
            copied: second,
        },
        250 => {
            let closure = Jump::Closure {
                arguments: (first & 7) + (extensions.a % 16) * 8,
                copied: (first >> 3 & 7) + (extensions.a / 16) * 8,
            };
            let size = i64::from(second) + extensions.b * 256;
            return Ok((3, Relative::Jump(closure, size)));
        }
        251 => I::PushRemote(remote),
        252 => I::StoreRemote(remote),
        253 => I::PopIntoRemote(remote),
        _ => return Err(unknown(opcode)),
    };
    Ok((3, Relative::Plain(instruction)))
}
