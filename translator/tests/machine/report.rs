//! Listings, manifests and differences of real executables.

use crate::support::executable as link;
use ouroc::ir::parse_module;
use ouroc::report::{Style, diff, entries, executable, manifest};
use ouroc::x64::{compile, deepest};

const PROGRAM: &str = r#"
state 64
field Counter.count 8 i64 size 8 !Counter.count
symbol "ouro_main" "main"
function "Counter>>next" () -> i64 line 3 of "Counter>>next" {
block0:
    v0 = load.i64 state.Counter.count !Counter.count
    v1 = iconst 1
    v2 = add v0, v1
    store.i64 v2, state.Counter.count !Counter.count
    ret v2
}
export "main" (v0: i64) -> i64 line 9 of "Main>>main" {
block0(v0: i64):
    v1 = call "Counter>>next"()
    v2 = call "Counter>>next"()
    v3 = fconst 2.5
    v4 = i2f v2
    v5 = fmul v3, v4
    v6 = f2i v5
    ret v6
}
"#;

#[test]
fn the_same_source_gives_the_same_bytes() {
    assert_eq!(link(PROGRAM), link(PROGRAM));
}

#[test]
fn a_moved_field_changes_no_line_of_the_manifest() {
    let moved = PROGRAM.replace("Counter.count 8", "Counter.count 24");
    let of = |text: &str| {
        let module = parse_module(text).expect("the text is IR");
        manifest(&entries(&compile(&module).expect("there are no pins")))
    };
    assert_eq!(of(PROGRAM), of(&moved));
    let other = PROGRAM.replace("iconst 1", "iconst 2");
    assert_ne!(of(PROGRAM), of(&other));
}

#[test]
fn a_moved_field_of_a_struct_changes_no_line_of_the_manifest() {
    let program = r#"
part Frame.method -8
part Frame.next 16
function "Frame>>next" (v0: ptr) -> i64 {
block0(v0: ptr):
    v1 = load.i64 v0 - 8 !Frame.method
    store.i64 v1, v0 + 16 !Frame.next
    v2 = load.i64 v0 + 24 !Frame.next
    ret v2
}
"#;
    let of = |text: &str| {
        let module = parse_module(text).expect("the text is IR");
        ouroc::ir::verify(&module).expect("the text follows the rules");
        let code = compile(&module).expect("there are no pins");
        entries(&code)[0].lines.join("\n")
    };
    let listed = of(program);
    for operand in [
        "[rdi+Frame.method]",
        "[rdi+Frame.next]",
        "[rdi+Frame.next+8]",
    ] {
        assert!(listed.contains(operand), "{operand} is not in\n{listed}");
    }
    let moved = program
        .replace("part Frame.next 16", "part Frame.next 32")
        .replace("v0 + 16", "v0 + 32")
        .replace("v0 + 24", "v0 + 40");
    assert_eq!(of(&moved), listed);
}

#[test]
fn two_executables_are_compared_method_by_method() {
    let other = PROGRAM.replace("v2 = add v0, v1", "v2 = sub v0, v1");
    let before = executable::entries(&link(PROGRAM)).expect("the linker made it");
    let after = executable::entries(&link(&other)).expect("the linker made it");
    let text = diff(&before, &after, Style::Plain);
    assert!(text.contains("~ Counter>>next: "), "{text}");
    assert!(text.contains("[rbx+Counter.count]"), "{text}");
    assert!(text.contains("1 changed, 0 added, 0 removed"), "{text}");
    let same = diff(&before, &before, Style::Plain);
    assert!(same.starts_with("no machine code changed"), "{same}");
}

#[test]
fn the_code_in_an_executable_is_what_the_module_lists() {
    let module = parse_module(PROGRAM).expect("the text is IR");
    let listed = entries(&compile(&module).expect("there are no pins"));
    let read = executable::entries(&link(PROGRAM)).expect("the linker made it");
    for entry in listed {
        let same = read.iter().find(|other| other.name == entry.name);
        let same = same.expect("every function has a symbol");
        let without_constants = |lines: &[String]| -> Vec<String> {
            let constant = |line: &&String| !line.contains("mulsd");
            lines.iter().filter(constant).cloned().collect()
        };
        assert_eq!(
            without_constants(&entry.lines),
            without_constants(&same.lines)
        );
    }
}

#[test]
fn the_deepest_stack_follows_the_calls() {
    let module = parse_module(PROGRAM).expect("the text is IR");
    let code = compile(&module).expect("there are no pins");
    let stack = deepest(&code);
    let names: Vec<&str> = stack
        .path
        .iter()
        .map(|&id| module.functions[id].name.as_str())
        .collect();
    assert_eq!(names, ["main", "Counter>>next"]);
    assert!((16..64).contains(&stack.bytes), "{stack:?}");
    assert!(stack.recursive.is_empty());
}
