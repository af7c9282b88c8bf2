//! Who calls whom: callers counted, cycles found, functions ordered from the leaves upwards.

use crate::base::{EntityRef, PrimaryMap};
use crate::ir::{FuncId, Function, FunctionKind, Inst, Module, Symbol};

/// The call graph of a module.
#[derive(Clone, Debug)]
pub struct CallGraph {
    /// By function: the functions it calls or tail-calls directly, in order of the code, each once.
    pub callees: PrimaryMap<FuncId, Vec<FuncId>>,
    /// By function: how many direct calls and tail calls name it.
    pub calls: PrimaryMap<FuncId, u32>,
    /// By function: whether its address is taken by code, data or a table, or it is exported.
    pub escapes: PrimaryMap<FuncId, bool>,
    /// By function: whether it can call itself, directly or round a cycle of direct calls.
    pub recursive: PrimaryMap<FuncId, bool>,
    /// By function: the number of its cycle, or of itself where it is in none.
    pub components: PrimaryMap<FuncId, u32>,
    /// Functions in groups: a group's functions call only functions of earlier groups, themselves, or their cycle.
    pub levels: Vec<Vec<FuncId>>,
}

impl CallGraph {
    /// The graph of a module's direct calls.
    #[must_use]
    pub fn new(module: &Module) -> Self {
        let n = module.functions.len();
        let mut calls: PrimaryMap<FuncId, u32> = (0..n).map(|_| 0).collect();
        let mut escapes: PrimaryMap<FuncId, bool> = (0..n).map(|_| false).collect();
        let callees: PrimaryMap<FuncId, Vec<FuncId>> = module
            .functions
            .values()
            .map(|func| callees_of(func, &mut calls, &mut escapes))
            .collect();
        module
            .tables
            .values()
            .flat_map(|table| table.entries.iter().flatten())
            .for_each(|&id| escapes[id] = true);
        for (_, symbol, _) in module.data.values().flat_map(|data| &data.relocations) {
            if let Symbol::Function(id) = *symbol {
                escapes[id] = true;
            }
        }
        module
            .exports
            .iter()
            .for_each(|export| escapes[export.function] = true);
        for (id, func) in module.functions.iter() {
            escapes[id] |= func.kind == FunctionKind::Export;
        }
        let Components {
            levels,
            recursive,
            components,
        } = components(&callees);
        Self {
            callees,
            calls,
            escapes,
            recursive,
            components,
            levels,
        }
    }

    /// The functions that an export, a table, data or an address in reached code leads to.
    #[must_use]
    pub fn reachable(module: &Module) -> PrimaryMap<FuncId, bool> {
        let mut reached: PrimaryMap<FuncId, bool> =
            module.functions.keys().map(|_| false).collect();
        let mut work: Vec<FuncId> = module
            .exports
            .iter()
            .map(|export| export.function)
            .collect();
        work.extend(
            module
                .tables
                .values()
                .flat_map(|table| table.entries.iter().flatten()),
        );
        for (_, symbol, _) in module.data.values().flat_map(|data| &data.relocations) {
            if let Symbol::Function(id) = *symbol {
                work.push(id);
            }
        }
        while let Some(id) = work.pop() {
            if std::mem::replace(&mut reached[id], true) {
                continue;
            }
            let func = &module.functions[id];
            for (_, inst) in func.each_inst() {
                match func.insts[inst].inst {
                    Inst::Call(callee, _)
                    | Inst::TailCall(callee, _)
                    | Inst::Addr(Symbol::Function(callee), _) => {
                        work.push(callee);
                    }
                    _ => {}
                }
            }
        }
        reached
    }
}

fn callees_of(
    func: &Function,
    calls: &mut PrimaryMap<FuncId, u32>,
    escapes: &mut PrimaryMap<FuncId, bool>,
) -> Vec<FuncId> {
    let mut callees = Vec::new();
    for (_, id) in func.each_inst() {
        match func.insts[id].inst {
            Inst::Call(callee, _) | Inst::TailCall(callee, _) => {
                calls[callee] += 1;
                callees.push(callee);
            }
            Inst::Addr(Symbol::Function(callee), _) => escapes[callee] = true,
            _ => {}
        }
    }
    let mut seen = rustc_hash::FxHashSet::default();
    callees.retain(|&callee| seen.insert(callee));
    callees
}

/// The components of a graph.
struct Components {
    levels: Vec<Vec<FuncId>>,
    recursive: PrimaryMap<FuncId, bool>,
    components: PrimaryMap<FuncId, u32>,
}

/// Tarjan's components, without recursion, and the level of each: one above its highest callee.
fn components(callees: &PrimaryMap<FuncId, Vec<FuncId>>) -> Components {
    const NEW: u32 = u32::MAX;
    let n = callees.len();
    let mut recursive: PrimaryMap<FuncId, bool> = (0..n).map(|_| false).collect();
    let mut components: PrimaryMap<FuncId, u32> = (0..n).map(|_| NEW).collect();
    let mut level: Vec<Option<usize>> = vec![None; n];
    let (mut number, mut low) = (vec![NEW; n], vec![NEW; n]);
    let (mut open, mut next) = (Vec::new(), 0);
    for root in callees.keys() {
        if number[root.index()] != NEW {
            continue;
        }
        let mut stack = vec![(root, 0usize)];
        while let Some(&mut (at, ref mut position)) = stack.last_mut() {
            if *position == 0 {
                (number[at.index()], low[at.index()]) = (next, next);
                next += 1;
                open.push(at);
            }
            if let Some(&callee) = callees[at].get(*position) {
                *position += 1;
                if number[callee.index()] == NEW {
                    stack.push((callee, 0));
                } else if level[callee.index()].is_none() {
                    low[at.index()] = low[at.index()].min(number[callee.index()]);
                }
                continue;
            }
            stack.pop();
            if let Some(&(caller, _)) = stack.last() {
                low[caller.index()] = low[caller.index()].min(low[at.index()]);
            }
            if low[at.index()] == number[at.index()] {
                let start = open.iter().rposition(|&id| id == at).unwrap_or(0);
                let component = open.split_off(start);
                close(&component, callees, &mut level, &mut recursive);
                // The number of the first one that the walk came to: no other component has it.
                for id in component {
                    components[id] = number[at.index()];
                }
            }
        }
    }
    let height = level.iter().flatten().max().map_or(0, |top| top + 1);
    let mut levels = vec![Vec::new(); height];
    for id in callees.keys() {
        levels[level[id.index()].unwrap_or(0)].push(id);
    }
    Components {
        levels,
        recursive,
        components,
    }
}

fn close(
    component: &[FuncId],
    callees: &PrimaryMap<FuncId, Vec<FuncId>>,
    level: &mut [Option<usize>],
    recursive: &mut PrimaryMap<FuncId, bool>,
) {
    let own = component
        .iter()
        .flat_map(|&id| &callees[id])
        .filter_map(|callee| level[callee.index()]);
    let height = own.max().map_or(0, |top| top + 1);
    for &id in component {
        level[id.index()] = Some(height);
        recursive[id] = component.len() > 1 || callees[id].contains(&id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::parse_module;

    #[test]
    fn levels_rise_from_the_leaves_and_cycles_are_found() {
        let function = |name: &str, calls: &[&str]| {
            let calls: String = calls
                .iter()
                .map(|callee| format!("    call \"{callee}\"()\n"))
                .collect();
            format!("function \"{name}\" () {{\nblock0:\n{calls}    ret\n}}\n")
        };
        let text = [
            function("top", &["even", "leaf", "leaf"]),
            function("even", &["odd"]),
            function("odd", &["even", "leaf"]),
            function("leaf", &[]),
            function("self", &["self"]),
        ]
        .concat();
        let module =
            parse_module(&format!("symbol \"t\" \"top\"\n{text}")).expect("the text is right");
        let graph = CallGraph::new(&module);
        let names = |ids: &Vec<FuncId>| {
            ids.iter()
                .map(|&id| module.functions[id].name.as_str())
                .collect::<Vec<_>>()
        };
        let levels: Vec<Vec<&str>> = graph.levels.iter().map(names).collect();
        assert_eq!(
            levels,
            [vec!["leaf", "self"], vec!["even", "odd"], vec!["top"]]
        );
        let recursive: Vec<bool> = graph.recursive.values().copied().collect();
        assert_eq!(recursive, [false, true, true, false, true]);
        let same = |a: usize, b: usize| {
            graph.components[FuncId::new(a)] == graph.components[FuncId::new(b)]
        };
        assert!(same(1, 2) && !same(0, 1) && !same(3, 4) && !same(0, 3));
        assert_eq!(
            graph.calls.values().copied().collect::<Vec<u32>>(),
            [0, 2, 1, 3, 1]
        );
        let reached: Vec<bool> = CallGraph::reachable(&module).values().copied().collect();
        assert_eq!(reached, [true, true, true, true, false]);
    }
}
