//! Addresses: sums, scaled indices and constants go into the address of the access; values lose what the access does anyway.

use crate::base::EntityRef;
use crate::ir::{Access, Address, Alias, Base, BinaryOp, Inst, Symbol, Type, Value};
use crate::opt::values::{Outcome, Rewriter};

impl Rewriter<'_> {
    /// The same address with as much as possible in its own parts.
    pub(super) fn folded(&mut self, address: Address) -> Address {
        let mut address = address;
        while let Some(next) = self.fold_base(address).or_else(|| self.fold_index(address)) {
            address = next;
        }
        address
    }

    fn fold_base(&mut self, address: Address) -> Option<Address> {
        let Base::Value(base) = address.base else {
            return None;
        };
        match self.func.def(base)? {
            Inst::Cast(_, x) => Some(Address {
                base: Base::Value(x),
                ..address
            }),
            Inst::Addr(Symbol::Field(field), offset) => {
                let offset = i32::try_from(i64::from(address.offset).checked_add(offset)?).ok()?;
                Some(Address {
                    base: Base::Field(field),
                    offset,
                    ..address
                })
            }
            Inst::Binary(BinaryOp::Add, x, y) => match self.constant(y) {
                Some(n) => {
                    let offset = i32::try_from(i64::from(address.offset).checked_add(n)?).ok()?;
                    Some(Address {
                        base: Base::Value(x),
                        offset,
                        ..address
                    })
                }
                None if address.index.is_none() => {
                    let (base, index) = if self.likeness(x) >= self.likeness(y) {
                        (x, y)
                    } else {
                        (y, x)
                    };
                    Some(Address {
                        base: Base::Value(base),
                        index: Some((index, 1)),
                        offset: address.offset,
                    })
                }
                None => None,
            },
            // An index cannot be a symbol, so a symbol that is one changes places with the base.
            _ => match address.index {
                Some((index, 1)) if self.likeness(index) > self.likeness(base) => Some(Address {
                    base: Base::Value(index),
                    index: Some((base, 1)),
                    offset: address.offset,
                }),
                _ => None,
            },
        }
    }

    /// How much an operand of a sum looks like the base of an address.
    fn likeness(&self, value: Value) -> u32 {
        match self.func.def(value) {
            Some(Inst::Cast(_, x)) => match self.func.def(x) {
                Some(Inst::Addr(..)) => 4,
                _ if self.func.ty(x) != Type::I64 => 3,
                _ => 2,
            },
            Some(Inst::Addr(..)) => 4,
            Some(Inst::Binary(BinaryOp::Shl | BinaryOp::Mul, ..)) => 0,
            _ if self.func.ty(value) != Type::I64 => 3,
            _ => 1,
        }
    }

    fn fold_index(&mut self, address: Address) -> Option<Address> {
        let (index, scale) = address.index?;
        if let Some(n) = self.constant(index) {
            let offset = n
                .checked_mul(i64::from(scale))?
                .checked_add(i64::from(address.offset))?;
            return Some(Address {
                index: None,
                offset: i32::try_from(offset).ok()?,
                ..address
            });
        }
        match self.func.def(index)? {
            Inst::Binary(BinaryOp::Add, x, n) => {
                let n = self.constant(n)?.checked_mul(i64::from(scale))?;
                let offset = i32::try_from(n.checked_add(i64::from(address.offset))?).ok()?;
                Some(Address {
                    index: Some((x, scale)),
                    offset,
                    ..address
                })
            }
            Inst::Binary(BinaryOp::Shl, x, n) => {
                let scale = i64::from(scale)
                    .checked_mul(1i64.checked_shl(u32::try_from(self.constant(n)?).ok()?)?)?;
                let scale = u8::try_from(scale).ok().filter(|&scale| scale <= 8)?;
                Some(Address {
                    index: Some((x, scale)),
                    ..address
                })
            }
            _ => None,
        }
    }

    pub(super) fn store(
        &mut self,
        access: Access,
        value: Value,
        address: Address,
        class: Alias,
    ) -> Outcome {
        let new_address = self.folded(address);
        let bits = u8::try_from(access.bytes() * 8).unwrap_or(64);
        let stored = match self.func.def(value) {
            Some(Inst::Zext(inner, x) | Inst::Sext(inner, x)) if inner >= bits => x,
            Some(Inst::Binary(BinaryOp::And, x, mask))
                if bits < 64
                    && self.constant(mask).is_some_and(|m| {
                        m & crate::ir::fold::low_mask(bits) == crate::ir::fold::low_mask(bits)
                    }) =>
            {
                x
            }
            _ => value,
        };
        debug_assert!(
            stored.index() < self.func.values.len(),
            "{stored} is a value of the function"
        );
        if stored == value && new_address == address {
            return Outcome::Keep;
        }
        Outcome::Inst(Inst::Store(access, stored, new_address, class))
    }
}
