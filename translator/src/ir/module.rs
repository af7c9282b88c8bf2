//! A module: functions, data, tables of function addresses, the state record, pins, and the names of all these.

use std::collections::BTreeMap;

use crate::base::PrimaryMap;

use super::data_types::DataTypes;
use super::entities::{
    Alias, DataId, FieldId, FuncId, Name, Part, PinId, SigId, TableId, TrapReason,
};
use super::function::Function;
use super::instruction::Symbol;
use super::types::{Access, Signature, Type};

/// A piece of data.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Data {
    /// The symbol.
    pub name: String,
    /// The content; addresses are zero where a relocation is.
    pub bytes: Vec<u8>,
    /// A power of two.
    pub align: u32,
    /// Whether it may be written.
    pub writable: bool,
    /// Places that hold an address: distance in bytes, symbol, what is added.
    pub relocations: Vec<(u32, Symbol, i64)>,
}

/// A field of the state record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StateField {
    /// `Component.field`.
    pub name: String,
    /// Bytes from the start of the record.
    pub offset: u32,
    /// How it is held, which gives its type.
    pub access: Access,
    /// Bytes; more than the access for a field that is an array.
    pub size: u32,
    /// The class of its accesses.
    pub alias: Alias,
    /// The register that holds it in pin functions.
    pub pin: Option<PinId>,
}

/// A field of a struct, for listings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StructField {
    /// `Struct.field`.
    pub name: String,
    /// Bytes from where pointers to the struct lead.
    pub offset: i32,
}

/// A register that holds a VM field for good.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pin {
    /// The field's name: `instructionPointer`.
    pub name: String,
    /// The register's name: `r12`.
    pub register: String,
    /// The type of its value.
    pub ty: Type,
}

/// A table of function addresses.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FunctionTable {
    /// The symbol.
    pub name: String,
    /// The entries; `None` is a null address.
    pub entries: Vec<Option<FuncId>>,
}

/// A name that the outside may use for a function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Export {
    /// The symbol of the thunk.
    pub symbol: String,
    /// The function behind it.
    pub function: FuncId,
}

/// The whole program.
#[derive(Clone, Debug)]
pub struct Module {
    /// The functions, imports included.
    pub functions: PrimaryMap<FuncId, Function>,
    /// Data.
    pub data: PrimaryMap<DataId, Data>,
    /// Tables of function addresses.
    pub tables: PrimaryMap<TableId, FunctionTable>,
    /// The fields of the state record.
    pub fields: PrimaryMap<FieldId, StateField>,
    /// The fields of structs that accesses name.
    pub parts: PrimaryMap<Part, StructField>,
    /// What debuggers are told of data.
    pub data_types: DataTypes,
    /// The size of the state record in bytes.
    pub state_size: u32,
    /// Pinned registers.
    pub pins: PrimaryMap<PinId, Pin>,
    /// The pin that `dispatch` fetches through.
    pub instruction_pin: Option<PinId>,
    /// The pin that `dispatch` jumps through.
    pub dispatch_pin: Option<PinId>,
    /// Names of the alias classes; the first three are `any`, `volatile` and `memory`.
    pub alias_classes: PrimaryMap<Alias, String>,
    /// Texts of the trap reasons.
    pub trap_reasons: PrimaryMap<TrapReason, String>,
    /// Signatures of indirect calls.
    pub signatures: PrimaryMap<SigId, Signature>,
    /// Functions that the outside may call.
    pub exports: Vec<Export>,
    /// The string pool: names of methods in positions.
    pub names: PrimaryMap<Name, String>,
    interned: BTreeMap<String, Name>,
}

impl Default for Module {
    fn default() -> Self {
        Self {
            functions: PrimaryMap::new(),
            data: PrimaryMap::new(),
            tables: PrimaryMap::new(),
            fields: PrimaryMap::new(),
            parts: PrimaryMap::new(),
            data_types: DataTypes::default(),
            state_size: 0,
            pins: PrimaryMap::new(),
            instruction_pin: None,
            dispatch_pin: None,
            alias_classes: ["any", "volatile", "memory"]
                .into_iter()
                .map(String::from)
                .collect(),
            trap_reasons: PrimaryMap::new(),
            signatures: PrimaryMap::new(),
            exports: Vec::new(),
            names: PrimaryMap::new(),
            interned: BTreeMap::new(),
        }
    }
}

impl Module {
    /// An empty module.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The name in the string pool.
    pub fn intern(&mut self, name: &str) -> Name {
        if let Some(&known) = self.interned.get(name) {
            return known;
        }
        let new = self.names.push(name.to_owned());
        self.interned.insert(name.to_owned(), new);
        new
    }

    /// The index of a signature, which is added if it is new.
    pub fn signature(&mut self, signature: &Signature) -> SigId {
        let known = self
            .signatures
            .iter()
            .find(|(_, known)| *known == signature)
            .map(|(id, _)| id);
        known.unwrap_or_else(|| self.signatures.push(signature.clone()))
    }

    /// The alias class of that name, which is added if it is new.
    pub fn alias_class(&mut self, name: &str) -> Alias {
        let known = self
            .alias_classes
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(id, _)| id);
        known.unwrap_or_else(|| self.alias_classes.push(name.to_owned()))
    }

    /// What listings call a class of accesses.
    #[must_use]
    pub fn alias_name(&self, alias: Alias) -> &str {
        match alias.part() {
            Some(part) => &self.parts[part].name,
            None => &self.alias_classes[alias],
        }
    }

    /// The trap reason of that text, which is added if it is new.
    pub fn trap_reason(&mut self, text: &str) -> TrapReason {
        let known = self
            .trap_reasons
            .iter()
            .find(|(_, known)| *known == text)
            .map(|(id, _)| id);
        known.unwrap_or_else(|| self.trap_reasons.push(text.to_owned()))
    }

    /// The function of that name; a walk over all, for tests and reports.
    #[must_use]
    pub fn function_named(&self, name: &str) -> Option<FuncId> {
        self.functions
            .iter()
            .find(|(_, function)| function.name == name)
            .map(|(id, _)| id)
    }

    /// The symbol's name as listings show it.
    #[must_use]
    pub fn symbol_name(&self, symbol: Symbol) -> &str {
        match symbol {
            Symbol::Function(id) => &self.functions[id].name,
            Symbol::Data(id) => &self.data[id].name,
            Symbol::Field(id) => &self.fields[id].name,
            Symbol::Table(id) => &self.tables[id].name,
        }
    }
}
