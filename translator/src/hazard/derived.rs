//! Which values of a function would be stale after a collection.
//!
//! | value | derived |
//! | --- | --- |
//! | parameter, load or result of type `oop` | yes, but not the result of a function that answers an immediate |
//! | `cast` to `oop` | yes, but not of a constant |
//! | `cast` from a derived value | yes |
//! | `add`, `or`, `xor`, `select` with a derived operand | yes |
//! | `sub` | when one operand is derived: the difference of two is a distance |
//! | `and` | when an operand is derived and the other is no mask of low bits |
//! | call result of type `ptr` | when an argument is derived |
//! | block parameter | when an argument is derived |
//! | anything else (loads of integers, shifts, comparisons, call results of integer type) | no |

use super::Declared;
use crate::base::entity::{EntityRef, PrimaryMap};
use crate::ir::{BinaryOp, Cfg, FuncId, Function, Inst, Type, Value, ValueDef};

/// A mask below this leaves no address.
const LARGEST_TAG_MASK: i64 = 0xFFFF_FFFF;

/// The derived values of a function.
#[derive(Debug)]
pub struct Derived {
    values: Vec<bool>,
}

impl Derived {
    /// Finds them.
    #[must_use]
    pub fn new(func: &Function, cfg: &Cfg, declared: &PrimaryMap<FuncId, Declared>) -> Self {
        let mut derived = Derived {
            values: vec![false; func.values.len()],
        };
        for &param in &func.blocks[func.entry()].params {
            derived.values[param.index()] = func.ty(param) == Type::Oop;
        }
        // Values only become derived, so this ends; reverse postorder makes it short.
        while derived.pass(func, cfg, declared) {}
        derived
    }

    /// Whether a value is derived.
    #[must_use]
    pub fn contains(&self, value: Value) -> bool {
        self.values[value.index()]
    }

    /// The derived values.
    pub fn values(&self) -> impl Iterator<Item = Value> + '_ {
        self.values
            .iter()
            .enumerate()
            .filter(|(_, derived)| **derived)
            .map(|(index, _)| Value::new(index))
    }

    fn pass(
        &mut self,
        func: &Function,
        cfg: &Cfg,
        declared: &PrimaryMap<FuncId, Declared>,
    ) -> bool {
        let mut changed = false;
        for &block in &cfg.order {
            for &id in &func.blocks[block].insts {
                let data = &func.insts[id];
                if let Some(result) = data.result
                    && self.is_derived_result(func, &data.inst, func.ty(result), declared)
                {
                    changed |= self.add(result);
                }
                data.inst.each_target(func, |target| {
                    let params = &func.blocks[target.block].params;
                    for (&param, &argument) in params.iter().zip(func.values_of(target.args)) {
                        if self.contains(argument) {
                            changed |= self.add(param);
                        }
                    }
                });
            }
        }
        changed
    }

    fn add(&mut self, value: Value) -> bool {
        !std::mem::replace(&mut self.values[value.index()], true)
    }

    fn is_derived_result(
        &self,
        func: &Function,
        inst: &Inst,
        ty: Type,
        declared: &PrimaryMap<FuncId, Declared>,
    ) -> bool {
        let one = |value: Value| self.contains(value);
        match *inst {
            Inst::Load(..) | Inst::PinGet(_) => ty == Type::Oop,
            Inst::Cast(Type::Oop, value) => func.as_const(value).is_none(),
            Inst::Cast(_, value) => one(value),
            Inst::Select(_, a, b) => one(a) || one(b),
            Inst::Binary(BinaryOp::Add | BinaryOp::Or | BinaryOp::Xor, a, b) => one(a) || one(b),
            Inst::Binary(BinaryOp::Sub, a, b) => one(a) != one(b),
            Inst::Binary(BinaryOp::And, a, b) => {
                one(a) && !is_tag_mask(func, b) || one(b) && !is_tag_mask(func, a)
            }
            Inst::Call(callee, args) => match ty {
                Type::Oop => !declared[callee].answers_immediate,
                Type::Ptr => func.values_of(args).iter().any(|&value| one(value)),
                Type::I64 | Type::Bool | Type::F64 | Type::F32 => false,
            },
            Inst::CallInd(_, _, args) => match ty {
                Type::Oop => true,
                Type::Ptr => func.values_of(args).iter().any(|&value| one(value)),
                Type::I64 | Type::Bool | Type::F64 | Type::F32 => false,
            },
            _ => false,
        }
    }
}

fn is_tag_mask(func: &Function, value: Value) -> bool {
    func.as_const(value)
        .is_some_and(|mask| (0..=LARGEST_TAG_MASK).contains(&mask))
}

/// Whether a value is a parameter of a block other than the entry.
pub(super) fn joins(func: &Function, value: Value) -> bool {
    matches!(func.values[value].def, ValueDef::Param(block, _) if block != func.entry())
}
