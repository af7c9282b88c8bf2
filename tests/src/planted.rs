//! The VM with planted faults, built when a test first asks for it: the VM as `vm-source-st/vm.ron` describes it, and the package `VM-Planted` above it.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use ouroc::lower;

use crate::translated::{built_once, vm_description_with};

/// Primitives of the VM with planted faults.
pub mod primitive {
    /// Reads where no memory is.
    pub const WILD_POINTER: u16 = 630;
    /// Recursion without end.
    pub const NATIVE_OVERFLOW: u16 = 631;
    /// A loop without end.
    pub const LOOP: u16 = 632;
    /// Overwrites objects, then reads where no memory is.
    pub const DAMAGE_HEAP: u16 = 633;
    /// Overwrites the running frame, then reads where no memory is.
    pub const DAMAGE_STACK: u16 = 634;
    /// A check of Slang code that fails.
    pub const TRAP: u16 = 635;
    /// `self failCall: n with: error`: the n-th system call of the snapshot writer from now on fails so.
    pub const FAIL_CALL: u16 = 636;
    /// Waits for ten seconds, and a signal comes just before; then the VM ends with 0.
    pub const WAIT_AFTER_SIGNAL: u16 = 637;
    /// `primitiveSocketReceiveUDPDataBufCount` after all memory was used up by garbage.
    pub const RECEIVE_WITHOUT_MEMORY: u16 = 638;
    /// `primitiveSocketAccept` after the same.
    pub const ACCEPT_WITHOUT_MEMORY: u16 = 639;
    /// Reads where no memory is, in a second thread.
    pub const FAIL_IN_THREAD: u16 = 640;
    /// Refuses all threads from now on. Answers how many were refused.
    pub const REFUSE_THREADS: u16 = 641;
}

/// The executable of the VM with planted faults.
///
/// # Panics
/// When it cannot be built.
pub fn planted_vm() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    let replaced = [
        ("SystemCalls", "FailingSystemCalls"),
        ("HelperThread", "RefusedThread"),
    ];
    let description = || vm_description_with("planted", "VM-Planted", &replaced);
    built_once(&PATH, "planted", description, lower::Options::default())
}
