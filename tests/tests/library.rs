//! What the class library consists of: methods that do something of their own, and messages that somebody sends.

use std::collections::{BTreeMap, BTreeSet};

use ouroc::base::source::SourceMap;
use ouroc::base::{Diagnostics, Interner};
use ouroc::syntax::ast::{ExprKind, Literal, Method};
use ouroc::syntax::printer::print_method;
use ouroc::tonel::{ClassDefinition, read_class};
use tests::{files, root, text};

/// The classes and extensions in a folder of `vm-source-st`.
fn definitions(folder: &str, interner: &mut Interner) -> Vec<ClassDefinition> {
    let mut sources = SourceMap::new();
    let mut diagnostics = Diagnostics::default();
    let endings = [".class.st", ".extension.st"];
    let mut read = Vec::new();
    for path in files(&format!("vm-source-st/{folder}"), &endings) {
        let source = text(&path);
        let file = sources.add(path.display().to_string(), source.as_str());
        let definition = read_class(&source, file, interner, &mut diagnostics);
        read.push(definition.expect("the file defines something"));
    }
    assert!(!diagnostics.has_errors() && !read.is_empty(), "{folder}");
    read
}

/// A class or its class side.
type Side = (String, bool);

/// The methods of a folder, printed without comments and without the names of their parameters.
fn printed_methods(
    definitions: &[ClassDefinition],
    interner: &Interner,
) -> BTreeMap<(Side, String), String> {
    let mut methods = BTreeMap::new();
    for chunk in definitions.iter().flat_map(|class| &class.methods) {
        let side = (interner.text(chunk.class.name).to_owned(), chunk.class_side);
        let selector = interner.text(chunk.selector).to_owned();
        let printed = without_parameters(&chunk.method, interner);
        methods.insert((side, selector), printed);
    }
    methods
}

/// The text of a method with numbers for parameters.
fn without_parameters(method: &Method, interner: &Interner) -> String {
    let names: Vec<&str> = method
        .params
        .iter()
        .map(|name| interner.text(name.name))
        .collect();
    let printed = print_method(method, interner);
    let words = printed.split_inclusive(|c: char| !c.is_alphanumeric());
    words
        .map(|word| {
            let name = word.trim_end_matches(|c: char| !c.is_alphanumeric());
            match names.iter().position(|parameter| *parameter == name) {
                Some(place) => format!("{place}{}", &word[name.len()..]),
                None => word.to_owned(),
            }
        })
        .collect()
}

#[test]
fn no_method_only_repeats_what_it_would_inherit() {
    let mut interner = Interner::new();
    let definitions = definitions("kernel", &mut interner);
    let superclasses: BTreeMap<&str, &str> = definitions
        .iter()
        .filter_map(|class| {
            let superclass = class.superclass?;
            Some((
                interner.text(class.name.name),
                interner.text(superclass.name),
            ))
        })
        .collect();
    let above = |(class, is_class_side): &Side| -> Option<Side> {
        match superclasses.get(class.as_str()) {
            Some(superclass) => Some(((*superclass).to_owned(), *is_class_side)),
            None => is_class_side.then(|| ("Class".to_owned(), false)),
        }
    };
    let methods = printed_methods(&definitions, &interner);
    let mut findings = Vec::new();
    for ((side, selector), printed) in &methods {
        let mut inherited = above(side);
        while let Some(side) = &inherited
            && !methods.contains_key(&(side.clone(), selector.clone()))
        {
            inherited = above(side);
        }
        let other = inherited.and_then(|side| methods.get(&(side, selector.clone())));
        if other == Some(printed) && !printed.contains("super ") {
            findings.push(format!("{side:?}>>{selector}"));
        }
    }
    assert!(findings.is_empty(), "{findings:#?}");
}

/// The symbols in a literal.
fn symbols(literal: &Literal, interner: &Interner, found: &mut BTreeSet<String>) {
    match literal {
        Literal::Symbol(symbol) => {
            found.insert(interner.text(*symbol).to_owned());
        }
        Literal::Array(elements) => {
            for element in elements {
                symbols(&element.literal, interner, found);
            }
        }
        _ => {}
    }
}

/// The messages that methods send, or name, other than the one that the method itself answers.
fn sent(definitions: &[ClassDefinition], interner: &Interner) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for chunk in definitions.iter().flat_map(|class| &class.methods) {
        let mut sent = BTreeSet::new();
        for expr in chunk.method.exprs.values() {
            match &expr.kind {
                ExprKind::Send(send) => {
                    sent.insert(interner.text(send.selector).to_owned());
                }
                ExprKind::Literal(literal) => symbols(literal, interner, &mut sent),
                _ => {}
            }
        }
        sent.remove(interner.text(chunk.selector));
        all.append(&mut sent);
    }
    all
}

/// The words, some with a colon, of what else has Smalltalk in it: the image's description, its first statements, tests that start images.
fn words_elsewhere() -> BTreeSet<String> {
    let mut paths = vec![
        root().join("vm-source-st/kernel.ron"),
        root().join("vm-source-st/kernel/boot.st"),
    ];
    paths.extend(files("tests", &[".rs"]));
    let mut words = BTreeSet::new();
    for path in paths {
        let source = text(&path);
        let separates = |c: char| !(c.is_alphanumeric() || c == ':' || c == '_');
        words.extend(source.split(separates).map(str::to_owned));
    }
    words
}

#[test]
fn each_message_that_the_library_understands_is_sent_by_it_or_by_a_test() {
    let mut interner = Interner::new();
    let library = definitions("kernel", &mut interner);
    let mut known = sent(&library, &interner);
    for folder in ["kernel-tests", "kernel-attacks", "kernel-bench"] {
        let tests = definitions(folder, &mut interner);
        known.append(&mut sent(&tests, &interner));
    }
    let words = words_elsewhere();
    let mut unknown = BTreeSet::new();
    for chunk in library.iter().flat_map(|class| &class.methods) {
        let selector = interner.text(chunk.selector);
        let is_word = |word: &str| words.contains(word);
        let is_written = is_word(selector) || selector.split_inclusive(':').all(is_word);
        if !known.contains(selector) && !is_written {
            let class = interner.text(chunk.class.name);
            let side = if chunk.class_side { " class" } else { "" };
            unknown.insert(format!("{class}{side}>>{selector}"));
        }
    }
    assert!(unknown.is_empty(), "{unknown:#?}");
}
