//! Calls at the end of a handler become jumps to a copy of the callee that dispatches instead of returning.
//!
//! `call f(args); dispatch` in a handler is `tailcall f'(args)`, where f' is f as a handler: its returns are dispatches. All handlers
//! share one copy of each function, and copies are treated in the same way, so that a chain of such calls needs no frame at all.
//! A function that only handlers call at their end is then reached by nothing, and goes.

use rustc_hash::FxHashMap;

use crate::ir::{Block, FuncId, Function, FunctionKind, Inst, Module, Signature};

/// What the name of the copy has more than that of the function.
const SUFFIX: &str = " (handler)";

/// Runs the pass over a module; answers whether it changed anything.
pub fn run(module: &mut Module) -> bool {
    let mut copies: FxHashMap<FuncId, FuncId> = FxHashMap::default();
    let mut work: Vec<FuncId> = module
        .functions
        .iter()
        .filter(|(_, func)| func.kind == FunctionKind::Handler)
        .map(|(id, _)| id)
        .collect();
    let mut changed = false;
    // Copies are handlers too and are looked at in their turn.
    while let Some(id) = work.pop() {
        let calls = last_calls(module, id);
        let any = !calls.is_empty();
        for (block, callee) in calls {
            let copy = match copies.get(&callee) {
                Some(&copy) => copy,
                None => {
                    let copy = as_handler(&module.functions[callee]);
                    let copy = module.functions.push(copy);
                    copies.insert(callee, copy);
                    work.push(copy);
                    copy
                }
            };
            jump_to(&mut module.functions[id], block, copy);
        }
        if any {
            super::branches::drop_unreachable(&mut module.functions[id]);
            changed = true;
        }
    }
    changed
}

/// The blocks that end with a call whose result is unused and a dispatch.
fn last_calls(module: &Module, id: FuncId) -> Vec<(Block, FuncId)> {
    let func = &module.functions[id];
    let mut used = vec![false; func.values.len()];
    for (_, inst) in func.each_inst() {
        func.insts[inst].inst.each_operand(func, |value| {
            used[crate::base::EntityRef::index(value)] = true
        });
    }
    let mut found = Vec::new();
    for &block in &func.layout {
        let [.., call, _] = *func.blocks[block].insts else {
            continue;
        };
        let Inst::Call(callee, _) = func.insts[call].inst else {
            continue;
        };
        let unused = func.insts[call]
            .result
            .is_none_or(|result| !used[crate::base::EntityRef::index(result)]);
        let has_body = module.functions[callee].kind != FunctionKind::Import;
        if unused && has_body && goes_to_dispatch(func, block) {
            found.push((block, callee));
        }
    }
    found
}

/// Whether a block ends with a dispatch or jumps to one.
fn goes_to_dispatch(func: &Function, block: Block) -> bool {
    match func.terminator(block) {
        Inst::Dispatch => true,
        Inst::Jump(target) => {
            let [only] = *func.blocks[target.block].insts else {
                return false;
            };
            func.insts[only].inst == Inst::Dispatch
        }
        _ => false,
    }
}

fn jump_to(func: &mut Function, block: Block, copy: FuncId) {
    func.blocks[block].insts.pop();
    let Some(&call) = func.blocks[block].insts.last() else {
        return;
    };
    if let Inst::Call(_, args) = func.insts[call].inst {
        func.insts[call].inst = Inst::TailCall(copy, args);
        func.insts[call].result = None;
    }
}

/// A function as a handler.
pub(super) fn as_handler(func: &Function) -> Function {
    let mut copy = func.clone();
    copy.name.push_str(SUFFIX);
    copy.kind = FunctionKind::Handler;
    copy.signature = Signature {
        params: func.signature.params.clone(),
        result: None,
    };
    for block in copy.layout.clone() {
        let id = copy.terminator_id(block);
        let position = copy.insts[id].position;
        // A tail call would return to the caller; it becomes a call here, and perhaps a tail call of another copy.
        let call = match copy.insts[id].inst {
            Inst::TailCall(callee, args) => Inst::Call(callee, args),
            Inst::TailCallInd(sig, callee, args) => Inst::CallInd(sig, callee, args),
            Inst::Ret(_) => {
                copy.insts[id].inst = Inst::Dispatch;
                continue;
            }
            _ => continue,
        };
        copy.insts[id].inst = call;
        let _ = copy.append(block, Inst::Dispatch, None, position);
    }
    copy
}

#[cfg(test)]
mod tests {
    use crate::base::EntityRef;
    use crate::ir::{FuncId, parse_module, verify};

    const TEXT: &str = "pin ip r12 ptr\npin table r14 ptr\ndispatch ip table\ntable \"t\" [\"h\", \"g\"]\n\
        handler \"h\" () {\nblock0:\n    v0 = iconst 3\n    v1 = call \"send\"(v0)\n    dispatch\n}\n\
        handler \"g\" () {\nblock0:\n    v0 = iconst 4\n    v1 = call \"send\"(v0)\n    jump block1\nblock1:\n    dispatch\n}\n\
        function \"send\" (v0: i64) -> i64 {\nblock0(v0: i64):\n    tailcall \"activate\"(v0)\n}\n\
        function \"activate\" (v0: i64) -> i64 {\nblock0(v0: i64):\n    v1 = call \"other\"(v0)\n    store.i64 v1, v1 !any\n    ret v1\n}\n\
        function \"other\" (v0: i64) -> i64 {\nblock0(v0: i64):\n    ret v0\n}\n";

    #[test]
    fn chains_of_last_calls_become_jumps_to_shared_copies() {
        let mut module = parse_module(TEXT).expect("the text is right");
        assert_eq!(verify(&module), Ok(()));
        assert!(super::run(&mut module));
        assert_eq!(verify(&module), Ok(()), "{}", module.text());
        let names: Vec<&str> = module
            .functions
            .values()
            .map(|func| func.name.as_str())
            .collect();
        assert_eq!(names[5..], ["send (handler)", "activate (handler)"]);
        for handler in [0, 1] {
            let text = module.function_text(FuncId::new(handler));
            assert!(
                text.contains("tailcall \"send (handler)\"(v0)") && !text.contains("dispatch"),
                "{text}"
            );
        }
        assert!(
            module
                .function_text(FuncId::new(5))
                .contains("tailcall \"activate (handler)\"(v0)")
        );
        // What is called before the end stays a call.
        let text = module.function_text(FuncId::new(6));
        assert!(
            text.contains("v1 = call \"other\"(v0)\n    store.i64 v1, v1 !any\n    dispatch"),
            "{text}"
        );
    }
}
