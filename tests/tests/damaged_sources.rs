//! `ouroc image` on damaged sources and descriptions: each is built, or refused with a hint; nothing panics, and what is built is a sound image.

use std::path::PathBuf;

use tests::built_image::{Folder, mini};
use tests::random::Choice;
use tests::{Session, files, text};

/// Cases; `OURO_DAMAGED` sets another number.
const CASES: u64 = 240;

/// What may stand anywhere in a source, sensible or not.
const WORDS: &[&str] = &[
    "[",
    "]",
    "(",
    ")",
    "{",
    "}",
    "'",
    "\"",
    "#",
    "#(",
    "#[",
    "$",
    ":",
    ":=",
    ";",
    ".",
    "^",
    "|",
    "!",
    "! !",
    "<",
    ">",
    ">>",
    "->",
    "=>",
    "@",
    "-",
    "+",
    ",",
    "1",
    "-1",
    "16rFFFFFFFFFFFFFFFFFFFF",
    "1e400",
    "1.0e400",
    "2r9",
    "99999999999999999999s",
    "self",
    "super",
    "nil",
    "thisContext",
    "true",
    "Thing",
    "Row",
    "Check",
    "Nothing",
    "Whole",
    "TLoud",
    "Colours",
    "Nobody",
    "class",
    "class >> ",
    "new",
    "at:put:",
    "ifTrue: [ ]",
    "caseOf: { [ 1 ] -> [ 2 ] }",
    "<primitive: 264>",
    "<primitive: 60 error: x>",
    "<primitive: 'a' module: 3>",
    "<primitive: -1>",
    "<primitive: nil>",
    "<primitive: #() error: 3>",
    "#superclass",
    "#traits : 'TLoud - { #title }'",
    "#traits : '{ }'",
    "#type : 'bytes'",
    "#type : 'weak'",
    "#type : 'immediate'",
    "#type : 'compiledMethod'",
    "#type : 'ephemeron'",
    "#classInstVars : [ 'x' ]",
    "#classVars : [ 'X' ]",
    "#pools : [ 'Thing' ]",
    "#name : 'Thing'",
    "Class {",
    "Trait {",
    "Extension {",
    "#[ 256 ]",
    "#[ 1.5 ]",
    "\u{0}",
    "\u{e4}",
    "\u{1f600}",
    "\r",
    "\u{feff}",
    "Nil",
    "Copies(3, Nil)",
    "Copies(3, Classes)",
    "EachClass(This)",
    "Symbols",
    "Integer(3)",
    "Array([])",
    "New(\"Row\", {})",
    "NewSized(\"Text\", 3)",
    "NewWith(\"Row\", {}, Array([Nil]))",
    "Shared(\"twin\")",
    "Global(\"Answer\")",
    "Class(\"Row\")",
    "ClassSide(\"Row\")",
    "IfEmpty(Array([]), Nil)",
    "Format",
    "overlay: true",
    "0",
    "63",
    "1023",
    "65535",
    "24",
    "7",
    "9",
    "16",
];

/// Something in the middle of `text`, changed.
fn damaged(text: &str, choice: &mut Choice) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for _ in 0..choice.within(1, 2) {
        if lines.is_empty() {
            break;
        }
        let at = usize::try_from(choice.within(0, lines.len() as u64 - 1)).expect("it is an index");
        let other =
            usize::try_from(choice.within(0, lines.len() as u64 - 1)).expect("it is an index");
        match choice.within(0, 7) {
            0 => drop(lines.remove(at)),
            1 => lines.insert(other, lines[at].clone()),
            2 => lines.swap(at, other),
            3 if choice.one_in(4) => lines.truncate(at),
            4 => lines[at] = with_word(&lines[at], choice, false),
            5 => lines[at] = exchanged(&lines[at], &lines[other], choice),
            _ => lines[at] = with_word(&lines[at], choice, true),
        }
    }
    lines.join("\n") + "\n"
}

/// The line with one of the words in it, instead of one that was there if `replace`.
fn with_word(line: &str, choice: &mut Choice, replace: bool) -> String {
    let words = spans(line);
    let word = choice.of(WORDS);
    let Some(&(start, end)) = words
        .get(usize::try_from(choice.bits() % (words.len().max(1) as u64)).expect("it is an index"))
    else {
        return (*word).to_owned();
    };
    let end = if replace { end } else { start };
    format!("{}{word}{}", &line[..start], &line[end..])
}

/// The line with one of its words replaced by one of another line.
fn exchanged(line: &str, other: &str, choice: &mut Choice) -> String {
    let (ours, theirs) = (spans(line), spans(other));
    if ours.is_empty() || theirs.is_empty() {
        return other.to_owned();
    }
    let (start, end) = *choice.of(&ours);
    let (first, last) = *choice.of(&theirs);
    format!("{}{}{}", &line[..start], &other[first..last], &line[end..])
}

/// Where names and numbers stand, and what is neither.
fn spans(line: &str) -> Vec<(usize, usize)> {
    let mut spans: Vec<(usize, usize)> = Vec::new();
    let mut before = false;
    for (at, character) in line.char_indices() {
        let end = at + character.len_utf8();
        let is_word = character.is_alphanumeric();
        match spans.last_mut() {
            Some(last) if is_word && before => last.1 = end,
            _ if character.is_whitespace() => {}
            _ => spans.push((at, end)),
        }
        before = is_word;
    }
    spans
}

/// A folder with the whole library, one file of which, or the description, is damaged.
fn case(seed: u64, sources: &[PathBuf]) -> (Folder, String) {
    let mut choice = Choice::new(seed);
    let description = mini();
    if choice.one_in(4) {
        let description = damaged(&description, &mut choice);
        return (Folder::new(&description), description);
    }
    let path = choice.of(sources);
    let contents = damaged(&text(path), &mut choice);
    let group = "Packages(folder: \"mini\", names: [\"Mini\"])";
    let overlay = format!("{group}, Packages(folder: \"more\", overlay: true)");
    let description = description.replace(group, &overlay).replace(
        "{ \"mini\": \"mini\"",
        "{ \"mini\": \"mini\", \"more\": \"more\"",
    );
    let folder = Folder::new(&description);
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    folder.write(
        &format!("more/Mini/{}", name.unwrap_or_default()),
        &contents,
    );
    (folder, contents)
}

#[test]
fn damaged_sources_are_built_to_sound_images_or_refused_with_a_hint() {
    let cases = std::env::var("OURO_DAMAGED").ok();
    let cases = cases.and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let sources = files("tests/image/mini/Mini", &[".class.st", ".trait.st"]);
    let mut built = 0;
    for seed in std::env::var("FROM")
        .ok()
        .and_then(|x| x.parse().ok())
        .unwrap_or(0)..cases
    {
        let (folder, contents) = case(seed, &sources);
        let (image, told) = folder.build(None, None);
        let errors = told
            .lines()
            .filter(|line| line.starts_with("error "))
            .count();
        let hints = told
            .lines()
            .filter(|line| line.contains("= hint: "))
            .count();
        assert!(hints >= errors, "seed {seed}: {told}\n{contents}");
        let Some(image) = image else {
            assert!(
                errors > 0,
                "seed {seed}: refused without a word\n{contents}"
            );
            continue;
        };
        assert_eq!(errors, 0, "seed {seed}: built with errors\n{told}");
        built += 1;
        let session = Session::new(&image.bytes);
        let check = session.run_for(20, &["--check-image"]);
        // A description may say what no virtual machine runs, and the variables of processes have their order; else sources make sound images.
        let of_processes = "do not lead to an active process";
        let may_be_refused = contents.contains("roles: {") || check.stdout.contains(of_processes);
        let is_refused = check.status == 2 && may_be_refused;
        let findings = format!("{}{}\n{contents}", check.stdout, check.stderr);
        assert!(check.status == 0 || is_refused, "seed {seed}: {findings}");
        let run = session.run_for(5, &["--stop-after", "200000"]);
        assert_ne!(run.status, 70, "seed {seed}: {}\n{contents}", run.stderr);
        assert!(
            run.status >= 0,
            "seed {seed}: a signal ended it\n{contents}"
        );
    }
    println!("{built} of {cases} were built");
    assert!(
        built * 10 > cases && built * 10 < cases * 9,
        "{built} of {cases} were built"
    );
}
