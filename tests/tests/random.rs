//! Random Slang programs: the executable must do what the reference evaluator does.
//!
//! `OURO_RANDOM` sets how many programs are run, `OURO_SEED` the first seed.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use ouroc::evaluate::{Failure, FaultKind};
use tests::random::batch::{Batch, prepare};
use tests::random::coverage::Coverage;
use tests::random::plant::plants;
use tests::random::program;

/// Programs that are compiled together.
const BATCH: u64 = 250;
/// How many programs are run in an optimised build, as in CI.
const PROGRAMS: u64 = 10_000;
/// How many are in a debug build, where each takes a tenth of a second.
const FEW_PROGRAMS: u64 = 250;
/// Opcodes, widths and shapes that the programs must use.
const WANTED: &[&str] = &[
    "add",
    "sub",
    "mul",
    "and",
    "or",
    "xor",
    "shl",
    "shr",
    "sar",
    "rotl",
    "rotr",
    "mulhu",
    "sdiv",
    "udiv",
    "srem",
    "urem",
    "neg",
    "not",
    "clz",
    "ctz",
    "popcnt",
    "bswap.16",
    "bswap.32",
    "bswap.64",
    "add.s",
    "add.u",
    "sub.s",
    "mul.s",
    "mul.u",
    "br.add.s",
    "br.sub.s",
    "br.mul.s",
    "sext.8",
    "sext.16",
    "sext.32",
    "zext.8",
    "zext.16",
    "zext.32",
    "icmp.eq",
    "icmp.ne",
    "icmp.slt",
    "icmp.sle",
    "icmp.sgt",
    "icmp.sge",
    "icmp.ult",
    "icmp.ule",
    "icmp.ugt",
    "icmp.uge",
    "fcmp.eq",
    "fcmp.ne",
    "fcmp.lt",
    "fcmp.le",
    "fcmp.gt",
    "fcmp.ge",
    "fadd",
    "fsub",
    "fmul",
    "fdiv",
    "fneg",
    "fabs",
    "fsqrt",
    "ffloor",
    "i2f",
    "u2f",
    "f2i",
    "f64to32",
    "f32to64",
    "f2bits",
    "select",
    "load.u8",
    "load.s8",
    "load.u16",
    "load.s16",
    "load.u32",
    "load.s32",
    "load.i64",
    "load.f32",
    "load.f64",
    "load.bool",
    "load.ptr",
    "store.u8",
    "store.s8",
    "store.u16",
    "store.s16",
    "store.u32",
    "store.s32",
    "store.i64",
    "store.f32",
    "store.f64",
    "store.bool",
    "memcopy",
    "memmove",
    "memfill",
    "memfill64",
    "call",
    "callind",
    "syscall",
    "trap.if",
    "switch",
    "br",
    "shape: join",
    "shape: loop",
    "shape: loop with variables",
];

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

fn folder(first: u64) -> PathBuf {
    std::env::temp_dir().join(format!("ouro-random-{}-{first}", std::process::id()))
}

/// The batch of programs from a seed on.
fn batch(first: u64, count: u64) -> Batch {
    let folder = folder(first);
    let seeds: Vec<u64> = (first..first + count).collect();
    let batch = prepare(&folder, &seeds)
        .unwrap_or_else(|error| panic!("programs from {first} on: {error}"));
    std::fs::remove_dir_all(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for (seed, result) in batch.seeds.iter().zip(&batch.evaluated) {
        if let Some(Failure::Fault(fault)) = &result.failure
            && matches!(
                fault.kind,
                FaultKind::Claim(_)
                    | FaultKind::Memory(_)
                    | FaultKind::BadFunction(_)
                    | FaultKind::Unsupported(_)
            )
        {
            panic!("program {seed}: {}\n{}", fault.kind, program(*seed));
        }
    }
    batch
}

/// What all batches together come to.
#[derive(Default)]
struct Totals {
    coverage: Coverage,
    accepted: usize,
    refused: usize,
    trapped: usize,
    differences: Vec<(u64, String)>,
}

#[test]
fn random_programs_do_natively_what_they_do_in_the_evaluator() {
    let wanted = number(
        "OURO_RANDOM",
        if cfg!(debug_assertions) {
            FEW_PROGRAMS
        } else {
            PROGRAMS
        },
    ) as usize;
    let next = AtomicU64::new(number("OURO_SEED", 1));
    let totals = Mutex::new(Totals::default());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, |count| count.get().min(4)) {
            scope.spawn(|| {
                while totals.lock().expect("no thread panicked").accepted < wanted {
                    let batch = batch(next.fetch_add(BATCH, Ordering::Relaxed), BATCH);
                    let differences = batch
                        .differences(batch.module.clone())
                        .unwrap_or_else(|error| panic!("{error}"));
                    let mut totals = totals.lock().expect("no thread panicked");
                    batch.count(&mut totals.coverage);
                    totals.accepted += batch.seeds.len();
                    totals.refused += batch.refused.len();
                    totals.trapped += batch
                        .evaluated
                        .iter()
                        .filter(|result| result.is_trap())
                        .count();
                    totals.differences.extend(differences);
                }
            });
        }
    });
    let totals = totals.into_inner().expect("no thread panicked");
    println!(
        "{} programs, {} of them trap; inference refused {} more",
        totals.accepted, totals.trapped, totals.refused
    );
    println!("{}", totals.coverage.table());
    if let Some((seed, difference)) = totals.differences.iter().min() {
        panic!(
            "{} programs differ; {seed}: {difference}\n{}",
            totals.differences.len(),
            program(*seed)
        );
    }
    assert!(
        totals.refused < totals.accepted / 2,
        "the generator and inference disagree on {} programs",
        totals.refused
    );
    let rare: Vec<_> = WANTED
        .iter()
        .filter(|name| !totals.coverage.counts.contains_key(**name))
        .collect();
    assert!(
        cfg!(debug_assertions) || rare.is_empty(),
        "never used: {rare:?}"
    );
}

#[test]
#[cfg_attr(
    debug_assertions,
    ignore = "takes minutes without optimisation; CI tests in release"
)]
fn every_planted_miscompilation_is_caught() {
    let batches: Vec<Batch> = [500_000, 600_000, 700_000, 800_000]
        .map(|first| batch(first, BATCH))
        .into();
    let mut missed = Vec::new();
    let plants = plants();
    for plant in &plants {
        let caught = batches.iter().any(|batch| {
            let mut module = batch.module.clone();
            plant.apply(&mut module) > 0
                && batch
                    .differences(module)
                    .is_ok_and(|differences| !differences.is_empty())
        });
        if !caught {
            missed.push(plant.name);
        }
    }
    println!(
        "{} miscompilations were planted, {} of them were missed",
        plants.len(),
        missed.len()
    );
    assert!(missed.is_empty(), "not caught: {missed:?}");
}
