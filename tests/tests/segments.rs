//! Images of several segments, as the OpenSmalltalk VM writes them: they load, and become one segment in our own snapshots.

use tests::image::{BytecodeSet, Method, Value, World};
use tests::library_image::raw_image;
use tests::segments::{HEADER, Layout, laid_out, word};
use tests::{Session, run_image};

/// A small image that quits with 7.
fn plain_image() -> Vec<u8> {
    let mut world = World::new();
    let literals = vec![Value::Object(world.symbol("quit:")), Value::Integer(7)];
    let method = Method::new(BytecodeSet::V3, literals, vec![112, 33, 224, 120]);
    world.define("Main", "start", &method);
    world.image()
}

/// So many segments, the same distance apart, with objects only.
fn equal(n_segments: usize, gap: u64) -> Layout {
    Layout {
        base: 0x2000_0000,
        gaps: vec![gap; n_segments - 1],
        free_after: None,
        has_empty_segment: false,
    }
}

/// What the OpenSmalltalk VM makes of a heap that has grown and been emptied again: segments of a few megabytes at distances of their own, some adjoining, and free
/// chunks everywhere. A segment without objects is left out, so that a bridge reaches over it, or is there.
fn grown() -> Vec<Layout> {
    let layout = |gaps: &[u64], has_empty_segment| Layout {
        base: 0x100_0000_0000,
        gaps: gaps.to_vec(),
        free_after: Some(11),
        has_empty_segment,
    };
    vec![
        layout(&[], false),
        layout(&[0], false),
        layout(&[0, 1 << 20, 0, 24 << 20, 8], false),
        layout(&[1 << 32, 4096, 1 << 36], true),
        layout(&[16], true),
    ]
}

#[test]
fn segments_one_behind_the_other_are_joined() {
    for n_segments in [2, 3, 7] {
        let run = run_image(&laid_out(&plain_image(), &equal(n_segments, 0)));
        assert_eq!(run.status, 7, "{n_segments} segments: {}", run.stderr);
    }
}

#[test]
fn segments_with_gaps_between_their_addresses_are_joined() {
    let gaps = [
        (2, 8),
        (3, 4096),
        (5, 1 << 30),
        (3, 5 << 30),
        (7, 1 << 40),
        (2, 1 << 46),
    ];
    for (n_segments, gap) in gaps {
        let run = run_image(&laid_out(&plain_image(), &equal(n_segments, gap)));
        assert_eq!(
            run.status, 7,
            "{n_segments} segments, gaps of {gap}: {}",
            run.stderr
        );
    }
}

#[test]
fn a_heap_that_has_grown_elsewhere_is_sound_and_runs_while_it_moves_and_is_checked() {
    let library = raw_image(&[]);
    for layout in grown() {
        let session = Session::new(&laid_out(&library, &layout));
        let checked = session.run(&["--check-image"]);
        let told = format!("{layout:?}: {}{}", checked.stdout, checked.stderr);
        assert_eq!(checked.status, 0, "{told}");
        assert!(checked.stdout.ends_with("0 findings\n"), "{told}");
        let stress = ["--gc-stress", "1000", "--check-heap"];
        let run = session.run(&stress);
        assert_eq!(run.status, 0, "{layout:?}: {}", run.stderr);
        assert!(
            run.stdout.starts_with("Ouro "),
            "{layout:?}: {}",
            run.stdout
        );
    }
}

#[test]
fn a_snapshot_does_not_tell_how_the_heap_was_laid_out() {
    let library = raw_image(&[]);
    let snapshot = |image: &[u8]| {
        let session = Session::new(image);
        let run = session.run_arguments(60, &["--deterministic"], &["--snapshot"]);
        assert_eq!(run.status, 0, "{}", run.stderr);
        session.image()
    };
    let expected = snapshot(&library);
    for layout in grown() {
        let image = laid_out(&library, &layout);
        assert!(
            word(&image, HEADER + 3 * 16 + 8 + 2 * 8) != 0,
            "a free list"
        );
        assert!(snapshot(&image) == expected, "{layout:?}");
    }
}

#[test]
fn a_reference_into_a_gap_is_refused() {
    let mut image = laid_out(&plain_image(), &equal(2, 4096));
    let into_gap = word(&image, 16) + word(&image, 72) + 8;
    image[24..32].copy_from_slice(&into_gap.to_le_bytes());
    let run = run_image(&image);
    assert_eq!(run.status, 2);
    assert!(run.stderr.contains("offset 24"), "{}", run.stderr);
}

#[test]
fn an_image_behind_a_shell_script_runs() {
    let mut script = b"#!/usr/bin/env ouro\n".to_vec();
    script.resize(512, b' ');
    script.extend(plain_image());
    assert_eq!(run_image(&script).status, 7);
}
