//! Passes, and the whole list of them, on random programs; and faults that must be found.

use super::*;
use crate::base::EntityRef;
use crate::ir::PinId;
use crate::ir::{BinaryOp, Inst, IntCond, verify};
use crate::opt::{CLEAN_UP, Context, LATE, Options, Pass, optimize, outline, variants};

/// More with `OURO_FUZZ=100000`.
fn seeds() -> u64 {
    std::env::var("OURO_FUZZ")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(150)
}

/// Runs a pass on every function and compares what each does; answers the first difference.
fn check(
    seed: u64,
    name: &str,
    pass: &mut dyn FnMut(&mut Function, &Context<'_>),
) -> Result<(), String> {
    let before = module(seed);
    let mut after = before.clone();
    let graph = crate::analysis::CallGraph::new(&before);
    let summaries = crate::analysis::Summaries::new(&before, &graph);
    let context = Context {
        module: &before,
        summaries: Some(&summaries),
    };
    for id in runnable(&before) {
        pass(&mut after.functions[id], &context);
    }
    if let Err(errors) = verify(&after) {
        return Err(format!(
            "seed {seed}, {name} breaks: {}\n{}\nfrom\n{}",
            errors[0],
            after.text(),
            before.text()
        ));
    }
    for id in runnable(&before) {
        if let Some(text) = difference(&runs(&before, id, seed), &runs(&after, id, seed)) {
            let (old, new) = (before.function_text(id), after.function_text(id));
            return Err(format!(
                "seed {seed}, {name} changes what {} does:\n{text}\n{old}\n{new}",
                before.functions[id].name
            ));
        }
    }
    Ok(())
}

fn all_passes() -> Vec<(&'static str, Pass)> {
    let mut passes: Vec<(&str, Pass)> = CLEAN_UP.iter().chain(LATE).copied().collect();
    passes.sort_by_key(|(name, _)| *name);
    passes.dedup_by_key(|(name, _)| *name);
    passes
}

#[test]
fn random_functions_are_right_and_mostly_run_to_an_end() {
    let mut ended = 0;
    let mut all = 0;
    for seed in 0..100 {
        let module = module(seed);
        assert_eq!(verify(&module), Ok(()));
        for id in runnable(&module) {
            for run in runs(&module, id, seed) {
                all += 1;
                ended += usize::from(!matches!(run.end, End::Undefined(_) | End::Endless));
            }
        }
    }
    assert!(ended * 10 >= all * 7, "{ended} of {all}");
}

/// Spoils an instruction, if it is of the right kind.
type Spoil = fn(&mut Inst) -> bool;

/// Ways to spoil a function, as a faulty pass might.
const FAULTS: [(&str, Spoil); 9] = [
    ("a constant is one too large", |inst| match inst {
        Inst::Iconst(n) => {
            *n = n.wrapping_add(1);
            true
        }
        _ => false,
    }),
    ("operands are exchanged", |inst| match inst {
        Inst::Binary(BinaryOp::Sub, a, b) if a != b => {
            std::mem::swap(a, b);
            true
        }
        _ => false,
    }),
    ("a comparison is off by one", |inst| match inst {
        Inst::Icmp(cond @ IntCond::Slt, ..) => {
            *cond = IntCond::Sle;
            true
        }
        _ => false,
    }),
    ("a branch goes the other way", |inst| match inst {
        Inst::Br(_, yes, no, _) if yes != no => {
            std::mem::swap(yes, no);
            true
        }
        _ => false,
    }),
    ("a check is gone", |inst| match *inst {
        Inst::Checked(op, a, b, _) => {
            *inst = Inst::Binary(op.wrapping(), a, b);
            true
        }
        _ => false,
    }),
    ("a trap is gone", |inst| match *inst {
        Inst::TrapIf(..) => {
            *inst = Inst::Fence;
            true
        }
        _ => false,
    }),
    ("a store is gone", |inst| match *inst {
        Inst::Store(..) => {
            *inst = Inst::Fence;
            true
        }
        _ => false,
    }),
    ("a load is narrower", |inst| match inst {
        Inst::Load(access @ Access::I64, ..) => {
            *access = Access::U32;
            true
        }
        _ => false,
    }),
    ("a pin is not written", |inst| match *inst {
        Inst::PinSet(..) => {
            *inst = Inst::Fence;
            true
        }
        _ => false,
    }),
];

#[test]
fn planted_faults_are_found() {
    for (fault, spoil) in FAULTS {
        let mut planted = 0;
        let found = (0..200).any(|seed| {
            let result = check(seed, fault, &mut |func, context| {
                for (_, pass) in CLEAN_UP {
                    pass(func, context);
                }
                let ids: Vec<crate::ir::InstId> = func.each_inst().map(|(_, id)| id).collect();
                planted += usize::from(ids.into_iter().any(|id| spoil(&mut func.insts[id].inst)));
            });
            result.is_err()
        });
        assert!(found, "{fault}: planted {planted} times and never found");
    }
}

#[test]
fn each_pass_alone_keeps_what_random_functions_do() {
    for (name, pass) in all_passes() {
        for seed in 0..seeds() {
            let result = check(seed, name, &mut |func, context| {
                pass(func, context);
            });
            if let Err(text) = result {
                panic!("{text}");
            }
        }
    }
}

#[test]
fn the_whole_list_keeps_what_random_programs_do() {
    for seed in 0..seeds() {
        let before = module(seed);
        let mut after = before.clone();
        // Everything is kept, to be run.
        for id in runnable(&before) {
            after.functions[id].kind = FunctionKind::Export;
            after.exports.push(crate::ir::Export {
                symbol: format!("{id}"),
                function: id,
            });
        }
        let named = after.clone();
        if let Err(errors) = optimize(
            &mut after,
            Options {
                verify: true,
                ..Options::default()
            },
        ) {
            panic!("seed {seed}: {}\nfrom\n{}", errors[0], named.text());
        }
        assert_eq!(verify(&after), Ok(()), "seed {seed}");
        for id in runnable(&before) {
            let new = after
                .function_named(&before.functions[id].name)
                .expect("exports stay");
            if let Some(text) = difference(&runs(&before, id, seed), &runs(&after, new, seed)) {
                panic!(
                    "seed {seed}, {}:\n{text}\n{}\n{}",
                    before.functions[id].name,
                    before.text(),
                    after.function_text(new)
                );
            }
        }
    }
}

/// A random program in which the last function is also there as a handler.
fn with_handler(seed: u64) -> (Module, FuncId) {
    let mut module = module(seed);
    module.instruction_pin = Some(PinId::new(0));
    module.dispatch_pin = Some(PinId::new(1));
    let last = FuncId::new(module.functions.len() - 1);
    let handler = variants::as_handler(&module.functions[last]);
    let id = module.functions.push(handler);
    (module, id)
}

#[test]
fn variants_and_outlining_keep_what_random_handlers_do() {
    let (mut cut, mut ended) = (0, 0);
    for seed in 0..seeds() {
        let (before, id) = with_handler(seed);
        assert_eq!(verify(&before), Ok(()), "seed {seed}");
        let mut after = before.clone();
        variants::run(&mut after);
        outline::run(&mut after);
        assert_eq!(verify(&after), Ok(()), "seed {seed}\n{}", after.text());
        cut += usize::from(
            after
                .functions
                .values()
                .any(|func| func.name.contains("(part ")),
        );
        let (old, new) = (runs(&before, id, seed), runs(&after, id, seed));
        ended += old.iter().filter(|run| run.end == End::Dispatched).count();
        if let Some(text) = difference(&old, &new) {
            panic!(
                "seed {seed}:\n{text}\n{}\n{}",
                before.function_text(id),
                after.text()
            );
        }
    }
    assert!(
        cut > 0 && ended > 0,
        "{cut} handlers were cut, {ended} runs dispatched"
    );
}

#[test]
fn the_result_does_not_depend_on_the_number_of_threads() {
    let optimized = |seed: u64, threads: usize| {
        let mut module = module(seed);
        for id in runnable(&module) {
            module.functions[id].kind = FunctionKind::Export;
            let symbol = format!("{id}");
            module.exports.push(crate::ir::Export {
                symbol,
                function: id,
            });
        }
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("a pool is made");
        pool.install(|| optimize(&mut module, Options::default()))
            .expect("passes keep the rules");
        module.text()
    };
    for seed in 0..20 {
        assert_eq!(optimized(seed, 1), optimized(seed, 4), "seed {seed}");
    }
}
