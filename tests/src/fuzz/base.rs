//! Whole images to begin with.

use crate::image::{BytecodeSet, Method, Value, World};
use crate::images;
use crate::large_image::{Program, References, large_image};
use crate::segments::{Layout, laid_out};

use super::layout::{Object, objects};

/// A world with sends, closures of both kinds, literal variables, loops, arrays, processes and a timer.
fn busy(set: BytecodeSet) -> Vec<u8> {
    let mut world = World::new();
    define_primitives(&mut world);
    let semaphore = world.instance("Semaphore", vec![World::NIL, World::NIL, Value::Integer(1)]);
    world.set_special(29, Value::Object(semaphore));
    let global = world.instance("Association", vec![World::NIL, Value::Integer(5)]);
    let names = ["quit:", "value", "basicNew:", "wait", "sum:", "unheardOf"];
    let mut literals = names.map(|name| Value::Object(world.symbol(name))).to_vec();
    literals.extend([
        Value::Object(global),
        world.class("Array"),
        Value::Integer(40),
        Value::Object(semaphore),
    ]);
    let code = match set {
        BytecodeSet::V3 => busy_v3(),
        BytecodeSet::Sista => busy_sista(&mut world, &mut literals),
    };
    // Header, literals, selector and class.
    let pc = 8 * (literals.len() as i64 + 3) + 1;
    let start = Method {
        temporaries: 3,
        ..Method::new(set, literals, code)
    };
    let start = world.define("Main", "start", &start);
    world.process(start, pc, 3, 2, Value::Object(semaphore));
    world.image()
}

fn define_primitives(world: &mut World) {
    let set = BytecodeSet::V3;
    let primitives = [
        ("Semaphore", "wait", 0, 86),
        ("Class", "basicNew:", 1, 71),
        ("Object", "at:", 1, 60),
        ("Object", "at:put:", 2, 61),
        ("Object", "size", 0, 62),
    ];
    for (class, selector, arguments, primitive) in primitives {
        let method = Method {
            arguments,
            temporaries: arguments,
            primitive,
            ..Method::new(set, vec![], vec![120])
        };
        world.define(class, selector, &method);
    }
    // sum: n: n + the first variable, which is nil or a number; recursive while n > 0.
    let sum = Value::Object(world.symbol("sum:"));
    let method = Method {
        arguments: 1,
        temporaries: 1,
        ..Method::new(
            set,
            vec![sum],
            // n > 0 ifFalse: [ ^ 0 ]. ^ n + (self sum: n - 1)
            vec![
                16, 117, 179, 168, 2, 117, 124, 16, 112, 16, 118, 177, 224, 176, 124,
            ],
        )
    };
    world.define("Object", "sum:", &method);
}

/// Literals: 0 quit: 1 value 2 basicNew: 3 wait 4 sum: 5 unheardOf 6 a variable 7 Array 8 40 9 a semaphore.
fn busy_v3() -> Vec<u8> {
    vec![
        // semaphore wait (once signalled). temp 0 := self sum: 40.
        41, 211, 135, 112, 40, 228, 104, //
        // temp 1 := Array basicNew: 40. temp 1 at: 1 put: temp 0.
        39, 40, 226, 105, 17, 118, 16, 193, 135, //
        // temp 2 := { nil } as a vector of shared temporaries; its element := 0.
        138, 1, 106, 117, 142, 0, 2, //
        // [ shared := shared + 1. shared < 40 ] whileTrue, through a block that copies the vector.
        18, 143, 16, 0, 11, 140, 0, 0, 118, 176, 141, 0, 0, 40, 178, 125, //
        201, 153, 163, 236, //
        // variable := 7. first variable := thisContext. quit.
        119, 130, 0xC6, 137, 96, 112, 140, 0, 2, 224, 120,
    ]
}

/// The same literals, and a block behind them.
fn busy_sista(world: &mut World, literals: &mut Vec<Value>) -> Vec<u8> {
    let block = Method {
        temporaries: 1,
        // shared := shared + 1. ^ shared < 40
        ..Method::new(
            BytecodeSet::Sista,
            vec![Value::Integer(40)],
            vec![251, 0, 0, 81, 96, 252, 0, 0, 32, 98, 94],
        )
    };
    let block = world.block(&block, World::NIL);
    literals.push(Value::Object(block));
    vec![
        41, 131, 216, 76, 40, 148, 208, //
        39, 40, 146, 209, 65, 81, 64, 113, 216, //
        231, 1, 210, 80, 253, 0, 2, //
        66, 249, 10, 1, 121, 195, 225, 255, 237, 246, //
        81, 241, 6, 82, 200, 76, 251, 0, 2, 144, 88,
    ]
}

/// The image with free chunks among its objects, in one segment.
fn with_free_chunks(image: &[u8]) -> Vec<u8> {
    let layout = Layout {
        base: 0x2000_0000,
        gaps: vec![],
        free_after: Some(11),
        has_empty_segment: false,
    };
    laid_out(image, &layout)
}

/// One case of so many damages the large image.
const CASES_PER_LARGE: u64 = 60;
/// So large that two threads load it.
const LARGE_BYTES: usize = 17 << 20;

/// A whole image and its objects.
#[derive(Debug)]
pub struct Base {
    /// The file.
    pub bytes: Vec<u8>,
    /// All objects in it.
    pub objects: Vec<Object>,
}

impl From<Vec<u8>> for Base {
    fn from(bytes: Vec<u8>) -> Base {
        let objects = objects(&bytes);
        Base { bytes, objects }
    }
}

/// What is damaged: small hand-made images of both bytecode sets, one with free chunks, a real one where it is, and a large one.
#[derive(Debug)]
pub struct Bases {
    small: Vec<Base>,
    large: Base,
}

impl Bases {
    /// Makes and reads them.
    ///
    /// # Panics
    /// When the real image is there but cannot be read.
    pub fn new() -> Bases {
        let mut small: Vec<Base> = [BytecodeSet::V3, BytecodeSet::Sista]
            .map(|set| busy(set).into())
            .into();
        small.push(with_free_chunks(&busy(BytecodeSet::V3)).into());
        if let Some(folder) = images() {
            let path = folder.join("candle-tinybenchmarks-short.image");
            small.push(std::fs::read(path).expect("the image can be read").into());
        }
        let large = large_image(LARGE_BYTES, References::Scattered, Program::Quits);
        Bases {
            small,
            large: large.bytes.into(),
        }
    }

    /// The one that the case of a number damages.
    pub fn of(&self, number: u64) -> &Base {
        if number % CASES_PER_LARGE == CASES_PER_LARGE - 1 {
            return &self.large;
        }
        &self.small[(number % self.small.len() as u64) as usize]
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Base> {
        self.small.iter().chain([&self.large])
    }
}

impl Default for Bases {
    fn default() -> Bases {
        Bases::new()
    }
}
