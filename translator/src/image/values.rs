//! Values of the description to objects.
//!
//! In: a value, and the [`Place`] it is used in: the class, binding or method that it belongs to. Out: the object or immediate. A value that has no meaning in its place
//! is reported, and nil.

use super::compile::PragmaLiteral;
use super::description::{Fields, Value};
use super::heap::{Body, ObjectId, Word};
use super::model::{ClassId, Side};
use super::world::{OnceKey, World, instance_side};
use crate::base::{Diagnostic, Span, Symbol};

/// What values that belong to something are about.
#[derive(Clone, Copy, Default)]
pub struct Place<'p> {
    /// The class or metaclass.
    pub side: Option<Side>,
    /// The binding or instance variable.
    pub variable: Option<Variable>,
    /// The protocol and its selectors.
    pub protocol: Option<(Symbol, &'p [Symbol])>,
    /// The method, its selector and pragmas.
    pub method: Option<MethodPlace<'p>>,
    /// The pragma.
    pub pragma: Option<&'p PragmaLiteral>,
}

/// A binding or instance variable.
#[derive(Clone, Copy)]
pub struct Variable {
    /// Its name; a binding of a metaclass has none.
    pub name: Option<Symbol>,
    /// The value of a binding.
    pub value: Option<Word>,
    /// The index of an instance variable, from 1.
    pub index: Option<usize>,
}

/// A method.
#[derive(Clone, Copy)]
pub struct MethodPlace<'p> {
    /// Its object.
    pub object: ObjectId,
    /// Its selector.
    pub selector: Symbol,
    /// Its pragmas.
    pub pragmas: &'p [PragmaLiteral],
}

impl World<'_> {
    /// An error in the description at the first occurrence of `name`.
    pub fn description_error(&mut self, message: String, name: &str, hint: &str) {
        let error = Diagnostic::error("I008", message).primary(self.reading.place_of(name), "");
        self.diagnostics.push(error.hint(hint));
    }

    /// The object for a value; nil if the description asks for more objects than it may.
    pub fn value(&mut self, value: &Value, place: Place) -> Word {
        match self.is_granted(self.size_of(value), value) {
            true => self.granted_value(value, place),
            false => self.nil(),
        }
    }

    /// How many elements the object for a value has, as far as this is known before; those of lists are counted when they are made.
    fn size_of(&self, value: &Value) -> usize {
        match value {
            Value::String(text) => text.len() / 8,
            Value::New(..) => 1,
            Value::NewSized(_, size) => *size,
            Value::Symbols | Value::Undeclared => self.interner.len(),
            Value::Globals => self.names.bindings.len(),
            Value::Classes | Value::ClassVariables | Value::Pools => self.model.order.len(),
            _ => 0,
        }
    }

    fn granted_value(&mut self, value: &Value, place: Place) -> Word {
        match value {
            Value::Nil => self.nil(),
            Value::True => self.boolean(true),
            Value::False => self.boolean(false),
            Value::Integer(integer) => self.integer(&i128::from(*integer).into()),
            Value::Float(float) => self.float(*float),
            Value::Character(character) => Word::character(*character),
            Value::String(text) => self.string(text).into(),
            Value::Symbol(text) => self.symbol_named(text).into(),
            Value::Class(name) => self.class_value(name, false),
            Value::ClassSide(name) => self.class_value(name, true),
            Value::New(class, fields) => self.new_value(class, fields, &[], place),
            Value::NewSized(class, size) => self.sized(class, *size),
            Value::NewWith(class, fields, list) => {
                let elements = self.list(list, place);
                self.new_value(class, fields, &elements, place)
            }
            Value::Global(name) => self.global_value(name),
            Value::Binding(name) => self.global_binding(name),
            Value::Shared(name) => self.shared_value(name),
            Value::Globals
            | Value::Undeclared
            | Value::Symbols
            | Value::Classes
            | Value::ClassVariables
            | Value::Pools => {
                let array = self.array(Vec::new());
                self.deferred.push((array, value.clone()));
                array.into()
            }
            Value::SpecialObjects => self.special_objects.into(),
            Value::BootContext => self.boot_context.into(),
            Value::SpecialSelectors => {
                self.once(OnceKey::SpecialSelectors, "", Self::special_selectors)
            }
            Value::IfEmpty(list, otherwise) => {
                let elements = self.list(list, place);
                match elements.is_empty() {
                    true => self.value(otherwise, place),
                    false => self.array(elements).into(),
                }
            }
            Value::Array(_)
            | Value::Copies(..)
            | Value::EachClass(_)
            | Value::Subclasses
            | Value::InstanceVariableNames
            | Value::ClassVariableBindings
            | Value::PoolBindings
            | Value::EachInstanceVariable(_)
            | Value::EachProtocol(_)
            | Value::EachPragma(_)
            | Value::PragmaArguments
            | Value::ProtocolSelectors => {
                let elements = self.list(value, place);
                self.array(elements).into()
            }
            _ => self.value_in(value, place),
        }
    }

    /// The object for a value that belongs to something.
    fn value_in(&mut self, value: &Value, place: Place) -> Word {
        if let Some(side) = place.side
            && let Some(word) = self.value_of_class(value, side, place)
        {
            return word;
        }
        let variable = place.variable;
        let found = match value {
            Value::VariableName => variable.map(|variable| {
                let name = variable.name;
                name.map_or(self.nil(), |name| self.symbol(name).into())
            }),
            Value::VariableValue => variable.and_then(|variable| variable.value),
            Value::VariableIndex => variable
                .and_then(|variable| variable.index)
                .map(Word::count),
            Value::ProtocolName => place.protocol.map(|(name, _)| self.symbol(name).into()),
            Value::ThisMethod => place.method.map(|method| method.object.into()),
            Value::Selector => place
                .method
                .map(|method| self.symbol(method.selector).into()),
            Value::PragmaSelector => place
                .pragma
                .map(|pragma| self.symbol(pragma.selector).into()),
            _ => None,
        };
        found.unwrap_or_else(|| self.misplaced(value))
    }

    /// The first word of a value, and where it stands first.
    fn name_of(&self, value: &Value) -> (String, Span) {
        let text = format!("{value:?}");
        let name = text.split('(').next().unwrap_or(&text).to_owned();
        let at = self.reading.text.find(&name).unwrap_or(0);
        let place = Span::new(self.reading.file, at, at + name.len());
        (name, place)
    }

    pub(super) fn misplaced(&mut self, value: &Value) -> Word {
        let (name, place) = self.name_of(value);
        let message = format!("{name} means nothing where the description uses it");
        let error = Diagnostic::error("I008", message).primary(place, "");
        self.diagnostics
            .push(error.hint("the table of values in image-builder.md says where it can stand"));
        self.nil()
    }

    /// The elements that a value describes.
    pub fn list(&mut self, value: &Value, place: Place) -> Vec<Word> {
        if let Value::Copies(count, value_of_each) = value {
            let mut copies = Vec::new();
            if self.is_granted(*count, value) {
                while copies.len() < *count && self.room.is_some() {
                    copies.push(self.value(value_of_each, place));
                }
            }
            return copies;
        }
        let elements = self.elements(value, place);
        match self.is_granted(elements.len(), value) {
            true => elements,
            false => Vec::new(),
        }
    }

    /// The elements of a list that is no copies.
    fn elements(&mut self, value: &Value, place: Place) -> Vec<Word> {
        match (value, place) {
            (Value::Array(values), _) => values
                .iter()
                .map(|value| self.value(value, place))
                .collect(),
            (Value::EachClass(value), _) => {
                let classes = self.model.order.iter();
                let places = classes.map(|&class| Place {
                    side: Some(instance_side(class)),
                    ..place
                });
                places.map(|place| self.value(value, place)).collect()
            }
            (
                Value::EachPragma(value),
                Place {
                    method: Some(method),
                    ..
                },
            ) => {
                let pragmas = method.pragmas.iter().map(Some);
                let places = pragmas.map(|pragma| Place { pragma, ..place });
                places.map(|place| self.value(value, place)).collect()
            }
            (
                Value::PragmaArguments,
                Place {
                    pragma: Some(pragma),
                    ..
                },
            ) => self.literals(&pragma.arguments),
            (
                Value::ProtocolSelectors,
                Place {
                    protocol: Some((_, selectors)),
                    ..
                },
            ) => selectors
                .iter()
                .map(|&selector| self.symbol(selector).into())
                .collect(),
            (
                _,
                Place {
                    side: Some(side), ..
                },
            ) => self.list_of_class(value, side, place),
            _ => {
                self.misplaced(value);
                Vec::new()
            }
        }
    }

    fn new_value(&mut self, name: &str, fields: &Fields, elements: &[Word], place: Place) -> Word {
        let Some(class) = self.class_named(name) else {
            return self.nil();
        };
        let object = self.instance(class, elements.len());
        let first = self.shapes.of(instance_side(class)).fields;
        for (index, &element) in (first..).zip(elements) {
            self.put(object, index, element);
        }
        self.fill(object, instance_side(class), fields, place);
        object.into()
    }

    /// Gives the instance variables of an instance of `side` their values.
    pub fn fill(&mut self, object: ObjectId, side: Side, fields: &Fields, place: Place) {
        let names = super::names::inst_vars(side, self.model, self.shapes);
        for (field, value) in fields {
            let symbol = self.interner.intern(field);
            match names.iter().position(|&name| name == symbol) {
                Some(index) if matches!(self.heap.objects[object].body, Body::Pointers(_)) => {
                    let word = self.value(value, place);
                    self.put(object, index, word);
                }
                _ => {
                    let class = self.interner.text(self.model.classes[side.class].name.name);
                    let message = format!("the class {class} has no instance variable {field}");
                    self.description_error(message, field, "look at the definition of the class");
                }
            }
        }
    }

    /// The class that the description names.
    pub fn class_named(&mut self, name: &str) -> Option<ClassId> {
        let class = self.model.class_named(name, self.interner);
        if class.is_none() {
            let message = format!("the description names a class {name} that no source defines");
            self.description_error(message, name, super::shape::NO_CLASS);
        }
        class
    }

    fn sized(&mut self, class: &str, size: usize) -> Word {
        let class = self.class_named(class);
        class.map_or(self.nil(), |class| self.instance(class, size).into())
    }

    /// Whether an object with so many elements, which the description asks for, can be made; an error if it is the first one that cannot.
    fn is_granted(&mut self, count: usize, value: &Value) -> bool {
        let Some(room) = self.room else {
            return false;
        };
        self.room = room.checked_sub(count);
        if self.room.is_some() {
            return true;
        }
        let (name, first) = self.name_of(value);
        let place = self.reading.place_of_number(count).unwrap_or(first);
        let message = format!(
            "{name} makes {count} elements: with these there are more than the description may ask for"
        );
        let error = Diagnostic::error("I008", message).primary(place, "");
        self.diagnostics
            .push(error.hint("all its values together have at most 16777216 elements"));
        false
    }

    fn class_value(&mut self, name: &str, meta: bool) -> Word {
        match self.class_named(name) {
            Some(class) => self.class_word(Side { class, meta }),
            None => self.nil(),
        }
    }
}
