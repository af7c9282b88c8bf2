//! Full collections of large heaps, which leave survivors where they are, and what uses the holes afterwards.

use tests::library_image::image_that_starts;
use tests::statistics::figure;
use tests::{Run, Session};

/// Statements that keep `table`, a million objects of 64 bytes in old space, each beside one of the same size that has died.
const FILL: &str = "table := Array new: 1000000. dead := Array new: 1000000.
    1 to: 1000000 do: [ :i | table at: i put: (Array new: 7 withAll: i). dead at: i put: (Array new: 7 withAll: i) ].
    Smalltalk garbageCollect. dead := nil.";
/// Statements that end with status 7 if `table` is as it was.
const CHECK: &str = "1 to: 1000000 do: [ :i |
        (table at: i) size = 7 ifFalse: [ Smalltalk exit: 3 ].
        (table at: i) do: [ :each | each = i ifFalse: [ Smalltalk exit: 3 ] ] ].
    Smalltalk exit: 7.";

/// Runs statements that must end with status 7. Answers the statistics.
fn statistics_of(options: &[&str], statements: &str) -> String {
    let image = image_that_starts(&[], Some(statements));
    let run: Run = Session::new(&image).run_for(120, &[&["--stats"], options].concat());
    assert_eq!(run.status, 7, "{}{}", run.stdout, run.stderr);
    run.stderr
}

#[test]
fn promoted_objects_take_the_places_of_dead_ones_in_a_large_heap() {
    let statistics = statistics_of(
        &[],
        &format!(
            "| table dead more before | {FILL}
            Smalltalk garbageCollect.
            before := Smalltalk vmParameterAt: 1.
            more := Array new: 800000.
            1 to: 800000 do: [ :i | more at: i put: (Array new: 7 withAll: i) ].
            Smalltalk garbageCollectMost.
            (Smalltalk vmParameterAt: 1) - before > 30000000 ifTrue: [ Smalltalk exit: 4 ].
            more doWithIndex: [ :each :i | each last = i ifFalse: [ Smalltalk exit: 5 ] ].
            {CHECK}"
        ),
    );
    assert!(
        figure(&statistics, "full collections in place: ") >= 1,
        "{statistics}"
    );
    assert!(
        figure(&statistics, "bytes promoted into holes: ") > 40_000_000,
        "{statistics}"
    );
}

#[test]
fn a_second_collection_compacts_and_gives_memory_back() {
    let statistics = statistics_of(
        &[],
        &format!(
            "| table dead before | {FILL}
            before := Smalltalk vmParameterAt: 1.
            Smalltalk garbageCollect.
            before - (Smalltalk vmParameterAt: 1) > 10000000 ifTrue: [ Smalltalk exit: 4 ].
            Smalltalk garbageCollect.
            before - (Smalltalk vmParameterAt: 1) < 50000000 ifTrue: [ Smalltalk exit: 5 ].
            {CHECK}"
        ),
    );
    assert!(
        figure(&statistics, "full collections in place: ") >= 1,
        "{statistics}"
    );
}

#[test]
fn the_free_bytes_that_are_told_count_holes() {
    statistics_of(
        &[],
        &format!(
            "| table dead before | {FILL}
            before := Smalltalk vmParameterAt: 54.
            Smalltalk garbageCollect.
            (Smalltalk vmParameterAt: 54) - before < 50000000 ifTrue: [ Smalltalk exit: 4 ].
            {CHECK}"
        ),
    );
}

#[test]
fn where_memory_is_short_a_collection_compacts() {
    statistics_of(
        &["--max-heap", "180m"],
        &format!(
            "| table dead before | {FILL}
            before := Smalltalk vmParameterAt: 1.
            Smalltalk garbageCollect.
            before - (Smalltalk vmParameterAt: 1) < 50000000 ifTrue: [ Smalltalk exit: 5 ].
            {CHECK}"
        ),
    );
}

#[test]
fn what_fits_no_hole_finds_room_when_memory_runs_out() {
    statistics_of(
        &["--max-heap", "320m"],
        &format!(
            "| table dead | {FILL}
            Smalltalk garbageCollect.
            1 to: 20 do: [ :i | dead := nil. dead := ByteArray new: 150000000. dead at: i put: i ].
            {CHECK}"
        ),
    );
}

#[test]
fn an_image_is_written_without_what_is_dead() {
    let statements = format!(
        "| table dead | {FILL}
        Smalltalk garbageCollect.
        Smalltalk snapshot: true andQuit: false.
        {CHECK}"
    );
    let session = Session::new(&image_that_starts(&[], Some(&statements)));
    let run = session.run_for(120, &["--stats"]);
    assert_eq!(run.status, 7, "{}{}", run.stdout, run.stderr);
    assert!(
        figure(&run.stderr, "full collections in place: ") >= 1,
        "{}",
        run.stderr
    );
    let bytes = session.image().len();
    assert!((64_000_000..100_000_000).contains(&bytes), "{bytes}");
    let again = session.run_for(120, &["--check-heap"]);
    assert_eq!(again.status, 7, "{}{}", again.stdout, again.stderr);
}
