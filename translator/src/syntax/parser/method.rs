//! Patterns, pragmas, temporaries, statements.

use super::{Failed, MethodTokens, Parsed, Parser, Statements};
use crate::base::{Diagnostic, Span, Symbol};
use crate::syntax::ast::{
    Expr, ExprKind, Literal, LiteralNode, Method, Name, Pragma, Statement, StatementKind,
};
use crate::syntax::token::{Token, TokenKind};

/// Names that are no variables.
const RESERVED: [&str; 7] = [
    "self",
    "super",
    "thisContext",
    "thisProcess",
    "true",
    "false",
    "nil",
];

/// Whether a name stands for something else than a variable that could be declared.
#[must_use]
pub fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

/// A method's selector and parameters.
struct Pattern {
    selector: Symbol,
    params: Vec<Name>,
}

impl Parser<'_> {
    pub(super) fn method(mut self, method: &MethodTokens) -> Method {
        let start = self.peek().span;
        let pattern = self.pattern();
        let pattern_span = start.to(self.previous_span());
        if let Some(length) = method.pattern_length {
            if pattern.is_ok() && self.index != length {
                let _: Parsed<()> = self.unexpected("`[`");
            }
            self.index = length.min(self.tokens.len().saturating_sub(1));
        }
        let pattern = pattern.unwrap_or_else(|Failed| Pattern {
            selector: self.interner.intern(""),
            params: Vec::new(),
        });
        let (mut pragmas, mut temps) = (Vec::new(), Vec::new());
        self.pragmas_and_temps(&mut pragmas, &mut temps);
        let statements = self.statements(true);
        Method {
            selector: pattern.selector,
            pattern_span,
            params: pattern.params,
            pragmas,
            temps,
            statements,
            comment: method.comment,
            span: start.to(self.previous_span()),
            exprs: self.exprs,
        }
    }

    /// Temporaries and statements up to the end.
    pub(super) fn workspace(mut self) -> Statements {
        let (mut pragmas, mut temps) = (Vec::new(), Vec::new());
        self.pragmas_and_temps(&mut pragmas, &mut temps);
        let statements = self.statements(true);
        Statements {
            statements: statements.iter().map(|it| it.kind.expression()).collect(),
            exprs: self.exprs,
        }
    }

    fn pattern(&mut self) -> Parsed<Pattern> {
        match self.kind() {
            TokenKind::Identifier => {
                let token = self.advance();
                Ok(Pattern {
                    selector: self.intern_token(token),
                    params: Vec::new(),
                })
            }
            _ if self.at_binary_selector() => {
                let (selector, _) = self.operator();
                Ok(Pattern {
                    selector,
                    params: vec![self.declaration("a parameter")?],
                })
            }
            TokenKind::Keyword => self.keyword_pattern(),
            _ => self.unexpected("a method pattern"),
        }
    }

    fn keyword_pattern(&mut self) -> Parsed<Pattern> {
        let mut selector = String::new();
        let mut params = Vec::new();
        while self.at(TokenKind::Keyword) {
            let keyword = self.advance();
            selector.push_str(self.text_of(keyword.span));
            params.push(self.declaration("a parameter")?);
        }
        Ok(Pattern {
            selector: self.interner.intern(&selector),
            params,
        })
    }

    /// An operator; bars without space between them are one.
    pub(super) fn operator(&mut self) -> (Symbol, Span) {
        let first = self.advance();
        let mut span = first.span;
        while first.kind == TokenKind::Bar
            && self.at(TokenKind::Bar)
            && self.peek().span.start == span.end
        {
            span = span.to(self.advance().span);
        }
        (self.interner.intern(self.text_of(span)), span)
    }

    /// Whether a name comes next. The underscore, which is an old assignment elsewhere, is a name where only a name can stand.
    pub(super) fn at_name(&self) -> bool {
        self.is_name(self.peek())
    }

    pub(super) fn is_name(&self, token: Token) -> bool {
        token.kind == TokenKind::Identifier
            || token.kind == TokenKind::Assign && self.text_of(token.span) == "_"
    }

    /// A name that is declared or assigned.
    pub(super) fn declaration(&mut self, what: &str) -> Parsed<Name> {
        let token = self.peek();
        let text = self.text_of(token.span);
        if token.kind == TokenKind::Identifier && is_reserved(text) {
            let message = format!("`{text}` is reserved and cannot be {what}");
            let error = Diagnostic::error("S013", message).primary(token.span, "");
            return self.fail(error.hint("choose another name"));
        }
        if !self.at_name() {
            return self.unexpected(&format!("the name of {what}"));
        }
        self.advance();
        Ok(Name {
            name: self.interner.intern(text),
            span: token.span,
        })
    }

    fn pragmas_and_temps(&mut self, pragmas: &mut Vec<Pragma>, temps: &mut Vec<Name>) {
        loop {
            let parsed = if self.at_operator("<") {
                self.pragma().map(|pragma| pragmas.push(pragma))
            } else if self.at(TokenKind::Bar) {
                self.temps(temps)
            } else {
                return;
            };
            if parsed.is_err() {
                self.skip_declaration();
            }
        }
    }

    /// After an error in a pragma or in declarations: goes behind the next `>` or `|` of the same line or statement.
    fn skip_declaration(&mut self) {
        loop {
            match self.kind() {
                TokenKind::End | TokenKind::Period | TokenKind::Caret | TokenKind::Assign => return,
                TokenKind::Bar => {
                    self.advance();
                    return;
                }
                TokenKind::Binary if self.text_of(self.peek().span).ends_with('>') => {
                    self.advance();
                    return;
                }
                _ => self.advance(),
            };
        }
    }

    /// `| a b |`, appended to `temps`.
    pub(super) fn temps(&mut self, temps: &mut Vec<Name>) -> Parsed<()> {
        let open = self.expect(TokenKind::Bar, "`|`")?;
        while !self.at(TokenKind::Bar) {
            if !self.at_name() {
                let token = self.peek();
                let found = token.kind.description();
                let message = format!("expected a temporary or `|`, found {found}");
                let error = Diagnostic::error("S010", message).primary(token.span, "");
                let error = error.secondary(open.span, "the temporaries begin here");
                return self.fail(error.hint("close the temporaries with `|`"));
            }
            temps.push(self.declaration("a temporary")?);
        }
        self.advance();
        Ok(())
    }

    fn pragma(&mut self) -> Parsed<Pragma> {
        let open = self.advance();
        let mut selector = String::new();
        let mut arguments = Vec::new();
        if self.at(TokenKind::Identifier) {
            let name = self.advance();
            selector.push_str(self.text_of(name.span));
        }
        while selector.is_empty() || self.at(TokenKind::Keyword) {
            let keyword = self.expect(TokenKind::Keyword, "the name of a pragma")?;
            let text = self.text_of(keyword.span);
            selector.push_str(text);
            if self.extended && matches!(text, "cdecl:" | "apicall:") {
                arguments.push(self.foreign_function()?);
            } else {
                arguments.push(self.pragma_argument(text)?);
            }
        }
        if !self.at_operator(">") {
            return self.unexpected("`>` at the end of the pragma");
        }
        let close = self.advance();
        let selector = self.interner.intern(&selector);
        Ok(Pragma {
            selector,
            arguments,
            span: open.span.to(close.span),
        })
    }

    /// Type, name and types of the parameters of a foreign function, as an array: `long 'random' (void)`.
    fn foreign_function(&mut self) -> Parsed<LiteralNode> {
        let start = self.peek().span;
        let mut elements = Vec::new();
        while !self.at(TokenKind::Keyword) && !self.at_operator(">") {
            elements.push(self.array_element()?);
        }
        Ok(LiteralNode {
            literal: Literal::Array(elements),
            span: start.to(self.previous_span()),
        })
    }

    fn pragma_argument(&mut self, keyword: &str) -> Parsed<LiteralNode> {
        let token = self.peek();
        let text = self.text_of(token.span);
        if token.kind != TokenKind::Identifier || is_reserved(text) {
            return self.literal();
        }
        if keyword != "error:" {
            let message = format!("the argument of a pragma is a literal, not the name `{text}`");
            let error = Diagnostic::error("S014", message).primary(token.span, "");
            return self.fail(error.hint(format!("write #{text}")));
        }
        // `<primitive: 1 error: code>` declares a temporary.
        self.advance();
        let name = self.interner.intern(text);
        Ok(LiteralNode {
            literal: Literal::Symbol(name),
            span: token.span,
        })
    }

    /// Statements up to a closing bracket, or to the end of the method.
    pub(super) fn statements(&mut self, of_method: bool) -> Vec<Statement> {
        let mut statements = Vec::new();
        loop {
            while self.advance_if(TokenKind::Period) {}
            match self.kind() {
                TokenKind::End => return statements,
                TokenKind::ParenClose | TokenKind::BracketClose | TokenKind::BraceClose => {
                    if !of_method {
                        return statements;
                    }
                    let _: Parsed<()> = self.unexpected("a statement");
                    self.advance();
                    continue;
                }
                _ => {}
            }
            let (start, start_index) = (self.peek().span, self.index);
            match self.terminated_statement() {
                Ok(statement) => statements.push(statement),
                Err(Failed) => {
                    self.skip_statement(start_index);
                    let span = start.to(self.previous_span());
                    statements.push(self.faulty_statement(span));
                }
            }
        }
    }

    fn faulty_statement(&mut self, span: Span) -> Statement {
        self.heights.push(1);
        let error = self.exprs.push(Expr {
            kind: ExprKind::Error,
            span,
        });
        Statement {
            kind: StatementKind::Expression(error),
            span,
        }
    }

    fn terminated_statement(&mut self) -> Parsed<Statement> {
        let start = self.peek().span;
        let returns = self.advance_if(TokenKind::Caret);
        let expr = self.expression()?;
        let span = start.to(self.previous_span());
        match self.kind() {
            TokenKind::Period
            | TokenKind::End
            | TokenKind::ParenClose
            | TokenKind::BracketClose
            | TokenKind::BraceClose => {}
            _ => return self.unexpected("`.` or a message"),
        }
        let kind = if returns {
            StatementKind::Return(expr)
        } else {
            StatementKind::Expression(expr)
        };
        Ok(Statement { kind, span })
    }

    /// Goes to the end of the faulty statement that began at token `start`: the next period or closing bracket that does not
    /// belong to a bracket of the statement itself. A period does not stand in parentheses: there a closing one is missing.
    fn skip_statement(&mut self, start: usize) {
        let mut open = Vec::new();
        for token in self.tokens.get(start..self.index).unwrap_or_default() {
            note_bracket(&mut open, token.kind);
        }
        let only_parentheses =
            |open: &[TokenKind]| open.iter().all(|kind| *kind == TokenKind::ParenOpen);
        loop {
            match self.kind() {
                TokenKind::End => return,
                TokenKind::Period if only_parentheses(&open) => return,
                TokenKind::ParenClose if open.is_empty() => return,
                TokenKind::BracketClose | TokenKind::BraceClose if only_parentheses(&open) => {
                    return;
                }
                kind => note_bracket(&mut open, kind),
            }
            self.advance();
        }
    }
}

/// Keeps `open` the brackets that are open behind a token of this kind. A closing bracket also closes parentheses that are still open inside.
fn note_bracket(open: &mut Vec<TokenKind>, kind: TokenKind) {
    match kind {
        TokenKind::ParenOpen | TokenKind::LiteralArrayOpen => open.push(TokenKind::ParenOpen),
        TokenKind::BracketOpen | TokenKind::ByteArrayOpen => open.push(TokenKind::BracketOpen),
        TokenKind::BraceOpen => open.push(kind),
        TokenKind::ParenClose if open.last() == Some(&TokenKind::ParenOpen) => {
            open.pop();
        }
        TokenKind::BracketClose | TokenKind::BraceClose => {
            while open
                .pop_if(|inner| *inner == TokenKind::ParenOpen)
                .is_some()
            {}
            open.pop();
        }
        _ => {}
    }
}
