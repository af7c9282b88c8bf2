//! Values that the tests describe in a word, and the objects that stand for them.

use std::sync::atomic::{AtomicU32, Ordering};

use super::program::description;
use tests::image::{BytecodeSet, Method, Ref, Value, World};

/// A value that a row writes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum V {
    Int(i64),
    Float(f64),
    /// A boxed float, by its bits.
    Boxed(u64),
    Nil,
    True,
    False,
    Char(u32),
    Str(&'static str),
    /// An immutable string.
    FrozenStr(&'static str),
    Bytes(&'static [u8]),
    /// An Array of SmallIntegers.
    Array(&'static [i64]),
    FrozenArray(&'static [i64]),
    /// A LargePositiveInteger by its magnitude.
    Large(u64),
    /// A LargeNegativeInteger by its magnitude.
    Minus(u64),
    /// A LargePositiveInteger of so many bytes, all 255.
    Long(usize),
    /// The instance of `Main`, with four variables.
    Main,
    Class(&'static str),
    Symbol(&'static str),
    /// 32-bit words.
    Words(&'static [u64]),
    /// A compiled method that answers its receiver.
    Method,
    /// A compiled method without arguments whose primitive is the VM's `primitiveIsBigEnder`, by name.
    NamedMethod,
    /// A context that could run a method.
    Context,
    Semaphore,
    Mutex,
    /// A process of low priority that waits for nothing.
    Process,
    /// A block without arguments that answers nil.
    Block,
    /// The answer of an earlier step of the same program, counted from 0.
    Answer(usize),
}

/// The object that `v` describes; a fresh one each time, unless there can be only one.
pub(crate) fn value(world: &mut World, v: V) -> Value {
    let integers = |elements: &[i64]| elements.iter().map(|n| Value::Integer(*n)).collect();
    let object = match v {
        V::Int(n) => return Value::Integer(n),
        V::Float(x) => return Value::Float(x),
        V::Nil => return World::NIL,
        V::True => return World::TRUE,
        V::False => return World::FALSE,
        V::Char(code) => return Value::Character(code),
        V::Class(name) => return world.class(name),
        V::Boxed(bits) => world.words("BoxedFloat64", &[bits]),
        V::Words(words) => world.words("WordArray", words),
        V::Str(text) => world.string(text),
        V::FrozenStr(text) => {
            let string = world.string(text);
            world.make_immutable(string);
            string
        }
        V::Bytes(bytes) => world.bytes("ByteArray", bytes),
        V::Array(elements) => world.array(integers(elements)),
        V::FrozenArray(elements) => {
            let array = world.array(integers(elements));
            world.make_immutable(array);
            array
        }
        V::Large(magnitude) => world.bytes(
            "LargePositiveInteger",
            significant(&magnitude.to_le_bytes()),
        ),
        V::Minus(magnitude) => world.bytes(
            "LargeNegativeInteger",
            significant(&magnitude.to_le_bytes()),
        ),
        V::Long(count) => world.bytes("LargePositiveInteger", &vec![255; count]),
        V::Main => world.main(),
        V::Symbol(name) => world.symbol(name),
        V::Method => method(world),
        V::NamedMethod => named_method(world),
        V::Context => context(world),
        V::Semaphore => {
            world.instance("Semaphore", vec![World::NIL, World::NIL, Value::Integer(0)])
        }
        V::Mutex => world.instance("Mutex", vec![World::NIL; 3]),
        V::Process => process(world),
        V::Block => block(world),
        V::Answer(step) => return Value::Integer(step as i64 + 1),
    };
    Value::Object(object)
}

/// Without leading zero bytes (which are last).
pub(crate) fn significant(bytes: &[u8]) -> &[u8] {
    let end = bytes
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |last| last + 1);
    &bytes[..end]
}

/// A method under a selector of its own.
fn method(world: &mut World) -> Ref {
    define(world, &Method::new(BytecodeSet::V3, vec![], vec![120]))
}

fn define(world: &mut World, method: &Method) -> Ref {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let selector = format!("method{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    world.define("Object", &selector, method)
}

fn named_method(world: &mut World) -> Ref {
    let description = description(world, "", "primitiveIsBigEnder");
    let method = Method {
        primitive: 117,
        ..Method::new(BytecodeSet::V3, vec![description], vec![120])
    };
    define(world, &method)
}

fn context(world: &mut World) -> Ref {
    let method = Value::Object(method(world));
    let mut slots = vec![
        World::NIL,
        Value::Integer(FIRST_PC),
        Value::Integer(0),
        method,
        World::NIL,
        World::NIL,
    ];
    slots.extend(vec![World::NIL; 16]);
    world.instance("Context", slots)
}

/// Where the code of [`method`] begins, behind a header and two literals.
const FIRST_PC: i64 = 25;

fn process(world: &mut World) -> Ref {
    let context = Value::Object(context(world));
    world.instance(
        "Process",
        vec![World::NIL, context, Value::Integer(1), World::NIL],
    )
}

fn block(world: &mut World) -> Ref {
    let outer = Value::Object(method(world));
    let code = world.block(&Method::new(BytecodeSet::V3, vec![], vec![115, 125]), outer);
    world.instance(
        "FullBlockClosure",
        vec![
            World::NIL,
            Value::Object(code),
            Value::Integer(0),
            World::NIL,
        ],
    )
}
