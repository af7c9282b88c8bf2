//! What signals do to a running VM.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use tests::image::{BytecodeSet, Method, World};
use tests::{Session, vm};

/// How long a run is left alone before its signal is sent.
const START: Duration = Duration::from_millis(300);

/// An image that loops for ever.
fn endless_image() -> Vec<u8> {
    let mut world = World::new();
    // Jump back to itself: a long jump by -2.
    let method = Method::new(BytecodeSet::V3, Vec::new(), vec![163, 254]);
    world.define("Main", "start", &method);
    world.image()
}

/// The exit status (none if a signal ended the VM) and the reports of a run that gets signals one after the other, the last of which ends it.
fn after_signals(signals: &[&str]) -> (Option<i32>, String) {
    let session = Session::new(&endless_image());
    let child = Command::new(vm())
        .arg(session.path())
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the VM can be started");
    for signal in signals {
        std::thread::sleep(START);
        let sent = Command::new("kill")
            .args(["-s", signal, &child.id().to_string()])
            .status()
            .expect("kill can be started");
        assert!(sent.success(), "the VM ended before {signal}");
    }
    let output = child.wait_with_output().expect("the VM ends");
    let report = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), report)
}

#[test]
fn a_fault_of_the_vm_ends_with_a_report_and_status_70() {
    for signal in ["SEGV", "BUS", "ILL", "FPE"] {
        let (status, report) = after_signals(&[signal]);
        assert_eq!(status, Some(70), "{signal}: {report}");
        assert!(report.contains("internal failure"), "{signal}: {report}");
        assert!(
            report.contains("rip") || report.contains("instruction 16r"),
            "{signal}: {report}"
        );
        assert!(
            report.contains("start"),
            "the Smalltalk stack is missing: {report}"
        );
    }
}

#[test]
fn a_wish_to_end_is_fulfilled_in_good_order() {
    for (signal, status) in [("TERM", 143), ("HUP", 129), ("INT", 130)] {
        let (found, report) = after_signals(&[signal]);
        assert_eq!(found, Some(status), "{signal}: {report}");
        assert_eq!(report, "", "{signal}");
    }
}

#[test]
fn stacks_are_printed_on_request_and_the_vm_goes_on() {
    let (status, report) = after_signals(&["USR1", "QUIT", "USR1", "TERM"]);
    assert_eq!(status, Some(143), "{report}");
    assert_eq!(report.matches("running process").count(), 3, "{report}");
    assert_eq!(report.matches("Main>>start").count(), 3, "{report}");
    assert!(!report.contains("failure"), "{report}");
}

/// Sends a signal so many times, a few milliseconds apart.
fn send(id: u32, signal: &str, times: u32) {
    let status = Command::new("sh")
        .arg("-c")
        .arg("i=0; while [ $i -lt $3 ]; do kill -s $2 $1 || exit 1; sleep 0.002; i=$((i+1)); done")
        .args(["send", &id.to_string(), signal, &times.to_string()])
        .status();
    assert!(status.expect("sh can be started").success(), "{signal}");
}

#[test]
fn wishes_for_stacks_that_cannot_be_printed_wait_and_the_vm_can_be_ended() {
    /// What fits into a pipe.
    const PIPE: usize = 65536;
    let (reader, mut full) = std::io::pipe().expect("there are pipes");
    full.write_all(&[b'\n'; PIPE]).expect("a pipe takes that");
    let session = Session::new(&endless_image());
    let mut child = Command::new(vm())
        .arg(session.path())
        .stderr(full)
        .spawn()
        .expect("the VM can be started");
    std::thread::sleep(START);
    for signal in ["USR1", "QUIT"] {
        send(child.id(), signal, 100);
    }
    assert_eq!(child.try_wait().expect("it can be asked"), None);
    send(child.id(), "TERM", 1);
    assert_eq!(child.wait().expect("it ends").code(), Some(143));
    drop(reader);
}
