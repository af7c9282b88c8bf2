//! Values of the description that are about a class.

use super::description::{Role, Value};
use super::heap::Word;
use super::model::{ClassId, Model, Side};
use super::values::{Place, Variable};
use super::world::{OnceKey, World, class_side, instance_side};
use crate::base::Symbol;

impl World<'_> {
    /// The object for a value of a class; none if the value is about something else.
    pub(super) fn value_of_class(
        &mut self,
        value: &Value,
        side: Side,
        place: Place,
    ) -> Option<Word> {
        let model = self.model;
        let class = &model.classes[side.class];
        let symbol_or_nil = |world: &mut Self, name: Option<Symbol>| {
            name.map_or(world.nil(), |name| world.symbol(name).into())
        };
        Some(match value {
            Value::This => self.class_word(side),
            Value::ThisClass => self.class_word(instance_side(side.class)),
            Value::Superclass => self.superclass(side),
            Value::MethodDictionary => {
                let dictionary = self.dictionaries[side.class][side.index()];
                dictionary.map_or(self.nil(), Word::Object)
            }
            Value::Format => Word::count(self.shapes.of(side).number()),
            Value::Name => self.symbol(class.name.name).into(),
            Value::Category => symbol_or_nil(self, class.category),
            Value::Package => self.symbol(class.package).into(),
            Value::Tag => symbol_or_nil(self, class.tag),
            Value::Comment => match &class.comment {
                Some(comment) => self.string(comment).into(),
                None => self.nil(),
            },
            Value::TraitComposition => match &class.traits[side.index()] {
                Some(composition) => self.string(&composition.text).into(),
                None => self.nil(),
            },
            Value::OfClass(name) => self.value_per_class(name, side),
            Value::OfSuperclass(name, otherwise) => match self.super_side(side) {
                Some(superside) => self.value_per_class(name, superside),
                None => self.value(otherwise, place),
            },
            Value::ByLayout(values) => {
                let layout = class.layout.filter(|_| !side.meta);
                let layout = layout.map_or("normal", |name| self.interner.text(name.name));
                match values.get(layout).or_else(|| values.get("_")) {
                    Some(value) => self.value(&value.clone(), place),
                    None => self.misplaced(value),
                }
            }
            _ => return None,
        })
    }

    pub(super) fn list_of_class(&mut self, value: &Value, side: Side, place: Place) -> Vec<Word> {
        let model = self.model;
        let class = &model.classes[side.class];
        let own = match side.meta {
            true => &class.class_inst_vars,
            false => &class.inst_vars,
        };
        match value {
            Value::Subclasses => self.subclasses(side),
            Value::InstanceVariableNames => own
                .iter()
                .map(|name| self.symbol(name.name).into())
                .collect(),
            Value::ClassVariableBindings => self.class_variable_bindings(side.class),
            Value::PoolBindings => self.pool_bindings(side.class),
            Value::EachInstanceVariable(value) => {
                let inherited = self.shapes.of(side).fields - own.len();
                let variables = (inherited + 1..).zip(own).map(|(index, name)| Variable {
                    name: Some(name.name),
                    value: None,
                    index: Some(index),
                });
                let places = variables.map(|variable| Place {
                    variable: Some(variable),
                    ..place
                });
                places.map(|place| self.value(value, place)).collect()
            }
            Value::EachProtocol(value) => {
                let protocols = protocols(model, side);
                let protocols = protocols.iter().map(|(name, selectors)| Place {
                    protocol: Some((*name, selectors)),
                    ..place
                });
                protocols.map(|place| self.value(value, place)).collect()
            }
            _ => {
                self.misplaced(value);
                Vec::new()
            }
        }
    }

    /// The superclass of a class; that of the metaclass of a root is the class of classes.
    fn super_side(&self, side: Side) -> Option<Side> {
        match self.model.classes[side.class].superclass {
            Some(class) => Some(Side { class, ..side }),
            None if side.meta => {
                let classes = self.shapes.roles.get(&Role::Class);
                classes.map(|&class| instance_side(class))
            }
            None => None,
        }
    }

    fn superclass(&self, side: Side) -> Word {
        let superside = self.super_side(side);
        superside.map_or(self.nil(), |superside| self.class_word(superside))
    }

    fn subclasses(&self, side: Side) -> Vec<Word> {
        let is_subclass = |class: &&ClassId| {
            self.super_side(Side {
                class: **class,
                ..side
            }) == Some(side)
        };
        let subclasses = self.model.order.iter().filter(is_subclass);
        subclasses
            .map(|&class| self.class_word(Side { class, ..side }))
            .collect()
    }

    /// The bindings of the class variables of a class.
    pub fn class_variable_bindings(&mut self, class: ClassId) -> Vec<Word> {
        let bindings = self.names.class_variables(self.model, class);
        bindings
            .into_iter()
            .map(|binding| self.binding(binding))
            .collect()
    }

    /// The bindings of the pools of a class.
    pub fn pool_bindings(&mut self, class: ClassId) -> Vec<Word> {
        let pools = self.model.classes[class].pools.iter();
        let bindings: Vec<_> = pools
            .filter_map(|pool| self.names.global(pool.name))
            .collect();
        bindings
            .into_iter()
            .map(|binding| self.binding(binding))
            .collect()
    }

    fn value_per_class(&mut self, name: &str, side: Side) -> Word {
        let Some(value) = self.reading.description.per_class.get(name) else {
            self.description_error(
                format!("`per_class` has no {name}"),
                name,
                "add it there, or name one that it has",
            );
            return self.nil();
        };
        let key = OnceKey::OfClass(side, name.to_owned());
        let place = Place {
            side: Some(side),
            ..Place::default()
        };
        self.once(key, name, |world| world.value(value, place))
    }

    /// Fills the class objects.
    pub fn fill_classes(&mut self) {
        let (model, description) = (self.model, self.reading.description);
        let metaclass = self.shapes.roles.get(&Role::Metaclass).copied();
        for &class in &model.order {
            for side in [instance_side(class), class_side(class)] {
                let Some(object) = self.class_objects[class][side.index()] else {
                    continue;
                };
                let place = Place {
                    side: Some(side),
                    ..Place::default()
                };
                // A class is an instance of its metaclass, a metaclass of the class of metaclasses.
                let (of, fields) = match (side.meta, metaclass) {
                    (true, Some(metaclass)) => {
                        (instance_side(metaclass), &description.metaclass_object)
                    }
                    _ => (class_side(class), &description.class_object),
                };
                self.fill(object, of, fields, place);
            }
        }
    }
}

/// The protocols of a side in the order of their names, each with its selectors. Methods without one have the protocol of no name, which is left out.
fn protocols(model: &Model, side: Side) -> Vec<(Symbol, Vec<Symbol>)> {
    let mut protocols: Vec<(Symbol, Vec<Symbol>)> = Vec::new();
    for method in model.classes[side.class].methods[side.index()].iter() {
        let Some(category) = method.category else {
            continue;
        };
        let selector = method.method.selector;
        match protocols.iter_mut().find(|(name, _)| *name == category) {
            Some((_, selectors)) => selectors.push(selector),
            None => protocols.push((category, vec![selector])),
        }
    }
    protocols
}
