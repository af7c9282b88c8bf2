//! Where strings and tables of an evaluated program lie, and what tables contain.

use std::collections::BTreeMap;

use super::code::{Code, FUNCTION_STEP, STRING_BASE, TABLE_BASE};
use crate::base::entity::EntityRef;
use crate::typed::{MethodId, Program, StateFieldId, StringId, TableId, TableKind};

/// Addresses of strings and tables; numbers of pins.
pub(super) struct DataLayout {
    pub(super) strings: Vec<u8>,
    pub(super) string_offsets: Vec<u64>,
    pub(super) name_offsets: BTreeMap<String, u64>,
    pub(super) table_offsets: Vec<u64>,
    pub(super) pins: Vec<(StateFieldId, String)>,
}

impl DataLayout {
    pub(super) fn new(program: &Program) -> Self {
        let mut layout = DataLayout {
            strings: Vec::new(),
            string_offsets: Vec::new(),
            name_offsets: BTreeMap::new(),
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
            offset += table_words(program, &table.kind).next_multiple_of(2) * 8 + 16;
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

    fn name_address(&mut self, name: &str) -> u64 {
        if let Some(&offset) = self.name_offsets.get(name) {
            return STRING_BASE + offset;
        }
        let offset = self.add_string(name.as_bytes());
        self.name_offsets.insert(name.to_owned(), offset);
        STRING_BASE + offset
    }

    pub(super) fn table_bytes(&mut self, program: &Program) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (index, table) in program.tables.values().enumerate() {
            bytes.resize(self.table_offsets[index] as usize, 0);
            for word in self.table_content(program, &table.kind) {
                bytes.extend_from_slice(&word.to_le_bytes());
            }
        }
        bytes
    }

    fn table_content(&mut self, program: &Program, kind: &TableKind) -> Vec<u64> {
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
            TableKind::TrapSites => Vec::new(),
            TableKind::Methods => {
                let entry = |(id, method): (MethodId, &crate::typed::Method)| {
                    [
                        Code::function_address(id),
                        FUNCTION_STEP,
                        self.name_address(&method.name),
                    ]
                };
                program.methods.iter().flat_map(entry).collect()
            }
        }
    }
}

/// How many words a table has.
fn table_words(program: &Program, kind: &TableKind) -> u64 {
    let words = match kind {
        TableKind::Functions(methods) => methods.len(),
        TableKind::NamedPrimitives(entries) => 3 * entries.len(),
        TableKind::Roots(roots) => 2 * roots.len(),
        TableKind::TrapSites => 0,
        TableKind::Methods => 3 * program.methods.len(),
    };
    words as u64
}
