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
