//! One Tonel file to its definition.
//!
//! The end of a method is found by the lexer. If a quote or bracket is missing, that end is wrong, and so would be everything behind it: the file is then read
//! again, and no method reaches beyond the next line that begins like the properties of a method.

use super::definition::{ClassDefinition, DefinitionKind, MethodChunk, SourceText};
use super::header::HeaderReader;
use super::ston::{Node, Scanner, Value};
use crate::base::{Diagnostic, Diagnostics, FileId, Interner, Span, Symbol};
use crate::syntax::ast::Name;
use crate::syntax::lexer::Lexer;
use crate::syntax::parser::{MethodTokens, parse_method};
use crate::syntax::token::{Token, TokenKind};

/// What a `package.st` says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PackageDefinition {
    /// `#name`.
    pub name: Box<str>,
    /// Where the name stands.
    pub name_span: Span,
}

/// Reads a class, trait or extension file. What is faulty is left out and reported; none if there is no usable header.
pub fn read_class(
    text: &str,
    file: FileId,
    interner: &mut Interner,
    diagnostics: &mut Diagnostics,
) -> Option<ClassDefinition> {
    let strict = Reader::new(text, file, interner, Boundaries::None).read();
    let result = if strict.structure_is_broken {
        let recovered = Reader::new(text, file, interner, Boundaries::AtProperties).read();
        if recovered.diagnostics.has_errors() {
            recovered
        } else {
            strict
        }
    } else {
        strict
    };
    diagnostics.append(result.diagnostics);
    result.definition
}

/// Reads a `package.st`.
pub fn read_package(
    text: &str,
    file: FileId,
    diagnostics: &mut Diagnostics,
) -> Option<PackageDefinition> {
    let mut lexer = Lexer::new(text, file, 0, text.len());
    let keyword = lexer.next_token();
    if lexer.text_of(keyword) != "Package" {
        let error =
            Diagnostic::error("F001", "expected `Package { #name : … }`").primary(keyword.span, "");
        diagnostics.push(error.hint("a package.st has nothing but this header"));
        return None;
    }
    let header = Scanner::new(text, file, lexer.position(), diagnostics).map()?;
    let Value::Map(entries) = &header.value else {
        return None;
    };
    let text_of = |node: &Node| match &node.value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    };
    let is_name = |key: &Node| text_of(key).is_some_and(|text| &*text.text == "name");
    let name = entries
        .iter()
        .find(|(key, _)| is_name(key))
        .and_then(|(_, value)| text_of(value));
    if name.is_none() {
        let error = Diagnostic::error("F001", "this package has no #name")
            .primary(header.span.at_start(), "");
        diagnostics.push(error.hint("add #name : '…', as the folder is called"));
    }
    name.map(|name| PackageDefinition {
        name: name.text,
        name_span: name.inner,
    })
}

/// Whether a method may contain what looks like the properties of the next one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Boundaries {
    None,
    AtProperties,
}

struct ReadFile {
    definition: Option<ClassDefinition>,
    diagnostics: Diagnostics,
    /// A quote or bracket is missing somewhere.
    structure_is_broken: bool,
}

struct Reader<'a> {
    text: &'a str,
    file: FileId,
    interner: &'a mut Interner,
    boundaries: Boundaries,
    position: usize,
    diagnostics: Diagnostics,
    structure_is_broken: bool,
    /// Reused for each method.
    tokens: MethodTokens,
}

/// `Foo class >>`.
struct Owner {
    class: Name,
    class_side: bool,
    start: Span,
}

impl<'a> Reader<'a> {
    fn new(
        text: &'a str,
        file: FileId,
        interner: &'a mut Interner,
        boundaries: Boundaries,
    ) -> Self {
        Reader {
            text,
            file,
            interner,
            boundaries,
            position: 0,
            diagnostics: Diagnostics::new(),
            structure_is_broken: false,
            tokens: MethodTokens::default(),
        }
    }

    fn read(mut self) -> ReadFile {
        let mut definition = self.header();
        if let Some(definition) = &mut definition {
            definition.methods = self.methods();
            self.check_owners(definition);
            self.check_duplicates(definition);
        }
        let Reader {
            diagnostics,
            structure_is_broken,
            ..
        } = self;
        ReadFile {
            definition,
            diagnostics,
            structure_is_broken,
        }
    }

    fn header(&mut self) -> Option<ClassDefinition> {
        let comment = self.class_comment();
        let mut lexer = self.lexer(Boundaries::None);
        let keyword = lexer.next_token();
        let kind = match lexer.text_of(keyword) {
            "Class" => DefinitionKind::Class,
            "Trait" => DefinitionKind::Trait,
            "Extension" => DefinitionKind::Extension,
            _ => {
                let error = Diagnostic::error(
                    "F001",
                    "expected `Class`, `Trait` or `Extension` and a header in braces",
                );
                self.diagnostics.push(
                    error
                        .primary(keyword.span, "")
                        .hint("a comment may stand before it, nothing else"),
                );
                return None;
            }
        };
        self.position = lexer.position();
        let header = self.map()?;
        let mut reader = HeaderReader {
            text: self.text,
            interner: self.interner,
            diagnostics: &mut self.diagnostics,
        };
        reader.definition(kind, comment, &header)
    }

    /// The comment before the header; quotes in it are doubled.
    fn class_comment(&mut self) -> Option<SourceText> {
        let blank = |character: char| character.is_whitespace() || character == '\u{FEFF}';
        let start = self.text.len() - self.text.trim_start_matches(blank).len();
        let bytes = self.text.as_bytes();
        if bytes.get(start) != Some(&b'"') {
            return None;
        }
        let mut end = start + 1;
        loop {
            match bytes.get(end) {
                Some(b'"') if bytes.get(end + 1) == Some(&b'"') => end += 2,
                Some(b'"') => break,
                Some(_) => end += 1,
                // The lexer will report it.
                None => return None,
            }
        }
        self.position = end + 1;
        let inner = self
            .text
            .get(start + 1..end)
            .unwrap_or("")
            .trim_matches('\n');
        Some(SourceText {
            text: inner.replace("\"\"", "\"").into(),
            span: Span::new(self.file, start, end + 1),
        })
    }

    fn methods(&mut self) -> Vec<MethodChunk> {
        let mut methods = Vec::new();
        loop {
            let mut lexer = self.lexer(Boundaries::None);
            let first = lexer.next_token();
            match first.kind {
                TokenKind::End => {
                    // Comments are skipped silently here, but not one that does not end.
                    self.structure_is_broken |= lexer.diagnostics.has_errors();
                    self.diagnostics.append(lexer.diagnostics);
                    return methods;
                }
                TokenKind::BraceOpen | TokenKind::Identifier => {
                    let start = self.position;
                    match self.method() {
                        Some(method) => methods.push(method),
                        None => self.skip_to_next_method(start),
                    }
                }
                _ => {
                    let error =
                        Diagnostic::error("F003", "expected a method: `Class >> selector [ … ]`");
                    self.diagnostics.push(error.primary(first.span, "").hint(
                        "behind the header there are only methods, each with its category in braces before it if it has one",
                    ));
                    self.structure_is_broken = true;
                    self.skip_to_next_method(first.span.start as usize);
                }
            }
        }
    }

    fn method(&mut self) -> Option<MethodChunk> {
        let category = self.properties()?;
        let mut lexer = self.lexer(self.boundaries);
        let owner = self.owner(&mut lexer)?;
        self.collect_pattern(&mut lexer, &owner)?;
        let body_start = lexer.position();
        let body_end = self.collect_body(&mut lexer);
        self.position = lexer.position();
        self.diagnostics.append(lexer.diagnostics);
        let method = parse_method(
            self.text,
            &self.tokens,
            self.interner,
            &mut self.diagnostics,
        );
        let end = Span::new(self.file, self.position, self.position);
        Some(MethodChunk {
            class: owner.class,
            class_side: owner.class_side,
            category,
            selector: method.selector,
            span: owner.start.to(end),
            body_span: Span::new(self.file, body_start, body_end),
            method,
        })
    }

    /// `{ #category : 'accessing' }`, if there is one; none after an error.
    fn properties(&mut self) -> Option<Option<Name>> {
        let mut lexer = self.lexer(Boundaries::None);
        let first = lexer.next_token();
        if first.kind != TokenKind::BraceOpen {
            return Some(None);
        }
        self.position = first.span.start as usize;
        let Some(map) = self.map() else {
            self.structure_is_broken = true;
            return None;
        };
        let Value::Map(entries) = &map.value else {
            return None;
        };
        let is_category =
            |key: &Node| matches!(&key.value, Value::Text(text) if &*text.text == "category");
        let category = entries.iter().find(|(key, _)| is_category(key));
        let mut reader = HeaderReader {
            text: self.text,
            interner: self.interner,
            diagnostics: &mut self.diagnostics,
        };
        Some(category.and_then(|(_, value)| reader.name(value)))
    }

    fn owner(&mut self, lexer: &mut Lexer) -> Option<Owner> {
        let class = lexer.next_token();
        let mut next = lexer.next_token();
        let class_side = matches!(lexer.text_of(next), "class" | "classSide" | "classTrait");
        if class_side {
            next = lexer.next_token();
        }
        if class.kind != TokenKind::Identifier || lexer.text_of(next) != ">>" {
            let place = if class.kind == TokenKind::Identifier {
                next
            } else {
                class
            };
            let error = Diagnostic::error("F003", "expected `Class >> selector [`");
            self.diagnostics.push(error.primary(place.span, "").hint(
                "a method says whose it is: `Class >> selector [` or `Class class >> selector [`",
            ));
            self.structure_is_broken = true;
            return None;
        }
        let name = self.interner.intern(lexer.text_of(class));
        Some(Owner {
            class: Name {
                name,
                span: class.span,
            },
            class_side,
            start: class.span,
        })
    }

    /// Takes the tokens up to `[`.
    fn collect_pattern(&mut self, lexer: &mut Lexer, owner: &Owner) -> Option<()> {
        self.tokens.tokens.clear();
        loop {
            let token = lexer.next_token();
            match token.kind {
                TokenKind::BracketOpen => break,
                TokenKind::End => {
                    let error =
                        Diagnostic::error("F003", "expected `[` behind the method's pattern");
                    self.diagnostics.push(
                        error
                            .primary(owner.start, "in this method")
                            .hint("the method's body stands in brackets"),
                    );
                    self.structure_is_broken = true;
                    return None;
                }
                _ => self.tokens.tokens.push(token),
            }
        }
        self.tokens.pattern_length = Some(self.tokens.tokens.len());
        lexer.take_first_comment();
        Some(())
    }

    /// Takes the tokens up to the bracket that closes the method; answers its offset.
    fn collect_body(&mut self, lexer: &mut Lexer) -> usize {
        let open = lexer.position().saturating_sub(1);
        let mut depth = 0u32;
        let last = loop {
            let token = lexer.next_token();
            match token.kind {
                TokenKind::BracketOpen | TokenKind::ByteArrayOpen => depth += 1,
                TokenKind::BracketClose if depth == 0 => break token,
                TokenKind::BracketClose => depth -= 1,
                TokenKind::End => {
                    self.report_open_method(lexer, open, token);
                    break token;
                }
                _ => {}
            }
            self.tokens.tokens.push(token);
        };
        self.tokens.tokens.push(Token {
            kind: TokenKind::End,
            span: last.span.at_start(),
        });
        self.tokens.comment = lexer.take_first_comment();
        last.span.start as usize
    }

    fn report_open_method(&mut self, lexer: &Lexer, open: usize, end: Token) {
        self.structure_is_broken = true;
        if lexer.diagnostics.has_errors() {
            // A comment or string without end explains it.
            return;
        }
        let error = Diagnostic::error("F004", "this method has no end: a `]` is missing");
        let error = error.primary(
            Span::new(self.file, open, open + 1),
            "the method begins here",
        );
        let error = error.secondary(end.span.at_start(), "and is still open here");
        self.diagnostics
            .push(error.hint("count the brackets of its blocks"));
    }

    /// A lexer from here to the next boundary.
    fn lexer(&self, boundaries: Boundaries) -> Lexer<'a> {
        let end = match boundaries {
            Boundaries::None => self.text.len(),
            Boundaries::AtProperties => next_properties(self.text, self.position + 1),
        };
        Lexer::new(self.text, self.file, self.position, end)
    }

    fn map(&mut self) -> Option<Node> {
        let mut scanner = Scanner::new(self.text, self.file, self.position, &mut self.diagnostics);
        let map = scanner.map();
        self.position = scanner.position;
        map
    }

    /// Goes on at the next line that looks like the properties of a method.
    fn skip_to_next_method(&mut self, from: usize) {
        self.position = next_properties(self.text, from.max(self.position) + 1);
    }

    /// Each method must name the class of the file.
    fn check_owners(&mut self, definition: &ClassDefinition) {
        for method in &definition.methods {
            if method.class.name != definition.name.name {
                let (wrong, right) = (
                    self.interner.text(method.class.name),
                    self.interner.text(definition.name.name),
                );
                let message = format!("this file defines {right}, not {wrong}");
                let error = Diagnostic::error("F005", message).primary(method.class.span, "");
                let error = error.secondary(definition.name.span, "the class of this file");
                self.diagnostics
                    .push(error.hint(format!("put methods of {wrong} into {wrong}.extension.st")));
            }
        }
    }

    fn check_duplicates(&mut self, definition: &ClassDefinition) {
        let key = |method: &MethodChunk| (method.class.name, method.class_side, method.selector);
        let mut methods: Vec<((Symbol, bool, Symbol), Span)> = definition
            .methods
            .iter()
            .map(|method| (key(method), method.method.pattern_span))
            .collect();
        methods.sort();
        for pair in methods.windows(2) {
            let [(first, first_span), (second, second_span)] = pair else {
                continue;
            };
            let selector = self.interner.text(second.2);
            if first == second && !selector.is_empty() {
                let message = format!("#{selector} is defined twice");
                let error = Diagnostic::error("F006", message).primary(*second_span, "again here");
                self.diagnostics.push(
                    error
                        .secondary(*first_span, "first here")
                        .hint("remove or rename one of them"),
                );
            }
        }
    }
}

/// The offset of the next line, from `position` on, that begins with `{`, blanks and `#category`; else the end of the text.
fn next_properties(text: &str, position: usize) -> usize {
    let bytes = text.as_bytes();
    let mut from = position.saturating_sub(1).min(bytes.len());
    while let Some(found) = bytes[from..].windows(2).position(|pair| pair == b"\n{") {
        let brace = from + found + 1;
        let rest = bytes[brace + 1..].trim_ascii_start();
        let key = rest.strip_prefix(b"#").unwrap_or(rest);
        if key
            .strip_prefix(b"'")
            .unwrap_or(key)
            .starts_with(b"category")
        {
            return brace;
        }
        from = brace;
    }
    bytes.len()
}

#[cfg(test)]
mod tests;
