//! What the image has spoilt fails, or is forgotten: processes, contexts and semaphores with odd variables.

use super::program::Outcome::{self, FailedBecause, Succeeded};
use super::program::{self, Primitive, Step};
use super::values::V::{self, Answer, Class, Context, Int, Nil, Process, Semaphore, Str};

/// Number, receiver, arguments, outcome.
type Line = (u16, V, &'static [V], Outcome);

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
    const NEW: u16 = 71;
    const PUT: u16 = 61;
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
