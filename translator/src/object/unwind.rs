//! Unwind tables: `.eh_frame` for every function, and its sorted index.

use super::collect::Collected;
use super::layout::Layout;
use super::pieces::{
    Exit, LinkError, Piece, PieceId, Pieces, Relocation, RelocationKind, SectionKind, Target,
};
use crate::base::EntityRef;
use crate::x64::{CodeModule, UnwindStep};
use gimli::write::{
    Address, CallFrameInstruction, CommonInformationEntry, EhFrame, EndianVec,
    FrameDescriptionEntry, FrameTable,
};
use gimli::{Encoding, Format, LittleEndian, Register, X86_64, constants};

/// The unwind tables before anything has an address.
pub(super) struct Unwind {
    table: PieceId,
    index: PieceId,
    /// Where the entry of each function starts, and the function.
    entries: Vec<(u32, PieceId)>,
}

/// The start of the address in an entry: after its length and the distance to its common part.
const ADDRESS: usize = 8;

/// Adds the tables to `pieces`; their index is empty.
///
/// # Errors
/// The table cannot be written.
pub(super) fn add(
    code: &CodeModule<'_>,
    collected: &Collected,
    pieces: &mut Pieces,
) -> Result<Unwind, LinkError> {
    let mut table = FrameTable::default();
    let mut common = CommonInformationEntry::new(encoding(), 1, -8, X86_64::RA);
    common.fde_address_encoding = constants::DW_EH_PE_pcrel | constants::DW_EH_PE_sdata4;
    common.add_instruction(CallFrameInstruction::Cfa(X86_64::RSP, 8));
    common.add_instruction(CallFrameInstruction::Offset(X86_64::RA, -8));
    let common = table.add_cie(common);
    let mut functions = Vec::new();
    for &id in &collected.order {
        let function = &code.functions[id.index()];
        let Some(piece) = collected.functions[id.index()].filter(|_| !function.code.is_empty())
        else {
            continue;
        };
        let size = u32::try_from(function.code.len()).expect("a function below 4 GiB");
        let mut entry = FrameDescriptionEntry::new(Address::Constant(0), size);
        for &(offset, step) in &function.unwind {
            entry.add_instruction(offset, instruction(step));
        }
        table.add_fde(common, entry);
        functions.push(piece);
    }
    for (number, piece) in (0..).zip(&pieces.items) {
        if let Some(steps) = steps_of(piece.exit) {
            let size = u32::try_from(piece.size).expect("a small piece");
            let mut entry = FrameDescriptionEntry::new(Address::Constant(0), size);
            for (offset, instruction) in steps {
                entry.add_instruction(offset, instruction);
            }
            table.add_fde(common, entry);
            functions.push(PieceId(number));
        }
    }
    let mut section = EhFrame::from(EndianVec::new(LittleEndian));
    table
        .write_eh_frame(&mut section)
        .map_err(|error| LinkError::new(format!("the unwind table cannot be written: {error}")))?;
    let mut bytes = section.0.into_vec();
    let entries: Vec<(u32, PieceId)> = starts(&bytes).into_iter().zip(functions).collect();
    bytes.extend([0; 4]);
    let mut piece = Piece::new(SectionKind::Unwind, bytes, 8);
    piece.relocations = entries
        .iter()
        .map(|&(start, function)| Relocation {
            offset: start + u32::try_from(ADDRESS).expect("8"),
            kind: RelocationKind::Relative32,
            target: Target::Piece(function),
            addend: 0,
        })
        .collect();
    let table = pieces.push(piece);
    let size = 12 + 8 * entries.len();
    let index = pieces.push(Piece::new(SectionKind::UnwindIndex, vec![0; size], 4));
    Ok(Unwind {
        table,
        index,
        entries,
    })
}

/// What an unwinder must know of code that is not translated, by its offsets.
fn steps_of(exit: Exit) -> Option<Vec<(u32, CallFrameInstruction)>> {
    use CallFrameInstruction::{Cfa, CfaOffset, Offset, Undefined};
    // The registers that the thunk for exports saves, with the ends of the instructions that push and pop them.
    const SAVED: [(Register, u32, u32); 6] = [
        (X86_64::RBX, 1, 32),
        (X86_64::RBP, 2, 31),
        (X86_64::R12, 4, 30),
        (X86_64::R13, 6, 28),
        (X86_64::R14, 8, 26),
        (X86_64::R15, 10, 24),
    ];
    Some(match exit {
        Exit::Elsewhere => return None,
        Exit::Nowhere => vec![(0, Undefined(X86_64::RA))],
        Exit::Top => Vec::new(),
        Exit::ExportThunk => {
            let depths = (16..).step_by(8);
            let pushed = SAVED.iter().zip(depths.clone());
            let pushes = pushed.flat_map(|(&(register, pushed, _), depth)| {
                [
                    (pushed, CfaOffset(depth)),
                    (pushed, Offset(register, -depth)),
                ]
            });
            let mut pops: Vec<_> = SAVED.iter().zip(depths).collect();
            pops.reverse();
            let pops = pops.into_iter();
            pushes
                .chain(pops.map(|(&(_, _, popped), depth)| (popped, CfaOffset(depth - 8))))
                .collect()
        }
        Exit::ImportThunk => vec![
            (1, CfaOffset(16)),
            (1, Offset(X86_64::RBX, -16)),
            (4, Cfa(X86_64::RBX, 16)),
            (16, Cfa(X86_64::RSP, 16)),
            (17, CfaOffset(8)),
        ],
    })
}

fn encoding() -> Encoding {
    Encoding {
        format: Format::Dwarf32,
        version: 1,
        address_size: 8,
    }
}

fn instruction(step: UnwindStep) -> CallFrameInstruction {
    match step {
        UnwindStep::Distance(bytes) => CallFrameInstruction::CfaOffset(bytes.cast_signed()),
        UnwindStep::Saved(register, distance) => {
            let number = dwarf_number(register.hw_enc());
            CallFrameInstruction::Offset(number, -distance.cast_signed())
        }
    }
}

/// The number that DWARF gives an integer register.
pub(super) fn dwarf_number(machine: usize) -> Register {
    const ORDER: [u16; 8] = [0, 2, 1, 3, 7, 6, 4, 5];
    let known = ORDER.get(machine).copied();
    Register(known.unwrap_or_else(|| u16::try_from(machine).expect("16 registers")))
}

/// The starts of the entries of functions, the common one left out.
fn starts(table: &[u8]) -> Vec<u32> {
    let word = |at: usize| {
        let bytes = table[at..at + 4].try_into().expect("four bytes");
        u32::from_le_bytes(bytes)
    };
    let mut result = Vec::new();
    let mut at = 0;
    while at < table.len() {
        if word(at + 4) != 0 {
            result.push(u32::try_from(at).expect("a small table"));
        }
        at += 4 + word(at) as usize;
    }
    result
}

/// Fills the index in, now that addresses are known.
pub(super) fn fill_index(unwind: &Unwind, layout: &Layout, pieces: &mut Pieces) {
    let (table, index) = (layout.address(unwind.table), layout.address(unwind.index));
    let mut rows: Vec<(u64, u64)> = unwind
        .entries
        .iter()
        .map(|&(start, function)| (layout.address(function), table + u64::from(start)))
        .collect();
    rows.sort_unstable();
    let count = u32::try_from(rows.len()).expect("a small table");
    // Version 1; the table's address relative to its place, the count absolute, the rows relative to the index.
    let mut bytes = vec![1, 0x1B, 0x03, 0x3B];
    bytes.extend(distance(table, index + 4));
    bytes.extend(count.to_le_bytes());
    for (function, entry) in rows {
        bytes.extend(distance(function, index));
        bytes.extend(distance(entry, index));
    }
    pieces.items[unwind.index.0 as usize].bytes = bytes;
}

fn distance(to: u64, from: u64) -> [u8; 4] {
    let distance = to.cast_signed() - from.cast_signed();
    i32::try_from(distance)
        .expect("sections lie within 2 GiB")
        .to_le_bytes()
}
