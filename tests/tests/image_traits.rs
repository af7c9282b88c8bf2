//! `ouroc image`: traits are flattened by the rules that Pharo and Squeak have for them, and run on the VM.

use tests::built_image::{Folder, mini};
use tests::run_image;

/// The library with two traits that have methods in common, traits that use one of them, and a class with a composition of them.
fn composed(traits: &str) -> Folder {
    let group = "Packages(folder: \"mini\", names: [\"Mini\"])";
    let more = format!("{group}, Packages(folder: \"more\")");
    let description = mini().replace(group, &more).replace(
        "{ \"mini\": \"mini\"",
        "{ \"mini\": \"mini\", \"more\": \"more\"",
    );
    let folder = Folder::new(&description);
    let method =
        |place: &str, body: &str| format!("\n{{ #category : 'all' }}\n{place} [\n\n\t{body}\n]\n");
    let first = "Trait { #name : 'TFirst', #instVars : [ 'x', 'y' ] }\n".to_owned()
        + &method("TFirst >> both", "^ 1")
        + &method("TFirst >> needed", "self explicitRequirement")
        + &method("TFirst >> from: start to: end", "^ start")
        + &method("TFirst >> @ other", "^ other")
        + &method("TFirst class >> maker", "^ 5");
    let second = "Trait { #name : 'TSecond' }\n".to_owned()
        + &method("TSecond >> both", "^ 2")
        + &method("TSecond >> needed", "^ 8");
    let using =
        |name: &str, traits: &str| format!("Trait {{ #name : '{name}', #traits : '{traits}' }}\n");
    let class = format!("Class {{ #name : 'Composed', #superclass : 'Thing', {traits} }}\n")
        + &method("Composed >> traitConflict", "^ 55");
    for (name, text) in [
        ("TFirst.trait.st", first),
        ("TSecond.trait.st", second),
        ("TLeft.trait.st", using("TLeft", "TFirst")),
        ("TRight.trait.st", using("TRight", "TFirst")),
        ("TBoth.trait.st", using("TBoth", "TFirst + TSecond")),
        ("Composed.class.st", class),
    ] {
        folder.write(&format!("more/More/{name}"), &text);
    }
    folder
}

#[test]
fn compositions_of_traits_follow_the_rules_of_traits() {
    let cases = [
        // Two methods with one selector are in conflict, whatever their order; what is only required gives way.
        ("TFirst + TSecond", "both", 55),
        ("TSecond + TFirst", "both", 55),
        ("TFirst + TSecond", "needed", 8),
        ("TSecond , TFirst", "needed", 8),
        // One method on two ways is one method.
        ("TLeft + TRight", "both", 1),
        ("TLeft + TRight + TSecond", "both", 55),
        ("TLeft + TRight + TSecond", "needed", 8),
        // A conflict stays one when one of its methods comes once more.
        ("TFirst + TBoth", "both", 55),
        ("TBoth + TFirst", "both", 55),
        ("TFirst + TBoth", "needed", 8),
        // What leaves something out, renames or prefers it resolves conflicts.
        ("TFirst + (TSecond - {#both})", "both", 1),
        ("(TFirst - #(both)) + TSecond", "both", 2),
        ("(TFirst @ {#other -> #both}) - #both + TSecond", "other", 1),
        ("(TFirst @ {#other -> #both}) - #both + TSecond", "both", 2),
        ("TSecond @ {#both -> #needed}", "both", 8),
        ("TFirst + TSecond withPrecedenceOf: TSecond", "both", 2),
        ("TFirst + TSecond withPrecedenceOf: TFirst", "both", 1),
        ("TFirst + TSecond withPrecedenceOf: TFirst", "needed", 8),
    ];
    for (composition, selector, expected) in cases {
        let folder = composed(&format!("#traits : '{composition}'"));
        let run = run_image(&folder.image(&format!("nil leave: Composed make {selector}")));
        assert_eq!(
            run.status, expected,
            "{composition} {selector} {}",
            run.stderr
        );
        let (_, told) = folder.build(None, None);
        let in_conflict = told.contains("warning I013: two traits of Composed implement both");
        let conflicts = [
            "TFirst + TSecond",
            "TSecond + TFirst",
            "TSecond , TFirst",
            "TLeft + TRight + TSecond",
            "TFirst + TBoth",
            "TBoth + TFirst",
        ];
        assert_eq!(in_conflict, conflicts.contains(&composition), "{told}");
    }
}

#[test]
fn variables_and_class_sides_of_traits_come_along_unless_the_composition_says_otherwise() {
    let cases = [
        ("#traits : 'TFirst'", "Composed fieldNames size", 2),
        ("#traits : 'TLeft + TRight'", "Composed fieldNames size", 2),
        ("#traits : 'TFirst -- #(y)'", "Composed fieldNames size", 1),
        (
            "#traits : 'TFirst', #instVars : [ 'y' ]",
            "Composed fieldNames size",
            2,
        ),
        ("#traits : 'TLeft'", "Composed maker", 5),
        ("#traits : 'TFirst + TSecond'", "Composed maker", 5),
        (
            "#traits : '{}', #classTraits : 'TFirst classTrait'",
            "Composed maker",
            5,
        ),
        (
            "#traits : 'TFirst', #classTraits : '{}'",
            "Composed maker",
            90,
        ),
        ("#classTraits : 'TSecond'", "Composed both", 2),
    ];
    for (traits, expression, expected) in cases {
        let image = composed(traits).image(&format!("nil leave: {expression}"));
        let run = run_image(&image);
        assert_eq!(run.status, expected, "{traits} {expression} {}", run.stderr);
    }
}

#[test]
fn classes_may_know_their_compositions() {
    let folder = composed("#traits : 'TFirst + TSecond'");
    let path = folder.path.join("mini.ron");
    let description = std::fs::read_to_string(&path).expect("the description is there");
    let values = "EachClass(Array([This, TraitComposition, Tag]))";
    folder.write(
        "mini.ron",
        &description.replace("EachClass(Array([This, Package, Tag]))", values),
    );
    let image = folder.image(
        "| row none | row := Memo kinds detect: [ :each | (each at: 1) == Composed ]. none := Memo kinds detect: [ :each | (each at: 1) == Thing ]. nil leave: ((none at: 2) isNothing ifTrue: [ (row at: 2) size ] ifFalse: [ 99 ])",
    );
    assert_eq!(run_image(&image).status, 16);
}

#[test]
fn the_description_may_name_what_traits_require_and_what_a_conflict_sends() {
    let folder = composed("#traits : 'TFirst + TSecond'");
    let rules = "traits: (requirements: [], conflict: \"size\"),\n    roles: {";
    let path = folder.path.join("mini.ron");
    let description = std::fs::read_to_string(&path).expect("the description is there");
    folder.write("mini.ron", &description.replace("roles: {", rules));
    let conflict =
        folder.image("nil leave: ((Composed make both = 0) ifTrue: [ 1 ] ifFalse: [ 99 ])");
    // An object without indexable variables has no size.
    assert_eq!(run_image(&conflict).status, 93);
    let (_, told) = folder.build(None, None);
    assert!(
        told.contains("implement needed: its method sends size"),
        "{told}"
    );
}

#[test]
fn the_sources_tell_methods_with_other_names_and_methods_in_conflict_as_the_image_has_them() {
    let aliases =
        "{#other -> #both. #copy:with: -> #from:to:. #at: -> #@. #% -> #@. #more -> #other}";
    let folder = composed(&format!("#traits : '(TFirst @ {aliases}) + TSecond'"));
    let path = folder.path.join("mini.ron");
    let description = std::fs::read_to_string(&path).expect("the description is there");
    let file = "source_file: (name: \"mini.sources\", pointer: (bytes: 4, order: Little))";
    let description = description.replace("trailer: [0, 0, 0]", file);
    folder.write("mini.ron", &description);
    let (_, text) = folder.source_file();
    let chunks: Vec<String> = text
        .split("!Composed methodsFor: 'all' stamp: ''!")
        .skip(1)
        .filter_map(|rest| rest.split('!').next())
        .map(|chunk| chunk.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    for expected in [
        "both ^ self traitConflict",
        "other ^ 1",
        "more ^ 1",
        "from: start to: end ^ start",
        "copy: start with: end ^ start",
        "@ other ^ other",
        "at: other ^ other",
        "% other ^ other",
        "needed ^ 8",
    ] {
        let found = chunks.iter().filter(|chunk| *chunk == expected);
        assert_eq!(found.count(), 1, "{expected}: {chunks:#?}");
    }
}
