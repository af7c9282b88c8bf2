//! Value numbering, constant folding, simplification and removal of checks, in one walk over the dominator tree.
//!
//! Each instruction is simplified ([`super::simplify`]) under what is known where it stands: intervals of values, and relations
//! between pairs, learnt from dominating branches and checks ([`super::facts`]). A pure instruction that a dominating one computes
//! already is replaced by that value. Conditions that are decided turn branches into jumps; `opt::branches` removes what is left over.

use rustc_hash::FxHashMap;

use crate::analysis::{Cfg, Dominators, Range};
use crate::base::EntityRef;
use crate::ir::{
    BinaryOp, Block, Function, Inst, InstId, IntCond, Position, Target, TrapReason, Type, UnaryOp,
    Value,
};

use super::Context;
use super::facts::{Relations, Undo};

/// What became of an instruction.
pub(super) enum Outcome {
    /// It stays.
    Keep,
    /// This one does the same, and may be simplified further.
    Inst(Inst),
    /// Its result is this value, and it does nothing else.
    Value(Value),
    /// It does nothing and has no result that is used.
    Nothing,
}

/// The state of the walk.
pub(super) struct Rewriter<'a> {
    pub(super) func: &'a mut Function,
    pub(super) cfg: Cfg,
    pub(super) dominators: Dominators,
    /// Where each pure instruction was last computed.
    table: FxHashMap<Inst, (Value, Block)>,
    /// By value: what stands for it.
    forward: Vec<Value>,
    /// By value: what it can be here.
    pub(super) ranges: Vec<Range>,
    pub(super) relations: Relations,
    pub(super) undo: Vec<Undo>,
    /// By parameter of a loop's header: what an earlier walk found to come round the loop.
    pub(super) known_rounds: FxHashMap<Value, Range>,
    /// By parameter of a loop's header: what comes round the loop in this walk.
    rounds: FxHashMap<Value, Range>,
    /// By parameter of a loop's header: what it starts with.
    pub(super) starts: FxHashMap<Value, Range>,
    /// The new content of the current block.
    out: Vec<InstId>,
    /// Room for the content of the next block.
    spare: Vec<InstId>,
    /// Room for the operands of an instruction.
    operands: Vec<Value>,
    pub(super) block: Block,
    position: Position,
    changed: bool,
    /// The rest of the current block cannot be reached.
    dead: bool,
}

/// Runs the pass.
pub fn run(func: &mut Function, _context: &Context<'_>) -> bool {
    let mut rewriter = Rewriter::new(func, FxHashMap::default());
    rewriter.walk();
    let mut changed = rewriter.changed;
    // What comes round a loop is known only at the end of a walk, and tells more about the loop's parameters in another one.
    if let Some(rounds) = rewriter.better_rounds() {
        let mut again = Rewriter::new(func, rounds);
        again.walk();
        changed |= again.changed;
    }
    changed
}

impl<'a> Rewriter<'a> {
    fn new(func: &'a mut Function, known_rounds: FxHashMap<Value, Range>) -> Self {
        let cfg = Cfg::new(func);
        let dominators = Dominators::new(&cfg);
        let (entry, position) = (func.entry(), func.position);
        Self {
            forward: func.values.keys().collect(),
            ranges: vec![Range::FULL; func.values.len()],
            func,
            cfg,
            dominators,
            table: FxHashMap::default(),
            relations: Relations::default(),
            undo: Vec::new(),
            known_rounds,
            rounds: FxHashMap::default(),
            starts: FxHashMap::default(),
            out: Vec::new(),
            spare: Vec::new(),
            operands: Vec::new(),
            block: entry,
            position,
            changed: false,
            dead: false,
        }
    }

    /// What comes round loops, if it narrows the interval of a parameter.
    fn better_rounds(&mut self) -> Option<FxHashMap<Value, Range>> {
        let narrows = |(param, round): (&Value, &Range)| {
            self.starts.get(param).is_some_and(|start| {
                let (new, old) = (start.union(*round), self.ranges[param.index()]);
                new.narrowed(old) != old
            })
        };
        let any = self.rounds.iter().any(narrows);
        any.then(|| std::mem::take(&mut self.rounds))
    }
}

impl Rewriter<'_> {
    fn walk(&mut self) {
        let preorder = self.dominators.preorder().to_vec();
        let mut scopes: Vec<(Block, usize)> = Vec::new();
        for block in preorder {
            while let Some(&(outer, mark)) = scopes.last() {
                if self.dominators.dominates(outer, block) {
                    break;
                }
                self.undo_to(mark);
                scopes.pop();
            }
            scopes.push((block, self.undo.len()));
            self.visit(block);
        }
        let mut bindings = std::mem::take(&mut self.func.bindings);
        bindings.map(|value| self.forwarded(value));
        self.func.bindings = bindings;
    }

    fn visit(&mut self, block: Block) {
        self.block = block;
        self.dead = false;
        for number in 0..self.func.blocks[block].params.len() {
            let param = self.func.blocks[block].params[number];
            if self.func.ty(param) == Type::Bool {
                self.ranges[param.index()] = Range::BOOL;
            }
        }
        self.enter(block);
        let mut old = std::mem::take(&mut self.func.blocks[block].insts);
        self.out = std::mem::take(&mut self.spare);
        for &id in &old {
            if self.dead {
                self.changed = true;
                break;
            }
            self.visit_inst(id);
        }
        self.func.blocks[block].insts = std::mem::take(&mut self.out);
        old.clear();
        self.spare = old;
        self.note_rounds(block);
    }

    /// Notes what the branches back from a block pass to the parameters of headers.
    fn note_rounds(&mut self, block: Block) {
        let Some(&last) = self.func.blocks[block].insts.last() else {
            return;
        };
        let inst = self.func.insts[last].inst;
        let mut passed: Vec<(Value, Range)> = Vec::new();
        inst.each_target(self.func, |target| {
            if self.cfg.position(target.block) > self.cfg.position(block) {
                return;
            }
            let args = self.func.values_of(target.args);
            for (number, &param) in self.func.blocks[target.block].params.iter().enumerate() {
                // A value that goes round unchanged adds nothing.
                if args.get(number) == Some(&param) {
                    continue;
                }
                // The result of a checked branch is no argument.
                let range = args.get(number).map_or(Range::FULL, |&arg| {
                    self.range_on_edge(&inst, arg, target.block)
                });
                passed.push((param, range));
            }
        });
        for (param, range) in passed {
            self.rounds
                .entry(param)
                .and_modify(|known| *known = known.union(range))
                .or_insert(range);
        }
    }

    /// What an argument can be when the branch is taken that passes it.
    fn range_on_edge(&self, inst: &Inst, arg: Value, to: Block) -> Range {
        let here = self.range(arg);
        let Inst::Br(c, yes, no, _) = *inst else {
            return here;
        };
        let Some(Inst::Icmp(cond, a, b)) = self.func.def(c) else {
            return here;
        };
        if yes.block == no.block {
            return here;
        }
        let cond = if yes.block == to {
            cond
        } else {
            cond.inverse()
        };
        if a == arg {
            Range::given(cond, here, self.range(b))
        } else if b == arg {
            Range::given(cond.swapped(), here, self.range(a))
        } else {
            here
        }
    }

    fn visit_inst(&mut self, id: InstId) {
        let data = self.func.insts[id];
        self.position = data.position;
        let before = data.inst;
        let mut inst = self.mapped(before);
        loop {
            match self.simplify(&inst) {
                Outcome::Keep => break,
                Outcome::Inst(next) => inst = next,
                Outcome::Value(value) => {
                    if let Some(result) = data.result {
                        self.forward[result.index()] = value;
                    }
                    self.changed = true;
                    return;
                }
                Outcome::Nothing => {
                    self.changed = true;
                    return;
                }
            }
        }
        if let Some(result) = data.result
            && let Some(known) = self.lookup(&inst)
        {
            self.learn_again(&inst, known);
            self.forward[result.index()] = known;
            self.changed = true;
            return;
        }
        self.changed |= inst != before;
        self.func.insts[id].inst = inst;
        self.out.push(id);
        if let Some(result) = data.result {
            self.record(&inst, result);
        }
        self.after(&inst);
    }

    /// Replaces the operands by what stands for them here.
    fn mapped(&mut self, inst: Inst) -> Inst {
        let mut operands = std::mem::take(&mut self.operands);
        operands.clear();
        inst.each_operand(self.func, |value| operands.push(value));
        let mut changed = false;
        for value in &mut operands {
            let new = self.resolve(*value);
            changed |= new != *value;
            *value = new;
        }
        let mut next = operands.iter();
        let mapped = if changed {
            inst.map_operands(self.func, |old| next.next().copied().unwrap_or(old))
        } else {
            inst
        };
        self.operands = operands;
        mapped
    }

    /// What stands for a value here: an equal value that is computed already, or a constant.
    fn resolve(&mut self, value: Value) -> Value {
        let mut value = value;
        while self.forward[value.index()] != value {
            value = self.forward[value.index()];
        }
        let Some(n) = self.ranges[value.index()].as_constant() else {
            return value;
        };
        if matches!(
            self.func.def(value),
            Some(Inst::Iconst(_) | Inst::Bconst(_))
        ) {
            return value;
        }
        match self.func.ty(value) {
            Type::I64 => self.iconst(n),
            Type::Bool => self.bconst(n != 0),
            Type::Oop | Type::Ptr | Type::F64 | Type::F32 => value,
        }
    }

    /// The value of an instruction, which is made unless it is known or simpler.
    pub(super) fn emit(&mut self, inst: Inst, ty: Type) -> Value {
        let mut inst = inst;
        loop {
            match self.simplify(&inst) {
                Outcome::Keep | Outcome::Nothing => break,
                Outcome::Inst(next) => inst = next,
                Outcome::Value(value) => return value,
            }
        }
        if let Some(known) = self.lookup(&inst) {
            return known;
        }
        let id = self.func.make_inst(inst, Some(ty), self.position);
        let result = self.func.insts[id]
            .result
            .unwrap_or_else(|| unreachable!("{id} was made with a result"));
        self.out.push(id);
        self.forward.push(result);
        self.ranges.push(Range::FULL);
        self.record(&inst, result);
        self.changed = true;
        result
    }

    /// An integer constant.
    pub(super) fn iconst(&mut self, n: i64) -> Value {
        self.emit(Inst::Iconst(n), Type::I64)
    }

    /// A boolean constant.
    pub(super) fn bconst(&mut self, b: bool) -> Value {
        self.emit(Inst::Bconst(b), Type::Bool)
    }

    /// A pure operation on two integers.
    pub(super) fn binary(&mut self, op: BinaryOp, a: Value, b: Value) -> Value {
        let ty = match op.result() {
            crate::ir::opcode::Kind::Is(ty) => ty,
            crate::ir::opcode::Kind::IntOrBool => self.func.ty(a),
        };
        self.emit(Inst::Binary(op, a, b), ty)
    }

    /// A pure operation with a constant on the right.
    pub(super) fn binary_const(&mut self, op: BinaryOp, a: Value, n: i64) -> Value {
        let n = self.iconst(n);
        self.binary(op, a, n)
    }

    /// A logical negation.
    pub(super) fn logical_not(&mut self, a: Value) -> Value {
        self.emit(Inst::Unary(UnaryOp::Not, a), Type::Bool)
    }

    /// The rest of the block is a trap.
    pub(super) fn trap(&mut self, reason: TrapReason) {
        let id = self.func.make_inst(Inst::Trap(reason), None, self.position);
        self.out.push(id);
        self.dead = true;
    }

    /// What a value is known to be here.
    pub(super) fn range(&self, value: Value) -> Range {
        self.ranges[value.index()]
    }

    /// The constant that a value is.
    pub(super) fn constant(&self, value: Value) -> Option<i64> {
        match self.func.def(value)? {
            Inst::Iconst(n) => Some(n),
            Inst::Bconst(b) => Some(i64::from(b)),
            _ => None,
        }
    }

    /// Whether a condition is decided here.
    pub(super) fn known(&self, cond: IntCond, a: Value, b: Value) -> Option<bool> {
        if a == b {
            return Some(cond.holds(0, 0));
        }
        Range::compare(cond, self.range(a), self.range(b))
            .or_else(|| self.relations.decide(cond, a, b))
    }

    /// A dominating computation of the same value. Checked operations count: had they trapped, control would not be here.
    fn lookup(&self, inst: &Inst) -> Option<Value> {
        let key = key(inst)?;
        let here = |&&(_, block): &&(Value, Block)| self.dominators.dominates(block, self.block);
        let found = self.table.get(&key).filter(here).map(|&(value, _)| value);
        if found.is_some() {
            return found;
        }
        let Inst::Binary(op, a, b) = *inst else {
            return None;
        };
        let checked = match op {
            BinaryOp::Add => crate::ir::CheckedOp::AddS,
            BinaryOp::Sub => crate::ir::CheckedOp::SubS,
            BinaryOp::Mul => crate::ir::CheckedOp::MulS,
            _ => return None,
        };
        let key = key_of_checked(checked, a, b);
        self.table.get(&key).filter(here).map(|&(value, _)| value)
    }

    /// Notes the result of an instruction that stays.
    fn record(&mut self, inst: &Inst, result: Value) {
        let range = self.range_of(inst, result);
        self.ranges[result.index()] = range;
        if let Some(key) = key(inst) {
            self.table.insert(key, (result, self.block));
        }
    }

    /// A value that was computed elsewhere may be known better here.
    fn learn_again(&mut self, inst: &Inst, known: Value) {
        let range = self.range_of(inst, known);
        self.narrow(known, range);
    }

    /// The targets of a terminator, as arguments for a block's parameter in the order of the edges.
    pub(super) fn arguments(&self, block: Block, number: usize) -> Vec<(Block, Option<Value>)> {
        let mut arguments = Vec::new();
        let mut last = None;
        for &from in self.cfg.predecessors(block) {
            if last.replace(from) == Some(from) {
                continue;
            }
            let Some(&id) = self.func.blocks[from].insts.last() else {
                continue;
            };
            let inst = self.func.insts[id].inst;
            inst.each_target(self.func, |target: Target| {
                if target.block == block {
                    arguments.push((from, self.func.values_of(target.args).get(number).copied()));
                }
            });
        }
        arguments
    }

    /// What stands for a value, without constants.
    pub(super) fn forwarded(&self, value: Value) -> Value {
        let mut value = value;
        while self.forward[value.index()] != value {
            value = self.forward[value.index()];
        }
        value
    }

    /// Lets another value stand for a parameter.
    pub(super) fn forward_param(&mut self, param: Value, value: Value) {
        self.forward[param.index()] = value;
    }
}

/// The key of an instruction that can be shared.
fn key(inst: &Inst) -> Option<Inst> {
    match *inst {
        Inst::Checked(op, a, b, _) => Some(key_of_checked(op, a, b)),
        Inst::Iconst(_)
        | Inst::Fconst(_)
        | Inst::F32const(_)
        | Inst::Bconst(_)
        | Inst::Addr(..) => Some(*inst),
        Inst::Binary(..)
        | Inst::Unary(..)
        | Inst::Sext(..)
        | Inst::Zext(..)
        | Inst::Icmp(..)
        | Inst::Fcmp(..) => Some(*inst),
        Inst::Select(..) | Inst::Cast(..) => Some(*inst),
        _ => None,
    }
}

/// The reason of a check does not distinguish its results.
fn key_of_checked(op: crate::ir::CheckedOp, a: Value, b: Value) -> Inst {
    Inst::Checked(op, a, b, TrapReason::new(0))
}

#[cfg(test)]
mod tests {
    use super::run;
    use crate::base::EntityRef;
    use crate::ir::{FuncId, parse_module, verify};
    use crate::opt::Context;

    /// The text of a function after the pass.
    fn after(head: &str, code: &str) -> String {
        let prelude = "state 16\nfield A.x 0 i64 size 8 !A.x\n";
        let text = format!(
            "{prelude}function \"f\" {head} {{\nblock0{}:\n{code}}}\n",
            head.split(" ->").next().unwrap_or(head)
        );
        let mut module = parse_module(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(verify(&module), Ok(()), "{text}");
        let mut func = module.functions[FuncId::new(0)].clone();
        run(&mut func, &Context::for_tests(&module));
        module.functions[FuncId::new(0)] = func;
        assert_eq!(verify(&module), Ok(()), "{}", module.text());
        module.function_text(FuncId::new(0))
    }

    #[test]
    fn a_counter_needs_no_overflow_check() {
        let text = after(
            "(v0: i64) -> i64",
            "    v1 = iconst 0\n    jump block1(v1)\nblock1(v2: i64):\n    v3 = icmp.slt v2, v0\n    br v3, block2, block3\n\
             block2:\n    v4 = iconst 1\n    v5 = add.s v2, v4, \"overflow\"\n    v6 = icmp.slt v2, v1\n    trap.if v6, \"negative\"\n    \
             jump block1(v5)\nblock3:\n    ret v2\n",
        );
        assert!(
            text.contains("= add v2, v4") && !text.contains("trap.if"),
            "{text}"
        );
    }

    #[test]
    fn what_comes_round_a_loop_bounds_its_parameter() {
        let text = after(
            "(v0: i64, v1: bool) -> i64",
            "    v2 = iconst 5\n    jump block1(v2)\nblock1(v3: i64):\n    v4 = add v3, v0\n    v5 = sext.32 v4\n    v6 = icmp.ne v5, v4\n    \
             trap.if v6, \"narrow\"\n    v7 = add.s v3, v2, \"overflow\"\n    br v1, block1(v4), block2\nblock2:\n    ret v7\n",
        );
        assert!(!text.contains("add.s"), "{text}");
    }

    #[test]
    fn a_dominating_comparison_decides_and_removes_checks() {
        let text = after(
            "(v0: i64, v1: i64) -> i64",
            "    v2 = iconst 100\n    v3 = icmp.ult v0, v2\n    br v3, block1, block2\nblock1:\n    v4 = add.s v0, v2, \"overflow\"\n    \
             v5 = zext.8 v0\n    v6 = icmp.sge v0, v2\n    trap.if v6, \"bounds\"\n    v7 = add v4, v5\n    ret v7\nblock2:\n    \
             v8 = icmp.uge v0, v1\n    br v8, block3, block4\nblock3:\n    v9 = sub.u v0, v1, \"negative\"\n    ret v9\nblock4:\n    ret v0\n",
        );
        for gone in ["add.s", "sub.u", "zext", "trap.if"] {
            assert!(!text.contains(gone), "{gone} is still in\n{text}");
        }
    }

    #[test]
    fn addresses_take_in_sums_scales_and_symbols() {
        let text = after(
            "(v0: oop, v1: i64) -> i64",
            "    v2 = iconst 3\n    v3 = shl v1, v2\n    v4 = cast.i64 v0\n    v5 = add v4, v3\n    v6 = iconst 8\n    v7 = add v5, v6\n    \
             v8 = cast.ptr v7\n    v9 = load.i64 v8 + 8 !any\n    v10 = addr field \"A.x\" + 4\n    v11 = cast.i64 v10\n    v12 = add v3, v11\n    \
             v13 = load.i64 v12 !any\n    v14 = add v9, v13\n    ret v14\n",
        );
        assert!(text.contains("load.i64 v0 + v1*8 + 16 !any"), "{text}");
        assert!(
            text.contains("load.i64 state.A.x + v1*8 + 4 !any"),
            "{text}"
        );
    }

    #[test]
    fn tags_cancel_and_equal_computations_are_shared() {
        let text = after(
            "(v0: i64, v1: bool) -> i64",
            "    v2 = sext.32 v0\n    v3 = iconst 3\n    v4 = shl v2, v3\n    v5 = iconst 1\n    v6 = add v4, v5\n    v7 = zext.3 v6\n    \
             v8 = icmp.eq v7, v5\n    br v8, block1, block2\nblock1:\n    v9 = sar v6, v3\n    v10 = mul v0, v0\n    v11 = mul v0, v0\n    \
             v12 = add v10, v11\n    v13 = add v12, v9\n    ret v13\nblock2:\n    ret v0\n",
        );
        assert!(!text.contains("br ") && !text.contains("sar"), "{text}");
        assert_eq!(text.matches("mul").count(), 1, "{text}");
    }
}
