//! Programs of the collector's benchmarks: hand-made images whose methods are assembled here, in V3 bytecodes, which every VM of the family reads.
//!
//! A program notes numbers and writes them, eight bytes each, into a file at its end; that is the one way out that all VMs share.

use std::path::Path;
use std::process::{Command, Stdio};

use tests::image::{BytecodeSet, Method, Ref, Value, World};
use tests::statistics::figures;

/// Name of the file with the noted numbers.
const FIGURES: &str = "figures";
/// How many numbers a program can note.
const ROOM: usize = 16;

/// A temporary of a method, arguments first.
#[derive(Clone, Copy)]
pub(crate) struct Temporary(pub(crate) u8);

/// A method under construction.
#[derive(Default)]
pub(crate) struct Code {
    literals: Vec<Value>,
    bytes: Vec<u8>,
}

/// An image under construction.
pub(crate) struct Program {
    world: World,
    figures: Ref,
}

impl Program {
    /// A world whose objects understand `new:`, `at:`, `at:put:`, and whose `Main` has a `clock`, `collectAll`, `scavenge` and `note:at:`.
    pub(crate) fn new() -> Program {
        let mut world = World::new();
        let figures = world.bytes("ByteArray", &[0; 8 * ROOM]);
        let mut program = Program { world, figures };
        program.define_primitive("Object", "new:", 1, 71);
        program.define_primitive("Object", "at:", 1, 60);
        program.define_primitive("Object", "at:put:", 2, 61);
        program.define_primitive("Main", "clock", 0, 240);
        program.define_primitive("Main", "collectAll", 0, 130);
        program.define_primitive("Main", "scavenge", 0, 131);
        program.define_file_primitive("open:writable:", 2, "primitiveFileOpen");
        program.define_file_primitive("write:from:at:count:", 4, "primitiveFileWrite");
        program.define_note();
        program.define_end();
        program
    }

    /// Adds a method to `Main`.
    pub(crate) fn define(&mut self, selector: &str, arguments: u8, temporaries: u8, code: Code) {
        let method = Method {
            arguments,
            temporaries: arguments + temporaries,
            ..Method::new(BytecodeSet::V3, code.literals, code.bytes)
        };
        self.world.define("Main", selector, &method);
    }

    /// The image, which starts with `Main>>start`.
    pub(crate) fn image(self) -> Vec<u8> {
        self.world.image()
    }

    /// Sends a message; its receiver and arguments are on the stack.
    pub(crate) fn send(&mut self, code: &mut Code, selector: &str, arguments: u8) {
        let symbol = Value::Object(self.world.symbol(selector));
        let index = code.literal(symbol);
        code.bytes.extend([131, arguments << 5 | index]);
    }

    /// Pushes a new Array.
    pub(crate) fn push_new_array(&mut self, code: &mut Code, size: i64) {
        let class = self.world.class("Array");
        code.push(class);
        code.push(Value::Integer(size));
        self.send(code, "new:", 1);
    }

    /// Pushes the time in microseconds.
    pub(crate) fn push_clock(&mut self, code: &mut Code) {
        code.receiver();
        self.send(code, "clock", 0);
    }

    /// Sends a message without arguments to the receiver and drops what it answers.
    pub(crate) fn perform(&mut self, code: &mut Code, selector: &str) {
        code.receiver();
        self.send(code, selector, 0);
        code.pop();
    }

    /// Notes the microseconds since the time that a temporary holds as figure `place`.
    pub(crate) fn note_since(&mut self, code: &mut Code, start: Temporary, place: i64) {
        code.receiver();
        self.push_clock(code);
        code.get(start);
        code.subtract();
        code.push(Value::Integer(place * 8));
        self.send(code, "note:at:", 2);
        code.pop();
    }

    /// Writes the figures and ends the program.
    pub(crate) fn end(&mut self, code: &mut Code) {
        self.perform(code, "end");
        code.return_receiver();
    }

    fn define_primitive(&mut self, class: &str, selector: &str, arguments: u8, number: u16) {
        let mut failed = Code::default();
        self.quit(&mut failed, 80 + arguments);
        let method = Method {
            arguments,
            temporaries: arguments,
            primitive: number,
            ..Method::new(BytecodeSet::V3, failed.literals, failed.bytes)
        };
        self.world.define(class, selector, &method);
    }

    /// Ends the program with a status.
    fn quit(&mut self, code: &mut Code, status: u8) {
        code.receiver();
        code.push(Value::Integer(i64::from(status)));
        self.send(code, "quit:", 1);
        code.return_receiver();
    }

    fn define_file_primitive(&mut self, selector: &str, arguments: u8, name: &str) {
        let words = ["FilePlugin", name].map(|word| Value::Object(self.world.symbol(word)));
        let mut function = words.to_vec();
        function.extend([Value::Integer(0), Value::Integer(0)]);
        let function = Value::Object(self.world.array(function));
        let mut failed = Code::default();
        failed.literal(function);
        self.quit(&mut failed, 90 + arguments);
        let method = Method {
            arguments,
            temporaries: arguments,
            primitive: 117,
            ..Method::new(BytecodeSet::V3, failed.literals, failed.bytes)
        };
        self.world.define("Main", selector, &method);
    }

    /// `note: aNumber at: anOffset` stores seven bytes of a number in the figures, the lowest first.
    fn define_note(&mut self) {
        let [number, offset, count] = [0, 1, 2].map(Temporary);
        let figures = Value::Object(self.figures);
        let mut code = Code::default();
        code.set_integer(count, 0);
        // The arguments of a V3 method cannot be assigned, but the bytecodes do not know.
        code.count_up(count, 7, |code| {
            code.push(figures);
            code.get(offset);
            code.get(count);
            code.add();
            code.push(Value::Integer(1));
            code.add();
            code.get(number);
            code.push(Value::Integer(256));
            code.remainder();
            code.at_put();
            code.pop();
            code.get(number);
            code.push(Value::Integer(256));
            code.divide();
            code.set(number);
        });
        code.return_receiver();
        self.define("note:at:", 2, 1, code);
    }

    fn define_end(&mut self) {
        let file = Temporary(0);
        let name = Value::Object(self.world.string(FIGURES));
        let figures = Value::Object(self.figures);
        let mut code = Code::default();
        code.receiver();
        code.push(name);
        code.push(World::TRUE);
        self.send(&mut code, "open:writable:", 2);
        code.set(file);
        code.receiver();
        code.get(file);
        code.push(figures);
        code.push(Value::Integer(1));
        code.push(Value::Integer(8 * ROOM as i64));
        self.send(&mut code, "write:from:at:count:", 4);
        code.pop();
        self.quit(&mut code, 0);
        self.define("end", 0, 1, code);
    }
}

impl Code {
    fn literal(&mut self, value: Value) -> u8 {
        self.literals.push(value);
        let index = self.literals.len() - 1;
        assert!(index < 32, "a method of a benchmark has too many literals");
        index as u8
    }

    /// Pushes a literal.
    pub(crate) fn push(&mut self, value: Value) {
        let index = self.literal(value);
        self.bytes.push(32 + index);
    }

    /// Pushes the receiver.
    pub(crate) fn receiver(&mut self) {
        self.bytes.push(112);
    }

    /// Pushes a temporary.
    pub(crate) fn get(&mut self, temporary: Temporary) {
        self.bytes.push(16 + temporary.0);
    }

    /// Stores the top of the stack into a temporary and drops it.
    pub(crate) fn set(&mut self, temporary: Temporary) {
        self.bytes.push(104 + temporary.0);
    }

    /// Stores an integer into a temporary.
    pub(crate) fn set_integer(&mut self, temporary: Temporary, value: i64) {
        self.push(Value::Integer(value));
        self.set(temporary);
    }

    /// Pushes a variable of the receiver.
    pub(crate) fn variable(&mut self, index: u8) {
        self.bytes.push(index);
    }

    /// Stores the top of the stack into a variable of the receiver and drops it.
    pub(crate) fn set_variable(&mut self, index: u8) {
        self.bytes.push(96 + index);
    }

    /// Pushes nil.
    pub(crate) fn nil(&mut self) {
        self.bytes.push(115);
    }

    /// Drops the top of the stack.
    pub(crate) fn pop(&mut self) {
        self.bytes.push(135);
    }

    /// Makes an Array of the two values on the stack: an object of 24 bytes.
    pub(crate) fn pair(&mut self) {
        self.bytes.extend([138, 130]);
    }

    /// Makes an Array of two nils and drops it.
    pub(crate) fn waste_pair(&mut self) {
        self.nil();
        self.nil();
        self.pair();
        self.pop();
    }

    /// `+`
    pub(crate) fn add(&mut self) {
        self.bytes.push(176);
    }

    /// `-`
    pub(crate) fn subtract(&mut self) {
        self.bytes.push(177);
    }

    /// `<`
    pub(crate) fn less(&mut self) {
        self.bytes.push(178);
    }

    /// `=`
    pub(crate) fn equal(&mut self) {
        self.bytes.push(182);
    }

    /// `*`
    pub(crate) fn multiply(&mut self) {
        self.bytes.push(184);
    }

    /// `\\`
    pub(crate) fn remainder(&mut self) {
        self.bytes.push(186);
    }

    /// `//`
    pub(crate) fn divide(&mut self) {
        self.bytes.push(189);
    }

    /// `at:`
    pub(crate) fn at(&mut self) {
        self.bytes.push(192);
    }

    /// `at:put:`
    pub(crate) fn at_put(&mut self) {
        self.bytes.push(193);
    }

    /// `^ self`
    pub(crate) fn return_receiver(&mut self) {
        self.bytes.push(120);
    }

    /// `^` the top of the stack
    pub(crate) fn return_top(&mut self) {
        self.bytes.push(124);
    }

    /// `temporary := temporary + 1`
    pub(crate) fn increment(&mut self, temporary: Temporary) {
        self.get(temporary);
        self.bytes.push(118);
        self.add();
        self.set(temporary);
    }

    /// `condition ifTrue: [ then ]`; the condition is on the stack.
    pub(crate) fn if_true(&mut self, then: impl FnOnce(&mut Code)) {
        let jump = self.bytes.len();
        self.bytes.extend([172, 0]);
        then(self);
        let distance = self.bytes.len() - jump - 2;
        assert!(distance < 1024, "a jump of a benchmark is too long");
        self.bytes[jump] = 172 + (distance >> 8) as u8;
        self.bytes[jump + 1] = distance as u8;
    }

    /// `[ counter < limit ] whileTrue: [ body. counter := counter + 1 ]`
    pub(crate) fn count_up(
        &mut self,
        counter: Temporary,
        limit: i64,
        body: impl FnOnce(&mut Code),
    ) {
        let start = self.bytes.len();
        self.get(counter);
        self.push(Value::Integer(limit));
        self.less();
        self.if_true(|code| {
            body(code);
            code.increment(counter);
            let back = start as i32 - code.bytes.len() as i32 - 2;
            assert!(back >= -1024, "a loop of a benchmark is too long");
            code.bytes.extend([(164 + (back >> 8)) as u8, back as u8]);
        });
    }
}

/// What one run of a program has told.
pub(crate) struct Figures {
    noted: Vec<u64>,
    /// What the VM wrote to its error output.
    pub(crate) stderr: String,
}

impl Figures {
    /// The figure at a place, in seconds.
    pub(crate) fn seconds(&self, place: usize) -> f64 {
        self.noted[place] as f64 / 1e6
    }

    /// The number behind `name` in what `--stats` has printed, the one at `place` among several.
    pub(crate) fn statistic(&self, name: &str, place: usize) -> Result<f64, String> {
        let figures = figures(&self.stderr, name);
        let figure = figures.get(place).map(|figure| *figure as f64);
        figure.ok_or_else(|| format!("--stats does not say {name}"))
    }
}

/// Runs a program on a VM, in a folder of its own.
pub(crate) fn measure(command: &[String], image: &[u8]) -> Result<Figures, String> {
    let folder = std::env::temp_dir().join(format!("ouro-bench-{}", std::process::id()));
    let told = |error: std::io::Error| format!("{}: {error}", folder.display());
    std::fs::create_dir_all(&folder).map_err(told)?;
    std::fs::write(folder.join("bench.image"), image).map_err(told)?;
    let result = run_in(&folder, command);
    std::fs::remove_dir_all(&folder).map_err(told)?;
    result
}

fn run_in(folder: &Path, command: &[String]) -> Result<Figures, String> {
    let output = Command::new(&command[0])
        .args(&command[1..])
        .arg("bench.image")
        .current_dir(folder)
        .stdout(Stdio::null())
        .output()
        .map_err(|error| format!("{}: {error}", command[0]))?;
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let bytes = std::fs::read(folder.join(FIGURES)).map_err(|error| {
        format!(
            "{} ended with {} and left no figures: {error}\n{stderr}",
            command[0], output.status
        )
    })?;
    let noted = bytes
        .chunks_exact(8)
        .map(|chunk| {
            chunk
                .iter()
                .rev()
                .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
        })
        .collect();
    Ok(Figures { noted, stderr })
}
