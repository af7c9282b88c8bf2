//! Tests of the checks on IR as text.

use super::*;
use crate::base::entity::EntityRef;
use crate::ir::{parse_module, verify};

/// Three functions that the cases call: one declared to move, one that moves through it, one that does not.
const PRELUDE: &str = r#"
function "GC>>collect" () {
block0:
    ret
}
function "Memory>>allocate" () -> oop {
block0:
    call "GC>>collect"()
    v0 = iconst 8
    v1 = cast.oop v0
    ret v1
}
function "Memory>>size" (v0: oop) -> i64 {
block0(v0: oop):
    v1 = load.i64 v0 !any
    ret v1
}
function "Memory>>first" (v0: oop) -> ptr {
block0(v0: oop):
    v1 = iconst 8
    v2 = cast.i64 v0
    v3 = add v2, v1
    v4 = cast.ptr v3
    ret v4
}
function "Small>>encode" (v0: i64) -> oop {
block0(v0: i64):
    v1 = cast.oop v0
    ret v1
}
"#;

/// What the checks find out.
struct Findings {
    diagnostics: Diagnostics,
    graph: CallGraph,
    declared: PrimaryMap<FuncId, Declared>,
}

fn findings(text: &str, change: impl Fn(&str, &mut Declared)) -> Findings {
    let text = format!("{PRELUDE}{text}");
    let mut module = parse_module(&text).unwrap_or_else(|error| panic!("{error} in {text}"));
    assert_eq!(verify(&module), Ok(()));
    let mut declared: PrimaryMap<FuncId, Declared> = module
        .functions
        .keys()
        .map(|_| Declared::default())
        .collect();
    for (id, function) in module.functions.iter() {
        match function.name.as_str() {
            "GC>>collect" => declared[id].moves_objects = true,
            "Small>>encode" => declared[id].answers_immediate = true,
            name => change(name, &mut declared[id]),
        }
    }
    let places = Places::default();
    let calls = follow_declared(declared, &mut module, &places);
    let diagnostics = check(&Program::default(), &module, &places, &calls);
    let Calls { graph, declared } = calls;
    Findings {
        diagnostics,
        graph,
        declared,
    }
}

fn messages(text: &str) -> Vec<String> {
    findings(text, |_, _| {})
        .diagnostics
        .iter()
        .map(|diagnostic| format!("{} {}", diagnostic.code, diagnostic.message))
        .collect()
}

#[test]
fn an_oop_that_is_used_after_a_moving_call_is_stale_and_the_way_to_the_collection_is_shown() {
    let found = findings(
        r#"
function "A>>keep" (v0: oop) -> i64 {
block0(v0: oop):
    v1 = call "Memory>>allocate"()
    v2 = call "Memory>>size"(v0)
    ret v2
}
"#,
        |_, _| {},
    );
    let diagnostic = found
        .diagnostics
        .iter()
        .next()
        .expect("the hazard is found");
    assert_eq!(
        diagnostic.message,
        "this Oop is stale after the call of Memory>>allocate, which can move objects"
    );
    assert!(diagnostic.hint.contains("Memory>>allocate -> GC>>collect"));
    assert_eq!(found.diagnostics.len(), 1);
}

#[test]
fn the_result_of_the_moving_call_and_oops_used_up_by_it_are_fresh() {
    let none: Vec<String> = Vec::new();
    assert_eq!(
        messages(
            r#"
function "A>>fresh" (v0: oop) -> i64 {
block0(v0: oop):
    v1 = call "Memory>>size"(v0)
    v2 = call "Memory>>allocate"()
    v3 = call "Memory>>size"(v2)
    v4 = add v1, v3
    ret v4
}
"#
        ),
        none
    );
}

#[test]
fn addresses_computed_from_an_oop_are_stale_and_numbers_read_from_it_are_not() {
    let text = |kept: &str| {
        format!(
            r#"
function "A>>derive" (v0: oop) -> i64 {{
block0(v0: oop):
    v1 = call "Memory>>first"(v0)
    v2 = cast.i64 v0
    v3 = iconst 7
    v4 = and v2, v3
    v5 = load.i64 v0 + 8 !any
    v6 = cast.i64 v1
    v7 = sub v6, v2
    v8 = add v2, v3
    v9 = shr v2, v3
    v11 = mul v2, v3
    v12 = udiv v2, v3
    v13 = i2f v2
    v14 = f2i v13
    v15 = zext.32 v2
    v16 = add.s v2, v3, "overflow"
    v17 = not v2
    v18 = clz v2
    v10 = call "Memory>>allocate"()
    {kept}
}}
"#
        )
    };
    let stale = "H001 this number computed from an Oop is stale after the call of Memory>>allocate, which can move objects";
    for fine in ["v4", "v5", "v7"] {
        assert_eq!(
            messages(&text(&format!("ret {fine}"))),
            Vec::<String>::new(),
            "{fine}"
        );
    }
    for bad in [
        "v2", "v6", "v8", "v9", "v11", "v12", "v14", "v15", "v16", "v17", "v18",
    ] {
        assert_eq!(messages(&text(&format!("ret {bad}"))), [stale], "{bad}");
    }
    let address = messages(&text("v19 = load.i64 v1 !any\n    ret v19"));
    assert_eq!(
        address,
        [
            "H001 this address inside of an object is stale after the call of Memory>>allocate, which can move objects"
        ]
    );
}

#[test]
fn immediates_and_constants_may_live_across_a_collection() {
    assert_eq!(
        messages(
            r#"
function "A>>immediates" (v0: i64) -> oop {
block0(v0: i64):
    v1 = call "Small>>encode"(v0)
    v2 = iconst 16
    v3 = cast.oop v2
    v4 = call "Memory>>allocate"()
    v5 = icmp.eq v3, v4
    v6 = select v5, v1, v3
    ret v6
}
"#
        ),
        Vec::<String>::new()
    );
}

#[test]
fn a_loop_carries_an_oop_around_to_the_call_before_its_use() {
    let found = messages(
        r#"
function "A>>loop" (v0: oop) {
block0(v0: oop):
    jump block1(v0)
block1(v1: oop):
    v2 = call "Memory>>size"(v1)
    v3 = call "Memory>>allocate"()
    v4 = iconst 0
    v5 = icmp.eq v2, v4
    br v5, block2, block1(v1)
block2:
    ret
}
"#,
    );
    assert_eq!(
        found,
        ["H001 this Oop is stale after the call of Memory>>allocate, which can move objects"]
    );
}

#[test]
fn indirect_calls_move_when_a_function_of_their_signature_does() {
    let text = r#"
signature (oop) -> i64
function "A>>taken" (v0: oop) -> i64 {
block0(v0: oop):
    v1 = call "Memory>>allocate"()
    v2 = iconst 0
    ret v2
}
function "A>>call" (v0: oop, v1: ptr) -> i64 {
block0(v0: oop, v1: ptr):
    v2 = callind sig0, v1(v0)
    v3 = call "Memory>>size"(v0)
    ret v3
}
"#;
    assert_eq!(messages(text), Vec::<String>::new(), "no address is taken");
    let taken = format!("{text}\ntable \"handlers\" [\"A>>taken\"]\n");
    assert_eq!(
        messages(&taken),
        ["H001 this Oop is stale after the call of A>>taken, which can move objects"]
    );
}

#[test]
fn an_exempt_method_is_not_checked() {
    let text = r#"
function "A>>keep" (v0: oop) -> i64 {
block0(v0: oop):
    v1 = call "Memory>>allocate"()
    v2 = call "Memory>>size"(v0)
    ret v2
}
"#;
    let found = findings(text, |name, declared| declared.exempt = name == "A>>keep");
    assert!(found.diagnostics.is_empty());
}

const RECURSION: &str = r#"
function "A>>even" (v0: i64) -> i64 {
block0(v0: i64):
    v1 = call "A>>odd"(v0)
    ret v1
}
function "A>>odd" (v0: i64) -> i64 {
block0(v0: i64):
    v1 = call "A>>even"(v0)
    ret v1
}
"#;

#[test]
fn recursion_needs_a_bound_and_multiplies_the_stack_by_it() {
    assert_eq!(
        messages(RECURSION),
        ["H002 recursion without a bound: A>>even -> A>>odd -> A>>even"]
    );
    let bounded = findings(RECURSION, |name, declared| {
        declared.recursion_bound = (name == "A>>odd").then_some(5)
    });
    assert!(bounded.diagnostics.is_empty());
    let deepest = stack::deepest(&bounded.graph, &bounded.declared, |_| 16);
    assert_eq!(deepest.bytes, 5 * 2 * 16);
    assert_eq!(deepest.chain.len(), 2);
}

#[test]
fn the_deepest_stack_is_the_heaviest_chain_not_the_longest() {
    let found = findings("", |_, _| {});
    let allocate = FuncId::new(1);
    let deepest = stack::deepest(&found.graph, &found.declared, |function| {
        if function == allocate { 100 } else { 24 }
    });
    assert_eq!(
        deepest,
        stack::Deepest {
            bytes: 124,
            chain: vec![allocate, FuncId::new(0)]
        }
    );
}

#[test]
fn an_address_passed_to_a_method_is_followed_into_it() {
    let text = |first: &str| {
        format!(
            r#"
function "A>>keep" (v0: ptr) -> i64 {{
block0(v0: ptr):
    v1 = call "Memory>>allocate"()
    v2 = load.i64 v0 !any
    ret v2
}}
function "A>>pass" (v0: oop, v1: ptr) -> i64 {{
block0(v0: oop, v1: ptr):
    v2 = call "Memory>>first"(v0)
    v3 = call "A>>keep"({first})
    ret v3
}}
"#
        )
    };
    assert_eq!(
        messages(&text("v1")),
        Vec::<String>::new(),
        "an address outside of objects stays"
    );
    let stale = "H001 this address inside of an object is stale after the call of Memory>>allocate, which can move objects";
    assert_eq!(messages(&text("v2")), [stale]);
}

#[test]
fn a_method_that_answers_a_distance_or_a_raw_word_is_looked_into() {
    let text = |kept: &str| {
        format!(
            r#"
function "Address>>offsetFrom:" (v0: ptr, v1: ptr) -> i64 {{
block0(v0: ptr, v1: ptr):
    v2 = cast.i64 v0
    v3 = cast.i64 v1
    v4 = sub v2, v3
    ret v4
}}
function "Oop>>bits" (v0: oop) -> i64 {{
block0(v0: oop):
    v1 = cast.i64 v0
    ret v1
}}
function "A>>use" (v0: oop, v1: ptr) -> i64 {{
block0(v0: oop, v1: ptr):
    v2 = call "Memory>>first"(v0)
    v3 = call "Memory>>first"(v0)
    v4 = call "Address>>offsetFrom:"(v2, v3)
    v5 = call "Address>>offsetFrom:"(v2, v1)
    v6 = call "Oop>>bits"(v0)
    v7 = call "Memory>>allocate"()
    ret {kept}
}}
"#
        )
    };
    assert_eq!(messages(&text("v4")), Vec::<String>::new());
    assert_eq!(messages(&text("v5")).len(), 1);
    assert_eq!(messages(&text("v6")).len(), 1);
}

#[test]
fn what_a_method_reads_that_is_called_at_the_end_is_stale_too() {
    let found = messages(
        r#"
pin word r12 i64
function "A>>use" () -> i64 {
block0:
    v0 = pin.get word
    ret v0
}
function "A>>pass" (v0: oop) -> i64 {
block0(v0: oop):
    v1 = cast.i64 v0
    pin.set word, v1
    v2 = call "Memory>>allocate"()
    tailcall "A>>use"()
}
"#,
    );
    assert_eq!(found.len(), 1, "{found:?}");
}

/// A handler that leaves a derived value in a pin, and one that moves objects; the third reads the pin.
fn handlers(between: &str) -> String {
    format!(
        r#"
pin word r12 ptr
pin table r14 ptr
dispatch word table
handler "A>>store" () {{
block0:
    v0 = call "Memory>>allocate"()
    v1 = cast.ptr v0
    pin.set word, v1
    dispatch
}}
handler "A>>move" () {{
block0:
    v0 = call "Memory>>allocate"()
    {between}dispatch
}}
handler "A>>read" () {{
block0:
    v0 = pin.get word
    dispatch
}}
"#
    )
}

#[test]
fn what_one_handler_leaves_is_stale_when_another_has_moved_objects() {
    let found = messages(&handlers(""));
    assert!(
        found
            .iter()
            .any(|message| message.starts_with("H001 what word holds is stale")),
        "{found:?}"
    );
    let renewed = "v1 = iconst 7\n    v2 = cast.ptr v1\n    pin.set word, v2\n    ";
    assert_eq!(messages(&handlers(renewed)), Vec::<String>::new());
}
