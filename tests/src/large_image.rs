//! Images of any size: the few objects of a program that ends with status 7, and behind them as many Arrays as there is room for.

use crate::image::{BytecodeSet, Method, Value, World};
use crate::segments::{BRIDGE, HEADER, word};

/// Header of an Array of two slots.
const PAIR_HEADER: u64 = 2 << 56 | 2 << 24 | 51;
/// Bytes of such an Array. All objects that are added take a multiple of it.
pub const PAIR: usize = 24;
/// Slots of the longer Arrays, whose count takes a word of its own, and how many pairs each takes the place of.
const LONG_SLOTS: u64 = 256;
const LONG_PAIRS: usize = 86;
/// A long Array comes behind so many pairs.
const PAIRS_TOGETHER: usize = 1000;

/// Where references lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum References {
    /// To the object before.
    Near,
    /// Anywhere.
    Scattered,
}

/// What the program does before it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// Nothing.
    Quits,
    /// A full collection.
    Collects,
}

/// An image and where its Arrays are.
pub struct LargeImage {
    /// The file.
    pub bytes: Vec<u8>,
    /// The offset in the file of the first Array that was added.
    pub first: usize,
}

/// Makes an image of about so many bytes, at least a megabyte.
///
/// # Panics
/// When there are fewer.
pub fn large_image(bytes: usize, references: References, program: Program) -> LargeImage {
    assert!(bytes >= 1 << 20, "{bytes} bytes");
    let mut file = small_image(program);
    let bridge = file.split_off(file.len() - usize::try_from(BRIDGE).expect("a few bytes"));
    let first = file.len();
    let base = word(&file, 16) + (first - HEADER) as u64;
    let places = (bytes - first) / PAIR;
    let mut targets = Targets {
        base,
        places,
        references,
        seed: 1,
    };
    file.reserve(bytes - first + bridge.len());
    let mut place = 0;
    while place < places {
        if is_long(place) {
            if place + LONG_PAIRS > places {
                break;
            }
            let header = PAIR_HEADER | 0xFF << 56;
            append(&mut file, &[0xFF << 56 | LONG_SLOTS, header]);
            (0..LONG_SLOTS).for_each(|_| append(&mut file, &[targets.next(place)]));
            place += LONG_PAIRS;
        } else {
            append(
                &mut file,
                &[PAIR_HEADER, targets.next(place), targets.next(place)],
            );
            place += 1;
        }
    }
    file.extend(bridge);
    let heap = (file.len() - HEADER) as u64;
    for offset in [8, 72] {
        file[offset..offset + 8].copy_from_slice(&heap.to_le_bytes());
    }
    LargeImage { bytes: file, first }
}

fn small_image(program: Program) -> Vec<u8> {
    let mut world = World::new();
    let collect = Method {
        primitive: 130,
        ..Method::new(BytecodeSet::V3, vec![], vec![120])
    };
    world.define("Object", "collect", &collect);
    let literals = vec![
        Value::Object(world.symbol("quit:")),
        Value::Integer(7),
        Value::Object(world.symbol("collect")),
    ];
    // self collect. self quit: 7
    let code = match program {
        Program::Quits => vec![112, 33, 224, 120],
        Program::Collects => vec![112, 210, 135, 112, 33, 224, 120],
    };
    world.define(
        "Main",
        "start",
        &Method::new(BytecodeSet::V3, literals, code),
    );
    world.image()
}

fn append(file: &mut Vec<u8>, words: &[u64]) {
    for word in words {
        file.extend(word.to_le_bytes());
    }
}

/// Whether a long Array is at a place, counted in pairs.
fn is_long(place: usize) -> bool {
    place % (PAIRS_TOGETHER + LONG_PAIRS) == PAIRS_TOGETHER
}

/// What the slots refer to.
struct Targets {
    base: u64,
    places: usize,
    references: References,
    seed: u64,
}

impl Targets {
    /// What the next slot of the object at a place refers to.
    fn next(&mut self, place: usize) -> u64 {
        let target = match self.references {
            References::Near => place.saturating_sub(1),
            References::Scattered => self.any(),
        };
        let whole = target - target % (PAIRS_TOGETHER + LONG_PAIRS);
        let (target, header) = match target - whole {
            n if n < PAIRS_TOGETHER => (target, 0),
            _ => (whole + PAIRS_TOGETHER, 8),
        };
        self.base + (target * PAIR) as u64 + header
    }

    /// Some place before that of the last long Array. Source: Knuth's MMIX generator.
    fn any(&mut self) -> usize {
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let last = (self.places - LONG_PAIRS) as u64;
        usize::try_from((u128::from(self.seed) * u128::from(last)) >> 64).expect("a place")
    }
}
