//! Derived values that wait in fields of components and in pinned registers while objects move.
//!
//! A field of type `Oop` is a root; any other keeps what was stored in it. Such a field is *fresh* after a derived value was stored, by the function itself
//! or by a function that it calls, *stale* after a moving call that does not store into it again, and a hazard when it is read then, here or in a function
//! that is called. Followed are scalar fields within one function and what it calls; a moving function that stores into the field is taken to put it right.

use super::derived::{Case, Derived, Flow, arguments};
use super::graph::CallSite;
use super::report::Context;
use crate::base::entity::EntityRef;
use crate::ir::{Address, Base, Block, Cfg, FuncId, Function, Inst, InstId, Module, Type, Value};
use rustc_hash::FxHashMap;

/// A field or pin, by number.
type Place = usize;

/// A field that is stale where it is read.
#[derive(Clone, Debug)]
pub(super) struct FieldHazard {
    /// The field as the source names it.
    pub(super) name: String,
    /// Where it got the derived value.
    pub(super) stored: InstId,
    /// The moving call.
    pub(super) call: InstId,
    /// The reading.
    pub(super) used: InstId,
}

/// What is known of a place at a point of a function.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum State {
    Unknown,
    Fresh(InstId),
    Stale(InstId, InstId),
}

/// A set of places.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
struct Places(Vec<u64>);

/// Who reads and writes which places, himself or through others.
pub(super) struct Fields {
    n_places: usize,
    reads: Vec<Places>,
    writes: Vec<Places>,
    /// Places into which a function stores derived values in a case.
    keeps: FxHashMap<(FuncId, Case), Vec<Place>>,
}

impl Places {
    fn insert(&mut self, place: Place) {
        self.0[place / 64] |= 1 << (place % 64);
    }

    fn contains(&self, place: Place) -> bool {
        self.0[place / 64] >> (place % 64) & 1 == 1
    }

    /// Whether that changed anything.
    fn add(&mut self, other: &Places) -> bool {
        let mut changed = false;
        for (mine, others) in self.0.iter_mut().zip(&other.0) {
            changed |= *others & !*mine != 0;
            *mine |= others;
        }
        changed
    }
}

impl Fields {
    /// Collects the accesses of all functions.
    pub(super) fn new(context: &Context<'_>) -> Self {
        let module = context.module;
        let n_places = module.fields.len() + module.pins.len();
        let none = Places(vec![0; n_places.div_ceil(64)]);
        let mut fields = Fields {
            n_places,
            reads: vec![none.clone(); module.functions.len()],
            writes: vec![none; module.functions.len()],
            keeps: FxHashMap::default(),
        };
        for (id, func) in module.functions.iter().filter(|(_, func)| func.has_body()) {
            for (_, inst) in func.each_inst() {
                if let Some(place) = read_place(module, func, inst) {
                    fields.reads[id.index()].insert(place);
                }
                if let Some((place, _)) = written_place(module, func, inst) {
                    fields.writes[id.index()].insert(place);
                }
            }
        }
        let order = callees_first(context);
        while fields.spread(context, &order) {}
        fields
    }

    /// Adds to each function what its callees read and write.
    fn spread(&mut self, context: &Context<'_>, order: &[FuncId]) -> bool {
        let mut changed = false;
        for &id in order {
            for all in [&mut self.reads, &mut self.writes] {
                let mut mine = std::mem::take(&mut all[id.index()]);
                for site in context.graph.calls(id) {
                    for callee in site.callees.iter().filter(|&&callee| callee != id) {
                        changed |= mine.add(&all[callee.index()]);
                    }
                }
                all[id.index()] = mine;
            }
        }
        changed
    }

    /// The hazards of a function: at most one for each field.
    pub(super) fn hazards(
        &mut self,
        context: &Context<'_>,
        flow: &mut Flow<'_>,
        function: FuncId,
    ) -> Vec<FieldHazard> {
        let func = &context.module.functions[function];
        let cfg = Cfg::new(func);
        let mut found: Vec<FieldHazard> = Vec::new();
        for case in flow.cases(function) {
            let derived = flow.derived(function, case);
            let mut walk = Walk {
                fields: self,
                context,
                flow,
                function,
                func,
                derived: &derived,
                found: Vec::new(),
            };
            walk.run(&cfg);
            for hazard in walk.found {
                if found.iter().all(|known| known.name != hazard.name) {
                    found.push(hazard);
                }
            }
        }
        found
    }

    /// The places in which a function leaves derived values when these parameters are.
    fn kept(
        &mut self,
        module: &Module,
        flow: &mut Flow<'_>,
        callee: FuncId,
        case: Case,
    ) -> Vec<Place> {
        if let Some(known) = self.keeps.get(&(callee, case)) {
            return known.clone();
        }
        let func = &module.functions[callee];
        let mut places = Vec::new();
        if func.has_body() {
            let derived = flow.derived(callee, case);
            for (_, inst) in func.each_inst() {
                if let Some((place, value)) = written_place(module, func, inst)
                    && derived.contains(value)
                {
                    places.push(place);
                }
            }
        }
        self.keeps.insert((callee, case), places.clone());
        places
    }
}

/// The states of the places along the paths of one function in one case.
struct Walk<'a, 'b, 'm> {
    fields: &'a mut Fields,
    context: &'a Context<'b>,
    flow: &'a mut Flow<'m>,
    function: FuncId,
    func: &'a Function,
    derived: &'a Derived,
    found: Vec<FieldHazard>,
}

impl Walk<'_, '_, '_> {
    fn run(&mut self, cfg: &Cfg) {
        let start = vec![State::Unknown; self.fields.n_places];
        let mut at_entry: Vec<Option<Vec<State>>> = vec![None; self.func.blocks.len()];
        at_entry[self.func.entry().index()] = Some(start);
        let mut changed = true;
        while changed {
            changed = false;
            for &block in &cfg.order {
                let Some(mut states) = at_entry[block.index()].clone() else {
                    continue;
                };
                self.block(block, &mut states, false);
                for successor in self.func.successors(block) {
                    changed |= join(&mut at_entry[successor.index()], &states);
                }
            }
        }
        for &block in &cfg.order {
            if let Some(mut states) = at_entry[block.index()].take() {
                self.block(block, &mut states, true);
            }
        }
    }

    /// Follows the states through a block; reports what is stale where it is read.
    fn block(&mut self, block: Block, states: &mut [State], report: bool) {
        let (context, module) = (self.context, self.context.module);
        for &inst in &self.func.blocks[block].insts {
            if let Some(place) = read_place(module, self.func, inst)
                && report
            {
                self.read(place, states[place], inst);
            }
            if let Some((place, value)) = written_place(module, self.func, inst) {
                states[place] = match self.derived.contains(value) {
                    true => State::Fresh(inst),
                    false => State::Unknown,
                };
            }
            let calls = context.graph.calls(self.function);
            if let Some(site) = calls.iter().find(|site| site.inst == inst && !site.is_tail) {
                self.call(site, states, report);
            }
        }
    }

    fn read(&mut self, place: Place, state: State, used: InstId) {
        if let State::Stale(stored, call) = state {
            self.found.push(FieldHazard {
                name: place_name(self.context.module, place),
                stored,
                call,
                used,
            });
        }
    }

    fn call(&mut self, site: &CallSite, states: &mut [State], report: bool) {
        let moves = self.context.graph.moving_callee(site).is_some();
        for (place, known) in states.iter_mut().enumerate() {
            let any = |sets: &[Places]| {
                let callees = &mut site.callees.iter();
                callees.any(|callee| sets[callee.index()].contains(place))
            };
            let (state, written) = (*known, any(&self.fields.writes));
            if report && !written && matches!(state, State::Stale(..)) && any(&self.fields.reads) {
                self.read(place, state, site.inst);
            }
            *known = match state {
                _ if written => State::Unknown,
                State::Fresh(stored) if moves => State::Stale(stored, site.inst),
                other => other,
            };
        }
        if !moves {
            let case = arguments(self.func, site.inst, self.derived);
            for &callee in &site.callees {
                for place in self
                    .fields
                    .kept(self.context.module, self.flow, callee, case)
                {
                    states[place] = State::Fresh(site.inst);
                }
            }
        }
    }
}

/// All functions, those that are called before their callers where they are in no circle.
fn callees_first(context: &Context<'_>) -> Vec<FuncId> {
    let mut seen = vec![false; context.module.functions.len()];
    let mut order = Vec::with_capacity(seen.len());
    for root in context.module.functions.keys() {
        let mut open = vec![(root, false)];
        while let Some((id, is_done)) = open.pop() {
            if is_done {
                order.push(id);
            } else if !std::mem::replace(&mut seen[id.index()], true) {
                open.push((id, true));
                let calls = context.graph.calls(id).iter();
                open.extend(
                    calls
                        .flat_map(|site| &site.callees)
                        .map(|&callee| (callee, false)),
                );
            }
        }
    }
    order
}

fn join(known: &mut Option<Vec<State>>, states: &[State]) -> bool {
    let Some(known) = known else {
        *known = Some(states.to_vec());
        return true;
    };
    let mut changed = false;
    for (mine, &other) in known.iter_mut().zip(states) {
        // Where two ways come from is told of the one that was found first.
        let rank = |state: State| match state {
            State::Unknown => 0,
            State::Fresh(_) => 1,
            State::Stale(..) => 2,
        };
        if rank(other) > rank(*mine) {
            *mine = other;
            changed = true;
        }
    }
    changed
}

/// The scalar field at an address, unless it is a root.
fn field_place(module: &Module, address: Address, ty: Type) -> Option<Place> {
    match address {
        Address {
            base: Base::Field(field),
            index: None,
            offset: 0,
        } if ty != Type::Oop && module.fields[field].size <= 8 => Some(field.index()),
        _ => None,
    }
}

fn read_place(module: &Module, func: &Function, inst: InstId) -> Option<Place> {
    let data = &func.insts[inst];
    let ty = func.ty(data.result?);
    match data.inst {
        Inst::Load(_, address, _) => field_place(module, address, ty),
        Inst::PinGet(pin) if ty != Type::Oop => Some(module.fields.len() + pin.index()),
        _ => None,
    }
}

fn written_place(module: &Module, func: &Function, inst: InstId) -> Option<(Place, Value)> {
    match func.insts[inst].inst {
        Inst::Store(_, value, address, _) => {
            Some((field_place(module, address, func.ty(value))?, value))
        }
        Inst::PinSet(pin, value) if func.ty(value) != Type::Oop => {
            Some((module.fields.len() + pin.index(), value))
        }
        _ => None,
    }
}

fn place_name(module: &Module, place: Place) -> String {
    let name = match place.checked_sub(module.fields.len()) {
        None => module.fields.values().nth(place).map(|field| &field.name),
        Some(pin) => module.pins.values().nth(pin).map(|pin| &pin.name),
    };
    name.cloned().unwrap_or_default()
}
