//! Objects of an image before they have addresses.

/// An object of the image; an index into its list of objects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ref(pub(crate) usize);

/// What a pointer slot holds.
#[derive(Clone, Copy, Debug)]
pub enum Value {
    /// A reference.
    Object(Ref),
    /// A SmallInteger.
    Integer(i64),
    /// A Character.
    Character(u32),
    /// A Float whose exponent is in the range of SmallFloat64.
    Float(f64),
    /// A word as it stands, to make damaged images.
    Raw(u64),
}

/// The contents of an object.
#[derive(Clone, Debug)]
pub enum Body {
    /// Pointer slots.
    Slots(Vec<Value>),
    /// Bytes; the format's low bits are made from their number.
    Bytes(Vec<u8>),
    /// 64-bit words.
    Words(Vec<u64>),
    /// A compiled method or block: header and literals, then bytes.
    Code(Vec<Value>, Vec<u8>),
}

/// An object.
#[derive(Clone, Debug)]
pub struct Object {
    /// Class index in its header.
    pub class_index: u32,
    /// Base format: 1, 2, 3, 9, 16, 24 …
    pub format: u8,
    /// Identity hash, 22 bits.
    pub hash: u32,
    /// Header flags beside class index, format, hash and slot count.
    pub flags: u64,
    /// Contents.
    pub body: Body,
}

impl Body {
    /// Number of 8-byte slots.
    fn slot_count(&self) -> usize {
        match self {
            Body::Slots(slots) => slots.len(),
            Body::Bytes(bytes) => bytes.len().div_ceil(8),
            Body::Words(words) => words.len(),
            Body::Code(literals, bytes) => literals.len() + bytes.len().div_ceil(8),
        }
    }

    /// Unused bytes in the last slot of a byte object.
    fn slack(&self) -> u64 {
        match self {
            Body::Bytes(bytes) | Body::Code(_, bytes) => (bytes.len().wrapping_neg() % 8) as u64,
            Body::Slots(_) | Body::Words(_) => 0,
        }
    }
}

impl Object {
    /// Overflow word (when there are 255 slots or more) and header.
    fn header_words(&self) -> Vec<u64> {
        let slots = self.body.slot_count() as u64;
        let count_byte = slots.min(255);
        let header = u64::from(self.class_index)
            | (u64::from(self.format) + self.body.slack()) << 24
            | u64::from(self.hash) << 32
            | count_byte << 56
            | self.flags;
        if slots >= 255 {
            vec![255 << 56 | slots, header]
        } else {
            vec![header]
        }
    }
}

/// Objects with addresses: one behind the other.
pub(crate) struct Placed {
    addresses: Vec<u64>,
}

impl Placed {
    pub(crate) fn at(base: u64, objects: &[Object]) -> Placed {
        let mut next = base;
        let mut addresses = Vec::new();
        for object in objects {
            let slots = object.body.slot_count() as u64;
            next += if slots >= 255 { 8 } else { 0 };
            addresses.push(next);
            next += 8 + 8 * slots.max(1);
        }
        Placed { addresses }
    }

    pub(crate) fn address(&self, object: Ref) -> u64 {
        self.addresses[object.0]
    }

    pub(crate) fn bytes(&self, objects: &[Object]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for object in objects {
            for word in object.header_words() {
                bytes.extend(word.to_le_bytes());
            }
            self.append_body(&object.body, &mut bytes);
        }
        bytes
    }

    fn append_body(&self, body: &Body, bytes: &mut Vec<u8>) {
        let start = bytes.len();
        match body {
            Body::Slots(slots) => self.append_values(slots, bytes),
            Body::Bytes(contents) => bytes.extend(contents),
            Body::Words(words) => words
                .iter()
                .for_each(|word| bytes.extend(word.to_le_bytes())),
            Body::Code(literals, code) => {
                self.append_values(literals, bytes);
                bytes.extend(code);
            }
        }
        let size = (bytes.len() - start).next_multiple_of(8).max(8);
        bytes.resize(start + size, 0);
    }

    fn append_values(&self, values: &[Value], bytes: &mut Vec<u8>) {
        for value in values {
            bytes.extend(self.oop(*value).to_le_bytes());
        }
    }

    fn oop(&self, value: Value) -> u64 {
        match value {
            Value::Object(object) => self.address(object),
            Value::Integer(integer) => (integer << 3) as u64 | 1,
            Value::Character(code) => u64::from(code) << 3 | 2,
            Value::Float(float) => small_float(float),
            Value::Raw(word) => word,
        }
    }
}

/// The tagged form of a float whose exponent is in range.
fn small_float(float: f64) -> u64 {
    let rotated = float.to_bits().rotate_left(1);
    let shifted = if rotated > 1 {
        rotated - (896 << 53)
    } else {
        rotated
    };
    shifted << 3 | 4
}
