//! Random functions do natively what the IR interpreter says: results, traps with their reasons, memory, pins, calls of imports.
//!
//! Many functions go into one executable. Its driver runs one case after the other on a copy of the case's memory and writes what it
//! finds; a signal handler turns traps into records. `OURO_RANDOM` sets the number of modules of three to five functions.

use super::{CodeModule, compile};
use crate::base::EntityRef;
use crate::ir::interpret::{ARENA, End, Run};
use crate::ir::{
    Export, FuncId, Function, FunctionBuilder, FunctionKind, Inst, Module, PinId, Signature,
    Symbol, Type, parse_module, verify,
};
use crate::object::{LinkOptions, link};
use crate::opt::random;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

/// Bytes of memory of a case.
const MEMORY: usize = 512;

/// Calls of imports that are written down.
const LOG: usize = 64;

/// Bytes that the driver writes for a case: how it ended, the result, two pins; the memory; the log with its length.
const RECORD: usize = 32 + MEMORY + 8 + 8 * LOG;

const DRIVER: &str = include_str!("random_driver.ir");

/// A function with arguments and what must come of it.
struct Case {
    seed: u64,
    function: FuncId,
    args: Vec<i64>,
    memory: Vec<u8>,
    expected: Run,
}

/// Adds the functions of `other`, but for its import, to `total`; answers what is added to their numbers.
fn merge(total: &mut Module, other: Module, seed: u64) -> usize {
    let base = total.functions.len() - 1;
    let moved = |id: FuncId| match id.index() {
        0 => id,
        n => FuncId::new(n + base),
    };
    for mut function in other.functions.into_values().into_iter().skip(1) {
        function.name = format!("{seed}.{}", function.name);
        for data in function.insts.values_mut() {
            data.inst = match data.inst {
                Inst::Call(callee, args) => Inst::Call(moved(callee), args),
                Inst::TailCall(callee, args) => Inst::TailCall(moved(callee), args),
                Inst::Addr(Symbol::Function(id), n) => Inst::Addr(Symbol::Function(moved(id)), n),
                inst => inst,
            };
        }
        total.functions.push(function);
    }
    base
}

/// The module with the driver, and room for cases.
fn driver() -> Module {
    let mut total = random::module(0);
    total.functions.clear();
    for name in ["import", "f1", "f2", "f3", "f4", "f5"] {
        total.intern(name);
    }
    let driver = parse_module(DRIVER).expect("the driver is IR");
    total.functions = driver.functions;
    for function in total.functions.values_mut() {
        function.position.method = total.names.keys().next().expect("names were interned");
        for data in function.insts.values_mut() {
            data.position = function.position;
        }
    }
    total.data = driver.data;
    total.tables = driver.tables;
    total.signatures = driver.signatures;
    total.exports = driver.exports;
    total
}

/// A function that runs one case and writes its result and the pins to the record.
fn case_function(total: &Module, number: usize, case: &Case) -> Function {
    let position = total.functions[case.function].position;
    let name = format!("case {number}");
    let function = Function::new(name, FunctionKind::Normal, Signature::default(), position);
    let mut b = FunctionBuilder::new(function);
    for (n, pin) in [PinId::new(0), PinId::new(1)].into_iter().enumerate() {
        let start = b.iconst(ARENA + 8 * i64::try_from(n).expect("small"));
        let start = b.cast(Type::Ptr, start);
        b.pin_set(pin, start);
    }
    let signature = total.functions[case.function].signature.clone();
    let mut args = Vec::new();
    for (&ty, &arg) in signature.params.iter().zip(&case.args) {
        args.push(match ty {
            Type::Bool => b.bconst(arg != 0),
            Type::F64 => b.fconst(f64::from_bits(arg.cast_unsigned())),
            Type::I64 => b.iconst(arg),
            _ => {
                let word = b.iconst(arg);
                b.cast(ty, word)
            }
        });
    }
    let result = b.call(case.function, &args, signature.result);
    let any = crate::ir::Alias::ANY;
    let record = total
        .data
        .keys()
        .next()
        .expect("the record is the driver's first data");
    let place = b.addr(Symbol::Data(record), 0);
    let at = |offset| crate::ir::Address::value(place, offset);
    if let Some(result) = result {
        let result = match b.ty(result) {
            Type::Bool => b.unary(crate::ir::UnaryOp::B2i, result),
            _ => result,
        };
        b.store(crate::ir::Access::I64, result, at(8), any);
    }
    for (n, pin) in [PinId::new(0), PinId::new(1)].into_iter().enumerate() {
        let value = b.pin_get(pin, Type::Ptr);
        b.store(
            crate::ir::Access::Ptr,
            value,
            at(16 + 8 * i32::try_from(n).expect("small")),
            any,
        );
    }
    b.ret(None);
    b.finish()
}

/// The module that runs the cases of some seeds, and the cases.
fn batch(seeds: std::ops::Range<u64>) -> (Module, Vec<Case>) {
    let mut total = driver();
    let mut cases = Vec::new();
    for seed in seeds {
        let mut module = random::module(seed);
        if seed % 2 == 1 {
            optimize(&mut module);
        }
        let mut found = Vec::new();
        for id in random::runnable(&module) {
            for (args, memory, expected) in random::inputs_and_runs(&module, id, seed) {
                if !matches!(expected.end, End::Undefined(_) | End::Endless)
                    && expected.log.len() <= LOG
                {
                    found.push((id, args, memory, expected));
                }
            }
        }
        let base = merge(&mut total, module, seed);
        cases.extend(found.into_iter().map(|(id, args, memory, expected)| Case {
            seed,
            function: FuncId::new(id.index() + base),
            args,
            memory,
            expected,
        }));
    }
    for (number, case) in cases.iter().enumerate() {
        let function = case_function(&total, number, case);
        let id = total.functions.push(function);
        let table = total
            .tables
            .values_mut()
            .next()
            .expect("the driver has a table");
        table.entries.push(Some(id));
    }
    fill_inputs(&mut total, &cases);
    (total, cases)
}

/// Optimises a module whose functions are all wanted.
fn optimize(module: &mut Module) {
    module.exports = module
        .functions
        .keys()
        .map(|function| Export {
            symbol: format!("export{}", function.index()),
            function,
        })
        .collect();
    let options = crate::opt::Options::default();
    crate::opt::optimize(module, options).expect("passes keep the rules");
    module.exports.clear();
}

/// The driver's data `inputs` and `count`.
fn fill_inputs(total: &mut Module, cases: &[Case]) {
    for data in total.data.values_mut() {
        match data.name.as_str() {
            "inputs" => data.bytes = cases.iter().flat_map(|case| case.memory.clone()).collect(),
            "count" => data.bytes = (cases.len() as u64).to_le_bytes().to_vec(),
            "record" => data.bytes = vec![0; 32],
            "log" => data.bytes = vec![0; 8 + 8 * LOG],
            _ => {}
        }
    }
}

/// Compiles, links and runs a module; answers what it writes.
fn run(code: &CodeModule<'_>) -> (Vec<u8>, Vec<u8>) {
    let bytes = link(code, &LinkOptions::default())
        .expect("the module links")
        .bytes;
    let name = format!(
        "ouro-random-{}-{:?}",
        std::process::id(),
        std::thread::current().id()
    );
    let path = std::env::temp_dir().join(name.replace(['(', ')'], ""));
    std::fs::write(&path, &bytes).expect("the temporary folder is writable");
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&path, mode).expect("the file is ours");
    let mut command = Command::new(&path);
    command.stdout(Stdio::piped());
    let child = crate::runner::spawn(&mut command).expect("the executable starts");
    let output = child.wait_with_output().expect("the executable ends");
    if std::env::var_os("OURO_KEEP").is_none() {
        std::fs::remove_file(&path).expect("the file is ours");
    }
    if !output.status.success() {
        eprintln!("the driver ended with {}", output.status);
    }
    (bytes, output.stdout)
}

/// The reason of each trap site by its address in the file.
fn trap_reasons(code: &CodeModule<'_>, file: &[u8]) -> (BTreeMap<u64, String>, u64) {
    let elf = goblin::elf::Elf::parse(file).expect("the linker checked it");
    let mut starts = BTreeMap::new();
    for symbol in &elf.syms {
        let name = elf.strtab.get_at(symbol.st_name).unwrap_or("");
        starts.insert(name.to_owned(), symbol.st_value);
    }
    let mut reasons = BTreeMap::new();
    for (id, function) in code.module.functions.iter() {
        for trap in &code.function(id).traps {
            let address = starts[&function.name] + u64::from(trap.offset);
            reasons.insert(address, code.module.trap_reasons[trap.reason].clone());
        }
    }
    (reasons, starts["drive"])
}

fn word(bytes: &[u8], at: usize) -> i64 {
    i64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

/// What a record says differently from what is expected.
fn difference(
    case: &Case,
    record: &[u8],
    reasons: &BTreeMap<u64, String>,
    drive: u64,
) -> Option<String> {
    let (kind, result) = (word(record, 0), word(record, 8));
    let end = match kind {
        0 => End::Returned(match &case.expected.end {
            End::Returned(None) => None,
            _ => Some(result),
        }),
        _ => {
            let address = drive.wrapping_add_signed(result);
            let reason = reasons.get(&address).cloned();
            End::Trapped(reason.unwrap_or_else(|| format!("no trap site at {address:#x}")))
        }
    };
    let pins = vec![word(record, 16), word(record, 24)];
    let memory = &record[32..32 + MEMORY];
    let log = &record[32 + MEMORY..];
    let count = usize::try_from(word(log, 0)).expect("a count");
    let log: Vec<i64> = (0..count.min(LOG)).map(|n| word(log, 8 + 8 * n)).collect();
    let expected_log: Vec<i64> = case.expected.log.iter().map(|(_, args)| args[0]).collect();
    let mut wrong = Vec::new();
    if end != case.expected.end {
        wrong.push(format!("ended {end:?}, not {:?}", case.expected.end));
    }
    // At a trap in a function without pins their registers may hold something else.
    if kind == 0 && pins != case.expected.pins {
        wrong.push(format!("pins {pins:x?}, not {:x?}", case.expected.pins));
    }
    if let Some(at) = (0..MEMORY).find(|&at| memory[at] != case.expected.memory[at]) {
        let at = at & !7;
        wrong.push(format!(
            "memory at {at}: {:#x}, not {:#x}",
            word(memory, at),
            word(&case.expected.memory, at)
        ));
    }
    if log != expected_log {
        wrong.push(format!("calls {log:?}, not {expected_log:?}"));
    }
    (!wrong.is_empty()).then(|| wrong.join("; "))
}

/// How often each operation occurs, for the printed coverage.
fn coverage(module: &Module, counts: &mut BTreeMap<String, usize>) {
    for function in module.functions.values() {
        for (_, id) in function.each_inst() {
            let text = module.inst_text(function, &function.insts[id].inst);
            let name = text.split(' ').next().unwrap_or_default();
            *counts.entry(name.to_owned()).or_default() += 1;
        }
    }
}

#[test]
fn random_functions_do_natively_what_the_interpreter_says() {
    let modules: u64 = match std::env::var("OURO_RANDOM") {
        Ok(number) => number.parse().expect("OURO_RANDOM is a number"),
        Err(_) => 240,
    };
    let first: u64 = match std::env::var("OURO_RANDOM_FIRST") {
        Ok(number) => number.parse().expect("OURO_RANDOM_FIRST is a number"),
        Err(_) => 1,
    };
    let mut counts = BTreeMap::new();
    let mut functions = 0;
    let mut done = 0;
    for start in (first..first + modules).step_by(120) {
        let (module, cases) = batch(start..(start + 120).min(first + modules));
        assert_eq!(verify(&module), Ok(()));
        coverage(&module, &mut counts);
        functions += module.functions.len() - cases.len();
        done += cases.len();
        let code = compile(&module).expect("the pins are in order");
        let (file, output) = run(&code);
        let (reasons, drive) = trap_reasons(&code, &file);
        for (number, (case, record)) in cases.iter().zip(output.chunks_exact(RECORD)).enumerate() {
            if let Some(difference) = difference(case, record, &reasons, drive) {
                panic!(
                    "case {number}, seed {}: {difference}\narguments {:x?}\n{}",
                    case.seed,
                    case.args,
                    module.function_text(case.function)
                );
            }
        }
        let records = output.len() / RECORD;
        if records < cases.len() {
            let case = &cases[records];
            panic!(
                "case {records}, seed {}, did not end; expected {:?}\narguments {:x?}\n{}",
                case.seed,
                case.expected.end,
                case.args,
                module.function_text(case.function)
            );
        }
    }
    println!("{functions} functions, {done} runs");
    for (name, count) in counts {
        println!("{count:8} {name}");
    }
}
