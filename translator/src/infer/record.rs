//! The state record: fields of all concrete components.
//!
//! Plain fields come first, so that most are within a short displacement of the record's base; arrays follow.

use std::collections::BTreeSet;

use crate::base::{Diagnostic, Span, Symbol};
use crate::resolve::{FieldKind, TableSpec};
use crate::typed::{ClassId, ClassKind, StateField, Table, TableKind};

use super::Inferrer;
use super::codes;
use super::facts::{LARGEST_STATE, Room};

/// A field that gets a place.
struct Placed<'w> {
    class: ClassId,
    name: Symbol,
    span: crate::base::Span,
    kind: &'w FieldKind,
    is_exempt: bool,
    room: Room,
}

impl<'w> Inferrer<'w> {
    /// Finds the components of the program and gives their fields places.
    pub(super) fn lay_out_state(&mut self) {
        self.components = self.find_components();
        let mut placed = Vec::new();
        for class in self.components.clone() {
            self.collect_fields(class, &mut placed);
        }
        // A stable sort: plain fields before arrays, pinned ones first.
        placed.sort_by_key(|field| match field.kind {
            FieldKind::Pinned(..) => 0,
            FieldKind::Array(..) => 2,
            _ => 1,
        });
        for field in placed {
            self.place_field(field);
        }
        self.state_size = self.state_size.next_multiple_of(16);
    }

    /// Concrete components: those of the roots, and what their fields name.
    fn find_components(&self) -> Vec<ClassId> {
        let world = self.world;
        let mut found = BTreeSet::new();
        let mut open: Vec<ClassId> = Vec::new();
        for method in world.methods.values() {
            let role = &method.role;
            let rooted = role.export.is_some()
                || !role.handlers.is_empty()
                || !role.primitives.is_empty()
                || !role.named_primitives.is_empty();
            if rooted && world.classes[method.class].kind == ClassKind::Component {
                open.push(method.class);
            }
        }
        open.extend(world.entry.map(|(class, _)| class));
        if self.options.tests {
            open.extend(self.test_classes());
        }
        while let Some(class) = open.pop() {
            let class = self.concrete(class);
            if !found.insert(class) {
                continue;
            }
            for owner in world.chain(class) {
                for field in &world.classes[owner].fields {
                    if let FieldKind::Component(named) = field.kind {
                        open.push(named);
                    }
                }
            }
        }
        found.into_iter().collect()
    }

    /// Test classes that can run: those without subclasses.
    pub(super) fn test_classes(&self) -> Vec<ClassId> {
        let classes = self.world.classes.iter();
        classes
            .filter(|(_, info)| {
                let in_tests = self.world.packages[info.package].tests;
                info.is_test && in_tests && !info.has_subclasses
            })
            .map(|(class, _)| class)
            .collect()
    }

    fn collect_fields(&mut self, class: ClassId, placed: &mut Vec<Placed<'w>>) {
        let world = self.world;
        let mut chain: Vec<ClassId> = world.chain(class).collect();
        chain.reverse();
        for owner in chain {
            for field in &world.classes[owner].fields {
                match &field.kind {
                    FieldKind::Component(_) | FieldKind::Invalid => {}
                    FieldKind::Table(spec) => self.add_table(class, field.name, spec),
                    kind => {
                        if let Some(room) = self.facts.field_room(kind, field.span) {
                            placed.push(Placed {
                                class,
                                name: field.name,
                                span: field.span,
                                kind,
                                is_exempt: field.is_exempt,
                                room,
                            });
                        }
                    }
                }
            }
        }
    }

    fn field_text(&self, class: ClassId, name: Symbol) -> String {
        let class = self.interner.text(self.world.classes[class].name);
        format!("{class}.{}", self.interner.text(name))
    }

    fn add_table(&mut self, class: ClassId, name: Symbol, spec: &TableSpec) {
        let kind = match spec {
            TableSpec::Bytecodes { .. } | TableSpec::Primitives { .. } => {
                TableKind::Functions(Vec::new())
            }
            TableSpec::NamedPrimitives => TableKind::NamedPrimitives(Vec::new()),
            TableSpec::Roots => TableKind::Roots(Vec::new()),
        };
        let table = self.tables.push(Table {
            name: self.field_text(class, name),
            kind,
        });
        self.tables_by_field.insert((class, name), table);
    }

    /// A register is the pin of one field.
    fn check_pin(&mut self, register: &str, span: Span) {
        let mut pinned = self.state.values();
        let other = pinned.find(|field| field.pin.as_deref() == Some(register));
        if let Some(other) = other {
            let message = format!("two fields are pinned to {register}");
            let error = Diagnostic::error(codes::BAD_LAYOUT, message)
                .primary(span, "again here")
                .secondary(other.span, "first here");
            let hint = "choose another one of rbp, r12, r13 and r14, or let it be a TypedField";
            self.diagnostics.push(error.hint(hint));
        }
    }

    fn place_field(&mut self, field: Placed<'w>) {
        let pin = match field.kind {
            FieldKind::Pinned(_, register) => Some(register.clone()),
            _ => None,
        };
        let offset = if let Some(pin) = &pin {
            self.check_pin(pin, field.span);
            0
        } else {
            let offset = self.state_size.next_multiple_of(field.room.alignment);
            self.state_size = offset + field.room.size;
            if self.state_size > LARGEST_STATE && offset <= LARGEST_STATE {
                let message =
                    format!("the fields of all components take more than {LARGEST_STATE} bytes");
                let error = Diagnostic::error(codes::BAD_LAYOUT, message)
                    .primary(field.span, "up to this one");
                self.diagnostics
                    .push(error.hint("map memory at run time, and keep its address"));
            }
            offset
        };
        let id = self.state.push(StateField {
            name: self.field_text(field.class, field.name),
            class: field.class,
            ty: field.room.ty,
            memory: field.room.memory,
            offset,
            count: field.room.count,
            size: field.room.size,
            pin,
            is_exempt: field.is_exempt,
            span: field.span,
        });
        self.state_by_field.insert((field.class, field.name), id);
    }
}
