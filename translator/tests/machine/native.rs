//! Programs in IR text become executables, which run and exit with a status.

use crate::support::{exit_status, run};

#[test]
fn a_program_exits_with_the_value_of_its_main_function() {
    assert_eq!(
        exit_status(
            r#"
symbol "ouro_main" "main"
export "main" (v0: i64) -> i64 {
block0(v0: i64):
    v1 = iconst 42
    ret v1
}
"#
        ),
        42
    );
}

#[test]
fn a_loop_sums_numbers() {
    let text = r#"
symbol "ouro_main" "main"
function "sum" (v0: i64) -> i64 {
block0(v0: i64):
    v1 = iconst 0
    jump block1(v1, v1)
block1(v2: i64, v3: i64):
    v4 = icmp.slt v2, v0
    br v4, block2, block3
block2:
    v5 = iconst 1
    v6 = add v2, v5
    v7 = add v3, v6
    jump block1(v6, v7)
block3:
    ret v3
}
export "main" (v0: i64) -> i64 {
block0(v0: i64):
    v1 = iconst 10
    v2 = call "sum"(v1)
    ret v2
}
"#;
    assert_eq!(exit_status(text), 55);
}

#[test]
fn a_program_writes_its_data_by_a_system_call() {
    let text = r#"
symbol "ouro_main" "main"
data "greeting" align 1 "68656c6c6f0a"
export "main" (v0: i64) -> i64 {
block0(v0: i64):
    v1 = iconst 1
    v2 = addr data "greeting"
    v3 = iconst 6
    v4 = syscall v1(v1, v2, v3)
    v5 = sub v4, v3
    ret v5
}
"#;
    let output = run(text);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(output.stdout, b"hello\n");
}

#[test]
fn handlers_dispatch_until_one_of_them_returns() {
    // Opcode 0 pushes its operand byte, 1 adds, 2 leaves with the result at the top of the stack.
    let text = include_str!("programs/handlers.ir");
    assert_eq!(exit_status(text), 42);
}

#[test]
fn long_blocks_of_memory_are_moved_in_either_direction() {
    // Numbers 0 to 511 move up and down by 24 bytes; the sum of the words that must have come along is the status.
    let text = include_str!("programs/blocks.ir");
    assert_eq!(exit_status(text), 7);
}

#[test]
fn calls_that_cannot_be_passed_are_refused_with_a_sentence() {
    let message = |text: &str| {
        let module = ouroc::ir::parse_module(text).expect("the text is IR");
        match ouroc::x64::compile(&module) {
            Ok(_) => panic!("it is accepted"),
            Err(message) => message,
        }
    };
    let many = "i64, i64, i64, i64, i64, i64, i64";
    let import = message(&format!("import \"printf\" ({many})\n"));
    assert!(import.contains("`printf` has arguments on the stack"));
    let tail = message(
        "function \"wide\" (v0: i64, v1: i64, v2: i64, v3: i64, v4: i64, v5: i64, v6: i64) {\n\
         block0(v0: i64, v1: i64, v2: i64, v3: i64, v4: i64, v5: i64, v6: i64):\n    ret\n}\n\
         function \"narrow\" (v0: i64) {\nblock0(v0: i64):\n    \
         tailcall \"wide\"(v0, v0, v0, v0, v0, v0, v0)\n}\n",
    );
    assert!(tail.starts_with("`narrow` ends in a call of wide"));
    let pin = message("pin stackPointer rbx ptr\n");
    assert!(pin.contains("wants the register `rbx`"));
}

#[test]
fn an_undefined_import_is_named() {
    let text = "import \"nowhere\" ()\nsymbol \"ouro_main\" \"main\"\n\
                export \"main\" (v0: i64) -> i64 {\nblock0(v0: i64):\n    call \"nowhere\"()\n    ret v0\n}\n";
    let module = ouroc::ir::parse_module(text).expect("the text is IR");
    let code = ouroc::x64::compile(&module).expect("there are no pins");
    let linked = ouroc::object::link(&code, &ouroc::object::LinkOptions::default());
    let error = linked.expect_err("it is refused");
    assert_eq!(error.reasons, ["the symbol `nowhere` is not defined"]);
}

#[test]
fn an_embedded_image_is_found_between_its_symbols() {
    let text = r#"
symbol "ouro_main" "main"
import "ouro_image_start" ()
import "ouro_image_end" ()
export "main" (v0: i64) -> i64 {
block0(v0: i64):
    v1 = addr function "ouro_image_start"
    v2 = addr function "ouro_image_end"
    v3 = cast.i64 v1
    v4 = cast.i64 v2
    v5 = sub v4, v3
    v6 = load.u8 v1 + 2 !any
    v7 = add v5, v6
    ret v7
}
"#;
    let module = ouroc::ir::parse_module(text).expect("the text is IR");
    let code = ouroc::x64::compile(&module).expect("there are no pins");
    let options = ouroc::object::LinkOptions {
        image: vec![1, 2, 30, 4, 5],
        ..ouroc::object::LinkOptions::default()
    };
    let linked = ouroc::object::link(&code, &options).expect("all is defined");
    let path = crate::support::write(&linked.bytes);
    let output = crate::support::output_of(&path);
    std::fs::remove_file(&path).expect("the file is ours");
    assert_eq!(output.status.code(), Some(35));
}
