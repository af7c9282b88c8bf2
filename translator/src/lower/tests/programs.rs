//! The two ways to run a typed program.

use crate::base::entity::EntityRef;
use crate::base::source::SourceMap;
use crate::evaluate::{Audit, Code, FaultKind, Limits, Machine, Outcome, SystemOptions, compile};
use crate::ir::interpret::{End, run};
use crate::ir::{Export, FuncId, FunctionKind, Module, verify};
use crate::lower::{Options, lower};
use crate::opt::{self, optimize};
use crate::typed::{MethodId, Program};

/// How a run ends, as far as both ways can tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Result {
    /// The low 64 bits.
    Value(u64),
    /// The text of the trap.
    Trap(String),
}

/// Runs a method by the evaluator, as lowered, and as optimised; all must agree.
pub(super) fn agree(program: &Program, method: MethodId, arguments: &[&[i128]]) -> Vec<Result> {
    let sources = SourceMap::new();
    let lowered = lower(
        program,
        &sources,
        Options {
            checked: true,
            ..Options::default()
        },
    );
    assert!(lowered.diagnostics.is_empty(), "{:?}", lowered.diagnostics);
    let function = FuncId::new(method.index());
    let name = &program.methods[method].name;
    verify(&lowered.module).unwrap_or_else(|errors| {
        panic!(
            "{name}: {errors:?}\n{}",
            lowered.module.function_text(function)
        )
    });
    let mut optimised = lowered.module.clone();
    optimised.functions[function].kind = FunctionKind::Export;
    optimised.exports.push(Export {
        symbol: "tested".into(),
        function,
    });
    optimize(
        &mut optimised,
        opt::Options {
            verify: true,
            ..opt::Options::default()
        },
    )
    .unwrap_or_else(|errors| panic!("{name}: {errors:?}"));
    let kept = optimised.exports[optimised.exports.len() - 1].function;
    let code = compile(program, Audit::Ranges);
    let mut results = Vec::new();
    for args in arguments {
        let expected = evaluated(&code, method, args, name);
        for (module, function) in [(&lowered.module, function), (&optimised, kept)] {
            let actual = interpreted(module, function, args);
            assert_eq!(
                actual,
                Ok(expected.clone()),
                "{name} of {args:?}\n{}",
                module.function_text(function)
            );
        }
        results.push(expected);
    }
    results
}

fn evaluated(code: &Code, method: MethodId, args: &[i128], name: &str) -> Result {
    let mut machine = Machine::new(
        code,
        Limits {
            fuel: 10_000,
            ..Limits::default()
        },
        SystemOptions::default(),
    );
    match machine.call(method, args) {
        Outcome::Value(value) => Result::Value(value as u64),
        Outcome::Fault(fault) => match fault.kind {
            FaultKind::Trap(trap) => Result::Trap(trap.text().to_owned()),
            kind => panic!("{name} of {args:?}: {kind}"),
        },
        other => panic!("{name} of {args:?}: {other:?}"),
    }
}

fn interpreted(
    module: &Module,
    function: FuncId,
    args: &[i128],
) -> std::result::Result<Result, End> {
    let words: Vec<i64> = args.iter().map(|&value| value as i64).collect();
    match run(module, function, &words, &vec![0; 1024], 100_000).end {
        End::Returned(value) => Ok(Result::Value(value.unwrap_or(0) as u64)),
        End::Trapped(reason) => Ok(Result::Trap(reason)),
        end => Err(end),
    }
}
