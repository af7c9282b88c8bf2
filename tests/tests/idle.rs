//! What a VM does while no process can run, and how time passes under `--deterministic`.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tests::image::{BytecodeSet, Method, Value, World};
use tests::{Session, vm};

/// Indices of semaphores among the special objects.
const TIMER_SEMAPHORE: usize = 29;
const INTERRUPT_SEMAPHORE: usize = 30;

/// A world with a semaphore among the special objects and the methods that the tests need; the literals `quit:`, `signal:atMilliseconds:`,
/// the semaphore, `wait`, `excess`, 10, and a number of milliseconds.
fn world(special: usize, milliseconds: i64) -> (World, Vec<Value>) {
    let mut world = World::new();
    let set = BytecodeSet::V3;
    let semaphore = world.instance("Semaphore", vec![World::NIL, World::NIL, Value::Integer(0)]);
    world.set_special(special, Value::Object(semaphore));
    let wait = Method {
        primitive: 86,
        ..Method::new(set, vec![], vec![120])
    };
    world.define("Semaphore", "wait", &wait);
    world.define(
        "Semaphore",
        "excess",
        &Method::new(set, vec![], vec![2, 124]),
    );
    let signal = Method {
        arguments: 2,
        temporaries: 2,
        primitive: 136,
        ..Method::new(set, vec![], vec![120])
    };
    world.define("Object", "signal:atMilliseconds:", &signal);
    let mut literals = vec![
        Value::Object(world.symbol("quit:")),
        Value::Object(world.symbol("signal:atMilliseconds:")),
        Value::Object(semaphore),
    ];
    literals.extend(["wait", "excess"].map(|name| Value::Object(world.symbol(name))));
    literals.extend([10, milliseconds].map(Value::Integer));
    (world, literals)
}

/// `self signal: semaphore atMilliseconds: milliseconds`.
const SET_TIMER: [u8; 5] = [112, 34, 38, 241, 135];
/// `semaphore wait`.
const WAIT: [u8; 3] = [34, 211, 135];
/// `[semaphore excess = 0] whileTrue`.
const SPIN: [u8; 7] = [34, 212, 117, 182, 153, 163, 249];
/// `self quit: 10`.
const QUIT: [u8; 4] = [112, 37, 224, 120];

fn image(special: usize, milliseconds: i64, parts: &[&[u8]]) -> Vec<u8> {
    let (mut world, literals) = world(special, milliseconds);
    let method = Method::new(BytecodeSet::V3, literals, parts.concat());
    world.define("Main", "start", &method);
    world.image()
}

#[test]
fn an_image_that_waits_for_the_timer_goes_on_when_it_is_due() {
    let image = image(TIMER_SEMAPHORE, 400, &[&SET_TIMER, &WAIT, &QUIT]);
    let start = Instant::now();
    let run = Session::new(&image).run_for(20, &[]);
    assert_eq!(run.status, 10, "{}", run.stderr);
    assert!(
        start.elapsed() > Duration::from_millis(300),
        "it did not wait"
    );
}

#[test]
fn made_up_time_jumps_to_the_next_event_when_nothing_runs() {
    let hours = 100 * 3_600_000;
    let image = image(TIMER_SEMAPHORE, hours, &[&SET_TIMER, &WAIT, &QUIT]);
    let run = Session::new(&image).run_for(20, &["--deterministic"]);
    assert_eq!(run.status, 10, "{}", run.stderr);
}

#[test]
fn made_up_time_passes_while_code_runs() {
    let image = image(TIMER_SEMAPHORE, 20, &[&SET_TIMER, &SPIN, &QUIT]);
    let run = Session::new(&image).run_for(20, &["--deterministic"]);
    assert_eq!(run.status, 10, "{}", run.stderr);
}

/// What `--stop-after` tells of the heap after a number of bytecodes.
fn heap_after(image: &[u8], bytecodes: &str) -> String {
    let run = Session::new(image).run_for(60, &["--deterministic", "--stop-after", bytecodes]);
    assert!(run.stderr.starts_with("heap: "), "{}", run.stderr);
    run.stderr
}

#[test]
fn the_timer_comes_at_the_same_bytecode_in_every_run_under_deterministic() {
    let image = image(TIMER_SEMAPHORE, 20, &[&SET_TIMER, &SPIN, &SPIN, &QUIT]);
    for bytecodes in ["9000", "99000", "140000"] {
        let first = heap_after(&image, bytecodes);
        for _ in 0..3 {
            assert_eq!(heap_after(&image, bytecodes), first, "after {bytecodes}");
        }
    }
}

#[test]
fn a_real_image_gives_the_same_heap_in_every_run_under_deterministic() {
    let Some(folder) = tests::images_or_skip() else {
        return;
    };
    let image = std::fs::read(folder.join("candle-tinybenchmarks-short.image"))
        .expect("the image can be read");
    let run = Session::new(&image).run_for(60, &["--deterministic"]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    let first = heap_after(&image, "3000000");
    assert_eq!(heap_after(&image, "3000000"), first);
}

#[test]
fn an_image_for_which_nothing_can_happen_any_more_ends_with_1() {
    let image = image(TIMER_SEMAPHORE, 1, &[&WAIT, &QUIT]);
    let run = Session::new(&image).run_for(20, &[]);
    assert_eq!(run.status, 1, "{}", run.stderr);
    assert!(run.stderr.contains("every process waits"), "{}", run.stderr);
}

#[test]
fn an_interrupt_reaches_an_image_that_waits_for_it() {
    let session = Session::new(&image(INTERRUPT_SEMAPHORE, 1, &[&WAIT, &QUIT]));
    let child = Command::new(vm())
        .arg(session.path())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the VM can be started");
    std::thread::sleep(Duration::from_millis(300));
    let sent = Command::new("kill")
        .args(["-s", "INT", &child.id().to_string()])
        .status()
        .expect("kill can be started");
    assert!(sent.success(), "the VM ended before its signal");
    let output = child.wait_with_output().expect("the VM ends");
    let report = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(10), "{report}");
}
