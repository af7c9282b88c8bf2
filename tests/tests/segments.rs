//! Images of several segments, made of one by moving its objects apart.

use tests::image::{BytecodeSet, Method, Value, World};
use tests::run_image;

/// Bytes of a header; the heap follows.
const HEADER: usize = 128;
/// Bytes of the bridge at the end of a segment.
const BRIDGE: usize = 16;

fn word(bytes: &[u8], offset: usize) -> u64 {
    u64::from_le_bytes(bytes[offset..offset + 8].try_into().expect("eight bytes"))
}

/// An object of the heap: where it starts, where its header is and where it ends, from the heap's start.
struct Object {
    start: usize,
    header: usize,
    end: usize,
}

impl Object {
    /// The slots that hold oops, as offsets.
    fn references(&self, heap: &[u8]) -> std::ops::Range<usize> {
        let header = word(heap, self.header);
        let first = self.header + 8;
        let count = match (header >> 24) & 31 {
            _ if header & 0x3F_FFFF < 8 => 0,
            0..=5 => (self.end - first) / 8 * usize::from(header >> 56 != 0),
            24.. => 1 + ((word(heap, first) >> 3) & 0x7FFF) as usize,
            _ => 0,
        };
        first..first + 8 * count
    }
}

fn objects(heap: &[u8]) -> Vec<Object> {
    let mut objects = Vec::new();
    let mut start = 0;
    while start < heap.len() {
        let first = word(heap, start);
        let (header, slots) = if first >> 56 == 255 {
            (start + 8, (first << 8 >> 8) as usize)
        } else {
            (start, (first >> 56) as usize)
        };
        let end = header + 8 + 8 * slots.max(1);
        objects.push(Object { start, header, end });
        start = end;
    }
    objects
}

/// The image with its heap in segments of about equal size, each `gap` bytes above the end of the one before.
fn split(image: &[u8], n_segments: usize, gap: u64) -> Vec<u8> {
    let base = word(image, 16);
    let heap = &image[HEADER..image.len() - BRIDGE];
    let objects = objects(heap);
    let part = heap.len() / n_segments;
    let segment_of = |offset: usize| (offset / part).min(n_segments - 1);
    let moved = |oop: u64| {
        if oop & 7 != 0 || oop < base {
            return oop;
        }
        let offset = (oop - base) as usize;
        let object = objects.partition_point(|object| object.header <= offset) - 1;
        oop + segment_of(objects[object].start) as u64 * (gap + BRIDGE as u64)
    };
    let mut segments = vec![Vec::new(); n_segments];
    for object in &objects {
        let mut bytes = heap[object.start..object.end].to_vec();
        for slot in object.references(heap).step_by(8) {
            let at = slot - object.start;
            bytes[at..at + 8].copy_from_slice(&moved(word(heap, slot)).to_le_bytes());
        }
        segments[segment_of(object.start)].extend(bytes);
    }
    let size = |number: usize| {
        segments
            .get(number)
            .map_or(0, |s: &Vec<u8>| (s.len() + BRIDGE) as u64)
    };
    let total: u64 = (0..n_segments).map(size).sum();
    let mut result = image[..HEADER].to_vec();
    result[8..16].copy_from_slice(&total.to_le_bytes());
    result[24..32].copy_from_slice(&moved(word(image, 24)).to_le_bytes());
    result[72..80].copy_from_slice(&size(0).to_le_bytes());
    for (number, segment) in segments.iter().enumerate() {
        result.extend(segment);
        let distance = if gap == 0 { 0 } else { (1 << 56) | (gap / 8) };
        result.extend(distance.to_le_bytes());
        result.extend(size(number + 1).to_le_bytes());
    }
    result
}

/// A small image that quits with 7.
fn plain_image() -> Vec<u8> {
    let mut world = World::new();
    let literals = vec![Value::Object(world.symbol("quit:")), Value::Integer(7)];
    let method = Method::new(BytecodeSet::V3, literals, vec![112, 33, 224, 120]);
    world.define("Main", "start", &method);
    world.image()
}

#[test]
fn segments_one_behind_the_other_are_joined() {
    for n_segments in [2, 3, 7] {
        let run = run_image(&split(&plain_image(), n_segments, 0));
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
        let run = run_image(&split(&plain_image(), n_segments, gap));
        assert_eq!(
            run.status, 7,
            "{n_segments} segments, gaps of {gap}: {}",
            run.stderr
        );
    }
}

#[test]
fn a_reference_into_a_gap_is_refused() {
    let mut image = split(&plain_image(), 2, 4096);
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
