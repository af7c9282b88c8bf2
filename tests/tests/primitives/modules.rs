//! Answers of modules that compute.

use super::program::Outcome::Answered;
use super::program::{self, Outcome, Primitive, Step};
use super::values::V::{self, Bytes, False, Float, Int, Large, Main, Minus, Str, True, Words};

/// Name, receiver, arguments, answer.
type Line = (&'static str, V, &'static [V], V);

fn check(module: &'static str, lines: &[Line]) {
    let steps: Vec<Step> = lines
        .iter()
        .map(|(name, receiver, arguments, answer)| Step {
            primitive: Primitive::Named(module, name),
            receiver: *receiver,
            arguments: arguments.to_vec(),
            expected: Some(*answer),
        })
        .collect();
    let report = program::run(&steps, &["--check-heap"]);
    let wrong: Vec<(&Line, &Outcome)> = lines
        .iter()
        .zip(&report.outcomes)
        .filter(|(_, outcome)| **outcome != Answered)
        .collect();
    assert!(wrong.is_empty(), "{wrong:?} {}", report.errors);
}

const BIG: u64 = 1 << 63;
/// 1.0 and 2.0 as 32-bit floats.
const ONE_TWO: V = Words(&[0x4000_0000_3F80_0000]);

#[test]
fn integers_of_any_size_are_normalised() {
    check(
        "LargeIntegers",
        &[
            ("primDigitAdd", Large(BIG), &[Int(-5)], Large(BIG + 5)),
            ("primDigitAdd", Int(3), &[Int(4)], Int(7)),
            (
                "primDigitAdd",
                Large(u64::MAX),
                &[Int(1)],
                Bytes(&[0, 0, 0, 0, 0, 0, 0, 0, 1]),
            ),
            ("primDigitSubtract", Large(BIG), &[Large(BIG - 1)], Int(1)),
            ("primDigitSubtract", Int(3), &[Large(BIG)], Minus(BIG - 3)),
            ("primDigitSubtract", Large(BIG), &[Large(BIG)], Int(0)),
            (
                "primDigitMultiplyNegative",
                Large(BIG),
                &[Int(2), True],
                Bytes(&[0, 0, 0, 0, 0, 0, 0, 0, 1]),
            ),
            (
                "primDigitMultiplyNegative",
                Int(6),
                &[Int(7), True],
                Int(-42),
            ),
            ("primDigitBitAnd", Large(BIG + 5), &[Int(7)], Int(5)),
            ("primDigitBitOr", Large(BIG), &[Int(7)], Large(BIG + 7)),
            ("primDigitBitXor", Large(BIG + 7), &[Large(BIG)], Int(7)),
            (
                "primDigitBitShiftMagnitude",
                Int(1),
                &[Int(64)],
                Bytes(&[0, 0, 0, 0, 0, 0, 0, 0, 1]),
            ),
            (
                "primDigitBitShiftMagnitude",
                Minus(BIG),
                &[Int(-60)],
                Int(-8),
            ),
            ("primDigitCompare", Minus(BIG), &[Large(BIG - 1)], Int(1)),
            ("primDigitCompare", Int(-3), &[Int(3)], Int(0)),
            ("primAnyBitFromTo", Large(BIG), &[Int(1), Int(63)], False),
            ("primAnyBitFromTo", Large(BIG), &[Int(64), Int(64)], True),
            ("primNormalizePositive", Large(5), &[], Int(5)),
            ("primNormalizeNegative", Minus(5), &[], Int(-5)),
        ],
    );
}

#[test]
fn bytes_of_strings_are_searched_and_hashed() {
    check(
        "MiscPrimitivePlugin",
        &[
            (
                "primitiveIndexOfAsciiInString",
                Main,
                &[Int(99), Str("abcabc"), Int(4)],
                Int(6),
            ),
            (
                "primitiveIndexOfAsciiInString",
                Main,
                &[Int(120), Str("abc"), Int(1)],
                Int(0),
            ),
            ("primitiveStringHash", Main, &[Str(""), Int(7)], Int(7)),
            (
                "primitiveStringHash",
                Main,
                &[Str("a"), Int(0)],
                Int(97 * 1_664_525),
            ),
            (
                "primitiveFindSubstring",
                Main,
                &[Str("a"), Str("xya"), Int(1), Bytes(&[1; 256])],
                Int(1),
            ),
        ],
    );
}

/// Room for a packed bitmap of two words, whatever they are.
const ROOM: V = Bytes(&[0; 15]);

#[test]
fn bitmaps_are_packed_and_unpacked() {
    check(
        "MiscPrimitivePlugin",
        &[
            // Two, then two equal words of one byte; of four bytes; one word of each kind.
            (
                "primitiveCompressToByteArray",
                Main,
                &[Words(&[0]), ROOM],
                Int(3),
            ),
            (
                "primitiveCompressToByteArray",
                Main,
                &[Words(&[0x0000_0001_0000_0001]), ROOM],
                Int(6),
            ),
            (
                "primitiveCompressToByteArray",
                Main,
                &[Words(&[0x0000_0002_0000_0001]), ROOM],
                Int(10),
            ),
            (
                "primitiveDecompressFromByteArray",
                Main,
                &[Words(&[0]), Bytes(&[2, 9, 7]), Int(2)],
                Main,
            ),
        ],
    );
}

#[test]
fn rows_of_floats_are_computed() {
    check(
        "FloatArrayPlugin",
        &[
            ("primitiveAt", ONE_TWO, &[Int(2)], Float(2.0)),
            ("primitiveSum", ONE_TWO, &[], Float(3.0)),
            ("primitiveDotProduct", ONE_TWO, &[ONE_TWO], Float(5.0)),
            ("primitiveEqual", ONE_TWO, &[ONE_TWO], True),
            ("primitiveEqual", ONE_TWO, &[Words(&[0])], False),
            (
                "primitiveAddScalar",
                ONE_TWO,
                &[Int(1)],
                Words(&[0x4040_0000_4000_0000]),
            ),
            (
                "primitiveMulFloatArray",
                ONE_TWO,
                &[ONE_TWO],
                Words(&[0x4080_0000_3F80_0000]),
            ),
        ],
    );
}
