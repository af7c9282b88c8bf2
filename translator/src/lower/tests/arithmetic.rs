//! Every integer operation with operands of every sign, in every mode, on values at the edges.

use super::programs::{Result, agree};
use crate::evaluate::arithmetic::binary as exact;
use crate::typed::testing::{add, expr, int, int_type, local, program};
use crate::typed::{
    Arithmetic, Comparison, Conversion, Expr, ExprKind, IntBinary, IntType, IntUnary, Range, Type,
};

const OPERATIONS: [IntBinary; 19] = [
    IntBinary::Add,
    IntBinary::Sub,
    IntBinary::Mul,
    IntBinary::FloorDiv,
    IntBinary::FloorMod,
    IntBinary::Quo,
    IntBinary::Rem,
    IntBinary::And,
    IntBinary::Or,
    IntBinary::Xor,
    IntBinary::Clear,
    IntBinary::Shl,
    IntBinary::Shr,
    IntBinary::Min,
    IntBinary::Max,
    IntBinary::MulHighUnsigned,
    IntBinary::MulHighSigned,
    IntBinary::RotateLeft,
    IntBinary::RotateRight,
];

fn operand_types() -> [IntType; 5] {
    [
        int_type(true, 64),
        int_type(false, 64),
        int_type(true, 8),
        int_type(false, 8),
        int_type(false, 63),
    ]
}

fn samples(ty: IntType) -> Vec<i128> {
    let Range { lo, hi } = ty.range();
    let mut values = vec![
        lo,
        lo + 1,
        -2,
        -1,
        0,
        1,
        2,
        3,
        7,
        62,
        63,
        64,
        100,
        hi / 2,
        hi / 2 + 1,
        hi - 1,
        hi,
    ];
    values.retain(|value| ty.range().lo <= *value && *value <= ty.range().hi);
    values.sort_unstable();
    values.dedup();
    values
}

/// Whether the evaluator takes the operands in this mode: exact results must fit.
fn fits(op: IntBinary, a: i128, b: i128) -> bool {
    exact(op, a, b).is_ok_and(|value| (i64::MIN.into()..=u64::MAX.into()).contains(&value))
}

fn binary(op: IntBinary, mode: Arithmetic, a: IntType, b: IntType) -> (Expr, IntType) {
    let result = match mode {
        Arithmetic::Checked { signed: true } => IntType::INT64,
        _ => IntType::UINT64,
    };
    // The range that a careful inference would give is not needed here: only operands' ranges choose instructions.
    let range = Range {
        lo: -(1 << 126),
        hi: 1 << 126,
    };
    let operation = expr(
        ExprKind::IntBinary(op, mode, local(0, a).into(), local(1, b).into()),
        Type::Int(result),
        Some(range),
    );
    match mode {
        Arithmetic::Checked { .. } => (operation, result),
        _ => (
            expr(
                ExprKind::Convert(Conversion::Truncate, operation.into()),
                Type::Int(result),
                Some(result.range()),
            ),
            result,
        ),
    }
}

fn pairs(a: IntType, b: IntType) -> Vec<Vec<i128>> {
    samples(a)
        .iter()
        .flat_map(|&x| samples(b).into_iter().map(move |y| vec![x, y]))
        .collect()
}

#[test]
fn every_operation_agrees_for_every_pair_of_operand_types_in_every_mode() {
    let modes = [
        Arithmetic::Wrapping,
        Arithmetic::Checked { signed: true },
        Arithmetic::Checked { signed: false },
    ];
    let (mut values, mut traps) = (0, 0);
    for op in OPERATIONS {
        for mode in modes {
            for a in operand_types() {
                for b in operand_types() {
                    let mut program = program();
                    let (body, result) = binary(op, mode, a, b);
                    let locals = [Type::Int(a), Type::Int(b)];
                    let method = add(
                        &mut program,
                        &format!("{op:?}{mode:?}{a:?}{b:?}"),
                        &locals,
                        2,
                        Type::Int(result),
                        body,
                    );
                    let arguments = pairs(a, b);
                    let arguments: Vec<&[i128]> = arguments.iter().map(Vec::as_slice).collect();
                    for result in agree(&program, method, &arguments) {
                        match result {
                            Result::Value(_) => values += 1,
                            Result::Trap(_) => traps += 1,
                        }
                    }
                }
            }
        }
    }
    assert!(
        values > 50_000 && traps > 10_000,
        "{values} values, {traps} traps"
    );
}

#[test]
fn constant_divisors_and_shift_counts_agree() {
    for op in [
        IntBinary::FloorDiv,
        IntBinary::FloorMod,
        IntBinary::Quo,
        IntBinary::Rem,
        IntBinary::Shl,
        IntBinary::Shr,
        IntBinary::Mul,
    ] {
        for constant in [
            1,
            2,
            3,
            8,
            10,
            63,
            -1,
            -2,
            -3,
            -8,
            1 << 62,
            i64::MIN.into(),
            1 << 63,
        ] {
            if matches!(op, IntBinary::Shl | IntBinary::Shr) && !(0..=63).contains(&constant) {
                continue;
            }
            for a in operand_types() {
                let mut program = program();
                let mode = Arithmetic::Checked { signed: true };
                let operands = (local(0, a), int(constant));
                let body = expr(
                    ExprKind::IntBinary(op, mode, operands.0.into(), operands.1.into()),
                    Type::Int(IntType::INT64),
                    None,
                );
                let method = add(
                    &mut program,
                    &format!("{op:?} {constant}"),
                    &[Type::Int(a)],
                    1,
                    Type::Int(IntType::INT64),
                    body,
                );
                let arguments: Vec<[i128; 1]> =
                    samples(a).into_iter().map(|value| [value]).collect();
                agree(
                    &program,
                    method,
                    &arguments
                        .iter()
                        .map(|args| args.as_slice())
                        .collect::<Vec<_>>(),
                );
            }
        }
    }
}

#[test]
fn exact_results_agree_where_they_fit() {
    for op in OPERATIONS {
        for a in operand_types() {
            for b in operand_types() {
                let mut program = program();
                let range = Range {
                    lo: i64::MIN.into(),
                    hi: u64::MAX.into(),
                };
                let operation = expr(
                    ExprKind::IntBinary(
                        op,
                        Arithmetic::Exact,
                        local(0, a).into(),
                        local(1, b).into(),
                    ),
                    Type::Int(IntType::UINT64),
                    Some(range),
                );
                let method = add(
                    &mut program,
                    &format!("{op:?}"),
                    &[Type::Int(a), Type::Int(b)],
                    2,
                    Type::Int(IntType::UINT64),
                    operation,
                );
                let mut arguments = pairs(a, b);
                arguments.retain(|args| fits(op, args[0], args[1]));
                agree(
                    &program,
                    method,
                    &arguments.iter().map(Vec::as_slice).collect::<Vec<_>>(),
                );
            }
        }
    }
}

#[test]
fn every_unary_operation_agrees() {
    let operations = [
        IntUnary::Neg,
        IntUnary::Abs,
        IntUnary::Invert,
        IntUnary::LowBit,
        IntUnary::HighBit,
        IntUnary::BitCount,
        IntUnary::LeadingZeros,
        IntUnary::TrailingZeros,
        IntUnary::ByteSwap16,
        IntUnary::ByteSwap32,
        IntUnary::ByteSwap64,
    ];
    for op in operations {
        for mode in [
            Arithmetic::Checked { signed: true },
            Arithmetic::Checked { signed: false },
        ] {
            // A pattern read as a signed integer is no checked operation.
            let swaps = matches!(op, IntUnary::ByteSwap64);
            let mode = if swaps { Arithmetic::Wrapping } else { mode };
            for a in operand_types() {
                let mut program = program();
                let ty = if mode == (Arithmetic::Checked { signed: true }) {
                    IntType::INT64
                } else {
                    IntType::UINT64
                };
                let body = expr(
                    ExprKind::IntUnary(op, mode, local(0, a).into()),
                    Type::Int(ty),
                    None,
                );
                let method = add(
                    &mut program,
                    &format!("{op:?} {mode:?} {a:?}"),
                    &[Type::Int(a)],
                    1,
                    Type::Int(ty),
                    body,
                );
                let arguments: Vec<[i128; 1]> =
                    samples(a).into_iter().map(|value| [value]).collect();
                agree(
                    &program,
                    method,
                    &arguments
                        .iter()
                        .map(|args| args.as_slice())
                        .collect::<Vec<_>>(),
                );
            }
        }
    }
}

#[test]
fn comparisons_are_exact_whatever_the_signs() {
    for op in [
        Comparison::Eq,
        Comparison::Ne,
        Comparison::Lt,
        Comparison::Le,
        Comparison::Gt,
        Comparison::Ge,
    ] {
        for a in operand_types() {
            for b in operand_types() {
                let mut program = program();
                let body = expr(
                    ExprKind::IntCompare(op, local(0, a).into(), local(1, b).into()),
                    Type::Boolean,
                    None,
                );
                let method = add(
                    &mut program,
                    &format!("{op:?}"),
                    &[Type::Int(a), Type::Int(b)],
                    2,
                    Type::Boolean,
                    body,
                );
                let arguments = pairs(a, b);
                agree(
                    &program,
                    method,
                    &arguments.iter().map(Vec::as_slice).collect::<Vec<_>>(),
                );
            }
        }
    }
}

#[test]
fn conversions_truncate_or_check_for_every_width() {
    for bits in [1, 5, 8, 16, 31, 32, 33, 63, 64] {
        for signed in [true, false] {
            for conversion in [Conversion::Truncate, Conversion::Check] {
                for a in operand_types() {
                    let ty = int_type(signed, bits);
                    let mut program = program();
                    let body = expr(
                        ExprKind::Convert(conversion, local(0, a).into()),
                        Type::Int(ty),
                        Some(ty.range()),
                    );
                    let method = add(
                        &mut program,
                        &format!("{conversion:?} {ty:?} {a:?}"),
                        &[Type::Int(a)],
                        1,
                        Type::Int(ty),
                        body,
                    );
                    let mut values = samples(a);
                    values.extend(
                        samples(ty)
                            .into_iter()
                            .flat_map(|value| [value - 1, value, value + 1]),
                    );
                    values.retain(|value| a.range().lo <= *value && *value <= a.range().hi);
                    let arguments: Vec<[i128; 1]> =
                        values.into_iter().map(|value| [value]).collect();
                    agree(
                        &program,
                        method,
                        &arguments
                            .iter()
                            .map(|args| args.as_slice())
                            .collect::<Vec<_>>(),
                    );
                }
            }
        }
    }
}

#[test]
fn if_overflow_takes_its_block_exactly_when_the_result_leaves_64_bits() {
    for op in [IntBinary::Add, IntBinary::Sub, IntBinary::Mul] {
        for a in operand_types() {
            for b in operand_types() {
                let mut program = program();
                let otherwise = int(-77);
                let kind = ExprKind::IfOverflow(
                    op,
                    local(0, a).into(),
                    local(1, b).into(),
                    otherwise.into(),
                );
                let body = expr(kind, Type::Int(IntType::INT64), None);
                let method = add(
                    &mut program,
                    &format!("{op:?}"),
                    &[Type::Int(a), Type::Int(b)],
                    2,
                    Type::Int(IntType::INT64),
                    body,
                );
                let arguments = pairs(a, b);
                agree(
                    &program,
                    method,
                    &arguments.iter().map(Vec::as_slice).collect::<Vec<_>>(),
                );
            }
        }
    }
}
