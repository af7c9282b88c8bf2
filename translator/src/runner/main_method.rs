//! The main method of a test executable, as a typed tree.
//!
//! It is called like any entry, with the stack that the kernel made. The arguments are the number of the first test and that of the test
//! after the last one. After each test it writes a separator byte.

use crate::base::entity::EntityRef;
use crate::base::source::Span;
use crate::typed::{
    AliasClass, Arithmetic, Attributes, ClassId, Comparison, Conversion, Expr, ExprKind, IntBinary,
    IntType, Intrinsic, Label, Local, LocalId, MemoryType, Method, MethodId, MethodKind, Program,
    Range, Type,
};

/// Ends the output of each test that ended.
pub(super) const SEPARATOR: u8 = 0x1E;

const UINT64: Type = Type::Int(IntType::UINT64);
const WORD: MemoryType = MemoryType::Int {
    bits: 64,
    signed: false,
};
const BYTE: MemoryType = MemoryType::Int {
    bits: 8,
    signed: false,
};
const SYS_WRITE: i128 = 1;

/// Adds the method; its number.
pub fn add_test_main(program: &mut Program) -> MethodId {
    let parse = add_parser(program);
    let (stack, index, end) = (LocalId::new(0), LocalId::new(1), LocalId::new(2));
    let argument = |number: i64| {
        call(
            parse,
            vec![load(WORD, local(stack), 8 * number + 8)],
            UINT64,
        )
    };
    let separator = program.strings.push(vec![SEPARATOR]);
    let mut step = clear_state(program);
    step.push(run_test(program, index));
    let text = expr(
        ExprKind::Reinterpret(Box::new(expr(ExprKind::String(separator), Type::String))),
        UINT64,
    );
    let text = binary(IntBinary::Add, text, int(8));
    step.push(intrinsic(
        Intrinsic::Syscall,
        vec![int(SYS_WRITE), int(1), text, int(1)],
        Type::Int(IntType::INT64),
    ));
    step.push(set(index, binary(IntBinary::Add, local(index), int(1))));
    let label = Label::new(0);
    let more = expr(
        ExprKind::IntCompare(Comparison::Lt, local(index).into(), local(end).into()),
        Type::Boolean,
    );
    let leave = expr(ExprKind::Exit(label, nothing().into()), Type::Never);
    let body = void(ExprKind::If(
        more.into(),
        void(ExprKind::Seq(step)).into(),
        leave.into(),
    ));
    let body = vec![
        set(index, argument(1)),
        set(end, argument(2)),
        void(ExprKind::Loop(label, body.into())),
        int(0),
    ];
    let body = expr(ExprKind::Seq(body), UINT64);
    add(
        program,
        "runTests:",
        &["stackPointer", "index", "end"],
        body,
    )
}

/// Makes the state record and the pins zero.
fn clear_state(program: &Program) -> Vec<Expr> {
    let mut clear = Vec::new();
    if program.state.values().any(|field| field.pin.is_none()) {
        let size = program.state_size.into();
        clear.push(intrinsic(
            Intrinsic::FillBytes,
            vec![expr(ExprKind::StateBase, UINT64), int(size), int(0)],
            Type::Void,
        ));
    }
    for (field, state) in program.state.iter() {
        if state.pin.is_some() {
            let zero = Expr {
                ty: state.ty,
                ..int(0)
            };
            clear.push(expr(ExprKind::SetState(field, zero.into()), state.ty));
        }
    }
    clear
}

/// Calls `setUp` and the test of that number.
fn run_test(program: &Program, index: LocalId) -> Expr {
    let cases = program.tests.iter().enumerate().map(|(number, test)| {
        let calls = test.set_up.into_iter().chain([test.method]);
        let calls = calls
            .map(|method| void(ExprKind::Call(method, Vec::new())))
            .collect();
        (vec![number as i128], void(ExprKind::Seq(calls)))
    });
    void(ExprKind::Case(
        local(index).into(),
        cases.collect(),
        Some(nothing().into()),
    ))
}

/// A method that answers the number whose decimal digits are at an address.
fn add_parser(program: &mut Program) -> MethodId {
    let (address, number, digit) = (LocalId::new(0), LocalId::new(1), LocalId::new(2));
    let label = Label::new(0);
    let ends = expr(
        ExprKind::IntCompare(Comparison::Eq, local(digit).into(), int(0).into()),
        Type::Boolean,
    );
    let tens = binary(IntBinary::Mul, local(number), int(10));
    let value = binary(IntBinary::Sub, local(digit), int(i128::from(b'0')));
    let advance = vec![
        set(number, binary(IntBinary::Add, tens, value)),
        set(address, binary(IntBinary::Add, local(address), int(1))),
    ];
    let leave = expr(ExprKind::Exit(label, nothing().into()), Type::Never);
    let step = vec![
        set(digit, load(BYTE, local(address), 0)),
        void(ExprKind::If(
            ends.into(),
            leave.into(),
            void(ExprKind::Seq(advance)).into(),
        )),
    ];
    let body = vec![
        set(number, int(0)),
        void(ExprKind::Loop(label, void(ExprKind::Seq(step)).into())),
        local(number),
    ];
    let body = expr(ExprKind::Seq(body), UINT64);
    add(program, "numberAt:", &["address", "number", "digit"], body)
}

/// Adds a method of one parameter; all locals are unsigned integers.
fn add(program: &mut Program, selector: &str, locals: &[&str], body: Expr) -> MethodId {
    let local = |name: &&str| Local {
        name: (*name).to_owned(),
        ty: UINT64,
        span: Span::none(),
    };
    program.methods.push(Method {
        name: format!("TestMain>>{selector}"),
        class: ClassId::new(0),
        selector: selector.to_owned(),
        locals: locals.iter().map(local).collect(),
        n_params: 1,
        result: UINT64,
        body: Some(body),
        attributes: Attributes {
            inline: Some(false),
            ..Attributes::default()
        },
        kind: MethodKind::Normal,
        span: Span::none(),
    })
}

fn expr(kind: ExprKind, ty: Type) -> Expr {
    let range = match ty {
        Type::Int(int) => Some(int.range()),
        _ => None,
    };
    Expr {
        kind,
        ty,
        range,
        span: Span::none(),
    }
}

fn void(kind: ExprKind) -> Expr {
    expr(kind, Type::Void)
}

fn nothing() -> Expr {
    void(ExprKind::Nothing)
}

fn int(value: i128) -> Expr {
    Expr {
        range: Some(Range::exactly(value)),
        ..expr(ExprKind::Int(value), UINT64)
    }
}

fn local(local: LocalId) -> Expr {
    expr(ExprKind::Local(local), UINT64)
}

fn set(local: LocalId, value: Expr) -> Expr {
    expr(ExprKind::SetLocal(local, value.into()), UINT64)
}

/// Arithmetic modulo 2^64.
fn binary(op: IntBinary, a: Expr, b: Expr) -> Expr {
    let wide = Expr {
        range: None,
        ..expr(
            ExprKind::IntBinary(op, Arithmetic::Wrapping, a.into(), b.into()),
            UINT64,
        )
    };
    expr(ExprKind::Convert(Conversion::Truncate, wide.into()), UINT64)
}

fn load(memory: MemoryType, base: Expr, offset: i64) -> Expr {
    expr(
        ExprKind::Load {
            memory,
            base: base.into(),
            index: None,
            scale: 1,
            offset,
            alias: AliasClass::Raw,
        },
        UINT64,
    )
}

fn call(method: MethodId, args: Vec<Expr>, ty: Type) -> Expr {
    expr(ExprKind::Call(method, args), ty)
}

fn intrinsic(intrinsic: Intrinsic, args: Vec<Expr>, ty: Type) -> Expr {
    expr(ExprKind::Intrinsic(intrinsic, args), ty)
}
