//! Whole runs: one test, or the entry as the kernel would start it.

use super::code::Code;
use super::fault::{Fault, FaultKind, Outcome};
use super::machine::{Limits, Machine};
use super::memory::{PAGE_SIZE, Protection};
use super::system::SystemOptions;
use crate::typed::{MethodId, Test, Trap};

/// Stack of the thread that evaluates: trees recurse on it.
const HOST_STACK: usize = 1 << 30;
/// Where the kernel would put arguments and environment.
const ARGUMENT_TOP: u64 = 0x7FFF_FFFF_0000;

/// The result of one test.
#[derive(Clone, PartialEq, Debug)]
pub struct TestResult {
    /// What it wrote to standard output.
    pub output: Vec<u8>,
    /// Why it failed.
    pub failure: Option<Failure>,
}

/// Why a test failed.
#[derive(Clone, PartialEq, Debug)]
pub enum Failure {
    /// It trapped.
    Fault(Box<Fault>),
    /// It ended the program with this status.
    Exit(i32),
}

impl TestResult {
    /// Whether generated code would trap as well: the failure is the program's and not the evaluator's.
    #[must_use]
    pub fn is_trap(&self) -> bool {
        matches!(&self.failure, Some(Failure::Fault(fault)) if matches!(fault.kind, FaultKind::Trap(_)))
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Fault(fault) => fault.kind.fmt(f),
            Failure::Exit(status) => write!(f, "the test ended the program with status {status}"),
        }
    }
}

/// Runs a test with fresh state: `setUp`, then the method.
#[must_use]
pub fn run_test(code: &Code, test: &Test, limits: Limits, system: &SystemOptions) -> TestResult {
    on_large_stack(|| {
        let mut machine = Machine::new(code, limits, system.clone());
        let methods = test.set_up.into_iter().chain([test.method]);
        let mut failure = None;
        for method in methods {
            failure = match machine.call(method, &[]) {
                Outcome::Value(_) => None,
                Outcome::Exit(status) => Some(Failure::Exit(status)),
                Outcome::Fault(fault) => Some(Failure::Fault(fault)),
                Outcome::BytecodeLimit => Some(Failure::Fault(Box::new(limit_fault(code, method)))),
            };
            if failure.is_some() {
                break;
            }
        }
        TestResult {
            output: machine.system.output,
            failure,
        }
    })
}

fn limit_fault(code: &Code, method: MethodId) -> Fault {
    use crate::base::entity::EntityRef;
    Fault {
        kind: FaultKind::OutOfFuel,
        method,
        span: code.methods[method.index()].span,
        callers: Vec::new(),
    }
}

/// Runs the entry with the stack that the kernel would make for `arguments`, then lets `inspect` look at the machine.
pub fn simulate<T: Send>(
    code: &Code,
    entry: MethodId,
    arguments: &[&[u8]],
    limits: Limits,
    system: &SystemOptions,
    inspect: impl FnOnce(Outcome, &mut Machine<'_>) -> T + Send,
) -> T {
    on_large_stack(|| {
        let mut machine = Machine::new(code, limits, system.clone());
        let stack = place_arguments(&mut machine, arguments);
        use crate::base::entity::EntityRef;
        let wants_stack = code.methods[entry.index()].n_params > 0;
        let args = [i128::from(stack)];
        let outcome = machine.call(entry, if wants_stack { &args } else { &[] });
        inspect(outcome, &mut machine)
    })
}

/// Lays out argument count, addresses, an empty environment and an auxiliary vector with the page size. Answers the stack pointer.
fn place_arguments(machine: &mut Machine<'_>, arguments: &[&[u8]]) -> u64 {
    let text_size: usize = arguments.iter().map(|argument| argument.len() + 1).sum();
    let words = arguments.len() + 8;
    let size = ((text_size + words * 8) as u64).next_multiple_of(PAGE_SIZE);
    let base = ARGUMENT_TOP - size;
    machine
        .memory
        .add_region("arguments", base, size, Protection::READ_WRITE);
    let mut text = base + words as u64 * 8;
    let mut vector = vec![arguments.len() as u64];
    for argument in arguments {
        vector.push(text);
        machine.memory.put(text, argument);
        text += argument.len() as u64 + 1;
    }
    vector.extend([0, 0]); // the ends of the arguments and of the environment
    vector.extend([6, PAGE_SIZE, 0, 0]); // AT_PAGESZ, AT_NULL
    let bytes: Vec<u8> = vector.into_iter().flat_map(u64::to_le_bytes).collect();
    machine.memory.put(base, &bytes);
    base
}

/// Runs `act` where deep recursion is no harm.
fn on_large_stack<T: Send>(act: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .stack_size(HOST_STACK)
            .spawn_scoped(scope, act);
        match thread.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(value)) => value,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(error) => unreachable!("no thread could be started: {error}"),
        }
    })
}

/// The trap of a fault, when generated code would trap for it too.
#[must_use]
pub fn trap_of(fault: &Fault) -> Option<Trap> {
    match fault.kind {
        FaultKind::Trap(trap) => Some(trap),
        FaultKind::Bounds(..) => Some(Trap::Bounds),
        _ => None,
    }
}
