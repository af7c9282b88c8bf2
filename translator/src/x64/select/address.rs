//! Addresses: takes sums, scaled indices and symbols into `base + index*scale + displacement`.

use super::Selector;
use super::build::{AddressBase, MachineAddress};
use crate::ir::{Address, Base, BinaryOp, Inst, Value};
use crate::x64::inst::{Note, Reg, Unary};

/// An address whose parts are still values.
struct Parts {
    base: Option<Value>,
    index: Option<(Value, u8)>,
    /// Whether the index is subtracted.
    negative: bool,
    displacement: i64,
}

impl Selector<'_> {
    /// The machine's form of an address.
    pub(super) fn address(&mut self, address: Address) -> MachineAddress {
        let displacement = i64::from(address.offset);
        match address.base {
            Base::Value(base) => self.parts(Parts {
                base: Some(base),
                index: address.index,
                negative: false,
                displacement,
            }),
            Base::Field(field) => {
                let place = self.field_place(field);
                self.at_place(place, address.index, displacement)
            }
        }
    }

    /// The sum of two values as an address, for `lea`.
    pub(super) fn sum(
        &mut self,
        base: Value,
        index: Option<(Value, u8)>,
        displacement: i64,
    ) -> MachineAddress {
        self.parts(Parts {
            base: Some(base),
            index,
            negative: false,
            displacement,
        })
    }

    fn parts(&mut self, mut parts: Parts) -> MachineAddress {
        while self.fold_base(&mut parts) || self.fold_index(&mut parts) {}
        let mut pin = None;
        if let Some(base) = parts.base
            && let Some((register, distance)) = self.neighbour(base)
            && !self.is_demanded(base)
            && let Some(sum) = parts.displacement.checked_add(i64::from(distance))
        {
            parts.displacement = sum;
            pin = Some(register);
        }
        if let Some(base) = parts.base
            && pin.is_none()
            && self.held(base).is_none()
            && let Some(Inst::Addr(symbol, offset)) = self.def(base)
        {
            let (place, rest) = self.symbol_place(symbol, offset);
            let direct = matches!(place.base, AddressBase::Register(_)) || parts.index.is_none();
            if rest == 0 && direct && !parts.negative && !self.is_demanded(base) {
                return self.at_place(place, parts.index, parts.displacement);
            }
        }
        let (displacement, far) = split(parts.displacement);
        let base = match (pin, parts.base) {
            (Some(pin), _) => AddressBase::Register(pin),
            (None, Some(base)) => AddressBase::Register(self.reg(base)),
            (None, None) => AddressBase::Nothing,
        };
        let index = parts.index.map(|(index, scale)| {
            let mut register = self.reg(index);
            if parts.negative {
                let negated = self.fresh_int();
                self.in_place_unary(Unary::Neg, negated, register);
                register = negated;
            }
            (register, scale)
        });
        let address = MachineAddress {
            base,
            index,
            displacement,
            note: Note::None,
        };
        self.plus(address, far)
    }

    /// A place with an index and a further displacement.
    fn at_place(
        &mut self,
        mut place: MachineAddress,
        index: Option<(Value, u8)>,
        displacement: i64,
    ) -> MachineAddress {
        let (near, far) = split(displacement + i64::from(place.displacement));
        place.displacement = near;
        if let Some((index, scale)) = index {
            let mut parts = Parts {
                base: None,
                index: Some((index, scale)),
                negative: false,
                displacement: i64::from(near),
            };
            while self.fold_index(&mut parts) {}
            if let Ok(displacement) = i32::try_from(parts.displacement) {
                place.displacement = displacement;
                place.index = parts.index.map(|(index, scale)| (self.reg(index), scale));
            } else {
                place.index = Some((self.reg(index), scale));
            }
        }
        self.plus(place, far)
    }

    /// Adds what does not fit a displacement.
    fn plus(&mut self, mut address: MachineAddress, far: i64) -> MachineAddress {
        if far == 0 {
            return address;
        }
        let distance = self.integer(far);
        match (address.base, address.index) {
            (AddressBase::Nothing, _) => address.base = AddressBase::Register(distance),
            (AddressBase::Register(_), None) => address.index = Some((distance, 1)),
            (AddressBase::Register(base), Some(_)) => {
                let sum = self.fresh_int();
                self.add_into(sum, distance, super::value::Source::Reg(base));
                address.base = AddressBase::Register(sum);
            }
            (other, _) => unreachable!("a symbol at {other:?} has a near displacement"),
        }
        address
    }

    /// Takes one operation out of the base; false if there is nothing to take.
    fn fold_base(&self, parts: &mut Parts) -> bool {
        let Some(base) = parts.base.filter(|&base| self.may_dissolve(base)) else {
            return false;
        };
        match self.def(base) {
            Some(Inst::Iconst(n)) => {
                parts.base = None;
                parts.displacement = parts.displacement.wrapping_add(n);
                true
            }
            Some(Inst::Binary(BinaryOp::Add, a, b)) => {
                if let Some(n) = self.immediate_of(b) {
                    // The sum is in a register anyway, and its first part would have to live for this only.
                    if self.is_demanded(base) && self.dies_here(a) && self.held(a).is_none() {
                        return false;
                    }
                    parts.base = Some(a);
                    parts.displacement = parts.displacement.wrapping_add(i64::from(n));
                    return self.is_near(parts);
                }
                if parts.index.is_some() || self.is_demanded(base) {
                    return false;
                }
                let scaled = matches!(self.def(a), Some(Inst::Binary(BinaryOp::Shl, ..)));
                let (base, index) = if scaled { (b, a) } else { (a, b) };
                parts.base = Some(base);
                parts.index = Some((index, 1));
                true
            }
            Some(Inst::Binary(BinaryOp::Sub, a, b)) if !self.is_demanded(base) => {
                if let Some(n) = self.immediate_of(b) {
                    parts.base = Some(a);
                    parts.displacement = parts.displacement.wrapping_sub(i64::from(n));
                    return self.is_near(parts);
                }
                // Worth it only where a shift goes too, and the difference is for this address alone.
                let scaled = matches!(self.def(b), Some(Inst::Binary(BinaryOp::Shl, _, count))
                    if matches!(self.constant_of(count), Some(1..=3)));
                let alone = self.facts.uses(self.same(base)) == 1 && !self.is_demanded(b);
                if parts.index.is_some() || !scaled || !alone || self.held(b).is_some() {
                    return false;
                }
                parts.base = Some(a);
                parts.index = Some((b, 1));
                parts.negative = true;
                true
            }
            _ => false,
        }
    }

    /// Takes one operation out of the index; false if there is nothing to take.
    fn fold_index(&self, parts: &mut Parts) -> bool {
        let Some((index, scale)) = parts.index else {
            return false;
        };
        if !self.may_dissolve(index) || self.is_demanded(index) {
            return false;
        }
        match self.def(index) {
            Some(Inst::Iconst(n)) => {
                let sign = if parts.negative { -1 } else { 1 };
                let Some(distance) = n.checked_mul(sign * i64::from(scale)) else {
                    return false;
                };
                parts.index = None;
                parts.displacement = parts.displacement.wrapping_add(distance);
                true
            }
            Some(Inst::Binary(BinaryOp::Shl, a, b)) => match self.constant_of(b) {
                Some(n @ 0..=3) if scale << n <= 8 => {
                    parts.index = Some((a, scale << n));
                    true
                }
                _ => false,
            },
            Some(Inst::Binary(BinaryOp::Add, a, b)) => {
                let Some(n) = self.immediate_of(b) else {
                    return false;
                };
                let sign = if parts.negative { -1 } else { 1 };
                let distance = sign * i64::from(n) * i64::from(scale);
                let displacement = parts.displacement.wrapping_add(distance);
                if i32::try_from(displacement).is_err() {
                    return false;
                }
                parts.index = Some((a, scale));
                parts.displacement = displacement;
                true
            }
            _ => false,
        }
    }

    /// Whether the definition of a value may be looked into: a pin that holds it is better.
    fn may_dissolve(&self, value: Value) -> bool {
        self.held(value).is_none()
    }

    fn is_near(&self, parts: &Parts) -> bool {
        i32::try_from(parts.displacement).is_ok()
    }

    /// Whether a register is one that the allocator does not know.
    pub(super) fn is_fixed(reg: Reg) -> bool {
        matches!(reg, Reg::Fixed(_))
    }
}

/// A displacement, and the rest that does not fit it.
fn split(displacement: i64) -> (i32, i64) {
    match i32::try_from(displacement) {
        Ok(near) => (near, 0),
        Err(_) => (0, displacement),
    }
}
