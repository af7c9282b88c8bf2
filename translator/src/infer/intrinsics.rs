//! Intrinsic methods: a closed list of names, each with a shape.

use crate::base::{Diagnostic, Span};
use crate::resolve::{DeclaredType, SourceId};
use crate::syntax::ast::Send;
use crate::typed::{AliasClass, ClassId, Expr, ExprKind, IntType, Intrinsic, MemoryType, Type};

use super::body::{Body, never, plain, poison, unit_of};
use super::builtin::retype;
use super::codes;
use super::scope::Purpose;

/// How a memory intrinsic reaches memory.
struct Access {
    memory: MemoryType,
    store: bool,
    volatile: bool,
}

/// The memory access that a name stands for.
fn access(name: &str) -> Option<Access> {
    let (name, volatile) = match name.strip_prefix("volatile_") {
        Some(rest) => (rest, true),
        None => (name, false),
    };
    let (store, what) = match name.strip_prefix("store_") {
        Some(what) => (true, what),
        None => (false, name.strip_prefix("load_")?),
    };
    let int = |bits: &str, signed| {
        let bits: u8 = bits.parse().ok()?;
        matches!(bits, 8 | 16 | 32 | 64).then_some(MemoryType::Int { bits, signed })
    };
    let memory = match what {
        "f64" => MemoryType::Float64,
        "f32" => MemoryType::Float32,
        "oop" => MemoryType::Oop,
        "address" => MemoryType::Address,
        _ if store => int(what, false)?,
        _ => match what.strip_prefix('u') {
            Some(bits) => int(bits, false)?,
            None => int(what.strip_prefix('s')?, true)?,
        },
    };
    if volatile && !matches!(memory, MemoryType::Int { bits: 64, .. }) {
        return None;
    }
    Some(Access {
        memory,
        store,
        volatile,
    })
}

/// The operation that a name stands for, and the number of arguments.
fn operation(name: &str) -> Option<(Intrinsic, usize)> {
    Some(match name {
        "copy_bytes" => (Intrinsic::CopyBytes, 2),
        "move_bytes" => (Intrinsic::MoveBytes, 2),
        "fill_bytes" => (Intrinsic::FillBytes, 2),
        "fill_words" => (Intrinsic::FillWords, 2),
        "dispatch_through" => (Intrinsic::DispatchThrough, 2),
        "dispatch_ahead" => (Intrinsic::DispatchAhead, 1),
        "enter_interpreter" => (Intrinsic::EnterInterpreter, 0),
        "leave_interpreter" => (Intrinsic::LeaveInterpreter, 0),
        "prefetch" => (Intrinsic::Prefetch, 0),
        "read_timestamp" => (Intrinsic::ReadTimestamp, 0),
        "unreachable" => (Intrinsic::Unreachable, 0),
        _ => {
            let count: usize = name.strip_prefix("syscall")?.parse().ok()?;
            return (count <= 6).then_some((Intrinsic::Syscall, count + 1));
        }
    })
}

impl<'w> Body<'_, 'w> {
    /// A message whose method is intrinsic.
    pub(super) fn intrinsic(
        &mut self,
        class: ClassId,
        method: SourceId,
        receiver: Option<Expr>,
        send: &'w Send,
        span: Span,
    ) -> Expr {
        let info = &self.world.methods[method];
        let Some(name) = info.role.intrinsic.map(|name| self.text(name)) else {
            return poison(span);
        };
        let params: Vec<Type> = info
            .signature
            .iter()
            .flat_map(|signature| &signature.params)
            .filter_map(|param| match param {
                DeclaredType::Value(ty) => Some(*ty),
                _ => None,
            })
            .collect();
        let result = match info.signature.as_ref().map(|signature| signature.result) {
            Some(DeclaredType::Value(ty)) => ty,
            _ => Type::Void,
        };
        if params.len() != send.arguments.len() {
            return self.bad_intrinsic(method, "it needs a signature without blocks");
        }
        let mut arguments = Vec::with_capacity(params.len());
        for (number, (&argument, &ty)) in send.arguments.iter().zip(&params).enumerate() {
            let purpose = Purpose::Argument(number, send.selector);
            let declared = info.signature.as_ref().map(|signature| signature.span);
            arguments.push(self.value_as(argument, ty, purpose, declared));
        }
        if let Some(access) = access(name) {
            return self.memory_access(&access, method, receiver, arguments, result, span);
        }
        if name == "state_base" {
            return match result {
                Type::Word(class) if Some(class) == self.world.address => {
                    plain(ExprKind::StateBase, result, span)
                }
                _ => self.bad_intrinsic(method, "it answers an Address"),
            };
        }
        let Some((operation, count)) = operation(name) else {
            return self.bad_intrinsic(method, "its name is none of the closed list");
        };
        if count != arguments.len() {
            let shape = format!("it takes {count} arguments");
            return self.bad_intrinsic(method, &shape);
        }
        let _ = class;
        self.machine_operation(operation, method, receiver, arguments, result, span)
    }

    fn outside_of_handlers(&mut self, span: Span) -> Expr {
        let message =
            "dispatch and leaveInterpreter stand in handlers and what is expanded in them";
        let error = Diagnostic::error(codes::HANDLER_ONLY, message).primary(span, "");
        self.fail(error.hint(
            "let the method take a block, so that it is expanded, or send it from the handler itself",
        ))
    }

    fn bad_intrinsic(&mut self, method: SourceId, why: &str) -> Expr {
        let info = &self.world.methods[method];
        let message = format!("{} is no intrinsic: {why}", self.inf.method_text(method));
        let error = Diagnostic::error(codes::BAD_INTRINSIC, message).primary(info.span, "");
        self.fail(error.hint("language.md, *Intrinsic methods*, lists the names and shapes"))
    }

    /// Loads and stores: the receiver is an address, the first argument a distance.
    fn memory_access(
        &mut self,
        access: &Access,
        method: SourceId,
        receiver: Option<Expr>,
        arguments: Vec<Expr>,
        result: Type,
        span: Span,
    ) -> Expr {
        let is_address =
            |ty: Type| matches!(ty, Type::Word(class) if Some(class) == self.world.address);
        let Some(base) = receiver.filter(|base| is_address(base.ty) || base.ty == Type::Never)
        else {
            return self.bad_intrinsic(method, "its receiver is an Address");
        };
        let mut arguments = arguments.into_iter();
        let (Some(distance), value) = (arguments.next(), arguments.next()) else {
            return self.bad_intrinsic(method, "its first argument is a distance");
        };
        if base.ty == Type::Never || distance.ty == Type::Never {
            return never([base, distance], span);
        }
        if !matches!(distance.ty, Type::Int(_)) {
            return self.bad_intrinsic(method, "its first argument is a distance");
        }
        let moved = value.as_ref().map_or(result, |value| value.ty);
        if moved == Type::Never {
            return never([base, distance].into_iter().chain(value), span);
        }
        if access.store != value.is_some() || !self.lies_as(moved, access.memory, access.store) {
            return self.bad_intrinsic(
                method,
                "the type that it loads or stores has another form in memory",
            );
        }
        let (index, offset) = match distance.kind {
            ExprKind::Int(offset) => (None, i64::try_from(offset).unwrap_or(0)),
            _ => (Some(Box::new(distance)), 0),
        };
        let alias = if access.volatile {
            AliasClass::Volatile
        } else {
            AliasClass::Raw
        };
        let (memory, base, scale) = (access.memory, Box::new(base), 1);
        let Some(value) = value.map(Box::new) else {
            let kind = ExprKind::Load {
                memory,
                base,
                index,
                scale,
                offset,
                alias,
            };
            return plain(kind, result, span);
        };
        let kind = ExprKind::Store {
            memory,
            base,
            index,
            scale,
            offset,
            value,
            alias,
        };
        plain(kind, Type::Void, span)
    }

    /// Whether values of the type have this form in memory. A store takes the low bits of either sign.
    fn lies_as(&self, ty: Type, memory: MemoryType, store: bool) -> bool {
        let Some(found) = self.inf.facts.memory_type(ty) else {
            return false;
        };
        match (found, memory) {
            (MemoryType::Int { bits: a, .. }, MemoryType::Int { bits: b, .. }) if store => a == b,
            _ => {
                let narrow = matches!(ty, Type::Int(int) if int.bits != int.memory_bits());
                found == memory && (store || !narrow)
            }
        }
    }

    fn machine_operation(
        &mut self,
        operation: Intrinsic,
        method: SourceId,
        receiver: Option<Expr>,
        arguments: Vec<Expr>,
        result: Type,
        span: Span,
    ) -> Expr {
        let handlers_only = matches!(
            operation,
            Intrinsic::DispatchThrough | Intrinsic::DispatchAhead | Intrinsic::LeaveInterpreter
        );
        if handlers_only && !self.handler {
            return self.outside_of_handlers(span);
        }
        let ends = handlers_only || operation == Intrinsic::Unreachable;
        let block = matches!(
            operation,
            Intrinsic::Prefetch
                | Intrinsic::CopyBytes
                | Intrinsic::MoveBytes
                | Intrinsic::FillBytes
                | Intrinsic::FillWords
        );
        let mut operands: Vec<Expr> = Vec::with_capacity(arguments.len() + 1);
        if block {
            let Some(address) = receiver else {
                return self.bad_intrinsic(method, "its receiver is an Address");
            };
            operands.push(address);
            operands.extend(arguments);
            // The second operand of a copy is the source, in the message it stands last.
            if matches!(operation, Intrinsic::CopyBytes | Intrinsic::MoveBytes) {
                operands.swap(1, 2);
            }
        } else {
            operands.extend(arguments);
        }
        for operand in &mut operands {
            if unit_of(operand.ty).is_some() {
                let place = operand.span;
                let taken = std::mem::replace(operand, poison(place));
                let wide = match taken.ty {
                    Type::Int(ty) => Type::Int(IntType { unit: None, ..ty }),
                    other => other,
                };
                *operand = retype(taken, wide, place);
            }
        }
        if operands.iter().any(|operand| operand.ty == Type::Never) {
            return never(operands, span);
        }
        let ty = match operation {
            Intrinsic::Syscall => Type::Int(IntType::INT64),
            Intrinsic::ReadTimestamp => Type::Int(IntType::UINT64),
            _ if ends => Type::Never,
            _ => Type::Void,
        };
        if !ends && result != ty {
            return self.bad_intrinsic(method, &format!("it answers {}", self.type_name(ty)));
        }
        let evaluated = plain(ExprKind::Intrinsic(operation, operands), ty, span);
        if ends {
            self.env.reachable = false;
        }
        evaluated
    }
}
