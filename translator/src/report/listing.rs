//! The machine code of a function as text, with names for everything.
//!
//! Operands are symbolic: fields of the state record, callees, tables and constants by name, jumps by label. There is no address, so
//! the text of a function changes only when its code does.

use crate::base::EntityRef;
use crate::ir::{Alias, FuncId, Module, Symbol};
use crate::x64::inst::{Note, SymbolRef};
use crate::x64::registers::STATE_BIAS;
use crate::x64::{CodeFunction, CodeModule, CodeRelocation};
use iced_x86::{
    Decoder, DecoderOptions, Formatter, Instruction, IntelFormatter, OpKind, SymbolResolver,
    SymbolResult,
};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

/// A line of a listing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Line {
    /// From here on the code belongs to this method and line.
    Source {
        /// The method: `Class>>selector`.
        method: String,
        /// The line in the method's file; 0 is unknown.
        line: u32,
    },
    /// A place that jumps of the function lead to.
    Label(u32),
    /// An instruction.
    Code {
        /// From the start of the function.
        offset: u32,
        /// How many bytes it has.
        size: u32,
        /// The instruction with symbolic operands.
        text: String,
    },
}

/// The listing of a function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listing {
    /// The function: `Class>>selector`.
    pub name: String,
    /// Bytes of code.
    pub size: usize,
    /// Its lines.
    pub lines: Vec<Line>,
}

impl Listing {
    /// The listing of a compiled function.
    #[must_use]
    pub fn new(code: &CodeModule<'_>, id: FuncId) -> Self {
        let function = code.function(id);
        let names = FunctionNames {
            module: code.module,
            function,
        };
        let instructions = decode(&function.code);
        let labels = labels(function, &instructions);
        let mut printer = Printer::new();
        let mut lines = Vec::new();
        let mut positions = function.lines.iter().peekable();
        for instruction in &instructions {
            let offset = offset_of(instruction);
            let mut position = None;
            while let Some(next) = positions.next_if(|next| next.0 <= offset) {
                position = Some(next.1);
            }
            if let Some(position) = position {
                lines.push(Line::Source {
                    method: code.module.names[position.method].clone(),
                    line: position.line,
                });
            }
            if let Some(&label) = labels.get(&offset) {
                lines.push(Line::Label(label));
            }
            lines.push(Line::Code {
                offset,
                size: u32::try_from(instruction.len()).expect("at most 15"),
                text: printer.text(instruction, &names, &labels),
            });
        }
        Self {
            name: code.module.functions[id].name.clone(),
            size: function.code.len(),
            lines,
        }
    }

    /// The instructions and labels, one a line: what hashes and comparisons look at.
    #[must_use]
    pub fn code_lines(&self) -> Vec<String> {
        let shown = self.lines.iter().filter_map(|line| match line {
            Line::Source { .. } => None,
            Line::Label(label) => Some(format!("L{label}:")),
            Line::Code { text, .. } => Some(format!("    {text}")),
        });
        shown.collect()
    }
}

impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}  ({} bytes)", self.name, self.size)?;
        for line in self.code_lines() {
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}

/// The instructions of a function that starts at 0.
pub(super) fn decode(code: &[u8]) -> Vec<Instruction> {
    Decoder::with_ip(64, code, 0, DecoderOptions::NONE)
        .into_iter()
        .collect()
}

fn offset_of(instruction: &Instruction) -> u32 {
    u32::try_from(instruction.ip()).expect("a function below 4 GiB")
}

/// Where a jump inside the function leads to.
fn jump_target(instruction: &Instruction) -> Option<u32> {
    let near = matches!(instruction.op0_kind(), OpKind::NearBranch64);
    near.then(|| u32::try_from(instruction.near_branch_target()).ok())
        .flatten()
}

/// Numbers for the targets of jumps and jump tables, in the order of their places.
fn labels(function: &CodeFunction, instructions: &[Instruction]) -> BTreeMap<u32, u32> {
    let mut labels: BTreeMap<u32, u32> = function
        .jump_tables
        .iter()
        .flatten()
        .map(|&target| (target, 0))
        .collect();
    for instruction in instructions {
        if relocation_in(function, instruction).is_none()
            && let Some(target) = jump_target(instruction)
        {
            labels.insert(target, 0);
        }
    }
    for (number, label) in (1..).zip(labels.values_mut()) {
        *label = number;
    }
    labels
}

fn relocation_in<'f>(
    function: &'f CodeFunction,
    instruction: &Instruction,
) -> Option<&'f CodeRelocation> {
    let start = offset_of(instruction);
    let end = start + u32::try_from(instruction.len()).expect("at most 15");
    let index = function
        .relocations
        .partition_point(|relocation| relocation.offset < start);
    let found = function.relocations.get(index)?;
    (found.offset < end).then_some(found)
}

/// What names the operands of an instruction.
pub(super) trait Names {
    /// What the memory operand or callee is called.
    fn operand(&self, instruction: &Instruction) -> Option<String>;
    /// What is remarked of the instruction.
    fn remark(&self, instruction: &Instruction) -> Option<String>;
}

struct FunctionNames<'a> {
    module: &'a Module,
    function: &'a CodeFunction,
}

impl Names for FunctionNames<'_> {
    fn operand(&self, instruction: &Instruction) -> Option<String> {
        if let Some(relocation) = relocation_in(self.function, instruction) {
            return Some(self.symbol(relocation, instruction));
        }
        let offset = offset_of(instruction);
        let notes = &self.function.notes;
        let note = notes.binary_search_by_key(&offset, |note| note.0).ok()?;
        match notes[note].1 {
            Note::None => None,
            Note::Alias(alias) => Some(self.class(alias, instruction)),
            Note::Symbol(symbol) => Some(self.field(symbol, instruction)),
        }
    }

    fn remark(&self, instruction: &Instruction) -> Option<String> {
        let offset = offset_of(instruction);
        let trap = self
            .function
            .traps
            .iter()
            .find(|trap| trap.offset == offset)?;
        let method = &self.module.names[trap.position.method];
        let reason = &self.module.trap_reasons[trap.reason];
        Some(format!("{reason} in {method}"))
    }
}

impl FunctionNames<'_> {
    fn symbol(&self, relocation: &CodeRelocation, instruction: &Instruction) -> String {
        let name = match relocation.target {
            SymbolRef::Module(symbol) => self.module.symbol_name(symbol).to_owned(),
            SymbolRef::State => "state".to_owned(),
            SymbolRef::Helper(helper) => helper.name().to_owned(),
            SymbolRef::Constant64(bits) => format!("{:?}", f64::from_bits(bits)),
            SymbolRef::Constant32(bits) => format!("{:?}", f32::from_bits(bits)),
            SymbolRef::Constant128(bits) => format!("twice {bits:#x}"),
            SymbolRef::JumpTable(table) => format!("jumpTable{table}"),
        };
        let end = instruction.next_ip().cast_signed();
        let offset = relocation.addend + end - i64::from(relocation.offset);
        with_offset(name, offset)
    }

    /// A field of a struct or a class of memory, and how far behind its start the operand lies.
    fn class(&self, alias: Alias, instruction: &Instruction) -> String {
        let start = alias
            .part()
            .map_or(0, |part| self.module.parts[part].offset);
        let displacement = instruction.memory_displacement64().cast_signed();
        let name = self.module.alias_name(alias).to_owned();
        with_offset(name, displacement - i64::from(start))
    }

    /// A field of the state record, and how far behind its start the operand lies.
    fn field(&self, symbol: Symbol, instruction: &Instruction) -> String {
        let name = self.module.symbol_name(symbol).to_owned();
        let Symbol::Field(field) = symbol else {
            return name;
        };
        let start = i64::from(self.module.fields[field].offset) - i64::from(STATE_BIAS);
        let displacement = instruction.memory_displacement64().cast_signed();
        with_offset(name, displacement - start)
    }
}

fn with_offset(name: String, offset: i64) -> String {
    match offset {
        0 => name,
        1.. => format!("{name}+{offset}"),
        _ => format!("{name}{offset}"),
    }
}

/// What the formatter asks for while it prints one instruction.
#[derive(Default)]
struct Current {
    operand: Option<String>,
    label: Option<String>,
}

struct Resolver(Rc<RefCell<Current>>);

impl SymbolResolver for Resolver {
    fn symbol(
        &mut self,
        instruction: &Instruction,
        _operand: u32,
        instruction_operand: Option<u32>,
        address: u64,
        _address_size: u32,
    ) -> Option<SymbolResult<'_>> {
        let kind = instruction.op_kind(instruction_operand?);
        let current = self.0.borrow();
        let name = match kind {
            OpKind::Memory => current.operand.clone(),
            OpKind::NearBranch64 => current.operand.clone().or_else(|| current.label.clone()),
            _ => None,
        };
        name.map(|name| SymbolResult::with_string(address, name))
    }
}

/// Prints instructions with symbolic operands.
pub(super) struct Printer {
    formatter: IntelFormatter,
    current: Rc<RefCell<Current>>,
}

impl Printer {
    pub(super) fn new() -> Self {
        let current = Rc::new(RefCell::new(Current::default()));
        let resolver = Box::new(Resolver(Rc::clone(&current)));
        let mut formatter = IntelFormatter::with_options(Some(resolver), None);
        let options = formatter.options_mut();
        options.set_space_after_operand_separator(true);
        options.set_signed_immediate_operands(true);
        options.set_small_hex_numbers_in_decimal(true);
        options.set_hex_prefix("0x");
        options.set_hex_suffix("");
        options.set_uppercase_hex(false);
        options.set_branch_leading_zeros(false);
        options.set_show_branch_size(false);
        options.set_memory_size_options(iced_x86::MemorySizeOptions::Minimal);
        Self { formatter, current }
    }

    pub(super) fn text(
        &mut self,
        instruction: &Instruction,
        names: &impl Names,
        labels: &BTreeMap<u32, u32>,
    ) -> String {
        let label = jump_target(instruction).and_then(|target| labels.get(&target));
        *self.current.borrow_mut() = Current {
            operand: names.operand(instruction),
            label: label.map(|label| format!("L{label}")),
        };
        let mut text = String::new();
        self.formatter.format(instruction, &mut text);
        if let Some(remark) = names.remark(instruction) {
            text.push_str("  ; ");
            text.push_str(&remark);
        }
        text
    }
}

/// The functions whose name is `pattern`, or that belong to the class `pattern`; exactly that selector after `>>`.
#[must_use]
pub fn matching(module: &Module, pattern: &str) -> Vec<FuncId> {
    let belongs = |name: &str| {
        name == pattern
            || (!pattern.contains(">>")
                && name
                    .split_once(">>")
                    .is_some_and(|(class, _)| class == pattern))
    };
    let named = module
        .functions
        .iter()
        .filter(|(_, function)| function.has_body());
    let mut found: Vec<FuncId> = named
        .filter(|(_, function)| belongs(&function.name))
        .map(|(id, _)| id)
        .collect();
    found.sort_by_key(|id| id.index());
    found
}
