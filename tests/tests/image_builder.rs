//! `ouroc image`: images of a small library, in both bytecode sets, run on the VM and answer what they should.
//!
//! The library is `tests/image/mini`. Each check is a start expression whose value becomes the exit status.

use tests::built_image::{Folder, mini};
use tests::{Run, Session, run_image};

const SISTA: &str = "(set: SistaV1, closures: Full)";
const V3: &str = "(set: V3, closures: Embedded)";
/// Of the header: the flags.
const FLAGS: usize = 48;

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
fn floats_are_boxed_where_there_is_no_class_for_immediate_ones() {
    let description = mini().replace(" SmallFloat: \"Small\",", "");
    let start = "nil leave: ((1.5 is: Boxed) ifTrue: [ 1 ] ifFalse: [ 99 ])";
    assert_eq!(run(&description, start).status, 1);
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
    let code = "bad index".len() + 1;
    let expected = i32::try_from(code).expect("a small number");
    answers(&mini(), &[("#(1) failureAt: 5", expected)]);
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
fn methods_point_to_their_sources_in_a_file_beside_the_image() {
    let pointer = "(bytes: 3, order: Big, factor: 2, plus: 1)";
    let file = format!("source_file: (name: \"mini.sources\", pointer: {pointer})");
    let method = "here: back\n\t\"what!! a comment, \u{e9}\"\n\t^ thisContext code at: thisContext code size - back";
    let header = "!Check class methodsFor: 'it''s more' stamp: ''!\n";
    let chunks = format!(
        "!Frame methodsFor: 'more'!\ncode\n\t^ routine! !\n!Check class methodsFor: 'it''s more'!\n{method}! !\n"
    );
    let group = "Packages(folder: \"mini\", names: [\"Mini\"])";
    let more = format!("{group}, Chunks(folder: \"here\", files: [\"More.st\"])");
    let description = mini()
        .replace("trailer: [0, 0, 0]", &file)
        .replace(group, &more)
        .replace(
            "{ \"mini\": \"mini\"",
            "{ \"mini\": \"mini\", \"here\": \".\"",
        );
    let target = "closures: Full)";
    let returns = description.replace(target, "closures: Full, carriage_returns: true)");
    for (description, line_end) in [(description, "\n"), (returns, "\r")] {
        let folder = Folder::new(&description);
        folder.write("More.st", &chunks);
        let (name, text) = folder.source_file();
        assert_eq!(name, "mini.sources");
        let chunk = format!("{header}{method}! !\n\n").replace('\n', line_end);
        let place = text.find(&chunk).unwrap_or_else(|| panic!("{text}"));
        let byte = |back: i32| {
            let image = folder.image(&format!("nil leave: (Check here: {back})"));
            run_image(&image).status
        };
        let pointer = byte(2) * 65536 + byte(1) * 256 + byte(0);
        assert_eq!(usize::try_from(pointer), Ok((place + header.len()) * 2 + 1));
        let tonel = "!TQuiet methodsFor:";
        assert!(!text.contains(tonel) && text.contains("!Voice methodsFor: 'running' stamp: ''!"));
    }
}

/// The library with a class for arrays of floats, whose elements have the layout that `definition` gives them.
fn with_float_arrays(definition: &str) -> Folder {
    let group = "Packages(folder: \"mini\", names: [\"Mini\"])";
    let chunks = "Chunks(folder: \"more\", files: [\"Floats.st\"])";
    let description = mini()
        .replace(group, &format!("{group}, {chunks}"))
        .replace(
            "{ \"mini\": \"mini\"",
            "{ \"mini\": \"mini\", \"more\": \".\"",
        )
        .replace("Array: \"Row\",", "Array: \"Row\", FloatArray: \"Floats\",");
    let folder = Folder::new(&description);
    let class = format!(
        "Thing {definition} #Floats\n\tinstanceVariableNames: ''\n\tclassVariableNames: ''\n\tcategory: 'More'!\n"
    );
    let methods = "!Floats class methodsFor: 'more'!\nsome\n\t^ #[1.5 2 -3.0]! !\n";
    folder.write("Floats.st", &(class + methods));
    folder
}

#[test]
fn arrays_of_floats_have_the_width_of_their_class() {
    let floats = [1.5f32, 2.0, -3.0];
    let single: Vec<u8> = floats.iter().flat_map(|it| it.to_le_bytes()).collect();
    let double = floats.iter().flat_map(|&it| f64::from(it).to_le_bytes());
    let widths = [
        ("variableWordSubclass:", single),
        ("variableDoubleWordSubclass:", double.collect()),
    ];
    for (definition, bytes) in widths {
        let image = with_float_arrays(definition).image("nil leave: Floats some size");
        let run = run_image(&image);
        assert_eq!(run.status, 3, "{definition} {}", run.stderr);
        let mut windows = image.windows(bytes.len());
        assert!(windows.any(|window| window == bytes), "{definition}");
    }
    let (built, told) = with_float_arrays("variableByteSubclass:").build(None, None);
    assert!(
        built.is_none() && told.contains("error I009: Floats has the role FloatArray"),
        "{told}"
    );
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
