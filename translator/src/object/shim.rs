//! Reads the shim's relocatable object into pieces.
//!
//! Every relocation must be PC-relative: the entry code runs before anything is relocated, so a table of addresses would not do.

use super::pieces::{
    Exit, LinkError, Piece, PieceId, Pieces, Relocation, RelocationKind, SectionKind,
    SymbolDefinition, Target,
};
use object::read::elf::ElfFile64;
use object::{
    Object, ObjectSection, ObjectSymbol, RelocationFlags, RelocationTarget, SectionIndex,
    SymbolKind, elf,
};
use std::collections::BTreeMap;

/// The object that the build script made of `runtime-shim`.
pub(super) static SHIM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/shim.o"));

/// Adds the sections of `bytes`, a relocatable object, to `pieces`.
///
/// # Errors
/// The object is not readable, or has a relocation or section of a kind that the shim must not have.
pub(super) fn read(bytes: &[u8], pieces: &mut Pieces) -> Result<(), LinkError> {
    let file: ElfFile64 = ElfFile64::parse(bytes)
        .map_err(|error| LinkError::new(format!("the shim's object is not readable: {error}")))?;
    let mut placed = BTreeMap::new();
    for section in file.sections() {
        if let Some(piece) = read_section(&section)? {
            placed.insert(section.index().0, pieces.push(piece));
        }
    }
    for symbol in file.symbols() {
        let Some(SectionIndex(section)) = symbol.section_index() else {
            continue;
        };
        let named = symbol.name().ok().filter(|name| !name.is_empty());
        if let (Some(id), Some(name), true) = (
            placed.get(&section),
            named,
            symbol.kind() != SymbolKind::Section,
        ) {
            let piece = &mut pieces.items[id.0 as usize];
            piece.exit = exit_of(name);
            piece.symbols.push(SymbolDefinition {
                name: name.to_owned(),
                offset: symbol.address(),
                size: symbol.size(),
                global: symbol.is_global(),
            });
        }
    }
    for section in file.sections() {
        if let Some(id) = placed.get(&section.index().0) {
            read_relocations(&file, &section, &placed, &mut pieces.items[id.0 as usize])?;
        }
    }
    Ok(())
}

/// Each function of the shim has a section of its own; those that work on memory or start a thread leave the stack alone.
fn exit_of(function: &str) -> Exit {
    match function {
        super::ENTRY | super::THREAD => Exit::Nowhere,
        "ouro_start_thread" => Exit::Top,
        _ if function.starts_with("ouro_mem") => Exit::Top,
        _ => Exit::Elsewhere,
    }
}

/// The section as a piece, if it is loaded into memory.
fn read_section<'d>(section: &impl ObjectSection<'d>) -> Result<Option<Piece>, LinkError> {
    let name = section.name().unwrap_or("?");
    let kind = match name.split('.').nth(1) {
        Some("text") => SectionKind::Text,
        Some("rodata") => SectionKind::ReadOnly,
        Some("data" | "bss" | "tdata" | "tbss" | "init_array" | "got") if section.size() > 0 => {
            return Err(LinkError::new(format!(
                "the shim's object has a section `{name}`: it must hold code and constants only"
            )));
        }
        _ => return Ok(None),
    };
    let data = section
        .data()
        .map_err(|error| LinkError::new(format!("section `{name}` of the shim: {error}")))?;
    if data.is_empty() {
        return Ok(None);
    }
    Ok(Some(Piece::new(
        kind,
        data.to_vec(),
        section.align().max(1),
    )))
}

fn read_relocations<'d>(
    file: &ElfFile64<'d>,
    section: &impl ObjectSection<'d>,
    placed: &BTreeMap<usize, PieceId>,
    piece: &mut Piece,
) -> Result<(), LinkError> {
    for (offset, relocation) in section.relocations() {
        let kind = match relocation.flags() {
            RelocationFlags::Elf {
                r_type: elf::R_X86_64_PC32 | elf::R_X86_64_PLT32,
            } => RelocationKind::Relative32,
            other => {
                return Err(LinkError::new(format!(
                    "the shim's object has a relocation {other:?} at offset {offset:#x} of `{}`: only PC32 and PLT32 work before relocation",
                    section.name().unwrap_or("?")
                )));
            }
        };
        let RelocationTarget::Symbol(index) = relocation.target() else {
            return Err(LinkError::new("a relocation of the shim has no symbol"));
        };
        let symbol = file
            .symbol_by_index(index)
            .map_err(|error| LinkError::new(format!("a relocation of the shim: {error}")))?;
        let local = symbol
            .section_index()
            .filter(|_| !symbol.is_global())
            .and_then(|index| placed.get(&index.0));
        let (target, from_symbol) = match local {
            Some(id) => (Target::Piece(*id), symbol.address()),
            None => (Target::Symbol(symbol.name().unwrap_or("?").to_owned()), 0),
        };
        piece.relocations.push(Relocation {
            offset: u32::try_from(offset)
                .map_err(|_| LinkError::new("a relocation of the shim lies beyond 4 GiB"))?,
            kind,
            target,
            addend: relocation.addend() + from_symbol.cast_signed(),
        });
    }
    Ok(())
}
