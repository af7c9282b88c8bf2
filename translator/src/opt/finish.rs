//! What is done to each function by itself once all callees are inlined: the late passes, then the cutting of handlers, then the
//! cleaning of what was cut.

use rayon::prelude::*;

use super::outline::{numbered, split};
use super::{CLEAN_UP, Context, LATE, Options, run_passes, take_functions};
use crate::analysis::{CallGraph, Summaries};
use crate::ir::portable::remembered;
use crate::ir::{Function, Module, Portable, VerifierError, Writer, verify};

/// Finishes every function, on all cores.
///
/// # Errors
/// Only with [`Options::verify`], as [`super::optimize`].
pub(super) fn finish_all(
    module: &mut Module,
    options: Options<'_>,
) -> Result<(), Vec<VerifierError>> {
    let summaries = Summaries::new(module, &CallGraph::new(module));
    let mut functions = take_functions(module);
    let context = Context {
        module,
        summaries: Some(&summaries),
    };
    let (parts, errors): (Vec<Vec<Function>>, Vec<Vec<VerifierError>>) = functions
        .par_iter_mut()
        .map(|func| finish_or_remember(func, &context, options))
        .unzip();
    module.functions = numbered(functions, parts);
    let errors: Vec<VerifierError> = errors.into_iter().flatten().collect();
    if !errors.is_empty() {
        return Err(errors);
    }
    // Parts have their numbers only now, so what was done since they were cut is verified here, and so is what was taken over.
    if options.verify {
        verify(module)
    } else {
        Ok(())
    }
}

/// Takes over what became of a function in an earlier run, or finishes it.
fn finish_or_remember(
    func: &mut Function,
    context: &Context<'_>,
    options: Options<'_>,
) -> (Vec<Function>, Vec<VerifierError>) {
    let Some(memo) = options.memo.filter(|_| func.has_body()) else {
        return finish(func, context, options);
    };
    let facts = |asked: &mut Writer| context.summaries_for(asked);
    let mut errors = Vec::new();
    let (whole, parts) = remembered(memo, ("finish", func, context.module), facts, || {
        let mut whole = func.clone();
        let (parts, found) = finish(&mut whole, context, options);
        errors = found;
        (whole, parts)
    });
    *func = whole;
    (parts, errors)
}

impl Context<'_> {
    /// Writes what the passes can learn from the summaries of a function's callees: of alias classes, those that it names itself.
    fn summaries_for(&self, asked: &mut Writer) {
        let classes = asked.classes();
        for callee in asked.functions() {
            let Some(summary) = self.summary(callee) else {
                continue;
            };
            for touched in [&summary.reads, &summary.writes] {
                (touched.all, touched.is_empty()).write(asked);
                let overlaps = classes.iter().map(|&class| touched.overlaps(class));
                overlaps.collect::<Vec<bool>>().write(asked);
            }
            (summary.stops, summary.external).write(asked);
            (summary.reads_pins, summary.writes_pins).write(asked);
        }
    }
}

/// Finishes a function; answers what was cut from it, and the rules that a pass broke.
fn finish(
    func: &mut Function,
    context: &Context<'_>,
    options: Options<'_>,
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
    let unverified = Options {
        verify: false,
        ..options
    };
    for func in std::iter::once(func).chain(&mut parts) {
        run_passes(func, &apart, unverified, CLEAN_UP);
    }
    (parts, errors)
}
