//! Compiled code to objects.
//!
//! In: the methods of the model. Out: in the heap, the compiled methods and the method dictionaries.

use rayon::prelude::*;

use super::compile::{self, CodeKind, CompiledCode, Literal, MethodState, PragmaLiteral, Scope};
use super::description::Role;
use super::heap::{Body, Object, ObjectId, Word, format};
use super::model::{MethodSource, Side};
use super::values::{MethodPlace, Place};
use super::world::{World, class_side, instance_side, pointers};
use crate::base::{Diagnostics, Integer, Symbol};

/// The compiled methods of a side.
pub struct CompiledSide {
    /// The class or metaclass.
    pub side: Side,
    /// In the order of the sources; methods with errors are left out.
    pub methods: Vec<CompiledCode>,
}

/// What a block needs to know of the code around it.
#[derive(Clone, Copy)]
struct Around {
    /// The class that the method belongs to.
    side: Option<Side>,
    /// The code in which a block is written; none in a method.
    outer: Option<ObjectId>,
    /// The method itself.
    object: ObjectId,
}

impl World<'_> {
    /// Compiles all methods, on all cores.
    pub fn compile_methods(&mut self) -> Vec<CompiledSide> {
        let (model, names, shapes) = (self.model, self.names, self.shapes);
        let (target, interner) = (self.target, &*self.interner);
        let sides: Vec<Side> = model
            .order
            .iter()
            .flat_map(|&class| [instance_side(class), class_side(class)])
            .collect();
        let compiled: Vec<_> = sides
            .par_iter()
            .map(|&side| {
                let scope = names.scope(side, model, shapes);
                let methods = &model.classes[side.class].methods[side.index()];
                let mut diagnostics = Diagnostics::new();
                let compile = |method: &MethodSource| {
                    let scope: &dyn Scope = &scope;
                    compile::compile(&method.method, scope, target, interner, &mut diagnostics)
                };
                let methods = methods.iter().filter_map(compile).collect();
                (CompiledSide { side, methods }, diagnostics)
            })
            .collect();
        let mut sides = Vec::new();
        for (side, diagnostics) in compiled {
            sides.push(side);
            self.diagnostics.append(diagnostics);
        }
        sides
    }

    /// Makes the objects for the methods of all sides, and their dictionaries.
    pub fn add_methods(&mut self, sides: &[CompiledSide]) {
        for compiled in sides {
            let mut entries = Vec::new();
            for code in &compiled.methods {
                let object = self.code(code, Some(compiled.side));
                if let CodeKind::Method(selector) = code.kind {
                    entries.push((selector, object));
                }
            }
            let dictionary = self.method_dictionary(&entries);
            let side = compiled.side;
            self.dictionaries[side.class][side.index()] = Some(dictionary);
        }
    }

    /// The object for a method that belongs to `side`, or to no class.
    pub fn code(&mut self, code: &CompiledCode, side: Option<Side>) -> ObjectId {
        self.code_in(code, side, None)
    }

    fn code_in(
        &mut self,
        code: &CompiledCode,
        side: Option<Side>,
        outer: Option<ObjectId>,
    ) -> ObjectId {
        let (role, trailer) = match code.kind {
            CodeKind::Method(selector) => (Role::Method, self.trailer(side, selector)),
            CodeKind::FullBlock => (Role::Block, Vec::new()),
        };
        let class_index = self.role(role);
        let mut bytes = code.bytecodes.clone();
        bytes.extend(trailer);
        let header = Word::integer(i128::from(code.header())).unwrap_or(self.nil());
        let nil = self.nil();
        let object = self.heap.add(Object {
            class_index,
            format: format::CODE,
            hash: 0,
            body: Body::Code(vec![nil; code.literals.len() + 1], bytes),
        });
        self.put(object, 0, header);
        let around = Around {
            side,
            outer,
            object,
        };
        for (index, literal) in (1..).zip(&code.literals) {
            let word = self.literal_in(literal, around);
            self.put(object, index, word);
        }
        object
    }

    /// What stands behind the bytecodes of a method.
    fn trailer(&mut self, side: Option<Side>, selector: Symbol) -> Vec<u8> {
        let Some(writer) = &mut self.source_writer else {
            return self.reading.description.method.trailer.clone();
        };
        let model = self.model;
        let method = side.and_then(|side| {
            let methods = &model.classes[side.class].methods[side.index()];
            methods.get(selector).map(|method| (side, method))
        });
        let Some((side, method)) = method else {
            return writer.nowhere();
        };
        let name = self.interner.text(model.classes[side.class].name.name);
        let owner = format!("{name}{}", if side.meta { " class" } else { "" });
        let category = method.category.map(|name| self.interner.text(name));
        let pointer = writer.add(&owner, category.unwrap_or("as yet unclassified"), method);
        pointer.unwrap_or_else(|| {
            let message = format!(
                "no pointer reaches the source of {owner}>>{}",
                self.interner.text(selector)
            );
            self.description_error(message, "source_file", "give the pointers more bytes");
            Vec::new()
        })
    }

    /// The objects for literals outside of a method.
    pub fn literals(&mut self, literals: &[Literal]) -> Vec<Word> {
        literals
            .iter()
            .map(|literal| self.literal(literal))
            .collect()
    }

    /// The object for a literal that can stand anywhere.
    fn literal(&mut self, literal: &Literal) -> Word {
        match literal {
            Literal::Integer(integer) => self.integer(integer),
            Literal::Float(float) => self.float(*float),
            Literal::Character(character) => Word::character(*character),
            Literal::String(text) => self.string(text).into(),
            Literal::Symbol(symbol) => self.symbol(*symbol).into(),
            Literal::ByteArray(bytes) => self.byte_array(bytes).into(),
            Literal::FloatArray(floats) => self.float_array(floats),
            Literal::Array(elements) => {
                let elements = self.literals(elements);
                self.array(elements).into()
            }
            Literal::Boolean(value) => self.boolean(*value),
            Literal::Fraction(numerator, denominator) => {
                let denominator = Integer::new(false, denominator.clone());
                let fields = [self.integer(numerator), self.integer(&denominator)];
                self.number(Role::Fraction, &fields)
            }
            Literal::ScaledDecimal(numerator, denominator, scale) => {
                let denominator = Integer::new(false, denominator.clone());
                let fields = [
                    self.integer(numerator),
                    self.integer(&denominator),
                    Word::count(*scale as usize),
                ];
                self.number(Role::ScaledDecimal, &fields)
            }
            Literal::Binding(binding) => self.binding(*binding),
            Literal::Undeclared(name) => self.undeclared_binding(*name),
            Literal::NamedPrimitive { module, name } => {
                let module = match module {
                    Some(module) => self.symbol_named(module).into(),
                    None => self.nil(),
                };
                let name = self.symbol_named(name).into();
                let zero = Word::count(0);
                self.array(vec![module, name, zero, zero]).into()
            }
            // The others belong to a method.
            _ => self.nil(),
        }
    }

    /// The object for a literal of a method or block.
    fn literal_in(&mut self, literal: &Literal, around: Around) -> Word {
        match literal {
            Literal::Block(block) => self.code_in(block, around.side, Some(around.object)).into(),
            Literal::OuterCode => around.outer.map_or(self.nil(), Word::Object),
            Literal::MethodClass => match around.side {
                Some(side) => self.method_class_binding(side),
                None => self.nil(),
            },
            Literal::State(MethodState::Selector(selector)) => self.symbol(*selector).into(),
            Literal::State(MethodState::Pragmas(selector, pragmas)) => {
                self.method_state(around.object, *selector, pragmas)
            }
            _ => self.literal(literal),
        }
    }

    fn method_state(
        &mut self,
        object: ObjectId,
        selector: Symbol,
        pragmas: &[PragmaLiteral],
    ) -> Word {
        let Some(state) = &self.reading.description.method.state else {
            return self.symbol(selector).into();
        };
        let method = MethodPlace {
            object,
            selector,
            pragmas,
        };
        let place = Place {
            method: Some(method),
            ..Place::default()
        };
        self.value(state, place)
    }

    /// A number that is a pointer object: its fields in the order of the class.
    fn number(&mut self, role: Role, fields: &[Word]) -> Word {
        self.role(role);
        let Some(&class) = self.shapes.roles.get(&role) else {
            return self.nil();
        };
        let object = self.instance(class, 0);
        for (index, &field) in fields.iter().enumerate() {
            self.put(object, index, field);
        }
        object.into()
    }

    /// A method dictionary: tally, array of methods, then selectors in the places that their identity hashes give them.
    fn method_dictionary(&mut self, entries: &[(Symbol, ObjectId)]) -> ObjectId {
        let capacity = (entries.len() * 4 / 3 + 1).next_power_of_two();
        let nil = self.nil();
        let (mut keys, mut methods) = (vec![nil; capacity], vec![nil; capacity]);
        for &(selector, method) in entries {
            let selector = self.symbol(selector);
            let hash = self.heap.objects[selector].hash as usize;
            let free = (hash..).map(|place| place & (capacity - 1));
            if let Some(place) = free.take(capacity).find(|&place| keys[place] == nil) {
                keys[place] = selector.into();
                methods[place] = method.into();
            }
        }
        let methods = self.array(methods);
        let mut slots = vec![Word::count(entries.len()), methods.into()];
        slots.append(&mut keys);
        let class_index = self.role(Role::MethodDictionary);
        self.heap.add(pointers(class_index, format::MIXED, slots))
    }

    /// Gives the boot context the method that it runs.
    pub fn fill_boot_context(
        &mut self,
        code: &CompiledCode,
        side: Option<Side>,
        receiver: Word,
        arguments: &[Word],
    ) {
        let method = self.code(code, side);
        let nil = self.nil();
        let room = if code.large_frame { 56 } else { 16 };
        let mut slots = vec![
            nil,
            Word::count(code.bytes_before_code() + 1),
            Word::count(code.num_temps as usize),
            method.into(),
            nil,
            receiver,
        ];
        slots.extend(arguments);
        slots.resize(6 + room, nil);
        self.heap.objects[self.boot_context].body = Body::Pointers(slots);
    }
}
