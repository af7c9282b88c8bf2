//! The command line of the VM.

use std::process::{Command, Output, Stdio};

use tests::image::{BytecodeSet, Method, Value, World};
use tests::planted::planted_vm;
use tests::{Session, vm};

fn run(arguments: &[&str]) -> Output {
    Command::new(vm())
        .args(arguments)
        .output()
        .expect("the VM can be started")
}

fn refused(arguments: &[&str], reason: &str) {
    let output = run(arguments);
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    assert!(message.contains(reason), "{arguments:?}: {message}");
}

#[test]
fn help_and_version_go_to_the_standard_output() {
    for (option, text) in [
        ("--help", "--gc-stress"),
        ("-help", "usage"),
        ("--version", "ouro"),
    ] {
        let output = run(&[option]);
        assert_eq!(output.status.code(), Some(0), "{option}");
        assert!(
            String::from_utf8_lossy(&output.stdout).contains(text),
            "{option}"
        );
        assert!(output.stderr.is_empty(), "{option}");
    }
}

#[test]
fn every_option_of_the_help_text_is_understood() {
    let output = run(&["--help"]);
    let help = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = help.lines().filter(|line| line.starts_with("  --"));
    let mut count = 0;
    for line in lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        // An option with a value is followed by the value's name in capitals.
        let takes_value = words[1].chars().all(|c| c.is_ascii_uppercase());
        let arguments = if takes_value {
            vec![words[0], "4000000", "no-such.image"]
        } else {
            vec![words[0], "no-such.image"]
        };
        let output = run(&arguments);
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(!message.contains("unknown option"), "{message}");
        count += 1;
    }
    assert!(count > 8, "{help}");
}

#[test]
fn what_is_not_understood_is_named() {
    refused(&["--no-such-option", "x.image"], "--no-such-option");
    refused(&["--eden", "much", "x.image"], "much");
    refused(&["--gc-stress", "0", "x.image"], "0");
    for count in ["0", "3", "some"] {
        refused(&["--gc-threads", count, "x.image"], "one or two threads");
    }
    refused(&["--max-heap"], "needs a value");
    refused(&["no-such.image"], "no-such.image");
}

/// An image that quits with 7.
fn quitting_image() -> Vec<u8> {
    let mut world = World::new();
    let literals = vec![Value::Object(world.symbol("quit:")), Value::Integer(7)];
    let method = Method::new(BytecodeSet::V3, literals, vec![112, 33, 224, 120]);
    world.define("Main", "start", &method);
    world.image()
}

/// The first number of at least five digits in a text.
fn number_in(text: &str) -> &str {
    text.split(|c: char| !c.is_ascii_digit())
        .find(|word| word.len() > 4)
        .unwrap_or_else(|| panic!("no number in: {text}"))
}

#[test]
fn a_size_that_is_too_small_is_refused_with_the_least_one_which_works() {
    let session = Session::new(&quitting_image());
    for option in ["--eden", "--max-heap"] {
        let refused = session.run(&[option, "1000"]);
        assert_eq!(refused.status, 2, "{option}: {}", refused.stderr);
        assert!(refused.stderr.contains(option), "{}", refused.stderr);
        let least = number_in(&refused.stderr).to_owned();
        let run = session.run(&[option, &least]);
        assert_eq!(run.status, 7, "{option} {least}: {}", run.stderr);
        let less = (least.parse::<u64>().expect("digits") - 1).to_string();
        assert_eq!(session.run(&[option, &less]).status, 2, "{option} {less}");
    }
}

#[test]
fn a_heap_that_cannot_hold_the_image_is_refused_with_the_least_one_which_works() {
    let mut world = World::new();
    world.add(53, 10, tests::image::Body::Words(vec![0; 1 << 20]));
    let literals = vec![Value::Object(world.symbol("quit:")), Value::Integer(7)];
    let method = Method::new(BytecodeSet::V3, literals, vec![112, 33, 224, 120]);
    world.define("Main", "start", &method);
    let session = Session::new(&world.image());
    let refused = session.run(&["--max-heap", "5m"]);
    assert_eq!(refused.status, 2, "{}", refused.stderr);
    let least = number_in(&refused.stderr).to_owned();
    assert_eq!(session.run(&["--max-heap", &least]).status, 7);
}

#[test]
fn values_may_stand_behind_an_equals_sign() {
    let session = Session::new(&quitting_image());
    for option in ["--eden=4m", "--max-heap=16m", "--gc-stress=1000"] {
        assert_eq!(session.run(&[option]).status, 7, "{option}");
    }
    refused(&["--eden=1k", "x.image"], "--eden=1k");
    refused(&["--stats=1", "x.image"], "unknown option");
}

#[test]
fn spellings_of_the_stock_vm_are_understood_where_the_meaning_is_the_same() {
    let session = Session::new(&quitting_image());
    let spellings: &[&[&str]] = &[
        &["-headless"],
        &["--headless"],
        &["-vm-display-null", "-vm-sound-null"],
        &["-nodisplay", "-nosound"],
        &["-eden", "4m"],
        &["-memory", "64m"],
        &["-mmap", "64m"],
        &["-maxoldspace", "64m"],
        &["--maxOldSpaceSize=64m", "--edenSize=4m"],
    ];
    for spelling in spellings {
        let run = session.run(spelling);
        assert_eq!(run.status, 7, "{spelling:?}: {}", run.stderr);
    }
}

#[test]
fn two_hyphens_end_the_options() {
    let session = Session::new(&quitting_image());
    assert_eq!(session.run(&["--stats", "--"]).status, 7);
    refused(&["--", "--stats"], "cannot load --stats");
}

#[test]
fn a_script_or_an_expression_without_an_image_that_compiles_is_refused() {
    // This one has no image inside.
    let vm = planted_vm();
    let folder = Session::new(b"3 + 4\n");
    let run = folder.run_with(vm, 10, &[]);
    assert_eq!(run.status, 2);
    assert!(run.stderr.contains("script"), "{}", run.stderr);
    let long = Session::new("\"a comment\" 3 + 4.\r\n".repeat(50).as_bytes());
    assert!(long.run_with(vm, 10, &[]).stderr.contains("script"));
    let expression = long.run_with(vm, 10, &["-e", "3 + 4"]);
    assert_eq!(expression.status, 2);
    assert!(
        expression.stderr.contains("expression"),
        "{}",
        expression.stderr
    );
    refused(&["-e"], "expression");
}

#[test]
fn what_is_neither_image_nor_text_is_no_script() {
    let mut bytes = b"3 + 4\n".repeat(100);
    bytes[20] = 0;
    let run = Session::new(&bytes).run(&[]);
    assert_eq!(run.status, 2);
    assert!(run.stderr.contains("does not begin with"), "{}", run.stderr);
}

#[test]
fn a_trace_that_nobody_reads_ends() {
    let mut world = World::new();
    let method = Method::new(BytecodeSet::V3, Vec::new(), vec![163, 254]);
    world.define("Main", "start", &method);
    let session = Session::new(&world.image());
    let mut child = Command::new(vm())
        .arg("--trace")
        .arg(session.path())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the VM can be started");
    drop(child.stderr.take());
    let status = child.wait().expect("the VM ends");
    assert_eq!(status.code(), Some(141));
}
