//! Deliberate miscompilations of IR: each changes what some programs mean, as a fault of a pass or of selection would.

use ouroc::ir::{
    Access, BinaryOp, BlockOp, CheckedOp, FloatCond, Function, Inst, InstId, IntCond, Module,
    UnaryOp, Value,
};

/// A miscompilation.
pub struct Plant {
    /// What it pretends that the translator does wrong.
    pub name: &'static str,
    change: Change,
}

/// What a plant does to a function; answers how many places it changed.
enum Change {
    /// Replaces single instructions.
    Each(fn(Inst) -> Option<Inst>),
    /// Changes an instruction that needs its function.
    Lists(fn(&mut Function, InstId) -> bool),
    /// A load after a store takes the value of the same load before it.
    StaleLoads,
}

impl Plant {
    /// Miscompiles the random programs of a module, not what runs and prints them; the number of places.
    pub fn apply(&self, module: &mut Module) -> usize {
        let mut places = 0;
        for function in module.functions.values_mut() {
            let helper =
                function.name.starts_with("RandomProgram") || !function.name.starts_with("Random");
            if !helper && function.has_body() {
                places += self.change(function);
            }
        }
        places
    }

    fn change(&self, function: &mut Function) -> usize {
        let ids: Vec<InstId> = function.each_inst().map(|(_, id)| id).collect();
        match self.change {
            Change::Each(replace) => {
                let mut places = 0;
                for id in ids {
                    if let Some(new) = replace(function.insts[id].inst) {
                        function.insts[id].inst = new;
                        places += 1;
                    }
                }
                places
            }
            Change::Lists(change) => ids.into_iter().filter(|&id| change(function, id)).count(),
            Change::StaleLoads => stale_loads(function),
        }
    }
}

macro_rules! plants {
    ($($name:literal: $from:pat => $to:expr;)*) => {
        vec![$(Plant {
            name: $name,
            change: Change::Each(|inst| match inst {
                $from => Some($to),
                _ => None,
            }),
        }),*]
    };
}

/// All plants.
#[must_use]
pub fn plants() -> Vec<Plant> {
    let mut all = comparisons();
    all.extend(integers());
    all.extend(checks());
    all.extend(memory());
    all.extend(floats());
    all.extend([
        Plant {
            name: "arguments of calls are exchanged",
            change: Change::Lists(exchange_arguments),
        },
        Plant {
            name: "a jump table is off by one",
            change: Change::Lists(rotate_switch),
        },
        Plant {
            name: "a load is taken for an earlier one across a store",
            change: Change::StaleLoads,
        },
    ]);
    all
}

fn comparisons() -> Vec<Plant> {
    use Inst::Icmp;
    plants! {
        "signed less becomes less or equal": Icmp(IntCond::Slt, a, b) => Icmp(IntCond::Sle, a, b);
        "signed less becomes unsigned": Icmp(IntCond::Slt, a, b) => Icmp(IntCond::Ult, a, b);
        "signed less or equal becomes unsigned": Icmp(IntCond::Sle, a, b) => Icmp(IntCond::Ule, a, b);
        "signed greater becomes unsigned": Icmp(IntCond::Sgt, a, b) => Icmp(IntCond::Ugt, a, b);
        "signed greater or equal becomes greater": Icmp(IntCond::Sge, a, b) => Icmp(IntCond::Sgt, a, b);
        "unsigned less becomes signed": Icmp(IntCond::Ult, a, b) => Icmp(IntCond::Slt, a, b);
        "unsigned greater becomes signed": Icmp(IntCond::Ugt, a, b) => Icmp(IntCond::Sgt, a, b);
        "unsigned greater or equal becomes greater": Icmp(IntCond::Uge, a, b) => Icmp(IntCond::Ugt, a, b);
        "equality is inverted": Icmp(IntCond::Eq, a, b) => Icmp(IntCond::Ne, a, b);
        "operands of select are exchanged": Inst::Select(c, a, b) => Inst::Select(c, b, a);
    }
}

fn integers() -> Vec<Plant> {
    use Inst::{Binary, Unary};
    plants! {
        "arithmetic shift becomes logical": Binary(BinaryOp::Sar, a, b) => Binary(BinaryOp::Shr, a, b);
        "logical shift becomes arithmetic": Binary(BinaryOp::Shr, a, b) => Binary(BinaryOp::Sar, a, b);
        "rotation goes the other way": Binary(BinaryOp::Rotl, a, b) => Binary(BinaryOp::Rotr, a, b);
        "operands of a difference are exchanged": Binary(BinaryOp::Sub, a, b) => Binary(BinaryOp::Sub, b, a);
        "signed division becomes unsigned": Binary(BinaryOp::Sdiv, a, b) => Binary(BinaryOp::Udiv, a, b);
        "unsigned division becomes signed": Binary(BinaryOp::Udiv, a, b) => Binary(BinaryOp::Sdiv, a, b);
        "signed remainder becomes unsigned": Binary(BinaryOp::Srem, a, b) => Binary(BinaryOp::Urem, a, b);
        "upper product becomes signed": Binary(BinaryOp::Mulhu, a, b) => Binary(BinaryOp::Mulhs, a, b);
        "and becomes or": Binary(BinaryOp::And, a, b) => Binary(BinaryOp::Or, a, b);
        "exclusive or becomes or": Binary(BinaryOp::Xor, a, b) => Binary(BinaryOp::Or, a, b);
        "negation becomes complement": Unary(UnaryOp::Neg, a) => Unary(UnaryOp::Not, a);
        "zeros are counted from the other end": Unary(UnaryOp::Clz, a) => Unary(UnaryOp::Ctz, a);
        "sixteen bits are swapped as thirty-two": Unary(UnaryOp::Bswap16, a) => Unary(UnaryOp::Bswap32, a);
        "sign extension becomes zero extension": Inst::Sext(bits, a) => Inst::Zext(bits, a);
        "zero extension becomes sign extension": Inst::Zext(bits, a) => Inst::Sext(bits, a);
        "an extension keeps a bit too many": Inst::Zext(bits @ 1..=62, a) => Inst::Zext(bits + 1, a);
        "an extension of 32 bits is left out": Inst::Zext(32, a) => Inst::Zext(63, a);
    }
}

fn checks() -> Vec<Plant> {
    plants! {
        "traps are left out": Inst::TrapIf(..) => Inst::Fence;
        "a checked signed sum wraps": Inst::Checked(CheckedOp::AddS, a, b, _) => Inst::Binary(BinaryOp::Add, a, b);
        "a checked product wraps": Inst::Checked(CheckedOp::MulS | CheckedOp::MulU, a, b, _) => Inst::Binary(BinaryOp::Mul, a, b);
        "a checked unsigned sum is checked as signed":
            Inst::Checked(CheckedOp::AddU, a, b, reason) => Inst::Checked(CheckedOp::AddS, a, b, reason);
        "overflow of a sum is tested as unsigned":
            Inst::BrChecked(CheckedOp::AddS, a, b, yes, no) => Inst::BrChecked(CheckedOp::AddU, a, b, yes, no);
        "overflow of a product is tested as unsigned":
            Inst::BrChecked(CheckedOp::MulS, a, b, yes, no) => Inst::BrChecked(CheckedOp::MulU, a, b, yes, no);
    }
}

fn memory() -> Vec<Plant> {
    use Inst::{Load, Store};
    plants! {
        "signed bytes are loaded as unsigned": Load(Access::S8, place, alias) => Load(Access::U8, place, alias);
        "unsigned bytes are loaded as signed": Load(Access::U8, place, alias) => Load(Access::S8, place, alias);
        "signed 16 bits are loaded as unsigned": Load(Access::S16, place, alias) => Load(Access::U16, place, alias);
        "unsigned 16 bits are loaded as signed": Load(Access::U16, place, alias) => Load(Access::S16, place, alias);
        "signed 32 bits are loaded as unsigned": Load(Access::S32, place, alias) => Load(Access::U32, place, alias);
        "unsigned 32 bits are loaded as signed": Load(Access::U32, place, alias) => Load(Access::S32, place, alias);
        "half of a word is stored": Store(Access::I64, a, place, alias) => Store(Access::U32, a, place, alias);
        "a word is stored for a byte": Store(Access::U8, a, place, alias) => Store(Access::U16, a, place, alias);
        "stores are left out": Store(Access::S32, ..) => Inst::Fence;
        "bytes are filled as words": Inst::Block(BlockOp::MemFill, a, b, c) => Inst::Block(BlockOp::MemFill64, a, b, c);
    }
}

fn floats() -> Vec<Plant> {
    use Inst::{Binary, Fcmp, Unary};
    plants! {
        "float less becomes less or equal": Fcmp(FloatCond::Lt, a, b) => Fcmp(FloatCond::Le, a, b);
        "float inequality misses what is not a number": Fcmp(FloatCond::Ne, a, b) => Fcmp(FloatCond::Lt, a, b);
        "operands of a float difference are exchanged": Binary(BinaryOp::Fsub, a, b) => Binary(BinaryOp::Fsub, b, a);
        "operands of a float quotient are exchanged": Binary(BinaryOp::Fdiv, a, b) => Binary(BinaryOp::Fdiv, b, a);
        "float negation becomes absolute value": Unary(UnaryOp::Fneg, a) => Unary(UnaryOp::Fabs, a);
        "floor becomes truncation": Unary(UnaryOp::Ffloor, a) => Unary(UnaryOp::Ftrunc, a);
        "signed integers become floats as unsigned": Unary(UnaryOp::I2f, a) => Unary(UnaryOp::U2f, a);
        "unsigned integers become floats as signed": Unary(UnaryOp::U2f, a) => Unary(UnaryOp::I2f, a);
    }
}

fn exchange_arguments(function: &mut Function, id: InstId) -> bool {
    let Inst::Call(callee, list) = function.insts[id].inst else {
        return false;
    };
    let mut args: Vec<Value> = function.values_of(list).to_vec();
    if args.len() < 2 || function.ty(args[0]) != function.ty(args[1]) {
        return false;
    }
    args.swap(0, 1);
    let list = function.value_list(&args);
    function.insts[id].inst = Inst::Call(callee, list);
    true
}

fn rotate_switch(function: &mut Function, id: InstId) -> bool {
    let Inst::Switch(value, blocks, default) = function.insts[id].inst else {
        return false;
    };
    let mut blocks = function.blocks_of(blocks).to_vec();
    blocks.rotate_left(1);
    let list = function.block_list(&blocks);
    function.insts[id].inst = Inst::Switch(value, list, default);
    true
}

fn stale_loads(function: &mut Function) -> usize {
    let mut known: Vec<(Inst, Value)> = Vec::new();
    let mut replaced: Vec<(Value, Value)> = Vec::new();
    for block in function.layout.clone() {
        known.clear();
        for &id in &function.blocks[block].insts {
            let data = &function.insts[id];
            if let (Inst::Load(..), Some(result)) = (data.inst, data.result) {
                match known.iter().find(|(inst, _)| *inst == data.inst) {
                    Some(&(_, earlier)) => replaced.push((result, earlier)),
                    None => known.push((data.inst, result)),
                }
            }
        }
    }
    function.map_uses(|value| {
        replaced
            .iter()
            .find(|(late, _)| *late == value)
            .map_or(value, |&(_, earlier)| earlier)
    });
    replaced.len()
}
