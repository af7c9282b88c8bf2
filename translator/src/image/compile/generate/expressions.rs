//! Expressions that are no control structures.

use super::{Generator, LARGE_FRAME, LARGEST_ARRAY, MOST_ARGUMENTS, Want};
use crate::base::{Integer, Span, Symbol};
use crate::image::compile::code::Literal;
use crate::image::compile::instruction::{Instruction, Message, Remote};
use crate::image::compile::literals::literal_of;
use crate::image::compile::names::{Place, Use, number};
use crate::image::compile::scope::VariableForm;
use crate::image::compile::target::{BytecodeSet, Closures};
use crate::syntax::ast::{self, ExprId, ExprKind, PseudoVariable, Send};

/// Elements of a brace array that are pushed one after the other before they are made an array.
const BRACE_PART: usize = 16;
/// Room that the elements of a brace array may need for themselves.
const BRACE_RESERVE: usize = 12;

impl Generator<'_> {
    pub(super) fn expression(&mut self, expr: ExprId, want: Want) {
        if !self.code.is_reachable() {
            return;
        }
        let span = self.span_of(expr);
        match self.kind_of(expr) {
            ExprKind::Literal(literal) => self.literal(literal, span, want),
            ExprKind::Pseudo(pseudo) => self.pseudo(expr, *pseudo, want),
            ExprKind::Variable(_) => {
                if want != Want::Effect {
                    self.push(self.names.uses[expr], span);
                    self.done(want, span);
                }
            }
            ExprKind::Assignment { target, value } => {
                self.expression(*value, Want::Value);
                let variable = self.names.uses[expr];
                if want == Want::Effect {
                    self.pop_into(variable, target.span);
                } else {
                    self.store(variable, target.span);
                    self.done(want, span);
                }
            }
            ExprKind::Send(send) => match self.names.forms[expr] {
                Some(form) => self.control(expr, form, want),
                None => {
                    self.expression(send.receiver, Want::Value);
                    self.message(send);
                    self.done(want, span);
                }
            },
            ExprKind::Cascade { receiver, messages } => {
                self.cascade(*receiver, messages, span);
                self.done(want, span);
            }
            ExprKind::Block(_) => {
                if want != Want::Effect {
                    self.closure(expr);
                    self.done(want, span);
                }
            }
            ExprKind::BraceArray(elements) => {
                self.brace_array(elements, span);
                self.done(want, span);
            }
            ExprKind::Answer(value) => self.expression(*value, Want::Return),
            ExprKind::Error => {}
        }
    }

    /// Does with the value on the stack what is wanted.
    pub(super) fn done(&mut self, want: Want, span: Span) {
        match want {
            Want::Value => {}
            Want::Effect => self.code.emit(Instruction::Pop, Span::none()),
            Want::Return => self.code.emit(Instruction::ReturnTop, span),
            Want::BlockReturn => self.code.emit(Instruction::BlockReturnTop, span),
        }
    }

    pub(super) fn nil(&mut self, want: Want) {
        self.literal(&ast::Literal::Nil, Span::none(), want);
    }

    pub(super) fn literal(&mut self, literal: &ast::Literal, span: Span, want: Want) {
        use Instruction as I;
        let sista = self.target.options.set == BytecodeSet::SistaV1;
        match (want, literal) {
            (Want::Effect, _) => return,
            (Want::Return, ast::Literal::Boolean(true)) => {
                return self.code.emit(I::ReturnTrue, span);
            }
            (Want::Return, ast::Literal::Boolean(false)) => {
                return self.code.emit(I::ReturnFalse, span);
            }
            (Want::Return, ast::Literal::Nil) => return self.code.emit(I::ReturnNil, span),
            (Want::BlockReturn, ast::Literal::Nil) if sista => {
                return self.code.emit(I::BlockReturnNil, span);
            }
            _ => {}
        }
        self.push_literal(literal, span);
        self.done(want, span);
    }

    fn push_literal(&mut self, literal: &ast::Literal, span: Span) {
        if !self.code.is_reachable() {
            return;
        }
        let without_literal = match literal {
            ast::Literal::Boolean(true) => Some(Instruction::PushTrue),
            ast::Literal::Boolean(false) => Some(Instruction::PushFalse),
            ast::Literal::Nil => Some(Instruction::PushNil),
            ast::Literal::Integer(value) => self.push_of_integer(value),
            ast::Literal::Character(value) if self.target.options.set == BytecodeSet::SistaV1 => {
                let code = u32::from(*value);
                (code <= 0x7FFF).then_some(Instruction::PushCharacter(code))
            }
            _ => None,
        };
        let instruction = without_literal.unwrap_or_else(|| {
            Instruction::PushLiteral(self.literals.index(literal_of(literal, self.target)))
        });
        self.code.emit(instruction, span);
    }

    /// The instruction that pushes an integer without a literal.
    fn push_of_integer(&self, value: &Integer) -> Option<Instruction> {
        let value = i32::try_from(value.to_i128()?).ok()?;
        let in_range = match self.target.options.set {
            BytecodeSet::V3 => (-1..=2).contains(&value),
            BytecodeSet::SistaV1 => (-0x8000..=0x7FFF).contains(&value),
        };
        in_range.then_some(Instruction::PushInteger(value))
    }

    fn pseudo(&mut self, expr: ExprId, pseudo: PseudoVariable, want: Want) {
        let span = self.span_of(expr);
        if want == Want::Effect {
            return;
        }
        match pseudo {
            PseudoVariable::SelfReference | PseudoVariable::Super => {
                if want == Want::Return {
                    return self.code.emit(Instruction::ReturnSelf, span);
                }
                self.code.emit(Instruction::PushSelf, span);
            }
            PseudoVariable::ThisContext => self.code.emit(Instruction::PushContext, span),
            PseudoVariable::ThisProcess => self.push(self.names.uses[expr], span),
        }
        self.done(want, span);
    }

    pub(super) fn push(&mut self, variable: Use, span: Span) {
        use Instruction as I;
        if !self.code.is_reachable() {
            return;
        }
        let instruction = match variable {
            Use::Local(local) => match self.names.place(local, self.function) {
                Place::Slot(slot) => I::PushTemp(slot),
                Place::Element { element, vector } => I::PushRemote(Remote { element, vector }),
            },
            Use::Instance(index) if self.form == VariableForm::Short => I::PushVariable(index),
            Use::Instance(index) => I::PushVariableMaybeContext(index),
            Use::Process => I::PushProcess,
            Use::Binding(_) | Use::Undeclared(_) => I::PushBinding(self.binding(variable)),
        };
        self.code.emit(instruction, span);
    }

    fn binding(&mut self, variable: Use) -> u32 {
        let literal = match variable {
            Use::Undeclared(name) => Literal::Undeclared(name),
            Use::Binding(binding) => Literal::Binding(binding),
            _ => Literal::Nil,
        };
        self.literals.index(literal)
    }

    fn store(&mut self, variable: Use, span: Span) {
        use Instruction as I;
        if !self.code.is_reachable() {
            return;
        }
        let instruction = match variable {
            Use::Local(local) => match self.names.place(local, self.function) {
                Place::Slot(slot) => I::StoreTemp(slot),
                Place::Element { element, vector } => I::StoreRemote(Remote { element, vector }),
            },
            Use::Instance(index) if self.form == VariableForm::Short => I::StoreVariable(index),
            Use::Instance(index) => I::StoreVariableMaybeContext(index),
            Use::Process | Use::Binding(_) | Use::Undeclared(_) => {
                I::StoreBinding(self.binding(variable))
            }
        };
        self.code.emit(instruction, span);
    }

    pub(super) fn pop_into(&mut self, variable: Use, span: Span) {
        use Instruction as I;
        if !self.code.is_reachable() {
            return;
        }
        let instruction = match variable {
            Use::Local(local) => match self.names.place(local, self.function) {
                Place::Slot(slot) => I::PopIntoTemp(slot),
                Place::Element { element, vector } => I::PopIntoRemote(Remote { element, vector }),
            },
            Use::Instance(index) if self.form == VariableForm::Short => I::PopIntoVariable(index),
            Use::Instance(index) => I::PopIntoVariableMaybeContext(index),
            Use::Process | Use::Binding(_) | Use::Undeclared(_) => {
                I::PopIntoBinding(self.binding(variable))
            }
        };
        self.code.emit(instruction, span);
    }

    /// Arguments and send; the receiver is on the stack.
    fn message(&mut self, send: &Send) {
        for &argument in &send.arguments {
            self.expression(argument, Want::Value);
        }
        if send.arguments.len() > MOST_ARGUMENTS {
            let count = send.arguments.len();
            let message = format!("{count} arguments are more than {MOST_ARGUMENTS}");
            self.limit("C004", message, send.selector_span());
        }
        let arguments = number(send.arguments.len());
        let receiver = self.kind_of(send.receiver);
        if *receiver == ExprKind::Pseudo(PseudoVariable::Super) {
            self.send_super(send.selector, arguments, send.selector_span());
        } else {
            self.send(send.selector, arguments, send.selector_span());
        }
    }

    pub(super) fn send(&mut self, selector: Symbol, arguments: u32, span: Span) {
        if !self.code.is_reachable() {
            return;
        }
        let instruction = match self.target.special.get(&selector) {
            Some(&number) => Instruction::SendSpecial { number, arguments },
            None => Instruction::Send(self.message_of(selector, arguments)),
        };
        self.code.emit(instruction, span);
    }

    fn send_super(&mut self, selector: Symbol, arguments: u32, span: Span) {
        if !self.code.is_reachable() {
            return;
        }
        let in_full_block = self.names.functions[self.function].parent.is_some()
            && self.target.options.closures == Closures::Full;
        if in_full_block {
            // The last literal of a block is not the class: it is pushed.
            let class = self.literals.index(Literal::MethodClass);
            self.code.emit(Instruction::PushBinding(class), span);
            let message = self.message_of(selector, arguments);
            self.code
                .emit(Instruction::SendDirectedSuper(message), span);
        } else {
            let message = self.message_of(selector, arguments);
            self.code.emit(Instruction::SendSuper(message), span);
        }
    }

    fn message_of(&mut self, selector: Symbol, arguments: u32) -> Message {
        Message {
            literal: self.literals.index(Literal::Symbol(selector)),
            arguments,
        }
    }

    fn cascade(&mut self, receiver: ExprId, messages: &[ExprId], span: Span) {
        self.expression(receiver, Want::Value);
        for (index, &message) in messages.iter().enumerate() {
            let is_last = index + 1 == messages.len();
            if !is_last {
                self.code.emit(Instruction::Dup, span);
            }
            if let ExprKind::Send(send) = self.kind_of(message) {
                self.message(send);
            }
            if !is_last {
                self.code.emit(Instruction::Pop, Span::none());
            }
        }
    }

    /// Elements that do not fit into the frame, or into one bytecode, are made arrays part by part and joined.
    fn brace_array(&mut self, elements: &[ExprId], span: Span) {
        let room = (LARGE_FRAME - self.code.used().min(LARGE_FRAME)) as usize;
        let fits = elements.len() <= BRACE_PART
            || elements.len() <= LARGEST_ARRAY as usize && elements.len() + BRACE_RESERVE <= room;
        if elements.is_empty() {
            self.code.emit(Instruction::PushNewArray(0), span);
        } else if fits {
            self.filled_array(elements, span);
        } else {
            for (index, part) in elements.chunks(BRACE_PART).enumerate() {
                self.filled_array(part, span);
                if index > 0 {
                    self.send(self.target.known.join, 1, span);
                }
            }
        }
    }

    fn filled_array(&mut self, elements: &[ExprId], span: Span) {
        for &element in elements {
            self.expression(element, Want::Value);
        }
        self.code
            .emit(Instruction::PushFilledArray(number(elements.len())), span);
    }
}
