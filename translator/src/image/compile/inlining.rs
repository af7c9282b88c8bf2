//! Messages that are compiled in line: conditionals and loops whose blocks are written out as arguments.
//!
//! The message then is not sent, and its blocks are no closures. A message to `super` or in a cascade is always sent.

use super::target::Target;
use crate::syntax::ast::{ExprId, ExprKind, Exprs, Literal, PseudoVariable, Send};

/// A selector that may be compiled in line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Control {
    /// `ifTrue:`.
    IfTrue,
    /// `ifFalse:`.
    IfFalse,
    /// `ifTrue:ifFalse:`.
    IfTrueIfFalse,
    /// `ifFalse:ifTrue:`.
    IfFalseIfTrue,
    /// `and:`.
    And,
    /// `or:`.
    Or,
    /// `whileTrue`, `whileTrue:`.
    WhileTrue,
    /// `whileFalse`, `whileFalse:`.
    WhileFalse,
    /// `repeat`.
    Repeat,
    /// `timesRepeat:`.
    TimesRepeat,
    /// `to:do:`.
    ToDo,
    /// `to:by:do:`.
    ToByDo,
    /// `ifNil:`.
    IfNil,
    /// `ifNotNil:`.
    IfNotNil,
    /// `ifNil:ifNotNil:`.
    IfNilIfNotNil,
    /// `ifNotNil:ifNil:`.
    IfNotNilIfNil,
    /// `caseOf:`.
    CaseOf,
    /// `caseOf:otherwise:`.
    CaseOfOtherwise,
}

impl Control {
    /// All of them with their selectors.
    pub(super) const ALL: &'static [(&'static str, Control)] = &[
        ("ifTrue:", Control::IfTrue),
        ("ifFalse:", Control::IfFalse),
        ("ifTrue:ifFalse:", Control::IfTrueIfFalse),
        ("ifFalse:ifTrue:", Control::IfFalseIfTrue),
        ("and:", Control::And),
        ("or:", Control::Or),
        ("whileTrue", Control::WhileTrue),
        ("whileTrue:", Control::WhileTrue),
        ("whileFalse", Control::WhileFalse),
        ("whileFalse:", Control::WhileFalse),
        ("repeat", Control::Repeat),
        ("timesRepeat:", Control::TimesRepeat),
        ("to:do:", Control::ToDo),
        ("to:by:do:", Control::ToByDo),
        ("ifNil:", Control::IfNil),
        ("ifNotNil:", Control::IfNotNil),
        ("ifNil:ifNotNil:", Control::IfNilIfNotNil),
        ("ifNotNil:ifNil:", Control::IfNotNilIfNil),
        ("caseOf:", Control::CaseOf),
        ("caseOf:otherwise:", Control::CaseOfOtherwise),
    ];
}

/// A message that is compiled in line, its parts by their roles. Blocks are expressions of kind block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    If {
        condition: ExprId,
        then: Option<ExprId>,
        otherwise: Option<ExprId>,
    },
    /// `and:` if `conjunction`, else `or:`.
    Logic {
        left: ExprId,
        right: ExprId,
        conjunction: bool,
    },
    /// Goes on as long as the condition, a block, answers `while_true`.
    While {
        condition: ExprId,
        body: Option<ExprId>,
        while_true: bool,
    },
    Repeat {
        body: ExprId,
    },
    TimesRepeat {
        count: ExprId,
        body: ExprId,
    },
    ToDo {
        start: ExprId,
        limit: ExprId,
        step: Option<ExprId>,
        descending: bool,
        body: ExprId,
    },
    IfNil {
        value: ExprId,
        absent: Option<ExprId>,
        present: Option<ExprId>,
    },
    Case {
        value: ExprId,
        /// A brace array whose elements [`cases`] takes apart.
        cases: ExprId,
        otherwise: Option<ExprId>,
    },
}

/// How `send` is compiled in line, if it is.
pub(super) fn form(exprs: &Exprs, send: &Send, target: &Target) -> Option<Form> {
    let control = *target.inlined.get(&send.selector)?;
    if exprs[send.receiver].kind == ExprKind::Pseudo(PseudoVariable::Super) {
        return None;
    }
    let parts = Parts { exprs, send };
    match control {
        Control::IfTrue => parts.conditional(Some(0), None),
        Control::IfFalse => parts.conditional(None, Some(0)),
        Control::IfTrueIfFalse => parts.conditional(Some(0), Some(1)),
        Control::IfFalseIfTrue => parts.conditional(Some(1), Some(0)),
        Control::And | Control::Or => Some(Form::Logic {
            left: send.receiver,
            right: parts.block(0, 0)?,
            conjunction: control == Control::And,
        }),
        Control::WhileTrue => parts.while_loop(true),
        Control::WhileFalse => parts.while_loop(false),
        Control::Repeat => Some(Form::Repeat {
            body: parts.if_block(send.receiver, 0)?,
        }),
        Control::TimesRepeat => Some(Form::TimesRepeat {
            count: send.receiver,
            body: parts.block(0, 0)?,
        }),
        Control::ToDo => Some(Form::ToDo {
            start: send.receiver,
            limit: parts.argument(0)?,
            step: None,
            descending: false,
            body: parts.block(1, 1)?,
        }),
        Control::ToByDo => Some(Form::ToDo {
            start: send.receiver,
            limit: parts.argument(0)?,
            step: parts.argument(1),
            descending: is_negative_step(&exprs[parts.argument(1)?].kind)?,
            body: parts.block(2, 1)?,
        }),
        Control::IfNil => parts.nil_test(Some(parts.block(0, 0)?), None),
        Control::IfNotNil => parts.nil_test(None, Some(parts.block_of_value(0)?)),
        Control::IfNilIfNotNil => {
            parts.nil_test(Some(parts.block(0, 0)?), Some(parts.block_of_value(1)?))
        }
        Control::IfNotNilIfNil => {
            parts.nil_test(Some(parts.block(1, 0)?), Some(parts.block_of_value(0)?))
        }
        Control::CaseOf => parts.case(None, target),
        Control::CaseOfOtherwise => parts.case(Some(parts.block(1, 0)?), target),
    }
}

/// The key and the value of each case of [`Form::Case`].
pub(super) fn cases(exprs: &Exprs, cases: ExprId) -> Vec<(ExprId, ExprId)> {
    let ExprKind::BraceArray(elements) = &exprs[cases].kind else {
        return Vec::new();
    };
    let pair = |&element: &ExprId| match &exprs[element].kind {
        ExprKind::Send(send) => Some((send.receiver, *send.arguments.first()?)),
        _ => None,
    };
    elements.iter().filter_map(pair).collect()
}

/// Receiver and arguments of a message.
struct Parts<'a> {
    exprs: &'a Exprs,
    send: &'a Send,
}

impl Parts<'_> {
    fn argument(&self, index: usize) -> Option<ExprId> {
        self.send.arguments.get(index).copied()
    }

    /// The argument, if it is a block with so many parameters.
    fn block(&self, index: usize, params: usize) -> Option<ExprId> {
        self.if_block(self.argument(index)?, params)
    }

    fn if_block(&self, expr: ExprId, params: usize) -> Option<ExprId> {
        (param_count(self.exprs, expr) == Some(params)).then_some(expr)
    }

    /// The argument, if it is a block that may take the value which is not nil.
    fn block_of_value(&self, index: usize) -> Option<ExprId> {
        self.block(index, 0).or_else(|| self.block(index, 1))
    }

    fn conditional(&self, then: Option<usize>, otherwise: Option<usize>) -> Option<Form> {
        let side = |index: Option<usize>| match index {
            Some(index) => self.block(index, 0).map(Some),
            None => Some(None),
        };
        Some(Form::If {
            condition: self.send.receiver,
            then: side(then)?,
            otherwise: side(otherwise)?,
        })
    }

    fn while_loop(&self, while_true: bool) -> Option<Form> {
        let body = match self.argument(0) {
            Some(_) => Some(self.block(0, 0)?),
            None => None,
        };
        Some(Form::While {
            condition: self.if_block(self.send.receiver, 0)?,
            body,
            while_true,
        })
    }

    /// A case statement, if each case is an association of two blocks without parameters.
    fn case(&self, otherwise: Option<ExprId>, target: &Target) -> Option<Form> {
        let cases = self.argument(0)?;
        let ExprKind::BraceArray(elements) = &self.exprs[cases].kind else {
            return None;
        };
        let is_case = |&element: &ExprId| match &self.exprs[element].kind {
            ExprKind::Send(send) => {
                let mut sides = send.arguments.iter().chain([&send.receiver]);
                send.selector == target.known.association
                    && sides.all(|&side| param_count(self.exprs, side) == Some(0))
            }
            _ => false,
        };
        let form = Form::Case {
            value: self.send.receiver,
            cases,
            otherwise,
        };
        (!elements.is_empty() && elements.iter().all(is_case)).then_some(form)
    }

    fn nil_test(&self, absent: Option<ExprId>, present: Option<ExprId>) -> Option<Form> {
        Some(Form::IfNil {
            value: self.send.receiver,
            absent,
            present,
        })
    }
}

/// The number of parameters, if the expression is a block.
fn param_count(exprs: &Exprs, expr: ExprId) -> Option<usize> {
    match &exprs[expr].kind {
        ExprKind::Block(block) => Some(block.params.len()),
        _ => None,
    }
}

/// Whether a step counts down; none if it is not known here, or zero.
fn is_negative_step(step: &ExprKind) -> Option<bool> {
    let ExprKind::Literal(literal) = step else {
        return None;
    };
    match literal {
        Literal::Integer(value) if value.magnitude().is_zero() => None,
        Literal::Integer(value) | Literal::Fraction(value, _) => Some(value.is_negative()),
        Literal::Float(value) if *value != 0.0 => Some(*value < 0.0),
        Literal::ScaledDecimal(value) if !value.numerator.magnitude().is_zero() => {
            Some(value.numerator.is_negative())
        }
        _ => None,
    }
}
