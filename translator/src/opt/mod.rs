//! Optimisations, one pass a file. [`optimize`] is the ordered list.
//!
//! Comes in: a verified module as `lower` makes it. Goes out: a verified module that does the same. The result does not depend on
//! the number of threads: a function sees only callees that are finished.

pub mod block_params;
pub mod branches;
pub mod classes;
pub mod dead_code;
mod facts;
mod induction;
pub mod inline;
pub mod loop_invariants;
pub mod memory;
pub mod outline;
pub mod pins;
#[cfg(test)]
pub(crate) mod random;
mod simplify;
pub mod tail_calls;
#[cfg(test)]
mod testing;
pub mod unreached;
pub mod values;
pub mod variants;

use rayon::prelude::*;

use crate::analysis::{CallGraph, Summaries, Summary};
use crate::ir::{
    FuncId, Function, FunctionKind, Module, Signature, VerifierError, verify_function,
};

/// What passes over one function may know of the rest of the module.
pub struct Context<'a> {
    /// The module; its functions are there without their code, which is being worked on.
    pub module: &'a Module,
    /// What calls may do, as far as it is known.
    pub summaries: Option<&'a Summaries>,
}

impl Context<'_> {
    /// Whether a function is rarely run.
    #[must_use]
    pub fn is_cold(&self, callee: FuncId) -> bool {
        self.module
            .functions
            .get(callee)
            .is_some_and(|func| func.attributes.cold)
    }

    /// What a call of a function may do; `None` if that is not known.
    #[must_use]
    pub fn summary(&self, callee: FuncId) -> Option<&Summary> {
        self.summaries.map(|summaries| summaries.of(callee))
    }
}

/// A pass over one function; answers whether it changed anything.
pub type Pass = fn(&mut Function, &Context<'_>) -> bool;

/// Passes that make a function small, in this order, before its callers look at it.
const CLEAN_UP: &[(&str, Pass)] = &[
    ("block_params", block_params::run),
    ("values", values::run),
    ("branches", branches::run),
    ("block_params", block_params::run),
    ("dead_code", dead_code::run),
];

/// Passes that run once callees are inlined and what calls do is known.
const LATE: &[(&str, Pass)] = &[
    ("memory", memory::run),
    ("pins", pins::run),
    ("values", values::run),
    ("branches", branches::run),
    ("block_params", block_params::run),
    ("dead_code", dead_code::run),
    ("loop_invariants", loop_invariants::run),
    ("memory", memory::run),
    ("pins", pins::run),
    ("values", values::run),
    ("branches", branches::run),
    ("block_params", block_params::run),
    ("dead_code", dead_code::run),
    ("tail_calls", tail_calls::run),
];

/// What to do besides optimising.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Verify each function after each pass.
    pub verify: bool,
}

/// Optimises a module.
///
/// # Errors
/// Only with [`Options::verify`]: the rules that a pass broke, with its name before the function's.
pub fn optimize(module: &mut Module, options: Options) -> Result<(), Vec<VerifierError>> {
    classes::separate(module);
    each_function(module, None, options, CLEAN_UP)?;
    inline_all(module, options)?;
    variants::run(module);
    unreached::remove(module);
    let graph = CallGraph::new(module);
    let summaries = Summaries::new(module, &graph);
    each_function(module, Some(&summaries), options, LATE)?;
    if outline::run(module) {
        each_function(module, None, options, CLEAN_UP)?;
    }
    Ok(())
}

/// Runs passes over every function, on all cores.
fn each_function(
    module: &mut Module,
    summaries: Option<&Summaries>,
    options: Options,
    passes: &[(&str, Pass)],
) -> Result<(), Vec<VerifierError>> {
    let outlines = module.functions.values().map(outline_of).collect();
    let mut functions: Vec<Function> =
        std::mem::replace(&mut module.functions, outlines).into_values();
    let context = Context { module, summaries };
    let errors: Vec<VerifierError> = functions
        .par_iter_mut()
        .flat_map_iter(|func| run_passes(func, &context, options, passes))
        .collect();
    module.functions = functions.into_iter().collect();
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors)
    }
}

fn run_passes(
    func: &mut Function,
    context: &Context<'_>,
    options: Options,
    passes: &[(&str, Pass)],
) -> Vec<VerifierError> {
    if !func.has_body() {
        return Vec::new();
    }
    for (name, pass) in passes {
        pass(func, context);
        if options.verify
            && let Err(errors) = verify_function(context.module, func)
        {
            let named = |error: VerifierError| VerifierError {
                function: format!("{name}: {}", error.function),
                ..error
            };
            return errors.into_iter().map(named).collect();
        }
    }
    Vec::new()
}

/// A function without its code.
fn outline_of(func: &Function) -> Function {
    let mut outline = Function::new(
        func.name.clone(),
        func.kind,
        func.signature.clone(),
        func.position,
    );
    outline.attributes = func.attributes;
    outline
}

/// Inlines from the leaves upwards and cleans up each caller.
fn inline_all(module: &mut Module, options: Options) -> Result<(), Vec<VerifierError>> {
    let graph = CallGraph::new(module);
    let outlines = module.functions.values().map(outline_of).collect();
    let mut functions = std::mem::replace(&mut module.functions, outlines);
    let context = Context {
        module,
        summaries: None,
    };
    let mut failed = Vec::new();
    for level in &graph.levels {
        let mut work: Vec<(FuncId, Function)> = Vec::new();
        for &id in level {
            if !graph.callees[id].is_empty() {
                let away = Function::new(
                    "",
                    FunctionKind::Import,
                    Signature::default(),
                    functions[id].position,
                );
                work.push((id, std::mem::replace(&mut functions[id], away)));
            }
        }
        let callees = inline::Callees {
            functions: &functions,
            calls: &graph.calls,
            escapes: &graph.escapes,
            recursive: &graph.recursive,
        };
        let errors: Vec<VerifierError> = work
            .par_iter_mut()
            .flat_map_iter(|(id, func)| {
                let inlined = inline::run(func, &callees);
                let unrolled = graph.recursive[*id] && inline::run_on_itself(func, *id);
                if inlined || unrolled {
                    run_passes(func, &context, options, CLEAN_UP)
                } else {
                    Vec::new()
                }
            })
            .collect();
        failed.extend(errors);
        for (id, func) in work {
            functions[id] = func;
        }
    }
    module.functions = functions;
    if failed.is_empty() {
        Ok(())
    } else {
        Err(failed)
    }
}

#[cfg(test)]
impl<'a> Context<'a> {
    /// A context for a test of one pass.
    pub(crate) fn for_tests(module: &'a Module) -> Self {
        Self {
            module,
            summaries: None,
        }
    }
}
