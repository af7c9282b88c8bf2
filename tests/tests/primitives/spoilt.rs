//! What the image has spoilt fails, or is forgotten: processes, contexts and semaphores with odd variables.

use super::program::Outcome::{self, FailedBecause, Succeeded};
use super::program::{self, Primitive, Step};
use super::values::V::{
    self, Answer, Array, Class, Context, FrozenArray, FrozenStr, Int, Method, Nil, Process,
    Semaphore, Str, True,
};

/// Number, receiver, arguments, outcome.
pub(crate) type Line = (u16, V, &'static [V], Outcome);

fn check(lines: &[Line]) {
    let steps: Vec<Step> = lines
        .iter()
        .map(|(number, receiver, arguments, _)| Step {
            primitive: Primitive::Number(*number),
            receiver: *receiver,
            arguments: arguments.to_vec(),
            expected: None,
        })
        .collect();
    let wanted: Vec<Outcome> = lines.iter().map(|line| line.3).collect();
    program::expect(&steps, &wanted);
}

const COPY: u16 = 148;
const STORE: u16 = 74;
const RESUME: u16 = 87;
const SIGNAL: u16 = 85;

/// A process is to go on with a context whose variable at `index` is `value`.
fn check_context(index: &'static [V]) {
    check(&[
        (COPY, Context, &[], Succeeded),
        (STORE, Answer(0), index, Succeeded),
        (COPY, Process, &[], Succeeded),
        (STORE, Answer(2), &[Int(2), Answer(0)], Succeeded),
        (RESUME, Answer(2), &[], FailedBecause(2)),
    ]);
}

#[test]
fn a_context_that_cannot_run_is_not_resumed() {
    check_context(&[Int(2), Int(99_999)]);
    check_context(&[Int(2), Int(1)]);
    check_context(&[Int(2), Nil]);
    check_context(&[Int(4), Nil]);
    check_context(&[Int(4), Str("code")]);
    check_context(&[Int(5), Int(7)]);
    check_context(&[Int(5), Str("closure")]);
}

#[test]
fn a_process_without_a_priority_is_none() {
    for priority in [&[Int(3), Nil], &[Int(3), Int(0)], &[Int(3), Int(99)]] {
        check(&[
            (COPY, Process, &[], Succeeded),
            (STORE, Answer(0), priority, Succeeded),
            (RESUME, Answer(0), &[], FailedBecause(2)),
        ]);
    }
}

#[test]
fn a_semaphore_forgets_what_is_no_process_that_can_go_on() {
    check(&[
        (COPY, Semaphore, &[], Succeeded),
        (STORE, Answer(0), &[Int(1), Int(5)], Succeeded),
        (SIGNAL, Answer(0), &[], Succeeded),
        (COPY, Process, &[], Succeeded),
        (STORE, Answer(3), &[Int(2), Nil], Succeeded),
        (STORE, Answer(0), &[Int(1), Answer(3)], Succeeded),
        (STORE, Answer(0), &[Int(2), Answer(3)], Succeeded),
        (SIGNAL, Answer(0), &[], Succeeded),
        (SIGNAL, Answer(0), &[], Succeeded),
    ]);
}

#[test]
fn a_number_stored_as_sender_is_no_frame() {
    check(&[
        (COPY, Context, &[], Succeeded),
        (STORE, Answer(0), &[Int(1), Int(64)], Succeeded),
        (COPY, Process, &[], Succeeded),
        (STORE, Answer(2), &[Int(2), Answer(0)], Succeeded),
        (RESUME, Answer(2), &[], Succeeded),
        (COPY, Answer(0), &[], Succeeded),
    ]);
}

#[test]
fn contexts_exchange_their_identities() {
    check(&[
        (NEW, Class("Array"), &[Int(1)], Succeeded),
        (NEW, Class("Array"), &[Int(1)], Succeeded),
        (PUT, Answer(0), &[Int(1), Context], Succeeded),
        (PUT, Answer(1), &[Int(1), Context], Succeeded),
        (128, Answer(0), &[Answer(1)], Succeeded),
        (72, Answer(0), &[Answer(1)], Succeeded),
        (PUT, Answer(0), &[Int(1), Int(3)], Succeeded),
        (128, Answer(0), &[Answer(1)], FailedBecause(6)),
    ]);
}

const NEW: u16 = 71;
const PUT: u16 = 61;
const PIN: u16 = 184;

/// Programs whose last call fails in a way that no single call does.
pub(crate) const LAST_CALLS: &[&[Line]] = &[
    // What the VM knows by its place becomes nothing else, nor does what is immutable or pinned.
    &[
        ARRAY,
        ARRAY,
        (72, Answer(0), &[Answer(1)], FailedBecause(6)),
    ],
    &[
        ARRAY,
        ARRAY,
        (128, Answer(0), &[Answer(1)], FailedBecause(6)),
    ],
    &[
        ARRAY,
        ARRAY,
        (248, Answer(0), &[Answer(1)], FailedBecause(6)),
    ],
    &[
        ARRAY,
        ARRAY,
        (249, Answer(0), &[Answer(1), True], FailedBecause(6)),
    ],
    &[
        ARRAY,
        ARRAY,
        FROZEN,
        (72, Answer(0), &[Answer(1)], FailedBecause(8)),
    ],
    &[
        ARRAY,
        ARRAY,
        FROZEN,
        (128, Answer(0), &[Answer(1)], FailedBecause(8)),
    ],
    &[
        ARRAY,
        ARRAY,
        FROZEN,
        (248, Answer(0), &[Answer(1)], FailedBecause(8)),
    ],
    &[
        ARRAY,
        ARRAY,
        FROZEN,
        (249, Answer(0), &[Answer(1), True], FailedBecause(8)),
    ],
    &[
        ARRAY,
        ARRAY,
        STRING,
        PINNED,
        (72, Answer(0), &[Answer(1)], FailedBecause(16)),
    ],
    &[
        ARRAY,
        ARRAY,
        STRING,
        PINNED,
        (128, Answer(0), &[Answer(1)], FailedBecause(16)),
    ],
    &[
        ARRAY,
        ARRAY,
        STRING,
        PINNED,
        (248, Answer(0), &[Answer(1)], FailedBecause(16)),
    ],
    &[
        ARRAY,
        ARRAY,
        STRING,
        PINNED,
        (249, Answer(0), &[Answer(1), True], FailedBecause(16)),
    ],
    // Senders are a ring.
    &[CONTEXT, RING, (195, Answer(0), &[Nil], FailedBecause(6))],
    &[CONTEXT, RING, (197, Answer(0), &[], FailedBecause(6))],
    // A process is ready already.
    &[
        (COPY, Process, &[], Succeeded),
        READY,
        (RESUME, Answer(0), &[], FailedBecause(6)),
    ],
    // What is to be written to is immutable.
    &[(168, FrozenArray(&[1]), &[Array(&[2])], FailedBecause(8))],
    &[
        (COPY, Method, &[], Succeeded),
        FREEZE,
        (69, Answer(0), &[Int(1), Nil], FailedBecause(8)),
    ],
];

const ARRAY: Line = (NEW, Class("Array"), &[Int(1)], Succeeded);
const FROZEN: Line = (PUT, Answer(0), &[Int(1), FrozenStr("ice")], Succeeded);
const STRING: Line = (PUT, Answer(0), &[Int(1), Str("pinned")], Succeeded);
const PINNED: Line = (PIN, Answer(2), &[True], Succeeded);
const READY: Line = (RESUME, Answer(0), &[], Succeeded);
const FREEZE: Line = (164, Answer(0), &[True], Succeeded);
const CONTEXT: Line = (COPY, Context, &[], Succeeded);
const RING: Line = (STORE, Answer(0), &[Int(1), Answer(0)], Succeeded);

#[test]
fn spoilt_arguments_fail_as_noted() {
    for program in LAST_CALLS {
        check(program);
    }
}
