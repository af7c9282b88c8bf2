//! The image under construction: its objects, and the means to make more.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::compile::{BindingId, Target};
use super::description::{Role, Value};
use super::heap::{Body, Heap, Object, ObjectId, Word, format};
use super::model::{ClassId, Model, Side};
use super::names::Names;
use super::shape::{Shape, Shapes};
use super::source_file::SourceWriter;
use super::sources::Reading;
use crate::base::{Diagnostic, Diagnostics, Integer, Interner, SecondaryMap, Symbol};

/// Class index of internal arrays.
const ARRAY_PUN: u32 = 16;
/// Class index of internal 64-bit words.
const WORDS_PUN: u32 = 19;
const PAGE_SLOTS: usize = 1024;
const ROOT_SLOTS: usize = 4104;
const FREE_LISTS: usize = 64;
/// The slot of the class table's root that has the first page of the queue of mourners.
const MOURNERS_SLOT: usize = 4098;
const MOURNERS_PAGE_SLOTS: usize = 4092;
/// Elements that all values of the description together may ask for by number: more than any image needs, fewer than memory has.
const MOST_ELEMENTS: usize = 1 << 24;

/// Everything about the image under construction.
pub struct World<'a> {
    /// The description.
    pub reading: &'a Reading<'a>,
    /// The classes.
    pub model: &'a Model,
    /// Their forms.
    pub shapes: &'a Shapes,
    /// The bindings.
    pub names: &'a Names,
    /// How methods are compiled.
    pub target: &'a Target,
    /// All symbols of sources and description.
    pub interner: &'a mut Interner,
    /// What is to be told.
    pub diagnostics: &'a mut Diagnostics,
    /// The objects.
    pub heap: Heap,
    /// The class objects.
    pub class_objects: SecondaryMap<ClassId, [Option<ObjectId>; 2]>,
    /// The method dictionaries.
    pub dictionaries: SecondaryMap<ClassId, [Option<ObjectId>; 2]>,
    /// Symbols that are objects already.
    pub symbols: FxHashMap<Symbol, ObjectId>,
    /// In the order in which they were made.
    pub symbol_order: Vec<ObjectId>,
    /// Bindings of metaclasses, for methods of the class side.
    pub method_class_bindings: FxHashMap<Side, Word>,
    /// Bindings of names that nobody declares.
    pub undeclared: BTreeMap<Symbol, Word>,
    /// Values of the description that are made once. None while they are made.
    pub once: FxHashMap<OnceKey, Option<Word>>,
    /// Arrays whose elements are known only in the end.
    pub deferred: Vec<(ObjectId, Value)>,
    /// How many more elements the description may ask for by number; none once it asked for too many.
    pub room: Option<usize>,
    /// The file with the sources of the methods, if there is to be one.
    pub source_writer: Option<SourceWriter<'a>>,
    /// The context of the boot method.
    pub boot_context: ObjectId,
    /// The special objects array.
    pub special_objects: ObjectId,
}

/// What a value that is made once is known by.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum OnceKey {
    /// The value of a global.
    Global(String),
    /// One of the description's objects.
    Shared(String),
    /// One of a class's objects.
    OfClass(Side, String),
    /// A binding.
    Binding(BindingId),
    /// A symbol's or other table of the VM.
    SpecialSelectors,
}

/// nil, which is the first object.
pub const NIL: usize = 0;
/// false
pub const FALSE: usize = 1;
/// true
pub const TRUE: usize = 2;

/// What a world begins with.
pub struct Foundation<'a> {
    /// The description.
    pub reading: &'a Reading<'a>,
    /// The classes.
    pub model: &'a Model,
    /// Their forms.
    pub shapes: &'a Shapes,
    /// The bindings.
    pub names: &'a Names,
    /// How methods are compiled.
    pub target: &'a Target,
}

impl<'a> World<'a> {
    /// A world with the first objects, the class table and empty class objects.
    pub fn new(
        foundation: &Foundation<'a>,
        interner: &'a mut Interner,
        diagnostics: &'a mut Diagnostics,
    ) -> World<'a> {
        let mut heap = Heap::default();
        let shapes = foundation.shapes;
        add_first_objects(&mut heap, shapes);
        let nil = Word::Object(id(NIL));
        let last = shapes.table.last().map_or(0, |(index, _)| *index as usize);
        let pages = (last / PAGE_SLOTS + 1).max(2);
        let root = add_root(&mut heap, nil);
        let pages: Vec<_> = (0..pages)
            .map(|_| {
                heap.add(pointers(
                    ARRAY_PUN,
                    format::INDEXABLE,
                    vec![nil; PAGE_SLOTS],
                ))
            })
            .collect();
        let array = index_of(shapes, Role::Array);
        let context = index_of(shapes, Role::Context);
        let special = foundation.reading.description.special_objects_size;
        let special_objects = heap.add(pointers(array, format::INDEXABLE, vec![nil; special]));
        let boot_context = heap.add(pointers(context, format::MIXED, Vec::new()));
        let mut world = World {
            reading: foundation.reading,
            model: foundation.model,
            shapes,
            names: foundation.names,
            target: foundation.target,
            interner,
            diagnostics,
            heap,
            class_objects: SecondaryMap::with_default([None; 2]),
            dictionaries: SecondaryMap::with_default([None; 2]),
            symbols: FxHashMap::default(),
            symbol_order: Vec::new(),
            method_class_bindings: FxHashMap::default(),
            undeclared: BTreeMap::new(),
            once: FxHashMap::default(),
            deferred: Vec::new(),
            room: Some(MOST_ELEMENTS),
            source_writer: None,
            boot_context,
            special_objects,
        };
        world.add_classes();
        world.fill_class_table(root, &pages);
        world
    }

    fn add_classes(&mut self) {
        let metaclass = index_of(self.shapes, Role::Metaclass);
        let nil = self.nil();
        let metaclass_fields = self
            .shapes
            .roles
            .get(&Role::Metaclass)
            .map_or(0, |&class| self.shapes.of(instance_side(class)).fields);
        for &class in &self.model.order {
            let (instance, meta) = (instance_side(class), class_side(class));
            for (side, class_index, fields) in [
                (
                    instance,
                    self.shapes.index(meta),
                    self.shapes.of(meta).fields,
                ),
                (meta, metaclass, metaclass_fields),
            ] {
                let mut object = pointers(class_index, format::FIXED, vec![nil; fields]);
                object.hash = self.shapes.index(side);
                self.class_objects[class][side.index()] = Some(self.heap.add(object));
            }
        }
    }

    fn fill_class_table(&mut self, root: ObjectId, pages: &[ObjectId]) {
        for (number, &page) in pages.iter().enumerate() {
            self.put(root, number, page.into());
        }
        for &(index, side) in &self.shapes.table {
            let index = index as usize;
            let class = self.class_word(side);
            self.put(pages[index / PAGE_SLOTS], index % PAGE_SLOTS, class);
        }
    }

    /// Sets a slot of an object with pointers.
    pub fn put(&mut self, object: ObjectId, index: usize, word: Word) {
        if let Body::Pointers(slots) | Body::Code(slots, _) = &mut self.heap.objects[object].body
            && let Some(slot) = slots.get_mut(index)
        {
            *slot = word;
        }
    }

    /// nil
    #[must_use]
    pub fn nil(&self) -> Word {
        Word::Object(id(NIL))
    }

    /// true or false
    #[must_use]
    pub fn boolean(&self, value: bool) -> Word {
        Word::Object(id(if value { TRUE } else { FALSE }))
    }

    /// The class or metaclass.
    #[must_use]
    pub fn class_word(&self, side: Side) -> Word {
        let object = self.class_objects[side.class][side.index()];
        object.map_or(self.nil(), Word::Object)
    }

    /// The class for a role; an error and any class if the description has none.
    pub fn role(&mut self, role: Role) -> u32 {
        if !self.shapes.roles.contains_key(&role) {
            let message = format!("the description has no class for the role {role:?}");
            let place = crate::base::Span::new(self.reading.file, 0, 0);
            let error = Diagnostic::error("I008", message).primary(place, "");
            self.diagnostics
                .push(error.hint(format!("the sources need it: add {role:?} to `roles`")));
        }
        index_of(self.shapes, role)
    }

    /// An array.
    pub fn array(&mut self, elements: Vec<Word>) -> ObjectId {
        let class_index = self.role(Role::Array);
        self.heap
            .add(pointers(class_index, format::INDEXABLE, elements))
    }

    /// Bytes of a class.
    fn bytes(&mut self, class_index: u32, bytes: Vec<u8>, hash: u32) -> ObjectId {
        self.heap.add(Object {
            class_index,
            format: format::BYTES,
            hash,
            body: Body::Raw { element: 1, bytes },
        })
    }

    /// A byte array.
    pub fn byte_array(&mut self, bytes: &[u8]) -> ObjectId {
        let class_index = self.role(Role::ByteArray);
        self.bytes(class_index, bytes.to_vec(), 0)
    }

    /// An array of floats, of 32 bits if the class has such elements.
    pub fn float_array(&mut self, floats: &[f64]) -> Word {
        self.role(Role::FloatArray);
        let Some(&class) = self.shapes.roles.get(&Role::FloatArray) else {
            return self.nil();
        };
        let object = self.instance(class, floats.len());
        if let Body::Raw { element, bytes } = &mut self.heap.objects[object].body {
            *bytes = match *element {
                8 => floats.iter().flat_map(|it| it.to_le_bytes()).collect(),
                #[expect(clippy::cast_possible_truncation, reason = "they are rounded")]
                _ => floats
                    .iter()
                    .flat_map(|&it| (it as f32).to_le_bytes())
                    .collect(),
            };
        }
        object.into()
    }

    /// A string, of bytes if its characters allow it.
    pub fn string(&mut self, text: &str) -> ObjectId {
        self.text(text, Role::String, Role::WideString, 0)
    }

    /// The symbol.
    pub fn symbol(&mut self, symbol: Symbol) -> ObjectId {
        if let Some(&object) = self.symbols.get(&symbol) {
            return object;
        }
        let text = self.interner.text(symbol).to_owned();
        let object = self.text(&text, Role::Symbol, Role::WideSymbol, text_hash(&text));
        self.symbols.insert(symbol, object);
        self.symbol_order.push(object);
        object
    }

    /// The symbol with this text.
    pub fn symbol_named(&mut self, text: &str) -> ObjectId {
        let symbol = self.interner.intern(text);
        self.symbol(symbol)
    }

    fn text(&mut self, text: &str, narrow: Role, wide: Role, hash: u32) -> ObjectId {
        let bytes: Option<Vec<u8>> = text
            .chars()
            .map(|character| u8::try_from(u32::from(character)).ok())
            .collect();
        if let Some(bytes) = bytes {
            let class_index = self.role(narrow);
            return self.bytes(class_index, bytes, hash);
        }
        let class_index = self.role(wide);
        let units = text
            .chars()
            .map(|character| u32::from(character).to_le_bytes());
        self.heap.add(Object {
            class_index,
            format: format::WORDS_32,
            hash,
            body: Body::Raw {
                element: 4,
                bytes: units.flatten().collect(),
            },
        })
    }

    /// An integer of any size.
    pub fn integer(&mut self, value: &Integer) -> Word {
        if let Some(word) = value.to_i128().and_then(Word::integer) {
            return word;
        }
        let role = if value.is_negative() {
            Role::LargeNegativeInteger
        } else {
            Role::LargePositiveInteger
        };
        let limbs = value.magnitude().limbs().iter();
        let mut bytes: Vec<u8> = limbs.flat_map(|limb| limb.to_le_bytes()).collect();
        while bytes.last() == Some(&0) {
            bytes.pop();
        }
        let class_index = self.role(role);
        Word::Object(self.bytes(class_index, bytes, 0))
    }

    /// A float, immediate if its exponent allows it and there is a class for such.
    pub fn float(&mut self, value: f64) -> Word {
        let immediate = self.shapes.roles.contains_key(&Role::SmallFloat);
        if let Some(word) = Word::float(value).filter(|_| immediate) {
            return word;
        }
        let class_index = self.role(Role::BoxedFloat);
        Word::Object(self.heap.add(Object {
            class_index,
            format: format::WORDS_32,
            hash: 0,
            body: Body::Raw {
                element: 4,
                bytes: value.to_le_bytes().to_vec(),
            },
        }))
    }

    /// An instance of `class` with `elements` indexable fields; all are nil or zero.
    pub fn instance(&mut self, class: ClassId, elements: usize) -> ObjectId {
        let Shape { format, fields } = self.shapes.of(instance_side(class));
        let body = match format::element_size(format) {
            Some(element) => Body::Raw {
                element,
                bytes: vec![0; element * elements],
            },
            None => Body::Pointers(vec![self.nil(); fields + elements]),
        };
        self.heap.add(Object {
            class_index: self.shapes.index(instance_side(class)),
            format,
            hash: 0,
            body,
        })
    }
}

/// The instance side of a class.
#[must_use]
pub fn instance_side(class: ClassId) -> Side {
    Side { class, meta: false }
}

/// The class side of a class.
#[must_use]
pub fn class_side(class: ClassId) -> Side {
    Side { class, meta: true }
}

/// An object with pointers.
pub fn pointers(class_index: u32, format: u8, slots: Vec<Word>) -> Object {
    Object {
        class_index,
        format,
        hash: 0,
        body: Body::Pointers(slots),
    }
}

fn id(index: usize) -> ObjectId {
    crate::base::EntityRef::new(index)
}

/// Adds nil, false, true and the free lists.
fn add_first_objects(heap: &mut Heap, shapes: &Shapes) {
    for role in [Role::Nil, Role::False, Role::True] {
        let class_index = index_of(shapes, role);
        heap.add(pointers(class_index, format::EMPTY, Vec::new()));
    }
    heap.add(words(vec![0; 8 * FREE_LISTS]));
}

/// Adds the root of the class table, and behind it an empty page for the queue of mourners: virtual machines that find none there
/// write to nil what the first ephemeron that fires was.
fn add_root(heap: &mut Heap, nil: Word) -> ObjectId {
    let root = heap.add(pointers(
        ARRAY_PUN,
        format::INDEXABLE,
        vec![nil; ROOT_SLOTS],
    ));
    let mut page = vec![0; 8 * MOURNERS_PAGE_SLOTS];
    page[8..16].copy_from_slice(&(MOURNERS_SLOT as u64).to_le_bytes());
    let page = heap.add(words(page));
    if let Body::Pointers(slots) = &mut heap.objects[root].body {
        slots[MOURNERS_SLOT] = Word::Object(page);
    }
    root
}

/// An internal object of 64-bit words.
fn words(bytes: Vec<u8>) -> Object {
    Object {
        class_index: WORDS_PUN,
        format: format::WORDS_64,
        hash: 0,
        body: Body::Raw { element: 8, bytes },
    }
}

fn index_of(shapes: &Shapes, role: Role) -> u32 {
    let class = shapes.roles.get(&role);
    class.map_or(0, |&class| shapes.index(instance_side(class)))
}

/// A hash of 22 bits that depends on the text only, and is not 0.
fn text_hash(text: &str) -> u32 {
    let mut hash: u32 = 0x811C_9DC5;
    for byte in text.bytes() {
        hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    let folded = (hash ^ hash >> 22) & 0x3F_FFFF;
    folded.max(1)
}
