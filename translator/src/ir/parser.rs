//! Reads the text form back: what the printer writes, and what tests write by hand.
//!
//! Values and blocks keep their numbers, so printing again gives the same text. Alias classes and trap reasons are declared by
//! being named; functions, fields, pins, data, tables and signatures must be in the text, in any order for functions.
//! The result is not verified.

mod body;
mod lexer;

use std::fmt;

use crate::base::PrimaryMap;

use self::lexer::{Lexer, Token};
use super::entities::{FuncId, SigId};
use super::function::{Attributes, Function, FunctionKind, Inline};
use super::instruction::Symbol;
use super::module::{Data, Export, FunctionTable, Module, Pin, StateField, StructField};
use super::position::Position;
use super::types::{Access, Signature, Type};

/// The text is not IR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// One sentence.
    pub message: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

type Result<T> = std::result::Result<T, ParseError>;

/// Reads a module.
///
/// # Errors
/// The first place where the text is not IR.
pub fn parse_module(text: &str) -> Result<Module> {
    let mut lexer = Lexer::new(text)?;
    let mut module = Module::new();
    declare_functions(&mut lexer, &mut module)?;
    lexer.rewind();
    let mut parser = Parser {
        lexer,
        module,
        next_function: 0,
    };
    while !parser.lexer.at_end() {
        parser.item()?;
    }
    Ok(parser.module)
}

/// The first walk: names and signatures of all functions, so that calls and tables find them.
fn declare_functions(lexer: &mut Lexer<'_>, module: &mut Module) -> Result<()> {
    while !lexer.at_end() {
        let line = lexer.line();
        let Some(kind) = lexer.word().and_then(function_kind) else {
            lexer.skip_line();
            continue;
        };
        lexer.next();
        // `export` and the others are words of instructions nowhere, so a header starts here.
        let name = lexer.string()?;
        if module.function_named(&name).is_some() {
            return Err(ParseError {
                line,
                message: format!("function {name:?} is there twice"),
            });
        }
        let func = header(lexer, module, name, kind)?;
        module.functions.push(func);
        if !lexer.at_line_end() {
            lexer.skip_line();
        }
    }
    Ok(())
}

fn function_kind(word: &str) -> Option<FunctionKind> {
    let kinds = [
        FunctionKind::Normal,
        FunctionKind::Handler,
        FunctionKind::Export,
        FunctionKind::Import,
    ];
    kinds.into_iter().find(|kind| kind.name() == word)
}

fn header(
    lexer: &mut Lexer<'_>,
    module: &mut Module,
    name: String,
    kind: FunctionKind,
) -> Result<Function> {
    lexer.expect("(")?;
    let mut signature = Signature::default();
    while !lexer.eat(")") {
        if lexer.value_number().is_some() {
            lexer.next();
            lexer.expect(":")?;
        }
        signature.params.push(lexer.ty()?);
        lexer.eat(",");
    }
    if lexer.eat("->") {
        signature.result = Some(lexer.ty()?);
    }
    let mut attributes = Attributes::default();
    let (mut line, mut method) = (0, name.clone());
    loop {
        if lexer.eat("noinline") {
            attributes.inline = Inline::Never;
        } else if lexer.eat("inline") {
            attributes.inline = Inline::Always;
        } else if lexer.eat("cold") {
            attributes.cold = true;
        } else if lexer.eat("moving") {
            attributes.moving = true;
        } else if lexer.eat("leaves") {
            attributes.leaves = true;
        } else if lexer.eat("line") {
            line = lexer.unsigned()?;
        } else if lexer.eat("of") {
            method = lexer.string()?;
        } else {
            break;
        }
    }
    let position = Position::new(module.intern(&method), line);
    let mut func = Function::new(name, kind, signature, position);
    func.attributes = attributes;
    Ok(func)
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    module: Module,
    next_function: usize,
}

impl Parser<'_> {
    fn fail<T>(&self, message: impl Into<String>) -> Result<T> {
        Err(ParseError {
            line: self.lexer.last_line(),
            message: message.into(),
        })
    }

    fn item(&mut self) -> Result<()> {
        let word = self.lexer.word().unwrap_or_default().to_owned();
        if function_kind(&word).is_some() {
            return self.function();
        }
        match word.as_str() {
            "pin" => self.pin(),
            "dispatch" => self.dispatch(),
            "state" => {
                self.lexer.next();
                self.module.state_size = self.lexer.unsigned()?;
                Ok(())
            }
            "field" => self.field(),
            "data" => self.data(),
            "part" => self.part(),
            "table" => self.table(),
            "signature" => self.signature(),
            "symbol" => {
                self.lexer.next();
                let (symbol, name) = (self.lexer.string()?, self.lexer.string()?);
                let function = self.function_named(&name)?;
                self.module.exports.push(Export { symbol, function });
                Ok(())
            }
            _ => self.lexer.wanted("an item"),
        }
    }

    fn pin(&mut self) -> Result<()> {
        self.lexer.next();
        let (name, register) = (self.lexer.name()?, self.lexer.name()?);
        let ty = self.lexer.ty()?;
        self.module.pins.push(Pin { name, register, ty });
        Ok(())
    }

    fn dispatch(&mut self) -> Result<()> {
        self.lexer.next();
        self.module.instruction_pin = Some(self.pin_named()?);
        self.module.dispatch_pin = Some(self.pin_named()?);
        Ok(())
    }

    fn field(&mut self) -> Result<()> {
        self.lexer.next();
        let name = self.lexer.name()?;
        let offset = self.lexer.unsigned()?;
        let access = self.lexer.name()?;
        let Some(access) = access_named(&access) else {
            return self.fail(format!("{access} is no access"));
        };
        self.lexer.expect("size")?;
        let size = self.lexer.unsigned()?;
        self.lexer.expect("!")?;
        let class = self.lexer.name()?;
        let alias = self.module.alias_class(&class);
        let pin = if self.lexer.eat("pin") {
            Some(self.pin_named()?)
        } else {
            None
        };
        self.module.fields.push(StateField {
            name,
            offset,
            access,
            size,
            alias,
            pin,
        });
        Ok(())
    }

    fn part(&mut self) -> Result<()> {
        self.lexer.next();
        let name = self.lexer.name()?;
        let offset = self.lexer.number("an offset")?;
        self.module.parts.push(StructField { name, offset });
        Ok(())
    }

    fn data(&mut self) -> Result<()> {
        self.lexer.next();
        let name = self.lexer.string()?;
        self.lexer.expect("align")?;
        let align = self.lexer.unsigned()?;
        let writable = self.lexer.eat("writable");
        let digits = self.lexer.string()?;
        let Some(bytes) = hexadecimal(&digits) else {
            return self.fail("the content is not pairs of hexadecimal digits");
        };
        let relocations = Vec::new();
        let id = self.module.data.push(Data {
            name,
            bytes,
            align,
            writable,
            relocations,
        });
        while self.lexer.eat("@") {
            let offset = self.lexer.unsigned()?;
            let symbol = self.symbol()?;
            let addend = self.lexer.distance()?;
            self.module.data[id]
                .relocations
                .push((offset, symbol, addend));
        }
        Ok(())
    }

    fn table(&mut self) -> Result<()> {
        self.lexer.next();
        let name = self.lexer.string()?;
        self.lexer.expect("[")?;
        let mut entries = Vec::new();
        while !self.lexer.eat("]") {
            if self.lexer.eat("null") {
                entries.push(None);
            } else {
                let function = self.lexer.string()?;
                entries.push(Some(self.function_named(&function)?));
            }
            self.lexer.eat(",");
        }
        self.module.tables.push(FunctionTable { name, entries });
        Ok(())
    }

    fn signature(&mut self) -> Result<()> {
        self.lexer.next();
        self.lexer.expect("(")?;
        let mut signature = Signature::default();
        while !self.lexer.eat(")") {
            signature.params.push(self.lexer.ty()?);
            self.lexer.eat(",");
        }
        if self.lexer.eat("->") {
            signature.result = Some(self.lexer.ty()?);
        }
        let _: SigId = self.module.signatures.push(signature);
        Ok(())
    }

    fn symbol(&mut self) -> Result<Symbol> {
        let kind = self.lexer.name()?;
        let name = self.lexer.string()?;
        let module = &self.module;
        let symbol = match kind.as_str() {
            "function" => module.function_named(&name).map(Symbol::Function),
            "data" => module
                .data
                .iter()
                .find(|(_, data)| data.name == name)
                .map(|(id, _)| Symbol::Data(id)),
            "field" => module
                .fields
                .iter()
                .find(|(_, field)| field.name == name)
                .map(|(id, _)| Symbol::Field(id)),
            "table" => module
                .tables
                .iter()
                .find(|(_, table)| table.name == name)
                .map(|(id, _)| Symbol::Table(id)),
            _ => None,
        };
        symbol.map_or_else(|| self.fail(format!("there is no {kind} {name:?}")), Ok)
    }

    fn pin_named(&mut self) -> Result<super::entities::PinId> {
        let name = self.lexer.name()?;
        let known = self
            .module
            .pins
            .iter()
            .find(|(_, pin)| pin.name == name)
            .map(|(id, _)| id);
        known.map_or_else(|| self.fail(format!("there is no pin {name}")), Ok)
    }

    fn function_named(&self, name: &str) -> Result<FuncId> {
        self.module
            .function_named(name)
            .map_or_else(|| self.fail(format!("there is no function {name:?}")), Ok)
    }

    fn function(&mut self) -> Result<()> {
        self.lexer.next();
        self.lexer.string()?;
        while !self.lexer.at_line_end() && self.lexer.token() != &Token::Mark("{") {
            self.lexer.next();
        }
        let id: FuncId = crate::base::EntityRef::new(self.next_function);
        self.next_function += 1;
        if self.lexer.eat("{") {
            self.body(id)
        } else {
            Ok(())
        }
    }
}

fn access_named(name: &str) -> Option<Access> {
    Access::ALL.into_iter().find(|access| access.name() == name)
}

fn type_named(name: &str) -> Option<Type> {
    Type::ALL.into_iter().find(|ty| ty.name() == name)
}

fn hexadecimal(digits: &str) -> Option<Vec<u8>> {
    let digits: Vec<u32> = digits
        .chars()
        .map(|c| c.to_digit(16))
        .collect::<Option<_>>()?;
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    digits
        .chunks(2)
        .map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok())
        .collect()
}

/// Instructions whose result's type is that of an operand which the text may define later.
type Pending = Vec<(super::entities::Value, super::entities::Value)>;

/// A map that is filled by number, whatever the order.
fn fill<K: crate::base::EntityRef, V: Clone>(map: &mut PrimaryMap<K, V>, key: K, filler: &V) {
    while map.len() <= key.index() {
        map.push(filler.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERYTHING: &str = include_str!("parser/everything.ir");

    #[test]
    fn the_printer_writes_what_the_parser_reads() {
        let module = parse_module(EVERYTHING).expect("the text is right");
        assert_eq!(module.text(), EVERYTHING);
        assert_eq!(crate::ir::verify(&module), Ok(()));
    }

    #[test]
    fn the_sample_names_every_opcode_of_the_table() {
        use crate::ir::opcode::*;
        let mut names: Vec<&str> = Vec::new();
        names.extend(BinaryOp::ALL.iter().map(|op| op.name()));
        names.extend(UnaryOp::ALL.iter().map(|op| op.name()));
        names.extend(CheckedOp::ALL.iter().map(|op| op.name()));
        names.extend(IntCond::ALL.iter().map(|op| op.name()));
        names.extend(FloatCond::ALL.iter().map(|op| op.name()));
        names.extend(BlockOp::ALL.iter().map(|op| op.name()));
        names.extend(SHAPES.iter().map(|shape| {
            shape
                .name
                .split(char::is_uppercase)
                .next()
                .unwrap_or_default()
        }));
        for name in names {
            let there = EVERYTHING.lines().any(|line| {
                let text = line.split(" = ").last().unwrap_or_default().trim_start();
                text.starts_with(name)
            });
            assert!(there, "{name} is not in the sample");
        }
    }

    #[test]
    fn mistakes_are_reported_with_their_line() {
        let cases = [
            ("what", 1, "expected an item"),
            (
                "function \"f\" () {\nblock0:\n    v0 = frob\n}",
                3,
                "no opcode",
            ),
            (
                "function \"f\" () {\nblock0:\n    call \"g\"()\n}",
                3,
                "no function",
            ),
            (
                "function \"f\" () {\nblock0:\n    v0 = iconst x\n}",
                3,
                "integer",
            ),
            (
                "function \"f\" () {\nblock0:\n    ret\n",
                4,
                "end of the text",
            ),
            (
                "function \"f\" () {\nblock0:\n    pin.set p, v0\n}",
                3,
                "no pin",
            ),
            ("function \"f\" () {\nblock0:\n    ret v7\n}", 3, "v7"),
            ("data \"d\" align 8 \"0\"", 1, "hexadecimal"),
            ("pin \"p", 1, "quote"),
        ];
        for (text, line, message) in cases {
            let error = parse_module(text).expect_err(text);
            assert!(error.message.contains(message), "{text}: {error}");
            assert_eq!(error.line, line, "{text}: {error}");
        }
    }
}
