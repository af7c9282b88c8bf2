//! Blocks that become closures.

use super::{Generator, Want};
use crate::base::Span;
use crate::image::compile::code::{CodeKind, Literal};
use crate::image::compile::emitter::Emitter;
use crate::image::compile::instruction::{Instruction, Jump};
use crate::image::compile::names::{Block, FunctionId, number};
use crate::image::compile::target::Closures;
use crate::syntax::ast::{ExprId, ExprKind};

impl Generator<'_> {
    /// Pushes a closure of the block.
    pub(super) fn closure(&mut self, expr: ExprId) {
        let names = self.names;
        let Block::Closure(function) = names.blocks[expr] else {
            return;
        };
        let span = self.span_of(expr);
        let copied = &names.functions[function].copied;
        for &value in copied {
            let slot = names.slot_of_copied(value, self.function);
            self.code.emit(Instruction::PushTemp(slot), Span::none());
        }
        let copied = number(copied.len());
        match self.target.options.closures {
            Closures::Full => self.full_block(expr, function, copied, span),
            Closures::Embedded => self.embedded_block(expr, function, copied, span),
        }
    }

    fn full_block(&mut self, expr: ExprId, function: FunctionId, copied: u32, span: Span) {
        let slots = self.names.functions[function].slots;
        let outer_code = std::mem::replace(&mut self.code, Emitter::new(slots));
        let outer_literals = std::mem::take(&mut self.literals);
        let outer_function = std::mem::replace(&mut self.function, function);
        self.body(expr);
        let block = self.finish(
            CodeKind::FullBlock,
            None,
            [Literal::Nil, Literal::OuterCode],
        );
        self.code = outer_code;
        self.literals = outer_literals;
        self.function = outer_function;
        // Without code an error was reported, and nobody will see this literal.
        let block = block.map_or(Literal::Nil, |block| Literal::Block(Box::new(block)));
        let literal = self.literals.index(block);
        self.code
            .emit(Instruction::PushFullBlock { literal, copied }, span);
    }

    fn embedded_block(&mut self, expr: ExprId, function: FunctionId, copied: u32, span: Span) {
        let it = &self.names.functions[function];
        let arguments = number(it.params.len());
        let own_temps = it.slots - arguments - copied;
        let end = self.code.label();
        self.code
            .jump(Jump::Closure { arguments, copied }, end, span);
        let outer = self.code.enter_block(arguments + copied);
        let outer_function = std::mem::replace(&mut self.function, function);
        for _ in 0..own_temps {
            self.code.emit(Instruction::PushNil, Span::none());
        }
        self.body(expr);
        self.function = outer_function;
        self.code.leave_block(outer, end);
    }

    fn body(&mut self, expr: ExprId) {
        self.make_vector(self.names.home_of(self.function));
        if let ExprKind::Block(block) = self.kind_of(expr) {
            self.statements(&block.statements, Some(Want::BlockReturn));
        }
        if self.code.is_reachable() || !self.code.ends_with_return() {
            // Behind an endless loop nothing is reached, but tools look for a return.
            self.code.emit_last(Instruction::ReturnSelf);
        }
    }
}
