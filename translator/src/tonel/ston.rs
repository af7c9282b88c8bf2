//! The notation of Tonel headers: maps, lists, strings, symbols, with comments.

use crate::base::{Diagnostic, Diagnostics, FileId, Span};

/// A value and its place.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) span: Span,
}

#[derive(Clone, PartialEq, Debug)]
pub(super) enum Value {
    /// A string or symbol.
    Text(Text),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
    Nil,
    /// A number or Boolean, of which no header key of ours makes use.
    Other,
}

/// A string or symbol.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Text {
    /// Without quotes, escapes replaced.
    pub(super) text: Box<str>,
    /// Where the text stands, without hash and quotes.
    pub(super) inner: Span,
    /// Whether `inner` covers exactly `text`: there are no escapes.
    pub(super) verbatim: bool,
}

/// Maps and lists are nested no deeper.
const DEEPEST_NESTING: u32 = 50;

/// Reads values from `text[position..]`.
pub(super) struct Scanner<'a> {
    text: &'a str,
    file: FileId,
    pub(super) position: usize,
    nesting: u32,
    diagnostics: &'a mut Diagnostics,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(
        text: &'a str,
        file: FileId,
        position: usize,
        diagnostics: &'a mut Diagnostics,
    ) -> Self {
        Scanner {
            text,
            file,
            position,
            nesting: 0,
            diagnostics,
        }
    }

    /// A map from its brace on. None after an error, which is reported.
    pub(super) fn map(&mut self) -> Option<Node> {
        self.skip_blanks();
        if self.peek() != Some(b'{') {
            return self.expected("`{`");
        }
        self.value()
    }

    fn value(&mut self) -> Option<Node> {
        self.skip_blanks();
        let start = self.position;
        let value = match self.peek() {
            Some(b'{') => self.nested(Self::map_value)?,
            Some(b'[') => self.nested(Self::list)?,
            Some(b'\'') => Value::Text(self.quoted()?),
            Some(b'#') => {
                self.position += 1;
                match self.peek() {
                    Some(b'\'') => Value::Text(self.quoted()?),
                    _ => Value::Text(self.symbol()?),
                }
            }
            Some(byte) if byte.is_ascii_alphanumeric() || byte == b'-' => self.word(),
            _ => return self.expected("a value"),
        };
        Some(Node {
            value,
            span: self.span_from(start),
        })
    }

    fn nested(&mut self, read: fn(&mut Self) -> Option<Value>) -> Option<Value> {
        if self.nesting == DEEPEST_NESTING {
            return self.expected("a simple value: this is nested too deep");
        }
        self.nesting += 1;
        self.position += 1;
        let value = read(self);
        self.nesting -= 1;
        value
    }

    fn map_value(&mut self) -> Option<Value> {
        let mut entries = Vec::new();
        loop {
            self.skip_blanks();
            if self.take(b'}') {
                return Some(Value::Map(entries));
            }
            let key = self.value()?;
            self.skip_blanks();
            if !self.take(b':') {
                return self.expected("`:`");
            }
            entries.push((key, self.value()?));
            self.separator(b'}', "`,` or `}`")?;
        }
    }

    fn list(&mut self) -> Option<Value> {
        let mut elements = Vec::new();
        loop {
            self.skip_blanks();
            if self.take(b']') {
                return Some(Value::List(elements));
            }
            elements.push(self.value()?);
            self.separator(b']', "`,` or `]`")?;
        }
    }

    /// A comma, or the closing bracket, which is not taken.
    fn separator(&mut self, close: u8, what: &str) -> Option<()> {
        self.skip_blanks();
        if self.take(b',') || self.peek() == Some(close) {
            Some(())
        } else {
            self.expected(what)
        }
    }

    /// A text between quotes: a quote in it is doubled or has a backslash before it.
    fn quoted(&mut self) -> Option<Text> {
        let open = self.position;
        self.position += 1;
        let start = self.position;
        let mut verbatim = true;
        loop {
            match self.peek() {
                None => {
                    self.position = open;
                    return self.fail("this text has no end", 1, "close it with a single quote");
                }
                Some(b'\'') if self.byte_at(1) == Some(b'\'') => {
                    verbatim = false;
                    self.position += 2;
                }
                Some(b'\'') => break,
                Some(b'\\') => {
                    verbatim = false;
                    self.position += 2;
                }
                Some(_) => self.position += 1,
            }
        }
        let inner = self.span_from(start);
        self.position += 1;
        let raw = self.text.get(inner.range()).unwrap_or("");
        let text = if verbatim {
            raw.into()
        } else {
            unescape(raw).into()
        };
        Some(Text {
            text,
            inner,
            verbatim,
        })
    }

    fn symbol(&mut self) -> Option<Text> {
        let start = self.position;
        let is_part = |byte: u8| {
            byte.is_ascii_alphanumeric()
                || matches!(byte, b'_' | b'-' | b'.' | b'/' | b'*')
                || byte >= 0x80
        };
        self.skip_while(is_part);
        if self.position == start {
            return self.expected("a name behind `#`");
        }
        let inner = self.span_from(start);
        Some(Text {
            text: self.text.get(inner.range()).unwrap_or("").into(),
            inner,
            verbatim: true,
        })
    }

    fn word(&mut self) -> Value {
        let start = self.position;
        self.skip_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
        if &self.text[start..self.position] == "nil" {
            Value::Nil
        } else {
            Value::Other
        }
    }

    fn skip_blanks(&mut self) {
        loop {
            self.skip_while(|byte| byte.is_ascii_whitespace());
            let rest = self.text.get(self.position..).unwrap_or("");
            let comment = if let Some(comment) = rest.strip_prefix('"') {
                comment.find('"').map(|length| length + 2)
            } else if rest.starts_with("/*") {
                rest.find("*/").map(|length| length + 2)
            } else {
                None
            };
            let Some(length) = comment else { return };
            self.position += length;
        }
    }

    fn skip_while(&mut self, wanted: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&wanted) {
            self.position += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.position += usize::from(found);
        found
    }

    fn peek(&self) -> Option<u8> {
        self.byte_at(0)
    }

    fn byte_at(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.position + ahead).copied()
    }

    fn span_from(&self, start: usize) -> Span {
        Span::new(self.file, start, self.position)
    }

    fn expected<T>(&mut self, what: &str) -> Option<T> {
        self.fail(
            &format!("expected {what} in this header"),
            usize::from(self.peek().is_some()),
            "a header is { #key : value, … }, where values are strings, symbols, [ lists ] and { maps }",
        )
    }

    fn fail<T>(&mut self, message: &str, length: usize, hint: &str) -> Option<T> {
        let span = Span::new(self.file, self.position, self.position + length);
        self.diagnostics.push(
            Diagnostic::error("F002", message)
                .primary(span, "")
                .hint(hint),
        );
        None
    }
}

fn unescape(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut characters = raw.chars();
    while let Some(character) = characters.next() {
        match character {
            '\'' => {
                text.push('\'');
                characters.next();
            }
            '\\' => match characters.next() {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some('r') => text.push('\r'),
                Some(other) => text.push(other),
                None => text.push('\\'),
            },
            other => text.push(other),
        }
    }
    text
}
