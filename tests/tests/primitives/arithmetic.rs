//! SmallInteger arithmetic, 1 to 19.

use super::Outcome::{Absent, Fails, Is, Succeeds};
use super::values::V::{False, Float, Int, Large, Nil, Str, True};
use super::{Row, check};

const MAX: i64 = (1 << 60) - 1;
const MIN: i64 = -(1 << 60);

#[test]
fn addition_subtraction_multiplication() {
    let rows: &[Row] = &[
        (1, Int(3), &[Int(4)], Is(Int(7))),
        (1, Int(MAX), &[Int(-1)], Is(Int(MAX - 1))),
        (1, Int(MAX), &[Int(1)], Fails(1)),
        (1, Int(MIN), &[Int(-1)], Fails(1)),
        (1, Int(3), &[Nil], Fails(1)),
        (1, Int(3), &[Float(1.0)], Fails(1)),
        (1, Str("3"), &[Int(1)], Fails(1)),
        (2, Int(3), &[Int(4)], Is(Int(-1))),
        (2, Int(MIN), &[Int(1)], Fails(1)),
        (2, Int(3), &[Nil], Fails(1)),
        (9, Int(-6), &[Int(7)], Is(Int(-42))),
        (9, Int(1 << 30), &[Int(1 << 29)], Is(Int(1 << 59))),
        (9, Int(1 << 30), &[Int(1 << 30)], Fails(1)),
        (9, Int(-(1 << 30)), &[Int(1 << 30)], Is(Int(MIN))),
        (9, Int(MAX), &[Int(MAX)], Fails(1)),
        (9, Int(2), &[Nil], Fails(1)),
    ];
    check(rows);
}

#[test]
fn comparisons() {
    let mut rows: Vec<Row> = vec![
        (3, Int(-1), &[Int(1)], Is(True)),
        (3, Int(1), &[Int(1)], Is(False)),
        (4, Int(2), &[Int(1)], Is(True)),
        (4, Int(-2), &[Int(1)], Is(False)),
        (5, Int(1), &[Int(1)], Is(True)),
        (5, Int(2), &[Int(1)], Is(False)),
        (6, Int(1), &[Int(1)], Is(True)),
        (6, Int(MIN), &[Int(MAX)], Is(False)),
        (7, Int(1), &[Int(1)], Is(True)),
        (7, Int(1), &[Int(2)], Is(False)),
        (8, Int(1), &[Int(2)], Is(True)),
        (8, Int(1), &[Int(1)], Is(False)),
    ];
    for primitive in 3..=8 {
        rows.push((primitive, Int(1), &[Nil], Fails(1)));
        rows.push((primitive, Int(1), &[Float(1.0)], Fails(1)));
        rows.push((primitive, Nil, &[Int(1)], Fails(1)));
    }
    check(&rows);
}

#[test]
fn division_in_its_four_forms() {
    let rows: &[Row] = &[
        (10, Int(42), &[Int(-6)], Is(Int(-7))),
        (10, Int(43), &[Int(6)], Fails(1)),
        (10, Int(43), &[Int(0)], Fails(1)),
        (10, Int(MIN), &[Int(-1)], Fails(1)),
        (11, Int(-7), &[Int(3)], Is(Int(2))),
        (11, Int(7), &[Int(-3)], Is(Int(-2))),
        (11, Int(-6), &[Int(3)], Is(Int(0))),
        (11, Int(7), &[Int(0)], Fails(1)),
        (12, Int(-7), &[Int(3)], Is(Int(-3))),
        (12, Int(7), &[Int(-3)], Is(Int(-3))),
        (12, Int(6), &[Int(3)], Is(Int(2))),
        (12, Int(7), &[Int(0)], Fails(1)),
        (12, Int(MIN), &[Int(-1)], Fails(1)),
        (13, Int(-7), &[Int(3)], Is(Int(-2))),
        (13, Int(7), &[Int(-3)], Is(Int(-2))),
        (13, Int(7), &[Int(0)], Fails(1)),
        (13, Int(7), &[Nil], Fails(1)),
    ];
    check(rows);
}

#[test]
fn bit_operations_and_points() {
    let rows: &[Row] = &[
        (14, Int(12), &[Int(10)], Is(Int(8))),
        (14, Int(12), &[Nil], Fails(1)),
        (14, Large(1 << 62), &[Int(10)], Is(Int(0))),
        (15, Int(12), &[Int(10)], Is(Int(14))),
        (15, Int(1), &[Nil], Fails(1)),
        (16, Int(12), &[Int(10)], Is(Int(6))),
        (16, Int(1), &[Nil], Fails(1)),
        (17, Int(3), &[Int(4)], Is(Int(48))),
        (17, Int(-3), &[Int(4)], Is(Int(-48))),
        (17, Int(-48), &[Int(-4)], Is(Int(-3))),
        (17, Int(-1), &[Int(-60)], Is(Int(-1))),
        (17, Int(3), &[Int(62)], Fails(1)),
        (17, Int(3), &[Nil], Fails(1)),
        (18, Int(3), &[Int(4)], Succeeds),
        (18, Int(3), &[Float(4.0)], Succeeds),
        (18, Int(3), &[Nil], Fails(3)),
        (19, Int(3), &[], Absent),
    ];
    check(rows);
}
