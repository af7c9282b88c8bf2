//! One method of each encoding family of both bytecode sets, in hand-made images. A method computes a SmallInteger, which becomes the exit status.

use tests::image::BytecodeSet::{Sista, V3};
use tests::image::{BytecodeSet, Method, Value, World};
use tests::run_image;

/// Runs `Main>>start`: push the receiver, then `code`, then send `quit:` (literal 0; the test's own literals begin at 1).
fn answer(set: BytecodeSet, world: World, literals: &[Value], code: &[u8]) -> i32 {
    answer_with(set, world, literals, code, 0)
}

fn answer_with(
    set: BytecodeSet,
    mut world: World,
    literals: &[Value],
    code: &[u8],
    temporaries: u8,
) -> i32 {
    let mut all = vec![Value::Object(world.symbol("quit:"))];
    all.extend(literals);
    let (push_receiver, send_quit, return_receiver) = match set {
        V3 => (112, 224, 120),
        Sista => (76, 144, 88),
    };
    let mut bytes = vec![push_receiver];
    bytes.extend(code);
    bytes.extend([send_quit, return_receiver]);
    let method = Method {
        temporaries,
        ..Method::new(set, all, bytes)
    };
    world.define("Main", "start", &method);
    run_image(&world.image()).status
}

/// A method that needs neither literals nor temporaries.
fn plain(set: BytecodeSet, code: &[u8]) -> i32 {
    answer(set, World::new(), &[], code)
}

/// A method with one literal, an integer.
fn with_literal(set: BytecodeSet, literal: i64, code: &[u8]) -> i32 {
    answer(set, World::new(), &[Value::Integer(literal)], code)
}

/// A method with one literal, an integer, and two temporaries.
fn with_temporaries(set: BytecodeSet, literal: i64, code: &[u8]) -> i32 {
    answer_with(set, World::new(), &[Value::Integer(literal)], code, 2)
}

/// A world with methods `five` in some classes, each answering its number.
fn five_in(set: BytecodeSet, definitions: &[(&str, i64)]) -> World {
    let mut world = World::new();
    let code = match set {
        V3 => vec![32, 124],
        Sista => vec![32, 92],
    };
    for &(class, answer) in definitions {
        let method = Method::new(set, vec![Value::Integer(answer)], code.clone());
        world.define(class, "five", &method);
    }
    world
}

/// Sends `five` to the receiver by the bytecodes given; the selector is literal 1, the class `Parent` literal 2.
fn answer_of_five(set: BytecodeSet, definitions: &[(&str, i64)], send: &[u8]) -> i32 {
    let mut world = five_in(set, definitions);
    let literals = [Value::Object(world.symbol("five")), world.class("Parent")];
    let push_receiver = match set {
        V3 => 112,
        Sista => 76,
    };
    answer(set, world, &literals, &[&[push_receiver], send].concat())
}

#[test]
fn v3_pushes_constants_and_adds_them() {
    assert_eq!(plain(V3, &[118, 119, 176]), 3);
    assert_eq!(plain(V3, &[116, 119, 176]), 1);
}

#[test]
fn v3_pushes_literals_short_and_extended() {
    assert_eq!(with_literal(V3, 40, &[33]), 40);
    assert_eq!(with_literal(V3, 41, &[128, 0x81]), 41);
    assert_eq!(with_literal(V3, 42, &[132, 0x60, 1]), 42);
}

#[test]
fn v3_stores_and_pushes_receiver_variables() {
    assert_eq!(with_literal(V3, 7, &[33, 97, 1]), 7);
    assert_eq!(with_literal(V3, 8, &[33, 130, 2, 128, 2]), 8);
    assert_eq!(with_literal(V3, 9, &[33, 129, 3, 135, 3]), 9);
}

#[test]
fn v3_stores_and_pushes_temporaries() {
    assert_eq!(with_temporaries(V3, 7, &[33, 105, 17]), 7);
    assert_eq!(with_temporaries(V3, 8, &[33, 130, 0x41, 128, 0x41]), 8);
}

#[test]
fn v3_reads_and_writes_literal_variables() {
    let mut world = World::new();
    let global = world.instance("Association", vec![World::NIL, Value::Integer(5)]);
    assert_eq!(
        answer(
            V3,
            world,
            &[Value::Object(global)],
            &[65, 118, 176, 130, 0xC1, 65]
        ),
        6
    );
}

#[test]
fn v3_jumps_forward_on_booleans() {
    assert_eq!(plain(V3, &[114, 153, 118, 145, 119, 136, 135]), 2);
    assert_eq!(with_literal(V3, 11, &[113, 168, 2, 118, 144, 33]), 11);
}

#[test]
fn v3_loops_backward() {
    // temp 0 := 10. [temp 0 > 0] whileTrue: [temp 1 := temp 1 + temp 0 …]; here: sum of 10 … 1.
    let code = [
        33, 104, 117, 105, 16, 117, 179, 172, 10, 17, 16, 176, 105, 16, 118, 177, 104, 163, 241, 17,
    ];
    assert_eq!(with_temporaries(V3, 10, &code), 55);
}

#[test]
fn v3_sends_a_message_with_each_encoding() {
    for send in [&[209][..], &[131, 1], &[134, 1], &[132, 0, 1]] {
        assert_eq!(answer_of_five(V3, &[("Parent", 5)], send), 5, "{send:?}");
    }
}

#[test]
fn v3_super_sends_begin_in_the_superclass() {
    for send in [&[133, 1][..], &[132, 0x20, 1]] {
        let definitions = [("Parent", 5), ("Main", 6)];
        assert_eq!(answer_of_five(V3, &definitions, send), 5, "{send:?}");
    }
}

#[test]
fn v3_makes_arrays_and_reads_temp_vectors() {
    // { 1. 2 } in temp 0; slot 1 of it, plus 1 stored back and read again.
    let code = [
        118, 119, 138, 0x82, 104, 140, 1, 0, 118, 176, 142, 1, 0, 140, 1, 0,
    ];
    assert_eq!(answer_with(V3, World::new(), &[], &code, 1), 3);
}

#[test]
fn v3_evaluates_a_closure_with_a_copied_value() {
    // temp 0 := 20. [temp 0 + 1] value
    let code = [33, 104, 16, 143, 0x10, 0, 4, 16, 118, 176, 125, 201];
    assert_eq!(with_temporaries(V3, 20, &code), 21);
}

#[test]
fn v3_returns_from_the_home_method_out_of_a_block() {
    let mut world = World::new();
    let escape = Method::new(
        V3,
        vec![Value::Integer(33)],
        vec![143, 0, 0, 2, 32, 124, 201, 135, 120],
    );
    world.define("Parent", "escape", &escape);
    let selector = world.symbol("escape");
    assert_eq!(
        answer(V3, world, &[Value::Object(selector)], &[112, 209]),
        33
    );
}

#[test]
fn v3_reports_what_is_not_understood() {
    let mut world = World::new();
    let selector = world.symbol("unheardOf");
    assert_eq!(
        answer(V3, world, &[Value::Object(selector)], &[112, 209]),
        90
    );
}

#[test]
fn v3_reports_a_condition_that_is_no_boolean() {
    assert_eq!(plain(V3, &[118, 153, 118, 135, 118]), 92);
}

#[test]
fn v3_reports_an_unused_bytecode() {
    assert_eq!(plain(V3, &[126]), 97);
}

/// A context that the image starts again from its beginning executes the bytecode that names the primitive.
#[test]
fn the_bytecode_that_names_a_primitive_does_nothing() {
    assert_eq!(plain(V3, &[139, 198, 0, 118]), 1);
    assert_eq!(plain(Sista, &[248, 198, 0, 81]), 1);
    assert_eq!(plain(Sista, &[248, 0, 128, 81]), 97);
}

#[test]
fn sista_pushes_constants_and_adds_them() {
    assert_eq!(plain(Sista, &[81, 81, 96]), 2);
    assert_eq!(plain(Sista, &[232, 200]), 200);
    assert_eq!(plain(Sista, &[225, 255, 232, 255, 232, 5, 96]), 4);
}

/// Whether the code pushes just this immediate: 1 if it is identical to the literal, otherwise 0.
fn pushes(value: Value, push: &[u8]) -> bool {
    let compare = [33, 118, 193, 81, 176, 80];
    let code = [push, &compare].concat();
    answer(Sista, World::new(), &[value], &code) == 1
}

#[test]
fn sista_only_the_first_prefix_is_signed_even_if_it_is_0() {
    for (value, push) in [
        (-14_135, &[225, 200, 232, 201][..]),
        (51_401, &[225, 0, 225, 200, 232, 201]),
        (51_401, &[225, 0, 225, 0, 225, 200, 232, 201]),
        (51_401, &[225, 0, 224, 0, 225, 200, 232, 201]),
        (-14_135, &[225, 255, 225, 200, 232, 201]),
        // The prefix of another instruction is a first one again.
        (
            51_400,
            &[225, 0, 225, 200, 232, 201, 225, 255, 232, 255, 96],
        ),
    ] {
        assert!(pushes(Value::Integer(value), push), "{value}: {push:?}");
    }
}

#[test]
fn sista_jumps_far_behind_a_prefix_of_0() {
    // Over 200 * 256 bytes that nothing reaches.
    let mut code = vec![225, 0, 225, 200, 237, 0];
    code.resize(6 + 200 * 256, 0);
    code.extend([232, 17]);
    assert_eq!(plain(Sista, &code), 17);
}

#[test]
fn sista_characters_have_30_bits_of_what_the_prefixes_say() {
    for (code, push) in [
        (0xD801, &[225, 0, 225, 216, 233, 1][..]),
        (0x3FFF_D801, &[225, 216, 233, 1]),
    ] {
        let value = Value::Character(code);
        assert!(pushes(value, push), "{code}: {push:?}");
    }
}

#[test]
fn sista_pushes_literals_short_and_extended() {
    assert_eq!(with_literal(Sista, 40, &[33]), 40);
    assert_eq!(with_literal(Sista, 41, &[228, 1]), 41);
    let many: Vec<Value> = (1..300).map(|n| Value::Integer(n % 200)).collect();
    assert_eq!(
        answer(Sista, World::new(), &many, &[224, 1, 228, 2]),
        258 % 200
    );
}

#[test]
fn sista_stores_and_pushes_receiver_variables() {
    assert_eq!(with_literal(Sista, 7, &[33, 201, 1]), 7);
    assert_eq!(with_literal(Sista, 8, &[33, 240, 2, 226, 2]), 8);
    assert_eq!(with_literal(Sista, 9, &[33, 243, 3, 216, 3]), 9);
}

#[test]
fn sista_stores_and_pushes_temporaries() {
    assert_eq!(with_temporaries(Sista, 7, &[33, 209, 65]), 7);
    assert_eq!(with_temporaries(Sista, 8, &[33, 242, 1, 229, 1]), 8);
    assert_eq!(with_temporaries(Sista, 9, &[33, 245, 1, 216, 65]), 9);
}

#[test]
fn sista_reads_and_writes_literal_variables() {
    let mut world = World::new();
    let global = world.instance("Association", vec![World::NIL, Value::Integer(5)]);
    assert_eq!(
        answer(
            Sista,
            world,
            &[Value::Object(global)],
            &[17, 81, 96, 241, 1, 227, 1]
        ),
        6
    );
}

#[test]
fn sista_jumps_on_booleans_short_and_extended() {
    assert_eq!(with_literal(Sista, 11, &[78, 193, 81, 176, 33]), 11);
    assert_eq!(with_literal(Sista, 11, &[77, 185, 81, 176, 33]), 11);
    assert_eq!(with_literal(Sista, 11, &[78, 239, 2, 81, 176, 33]), 11);
    assert_eq!(with_literal(Sista, 11, &[77, 238, 2, 81, 176, 33]), 11);
}

#[test]
fn sista_loops_backward_by_a_signed_extension() {
    let code = [
        33, 208, 80, 209, 64, 80, 99, 239, 12, 65, 64, 96, 209, 64, 81, 97, 208, 225, 255, 237,
        239, 65,
    ];
    assert_eq!(with_temporaries(Sista, 10, &code), 55);
}

#[test]
fn sista_sends_a_message_with_each_encoding() {
    for send in [&[129][..], &[234, 8], &[224, 0, 234, 8]] {
        assert_eq!(answer_of_five(Sista, &[("Parent", 5)], send), 5, "{send:?}");
    }
}

#[test]
fn sista_super_sends_plain_and_directed() {
    for (expected, send) in [(5, &[235, 8][..]), (4, &[34, 225, 64, 235, 8])] {
        let definitions = [("Object", 4), ("Parent", 5), ("Main", 6)];
        assert_eq!(
            answer_of_five(Sista, &definitions, send),
            expected,
            "{send:?}"
        );
    }
}

#[test]
fn sista_makes_arrays_and_reads_temp_vectors() {
    let code = [
        81, 81, 231, 0x82, 208, 251, 1, 0, 81, 96, 253, 1, 0, 251, 1, 0,
    ];
    assert_eq!(answer_with(Sista, World::new(), &[], &code, 1), 2);
}

#[test]
fn sista_evaluates_a_full_block_with_a_copied_value() {
    let mut world = World::new();
    let block = Method {
        temporaries: 1,
        ..Method::new(Sista, vec![], vec![64, 81, 96, 94])
    };
    let block = world.block(&block, World::NIL);
    // temp 0 := 20. push temp 0; full block of literal 2 with one copied value and no outer context; value
    let code = [33, 208, 64, 249, 2, 0x41, 121];
    assert_eq!(
        answer_with(
            Sista,
            world,
            &[Value::Integer(20), Value::Object(block)],
            &code,
            1
        ),
        21
    );
}

#[test]
fn sista_evaluates_an_embedded_block() {
    let code = [33, 208, 64, 250, 0x08, 4, 64, 81, 96, 94, 121];
    assert_eq!(with_temporaries(Sista, 20, &code), 21);
}

#[test]
fn sista_reports_what_the_image_must_handle() {
    let mut world = World::new();
    let selector = world.symbol("unheardOf");
    assert_eq!(
        answer(Sista, world, &[Value::Object(selector)], &[76, 129]),
        90
    );
    assert_eq!(plain(Sista, &[81, 192, 95, 81]), 92);
    assert_eq!(plain(Sista, &[84]), 97);
}

#[test]
fn methods_of_both_sets_call_each_other() {
    let mut world = World::new();
    world.define(
        "Parent",
        "sista",
        &Method::new(Sista, vec![], vec![232, 30, 92]),
    );
    let inner = world.symbol("sista");
    world.define(
        "Parent",
        "mixed",
        &Method::new(
            V3,
            vec![Value::Object(inner), Value::Integer(3)],
            vec![112, 208, 33, 176, 124],
        ),
    );
    let selector = world.symbol("mixed");
    assert_eq!(
        answer(Sista, world, &[Value::Object(selector)], &[76, 129]),
        33
    );
}
