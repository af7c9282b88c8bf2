//! The pragmas that give a method a primitive.
//!
//! `<primitive: 60>`, `<primitive: 'name'>`, `<primitive: 'name' module: 'Plugin'>`, each also with `error: variable`, in any order of the
//! keywords behind the first.

use super::code::Literal;
use crate::base::{Diagnostic, Diagnostics, Interner, Span};
use crate::syntax::ast::{self, LiteralNode, Method, Name, Pragma};

/// The greatest number that both bytecode sets and every virtual machine of the family take.
const GREATEST_NUMBER: i128 = 8191;

/// The numbers that answer the receiver, a constant or an instance variable. The compiler gives them to methods that do just that: they read the receiver unchecked.
const QUICK_NUMBERS: std::ops::RangeInclusive<i128> = 256..=519;

/// The number of named primitives.
const EXTERNAL_CALL: u16 = 117;

/// A method's primitive.
pub(super) struct Primitive {
    pub(super) number: u16,
    /// The literal that names it, if it is named.
    pub(super) name: Option<Literal>,
    /// The variable that gets the reason of its failure.
    pub(super) failure: Option<Name>,
}

/// Whether a pragma gives the method a primitive.
pub(super) fn is_primitive(pragma: &Pragma, interner: &Interner) -> bool {
    interner.text(pragma.selector).starts_with("primitive:")
}

/// The primitive of `method`, if it has one.
pub(super) fn primitive_of(
    method: &Method,
    interner: &Interner,
    diagnostics: &mut Diagnostics,
) -> Option<Primitive> {
    let mut pragmas = method
        .pragmas
        .iter()
        .filter(|pragma| is_primitive(pragma, interner));
    let pragma = pragmas.next()?;
    if let Some(second) = pragmas.next() {
        let error = Diagnostic::error("C007", "a method has one primitive")
            .primary(second.span, "a second one")
            .secondary(pragma.span, "the first one");
        diagnostics.push(error.hint("remove one of them"));
    }
    let reader = Reader {
        interner,
        diagnostics,
    };
    reader.pragma(pragma)
}

struct Reader<'a> {
    interner: &'a Interner,
    diagnostics: &'a mut Diagnostics,
}

impl Reader<'_> {
    fn pragma(mut self, pragma: &Pragma) -> Option<Primitive> {
        let (mut module, mut failure) = (None, None);
        let keywords = ast::selector_parts(self.interner, pragma.selector);
        let parts: Vec<_> = keywords.zip(&pragma.arguments).collect();
        for (keyword, argument) in parts.iter().skip(1) {
            match *keyword {
                "module:" => module = self.text(argument),
                "error:" => failure = self.name(argument),
                _ => {
                    let message = format!("a primitive has no `{keyword}`");
                    self.report(
                        message,
                        argument.span,
                        "the keywords are module: and error:",
                    );
                }
            }
        }
        let (_, first) = parts.first()?;
        let (number, name) = match &first.literal {
            ast::Literal::Integer(value) => (self.number(value.to_i128(), first.span)?, None),
            _ => {
                let name = self.text(first)?;
                (
                    EXTERNAL_CALL,
                    Some(Literal::NamedPrimitive { module, name }),
                )
            }
        };
        Some(Primitive {
            number,
            name,
            failure,
        })
    }

    /// A number in range; 0 stands for no primitive.
    fn number(&mut self, value: Option<i128>, span: Span) -> Option<u16> {
        let in_range = value.filter(|value| (0..=GREATEST_NUMBER).contains(value));
        if in_range.is_none() {
            let message = format!("the number of a primitive is between 1 and {GREATEST_NUMBER}");
            self.report(
                message,
                span,
                "give the number that the virtual machine knows",
            );
        }
        let quick = in_range.filter(|value| QUICK_NUMBERS.contains(value));
        if let Some(quick) = quick {
            let message = format!("the primitive {quick} is given by the compiler only");
            let hint =
                "write what it answers, such as `^ self` or `^ name`: that gets the primitive";
            self.report(message, span, hint);
        }
        in_range
            .and_then(|value| u16::try_from(value).ok())
            .filter(|&number| number != 0)
    }

    fn text(&mut self, node: &LiteralNode) -> Option<Box<str>> {
        match &node.literal {
            ast::Literal::String(text) => Some(text.clone()),
            ast::Literal::Symbol(symbol) => Some(self.interner.text(*symbol).into()),
            ast::Literal::Nil => None,
            _ => {
                let message = "a primitive is named by a string".to_owned();
                self.report(message, node.span, "write it in single quotes");
                None
            }
        }
    }

    fn name(&mut self, node: &LiteralNode) -> Option<Name> {
        match &node.literal {
            ast::Literal::Symbol(name) => Some(Name {
                name: *name,
                span: node.span,
            }),
            ast::Literal::String(text) => self.interner.lookup(text).map(|name| Name {
                name,
                span: node.span,
            }),
            _ => {
                let message = "the failure of a primitive goes to a variable".to_owned();
                self.report(message, node.span, "write its name behind error:");
                None
            }
        }
    }

    fn report(&mut self, message: String, span: Span, hint: &str) {
        let error = Diagnostic::error("C007", message).primary(span, "");
        self.diagnostics.push(error.hint(hint));
    }
}
