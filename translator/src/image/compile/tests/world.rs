//! Values and messages that the machine for bytecodes and the interpreter of trees share.
//!
//! Blocks are numbers into a table that each of the two has for itself. Every message that is really sent goes into the log.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

/// An object.
#[derive(Clone)]
pub(super) enum Value {
    Nil,
    Boolean(bool),
    Integer(i64),
    Array(Rc<RefCell<Vec<Value>>>),
    /// The receiver of the method.
    Receiver,
    Block(usize),
    /// What only messages to super need.
    Class,
}

/// Why evaluation ends before its end.
#[derive(Clone, Debug)]
pub(super) enum Exit {
    /// A return from the method.
    Return(Value),
    /// The limits of a test.
    Stop(&'static str),
}

pub(super) type Evaluated = Result<Value, Exit>;

/// What a method changes besides its own variables.
#[derive(Default)]
pub(super) struct World {
    pub(super) fields: Vec<Value>,
    pub(super) shared: Option<Value>,
    /// Blocks to be run at the end.
    pub(super) kept: Vec<Value>,
    pub(super) log: Vec<String>,
    /// Closures that are running.
    depth: usize,
}

/// Messages that may be sent; a test that sends more ends there.
const MOST_MESSAGES: usize = 400;
const DEEPEST: usize = 40;

impl World {
    pub(super) fn new() -> Self {
        World {
            fields: vec![Value::Nil, Value::Nil],
            ..World::default()
        }
    }

    /// Runs a closure, unless too many are running.
    pub(super) fn enter(&mut self) -> Result<(), Exit> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Exit::Stop("too deep"));
        }
        Ok(())
    }

    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// A message that runs no block.
    pub(super) fn send(
        &mut self,
        selector: &str,
        receiver: &Value,
        arguments: &[Value],
    ) -> Evaluated {
        if selector == "==" {
            return Ok(Value::Boolean(is_same(receiver, &arguments[0])));
        }
        if let (Value::Integer(left), [Value::Integer(right)]) = (receiver, arguments) {
            match selector {
                "+" => return Ok(Value::Integer(left.wrapping_add(*right))),
                "-" => return Ok(Value::Integer(left.wrapping_sub(*right))),
                "*" => return Ok(Value::Integer(left.wrapping_mul(*right))),
                "<" => return Ok(Value::Boolean(left < right)),
                "<=" => return Ok(Value::Boolean(left <= right)),
                ">=" => return Ok(Value::Boolean(left >= right)),
                "=" => return Ok(Value::Boolean(left == right)),
                _ => {}
            }
        }
        if let (",", Value::Array(left), [Value::Array(right)]) = (selector, receiver, arguments) {
            let joined = left
                .borrow()
                .iter()
                .chain(right.borrow().iter())
                .cloned()
                .collect();
            return Ok(Value::Array(Rc::new(RefCell::new(joined))));
        }
        if self.log.len() >= MOST_MESSAGES {
            return Err(Exit::Stop("too many messages"));
        }
        self.log
            .push(format!("{receiver:?} {selector} {arguments:?}"));
        Ok(match (selector, arguments) {
            ("keep:", [block]) => {
                self.kept.push(block.clone());
                Value::Nil
            }
            ("<" | "<=" | ">=" | "=", _) => Value::Boolean(false),
            ("note:" | "super note:", [value]) => value.clone(),
            _ => Value::Integer(i64::try_from(selector.len()).unwrap()),
        })
    }
}

fn is_same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Nil, Value::Nil) | (Value::Receiver, Value::Receiver) => true,
        (Value::Boolean(left), Value::Boolean(right)) => left == right,
        (Value::Integer(left), Value::Integer(right)) => left == right,
        (Value::Array(left), Value::Array(right)) => Rc::ptr_eq(left, right),
        (Value::Block(left), Value::Block(right)) => left == right,
        _ => false,
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Nil => write!(f, "nil"),
            Value::Boolean(value) => write!(f, "{value}"),
            Value::Integer(value) => write!(f, "{value}"),
            Value::Array(elements) => write!(f, "{:?}", elements.borrow()),
            Value::Receiver => write!(f, "self"),
            Value::Block(_) => write!(f, "a block"),
            Value::Class => write!(f, "a class"),
        }
    }
}

/// All that can be seen of a run.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Outcome {
    pub(super) result: String,
    pub(super) kept: Vec<String>,
    pub(super) log: Vec<String>,
    pub(super) state: String,
}

impl Outcome {
    pub(super) fn new(result: &Evaluated, kept: &[Evaluated], world: &World) -> Self {
        let text = |evaluated: &Evaluated| match evaluated {
            Ok(value) => format!("{value:?}"),
            Err(Exit::Return(value)) => format!("returns {value:?}"),
            Err(Exit::Stop(why)) => format!("stops: {why}"),
        };
        Outcome {
            result: text(result),
            kept: kept.iter().map(text).collect(),
            log: world.log.clone(),
            state: format!("{:?} {:?}", world.fields, world.shared),
        }
    }
}
