//! The one table of opcodes: text name, operand types, result type, effects.
//!
//! The printer, the parser, the verifier and `docs/ir.md` follow this table. Operations of the same shape share an enum
//! (`Binary`, `Unary`, `Checked`, conditions); the remaining instructions are listed in [`SHAPES`].

use super::types::Type;

/// What an operand or a result may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Exactly this type.
    Is(Type),
    /// `i64` or `bool`, the same for all operands and the result.
    IntOrBool,
}

macro_rules! operations {
    ($(#[$doc:meta])* $enum:ident { $($(#[$vdoc:meta])* $variant:ident $name:literal ($operand:expr) -> $result:expr;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum $enum { $($(#[$vdoc])* $variant,)* }

        super::portable::portable_enum!($enum { $($variant),* });

        impl $enum {
            /// Every operation of this shape.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name in the text form.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// The operation of that name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|op| op.name() == name)
            }

            /// What each operand must be.
            #[must_use]
            pub fn operand(self) -> Kind {
                match self { $(Self::$variant => $operand),* }
            }

            /// What the result is.
            #[must_use]
            pub fn result(self) -> Kind {
                match self { $(Self::$variant => $result),* }
            }
        }
    };
}

const I64: Kind = Kind::Is(Type::I64);
const BOOL: Kind = Kind::Is(Type::Bool);
const F64: Kind = Kind::Is(Type::F64);
const F32: Kind = Kind::Is(Type::F32);
const EITHER: Kind = Kind::IntOrBool;

operations! {
    /// Two operands, one result, no effect. Division by zero and `MIN / -1` are excluded by guards that `lower` makes;
    /// a pass may drop an unused division and may not move one above its guard.
    BinaryOp {
        /// Wrapping sum.
        Add "add" (I64) -> I64;
        /// Wrapping difference.
        Sub "sub" (I64) -> I64;
        /// Wrapping product.
        Mul "mul" (I64) -> I64;
        /// Bitwise and.
        And "and" (EITHER) -> EITHER;
        /// Bitwise or.
        Or "or" (EITHER) -> EITHER;
        /// Bitwise exclusive or.
        Xor "xor" (EITHER) -> EITHER;
        /// Left shift; the count is taken modulo 64.
        Shl "shl" (I64) -> I64;
        /// Right shift, zeros come in; the count is taken modulo 64.
        Shr "shr" (I64) -> I64;
        /// Right shift, the sign comes in; the count is taken modulo 64.
        Sar "sar" (I64) -> I64;
        /// Left rotation; the count is taken modulo 64.
        Rotl "rotl" (I64) -> I64;
        /// Right rotation; the count is taken modulo 64.
        Rotr "rotr" (I64) -> I64;
        /// High half of the signed product.
        Mulhs "mulhs" (I64) -> I64;
        /// High half of the unsigned product.
        Mulhu "mulhu" (I64) -> I64;
        /// Signed quotient, truncated.
        Sdiv "sdiv" (I64) -> I64;
        /// Unsigned quotient.
        Udiv "udiv" (I64) -> I64;
        /// Signed remainder, of the sign of the dividend.
        Srem "srem" (I64) -> I64;
        /// Unsigned remainder.
        Urem "urem" (I64) -> I64;
        /// Sum of floats.
        Fadd "fadd" (F64) -> F64;
        /// Difference of floats.
        Fsub "fsub" (F64) -> F64;
        /// Product of floats.
        Fmul "fmul" (F64) -> F64;
        /// Quotient of floats.
        Fdiv "fdiv" (F64) -> F64;
    }
}

operations! {
    /// One operand, one result, no effect.
    UnaryOp {
        /// Wrapping negation.
        Neg "neg" (I64) -> I64;
        /// Bitwise complement; logical for `bool`.
        Not "not" (EITHER) -> EITHER;
        /// Leading zeros; 64 for 0.
        Clz "clz" (I64) -> I64;
        /// Trailing zeros; 64 for 0.
        Ctz "ctz" (I64) -> I64;
        /// Number of ones.
        Popcnt "popcnt" (I64) -> I64;
        /// Bytes of the low 16 bits swapped, zero-extended.
        Bswap16 "bswap.16" (I64) -> I64;
        /// Bytes of the low 32 bits swapped, zero-extended.
        Bswap32 "bswap.32" (I64) -> I64;
        /// Bytes swapped.
        Bswap64 "bswap.64" (I64) -> I64;
        /// Sign flipped.
        Fneg "fneg" (F64) -> F64;
        /// Absolute value.
        Fabs "fabs" (F64) -> F64;
        /// Square root.
        Fsqrt "fsqrt" (F64) -> F64;
        /// Rounded to an integral float towards zero.
        Ftrunc "ftrunc" (F64) -> F64;
        /// Rounded to an integral float towards negative infinity.
        Ffloor "ffloor" (F64) -> F64;
        /// Signed integer to float.
        I2f "i2f" (I64) -> F64;
        /// Unsigned integer to float.
        U2f "u2f" (I64) -> F64;
        /// Float to signed integer, truncated; `MIN` when out of range.
        F2i "f2i" (F64) -> I64;
        /// Rounded to the smaller format.
        F64to32 "f64to32" (F64) -> F32;
        /// Widened.
        F32to64 "f32to64" (F32) -> F64;
        /// The float of these 64 bits.
        Bits2f "bits2f" (I64) -> F64;
        /// The 64 bits of a float.
        F2bits "f2bits" (F64) -> I64;
        /// `false` to 0, `true` to 1.
        B2i "b2i" (BOOL) -> I64;
    }
}

operations! {
    /// Sums, differences and products with a watch on the range of the result. `Inst::Checked` traps outside it,
    /// the terminator `br.…` jumps.
    CheckedOp {
        /// Sum, signed.
        AddS "add.s" (I64) -> I64;
        /// Sum, unsigned.
        AddU "add.u" (I64) -> I64;
        /// Difference, signed.
        SubS "sub.s" (I64) -> I64;
        /// Difference, unsigned.
        SubU "sub.u" (I64) -> I64;
        /// Product, signed.
        MulS "mul.s" (I64) -> I64;
        /// Product, unsigned.
        MulU "mul.u" (I64) -> I64;
    }
}

operations! {
    /// Conditions of `icmp`; `eq` and `ne` also take `oop`, `ptr` and `bool`, the unsigned ones also `ptr`.
    IntCond {
        /// Equal.
        Eq "icmp.eq" (I64) -> BOOL;
        /// Not equal.
        Ne "icmp.ne" (I64) -> BOOL;
        /// Less, signed.
        Slt "icmp.slt" (I64) -> BOOL;
        /// Less or equal, signed.
        Sle "icmp.sle" (I64) -> BOOL;
        /// Greater, signed.
        Sgt "icmp.sgt" (I64) -> BOOL;
        /// Greater or equal, signed.
        Sge "icmp.sge" (I64) -> BOOL;
        /// Less, unsigned.
        Ult "icmp.ult" (I64) -> BOOL;
        /// Less or equal, unsigned.
        Ule "icmp.ule" (I64) -> BOOL;
        /// Greater, unsigned.
        Ugt "icmp.ugt" (I64) -> BOOL;
        /// Greater or equal, unsigned.
        Uge "icmp.uge" (I64) -> BOOL;
    }
}

operations! {
    /// Conditions of `fcmp`: false when an operand is a NaN, but `ne`, which is true.
    FloatCond {
        /// Equal.
        Eq "fcmp.eq" (F64) -> BOOL;
        /// Not equal.
        Ne "fcmp.ne" (F64) -> BOOL;
        /// Less.
        Lt "fcmp.lt" (F64) -> BOOL;
        /// Less or equal.
        Le "fcmp.le" (F64) -> BOOL;
        /// Greater.
        Gt "fcmp.gt" (F64) -> BOOL;
        /// Greater or equal.
        Ge "fcmp.ge" (F64) -> BOOL;
    }
}

operations! {
    /// Operations on blocks of memory: destination (`ptr`), source (`ptr`) or fill value, and length.
    BlockOp {
        /// Bytes; the areas do not overlap.
        MemCopy "memcopy" (I64) -> I64;
        /// Bytes; the areas may overlap.
        MemMove "memmove" (I64) -> I64;
        /// The low byte of the second operand, as many bytes as the third says.
        MemFill "memfill" (I64) -> I64;
        /// The second operand, as many 8-byte words as the third says.
        MemFill64 "memfill64" (I64) -> I64;
    }
}

impl BlockOp {
    /// Whether the second operand is an address that is read.
    #[must_use]
    pub fn reads(self) -> bool {
        matches!(self, Self::MemCopy | Self::MemMove)
    }
}

impl BinaryOp {
    /// Whether the operands may be exchanged.
    #[must_use]
    pub fn commutes(self) -> bool {
        match self {
            Self::Add
            | Self::Mul
            | Self::And
            | Self::Or
            | Self::Xor
            | Self::Mulhs
            | Self::Mulhu => true,
            Self::Fadd | Self::Fmul => true,
            Self::Sub | Self::Shl | Self::Shr | Self::Sar | Self::Rotl | Self::Rotr => false,
            Self::Sdiv | Self::Udiv | Self::Srem | Self::Urem | Self::Fsub | Self::Fdiv => false,
        }
    }

    /// Whether it is a division, which may fault when it is moved above its guard.
    #[must_use]
    pub fn divides(self) -> bool {
        matches!(self, Self::Sdiv | Self::Udiv | Self::Srem | Self::Urem)
    }
}

impl CheckedOp {
    /// The wrapping operation with the same result when it is in range.
    #[must_use]
    pub fn wrapping(self) -> BinaryOp {
        match self {
            Self::AddS | Self::AddU => BinaryOp::Add,
            Self::SubS | Self::SubU => BinaryOp::Sub,
            Self::MulS | Self::MulU => BinaryOp::Mul,
        }
    }

    /// Whether the operands may be exchanged.
    #[must_use]
    pub fn commutes(self) -> bool {
        self.wrapping().commutes()
    }

    /// Whether the range is that of signed integers.
    #[must_use]
    pub fn is_signed(self) -> bool {
        matches!(self, Self::AddS | Self::SubS | Self::MulS)
    }

    /// The result, if it is in range.
    #[must_use]
    pub fn evaluate(self, a: i64, b: i64) -> Option<i64> {
        let unsigned = |result: Option<u64>| result.map(u64::cast_signed);
        let (ua, ub) = (a.cast_unsigned(), b.cast_unsigned());
        match self {
            Self::AddS => a.checked_add(b),
            Self::SubS => a.checked_sub(b),
            Self::MulS => a.checked_mul(b),
            Self::AddU => unsigned(ua.checked_add(ub)),
            Self::SubU => unsigned(ua.checked_sub(ub)),
            Self::MulU => unsigned(ua.checked_mul(ub)),
        }
    }
}

impl IntCond {
    /// The condition that holds exactly when this one does not.
    #[must_use]
    pub fn inverse(self) -> Self {
        match self {
            Self::Eq => Self::Ne,
            Self::Ne => Self::Eq,
            Self::Slt => Self::Sge,
            Self::Sle => Self::Sgt,
            Self::Sgt => Self::Sle,
            Self::Sge => Self::Slt,
            Self::Ult => Self::Uge,
            Self::Ule => Self::Ugt,
            Self::Ugt => Self::Ule,
            Self::Uge => Self::Ult,
        }
    }

    /// The condition for exchanged operands.
    #[must_use]
    pub fn swapped(self) -> Self {
        match self {
            Self::Eq | Self::Ne => self,
            Self::Slt => Self::Sgt,
            Self::Sle => Self::Sge,
            Self::Sgt => Self::Slt,
            Self::Sge => Self::Sle,
            Self::Ult => Self::Ugt,
            Self::Ule => Self::Uge,
            Self::Ugt => Self::Ult,
            Self::Uge => Self::Ule,
        }
    }

    /// Whether it holds for two integers.
    #[must_use]
    pub fn holds(self, a: i64, b: i64) -> bool {
        let (ua, ub) = (a.cast_unsigned(), b.cast_unsigned());
        match self {
            Self::Eq => a == b,
            Self::Ne => a != b,
            Self::Slt => a < b,
            Self::Sle => a <= b,
            Self::Sgt => a > b,
            Self::Sge => a >= b,
            Self::Ult => ua < ub,
            Self::Ule => ua <= ub,
            Self::Ugt => ua > ub,
            Self::Uge => ua >= ub,
        }
    }

    /// Whether it is `eq` or `ne`.
    #[must_use]
    pub fn is_equality(self) -> bool {
        matches!(self, Self::Eq | Self::Ne)
    }

    /// Whether it compares as signed integers.
    #[must_use]
    pub fn is_signed(self) -> bool {
        matches!(self, Self::Slt | Self::Sle | Self::Sgt | Self::Sge)
    }
}

impl FloatCond {
    /// Whether it holds for two floats.
    #[must_use]
    #[expect(clippy::float_cmp, reason = "the machine's comparison is meant")]
    pub fn holds(self, a: f64, b: f64) -> bool {
        match self {
            Self::Eq => a == b,
            Self::Ne => a != b,
            Self::Lt => a < b,
            Self::Le => a <= b,
            Self::Gt => a > b,
            Self::Ge => a >= b,
        }
    }

    /// The condition for exchanged operands.
    #[must_use]
    pub fn swapped(self) -> Self {
        match self {
            Self::Eq | Self::Ne => self,
            Self::Lt => Self::Gt,
            Self::Le => Self::Ge,
            Self::Gt => Self::Lt,
            Self::Ge => Self::Le,
        }
    }
}

/// An instruction that is not one of a family: text name, operands as they are written, result, what it does besides.
pub struct Shape {
    /// The name in the text form.
    pub name: &'static str,
    /// The operands as they are written.
    pub operands: &'static str,
    /// The result's type in words; empty if there is none.
    pub result: &'static str,
    /// What it does besides its result; empty for pure ones.
    pub effects: &'static str,
}

macro_rules! shapes {
    ($($name:literal $operands:literal -> $result:literal, $effects:literal;)*) => {
        /// The instructions that are not one of a family.
        pub const SHAPES: &[Shape] = &[
            $(Shape { name: $name, operands: $operands, result: $result, effects: $effects }),*
        ];
    };
}

shapes! {
    "iconst" "n" -> "i64", "";
    "fconst" "x" -> "f64", "";
    "f32const" "x" -> "f32", "";
    "bconst" "true|false" -> "bool", "";
    "addr" "symbol+offset" -> "ptr", "";
    "sext.BITS" "a" -> "i64", "";
    "zext.BITS" "a" -> "i64", "";
    "CHECKED" "a, b, reason" -> "i64", "traps";
    "select" "c, a, b" -> "type of a", "";
    "cast.TYPE" "a" -> "i64, oop or ptr", "";
    "load.ACCESS" "address !alias" -> "type of the access", "reads its alias class";
    "store.ACCESS" "a, address !alias" -> "", "writes its alias class";
    "pin.get" "pin" -> "type of the pin", "reads the pin";
    "pin.set" "pin, a" -> "", "writes the pin";
    "call" "function(args)" -> "result of the function", "reads and writes everything, may trap";
    "callind" "signature, p(args)" -> "result of the signature", "reads and writes everything, may trap";
    "syscall" "n(args)" -> "i64", "reads and writes `memory`";
    "trap.if" "c, reason" -> "", "traps";
    "rdtsc" "" -> "i64", "is not merged or removed";
    "prefetch" "p" -> "", "is not merged or removed";
    "fence" "" -> "", "reads and writes everything";
    "jump" "block(args)" -> "", "terminator";
    "br" "c, block(args), block(args)" -> "", "terminator";
    "br.likely" "c, block(args), block(args)" -> "", "terminator";
    "br.unlikely" "c, block(args), block(args)" -> "", "terminator";
    "switch" "a, [blocks], block" -> "", "terminator";
    "br.CHECKED" "a, b, block(args), block(args)" -> "", "terminator";
    "ret" "a" -> "", "terminator";
    "tailcall" "function(args)" -> "", "terminator";
    "tailcallind" "signature, p(args)" -> "", "terminator";
    "trap" "reason" -> "", "terminator";
    "unreachable" "" -> "", "terminator";
    "dispatch" "" -> "", "terminator, reads and writes pins";
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(kind: Kind) -> &'static str {
        match kind {
            Kind::Is(ty) => ty.name(),
            Kind::IntOrBool => "i64 or bool",
        }
    }

    fn row(name: &str, operands: &str, result: &str, effects: &str) -> String {
        format!("| `{name}` | {operands} | {result} | {effects} |").replace("  |", " |")
    }

    fn families() -> Vec<String> {
        let mut rows = Vec::new();
        for op in BinaryOp::ALL {
            rows.push(row(
                op.name(),
                &format!("a, b: {}", kind(op.operand())),
                kind(op.result()),
                "",
            ));
        }
        for op in UnaryOp::ALL {
            rows.push(row(
                op.name(),
                &format!("a: {}", kind(op.operand())),
                kind(op.result()),
                "",
            ));
        }
        for cond in IntCond::ALL {
            rows.push(row(
                cond.name(),
                "a, b of one type",
                kind(cond.result()),
                "",
            ));
        }
        for cond in FloatCond::ALL {
            rows.push(row(
                cond.name(),
                &format!("a, b: {}", kind(cond.operand())),
                kind(cond.result()),
                "",
            ));
        }
        for op in CheckedOp::ALL {
            rows.push(row(
                op.name(),
                "a, b: i64, \"reason\"",
                kind(op.result()),
                "traps",
            ));
        }
        for op in BlockOp::ALL {
            let source = if op.reads() {
                "source: ptr"
            } else {
                "value: i64"
            };
            let operands = format!("destination: ptr, {source}, length: i64");
            rows.push(row(op.name(), &operands, "", "reads and writes `memory`"));
        }
        rows
    }

    /// The opcode table of the document.
    fn table() -> String {
        let mut rows = vec![
            "| opcode | operands | result | besides |".to_owned(),
            "| --- | --- | --- | --- |".to_owned(),
        ];
        rows.extend(families());
        let others = SHAPES.iter().filter(|shape| shape.name != "CHECKED");
        rows.extend(
            others.map(|shape| row(shape.name, shape.operands, shape.result, shape.effects)),
        );
        rows.join("\n")
    }

    #[test]
    fn the_document_has_the_opcode_table() {
        let document = include_str!("../../docs/ir.md");
        let table = table();
        assert!(
            document.contains(&table),
            "docs/ir.md should have this table:\n{table}"
        );
    }
}
