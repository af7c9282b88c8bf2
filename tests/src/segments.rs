//! Images laid out as the OpenSmalltalk VM writes them after a while: several segments with gaps between their addresses, bridges that reach over
//! segments without objects, free chunks among the objects, with lists and a tree that link them.
//!
//! Source: `SpurSegmentManager`, `SpurImageWriter` and `Spur64BitMemoryManager` of VMMaker.

/// Bytes of a header; the heap follows.
pub const HEADER: usize = 128;
/// Bytes of the bridge at the end of a segment.
pub const BRIDGE: u64 = 16;
/// The bridge of a segment that the next one adjoins, or that is the last: pinned, marked, 64-bit words, class index 3, no slots.
const SHORT_BRIDGE: u64 = 0x0080_0000_4900_0003;
/// The top byte of a word that counts slots.
const OVERFLOW: u64 = 0xFF << 56;
/// nil, false, true, free lists, class table: free chunks come behind them.
const FIRST_OBJECTS: usize = 5;
/// The free lists' object: its header lies behind those of nil, false and true.
const FREE_LISTS: usize = HEADER + 3 * 16 + 8;
/// Chunks of fewer bytes are in lists by their size; the others in a tree.
const LARGE_CHUNK: u64 = 64 * 8;

/// How the heap is laid out.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The address of the first segment.
    pub base: u64,
    /// Bytes between the end of each segment and the start of the next; as many segments and one more share the objects.
    pub gaps: Vec<u64>,
    /// A free chunk follows each object whose number is a multiple of it.
    pub free_after: Option<usize>,
    /// Whether a segment that holds nothing but its bridge is in the file, before the last one. VMs of today leave such out.
    pub has_empty_segment: bool,
}

/// The 64-bit word at an offset.
///
/// # Panics
/// When the bytes end before.
pub fn word(bytes: &[u8], offset: usize) -> u64 {
    u64::from_le_bytes(bytes[offset..offset + 8].try_into().expect("eight bytes"))
}

fn put(bytes: &mut [u8], offset: usize, word: u64) {
    bytes[offset..offset + 8].copy_from_slice(&word.to_le_bytes());
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

/// A segment that grows, with the address at which it will have been.
struct Segment {
    start: u64,
    bytes: Vec<u8>,
}

impl Segment {
    fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

/// Free chunks: the heads of their lists, and the last one of the tree, which is a row here.
#[derive(Default)]
struct FreeChunks {
    heads: Vec<u64>,
    sizes: usize,
}

impl FreeChunks {
    fn new() -> FreeChunks {
        FreeChunks {
            heads: vec![0; 64],
            sizes: 0,
        }
    }

    /// Appends a chunk, of 16 bytes to some thousand in turn, and puts it at the head of its list.
    fn add(&mut self, segment: &mut Segment) {
        let size = [16_u64, 24, 40, 504, 512, 2072, 8192][self.sizes % 7];
        self.sizes += 1;
        let slots = if size >= 8 + 255 * 8 {
            let slots = (size - 16) / 8;
            segment.bytes.extend((OVERFLOW | slots).to_le_bytes());
            slots
        } else {
            (size - 8) / 8
        };
        let chunk = segment.end();
        segment.bytes.extend((slots.min(255) << 56).to_le_bytes());
        let mut body = vec![0x0BAD_F00D_u64; slots as usize];
        if size < LARGE_CHUNK {
            let head = &mut self.heads[(size / 8) as usize];
            body[0] = *head;
            *head = chunk;
        } else {
            // Next and previous of this size, parent, smaller, larger.
            body[..5].copy_from_slice(&[0, 0, 0, self.heads[0], 0]);
            self.heads[0] = chunk;
        }
        for word in body {
            segment.bytes.extend(word.to_le_bytes());
        }
    }
}

/// The bridge between two segments, or behind the last.
fn bridge(end: u64, next: Option<&Segment>) -> [u64; 2] {
    let Some(next) = next else {
        return [SHORT_BRIDGE, 0];
    };
    let gap = next.start - end;
    let first = if gap == 0 {
        SHORT_BRIDGE
    } else {
        OVERFLOW | (gap / 8)
    };
    [first, next.bytes.len() as u64 + BRIDGE]
}

/// Puts the objects, still with their old references, into segments. Answers the segments, the addresses of the objects, and the heads of the free lists.
fn placed(heap: &[u8], objects: &[Object], layout: &Layout) -> (Vec<Segment>, Vec<u64>, Vec<u64>) {
    let part = heap.len() / (layout.gaps.len() + 1);
    let start = layout.base;
    let mut segments = vec![Segment {
        start,
        bytes: vec![],
    }];
    let mut chunks = FreeChunks::new();
    let mut addresses = Vec::new();
    for (number, object) in objects.iter().enumerate() {
        let due = object.start / part.max(1);
        if due >= segments.len() && segments.len() <= layout.gaps.len() && number >= FIRST_OBJECTS {
            let last = segments.last().expect("there is a first one");
            let start = last.end() + BRIDGE + layout.gaps[segments.len() - 1];
            segments.push(Segment {
                start,
                bytes: vec![],
            });
        }
        let segment = segments.last_mut().expect("there is a first one");
        addresses.push(segment.end() + (object.header - object.start) as u64);
        segment.bytes.extend(&heap[object.start..object.end]);
        if number >= FIRST_OBJECTS && layout.free_after.is_some_and(|every| number % every == 0) {
            chunks.add(segment);
        }
    }
    (segments, addresses, chunks.heads)
}

/// Lets the references of all objects, and of the header, lead to where they are now.
struct Moves<'a> {
    base: u64,
    objects: &'a [Object],
    addresses: &'a [u64],
}

impl Moves<'_> {
    fn moved(&self, oop: u64) -> u64 {
        if oop & 7 != 0 || oop < self.base {
            return oop;
        }
        let offset = usize::try_from(oop - self.base).expect("an offset");
        match self
            .objects
            .binary_search_by_key(&offset, |object| object.header)
        {
            Ok(index) => self.addresses[index],
            Err(_) => oop,
        }
    }

    fn apply(&self, heap: &[u8], segments: &mut [Segment]) {
        for (object, address) in self.objects.iter().zip(self.addresses) {
            let segment = segments
                .iter_mut()
                .rfind(|segment| segment.start <= *address);
            let segment = segment.expect("an object is in a segment");
            let header = usize::try_from(address - segment.start).expect("an offset");
            for slot in object.references(heap).step_by(8) {
                let at = header + slot - object.header;
                put(&mut segment.bytes, at, self.moved(word(heap, slot)));
            }
        }
    }
}

/// The image, of one segment, laid out so.
///
/// # Panics
/// When it is no such image.
pub fn laid_out(image: &[u8], layout: &Layout) -> Vec<u8> {
    let heap = &image[HEADER..image.len() - BRIDGE as usize];
    let objects = objects(heap);
    let (mut segments, addresses, free_lists) = placed(heap, &objects, layout);
    let moves = Moves {
        base: word(image, 16),
        objects: &objects,
        addresses: &addresses,
    };
    moves.apply(heap, &mut segments);
    if layout.has_empty_segment {
        let before = &segments[segments.len() - 2];
        let start = before.end() + BRIDGE;
        let empty = Segment {
            start,
            bytes: vec![],
        };
        segments.insert(segments.len() - 1, empty);
    }
    let sizes = segments
        .iter()
        .map(|segment| segment.bytes.len() as u64 + BRIDGE);
    let mut file = image[..HEADER].to_vec();
    put(&mut file, 8, sizes.clone().sum());
    put(&mut file, 16, layout.base);
    put(&mut file, 24, moves.moved(word(image, 24)));
    put(&mut file, 72, sizes.clone().next().unwrap_or_default());
    for (number, segment) in segments.iter().enumerate() {
        file.extend(&segment.bytes);
        for word in bridge(segment.end() + BRIDGE, segments.get(number + 1)) {
            file.extend(word.to_le_bytes());
        }
    }
    for (index, head) in free_lists.iter().enumerate() {
        put(&mut file, FREE_LISTS + 8 * index, *head);
    }
    file
}
