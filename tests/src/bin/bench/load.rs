//! How soon the VM executes the first bytecode of a large image.

use std::process::Command;
use std::time::Instant;

use tests::image::{BytecodeSet, Method, Value, World};
use tests::{Session, vm};

/// Bytes of an image's file header, and of the bridge at the end of its heap.
const HEADER_BYTES: usize = 128;
const BRIDGE_BYTES: usize = 16;
/// Header of an Array of two slots.
const PAIR_HEADER: u64 = 2 << 56 | 2 << 24 | 51;

/// Prints the time of runs that end with the first message.
pub(crate) fn run() -> Result<(), String> {
    for (megabytes, aim) in [(5, 10.0), (1000, 800.0)] {
        let session = Session::new(&image(megabytes << 20));
        let mut best = f64::MAX;
        for _ in 0..5 {
            let start = Instant::now();
            let status = Command::new(vm())
                .arg("--interpret")
                .arg(session.path())
                .output()
                .map_err(|error| error.to_string())?;
            best = best.min(start.elapsed().as_secs_f64() * 1e3);
            if !status.status.success() {
                return Err(String::from_utf8_lossy(&status.stderr).into_owned());
            }
        }
        println!(
            "  image of {megabytes:5} MB  {best:8.1} ms (aim {aim}), process start and end included"
        );
    }
    Ok(())
}

/// An image with a list of Arrays of two, of about so many bytes.
fn image(bytes: usize) -> Vec<u8> {
    let mut world = World::new();
    let literals = vec![Value::Object(world.symbol("quit:"))];
    // Pushes the receiver and 0, and sends `quit:`.
    let code = vec![112, 117, 224, 120];
    world.define(
        "Main",
        "start",
        &Method::new(BytecodeSet::V3, literals, code),
    );
    let mut file = world.image();
    let bridge = file.split_off(file.len() - BRIDGE_BYTES);
    let base = word(&file, 16);
    let mut address = base + (file.len() - HEADER_BYTES) as u64;
    let mut previous = base;
    while file.len() < bytes {
        for word in [PAIR_HEADER, previous, previous] {
            file.extend(word.to_le_bytes());
        }
        previous = address;
        address += 24;
    }
    file.extend(bridge);
    let heap = (file.len() - HEADER_BYTES) as u64;
    for offset in [8, 72] {
        file[offset..offset + 8].copy_from_slice(&heap.to_le_bytes());
    }
    file
}

fn word(file: &[u8], offset: usize) -> u64 {
    file[offset..offset + 8]
        .iter()
        .rev()
        .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}
