//! Tokens to the syntax tree, by recursive descent.
//!
//! After an error the parser goes on behind the statement in which it occurred, so that one run shows the errors of all statements.

mod expression;
mod literal;
mod method;

pub use method::is_reserved;

use crate::base::{Diagnostic, Diagnostics, FileId, Interner, PrimaryMap, Span, Symbol};
use crate::syntax::ast::{Expr, ExprId, ExprKind, Exprs, Method};
use crate::syntax::lexer::Lexer;
use crate::syntax::token::{Token, TokenKind};

/// How deep brackets may be nested, and trees be. Every later stage walks trees recursively.
const DEEPEST_NESTING: u32 = 200;

/// The tokens of a method: pattern, body, [`TokenKind::End`].
#[derive(Default)]
pub struct MethodTokens {
    /// All of them, the end last.
    pub tokens: Vec<Token>,
    /// How many belong to the pattern, if that is known from elsewhere.
    pub pattern_length: Option<usize>,
    /// The first comment of the body.
    pub comment: Option<Span>,
    /// Whether the syntax that Cuis and foreign functions add is understood.
    pub extended: bool,
}

/// Parses a method whose body follows its pattern directly, as in chunk files and browsers.
#[must_use]
pub fn parse_method_text(
    text: &str,
    file: FileId,
    interner: &mut Interner,
) -> (Method, Diagnostics) {
    let mut lexer = Lexer::new(text, file, 0, text.len());
    let tokens = all_tokens(&mut lexer);
    let comment = lexer.take_first_comment();
    let method = MethodTokens {
        tokens,
        pattern_length: None,
        comment,
        extended: false,
    };
    let mut diagnostics = lexer.diagnostics;
    let parsed = parse_method(text, &method, interner, &mut diagnostics);
    (parsed, diagnostics)
}

/// Parses the method that `text[span]` is, pattern first, with the syntax that some dialects add: `expression :: message` sends to the value of all that
/// stands before, an expression between backquotes may be evaluated once (here it is not), and pragmas for foreign functions have types as arguments.
pub fn parse_method_at(
    text: &str,
    span: Span,
    interner: &mut Interner,
    diagnostics: &mut Diagnostics,
) -> Method {
    let range = span.range();
    let mut lexer = Lexer::new(text, span.file, range.start, range.end);
    lexer.backquotes = true;
    let tokens = all_tokens(&mut lexer);
    let comment = lexer.take_first_comment();
    diagnostics.append(lexer.diagnostics);
    let method = MethodTokens {
        tokens,
        pattern_length: None,
        comment,
        extended: true,
    };
    parse_method(text, &method, interner, diagnostics)
}

/// Statements without a method around them.
pub struct Statements {
    /// The expressions in order, returned or not.
    pub statements: Vec<ExprId>,
    /// Their nodes.
    pub exprs: Exprs,
}

/// Parses `text[span]` as statements, as they stand in workspaces and between the definitions of chunk files.
pub fn parse_statements(
    text: &str,
    span: Span,
    interner: &mut Interner,
    diagnostics: &mut Diagnostics,
) -> Statements {
    let range = span.range();
    let mut lexer = Lexer::new(text, span.file, range.start, range.end);
    let tokens = all_tokens(&mut lexer);
    diagnostics.append(lexer.diagnostics);
    Parser::new(text, &tokens, interner, diagnostics).workspace()
}

/// Parses a method from its tokens; `text` is that of their file.
pub fn parse_method(
    text: &str,
    method: &MethodTokens,
    interner: &mut Interner,
    diagnostics: &mut Diagnostics,
) -> Method {
    let mut parser = Parser::new(text, &method.tokens, interner, diagnostics);
    parser.extended = method.extended;
    parser.method(method)
}

/// Parses `text[start..end]` as one expression and nothing behind it.
pub fn parse_expression(
    text: &str,
    span: Span,
    interner: &mut Interner,
    diagnostics: &mut Diagnostics,
) -> Option<(ExprId, Exprs)> {
    let range = span.range();
    let mut lexer = Lexer::new(text, span.file, range.start, range.end);
    let tokens = all_tokens(&mut lexer);
    diagnostics.append(lexer.diagnostics);
    let mut parser = Parser::new(text, &tokens, interner, diagnostics);
    let root = parser.expression().ok()?;
    parser
        .expect(TokenKind::End, "the end of the expression")
        .ok()?;
    Some((root, parser.exprs))
}

fn all_tokens(lexer: &mut Lexer) -> Vec<Token> {
    let mut tokens = Vec::new();
    loop {
        let token = lexer.next_token();
        tokens.push(token);
        if token.kind == TokenKind::End {
            return tokens;
        }
    }
}

/// An error that has been reported.
#[derive(Debug)]
struct Failed;

type Parsed<T> = Result<T, Failed>;

struct Parser<'a> {
    text: &'a str,
    /// The last one is [`TokenKind::End`].
    tokens: &'a [Token],
    /// The current token.
    index: usize,
    interner: &'a mut Interner,
    diagnostics: &'a mut Diagnostics,
    exprs: Exprs,
    /// The height of each expression's tree.
    heights: PrimaryMap<ExprId, u32>,
    /// Open brackets around the current token.
    nesting: u32,
    /// The token at which the last error was reported: a second one there says nothing new.
    last_error: Option<usize>,
    /// The expression that was parsed last in parentheses; it takes no cascade.
    parenthesized: Option<ExprId>,
    /// See [`MethodTokens::extended`].
    extended: bool,
}

impl<'a> Parser<'a> {
    fn new(
        text: &'a str,
        tokens: &'a [Token],
        interner: &'a mut Interner,
        diagnostics: &'a mut Diagnostics,
    ) -> Self {
        Parser {
            text,
            tokens,
            index: 0,
            interner,
            diagnostics,
            exprs: Exprs::new(),
            heights: PrimaryMap::new(),
            nesting: 0,
            last_error: None,
            parenthesized: None,
            extended: false,
        }
    }

    /// The token `ahead` of the current one.
    fn peek_at(&self, ahead: usize) -> Token {
        let last = self.tokens.last().copied();
        let end = Token {
            kind: TokenKind::End,
            span: Span::none(),
        };
        self.tokens
            .get(self.index + ahead)
            .copied()
            .or(last)
            .unwrap_or(end)
    }

    fn peek(&self) -> Token {
        self.peek_at(0)
    }

    fn kind(&self) -> TokenKind {
        self.peek().kind
    }

    fn at(&self, kind: TokenKind) -> bool {
        self.kind() == kind
    }

    fn advance(&mut self) -> Token {
        let token = self.peek();
        if token.kind != TokenKind::End {
            self.index += 1;
        }
        token
    }

    fn advance_if(&mut self, kind: TokenKind) -> bool {
        let found = self.at(kind);
        if found {
            self.advance();
        }
        found
    }

    fn expect(&mut self, kind: TokenKind, what: &str) -> Parsed<Token> {
        if self.at(kind) {
            Ok(self.advance())
        } else {
            self.unexpected(what)
        }
    }

    /// The place of the token before the current one.
    fn previous_span(&self) -> Span {
        let token = self
            .index
            .checked_sub(1)
            .and_then(|index| self.tokens.get(index));
        token.map_or_else(|| self.peek().span, |token| token.span)
    }

    fn text_of(&self, span: Span) -> &'a str {
        self.text.get(span.range()).unwrap_or("")
    }

    fn intern_token(&mut self, token: Token) -> Symbol {
        self.interner.intern(self.text_of(token.span))
    }

    /// Whether the current token is this operator.
    fn at_operator(&self, operator: &str) -> bool {
        self.at(TokenKind::Binary) && self.text_of(self.peek().span) == operator
    }

    fn unexpected<T>(&mut self, expected: &str) -> Parsed<T> {
        let token = self.peek();
        let found = match token.kind {
            TokenKind::Identifier
            | TokenKind::Keyword
            | TokenKind::Keywords
            | TokenKind::Binary => {
                format!("`{}`", self.text_of(token.span))
            }
            kind => kind.description().to_owned(),
        };
        let message = format!("expected {expected}, found {found}");
        let hint = match (token.kind, expected) {
            (
                TokenKind::ParenClose | TokenKind::BracketClose | TokenKind::BraceClose,
                "an expression" | "a statement",
            ) => "write the expression that is missing in front of it, or remove the bracket",
            (_, "an expression" | "a statement") => {
                "an expression begins with a name, a literal or a bracket"
            }
            (_, "a literal") => {
                "literal arrays and pragmas have numbers, strings, symbols, characters and arrays of them"
            }
            (TokenKind::End, _) => "the text ends too early: complete it",
            (_, known) if known.starts_with("`.`") => "a full stop separates statements",
            _ => "write what is expected, or remove what stands here",
        };
        let error =
            Diagnostic::error("S010", message).primary(token.span, format!("expected {expected}"));
        self.fail(error.hint(hint))
    }

    /// Reports an error at the current token, unless there was one already.
    fn fail<T>(&mut self, diagnostic: Diagnostic) -> Parsed<T> {
        if self.last_error != Some(self.index) && !self.at(TokenKind::Unknown) {
            self.diagnostics.push(diagnostic);
        }
        self.last_error = Some(self.index);
        Err(Failed)
    }

    /// Runs `parse` one bracket deeper.
    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.nesting >= DEEPEST_NESTING {
            let span = self.peek().span;
            let message = format!("brackets are nested more than {DEEPEST_NESTING} deep");
            let error = Diagnostic::error("S011", message).primary(span, "");
            return self.fail(error.hint("give the inner parts names, or methods of their own"));
        }
        self.nesting += 1;
        let result = parse(self);
        self.nesting -= 1;
        result
    }

    fn add(&mut self, kind: ExprKind, span: Span) -> Parsed<ExprId> {
        let height = 1 + self.greatest_height_in(&kind);
        if height > 5 * DEEPEST_NESTING {
            let message = "this expression is too long to be compiled";
            let error = Diagnostic::error("S012", message).primary(span, "");
            return self.fail(error.hint("name parts of it with temporaries"));
        }
        self.heights.push(height);
        Ok(self.exprs.push(Expr { kind, span }))
    }

    fn greatest_height_in(&self, kind: &ExprKind) -> u32 {
        let greatest = |ids: &mut dyn Iterator<Item = ExprId>| {
            ids.map(|id| self.heights[id]).max().unwrap_or(0)
        };
        match kind {
            ExprKind::Literal(_)
            | ExprKind::Variable(_)
            | ExprKind::Pseudo(_)
            | ExprKind::Error => 0,
            ExprKind::Assignment { value, .. } | ExprKind::Answer(value) => self.heights[*value],
            ExprKind::Send(send) => {
                greatest(&mut send.arguments.iter().copied().chain([send.receiver]))
            }
            ExprKind::Cascade { messages, .. } => greatest(&mut messages.iter().copied()),
            ExprKind::Block(block) => greatest(
                &mut block
                    .statements
                    .iter()
                    .map(|statement| statement.kind.expression()),
            ),
            ExprKind::BraceArray(elements) => greatest(&mut elements.iter().copied()),
        }
    }
}

#[cfg(test)]
mod tests;
