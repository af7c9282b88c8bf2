//! Which values of a function would be stale after a collection.
//!
//! | value | derived |
//! | --- | --- |
//! | load or result of type `oop` | yes, but not the result of a function that answers an immediate |
//! | load of a number or an address | when a derived value is ever stored in the same field or array (`holders`) |
//! | `cast` to `oop` | yes, but not of a constant |
//! | parameter | in each case in which a caller passes a derived argument; an `oop` always |
//! | `cast` from a derived value | yes |
//! | `sub`, checked or not | when one operand is derived: the difference of two is a distance |
//! | `and` | when an operand is derived, unless it is the bits of an oop or a pointer and the other a mask of tag bits |
//! | any other operation on words or floats (sums, products, quotients, shifts, extensions, conversions to floats and back) | when an operand is derived |
//! | result of a call that is no Boolean | when the callee answers a value that is derived with these arguments, and no immediate |
//! | result of an indirect call that is no Boolean | when an argument is derived, or one of the callees answers a derived value |
//! | block parameter | when an argument is derived |
//! | anything else (loads from raw memory, comparisons) | no |
//!
//! What waits in a field while objects move is the business of `fields`.

use std::collections::VecDeque;
use std::rc::Rc;

use super::holders::{Holder, Holders};
use super::inside::{Inside, Insides};
use super::{CallGraph, Declared};
use crate::base::entity::{EntityRef, PrimaryMap};
use crate::ir::{
    BinaryOp, Cfg, CheckedOp, FuncId, Function, Inst, InstId, Module, Type, Value, ValueDef,
};
use rustc_hash::{FxHashMap, FxHashSet};

/// A mask up to this leaves the tag of an oop and nothing of its address.
const LARGEST_TAG_MASK: i64 = 7;

/// Which parameters of a function are derived, and which of them are certainly addresses inside of objects, a bit each; parameters from the 64th on
/// count as neither.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Case {
    derived: u64,
    /// Without the `oop` parameters, which always are.
    inside: u64,
}

/// The derived values of a function in one case.
#[derive(Debug, Clone)]
pub struct Derived {
    values: Vec<bool>,
}

/// Follows derived values through the whole program.
pub struct Flow<'a> {
    module: &'a Module,
    graph: &'a CallGraph,
    declared: &'a PrimaryMap<FuncId, Declared>,
    holders: &'a Holders<'a>,
    /// By holder: whether a derived value is ever stored there.
    holding: Vec<bool>,
    cfgs: Vec<Option<Cfg>>,
    insides: Insides<'a>,
    /// The derived values of functions by their derived parameters, as far as they were asked for.
    known: FxHashMap<(FuncId, u64), Rc<Derived>>,
    /// The functions, with derived parameters, that are known to answer a derived value; what is found in one round holds in the next.
    answering: FxHashSet<(FuncId, u64)>,
    /// Those that were asked in this round what they answer.
    asked: FxHashSet<(FuncId, u64)>,
    /// The cases in which a function is called, in the order in which they were found.
    cases: Vec<Vec<Case>>,
    seen: FxHashSet<(FuncId, Case)>,
    work: Vec<(FuncId, Case)>,
}

impl Derived {
    /// Whether a value is derived.
    #[must_use]
    pub fn contains(&self, value: Value) -> bool {
        self.values[value.index()]
    }

    /// Where a derived value is made: for a block parameter, where one of the derived arguments is.
    pub(super) fn made(&self, func: &Function, value: Value) -> ValueDef {
        let mut queue = VecDeque::from([value]);
        let mut seen = FxHashSet::default();
        while let Some(value) = queue.pop_front() {
            let def = func.values[value].def;
            let (block, number) = match def {
                ValueDef::Param(block, number) if block != func.entry() => (block, number as usize),
                _ => return def,
            };
            for (_, id) in func.each_inst() {
                let inst = &func.insts[id].inst;
                if let Inst::BrChecked(_, _, _, done, _) = inst
                    && done.block == block
                    && func.blocks[block].params.last() == Some(&value)
                {
                    return ValueDef::Result(id);
                }
                inst.each_target(func, |target| {
                    let args = func.values_of(target.args);
                    if target.block == block
                        && let Some(&argument) = args.get(number)
                        && self.contains(argument)
                        && seen.insert(argument)
                    {
                        queue.push_back(argument);
                    }
                });
            }
        }
        func.values[value].def
    }

    /// A bit for each argument that is derived.
    fn case(&self, args: &[Value]) -> u64 {
        let bits = args.iter().take(64).enumerate();
        bits.filter(|(_, value)| self.contains(**value))
            .fold(0, |case, (number, _)| case | 1 << number)
    }

    fn add(&mut self, value: Value) -> bool {
        !std::mem::replace(&mut self.values[value.index()], true)
    }
}

impl<'a> Flow<'a> {
    /// Finds the cases of all functions: each is called at least with all of its `oop` parameters derived.
    #[must_use]
    pub fn new(
        module: &'a Module,
        graph: &'a CallGraph,
        declared: &'a PrimaryMap<FuncId, Declared>,
        holders: &'a Holders<'a>,
    ) -> Self {
        let n_functions = module.functions.len();
        let mut flow = Flow {
            module,
            graph,
            declared,
            holders,
            holding: vec![false; holders.len()],
            insides: Insides::new(module),
            cfgs: vec![None; n_functions],
            known: FxHashMap::default(),
            answering: FxHashSet::default(),
            asked: FxHashSet::default(),
            cases: vec![Vec::new(); n_functions],
            seen: FxHashSet::default(),
            work: Vec::new(),
        };
        while flow.find_cases() {}
        flow
    }

    /// Follows all calls; whether a holder was found to hold, or a function to answer, derived values that was not known to.
    fn find_cases(&mut self) -> bool {
        let (known, answering) = (self.holding.clone(), self.answering.len());
        self.seen.clear();
        self.known.clear();
        self.asked.clear();
        self.cases.iter_mut().for_each(Vec::clear);
        for id in self.module.functions.keys() {
            let case = self.full_case(id, Case::default());
            self.reach(id, case);
        }
        while let Some((function, case)) = self.work.pop() {
            if self.module.functions[function].has_body() {
                let derived = self.derived(function, case);
                let inside = self.inside(function, case);
                self.note_holders(function, &derived, &inside);
                self.reach_callees(function, &derived, &inside);
            }
        }
        self.holding != known || self.answering.len() != answering
    }

    fn note_holders(&mut self, id: FuncId, derived: &Derived, inside: &Inside) {
        let func = &self.module.functions[id];
        for (_, inst) in func.each_inst() {
            if let Some(access) = self.holders.access(id, func, inst)
                && access.stored.is_some_and(|value| derived.contains(value))
                && !access.is_inside_object(inside)
            {
                self.holding[access.holder.index()] = true;
            }
        }
    }

    /// The holders in which derived values are stored, ascending.
    pub fn holding(&self) -> impl Iterator<Item = Holder> {
        let indices = self.holding.iter().enumerate();
        indices
            .filter(|(_, holds)| **holds)
            .map(|(index, _)| Holder::new(index))
    }

    /// The cases in which a function is called.
    #[must_use]
    pub fn cases(&self, function: FuncId) -> Vec<Case> {
        let mut cases = self.cases[function.index()].clone();
        cases.sort_unstable();
        cases
    }

    /// The derived values of a function in one case.
    pub fn derived(&mut self, function: FuncId, case: Case) -> Rc<Derived> {
        self.derived_with(function, case.derived)
    }

    /// The addresses inside of objects of a function in one case.
    pub(super) fn inside(&mut self, function: FuncId, case: Case) -> Rc<Inside> {
        self.insides.of(function, case.inside)
    }

    /// The derived values of a function when these parameters are.
    fn derived_with(&mut self, function: FuncId, params: u64) -> Rc<Derived> {
        if let Some(known) = self.known.get(&(function, params)) {
            return known.clone();
        }
        let derived = Rc::new(self.work_out(function, params));
        self.known.insert((function, params), derived.clone());
        derived
    }

    fn work_out(&mut self, function: FuncId, params: u64) -> Derived {
        let module = self.module;
        let func = &module.functions[function];
        let mut derived = Derived {
            values: vec![false; func.values.len()],
        };
        for (number, &param) in func.blocks[func.entry()].params.iter().enumerate().take(64) {
            derived.values[param.index()] = params >> number & 1 == 1;
        }
        let cfg = self.cfgs[function.index()]
            .take()
            .unwrap_or_else(|| Cfg::new(func));
        // Values only become derived, so this ends; reverse postorder makes it short.
        while self.pass(function, &cfg, &mut derived) {}
        self.cfgs[function.index()] = Some(cfg);
        derived
    }

    /// The case in which a call calls a function.
    #[must_use]
    pub(super) fn case_of_call(
        &self,
        caller: FuncId,
        call: InstId,
        callee: FuncId,
        derived: &Derived,
        inside: &Inside,
    ) -> Case {
        let args = arguments(&self.module.functions[caller], call);
        let case = Case {
            derived: derived.case(args),
            inside: inside.case(args),
        };
        self.full_case(callee, case)
    }

    /// A case with all `oop` parameters derived.
    fn full_case(&self, function: FuncId, case: Case) -> Case {
        let params = &self.module.functions[function].signature.params;
        let oops = params
            .iter()
            .take(64)
            .enumerate()
            .filter(|(_, ty)| **ty == Type::Oop)
            .fold(0, |oops, (number, _)| oops | 1 << number);
        Case {
            derived: case.derived | oops,
            inside: case.inside & case.derived & !oops,
        }
    }

    fn reach(&mut self, function: FuncId, case: Case) {
        if self.seen.insert((function, case)) {
            self.cases[function.index()].push(case);
            self.work.push((function, case));
        }
    }

    fn reach_callees(&mut self, function: FuncId, derived: &Derived, inside: &Inside) {
        let graph = self.graph;
        for site in graph.calls(function) {
            for &callee in &site.callees {
                let case = self.case_of_call(function, site.inst, callee, derived, inside);
                self.reach(callee, case);
            }
        }
    }

    fn pass(&mut self, function: FuncId, cfg: &Cfg, derived: &mut Derived) -> bool {
        let module = self.module;
        let func = &module.functions[function];
        let mut changed = false;
        for &block in &cfg.order {
            for &id in &func.blocks[block].insts {
                let data = &func.insts[id];
                if let Some(result) = data.result
                    && !derived.contains(result)
                    && self.is_derived_result(function, id, func.ty(result), derived)
                {
                    changed |= derived.add(result);
                }
                if let Inst::BrChecked(op, a, b, done, _) = data.inst
                    && Self::is_derived_checked(op, derived.contains(a), derived.contains(b))
                    && let Some(&result) = func.blocks[done.block].params.last()
                {
                    changed |= derived.add(result);
                }
                data.inst.each_target(func, |target| {
                    let params = &func.blocks[target.block].params;
                    for (&param, &argument) in params.iter().zip(func.values_of(target.args)) {
                        if derived.contains(argument) {
                            changed |= derived.add(param);
                        }
                    }
                });
            }
        }
        changed
    }

    /// Whether the result of a checked operation is derived, when its operands are or are not.
    fn is_derived_checked(op: CheckedOp, a: bool, b: bool) -> bool {
        match op {
            CheckedOp::SubS | CheckedOp::SubU => a != b,
            _ => a || b,
        }
    }

    fn is_derived_result(
        &mut self,
        function: FuncId,
        id: InstId,
        ty: Type,
        derived: &Derived,
    ) -> bool {
        let module = self.module;
        let func = &module.functions[function];
        let one = |value: Value| derived.contains(value);
        match func.insts[id].inst {
            Inst::Load(..) | Inst::PinGet(_) if ty == Type::Oop => true,
            Inst::Load(..) | Inst::PinGet(_) => {
                let access = self.holders.access(function, func, id);
                access.is_some_and(|access| self.holding[access.holder.index()])
            }
            Inst::Cast(Type::Oop, value) => func.as_const(value).is_none(),
            Inst::Cast(_, value) => one(value),
            Inst::Select(_, a, b) => one(a) || one(b),
            Inst::Binary(BinaryOp::Sub, a, b)
            | Inst::Checked(CheckedOp::SubS | CheckedOp::SubU, a, b, _) => one(a) != one(b),
            Inst::Binary(BinaryOp::And, a, b) => {
                one(a) && !is_tag(func, a, b) || one(b) && !is_tag(func, b, a)
            }
            Inst::Binary(_, a, b) | Inst::Checked(_, a, b, _) => one(a) || one(b),
            Inst::Unary(_, value) | Inst::Sext(_, value) | Inst::Zext(_, value) => one(value),
            Inst::Call(callee, _) if self.declared[callee].answers_immediate => false,
            Inst::Call(callee, _) => match ty {
                Type::Oop => true,
                Type::Bool => false,
                _ => self.answers_derived(callee, derived.case(arguments(func, id))),
            },
            Inst::CallInd(_, _, args) => match ty {
                Type::Oop => true,
                Type::Bool => false,
                _ => {
                    func.values_of(args).iter().any(|&value| one(value))
                        || self.any_answers_derived(function, id, derived)
                }
            },
            _ => false,
        }
    }

    /// Whether one of those that an indirect call may reach answers a derived value.
    fn any_answers_derived(&mut self, caller: FuncId, call: InstId, derived: &Derived) -> bool {
        let (module, graph) = (self.module, self.graph);
        let params = derived.case(arguments(&module.functions[caller], call));
        let sites = graph.calls(caller).iter();
        sites
            .filter(|site| site.inst == call)
            .flat_map(|site| &site.callees)
            .any(|&callee| {
                !self.declared[callee].answers_immediate && self.answers_derived(callee, params)
            })
    }

    /// Whether a function answers a derived value when these parameters are. In a recursion that is what the round before found; the last round
    /// finds nothing new.
    fn answers_derived(&mut self, function: FuncId, params: u64) -> bool {
        if !self.asked.insert((function, params)) {
            return self.answering.contains(&(function, params));
        }
        let module = self.module;
        let func = &module.functions[function];
        if !func.has_body() {
            return false;
        }
        let derived = self.derived_with(function, params);
        let answers = func
            .layout
            .iter()
            .any(|&block| match func.terminator(block) {
                Inst::Ret(Some(value)) => derived.contains(value),
                _ => false,
            });
        if answers {
            self.answering.insert((function, params));
        }
        answers
    }
}

/// The arguments of a call.
fn arguments(func: &Function, call: InstId) -> &[Value] {
    match func.insts[call].inst {
        Inst::Call(_, args)
        | Inst::TailCall(_, args)
        | Inst::CallInd(_, _, args)
        | Inst::TailCallInd(_, _, args) => func.values_of(args),
        _ => &[],
    }
}

/// Whether a mask leaves of a word no more than the tag of an oop, or where an address lies within a slot. The low bits of what was
/// worked out from one (a quotient, say) are bits of its address.
pub(super) fn is_tag(func: &Function, word: Value, mask: Value) -> bool {
    let is_small = func
        .as_const(mask)
        .is_some_and(|mask| (0..=LARGEST_TAG_MASK).contains(&mask));
    let is_direct = match func.values[word].def {
        ValueDef::Result(inst) => match func.insts[inst].inst {
            Inst::Cast(_, value) => matches!(func.ty(value), Type::Oop | Type::Ptr),
            _ => false,
        },
        ValueDef::Param(..) => false,
    };
    is_small && is_direct
}

/// Whether a value is a parameter of a block other than the entry.
pub(super) fn joins(func: &Function, value: Value) -> bool {
    matches!(func.values[value].def, ValueDef::Param(block, _) if block != func.entry())
}
