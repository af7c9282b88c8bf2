//! Tables that the program itself reads: its trap sites, its methods, and the lines of their source.
//!
//! `ouro_traps`: a count (8 bytes), then an entry of 16 bytes for each trapping instruction, by ascending address:
//! the instruction, the method's name, the line, the reason. `ouro_methods`: a count (8 bytes), then an entry of 16 bytes for each
//! function, by ascending address: its start, its name, its size in bytes, its rows. `ouro_names`: a count (8 bytes), then for each method
//! that rows are about its name (4 bytes). Addresses and texts are distances from the field that holds them (4 bytes, signed), so that
//! nothing has to be relocated. A text is its length (4 bytes) and its UTF-8 bytes.
//!
//! Rows ([`Rows`]) tell of which method, inlined or not, and of which line the instructions are. They are a length (4 bytes) and numbers of
//! seven bits a byte, the low ones first, of which all bytes but the last have the top bit. A row is the distance from the instruction
//! of the row before, doubled, plus 1 where the method is another one, whose number follows; then the distance of the lines, zigzag.

use super::collect::Collected;
use super::pieces::{Piece, Pieces, Relocation, RelocationKind, SectionKind, Target};
use crate::base::{EntityRef, SecondaryMap};
use crate::ir::{Module, Name};
use crate::x64::CodeModule;
use std::collections::BTreeMap;

/// The symbol of the table of trapping instructions.
pub const TRAPS: &str = "ouro_traps";

/// The symbol of the table of methods.
pub const METHODS: &str = "ouro_methods";

/// The symbol of the table of names.
pub const NAMES: &str = "ouro_names";

/// Adds the tables to `pieces`.
pub fn add(code: &CodeModule<'_>, collected: &Collected, pieces: &mut Pieces) {
    let module = code.module;
    let mut traps = TableBuilder::default();
    let mut methods = TableBuilder::default();
    let mut names = Names::default();
    for &id in &collected.order {
        let compiled = &code.functions[id.index()];
        let Some(piece) = collected.functions[id.index()].filter(|_| !compiled.code.is_empty())
        else {
            continue;
        };
        let place = |offset: u32| (Target::Piece(piece), i64::from(offset));
        let function = &module.functions[id];
        let size = u32::try_from(compiled.code.len()).expect("a function below 4 GiB");
        let mut rows = Rows::default();
        for (offset, position) in &compiled.lines {
            let method = names.number(module, position.method);
            rows.add(*offset, method, position.line);
        }
        let (size, rows) = (Field::Number(size), rows.finish());
        methods.entry(place(0), &function.name, size, Field::Text(&rows));
        let mut sites = compiled.traps.clone();
        sites.sort_by_key(|site| site.offset);
        for site in sites {
            let method = &module.names[site.position.method];
            let reason = &module.trap_reasons[site.reason];
            let line = Field::Number(site.position.line);
            traps.entry(
                place(site.offset),
                method,
                line,
                Field::Text(reason.as_bytes()),
            );
        }
    }
    for (table, symbol) in [(traps, TRAPS), (methods, METHODS)] {
        let count = table.relocations.len() as u64;
        pieces.push(table.finish(symbol, count));
    }
    pieces.push(names.finish());
}

/// The methods that rows are about, numbered in the order in which they are met.
#[derive(Default)]
struct Names {
    numbers: SecondaryMap<Name, Option<u32>>,
    count: u32,
    table: TableBuilder,
}

impl Names {
    fn number(&mut self, module: &Module, method: Name) -> u32 {
        if let Some(number) = self.numbers[method] {
            return number;
        }
        let number = self.count;
        self.count += 1;
        self.numbers[method] = Some(number);
        self.table
            .field(Field::Text(module.names[method].as_bytes()));
        number
    }

    fn finish(self) -> Piece {
        self.table.finish(NAMES, self.count.into())
    }
}

/// Where instructions are of another method or line than those before.
#[derive(Default)]
struct Rows {
    bytes: Vec<u8>,
    /// The last row that is written: offset, method, line.
    written: Option<(u32, u32, u32)>,
    /// The row to be written unless another one is at its place.
    next: Option<(u32, u32, u32)>,
}

impl Rows {
    /// The instructions from `offset` on, which is not below that of the row before, are of that line of `method`.
    fn add(&mut self, offset: u32, method: u32, line: u32) {
        if self.next.is_some_and(|next| next.0 != offset) {
            self.write();
        }
        self.next = Some((offset, method, line));
    }

    fn write(&mut self) {
        let Some(row) = self.next.take() else { return };
        let before = self.written;
        if before.is_some_and(|before| (before.1, before.2) == (row.1, row.2)) {
            return;
        }
        let (offset, line) = before.map_or((0, 0), |before| (before.0, before.2));
        let is_other = before.is_none_or(|before| before.1 != row.1);
        self.number(u64::from(row.0 - offset) * 2 + u64::from(is_other));
        if is_other {
            self.number(u64::from(row.1));
        }
        let distance = i64::from(row.2) - i64::from(line);
        let magnitude = distance.unsigned_abs() * 2;
        self.number(if distance < 0 {
            magnitude - 1
        } else {
            magnitude
        });
        self.written = Some(row);
    }

    fn number(&mut self, mut number: u64) {
        loop {
            let low = u8::try_from(number % 128).expect("seven bits");
            number /= 128;
            if number == 0 {
                return self.bytes.push(low);
            }
            self.bytes.push(low + 128);
        }
    }

    fn finish(mut self) -> Vec<u8> {
        self.write();
        self.bytes
    }
}

/// What the third and fourth field of an entry hold.
#[derive(Clone, Copy)]
enum Field<'t> {
    Number(u32),
    /// A text, or rows.
    Text(&'t [u8]),
}

#[derive(Default)]
struct TableBuilder {
    entries: Vec<u8>,
    relocations: Vec<Relocation>,
    /// The texts with the places that refer to them.
    texts: BTreeMap<Vec<u8>, Vec<usize>>,
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
        self.field(Field::Text(name.as_bytes()));
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

    fn finish(self, symbol: &str, count: u64) -> Piece {
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
            bytes.extend(text);
        }
        let mut piece = Piece::new(SectionKind::ReadOnly, bytes, 8);
        piece.relocations = self.relocations;
        piece.named(symbol, true)
    }
}

#[cfg(test)]
mod tests {
    use super::Rows;

    /// What rows say of each instruction: its offset, method and line.
    fn read(bytes: &[u8]) -> Vec<(u64, u64, i64)> {
        let mut bytes = bytes.iter();
        let mut number = move || {
            let mut number = 0;
            for (place, &byte) in bytes.by_ref().enumerate() {
                number += u64::from(byte % 128) << (7 * place);
                if byte < 128 {
                    return Some(number);
                }
            }
            None
        };
        let (mut offset, mut method, mut line) = (0, 0, 0);
        let mut rows = Vec::new();
        while let Some(step) = number() {
            offset += step / 2;
            if step % 2 == 1 {
                method = number().expect("a method");
            }
            let distance = number().expect("a distance").cast_signed();
            line += match distance % 2 {
                0 => distance / 2,
                _ => -(distance / 2) - 1,
            };
            rows.push((offset, method, line));
        }
        rows
    }

    #[test]
    fn rows_tell_where_method_or_line_change() {
        let mut rows = Rows::default();
        for (offset, method, line) in [
            (0, 0, 7),
            (4, 0, 7),
            (9, 300, 1000),
            (9, 301, 990),
            (200, 301, 3),
            (100_000, 0, 4),
        ] {
            rows.add(offset, method, line);
        }
        let expected = [(0, 0, 7), (9, 301, 990), (200, 301, 3), (100_000, 0, 4)];
        assert_eq!(read(&rows.finish()), expected);
    }
}
