//! Encodes what goes elsewhere: calls, branches, traps, dispatch.

use super::codes::alu_code;
use super::stream::Label;
use super::{Emitter, Stub, memory, r64};
use crate::base::EntityRef;
use crate::ir::{PinId, Position, TrapReason};
use crate::x64::inst::{Alu, Cond, Form, MInst, Op, SymbolRef, Width};
use crate::x64::layout;
use crate::x64::registers::{RAX, RDX};
use iced_x86::{Code as Encoding, Instruction, MemoryOperand, Register};
use regalloc2::Block;

/// Up to how many instructions and moves a block is repeated instead of being jumped to.
const SHORT: usize = 6;

impl Emitter<'_> {
    pub(super) fn trap(&mut self, reason: TrapReason, position: Position) {
        self.stream.trap(reason, position);
        self.put(Ok(Instruction::with(Encoding::Ud2)));
    }

    pub(super) fn call(&mut self, inst: &MInst) {
        match inst.op {
            Op::CallReg => {
                let a = self.preg(inst.a);
                self.put1(Encoding::Call_rm64, a);
            }
            Op::CallMem => {
                self.put_memory(&inst.mem, |mem| {
                    Instruction::with1(Encoding::Call_rm64, mem)
                });
            }
            _ => self.relative_branch(Encoding::Call_rel32_64, inst),
        }
    }

    pub(super) fn relative_branch(&mut self, code: Encoding, inst: &MInst) {
        let symbol = inst.symbol.expect("a call has a callee");
        match Instruction::with_branch(code, 0) {
            Ok(instruction) => self.stream.put_relative(instruction, symbol, 0),
            Err(error) => unreachable!("an instruction of a wrong shape: {error}"),
        }
    }

    pub(super) fn read_time_stamp(&mut self) {
        self.put(Ok(Instruction::with(Encoding::Rdtsc)));
        self.put(Instruction::with2(Encoding::Shl_rm64_imm8, r64(RDX), 32));
        self.put(Instruction::with2(
            Encoding::Or_r64_rm64,
            r64(RAX),
            r64(RDX),
        ));
    }

    pub(super) fn trap_if(&mut self, cond: Cond, reason: TrapReason, position: Position) {
        let same = |stub: &&mut Stub| stub.reason == reason && stub.position.is_same_line(position);
        let label = match self.stubs.iter_mut().find(same) {
            Some(stub) => {
                let same_place = stub.position == position;
                let held = stub.held.take().filter(|_| same_place);
                stub.held = held.map(|held| held.common(self.variables.held()));
                stub.label
            }
            None => {
                let label = self.stream.label();
                self.stubs.push(Stub {
                    label,
                    reason,
                    position,
                    held: Some(self.variables.held().clone()),
                });
                label
            }
        };
        self.branch_if(cond, label);
    }

    /// Jumps if a condition holds; equality of floats takes two jumps.
    pub(super) fn branch_if(&mut self, cond: Cond, label: Label) {
        match cond {
            Cond::FloatNe => {
                self.stream.branch(Cond::P, label);
                self.stream.branch(Cond::Ne, label);
            }
            Cond::FloatEq => {
                let unordered = self.stream.label();
                self.stream.branch(Cond::P, unordered);
                self.stream.branch(Cond::E, label);
                self.stream.bind(unordered);
            }
            _ => self.stream.branch(cond, label),
        }
    }

    pub(super) fn branch(&mut self, inst: &MInst, block: Block, next: Option<Label>) {
        let successors = &self.code.blocks[block.index()].successors;
        let first = self.label_of(successors[0]);
        match inst.op {
            Op::Branch(cond) => {
                let second = self.label_of(successors[1]);
                let stay = self.depth_of(successors[1]) > self.depth_of(successors[0]);
                if next == Some(first) || (stay && next != Some(second)) {
                    self.branch_if(cond.inverse(), second);
                    if next != Some(first) {
                        self.stream.jump(first);
                    }
                } else {
                    self.branch_if(cond, first);
                    if next != Some(second) {
                        self.stream.jump(second);
                    }
                }
            }
            Op::Switch { table, checked } => self.switch(inst, block, table, checked),
            _ if next == Some(first) => {}
            _ => self.jump_or_repeat(block, next),
        }
    }

    /// Jumps to the only successor of a block, or repeats its code here if it is short and saves the jump.
    fn jump_or_repeat(&mut self, block: Block, next: Option<Label>) {
        let successor = self.code.blocks[block.index()].successors[0];
        let target = layout::destination(self.code, &self.empty, successor);
        let shape = &self.code.blocks[target.index()];
        let last = &self.code.insts[shape.range.1 as usize - 1];
        let saves = match last.op {
            Op::Branch(_) => {
                let labels = shape.successors.iter().map(|&to| Some(self.label_of(to)));
                labels.into_iter().any(|label| label == next)
            }
            Op::Ret | Op::Dispatch => self.frame.saved.len() <= 1,
            _ => false,
        };
        let cold = self.code.blocks[block.index()].cold;
        if self.repeating || cold || !saves || self.function.blocks[target.index()].len() > SHORT {
            return self.stream.jump(self.labels[target.index()]);
        }
        self.repeating = true;
        self.block_items(target, next);
        self.repeating = false;
    }

    fn depth_of(&self, block: Block) -> u32 {
        self.code.blocks[block.index()].loop_depth
    }

    pub(super) fn switch(&mut self, inst: &MInst, block: Block, table: u32, checked: bool) {
        let number = self.reg(inst.a, Width::W64);
        let (place, target) = (self.reg(inst.b, Width::W64), self.reg(inst.dst, Width::W64));
        if checked {
            let count = i32::try_from(inst.imm).expect("a small table");
            let short = i8::try_from(count).is_ok();
            let code = alu_code(Alu::Cmp, Width::W64, Form::Imm, short);
            self.put(Instruction::with2(code, number, count));
            let default = *self.code.blocks[block.index()]
                .successors
                .last()
                .expect("a default");
            let default = self.label_of(default);
            self.stream.branch(Cond::Ae, default);
        }
        let operand = MemoryOperand::with_base_displ_size(Register::RIP, 0, 8);
        match Instruction::with2(Encoding::Lea_r64_m, place, operand) {
            Ok(lea) => self
                .stream
                .put_relative(lea, SymbolRef::JumpTable(table), 0),
            Err(error) => unreachable!("an instruction of a wrong shape: {error}"),
        }
        let entry = memory(place, number, 4, 0);
        self.put(Instruction::with2(Encoding::Movsxd_r64_rm32, target, entry));
        self.put(Instruction::with2(Encoding::Add_r64_rm64, target, place));
        self.put(Instruction::with1(Encoding::Jmp_rm64, target));
    }

    /// `movzx eax, byte [ip + imm]; add ip, imm + 1; jmp [table + rax*8]`.
    pub(super) fn dispatch(&mut self, inst: &MInst) {
        let module = self.facts.module;
        let pins = &self.facts.registers.pins;
        let pin = |pin: Option<PinId>| {
            r64(pins[pin
                .expect("the verifier knows that dispatch has its pins")
                .index()])
        };
        let (ip, table) = (pin(module.instruction_pin), pin(module.dispatch_pin));
        let distance = i32::try_from(inst.imm).expect("a short distance");
        let opcode = memory(ip, Register::None, 1, distance);
        self.put(Instruction::with2(
            Encoding::Movzx_r32_rm8,
            Register::EAX,
            opcode,
        ));
        if distance == 0 {
            self.put(Instruction::with1(Encoding::Inc_rm64, ip));
        } else {
            self.put(Instruction::with2(
                Encoding::Add_rm64_imm8,
                ip,
                distance + 1,
            ));
        }
        let handler = memory(table, Register::RAX, 8, 0);
        self.put(Instruction::with1(Encoding::Jmp_rm64, handler));
    }
}
