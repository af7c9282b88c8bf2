//! Inlining over the whole module, from the leaves of the call graph upwards, on all cores.
//!
//! A function is worked on once all its callees outside its own cycle are finished. Which core does it, and when, makes no difference:
//! of the functions of its own cycle it sees nothing.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use rayon::Scope;

use super::inline::{self, Callee, Callees};
use super::{Context, Options, clean_up, take_functions};
use crate::analysis::CallGraph;
use crate::base::PrimaryMap;
use crate::ir::{FuncId, Function, Module, VerifierError};

/// Inlines in every function and cleans it up.
///
/// # Errors
/// Only with [`Options::verify`], as [`super::optimize`].
pub(super) fn inline_all(
    module: &mut Module,
    options: Options<'_>,
) -> Result<(), Vec<VerifierError>> {
    let graph = CallGraph::new(module);
    let functions = take_functions(module).into_iter();
    let work = Work {
        waiting: functions.map(|func| Mutex::new(Some(func))).collect(),
        missing: missing(&graph).into_iter().map(AtomicU32::new).collect(),
        callers: callers(&graph),
        finished: graph.callees.keys().map(|_| OnceLock::new()).collect(),
        graph: &graph,
        context: Context {
            module,
            summaries: None,
        },
        options,
        errors: Mutex::default(),
    };
    let leaves = graph.callees.keys().filter(|&id| !work.waits(id));
    let leaves: Vec<FuncId> = leaves.collect();
    rayon::scope(|scope| {
        for id in leaves {
            work.start(id, scope);
        }
    });
    let errors = work.errors.into_inner();
    let finished = work.finished.into_values().into_iter();
    module.functions = finished
        .filter_map(OnceLock::into_inner)
        .map(|callee| callee.func)
        .collect();
    let mut errors = errors.unwrap_or_else(PoisonError::into_inner);
    if errors.is_empty() {
        return Ok(());
    }
    errors.sort_by_key(|(id, _)| *id);
    Err(errors.into_iter().flat_map(|(_, errors)| errors).collect())
}

/// The state that the cores share.
struct Work<'a> {
    /// The functions that nobody has begun with.
    waiting: PrimaryMap<FuncId, Mutex<Option<Function>>>,
    /// By function: how many callees it still waits for.
    missing: PrimaryMap<FuncId, AtomicU32>,
    /// By function: who waits for it.
    callers: PrimaryMap<FuncId, Vec<FuncId>>,
    finished: PrimaryMap<FuncId, OnceLock<Callee>>,
    graph: &'a CallGraph,
    context: Context<'a>,
    options: Options<'a>,
    errors: Mutex<Vec<(FuncId, Vec<VerifierError>)>>,
}

impl Work<'_> {
    fn waits(&self, id: FuncId) -> bool {
        self.missing[id].load(Ordering::Relaxed) > 0
    }

    /// Lets some core do a function, and those that then wait for nothing any more.
    fn start<'s>(&'s self, id: FuncId, scope: &Scope<'s>) {
        scope.spawn(move |scope| {
            self.finish(id);
            for &caller in &self.callers[id] {
                // The last callee to be finished sees what all the others have done.
                if self.missing[caller].fetch_sub(1, Ordering::AcqRel) == 1 {
                    self.start(caller, scope);
                }
            }
        });
    }

    fn finish(&self, id: FuncId) {
        let func = self.waiting[id].lock().map(|mut func| func.take());
        let Ok(Some(mut func)) = func else {
            return;
        };
        if !self.graph.callees[id].is_empty() {
            let callees = Callees {
                finished: &self.finished,
                graph: self.graph,
                caller: id,
            };
            let inlined = inline::run(&mut func, &callees);
            let unrolled = self.graph.recursive[id] && inline::run_on_itself(&mut func, id);
            if inlined || unrolled {
                let errors = clean_up(&mut func, &self.context, self.options);
                self.note(id, errors);
            }
        }
        let _ = self.finished[id].set(Callee::new(func));
    }

    fn note(&self, id: FuncId, errors: Vec<VerifierError>) {
        if !errors.is_empty()
            && let Ok(mut all) = self.errors.lock()
        {
            all.push((id, errors));
        }
    }
}

/// The callees of a function that it waits for.
fn awaited(graph: &CallGraph, id: FuncId) -> impl Iterator<Item = FuncId> + '_ {
    let components = &graph.components;
    let callees = graph.callees[id].iter().copied();
    callees.filter(move |&callee| components[callee] != components[id])
}

fn missing(graph: &CallGraph) -> Vec<u32> {
    let count = |id| awaited(graph, id).map(|_| 1).sum();
    graph.callees.keys().map(count).collect()
}

fn callers(graph: &CallGraph) -> PrimaryMap<FuncId, Vec<FuncId>> {
    let mut callers: PrimaryMap<FuncId, Vec<FuncId>> =
        graph.callees.keys().map(|_| Vec::new()).collect();
    for id in graph.callees.keys() {
        for callee in awaited(graph, id) {
            callers[callee].push(id);
        }
    }
    callers
}
