//! Parameters, calls, system calls.

use super::Selector;
use super::build::{AddressBase, Build, MachineAddress};
use super::memory::load_of;
use crate::base::EntityRef;
use crate::ir::{
    Access, FuncId, FunctionKind, Inst, Module, SigId, Signature, Symbol, Type, Value, ValueList,
};
use crate::x64::facts::is_float;
use crate::x64::inst::{Note, Op, Reg, SymbolRef, Width};
use crate::x64::registers::{
    Convention, FLOAT_ARGUMENTS, INT_ARGUMENTS, R11, RAX, RCX, RDX, SYSCALL_ARGUMENTS, xmm,
};
use regalloc2::{PReg, PRegSet, RegClass, VReg};

/// Where an argument travels.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    /// In a register.
    Register(PReg),
    /// On the stack, so many bytes behind the first one there.
    Stack(i32),
}

/// Where arguments of these types travel, and how many bytes on the stack.
fn places(types: impl Iterator<Item = Type>) -> (Vec<Place>, u32) {
    let (mut ints, mut floats, mut bytes) = (0, 0, 0);
    let mut result = Vec::new();
    for ty in types {
        let register = if is_float(ty) {
            floats += 1;
            (floats <= FLOAT_ARGUMENTS).then(|| xmm(floats - 1))
        } else {
            ints += 1;
            INT_ARGUMENTS.get(ints - 1).copied()
        };
        result.push(match register {
            Some(register) => Place::Register(register),
            None => {
                bytes += 8;
                Place::Stack(bytes - 8)
            }
        });
    }
    (result, bytes.unsigned_abs())
}

/// What cannot be called as the module says: an import with arguments on the stack, or a call at the end of a function that has less
/// room for arguments on the stack than its callee needs.
pub(in crate::x64) fn check(module: &Module) -> Result<(), String> {
    for func in module.functions.values() {
        let own = stack_bytes(&func.signature);
        if func.kind == FunctionKind::Import && own > 0 {
            return Err(format!(
                "the import `{}` has arguments on the stack: six integers and eight floats are the most",
                func.name
            ));
        }
        for (_, id) in func.each_inst() {
            let (callee, name) = match func.insts[id].inst {
                Inst::TailCall(callee, _) => {
                    let callee = &module.functions[callee];
                    (&callee.signature, callee.name.as_str())
                }
                Inst::TailCallInd(signature, ..) => (&module.signatures[signature], "an address"),
                _ => continue,
            };
            if stack_bytes(callee) > own {
                return Err(format!(
                    "`{}` ends in a call of {name}, whose arguments need more of the stack than its own",
                    func.name
                ));
            }
        }
    }
    Ok(())
}

/// The bytes of arguments on the stack for a signature.
fn stack_bytes(signature: &Signature) -> u32 {
    places(signature.params.iter().copied()).1
}

impl Selector<'_> {
    /// The function's parameters, at its entry.
    pub(super) fn arguments(&mut self) {
        let func = self.func;
        let params = &func.blocks[func.entry()].params;
        let (places, _) = places(params.iter().map(|&param| func.ty(param)));
        let mut build = self.build(Op::Arguments);
        let mut loads = Vec::new();
        for (&param, place) in params.iter().zip(places) {
            if self.demand[param.index()] == 0 {
                continue;
            }
            let vreg = self.vreg(param);
            match place {
                Place::Register(register) => build = build.fixed_def(vreg, register),
                Place::Stack(offset) => loads.push((vreg, offset, func.ty(param))),
            }
        }
        self.emit(build);
        for (vreg, offset, ty) in loads {
            let load = Op::Load(load_of(access_of(ty)));
            let build = self
                .build(load)
                .mem(stack_place(AddressBase::Incoming, offset));
            self.emit(build.dst(Reg::Virtual(vreg)));
        }
    }

    /// A call of a function of the module.
    pub(super) fn call(&mut self, callee: FuncId, args: ValueList, result: Option<Value>) {
        let handler = self.module.functions[callee].kind == FunctionKind::Handler;
        let registers = self.pass(args, AddressBase::Outgoing);
        let symbol = SymbolRef::Module(Symbol::Function(callee));
        let build = self.build(Op::Call).symbol(symbol);
        self.finish_call(build, registers, result, handler);
    }

    /// A call of an address. A callee without parameters and result may be a handler.
    pub(super) fn call_indirect(
        &mut self,
        signature: SigId,
        callee: Value,
        args: ValueList,
        result: Option<Value>,
    ) {
        let signature = &self.module.signatures[signature];
        let handler = signature.params.is_empty() && signature.result.is_none();
        let registers = self.pass(args, AddressBase::Outgoing);
        let build = match self
            .held(callee)
            .is_none()
            .then(|| self.whole_load(callee))
            .flatten()
        {
            Some(place) => self.build(Op::CallMem).mem(place),
            None => {
                let callee = self.reg(callee);
                self.build(Op::CallReg).a(callee)
            }
        };
        self.finish_call(build, registers, result, handler);
    }

    fn finish_call(
        &mut self,
        mut build: Build,
        registers: Vec<(VReg, PReg)>,
        result: Option<Value>,
        handler: bool,
    ) {
        for (vreg, register) in registers {
            build = build.fixed(vreg, register);
        }
        let mut set = self.all.registers.clobbers(handler);
        if let Some(value) = self.wanted(result) {
            let vreg = self.vreg(value);
            let register = match vreg.class() {
                RegClass::Float => xmm(0),
                _ => RAX,
            };
            set.remove(register);
            build = build.fixed_def(vreg, register);
        }
        let set = self.code.clobbers.index_of(set);
        self.code.calls = true;
        self.emit(build.clobbers(set));
    }

    /// The result, if somebody needs it in a register.
    fn wanted(&self, result: Option<Value>) -> Option<Value> {
        result.filter(|value| self.demand[value.index()] > 0)
    }

    /// Stores the arguments that travel on the stack; answers those in registers.
    fn pass(&mut self, args: ValueList, stack: AddressBase) -> Vec<(VReg, PReg)> {
        let args = self.func.values_of(args);
        let types = args.iter().map(|&arg| self.func.ty(arg));
        let (places, bytes) = places(types);
        if stack == AddressBase::Outgoing {
            self.code.outgoing = self.code.outgoing.max(bytes);
        }
        let mut registers = Vec::new();
        let mut stores = Vec::new();
        for (&arg, place) in args.iter().zip(places) {
            match place {
                Place::Register(register) => registers.push((self.argument(arg), register)),
                Place::Stack(offset) => stores.push((arg, self.argument(arg), offset)),
            }
        }
        for (arg, vreg, offset) in stores {
            let op = match self.func.ty(arg) {
                Type::F64 => Op::StoreFloat { double: true },
                Type::F32 => Op::StoreFloat { double: false },
                _ => Op::Store(Width::W64),
            };
            let build = self
                .build(op)
                .a(Reg::Virtual(vreg))
                .mem(stack_place(stack, offset));
            self.emit(build);
        }
        registers
    }

    /// A value in a register that the call may take; addresses of symbols are computed for it.
    fn argument(&mut self, value: Value) -> VReg {
        match self.def(value) {
            Some(Inst::Addr(symbol, offset)) if !self.is_demanded(value) => {
                let copy = self.fresh(RegClass::Int);
                self.symbol_address_into(symbol, offset, Reg::Virtual(copy));
                copy
            }
            _ => self.virtual_reg(value),
        }
    }

    /// A system call.
    pub(super) fn syscall(&mut self, number: Value, args: ValueList, result: Option<Value>) {
        let args = self.func.values_of(args);
        let mut registers = vec![(self.virtual_reg(number), RAX)];
        for (&arg, register) in args.iter().zip(SYSCALL_ARGUMENTS) {
            registers.push((self.virtual_reg(arg), register));
        }
        let mut set: PRegSet = [RAX, RCX, R11].into_iter().collect();
        let mut build = self.build(Op::Syscall);
        for (vreg, register) in registers {
            build = build.fixed(vreg, register);
        }
        if let Some(value) = self.wanted(result) {
            set.remove(RAX);
            build = build.fixed_def(self.vreg(value), RAX);
        }
        let set = self.code.clobbers.index_of(set);
        self.emit(build.clobbers(set));
    }

    /// The time stamp counter.
    pub(super) fn read_time_stamp(&mut self, result: Option<Value>) {
        let vreg = match result {
            Some(value) => self.vreg(value),
            None => self.fresh(RegClass::Int),
        };
        let set = self.code.clobbers.index_of([RDX].into_iter().collect());
        let build = self.build(Op::Rdtsc).fixed_def(vreg, RAX).clobbers(set);
        self.emit(build);
    }

    /// Whether our caller expects registers unchanged that a handler changes.
    fn preserves_more_than_handlers(&self) -> bool {
        self.code.convention != Convention::Handler
    }

    /// Leaves for another function, which returns to our caller.
    pub(super) fn tail_call(&mut self, callee: FuncId, args: ValueList) {
        let handler = self.module.functions[callee].kind == FunctionKind::Handler;
        if handler && self.preserves_more_than_handlers() {
            // Instructions of a root are in their order, so the return comes second.
            self.call(callee, args, None);
            return self.ret(None);
        }
        let registers = self.pass(args, AddressBase::Incoming);
        let symbol = SymbolRef::Module(Symbol::Function(callee));
        let mut build = self.build(Op::TailCall).symbol(symbol);
        for (vreg, register) in registers {
            build = build.fixed(vreg, register);
        }
        self.emit(build);
    }

    /// Leaves for an address. The scratch register survives the end of the frame.
    pub(super) fn tail_call_indirect(&mut self, signature: SigId, callee: Value, args: ValueList) {
        let shape = &self.module.signatures[signature];
        let handler = shape.params.is_empty() && shape.result.is_none();
        if handler && self.preserves_more_than_handlers() {
            self.call_indirect(signature, callee, args, None);
            return self.ret(None);
        }
        let registers = self.pass(args, AddressBase::Incoming);
        let callee = self.virtual_reg(callee);
        let mut build = self.build(Op::TailCallReg).fixed(callee, R11);
        build.inst.a = crate::x64::inst::Slot::Operand(0);
        for (vreg, register) in registers {
            build = build.fixed(vreg, register);
        }
        self.emit(build);
    }

    /// Returns to the caller.
    pub(super) fn ret(&mut self, value: Option<Value>) {
        let mut build_value = None;
        if let Some(value) = value {
            let vreg = self.virtual_reg(value);
            let register = match vreg.class() {
                RegClass::Float => xmm(0),
                _ => RAX,
            };
            build_value = Some((vreg, register));
        }
        let mut build = self.build(Op::Ret);
        if let Some((vreg, register)) = build_value {
            build = build.fixed(vreg, register);
        }
        self.emit(build);
    }
}

fn stack_place(base: AddressBase, displacement: i32) -> MachineAddress {
    MachineAddress {
        base,
        index: None,
        displacement,
        note: Note::None,
    }
}

fn access_of(ty: Type) -> Access {
    match ty {
        Type::F64 => Access::F64,
        Type::F32 => Access::F32,
        _ => Access::I64,
    }
}
