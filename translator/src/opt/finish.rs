//! What is done to each function by itself once all callees are inlined: the late passes, then the cutting of handlers, then the
//! cleaning of what was cut.

use rayon::prelude::*;

use super::outline::{numbered, split};
use super::{CLEAN_UP, Context, LATE, Options, run_passes, take_functions};
use crate::analysis::{CallGraph, Summaries};
use crate::ir::{Function, Module, VerifierError, verify};

/// Finishes every function, on all cores.
///
/// # Errors
/// Only with [`Options::verify`], as [`super::optimize`].
pub(super) fn finish_all(module: &mut Module, options: Options) -> Result<(), Vec<VerifierError>> {
    let summaries = Summaries::new(module, &CallGraph::new(module));
    let mut functions = take_functions(module);
    let context = Context {
        module,
        summaries: Some(&summaries),
    };
    let (parts, errors): (Vec<Vec<Function>>, Vec<Vec<VerifierError>>) = functions
        .par_iter_mut()
        .map(|func| finish(func, &context, options))
        .unzip();
    module.functions = numbered(functions, parts);
    let errors: Vec<VerifierError> = errors.into_iter().flatten().collect();
    if !errors.is_empty() {
        return Err(errors);
    }
    // Parts have their numbers only now, so what was done since they were cut is verified here.
    if options.verify {
        verify(module)
    } else {
        Ok(())
    }
}

/// Finishes a function; answers what was cut from it, and the rules that a pass broke.
fn finish(
    func: &mut Function,
    context: &Context<'_>,
    options: Options,
) -> (Vec<Function>, Vec<VerifierError>) {
    let errors = run_passes(func, context, options, LATE);
    if !errors.is_empty() {
        return (Vec::new(), errors);
    }
    let mut parts = split(func, context.module);
    let apart = Context {
        module: context.module,
        summaries: None,
    };
    let unverified = Options { verify: false };
    for func in std::iter::once(func).chain(&mut parts) {
        run_passes(func, &apart, unverified, CLEAN_UP);
    }
    (parts, errors)
}
