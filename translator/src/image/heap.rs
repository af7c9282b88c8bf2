//! The objects of an image before they have addresses.
//!
//! Objects are numbered in the order in which they are made, which is their order in the file. A slot refers to an object by its number.

use crate::base::PrimaryMap;
use crate::entity;

entity!(
    /// An object of the image.
    ObjectId,
    "object"
);

/// What a pointer slot holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Word {
    /// A reference.
    Object(ObjectId),
    /// An immediate object, with its tag.
    Immediate(u64),
}

/// The contents of an object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Body {
    /// Pointers.
    Pointers(Vec<Word>),
    /// Elements of one, two, four or eight bytes, as they lie in memory.
    Raw {
        /// Bytes of an element.
        element: usize,
        /// All elements.
        bytes: Vec<u8>,
    },
    /// Compiled code: header and literals, then bytes.
    Code(Vec<Word>, Vec<u8>),
}

/// An object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Object {
    /// Index of the class.
    pub class_index: u32,
    /// Format without the low bits that count unused elements.
    pub format: u8,
    /// Identity hash, 0 if it was never asked for.
    pub hash: u32,
    /// Contents.
    pub body: Body,
}

/// All objects.
#[derive(Default, Debug)]
pub struct Heap {
    /// In the order of the file.
    pub objects: PrimaryMap<ObjectId, Object>,
}

/// Formats of objects.
pub mod format {
    /// No fields.
    pub const EMPTY: u8 = 0;
    /// Named fields.
    pub const FIXED: u8 = 1;
    /// Indexable fields.
    pub const INDEXABLE: u8 = 2;
    /// Both.
    pub const MIXED: u8 = 3;
    /// Both, the indexable ones weak.
    pub const WEAK: u8 = 4;
    /// Named fields of which the first is the key.
    pub const EPHEMERON: u8 = 5;
    /// Of a class: its instances are immediate.
    pub const IMMEDIATE: u8 = 7;
    /// 64-bit words.
    pub const WORDS_64: u8 = 9;
    /// 32-bit words.
    pub const WORDS_32: u8 = 10;
    /// 16-bit words.
    pub const WORDS_16: u8 = 12;
    /// Bytes.
    pub const BYTES: u8 = 16;
    /// Compiled code.
    pub const CODE: u8 = 24;

    /// Whether instances cannot have named fields: the format says so, they are immediate, or hold no pointers. Compiled code has none that the sources name.
    #[must_use]
    pub fn has_no_fields(format: u8) -> bool {
        matches!(format, EMPTY | INDEXABLE | IMMEDIATE) || (WORDS_64..CODE).contains(&format)
    }

    /// Bytes of an element of an object without pointers; none for other formats.
    #[must_use]
    pub fn element_size(format: u8) -> Option<usize> {
        match format {
            WORDS_64 => Some(8),
            WORDS_32 => Some(4),
            WORDS_16 => Some(2),
            BYTES => Some(1),
            _ => None,
        }
    }
}

const SMALL_INTEGER_TAG: u64 = 1;
const CHARACTER_TAG: u64 = 2;
const SMALL_FLOAT_TAG: u64 = 4;
/// Distance between the exponents of a float and of its immediate form, in place.
const SMALL_FLOAT_OFFSET: u64 = 896 << 53;

impl Word {
    /// The immediate integer; none if it needs more than 61 bits.
    #[must_use]
    pub fn integer(value: i128) -> Option<Word> {
        let range = -(1_i128 << 60)..1 << 60;
        range.contains(&value).then(|| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "two's complement of 61 bits"
            )]
            let bits = (value << 3) as u64;
            Word::Immediate(bits | SMALL_INTEGER_TAG)
        })
    }

    /// A small number, such as an index or a count.
    #[must_use]
    pub fn count(value: usize) -> Word {
        Word::Immediate((value as u64) << 3 | SMALL_INTEGER_TAG)
    }

    /// The immediate character.
    #[must_use]
    pub fn character(value: char) -> Word {
        Word::Immediate(u64::from(u32::from(value)) << 3 | CHARACTER_TAG)
    }

    /// The immediate float; none if its exponent needs more than 8 bits.
    #[must_use]
    pub fn float(value: f64) -> Option<Word> {
        let rotated = value.to_bits().rotate_left(1);
        let exponent = value.to_bits() >> 52 & 0x7FF;
        let is_zero = rotated <= 1;
        let mantissa = value.to_bits() & ((1 << 52) - 1);
        let fits = is_zero || (897..=1151).contains(&exponent) || exponent == 896 && mantissa != 0;
        fits.then(|| {
            let moved = if is_zero {
                rotated
            } else {
                rotated - SMALL_FLOAT_OFFSET
            };
            Word::Immediate(moved << 3 | SMALL_FLOAT_TAG)
        })
    }
}

impl From<ObjectId> for Word {
    fn from(object: ObjectId) -> Word {
        Word::Object(object)
    }
}

impl Body {
    /// Slots of eight bytes.
    #[must_use]
    pub fn slots(&self) -> usize {
        match self {
            Body::Pointers(slots) => slots.len(),
            Body::Raw { bytes, .. } => bytes.len().div_ceil(8),
            Body::Code(literals, bytes) => literals.len() + bytes.len().div_ceil(8),
        }
    }

    /// Elements of the last slot that are not used.
    #[must_use]
    pub fn unused(&self) -> u8 {
        let (bytes, element) = match self {
            Body::Pointers(_) => return 0,
            Body::Raw { element, bytes } => (bytes.len(), *element),
            Body::Code(_, bytes) => (bytes.len(), 1),
        };
        #[expect(clippy::cast_possible_truncation, reason = "less than eight")]
        let unused = (bytes.next_multiple_of(8) - bytes) as u8;
        #[expect(clippy::cast_possible_truncation, reason = "at most eight")]
        let element = element.max(1) as u8;
        unused / element
    }
}

impl Heap {
    /// Adds an object.
    pub fn add(&mut self, object: Object) -> ObjectId {
        self.objects.push(object)
    }

    /// Bytes of an object with its headers.
    #[must_use]
    pub fn size_of(object: &Object) -> usize {
        let slots = object.body.slots();
        let overflow = if slots >= 255 { 8 } else { 0 };
        overflow + 8 + 8 * slots.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_immediate_exactly_if_their_exponent_has_eight_bits() {
        let word = |bits| Some(Word::Immediate(bits));
        assert_eq!(Word::float(0.0), word(0x4));
        assert_eq!(Word::float(-0.0), word(0xC));
        assert_eq!(Word::float(1.0), word(0x7F00_0000_0000_0004));
        assert_eq!(Word::float(-1.5), word(0x7F80_0000_0000_000C));
        assert_eq!(Word::float(0.1), word(0x7B99_9999_9999_99A4));
        for boxed in [
            f64::NAN,
            f64::INFINITY,
            1e300,
            5e-324,
            2.0_f64.powi(-127),
            1e-300,
        ] {
            assert_eq!(Word::float(boxed), None, "{boxed}");
        }
        assert!(Word::float(2.0_f64.powi(-127) * 1.5).is_some());
    }

    #[test]
    fn integers_are_immediate_exactly_if_they_have_61_bits() {
        assert_eq!(Word::integer(-1), Some(Word::Immediate(u64::MAX << 3 | 1)));
        assert!(Word::integer((1 << 60) - 1).is_some());
        assert_eq!(Word::integer(1 << 60), None);
        assert!(Word::integer(-(1 << 60)).is_some());
        assert_eq!(Word::integer(-(1 << 60) - 1), None);
    }
}
