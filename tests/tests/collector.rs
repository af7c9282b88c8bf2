//! The collector under programs that allocate: the same answers plain, under stress, and with the heap verified around each collection.

use tests::Session;
use tests::image::{BytecodeSet, Method, Value, World};
use tests::planted::{planted_vm, primitive};
use tests::statistics::figure;

/// No memory for a mapping, as the VM with planted faults numbers failures.
const NO_MEMORY: i64 = -3;

const RECEIVER: u8 = 112;
const RETURN_RECEIVER: u8 = 120;
const NIL: u8 = 115;
const ZERO: u8 = 117;
const ONE: u8 = 118;
const TWO: u8 = 119;
const POP: u8 = 135;
const ADD: u8 = 176;
const LESS: u8 = 178;
const EQUAL: u8 = 182;
const AT: u8 = 192;
const NEW: u8 = 205;
/// `quit:`, the first literal of every program here.
const QUIT: u8 = 224;

const fn temporary(index: u8) -> u8 {
    16 + index
}

const fn store(index: u8) -> u8 {
    104 + index
}

const fn literal(index: u8) -> u8 {
    32 + index
}

/// `temporary := temporary + 1`.
const fn increment(index: u8) -> [u8; 4] {
    [temporary(index), ONE, ADD, store(index)]
}

/// `[ counter < limit ] whileTrue: [ body. counter := counter + 1 ]` in V3 bytecodes.
fn count_up(counter: u8, limit: u8, body: &[u8]) -> Vec<u8> {
    let mut code = vec![temporary(counter), literal(limit), LESS];
    let inside = body.len() + increment(counter).len();
    let over = inside + 2;
    code.extend([
        172 + u8::try_from(over >> 8).expect("a short loop"),
        over as u8,
    ]);
    code.extend(body);
    code.extend(increment(counter));
    let back = -i32::try_from(code.len() + 2).expect("a short loop");
    code.extend([(164 + (back >> 8)) as u8, back as u8]);
    code
}

/// A program that makes a list of `count` pairs, followed by `garbage` arrays each that nobody keeps, and adds up the numbers in the list.
/// It quits with 1 if the sum is right, with 2 if it is not.
fn list_program(count: i64, garbage: i64) -> Vec<u8> {
    let (list, number, other, sum) = (0, 1, 2, 3);
    let (count_literal, garbage_literal, sum_literal) = (1, 2, 3);
    let mut world = World::new();
    let at = Method {
        arguments: 1,
        temporaries: 1,
        primitive: 60,
        ..Method::new(BytecodeSet::V3, vec![], vec![RETURN_RECEIVER])
    };
    world.define("Object", "at:", &at);
    let literals = vec![
        Value::Object(world.symbol("quit:")),
        Value::Integer(count),
        Value::Integer(garbage),
        Value::Integer(count * (count - 1) / 2),
    ];
    let pair = [temporary(list), temporary(number), 138, 130, store(list)];
    let waste = [138, 5, POP];
    let mut make = pair.to_vec();
    make.extend([ZERO, store(other)]);
    make.extend(count_up(other, garbage_literal, &waste));
    let add_up = [
        temporary(sum),
        temporary(list),
        TWO,
        AT,
        ADD,
        store(sum),
        temporary(list),
        ONE,
        AT,
        store(list),
    ];
    let mut code = vec![NIL, store(list), ZERO, store(number), ZERO, store(sum)];
    code.extend(count_up(number, count_literal, &make));
    code.extend([ZERO, store(number)]);
    code.extend(count_up(number, count_literal, &add_up));
    code.extend([RECEIVER, temporary(sum), literal(sum_literal), EQUAL]);
    code.extend([153, ONE, 144, TWO, QUIT, RETURN_RECEIVER]);
    let start = Method {
        temporaries: 4,
        ..Method::new(BytecodeSet::V3, literals, code)
    };
    world.define("Main", "start", &start);
    world.image()
}

fn runs_well(image: &[u8], options: &[&str]) -> String {
    let run = Session::new(image).run(options);
    assert_eq!(run.status, 1, "{options:?}: {}", run.stderr);
    run.stderr
}

#[test]
fn a_list_survives_scavenges_that_are_due() {
    let image = list_program(200_000, 10);
    let statistics = runs_well(&image, &["--stats", "--check-heap"]);
    assert!(figure(&statistics, "scavenges: ") > 10, "{statistics}");
    assert!(
        figure(&statistics, "bytes promoted to old space: ") > 1_000_000,
        "{statistics}"
    );
}

#[test]
fn a_list_survives_a_collection_at_every_allocation() {
    let image = list_program(60, 3);
    let options = ["--gc-stress", "1", "--check-heap", "--stats"];
    let statistics = runs_well(&image, &options);
    assert!(figure(&statistics, "scavenges: ") > 100, "{statistics}");
    assert!(
        figure(&statistics, "full collections: ") > 10,
        "{statistics}"
    );
}

#[test]
fn a_list_survives_whatever_the_distance_of_collections() {
    let image = list_program(3_000, 5);
    for interval in ["7", "64", "999"] {
        runs_well(&image, &["--gc-stress", interval, "--check-heap"]);
    }
}

#[test]
fn a_list_survives_in_holes() {
    let image = list_program(3_000, 5);
    for interval in ["1", "7", "64", "999"] {
        let options = ["--gc-stress", interval, "--gc-in-place", "--stats"];
        let statistics = runs_well(&image, &[&options[..], &["--check-heap"]].concat());
        for name in ["full collections in place: ", "bytes promoted into holes: "] {
            assert!(figure(&statistics, name) > 0, "{interval}: {statistics}");
        }
    }
}

#[test]
fn garbage_does_not_make_the_heap_grow() {
    let image = list_program(1_000_000, 20);
    let statistics = runs_well(&image, &["--stats"]);
    assert!(figure(&statistics, "scavenges: ") > 100, "{statistics}");
    assert!(
        figure(&statistics, "bytes promoted to old space: ") < 60_000_000,
        "{statistics}"
    );
}

/// A program that makes `count` Arrays of `size`, one after the other, which it does not keep. It quits with 1, or with 7 if there is no memory for one.
fn large_array_program(count: i64, size: i64) -> Vec<u8> {
    let number = 0;
    let mut world = World::new();
    let quit = Value::Object(world.symbol("quit:"));
    let new = Method {
        arguments: 1,
        temporaries: 1,
        primitive: 71,
        ..Method::new(
            BytecodeSet::V3,
            vec![quit, Value::Integer(7)],
            vec![RECEIVER, literal(1), QUIT, RETURN_RECEIVER],
        )
    };
    world.define("Object", "new:", &new);
    let literals = vec![
        quit,
        Value::Integer(count),
        world.class("Array"),
        Value::Integer(size),
    ];
    let mut code = vec![ZERO, store(number)];
    code.extend(count_up(number, 1, &[literal(2), literal(3), NEW, POP]));
    code.extend([RECEIVER, ONE, QUIT, RETURN_RECEIVER]);
    let start = Method {
        temporaries: 1,
        ..Method::new(BytecodeSet::V3, literals, code)
    };
    world.define("Main", "start", &start);
    world.image()
}

#[test]
fn an_object_for_which_there_is_no_memory_fails_its_primitive() {
    let run = Session::new(&large_array_program(1, 100_000_000)).run(&["--max-heap", "32m"]);
    assert_eq!(run.status, 7, "{}", run.stderr);
}

#[test]
fn large_garbage_makes_room_before_memory_runs_out() {
    let image = large_array_program(200, 500_000);
    runs_well(&image, &["--max-heap", "32m", "--check-heap"]);
}

/// How long pauses are at most, in microseconds, and how many of them there were, by class.
fn pauses(statistics: &str) -> Vec<(u64, u64)> {
    let classes = statistics.lines().filter_map(|line| {
        let (below, count) = line.strip_prefix("pauses below ")?.split_once(" us: ")?;
        Some((below.parse().ok()?, count.parse().ok()?))
    });
    classes.collect()
}

#[test]
fn every_pause_is_in_the_histogram_and_none_in_a_class_above_the_longest() {
    let image = list_program(100_000, 10);
    let statistics = runs_well(&image, &["--stats", "--gc-stress", "30000"]);
    let collections =
        figure(&statistics, "scavenges: ") + figure(&statistics, "full collections: ");
    assert!(collections > 20, "{statistics}");
    let pauses = pauses(&statistics);
    let counted: u64 = pauses.iter().map(|&(_, count)| count).sum();
    assert_eq!(counted, collections, "{statistics}");
    assert!(pauses.is_sorted(), "{statistics}");
    let longest = statistics
        .lines()
        .filter_map(|line| line.split_once("longest ")?.1.strip_suffix(" us"))
        .filter_map(|digits| digits.parse::<u64>().ok())
        .max()
        .expect("the longest pause is told");
    let (highest, _) = *pauses.last().expect("there are pauses");
    assert!((highest / 2..highest).contains(&longest), "{statistics}");
}

#[test]
fn objects_that_last_leave_new_space_after_few_scavenges_and_others_never() {
    let copied = |image: &[u8]| {
        let statistics = runs_well(image, &["--stats", "--eden", "8m"]);
        let figure = |name| figure(&statistics, name);
        (
            figure("bytes that survived in new space: "),
            figure("bytes promoted to old space: "),
        )
    };
    let (_, promoted) = copied(&list_program(0, 0));
    let (survived, lasting) = copied(&list_program(500_000, 4));
    assert!(lasting - promoted >= 8_000_000, "{lasting} {promoted}");
    assert!(survived <= 3 * lasting, "{survived} {lasting}");
    let (survived, dying) = copied(&list_program(20, 500_000));
    assert!(dying <= promoted + 1_000_000, "{dying} {promoted}");
    assert!(survived <= 5_000_000, "{survived}");
}

/// A program that collects all garbage three times and runs on. Its heap has five regions of 4 MB, with pairs that refer to random others,
/// long and short Arrays of them, weak Arrays, bytes, and objects across the borders of regions; a part of all is garbage.
fn disordered_program() -> Vec<u8> {
    const PAIRS: usize = 300_000;
    let mut world = World::new();
    let mut seed = 1_u64;
    let mut random = |below: usize| {
        seed = seed * 16_807 % 2_147_483_647;
        seed as usize % below
    };
    let mut objects: Vec<Value> = vec![Value::Integer(1)];
    let mut roots = Vec::new();
    for number in 0..PAIRS {
        let mut any = || objects[random(objects.len())];
        let object = match number % 1000 {
            0 => world.array((0..5000).map(|_| any()).collect()),
            1 => world.instance("WeakArray", vec![any(), any(), any()]),
            2 => world.bytes("ByteArray", &[7; 3000]),
            3 => world.array((0..200).map(|_| any()).collect()),
            _ => world.array(vec![any(), any()]),
        };
        objects.push(Value::Object(object));
        if number % 50 == 0 {
            roots.push(Value::Object(object));
        }
    }
    let collect = Method {
        primitive: 130,
        ..Method::new(BytecodeSet::V3, vec![], vec![RETURN_RECEIVER])
    };
    world.define("Object", "collectAll", &collect);
    let literals = vec![
        Value::Object(world.symbol("quit:")),
        Value::Object(world.symbol("collectAll")),
        Value::Object(world.array(roots)),
    ];
    let mut code = [RECEIVER, 209, POP].repeat(3);
    code.extend([163, 254]);
    let start = Method::new(BytecodeSet::V3, literals, code);
    world.define("Main", "start", &start);
    world.image()
}

#[test]
fn two_threads_find_the_same_objects_as_one() {
    let session = Session::new(&disordered_program());
    let heap = |threads: &str| {
        let options = ["--deterministic", "--check-heap", "--stop-after", "100"];
        let options = [&options[..], &["--gc-threads", threads]].concat();
        let run = session.run_for(60, &options);
        assert!(run.stderr.starts_with("heap: "), "{}", run.stderr);
        run.stderr
    };
    let alone = heap("1");
    for _ in 0..3 {
        assert_eq!(heap("2"), alone);
    }
}

/// A program that lets a mapping fail, collects all garbage twice, and quits with 7.
fn program_without_mapping(mapping: i64) -> Vec<u8> {
    let mut world = World::new();
    let set = BytecodeSet::V3;
    let collect = Method {
        primitive: 130,
        ..Method::new(set, vec![], vec![RETURN_RECEIVER])
    };
    world.define("Main", "collectAll", &collect);
    let fail = Method {
        arguments: 2,
        temporaries: 2,
        primitive: primitive::FAIL_CALL,
        ..Method::new(set, vec![], vec![RETURN_RECEIVER])
    };
    world.define("Main", "failCall:with:", &fail);
    let mut literals = ["quit:", "collectAll", "failCall:with:"]
        .map(|name| Value::Object(world.symbol(name)))
        .to_vec();
    literals.extend([mapping, NO_MEMORY, 7].map(Value::Integer));
    // self failCall: mapping with: NO_MEMORY; collectAll; collectAll; quit: 7.
    let code = vec![
        RECEIVER,
        literal(3),
        literal(4),
        242,
        POP,
        RECEIVER,
        209,
        POP,
        RECEIVER,
        209,
        POP,
        RECEIVER,
        literal(5),
        QUIT,
        RETURN_RECEIVER,
    ];
    world.define("Main", "start", &Method::new(set, literals, code));
    world.image()
}

#[test]
fn a_full_collection_without_memory_for_one_of_its_tables_is_called_off() {
    for threads in ["1", "2"] {
        for mapping in 1..=10 {
            let session = Session::new(&program_without_mapping(mapping));
            let options = ["--check-heap", "--gc-threads", threads];
            let run = session.run_with(planted_vm(), 30, &options);
            // Behind the tables there are lists, which grow while a collection cannot be called off any more.
            let is_over = mapping > 5 && run.status == 1 && run.stderr.contains("out of memory");
            assert!(
                run.status == 7 || is_over,
                "mapping {mapping}, {threads} threads: {run:?}"
            );
        }
    }
}

/// A program that has all threads refused, collects all garbage three times, and quits with the number of threads that were refused.
fn program_without_threads() -> Vec<u8> {
    let mut world = World::new();
    let set = BytecodeSet::V3;
    for (selector, number) in [
        ("collectAll", 130),
        ("refuseThreads", primitive::REFUSE_THREADS),
    ] {
        let method = Method {
            primitive: number,
            ..Method::new(set, vec![], vec![RETURN_RECEIVER])
        };
        world.define("Main", selector, &method);
    }
    let literals =
        ["quit:", "collectAll", "refuseThreads"].map(|name| Value::Object(world.symbol(name)));
    // self refuseThreads; collectAll; collectAll; collectAll; quit: self refuseThreads.
    let collect = [RECEIVER, 209, POP];
    let code = [
        &[RECEIVER, 210, POP][..],
        &collect,
        &collect,
        &collect,
        &[RECEIVER, RECEIVER, 210, QUIT, RETURN_RECEIVER],
    ]
    .concat();
    world.define("Main", "start", &Method::new(set, literals.to_vec(), code));
    world.image()
}

#[test]
fn a_collection_that_gets_no_second_thread_marks_with_one() {
    let session = Session::new(&program_without_threads());
    let options = ["--check-heap", "--gc-threads", "2"];
    let run = session.run_with(planted_vm(), 30, &options);
    assert_eq!(run.status, 3, "{run:?}");
}
