//! Indexing, storage and identity: 60 to 79, 105, 110, 111, 148, 168 to 175.

use super::Outcome::{Fails, Is, Receiver, Succeeds};
use super::values::V::{
    Array, Bytes, Char, Class, False, Float, FrozenArray, FrozenStr, Int, Main, Nil, Str, True,
    Words,
};
use super::{Row, check};

#[test]
fn indexed_access() {
    let rows: &[Row] = &[
        (60, Array(&[7, 8, 9]), &[Int(2)], Is(Int(8))),
        (60, Bytes(&[1, 255]), &[Int(2)], Is(Int(255))),
        (
            60,
            Words(&[0x1234_5678_0000_0001]),
            &[Int(2)],
            Is(Int(0x1234_5678)),
        ),
        (60, Array(&[7, 8, 9]), &[Int(0)], Fails(4)),
        (60, Array(&[7, 8, 9]), &[Int(4)], Fails(4)),
        (60, Array(&[7, 8, 9]), &[Nil], Fails(3)),
        (60, Int(5), &[Int(1)], Fails(6)),
        (61, Array(&[7, 8, 9]), &[Int(2), Char(65)], Is(Char(65))),
        (61, Array(&[7, 8, 9]), &[Int(4), Nil], Fails(4)),
        (61, Array(&[7]), &[Nil, Nil], Fails(3)),
        (61, FrozenArray(&[7, 8, 9]), &[Int(2), Nil], Fails(8)),
        (61, Bytes(&[1, 2]), &[Int(1), Int(200)], Is(Int(200))),
        (61, Bytes(&[1, 2]), &[Int(1), Int(256)], Fails(3)),
        (61, Bytes(&[1, 2]), &[Int(1), Int(-1)], Fails(3)),
        (61, Bytes(&[1, 2]), &[Int(3), Int(1)], Fails(4)),
        (62, Array(&[7, 8, 9]), &[], Is(Int(3))),
        (62, Bytes(&[1, 2, 3, 4, 5]), &[], Is(Int(5))),
        (62, Str(""), &[], Is(Int(0))),
    ];
    check(rows);
}

#[test]
fn character_access() {
    let rows: &[Row] = &[
        (63, Str("abc"), &[Int(3)], Is(Char(99))),
        (63, Str("abc"), &[Int(4)], Fails(4)),
        (63, Str("abc"), &[Int(0)], Fails(4)),
        (63, Str("abc"), &[Nil], Fails(3)),
        (64, Str("abc"), &[Int(1), Char(120)], Is(Char(120))),
        (64, Str("abc"), &[Int(1), Char(256)], Fails(3)),
        (64, Str("abc"), &[Int(1), Int(65)], Fails(3)),
        (64, Str("abc"), &[Int(4), Char(65)], Fails(4)),
        (64, FrozenStr("abc"), &[Int(1), Char(65)], Fails(8)),
    ];
    check(rows);
}

#[test]
fn instantiation() {
    let rows: &[Row] = &[
        (70, Class("Point"), &[], Succeeds),
        (70, Class("Array"), &[], Fails(2)),
        (71, Class("Array"), &[Int(3)], Succeeds),
        (71, Class("ByteString"), &[Int(0)], Succeeds),
        (71, Class("Array"), &[Int(-1)], Fails(3)),
        (71, Class("Array"), &[Nil], Fails(3)),
        (71, Class("CompiledMethod"), &[Int(3)], Fails(2)),
    ];
    check(rows);
}

#[test]
fn variables_by_index() {
    let rows: &[Row] = &[
        (73, Main, &[Int(1)], Is(Nil)),
        (73, Main, &[Int(5)], Fails(4)),
        (73, Main, &[Int(0)], Fails(4)),
        (73, Main, &[Nil], Fails(3)),
        (74, Main, &[Int(4), Int(9)], Is(Int(9))),
        (74, Main, &[Int(5), Int(9)], Fails(4)),
        (74, FrozenArray(&[1]), &[Int(1), Int(9)], Fails(8)),
        (173, Main, &[Int(2)], Is(Nil)),
        (173, Main, &[Int(9)], Fails(4)),
        (174, Main, &[Int(2), Int(3)], Is(Int(3))),
        (174, Main, &[Int(9), Int(3)], Fails(4)),
        (174, FrozenArray(&[1]), &[Int(1), Int(9)], Fails(8)),
    ];
    check(rows);
}

#[test]
fn identity_class_and_hash() {
    let rows: &[Row] = &[
        (75, Class("Array"), &[], Is(Int(51))),
        (75, Int(3), &[], Fails(2)),
        (110, Int(3), &[Int(3)], Is(True)),
        (110, Main, &[Nil], Is(False)),
        (111, Int(3), &[], Is(Class("SmallInteger"))),
        (111, Float(1.0), &[], Is(Class("SmallFloat64"))),
        (111, Str("x"), &[], Is(Class("ByteString"))),
        (111, Nil, &[], Is(Class("UndefinedObject"))),
        (169, Int(3), &[Int(3)], Is(False)),
        (170, Int(65), &[], Is(Char(65))),
        (170, Int(-1), &[], Fails(2)),
        (170, Int(1 << 30), &[], Fails(2)),
        (171, Char(65), &[], Is(Int(65))),
        (171, Int(-5), &[], Is(Int(-5))),
        (175, Class("Point"), &[], Is(Int(54))),
    ];
    check(rows);
}

#[test]
fn copying() {
    let rows: &[Row] = &[
        (
            105,
            Str("abcdef"),
            &[Int(2), Int(4), Str("wxyz"), Int(1)],
            Receiver,
        ),
        (
            105,
            Array(&[1, 2, 3]),
            &[Int(1), Int(2), Array(&[7, 8]), Int(1)],
            Receiver,
        ),
        (
            105,
            Str("abcdef"),
            &[Int(2), Int(7), Str("wxyz"), Int(1)],
            Fails(4),
        ),
        (
            105,
            Str("abcdef"),
            &[Int(0), Int(1), Str("wxyz"), Int(1)],
            Fails(4),
        ),
        (
            105,
            Str("abcdef"),
            &[Int(1), Int(4), Str("wxyz"), Int(2)],
            Fails(4),
        ),
        (
            105,
            Str("abcdef"),
            &[Int(1), Int(1), Array(&[1]), Int(1)],
            Fails(6),
        ),
        (
            105,
            Str("abcdef"),
            &[Nil, Int(1), Str("wxyz"), Int(1)],
            Fails(3),
        ),
        (
            105,
            FrozenStr("abcdef"),
            &[Int(1), Int(1), Str("wxyz"), Int(1)],
            Fails(8),
        ),
        (148, Array(&[1, 2]), &[], Succeeds),
        (148, Int(3), &[], Receiver),
        (168, Array(&[1, 2]), &[Array(&[3, 4])], Receiver),
    ];
    check(rows);
}

#[test]
fn pinning_and_immutability() {
    let rows: &[Row] = &[
        (163, Str("x"), &[], Is(False)),
        (163, FrozenStr("x"), &[], Is(True)),
        (164, Str("x"), &[True], Is(False)),
        (164, Str("x"), &[Nil], Fails(3)),
        (164, Int(3), &[True], Fails(2)),
        (183, Str("x"), &[], Is(False)),
        (183, Int(3), &[], Fails(2)),
        (184, Str("x"), &[True], Is(False)),
        (184, Str("x"), &[Nil], Fails(3)),
        (184, Int(3), &[True], Fails(2)),
    ];
    check(rows);
}
