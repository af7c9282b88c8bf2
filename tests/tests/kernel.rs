//! The class library: its image is built from sources, starts, and runs its own tests.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tests::library_image::{image_that_starts, raw_image};
use tests::translated::checked_vm;
use tests::{Run, Session, files, text, vm};

/// Runs the Smalltalk tests of `names`, all if there is none, and expects that all of them hold. Answers the summary.
fn all_hold(vm: &Path, options: &[&str], seconds: u32, names: &[&str]) -> String {
    let session = Session::new(&raw_image(&["kernel-tests"]));
    let first = session.run_arguments(60, &[], &["--snapshot"]);
    assert_eq!(first.status, 0, "{}", first.stderr);
    let arguments = [&["test"], names].concat();
    let run = session.run_whole(vm, seconds, options, &arguments);
    assert_eq!(run.status, 0, "{}{}", run.stdout, run.stderr);
    let summary = run.stdout.lines().last().unwrap_or_default();
    assert!(
        summary.contains(" 0 failed, 0 errors, 0 skipped") && !summary.starts_with("0 run"),
        "{summary}"
    );
    summary.to_owned()
}

/// The class that a source file defines.
fn class_name(path: &Path) -> &str {
    let name = path.file_name().and_then(|name| name.to_str());
    name.and_then(|name| name.split('.').next())
        .unwrap_or_default()
}

/// The VM as `make vm` has built it, with the image that is in it.
fn built_in(arguments: &[&str]) -> Run {
    Command::new(vm())
        .args(arguments)
        .output()
        .expect("the VM can be started")
        .into()
}

fn says_who_it_is(run: &Run) {
    assert_eq!(run.status, 0, "{}", run.stderr);
    let words: Vec<&str> = run.stdout.split_whitespace().collect();
    let [
        name,
        version,
        classes,
        "classes,",
        methods,
        "methods,",
        "bytecode",
        "set",
        set,
    ] = words[..]
    else {
        panic!("not who it is: {}", run.stdout)
    };
    assert_eq!((name, version, set), ("Ouro", "0.1.0,", "SistaV1"));
    let count = |word: &str| word.parse::<u32>().unwrap_or(0);
    assert!(
        count(classes) > 100 && count(methods) > 2000,
        "{}",
        run.stdout
    );
}

#[test]
fn the_raw_image_starts_and_says_who_it_is() {
    says_who_it_is(&Session::new(&raw_image(&[])).run(&[]));
}

#[test]
fn the_executable_runs_the_image_that_is_built_in() {
    says_who_it_is(&built_in(&[]));
    says_who_it_is(&built_in(&["--"]));
}

#[test]
fn expressions_and_scripts_are_refused_as_long_as_there_is_no_compiler() {
    let run = built_in(&["-e", "3 + 4"]);
    assert_eq!(run.status, 2);
    assert!(run.stderr.contains("no compiler"), "{}", run.stderr);
    let run = Session::new(b"3 + 4").run(&[]);
    assert_eq!(run.status, 2);
    assert!(run.stderr.contains("no compiler"), "{}", run.stderr);
}

#[test]
fn the_first_start_makes_the_same_snapshot_every_time() {
    let raw = raw_image(&[]);
    let snapshot = |options: &[&str]| {
        let session = Session::new(&raw);
        let run = session.run_arguments(60, options, &["--snapshot"]);
        assert_eq!(run.status, 0, "{}", run.stderr);
        session.image()
    };
    let first = snapshot(&["--deterministic"]);
    assert!(first != raw, "the snapshot is written");
    assert!(
        first == snapshot(&["--deterministic"]),
        "two snapshots differ"
    );
    says_who_it_is(&Session::new(&first).run(&[]));
}

#[test]
fn an_error_that_nobody_handles_is_told_with_its_stack_and_ends_with_status_1() {
    let session = Session::new(&raw_image(&["kernel-bench"]));
    let run = session.run_arguments(60, &[], &["perform", "MixedWorkload", "nothingOfThatName"]);
    assert_eq!(run.status, 1);
    for part in [
        "MessageNotUnderstood",
        "nothingOfThatName",
        "CommandLine>>perform",
    ] {
        assert!(run.stderr.contains(part), "{}", run.stderr);
    }
}

/// What an image without a command writes to the standard error file; it has to end with status 1.
fn last_words(start: &str) -> String {
    let run = Session::new(&image_that_starts(&[], Some(start))).run_arguments(20, &[], &[]);
    assert_eq!(run.status, 1, "{start}: {}{}", run.stdout, run.stderr);
    run.stderr
}

#[test]
fn an_exception_that_was_never_signalled_is_told_without_a_stack() {
    let told = last_words("ErrorHandler current handle: (Error new messageText: 'a text')");
    assert_eq!(told, "Error: a text\n");
}

#[test]
fn an_error_of_the_error_handler_is_told_briefly_and_ends_with_status_1() {
    let told = last_words("Error new messageText: ProtoObject new; signal");
    assert!(told.starts_with("MessageNotUnderstood: "), "{told}");
    assert!(told.contains("asString"), "{told}");
}

#[test]
fn an_error_without_a_standard_error_stream_is_told_briefly_and_ends_with_status_1() {
    let told = last_words("Stdio shutDown: true. Error signal: 'unseen'");
    assert!(told.starts_with("MessageNotUnderstood: "), "{told}");
}

#[test]
fn a_main_process_that_is_terminated_is_told_and_ends_with_status_1() {
    let told = last_words("CommandLine current endWith: [ Processor terminateActive ]");
    assert_eq!(told, "ouro: the main process was terminated\n");
}

#[test]
fn a_process_that_returns_from_a_method_of_another_is_told_and_ends_with_status_1() {
    let told = last_words("[ ^ 3 ] fork. Processor yield. Smalltalk quit");
    assert!(told.starts_with("BlockCannotReturn"), "{told}");
}

/// How a run ends whose image says one word and then waits, when it gets a SIGINT.
fn interrupted(wait: &str) -> Run {
    let start = format!("Stdio stdout nextPutAll: 'waits'; flush. {wait}");
    let session = Session::new(&image_that_starts(&[], Some(&start)));
    let mut child = Command::new("timeout")
        .arg("20")
        .args([vm(), session.path()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the VM can be started");
    let output = child.stdout.as_mut().expect("it is a pipe");
    let mut word = [0; 5];
    output.read_exact(&mut word).expect("the image says a word");
    let sent = Command::new("kill")
        .args(["-s", "INT", &child.id().to_string()])
        .status()
        .expect("kill can be started");
    assert!(sent.success(), "the VM ended before its signal");
    child.wait_with_output().expect("the VM ends").into()
}

#[test]
fn the_user_interrupts_a_main_process_that_waits() {
    for wait in [
        "(Delay forSeconds: 30) wait",
        "Semaphore new wait",
        "Processor activeProcess suspend",
    ] {
        let run = interrupted(wait);
        assert_eq!(run.status, 1, "{wait}: {}", run.stderr);
        assert!(
            run.stderr.starts_with("UserInterrupt"),
            "{wait}: {}",
            run.stderr
        );
    }
}

#[test]
fn the_mixed_workload_answers_what_it_should() {
    let session = Session::new(&raw_image(&["kernel-bench"]));
    let run = session.run_arguments(60, &[], &["perform", "MixedWorkload", "run"]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    assert!(run.stdout.contains("total"), "{}", run.stdout);
}

#[test]
fn all_tests_in_smalltalk_hold() {
    all_hold(&vm(), &[], 60, &[]);
}

#[test]
fn all_tests_in_smalltalk_hold_while_the_heap_moves_and_is_checked() {
    let stress = ["--gc-stress", "1000", "--check-heap"];
    all_hold(&vm(), &stress, 600, &[]);
}

#[test]
fn all_tests_in_smalltalk_hold_where_the_vm_checks_itself() {
    all_hold(checked_vm(), &[], 300, &[]);
}

/// The sources of the collector's test classes: its package, and whoever else has the collector at work. Selected by what they say, so that none is forgotten.
fn collector_tests() -> Vec<PathBuf> {
    let mut sources = files("vm-source-st/kernel-tests", &["Test.class.st"]);
    sources.retain(|path| {
        path.to_string_lossy().contains("/Kernel-Memory-Tests/")
            || text(path).contains("garbageCollect")
    });
    sources
}

#[test]
fn all_tests_of_the_collector_hold_where_the_heap_moves_at_every_allocation() {
    let sources = collector_tests();
    let mut names: Vec<&str> = sources.iter().map(|path| class_name(path)).collect();
    for known in ["WeakObjectTest", "EphemeronTest", "WeakCollectionTest"] {
        assert!(names.contains(&known), "{known} is missing: {names:?}");
    }
    let count = |path: &PathBuf| text(path).matches(" >> test").count();
    let expected: usize = sources.iter().map(count).sum();
    let stress = ["--gc-stress", "1", "--check-heap"];
    let summary = all_hold(&vm(), &stress, 600, &names);
    assert!(
        summary.starts_with(&format!("{expected} run,")),
        "{summary}"
    );
    names = vec!["SuperBytecodeTest", "CompiledMethodTest"];
    all_hold(&vm(), &stress, 600, &names);
}

#[test]
fn all_tests_in_smalltalk_hold_where_collections_leave_survivors_in_place() {
    let stress = ["--gc-stress", "1000", "--gc-in-place", "--check-heap"];
    all_hold(&vm(), &stress, 600, &[]);
}

#[test]
fn all_tests_of_the_collector_hold_where_promoted_objects_go_into_holes_at_once() {
    let stress = ["--gc-stress", "1", "--gc-in-place", "--check-heap"];
    all_hold(&vm(), &stress, 600, &["Kernel-Memory-Tests"]);
}

#[test]
fn tests_that_nobody_has_are_reported() {
    let session = Session::new(&raw_image(&[]));
    let run = session.run_arguments(60, &[], &["test", "NoSuchTest"]);
    assert_eq!(run.status, 2);
    assert!(run.stderr.contains("NoSuchTest"), "{}", run.stderr);
}

/// Runs an image that starts with `start` and has to end by itself with status 0.
fn goes_well(start: &str) {
    let run = Session::new(&image_that_starts(&[], Some(start))).run_arguments(20, &[], &[]);
    assert_eq!(run.status, 0, "{start}: {}{}", run.stdout, run.stderr);
}

#[test]
fn a_semaphore_that_has_counted_all_it_can_counts_no_more() {
    goes_well(
        "| s | s := Semaphore new. s instVarAt: 3 put: SmallInteger maxVal. s signal.
        (s instVarAt: 3) = SmallInteger maxVal ifTrue: [ Smalltalk quit ]",
    );
}

#[test]
fn a_ring_of_contexts_holds_up_nobody_but_who_asks_it() {
    for question in ["nextHandlerContext", "nextUnwindContextUpTo: nil"] {
        goes_well(&format!(
            "| c | c := [ thisContext ] value. c instVarAt: 1 put: c.
            [ (Delay forMilliseconds: 100) wait. Smalltalk quit ] forkAt: 70. c {question}"
        ));
    }
}

#[test]
fn a_class_above_itself_ends_the_vm_with_status_1() {
    let told = last_words("Random instVarAt: 1 put: Random. Random new foo");
    assert!(told.contains("a class is its own superclass"), "{told}");
}

#[test]
fn a_process_that_is_in_a_list_cannot_be_resumed() {
    let told = last_words("| p | p := [ 3 ] newProcess. p priority: 10. p resume. p resume");
    assert!(
        told.contains("primitive #resume in Process failed"),
        "{told}"
    );
}

#[test]
fn a_process_is_looked_for_in_a_ring_of_processes_only_once() {
    goes_well(
        "| list p q r | list := LinkedList new.
        p := [ 1 ] newProcess. q := [ 2 ] newProcess. r := [ 3 ] newProcess.
        list instVarAt: 1 put: p; instVarAt: 2 put: q.
        p instVarAt: 1 put: q. q instVarAt: 1 put: p. r instVarAt: 4 put: list. r suspend.
        Smalltalk quit",
    );
}

#[test]
fn a_method_runs_only_on_objects_with_its_variables() {
    let told = last_words("(Array new: 0) withArgs: #() executeMethod: Association >> #value");
    assert!(
        told.contains("primitive #withArgs:executeMethod:"),
        "{told}"
    );
}

#[test]
fn the_special_objects_give_way_only_to_others_of_their_kind() {
    let told = last_words("Smalltalk specialObjectsArray becomeForward: (Array new: 3)");
    assert!(told.contains("PrimitiveFailed"), "{told}");
    goes_well(
        "Smalltalk specialObjectsArray becomeForward: Smalltalk specialObjectsArray copy.
        Smalltalk quit",
    );
}

#[test]
fn a_class_cannot_become_what_is_none() {
    let told = last_words("Random become: (ByteArray new: 20)");
    assert!(told.contains("PrimitiveFailed"), "{told}");
}

#[test]
fn special_selectors_that_the_image_has_lost_end_the_vm_with_status_1() {
    let told = last_words("Smalltalk specialObjectsArray at: 24 put: nil. Array new");
    assert!(
        told.contains("the special selectors are not in an array"),
        "{told}"
    );
}

#[test]
fn an_image_runs_to_its_end_where_the_standard_files_are_closed() {
    let session = Session::new(&raw_image(&[]));
    let status = Command::new("sh")
        .args(["-c", "exec timeout 20 \"$0\" \"$1\" <&- >&- 2>&-"])
        .args([vm(), session.path()])
        .status()
        .expect("there is a shell");
    assert_eq!(status.code(), Some(0));
}

/// Runs an image that starts with `start`; answers what it has written, and its status.
fn written(start: &str) -> (String, i32) {
    let run = Session::new(&image_that_starts(&[], Some(start))).run_arguments(20, &[], &[]);
    (run.stdout, run.status)
}

#[test]
fn the_transcript_writes_to_the_standard_output() {
    let start = "Transcript show: 'a'; crShow: 3; showln: $b; display: 'c'; print: 'd'; endEntry.
        'e' displayNl. Smalltalk exitSuccess";
    assert_eq!(written(start), ("a\n3b\nc'd'e\n".to_owned(), 0));
    assert_eq!(written("Smalltalk exitFailure"), (String::new(), 1));
}

#[test]
fn an_image_saves_itself_under_another_name() {
    let start = "(Smalltalk saveAs: 'other.image') ifTrue: [ Smalltalk exit: 7 ]. Smalltalk quit";
    let session = Session::new(&image_that_starts(&[], Some(start)));
    let before = session.image();
    assert_eq!(session.run(&[]).status, 0);
    assert!(session.image() == before, "the first image stays");
    let other = Session::new(&session.bytes("other.image").expect("it is written"));
    assert_eq!(other.run(&[]).status, 7);
}

#[test]
fn a_snapshot_that_becomes_too_long_for_the_process_is_told_and_leaves_the_old_image() {
    let image = raw_image(&[]);
    let session = Session::new(&image);
    let run: Run = Command::new("sh")
        .arg("-c")
        .arg("ulimit -f 100; exec \"$0\" \"$1\" --snapshot")
        .args([vm(), session.path()])
        .output()
        .expect("sh can be started")
        .into();
    assert_eq!(run.status, 1, "{run:?}");
    assert!(
        run.stderr.contains("the image file could not be written"),
        "{run:?}"
    );
    assert!(session.image() == image, "the image has changed");
    assert_eq!(session.files(), [Session::IMAGE]);
}
