//! SqueakV3 with closure bytecodes.

use super::{Found, Relative, operand, special, unknown};
use crate::image::compile::instruction::{Instruction, Jump, Message, Remote};

pub(super) fn decode(bytes: &[u8]) -> Found {
    use Instruction as I;
    let opcode = u8::try_from(operand(bytes, 0)?).unwrap_or(0);
    let low = |base: u8| u32::from(opcode - base);
    let short = |instruction: I| Ok((1, Relative::Plain(instruction)));
    match opcode {
        0..=15 => short(I::PushVariable(low(0))),
        16..=31 => short(I::PushTemp(low(16))),
        32..=63 => short(I::PushLiteral(low(32))),
        64..=95 => short(I::PushBinding(low(64))),
        96..=103 => short(I::PopIntoVariable(low(96))),
        104..=111 => short(I::PopIntoTemp(low(104))),
        112..=125 | 135..=137 => short(single(opcode)),
        128..=130 => extended(opcode, operand(bytes, 1)?),
        131..=134 => sends(opcode, bytes),
        138..=142 => arrays_and_primitive(opcode, bytes),
        143 => closure(bytes),
        144..=151 => jump(1, Jump::Always, low(144) + 1),
        152..=159 => jump(1, Jump::IfFalse, low(152) + 1),
        160..=167 => {
            let distance = i64::from(low(160) * 256 + operand(bytes, 1)?) - 1024;
            Ok((2, Relative::Jump(Jump::Always, distance)))
        }
        168..=171 => jump(2, Jump::IfTrue, low(168) * 256 + operand(bytes, 1)?),
        172..=175 => jump(2, Jump::IfFalse, low(172) * 256 + operand(bytes, 1)?),
        176..=207 => Ok((1, special(opcode - 176))),
        208..=255 => short(I::Send(Message {
            literal: low(208) & 15,
            arguments: low(208) >> 4,
        })),
        126 | 127 => Err(unknown(opcode)),
    }
}

fn jump(length: usize, jump: Jump, distance: u32) -> Found {
    Ok((length, Relative::Jump(jump, i64::from(distance))))
}

fn single(opcode: u8) -> Instruction {
    use Instruction as I;
    match opcode {
        112 => I::PushSelf,
        113 => I::PushTrue,
        114 => I::PushFalse,
        115 => I::PushNil,
        116..=119 => I::PushInteger(i32::from(opcode) - 117),
        120 => I::ReturnSelf,
        121 => I::ReturnTrue,
        122 => I::ReturnFalse,
        123 => I::ReturnNil,
        124 => I::ReturnTop,
        125 => I::BlockReturnTop,
        135 => I::Pop,
        136 => I::Dup,
        _ => I::PushContext,
    }
}

fn extended(opcode: u8, operand: u32) -> Found {
    use Instruction as I;
    let index = operand & 63;
    let instruction = match (opcode, operand >> 6) {
        (128, 0) => I::PushVariable(index),
        (128, 1) => I::PushTemp(index),
        (128, 2) => I::PushLiteral(index),
        (128, _) => I::PushBinding(index),
        (_, 2) => return Err("a literal cannot be assigned".into()),
        (129, 0) => I::StoreVariable(index),
        (129, 1) => I::StoreTemp(index),
        (129, _) => I::StoreBinding(index),
        (_, 0) => I::PopIntoVariable(index),
        (_, 1) => I::PopIntoTemp(index),
        (_, _) => I::PopIntoBinding(index),
    };
    Ok((2, Relative::Plain(instruction)))
}

fn sends(opcode: u8, bytes: &[u8]) -> Found {
    use Instruction as I;
    let first = operand(bytes, 1)?;
    let message = |literal: u32, arguments: u32| Message { literal, arguments };
    let (length, instruction) = match opcode {
        131 => (2, I::Send(message(first & 31, first >> 5))),
        133 => (2, I::SendSuper(message(first & 31, first >> 5))),
        134 => (2, I::Send(message(first & 63, first >> 6))),
        _ => {
            let second = operand(bytes, 2)?;
            let instruction = match first >> 5 {
                0 => I::Send(message(second, first & 31)),
                1 => I::SendSuper(message(second, first & 31)),
                2 => I::PushVariableMaybeContext(second),
                3 => I::PushLiteral(second),
                4 => I::PushBinding(second),
                5 => I::StoreVariableMaybeContext(second),
                6 => I::PopIntoVariableMaybeContext(second),
                _ => I::StoreBinding(second),
            };
            (3, instruction)
        }
    };
    Ok((length, Relative::Plain(instruction)))
}

fn arrays_and_primitive(opcode: u8, bytes: &[u8]) -> Found {
    use Instruction as I;
    let first = operand(bytes, 1)?;
    if opcode == 138 {
        let instruction = match first {
            0..=127 => I::PushNewArray(first),
            _ => I::PushFilledArray(first - 128),
        };
        return Ok((2, Relative::Plain(instruction)));
    }
    let second = operand(bytes, 2)?;
    let remote = Remote {
        element: first,
        vector: second,
    };
    let instruction = match opcode {
        139 => I::CallPrimitive(u16::try_from(first + second * 256).unwrap_or(u16::MAX)),
        140 => I::PushRemote(remote),
        141 => I::StoreRemote(remote),
        _ => I::PopIntoRemote(remote),
    };
    Ok((3, Relative::Plain(instruction)))
}

fn closure(bytes: &[u8]) -> Found {
    let counts = operand(bytes, 1)?;
    let size = operand(bytes, 2)? * 256 + operand(bytes, 3)?;
    let closure = Jump::Closure {
        arguments: counts & 15,
        copied: counts >> 4,
    };
    jump(4, closure, size)
}
