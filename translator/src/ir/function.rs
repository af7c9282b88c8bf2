//! A function: arenas of instructions, values and blocks, the order of the blocks, and attributes.

use crate::base::{EntityRef, PrimaryMap};

use super::bindings::{Bindings, Bound};
use super::entities::{Block, FieldId, InstId, Value};
use super::instruction::{BlockList, Inst, Target, ValueList};
use super::pools::Pools;
use super::position::{Activations, Position};
use super::types::{Signature, Type};

/// Who may call a function, and how it ends.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FunctionKind {
    /// Private convention.
    Normal,
    /// A handler: no result, ends with `dispatch`; without parameters where it stands in a table.
    Handler,
    /// A normal function that is also reached from outside through a thunk.
    Export,
    /// A function of the shim: no body, System V convention.
    Import,
}

impl FunctionKind {
    /// The name in the text form.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Normal => "function",
            Self::Handler => "handler",
            Self::Export => "export",
            Self::Import => "import",
        }
    }
}

/// Whether the inliner may decide.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Inline {
    /// By size and number of calls.
    #[default]
    Auto,
    /// Never.
    Never,
    /// Wherever it is called.
    Always,
}

/// What is declared or inferred about a function.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Attributes {
    /// Whether the inliner may decide.
    pub inline: Inline,
    /// Rarely run: branches to its calls are unlikely.
    pub cold: bool,
    /// It may move objects.
    pub moving: bool,
    /// It does not come back to its caller.
    pub leaves: bool,
}

/// Where a value comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ValueDef {
    /// The result of an instruction.
    Result(InstId),
    /// A parameter of a block, with its number.
    Param(Block, u32),
}

/// A value's type and origin.
#[derive(Clone, Copy, Debug)]
pub struct ValueData {
    /// The type.
    pub ty: Type,
    /// Where it comes from. Kept true by the methods of [`Function`].
    pub def: ValueDef,
}

/// A basic block.
#[derive(Clone, Default, Debug)]
pub struct BlockData {
    /// Its parameters; those of the entry are the function's.
    pub params: Vec<Value>,
    /// Its instructions; the last one is the terminator.
    pub insts: Vec<InstId>,
}

/// An instruction with its result and position.
#[derive(Clone, Copy, Debug)]
pub struct InstData {
    /// The instruction.
    pub inst: Inst,
    /// Its result, if it has one.
    pub result: Option<Value>,
    /// Where it is from.
    pub position: Position,
}

/// A function. An import has no blocks.
#[derive(Clone, Debug)]
pub struct Function {
    /// The symbol: `ObjectMemory>>fetchPointer:ofObject:`.
    pub name: String,
    /// Who may call it.
    pub kind: FunctionKind,
    /// Types of parameters and result.
    pub signature: Signature,
    /// What is declared or inferred about it.
    pub attributes: Attributes,
    /// Where it is defined; positions of its own instructions have the same method.
    pub position: Position,
    /// The activations that positions of its instructions are in.
    pub activations: Activations,
    /// What positions of its instructions say of variables.
    pub bindings: Bindings,
    /// All instructions ever made; those in blocks count.
    pub insts: PrimaryMap<InstId, InstData>,
    /// All values ever made.
    pub values: PrimaryMap<Value, ValueData>,
    /// All blocks ever made; those in `layout` count.
    pub blocks: PrimaryMap<Block, BlockData>,
    /// The blocks in the order of the code; the first is the entry.
    pub layout: Vec<Block>,
    pools: Pools,
}

super::portable::portable_struct!(Function {
    name,
    kind,
    signature,
    attributes,
    position,
    activations,
    bindings,
    insts,
    values,
    blocks,
    layout,
    pools,
});

impl Function {
    /// A function without blocks.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        kind: FunctionKind,
        signature: Signature,
        position: Position,
    ) -> Self {
        Self {
            name: name.into(),
            kind,
            signature,
            attributes: Attributes::default(),
            position,
            activations: Activations::new(position),
            bindings: Bindings::default(),
            insts: PrimaryMap::new(),
            values: PrimaryMap::new(),
            blocks: PrimaryMap::new(),
            layout: Vec::new(),
            pools: Pools::default(),
        }
    }

    /// Whether it has code.
    #[must_use]
    pub fn has_body(&self) -> bool {
        !self.layout.is_empty()
    }

    /// The first block.
    #[must_use]
    pub fn entry(&self) -> Block {
        self.layout[0]
    }

    /// A new block at the end of the layout.
    pub fn add_block(&mut self) -> Block {
        let block = self.blocks.push(BlockData::default());
        self.layout.push(block);
        block
    }

    /// A new last parameter of a block.
    pub fn add_param(&mut self, block: Block, ty: Type) -> Value {
        let number = u32::try_from(self.blocks[block].params.len()).expect("few parameters");
        let value = self.values.push(ValueData {
            ty,
            def: ValueDef::Param(block, number),
        });
        self.blocks[block].params.push(value);
        value
    }

    /// Keeps the parameters of a block for whose number `keep` is true; the arguments are the caller's care.
    pub fn retain_params(&mut self, block: Block, keep: impl Fn(usize) -> bool) {
        let old = std::mem::take(&mut self.blocks[block].params);
        let new: Vec<Value> = old
            .into_iter()
            .enumerate()
            .filter(|(n, _)| keep(*n))
            .map(|(_, v)| v)
            .collect();
        for (number, &value) in (0..).zip(&new) {
            self.values[value].def = ValueDef::Param(block, number);
        }
        self.blocks[block].params = new;
    }

    /// A new instruction that is in no block yet, with a result of that type.
    pub fn make_inst(&mut self, inst: Inst, result: Option<Type>, position: Position) -> InstId {
        let id = self.insts.push(InstData {
            inst,
            result: None,
            position,
        });
        if let Some(ty) = result {
            let value = self.values.push(ValueData {
                ty,
                def: ValueDef::Result(id),
            });
            self.insts[id].result = Some(value);
        }
        id
    }

    /// A new instruction at the end of a block; returns its result.
    pub fn append(
        &mut self,
        block: Block,
        inst: Inst,
        result: Option<Type>,
        position: Position,
    ) -> Option<Value> {
        let id = self.make_inst(inst, result, position);
        self.blocks[block].insts.push(id);
        self.insts[id].result
    }

    /// The type of a value.
    #[must_use]
    pub fn ty(&self, value: Value) -> Type {
        self.values[value].ty
    }

    /// The instruction that defines a value; `None` for a parameter.
    #[must_use]
    pub fn def(&self, value: Value) -> Option<Inst> {
        match self.values[value].def {
            ValueDef::Result(id) => Some(self.insts[id].inst),
            ValueDef::Param(..) => None,
        }
    }

    /// The integer that a value is, if it is an `iconst`.
    #[must_use]
    pub fn as_const(&self, value: Value) -> Option<i64> {
        match self.def(value) {
            Some(Inst::Iconst(n)) => Some(n),
            _ => None,
        }
    }

    /// The terminator of a complete block.
    #[must_use]
    pub fn terminator(&self, block: Block) -> Inst {
        self.insts[self.terminator_id(block)].inst
    }

    /// The terminator of a complete block.
    #[must_use]
    pub fn terminator_id(&self, block: Block) -> InstId {
        *self.blocks[block]
            .insts
            .last()
            .expect("a complete block has a terminator")
    }

    /// The successors of a complete block, in textual order, each as often as it is written.
    #[must_use]
    pub fn successors(&self, block: Block) -> Vec<Block> {
        self.terminator(block).successors(self)
    }

    /// The values of a list.
    #[must_use]
    pub fn values_of(&self, list: ValueList) -> &[Value] {
        self.pools.values(list)
    }

    /// The blocks of a list.
    #[must_use]
    pub fn blocks_of(&self, list: BlockList) -> &[Block] {
        self.pools.blocks(list)
    }

    /// A new list.
    pub fn value_list(&mut self, values: &[Value]) -> ValueList {
        self.pools.add_values(values.iter().copied())
    }

    /// A new list of blocks.
    pub fn block_list(&mut self, blocks: &[Block]) -> BlockList {
        self.pools.add_blocks(blocks.iter().copied())
    }

    /// The list with other values: the same one if nothing changes.
    pub fn map_list(&mut self, list: ValueList, map: impl FnMut(Value) -> Value) -> ValueList {
        self.pools.map_values(list, map)
    }

    /// An instruction of another function, for this one: `value` and `block` tell what its values and blocks are here.
    #[must_use]
    pub fn copied(
        &mut self,
        from: &Self,
        inst: &Inst,
        value: impl Fn(Value) -> Value,
        block: impl Fn(Block) -> Block,
    ) -> Inst {
        inst.moved(&from.pools, &mut self.pools, value, block)
    }

    /// Forgets what is in no block of the layout: blocks, instructions, values and lists. The others get new numbers in the same order,
    /// so nothing that compares numbers comes out otherwise.
    pub fn compact(&mut self) {
        let (mut blocks, mut insts) = (vec![None; self.blocks.len()], vec![None; self.insts.len()]);
        let mut values = vec![None; self.values.len()];
        for &block in &self.layout {
            blocks[block.index()] = Some(block);
            let data = &self.blocks[block];
            for &param in &data.params {
                values[param.index()] = Some(param);
            }
            for &id in &data.insts {
                insts[id.index()] = Some(id);
                if let Some(result) = self.insts[id].result {
                    values[result.index()] = Some(result);
                }
            }
        }
        let full = renumber(&mut blocks) & renumber(&mut insts) & renumber(&mut values);
        if !full {
            self.keep(&blocks, &insts, &values);
        }
    }

    /// Keeps what has a new number.
    fn keep(
        &mut self,
        blocks: &[Option<Block>],
        insts: &[Option<InstId>],
        values: &[Option<Value>],
    ) {
        let block =
            |old: Block| blocks[old.index()].expect("a block that is used is in the layout");
        let inst = |old: InstId| insts[old.index()].expect("an instruction in a block is kept");
        let value = |old: Value| values[old.index()].expect("a value that is used is defined");
        let mut bindings = std::mem::take(&mut self.bindings);
        bindings.map_bound(|old| match values[old.index()] {
            Some(new) => Bound::Value(new),
            None => self.bound_to_lost(old, values),
        });
        self.bindings = bindings;
        let old = std::mem::take(&mut self.pools);
        let mut pools = Pools::like(&old);
        for block in &mut self.layout {
            *block = blocks[block.index()].expect("a block of the layout is kept");
        }
        self.blocks = kept(std::mem::take(&mut self.blocks), blocks);
        for data in self.blocks.values_mut() {
            data.params
                .iter_mut()
                .for_each(|param| *param = value(*param));
            data.insts.iter_mut().for_each(|id| *id = inst(*id));
        }
        self.insts = kept(std::mem::take(&mut self.insts), insts);
        for data in self.insts.values_mut() {
            data.inst = data.inst.moved(&old, &mut pools, value, block);
            data.result = data.result.map(value);
        }
        self.values = kept(std::mem::take(&mut self.values), values);
        for data in self.values.values_mut() {
            data.def = match data.def {
                ValueDef::Result(id) => ValueDef::Result(inst(id)),
                ValueDef::Param(at, number) => ValueDef::Param(block(at), number),
            };
        }
        self.pools = pools;
    }

    /// What a variable is whose value no instruction makes any more.
    fn bound_to_lost(&self, value: Value, values: &[Option<Value>]) -> Bound {
        match self.def(value) {
            Some(Inst::Iconst(n)) => Bound::Constant(n),
            Some(Inst::Bconst(b)) => Bound::Constant(b.into()),
            Some(Inst::Cast(_, source)) => match values[source.index()] {
                Some(new) => Bound::Value(new),
                None => self.bound_to_lost(source, values),
            },
            _ => Bound::Unknown,
        }
    }

    /// A target with arguments.
    pub fn target(&mut self, block: Block, args: &[Value]) -> Target {
        Target {
            block,
            args: self.value_list(args),
        }
    }

    /// Drops the arguments of every jump to a block that has lost parameters: `keep` tells by block which are left.
    pub fn retain_arguments(&mut self, keep: &[Option<Vec<bool>>]) {
        for number in 0..self.layout.len() {
            let id = self.terminator_id(self.layout[number]);
            let inst = self.insts[id].inst;
            self.insts[id].inst = inst.map_targets(self, |func, target| {
                let Some(kept) = &keep[target.block.index()] else {
                    return target;
                };
                let args = func.values_of(target.args).to_vec();
                let left: Vec<Value> = args
                    .into_iter()
                    .zip(kept)
                    .filter(|(_, keep)| **keep)
                    .map(|(value, _)| value)
                    .collect();
                func.target(target.block, &left)
            });
        }
    }

    /// The positions that it names.
    pub fn positions(&self) -> impl Iterator<Item = Position> + '_ {
        let insts = self.insts.values().map(|data| data.position);
        let activations = self.activations.positions();
        insts.chain(activations).chain([self.position])
    }

    /// All instructions in layout order.
    pub fn each_inst(&self) -> impl Iterator<Item = (Block, InstId)> + '_ {
        self.layout
            .iter()
            .flat_map(|&block| self.blocks[block].insts.iter().map(move |&id| (block, id)))
    }

    /// How many instructions are in blocks.
    #[must_use]
    pub fn size(&self) -> usize {
        self.layout
            .iter()
            .map(|&block| self.blocks[block].insts.len())
            .sum()
    }

    /// Replaces every use of a value in the whole function, as `map` says.
    pub fn map_uses(&mut self, mut map: impl FnMut(Value) -> Value) {
        self.bindings.map(&mut map);
        for position in 0..self.layout.len() {
            let block = self.layout[position];
            for n in 0..self.blocks[block].insts.len() {
                let id = self.blocks[block].insts[n];
                let inst = self.insts[id].inst;
                self.insts[id].inst = inst.map_operands(self, &mut map);
            }
        }
    }

    /// The fields of the state record that an address of this instruction starts at.
    #[must_use]
    pub fn field_of(inst: &Inst) -> Option<FieldId> {
        match inst {
            Inst::Load(_, address, _) | Inst::Store(_, _, address, _) => match address.base {
                super::instruction::Base::Field(field) => Some(field),
                super::instruction::Base::Value(_) => None,
            },
            _ => None,
        }
    }

    /// Blocks that were made, whether in the layout or not.
    #[must_use]
    pub fn n_blocks(&self) -> usize {
        self.blocks.len()
    }

    /// Whether a value was made by this function.
    #[must_use]
    pub fn knows(&self, value: Value) -> bool {
        value.index() < self.values.len()
    }
}

/// Gives new numbers, in the order of the old ones, to those that are kept; answers whether all are.
fn renumber<K: EntityRef>(kept: &mut [Option<K>]) -> bool {
    let mut next = 0;
    for number in kept.iter_mut().flatten() {
        *number = K::new(next);
        next += 1;
    }
    next == kept.len()
}

/// The items that have a new number.
fn kept<K: EntityRef, T>(items: PrimaryMap<K, T>, numbers: &[Option<K>]) -> PrimaryMap<K, T> {
    let items = items.into_values().into_iter().zip(numbers);
    items
        .filter(|(_, number)| number.is_some())
        .map(|(item, _)| item)
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::base::EntityRef;
    use crate::ir::{FuncId, parse_module, verify};

    #[test]
    fn a_compacted_function_reads_the_same_and_has_no_more_than_it_shows() {
        let text = "function \"f\" (v0: i64, v1: bool) -> i64 {\nblock0(v0: i64, v1: bool):\n    v2 = iconst 3\n    v3 = iconst 4\n    \
            br v1, block2(v0, v3), block3\nblock1:\n    ret v0\nblock2(v4: i64, v5: i64):\n    v6 = add v4, v5\n    ret v6\n\
            block3:\n    jump block4\nblock4:\n    ret v3\n}\n";
        let mut module = parse_module(text).expect("the text is right");
        let func = &mut module.functions[FuncId::new(0)];
        let entry = func.entry();
        let dead = func.blocks[entry].insts.remove(0);
        let unused = func.layout.remove(1);
        let inst = func.insts[dead].inst;
        func.compact();
        assert!(
            func.insts.values().all(|data| data.inst != inst),
            "the constant is gone"
        );
        assert_eq!(func.blocks.len(), 4, "{unused} is gone");
        assert_eq!(func.insts.len(), func.size());
        assert_eq!(func.values.len(), 6);
        assert_eq!(verify(&module), Ok(()));
        let shown = module.function_text(FuncId::new(0));
        assert!(
            shown.contains(
                "br v1, block1(v0, v2), block2\nblock1(v3: i64, v4: i64):\n    v5 = add v3, v4"
            ),
            "{shown}"
        );
        module.functions[FuncId::new(0)].compact();
        assert_eq!(module.function_text(FuncId::new(0)), shown);
    }
}
