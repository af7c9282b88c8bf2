//! Turns a compiled module into pieces: functions, thunks, data, tables, constants, the state record.

use super::pieces::{
    Exit, LinkError, Piece, PieceId, Pieces, Relocation, RelocationKind, SectionKind,
    SymbolDefinition, Target,
};
use crate::base::EntityRef;
use crate::ir::{Export, FuncId, FunctionKind, Module, Symbol};
use crate::x64::inst::SymbolRef;
use crate::x64::registers::STATE_BIAS;
use crate::x64::{CodeFunction, CodeModule};
use std::collections::BTreeMap;

/// The symbol of the state record.
pub const STATE: &str = "ouro_state";

/// To what multiple the start of a usual function is aligned: a cache line, or what a handler costs depends on what lies before it.
const FUNCTION_ALIGNMENT: u64 = 64;

/// Where the parts of a module went.
#[derive(Default, Debug)]
pub struct Collected {
    /// The piece of each function; of an import the thunk that calls it, if somebody does.
    pub functions: Vec<Option<PieceId>>,
    /// The functions in the order of their addresses.
    pub order: Vec<FuncId>,
    data: Vec<PieceId>,
    tables: Vec<PieceId>,
    state: Option<PieceId>,
    constants: BTreeMap<SymbolRef, (PieceId, i64)>,
    jump_tables: BTreeMap<(FuncId, u32), PieceId>,
}

/// Adds everything of a module to `pieces`.
///
/// # Errors
/// An export or import has arguments on the stack.
pub fn collect(code: &CodeModule<'_>, pieces: &mut Pieces) -> Result<Collected, LinkError> {
    let module = code.module;
    let mut collected = Collected::default();
    let mut state = Piece::zeroed(u64::from(module.state_size).max(8), 64).named(STATE, true);
    state
        .symbols
        .extend(module.fields.values().map(|field| SymbolDefinition {
            name: field.name.clone(),
            offset: u64::from(field.offset),
            size: u64::from(field.size),
            global: false,
        }));
    collected.state = Some(pieces.push(state));
    add_constants(code, pieces, &mut collected);
    reserve_functions(code, pieces, &mut collected);
    add_data(module, pieces, &mut collected);
    for (id, function) in module.functions.iter() {
        if let (Some(piece), true) = (collected.functions[id.index()], function.has_body()) {
            let relocations = collected.relocations(module, id, &code.functions[id.index()]);
            pieces.items[piece.0 as usize].relocations = relocations;
        }
    }
    for export in &module.exports {
        pieces.items.push(export_thunk(
            module,
            export.function,
            &export.symbol,
            &collected,
        )?);
    }
    Ok(collected)
}

/// Rarely run functions come last; among equals the module's order holds.
fn reserve_functions(code: &CodeModule<'_>, pieces: &mut Pieces, collected: &mut Collected) {
    let module = code.module;
    let mut order: Vec<FuncId> = module.functions.keys().collect();
    let rank = |id: &FuncId| {
        let function = &module.functions[*id];
        match function.kind {
            _ if function.attributes.cold => 3,
            FunctionKind::Handler => 0,
            FunctionKind::Import => 2,
            _ => 1,
        }
    };
    order.sort_by_key(rank);
    collected.functions = vec![None; module.functions.len()];
    for &id in &order {
        let function = &module.functions[id];
        let piece = if function.has_body() {
            let compiled = &code.functions[id.index()];
            add_jump_tables(id, compiled, pieces, collected);
            let align = if function.attributes.cold {
                1
            } else {
                FUNCTION_ALIGNMENT
            };
            let piece = Piece::new(SectionKind::Text, compiled.code.clone(), align);
            piece.named(function.name.clone(), false)
        } else {
            import_thunk(&function.name)
        };
        collected.functions[id.index()] = Some(pieces.push(piece));
    }
    // The tables' targets are known only now.
    for (&(id, table), &piece) in &collected.jump_tables {
        let targets = &code.functions[id.index()].jump_tables[table as usize];
        let function = collected.functions[id.index()].expect("just placed");
        let entries = (0..).zip(targets).map(|(n, &target)| Relocation {
            offset: 4 * n,
            kind: RelocationKind::Relative32,
            target: Target::Piece(function),
            addend: i64::from(target) + i64::from(4 * n),
        });
        pieces.items[piece.0 as usize].relocations = entries.collect();
    }
    collected.order = order;
}

fn add_jump_tables(
    id: FuncId,
    function: &CodeFunction,
    pieces: &mut Pieces,
    collected: &mut Collected,
) {
    for (number, targets) in (0..).zip(&function.jump_tables) {
        let piece = Piece::new(SectionKind::ReadOnly, vec![0; 4 * targets.len()], 4);
        collected
            .jump_tables
            .insert((id, number), pieces.push(piece));
    }
}

/// Calls a function of the shim with an aligned stack; `rbx` survives the call.
fn import_thunk(name: &str) -> Piece {
    let bytes = vec![
        0x53, // push rbx
        0x48, 0x89, 0xE3, // mov rbx, rsp
        0x48, 0x83, 0xE4, 0xF0, // and rsp, -16
        0xE8, 0, 0, 0, 0, // call
        0x48, 0x89, 0xDC, // mov rsp, rbx
        0x5B, // pop rbx
        0xC3, // ret
    ];
    let piece = Piece::new(SectionKind::Text, bytes, 1).left_by(Exit::ImportThunk);
    let mut piece = piece.named(format!("import {name}"), false);
    piece.relocations.push(Relocation {
        offset: 9,
        kind: RelocationKind::Relative32,
        target: Target::Symbol(name.to_owned()),
        addend: -4,
    });
    piece
}

/// Calls a function with the private convention from one with the System V convention.
fn export_thunk(
    module: &Module,
    id: FuncId,
    symbol: &str,
    collected: &Collected,
) -> Result<Piece, LinkError> {
    let function = &module.functions[id];
    let ints = function
        .signature
        .params
        .iter()
        .filter(|ty| !ty.is_float())
        .count();
    if ints > 6 || function.signature.params.len() - ints > 8 {
        return Err(LinkError::new(format!(
            "the export `{symbol}` ({}) has arguments on the stack",
            function.name
        )));
    }
    let bytes = vec![
        0x53, // push rbx
        0x55, // push rbp
        0x41, 0x54, // push r12
        0x41, 0x55, // push r13
        0x41, 0x56, // push r14
        0x41, 0x57, // push r15
        0x48, 0x8D, 0x1D, 0, 0, 0, 0, // lea rbx, [rip + state + bias]
        0xE8, 0, 0, 0, 0, // call
        0x41, 0x5F, // pop r15
        0x41, 0x5E, // pop r14
        0x41, 0x5D, // pop r13
        0x41, 0x5C, // pop r12
        0x5D, // pop rbp
        0x5B, // pop rbx
        0xC3, // ret
    ];
    let piece = Piece::new(SectionKind::Text, bytes, FUNCTION_ALIGNMENT).left_by(Exit::ExportThunk);
    let mut piece = piece.named(symbol, true);
    let relative = |offset, piece: Option<PieceId>, addend| Relocation {
        offset,
        kind: RelocationKind::Relative32,
        target: Target::Piece(piece.expect("functions and the state are placed")),
        addend,
    };
    piece.relocations = vec![
        relative(13, collected.state, i64::from(STATE_BIAS) - 4),
        relative(18, collected.functions[id.index()], -4),
    ];
    Ok(piece)
}

/// Every constant once, the widest first.
fn add_constants(code: &CodeModule<'_>, pieces: &mut Pieces, collected: &mut Collected) {
    let all = code
        .functions
        .iter()
        .flat_map(|function| &function.relocations);
    let mut wanted: Vec<SymbolRef> = all
        .map(|relocation| relocation.target)
        .filter(|target| constant_bytes(*target).is_some())
        .collect();
    wanted.sort_by_key(|target| {
        let bytes = constant_bytes(*target).unwrap_or_default();
        (std::cmp::Reverse(bytes.len()), bytes)
    });
    wanted.dedup();
    let mut bytes = Vec::new();
    let mut places = Vec::new();
    for target in wanted {
        places.push((target, i64::try_from(bytes.len()).expect("few constants")));
        bytes.extend(constant_bytes(target).unwrap_or_default());
    }
    if !bytes.is_empty() {
        let piece = pieces.push(Piece::new(SectionKind::ReadOnly, bytes, 16));
        let placed = places
            .into_iter()
            .map(|(target, offset)| (target, (piece, offset)));
        collected.constants = placed.collect();
    }
}

fn constant_bytes(symbol: SymbolRef) -> Option<Vec<u8>> {
    match symbol {
        SymbolRef::Constant128(bits) => Some([bits.to_le_bytes(), bits.to_le_bytes()].concat()),
        SymbolRef::Constant64(bits) => Some(bits.to_le_bytes().to_vec()),
        SymbolRef::Constant32(bits) => Some(bits.to_le_bytes().to_vec()),
        _ => None,
    }
}

fn add_data(module: &Module, pieces: &mut Pieces, collected: &mut Collected) {
    // All pieces exist before their relocations are made, for they refer to each other.
    for data in module.data.values() {
        let section = match (data.writable, data.relocations.is_empty()) {
            (true, _) => SectionKind::Data,
            (false, true) => SectionKind::ReadOnly,
            (false, false) => SectionKind::Relocated,
        };
        let align = u64::from(data.align.max(1));
        let piece = Piece::new(section, data.bytes.clone(), align).named(data.name.clone(), false);
        collected.data.push(pieces.push(piece));
    }
    for table in module.tables.values() {
        let bytes = vec![0; 8 * table.entries.len()];
        let piece = Piece::new(SectionKind::Relocated, bytes, 64).named(table.name.clone(), false);
        collected.tables.push(pieces.push(piece));
    }
    for (id, data) in module.data.iter() {
        let absolute = |&(offset, symbol, addend): &(u32, Symbol, i64)| {
            collected.absolute(module, offset, symbol, addend)
        };
        let piece = collected.data[id.index()].0 as usize;
        pieces.items[piece].relocations = data.relocations.iter().map(absolute).collect();
    }
    for (id, table) in module.tables.iter() {
        let entries = (0..).zip(&table.entries).filter_map(|(n, entry)| {
            let symbol = Symbol::Function((*entry)?);
            Some(collected.absolute(module, 8 * n, symbol, 0))
        });
        let piece = collected.tables[id.index()].0 as usize;
        pieces.items[piece].relocations = entries.collect();
    }
}

impl Collected {
    /// The piece of the state record.
    pub(super) fn state(&self) -> PieceId {
        self.state.expect("the state is placed first")
    }

    fn absolute(&self, module: &Module, offset: u32, symbol: Symbol, addend: i64) -> Relocation {
        let (target, distance) = self.place(module, symbol);
        Relocation {
            offset,
            kind: RelocationKind::Absolute64,
            target,
            addend: addend + distance,
        }
    }

    /// What a symbol of the module is in the executable. The address of an import is that of the shim's function itself, the address of an export is for
    /// callers from outside.
    fn place(&self, module: &Module, symbol: Symbol) -> (Target, i64) {
        let piece = match symbol {
            Symbol::Function(id) => {
                let function = &module.functions[id];
                if !function.has_body() {
                    return (Target::Symbol(function.name.clone()), 0);
                }
                let of_function = |export: &&Export| export.function == id;
                if let Some(export) = module.exports.iter().find(of_function) {
                    return (Target::Symbol(export.symbol.clone()), 0);
                }
                self.functions[id.index()].expect("functions are placed")
            }
            Symbol::Data(id) => self.data[id.index()],
            Symbol::Table(id) => self.tables[id.index()],
            Symbol::Field(id) => {
                let state = self.state.expect("the state is placed first");
                return (Target::Piece(state), i64::from(module.fields[id].offset));
            }
        };
        (Target::Piece(piece), 0)
    }

    fn relocations(&self, module: &Module, id: FuncId, function: &CodeFunction) -> Vec<Relocation> {
        let one = |relocation: &crate::x64::CodeRelocation| {
            let (target, distance) = match relocation.target {
                SymbolRef::Module(symbol) if is_branch(function, relocation.offset) => {
                    self.callee(module, symbol)
                }
                SymbolRef::Module(symbol) => self.place(module, symbol),
                SymbolRef::State => (
                    Target::Piece(self.state.expect("the state is placed first")),
                    0,
                ),
                SymbolRef::Helper(helper) => (Target::Symbol(helper.name().to_owned()), 0),
                SymbolRef::JumpTable(table) => (Target::Piece(self.jump_tables[&(id, table)]), 0),
                constant => {
                    let (piece, offset) = self.constants[&constant];
                    (Target::Piece(piece), offset)
                }
            };
            Relocation {
                offset: relocation.offset,
                kind: RelocationKind::Relative32,
                target,
                addend: relocation.addend + distance,
            }
        };
        function.relocations.iter().map(one).collect()
    }

    /// What a call of a symbol goes to: of an import its thunk.
    fn callee(&self, module: &Module, symbol: Symbol) -> (Target, i64) {
        match symbol {
            Symbol::Function(id) => {
                let piece = self.functions[id.index()].expect("functions are placed");
                (Target::Piece(piece), 0)
            }
            _ => self.place(module, symbol),
        }
    }
}

/// Whether the four bytes are the distance of a call or jump.
fn is_branch(function: &CodeFunction, offset: u32) -> bool {
    let opcode = (offset as usize).checked_sub(1).map(|at| function.code[at]);
    // A `lea` ends in a ModRM byte with the mode of a relative address, whose low bits are 101.
    matches!(opcode, Some(0xE8 | 0xE9)) && !is_lea(function, offset as usize)
}

fn is_lea(function: &CodeFunction, offset: usize) -> bool {
    offset >= 2 && function.code[offset - 2] == 0x8D
}
