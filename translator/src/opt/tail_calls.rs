//! A call whose result is returned at once becomes a jump.
//!
//! Only where all arguments are passed in registers. Handlers have their own pass, [`super::variants`].

use crate::ir::{Function, FunctionKind, Inst, Type, Value};

use super::Context;

/// Runs the pass.
pub fn run(func: &mut Function, context: &Context<'_>) -> bool {
    if func.kind == FunctionKind::Handler {
        return false;
    }
    let mut changed = false;
    for number in 0..func.layout.len() {
        let block = func.layout[number];
        let [.., call, end] = *func.blocks[block].insts else {
            continue;
        };
        let Inst::Ret(returned) = func.insts[end].inst else {
            continue;
        };
        if func.insts[call].result != returned {
            continue;
        }
        let tail = match func.insts[call].inst {
            Inst::Call(callee, args) => {
                let callee_is_import =
                    context.module.functions[callee].kind == FunctionKind::Import;
                let same_result =
                    context.module.functions[callee].signature.result == func.signature.result;
                let fits = in_registers(func, func.values_of(args));
                (!callee_is_import && same_result && fits).then_some(Inst::TailCall(callee, args))
            }
            Inst::CallInd(sig, callee, args) => {
                let same_result = context.module.signatures[sig].result == func.signature.result;
                let fits = in_registers(func, func.values_of(args));
                (same_result && fits).then_some(Inst::TailCallInd(sig, callee, args))
            }
            _ => None,
        };
        if let Some(tail) = tail {
            func.insts[call].inst = tail;
            func.insts[call].result = None;
            func.blocks[block].insts.pop();
            changed = true;
        }
    }
    changed
}

fn in_registers(func: &Function, args: &[Value]) -> bool {
    let floats = args
        .iter()
        .filter(|&&value| matches!(func.ty(value), Type::F64 | Type::F32))
        .count();
    floats <= 8 && args.len() - floats <= 6
}

#[cfg(test)]
mod tests {
    use crate::opt::testing::check_pass;

    #[test]
    fn a_last_call_with_the_same_result_is_a_jump() {
        let text = "import \"out\" () -> i64\nfunction \"g\" (v0: i64) -> i64 {\nblock0(v0: i64):\n    ret v0\n}\n\
            function \"f\" (v0: i64, v1: bool) -> i64 {\nblock0(v0: i64, v1: bool):\n    br v1, block1, block2\n\
            block1:\n    v2 = call \"g\"(v0)\n    ret v2\nblock2:\n    br v1, block3, block4\n\
            block3:\n    v3 = call \"g\"(v0)\n    ret v0\nblock4:\n    v4 = call \"out\"()\n    ret v4\n}\n";
        let expected = "block0(v0: i64, v1: bool):\n    br v1, block1, block2\nblock1:\n    tailcall \"g\"(v0)\nblock2:\n    br v1, block3, block4\n\
            block3:\n    v3 = call \"g\"(v0)\n    ret v0\nblock4:\n    v4 = call \"out\"()\n    ret v4\n";
        check_pass(super::run, text, expected);
    }
}
