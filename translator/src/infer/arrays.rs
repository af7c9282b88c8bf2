//! Messages to array fields and collected tables.

use crate::base::{Diagnostic, Span};
use crate::resolve::TableSpec;
use crate::syntax::ast::{ExprId, Send};
use crate::typed::{
    AliasClass, ClassId, Comparison, Expr, ExprKind, FunctionType, IntType, MemoryType, Range,
    TableId, Type,
};

use super::body::{Body, constant, never, plain, poison, sequence, unit_of};
use super::builtin::retype;
use super::codes;
use super::scope::{ArrayBase, ArrayPlace, Purpose};
use super::settle::range_of;

impl<'w> Body<'_, 'w> {
    /// `at:`, `at:put:`, `size`, `asAddress`.
    pub(super) fn array_message(&mut self, place: &ArrayPlace, send: &'w Send, span: Span) -> Expr {
        match (self.text(send.selector), &send.arguments[..]) {
            ("at:", &[index]) => {
                let (check, index, offset) = self.element_index(place, index);
                let element = self.element(place, index, offset, span);
                sequence(check.into_iter().chain([element]).collect(), span)
            }
            ("at:put:", &[index, value]) => self.element_store(place, index, value, send, span),
            ("size", []) => constant(i128::from(place.count), span),
            ("asAddress", []) => {
                let address = self.address();
                self.array_start(place, address, span)
            }
            (selector, _) => {
                let error = Diagnostic::error(
                    codes::NOT_UNDERSTOOD,
                    format!("an array does not understand {selector}"),
                );
                self.fail(
                    error
                        .primary(send.selector_span(), "")
                        .hint("an array understands at:, at:put:, size and asAddress"),
                )
            }
        }
    }

    fn address(&self) -> Type {
        self.world
            .address
            .map_or(Type::Int(IntType::UINT64), Type::Word)
    }

    /// The address of the first element.
    fn array_start(&self, place: &ArrayPlace, ty: Type, span: Span) -> Expr {
        match &place.base {
            ArrayBase::State(field) => plain(ExprKind::StateAddress(*field), ty, span),
            ArrayBase::Struct(base, offset) => {
                let kind = ExprKind::Address {
                    base: Box::new(base.clone()),
                    index: None,
                    scale: 1,
                    offset: *offset,
                };
                plain(kind, ty, span)
            }
        }
    }

    /// The check of an index, the index if it is not constant, and the byte offset of the elements from it.
    fn element_index(
        &mut self,
        place: &ArrayPlace,
        index: ExprId,
    ) -> (Option<Expr>, Option<Expr>, i64) {
        let size = i64::try_from(place.element_size).unwrap_or(i64::MAX);
        let index = self.value(index);
        let index = self.settle(index, None);
        let span = index.span;
        match (&index.kind, index.ty) {
            (_, Type::Never) => return (None, Some(index), 0),
            (_, Type::Int(_)) => {}
            (_, other) => {
                let message = format!("an index is an integer, not {}", self.type_name(other));
                let error = Diagnostic::error(codes::MISMATCH, message)
                    .primary(span, "")
                    .hint("elements are counted from 1 by an integer, with a unit or without");
                return (None, Some(self.fail(error)), 0);
            }
        }
        let limits = Range {
            lo: 1,
            hi: i128::from(place.count),
        };
        let exact = range_of(&index);
        if exact.lo > limits.hi || exact.hi < limits.lo {
            let message = format!("the array has elements 1 to {}", place.count);
            let error = Diagnostic::error(codes::NEVER_FITS, message)
                .primary(span, super::convert::value_text(exact))
                .hint("the first element is at: 1");
            return (None, Some(self.fail(error)), 0);
        }
        if let ExprKind::Int(value) = index.kind {
            let offset = i64::try_from(value - 1).unwrap_or(0) * size;
            return (None, None, offset);
        }
        if exact.within(limits) {
            return (None, Some(index), -size);
        }
        let mut sets = Vec::new();
        let read = if matches!(index.kind, ExprKind::Local(_)) {
            index
        } else {
            let (set, read) = self.keep(index, "index", span);
            sets.push(set);
            read
        };
        let unit = unit_of(read.ty);
        let bound = |value: i128| {
            let mut bound = constant(value, span);
            bound.ty = Type::Int(IntType {
                unit,
                ..IntType::INT64
            });
            bound
        };
        let low = self.compare(Comparison::Ge, read.clone(), bound(limits.lo), span);
        let high = self.compare(Comparison::Le, read.clone(), bound(limits.hi), span);
        let both = ExprKind::And(Box::new(low), Box::new(high));
        let both = plain(both, Type::Boolean, span);
        sets.push(plain(ExprKind::Assert(Box::new(both)), Type::Void, span));
        (Some(sequence(sets, span)), Some(read), -size)
    }

    /// Reads an element, or answers the struct that it is.
    fn element(
        &mut self,
        place: &ArrayPlace,
        index: Option<Expr>,
        offset: i64,
        span: Span,
    ) -> Expr {
        if index.as_ref().is_some_and(|index| index.ty == Type::Never) {
            return never(index, span);
        }
        let scale = i64::try_from(place.element_size).unwrap_or(i64::MAX);
        let (base, start) = self.array_base(place, span);
        let (base, index) = (Box::new(base), index.map(Box::new));
        let offset = start + offset;
        let kind = match place.memory {
            Some(memory) => ExprKind::Load {
                memory,
                base,
                index,
                scale,
                offset,
                alias: place.alias,
            },
            None => ExprKind::Address {
                base,
                index,
                scale,
                offset,
            },
        };
        plain(kind, place.ty, span)
    }

    fn array_base(&self, place: &ArrayPlace, span: Span) -> (Expr, i64) {
        match &place.base {
            ArrayBase::State(_) => (self.array_start(place, self.address(), span), 0),
            ArrayBase::Struct(base, offset) => (base.clone(), *offset),
        }
    }

    fn element_store(
        &mut self,
        place: &ArrayPlace,
        index: ExprId,
        value: ExprId,
        send: &'w Send,
        span: Span,
    ) -> Expr {
        let Some(memory) = place.memory else {
            let error = Diagnostic::error(
                codes::NOT_ASSIGNABLE,
                "the elements of an array of structs are in place: they are not replaced",
            );
            return self.fail(
                error
                    .primary(send.selector_span(), "")
                    .hint("fill the element that at: answers"),
            );
        };
        let (check, index, offset) = self.element_index(place, index);
        let value = self.value_as(value, place.ty, Purpose::Element, None);
        if index.as_ref().is_some_and(|index| index.ty == Type::Never) {
            return never(index, span);
        }
        let (base, start) = self.array_base(place, span);
        let kind = ExprKind::Store {
            memory,
            base: Box::new(base),
            index: index.map(Box::new),
            scale: i64::try_from(place.element_size).unwrap_or(i64::MAX),
            offset: start + offset,
            value: Box::new(value),
            alias: place.alias,
        };
        let store = plain(kind, Type::Void, span);
        sequence(check.into_iter().chain([store]).collect(), span)
    }

    /// Messages to a collected table.
    pub(super) fn table_message(
        &mut self,
        table: TableId,
        spec: &TableSpec,
        send: &'w Send,
        span: Span,
    ) -> Expr {
        let address = self.address();
        let start = plain(ExprKind::TableAddress(table), address, span);
        match (self.text(send.selector), spec, &send.arguments[..]) {
            ("asAddress", _, []) => start,
            ("size", _, []) => self.table_size(table, span),
            ("at:", TableSpec::Primitives { size, .. }, &[index]) => {
                let limits = Range {
                    lo: 0,
                    hi: i128::from(*size) - 1,
                };
                let (check, index) = self.table_index(index, limits);
                let function = FunctionType {
                    params: Vec::new(),
                    result: Type::Void,
                };
                let Some(function) = self.world.function_types.find(&function) else {
                    return poison(span);
                };
                let load = ExprKind::Load {
                    memory: MemoryType::Address,
                    base: Box::new(start),
                    index: Some(Box::new(index)),
                    scale: 8,
                    offset: 0,
                    alias: AliasClass::ReadOnly,
                };
                let load = plain(load, Type::Function(function), span);
                sequence(check.into_iter().chain([load]).collect(), span)
            }
            ("at:", TableSpec::Bytecodes { .. }, _) => self.table_misuse(send),
            ("at:", _, &[index]) => self.record_at(spec, start, index, send, span),
            _ => self.table_misuse(send),
        }
    }

    fn table_misuse(&mut self, send: &'w Send) -> Expr {
        let message = format!(
            "this table does not understand {}",
            self.text(send.selector)
        );
        let error = Diagnostic::error(codes::NOT_UNDERSTOOD, message);
        self.fail(
            error.primary(send.selector_span(), "").hint(
                "a collected table understands asAddress, and except for bytecodes at: and size",
            ),
        )
    }

    /// Tables that are complete now have a constant size; the others start with theirs.
    fn table_size(&mut self, table: TableId, span: Span) -> Expr {
        match self.inf.table_size(table) {
            Some(size) => constant(size, span),
            None => {
                let address = self.address();
                let start = plain(ExprKind::TableAddress(table), address, span);
                let load = ExprKind::Load {
                    memory: MemoryType::Int {
                        bits: 64,
                        signed: false,
                    },
                    base: Box::new(start),
                    index: None,
                    scale: 1,
                    offset: -8,
                    alias: AliasClass::ReadOnly,
                };
                let range = Range {
                    lo: 0,
                    hi: (1 << 40) - 1,
                };
                super::body::integer(load, IntType::INT64, range, span)
            }
        }
    }

    /// An index of a table: checked in checked builds.
    fn table_index(&mut self, index: ExprId, limits: Range) -> (Option<Expr>, Expr) {
        let index = self.value(index);
        let index = self.settle(index, None);
        let span = index.span;
        if !matches!(index.ty, Type::Int(_)) {
            let error = Diagnostic::error(codes::MISMATCH, "an index is an integer").hint(
                "a table is indexed by the number of a primitive, or by the place of an entry from 1",
            );
            return match index.ty {
                Type::Never => (None, index),
                _ => (None, self.fail(error.primary(span, ""))),
            };
        }
        if range_of(&index).within(limits) {
            return (None, index);
        }
        let (set, read) = self.keep(index, "index", span);
        let plain_read = match read.ty {
            Type::Int(ty) if ty.unit.is_some() => {
                retype(read.clone(), Type::Int(IntType { unit: None, ..ty }), span)
            }
            _ => read.clone(),
        };
        let low = constant(limits.lo, span);
        let high = constant(limits.hi, span);
        let low = self.compare(Comparison::Ge, plain_read.clone(), low, span);
        let high = self.compare(Comparison::Le, plain_read, high, span);
        let both = plain(
            ExprKind::And(Box::new(low), Box::new(high)),
            Type::Boolean,
            span,
        );
        let check = plain(ExprKind::Assert(Box::new(both)), Type::Void, span);
        (Some(sequence(vec![set, check], span)), read)
    }

    fn has_record_layout(&mut self, class: ClassId, size: u64) -> bool {
        let layout = match self.world.classes[class].kind {
            crate::typed::ClassKind::Struct => self.inf.facts.struct_layout(class),
            _ => None,
        };
        layout.is_some_and(|layout| layout.size == size)
    }

    /// A record of a table, 1-based, as the struct that describes it.
    fn record_at(
        &mut self,
        spec: &TableSpec,
        start: Expr,
        index: ExprId,
        send: &'w Send,
        span: Span,
    ) -> Expr {
        let (name, size) = match spec {
            TableSpec::NamedPrimitives => ("NamedPrimitive", 24),
            _ => ("RootField", 16),
        };
        let class = self
            .inf
            .interner
            .lookup(name)
            .and_then(|name| self.world.class_names.get(&name).copied());
        let Some(class) = class.filter(|&class| self.has_record_layout(class, size)) else {
            let message = format!(
                "the records of this table are structs {name} of {size} bytes, which do not exist"
            );
            let error = Diagnostic::error(codes::UNKNOWN_NAME, message);
            return self.fail(error.primary(send.selector_span(), "").hint(format!(
                "define {name} as language.md, *Collected tables*, says"
            )));
        };
        let limits = Range { lo: 1, hi: 1 << 40 };
        let (check, index) = self.table_index(index, limits);
        if index.ty == Type::Never {
            return index;
        }
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        let record = ExprKind::Address {
            base: Box::new(start),
            index: Some(Box::new(index)),
            scale: size,
            offset: -size,
        };
        let record = plain(record, Type::Struct(class), span);
        sequence(check.into_iter().chain([record]).collect(), span)
    }
}
