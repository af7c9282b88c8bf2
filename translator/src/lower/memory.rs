//! State fields, pins, loads, stores and addresses.

use super::function::Lowering;
use crate::base::entity::EntityRef;
use crate::ir::{self, Access, Address, Base, BinaryOp, InstId, PinId, Symbol, Value};
use crate::typed::{AliasClass, Expr, ExprKind, StateFieldId, Type};

/// How addresses are held in memory.
pub(super) const WORD_ACCESS: Access = Access::Ptr;

impl Lowering<'_> {
    #[expect(
        clippy::too_many_lines,
        reason = "one dispatch over the memory operations"
    )]
    pub(super) fn memory_operation(&mut self, expr: &Expr) -> Option<Value> {
        match &expr.kind {
            ExprKind::State(field) => self.load_state(*field, expr.ty),
            ExprKind::SetState(field, value) => self.store_state(*field, value),
            ExprKind::StateAddress(field) => Some(
                self.b
                    .addr(Symbol::Field(self.shared.fields[field.index()]), 0),
            ),
            ExprKind::StateBase => {
                let base = self.state_base()?;
                let ty = self.shared.value_type(expr.ty)?;
                Some(self.coerce(base, ty))
            }
            ExprKind::TableAddress(table) => {
                let address = self.b.addr(self.shared.table(*table), 0);
                let ty = self.shared.value_type(expr.ty)?;
                Some(self.coerce(address, ty))
            }
            ExprKind::Load {
                memory,
                base,
                index,
                scale,
                offset,
                alias,
            } => {
                let access = self.shared.access(*memory, expr.ty);
                let address = self.address(base, index.as_deref(), *scale, *offset)?;
                let value = self.b.load(access, address, self.shared.alias(*alias));
                self.note_memory(*alias);
                if *alias == AliasClass::Volatile {
                    self.b.fence();
                }
                let ty = self.shared.value_type(expr.ty)?;
                Some(self.coerce(value, ty))
            }
            ExprKind::Store {
                memory,
                base,
                index,
                scale,
                offset,
                value,
                alias,
            } => {
                let access = self.shared.access(*memory, value.ty);
                let address = self.address(base, index.as_deref(), *scale, *offset)?;
                let value = self.expr(value)?;
                let value = self.coerce(value, access.ty());
                if *alias == AliasClass::Volatile {
                    self.b.fence();
                }
                self.b
                    .store(access, value, address, self.shared.alias(*alias));
                self.note_memory(*alias);
                None
            }
            ExprKind::Address {
                base,
                index,
                scale,
                offset,
            } => {
                let address = self.address(base, index.as_deref(), *scale, *offset)?;
                let ty = self.shared.value_type(expr.ty)?;
                let value = self.address_value(address);
                Some(self.coerce(value, ty))
            }
            other => unreachable!("{other:?} is no memory operation"),
        }
    }

    /// Remembers what the last instruction accesses, for the hazard check: the IR does not tell fields of structs apart.
    fn note_memory(&mut self, alias: AliasClass) {
        if matches!(alias, AliasClass::State(_) | AliasClass::Field(..)) {
            let last = InstId::new(self.b.func.insts.len() - 1);
            self.places.memory.push((last, alias));
        }
    }

    /// The start of the state record: the address of a field less its offset.
    fn state_base(&mut self) -> Option<Value> {
        let plain = self
            .shared
            .field_data
            .iter()
            .position(|field| field.pin.is_none());
        let Some(index) = plain else {
            return self.refuse("the address of an empty state record");
        };
        let offset = i64::from(self.shared.field_data[index].offset);
        Some(
            self.b
                .addr(Symbol::Field(self.shared.fields[index]), -offset),
        )
    }

    fn load_state(&mut self, field: StateFieldId, ty: Type) -> Option<Value> {
        let data = &self.shared.field_data[field.index()];
        let value = match data.pin {
            Some(pin) => self.b.pin_get(pin, data.access.ty()),
            None => self.b.load(
                data.access,
                Address::field(self.shared.fields[field.index()]),
                data.alias,
            ),
        };
        let ty = self.shared.value_type(ty)?;
        Some(self.coerce(value, ty))
    }

    fn store_state(&mut self, field: StateFieldId, value: &Expr) -> Option<Value> {
        let value = self.expr(value)?;
        let data = &self.shared.field_data[field.index()];
        let stored = self.coerce(value, data.access.ty());
        match data.pin {
            Some(pin) => self.b.pin_set(pin, stored),
            None => self.b.store(
                data.access,
                stored,
                Address::field(self.shared.fields[field.index()]),
                data.alias,
            ),
        }
        Some(value)
    }

    /// The pin of a field that dispatch uses, with its type.
    pub(super) fn pin(&self, field: Option<usize>) -> Option<(PinId, ir::Type)> {
        let data = &self.shared.field_data[field?];
        Some((data.pin?, data.access.ty()))
    }

    /// `base + index * scale + offset`. Bounds of arrays are assertions before the access.
    fn address(
        &mut self,
        base: &Expr,
        index: Option<&Expr>,
        scale: i64,
        offset: i64,
    ) -> Option<Address> {
        // An address with a constant distance only adds to the distance.
        if let ExprKind::Address {
            base: inner,
            index: None,
            offset: more,
            ..
        } = &base.kind
        {
            return self.address(inner, index, scale, offset.checked_add(*more)?);
        }
        let start = match base.kind {
            ExprKind::StateAddress(field) => Base::Field(self.shared.fields[field.index()]),
            _ => Base::Value(self.expr(base)?),
        };
        let mut address = Address {
            base: start,
            index: None,
            offset: 0,
        };
        let mut distance = i128::from(offset);
        match index.map(|index| (index, &index.kind)) {
            None => {}
            Some((_, ExprKind::Int(constant))) => distance += constant * i128::from(scale),
            Some((index, _)) => {
                let index = self.int(index)?.value;
                address.index = Some(self.scaled(index, scale));
            }
        }
        Some(self.with_distance(address, distance))
    }

    /// An index with a scale that the machine has.
    fn scaled(&mut self, index: Value, scale: i64) -> (Value, u8) {
        match scale {
            1 | 2 | 4 | 8 => (index, scale as u8),
            _ => {
                let scale = self.b.iconst(scale);
                (self.b.binary(BinaryOp::Mul, index, scale), 1)
            }
        }
    }

    /// Adds a constant distance, which may be too large for an instruction.
    fn with_distance(&mut self, mut address: Address, distance: i128) -> Address {
        if let Ok(offset) = i32::try_from(distance) {
            address.offset = offset;
            return address;
        }
        let distance = self.b.iconst(distance as i64);
        address.index = Some(match address.index {
            None => (distance, 1),
            Some((index, scale)) => {
                let shift = self.b.iconst(i64::from(scale.trailing_zeros()));
                let bytes = self.b.binary(BinaryOp::Shl, index, shift);
                (self.b.binary(BinaryOp::Add, bytes, distance), 1)
            }
        });
        address
    }

    /// The address as a value.
    fn address_value(&mut self, address: Address) -> Value {
        let base = match address.base {
            Base::Value(value) => value,
            Base::Field(field) => {
                let offset = if address.index.is_none() {
                    address.offset
                } else {
                    0
                };
                let start = self.b.addr(Symbol::Field(field), offset.into());
                if address.index.is_none() {
                    return start;
                }
                start
            }
        };
        let mut sum = self.coerce(base, ir::Type::I64);
        if let Some((index, scale)) = address.index {
            let shift = self.b.iconst(i64::from(scale.trailing_zeros()));
            let bytes = if scale == 1 {
                index
            } else {
                self.b.binary(BinaryOp::Shl, index, shift)
            };
            sum = self.b.binary(BinaryOp::Add, sum, bytes);
        }
        if address.offset != 0 {
            let offset = self.b.iconst(address.offset.into());
            sum = self.b.binary(BinaryOp::Add, sum, offset);
        }
        self.coerce(sum, ir::Type::Ptr)
    }
}
