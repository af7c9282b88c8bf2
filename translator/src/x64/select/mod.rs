//! Selects machine instructions for a function in IR.
//!
//! Blocks and instructions are visited backwards, so that all uses of a value are seen before its definition: an instruction
//! without effect whose value nobody asked for is skipped. An instruction that is visited (a *root*) takes in the instructions
//! that define its operands where the machine can do several at once: addresses, comparisons, loads, immediates. What it takes in
//! is computed again wherever it is also needed as a register; only loads must have that one use.
//!
//! In: IR that the verifier accepts. Out: [`Code`] in reverse postorder, with critical edges split.

mod address;
mod arithmetic;
mod build;
mod call;
mod compare;
mod control;
mod extension;
mod float;
mod homes;
mod memory;
mod pin;
mod value;

pub(super) use self::call::check as check_calls;

use self::build::Build;
use super::code::{Code, CodeBlock};
use super::facts::{Facts, is_float};
use super::held::Homes;
use super::inst::{ClobberSets, Helper, MInst, Op, Reg};
use super::pins::PinFacts;
use super::registers::{Convention, Registers};
use crate::base::EntityRef;
use crate::ir::{
    BlockOp, FuncId, Function, Inst, InstId, MemoryEffect, Module, Position, Type, UnaryOp, Value,
};
use regalloc2::{Block, RegClass, VReg};

/// What selection knows of the whole module.
pub(super) struct ModuleFacts<'m> {
    /// The module.
    pub module: &'m Module,
    /// Its registers.
    pub registers: Registers,
    /// The convention of each function.
    pub conventions: Vec<Convention>,
}

impl ModuleFacts<'_> {
    /// The convention of a function.
    #[must_use]
    pub(super) fn convention(&self, id: FuncId) -> Convention {
        self.conventions[id.index()]
    }
}

/// The selected function, and what only the emitter and the linker need.
pub(super) struct Selected {
    /// The code.
    pub code: Code,
    /// For each jump table, the successor of the switch for each number.
    pub jump_tables: Vec<Vec<u32>>,
    /// Where the values of bindings are.
    pub homes: Homes,
}

/// Selects the machine instructions of a function with a body.
#[must_use]
pub(super) fn select(facts: &ModuleFacts<'_>, id: FuncId) -> Selected {
    Selector::new(facts, id).run()
}

struct Selector<'a> {
    module: &'a Module,
    all: &'a ModuleFacts<'a>,
    func: &'a Function,
    facts: Facts,
    pins: PinFacts,
    code: Code,
    jump_tables: Vec<Vec<u32>>,
    /// The virtual register of each value that has one.
    registers: Vec<Option<VReg>>,
    /// How often a value is needed in its register, as far as seen.
    demand: Vec<u32>,
    /// Finished blocks, each with its instructions backwards, from the last block to the first.
    finished: Vec<(CodeBlock, Vec<MInst>)>,
    /// The current block, backwards.
    backwards: Vec<MInst>,
    /// The machine instructions of the root, forwards.
    current: Vec<MInst>,
    root: InstId,
    position: Position,
    /// The current block ends in a dispatch, and nothing between it and the root looks at the instruction pin.
    dispatch: Option<usize>,
}

impl<'a> Selector<'a> {
    fn new(all: &'a ModuleFacts<'a>, id: FuncId) -> Self {
        let module = all.module;
        let func = &module.functions[id];
        let facts = Facts::new(func, |inst| match inst {
            Inst::Call(callee, _) | Inst::TailCall(callee, _) => {
                let attributes = module.functions[*callee].attributes;
                attributes.cold || attributes.leaves
            }
            _ => false,
        });
        let pins = PinFacts::new(module, id, &facts, &all.conventions);
        let code = Code {
            convention: all.convention(id),
            blocks: Vec::new(),
            insts: Vec::with_capacity(func.insts.len()),
            operands: Vec::with_capacity(func.insts.len() * 3),
            vregs: Vec::with_capacity(func.values.len()),
            clobbers: ClobberSets::default(),
            outgoing: 0,
            calls: false,
            position: func.position,
        };
        Self {
            module,
            all,
            func,
            facts,
            pins,
            code,
            jump_tables: Vec::new(),
            registers: vec![None; func.values.len()],
            demand: vec![0; func.values.len()],
            finished: Vec::new(),
            backwards: Vec::new(),
            current: Vec::new(),
            root: func.terminator_id(func.entry()),
            position: func.position,
            dispatch: None,
        }
    }

    fn run(mut self) -> Selected {
        let blocks_after = self.count_blocks();
        for rank in (0..self.facts.order.len()).rev() {
            self.block(rank, &blocks_after);
        }
        self.assemble();
        let homes = self.homes();
        Selected {
            homes,
            code: self.code,
            jump_tables: self.jump_tables,
        }
    }

    /// The number of each block in machine code, where each block is followed by those for its critical edges.
    fn count_blocks(&self) -> Vec<u32> {
        let mut next = 0;
        let mut numbers = Vec::with_capacity(self.facts.order.len());
        for &block in &self.facts.order {
            numbers.push(next);
            next += 1 + u32::try_from(self.split_edges(block).len()).expect("few edges");
        }
        numbers
    }

    fn block(&mut self, rank: usize, numbers: &[u32]) {
        let block = self.facts.order[rank];
        let ir_block = &self.func.blocks[block];
        let (&terminator, body) = ir_block
            .insts
            .split_last()
            .expect("a complete block has a terminator");
        self.dispatch = None;
        self.set_root(terminator);
        let mut shape = self.terminator(rank, numbers);
        self.flush();
        for &id in body.iter().rev() {
            self.set_root(id);
            let data = &self.func.insts[id];
            let removable = data.inst.effects().is_removable();
            let wanted = data.result.is_some_and(|result| {
                self.facts.same(result) == result && self.demand[result.index()] > 0
            });
            if wanted || !removable {
                self.instruction(data.inst, data.result);
                self.flush();
            }
        }
        if rank == 0 {
            self.arguments();
            self.flush();
        } else if !self.has_single_edge(rank) {
            shape.params = self.block_params(rank);
        }
        shape.cold = self.facts.cold[rank];
        shape.loop_depth = self.facts.loop_depth[rank];
        self.finish(shape);
    }

    fn set_root(&mut self, id: InstId) {
        self.root = id;
        self.position = self.func.insts[id].position;
    }

    /// Ends a block: what was selected since the last one is its code.
    fn finish(&mut self, shape: CodeBlock) {
        let insts = std::mem::take(&mut self.backwards);
        self.finished.push((shape, insts));
    }

    /// Appends the root's instructions, backwards.
    fn flush(&mut self) {
        if let Some(first) = self.current.first_mut() {
            first.root = Some(self.root);
        }
        self.backwards.extend(self.current.drain(..).rev());
    }

    /// Puts the blocks in order and counts predecessors.
    fn assemble(&mut self) {
        for (mut block, insts) in std::mem::take(&mut self.finished).into_iter().rev() {
            let start = self.code.insts.len();
            self.code.insts.extend(insts.into_iter().rev());
            let number = |n: usize| u32::try_from(n).expect("fewer than 2^32 instructions");
            block.range = (number(start), number(self.code.insts.len()));
            self.code.blocks.push(block);
        }
        for number in 0..self.code.blocks.len() {
            for target in self.code.blocks[number].successors.clone() {
                self.code.blocks[target.index()]
                    .predecessors
                    .push(Block::new(number));
            }
        }
    }

    fn has_single_edge(&self, rank: usize) -> bool {
        self.facts.predecessors[rank].len() == 1
    }

    /// The registers of a block's parameters that are used.
    fn block_params(&mut self, rank: usize) -> Vec<VReg> {
        let params = &self.func.blocks[self.facts.order[rank]].params;
        let used = params.iter().filter(|&&param| self.facts.uses(param) > 0);
        used.copied()
            .collect::<Vec<_>>()
            .into_iter()
            .map(|param| self.vreg(param))
            .collect()
    }

    fn instruction(&mut self, inst: Inst, result: Option<Value>) {
        match inst {
            Inst::Iconst(_) | Inst::Bconst(_) | Inst::Fconst(_) | Inst::F32const(_) => {
                self.constant(inst, result);
            }
            Inst::Addr(symbol, offset) => self.symbol_address(symbol, offset, result),
            Inst::Binary(op, a, b) => self.binary(op, a, b, result),
            Inst::Unary(UnaryOp::B2i, _) | Inst::Cast(..) => {}
            Inst::Unary(op, a) => self.unary(op, a, result),
            Inst::Sext(bits, a) => self.sign_extend(bits, a, result),
            Inst::Zext(bits, a) => self.zero_extend(bits, a, result),
            Inst::Checked(op, a, b, reason) => self.checked(op, a, b, reason, result),
            Inst::Icmp(..) | Inst::Fcmp(..) => self.condition_value(inst, result),
            Inst::Select(c, a, b) => self.select_value(c, a, b, result),
            Inst::Load(access, address, alias) => self.load(access, address, alias, result),
            Inst::Store(access, value, address, alias) => {
                self.store(access, value, address, alias);
            }
            Inst::PinGet(pin) => self.pin_get(pin, result),
            Inst::PinSet(pin, value) => self.pin_set(pin, value),
            Inst::Call(callee, args) => self.call(callee, args, result),
            Inst::CallInd(signature, callee, args) => {
                self.call_indirect(signature, callee, args, result);
            }
            Inst::Syscall(number, args) => self.syscall(number, args, result),
            Inst::Block(op, destination, source, count) => {
                self.block_operation(helper(op), [destination, source, count]);
            }
            Inst::TrapIf(c, reason) => self.trap_if(c, reason),
            Inst::Rdtsc => self.read_time_stamp(result),
            Inst::Prefetch(address) => self.prefetch(address),
            Inst::Fence => {}
            terminator => unreachable!("{terminator:?} stands in the middle of a block"),
        }
    }

    /// A new virtual register.
    fn fresh(&mut self, class: RegClass) -> VReg {
        self.code.vregs.push(class);
        VReg::new(self.code.vregs.len() - 1, class)
    }

    /// A new virtual register for an integer.
    fn fresh_int(&mut self) -> Reg {
        Reg::Virtual(self.fresh(RegClass::Int))
    }

    /// The virtual register of a representative.
    fn vreg(&mut self, value: Value) -> VReg {
        if let Some(vreg) = self.registers[value.index()] {
            return vreg;
        }
        let vreg = self.fresh(class_of(self.func.ty(value)));
        self.registers[value.index()] = Some(vreg);
        vreg
    }

    /// The register for the root's result; a fresh one if nobody wants it.
    fn result(&mut self, result: Option<Value>) -> Reg {
        match result {
            Some(value) => Reg::Virtual(self.vreg(value)),
            None => self.fresh_int(),
        }
    }

    /// Appends an instruction to the root's.
    fn emit(&mut self, build: Build) {
        let number = |n: usize| u32::try_from(n).expect("fewer than 2^32 operands");
        let start = number(self.code.operands.len());
        self.code.operands.extend(build.operands);
        let mut inst = build.inst;
        inst.operands = (start, number(self.code.operands.len()));
        self.current.push(inst);
    }

    /// An instruction at the root's position.
    fn build(&self, op: Op) -> Build {
        Build::new(op, self.position)
    }

    /// Whether a load can be done at the root: it has that one use, and nothing in between writes what it reads.
    fn can_sink(&self, value: Value) -> bool {
        let Some((id, Inst::Load(_, _, alias))) = self.facts.def(self.func, value) else {
            return false;
        };
        let (block, place) = self.facts.place(id);
        let (root_block, root_place) = self.facts.place(self.root);
        if self.facts.uses(value) != 1 || block != root_block {
            return false;
        }
        let insts = &self.func.blocks[self.facts.order[block as usize]].insts;
        let between = &insts[place as usize + 1..root_place as usize];
        alias != crate::ir::Alias::VOLATILE
            && between
                .iter()
                .all(|&id| match self.func.insts[id].inst.effects().memory {
                    MemoryEffect::None | MemoryEffect::Read(_) => true,
                    MemoryEffect::Write(written) | MemoryEffect::ReadWrite(written) => {
                        !written.overlaps(alias)
                    }
                    MemoryEffect::All => false,
                })
    }
}

/// The register class of a type.
fn class_of(ty: Type) -> RegClass {
    if is_float(ty) {
        RegClass::Float
    } else {
        RegClass::Int
    }
}

fn helper(op: BlockOp) -> Helper {
    match op {
        BlockOp::MemCopy => Helper::MemCopy,
        BlockOp::MemMove => Helper::MemMove,
        BlockOp::MemFill => Helper::MemFill,
        BlockOp::MemFill64 => Helper::MemFill64,
    }
}
