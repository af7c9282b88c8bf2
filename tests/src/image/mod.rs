//! Small hand-made Spur images: a world with just the classes that the VM knows, and methods assembled byte by byte.
//!
//! An image begins with `nil false true`, the free lists, the class table and its pages, as the format asks, so tests can also damage it with knowledge of where things are.

mod object;
mod world;

pub use object::{Body, Object, Ref, Value};
pub use world::{BytecodeSet, Method, World};

use object::Placed;

/// The address that the first byte of the heap claims to have had.
const OLD_BASE: u64 = 0x1000_0000;
const HEADER_SIZE: u64 = 128;
const FORMAT_64_BIT_SPUR: u32 = 68021;
/// Floats are in little-endian order.
const FLAGS: u64 = 2;
/// A bridge object that nothing follows.
const FINAL_BRIDGE: u64 = 0x0080_0000_4900_0003;

/// Lays objects out one behind the other and writes the file.
pub(crate) fn write(objects: &[Object], special_objects: Ref) -> Vec<u8> {
    let placed = Placed::at(OLD_BASE, objects);
    let mut heap = placed.bytes(objects);
    heap.extend(FINAL_BRIDGE.to_le_bytes());
    heap.extend(0_u64.to_le_bytes());

    let size = heap.len() as u64;
    let mut file = vec![0; HEADER_SIZE as usize];
    put(&mut file, 0, &FORMAT_64_BIT_SPUR.to_le_bytes());
    put(&mut file, 4, &(HEADER_SIZE as u32).to_le_bytes());
    put(&mut file, 8, &size.to_le_bytes());
    put(&mut file, 16, &OLD_BASE.to_le_bytes());
    put(
        &mut file,
        24,
        &placed.address(special_objects).to_le_bytes(),
    );
    put(&mut file, 32, &12345_u64.to_le_bytes());
    put(&mut file, 48, &FLAGS.to_le_bytes());
    put(&mut file, 72, &size.to_le_bytes());
    file.extend(heap);
    file
}

fn put(file: &mut [u8], offset: usize, bytes: &[u8]) {
    file[offset..offset + bytes.len()].copy_from_slice(bytes);
}
