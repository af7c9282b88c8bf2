//! Programs of primitive calls: one image makes them all, one after the other, and writes a byte about each to a file.
//!
//! Each call has a method of its own, whose fallback code notes the failure; later calls may use answers of earlier ones.

use std::path::Path;

use tests::image::{BytecodeSet, Method, Ref, Value, World};
use tests::{Session, vm};

use super::values::{V, value};

/// A primitive by its number, or by module and name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Primitive {
    Number(u16),
    Named(&'static str, &'static str),
}

/// A call.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub primitive: Primitive,
    pub receiver: V,
    pub arguments: Vec<V>,
    /// The answer, if the program shall compare it: by identity, or byte by byte.
    pub expected: Option<V>,
}

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// The program ended before.
    Unreached,
    /// It began but neither succeeded nor failed: the program ended, or another process ran.
    Begun,
    /// Success; the answer was not compared, or is another one.
    Succeeded,
    /// Success with the expected answer.
    Answered,
    /// Failure without a code.
    Failed,
    /// Failure with this code.
    FailedBecause(i32),
}

/// How a program ended, and what came of its calls.
#[derive(Debug)]
pub(crate) struct Report {
    pub status: i32,
    pub outcomes: Vec<Outcome>,
    pub errors: String,
}

/// A program that takes longer hangs.
const SECONDS: u32 = 10;
const OUTPUT: &str = "out";
const BEGUN: i64 = 1;
const SUCCEEDED: i64 = 2;
const ANSWERED: i64 = 3;
const FAILED: i64 = 99;
/// A byte for a code is this much greater.
const CODE: i64 = 120;

/// Runs the steps while the heap is checked, and compares what comes of each.
pub(crate) fn expect(steps: &[Step], wanted: &[Outcome]) {
    let report = run(steps, &["--check-heap"]);
    assert_eq!(
        report.outcomes, wanted,
        "status {}: {}",
        report.status, report.errors
    );
}

/// Runs the steps on the VM with these options; outcomes are there if the program came to its end.
pub(crate) fn run(steps: &[Step], options: &[&str]) -> Report {
    run_on(&vm(), steps, options)
}

/// The same with another VM.
pub(crate) fn run_on(vm: &Path, steps: &[Step], options: &[&str]) -> Report {
    let session = Session::new(&image(steps));
    let run = session.run_with(vm, SECONDS, options);
    let bytes = session.bytes(OUTPUT).unwrap_or_default();
    Report {
        status: run.status,
        outcomes: (0..steps.len())
            .map(|n| outcome(bytes.get(n).copied().unwrap_or(0)))
            .collect(),
        errors: run.stderr,
    }
}

fn outcome(byte: u8) -> Outcome {
    match i64::from(byte) {
        0 => Outcome::Unreached,
        BEGUN => Outcome::Begun,
        SUCCEEDED => Outcome::Succeeded,
        ANSWERED => Outcome::Answered,
        FAILED => Outcome::Failed,
        code => Outcome::FailedBecause((code - CODE) as i32),
    }
}

/// What all methods of a program share.
struct Shared {
    results: Ref,
    answers: Ref,
    failed: Ref,
}

fn image(steps: &[Step]) -> Vec<u8> {
    let mut world = World::new();
    let shared = Shared {
        results: world.bytes("ByteArray", &vec![0; steps.len()]),
        answers: world.array(vec![World::NIL; steps.len()]),
        failed: world.string("failed"),
    };
    define_services(&mut world);
    for (number, step) in steps.iter().enumerate() {
        let selector = define_call(&mut world, &shared, number, step);
        define_step(&mut world, &shared, number, step, &selector);
    }
    world.define(
        "Main",
        &step_selector(steps.len()),
        &Method::new(BytecodeSet::V3, vec![], vec![120]),
    );
    define_start(&mut world, &shared, steps.len());
    world.image()
}

fn step_selector(number: usize) -> String {
    format!("step{number}")
}

/// The methods by which the programs themselves work.
fn define_services(world: &mut World) {
    let plain = |primitive, arguments, fallback: &[u8]| Method {
        primitive,
        arguments,
        temporaries: arguments,
        ..Method::new(BytecodeSet::V3, vec![], fallback.to_vec())
    };
    world.define("Object", "at:", &plain(60, 1, &[120]));
    world.define("Object", "at:put:", &plain(61, 2, &[120]));
    world.define("Object", "sameBytes:", &plain(156, 1, &[122]));
    world.define("Object", "collect", &plain(130, 0, &[120]));
    for (selector, name, arguments) in [
        ("open:writable:", "primitiveFileOpen", 2),
        ("write:from:at:count:", "primitiveFileWrite", 4),
        ("close:", "primitiveFileClose", 1),
    ] {
        let description = description(world, "FilePlugin", name);
        let method = Method {
            primitive: 117,
            arguments,
            temporaries: arguments,
            ..Method::new(BytecodeSet::V3, vec![description], vec![120])
        };
        world.define("Object", selector, &method);
    }
}

/// The first literal of a method with a named primitive.
pub(crate) fn description(world: &mut World, module: &str, name: &str) -> Value {
    let module = if module.is_empty() {
        World::NIL
    } else {
        Value::Object(world.symbol(module))
    };
    let name = Value::Object(world.symbol(name));
    Value::Object(world.array(vec![module, name, Value::Integer(0), Value::Integer(0)]))
}

/// The method with the primitive; its code notes that and why the primitive has failed. Answers its selector.
fn define_call(world: &mut World, shared: &Shared, number: usize, step: &Step) -> String {
    let count = step.arguments.len() as u8;
    let selector = format!("call{number}{}", ":".repeat(step.arguments.len()));
    let mut literals = Vec::new();
    let primitive = match step.primitive {
        Primitive::Number(number) => number,
        Primitive::Named(module, name) => {
            literals.push(description(world, module, name));
            117
        }
    };
    let first = 32 + literals.len() as u8;
    literals.extend([
        Value::Object(shared.results),
        Value::Integer(number as i64 + 1),
        Value::Integer(FAILED),
        Value::Integer(CODE),
        Value::Object(shared.failed),
    ]);
    let (results, place, failed, base, marker) =
        (first, first + 1, first + 2, first + 3, first + 4);
    let code = vec![
        129,
        0x40 | count, // the failure's code into the last temporary
        results,
        place,
        failed,
        193,
        135, // results at: place put: failed
        16 + count,
        115,
        198,
        168,
        7, // unless the code is nil
        results,
        place,
        16 + count,
        base,
        176,
        193,
        135, // results at: place put: code + base
        marker,
        124,
    ];
    let method = Method {
        arguments: count,
        temporaries: count + 1,
        primitive,
        ..Method::new(BytecodeSet::V3, literals, code)
    };
    world.define("Object", &selector, &method);
    selector
}

/// Pushes a value, or the answer of an earlier step.
fn push(code: &mut Vec<u8>, literals: &mut Vec<Value>, world: &mut World, v: V) {
    let literal = 32 + literals.len() as u8;
    literals.push(value(world, v));
    match v {
        V::Answer(_) => code.extend([36, literal, 192]),
        _ => code.push(literal),
    }
}

/// The method that makes the call and then the next step.
fn define_step(world: &mut World, shared: &Shared, number: usize, step: &Step, selector: &str) {
    let count = step.arguments.len() as u8;
    let call = Value::Object(world.symbol(selector));
    let next = Value::Object(world.symbol(&step_selector(number + 1)));
    let same = Value::Object(world.symbol("sameBytes:"));
    let expected = step.expected.map_or(World::NIL, |v| value(world, v));
    let mut literals = vec![
        Value::Object(shared.results),
        Value::Integer(number as i64 + 1),
        Value::Integer(BEGUN),
        Value::Integer(SUCCEEDED),
        Value::Object(shared.answers),
        call,
        next,
        expected,
        Value::Integer(ANSWERED),
        same,
        Value::Object(shared.failed),
    ];
    let mut code = vec![32, 33, 34, 193, 135];
    push(&mut code, &mut literals, world, step.receiver);
    for argument in &step.arguments {
        push(&mut code, &mut literals, world, *argument);
    }
    if count < 8 {
        code.extend([131, count << 5 | 5]);
    } else {
        code.extend([132, count, 5]);
    }
    code.push(104);
    code.extend([36, 33, 16, 193, 135]);
    // Unless it failed: succeeded; and answered, if the expected object is the same or has the same bytes.
    let mut noted = vec![32, 33, 35, 193, 135];
    if step.expected.is_some() {
        noted.extend([16, 39, 198, 168, 6, 16, 39, 131, 1 << 5 | 9, 172, 5]);
        noted.extend([32, 33, 40, 193, 135]);
    }
    code.extend([16, 42, 198, 168, noted.len() as u8]);
    code.extend(noted);
    code.extend([112, 131, 6, 135, 120]);
    let method = Method {
        temporaries: 1,
        ..Method::new(BytecodeSet::V3, literals, code)
    };
    world.define("Main", &step_selector(number), &method);
}

/// The method that takes all steps, collects garbage, writes the results and ends with status 0.
fn define_start(world: &mut World, shared: &Shared, count: usize) {
    let selectors = [
        step_selector(0),
        "collect".to_owned(),
        "open:writable:".to_owned(),
        "write:from:at:count:".to_owned(),
        "close:".to_owned(),
        "quit:".to_owned(),
    ];
    let mut literals: Vec<Value> = selectors
        .iter()
        .map(|name| Value::Object(world.symbol(name)))
        .collect();
    let output = Value::Object(world.string(OUTPUT));
    literals.extend([
        output,
        Value::Object(shared.results),
        Value::Integer(count as i64),
    ]);
    let code = vec![
        112,
        131,
        0,
        135, // self step0
        112,
        131,
        1,
        135, // self collect
        112,
        38,
        113,
        131,
        2 << 5 | 2,
        104, // file := self open: output writable: true
        112,
        16,
        39,
        118,
        40,
        131,
        4 << 5 | 3,
        135, // self write: file from: results at: 1 count: all
        112,
        16,
        131,
        1 << 5 | 4,
        135, // self close: file
        112,
        117,
        131,
        1 << 5 | 5,
        120, // self quit: 0
    ];
    let method = Method {
        temporaries: 1,
        ..Method::new(BytecodeSet::V3, literals, code)
    };
    world.define("Main", "start", &method);
}
