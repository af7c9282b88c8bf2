//! Cleaning and inlining over the whole module, from the leaves of the call graph upwards, on all cores.
//!
//! A function is worked on once all its callees outside its own cycle are finished. Which core does it, and when, makes no difference:
//! of the functions of its own cycle it sees nothing. The call graph is that of the module as it comes in.
//!
//! What became of a function in an earlier run is taken over if it was the same, and its callees look the same to it ([`Callee::look`]).

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use rayon::Scope;

use super::inline::{self, Callee, Callees};
use super::{CLEAN_UP, Context, Options, run_passes, take_functions};
use crate::analysis::CallGraph;
use crate::base::{Key, PrimaryMap};
use crate::ir::portable::{Entities, Lasting};
use crate::ir::{FuncId, Function, Module, VerifierError};

/// Cleans every function up, inlines in it and cleans it up again.
///
/// # Errors
/// Only with [`Options::verify`], as [`super::optimize`].
pub(super) fn inline_all(
    module: &mut Module,
    options: Options<'_>,
) -> Result<(), Vec<VerifierError>> {
    let (graph, lasting) = rayon::join(
        || CallGraph::new(module),
        || options.memo.map(|_| Lasting::new(module)),
    );
    let functions = take_functions(module).into_iter();
    let work = Work {
        waiting: functions.map(|func| Mutex::new(Some(func))).collect(),
        missing: missing(&graph).into_iter().map(AtomicU32::new).collect(),
        callers: callers(&graph),
        finished: graph.callees.keys().map(|_| OnceLock::new()).collect(),
        graph: &graph,
        lasting,
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
    /// What the entities of the module are, if there is a memo.
    lasting: Option<Lasting>,
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
        let Ok(Some(func)) = func else {
            return;
        };
        let callees = Callees {
            finished: &self.finished,
            graph: self.graph,
            caller: id,
        };
        let (func, content) = self.inline_or_remember(func, &callees);
        let mut callee = Callee::new(func);
        if self.lasting.is_some() {
            callee.look = callees.look(&callee, content);
        }
        let _ = self.finished[id].set(callee);
    }

    /// Takes over what became of a function in an earlier run, or works on it; answers the key of the result, too, if there is a memo.
    fn inline_or_remember(&self, func: Function, callees: &Callees<'_>) -> (Function, Option<Key>) {
        let known = self.options.memo.zip(self.lasting.as_ref());
        let Some((memo, lasting)) = known.filter(|_| func.has_body()) else {
            return (self.inline(func, callees, |_| ()), None);
        };
        let mut question = lasting.question("inline", &func);
        if !callees.ask(question.facts()) {
            return (self.inline(func, callees, |_| ()), None);
        }
        question.answer(memo, |entities: &mut Entities| {
            self.inline(func, callees, |func| entities.note(func))
        })
    }

    /// Inlines in a function, before and after which it is cleaned up. `note` gets what all that is inlined has come into.
    fn inline(
        &self,
        mut func: Function,
        callees: &Callees<'_>,
        note: impl FnOnce(&Function),
    ) -> Function {
        let id = callees.caller;
        self.clean_up(id, &mut func);
        if self.graph.callees[id].is_empty() {
            return func;
        }
        let inlined = inline::run(&mut func, callees);
        let unrolled = self.graph.recursive[id] && inline::run_on_itself(&mut func, id);
        note(&func);
        if inlined || unrolled {
            self.clean_up(id, &mut func);
        }
        func
    }

    /// The passes look at the function and, through [`Context::module`], at what it names: attributes and signatures of callees, fields, pins.
    /// All that they may ask has to be in what [`Lasting`] says of an entity; nothing more is known here, no summaries above all.
    fn clean_up(&self, id: FuncId, func: &mut Function) {
        let errors = run_passes(func, &self.context, self.options, CLEAN_UP);
        self.note(id, errors);
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

#[cfg(test)]
mod tests {
    use crate::base::{Key, Memo};
    use crate::ir::{Module, parse_module};
    use crate::opt::{Options, optimize};

    /// `top` takes in `middle`, which has taken in `leaf`; `apart` is called.
    const TEXT: &str = "symbol \"s\" \"top\"\n\
        function \"leaf\" (v0: i64) -> i64 {\nblock0(v0: i64):\n    v1 = iconst 3\n    v2 = add v0, v1\n    ret v2\n}\n\
        function \"middle\" (v0: i64) -> i64 {\nblock0(v0: i64):\n    v1 = call \"leaf\"(v0)\n    ret v1\n}\n\
        function \"apart\" (v0: i64) -> i64 noinline {\nblock0(v0: i64):\n    v1 = iconst 5\n    v2 = mul v0, v1\n    ret v2\n}\n\
        export \"top\" (v0: i64) -> i64 {\nblock0(v0: i64):\n    v1 = call \"middle\"(v0)\n    v2 = call \"apart\"(v1)\n    ret v2\n}\n";

    fn optimized(text: &str, memo: Option<&Memo>) -> Module {
        let mut module = parse_module(text).expect("the text is right");
        let options = Options { verify: true, memo };
        optimize(&mut module, options).expect("passes keep the rules");
        module
    }

    /// Optimises a text with what is known of [`TEXT`]; answers for how many functions nothing was known.
    fn made_anew(text: &str) -> usize {
        let memo = Memo::default();
        optimized(TEXT, Some(&memo));
        let identity = Key::of(b"test");
        let memo = Memo::from_bytes(memo.to_bytes(identity), identity).expect("it is whole");
        let with = optimized(text, Some(&memo));
        assert_eq!(with.text(), optimized(text, None).text());
        let (found, asked) = memo.found();
        asked - found
    }

    #[test]
    fn an_edit_reaches_those_that_take_it_in_and_no_others() {
        assert_eq!(made_anew(TEXT), 0);
        // Inlining in `leaf`, `middle` and `top`, and the end of `top`: the others are reached by nobody.
        assert_eq!(made_anew(&TEXT.replace("iconst 3", "iconst 4")), 4);
        // Inlining in `apart`, and its end.
        assert_eq!(made_anew(&TEXT.replace("iconst 5", "iconst 6")), 2);
        // What `middle` becomes is the same.
        let longer = "v3 = iconst 1\n    v4 = iconst 2\n    v1 = add v3, v4";
        assert_eq!(made_anew(&TEXT.replace("v1 = iconst 3", longer)), 2);
        // Inlining in `apart` and `top`, and the end of `top`, by which nobody reaches `apart` any more.
        assert_eq!(made_anew(&TEXT.replace("noinline", "inline")), 3);
        assert!(
            made_anew(&TEXT.replace(
                "\"leaf\" (v0: i64) -> i64",
                "\"leaf\" (v0: i64) -> i64 noinline"
            )) > 2
        );
    }
}
