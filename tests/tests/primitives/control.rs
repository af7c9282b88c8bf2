//! Control, system and named primitives.

use super::Outcome::{Absent, Fails, Is, Receiver, Succeeds};
use super::values::V::{
    Array, Bytes, Class, False, Int, Main, Nil, Process, Semaphore, Str, Symbol, True,
};
use super::{Row, check};

#[test]
fn perform() {
    let rows: &[Row] = &[
        (83, Main, &[Symbol("quit:")], Fails(5)),
        (84, Main, &[Symbol("quit:"), Nil], Fails(3)),
        (84, Main, &[Symbol("quit:"), Array(&[])], Fails(5)),
        (
            100,
            Main,
            &[Symbol("quit:"), Array(&[1]), Class("Array")],
            Fails(3),
        ),
    ];
    check(rows);
}

#[test]
fn quick_answers() {
    let rows: &[Row] = &[
        (256, Main, &[], Receiver),
        (257, Main, &[], Is(True)),
        (258, Main, &[], Is(False)),
        (259, Main, &[], Is(Nil)),
        (260, Main, &[], Is(Int(-1))),
        (261, Main, &[], Is(Int(0))),
        (262, Main, &[], Is(Int(1))),
        (263, Main, &[], Is(Int(2))),
        (264, Semaphore, &[], Is(Nil)),
        (266, Semaphore, &[], Is(Int(0))),
        (266, Process, &[], Is(Int(1))),
    ];
    check(rows);
}

#[test]
fn what_is_absent_fails() {
    let rows: &[Row] = &[
        (65, Array(&[1]), &[], Absent),
        (107, Main, &[], Absent),
        (520, Main, &[], Absent),
        (539, Main, &[], Absent),
        (117, Main, &[], Fails(12)),
    ];
    check(rows);
}

#[test]
fn clocks_and_figures() {
    let rows: &[Row] = &[
        (135, Main, &[], Succeeds),
        (137, Main, &[], Succeeds),
        (240, Main, &[], Succeeds),
        (254, Main, &[Int(40)], Is(Int(8))),
        (254, Main, &[Int(0)], Fails(4)),
        (113, Main, &[Int(1)], Is(Nil)),
        (159, Int(1), &[], Is(Int(1_664_525))),
        (139, Main, &[], Succeeds),
        (158, Str("abc"), &[Str("abc")], Is(Int(0))),
        (145, Bytes(&[1, 2]), &[Int(300)], Fails(3)),
    ];
    check(rows);
}
