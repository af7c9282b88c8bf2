//! Traps and branches whose condition is known or has a simpler form.

use crate::ir::{CheckedOp, Hint, Inst, Target, UnaryOp, Value};
use crate::opt::values::{Outcome, Rewriter};

impl Rewriter<'_> {
    pub(super) fn control(&mut self, inst: &Inst) -> Outcome {
        match *inst {
            Inst::TrapIf(c, reason) => match self.constant(c) {
                Some(0) => Outcome::Nothing,
                Some(_) => {
                    self.trap(reason);
                    Outcome::Nothing
                }
                None => Outcome::Keep,
            },
            Inst::Br(c, yes, no, hint) => self.branch(c, (yes, no), hint),
            Inst::Switch(value, blocks, default) => match self.constant(value) {
                Some(n) => {
                    let blocks = self.func.blocks_of(blocks);
                    let chosen = usize::try_from(n).ok().and_then(|n| blocks.get(n)).copied();
                    Outcome::Inst(Inst::Jump(Target::to(chosen.unwrap_or(default))))
                }
                None => Outcome::Keep,
            },
            Inst::BrChecked(op, a, b, normal, overflow) => {
                self.checked_branch(op, (a, b), (normal, overflow))
            }
            _ => Outcome::Keep,
        }
    }

    fn branch(&mut self, c: Value, (yes, no): (Target, Target), hint: Hint) -> Outcome {
        match self.constant(c) {
            Some(0) => return Outcome::Inst(Inst::Jump(no)),
            Some(_) => return Outcome::Inst(Inst::Jump(yes)),
            None => {}
        }
        let same_arguments = self.func.values_of(yes.args) == self.func.values_of(no.args);
        if yes.block == no.block && same_arguments {
            return Outcome::Inst(Inst::Jump(yes));
        }
        if let Some(Inst::Unary(UnaryOp::Not, x)) = self.func.def(c) {
            let hint = match hint {
                Hint::None => Hint::None,
                Hint::Likely => Hint::Unlikely,
                Hint::Unlikely => Hint::Likely,
            };
            return Outcome::Inst(Inst::Br(x, no, yes, hint));
        }
        Outcome::Keep
    }

    fn checked_branch(
        &mut self,
        op: CheckedOp,
        (a, b): (Value, Value),
        (normal, overflow): (Target, Target),
    ) -> Outcome {
        let constants = self.constant(a).zip(self.constant(b));
        if constants.is_some_and(|(x, y)| op.evaluate(x, y).is_none()) {
            return Outcome::Inst(Inst::Jump(overflow));
        }
        if constants.is_some() || self.never_overflows(op, a, b) {
            let result = self.binary(op.wrapping(), a, b);
            let mut args = self.func.values_of(normal.args).to_vec();
            args.push(result);
            return Outcome::Inst(Inst::Jump(self.func.target(normal.block, &args)));
        }
        Outcome::Keep
    }
}
