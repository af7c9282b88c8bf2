//! Checks compiled code as a virtual machine would want it, from the bytes alone.
//!
//! - Every byte belongs to an instruction, no prefix extends by nothing, and no instruction is longer than needed.
//! - Every jump, also one back, leads to the start of an instruction; the code does not run out at its end.
//! - Wherever two ways meet, the stack has the same depth on both; it never goes below the temporaries, nor above the frame.
//! - Literal and temporary indices are in range; selectors are symbols, bindings are bindings.
//! - The source map names starts of instructions, in ascending order.
//! - A method has its primitive first and only there; a block returns, and a method does not use the bytecodes of blocks.

use super::code::{CodeKind, CompiledCode, Literal};
use super::decode::{Decoded, Operation, decode_all};
use super::encode;
use super::instruction::{Instruction, Jump};
use super::target::BytecodeSet;

/// What is wrong with the code or the blocks among its literals, in one sentence.
///
/// # Errors
/// The sentence.
pub fn verify(code: &CompiledCode) -> Result<(), String> {
    let instructions = decode_all(code.set, &code.bytecodes)?;
    let mut verifier = Verifier {
        code,
        depths: vec![None; instructions.len()],
        instructions,
        pending: Vec::new(),
        largest: 0,
    };
    verifier.shortest_forms()?;
    verifier.source_map()?;
    verifier.primitive()?;
    verifier.header()?;
    verifier.run()?;
    verifier.frame()?;
    let blocks = code.literals.iter().filter_map(|literal| match literal {
        Literal::Block(block) => Some(block),
        _ => None,
    });
    blocks.into_iter().try_for_each(|block| verify(block))
}

/// What is known where an instruction begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct State {
    /// Values above `slots`.
    depth: u32,
    /// Parameters, copied values and temporaries below the stack.
    slots: u32,
    in_block: bool,
}

struct Verifier<'a> {
    code: &'a CompiledCode,
    instructions: Vec<Decoded>,
    /// For each instruction that is reached.
    depths: Vec<Option<State>>,
    pending: Vec<usize>,
    largest: u32,
}

impl Verifier<'_> {
    fn fail<T>(&self, index: usize, message: &str) -> Result<T, String> {
        let offset = self.instructions.get(index).map_or(0, |it| it.offset);
        Err(format!("at {offset}: {message}"))
    }

    /// Encoding again must give the same bytes.
    fn shortest_forms(&self) -> Result<(), String> {
        for (index, it) in self.instructions.iter().enumerate() {
            let mut bytes = Vec::new();
            match it.operation {
                Operation::Plain(instruction) => {
                    encode::plain(self.code.set, instruction, &mut bytes)?;
                }
                Operation::Jump(jump, target) => {
                    let end = i64::try_from(it.offset + it.length).unwrap_or(i64::MAX);
                    encode::jump(self.code.set, jump, target - end, &mut bytes)?;
                }
            }
            let own = &self.code.bytecodes[it.offset..it.offset + it.length];
            if bytes != own && !is_long_form(it) {
                return self.fail(index, "this has a shorter form");
            }
        }
        Ok(())
    }

    fn source_map(&self) -> Result<(), String> {
        let mut starts = self.instructions.iter().map(|it| it.offset);
        let offsets = self
            .code
            .source_map
            .iter()
            .map(|entry| entry.offset as usize);
        for offset in offsets {
            // Entries and instructions ascend together; several entries may name one place.
            if self.code.bytecodes.len() == offset {
                return Err("the source map names the end of the code".into());
            }
            if !starts.any(|start| start == offset) {
                return Err(format!(
                    "the source map names {offset}, where no instruction begins anew"
                ));
            }
        }
        Ok(())
    }

    fn primitive(&self) -> Result<(), String> {
        for (index, it) in self.instructions.iter().enumerate() {
            let number = match it.operation {
                Operation::Plain(Instruction::CallPrimitive(number)) => Some(number),
                _ => None,
            };
            let expected = self.code.primitive.filter(|_| index == 0);
            if number != expected {
                return self.fail(
                    index,
                    "the primitive is not that of the header, or not first",
                );
            }
        }
        Ok(())
    }

    fn header(&self) -> Result<(), String> {
        let code = self.code;
        let last = code.literals.last_chunk::<2>();
        let fits = match (code.kind, last) {
            (CodeKind::Method(_), Some([Literal::State(_), Literal::MethodClass])) => true,
            (CodeKind::FullBlock, Some([_, Literal::OuterCode])) => {
                code.set == BytecodeSet::SistaV1
            }
            _ => false,
        };
        let in_range = code.num_args <= 15
            && code.num_args <= code.num_temps
            && code.num_temps <= 63
            && code.literals.len() <= 0x7FFF;
        if fits && in_range {
            Ok(())
        } else {
            Err("the header or the last literals are wrong".into())
        }
    }

    fn run(&mut self) -> Result<(), String> {
        let start = State {
            depth: 0,
            slots: self.code.num_temps,
            in_block: self.code.kind == CodeKind::FullBlock,
        };
        self.reach(0, start)?;
        while let Some(index) = self.pending.pop() {
            if let Some(state) = self.depths[index] {
                self.step(index, state)?;
            }
        }
        Ok(())
    }

    /// The instruction `index` is reached in `state`.
    fn reach(&mut self, index: usize, state: State) -> Result<(), String> {
        self.largest = self.largest.max(state.depth + state.slots);
        match self.depths.get(index) {
            None => Err("the code runs out at its end".into()),
            Some(None) => {
                self.depths[index] = Some(state);
                self.pending.push(index);
                Ok(())
            }
            Some(Some(before)) if *before == state => Ok(()),
            Some(Some(before)) => {
                let message = format!(
                    "the stack has {} values on one way, {} on another",
                    before.depth, state.depth
                );
                self.fail(index, &message)
            }
        }
    }

    fn step(&mut self, index: usize, state: State) -> Result<(), String> {
        let (popped, pushed) = match self.instructions[index].operation {
            Operation::Plain(instruction) => {
                self.operands(index, instruction, state)?;
                if self.is_store_of_failure(index) {
                    return self.reach(index + 1, state);
                }
                instruction.stack_effect()
            }
            Operation::Jump(jump, _) => jump.stack_effect(),
        };
        let Some(rest) = state.depth.checked_sub(popped) else {
            return self.fail(index, "this takes more than there is on the stack");
        };
        let after = State {
            depth: rest + pushed,
            ..state
        };
        match self.instructions[index].operation {
            Operation::Plain(instruction) if instruction.is_return() => {
                self.largest = self.largest.max(state.depth + state.slots);
                Ok(())
            }
            Operation::Plain(_) => self.reach(index + 1, after),
            Operation::Jump(jump, target) => self.jump(index, jump, target, after),
        }
    }

    fn jump(&mut self, index: usize, jump: Jump, target: i64, after: State) -> Result<(), String> {
        let start = usize::try_from(target).ok().and_then(|target| {
            self.instructions
                .binary_search_by_key(&target, |it| it.offset)
                .ok()
        });
        let Some(start) = start else {
            return self.fail(index, "this jumps to where no instruction begins");
        };
        self.reach(start, after)?;
        match jump {
            Jump::Always => Ok(()),
            Jump::IfTrue | Jump::IfFalse => self.reach(index + 1, after),
            Jump::Closure { arguments, copied } => {
                let state = State {
                    depth: 0,
                    slots: arguments + copied,
                    in_block: true,
                };
                self.reach(index + 1, state)
            }
        }
    }

    /// The store behind the primitive takes what the virtual machine has put into the last temporary.
    fn is_store_of_failure(&self, index: usize) -> bool {
        let stored = match self.instructions[index].operation {
            Operation::Plain(Instruction::StoreTemp(slot)) => Some(slot),
            _ => None,
        };
        index == 1
            && self.code.primitive.is_some()
            && stored.is_some_and(|slot| slot + 1 == self.code.num_temps)
    }

    fn operands(&self, index: usize, instruction: Instruction, state: State) -> Result<(), String> {
        use Instruction as I;
        let literal = |number: u32| self.code.literals.get(number as usize);
        let is_binding = |number: u32| {
            let literal = literal(number);
            matches!(
                literal,
                Some(Literal::Binding(_) | Literal::Undeclared(_) | Literal::MethodClass)
            )
        };
        let is_selector = |number: u32| matches!(literal(number), Some(Literal::Symbol(_)));
        // An embedded block keeps its own temporaries at the bottom of its stack.
        let is_temp = |slot: u32| slot < state.slots + state.depth;
        let fits = match instruction {
            I::PushTemp(slot) | I::StoreTemp(slot) | I::PopIntoTemp(slot) => is_temp(slot),
            I::PushRemote(it) | I::StoreRemote(it) | I::PopIntoRemote(it) => is_temp(it.vector),
            I::PushLiteral(number) => literal(number).is_some(),
            I::PushBinding(number) | I::StoreBinding(number) | I::PopIntoBinding(number) => {
                is_binding(number)
            }
            I::Send(it) | I::SendSuper(it) | I::SendDirectedSuper(it) => is_selector(it.literal),
            I::PushFullBlock {
                literal: number,
                copied,
            } => {
                matches!(literal(number), Some(Literal::Block(block)) if copied + block.num_args <= block.num_temps)
            }
            I::BlockReturnNil | I::BlockReturnTop => state.in_block,
            _ => true,
        };
        if fits {
            Ok(())
        } else {
            self.fail(
                index,
                &format!("an operand of {instruction:?} is out of range"),
            )
        }
    }

    fn frame(&self) -> Result<(), String> {
        let room = if self.code.large_frame { 56 } else { 16 };
        if self.largest <= room {
            Ok(())
        } else {
            Err(format!(
                "{} values do not fit into a frame of {room}",
                self.largest
            ))
        }
    }
}

/// Whether an instruction is a longer form that has a purpose: it looks whether the receiver is a context in use.
fn is_long_form(it: &Decoded) -> bool {
    use Instruction as I;
    matches!(
        it.operation,
        Operation::Plain(
            I::PushVariableMaybeContext(_)
                | I::StoreVariableMaybeContext(_)
                | I::PopIntoVariableMaybeContext(_)
        )
    )
}
