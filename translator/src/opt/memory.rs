//! Loads whose value is known disappear, and so do stores of what is there already or of what nothing reads.
//!
//! What memory holds is followed along the paths of the function: a load or a store makes one place known; stores, calls and block
//! operations make places unknown that they may write, by alias class and, where both sides have the same base, by distance. At a join
//! only what all predecessors agree on stays; at a loop's header what the loop does not write.

use rustc_hash::FxHashMap;

use crate::analysis::effects::Classes;
use crate::analysis::{Cfg, Dominators, Loops};
use crate::ir::{
    Access, Address, Alias, Block, Function, Inst, InstId, MemoryEffect, Position, Type, Value,
};

use super::Context;

/// As many places are remembered at most.
const MOST_PLACES: usize = 48;

/// A place in memory of which the content is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Place {
    address: Address,
    access: Access,
    class: Alias,
    /// What a load would give, but for the extension of a narrow store.
    value: Value,
    /// The value was stored, so its upper bits may not be those that a load gives.
    stored: bool,
}

/// The places that are known at one point.
type Places = Vec<Place>;

/// Runs the pass.
pub fn run(func: &mut Function, context: &Context<'_>) -> bool {
    let touches = func
        .each_inst()
        .any(|(_, id)| matches!(func.insts[id].inst, Inst::Load(..) | Inst::Store(..)));
    if !touches {
        return false;
    }
    let cfg = Cfg::new(func);
    let dominators = Dominators::new(&cfg);
    let loops = Loops::new(&cfg, &dominators);
    let written = loops
        .all
        .iter()
        .map(|found| written_by(func, context, &found.blocks))
        .collect();
    let mut pass = Pass {
        func,
        context,
        cfg: &cfg,
        loops: &loops,
        written,
        at_end: FxHashMap::default(),
        forward: FxHashMap::default(),
        changed: false,
    };
    for &block in &cfg.order {
        pass.visit(block);
    }
    let (forward, changed) = (std::mem::take(&mut pass.forward), pass.changed);
    if !forward.is_empty() {
        func.map_uses(|value| end(&forward, value));
    }
    changed
}

fn end(forward: &FxHashMap<Value, Value>, value: Value) -> Value {
    let mut value = value;
    while let Some(&next) = forward.get(&value) {
        value = next;
    }
    value
}

/// All classes that the blocks may write.
pub(super) fn written_by(func: &Function, context: &Context<'_>, blocks: &[Block]) -> Classes {
    let mut classes = Classes::default();
    for &block in blocks {
        for &id in &func.blocks[block].insts {
            match func.insts[id].inst {
                Inst::Call(callee, _) => match context.summary(callee) {
                    Some(summary) => {
                        classes.extend(&summary.writes);
                    }
                    None => classes.insert(Alias::ANY),
                },
                inst if inst.is_terminator() => {}
                inst => match inst.effects().memory {
                    MemoryEffect::Write(class) | MemoryEffect::ReadWrite(class) => {
                        classes.insert(class)
                    }
                    MemoryEffect::All => classes.insert(Alias::ANY),
                    MemoryEffect::Read(_) | MemoryEffect::None => {}
                },
            }
        }
    }
    classes
}

struct Pass<'a> {
    func: &'a mut Function,
    context: &'a Context<'a>,
    cfg: &'a Cfg,
    loops: &'a Loops,
    /// By loop: what it writes.
    written: Vec<Classes>,
    at_end: FxHashMap<Block, Places>,
    forward: FxHashMap<Value, Value>,
    changed: bool,
}

/// A block while it is rewritten.
#[derive(Default)]
struct Progress {
    places: Places,
    new: Vec<InstId>,
    /// Stores that nothing has read since, by their position in `new`.
    unread: Vec<usize>,
    /// Stores that were overwritten before anything could read them.
    dead: Vec<usize>,
}

impl Pass<'_> {
    fn visit(&mut self, block: Block) {
        let mut progress = Progress {
            places: self.at_start(block),
            ..Progress::default()
        };
        for id in std::mem::take(&mut self.func.blocks[block].insts) {
            let inst = self.current(id);
            let stays = match inst {
                Inst::Load(_, _, class) if class != Alias::VOLATILE => {
                    self.load(id, &inst, &mut progress)
                }
                Inst::Store(_, _, _, class) if class != Alias::VOLATILE => {
                    self.store(&inst, &mut progress)
                }
                _ => {
                    self.other(&inst, &mut progress.places, &mut progress.unread);
                    true
                }
            };
            if stays {
                progress.new.push(id);
            }
            self.changed |= !stays;
        }
        let Progress {
            places,
            mut new,
            dead,
            ..
        } = progress;
        if !dead.is_empty() {
            self.changed = true;
            let mut at = 0;
            new.retain(|_| {
                at += 1;
                !dead.contains(&(at - 1))
            });
        }
        self.func.blocks[block].insts = new;
        self.at_end.insert(block, places);
    }

    /// Whether a load stays.
    fn load(&mut self, id: InstId, inst: &Inst, progress: &mut Progress) -> bool {
        let (Inst::Load(access, address, class), Some(result)) =
            (*inst, self.func.insts[id].result)
        else {
            return true;
        };
        let place = self.known(&progress.places, access, address);
        if let Some(value) =
            place.and_then(|place| self.loaded(id, place, access, &mut progress.new))
        {
            self.forward.insert(result, value);
            return false;
        }
        let new = &progress.new;
        progress
            .unread
            .retain(|&at| !self.may_read(new[at], access, address, class));
        remember(
            &mut progress.places,
            Place {
                address,
                access,
                class,
                value: result,
                stored: false,
            },
        );
        true
    }

    /// Whether a store stays.
    fn store(&mut self, inst: &Inst, progress: &mut Progress) -> bool {
        let Inst::Store(access, value, address, class) = *inst else {
            return true;
        };
        if self.is_there(&progress.places, access, address, value) {
            return false;
        }
        let (unread, dead, new) = (&mut progress.unread, &mut progress.dead, &progress.new);
        unread.retain(|&at| {
            let covered = match self.func.insts[new[at]].inst {
                Inst::Store(other, _, to, _) => to == address && other.bytes() <= access.bytes(),
                _ => false,
            };
            if covered {
                dead.push(at);
            }
            !covered
        });
        progress
            .places
            .retain(|place| !may_touch(place, access, address, class));
        remember(
            &mut progress.places,
            Place {
                address,
                access,
                class,
                value,
                stored: true,
            },
        );
        progress.unread.push(progress.new.len());
        true
    }

    /// The instruction with operands that were replaced so far.
    fn current(&mut self, id: InstId) -> Inst {
        let inst = self.func.insts[id].inst;
        if self.forward.is_empty() {
            return inst;
        }
        let forward = &self.forward;
        let new = inst.map_operands(self.func, |value| end(forward, value));
        self.func.insts[id].inst = new;
        new
    }

    fn at_start(&self, block: Block) -> Places {
        let predecessors = self.cfg.predecessors(block);
        let before = |from: Block| self.cfg.position(from) < self.cfg.position(block);
        let header = self
            .loops
            .innermost(block)
            .filter(|&number| self.loops.all[number].header == block);
        // A cycle that is no loop: nothing is known.
        if header.is_none() && !predecessors.iter().all(|&from| before(from)) {
            return Places::new();
        }
        let mut earlier = predecessors.iter().filter(|&&from| before(from));
        let Some(first) = earlier.next().and_then(|from| self.at_end.get(from)) else {
            return Places::new();
        };
        let mut places = first.clone();
        for from in earlier {
            let Some(other) = self.at_end.get(from) else {
                return Places::new();
            };
            places.retain(|place| other.contains(place));
        }
        if let Some(number) = header {
            places.retain(|place| !self.written[number].overlaps(place.class));
        }
        places
    }

    fn other(&self, inst: &Inst, places: &mut Places, unread: &mut Vec<usize>) {
        let effects = inst.effects();
        if effects.traps || effects.memory != MemoryEffect::None {
            // A trap, a call or the end of the block shows what was stored.
            unread.clear();
        }
        match *inst {
            Inst::Call(callee, _) => match self.context.summary(callee) {
                Some(summary) => places.retain(|place| !summary.writes.overlaps(place.class)),
                None => places.clear(),
            },
            _ if inst.is_terminator() => {}
            _ => match effects.memory {
                MemoryEffect::All => places.clear(),
                MemoryEffect::Write(class) | MemoryEffect::ReadWrite(class) => {
                    places.retain(|place| !class.overlaps(place.class));
                }
                MemoryEffect::Read(_) | MemoryEffect::None => {}
            },
        }
    }

    fn known(&self, places: &Places, access: Access, address: Address) -> Option<Place> {
        let fits = |place: &&Place| place.address == address && is_readable(place, access);
        places.iter().rev().find(fits).copied()
    }

    /// Whether a load may read what an earlier store of the block wrote.
    fn may_read(&self, store: InstId, access: Access, address: Address, class: Alias) -> bool {
        let Inst::Store(stored, value, to, of) = self.func.insts[store].inst else {
            return true;
        };
        let place = Place {
            address: to,
            access: stored,
            class: of,
            value,
            stored: true,
        };
        may_touch(&place, access, address, class)
    }

    /// Whether a store would write what is known to be there.
    fn is_there(&self, places: &Places, access: Access, address: Address, value: Value) -> bool {
        let same =
            |place: &&Place| place.address == address && place.access.bytes() == access.bytes();
        places
            .iter()
            .rev()
            .find(same)
            .is_some_and(|place| place.value == value)
    }

    /// The value that a load gives, from what is known.
    fn loaded(
        &mut self,
        id: InstId,
        place: Place,
        access: Access,
        new: &mut Vec<InstId>,
    ) -> Option<Value> {
        let position = self.func.insts[id].position;
        let (from, to) = (self.func.ty(place.value), access.ty());
        if from != to {
            return (from.is_word() && to.is_word())
                .then(|| self.insert(Inst::Cast(to, place.value), to, position, new));
        }
        if !place.stored || to != Type::I64 {
            return Some(place.value);
        }
        let bits = u8::try_from(access.bytes() * 8).unwrap_or(64);
        match access {
            Access::U8 | Access::U16 | Access::U32 => {
                Some(self.insert(Inst::Zext(bits, place.value), to, position, new))
            }
            Access::S8 | Access::S16 | Access::S32 => {
                Some(self.insert(Inst::Sext(bits, place.value), to, position, new))
            }
            _ => Some(place.value),
        }
    }

    fn insert(&mut self, inst: Inst, ty: Type, position: Position, new: &mut Vec<InstId>) -> Value {
        let id = self.func.make_inst(inst, Some(ty), position);
        new.push(id);
        self.func.insts[id]
            .result
            .unwrap_or_else(|| unreachable!("{id} was made with a result"))
    }
}

fn remember(places: &mut Places, place: Place) {
    if places.len() >= MOST_PLACES {
        places.remove(0);
    }
    places.push(place);
}

/// Whether a load of that kind can take its value from a place at the same address.
fn is_readable(place: &Place, access: Access) -> bool {
    if place.access.bytes() != access.bytes() {
        return false;
    }
    // Floats and integers, and different extensions of loaded values, are not converted.
    let words = place.access.ty().is_word() && access.ty().is_word() && access.bytes() == 8;
    let narrow = place.stored && place.access.ty() == Type::I64 && access.ty() == Type::I64;
    place.access == access || words || narrow
}

/// Whether an access may touch a byte of a place. Where both are at known distances from the same base, the class does not matter:
/// memory that changes its type is then seen.
fn may_touch(place: &Place, access: Access, address: Address, class: Alias) -> bool {
    if place.address.base != address.base || place.address.index != address.index {
        return place.class.overlaps(class);
    }
    let (a, b) = (i64::from(place.address.offset), i64::from(address.offset));
    a < b + i64::from(access.bytes()) && b < a + i64::from(place.access.bytes())
}

#[cfg(test)]
mod tests {
    use crate::opt::testing::check_pass;

    fn check(code: &str, expected: &str) {
        let head = "(v0: ptr, v1: i64, v2: bool)";
        check_pass(
            super::run,
            &format!(
                "import \"out\" ()\nfunction \"f\" {head} -> i64 {{\nblock0{head}:\n{code}}}\n"
            ),
            &format!("block0{head}:\n{expected}"),
        );
    }

    #[test]
    fn a_store_is_seen_by_a_load_and_hidden_by_another_class_only() {
        check(
            "    v3 = load.ptr v0 + 16 !b\n    store.i64 v1, v0 !a\n    store.i64 v1, v0 + 8 !a\n    store.i64 v1, v3 !b\n    \
             v4 = load.i64 v0 !a\n    ret v4\n",
            "    v3 = load.ptr v0 + 16 !b\n    store.i64 v1, v0 !a\n    store.i64 v1, v0 + 8 !a\n    store.i64 v1, v3 !b\n    ret v1\n",
        );
        check(
            "    store.i64 v1, v0 !a\n    v3 = load.ptr v0 + 16 !a\n    store.i64 v1, v3 !a\n    v4 = load.i64 v0 !a\n    ret v4\n",
            "    store.i64 v1, v0 !a\n    v3 = load.ptr v0 + 16 !a\n    store.i64 v1, v3 !a\n    v4 = load.i64 v0 !a\n    ret v4\n",
        );
    }

    #[test]
    fn a_narrow_store_is_extended_by_the_load() {
        check(
            "    store.u8 v1, v0 !a\n    v3 = load.s8 v0 !a\n    ret v3\n",
            "    store.u8 v1, v0 !a\n    v4 = sext.8 v1\n    ret v4\n",
        );
    }

    #[test]
    fn calls_and_volatile_accesses_are_respected() {
        check(
            "    v3 = load.i64 v0 !a\n    call \"out\"()\n    v4 = load.i64 v0 !a\n    v5 = load.i64 v0 !volatile\n    v6 = load.i64 v0 !volatile\n    \
             v7 = load.i64 v0 !a\n    v8 = add v4, v7\n    ret v8\n",
            "    v3 = load.i64 v0 !a\n    call \"out\"()\n    v4 = load.i64 v0 !a\n    v5 = load.i64 v0 !volatile\n    v6 = load.i64 v0 !volatile\n    \
             v8 = add v4, v4\n    ret v8\n",
        );
    }

    #[test]
    fn a_store_that_is_overwritten_or_changes_nothing_goes() {
        check(
            "    store.i64 v1, v0 !a\n    v3 = load.i64 v0 + 8 !a\n    store.i64 v3, v0 !a\n    store.i64 v3, v0 + 8 !a\n    ret v3\n",
            "    v3 = load.i64 v0 + 8 !a\n    store.i64 v3, v0 !a\n    ret v3\n",
        );
        // A trap in between shows the first one.
        check(
            "    store.i64 v1, v0 !a\n    trap.if v2, \"x\"\n    store.i64 v1, v0 + 8 !a\n    ret v1\n",
            "    store.i64 v1, v0 !a\n    trap.if v2, \"x\"\n    store.i64 v1, v0 + 8 !a\n    ret v1\n",
        );
    }

    #[test]
    fn joins_and_loops_keep_what_holds_on_all_ways() {
        check(
            "    v3 = load.i64 v0 !a\n    v4 = load.i64 v0 + 64 !b\n    br v2, block1, block2\nblock1:\n    store.i64 v1, v0 + 64 !b\n    jump block2\n\
             block2:\n    v5 = load.i64 v0 !a\n    v6 = load.i64 v0 + 64 !b\n    jump block3\n\
             block3:\n    v7 = load.i64 v0 !a\n    v8 = load.i64 v0 + 64 !b\n    store.i64 v8, v0 + 8 !a\n    br v2, block3, block4\n\
             block4:\n    v9 = add v5, v6\n    ret v9\n",
            "    v3 = load.i64 v0 !a\n    v4 = load.i64 v0 + 64 !b\n    br v2, block1, block2\nblock1:\n    store.i64 v1, v0 + 64 !b\n    jump block2\n\
             block2:\n    v6 = load.i64 v0 + 64 !b\n    jump block3\n\
             block3:\n    v7 = load.i64 v0 !a\n    store.i64 v6, v0 + 8 !a\n    br v2, block3, block4\nblock4:\n    v9 = add v3, v6\n    ret v9\n",
        );
    }
}
