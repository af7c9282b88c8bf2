//! Tokens of the text form. Line ends count only where an item is skipped; comments are kept when they are positions.

use super::{ParseError, Result, type_named};
use crate::ir::types::Type;

/// A token.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Token {
    /// Letters, digits, `_`, inner dots; also a sign before digits.
    Word(String),
    /// A quoted name.
    Text(String),
    /// Punctuation.
    Mark(&'static str),
    /// The end of the text.
    End,
}

/// The tokens of a text with their lines, and a place among them.
pub(super) struct Lexer<'a> {
    tokens: Vec<(Token, usize)>,
    at: usize,
    text: std::marker::PhantomData<&'a str>,
}

const MARKS: [&str; 14] = [
    "->", "{", "}", "(", ")", "[", "]", ":", ",", "=", "+", "*", "!", "@",
];

impl Lexer<'_> {
    pub(super) fn new(text: &str) -> Result<Self> {
        let mut tokens = Vec::new();
        let mut last_line = 1;
        for (line, content) in (1..).zip(text.lines()) {
            tokenize(content, line, &mut tokens)?;
            last_line = line + 1;
        }
        tokens.push((Token::End, last_line));
        Ok(Self {
            tokens,
            at: 0,
            text: std::marker::PhantomData,
        })
    }

    pub(super) fn rewind(&mut self) {
        self.at = 0;
    }

    pub(super) fn token(&self) -> &Token {
        &self.tokens[self.at].0
    }

    pub(super) fn line(&self) -> usize {
        self.tokens[self.at].1
    }

    /// The line of the last token taken.
    pub(super) fn last_line(&self) -> usize {
        self.tokens[self.at.saturating_sub(1)].1
    }

    pub(super) fn at_end(&self) -> bool {
        *self.token() == Token::End
    }

    /// Whether the last token taken was the last one of its line.
    pub(super) fn at_line_end(&self) -> bool {
        self.at_end() || self.at == 0 || self.tokens[self.at - 1].1 != self.line()
    }

    pub(super) fn next(&mut self) {
        if !self.at_end() {
            self.at += 1;
        }
    }

    pub(super) fn skip_line(&mut self) {
        let line = self.line();
        while !self.at_end() && self.line() == line {
            self.at += 1;
        }
    }

    pub(super) fn word(&self) -> Option<&str> {
        match self.token() {
            Token::Word(word) => Some(word),
            _ => None,
        }
    }

    pub(super) fn describe(&self) -> String {
        match self.token() {
            Token::Word(word) => word.clone(),
            Token::Text(text) => format!("{text:?}"),
            Token::Mark(mark) => (*mark).to_owned(),
            Token::End => "the end of the text".to_owned(),
        }
    }

    /// The error that something else is next.
    pub(super) fn wanted<T>(&self, what: &str) -> Result<T> {
        Err(ParseError {
            line: self.line(),
            message: format!("expected {what}, found {}", self.describe()),
        })
    }

    /// Takes a mark or a word, if it is next.
    pub(super) fn eat(&mut self, what: &str) -> bool {
        let there = match self.token() {
            Token::Word(word) => word == what,
            Token::Mark(mark) => *mark == what,
            Token::Text(_) | Token::End => false,
        };
        if there {
            self.next();
        }
        there
    }

    pub(super) fn expect(&mut self, what: &str) -> Result<()> {
        if self.eat(what) {
            Ok(())
        } else {
            self.wanted(what)
        }
    }

    /// A quoted name.
    pub(super) fn string(&mut self) -> Result<String> {
        match self.token().clone() {
            Token::Text(text) => {
                self.next();
                Ok(text)
            }
            _ => self.wanted("a quoted name"),
        }
    }

    /// A name, quoted or not.
    pub(super) fn name(&mut self) -> Result<String> {
        match self.token().clone() {
            Token::Text(text) | Token::Word(text) => {
                self.next();
                Ok(text)
            }
            _ => self.wanted("a name"),
        }
    }

    pub(super) fn ty(&mut self) -> Result<Type> {
        match self.word().and_then(type_named) {
            Some(ty) => {
                self.next();
                Ok(ty)
            }
            None => self.wanted("a type"),
        }
    }

    /// A number of any type that the word reads as.
    pub(super) fn number<T: std::str::FromStr>(&mut self, what: &str) -> Result<T> {
        match self.word().and_then(|word| word.parse().ok()) {
            Some(number) => {
                self.next();
                Ok(number)
            }
            None => self.wanted(what),
        }
    }

    pub(super) fn unsigned(&mut self) -> Result<u32> {
        self.number("an unsigned number")
    }

    /// `+ n`, `- n` or nothing.
    pub(super) fn distance(&mut self) -> Result<i64> {
        if self.eat("+") {
            self.number("a distance")
        } else if self.eat("-") {
            let magnitude: u64 = self.number("a distance")?;
            Ok(0i64.wrapping_sub_unsigned(magnitude))
        } else {
            Ok(0)
        }
    }

    /// A distance, or nothing but the `+` where an index follows.
    pub(super) fn sum_until_index(&mut self) -> Result<i64> {
        if *self.token() == Token::Mark("+") {
            self.next();
            if self.value_number().is_some() {
                return Ok(0);
            }
            return self.number("a distance");
        }
        self.distance()
    }

    fn numbered(&self, prefix: &str) -> Option<usize> {
        self.word()?.strip_prefix(prefix)?.parse().ok()
    }

    /// The number of a value, if one is next.
    pub(super) fn value_number(&self) -> Option<usize> {
        self.numbered("v")
    }

    /// The number of a block, if one is next.
    pub(super) fn block_number(&self) -> Option<usize> {
        self.numbered("block")
    }

    /// The number of an activation, if one is next.
    pub(super) fn site_number(&self) -> Option<usize> {
        self.numbered("site")
    }

    /// The number of a signature, if one is next.
    pub(super) fn signature_number(&self) -> Option<usize> {
        self.numbered("sig")
    }
}

fn tokenize(content: &str, line: usize, tokens: &mut Vec<(Token, usize)>) -> Result<()> {
    let mut rest = content.trim_start();
    while let Some(first) = rest.chars().next() {
        if let Some(comment) = rest.strip_prefix(';') {
            // A position is part of the text, any other comment is not.
            if !comment.trim_start().starts_with("line ") {
                return Ok(());
            }
            tokens.push((Token::Mark(";"), line));
            rest = comment.trim_start();
            continue;
        }
        if let Some(mark) = MARKS.iter().find(|mark| rest.starts_with(**mark)) {
            tokens.push((Token::Mark(mark), line));
            rest = rest[mark.len()..].trim_start();
        } else if first == '"' {
            let (text, length) = quoted(rest, line)?;
            tokens.push((Token::Text(text), line));
            rest = rest[length..].trim_start();
        } else {
            let inner = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.' || c == '-';
            let length = rest.find(|c| !inner(c)).unwrap_or(rest.len());
            if length == 0 {
                return Err(ParseError {
                    line,
                    message: format!("{first:?} is not IR"),
                });
            }
            tokens.push((Token::Word(rest[..length].to_owned()), line));
            rest = rest[length..].trim_start();
        }
    }
    Ok(())
}

/// The text between quotes, and how many bytes it takes with them.
fn quoted(rest: &str, line: usize) -> Result<(String, usize)> {
    let mut text = String::new();
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => {
                text.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return Ok((text, at + 1)),
            _ => text.push(c),
        }
    }
    Err(ParseError {
        line,
        message: "a quote is missing".to_owned(),
    })
}
