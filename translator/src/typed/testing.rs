//! Typed programs built by hand, for tests.

use super::{
    Attributes, Class, ClassId, ClassKind, Expr, ExprKind, IntType, Local, LocalId, Method,
    MethodId, MethodKind, Program, Range, Type,
};
use crate::base::entity::{EntityRef, PrimaryMap};
use crate::base::source::Span;

pub(crate) fn expr(kind: ExprKind, ty: Type, range: Option<Range>) -> Expr {
    Expr {
        kind,
        ty,
        range,
        span: Span::none(),
    }
}

pub(crate) fn int(value: i128) -> Expr {
    expr(
        ExprKind::Int(value),
        Type::Int(if value > i64::MAX.into() {
            IntType::UINT64
        } else {
            IntType::INT64
        }),
        Some(Range::exactly(value)),
    )
}

pub(crate) fn int_type(signed: bool, bits: u8) -> IntType {
    IntType {
        signed,
        bits,
        unit: None,
    }
}

pub(crate) fn local(number: usize, ty: IntType) -> Expr {
    expr(
        ExprKind::Local(LocalId::new(number)),
        Type::Int(ty),
        Some(ty.range()),
    )
}

pub(crate) fn void(kind: ExprKind) -> Expr {
    expr(kind, Type::Void, None)
}

/// A program of one component with methods to be added.
pub(crate) fn program() -> Program {
    let mut program = Program::default();
    program.classes.push(Class {
        name: "T".into(),
        package: "P".into(),
        superclass: None,
        kind: ClassKind::Component,
        bits: None,
        is_count: false,
        size: 0,
        fields: Vec::new(),
        span: Span::none(),
    });
    program
}

/// Adds a method with these locals, the first of which are parameters.
pub(crate) fn add(
    program: &mut Program,
    selector: &str,
    locals: &[Type],
    n_params: usize,
    result: Type,
    body: Expr,
) -> MethodId {
    let locals: PrimaryMap<LocalId, Local> = locals
        .iter()
        .enumerate()
        .map(|(n, &ty)| Local {
            name: format!("x{n}"),
            ty,
            span: Span::none(),
        })
        .collect();
    program.methods.push(Method {
        name: format!("T>>{selector}"),
        class: ClassId::new(0),
        selector: selector.into(),
        locals,
        n_params,
        result,
        body: Some(body),
        attributes: Attributes::default(),
        kind: MethodKind::Normal,
        span: Span::none(),
    })
}
