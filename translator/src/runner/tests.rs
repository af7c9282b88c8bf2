//! Tests of the runner on typed programs built by hand; the executables are run.

use super::*;
use crate::base::entity::EntityRef;
use crate::typed::testing::{add, expr, int, program, void};
use crate::typed::{
    Arithmetic, Expr, ExprKind, IntBinary, IntType, Intrinsic, MemoryType, StateField, Test, Type,
};

const UINT64: Type = Type::Int(IntType::UINT64);

fn print(program: &mut Program, text: &str) -> Expr {
    let string = program.strings.push(text.as_bytes().to_vec());
    let record = expr(ExprKind::String(string), Type::String, None);
    let start = expr(
        ExprKind::Address {
            base: record.into(),
            index: None,
            scale: 1,
            offset: 8,
        },
        Type::String,
        None,
    );
    let start = expr(ExprKind::Reinterpret(start.into()), UINT64, None);
    expr(
        ExprKind::Intrinsic(
            Intrinsic::Syscall,
            vec![int(1), int(1), start, int(text.len() as i128)],
        ),
        Type::Int(IntType::INT64),
        None,
    )
}

fn assert(holds: bool) -> Expr {
    void(ExprKind::Assert(Box::new(expr(
        ExprKind::Boolean(holds),
        Type::Boolean,
        None,
    ))))
}

fn add_test(program: &mut Program, selector: &str, body: Vec<Expr>) {
    let method = add(
        program,
        selector,
        &[],
        0,
        Type::Void,
        void(ExprKind::Seq(body)),
    );
    program.tests.push(Test {
        class: "T".into(),
        selector: selector.into(),
        set_up: None,
        method,
    });
}

/// Adds a field that a test finds zero and leaves as one.
fn add_state_test(program: &mut Program, selector: &str) {
    let memory = Some(MemoryType::Int {
        bits: 64,
        signed: false,
    });
    let field = program.state.keys().next().unwrap_or_else(|| {
        program.state_size = 8;
        program.state.push(StateField {
            name: "T.used".into(),
            class: crate::typed::ClassId::new(0),
            ty: UINT64,
            memory,
            offset: 0,
            count: None,
            size: 8,
            pin: None,
            is_exempt: false,
            span: crate::base::source::Span::none(),
        })
    });
    let used = expr(ExprKind::State(field), UINT64, None);
    let fresh = expr(
        ExprKind::IntCompare(crate::typed::Comparison::Eq, used.into(), int(0).into()),
        Type::Boolean,
        None,
    );
    let body = vec![
        void(ExprKind::Assert(fresh.into())),
        expr(ExprKind::SetState(field, int(1).into()), UINT64, None),
    ];
    add_test(program, selector, body);
}

fn sample() -> Program {
    let mut program = program();
    let hello = print(&mut program, "hello");
    add_test(&mut program, "testPrints", vec![hello]);
    add_state_test(&mut program, "testFreshState");
    let half = print(&mut program, "half");
    add_test(&mut program, "testFails", vec![half, assert(false)]);
    add_state_test(&mut program, "testFreshStateAgain");
    let exit = expr(
        ExprKind::Intrinsic(Intrinsic::Syscall, vec![int(60), int(3)]),
        Type::Int(IntType::INT64),
        None,
    );
    add_test(&mut program, "testExits", vec![exit]);
    add_test(&mut program, "testHolds", vec![assert(true)]);
    program
}

fn run(options: &RunOptions) -> Vec<TestReport> {
    run_tests(sample(), &SourceMap::new(), options, |_, _| true)
        .unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn both_runs_agree_on_what_passes_what_fails_and_what_is_printed() {
    for isolated in [true, false] {
        let reports = run(&RunOptions {
            isolated,
            ..RunOptions::default()
        });
        let passed: Vec<bool> = reports.iter().map(TestReport::passes).collect();
        assert_eq!(
            passed,
            [true, true, false, true, false, true],
            "isolated: {isolated}"
        );
        assert!(
            reports.iter().all(|report| report.disagreement().is_none()),
            "{reports:?}"
        );
        assert_eq!(reports[0].native.output, b"hello");
        assert_eq!(
            reports[2].native,
            NativeResult {
                end: NativeEnd::Signal(4),
                output: b"half".to_vec()
            }
        );
        assert_eq!(reports[4].native.end, NativeEnd::Exit(3));
    }
}

#[test]
fn a_miscompiled_test_is_a_disagreement() {
    let mut program = program();
    let sum = expr(
        ExprKind::IntBinary(
            IntBinary::Add,
            Arithmetic::Exact,
            int(1).into(),
            int(1).into(),
        ),
        UINT64,
        None,
    );
    let two = expr(
        ExprKind::IntCompare(crate::typed::Comparison::Eq, sum.into(), int(2).into()),
        Type::Boolean,
        None,
    );
    add_test(
        &mut program,
        "testTwo",
        vec![void(ExprKind::Assert(two.into()))],
    );
    let code = evaluate::compile(&program, Audit::Ranges);
    let evaluated = evaluate::run_test(
        &code,
        &program.tests[0],
        Limits::default(),
        &SystemOptions::default(),
    );
    let mut module =
        test_module(&mut program, &SourceMap::new()).unwrap_or_else(|error| panic!("{error}"));
    let wrong = crate::ir::Inst::Iconst(3);
    for function in module.functions.values_mut() {
        for data in function
            .insts
            .values_mut()
            .filter(|data| data.inst == crate::ir::Inst::Iconst(2))
        {
            data.inst = wrong;
        }
    }
    let native =
        NativeTests::new(module).and_then(|tests| tests.run_all(1, &RunOptions::default()));
    let native = native.unwrap_or_else(|error| panic!("{error}")).remove(0);
    let report = TestReport {
        class: "T".into(),
        selector: "testTwo".into(),
        evaluated,
        native,
    };
    assert!(!report.passes());
    assert_eq!(
        report.disagreement().as_deref(),
        Some("passes in the evaluator, but natively it traps")
    );
}

#[test]
fn a_native_loop_without_end_is_given_up() {
    let mut program = program();
    let body = void(ExprKind::Loop(
        crate::typed::Label::new(0),
        void(ExprKind::Nothing).into(),
    ));
    add_test(&mut program, "testLoops", vec![body]);
    let options = RunOptions {
        limits: Limits {
            fuel: 1000,
            ..Limits::default()
        },
        patience: Duration::from_millis(50),
        ..RunOptions::default()
    };
    let reports = run_tests(program, &SourceMap::new(), &options, |_, _| true)
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(reports[0].native.end, NativeEnd::TimeOut);
    assert!(!reports[0].passes());
}
