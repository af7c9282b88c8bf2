//! Loops, choices and exits.

use super::programs::{Result, agree};
use crate::base::entity::EntityRef;
use crate::typed::testing::{add, expr, int, int_type, local, program, void};
use crate::typed::{
    Arithmetic, Expr, ExprKind, IntBinary, IntType, Label, LocalId, Range, Trap, Type,
};

fn plus(a: Expr, b: Expr) -> Expr {
    let kind = ExprKind::IntBinary(
        IntBinary::Add,
        Arithmetic::Checked { signed: true },
        a.into(),
        b.into(),
    );
    expr(kind, Type::Int(IntType::INT64), None)
}

fn set(number: usize, value: Expr) -> Expr {
    let ty = value.ty;
    expr(
        ExprKind::SetLocal(LocalId::new(number), value.into()),
        ty,
        None,
    )
}

fn seq(exprs: Vec<Expr>) -> Expr {
    let ty = exprs.last().map_or(Type::Void, |last| last.ty);
    expr(ExprKind::Seq(exprs), ty, None)
}

/// Counts the steps of a loop from `x0` to `x1` and remembers the last index: `count * 1000 + last`, without overflow.
fn counting(ty: IntType, step: i128) -> crate::typed::Program {
    let mut program = program();
    let int64 = IntType::INT64;
    let narrow = expr(
        ExprKind::IntBinary(
            IntBinary::And,
            Arithmetic::Exact,
            local(2, ty).into(),
            int(1023).into(),
        ),
        Type::Int(int64),
        Some(Range { lo: 0, hi: 1023 }),
    );
    let body = void(ExprKind::Seq(vec![
        set(3, plus(local(3, int64), int(1))),
        set(4, narrow),
    ]));
    let body = seq(vec![
        set(3, int(0)),
        set(4, int(0)),
        void(ExprKind::For {
            variable: LocalId::new(2),
            from: local(0, ty).into(),
            to: local(1, ty).into(),
            step,
            body: body.into(),
        }),
        plus(
            local(4, int64),
            expr(
                ExprKind::IntBinary(
                    IntBinary::Mul,
                    Arithmetic::Wrapping,
                    local(3, int64).into(),
                    int(4096).into(),
                ),
                Type::Int(int64),
                None,
            ),
        ),
    ]);
    let types = [
        Type::Int(ty),
        Type::Int(ty),
        Type::Int(ty),
        Type::Int(int64),
        Type::Int(int64),
    ];
    add(
        &mut program,
        &format!("count{ty:?}by{step}"),
        &types,
        2,
        Type::Int(int64),
        body,
    );
    program
}

#[test]
fn counted_loops_stop_at_the_limit_even_when_that_is_the_last_integer() {
    for ty in [
        int_type(true, 64),
        int_type(false, 64),
        int_type(false, 8),
        int_type(true, 16),
    ] {
        let Range { lo, hi } = ty.range();
        for step in [1, 2, 7, -1, -3] {
            let program = counting(ty, step);
            let method = crate::typed::MethodId::new(0);
            let edges: [[i128; 2]; 10] = [
                [lo, lo],
                [hi, hi],
                [hi - 5, hi],
                [hi - 6, hi - 1],
                [lo, lo + 9],
                [lo + 9, lo],
                [hi, hi - 9],
                [hi, lo],
                [5, 1],
                [1, 5],
            ];
            agree(
                &program,
                method,
                &edges
                    .iter()
                    .filter(|[from, to]| (from - to).abs() < 10 || (step > 0) == (from > to))
                    .map(|args| args.as_slice())
                    .collect::<Vec<_>>(),
            );
        }
    }
}

#[test]
fn case_takes_the_first_arm_with_the_constant_and_traps_without_one() {
    let ty = IntType::INT64;
    for (constants, dense) in [
        (vec![3, 4, 5, 6, 8], true),
        (vec![-1, 1000, 5, i64::MAX.into(), i64::MIN.into()], false),
    ] {
        let mut program = program();
        let mut cases: Vec<(Vec<i128>, Expr)> = (10..)
            .zip(&constants)
            .map(|(value, &constant)| (vec![constant], int(value)))
            .collect();
        cases.push((vec![constants[0], 7], int(99)));
        let body = expr(
            ExprKind::Case(local(0, ty).into(), cases, None),
            Type::Int(ty),
            None,
        );
        let method = add(
            &mut program,
            "case",
            &[Type::Int(ty)],
            1,
            Type::Int(ty),
            body,
        );
        let mut arguments: Vec<[i128; 1]> = constants.iter().map(|&constant| [constant]).collect();
        arguments.extend([[7], [2], [9], [-5]]);
        let results = agree(
            &program,
            method,
            &arguments
                .iter()
                .map(|args| args.as_slice())
                .collect::<Vec<_>>(),
        );
        assert_eq!(results[0], Result::Value(10), "dense: {dense}");
        assert_eq!(results[5], Result::Value(99));
        assert_eq!(results[6], Result::Trap(Trap::NoCase.text().into()));
    }
}

#[test]
fn exits_leave_the_labelled_loop_with_a_value_from_any_depth() {
    let ty = IntType::INT64;
    let (outer, inner) = (Label::new(0), Label::new(1));
    let is = |number, value| {
        expr(
            ExprKind::IntCompare(
                crate::typed::Comparison::Eq,
                local(number, ty).into(),
                int(value).into(),
            ),
            Type::Boolean,
            None,
        )
    };
    let exit = |label, value: Expr| expr(ExprKind::Exit(label, value.into()), Type::Never, None);
    let nothing = || void(ExprKind::Nothing);
    let when = |condition: Expr, act: Expr| {
        void(ExprKind::If(condition.into(), act.into(), nothing().into()))
    };
    let inner_loop = void(ExprKind::Loop(
        inner,
        Box::new(seq(vec![
            set(2, plus(local(2, ty), int(1))),
            when(is(2, 3), exit(inner, nothing())),
            when(
                expr(
                    ExprKind::And(is(1, 2).into(), is(2, 2).into()),
                    Type::Boolean,
                    None,
                ),
                exit(outer, plus(local(0, ty), local(1, ty))),
            ),
        ])),
    ));
    let body = seq(vec![
        set(1, plus(local(1, ty), int(1))),
        set(2, int(0)),
        inner_loop,
        when(
            is(0, 5),
            expr(ExprKind::Return(int(-1).into()), Type::Never, None),
        ),
    ]);
    let whole = expr(ExprKind::Loop(outer, body.into()), Type::Int(ty), None);
    let mut program = program();
    let body = seq(vec![set(1, int(0)), whole]);
    let method = add(
        &mut program,
        "exits",
        &[Type::Int(ty); 3],
        1,
        Type::Int(ty),
        body,
    );
    assert_eq!(
        agree(&program, method, &[&[40], &[5]]),
        [Result::Value(42), Result::Value(u64::MAX)]
    );
}

#[expect(clippy::too_many_lines, reason = "a program written out")]
#[test]
fn conditions_short_circuit_as_values_and_as_branches() {
    let ty = IntType::INT64;
    let trap = || {
        let kind = ExprKind::IntCompare(
            crate::typed::Comparison::Eq,
            Box::new(expr(
                ExprKind::IntBinary(
                    IntBinary::Quo,
                    Arithmetic::Checked { signed: true },
                    int(1).into(),
                    local(0, ty).into(),
                ),
                Type::Int(ty),
                None,
            )),
            Box::new(int(1)),
        );
        expr(kind, Type::Boolean, None)
    };
    let zero = || {
        expr(
            ExprKind::IntCompare(
                crate::typed::Comparison::Eq,
                local(0, ty).into(),
                int(0).into(),
            ),
            Type::Boolean,
            None,
        )
    };
    let or = || {
        expr(
            ExprKind::Or(zero().into(), trap().into()),
            Type::Boolean,
            None,
        )
    };
    let and = || {
        expr(
            ExprKind::And(
                Box::new(expr(ExprKind::Not(zero().into()), Type::Boolean, None)),
                trap().into(),
            ),
            Type::Boolean,
            None,
        )
    };
    for (number, condition) in [or(), and()].into_iter().enumerate() {
        let mut program = program();
        let value = expr(
            ExprKind::BooleanToInt(condition.clone().into()),
            Type::Int(ty),
            None,
        );
        let chosen = expr(
            ExprKind::If(condition.into(), int(10).into(), int(20).into()),
            Type::Int(ty),
            None,
        );
        let method = add(
            &mut program,
            &format!("short{number}"),
            &[Type::Int(ty)],
            1,
            Type::Int(ty),
            plus(value, chosen),
        );
        agree(&program, method, &[&[0], &[1], &[2], &[-1]]);
    }
}
