//! What inlining in a function may depend on besides the function itself: what its callees look like.

use super::{Callee, Callees, NEEDED, NEEDED_BY_HANDLER, ONLY_CALL, SMALL, TINY};
use crate::base::Key;
use crate::ir::{FuncId, Inline, Inst, Portable, Writer};

impl Callee {
    /// The functions that it calls, in order of the code.
    fn callees(&self) -> impl Iterator<Item = FuncId> + '_ {
        let insts = self.func.each_inst();
        insts.filter_map(|(_, id)| match self.func.insts[id].inst {
            Inst::Call(callee, _) | Inst::TailCall(callee, _) => Some(callee),
            _ => None,
        })
    }
}

impl Callees<'_> {
    /// Writes what the decisions may look at besides the caller itself; answers whether it is known.
    pub fn ask(&self, asked: &mut Writer) -> bool {
        self.graph.recursive[self.caller].write(asked);
        self.graph.callees[self.caller].iter().all(|&callee| {
            let is_own = self.graph.components[callee] == self.graph.components[self.caller];
            is_own.write(asked);
            is_own || self.write_look(callee, asked)
        })
    }

    /// What the caller, `finished` by now, looks like to those that call it: nothing at all if none of them can take it in. `content` is
    /// the key of what it has become, if that is known.
    pub fn look(&self, finished: &Callee, content: Option<Key>) -> Option<Key> {
        let mut look = Writer::plain();
        if self.may_be_taken(finished) {
            look.raw(&content?.bytes());
            // What comes along with it is looked at next.
            for callee in finished.callees() {
                if !self.write_look(callee, &mut look) {
                    return None;
                }
            }
        }
        Some(Key::of(look.bytes()))
    }

    /// Whether some caller may take the caller, `finished` by now, in.
    fn may_be_taken(&self, finished: &Callee) -> bool {
        let Callee { func, weight, .. } = finished;
        let most = TINY.max(SMALL).max(NEEDED).max(NEEDED_BY_HANDLER);
        let largest = match func.attributes.inline {
            Inline::Always => usize::MAX,
            Inline::Auto if self.is_only_called_once(self.caller) => ONLY_CALL.max(most),
            Inline::Auto => most,
            Inline::Never => 0,
        };
        func.has_body() && !self.graph.recursive[self.caller] && *weight <= largest
    }

    /// Writes what is known of a callee in another cycle; answers whether that is all.
    fn write_look(&self, callee: FuncId, to: &mut Writer) -> bool {
        let look = self.finished[callee].get().and_then(|callee| callee.look);
        (
            self.graph.recursive[callee],
            self.is_only_called_once(callee),
        )
            .write(to);
        look.is_some_and(|look| {
            to.raw(&look.bytes());
            true
        })
    }
}
