//! Machine instructions: an operation, registers that are still virtual or pinned, an address, an immediate.
//!
//! One record serves all instructions, so that the allocator's adapter and the encoder need not know each of them.

use crate::ir::{Alias, FuncId, InstId, Position, Symbol, TrapReason};
use regalloc2::{PReg, PRegSet, VReg};

/// The width of an integer operation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Width {
    /// 8 bits.
    W8,
    /// 16 bits.
    W16,
    /// 32 bits; a result is zero-extended.
    W32,
    /// 64 bits.
    W64,
}

/// How a load extends, or that it loads a float.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Load {
    /// A byte, zero-extended.
    U8,
    /// A byte, sign-extended.
    S8,
    /// Two bytes, zero-extended.
    U16,
    /// Two bytes, sign-extended.
    S16,
    /// Four bytes, zero-extended.
    U32,
    /// Four bytes, sign-extended.
    S32,
    /// Eight bytes.
    W64,
    /// A single-precision float.
    F32,
    /// A double-precision float.
    F64,
}

/// Two-operand operations that exist with a register, an immediate or memory on either side.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Alu {
    /// Sum.
    Add,
    /// Difference.
    Sub,
    /// Bitwise and.
    And,
    /// Bitwise or.
    Or,
    /// Bitwise exclusive or.
    Xor,
    /// Compares as `sub` does; no result.
    Cmp,
    /// Tests as `and` does; no result.
    Test,
}

/// Shifts and rotations.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Shift {
    /// Left.
    Shl,
    /// Right, zeros come in.
    Shr,
    /// Right, the sign comes in.
    Sar,
    /// Left rotation.
    Rol,
    /// Right rotation.
    Ror,
}

/// Operations `dst = op src` between integer registers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Unary {
    /// Negation, in place.
    Neg,
    /// Complement, in place.
    Not,
    /// Byte swap of 64 bits, in place.
    Bswap64,
    /// Byte swap of 32 bits, in place.
    Bswap32,
    /// Index of the highest one; the zero flag if there is none.
    Bsr,
    /// Index of the lowest one; the zero flag if there is none.
    Bsf,
    /// Number of ones.
    Popcnt,
    /// Zero-extended byte.
    Movzx8,
    /// Zero-extended 16 bits.
    Movzx16,
    /// Zero-extended 32 bits.
    Movzx32,
    /// Sign-extended byte.
    Movsx8,
    /// Sign-extended 16 bits.
    Movsx16,
    /// Sign-extended 32 bits.
    Movsx32,
}

/// Operations on floats. Those with two operands work in place.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Float {
    /// Sum.
    Add,
    /// Difference.
    Sub,
    /// Product.
    Mul,
    /// Quotient.
    Div,
    /// Bitwise and of all bits.
    And,
    /// Bitwise exclusive or of all bits.
    Xor,
    /// Compares; no result.
    Ucomi,
    /// Square root of the source.
    Sqrt,
    /// Rounded towards zero.
    Trunc,
    /// Rounded towards negative infinity.
    Floor,
    /// From a signed integer register.
    FromInt,
    /// To a signed integer register, truncated.
    ToInt,
    /// To single precision.
    Narrow,
    /// To double precision.
    Widen,
    /// The bits from an integer register.
    FromBits,
    /// The bits to an integer register.
    ToBits,
}

/// A condition on the flags.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Cond {
    /// Overflow.
    O,
    /// No overflow.
    No,
    /// Below: carry.
    B,
    /// Above or equal: no carry.
    Ae,
    /// Equal: zero.
    E,
    /// Not equal.
    Ne,
    /// Below or equal.
    Be,
    /// Above.
    A,
    /// Sign.
    S,
    /// No sign.
    Ns,
    /// Parity: unordered, after `ucomisd`.
    P,
    /// No parity.
    Np,
    /// Less.
    L,
    /// Greater or equal.
    Ge,
    /// Less or equal.
    Le,
    /// Greater.
    G,
    /// After `ucomisd`: equal and not unordered. Two jumps.
    FloatEq,
    /// After `ucomisd`: not equal or unordered. Two jumps.
    FloatNe,
}

impl Cond {
    /// The condition that holds exactly when this one does not.
    #[must_use]
    pub fn inverse(self) -> Self {
        match self {
            Self::O => Self::No,
            Self::No => Self::O,
            Self::B => Self::Ae,
            Self::Ae => Self::B,
            Self::E => Self::Ne,
            Self::Ne => Self::E,
            Self::Be => Self::A,
            Self::A => Self::Be,
            Self::S => Self::Ns,
            Self::Ns => Self::S,
            Self::P => Self::Np,
            Self::Np => Self::P,
            Self::L => Self::Ge,
            Self::Ge => Self::L,
            Self::Le => Self::G,
            Self::G => Self::Le,
            Self::FloatEq => Self::FloatNe,
            Self::FloatNe => Self::FloatEq,
        }
    }

    /// Whether one jump or `setcc` decides it.
    #[must_use]
    pub fn is_single(self) -> bool {
        !matches!(self, Self::FloatEq | Self::FloatNe)
    }
}

/// Where the second operand of an operation comes from, or that memory is the first one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Form {
    /// `dst = a op b`; `dst` is `a`'s register.
    Reg,
    /// `dst = a op imm`.
    Imm,
    /// `dst = a op [mem]`.
    Mem,
    /// `[mem] = [mem] op b`.
    MemReg,
    /// `[mem] = [mem] op imm`.
    MemImm,
}

/// What an instruction does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Op {
    /// The parameters of the function arrive in their registers; no code.
    Arguments,
    /// A value without meaning; no code.
    Undefined,
    /// `dst = a`.
    Move,
    /// `dst = imm`, leaving the flags alone.
    MoveImm,
    /// `dst = address`.
    Lea,
    /// `dst = [mem]`.
    Load(Load),
    /// `[mem] = a`.
    Store(Width),
    /// `[mem] = imm`.
    StoreImm(Width),
    /// `[mem] = a`, of double or single precision.
    StoreFloat {
        /// Whether it is double precision.
        double: bool,
    },
    /// Two operands.
    Alu(Alu, Width, Form),
    /// `dst = a * b`, `dst = a * [mem]`; with `Imm` any source register.
    Imul(Width, Form),
    /// `rdx:rax = rax * b`.
    WideMul {
        /// Whether the operands are signed.
        signed: bool,
    },
    /// `rax = rdx:rax / b`, `rdx` the remainder; extends `rax` first.
    Divide {
        /// Whether the operands are signed.
        signed: bool,
    },
    /// By the immediate.
    ShiftImm(Shift, Width),
    /// By `cl`.
    ShiftCl(Shift, Width),
    /// The carry flag becomes bit `imm` of `a`.
    BitTest,
    /// One operand.
    Unary(Unary),
    /// `dst = condition`, a byte; followed by an extension.
    Setcc(Cond),
    /// `dst = condition ? b : a`; `dst` is `a`'s register.
    Cmov(Cond),
    /// The same for floats, with a jump.
    FloatSelect(Cond),
    /// Floats; with `Mem` the second or only operand is in memory.
    Float(Float, Form),
    /// `dst = 0.0`.
    FloatZero,
    /// `dst = a` as an unsigned integer; `b` is a scratch register.
    FromUnsigned,
    /// Calls a function or helper.
    Call,
    /// Calls the address in `a`.
    CallReg,
    /// Calls the address in memory.
    CallMem,
    /// A system call.
    Syscall,
    /// The time stamp counter, whole, in `rax`.
    Rdtsc,
    /// Asks the caches for a line.
    Prefetch,
    /// Traps if the condition holds.
    TrapIf(Cond, TrapReason),
    /// Goes to the only successor.
    Jump,
    /// Goes to the first successor if the condition holds, else to the second.
    Branch(Cond),
    /// Goes to the successor that a table gives for the number `a`; `b` and `dst` are scratch registers, `imm` is the number of
    /// cases.
    Switch {
        /// Which of the function's tables.
        table: u32,
        /// Whether numbers beyond the cases go to the table's last entry.
        checked: bool,
    },
    /// Returns.
    Ret,
    /// Jumps to another function after undoing the frame.
    TailCall,
    /// Jumps to the address in `a`.
    TailCallReg,
    /// Fetches the next opcode and jumps to its handler.
    Dispatch,
    /// Always traps.
    Trap(TrapReason),
    /// Control does not come here.
    Unreachable,
}

impl Op {
    /// Whether it leaves the function.
    #[must_use]
    pub fn is_exit(self) -> bool {
        let returns = matches!(self, Self::Ret | Self::TailCall | Self::TailCallReg);
        returns || matches!(self, Self::Dispatch | Self::Trap(_) | Self::Unreachable)
    }

    /// Whether it ends a block and goes to a successor.
    #[must_use]
    pub fn is_branch(self) -> bool {
        matches!(self, Self::Jump | Self::Branch(_) | Self::Switch { .. })
    }

    /// Whether it leaves the flags alone.
    #[must_use]
    pub fn keeps_flags(self) -> bool {
        let stores = matches!(
            self,
            Self::Store(_) | Self::StoreImm(_) | Self::StoreFloat { .. }
        );
        let loads = matches!(self, Self::MoveImm | Self::Load(_) | Self::FloatZero);
        stores || loads || matches!(self, Self::Move | Self::Lea | Self::Prefetch)
    }

    /// Whether it calls something that comes back.
    #[must_use]
    pub fn is_call(self) -> bool {
        matches!(self, Self::Call | Self::CallReg | Self::CallMem)
    }
}

/// A register during selection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reg {
    /// To be allocated.
    Virtual(VReg),
    /// A pin, or `rbx` or `rsp`: not known to the allocator.
    Fixed(PReg),
}

/// A register of an instruction: one of its allocated operands, or a register that the allocator does not know.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Slot {
    /// None.
    #[default]
    None,
    /// The allocation of the operand of that number.
    Operand(u8),
    /// This register.
    Fixed(PReg),
}

/// A place that the linker fills in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SymbolRef {
    /// Something of the module.
    Module(Symbol),
    /// The state record.
    State,
    /// A routine of the shim.
    Helper(Helper),
    /// A constant of 8 bytes.
    Constant64(u64),
    /// A constant of 4 bytes.
    Constant32(u32),
    /// A constant of 16 bytes: the same 8 bytes twice.
    Constant128(u64),
    /// A jump table of this function.
    JumpTable(u32),
}

impl SymbolRef {
    /// The function that it names.
    #[must_use]
    pub fn function(self) -> Option<FuncId> {
        match self {
            Self::Module(Symbol::Function(id)) => Some(id),
            _ => None,
        }
    }
}

/// A routine of the shim.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Helper {
    /// Copies bytes that do not overlap.
    MemCopy,
    /// Copies bytes that may overlap.
    MemMove,
    /// Fills bytes.
    MemFill,
    /// Fills words.
    MemFill64,
}

impl Helper {
    /// Its symbol.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::MemCopy => "ouro_memcopy",
            Self::MemMove => "ouro_memmove",
            Self::MemFill => "ouro_memfill",
            Self::MemFill64 => "ouro_memfill64",
        }
    }
}

/// Where an address starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum MemBase {
    /// No address.
    #[default]
    None,
    /// At a register, or at 0 if there is none.
    Register(Slot),
    /// At a symbol, relative to the instruction; no index.
    Symbol(SymbolRef),
    /// At the arguments that this function passes on the stack.
    Outgoing,
    /// At the arguments that this function got on the stack.
    Incoming,
}

impl MemBase {
    /// The register it starts at.
    #[must_use]
    pub fn slot(self) -> Slot {
        match self {
            Self::Register(slot) => slot,
            _ => Slot::None,
        }
    }
}

/// What a listing calls the place in memory.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Note {
    /// By its address only.
    #[default]
    None,
    /// By the name of its class, or of the field of a struct.
    Alias(Alias),
    /// By the symbol: a field of the state record.
    Symbol(Symbol),
}

/// An address: `base + index * scale + displacement`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Mem {
    /// Where it starts.
    pub base: MemBase,
    /// A register that is scaled.
    pub index: Slot,
    /// 1, 2, 4 or 8.
    pub scale: u8,
    /// Bytes.
    pub displacement: i32,
    /// For listings.
    pub note: Note,
}

/// A machine instruction.
#[derive(Clone, Copy, Debug)]
pub struct MInst {
    /// What it does.
    pub op: Op,
    /// The result.
    pub dst: Slot,
    /// The first source.
    pub a: Slot,
    /// The second source.
    pub b: Slot,
    /// The address, if it has one.
    pub mem: Mem,
    /// The immediate, or the position of its extra data.
    pub imm: i64,
    /// The callee or what `lea` takes the address of.
    pub symbol: Option<SymbolRef>,
    /// Its allocated operands in the pool: first and past the last.
    pub operands: (u32, u32),
    /// Registers that it destroys: an index into the clobber sets of the code; 0 is the empty one.
    pub clobbers: u32,
    /// Where it is from.
    pub position: Position,
    /// The instruction of the IR whose code begins here.
    pub root: Option<InstId>,
}

/// The clobber sets of a function; few are different.
#[derive(Clone, Debug)]
pub struct ClobberSets(Vec<PRegSet>);

impl Default for ClobberSets {
    fn default() -> Self {
        Self(vec![PRegSet::empty()])
    }
}

impl ClobberSets {
    /// The index of a set.
    pub fn index_of(&mut self, set: PRegSet) -> u32 {
        let index = self.0.iter().position(|known| *known == set);
        let index = index.unwrap_or_else(|| {
            self.0.push(set);
            self.0.len() - 1
        });
        u32::try_from(index).expect("few sets")
    }

    /// The set at an index.
    #[must_use]
    pub fn get(&self, index: u32) -> PRegSet {
        self.0[index as usize]
    }
}
