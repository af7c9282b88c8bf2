//! What is kept of a compiled function for comparisons: its name, its size, its symbolic code.

use super::listing::Listing;
use crate::ir::FuncId;
use crate::x64::CodeModule;
use rayon::prelude::*;

/// A compiled function in symbolic form.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The function: `Class>>selector`.
    pub name: String,
    /// Bytes of code.
    pub size: usize,
    /// Labels and instructions, a line each.
    pub lines: Vec<String>,
}

impl Entry {
    /// A hash over the code, which does not depend on addresses or on where fields are: FNV-1a, 64 bits.
    #[must_use]
    pub fn hash(&self) -> u64 {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for line in &self.lines {
            for byte in line.bytes().chain([b'\n']) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        hash
    }
}

/// All functions of a module that have code, sorted by name.
#[must_use]
pub fn entries(code: &CodeModule<'_>) -> Vec<Entry> {
    let ids: Vec<FuncId> = code.module.functions.keys().collect();
    let with_code = ids
        .into_par_iter()
        .filter(|&id| !code.function(id).code.is_empty());
    let mut entries: Vec<Entry> = with_code
        .map(|id| {
            let listing = Listing::new(code, id);
            Entry {
                lines: listing.code_lines(),
                name: listing.name,
                size: listing.size,
            }
        })
        .collect();
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    entries
}
