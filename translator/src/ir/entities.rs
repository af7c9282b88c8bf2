//! The entities of the IR: typed indices into the tables of a module or a function.
//!
//! An entity prints with its prefix (`v7`, `block3`); entities are dense from 0, so side tables are plain vectors.

use crate::base::entity::entity;

entity!(
    /// An SSA value of a function.
    Value,
    "v"
);
entity!(
    /// A basic block of a function.
    Block,
    "block"
);
entity!(
    /// An instruction of a function.
    InstId,
    "inst"
);
entity!(
    /// A function of a module.
    FuncId,
    "func"
);
entity!(
    /// A piece of read-only or writable data of a module.
    DataId,
    "data"
);
entity!(
    /// A field of the state record.
    FieldId,
    "field"
);
entity!(
    /// A table of function addresses.
    TableId,
    "table"
);
entity!(
    /// A register that holds a VM field for good.
    PinId,
    "pin"
);
entity!(
    /// A signature of indirect calls.
    SigId,
    "sig"
);
entity!(
    /// A class of memory locations: two classes are the same or disjoint, but for `any` and `volatile`. Fields of structs have names of
    /// their own in the class of raw memory.
    Alias,
    "alias"
);
entity!(
    /// A named field of a struct, which pointers lead to.
    Part,
    "part"
);
entity!(
    /// Why a trap is taken; the module has the text.
    TrapReason,
    "reason"
);
entity!(
    /// A name in the module's string pool.
    Name,
    "name"
);
entity!(
    /// An activation that inlining has merged into a function; the first one is that of the function itself.
    Site,
    "site"
);
entity!(
    /// A variable of the source that debuggers are told of.
    Local,
    "local"
);
entity!(
    /// What the variables of the source are at a place: the bindings so far. The first one is nothing.
    Snapshot,
    "snapshot"
);
entity!(
    /// A source-level variable while a function is built.
    Variable,
    "var"
);

impl Alias {
    /// Overlaps every class.
    pub const ANY: Self = Self(0);
    /// Overlaps every class and is never moved, merged or removed.
    pub const VOLATILE: Self = Self(1);

    /// Raw memory: what pointers lead to. Fields of the state record are not in it, unless their address is taken.
    pub const RAW: Self = Self(2);

    /// Set in a name that only listings know.
    const NAMED: u32 = 1 << 31;

    /// Raw memory under the name of a field.
    #[must_use]
    pub fn of_part(part: Part) -> Self {
        Self(Self::NAMED | part.0)
    }

    /// The field that is named.
    #[must_use]
    pub fn part(self) -> Option<Part> {
        (self.0 & Self::NAMED != 0).then_some(Part(self.0 & !Self::NAMED))
    }

    /// The class itself, without a name.
    #[must_use]
    pub fn class(self) -> Self {
        self.part().map_or(self, |_| Self::RAW)
    }

    /// Whether accesses of the two classes may touch the same byte.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        let (one, other) = (self.class(), other.class());
        one == other || one.0 <= 1 || other.0 <= 1
    }
}

impl Snapshot {
    /// No variable is known.
    pub const NOTHING: Self = Self(0);
}

impl Site {
    /// The function itself.
    pub const OWN: Self = Self(0);
}
