//! Where strings and tables of an evaluated program lie, and what tables contain.

use super::code::{Code, STRING_BASE, TABLE_BASE};
use crate::base::entity::EntityRef;
use crate::typed::{Program, StateFieldId, StringId, TableId, TableKind};

/// Addresses of strings and tables; numbers of pins.
pub(super) struct DataLayout {
    pub(super) strings: Vec<u8>,
    pub(super) string_offsets: Vec<u64>,
    pub(super) table_offsets: Vec<u64>,
    pub(super) pins: Vec<(StateFieldId, String)>,
}

impl DataLayout {
    pub(super) fn new(program: &Program) -> Self {
        let mut layout = DataLayout {
            strings: Vec::new(),
            string_offsets: Vec::new(),
            table_offsets: Vec::new(),
            pins: Vec::new(),
        };
        for bytes in program.strings.values() {
            let offset = layout.add_string(bytes);
            layout.string_offsets.push(offset);
        }
        let mut offset = 0;
        for table in program.tables.values() {
            layout.table_offsets.push(offset);
            offset += table_words(&table.kind).next_multiple_of(2) * 8 + 16;
        }
        for (field, state) in program.state.iter() {
            if let Some(register) = &state.pin {
                layout.pins.push((field, register.clone()));
            }
        }
        layout
    }

    fn add_string(&mut self, bytes: &[u8]) -> u64 {
        let offset = self.strings.len() as u64;
        self.strings
            .extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        self.strings.extend_from_slice(bytes);
        self.strings
            .resize(self.strings.len().next_multiple_of(8), 0);
        offset
    }

    pub(super) fn string_address(&self, string: StringId) -> u64 {
        STRING_BASE + self.string_offsets[string.index()]
    }

    pub(super) fn table_address(&self, table: TableId) -> u64 {
        TABLE_BASE + self.table_offsets[table.index()]
    }

    pub(super) fn table_bytes(&self, program: &Program) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (index, table) in program.tables.values().enumerate() {
            bytes.resize(self.table_offsets[index] as usize, 0);
            for word in self.table_content(&table.kind) {
                bytes.extend_from_slice(&word.to_le_bytes());
            }
        }
        bytes
    }

    fn table_content(&self, kind: &TableKind) -> Vec<u64> {
        match kind {
            TableKind::Functions(methods) => methods
                .iter()
                .map(|&method| Code::function_address(method))
                .collect(),
            TableKind::NamedPrimitives(entries) => entries
                .iter()
                .flat_map(|&(module, name, method)| {
                    [
                        self.string_address(module),
                        self.string_address(name),
                        Code::function_address(method),
                    ]
                })
                .collect(),
            TableKind::Roots(roots) => roots
                .iter()
                .flat_map(|&(offset, count)| [offset, count])
                .collect(),
        }
    }
}

/// How many words a table has.
fn table_words(kind: &TableKind) -> u64 {
    let words = match kind {
        TableKind::Functions(methods) => methods.len(),
        TableKind::NamedPrimitives(entries) => 3 * entries.len(),
        TableKind::Roots(roots) => 2 * roots.len(),
    };
    words as u64
}
