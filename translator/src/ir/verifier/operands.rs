//! Types and names of single instructions.

use super::{Type, Verifier};
use crate::ir::entities::{FuncId, InstId, SigId, Value};
use crate::ir::function::FunctionKind;
use crate::ir::instruction::{Address, Base, Inst, Symbol, ValueList};
use crate::ir::opcode::Kind;
use crate::ir::types::Signature;

impl Verifier<'_> {
    /// Rule `position`.
    pub(super) fn position(&mut self, id: InstId) {
        let site = self.func.insts[id].position.site;
        let known = self.func.activations.contains(site);
        self.require("position", known, || {
            format!("{site} is no activation of the function")
        });
    }

    /// Rule `name`.
    pub(super) fn names(&mut self, inst: &Inst) {
        let module = self.module;
        let known = match *inst {
            Inst::Addr(symbol, _) => match symbol {
                Symbol::Function(id) => module.functions.contains(id),
                Symbol::Data(id) => module.data.contains(id),
                Symbol::Field(id) => module.fields.contains(id),
                Symbol::Table(id) => module.tables.contains(id),
            },
            Inst::Checked(.., reason) | Inst::TrapIf(_, reason) | Inst::Trap(reason) => {
                module.trap_reasons.contains(reason)
            }
            Inst::Load(_, address, class) | Inst::Store(_, _, address, class) => {
                let field = match address.base {
                    Base::Field(field) => module.fields.contains(field),
                    Base::Value(_) => true,
                };
                let named = class.part().is_none_or(|part| module.parts.contains(part));
                field && named && module.alias_classes.contains(class.class())
            }
            Inst::PinGet(pin) | Inst::PinSet(pin, _) => module.pins.contains(pin),
            Inst::Call(callee, _) | Inst::TailCall(callee, _) => module.functions.contains(callee),
            Inst::CallInd(sig, ..) | Inst::TailCallInd(sig, ..) => module.signatures.contains(sig),
            _ => true,
        };
        self.require("name", known, || {
            "it names what the module does not have".into()
        });
    }

    /// Rules about the operands and the result of one instruction.
    pub(super) fn instruction(&mut self, id: InstId) {
        let data = self.func.insts[id];
        let expected = match data.inst {
            Inst::Iconst(_) | Inst::Rdtsc => Some(Type::I64),
            Inst::Fconst(_) => Some(Type::F64),
            Inst::F32const(_) => Some(Type::F32),
            Inst::Bconst(_) => Some(Type::Bool),
            Inst::Addr(..) => Some(Type::Ptr),
            Inst::Binary(op, a, b) => {
                self.kind(a, op.operand());
                self.is(b, self.func.ty(a));
                Some(self.result_of(op.result(), a))
            }
            Inst::Unary(op, a) => {
                self.kind(a, op.operand());
                Some(self.result_of(op.result(), a))
            }
            Inst::Sext(bits, a) | Inst::Zext(bits, a) => {
                self.require("width", (1..=63).contains(&bits), || format!("{bits} bits"));
                self.is(a, Type::I64);
                Some(Type::I64)
            }
            Inst::Checked(_, a, b, _) => {
                self.is(a, Type::I64);
                self.is(b, Type::I64);
                Some(Type::I64)
            }
            Inst::Icmp(cond, a, b) => {
                let ty = self.func.ty(a);
                let ordered = ty == Type::I64 || (ty == Type::Ptr && !cond.is_signed());
                let right = !ty.is_float() && (cond.is_equality() || ordered);
                self.require("operand", right, || {
                    format!("{} takes no {ty}", cond.name())
                });
                self.is(b, ty);
                Some(Type::Bool)
            }
            Inst::Fcmp(_, a, b) => {
                self.is(a, Type::F64);
                self.is(b, Type::F64);
                Some(Type::Bool)
            }
            Inst::Select(c, a, b) => {
                self.is(c, Type::Bool);
                self.is(b, self.func.ty(a));
                Some(self.func.ty(a))
            }
            Inst::Cast(ty, a) => {
                let right = ty.is_word() && self.func.ty(a).is_word();
                self.require("operand", right, || {
                    "cast connects i64, oop and ptr only".into()
                });
                Some(ty)
            }
            _ => self.effectful(&data.inst),
        };
        let result = data.result.map(|value| self.func.ty(value));
        // The result of a call may be ignored, but then it has no value at all.
        let ignored = data.inst.is_call() && result.is_none();
        self.require("result", ignored || result == expected, || {
            format!("the result is {result:?}, not {expected:?}")
        });
    }

    /// Instructions with effects and terminators; the type of the result.
    fn effectful(&mut self, inst: &Inst) -> Option<Type> {
        match *inst {
            Inst::Load(access, address, _) => {
                self.address(address);
                Some(access.ty())
            }
            Inst::Store(access, value, address, _) => {
                self.is(value, access.ty());
                self.address(address);
                None
            }
            Inst::PinGet(pin) => Some(self.module.pins[pin].ty),
            Inst::PinSet(pin, value) => {
                self.is(value, self.module.pins[pin].ty);
                None
            }
            Inst::Prefetch(address) => {
                self.is(address, Type::Ptr);
                None
            }
            Inst::Call(callee, args) => {
                let func = &self.module.functions[callee];
                self.arguments(&func.signature, args);
                let right = func.kind != FunctionKind::Handler;
                self.require("handler", right, || {
                    format!("{} is a handler and is not called", func.name)
                });
                func.signature.result
            }
            Inst::CallInd(sig, callee, args) => self.indirect(sig, callee, args),
            Inst::Syscall(number, args) => {
                self.is(number, Type::I64);
                self.require("call", args.len() <= 6, || {
                    format!("{} arguments", args.len())
                });
                for &value in self.func.values_of(args) {
                    let ty = self.func.ty(value);
                    self.require("operand", ty.is_word(), || {
                        format!("{value} is {ty}, not a word")
                    });
                }
                Some(Type::I64)
            }
            Inst::Block(op, destination, source, length) => {
                self.is(destination, Type::Ptr);
                self.is(source, if op.reads() { Type::Ptr } else { Type::I64 });
                self.is(length, Type::I64);
                None
            }
            _ => {
                self.control(inst);
                None
            }
        }
    }

    /// Traps and terminators.
    fn control(&mut self, inst: &Inst) {
        match *inst {
            Inst::TrapIf(c, _) | Inst::Br(c, ..) => {
                self.is(c, Type::Bool);
            }
            Inst::Switch(value, ..) => {
                self.is(value, Type::I64);
            }
            Inst::BrChecked(_, a, b, ..) => {
                self.is(a, Type::I64);
                self.is(b, Type::I64);
            }
            Inst::Ret(value) => {
                let ty = value.map(|value| self.func.ty(value));
                let wanted = self.func.signature.result;
                self.require("return", ty == wanted, || {
                    format!("it returns {ty:?}, the function {wanted:?}")
                });
            }
            Inst::TailCall(callee, args) => {
                self.tail_call(callee, args);
            }
            Inst::TailCallInd(sig, callee, args) => {
                let result = self.indirect(sig, callee, args);
                let right = result == self.func.signature.result;
                self.require("tailcall", right, || {
                    "the signature has another result".into()
                });
            }
            Inst::Dispatch => {
                let right = self.func.kind == FunctionKind::Handler;
                self.require("handler", right, || {
                    "only a handler ends with dispatch".into()
                });
                let right =
                    self.module.instruction_pin.is_some() && self.module.dispatch_pin.is_some();
                self.require("handler", right, || {
                    "the module names no pins for dispatch".into()
                });
            }
            _ => {}
        }
    }

    fn tail_call(&mut self, callee: FuncId, args: ValueList) {
        let callee = &self.module.functions[callee];
        self.arguments(&callee.signature, args);
        let right = callee.signature.result == self.func.signature.result;
        self.require("tailcall", right, || {
            format!("{} has another result", callee.name)
        });
        let (from, to) = (
            self.func.kind == FunctionKind::Handler,
            callee.kind == FunctionKind::Handler,
        );
        self.require("tailcall", from == to, || {
            format!("{} is a handler and the other is not", callee.name)
        });
        let right = callee.kind != FunctionKind::Import;
        self.require("tailcall", right, || {
            format!("{} is an import", callee.name)
        });
    }

    fn indirect(&mut self, sig: SigId, callee: Value, args: ValueList) -> Option<Type> {
        let signature = &self.module.signatures[sig];
        self.is(callee, Type::Ptr);
        self.arguments(signature, args);
        signature.result
    }

    fn arguments(&mut self, signature: &Signature, args: ValueList) {
        let types: Vec<Type> = self
            .func
            .values_of(args)
            .iter()
            .map(|&value| self.func.ty(value))
            .collect();
        let right = types == signature.params;
        self.require("call", right, || {
            format!(
                "the callee takes {:?}, but gets {types:?}",
                signature.params
            )
        });
    }

    fn address(&mut self, address: Address) {
        if let Base::Value(value) = address.base {
            let ty = self.func.ty(value);
            self.require("address", ty.is_word(), || format!("base {value} is {ty}"));
        }
        if let Some((index, scale)) = address.index {
            let ty = self.func.ty(index);
            self.require("address", ty == Type::I64, || {
                format!("index {index} is {ty}")
            });
            self.require("address", matches!(scale, 1 | 2 | 4 | 8), || {
                format!("scale {scale}")
            });
        }
    }

    fn is(&mut self, value: Value, wanted: Type) {
        let ty = self.func.ty(value);
        self.require("operand", ty == wanted, || {
            format!("{value} is {ty}, not {wanted}")
        });
    }

    fn kind(&mut self, value: Value, kind: Kind) {
        match kind {
            Kind::Is(wanted) => self.is(value, wanted),
            Kind::IntOrBool => {
                let ty = self.func.ty(value);
                let right = ty == Type::I64 || ty == Type::Bool;
                self.require("operand", right, || {
                    format!("{value} is {ty}, not i64 or bool")
                });
            }
        }
    }

    fn result_of(&self, kind: Kind, operand: Value) -> Type {
        match kind {
            Kind::Is(ty) => ty,
            Kind::IntOrBool => self.func.ty(operand),
        }
    }
}
