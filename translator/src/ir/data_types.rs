//! What debuggers are told of data: types with the names of the source, and global variables. Nothing is compiled from it, and the text form leaves it out.

use std::collections::BTreeMap;

use crate::base::PrimaryMap;
use crate::base::entity::entity;

entity!(
    /// A type of data.
    DataType,
    "type"
);

/// How data of a type lies in memory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Shape {
    /// An integer of so many bytes.
    Integer {
        /// 1, 2, 4 or 8.
        bytes: u8,
        /// Whether its highest bit is the sign.
        signed: bool,
    },
    /// One byte, 0 or 1.
    Boolean,
    /// A float of so many bytes.
    Float(u8),
    /// An address; `None` if it is not known what lies there.
    Pointer(Option<DataType>),
    /// The same as another type, under a name of its own.
    Named(DataType),
    /// So many in a row.
    Array(DataType, u64),
    /// Members at distances from its address.
    Struct {
        /// Where it begins: bytes from its address, 0 or negative.
        start: i64,
        /// Bytes from there.
        size: u64,
        /// Its members.
        members: Vec<Member>,
    },
}

/// A type.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TypeDescription {
    /// Its name; empty where it has none.
    pub name: String,
    /// How its data lies in memory.
    pub shape: Shape,
}

/// A member of a struct.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: DataType,
    /// Bytes from the address of the struct; may be negative.
    pub offset: i64,
}

/// A variable in the state record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Global {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: DataType,
    /// Bytes from the start of the record.
    pub offset: u64,
}

/// What a function takes and answers.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Prototype {
    /// Names and types of its parameters.
    pub params: Vec<(String, DataType)>,
    /// What it answers, if anything.
    pub result: Option<DataType>,
}

/// Everything that debuggers are told of data.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DataTypes {
    /// The types.
    pub types: PrimaryMap<DataType, TypeDescription>,
    /// The variables, a component each.
    pub globals: Vec<Global>,
    /// The types of the pins, in their order.
    pub pins: Vec<DataType>,
    /// The functions that the outside may call, by symbol.
    pub prototypes: BTreeMap<String, Prototype>,
}
