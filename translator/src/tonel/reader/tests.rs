//! Files good and bad, and what is read from them.

use proptest::prelude::*;

use super::{read_class, read_package};
use crate::base::render::{Color, render_all};
use crate::base::{Diagnostics, Interner, SourceMap};
use crate::syntax::ast::Literal;
use crate::tonel::{ClassDefinition, DefinitionKind};

const RING: &str = "\
\"
I hold \"\"things\"\" in a ring.
\"
Class {
	#name : 'Ring',
	#superclass : 'VMComponent',
	#instVars : [
		'plain',
		'#size => TypedField type: #SlotCount',
		'#ip => PinnedField type: #Address register: #r12',
		'#table => TypedArray of: #Oop size: #(Tuning rootStackSize)'
	],
	#category : 'VM-Types',
	#package : 'VM-Types'
}

{ #category : 'instance creation' }
Ring class >> new: aSize [

	^ self basicNew
]

{ #category : 'testing' }
Ring >> = other [
	\"Answer ] whether.\"

	^ size = other and: [ $] isLetter or: [ ']' = #(] $[) ] ]
]
";

fn read(text: &str) -> (Option<ClassDefinition>, Interner, String) {
    let (mut interner, mut sources, mut diagnostics) =
        (Interner::new(), SourceMap::new(), Diagnostics::new());
    let file = sources.add("Ring.class.st", text);
    let definition = read_class(text, file, &mut interner, &mut diagnostics);
    (
        definition,
        interner,
        render_all(&diagnostics, &sources, Color::Plain),
    )
}

fn codes(text: &str) -> Vec<String> {
    let (.., errors) = read(text);
    errors
        .lines()
        .filter_map(|line| Some(line.strip_prefix("error ")?[..4].to_owned()))
        .collect()
}

fn read_well(text: &str) -> (ClassDefinition, Interner) {
    let (definition, interner, errors) = read(text);
    assert_eq!(errors, "");
    (definition.expect("a definition"), interner)
}

#[test]
fn a_class_file_has_header_comment_and_methods_of_both_sides() {
    let text = RING.replace("#(] $[)", "#($[)");
    let (ring, interner) = read_well(&text);
    assert_eq!(ring.kind, DefinitionKind::Class);
    assert_eq!(interner.text(ring.name.name), "Ring");
    assert_eq!(
        ring.comment.as_ref().map(|comment| &*comment.text),
        Some("I hold \"things\" in a ring.")
    );
    let methods: Vec<_> = ring
        .methods
        .iter()
        .map(|m| (m.class_side, interner.text(m.selector)))
        .collect();
    assert_eq!(methods, [(true, "new:"), (false, "=")]);
    let equal = &ring.methods[1];
    assert_eq!(
        &text[equal.method.comment.expect("a comment").range()],
        "\"Answer ] whether.\""
    );
    assert!(
        text[equal.span.range()].starts_with("Ring >> = other [")
            && text[equal.span.range()].ends_with(']')
    );
}

#[test]
fn typed_fields_keep_their_class_and_arguments_with_places() {
    let text = RING.replace("#(] $[)", "#($[)");
    let (ring, interner) = read_well(&text);
    let ip = &ring.inst_vars[2];
    assert_eq!(&text[ip.name.span.range()], "ip");
    let definition = ip.definition.as_ref().expect("a definition");
    assert_eq!(&text[definition.class.span.range()], "PinnedField");
    let register = interner
        .lookup("register:")
        .and_then(|keyword| definition.argument(keyword))
        .expect("a register");
    assert_eq!(&text[definition.exprs[register.value].span.range()], "#r12");
    let Some(Literal::Symbol(register)) = definition.literal(register) else {
        panic!("no symbol")
    };
    assert_eq!(interner.text(*register), "r12");
    assert!(ring.inst_vars[0].definition.is_none());
    assert!(
        ring.inst_vars[3]
            .definition
            .as_ref()
            .is_some_and(|table| table.arguments.len() == 2)
    );
}

#[test]
fn the_old_form_of_tonel_is_read_too() {
    let text = "Extension { #name: #Ring }\n\n{ #category: #all }\nRing classSide >> bar: x baz: y [ ^x ]\n\nRing >> | y [ ^ 1 ]\n";
    let (ring, interner) = read_well(text);
    assert_eq!(ring.kind, DefinitionKind::Extension);
    let category = ring.methods[0].category.expect("a category");
    assert_eq!(interner.text(category.name), "all");
    assert!(ring.methods[0].class_side && !ring.methods[1].class_side);
    assert_eq!(interner.text(ring.methods[1].selector), "|");
}

#[test]
fn escapes_in_header_texts_are_replaced() {
    let text = "Trait { #name : 'T', #instVars : [ '#a => Slot default: ''x''', '#b => Slot default: \\'y\\'' ] }\n";
    let (definition, _) = read_well(text);
    for (slot, value) in definition.inst_vars.iter().zip(["x", "y"]) {
        let definition = slot.definition.as_ref().expect("a definition");
        assert_eq!(
            definition.literal(definition.arguments[0]),
            Some(&Literal::String(value.into()))
        );
    }
}

#[test]
fn a_missing_bracket_costs_one_method_and_one_error() {
    let text = "Class { #name : 'Ring' }\n\n{ #category : 'a' }\nRing >> a [\n\t^ [ 1\n]\n\n{ #category : 'b' }\nRing >> b [\n\t^ 2 +\n]\n";
    let (definition, _, errors) = read(text);
    assert_eq!(codes(text), ["F004", "S010"], "{errors}");
    assert_eq!(definition.expect("a definition").methods.len(), 2);
}

#[test]
fn a_missing_quote_costs_one_method_and_one_error() {
    for quote in ["'", "\""] {
        let text = format!(
            "{}{{ #category : 'x' }}\nRing >> x [ ^ {quote} ]\n\n{{ #category : 'y' }}\nRing >> y [ ^ 'ok' \"ok\" ]\n",
            RING.replace("#(] $[)", "#($[)")
        );
        let (definition, _, errors) = read(&text);
        assert_eq!(errors.matches("has no end").count(), 1, "{errors}");
        assert_eq!(definition.expect("a definition").methods.len(), 4);
    }
}

#[test]
fn faults_of_the_file_have_codes() {
    assert_eq!(codes(""), ["F001"]);
    assert_eq!(codes("Klass { }"), ["F001"]);
    assert_eq!(codes("Class { }"), ["F001"]);
    assert_eq!(codes("Class { #name 'Ring' }"), ["F002"]);
    assert_eq!(codes("Class { #name : 'Ring"), ["F002"]);
    assert_eq!(codes("Class { #name : 'Ring' }\n]"), ["F003"]);
    assert_eq!(codes("Class { #name : 'Ring' }\nRing > foo [ ]"), ["F003"]);
    assert_eq!(codes("Class { #name : 'Ring' }\nRong >> foo [ ]"), ["F005"]);
    assert_eq!(
        codes("Class { #name : 'Ring' }\nRing >> foo [ ]\nRing >> foo [ ]\nRing class >> foo [ ]"),
        ["F006"]
    );
    assert_eq!(codes("Class { #name : 'Ring', #name : 'Rang' }"), ["F007"]);
    assert_eq!(
        codes("Class { #name : 'Ring', #instVars : [ 'a', 'a', 'b c', '#x := 3' ] }"),
        ["F012", "F009", "S010"]
    );
    assert_eq!(codes("Class { #name : 'Ring', #instVars : { } }"), ["F010"]);
    assert_eq!(
        codes("Class { #name : 'Ring' }\nRing >> foo: [ ^ 1 ]"),
        ["S010"]
    );
    assert_eq!(
        codes("Class { #name : 'Ring' }\nRing >> foo bar [ ^ 1 ]"),
        ["S010"]
    );
}

#[test]
fn packages_have_a_name() {
    let mut diagnostics = Diagnostics::new();
    let mut sources = SourceMap::new();
    let text = "Package { #name : 'VM-Types' }\n";
    let file = sources.add("package.st", text);
    assert_eq!(
        read_package(text, file, &mut diagnostics).map(|package| package.name),
        Some("VM-Types".into())
    );
    assert!(read_package("Package { }", file, &mut diagnostics).is_none());
    assert!(read_package("", file, &mut diagnostics).is_none());
    assert_eq!(diagnostics.len(), 2);
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in ".*") {
        let _ = read(&text);
    }

    #[test]
    fn no_damage_to_a_good_file_makes_the_reader_panic(
        from in 0..RING.len(), length in 0..40usize, inserted in "[\\[\\]{}'\"#$:\n ]{0,4}")
    {
        let mut bytes = RING.as_bytes().to_vec();
        let end = (from + length).min(bytes.len());
        bytes.splice(from..end, inserted.bytes());
        let _ = read(&String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn a_field_may_be_a_table_named_by_one_word() {
    let text = RING.replace(
        "TypedArray of: #Oop size: #(Tuning rootStackSize)",
        "CollectedTable roots",
    );
    let (ring, interner) = read_well(&text.replace("#(] $[)", "#($[)"));
    let table = ring.inst_vars[3].definition.as_ref().expect("a definition");
    assert_eq!(interner.text(table.class.name), "CollectedTable");
    assert_eq!(table.arguments.len(), 1);
    assert_eq!(interner.text(table.arguments[0].keyword.name), "roots");
}
