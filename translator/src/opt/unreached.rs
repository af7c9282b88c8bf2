//! Removes the functions that no export, table, data or code leads to. The others get new numbers in the same order.

use crate::analysis::CallGraph;
use crate::base::PrimaryMap;
use crate::ir::{FuncId, Function, Inst, Module, Symbol};

/// Runs the pass over a module.
pub fn remove(module: &mut Module) {
    let reached = CallGraph::reachable(module);
    if reached.values().all(|&reached| reached) {
        return;
    }
    let mut renumbered: PrimaryMap<FuncId, Option<FuncId>> = PrimaryMap::new();
    let mut functions: PrimaryMap<FuncId, Function> = PrimaryMap::new();
    for (func, &reached) in std::mem::take(&mut module.functions)
        .into_values()
        .into_iter()
        .zip(reached.values())
    {
        renumbered.push(reached.then(|| functions.push(func)));
    }
    let new = |id: FuncId| renumbered[id].unwrap_or_else(|| unreachable!("{id} is reached"));
    for func in functions.values_mut() {
        for data in func.insts.values_mut() {
            data.inst = match data.inst {
                // Instructions that are in no block any more may name removed functions.
                Inst::Call(callee, _)
                | Inst::TailCall(callee, _)
                | Inst::Addr(Symbol::Function(callee), _)
                    if renumbered[callee].is_none() =>
                {
                    Inst::Unreachable
                }
                Inst::Call(callee, args) => Inst::Call(new(callee), args),
                Inst::TailCall(callee, args) => Inst::TailCall(new(callee), args),
                Inst::Addr(Symbol::Function(callee), offset) => {
                    Inst::Addr(Symbol::Function(new(callee)), offset)
                }
                other => other,
            };
        }
    }
    module.functions = functions;
    for entry in module
        .tables
        .values_mut()
        .flat_map(|table| table.entries.iter_mut().flatten())
    {
        *entry = new(*entry);
    }
    for (_, symbol, _) in module
        .data
        .values_mut()
        .flat_map(|data| data.relocations.iter_mut())
    {
        if let Symbol::Function(id) = symbol {
            *id = new(*id);
        }
    }
    for export in &mut module.exports {
        export.function = new(export.function);
    }
}

#[cfg(test)]
mod tests {
    use crate::ir::{parse_module, verify};

    #[test]
    fn what_nothing_leads_to_goes_and_the_rest_is_renumbered() {
        let text = "table \"t\" [\"in table\"]\ndata \"d\" align 8 \"0000000000000000\" @0 function \"in data\"\nsymbol \"s\" \"start\"\n\
            function \"unused\" () {\nblock0:\n    call \"also unused\"()\n    ret\n}\n\
            function \"also unused\" () {\nblock0:\n    ret\n}\n\
            function \"in table\" () {\nblock0:\n    ret\n}\nfunction \"in data\" () {\nblock0:\n    ret\n}\n\
            export \"start\" () {\nblock0:\n    call \"called\"()\n    ret\n}\n\
            function \"called\" () {\nblock0:\n    v0 = addr function \"addressed\"\n    ret\n}\n\
            function \"addressed\" () {\nblock0:\n    tailcall \"called\"()\n}\n";
        let mut module = parse_module(text).expect("the text is right");
        let before = module.clone();
        super::remove(&mut module);
        assert_eq!(verify(&module), Ok(()));
        let names: Vec<&str> = module
            .functions
            .values()
            .map(|func| func.name.as_str())
            .collect();
        assert_eq!(
            names,
            ["in table", "in data", "start", "called", "addressed"]
        );
        let kept = |text: String| {
            let at = text
                .find("function \"in table\" ()")
                .expect("it is printed");
            text[at..].to_owned()
        };
        assert_eq!(kept(module.text()), kept(before.text()));
        assert_eq!(module.functions[module.exports[0].function].name, "start");
    }
}
