//! Runs IR, for tests: a pass is right when a function behaves the same before and after it.
//!
//! Memory is one small arena that starts at [`ARENA`], with the state record at its start; the addresses of functions and
//! data are numbers outside it. What a run may be compared by is its [`Run`]: how it ended, memory, pins, and the calls of imports.

use crate::base::EntityRef;

use super::entities::{FieldId, FuncId, Value};
use super::function::{Function, FunctionKind};
use super::instruction::{Address, Base, Inst, Symbol, Target};
use super::module::Module;
use super::opcode::{BinaryOp, BlockOp, FloatCond, UnaryOp};
use super::types::{Access, Type};

/// The address of the arena.
pub(crate) const ARENA: i64 = 0x1_0000;
/// The address of the first function; others follow in steps of 16.
const CODE: i64 = 0x4000_0000;

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// With a result.
    Returned(Option<i64>),
    /// In a trap, with the text of its reason.
    Trapped(String),
    /// In a handler's `dispatch`.
    Dispatched,
    /// In something that has no meaning: a wild access, a division by zero, `unreachable`. Not to be compared.
    Undefined(&'static str),
    /// After too many steps. Not to be compared.
    Endless,
}

/// What a run did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) end: End,
    pub(crate) memory: Vec<u8>,
    pub(crate) pins: Vec<i64>,
    /// Calls of imports and system calls with their arguments.
    pub(crate) log: Vec<(String, Vec<i64>)>,
    pub(crate) steps: u64,
}

/// Runs a function with these arguments (bits) on this memory.
pub(crate) fn run(
    module: &Module,
    func: FuncId,
    args: &[i64],
    memory: &[u8],
    max_steps: u64,
) -> Run {
    let memory = memory.to_vec();
    let mut pins: Vec<i64> = Vec::new();
    for pin in module.pins.keys() {
        pins.push(ARENA + 8 * i64::try_from(pin.index()).unwrap_or(0));
    }
    let start = Run {
        end: End::Endless,
        memory,
        pins,
        log: Vec::new(),
        steps: 0,
    };
    let mut machine = Machine {
        module,
        run: start,
        max_steps,
        depth: 0,
    };
    machine.run.end = match machine.call(func, args.to_vec()) {
        Ok(result) => End::Returned(result),
        Err(end) => end,
    };
    machine.run
}

struct Machine<'a> {
    module: &'a Module,
    run: Run,
    max_steps: u64,
    depth: usize,
}

/// Where control goes after an instruction.
enum Next {
    Goes(Target, Option<i64>),
    Returns(Option<i64>),
    Calls(FuncId, Vec<i64>),
}

type Step<T> = Result<T, End>;

impl Machine<'_> {
    fn call(&mut self, mut id: FuncId, mut args: Vec<i64>) -> Step<Option<i64>> {
        if self.depth > 200 {
            return Err(End::Endless);
        }
        self.depth += 1;
        loop {
            let module = self.module;
            let func = &module.functions[id];
            if func.kind == FunctionKind::Import {
                self.run.log.push((func.name.clone(), args));
                self.depth -= 1;
                return Ok(func.signature.result.map(|_| 7));
            }
            match self.body(func, &args)? {
                Next::Calls(callee, new) => (id, args) = (callee, new),
                Next::Returns(result) => {
                    self.depth -= 1;
                    return Ok(result);
                }
                Next::Goes(..) => unreachable!("a branch stays in its function"),
            }
        }
    }

    fn body(&mut self, func: &Function, args: &[i64]) -> Step<Next> {
        let mut values = vec![0i64; func.values.len()];
        let mut block = func.entry();
        for (&param, &arg) in func.blocks[block].params.iter().zip(args) {
            values[param.index()] = arg;
        }
        loop {
            let mut next = None;
            for &id in &func.blocks[block].insts {
                self.run.steps += 1;
                if self.run.steps > self.max_steps {
                    return Err(End::Endless);
                }
                let data = &func.insts[id];
                if data.inst.is_terminator() {
                    next = Some(self.terminator(func, &values, &data.inst)?);
                } else {
                    let result = self.inst(func, &values, &data.inst)?;
                    if let Some(value) = data.result {
                        values[value.index()] = result;
                    }
                }
            }
            match next {
                Some(Next::Goes(target, extra)) => {
                    let mut args: Vec<i64> = func
                        .values_of(target.args)
                        .iter()
                        .map(|v| values[v.index()])
                        .collect();
                    args.extend(extra);
                    block = target.block;
                    for (&param, arg) in func.blocks[block].params.iter().zip(args) {
                        values[param.index()] = arg;
                    }
                }
                Some(end) => return Ok(end),
                None => return Err(End::Undefined("a block has no terminator")),
            }
        }
    }

    fn terminator(&mut self, func: &Function, values: &[i64], inst: &Inst) -> Step<Next> {
        let get = |value: Value| values[value.index()];
        let list = |args| {
            func.values_of(args)
                .iter()
                .map(|&v| get(v))
                .collect::<Vec<i64>>()
        };
        Ok(match *inst {
            Inst::Jump(target) => Next::Goes(target, None),
            Inst::Br(c, yes, no, _) => Next::Goes(if get(c) != 0 { yes } else { no }, None),
            Inst::BrChecked(op, a, b, normal, overflow) => match op.evaluate(get(a), get(b)) {
                Some(result) => Next::Goes(normal, Some(result)),
                None => Next::Goes(overflow, None),
            },
            Inst::Switch(value, blocks, default) => {
                let blocks = func.blocks_of(blocks);
                let chosen = usize::try_from(get(value)).ok().and_then(|n| blocks.get(n));
                Next::Goes(Target::to(*chosen.unwrap_or(&default)), None)
            }
            Inst::Ret(value) => Next::Returns(value.map(get)),
            Inst::TailCall(callee, args) => Next::Calls(callee, list(args)),
            Inst::TailCallInd(_, callee, args) => {
                Next::Calls(self.function_at(get(callee))?, list(args))
            }
            Inst::Trap(reason) => {
                return Err(End::Trapped(self.module.trap_reasons[reason].clone()));
            }
            Inst::Dispatch => return Err(End::Dispatched),
            _ => return Err(End::Undefined("unreachable code is reached")),
        })
    }

    fn inst(&mut self, func: &Function, values: &[i64], inst: &Inst) -> Step<i64> {
        let get = |value: Value| values[value.index()];
        let list = |args| {
            func.values_of(args)
                .iter()
                .map(|&v| get(v))
                .collect::<Vec<i64>>()
        };
        Ok(match *inst {
            Inst::Iconst(n) => n,
            Inst::Fconst(bits) => bits.cast_signed(),
            Inst::F32const(bits) => i64::from(bits),
            Inst::Bconst(b) => i64::from(b),
            Inst::Addr(symbol, offset) => self.symbol(symbol) + offset,
            Inst::Binary(op, a, b) => binary(op, get(a), get(b))?,
            Inst::Unary(op, a) => unary(op, func.ty(a), get(a)),
            Inst::Sext(bits, a) => get(a) << (64 - bits) >> (64 - bits),
            Inst::Zext(bits, a) => get(a) & (1i64 << bits).wrapping_sub(1),
            Inst::Checked(op, a, b, reason) => match op.evaluate(get(a), get(b)) {
                Some(result) => result,
                None => return Err(End::Trapped(self.module.trap_reasons[reason].clone())),
            },
            Inst::Icmp(cond, a, b) => i64::from(cond.holds(get(a), get(b))),
            Inst::Fcmp(cond, a, b) => i64::from(compare(cond, get(a), get(b))),
            Inst::Select(c, a, b) => get(if get(c) != 0 { a } else { b }),
            Inst::Cast(_, a) => get(a),
            Inst::Load(access, address, _) => self.load(access, self.address(values, address))?,
            Inst::Store(access, value, address, _) => {
                self.store(access, get(value), self.address(values, address))?;
                0
            }
            Inst::PinGet(pin) => self.run.pins[pin.index()],
            Inst::PinSet(pin, value) => {
                self.run.pins[pin.index()] = get(value);
                0
            }
            Inst::Call(callee, args) => self.call(callee, list(args))?.unwrap_or(0),
            Inst::CallInd(_, callee, args) => {
                let callee = self.function_at(get(callee))?;
                self.call(callee, list(args))?.unwrap_or(0)
            }
            Inst::Syscall(number, args) => {
                self.run
                    .log
                    .push((format!("syscall {}", get(number)), list(args)));
                7
            }
            Inst::Block(op, a, b, c) => {
                self.block_op(op, get(a), get(b), get(c))?;
                0
            }
            Inst::TrapIf(c, reason) if get(c) != 0 => {
                return Err(End::Trapped(self.module.trap_reasons[reason].clone()));
            }
            Inst::TrapIf(..) | Inst::Prefetch(_) | Inst::Fence => 0,
            Inst::Rdtsc => 42,
            _ => unreachable!("{inst:?} is a terminator"),
        })
    }

    fn symbol(&self, symbol: Symbol) -> i64 {
        let at = |index: usize| 16 * i64::try_from(index).unwrap_or(0);
        match symbol {
            Symbol::Function(id) => CODE + at(id.index()),
            Symbol::Data(id) => 2 * CODE + at(id.index()) * 256,
            Symbol::Table(id) => 3 * CODE + at(id.index()) * 256,
            Symbol::Field(id) => self.field(id),
        }
    }

    fn field(&self, id: FieldId) -> i64 {
        ARENA + i64::from(self.module.fields[id].offset)
    }

    fn function_at(&self, address: i64) -> Step<FuncId> {
        let index = (address - CODE) / 16;
        let known = usize::try_from(index)
            .ok()
            .filter(|&n| n < self.module.functions.len() && (address - CODE) % 16 == 0);
        known
            .map(FuncId::new)
            .ok_or(End::Undefined("a call of no function"))
    }

    fn address(&self, values: &[i64], address: Address) -> i64 {
        let base = match address.base {
            Base::Value(value) => values[value.index()],
            Base::Field(field) => self.field(field),
        };
        let index = address.index.map_or(0, |(value, scale)| {
            values[value.index()].wrapping_mul(i64::from(scale))
        });
        base.wrapping_add(index)
            .wrapping_add(i64::from(address.offset))
    }

    fn range(&self, address: i64, bytes: i64) -> Step<std::ops::Range<usize>> {
        let start = address.wrapping_sub(ARENA);
        let end = start.checked_add(bytes).filter(|&end| {
            start >= 0
                && bytes >= 0
                && usize::try_from(end).is_ok_and(|end| end <= self.run.memory.len())
        });
        let wild = End::Undefined("a wild access");
        let end = end.ok_or(wild)?;
        Ok(usize::try_from(start).unwrap_or(0)..usize::try_from(end).unwrap_or(0))
    }

    fn load(&self, access: Access, address: i64) -> Step<i64> {
        let range = self.range(address, i64::from(access.bytes()))?;
        let mut bytes = [0u8; 8];
        bytes[..range.len()].copy_from_slice(&self.run.memory[range]);
        let n = i64::from_le_bytes(bytes);
        Ok(match access {
            Access::S8 => n << 56 >> 56,
            Access::S16 => n << 48 >> 48,
            Access::S32 => n << 32 >> 32,
            Access::Bool => n & 1,
            _ => n,
        })
    }

    fn store(&mut self, access: Access, value: i64, address: i64) -> Step<()> {
        let range = self.range(address, i64::from(access.bytes()))?;
        let length = range.len();
        self.run.memory[range].copy_from_slice(&value.to_le_bytes()[..length]);
        Ok(())
    }

    fn block_op(&mut self, op: BlockOp, destination: i64, source: i64, length: i64) -> Step<()> {
        let bytes = if op == BlockOp::MemFill64 {
            length.wrapping_mul(8)
        } else {
            length
        };
        let to = self.range(destination, bytes)?;
        match op {
            BlockOp::MemCopy | BlockOp::MemMove => {
                let from = self.range(source, bytes)?;
                self.run.memory.copy_within(from, to.start);
            }
            BlockOp::MemFill => self.run.memory[to].fill(source.to_le_bytes()[0]),
            BlockOp::MemFill64 => {
                for word in self.run.memory[to].chunks_mut(8) {
                    word.copy_from_slice(&source.to_le_bytes());
                }
            }
        }
        Ok(())
    }
}

fn binary(op: BinaryOp, a: i64, b: i64) -> Step<i64> {
    let (ua, ub) = (a.cast_unsigned(), b.cast_unsigned());
    let count = u32::try_from(b & 63).unwrap_or(0);
    let (fa, fb) = (f64::from_bits(ua), f64::from_bits(ub));
    if op.divides() && b == 0 {
        return Err(End::Undefined("a division by zero"));
    }
    if matches!(op, BinaryOp::Sdiv | BinaryOp::Srem) && a == i64::MIN && b == -1 {
        return Err(End::Undefined("a quotient out of range"));
    }
    let wide = |n: i64| i128::from(n);
    let float = |x: f64| x.to_bits().cast_signed();
    Ok(match op {
        BinaryOp::Add => a.wrapping_add(b),
        BinaryOp::Sub => a.wrapping_sub(b),
        BinaryOp::Mul => a.wrapping_mul(b),
        BinaryOp::And => a & b,
        BinaryOp::Or => a | b,
        BinaryOp::Xor => a ^ b,
        BinaryOp::Shl => a << count,
        BinaryOp::Shr => (ua >> count).cast_signed(),
        BinaryOp::Sar => a >> count,
        BinaryOp::Rotl => a.rotate_left(count),
        BinaryOp::Rotr => a.rotate_right(count),
        BinaryOp::Mulhs => i64::try_from((wide(a) * wide(b)) >> 64).unwrap_or(0),
        BinaryOp::Mulhu => u64::try_from((u128::from(ua) * u128::from(ub)) >> 64)
            .unwrap_or(0)
            .cast_signed(),
        BinaryOp::Sdiv => a / b,
        BinaryOp::Udiv => (ua / ub).cast_signed(),
        BinaryOp::Srem => a % b,
        BinaryOp::Urem => (ua % ub).cast_signed(),
        BinaryOp::Fadd => float(fa + fb),
        BinaryOp::Fsub => float(fa - fb),
        BinaryOp::Fmul => float(fa * fb),
        BinaryOp::Fdiv => float(fa / fb),
    })
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "the machine's conversions are meant"
)]
fn unary(op: UnaryOp, ty: Type, a: i64) -> i64 {
    let ua = a.cast_unsigned();
    let x = f64::from_bits(ua);
    let float = |x: f64| x.to_bits().cast_signed();
    match op {
        UnaryOp::Neg => a.wrapping_neg(),
        UnaryOp::Not if ty == Type::Bool => a ^ 1,
        UnaryOp::Not => !a,
        UnaryOp::Clz => i64::from(ua.leading_zeros()),
        UnaryOp::Ctz => i64::from(ua.trailing_zeros()),
        UnaryOp::Popcnt => i64::from(ua.count_ones()),
        UnaryOp::Bswap16 => (ua << 48).swap_bytes().cast_signed(),
        UnaryOp::Bswap32 => (ua << 32).swap_bytes().cast_signed(),
        UnaryOp::Bswap64 => a.swap_bytes(),
        UnaryOp::Fneg => float(-x),
        UnaryOp::Fabs => float(x.abs()),
        UnaryOp::Fsqrt => float(x.sqrt()),
        UnaryOp::Ftrunc => float(x.trunc()),
        UnaryOp::Ffloor => float(x.floor()),
        UnaryOp::I2f => float(a as f64),
        UnaryOp::U2f => float(ua as f64),
        UnaryOp::F2i
            if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&x) =>
        {
            x as i64
        }
        UnaryOp::F2i => i64::MIN,
        UnaryOp::F64to32 => i64::from((x as f32).to_bits()),
        UnaryOp::F32to64 => float(f64::from(f32::from_bits(ua as u32))),
        UnaryOp::Bits2f | UnaryOp::F2bits | UnaryOp::B2i => a,
    }
}

fn compare(cond: FloatCond, a: i64, b: i64) -> bool {
    cond.holds(
        f64::from_bits(a.cast_unsigned()),
        f64::from_bits(b.cast_unsigned()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::parse_module;

    #[test]
    fn a_loop_over_memory_sums_what_is_there() {
        let text = "function \"sum\" (v0: ptr, v1: i64) -> i64 {\nblock0(v0: ptr, v1: i64):\n    v2 = iconst 0\n    jump block1(v2, v2)\n\
            block1(v3: i64, v4: i64):\n    v5 = icmp.slt v3, v1\n    br v5, block2, block3\n\
            block2:\n    v6 = load.u8 v0 + v3*1 !any\n    v7 = add v4, v6\n    v8 = iconst 1\n    v9 = add v3, v8\n    jump block1(v9, v7)\n\
            block3:\n    ret v4\n}\n";
        let module = parse_module(text).expect("the text is right");
        let memory = [1, 2, 3, 200];
        let ran = run(&module, FuncId::new(0), &[ARENA, 4], &memory, 1000);
        assert_eq!(ran.end, End::Returned(Some(206)));
        let wild = run(&module, FuncId::new(0), &[ARENA, 5], &memory, 1000);
        assert_eq!(wild.end, End::Undefined("a wild access"));
        let endless = run(&module, FuncId::new(0), &[ARENA, 4], &memory, 10);
        assert_eq!(endless.end, End::Endless);
    }
}
