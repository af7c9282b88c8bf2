//! Reads the functions of an executable back, in the symbolic form that comparisons need.

use super::entry::Entry;
use super::listing::{Names, Printer, decode};
use crate::object::collect::STATE;
use crate::x64::registers::STATE_BIAS;
use goblin::elf::Elf;
use goblin::elf::sym::STT_FUNC;
use iced_x86::{Instruction, Register};
use std::collections::BTreeMap;

/// The functions of an executable that `ouroc` made, sorted by name.
///
/// # Errors
/// The bytes are no ELF file, or it has no symbols: a sentence.
pub fn entries(bytes: &[u8]) -> Result<Vec<Entry>, String> {
    let elf = Elf::parse(bytes).map_err(|error| format!("not an executable: {error}"))?;
    let symbols = Symbols::new(&elf, bytes)?;
    let mut printer = Printer::new();
    let mut entries = Vec::new();
    for symbol in elf
        .syms
        .iter()
        .filter(|symbol| symbol.st_type() == STT_FUNC)
    {
        let name = elf.strtab.get_at(symbol.st_name).unwrap_or("");
        let Some(code) = bytes_at(&elf, bytes, symbol.st_value, symbol.st_size) else {
            return Err(format!("the code of `{name}` lies outside the file"));
        };
        entries.push(Entry {
            name: name.to_owned(),
            size: code.len(),
            lines: lines(code, symbol.st_value, &symbols, &mut printer),
        });
    }
    if entries.is_empty() {
        return Err("the executable has no symbols".to_owned());
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

/// The bytes at an address.
fn bytes_at<'b>(elf: &Elf<'_>, bytes: &'b [u8], address: u64, size: u64) -> Option<&'b [u8]> {
    let start = elf.program_headers.iter().find_map(|header| {
        let distance = address.checked_sub(header.p_vaddr)?;
        (distance < header.p_filesz).then(|| header.p_offset.checked_add(distance))?
    })?;
    let end = start.checked_add(size)?;
    bytes.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
}

fn lines(code: &[u8], start: u64, symbols: &Symbols<'_>, printer: &mut Printer) -> Vec<String> {
    let instructions = decode(code);
    let size = code.len() as u64;
    let inside = |instruction: &Instruction| {
        let target = instruction.near_branch_target();
        (target != 0 && target < size)
            .then(|| u32::try_from(target).ok())
            .flatten()
    };
    let mut labels: BTreeMap<u32, u32> = instructions
        .iter()
        .filter_map(inside)
        .map(|target| (target, 0))
        .collect();
    for (number, label) in (1..).zip(labels.values_mut()) {
        *label = number;
    }
    let names = Within {
        symbols,
        start,
        size,
    };
    let mut lines = Vec::new();
    for instruction in &instructions {
        let offset = u32::try_from(instruction.ip()).expect("a function below 4 GiB");
        if let Some(label) = labels.get(&offset) {
            lines.push(format!("L{label}:"));
        }
        lines.push(format!(
            "    {}",
            printer.text(instruction, &names, &labels)
        ));
    }
    lines
}

/// What lies where in an executable.
struct Symbols<'e> {
    elf: &'e Elf<'e>,
    bytes: &'e [u8],
    /// Name and size by address; of several at one address the last counts.
    by_address: BTreeMap<u64, (&'e str, u64)>,
    state: u64,
}

impl<'e> Symbols<'e> {
    fn new(elf: &'e Elf<'e>, bytes: &'e [u8]) -> Result<Self, String> {
        let mut by_address = BTreeMap::new();
        let mut state = None;
        for symbol in elf.syms.iter().skip(1) {
            let name = elf.strtab.get_at(symbol.st_name).unwrap_or("");
            if name == STATE {
                state = Some(symbol.st_value);
                by_address
                    .entry(symbol.st_value)
                    .or_insert((name, symbol.st_size));
            } else {
                by_address.insert(symbol.st_value, (name, symbol.st_size));
            }
        }
        let state = state.ok_or_else(|| format!("the executable has no symbol `{STATE}`"))?;
        Ok(Self {
            elf,
            bytes,
            by_address,
            state,
        })
    }

    /// The name of an address: a symbol with a distance, or the constant that stands there.
    fn name(&self, address: u64) -> String {
        if let Some((&start, &(name, size))) = self.by_address.range(..=address).next_back()
            && (address == start || address - start < size)
        {
            return match address - start {
                0 => name.to_owned(),
                distance => format!("{name}+{distance}"),
            };
        }
        match bytes_at(self.elf, self.bytes, address, 8) {
            Some(bytes) => {
                let word = bytes.try_into().map(u64::from_le_bytes).unwrap_or_default();
                format!("constant {word:#x}")
            }
            None => "unknown".to_owned(),
        }
    }
}

/// Names for the operands of a function that is decoded as if it started at 0.
struct Within<'s, 'e> {
    symbols: &'s Symbols<'e>,
    start: u64,
    size: u64,
}

impl Names for Within<'_, '_> {
    fn operand(&self, instruction: &Instruction) -> Option<String> {
        if instruction.is_call_near() || instruction.is_jmp_short_or_near() {
            let target = instruction.near_branch_target();
            if instruction.is_jmp_short_or_near() && target < self.size {
                return None;
            }
            return Some(self.symbols.name(self.start.wrapping_add(target)));
        }
        if instruction.is_ip_rel_memory_operand() {
            let target = instruction.ip_rel_memory_address();
            let address = self.start.wrapping_add(target);
            let is_table = self.symbols.name(address).starts_with("constant")
                && instruction.code() == iced_x86::Code::Lea_r64_m;
            let name = if is_table {
                "jumpTable".to_owned()
            } else {
                self.symbols.name(address)
            };
            return Some(name);
        }
        if instruction.memory_base() == Register::RBX {
            let distance =
                instruction.memory_displacement64().cast_signed() + i64::from(STATE_BIAS);
            return Some(
                self.symbols
                    .name(self.symbols.state.wrapping_add_signed(distance)),
            );
        }
        None
    }

    fn remark(&self, _: &Instruction) -> Option<String> {
        None
    }
}
