//! One damaged image from a whole one.

use super::base::Base;
use super::layout::{HEADER, Object, put, reference, target, word};
use super::random::Random;

/// What was damaged.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Area {
    /// A field of the file's header, so that it can be none.
    Header,
    /// Any field of the file's header: many may hold anything.
    HeaderField,
    /// The length of the file.
    Length,
    /// An object's header, so that the object cannot be one.
    ObjectHeader,
    /// A bit of an object's header, which may be harmless.
    ObjectHeaderBit,
    /// An object's header, which gets the class or the format of another one.
    Kind,
    /// The class table: its pages, or an entry that objects need.
    ClassTable,
    /// Slots of a class.
    Class,
    /// Any slot that holds a reference.
    Slot,
    /// Header or literals of a method.
    Method,
    /// Bytecodes.
    Bytecodes,
    /// Slots of contexts, processes and special objects.
    Process,
    /// Any byte.
    Byte,
}

impl Area {
    /// All of them.
    pub const ALL: [Area; 13] = [
        Area::Header,
        Area::HeaderField,
        Area::Length,
        Area::ObjectHeader,
        Area::ObjectHeaderBit,
        Area::Kind,
        Area::ClassTable,
        Area::Class,
        Area::Slot,
        Area::Method,
        Area::Bytecodes,
        Area::Process,
        Area::Byte,
    ];

    /// Whether an image with this damage can never be sound.
    pub fn is_certain(self) -> bool {
        matches!(
            self,
            Area::Length | Area::Header | Area::ObjectHeader | Area::ClassTable
        )
    }
}

/// A damaged image.
#[derive(Debug)]
pub struct Mutant {
    /// The file.
    pub bytes: Vec<u8>,
    /// What was damaged, perhaps several things.
    pub areas: Vec<Area>,
}

/// The mutant of a number.
pub fn mutant(base: &Base, number: u64) -> Mutant {
    let mut random = Random::new(number);
    let mut bytes = base.bytes.clone();
    let mut areas = Vec::new();
    let wounds = *random.one(&[1, 1, 1, 2, 3]);
    for _ in 0..wounds {
        let area = *random.one(&Area::ALL);
        let length = bytes.len();
        let mut wound = Wound {
            base: &base.bytes,
            objects: &base.objects,
            random: &mut random,
            bytes: &mut bytes,
        };
        wound.inflict(area);
        areas.push(area);
        // Where things are is known no longer.
        if bytes.len() != length {
            break;
        }
    }
    Mutant { bytes, areas }
}

/// Offset and size of each field of the file's header.
const FIELDS: [(usize, usize); 17] = [
    (0, 4),
    (4, 4),
    (8, 8),
    (16, 8),
    (24, 8),
    (32, 8),
    (40, 8),
    (48, 8),
    (56, 4),
    (60, 2),
    (62, 2),
    (64, 4),
    (68, 2),
    (70, 2),
    (72, 8),
    (80, 8),
    (88, 8),
];

/// A place to damage.
struct Wound<'w> {
    base: &'w [u8],
    objects: &'w [Object],
    random: &'w mut Random,
    bytes: &'w mut Vec<u8>,
}

impl Wound<'_> {
    fn inflict(&mut self, area: Area) {
        match area {
            Area::Header => self.header(),
            Area::HeaderField => self.header_field(),
            Area::Length => self.length(),
            Area::ObjectHeader => self.object_header(),
            Area::ObjectHeaderBit => self.object_header_bit(),
            Area::Kind => self.kind(),
            Area::ClassTable => self.class_table(),
            Area::Class => self.slot_of(|object| object.class == 1024 || object.format == 1),
            Area::Slot => self.slot_of(|_| true),
            Area::Method => self.slot_of(Object::is_code),
            Area::Bytecodes => self.bytecodes(),
            Area::Process => self.process(),
            Area::Byte => self.byte(),
        }
    }

    /// One of the fields that say what the file is, or where its heap is.
    fn header(&mut self) {
        let (offset, width) =
            *self
                .random
                .one(&[(0, 4), (4, 4), (8, 8), (16, 8), (24, 8), (72, 8)]);
        let old = word(self.bytes, offset) & (u64::MAX >> (64 - 8 * width));
        let mut new = old;
        while new == old || self.is_harmless(offset, new) {
            new = self.random.odd_number() & (u64::MAX >> (64 - 8 * width));
        }
        self.bytes[offset..offset + width].copy_from_slice(&new.to_le_bytes()[..width]);
    }

    /// Any field: another number, or another bit.
    fn header_field(&mut self) {
        let (offset, width) = *self.random.one(&FIELDS);
        let bit = self.random.below(8 * width);
        if self.random.below(2) == 0 {
            self.bytes[offset + bit / 8] ^= 1 << (bit % 8);
            return;
        }
        let new = self.random.odd_number().to_le_bytes();
        self.bytes[offset..offset + width].copy_from_slice(&new[..width]);
    }

    /// The other known format is no damage, and neither is another array as special objects as far as the header tells.
    fn is_harmless(&self, offset: usize, value: u64) -> bool {
        offset == 0 && value == 68533
            || offset == 24 && target(self.base, self.objects, value).is_some()
    }

    fn length(&mut self) {
        let length = self.random.below(self.bytes.len());
        self.bytes.truncate(length);
    }

    fn object(&mut self) -> Object {
        *self.random.one(self.objects)
    }

    /// A format that does not exist, a class that does not exist, another number of slots.
    fn object_header(&mut self) {
        let mut object = self.object();
        while object.class < 32 {
            object = self.object();
        }
        let old = word(self.bytes, object.header);
        let new = match self.random.below(3) {
            0 => old & !(31 << 24) | *self.random.one(&[6, 7, 8]) << 24,
            1 => old & !0x3F_FFFF | (0x10_0000 + self.random.below(0x10_0000) as u64),
            _ => old ^ (128 << 56),
        };
        put(self.bytes, object.header, new);
    }

    fn object_header_bit(&mut self) {
        let object = self.object();
        let old = word(self.bytes, object.header);
        let bit = self.random.below(64);
        put(self.bytes, object.header, old ^ (1 << bit));
    }

    /// Contexts and closures are few, but others rely on them.
    fn kind(&mut self) {
        let running: Vec<&Object> = self
            .objects
            .iter()
            .filter(|object| (36..=38).contains(&object.class))
            .collect();
        let object = match self.random.below(2) {
            0 if !running.is_empty() => **self.random.one(&running),
            _ => self.object(),
        };
        let other = word(self.base, self.object().header);
        let field = *self.random.one(&[0x3F_FFFF, 31 << 24]);
        let old = word(self.bytes, object.header);
        put(self.bytes, object.header, old & !field | other & field);
    }

    /// A reference of the root or of a page to what is no page or class; an entry that objects need becomes nil.
    fn class_table(&mut self) {
        let table = self.objects[4];
        let page = *target(self.base, self.objects, word(self.base, table.slot(0)))
            .expect("the table has a page");
        let symbol = self.random.word() & 0x00FF_FFFF_FFFF | 1;
        match self.random.below(3) {
            0 => put(self.bytes, table.slot(self.random.below(2)), symbol),
            1 => put(self.bytes, page.slot(1 + 50), symbol),
            _ => {
                let nil = reference(self.base, &self.objects[0]);
                put(self.bytes, page.slot(*self.random.one(&[36, 51, 52])), nil);
            }
        }
    }

    fn slot_of(&mut self, filter: impl Fn(&Object) -> bool) {
        let found: Vec<&Object> = self
            .objects
            .iter()
            .filter(|object| object.references > 0 && object.class >= 32 && filter(object))
            .collect();
        let object = **self.random.one(&found);
        let slot = object.slot(self.random.below(object.references));
        self.replace(slot);
    }

    /// Another value for a slot.
    fn replace(&mut self, slot: usize) {
        let old = word(self.bytes, slot);
        let other = self.object();
        let new = match self.random.below(6) {
            0 | 1 => reference(self.base, &other),
            2 => self.random.odd_number() << 3 | 1,
            3 => self.random.odd_number(),
            4 => old.wrapping_add(8 * self.random.below(64) as u64),
            _ => old ^ (1 << self.random.below(64)),
        };
        put(self.bytes, slot, new);
    }

    fn bytecodes(&mut self) {
        let code: Vec<&Object> = self.objects.iter().filter(|o| o.is_code()).collect();
        let object = **self.random.one(&code);
        let first = object.slot(object.references);
        if first < object.end {
            let offset = first + self.random.below(object.end - first);
            self.bytes[offset] = self.random.word() as u8;
        }
    }

    /// Contexts, the active process, its scheduler, and the special objects.
    fn process(&mut self) {
        let special = *target(self.base, self.objects, word(self.base, 24))
            .expect("the header leads to the special objects");
        let follow = |object: &Object, slot: usize| {
            let oop = word(self.base, object.slot(slot));
            *target(self.base, self.objects, oop).expect("an object")
        };
        let scheduler = follow(&follow(&special, 3), 1);
        let process = follow(&scheduler, 1);
        let context = follow(&process, 1);
        let list = follow(&follow(&scheduler, 0), 0);
        let object = *self
            .random
            .one(&[special, special, scheduler, process, context, context, list]);
        let slot = object.slot(self.random.below(object.references.min(60)));
        self.replace(slot);
    }

    fn byte(&mut self) {
        let offset = HEADER + self.random.below(self.bytes.len() - HEADER);
        self.bytes[offset] = self.random.word() as u8;
    }
}
