//! Fields: `size`, or `#size => TypedField type: #SlotCount`.

use super::definition::{Slot, SlotArgument, SlotDefinition};
use super::header::HeaderReader;
use super::ston::Text;
use crate::base::{Diagnostic, Diagnostics, Interner, Span};
use crate::syntax::ast::{ExprId, ExprKind, Exprs, Literal, Name, Send};
use crate::syntax::parser::parse_expression;

/// The field that the header's string describes; none, reported, if it describes none.
pub(super) fn slot(reader: &mut HeaderReader, text: &Text) -> Option<Slot> {
    // Some tools write a name without definition as a symbol: `'#size'`.
    let bare = text.text.strip_prefix('#').unwrap_or(&text.text);
    if is_name(bare) {
        let hash = usize::from(bare.len() < text.text.len());
        let range = text.inner.range();
        return Some(Slot {
            name: Name {
                name: reader.interner.intern(bare),
                span: Span::new(text.inner.file, range.start + hash, range.end),
            },
            definition: None,
        });
    }
    let (root, mut exprs) = parsed(reader, text)?;
    if !text.verbatim {
        // Positions inside of a text with escapes are not those of the file.
        exprs
            .values_mut()
            .for_each(|expr| move_to(&mut expr.kind, &mut expr.span, text.inner));
    }
    let slot = decode(reader, root, exprs);
    if slot.is_none() {
        let error =
            Diagnostic::error("F009", "this is no definition of a field").primary(text.inner, "");
        reader
            .diagnostics
            .push(error.hint("write '#name => TypedField type: #TypeName'"));
    }
    slot
}

fn is_name(text: &str) -> bool {
    let mut characters = text.chars();
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    characters
        .next()
        .is_some_and(|first| is_part(first) && !first.is_numeric())
        && characters.all(is_part)
}

fn parsed(reader: &mut HeaderReader, text: &Text) -> Option<(ExprId, Exprs)> {
    if text.verbatim {
        return parse_expression(reader.text, text.inner, reader.interner, reader.diagnostics);
    }
    let mut diagnostics = Diagnostics::new();
    let whole = Span::new(text.inner.file, 0, text.text.len());
    let parsed = parse_expression(&text.text, whole, reader.interner, &mut diagnostics);
    for mut diagnostic in diagnostics {
        diagnostic
            .labels
            .iter_mut()
            .for_each(|label| label.span = text.inner);
        reader.diagnostics.push(diagnostic);
    }
    parsed
}

fn move_to(kind: &mut ExprKind, span: &mut Span, place: Span) {
    *span = place;
    if let ExprKind::Send(send) = kind {
        send.selector_spans.fill(place);
    }
}

/// Takes `#name => SlotClass keyword: argument …` apart, whose tree is `(#name => SlotClass) keyword: argument …`,
/// and `#name => SlotClass word`, whose tree is `#name => (SlotClass word)`: the word counts as a keyword with the class as its argument.
fn decode(reader: &mut HeaderReader, root: ExprId, exprs: Exprs) -> Option<Slot> {
    let ExprKind::Send(outer) = &exprs[root].kind else {
        return None;
    };
    let arrow = reader.interner.intern("=>");
    let is_arrow = |selector| selector == arrow;
    let (pair, keywords) = if is_arrow(outer.selector) {
        (outer, None)
    } else {
        let ExprKind::Send(inner) = &exprs[outer.receiver].kind else {
            return None;
        };
        (inner, Some(outer))
    };
    if !is_arrow(pair.selector) {
        return None;
    }
    let class_id = *pair.arguments.first()?;
    let (class_id, word) = match &exprs[class_id].kind {
        ExprKind::Send(send) if send.arguments.is_empty() => (send.receiver, Some(send)),
        _ => (class_id, None),
    };
    let (name_expr, class_expr) = (&exprs[pair.receiver], &exprs[class_id]);
    let (ExprKind::Literal(Literal::Symbol(name)), ExprKind::Variable(class)) =
        (&name_expr.kind, &class_expr.kind)
    else {
        return None;
    };
    let name = Name {
        name: *name,
        span: Span {
            start: name_expr.span.start + 1,
            ..name_expr.span
        },
    };
    let class = Name {
        name: *class,
        span: class_expr.span,
    };
    let arguments = match (keywords, word) {
        (Some(send), _) => slot_arguments(reader.interner, send),
        (None, Some(send)) => vec![word_argument(send)],
        (None, None) => Vec::new(),
    };
    let span = class.span.to(exprs[root].span.at_end());
    Some(Slot {
        name,
        definition: Some(SlotDefinition {
            class,
            arguments,
            span,
            exprs,
        }),
    })
}

/// `roots` of `CollectedTable roots`.
fn word_argument(send: &Send) -> SlotArgument {
    let keyword = Name {
        name: send.selector,
        span: send.selector_spans[0],
    };
    SlotArgument {
        keyword,
        value: send.receiver,
    }
}

/// `type: #Address` and `register: #r12` of the message `type: #Address register: #r12`.
fn slot_arguments(interner: &mut Interner, send: &Send) -> Vec<SlotArgument> {
    let selector = interner.text(send.selector).to_owned();
    let places = send.selector_spans.iter().zip(&send.arguments);
    let argument = |(part, (&span, &value)): (&str, (&Span, &ExprId))| {
        let keyword = Name {
            name: interner.intern(part),
            span,
        };
        SlotArgument { keyword, value }
    };
    selector
        .split_inclusive(':')
        .zip(places)
        .map(argument)
        .collect()
}
