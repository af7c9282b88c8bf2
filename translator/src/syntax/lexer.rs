//! Text to tokens.
//!
//! The lexer works on the text of a whole file from an offset on, so that spans are those of the file, and so that a method's end is found where
//! the lexer sees it: brackets in strings, comments and characters do not count. Minus signs are operators; the parser joins them to numbers.

use crate::base::{Diagnostic, Diagnostics, FileId, Span};
use crate::syntax::token::{Token, TokenKind};

/// Reads tokens one after the other.
pub struct Lexer<'a> {
    text: &'a str,
    file: FileId,
    position: usize,
    /// Nothing is read from here on.
    end: usize,
    /// The first comment that was skipped.
    first_comment: Option<Span>,
    /// Whether backquotes are tokens.
    pub backquotes: bool,
    /// What was found wrong.
    pub diagnostics: Diagnostics,
}

impl<'a> Lexer<'a> {
    /// A lexer of `text[start..end]`, which is the text of `file`.
    #[must_use]
    pub fn new(text: &'a str, file: FileId, start: usize, end: usize) -> Self {
        let end = end.min(text.len());
        let first_comment = None;
        Lexer {
            text,
            file,
            position: start.min(end),
            end,
            first_comment,
            backquotes: false,
            diagnostics: Diagnostics::new(),
        }
    }

    /// Where the next token is looked for.
    #[must_use]
    pub fn position(&self) -> usize {
        self.position
    }

    /// The first comment that was skipped since the last call, with its quotes.
    pub fn take_first_comment(&mut self) -> Option<Span> {
        self.first_comment.take()
    }

    /// The next token; at the end [`TokenKind::End`], again and again.
    pub fn next_token(&mut self) -> Token {
        self.skip_blanks();
        let start = self.position;
        let kind = self.scan();
        Token {
            kind,
            span: self.span_from(start),
        }
    }

    /// The text that a token covers.
    #[must_use]
    pub fn text_of(&self, token: Token) -> &'a str {
        self.text.get(token.span.range()).unwrap_or("")
    }

    fn scan(&mut self) -> TokenKind {
        let Some(byte) = self.peek(0) else {
            return TokenKind::End;
        };
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' => self.scan_word(),
            b'0'..=b'9' => self.scan_number(),
            b'\'' => self.scan_string(TokenKind::String),
            b'$' => self.scan_character(),
            b'#' => self.scan_hash(),
            b':' if self.peek(1) == Some(b'=') => self.take(2, TokenKind::Assign),
            b':' => self.take(1, TokenKind::Colon),
            b'_' => self.scan_underscore(),
            b'|' => self.take(1, TokenKind::Bar),
            b'^' => self.take(1, TokenKind::Caret),
            b'.' => self.take(1, TokenKind::Period),
            b';' => self.take(1, TokenKind::Semicolon),
            b'(' => self.take(1, TokenKind::ParenOpen),
            b')' => self.take(1, TokenKind::ParenClose),
            b'[' => self.take(1, TokenKind::BracketOpen),
            b']' => self.take(1, TokenKind::BracketClose),
            b'{' => self.take(1, TokenKind::BraceOpen),
            b'}' => self.take(1, TokenKind::BraceClose),
            b'`' if self.backquotes => self.take(1, TokenKind::Backquote),
            _ => self.scan_other(),
        }
    }

    /// Letters outside of ASCII, operators, and what is nothing.
    fn scan_other(&mut self) -> TokenKind {
        match self.current_char() {
            Some(character) if character.is_alphabetic() => self.scan_word(),
            Some(character) if is_binary_char(character) => self.scan_binary(),
            Some(character) => {
                let start = self.position;
                self.position += character.len_utf8();
                let message = format!("the character {character:?} has no meaning here");
                let span = self.span_from(start);
                self.diagnostics
                    .push(Diagnostic::error("S001", message).primary(span, "").hint(
                    "remove it: only strings, comments and characters ($) have other characters",
                ));
                TokenKind::Unknown
            }
            None => TokenKind::End,
        }
    }

    fn skip_blanks(&mut self) {
        while let Some(byte) = self.peek(0) {
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' | 0x0C => self.position += 1,
                b'"' => self.skip_comment(),
                _ => match self.current_char() {
                    Some(character) if character.is_whitespace() || character == '\u{FEFF}' => {
                        self.position += character.len_utf8();
                    }
                    _ => return,
                },
            }
        }
    }

    fn skip_comment(&mut self) {
        let start = self.position;
        let rest = &self.text.as_bytes()[start + 1..self.end];
        match rest.iter().position(|&byte| byte == b'"') {
            Some(length) => self.position = start + length + 2,
            None => self.unterminated(
                start,
                "S002",
                "this comment has no end",
                "close it with a double quote; a double quote in it is doubled",
            ),
        }
        let span = self.span_from(start);
        self.first_comment.get_or_insert(span);
    }

    /// A name, or keywords: `at:`, `at:put:`. A colon that begins `:=` does not belong to it.
    fn scan_word(&mut self) -> TokenKind {
        self.skip_name();
        let mut keywords = 0;
        while self.peek(0) == Some(b':') && self.peek(1) != Some(b'=') {
            self.position += 1;
            keywords += 1;
            let before = self.position;
            if !self.at_letter() {
                break;
            }
            self.skip_name();
            if self.peek(0) != Some(b':') || self.peek(1) == Some(b'=') {
                // `at:index` is the keyword `at:` and a name.
                self.position = before;
                break;
            }
        }
        match keywords {
            0 => TokenKind::Identifier,
            1 => TokenKind::Keyword,
            _ => TokenKind::Keywords,
        }
    }

    /// Skips letters, digits and underscores.
    fn skip_name(&mut self) {
        loop {
            match self.peek(0) {
                Some(b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_') => self.position += 1,
                Some(byte) if byte >= 0x80 => match self.current_char() {
                    Some(letter) if letter.is_alphanumeric() => self.position += letter.len_utf8(),
                    _ => return,
                },
                _ => return,
            }
        }
    }

    fn scan_underscore(&mut self) -> TokenKind {
        let keyword = self.peek(1) == Some(b':') && self.peek(2) != Some(b'=');
        if keyword
            || self
                .peek(1)
                .is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        {
            self.scan_word()
        } else {
            self.take(1, TokenKind::Assign)
        }
    }

    /// Everything that [`crate::syntax::number`] may understand: digits, radix, point, exponent, scale.
    fn scan_number(&mut self) -> TokenKind {
        self.skip_digits();
        let with_radix = self.peek(0) == Some(b'r') && self.radix_digit_follows();
        if with_radix {
            self.position += 1;
            if self.peek(0) == Some(b'-') {
                self.position += 1;
            }
            self.skip_radix_digits();
        }
        let after_point = self.peek(1).filter(|_| self.peek(0) == Some(b'.'));
        if after_point
            .is_some_and(|byte| byte.is_ascii_digit() || with_radix && byte.is_ascii_uppercase())
        {
            self.position += 1;
            if with_radix {
                self.skip_radix_digits()
            } else {
                self.skip_digits()
            }
        }
        if matches!(self.peek(0), Some(b'e' | b'd' | b'q')) {
            self.scan_exponent();
        }
        if self.peek(0) == Some(b's') && !self.name_follows(1) {
            self.position += 1;
            self.skip_digits();
        }
        TokenKind::Number
    }

    fn scan_exponent(&mut self) {
        let sign = usize::from(self.peek(1) == Some(b'-') || self.peek(1) == Some(b'+'));
        if self
            .peek(1 + sign)
            .is_some_and(|byte| byte.is_ascii_digit())
        {
            self.position += 1 + sign;
            self.skip_digits();
        }
    }

    fn radix_digit_follows(&self) -> bool {
        let after_sign = 1 + usize::from(self.peek(1) == Some(b'-'));
        self.peek(after_sign)
            .is_some_and(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
            || self.peek(1).is_some_and(|byte| matches!(byte, b'a'..=b'f'))
                && self.lower_hex_digits(1)
    }

    /// Whether only hexadecimal digits stand from `ahead` to the end of the word: `16rff`.
    fn lower_hex_digits(&self, ahead: usize) -> bool {
        let rest = self
            .text
            .as_bytes()
            .get(self.position + ahead..self.end)
            .unwrap_or_default();
        let mut word = rest
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_');
        word.all(u8::is_ascii_hexdigit)
    }

    fn skip_radix_digits(&mut self) {
        if self.lower_hex_digits(0) && self.after_hex_radix() {
            self.skip_while(|byte| byte.is_ascii_hexdigit());
        } else {
            self.skip_while(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
        }
    }

    /// Whether `16r` stands just before, perhaps with digits behind.
    fn after_hex_radix(&self) -> bool {
        let before = &self.text.as_bytes()[..self.position];
        before.ends_with(b"16r") || before.ends_with(b"16r-")
    }

    fn skip_digits(&mut self) {
        self.skip_while(|byte| byte.is_ascii_digit());
    }

    fn skip_while(&mut self, wanted: impl Fn(u8) -> bool) {
        while self.peek(0).is_some_and(&wanted) {
            self.position += 1;
        }
    }

    /// A string from its quote on; doubled quotes are part of it.
    fn scan_string(&mut self, kind: TokenKind) -> TokenKind {
        let start = self.position;
        let mut position = start + 1;
        loop {
            let rest = self
                .text
                .as_bytes()
                .get(position..self.end)
                .unwrap_or_default();
            let Some(length) = rest.iter().position(|&byte| byte == b'\'') else {
                self.unterminated(
                    start,
                    "S003",
                    "this string has no end",
                    "close it with a single quote; a single quote in it is doubled",
                );
                return kind;
            };
            position += length + 1;
            if self.text.as_bytes()[..self.end].get(position) != Some(&b'\'') {
                self.position = position;
                return kind;
            }
            position += 1;
        }
    }

    fn scan_character(&mut self) -> TokenKind {
        let start = self.position;
        self.position += 1;
        match self.current_char() {
            Some(character) => self.position += character.len_utf8(),
            None => {
                let span = self.span_from(start);
                let error = Diagnostic::error("S004", "a character is missing behind `$`")
                    .primary(span, "");
                self.diagnostics
                    .push(error.hint("write the character, $a for example"));
            }
        }
        TokenKind::Character
    }

    fn scan_hash(&mut self) -> TokenKind {
        // Old sources write `##foo` and `# foo`.
        while self.peek(1) == Some(b'#') {
            self.position += 1;
        }
        self.position += 1;
        match self.peek(0) {
            Some(b'(') => self.take(1, TokenKind::LiteralArrayOpen),
            Some(b'[') => self.take(1, TokenKind::ByteArrayOpen),
            Some(b'\'') => self.scan_string(TokenKind::Symbol),
            Some(b'^') => self.take(1, TokenKind::Symbol),
            Some(_) if self.at_letter() => {
                self.scan_symbol_name();
                TokenKind::Symbol
            }
            Some(_) if self.current_char().is_some_and(is_operator_char) => {
                while let Some(character) =
                    self.current_char().filter(|&next| is_operator_char(next))
                {
                    self.position += character.len_utf8();
                }
                TokenKind::Symbol
            }
            _ => TokenKind::Hash,
        }
    }

    /// `foo`, `at:put:`, `:x:y`; the name of a symbol.
    fn scan_symbol_name(&mut self) {
        self.skip_name();
        loop {
            if self.peek(0) != Some(b':') || self.peek(1) == Some(b'=') {
                return;
            }
            self.position += 1;
            self.skip_name();
        }
    }

    fn scan_binary(&mut self) -> TokenKind {
        let start = self.position;
        self.skip_binary_chars();
        // `a--1` and `a<-1`: the minus belongs to the number.
        let digit_follows = self.peek(0).is_some_and(|byte| byte.is_ascii_digit());
        if digit_follows
            && self.position - start > 1
            && self.text.as_bytes()[self.position - 1] == b'-'
        {
            self.position -= 1;
        }
        TokenKind::Binary
    }

    fn skip_binary_chars(&mut self) {
        while let Some(character) = self
            .current_char()
            .filter(|&character| is_binary_char(character))
        {
            self.position += character.len_utf8();
        }
    }

    fn unterminated(&mut self, start: usize, code: &'static str, message: &str, hint: &str) {
        self.position = self.end;
        // The label is only the first character: the rest of the file is no help.
        let span = Span::new(self.file, start, start + 1);
        self.diagnostics.push(
            Diagnostic::error(code, message)
                .primary(span, "it begins here")
                .hint(hint),
        );
    }

    fn take(&mut self, length: usize, kind: TokenKind) -> TokenKind {
        self.position += length;
        kind
    }

    fn at_letter(&self) -> bool {
        self.name_follows(0)
    }

    fn name_follows(&self, ahead: usize) -> bool {
        match self.peek(ahead) {
            Some(b'A'..=b'Z' | b'a'..=b'z' | b'_') => true,
            Some(byte) if byte >= 0x80 => {
                let rest = self.text.get(self.position + ahead..self.end).unwrap_or("");
                rest.chars().next().is_some_and(char::is_alphabetic)
            }
            _ => false,
        }
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        let position = self.position + ahead;
        if position < self.end {
            self.text.as_bytes().get(position).copied()
        } else {
            None
        }
    }

    fn current_char(&self) -> Option<char> {
        self.text.get(self.position..self.end)?.chars().next()
    }

    fn span_from(&self, start: usize) -> Span {
        Span::new(self.file, start, self.position)
    }
}

/// Whether operators consist of this character, as a symbol shows them: with `|`.
fn is_operator_char(character: char) -> bool {
    character == '|' || is_binary_char(character)
}

/// Whether operators consist of this character. Bars are tokens of their own, because they also enclose declarations.
#[must_use]
pub fn is_binary_char(character: char) -> bool {
    match character {
        '!' | '%' | '&' | '*' | '+' | ',' | '-' | '/' | '<' | '=' | '>' | '?' | '@' | '\\'
        | '~' => true,
        _ => {
            matches!(character, '\u{A1}'..='\u{BF}' | '\u{D7}' | '\u{F7}' | '\u{2190}'..='\u{22FF}')
        }
    }
}
