//! Checks the rules that every pass relies on. A broken rule is always a bug of the translator.
//!
//! | rule | what holds |
//! | --- | --- |
//! | `end` | the last instruction of a block is a terminator, and no other one is |
//! | `once` | an instruction stands in one block at most, once; a block stands in the layout once |
//! | `def` | a value's definition is the instruction or the parameter that holds it |
//! | `dominance` | a use in a reachable block is dominated by the definition |
//! | `target` | a branch goes to a block of the layout, not to the entry |
//! | `arguments` | a branch has an argument of the right type for each parameter; `br.…` supplies one more, the result |
//! | `switch` | targets of a `switch` have no parameters |
//! | `operand` | operands have the types of the opcode table |
//! | `result` | a result is there exactly when the opcode has one, of its type |
//! | `width` | `sext` and `zext` take 1 to 63 bits |
//! | `address` | the base is a word, the index an `i64`, the scale 1, 2, 4 or 8 |
//! | `name` | functions, data, fields, pins, classes, reasons and signatures exist in the module |
//! | `position` | the activation of an instruction's position is one of the function |
//! | `call` | arguments and result match the callee's signature; a `syscall` has at most 6 arguments |
//! | `tailcall` | a tail call's callee has the caller's result; handlers tail-call handlers, others do not; imports never |
//! | `handler` | `dispatch` stands in handlers only, and the module names the pins it uses; handlers are not called directly |
//! | `return` | `ret` has a value exactly when the function has a result, of its type |
//! | `entry` | the entry's parameters are the signature's |
//! | `table` | functions of a table have one signature; handlers in it have no parameters |
//! | `export` | an exported function is of kind export, and the other way round |

mod operands;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::base::EntityRef;

use super::cfg::Cfg;
use super::dominators::Dominators;
use super::entities::{Block, InstId, Value};
use super::function::{Function, FunctionKind, ValueDef};
use super::instruction::{Inst, Target};
use super::module::Module;
use super::types::Type;

/// A broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierError {
    /// The function at fault; empty for the module.
    pub function: String,
    /// The entity at fault as the printer names it, or the text of the instruction.
    pub location: String,
    /// The rule of the table above.
    pub rule: &'static str,
    /// One sentence.
    pub message: String,
}

impl fmt::Display for VerifierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {}: {} [{}]",
            self.function, self.location, self.message, self.rule
        )
    }
}

/// Checks a module with all its functions.
///
/// # Errors
/// Every broken rule, in the order of the text.
pub fn verify(module: &Module) -> Result<(), Vec<VerifierError>> {
    let mut errors = Vec::new();
    verify_tables(module, &mut errors);
    for func in module.functions.values() {
        errors.extend(verify_function(module, func).err().unwrap_or_default());
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors)
    }
}

/// Checks one function.
///
/// # Errors
/// Every broken rule, in the order of the text. Rules about types are checked only where the structure is right.
pub fn verify_function(module: &Module, func: &Function) -> Result<(), Vec<VerifierError>> {
    let mut v = Verifier {
        module,
        func,
        errors: Vec::new(),
        at: String::new(),
    };
    v.structure();
    if v.errors.is_empty() && func.has_body() {
        v.each_instruction();
    }
    if v.errors.is_empty() && func.has_body() {
        v.dominance();
    }
    if v.errors.is_empty() {
        Ok(())
    } else {
        Err(v.errors)
    }
}

fn verify_tables(module: &Module, errors: &mut Vec<VerifierError>) {
    let mut report = |location: &str, rule: &'static str, message: String| {
        errors.push(VerifierError {
            function: String::new(),
            location: location.to_owned(),
            rule,
            message,
        });
    };
    for table in module.tables.values() {
        let mut first = None;
        for &id in table.entries.iter().flatten() {
            let Some(func) = module.functions.get(id) else {
                report(&table.name, "name", format!("{id} does not exist"));
                continue;
            };
            if func.kind == FunctionKind::Handler && !func.signature.params.is_empty() {
                report(
                    &table.name,
                    "table",
                    format!("handler {} has parameters", func.name),
                );
            }
            let kind = (func.kind == FunctionKind::Handler, &func.signature);
            if *first.get_or_insert(kind) != kind {
                report(
                    &table.name,
                    "table",
                    format!(
                        "{} has another signature than the first function",
                        func.name
                    ),
                );
            }
        }
    }
    for export in &module.exports {
        let kind = module.functions.get(export.function).map(|func| func.kind);
        if kind != Some(FunctionKind::Export) {
            report(
                &export.symbol,
                "export",
                "the function behind it is not of kind export".into(),
            );
        }
    }
    for (id, func) in module.functions.iter() {
        let listed = module.exports.iter().any(|export| export.function == id);
        if func.kind == FunctionKind::Export && !listed {
            report(&func.name, "export", "no symbol is listed for it".into());
        }
    }
}

struct Verifier<'a> {
    module: &'a Module,
    func: &'a Function,
    errors: Vec<VerifierError>,
    /// The place of the errors to come.
    at: String,
}

impl Verifier<'_> {
    fn fail(&mut self, rule: &'static str, message: impl Into<String>) {
        let (function, location) = (self.func.name.clone(), self.at.clone());
        self.errors.push(VerifierError {
            function,
            location,
            rule,
            message: message.into(),
        });
    }

    fn require(&mut self, rule: &'static str, holds: bool, message: impl FnOnce() -> String) {
        if !holds {
            self.fail(rule, message());
        }
    }

    fn structure(&mut self) {
        let func = self.func;
        if func.kind == FunctionKind::Import || !func.has_body() {
            self.at = "body".into();
            let right = func.kind == FunctionKind::Import && !func.has_body();
            self.require("entry", right, || {
                "an import has no body, any other function has one".into()
            });
            return;
        }
        self.entry();
        let mut in_layout = vec![false; func.blocks.len()];
        let mut placed = vec![false; func.insts.len()];
        for &block in &func.layout {
            self.at = block.to_string();
            self.require("once", !in_layout[block.index()], || {
                "the block is in the layout twice".into()
            });
            in_layout[block.index()] = true;
            for (number, &param) in func.blocks[block].params.iter().enumerate() {
                let number = u32::try_from(number).unwrap_or(u32::MAX);
                let right =
                    func.knows(param) && func.values[param].def == ValueDef::Param(block, number);
                self.require("def", right, || {
                    format!("{param} is not defined as parameter {number} of {block}")
                });
            }
            self.instructions_of(block, &mut placed);
        }
        for &block in &func.layout {
            if func.blocks[block].insts.is_empty() {
                continue;
            }
            self.at = block.to_string();
            for next in func.successors(block) {
                let there = next.index() < in_layout.len() && in_layout[next.index()];
                self.require("target", there, || format!("{next} is not in the layout"));
                self.require("target", next != func.entry(), || {
                    "a branch goes to the entry".into()
                });
            }
        }
    }

    fn entry(&mut self) {
        let func = self.func;
        self.at = func.entry().to_string();
        let types: Vec<Type> = func.blocks[func.entry()]
            .params
            .iter()
            .map(|&param| func.ty(param))
            .collect();
        let right = types == func.signature.params;
        self.require("entry", right, || {
            "the entry's parameters are not the signature's".into()
        });
        let handler = func.kind == FunctionKind::Handler;
        let right = !handler || func.signature.result.is_none();
        self.require("handler", right, || "a handler has no result".into());
    }

    fn instructions_of(&mut self, block: Block, placed: &mut [bool]) {
        let func = self.func;
        let insts = &func.blocks[block].insts;
        let ends = insts
            .last()
            .is_some_and(|&id| func.insts[id].inst.is_terminator());
        self.require("end", ends, || {
            "the last instruction is no terminator".into()
        });
        for (number, &id) in insts.iter().enumerate() {
            let data = &func.insts[id];
            let early = data.inst.is_terminator() && number + 1 < insts.len();
            self.require("end", !early, || {
                format!("a terminator is at {number}, before the end")
            });
            self.require("once", !placed[id.index()], || {
                format!("{id} stands in two places")
            });
            placed[id.index()] = true;
            if let Some(result) = data.result {
                let right = func.knows(result) && func.values[result].def == ValueDef::Result(id);
                self.require("def", right, || {
                    format!("{result} is not defined as the result of {id}")
                });
            }
            let mut unknown = None;
            data.inst.each_operand(func, |value| {
                if !func.knows(value) {
                    unknown = Some(value);
                }
            });
            self.require("def", unknown.is_none(), || {
                format!(
                    "{} does not exist",
                    unknown.map_or(String::new(), |v| v.to_string())
                )
            });
        }
    }

    fn each_instruction(&mut self) {
        for (_, id) in self.func.each_inst() {
            let inst = self.func.insts[id].inst;
            let before = self.errors.len();
            self.names(&inst);
            self.position(id);
            if self.errors.len() == before {
                self.instruction(id);
                inst.each_target(self.func, |target| self.target(&inst, target));
            }
            if self.errors.len() > before {
                let text = if self.errors[before].rule == "name" {
                    format!("{inst:?}")
                } else {
                    self.module.inst_text(self.func, &inst)
                };
                for error in &mut self.errors[before..] {
                    error.location.clone_from(&text);
                }
            }
        }
    }

    fn target(&mut self, inst: &Inst, target: Target) {
        let func = self.func;
        let params = &func.blocks[target.block].params;
        let mut types: Vec<Type> = func
            .values_of(target.args)
            .iter()
            .map(|&value| func.ty(value))
            .collect();
        if let Inst::BrChecked(_, _, _, normal, overflow) = *inst {
            self.require("arguments", normal.block != overflow.block, || {
                "both targets are the same block".into()
            });
            if target == normal {
                types.push(Type::I64);
            }
        }
        if matches!(inst, Inst::Switch(..)) {
            self.require("switch", params.is_empty(), || {
                format!("{} has parameters", target.block)
            });
            return;
        }
        let wanted: Vec<Type> = params.iter().map(|&param| func.ty(param)).collect();
        self.require("arguments", types == wanted, || {
            format!("{} takes {wanted:?}, but gets {types:?}", target.block)
        });
    }

    fn dominance(&mut self) {
        let func = self.func;
        let cfg = Cfg::new(func);
        let dominators = Dominators::new(&cfg);
        let mut home: Vec<Option<(Block, usize)>> = vec![None; func.values.len()];
        for &block in &func.layout {
            func.blocks[block]
                .params
                .iter()
                .for_each(|param| home[param.index()] = Some((block, 0)));
            for (number, &id) in func.blocks[block].insts.iter().enumerate() {
                if let Some(result) = func.insts[id].result {
                    home[result.index()] = Some((block, number + 1));
                }
            }
        }
        for &block in &cfg.order {
            for (number, &id) in func.blocks[block].insts.iter().enumerate() {
                let dominated = |value: Value| match home[value.index()] {
                    Some((from, at)) if from == block => at <= number,
                    Some((from, _)) => cfg.is_reachable(from) && dominators.dominates(from, block),
                    None => false,
                };
                self.uses_are_dominated(id, dominated);
            }
        }
    }

    fn uses_are_dominated(&mut self, id: InstId, dominated: impl Fn(Value) -> bool) {
        let inst = self.func.insts[id].inst;
        inst.each_operand(self.func, |value| {
            if !dominated(value) {
                self.at = self.module.inst_text(self.func, &inst);
                self.fail(
                    "dominance",
                    format!("{value} is used where its definition does not reach"),
                );
            }
        });
    }
}
