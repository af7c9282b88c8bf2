//! What another thread, or a signal handler, may rely on.

use crate::base::SourceMap;
use crate::ir::{Inst, Module};
use crate::lower::{Options, lower};
use crate::opt::{self, optimize};
use crate::typed::testing::{add, expr, int_type, local, program, void};
use crate::typed::{AliasClass, Expr, ExprKind, IntBinary, MemoryType, Type};

const WORD: MemoryType = MemoryType::Int {
    bits: 64,
    signed: false,
};

fn load(offset: i64, alias: AliasClass) -> Expr {
    let ty = int_type(false, 64);
    let kind = ExprKind::Load {
        memory: WORD,
        base: local(0, ty).into(),
        index: None,
        scale: 1,
        offset,
        alias,
    };
    expr(kind, Type::Int(ty), None)
}

fn store(offset: i64, value: Expr, alias: AliasClass) -> Expr {
    void(ExprKind::Store {
        memory: WORD,
        base: local(0, int_type(false, 64)).into(),
        index: None,
        scale: 1,
        offset,
        value: value.into(),
        alias,
    })
}

/// The loads and stores that optimised code does, in order, as offsets.
fn accesses(body: Vec<Expr>) -> Vec<(&'static str, i32)> {
    let mut program = program();
    let word = Type::Int(int_type(false, 64));
    let result = body.last().map_or(Type::Void, |last| last.ty);
    let body = expr(ExprKind::Seq(body), result, None);
    let method = add(&mut program, "accesses", &[word], 1, result, body);
    let mut lowered = lower(&program, &SourceMap::new(), Options::default());
    assert!(lowered.diagnostics.is_empty(), "{:?}", lowered.diagnostics);
    let name = program.methods[method].name.clone();
    keep(&mut lowered.module, &name);
    optimize(&mut lowered.module, opt::Options::default()).expect("the module is right");
    let kept = lowered.module.exports[0].function;
    let func = &lowered.module.functions[kept];
    let told = func
        .each_inst()
        .filter_map(|(_, id)| match func.insts[id].inst {
            Inst::Load(_, address, _) => Some(("load", address.offset)),
            Inst::Store(_, _, address, _) => Some(("store", address.offset)),
            _ => None,
        });
    told.collect()
}

fn keep(module: &mut Module, name: &str) {
    let function = module.function_named(name).expect("it was lowered");
    let symbol = "tested".into();
    module.functions[function].kind = crate::ir::FunctionKind::Export;
    module.exports.push(crate::ir::Export { symbol, function });
}

#[test]
fn what_was_read_before_a_volatile_load_is_read_again_behind_it() {
    let ty = int_type(false, 64);
    let sum = |alias| {
        let add = |a: Expr, b: Expr| {
            let mode = crate::typed::Arithmetic::Wrapping;
            let kind = ExprKind::IntBinary(IntBinary::Add, mode, a.into(), b.into());
            expr(kind, Type::Int(ty), None)
        };
        let first = add(load(0, AliasClass::Raw), load(8, alias));
        accesses(vec![add(first, load(0, AliasClass::Raw))])
    };
    assert_eq!(sum(AliasClass::Raw), [("load", 0), ("load", 8)]);
    assert_eq!(
        sum(AliasClass::Volatile),
        [("load", 0), ("load", 8), ("load", 0)]
    );
}

#[test]
fn what_was_stored_before_a_volatile_store_is_in_memory_by_then() {
    let stores = |alias| {
        let value = || local(0, int_type(false, 64));
        accesses(vec![
            store(0, load(16, AliasClass::Raw), AliasClass::Raw),
            store(8, value(), alias),
            store(0, value(), AliasClass::Raw),
        ])
    };
    assert_eq!(stores(AliasClass::Raw), [("store", 8), ("store", 0)]);
    assert_eq!(
        stores(AliasClass::Volatile),
        [("load", 16), ("store", 0), ("store", 8), ("store", 0)]
    );
}
