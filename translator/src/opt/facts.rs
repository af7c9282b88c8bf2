//! What branches and checks tell about values in the code that they dominate.

use rustc_hash::FxHashMap;

use crate::analysis::Range;
use crate::base::EntityRef;
use crate::ir::{BinaryOp, Block, CheckedOp, Inst, IntCond, Type, UnaryOp, Value};

use super::values::Rewriter;

/// A change of what is known, to be taken back.
pub(super) enum Undo {
    Range(Value, Range),
    Relation((Value, Value), u8),
}

/// Which of less, equal and greater is still possible between two values, as signed (bits 0-2) and unsigned (bits 3-5) integers.
#[derive(Default)]
pub(super) struct Relations {
    possible: FxHashMap<(Value, Value), u8>,
}

const ALL: u8 = 0b111_111;

/// What a condition leaves possible.
fn allowed(cond: IntCond) -> u8 {
    match cond {
        IntCond::Eq => 0b010_010,
        IntCond::Ne => 0b101_101,
        IntCond::Slt => 0b101_001,
        IntCond::Sle => 0b111_011,
        IntCond::Sgt => 0b101_100,
        IntCond::Sge => 0b111_110,
        IntCond::Ult => 0b001_101,
        IntCond::Ule => 0b011_111,
        IntCond::Ugt => 0b100_101,
        IntCond::Uge => 0b110_111,
    }
}

impl Relations {
    /// Whether a condition is decided.
    pub(super) fn decide(&self, cond: IntCond, a: Value, b: Value) -> Option<bool> {
        if self.possible.is_empty() {
            return None;
        }
        let (key, cond) = ordered(cond, a, b);
        let possible = *self.possible.get(&key)?;
        let half = if cond.is_signed() {
            0b111
        } else if cond.is_equality() {
            ALL
        } else {
            0b111_000
        };
        let excludes = |cond: IntCond| {
            let left = possible & allowed(cond);
            left & half & 0b111 == 0 && half & 0b111 != 0
                || left & half & 0b111_000 == 0 && half & 0b111_000 != 0
        };
        if excludes(cond) {
            Some(false)
        } else if excludes(cond.inverse()) {
            Some(true)
        } else {
            None
        }
    }
}

/// A pair in the order of the key.
fn ordered(cond: IntCond, a: Value, b: Value) -> ((Value, Value), IntCond) {
    if a <= b {
        ((a, b), cond)
    } else {
        ((b, a), cond.swapped())
    }
}

impl Rewriter<'_> {
    /// Takes back what was learnt since a mark.
    pub(super) fn undo_to(&mut self, mark: usize) {
        while self.undo.len() > mark {
            match self.undo.pop() {
                Some(Undo::Range(value, range)) => self.ranges[value.index()] = range,
                Some(Undo::Relation(key, possible)) => {
                    self.relations.possible.insert(key, possible);
                }
                None => {}
            }
        }
    }

    /// Learns from the only edge into a block, and what its parameters can be.
    pub(super) fn enter(&mut self, block: Block) {
        if let Some(from) = self.cfg.single_predecessor(block) {
            let terminator = self.func.blocks[from]
                .insts
                .last()
                .map(|&id| self.func.insts[id].inst);
            match terminator {
                Some(Inst::Br(c, yes, no, _)) if yes.block != no.block => {
                    self.assume(c, yes.block == block)
                }
                Some(Inst::Switch(value, blocks, default)) if default != block => {
                    let number = self
                        .func
                        .blocks_of(blocks)
                        .iter()
                        .position(|&target| target == block);
                    if let Some(n) = number.and_then(|n| i64::try_from(n).ok()) {
                        self.narrow(value, Range::constant(n));
                    }
                }
                _ => {}
            }
        }
        super::induction::parameters(self, block);
    }

    /// Learns that a value is within an interval here.
    pub(super) fn narrow(&mut self, value: Value, range: Range) {
        let old = self.range(value);
        let new = old.narrowed(range);
        if new == old {
            return;
        }
        self.undo.push(Undo::Range(value, old));
        self.ranges[value.index()] = new;
        // The interval of a sum with a constant tells that of the other operand, even if the sum wraps.
        if let Some(Inst::Binary(BinaryOp::Add, x, n) | Inst::Checked(CheckedOp::AddS, x, n, _)) =
            self.func.def(value)
            && let Some(n) = self.constant(n)
            && let Some(back) = Range::exact(BinaryOp::Sub, new, Range::constant(n))
        {
            self.narrow(x, back);
        }
        if let Some(Inst::Cast(_, x)) = self.func.def(value) {
            self.narrow(x, new);
        }
    }

    /// Learns that a condition is true or false here.
    pub(super) fn assume(&mut self, c: Value, truth: bool) {
        self.narrow(c, Range::constant(i64::from(truth)));
        match self.func.def(c) {
            Some(Inst::Icmp(cond, a, b)) => {
                self.assume_relation(if truth { cond } else { cond.inverse() }, a, b)
            }
            Some(Inst::Unary(UnaryOp::Not, a)) => self.assume(a, !truth),
            Some(Inst::Binary(BinaryOp::And, a, b)) if truth => {
                self.assume(a, true);
                self.assume(b, true);
            }
            Some(Inst::Binary(BinaryOp::Or, a, b)) if !truth => {
                self.assume(a, false);
                self.assume(b, false);
            }
            _ => {}
        }
    }

    fn assume_relation(&mut self, cond: IntCond, a: Value, b: Value) {
        let (of_a, of_b) = (self.range(a), self.range(b));
        self.narrow(a, Range::given(cond, of_a, of_b));
        self.narrow(b, Range::given(cond.swapped(), of_b, of_a));
        if self.constant(a).is_some() || self.constant(b).is_some() {
            return;
        }
        let (key, cond) = ordered(cond, a, b);
        let old = self.relations.possible.get(&key).copied().unwrap_or(ALL);
        let new = old & allowed(cond);
        if new != old {
            self.undo.push(Undo::Relation(key, old));
            self.relations.possible.insert(key, new);
        }
    }

    /// Learns from an instruction that has been executed.
    pub(super) fn after(&mut self, inst: &Inst) {
        match *inst {
            Inst::TrapIf(c, _) => self.assume(c, false),
            // An unsigned difference that did not trap.
            Inst::Checked(CheckedOp::SubU, a, b, _) => self.assume_relation(IntCond::Uge, a, b),
            _ => {}
        }
    }

    /// What the result of an instruction can be.
    pub(super) fn range_of(&self, inst: &Inst, result: Value) -> Range {
        let of = |value: Value| self.range(value);
        match *inst {
            Inst::Iconst(n) => Range::constant(n),
            Inst::Bconst(b) => Range::constant(i64::from(b)),
            Inst::Binary(BinaryOp::Sub, a, b) => self.difference(a, b),
            Inst::Binary(op, a, b) => {
                let range = Range::binary(op, of(a), of(b));
                if self.func.ty(result) == Type::Bool {
                    range.narrowed(Range::BOOL)
                } else {
                    range
                }
            }
            Inst::Unary(op, a) => unary(op, of(a), self.func.ty(result)),
            Inst::Sext(bits, a) => {
                let width = Range::signed_bits(u32::from(bits));
                if width.covers(of(a)) { of(a) } else { width }
            }
            Inst::Zext(bits, a) => {
                let width = Range::unsigned_bits(u32::from(bits));
                if width.covers(of(a)) { of(a) } else { width }
            }
            Inst::Checked(op, a, b, _) => checked(op, of(a), of(b)),
            Inst::Icmp(..) | Inst::Fcmp(..) => Range::BOOL,
            Inst::Select(_, a, b) => of(a).union(of(b)),
            Inst::Cast(_, a) => of(a),
            Inst::Load(access, ..) => Range::of_access(access),
            _ if self.func.ty(result) == Type::Bool => Range::BOOL,
            _ => Range::FULL,
        }
    }

    fn difference(&self, a: Value, b: Value) -> Range {
        let (of_a, of_b) = (self.range(a), self.range(b));
        let range = Range::binary(BinaryOp::Sub, of_a, of_b);
        let natural = of_a.is_natural() && of_b.is_natural();
        if natural && self.known(IntCond::Sge, a, b) == Some(true) {
            return range.narrowed(Range {
                min: 0,
                max: of_a.max,
            });
        }
        range
    }
}

fn unary(op: UnaryOp, a: Range, ty: Type) -> Range {
    match op {
        UnaryOp::Clz | UnaryOp::Ctz | UnaryOp::Popcnt => Range { min: 0, max: 64 },
        UnaryOp::Bswap16 => Range::unsigned_bits(16),
        UnaryOp::Bswap32 => Range::unsigned_bits(32),
        UnaryOp::B2i => a.narrowed(Range::BOOL),
        UnaryOp::Not if ty == Type::Bool => Range {
            min: 1 - a.max.clamp(0, 1),
            max: 1 - a.min.clamp(0, 1),
        },
        UnaryOp::Not => Range {
            min: !a.max,
            max: !a.min,
        },
        UnaryOp::Neg => Range::binary(BinaryOp::Sub, Range::constant(0), a),
        _ => Range::FULL,
    }
}

/// The results of a checked operation that did not trap.
pub(super) fn checked(op: CheckedOp, a: Range, b: Range) -> Range {
    let natural = a.is_natural() && b.is_natural();
    match op {
        CheckedOp::AddS => Range {
            min: a.min.saturating_add(b.min),
            max: a.max.saturating_add(b.max),
        },
        CheckedOp::SubS => Range {
            min: a.min.saturating_sub(b.max),
            max: a.max.saturating_sub(b.min),
        },
        CheckedOp::MulS => {
            let corners = [
                (a.min, b.min),
                (a.min, b.max),
                (a.max, b.min),
                (a.max, b.max),
            ];
            let products = corners.map(|(x, y)| x.saturating_mul(y));
            let [first, rest @ ..] = products;
            rest.iter().fold(Range::constant(first), |range, &n| {
                range.union(Range::constant(n))
            })
        }
        CheckedOp::SubU if natural => Range {
            min: 0,
            max: a.max.saturating_sub(b.min).max(0),
        },
        CheckedOp::AddU | CheckedOp::MulU if natural => Range::binary(op.wrapping(), a, b),
        CheckedOp::AddU | CheckedOp::SubU | CheckedOp::MulU => Range::FULL,
    }
}
