//! Checked construction of a function, one instruction after another.
//!
//! A builder writes to its current block. After a terminator there is none: [`FunctionBuilder::is_terminated`] is true until
//! the next [`FunctionBuilder::switch_to`]. Operand types are checked as each instruction is made. Variables that are
//! assigned more than once go through [`super::ssa`].

use super::entities::{Alias, Block, FuncId, PinId, SigId, TrapReason, Value};
use super::function::Function;
use super::instruction::{Address, Hint, Inst, Symbol, Target};
use super::locals::Locals;
use super::opcode::{BinaryOp, BlockOp, CheckedOp, FloatCond, IntCond, Kind, UnaryOp};
use super::position::Position;
use super::ssa::Variables;
use super::types::{Access, Type};

/// Builds one function.
#[derive(Debug)]
pub struct FunctionBuilder {
    /// The function so far.
    pub func: Function,
    /// The position of the instructions to come.
    pub position: Position,
    pub(super) current: Option<Block>,
    pub(super) variables: Variables,
    pub(super) locals: Locals,
}

impl FunctionBuilder {
    /// Starts a function without blocks: makes the entry block with the parameters of the signature and switches to it.
    #[must_use]
    pub fn new(mut func: Function) -> Self {
        let entry = func.add_block();
        for ty in func.signature.params.clone() {
            func.add_param(entry, ty);
        }
        let position = func.position;
        let mut builder = Self {
            func,
            position,
            current: None,
            variables: Variables::default(),
            locals: Locals::default(),
        };
        builder.seal_block(entry);
        builder.switch_to(entry);
        builder
    }

    /// The values of the function's parameters.
    #[must_use]
    pub fn params(&self) -> Vec<Value> {
        self.func.blocks[self.func.entry()].params.clone()
    }

    /// Gives the function back.
    ///
    /// # Panics
    /// The current block has no terminator or a block with predecessors is not sealed: bugs of the caller.
    #[must_use]
    pub fn finish(self) -> Function {
        assert!(
            self.current.is_none(),
            "the last block of {} has no terminator",
            self.func.name
        );
        self.variables.check_sealed(&self.func);
        self.func
    }

    /// A new empty block, to be filled after [`Self::switch_to`] and sealed when all its predecessors are known.
    pub fn create_block(&mut self) -> Block {
        self.func.add_block()
    }

    /// A new parameter of a block, before any branch to it is made.
    pub fn add_block_param(&mut self, block: Block, ty: Type) -> Value {
        self.func.add_param(block, ty)
    }

    /// Goes on at the end of a block, which must have no terminator.
    ///
    /// # Panics
    /// The block has a terminator.
    pub fn switch_to(&mut self, block: Block) {
        let last = self.func.blocks[block].insts.last();
        let done = last.is_some_and(|&id| self.func.insts[id].inst.is_terminator());
        assert!(!done, "{block} of {} is complete", self.func.name);
        self.current = Some(block);
        self.enter_snapshot(block, !self.variables.is_sealed(block));
    }

    /// The block that is being filled.
    #[must_use]
    pub fn current(&self) -> Option<Block> {
        self.current
    }

    /// Whether the last block got its terminator, so that code to come would be unreachable.
    #[must_use]
    pub fn is_terminated(&self) -> bool {
        self.current.is_none()
    }

    /// The type of a value.
    #[must_use]
    pub fn ty(&self, value: Value) -> Type {
        self.func.ty(value)
    }

    fn push(&mut self, inst: Inst, result: Option<Type>) -> Option<Value> {
        let block = self
            .current
            .expect("code follows a terminator only after switch_to");
        if inst.is_terminator() {
            self.current = None;
        }
        let value = self.func.append(block, inst, result, self.position);
        if inst.is_terminator() {
            inst.each_target(&self.func, |target| {
                self.variables.add_edge(block, target.block)
            });
        }
        value
    }

    fn value(&mut self, inst: Inst, ty: Type) -> Value {
        self.push(inst, Some(ty)).expect("a result type was given")
    }

    fn check(&self, value: Value, kind: Kind, what: &str) {
        let ty = self.func.ty(value);
        let fits = match kind {
            Kind::Is(wanted) => ty == wanted,
            Kind::IntOrBool => ty == Type::I64 || ty == Type::Bool,
        };
        assert!(
            fits,
            "{what} in {} takes {kind:?}, but {value} is {ty}",
            self.func.name
        );
    }

    fn result_of(&self, kind: Kind, operand: Value) -> Type {
        match kind {
            Kind::Is(ty) => ty,
            Kind::IntOrBool => self.func.ty(operand),
        }
    }

    /// An integer.
    pub fn iconst(&mut self, n: i64) -> Value {
        self.value(Inst::Iconst(n), Type::I64)
    }

    /// A float.
    pub fn fconst(&mut self, x: f64) -> Value {
        self.value(Inst::Fconst(x.to_bits()), Type::F64)
    }

    /// A short float.
    pub fn f32const(&mut self, x: f32) -> Value {
        self.value(Inst::F32const(x.to_bits()), Type::F32)
    }

    /// A boolean.
    pub fn bconst(&mut self, b: bool) -> Value {
        self.value(Inst::Bconst(b), Type::Bool)
    }

    /// The address of a symbol.
    pub fn addr(&mut self, symbol: Symbol, offset: i64) -> Value {
        self.value(Inst::Addr(symbol, offset), Type::Ptr)
    }

    /// A pure operation on two values.
    pub fn binary(&mut self, op: BinaryOp, a: Value, b: Value) -> Value {
        self.check(a, op.operand(), op.name());
        self.check(b, Kind::Is(self.func.ty(a)), op.name());
        let ty = self.result_of(op.result(), a);
        self.value(Inst::Binary(op, a, b), ty)
    }

    /// A pure operation on one value.
    pub fn unary(&mut self, op: UnaryOp, a: Value) -> Value {
        self.check(a, op.operand(), op.name());
        let ty = self.result_of(op.result(), a);
        self.value(Inst::Unary(op, a), ty)
    }

    /// The low bits, sign-extended; for 64 bits the value itself.
    pub fn sext(&mut self, bits: u8, a: Value) -> Value {
        self.check(a, Kind::Is(Type::I64), "sext");
        if bits >= 64 {
            a
        } else {
            self.value(Inst::Sext(bits, a), Type::I64)
        }
    }

    /// The low bits, zero-extended; for 64 bits the value itself.
    pub fn zext(&mut self, bits: u8, a: Value) -> Value {
        self.check(a, Kind::Is(Type::I64), "zext");
        if bits >= 64 {
            a
        } else {
            self.value(Inst::Zext(bits, a), Type::I64)
        }
    }

    /// Arithmetic that traps when the result leaves the range.
    pub fn checked(&mut self, op: CheckedOp, a: Value, b: Value, reason: TrapReason) -> Value {
        self.check(a, op.operand(), op.name());
        self.check(b, op.operand(), op.name());
        self.value(Inst::Checked(op, a, b, reason), Type::I64)
    }

    /// Compares words or booleans of the same type.
    pub fn icmp(&mut self, cond: IntCond, a: Value, b: Value) -> Value {
        assert!(
            !self.ty(a).is_float(),
            "{} in {} takes no float",
            cond.name(),
            self.func.name
        );
        self.check(b, Kind::Is(self.func.ty(a)), cond.name());
        self.value(Inst::Icmp(cond, a, b), Type::Bool)
    }

    /// Compares floats.
    pub fn fcmp(&mut self, cond: FloatCond, a: Value, b: Value) -> Value {
        self.check(a, cond.operand(), cond.name());
        self.check(b, cond.operand(), cond.name());
        self.value(Inst::Fcmp(cond, a, b), Type::Bool)
    }

    /// `a` if `c`, else `b`.
    pub fn select(&mut self, c: Value, a: Value, b: Value) -> Value {
        self.check(c, Kind::Is(Type::Bool), "select");
        self.check(b, Kind::Is(self.func.ty(a)), "select");
        let ty = self.func.ty(a);
        self.value(Inst::Select(c, a, b), ty)
    }

    /// The same word as another of `i64`, `oop`, `ptr`; the value itself if it has that type.
    pub fn cast(&mut self, ty: Type, a: Value) -> Value {
        let from = self.ty(a);
        assert!(
            ty.is_word() && from.is_word(),
            "cast of {from} to {ty} in {}",
            self.func.name
        );
        if from == ty {
            a
        } else {
            self.value(Inst::Cast(ty, a), ty)
        }
    }

    /// Reads memory.
    pub fn load(&mut self, access: Access, address: Address, alias: Alias) -> Value {
        self.value(Inst::Load(access, address, alias), access.ty())
    }

    /// Writes memory.
    pub fn store(&mut self, access: Access, value: Value, address: Address, alias: Alias) {
        self.check(value, Kind::Is(access.ty()), "store");
        self.push(Inst::Store(access, value, address, alias), None);
    }

    /// Reads a pinned register; `ty` is the pin's.
    pub fn pin_get(&mut self, pin: PinId, ty: Type) -> Value {
        self.value(Inst::PinGet(pin), ty)
    }

    /// Writes a pinned register.
    pub fn pin_set(&mut self, pin: PinId, value: Value) {
        self.push(Inst::PinSet(pin, value), None);
    }

    /// Calls a function; `result` is the callee's.
    pub fn call(&mut self, callee: FuncId, args: &[Value], result: Option<Type>) -> Option<Value> {
        let args = self.func.value_list(args);
        self.push(Inst::Call(callee, args), result)
    }

    /// Calls an address; `result` is the signature's.
    pub fn call_ind(
        &mut self,
        sig: SigId,
        callee: Value,
        args: &[Value],
        result: Option<Type>,
    ) -> Option<Value> {
        self.check(callee, Kind::Is(Type::Ptr), "callind");
        let args = self.func.value_list(args);
        self.push(Inst::CallInd(sig, callee, args), result)
    }

    /// A system call with up to 6 arguments.
    pub fn syscall(&mut self, number: Value, args: &[Value]) -> Value {
        let args = self.func.value_list(args);
        self.value(Inst::Syscall(number, args), Type::I64)
    }

    /// Copies or fills memory.
    pub fn block_op(&mut self, op: BlockOp, destination: Value, source: Value, length: Value) {
        self.check(destination, Kind::Is(Type::Ptr), op.name());
        self.check(
            source,
            Kind::Is(if op.reads() { Type::Ptr } else { Type::I64 }),
            op.name(),
        );
        self.check(length, Kind::Is(Type::I64), op.name());
        self.push(Inst::Block(op, destination, source, length), None);
    }

    /// Traps if `c`.
    pub fn trap_if(&mut self, c: Value, reason: TrapReason) {
        self.check(c, Kind::Is(Type::Bool), "trap.if");
        self.push(Inst::TrapIf(c, reason), None);
    }

    /// The time stamp counter.
    pub fn rdtsc(&mut self) -> Value {
        self.value(Inst::Rdtsc, Type::I64)
    }

    /// Asks the caches for the line at an address.
    pub fn prefetch(&mut self, address: Value) {
        self.check(address, Kind::Is(Type::Ptr), "prefetch");
        self.push(Inst::Prefetch(address), None);
    }

    /// All memory may have changed.
    pub fn fence(&mut self) {
        self.push(Inst::Fence, None);
    }

    /// Goes to a block.
    pub fn jump(&mut self, block: Block, args: &[Value]) {
        let target = self.func.target(block, args);
        self.push(Inst::Jump(target), None);
    }

    /// Goes to `yes` if `c`, else to `no`; neither has parameters of its own.
    pub fn br(&mut self, c: Value, yes: Block, no: Block, hint: Hint) {
        self.br_args(c, (yes, &[]), (no, &[]), hint);
    }

    /// Goes to the first block with its arguments if `c`, else to the second.
    pub fn br_args(&mut self, c: Value, yes: (Block, &[Value]), no: (Block, &[Value]), hint: Hint) {
        self.check(c, Kind::Is(Type::Bool), "br");
        let yes = self.func.target(yes.0, yes.1);
        let no = self.func.target(no.0, no.1);
        self.push(Inst::Br(c, yes, no, hint), None);
    }

    /// Goes to the numbered block or to the default. Each edge gets a block of its own, so that the targets may have variables.
    pub fn switch(&mut self, value: Value, targets: &[Block], default: Block) {
        self.check(value, Kind::Is(Type::I64), "switch");
        let mut edges: Vec<(Block, Block)> = Vec::new();
        let mut edge_to = |builder: &mut Self, target: Block| {
            if let Some(&(_, edge)) = edges.iter().find(|(known, _)| *known == target) {
                return edge;
            }
            let edge = builder.create_block();
            edges.push((target, edge));
            edge
        };
        let blocks: Vec<Block> = targets
            .iter()
            .map(|&target| edge_to(self, target))
            .collect();
        let default = edge_to(self, default);
        let list = self.func.block_list(&blocks);
        self.push(Inst::Switch(value, list, default), None);
        for (target, edge) in edges {
            self.seal_block(edge);
            self.switch_to(edge);
            self.jump(target, &[]);
        }
    }

    /// Arithmetic that goes to `overflow` when the result leaves the range; else goes on in a new block with the result.
    pub fn br_checked(&mut self, op: CheckedOp, a: Value, b: Value, overflow: Block) -> Value {
        self.check(a, op.operand(), op.name());
        self.check(b, op.operand(), op.name());
        let normal = self.create_block();
        let result = self.add_block_param(normal, Type::I64);
        self.push(
            Inst::BrChecked(op, a, b, Target::to(normal), Target::to(overflow)),
            None,
        );
        self.seal_block(normal);
        self.switch_to(normal);
        result
    }

    /// Returns.
    pub fn ret(&mut self, value: Option<Value>) {
        self.push(Inst::Ret(value), None);
    }

    /// Calls a function that returns to our caller.
    pub fn tail_call(&mut self, callee: FuncId, args: &[Value]) {
        let args = self.func.value_list(args);
        self.push(Inst::TailCall(callee, args), None);
    }

    /// Calls an address that returns to our caller.
    pub fn tail_call_ind(&mut self, sig: SigId, callee: Value, args: &[Value]) {
        self.check(callee, Kind::Is(Type::Ptr), "tailcallind");
        let args = self.func.value_list(args);
        self.push(Inst::TailCallInd(sig, callee, args), None);
    }

    /// Always traps.
    pub fn trap(&mut self, reason: TrapReason) {
        self.push(Inst::Trap(reason), None);
    }

    /// Control does not come here.
    pub fn unreachable(&mut self) {
        self.push(Inst::Unreachable, None);
    }

    /// Ends a handler.
    pub fn dispatch(&mut self) {
        self.push(Inst::Dispatch, None);
    }
}
