//! The frame of a function on the VM's stack.
//!
//! ```text
//!   caller's arguments beyond the sixth
//!   return address
//!   saved registers                        pushed in the order of their numbers
//!   spilled values
//!   arguments beyond the sixth for callees
//!   ← rsp
//! ```

use super::regalloc::Allocated;
use super::registers::Registers;
use regalloc2::{PReg, SpillSlot};

/// The shape of a frame.
#[derive(Clone, Default, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// The registers that the function saves, in the order in which they are pushed.
    pub saved: Vec<PReg>,
    /// Bytes for arguments of callees.
    pub outgoing: u32,
    /// Bytes for spilled values.
    pub spilled: u32,
}

impl Frame {
    /// The frame of a function after register allocation.
    #[must_use]
    pub(super) fn new(function: &Allocated, registers: &Registers) -> Self {
        let slots = u32::try_from(function.spill_slots).expect("a small frame");
        Self {
            saved: function.saved(registers),
            outgoing: function.code.outgoing,
            spilled: 8 * slots,
        }
    }

    /// Bytes below the saved registers.
    #[must_use]
    pub(super) fn locals(&self) -> u32 {
        self.outgoing + self.spilled
    }

    /// All bytes between the stack pointer and the return address.
    #[must_use]
    pub(super) fn size(&self) -> u32 {
        self.locals() + 8 * u32::try_from(self.saved.len()).expect("few registers")
    }

    /// The distance of a spilled value from the stack pointer.
    #[must_use]
    pub(super) fn spill_offset(&self, slot: SpillSlot) -> i32 {
        let slot = u32::try_from(slot.index()).expect("a small frame");
        (self.outgoing + 8 * slot).cast_signed()
    }

    /// The distance of the first argument that the function got on the stack.
    #[must_use]
    pub(super) fn incoming_offset(&self) -> i32 {
        (self.size() + 8).cast_signed()
    }
}
