//! The queue of mourners in a snapshot: what the image was to be told of and has not fetched yet is told in the new system, too.

use tests::Session;
use tests::library_image::image_that_starts;

/// Where the heap begins in a file.
const HEADER: usize = 128;
/// The flags in the header, and the one with which an image asks for weak objects that have lost elements.
const FLAGS: usize = 48;
const QUEUES_WEAK: u8 = 0x40;
/// Slots of the class table's root: the first hidden root, and the queue of mourners.
const HIDDEN_ROOTS: usize = 4096;
const MOURNERS: usize = 4098;
/// Words of a page of the queue.
const COUNT: usize = 0;
const NEXT: usize = 3;
const FIRST: usize = 4;
/// References on a full page.
const PAGE: usize = 4088;

/// An image that starts so, and queues weak objects.
fn image(start: &str) -> Vec<u8> {
    let mut image = image_that_starts(&["kernel-tests"], Some(start));
    image[FLAGS] |= QUEUES_WEAK;
    image
}

/// Statements that let weak arrays lose elements in three collections, none of which is fetched before the snapshot, since the process is
/// more urgent than the one that fetches. The old system and the new one must then fetch all of them in the order of their losses.
fn losses(count: usize) -> String {
    format!(
        "| all isNew last fetched mourner batch |
        Processor activeProcess priority: 70.
        all := (1 to: {count}) collect: [ :index | WeakArray with: nil with: index * 3 // ({count} + 1) ].
        0 to: 2 do: [ :each |
            all do: [ :weak | (weak at: 2) = each ifTrue: [ weak at: 1 put: Object new ] ].
            Smalltalk garbageCollect ].
        isNew := Smalltalk snapshot: true andQuit: false.
        last := fetched := 0.
        [ (mourner := FinalizationProcess nextMourner) == nil ] whileFalse: [
            (mourner class == WeakArray and: [ mourner size = 2 and: [ (mourner at: 2) isInteger ] ]) ifTrue: [
                batch := mourner at: 2.
                (batch >= last and: [ (mourner at: 1) == nil ]) ifTrue: [ fetched := fetched + 1 ].
                mourner at: 2 put: nil.
                last := batch ] ].
        fetched = {count} ifFalse: [ Smalltalk exit: 1 ].
        Smalltalk exit: (isNew ifTrue: [ 11 ] ifFalse: [ 10 ])"
    )
}

/// A snapshot of an image in which so many wait.
fn snapshot(count: usize) -> Session {
    let session = Session::new(&image(&losses(count)));
    let old = session.run(&["--check-heap"]);
    assert_eq!(old.status, 10, "{}", old.stderr);
    session
}

fn word(bytes: &[u8], offset: usize) -> u64 {
    u64::from_le_bytes(bytes[offset..offset + 8].try_into().expect("eight bytes"))
}

fn put(bytes: &mut [u8], offset: usize, word: u64) {
    bytes[offset..offset + 8].copy_from_slice(&word.to_le_bytes());
}

/// The offset in the file of what a reference leads to.
fn offset(image: &[u8], oop: u64) -> usize {
    usize::try_from(oop - word(image, 16)).expect("an offset") + HEADER
}

/// The offset of a slot of the class table's root, the fifth object: 64 words and their header lie between it and the first three objects.
fn root_slot(slot: usize) -> usize {
    HEADER + 3 * 16 + 65 * 8 + 16 + slot * 8
}

/// The offset of the first word of the first page.
fn first_page(image: &[u8]) -> usize {
    offset(image, word(image, root_slot(MOURNERS))) + 8
}

/// Other VMs write to the page that they expect there, whatever it is, when an ephemeron fires.
#[test]
fn an_image_has_an_empty_page_for_mourners_when_it_is_built_and_when_it_is_saved() {
    let start = "Smalltalk exit: ((Smalltalk snapshot: true andQuit: false) ifTrue: [ 11 ] ifFalse: [ 10 ])";
    let built = image(start);
    let session = Session::new(&built);
    assert_eq!(session.run(&[]).status, 10);
    for file in [built, session.image()] {
        let page = first_page(&file);
        assert_eq!(word(&file, page - 16), 0xFF << 56 | 4092);
        assert_eq!(word(&file, page - 8), 0xFF << 56 | 9 << 24 | 19);
        let words: Vec<u64> = (0..4092).map(|each| word(&file, page + each * 8)).collect();
        assert_eq!(words[..2], [0, MOURNERS as u64]);
        assert!(words[2..].iter().all(|word| *word == 0));
    }
    assert_eq!(session.run(&[]).status, 11);
}

/// Images of other systems may have none.
#[test]
fn an_image_without_a_page_for_mourners_is_read_and_gets_one() {
    let start = "Smalltalk exit: ((Smalltalk snapshot: true andQuit: false) ifTrue: [ 11 ] ifFalse: [ 10 ])";
    let mut image = image(start);
    let nil = word(&image, 16);
    put(&mut image, root_slot(MOURNERS), nil);
    let session = Session::new(&image);
    assert_eq!(session.run(&[]).status, 10);
    assert_ne!(word(&session.image(), root_slot(MOURNERS)), nil);
}

#[test]
fn weak_objects_that_lost_elements_before_a_snapshot_are_fetched_by_the_new_system() {
    let new = snapshot(3).run(&["--check-heap"]);
    assert_eq!(new.status, 11, "{}", new.stderr);
}

#[test]
fn a_queue_of_several_pages_keeps_its_order_through_a_snapshot() {
    for count in [PAGE, PAGE + 1, 10_000] {
        let session = snapshot(count);
        let checked = session.run(&["--check-image"]);
        assert_eq!(checked.status, 0, "{}", checked.stdout);
        let new = session.run(&["--check-heap"]);
        assert_eq!(new.status, 11, "{count}: {}", new.stderr);
    }
}

#[test]
fn the_process_that_fetches_is_told_of_what_waited_in_the_file() {
    let start = "| mourner isNew |
        mourner := GarbageCollectionTestMourner new.
        Processor activeProcess priority: 70.
        FinalizationRegistry default add: Object new finalizer: mourner.
        Smalltalk garbageCollect.
        isNew := Smalltalk primitiveSnapshot.
        Processor activeProcess priority: 40.
        (Delay forMilliseconds: 20) wait.
        Smalltalk exit: mourner count + (isNew ifTrue: [ 4 ] ifFalse: [ 2 ])";
    let session = Session::new(&image(start));
    for status in [3, 5] {
        let run = session.run(&["--check-heap"]);
        assert_eq!(run.status, status, "{}", run.stderr);
    }
}

#[test]
fn a_damaged_queue_is_refused_with_rule_and_offset() {
    let good = snapshot(PAGE + 1).image();
    let page = first_page(&good);
    let ring = word(&good, root_slot(MOURNERS));
    let nil = word(&good, 16);
    let (row, reference) = ("is not a row of pages", "refers to where no object is");
    let damages = [
        (root_slot(MOURNERS), nil + 16, row),
        (root_slot(MOURNERS), 17, row),
        (page + COUNT * 8, PAGE as u64 + 1, row),
        (page + COUNT * 8, u64::MAX, row),
        (page + 8, MOURNERS as u64 + 1, row),
        (page + NEXT * 8, ring, row),
        (page + NEXT * 8, ring + 8, row),
        (page + NEXT * 8, 1, row),
        (page + FIRST * 8, 0, reference),
        (page + FIRST * 8, 9, reference),
        (page + FIRST * 8, ring, reference),
        (page + FIRST * 8, ring + 16, reference),
    ];
    for (at, damage, rule) in damages {
        let mut image = good.clone();
        put(&mut image, at, damage);
        let run = Session::new(&image).run(&[]);
        assert_eq!(run.status, 2, "{at} {damage}: {}", run.stderr);
        assert!(run.stderr.contains("mourners"), "{at}: {}", run.stderr);
        assert!(run.stderr.contains(rule), "{at}: {}", run.stderr);
        assert!(run.stderr.contains("(offset "), "{at}: {}", run.stderr);
    }
}

#[test]
fn what_another_machine_kept_in_hidden_roots_is_not_written_again() {
    let start = "Smalltalk exit: ((Smalltalk snapshot: true andQuit: false) ifTrue: [ 11 ] ifFalse: [ 10 ])";
    let mut image = image(start);
    let nil = word(&image, 16);
    let class_table_page = word(&image, root_slot(0));
    for slot in (HIDDEN_ROOTS..HIDDEN_ROOTS + 8).filter(|slot| *slot != MOURNERS) {
        put(&mut image, root_slot(slot), class_table_page);
    }
    let session = Session::new(&image);
    assert_eq!(session.run(&[]).status, 10);
    let written = session.image();
    for slot in (HIDDEN_ROOTS..HIDDEN_ROOTS + 8).filter(|slot| *slot != MOURNERS) {
        assert_eq!(word(&written, root_slot(slot)), nil, "slot {slot}");
    }
    assert_eq!(session.run(&[]).status, 11);
}

#[test]
fn an_ephemeron_that_fires_while_a_snapshot_is_made_is_mourned_by_the_old_and_the_new_system() {
    let start = "| mourner isNew |
        mourner := GarbageCollectionTestMourner new.
        FinalizationRegistry default add: Object new finalizer: mourner.
        isNew := Smalltalk snapshot: true andQuit: false.
        Smalltalk garbageCollect.
        (Delay forMilliseconds: 20) wait.
        Smalltalk exit: mourner count + (isNew ifTrue: [ 4 ] ifFalse: [ 2 ])";
    let session = Session::new(&image_that_starts(&["kernel-tests"], Some(start)));
    let old = session.run(&["--check-heap"]);
    assert_eq!(old.status, 3, "{}", old.stderr);
    let new = session.run(&["--check-heap"]);
    assert_eq!(new.status, 5, "{}", new.stderr);
}

#[test]
fn an_ephemeron_that_was_mourned_stays_in_a_snapshot() {
    let start = "| held isNew |
        held := Ephemeron key: Object new value: 3.
        Smalltalk garbageCollect.
        (Delay forMilliseconds: 20) wait.
        isNew := Smalltalk snapshot: true andQuit: false.
        Smalltalk exit: held value + (isNew ifTrue: [ 4 ] ifFalse: [ 2 ])";
    let session = Session::new(&image_that_starts(&[], Some(start)));
    for status in [5, 7] {
        let run = session.run(&["--check-heap"]);
        assert_eq!(run.status, status, "{}", run.stderr);
    }
}
