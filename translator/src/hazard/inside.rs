//! Which values are certainly addresses inside of objects: what is stored there the collector finds.
//!
//! `derived` has the values that may be computed from an `oop` on some path. That a store needs no reason must hold on each path, so less counts here:
//!
//! | value | inside |
//! |---|---|
//! | any `oop` | yes |
//! | cast | when its operand is |
//! | sum, `and`, `or` | when an operand is, but not what a mask of tag bits leaves |
//! | `sub` | when the first operand is and the second is not |
//! | `select` | when both values are |
//! | result of a call | when all that the callee answers with these arguments is; not of an indirect call, and in a recursion not before that is known |
//! | block parameter | when all arguments are |
//! | parameter | in each case in which the caller's argument is |
//! | anything else (what fields, arrays, pins and raw memory hold, products, quotients, shifts) | no |

use std::rc::Rc;

use super::derived::is_tag;
use crate::base::entity::EntityRef;
use crate::ir::{BinaryOp, CheckedOp, FuncId, Function, Inst, InstId, Module, Target, Type, Value};
use rustc_hash::FxHashMap;

/// The addresses inside of objects that a function has in one case.
#[derive(Debug)]
pub(super) struct Inside {
    values: Vec<bool>,
}

/// Finds them, in functions as they are asked for. A case is a bit for each parameter that is inside; an `oop` needs none.
pub(super) struct Insides<'a> {
    module: &'a Module,
    known: FxHashMap<(FuncId, u64), Rc<Inside>>,
    /// Whether all that a function answers is inside; no while that is being found out.
    answers: FxHashMap<(FuncId, u64), bool>,
}

impl Inside {
    /// Whether a value is certainly an address inside of an object.
    pub(super) fn contains(&self, value: Value) -> bool {
        self.values[value.index()]
    }

    /// The case that arguments make.
    pub(super) fn case(&self, args: &[Value]) -> u64 {
        let bits = args.iter().take(64).enumerate();
        bits.filter(|(_, value)| self.contains(**value))
            .fold(0, |case, (number, _)| case | 1 << number)
    }

    /// Notes what a value is not; whether that is news.
    fn restrict(&mut self, value: Value, is_inside: bool) -> bool {
        let known = &mut self.values[value.index()];
        let is_news = *known && !is_inside;
        *known &= is_inside;
        is_news
    }
}

impl<'a> Insides<'a> {
    /// Nothing is asked yet.
    pub(super) fn new(module: &'a Module) -> Self {
        Insides {
            module,
            known: FxHashMap::default(),
            answers: FxHashMap::default(),
        }
    }

    /// The addresses inside of objects of a function in one case.
    pub(super) fn of(&mut self, function: FuncId, case: u64) -> Rc<Inside> {
        if let Some(known) = self.known.get(&(function, case)) {
            return known.clone();
        }
        let func = &self.module.functions[function];
        let mut inside = Inside {
            values: vec![true; func.values.len()],
        };
        for (number, &param) in func.blocks[func.entry()].params.iter().enumerate() {
            let is_inside = number < 64 && case >> number & 1 == 1;
            inside.restrict(param, func.ty(param) == Type::Oop || is_inside);
        }
        // Values only cease to be inside, so this ends.
        while self.pass(func, &mut inside) {}
        let inside = Rc::new(inside);
        self.known.insert((function, case), inside.clone());
        inside
    }

    fn pass(&mut self, func: &Function, inside: &mut Inside) -> bool {
        let mut changed = false;
        for (_, id) in func.each_inst() {
            let data = &func.insts[id];
            if let Some(result) = data.result
                && inside.contains(result)
            {
                let is_inside = self.is_inside_result(func, id, func.ty(result), inside);
                changed |= inside.restrict(result, is_inside);
            }
            if let Inst::BrChecked(op, a, b, done, _) = data.inst
                && let Some(&result) = func.blocks[done.block].params.last()
            {
                let is_inside = is_inside_checked(op, inside.contains(a), inside.contains(b));
                changed |= inside.restrict(result, is_inside);
            }
            data.inst
                .each_target(func, |target| changed |= pass_on(func, target, inside));
        }
        changed
    }

    fn is_inside_result(&mut self, func: &Function, id: InstId, ty: Type, inside: &Inside) -> bool {
        let one = |value: Value| inside.contains(value);
        match func.insts[id].inst {
            _ if ty == Type::Oop => true,
            Inst::Cast(_, value) => one(value),
            Inst::Select(_, a, b) => one(a) && one(b),
            Inst::Binary(BinaryOp::Add | BinaryOp::Or, a, b) => one(a) || one(b),
            Inst::Binary(BinaryOp::Sub, a, b) => one(a) && !one(b),
            Inst::Binary(BinaryOp::And, a, b) => {
                one(a) && !is_tag(func, a, b) || one(b) && !is_tag(func, b, a)
            }
            Inst::Checked(op, a, b, _) => is_inside_checked(op, one(a), one(b)),
            Inst::Call(callee, args) => {
                self.answers_inside(callee, inside.case(func.values_of(args)))
            }
            _ => false,
        }
    }

    fn answers_inside(&mut self, function: FuncId, case: u64) -> bool {
        if let Some(&known) = self.answers.get(&(function, case)) {
            return known;
        }
        self.answers.insert((function, case), false);
        let func = &self.module.functions[function];
        let answers = func.has_body() && {
            let inside = self.of(function, case);
            func.layout
                .iter()
                .all(|&block| match func.terminator(block) {
                    Inst::Ret(Some(value)) => inside.contains(value),
                    Inst::TailCall(..) | Inst::TailCallInd(..) => false,
                    _ => true,
                })
        };
        self.answers.insert((function, case), answers);
        answers
    }
}

/// Takes what a jump passes that is not inside off the parameters of its target.
fn pass_on(func: &Function, target: Target, inside: &mut Inside) -> bool {
    let mut changed = false;
    let params = &func.blocks[target.block].params;
    for (&param, &argument) in params.iter().zip(func.values_of(target.args)) {
        if func.ty(param) != Type::Oop {
            let is_inside = inside.contains(argument);
            changed |= inside.restrict(param, is_inside);
        }
    }
    changed
}

fn is_inside_checked(op: CheckedOp, a: bool, b: bool) -> bool {
    match op {
        CheckedOp::AddS | CheckedOp::AddU => a || b,
        CheckedOp::SubS | CheckedOp::SubU => a && !b,
        _ => false,
    }
}
