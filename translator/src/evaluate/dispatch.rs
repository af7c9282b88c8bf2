//! The dispatch loop: runs bytecode handlers, one after another.

use super::code::Site;
use super::fault::{FaultKind, Outcome};
use super::machine::{Machine, Next, Stop};
use crate::base::entity::EntityRef;

impl Machine<'_> {
    /// Runs handlers until one leaves.
    pub(super) fn interpret(&mut self, site: Site) -> Result<(), Stop> {
        self.next = Next::Fetch;
        loop {
            let (address, counts) = match self.next {
                Next::Fetch => (self.fetch(site)?, true),
                Next::Bytecode(address) => (address, true),
                Next::Redirect(address) => (address, false),
                Next::Leave => return Ok(()),
            };
            if counts {
                if self.bytecodes >= self.limits.bytecodes {
                    return self.halt(Outcome::BytecodeLimit);
                }
                self.bytecodes += 1;
            }
            let Some(method) = self
                .code
                .method_at(address)
                .filter(|method| self.code.methods[method.index()].is_handler)
            else {
                return self.fail(FaultKind::BadFunction(address), site);
            };
            let base = self.stack.len();
            self.next = Next::Fetch;
            match self.invoke(method, base) {
                Ok(_) => self.next = Next::Fetch,
                Err(Stop::Handler) => {}
                Err(stop) => return Err(stop),
            }
        }
    }

    /// The handler of the opcode at the instruction pointer, which moves on.
    fn fetch(&mut self, site: Site) -> Result<u64, Stop> {
        let table = self.dispatch_table(site)?;
        let Some(pin) = self.code.instruction_pin else {
            return self.fail(
                FaultKind::Unsupported(
                    "a program that dispatches without a field pinned to r12".into(),
                ),
                site,
            );
        };
        let byte = self.memory.read::<1>(self.pins[pin]);
        let [opcode] = self.memory_result(byte, site)?;
        self.pins[pin] = self.pins[pin].wrapping_add(1);
        self.table_entry(table, opcode.into(), site)
    }

    pub(super) fn dispatch_table(&mut self, site: Site) -> Result<u64, Stop> {
        match self.code.dispatch_pin {
            Some(pin) => Ok(self.pins[pin]),
            None => self.fail(
                FaultKind::Unsupported(
                    "a program that dispatches without a field pinned to r14".into(),
                ),
                site,
            ),
        }
    }

    pub(super) fn table_entry(&mut self, table: u64, opcode: u64, site: Site) -> Result<u64, Stop> {
        let entry = self
            .memory
            .read::<8>(table.wrapping_add(opcode.wrapping_mul(8)));
        self.memory_result(entry, site).map(u64::from_le_bytes)
    }
}
