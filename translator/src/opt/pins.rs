//! Pinned registers: a read of what was read or written before is that value, and writes move down to where they are needed.
//!
//! A write is needed by reads, calls, traps, and the end of the function. Until then it may go past other instructions, into both
//! sides of a branch, and disappear where the pin is written again. So the fast path of a handler that pops and pushes writes the
//! stack pointer once, or not at all, and its addresses are distances from the old value.

use crate::analysis::{Cfg, Dominators, Loops};
use crate::base::EntityRef;
use crate::ir::{Block, Function, Inst, InstId, PinId, Value};

use super::Context;

/// Runs the pass.
pub fn run(func: &mut Function, context: &Context<'_>) -> bool {
    let uses = |id: InstId| matches!(func.insts[id].inst, Inst::PinGet(_) | Inst::PinSet(..));
    if !func.each_inst().any(|(_, id)| uses(id)) {
        return false;
    }
    let cfg = Cfg::new(func);
    forward(func, context, &cfg) | sink(func, context, &cfg)
}

/// What each pin holds, where it is known.
type Known = Vec<Option<Value>>;

/// Whether an instruction may write pins other than by `pin.set`.
fn writes_pins(inst: &Inst, context: &Context<'_>) -> bool {
    match *inst {
        Inst::Call(callee, _) => context
            .summary(callee)
            .is_none_or(|summary| summary.writes_pins),
        Inst::CallInd(..) => true,
        _ => false,
    }
}

fn forward(func: &mut Function, context: &Context<'_>, cfg: &Cfg) -> bool {
    let loops = Loops::new(cfg, &Dominators::new(cfg));
    let written = written_in_loops(func, context, &loops);
    let mut at_end: Vec<Option<Known>> = vec![None; func.blocks.len()];
    let mut replaced: Vec<Option<Value>> = vec![None; func.values.len()];
    let mut changed = false;
    for &block in &cfg.order {
        let mut known = at_start(
            block,
            cfg,
            &loops,
            &written,
            &at_end,
            context.module.pins.len(),
        );
        let insts = func.blocks[block].insts.clone();
        let mut kept = Vec::with_capacity(insts.len());
        for id in insts {
            match func.insts[id].inst {
                Inst::PinGet(pin) => match (known[pin.index()], func.insts[id].result) {
                    (Some(value), Some(result)) => {
                        replaced[result.index()] = Some(value);
                        changed = true;
                        continue;
                    }
                    (_, result) => known[pin.index()] = result,
                },
                Inst::PinSet(pin, value) => {
                    let value = end(&replaced, value);
                    if known[pin.index()] == Some(value) {
                        changed = true;
                        continue;
                    }
                    known[pin.index()] = Some(value);
                }
                inst if writes_pins(&inst, context) => known.fill(None),
                _ => {}
            }
            kept.push(id);
        }
        func.blocks[block].insts = kept;
        at_end[block.index()] = Some(known);
    }
    if changed {
        func.map_uses(|value| end(&replaced, value));
    }
    changed
}

fn end(replaced: &[Option<Value>], value: Value) -> Value {
    let mut value = value;
    while let Some(next) = replaced[value.index()] {
        value = next;
    }
    value
}

/// By loop and pin: whether the loop may write the pin.
fn written_in_loops(func: &Function, context: &Context<'_>, loops: &Loops) -> Vec<Vec<bool>> {
    let of_loop = |blocks: &[Block]| {
        let mut written = vec![false; context.module.pins.len()];
        for id in blocks.iter().flat_map(|&block| &func.blocks[block].insts) {
            match func.insts[*id].inst {
                Inst::PinSet(pin, _) => written[pin.index()] = true,
                inst if writes_pins(&inst, context) => written.fill(true),
                _ => {}
            }
        }
        written
    };
    loops
        .all
        .iter()
        .map(|found| of_loop(&found.blocks))
        .collect()
}

fn at_start(
    block: Block,
    cfg: &Cfg,
    loops: &Loops,
    written: &[Vec<bool>],
    at_end: &[Option<Known>],
    pins: usize,
) -> Known {
    let before = |from: &&Block| cfg.position(**from) < cfg.position(block);
    let header = loops
        .innermost(block)
        .filter(|&number| loops.all[number].header == block);
    let predecessors = cfg.predecessors(block);
    if header.is_none() && !predecessors.iter().all(|from| before(&from)) {
        return vec![None; pins];
    }
    let mut earlier = predecessors
        .iter()
        .filter(before)
        .map(|from| at_end[from.index()].as_ref());
    let Some(Some(first)) = earlier.next() else {
        return vec![None; pins];
    };
    let mut known = first.clone();
    for other in earlier {
        for (pin, value) in known.iter_mut().enumerate() {
            if other.is_none_or(|other| other[pin] != *value) {
                *value = None;
            }
        }
    }
    if let Some(number) = header {
        for (value, &written) in known.iter_mut().zip(&written[number]) {
            if written {
                *value = None;
            }
        }
    }
    known
}

/// How many blocks below a branch are searched for a reason to move a write there.
const DEPTH: u32 = 6;

/// Whether it pays to move a write of a pin into a block: there or below it, the pin is written again or the handler ends.
fn is_wanted_below(func: &Function, cfg: &Cfg, block: Block, pin: PinId, depth: u32) -> bool {
    if cfg.single_predecessor(block).is_none() {
        return false;
    }
    let writes = |inst: &Inst| {
        matches!(*inst, Inst::PinSet(other, _) if other == pin) || *inst == Inst::Dispatch
    };
    if func.blocks[block]
        .insts
        .iter()
        .any(|&id| writes(&func.insts[id].inst))
    {
        return true;
    }
    depth > 0
        && func
            .successors(block)
            .iter()
            .any(|&next| is_wanted_below(func, cfg, next, pin, depth - 1))
}

/// Moves writes down, block by block, into successors that nothing else leads to.
fn sink(func: &mut Function, context: &Context<'_>, cfg: &Cfg) -> bool {
    let mut changed = false;
    let mut arriving: Vec<Vec<(PinId, InstId)>> = vec![Vec::new(); func.blocks.len()];
    for &block in &cfg.order {
        let mut waiting = std::mem::take(&mut arriving[block.index()]);
        changed |= !waiting.is_empty();
        let old = std::mem::take(&mut func.blocks[block].insts);
        let mut new = Vec::with_capacity(old.len());
        for &id in &old {
            let inst = func.insts[id].inst;
            match inst {
                Inst::PinSet(pin, _) => {
                    // An earlier write that nothing needed is gone.
                    waiting.retain(|(other, _)| *other != pin);
                    waiting.push((pin, id));
                    continue;
                }
                Inst::PinGet(pin) => {
                    let needed = waiting.iter().position(|(other, _)| *other == pin);
                    if let Some(at) = needed {
                        new.push(waiting.remove(at).1);
                    }
                }
                _ if inst.is_terminator() => {
                    let targets = inst.successors(func);
                    if goes_down(&inst, block, &targets, cfg) {
                        let wanted = |pin| {
                            targets
                                .iter()
                                .any(|&to| is_wanted_below(func, cfg, to, pin, DEPTH))
                        };
                        let (mut down, stay): (Vec<_>, Vec<_>) =
                            waiting.drain(..).partition(|&(pin, _)| wanted(pin));
                        new.extend(stay.into_iter().map(|(_, id)| id));
                        hand_down(func, &mut down, &targets, &mut arriving);
                    } else {
                        new.extend(waiting.drain(..).map(|(_, id)| id));
                    }
                }
                _ if needs_pins(&inst, context) => new.extend(waiting.drain(..).map(|(_, id)| id)),
                _ => {}
            }
            new.push(id);
        }
        changed |= new != old;
        func.blocks[block].insts = new;
    }
    changed
}

/// Whether an instruction needs pins to be what they should be.
fn needs_pins(inst: &Inst, context: &Context<'_>) -> bool {
    match *inst {
        Inst::Call(callee, _) => context
            .summary(callee)
            .is_none_or(|summary| summary.reads_pins || summary.writes_pins || summary.stops),
        // A trap shows the Smalltalk stack, and a signal may come while the kernel works.
        _ => {
            inst.is_call()
                || inst.effects().traps
                || matches!(inst, Inst::Syscall(..) | Inst::Fence)
        }
    }
}

/// Whether writes may go on behind a branch: each target has this block as its only predecessor.
fn goes_down(inst: &Inst, block: Block, targets: &[Block], cfg: &Cfg) -> bool {
    let branches = matches!(inst, Inst::Br(..) | Inst::BrChecked(..) | Inst::Jump(_));
    branches
        && targets
            .iter()
            .all(|&to| cfg.single_predecessor(to) == Some(block))
}

fn hand_down(
    func: &mut Function,
    waiting: &mut Vec<(PinId, InstId)>,
    targets: &[Block],
    arriving: &mut [Vec<(PinId, InstId)>],
) {
    for (pin, id) in waiting.drain(..) {
        for (number, &target) in targets.iter().enumerate() {
            let copy = if number == 0 {
                id
            } else {
                let data = func.insts[id];
                func.make_inst(data.inst, None, data.position)
            };
            arriving[target.index()].push((pin, copy));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::ir::parse_module;
    use crate::opt::testing::check_pass;

    fn check(code: &str, expected: &str) {
        let head = "(v0: ptr, v1: bool)";
        let prelude = "pin sp r13 ptr\npin ip r12 ptr\nimport \"out\" ()\n";
        check_pass(
            super::run,
            &format!("{prelude}function \"f\" {head} {{\nblock0{head}:\n{code}}}\n"),
            &format!("block0{head}:\n{expected}"),
        );
    }

    #[test]
    fn a_read_after_a_write_is_the_value_and_the_last_write_wins() {
        check(
            "    v2 = pin.get sp\n    pin.set sp, v0\n    v3 = pin.get sp\n    store.ptr v3, v2 !any\n    pin.set sp, v2\n    pin.set ip, v3\n    ret\n",
            "    v2 = pin.get sp\n    store.ptr v0, v2 !any\n    pin.set sp, v2\n    pin.set ip, v0\n    ret\n",
        );
    }

    #[test]
    fn what_is_there_already_is_not_written() {
        check(
            "    v2 = pin.get sp\n    pin.set sp, v2\n    ret\n",
            "    v2 = pin.get sp\n    ret\n",
        );
    }

    #[test]
    fn calls_and_traps_see_the_pins() {
        check(
            "    pin.set sp, v0\n    call \"out\"()\n    v2 = pin.get sp\n    pin.set sp, v0\n    trap.if v1, \"x\"\n    pin.set sp, v2\n    ret\n",
            "    pin.set sp, v0\n    call \"out\"()\n    v2 = pin.get sp\n    pin.set sp, v0\n    trap.if v1, \"x\"\n    pin.set sp, v2\n    ret\n",
        );
    }

    #[test]
    fn a_write_goes_down_both_sides_of_a_branch() {
        check(
            "    v2 = pin.get sp\n    pin.set sp, v0\n    br v1, block1, block2\nblock1:\n    pin.set sp, v2\n    ret\n\
             block2:\n    call \"out\"()\n    ret\n",
            "    v2 = pin.get sp\n    br v1, block1, block2\nblock1:\n    pin.set sp, v2\n    ret\n\
             block2:\n    pin.set sp, v0\n    call \"out\"()\n    ret\n",
        );
    }

    #[test]
    fn a_loop_that_writes_a_pin_is_read_anew() {
        check(
            "    v2 = pin.get sp\n    v3 = pin.get ip\n    jump block1\nblock1:\n    v4 = pin.get sp\n    v5 = pin.get ip\n    store.ptr v5, v4 !any\n    \
             pin.set sp, v0\n    br v1, block1, block2\nblock2:\n    ret\n",
            "    v2 = pin.get sp\n    v3 = pin.get ip\n    jump block1\nblock1:\n    v4 = pin.get sp\n    store.ptr v3, v4 !any\n    \
             pin.set sp, v0\n    br v1, block1, block2\nblock2:\n    ret\n",
        );
        assert!(parse_module("pin sp r13 ptr\n").is_ok());
    }
}
