//! Where the values of bindings are: for debuggers.

use rustc_hash::FxHashMap;

use super::Selector;
use crate::base::EntityRef;
use crate::ir::{Bound, Inst, Value};
use crate::x64::held::{Home, Homes, PinRead};
use crate::x64::inst::{Op, Slot};
use regalloc2::{RegClass, VReg};

impl Selector<'_> {
    /// The homes of the bindings, and what is read from pins.
    pub(super) fn homes(&mut self) -> Homes {
        let func = self.func;
        if func.bindings.locals.is_empty() {
            return Homes::default();
        }
        let mut homes = Homes {
            origins: self.origins(),
            ..Homes::default()
        };
        let mut reads = FxHashMap::default();
        for (_, binding) in func.bindings.iter() {
            let home = match binding.bound {
                Bound::Same | Bound::Unknown => Home::Nowhere,
                Bound::Constant(n) => Home::Constant(n),
                Bound::Value(value) => {
                    let value = self.same(value);
                    let read = reads.get(&value).copied();
                    let read = read.or_else(|| self.pin_read(value, &mut homes.reads));
                    reads.extend(read.map(|vreg| (value, vreg)));
                    read.map_or_else(|| self.home(value, &homes.origins), Home::Virtual)
                }
            };
            homes.list.push(home);
        }
        if !homes.reads.is_empty() {
            homes.pins = std::mem::take(&mut self.pins);
        }
        homes
    }

    /// By virtual register: what it is a copy of.
    fn origins(&self) -> Vec<VReg> {
        let classes = self.code.vregs.iter().enumerate();
        let mut origins: Vec<VReg> = classes.map(|(n, &class)| VReg::new(n, class)).collect();
        for inst in self.code.insts.iter().filter(|inst| inst.op == Op::Move) {
            let operands = self.code.operands_of(inst);
            if let (Slot::Operand(from), Slot::Operand(to)) = (inst.a, inst.dst) {
                // Blocks are in reverse postorder, so the source has been seen.
                let from = origins[operands[from as usize].vreg().vreg()];
                origins[operands[to as usize].vreg().vreg()] = from;
            }
        }
        origins
    }

    fn home(&self, value: Value, origins: &[VReg]) -> Home {
        match (self.constant_of(value), self.registers[value.index()]) {
            (Some(n), _) => Home::Constant(n),
            (None, Some(vreg)) => Home::Virtual(origins[vreg.vreg()]),
            (None, None) => Home::Nowhere,
        }
    }

    /// A number for a value that is read from a pin, as if it had a register of its own. The instruction pin is late at the end of a
    /// handler, so it is not looked at.
    fn pin_read(&self, value: Value, reads: &mut Vec<PinRead>) -> Option<VReg> {
        match self.def(value) {
            Some(Inst::PinGet(pin)) if Some(pin) != self.module.instruction_pin => {}
            _ => return None,
        }
        let number = self.code.vregs.len() + reads.len();
        let vreg = VReg::new(number, RegClass::Int);
        let before = reads.len();
        let epochs = self.pins.epochs_of(value);
        reads.extend(epochs.map(|(pin, epoch)| PinRead {
            vreg,
            pin,
            register: self.all.registers.pins[pin.index()],
            epoch,
        }));
        (reads.len() > before).then_some(vreg)
    }
}
