//! Unwind tables of code that is not translated: an unwinder finds the caller at every instruction.

use std::collections::BTreeMap;

use gimli::{
    BaseAddresses, CfaRule, EhFrame, LittleEndian, Register, UnwindContext, UnwindSection, X86_64,
};
use goblin::elf::Elf;
use iced_x86::{Code, Decoder, DecoderOptions, Instruction, Register as Machine};

use crate::support::executable;

const PROGRAM: &str = r#"
symbol "ouro_main" "main"
symbol "greet" "print"
import "ouro_signal_return" ()
export "print" (v0: i64) {
block0(v0: i64):
    ret
}
export "main" (v0: i64) -> i64 {
block0(v0: i64):
    call "ouro_signal_return"()
    call "print"(v0)
    v1 = iconst 0
    ret v1
}
"#;

/// Where the caller's stack pointer is by the table: a register and a distance.
fn told(section: &[u8], base: u64, at: u64) -> (Register, i64) {
    let table = EhFrame::new(section, LittleEndian);
    let bases = BaseAddresses::default().set_eh_frame(base);
    let mut context = UnwindContext::new();
    let row = table.unwind_info_for_address(&bases, &mut context, at, |table, bases, offset| {
        table.cie_from_offset(bases, offset)
    });
    match row.expect("the address is in the table").cfa() {
        CfaRule::RegisterAndOffset { register, offset } => (*register, *offset),
        other @ CfaRule::Expression(_) => panic!("{other:?}"),
    }
}

/// Distances from the stack pointer, and from `rbx`, to that of the caller before each instruction, as the instructions say.
fn done(code: &[u8], start: u64) -> Vec<(u64, BTreeMap<u16, i64>)> {
    let mut known = BTreeMap::from([(X86_64::RSP.0, 8)]);
    let mut before = Vec::new();
    for instruction in Decoder::with_ip(64, code, start, DecoderOptions::NONE) {
        before.push((instruction.ip(), known.clone()));
        follow(&instruction, &mut known);
    }
    before
}

fn follow(instruction: &Instruction, known: &mut BTreeMap<u16, i64>) {
    let (rsp, rbx) = (X86_64::RSP.0, X86_64::RBX.0);
    let registers = (instruction.op0_register(), instruction.op1_register());
    match (instruction.code(), registers) {
        (Code::Push_r64, _) => *known.get_mut(&rsp).expect("it is known") += 8,
        (Code::Pop_r64, (popped, _)) => {
            *known.get_mut(&rsp).expect("it is known") -= 8;
            if popped == Machine::RBX {
                known.remove(&rbx);
            }
        }
        (Code::Mov_rm64_r64, (Machine::RBX, Machine::RSP)) => {
            known.insert(rbx, known[&rsp]);
        }
        (Code::And_rm64_imm8, (Machine::RSP, _)) => {
            known.remove(&rsp);
        }
        (Code::Mov_rm64_r64, (Machine::RSP, Machine::RBX)) => {
            known.insert(rsp, known[&rbx]);
        }
        (Code::Call_rel32_64 | Code::Lea_r64_m | Code::Retnq, _) => {}
        (other, _) => panic!("{other:?} is new in a thunk"),
    }
}

#[test]
fn an_unwinder_finds_the_caller_at_every_instruction_of_a_thunk() {
    let bytes = executable(PROGRAM);
    let elf = Elf::parse(&bytes).expect("the linker made it");
    let section = |wanted: &str| {
        let mut sections = elf.section_headers.iter();
        let is_it = |name: Option<&str>| name == Some(wanted);
        let found = sections.find(|section| is_it(elf.shdr_strtab.get_at(section.sh_name)));
        let found = found.expect("the section is there");
        let range = found.file_range().expect("it is in the file");
        (&bytes[range], found.sh_addr)
    };
    let (table, base) = section(".eh_frame");
    let (text, start) = section(".text");
    let mut seen = 0;
    for symbol in &elf.syms {
        let name = elf.strtab.get_at(symbol.st_name).unwrap_or_default();
        if !["ouro_main", "greet", "import ouro_signal_return"].contains(&name) {
            continue;
        }
        let at = usize::try_from(symbol.st_value - start).expect("in the section");
        let size = usize::try_from(symbol.st_size).expect("in the section");
        for (place, distances) in done(&text[at..at + size], symbol.st_value) {
            let (register, distance) = told(table, base, place);
            assert_eq!(
                distances.get(&register.0),
                Some(&distance),
                "{name} {place:#x}"
            );
            seen += 1;
        }
    }
    assert_eq!(seen, 15 + 15 + 7);
}
