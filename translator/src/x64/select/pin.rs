//! Pins: registers that hold a VM field for good.

use super::Selector;
use super::value::Source;
use crate::base::EntityRef;
use crate::ir::{BinaryOp, Inst, PinId, Value};
use crate::x64::inst::{MInst, Op, Reg, Slot};

impl Selector<'_> {
    /// The register of a pin.
    fn pin_reg(&self, pin: PinId) -> Reg {
        Reg::Fixed(self.all.registers.pins[pin.index()])
    }

    /// A pin whose old value is needed after the pin changes.
    pub(super) fn pin_get(&mut self, pin: PinId, result: Option<Value>) {
        let dst = self.result(result);
        let pin = self.pin_reg(pin);
        self.copy(dst, pin);
    }

    /// Sets a pin, computing the value right in its register where that is possible.
    pub(super) fn pin_set(&mut self, pin: PinId, value: Value) {
        let register = self.pin_reg(pin);
        if self.held(value) == Some(register) {
            return;
        }
        if let Some(distance) = self.advance(register, value) {
            let skipped = Some(pin) == self.module.instruction_pin
                && self.skip_before_dispatch(register, distance);
            if !skipped && distance != 0 {
                self.add_into(register, register, Source::Imm(distance));
            }
            return;
        }
        let before = self.current.len();
        if self.is_demanded(value) || !self.compute_in_pin(register, value) {
            debug_assert_eq!(before, self.current.len());
            if let Some(inst @ Inst::Iconst(_)) = self.def(value) {
                return self.constant_into(inst, register);
            }
            let source = self.reg(value);
            self.copy(register, source);
        }
    }

    /// By how much a pin is advanced, if its new value is a sum with its old one.
    fn advance(&self, register: Reg, value: Value) -> Option<i32> {
        match self.def(value) {
            Some(Inst::Binary(BinaryOp::Add, a, b)) => match self.neighbour(a) {
                Some((pin, distance)) if pin == register => {
                    self.immediate_of(b)?.checked_add(distance)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Leaves the advance of the instruction pointer to the dispatch that follows; false if there is none, or if something in
    /// between looks at the pin.
    fn skip_before_dispatch(&mut self, register: Reg, distance: i32) -> bool {
        let Some(place) = self.dispatch else {
            return false;
        };
        let Reg::Fixed(preg) = register else {
            return false;
        };
        let looks = |inst: &MInst| {
            let slot = Slot::Fixed(preg);
            let address = [inst.mem.index, inst.mem.base.slot()];
            inst.op.is_call()
                || [inst.dst, inst.a, inst.b].contains(&slot)
                || address.contains(&slot)
        };
        let sum = self.backwards[place - 1].imm + i64::from(distance);
        if i8::try_from(sum + 1).is_err() || self.backwards[place..].iter().any(looks) {
            return false;
        }
        self.backwards[place - 1].imm = sum;
        true
    }

    /// Computes the value in the pin's register; false if it had better be computed elsewhere.
    fn compute_in_pin(&mut self, register: Reg, value: Value) -> bool {
        let value = self.same(value);
        match self.def(value) {
            Some(Inst::Load(access, address, alias))
                if !access.ty().is_float() && self.can_sink(value) =>
            {
                self.load_into(access, address, alias, register);
                true
            }
            Some(Inst::Addr(symbol, offset)) => {
                let (_, rest) = self.symbol_place(symbol, offset);
                if rest == 0 {
                    self.symbol_address_into(symbol, offset, register);
                }
                rest == 0
            }
            Some(Inst::Binary(BinaryOp::Add | BinaryOp::Sub, a, b))
                if self.facts.uses(value) <= 2 || self.held(a) == Some(register) =>
            {
                let Some(Inst::Binary(op, ..)) = self.def(value) else {
                    return false;
                };
                let is_sub = op == BinaryOp::Sub;
                if is_sub && self.immediate_of(b).is_none() && self.held(a) != Some(register) {
                    return false;
                }
                self.binary_into(op, a, b, register);
                true
            }
            Some(Inst::Binary(op @ (BinaryOp::And | BinaryOp::Or | BinaryOp::Xor), a, b))
                if self.held(a) == Some(register) && self.held(b) != Some(register) =>
            {
                self.binary_into(op, a, b, register);
                true
            }
            _ => false,
        }
    }

    /// Fetches the next opcode and jumps to its handler. The immediate says how much further the opcode is.
    pub(super) fn dispatch(&mut self) {
        let build = self.build(Op::Dispatch);
        self.emit(build);
        self.dispatch = Some(self.backwards.len() + 1);
    }
}
