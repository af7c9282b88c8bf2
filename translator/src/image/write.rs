//! Objects to the bytes of an image file.
//!
//! In: a heap whose first five objects are nil, false, true, the free lists and the class table's root. Out: header, one segment, its bridge.
//! The same heap gives the same bytes.

use super::heap::{Body, Heap, Object, ObjectId, Word};
use crate::base::SecondaryMap;

/// The address that the first object claims to have had.
const OLD_BASE: u64 = 0x1000_0000;
const HEADER_SIZE: usize = 128;
/// A bridge object that nothing follows.
const FINAL_BRIDGE: u64 = 0x0080_0000_4900_0003;
/// Where the generator of identity hashes goes on.
const HASH_SEED: u64 = 0x2A_F00D;

/// What the header says beside sizes.
#[derive(Clone, Copy, Debug)]
pub struct Header {
    /// The format's number.
    pub format: u32,
    /// Flags.
    pub flags: u64,
    /// The special objects array.
    pub special_objects: ObjectId,
}

/// The file.
#[must_use]
pub fn write(heap: &Heap, header: &Header) -> Vec<u8> {
    let placed = Placed::new(heap);
    let heap_size = placed.end - OLD_BASE + 16;
    let mut file = header_bytes(header, heap_size, placed.addresses[header.special_objects]);
    file.reserve(usize::try_from(heap_size).unwrap_or(0));
    for object in heap.objects.values() {
        placed.append(object, &mut file);
    }
    file.extend(FINAL_BRIDGE.to_le_bytes());
    file.extend(0_u64.to_le_bytes());
    file
}

fn header_bytes(header: &Header, heap_size: u64, special_objects: u64) -> Vec<u8> {
    let mut file = vec![0; HEADER_SIZE];
    let mut put = |offset: usize, bytes: &[u8]| {
        file[offset..offset + bytes.len()].copy_from_slice(bytes);
    };
    put(0, &header.format.to_le_bytes());
    put(4, &128_u32.to_le_bytes());
    put(8, &heap_size.to_le_bytes());
    put(16, &OLD_BASE.to_le_bytes());
    put(24, &special_objects.to_le_bytes());
    put(32, &HASH_SEED.to_le_bytes());
    put(48, &header.flags.to_le_bytes());
    put(72, &heap_size.to_le_bytes());
    file
}

/// The objects with their addresses.
struct Placed {
    addresses: SecondaryMap<ObjectId, u64>,
    end: u64,
}

impl Placed {
    fn new(heap: &Heap) -> Placed {
        let mut addresses = SecondaryMap::with_default(0);
        addresses.resize(heap.objects.len());
        let mut next = OLD_BASE;
        for (id, object) in heap.objects.iter() {
            let size = Heap::size_of(object) as u64;
            // The overflow word, if there is one, lies before the address.
            addresses[id] = next + if object.body.slots() >= 255 { 8 } else { 0 };
            next += size;
        }
        Placed {
            addresses,
            end: next,
        }
    }

    fn append(&self, object: &Object, file: &mut Vec<u8>) {
        let slots = object.body.slots() as u64;
        if slots >= 255 {
            file.extend((255 << 56 | slots).to_le_bytes());
        }
        let header = u64::from(object.class_index)
            | u64::from(object.format + object.body.unused()) << 24
            | u64::from(object.hash) << 32
            | slots.min(255) << 56;
        file.extend(header.to_le_bytes());
        let start = file.len();
        match &object.body {
            Body::Pointers(slots) => self.append_words(slots, file),
            Body::Raw { bytes, .. } => file.extend(bytes),
            Body::Code(literals, bytes) => {
                self.append_words(literals, file);
                file.extend(bytes);
            }
        }
        if slots == 0 {
            file.extend(0_u64.to_le_bytes());
        }
        file.resize(start + (file.len() - start).next_multiple_of(8), 0);
    }

    fn append_words(&self, words: &[Word], file: &mut Vec<u8>) {
        for word in words {
            let bits = match word {
                Word::Object(object) => self.addresses[*object],
                Word::Immediate(bits) => *bits,
            };
            file.extend(bits.to_le_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::EntityRef;

    #[test]
    fn large_objects_have_their_count_in_a_word_of_its_own() {
        let mut heap = Heap::default();
        let small = heap.add(Object {
            class_index: 51,
            format: 2,
            hash: 0,
            body: Body::Pointers(Vec::new()),
        });
        assert_eq!(small.index(), 0);
        let elements = vec![Word::Object(small); 300];
        let large = heap.add(Object {
            class_index: 51,
            format: 2,
            hash: 7,
            body: Body::Pointers(elements),
        });
        let header = Header {
            format: 68021,
            flags: 2,
            special_objects: large,
        };
        let file = write(&heap, &header);
        let word = |offset: usize| {
            let bytes = file[offset..offset + 8].try_into();
            u64::from_le_bytes(bytes.unwrap_or_default())
        };
        assert_eq!(word(24), OLD_BASE + 16 + 8);
        assert_eq!(word(128 + 16), 255 << 56 | 300);
        assert_eq!(word(128 + 24), 255 << 56 | 7 << 32 | 2 << 24 | 51);
        assert_eq!(word(128 + 32), OLD_BASE);
        assert_eq!(file.len(), 128 + 16 + 16 + 300 * 8 + 16);
        assert_eq!(word(8), (file.len() - 128) as u64);
    }
}
