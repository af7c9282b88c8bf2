//! Operations that are neither memory accesses nor arithmetic.

use super::function::Lowering;
use super::memory;
use crate::ir::{self, Address, Alias, BinaryOp, BlockOp, FunctionKind, Value};
use crate::typed::{Expr, Intrinsic, Trap};

/// Bytes of an entry of a dispatch table.
const ENTRY_SCALE: u8 = 8;

impl Lowering<'_> {
    pub(super) fn intrinsic(&mut self, intrinsic: Intrinsic, args: &[Expr]) -> Option<Value> {
        let values = self.values(args)?;
        match intrinsic {
            Intrinsic::Syscall => {
                let words: Vec<Value> = values
                    .iter()
                    .map(|&value| self.coerce(value, ir::Type::I64))
                    .collect();
                let (&number, rest) = words.split_first()?;
                return Some(self.b.syscall(number, rest));
            }
            Intrinsic::CopyBytes => self.move_block(BlockOp::MemCopy, &values),
            Intrinsic::MoveBytes => self.move_block(BlockOp::MemMove, &values),
            Intrinsic::FillBytes => self.fill_block(BlockOp::MemFill, &values),
            Intrinsic::FillWords => self.fill_block(BlockOp::MemFill64, &values),
            Intrinsic::DispatchThrough => {
                let table = self.coerce(values[1], ir::Type::Ptr);
                self.dispatch_to(values[0], table);
            }
            Intrinsic::DispatchAhead => match self.dispatch_table() {
                Some(table) => self.dispatch_to(values[0], table),
                None => return self.refuse("a dispatch without a field pinned to r14"),
            },
            Intrinsic::EnterInterpreter => return self.enter_interpreter(),
            Intrinsic::LeaveInterpreter => {
                if self.b.func.kind != FunctionKind::Handler {
                    return self.refuse("leaveInterpreter outside of a handler");
                }
                self.b.ret(None);
            }
            Intrinsic::Prefetch => {
                let address = self.coerce(values[0], ir::Type::Ptr);
                self.b.prefetch(address);
            }
            Intrinsic::ReadTimestamp => return Some(self.b.rdtsc()),
            Intrinsic::Unreachable => self.b.trap(self.shared.reason(Trap::Unreachable)),
        }
        None
    }

    /// Destination, source, size.
    fn move_block(&mut self, op: BlockOp, values: &[Value]) {
        let to = self.coerce(values[0], ir::Type::Ptr);
        let from = self.coerce(values[1], ir::Type::Ptr);
        let size = self.coerce(values[2], ir::Type::I64);
        self.b.block_op(op, to, from, size);
    }

    /// Destination, number, content.
    fn fill_block(&mut self, op: BlockOp, values: &[Value]) {
        let to = self.coerce(values[0], ir::Type::Ptr);
        let number = self.coerce(values[1], ir::Type::I64);
        let content = self.coerce(values[2], ir::Type::I64);
        self.b.block_op(op, to, content, number);
    }

    fn dispatch_table(&mut self) -> Option<Value> {
        let (pin, ty) = self.pin(self.shared.dispatch_field)?;
        let table = self.b.pin_get(pin, ty);
        Some(self.coerce(table, ir::Type::Ptr))
    }

    fn handler_at(&mut self, opcode: Value, table: Value) -> Value {
        let opcode = self.coerce(opcode, ir::Type::I64);
        let address = Address {
            base: ir::Base::Value(table),
            index: Some((opcode, ENTRY_SCALE)),
            offset: 0,
        };
        self.b.load(memory::WORD_ACCESS, address, Alias::ANY)
    }

    /// Ends a handler with a jump to the handler of an opcode.
    fn dispatch_to(&mut self, opcode: Value, table: Value) {
        if self.b.func.kind != FunctionKind::Handler {
            self.refuse("a dispatch outside of a handler");
            return;
        }
        let handler = self.handler_at(opcode, table);
        self.b
            .tail_call_ind(self.shared.handler_signature, handler, &[]);
    }

    /// Fetches the first opcode and calls its handler.
    fn enter_interpreter(&mut self) -> Option<Value> {
        let Some((pin, ty)) = self.pin(self.shared.instruction_field) else {
            return self.refuse("enterInterpreter without a field pinned to r12");
        };
        let Some(table) = self.dispatch_table() else {
            return self.refuse("enterInterpreter without a field pinned to r14");
        };
        let pointer = self.b.pin_get(pin, ty);
        let opcode = self
            .b
            .load(ir::Access::U8, Address::value(pointer, 0), Alias::ANY);
        let one = self.b.iconst(1);
        let position = self.coerce(pointer, ir::Type::I64);
        let next = self.b.binary(BinaryOp::Add, position, one);
        let next = self.coerce(next, ty);
        self.b.pin_set(pin, next);
        let handler = self.handler_at(opcode, table);
        self.b
            .call_ind(self.shared.handler_signature, handler, &[], None);
        self.places
            .interpreter_entries
            .extend(self.b.func.insts.last().map(|(id, _)| id));
        None
    }
}
