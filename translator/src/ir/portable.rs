//! Functions as bytes that mean the same in another module: what a result is kept as between runs, and what it is looked up by.
//!
//! Entities of the module are written as numbers, in the order in which the function names them, so that the bytes do not change when
//! others come and go; lines are written as distances from the first line of their method that the function has. A [`Writer`] gives the
//! numbers, [`Numbers`] keeps them, and a [`Reader`] that has the same ones turns them back into entities. Whatever is written goes
//! through [`Portable`], so no entity can slip through with its own number.

use std::sync::Arc;

use rustc_hash::FxHashMap;

mod lasting;
mod parts;
#[cfg(test)]
mod tests;
mod values;

use super::data_types::DataType;
use super::entities::{Alias, DataId, FieldId, FuncId, Name, Part, SigId, TableId, TrapReason};
use super::function::Function;
use super::module::Module;
use crate::base::{EntityRef, Key, Memo};

pub use lasting::{Entities, Lasting, Question};

/// What can be written and read.
pub trait Portable: Sized {
    /// Writes it.
    fn write(&self, to: &mut Writer);
    /// Reads it; `None` if the bytes are none of it.
    fn read(from: &mut Reader<'_>) -> Option<Self>;
}

/// Answers what `make` makes of a function, if it is not known already.
///
/// It is known if it was made before of a function that reads the same, in a module that says the same of all that it names, and
/// `facts` writes the same. So `make` may look at nothing else.
pub fn remembered<T: Portable>(
    memo: &Memo,
    (stage, func, module): (&str, &Function, &Module),
    facts: impl FnOnce(&mut Writer),
    make: impl FnOnce() -> T,
) -> T {
    let mut asking = Writer::new(func, module);
    stage.to_owned().write(&mut asking);
    func.write(&mut asking);
    asking.describe(module);
    facts(&mut asking);
    asking.ranks();
    let key = Key::of(&asking.bytes);
    let numbers = asking.numbers;
    if let Some(bytes) = memo.get(key) {
        let mut reader = Reader {
            bytes,
            numbers: &numbers,
        };
        if let (Some(known), []) = (T::read(&mut reader), reader.bytes) {
            return known;
        }
    }
    let made = make();
    let mut answer = Writer {
        numbers,
        closed: true,
        ..Writer::plain()
    };
    made.write(&mut answer);
    if !answer.foreign {
        memo.put(key, answer.bytes);
    }
    made
}

/// The numbers of the entities that a function names.
pub struct Numbers {
    functions: Table<FuncId>,
    data: Table<DataId>,
    fields: Table<FieldId>,
    tables: Table<TableId>,
    signatures: Table<SigId>,
    classes: Table<Alias>,
    parts: Table<Part>,
    reasons: Table<TrapReason>,
    names: Table<Name>,
    types: Table<DataType>,
    lines: Lines,
    /// Functions from this one on are new: parts of the one that is written.
    next_function: usize,
}

/// The line that those of a method are told from.
enum Lines {
    /// The first one that the function has.
    OfFunction(FxHashMap<Name, u32>),
    /// By method.
    OfModule(Arc<[u32]>),
}

impl Lines {
    fn of(&self, method: Name) -> u32 {
        let line = match self {
            Self::OfFunction(lines) => lines.get(&method),
            Self::OfModule(lines) => lines.get(method.index()),
        };
        line.copied().unwrap_or_default()
    }
}

impl Numbers {
    fn none() -> Self {
        Self {
            functions: Table::new(),
            data: Table::new(),
            fields: Table::new(),
            tables: Table::new(),
            signatures: Table::new(),
            classes: Table::of(vec![Alias::ANY, Alias::VOLATILE, Alias::RAW]),
            parts: Table::new(),
            reasons: Table::new(),
            names: Table::new(),
            types: Table::new(),
            lines: Lines::OfFunction(FxHashMap::default()),
            next_function: usize::MAX,
        }
    }

    /// The same entities, numbered in their order.
    fn sorted(self) -> Self {
        Self {
            functions: self.functions.sorted(),
            data: self.data.sorted(),
            fields: self.fields.sorted(),
            tables: self.tables.sorted(),
            signatures: self.signatures.sorted(),
            classes: self.classes.sorted(),
            parts: self.parts.sorted(),
            reasons: self.reasons.sorted(),
            names: self.names.sorted(),
            types: self.types.sorted(),
            ..self
        }
    }
}

/// The numbers of the entities of one kind.
struct Table<K> {
    entities: Vec<K>,
    /// By entity, once there are too many of them to look at each.
    numbers: FxHashMap<K, u32>,
}

/// A table up to this size is searched.
const SEARCHED: usize = 12;

impl<K: EntityRef + std::hash::Hash> Table<K> {
    fn new() -> Self {
        Self {
            entities: Vec::new(),
            numbers: FxHashMap::default(),
        }
    }

    fn of(entities: Vec<K>) -> Self {
        let mut table = Self {
            entities,
            ..Self::new()
        };
        table.index();
        table
    }

    /// The same entities in their order.
    fn sorted(mut self) -> Self {
        self.entities.sort_unstable();
        Self::of(self.entities)
    }

    fn index(&mut self) {
        if self.entities.len() > SEARCHED {
            self.numbers = self.entities.iter().copied().zip(0..).collect();
        }
    }

    /// The number of an entity; a new one unless the table is closed.
    fn number(&mut self, entity: K, closed: bool) -> Option<u32> {
        let known = match self.entities.len() > SEARCHED {
            true => self.numbers.get(&entity).copied(),
            false => (0..)
                .zip(&self.entities)
                .find_map(|(number, known)| (*known == entity).then_some(number)),
        };
        if known.is_some() || closed {
            return known;
        }
        let number = u32::try_from(self.entities.len()).expect("fewer than 2^32 entities");
        self.entities.push(entity);
        match self.entities.len() > SEARCHED + 1 {
            true => drop(self.numbers.insert(entity, number)),
            false => self.index(),
        }
        Some(number)
    }

    fn entity(&self, number: u32) -> Option<K> {
        self.entities.get(number as usize).copied()
    }

    /// The numbers in the order of the entities.
    fn ranks(&self) -> Vec<u32> {
        let numbers = 0..u32::try_from(self.entities.len()).expect("fewer than 2^32 entities");
        let mut numbers: Vec<u32> = numbers.collect();
        numbers.sort_unstable_by_key(|&number| self.entities[number as usize]);
        numbers
    }
}

/// Writes bytes.
pub struct Writer {
    bytes: Vec<u8>,
    numbers: Numbers,
    /// Whether only entities that are known already have a number.
    closed: bool,
    /// Whether there was another one.
    foreign: bool,
    /// The method of the last position, with its number and its first line: most positions have the same as the one before.
    last_method: Option<(Name, u32, u32)>,
}

/// The first line that a function has of each method.
fn first_lines(func: &Function) -> FxHashMap<Name, u32> {
    let mut first_lines = FxHashMap::default();
    let mut last = None;
    for position in func.positions().filter(|position| position.line > 0) {
        // A later line of the same method changes nothing.
        if last.is_some_and(|(method, line)| method == position.method && line <= position.line) {
            continue;
        }
        let first = first_lines.entry(position.method).or_insert(position.line);
        *first = position.line.min(*first);
        last = Some((position.method, position.line));
    }
    first_lines
}

impl Writer {
    fn new(func: &Function, module: &Module) -> Self {
        Self {
            bytes: Vec::with_capacity(func.insts.len() * 16),
            numbers: Numbers {
                lines: Lines::OfFunction(first_lines(func)),
                next_function: module.functions.len(),
                ..Numbers::none()
            },
            ..Self::plain()
        }
    }

    /// One for what names no entities of a module.
    #[must_use]
    pub fn plain() -> Self {
        Self {
            bytes: Vec::new(),
            numbers: Numbers::none(),
            closed: false,
            foreign: false,
            last_method: None,
        }
    }

    /// What has been written.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Writes an unsigned number, small ones short.
    pub fn number(&mut self, number: u64) {
        let mut rest = number;
        while rest >= 0x80 {
            self.bytes.push((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        self.bytes.push(rest as u8);
    }

    /// The functions that have been named so far.
    #[must_use]
    pub fn functions(&self) -> Vec<FuncId> {
        self.numbers.functions.entities.clone()
    }

    /// The alias classes that have been named so far; raw memory stands for all its parts.
    #[must_use]
    pub fn classes(&self) -> Vec<Alias> {
        self.numbers.classes.entities.clone()
    }

    /// Writes bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
    }

    /// The number of a method, and its first line.
    fn method(&mut self, method: Name) -> (u32, u32) {
        if let Some((last, number, first)) = self.last_method
            && last == method
        {
            return (number, first);
        }
        let number = self.numbers.names.number(method, self.closed);
        self.foreign |= number.is_none();
        let number = number.unwrap_or_default();
        let first = self.numbers.lines.of(method);
        self.last_method = Some((method, number, first));
        (number, first)
    }

    fn numbered(&mut self, number: Option<u32>) {
        self.foreign |= number.is_none();
        self.number(number.unwrap_or_default().into());
    }

    /// What the module says of the entities that have been named, but for their names, and of what all functions share.
    fn describe(&mut self, module: &Module) {
        for field in self.numbers.fields.entities.clone() {
            let field = &module.fields[field];
            (field.offset, field.size).write(self);
            (field.access, field.alias, field.pin).write(self);
        }
        for signature in self.numbers.signatures.entities.clone() {
            module.signatures[signature].write(self);
        }
        for callee in self.functions() {
            let callee = &module.functions[callee];
            (callee.kind, callee.signature.clone(), callee.attributes).write(self);
        }
        self.describe_shared(module);
    }

    /// What the module says of what all functions share.
    fn describe_shared(&mut self, module: &Module) {
        for pin in module.pins.values() {
            (pin.name.clone(), pin.register.clone(), pin.ty).write(self);
        }
        (
            module.instruction_pin,
            module.dispatch_pin,
            module.state_size,
        )
            .write(self);
    }

    /// The order of the entities, for the case that something compares them.
    fn ranks(&mut self) {
        let numbers = &self.numbers;
        let ranks = [
            numbers.functions.ranks(),
            numbers.data.ranks(),
            numbers.fields.ranks(),
            numbers.tables.ranks(),
            numbers.signatures.ranks(),
            numbers.classes.ranks(),
            numbers.parts.ranks(),
            numbers.reasons.ranks(),
            numbers.names.ranks(),
            numbers.types.ranks(),
        ];
        ranks.into_iter().for_each(|ranks| ranks.write(self));
    }
}

/// Reads what a [`Writer`] with the same numbers has written.
pub struct Reader<'a> {
    bytes: &'a [u8],
    numbers: &'a Numbers,
}

impl<'a> Reader<'a> {
    /// Reads bytes as they are.
    pub fn raw(&mut self) -> Option<&'a [u8]> {
        let length = u32::read(self)? as usize;
        let (bytes, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(bytes)
    }

    /// Reads an unsigned number.
    pub fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.bytes.split_first()?;
            self.bytes = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn entity<K: EntityRef + std::hash::Hash>(
        &mut self,
        table: impl Fn(&Numbers) -> &Table<K>,
    ) -> Option<K> {
        let number = u32::read(self)?;
        table(self.numbers).entity(number)
    }
}

/// Makes structs portable, field by field: `portable_struct!(Type { field, field })`.
macro_rules! portable_struct {
    ($($ty:ident { $($field:ident),* $(,)? })*) => {
        $(impl $crate::ir::Portable for $ty {
            fn write(&self, to: &mut $crate::ir::Writer) {
                let Self { $($field),* } = self;
                $($crate::ir::Portable::write($field, to);)*
            }

            fn read(from: &mut $crate::ir::Reader<'_>) -> Option<Self> {
                Some(Self { $($field: $crate::ir::Portable::read(from)?),* })
            }
        })*
    };
}

/// Makes enums portable: `portable_enum!(Type { Variant, Variant(part, part) })`.
macro_rules! portable_enum {
    ($($ty:ident { $($variant:ident $(($($part:ident),*))?),* $(,)? })*) => {
        $(impl $crate::ir::Portable for $ty {
            fn write(&self, to: &mut $crate::ir::Writer) {
                enum Tag { $($variant),* }
                match self {
                    $(Self::$variant $(($($part),*))? => {
                        to.number(Tag::$variant as u64);
                        $($($crate::ir::Portable::write($part, to);)*)?
                    })*
                }
            }

            fn read(from: &mut $crate::ir::Reader<'_>) -> Option<Self> {
                enum Tag { $($variant),* }
                match from.number()? {
                    $(tag if tag == Tag::$variant as u64 => {
                        $($(let $part = $crate::ir::Portable::read(from)?;)*)?
                        Some(Self::$variant $(($($part),*))?)
                    })*
                    _ => None,
                }
            }
        })*
    };
}

pub(crate) use {portable_enum, portable_struct};
