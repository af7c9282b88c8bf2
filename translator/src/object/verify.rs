//! Reads the finished executable with an independent reader and checks what is promised of it.

use super::pieces::LinkError;
use goblin::elf::Elf;
use goblin::elf::header::ET_DYN;
use goblin::elf::program_header::{
    PF_W, PF_X, PT_DYNAMIC, PT_GNU_RELRO, PT_GNU_STACK, PT_INTERP, PT_LOAD, PT_NULL, PT_PHDR,
    ProgramHeader,
};
use goblin::elf::reloc::R_X86_64_RELATIVE;
use goblin::elf::section_header::{SHN_UNDEF, SHT_DYNAMIC, SHT_STRTAB};

/// Checks an executable file.
///
/// # Errors
/// Everything that is not as promised, a sentence each.
pub fn verify(bytes: &[u8]) -> Result<(), LinkError> {
    let elf = Elf::parse(bytes)
        .map_err(|error| LinkError::new(format!("the executable is not readable: {error}")))?;
    let mut reasons = Vec::new();
    let mut check = |holds: bool, reason: &str| {
        if !holds {
            reasons.push(reason.to_owned());
        }
    };
    check_shape(&elf, &mut check);
    check_segments(&elf, &mut check);
    check_relocations(&elf, &mut check);
    for symbol in elf.syms.iter().skip(1) {
        let name = elf.strtab.get_at(symbol.st_name).unwrap_or("?");
        let defined = symbol.st_shndx != SHN_UNDEF as usize;
        check(defined, &format!("the symbol `{name}` is not defined"));
    }
    if reasons.is_empty() {
        Ok(())
    } else {
        Err(LinkError { reasons })
    }
}

fn check_shape(elf: &Elf<'_>, check: &mut impl FnMut(bool, &str)) {
    let has = |kind| {
        elf.program_headers
            .iter()
            .any(|header| header.p_type == kind)
    };
    check(!has(PT_NULL), "a program header says nothing");
    let linked = elf
        .section_headers
        .iter()
        .filter(|section| section.sh_type == SHT_DYNAMIC)
        .all(|section| {
            let strings = elf.section_headers.get(section.sh_link as usize);
            strings.is_some_and(|strings| strings.sh_type == SHT_STRTAB)
        });
    check(linked, "the dynamic section names no string table");
    check(
        elf.header.e_type == ET_DYN,
        "the executable is not position-independent",
    );
    check(!has(PT_INTERP), "the executable wants an interpreter");
    check(elf.libraries.is_empty(), "the executable wants a library");
    for (kind, name) in [
        (PT_PHDR, "PT_PHDR"),
        (PT_DYNAMIC, "PT_DYNAMIC"),
        (PT_GNU_RELRO, "PT_GNU_RELRO"),
        (PT_GNU_STACK, "PT_GNU_STACK"),
    ] {
        check(has(kind), &format!("the executable has no {name} segment"));
    }
}

fn check_segments(elf: &Elf<'_>, check: &mut impl FnMut(bool, &str)) {
    for header in &elf.program_headers {
        let writable = header.p_flags & PF_W != 0;
        let executable = header.p_flags & PF_X != 0;
        check(
            !(writable && executable),
            "a segment is writable and executable",
        );
        if header.p_type == PT_LOAD {
            let congruent = header.p_offset % header.p_align == header.p_vaddr % header.p_align;
            check(
                congruent,
                "a segment's place in the file does not fit its address",
            );
        }
    }
    let mut code = elf
        .program_headers
        .iter()
        .filter(|header| header.p_flags & PF_X != 0);
    let entry = code.any(|code| (code.p_vaddr..code.p_vaddr + code.p_memsz).contains(&elf.entry));
    check(entry, "the entry point lies outside the code");
}

fn check_relocations(elf: &Elf<'_>, check: &mut impl FnMut(bool, &str)) {
    let find = |wanted: &dyn Fn(&ProgramHeader) -> bool| {
        elf.program_headers.iter().find(|&header| wanted(header))
    };
    let relro = find(&|header| header.p_type == PT_GNU_RELRO);
    let data = find(&|header| header.p_type == PT_LOAD && header.p_flags & PF_W != 0);
    for relocation in &elf.dynrelas {
        let place = relocation.r_offset;
        let inside =
            data.is_some_and(|data| (data.p_vaddr..data.p_vaddr + data.p_filesz).contains(&place));
        check(
            inside,
            &format!("a relocation at {place:#x} lies outside the data"),
        );
        check(
            relocation.r_type == R_X86_64_RELATIVE,
            "a relocation is not relative",
        );
    }
    let start = |header: &ProgramHeader| header.p_vaddr;
    check(
        relro.map(start) == data.map(start),
        "the protected range is not at the start of the data",
    );
}
