//! Tables that the program itself reads: its trap sites and its methods.
//!
//! `ouro_traps`: a count (8 bytes), then an entry of 16 bytes for each trapping instruction, by ascending address:
//! the instruction, the method's name, the line, the reason. `ouro_methods`: a count (8 bytes), then an entry of 16 bytes for each
//! function, by ascending address: its start, its name, its size in bytes, its line. Addresses and texts are distances from the field that
//! holds them (4 bytes, signed), so that nothing has to be relocated. A text is its length (4 bytes) and its UTF-8 bytes.

use super::collect::Collected;
use super::pieces::{Piece, Pieces, Relocation, RelocationKind, SectionKind, Target};
use crate::base::EntityRef;
use crate::x64::CodeModule;
use std::collections::BTreeMap;

/// The symbol of the table of trapping instructions.
pub const TRAPS: &str = "ouro_traps";

/// The symbol of the table of methods.
pub const METHODS: &str = "ouro_methods";

/// Adds both tables to `pieces`.
pub fn add(code: &CodeModule<'_>, collected: &Collected, pieces: &mut Pieces) {
    let module = code.module;
    let mut traps = TableBuilder::default();
    let mut methods = TableBuilder::default();
    for &id in &collected.order {
        let compiled = &code.functions[id.index()];
        let Some(piece) = collected.functions[id.index()].filter(|_| !compiled.code.is_empty())
        else {
            continue;
        };
        let place = |offset: u32| (Target::Piece(piece), i64::from(offset));
        let function = &module.functions[id];
        let size = u32::try_from(compiled.code.len()).expect("a function below 4 GiB");
        methods.entry(
            place(0),
            &function.name,
            Field::Number(size),
            Field::Number(function.position.line),
        );
        let mut sites = compiled.traps.clone();
        sites.sort_by_key(|site| site.offset);
        for site in sites {
            let method = &module.names[site.position.method];
            let reason = &module.trap_reasons[site.reason];
            let line = Field::Number(site.position.line);
            traps.entry(place(site.offset), method, line, Field::Text(reason));
        }
    }
    pieces.push(traps.finish(TRAPS));
    pieces.push(methods.finish(METHODS));
}

/// What the third and fourth field of an entry hold.
#[derive(Clone, Copy)]
enum Field<'t> {
    Number(u32),
    Text(&'t str),
}

#[derive(Default)]
struct TableBuilder {
    entries: Vec<u8>,
    relocations: Vec<Relocation>,
    /// The texts with the places that refer to them.
    texts: BTreeMap<String, Vec<usize>>,
}

/// Bytes of the count.
const HEADER: usize = 8;

impl TableBuilder {
    fn entry(&mut self, place: (Target, i64), name: &str, third: Field<'_>, fourth: Field<'_>) {
        let (target, addend) = place;
        self.relocations.push(Relocation {
            offset: u32::try_from(HEADER + self.entries.len()).expect("a small table"),
            kind: RelocationKind::Relative32,
            target,
            addend,
        });
        self.field(Field::Number(0));
        self.field(Field::Text(name));
        self.field(third);
        self.field(fourth);
    }

    fn field(&mut self, field: Field<'_>) {
        let number = match field {
            Field::Number(number) => number,
            Field::Text(text) => {
                let place = HEADER + self.entries.len();
                match self.texts.get_mut(text) {
                    Some(places) => places.push(place),
                    None => {
                        self.texts.insert(text.to_owned(), vec![place]);
                    }
                }
                0
            }
        };
        self.entries.extend(number.to_le_bytes());
    }

    fn finish(self, symbol: &str) -> Piece {
        let count = self.relocations.len() as u64;
        let mut bytes = count.to_le_bytes().to_vec();
        bytes.extend(self.entries);
        for (text, places) in self.texts {
            let start = bytes.len().next_multiple_of(4);
            bytes.resize(start, 0);
            for place in places {
                let distance = u32::try_from(start - place).expect("a small table");
                bytes[place..place + 4].copy_from_slice(&distance.to_le_bytes());
            }
            let length = u32::try_from(text.len()).expect("a short text");
            bytes.extend(length.to_le_bytes());
            bytes.extend(text.as_bytes());
        }
        let mut piece = Piece::new(SectionKind::ReadOnly, bytes, 8);
        piece.relocations = self.relocations;
        piece.named(symbol, true)
    }
}
