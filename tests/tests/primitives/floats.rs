//! Floats, 40 to 59 and 541 to 559.

use super::Outcome::{Fails, Is};
use super::values::V::{Boxed, False, Float, Int, Nil, Str, True};
use super::{Row, check};

/// 1.0e300, which has no immediate form.
const HUGE: u64 = 0x7E37_E43C_8800_759C;
/// The positive infinity.
const INFINITY: u64 = 0x7FF0_0000_0000_0000;

#[test]
fn conversion_from_integers() {
    check(&[
        (40, Int(3), &[], Is(Float(3.0))),
        (40, Int(-7), &[], Is(Float(-7.0))),
    ]);
}

/// The newest stock VM converts an integer operand only where the image header asks for it; we always do, as the others do.
#[test]
fn boxed_and_immediate_arithmetic() {
    let mut rows: Vec<Row> = vec![
        (42, Boxed(HUGE), &[Boxed(HUGE)], Is(Float(0.0))),
        (50, Boxed(HUGE), &[Boxed(HUGE)], Is(Float(1.0))),
        (50, Boxed(HUGE), &[Int(0)], Fails(1)),
        (49, Boxed(HUGE), &[Float(0.0)], Is(Float(0.0))),
        (541, Float(1.5), &[Float(2.5)], Is(Float(4.0))),
        (541, Float(1.5), &[Int(2)], Is(Float(3.5))),
        (542, Float(1.5), &[Float(2.5)], Is(Float(-1.0))),
        (549, Float(1.5), &[Float(2.0)], Is(Float(3.0))),
        (550, Float(1.5), &[Float(0.5)], Is(Float(3.0))),
        (550, Float(1.5), &[Float(0.0)], Fails(1)),
    ];
    for primitive in [41, 42, 49, 50] {
        rows.push((primitive, Boxed(HUGE), &[Nil], Fails(1)));
        rows.push((primitive, Boxed(HUGE), &[Str("1")], Fails(1)));
    }
    for primitive in [541, 542, 549, 550] {
        rows.push((primitive, Float(1.5), &[Nil], Fails(1)));
    }
    check(&rows);
}

#[test]
fn comparisons() {
    let mut rows: Vec<Row> = vec![
        (43, Boxed(HUGE), &[Float(1.0)], Is(False)),
        (44, Boxed(HUGE), &[Float(1.0)], Is(True)),
        (45, Boxed(HUGE), &[Boxed(HUGE)], Is(True)),
        (46, Boxed(HUGE), &[Int(1)], Is(True)),
        (47, Boxed(HUGE), &[Boxed(HUGE)], Is(True)),
        (48, Boxed(HUGE), &[Boxed(HUGE)], Is(False)),
        (543, Float(1.0), &[Float(2.0)], Is(True)),
        (544, Float(1.0), &[Int(2)], Is(False)),
        (545, Float(1.0), &[Int(1)], Is(True)),
        (546, Float(1.0), &[Float(2.0)], Is(False)),
        (547, Float(1.0), &[Float(1.0)], Is(True)),
        (548, Float(1.0), &[Float(1.0)], Is(False)),
        (547, Float(0.0), &[Float(-0.0)], Is(True)),
    ];
    for primitive in 543..=548 {
        rows.push((primitive, Float(1.0), &[Nil], Fails(1)));
    }
    check(&rows);
}

#[test]
fn parts_and_functions() {
    let rows: &[Row] = &[
        (51, Boxed(HUGE), &[], Fails(1)),
        (551, Float(-2.75), &[], Is(Int(-2))),
        (551, Float(2.75), &[], Is(Int(2))),
        (552, Float(2.75), &[], Is(Float(0.75))),
        (552, Float(-2.75), &[], Is(Float(-0.75))),
        (553, Float(8.0), &[], Is(Int(3))),
        (553, Float(0.75), &[], Is(Int(-1))),
        (554, Float(1.5), &[Int(4)], Is(Float(24.0))),
        (554, Float(1.5), &[Int(-1)], Is(Float(0.75))),
        (554, Float(1.5), &[Nil], Fails(3)),
        (555, Float(6.25), &[], Is(Float(2.5))),
        (555, Float(-6.25), &[], Fails(1)),
        (556, Float(0.0), &[], Is(Float(0.0))),
        (557, Float(0.0), &[], Is(Float(0.0))),
        (558, Float(1.0), &[], Is(Float(0.0))),
        (559, Float(0.0), &[], Is(Float(1.0))),
        (
            57,
            Boxed(INFINITY),
            &[],
            Is(Float(std::f64::consts::FRAC_PI_2)),
        ),
    ];
    check(rows);
}
