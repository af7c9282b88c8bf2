//! Syntax tree to instructions.
//!
//! Every expression is compiled for what is wanted of it: its value on the stack, only its effect, or to be answered by the method or block.

mod blocks;
mod control;
mod expressions;

use super::assemble::{Assembled, assemble};
use super::code::{CodeKind, CompiledCode, Literal, MethodState, PragmaLiteral};
use super::emitter::Emitter;
use super::instruction::Instruction;
use super::literals::{LiteralFrame, literal_of};
use super::names::{FunctionId, HomeId, Names, Use};
use super::primitive::{Primitive, is_primitive};
use super::scope::VariableForm;
use super::target::{BytecodeSet, Target};
use crate::base::{Diagnostic, Diagnostics, EntityRef, Interner, Span};
use crate::syntax::ast::{
    self, ExprId, ExprKind, Method, PseudoVariable, Statement, StatementKind,
};

/// Parameters that a method or block can have.
const MOST_ARGUMENTS: usize = 15;
/// Parameters, copied values and temporaries that one frame can have.
const MOST_TEMPS: u32 = 63;
/// Variables that one vector can have, and elements of an array that one bytecode makes.
const LARGEST_ARRAY: u32 = 127;
/// Values that a small frame and a large one have room for.
const SMALL_FRAME: u32 = 16;
const LARGE_FRAME: u32 = 56;

/// What is wanted of an expression.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Want {
    /// Its value on the stack.
    Value,
    /// Nothing on the stack.
    Effect,
    /// That the method answers it.
    Return,
    /// That the block answers it.
    BlockReturn,
}

pub(super) struct Generator<'a> {
    method: &'a Method,
    names: &'a Names,
    target: &'a Target,
    interner: &'a Interner,
    form: VariableForm,
    diagnostics: &'a mut Diagnostics,
    /// Of the method, or of the full block that is being compiled.
    code: Emitter,
    literals: LiteralFrame,
    function: FunctionId,
}

impl<'a> Generator<'a> {
    pub(super) fn new(
        method: &'a Method,
        names: &'a Names,
        target: &'a Target,
        interner: &'a Interner,
        form: VariableForm,
        diagnostics: &'a mut Diagnostics,
    ) -> Self {
        let function = FunctionId::new(0);
        Generator {
            method,
            names,
            target,
            interner,
            form,
            diagnostics,
            code: Emitter::new(names.functions[function].slots),
            literals: LiteralFrame::default(),
            function,
        }
    }

    /// The code of the whole method; none if it is more than bytecodes can say.
    pub(super) fn method(mut self, primitive: Option<Primitive>) -> Option<CompiledCode> {
        if !self.functions_fit() {
            return None;
        }
        let number = match primitive {
            Some(primitive) => {
                self.begin_primitive(&primitive);
                Some(primitive.number)
            }
            None => self.quick_primitive(),
        };
        if let Some(number) = number.filter(|_| self.code.items.is_empty()) {
            self.code
                .emit(Instruction::CallPrimitive(number), Span::none());
        }
        self.make_vector(self.names.home_of(self.function));
        self.move_failure();
        let method = self.method;
        self.statements(&method.statements, None);
        if self.code.is_reachable() || !self.code.ends_with_return() {
            self.code.emit_last(Instruction::ReturnSelf);
        }
        let state = self.state();
        self.finish(
            CodeKind::Method(method.selector),
            number,
            [Literal::State(state), Literal::MethodClass],
        )
    }

    fn begin_primitive(&mut self, primitive: &Primitive) {
        if let Some(name) = &primitive.name {
            self.literals.index(name.clone());
        }
        let span = Span::none();
        self.code
            .emit(Instruction::CallPrimitive(primitive.number), span);
        if primitive.failure.is_some()
            && let Some(slot) = self.names.failure_slot()
        {
            // The virtual machine puts the reason where the stack's top is: into the last temporary, which then is stored into itself.
            self.code.emit_uncounted(Instruction::StoreTemp(slot), span);
        }
    }

    /// A failure variable that lives in a vector is left in its slot by the virtual machine.
    fn move_failure(&mut self) {
        let Some(failure) = self.names.failure else {
            return;
        };
        if let (Some(_), Some(slot)) = (
            self.names.variables[failure].element,
            self.names.failure_slot(),
        ) {
            self.code.emit(Instruction::PushTemp(slot), Span::none());
            self.pop_into(Use::Local(failure), Span::none());
        }
    }

    /// The number of the primitive that does all that a method does which only answers itself, a constant or a variable.
    fn quick_primitive(&self) -> Option<u16> {
        let simple = self.method.params.is_empty() && self.method.statements.len() <= 1;
        let answered = match self.method.statements.first().map(|first| first.kind) {
            _ if !simple => return None,
            None => return Some(256),
            Some(StatementKind::Expression(_)) => return None,
            Some(StatementKind::Return(expr)) => expr,
        };
        match &self.method.exprs[answered].kind {
            ExprKind::Pseudo(PseudoVariable::SelfReference) => Some(256),
            ExprKind::Literal(literal) => match literal {
                ast::Literal::Boolean(true) => Some(257),
                ast::Literal::Boolean(false) => Some(258),
                ast::Literal::Nil => Some(259),
                ast::Literal::Integer(value) => match value.to_i128() {
                    Some(value @ -1..=2) => u16::try_from(261 + value).ok(),
                    _ => None,
                },
                _ => None,
            },
            ExprKind::Variable(_) => match self.names.uses[answered] {
                Use::Instance(index @ 0..=255) if self.form == VariableForm::Short => {
                    u16::try_from(264 + index).ok()
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Statements of the method, or of an inlined block for which `last` tells what is wanted of its value.
    fn statements(&mut self, statements: &[Statement], last: Option<Want>) {
        let count = statements.len();
        for (index, statement) in statements.iter().enumerate() {
            let want = match (statement.kind, last) {
                (StatementKind::Return(_), _) => Want::Return,
                (StatementKind::Expression(_), Some(last)) if index + 1 == count => last,
                _ => Want::Effect,
            };
            self.expression(statement.kind.expression(), want);
        }
        if let Some(want) = last.filter(|_| count == 0) {
            self.nil(want);
        }
    }

    fn make_vector(&mut self, home: HomeId) {
        let elements = self.names.homes[home].elements;
        if elements > 0 {
            let slot = self.names.vector_slot(home, self.function);
            self.code
                .emit(Instruction::PushNewArray(elements), Span::none());
            self.code.emit(Instruction::PopIntoTemp(slot), Span::none());
        }
    }

    /// The last literal but one.
    fn state(&self) -> MethodState {
        let selector = self.method.selector;
        let pragmas = self.method.pragmas.iter();
        let pragmas: Vec<_> = pragmas
            .filter(|pragma| self.target.options.pragmas && !is_primitive(pragma, self.interner))
            .map(|pragma| PragmaLiteral {
                selector: pragma.selector,
                arguments: pragma
                    .arguments
                    .iter()
                    .map(|argument| literal_of(&argument.literal, self.target))
                    .collect(),
            })
            .collect();
        if pragmas.is_empty() {
            MethodState::Selector(selector)
        } else {
            MethodState::Pragmas(selector, pragmas)
        }
    }

    /// The code that was emitted, as an object.
    fn finish(
        &mut self,
        kind: CodeKind,
        primitive: Option<u16>,
        last_literals: [Literal; 2],
    ) -> Option<CompiledCode> {
        let code = std::mem::take(&mut self.code);
        let literals = std::mem::take(&mut self.literals);
        let set = self.target.options.set;
        let function = &self.names.functions[self.function];
        let (num_args, num_temps) = (super::names::number(function.params.len()), function.slots);
        let most_literals = match set {
            BytecodeSet::V3 => 256,
            BytecodeSet::SistaV1 => 32_765,
        };
        if literals.len() > most_literals {
            let message = format!("{} literals are more than {most_literals}", literals.len());
            self.limit("C004", message, function.span);
            return None;
        }
        if code.frame() > LARGE_FRAME {
            let message = format!(
                "this needs a frame of {} values, but the largest has {LARGE_FRAME}",
                code.frame()
            );
            self.limit("C006", message, function.span);
            return None;
        }
        let Assembled {
            bytecodes,
            source_map,
        } = match assemble(&code, set) {
            Ok(assembled) => assembled,
            Err(fault) => {
                let span = if fault.span.is_none() {
                    function.span
                } else {
                    fault.span
                };
                self.limit(fault.code, fault.message, span);
                return None;
            }
        };
        Some(CompiledCode {
            kind,
            set,
            num_args,
            num_temps,
            large_frame: code.frame() > SMALL_FRAME,
            primitive,
            literals: literals.finish(last_literals),
            bytecodes,
            source_map,
        })
    }

    fn functions_fit(&mut self) -> bool {
        let before = self.diagnostics.len();
        let names = self.names;
        for function in names.functions.values() {
            let span = function.span;
            if function.params.len() > MOST_ARGUMENTS {
                let count = function.params.len();
                self.limit(
                    "C004",
                    format!("{count} parameters are more than {MOST_ARGUMENTS}"),
                    span,
                );
            } else if function.slots > MOST_TEMPS {
                let count = function.slots;
                self.limit(
                    "C004",
                    format!("{count} variables in one frame are more than {MOST_TEMPS}"),
                    span,
                );
            }
        }
        for home in names.homes.values() {
            if home.elements > LARGEST_ARRAY {
                let message = format!(
                    "closures share {} variables, more than {LARGEST_ARRAY}",
                    home.elements
                );
                self.limit("C004", message, self.method.pattern_span);
            }
        }
        self.diagnostics.len() == before
    }

    fn limit(&mut self, code: &'static str, message: String, span: Span) {
        let error = Diagnostic::error(code, message).primary(span, "");
        self.diagnostics
            .push(error.hint("move a part of it into another method"));
    }

    fn kind_of(&self, expr: ExprId) -> &'a ExprKind {
        let method = self.method;
        &method.exprs[expr].kind
    }

    fn span_of(&self, expr: ExprId) -> Span {
        self.method.exprs[expr].span
    }
}
