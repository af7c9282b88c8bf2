//! What the parser makes of texts, good and bad.

use proptest::prelude::*;

use super::parse_method_text;
use crate::base::render::{Color, render_all};
use crate::base::{EntityRef, FileId, Interner, SourceMap};
use crate::syntax::ast::{ExprKind, Method};
use crate::syntax::printer::print_method;

fn parse(text: &str) -> (Method, Interner, String) {
    let mut interner = Interner::new();
    let mut sources = SourceMap::new();
    let file = sources.add("test.st", text);
    let (method, diagnostics) = parse_method_text(text, file, &mut interner);
    (
        method,
        interner,
        render_all(&diagnostics, &sources, Color::Plain),
    )
}

/// The method as printed; its text must have no errors.
fn printed(text: &str) -> String {
    let (method, interner, errors) = parse(text);
    assert_eq!(errors, "", "in {text}");
    print_method(&method, &interner)
}

/// The statements of a method without pattern, as printed.
fn body(text: &str) -> String {
    printed(&format!("foo\n{text}"))
        .lines()
        .skip(1)
        .map(str::trim)
        .collect::<Vec<_>>()
        .join("\n")
}

/// The codes of the errors, in order.
fn codes(text: &str) -> Vec<String> {
    let (.., errors) = parse(text);
    let errors = errors.lines().filter(|line| line.starts_with("error"));
    errors.map(|line| line[6..10].to_owned()).collect()
}

#[test]
fn unary_binds_before_binary_before_keyword() {
    assert_eq!(
        body("a foo + b bar foo: c + d baz: e"),
        "a foo + b bar foo: c + d baz: e"
    );
    assert_eq!(body("(a + b) foo"), "(a + b) foo");
    assert_eq!(body("a + (b + c)"), "a + (b + c)");
    assert_eq!(body("(a + b) + c"), "a + b + c");
    assert_eq!(
        body("(a foo: b) foo: (c foo: d)"),
        "(a foo: b) foo: (c foo: d)"
    );
}

#[test]
fn each_message_of_a_cascade_goes_to_the_first_receiver() {
    assert_eq!(body("a b foo: 1; + 2; bar"), "a b foo: 1; + 2; bar");
    let (method, ..) = parse("foo a b; c; d");
    let cascades = method.exprs.values().filter_map(|expr| match &expr.kind {
        ExprKind::Cascade { receiver, messages } => Some((*receiver, messages.clone())),
        _ => None,
    });
    let (receiver, messages) = cascades.collect::<Vec<_>>().pop().expect("a cascade");
    assert_eq!(messages.len(), 3);
    for message in messages {
        assert!(
            matches!(&method.exprs[message].kind, ExprKind::Send(send) if send.receiver == receiver)
        );
    }
}

#[test]
fn minus_belongs_to_a_number_where_an_operand_begins() {
    assert_eq!(body("a - 1"), "a - 1");
    assert_eq!(body("a -1"), "a - 1");
    assert_eq!(body("a --1"), "a - -1");
    assert_eq!(body("-1 abs - -2.5"), "-1 abs - -2.5");
    assert_eq!(body("#(1 -2 - 3)"), "#(1 -2 #- 3)");
}

#[test]
fn literals_of_every_kind_print_as_they_are_read() {
    let literals = [
        "42",
        "-7",
        "3.25",
        "1.0e100",
        "2e-1",
        "314e-2s2",
        "$a",
        "$'",
        "'it''s'",
        "#foo",
        "#at:put:",
        "#+",
        "#'two words'",
        "#[1 255]",
        "#[1.5 2.0 -3.0]",
        "1.0e999",
        "#foo:bar:",
        "#with_underscore",
        "#'it''s'",
        "'\u{e4}\u{20ac}\u{1f600}'",
        "$\u{20ac}",
        "#(1 $a foo #(nil true) #[1] 'x')",
        "nil",
        "true",
        "#|",
        "#||",
        "#()",
        "#[]",
        "340282366920938463463374607431768211456",
    ];
    for literal in literals {
        assert_eq!(
            body(&literal.replace("foo #", "#foo #")),
            literal.replace("foo #", "#foo #")
        );
    }
    assert_eq!(
        body("#(foo at:put: (1 2) [3] #bar - + true)"),
        "#(#foo #at:put: #(1 2) #[3] #bar #- #+ true)"
    );
    assert_eq!(body("16rFF + 2r1010 + 3.14s2"), "255 + 10 + 314e-2s2");
}

#[test]
fn literals_that_can_be_written_in_several_ways_are_the_same() {
    let pairs = [
        ("16r-1F", "-31"),
        ("-16r1F", "-31"),
        ("2r1e3", "8"),
        ("16rff", "255"),
        ("1e2", "100"),
        ("2s", "2s0"),
        ("1.5e-1", "0.15"),
        ("1.0e400", "1.0e999"),
        ("#[1.5 2 -3]", "#[1.5 2.0 -3.0]"),
        ("#[16rFF 2r11]", "#[255 3]"),
        ("##foo", "#foo"),
        ("#'foo:bar:'", "#foo:bar:"),
        ("#'+'", "#+"),
        (
            "#( foo #bar: $  'a' nil #nil )",
            "#(#foo #bar: $  'a' nil #nil)",
        ),
        ("#( ( 1 ( 2 ) ) #( 3 ) )", "#(#(1 #(2)) #(3))"),
        ("{ 1 . 2 . }", "{ 1. 2 }"),
        ("{}", "{ }"),
        ("[:a | ]", "[ :a | ]"),
        ("[:a]", "[ :a | ]"),
        ("[ | | ]", "[ ]"),
        ("3--2", "3 - -2"),
    ];
    for (written, printed) in pairs {
        assert_eq!(body(written), printed, "{written}");
    }
}

#[test]
fn byte_arrays_refuse_what_is_no_byte() {
    for text in ["#[256]", "#[-1]", "#[1 2.5]", "#[2s]", "#[1.5 2s]"] {
        assert_eq!(codes(&format!("foo ^ {text}")), ["S021"], "{text}");
    }
    assert_eq!(codes("foo ^ #[1 a]"), ["S016"]);
}

#[test]
fn pragmas_of_primitives_come_in_many_forms() {
    let forms = [
        ("<primitive: 60>", "<primitive: 60>"),
        (
            "<primitive: 60 error: code>",
            "<primitive: 60 error: #code>",
        ),
        (
            "<primitive: 'x' module: 'y'>",
            "<primitive: 'x' module: 'y'>",
        ),
        (
            "<primitive: 'x' module: 'y' error: code>",
            "<primitive: 'x' module: 'y' error: #code>",
        ),
        (
            "<primitive: 'x' error: code module: 'y'>",
            "<primitive: 'x' error: #code module: 'y'>",
        ),
        ("<primitive: #x module: #y>", "<primitive: #x module: #y>"),
        ("<one>", "<one>"),
        ("<one: -5 two: #(a $b nil)>", "<one: -5 two: #(#a $b nil)>"),
    ];
    for (written, expected) in forms {
        for text in [
            format!("foo {written} ^ 1"),
            format!("foo | a | {written} ^ 1"),
        ] {
            let printed = printed(&text);
            assert!(printed.contains(expected), "{text}: {printed}");
        }
    }
}

#[test]
fn blocks_have_parameters_and_temporaries() {
    assert_eq!(
        body("[ :a :b | | t u | t := a. ^ b ]"),
        "[ :a :b | | t u |\nt := a.\n^ b ]"
    );
    assert_eq!(body("[:a||t| t]"), "[ :a | | t |\nt ]");
    assert_eq!(body("[:a]"), "[ :a | ]");
    assert_eq!(
        printed("at: a _: b\n\t^ a _: b"),
        "at: a _: b\n\t^ a _: b\n"
    );
    assert_eq!(body("[ | t | ]"), "[ | t | ]");
    assert_eq!(body("a | b || c"), "a | b || c");
}

#[test]
fn brackets_in_literals_and_comments_are_no_brackets() {
    assert_eq!(
        body("^ { $]. ']'. #']'. 1 \"]\" }"),
        "^ { $]. ']'. #']'. 1 }"
    );
}

#[test]
fn pragmas_have_literal_arguments() {
    let text = "+ x\n\t<signature: #(#Oop) returns: #Boolean>\n\t<cold>\n\t| a |\n\t^ x\n";
    assert_eq!(printed(text), text);
    assert_eq!(codes("foo <signature: Oop> ^ 1"), ["S014"]);
    assert_eq!(
        printed("foo <primitive: 1 error: code> ^ code"),
        "foo\n\t<primitive: 1 error: #code>\n\t^ code\n"
    );
}

#[test]
fn reserved_names_are_variables_that_cannot_be_assigned() {
    assert_eq!(
        body("thisContext foo: super self: thisProcess"),
        "thisContext foo: super self: thisProcess"
    );
    assert_eq!(codes("foo self := 3. | nil |"), ["S013", "S010"]);
}

#[test]
fn each_faulty_statement_is_reported_once_and_the_others_are_kept() {
    let (method, _, errors) =
        parse("foo\n\ta := . \n\tb foo: ).\n\tc bar.\n\t(d ; e.\n\t[ f := ] value.\n\t^ 1 + ");
    assert_eq!(errors.matches("error S").count(), 5, "{errors}");
    assert_eq!(method.statements.len(), 6, "{errors}");
}

#[test]
fn an_open_bracket_is_shown_with_the_place_where_it_should_close() {
    let (.., errors) = parse("foo\n\t^ (a foo: [ :x | x ]");
    assert_eq!(
        errors,
        "\
error S016: expected `)`, found the end
  --> test.st:2:22
  |
2 |     ^ (a foo: [ :x | x ]
  |       -                 ^ expected `)`
  |       to close this
  = hint: insert `)`, or remove the bracket that is open

"
    );
}

#[test]
fn unterminated_strings_and_comments_are_reported_where_they_begin() {
    assert_eq!(codes("foo ^ 'abc"), ["S003"]);
    assert_eq!(codes("foo \"abc"), ["S002"]);
    assert_eq!(codes("foo ^ $"), ["S004"]);
}

#[test]
fn nesting_has_a_limit_instead_of_an_overflow() {
    for text in ["(", "[", "{", "#(", "a := ", "[:a|"] {
        let deep = format!("foo {}", text.repeat(100_000));
        assert!(!codes(&deep).is_empty());
    }
    let long = format!("foo ^ 1{}", " + 1".repeat(100_000));
    assert_eq!(codes(&long), ["S012"]);
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in ".*") {
        let _ = parse(&text);
    }

    #[test]
    fn no_mixture_of_tokens_makes_the_parser_panic(parts in proptest::collection::vec(
        proptest::sample::select(vec![
            "foo", "at:", "put:", "a:b:", "[", "]", "(", ")", "{", "}", "#(", "#[", "#", "'", "''", "\"", "$", "$]", ":", ":=", "_",
            "^", ".", ";", "|", "||", "<", ">", "-", "--", "1", "16r", "16rF", "1.5", "1e", "1e5", "2s", "self", "nil", "ö", "×", "\u{0}", "\n", " ",
        ]), 0..60))
    {
        let _ = parse(&parts.concat());
        let _ = parse(&parts.join(" "));
    }

    #[test]
    fn what_is_printed_reads_as_the_same_text(parts in proptest::collection::vec(
        proptest::sample::select(vec![
            "foo", "at:", "put:", "[", "]", "(", ")", "{", "}", "#(", "#[", "'x'", "$a", ":a |", "x :=", "^", ".", ";", "+", "-", "1", "2.5", "#bar", "self",
        ]), 0..25))
    {
        let text = format!("foo {}", parts.join(" "));
        let (method, interner, errors) = parse(&text);
        if errors.is_empty() {
            let once = print_method(&method, &interner);
            prop_assert_eq!(&once, &printed(&once));
        }
    }
}

#[test]
fn expressions_are_numbered_densely() {
    let (method, ..) = parse("foo ^ a + (b foo: [ c ])");
    let numbers: Vec<_> = method.exprs.keys().map(EntityRef::index).collect();
    assert_eq!(numbers, [0, 1, 2, 3, 4, 5]);
    assert_eq!(method.span.file, FileId::new(0));
}
