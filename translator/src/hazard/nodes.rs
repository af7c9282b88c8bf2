//! Functions reduced to what they do to holders: one node for each case of derived parameters in which a function is called.

use rustc_hash::FxHashMap;

use super::derived::{Case, Derived, Flow};
use super::graph::CallSite;
use super::holders::{Holder, Holders};
use super::inside::Inside;
use super::report::Context;
use crate::base::entity::EntityRef;
use crate::ir::{Block, Cfg, FuncId, FunctionKind, Inst, InstId};

/// What an instruction does to holders, which go by their numbers among the followed ones.
#[derive(Clone, Debug)]
pub(super) enum Event {
    /// A holder is read.
    Read(usize),
    /// Something is stored into a holder.
    Write {
        /// Which one.
        holder: usize,
        /// It is a derived value.
        is_derived: bool,
    },
    /// One of these nodes is called.
    Call {
        /// By number.
        callees: Vec<usize>,
        /// Or something that does nothing to holders.
        or_nothing: bool,
    },
    /// Some handler goes on.
    Dispatch,
}

/// A block of a function.
#[derive(Clone, Debug, Default)]
pub(super) struct NodeBlock {
    /// In order.
    pub(super) events: Vec<(InstId, Event)>,
    /// Where control goes, by position in the node.
    pub(super) successors: Vec<usize>,
    /// Control leaves the function.
    pub(super) is_end: bool,
}

/// A function in a case of derived parameters.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) function: FuncId,
    /// In reverse postorder.
    pub(super) blocks: Vec<NodeBlock>,
}

impl Event {
    /// Whether a call may leave all holders alone.
    pub(super) fn may_do_nothing(&self) -> bool {
        matches!(
            self,
            Event::Call {
                or_nothing: true,
                ..
            }
        )
    }
}

/// The nodes of all functions that matter to the followed holders, in the order given: callees before callers.
pub(super) fn nodes(
    context: &Context<'_>,
    holders: &Holders<'_>,
    flow: &mut Flow<'_>,
    followed: &[Holder],
    order: &[FuncId],
) -> Vec<Node> {
    if followed.is_empty() {
        return Vec::new();
    }
    let mut builder = Builder {
        context,
        holders,
        numbers: vec![None; holders.len()],
        matters: Vec::new(),
        indices: FxHashMap::default(),
    };
    for (number, holder) in followed.iter().enumerate() {
        builder.numbers[holder.index()] = Some(number);
    }
    builder.find_what_matters(order);
    let mut cases = Vec::new();
    for &function in order.iter().filter(|id| builder.matters[id.index()]) {
        cases.extend(
            flow.cases(function)
                .into_iter()
                .map(|case| (function, case)),
        );
    }
    for (index, &of) in cases.iter().enumerate() {
        builder.indices.insert(of, index);
    }
    cases
        .into_iter()
        .map(|(function, case)| builder.node(flow, function, case))
        .collect()
}

struct Builder<'a> {
    context: &'a Context<'a>,
    holders: &'a Holders<'a>,
    /// By holder: its number among the followed ones.
    numbers: Vec<Option<usize>>,
    /// By function: whether it does anything to followed holders, itself or through others. Moving objects does.
    matters: Vec<bool>,
    indices: FxHashMap<(FuncId, Case), usize>,
}

impl Builder<'_> {
    fn find_what_matters(&mut self, order: &[FuncId]) {
        let (module, graph) = (self.context.module, self.context.graph);
        let own = module.functions.iter().map(|(id, func)| {
            let accesses = |(_, inst)| self.number(id, inst).is_some();
            let is_handler = func.kind == FunctionKind::Handler;
            func.has_body() && (is_handler || graph.is_moving(id) || func.each_inst().any(accesses))
        });
        self.matters = own.collect();
        let mut changed = true;
        while changed {
            changed = false;
            for &id in order.iter().filter(|id| module.functions[**id].has_body()) {
                let mut callees = graph.calls(id).iter().flat_map(|site| &site.callees);
                if !self.matters[id.index()] && callees.any(|callee| self.matters[callee.index()]) {
                    self.matters[id.index()] = true;
                    changed = true;
                }
            }
        }
    }

    /// The number of the followed holder that an instruction accesses.
    fn number(&self, id: FuncId, inst: InstId) -> Option<usize> {
        let func = &self.context.module.functions[id];
        let access = self.holders.access(id, func, inst)?;
        self.numbers[access.holder.index()]
    }

    fn node(&self, flow: &mut Flow<'_>, id: FuncId, case: Case) -> Node {
        let func = &self.context.module.functions[id];
        let (derived, inside) = (flow.derived(id, case), flow.inside(id, case));
        let calls = self.context.graph.calls(id);
        let sites: FxHashMap<InstId, &CallSite> =
            calls.iter().map(|site| (site.inst, site)).collect();
        let cfg = Cfg::new(func);
        let mut position = vec![0; func.blocks.len()];
        for (number, block) in cfg.order.iter().enumerate() {
            position[block.index()] = number;
        }
        let block = |&block: &Block| {
            let insts = func.blocks[block].insts.iter();
            let event = |&inst: &InstId| {
                let access = self.access(id, inst, &derived, &inside);
                let site = sites.get(&inst).copied();
                let case = |callee| flow.case_of_call(id, inst, callee, &derived, &inside);
                let call = || self.call(id, inst, site, case);
                Some((inst, access.or_else(call)?))
            };
            let successors = func.successors(block);
            NodeBlock {
                events: insts.filter_map(event).collect(),
                successors: successors
                    .iter()
                    .map(|block| position[block.index()])
                    .collect(),
                is_end: matches!(
                    func.terminator(block),
                    Inst::Ret(_) | Inst::TailCall(..) | Inst::TailCallInd(..) | Inst::Dispatch
                ),
            }
        };
        Node {
            function: id,
            blocks: cfg.order.iter().map(block).collect(),
        }
    }

    fn access(
        &self,
        id: FuncId,
        inst: InstId,
        derived: &Derived,
        inside: &Inside,
    ) -> Option<Event> {
        let func = &self.context.module.functions[id];
        let access = self.holders.access(id, func, inst)?;
        let holder = self.numbers[access.holder.index()]?;
        if access.is_inside_object(inside) {
            return None;
        }
        Some(match access.stored {
            None => Event::Read(holder),
            Some(value) => Event::Write {
                holder,
                is_derived: derived.contains(value),
            },
        })
    }

    fn call(
        &self,
        id: FuncId,
        inst: InstId,
        site: Option<&CallSite>,
        case: impl Fn(FuncId) -> Case,
    ) -> Option<Event> {
        let functions = &self.context.module.functions;
        if matches!(functions[id].insts[inst].inst, Inst::Dispatch) {
            return Some(Event::Dispatch);
        }
        let site = site?;
        let first = site.callees.first()?;
        if functions[*first].kind == FunctionKind::Handler {
            return Some(Event::Dispatch);
        }
        let (mut callees, mut or_nothing) = (Vec::new(), false);
        for &callee in &site.callees {
            match self.indices.get(&(callee, case(callee))) {
                Some(&index) => callees.push(index),
                None => or_nothing = true,
            }
        }
        (!callees.is_empty()).then_some(Event::Call {
            callees,
            or_nothing,
        })
    }
}
