//! Starting programs, pipes to them, and their end.

use super::program::Outcome::{self, Answered, FailedBecause, Succeeded};
use super::program::{self, Primitive, Step};
use super::values::V::{self, Answer, Array, Bytes, Int, Main, Nil, Str};

const MODULE: &str = "UnixOSProcessPlugin";

fn named(name: &'static str, arguments: &[V], expected: Option<V>) -> Step {
    Step {
        primitive: Primitive::Named(MODULE, name),
        receiver: Main,
        arguments: arguments.to_vec(),
        expected,
    }
}

fn numbered(number: u16, receiver: V, arguments: &[V], expected: Option<V>) -> Step {
    Step {
        primitive: Primitive::Number(number),
        receiver,
        arguments: arguments.to_vec(),
        expected,
    }
}

#[test]
fn a_program_writes_into_a_pipe_and_is_reaped() {
    let file = |name, arguments: &[V], expected| Step {
        primitive: Primitive::Named("FilePlugin", name),
        ..named("", arguments, expected)
    };
    let steps = [
        named("primitiveMakePipe", &[], None),
        numbered(60, Answer(0), &[Int(1)], None),
        numbered(60, Answer(0), &[Int(2)], None),
        named(
            "primitiveForkAndExecInDirectory",
            &[
                Bytes(b"/bin/echo\0"),
                Nil,
                Answer(2),
                Nil,
                Bytes(b"echo\0hi\0"),
                Array(&[0, 5]),
                Nil,
                Nil,
                Bytes(b"/\0"),
            ],
            None,
        ),
        file(
            "primitiveFileRead",
            &[Answer(1), Bytes(&[0; 3]), Int(1), Int(3)],
            Some(Int(3)),
        ),
        numbered(230, Main, &[Int(300_000)], None),
        named("primitiveReapChildProcess", &[Answer(3)], None),
        numbered(60, Answer(6), &[Int(2)], Some(Int(0))),
        named("primitiveReapChildProcess", &[Answer(3)], Some(Nil)),
    ];
    let wanted: Vec<Outcome> = steps
        .iter()
        .map(|step| {
            if step.expected.is_some() {
                Answered
            } else {
                Succeeded
            }
        })
        .collect();
    program::expect(&steps, &wanted);
}

#[test]
fn a_program_that_cannot_be_started_ends_with_127() {
    let steps = [
        named(
            "primitiveForkAndExecInDirectory",
            &[
                Bytes(b"/nothing\0"),
                Nil,
                Nil,
                Nil,
                Bytes(b"x\0"),
                Array(&[0]),
                Nil,
                Nil,
                Nil,
            ],
            None,
        ),
        numbered(230, Main, &[Int(300_000)], None),
        named("primitiveReapChildProcess", &[Answer(0)], None),
        numbered(60, Answer(2), &[Int(2)], Some(Int(127 << 8))),
        named("primitiveSendSigtermTo", &[Answer(0)], Some(Int(-1))),
        named("primitiveChdir", &[Str(".")], None),
        named("primitiveChdir", &[Str("nothing")], None),
    ];
    program::expect(
        &steps,
        &[
            Succeeded,
            Succeeded,
            Succeeded,
            Answered,
            Answered,
            Succeeded,
            FailedBecause(21),
        ],
    );
}
