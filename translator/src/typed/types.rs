//! Types after inference: a closed list.

use crate::base::entity::entity;

entity!(
    /// A class of the program.
    ClassId,
    "class"
);
entity!(
    /// A function type; equal types have equal ids.
    FunctionTypeId,
    "sig"
);

/// The type of an expression, a local or a field.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Type {
    /// An integer; a `VMCount` is one with a unit.
    Int(IntType),
    /// IEEE 754 double precision.
    Float64,
    /// IEEE 754 single precision.
    Float32,
    /// True or false; one byte in memory.
    Boolean,
    /// No value.
    Void,
    /// Control does not come back (an exit, a trap).
    Never,
    /// The address of a `StaticString` record: a `u64` size, then the bytes.
    String,
    /// A `VMWord` class that is not a count. `Oop` and `Address` are told by [`super::Program::oop_class`] and `address_class`.
    Word(ClassId),
    /// A reference to a `VMStruct`, an address that may be null.
    Struct(ClassId),
    /// The address of a function.
    Function(FunctionTypeId),
}

/// Signedness, width (1..=64) and unit of an integer type.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct IntType {
    /// Two's complement when true.
    pub signed: bool,
    /// 1..=64.
    pub bits: u8,
    /// The `VMCount` class whose values these are.
    pub unit: Option<ClassId>,
}

/// Inclusive bounds of the exact value of an integer expression.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Range {
    /// Least value.
    pub lo: i128,
    /// Greatest value.
    pub hi: i128,
}

/// Arguments and result of a function type.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct FunctionType {
    /// Argument types in order.
    pub params: Vec<Type>,
    /// Result, `Void` for none.
    pub result: Type,
}

impl IntType {
    /// The signed 64-bit integer without unit.
    pub const INT64: IntType = IntType {
        signed: true,
        bits: 64,
        unit: None,
    };
    /// The unsigned 64-bit integer without unit.
    pub const UINT64: IntType = IntType {
        signed: false,
        bits: 64,
        unit: None,
    };

    /// The unsigned 8-bit integer without unit: an opcode.
    pub const UINT8: IntType = IntType {
        signed: false,
        bits: 8,
        unit: None,
    };

    /// The values of this type.
    pub fn range(self) -> Range {
        if self.signed {
            Range {
                lo: -(1_i128 << (self.bits - 1)),
                hi: (1_i128 << (self.bits - 1)) - 1,
            }
        } else {
            Range {
                lo: 0,
                hi: (1_i128 << self.bits) - 1,
            }
        }
    }

    /// Width in memory: 8, 16, 32 or 64.
    pub fn memory_bits(self) -> u8 {
        self.bits.next_power_of_two().max(8)
    }
}

impl Range {
    /// True when every value of `self` is one of `other`.
    pub fn within(self, other: Range) -> bool {
        self.lo >= other.lo && self.hi <= other.hi
    }

    /// The range of one value.
    pub fn exactly(value: i128) -> Range {
        Range {
            lo: value,
            hi: value,
        }
    }
}
