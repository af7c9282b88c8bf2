//! The syntax tree as Smalltalk text.
//!
//! Reading the text again gives the same tree, but for its spans and the parentheses that were not needed.

use std::fmt::Write;

use crate::base::{Integer, Interner, Natural, Symbol};
use crate::syntax::ast::{
    Block, ExprId, ExprKind, Exprs, Literal, LiteralNode, Method, Name, Send, Statement,
    StatementKind, argument_count,
};
use crate::syntax::lexer::is_binary_char;

/// The method with pattern, pragmas, temporaries and one statement a line.
#[must_use]
pub fn print_method(method: &Method, interner: &Interner) -> String {
    let mut printer = Printer {
        interner,
        exprs: &method.exprs,
        out: String::new(),
    };
    printer.pattern(method);
    printer.out.push('\n');
    for pragma in &method.pragmas {
        printer.out.push_str("\t<");
        printer.message_parts(pragma.selector, &pragma.arguments, Printer::literal_node);
        printer.out.push_str(">\n");
    }
    if !method.temps.is_empty() {
        printer.out.push('\t');
        printer.temps(&method.temps);
        printer.out.push('\n');
    }
    printer.statements(&method.statements, 1);
    printer.out
}

/// An expression, in one line unless it contains blocks.
#[must_use]
pub fn print_expression(expr: ExprId, exprs: &Exprs, interner: &Interner) -> String {
    let mut printer = Printer {
        interner,
        exprs,
        out: String::new(),
    };
    printer.expr(expr, Precedence::Lowest, 0);
    printer.out
}

/// A literal as it stands in code.
#[must_use]
pub fn print_literal(literal: &Literal, interner: &Interner) -> String {
    let exprs = Exprs::new();
    let mut printer = Printer {
        interner,
        exprs: &exprs,
        out: String::new(),
    };
    printer.literal(literal);
    printer.out
}

/// What binds how strongly; a part that binds weaker than its place demands gets parentheses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Precedence {
    /// Assignments and cascades.
    Lowest,
    Keyword,
    Binary,
    Unary,
    Primary,
}

struct Printer<'a> {
    interner: &'a Interner,
    exprs: &'a Exprs,
    out: String,
}

impl Printer<'_> {
    fn pattern(&mut self, method: &Method) {
        self.message_parts(method.selector, &method.params, |printer, param| {
            printer.name(*param)
        });
    }

    /// `at: 1 put: 2`, `+ 1`, `size`.
    fn message_parts<T>(
        &mut self,
        selector: Symbol,
        arguments: &[T],
        mut print: impl FnMut(&mut Self, &T),
    ) {
        let interner = self.interner;
        let text = interner.text(selector);
        if arguments.is_empty() {
            self.out.push_str(text);
            return;
        }
        for (index, (part, argument)) in text.split_inclusive(':').zip(arguments).enumerate() {
            if index > 0 {
                self.out.push(' ');
            }
            self.out.push_str(part);
            self.out.push(' ');
            print(self, argument);
        }
    }

    fn name(&mut self, name: Name) {
        self.symbol_text(name.name);
    }

    fn symbol_text(&mut self, symbol: Symbol) {
        let interner = self.interner;
        self.out.push_str(interner.text(symbol));
    }

    fn temps(&mut self, temps: &[Name]) {
        self.out.push('|');
        for temp in temps {
            self.out.push(' ');
            self.name(*temp);
        }
        self.out.push_str(" |");
    }

    fn statements(&mut self, statements: &[Statement], indent: usize) {
        let count = statements.len();
        for (index, statement) in statements.iter().enumerate() {
            self.out.extend(std::iter::repeat_n('\t', indent));
            match statement.kind {
                StatementKind::Return(expr) => {
                    self.out.push_str("^ ");
                    self.expr(expr, Precedence::Lowest, indent);
                }
                StatementKind::Expression(expr) => self.expr(expr, Precedence::Lowest, indent),
            }
            self.out
                .push_str(if index + 1 < count { ".\n" } else { "\n" });
        }
    }

    /// The expression, in parentheses if it binds weaker than `place`.
    fn expr(&mut self, id: ExprId, place: Precedence, indent: usize) {
        let exprs = self.exprs;
        let kind = &exprs[id].kind;
        let parentheses = self.precedence(kind) < place;
        if parentheses {
            self.out.push('(');
        }
        match kind {
            ExprKind::Literal(literal) => self.literal(literal),
            ExprKind::Variable(name) => self.symbol_text(*name),
            ExprKind::Pseudo(variable) => self.out.push_str(variable.name()),
            ExprKind::Assignment { target, value } => {
                self.name(*target);
                self.out.push_str(" := ");
                self.expr(*value, Precedence::Lowest, indent);
            }
            ExprKind::Send(send) => {
                let receiver = self.send_precedence(send).receiver();
                self.expr(send.receiver, receiver, indent);
                self.out.push(' ');
                self.message(send, indent);
            }
            ExprKind::Cascade { messages, .. } => self.cascade(messages, indent),
            ExprKind::Block(block) => self.block(block, indent),
            ExprKind::BraceArray(elements) => self.brace_array(elements, indent),
            ExprKind::Answer(value) => {
                self.out.push_str("^ ");
                self.expr(*value, Precedence::Lowest, indent);
            }
            ExprKind::Error => self.out.push_str("<error>"),
        }
        if parentheses {
            self.out.push(')');
        }
    }

    fn precedence(&self, kind: &ExprKind) -> Precedence {
        match kind {
            ExprKind::Assignment { .. } | ExprKind::Cascade { .. } | ExprKind::Answer(_) => {
                Precedence::Lowest
            }
            ExprKind::Send(send) => self.send_precedence(send),
            ExprKind::Literal(_)
            | ExprKind::Variable(_)
            | ExprKind::Pseudo(_)
            | ExprKind::Block(_)
            | ExprKind::BraceArray(_)
            | ExprKind::Error => Precedence::Primary,
        }
    }

    fn send_precedence(&self, send: &Send) -> Precedence {
        let selector = self.interner.text(send.selector);
        match argument_count(selector) {
            0 => Precedence::Unary,
            1 if !selector.ends_with(':') => Precedence::Binary,
            _ => Precedence::Keyword,
        }
    }

    fn message(&mut self, send: &Send, indent: usize) {
        let place = self.send_precedence(send).argument();
        self.message_parts(send.selector, &send.arguments, |printer, argument| {
            printer.expr(*argument, place, indent);
        });
    }

    fn cascade(&mut self, messages: &[ExprId], indent: usize) {
        let exprs = self.exprs;
        for (index, &message) in messages.iter().enumerate() {
            let ExprKind::Send(send) = &exprs[message].kind else {
                continue;
            };
            if index == 0 {
                let receiver = self.send_precedence(send).receiver();
                self.expr(send.receiver, receiver, indent);
            } else {
                self.out.push(';');
            }
            self.out.push(' ');
            self.message(send, indent);
        }
    }

    fn block(&mut self, block: &Block, indent: usize) {
        self.out.push('[');
        for param in &block.params {
            self.out.push_str(" :");
            self.name(*param);
        }
        if !block.params.is_empty() {
            self.out.push_str(" |");
        }
        if !block.temps.is_empty() {
            self.out.push(' ');
            self.temps(&block.temps);
        }
        if block.statements.is_empty() {
            self.out.push_str(" ]");
            return;
        }
        self.out.push('\n');
        self.statements(&block.statements, indent + 1);
        self.out.pop();
        self.out.push_str(" ]");
    }

    fn brace_array(&mut self, elements: &[ExprId], indent: usize) {
        self.out.push('{');
        for (index, &element) in elements.iter().enumerate() {
            self.out.push_str(if index == 0 { " " } else { ". " });
            self.expr(element, Precedence::Lowest, indent);
        }
        self.out.push_str(" }");
    }

    fn literal_node(&mut self, node: &LiteralNode) {
        self.literal(&node.literal);
    }

    fn literal(&mut self, literal: &Literal) {
        match literal {
            Literal::Integer(value) => self.write(value),
            Literal::Fraction(numerator, denominator) => {
                self.power_fraction(numerator, denominator);
            }
            Literal::Float(value) => self.float(*value),
            Literal::ScaledDecimal(decimal) => {
                self.power_fraction(&decimal.numerator, &decimal.denominator);
                self.write(&format_args!("s{}", decimal.scale));
            }
            Literal::Character(character) => self.write(&format_args!("${character}")),
            Literal::String(text) => self.write(&format_args!("'{}'", text.replace('\'', "''"))),
            Literal::Symbol(symbol) => self.symbol(*symbol),
            Literal::ByteArray(bytes) => {
                let bytes: Vec<_> = bytes.iter().map(u8::to_string).collect();
                self.write(&format_args!("#[{}]", bytes.join(" ")));
            }
            Literal::FloatArray(floats) => {
                self.out.push_str("#[");
                for (index, &value) in floats.iter().enumerate() {
                    if index > 0 {
                        self.out.push(' ');
                    }
                    self.float(value);
                }
                self.out.push(']');
            }
            Literal::Array(elements) => {
                self.out.push_str("#(");
                for (index, element) in elements.iter().enumerate() {
                    if index > 0 {
                        self.out.push(' ');
                    }
                    self.literal_node(element);
                }
                self.out.push(')');
            }
            Literal::Boolean(value) => self.write(value),
            Literal::Nil => self.out.push_str("nil"),
        }
    }

    fn write(&mut self, value: &dyn std::fmt::Display) {
        // Writing into a string does not fail.
        let _ = write!(self.out, "{value}");
    }

    fn float(&mut self, value: f64) {
        if value.is_infinite() {
            let sign = if value < 0.0 { "-" } else { "" };
            return self.write(&format_args!("{sign}1.0e999"));
        }
        let text = format!("{value:?}");
        match text.split_once('e') {
            Some((mantissa, exponent)) if !mantissa.contains('.') => {
                self.write(&format_args!("{mantissa}.0e{exponent}"));
            }
            _ => self.out.push_str(&text),
        }
    }

    /// A fraction whose denominator is a power of the radix in which it was written.
    fn power_fraction(&mut self, numerator: &Integer, denominator: &Natural) {
        let radixes = std::iter::once(10).chain(2..=36);
        let found = radixes
            .into_iter()
            .find_map(|radix| Some((radix, logarithm(denominator, radix)?)));
        let (radix, exponent) = found.unwrap_or((10, 0));
        let sign = if numerator.is_negative() { "-" } else { "" };
        if radix == 10 {
            self.write(numerator);
        } else {
            let digits = digits(numerator.magnitude(), radix);
            self.write(&format_args!("{sign}{radix}r{digits}"));
        }
        if exponent > 0 {
            self.write(&format_args!("e-{exponent}"));
        }
    }

    fn symbol(&mut self, symbol: Symbol) {
        let interner = self.interner;
        let text = interner.text(symbol);
        if is_plain_symbol(text) {
            self.write(&format_args!("#{text}"));
        } else {
            self.write(&format_args!("#'{}'", text.replace('\'', "''")));
        }
    }
}

impl Precedence {
    /// What the receiver of a message of this precedence must at least have.
    fn receiver(self) -> Precedence {
        if self == Precedence::Keyword {
            Precedence::Binary
        } else {
            self
        }
    }

    /// What the arguments must have.
    fn argument(self) -> Precedence {
        if self == Precedence::Keyword {
            Precedence::Binary
        } else {
            Precedence::Unary
        }
    }
}

/// The exponent of `radix` that gives `power`.
fn logarithm(power: &Natural, radix: u32) -> Option<u32> {
    let mut rest = power.clone();
    let mut exponent = 0;
    while rest != Natural::from(1u128) {
        if rest.is_zero() || rest.divide(radix) != 0 {
            return None;
        }
        exponent += 1;
    }
    Some(exponent)
}

fn digits(value: &Natural, radix: u32) -> String {
    let mut rest = value.clone();
    let mut digits = Vec::new();
    while !rest.is_zero() || digits.is_empty() {
        let digit = char::from_digit(rest.divide(radix), radix).unwrap_or('?');
        digits.push(digit.to_ascii_uppercase());
    }
    digits.iter().rev().collect()
}

/// Whether the symbol needs no quotes.
fn is_plain_symbol(text: &str) -> bool {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) if first.is_alphabetic() || first == '_' => characters
            .all(|character| character.is_alphanumeric() || matches!(character, '_' | ':')),
        Some(_) => text
            .chars()
            .all(|character| character == '|' || is_binary_char(character)),
        None => false,
    }
}
