//! Programs that use up memory: their error is told to them, and they may go on when they have let go of what they keep.

use tests::image::{BytecodeSet, Method, Value, World};
use tests::library_image::image_that_starts;
use tests::{Run, Session};

/// Ends the program with this status.
fn quit(status: u8) -> String {
    format!("Smalltalk exit: {status}")
}

/// Statements that never end, and keep ever more small objects in the variable `list`.
const FILL: &str = "[ list := Array with: list ] repeat";
/// Statements that declare a block which calls itself for ever.
const RECURSIVE: &str = "block := nil. block := [ :x | 1 + (block value: x) ]";

/// Runs the class library, with these statements, in a small heap.
fn run_with(options: &[&str], statements: &str) -> Run {
    let options = [&["--max-heap", "12m", "--eden", "2m"], options].concat();
    Session::new(&image_that_starts(&[], Some(statements))).run_for(120, &options)
}

fn run(statements: &str) -> Run {
    run_with(&[], statements)
}

/// Runs statements that have to end the program with status 7.
fn goes_well(statements: &str) {
    let run = run(statements);
    assert_eq!(run.status, 7, "{statements}: {}{}", run.stdout, run.stderr);
}

/// What is told of statements that have to end with status 1.
fn told(statements: &str) -> String {
    let run = run(statements);
    assert_eq!(run.status, 1, "{statements}: {}{}", run.stdout, run.stderr);
    run.stderr
}

#[test]
fn a_program_that_keeps_small_objects_ends_with_the_stack_of_its_error() {
    let told = told(&format!("| list | {FILL}"));
    assert!(told.starts_with("OutOfMemory: out of memory\n"), "{told}");
    assert!(told.contains("Array class(Behavior)>>new:"), "{told}");
    assert!(told.contains("bootGlobals:"), "{told}");
}

#[test]
fn endless_recursion_ends_with_the_stack_of_its_error() {
    let told = told(&format!("| block | {RECURSIVE}. block value: 1"));
    assert!(told.starts_with("OutOfMemory: out of memory\n"), "{told}");
    assert!(told.matches("[] in UndefinedObject").count() > 30, "{told}");
}

#[test]
fn a_program_that_lets_go_of_what_it_keeps_goes_on() {
    goes_well(&format!(
        "| list caught | caught := 0.
        [ caught = 3 ] whileFalse: [
            [ {FILL} ] on: OutOfMemory do: [ :error | list := nil. caught := caught + 1 ] ].
        {}",
        quit(7)
    ));
}

#[test]
fn a_program_that_handles_endless_recursion_goes_on() {
    goes_well(&format!(
        "| block caught | caught := 0. {RECURSIVE}.
        [ caught = 3 ] whileFalse: [
            [ block value: 1 ] on: OutOfMemory do: [ :error | caught := caught + 1 ] ].
        {}",
        quit(7)
    ));
}

#[test]
fn what_is_to_be_done_when_activations_are_left_is_done() {
    goes_well(&format!(
        "| list left | left := 0.
        [ [ [ {FILL} ] ensure: [ left := left + 1 ] ] ensure: [ list := nil. left := left * 7 ] ]
            on: OutOfMemory do: [ :error | ].
        Smalltalk exit: left"
    ));
}

#[test]
fn the_error_can_be_resumed_and_retried() {
    goes_well(
        "| table list count | count := 0. table := Array new: 100000.
        [ 1 to: 400000 do: [ :i | table at: i \\\\ table size + 1 put: (Array new: 20) ] ]
            on: OutOfMemory
            do: [ :error | table atAllPut: nil. count := count + 1. error resume ].
        count < 3 ifTrue: [ Smalltalk exit: 3 ].
        table := nil.
        [ count < 20 ifTrue: [ [ list := Array with: list ] repeat ] ]
            on: OutOfMemory do: [ :error | list := nil. count := 20. error retry ].
        Smalltalk exit: 7",
    );
}

#[test]
fn tables_that_grow_for_ever_end_with_the_error() {
    let fillers = [
        "| table | table := Dictionary new. 1 to: 1000000000 do: [ :i | table at: i printString put: i ]",
        "| table | table := OrderedCollection new. [ table add: Object new ] repeat",
        "| table | table := Set new. 1 to: 1000000000 do: [ :i | table add: ('s' , i printString) asSymbol ]",
        "| text | text := WriteStream on: String new. [ text nextPutAll: 'and so on' ] repeat",
    ];
    for filler in fillers {
        let told = told(filler);
        assert!(
            told.starts_with("OutOfMemory: out of memory\n"),
            "{filler}: {told}"
        );
    }
}

#[test]
fn the_process_that_uses_memory_gets_the_error() {
    goes_well(&format!(
        "| list done | done := Semaphore new.
        [ [ {FILL} ] on: OutOfMemory do: [ :error | list := nil. done signal ] ] forkAt: 30.
        done wait. {}",
        quit(7)
    ));
}

#[test]
fn the_error_comes_while_every_object_moves_and_the_heap_is_checked() {
    let statements = format!(
        "| list | [ {FILL} ] on: OutOfMemory do: [ :error | list := nil. {} ]",
        quit(7)
    );
    let run = run_with(&["--gc-stress", "20000", "--check-heap"], &statements);
    assert_eq!(run.status, 7, "{}{}", run.stdout, run.stderr);
}

#[test]
fn a_handler_that_goes_on_using_memory_ends_the_vm_with_its_stack() {
    let told = told(&format!(
        "| list | [ {FILL} ] on: OutOfMemory do: [ :error | {FILL} ]"
    ));
    assert!(told.starts_with("ouro: out of memory"), "{told}");
    assert!(told.contains("Exception>>handleIn:"), "{told}");
}

#[test]
fn without_anybody_who_waits_for_the_warning_the_vm_ends_with_the_stack() {
    for filler in [FILL, &format!("{RECURSIVE}. block value: 1")] {
        let told = told(&format!(
            "| list block | LowSpaceWatcher signalAtBytesLeft: 0. {filler}"
        ));
        assert!(told.starts_with("ouro: out of memory"), "{told}");
        assert!(told.contains("running process"), "{told}");
        assert!(told.contains("UndefinedObject"), "{told}");
    }
}

#[test]
fn exchanging_in_a_row_what_does_not_fit_again_and_again_fails() {
    goes_well(
        "| row |
        row := (1 to: 21) asArray collect: [ :each | Array new: each ].
        row at: 1 put: (ByteArray new: 2000000).
        [ (row first: 20) elementsExchangeIdentityWith: (row last: 20) ]
            on: PrimitiveFailed do: [ :error | Smalltalk exit: 7 ]",
    );
}

/// An image that knows nothing of warnings, whose method sends itself for ever.
fn foreign_image() -> Vec<u8> {
    let mut world = World::new();
    let deeper = world.symbol("deeper");
    let method = Method::new(
        BytecodeSet::V3,
        vec![Value::Object(deeper)],
        vec![112, 208, 124],
    );
    world.define("Main", "deeper", &method);
    world.define("Main", "start", &method);
    world.image()
}

#[test]
fn a_foreign_image_that_uses_up_memory_ends_with_its_stack() {
    let run = Session::new(&foreign_image()).run(&["--max-heap", "16m", "--check-heap"]);
    assert_eq!(run.status, 1, "{}", run.stderr);
    assert!(
        run.stderr.starts_with("ouro: out of memory"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("Main>>deeper"), "{}", run.stderr);
}
