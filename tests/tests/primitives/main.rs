//! The primitives one by one: right answers, and each way to fail (wrong class, wrong count, out of range, immutable).
//!
//! Each row is an image of its own. The method of the primitive stores the failure code, adds 200 and quits with it;
//! an expected answer is compared by identity in the image.

mod arithmetic;
mod control;
mod floats;
mod large_integers;
mod objects;

use tests::image::{BytecodeSet, Method, Value, World};
use tests::run_image;

/// A value that a row writes.
#[derive(Clone, Copy, Debug)]
enum V {
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
    /// The instance of `Main`, with four variables.
    Main,
    Class(&'static str),
    Symbol(&'static str),
    /// 32-bit words.
    Words(&'static [u64]),
}

/// What must come of a call.
#[derive(Clone, Copy, Debug)]
enum Outcome {
    /// This very object.
    Is(V),
    /// The receiver.
    Receiver,
    /// Failure with this code.
    Fails(i32),
    /// Failure of a primitive that does not exist: with code 1, or with none (the fallback code then sees nil).
    Absent,
    /// Success, whatever the answer.
    Succeeds,
}

/// Primitive, receiver, arguments, outcome.
type Row = (u16, V, &'static [V], Outcome);

fn value(world: &mut World, v: V) -> Value {
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
        V::Main => world.main(),
        V::Symbol(name) => world.symbol(name),
    };
    Value::Object(object)
}

/// Without leading zero bytes (which are last).
fn significant(bytes: &[u8]) -> &[u8] {
    let end = bytes
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |last| last + 1);
    &bytes[..end]
}

/// Status of `nil + 200`.
const NIL_NOT_UNDERSTOOD: i32 = 90;

/// Status 1: the expected object; 2: another one; 200 and more: failure with a code.
fn call(primitive: u16, receiver: V, arguments: &[V], outcome: Outcome) -> i32 {
    let mut world = World::new();
    let count = arguments.len() as u8;
    let selector = format!("call{}", "with:".repeat(arguments.len()));
    let quit = Value::Object(world.symbol("quit:"));
    let fallback = vec![129, 0x40 | count, 112, 16 + count, 33, 176, 224, 120];
    let method = Method {
        arguments: count,
        temporaries: count + 1,
        primitive,
        ..Method::new(BytecodeSet::V3, vec![quit, Value::Integer(200)], fallback)
    };
    world.define("Object", &selector, &method);

    let mut literals = vec![quit, Value::Object(world.symbol(&selector))];
    let receiver = value(&mut world, receiver);
    literals.push(receiver);
    for argument in arguments {
        let argument = value(&mut world, *argument);
        literals.push(argument);
    }
    let expected = match outcome {
        Outcome::Is(v) => value(&mut world, v),
        Outcome::Receiver => receiver,
        Outcome::Fails(_) | Outcome::Absent | Outcome::Succeeds => World::NIL,
    };
    literals.push(expected);
    let mut code = vec![112];
    code.extend((0..=count).map(|n| 34 + n));
    code.extend([
        131,
        count << 5 | 1,
        35 + count,
        198,
        172,
        3,
        118,
        224,
        120,
        119,
        224,
        120,
    ]);
    world.define(
        "Main",
        "start",
        &Method::new(BytecodeSet::V3, literals, code),
    );
    run_image(&world.image()).status
}

/// Runs every row and reports all that differ.
fn check(rows: &[Row]) {
    let mut wrong = Vec::new();
    for (primitive, receiver, arguments, outcome) in rows {
        let status = call(*primitive, *receiver, arguments, *outcome);
        let right = match outcome {
            Outcome::Is(_) | Outcome::Receiver => status == 1,
            Outcome::Fails(code) => status == 200 + code,
            Outcome::Absent => status == 201 || status == NIL_NOT_UNDERSTOOD,
            Outcome::Succeeds => status == 1 || status == 2,
        };
        if !right {
            wrong.push(format!(
                "{primitive}: {receiver:?} {arguments:?}: expected {outcome:?}, status {status}"
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} rows:\n{}",
        wrong.len(),
        rows.len(),
        wrong.join("\n")
    );
}
