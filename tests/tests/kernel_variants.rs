//! The class library in each set of bytecodes and with each kind of blocks: its tests hold in all of them, and execute each bytecode there is.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tests::built_image::{Folder, kernel};
use tests::{Session, root, text, vm};

/// A package whose methods have more literals than V3 can reach.
const ONLY_SISTA: &str = "Kernel-Bytecodes-SistaV1-Tests";

/// Options with which the heap is moved and checked all the time.
const STRESS: &[&str] = &["--gc-stress", "1000", "--check-heap"];

/// An image of the library and its tests whose methods are compiled for `set` with blocks that are `closures`; it has started once.
fn variant(set: &str, closures: &str) -> Session {
    let session = Session::new(&kernel(set, closures, |folder| tests_for(set, folder)));
    let first = session.run_arguments(60, &[], &["--snapshot"]);
    assert_eq!(first.status, 0, "{}", first.stderr);
    session
}

/// A folder of links to the packages of tests that can be compiled for `set`.
fn tests_for(set: &str, folder: &Folder) -> PathBuf {
    let tests = folder.path.join("tests");
    std::fs::create_dir(&tests).expect("a folder can be made");
    let packages = std::fs::read_dir(root().join("vm-source-st/kernel-tests"));
    for package in packages.expect("there are tests").flatten() {
        if set == "SistaV1" || package.file_name() != ONLY_SISTA {
            let link = tests.join(package.file_name());
            symlink(package.path(), link).expect("a link can be made");
        }
    }
    tests
}

fn all_hold(set: &str, closures: &str, options: &[&str]) {
    let run = variant(set, closures).run_arguments(300, options, &["test"]);
    assert_eq!(run.status, 0, "{}{}", run.stdout, run.stderr);
    let summary = run.stdout.lines().last().unwrap_or_default();
    assert!(
        summary.contains(" 0 failed, 0 errors, 0 skipped") && !summary.starts_with("0 run"),
        "{summary}"
    );
}

/// The opcodes that the tests of bytecodes execute, as a trace tells them.
fn executed(session: &Session, names: &[&str]) -> BTreeSet<usize> {
    let mut child = Command::new(vm())
        .args(["--interpret", "--trace", Session::IMAGE, "test"])
        .args(names)
        .current_dir(session.folder())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the VM can be started");
    let trace = child.stderr.take().expect("it is a pipe");
    let mut opcodes = BTreeSet::new();
    for line in BufReader::new(trace).split(b'\n') {
        let line = line.expect("the trace can be read");
        let line = String::from_utf8_lossy(&line);
        let words: Vec<&str> = line.split_whitespace().collect();
        if let [place, opcode] = words[..]
            && line.starts_with("    ")
            && let (Ok(_), Ok(opcode)) = (place.parse::<usize>(), opcode.parse())
        {
            opcodes.insert(opcode);
        }
    }
    let status = child.wait().expect("the VM ends");
    assert!(status.success(), "{status}");
    opcodes
}

/// The opcodes of each handler in the set's column of the document's table, which another test holds equal to the VM's.
fn handlers(column: usize) -> BTreeMap<String, BTreeSet<usize>> {
    let document = text(&root().join("vm-source-st/docs/bytecodes.md"));
    let table = document.split("| opcodes |").nth(1).expect("a table");
    let rows = table.lines().skip(2).take_while(|row| row.starts_with('|'));
    let mut handlers: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for row in rows {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let (first, last) = cells[1].split_once('-').unwrap_or((cells[1], cells[1]));
        let number = |text: &str| text.parse::<usize>().expect("an opcode");
        let handler = cells[column + 1].trim_matches('`');
        if !handler.is_empty() {
            let opcodes = handlers.entry(handler.to_owned()).or_default();
            opcodes.extend(number(first)..=number(last));
        }
    }
    handlers
}

/// Fails unless each handler of the set was run by one of its opcodes at least.
fn every_handler_runs(column: usize, executed: &BTreeSet<usize>) {
    let handlers = handlers(column);
    assert!(handlers.len() > 40, "the table was not understood");
    let never: Vec<_> = handlers
        .iter()
        .filter(|(_, opcodes)| opcodes.is_disjoint(executed))
        .collect();
    assert!(never.is_empty(), "never executed: {never:?}");
}

#[test]
fn all_tests_in_smalltalk_hold_in_v3() {
    all_hold("V3", "Embedded", &[]);
}

#[test]
fn all_tests_in_smalltalk_hold_where_blocks_are_embedded_in_sista_v1() {
    all_hold("SistaV1", "Embedded", &[]);
}

#[test]
fn all_tests_in_smalltalk_hold_in_v3_while_the_heap_moves_and_is_checked() {
    all_hold("V3", "Embedded", STRESS);
}

#[test]
fn all_tests_in_smalltalk_hold_where_blocks_are_embedded_while_the_heap_moves_and_is_checked() {
    all_hold("SistaV1", "Embedded", STRESS);
}

#[test]
fn the_tests_of_bytecodes_execute_each_bytecode_of_sista_v1() {
    let packages = ["Kernel-Bytecodes-Tests", ONLY_SISTA];
    let mut all = executed(&variant("SistaV1", "Full"), &packages);
    all.extend(executed(
        &variant("SistaV1", "Embedded"),
        &["BlockBytecodeTest"],
    ));
    every_handler_runs(1, &all);
}

#[test]
fn the_tests_of_bytecodes_execute_each_bytecode_of_v3() {
    let all = executed(&variant("V3", "Embedded"), &["Kernel-Bytecodes-Tests"]);
    every_handler_runs(2, &all);
}
