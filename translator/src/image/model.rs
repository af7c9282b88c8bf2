//! The classes that the sources define, with their methods.
//!
//! In: the sources in order. Out: a [`Model`]: classes with superclass, variables and methods of both sides, superclasses before their subclasses.
//! Holds: the hierarchy has no cycle; names of classes are unique; what replaced what without being asked to has been reported.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use super::sources::Source;
use crate::base::{Diagnostic, Diagnostics, Interner, PrimaryMap, Span, Symbol};
use crate::entity;
use crate::syntax::ast::{Method, Name};
use crate::tonel::{ClassDefinition, DefinitionKind, MethodChunk, Slot, SourceText};

entity!(
    /// A class; its metaclass has the same number.
    ClassId,
    "class"
);

/// A class or a metaclass.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Side {
    /// The class.
    pub class: ClassId,
    /// Whether its metaclass is meant.
    pub meta: bool,
}

/// A class or a trait.
#[derive(Debug)]
pub struct Class {
    /// Its name and where it is defined.
    pub name: Name,
    /// What the source says about its superclass.
    pub superclass_name: Option<Name>,
    /// The superclass.
    pub superclass: Option<ClassId>,
    /// The layout that the source names.
    pub layout: Option<Name>,
    /// The instance variables that it adds.
    pub inst_vars: Vec<Name>,
    /// Those of its metaclass.
    pub class_inst_vars: Vec<Name>,
    /// Class variables.
    pub class_vars: Vec<Name>,
    /// Pools.
    pub pools: Vec<Name>,
    /// Package.
    pub package: Symbol,
    /// Category.
    pub category: Option<Symbol>,
    /// Tag.
    pub tag: Option<Symbol>,
    /// Comment.
    pub comment: Option<Box<str>>,
    /// Trait composition of the class and of its metaclass.
    pub traits: [Option<SourceText>; 2],
    /// Methods of the class and of its metaclass.
    pub methods: [Methods; 2],
}

/// The methods of one side of a class.
#[derive(Default, Debug)]
pub struct Methods {
    all: Vec<MethodSource>,
    by_selector: FxHashMap<Symbol, usize>,
}

/// A method.
#[derive(Clone, Debug)]
pub struct MethodSource {
    /// Its tree.
    pub method: Method,
    /// Its source: the pattern, and what stands behind it.
    pub text: [TextPart; 2],
    /// Its protocol.
    pub category: Option<Symbol>,
    /// The package it stands in.
    pub package: Symbol,
}

/// A part of a method's source.
#[derive(Clone, Debug)]
pub enum TextPart {
    /// It stands in a file.
    Written(Span),
    /// It stands nowhere: a composition of traits gives the method another name, or another body.
    Made(Box<str>),
}

/// All classes.
#[derive(Debug)]
pub struct Model {
    /// In the order of the sources.
    pub classes: PrimaryMap<ClassId, Class>,
    /// By name.
    pub by_name: FxHashMap<Symbol, ClassId>,
    /// Superclasses before subclasses, else in the order of the sources.
    pub order: Vec<ClassId>,
    /// Traits by name.
    pub traits: FxHashMap<Symbol, Class>,
}

impl Side {
    /// The index of the side's methods.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.meta)
    }
}

impl Methods {
    /// The method with this selector.
    #[must_use]
    pub fn get(&self, selector: Symbol) -> Option<&MethodSource> {
        self.by_selector
            .get(&selector)
            .map(|&index| &self.all[index])
    }

    /// Adds a method; answers the one that it replaces.
    pub fn put(&mut self, method: MethodSource) -> Option<MethodSource> {
        let selector = method.method.selector;
        if let Some(&index) = self.by_selector.get(&selector) {
            return Some(std::mem::replace(&mut self.all[index], method));
        }
        self.by_selector.insert(selector, self.all.len());
        self.all.push(method);
        None
    }

    /// All, in the order of the sources.
    pub fn iter(&self) -> std::slice::Iter<'_, MethodSource> {
        self.all.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

/// Puts the sources together. The model has the classes that could be made; the rest is reported.
pub fn build(sources: Vec<Source>, interner: &Interner, diagnostics: &mut Diagnostics) -> Model {
    let mut builder = Builder {
        model: Model {
            classes: PrimaryMap::new(),
            by_name: FxHashMap::default(),
            order: Vec::new(),
            traits: FxHashMap::default(),
        },
        interner,
        diagnostics,
    };
    let mut bodies = Vec::new();
    for source in sources {
        let Source {
            mut definition,
            package,
            overlay,
        } = source;
        let methods = std::mem::take(&mut definition.methods);
        let name = definition.name;
        match definition.kind {
            DefinitionKind::Class => builder.define_class(definition, package, overlay),
            DefinitionKind::Trait => builder.define_trait(definition, package, overlay),
            DefinitionKind::Extension => {}
        }
        bodies.push((name, methods, package, overlay));
    }
    for (name, methods, package, overlay) in bodies {
        builder.add_methods(name, methods, package, overlay);
    }
    builder.resolve_superclasses();
    builder.break_cycles();
    builder.sort();
    builder.model
}

struct Builder<'a> {
    model: Model,
    interner: &'a Interner,
    diagnostics: &'a mut Diagnostics,
}

impl Builder<'_> {
    fn define_class(&mut self, definition: ClassDefinition, package: Symbol, overlay: bool) {
        let class = class_from(definition, package);
        if let Some(first) = self.model.traits.get(&class.name.name) {
            self.report_kinds(class.name, first.name);
            return;
        }
        match self.model.by_name.get(&class.name.name) {
            None => {
                let name = class.name.name;
                let id = self.model.classes.push(class);
                self.model.by_name.insert(name, id);
            }
            Some(&id) if overlay => self.model.classes[id] = class,
            Some(&id) => self.report_double(class.name, self.model.classes[id].name),
        }
    }

    fn define_trait(&mut self, definition: ClassDefinition, package: Symbol, overlay: bool) {
        let class = class_from(definition, package);
        if let Some(&first) = self.model.by_name.get(&class.name.name) {
            self.report_kinds(class.name, self.model.classes[first].name);
            return;
        }
        match self.model.traits.get(&class.name.name) {
            Some(first) if !overlay => self.report_double(class.name, first.name),
            _ => drop(self.model.traits.insert(class.name.name, class)),
        }
    }

    fn report_kinds(&mut self, again: Name, first: Name) {
        let name = self.interner.text(again.name);
        let error = Diagnostic::error("I003", format!("{name} is both a class and a trait"))
            .primary(again.span, "again here")
            .secondary(first.span, "first here");
        self.diagnostics.push(error.hint("rename one of them"));
    }

    fn report_double(&mut self, again: Name, first: Name) {
        let name = self.interner.text(again.name);
        let error = Diagnostic::error("I003", format!("{name} is defined twice"))
            .primary(again.span, "again here")
            .secondary(first.span, "first here");
        self.diagnostics.push(
            error.hint(
                "a group of sources with `overlay: true` may replace what is defined before it",
            ),
        );
    }

    fn add_methods(
        &mut self,
        class: Name,
        methods: Vec<MethodChunk>,
        package: Symbol,
        overlay: bool,
    ) {
        let known = match self.model.by_name.get(&class.name) {
            Some(&id) => Some(&mut self.model.classes[id]),
            None => self.model.traits.get_mut(&class.name),
        };
        let name = self.interner.text(class.name);
        let Some(known) = known else {
            let message = format!("{name} is extended but nobody defines it");
            let warning = Diagnostic::warning("I004", message);
            let warning = warning.primary(class.span, "its methods are left out");
            self.diagnostics
                .push(warning.hint("add the package that defines it to `sources`"));
            return;
        };
        for chunk in methods {
            let (place, side) = (chunk.method.pattern_span, usize::from(chunk.class_side));
            let added = MethodSource {
                category: chunk.category.map(|category| category.name),
                method: chunk.method,
                text: [place, chunk.body_span].map(TextPart::Written),
                package,
            };
            let replaced = known.methods[side].put(added);
            // Within one file the reader has told it.
            let is_told = |first: &MethodSource| first.method.pattern_span.file == place.file;
            let Some(replaced) = replaced.filter(|first| !overlay && !is_told(first)) else {
                continue;
            };
            let selector = self.interner.text(chunk.selector);
            let message = format!("{name}>>{selector} is defined twice; the last one counts");
            let warning = Diagnostic::warning("I005", message).primary(place, "again here");
            let warning = warning.secondary(replaced.method.pattern_span, "first here");
            self.diagnostics.push(
                warning.hint(
                    "a group of sources with `overlay: true` replaces methods without a word",
                ),
            );
        }
    }

    fn resolve_superclasses(&mut self) {
        let ids: Vec<_> = self.model.classes.keys().collect();
        for id in ids {
            let Some(name) = self.model.classes[id].superclass_name else {
                continue;
            };
            match self.model.by_name.get(&name.name) {
                Some(&superclass) => self.model.classes[id].superclass = Some(superclass),
                None => {
                    let message = format!(
                        "the superclass {} of {} is not defined",
                        self.interner.text(name.name),
                        self.interner.text(self.model.classes[id].name.name)
                    );
                    let error = Diagnostic::error("I006", message).primary(name.span, "");
                    self.diagnostics
                        .push(error.hint("add the package that defines it to `sources`"));
                }
            }
        }
    }

    /// Reports each class that inherits from itself and makes it a root.
    fn break_cycles(&mut self) {
        let ids: Vec<_> = self.model.classes.keys().collect();
        for id in ids {
            let mut seen = BTreeSet::from([id]);
            let mut next = self.model.classes[id].superclass;
            while let Some(superclass) = next {
                if superclass == id {
                    let class = &mut self.model.classes[id];
                    class.superclass = None;
                    let name = self.interner.text(class.name.name);
                    let place = class
                        .superclass_name
                        .map_or(class.name.span, |name| name.span);
                    let error = Diagnostic::error("I007", format!("{name} inherits from itself"));
                    let error = error.primary(place, "");
                    self.diagnostics
                        .push(error.hint("name a superclass that is no subclass of this class"));
                    break;
                }
                if !seen.insert(superclass) {
                    break;
                }
                next = self.model.classes[superclass].superclass;
            }
        }
    }

    fn sort(&mut self) {
        let mut placed: BTreeSet<ClassId> = BTreeSet::new();
        for id in self.model.classes.keys() {
            let mut way = Vec::new();
            let mut next = Some(id);
            while let Some(class) = next.filter(|class| !placed.contains(class)) {
                way.push(class);
                next = self.model.classes[class].superclass;
            }
            placed.extend(&way);
            self.model.order.extend(way.into_iter().rev());
        }
    }
}

fn class_from(definition: ClassDefinition, package: Symbol) -> Class {
    let names = |slots: Vec<Slot>| slots.into_iter().map(|slot| slot.name).collect();
    let symbol = |name: Option<Name>| name.map(|name| name.name);
    Class {
        name: definition.name,
        superclass_name: definition.superclass,
        superclass: None,
        layout: definition.layout,
        inst_vars: names(definition.inst_vars),
        class_inst_vars: names(definition.class_inst_vars),
        class_vars: names(definition.class_vars),
        pools: definition.pools,
        package,
        category: symbol(definition.category),
        tag: symbol(definition.tag),
        comment: definition.comment.map(|comment| comment.text),
        traits: [definition.traits, definition.class_traits],
        methods: Default::default(),
    }
}

impl Model {
    /// The class with this name.
    #[must_use]
    pub fn class_named(&self, name: &str, interner: &Interner) -> Option<ClassId> {
        self.by_name.get(&interner.lookup(name)?).copied()
    }

    /// The class and its superclasses.
    pub fn with_superclasses(&self, class: ClassId) -> impl Iterator<Item = ClassId> {
        std::iter::successors(Some(class), |&class| self.classes[class].superclass)
    }

    /// All instance variables of the instances of a class, inherited ones first.
    #[must_use]
    pub fn all_inst_vars(&self, class: ClassId) -> Vec<Name> {
        self.inherited(class, |class| &class.inst_vars)
    }

    /// What the class and its superclasses add, root first.
    pub(super) fn inherited(
        &self,
        class: ClassId,
        list: impl Fn(&Class) -> &Vec<Name>,
    ) -> Vec<Name> {
        let mut chain: Vec<_> = self.with_superclasses(class).collect();
        chain.reverse();
        let lists = chain.iter().map(|&class| list(&self.classes[class]));
        lists.flatten().copied().collect()
    }

    /// Where a class is defined.
    #[must_use]
    pub fn place(&self, class: ClassId) -> Span {
        self.classes[class].name.span
    }

    /// How many methods there are.
    #[must_use]
    pub fn method_count(&self) -> usize {
        let sides = self.classes.values().flat_map(|class| &class.methods);
        sides.map(Methods::len).sum()
    }
}
