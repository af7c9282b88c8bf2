//! What is made of a function and of others that it takes in: there a number that one function gives to an entity says nothing.
//!
//! Instead an entity is known by what it is: a hash of its name and of all that the module says of it. So a question that names an
//! entity also asks for what the module says of it, and an answer that names one cannot be read in a module that says something else.
//! Answers hold for modules that have the entities in the same order; lines are distances from the line at which their method begins.

use std::hash::Hash;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{Lines, Numbers, Portable, Reader, Table, Writer};
use crate::base::{EntityRef, Key, Memo, PrimaryMap};
use crate::ir::data_types::{DataType, Shape, TypeDescription};
use crate::ir::entities::{Alias, DataId, FieldId, FuncId, Name, Part, SigId, TableId, TrapReason};
use crate::ir::function::Function;
use crate::ir::module::{Data, Module};

/// What the entities of a module are.
pub struct Lasting {
    functions: Kind<FuncId>,
    data: Kind<DataId>,
    fields: Kind<FieldId>,
    tables: Kind<TableId>,
    signatures: Kind<SigId>,
    classes: Kind<Alias>,
    parts: Kind<Part>,
    reasons: Kind<TrapReason>,
    names: Kind<Name>,
    types: Kind<DataType>,
    /// By method: the line that its lines are told from.
    lines: Arc<[u32]>,
    /// What all functions share.
    shared: Vec<u8>,
    next_function: usize,
}

/// What the entities of one kind are.
struct Kind<K> {
    identities: PrimaryMap<K, u64>,
    /// `None` where several are the same, and cannot be told from each other.
    entities: FxHashMap<u64, Option<K>>,
}

impl<K: EntityRef + Hash> Kind<K> {
    fn new(entities: impl Iterator<Item = K>, mut describe: impl FnMut(K, &mut Writer)) -> Self {
        let mut kind = Self {
            identities: PrimaryMap::new(),
            entities: FxHashMap::default(),
        };
        let mut text = Writer::plain();
        for entity in entities {
            text.bytes.clear();
            describe(entity, &mut text);
            let identity = Key::of(&text.bytes).short();
            kind.identities.push(identity);
            let known = kind.entities.entry(identity);
            known
                .and_modify(|known| *known = None)
                .or_insert(Some(entity));
        }
        kind
    }

    /// What an entity is, if no other one is the same.
    fn identity(&self, entity: K) -> Option<u64> {
        let identity = *self.identities.get(entity)?;
        self.entities.get(&identity).copied().flatten()?;
        Some(identity)
    }

    fn write(&self, table: &Table<K>, to: &mut Writer) {
        to.number(table.entities.len() as u64);
        for &entity in &table.entities {
            let identity = self.identity(entity);
            to.foreign |= identity.is_none();
            to.bytes.extend(identity.unwrap_or_default().to_le_bytes());
        }
    }

    /// Reads entities; `None` if one of them is not in the module, or if they are not in the same order.
    fn read(&self, from: &mut Reader<'_>) -> Option<Table<K>> {
        let count = usize::try_from(from.number()?).ok()?;
        let (bytes, rest) = from.bytes.split_at_checked(count.checked_mul(8)?)?;
        from.bytes = rest;
        let mut entities = Vec::with_capacity(count);
        for identity in bytes.as_chunks::<8>().0 {
            let entity = (*self.entities.get(&u64::from_le_bytes(*identity))?)?;
            if entities.last().is_some_and(|&last| last >= entity) {
                return None;
            }
            entities.push(entity);
        }
        Some(Table::of(entities))
    }
}

impl Lasting {
    /// What the entities of a module are.
    #[must_use]
    pub fn new(module: &Module) -> Self {
        let mut shared = Writer::plain();
        shared.describe_shared(module);
        Self {
            functions: Kind::new(module.functions.keys(), |id, to| {
                let func = &module.functions[id];
                (func.name.clone(), func.kind, func.attributes).write(to);
                func.signature.write(to);
            }),
            data: Kind::new(module.data.keys(), |id, to| {
                describe_data(&module.data[id], to);
            }),
            fields: Kind::new(module.fields.keys(), |id, to| {
                let field = &module.fields[id];
                to.raw(field.name.as_bytes());
                (field.offset, field.size).write(to);
                (field.access, field.pin).write(to);
                to.raw(module.alias_name(field.alias).as_bytes());
            }),
            tables: Kind::new(module.tables.keys(), |id, to| {
                to.raw(module.tables[id].name.as_bytes());
            }),
            signatures: Kind::new(module.signatures.keys(), |id, to| {
                module.signatures[id].write(to);
            }),
            classes: texts(&module.alias_classes),
            parts: Kind::new(module.parts.keys(), |id, to| {
                to.raw(module.parts[id].name.as_bytes());
            }),
            reasons: texts(&module.trap_reasons),
            names: texts(&module.names),
            types: types(&module.data_types.types),
            lines: first_lines(module),
            shared: shared.bytes,
            next_function: module.functions.len(),
        }
    }

    /// Asks what a stage makes of a function.
    #[must_use]
    pub fn question(&self, stage: &str, func: &Function) -> Question<'_> {
        let mut asking = Writer {
            bytes: Vec::with_capacity(func.insts.len() * 16),
            numbers: self.numbers(),
            ..Writer::plain()
        };
        asking.raw(stage.as_bytes());
        asking.raw(&self.shared);
        func.write(&mut asking);
        let numbers = std::mem::replace(&mut asking.numbers, Numbers::none());
        self.write(&numbers, &mut asking);
        asking.numbers = numbers;
        asking.ranks();
        Question {
            lasting: self,
            asking,
        }
    }

    fn numbers(&self) -> Numbers {
        Numbers {
            lines: Lines::OfModule(Arc::clone(&self.lines)),
            next_function: self.next_function,
            ..Numbers::none()
        }
    }

    fn write(&self, numbers: &Numbers, to: &mut Writer) {
        self.functions.write(&numbers.functions, to);
        self.data.write(&numbers.data, to);
        self.fields.write(&numbers.fields, to);
        self.tables.write(&numbers.tables, to);
        self.signatures.write(&numbers.signatures, to);
        self.classes.write(&numbers.classes, to);
        self.parts.write(&numbers.parts, to);
        self.reasons.write(&numbers.reasons, to);
        self.names.write(&numbers.names, to);
        self.types.write(&numbers.types, to);
    }

    fn read(&self, from: &mut Reader<'_>) -> Option<Numbers> {
        Some(Numbers {
            functions: self.functions.read(from)?,
            data: self.data.read(from)?,
            fields: self.fields.read(from)?,
            tables: self.tables.read(from)?,
            signatures: self.signatures.read(from)?,
            classes: self.classes.read(from)?,
            parts: self.parts.read(from)?,
            reasons: self.reasons.read(from)?,
            names: self.names.read(from)?,
            types: self.types.read(from)?,
            ..self.numbers()
        })
    }

    /// Reads an answer, and what is to be said of it.
    fn answer(&self, bytes: &[u8]) -> Option<(Function, Key)> {
        let nothing = Numbers::none();
        let mut reader = Reader {
            bytes,
            numbers: &nothing,
        };
        let (content, rest) = reader.bytes.split_first_chunk::<16>()?;
        reader.bytes = rest;
        let numbers = self.read(&mut reader)?;
        let mut reader = Reader {
            bytes: reader.bytes,
            numbers: &numbers,
        };
        let func = Function::read(&mut reader)?;
        reader
            .bytes
            .is_empty()
            .then_some((func, Key::from_bytes(*content)))
    }
}

/// What a stage makes of a function, as a question.
pub struct Question<'a> {
    lasting: &'a Lasting,
    asking: Writer,
}

impl Question<'_> {
    /// Where further facts are written that the stage may look at.
    pub fn facts(&mut self) -> &mut Writer {
        &mut self.asking
    }

    /// Answers what `make` makes, if it is not known already, and the key of that: equal keys are equal functions. None if it cannot be told.
    ///
    /// `make` notes in [`Entities`] the functions that it works on on its way, so that the answer holds only where all that
    /// they name is in the same order.
    pub fn answer(
        self,
        memo: &Memo,
        make: impl FnOnce(&mut Entities) -> Function,
    ) -> (Function, Option<Key>) {
        let Self { lasting, asking } = self;
        let key = (!asking.foreign).then(|| Key::of(&asking.bytes));
        let known = key.and_then(|key| memo.get(key));
        if let Some((func, content)) = known.and_then(|bytes| lasting.answer(bytes)) {
            return (func, Some(content));
        }
        let mut entities = Entities(asking);
        let func = make(&mut entities);
        entities.note(&func);
        let mut answer = Writer::plain();
        let numbers = entities.0.numbers.sorted();
        lasting.write(&numbers, &mut answer);
        (answer.numbers, answer.closed) = (numbers, true);
        func.write(&mut answer);
        let Some(key) = key.filter(|_| !answer.foreign) else {
            return (func, None);
        };
        let content = Key::of(&answer.bytes);
        memo.put(key, [&content.bytes()[..], &answer.bytes].concat());
        (func, Some(content))
    }
}

/// The entities that functions name.
pub struct Entities(Writer);

impl Entities {
    /// Adds those of a function.
    pub fn note(&mut self, func: &Function) {
        func.write(&mut self.0);
        self.0.bytes.clear();
    }
}

fn texts<K: EntityRef + Hash>(texts: &PrimaryMap<K, String>) -> Kind<K> {
    Kind::new(texts.keys(), |id, to| to.raw(texts[id].as_bytes()))
}

/// Types are known by their names, pointers by what they lead to.
fn types(types: &PrimaryMap<DataType, TypeDescription>) -> Kind<DataType> {
    Kind::new(types.keys(), |id, to| {
        let ty = &types[id];
        to.raw(ty.name.as_bytes());
        if let Shape::Pointer(Some(target)) = ty.shape {
            to.raw(types[target].name.as_bytes());
        }
    })
}

/// Constants are known by their content, since their names are numbers; others by their name.
fn describe_data(data: &Data, to: &mut Writer) {
    if data.writable || !data.relocations.is_empty() {
        to.raw(data.name.as_bytes());
    } else {
        to.number(data.align.into());
        to.raw(&data.bytes);
    }
}

/// By method: where it begins, as far as functions or their activations tell.
fn first_lines(module: &Module) -> Arc<[u32]> {
    let mut lines = vec![u32::MAX; module.names.len()];
    for func in module.functions.values() {
        let inlined = func.activations.inlined();
        let definitions = inlined.map(|(_, activation)| activation.definition);
        for position in definitions.chain([func.position]) {
            if let Some(line) = lines.get_mut(position.method.index()) {
                *line = position.line.min(*line);
            }
        }
    }
    // No line of another method is told from anything.
    for line in lines.iter_mut().filter(|line| **line == u32::MAX) {
        *line = 0;
    }
    lines.into()
}
