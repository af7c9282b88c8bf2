//! Roots of reachability, and the tables that are collected from them.

use crate::base::{Diagnostic, Span, Symbol};
use crate::resolve::{DeclaredType, FieldKind, SourceId, TableSpec};
use crate::typed::{
    ClassId, ClassKind, IntType, MethodId, StringId, TableId, TableKind, Test, Type,
};

use super::instances::Argument;
use super::{Inferrer, codes};

/// A field that names a table.
type TableField<'w> = (ClassId, Symbol, &'w TableSpec, Span, TableId);

impl<'w> Inferrer<'w> {
    /// Asks for every method that something outside of Slang, or a table, refers to.
    pub(super) fn find_roots(&mut self) {
        let world = self.world;
        if let Some((class, method)) = world.entry {
            let class = self.concrete(class);
            let selector = world.methods[method].selector;
            let method = world.lookup(class, false, selector).unwrap_or(method);
            self.entry = Some(self.instance(class, method, Argument::None));
        }
        for (method, info) in world.methods.iter() {
            if info.role.export.is_some()
                && world.classes[info.class].kind == ClassKind::Component
                && self.is_active(info.class)
            {
                let class = self.concrete(info.class);
                self.instance(class, method, Argument::None);
            }
        }
        self.check_claims();
        for field in self.table_fields() {
            self.collect_table(field);
        }
    }

    /// Asks for every test, after what the product reaches has been noted.
    pub(super) fn find_tests(&mut self) {
        for class in self.test_classes() {
            self.add_tests(class);
        }
    }

    /// Whether a class, or the one that stands for it, is a component of this program.
    fn is_active(&self, class: ClassId) -> bool {
        self.components.binary_search(&self.concrete(class)).is_ok()
    }

    fn table_fields(&self) -> Vec<TableField<'w>> {
        let world = self.world;
        let mut fields = Vec::new();
        for &class in &self.components {
            for owner in world.chain(class) {
                for field in &world.classes[owner].fields {
                    if let FieldKind::Table(spec) = &field.kind
                        && let Some(&table) = self.tables_by_field.get(&(class, field.name))
                    {
                        fields.push((class, field.name, spec, field.span, table));
                    }
                }
            }
        }
        fields
    }

    fn collect_table(&mut self, (class, _, spec, span, table): TableField<'w>) {
        match spec {
            TableSpec::Bytecodes { set, default } => {
                if let Some(methods) = self.bytecode_table(class, *set, *default, span) {
                    self.tables[table].kind = TableKind::Functions(methods);
                }
            }
            TableSpec::Primitives { size, default } => {
                if let Some(methods) = self.primitive_table(class, *size, *default, span) {
                    self.tables[table].kind = TableKind::Functions(methods);
                }
            }
            TableSpec::NamedPrimitives => {
                let methods = self.named_primitive_table();
                self.tables[table].kind = TableKind::NamedPrimitives(methods);
            }
            TableSpec::Roots => {}
        }
    }

    /// A method with a pragma, as the class that stands for its component answers it.
    pub(super) fn active_method(&self, method: SourceId) -> Option<(ClassId, SourceId)> {
        let info = &self.world.methods[method];
        let is_component = self.world.classes[info.class].kind == ClassKind::Component;
        if !is_component || info.class_side || !self.is_active(info.class) {
            return None;
        }
        let class = self.concrete(info.class);
        let found = self.world.lookup(class, false, info.selector)?;
        Some((class, found))
    }

    /// 256 handlers of a bytecode set.
    fn bytecode_table(
        &mut self,
        class: ClassId,
        set: Symbol,
        default: Symbol,
        span: Span,
    ) -> Option<Vec<MethodId>> {
        let world = self.world;
        let mut taken: Vec<Option<MethodId>> = vec![None; 256];
        for (method, info) in world.methods.iter() {
            let ranges = info.role.handlers.iter().filter(|range| range.set == set);
            for range in ranges {
                let Some((class, found)) = self.active_method(method) else {
                    continue;
                };
                for opcode in range.first..=range.last {
                    let has_argument = !world.tree(found).params.is_empty();
                    let argument = match has_argument {
                        true => Argument::Constant(opcode - range.first),
                        false => Argument::None,
                    };
                    let id = self.instance(class, found, argument);
                    let place = &mut taken[usize::from(opcode)];
                    // Who claims it again has been told so.
                    place.get_or_insert(id);
                }
            }
        }
        let fallback = world.lookup(class, false, default);
        let fallback = fallback.filter(|&method| self.takes_an_opcode(method));
        let Some(fallback) = fallback else {
            self.bad_default(default, span, "a handler that takes the opcode as a UInt8");
            return None;
        };
        let opcodes = 0..=u8::MAX;
        Some(
            opcodes
                .zip(taken)
                .map(|(opcode, taken)| match taken {
                    Some(id) => id,
                    None => self.default_handler(class, fallback, opcode),
                })
                .collect(),
        )
    }

    /// Whether a method takes an opcode and answers nothing.
    fn takes_an_opcode(&self, method: SourceId) -> bool {
        let signature = self.world.methods[method].signature.as_ref();
        let opcode = DeclaredType::Value(Type::Int(IntType::UINT8));
        let nothing = DeclaredType::Value(Type::Void);
        signature
            .is_some_and(|signature| signature.params == [opcode] && signature.result == nothing)
    }

    /// One handler for all open opcodes, which reads its opcode again; a copy for each where no instruction pointer is pinned.
    fn default_handler(&mut self, class: ClassId, method: SourceId, opcode: u8) -> MethodId {
        let argument = match self.can_fetch_again() {
            true => Argument::Fetched,
            false => Argument::Constant(opcode),
        };
        self.instance(class, method, argument)
    }

    fn bad_default(&mut self, selector: Symbol, span: Span, what: &str) {
        let text = self.interner.text(selector);
        let error = Diagnostic::error(codes::TABLE_HANDLER, format!("{text} is not {what}"));
        self.diagnostics.push(error.primary(span, "").hint(format!(
            "write {what} in the component that holds the table"
        )));
    }

    fn primitive_table(
        &mut self,
        class: ClassId,
        size: u64,
        default: Symbol,
        span: Span,
    ) -> Option<Vec<MethodId>> {
        let world = self.world;
        let mut taken: Vec<Option<MethodId>> = vec![None; usize::try_from(size).unwrap_or(0)];
        for (method, info) in world.methods.iter() {
            for &(index, place) in &info.role.primitives {
                let Some((class, found)) = self.active_method(method) else {
                    continue;
                };
                let id = self.instance(class, found, Argument::None);
                let slot = usize::try_from(index)
                    .ok()
                    .and_then(|index| taken.get_mut(index));
                let Some(slot) = slot else {
                    let message = format!("the primitive index {index} is not below {size}");
                    let error = Diagnostic::error(codes::TABLE_HANDLER, message);
                    self.diagnostics.push(
                        error
                            .primary(place, "")
                            .secondary(span, "the table")
                            .hint("correct the number, or enlarge the table"),
                    );
                    continue;
                };
                // Who claims it again has been told so.
                slot.get_or_insert(id);
            }
        }
        let fallback = world.lookup(class, false, default);
        let fallback = fallback.filter(|&method| world.tree(method).params.is_empty());
        let Some(fallback) = fallback else {
            self.bad_default(default, span, "a primitive: a method without arguments");
            return None;
        };
        let fallback = self.instance(class, fallback, Argument::None);
        if self.result(fallback) != Ok((Type::Void, None)) {
            self.bad_default(default, span, "a primitive: it answers a value");
            return None;
        }
        Some(
            taken
                .into_iter()
                .map(|taken| taken.unwrap_or(fallback))
                .collect(),
        )
    }

    fn named_primitive_table(&mut self) -> Vec<(StringId, StringId, MethodId)> {
        let world = self.world;
        let mut named = Vec::new();
        for (method, info) in world.methods.iter() {
            for (module, name) in &info.role.named_primitives {
                if let Some((class, found)) = self.active_method(method) {
                    named.push((module, name, class, found));
                }
            }
        }
        named.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
        named
            .into_iter()
            .map(|(module, name, class, found)| {
                let id = self.instance(class, found, Argument::None);
                (
                    self.string(module.as_bytes()),
                    self.string(name.as_bytes()),
                    id,
                )
            })
            .collect()
    }

    /// Number of records, where it is known now.
    pub(super) fn table_size(&self, table: TableId) -> Option<i128> {
        let size = match &self.tables[table].kind {
            TableKind::Functions(methods) => methods.len(),
            TableKind::NamedPrimitives(methods) => methods.len(),
            TableKind::Roots(_) => self.roots().len(),
        };
        i128::try_from(size).ok()
    }

    /// Fields that hold oops: offset and number of elements.
    fn roots(&self) -> Vec<(u64, u64)> {
        let Some(oop) = self.world.oop else {
            return Vec::new();
        };
        let fields = self.state.values();
        fields
            .filter(|field| field.ty == Type::Word(oop) && field.pin.is_none())
            .map(|field| (field.offset, field.count.unwrap_or(1)))
            .collect()
    }

    /// Fills the tables that need the state record.
    pub(super) fn complete_tables(&mut self) {
        let roots = self.roots();
        for table in self.tables.values_mut() {
            if let TableKind::Roots(entries) = &mut table.kind {
                entries.clone_from(&roots);
            }
        }
    }

    fn add_tests(&mut self, class: ClassId) {
        let world = self.world;
        let set_up = self
            .interner
            .lookup("setUp")
            .and_then(|selector| world.lookup(class, false, selector))
            .map(|method| self.instance(class, method, Argument::None));
        let mut methods: Vec<SourceId> = world
            .chain(class)
            .flat_map(|owner| world.classes[owner].methods[0].values().copied())
            .filter(|&method| {
                let info = &world.methods[method];
                let is_test = self.interner.text(info.selector).starts_with("test");
                is_test && world.lookup(class, false, info.selector) == Some(method)
            })
            .collect();
        methods.sort_unstable();
        for method in methods {
            if !world.tree(method).params.is_empty() {
                continue;
            }
            let id = self.instance(class, method, Argument::None);
            self.tests.push(Test {
                class: self.interner.text(world.classes[class].name).to_owned(),
                selector: self
                    .interner
                    .text(world.methods[method].selector)
                    .to_owned(),
                set_up,
                method: id,
            });
        }
    }
}
