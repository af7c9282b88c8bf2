//! Instructions: one small `Copy` enum; lists of arguments live in the function's pools.

use super::entities::{
    Alias, Block, DataId, FieldId, FuncId, PinId, SigId, TableId, TrapReason, Value,
};
use super::function::Function;
use super::opcode::{BinaryOp, BlockOp, CheckedOp, FloatCond, IntCond, UnaryOp};
use super::pools::Pools;
use super::types::{Access, Type};

/// A list of values in the pool of a function. Lists are never changed in place, so copies may share one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct ValueList {
    pub(super) start: u32,
    pub(super) len: u32,
}

impl ValueList {
    /// The list without values.
    pub const EMPTY: Self = Self { start: 0, len: 0 };

    /// How many values it has.
    #[must_use]
    pub fn len(self) -> usize {
        self.len as usize
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len == 0
    }
}

/// A list of blocks in the pool of a function.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct BlockList {
    pub(super) start: u32,
    pub(super) len: u32,
}

/// Where a branch goes and what the parameters of that block become.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Target {
    /// The block.
    pub block: Block,
    /// The arguments for its parameters.
    pub args: ValueList,
}

impl Target {
    /// A target without arguments.
    #[must_use]
    pub fn to(block: Block) -> Self {
        Self {
            block,
            args: ValueList::EMPTY,
        }
    }
}

/// Where an address starts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Base {
    /// At a `ptr`, `oop` or `i64` value.
    Value(Value),
    /// At a field of the state record.
    Field(FieldId),
}

/// `base + index*scale + offset`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Address {
    /// Where it starts.
    pub base: Base,
    /// An `i64` and its scale: 1, 2, 4 or 8.
    pub index: Option<(Value, u8)>,
    /// Bytes.
    pub offset: i32,
}

impl Address {
    /// `base + offset`.
    #[must_use]
    pub fn value(base: Value, offset: i32) -> Self {
        Self {
            base: Base::Value(base),
            index: None,
            offset,
        }
    }

    /// A field of the state record.
    #[must_use]
    pub fn field(field: FieldId) -> Self {
        Self {
            base: Base::Field(field),
            index: None,
            offset: 0,
        }
    }
}

/// What an `addr` names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Symbol {
    /// The entry of a function.
    Function(FuncId),
    /// A piece of data.
    Data(DataId),
    /// A field of the state record.
    Field(FieldId),
    /// A table of function addresses.
    Table(TableId),
}

/// Which way a branch usually goes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Hint {
    /// Not known.
    #[default]
    None,
    /// The first target.
    Likely,
    /// The second target.
    Unlikely,
}

/// An instruction; the last one of each block is a terminator, and only that one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Inst {
    /// An integer.
    Iconst(i64),
    /// The bits of an `f64`.
    Fconst(u64),
    /// The bits of an `f32`.
    F32const(u32),
    /// A boolean.
    Bconst(bool),
    /// The address of a symbol plus a distance in bytes.
    Addr(Symbol, i64),
    /// A pure operation on two values.
    Binary(BinaryOp, Value, Value),
    /// A pure operation on one value.
    Unary(UnaryOp, Value),
    /// The low bits (1..=63), sign-extended.
    Sext(u8, Value),
    /// The low bits (1..=63), zero-extended.
    Zext(u8, Value),
    /// Traps if the result leaves the range.
    Checked(CheckedOp, Value, Value, TrapReason),
    /// Compares words or booleans.
    Icmp(IntCond, Value, Value),
    /// Compares floats.
    Fcmp(FloatCond, Value, Value),
    /// The second operand if the first is true, else the third.
    Select(Value, Value, Value),
    /// The same word as another of `i64`, `oop`, `ptr`.
    Cast(Type, Value),
    /// Reads memory.
    Load(Access, Address, Alias),
    /// Writes the value to memory.
    Store(Access, Value, Address, Alias),
    /// Reads a pinned register.
    PinGet(PinId),
    /// Writes a pinned register.
    PinSet(PinId, Value),
    /// Calls a function of the module.
    Call(FuncId, ValueList),
    /// Calls an address.
    CallInd(SigId, Value, ValueList),
    /// A system call: number, arguments (up to 6).
    Syscall(Value, ValueList),
    /// Copies or fills memory: destination, source or value, length.
    Block(BlockOp, Value, Value, Value),
    /// Traps if the value is true.
    TrapIf(Value, TrapReason),
    /// The time stamp counter.
    Rdtsc,
    /// Asks the caches for the line at an address; no fault, whatever the address.
    Prefetch(Value),
    /// All memory may have changed.
    Fence,
    /// Goes to a block.
    Jump(Target),
    /// Goes to the first target if the value is true, else to the second.
    Br(Value, Target, Target, Hint),
    /// Goes to the numbered block, counted from 0, else to the last one. None of them has parameters.
    Switch(Value, BlockList, Block),
    /// Goes to the first target with the result as its last parameter, or to the second if the result leaves the range.
    BrChecked(CheckedOp, Value, Value, Target, Target),
    /// Returns to the caller.
    Ret(Option<Value>),
    /// Calls a function that returns to our caller.
    TailCall(FuncId, ValueList),
    /// Calls an address that returns to our caller.
    TailCallInd(SigId, Value, ValueList),
    /// Always traps.
    Trap(TrapReason),
    /// Control does not come here.
    Unreachable,
    /// Fetches the next opcode through the pinned instruction pointer and jumps through the pinned table.
    Dispatch,
}

/// What an instruction does to memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MemoryEffect {
    /// Nothing.
    None,
    /// Reads locations of a class.
    Read(Alias),
    /// Writes locations of a class.
    Write(Alias),
    /// Reads and writes locations of a class.
    ReadWrite(Alias),
    /// Reads and writes any location.
    All,
}

/// What an instruction does besides its result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Effects {
    /// To memory.
    pub memory: MemoryEffect,
    /// Whether it may trap.
    pub traps: bool,
    /// Whether it reads or writes pinned registers.
    pub pins: bool,
    /// Whether it must stay for another reason.
    pub fixed: bool,
}

impl Effects {
    /// No effect.
    pub const PURE: Self = Self {
        memory: MemoryEffect::None,
        traps: false,
        pins: false,
        fixed: false,
    };

    /// Whether the instruction can go when its result is unused.
    #[must_use]
    pub fn is_removable(self) -> bool {
        let reads = match self.memory {
            MemoryEffect::None => true,
            MemoryEffect::Read(class) => class != Alias::VOLATILE,
            MemoryEffect::Write(_) | MemoryEffect::ReadWrite(_) | MemoryEffect::All => false,
        };
        reads && !self.traps && !self.fixed
    }
}

impl Inst {
    /// Whether it ends a block.
    #[must_use]
    pub fn is_terminator(&self) -> bool {
        matches!(
            self,
            Self::Jump(..)
                | Self::Br(..)
                | Self::Switch(..)
                | Self::BrChecked(..)
                | Self::Ret(..)
                | Self::TailCall(..)
                | Self::TailCallInd(..)
                | Self::Trap(..)
                | Self::Unreachable
                | Self::Dispatch
        )
    }

    /// Whether it is a call that comes back.
    #[must_use]
    pub fn is_call(&self) -> bool {
        matches!(self, Self::Call(..) | Self::CallInd(..))
    }

    /// What it does besides its result.
    #[must_use]
    pub fn effects(&self) -> Effects {
        let memory = |memory| Effects {
            memory,
            ..Effects::PURE
        };
        match *self {
            Self::Load(_, _, class) => memory(MemoryEffect::Read(class.class())),
            Self::Store(_, _, _, class) => memory(MemoryEffect::Write(class.class())),
            Self::Block(..) | Self::Syscall(..) => memory(MemoryEffect::ReadWrite(Alias::RAW)),
            Self::Fence => memory(MemoryEffect::All),
            Self::Checked(..) | Self::TrapIf(..) => Effects {
                traps: true,
                ..Effects::PURE
            },
            Self::PinGet(_) => Effects {
                pins: true,
                ..Effects::PURE
            },
            Self::PinSet(..) => Effects {
                pins: true,
                fixed: true,
                ..Effects::PURE
            },
            Self::Rdtsc | Self::Prefetch(_) => Effects {
                fixed: true,
                ..Effects::PURE
            },
            Self::Call(..) | Self::CallInd(..) => Effects {
                memory: MemoryEffect::All,
                traps: true,
                pins: true,
                fixed: true,
            },
            _ if self.is_terminator() => Effects {
                memory: MemoryEffect::All,
                traps: true,
                pins: true,
                fixed: true,
            },
            _ => Effects::PURE,
        }
    }

    /// Calls `visit` with each value that it uses, in textual order, arguments of targets included.
    pub fn each_operand(&self, func: &Function, mut visit: impl FnMut(Value)) {
        let _ = self.rebuild(&mut Walk {
            func,
            visit: &mut visit,
        });
    }

    /// The values that it uses, in textual order, arguments of targets included.
    #[must_use]
    pub fn operands(&self, func: &Function) -> Vec<Value> {
        let mut values = Vec::new();
        self.each_operand(func, |value| values.push(value));
        values
    }

    /// The same instruction with other values; changed lists go to the function's pool.
    #[must_use]
    pub fn map_operands(&self, func: &mut Function, mut map: impl FnMut(Value) -> Value) -> Self {
        self.rebuild(&mut Map {
            func,
            map: &mut map,
        })
    }

    /// The blocks it may go to, in textual order, each as often as it is written.
    #[must_use]
    pub fn successors(&self, func: &Function) -> Vec<Block> {
        let mut blocks = Vec::new();
        self.each_target(func, |target| blocks.push(target.block));
        blocks
    }

    /// Calls `visit` with each target, in textual order. A switch's have no arguments.
    pub fn each_target(&self, func: &Function, mut visit: impl FnMut(Target)) {
        match *self {
            Self::Jump(target) => visit(target),
            Self::Br(_, yes, no, _) => {
                visit(yes);
                visit(no);
            }
            Self::BrChecked(_, _, _, normal, overflow) => {
                visit(normal);
                visit(overflow);
            }
            Self::Switch(_, blocks, default) => {
                func.blocks_of(blocks)
                    .iter()
                    .for_each(|&block| visit(Target::to(block)));
                visit(Target::to(default));
            }
            _ => {}
        }
    }

    /// The same instruction with other targets. A switch's targets must stay without arguments.
    #[must_use]
    pub fn map_targets(
        &self,
        func: &mut Function,
        mut map: impl FnMut(&mut Function, Target) -> Target,
    ) -> Self {
        match *self {
            Self::Jump(target) => Self::Jump(map(func, target)),
            Self::Br(c, yes, no, hint) => Self::Br(c, map(func, yes), map(func, no), hint),
            Self::BrChecked(op, a, b, normal, overflow) => {
                Self::BrChecked(op, a, b, map(func, normal), map(func, overflow))
            }
            Self::Switch(value, blocks, default) => {
                let old = func.blocks_of(blocks).to_vec();
                let new: Vec<Block> = old
                    .iter()
                    .map(|&block| map(func, Target::to(block)).block)
                    .collect();
                let list = if old == new {
                    blocks
                } else {
                    func.block_list(&new)
                };
                Self::Switch(value, list, map(func, Target::to(default)).block)
            }
            other => other,
        }
    }

    /// The same instruction in another place: `value` and `block` tell what its values and blocks are there, `from` holds its lists,
    /// and `to` gets the new ones.
    #[must_use]
    pub(super) fn moved(
        &self,
        from: &Pools,
        to: &mut Pools,
        value: impl Fn(Value) -> Value,
        block: impl Fn(Block) -> Block,
    ) -> Self {
        self.rebuild(&mut Move {
            from,
            to,
            value,
            block,
        })
    }

    /// The one place that knows where the operands of each instruction are.
    fn rebuild(&self, r: &mut impl Rebuild) -> Self {
        match *self {
            Self::Iconst(_)
            | Self::Fconst(_)
            | Self::F32const(_)
            | Self::Bconst(_)
            | Self::Addr(..) => *self,
            Self::PinGet(_) | Self::Rdtsc | Self::Fence => *self,
            Self::Switch(a, blocks, default) => {
                Self::Switch(r.value(a), r.blocks(blocks), r.block(default))
            }
            Self::Trap(_) | Self::Unreachable | Self::Dispatch | Self::Ret(None) => *self,
            Self::Binary(op, a, b) => Self::Binary(op, r.value(a), r.value(b)),
            Self::Unary(op, a) => Self::Unary(op, r.value(a)),
            Self::Sext(bits, a) => Self::Sext(bits, r.value(a)),
            Self::Zext(bits, a) => Self::Zext(bits, r.value(a)),
            Self::Checked(op, a, b, reason) => Self::Checked(op, r.value(a), r.value(b), reason),
            Self::Icmp(cond, a, b) => Self::Icmp(cond, r.value(a), r.value(b)),
            Self::Fcmp(cond, a, b) => Self::Fcmp(cond, r.value(a), r.value(b)),
            Self::Select(c, a, b) => Self::Select(r.value(c), r.value(a), r.value(b)),
            Self::Cast(ty, a) => Self::Cast(ty, r.value(a)),
            Self::Load(access, address, class) => Self::Load(access, r.address(address), class),
            Self::Store(access, a, address, class) => {
                Self::Store(access, r.value(a), r.address(address), class)
            }
            Self::PinSet(pin, a) => Self::PinSet(pin, r.value(a)),
            Self::Call(func, args) => Self::Call(func, r.list(args)),
            Self::CallInd(sig, callee, args) => Self::CallInd(sig, r.value(callee), r.list(args)),
            Self::Syscall(number, args) => Self::Syscall(r.value(number), r.list(args)),
            Self::Block(op, a, b, c) => Self::Block(op, r.value(a), r.value(b), r.value(c)),
            Self::TrapIf(c, reason) => Self::TrapIf(r.value(c), reason),
            Self::Prefetch(a) => Self::Prefetch(r.value(a)),
            Self::Jump(target) => Self::Jump(r.target(target)),
            Self::Br(c, yes, no, hint) => Self::Br(r.value(c), r.target(yes), r.target(no), hint),
            Self::BrChecked(op, a, b, normal, overflow) => Self::BrChecked(
                op,
                r.value(a),
                r.value(b),
                r.target(normal),
                r.target(overflow),
            ),
            Self::Ret(Some(a)) => Self::Ret(Some(r.value(a))),
            Self::TailCall(func, args) => Self::TailCall(func, r.list(args)),
            Self::TailCallInd(sig, callee, args) => {
                Self::TailCallInd(sig, r.value(callee), r.list(args))
            }
        }
    }
}

/// Visits the operands of an instruction while it is built anew.
trait Rebuild {
    fn value(&mut self, value: Value) -> Value;
    fn list(&mut self, list: ValueList) -> ValueList;

    fn block(&mut self, block: Block) -> Block {
        block
    }

    fn blocks(&mut self, list: BlockList) -> BlockList {
        list
    }

    fn target(&mut self, target: Target) -> Target {
        Target {
            block: self.block(target.block),
            args: self.list(target.args),
        }
    }

    fn address(&mut self, address: Address) -> Address {
        let base = match address.base {
            Base::Value(value) => Base::Value(self.value(value)),
            Base::Field(field) => Base::Field(field),
        };
        let index = address
            .index
            .map(|(value, scale)| (self.value(value), scale));
        Address {
            base,
            index,
            offset: address.offset,
        }
    }
}

struct Walk<'a> {
    func: &'a Function,
    visit: &'a mut dyn FnMut(Value),
}

impl Rebuild for Walk<'_> {
    fn value(&mut self, value: Value) -> Value {
        (self.visit)(value);
        value
    }

    fn list(&mut self, list: ValueList) -> ValueList {
        self.func
            .values_of(list)
            .iter()
            .for_each(|&value| (self.visit)(value));
        list
    }
}

struct Map<'a> {
    func: &'a mut Function,
    map: &'a mut dyn FnMut(Value) -> Value,
}

impl Rebuild for Map<'_> {
    fn value(&mut self, value: Value) -> Value {
        (self.map)(value)
    }

    fn list(&mut self, list: ValueList) -> ValueList {
        self.func.map_list(list, &mut *self.map)
    }
}

struct Move<'a, V, B> {
    from: &'a Pools,
    to: &'a mut Pools,
    value: V,
    block: B,
}

impl<V: Fn(Value) -> Value, B: Fn(Block) -> Block> Rebuild for Move<'_, V, B> {
    fn value(&mut self, value: Value) -> Value {
        (self.value)(value)
    }

    fn list(&mut self, list: ValueList) -> ValueList {
        let old = self.from.values(list).iter();
        self.to.add_values(old.map(|&value| (self.value)(value)))
    }

    fn block(&mut self, block: Block) -> Block {
        (self.block)(block)
    }

    fn blocks(&mut self, list: BlockList) -> BlockList {
        let old = self.from.blocks(list).iter();
        self.to.add_blocks(old.map(|&block| (self.block)(block)))
    }
}
