//! What the IR of random programs uses: opcodes, widths and signs, shapes of control.

use std::collections::BTreeMap;

use ouroc::ir::{Cfg, Inst, Module};

/// How often each thing occurs.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// By name.
    pub counts: BTreeMap<String, u64>,
}

impl Coverage {
    /// Counts what a module has.
    pub fn add(&mut self, module: &Module) {
        for function in module
            .functions
            .values()
            .filter(|function| function.has_body())
        {
            for (_, id) in function.each_inst() {
                let inst = function.insts[id].inst;
                self.count(&name(&inst));
            }
            let cfg = Cfg::new(function);
            for &block in &cfg.order {
                let predecessors = cfg.predecessors(block);
                let back = predecessors
                    .iter()
                    .filter(|&&from| cfg.position(from) >= cfg.position(block))
                    .count();
                if back > 0 {
                    self.count("shape: loop");
                }
                if predecessors.len() > 1 + back {
                    self.count("shape: join");
                }
                if !function.blocks[block].params.is_empty() && back > 0 {
                    self.count("shape: loop with variables");
                }
            }
        }
    }

    fn count(&mut self, name: &str) {
        *self.counts.entry(name.to_owned()).or_default() += 1;
    }

    /// A line for each thing, columns aligned.
    #[must_use]
    pub fn table(&self) -> String {
        let lines = self
            .counts
            .iter()
            .map(|(name, count)| format!("{name:32}{count:>12}\n"));
        lines.collect()
    }
}

fn name(inst: &Inst) -> String {
    match inst {
        Inst::Binary(op, ..) => op.name().to_owned(),
        Inst::Unary(op, _) => op.name().to_owned(),
        Inst::Sext(bits, _) => format!("sext.{bits}"),
        Inst::Zext(bits, _) => format!("zext.{bits}"),
        Inst::Checked(op, ..) => op.name().to_owned(),
        Inst::BrChecked(op, ..) => format!("br.{}", op.name()),
        Inst::Icmp(cond, ..) => cond.name().to_owned(),
        Inst::Fcmp(cond, ..) => cond.name().to_owned(),
        Inst::Load(access, ..) => format!("load.{}", access.name()),
        Inst::Store(access, ..) => format!("store.{}", access.name()),
        Inst::Block(op, ..) => op.name().to_owned(),
        Inst::Cast(ty, _) => format!("cast.{}", ty.name()),
        Inst::Iconst(_) => "iconst".to_owned(),
        Inst::Fconst(_) => "fconst".to_owned(),
        Inst::F32const(_) => "f32const".to_owned(),
        Inst::Bconst(_) => "bconst".to_owned(),
        Inst::Addr(..) => "addr".to_owned(),
        Inst::Select(..) => "select".to_owned(),
        Inst::PinGet(_) => "pin.get".to_owned(),
        Inst::PinSet(..) => "pin.set".to_owned(),
        Inst::Call(..) => "call".to_owned(),
        Inst::CallInd(..) => "callind".to_owned(),
        Inst::Syscall(..) => "syscall".to_owned(),
        Inst::TrapIf(..) => "trap.if".to_owned(),
        Inst::Rdtsc => "rdtsc".to_owned(),
        Inst::Prefetch(_) => "prefetch".to_owned(),
        Inst::Fence => "fence".to_owned(),
        Inst::Jump(_) => "jump".to_owned(),
        Inst::Br(..) => "br".to_owned(),
        Inst::Switch(..) => "switch".to_owned(),
        Inst::Ret(_) => "ret".to_owned(),
        Inst::TailCall(..) => "tailcall".to_owned(),
        Inst::TailCallInd(..) => "tailcallind".to_owned(),
        Inst::Trap(_) => "trap".to_owned(),
        Inst::Unreachable => "unreachable".to_owned(),
        Inst::Dispatch => "dispatch".to_owned(),
    }
}
