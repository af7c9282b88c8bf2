//! The end of inference: the program is put together, and what nobody reached or used is reported.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::{Diagnostic, Diagnostics, FileId, Span};
use crate::resolve::SourceId;
use crate::typed::{AliasClass, Class, ClassKind, Counts, Expr, ExprKind, MethodId, Program, Type};

use super::{Inferrer, codes};

impl Inferrer<'_> {
    /// The program, with all diagnostics of the stage.
    pub(super) fn finish(mut self, diagnostics: &mut Diagnostics) -> Program {
        let mut program = Program {
            methods: self.take_methods(),
            entry: self.entry,
            tests: std::mem::take(&mut self.tests),
            oop_class: self.world.oop,
            address_class: self.world.address,
            state_size: self.state_size,
            expanded: self.expanded(),
            ..Program::default()
        };
        self.fill_classes(&mut program);
        self.check_overrides();
        if !self.diagnostics.has_errors() && !self.facts.diagnostics.has_errors() {
            self.check_ignored(&program);
            self.report_unreached(&mut program);
        }
        program.constants = self.constant_values();
        program.counts = self.counts();
        program.raw_files = self.raw_files();
        program.state = self.state;
        program.strings = self.strings;
        program.tables = self.tables;
        program.function_types = self.world.function_types.types.clone();
        for diagnostic in self.facts.diagnostics.into_iter().chain(self.diagnostics) {
            diagnostics.push(diagnostic);
        }
        program
    }

    /// The methods that are used but not compiled: their source is part of others.
    fn expanded(&self) -> Vec<(String, Span)> {
        let compiled = self.instances.values().map(|instance| instance.key.1);
        let compiled: BTreeSet<SourceId> = compiled.collect();
        let methods = self.world.methods.iter();
        methods
            .filter(|&(method, _)| self.reached[method] && !compiled.contains(&method))
            .map(|(method, _)| (self.method_text(method), self.world.tree(method).span))
            .collect()
    }

    fn fill_classes(&mut self, program: &mut Program) {
        for (id, info) in self.world.classes.iter() {
            let layout = match info.kind {
                ClassKind::Struct => self.facts.struct_layout(id),
                _ => None,
            };
            let layout = layout.unwrap_or_default();
            program.classes.push(Class {
                name: self.interner.text(info.name).to_owned(),
                package: self.world.packages[info.package].name.clone(),
                superclass: info.superclass,
                kind: info.kind,
                bits: info.bits,
                is_count: info.is_count,
                size: layout.size,
                fields: layout.fields,
                span: info.span,
            });
        }
    }

    /// An override has the types of what it overrides.
    fn check_overrides(&mut self) {
        let world = self.world;
        for info in world.methods.values() {
            let Some(above) = world.classes[info.class].superclass else {
                continue;
            };
            let Some(overridden) = world.lookup(above, info.class_side, info.selector) else {
                continue;
            };
            let (Some(own), Some(other)) = (&info.signature, &world.methods[overridden].signature)
            else {
                continue;
            };
            if own.params == other.params && own.result == other.result {
                continue;
            }
            let message = format!(
                "{} has other types than the method that it overrides",
                self.interner.text(info.selector)
            );
            self.diagnostics.push(
                Diagnostic::error(codes::OVERRIDE_TYPE, message)
                    .primary(own.span, "")
                    .secondary(other.span, "the overridden method")
                    .hint("leave the signature out: it is inherited"),
            );
        }
    }

    /// Reports dropped results of methods that do nothing but answer.
    fn check_ignored(&mut self, program: &Program) {
        let mut pure = BTreeMap::new();
        for (id, span) in std::mem::take(&mut self.ignored) {
            if !is_pure(program, id, &mut pure) {
                continue;
            }
            let message = format!(
                "the result of {} is not used, and it does nothing else",
                program.methods[id].name
            );
            self.diagnostics.push(
                Diagnostic::error(codes::UNUSED_VALUE, message)
                    .primary(span, "")
                    .secondary(program.methods[id].span.at_start(), "")
                    .hint("use the result, or remove the expression"),
            );
        }
    }

    /// Notes what the program reaches without its tests.
    pub(super) fn note_product(&mut self) {
        self.reach_constants();
        self.reached_by_product = Some(self.reached.clone());
    }

    fn reach_constants(&mut self) {
        // Sizes of fields and other constants evaluate constants, too.
        let evaluated: Vec<_> = self
            .facts
            .constants
            .keys()
            .map(|&(_, method)| method)
            .collect();
        for method in evaluated {
            self.reach(method);
        }
    }

    /// Warns of methods that nothing, or nothing but tests, reaches.
    fn report_unreached(&mut self, program: &mut Program) {
        self.reach_constants();
        let by_product = self.reached_by_product.take();
        let by_product = by_product.as_ref().unwrap_or(&self.reached);
        for (method, info) in self.world.methods.iter() {
            let class = &self.world.classes[info.class];
            let package = &self.world.packages[info.package];
            let described = self.interner.text(info.selector) == "originField" && info.class_side;
            if by_product[method]
                || class.is_root
                || package.tests
                || package.library
                || described
                || info.role.is_abstract
            {
                continue;
            }
            let text = self.method_text(method);
            program.unreached.push((text.clone(), info.span));
            self.diagnostics.push(match self.reached[method] {
                true => Diagnostic::warning(codes::UNREACHED, format!("only tests reach {text}"))
                    .primary(info.span, "")
                    .hint("move it to the tests' packages as an extension, or use it"),
                false => Diagnostic::warning(codes::UNREACHED, format!("nothing reaches {text}"))
                    .primary(info.span, "")
                    .hint("send it, or remove it"),
            });
        }
    }

    fn constant_values(&mut self) -> BTreeMap<(String, String), crate::typed::Constant> {
        let known = self.facts.constants.iter();
        known
            .filter_map(|(&(class, method), value)| {
                let class = self.interner.text(self.world.classes[class].name);
                let selector = self.interner.text(self.world.methods[method].selector);
                Some(((class.to_owned(), selector.to_owned()), value.clone()?))
            })
            .collect()
    }

    fn raw_files(&self) -> BTreeSet<FileId> {
        let methods = self.world.methods.values();
        methods
            .filter(|method| self.world.packages[method.package].raw)
            .map(|method| method.span.file)
            .collect()
    }

    fn counts(&self) -> Counts {
        let roles = || self.world.methods.values().map(|method| &method.role);
        let fields = self.world.classes.values().flat_map(|class| &class.fields);
        let exempt = fields.filter(|field| field.is_exempt).count();
        Counts {
            raw_conversions: self.raw_conversions.len(),
            raw_operations: self.raw_operations.len(),
            hazard_exemptions: roles().map(|role| role.hazard_exemptions).sum::<usize>() + exempt,
            inline_overrides: roles().map(|role| role.inline_overrides).sum(),
        }
    }
}

/// Whether a method only answers. Recursion counts as an effect: it may not end.
fn is_pure(program: &Program, id: MethodId, known: &mut BTreeMap<MethodId, bool>) -> bool {
    if let Some(&pure) = known.get(&id) {
        return pure;
    }
    known.insert(id, false);
    let method = &program.methods[id];
    let pure = method.result != Type::Void
        && method
            .body
            .as_ref()
            .is_some_and(|body| is_pure_expr(program, body, known));
    known.insert(id, pure);
    pure
}

fn is_pure_expr(program: &Program, expr: &Expr, known: &mut BTreeMap<MethodId, bool>) -> bool {
    let own = match &expr.kind {
        ExprKind::SetState(..)
        | ExprKind::Store { .. }
        | ExprKind::CallFunction(..)
        | ExprKind::Intrinsic(..)
        | ExprKind::Loop(..) => false,
        ExprKind::Load { alias, .. } => *alias != AliasClass::Volatile,
        ExprKind::Call(callee, _) => is_pure(program, *callee, known),
        _ => true,
    };
    let mut pure = own;
    expr.for_each_child(&mut |child| pure = pure && is_pure_expr(program, child, known));
    pure
}
