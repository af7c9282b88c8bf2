//! A machine for compiled code, written from the descriptions of the bytecode sets.

use std::cell::RefCell;
use std::rc::Rc;

use super::world::{Evaluated, Exit, Outcome, Value, World};
use crate::base::Interner;
use crate::image::compile::decode::{Operation, decode};
use crate::image::compile::instruction::{Instruction, Jump, Message, Remote};
use crate::image::compile::{CodeKind, CompiledCode, Literal};

/// A closure of either kind.
#[derive(Clone)]
struct Closure<'a> {
    code: &'a CompiledCode,
    start: usize,
    arguments: u32,
    copied: Vec<Value>,
}

struct Machine<'a> {
    interner: &'a Interner,
    /// The names of the special selectors.
    special: &'a [String],
    closures: Vec<Closure<'a>>,
    world: World,
}

/// An activation. Temporaries are the lower end of the stack.
struct Frame<'a> {
    code: &'a CompiledCode,
    stack: Vec<Value>,
    pc: usize,
    is_block: bool,
}

/// Runs a method, then the blocks that it has kept.
pub(super) fn run(
    code: &CompiledCode,
    arguments: Vec<Value>,
    interner: &Interner,
    special: &[String],
) -> Outcome {
    let mut machine = Machine {
        interner,
        special,
        closures: Vec::new(),
        world: World::new(),
    };
    let result = match machine.method(code, arguments) {
        Err(Exit::Return(value)) => Ok(value),
        other => other,
    };
    let kept = std::mem::take(&mut machine.world.kept);
    let kept: Vec<_> = kept
        .iter()
        .map(|block| machine.send("value", block.clone(), Vec::new()))
        .collect();
    Outcome::new(&result, &kept, &machine.world)
}

impl<'a> Machine<'a> {
    fn method(&mut self, code: &'a CompiledCode, mut stack: Vec<Value>) -> Evaluated {
        stack.resize(code.num_temps as usize, Value::Nil);
        self.run(Frame {
            code,
            stack,
            pc: 0,
            is_block: false,
        })
    }

    fn send(&mut self, selector: &str, receiver: Value, arguments: Vec<Value>) -> Evaluated {
        let block = match (selector, &receiver, &arguments[..]) {
            ("value" | "value:" | "value:value:", Value::Block(block), _) => {
                Some((*block, arguments.clone()))
            }
            ("run:", _, [Value::Block(block)]) => Some((*block, Vec::new())),
            _ => None,
        };
        if let Some((block, values)) = block
            && self.closures[block].arguments as usize == values.len()
        {
            self.world.enter()?;
            let result = self.call(block, values);
            self.world.leave();
            return result;
        }
        self.world.send(selector, &receiver, &arguments)
    }

    fn call(&mut self, block: usize, arguments: Vec<Value>) -> Evaluated {
        let closure = self.closures[block].clone();
        let mut stack = arguments;
        stack.extend(closure.copied);
        if closure.code.kind == CodeKind::FullBlock {
            stack.resize(closure.code.num_temps as usize, Value::Nil);
        }
        self.run(Frame {
            code: closure.code,
            stack,
            pc: closure.start,
            is_block: true,
        })
    }

    fn run(&mut self, mut frame: Frame<'a>) -> Evaluated {
        loop {
            let decoded = decode(frame.code.set, &frame.code.bytecodes, frame.pc).unwrap();
            frame.pc += decoded.length;
            match decoded.operation {
                Operation::Plain(instruction) => {
                    if let Some(result) = self.step(&mut frame, instruction)? {
                        return Ok(result);
                    }
                }
                Operation::Jump(jump, target) => {
                    self.jump(&mut frame, jump, usize::try_from(target).unwrap());
                }
            }
        }
    }

    fn jump(&mut self, frame: &mut Frame<'a>, jump: Jump, target: usize) {
        let taken = match jump {
            Jump::Always => true,
            Jump::IfTrue => frame.pop_boolean(),
            Jump::IfFalse => !frame.pop_boolean(),
            Jump::Closure { arguments, copied } => {
                let copied = frame.pop_many(copied);
                self.closures.push(Closure {
                    code: frame.code,
                    start: frame.pc,
                    arguments,
                    copied,
                });
                frame.stack.push(Value::Block(self.closures.len() - 1));
                true
            }
        };
        if taken {
            frame.pc = target;
        }
    }

    /// Runs an instruction; answers the value with which the activation ends.
    fn step(
        &mut self,
        frame: &mut Frame<'a>,
        instruction: Instruction,
    ) -> Result<Option<Value>, Exit> {
        use Instruction as I;
        match instruction {
            I::ReturnSelf => return frame.answer(Value::Receiver),
            I::ReturnTrue => return frame.answer(Value::Boolean(true)),
            I::ReturnFalse => return frame.answer(Value::Boolean(false)),
            I::ReturnNil => return frame.answer(Value::Nil),
            I::ReturnTop => {
                let value = frame.pop();
                return frame.answer(value);
            }
            I::BlockReturnNil => return Ok(Some(Value::Nil)),
            I::BlockReturnTop => return Ok(Some(frame.pop())),
            I::CallPrimitive(_) => {}
            I::Pop => drop(frame.pop()),
            I::Send(message) => self.literal_send(frame, message, "")?,
            I::SendSuper(message) => self.literal_send(frame, message, "super ")?,
            I::SendDirectedSuper(message) => {
                assert!(matches!(frame.pop(), Value::Class));
                self.literal_send(frame, message, "super ")?;
            }
            I::SendSpecial { number, arguments } => {
                let arguments = frame.pop_many(arguments);
                let receiver = frame.pop();
                let selector = &self.special[usize::from(number)];
                let value = self.send(selector, receiver, arguments)?;
                frame.stack.push(value);
            }
            _ => {
                let value = self.pushed(frame, instruction);
                match value {
                    Some(value) => frame.stack.push(value),
                    None => self.store(frame, instruction),
                }
            }
        }
        Ok(None)
    }

    fn literal_send(
        &mut self,
        frame: &mut Frame,
        message: Message,
        prefix: &str,
    ) -> Result<(), Exit> {
        let Literal::Symbol(selector) = frame.code.literals[message.literal as usize] else {
            panic!("the selector is no symbol");
        };
        let selector = format!("{prefix}{}", self.interner.text(selector));
        let arguments = frame.pop_many(message.arguments);
        let receiver = frame.pop();
        let value = self.send(&selector, receiver, arguments)?;
        frame.stack.push(value);
        Ok(())
    }

    /// What a push pushes.
    fn pushed(&mut self, frame: &mut Frame<'a>, instruction: Instruction) -> Option<Value> {
        use Instruction as I;
        let array = |elements: Vec<Value>| Value::Array(Rc::new(RefCell::new(elements)));
        Some(match instruction {
            I::PushVariable(index) => self.world.fields[index as usize].clone(),
            I::PushTemp(slot) => frame.stack[slot as usize].clone(),
            I::PushRemote(it) => frame.vector(it).borrow()[it.element as usize].clone(),
            I::PushLiteral(index) => match &frame.code.literals[index as usize] {
                Literal::Integer(value) => {
                    Value::Integer(i64::try_from(value.to_i128().unwrap()).unwrap())
                }
                other => panic!("{other:?} is not expected"),
            },
            I::PushBinding(index) => match &frame.code.literals[index as usize] {
                Literal::MethodClass => Value::Class,
                _ => self.world.shared.clone().unwrap_or(Value::Nil),
            },
            I::PushSelf => Value::Receiver,
            I::PushTrue => Value::Boolean(true),
            I::PushFalse => Value::Boolean(false),
            I::PushNil => Value::Nil,
            I::PushInteger(value) => Value::Integer(i64::from(value)),
            I::PushNewArray(size) => array(vec![Value::Nil; size as usize]),
            I::PushFilledArray(size) => array(frame.pop_many(size)),
            I::PushFullBlock { literal, copied } => {
                let Literal::Block(code) = &frame.code.literals[literal as usize] else {
                    panic!("the literal is no block");
                };
                let copied = frame.pop_many(copied);
                self.closures.push(Closure {
                    code,
                    start: 0,
                    arguments: code.num_args,
                    copied,
                });
                Value::Block(self.closures.len() - 1)
            }
            I::Dup => frame.stack.last().unwrap().clone(),
            _ => return None,
        })
    }

    fn store(&mut self, frame: &mut Frame, instruction: Instruction) {
        use Instruction as I;
        let pops = matches!(
            instruction,
            I::PopIntoVariable(_) | I::PopIntoTemp(_) | I::PopIntoRemote(_) | I::PopIntoBinding(_)
        );
        let value = frame.pop();
        if !pops {
            frame.stack.push(value.clone());
        }
        match instruction {
            // In SistaV1 the long form is the only store.
            I::StoreVariable(index)
            | I::StoreVariableMaybeContext(index)
            | I::PopIntoVariable(index) => self.world.fields[index as usize] = value,
            I::StoreTemp(slot) | I::PopIntoTemp(slot) => frame.stack[slot as usize] = value,
            I::StoreRemote(it) | I::PopIntoRemote(it) => {
                frame.vector(it).borrow_mut()[it.element as usize] = value;
            }
            I::StoreBinding(_) | I::PopIntoBinding(_) => self.world.shared = Some(value),
            other => panic!("{other:?} is not expected"),
        }
    }
}

impl Frame<'_> {
    fn pop(&mut self) -> Value {
        self.stack.pop().expect("the stack has a value")
    }

    fn pop_many(&mut self, count: u32) -> Vec<Value> {
        self.stack.split_off(self.stack.len() - count as usize)
    }

    fn pop_boolean(&mut self) -> bool {
        match self.pop() {
            Value::Boolean(value) => value,
            other => panic!("{other:?} is no Boolean"),
        }
    }

    fn vector(&self, remote: Remote) -> Rc<RefCell<Vec<Value>>> {
        match &self.stack[remote.vector as usize] {
            Value::Array(elements) => Rc::clone(elements),
            other => panic!("{other:?} is no vector"),
        }
    }

    /// Returns from the method.
    fn answer(&self, value: Value) -> Result<Option<Value>, Exit> {
        if self.is_block {
            Err(Exit::Return(value))
        } else {
            Ok(Some(value))
        }
    }
}
