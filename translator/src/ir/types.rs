//! The types of values, and how memory holds them.

use std::fmt;

/// The type of a value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Type {
    /// Any integer; narrower ones are kept extended to 64 bits.
    I64,
    /// 0 or 1.
    Bool,
    /// IEEE 754 binary64.
    F64,
    /// IEEE 754 binary32.
    F32,
    /// A tagged Smalltalk reference that a collection may change.
    Oop,
    /// A machine address.
    Ptr,
}

impl Type {
    /// Every type.
    pub const ALL: [Self; 6] = [
        Self::I64,
        Self::Bool,
        Self::F64,
        Self::F32,
        Self::Oop,
        Self::Ptr,
    ];

    /// The name in the text form.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::I64 => "i64",
            Self::Bool => "bool",
            Self::F64 => "f64",
            Self::F32 => "f32",
            Self::Oop => "oop",
            Self::Ptr => "ptr",
        }
    }

    /// Whether a value lives in a vector register.
    #[must_use]
    pub fn is_float(self) -> bool {
        matches!(self, Self::F64 | Self::F32)
    }

    /// Whether it is one of the three 64-bit types that `cast` connects.
    #[must_use]
    pub fn is_word(self) -> bool {
        matches!(self, Self::I64 | Self::Oop | Self::Ptr)
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a load or a store moves: the width in memory and the type of the value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Access {
    /// An unsigned byte.
    U8,
    /// A signed byte.
    S8,
    /// Two bytes, unsigned.
    U16,
    /// Two bytes, signed.
    S16,
    /// Four bytes, unsigned.
    U32,
    /// Four bytes, signed.
    S32,
    /// Eight bytes.
    I64,
    /// A four-byte float.
    F32,
    /// An eight-byte float.
    F64,
    /// A Smalltalk reference.
    Oop,
    /// A machine address.
    Ptr,
    /// A byte that is 0 or 1.
    Bool,
}

impl Access {
    /// Every access.
    pub const ALL: [Self; 12] = [
        Self::U8,
        Self::S8,
        Self::U16,
        Self::S16,
        Self::U32,
        Self::S32,
        Self::I64,
        Self::F32,
        Self::F64,
        Self::Oop,
        Self::Ptr,
        Self::Bool,
    ];

    /// The suffix of `load` and `store` in the text form.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::U8 => "u8",
            Self::S8 => "s8",
            Self::U16 => "u16",
            Self::S16 => "s16",
            Self::U32 => "u32",
            Self::S32 => "s32",
            Self::I64 => "i64",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::Oop => "oop",
            Self::Ptr => "ptr",
            Self::Bool => "bool",
        }
    }

    /// The type of the value that is loaded or stored.
    #[must_use]
    pub fn ty(self) -> Type {
        match self {
            Self::U8 | Self::S8 | Self::U16 | Self::S16 | Self::U32 | Self::S32 | Self::I64 => {
                Type::I64
            }
            Self::F32 => Type::F32,
            Self::F64 => Type::F64,
            Self::Oop => Type::Oop,
            Self::Ptr => Type::Ptr,
            Self::Bool => Type::Bool,
        }
    }

    /// How many bytes of memory it touches.
    #[must_use]
    pub fn bytes(self) -> u32 {
        match self {
            Self::U8 | Self::S8 | Self::Bool => 1,
            Self::U16 | Self::S16 => 2,
            Self::U32 | Self::S32 | Self::F32 => 4,
            Self::I64 | Self::F64 | Self::Oop | Self::Ptr => 8,
        }
    }
}

/// Types of arguments and of the result.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Signature {
    /// The types of the arguments.
    pub params: Vec<Type>,
    /// The type of the result, if there is one.
    pub result: Option<Type>,
}
