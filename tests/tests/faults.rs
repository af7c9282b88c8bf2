//! Failures of the VM itself: every one ends with a report and status 70, whatever it has damaged.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value as Json, json};
use tests::image::{BytecodeSet, Method, Value, World};
use tests::planted::{planted_vm, primitive};
use tests::{Run, Session, root, text};

/// An image whose `Main>>start` sends `fail`, a primitive, in the middle of a few activations; another process waits to run `Main>>other`.
fn image(number: u16) -> Vec<u8> {
    let mut world = World::new();
    let set = BytecodeSet::V3;
    let fail = Method {
        primitive: number,
        ..Method::new(set, vec![], vec![120])
    };
    world.define("Object", "fail", &fail);
    let fail = Value::Object(world.symbol("fail"));
    let inner = Value::Object(world.symbol("inner"));
    // self fail, for ever; self inner.
    let failing = Method::new(set, vec![fail], vec![112, 208, 135, 163, 251]);
    world.define("Parent", "inner", &failing);
    let start = Method::new(set, vec![inner], vec![112, 208, 124]);
    world.define("Main", "start", &start);
    let other = world.define("Main", "other", &start);
    let mut slots = vec![World::NIL, Value::Integer(33), Value::Integer(0)];
    slots.extend([
        Value::Object(other),
        World::NIL,
        Value::Object(world.main()),
    ]);
    slots.extend(vec![World::NIL; 16]);
    let context = world.instance("Context", slots);
    let text = world.string("a \"quoted\" text\n");
    world.instance(
        "Process",
        vec![
            World::NIL,
            Value::Object(context),
            Value::Object(text),
            World::NIL,
        ],
    );
    world.image()
}

fn run(number: u16, options: &[&str]) -> Run {
    Session::new(&image(number)).run_with(planted_vm(), 30, options)
}

/// The line of the source that reads where no memory is.
fn wild_line() -> usize {
    let source = text(&root().join("vm-source-st/vm-tests/VM-Planted/PlantedFaults.class.st"));
    let mut lines = source.lines().zip(1..);
    lines.find(|(line, _)| line.starts_with("PlantedFaults >> primitiveWildPointer"));
    let reads = lines.find(|(line, _)| line.contains("16r123450"));
    reads.expect("it reads at 16r123450").1
}

#[test]
fn a_signal_just_before_a_wait_ends_it() {
    let session = Session::new(&image(primitive::WAIT_AFTER_SIGNAL));
    let run = session.run_with(planted_vm(), 8, &[]);
    assert_eq!(
        run.status, 0,
        "124 for a wait of ten seconds: {}",
        run.stderr
    );
}

#[test]
fn a_wild_pointer_is_reported_with_registers_history_and_all_stacks() {
    let run = run(primitive::WILD_POINTER, &["--gc-stress", "1"]);
    assert_eq!(run.status, 70, "{}", run.stderr);
    let place = format!("at line {} of PlantedFaults>>", wild_line());
    let expected = [
        "signal 11 at address 16r123450",
        "in PlantedFaults>>primitiveWildPointer, at line ",
        &place,
        "rax 16r",
        "what the VM did before",
        "running process a Process",
        "Parent>>inner",
        "Main>>start",
        "Main>>other",
    ];
    for text in expected {
        assert!(run.stderr.contains(text), "{text}: {}", run.stderr);
    }
}

#[test]
fn a_fault_of_a_second_thread_is_reported_with_the_stacks_of_the_program() {
    let run = run(primitive::FAIL_IN_THREAD, &[]);
    assert_eq!(run.status, 70, "{}", run.stderr);
    let expected = [
        "signal 11 at address 16r123450",
        "in PlantedFaults>>failInThread:, at line ",
        "what the VM did before",
        "Parent>>inner",
        "Main>>start",
        "Main>>other",
    ];
    for text in expected {
        assert!(run.stderr.contains(text), "{text}: {}", run.stderr);
    }
    assert!(!run.stderr.contains("second fault"), "{}", run.stderr);
}

#[test]
fn an_overflow_of_the_native_stack_is_reported() {
    let run = run(primitive::NATIVE_OVERFLOW, &[]);
    assert_eq!(run.status, 70, "{}", run.stderr);
    assert!(run.stderr.contains("descend:"), "{}", run.stderr);
    assert!(run.stderr.contains("Main>>start"), "{}", run.stderr);
}

#[test]
fn a_check_that_fails_is_reported_with_its_source_line() {
    let run = run(primitive::TRAP, &[]);
    assert_eq!(run.status, 70, "{}", run.stderr);
    let source =
        tests::text(&tests::root().join("vm-source-st/vm-tests/VM-Planted/PlantedFaults.class.st"));
    let line = 1 + source
        .lines()
        .position(|line| line.contains("count := primitives"))
        .expect("the line is there");
    let place = format!("PlantedFaults>>primitiveTrap, line {line}");
    assert!(run.stderr.contains(&place), "{place}: {}", run.stderr);
}

#[test]
fn damaged_objects_and_frames_make_no_second_fault() {
    for number in [primitive::DAMAGE_HEAP, primitive::DAMAGE_STACK] {
        let run = run(number, &["--crash-report", "report.json"]);
        assert_eq!(run.status, 70, "{}", run.stderr);
        assert!(run.stderr.contains("16r123450"), "{}", run.stderr);
        assert!(!run.stderr.contains("second fault"), "{}", run.stderr);
        assert!(!run.stderr.contains("given up"), "{}", run.stderr);
    }
}

#[test]
fn the_report_is_written_as_json_too() {
    let session = Session::new(&image(primitive::WILD_POINTER));
    let run = session.run_with(planted_vm(), 30, &["--crash-report=report.json"]);
    assert_eq!(run.status, 70, "{}", run.stderr);
    let text = session.file("report.json").expect("the report is there");
    let report: Json =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text}"));
    assert_eq!(report["signal"], json!(11));
    assert_eq!(report["address"], json!("16r123450"));
    assert_eq!(
        report["method"],
        json!("PlantedFaults>>primitiveWildPointer")
    );
    assert_eq!(report["line"], json!(wild_line()), "{text}");
    let registers = report["registers"].as_object().expect("an object");
    assert_eq!(registers.len(), 16, "{text}");
    let processes = report["processes"].as_array().expect("a list");
    assert_eq!(processes.len(), 2, "{text}");
    assert_eq!(processes[0]["isRunning"], json!(true));
    assert_eq!(processes[1]["priority"], json!("'a \"quoted\" text\n'"));
    let stack = processes[0]["stack"].as_array().expect("a list");
    let methods: Vec<&Json> = stack.iter().map(|each| &each["method"]).collect();
    assert_eq!(methods, [&json!("Parent>>inner"), &json!("Main>>start")]);
    assert!(report["history"].is_array(), "{text}");
}

#[test]
fn the_signal_is_raised_again_if_the_user_wants_a_core_file() {
    let session = Session::new(&image(primitive::WILD_POINTER));
    let output = Command::new("sh")
        .args(["-c", "ulimit -c 0; \"$0\" --core test.image; echo $?"])
        .arg(planted_vm())
        .current_dir(session.folder())
        .output()
        .expect("a shell can be started");
    let status = String::from_utf8_lossy(&output.stdout);
    assert_eq!(status.trim(), "139", "128 and SIGSEGV");
}

/// Starts the VM on an image that loops in a primitive.
fn stuck(session: &Session) -> Child {
    let child = Command::new(planted_vm())
        .arg(session.path())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the VM can be started");
    std::thread::sleep(Duration::from_millis(200));
    child
}

fn send(signal: &str, child: &Child) {
    let sent = Command::new("kill")
        .args(["-s", signal, &child.id().to_string()])
        .status()
        .expect("kill can be started");
    assert!(sent.success(), "the VM ended before its signal");
    std::thread::sleep(Duration::from_millis(100));
}

fn report_of(mut child: Child) -> String {
    let mut report = String::new();
    let mut pipe = child.stderr.take().expect("a pipe");
    pipe.read_to_string(&mut report).expect("text");
    let status = child.wait().expect("the VM ends");
    assert_eq!(status.code(), Some(143), "{report}");
    report
}

#[test]
fn a_vm_that_is_stuck_in_a_primitive_prints_its_stacks_at_the_second_signal() {
    let session = Session::new(&image(primitive::LOOP));
    let child = stuck(&session);
    send("USR1", &child);
    send("USR1", &child);
    send("TERM", &child);
    let report = report_of(child);
    assert_eq!(report.matches("running process").count(), 1, "{report}");
    assert!(report.contains("Parent>>inner"), "{report}");
}

#[test]
fn a_report_that_cannot_be_written_is_given_up_after_five_seconds() {
    let session = Session::new(&image(primitive::WILD_POINTER));
    // A pipe that nobody reads, filled before the VM starts.
    let output = Command::new("timeout")
        .args(["20", "sh", "-c"])
        .arg("{ head -c 65536 /dev/zero >&2; \"$0\" test.image; echo $? > status; } 2>&1 >&- | sleep 7")
        .arg(planted_vm())
        .current_dir(session.folder())
        .output()
        .expect("a shell can be started");
    drop(output);
    let status = session.file("status").unwrap_or_default();
    assert_eq!(status.trim(), "70", "the VM hangs in its report");
}
