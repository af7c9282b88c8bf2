//! Tokens of Smalltalk.

use crate::base::Span;

/// A token and its place. The text of names, numbers and strings stays in the source.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it stands, with quotes and prefixes.
    pub span: Span,
}

/// What a token is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TokenKind {
    /// `name`.
    Identifier,
    /// `at:`.
    Keyword,
    /// Keywords in a row without spaces, as only symbols and selectors have them: `at:put:`.
    Keywords,
    /// `:name` begins with it.
    Colon,
    /// A run of operator characters, without `|` and `^`.
    Binary,
    /// `|`.
    Bar,
    /// A number without a sign in front.
    Number,
    /// `'text'`.
    String,
    /// `$a`.
    Character,
    /// `#name`, `#at:put:`, `#+`, `#'text'`.
    Symbol,
    /// `#(`.
    LiteralArrayOpen,
    /// `#[`.
    ByteArrayOpen,
    /// `#` before something else.
    Hash,
    /// `:=`, or the old `_`.
    Assign,
    /// `^`.
    Caret,
    /// `.`.
    Period,
    /// `;`.
    Semicolon,
    /// `(`.
    ParenOpen,
    /// `)`.
    ParenClose,
    /// `[`.
    BracketOpen,
    /// `]`.
    BracketClose,
    /// `{`.
    BraceOpen,
    /// `}`.
    BraceClose,
    /// A backquote, in texts that have them.
    Backquote,
    /// A character that begins no token.
    Unknown,
    /// The end of the text.
    End,
}

impl TokenKind {
    /// How a message names the kind.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            TokenKind::Identifier => "a name",
            TokenKind::Keyword | TokenKind::Keywords => "a keyword",
            TokenKind::Colon => "`:`",
            TokenKind::Binary => "an operator",
            TokenKind::Bar => "`|`",
            TokenKind::Number => "a number",
            TokenKind::String => "a string",
            TokenKind::Character => "a character",
            TokenKind::Symbol => "a symbol",
            TokenKind::LiteralArrayOpen => "`#(`",
            TokenKind::ByteArrayOpen => "`#[`",
            TokenKind::Hash => "`#`",
            TokenKind::Assign => "`:=`",
            TokenKind::Caret => "`^`",
            TokenKind::Period => "`.`",
            TokenKind::Semicolon => "`;`",
            TokenKind::ParenOpen => "`(`",
            TokenKind::ParenClose => "`)`",
            TokenKind::BracketOpen => "`[`",
            TokenKind::BracketClose => "`]`",
            TokenKind::BraceOpen => "`{`",
            TokenKind::BraceClose => "`}`",
            TokenKind::Backquote => "a backquote",
            TokenKind::Unknown => "an unknown character",
            TokenKind::End => "the end",
        }
    }
}
