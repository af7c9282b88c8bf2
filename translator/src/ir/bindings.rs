//! What the variables of the source are, place by place: for debuggers only.
//!
//! A position names a [`Snapshot`], the list of the bindings that hold there, the latest first; each is one more than the list before it.
//! Instructions keep the snapshot of the place in the source that they are from, wherever they go. So passes need not care, but for two rules:
//! whoever replaces a value replaces it in bindings, too ([`Bindings::map`]), and whoever leads an edge past a block takes its values
//! out of them, since they are not made on every way any more. A value that is gone takes its variable along: nothing is kept
//! alive for a debugger.
//!
//! The text form leaves bindings out.

use crate::base::{EntityRef, PrimaryMap};

use super::data_types::DataType;
use super::entities::{Local, Name, Site, Snapshot, Value};
use super::position::Moved;

/// A parameter or temporary of an activation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LocalVariable {
    /// The activation that it belongs to.
    pub site: Site,
    /// Its name in the module's string pool.
    pub name: Name,
    /// What is in it.
    pub ty: DataType,
    /// Whether callers give its value.
    pub is_parameter: bool,
    /// Several variables of the activation have that name, so that none can be shown.
    pub is_ambiguous: bool,
}

/// What a variable is bound to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bound {
    /// What it was before: a binding that turned out not to be one.
    Same,
    /// Nobody knows.
    Unknown,
    /// A value.
    Value(Value),
    /// An integer or a truth value that no instruction makes any more.
    Constant(i64),
}

/// One variable has a value from here on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Binding {
    /// The bindings before this one.
    pub before: Snapshot,
    /// The variable.
    pub local: Local,
    /// What it is.
    pub bound: Bound,
}

/// The variables of a function and of what is inlined into it, with their bindings.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Bindings {
    /// The variables.
    pub locals: PrimaryMap<Local, LocalVariable>,
    /// The bindings; the snapshot that ends with the first of them is number 1.
    list: Vec<Binding>,
}

super::portable::portable_struct! {
    LocalVariable { site, name, ty, is_parameter, is_ambiguous }
    Binding { before, local, bound }
    Bindings { locals, list }
}

super::portable::portable_enum! {
    Bound { Same, Unknown, Value(value), Constant(n) }
}

impl Bindings {
    /// The last snapshot.
    #[must_use]
    pub fn last(&self) -> Snapshot {
        Snapshot::new(self.list.len())
    }

    /// The bindings in their order, with the snapshots that end with them.
    pub fn iter(&self) -> impl Iterator<Item = (Snapshot, &Binding)> {
        (1..).map(Snapshot::new).zip(&self.list)
    }

    /// One binding more than `before`.
    pub fn bind(&mut self, before: Snapshot, local: Local, bound: Bound) -> Snapshot {
        self.list.push(Binding {
            before,
            local,
            bound,
        });
        self.last()
    }

    /// The last binding of a snapshot.
    #[must_use]
    pub fn get(&self, snapshot: Snapshot) -> Option<&Binding> {
        self.list.get(snapshot.index().checked_sub(1)?)
    }

    /// Says what the last binding of a snapshot is.
    pub fn rebind(&mut self, snapshot: Snapshot, bound: Bound) {
        self.list[snapshot.index() - 1].bound = bound;
    }

    /// The snapshots from one on back to the first, each with its last binding.
    pub fn chain(&self, from: Snapshot) -> impl Iterator<Item = (Snapshot, &Binding)> {
        let at = |snapshot: Snapshot| self.get(snapshot).map(|binding| (snapshot, binding));
        std::iter::successors(at(from), move |(_, binding)| at(binding.before))
    }

    /// What two snapshots have in common.
    #[must_use]
    pub fn common(&self, mut one: Snapshot, mut other: Snapshot) -> Snapshot {
        let before = |snapshot| {
            let binding = self.get(snapshot);
            binding.map_or(Snapshot::NOTHING, |binding| binding.before)
        };
        // A snapshot has a greater number than those before it.
        while one != other {
            match one > other {
                true => one = before(one),
                false => other = before(other),
            }
        }
        one
    }

    /// Replaces values.
    pub fn map(&mut self, mut map: impl FnMut(Value) -> Value) {
        for binding in &mut self.list {
            if let Bound::Value(value) = &mut binding.bound {
                *value = map(*value);
            }
        }
    }

    /// Replaces values by what is left of them.
    pub fn map_bound(&mut self, map: impl Fn(Value) -> Bound) {
        for binding in &mut self.list {
            if let Bound::Value(value) = binding.bound {
                binding.bound = map(value);
            }
        }
    }

    /// Takes the bindings of an inlined function in; `map` tells what its values are here.
    pub fn take_in(&mut self, callee: &Self, moved: Moved, map: impl Fn(Value) -> Option<Value>) {
        let first = self.locals.len();
        for local in callee.locals.values() {
            self.locals.push(LocalVariable {
                site: moved.site(local.site),
                ..*local
            });
        }
        self.list.extend(callee.list.iter().map(|binding| Binding {
            before: moved.snapshot(binding.before),
            local: Local::new(first + binding.local.index()),
            bound: match binding.bound {
                Bound::Value(value) => map(value).map_or(Bound::Unknown, Bound::Value),
                other => other,
            },
        }));
    }
}
