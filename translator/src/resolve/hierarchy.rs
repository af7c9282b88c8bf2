//! Classes, superclasses and kinds.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{ClassInfo, Package, PackageId, PackageInfo, Resolver, codes};
use crate::base::{Diagnostic, Span, Symbol};
use crate::tonel::definition::{ClassDefinition, DefinitionKind};
use crate::typed::{ClassId, ClassKind};

/// Roots of the kinds; `VMCount` and `VMTestCase` are found by their superclass.
const ROOTS: [(&str, ClassKind); 4] = [
    ("VMComponent", ClassKind::Component),
    ("VMStruct", ClassKind::Struct),
    ("VMWord", ClassKind::Word),
    ("VMConstants", ClassKind::Constants),
];

/// Classes of the image that a definition may have as superclass. What descends from them exists only in the image; the translator passes over it.
const IMAGE_CLASSES: [&str; 24] = [
    "Object",
    "ProtoObject",
    "Slot",
    "IndexedSlot",
    "InstanceVariableSlot",
    "AbstractInitializedSlot",
    "Integer",
    "SmallInteger",
    "LargeInteger",
    "LargePositiveInteger",
    "LargeNegativeInteger",
    "Number",
    "Magnitude",
    "Float",
    "Boolean",
    "True",
    "False",
    "String",
    "Symbol",
    "ByteArray",
    "BlockClosure",
    "Error",
    "TestCase",
    "Class",
];

/// A class before its kind is known.
struct Candidate {
    definition: usize,
    package: PackageId,
    /// Told from the roots, once visited.
    class: Option<ClassId>,
}

/// The walk up the superclass chains.
struct Walk {
    candidates: FxHashMap<Symbol, Candidate>,
    active: FxHashSet<Symbol>,
    /// Classes that only the image has, and those that were reported.
    passed: FxHashSet<Symbol>,
}

impl Resolver<'_> {
    /// Registers every class definition and tells its kind.
    pub(super) fn collect_classes(&mut self, packages: Vec<Package>) {
        let mut walk = Walk {
            candidates: FxHashMap::default(),
            active: FxHashSet::default(),
            passed: FxHashSet::default(),
        };
        let mut order = Vec::new();
        for package in packages {
            let id = self.world.packages.push(PackageInfo {
                name: package.name,
                raw: package.raw,
                library: package.library,
                tests: package.tests,
            });
            for definition in package.definitions {
                if let Some(name) = self.register(&mut walk, id, definition) {
                    order.push(name);
                }
            }
        }
        for name in order {
            self.place(&mut walk, name);
        }
        self.check_extended_classes(&walk);
    }

    /// Keeps a definition; the name of the class if it defines one for the first time.
    fn register(
        &mut self,
        walk: &mut Walk,
        package: PackageId,
        definition: ClassDefinition,
    ) -> Option<Symbol> {
        self.refuse_parts(&definition);
        let number = self.world.definitions.len();
        let (kind, name) = (definition.kind, definition.name);
        self.world.definitions.push(definition);
        self.world.definition_packages.push(package);
        if kind != DefinitionKind::Class {
            return None;
        }
        let text = self.interner.text(name.name);
        if super::types::builtin_type(text).is_some() {
            let message = format!("{text} is a type of the language");
            let error = Diagnostic::error(codes::DUPLICATE_CLASS, message);
            let hint = "give the class another name";
            self.report(error.primary(name.span, "defined again here").hint(hint));
        }
        if let Some(earlier) = walk.candidates.get(&name.name) {
            let span = self.world.definitions[earlier.definition].name.span;
            let text = self.interner.text(name.name).to_owned();
            self.report(
                Diagnostic::error(codes::DUPLICATE_CLASS, format!("{text} is defined twice"))
                    .primary(name.span, "defined again here")
                    .secondary(span, "defined here")
                    .hint("remove or rename one of them; methods are added to a class of another package by an extension"),
            );
            return None;
        }
        walk.candidates.insert(
            name.name,
            Candidate {
                definition: number,
                package,
                class: None,
            },
        );
        Some(name.name)
    }

    /// Reports what Tonel has and Slang has not.
    fn refuse_parts(&mut self, definition: &ClassDefinition) {
        let mut refused = Vec::new();
        if definition.kind == DefinitionKind::Trait {
            refused.push((definition.name.span, "a trait"));
        }
        let slots = |slots: &[crate::tonel::definition::Slot]| slots.first().map(|s| s.name.span);
        refused.extend(slots(&definition.class_vars).map(|span| (span, "a class variable")));
        refused.extend(
            slots(&definition.class_inst_vars).map(|span| (span, "state on the class side")),
        );
        refused.extend(definition.pools.first().map(|pool| (pool.span, "a pool")));
        let traits = [&definition.traits, &definition.class_traits];
        refused.extend(
            traits
                .into_iter()
                .flatten()
                .map(|text| (text.span, "a trait")),
        );
        for (span, what) in refused {
            self.report(
                Diagnostic::error(
                    codes::REFUSED_DEFINITION,
                    format!("{what} has no place in Slang"),
                )
                .primary(span, "")
                .hint("constants stand in a VMConstants class, state in a component"),
            );
        }
    }

    /// Gives a class its number, after its superclass.
    fn place(&mut self, walk: &mut Walk, name: Symbol) -> Option<ClassId> {
        if walk.passed.contains(&name) {
            return None;
        }
        let candidate = walk.candidates.get(&name)?;
        if candidate.class.is_some() {
            return candidate.class;
        }
        let (number, package) = (candidate.definition, candidate.package);
        let definition = &self.world.definitions[number];
        let (span, superclass) = (definition.name.span, definition.superclass);
        let text = self.interner.text(name).to_owned();
        if let Some(&(_, kind)) = ROOTS.iter().find(|(root, _)| *root == text) {
            return Some(self.add_class(walk, name, package, None, kind, span));
        }
        if !walk.active.insert(name) {
            let mut error = Diagnostic::error(
                codes::CYCLIC_HIERARCHY,
                format!("{text} is its own superclass"),
            )
            .primary(span, "");
            for (class, above) in self.circle(walk, name) {
                error = error.secondary(above, format!("the superclass of {class}"));
            }
            self.report(error.hint("give one class of the circle a superclass outside of it"));
            walk.passed.insert(name);
            return None;
        }
        let parent = superclass.and_then(|superclass| self.place(walk, superclass.name));
        walk.active.remove(&name);
        let Some(parent) = parent else {
            self.pass_over(
                walk,
                name,
                superclass.map(|parent| (parent.name, parent.span)),
            );
            return None;
        };
        let above = self.world.classes[parent].package;
        if above > package {
            let parent_text = self.interner.text(self.world.classes[parent].name);
            let message = format!(
                "{text} in {} inherits from {parent_text} in the higher package {}",
                self.world.packages[package].name, self.world.packages[above].name
            );
            self.report(
                Diagnostic::error(codes::LAYER, message)
                    .primary(superclass.map_or(span, |name| name.span), "")
                    .secondary(self.world.classes[parent].span, "defined here")
                    .hint("move the superclass down, or this class up; packages that need each other are one"),
            );
        }
        let kind = self.world.classes[parent].kind;
        Some(self.add_class(walk, name, package, Some(parent), kind, span))
    }

    /// The classes of a circle from one of them on, each with the place that names its superclass.
    fn circle(&self, walk: &Walk, name: Symbol) -> Vec<(String, Span)> {
        let mut found = Vec::new();
        let mut at = name;
        while let Some(candidate) = walk.candidates.get(&at)
            && let Some(above) = self.world.definitions[candidate.definition].superclass
        {
            found.push((self.interner.text(at).to_owned(), above.span));
            at = above.name;
            if at == name {
                break;
            }
        }
        found
    }

    fn add_class(
        &mut self,
        walk: &mut Walk,
        name: Symbol,
        package: PackageId,
        superclass: Option<ClassId>,
        kind: ClassKind,
        span: Span,
    ) -> ClassId {
        let text = self.interner.text(name);
        let above = superclass.map(|class| &self.world.classes[class]);
        let is_count_root = text == "VMCount" && kind == ClassKind::Word;
        let info = ClassInfo {
            name,
            package,
            superclass,
            kind,
            is_root: superclass.is_none() || is_count_root,
            is_count: is_count_root || above.is_some_and(|class| class.is_count),
            is_test: (text == "VMTestCase" && kind == ClassKind::Component)
                || above.is_some_and(|class| class.is_test),
            has_subclasses: false,
            bits: None,
            fields: Vec::new(),
            methods: Default::default(),
            concrete: self.world.classes.next_key(),
            span,
        };
        let id = self.world.classes.push(info);
        if let Some(parent) = superclass {
            self.world.classes[parent].has_subclasses = true;
        }
        match text {
            "Oop" if kind == ClassKind::Word => self.world.oop = Some(id),
            "Address" if kind == ClassKind::Word => self.world.address = Some(id),
            _ => {}
        }
        self.world.class_names.insert(name, id);
        if let Some(candidate) = walk.candidates.get_mut(&name) {
            candidate.class = Some(id);
        }
        id
    }

    /// A class that is below no root: one of the image, or a mistake.
    fn pass_over(&mut self, walk: &mut Walk, name: Symbol, superclass: Option<(Symbol, Span)>) {
        let first = walk.passed.insert(name);
        let Some((parent, span)) = superclass else {
            return;
        };
        let parent_text = self.interner.text(parent);
        if !first || walk.passed.contains(&parent) || IMAGE_CLASSES.contains(&parent_text) {
            return;
        }
        let message = format!(
            "{} has the unknown superclass {parent_text}",
            self.interner.text(name)
        );
        self.report(
            Diagnostic::error(codes::UNKNOWN_SUPERCLASS, message)
                .primary(span, "")
                .hint("a class of the VM descends from VMComponent, VMStruct, VMWord, VMCount or VMConstants"),
        );
    }

    fn check_extended_classes(&mut self, walk: &Walk) {
        for number in 0..self.world.definitions.len() {
            let definition = &self.world.definitions[number];
            if definition.kind != DefinitionKind::Extension {
                continue;
            }
            let (name, slots) = (definition.name, !definition.inst_vars.is_empty());
            let text = self.interner.text(name.name).to_owned();
            let known = self.world.class_names.contains_key(&name.name)
                || walk.passed.contains(&name.name)
                || IMAGE_CLASSES.contains(&text.as_str());
            if !known {
                self.report(
                    Diagnostic::error(
                        codes::UNKNOWN_EXTENDED_CLASS,
                        format!("the extended class {text} does not exist"),
                    )
                    .primary(name.span, "")
                    .hint("an extension adds methods to a class of a lower package: correct the name, or define the class"),
                );
            } else if slots {
                let class = self.world.class_names.get(&name.name);
                let mut error = Diagnostic::error(
                    codes::UNKNOWN_EXTENDED_CLASS,
                    format!("an extension adds no fields to {text}"),
                )
                .primary(name.span, "");
                if let Some(&class) = class {
                    error = error.secondary(self.world.classes[class].span, "defined here");
                }
                self.report(error.hint("define the fields in the class itself"));
            }
        }
    }
}
