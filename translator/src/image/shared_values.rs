//! Objects of which there is one: bindings, the description's shared objects and globals, and the arrays for the boot method.

use super::compile::BindingId;
use super::description::Value;
use super::heap::{Body, Word};
use super::model::{ClassId, Side};
use super::names::{Binding, BindingKind};
use super::values::{Place, Variable};
use super::world::{OnceKey, World, instance_side};
use crate::base::Symbol;

/// What to do about a global that is not there.
const NO_GLOBAL: &str = "add it to `globals`, or the class to the sources";

impl World<'_> {
    /// Makes a value the first time, and answers the same one afterwards.
    pub(super) fn once(
        &mut self,
        key: OnceKey,
        name: &str,
        make: impl FnOnce(&mut Self) -> Word,
    ) -> Word {
        match self.once.get(&key) {
            Some(Some(word)) => return *word,
            Some(None) => {
                self.description_error(
                    format!("{name} is part of itself"),
                    name,
                    "leave one of the references out and set it in the boot method",
                );
                return self.nil();
            }
            None => {}
        }
        self.once.insert(key.clone(), None);
        let word = make(self);
        self.once.insert(key, Some(word));
        word
    }

    pub(super) fn shared_value(&mut self, name: &str) -> Word {
        let Some(value) = self.reading.description.objects.get(name) else {
            self.description_error(
                format!("`objects` has no {name}"),
                name,
                "add it there, or name one that it has",
            );
            return self.nil();
        };
        let key = OnceKey::Shared(name.to_owned());
        self.once(key, name, |world| world.value(value, Place::default()))
    }

    pub(super) fn global_value(&mut self, name: &str) -> Word {
        if let Some(class) = self.model.class_named(name, self.interner) {
            return self.class_word(instance_side(class));
        }
        let Some(value) = self.reading.description.globals.get(name) else {
            self.description_error(format!("there is no global {name}"), name, NO_GLOBAL);
            return self.nil();
        };
        let key = OnceKey::Global(name.to_owned());
        self.once(key, name, |world| world.value(value, Place::default()))
    }

    pub(super) fn global_binding(&mut self, name: &str) -> Word {
        let symbol = self.interner.intern(name);
        match self.names.global(symbol) {
            Some(binding) => self.binding(binding),
            None => {
                self.description_error(format!("there is no global {name}"), name, NO_GLOBAL);
                self.nil()
            }
        }
    }

    /// The object of a binding.
    pub fn binding(&mut self, binding: BindingId) -> Word {
        let info = self.names.bindings[binding];
        let name = self.interner.text(info.name).to_owned();
        self.once(OnceKey::Binding(binding), &name, |world| {
            world.new_binding(info, &name)
        })
    }

    fn new_binding(&mut self, info: Binding, name: &str) -> Word {
        let shapes = &self.reading.description.bindings;
        let (side, value, shape) = match info.kind {
            BindingKind::Class(class) => {
                let side = instance_side(class);
                (Some(side), self.class_word(side), &shapes.global)
            }
            BindingKind::Global => (None, self.global_value(name), &shapes.global),
            BindingKind::ClassVariable(class) => {
                let shape = shapes.class_variable.as_ref().unwrap_or(&shapes.global);
                (Some(instance_side(class)), self.nil(), shape)
            }
        };
        self.binding_object(shape, side, Some(info.name), value)
    }

    fn binding_object(
        &mut self,
        shape: &Value,
        side: Option<Side>,
        name: Option<Symbol>,
        value: Word,
    ) -> Word {
        let variable = Some(Variable {
            name,
            value: Some(value),
            index: None,
        });
        let place = Place {
            side,
            variable,
            ..Place::default()
        };
        self.value(shape, place)
    }

    /// The binding of a name that nobody declares.
    pub fn undeclared_binding(&mut self, name: Symbol) -> Word {
        if let Some(&word) = self.undeclared.get(&name) {
            return word;
        }
        let shapes = &self.reading.description.bindings;
        let shape = shapes.undeclared.as_ref().unwrap_or(&shapes.global);
        let word = self.binding_object(shape, None, Some(name), self.nil());
        self.undeclared.insert(name, word);
        word
    }

    /// The binding that methods of a side have as last literal.
    pub fn method_class_binding(&mut self, side: Side) -> Word {
        if !side.meta
            && let Some(binding) = self.names.global(self.model.classes[side.class].name.name)
        {
            return self.binding(binding);
        }
        if let Some(&word) = self.method_class_bindings.get(&side) {
            return word;
        }
        let shapes = &self.reading.description.bindings;
        let shape = shapes.method_class.as_ref().unwrap_or(&shapes.global);
        let value = self.class_word(side);
        let word = self.binding_object(shape, Some(side), None, value);
        self.method_class_bindings.insert(side, word);
        word
    }

    pub(super) fn special_selectors(&mut self) -> Word {
        let names = self.target.options.special_selectors.clone();
        let mut elements = Vec::new();
        for name in names {
            elements.push(match name.is_empty() {
                true => self.nil(),
                false => self.symbol_named(&name).into(),
            });
            elements.push(Word::count(crate::syntax::ast::argument_count(&name)));
        }
        self.array(elements).into()
    }

    /// Fills the arrays whose elements are all there only now, also those that come with the others. Symbols come last, as the others may make some.
    pub fn finish_deferred(&mut self) {
        let rank = |value: &Value| match value {
            Value::Symbols => 2,
            Value::Undeclared => 1,
            _ => 0,
        };
        while let Some(first) = self.deferred.iter().map(|(_, value)| rank(value)).min() {
            let deferred = std::mem::take(&mut self.deferred);
            for (array, value) in deferred {
                if rank(&value) > first {
                    self.deferred.push((array, value));
                    continue;
                }
                let elements = self.deferred_elements(&value);
                self.heap.objects[array].body = Body::Pointers(elements);
            }
        }
    }

    fn deferred_elements(&mut self, value: &Value) -> Vec<Word> {
        let model = self.model;
        match value {
            Value::Symbols => self
                .symbol_order
                .iter()
                .map(|&symbol| symbol.into())
                .collect(),
            Value::Undeclared => self.undeclared.values().copied().collect(),
            Value::Globals => {
                let bindings = self.names.bindings.iter();
                let is_global = |kind| !matches!(kind, BindingKind::ClassVariable(_));
                let globals: Vec<_> = bindings
                    .filter(|(_, binding)| is_global(binding.kind))
                    .map(|(binding, _)| binding)
                    .collect();
                globals
                    .into_iter()
                    .map(|binding| self.binding(binding))
                    .collect()
            }
            Value::Classes => model
                .order
                .iter()
                .map(|&class| self.class_word(instance_side(class)))
                .collect(),
            Value::ClassVariables => self.pairs(Self::class_variable_bindings),
            _ => self.pairs(Self::pool_bindings),
        }
    }

    /// An array `{ class. { element. … } }` for each class that has elements.
    fn pairs(&mut self, elements: impl Fn(&mut Self, ClassId) -> Vec<Word>) -> Vec<Word> {
        let mut pairs = Vec::new();
        for &class in &self.model.order {
            let elements = elements(self, class);
            if !elements.is_empty() {
                let elements = self.array(elements);
                let class = self.class_word(instance_side(class));
                pairs.push(self.array(vec![class, elements.into()]).into());
            }
        }
        pairs
    }

    /// Fills the special objects array.
    pub fn fill_special_objects(&mut self) {
        let description = self.reading.description;
        let size = description.special_objects_size;
        for (&index, value) in &description.special_objects {
            if index >= size {
                let message = format!("special object {index}: there are only {size}");
                self.description_error(message, "special_objects", "raise special_objects_size");
            }
            let word = self.value(value, Place::default());
            self.put(self.special_objects, index, word);
        }
    }
}
