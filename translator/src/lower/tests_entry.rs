//! The entry of an executable that runs one test.
//!
//! The first argument on its command line says which: two bytes, the number of the test to the base 127, least digit first, each digit one more than it is, so that
//! none is zero. The test's `setUp` runs, then the test; an end with status 0 means that no assertion failed, 3 that there is no such test.

use super::layout::ENTRY_SYMBOL;
use super::places::FunctionPlaces;
use super::{Places, Program};
use crate::base::entity::EntityRef;
use crate::ir::{
    self, Access, Address, Alias, BinaryOp, Export, FuncId, Function, FunctionBuilder,
    FunctionKind, Module, Signature, Value,
};
use crate::typed::{MethodId, Test};

/// Test numbers are below the square of it.
const BASE: usize = 127;
/// Status when there is no test of the number.
const NO_SUCH_TEST: i64 = 3;

/// The argument that makes the executable run the test number `index`.
#[must_use]
pub fn test_argument(index: usize) -> [u8; 2] {
    let digit = |value: usize| u8::try_from(value % BASE + 1).unwrap_or(1);
    [digit(index), digit(index / BASE)]
}

/// Adds the entry that runs the program's tests. The program has no entry of its own.
pub fn add_test_entry(program: &Program, module: &mut Module, places: &mut Places) {
    let method = module.intern(ENTRY_SYMBOL);
    let position = ir::Position { method, line: 0 };
    let signature = Signature {
        params: vec![ir::Type::Ptr],
        result: Some(ir::Type::I64),
    };
    let function = Function::new(ENTRY_SYMBOL, FunctionKind::Export, signature, position);
    let mut builder = FunctionBuilder::new(function);
    let number = test_number(&mut builder);
    let targets: Vec<_> = program
        .tests
        .iter()
        .map(|_| builder.create_block())
        .collect();
    let default = builder.create_block();
    builder.switch(number, &targets, default);
    for (test, block) in program.tests.iter().zip(targets) {
        builder.switch_to(block);
        for method in calls(test) {
            let callee = FuncId::new(method.index());
            let result = module.functions[callee].signature.result;
            builder.call(callee, &[], result);
        }
        answer(&mut builder, 0);
    }
    builder.switch_to(default);
    answer(&mut builder, NO_SUCH_TEST);
    let function = module.functions.push(builder.finish());
    places.push(FunctionPlaces::default());
    module.exports.push(Export {
        symbol: ENTRY_SYMBOL.to_owned(),
        function,
    });
}

fn calls(test: &Test) -> impl Iterator<Item = MethodId> {
    test.set_up.into_iter().chain([test.method])
}

fn answer(builder: &mut FunctionBuilder, status: i64) {
    let status = builder.iconst(status);
    builder.ret(Some(status));
}

/// Reads the number from the second of the argument addresses, which stand behind their count on the stack.
fn test_number(builder: &mut FunctionBuilder) -> Value {
    let stack = builder.params()[0];
    let text = builder.load(Access::Ptr, Address::value(stack, 16), Alias::ANY);
    let one = builder.iconst(1);
    let mut digit = |offset| {
        let byte = builder.load(Access::U8, Address::value(text, offset), Alias::ANY);
        builder.binary(BinaryOp::Sub, byte, one)
    };
    let (low, high) = (digit(0), digit(1));
    let base = builder.iconst(127);
    let high = builder.binary(BinaryOp::Mul, high, base);
    builder.binary(BinaryOp::Add, low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_of_different_tests_differ_and_have_no_zero() {
        let arguments: std::collections::BTreeSet<_> =
            (0..BASE * BASE).map(test_argument).collect();
        assert_eq!(arguments.len(), BASE * BASE);
        assert!(arguments.iter().flatten().all(|byte| *byte != 0));
        assert_eq!(test_argument(128), [2, 2]);
    }
}
