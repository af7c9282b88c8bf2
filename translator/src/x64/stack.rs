//! How deep the VM's own stack can get: frames along the longest chain of calls.

use super::module::CodeModule;
use super::pins::{address_taken, callees};
use crate::base::EntityRef;
use crate::ir::FuncId;

/// The longest chain of calls.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct DeepestStack {
    /// Bytes.
    pub bytes: u64,
    /// The functions on it, from the outermost.
    pub path: Vec<FuncId>,
    /// Functions that call themselves, directly or not; each is counted once.
    pub recursive: Vec<FuncId>,
}

/// What is known of a function during the walk.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    Unknown,
    InProgress,
    /// Bytes, and the callee that needs the most.
    Known(u64, Option<FuncId>),
}

/// The deepest stack of a module. A call at the end of a function replaces its frame, but is counted as an ordinary one.
#[must_use]
pub fn deepest(code: &CodeModule<'_>) -> DeepestStack {
    let taken = address_taken(code.module);
    let mut walk = Walk {
        code,
        taken: &taken,
        depths: vec![Depth::Unknown; code.functions.len()],
        recursive: Vec::new(),
    };
    let mut best = DeepestStack::default();
    let mut start = None;
    for id in code.module.functions.keys() {
        let depth = walk.depth(id);
        if depth > best.bytes {
            best.bytes = depth;
            start = Some(id);
        }
    }
    while let Some(id) = start {
        best.path.push(id);
        start = match walk.depths[id.index()] {
            Depth::Known(_, next) => next,
            _ => None,
        };
    }
    walk.recursive.sort_unstable();
    walk.recursive.dedup();
    best.recursive = walk.recursive;
    best
}

struct Walk<'a> {
    code: &'a CodeModule<'a>,
    taken: &'a [FuncId],
    depths: Vec<Depth>,
    recursive: Vec<FuncId>,
}

impl Walk<'_> {
    fn depth(&mut self, id: FuncId) -> u64 {
        match self.depths[id.index()] {
            Depth::Known(bytes, _) => return bytes,
            Depth::InProgress => {
                self.recursive.push(id);
                return 0;
            }
            Depth::Unknown => {}
        }
        self.depths[id.index()] = Depth::InProgress;
        let mut deepest = 0;
        let mut through = None;
        for callee in callees(self.code.module, id, self.taken) {
            let depth = self.depth(callee);
            if depth > deepest {
                (deepest, through) = (depth, Some(callee));
            }
        }
        let bytes = deepest + u64::from(self.code.function(id).stack);
        self.depths[id.index()] = Depth::Known(bytes, through);
        bytes
    }
}
