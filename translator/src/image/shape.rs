//! The form of instances, and the places of classes in the class table.
//!
//! In: the model and the description. Out: for each class and metaclass format, number of named fields and class index.

use rustc_hash::FxHashMap;

use super::description::Role;
use super::heap::format;
use super::model::{ClassId, Model, Side};
use super::sources::Reading;
use crate::base::{Diagnostic, Diagnostics, Interner, SecondaryMap, Span};

/// The first index of classes that the VM does not know.
const FIRST_FREE_INDEX: u32 = 1024;
/// The index of objects that forward to others.
const FORWARDER_INDEX: u32 = 8;
/// The indices of objects of the VM itself, such as the pages of the class table.
const RESERVED_INDICES: std::ops::RangeInclusive<u32> = 16..=31;
/// What to do about a class that is not there.
pub(super) const NO_CLASS: &str =
    "correct the name, or add the package that defines the class to `sources`";
/// One more than the highest index.
const INDEX_LIMIT: u32 = 1 << 22;

/// The most instance variables that the format field of a class can count.
const MOST_FIELDS: usize = 0xFFFF;

/// What instances of a class look like.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Shape {
    /// Format.
    pub format: u8,
    /// Named fields.
    pub fields: usize,
}

/// The indices of classes and metaclasses.
type Indices = SecondaryMap<ClassId, [u32; 2]>;

/// Forms and indices of all classes.
#[derive(Debug)]
pub struct Shapes {
    /// Which class has which role.
    pub roles: FxHashMap<Role, ClassId>,
    /// Forms of the instances of classes and metaclasses.
    shapes: SecondaryMap<ClassId, [Shape; 2]>,
    /// Indices of classes and metaclasses, which are also their hashes.
    indices: Indices,
    /// Every occupied place of the class table, ascending.
    pub table: Vec<(u32, Side)>,
}

impl Shape {
    /// The value of a class's format field.
    #[must_use]
    pub fn number(self) -> usize {
        self.fields | usize::from(self.format) << 16
    }
}

/// Finds out the forms and gives out the indices.
pub fn shapes(
    model: &Model,
    reading: &Reading,
    interner: &Interner,
    diagnostics: &mut Diagnostics,
) -> Shapes {
    let mut maker = Maker {
        model,
        reading,
        interner,
        diagnostics,
    };
    let roles = maker.roles();
    let shapes = maker.shapes(&roles);
    maker.check_formats(&roles, &shapes);
    let (indices, table) = maker.indices();
    maker.check_indices(&roles, &table);
    Shapes {
        roles,
        shapes,
        indices,
        table,
    }
}

impl Shapes {
    /// The form of the side's instances.
    #[must_use]
    pub fn of(&self, side: Side) -> Shape {
        self.shapes[side.class][side.index()]
    }

    /// The side's place in the class table.
    #[must_use]
    pub fn index(&self, side: Side) -> u32 {
        self.indices[side.class][side.index()]
    }
}

struct Maker<'a> {
    model: &'a Model,
    reading: &'a Reading<'a>,
    interner: &'a Interner,
    diagnostics: &'a mut Diagnostics,
}

impl Maker<'_> {
    fn error(&mut self, message: String, place: Span, hint: &str) {
        let error = Diagnostic::error("I008", message).primary(place, "");
        self.diagnostics.push(error.hint(hint));
    }

    fn class(&mut self, name: &str) -> Option<ClassId> {
        let class = self.model.class_named(name, self.interner);
        if class.is_none() {
            let message = format!("the description names a class {name} that no source defines");
            self.error(message, self.reading.place_of(name), NO_CLASS);
        }
        class
    }

    fn roles(&mut self) -> FxHashMap<Role, ClassId> {
        let mut roles = FxHashMap::default();
        for (&role, name) in &self.reading.description.roles {
            if let Some(class) = self.class(name) {
                roles.insert(role, class);
            }
        }
        for role in Role::REQUIRED {
            if !self.reading.description.roles.contains_key(role) {
                let place = Span::new(self.reading.file, 0, 0);
                self.error(
                    format!("the description has no class for the role {role:?}"),
                    place,
                    "every image needs one: add it to `roles`",
                );
            }
        }
        roles
    }

    fn shapes(&mut self, roles: &FxHashMap<Role, ClassId>) -> SecondaryMap<ClassId, [Shape; 2]> {
        let mut shapes = SecondaryMap::with_default([Shape::default(); 2]);
        let class_fields = roles
            .get(&Role::Class)
            .map_or(0, |&class| self.model.all_inst_vars(class).len());
        let forced = self.forced_formats();
        for &class in &self.model.order {
            let inherited = self.model.classes[class].superclass;
            let inherited =
                inherited.map_or(format::EMPTY, |superclass| shapes[superclass][0].format);
            let fields = self.model.all_inst_vars(class).len();
            let format = match forced.get(&class) {
                Some(&format) => format,
                None => self.format(class, inherited, fields),
            };
            self.check_fields(class, format, fields);
            let meta = self.model.inherited(class, |class| &class.class_inst_vars);
            shapes[class] = [
                Shape { format, fields },
                Shape {
                    format: format::FIXED,
                    fields: class_fields + meta.len(),
                },
            ];
        }
        shapes
    }

    /// Reports a class that has more instance variables than its instances have places for.
    fn check_fields(&mut self, class: ClassId, format: u8, fields: usize) {
        let name = self.interner.text(self.model.classes[class].name.name);
        let (message, hint) = if format::has_no_fields(format) && fields > 0 {
            (
                format!(
                    "{name} has {fields} instance variables but instances without room for them"
                ),
                "remove the variables, or give the class a layout with pointers",
            )
        } else if fields > MOST_FIELDS {
            (
                format!("{name} has {fields} instance variables, more than {MOST_FIELDS}"),
                "the format of a class cannot count more: keep some in another object",
            )
        } else {
            return;
        };
        let error = Diagnostic::error("I009", message).primary(self.model.place(class), "");
        self.diagnostics.push(error.hint(hint));
    }

    fn forced_formats(&mut self) -> FxHashMap<ClassId, u8> {
        let mut forced = FxHashMap::default();
        for (name, &format) in &self.reading.description.formats {
            if format > format::CODE {
                let message = format!("there is no format {format}: {name}");
                let hint = "formats are 0 to 24; image-builder.md lists them";
                self.error(message, self.reading.place_of(name), hint);
            } else if let Some(class) = self.class(name) {
                forced.insert(class, format);
            }
        }
        forced
    }

    /// The format that the source asks for. A layout that is not named, or the plain one, is that of the superclass.
    fn format(&mut self, class: ClassId, inherited: u8, fields: usize) -> u8 {
        let definition = &self.model.classes[class];
        let layout = definition.layout.map(|name| self.interner.text(name.name));
        let fixed = if fields == 0 {
            format::EMPTY
        } else {
            format::FIXED
        };
        let indexable = if fields == 0 {
            format::INDEXABLE
        } else {
            format::MIXED
        };
        match layout {
            None | Some("normal") => match inherited {
                format::EMPTY | format::FIXED | format::IMMEDIATE => fixed,
                format::INDEXABLE | format::MIXED => indexable,
                other => other,
            },
            Some("variable") => indexable,
            Some("weak") => format::WEAK,
            Some("ephemeron") => format::EPHEMERON,
            Some("immediate") => format::IMMEDIATE,
            Some("bytes") => format::BYTES,
            Some("words") => format::WORDS_32,
            Some("doubleBytes") => format::WORDS_16,
            Some("doubleWords") => format::WORDS_64,
            Some("compiledMethod") => format::CODE,
            Some(other) => match self.reading.description.layouts.get(other) {
                Some(&format) => format,
                None => {
                    let message = format!("the layout {other} is not known");
                    let place = definition
                        .layout
                        .map_or(definition.name.span, |name| name.span);
                    let error = Diagnostic::error("I009", message).primary(place, "");
                    self.diagnostics.push(
                        error.hint("`layouts` of the description may say which format it is"),
                    );
                    fixed
                }
            },
        }
    }

    /// Reports each class whose instances are of another format than its role needs.
    fn check_formats(
        &mut self,
        roles: &FxHashMap<Role, ClassId>,
        shapes: &SecondaryMap<ClassId, [Shape; 2]>,
    ) {
        for role in self.reading.description.roles.keys() {
            let Some(&class) = roles.get(role) else {
                continue;
            };
            let (format, wanted) = (shapes[class][0].format, role.formats());
            if wanted.contains(&format) {
                continue;
            }
            let name = self.interner.text(self.model.classes[class].name.name);
            let wanted: Vec<_> = wanted.iter().map(u8::to_string).collect();
            let wanted = wanted.join(" or ");
            let message = format!(
                "{name} has the role {role:?}, whose instances have the format {wanted} and not {format}"
            );
            let error = Diagnostic::error("I009", message).primary(self.model.place(class), "");
            let hint = "give the class another layout, or name it in `formats`";
            self.diagnostics.push(error.hint(hint));
        }
    }

    /// Reports each class that is not where virtual machines look for it.
    fn check_indices(&mut self, roles: &FxHashMap<Role, ClassId>, table: &[(u32, Side)]) {
        for (role, name) in &self.reading.description.roles {
            let Some(&class) = roles.get(role) else {
                continue;
            };
            let side = Side { class, meta: false };
            let is_there = |&&index: &&u32| table.contains(&(index, side));
            let wanted = role.indices();
            if wanted.iter().filter(is_there).count() < wanted.len() {
                let message = format!(
                    "virtual machines look for the {role:?} class at {wanted:?} of the class table, where {name} is not"
                );
                let hint = format!("add \"{name}\": {wanted:?} to `class_indices`");
                self.error(message, self.reading.place_of(name), &hint);
            }
        }
    }

    fn indices(&mut self) -> (Indices, Vec<(u32, Side)>) {
        let mut indices = SecondaryMap::with_default([0; 2]);
        let mut table: Vec<(u32, Side)> = Vec::new();
        for (name, places) in &self.reading.description.class_indices {
            let Some(class) = self.class(name) else {
                continue;
            };
            if places.is_empty() {
                let message = format!("{name} has an empty list of indices");
                let hint = "name an index, or take the class out of `class_indices`";
                self.error(message, self.reading.place_of(name), hint);
            }
            for &index in places {
                let taken = table.iter().any(|(taken, _)| *taken == index);
                let reserved = RESERVED_INDICES.contains(&index) || index == FORWARDER_INDEX;
                if taken || reserved || index == 0 || index >= FIRST_FREE_INDEX {
                    let message = format!("{index} is no free index for {name}");
                    let hint = "give each index once, from 1 to 1023 without 8 and 16 to 31";
                    self.error(message, self.reading.place_of(name), hint);
                    continue;
                }
                table.push((index, Side { class, meta: false }));
            }
            indices[class][0] = places.first().copied().unwrap_or(0);
        }
        let mut next = FIRST_FREE_INDEX;
        for &class in &self.model.order {
            for meta in [false, true] {
                let place = &mut indices[class][usize::from(meta)];
                if *place == 0 && next < INDEX_LIMIT {
                    *place = next;
                    table.push((next, Side { class, meta }));
                    next += 1;
                }
            }
        }
        table.sort_unstable_by_key(|(index, _)| *index);
        (indices, table)
    }
}
