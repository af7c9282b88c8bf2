//! `ouroc image`: images of a small library, in both bytecode sets, run on the VM and answer what they should; faulty descriptions and sources are told so.
//!
//! The library is `tests/image/mini`. Each check is a start expression whose value becomes the exit status.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use clap::Parser;
use ouroc::base::render::{Color, render_all};
use ouroc::command::{Output, Status};
use ouroc::image::{Built, Request, Shared, build};
use ouroc::options::Options;
use tests::{Run, Session, root, run_image, text};

const SISTA: &str = "(set: SistaV1, closures: Full)";
const V3: &str = "(set: V3, closures: Embedded)";
/// Of the header: the flags.
const FLAGS: usize = 48;

/// The description of the small library.
fn mini() -> String {
    text(&root().join("tests/image/mini.ron"))
}

/// A folder with a description, removed at the end.
struct Folder {
    path: PathBuf,
}

impl Folder {
    fn new(description: &str) -> Folder {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("ouro-image-builder-{}-{number}", std::process::id());
        let folder = Folder {
            path: std::env::temp_dir().join(name),
        };
        folder.write("mini.ron", description);
        folder
    }

    fn write(&self, name: &str, contents: &str) {
        let path = self.path.join(name);
        let folder = path.parent().expect("a file is in a folder");
        std::fs::create_dir_all(folder).expect("the temporary folder can be made");
        std::fs::write(path, contents).expect("the file can be written");
    }

    /// The image, and what is told.
    fn build(&self, start: Option<&str>, list: Option<&str>) -> (Option<Built>, String) {
        let mini = root().join("tests/image/mini");
        let defines = BTreeMap::from([("mini".to_owned(), mini)]);
        let request = Request {
            path: &self.path.join("mini.ron"),
            defines: &defines,
            added: &[],
            start,
            list,
        };
        let mut shared = Shared::default();
        let built = build(&request, &mut shared);
        shared.diagnostics.sort();
        let rendered = render_all(&shared.diagnostics, &shared.sources, Color::Plain);
        let folder = format!("{}/", self.path.display());
        (built, rendered.replace(&folder, ""))
    }

    fn image(&self, start: &str) -> Vec<u8> {
        let (built, told) = self.build(Some(start), None);
        built.unwrap_or_else(|| panic!("{start}\n{told}")).bytes
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.path));
    }
}

fn run(description: &str, start: &str) -> Run {
    run_image(&Folder::new(description).image(start))
}

/// In both bytecode sets the value of each expression is the number beside it.
fn answers(description: &str, expected: &[(&str, i32)]) {
    for set in [SISTA, V3] {
        let folder = Folder::new(&description.replace(SISTA, set));
        for (expression, number) in expected {
            let image = folder.image(&format!("nil leave: ({expression})"));
            let run = run_image(&image);
            assert_eq!(
                run.status, *number,
                "{expression} with {set}: {}",
                run.stderr
            );
        }
    }
}

/// What is told of the library's description after one replacement; there is no image.
fn refused(from: &str, to: &str) -> String {
    let description = mini();
    assert!(description.contains(from), "the description has no {from}");
    let (built, told) = Folder::new(&description.replacen(from, to, 1)).build(None, None);
    assert!(built.is_none(), "{to} was accepted");
    told
}

#[test]
fn the_start_expression_runs_in_both_bytecode_sets() {
    answers(&mini(), &[("3 + 4", 7), ("Answer", 42)]);
}

#[test]
fn the_description_s_start_expression_counts_if_there_is_no_other() {
    let (built, told) = Folder::new(&mini()).build(None, None);
    let image = built.unwrap_or_else(|| panic!("{told}")).bytes;
    assert_eq!(run_image(&image).status, 42);
}

#[test]
fn a_start_expression_may_have_temporaries_and_several_statements() {
    let run = run(&mini(), "| a | a := 5. a := a * 3. nil leave: a");
    assert_eq!(run.status, 15, "{}", run.stderr);
}

#[test]
fn blocks_temporaries_and_returns_from_blocks_work() {
    answers(
        &mini(),
        &[
            ("[ :a | a * 2 ] value: 21", 42),
            ("Check counter", 3),
            ("(#(3 9 12) detect: [ :each | each > 5 ])", 9),
            ("#(1 2 3) sum", 6),
            (
                "(#(1) detect: [ :each | each > 5 ]) isNothing ifTrue: [ 1 ] ifFalse: [ 2 ]",
                1,
            ),
        ],
    );
}

#[test]
fn literals_are_objects_of_the_classes_that_the_description_names() {
    answers(
        &mini(),
        &[
            ("('abc' is: Text) ifTrue: [ 'abc' size ] ifFalse: [ 99 ]", 3),
            ("(#abc is: Name) ifTrue: [ 1 ] ifFalse: [ 99 ]", 1),
            ("#abc == #abc ifTrue: [ 1 ] ifFalse: [ 99 ]", 1),
            (
                "('a\u{20AC}' is: WideText) ifTrue: [ ('a\u{20AC}' at: 2) value // 100 ] ifFalse: [ 99 ]",
                83,
            ),
            (
                "(#[1 2] is: Bytes) ifTrue: [ #[7 8] at: 2 ] ifFalse: [ 99 ]",
                8,
            ),
            ("(#(1 $a #b) at: 2) value", 97),
            (
                "(1267650600228229401496703205376 is: Positive) ifTrue: [ 1267650600228229401496703205376 size ] ifFalse: [ 99 ]",
                13,
            ),
            (
                "(-1267650600228229401496703205376 is: Negative) ifTrue: [ 1 ] ifFalse: [ 99 ]",
                1,
            ),
            (
                "(1152921504606846975 is: Whole) ifTrue: [ 1 ] ifFalse: [ 99 ]",
                1,
            ),
            (
                "(1152921504606846976 is: Positive) ifTrue: [ 1 ] ifFalse: [ 99 ]",
                1,
            ),
            (
                "(3.25s2 is: Decimal) ifTrue: [ 3.25s2 numerator * 10 + 3.25s2 denominator + 3.25s2 scale ] ifFalse: [ 99 ]",
                136,
            ),
            ("2e-1 numerator + 2e-1 denominator", 6),
        ],
    );
}

#[test]
fn boxed_floats_have_their_words_in_the_machine_s_order() {
    let folder = Folder::new(&mini());
    assert_eq!(folder.image("nil leave: 1")[FLAGS] & 2, 2);
    answers(
        &mini(),
        &[
            ("(1.0e300 is: Boxed) ifTrue: [ 1 ] ifFalse: [ 99 ]", 1),
            (
                "1.0e300 + 1.0e300 > 1.0e300 ifTrue: [ 1 ] ifFalse: [ 99 ]",
                1,
            ),
            ("(1.0e300 / 5.0e299) truncated", 2),
        ],
    );
}

#[test]
fn small_floats_have_a_class_of_their_own() {
    answers(
        &mini(),
        &[
            (
                "(1.5 is: Small) ifTrue: [ (1.5 * 4.0) truncated ] ifFalse: [ 99 ]",
                6,
            ),
            (
                "(5.877471754111438e-39 is: Boxed) ifTrue: [ 1 ] ifFalse: [ 99 ]",
                1,
            ),
            ("(-0.0 is: Small) ifTrue: [ 1 ] ifFalse: [ 99 ]", 1),
        ],
    );
}

#[test]
fn class_variables_pools_and_class_side_variables_are_shared_as_they_should() {
    answers(
        &mini(),
        &[
            ("Check limit", 17),
            ("Check pool", 33),
            (
                "[ Check total: 5. Base total: 7. Check total * 10 + Base total ] value",
                57,
            ),
            ("Base total isNothing ifTrue: [ 1 ] ifFalse: [ 99 ]", 1),
        ],
    );
}

#[test]
fn super_works_from_blocks_and_on_the_class_side() {
    answers(&mini(), &[("Check make title", 3), ("Check origin", 7)]);
}

#[test]
fn contexts_answer_contexts_when_asked_for_their_variables() {
    answers(
        &mini(),
        &[
            ("(Check caller is: Frame) ifTrue: [ 1 ] ifFalse: [ 99 ]", 1),
            ("Check callerOwner", 8),
            (
                "thisContext sender isNothing ifTrue: [ 1 ] ifFalse: [ 99 ]",
                1,
            ),
        ],
    );
}

#[test]
fn a_primitive_s_error_is_in_the_last_temporary() {
    let code = "bad number of arguments".len() + 1;
    let expected = i32::try_from(code).expect("a small number");
    answers(&mini(), &[("Check failure", expected)]);
}

#[test]
fn assignments_that_read_only_objects_refuse_tell_the_variable() {
    let assign = |message: &str| {
        format!("[ :broad | broad readOnly: true. broad {message}: 99. 98 ] value: Broad make")
    };
    answers(
        &mini(),
        &[
            (&assign("first"), 1),
            (&assign("last"), 11),
            (&assign("keepLast"), 11),
        ],
    );
}

#[test]
fn traits_give_their_methods_and_variables_to_the_classes_that_use_them() {
    answers(
        &mini(),
        &[
            (
                "[ :voice | voice volume: 4. voice shout ] value: Voice make",
                8,
            ),
            ("Voice make title", 40),
            ("Voice make oldTitle", 30),
            ("Voice kindOfVoice", 5),
            ("Voice fieldNames size", 1),
        ],
    );
}

#[test]
fn class_objects_are_laid_out_as_the_description_says() {
    answers(
        &mini(),
        &[
            ("Check label == #Check ifTrue: [ 1 ] ifFalse: [ 99 ]", 1),
            ("Check parent == Base ifTrue: [ 1 ] ifFalse: [ 99 ]", 1),
            (
                "Check class parent == Base class ifTrue: [ 1 ] ifFalse: [ 99 ]",
                1,
            ),
            (
                "Thing class parent == Sort ifTrue: [ 1 ] ifFalse: [ 99 ]",
                1,
            ),
            ("Check class sort == Check ifTrue: [ 1 ] ifFalse: [ 99 ]", 1),
            (
                "Check class class == SortOfSort ifTrue: [ 1 ] ifFalse: [ 99 ]",
                1,
            ),
            (
                "SortOfSort class class == SortOfSort ifTrue: [ 1 ] ifFalse: [ 99 ]",
                1,
            ),
            ("Base children size", 1),
            ("Colours shared size", 2),
            (
                "Check make isNothing ifTrue: [ 99 ] ifFalse: [ Base routines count ]",
                1,
            ),
            ("Schedule form // 65536", 1),
            ("Row form // 65536", 2),
            ("Routine form // 65536", 24),
            ("Inner form // 65536", 24),
            ("Frame form - (3 * 65536)", 6),
            ("Base class form - 65536", 8),
        ],
    );
}

#[test]
fn the_boot_method_gets_arrays_of_what_was_built() {
    answers(
        &mini(),
        &[
            ("Memo sorts size", 44),
            (
                "(Memo sorts at: 1) == Thing ifTrue: [ 1 ] ifFalse: [ 99 ]",
                1,
            ),
            ("Memo globals size - Memo sorts size", 3),
            (
                "(Memo globals detect: [ :each | each key == #Answer ]) value",
                42,
            ),
            ("(Memo names detect: [ :each | each == #counter ]) size", 7),
            ("Memo unknown size", 1),
            (
                "(Memo unknown at: 1) key == #NobodyDeclaresThis ifTrue: [ 1 ] ifFalse: [ 99 ]",
                1,
            ),
            ("((Memo variables at: 1) at: 2) size", 1),
            (
                "(Twin at: 1) == (Twin at: 2) ifTrue: [ 1 ] ifFalse: [ 99 ]",
                1,
            ),
            ("TheSchedule active urgency", 3),
            ("Memo kinds size", 44),
            (
                "((Memo kinds at: 1) at: 2) == #Mini ifTrue: [ 1 ] ifFalse: [ 99 ]",
                1,
            ),
            (
                "((Memo kinds at: 1) at: 3) isNothing ifTrue: [ 1 ] ifFalse: [ 99 ]",
                1,
            ),
        ],
    );
}

#[test]
fn names_that_nobody_declares_are_nil_and_a_warning() {
    answers(&mini(), &[("Check unknown", 3)]);
    let (_, told) = Folder::new(&mini()).build(None, None);
    assert!(
        told.contains("warning C001: `NobodyDeclaresThis` is not declared"),
        "{told}"
    );
    assert!(told.contains("Check.class.st:"), "{told}");
}

#[test]
fn line_feeds_in_strings_become_carriage_returns_where_the_description_says_so() {
    answers(&mini(), &[("Check lineEnd", 10)]);
    let description = mini().replace("closures: Full)", "closures: Full, carriage_returns: true)");
    assert_eq!(run(&description, "nil leave: Check lineEnd").status, 13);
}

#[test]
fn pragmas_are_objects_with_their_method() {
    // A method has as many literals as the lower 15 bits of its header say; the last but one is at that index, counted from the header.
    let state = "[ :code | code literalAt: code header - (code header // 32768 * 32768) ]";
    let tagged =
        "[ :code | code isNothing ifTrue: [ false ] ifFalse: [ (state value: code) is: State ] ]";
    let checks = [
        (
            "(state value: code) selector == #tagged ifTrue: [ 1 ] ifFalse: [ 99 ]",
            1,
        ),
        (
            "tag selector == #colour:depth: ifTrue: [ 1 ] ifFalse: [ 99 ]",
            1,
        ),
        ("tag arguments at: 2", 7),
        ("tag routine == code ifTrue: [ 1 ] ifFalse: [ 99 ]", 1),
    ];
    for (expression, number) in checks {
        let start = format!(
            "| state code tag | state := {state}. code := Check class routines routines detect: {tagged}. tag := (state value: code) at: 1. nil leave: ({expression})"
        );
        let run = run(&mini(), &start);
        assert_eq!(run.status, number, "{expression}: {}", run.stderr);
    }
}

#[test]
fn the_same_sources_give_the_same_bytes() {
    for set in [SISTA, V3] {
        let description = mini().replace(SISTA, set);
        let [first, second] = [(), ()].map(|()| Folder::new(&description).image("nil leave: 1"));
        assert!(first == second, "two images of {set} differ");
    }
}

#[test]
fn an_overlay_replaces_methods_and_adds_variables() {
    let group = "Packages(folder: \"mini\", names: [\"Mini\"])";
    let shim = "Packages(folder: \"shim\", overlay: true)";
    let folders = "folders: { \"mini\": \"mini\"";
    let description = mini()
        .replace(group, &format!("{group}, {shim}"))
        .replace(folders, &format!("{folders}, \"shim\": \"shim\""));
    let folder = Folder::new(&description);
    folder.write(
        "shim/Shim/Check.extension.st",
        "Extension { #name : 'Check' }\n\n{ #category : 'shim' }\nCheck class >> limit [\n\n\t^ 18\n]\n",
    );
    let run = run_image(&folder.image("nil leave: Check limit + Check pool"));
    assert_eq!(run.status, 51, "{}", run.stderr);
}

#[test]
fn chunk_files_are_sources_too() {
    let group = "Packages(folder: \"mini\", names: [\"Mini\"])";
    let chunks = "Chunks(folder: \"more\", files: [\"More.st\"])";
    let folders = "folders: { \"mini\": \"mini\"";
    let description = mini()
        .replace(group, &format!("{group}, {chunks}"))
        .replace(folders, &format!("{folders}, \"more\": \".\""));
    let folder = Folder::new(&description);
    folder.write(
        "More.st",
        "Thing subclass: #More\n\tinstanceVariableNames: ''\n\tclassVariableNames: ''\n\tpoolDictionaries: ''\n\tcategory: 'More'!\n\n!More class methodsFor: 'running'!\nfive\n\t^ 5! !\n",
    );
    let run = run_image(&folder.image("nil leave: More five"));
    assert_eq!(run.status, 5, "{}", run.stderr);
}

#[test]
fn an_image_survives_collections_that_move_everything() {
    for set in [SISTA, V3] {
        let folder = Folder::new(&mini().replace(SISTA, set));
        let session = Session::new(&folder.image("nil leave: Check pool + #(1 2 3) sum"));
        let run = session.run(&["--gc-stress", "1", "--check-heap"]);
        assert_eq!(run.status, 39, "{set}: {}", run.stderr);
    }
}

#[test]
fn a_method_can_be_listed() {
    let (built, told) = Folder::new(&mini()).build(None, Some("Check class>>counter"));
    let listing = built
        .and_then(|built| built.listing)
        .unwrap_or_else(|| panic!("{told}"));
    assert!(listing.starts_with("method #counter, SistaV1"), "{listing}");
    let (built, told) = Folder::new(&mini()).build(None, Some("Check>>counter"));
    assert!(built.is_none() && told.contains("error I014"), "{told}");
}

/// What is replaced in the description, by what, and the code and a part of the message.
const MISTAKES: &[(&str, &str, &str, &str)] = &[
    ("roles: {", "rolls: {", "I001", "rolls"),
    (
        "Nil: \"Nothing\"",
        "Nil: \"Nobody\"",
        "I008",
        "a class Nobody that no source defines",
    ),
    (
        "Nil: \"Nothing\", ",
        "",
        "I008",
        "no class for the role Nil",
    ),
    (
        "\"label\": Name",
        "\"lable\": Name",
        "I008",
        "no instance variable lable",
    ),
    (
        "\"label\": Name",
        "\"label\": VariableName",
        "I008",
        "VariableName means nothing",
    ),
    (
        "Shared(\"twin\")",
        "Shared(\"tvin\")",
        "I008",
        "`objects` has no tvin",
    ),
    (
        "\"Answer\": Integer(42)",
        "\"Answer\": Global(\"Answer\")",
        "I008",
        "Answer is part of itself",
    ),
    (
        "\"Answer\": Integer(42)",
        "\"Thing\": Nil",
        "I010",
        "Thing of the description is also a class",
    ),
    (
        "\"Sign\": [2]",
        "\"Sign\": [3]",
        "I008",
        "3 is no free index",
    ),
    ("\"Routine\": 24", "\"Routine\": 25", "I008", "no format 25"),
    (
        "folder: \"mini\"",
        "folder: \"moni\"",
        "I002",
        "no folder called moni",
    ),
    (
        "names: [\"Mini\"]",
        "names: [\"Maxi\"]",
        "I002",
        "the package Maxi has no folder",
    ),
    (
        "Undeclared, Each",
        "Undeclared, Nil, Each",
        "I012",
        "takes 6 arguments but the description gives 7",
    ),
    (
        "source: Text(\"boot",
        "source: File(\"boot",
        "I012",
        "cannot read",
    ),
];

#[test]
fn a_description_with_mistakes_is_refused_with_the_place_and_a_hint() {
    for (from, to, code, message) in MISTAKES {
        let told = refused(from, to);
        assert!(told.contains(&format!("error {code}: ")), "{to}: {told}");
        assert!(told.contains(message), "{to}: {told}");
        assert!(
            told.contains("--> mini.ron:") || *code == "I010" || *code == "I012",
            "{to}: {told}"
        );
        assert!(told.contains("= hint: "), "{to}: {told}");
    }
}

/// What is told when the library has one more file.
fn with_file(name: &str, contents: &str) -> (bool, String) {
    let group = "Packages(folder: \"mini\", names: [\"Mini\"])";
    let folders = "folders: { \"mini\": \"mini\"";
    let description = mini()
        .replace(group, &format!("{group}, Packages(folder: \"more\")"))
        .replace(folders, &format!("{folders}, \"more\": \"more\""));
    let folder = Folder::new(&description);
    folder.write(
        &Path::new("more/More").join(name).to_string_lossy(),
        contents,
    );
    let (built, told) = folder.build(None, None);
    (built.is_some(), told)
}

#[test]
fn sources_with_mistakes_are_refused_with_the_place_and_a_hint() {
    let class = |name: &str, rest: &str| format!("Class {{ #name : '{name}'{rest} }}\n");
    let cases = [
        (
            class("Orphan", ", #superclass : 'Nobody'"),
            "I006",
            "the superclass Nobody of Orphan is not defined",
        ),
        (
            class("Snake", ", #superclass : 'Snake'"),
            "I007",
            "Snake inherits from itself",
        ),
        (
            class("Check", ", #superclass : 'Thing'"),
            "I003",
            "Check is defined twice",
        ),
        (
            class("Odd", ", #superclass : 'Thing', #type : 'liquid'"),
            "I009",
            "the layout liquid is not known",
        ),
        (
            class("Singer", ", #superclass : 'Thing', #traits : 'TNobody'"),
            "I013",
            "the trait TNobody is not defined",
        ),
        (
            class("Singer", ", #superclass : 'Thing', #traits : 'TLoud * 2'"),
            "I013",
            "no composition of traits",
        ),
        (
            format!(
                "{}\nBad >> x [\n\n\t^ (1 + 2\n]\n",
                class("Bad", ", #superclass : 'Thing'")
            ),
            "S016",
            "expected",
        ),
    ];
    for (contents, code, message) in cases {
        let (built, told) = with_file("More.class.st", &contents);
        assert!(!built, "{contents}\n{told}");
        assert!(
            told.contains(&format!("error {code}: ")) && told.contains(message),
            "{contents}\n{told}"
        );
        assert!(
            told.contains("More.class.st:") && told.contains("= hint: "),
            "{contents}\n{told}"
        );
    }
}

#[test]
fn what_only_leaves_something_out_is_a_warning() {
    let (built, told) = with_file(
        "Ghost.extension.st",
        "Extension { #name : 'Ghost' }\n\n{ #category : 'x' }\nGhost >> x [\n\n\t^ 1\n]\n",
    );
    assert!(
        built && told.contains("warning I004: Ghost is extended"),
        "{told}"
    );
    let (built, told) = with_file(
        "Check.extension.st",
        "Extension { #name : 'Check' }\n\n{ #category : 'x' }\nCheck >> title [\n\n\t^ 1\n]\n",
    );
    assert!(
        built && told.contains("warning I005: Check>>title is defined twice"),
        "{told}"
    );
    let (built, told) = with_file(
        "Fish.class.st",
        "Class { #name : 'Fish', #superclass : 'Thing', #pools : ['Pond'] }\n",
    );
    assert!(
        built && told.contains("warning I011: the pool Pond is not defined"),
        "{told}"
    );
}

#[test]
fn the_builder_knows_no_class_by_name() {
    let known = [
        "\"Object\"",
        "ProtoObject",
        "UndefinedObject",
        "SmallInteger64",
        "BoxedFloat64",
        "SmallFloat64",
        "ByteString",
        "ByteSymbol",
        "CompiledMethod",
        "CompiledBlock",
        "BlockClosure",
        "FullBlockClosure\"",
        "ProcessorScheduler",
        "SystemDictionary",
        "SmalltalkImage",
        "Semaphore\"",
        "\"Array\"",
        "\"Class\"",
        "\"Metaclass\"",
        "\"Association\"",
        "\"Behavior\"",
        "\"Smalltalk\"",
        "\"Processor\"",
    ];
    let mut findings = Vec::new();
    for path in tests::files("translator/src/image", &[".rs"]) {
        if path
            .iter()
            .any(|part| part.to_string_lossy().starts_with("tests"))
        {
            continue;
        }
        let source = text(&path);
        let product = source.split("#[cfg(test)]").next().unwrap_or_default();
        for (number, line) in product.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if let Some(name) = known.iter().find(|name| code.contains(*name)) {
                findings.push(format!("{}:{}: {name}", tests::shown(&path), number + 1));
            }
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn every_damaged_description_is_either_built_or_told_what_is_wrong() {
    let description = mini();
    let lines: Vec<&str> = description.lines().collect();
    let without = |number: usize| {
        let kept = lines.iter().enumerate().filter(|(each, _)| *each != number);
        kept.map(|(_, line)| *line).collect::<Vec<_>>().join("\n")
    };
    let names: Vec<&str> = description.split('"').skip(1).step_by(2).collect();
    let shortened = (0..lines.len()).map(|count| lines[..count].join("\n"));
    let lacking = (0..lines.len()).map(without);
    let renamed = names
        .iter()
        .map(|name| description.replacen(&format!("\"{name}\""), "\"Unheard\"", 1));
    let mut refused = 0;
    for damaged in shortened.chain(lacking).chain(renamed) {
        let (built, told) = Folder::new(&damaged).build(None, None);
        assert!(built.is_some() || told.contains("error "), "{damaged}");
        refused += usize::from(built.is_none());
    }
    assert!(refused > lines.len(), "only {refused} were refused");
}

/// Status and what is written when the command is called with these arguments.
fn command(arguments: &[&str]) -> (Status, String, String) {
    let options = Options::try_parse_from(["ouroc", "image"].iter().chain(arguments));
    let options = options.expect("the arguments are well formed");
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut output = Output {
        out: &mut out,
        err: &mut err,
        out_color: Color::Plain,
        err_color: Color::Plain,
    };
    let status = ouroc::command::run(&options, &mut output).expect("output can be written");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (status, text(&out), text(&err))
}

#[test]
fn the_command_writes_the_image_and_a_summary_or_refuses() {
    let folder = Folder::new(&mini());
    let path = |name: &str| folder.path.join(name).to_string_lossy().into_owned();
    let define = format!("mini={}", root().join("tests/image/mini").display());
    let arguments = [
        &path("mini.ron"),
        "--define",
        &define,
        "-o",
        &path("out.image"),
    ];
    let (status, out, _) = command(&arguments);
    assert_eq!(status, Status::Success, "{out}");
    for word in [
        "classes",
        "methods",
        "objects",
        "undeclared",
        "parse",
        "write",
    ] {
        assert!(out.contains(word), "{out}");
    }
    let written = std::fs::read(folder.path.join("out.image")).expect("the image was written");
    let (built, _) = folder.build(None, None);
    assert!(built.is_some_and(|built| built.bytes == written));

    let (status, _, err) = command(&[&path("none.ron")]);
    assert_eq!(status, Status::Refused);
    assert!(err.contains("error B001"), "{err}");
    assert!(Options::try_parse_from(["ouroc", "image", "x.ron", "--define", "mini"]).is_err());
}
