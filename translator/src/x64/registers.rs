//! The registers and their roles: the table that `docs/abi.md` shows.

use crate::ir::Module;
use regalloc2::{MachineEnv, PRegSet, RegClass};

pub use regalloc2::PReg;

/// An integer register by its number in the machine's encoding.
const fn int(number: usize) -> PReg {
    PReg::new(number, RegClass::Int)
}

/// The result; the divisor's and the multiplier's fixed operand.
pub const RAX: PReg = int(0);
/// Argument 4; the count of shifts.
pub const RCX: PReg = int(1);
/// Argument 3; the high half of products and dividends.
pub const RDX: PReg = int(2);
/// The base of the state record, always.
pub const RBX: PReg = int(3);
/// The VM's own stack.
pub const RSP: PReg = int(4);
/// The scratch of indirect tail calls.
pub const R11: PReg = int(11);
/// The one register that every normal function preserves.
pub const R15: PReg = int(15);

/// The names of the integer registers, by number.
pub const INT_NAMES: [&str; 16] = [
    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13",
    "r14", "r15",
];

/// Integer, oop and pointer arguments 1 to 6: rdi, rsi, rdx, rcx, r8, r9.
pub const INT_ARGUMENTS: [PReg; 6] = [int(7), int(6), int(2), int(1), int(8), int(9)];

/// How many float arguments travel in registers, from xmm0 on.
pub const FLOAT_ARGUMENTS: usize = 8;

/// Arguments of system calls: rdi, rsi, rdx, r10, r8, r9.
pub const SYSCALL_ARGUMENTS: [PReg; 6] = [int(7), int(6), int(2), int(10), int(8), int(9)];

/// Integer registers that a call destroys.
const CALLER_SAVED: [usize; 9] = [0, 1, 2, 6, 7, 8, 9, 10, 11];

/// Integer registers that a function without pins preserves.
const CALLEE_SAVED: [usize; 5] = [5, 12, 13, 14, 15];

/// What `rbx` holds beyond the address of the state record: short displacements then reach 256 bytes, not 128.
pub const STATE_BIAS: i32 = 128;

/// The float register of that number.
#[must_use]
pub const fn xmm(number: usize) -> PReg {
    PReg::new(number, RegClass::Float)
}

/// The integer register of that name, if it may hold a pin: not `rsp`, not `rbx`, none that calls destroy.
#[must_use]
pub fn pin_register(name: &str) -> Option<PReg> {
    let number = INT_NAMES.iter().position(|known| *known == name)?;
    (CALLEE_SAVED.contains(&number) && number != R15.hw_enc()).then(|| int(number))
}

/// Which registers a function may use, and which it must preserve.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Convention {
    /// No pin is reachable: the pin registers and `r15` are callee-saved.
    Plain,
    /// Pins stay in their registers; `r15` is callee-saved.
    Pinned,
    /// As `Pinned`, and nothing is callee-saved.
    Handler,
}

impl Convention {
    /// All conventions.
    pub const ALL: [Self; 3] = [Self::Plain, Self::Pinned, Self::Handler];
}

/// The registers of a module: its pins, and what the allocator may use under each convention.
pub struct Registers {
    /// The register of each pin, by the pin's index.
    pub pins: Vec<PReg>,
    environments: [MachineEnv; 3],
}

impl Registers {
    /// The registers of a module.
    ///
    /// # Errors
    /// A pin names a register that cannot hold one: a sentence.
    pub fn new(module: &Module) -> Result<Self, String> {
        let mut pins = Vec::new();
        for pin in module.pins.values() {
            let register = pin_register(&pin.register).ok_or_else(|| {
                format!(
                    "the pin `{}` wants the register `{}`: only rbp, r12, r13 and r14 can hold a pin",
                    pin.name, pin.register
                )
            })?;
            if pins.contains(&register) {
                return Err(format!(
                    "two pins want the register `{}`, one is `{}`",
                    pin.register, pin.name
                ));
            }
            pins.push(register);
        }
        let environments = Convention::ALL.map(|convention| environment(convention, &pins));
        Ok(Self { pins, environments })
    }

    /// What the allocator may use.
    #[must_use]
    pub fn environment(&self, convention: Convention) -> &MachineEnv {
        &self.environments[convention as usize]
    }

    /// The registers that a call destroys; with those that handlers do not preserve, where the callee may be one.
    #[must_use]
    pub fn clobbers(&self, into_handler: bool) -> PRegSet {
        let ints = CALLER_SAVED.iter().map(|&number| int(number));
        let mut set: PRegSet = ints.chain((0..16).map(xmm)).collect();
        if into_handler {
            set.union_from(callee_saved(Convention::Pinned, &self.pins));
        }
        set
    }

    /// The registers that a function of that convention preserves.
    #[must_use]
    pub fn preserved(&self, convention: Convention) -> PRegSet {
        callee_saved(convention, &self.pins)
    }
}

fn callee_saved(convention: Convention, pins: &[PReg]) -> PRegSet {
    match convention {
        Convention::Handler => PRegSet::empty(),
        Convention::Pinned => CALLEE_SAVED
            .iter()
            .map(|&number| int(number))
            .filter(|register| !pins.contains(register))
            .collect(),
        Convention::Plain => CALLEE_SAVED.iter().map(|&number| int(number)).collect(),
    }
}

fn environment(convention: Convention, pins: &[PReg]) -> MachineEnv {
    let mut cheap: PRegSet = CALLER_SAVED.iter().map(|&number| int(number)).collect();
    let mut dear = callee_saved(convention, pins);
    if convention == Convention::Handler {
        cheap.union_from(callee_saved(Convention::Pinned, pins));
        dear = PRegSet::empty();
    }
    let floats = (0..16).map(xmm).collect();
    MachineEnv {
        preferred_regs_by_class: [cheap, floats, PRegSet::empty()],
        non_preferred_regs_by_class: [dear, PRegSet::empty(), PRegSet::empty()],
        scratch_by_class: [None, None, None],
        fixed_stack_slots: Vec::new(),
    }
}
