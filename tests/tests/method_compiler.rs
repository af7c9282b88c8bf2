//! What `ouroc image` compiles does on the VM what the source says, in each bytecode set and with each kind of closure.
//!
//! The checks are methods of a chunk file that is added to the small library `tests/image/mini`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use ouroc::base::render::{Color, render_all};
use ouroc::image::{Request, Shared, build};
use tests::{root, run_image, text};

const TARGETS: [&str; 3] = [
    "(set: SistaV1, closures: Full)",
    "(set: SistaV1, closures: Embedded)",
    "(set: V3, closures: Embedded)",
];

/// The classes of the checks, before the checks themselves.
const CLASSES: &str = "'Checks of the method compiler'!
Base subclass: #Above
	instanceVariableNames: ''
	classVariableNames: ''
	category: 'More'!
!Above methodsFor: 'checks'!
sum: a with: b
	^ a + b! !

Above subclass: #Constructs
	instanceVariableNames: 'field other'
	classVariableNames: 'Shared'
	category: 'More'!
!Constructs commentStamp: 'none' prior: 0!
My methods are checked!!!
!Constructs methodsFor: 'help'!
run: aBlock
	^ aBlock value!
twice: aBlock
	aBlock value.
	^ aBlock value!
returning: value
	self run: [ self run: [ ^ value ] ].
	^ 99!
sum: a with: b
	^ 1000!
caseError
	^ 77!
missing
	<primitive: 'primitiveThatIsNot' module: 'NoPlugin' error: code>
	^ code isNothing ifTrue: [ 1 ] ifFalse: [ 2 ]!
missingInOrderOfErrors
	| local |
	<primitive: 'primitiveThatIsNot' error: code module: 'NoPlugin'>
	local := 3.
	^ code isNothing ifTrue: [ 1 ] ifFalse: [ local ]!
missingBySymbols
	<primitive: #primitiveThatIsNot module: #NoPlugin>
	^ 4!
of: a and: b and: c and: d and: e and: f and: g and: h and: i
	^ a + i! !
!Whole methodsFor: '*More'!
^ exponent
	| power |
	power := 1.
	1 to: exponent do: [ :index | power := power * self ].
	^ power! !
!Row methodsFor: '*More'!
, another
	| row |
	row := { nil. nil. nil. nil. nil. nil. nil. nil. nil. nil. nil. nil. nil. nil. nil. nil. nil. nil. nil. nil }.
	1 to: self size do: [ :index | row at: index put: (self at: index) ].
	1 to: another size do: [ :index | row at: self size + index put: (another at: index) ].
	^ row! !
";

/// Bodies of methods, and what they answer.
const CHECKS: &[(&str, i32)] = &[
    ("^ 3 < 4 ifTrue: [ 1 ] ifFalse: [ 2 ]", 1),
    (
        "^ (3 > 4 or: [ 3 = 3 and: [ 5 > 4 ] ]) ifTrue: [ 1 ] ifFalse: [ 2 ]",
        1,
    ),
    (
        "^ (3 > 4 ifTrue: [ 1 ]) isNothing ifTrue: [ 7 ] ifFalse: [ 8 ]",
        7,
    ),
    (
        "^ (field ifNil: [ 5 ]) + (field ifNotNil: [ :it | it ] ifNil: [ 6 ]) + (4 ifNotNil: [ :it | it ])",
        15,
    ),
    (
        "| sum | sum := 0. 1 to: 10 do: [ :i | sum := sum + i ]. ^ sum",
        55,
    ),
    (
        "| sum | sum := 0. 10 to: 1 by: -3 do: [ :i | sum := sum + i ]. ^ sum",
        22,
    ),
    (
        "| sum | sum := 0. 1 to: 4 do: [ :i | 1 to: i do: [ :j | sum := sum + (i * j) ] ]. ^ sum",
        65,
    ),
    ("| n | n := 0. 5 timesRepeat: [ n := n + 2 ]. ^ n", 10),
    ("| n | n := 0. [ (n := n + 1) < 8 ] whileTrue. ^ n", 8),
    (
        "| n | n := 0. [ n := n + 1. n > 6 ifTrue: [ ^ n ] ] repeat",
        7,
    ),
    ("^ (1 to: 3 do: [ :i | i ]) + (2 timesRepeat: [ ])", 3),
    // Variables that closures share, and those that they do not.
    ("| a | a := 1. self twice: [ a := a * 3 ]. ^ a", 9),
    (
        "| a | a := 1. ^ self run: [ | b | b := a + 1. self run: [ b := b + a. b ] ]",
        3,
    ),
    (
        "| last sum | last := { nil. nil. nil }. 1 to: 3 do: [ :i | | x | x := i * 10. last at: i put: [ x := x + i ] ]. sum := 0. last do: [ :each | each value. sum := sum + each value ]. ^ sum",
        72,
    ),
    (
        "| last | last := { nil. nil }. 1 to: 2 do: [ :i | | seen | seen isNothing ifFalse: [ ^ 99 ]. seen := i. last at: i put: seen ]. ^ last sum",
        3,
    ),
    (
        "| block | block := nil. block := [ :n | n < 2 ifTrue: [ 1 ] ifFalse: [ n * (block value: n - 1) ] ]. ^ block value: 5",
        120,
    ),
    (
        "| a b c d e f g h i j | a := b := c := d := e := f := g := h := i := j := 1. ^ self run: [ a + b + c + d + e + f + g + h + i + j ]",
        10,
    ),
    // Cases.
    (
        "^ 2 caseOf: { [ 1 ] -> [ 10 ]. [ 2 ] -> [ 20 ]. [ 2 ] -> [ 30 ] } otherwise: [ 40 ]",
        20,
    ),
    (
        "^ 5 caseOf: { [ 1 ] -> [ 10 ]. [ 2 ] -> [ 20 ] } otherwise: [ 40 ]",
        40,
    ),
    ("^ 5 caseOf: { [ 1 ] -> [ 10 ] }", 77),
    (
        "5 caseOf: { [ 1 ] -> [ ^ 10 ]. [ 5 ] -> [ ^ 11 ] }. ^ 12",
        11,
    ),
    (
        "| a | a := 3. a caseOf: { [ a + 1 ] -> [ a := 50 ]. [ a ] -> [ a := a * 2 ] } otherwise: [ ^ 99 ]. ^ a",
        6,
    ),
    (
        "| sum | sum := 0. #(1 2 3) do: [ :i | sum := sum + (i caseOf: { [ 1 ] -> [ | t | t := i. self run: [ t + 4 ] ]. [ 3 ] -> [ 30 ] } otherwise: [ 7 ]) ]. ^ sum",
        42,
    ),
    (
        "^ 1 + (self run: [ 3 caseOf: { [ 2 ] -> [ 1 ]. [ 3 ] -> [ 2 caseOf: { [ 2 ] -> [ 8 ] } ] } ])",
        9,
    ),
    // Returns.
    ("^ self returning: 42", 42),
    (
        "self run: [ #(1 2 3) do: [ :each | each = 2 ifTrue: [ ^ each ] ] ]. ^ 99",
        2,
    ),
    // Sends.
    ("^ super sum: 1 with: 2", 3),
    ("^ self run: [ self run: [ super sum: 20 with: 1 ] ]", 21),
    (
        "^ self of: 1 and: 2 and: 3 and: 4 and: 5 and: 6 and: 7 and: 8 and: 9",
        10,
    ),
    (
        "^ (self sum: 1 with: 2; run: [ field := 4 ]; run: [ field + 1 ])",
        5,
    ),
    // Variables of instance and class.
    (
        "other := field := Shared := 5. ^ other + field + Shared",
        15,
    ),
    (
        "self run: [ field := 6. Shared := 7 ]. ^ field + Shared",
        13,
    ),
    // Arrays and literals.
    ("^ { 1. 2. 3 } sum + #(4 5) sum", 15),
    (
        "^ { 1. 2. 3. 4. 5. 6. 7. 8. 9. 10. 11. 12. 13. 14. 15. 16. 17. 18. 19. 20 } sum",
        210,
    ),
    ("^ -1000 + 1000 + (30000 - 29990) + (70000 - 69999)", 11),
    ("^ $a value + ('x!' at: 2) value", 130),
    ("^ 2r1e3 + 16r-1F + -16r1F + 36rZ + 16rff + 1e2", 336),
    (
        "^ 1000000000000000000000 size + 0.5s scale + 3.25s4 scale + 2s scale",
        14,
    ),
    (
        "^ $  value + $' value + $\" value + $\u{e4} value - 300",
        33,
    ),
    (
        "^ #() size + #[] size + {} size + #'' size + '' size + 1",
        1,
    ),
    (
        "^ #(foo nil true $  'a' #c (1 2) #[3] #(4) -5 - #+ + at:put: #at:put: ^ | ) size",
        17,
    ),
    (
        "^ (#(1 (2 (3 4)) [5 6]) at: 3) size + ((#(1 (2 (3 4 5))) at: 2) at: 2) size",
        5,
    ),
    (
        "^ (#(nil true false #nil) at: 1) isNothing ifTrue: [ (#(nil #nil) at: 2) size ] ifFalse: [ 9 ]",
        3,
    ),
    (
        "^ (#(foo:bar: + #'+') at: 1) == #foo:bar: ifTrue: [ 1 ] ifFalse: [ 2 ]",
        1,
    ),
    (
        "^ (#(foo:bar: + #'+') at: 2) == #'+' ifTrue: [ 1 ] ifFalse: [ 2 ]",
        1,
    ),
    (
        "^ ##foo == #foo ifTrue: [ (# foo) == #foo ifTrue: [ 1 ] ifFalse: [ 3 ] ] ifFalse: [ 2 ]",
        1,
    ),
    (
        "^ #'hello, ''world'' \u{e4}' size + #with_underscore size",
        31,
    ),
    (
        "^ ('\u{1f600}\u{20ac}' at: 1) value // 1000 - ('\u{e4}' at: 1) value + 100",
        0,
    ),
    (
        "^ ([ :a | ] value: 3) isNothing ifTrue: [ 1 ] ifFalse: [ 2 ]",
        1,
    ),
    (
        "^ ([ :a ] value: 3) isNothing ifTrue: [ ([:a||b| b := a. b ] value: 4) ] ifFalse: [ 2 ]",
        4,
    ),
    ("|| ^ [ | | 5 ] value - (5--2) + (3-2). .", -1),
    ("| a | | b | a := b := 4. ^ 2^a + b. ", 20),
    ("^ self missing", 2),
    ("^ self missingInOrderOfErrors", 3),
    ("^ self missingBySymbols", 4),
    ("^ (thisContext is: Frame) ifTrue: [ 1 ] ifFalse: [ 2 ]", 1),
];

fn chunk_file() -> String {
    let mut text = CLASSES.to_owned();
    text += "!Constructs methodsFor: 'checks'!\n";
    let mut all = String::from("run\n");
    for (index, (body, expected)) in CHECKS.iter().enumerate() {
        let body = body.replace('!', "!!");
        let _ = writeln!(text, "check{index}\n\t{body}!");
        let _ = writeln!(
            all,
            "\tself check{index} = {expected} ifFalse: [ ^ {} ].",
            index + 1
        );
    }
    format!("{text}{all}\t^ 0! !\n")
}

/// A folder with the description and the chunk file, removed at the end.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn image(target: &str) -> Vec<u8> {
    let index = TARGETS.iter().position(|other| *other == target);
    let name = format!("ouro-method-compiler-{}-{index:?}", std::process::id());
    let folder = Folder(std::env::temp_dir().join(name));
    std::fs::create_dir_all(&folder.0).expect("the temporary folder can be made");
    let description = text(&root().join("tests/image/mini.ron"));
    let sources = "Packages(folder: \"mini\", names: [\"Mini\"])";
    assert!(description.contains(sources) && description.contains(TARGETS[0]));
    let more = format!("{sources}, Chunks(folder: \"more\", files: [\"Constructs.st\"])");
    let description = description
        .replace(sources, &more)
        .replace(TARGETS[0], target);
    let path = folder.0.join("mini.ron");
    std::fs::write(&path, description).expect("the description can be written");
    std::fs::write(folder.0.join("Constructs.st"), chunk_file()).expect("the file can be written");
    let request = Request {
        path: &path,
        defines: &BTreeMap::from([
            ("mini".to_owned(), root().join("tests/image/mini")),
            ("more".to_owned(), folder.0.clone()),
        ]),
        start: Some("nil leave: Constructs make run"),
        list: None,
        added: &[],
    };
    let mut shared = Shared::default();
    let built = build(&request, &mut shared);
    let told = render_all(&shared.diagnostics, &shared.sources, Color::Plain);
    built.unwrap_or_else(|| panic!("{target}: {told}")).bytes
}

#[test]
fn every_construct_does_on_the_vm_what_its_source_says() {
    for target in TARGETS {
        let run = run_image(&image(target));
        let failed = usize::try_from(run.status - 1).ok();
        let failed = failed.and_then(|index| CHECKS.get(index));
        assert_eq!(run.status, 0, "{target}: {failed:?} {}", run.stderr);
    }
}
