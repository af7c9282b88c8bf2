//! Writes the executable file: headers, segments, sections, symbols.
//!
//! A static position-independent executable: no interpreter, no needed library. A dynamic one would add a `PT_INTERP` segment,
//! `DT_NEEDED` entries and a dynamic symbol table here, and nothing elsewhere.

use super::debug_info::DebugSection;
use super::layout::{
    DYNAMIC_STRINGS, HEADERS, Layout, PAGE, RELOCATION_SIZE, Range, RelativeRelocation, SEGMENTS,
};
use super::pieces::{LinkError, Pieces, SectionKind};
use object::Endianness;
use object::elf;
use object::write::StringId;
use object::write::elf::{FileHeader, ProgramHeader, Rel, SectionHeader, Sym, Writer};

/// A section header to be written.
struct Section {
    name: &'static str,
    kind: elf::SectionType,
    flags: elf::SectionFlags,
    range: Range,
    offset: u64,
    align: u64,
    entry_size: u64,
    /// The number of the section that it refers to.
    link: u32,
}

/// The number of `.dynstr`, the first section.
const DYNAMIC_STRINGS_SECTION: u32 = 1;

impl Section {
    /// A section that is read-only in memory and stands at its address in the file.
    fn new(name: &'static str, kind: elf::SectionType, range: Range) -> Self {
        Self {
            name,
            kind,
            flags: elf::SHF_ALLOC,
            range,
            offset: range.start,
            align: 16,
            entry_size: 0,
            link: 0,
        }
    }

    fn header(&self, sh_name: u32) -> SectionHeader {
        SectionHeader {
            sh_name,
            sh_type: self.kind,
            sh_flags: self.flags,
            sh_addr: self.range.start,
            sh_offset: self.offset,
            sh_size: self.range.size(),
            sh_link: self.link,
            sh_info: 0,
            sh_addralign: self.align,
            sh_entsize: self.entry_size,
        }
    }
}

/// What goes into the file.
pub(super) struct Contents<'a> {
    /// The pieces, relocated.
    pub pieces: &'a Pieces,
    /// Where they are.
    pub layout: &'a Layout,
    /// The address of the first instruction.
    pub entry: u64,
    /// What the entry code adjusts.
    pub relocations: &'a [RelativeRelocation],
    /// Debug information.
    pub debug: &'a [DebugSection],
    /// The embedded image.
    pub image: &'a [u8],
}

/// The bytes of the file.
///
/// # Errors
/// The file cannot be written, for its size.
pub(super) fn write(contents: &Contents<'_>) -> Result<Vec<u8>, LinkError> {
    write_file(contents)
        .map_err(|error| LinkError::new(format!("the executable cannot be written: {error}")))
}

fn write_file<'a>(contents: &Contents<'a>) -> Result<Vec<u8>, object::write::Error> {
    let mut bytes = Vec::new();
    let mut head = Vec::new();
    {
        let mut writer = Writer::new_single_phase(Endianness::Little, true, &mut bytes);
        writer.write_file_header(&FileHeader {
            os_abi: elf::ELFOSABI_NONE,
            abi_version: 0,
            e_type: elf::ET_DYN,
            e_machine: elf::EM_X86_64,
            e_entry: contents.entry,
            e_flags: elf::FileFlags(0),
        })?;
        let segments = segments(contents.layout);
        let count = u32::try_from(segments.len()).expect("few segments");
        writer.write_program_headers_placeholder(count);
        write_loaded(&mut writer, contents)?;
        write_unloaded(&mut writer, contents)?;
        writer.write_headers_to(&mut head, &segments)?;
    }
    bytes[..head.len()].copy_from_slice(&head);
    Ok(bytes)
}

type FileWriter<'a> = Writer<'a, object::write::elf::SinglePhase>;

/// Everything that is loaded into memory, in the order of addresses.
fn write_loaded(
    writer: &mut FileWriter<'_>,
    contents: &Contents<'_>,
) -> Result<(), object::write::Error> {
    let layout = contents.layout;
    writer.pad_until(layout.relocations.start);
    for relocation in contents.relocations {
        writer.write_relocation(
            true,
            &Rel {
                r_offset: relocation.place,
                r_sym: 0,
                r_type: elf::R_X86_64_RELATIVE,
                r_addend: relocation.addend.cast_signed(),
            },
        );
    }
    for kind in SectionKind::ALL {
        if kind != SectionKind::Zeroed {
            write_pieces(writer, contents, kind);
        }
        if kind == SectionKind::Relocated {
            writer.pad_until(layout.dynamic.start);
            write_dynamic(writer, contents)?;
            writer.pad_until(layout.relro.end);
        }
    }
    if layout.image.size() > 0 {
        writer.pad_until(layout.image_offset);
        writer.write(contents.image);
    }
    Ok(())
}

fn write_pieces(writer: &mut FileWriter<'_>, contents: &Contents<'_>, kind: SectionKind) {
    for (piece, &address) in contents.pieces.items.iter().zip(&contents.layout.pieces) {
        if piece.section == kind && !piece.bytes.is_empty() {
            if kind == SectionKind::Text {
                // Between functions stand instructions that trap.
                let gap = address.saturating_sub(writer.offset());
                if gap < PAGE && writer.offset() > contents.layout.range(kind).start {
                    writer.write(&vec![0xCC; usize::try_from(gap).expect("below a page")]);
                }
            }
            writer.pad_until(address);
            writer.write(&piece.bytes);
        }
    }
}

fn write_dynamic(
    writer: &mut FileWriter<'_>,
    contents: &Contents<'_>,
) -> Result<(), object::write::Error> {
    let table = contents.layout.relocations;
    let before = writer.write_align_dynamic();
    debug_assert_eq!(before, contents.layout.dynamic.start);
    let entries = [
        (elf::DT_STRTAB, DYNAMIC_STRINGS.start),
        (elf::DT_STRSZ, DYNAMIC_STRINGS.size()),
        (elf::DT_RELA, table.start),
        (elf::DT_RELASZ, table.size()),
        (elf::DT_RELAENT, RELOCATION_SIZE),
        (elf::DT_RELACOUNT, contents.relocations.len() as u64),
        (elf::DT_FLAGS, elf::DF_BIND_NOW.0),
        (elf::DT_FLAGS_1, elf::DF_1_PIE.0),
        (elf::DT_NULL, 0),
    ];
    for (tag, value) in entries {
        writer.write_dynamic(tag, value)?;
    }
    Ok(())
}

/// The sections that are loaded, in the order of addresses; a symbol's section is its position plus one.
fn sections(layout: &Layout) -> Vec<Section> {
    let relocations = Section::new(".rela.dyn", elf::SHT_RELA, layout.relocations);
    let strings = Section::new(".dynstr", elf::SHT_STRTAB, DYNAMIC_STRINGS);
    let mut result = vec![
        Section {
            align: 1,
            ..strings
        },
        Section {
            align: 8,
            entry_size: RELOCATION_SIZE,
            ..relocations
        },
    ];
    for kind in SectionKind::ALL {
        let section_type = match kind {
            SectionKind::Zeroed => elf::SHT_NOBITS,
            _ => elf::SHT_PROGBITS,
        };
        let mut section = Section::new(kind.name(), section_type, layout.range(kind));
        match kind {
            SectionKind::Text => section.flags |= elf::SHF_EXECINSTR,
            SectionKind::Relocated | SectionKind::Data | SectionKind::Zeroed => {
                section.flags |= elf::SHF_WRITE;
            }
            _ => {}
        }
        result.push(section);
        if kind == SectionKind::Relocated {
            let mut dynamic = Section::new(".dynamic", elf::SHT_DYNAMIC, layout.dynamic);
            dynamic.flags |= elf::SHF_WRITE;
            dynamic.align = 8;
            dynamic.entry_size = 16;
            dynamic.link = DYNAMIC_STRINGS_SECTION;
            result.push(dynamic);
        }
    }
    let mut image = Section::new(".ouro.image", elf::SHT_PROGBITS, layout.image);
    image.offset = layout.image_offset;
    image.align = PAGE;
    result.push(image);
    result.retain(|section| section.range.size() > 0);
    result
}

/// Symbols, debug information and section headers.
fn write_unloaded<'a>(
    writer: &mut FileWriter<'a>,
    contents: &Contents<'a>,
) -> Result<(), object::write::Error> {
    let sections = sections(contents.layout);
    let num_local = write_symbols(writer, contents, &sections);
    let mut offsets = Vec::new();
    for section in contents.debug {
        offsets.push(writer.offset());
        writer.write(&section.bytes);
    }
    writer.write_strtab()?;
    let names = |writer: &mut FileWriter<'a>, names: &[&'static str]| -> Vec<StringId> {
        let add = |name: &&'static str| writer.add_section_name(name.as_bytes());
        names.iter().map(add).collect()
    };
    let loaded: Vec<&str> = sections.iter().map(|section| section.name).collect();
    let loaded = names(writer, &loaded);
    let unloaded: Vec<&str> = contents.debug.iter().map(|section| section.name).collect();
    let unloaded = names(writer, &unloaded);
    writer.write_shstrtab()?;
    writer.write_null_section_header();
    for (section, name) in sections.iter().zip(loaded) {
        let sh_name = writer.section_name_offset(Some(name));
        writer.write_section_header(&section.header(sh_name));
    }
    for ((section, sh_offset), name) in contents.debug.iter().zip(offsets).zip(unloaded) {
        let sh_name = writer.section_name_offset(Some(name));
        writer.write_section_header(&SectionHeader {
            sh_name,
            sh_type: elf::SHT_PROGBITS,
            sh_offset,
            sh_size: section.bytes.len() as u64,
            sh_addralign: 1,
            ..SectionHeader::default()
        });
    }
    writer.write_strtab_section_header();
    writer.write_symtab_section_header(num_local);
    writer.write_shstrtab_section_header();
    Ok(())
}

/// The symbol table, local symbols first; answers how many those are.
fn write_symbols<'a>(
    writer: &mut FileWriter<'a>,
    contents: &Contents<'a>,
    sections: &[Section],
) -> u32 {
    let mut symbols = Vec::new();
    for (piece, &address) in contents.pieces.items.iter().zip(&contents.layout.pieces) {
        let name = piece.section.name();
        let section = sections.iter().position(|section| section.name == name);
        for symbol in &piece.symbols {
            symbols.push((symbol, address + symbol.offset, piece.section, section));
        }
    }
    symbols.sort_by_key(|(symbol, address, ..)| (symbol.global, *address));
    writer.write_null_symbol();
    let mut local = 1;
    for (symbol, address, kind, section) in symbols {
        let binding = match symbol.global {
            true => elf::STB_GLOBAL,
            false => elf::STB_LOCAL,
        };
        let symbol_type = match kind {
            SectionKind::Text => elf::STT_FUNC,
            _ => elf::STT_OBJECT,
        };
        local += u32::from(!symbol.global);
        let name = writer.add_string(symbol.name.as_bytes());
        let st_name = writer.string_offset(Some(name));
        writer.write_symbol(&Sym {
            section: section.map(|index| u32::try_from(index + 1).expect("few sections")),
            st_name,
            st_info: elf::SymbolInfo::new(binding, symbol_type),
            st_other: elf::SymbolOther(0),
            st_shndx: elf::SHN_UNDEF,
            st_value: address,
            st_size: symbol.size,
        });
    }
    local
}

/// The program headers.
fn segments(layout: &Layout) -> Vec<ProgramHeader> {
    let (read, write, execute) = (elf::PF_R, elf::PF_R | elf::PF_W, elf::PF_R | elf::PF_X);
    let segment = |p_type, p_flags, range: Range, p_align| ProgramHeader {
        p_type,
        p_flags,
        p_offset: range.start,
        p_vaddr: range.start,
        p_paddr: range.start,
        p_filesz: range.size(),
        p_memsz: range.size(),
        p_align,
    };
    let headers = Range {
        start: 64,
        end: HEADERS,
    };
    let constants = Range {
        start: 0,
        end: layout.range(SectionKind::UnwindIndex).end,
    };
    let data = Range {
        start: layout.relro.start,
        end: layout.range(SectionKind::Data).end,
    };
    let mut writable = segment(elf::PT_LOAD, write, data, PAGE);
    writable.p_memsz = layout.range(SectionKind::Zeroed).end - data.start;
    let mut image = segment(elf::PT_LOAD, read, layout.image, PAGE);
    image.p_offset = layout.image_offset;
    let is_embedded = layout.image.size() > 0;
    let headers = match is_embedded {
        true => headers,
        false => Range {
            end: headers.end - PROGRAM_HEADER,
            ..headers
        },
    };
    let nothing = Range::default();
    let mut all = vec![
        segment(elf::PT_PHDR, read, headers, 8),
        segment(elf::PT_LOAD, read, constants, PAGE),
        segment(elf::PT_LOAD, execute, layout.range(SectionKind::Text), PAGE),
        writable,
        segment(elf::PT_DYNAMIC, write, layout.dynamic, 8),
        segment(elf::PT_GNU_RELRO, read, layout.relro, 1),
        segment(elf::PT_GNU_STACK, write, nothing, 16),
        segment(
            elf::PT_GNU_EH_FRAME,
            read,
            layout.range(SectionKind::UnwindIndex),
            4,
        ),
    ];
    if is_embedded {
        // Loaded segments stand in the order of their addresses.
        all.insert(4, image);
    }
    debug_assert!(all.len() as u64 <= SEGMENTS);
    all
}

/// The size of a program header.
const PROGRAM_HEADER: u64 = 56;
