//! Resolution: class definitions and the build description become one model of the program.
//!
//! In: the packages in layer order, each with its parsed class definitions. Out: the [`World`]: classes with their kinds, hierarchy, fields and methods,
//! signatures and pragmas read, types named in them resolved. What holds afterwards: superclass chains end, every class has a kind, every
//! [`Type`](crate::typed::Type) in the model is known, and whatever was wrong has been reported.

pub mod codes;
mod fields;
mod hierarchy;
mod methods;
mod model;
mod pragmas;
mod shadowing;
mod types;

pub use model::*;
pub use types::describe_type;
pub(crate) use types::{differ_little, integer_type};

use crate::base::{Diagnostic, Diagnostics, Interner, Span};
use crate::tonel::definition::ClassDefinition;
use crate::typed::{ClassId, ClassKind, FunctionType, Type};

/// A package and its classes.
#[derive(Debug)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Whether raw conversions are allowed in it.
    pub raw: bool,
    /// Whether it holds test classes.
    pub tests: bool,
    /// Whether other programs use it, too.
    pub library: bool,
    /// What its files define.
    pub definitions: Vec<ClassDefinition>,
}

/// What is resolved.
#[derive(Debug, Default)]
pub struct Input {
    /// The packages in layer order, test packages last.
    pub packages: Vec<Package>,
    /// Abstract component and the class that stands for it, with the place in the build description.
    pub components: Vec<(String, String, Span)>,
    /// `Class>>selector`, with its place.
    pub entry: Option<(String, Span)>,
}

/// Resolves the program.
pub fn resolve(input: Input, interner: &mut Interner, diagnostics: &mut Diagnostics) -> World {
    let mut resolver = Resolver {
        world: World::default(),
        interner,
        diagnostics,
    };
    resolver.world.function_types.intern(FunctionType {
        params: Vec::new(),
        result: Type::Void,
    });
    resolver.collect_classes(input.packages);
    resolver.read_representations();
    resolver.read_fields();
    resolver.collect_methods();
    resolver.refuse_shadowing();
    resolver.inherit_signatures();
    resolver.map_components(&input.components);
    if let Some((entry, span)) = &input.entry {
        resolver.find_entry(entry, *span);
    }
    resolver.world
}

/// The state of resolution.
struct Resolver<'a> {
    world: World,
    interner: &'a mut Interner,
    diagnostics: &'a mut Diagnostics,
}

impl Resolver<'_> {
    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Whether classes are missing because of errors that were reported: what names them says nothing new.
    fn lost_classes(&self) -> bool {
        let causes = [
            codes::DUPLICATE_CLASS,
            codes::UNKNOWN_SUPERCLASS,
            codes::CYCLIC_HIERARCHY,
        ];
        self.diagnostics
            .iter()
            .any(|diagnostic| causes.contains(&diagnostic.code))
    }

    /// The build description's map of abstract components to concrete ones.
    fn map_components(&mut self, components: &[(String, String, Span)]) {
        for (named, concrete, span) in components {
            let find = |name: &String| {
                let symbol = self.interner.lookup(name)?;
                self.world.class_names.get(&symbol).copied()
            };
            let (Some(named_class), Some(concrete_class)) = (find(named), find(concrete)) else {
                if self.lost_classes() {
                    continue;
                }
                self.report(
                    Diagnostic::error(
                        codes::BAD_COMPONENT_MAP,
                        format!("the map {named} to {concrete} names a class that does not exist"),
                    )
                    .primary(*span, "")
                    .hint("components maps names of classes: { \"Abstract\": \"Concrete\" }"),
                );
                continue;
            };
            if !self.world.inherits(concrete_class, named_class) {
                let places = (
                    self.world.classes[named_class].span,
                    self.world.classes[concrete_class].span,
                );
                self.report(
                    Diagnostic::error(
                        codes::BAD_COMPONENT_MAP,
                        format!("{concrete} cannot stand for {named}: it does not inherit from it"),
                    )
                    .primary(*span, "")
                    .secondary(places.0, "the abstract component")
                    .secondary(places.1, "not below it")
                    .hint(format!(
                        "let {concrete} inherit from {named}, or name one of its subclasses"
                    )),
                );
                continue;
            }
            self.world.classes[named_class].concrete = concrete_class;
        }
    }

    /// Whether a method may be the first one: the program calls it with the address of its stack.
    fn can_be_entered(&self, class: ClassId, method: SourceId) -> bool {
        let takes = match self.world.tree(method).params.len() {
            0 => true,
            1 => {
                let address = self.world.address.map(Type::Word);
                let address = address.map(DeclaredType::Value);
                let signature = self.world.methods[method].signature.as_ref();
                // A missing signature is told where the method is typed.
                signature.is_none_or(|signature| signature.params.first() == address.as_ref())
            }
            _ => false,
        };
        takes && self.world.classes[class].kind == ClassKind::Component
    }

    fn find_entry(&mut self, entry: &str, span: Span) {
        let found = entry.split_once(">>").and_then(|(class, selector)| {
            let class = self.interner.lookup(class.trim())?;
            let class = *self.world.class_names.get(&class)?;
            let selector = self.interner.lookup(selector.trim())?;
            let method = self.world.lookup(class, false, selector)?;
            Some((class, method))
        });
        let class = entry.split(">>").next().unwrap_or_default();
        let class = self.interner.lookup(class.trim());
        let is_lost = !class.is_some_and(|class| self.world.class_names.contains_key(&class));
        match found {
            Some((class, method)) if self.can_be_entered(class, method) => {
                self.world.entry = Some((class, method));
            }
            Some((_, method)) => self.report(
                Diagnostic::error(
                    codes::BAD_ENTRY,
                    format!("the entry {entry} is no method of a component that takes the stack's address, or nothing"),
                )
                .primary(span, "")
                .secondary(self.world.methods[method].span, "this one")
                .hint("name a method with the signature #(#Address), or without arguments"),
            ),
            None if is_lost && self.lost_classes() => {}
            None => self.report(
                Diagnostic::error(
                    codes::BAD_ENTRY,
                    format!("the entry {entry} is not a method of the program"),
                )
                .primary(span, "")
                .hint("write entry: \"ClassOfAComponent>>selector:\""),
            ),
        }
    }
}
