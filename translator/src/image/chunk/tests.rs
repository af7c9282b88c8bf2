//! Chunk files of each dialect.

use super::{ChunkForms, read_chunks};
use crate::base::render::{Color, render_all};
use crate::base::{Diagnostics, Interner, SourceMap};
use crate::syntax::ast::Name;
use crate::syntax::parser::parse_method_text;
use crate::syntax::printer::print_method;
use crate::tonel::{ClassDefinition, DefinitionKind, Slot};

struct File {
    interner: Interner,
    definitions: Vec<ClassDefinition>,
    messages: String,
}

fn read(text: &str) -> File {
    let (mut interner, mut diagnostics) = (Interner::new(), Diagnostics::new());
    let mut sources = SourceMap::new();
    let forms = ChunkForms::default();
    let file = read_chunks(
        text,
        sources.next_id(),
        &forms,
        &mut interner,
        &mut diagnostics,
    );
    sources.add("File.st", file.text);
    File {
        interner,
        definitions: file.definitions,
        messages: render_all(&diagnostics, &sources, Color::Plain),
    }
}

impl File {
    fn name(&self, name: Option<Name>) -> &str {
        name.map_or("", |name| self.interner.text(name.name))
    }

    fn slots(&self, slots: &[Slot]) -> Vec<&str> {
        let names = slots.iter().map(|slot| self.interner.text(slot.name.name));
        names.collect()
    }

    fn selectors(&self, definition: &ClassDefinition) -> Vec<(bool, &str)> {
        let methods = definition.methods.iter();
        methods
            .map(|it| (it.class_side, self.interner.text(it.selector)))
            .collect()
    }
}

#[test]
fn a_file_of_squeak_gives_class_comment_and_methods_of_both_sides() {
    let file = read(concat!(
        "'From Squeak6.0 of 1 January'!\r",
        "Object subclass: #Ring\r\tinstanceVariableNames: 'items size'\r\tclassVariableNames: 'Largest'\r",
        "\tpoolDictionaries: 'Sizes'\r\tcategory: 'Rings-Core'!\r",
        "!Ring commentStamp: 'ab 1/1/2020 00:00' prior: 0!\rI am so!! round.!\r\r",
        "!Ring methodsFor: 'accessing' stamp: 'ab 1/1/2020 00:00'!\r",
        "size\r\t\"How many!!\"\r\t^ size! !\r\r",
        "!Ring methodsFor: 'accessing'!\rat: index put: it\r\t^ '!!'! \r\rfirst\r\t^ items first! !\r",
        "\"-- -- --\"!\r",
        "Ring class\r\tinstanceVariableNames: 'default'!\r",
        "!Ring class methodsFor: 'instance creation' stamp: 'x'!\rnew: n\r\t^ self basicNew! !\r",
        "Ring initialize!\r",
    ));
    assert_eq!(file.messages, "");
    let [ring] = &file.definitions[..] else {
        panic!("{} definitions", file.definitions.len())
    };
    assert_eq!(ring.kind, DefinitionKind::Class);
    assert_eq!(file.name(ring.superclass), "Object");
    assert_eq!(file.name(ring.layout), "normal");
    assert_eq!(file.slots(&ring.inst_vars), ["items", "size"]);
    assert_eq!(file.slots(&ring.class_vars), ["Largest"]);
    assert_eq!(file.slots(&ring.class_inst_vars), ["default"]);
    assert_eq!(file.name(ring.pools.first().copied()), "Sizes");
    assert_eq!(file.name(ring.category), "Rings-Core");
    assert_eq!(&*ring.comment.as_ref().unwrap().text, "I am so! round.");
    assert_eq!(
        file.selectors(ring),
        [
            (false, "size"),
            (false, "at:put:"),
            (false, "first"),
            (true, "new:")
        ]
    );
    assert_eq!(file.name(ring.methods[0].category), "accessing");
}

#[test]
fn headers_of_cuis_say_what_is_defined_and_those_of_packages_are_passed_over() {
    let file = read(concat!(
        "'From Cuis7.1 [latest update: #6000] on 1 January 2024'!\n'Description A package.'!\n",
        "!provides: 'Rings' 1 2!\n!requires: 'Other' 1 0 nil!\n",
        "SystemOrganization addCategory: 'Rings'!\n\n",
        "!classDefinition: #Words category: #Rings!\n",
        "ArrayedCollection variableWordSubclass: #Words\n\tinstanceVariableNames: ''\n\tclassVariableNames: ''\n",
        "\tpoolDictionaries: ''\n\tcategory: 'Rings'!\n",
        "!classDefinition: 'Words class' category: #Rings!\nWords class\n\tinstanceVariableNames: ''!\n\n",
        "!Words methodsFor: 'x' stamp: 'a'!\n+ other\n\t^ self! !\n",
        "!String methodsFor: '*Rings' stamp: 'a'!\nasWords\n\t^ self! !\n",
        "!methodRemoval: String #asRing stamp: 'a'!\nString removeSelector: #asRing!\n",
    ));
    assert_eq!(file.messages, "");
    let [words, string] = &file.definitions[..] else {
        panic!("{} definitions", file.definitions.len())
    };
    assert_eq!(file.name(words.layout), "words");
    assert_eq!(file.selectors(words), [(false, "+")]);
    assert_eq!(string.kind, DefinitionKind::Extension);
    assert_eq!(file.selectors(string), [(false, "asWords")]);
}

#[test]
fn definitions_of_pharo_are_understood_also_as_cascades() {
    let file = read(concat!(
        "Object subclass: #Old uses: TRing + TOther instanceVariableNames: 'a' classVariableNames: '' package: 'Rings'!\n",
        "Object << #New\n\tslots: { #a. #b };\n\tsharedVariables: { #Shared };\n\ttag: 'Core';\n\tpackage: 'Rings'!\n",
        "Trait named: #TRing uses: {} package: 'Rings'!\n",
        "nil subclass: #Root instanceVariableNames: '' classVariableNames: '' package: 'Rings'!\n",
        "Old comment: 'Known for long'!\n",
    ));
    assert_eq!(file.messages, "");
    let [old, new, tring, root] = &file.definitions[..] else {
        panic!("{} definitions", file.definitions.len())
    };
    assert_eq!(&*old.traits.as_ref().unwrap().text, "TRing + TOther");
    assert_eq!(file.name(old.package), "Rings");
    assert_eq!(&*old.comment.as_ref().unwrap().text, "Known for long");
    assert_eq!(file.slots(&new.inst_vars), ["a", "b"]);
    assert_eq!(file.slots(&new.class_vars), ["Shared"]);
    assert_eq!(file.name(new.tag), "Core");
    assert_eq!((tring.kind, root.superclass), (DefinitionKind::Trait, None));
}

#[test]
fn compositions_in_braces_are_sums_of_what_stands_between_the_periods() {
    for (written, composition) in [
        ("TRing + TOther", Some("TRing + TOther")),
        ("TRing - { #a. #b }", Some("TRing - { #a. #b }")),
        ("{ TRing. TOther }", Some("TRing + TOther")),
        (
            "{ TRing. TOther - { #a. #b } }",
            Some("TRing + (TOther - { #a. #b })"),
        ),
        ("{ TRing @ { #a -> #b } }", Some("TRing @ { #a -> #b }")),
        ("{ }", None),
        ("#()", None),
    ] {
        let file = read(&format!(
            "Trait named: #TMine uses: {written} package: 'Rings'!\n"
        ));
        assert_eq!(file.messages, "", "{written}");
        let [mine] = &file.definitions[..] else {
            panic!("{} definitions", file.definitions.len())
        };
        let text = mine.traits.as_ref().map(|traits| &*traits.text);
        assert_eq!(text, composition, "{written}");
    }
}

#[test]
fn statements_that_do_something_else_are_reported_with_their_place() {
    let file = read("Smalltalk at: #Answer put: 42!\n!Answer rubbish: 3!\nThis is ] no code!\n");
    assert!(file.definitions.is_empty());
    let count = file.messages.matches("warning F013").count();
    assert_eq!(count, 3, "{}", file.messages);
    assert!(file.messages.contains("File.st:1:1"), "{}", file.messages);
}

#[test]
fn errors_in_methods_are_reported_and_the_others_are_read() {
    let file = read("!A methodsFor: 'x'!\nfoo ^ (1!\n\nbar ^ 2! !\n");
    assert!(file.messages.contains("error S016"), "{}", file.messages);
    let [a] = &file.definitions[..] else {
        panic!("{} definitions", file.definitions.len())
    };
    assert_eq!(file.selectors(a), [(false, "foo"), (false, "bar")]);
}

#[test]
fn syntax_that_dialects_add_is_read_in_chunk_files_only() {
    let methods = [
        "a ^ self first: 1 :: second + 2 :: third: 3; fourth: 4",
        "b ^ `0@0` x",
        "d ^ self perform: # size",
        "c <cdecl: long 'random' (ulong char*) module: 'libc'> ^ self fail",
    ];
    for method in methods {
        let file = read(&format!("!A methodsFor: 'x'!\n{method}! !\n"));
        assert_eq!(file.messages, "");
        let mut interner = Interner::new();
        let file = SourceMap::new().next_id();
        let (_, diagnostics) = parse_method_text(method, file, &mut interner);
        assert!(diagnostics.has_errors(), "{method}");
    }
    let file = read(&format!("!A methodsFor: 'x'!\n{}! !\n", methods[0]));
    let method = &file.definitions[0].methods[0].method;
    let printed = print_method(method, &file.interner);
    let expected = "(self first: 1) second + 2 third: 3; fourth: 4";
    assert!(printed.contains(expected), "{printed}");
}
