//! Where things are in an image file of one segment.

/// Bytes of the header; the heap follows.
pub(super) const HEADER: usize = 128;
/// Bytes of the bridge at the end.
const BRIDGE: usize = 16;

/// A word of the file.
pub(super) fn word(bytes: &[u8], offset: usize) -> u64 {
    u64::from_le_bytes(bytes[offset..offset + 8].try_into().expect("eight bytes"))
}

/// Overwrites a word of the file.
pub(super) fn put(bytes: &mut [u8], offset: usize, value: u64) {
    bytes[offset..offset + 8].copy_from_slice(&value.to_le_bytes());
}

/// An object, by offsets in the file.
#[derive(Clone, Copy, Debug)]
pub struct Object {
    /// Where its header is.
    pub header: usize,
    /// Behind its last slot.
    pub end: usize,
    /// Its class index.
    pub class: u32,
    /// Its format.
    pub format: u8,
    /// Slots that hold references.
    pub references: usize,
}

impl Object {
    fn at(bytes: &[u8], start: usize) -> Object {
        let first = word(bytes, start);
        let (header, slots) = if first >> 56 == 255 {
            (start + 8, (first << 8 >> 8) as usize)
        } else {
            (start, (first >> 56) as usize)
        };
        let word_at_header = word(bytes, header);
        let class = (word_at_header & 0x3F_FFFF) as u32;
        let format = (word_at_header >> 24 & 31) as u8;
        let references = match format {
            _ if class < 8 => 0,
            0..=5 => slots,
            24.. => 1 + (word(bytes, header + 8) >> 3 & 0x7FFF) as usize,
            _ => 0,
        };
        Object {
            header,
            end: header + 8 + 8 * slots.max(1),
            class,
            format,
            references,
        }
    }

    /// Where a slot is.
    pub fn slot(&self, index: usize) -> usize {
        self.header + 8 + 8 * index
    }

    /// Whether it is a method or a block.
    pub fn is_code(&self) -> bool {
        self.format >= 24
    }
}

/// All objects of a file.
///
/// # Panics
/// When the file is damaged.
pub fn objects(bytes: &[u8]) -> Vec<Object> {
    let mut objects = Vec::new();
    let mut start = HEADER;
    while start < bytes.len() - BRIDGE {
        let object = Object::at(bytes, start);
        start = object.end;
        objects.push(object);
    }
    objects
}

/// The reference that the file has for an object.
pub(super) fn reference(bytes: &[u8], object: &Object) -> u64 {
    word(bytes, 16) + (object.header - HEADER) as u64
}

/// The object that a reference of the file means.
pub(super) fn target<'o>(bytes: &[u8], objects: &'o [Object], oop: u64) -> Option<&'o Object> {
    let header = (oop.checked_sub(word(bytes, 16))?) as usize + HEADER;
    let index = objects
        .binary_search_by_key(&header, |object| object.header)
        .ok()?;
    Some(&objects[index])
}
