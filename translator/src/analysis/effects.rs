//! What a call of each function may do, with all that it calls in turn.
//!
//! Indirect calls may do anything that a function whose address is taken does, and are taken to do everything.

use crate::base::{EntityRef, PrimaryMap};
use crate::ir::{Alias, FuncId, Function, FunctionKind, Inst, MemoryEffect, Module};

use super::call_graph::CallGraph;

/// A set of alias classes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Classes {
    words: Vec<u64>,
    /// Every class.
    pub all: bool,
}

impl Classes {
    /// Adds a class; `any` and `volatile` add all.
    pub fn insert(&mut self, class: Alias) {
        let class = class.class();
        if class.overlaps(Alias::ANY) && (class == Alias::ANY || class == Alias::VOLATILE) {
            self.all = true;
            return;
        }
        let word = class.index() / 64;
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= 1 << (class.index() % 64);
    }

    /// Adds all classes of another set; answers whether anything was new.
    pub fn extend(&mut self, other: &Self) -> bool {
        let mut new = other.all && !self.all;
        self.all |= other.all;
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (word, more) in self.words.iter_mut().zip(&other.words) {
            new |= more & !*word != 0;
            *word |= more;
        }
        new
    }

    /// Whether an access of the class may touch a location of the set.
    #[must_use]
    pub fn overlaps(&self, class: Alias) -> bool {
        let class = class.class();
        if self.all {
            return true;
        }
        if class == Alias::ANY || class == Alias::VOLATILE {
            return self.words.iter().any(|&word| word != 0);
        }
        self.words
            .get(class.index() / 64)
            .is_some_and(|word| word >> (class.index() % 64) & 1 == 1)
    }

    /// Whether it has no class.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.all && self.words.iter().all(|&word| word == 0)
    }
}

/// What a call of a function may do.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Summary {
    /// What it may read.
    pub reads: Classes,
    /// What it may write.
    pub writes: Classes,
    /// Whether it may trap, loop for ever, or not come back for another reason.
    pub stops: bool,
    /// Whether it does something outside memory: system calls, imports, time stamps.
    pub external: bool,
    /// Whether it reads a pin.
    pub reads_pins: bool,
    /// Whether it writes a pin.
    pub writes_pins: bool,
}

impl Summary {
    fn everything() -> Self {
        let all = Classes {
            words: Vec::new(),
            all: true,
        };
        Self {
            reads: all.clone(),
            writes: all,
            stops: true,
            external: true,
            reads_pins: true,
            writes_pins: true,
        }
    }

    fn extend(&mut self, other: &Self) -> bool {
        let before = (self.stops, self.external, self.reads_pins, self.writes_pins);
        self.stops |= other.stops;
        self.external |= other.external;
        self.reads_pins |= other.reads_pins;
        self.writes_pins |= other.writes_pins;
        let after = (self.stops, self.external, self.reads_pins, self.writes_pins);
        let memory = self.reads.extend(&other.reads) | self.writes.extend(&other.writes);
        memory || before != after
    }

    /// Whether an unused call can go.
    #[must_use]
    pub fn is_removable(&self) -> bool {
        self.writes.is_empty() && !self.stops && !self.external && !self.writes_pins
    }
}

/// The summaries of all functions.
#[derive(Clone, Debug, Default)]
pub struct Summaries {
    by_function: PrimaryMap<FuncId, Summary>,
}

impl Summaries {
    /// Follows the calls of a module.
    #[must_use]
    pub fn new(module: &Module, graph: &CallGraph) -> Self {
        let own = module
            .functions
            .values()
            .map(|func| own_effects(module, func));
        let mut by_function: PrimaryMap<FuncId, Summary> = own.collect();
        for level in &graph.levels {
            let mut changed = true;
            while changed {
                changed = false;
                for &id in level {
                    let mut sum = std::mem::take(&mut by_function[id]);
                    for &callee in &graph.callees[id] {
                        if callee != id {
                            changed |= sum.extend(&by_function[callee]);
                        }
                    }
                    sum.stops |= graph.recursive[id];
                    by_function[id] = sum;
                }
            }
        }
        Self { by_function }
    }

    /// The summary of a function.
    #[must_use]
    pub fn of(&self, id: FuncId) -> &Summary {
        &self.by_function[id]
    }

    /// How many functions there are summaries of.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_function.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_function.is_empty()
    }
}

fn own_effects(module: &Module, func: &Function) -> Summary {
    if func.kind == FunctionKind::Import {
        return Summary::everything();
    }
    let mut sum = Summary {
        stops: has_loop(func),
        ..Summary::default()
    };
    for (_, id) in func.each_inst() {
        match func.insts[id].inst {
            Inst::PinGet(_) => sum.reads_pins = true,
            Inst::PinSet(..) => sum.writes_pins = true,
            Inst::CallInd(..) | Inst::TailCallInd(..) | Inst::Dispatch => {
                sum.extend(&Summary::everything());
            }
            // Direct calls are followed by the caller of this function.
            Inst::Call(..) | Inst::TailCall(..) => {}
            Inst::Rdtsc | Inst::Prefetch(_) => sum.external = true,
            Inst::Fence => {
                sum.external = true;
                sum.reads.insert(Alias::ANY);
                sum.writes.insert(Alias::ANY);
            }
            Inst::TrapIf(..) | Inst::Checked(..) | Inst::Trap(_) | Inst::Unreachable => {
                sum.stops = true
            }
            inst if inst.is_terminator() => {}
            inst => match inst.effects().memory {
                MemoryEffect::Read(class) => {
                    sum.reads.insert(class);
                    // A volatile access is an event of its own.
                    sum.external |= class == Alias::VOLATILE;
                }
                MemoryEffect::Write(class) => sum.writes.insert(class),
                MemoryEffect::ReadWrite(class) => {
                    sum.external |= matches!(inst, Inst::Syscall(..));
                    sum.reads.insert(class);
                    sum.writes.insert(class);
                }
                MemoryEffect::None | MemoryEffect::All => {}
            },
        }
    }
    debug_assert!(sum.reads.words.len() * 64 <= module.alias_classes.len() + 64);
    sum
}

/// Whether a branch goes backwards in the layout or there may be a cycle otherwise.
fn has_loop(func: &Function) -> bool {
    if func.layout.len() < 2 && func.terminator(func.entry()).successors(func).is_empty() {
        return false;
    }
    let cfg = crate::ir::Cfg::new(func);
    cfg.order.iter().any(|&block| {
        func.successors(block)
            .iter()
            .any(|&next| cfg.position(next) <= cfg.position(block))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::parse_module;

    #[test]
    fn effects_come_up_through_calls_and_cycles() {
        let text = "pin ip r12 ptr\nimport \"out\" ()\n\
            function \"reader\" (v0: ptr) -> i64 {\nblock0(v0: ptr):\n    v1 = load.i64 v0 !slots\n    ret v1\n}\n\
            function \"writer\" (v0: ptr) {\nblock0(v0: ptr):\n    v1 = call \"reader\"(v0)\n    store.i64 v1, v0 !marks\n    ret\n}\n\
            function \"a\" (v0: ptr) {\nblock0(v0: ptr):\n    call \"b\"(v0)\n    pin.set ip, v0\n    ret\n}\n\
            function \"b\" (v0: ptr) {\nblock0(v0: ptr):\n    call \"a\"(v0)\n    call \"writer\"(v0)\n    ret\n}\n";
        let mut module = parse_module(text).expect("the text is right");
        let summaries = Summaries::new(&module, &CallGraph::new(&module));
        let (slots, marks) = (module.alias_class("slots"), module.alias_class("marks"));
        let other = module.alias_class("other");
        let of = |name: &str| summaries.of(module.function_named(name).expect("it is there"));
        assert!(of("reader").reads.overlaps(slots) && of("reader").writes.is_empty());
        assert!(of("reader").is_removable() && !of("writer").is_removable());
        assert!(of("writer").writes.overlaps(marks) && !of("writer").writes.overlaps(slots));
        assert!(of("b").writes_pins && of("b").stops && of("a").writes.overlaps(marks));
        assert!(!of("a").writes.overlaps(other) && of("out").writes.overlaps(other));
        assert!(of("writer").writes.overlaps(Alias::ANY));
    }
}
