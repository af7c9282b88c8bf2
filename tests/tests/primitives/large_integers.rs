//! Integers of up to 64 bits of magnitude, 20 to 37.

use super::Outcome::{Fails, Is, Succeeds};
use super::values::V::{False, Float, Int, Large, Minus, Nil, True};
use super::{Row, check};

const BIG: u64 = 1 << 62;

#[test]
fn sums_products_and_quotients_are_normalised() {
    let rows: &[Row] = &[
        (20, Minus(BIG + 1), &[Int(2)], Is(Int(-1))),
        (21, Large(BIG), &[Minus(BIG - 1)], Is(Int(1))),
        (21, Large(BIG), &[Int(1)], Succeeds),
        (21, Large(u64::MAX), &[Int(1)], Fails(1)),
        (21, Large(BIG), &[Nil], Fails(1)),
        (21, Large(BIG), &[Float(1.0)], Fails(1)),
        (22, Large(BIG), &[Large(BIG - 5)], Is(Int(5))),
        (22, Minus(u64::MAX), &[Int(1)], Fails(1)),
        (29, Large(BIG), &[Int(0)], Is(Int(0))),
        (29, Large(BIG), &[Int(3)], Succeeds),
        (29, Large(BIG), &[Int(4)], Fails(1)),
        (30, Large(BIG), &[Int(1 << 32)], Is(Int(1 << 30))),
        (30, Large(BIG), &[Int(3)], Fails(1)),
        (30, Large(BIG), &[Int(0)], Fails(1)),
        (31, Minus(BIG), &[Int(3)], Is(Int(2))),
        (31, Large(BIG), &[Int(0)], Fails(1)),
        (32, Minus(BIG + 1), &[Int(1 << 32)], Is(Int(-(1 << 30) - 1))),
        (32, Large(BIG), &[Int(0)], Fails(1)),
        (33, Minus(BIG + 1), &[Int(1 << 32)], Is(Int(-(1 << 30)))),
        (33, Large(BIG), &[Int(0)], Fails(1)),
    ];
    check(rows);
}

#[test]
fn comparisons_look_at_sign_and_magnitude() {
    let mut rows: Vec<Row> = vec![
        (23, Minus(BIG), &[Large(BIG)], Is(True)),
        (23, Large(BIG), &[Int(5)], Is(False)),
        (24, Large(BIG), &[Int(5)], Is(True)),
        (24, Minus(BIG), &[Minus(BIG + 1)], Is(True)),
        (25, Large(BIG), &[Large(BIG)], Is(True)),
        (26, Large(BIG), &[Large(BIG + 1)], Is(False)),
        (27, Large(BIG), &[Large(BIG)], Is(True)),
        (27, Large(BIG), &[Minus(BIG)], Is(False)),
        (28, Large(BIG), &[Large(BIG + 1)], Is(True)),
    ];
    for primitive in 23..=28 {
        rows.push((primitive, Large(BIG), &[Nil], Fails(1)));
    }
    check(&rows);
}

#[test]
fn bit_operations_take_what_is_not_negative() {
    let rows: &[Row] = &[
        (34, Large(BIG + 5), &[Int(7)], Is(Int(5))),
        (34, Large(BIG), &[Minus(BIG)], Fails(1)),
        (35, Large(BIG), &[Nil], Fails(1)),
        (36, Large(BIG + 5), &[Large(BIG)], Is(Int(5))),
        (37, Large(BIG), &[Int(-60)], Is(Int(4))),
        (37, Large(BIG), &[Int(1)], Succeeds),
        (37, Large(BIG), &[Nil], Fails(1)),
    ];
    check(rows);
}
