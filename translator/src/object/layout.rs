//! Gives every piece its address, resolves symbols, and fills in relocations.
//!
//! Segments, each on pages of its own: constants; code; what is relocated and then protected, followed by writable data;
//! the embedded image. A section's address is its place in the file, but for the image's, which comes after the zeroed data.

use super::pieces::{LinkError, PieceId, Pieces, RelocationKind, SectionKind, Target};
use std::collections::BTreeMap;

/// The size of a page.
pub const PAGE: u64 = 4096;

/// Bytes of the file header and the program headers.
pub const HEADERS: u64 = 64 + 56 * SEGMENTS;

/// The dynamic string table: the empty string, in what is left before the first section.
pub const DYNAMIC_STRINGS: Range = Range {
    start: HEADERS,
    end: HEADERS + 1,
};

/// How many program headers there are at most: constants, code, data, image, headers, dynamic, relro, stack, unwind index.
pub const SEGMENTS: u64 = 9;

/// The size of an entry of `.rela.dyn`.
pub const RELOCATION_SIZE: u64 = 24;

/// The size of `.dynamic`: nine entries.
pub const DYNAMIC_SIZE: u64 = 16 * 9;

/// A range of addresses.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Range {
    /// The first byte.
    pub start: u64,
    /// Past the last byte.
    pub end: u64,
}

impl Range {
    /// How many bytes it has.
    #[must_use]
    pub fn size(self) -> u64 {
        self.end - self.start
    }

    /// Whether an address lies in it.
    #[must_use]
    pub fn contains(self, address: u64) -> bool {
        (self.start..self.end).contains(&address)
    }
}

/// Where everything is.
#[derive(Default, Debug)]
pub struct Layout {
    /// The address of each piece.
    pub pieces: Vec<u64>,
    /// `.rela.dyn`.
    pub relocations: Range,
    /// The section of each kind.
    pub sections: BTreeMap<SectionKind, Range>,
    /// `.dynamic`.
    pub dynamic: Range,
    /// What is read-only after relocation: whole pages.
    pub relro: Range,
    /// The embedded image.
    pub image: Range,
    /// The place of the embedded image in the file.
    pub image_offset: u64,
}

impl Layout {
    /// Places the pieces.
    #[must_use]
    pub fn new(pieces: &Pieces, image_size: u64) -> Self {
        let mut layout = Self {
            pieces: vec![0; pieces.items.len()],
            ..Self::default()
        };
        let start = DYNAMIC_STRINGS.end.next_multiple_of(16);
        layout.relocations = Range {
            start,
            end: start + RELOCATION_SIZE * pieces.absolute_count(),
        };
        let mut at = layout.relocations.end;
        for kind in [
            SectionKind::ReadOnly,
            SectionKind::Unwind,
            SectionKind::UnwindIndex,
        ] {
            at = layout.section(kind, pieces, at);
        }
        at = layout.section(SectionKind::Text, pieces, at.next_multiple_of(PAGE));
        at = at.next_multiple_of(PAGE);
        layout.relro.start = at;
        at = layout
            .section(SectionKind::Relocated, pieces, at)
            .next_multiple_of(8);
        layout.dynamic = Range {
            start: at,
            end: at + DYNAMIC_SIZE,
        };
        at = layout.dynamic.end.next_multiple_of(PAGE);
        layout.relro.end = at;
        at = layout.section(SectionKind::Data, pieces, at);
        let file_end = at;
        at = layout.section(SectionKind::Zeroed, pieces, at);
        let start = at.next_multiple_of(PAGE);
        layout.image = Range {
            start,
            end: start + image_size,
        };
        layout.image_offset = file_end.next_multiple_of(PAGE);
        layout
    }

    fn section(&mut self, kind: SectionKind, pieces: &Pieces, at: u64) -> u64 {
        let mine = || {
            pieces
                .items
                .iter()
                .enumerate()
                .filter(|(_, piece)| piece.section == kind)
        };
        let align = mine().map(|(_, piece)| piece.align).max().unwrap_or(1);
        let start = at.next_multiple_of(align);
        let mut end = start;
        for (index, piece) in mine() {
            let address = end.next_multiple_of(piece.align);
            self.pieces[index] = address;
            end = address + piece.size;
        }
        self.sections.insert(kind, Range { start, end });
        end
    }

    /// The range of a section.
    #[must_use]
    pub fn range(&self, kind: SectionKind) -> Range {
        self.sections.get(&kind).copied().unwrap_or_default()
    }

    /// The address of a piece.
    #[must_use]
    pub fn address(&self, piece: PieceId) -> u64 {
        self.pieces[piece.0 as usize]
    }

    /// The symbols that the linker defines.
    pub(super) fn defined(&self) -> [(&'static str, u64); 7] {
        [
            ("__image_base", 0),
            ("__rela_start", self.relocations.start),
            ("__rela_end", self.relocations.end),
            ("__relro_start", self.relro.start),
            ("__relro_end", self.relro.end),
            ("ouro_image_start", self.image.start),
            ("ouro_image_end", self.image.end),
        ]
    }

    /// The addresses of all global symbols.
    ///
    /// # Errors
    /// Two pieces define the same one.
    pub fn globals(&self, pieces: &Pieces) -> Result<BTreeMap<String, u64>, LinkError> {
        let defined = self.defined();
        let mut globals: BTreeMap<String, u64> = defined
            .into_iter()
            .map(|(name, address)| (name.to_owned(), address))
            .collect();
        let mut reasons = Vec::new();
        for (piece, &address) in pieces.items.iter().zip(&self.pieces) {
            for symbol in piece.symbols.iter().filter(|symbol| symbol.global) {
                let place = address + symbol.offset;
                if globals.insert(symbol.name.clone(), place).is_some() {
                    reasons.push(format!("the symbol `{}` is defined twice", symbol.name));
                }
            }
        }
        if reasons.is_empty() {
            Ok(globals)
        } else {
            Err(LinkError { reasons })
        }
    }
}

/// An address that the entry code adjusts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct RelativeRelocation {
    /// Where it stands.
    pub place: u64,
    /// What stands there, from the base of the image.
    pub addend: u64,
}

/// Fills in all relocations; answers those that the entry code has to finish, by ascending place.
///
/// # Errors
/// A symbol is not defined, a distance does not fit, or an absolute address stands in code or constants.
pub fn relocate(
    pieces: &mut Pieces,
    layout: &Layout,
    globals: &BTreeMap<String, u64>,
) -> Result<Vec<RelativeRelocation>, LinkError> {
    let mut dynamic = Vec::new();
    let mut reasons = Vec::new();
    for (piece, &start) in pieces.items.iter_mut().zip(&layout.pieces) {
        for relocation in &piece.relocations {
            let base = match &relocation.target {
                Target::Piece(id) => layout.pieces[id.0 as usize],
                Target::Symbol(name) => match globals.get(name) {
                    Some(&address) => address,
                    None => {
                        reasons.push(format!("the symbol `{name}` is not defined"));
                        continue;
                    }
                },
            };
            let place = start + u64::from(relocation.offset);
            let target = base.wrapping_add_signed(relocation.addend);
            let at = relocation.offset as usize;
            match relocation.kind {
                RelocationKind::Relative32 => {
                    let distance = target.cast_signed() - place.cast_signed();
                    match i32::try_from(distance) {
                        Ok(near) => piece.bytes[at..at + 4].copy_from_slice(&near.to_le_bytes()),
                        Err(_) => {
                            reasons.push(format!("a distance of {distance} bytes is too far"))
                        }
                    }
                }
                RelocationKind::Absolute64 => {
                    if matches!(piece.section, SectionKind::Text | SectionKind::ReadOnly) {
                        reasons.push("an absolute address stands in code or constants".to_owned());
                    }
                    dynamic.push(RelativeRelocation {
                        place,
                        addend: target,
                    });
                }
            }
        }
    }
    reasons.sort();
    reasons.dedup();
    dynamic.sort_unstable();
    if reasons.is_empty() {
        Ok(dynamic)
    } else {
        Err(LinkError { reasons })
    }
}
