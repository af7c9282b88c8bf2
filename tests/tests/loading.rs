//! Images that two threads load: they are read while they are checked, and each thread relocates the references of a half.

use std::process::Command;

use tests::large_image::{LargeImage, PAIR, Program, References, large_image};
use tests::segments::{HEADER, Layout, laid_out};
use tests::{Run, Session, vm};

/// Bytes that are read at once, and so much that it is worth a thread.
const PIECE: usize = 1 << 20;
const BYTES: usize = 40 * PIECE;

fn run(image: &[u8], options: &[&str]) -> Run {
    Session::new(image).run_for(120, options)
}

/// Runs the VM on one processor.
fn run_alone(image: &[u8]) -> Run {
    let session = Session::new(image);
    Command::new("taskset")
        .args(["-c", &first_processor(), "timeout", "120"])
        .arg(vm())
        .arg(session.path())
        .output()
        .expect("taskset is there")
        .into()
}

/// The number of a processor on which this process may run.
fn first_processor() -> String {
    let status = std::fs::read_to_string("/proc/self/status").expect("a process has a status");
    let list = status
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"))
        .expect("the status tells the processors");
    list.trim()
        .chars()
        .take_while(char::is_ascii_digit)
        .collect()
}

/// The rule and the offset with which a run refused its image.
fn refusal(run: &Run) -> &str {
    assert_eq!(run.status, 2, "{run:?}");
    run.stderr
        .trim_end()
        .rsplit(": ")
        .next()
        .expect("the last part")
}

/// The image with another word at an offset.
fn with_word(image: &LargeImage, offset: usize, word: u64) -> Vec<u8> {
    let mut bytes = image.bytes.clone();
    bytes[offset..offset + 8].copy_from_slice(&word.to_le_bytes());
    bytes
}

/// The offset of a pair near an offset in the file, which a long Array may have taken: then of the one before.
fn pair_near(image: &LargeImage, offset: usize) -> usize {
    let place = (offset - image.first) / PAIR;
    let place = match place % 1086 {
        n if n < 1000 => place,
        n => place - n + 999,
    };
    image.first + place * PAIR
}

#[test]
fn a_large_image_is_loaded_whole() {
    for references in [References::Near, References::Scattered] {
        let image = large_image(BYTES, references, Program::Collects).bytes;
        let checked = run(&image, &["--check-heap"]);
        assert_eq!(checked.status, 7, "{references:?}: {}", checked.stderr);
        assert_eq!(run_alone(&image).status, 7, "{references:?}");
    }
}

/// Puts an Array of 256 slots, with a word of its own that counts them, in the place of the pair at an offset and of those behind it. All slots are 1.
fn put_long_array(bytes: &mut [u8], offset: usize) {
    const LONG: u64 = 0xFF << 56;
    let one = 1 << 3 | 1;
    let words = [LONG | 256, LONG | 2 << 24 | 51].into_iter();
    let next_pair = [2 << 56 | 2 << 24 | 51, one, one];
    let words = words.chain([one; 256]).chain(next_pair);
    for (place, word) in bytes[offset..].chunks_exact_mut(8).zip(words) {
        place.copy_from_slice(&word.to_le_bytes());
    }
}

#[test]
fn the_last_word_of_a_piece_may_count_the_slots_of_an_object() {
    let LargeImage { mut bytes, first } = large_image(BYTES, References::Near, Program::Quits);
    let last_words = (1..BYTES / PIECE).map(|piece| HEADER + piece * PIECE - 8);
    let places: Vec<usize> = last_words
        .filter(|word| (word - first) % PAIR == 0 && (word - first) / PAIR % 1086 < 900)
        .collect();
    assert!(places.len() > 3, "{places:?}");
    places
        .iter()
        .for_each(|place| put_long_array(&mut bytes, *place));
    assert_eq!(run_alone(&bytes).status, 7);
    let told = run(&bytes, &[]);
    assert_eq!(told.status, 7, "{}", told.stderr);
}

#[test]
fn a_large_image_of_several_segments_is_loaded_whole() {
    let layout = Layout {
        base: 0x2000_0000,
        gaps: vec![4096, 1 << 30],
        free_after: Some(1001),
        has_empty_segment: false,
    };
    for bytes in [BYTES, 3 * BYTES] {
        let image = laid_out(
            &large_image(bytes, References::Scattered, Program::Collects).bytes,
            &layout,
        );
        let checked = run(&image, &["--check-heap"]);
        assert_eq!(checked.status, 7, "{bytes}: {}", checked.stderr);
        assert_eq!(run_alone(&image).status, 7, "{bytes}");
    }
}

#[test]
fn the_first_bad_reference_is_told_whoever_finds_it() {
    let image = large_image(BYTES, References::Scattered, Program::Quits);
    for offset in [
        image.first,
        BYTES / 4,
        BYTES / 2,
        BYTES * 3 / 4,
        BYTES - 3000,
    ] {
        let slot = pair_near(&image, offset) + 8;
        for (word, rule) in [
            (0x10, "a slot refers to where no object is"),
            (3, "a slot holds a word that is no object's reference"),
        ] {
            let mut bytes = with_word(&image, slot, word);
            // One more behind it, in the half of the other thread if there is one.
            let later = pair_near(&image, BYTES - 2000) + 8;
            bytes[later..later + 8].copy_from_slice(&16_u64.to_le_bytes());
            let told = run(&bytes, &[]);
            assert_eq!(refusal(&told), format!("{rule} (offset {slot})"));
            assert_eq!(refusal(&run_alone(&bytes)), refusal(&told));
        }
    }
}

#[test]
fn every_bad_reference_of_both_halves_is_told_by_a_check_in_order() {
    let image = large_image(BYTES, References::Scattered, Program::Quits);
    let slots = [1, 2, 3, 5, 6, 7].map(|n| pair_near(&image, BYTES / 8 * n) + 16);
    let mut bytes = image.bytes.clone();
    for slot in slots {
        bytes[slot..slot + 8].copy_from_slice(&16_u64.to_le_bytes());
    }
    let told = run(&bytes, &["--check-image"]);
    let offsets: Vec<usize> = told
        .stdout
        .lines()
        .chain(told.stderr.lines())
        .filter(|line| line.contains("where no object is"))
        .filter_map(|line| {
            line.split_once("offset ")?
                .1
                .strip_suffix(')')?
                .parse()
                .ok()
        })
        .collect();
    assert_eq!(offsets, slots, "{told:?}");
}

#[test]
fn a_damaged_header_is_found_wherever_the_pieces_end() {
    let image = large_image(BYTES, References::Near, Program::Quits);
    for piece in [1, 2, 20, 39] {
        for distance in [-2, -1, 0, 1] {
            let offset = (piece * PIECE).strict_add_signed(distance * PAIR.cast_signed());
            let header = pair_near(&image, offset);
            // More slots than are left.
            let told = run(&with_word(&image, header, 0xFE00_0000_0200_0033), &[]);
            assert_eq!(told.status, 2, "{header}: {told:?}");
            let free = with_word(&image, header, 0x0200_0000_0600_0033);
            assert_eq!(
                refusal(&run(&free, &[])),
                format!("an object has a format that no image may contain (offset {header})")
            );
        }
    }
}

#[test]
fn a_check_for_which_the_heap_is_too_small_says_so_and_ends() {
    let image = large_image(BYTES, References::Near, Program::Quits).bytes;
    let told = run(&image, &["--check-image", "--max-heap", "8m"]);
    assert_eq!(told.status, 2, "{told:?}");
    assert!(
        told.stdout
            .contains("the limit of the heap is too small for it"),
        "{told:?}"
    );
    assert!(told.stdout.ends_with("\n1 findings\n"), "{told:?}");
}

#[test]
fn a_file_that_ends_early_is_refused() {
    let image = large_image(BYTES, References::Near, Program::Quits);
    let told = run(&image.bytes[..BYTES - 3 * PIECE], &[]);
    assert!(refusal(&told).contains("truncated"), "{told:?}");
}
