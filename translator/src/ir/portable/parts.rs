//! How instructions and the parts of a function are written.

use super::{portable_enum, portable_struct};
use crate::ir::function::{
    Attributes, BlockData, FunctionKind, Inline, InstData, ValueData, ValueDef,
};
use crate::ir::instruction::{Address, Base, BlockList, Hint, Inst, Symbol, Target, ValueList};
use crate::ir::types::{Access, Signature, Type};

portable_struct! {
    Attributes { inline, cold, moving, leaves }
    Signature { params, result }
    InstData { inst, result, position }
    ValueData { ty, def }
    BlockData { params, insts }
    ValueList { start, len }
    BlockList { start, len }
    Target { block, args }
    Address { base, index, offset }
}

portable_enum! {
    FunctionKind { Normal, Handler, Export, Import }
    Inline { Auto, Never, Always }
    Type { I64, Bool, F64, F32, Oop, Ptr }
    Access { U8, S8, U16, S16, U32, S32, I64, F32, F64, Oop, Ptr, Bool }
    ValueDef { Result(inst), Param(block, number) }
    Base { Value(value), Field(field) }
    Symbol { Function(id), Data(id), Field(id), Table(id) }
    Hint { None, Likely, Unlikely }
    Inst {
        Iconst(n),
        Fconst(bits),
        F32const(bits),
        Bconst(b),
        Addr(symbol, distance),
        Binary(op, a, b),
        Unary(op, a),
        Sext(bits, a),
        Zext(bits, a),
        Checked(op, a, b, reason),
        Icmp(cond, a, b),
        Fcmp(cond, a, b),
        Select(c, a, b),
        Cast(ty, a),
        Load(access, address, class),
        Store(access, a, address, class),
        PinGet(pin),
        PinSet(pin, a),
        Call(callee, args),
        CallInd(signature, callee, args),
        Syscall(number, args),
        Block(op, a, b, c),
        TrapIf(c, reason),
        Rdtsc,
        Prefetch(a),
        Fence,
        Jump(target),
        Br(c, yes, no, hint),
        Switch(value, blocks, default),
        BrChecked(op, a, b, normal, overflow),
        Ret(value),
        TailCall(callee, args),
        TailCallInd(signature, callee, args),
        Trap(reason),
        Unreachable,
        Dispatch,
    }
}
