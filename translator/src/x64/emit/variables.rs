//! Tells debuggers, instruction by instruction, where variables are.
//!
//! What the variables of an instruction's place in the source are bound to, its snapshot says; where the values are, [`HeldAt`] knows.
//! A step of several instructions that writes a variable's register hides it from its second instruction on. A call does from
//! its last byte on: there debuggers look for the variables of the frames above.

use rustc_hash::FxHashMap;

use super::stream::Stream;
use crate::base::EntityRef;
use crate::ir::{Bound, Function, Local, Position, Site, Snapshot};
use crate::x64::effects::RegisterSet;
use crate::x64::held::{Held, HeldAt, Home, Place, Spot};
use crate::x64::module::{VariablePlace, VariableRange};
use regalloc2::Block;

/// Where a variable is shown to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shown {
    /// In a register or slot.
    At(Spot),
    /// It is this.
    Constant(i64),
}

/// The variables of a place in the source.
type View = Vec<(Local, Home)>;

/// The variables of a function while it is encoded.
pub(in crate::x64) struct Variables<'a> {
    func: &'a Function,
    held_at: HeldAt<'a>,
    held: Held,
    /// What variables there are, by place in the source.
    views: FxHashMap<(Snapshot, Site), View>,
    /// The place in the source that was shown last.
    place: (Snapshot, Site),
    /// What debuggers have been told, by variable.
    shown: Vec<(Local, Shown)>,
    /// Room for what they are told next.
    spare: Vec<(Local, Shown)>,
    /// What the current step destroys, if it is a call.
    avoided: RegisterSet,
    /// What is held has changed since.
    is_stale: bool,
}

impl<'a> Variables<'a> {
    /// Nothing is shown yet.
    pub(in crate::x64) fn new(func: &'a Function, held_at: HeldAt<'a>) -> Self {
        Self {
            func,
            held_at,
            held: Held::default(),
            views: FxHashMap::default(),
            place: (Snapshot::NOTHING, Site::OWN),
            shown: Vec::new(),
            spare: Vec::new(),
            avoided: RegisterSet::default(),
            is_stale: true,
        }
    }

    /// Goes on at the start of a block.
    pub(super) fn enter(&mut self, block: Block) {
        self.held = self.held_at.start(block);
        self.is_stale = true;
    }

    /// What is held now.
    pub(super) fn held(&self) -> &Held {
        &self.held
    }

    /// Goes on where that is held.
    pub(super) fn resume(&mut self, held: Held) {
        self.held = held;
        self.is_stale = true;
    }

    /// Comes to a step.
    pub(super) fn come_to(&mut self, step: Place, kind: StepKind) {
        self.avoided = RegisterSet::default();
        if kind == StepKind::Call {
            // What the call leaves alone can still be seen from what it calls.
            self.avoided = self.held_at.written(step);
            self.is_stale = true;
        }
        self.is_stale |= self.held_at.read_pins(&mut self.held, step);
    }

    /// Goes on behind a step.
    pub(super) fn advance(&mut self, step: Place) {
        self.is_stale |= self.held_at.advance(&mut self.held, step);
    }

    /// Shows the variables of a place in the source where the stream is.
    pub(super) fn show(&mut self, position: Position, stream: &mut Stream) {
        if self.func.bindings.locals.is_empty() {
            return;
        }
        let place = (position.snapshot, position.site);
        if std::mem::replace(&mut self.place, place) == place && !self.is_stale {
            return;
        }
        self.is_stale = false;
        let func = self.func;
        let homes = &self.held_at.homes.list;
        let view = self
            .views
            .entry(place)
            .or_insert_with(|| view(func, homes, place));
        let mut shown = std::mem::take(&mut self.spare);
        for &(local, home) in view.iter() {
            let before = self.shown.binary_search_by_key(&local, |(known, _)| *known);
            let before = before.ok().map(|index| self.shown[index].1);
            let now = match home {
                Home::Nowhere => None,
                Home::Constant(n) => Some(Shown::Constant(n)),
                Home::Virtual(vreg) => {
                    let preferred = match before {
                        Some(Shown::At(spot)) => Some(spot),
                        _ => None,
                    };
                    self.held.spot(vreg, preferred, self.avoided).map(Shown::At)
                }
            };
            if let Some(now) = now {
                shown.push((local, now));
                if before != Some(now) {
                    stream.variable(local, Some(now));
                }
            }
        }
        for (local, _) in &self.shown {
            if shown
                .binary_search_by_key(local, |(known, _)| *known)
                .is_err()
            {
                stream.variable(*local, None);
            }
        }
        self.spare = std::mem::replace(&mut self.shown, shown);
        self.spare.clear();
    }

    /// Shows nothing any more.
    pub(super) fn hide_all(&mut self, stream: &mut Stream) {
        for (local, _) in self.shown.drain(..) {
            stream.variable(local, None);
        }
        self.is_stale = true;
    }

    /// Hides what a step has changed before its end; an exit undoes the frame.
    pub(super) fn hide_changed(&mut self, step: Place, kind: StepKind, stream: &mut Stream) {
        if self.shown.is_empty() {
            return;
        }
        let Some(place) = stream.inside(kind == StepKind::Call) else {
            return;
        };
        let written = match kind {
            StepKind::Exit => RegisterSet::default(),
            StepKind::Plain | StepKind::Call => self.held_at.written(step),
        };
        let hidden = |shown: &Shown| match shown {
            Shown::At(spot) => kind == StepKind::Exit || spot.is_in(written),
            Shown::Constant(_) => false,
        };
        let before = self.shown.len();
        let gone = self.shown.extract_if(.., |(_, shown)| hidden(shown));
        for (local, _) in gone {
            stream.hide_inside(place, local);
        }
        self.is_stale |= self.shown.len() != before;
    }
}

/// What matters of a step whose instructions are several.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum StepKind {
    /// It only writes registers.
    Plain,
    /// It calls.
    Call,
    /// It leaves the function.
    Exit,
}

/// The variables of a place in the source: of its activation, and of those around it when they called.
fn view(func: &Function, homes: &[Home], (snapshot, site): (Snapshot, Site)) -> View {
    let bindings = &func.bindings;
    let sites: Vec<Site> = func.activations.chain(site).collect();
    let calls = sites
        .iter()
        .map(|&site| func.activations.get(site).call.snapshot);
    let mut seen = vec![false; bindings.locals.len()];
    let mut view = View::new();
    for from in std::iter::once(snapshot).chain(calls) {
        for (at, binding) in bindings.chain(from) {
            let local = binding.local;
            if binding.bound == Bound::Same || std::mem::replace(&mut seen[local.index()], true) {
                continue;
            }
            let variable = &bindings.locals[local];
            let around = variable.site == Site::OWN || sites.contains(&variable.site);
            let home = homes[at.index() - 1];
            if around && !variable.is_ambiguous && home != Home::Nowhere {
                view.push((local, home));
            }
        }
    }
    view.sort_unstable_by_key(|(local, _)| *local);
    view
}

/// The places of variables as ranges of code, by variable; `at` gives the place of what was shown.
pub(super) fn ranges(
    told: &[(u32, Local, Option<Shown>)],
    size: u32,
    at: impl Fn(Shown) -> VariablePlace,
) -> Vec<VariableRange> {
    let mut told: Vec<_> = told.to_vec();
    told.sort_by_key(|(_, local, _)| *local);
    let mut ranges: Vec<VariableRange> = Vec::new();
    for (index, &(begin, local, shown)) in told.iter().enumerate() {
        let next = told.get(index + 1).filter(|next| next.1 == local);
        let end = next.map_or(size, |next| next.0);
        let Some(shown) = shown.filter(|_| begin < end) else {
            continue;
        };
        let place = at(shown);
        match ranges.last_mut() {
            Some(last) if last.local == local && last.end == begin && last.place == place => {
                last.end = end;
            }
            _ => ranges.push(VariableRange {
                local,
                begin,
                end,
                place,
            }),
        }
    }
    ranges
}
