//! Blocks and instructions.

use super::lexer::Token;
use super::{Parser, Pending, Result, access_named, fill, type_named};
use crate::base::EntityRef;
use crate::ir::entities::{Alias, Block, FuncId, InstId, SigId, Site, TrapReason, Value};
use crate::ir::function::{BlockData, Function, InstData, ValueData, ValueDef};
use crate::ir::instruction::{Address, Base, Hint, Inst, Target, ValueList};
use crate::ir::opcode::{BinaryOp, BlockOp, CheckedOp, FloatCond, IntCond, Kind, UnaryOp};
use crate::ir::position::{Activation, Position};
use crate::ir::types::Type;

/// The type of a result as far as the instruction itself tells it.
enum ResultType {
    None,
    Is(Type),
    Of(Value),
}

impl Parser<'_> {
    pub(super) fn body(&mut self, id: FuncId) -> Result<()> {
        let mut func = self.module.functions[id].clone();
        let mut pending = Pending::new();
        let mut used: Vec<(Value, usize)> = Vec::new();
        let mut defined: Vec<bool> = Vec::new();
        while !self.lexer.eat("}") {
            if let Some(number) = self.lexer.block_number() {
                self.lexer.next();
                self.block(&mut func, Block::new(number), &mut defined)?;
            } else if let Some(number) = self.lexer.site_number() {
                self.lexer.next();
                self.activation(&mut func, number)?;
            } else {
                self.statement(&mut func, &mut pending, &mut used, &mut defined)?;
            }
        }
        resolve(&mut func, pending);
        if let Some((value, line)) = used
            .iter()
            .find(|(value, _)| !defined.get(value.index()).copied().unwrap_or(false))
        {
            return Err(super::ParseError {
                line: *line,
                message: format!("{value} is not defined"),
            });
        }
        self.module.functions[id] = func;
        Ok(())
    }

    fn block(&mut self, func: &mut Function, block: Block, defined: &mut Vec<bool>) -> Result<()> {
        fill(&mut func.blocks, block, &BlockData::default());
        if func.layout.contains(&block) {
            return self.fail(format!("{block} is there twice"));
        }
        func.layout.push(block);
        if self.lexer.eat("(") {
            let mut params = Vec::new();
            while !self.lexer.eat(")") {
                let value = self.value()?;
                self.lexer.expect(":")?;
                let ty = self.lexer.ty()?;
                let number = u32::try_from(params.len()).unwrap_or(u32::MAX);
                self.define(
                    func,
                    value,
                    ValueData {
                        ty,
                        def: ValueDef::Param(block, number),
                    },
                    defined,
                )?;
                params.push(value);
                self.lexer.eat(",");
            }
            func.blocks[block].params = params;
        }
        self.lexer.expect(":")
    }

    fn value(&mut self) -> Result<Value> {
        match self.lexer.value_number() {
            Some(number) => {
                self.lexer.next();
                Ok(Value::new(number))
            }
            None => self.lexer.wanted("a value"),
        }
    }

    fn define(
        &mut self,
        func: &mut Function,
        value: Value,
        data: ValueData,
        defined: &mut Vec<bool>,
    ) -> Result<()> {
        fill(&mut func.values, value, &data);
        if defined.len() <= value.index() {
            defined.resize(value.index() + 1, false);
        }
        if std::mem::replace(&mut defined[value.index()], true) {
            return self.fail(format!("{value} is defined twice"));
        }
        func.values[value] = data;
        Ok(())
    }

    fn statement(
        &mut self,
        func: &mut Function,
        pending: &mut Pending,
        used: &mut Vec<(Value, usize)>,
        defined: &mut Vec<bool>,
    ) -> Result<()> {
        let line = self.lexer.line();
        let Some(&block) = func.layout.last() else {
            return self.fail("an instruction stands before the first block");
        };
        let mut result = None;
        if self.lexer.value_number().is_some() {
            result = Some(self.value()?);
            self.lexer.expect("=")?;
        }
        let (inst, ty) = self.instruction(func)?;
        let position = self.position(func)?;
        if !self.lexer.at_line_end() {
            return self.fail(format!("{} follows the instruction", self.lexer.describe()));
        }
        let id: InstId = func.insts.push(InstData {
            inst,
            result,
            position,
        });
        func.blocks[block].insts.push(id);
        inst.each_operand(func, |value| used.push((value, line)));
        if let Some(result) = result {
            let mut data = ValueData {
                ty: Type::I64,
                def: ValueDef::Result(id),
            };
            match ty {
                ResultType::Is(ty) => data.ty = ty,
                ResultType::Of(operand) => pending.push((result, operand)),
                ResultType::None => return self.fail("the instruction has no result"),
            }
            self.define(func, result, data, defined)?;
        }
        Ok(())
    }

    fn position(&mut self, func: &Function) -> Result<Position> {
        if !self.lexer.eat(";") {
            return Ok(Position::new(func.position.method, 0));
        }
        self.lexer.expect("line")?;
        self.place(func)
    }

    /// `N of "METHOD" in siteN`; method and site are those of the function if they are left out.
    fn place(&mut self, func: &Function) -> Result<Position> {
        let line = self.lexer.unsigned()?;
        let mut place = Position::new(func.position.method, line);
        if self.lexer.eat("of") {
            let name = self.lexer.string()?;
            place.method = self.module.intern(&name);
        }
        if self.lexer.eat("in") {
            let known = 1..=func.activations.inlined().count();
            match self.lexer.site_number().filter(|site| known.contains(site)) {
                Some(site) => place.site = Site::new(site),
                None => return self.lexer.wanted("an activation"),
            }
            self.lexer.next();
        }
        Ok(place)
    }

    /// `siteN = line N of "METHOD" from line N of "METHOD" in siteN`.
    fn activation(&mut self, func: &mut Function, number: usize) -> Result<()> {
        if number != func.activations.inlined().count() + 1 {
            return self.fail(format!("site{number} is out of order"));
        }
        self.lexer.expect("=")?;
        self.lexer.expect("line")?;
        let definition = self.place(func)?;
        self.lexer.expect("from")?;
        self.lexer.expect("line")?;
        let call = self.place(func)?;
        func.activations.push(Activation { definition, call });
        Ok(())
    }

    fn instruction(&mut self, func: &mut Function) -> Result<(Inst, ResultType)> {
        let Some(word) = self.lexer.word().map(str::to_owned) else {
            return self.lexer.wanted("an instruction");
        };
        if word.is_empty() || self.lexer.at_end() {
            return self.lexer.wanted("an instruction");
        }
        self.lexer.next();
        if let Some(family) = self.family(&word)? {
            return Ok(family);
        }
        let (stem, suffix) = word.split_once('.').unwrap_or((&word, ""));
        match stem {
            "iconst" => Ok((
                Inst::Iconst(self.lexer.number("an integer")?),
                ResultType::Is(Type::I64),
            )),
            "fconst" | "f32const" => self.float(stem == "fconst"),
            "bconst" => Ok((
                Inst::Bconst(self.lexer.number("true or false")?),
                ResultType::Is(Type::Bool),
            )),
            "addr" => {
                let symbol = self.symbol()?;
                Ok((
                    Inst::Addr(symbol, self.lexer.distance()?),
                    ResultType::Is(Type::Ptr),
                ))
            }
            "sext" | "zext" => {
                let Ok(bits) = suffix.parse() else {
                    return self.fail(format!("{word} has no width"));
                };
                let a = self.value()?;
                let inst = if stem == "sext" {
                    Inst::Sext(bits, a)
                } else {
                    Inst::Zext(bits, a)
                };
                Ok((inst, ResultType::Is(Type::I64)))
            }
            "pin" | "call" | "callind" | "syscall" | "rdtsc" => self.effect(func, &word),
            "select" => {
                let (c, a, b) = (self.value()?, self.comma_value()?, self.comma_value()?);
                Ok((Inst::Select(c, a, b), ResultType::Of(a)))
            }
            "cast" => {
                let Some(ty) = type_named(suffix) else {
                    return self.fail(format!("{word} has no type"));
                };
                Ok((Inst::Cast(ty, self.value()?), ResultType::Is(ty)))
            }
            "load" | "store" => self.memory(stem == "load", suffix),
            _ => Ok((
                self.without_result(func, &word, stem, suffix)?,
                ResultType::None,
            )),
        }
    }

    /// The instructions that share a shape.
    fn family(&mut self, word: &str) -> Result<Option<(Inst, ResultType)>> {
        let of = |kind: Kind, operand: Value| match kind {
            Kind::Is(ty) => ResultType::Is(ty),
            Kind::IntOrBool => ResultType::Of(operand),
        };
        if let Some(op) = BinaryOp::from_name(word) {
            let (a, b) = (self.value()?, self.comma_value()?);
            return Ok(Some((Inst::Binary(op, a, b), of(op.result(), a))));
        }
        if let Some(op) = UnaryOp::from_name(word) {
            let a = self.value()?;
            return Ok(Some((Inst::Unary(op, a), of(op.result(), a))));
        }
        if let Some(op) = CheckedOp::from_name(word) {
            let (a, b) = (self.value()?, self.comma_value()?);
            self.lexer.expect(",")?;
            return Ok(Some((
                Inst::Checked(op, a, b, self.reason()?),
                ResultType::Is(Type::I64),
            )));
        }
        if let Some(cond) = IntCond::from_name(word) {
            let (a, b) = (self.value()?, self.comma_value()?);
            return Ok(Some((Inst::Icmp(cond, a, b), ResultType::Is(Type::Bool))));
        }
        if let Some(cond) = FloatCond::from_name(word) {
            let (a, b) = (self.value()?, self.comma_value()?);
            return Ok(Some((Inst::Fcmp(cond, a, b), ResultType::Is(Type::Bool))));
        }
        if let Some(op) = BlockOp::from_name(word) {
            let (a, b, c) = (self.value()?, self.comma_value()?, self.comma_value()?);
            return Ok(Some((Inst::Block(op, a, b, c), ResultType::None)));
        }
        Ok(None)
    }

    fn float(&mut self, double: bool) -> Result<(Inst, ResultType)> {
        let ty = ResultType::Is(if double { Type::F64 } else { Type::F32 });
        let bits = if self.lexer.eat("bits") {
            let digits = self.lexer.name()?;
            match u64::from_str_radix(digits.trim_start_matches("0x"), 16) {
                Ok(bits) => bits,
                Err(_) => return self.fail(format!("{digits} is not hexadecimal")),
            }
        } else if double {
            self.lexer.number::<f64>("a float")?.to_bits()
        } else {
            u64::from(self.lexer.number::<f32>("a float")?.to_bits())
        };
        if double {
            return Ok((Inst::Fconst(bits), ty));
        }
        match u32::try_from(bits) {
            Ok(bits) => Ok((Inst::F32const(bits), ty)),
            Err(_) => self.fail("too many bits"),
        }
    }

    fn memory(&mut self, is_load: bool, suffix: &str) -> Result<(Inst, ResultType)> {
        let Some(access) = access_named(suffix) else {
            return self.fail(format!("{suffix} is no access"));
        };
        if is_load {
            let (address, class) = self.address()?;
            return Ok((
                Inst::Load(access, address, class),
                ResultType::Is(access.ty()),
            ));
        }
        let value = self.value()?;
        self.lexer.expect(",")?;
        let (address, class) = self.address()?;
        Ok((Inst::Store(access, value, address, class), ResultType::None))
    }

    fn effect(&mut self, func: &mut Function, word: &str) -> Result<(Inst, ResultType)> {
        let (inst, result) = match word {
            "pin.get" => {
                let pin = self.pin_named()?;
                (Inst::PinGet(pin), Some(self.module.pins[pin].ty))
            }
            "pin.set" => {
                let pin = self.pin_named()?;
                (Inst::PinSet(pin, self.comma_value()?), None)
            }
            "call" => {
                let (callee, args) = self.callee(func)?;
                (
                    Inst::Call(callee, args),
                    self.module.functions[callee].signature.result,
                )
            }
            "callind" => {
                let (sig, callee, args) = self.indirect(func)?;
                let result = self
                    .module
                    .signatures
                    .get(sig)
                    .and_then(|signature| signature.result);
                (Inst::CallInd(sig, callee, args), result)
            }
            "syscall" => {
                let number = self.value()?;
                (
                    Inst::Syscall(number, self.arguments(func)?),
                    Some(Type::I64),
                )
            }
            _ => (Inst::Rdtsc, Some(Type::I64)),
        };
        Ok((inst, result.map_or(ResultType::None, ResultType::Is)))
    }

    fn without_result(
        &mut self,
        func: &mut Function,
        word: &str,
        stem: &str,
        suffix: &str,
    ) -> Result<Inst> {
        match word {
            "trap.if" => {
                let c = self.value()?;
                self.lexer.expect(",")?;
                Ok(Inst::TrapIf(c, self.reason()?))
            }
            "prefetch" => Ok(Inst::Prefetch(self.value()?)),
            "fence" => Ok(Inst::Fence),
            "tailcall" => {
                let (callee, args) = self.callee(func)?;
                Ok(Inst::TailCall(callee, args))
            }
            "tailcallind" => {
                let (sig, callee, args) = self.indirect(func)?;
                Ok(Inst::TailCallInd(sig, callee, args))
            }
            "trap" => Ok(Inst::Trap(self.reason()?)),
            "unreachable" => Ok(Inst::Unreachable),
            "dispatch" => Ok(Inst::Dispatch),
            "ret" if self.lexer.value_number().is_some() && !self.lexer.at_line_end() => {
                Ok(Inst::Ret(Some(self.value()?)))
            }
            "ret" => Ok(Inst::Ret(None)),
            _ => self.branch(func, stem, suffix),
        }
    }

    fn branch(&mut self, func: &mut Function, stem: &str, suffix: &str) -> Result<Inst> {
        match (stem, suffix) {
            ("jump", "") => Ok(Inst::Jump(self.target(func)?)),
            ("br", "" | "likely" | "unlikely") => {
                let hint = match suffix {
                    "likely" => Hint::Likely,
                    "unlikely" => Hint::Unlikely,
                    _ => Hint::None,
                };
                let c = self.value()?;
                let (yes, no) = self.two_targets(func)?;
                Ok(Inst::Br(c, yes, no, hint))
            }
            ("switch", "") => {
                let value = self.value()?;
                self.lexer.expect(",")?;
                self.lexer.expect("[")?;
                let mut blocks = Vec::new();
                while !self.lexer.eat("]") {
                    blocks.push(self.block_name()?);
                    self.lexer.eat(",");
                }
                self.lexer.expect(",")?;
                let list = func.block_list(&blocks);
                Ok(Inst::Switch(value, list, self.block_name()?))
            }
            ("br", _) if CheckedOp::from_name(suffix).is_some() => {
                let op = CheckedOp::from_name(suffix).unwrap_or(CheckedOp::AddS);
                let (a, b) = (self.value()?, self.comma_value()?);
                let (normal, overflow) = self.two_targets(func)?;
                Ok(Inst::BrChecked(op, a, b, normal, overflow))
            }
            _ => Err(super::ParseError {
                line: self.lexer.last_line(),
                message: format!("{stem} is no opcode"),
            }),
        }
    }

    fn comma_value(&mut self) -> Result<Value> {
        self.lexer.expect(",")?;
        self.value()
    }

    fn reason(&mut self) -> Result<TrapReason> {
        let text = self.lexer.string()?;
        Ok(self.module.trap_reason(&text))
    }

    fn callee(&mut self, func: &mut Function) -> Result<(FuncId, ValueList)> {
        let name = self.lexer.string()?;
        let callee = self.function_named(&name)?;
        Ok((callee, self.arguments(func)?))
    }

    fn indirect(&mut self, func: &mut Function) -> Result<(SigId, Value, ValueList)> {
        let Some(number) = self.lexer.signature_number() else {
            return self.lexer.wanted("a signature");
        };
        self.lexer.next();
        let callee = self.comma_value()?;
        Ok((SigId::new(number), callee, self.arguments(func)?))
    }

    fn arguments(&mut self, func: &mut Function) -> Result<ValueList> {
        self.lexer.expect("(")?;
        let mut values = Vec::new();
        while !self.lexer.eat(")") {
            values.push(self.value()?);
            self.lexer.eat(",");
        }
        Ok(func.value_list(&values))
    }

    fn block_name(&mut self) -> Result<Block> {
        match self.lexer.block_number() {
            Some(number) => {
                self.lexer.next();
                Ok(Block::new(number))
            }
            None => self.lexer.wanted("a block"),
        }
    }

    fn target(&mut self, func: &mut Function) -> Result<Target> {
        let block = self.block_name()?;
        let args = if *self.lexer.token() == Token::Mark("(") {
            self.arguments(func)?
        } else {
            ValueList::EMPTY
        };
        Ok(Target { block, args })
    }

    fn two_targets(&mut self, func: &mut Function) -> Result<(Target, Target)> {
        self.lexer.expect(",")?;
        let first = self.target(func)?;
        self.lexer.expect(",")?;
        Ok((first, self.target(func)?))
    }

    fn address(&mut self) -> Result<(Address, Alias)> {
        let base = match self
            .lexer
            .word()
            .and_then(|word| word.strip_prefix("state."))
            .map(str::to_owned)
        {
            Some(name) => {
                self.lexer.next();
                let name = if name.is_empty() {
                    self.lexer.string()?
                } else {
                    name
                };
                let field = self
                    .module
                    .fields
                    .iter()
                    .find(|(_, field)| field.name == name)
                    .map(|(id, _)| id);
                match field {
                    Some(field) => Base::Field(field),
                    None => return self.fail(format!("there is no field {name}")),
                }
            }
            None => Base::Value(self.value()?),
        };
        let mut address = Address {
            base,
            index: None,
            offset: 0,
        };
        let mut offset = self.lexer.sum_until_index()?;
        if self.lexer.value_number().is_some() {
            let index = self.value()?;
            self.lexer.expect("*")?;
            address.index = Some((index, self.lexer.number("a scale")?));
            offset = self.lexer.distance()?;
        }
        match i32::try_from(offset) {
            Ok(offset) => address.offset = offset,
            Err(_) => return self.fail("the offset does not fit 32 bits"),
        }
        self.lexer.expect("!")?;
        let class = self.lexer.name()?;
        let parts = &self.module.parts;
        let part = parts.iter().find(|(_, part)| part.name == class);
        let part = part.map(|(id, _)| Alias::of_part(id));
        Ok((
            address,
            part.unwrap_or_else(|| self.module.alias_class(&class)),
        ))
    }
}

/// Gives each result that has the type of an operand that type, whatever the order of the blocks.
fn resolve(func: &mut Function, mut pending: Pending) {
    while !pending.is_empty() {
        let waiting: Vec<Value> = pending.iter().map(|(result, _)| *result).collect();
        let before = pending.len();
        pending.retain(|&(result, operand)| {
            let ready = !waiting.contains(&operand) && func.knows(operand);
            if ready {
                func.values[result].ty = func.values[operand].ty;
            }
            !ready
        });
        if pending.len() == before {
            return;
        }
    }
}
