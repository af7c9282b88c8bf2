//! Expressions: messages by precedence, cascades, blocks, brace arrays.

use super::{Parsed, Parser};
use crate::base::{Diagnostic, Span, Symbol};
use crate::syntax::ast::{Block, ExprId, ExprKind, Literal, Name, PseudoVariable, Send};
use crate::syntax::token::TokenKind;

/// A message without its receiver.
struct Message {
    selector: Symbol,
    selector_spans: Vec<Span>,
    arguments: Vec<ExprId>,
}

impl Parser<'_> {
    pub(super) fn expression(&mut self) -> Parsed<ExprId> {
        if self.at_name() && self.peek_at(1).kind == TokenKind::Assign {
            return self.nested(Self::assignment);
        }
        let mut first = self.keyword_expression()?;
        while self.extended && self.at(TokenKind::Colon) && self.peek_at(1).kind == TokenKind::Colon
        {
            self.index += 2;
            first = self.messages_to(first)?;
        }
        if self.at(TokenKind::Semicolon) {
            self.cascade(first)
        } else {
            Ok(first)
        }
    }

    fn assignment(&mut self) -> Parsed<ExprId> {
        let target = self.declaration("assigned")?;
        self.advance();
        let value = self.expression()?;
        self.add(
            ExprKind::Assignment { target, value },
            target.span.to(self.previous_span()),
        )
    }

    fn cascade(&mut self, first: ExprId) -> Parsed<ExprId> {
        let receiver = match &self.exprs[first].kind {
            ExprKind::Send(send) if self.parenthesized != Some(first) => send.receiver,
            _ => {
                let span = self.exprs[first].span;
                let message = "a cascade follows a message";
                let error = Diagnostic::error("S015", message)
                    .primary(self.peek().span, "")
                    .secondary(span, "this is no message")
                    .hint("write `receiver message; message`: what follows `;` goes to the same receiver");
                return self.fail(error);
            }
        };
        let start = self.exprs[first].span;
        let mut messages = vec![first];
        while self.advance_if(TokenKind::Semicolon) {
            let message_start = self.peek().span;
            let message = self.cascaded_message()?;
            let span = message_start.to(self.previous_span());
            messages.push(self.send(receiver, message, span)?);
        }
        self.add(
            ExprKind::Cascade { receiver, messages },
            start.to(self.previous_span()),
        )
    }

    fn cascaded_message(&mut self) -> Parsed<Message> {
        match self.kind() {
            TokenKind::Identifier => Ok(self.unary_message()),
            TokenKind::Keyword => self.keyword_message(),
            _ if self.at_binary_selector() => self.binary_message(),
            _ => self.unexpected("a message"),
        }
    }

    /// Behind `::`: unary, binary and keyword messages to all that stands before.
    fn messages_to(&mut self, receiver: ExprId) -> Parsed<ExprId> {
        let receiver = self.unary_messages_to(receiver)?;
        let receiver = self.binary_messages_to(receiver)?;
        self.keyword_message_to(receiver)
    }

    fn keyword_expression(&mut self) -> Parsed<ExprId> {
        let receiver = self.binary_expression()?;
        self.keyword_message_to(receiver)
    }

    fn keyword_message_to(&mut self, receiver: ExprId) -> Parsed<ExprId> {
        if !self.at(TokenKind::Keyword) {
            return Ok(receiver);
        }
        let message = self.keyword_message()?;
        self.send_to_left(receiver, message)
    }

    fn binary_expression(&mut self) -> Parsed<ExprId> {
        let left = self.unary_expression()?;
        self.binary_messages_to(left)
    }

    fn binary_messages_to(&mut self, mut left: ExprId) -> Parsed<ExprId> {
        while self.at_binary_selector() {
            let message = self.binary_message()?;
            left = self.send_to_left(left, message)?;
        }
        Ok(left)
    }

    /// Whether an operator comes next. In Cuis the caret is one where a statement does not begin.
    pub(super) fn at_binary_selector(&self) -> bool {
        match self.kind() {
            TokenKind::Binary | TokenKind::Bar => true,
            kind => self.extended && kind == TokenKind::Caret,
        }
    }

    fn unary_expression(&mut self) -> Parsed<ExprId> {
        let receiver = self.primary()?;
        self.unary_messages_to(receiver)
    }

    fn unary_messages_to(&mut self, mut receiver: ExprId) -> Parsed<ExprId> {
        while self.at(TokenKind::Identifier) {
            if self.peek_at(1).kind == TokenKind::Assign {
                return self.unexpected("`.` before the next assignment");
            }
            let message = self.unary_message();
            receiver = self.send_to_left(receiver, message)?;
        }
        Ok(receiver)
    }

    fn unary_message(&mut self) -> Message {
        let token = self.advance();
        let selector = self.intern_token(token);
        Message {
            selector,
            selector_spans: vec![token.span],
            arguments: Vec::new(),
        }
    }

    fn binary_message(&mut self) -> Parsed<Message> {
        let (selector, span) = self.operator();
        let argument = self.unary_expression()?;
        Ok(Message {
            selector,
            selector_spans: vec![span],
            arguments: vec![argument],
        })
    }

    fn keyword_message(&mut self) -> Parsed<Message> {
        let mut selector = String::new();
        let (mut selector_spans, mut arguments) = (Vec::new(), Vec::new());
        while self.at(TokenKind::Keyword) {
            let keyword = self.advance();
            selector.push_str(self.text_of(keyword.span));
            selector_spans.push(keyword.span);
            arguments.push(self.binary_expression()?);
        }
        Ok(Message {
            selector: self.interner.intern(&selector),
            selector_spans,
            arguments,
        })
    }

    /// A send whose text begins with its receiver's.
    fn send_to_left(&mut self, receiver: ExprId, message: Message) -> Parsed<ExprId> {
        let span = self.exprs[receiver].span.to(self.previous_span());
        self.send(receiver, message, span)
    }

    fn send(&mut self, receiver: ExprId, message: Message, span: Span) -> Parsed<ExprId> {
        let Message {
            selector,
            selector_spans,
            arguments,
        } = message;
        self.add(
            ExprKind::Send(Send {
                receiver,
                selector,
                selector_spans,
                arguments,
            }),
            span,
        )
    }

    fn primary(&mut self) -> Parsed<ExprId> {
        let token = self.peek();
        match token.kind {
            TokenKind::Identifier => self.variable(),
            TokenKind::ParenOpen => self.nested(Self::parentheses),
            TokenKind::BracketOpen => self.nested(Self::block),
            TokenKind::BraceOpen => self.nested(Self::brace_array),
            TokenKind::Number
            | TokenKind::String
            | TokenKind::Character
            | TokenKind::Symbol
            | TokenKind::LiteralArrayOpen
            | TokenKind::ByteArrayOpen
            | TokenKind::Hash => self.literal_expression(),
            TokenKind::Binary if self.at_negative_number() => self.literal_expression(),
            TokenKind::Assign if self.at_name() => self.variable(),
            TokenKind::Backquote => self.nested(Self::backquoted),
            _ => self.unexpected("an expression"),
        }
    }

    fn literal_expression(&mut self) -> Parsed<ExprId> {
        let node = self.literal()?;
        self.add(ExprKind::Literal(node.literal), node.span)
    }

    fn variable(&mut self) -> Parsed<ExprId> {
        let token = self.advance();
        let kind = match self.text_of(token.span) {
            "self" => ExprKind::Pseudo(PseudoVariable::SelfReference),
            "super" => ExprKind::Pseudo(PseudoVariable::Super),
            "thisContext" => ExprKind::Pseudo(PseudoVariable::ThisContext),
            "thisProcess" => ExprKind::Pseudo(PseudoVariable::ThisProcess),
            "true" => ExprKind::Literal(Literal::Boolean(true)),
            "false" => ExprKind::Literal(Literal::Boolean(false)),
            "nil" => ExprKind::Literal(Literal::Nil),
            name => ExprKind::Variable(self.interner.intern(name)),
        };
        self.add(kind, token.span)
    }

    fn parentheses(&mut self) -> Parsed<ExprId> {
        let open = self.advance();
        let inner = self.expression()?;
        self.expect_close(TokenKind::ParenClose, open.span)?;
        self.exprs[inner].span = open.span.to(self.previous_span());
        self.parenthesized = Some(inner);
        Ok(inner)
    }

    fn backquoted(&mut self) -> Parsed<ExprId> {
        let open = self.advance();
        let inner = self.expression()?;
        self.expect_close(TokenKind::Backquote, open.span)?;
        self.exprs[inner].span = open.span.to(self.previous_span());
        self.parenthesized = Some(inner);
        Ok(inner)
    }

    fn block(&mut self) -> Parsed<ExprId> {
        let open = self.advance();
        let params = self.block_params()?;
        let mut temps = Vec::new();
        while self.at(TokenKind::Bar) {
            self.temps(&mut temps)?;
        }
        let statements = self.statements(false);
        self.expect_close(TokenKind::BracketClose, open.span)?;
        let span = open.span.to(self.previous_span());
        self.add(
            ExprKind::Block(Block {
                params,
                temps,
                statements,
            }),
            span,
        )
    }

    fn block_params(&mut self) -> Parsed<Vec<Name>> {
        let mut params = Vec::new();
        while self.advance_if(TokenKind::Colon) {
            params.push(self.declaration("a block parameter")?);
        }
        if !params.is_empty() && !self.at(TokenKind::BracketClose) {
            self.expect(TokenKind::Bar, "`|` behind the block parameters")?;
        }
        Ok(params)
    }

    fn brace_array(&mut self) -> Parsed<ExprId> {
        let open = self.advance();
        let mut elements = Vec::new();
        loop {
            while self.advance_if(TokenKind::Period) {}
            if self.at(TokenKind::BraceClose) {
                break;
            }
            elements.push(self.element()?);
            if !self.at(TokenKind::Period) {
                break;
            }
        }
        self.expect_close(TokenKind::BraceClose, open.span)?;
        let span = open.span.to(self.previous_span());
        self.add(ExprKind::BraceArray(elements), span)
    }

    /// An element of a brace array; it may also return.
    fn element(&mut self) -> Parsed<ExprId> {
        let start = self.peek().span;
        if !self.advance_if(TokenKind::Caret) {
            return self.expression();
        }
        let value = self.expression()?;
        self.add(ExprKind::Answer(value), start.to(self.previous_span()))
    }

    pub(super) fn expect_close(&mut self, kind: TokenKind, open: Span) -> Parsed<()> {
        if self.advance_if(kind) {
            return Ok(());
        }
        let token = self.peek();
        let expected = kind.description();
        let message = format!("expected {expected}, found {}", token.kind.description());
        let error =
            Diagnostic::error("S016", message).primary(token.span, format!("expected {expected}"));
        let error = error.secondary(open, "to close this");
        self.fail(error.hint(format!(
            "insert {expected}, or remove the bracket that is open"
        )))
    }
}
