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
use rustc_hash::{FxHashMap, FxHashSet};

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
    writes: Vec<Places>,
    /// Places that a function has written on each path when it returns.
    surely_writes: Vec<Places>,
    /// Places that it may read before they are written.
    early: Vec<Places>,
    /// Places that it may read after objects have moved in it, and before they are written.
    late: Vec<Places>,
    /// Places into which a function stores derived values in a case, itself.
    stores: FxHashMap<(FuncId, Case), Stores>,
    /// Places into which a function stores derived values in a case, itself or through others.
    keeps: FxHashMap<(FuncId, Case), Vec<Place>>,
}

/// What a function does in a case with derived values.
#[derive(Clone)]
struct Stores {
    places: Vec<Place>,
    calls: Vec<(FuncId, Case)>,
}

/// What a path through a function has done.
#[derive(Clone, PartialEq, Eq)]
struct Done {
    written: Places,
    moved: bool,
}

impl Places {
    fn insert(&mut self, place: Place) {
        self.0[place / 64] |= 1 << (place % 64);
    }

    fn contains(&self, place: Place) -> bool {
        self.0[place / 64] >> (place % 64) & 1 == 1
    }

    fn keep_common(&mut self, other: &Places) {
        for (mine, others) in self.0.iter_mut().zip(&other.0) {
            *mine &= others;
        }
    }

    /// Adds what is in `other` and not in `without`.
    fn add_without(&mut self, other: &Places, without: &Places) {
        for ((mine, others), known) in self.0.iter_mut().zip(&other.0).zip(&without.0) {
            *mine |= others & !known;
        }
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
            writes: vec![none.clone(); module.functions.len()],
            surely_writes: vec![none.clone(); module.functions.len()],
            early: vec![none.clone(); module.functions.len()],
            late: vec![none; module.functions.len()],
            stores: FxHashMap::default(),
            keeps: FxHashMap::default(),
        };
        for (id, func) in module.functions.iter().filter(|(_, func)| func.has_body()) {
            for (_, inst) in func.each_inst() {
                if let Some((place, _)) = written_place(module, func, inst) {
                    fields.writes[id.index()].insert(place);
                }
            }
        }
        let order = callees_first(context);
        while fields.spread(context, &order) {}
        // What is surely written only grows, and so does, once that is known, what is read before.
        while fields.summarize(context, &order, false) {}
        while fields.summarize(context, &order, true) {}
        fields
    }

    /// Adds to each function what its callees write.
    fn spread(&mut self, context: &Context<'_>, order: &[FuncId]) -> bool {
        let mut changed = false;
        for &id in order {
            let mut mine = std::mem::take(&mut self.writes[id.index()]);
            for site in context.graph.calls(id) {
                for callee in site.callees.iter().filter(|&&callee| callee != id) {
                    changed |= mine.add(&self.writes[callee.index()]);
                }
            }
            self.writes[id.index()] = mine;
        }
        changed
    }

    /// Follows what is written along the paths of each function; then also what is read before.
    fn summarize(&mut self, context: &Context<'_>, order: &[FuncId], reads: bool) -> bool {
        let mut changed = false;
        for &id in order {
            let func = &context.module.functions[id];
            if !func.has_body() {
                continue;
            }
            let cfg = Cfg::new(func);
            let sites = sites(context, id);
            let start = Done {
                written: Places(vec![0; self.n_places.div_ceil(64)]),
                moved: false,
            };
            let mut at_entry: Vec<Option<Done>> = vec![None; func.blocks.len()];
            at_entry[func.entry().index()] = Some(start);
            let mut at_return: Option<Places> = None;
            let mut again = true;
            while again {
                again = false;
                for &block in &cfg.order {
                    let Some(mut done) = at_entry[block.index()].clone() else {
                        continue;
                    };
                    self.follow(context, id, &sites, block, &mut done, false);
                    for successor in func.successors(block) {
                        let known = &mut at_entry[successor.index()];
                        let joined = meet(known.as_ref(), &done);
                        again |= known.as_ref() != Some(&joined);
                        *known = Some(joined);
                    }
                }
            }
            for &block in &cfg.order {
                let Some(mut done) = at_entry[block.index()].take() else {
                    continue;
                };
                changed |= self.follow(context, id, &sites, block, &mut done, reads);
                let is_end = matches!(
                    func.terminator(block),
                    Inst::Ret(_) | Inst::TailCall(..) | Inst::TailCallInd(..)
                );
                match &mut at_return {
                    Some(common) if is_end => common.keep_common(&done.written),
                    None if is_end => at_return = Some(done.written),
                    _ => {}
                }
            }
            if let Some(common) = at_return {
                changed |= self.surely_writes[id.index()].add(&common);
            }
        }
        changed
    }

    /// Follows what is done through a block; notes what is read too early or too late if asked for, and whether that is new.
    fn follow(
        &mut self,
        context: &Context<'_>,
        id: FuncId,
        sites: &FxHashMap<InstId, &CallSite>,
        block: Block,
        done: &mut Done,
        reads: bool,
    ) -> bool {
        let module = context.module;
        let func = &module.functions[id];
        let none = Places(vec![0; self.n_places.div_ceil(64)]);
        let (mut early, mut late) = (none.clone(), none.clone());
        for &inst in &func.blocks[block].insts {
            if let Some(place) = read_place(module, func, inst) {
                let mut read = none.clone();
                read.insert(place);
                early.add_without(&read, &done.written);
                if done.moved {
                    late.add_without(&read, &done.written);
                }
            }
            if let Some((place, _)) = written_place(module, func, inst) {
                done.written.insert(place);
            }
            let Some(site) = sites.get(&inst) else {
                continue;
            };
            let mut common: Option<Places> = None;
            for callee in &site.callees {
                let number = callee.index();
                early.add_without(&self.early[number], &done.written);
                late.add_without(&self.late[number], &done.written);
                if done.moved {
                    late.add_without(&self.early[number], &done.written);
                }
                // A moving method that stores into a field is taken to put it right.
                let written = match context.graph.is_moving(*callee) {
                    true => &self.writes[number],
                    false => &self.surely_writes[number],
                };
                match &mut common {
                    Some(common) => common.keep_common(written),
                    None => common = Some(written.clone()),
                }
            }
            if let Some(common) = common {
                done.written.add(&common);
            }
            done.moved |= context.graph.moving_callee(site).is_some();
        }
        if !reads {
            return false;
        }
        if context.graph.is_moving(id) {
            // It is taken to put right what it stores into.
            for read in [&mut early, &mut late] {
                let all = std::mem::replace(read, none.clone());
                read.add_without(&all, &self.writes[id.index()]);
            }
        }
        self.early[id.index()].add(&early) | self.late[id.index()].add(&late)
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
                func,
                derived: &derived,
                sites: sites(context, function),
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

    /// The places in which a function leaves derived values when these parameters are, itself or through what it calls.
    fn kept(
        &mut self,
        context: &Context<'_>,
        flow: &mut Flow<'_>,
        callee: FuncId,
        case: Case,
    ) -> Vec<Place> {
        if let Some(known) = self.keeps.get(&(callee, case)) {
            return known.clone();
        }
        let mut places = Vec::new();
        let mut seen = FxHashSet::default();
        let mut open = vec![(callee, case)];
        while let Some(next) = open.pop() {
            if seen.insert(next) {
                let stores = self.stores(context, flow, next);
                places.extend(&stores.places);
                open.extend(&stores.calls);
            }
        }
        places.sort_unstable();
        places.dedup();
        self.keeps.insert((callee, case), places.clone());
        places
    }

    /// What a function stores itself, and in which cases it calls others.
    fn stores(
        &mut self,
        context: &Context<'_>,
        flow: &mut Flow<'_>,
        of: (FuncId, Case),
    ) -> &Stores {
        let module = context.module;
        let func = &module.functions[of.0];
        self.stores.entry(of).or_insert_with(|| {
            let mut stores = Stores {
                places: Vec::new(),
                calls: Vec::new(),
            };
            if func.has_body() {
                let derived = flow.derived(of.0, of.1);
                for (_, inst) in func.each_inst() {
                    if let Some((place, value)) = written_place(module, func, inst)
                        && derived.contains(value)
                    {
                        stores.places.push(place);
                    }
                }
                for site in context.graph.calls(of.0) {
                    let case = arguments(func, site.inst, &derived);
                    let calls = site.callees.iter().map(|&callee| (callee, case));
                    stores.calls.extend(calls);
                }
            }
            stores
        })
    }
}

/// The states of the places along the paths of one function in one case.
struct Walk<'a, 'b, 'm> {
    fields: &'a mut Fields,
    context: &'a Context<'b>,
    flow: &'a mut Flow<'m>,
    func: &'a Function,
    derived: &'a Derived,
    sites: FxHashMap<InstId, &'a CallSite>,
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
        let module = self.context.module;
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
            if let Some(&site) = self.sites.get(&inst) {
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
            match state {
                State::Stale(..) if report && any(&self.fields.early) => {
                    self.read(place, state, site.inst);
                }
                State::Fresh(stored) if report && any(&self.fields.late) => {
                    self.read(place, State::Stale(stored, site.inst), site.inst);
                }
                _ => {}
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
                for place in self.fields.kept(self.context, self.flow, callee, case) {
                    states[place] = State::Fresh(site.inst);
                }
            }
        }
    }
}

/// The calls of a function by their instructions.
fn sites<'a>(context: &Context<'a>, function: FuncId) -> FxHashMap<InstId, &'a CallSite> {
    let calls = context.graph.calls(function);
    calls.iter().map(|site| (site.inst, site)).collect()
}

/// What is known where two paths meet.
fn meet(known: Option<&Done>, done: &Done) -> Done {
    let mut joined = done.clone();
    if let Some(known) = known {
        joined.written.keep_common(&known.written);
        joined.moved |= known.moved;
    }
    joined
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
