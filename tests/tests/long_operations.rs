//! What takes long: other processes run meanwhile, and the signals that ask for the stacks do no harm, whatever the VM is about.

use std::fs::File;
use std::process::{Command, Stdio};
use std::time::Duration;

use tests::library_image::image_that_starts;
use tests::{Session, vm};

/// How many signals a run gets.
const SIGNALS: u32 = 200;
/// The file that tells the image to come to an end.
const STOP: &str = "stop";

/// Works out a product and a quotient that no primitive works out in one piece, while another process counts how often it runs.
/// Quits with 1 or 2 if that has not run in the middle, but once before and once behind at most, with 3 if the results are wrong.
const LONG_ARITHMETIC: &str = "| left right product quotient ticks |
    ticks := 0.
    [ [ (Delay forMilliseconds: 2) wait. ticks := ticks + 1 ] repeat ] forkAt: 60.
    left := (1 bitShift: 32 * 26000) - (3 raisedTo: 1000).
    right := (1 bitShift: 32 * 26000) - (7 raisedTo: 999).
    ticks := 0.
    product := left * right.
    ticks > 2 ifFalse: [ Smalltalk exit: 1 ].
    ticks := 0.
    quotient := product + 12345 // right.
    ticks > 2 ifFalse: [ Smalltalk exit: 2 ].
    quotient = left ifFalse: [ Smalltalk exit: 3 ].
    Smalltalk exit: 0";

/// An image that does `work` again and again until the file is there, at least once, and quits with 0. `work` is a block that answers whether all is well.
fn repeated(work: &str) -> String {
    format!(
        "| work |
        work := {work}.
        [
        work value ifFalse: [ Smalltalk exit: 3 ].
        File exists: '{STOP}' ] whileFalse.
        Smalltalk exit: 0"
    )
}

/// Runs the image until it got all signals, of both kinds in turn, some milliseconds or nothing apart. Answers what it reported.
fn after_many_signals(work: &str) -> String {
    let session = Session::new(&image_that_starts(&[], Some(&repeated(work))));
    let file = |name: &str| File::create(session.folder().join(name)).expect("a file");
    let mut child = Command::new("timeout")
        .args(["120".as_ref(), vm().as_os_str()])
        .args(["--interpret", Session::IMAGE])
        .current_dir(session.folder())
        .stdout(Stdio::null())
        .stderr(file("report"))
        .spawn()
        .expect("the VM can be started");
    std::thread::sleep(Duration::from_millis(100));
    // The signals are for the child of `timeout`, which would end by them itself.
    let script = format!(
        "child=$(cat /proc/{0}/task/{0}/children); i=0
        while [ $i -lt {SIGNALS} ]; do
            kill -s USR1 $child || exit 1
            kill -s QUIT $child || exit 1
            i=$((i + 2)); [ $((i % 3)) -eq 0 ] || sleep 0.005
        done",
        child.id()
    );
    let sent = Command::new("sh").args(["-c", &script]).status();
    let all_sent = sent.expect("a shell").success();
    file(STOP);
    let status = child.wait().expect("the VM ends");
    let report = session.bytes("report").unwrap_or_default();
    let report = String::from_utf8_lossy(&report).into_owned();
    let end: String = report
        .chars()
        .rev()
        .take(2000)
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .collect();
    assert!(all_sent, "{work}: the VM ended early, {status}: {end}");
    assert_eq!(status.code(), Some(0), "{work}: {end}");
    assert!(!report.contains("failure"), "{work}: {end}");
    report
}

fn goes_on(work: &str) {
    let report = after_many_signals(work);
    assert!(
        report.matches("running process").count() > 10,
        "{work}: too few reports"
    );
}

#[test]
fn other_processes_run_while_very_long_integers_are_multiplied_and_divided() {
    let session = Session::new(&image_that_starts(&[], Some(LONG_ARITHMETIC)));
    let run = session.run_arguments(120, &[], &[]);
    assert_eq!(run.status, 0, "{}", run.stderr);
}

#[test]
fn signals_do_no_harm_to_arithmetic_of_long_integers() {
    goes_on(
        "[ | a b | a := (1 bitShift: 32 * 5000) - 17. b := (1 bitShift: 32 * 5000) - 4711.
        a * b // b = a and: [ (a + b) - b = a and: [ (a bitShift: 40001) >> 40001 = a ] ] ]",
    );
}

#[test]
fn signals_do_no_harm_to_collections_of_the_whole_heap() {
    goes_on(
        "[ | live | live := (1 to: 60000) collect: [ :each | Array with: each with: each printString ].
        Smalltalk garbageCollect. Smalltalk garbageCollectMost. Smalltalk garbageCollect.
        live allSatisfy: [ :each | each first printString = each last ] ]",
    );
}

#[test]
fn signals_do_no_harm_to_copies_and_searches() {
    goes_on(
        "[ | bytes copy words | bytes := ByteString new: 3000000 withAll: $a. bytes at: 3000000 put: $b.
        words := Array new: 300000 withAll: #x.
        copy := bytes copy. copy replaceFrom: 1 to: 2999999 with: bytes startingAt: 2.
        (bytes indexOf: $b) = 3000000 and: [ bytes hash = bytes copy hash and: [ bytes = bytes copy and: [
            (copy at: 2999999) = $b and: [ (words , words) size = 600000 ] ] ] ] ]",
    );
}

#[test]
fn signals_do_no_harm_to_walks_over_the_heap() {
    goes_on(
        "[ | old new | old := (1 to: 500) asArray collect: [ :each | Array with: each ].
        new := old collect: [ :each | Array with: each first with: nil ].
        old elementsForwardIdentityTo: new.
        Array allInstances size > 1000 and: [ old allSatisfy: [ :each | each size = 2 ] ] ]",
    );
}

#[test]
fn signals_do_no_harm_to_snapshots_and_to_waiting() {
    goes_on(
        "[ (Smalltalk snapshot: true andQuit: false) == false and: [ (Delay forMilliseconds: 5) wait. true ] ]",
    );
}
