//! Optimisations, one pass a file. [`optimize`] is the ordered list.
//!
//! Comes in: a verified module as `lower` makes it. Goes out: a verified module that does the same. The result does not depend on
//! the number of threads: a function sees only callees that are finished.

pub mod block_params;
mod bottom_up;
pub mod branches;
pub mod classes;
pub mod dead_code;
mod facts;
mod finish;
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

use crate::analysis::{Summaries, Summary};
use crate::base::Memo;
use crate::ir::{FuncId, Function, Module, VerifierError, verify_function};

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
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'a> {
    /// Verify each function after each pass.
    pub verify: bool,
    /// What became of functions in earlier runs.
    pub memo: Option<&'a Memo>,
}

/// Optimises a module.
///
/// # Errors
/// Only with [`Options::verify`]: the rules that a pass broke, with its name before the function's.
pub fn optimize(module: &mut Module, options: Options<'_>) -> Result<(), Vec<VerifierError>> {
    classes::separate(module);
    bottom_up::inline_all(module, options)?;
    variants::run(module);
    unreached::remove(module);
    finish::finish_all(module, options)
}

fn run_passes(
    func: &mut Function,
    context: &Context<'_>,
    options: Options<'_>,
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
    // The next to look at it, callers above all, need not walk past what is gone.
    func.compact();
    Vec::new()
}

/// The functions of a module, which keeps what may be known of them without their code.
fn take_functions(module: &mut Module) -> Vec<Function> {
    let outlines = module.functions.values().map(outline_of).collect();
    std::mem::replace(&mut module.functions, outlines).into_values()
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
