//! Methods at the limits of the bytecode sets: large indices, long jumps, deep stacks.

use std::fmt::Write;

use super::support::{Class, Variant};
use super::world::Value;
use super::{VARIANTS, machine, reference};
use crate::image::compile::CompiledCode;
use crate::image::compile::decode::{Operation, decode_all};
use crate::image::compile::instruction::Jump;

const SISTA: Variant = VARIANTS[0];
const EMBEDDED: Variant = VARIANTS[1];
const V3: Variant = VARIANTS[2];

fn class(header: &str, method: &str, variant: Variant) -> Class {
    let text =
        format!("Class {{ #name : 'Example'{header} }}\n\nExample >> foo: x [\n{method}\n]\n");
    Class::read(&text, variant.options())
}

fn code(method: &str, variant: Variant) -> Result<CompiledCode, String> {
    class("", method, variant).code()
}

/// The code, which must do what its tree says.
fn running(method: &str, variant: Variant) -> CompiledCode {
    let class = class("", method, variant);
    let code = class.code().unwrap();
    let argument = Value::Integer(2);
    let expected = reference::run(
        class.method(),
        std::slice::from_ref(&argument),
        &class.interner,
    );
    let special = variant.options().special_selectors;
    let actual = machine::run(&code, vec![argument], &class.interner, &special);
    assert_eq!(actual, expected, "{}:\n{method}", variant.name);
    code
}

/// The lengths of the instructions that jump, and over how many bytes they do.
fn jumps(code: &CompiledCode) -> Vec<(usize, i64)> {
    let all = decode_all(code.set, &code.bytecodes).unwrap();
    let jump = |it: &crate::image::compile::decode::Decoded| match it.operation {
        Operation::Jump(Jump::Always | Jump::IfTrue | Jump::IfFalse, target) => {
            let end = i64::try_from(it.offset + it.length).unwrap();
            Some((it.length, target - end))
        }
        _ => None,
    };
    all.iter().filter_map(jump).collect()
}

/// `self note: 1.` so often; each takes four bytes in every set once the selector is a literal.
fn notes(count: usize) -> String {
    "self note: 1. ".repeat(count)
}

#[test]
fn conditional_jumps_grow_with_their_distance_and_no_sooner() {
    let around = |count: usize| format!("(x < 3) ifTrue: [ {} ]. ^ x", notes(count));
    for (count, sista, v3) in [
        (2, (1, 8), (1, 8)),
        (3, (2, 12), (2, 12)),
        (63, (2, 252), (2, 252)),
    ] {
        assert_eq!(jumps(&running(&around(count), SISTA)), [sista]);
        assert_eq!(jumps(&running(&around(count), V3)), [v3]);
    }
    assert_eq!(jumps(&running(&around(64), SISTA)), [(4, 256)]);
    assert_eq!(jumps(&running(&around(64), V3)), [(2, 256)]);
    assert_eq!(jumps(&running(&around(255), V3)), [(2, 1020)]);
    let far = code(&around(256), V3).unwrap_err();
    assert!(far.contains("error C005"), "{far}");
    assert_eq!(jumps(&running(&around(300), SISTA)), [(4, 1200)]);
    let far = code(&around(8192), SISTA).unwrap_err();
    assert!(far.contains("error C005"), "{far}");
}

#[test]
fn a_jump_that_grows_makes_those_around_it_grow() {
    // Many conditionals inside of one another: each length depends on all inner ones.
    for depth in [3, 20, 60] {
        let mut method = notes(1);
        for _ in 0..depth {
            method = format!("(x < 3) ifTrue: [ {method} ] ifFalse: [ self note: 2 ]");
        }
        for variant in VARIANTS {
            running(&method, variant);
        }
    }
}

#[test]
fn loops_jump_back_over_any_distance_that_the_set_reaches() {
    for count in [1, 60, 64, 200] {
        let method = format!("1 to: 2 do: [ :i | {} ]", notes(count));
        for variant in VARIANTS {
            let back = jumps(&running(&method, variant)).last().copied().unwrap();
            assert!(back.1 < 0, "{back:?}");
        }
    }
    let method = format!("1 to: 2 do: [ :i | {} ]", notes(260));
    assert!(code(&method, V3).unwrap_err().contains("C005"));
    running(&method, SISTA);
}

#[test]
fn a_test_that_jumps_over_nothing_is_kept() {
    for variant in VARIANTS {
        for method in ["(x < 3) ifTrue: [ ]", "(x < 3) ifTrue: [ ] ifFalse: [ ]"] {
            let jumps = jumps(&running(method, variant));
            assert_eq!(jumps, [(2, 0)], "{method}");
        }
        let long = format!("(x < 3) ifTrue: [ ] ifFalse: [ {} ]", notes(70));
        running(&long, variant);
    }
}

#[test]
fn literals_beyond_every_short_form_are_reached() {
    let count_up = |count: usize| {
        let mut method = String::new();
        for index in 0..count {
            let _ = writeln!(
                method,
                "self note: {}. self foo{index}: x.",
                100_000 + index
            );
        }
        method
    };
    for count in [10, 20, 40, 120] {
        for variant in VARIANTS {
            running(&count_up(count), variant);
        }
    }
    // Each round has two literals of its own, and the messages sent are no more than the log takes.
    running(&count_up(190), SISTA);
    running(&count_up(190), EMBEDDED);
    assert!(code(&count_up(190), V3).unwrap_err().contains("C004"));
    let many = code(&count_up(5_000), SISTA).unwrap();
    assert_eq!(many.literals.len(), 10_003);
    assert!(code(&count_up(16_500), SISTA).unwrap_err().contains("C004"));
}

#[test]
fn instance_variables_beyond_every_short_form_are_reached() {
    let names: Vec<_> = (0..300).map(|index| format!("'v{index}'")).collect();
    let header = format!(", #instVars : [ {} ]", names.join(", "));
    for index in [0, 7, 8, 15, 16, 63, 64, 255] {
        let method = format!("v{index} := x. ^ v{index} := v{index}");
        for variant in VARIANTS {
            class(&header, &method, variant).code().unwrap();
        }
    }
    let method = "v256 := x. ^ v299";
    class(&header, method, SISTA).code().unwrap();
    assert!(
        class(&header, method, V3)
            .code()
            .unwrap_err()
            .contains("C004")
    );
}

#[test]
fn many_temporaries_fit_until_there_is_no_slot_left() {
    let method = |count: usize| {
        let names: Vec<_> = (0..count).map(|index| format!("t{index}")).collect();
        let last = &names[count - 1];
        format!(
            "| {} | {last} := x. self note: {last}. ^ {last}",
            names.join(" ")
        )
    };
    for variant in VARIANTS {
        assert!(!running(&method(11), variant).large_frame);
        assert!(running(&method(20), variant).large_frame);
        running(&method(50), variant);
        assert!(code(&method(55), variant).unwrap_err().contains("C006"));
        assert!(code(&method(63), variant).unwrap_err().contains("C004"));
    }
}

#[test]
fn arrays_of_every_size_are_made() {
    for count in [0, 1, 16, 17, 44, 50, 127, 128, 300] {
        let elements: Vec<_> = (0..count).map(|index| format!("x + {index}")).collect();
        for variant in VARIANTS {
            if variant.name == "v3" && count > 250 {
                continue;
            }
            running(&format!("^ {{ {} }}", elements.join(". ")), variant);
        }
    }
}

#[test]
fn closures_with_many_parameters_and_copied_values_work() {
    let names: Vec<_> = (0..14).map(|index| format!("t{index}")).collect();
    let assigned: String = names
        .iter()
        .map(|name| format!("{name} := x + 1. "))
        .collect();
    let all = names.join(" + ");
    let method = format!(
        "| {} | {assigned} ^ self run: [ {all} + x ]",
        names.join(" ")
    );
    for variant in VARIANTS {
        running(&method, variant);
    }
    let method = method
        .replace("t13 := x", "t13 := t12")
        .replacen("| t0", "| u v t0", 1);
    let more = method.replace("[ t0", "[ u + v + t0");
    running(&more, SISTA);
    running(&more, EMBEDDED);
    assert!(
        code(&more, V3)
            .unwrap_err()
            .contains("number of copied values")
    );
    let shared: String = names
        .iter()
        .map(|name| format!("{name} := {name} + x. "))
        .collect();
    let method = format!(
        "| {} | {assigned} self run: [ {shared} ]. ^ {all}",
        names.join(" ")
    );
    for variant in VARIANTS {
        running(&method, variant);
    }
}

#[test]
fn sends_with_many_arguments_reach_up_to_fifteen() {
    let arguments: String = (0..15).map(|index| format!("k{index}: {index} ")).collect();
    let method = format!("self {arguments}. ^ super {arguments}");
    for variant in VARIANTS {
        running(&method, variant);
    }
    // In blocks a super send names its class.
    let method = format!("^ self run: [ super {arguments} ]");
    for variant in VARIANTS {
        running(&method, variant);
    }
}

#[test]
fn a_send_with_sixteen_arguments_is_refused() {
    let arguments: String = (0..16).map(|index| format!("k{index}: {index} ")).collect();
    for receiver in ["self", "super", "x foo;"] {
        for variant in VARIANTS {
            let told = code(&format!("^ {receiver} {arguments}"), variant).unwrap_err();
            assert!(
                told.contains("C004") && told.contains("16 arguments"),
                "{told}"
            );
        }
    }
}

#[test]
fn expressions_as_deep_as_the_parser_takes_them_do_not_exhaust_the_native_stack() {
    let sum = format!("^ x{}", " + x".repeat(990));
    let unary = format!("^ x{}", " foo".repeat(990));
    let assignments = format!("| t | ^ {} x", "t := ".repeat(190));
    let blocks = format!("^ {} x {}", "[ ".repeat(190), " ]".repeat(190));
    let conditions = format!("{} x {}", "x ifTrue: [ ".repeat(180), " ]".repeat(180));
    for method in [sum, unary, assignments, blocks, conditions] {
        for variant in VARIANTS {
            if let Err(messages) = code(&method, variant) {
                panic!("{messages}");
            }
        }
    }
}
