//! References that are stored into raw memory, where no check can follow them.
//!
//! The slots of objects are the collector's business: an `oop` may be stored at any address that is certainly computed from one (`inside`). Everywhere else an `oop`, and everywhere any
//! other derived value, may be stored by raw packages, whose memory is theirs to keep right, and by methods that say with `<keepsReferences: 'reason'>` why the
//! collector finds it. A method of a raw package that stores its argument at its argument hands this duty to its callers.
//! An address that it computes from its argument, and a value that it chooses, are its own.

use super::derived::{Derived, Flow};
use super::graph::CallSite;
use super::inside::Inside;
use super::report::Context;
use crate::ir::{Base, BlockOp, FuncId, Function, Inst, InstId, Type, Value, ValueDef};
use rustc_hash::FxHashMap;

/// A reference that is stored where nobody puts it right.
#[derive(Clone, Debug)]
pub(super) struct KeptReference {
    pub(super) function: FuncId,
    pub(super) value: Value,
    /// Where it is made.
    pub(super) made: ValueDef,
    /// The store, or the call of a method that stores.
    pub(super) at: InstId,
    /// The store in the method that is called.
    pub(super) inside: Option<(FuncId, InstId)>,
}

/// A method that stores one of its parameters at another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Wrapper {
    value: usize,
    address: usize,
    store: (FuncId, InstId),
}

/// A value that is stored at an address.
struct RawStore {
    value: Value,
    address: Value,
    at: InstId,
    inside: Option<(FuncId, InstId)>,
}

/// All references that are kept without a reason, one for each instruction; `order` has callees before callers.
pub(super) fn references(
    context: &Context<'_>,
    flow: &mut Flow<'_>,
    order: &[FuncId],
) -> Vec<KeptReference> {
    let mut check = Check {
        context,
        wrappers: FxHashMap::default(),
    };
    let mut found: Vec<KeptReference> = Vec::new();
    for &id in order {
        let mut stores = check.raw_stores(id);
        for case in flow.cases(id) {
            if stores.is_empty() {
                break;
            }
            let (derived, inside) = (flow.derived(id, case), flow.inside(id, case));
            stores.retain(|store| {
                let leaves = check.leaves(id, store, &derived, &inside);
                if leaves {
                    found.extend(check.kept(id, store, &derived));
                }
                !leaves
            });
        }
    }
    found
}

struct Check<'a> {
    context: &'a Context<'a>,
    wrappers: FxHashMap<FuncId, Vec<Wrapper>>,
}

impl Check<'_> {
    /// What a function stores into raw memory, itself or by wrappers.
    fn raw_stores(&self, id: FuncId) -> Vec<RawStore> {
        let func = &self.context.module.functions[id];
        let mut stores = Vec::new();
        if !func.has_body() {
            return stores;
        }
        for (_, at) in func.each_inst() {
            let (value, address) = match func.insts[at].inst {
                Inst::Store(_, value, address, _) => match address.base {
                    Base::Value(base) if self.context.places.memory(id, at).is_none() => {
                        (value, base)
                    }
                    _ => continue,
                },
                Inst::Block(BlockOp::MemFill64, address, value, _) => (value, address),
                _ => continue,
            };
            let inside = None;
            stores.push(RawStore {
                value,
                address,
                at,
                inside,
            });
        }
        for site in self.context.graph.calls(id) {
            self.add_calls(func, site, &mut stores);
        }
        stores
    }

    fn add_calls(&self, func: &Function, site: &CallSite, stores: &mut Vec<RawStore>) {
        let (Inst::Call(_, args) | Inst::TailCall(_, args)) = func.insts[site.inst].inst else {
            return;
        };
        let args = func.values_of(args);
        let callees = site.callees.iter();
        for wrapper in callees.flat_map(|callee| self.wrappers.get(callee).into_iter().flatten()) {
            stores.push(RawStore {
                value: args[wrapper.value],
                address: args[wrapper.address],
                at: site.inst,
                inside: Some(wrapper.store),
            });
        }
    }

    /// Whether a reference gets where the collector does not look by itself.
    fn leaves(&self, id: FuncId, store: &RawStore, derived: &Derived, inside: &Inside) -> bool {
        let func = &self.context.module.functions[id];
        let is_oop = func.ty(origin(func, store.value)) == Type::Oop;
        derived.contains(store.value) && !(is_oop && inside.contains(store.address))
    }

    /// What is to be said of a store that leaves; a wrapper is only noted.
    fn kept(&mut self, id: FuncId, store: &RawStore, derived: &Derived) -> Option<KeptReference> {
        let func = &self.context.module.functions[id];
        let place = self.context.places.span(id, store.at);
        let file = place.map(|span| span.file);
        let is_raw = file.is_some_and(|file| self.context.program.raw_files.contains(&file));
        if !is_raw {
            return (!self.context.declared[id].keeps_references).then_some(KeptReference {
                function: id,
                value: store.value,
                made: derived.made(func, store.value),
                at: store.at,
                inside: store.inside,
            });
        }
        let parameters = (parameter(func, store.value), parameter(func, store.address));
        if let (Some(value), Some(address)) = parameters {
            let known = self.wrappers.entry(id).or_default();
            let wrapper = Wrapper {
                value,
                address,
                store: store.inside.unwrap_or((id, store.at)),
            };
            if !known.contains(&wrapper) {
                known.push(wrapper);
            }
        }
        None
    }
}

/// The value that casts made a value of.
fn origin(func: &Function, value: Value) -> Value {
    match func.values[value].def {
        ValueDef::Result(inst) => match func.insts[inst].inst {
            Inst::Cast(_, before) => origin(func, before),
            _ => value,
        },
        ValueDef::Param(..) => value,
    }
}

/// The number of the parameter that a value is.
fn parameter(func: &Function, value: Value) -> Option<usize> {
    match func.values[origin(func, value)].def {
        ValueDef::Param(block, number) if block == func.entry() => Some(number as usize),
        _ => None,
    }
}
