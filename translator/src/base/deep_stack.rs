//! Room for recursion whose depth follows the program that is translated.

use std::thread;

/// Bytes; only those that are used take memory.
const STACK: usize = 1 << 29;

/// Runs something where it may be deep.
pub fn on_deep_stack<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    on_deep_stack_beside(run, || ()).0
}

/// Runs something where it may be deep, and something else here in the meantime.
///
/// # Panics
/// If one of the two does, or the system starts no thread.
pub fn on_deep_stack_beside<A: Send, B>(
    deep: impl FnOnce() -> A + Send,
    here: impl FnOnce() -> B,
) -> (A, B) {
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK);
        let deep = match thread.spawn_scoped(scope, deep) {
            Ok(thread) => thread,
            Err(error) => unreachable!("no thread could be started: {error}"),
        };
        let here = here();
        match deep.join() {
            Ok(result) => (result, here),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes a kilobyte for each step.
    fn depth(steps: u32) -> u32 {
        let room = std::hint::black_box([1; 256]);
        match steps {
            0 => 0,
            _ => depth(steps - 1) + std::hint::black_box(room)[0],
        }
    }

    #[test]
    fn both_results_are_there_and_the_deep_one_may_be_deep() {
        assert_eq!(
            on_deep_stack_beside(|| depth(50_000), || "here"),
            (50_000, "here")
        );
    }
}
