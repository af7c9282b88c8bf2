//! `ouroc image`: faulty descriptions and sources are told so.

use std::path::Path;

use tests::built_image::{Folder, mini};

/// What is told of the library's description after one replacement; there is no image.
fn refused(from: &str, to: &str) -> String {
    let description = mini();
    assert!(description.contains(from), "the description has no {from}");
    let (built, told) = Folder::new(&description.replacen(from, to, 1)).build(None, None);
    assert!(built.is_none(), "{to} was accepted");
    told
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
    (
        "\"Sign\": [2]",
        "\"Sign\": [16]",
        "I008",
        "16 is no free index",
    ),
    (
        "\"Sign\": [2]",
        "\"Sign\": []",
        "I008",
        "Sign has an empty list of indices",
    ),
    (
        "\"Answer\": Integer(42)",
        "\"Answer\": NewSized(\"Row\", 9223372036854775807)",
        "I008",
        "NewSized makes 9223372036854775807 elements: with these there are more",
    ),
    (
        "\"Answer\": Integer(42)",
        "\"Answer\": NewSized(\"Bytes\", 3000000000000000000)",
        "I008",
        "NewSized makes 3000000000000000000 elements: with these there are more",
    ),
    (
        "\"Answer\": Integer(42)",
        "\"Answer\": Copies(5000, Copies(5000, Nil))",
        "I008",
        "Copies makes 5000 elements: with these there are more",
    ),
    (
        "\"Answer\": Integer(42)",
        "\"Answer\": Copies(16775000, Classes)",
        "I008",
        "Classes makes",
    ),
    (
        "\"Answer\": Integer(42)",
        "\"Answer\": Copies(16775000, EachClass(This))",
        "I008",
        "EachClass makes",
    ),
    (
        "\"Answer\": Integer(42)",
        "\"Answer\": Copies(16775000, New(\"Pair\", { \"key\": New(\"Pair\", {}) }))",
        "I008",
        "New makes 1 elements",
    ),
    (
        "\"Answer\": Integer(42)",
        "\"Answer\": Copies(16775000, String(\"more than sixteen characters\"))",
        "I008",
        "String makes 3 elements",
    ),
    (
        "\"key\": VariableName",
        "\"key\": Binding(\"Answer\")",
        "I008",
        "Answer is part of itself",
    ),
    (
        "\"Sign\": [2], ",
        "",
        "I008",
        "virtual machines look for the Character class at [2]",
    ),
    (
        "\"Whole\": [1, 3]",
        "\"Whole\": [1]",
        "I008",
        "the SmallInteger class at [1, 3] of the class table, where Whole is not",
    ),
    (
        "trailer: [0, 0, 0]",
        "source_file: (name: \"../x\", pointer: (bytes: 4, order: Little))",
        "I001",
        "\"../x\" is no name of a file beside the image",
    ),
    (
        "trailer: [0, 0, 0]",
        "source_file: (name: \"x\", pointer: (bytes: 9, order: Little))",
        "I001",
        "a source pointer has 1 to 8 bytes, not 9",
    ),
    (
        "trailer: [0, 0, 0]",
        "source_file: (name: \"x\", pointer: (bytes: 4, order: Little, factor: 0))",
        "I001",
        "a source pointer with the factor 0 points nowhere",
    ),
    (
        "trailer: [0, 0, 0]",
        "source_file: (name: \"x\", pointer: (bytes: 1, order: Little))",
        "I008",
        "no pointer reaches the source of ",
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

#[test]
fn a_format_without_room_for_the_class_s_variables_is_refused_at_the_class() {
    for format in [0, 2, 7, 9, 16] {
        let told = refused(
            "\"Routine\": 24",
            &format!("\"Routine\": 24, \"Pair\": {format}"),
        );
        assert!(
            told.contains("error I009: Pair has 2 instance variables")
                && told.contains("Pair.class.st:"),
            "{told}"
        );
    }
}

#[test]
fn a_class_whose_instances_do_not_suit_its_role_is_refused_at_the_class() {
    let cases = [
        (
            "Text",
            1,
            "the role String, whose instances have the format 16 and not 1",
        ),
        (
            "Row",
            3,
            "the role Array, whose instances have the format 2 and not 3",
        ),
        (
            "Boxed",
            16,
            "the role BoxedFloat, whose instances have the format 10 and not 16",
        ),
        (
            "Frame",
            1,
            "the role Context, whose instances have the format 3 and not 1",
        ),
    ];
    for (class, format, message) in cases {
        let formats = format!("\"Routine\": 24, \"{class}\": {format}");
        let told = refused("\"Routine\": 24", &formats);
        let expected = format!("error I009: {class} has {message}");
        assert!(told.contains(&expected), "{told}");
        assert!(told.contains(&format!("{class}.class.st:")), "{told}");
    }
}

#[test]
fn a_global_may_hold_what_is_known_only_in_the_end() {
    let description = mini().replace(
        "\"Answer\": Integer(42)",
        "\"Answer\": Integer(42), \"Every\": Classes",
    );
    let image = Folder::new(&description).image("nil leave: Every size");
    assert!(tests::run_image(&image).status > 40);
    // Nothing but the array of all globals refers to it here.
    let description = mini().replace(
        "\"Answer\": Integer(42)",
        "\"Answer\": Integer(42), \"Every\": Array([Classes])",
    );
    let (count, without) = (
        |description: &str| {
            let (built, told) = Folder::new(description).build(None, None);
            built.unwrap_or_else(|| panic!("{told}")).bytes.len()
        },
        description.replace("Array([Classes])", "Array([Array([])])"),
    );
    assert!(count(&description) > count(&without) + 40 * 8);
}

/// A folder whose description takes the packages of its folder `more` as well.
fn folder_with_more() -> Folder {
    let group = "Packages(folder: \"mini\", names: [\"Mini\"])";
    let folders = "folders: { \"mini\": \"mini\"";
    let description = mini()
        .replace(group, &format!("{group}, Packages(folder: \"more\")"))
        .replace(folders, &format!("{folders}, \"more\": \"more\""));
    Folder::new(&description)
}

/// What is told when the library has one more file.
fn with_file(name: &str, contents: &str) -> (bool, String) {
    let folder = folder_with_more();
    folder.write(
        &Path::new("more/More").join(name).to_string_lossy(),
        contents,
    );
    let (built, told) = folder.build(None, None);
    (built.is_some(), told)
}

/// The source of a class without methods.
fn class(name: &str, rest: &str) -> String {
    format!("Class {{ #name : '{name}'{rest} }}\n")
}

/// Each source, as the library's only other file, is refused with the code and the message.
fn each_is_refused(cases: &[(String, &str, &str)]) {
    for (contents, code, message) in cases {
        let (built, told) = with_file("More.class.st", contents);
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
fn sources_with_mistakes_are_refused_with_the_place_and_a_hint() {
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
    each_is_refused(&cases);
}

#[test]
fn variables_and_traits_with_names_that_are_taken_are_refused() {
    let cases = [
        (
            class("Proud", ", #superclass : 'Thing', #instVars : [ 'super' ]"),
            "S013",
            "`super` is reserved",
        ),
        (
            "Trait { #name : 'Check' }\n".to_owned(),
            "I003",
            "Check is both a class and a trait",
        ),
        (
            class("TLoud", ", #superclass : 'Thing'"),
            "I003",
            "TLoud is both a class and a trait",
        ),
    ];
    each_is_refused(&cases);
}

#[test]
fn a_class_with_more_variables_than_its_format_counts_is_refused_soon() {
    let names: Vec<_> = (0..70_000).map(|number| format!("'v{number}'")).collect();
    let rest = format!(
        ", #superclass : 'Thing', #instVars : [ {} ]",
        names.join(", ")
    );
    let message = "Wide has 70000 instance variables, more than 65535";
    each_is_refused(&[(class("Wide", &rest), "I009", message)]);
}

#[test]
fn classes_methods_and_traits_that_would_break_the_vm_are_refused() {
    let cases = [
        (
            class("Chars", ", #superclass : 'Bytes', #instVars : [ 'hash' ]"),
            "I009",
            "Chars has 1 instance variables but instances without room",
        ),
        (
            class(
                "Whole2",
                ", #superclass : 'Thing', #type : 'immediate', #instVars : [ 'a' ]",
            ),
            "I009",
            "Whole2 has 1 instance variables",
        ),
        (
            format!(
                "{}\nQuick >> x [\n\n\t<primitive: 264>\n\t^ 1\n]\n",
                class("Quick", ", #superclass : 'Thing'")
            ),
            "C007",
            "the primitive 264 is given by the compiler only",
        ),
        (
            class(
                "Singer",
                ", #superclass : 'Thing', #traits : 'TLoud @ { #title: -> #title }'",
            ),
            "I013",
            "the alias title: takes 1 arguments but title takes 0",
        ),
    ];
    each_is_refused(&cases);
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
        "Couple.class.st",
        "Class { #name : 'Couple', #superclass : 'Pair', #instVars : [ 'key' ] }\n",
    );
    assert!(
        built && told.contains("warning F012: key is also a variable of the superclass Pair"),
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
fn selectors_that_a_composition_does_not_have_are_warnings() {
    for composition in ["TLoud - { #whisper }", "TLoud @ { #say -> #whisper }"] {
        let class = format!(
            "Class {{ #name : 'Singer', #superclass : 'Thing', #traits : '{composition}' }}\n"
        );
        let (built, told) = with_file("Singer.class.st", &class);
        assert!(
            built && told.contains("warning I013:") && told.contains("renames whisper"),
            "{told}"
        );
    }
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

#[test]
fn sources_behind_links_are_read_and_links_in_circles_told() {
    use std::os::unix::fs::symlink;
    let folder = folder_with_more();
    folder.write(
        "away/Far/Far.class.st",
        &class("Far", ", #superclass : 'Thing'"),
    );
    folder.write("away/Near.st", &class("Near", ", #superclass : 'Far'"));
    folder.write(
        "more/Own/Own.class.st",
        &class("Own", ", #superclass : 'Near'"),
    );
    let link = |from: &str, to: &str| {
        symlink(folder.path.join(from), folder.path.join(to)).expect("a link can be made");
    };
    link("away/Far", "more/Far");
    link("away/Near.st", "more/Own/Near.class.st");
    let (built, told) = folder.build(None, None);
    assert!(built.is_some(), "{told}");

    link("more/Own", "more/Own/Circle");
    let (built, told) = folder.build(None, None);
    assert!(built.is_none() && told.contains("error B001"), "{told}");
    assert!(told.contains("remove the link"), "{told}");
}

#[test]
fn hidden_files_and_folders_of_packages_are_no_sources() {
    let folder = Folder::new(&mini());
    for path in ["mini/Mini/.old/Thing.class.st", "mini/Mini/.Thing.class.st"] {
        folder.write(path, "this is no class");
    }
    let (built, told) = folder.build(None, None);
    assert!(built.is_some(), "{told}");
}

#[test]
fn mistakes_of_the_start_expression_are_shown_where_they_stand() {
    let folder = Folder::new(&mini());
    let (built, told) = folder.build(Some("nil leave: 3. 4 + + 5"), None);
    assert!(built.is_none() && told.contains("--> --start:1:"), "{told}");
    let (built, told) = folder.build(
        Some("\"why\" | a | a := 5. Answer := 6. nil leave: b"),
        None,
    );
    assert!(built.is_some() && told.contains("--> --start:1:"), "{told}");
    assert!(told.contains("`b` is not declared"), "{told}");
}

#[test]
fn a_boot_method_that_is_no_file_is_refused() {
    let description = mini();
    let source = description.find("source: Text(").expect("it has one");
    let end = source + description[source..].find("),\n").expect("it ends");
    let text = format!(
        "{}source: File(\"/dev/zero\"{}",
        &description[..source],
        &description[end..]
    );
    let (built, told) = Folder::new(&text).build(None, None);
    assert!(
        built.is_none() && told.contains("error I012: cannot read /dev/zero"),
        "{told}"
    );
}
