//! Objects beyond 4 GB. Memory that is never touched costs nothing, so objects of bytes need little of the machine;
//! `OURO_LARGE_HEAPS` in the environment adds what really fills many gigabytes, of memory and in a file.

use tests::Session;
use tests::library_image::image_that_starts;

/// Runs statements in a large heap. They have to end the program with status 7. Fresh objects do not move then, as no garbage is below them.
fn goes_well(variables: &str, statements: &str) -> Session {
    let start = format!("| {variables} | Smalltalk garbageCollect. {statements}");
    let session = Session::new(&image_that_starts(&[], Some(&start)));
    let run = session.run_for(600, &["--max-heap", "9g"]);
    assert_eq!(run.status, 7, "{statements}: {}{}", run.stdout, run.stderr);
    session
}

fn are_large_heaps_wanted() -> bool {
    let are_wanted = std::env::var_os("OURO_LARGE_HEAPS").is_some();
    if !are_wanted {
        tests::skip("it fills many gigabytes; set OURO_LARGE_HEAPS to run it");
    }
    are_wanted
}

#[test]
fn bytes_beyond_4_gb_are_kept_and_found() {
    goes_well(
        "count border bytes places",
        "count := 5 * 1024 * 1024 * 1024 + 3. border := 1 << 32.
        bytes := ByteArray new: count.
        places := { 1. 2. border - 1. border. border + 1. count - 1. count }.
        places withIndexDo: [ :place :index | bytes at: place put: index ].
        Smalltalk garbageCollect.
        bytes size = count ifFalse: [ Smalltalk exit: 10 ].
        places withIndexDo: [ :place :index | (bytes at: place) = index ifFalse: [ Smalltalk exit: index ] ].
        (bytes at: border + 2) = 0 ifFalse: [ Smalltalk exit: 11 ].
        [ bytes at: count + 1 ] on: SubscriptOutOfBounds do: [ :error | Smalltalk exit: 7 ]",
    );
}

#[test]
fn ranges_beyond_4_gb_are_copied() {
    goes_well(
        "border bytes small",
        "border := 1 << 32. bytes := ByteArray new: border + 1000.
        small := ByteArray new: 100 withAll: 9. small at: 100 put: 8.
        bytes replaceFrom: border - 49 to: border + 50 with: small startingAt: 1.
        (bytes copyFrom: border - 49 to: border + 50) = small ifFalse: [ Smalltalk exit: 2 ].
        (bytes at: border - 50) + (bytes at: border + 51) = 0 ifFalse: [ Smalltalk exit: 3 ].
        bytes replaceFrom: border + 501 to: border + 600 with: bytes startingAt: border - 49.
        (bytes at: border + 600) = 8 ifFalse: [ Smalltalk exit: 4 ].
        Smalltalk exit: 7",
    );
}

#[test]
fn words_beyond_4_gb_are_kept_and_found() {
    goes_well(
        "words doubles",
        "words := WordArray new: (1 << 30) + 5.
        words at: words size put: 16rFFFFFFFF; at: 1 << 30 put: 3; at: (1 << 30) + 1 put: 4.
        doubles := DoubleWordArray new: (1 << 29) + 5.
        doubles at: doubles size put: 1 << 63; at: 1 << 29 put: 5.
        (words at: 1 << 30) + (words at: (1 << 30) + 1) = 7 ifFalse: [ Smalltalk exit: 2 ].
        (words at: words size) = 16rFFFFFFFF ifFalse: [ Smalltalk exit: 3 ].
        (doubles at: doubles size) = (1 << 63) ifFalse: [ Smalltalk exit: 4 ].
        words becomeForward: doubles.
        (words at: 1 << 29) = 5 ifFalse: [ Smalltalk exit: 5 ].
        Smalltalk exit: 7",
    );
}

#[test]
fn an_object_that_is_larger_than_the_heap_is_an_error() {
    goes_well(
        "",
        "[ ByteArray new: 10 * 1024 * 1024 * 1024 ] on: OutOfMemory do: [ :error |
            [ ByteArray new: 1 << 62 ] on: Error do: [ :other | Smalltalk exit: 7 ] ]",
    );
}

#[test]
fn references_beyond_4_gb_are_followed_and_updated() {
    if !are_large_heaps_wanted() {
        return;
    }
    goes_well(
        "garbage count array",
        "garbage := ByteArray new: 100000000. count := (1 << 29) + 10.
        array := Array new: count.
        array at: 1 put: 'first' copy; at: 1 << 29 put: 'border' copy; at: count put: 'last' copy.
        Smalltalk garbageCollectMost.
        garbage := nil.
        Smalltalk garbageCollect.
        (array at: 1) , (array at: 1 << 29) , (array at: count) = 'firstborderlast'
            ifFalse: [ Smalltalk exit: 2 ].
        (array at: 2) == nil & ((array at: count - 1) == nil) ifFalse: [ Smalltalk exit: 3 ].
        Smalltalk exit: 7",
    );
}

#[test]
fn a_snapshot_of_more_than_4_gb_is_written_and_loaded() {
    if !are_large_heaps_wanted() {
        return;
    }
    let session = goes_well(
        "bytes behind isNew",
        "bytes := ByteArray new: (1 << 32) + 100. bytes at: (1 << 32) + 100 put: 5.
        behind := Array with: 'behind' copy. isNew := Smalltalk snapshot: true andQuit: false.
        ((bytes at: (1 << 32) + 100) = 5 and: [ behind first = 'behind' ]) ifFalse: [ Smalltalk exit: 2 ].
        Smalltalk exit: (isNew ifTrue: [ 8 ] ifFalse: [ 7 ])",
    );
    let file = std::fs::metadata(session.path()).expect("the image is there");
    assert!(file.len() > 1 << 32, "{} bytes", file.len());
    let checked = session.run_for(600, &["--max-heap", "9g", "--check-image"]);
    assert_eq!(checked.status, 0, "{}{}", checked.stdout, checked.stderr);
    for options in [&["--check-heap"][..], &[]] {
        let again = session.run_for(600, &[&["--max-heap", "9g"], options].concat());
        assert_eq!(again.status, 8, "{options:?}: {}", again.stderr);
    }
}
