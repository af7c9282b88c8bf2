//! The snapshot writer: whatever fails, and whenever the process dies, a whole image is left.

use std::os::unix::fs::symlink;

use tests::built_image::kernel;
use tests::image::{BytecodeSet, Method, Value, World};
use tests::planted::{planted_vm, primitive};
use tests::{Run, Session, root, vm};

/// Ways to fail beside error numbers, as the VM with planted faults numbers them.
const DEATH: i64 = -1;
const SHORT_WRITE: i64 = -2;
/// Of calls for memory, and of no others.
const NO_MEMORY: i64 = -3;
/// Added to an error: all calls from then on fail.
const FOR_EVER: i64 = 1000;
const INTERRUPTED: i64 = 4;
const IO_ERROR: i64 = 5;
const NO_SPACE: i64 = 28;

/// Statuses of the image.
const SAVED: i32 = 10;
const LOADED: i32 = 20;
const NOT_SAVED: i32 = 30;
/// A run that a signal ended.
const KILLED: i32 = -1;

/// An image that collects its garbage, plants a failure where that is known, snapshots itself, and quits with one of the statuses above.
fn image(call: i64, failure: i64) -> Vec<u8> {
    let mut world = World::new();
    let set = BytecodeSet::V3;
    let snapshot = Method {
        primitive: 97,
        ..Method::new(set, vec![], vec![123])
    };
    world.define("Object", "snapshot", &snapshot);
    let collect = Method {
        primitive: 130,
        ..Method::new(set, vec![], vec![120])
    };
    world.define("Object", "collectAll", &collect);
    let fail = Method {
        arguments: 2,
        temporaries: 2,
        primitive: primitive::FAIL_CALL,
        ..Method::new(set, vec![], vec![120])
    };
    world.define("Object", "failCall:with:", &fail);
    world.words("Bitmap", &[0x0123_4567_89AB_CDEF; 30]);
    // So much that several writes are needed.
    let filler = world.words("Bitmap", &vec![0x0123_4567_89AB_CDEF; 30_000]);
    let mut literals = ["quit:", "snapshot", "failCall:with:"]
        .map(|name| Value::Object(world.symbol(name)))
        .to_vec();
    literals.extend([SAVED, LOADED, NOT_SAVED].map(|status| Value::Integer(i64::from(status))));
    literals.extend([call, failure].map(Value::Integer));
    literals.push(Value::Object(filler));
    literals.push(Value::Object(world.symbol("collectAll")));
    // self collectAll. self failCall: call with: failure. temp := self snapshot. temp == true: 20; temp == false: 10; else 30.
    let code = vec![
        112, 217, 135, 112, 38, 39, 242, 135, 112, 209, 104, 112, 16, 113, 198, 172, 3, 36, 224,
        120, 16, 114, 198, 172, 3, 35, 224, 120, 37, 224, 120,
    ];
    let start = Method {
        temporaries: 1,
        ..Method::new(set, literals, code)
    };
    world.define("Main", "start", &start);
    world.image()
}

/// Runs the image whose snapshot fails at a call, then checks what is left. Answers how the run ended.
fn after_failure(call: i64, failure: i64) -> i32 {
    let original = image(call, failure);
    let session = Session::new(&original);
    let run = session.run_with(planted_vm(), 30, &["--gc-in-place"]);
    let what = format!("call {call}, failure {failure}: {run:?}");
    let left = session.image();
    if run.status == NOT_SAVED {
        assert!(left == original, "the old image has changed: {what}");
    }
    let next = Session::new(&left).run_with(&vm(), 30, &[]);
    let expected: &[i32] = match run.status {
        SAVED => &[LOADED],
        NOT_SAVED => &[SAVED],
        KILLED => &[SAVED, LOADED],
        _ => panic!("{what}"),
    };
    assert!(expected.contains(&next.status), "{what}, then {next:?}");
    run.status
}

/// How many calls the writer makes.
fn calls() -> i64 {
    let calls = (1..100)
        .take_while(|call| after_failure(*call, DEATH) == KILLED)
        .count();
    assert!((10..99).contains(&calls), "{calls} calls");
    i64::try_from(calls).expect("few")
}

#[test]
fn a_whole_image_is_left_when_the_process_dies_before_any_system_call() {
    calls();
}

#[test]
fn a_whole_image_is_left_when_any_system_call_fails() {
    let calls = calls();
    for error in [IO_ERROR, NO_SPACE] {
        for failure in [error, FOR_EVER + error] {
            let failed = (1..=calls)
                .filter(|call| after_failure(*call, failure) == NOT_SAVED)
                .count();
            assert!(failed >= 10, "{failure}: {failed} of {calls} calls matter");
        }
    }
}

#[test]
fn the_old_image_is_left_when_the_collection_before_a_snapshot_is_called_off() {
    // The tables of a collection; behind them it cannot be called off any more.
    for mapping in 1..=4 {
        assert_eq!(after_failure(mapping, NO_MEMORY), NOT_SAVED, "{mapping}");
    }
}

#[test]
fn interrupted_calls_and_short_writes_do_no_harm() {
    for call in 1..=calls() {
        let status = after_failure(call, SHORT_WRITE);
        assert_eq!(status, SAVED, "write {call}");
    }
    let saved = (1..=calls())
        .filter(|call| after_failure(*call, INTERRUPTED) == SAVED)
        .count();
    assert!(saved >= 8, "{saved}");
}

#[test]
fn a_snapshot_that_failed_leaves_no_other_file() {
    let calls = calls();
    for call in 1..=calls {
        let session = Session::new(&image(call, NO_SPACE));
        session.run_with(planted_vm(), 30, &[]);
        assert_eq!(session.files(), [Session::IMAGE], "call {call}");
    }
}

fn run_at(session: &Session, name: &str) -> Run {
    let output = std::process::Command::new(vm())
        .arg(name)
        .current_dir(session.folder())
        .output()
        .expect("the VM can be started");
    Run {
        status: output.status.code().unwrap_or(-1),
        stdout: String::new(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

#[test]
fn a_snapshot_replaces_the_file_that_symbolic_links_lead_to() {
    let session = Session::new(&image(0, 0));
    let at = |name: &str| session.folder().join(name);
    std::fs::create_dir(at("deep")).expect("a folder");
    std::fs::rename(session.path(), at("deep/real.image")).expect("renamed");
    symlink("real.image", at("deep/second")).expect("a link");
    symlink("deep/second", at("first")).expect("a link");
    let absolute = at("first");
    symlink(&absolute, at("absolute")).expect("a link");
    assert_eq!(run_at(&session, "absolute").status, SAVED);
    for link in ["absolute", "first", "deep/second"] {
        assert!(at(link).is_symlink(), "{link} is no link any more");
    }
    assert!(!at("deep/real.image").is_symlink());
    for name in ["absolute", "first", "deep/second", "deep/real.image"] {
        assert_eq!(run_at(&session, name).status, LOADED, "{name}");
    }
    assert_eq!(session.files(), ["absolute", "deep", "first"]);
}

/// A method may run on what is no instance of its class, as long as it uses none of the variables that the receiver lacks;
/// a block that it makes may be unable to run.
#[test]
fn a_snapshot_in_a_method_of_another_class_is_sound_and_goes_on() {
    let image = kernel("SistaV1", "Full", |_| {
        root().join("vm-source-st/kernel-attacks")
    });
    let session = Session::new(&image);
    let save = ["perform", "ManyVariables", "saveOnOtherReceiver"];
    let old = session.run_arguments(60, &[], &save);
    assert_eq!(old.status, 10, "{}", old.stderr);
    let check = session.run(&["--check-image"]);
    assert_eq!(check.stdout.trim_end(), "0 findings");
    let new = session.run(&[]);
    assert_eq!(new.status, 11, "{}", new.stderr);
}
