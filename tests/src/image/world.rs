//! The classes and special objects that a VM needs, and methods for them.

use std::collections::BTreeMap;

use super::{Body, Object, Ref, Value};

const ARRAY: u32 = 51;
const BYTE_STRING: u32 = 52;
const CLASS: u32 = 1024;
const CLASS_TABLE_PAGE: usize = 1024;
const FIXED: u8 = 1;
const INDEXABLE: u8 = 2;
const FIXED_AND_INDEXABLE: u8 = 3;
const WORDS: u8 = 9;
const WEAK: u8 = 4;
const BYTES: u8 = 16;
const CODE: u8 = 24;
const IMMEDIATE: u8 = 7;

/// Name, class index, instance format, number of fixed fields, index in the special objects array.
const CLASSES: &[(&str, u32, u8, i64, Option<usize>)] = &[
    ("SmallInteger", 1, IMMEDIATE, 0, Some(5)),
    ("Character", 2, IMMEDIATE, 0, Some(19)),
    ("SmallFloat64", 4, IMMEDIATE, 0, None),
    ("LargeNegativeInteger", 32, BYTES, 0, Some(42)),
    ("LargePositiveInteger", 33, BYTES, 0, Some(13)),
    ("BoxedFloat64", 34, 10, 0, Some(9)),
    ("Message", 35, FIXED, 3, Some(15)),
    ("Context", 36, FIXED_AND_INDEXABLE, 6, Some(10)),
    ("BlockClosure", 37, FIXED_AND_INDEXABLE, 3, Some(36)),
    ("FullBlockClosure", 38, FIXED_AND_INDEXABLE, 4, Some(37)),
    ("Semaphore", 48, FIXED, 3, Some(18)),
    ("Mutex", 49, FIXED, 3, None),
    ("ByteArray", 50, BYTES, 0, Some(26)),
    ("Array", ARRAY, INDEXABLE, 0, Some(7)),
    ("ByteString", BYTE_STRING, BYTES, 0, Some(6)),
    ("Bitmap", 53, 10, 0, Some(4)),
    ("Point", 54, FIXED, 2, Some(12)),
    ("Class", CLASS, FIXED, 4, None),
    ("UndefinedObject", 1025, 0, 0, None),
    ("False", 1026, 0, 0, None),
    ("True", 1027, 0, 0, None),
    ("CompiledMethod", 1028, CODE, 0, Some(16)),
    ("Association", 1029, FIXED, 2, None),
    ("ProcessorScheduler", 1030, FIXED, 2, None),
    ("LinkedList", 1031, FIXED, 2, None),
    ("Process", 1032, FIXED, 4, Some(27)),
    ("MethodDictionary", 1033, FIXED_AND_INDEXABLE, 2, None),
    ("Symbol", 1034, BYTES, 0, None),
    ("Object", 1035, 0, 0, None),
    ("Main", 1036, FIXED, 4, None),
    ("Parent", 1037, FIXED, 4, None),
    ("WordArray", 1038, 10, 0, None),
    ("CompiledBlock", 1039, CODE, 0, None),
    ("WeakArray", 1040, WEAK, 0, None),
];

const SPECIAL_SELECTORS: &[(&str, i64)] = &[
    ("+", 1),
    ("-", 1),
    ("<", 1),
    (">", 1),
    ("<=", 1),
    (">=", 1),
    ("=", 1),
    ("~=", 1),
    ("*", 1),
    ("/", 1),
    ("\\\\", 1),
    ("@", 1),
    ("bitShift:", 1),
    ("//", 1),
    ("bitAnd:", 1),
    ("bitOr:", 1),
    ("at:", 1),
    ("at:put:", 2),
    ("size", 0),
    ("next", 0),
    ("nextPut:", 1),
    ("atEnd", 0),
    ("==", 1),
    ("class", 0),
    ("~~", 1),
    ("value", 0),
    ("value:", 1),
    ("do:", 1),
    ("new", 0),
    ("new:", 1),
    ("x", 0),
    ("y", 0),
];

/// Selectors that the VM itself sends, by their index in the special objects array.
const VM_SELECTORS: &[(usize, &str)] = &[
    (20, "doesNotUnderstand:"),
    (21, "cannotReturn:"),
    (25, "mustBeBoolean"),
    (34, "cannotInterpret:"),
    (48, "aboutToReturn:through:"),
    (49, "run:with:in:"),
    (50, "attemptToAssign:withIndex:"),
    (57, "unusedBytecode"),
];

/// Which table decodes a method.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BytecodeSet {
    /// SqueakV3PlusClosures.
    V3,
    /// SistaV1.
    Sista,
}

/// A method as a test writes it.
#[derive(Clone, Debug)]
pub struct Method {
    /// Decides the sign of the header.
    pub set: BytecodeSet,
    /// Number of arguments.
    pub arguments: u8,
    /// Number of temporaries, arguments included.
    pub temporaries: u8,
    /// Literals without selector and class, which are appended.
    pub literals: Vec<Value>,
    /// Bytecodes, without the primitive's call.
    pub code: Vec<u8>,
    /// Primitive number, 0 for none.
    pub primitive: u16,
}

impl Method {
    /// A method without arguments, temporaries and primitive.
    pub fn new(set: BytecodeSet, literals: Vec<Value>, code: Vec<u8>) -> Method {
        Method {
            set,
            arguments: 0,
            temporaries: 0,
            literals,
            code,
            primitive: 0,
        }
    }

    /// The header as the integer value of a SmallInteger.
    fn header(&self, literal_count: usize) -> i64 {
        let bits = literal_count as i64
            | i64::from(self.primitive != 0) << 16
            | i64::from(self.temporaries) << 18
            | i64::from(self.arguments) << 24;
        match self.set {
            BytecodeSet::V3 => bits,
            BytecodeSet::Sista => bits - (1 << 60),
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let call = match self.set {
            BytecodeSet::V3 => 139,
            BytecodeSet::Sista => 248,
        };
        let mut bytes = Vec::new();
        if self.primitive != 0 {
            bytes.extend([call, self.primitive as u8, (self.primitive >> 8) as u8]);
        }
        bytes.extend(&self.code);
        bytes
    }
}

/// An image under construction. Its active process runs `start` of an instance of `Main`, whose superclasses are `Parent` and `Object`.
#[derive(Debug)]
pub struct World {
    objects: Vec<Object>,
    symbols: BTreeMap<String, Ref>,
    classes: BTreeMap<String, (u32, Ref)>,
    methods: BTreeMap<String, Vec<(Ref, Ref)>>,
    specials: BTreeMap<usize, Value>,
    main: Ref,
}

impl World {
    /// The object nil.
    pub const NIL: Value = Value::Object(Ref(0));
    /// The object false.
    pub const FALSE: Value = Value::Object(Ref(1));
    /// The object true.
    pub const TRUE: Value = Value::Object(Ref(2));

    /// A world in which `Object` understands `quit:` (primitive 113), and the VM's own messages quit with 90 and more:
    /// `doesNotUnderstand:` 90, `cannotReturn:` 91, `mustBeBoolean` 92, `cannotInterpret:` 93, `unusedBytecode` 97.
    pub fn new() -> World {
        let mut world = World {
            objects: Vec::new(),
            symbols: BTreeMap::new(),
            classes: BTreeMap::new(),
            methods: BTreeMap::new(),
            specials: BTreeMap::new(),
            main: Ref(0),
        };
        for index in [1025, 1026, 1027] {
            world.add(index, FIXED, Body::Slots(vec![]));
            world.objects.last_mut().expect("just added").format = 0;
        }
        world.add(19, WORDS, Body::Words(vec![0; 64]));
        world.add(16, INDEXABLE, Body::Slots(vec![World::NIL; 4104]));
        for _ in 0..2 {
            world.add(
                16,
                INDEXABLE,
                Body::Slots(vec![World::NIL; CLASS_TABLE_PAGE]),
            );
        }
        for (name, index, format, fields, _) in CLASSES {
            let instances = i64::from(*format) << 16 | fields;
            let class = world.add(
                CLASS,
                FIXED,
                Body::Slots(vec![
                    World::NIL,
                    World::NIL,
                    Value::Integer(instances),
                    World::NIL,
                ]),
            );
            world.objects[class.0].hash = *index;
            world.classes.insert((*name).to_owned(), (*index, class));
        }
        world.main = world.instance("Main", vec![World::NIL; 4]);
        world.define_vm_messages();
        world
    }

    fn define_vm_messages(&mut self) {
        let set = BytecodeSet::V3;
        let quit = Method {
            arguments: 1,
            temporaries: 1,
            primitive: 113,
            ..Method::new(set, vec![], vec![120])
        };
        self.define("Object", "quit:", &quit);
        for (class, primitive) in [("BlockClosure", 201), ("FullBlockClosure", 207)] {
            let value = Method {
                primitive,
                ..Method::new(set, vec![], vec![120])
            };
            self.define(class, "value", &value);
        }
        let exits = [
            ("doesNotUnderstand:", 1, 90),
            ("cannotReturn:", 1, 91),
            ("mustBeBoolean", 0, 92),
            ("cannotInterpret:", 1, 93),
            ("unusedBytecode", 0, 97),
        ];
        for (selector, arguments, code) in exits {
            let quit = self.symbol("quit:");
            let method = Method {
                arguments,
                temporaries: arguments,
                ..Method::new(
                    set,
                    vec![Value::Object(quit), Value::Integer(code)],
                    vec![112, 33, 224, 135, 120],
                )
            };
            self.define("Object", selector, &method);
        }
    }

    /// Adds an object.
    pub fn add(&mut self, class_index: u32, format: u8, body: Body) -> Ref {
        self.objects.push(Object {
            class_index,
            format,
            hash: 0,
            flags: 0,
            body,
        });
        Ref(self.objects.len() - 1)
    }

    /// Adds an instance of a class of pointer objects.
    pub fn instance(&mut self, class: &str, slots: Vec<Value>) -> Ref {
        let index = self.class_index(class);
        let format = CLASSES
            .iter()
            .find(|row| row.1 == index)
            .map_or(FIXED, |row| row.2);
        self.add(index, format, Body::Slots(slots))
    }

    /// Adds an Array.
    pub fn array(&mut self, elements: Vec<Value>) -> Ref {
        self.add(ARRAY, INDEXABLE, Body::Slots(elements))
    }

    /// Adds a ByteString.
    pub fn string(&mut self, text: &str) -> Ref {
        self.add(BYTE_STRING, BYTES, Body::Bytes(text.as_bytes().to_vec()))
    }

    /// Adds an instance of a class of bytes.
    pub fn bytes(&mut self, class: &str, bytes: &[u8]) -> Ref {
        let index = self.class_index(class);
        self.add(index, BYTES, Body::Bytes(bytes.to_vec()))
    }

    /// Adds an instance of a class of 32-bit words, two in each given word.
    pub fn words(&mut self, class: &str, words: &[u64]) -> Ref {
        let index = self.class_index(class);
        self.add(index, 10, Body::Words(words.to_vec()))
    }

    /// The symbol of a name; equal names give the same.
    pub fn symbol(&mut self, name: &str) -> Ref {
        if let Some(symbol) = self.symbols.get(name) {
            return *symbol;
        }
        let symbol = self.bytes("Symbol", name.as_bytes());
        self.objects[symbol.0].hash = 2000 + 7 * self.symbols.len() as u32;
        self.symbols.insert(name.to_owned(), symbol);
        symbol
    }

    /// The class of a name.
    ///
    /// # Panics
    /// When there is none: the test is wrong.
    pub fn class(&self, name: &str) -> Value {
        Value::Object(self.classes[name].1)
    }

    /// Index of a class in the class table.
    fn class_index(&self, name: &str) -> u32 {
        self.classes[name].0
    }

    /// Lets a class say that its instances have another format and number of fixed fields.
    pub fn set_format(&mut self, class: &str, format: u8, fields: i64) {
        if let Body::Slots(slots) = &mut self.objects[self.classes[class].1.0].body {
            slots[2] = Value::Integer(i64::from(format) << 16 | fields);
        }
    }

    /// Marks an object as read-only.
    pub fn make_immutable(&mut self, object: Ref) {
        self.objects[object.0].flags |= 1 << 23;
    }

    /// Decides on one of the 60 special objects.
    pub fn set_special(&mut self, index: usize, value: Value) {
        self.specials.insert(index, value);
    }

    /// The instance of `Main` that the image starts with.
    pub fn main(&self) -> Ref {
        self.main
    }

    /// Adds code of its own: a CompiledBlock whose last literal is its outer code.
    pub fn block(&mut self, block: &Method, outer: Value) -> Ref {
        let mut literals = block.literals.clone();
        literals.extend([World::NIL, outer]);
        self.add_code("CompiledBlock", block, literals)
    }

    fn add_code(&mut self, class: &str, method: &Method, mut literals: Vec<Value>) -> Ref {
        literals.insert(0, Value::Integer(method.header(literals.len())));
        let index = self.class_index(class);
        self.add(index, CODE, Body::Code(literals, method.bytes()))
    }

    /// Adds a method to a class.
    pub fn define(&mut self, class: &str, selector: &str, method: &Method) -> Ref {
        let binding = self.class(class);
        let association = self.instance("Association", vec![World::NIL, binding]);
        let name = self.symbol(selector);
        let mut literals = method.literals.clone();
        literals.extend([Value::Object(name), Value::Object(association)]);
        let code = self.add_code("CompiledMethod", method, literals);
        self.methods
            .entry(class.to_owned())
            .or_default()
            .push((name, code));
        code
    }

    /// The finished image file.
    ///
    /// # Panics
    /// When `Main` has no method `start`.
    pub fn image(mut self) -> Vec<u8> {
        self.fill_classes();
        self.fill_class_table();
        let process = self.active_process();
        let special = self.special_objects(process);
        super::write(&self.objects, special)
    }

    fn slots(&mut self, object: Ref) -> &mut Vec<Value> {
        match &mut self.objects[object.0].body {
            Body::Slots(slots) => slots,
            Body::Bytes(_) | Body::Words(_) | Body::Code(..) => {
                unreachable!("object {} has no slots", object.0)
            }
        }
    }

    fn fill_classes(&mut self) {
        let names: Vec<String> = self.classes.keys().cloned().collect();
        for name in names {
            let dictionary = self.method_dictionary(&name);
            let superclass = match name.as_str() {
                "Object" => World::NIL,
                "Main" => self.class("Parent"),
                _ => self.class("Object"),
            };
            let symbol = self.symbol(&name);
            let class = self.classes[&name].1;
            let slots = self.slots(class);
            slots[0] = superclass;
            slots[1] = Value::Object(dictionary);
            slots[3] = Value::Object(symbol);
        }
    }

    fn method_dictionary(&mut self, class: &str) -> Ref {
        let methods = self.methods.get(class).cloned().unwrap_or_default();
        let capacity = (methods.len() * 2).next_power_of_two().max(2);
        let mut keys = vec![World::NIL; capacity];
        let mut values = vec![World::NIL; capacity];
        for (selector, method) in &methods {
            let mut index = self.objects[selector.0].hash as usize % capacity;
            while !matches!(keys[index], Value::Object(Ref(0))) {
                index = (index + 1) % capacity;
            }
            keys[index] = Value::Object(*selector);
            values[index] = Value::Object(*method);
        }
        let values = self.array(values);
        let mut slots = vec![Value::Integer(methods.len() as i64), Value::Object(values)];
        slots.extend(keys);
        self.instance("MethodDictionary", slots)
    }

    fn fill_class_table(&mut self) {
        let (roots, pages) = (Ref(4), [Ref(5), Ref(6)]);
        for (index, page) in pages.iter().enumerate() {
            self.slots(roots)[index] = Value::Object(*page);
        }
        let classes: Vec<(u32, Ref)> = self.classes.values().copied().collect();
        for (index, class) in classes {
            let index = index as usize;
            self.slots(pages[index / CLASS_TABLE_PAGE])[index % CLASS_TABLE_PAGE] =
                Value::Object(class);
        }
        let small_integer = self.class("SmallInteger");
        self.slots(pages[0])[3] = small_integer;
    }

    /// A process of priority 3 about to execute the first bytecode of `Main>>start`.
    fn active_process(&mut self) -> Ref {
        let start = self.symbol("start");
        let method = self.methods["Main"]
            .iter()
            .find(|(selector, _)| *selector == start)
            .expect("Main>>start is defined")
            .1;
        let Body::Code(literals, _) = &self.objects[method.0].body else {
            unreachable!("a method has code")
        };
        let pc = literals.len() as i64 * 8 + 1;
        let Value::Integer(header) = literals[0] else {
            unreachable!("a method has a header")
        };
        let temporaries = (header >> 18) & 63;
        self.process(method, pc, temporaries, 3, World::NIL)
    }

    /// A process of that priority, in that list, that goes on in `method` at `pc` with so many temporaries, which are nil; the receiver is `main`.
    pub fn process(
        &mut self,
        method: Ref,
        pc: i64,
        temporaries: i64,
        priority: i64,
        list: Value,
    ) -> Ref {
        let receiver = Value::Object(self.main);
        let mut slots = vec![
            World::NIL,
            Value::Integer(pc),
            Value::Integer(temporaries),
            Value::Object(method),
            World::NIL,
            receiver,
        ];
        slots.extend(vec![World::NIL; 16]);
        let context = self.instance("Context", slots);
        let priority = Value::Integer(priority);
        self.instance(
            "Process",
            vec![World::NIL, Value::Object(context), priority, list],
        )
    }

    fn special_objects(&mut self, process: Ref) -> Ref {
        let lists: Vec<Value> = (0..5)
            .map(|_| Value::Object(self.instance("LinkedList", vec![World::NIL; 2])))
            .collect();
        let lists = self.array(lists);
        let scheduler = self.instance(
            "ProcessorScheduler",
            vec![Value::Object(lists), Value::Object(process)],
        );
        let processor = self.symbol("Processor");
        let binding = self.instance(
            "Association",
            vec![Value::Object(processor), Value::Object(scheduler)],
        );
        let mut selectors = Vec::new();
        for (selector, arguments) in SPECIAL_SELECTORS {
            selectors.extend([
                Value::Object(self.symbol(selector)),
                Value::Integer(*arguments),
            ]);
        }
        let selectors = self.array(selectors);
        let mut slots = vec![World::NIL; 60];
        slots[1] = World::FALSE;
        slots[2] = World::TRUE;
        slots[3] = Value::Object(binding);
        slots[23] = Value::Object(selectors);
        for (name, _, _, _, special) in CLASSES {
            if let Some(index) = special {
                slots[*index] = self.class(name);
            }
        }
        for (index, selector) in VM_SELECTORS {
            slots[*index] = Value::Object(self.symbol(selector));
        }
        for (index, value) in &self.specials {
            slots[*index] = *value;
        }
        self.array(slots)
    }
}

impl Default for World {
    fn default() -> Self {
        World::new()
    }
}
