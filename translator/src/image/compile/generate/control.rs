//! Conditionals and loops that are compiled in line.

use super::{Generator, Want};
use crate::base::{Span, Symbol};
use crate::image::compile::emitter::Label;
use crate::image::compile::inlining::{Form, cases};
use crate::image::compile::instruction::{Instruction, Jump};
use crate::image::compile::names::{Block, Place, Use, VariableId};
use crate::syntax::ast::{ExprId, ExprKind, Literal, StatementKind};

/// A loop that counts.
struct Counting {
    counter: u32,
    limit: Limit,
    /// 1 if there is none.
    step: Option<ExprId>,
    comparison: Symbol,
    body: ExprId,
    span: Span,
}

/// Where a counting loop ends.
enum Limit {
    /// An expression that has the same value each time.
    Constant(ExprId),
    Slot(u32),
}

impl Generator<'_> {
    pub(super) fn control(&mut self, expr: ExprId, form: Form, want: Want) {
        let span = self.span_of(expr);
        match form {
            Form::If {
                condition,
                then,
                otherwise,
            } => self.conditional(condition, then, otherwise, want),
            Form::Logic {
                left,
                right,
                conjunction,
            } => self.logic(left, right, conjunction, want),
            Form::While {
                condition,
                body,
                while_true,
            } => {
                let head = self.code.loop_head();
                let exit = self.code.label();
                self.block_condition(condition, !while_true, exit);
                if let Some(body) = body {
                    self.inlined(body, Want::Effect);
                }
                self.code.jump(Jump::Always, head, span);
                self.code.bind(exit);
                self.nil_after(want);
            }
            Form::Repeat { body } => {
                let head = self.code.loop_head();
                self.inlined(body, Want::Effect);
                self.code.jump(Jump::Always, head, span);
            }
            Form::TimesRepeat { count, body } => self.times_repeat(expr, count, body, want),
            Form::ToDo { .. } => self.count_up_or_down(expr, form, want),
            Form::IfNil {
                value,
                absent,
                present,
            } => self.if_nil(value, absent, present, want),
            Form::Case {
                value,
                cases,
                otherwise,
            } => self.case(value, cases, otherwise, want),
        }
    }

    fn nil_after(&mut self, want: Want) {
        if self.code.is_reachable() {
            self.nil(want);
        }
    }

    /// Jumps to `target` if the expression is `sense`, else goes on.
    fn condition(&mut self, expr: ExprId, sense: bool, target: Label) {
        if let Some(Form::Logic {
            left,
            right,
            conjunction,
        }) = self.names.forms[expr]
        {
            if conjunction == sense {
                let skip = self.code.label();
                self.condition(left, !sense, skip);
                self.block_condition(right, sense, target);
                self.code.bind(skip);
            } else {
                self.condition(left, sense, target);
                self.block_condition(right, sense, target);
            }
            return;
        }
        self.expression(expr, Want::Value);
        self.jump_if(sense, target, self.span_of(expr));
    }

    fn jump_if(&mut self, sense: bool, target: Label, span: Span) {
        let jump = if sense { Jump::IfTrue } else { Jump::IfFalse };
        self.code.jump(jump, target, span);
    }

    /// The same for the value of an inlined block.
    fn block_condition(&mut self, block: ExprId, sense: bool, target: Label) {
        if !self.code.is_reachable() {
            return;
        }
        let span = self.span_of(block);
        self.enter_inlined(block);
        let ExprKind::Block(it) = self.kind_of(block) else {
            return;
        };
        match it.statements.split_last() {
            Some((last, others)) if matches!(last.kind, StatementKind::Expression(_)) => {
                self.statements(others, None);
                if self.code.is_reachable() {
                    self.condition(last.kind.expression(), sense, target);
                }
            }
            _ => {
                self.statements(&it.statements, Some(Want::Value));
                self.jump_if(sense, target, span);
            }
        }
    }

    /// An inlined block.
    pub(super) fn inlined(&mut self, block: ExprId, want: Want) {
        if !self.code.is_reachable() {
            return;
        }
        self.enter_inlined(block);
        if let ExprKind::Block(block) = self.kind_of(block) {
            self.statements(&block.statements, Some(want));
        }
    }

    fn enter_inlined(&mut self, block: ExprId) {
        let names = self.names;
        let Block::Inlined { home, cleared, .. } = &names.blocks[block] else {
            return;
        };
        if let Some(home) = home {
            self.make_vector(*home);
        }
        for &variable in cleared {
            if names.variables[variable].element.is_none() {
                self.code.emit(Instruction::PushNil, Span::none());
                self.pop_into(Use::Local(variable), Span::none());
            }
        }
    }

    fn conditional(
        &mut self,
        condition: ExprId,
        then: Option<ExprId>,
        otherwise: Option<ExprId>,
        want: Want,
    ) {
        let end = self.code.label();
        if let (Want::Effect, (Some(block), None) | (None, Some(block))) = (want, (then, otherwise))
        {
            self.condition(condition, then.is_none(), end);
            self.inlined(block, Want::Effect);
            return self.code.bind(end);
        }
        let other = self.code.label();
        self.condition(condition, false, other);
        self.arm(then, want);
        self.code.jump(Jump::Always, end, Span::none());
        self.code.bind(other);
        self.arm(otherwise, want);
        self.code.bind(end);
    }

    /// One side of a conditional; nil if there is none.
    fn arm(&mut self, block: Option<ExprId>, want: Want) {
        match block {
            Some(block) => self.inlined(block, want),
            None => self.nil_after(want),
        }
    }

    fn logic(&mut self, left: ExprId, right: ExprId, conjunction: bool, want: Want) {
        let (short, end) = (self.code.label(), self.code.label());
        self.condition(left, !conjunction, short);
        self.inlined(right, want);
        if want == Want::Effect {
            return self.code.bind(short);
        }
        self.code.jump(Jump::Always, end, Span::none());
        self.code.bind(short);
        if self.code.is_reachable() {
            self.literal(&Literal::Boolean(!conjunction), Span::none(), want);
        }
        self.code.bind(end);
    }

    fn if_nil(
        &mut self,
        value: ExprId,
        absent: Option<ExprId>,
        present: Option<ExprId>,
        want: Want,
    ) {
        let span = self.span_of(value);
        self.expression(value, Want::Value);
        if !self.code.is_reachable() {
            return;
        }
        if let Some(param) = present.and_then(|block| self.inlined_param(block)) {
            self.store_local(param, span);
        }
        let end = self.code.label();
        let one_sided = match (absent, present) {
            (Some(block), None) => Some((block, false)),
            (None, Some(block)) => Some((block, true)),
            _ => None,
        };
        if let Some((block, skipped_if_nil)) = one_sided {
            if want != Want::Effect {
                self.code.emit(Instruction::Dup, Span::none());
            }
            self.compare_with_nil(span);
            self.jump_if(skipped_if_nil, end, span);
            if want != Want::Effect {
                self.code.emit(Instruction::Pop, Span::none());
            }
            self.inlined(block, want);
            self.code.bind(end);
            // Where the block was skipped the value itself is still there.
            if !matches!(want, Want::Effect | Want::Value) {
                self.done(want, span);
            }
            return;
        }
        let other = self.code.label();
        self.compare_with_nil(span);
        self.jump_if(false, other, span);
        self.arm(absent, want);
        self.code.jump(Jump::Always, end, Span::none());
        self.code.bind(other);
        self.arm(present, want);
        self.code.bind(end);
    }

    /// Compares the value, which lies on the stack meanwhile, with one key after the other.
    fn case(&mut self, value: ExprId, all: ExprId, otherwise: Option<ExprId>, want: Want) {
        let (span, equal) = (self.span_of(value), self.target.known.equal);
        let all = cases(&self.method.exprs, all);
        let end = self.code.label();
        self.expression(value, Want::Value);
        for (index, &(key, result)) in all.iter().enumerate() {
            let is_last = index + 1 == all.len();
            if !is_last {
                self.code.emit(Instruction::Dup, span);
            }
            self.inlined(key, Want::Value);
            self.send(equal, 1, self.span_of(key));
            let next = self.code.label();
            self.jump_if(false, next, self.span_of(key));
            if !is_last {
                self.code.emit(Instruction::Pop, Span::none());
            }
            self.inlined(result, want);
            self.code.jump(Jump::Always, end, Span::none());
            self.code.bind(next);
        }
        match otherwise {
            Some(block) => self.inlined(block, want),
            None => {
                self.code.emit(Instruction::PushSelf, span);
                self.send(self.target.known.case_error, 0, span);
                self.done(want, span);
            }
        }
        self.code.bind(end);
    }

    fn compare_with_nil(&mut self, span: Span) {
        self.code.emit(Instruction::PushNil, Span::none());
        self.send(self.target.known.same, 1, span);
    }

    /// The parameter of an inlined block, if it has one that is used.
    fn inlined_param(&self, block: ExprId) -> Option<VariableId> {
        let Block::Inlined { params, .. } = &self.names.blocks[block] else {
            return None;
        };
        let param = params.first().copied();
        param.filter(|&param| self.names.is_used(param))
    }

    fn store_local(&mut self, variable: VariableId, span: Span) {
        if let Place::Slot(slot) = self.names.place(variable, self.function) {
            self.code.emit(Instruction::StoreTemp(slot), span);
        }
    }

    fn times_repeat(&mut self, expr: ExprId, count: ExprId, body: ExprId, want: Want) {
        let limit = self.names.hidden_slot(self.function, expr);
        let counter = limit + 1;
        self.keep_if_wanted(count, limit, want);
        self.code.emit(Instruction::PushInteger(1), Span::none());
        self.code
            .emit(Instruction::PopIntoTemp(counter), Span::none());
        let counting = Counting {
            counter,
            limit: Limit::Slot(limit),
            step: None,
            comparison: self.target.known.less_or_equal,
            body,
            span: self.span_of(expr),
        };
        self.count(&counting, want);
    }

    fn count_up_or_down(&mut self, expr: ExprId, form: Form, want: Want) {
        let Form::ToDo {
            start,
            limit,
            step,
            descending,
            body,
        } = form
        else {
            return;
        };
        let Block::Inlined { params, .. } = &self.names.blocks[body] else {
            return;
        };
        let place = |&param: &VariableId| self.names.place(param, self.function);
        let Some(Place::Slot(counter)) = params.first().map(place) else {
            return;
        };
        self.keep_if_wanted(start, counter, want);
        let limit = if self.is_constant(limit) {
            Limit::Constant(limit)
        } else {
            let kept = self.names.hidden_slot(self.function, expr);
            self.expression(limit, Want::Value);
            self.code.emit(Instruction::PopIntoTemp(kept), Span::none());
            Limit::Slot(kept)
        };
        let known = self.target.known;
        let counting = Counting {
            counter,
            limit,
            step,
            comparison: match descending {
                true => known.greater_or_equal,
                false => known.less_or_equal,
            },
            body,
            span: self.span_of(expr),
        };
        self.count(&counting, want);
    }

    /// Pops a value into a slot; it stays on the stack if the loop's value is wanted.
    fn keep_if_wanted(&mut self, value: ExprId, slot: u32, want: Want) {
        self.expression(value, Want::Value);
        if want != Want::Effect {
            self.code.emit(Instruction::Dup, Span::none());
        }
        self.code.emit(Instruction::PopIntoTemp(slot), Span::none());
    }

    /// Test, body and step of a counting loop.
    fn count(&mut self, it: &Counting, want: Want) {
        let head = self.code.loop_head();
        let exit = self.code.label();
        self.code
            .emit(Instruction::PushTemp(it.counter), Span::none());
        match it.limit {
            Limit::Constant(limit) => self.expression(limit, Want::Value),
            Limit::Slot(slot) => self.code.emit(Instruction::PushTemp(slot), Span::none()),
        }
        self.send(it.comparison, 1, it.span);
        self.jump_if(false, exit, it.span);
        self.inlined(it.body, Want::Effect);
        self.code
            .emit(Instruction::PushTemp(it.counter), Span::none());
        match it.step {
            Some(step) => self.expression(step, Want::Value),
            None => self.code.emit(Instruction::PushInteger(1), Span::none()),
        }
        self.send(self.target.known.plus, 1, it.span);
        self.code
            .emit(Instruction::PopIntoTemp(it.counter), Span::none());
        self.code.jump(Jump::Always, head, it.span);
        self.code.bind(exit);
        self.after_counting(want, it.span);
    }

    /// The value of a counting loop is its receiver, which lies on the stack meanwhile.
    fn after_counting(&mut self, want: Want, span: Span) {
        if want != Want::Effect {
            self.done(want, span);
        }
    }

    /// Whether a limit has the same value each time it is looked at: a literal or a parameter.
    fn is_constant(&self, limit: ExprId) -> bool {
        match self.kind_of(limit) {
            ExprKind::Literal(_) => true,
            ExprKind::Variable(_) => match self.names.uses[limit] {
                Use::Local(variable) => self.names.is_param(variable),
                _ => false,
            },
            _ => false,
        }
    }
}
