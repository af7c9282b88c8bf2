//! Tests of the machine on typed programs built by hand.

use super::*;
use crate::base::entity::EntityRef;
use crate::base::source::Span;
use crate::typed::testing::{add, expr, int, int_type, local, program, void};
use crate::typed::{
    AliasClass, Arithmetic, ClassId, Expr, ExprKind, FunctionType, FunctionTypeId, IntBinary,
    IntType, Intrinsic, Local, LocalId, MemoryType, Method, MethodId, MethodKind, Program,
    StateField, StateFieldId, Table, TableId, TableKind, Trap, Type,
};

const BYTE: MemoryType = MemoryType::Int {
    bits: 8,
    signed: false,
};
const WORD: MemoryType = MemoryType::Int {
    bits: 64,
    signed: false,
};

fn uint64() -> Type {
    Type::Int(IntType::UINT64)
}

fn state(program: &mut Program, name: &str, count: Option<u64>, pin: Option<&str>) -> StateFieldId {
    let size = 8 * count.unwrap_or(1);
    let field = StateField {
        name: format!("T.{name}"),
        class: ClassId::new(0),
        ty: uint64(),
        memory: Some(WORD),
        offset: program.state_size,
        count,
        size,
        pin: pin.map(str::to_owned),
        is_exempt: false,
        span: Span::none(),
    };
    program.state_size += size;
    program.state.push(field)
}

fn call(program: &Program, method: MethodId, args: &[i128]) -> (Outcome, Vec<u8>) {
    let code = compile(program, Audit::Ranges);
    let limits = Limits {
        fuel: 100_000,
        ..Limits::default()
    };
    let mut machine = Machine::new(
        &code,
        limits,
        SystemOptions {
            deterministic: true,
            ..SystemOptions::default()
        },
    );
    let outcome = machine.call(method, args);
    (outcome, machine.system.output)
}

fn fault(outcome: Outcome) -> FaultKind {
    match outcome {
        Outcome::Fault(fault) => fault.kind,
        other => panic!("expected a fault, not {other:?}"),
    }
}

fn syscall(args: Vec<Expr>) -> Expr {
    expr(
        ExprKind::Intrinsic(Intrinsic::Syscall, args),
        Type::Int(IntType::INT64),
        None,
    )
}

#[test]
fn a_wrong_claim_of_inference_is_reported_and_not_taken_for_the_programs_fault() {
    let mut program = program();
    let kind = ExprKind::IntBinary(
        IntBinary::Add,
        Arithmetic::Exact,
        local(0, IntType::UINT64).into(),
        int(1).into(),
    );
    let method = add(
        &mut program,
        "claim",
        &[uint64()],
        1,
        uint64(),
        expr(kind, uint64(), None),
    );
    assert_eq!(call(&program, method, &[5]).0, Outcome::Value(6));
    assert!(matches!(
        fault(call(&program, method, &[u64::MAX.into()]).0),
        FaultKind::Claim(_)
    ));
}

#[test]
fn an_index_outside_of_an_array_in_the_state_record_is_refused_though_the_memory_is_there() {
    let mut program = program();
    let array = state(&mut program, "array", Some(4), None);
    state(&mut program, "behind", None, None);
    let load = ExprKind::Load {
        memory: WORD,
        base: Box::new(expr(ExprKind::StateAddress(array), uint64(), None)),
        index: Some(local(0, IntType::INT64).into()),
        scale: 8,
        offset: -8,
        alias: AliasClass::State(array),
    };
    let method = add(
        &mut program,
        "at:",
        &[Type::Int(IntType::INT64)],
        1,
        uint64(),
        expr(load, uint64(), None),
    );
    assert_eq!(call(&program, method, &[4]).0, Outcome::Value(0));
    for index in [0, 5] {
        assert!(
            matches!(
                fault(call(&program, method, &[index]).0),
                FaultKind::Bounds(..)
            ),
            "{index}"
        );
    }
}

#[test]
fn a_program_maps_memory_writes_to_it_and_prints_it() {
    let mut program = program();
    let number = |value: i128| int(value);
    let map = syscall(vec![
        number(9),
        number(0),
        number(4096),
        number(3),
        number(0x22),
        number(-1),
        number(0),
    ]);
    let address = local(0, IntType::INT64);
    let store = |distance: i64, byte: u8| {
        let (base, value) = (Box::new(address.clone()), Box::new(int(byte.into())));
        void(ExprKind::Store {
            memory: BYTE,
            base,
            index: None,
            scale: 1,
            offset: distance,
            value,
            alias: AliasClass::Raw,
        })
    };
    let body = expr(
        ExprKind::Seq(vec![
            expr(
                ExprKind::SetLocal(LocalId::new(0), map.into()),
                Type::Int(IntType::INT64),
                None,
            ),
            store(0, b'h'),
            store(1, b'i'),
            syscall(vec![number(1), number(1), address.clone(), number(2)]),
        ]),
        Type::Int(IntType::INT64),
        None,
    );
    let method = add(
        &mut program,
        "print",
        &[Type::Int(IntType::INT64)],
        0,
        Type::Int(IntType::INT64),
        body,
    );
    assert_eq!(
        call(&program, method, &[]),
        (Outcome::Value(2), b"hi".to_vec())
    );
}

#[test]
fn a_function_value_of_another_signature_is_not_called() {
    let mut program = program();
    let ty: FunctionTypeId = program.function_types.push(FunctionType {
        params: vec![uint64()],
        result: uint64(),
    });
    let callee = add(
        &mut program,
        "same:",
        &[uint64()],
        1,
        uint64(),
        local(0, IntType::UINT64),
    );
    let other = add(&mut program, "none", &[], 0, uint64(), int(3));
    for (target, fits) in [(callee, true), (other, false)] {
        let function = expr(ExprKind::FunctionAddress(target), Type::Function(ty), None);
        let body = expr(
            ExprKind::CallFunction(function.into(), vec![int(41)]),
            uint64(),
            None,
        );
        let method = add(&mut program, "call", &[], 0, uint64(), body);
        let outcome = call(&program, method, &[]).0;
        if fits {
            assert_eq!(outcome, Outcome::Value(41));
        } else {
            assert!(matches!(fault(outcome), FaultKind::BadFunction(_)));
        }
    }
}

#[test]
fn endless_recursion_and_endless_loops_end_with_a_fault() {
    let mut program = program();
    let own = MethodId::new(0);
    add(
        &mut program,
        "forever",
        &[],
        0,
        Type::Void,
        void(ExprKind::Call(own, Vec::new())),
    );
    let body = void(ExprKind::Loop(
        crate::typed::Label::new(0),
        void(ExprKind::Nothing).into(),
    ));
    let looping = add(&mut program, "loop", &[], 0, Type::Void, body);
    let code = compile(&program, Audit::Light);
    let result = |method| {
        let test = crate::typed::Test {
            class: "T".into(),
            selector: "test".into(),
            set_up: None,
            method,
        };
        run_test(
            &code,
            &test,
            Limits {
                fuel: 1_000_000,
                ..Limits::default()
            },
            &SystemOptions::default(),
        )
    };
    assert!(
        result(own)
            .failure
            .is_some_and(|failure| failure.to_string() == FaultKind::TooDeep.to_string())
    );
    assert!(
        result(looping)
            .failure
            .is_some_and(|failure| failure.to_string() == FaultKind::OutOfFuel.to_string())
    );
}

/// An interpreter of two opcodes: 0 adds one to a field, 1 leaves, 2 dispatches its operand through the second table.
#[expect(clippy::too_many_lines, reason = "a program written out")]
fn interpreter() -> (Program, MethodId, StateFieldId) {
    let mut program = program();
    let pointer = state(&mut program, "ip", None, Some("r12"));
    let table = state(&mut program, "table", None, Some("r14"));
    let counter = state(&mut program, "counter", None, None);
    let get = |field| expr(ExprKind::State(field), uint64(), None);
    let set = |field, value: Expr| expr(ExprKind::SetState(field, value.into()), uint64(), None);
    let plus = |a: Expr, b| {
        expr(
            ExprKind::IntBinary(
                IntBinary::Add,
                Arithmetic::Checked { signed: false },
                a.into(),
                Box::new(int(b)),
            ),
            uint64(),
            None,
        )
    };
    let add_by = |amount| set(counter, plus(get(counter), amount));
    let one = add(&mut program, "one", &[], 0, Type::Void, add_by(1));
    let leave = add(
        &mut program,
        "leave",
        &[],
        0,
        Type::Void,
        void(ExprKind::Intrinsic(Intrinsic::LeaveInterpreter, Vec::new())),
    );
    let ten = add(&mut program, "ten", &[], 0, Type::Void, add_by(10));
    let through = void(ExprKind::Intrinsic(
        Intrinsic::DispatchThrough,
        vec![
            int(0),
            expr(ExprKind::TableAddress(TableId::new(1)), uint64(), None),
        ],
    ));
    let through = add(&mut program, "through", &[], 0, Type::Void, through);
    for method in [one, leave, ten, through] {
        program.methods[method].kind = MethodKind::Handler;
    }
    let mut opcodes = vec![leave; 256];
    (opcodes[0], opcodes[2]) = (one, through);
    program.tables.push(Table {
        name: "T.opcodes".into(),
        kind: TableKind::Functions(opcodes),
    });
    program.tables.push(Table {
        name: "T.others".into(),
        kind: TableKind::Functions(vec![ten; 256]),
    });
    let start = expr(
        ExprKind::Seq(vec![
            set(pointer, local(0, IntType::UINT64)),
            set(
                table,
                expr(ExprKind::TableAddress(TableId::new(0)), uint64(), None),
            ),
            void(ExprKind::Intrinsic(Intrinsic::EnterInterpreter, Vec::new())),
            get(counter),
        ]),
        uint64(),
        None,
    );
    let start = add(&mut program, "start:", &[uint64()], 1, uint64(), start);
    (program, start, counter)
}

#[test]
fn handlers_run_one_after_another_until_one_leaves() {
    let (mut program, start, _) = interpreter();
    program.strings.push(vec![0, 0, 2, 0, 1, 0]);
    let code = compile(&program, Audit::Ranges);
    let mut machine = Machine::new(&code, Limits::default(), SystemOptions::default());
    let first = i128::from(super::code::STRING_BASE) + 8;
    assert_eq!(machine.call(start, &[first]), Outcome::Value(13));
    assert_eq!(machine.bytecodes, 5);
    assert_eq!(machine.pin("T.ip"), Some(first as u64 + 5));
}

#[test]
fn a_run_stops_before_the_bytecode_after_the_last_one_allowed_and_memory_can_be_read() {
    let (mut program, start, counter) = interpreter();
    program.strings.push(vec![0; 100]);
    let code = compile(&program, Audit::Light);
    let mut machine = Machine::new(
        &code,
        Limits {
            bytecodes: 42,
            ..Limits::default()
        },
        SystemOptions::default(),
    );
    assert_eq!(
        machine.call(start, &[i128::from(super::code::STRING_BASE) + 8]),
        Outcome::BytecodeLimit
    );
    let address = Machine::state_base() + program.state[counter].offset;
    assert_eq!(machine.memory.read(address).map(u64::from_le_bytes), Ok(42));
}

#[test]
fn assertions_and_traps_name_what_happened_and_who_called() {
    let mut program = program();
    let check = void(ExprKind::Assert(Box::new(expr(
        ExprKind::Boolean(false),
        Type::Boolean,
        None,
    ))));
    let inner = add(&mut program, "inner", &[], 0, Type::Void, check);
    let outer = add(
        &mut program,
        "testOuter",
        &[],
        0,
        Type::Void,
        void(ExprKind::Call(inner, Vec::new())),
    );
    match call(&program, outer, &[]).0 {
        Outcome::Fault(fault) => {
            assert_eq!(fault.kind, FaultKind::Trap(Trap::Assertion));
            assert_eq!(fault.callers, ["T>>inner", "T>>testOuter"]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn entry_arguments_lie_on_the_stack_as_the_kernel_puts_them() {
    let mut program = program();
    let load = |offset| ExprKind::Load {
        memory: WORD,
        base: local(0, IntType::UINT64).into(),
        index: None,
        scale: 1,
        offset,
        alias: AliasClass::Raw,
    };
    let argument = expr(load(16), uint64(), None);
    let byte = ExprKind::Load {
        memory: BYTE,
        base: argument.into(),
        index: None,
        scale: 1,
        offset: 1,
        alias: AliasClass::Raw,
    };
    let byte = expr(byte, Type::Int(int_type(false, 8)), None);
    let method = add(&mut program, "start:", &[uint64()], 1, uint64(), byte);
    let code = compile(&program, Audit::Light);
    let outcome = simulate(
        &code,
        method,
        &[b"vm", b"xyz"],
        Limits::default(),
        &SystemOptions::default(),
        |outcome, _| outcome,
    );
    assert_eq!(outcome, Outcome::Value(b'y'.into()));
}

#[test]
fn an_import_that_the_evaluator_does_not_know_is_named() {
    let mut program = program();
    let method = program.methods.push(Method {
        name: "T>>shim".into(),
        class: ClassId::new(0),
        selector: "shim".into(),
        locals: std::iter::empty::<Local>().collect(),
        n_params: 0,
        result: Type::Void,
        body: None,
        attributes: Default::default(),
        kind: MethodKind::Import("ouro_something".into()),
        span: Span::none(),
    });
    let kind = fault(call(&program, method, &[]).0);
    assert_eq!(
        kind.to_string(),
        "the evaluator does not know the shim's function ouro_something"
    );
}
