//! The machine: runs compiled trees.

use super::code::{
    Body, CaseNode, Code, FUNCTION_BASE, ForNode, Node, STATE_BASE, STRING_BASE, Site, TABLE_BASE,
};
use super::fault::{Fault, FaultKind, Outcome};
use super::float;
use super::memory::{Memory, Protection};
use super::system::{ENOSYS, System, SystemOptions};
use crate::base::entity::EntityRef;
use crate::typed::{Intrinsic, MethodId, Trap};

/// What a run may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Calls and loop steps.
    pub fuel: u64,
    /// Nested calls.
    pub depth: usize,
    /// Bytecodes.
    pub bytecodes: u64,
}

/// Why an evaluation does not answer a value. What belongs to it lies in the machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stop {
    /// Leave a labelled expression with `value`.
    Exit(u32),
    /// Leave the method with `value`.
    Return,
    /// End the handler; `next` says how.
    Handler,
    /// End the run; `outcome` says how.
    Halt,
}

/// What runs after a handler.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Next {
    /// The handler of the next opcode.
    Fetch,
    /// The handler at an address, which is a bytecode of its own.
    Bytecode(u64),
    /// Another handler for the same bytecode.
    Redirect(u64),
    /// The caller of the interpreter.
    Leave,
}

pub(super) type Eval = Result<i128, Stop>;

/// An activation, for messages.
struct Activation {
    method: MethodId,
}

/// A program that is being run.
pub struct Machine<'a> {
    pub(super) code: &'a Code,
    /// Its memory.
    pub memory: Memory,
    /// What the operating system knows of it.
    pub system: System,
    /// How many bytecodes were run.
    pub bytecodes: u64,
    pub(super) limits: Limits,
    pub(super) stack: Vec<i128>,
    base: usize,
    callers: Vec<Activation>,
    pub(super) pins: Vec<u64>,
    pub(super) value: i128,
    pub(super) next: Next,
    pub(super) outcome: Option<Outcome>,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            fuel: u64::MAX,
            depth: 10_000,
            bytecodes: u64::MAX,
        }
    }
}

impl<'a> Machine<'a> {
    /// A program with zeroed state.
    #[must_use]
    pub fn new(code: &'a Code, limits: Limits, system: SystemOptions) -> Self {
        let mut memory = Memory::default();
        memory.add_region(
            "the state record",
            STATE_BASE,
            code.state_size,
            Protection::READ_WRITE,
        );
        memory.add_region(
            "string constants",
            STRING_BASE,
            code.strings.len() as u64,
            Protection::READ,
        );
        memory.add_region(
            "collected tables",
            TABLE_BASE,
            code.tables.len() as u64,
            Protection::READ,
        );
        memory.add_region(
            "code",
            FUNCTION_BASE,
            super::code::FUNCTION_STEP * code.methods.len() as u64,
            Protection::NONE,
        );
        memory.put(STRING_BASE, &code.strings);
        memory.put(TABLE_BASE, &code.tables);
        Machine {
            code,
            memory,
            system: System::new(system),
            bytecodes: 0,
            limits,
            stack: Vec::with_capacity(1024),
            base: 0,
            callers: Vec::new(),
            pins: vec![0; code.pins.len()],
            value: 0,
            next: Next::Fetch,
            outcome: None,
        }
    }

    /// Calls a method.
    pub fn call(&mut self, method: MethodId, args: &[i128]) -> Outcome {
        self.outcome = None;
        let base = self.stack.len();
        self.stack.extend_from_slice(args);
        match self.invoke(method, base) {
            Ok(value) => Outcome::Value(value),
            Err(_) => {
                self.stack.truncate(base);
                self.callers.clear();
                self.outcome.take().unwrap_or(Outcome::Value(self.value))
            }
        }
    }

    /// The content of a pinned field.
    #[must_use]
    pub fn pin(&self, name: &str) -> Option<u64> {
        let position = self.code.pins.iter().position(|known| known == name)?;
        self.pins.get(position).copied()
    }

    /// The address at which the state record stands.
    #[must_use]
    pub fn state_base() -> u64 {
        STATE_BASE
    }

    pub(super) fn fail<T>(&mut self, kind: FaultKind, site: Site) -> Result<T, Stop> {
        let (method, span) = self.code.sites[site.0 as usize];
        self.fail_at(kind, method, span)
    }

    pub(super) fn fail_at<T>(
        &mut self,
        kind: FaultKind,
        method: MethodId,
        span: crate::base::source::Span,
    ) -> Result<T, Stop> {
        let name =
            |activation: &Activation| self.code.methods[activation.method.index()].name.clone();
        let callers = self.callers.iter().rev().take(50).map(name).collect();
        self.outcome = Some(Outcome::Fault(Box::new(Fault {
            kind,
            method,
            span,
            callers,
        })));
        Err(Stop::Halt)
    }

    pub(super) fn trap<T>(&mut self, trap: Trap, site: Site) -> Result<T, Stop> {
        self.fail(FaultKind::Trap(trap), site)
    }

    pub(super) fn halt<T>(&mut self, outcome: Outcome) -> Result<T, Stop> {
        self.outcome = Some(outcome);
        Err(Stop::Halt)
    }

    /// Runs a method whose arguments lie on the stack from `base` on; takes them off.
    pub(super) fn invoke(&mut self, method: MethodId, base: usize) -> Eval {
        let code = &self.code.methods[method.index()];
        self.burn(method)?;
        self.stack
            .resize(base + code.n_locals.max(code.n_params), 0);
        let saved = std::mem::replace(&mut self.base, base);
        self.callers.push(Activation { method });
        let result = match &code.body {
            Body::Code(node) => self.eval(node),
            Body::Import(symbol) => self.import(symbol, method, base),
        };
        let result = match result {
            Err(Stop::Return) => Ok(self.value),
            other => other,
        };
        self.callers.pop();
        self.base = saved;
        self.stack.truncate(base);
        result
    }

    fn burn(&mut self, method: MethodId) -> Result<(), Stop> {
        let span = self.code.methods[method.index()].span;
        if self.callers.len() >= self.limits.depth {
            return self.fail_at(FaultKind::TooDeep, method, span);
        }
        match self.limits.fuel.checked_sub(1) {
            Some(rest) => self.limits.fuel = rest,
            None => return self.fail_at(FaultKind::OutOfFuel, method, span),
        }
        Ok(())
    }

    fn step(&mut self, site: Site) -> Result<(), Stop> {
        match self.limits.fuel.checked_sub(1) {
            Some(rest) => {
                self.limits.fuel = rest;
                Ok(())
            }
            None => self.fail(FaultKind::OutOfFuel, site),
        }
    }

    /// The value of an expression.
    #[expect(
        clippy::too_many_lines,
        reason = "one dispatch over all operations, most of them one line"
    )]
    pub(super) fn eval(&mut self, node: &'a Node) -> Eval {
        match node {
            Node::Const(value) => Ok(*value),
            Node::Local(slot) => Ok(self.stack[self.base + *slot as usize]),
            Node::SetLocal(slot, value) => {
                let value = self.eval(value)?;
                self.stack[self.base + *slot as usize] = value;
                Ok(value)
            }
            Node::Pin(pin) => Ok(self.pins[*pin as usize].into()),
            Node::SetPin(pin, value) => {
                let value = self.eval(value)?;
                self.pins[*pin as usize] = value as u64;
                Ok(value)
            }
            Node::LoadAt(memory, address, site) => self.load(*memory, *address, *site),
            Node::StoreAt(memory, address, value, site) => {
                let value = self.eval(value)?;
                self.store(*memory, *address, value, *site)?;
                Ok(value)
            }
            Node::Load(memory, place, site) => {
                let address = self.place(place, *memory, *site)?;
                self.load(*memory, address, *site)
            }
            Node::Store(memory, parts, site) => {
                let address = self.place(&parts.0, *memory, *site)?;
                let value = self.eval(&parts.1)?;
                self.store(*memory, address, value, *site)?;
                Ok(0)
            }
            Node::Address(place, site) => {
                let byte = crate::typed::MemoryType::Int {
                    bits: 8,
                    signed: false,
                };
                self.place(place, byte, *site).map(i128::from)
            }
            Node::Binary(op, mode, operands, site) => {
                let a = self.eval(&operands.0)?;
                let b = self.eval(&operands.1)?;
                self.binary(*op, *mode, a, b, *site)
            }
            Node::Compare(op, operands) => {
                let a = self.eval(&operands.0)?;
                let b = self.eval(&operands.1)?;
                Ok(i128::from(op.holds(a, b)))
            }
            Node::If(parts) => {
                if self.eval(&parts.0)? != 0 {
                    self.eval(&parts.1)
                } else {
                    self.eval(&parts.2)
                }
            }
            Node::And(parts) => Ok(i128::from(
                self.eval(&parts.0)? != 0 && self.eval(&parts.1)? != 0,
            )),
            Node::Or(parts) => Ok(i128::from(
                self.eval(&parts.0)? != 0 || self.eval(&parts.1)? != 0,
            )),
            Node::Not(value) => Ok(i128::from(self.eval(value)? == 0)),
            Node::Seq(nodes) => {
                let mut value = 0;
                for node in nodes {
                    value = self.eval(node)?;
                }
                Ok(value)
            }
            Node::Call(method, args) => {
                let base = self.stack.len();
                self.push_all(args)?;
                self.direct_call(*method, base)
            }
            Node::Return(value) => {
                self.value = self.eval(value)?;
                Err(Stop::Return)
            }
            Node::Labelled(..)
            | Node::Exit(..)
            | Node::Loop(..)
            | Node::For(..)
            | Node::Case(..) => self.control(node),
            Node::Proven(..)
            | Node::Check(..)
            | Node::Truncate(..)
            | Node::Unary(..)
            | Node::IfOverflow(..) => self.integer(node),
            Node::FloatCompare(..)
            | Node::Float(..)
            | Node::IntToFloat(..)
            | Node::FloatToFloat(..)
            | Node::Truncated(..) => self.floating(node),
            Node::CallFunction(parts, site) => {
                let address = self.eval(&parts.0)? as u64;
                let base = self.stack.len();
                self.push_all(&parts.1)?;
                match self.code.method_at(address) {
                    Some(method) if self.code.methods[method.index()].signature == parts.2 => {
                        self.direct_call(method, base)
                    }
                    _ => self.fail(FaultKind::BadFunction(address), *site),
                }
            }
            Node::Assert(condition, site) => match self.eval(condition)? {
                0 => self.trap(Trap::Assertion, *site),
                _ => Ok(0),
            },
            Node::Intrinsic(intrinsic, args, site) => self.intrinsic(*intrinsic, args, *site),
        }
    }

    fn push_all(&mut self, args: &'a [Node]) -> Result<(), Stop> {
        for arg in args {
            let value = self.eval(arg)?;
            self.stack.push(value);
        }
        Ok(())
    }

    /// A call; a handler that is called runs in place of its caller.
    fn direct_call(&mut self, method: MethodId, base: usize) -> Eval {
        let value = self.invoke(method, base)?;
        if self.code.methods[method.index()].is_handler {
            self.next = Next::Fetch;
            return Err(Stop::Handler);
        }
        Ok(value)
    }

    fn control(&mut self, node: &'a Node) -> Eval {
        let depth = self.stack.len();
        match node {
            Node::Labelled(label, body) => match self.eval(body) {
                Err(Stop::Exit(left)) if left == *label => {
                    self.stack.truncate(depth);
                    Ok(self.value)
                }
                other => other,
            },
            Node::Exit(label, value) => {
                self.value = self.eval(value)?;
                Err(Stop::Exit(*label))
            }
            Node::Loop(label, body, site) => loop {
                self.step(*site)?;
                match self.eval(body) {
                    Ok(_) => {}
                    Err(Stop::Exit(left)) if left == *label => {
                        self.stack.truncate(depth);
                        return Ok(self.value);
                    }
                    Err(stop) => return Err(stop),
                }
            },
            Node::For(parts, site) => self.counted_loop(parts, *site),
            Node::Case(case, site) => self.case(case, *site),
            _ => unreachable!("control is called for control nodes only"),
        }
    }

    fn counted_loop(&mut self, parts: &'a ForNode, site: Site) -> Eval {
        let mut index = self.eval(&parts.from)?;
        let limit = self.eval(&parts.to)?;
        while if parts.step > 0 {
            index <= limit
        } else {
            index >= limit
        } {
            self.step(site)?;
            self.stack[self.base + parts.variable as usize] = index;
            self.eval(&parts.body)?;
            index += parts.step;
        }
        Ok(0)
    }

    fn case(&mut self, case: &'a CaseNode, site: Site) -> Eval {
        let scrutinee = self.eval(&case.scrutinee)?;
        match (case.choices.get(&scrutinee), &case.otherwise) {
            (Some(&arm), _) => self.eval(&case.arms[arm as usize]),
            (None, Some(otherwise)) => self.eval(otherwise),
            (None, None) => self.trap(Trap::NoCase, site),
        }
    }

    fn intrinsic(&mut self, intrinsic: Intrinsic, args: &'a [Node], site: Site) -> Eval {
        let mut values = [0_i128; 7];
        for (value, arg) in values.iter_mut().zip(args) {
            *value = self.eval(arg)?;
        }
        let words = values.map(|value| value as u64);
        let [a, b, c, ..] = words;
        match intrinsic {
            Intrinsic::Syscall => return self.system_call(&words[..args.len().min(7)], site),
            Intrinsic::CopyBytes | Intrinsic::MoveBytes => {
                self.copy_bytes(intrinsic, a, b, c, site)?
            }
            Intrinsic::FillBytes => {
                let done = self.memory.fill(a, &[c as u8], b);
                self.memory_result(done, site)?;
            }
            Intrinsic::FillWords => {
                let done = self.memory.fill(a, &c.to_le_bytes(), b);
                self.memory_result(done, site)?;
            }
            Intrinsic::DispatchThrough => {
                self.next = Next::Redirect(self.table_entry(b, a, site)?);
                return Err(Stop::Handler);
            }
            Intrinsic::DispatchAhead => {
                let table = self.dispatch_table(site)?;
                self.next = Next::Bytecode(self.table_entry(table, a, site)?);
                return Err(Stop::Handler);
            }
            Intrinsic::EnterInterpreter => self.interpret(site)?,
            Intrinsic::LeaveInterpreter => {
                self.next = Next::Leave;
                return Err(Stop::Handler);
            }
            Intrinsic::Prefetch => {}
            Intrinsic::ReadTimestamp => return Ok(self.system.timestamp().into()),
            Intrinsic::Unreachable => return self.trap(Trap::Unreachable, site),
        }
        Ok(0)
    }

    fn copy_bytes(
        &mut self,
        intrinsic: Intrinsic,
        to: u64,
        from: u64,
        size: u64,
        site: Site,
    ) -> Result<(), Stop> {
        let overlap = to < from.saturating_add(size) && from < to.saturating_add(size);
        if intrinsic == Intrinsic::CopyBytes && overlap && size > 0 && to != from {
            return self.fail(
                FaultKind::Claim("the copied bytes do not overlap".into()),
                site,
            );
        }
        let done = self.memory.copy(to, from, size);
        self.memory_result(done, site)
    }

    fn import(&mut self, symbol: &str, method: MethodId, base: usize) -> Eval {
        let _ = base;
        if symbol == "ouro_start_thread" {
            return Ok((-ENOSYS).into()); // the evaluated program is alone
        }
        let span = self.code.methods[method.index()].span;
        self.fail_at(
            FaultKind::Unsupported(format!("the shim's function {symbol}")),
            method,
            span,
        )
    }

    fn floating(&mut self, node: &'a Node) -> Eval {
        match node {
            Node::FloatCompare(op, width, operands) => {
                let a = self.eval(&operands.0)?;
                let b = self.eval(&operands.1)?;
                let (a, b) = (float::number(*width, a), float::number(*width, b));
                Ok(i128::from(op.holds(a, b)))
            }
            Node::Float(op, width, nodes) => {
                let mut operands = [0.0; 2];
                for (operand, node) in operands.iter_mut().zip(nodes) {
                    *operand = float::number(*width, self.eval(node)?);
                }
                Ok(float::operate(*op, *width, &operands))
            }
            Node::IntToFloat(width, value) => Ok(float::pattern(*width, self.eval(value)? as f64)),
            Node::FloatToFloat(width, value) => {
                use super::code::FloatWidth::{Double, Single};
                let from = if *width == Double { Single } else { Double };
                Ok(float::pattern(
                    *width,
                    float::number(from, self.eval(value)?),
                ))
            }
            Node::Truncated(width, value, site) => {
                match float::truncated(float::number(*width, self.eval(value)?)) {
                    Some(value) => Ok(value),
                    None => self.trap(Trap::FloatRange, *site),
                }
            }
            _ => unreachable!("floating is called for float nodes only"),
        }
    }
}
