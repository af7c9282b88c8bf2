//! Every primitive called wrongly in every way: none may crash, hang, or leave a damaged heap.
//!
//! From each right call the sweep derives calls with receivers and arguments of other kinds, numbers out of range, immutable objects,
//! and one argument more and less. One program makes all calls of a primitive, collects garbage, and the heap is verified around that.
//! What comes of them is compared with `outcomes.txt`; `OURO_BLESS=1` writes that file anew, which is for a reviewer to judge.
//! With `OURO_VM` naming another VM and `OURO_OUTCOMES` a file, that file gets what comes of them there, for comparison.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tests::{root, text};

use super::program::{self, Outcome, Primitive, Step};
use super::values::V;
use super::{calls, spoilt, suite, table};

/// The heap is verified around collections; clock and environment are the same everywhere.
const OPTIONS: &[&str] = &["--check-heap", "--deterministic"];

/// Stand in for each receiver and argument, with the names that they have in the file.
const OTHERS: &[(&str, V)] = &[
    ("nil", V::Nil),
    ("true", V::True),
    ("0", V::Int(0)),
    ("1", V::Int(1)),
    ("-1", V::Int(-1)),
    ("maxVal", V::Int((1 << 60) - 1)),
    ("minVal", V::Int(-(1 << 60))),
    ("float", V::Float(1.5)),
    ("boxed", V::Boxed(0x7E37_E43C_8800_759C)),
    ("character", V::Char(65)),
    ("empty-string", V::Str("")),
    ("string", V::Str("abc")),
    ("frozen-string", V::FrozenStr("abcdef")),
    ("bytes", V::Bytes(&[1, 2, 3, 4, 5, 6, 7, 8, 9])),
    ("words", V::Words(&[1, 2])),
    ("empty-array", V::Array(&[])),
    ("array", V::Array(&[1, 2, 3])),
    ("frozen-array", V::FrozenArray(&[1, 2, 3])),
    ("large", V::Large(1 << 63)),
    ("negative-large", V::Minus(u64::MAX)),
    ("main", V::Main),
    ("class", V::Class("Bitmap")),
    ("symbol", V::Symbol("spare")),
    ("method", V::Method),
    ("context", V::Context),
    ("semaphore", V::Semaphore),
    ("mutex", V::Mutex),
    ("process", V::Process),
    ("block", V::Block),
];

/// The call itself, then the wrong ones.
fn variants(call: &Step) -> Vec<Step> {
    let mut steps = vec![call.clone()];
    for (_, other) in OTHERS {
        if *other != call.receiver {
            let mut step = call.clone();
            step.receiver = *other;
            steps.push(step);
        }
        for index in 0..call.arguments.len() {
            if *other != call.arguments[index] {
                let mut step = call.clone();
                step.arguments[index] = *other;
                steps.push(step);
            }
        }
    }
    let mut longer = call.clone();
    longer.arguments.push(V::Nil);
    steps.push(longer);
    if !call.arguments.is_empty() {
        let mut shorter = call.clone();
        shorter.arguments.pop();
        steps.push(shorter);
    }
    steps
}

/// What came of the steps: all in one program or, if that does not come to its end, each by itself.
fn outcomes(steps: &[Step]) -> Vec<String> {
    let report = program::run(steps, OPTIONS);
    if report.status == 0 && report.outcomes.iter().all(is_known) {
        return report.outcomes.iter().map(shown).collect();
    }
    steps.iter().map(alone).collect()
}

fn is_known(outcome: &Outcome) -> bool {
    !matches!(outcome, Outcome::Unreached | Outcome::Begun)
}

fn alone(step: &Step) -> String {
    let report = program::run(std::slice::from_ref(step), OPTIONS);
    if report.status == 0 && is_known(&report.outcomes[0]) {
        return shown(&report.outcomes[0]);
    }
    if !is_sound(report.status, &report.errors) {
        return format!("{DAMAGE} with {}: {}", report.status, report.errors.trim());
    }
    format!("ends with {}", report.status)
}

/// Begins the outcome of a call after which the VM is not itself.
const DAMAGE: &str = "DAMAGE";

/// A program may end as the image wishes, or because all processes wait; not by a signal, a trap, a damaged heap, or the test's patience.
fn is_sound(status: i32, errors: &str) -> bool {
    let killed = (128..160).contains(&status) || status < 0;
    !killed && status != 70 && status != 124 && !errors.contains("heap")
}

fn shown(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Unreached | Outcome::Begun => "ends".to_owned(),
        Outcome::Succeeded | Outcome::Answered => "succeeds".to_owned(),
        Outcome::Failed => "fails with 1".to_owned(),
        Outcome::FailedBecause(code) => format!("fails with {code}"),
    }
}

/// The text for a call and its variants, one line for each outcome.
fn described(call: &Step) -> String {
    let steps = variants(call);
    let outcomes = outcomes(&steps);
    let mut text = format!("{}: {}\n", line(call), outcomes[0]);
    let kinds: BTreeSet<&String> = outcomes[1..].iter().collect();
    for kind in kinds {
        let mut alike: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (step, outcome) in steps[1..].iter().zip(&outcomes[1..]) {
            if outcome == kind {
                let (place, name) = difference(call, step);
                alike.entry(place).or_default().push(name);
            }
        }
        let places: Vec<String> = alike
            .iter()
            .map(|(place, names)| format!("{place} {}", names.join(" ")))
            .collect();
        writeln!(text, "  {kind}: {}", places.join("; ")).expect("a string takes all");
    }
    text
}

fn line(call: &Step) -> String {
    let arguments: Vec<String> = call.arguments.iter().map(|v| format!("{v:?}")).collect();
    let name = name_of(call.primitive);
    format!("{name} {:?} ({})", call.receiver, arguments.join(", "))
}

/// A primitive as the files name it.
pub(crate) fn name_of(primitive: Primitive) -> String {
    match primitive {
        Primitive::Number(number) => number.to_string(),
        Primitive::Named("", name) => format!("VM {name}"),
        Primitive::Named(module, name) => format!("{module} {name}"),
    }
}

/// Where a variant differs, and the name of what is there. Places count from 0, the receiver.
fn difference(call: &Step, step: &Step) -> (String, &'static str) {
    if step.arguments.len() != call.arguments.len() {
        return (format!("{} arguments", step.arguments.len()), "");
    }
    let kind = |v: &V| {
        OTHERS
            .iter()
            .find(|(_, other)| other == v)
            .map_or("?", |row| row.0)
    };
    for (index, (one, other)) in call.arguments.iter().zip(&step.arguments).enumerate() {
        if one != other {
            return (format!("({})", index + 1), kind(other));
        }
    }
    ("(0)".to_owned(), kind(&step.receiver))
}

/// The descriptions of all calls, made by a few threads.
fn all_described(calls: &[Step]) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let texts = Mutex::new(vec![String::new(); calls.len()]);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(call) = calls.get(index) else {
                        return;
                    };
                    let text = described(call);
                    texts.lock().expect("no thread has panicked")[index] = text;
                }
            });
        }
    });
    texts.into_inner().expect("no thread has panicked")
}

#[test]
fn every_primitive_is_called() {
    let called: BTreeSet<Primitive> = calls::all().iter().map(|call| call.primitive).collect();
    let missing: Vec<Primitive> = table::collected()
        .into_keys()
        .filter(|primitive| !called.contains(primitive))
        .collect();
    assert!(missing.is_empty(), "no call of {missing:?}");
}

/// Codes of failure by primitive, as the file of outcomes has them.
fn noted_codes() -> BTreeMap<String, BTreeSet<i32>> {
    let mut codes: BTreeMap<String, BTreeSet<i32>> = BTreeMap::new();
    let mut current = String::new();
    for line in text(&root().join("tests/tests/primitives/outcomes.txt")).lines() {
        if !line.starts_with(' ') {
            current = name_in(line);
        }
        let entry = codes.entry(current.clone()).or_default();
        if let Some((_, rest)) = line.split_once("fails with ") {
            let code = rest.split(':').next().unwrap_or_default();
            entry.insert(code.parse().expect("a code is a number"));
        }
    }
    codes
}

/// The primitive's name at the beginning of a line.
fn name_in(line: &str) -> String {
    let mut words = line.split(' ');
    let first = words.next().unwrap_or_default();
    if first.parse::<u16>().is_ok() {
        first.to_owned()
    } else {
        format!("{first} {}", words.next().unwrap_or_default())
    }
}

#[test]
fn the_document_tells_the_failure_codes() {
    let mut findings = Vec::new();
    let mut noted = noted_codes();
    for (number, _, _, outcome) in spoilt::LAST_CALLS.iter().filter_map(|calls| calls.last()) {
        if let Outcome::FailedBecause(code) = outcome {
            noted.entry(number.to_string()).or_default().insert(*code);
        }
    }
    for (name, codes) in suite::ONLY_IN_SUITE {
        let entry = noted.entry((*name).to_owned()).or_default();
        entry.extend(*codes);
    }
    for (primitive, row) in table::documented() {
        let name = name_of(primitive);
        let told = row.codes;
        let found = noted.get(&name).cloned().unwrap_or_default();
        if told != found {
            findings.push(format!("{name}: told {told:?}, found {found:?}"));
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn wrong_calls_fail_as_noted_and_do_no_harm() {
    let path = root().join("tests/tests/primitives/outcomes.txt");
    let found = all_described(&calls::all()).concat();
    if let Some(other) = std::env::var_os("OURO_OUTCOMES") {
        return std::fs::write(other, &found).expect("the outcomes can be written");
    }
    let damage: Vec<&str> = found.lines().filter(|line| line.contains(DAMAGE)).collect();
    if std::env::var_os("OURO_BLESS").is_some() {
        std::fs::write(&path, &found).expect("the outcomes can be written");
    }
    assert!(damage.is_empty(), "{}", damage.join("\n"));
    let noted = if path.exists() {
        text(&path)
    } else {
        String::new()
    };
    let changed: Vec<String> = found
        .lines()
        .zip(noted.lines().chain(std::iter::repeat("")))
        .filter(|(found, noted)| found != noted)
        .map(|(found, noted)| format!("  noted {noted}\n  found {found}"))
        .take(20)
        .collect();
    assert!(
        found == noted,
        "outcomes have changed:\n{}",
        changed.join("\n")
    );
}
