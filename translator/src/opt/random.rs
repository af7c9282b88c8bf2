//! Random functions, and the comparison of what they do before and after a pass. For tests.
//!
//! A program is a few functions: straight code, diamonds, counted loops, memory accesses in a small arena with several alias classes,
//! checks, calls, pins. All of it ends: loops count down from a small number.

mod generator;
#[cfg(test)]
mod tests;

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};

use self::generator::Generator;
use crate::ir::interpret::{ARENA, End, Run, run};
use crate::ir::{
    Access, FuncId, Function, FunctionBuilder, FunctionKind, Module, Pin, Position, Signature,
    StateField, Type,
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
    let position = Position::new(name, 0);
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
    let position = Position::new(module.intern(&name), 1);
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
    Generator::new(dice, module, builder).fill()
}
