//! Paths of a handler that call are moved into functions of their own, so that the handler itself needs no frame.
//!
//! A block that inevitably comes to a call, and that is entered from one that need not, is where a path is cut: the handler tail-calls
//! a new handler with everything reachable from there, and hands over what it needs as arguments. Code that such a path shares with
//! the fast one is duplicated. Before: handlers call. After: a handler that stands in a table has no call that comes back.

use super::take_functions;
use crate::analysis::{Cfg, ColdBlocks, Liveness};
use crate::base::{EntityRef, PrimaryMap};
use crate::ir::{
    Block, Bound, FuncId, Function, FunctionKind, Inst, Module, Signature, Type, Value,
};

/// Arguments that are passed in registers: a frameless function can hand over no others.
const INTEGER_ARGUMENTS: usize = 6;
const FLOAT_ARGUMENTS: usize = 8;
/// A part of slow paths that is larger than this and has several ways in becomes a function by itself.
const SHARED: usize = 24;

/// Runs the pass over all handlers of a module; answers whether it changed anything.
pub fn run(module: &mut Module) -> bool {
    let mut functions = take_functions(module);
    let split = functions.iter_mut().map(|func| split(func, module));
    let parts: Vec<Vec<Function>> = split.collect();
    let changed = parts.iter().any(|parts| !parts.is_empty());
    module.functions = numbered(functions, parts);
    changed
}

/// Cuts a handler and answers the new functions, in the order of their numbers. The first one is called as if it were the next
/// function of the module, and so on: [`numbered`] puts that right.
pub(super) fn split(func: &mut Function, module: &Module) -> Vec<Function> {
    let mut parts: Vec<Function> = Vec::new();
    if func.kind != FunctionKind::Handler {
        return parts;
    }
    let first = module.functions.len();
    loop {
        let attributes = |callee: FuncId| match callee.index().checked_sub(first) {
            Some(part) => parts[part].attributes,
            None => module.functions[callee].attributes,
        };
        let Some(cut) = next_cut(func, |callee| attributes(callee).cold) else {
            return parts;
        };
        let id = FuncId::new(first + parts.len());
        parts.push(move_out(func, id, &cut, parts.len() + 1));
        super::branches::drop_unreachable(func);
    }
}

/// All functions of a module with the parts that were [`split`] from each, which come at the end.
pub(super) fn numbered(
    functions: Vec<Function>,
    parts: Vec<Vec<Function>>,
) -> PrimaryMap<FuncId, Function> {
    let first = functions.len();
    let mut before = 0;
    let mut functions: PrimaryMap<FuncId, Function> = functions.into_iter().collect();
    let mut all_parts = Vec::new();
    for (whole, parts) in functions.values_mut().zip(parts) {
        let count = parts.len();
        if count == 0 {
            continue;
        }
        let start = all_parts.len();
        all_parts.extend(parts);
        for func in std::iter::once(whole).chain(&mut all_parts[start..]) {
            for data in func.insts.values_mut() {
                if let Inst::TailCall(callee, _) = &mut data.inst
                    && callee.index() >= first
                {
                    *callee = FuncId::new(callee.index() + before);
                }
            }
        }
        before += count;
    }
    for part in all_parts {
        functions.push(part);
    }
    functions
}

/// Where a function is cut.
struct Cut {
    block: Block,
    /// What the new function gets, besides the parameters of the block.
    needed: Vec<Value>,
    cold: bool,
}

fn next_cut(func: &Function, is_cold: impl Fn(FuncId) -> bool) -> Option<Cut> {
    let calls = |block: Block| {
        func.blocks[block]
            .insts
            .iter()
            .any(|&inst| func.insts[inst].inst.is_call())
    };
    if !func.layout.iter().any(|&block| calls(block)) {
        return None;
    }
    let cfg = Cfg::new(func);
    let doomed = doomed_blocks(func, &cfg, calls);
    let entry = func.entry();
    // A function that calls on every path keeps its frame, unless a table holds it.
    if doomed[entry.index()] && !func.signature.params.is_empty() {
        return None;
    }
    let liveness = Liveness::new(func, &cfg);
    let cold = ColdBlocks::new(func, &cfg, is_cold);
    let cut = |block: Block| cut_at(func, &liveness, &cold, block);
    if doomed[entry.index()] {
        return cut(entry);
    }
    // Shared parts first, the deepest one before those that lead to it.
    for &block in cfg.order.iter().rev() {
        let shared =
            doomed[block.index()] && cfg.predecessors(block).len() > 1 && !is_stub(func, block);
        if shared
            && region_size(func, block) > SHARED
            && !leads_to(func, block, block)
            && let Some(cut) = cut(block)
        {
            return Some(cut);
        }
    }
    let from_fast = |block: Block| {
        cfg.predecessors(block)
            .iter()
            .any(|from| !doomed[from.index()])
    };
    for &block in &cfg.order {
        if doomed[block.index()] && from_fast(block) {
            // With too much to hand over, an earlier block is tried, up to the entry.
            let dominators = crate::ir::Dominators::new(&cfg);
            let mut at = Some(block);
            while let Some(block) = at {
                if let Some(cut) = cut(block) {
                    return Some(cut);
                }
                at = dominators.idom(block);
            }
        }
    }
    None
}

/// The cut at a block, unless there is too much to hand over.
fn cut_at(func: &Function, liveness: &Liveness, cold: &ColdBlocks, block: Block) -> Option<Cut> {
    Some(Cut {
        block,
        needed: handed_over(func, liveness, block)?,
        cold: cold.contains(block),
    })
}

/// Blocks from which every path comes to a call before the function ends.
fn doomed_blocks(func: &Function, cfg: &Cfg, calls: impl Fn(Block) -> bool) -> Vec<bool> {
    // The largest set: loops without exit to a fast end count as doomed only if they call.
    let mut doomed = vec![false; func.blocks.len()];
    let mut changed = true;
    while changed {
        changed = false;
        for &block in cfg.order.iter().rev() {
            let successors = func.successors(block);
            let all = !successors.is_empty() && successors.iter().all(|next| doomed[next.index()]);
            if !doomed[block.index()] && (calls(block) || all) {
                doomed[block.index()] = true;
                changed = true;
            }
        }
    }
    doomed
}

/// The values that a new function starting at a block needs; `None` if they do not fit the registers, or if the block leads round
/// a loop to where they are defined anew.
fn handed_over(func: &Function, liveness: &Liveness, block: Block) -> Option<Vec<Value>> {
    let needed: Vec<Value> = liveness
        .live_in(block)
        .into_iter()
        .filter(|&value| !is_constant(func, value))
        .collect();
    let redefined = region(func, block).iter().any(|&inside| {
        let data = &func.blocks[inside];
        let results = data.insts.iter().filter_map(|&id| func.insts[id].result);
        data.params
            .iter()
            .copied()
            .chain(results)
            .any(|value| needed.contains(&value))
    });
    if redefined {
        return None;
    }
    let all = || needed.iter().chain(&func.blocks[block].params);
    let floats = all().filter(|&&value| func.ty(value).is_float()).count();
    let integers = all().count() - floats;
    (integers <= INTEGER_ARGUMENTS && floats <= FLOAT_ARGUMENTS).then_some(needed)
}

/// Whether a value is made again rather than handed over.
fn is_constant(func: &Function, value: Value) -> bool {
    matches!(
        func.def(value),
        Some(
            Inst::Iconst(_)
                | Inst::Fconst(_)
                | Inst::F32const(_)
                | Inst::Bconst(_)
                | Inst::Addr(..)
        )
    )
}

/// Whether a block only goes on to another function.
fn is_stub(func: &Function, block: Block) -> bool {
    func.blocks[block].insts.len() <= 2 && matches!(func.terminator(block), Inst::TailCall(..))
}

/// The blocks that a block leads to, itself included, in the order of the layout.
fn region(func: &Function, start: Block) -> Vec<Block> {
    let mut seen = vec![false; func.blocks.len()];
    let mut work = vec![start];
    while let Some(block) = work.pop() {
        if !std::mem::replace(&mut seen[block.index()], true) {
            work.extend(func.successors(block));
        }
    }
    func.layout
        .iter()
        .copied()
        .filter(|block| seen[block.index()])
        .collect()
}

fn region_size(func: &Function, start: Block) -> usize {
    region(func, start)
        .iter()
        .map(|&block| func.blocks[block].insts.len())
        .sum()
}

fn leads_to(func: &Function, from: Block, to: Block) -> bool {
    func.successors(from)
        .iter()
        .any(|&next| region(func, next).contains(&to))
}

/// Makes the new function, whose identity will be `id`, and leaves a tail call of it in the block.
fn move_out(func: &mut Function, id: FuncId, cut: &Cut, number: usize) -> Function {
    let params = func.blocks[cut.block].params.clone();
    let arguments: Vec<Value> = cut.needed.iter().chain(&params).copied().collect();
    let types: Vec<Type> = arguments.iter().map(|&value| func.ty(value)).collect();
    let name = format!("{} (part {number})", func.name);
    let mut new = Function::new(
        name,
        FunctionKind::Handler,
        Signature {
            params: types,
            result: None,
        },
        func.position,
    );
    new.activations = func.activations.clone();
    new.bindings = func.bindings.clone();
    new.attributes.cold = cut.cold;
    new.attributes.moving = func.attributes.moving;
    fill(&mut new, func, cut.block, &arguments);
    let position = func.insts[func.terminator_id(cut.block)].position;
    let args = func.value_list(&arguments);
    func.blocks[cut.block].insts.clear();
    let _ = func.append(cut.block, Inst::TailCall(id, args), None, position);
    new
}

/// Copies everything that the block leads to.
fn fill(new: &mut Function, func: &Function, start: Block, arguments: &[Value]) {
    let entry = new.add_block();
    let mut values: Vec<Option<Value>> = vec![None; func.values.len()];
    for &argument in arguments {
        values[argument.index()] = Some(new.add_param(entry, func.ty(argument)));
    }
    let copied = region(func, start);
    let mut blocks: Vec<Option<Block>> = vec![None; func.blocks.len()];
    for &old in &copied {
        let block = new.add_block();
        blocks[old.index()] = Some(block);
        for &param in &func.blocks[old].params {
            values[param.index()] = Some(new.add_param(block, func.ty(param)));
        }
    }
    let mut made = Vec::new();
    for &old in &copied {
        for &id in &func.blocks[old].insts {
            let data = &func.insts[id];
            if let Some(result) = data.result
                && is_constant(func, result)
            {
                // Made in the entry: a loop may use it before it comes to where it was made.
                let constant = data.inst;
                values[result.index()] =
                    new.append(entry, constant, Some(func.ty(result)), data.position);
                continue;
            }
            let copy = new.make_inst(
                Inst::Unreachable,
                data.result.map(|result| func.ty(result)),
                data.position,
            );
            if let (Some(result), Some(value)) = (data.result, new.insts[copy].result) {
                values[result.index()] = Some(value);
            }
            made.push((old, id, copy));
        }
    }
    make_constants(new, func, entry, &copied, &mut values);
    // The parameters of the first block are arguments of the function too; there it may be entered again by a loop.
    let first = blocks[start.index()].unwrap_or(entry);
    let args: Vec<Value> =
        new.blocks[entry].params[arguments.len() - func.blocks[start].params.len()..].to_vec();
    new.bindings
        .map_bound(|old| values[old.index()].map_or(Bound::Unknown, Bound::Value));
    let value = |old: Value| {
        values[old.index()].unwrap_or_else(|| unreachable!("{old} of {} is handed over", func.name))
    };
    let block = |old: Block| {
        blocks[old.index()].unwrap_or_else(|| unreachable!("{old} of {} is copied", func.name))
    };
    for (old, id, copy) in made {
        let inst = new.copied(func, &func.insts[id].inst, value, block);
        new.insts[copy].inst = inst;
        let home = block(old);
        new.blocks[home].insts.push(copy);
    }
    let jump = Inst::Jump(new.target(first, &args));
    let _ = new.append(entry, jump, None, func.position);
}

/// Constants that the copied blocks use but do not define.
fn make_constants(
    new: &mut Function,
    func: &Function,
    entry: Block,
    copied: &[Block],
    values: &mut [Option<Value>],
) {
    for &block in copied {
        for &id in &func.blocks[block].insts {
            let mut missing = Vec::new();
            func.insts[id].inst.each_operand(func, |value| {
                if values[value.index()].is_none() {
                    missing.push(value);
                }
            });
            for value in missing {
                if values[value.index()].is_none()
                    && is_constant(func, value)
                    && let Some(constant) = func.def(value)
                {
                    values[value.index()] =
                        new.append(entry, constant, Some(func.ty(value)), func.position);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{parse_module, verify};

    fn outlined(text: &str) -> Module {
        let prelude = "pin ip r12 ptr\npin table r14 ptr\ndispatch ip table\ntable \"t\" [\"h\"]\nimport \"out\" (i64) -> i64\n";
        let mut module = parse_module(&format!("{prelude}{text}")).expect("the text is right");
        assert_eq!(verify(&module), Ok(()));
        assert!(run(&mut module));
        assert_eq!(verify(&module), Ok(()), "{}", module.text());
        let handler = &module.functions[FuncId::new(1)];
        assert!(
            !handler
                .each_inst()
                .any(|(_, id)| handler.insts[id].inst.is_call()),
            "{}",
            module.text()
        );
        module
    }

    #[test]
    fn a_slow_path_is_tail_called_with_what_it_needs() {
        let module = outlined(
            "handler \"h\" () {\nblock0:\n    v0 = pin.get ip\n    v1 = load.i64 v0 !any\n    v2 = iconst 8\n    v3 = icmp.eq v1, v2\n    \
             br.likely v3, block1(v1), block2(v2)\nblock1(v4: i64):\n    store.i64 v4, v0 !any\n    dispatch\n\
             block2(v5: i64):\n    v6 = add v5, v1\n    v7 = call \"out\"(v6)\n    jump block1(v7)\n}\n",
        );
        let text = module.function_text(FuncId::new(1));
        assert!(
            text.contains("tailcall \"h (part 1)\"(v0, v1, v5)"),
            "{text}"
        );
        let part = module.function_text(FuncId::new(2));
        assert!(
            part.contains("handler \"h (part 1)\" (v0: ptr, v1: i64, v2: i64) cold"),
            "{part}"
        );
        assert!(
            part.contains("store.i64")
                && part.contains("dispatch")
                && part.contains("call \"out\""),
            "{part}"
        );
    }

    #[test]
    fn a_handler_that_always_calls_is_one_jump() {
        let module = outlined(
            "handler \"h\" () {\nblock0:\n    v0 = iconst 1\n    v1 = call \"out\"(v0)\n    dispatch\n}\n",
        );
        let text = module.function_text(FuncId::new(1));
        assert!(
            text.contains("block0:\n    tailcall \"h (part 1)\"()\n}"),
            "{text}"
        );
    }

    #[test]
    fn what_does_not_fit_the_registers_is_cut_earlier() {
        let loads: String = (0..8)
            .map(|n| format!("    v{} = load.i64 v0 + {} !any\n", n + 1, 8 * n))
            .collect();
        let sum: String = (0..7)
            .map(|n| {
                format!(
                    "    v{} = add v{}, v{}\n",
                    n + 20,
                    n + 1,
                    if n == 0 { 8 } else { n + 19 }
                )
            })
            .collect();
        let module = outlined(&format!(
            "handler \"h\" () {{\nblock0:\n    v0 = pin.get ip\n    v9 = load.bool v0 !any\n    br v9, block3, block1\n\
             block1:\n{loads}    br v9, block2, block3\nblock2:\n{sum}    v30 = call \"out\"(v26)\n    jump block3\nblock3:\n    dispatch\n}}\n"
        ));
        assert!(
            module
                .function_text(FuncId::new(1))
                .contains("block1:\n    tailcall \"h (part 1)\"(v0, v9)"),
            "{}",
            module.text()
        );
    }

    #[test]
    fn a_constant_of_a_loop_that_is_cut_open_reaches_its_uses() {
        let module = outlined(
            "handler \"h\" () {\nblock0:\n    v0 = pin.get ip\n    v1 = load.bool v0 !any\n    jump block1\n\
             block1:\n    v2 = iconst 7\n    br v1, block2, block3\nblock2:\n    dispatch\n\
             block3:\n    v3 = call \"out\"(v2)\n    jump block1\n}\n",
        );
        let part = module.function_text(FuncId::new(2));
        assert_eq!(part.matches("iconst 7").count(), 1, "{part}");
    }

    #[test]
    fn a_loop_that_calls_is_moved_whole() {
        let module = outlined(
            "handler \"h\" () {\nblock0:\n    v0 = pin.get ip\n    v1 = load.i64 v0 !any\n    jump block1(v1)\n\
             block1(v2: i64):\n    v3 = iconst 0\n    v4 = icmp.eq v2, v3\n    br v4, block2, block3\nblock2:\n    dispatch\n\
             block3:\n    v5 = call \"out\"(v2)\n    jump block1(v5)\n}\n",
        );
        let part = module.function_text(FuncId::new(2));
        assert!(
            part.contains("dispatch") && part.matches("jump").count() >= 2,
            "{part}"
        );
    }

    #[test]
    fn a_constant_made_before_a_call_and_again_behind_it_reaches_the_call() {
        outlined(
            "handler \"h\" () {\nblock0:\n    v0 = pin.get ip\n    jump block1\nblock1:\n    v1 = iconst 5\n    v2 = load.bool v0 !any\n    \
             br v2, block2, block3\nblock2:\n    dispatch\nblock3:\n    v3 = call \"out\"(v1)\n    jump block1\n}\n",
        );
    }
}
