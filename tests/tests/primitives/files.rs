//! What programs do with files and folders.

use super::program::Outcome::{self, Answered, FailedBecause, Succeeded};
use super::program::{self, Primitive, Step};
use super::values::V::{self, Answer, Bytes, Char, False, FrozenStr, Int, Main, Nil, Str, True};

/// A call of the FilePlugin with what must come of it; an answer is compared if there is one.
type Line = (&'static str, &'static [V], Option<V>, Outcome);

fn check(module: &'static str, lines: &[Line]) {
    let steps: Vec<Step> = lines
        .iter()
        .map(|(name, arguments, expected, _)| Step {
            primitive: Primitive::Named(module, name),
            receiver: Main,
            arguments: arguments.to_vec(),
            expected: *expected,
        })
        .collect();
    let wanted: Vec<Outcome> = lines.iter().map(|line| line.3).collect();
    program::expect(&steps, &wanted);
}

const FILE: &[Line] = &[
    (
        "primitiveFileOpen",
        &[Str("a"), False],
        None,
        FailedBecause(21),
    ),
    ("primitiveFileOpen", &[Str("a"), True], None, Succeeded),
    (
        "primitiveFileWrite",
        &[Answer(1), Str("hello"), Int(2), Int(3)],
        Some(Int(3)),
        Answered,
    ),
    ("primitiveFileSize", &[Answer(1)], Some(Int(3)), Answered),
    ("primitiveFileAtEnd", &[Answer(1)], Some(True), Answered),
    (
        "primitiveFileSetPosition",
        &[Answer(1), Int(1)],
        None,
        Succeeded,
    ),
    (
        "primitiveFileGetPosition",
        &[Answer(1)],
        Some(Int(1)),
        Answered,
    ),
    ("primitiveFileAtEnd", &[Answer(1)], Some(False), Answered),
    (
        "primitiveFileRead",
        &[Answer(1), Bytes(&[0; 4]), Int(2), Int(3)],
        Some(Int(2)),
        Answered,
    ),
    (
        "primitiveFileRead",
        &[Answer(1), Bytes(&[0; 4]), Int(3), Int(3)],
        None,
        FailedBecause(4),
    ),
    (
        "primitiveFileRead",
        &[Answer(1), FrozenStr("abc"), Int(1), Int(3)],
        None,
        FailedBecause(8),
    ),
    (
        "primitiveFileTruncate",
        &[Answer(1), Int(1)],
        None,
        Succeeded,
    ),
    ("primitiveFileSize", &[Answer(1)], Some(Int(1)), Answered),
    ("primitiveFileFlush", &[Answer(1)], None, Succeeded),
    ("primitiveFileSync", &[Answer(1)], None, Succeeded),
    ("primitiveFileClose", &[Answer(1)], None, Succeeded),
    ("primitiveFileSize", &[Answer(1)], None, FailedBecause(3)),
    ("primitiveFileOpenNew", &[Str("a")], None, FailedBecause(21)),
    (
        "primitiveFileRename",
        &[Str("a"), Str("b")],
        None,
        Succeeded,
    ),
    ("primitiveFileOpenNew", &[Str("a")], None, Succeeded),
    ("primitiveFileDelete", &[Str("b")], None, Succeeded),
    ("primitiveFileDelete", &[Str("b")], None, FailedBecause(21)),
];

#[test]
fn a_file_is_written_read_and_deleted() {
    check("FilePlugin", FILE);
}

const FOLDER: &[Line] = &[
    ("primitiveDirectoryDelimitor", &[], Some(Char(47)), Answered),
    ("primitiveDirectoryCreate", &[Str("f")], None, Succeeded),
    (
        "primitiveDirectoryCreate",
        &[Str("f")],
        None,
        FailedBecause(21),
    ),
    (
        "primitiveDirectoryLookup",
        &[Str("f"), Int(1)],
        Some(Nil),
        Answered,
    ),
    ("primitiveFileOpen", &[Str("f/x"), True], None, Succeeded),
    (
        "primitiveDirectoryDelete",
        &[Str("f")],
        None,
        FailedBecause(21),
    ),
    (
        "primitiveDirectoryLookup",
        &[Str("f"), Int(1)],
        None,
        Succeeded,
    ),
    (
        "primitiveDirectoryLookup",
        &[Str("f"), Int(2)],
        Some(Nil),
        Answered,
    ),
    (
        "primitiveDirectoryLookup",
        &[Str("f"), Int(1)],
        None,
        Succeeded,
    ),
    (
        "primitiveDirectoryLookup",
        &[Str("g"), Int(1)],
        None,
        FailedBecause(21),
    ),
    (
        "primitiveDirectoryEntry",
        &[Str("f"), Str("x")],
        None,
        Succeeded,
    ),
    (
        "primitiveDirectoryEntry",
        &[Str("f"), Str("y")],
        Some(Nil),
        Answered,
    ),
    ("primitiveFileDelete", &[Str("f/x")], None, Succeeded),
    ("primitiveDirectoryDelete", &[Str("f")], None, Succeeded),
];

#[test]
fn folders_are_made_listed_and_deleted() {
    check("FilePlugin", FOLDER);
}

const ATTRIBUTES: &[Line] = &[
    (
        "primitiveFileExists",
        &[Str("test.image")],
        Some(True),
        Answered,
    ),
    ("primitiveFileExists", &[Str("none")], Some(False), Answered),
    (
        "primitiveFileAttribute",
        &[Str("test.image"), Int(14)],
        Some(True),
        Answered,
    ),
    (
        "primitiveFileAttribute",
        &[Str("test.image"), Int(16)],
        Some(False),
        Answered,
    ),
    (
        "primitiveFileAttribute",
        &[Str("none"), Int(8)],
        None,
        FailedBecause(21),
    ),
    (
        "primitiveFileAttributes",
        &[Str("test.image"), Int(3)],
        None,
        Succeeded,
    ),
    (
        "primitiveChangeMode",
        &[Str("test.image"), Int(0o400)],
        Some(Nil),
        Answered,
    ),
    (
        "primitiveFileAttribute",
        &[Str("test.image"), Int(2)],
        Some(Int(0o100_400)),
        Answered,
    ),
    ("primitiveOpendir", &[Str(".")], None, Succeeded),
    ("primitiveOpendir", &[Str("none")], None, FailedBecause(21)),
    (
        "primitivePlatToStPath",
        &[Str("ab")],
        Some(Bytes(b"ab")),
        Answered,
    ),
];

#[test]
fn attributes_of_files_are_told() {
    check("FileAttributesPlugin", ATTRIBUTES);
}
