//! Compiled code as text: header, literals, instructions with their bytes.

use std::fmt::Write;

use super::code::{CodeKind, CompiledCode, Literal, MethodState};
use super::decode::{Operation, decode_all};
use super::instruction::{Instruction, Jump};
use super::target::BytecodeSet;
use crate::base::Interner;

/// The text of the code; `special` are the selectors with bytecodes of their own, and `binding` names bindings.
#[must_use]
pub fn print(
    code: &CompiledCode,
    interner: &Interner,
    special: &[String],
    binding: &dyn Fn(super::BindingId) -> String,
) -> String {
    let mut printer = Printer {
        interner,
        special,
        binding,
        text: String::new(),
        indent: 0,
    };
    printer.code(code);
    printer.text
}

struct Printer<'a> {
    interner: &'a Interner,
    special: &'a [String],
    binding: &'a dyn Fn(super::BindingId) -> String,
    text: String,
    indent: usize,
}

impl Printer<'_> {
    fn line(&mut self, line: &str) {
        let indent = self.indent;
        // Writing into a string does not fail.
        let _ = writeln!(self.text, "{:indent$}{line}", "");
    }

    fn code(&mut self, code: &CompiledCode) {
        let what = match code.kind {
            CodeKind::Method(selector) => format!("method #{}", self.interner.text(selector)),
            CodeKind::FullBlock => "block".to_owned(),
        };
        let set = match code.set {
            BytecodeSet::V3 => "V3",
            BytecodeSet::SistaV1 => "SistaV1",
        };
        let (args, temps) = (code.num_args, code.num_temps);
        let frame = if code.large_frame { "large" } else { "small" };
        let mut header =
            format!("{what}, {set}, arguments {args}, temporaries {temps}, {frame} frame");
        if let Some(primitive) = code.primitive {
            let _ = write!(header, ", primitive {primitive}");
        }
        self.line(&header);
        self.indent += 2;
        match decode_all(code.set, &code.bytecodes) {
            Ok(instructions) => {
                for it in instructions {
                    let bytes = &code.bytecodes[it.offset..it.offset + it.length];
                    let bytes: Vec<_> = bytes.iter().map(u8::to_string).collect();
                    let operation = self.operation(code, it.operation);
                    let line = format!("{:4} <{}> {operation}", it.offset, bytes.join(" "));
                    self.line(&line);
                }
            }
            Err(fault) => self.line(&fault),
        }
        for (index, literal) in code.literals.iter().enumerate() {
            if let Literal::Block(block) = literal {
                self.line(&format!("literal {index}:"));
                self.indent += 2;
                self.code(block);
                self.indent -= 2;
            }
        }
        let last: Vec<_> = code.literals.iter().rev().take(2).rev().collect();
        let last: Vec<_> = last.iter().map(|literal| self.literal(literal)).collect();
        self.line(&format!("last literals: {}", last.join(", ")));
        self.indent -= 2;
    }

    fn operation(&self, code: &CompiledCode, operation: Operation) -> String {
        match operation {
            Operation::Plain(instruction) => self.instruction(code, instruction),
            Operation::Jump(Jump::Always, target) => format!("jump to {target}"),
            Operation::Jump(Jump::IfTrue, target) => format!("jump to {target} if true"),
            Operation::Jump(Jump::IfFalse, target) => format!("jump to {target} if false"),
            Operation::Jump(Jump::Closure { arguments, copied }, target) => {
                format!("push block: arguments {arguments}, copied {copied}, up to {target}")
            }
        }
    }

    fn instruction(&self, code: &CompiledCode, instruction: Instruction) -> String {
        use Instruction as I;
        let literal = |index: u32| match code.literals.get(index as usize) {
            Some(literal) => self.literal(literal),
            None => format!("literal {index}, which there is not"),
        };
        match instruction {
            I::PushVariable(index) => format!("push variable {index}"),
            I::PushVariableMaybeContext(index) => format!("push variable {index}, long"),
            I::PushTemp(slot) => format!("push temporary {slot}"),
            I::PushRemote(it) => format!("push element {} of temporary {}", it.element, it.vector),
            I::PushLiteral(index) => format!("push {}", literal(index)),
            I::PushBinding(index) => format!("push value of {}", literal(index)),
            I::PushSelf => "push self".into(),
            I::PushTrue => "push true".into(),
            I::PushFalse => "push false".into(),
            I::PushNil => "push nil".into(),
            I::PushInteger(value) => format!("push {value}"),
            I::PushCharacter(code) => match char::from_u32(code) {
                Some(character) => format!("push {character:?}"),
                None => format!("push character {code}"),
            },
            I::PushContext => "push thisContext".into(),
            I::PushProcess => "push thisProcess".into(),
            I::PushNewArray(size) => format!("push new array of {size}"),
            I::PushFilledArray(size) => format!("push array of the top {size}"),
            I::PushFullBlock { literal, copied } => {
                format!("push closure of literal {literal}, copied {copied}")
            }
            I::StoreVariable(index) => format!("store variable {index}"),
            I::StoreVariableMaybeContext(index) => format!("store variable {index}, long"),
            I::PopIntoVariable(index) => format!("pop into variable {index}"),
            I::PopIntoVariableMaybeContext(index) => format!("pop into variable {index}, long"),
            I::StoreTemp(slot) => format!("store temporary {slot}"),
            I::PopIntoTemp(slot) => format!("pop into temporary {slot}"),
            I::StoreRemote(it) => {
                format!("store element {} of temporary {}", it.element, it.vector)
            }
            I::PopIntoRemote(it) => {
                format!("pop into element {} of temporary {}", it.element, it.vector)
            }
            I::StoreBinding(index) => format!("store value of {}", literal(index)),
            I::PopIntoBinding(index) => format!("pop into value of {}", literal(index)),
            I::Pop => "pop".into(),
            I::Dup => "duplicate".into(),
            I::Send(it) => format!("send {}", literal(it.literal)),
            I::SendSpecial { number, .. } => format!("send special {}", self.special(number)),
            I::SendSuper(it) => format!("send {} to super", literal(it.literal)),
            I::SendDirectedSuper(it) => {
                format!("send {} to super of the class on top", literal(it.literal))
            }
            I::ReturnSelf => "return self".into(),
            I::ReturnTrue => "return true".into(),
            I::ReturnFalse => "return false".into(),
            I::ReturnNil => "return nil".into(),
            I::ReturnTop => "return top".into(),
            I::BlockReturnNil => "return nil from block".into(),
            I::BlockReturnTop => "return top from block".into(),
            I::CallPrimitive(number) => format!("primitive {number}"),
        }
    }

    /// The selector with its own bytecode; its number if it has no name.
    fn special(&self, number: u8) -> String {
        match self.special.get(usize::from(number)) {
            Some(selector) => format!("#{selector}"),
            None => number.to_string(),
        }
    }

    fn literal(&self, literal: &Literal) -> String {
        match literal {
            Literal::Integer(value) => value.to_string(),
            Literal::Float(value) => format!("{value:?}"),
            Literal::Fraction(above, below) => format!("{above}/{below}"),
            Literal::ScaledDecimal(above, below, scale) => format!("{above}/{below}s{scale}"),
            Literal::Character(value) => format!("{value:?}"),
            Literal::String(text) => format!("{text:?}"),
            Literal::Symbol(symbol) => format!("#{}", self.interner.text(*symbol)),
            Literal::ByteArray(bytes) => format!("#{bytes:?}"),
            Literal::FloatArray(floats) => format!("#{floats:?}"),
            Literal::Array(elements) => {
                let elements: Vec<_> = elements.iter().map(|it| self.literal(it)).collect();
                format!("#({})", elements.join(" "))
            }
            Literal::Boolean(value) => value.to_string(),
            Literal::Nil => "nil".into(),
            Literal::Binding(binding) => (self.binding)(*binding),
            Literal::Undeclared(name) => format!("undeclared {}", self.interner.text(*name)),
            Literal::Block(_) => "a block".into(),
            Literal::OuterCode => "outer code".into(),
            Literal::MethodClass => "class of the method".into(),
            Literal::State(state) => self.state(state),
            Literal::NamedPrimitive { module, name } => {
                let module = module.as_deref().unwrap_or("the virtual machine");
                format!("primitive {name} of {module}")
            }
        }
    }

    fn state(&self, state: &MethodState) -> String {
        match state {
            MethodState::Selector(selector) => format!("#{}", self.interner.text(*selector)),
            MethodState::Pragmas(selector, pragmas) => {
                let pragma = |it: &super::PragmaLiteral| {
                    let arguments: Vec<_> =
                        it.arguments.iter().map(|it| self.literal(it)).collect();
                    let selector = self.interner.text(it.selector);
                    format!(
                        "<{}>",
                        [&[selector.to_owned()], &arguments[..]].concat().join(" ")
                    )
                };
                let pragmas: Vec<_> = pragmas.iter().map(pragma).collect();
                format!(
                    "#{} with {}",
                    self.interner.text(*selector),
                    pragmas.join(" ")
                )
            }
        }
    }
}
