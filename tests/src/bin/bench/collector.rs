//! The collector under programs that run in the interpreter: allocation with survivors, a growing heap, full collections, and stores into old objects.
//! The stock VM runs the same images, where there is one.

use crate::machines::{ours, stock};
use tests::image::Value;

use crate::program::{Code, Figures, Program, Temporary, measure};

/// Objects of all programs are Arrays of two: a header and two slots.
const OBJECT_BYTES: f64 = 24.0;
/// Elements of a row of a table.
const ROW: i64 = 1 << 14;
/// Instead of the stock VM's figures.
const NO_FIGURES: &str =
    "  stock VM  left out: OURO_STOCK_VM is its command, which has to end well";

/// Prints how much memory per second a program can allocate while 5 % of it survive.
pub(crate) fn scavenging() -> Result<(), String> {
    const KEPT: i64 = 2_083_333;
    const TOTAL: i64 = 416_666_660;
    let image = survivor_program(TOTAL, KEPT);
    let bytes = TOTAL as f64 * OBJECT_BYTES;
    let mut best = [f64::MAX; 2];
    let mut statistics = None;
    for _ in 0..2 {
        let own = measure(&ours(&["--stats"]), &image)?;
        if own.seconds(0) < best[0] {
            best[0] = own.seconds(0);
            statistics = Some(own);
        }
        if let Some(figures) = measure_stock(&image) {
            best[1] = best[1].min(figures.seconds(0));
        }
    }
    println!("  10 GB of 24-byte objects, 5 % survive a scavenge, 50 MB live");
    println!("  Ouro      {:8.2} GB/s (aim 1)", bytes / best[0] / 1e9);
    if let Some(figures) = statistics {
        print_collections(&figures, best[0])?;
    }
    print_stock(best[1], |time| format!("{:8.2} GB/s", bytes / time / 1e9));
    Ok(())
}

/// Prints what an object costs that lives on: a tree that is built and kept.
pub(crate) fn promotion() -> Result<(), String> {
    const DEPTH: i64 = 24;
    let nodes = ((2_i64 << DEPTH) - 1) as f64;
    let image = tree_program(DEPTH);
    let own = fastest_of_three(&image)?;
    let theirs = measure_stock(&image).map_or(f64::MAX, |figures| figures.seconds(0));
    let collecting = own.statistic("processor time in collections, us: ", 0)?;
    let promoted = own.statistic("bytes promoted to old space: ", 0)? / OBJECT_BYTES;
    println!("  a tree of {nodes:.0} objects, 0.8 GB, is built and kept");
    println!(
        "  Ouro      {:8.1} ns of processor time in the collector for an object that reaches old space (aim 45)",
        collecting * 1e3 / promoted
    );
    print_collections(&own, own.seconds(0))?;
    let each = |time: f64| format!("{:8.1} ns for an object in all", time * 1e9 / nodes);
    println!("  Ouro      {}", each(own.seconds(0)));
    print_stock(theirs, each);
    Ok(())
}

/// Prints the pause of a full collection of a large heap in disorder.
pub(crate) fn full_collection() -> Result<(), String> {
    const COUNT: i64 = 1 << 25;
    let image = shuffle_program(COUNT);
    let own = fastest_of_three(&image)?;
    let other = measure_stock(&image);
    println!(
        "  33.5 million objects of 24 bytes live, in random order, and as many that died between them"
    );
    println!(
        "  Ouro      {:8.0} ms (aim 600), again {:.0} ms",
        own.seconds(0) * 1e3,
        own.seconds(1) * 1e3
    );
    match other {
        Some(figures) => println!(
            "  stock VM  {:8.0} ms, again {:.0} ms",
            figures.seconds(0) * 1e3,
            figures.seconds(1) * 1e3
        ),
        None => println!("{NO_FIGURES}"),
    }
    println!("  pauses of the whole program:");
    for line in own.stderr.lines().filter(|line| line.starts_with("pauses")) {
        println!("    {line}");
    }
    Ok(())
}

/// Prints by how much a scavenge takes longer when a young object was stored into a huge old array.
pub(crate) fn old_stores() -> Result<(), String> {
    const ROUNDS: i64 = 400;
    let [without, with] = [2, 1_000_000].map(|slots| store_program(ROUNDS, slots));
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..5 {
        for (image, times) in [&without, &with].into_iter().zip(&mut times) {
            let figures = measure(&ours(&["--stats"]), image)?;
            times.push(figures.statistic("scavenges: ", 1)? / figures.statistic("scavenges: ", 0)?);
        }
    }
    let [without, with] = times.map(|times| times.into_iter().fold(f64::MAX, f64::min));
    println!("  a young store into an old Array of 1,000,000 between scavenges");
    println!(
        "  pause with a store into an Array of two {without:8.1} us, of 1,000,000 {with:8.1} us"
    );
    println!("  ratio         {:8.2}    (aim 1.10)", with / without);
    Ok(())
}

/// Our figures for an image in the run whose first time is the least.
///
/// The runs follow each other at once: a virtual machine's host takes memory back that nobody has used for some seconds,
/// and then the first touch of each page costs more than all that is measured here.
fn fastest_of_three(image: &[u8]) -> Result<Figures, String> {
    let mut best = measure(&ours(&["--stats"]), image)?;
    for _ in 1..3 {
        let figures = measure(&ours(&["--stats"]), image)?;
        if figures.seconds(0) < best.seconds(0) {
            best = figures;
        }
    }
    Ok(best)
}

fn print_stock(time: f64, shown: impl Fn(f64) -> String) {
    if time < f64::MAX {
        println!("  stock VM  {}", shown(time));
    } else {
        println!("{NO_FIGURES}");
    }
}

/// Runs the stock VM's interpreter, if `OURO_STOCK_VM` says its command. A run that ends badly is told, and has no figures.
fn measure_stock(image: &[u8]) -> Option<Figures> {
    let command = stock()?;
    measure(&command, image)
        .inspect_err(|message| println!("  stock VM  failed: {message}"))
        .ok()
}

fn print_collections(figures: &Figures, seconds: f64) -> Result<(), String> {
    println!(
        "  of {seconds:.2} s: {} scavenges {:.2} s, {} full collections {:.2} s",
        figures.statistic("scavenges: ", 0)?,
        figures.statistic("scavenges: ", 1)? / 1e6,
        figures.statistic("full collections: ", 0)?,
        figures.statistic("full collections: ", 1)? / 1e6,
    );
    Ok(())
}

/// Allocates `total` objects. Every twentieth replaces the one that was kept `kept` objects before.
fn survivor_program(total: i64, kept: i64) -> Vec<u8> {
    let [ring, start, round, place] = [0, 1, 2, 3].map(Temporary);
    let mut program = Program::new();
    let mut code = Code::default();
    program.push_new_array(&mut code, kept);
    code.set(ring);
    program.push_clock(&mut code);
    code.set(start);
    code.set_integer(round, 0);
    code.set_integer(place, 1);
    code.count_up(round, total / 20, |code| {
        for _ in 0..19 {
            code.waste_pair();
        }
        code.get(ring);
        code.get(place);
        code.nil();
        code.nil();
        code.pair();
        code.at_put();
        code.pop();
        code.increment(place);
        code.get(place);
        code.push(Value::Integer(kept));
        code.equal();
        code.if_true(|code| code.set_integer(place, 1));
    });
    program.note_since(&mut code, start, 0);
    program.end(&mut code);
    program.define("start", 0, 4, code);
    program.image()
}

/// Builds a binary tree of the given depth and keeps it.
fn tree_program(depth: i64) -> Vec<u8> {
    let [tree, start] = [0, 1].map(Temporary);
    let mut program = Program::new();
    program.define_tree();
    let mut code = Code::default();
    program.push_clock(&mut code);
    code.set(start);
    code.receiver();
    code.push(Value::Integer(depth));
    program.send(&mut code, "tree:", 1);
    code.set(tree);
    program.note_since(&mut code, start, 0);
    program.end(&mut code);
    program.define("start", 0, 2, code);
    program.image()
}

impl Program {
    /// `tree: depth` answers a binary tree of Arrays of two.
    fn define_tree(&mut self) {
        let depth = Temporary(0);
        let mut code = Code::default();
        code.get(depth);
        code.push(Value::Integer(0));
        code.equal();
        code.if_true(|code| {
            code.nil();
            code.nil();
            code.pair();
            code.return_top();
        });
        for _ in 0..2 {
            code.receiver();
            code.get(depth);
            code.push(Value::Integer(1));
            code.subtract();
            self.send(&mut code, "tree:", 1);
        }
        code.pair();
        code.return_top();
        self.define("tree:", 1, 0, code);
    }

    /// `get: n` and `put: n value: anObject` reach the elements of a table in the first variable of `Main`, counted from 0.
    /// It is an Array of rows: the stock VM does not make Arrays of hundreds of megabytes.
    fn define_table(&mut self) {
        let [place, value] = [0, 1].map(Temporary);
        let find = |code: &mut Code| {
            code.variable(0);
            for (operation, last) in [
                (Code::divide as fn(&mut Code), false),
                (Code::remainder, true),
            ] {
                code.get(place);
                code.push(Value::Integer(ROW));
                operation(code);
                code.push(Value::Integer(1));
                code.add();
                if !last {
                    code.at();
                }
            }
        };
        let mut code = Code::default();
        find(&mut code);
        code.at();
        code.return_top();
        self.define("get:", 1, 0, code);
        let mut code = Code::default();
        find(&mut code);
        code.get(value);
        code.at_put();
        code.return_top();
        self.define("put:value:", 2, 0, code);
    }

    /// `fill` makes a table of `count` objects that lie in memory as they do in the table.
    fn define_fill(&mut self, count: i64) {
        let [each, row] = [0, 1].map(Temporary);
        let mut code = Code::default();
        self.push_new_array(&mut code, count / ROW);
        code.set_variable(0);
        code.set_integer(row, 1);
        code.count_up(row, count / ROW + 1, |code| {
            code.variable(0);
            code.get(row);
            self.push_new_array(code, ROW);
            code.at_put();
            code.pop();
        });
        code.set_integer(each, 0);
        code.count_up(each, count, |code| {
            code.receiver();
            code.get(each);
            code.nil();
            code.nil();
            code.pair();
            self.send(code, "put:value:", 2);
            code.pop();
        });
        self.perform(&mut code, "collectAll");
        code.return_receiver();
        self.define("fill", 0, 2, code);
    }

    /// `shuffle` exchanges each of the `count` elements at even places with a random one before it.
    fn define_shuffle(&mut self, count: i64) {
        let [each, seed, place, element] = [0, 1, 2, 3].map(Temporary);
        let mut code = Code::default();
        code.set_integer(each, 1);
        code.set_integer(seed, 1);
        code.count_up(each, count, |code| {
            code.get(seed);
            code.push(Value::Integer(16807));
            code.multiply();
            code.push(Value::Integer((1 << 31) - 1));
            code.remainder();
            code.set(seed);
            code.get(seed);
            code.get(each);
            code.remainder();
            code.set(place);
            self.push_even(code, place);
            code.set(element);
            for (to, from) in [(place, Some(each)), (each, None)] {
                code.receiver();
                code.get(to);
                code.get(to);
                code.add();
                match from {
                    Some(from) => self.push_even(code, from),
                    None => code.get(element),
                }
                self.send(code, "put:value:", 2);
                code.pop();
            }
        });
        code.return_receiver();
        self.define("shuffle", 0, 4, code);
    }

    /// Pushes the element at twice the place that a temporary holds.
    fn push_even(&mut self, code: &mut Code, place: Temporary) {
        code.receiver();
        code.get(place);
        code.get(place);
        code.add();
        self.send(code, "get:", 1);
    }

    /// `link` makes a binary tree of the `count` elements at even places, in their order, forgets the table and answers the root.
    fn define_link(&mut self, count: i64) {
        let [each, parent, child, root] = [0, 1, 2, 3].map(Temporary);
        let mut code = Code::default();
        code.set_integer(each, 0);
        code.count_up(each, count / 2 - 1, |code| {
            self.push_even(code, each);
            code.set(parent);
            code.get(each);
            code.get(each);
            code.add();
            code.set(child);
            for slot in [1, 2] {
                code.increment(child);
                code.get(parent);
                code.push(Value::Integer(slot));
                self.push_even(code, child);
                code.at_put();
                code.pop();
            }
        });
        code.set_integer(each, 0);
        self.push_even(&mut code, each);
        code.set(root);
        code.nil();
        code.set_variable(0);
        code.get(root);
        code.return_top();
        self.define("link", 0, 4, code);
    }
}

/// Makes twice `count` objects, keeps every second one, as a tree in random order, and collects twice.
fn shuffle_program(count: i64) -> Vec<u8> {
    let [tree, start] = [0, 1].map(Temporary);
    let mut program = Program::new();
    program.define_table();
    program.define_fill(2 * count);
    program.define_shuffle(count);
    program.define_link(count);
    let mut code = Code::default();
    program.perform(&mut code, "fill");
    program.perform(&mut code, "shuffle");
    code.receiver();
    program.send(&mut code, "link", 0);
    code.set(tree);
    for place in [0, 1] {
        program.push_clock(&mut code);
        code.set(start);
        program.perform(&mut code, "collectAll");
        program.note_since(&mut code, start, place);
    }
    program.end(&mut code);
    program.define("start", 0, 2, code);
    program.image()
}

/// Scavenges `rounds` times, with one object in twenty alive. One more young object is kept in an old array before each:
/// in one of a million slots or, to compare, in one of two.
fn store_program(rounds: i64, slots: i64) -> Vec<u8> {
    const YOUNG: i64 = 5000;
    let [array, round, place, each, young] = [0, 1, 2, 3, 4].map(Temporary);
    let mut program = Program::new();
    let mut code = Code::default();
    program.push_new_array(&mut code, slots);
    code.set(array);
    program.perform(&mut code, "collectAll");
    code.set_integer(round, 0);
    code.set_integer(place, 0);
    code.count_up(round, rounds, |code| {
        code.get(place);
        code.push(Value::Integer(7919));
        code.add();
        code.push(Value::Integer(slots));
        code.remainder();
        code.set(place);
        code.get(array);
        code.get(place);
        code.push(Value::Integer(1));
        code.add();
        code.nil();
        code.nil();
        code.pair();
        code.at_put();
        code.pop();
        program.push_new_array(code, YOUNG);
        code.set(young);
        code.set_integer(each, 1);
        code.count_up(each, YOUNG + 1, |code| {
            for _ in 0..19 {
                code.waste_pair();
            }
            code.get(young);
            code.get(each);
            code.nil();
            code.nil();
            code.pair();
            code.at_put();
            code.pop();
        });
        program.perform(code, "scavenge");
    });
    program.end(&mut code);
    program.define("start", 0, 5, code);
    program.image()
}
