//! Variables that are assigned more than once become SSA values while a function is built.
//!
//! Source: Braun et al., "Simple and Efficient Construction of SSA Form", CC 2013, section 2.
//! Differs: a block that is not sealed, or has several predecessors, gets a parameter for every variable that is read through it;
//! `opt::block_params` drops the idle ones.
//!
//! Rule for the user: fill a block only after `switch_to`, and call `seal_block` once no further branch to it will be made
//! (a loop header after its back edge; other blocks before they are filled).

use rustc_hash::FxHashMap;

use crate::base::{EntityRef, PrimaryMap};

use super::builder::FunctionBuilder;
use super::entities::{Block, Value, Variable};
use super::function::Function;
use super::instruction::{Inst, Target};
use super::types::Type;

/// What is known of the variables while blocks are being filled.
#[derive(Default, Debug)]
pub(super) struct Variables {
    types: PrimaryMap<Variable, Type>,
    /// The value of a variable at the end of a block as far as it is filled.
    values: FxHashMap<(Block, Variable), Value>,
    /// Predecessors of each block, each once, whatever the number of edges.
    predecessors: Vec<Vec<Block>>,
    sealed: Vec<bool>,
    /// Parameters of blocks that are not sealed yet, whose arguments are still missing.
    waiting: FxHashMap<Block, Vec<Variable>>,
    /// Variables that were read where no assignment reaches.
    unassigned: Vec<Variable>,
}

impl Variables {
    pub(super) fn add_edge(&mut self, from: Block, to: Block) {
        assert!(
            !self.is_sealed(to),
            "{to} is sealed, but {from} branches to it"
        );
        let index = to.index();
        if self.predecessors.len() <= index {
            self.predecessors.resize(index + 1, Vec::new());
        }
        if self.predecessors[index].last() != Some(&from) {
            self.predecessors[index].push(from);
        }
    }

    pub(super) fn check_sealed(&self, func: &Function) {
        for &block in &func.layout {
            let reached = self
                .predecessors
                .get(block.index())
                .is_some_and(|list| !list.is_empty());
            assert!(
                !reached || self.is_sealed(block),
                "{block} of {} is not sealed",
                func.name
            );
        }
    }

    pub(super) fn is_sealed(&self, block: Block) -> bool {
        self.sealed.get(block.index()).copied().unwrap_or(false)
    }

    pub(super) fn predecessors(&self, block: Block) -> &[Block] {
        self.predecessors
            .get(block.index())
            .map_or(&[], Vec::as_slice)
    }
}

impl FunctionBuilder {
    /// A new variable of that type.
    pub fn declare_var(&mut self, ty: Type) -> Variable {
        self.variables.types.push(ty)
    }

    /// Assigns a variable in the current block.
    ///
    /// # Panics
    /// The value is of another type, or there is no current block.
    pub fn def_var(&mut self, variable: Variable, value: Value) {
        let (wanted, ty) = (self.variables.types[variable], self.ty(value));
        assert!(
            wanted == ty,
            "{variable} of {} is {wanted}, but {value} is {ty}",
            self.func.name
        );
        let block = self.current.expect("a variable is assigned in a block");
        self.variables.values.insert((block, variable), value);
        self.bind_var(variable, value);
    }

    /// The value of a variable in the current block.
    ///
    /// Where no assignment reaches, it is zero, and [`Self::unassigned`] lists the variable.
    pub fn use_var(&mut self, variable: Variable) -> Value {
        let block = self.current.expect("a variable is read in a block");
        self.read(block, variable)
    }

    /// Says that all branches to a block have been made.
    ///
    /// # Panics
    /// It was said before.
    pub fn seal_block(&mut self, block: Block) {
        let index = block.index();
        if self.variables.sealed.len() <= index {
            self.variables.sealed.resize(index + 1, false);
        }
        assert!(
            !self.variables.sealed[index],
            "{block} of {} is sealed twice",
            self.func.name
        );
        self.variables.sealed[index] = true;
        for variable in self.variables.waiting.remove(&block).unwrap_or_default() {
            self.pass_arguments(block, variable);
        }
        self.end_loop(block);
    }

    /// The variables that were read where no assignment reaches.
    #[must_use]
    pub fn unassigned(&self) -> &[Variable] {
        &self.variables.unassigned
    }

    fn read(&mut self, block: Block, variable: Variable) -> Value {
        if let Some(&value) = self.variables.values.get(&(block, variable)) {
            return value;
        }
        if !self.variables.is_sealed(block) {
            let value = self.new_param(block, variable);
            self.variables
                .waiting
                .entry(block)
                .or_default()
                .push(variable);
            return value;
        }
        match *self.variables.predecessors(block) {
            [] => self.no_assignment(block, variable),
            [single] => {
                let value = self.read(single, variable);
                self.variables.values.insert((block, variable), value);
                value
            }
            _ => {
                let value = self.new_param(block, variable);
                self.pass_arguments(block, variable);
                value
            }
        }
    }

    fn new_param(&mut self, block: Block, variable: Variable) -> Value {
        let ty = self.variables.types[variable];
        let value = self.func.add_param(block, ty);
        self.variables.values.insert((block, variable), value);
        self.bind_param(block, variable, value);
        value
    }

    /// Appends the variable's value to every branch to the block.
    fn pass_arguments(&mut self, block: Block, variable: Variable) {
        for predecessor in self.variables.predecessors(block).to_vec() {
            let value = self.read(predecessor, variable);
            let id = self.func.terminator_id(predecessor);
            let inst = self.func.insts[id].inst;
            debug_assert!(
                !matches!(inst, Inst::Switch(..)),
                "the builder splits the edges of a switch"
            );
            self.func.insts[id].inst = inst.map_targets(&mut self.func, |func, target| {
                if target.block != block {
                    return target;
                }
                let mut args = func.values_of(target.args).to_vec();
                args.push(value);
                Target {
                    block,
                    args: func.value_list(&args),
                }
            });
        }
    }

    /// A zero at the start of a block that no assignment reaches.
    fn no_assignment(&mut self, block: Block, variable: Variable) -> Value {
        self.variables.unassigned.push(variable);
        let value = self.zero_at_start(block, self.variables.types[variable]);
        self.variables.values.insert((block, variable), value);
        value
    }

    fn zero_at_start(&mut self, block: Block, ty: Type) -> Value {
        let constant = match ty {
            Type::F64 => Inst::Fconst(0),
            Type::F32 => Inst::F32const(0),
            Type::Bool => Inst::Bconst(false),
            Type::I64 | Type::Oop | Type::Ptr => Inst::Iconst(0),
        };
        let constant_ty = if ty.is_word() { Type::I64 } else { ty };
        let id = self
            .func
            .make_inst(constant, Some(constant_ty), self.position);
        let mut ids = vec![id];
        if ty.is_word() && ty != Type::I64 {
            let zero = self.func.insts[id].result.expect("a constant has a result");
            ids.push(
                self.func
                    .make_inst(Inst::Cast(ty, zero), Some(ty), self.position),
            );
        }
        let last = ids[ids.len() - 1];
        self.func.blocks[block].insts.splice(0..0, ids);
        self.func.insts[last]
            .result
            .expect("a constant has a result")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{BinaryOp, FunctionKind, Hint, IntCond, Module, Position, Signature};

    fn builder(module: &mut Module) -> FunctionBuilder {
        let position = Position::new(module.intern("T>>sum"), 1);
        let signature = Signature {
            params: vec![Type::I64],
            result: Some(Type::I64),
        };
        FunctionBuilder::new(Function::new(
            "T>>sum",
            FunctionKind::Normal,
            signature,
            position,
        ))
    }

    #[test]
    fn a_loop_carries_its_variables_as_parameters_of_its_header() {
        let mut module = Module::new();
        let mut b = builder(&mut module);
        let (i, sum) = (b.declare_var(Type::I64), b.declare_var(Type::I64));
        let n = b.params()[0];
        let zero = b.iconst(0);
        b.def_var(i, n);
        b.def_var(sum, zero);
        let (header, body, done) = (b.create_block(), b.create_block(), b.create_block());
        b.jump(header, &[]);
        b.switch_to(header);
        let (now, zero) = (b.use_var(i), b.iconst(0));
        let c = b.icmp(IntCond::Sgt, now, zero);
        b.br(c, body, done, Hint::None);
        b.seal_block(body);
        b.seal_block(done);
        b.switch_to(body);
        let (now, so_far, one) = (b.use_var(i), b.use_var(sum), b.iconst(1));
        let more = b.binary(BinaryOp::Add, so_far, now);
        b.def_var(sum, more);
        let less = b.binary(BinaryOp::Sub, now, one);
        b.def_var(i, less);
        b.jump(header, &[]);
        b.seal_block(header);
        b.switch_to(done);
        let result = b.use_var(sum);
        b.ret(Some(result));
        assert!(b.unassigned().is_empty());
        let id = module.functions.push(b.finish());
        let text = module.function_text(id);
        assert!(text.contains("block1(v2: i64, v5: i64):"), "{text}");
        assert!(text.contains("jump block1(v0, v1)"), "{text}");
        assert!(text.contains("ret v5"), "{text}");
    }

    #[test]
    fn a_variable_that_is_never_assigned_is_listed() {
        let mut module = Module::new();
        let mut b = builder(&mut module);
        let x = b.declare_var(Type::Oop);
        let value = b.use_var(x);
        assert_eq!(b.ty(value), Type::Oop);
        assert_eq!(b.unassigned(), [x]);
    }

    #[test]
    fn a_checked_branch_goes_on_with_its_result() {
        let mut module = Module::new();
        let mut b = builder(&mut module);
        let n = b.params()[0];
        let overflow = b.create_block();
        let sum = b.br_checked(crate::ir::CheckedOp::AddS, n, n, overflow);
        b.ret(Some(sum));
        b.seal_block(overflow);
        b.switch_to(overflow);
        b.ret(Some(n));
        let id = module.functions.push(b.finish());
        assert!(
            module
                .function_text(id)
                .contains("br.add.s v0, v0, block2, block1")
        );
    }
}
