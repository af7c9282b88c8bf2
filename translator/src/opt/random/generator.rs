//! Makes the body of one random function.

use super::Dice;
use crate::base::EntityRef;
use crate::ir::interpret::ARENA;
use crate::ir::opcode::Kind;
use crate::ir::{
    Access, Address, Alias, BinaryOp, BlockOp, CheckedOp, FloatCond, FuncId, Function,
    FunctionBuilder, FunctionKind, Hint, IntCond, Module, PinId, TrapReason, Type, UnaryOp, Value,
    Variable,
};

/// A function on its way.
pub(super) struct Generator<'a> {
    dice: &'a mut Dice,
    module: &'a Module,
    builder: FunctionBuilder,
    variables: Vec<(Variable, Type)>,
    depth: u32,
    budget: usize,
}

impl<'a> Generator<'a> {
    pub(super) fn new(dice: &'a mut Dice, module: &'a Module, builder: FunctionBuilder) -> Self {
        Self {
            dice,
            module,
            builder,
            variables: Vec::new(),
            depth: 0,
            budget: 40,
        }
    }
}

impl Generator<'_> {
    pub(super) fn fill(mut self) -> Function {
        for value in self.builder.params() {
            self.keep(value);
        }
        for ty in [
            Type::I64,
            Type::I64,
            Type::Bool,
            Type::F64,
            Type::Ptr,
            Type::Oop,
        ] {
            let value = self.fresh(ty);
            self.keep(value);
        }
        self.statements();
        if !self.builder.is_terminated() {
            self.leave();
        }
        self.builder.finish()
    }

    /// Returns, or calls at the end what returns the same.
    fn leave(&mut self) {
        let own = self.builder.func.signature.clone();
        let callee = FuncId::new(self.dice.below(self.module.functions.len()));
        let callee_func = &self.module.functions[callee];
        let stacked = callee_func.signature.params.len() > 6;
        let same = callee_func.signature.result == own.result;
        if same && !stacked && callee_func.kind == FunctionKind::Normal && self.dice.one_in(3) {
            let types = callee_func.signature.params.clone();
            let args: Vec<Value> = types.iter().map(|&ty| self.value(ty)).collect();
            self.builder.tail_call(callee, &args);
        } else {
            let result = own.result.map(|ty| self.value(ty));
            self.builder.ret(result);
        }
    }

    fn keep(&mut self, value: Value) {
        let ty = self.builder.ty(value);
        let variable = self.builder.declare_var(ty);
        self.builder.def_var(variable, value);
        self.variables.push((variable, ty));
    }

    fn fresh(&mut self, ty: Type) -> Value {
        match ty {
            Type::I64 => {
                let n = self.dice.integer();
                self.builder.iconst(n)
            }
            Type::Bool => {
                let b = self.dice.one_in(2);
                self.builder.bconst(b)
            }
            Type::F64 => {
                let x = self
                    .dice
                    .pick(&[0.0, -0.0, 1.0, 2.0, 0.5, 3.25, -7.0, 1e300]);
                self.builder.fconst(x)
            }
            Type::Ptr | Type::Oop => {
                let n = ARENA + 64 + 8 * self.dice.below(20) as i64;
                let n = self.builder.iconst(n);
                self.builder.cast(ty, n)
            }
            Type::F32 => self.builder.f32const(1.0),
        }
    }

    /// A variable's value or a constant.
    fn value(&mut self, ty: Type) -> Value {
        let known: Vec<Variable> = self
            .variables
            .iter()
            .filter(|(_, other)| *other == ty)
            .map(|(v, _)| *v)
            .collect();
        if known.is_empty() || self.dice.one_in(4) {
            return self.fresh(ty);
        }
        let variable = self.dice.pick(&known);
        self.builder.use_var(variable)
    }

    fn assign(&mut self, value: Value) {
        let ty = self.builder.ty(value);
        let known: Vec<Variable> = self
            .variables
            .iter()
            .filter(|(_, other)| *other == ty)
            .map(|(v, _)| *v)
            .collect();
        if known.len() < 4 {
            self.keep(value);
        } else {
            let variable = self.dice.pick(&known);
            self.builder.def_var(variable, value);
        }
    }

    fn statements(&mut self) {
        for _ in 0..2 + self.dice.below(8) {
            if self.builder.is_terminated() || self.budget == 0 {
                return;
            }
            self.budget -= 1;
            match self.dice.below(16) {
                0..8 => self.computation(),
                8 | 9 => self.memory(),
                10 => self.check(),
                11 => self.pin(),
                12 if self.dice.one_in(4) => self.pressure(),
                12 => self.call(),
                13 if self.depth < 3 => self.loop_(),
                14 if self.depth < 3 => self.overflow(),
                _ if self.depth < 3 => self.branch(),
                _ => self.computation(),
            }
        }
        if self.depth > 0 && self.dice.one_in(12) {
            self.leave();
        }
    }

    fn computation(&mut self) {
        let value = match self.dice.below(14) {
            0..5 => {
                let op = self.dice.pick(BinaryOp::ALL);
                self.binary(op)
            }
            5 => {
                let op = self.dice.pick(UnaryOp::ALL);
                let operand = match op.operand() {
                    Kind::Is(ty) => ty,
                    Kind::IntOrBool => self.dice.pick(&[Type::I64, Type::Bool]),
                };
                let a = self.value(operand);
                self.builder.unary(op, a)
            }
            6 | 7 => {
                let cond = self.dice.pick(IntCond::ALL);
                let (a, b) = (self.value(Type::I64), self.value(Type::I64));
                self.builder.icmp(cond, a, b)
            }
            8 => {
                let cond = self.dice.pick(FloatCond::ALL);
                let (a, b) = (self.value(Type::F64), self.value(Type::F64));
                self.builder.fcmp(cond, a, b)
            }
            9 => {
                let ty = self
                    .dice
                    .pick(&[Type::I64, Type::Bool, Type::F64, Type::Ptr]);
                let (c, a, b) = (self.value(Type::Bool), self.value(ty), self.value(ty));
                self.builder.select(c, a, b)
            }
            10 => {
                let (bits, a) = (1 + self.dice.below(63) as u8, self.value(Type::I64));
                if self.dice.one_in(2) {
                    self.builder.sext(bits, a)
                } else {
                    self.builder.zext(bits, a)
                }
            }
            11 => {
                let (from, to) = (
                    self.dice.pick(&[Type::Ptr, Type::Oop]),
                    self.dice.pick(&[Type::I64, Type::Ptr, Type::Oop]),
                );
                let a = self.value(from);
                self.builder.cast(to, a)
            }
            _ => {
                let op = self.dice.pick(CheckedOp::ALL);
                let (a, b) = (self.value(Type::I64), self.small());
                self.builder.checked(op, a, b, TrapReason::new(0))
            }
        };
        if self.builder.ty(value) != Type::F32 {
            self.assign(value);
        }
    }

    /// An integer that is mostly small.
    fn small(&mut self) -> Value {
        if self.dice.one_in(2) {
            return self.value(Type::I64);
        }
        let n = self.dice.below(9) as i64 - 2;
        self.builder.iconst(n)
    }

    fn binary(&mut self, op: BinaryOp) -> Value {
        let ty = match op.operand() {
            Kind::Is(ty) => ty,
            Kind::IntOrBool => self.dice.pick(&[Type::I64, Type::I64, Type::Bool]),
        };
        let a = self.value(ty);
        let b = if op.divides() {
            // A divisor that is neither 0 nor -1.
            let b = self.value(Type::I64);
            let (mask, low) = (self.builder.iconst(0x7fff_ffff), self.builder.iconst(1));
            let b = self.builder.binary(BinaryOp::And, b, mask);
            self.builder.binary(BinaryOp::Or, b, low)
        } else {
            self.value(ty)
        };
        let b = if op.divides() && self.dice.one_in(2) {
            let n = self.dice.pick(&[2, 3, 5, 7, 8, 10, 16, 100, -3, 1 << 40]);
            self.builder.iconst(n)
        } else {
            b
        };
        self.builder.binary(op, a, b)
    }

    /// An address inside the arena with its class. Classes own areas, so that different ones never overlap.
    fn address(&mut self) -> (Address, Alias) {
        let area = self.dice.below(5);
        if area < 2 {
            let field = self
                .module
                .fields
                .keys()
                .nth(self.dice.below(3))
                .unwrap_or(crate::ir::FieldId::new(0));
            return (Address::field(field), self.module.fields[field].alias);
        }
        let area = area - 2;
        let start = ARENA + 64 + 128 * area as i64;
        // Block operations reach the first two areas.
        let class = if area < 2 { Alias::RAW } else { Alias::new(3) };
        let class = if self.dice.one_in(8) {
            Alias::ANY
        } else {
            class
        };
        if self.dice.one_in(2) {
            let offset = 8 * self.dice.below(4) as i32;
            let base = self.builder.iconst(start);
            let base = self.builder.cast(Type::Ptr, base);
            return (Address::value(base, offset), class);
        }
        // start + (i & 7) * 8 + n, written out or in the address.
        let i = self.value(Type::I64);
        let mask = self.builder.iconst(7);
        let i = self.builder.binary(BinaryOp::And, i, mask);
        let base = self.builder.iconst(start);
        if self.dice.one_in(2) {
            let base = self.builder.cast(Type::Ptr, base);
            return (
                Address {
                    base: crate::ir::Base::Value(base),
                    index: Some((i, 8)),
                    offset: 8,
                },
                class,
            );
        }
        let three = self.builder.iconst(3);
        let scaled = self.builder.binary(BinaryOp::Shl, i, three);
        let sum = self.builder.binary(BinaryOp::Add, base, scaled);
        let base = self.builder.cast(Type::Ptr, sum);
        (Address::value(base, 0), class)
    }

    fn memory(&mut self) {
        let (address, class) = self.address();
        let field = matches!(address.base, crate::ir::Base::Field(_));
        let accesses = [
            Access::I64,
            Access::U8,
            Access::S8,
            Access::U16,
            Access::S16,
            Access::U32,
            Access::S32,
            Access::F64,
        ];
        let access = if field || self.dice.one_in(2) {
            Access::I64
        } else {
            self.dice.pick(&accesses)
        };
        if self.dice.one_in(30) && !field {
            self.block();
        } else if self.dice.one_in(2) {
            let value = self.builder.load(access, address, class);
            self.assign(value);
        } else {
            let value = self.value(access.ty());
            self.builder.store(access, value, address, class);
        }
    }

    /// Copies or fills a part of the arena.
    fn block(&mut self) {
        let op = self.dice.pick(BlockOp::ALL);
        let at = |n: usize| ARENA + 64 + n as i64;
        let (from, to) = match op {
            BlockOp::MemMove => (at(self.dice.below(200)), at(self.dice.below(200))),
            _ => (at(self.dice.below(8)), at(200 + self.dice.below(8))),
        };
        let to = self.builder.iconst(to);
        let to = self.builder.cast(Type::Ptr, to);
        let source = if op.reads() {
            let from = self.builder.iconst(from);
            self.builder.cast(Type::Ptr, from)
        } else {
            self.value(Type::I64)
        };
        let most = if op == BlockOp::MemFill64 { 3 } else { 31 };
        let n = if self.dice.one_in(2) {
            self.builder.iconst(self.dice.below(most) as i64)
        } else {
            let (n, mask) = (self.value(Type::I64), self.builder.iconst(most as i64));
            self.builder.binary(BinaryOp::And, n, mask)
        };
        self.builder.block_op(op, to, source, n);
    }

    /// Reads several words, then combines them, so that many values live at once.
    fn pressure(&mut self) {
        let mut words = Vec::new();
        for _ in 0..4 + self.dice.below(14) {
            let (address, class) = self.address();
            words.push(self.builder.load(Access::I64, address, class));
        }
        let mut sum = self.value(Type::I64);
        for word in words {
            let op = self
                .dice
                .pick(&[BinaryOp::Add, BinaryOp::Xor, BinaryOp::Mul]);
            sum = self.builder.binary(op, sum, word);
        }
        self.assign(sum);
    }

    fn check(&mut self) {
        let (cond, a, b) = (
            self.dice.pick(IntCond::ALL),
            self.value(Type::I64),
            self.small(),
        );
        let c = self.builder.icmp(cond, a, b);
        self.builder.trap_if(c, TrapReason::new(1));
    }

    fn pin(&mut self) {
        let pin = PinId::new(self.dice.below(2));
        if self.dice.one_in(2) {
            let value = self.builder.pin_get(pin, Type::Ptr);
            self.assign(value);
        } else {
            let value = self.value(Type::Ptr);
            self.builder.pin_set(pin, value);
        }
    }

    fn call(&mut self) {
        let callee = FuncId::new(self.dice.below(self.module.functions.len()));
        let signature = self.module.functions[callee].signature.clone();
        let args: Vec<Value> = signature.params.iter().map(|&ty| self.value(ty)).collect();
        if let Some(value) = self.builder.call(callee, &args, signature.result) {
            self.assign(value);
        }
    }

    fn branch(&mut self) {
        let c = self.value(Type::Bool);
        let (yes, no, join) = (
            self.builder.create_block(),
            self.builder.create_block(),
            self.builder.create_block(),
        );
        let hint = self
            .dice
            .pick(&[Hint::None, Hint::None, Hint::Likely, Hint::Unlikely]);
        if self.dice.one_in(4) {
            let value = self.value(Type::I64);
            self.builder.switch(value, &[yes, no, yes], join);
        } else {
            self.builder.br(c, yes, no, hint);
        }
        for block in [yes, no] {
            self.builder.seal_block(block);
            self.builder.switch_to(block);
            self.nested();
            if !self.builder.is_terminated() {
                self.builder.jump(join, &[]);
            }
        }
        self.builder.seal_block(join);
        self.builder.switch_to(join);
    }

    /// Statements whose new variables end with the block.
    fn nested(&mut self) {
        let before = self.variables.len();
        self.depth += 1;
        self.statements();
        self.depth -= 1;
        self.variables.truncate(before);
    }

    fn loop_(&mut self) {
        let count = self.builder.declare_var(Type::I64);
        let bound = 1 + self.dice.below(5) as i64;
        let up = self.dice.one_in(2);
        let (start, end) = if up { (0, bound) } else { (bound, 0) };
        let start = self.builder.iconst(start);
        self.builder.def_var(count, start);
        let (header, body, done) = (
            self.builder.create_block(),
            self.builder.create_block(),
            self.builder.create_block(),
        );
        self.builder.jump(header, &[]);
        self.builder.switch_to(header);
        let (now, limit) = (self.builder.use_var(count), self.builder.iconst(end));
        let cond = if up {
            self.dice.pick(&[IntCond::Slt, IntCond::Ult])
        } else {
            self.dice.pick(&[IntCond::Sgt, IntCond::Ugt])
        };
        let c = self.builder.icmp(cond, now, limit);
        self.builder.br(c, body, done, Hint::None);
        self.builder.seal_block(body);
        self.builder.switch_to(body);
        // The body may read the counter, but must not change it.
        let now = self.builder.use_var(count);
        self.assign(now);
        self.nested();
        if !self.builder.is_terminated() {
            let (now, one) = (self.builder.use_var(count), self.builder.iconst(1));
            let next = match (up, self.dice.one_in(2)) {
                (true, false) => self.builder.binary(BinaryOp::Add, now, one),
                (false, false) => self.builder.binary(BinaryOp::Sub, now, one),
                (true, true) => self
                    .builder
                    .checked(CheckedOp::AddS, now, one, TrapReason::new(0)),
                (false, true) => {
                    self.builder
                        .checked(CheckedOp::SubS, now, one, TrapReason::new(0))
                }
            };
            self.builder.def_var(count, next);
            self.builder.jump(header, &[]);
        }
        self.builder.seal_block(header);
        self.builder.seal_block(done);
        self.builder.switch_to(done);
    }

    fn overflow(&mut self) {
        let op = self.dice.pick(CheckedOp::ALL);
        let (a, b) = (self.value(Type::I64), self.small());
        let (overflow, join) = (self.builder.create_block(), self.builder.create_block());
        let result = self.builder.br_checked(op, a, b, overflow);
        self.assign(result);
        self.builder.jump(join, &[]);
        self.builder.seal_block(overflow);
        self.builder.switch_to(overflow);
        self.nested();
        if !self.builder.is_terminated() {
            self.builder.jump(join, &[]);
        }
        self.builder.seal_block(join);
        self.builder.switch_to(join);
    }
}
