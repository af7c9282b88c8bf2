//! Random functions, and the comparison of what they do before and after a pass. For tests.
//!
//! A program is a few functions in text-free form: straight code, diamonds, counted loops, memory accesses in a small arena with several alias classes, checks, calls, pins. All of it ends: loops count down from a small number.

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};

use crate::base::EntityRef;
use crate::ir::interpret::{ARENA, End, Run, run};
use crate::ir::opcode::Kind;
use crate::ir::{
    Access, Address, Alias, BinaryOp, BlockOp, CheckedOp, FloatCond, FuncId, Function,
    FunctionBuilder, FunctionKind, Hint, IntCond, Module, Pin, PinId, Position, Signature,
    StateField, TrapReason, Type, UnaryOp, Value, Variable,
};

/// Bytes of the arena of each run.
const MEMORY: usize = 512;

/// A source of small decisions.
pub(crate) struct Dice(TestRng);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        let mut bytes = [0u8; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        Self(TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.0.next_u64() % n as u64) as usize
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// An integer that is often near an edge.
    fn integer(&mut self) -> i64 {
        let edges = [
            0,
            1,
            -1,
            2,
            3,
            7,
            8,
            10,
            16,
            63,
            64,
            100,
            255,
            256,
            0xFFFF,
            1 << 31,
            1 << 32,
            i64::MAX,
            i64::MIN,
            i64::MAX - 1,
        ];
        if self.one_in(5) {
            self.0.next_u64().cast_signed()
        } else {
            self.pick(&edges)
        }
    }
}

/// A module with random functions; the last one is the one to run.
pub(crate) fn module(seed: u64) -> Module {
    let mut dice = Dice::new(seed);
    let mut module = Module::new();
    module.alias_class("slots");
    module.trap_reason("overflow");
    module.trap_reason("check");
    for (name, register) in [("stackPointer", "r13"), ("framePointer", "rbp")] {
        module.pins.push(Pin {
            name: name.into(),
            register: register.into(),
            ty: Type::Ptr,
        });
    }
    module.state_size = 64;
    for (n, name) in (0..).zip(["A.x", "A.y", "B.z"]) {
        let alias = module.alias_class(name);
        module.fields.push(StateField {
            name: name.into(),
            offset: 8 * n,
            access: Access::I64,
            size: 8,
            alias,
            pin: None,
        });
    }
    let name = module.intern("import");
    let position = Position {
        method: name,
        line: 0,
    };
    let signature = Signature {
        params: vec![Type::I64],
        result: Some(Type::I64),
    };
    module.functions.push(Function::new(
        "import",
        FunctionKind::Import,
        signature,
        position,
    ));
    for number in 1..=3 + dice.below(3) {
        let func = function(&mut dice, &mut module, number);
        module.functions.push(func);
    }
    module
}

/// The functions that may be run: all but the import.
pub(crate) fn runnable(module: &Module) -> Vec<FuncId> {
    module
        .functions
        .iter()
        .filter(|(_, func)| func.kind != FunctionKind::Import)
        .map(|(id, _)| id)
        .collect()
}

/// Runs a function on several inputs.
pub(crate) fn runs(module: &Module, id: FuncId, seed: u64) -> Vec<Run> {
    let all = inputs_and_runs(module, id, seed).into_iter();
    all.map(|(_, _, run)| run).collect()
}

/// Arguments and memory of several runs of a function, and what each did.
pub(crate) fn inputs_and_runs(
    module: &Module,
    id: FuncId,
    seed: u64,
) -> Vec<(Vec<i64>, Vec<u8>, Run)> {
    let mut dice = Dice::new(seed);
    let inputs = (0..4).map(|_| {
        let memory: Vec<u8> = (0..MEMORY)
            .map(|_| {
                if dice.one_in(3) {
                    0
                } else {
                    dice.below(256) as u8
                }
            })
            .collect();
        let params = &module.functions[id].signature.params;
        let args: Vec<i64> = params
            .iter()
            .map(|ty| match ty {
                Type::Bool => i64::from(dice.one_in(2)),
                Type::F64 => (dice.below(2000) as f64 / 8.0 - 100.0)
                    .to_bits()
                    .cast_signed(),
                Type::Ptr | Type::Oop => ARENA + 64 + 8 * dice.below(20) as i64,
                Type::I64 | Type::F32 => dice.integer(),
            })
            .collect();
        let run = run(module, id, &args, &memory, 20_000);
        (args, memory, run)
    });
    inputs.collect()
}

/// Compares runs before and after; answers what differs.
pub(crate) fn difference(before: &[Run], after: &[Run]) -> Option<String> {
    before.iter().zip(after).find_map(|(old, new)| {
        if matches!(old.end, End::Undefined(_) | End::Endless) {
            return None;
        }
        let same = old.end == new.end
            && old.log == new.log
            && old.memory == new.memory
            && old.pins == new.pins;
        let part = |run: &Run| format!("{:?} {:?} pins {:?}", run.end, run.log, run.pins);
        (!same).then(|| format!("before: {}\nafter:  {}", part(old), part(new)))
    })
}

fn function(dice: &mut Dice, module: &mut Module, number: usize) -> Function {
    let name = format!("f{number}");
    let position = Position {
        method: module.intern(&name),
        line: 1,
    };
    let types = [Type::I64, Type::I64, Type::Bool, Type::F64, Type::Ptr];
    let mut params = vec![Type::I64, Type::Ptr];
    // Now and then more than fit the argument registers.
    let more = if dice.one_in(6) {
        dice.below(11)
    } else {
        dice.below(3)
    };
    params.extend((0..more).map(|_| dice.pick(&types)));
    let result = dice.pick(&[Some(Type::I64), Some(Type::I64), Some(Type::Bool), None]);
    let func = Function::new(
        name,
        FunctionKind::Normal,
        Signature { params, result },
        position,
    );
    let builder = FunctionBuilder::new(func);
    let generator = Generator {
        dice,
        module,
        builder,
        variables: Vec::new(),
        depth: 0,
        budget: 40,
    };
    generator.fill()
}

struct Generator<'a> {
    dice: &'a mut Dice,
    module: &'a Module,
    builder: FunctionBuilder,
    variables: Vec<(Variable, Type)>,
    depth: u32,
    budget: usize,
}

impl Generator<'_> {
    fn fill(mut self) -> Function {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Inst, verify};
    use crate::opt::{CLEAN_UP, Context, LATE, Options, Pass, optimize};

    /// More with `OURO_FUZZ=100000`.
    fn seeds() -> u64 {
        std::env::var("OURO_FUZZ")
            .ok()
            .and_then(|n| n.parse().ok())
            .unwrap_or(150)
    }

    /// Runs a pass on every function and compares what each does; answers the first difference.
    fn check(
        seed: u64,
        name: &str,
        pass: &mut dyn FnMut(&mut Function, &Context<'_>),
    ) -> Result<(), String> {
        let before = module(seed);
        let mut after = before.clone();
        let graph = crate::analysis::CallGraph::new(&before);
        let summaries = crate::analysis::Summaries::new(&before, &graph);
        let context = Context {
            module: &before,
            summaries: Some(&summaries),
        };
        for id in runnable(&before) {
            pass(&mut after.functions[id], &context);
        }
        if let Err(errors) = verify(&after) {
            return Err(format!(
                "seed {seed}, {name} breaks: {}\n{}\nfrom\n{}",
                errors[0],
                after.text(),
                before.text()
            ));
        }
        for id in runnable(&before) {
            if let Some(text) = difference(&runs(&before, id, seed), &runs(&after, id, seed)) {
                let (old, new) = (before.function_text(id), after.function_text(id));
                return Err(format!(
                    "seed {seed}, {name} changes what {} does:\n{text}\n{old}\n{new}",
                    before.functions[id].name
                ));
            }
        }
        Ok(())
    }

    fn all_passes() -> Vec<(&'static str, Pass)> {
        let mut passes: Vec<(&str, Pass)> = CLEAN_UP.iter().chain(LATE).copied().collect();
        passes.sort_by_key(|(name, _)| *name);
        passes.dedup_by_key(|(name, _)| *name);
        passes
    }

    #[test]
    fn random_functions_are_right_and_mostly_run_to_an_end() {
        let mut ended = 0;
        let mut all = 0;
        for seed in 0..100 {
            let module = module(seed);
            assert_eq!(verify(&module), Ok(()));
            for id in runnable(&module) {
                for run in runs(&module, id, seed) {
                    all += 1;
                    ended += usize::from(!matches!(run.end, End::Undefined(_) | End::Endless));
                }
            }
        }
        assert!(ended * 10 >= all * 7, "{ended} of {all}");
    }

    /// Spoils an instruction, if it is of the right kind.
    type Spoil = fn(&mut Inst) -> bool;

    /// Ways to spoil a function, as a faulty pass might.
    const FAULTS: [(&str, Spoil); 9] = [
        ("a constant is one too large", |inst| match inst {
            Inst::Iconst(n) => {
                *n = n.wrapping_add(1);
                true
            }
            _ => false,
        }),
        ("operands are exchanged", |inst| match inst {
            Inst::Binary(BinaryOp::Sub, a, b) if a != b => {
                std::mem::swap(a, b);
                true
            }
            _ => false,
        }),
        ("a comparison is off by one", |inst| match inst {
            Inst::Icmp(cond @ IntCond::Slt, ..) => {
                *cond = IntCond::Sle;
                true
            }
            _ => false,
        }),
        ("a branch goes the other way", |inst| match inst {
            Inst::Br(_, yes, no, _) if yes != no => {
                std::mem::swap(yes, no);
                true
            }
            _ => false,
        }),
        ("a check is gone", |inst| match *inst {
            Inst::Checked(op, a, b, _) => {
                *inst = Inst::Binary(op.wrapping(), a, b);
                true
            }
            _ => false,
        }),
        ("a trap is gone", |inst| match *inst {
            Inst::TrapIf(..) => {
                *inst = Inst::Fence;
                true
            }
            _ => false,
        }),
        ("a store is gone", |inst| match *inst {
            Inst::Store(..) => {
                *inst = Inst::Fence;
                true
            }
            _ => false,
        }),
        ("a load is narrower", |inst| match inst {
            Inst::Load(access @ Access::I64, ..) => {
                *access = Access::U32;
                true
            }
            _ => false,
        }),
        ("a pin is not written", |inst| match *inst {
            Inst::PinSet(..) => {
                *inst = Inst::Fence;
                true
            }
            _ => false,
        }),
    ];

    #[test]
    fn planted_faults_are_found() {
        for (fault, spoil) in FAULTS {
            let mut planted = 0;
            let found = (0..200).any(|seed| {
                let result = check(seed, fault, &mut |func, context| {
                    for (_, pass) in CLEAN_UP {
                        pass(func, context);
                    }
                    let ids: Vec<crate::ir::InstId> = func.each_inst().map(|(_, id)| id).collect();
                    planted +=
                        usize::from(ids.into_iter().any(|id| spoil(&mut func.insts[id].inst)));
                });
                result.is_err()
            });
            assert!(found, "{fault}: planted {planted} times and never found");
        }
    }

    #[test]
    fn each_pass_alone_keeps_what_random_functions_do() {
        for (name, pass) in all_passes() {
            for seed in 0..seeds() {
                let result = check(seed, name, &mut |func, context| {
                    pass(func, context);
                });
                if let Err(text) = result {
                    panic!("{text}");
                }
            }
        }
    }

    #[test]
    fn the_whole_list_keeps_what_random_programs_do() {
        for seed in 0..seeds() {
            let before = module(seed);
            let mut after = before.clone();
            // Everything is kept, to be run.
            for id in runnable(&before) {
                after.functions[id].kind = FunctionKind::Export;
                after.exports.push(crate::ir::Export {
                    symbol: format!("{id}"),
                    function: id,
                });
            }
            let named = after.clone();
            if let Err(errors) = optimize(&mut after, Options { verify: true }) {
                panic!("seed {seed}: {}\nfrom\n{}", errors[0], named.text());
            }
            assert_eq!(verify(&after), Ok(()), "seed {seed}");
            for id in runnable(&before) {
                let new = after
                    .function_named(&before.functions[id].name)
                    .expect("exports stay");
                if let Some(text) = difference(&runs(&before, id, seed), &runs(&after, new, seed)) {
                    panic!(
                        "seed {seed}, {}:\n{text}\n{}\n{}",
                        before.functions[id].name,
                        before.text(),
                        after.function_text(new)
                    );
                }
            }
        }
    }
}
