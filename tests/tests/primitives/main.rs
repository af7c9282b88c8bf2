//! The primitives one by one: right answers, and each way to fail (wrong class, wrong count, out of range, immutable).
//!
//! Each row is an image of its own. The method of the primitive stores the failure code, adds 200 and quits with it;
//! an expected answer is compared by identity in the image.

mod arithmetic;
mod calls;
mod control;
mod files;
mod floats;
mod large_integers;
mod modules;
mod objects;
mod program;
mod programs;
mod sockets;
mod spoilt;
mod suite;
mod sweep;
mod table;
mod values;

use tests::image::{BytecodeSet, Method, Value, World};
use tests::run_image;
use values::{V, value};

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

/// Status of `nil + 200`.
const NIL_NOT_UNDERSTOOD: i32 = 90;

/// The class of the method that has `primitive`: one whose instances have the variables that it answers.
fn holder(primitive: u16, receiver: V) -> &'static str {
    match receiver {
        V::Process if primitive > 263 => "Process",
        V::Semaphore if primitive > 263 => "Semaphore",
        _ => "Object",
    }
}

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
    world.define(holder(primitive, receiver), &selector, &method);

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
