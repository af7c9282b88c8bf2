//! Choices, loops, exits, calls.

use super::function::{Int, Join, Lowering, range_of};
use crate::base::entity::EntityRef;
use crate::ir::{self, BinaryOp, Block, FunctionKind, Hint, IntCond, Value};
use crate::typed::{
    Comparison, Expr, ExprKind, IntType, Label, LocalId, MethodId, MethodKind, Range, Trap, Type,
};

/// A jump table may have this many entries for each constant.
const TABLE_SLACK: i128 = 4;
/// Fewer constants are compared one by one.
const LEAST_TABLE: usize = 4;

impl Lowering<'_> {
    pub(super) fn control(&mut self, expr: &Expr) -> Option<Value> {
        let ty = self.shared.value_type(expr.ty);
        match &expr.kind {
            ExprKind::If(condition, yes, no) => self.choice(condition, yes, no, ty),
            ExprKind::And(..) | ExprKind::Or(..) => self.boolean(expr),
            ExprKind::Case(scrutinee, cases, otherwise) => {
                self.case(scrutinee, cases, otherwise.as_deref(), ty)
            }
            ExprKind::Seq(exprs) => {
                let mut value = None;
                for expr in exprs {
                    value = self.expr(expr);
                }
                value
            }
            ExprKind::Labelled(label, body) => {
                self.labels.insert(*label, Join::new(ty));
                let value = self.expr(body);
                let mut done = self.labels.remove(label)?;
                self.join(&mut done, value);
                self.enter_join(done)
            }
            ExprKind::Exit(label, value) => {
                let value = self.expr(value);
                self.exit(*label, value);
                None
            }
            ExprKind::Loop(label, body) => self.repeat(*label, body, ty),
            ExprKind::For {
                variable,
                from,
                to,
                step,
                body,
            } => self.count(*variable, from, to, *step, body),
            ExprKind::Return(value) => {
                let value = self.expr(value);
                if !self.b.is_terminated() {
                    self.leave(value);
                }
                None
            }
            ExprKind::Call(method, args) => self.call(*method, args),
            ExprKind::CallFunction(function, args) => self.call_function(function, args),
            ExprKind::Assert(condition) => self.assertion(condition),
            ExprKind::Intrinsic(intrinsic, args) => self.intrinsic(*intrinsic, args),
            other => unreachable!("{other:?} is lowered elsewhere"),
        }
    }

    fn choice(
        &mut self,
        condition: &Expr,
        yes: &Expr,
        no: &Expr,
        ty: Option<ir::Type>,
    ) -> Option<Value> {
        let (yes_block, no_block) = (self.b.create_block(), self.b.create_block());
        self.condition(condition, yes_block, no_block);
        let mut done = Join::new(ty);
        for (block, arm) in [(yes_block, yes), (no_block, no)] {
            if self.enter(block) {
                let value = self.expr(arm);
                self.join(&mut done, value);
            }
        }
        self.enter_join(done)
    }

    /// Branches on a condition, without making its value.
    fn condition(&mut self, expr: &Expr, yes: Block, no: Block) {
        if self.b.is_terminated() {
            return;
        }
        match &expr.kind {
            ExprKind::Boolean(value) => self.jump(if *value { yes } else { no }),
            ExprKind::Not(inner) => self.condition(inner, no, yes),
            ExprKind::And(a, b) => {
                let more = self.b.create_block();
                self.condition(a, more, no);
                if self.enter(more) {
                    self.condition(b, yes, no);
                }
            }
            ExprKind::Or(a, b) => {
                let more = self.b.create_block();
                self.condition(a, yes, more);
                if self.enter(more) {
                    self.condition(b, yes, no);
                }
            }
            ExprKind::If(c, a, b) => {
                let (a_block, b_block) = (self.b.create_block(), self.b.create_block());
                self.condition(c, a_block, b_block);
                for (block, arm) in [(a_block, a), (b_block, b)] {
                    if self.enter(block) {
                        self.condition(arm, yes, no);
                    }
                }
            }
            _ => {
                if let Some(value) = self.expr(expr) {
                    self.branch(value, yes, no, Hint::None);
                }
            }
        }
    }

    /// The value of `and:` and `or:`.
    fn boolean(&mut self, expr: &Expr) -> Option<Value> {
        let (yes, no) = (self.b.create_block(), self.b.create_block());
        self.condition(expr, yes, no);
        let mut done = Join::new(Some(ir::Type::Bool));
        for (block, value) in [(yes, true), (no, false)] {
            if self.enter(block) {
                let value = self.b.bconst(value);
                self.join(&mut done, Some(value));
            }
        }
        self.enter_join(done)
    }

    fn exit(&mut self, label: Label, value: Option<Value>) {
        if let Some(mut done) = self.labels.get(&label).copied() {
            self.join(&mut done, value);
            self.labels.insert(label, done);
        }
    }

    fn repeat(&mut self, label: Label, body: &Expr, ty: Option<ir::Type>) -> Option<Value> {
        self.labels.insert(label, Join::new(ty));
        let header = self.b.create_block();
        self.jump(header);
        self.b.switch_to(header);
        self.expr(body);
        if !self.b.is_terminated() {
            self.jump(header);
        }
        self.b.seal_block(header);
        let done = self.labels.remove(&label)?;
        self.enter_join(done)
    }

    /// `to:do:`. The test for the last step is made before the step, unless the limit leaves room for one step more.
    fn count(
        &mut self,
        variable: LocalId,
        from: &Expr,
        to: &Expr,
        step: i128,
        body: &Expr,
    ) -> Option<Value> {
        let (from, to) = self.ints(from, to)?;
        let runs = self.compare(
            if step > 0 {
                Comparison::Le
            } else {
                Comparison::Ge
            },
            from,
            to,
        );
        let (enter, done) = (self.b.create_block(), self.b.create_block());
        self.branch(runs, enter, done, Hint::None);
        self.enter(enter);
        self.name_local(variable);
        let variable = self.variable(variable)?;
        self.b.def_var(variable, from.value);
        let header = self.b.create_block();
        self.jump(header);
        self.b.switch_to(header);
        let index = self.b.use_var(variable);
        self.expr(body);
        if !self.b.is_terminated() {
            self.next_step((variable, index), (from, to), step, (header, done));
        }
        self.b.seal_block(header);
        self.enter(done);
        None
    }

    /// Goes back to the header with the next value of the variable, or on when the last one was taken.
    fn next_step(
        &mut self,
        (variable, index): (ir::Variable, Value),
        (from, to): (Int, Int),
        step: i128,
        (header, done): (Block, Block),
    ) {
        let amount = self.b.iconst(step as i64);
        let room = if step > 0 {
            Range {
                lo: from.range.lo,
                hi: to.range.hi + step,
            }
        } else {
            Range {
                lo: to.range.lo + step,
                hi: from.range.hi,
            }
        };
        if room.is_signed() || (room.is_natural() && room.within(IntType::UINT64.range())) {
            let next = self.b.binary(BinaryOp::Add, index, amount);
            self.b.def_var(variable, next);
            let next = Int {
                value: next,
                range: room,
            };
            let runs = self.compare(
                if step > 0 {
                    Comparison::Le
                } else {
                    Comparison::Ge
                },
                next,
                to,
            );
            self.branch(runs, header, done, Hint::Likely);
            return;
        }
        // What is left of the way is not negative and fits 64 bits.
        let (high, low) = if step > 0 {
            (to.value, index)
        } else {
            (index, to.value)
        };
        let left = self.b.binary(BinaryOp::Sub, high, low);
        let size = self.b.iconst(step.unsigned_abs() as i64);
        let more = self.b.icmp(IntCond::Uge, left, size);
        let next = self.b.binary(BinaryOp::Add, index, amount);
        self.b.def_var(variable, next);
        self.branch(more, header, done, Hint::Likely);
    }

    fn case(
        &mut self,
        scrutinee: &Expr,
        cases: &[(Vec<i128>, Expr)],
        otherwise: Option<&Expr>,
        ty: Option<ir::Type>,
    ) -> Option<Value> {
        let value = self.expr(scrutinee)?;
        let range = if matches!(scrutinee.ty, Type::Int(_)) {
            range_of(scrutinee)
        } else {
            IntType::UINT64.range()
        };
        let scrutinee = Int {
            value: self.coerce(value, ir::Type::I64),
            range,
        };
        let arms: Vec<Block> = cases.iter().map(|_| self.b.create_block()).collect();
        let default = self.b.create_block();
        self.select_case(scrutinee, cases, &arms, default);
        let mut done = Join::new(ty);
        for (&block, (_, arm)) in arms.iter().zip(cases) {
            if self.enter(block) {
                let value = self.expr(arm);
                self.join(&mut done, value);
            }
        }
        if self.enter(default) {
            match otherwise {
                Some(otherwise) => {
                    let value = self.expr(otherwise);
                    self.join(&mut done, value);
                }
                None => self.b.trap(self.shared.reason(Trap::NoCase)),
            }
        }
        self.enter_join(done)
    }

    fn select_case(
        &mut self,
        scrutinee: Int,
        cases: &[(Vec<i128>, Expr)],
        arms: &[Block],
        default: Block,
    ) {
        // The first arm of a constant counts; constants that the scrutinee never is are left out.
        let mut choices: Vec<(i128, Block)> = Vec::new();
        for ((constants, _), &arm) in cases.iter().zip(arms) {
            for &constant in constants {
                if scrutinee.range.contains(constant)
                    && !choices.iter().any(|&(known, _)| known == constant)
                {
                    choices.push((constant, arm));
                }
            }
        }
        let least = choices
            .iter()
            .map(|&(constant, _)| constant)
            .min()
            .unwrap_or(0);
        let width = choices
            .iter()
            .map(|&(constant, _)| constant - least + 1)
            .max()
            .unwrap_or(0);
        if choices.len() >= LEAST_TABLE && width <= TABLE_SLACK * choices.len() as i128 {
            let start = self.b.iconst(least as i64);
            let index = if least == 0 {
                scrutinee.value
            } else {
                self.b.binary(BinaryOp::Sub, scrutinee.value, start)
            };
            let mut table = vec![default; width as usize];
            for &(constant, arm) in &choices {
                table[(constant - least) as usize] = arm;
            }
            table.iter().for_each(|&block| self.mark_reached(block));
            self.mark_reached(default);
            self.b.switch(index, &table, default);
            return;
        }
        for (constant, arm) in choices {
            let wanted = self.b.iconst(constant as i64);
            let equal = self.b.icmp(IntCond::Eq, scrutinee.value, wanted);
            let next = self.b.create_block();
            self.branch(equal, arm, next, Hint::None);
            self.enter(next);
        }
        self.jump(default);
    }

    fn call(&mut self, method: MethodId, args: &[Expr]) -> Option<Value> {
        let args = self.values(args)?;
        let callee = self.shared.functions[method.index()];
        let head = &self.shared.heads[method.index()];
        let types = head.signature.params.clone();
        let args: Vec<Value> = args
            .iter()
            .zip(types)
            .map(|(&value, ty)| self.coerce(value, ty))
            .collect();
        if self.shared.program.methods[method].kind == MethodKind::Handler {
            // A handler ends with a dispatch: it runs in place of its caller.
            self.end_with(callee, &args);
            return None;
        }
        self.b.call(callee, &args, head.signature.result)
    }

    fn end_with(&mut self, callee: ir::FuncId, args: &[Value]) {
        if self.b.func.kind == FunctionKind::Handler {
            self.b.tail_call(callee, args);
        } else {
            self.refuse("the call of a handler by a method that is none");
        }
    }

    fn call_function(&mut self, function: &Expr, args: &[Expr]) -> Option<Value> {
        let Type::Function(ty) = function.ty else {
            return self.refuse("the call of what is no function");
        };
        let callee = self.expr(function)?;
        let callee = self.coerce(callee, ir::Type::Ptr);
        let args = self.values(args)?;
        let signature = &self.shared.program.function_types[ty];
        let types: Vec<_> = signature
            .params
            .iter()
            .filter_map(|&ty| self.shared.value_type(ty))
            .collect();
        let args: Vec<Value> = args
            .iter()
            .zip(types)
            .map(|(&value, ty)| self.coerce(value, ty))
            .collect();
        let result = self.shared.value_type(signature.result);
        self.b
            .call_ind(self.shared.signatures[ty.index()], callee, &args, result)
    }

    fn assertion(&mut self, condition: &Expr) -> Option<Value> {
        if !self.shared.options.checked {
            return None;
        }
        let (holds, fails) = (self.b.create_block(), self.b.create_block());
        self.condition(condition, holds, fails);
        if self.enter(fails) {
            self.b.trap(self.shared.reason(Trap::Assertion));
        }
        self.enter(holds);
        None
    }
}
