//! What the linker places: pieces of code and data, their symbols and their relocations.

use std::fmt;

/// The index of a [`Piece`] in [`Pieces`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PieceId(pub u32);

/// Where a piece belongs, in the order in which the sections stand in memory.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SectionKind {
    /// Constants: readable from the start.
    ReadOnly,
    /// Unwind tables.
    Unwind,
    /// The sorted index of the unwind tables.
    UnwindIndex,
    /// Machine code.
    Text,
    /// Tables with absolute addresses: read-only once the entry code has relocated them.
    Relocated,
    /// Writable data with initial contents.
    Data,
    /// Writable data that starts as zeros.
    Zeroed,
}

impl SectionKind {
    /// All kinds, in the order of their addresses.
    pub const ALL: [Self; 7] = [
        Self::ReadOnly,
        Self::Unwind,
        Self::UnwindIndex,
        Self::Text,
        Self::Relocated,
        Self::Data,
        Self::Zeroed,
    ];

    /// The name of the section in the file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ReadOnly => ".rodata",
            Self::Unwind => ".eh_frame",
            Self::UnwindIndex => ".eh_frame_hdr",
            Self::Text => ".text",
            Self::Relocated => ".data.rel.ro",
            Self::Data => ".data",
            Self::Zeroed => ".bss",
        }
    }
}

/// A run of bytes that stays together.
#[derive(Clone, Debug)]
pub struct Piece {
    /// The section it belongs to.
    pub section: SectionKind,
    /// Its contents; empty for [`SectionKind::Zeroed`].
    pub bytes: Vec<u8>,
    /// Its size in memory.
    pub size: u64,
    /// A power of two.
    pub align: u64,
    /// What has to be filled in once addresses are known.
    pub relocations: Vec<Relocation>,
    /// The names for places in it.
    pub symbols: Vec<SymbolDefinition>,
    /// How an unwinder leaves its code, if that is not a function of the module.
    pub exit: Exit,
}

/// How an unwinder leaves code that is not translated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// It is told elsewhere, or is not known.
    Elsewhere,
    /// Nobody has called it.
    Nowhere,
    /// The return address stays on top of the stack.
    Top,
    /// It is a thunk for calls from outside.
    ExportThunk,
    /// It is a thunk for calls of the shim.
    ImportThunk,
}

impl Piece {
    /// A piece with contents and no symbols yet.
    #[must_use]
    pub fn new(section: SectionKind, bytes: Vec<u8>, align: u64) -> Self {
        Self {
            section,
            size: bytes.len() as u64,
            bytes,
            align,
            relocations: Vec::new(),
            symbols: Vec::new(),
            exit: Exit::Elsewhere,
        }
    }

    /// The same with what an unwinder does in it.
    #[must_use]
    pub fn left_by(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// A piece of zeros.
    #[must_use]
    pub fn zeroed(size: u64, align: u64) -> Self {
        Self {
            size,
            ..Self::new(SectionKind::Zeroed, Vec::new(), align)
        }
    }

    /// The same with a symbol for the whole of it.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>, global: bool) -> Self {
        self.symbols.push(SymbolDefinition {
            name: name.into(),
            offset: 0,
            size: self.size,
            global,
        });
        self
    }
}

/// A name for a place in a piece.
#[derive(Clone, Debug)]
pub struct SymbolDefinition {
    /// The name, such as `ObjectMemory>>hash`.
    pub name: String,
    /// From the start of the piece.
    pub offset: u64,
    /// How many bytes it names.
    pub size: u64,
    /// Whether other pieces may refer to it by name.
    pub global: bool,
}

/// How an address is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RelocationKind {
    /// Four bytes: target + addend - place.
    Relative32,
    /// Eight bytes: target + addend, adjusted by the entry code; never in code or in [`SectionKind::ReadOnly`].
    Absolute64,
}

/// What a relocation refers to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    /// The start of a piece.
    Piece(PieceId),
    /// A global symbol, or one that the linker defines.
    Symbol(String),
}

/// An address to be filled in.
#[derive(Clone, Debug)]
pub struct Relocation {
    /// From the start of the piece.
    pub offset: u32,
    /// How it is written.
    pub kind: RelocationKind,
    /// What it refers to.
    pub target: Target,
    /// Added to the target's address.
    pub addend: i64,
}

/// All pieces of an executable, in the order in which they are placed within their sections.
#[derive(Default, Debug)]
pub struct Pieces {
    /// The pieces; a [`PieceId`] is an index into them.
    pub items: Vec<Piece>,
}

impl Pieces {
    /// Appends a piece.
    ///
    /// # Panics
    /// With more than 2^32 pieces.
    pub fn push(&mut self, piece: Piece) -> PieceId {
        let id = PieceId(u32::try_from(self.items.len()).expect("fewer than 2^32 pieces"));
        self.items.push(piece);
        id
    }

    /// How many absolute addresses the entry code has to adjust.
    #[must_use]
    pub fn absolute_count(&self) -> u64 {
        let all = self.items.iter().flat_map(|piece| &piece.relocations);
        all.filter(|relocation| relocation.kind == RelocationKind::Absolute64)
            .count() as u64
    }
}

/// The executable cannot be made. Each line is one reason, a full sentence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LinkError {
    /// The reasons; never empty.
    pub reasons: Vec<String>,
}

impl LinkError {
    /// An error with one reason.
    #[must_use]
    pub fn new(reason: impl Into<String>) -> Self {
        Self {
            reasons: vec![reason.into()],
        }
    }
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reasons.join("\n"))
    }
}

impl std::error::Error for LinkError {}
