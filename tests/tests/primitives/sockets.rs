//! What comes over the network is not lost for want of memory; and the protocol for addresses of any family is left to the image.

use std::path::Path;

use tests::planted::{planted_vm, primitive};
use tests::vm;

use super::program::Outcome::{self, Answered, FailedBecause, Succeeded};
use super::program::{Primitive, Step, run_on};
use super::values::V::{self, Answer, Bytes, Int, Main, Str};

const LOCAL: V = Bytes(&[127, 0, 0, 1]);
const STREAM: V = Int(0);
const DATAGRAM: V = Int(1);

/// A call of the SocketPlugin by the part of its name behind `primitiveSocket`.
fn socket(name: &'static str, arguments: &[V]) -> Step {
    Step {
        primitive: Primitive::Named("SocketPlugin", name),
        receiver: Main,
        arguments: arguments.to_vec(),
        expected: None,
    }
}

/// A call by number.
fn numbered(number: u16, receiver: V, arguments: &[V]) -> Step {
    Step {
        primitive: Primitive::Number(number),
        receiver,
        arguments: arguments.to_vec(),
        expected: None,
    }
}

fn answering(expected: V, step: Step) -> Step {
    Step {
        expected: Some(expected),
        ..step
    }
}

fn create(kind: V) -> Step {
    socket(
        "primitiveSocketCreate",
        &[Int(0), kind, Int(0), Int(0), Int(0)],
    )
}

/// Sockets are made only then.
fn initialize() -> Step {
    socket("primitiveInitializeNetwork", &[Int(0)])
}

fn expect(vm: &Path, steps: &[Step], wanted: &[Outcome]) {
    let report = run_on(vm, steps, &["--max-heap", "16m", "--check-heap"]);
    assert_eq!(
        report.outcomes, wanted,
        "status {}: {}",
        report.status, report.errors
    );
}

#[test]
fn a_datagram_is_not_lost_when_there_is_no_memory_to_tell_of_it() {
    let (receiver, port, received) = (Answer(1), Answer(3), Answer(5));
    let steps = [
        initialize(),
        create(DATAGRAM),
        socket("primitiveSocketBindToPort", &[receiver, LOCAL, Int(0)]),
        socket("primitiveSocketLocalPort", &[receiver]),
        socket(
            "primitiveSocketSendUDPDataBufCount",
            &[receiver, Str("hello"), LOCAL, port, Int(1), Int(5)],
        ),
        numbered(
            primitive::RECEIVE_WITHOUT_MEMORY,
            Main,
            &[receiver, Bytes(&[0; 16]), Int(1), Int(16)],
        ),
        answering(Int(5), numbered(60, received, &[Int(1)])),
    ];
    let mut wanted = [Succeeded; 7];
    wanted[6] = Answered;
    expect(planted_vm(), &steps, &wanted);
}

#[test]
fn a_connection_is_not_lost_when_there_is_no_memory_to_tell_of_it() {
    let (listener, port, caller, accepted) = (Answer(1), Answer(3), Answer(4), Answer(6));
    let steps = [
        initialize(),
        create(STREAM),
        socket(
            "primitiveSocketListenOnPortBacklogInterface",
            &[listener, Int(0), Int(4), LOCAL],
        ),
        socket("primitiveSocketLocalPort", &[listener]),
        create(STREAM),
        socket("primitiveSocketConnectToPort", &[caller, LOCAL, port]),
        numbered(
            primitive::ACCEPT_WITHOUT_MEMORY,
            Main,
            &[listener, Int(0), Int(0), Int(0)],
        ),
        answering(
            Int(2),
            socket("primitiveSocketConnectionStatus", &[accepted]),
        ),
    ];
    let mut wanted = [Succeeded; 8];
    wanted[7] = Answered;
    expect(planted_vm(), &steps, &wanted);
}

/// What the protocol for addresses of any family consists of, each with the number of its arguments in Squeak, Cuis and Pharo.
const ANY_FAMILY: &[(&str, usize)] = &[
    ("primitiveResolverGetAddressInfo", 6),
    ("primitiveResolverGetAddressInfoFamily", 0),
    ("primitiveResolverGetAddressInfoNext", 0),
    ("primitiveResolverGetAddressInfoProtocol", 0),
    ("primitiveResolverGetAddressInfoResult", 1),
    ("primitiveResolverGetAddressInfoSize", 0),
    ("primitiveResolverGetAddressInfoType", 0),
    ("primitiveResolverGetNameInfo", 2),
    ("primitiveResolverGetNameInfoHostResult", 1),
    ("primitiveResolverGetNameInfoHostSize", 0),
    ("primitiveResolverGetNameInfoServiceResult", 1),
    ("primitiveResolverGetNameInfoServiceSize", 0),
    ("primitiveResolverHostNameResult", 1),
    ("primitiveResolverHostNameSize", 0),
    ("primitiveSocketAddressGetPort", 0),
    ("primitiveSocketAddressSetPort", 1),
    ("primitiveSocketBindTo", 2),
    ("primitiveSocketConnectTo", 2),
    ("primitiveSocketListenWithBacklog", 2),
    ("primitiveSocketLocalAddressResult", 2),
    ("primitiveSocketLocalAddressSize", 1),
    ("primitiveSocketRemoteAddressResult", 2),
    ("primitiveSocketRemoteAddressSize", 1),
];

#[test]
fn the_code_of_the_image_runs_where_it_asks_for_addresses_of_any_family() {
    let step = |&(name, count): &(&'static str, usize)| socket(name, &vec![Int(0); count]);
    let steps: Vec<Step> = ANY_FAMILY.iter().map(step).collect();
    expect(&vm(), &steps, &vec![FailedBecause(11); steps.len()]);
}

#[test]
fn the_code_of_the_image_runs_where_it_asks_for_memory_outside_of_objects() {
    let steps: Vec<Step> = (630..=659)
        .map(|number| numbered(number, Bytes(&[0; 8]), &[Int(0)]))
        .collect();
    expect(&vm(), &steps, &vec![FailedBecause(1); steps.len()]);
}
