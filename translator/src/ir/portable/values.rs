//! How numbers, entities, texts and collections are written.

use super::{Portable, Reader, Writer};
use crate::base::{EntityRef, PrimaryMap};
use crate::ir::data_types::DataType;
use crate::ir::entities::{
    Alias, Block, DataId, FieldId, FuncId, InstId, Local, Name, Part, PinId, SigId, Site, Snapshot,
    TableId, TrapReason, Value,
};
use crate::ir::position::Position;

macro_rules! numbers {
    ($($ty:ty),*) => {
        $(impl Portable for $ty {
            fn write(&self, to: &mut Writer) {
                to.number(u64::from(*self));
            }

            fn read(from: &mut Reader<'_>) -> Option<Self> {
                from.number()?.try_into().ok()
            }
        })*
    };
}

numbers!(u8, u32, u64);

macro_rules! local_entities {
    ($($ty:ty),*) => {
        $(impl Portable for $ty {
            fn write(&self, to: &mut Writer) {
                to.number(self.index() as u64);
            }

            fn read(from: &mut Reader<'_>) -> Option<Self> {
                u32::read(from).map(|number| Self::new(number as usize))
            }
        })*
    };
}

// Pins are few; the whole list of them is part of what is asked.
local_entities!(Value, Block, InstId, Site, Snapshot, Local, PinId);

macro_rules! module_entities {
    ($($ty:ty: $table:ident),*) => {
        $(impl Portable for $ty {
            fn write(&self, to: &mut Writer) {
                let number = to.numbers.$table.number(*self, to.closed);
                to.numbered(number);
            }

            fn read(from: &mut Reader<'_>) -> Option<Self> {
                from.entity(|numbers| &numbers.$table)
            }
        })*
    };
}

module_entities!(
    DataId: data, FieldId: fields, TableId: tables, SigId: signatures, Part: parts, TrapReason: reasons, Name: names, DataType: types
);

impl Portable for FuncId {
    fn write(&self, to: &mut Writer) {
        let numbers = &mut to.numbers;
        let number = match self.index().checked_sub(numbers.next_function) {
            Some(part) => u32::try_from(numbers.functions.entities.len() + part).ok(),
            None => numbers.functions.number(*self, to.closed),
        };
        to.numbered(number);
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let number = u32::read(from)?;
        let known = &from.numbers.functions;
        let part = (number as usize).checked_sub(known.entities.len());
        match part {
            Some(part) => Some(Self::new(from.numbers.next_function + part)),
            None => known.entity(number),
        }
    }
}

impl Portable for Alias {
    fn write(&self, to: &mut Writer) {
        let part = self.part();
        part.write(to);
        if part.is_none() {
            let number = to.numbers.classes.number(*self, to.closed);
            to.numbered(number);
        }
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        match Option::read(from)? {
            Some(part) => Some(Self::of_part(part)),
            None => from.entity(|numbers| &numbers.classes),
        }
    }
}

impl Portable for Position {
    fn write(&self, to: &mut Writer) {
        let (method, first) = to.method(self.method);
        let line = match self.line {
            0 => 0,
            line => line.wrapping_sub(first).wrapping_add(1),
        };
        (method, line, self.site).write(to);
        self.snapshot.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let method = Name::read(from)?;
        let first = from.numbers.lines.of(method);
        let (line, site): (u32, Site) = Portable::read(from)?;
        let line = match line {
            0 => 0,
            line => line.wrapping_add(first).wrapping_sub(1),
        };
        let snapshot = Portable::read(from)?;
        Some(Self {
            method,
            line,
            site,
            snapshot,
        })
    }
}

impl Portable for i64 {
    fn write(&self, to: &mut Writer) {
        // The sign is the lowest bit, so that small distances both ways are short.
        to.number((self.wrapping_shl(1) ^ (self >> 63)).cast_unsigned());
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let number = from.number()?;
        Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }
}

impl Portable for i32 {
    fn write(&self, to: &mut Writer) {
        i64::from(*self).write(to);
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        i64::read(from)?.try_into().ok()
    }
}

impl Portable for bool {
    fn write(&self, to: &mut Writer) {
        to.bytes.push(u8::from(*self));
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        match u8::read(from)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl Portable for String {
    fn write(&self, to: &mut Writer) {
        to.raw(self.as_bytes());
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        Self::from_utf8(from.raw()?.to_vec()).ok()
    }
}

impl<T: Portable> Portable for Option<T> {
    fn write(&self, to: &mut Writer) {
        self.is_some().write(to);
        if let Some(value) = self {
            value.write(to);
        }
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        Some(if bool::read(from)? {
            Some(T::read(from)?)
        } else {
            None
        })
    }
}

impl<T: Portable> Portable for Vec<T> {
    fn write(&self, to: &mut Writer) {
        to.number(self.len() as u64);
        self.iter().for_each(|item| item.write(to));
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let length = u32::read(from)? as usize;
        // Each item takes a byte at least: no room is made for more than there can be.
        let mut items = Self::with_capacity(length.min(from.bytes.len()));
        for _ in 0..length {
            items.push(T::read(from)?);
        }
        Some(items)
    }
}

impl<K: EntityRef, V: Portable> Portable for PrimaryMap<K, V> {
    fn write(&self, to: &mut Writer) {
        to.number(self.len() as u64);
        self.values().for_each(|value| value.write(to));
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        Some(Vec::read(from)?.into_iter().collect())
    }
}

macro_rules! tuples {
    ($(($($part:ident $name:ident),*)),*) => {
        $(impl<$($part: Portable),*> Portable for ($($part,)*) {
            fn write(&self, to: &mut Writer) {
                let ($($name,)*) = self;
                $($name.write(to);)*
            }

            fn read(from: &mut Reader<'_>) -> Option<Self> {
                Some(($($part::read(from)?,)*))
            }
        })*
    };
}

tuples!((A a, B b), (A a, B b, C c));
