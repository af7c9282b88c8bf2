//! Links a compiled module with the shim: a static position-independent ELF executable.
//!
//! In: a [`CodeModule`](crate::x64::CodeModule). Out: the bytes of the file, the same for the same module: code, constants, tables that
//! the entry code relocates and then protects, the state record, symbols for every method, unwind tables, DWARF lines and functions,
//! and two tables that the program reads itself ([`tables`]). Only this folder knows the file format. The finished file is read again
//! and checked ([`verify`]).

pub mod collect;
mod debug_info;
mod elf;
pub mod layout;
pub mod names;
pub mod pieces;
mod shim;
pub mod tables;
mod unwind;
pub mod verify;

pub use debug_info::DIRECTORY;
pub use pieces::LinkError;

use self::layout::Layout;
use self::pieces::{Pieces, SectionKind};
use crate::x64::CodeModule;
use std::collections::BTreeMap;

/// The symbol that execution starts at.
const ENTRY: &str = "_start";
/// Where a thread begins.
const THREAD: &str = "ouro_thread";
/// The symbol of the program's entry, which the shim calls.
const PROGRAM: &str = "ouro_main";

/// What the link may vary.
#[derive(Clone, Default, Debug)]
pub struct LinkOptions {
    /// An image to embed; the program finds it between `ouro_image_start` and `ouro_image_end`.
    pub image: Vec<u8>,
    /// The file of each class, relative to [`DIRECTORY`], for debuggers.
    pub files: BTreeMap<String, String>,
    /// The file of each method that stands in an extension, by `Class>>selector`.
    pub extension_files: BTreeMap<String, String>,
    /// Leaves debug information out.
    pub without_debug_info: bool,
}

/// A linked executable.
#[derive(Clone, Default, Debug)]
pub struct Executable {
    /// The file.
    pub bytes: Vec<u8>,
    /// The sizes of the sections in memory, in the order of addresses.
    pub sections: Vec<(&'static str, u64)>,
}

impl Executable {
    /// The size of a section in memory.
    #[must_use]
    pub fn size_of(&self, name: &str) -> u64 {
        let section = self.sections.iter().find(|section| section.0 == name);
        section.map_or(0, |section| section.1)
    }
}

/// Links a module with the shim.
///
/// # Errors
/// A symbol is missing or defined twice, or the file does not pass [`verify::verify`].
pub fn link(code: &CodeModule<'_>, options: &LinkOptions) -> Result<Executable, LinkError> {
    let mut pieces = Pieces::default();
    shim::read(shim::SHIM, &mut pieces)?;
    let collected = collect::collect(code, &mut pieces)?;
    tables::add(code, &collected, &mut pieces);
    let unwind = unwind::add(code, &collected, &mut pieces)?;
    let layout = Layout::new(&pieces, options.image.len() as u64);
    let globals = layout.globals(&pieces)?;
    let relocations = layout::relocate(&mut pieces, &layout, &globals)?;
    unwind::fill_index(&unwind, &layout, &mut pieces);
    let debug = match options.without_debug_info {
        true => Vec::new(),
        false => debug_info::sections(code, &collected, (&layout, &pieces), options)?,
    };
    let entry = globals.get(ENTRY).copied();
    let bytes = elf::write(&elf::Contents {
        pieces: &pieces,
        layout: &layout,
        entry: entry.ok_or_else(|| LinkError::new("the shim has no entry point"))?,
        relocations: &relocations,
        debug: &debug,
        image: &options.image,
    })?;
    verify::verify(&bytes)?;
    let size = |kind: SectionKind| (kind.name(), layout.range(kind).size());
    Ok(Executable {
        bytes,
        sections: SectionKind::ALL.into_iter().map(size).collect(),
    })
}
