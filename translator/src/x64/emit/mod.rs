//! Encodes a function after register allocation.

mod codes;
mod control;
mod float;
mod integer;
mod stream;
mod variables;

pub(super) use self::variables::Variables;

use self::codes::{alu_code, register};
use self::stream::{Label, Stream};
use self::variables::{Shown, StepKind};
use super::code::Code;
use super::frame::Frame;
use super::held::{Held, Spot};
use super::inst::{Alu, Cond, Form, MInst, Mem, MemBase, Op, Shift, Slot, Unary, Width};
use super::layout;
use super::module::{CodeFunction, UnwindStep, VariablePlace};
use super::regalloc::{Allocated, Step};
use super::select::ModuleFacts;
use crate::ir::{Position, TrapReason};
use iced_x86::{Code as Encoding, Instruction, MemoryOperand, Register};
use regalloc2::{Allocation, Block, PReg, RegClass, SpillSlot};

/// To what multiple the head of an inner loop is aligned, if no more than so many bytes are needed.
const LOOP_ALIGNMENT: (u32, u32) = (16, 10);

/// Encodes a function.
#[must_use]
pub(super) fn emit(
    function: &Allocated,
    jump_tables: &[Vec<u32>],
    facts: &ModuleFacts<'_>,
    variables: Variables<'_>,
) -> CodeFunction {
    let code = &function.code;
    let mut empty: Vec<bool> = (0..code.blocks.len())
        .map(|number| function.is_empty(Block::new(number)))
        .collect();
    layout::place_endless_loops(code, &mut empty);
    let mut stream = Stream::new();
    let labels = code.blocks.iter().map(|_| stream.label()).collect();
    let mut emitter = Emitter {
        function,
        code,
        facts,
        frame: Frame::new(function, &facts.registers),
        order: layout::order(code, &empty),
        empty,
        labels,
        stream,
        variables,
        stubs: Vec::new(),
        allocations: &[],
        repeating: false,
        reader: None,
        zero_flag_of: None,
    };
    emitter.run();
    emitter.finish(jump_tables)
}

/// A trapping instruction that stands behind the code.
struct Stub {
    label: Label,
    reason: TrapReason,
    position: Position,
    /// What is held wherever it is reached from, if all those are one place in the source.
    held: Option<Held>,
}

struct Emitter<'a> {
    function: &'a Allocated,
    code: &'a Code,
    facts: &'a ModuleFacts<'a>,
    frame: Frame,
    order: Vec<Block>,
    empty: Vec<bool>,
    labels: Vec<Label>,
    stream: Stream,
    /// Trapping instructions that stand behind the code.
    stubs: Vec<Stub>,
    /// Where variables are.
    variables: Variables<'a>,
    /// Those of the current instruction's operands.
    allocations: &'a [Allocation],
    /// Whether the current block is repeated in the place of a jump.
    repeating: bool,
    /// Which condition is read after the current instruction before the flags are set again.
    reader: Option<Cond>,
    /// The register for whose value the zero flag stands.
    zero_flag_of: Option<PReg>,
}

impl<'a> Emitter<'a> {
    fn run(&mut self) {
        self.stream.at(self.code.position);
        self.receive();
        self.prologue();
        for index in 0..self.order.len() {
            let next = self.order.get(index + 1).copied();
            self.block(self.order[index], next);
        }
        for stub in std::mem::take(&mut self.stubs) {
            self.stream.bind(stub.label);
            self.stream.at(stub.position);
            match stub.held {
                Some(held) => {
                    self.variables.resume(held);
                    self.variables.show(stub.position, &mut self.stream);
                }
                None => self.variables.hide_all(&mut self.stream),
            }
            self.trap(stub.reason, stub.position);
        }
    }

    /// Shows the parameters that come in registers.
    fn receive(&mut self) {
        let first = self.function.blocks.first().and_then(|steps| steps.first());
        if let Some(&Step::Inst(number)) = first
            && self.code.insts[number as usize].op == Op::Arguments
        {
            let place = (Block::new(0), 0);
            self.variables.come_to(place, StepKind::Plain);
            self.variables.advance(place);
            self.variables.show(self.code.position, &mut self.stream);
        }
    }

    fn finish(self, jump_tables: &[Vec<u32>]) -> CodeFunction {
        let stack = self.frame.size() + 8;
        let mut targets: Vec<Vec<Label>> = vec![Vec::new(); jump_tables.len()];
        for (block, shape) in (0..).zip(&self.code.blocks) {
            let last = &self.code.insts[shape.range.1 as usize - 1];
            if let Op::Switch { table, .. } = last.op {
                let table = table as usize;
                let successors = &self.code.blocks[block].successors;
                let target = |&entry: &u32| self.label_of(successors[entry as usize]);
                targets[table] = jump_tables[table].iter().map(target).collect();
                targets[table].truncate(usize::try_from(last.imm).expect("a small table"));
            }
        }
        let finished = self.stream.finish();
        let place = |label: &Label| finished.labels[label.index()];
        let size = u32::try_from(finished.code.len()).expect("a function below 4 GiB");
        let variables = variables::ranges(&finished.variables, size, |shown| match shown {
            Shown::Constant(n) => VariablePlace::Constant(n),
            Shown::At(Spot::Register(register)) => {
                let number = u8::try_from(register.hw_enc()).expect("16 registers");
                match register.class() {
                    RegClass::Int => VariablePlace::Register(number),
                    _ => VariablePlace::Vector(number),
                }
            }
            Shown::At(Spot::Slot(slot)) => {
                let offset = self.frame.spill_offset(SpillSlot::new(slot));
                VariablePlace::Frame(stack - offset.cast_unsigned())
            }
        });
        CodeFunction {
            jump_tables: targets
                .iter()
                .map(|table| table.iter().map(place).collect())
                .collect(),
            code: finished.code,
            relocations: finished.relocations,
            lines: finished.lines,
            notes: finished.notes,
            traps: finished.traps,
            unwind: finished.unwind,
            variables,
            stack,
        }
    }

    fn block(&mut self, block: Block, next: Option<Block>) {
        if self.is_loop_head(block) {
            self.variables.hide_all(&mut self.stream);
            self.stream.align(LOOP_ALIGNMENT.0, LOOP_ALIGNMENT.1);
        }
        self.stream.bind(self.labels[block.index()]);
        self.block_items(block, next.map(|next| self.labels[next.index()]));
    }

    /// The instructions and moves of a block.
    fn block_items(&mut self, block: Block, next: Option<Label>) {
        let shape = &self.code.blocks[block.index()];
        let readers = self.flag_readers(shape.range);
        self.zero_flag_of = None;
        self.variables.enter(block);
        // Moves at the start of a block belong to no place in the source.
        let mut position = None;
        for (index, &step) in self.function.blocks[block.index()].iter().enumerate() {
            let place = (block, index);
            let mut kind = StepKind::Plain;
            if let Step::Inst(number) = step {
                let inst = &self.code.insts[number as usize];
                position = Some(inst.position);
                kind = kind_of(inst.op);
                self.stream.at(inst.position);
            }
            self.variables.come_to(place, kind);
            match position {
                Some(position) => self.variables.show(position, &mut self.stream),
                None => self.variables.hide_all(&mut self.stream),
            }
            self.stream.begin_step();
            match step {
                Step::Inst(number) => {
                    self.reader = readers[(number - shape.range.0) as usize];
                    self.allocations = self.function.allocations_of(number);
                    let inst = &self.code.insts[number as usize];
                    self.instruction(inst, block, next);
                    self.zero_flag_of = self.zero_flag_after(inst);
                }
                Step::Move { from, to } => {
                    self.move_value(from, to);
                    if to.as_reg() == self.zero_flag_of {
                        self.zero_flag_of = None;
                    }
                }
            }
            self.variables.hide_changed(place, kind, &mut self.stream);
            self.variables.advance(place);
        }
    }

    /// The head of an innermost loop that the code before it falls or jumps into.
    fn is_loop_head(&self, block: Block) -> bool {
        let shape = &self.code.blocks[block.index()];
        shape.loop_depth > 0
            && !shape.cold
            && shape
                .predecessors
                .iter()
                .any(|from| from.index() >= block.index())
    }

    /// For each instruction, the condition that is read after it before the flags are set again.
    fn flag_readers(&self, (start, end): (u32, u32)) -> Vec<Option<Cond>> {
        let insts = &self.code.insts[start as usize..end as usize];
        // Of several readers one that asks for more than the zero flag counts.
        let add = |reader: &mut Option<Cond>, cond| match reader {
            Some(Cond::E | Cond::Ne) | None => *reader = Some(cond),
            Some(_) => {}
        };
        let mut reader = None;
        let mut result = vec![None; insts.len()];
        for (inst, slot) in insts.iter().zip(&mut result).rev() {
            *slot = reader;
            match inst.op {
                Op::Setcc(cond) | Op::Cmov(cond) | Op::FloatSelect(cond) => add(&mut reader, cond),
                Op::TrapIf(cond, _) | Op::Branch(cond) => add(&mut reader, cond),
                _ if inst.op.keeps_flags() => {}
                _ => reader = None,
            }
        }
        result
    }

    /// The register for whose value the zero flag stands after an instruction.
    fn zero_flag_after(&self, inst: &MInst) -> Option<PReg> {
        let writes = inst.dst != Slot::None;
        let sets = match inst.op {
            Op::Alu(alu, width, Form::Reg | Form::Imm | Form::Mem) => {
                let wide = matches!(width, Width::W32 | Width::W64);
                wide && !matches!(alu, Alu::Cmp | Alu::Test)
            }
            Op::ShiftImm(Shift::Shl | Shift::Shr | Shift::Sar, Width::W32 | Width::W64) => {
                inst.imm != 0
            }
            Op::Unary(Unary::Neg) => true,
            _ => false,
        };
        if sets && writes {
            return Some(self.preg(inst.dst));
        }
        let kept = inst.op.keeps_flags() && !(inst.op == Op::MoveImm && inst.imm == 0);
        self.zero_flag_of
            .filter(|&register| kept && !(writes && self.preg(inst.dst) == register))
    }

    fn prologue(&mut self) {
        let mut distance = 8;
        self.stream.unwind(UnwindStep::Distance(distance));
        for &register in &self.frame.saved.clone() {
            self.put1(Encoding::Push_r64, register);
            distance += 8;
            self.stream.unwind(UnwindStep::Distance(distance));
            self.stream.unwind(UnwindStep::Saved(register, distance));
        }
        if self.frame.locals() > 0 {
            self.move_stack_pointer(-i64::from(self.frame.locals()));
            self.stream
                .unwind(UnwindStep::Distance(distance + self.frame.locals()));
        }
    }

    /// Undoes the frame. What follows in memory still has it.
    fn epilogue(&mut self, leave: impl FnOnce(&mut Self)) {
        let whole = self.frame.size() + 8;
        let mut distance = whole;
        if self.frame.locals() > 0 {
            self.move_stack_pointer(i64::from(self.frame.locals()));
            distance -= self.frame.locals();
            self.stream.unwind(UnwindStep::Distance(distance));
        }
        for &register in self.frame.saved.clone().iter().rev() {
            self.put1(Encoding::Pop_r64, register);
            distance -= 8;
            self.stream.unwind(UnwindStep::Distance(distance));
        }
        leave(self);
        if whole != 8 {
            self.stream.unwind(UnwindStep::Distance(whole));
        }
    }

    fn move_stack_pointer(&mut self, by: i64) {
        let (alu, by) = if by < 0 {
            (Alu::Sub, -by)
        } else {
            (Alu::Add, by)
        };
        let by = i32::try_from(by).expect("a small frame");
        let code = alu_code(alu, Width::W64, Form::Imm, i8::try_from(by).is_ok());
        self.put(Instruction::with2(code, Register::RSP, by));
    }

    fn move_value(&mut self, from: Allocation, to: Allocation) {
        let instruction = match (from.as_reg(), to.as_reg()) {
            (Some(from), Some(to)) => {
                let code = match to.class() {
                    RegClass::Float => Encoding::Movaps_xmm_xmmm128,
                    _ => Encoding::Mov_r64_rm64,
                };
                Instruction::with2(code, r64(to), r64(from))
            }
            (Some(from), None) => {
                let code = match from.class() {
                    RegClass::Float => Encoding::Movsd_xmmm64_xmm,
                    _ => Encoding::Mov_rm64_r64,
                };
                Instruction::with2(code, self.spill_place(to), r64(from))
            }
            (None, Some(to)) => {
                let code = match to.class() {
                    RegClass::Float => Encoding::Movsd_xmm_xmmm64,
                    _ => Encoding::Mov_r64_rm64,
                };
                Instruction::with2(code, r64(to), self.spill_place(from))
            }
            (None, None) => unreachable!("the allocator moves nothing from memory to memory"),
        };
        self.put(instruction);
    }

    fn spill_place(&self, allocation: Allocation) -> MemoryOperand {
        let slot = allocation.as_stack().expect("a move has two places");
        memory(
            Register::RSP,
            Register::None,
            1,
            self.frame.spill_offset(slot),
        )
    }

    fn put(&mut self, instruction: Result<Instruction, iced_x86::IcedError>) {
        match instruction {
            Ok(instruction) => self.stream.put(instruction),
            Err(error) => unreachable!("an instruction of a wrong shape: {error}"),
        }
    }

    fn put1(&mut self, code: Encoding, register: PReg) {
        self.put(Instruction::with1(code, r64(register)));
    }

    /// The register in a slot.
    fn preg(&self, slot: Slot) -> PReg {
        match slot {
            Slot::Fixed(preg) => preg,
            Slot::Operand(number) => self.allocations[number as usize]
                .as_reg()
                .expect("operands are asked for in registers"),
            Slot::None => unreachable!("an operand is missing"),
        }
    }

    fn reg(&self, slot: Slot, width: Width) -> Register {
        register(self.preg(slot), width)
    }

    /// An instruction with a memory operand, built by `with`.
    fn put_memory(
        &mut self,
        mem: &Mem,
        with: impl FnOnce(MemoryOperand) -> Result<Instruction, iced_x86::IcedError>,
    ) {
        self.stream.note(mem.note);
        let index = match mem.index {
            Slot::None => Register::None,
            slot => self.reg(slot, Width::W64),
        };
        let scale = u32::from(mem.scale);
        let operand = match mem.base {
            MemBase::Symbol(symbol) => {
                let operand = MemoryOperand::with_base_displ_size(Register::RIP, 0, 8);
                let instruction = with(operand);
                match instruction {
                    Ok(instruction) => {
                        let offset = i64::from(mem.displacement);
                        return self.stream.put_relative(instruction, symbol, offset);
                    }
                    Err(error) => unreachable!("an instruction of a wrong shape: {error}"),
                }
            }
            MemBase::Register(Slot::None) => memory(Register::None, index, scale, mem.displacement),
            MemBase::Register(slot) => {
                memory(self.reg(slot, Width::W64), index, scale, mem.displacement)
            }
            MemBase::Outgoing => memory(Register::RSP, index, scale, mem.displacement),
            MemBase::Incoming => {
                let displacement = mem.displacement + self.frame.incoming_offset();
                memory(Register::RSP, index, scale, displacement)
            }
            MemBase::None => unreachable!("an address is missing"),
        };
        self.put(with(operand));
    }

    fn label_of(&self, block: Block) -> Label {
        let block = layout::destination(self.code, &self.empty, block);
        self.labels[block.index()]
    }

    fn instruction(&mut self, inst: &MInst, block: Block, next: Option<Label>) {
        match inst.op {
            Op::Arguments | Op::Undefined => {}
            Op::Move => unreachable!("moves are steps of their own"),
            Op::MoveImm => self.move_immediate(inst),
            Op::Lea | Op::Load(_) | Op::Store(_) | Op::StoreImm(_) | Op::StoreFloat { .. } => {
                self.memory_instruction(inst);
            }
            Op::Prefetch => self.put_memory(&inst.mem, |mem| {
                Instruction::with1(Encoding::Prefetcht0_m8, mem)
            }),
            Op::Alu(alu, width, form) => self.alu(inst, alu, width, form),
            Op::Imul(width, form) => self.imul(inst, width, form),
            Op::WideMul { .. } | Op::Divide { .. } | Op::BitTest => self.fixed_shape(inst),
            Op::ShiftImm(..) | Op::ShiftCl(..) => self.shift(inst),
            Op::Unary(unary) => self.unary(inst, unary),
            Op::Setcc(cond) => self.set_condition(inst, cond),
            Op::Cmov(cond) => self.conditional_move(inst, cond),
            Op::FloatSelect(cond) => self.float_select(inst, cond),
            Op::Float(float, form) => self.float(inst, float, form),
            Op::FloatZero => {
                let dst = self.reg(inst.dst, Width::W64);
                self.put(Instruction::with2(Encoding::Xorps_xmm_xmmm128, dst, dst));
            }
            Op::FromUnsigned => self.convert_unsigned(inst),
            Op::Call | Op::CallReg | Op::CallMem => self.call(inst),
            Op::Syscall => self.put(Ok(Instruction::with(Encoding::Syscall))),
            Op::Rdtsc => self.read_time_stamp(),
            Op::TrapIf(cond, reason) => self.trap_if(cond, reason, inst.position),
            Op::Jump | Op::Branch(_) | Op::Switch { .. } => self.branch(inst, block, next),
            Op::Ret => self.epilogue(|s| s.put(Ok(Instruction::with(Encoding::Retnq)))),
            Op::TailCall => self.epilogue(|s| s.relative_branch(Encoding::Jmp_rel32_64, inst)),
            Op::TailCallReg => {
                let a = self.preg(inst.a);
                self.epilogue(|s| s.put1(Encoding::Jmp_rm64, a));
            }
            Op::Dispatch => self.epilogue(|s| s.dispatch(inst)),
            Op::Trap(reason) => self.trap(reason, inst.position),
            Op::Unreachable => self.put(Ok(Instruction::with(Encoding::Ud2))),
        }
    }
}

fn kind_of(op: Op) -> StepKind {
    match op {
        Op::Call | Op::CallReg | Op::CallMem => StepKind::Call,
        _ if op.is_exit() => StepKind::Exit,
        _ => StepKind::Plain,
    }
}

fn r64(preg: PReg) -> Register {
    register(preg, Width::W64)
}

fn memory(base: Register, index: Register, scale: u32, displacement: i32) -> MemoryOperand {
    let size = match (displacement, base) {
        (_, Register::None) => 4,
        (0, _) => 0,
        _ => 1,
    };
    MemoryOperand::new(
        base,
        index,
        scale,
        i64::from(displacement),
        size,
        false,
        Register::None,
    )
}
