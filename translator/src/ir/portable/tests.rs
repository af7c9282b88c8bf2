//! What is remembered in one module is found in another that says the same, and only there.

use std::cell::Cell;

use super::{Lasting, remembered};
use crate::base::{EntityRef, Key, Memo};
use crate::ir::{FuncId, Function, Module, parse_module};

const STATE: &str = "state 64\nfield A.x 8 i64 size 8 !A.x\nfield A.y 16 i64 size 8 !A.y\n";

const CALLEE: &str = "function \"callee\" (v0: i64) -> i64 {\nblock0(v0: i64):\n    ret v0\n}\n";

const CALLER: &str = "function \"caller\" (v0: i64, v1: ptr) -> i64 {\nblock0(v0: i64, v1: ptr):\n    v2 = load.i64 state.A.y !A.y ; line 7\n    \
    v3 = iconst -70000 ; line 9\n    br.add.s v2, v3, block1(v1), block2\nblock1(v4: ptr, v5: i64):\n    v6 = call \"callee\"(v5) ; line 3 of \"Other>>method\"\n    \
    store.i64 v6, v4 + 8 !slots\n    v7 = addr data \"d\" + 4\n    store.ptr v7, v4 !any\n    ret v6\nblock2:\n    trap \"overflow\"\n}\n";

const DATA: &str = "data \"d\" align 8 \"0000000000000000\"\n";

fn module(text: &str) -> Module {
    parse_module(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn function<'a>(module: &'a Module, name: &str) -> (FuncId, &'a Function) {
    let id = module.function_named(name).expect("the text has it");
    (id, &module.functions[id])
}

/// Remembers the caller in `first`, and answers it as it is found in `second`, if it is.
fn found(first: &Module, second: &Module, in_first: u64, in_second: u64) -> Option<Function> {
    let memo = Memo::default();
    let (_, func) = function(first, "caller");
    let question = ("test", func, first);
    let _ = remembered(
        &memo,
        question,
        |asked| asked.number(in_first),
        || func.clone(),
    );
    let identity = Key::of(b"test");
    let memo = Memo::from_bytes(memo.to_bytes(identity), identity).expect("it is whole");
    let (_, func) = function(second, "caller");
    let question = ("test", func, second);
    let made = Cell::new(false);
    let make = || {
        made.set(true);
        func.clone()
    };
    let result = remembered(&memo, question, |asked| asked.number(in_second), make);
    (!made.get()).then_some(result)
}

#[test]
fn a_function_is_found_where_all_entities_have_other_numbers_and_its_lines_have_moved() {
    let first = module(&[STATE, DATA, CALLEE, CALLER].concat());
    let more =
        "data \"more\" align 1 \"00\"\nfunction \"more\" () {\nblock0:\n    trap \"more\"\n}\n";
    let state = STATE.replace("field A.x", "field A.w 0 i64 size 8 !A.w\nfield A.x");
    let caller = CALLER
        .replace("line 7", "line 17")
        .replace("line 9", "line 19");
    let caller = caller.replace("line 3", "line 33");
    let second = module(&[&state, more, DATA, CALLEE, &caller].concat());
    let func = found(&first, &second, 1, 1).expect("nothing that it is made from has changed");
    let mut again = second.clone();
    let (id, _) = function(&second, "caller");
    again.functions[id] = func;
    assert_ne!(id.index(), function(&first, "caller").0.index());
    assert_eq!(again.function_text(id), second.function_text(id));
}

#[test]
fn a_function_is_made_anew_where_anything_has_changed_that_it_is_made_from() {
    let text = [STATE, DATA, CALLEE, CALLER].concat();
    let first = module(&text);
    for (old, new) in [
        ("field A.y 16", "field A.y 24"),
        ("-70000", "-70001"),
        (
            "v3 = iconst -70000 ; line 9",
            "v3 = iconst -70000 ; line 10",
        ),
        ("v4 + 8 !slots", "v4 + 8 !any"),
        (
            "\"callee\" (v0: i64) -> i64 {",
            "\"callee\" (v0: i64) -> i64 cold {",
        ),
        ("function \"caller\"", "export \"caller\""),
        ("block1(v1), block2", "block1(v1), block2 "),
        ("store.ptr v7, v4 !any", "store.ptr v7, v4 !volatile"),
    ] {
        assert!(text.contains(old), "{old}");
        let second = module(&text.replace(old, new));
        let same = new.trim_end() == old;
        assert_eq!(
            found(&first, &second, 1, 1).is_some(),
            same,
            "{old} → {new}"
        );
    }
    assert!(
        found(&first, &first, 1, 2).is_none(),
        "another fact of the stage"
    );
}

/// A function that names what the caller does not: one that was taken in.
const TAKEN: &str = "function \"taken\" (v0: ptr) -> i64 {\nblock0(v0: ptr):\n    v1 = load.i64 state.A.x !A.x ; line 5 of \"Taken>>method\"\n    \
    v2 = addr data \"d\"\n    store.ptr v2, v0 !any\n    ret v1\n}\n";

/// Remembers `taken` as what becomes of the caller in `first`, and answers what becomes of it in `second`, if that is known.
fn known(first: &Module, second: &Module) -> Option<Function> {
    let ask = |module: &Module, memo: &Memo| {
        let lasting = Lasting::new(module);
        let made = Cell::new(false);
        let question = lasting.question("test", function(module, "caller").1);
        let (func, key) = question.answer(memo, |entities| {
            made.set(true);
            entities.note(function(module, "taken").1);
            function(module, "taken").1.clone()
        });
        (func, key, made.get())
    };
    let memo = Memo::default();
    let (_, expected, made) = ask(first, &memo);
    assert!(made);
    let identity = Key::of(b"test");
    let memo = Memo::from_bytes(memo.to_bytes(identity), identity).expect("it is whole");
    let (func, key, made) = ask(second, &memo);
    assert!(made || (key.is_some() && key == expected));
    (!made).then_some(func)
}

#[test]
fn what_names_more_than_the_function_it_was_made_of_is_found_where_all_has_other_numbers() {
    let first = module(&[STATE, DATA, TAKEN, CALLEE, CALLER].concat());
    let more =
        "data \"more\" align 1 \"00\"\nfunction \"more\" () {\nblock0:\n    trap \"more\"\n}\n";
    let state = STATE.replace("field A.x", "field A.w 0 i64 size 8 !A.w\nfield A.x");
    let second = module(&[&state, more, DATA, TAKEN, CALLEE, CALLER].concat());
    let func = known(&first, &second).expect("nothing that it is made from has changed");
    let (id, taken) = function(&second, "taken");
    let mut again = second.clone();
    again.functions[id] = func;
    assert_eq!(again.function_text(id), second.function_text(id));
    assert_eq!(taken.name, "taken");
}

#[test]
fn what_names_an_entity_that_has_changed_or_has_another_place_among_the_others_is_made_anew() {
    let text = [STATE, DATA, TAKEN, CALLEE, CALLER].concat();
    let first = module(&text);
    assert!(known(&first, &first).is_some());
    let changed = [
        text.replace("A.x 8 i64 size 8 !A.x", "A.x 24 i64 size 8 !A.x"),
        text.replace("field A.x 8", "field A.z 8")
            .replace("state.A.x !A.x", "state.A.z !A.x"),
        text.replace("0000000000000000", "0000000000000001"),
        [STATE, DATA, CALLEE, TAKEN, CALLER].concat(),
    ];
    let same = [false, false, false, true];
    for (number, (text, same)) in changed.iter().zip(same).enumerate() {
        assert_eq!(known(&first, &module(text)).is_some(), same, "{number}");
    }
    // The caller names the function that it calls, and itself is named by nobody: only fields have changed places.
    let (x, y) = STATE.split_once("field A.y").expect("it is there");
    let swapped = x.replace("field A.x", "field A.y 16 i64 size 8 !A.y\nfield A.x");
    assert!(!y.is_empty());
    let swapped = module(&[&swapped, DATA, TAKEN, CALLEE, CALLER].concat());
    assert!(known(&first, &swapped).is_none());
}

#[test]
fn entities_that_cannot_be_told_from_each_other_are_not_remembered() {
    let twice = DATA.replace("\"d\"", "\"e\"");
    let first = module(&[STATE, DATA, &twice, TAKEN, CALLEE, CALLER].concat());
    assert!(known(&first, &first).is_none());
}
