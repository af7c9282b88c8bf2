//! Literals.

use super::{Parsed, Parser};
use crate::base::{Diagnostic, Natural, Span};
use crate::syntax::ast::{Literal, LiteralNode};
use crate::syntax::number::parse_number;
use crate::syntax::token::{Token, TokenKind};

impl Parser<'_> {
    /// Whether a minus sign stands directly before a number.
    pub(super) fn at_negative_number(&self) -> bool {
        let (sign, number) = (self.peek(), self.peek_at(1));
        self.at_operator("-")
            && number.kind == TokenKind::Number
            && sign.span.end == number.span.start
    }

    /// A literal outside of a literal array.
    pub(super) fn literal(&mut self) -> Parsed<LiteralNode> {
        let start = self.peek().span;
        let literal = match self.kind() {
            TokenKind::Number => self.number(false)?,
            TokenKind::Binary if self.at_negative_number() => {
                self.advance();
                self.number(true)?
            }
            TokenKind::String => {
                let token = self.advance();
                Literal::String(self.string_content(token, 1))
            }
            TokenKind::Character => {
                let token = self.advance();
                Literal::Character(self.text_of(token.span).chars().nth(1).unwrap_or(' '))
            }
            TokenKind::Symbol => self.symbol(),
            TokenKind::LiteralArrayOpen => self.nested(Self::literal_array)?,
            TokenKind::ByteArrayOpen => self.byte_array()?,
            TokenKind::Hash if self.extended => {
                self.advance();
                return self.array_element_after_hash();
            }
            TokenKind::Identifier => match self.text_of(start) {
                "true" => self.constant(Literal::Boolean(true)),
                "false" => self.constant(Literal::Boolean(false)),
                "nil" => self.constant(Literal::Nil),
                _ => return self.unexpected("a literal"),
            },
            _ => return self.unexpected("a literal"),
        };
        Ok(LiteralNode {
            literal,
            span: start.to(self.previous_span()),
        })
    }

    fn constant(&mut self, literal: Literal) -> Literal {
        self.advance();
        literal
    }

    fn number(&mut self, negative: bool) -> Parsed<Literal> {
        let token = self.peek();
        match parse_number(self.text_of(token.span), negative) {
            Ok(literal) => {
                self.advance();
                Ok(literal)
            }
            Err(message) => {
                let error = Diagnostic::error("S020", message).primary(token.span, "");
                let result = self.fail(error.hint(
                    "numbers are written 42, 16rFF (radix 2 to 36, capital digits), 1.5e3, 3.14s2",
                ));
                self.advance();
                result
            }
        }
    }

    /// The text between the quotes, doubled ones made single; `prefix` bytes stand before the text.
    fn string_content(&self, token: Token, prefix: usize) -> Box<str> {
        let text = self.text_of(token.span);
        let inner = text.get(prefix..).unwrap_or("");
        let inner = inner.strip_suffix('\'').unwrap_or(inner);
        if inner.contains('\'') {
            inner.replace("''", "'").into()
        } else {
            inner.into()
        }
    }

    fn symbol(&mut self) -> Literal {
        let token = self.advance();
        let text = self.text_of(token.span);
        let name = text.trim_start_matches('#');
        let hashes = text.len() - name.len();
        if name.starts_with('\'') {
            let content = self.string_content(token, hashes + 1);
            return Literal::Symbol(self.interner.intern(&content));
        }
        Literal::Symbol(self.interner.intern(name))
    }

    /// `#[1 2]`, or `#[1.5 2 -3.0]`: the first element tells which.
    fn byte_array(&mut self) -> Parsed<Literal> {
        let open = self.advance();
        let mut elements = Vec::new();
        while !self.at(TokenKind::BracketClose) {
            let start = self.peek().span;
            let negative = self.at_negative_number();
            if negative {
                self.advance();
            }
            if !self.at(TokenKind::Number) {
                return self
                    .expect_close(TokenKind::BracketClose, open.span)
                    .map(|()| Literal::Nil);
            }
            let number = self.number(negative)?;
            elements.push((number, start.to(self.previous_span())));
        }
        self.advance();
        let has_floats = matches!(elements.first(), Some((Literal::Float(_), _)));
        Ok(match has_floats {
            true => Literal::FloatArray(self.elements(&elements, float_of, "numbers")),
            false => Literal::ByteArray(self.elements(&elements, byte_of, "between 0 and 255")),
        })
    }

    /// The elements as `convert` takes them; those that it refuses are reported.
    fn elements<T>(
        &mut self,
        elements: &[(Literal, Span)],
        convert: impl Fn(&Literal) -> Option<T>,
        what: &str,
    ) -> Box<[T]> {
        let mut converted = Vec::with_capacity(elements.len());
        for (literal, span) in elements {
            match convert(literal) {
                Some(element) => converted.push(element),
                None => {
                    let message = format!("the elements of a byte array are {what}");
                    let error = Diagnostic::error("S021", message).primary(*span, "");
                    self.diagnostics
                        .push(error.hint("correct it, or write a literal array: #( 256 )"));
                }
            }
        }
        converted.into()
    }

    /// `#(…)`, or `(…)` inside of one.
    fn literal_array(&mut self) -> Parsed<Literal> {
        let open = self.advance();
        let mut elements = Vec::new();
        while !self.at(TokenKind::ParenClose) {
            match self.kind() {
                TokenKind::End
                | TokenKind::BracketClose
                | TokenKind::BraceOpen
                | TokenKind::BraceClose
                | TokenKind::Backquote
                | TokenKind::Unknown => {
                    self.expect_close(TokenKind::ParenClose, open.span)?;
                }
                _ => elements.push(self.array_element()?),
            }
        }
        self.advance();
        Ok(Literal::Array(elements))
    }

    pub(super) fn array_element(&mut self) -> Parsed<LiteralNode> {
        let start = self.peek();
        let literal = match start.kind {
            TokenKind::Identifier => match self.text_of(start.span) {
                "true" => self.constant(Literal::Boolean(true)),
                "false" => self.constant(Literal::Boolean(false)),
                "nil" => self.constant(Literal::Nil),
                _ => self.bare_symbol(),
            },
            TokenKind::Binary if !self.at_negative_number() => self.bare_symbol(),
            TokenKind::Hash => {
                // `# foo` in old sources; the hash says nothing more.
                self.advance();
                return self.array_element_after_hash();
            }
            TokenKind::Keyword | TokenKind::Keywords => self.keyword_symbol(),
            TokenKind::Bar
            | TokenKind::Assign
            | TokenKind::Caret
            | TokenKind::Period
            | TokenKind::Semicolon
            | TokenKind::Colon => self.bare_symbol(),
            TokenKind::ParenOpen => self.nested(Self::literal_array)?,
            TokenKind::BracketOpen => self.byte_array()?,
            _ => return self.literal(),
        };
        Ok(LiteralNode {
            literal,
            span: start.span.to(self.previous_span()),
        })
    }

    fn array_element_after_hash(&mut self) -> Parsed<LiteralNode> {
        match self.kind() {
            TokenKind::Identifier | TokenKind::Keyword | TokenKind::Keywords => {
                self.array_element()
            }
            _ => self.unexpected("a symbol"),
        }
    }

    fn bare_symbol(&mut self) -> Literal {
        let token = self.advance();
        Literal::Symbol(self.intern_token(token))
    }

    /// `at:put:`, and `at:put` too: what stands without space behind the last colon belongs to it.
    fn keyword_symbol(&mut self) -> Literal {
        let mut span = self.advance().span;
        if self.at(TokenKind::Identifier) && self.peek().span.start == span.end {
            span = span.to(self.advance().span);
        }
        Literal::Symbol(self.interner.intern(self.text_of(span)))
    }
}

fn byte_of(literal: &Literal) -> Option<u8> {
    match literal {
        Literal::Integer(value) => u8::try_from(value.to_i128()?).ok(),
        _ => None,
    }
}

fn float_of(literal: &Literal) -> Option<f64> {
    let one = Natural::from(1u128);
    match literal {
        Literal::Float(value) => Some(*value),
        Literal::Integer(value) => {
            let size = value.magnitude().ratio_to_f64(&one);
            Some(if value.is_negative() { -size } else { size })
        }
        _ => None,
    }
}
