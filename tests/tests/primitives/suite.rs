//! The tests in Smalltalk see each primitive succeed, and fail with each code that the document tells of it.
//!
//! A VM in which a component of a test's stands for `PrimitiveCall` tells how primitives end.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use tests::Session;
use tests::library_image::raw_image;
use tests::translated::coverage_vm;

use super::sweep::name_of;
use super::table;

/// Failure codes that the sweep does not reach, for they need what only a whole image has: methods that name a primitive, and open sockets.
pub(crate) const ONLY_IN_SUITE: &[(&str, &[i32])] = &[
    ("117", &[11]),
    ("218", &[-1]),
    ("SocketPlugin primitiveSocketAccept", &[24]),
    ("SocketPlugin primitiveSocketBindToPort", &[24]),
    ("SocketPlugin primitiveSocketGetOptions", &[11]),
    (
        "SocketPlugin primitiveSocketListenOnPortBacklogInterface",
        &[24],
    ),
];

/// A way to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Success,
    /// Success with the object as one more argument.
    Mirrored,
    Failure(i32),
}

const NOT_ALLOWED: &str = "it is there to say that there is no such thing here";
const TOO_LATE: &str =
    "only before the network is initialized, which cannot be undone; the sweep does so";

/// What the suite cannot see, and why.
const EXCEPTIONS: &[(&str, End, &str)] = &[
    (
        "117",
        End::Success,
        "it is that of the primitive that is named",
    ),
    (
        "118",
        End::Failure(1),
        "it is that of the primitive that is tried",
    ),
    ("571", End::Success, NOT_ALLOWED),
    (
        "FileAttributesPlugin primitiveLogicalDrives",
        End::Success,
        NOT_ALLOWED,
    ),
    (
        "SecurityPlugin primitiveDisableImageWrite",
        End::Success,
        NOT_ALLOWED,
    ),
    (
        "SecurityPlugin primitiveGetSecureUserDirectory",
        End::Success,
        NOT_ALLOWED,
    ),
    (
        "SecurityPlugin primitiveGetUntrustedUserDirectory",
        End::Success,
        NOT_ALLOWED,
    ),
    (
        "SocketPlugin primitiveDisableSocketAccess",
        End::Success,
        NOT_ALLOWED,
    ),
    (
        "SocketPlugin primitiveSocketCreate",
        End::Failure(24),
        TOO_LATE,
    ),
    (
        "SocketPlugin primitiveSocketCreate3Semaphores",
        End::Failure(24),
        TOO_LATE,
    ),
];

/// How each primitive was seen to end: with success by count of arguments, and by failure code.
#[derive(Default)]
struct Seen {
    counts: BTreeMap<String, BTreeSet<i32>>,
    codes: BTreeMap<String, BTreeSet<i32>>,
}

impl Seen {
    /// Notes a line of what the VM tells; others are none of its.
    fn note(&mut self, line: &str) {
        let Some(told) = line.strip_prefix("primitive ") else {
            return;
        };
        let (ends, name, number) = if let Some((name, count)) = told.split_once(" succeeds with ") {
            (&mut self.counts, name, count)
        } else if let Some((name, code)) = told.split_once(" fails with ") {
            (&mut self.codes, name, code)
        } else {
            return;
        };
        let number = number.parse().expect("the VM tells numbers");
        ends.entry(name.to_owned()).or_default().insert(number);
    }

    fn ends_of(&self, name: &str) -> BTreeSet<End> {
        let counts = self.counts.get(name).map_or(0, BTreeSet::len);
        let codes = self.codes.get(name).into_iter().flatten();
        let mut ends: BTreeSet<End> = codes.map(|code| End::Failure(*code)).collect();
        ends.extend((counts > 0).then_some(End::Success));
        ends.extend((counts > 1).then_some(End::Mirrored));
        ends
    }
}

/// Runs tests of the image where the user's language is `locale`, and notes what the VM tells.
fn run(session: &Session, locale: &str, names: &[&str], seen: &mut Seen) {
    let output = Command::new("timeout")
        .arg("120")
        .arg(coverage_vm())
        .args([Session::IMAGE, "test"])
        .args(names)
        .env("LC_ALL", locale)
        .current_dir(session.folder())
        .output()
        .expect("the VM can be started");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    let told = String::from_utf8_lossy(&output.stderr);
    told.lines().for_each(|line| seen.note(line));
}

/// All ends that the suite sees.
fn seen() -> Seen {
    let session = Session::new(&raw_image(&["kernel-tests"]));
    let mut seen = Seen::default();
    run(&session, "C", &[], &mut seen);
    run(&session, "de_CH.UTF-8", &["LocalePrimitiveTest"], &mut seen);
    seen
}

#[test]
fn the_tests_in_smalltalk_see_each_primitive_end_in_each_way() {
    let seen = seen();
    let mut findings = Vec::new();
    for (primitive, row) in table::documented() {
        let name = name_of(primitive);
        let ends = seen.ends_of(&name);
        let mut told: BTreeSet<End> = row.codes.into_iter().map(End::Failure).collect();
        told.insert(End::Success);
        told.extend(row.is_mirrored.then_some(End::Mirrored));
        for (_, end, reason) in EXCEPTIONS.iter().filter(|row| row.0 == name) {
            if !told.remove(end) || ends.contains(end) {
                findings.push(format!("{name}: {end:?} is no exception ({reason})"));
            }
        }
        let never: Vec<_> = told.difference(&ends).collect();
        if !never.is_empty() {
            findings.push(format!("{name}: never seen {never:?}"));
        }
        let untold: Vec<_> = ends
            .difference(&told)
            .filter(|end| matches!(end, End::Failure(_)))
            .collect();
        if !untold.is_empty() {
            findings.push(format!("{name}: the document does not tell of {untold:?}"));
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}
