//! The lists of a function: arguments and targets lie in two pools, and an instruction knows where its own are.
//!
//! Lists are never changed in place, so copies of an instruction share them; what nothing refers to any more stays until the
//! function is compacted.

use super::entities::{Block, Value};
use super::instruction::{BlockList, ValueList};

/// The pools of a function.
#[derive(Clone, Debug, Default)]
pub(super) struct Pools {
    values: Vec<Value>,
    blocks: Vec<Block>,
}

super::portable::portable_struct!(Pools { values, blocks });

impl Pools {
    /// Empty pools with as much room as others have taken.
    pub(super) fn like(other: &Self) -> Self {
        Self {
            values: Vec::with_capacity(other.values.len()),
            blocks: Vec::with_capacity(other.blocks.len()),
        }
    }

    /// The values of a list.
    pub(super) fn values(&self, list: ValueList) -> &[Value] {
        &self.values[list.start as usize..(list.start + list.len) as usize]
    }

    /// The blocks of a list.
    pub(super) fn blocks(&self, list: BlockList) -> &[Block] {
        &self.blocks[list.start as usize..(list.start + list.len) as usize]
    }

    /// A new list of values.
    pub(super) fn add_values(&mut self, values: impl Iterator<Item = Value>) -> ValueList {
        let (start, len) = add(&mut self.values, values);
        if len == 0 {
            return ValueList::EMPTY;
        }
        ValueList { start, len }
    }

    /// A new list of blocks.
    pub(super) fn add_blocks(&mut self, blocks: impl Iterator<Item = Block>) -> BlockList {
        let (start, len) = add(&mut self.blocks, blocks);
        BlockList { start, len }
    }

    /// The list with other values: the same one if nothing changes.
    pub(super) fn map_values(
        &mut self,
        list: ValueList,
        mut map: impl FnMut(Value) -> Value,
    ) -> ValueList {
        let start = list.start as usize;
        let mut new: Option<usize> = None;
        for position in 0..list.len() {
            let old = self.values[start + position];
            let value = map(old);
            if value != old && new.is_none() {
                new = Some(self.values.len());
                self.values.extend_from_within(start..start + list.len());
            }
            if let Some(new) = new {
                self.values[new + position] = value;
            }
        }
        new.map_or(list, |start| ValueList {
            start: number(start),
            len: list.len,
        })
    }
}

/// Where the new items start in a pool, and how many there are.
fn add<T>(pool: &mut Vec<T>, items: impl Iterator<Item = T>) -> (u32, u32) {
    let start = pool.len();
    pool.extend(items);
    (number(start), number(pool.len() - start))
}

fn number(n: usize) -> u32 {
    u32::try_from(n).expect("fewer than 2^32 arguments and targets")
}
