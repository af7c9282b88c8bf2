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
    let text = r#"
pin instructionPointer r12 ptr
pin stackPointer r13 ptr
pin dispatchTable r14 ptr
dispatch instructionPointer dispatchTable
symbol "ouro_main" "main"
signature ()
data "code" align 1 "002800020102"
data "stack" align 8 writable "00000000000000000000000000000000000000000000000000000000000000000000000000000000"
table "handlers" ["push", "add", "leave"]

handler "push" () {
block0:
    v0 = pin.get instructionPointer
    v1 = load.u8 v0 !any
    v2 = cast.i64 v0
    v3 = iconst 1
    v4 = add v2, v3
    v5 = cast.ptr v4
    pin.set instructionPointer, v5
    v6 = pin.get stackPointer
    v7 = cast.i64 v6
    v8 = iconst -8
    v9 = add v7, v8
    v10 = cast.ptr v9
    pin.set stackPointer, v10
    store.i64 v1, v10 !any
    dispatch
}

handler "add" () {
block0:
    v0 = pin.get stackPointer
    v1 = load.i64 v0 !any
    v2 = load.i64 v0 + 8 !any
    v3 = add v1, v2
    store.i64 v3, v0 + 8 !any
    v4 = cast.i64 v0
    v5 = iconst 8
    v6 = add v4, v5
    v7 = cast.ptr v6
    pin.set stackPointer, v7
    dispatch
}

handler "leave" () {
block0:
    ret
}

function "enter" () {
block0:
    v0 = addr table "handlers"
    pin.set dispatchTable, v0
    v1 = addr data "code" + 1
    pin.set instructionPointer, v1
    v2 = addr data "stack" + 40
    pin.set stackPointer, v2
    v3 = load.ptr v0 !any
    tailcallind sig0, v3()
}

export "main" (v0: i64) -> i64 {
block0(v0: i64):
    call "enter"()
    v1 = pin.get stackPointer
    v2 = load.i64 v1 !any
    ret v2
}
"#;
    assert_eq!(exit_status(text), 42);
}

#[test]
fn long_blocks_of_memory_are_moved_in_either_direction() {
    // Numbers 0 to 511 move up and down by 24 bytes; the sum of the words that must have come along is the status.
    let text = r#"
symbol "ouro_main" "main"
state 8192
field Test.words 0 i64 size 8192 !Test.words
function "fill" () {
block0:
    v0 = iconst 0
    jump block1(v0)
block1(v1: i64):
    v2 = addr field "Test.words"
    store.i64 v1, v2 + v1*8 !any
    v3 = iconst 1
    v4 = add v1, v3
    v5 = iconst 512
    v6 = icmp.slt v4, v5
    br v6, block1(v4), block2
block2:
    ret
}
function "wrong" (v0: i64) -> i64 {
block0(v0: i64):
    v1 = iconst 0
    jump block1(v1, v1)
block1(v2: i64, v3: i64):
    v4 = addr field "Test.words"
    v5 = cast.i64 v4
    v6 = add v5, v0
    v7 = cast.ptr v6
    v8 = load.i64 v7 + v2*8 !any
    v9 = icmp.ne v8, v2
    v10 = b2i v9
    v11 = add v3, v10
    v12 = iconst 1
    v13 = add v2, v12
    v14 = iconst 512
    v15 = icmp.slt v13, v14
    br v15, block1(v13, v11), block2
block2:
    ret v11
}
export "main" (v0: i64) -> i64 {
block0(v0: i64):
    call "fill"()
    v1 = addr field "Test.words"
    v2 = addr field "Test.words" + 24
    v3 = iconst 4096
    memmove v2, v1, v3
    v4 = iconst 24
    v5 = call "wrong"(v4)
    memmove v1, v2, v3
    v6 = iconst 0
    v7 = call "wrong"(v6)
    v8 = add v5, v7
    v9 = iconst 7
    memfill v1, v9, v3
    v10 = load.u8 v1 + 4095 !any
    v11 = load.u8 v1 + 4096 !any
    v12 = add v8, v10
    v13 = icmp.eq v11, v9
    v14 = b2i v13
    v15 = add v12, v14
    ret v15
}
"#;
    assert_eq!(exit_status(text), 7);
}

#[test]
fn calls_that_cannot_be_passed_are_refused_with_a_sentence() {
    let message = |text: &str| {
        let module = ouroc::ir::parse_module(text).expect("the text is IR");
        ouroc::x64::compile(&module).err().expect("it is refused")
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
    let error = linked.err().expect("it is refused");
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
    let status = std::process::Command::new(&path)
        .status()
        .expect("the executable starts");
    std::fs::remove_file(&path).expect("the file is ours");
    assert_eq!(status.code(), Some(35));
}
