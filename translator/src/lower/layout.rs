//! What a module has besides code: the state record, data, tables, signatures, and the functions' heads.

use rustc_hash::FxHashMap;

use super::Options;
use super::places::{FunctionPlaces, Lines, Places, method_name};
use crate::base::entity::EntityRef;
use crate::base::source::SourceMap;
use crate::ir::data_types::DataType;
use crate::ir::{
    self, Access, Alias, Attributes, Data, DataId, Export, FieldId, FuncId, Function,
    FunctionBuilder, FunctionKind, FunctionTable, Inline, Module, Name, Pin, SigId, Signature,
    StateField, Symbol, TrapReason,
};
use crate::typed::{
    AliasClass, ClassId, IntType, MemoryType, MethodId, MethodKind, Program, StringId, TableId,
    TableKind, Trap, Type,
};

/// The symbol by which the shim calls the entry.
pub(super) const ENTRY_SYMBOL: &str = "ouro_main";

/// What all functions share while they are lowered.
pub(super) struct Shared<'a> {
    pub(super) program: &'a Program,
    pub(super) options: Options,
    pub(super) lines: Lines<'a>,
    /// By method: its function, head only.
    pub(super) functions: Vec<FuncId>,
    pub(super) heads: Vec<Function>,
    pub(super) names: Vec<Name>,
    /// The types of variables for debuggers.
    pub(super) data_types: FxHashMap<Type, DataType>,
    /// By method: the names of its parameters and temporaries, if debuggers want them.
    pub(super) locals: Vec<Vec<Name>>,
    pub(super) fields: Vec<FieldId>,
    pub(super) field_data: Vec<StateField>,
    pub(super) strings: Vec<DataId>,
    pub(super) tables: Vec<Symbol>,
    pub(super) signatures: Vec<SigId>,
    pub(super) handler_signature: SigId,
    /// In the order of [`Trap::ALL`].
    pub(super) reasons: Vec<TrapReason>,
    struct_fields: FxHashMap<(ClassId, u32), Alias>,
    read_only: Alias,
    /// Pins of the instruction pointer and of the dispatch table, with the state fields they hold.
    pub(super) instruction_field: Option<usize>,
    pub(super) dispatch_field: Option<usize>,
}

/// Makes the module without bodies.
pub(super) fn lay_out<'a>(
    program: &'a Program,
    sources: &'a SourceMap,
    options: Options,
) -> (Module, Shared<'a>) {
    let mut module = Module::new();
    let (data_types, types) = super::describe::describe(program, options);
    module.data_types = data_types;
    let lines = Lines::new(program, sources, &mut module);
    let reasons = Trap::ALL
        .iter()
        .map(|trap| module.trap_reason(trap.text()))
        .collect();
    let strings = program
        .strings
        .values()
        .enumerate()
        .map(|(number, bytes)| add_string(&mut module, number, bytes))
        .collect();
    let signatures = program.function_types.values().map(|ty| {
        let params = ty
            .params
            .iter()
            .filter_map(|&ty| value_type(program, ty))
            .collect();
        Signature {
            params,
            result: value_type(program, ty.result),
        }
    });
    let signatures = signatures
        .map(|signature| module.signature(&signature))
        .collect();
    let handler_signature = module.signature(&Signature::default());
    let mut shared = Shared {
        program,
        options,
        lines,
        functions: Vec::new(),
        heads: Vec::new(),
        names: Vec::new(),
        data_types: types,
        locals: Vec::new(),
        fields: Vec::new(),
        field_data: Vec::new(),
        strings,
        tables: Vec::new(),
        signatures,
        handler_signature,
        reasons,
        struct_fields: FxHashMap::default(),
        read_only: Alias::ANY,
        instruction_field: None,
        dispatch_field: None,
    };
    add_state(program, &mut module, &mut shared);
    add_alias_classes(program, &mut module, &mut shared);
    for id in program.methods.keys() {
        add_head(program, &mut module, &mut shared, id);
    }
    add_tables(program, &mut module, &mut shared);
    (module, shared)
}

fn add_string(module: &mut Module, number: usize, bytes: &[u8]) -> DataId {
    let mut record = (bytes.len() as u64).to_le_bytes().to_vec();
    record.extend_from_slice(bytes);
    module.data.push(Data {
        name: format!("string{number}"),
        bytes: record,
        align: 8,
        writable: false,
        relocations: Vec::new(),
    })
}

fn add_state(program: &Program, module: &mut Module, shared: &mut Shared<'_>) {
    module.state_size = u32::try_from(program.state_size).unwrap_or(u32::MAX);
    for (id, state) in program.state.iter() {
        let access = access_of(
            program,
            state.memory.unwrap_or(MemoryType::Address),
            state.ty,
        );
        let pin = state.pin.as_ref().map(|register| {
            let name = state
                .name
                .rsplit('.')
                .next()
                .unwrap_or(&state.name)
                .to_owned();
            module.pins.push(Pin {
                name,
                register: register.clone(),
                ty: access.ty(),
            })
        });
        match state.pin.as_deref() {
            Some("r12") => {
                (shared.instruction_field, module.instruction_pin) = (Some(id.index()), pin)
            }
            Some("r14") => (shared.dispatch_field, module.dispatch_pin) = (Some(id.index()), pin),
            _ => {}
        }
        let field = StateField {
            name: state.name.clone(),
            offset: u32::try_from(state.offset).unwrap_or(u32::MAX),
            access,
            size: u32::try_from(state.size).unwrap_or(u32::MAX),
            alias: module.alias_class(&state.name),
            pin,
        };
        shared.field_data.push(field.clone());
        shared.fields.push(module.fields.push(field));
    }
}

fn add_alias_classes(program: &Program, module: &mut Module, shared: &mut Shared<'_>) {
    shared.read_only = module.alias_class("read-only data");
    // Raw accesses may touch fields of structs, so these are raw memory that has names.
    for (id, class) in program.classes.iter() {
        for (number, field) in (0..).zip(&class.fields) {
            let part = module.parts.push(ir::StructField {
                name: format!("{}.{}", class.name, field.name),
                offset: i32::try_from(field.offset).unwrap_or(i32::MAX),
            });
            let alias = Alias::of_part(part);
            shared.struct_fields.insert((id, number), alias);
        }
    }
}

fn add_head(program: &Program, module: &mut Module, shared: &mut Shared<'_>, id: MethodId) {
    let method = &program.methods[id];
    let name = module.intern(method_name(program, id));
    let position = ir::Position::new(name, shared.lines.line(method.span));
    let params = method
        .locals
        .values()
        .take(method.n_params)
        .filter_map(|local| value_type(program, local.ty))
        .collect();
    let signature = Signature {
        params,
        result: value_type(program, method.result),
    };
    let (kind, symbol) = match &method.kind {
        MethodKind::Normal => (FunctionKind::Normal, &method.name),
        MethodKind::Handler => (FunctionKind::Handler, &method.name),
        MethodKind::Export(_) => (FunctionKind::Export, &method.name),
        MethodKind::Import(symbol) => (FunctionKind::Import, symbol),
    };
    let mut function = Function::new(symbol.clone(), kind, signature, position);
    function.attributes = Attributes {
        inline: match method.attributes.inline {
            Some(true) => Inline::Always,
            Some(false) => Inline::Never,
            None => Inline::Auto,
        },
        cold: method.attributes.cold,
        moving: method.attributes.moves_objects,
        leaves: false,
    };
    shared.heads.push(function.clone());
    shared.names.push(name);
    if shared.options.variables {
        let locals = method.locals.values();
        let locals = locals.map(|local| module.intern(&local.name)).collect();
        shared.locals.push(locals);
    }
    let function = module.functions.push(function);
    shared.functions.push(function);
    if let MethodKind::Export(symbol) = &method.kind {
        module.exports.push(Export {
            symbol: symbol.clone(),
            function,
        });
    }
}

fn add_tables(program: &Program, module: &mut Module, shared: &mut Shared<'_>) {
    for table in program.tables.values() {
        let symbol = match &table.kind {
            TableKind::Functions(methods) => {
                let entries = methods
                    .iter()
                    .map(|method| Some(shared.functions[method.index()]))
                    .collect();
                Symbol::Table(module.tables.push(FunctionTable {
                    name: table.name.clone(),
                    entries,
                }))
            }
            kind => {
                let data = table_data(&table.name, kind, shared);
                Symbol::Data(module.data.push(data))
            }
        };
        shared.tables.push(symbol);
    }
}

/// A table that is not only functions: words, and relocations for addresses.
fn table_data(name: &str, kind: &TableKind, shared: &Shared<'_>) -> Data {
    let mut data = Data {
        name: name.to_owned(),
        bytes: Vec::new(),
        align: 8,
        writable: false,
        relocations: Vec::new(),
    };
    let address = |data: &mut Data, symbol| {
        data.relocations.push((
            u32::try_from(data.bytes.len()).unwrap_or(u32::MAX),
            symbol,
            0,
        ));
        data.bytes.extend_from_slice(&[0; 8]);
    };
    match kind {
        TableKind::NamedPrimitives(entries) => {
            for &(module, name, method) in entries {
                address(&mut data, Symbol::Data(shared.strings[module.index()]));
                address(&mut data, Symbol::Data(shared.strings[name.index()]));
                address(
                    &mut data,
                    Symbol::Function(shared.functions[method.index()]),
                );
            }
        }
        TableKind::Roots(roots) => {
            for (offset, count) in roots {
                data.bytes.extend_from_slice(&offset.to_le_bytes());
                data.bytes.extend_from_slice(&count.to_le_bytes());
            }
        }
        TableKind::Functions(_) => {}
    }
    data
}

/// Makes the entry callable by the shim: its result is the exit status, 0 when it has none.
pub(super) fn add_entry(
    program: &Program,
    shared: &Shared<'_>,
    module: &mut Module,
    places: &mut Places,
) {
    let Some(entry) = program.entry else { return };
    let callee = shared.functions[entry.index()];
    module
        .exports
        .retain(|export| export.symbol != ENTRY_SYMBOL);
    let head = &shared.heads[entry.index()];
    let method = module.intern(ENTRY_SYMBOL);
    let position = ir::Position::new(method, 0);
    let stack_pointer = head.signature.params.first().copied();
    let signature = Signature {
        params: vec![stack_pointer.unwrap_or(ir::Type::Ptr)],
        result: Some(ir::Type::I64),
    };
    let mut builder = FunctionBuilder::new(Function::new(
        ENTRY_SYMBOL,
        FunctionKind::Export,
        signature,
        position,
    ));
    let params = if stack_pointer.is_some() {
        builder.params()
    } else {
        Vec::new()
    };
    let result = builder.call(callee, &params, head.signature.result);
    let status = match result {
        Some(value) if builder.ty(value) == ir::Type::I64 => value,
        _ => builder.iconst(0),
    };
    builder.ret(Some(status));
    let function = module.functions.push(builder.finish());
    places.push(FunctionPlaces::default());
    module.exports.push(Export {
        symbol: ENTRY_SYMBOL.to_owned(),
        function,
    });
}

impl Shared<'_> {
    pub(super) fn reason(&self, trap: Trap) -> TrapReason {
        self.reasons[trap as usize]
    }

    pub(super) fn string(&self, string: StringId) -> DataId {
        self.strings[string.index()]
    }

    pub(super) fn table(&self, table: TableId) -> Symbol {
        self.tables[table.index()]
    }

    pub(super) fn alias(&self, alias: AliasClass) -> Alias {
        match alias {
            AliasClass::Raw => Alias::ANY,
            AliasClass::State(field) => self.field_data[field.index()].alias,
            AliasClass::Field(class, number) => self
                .struct_fields
                .get(&(class, number))
                .copied()
                .unwrap_or(Alias::ANY),
            AliasClass::ReadOnly => self.read_only,
            AliasClass::Volatile => Alias::VOLATILE,
        }
    }

    pub(super) fn value_type(&self, ty: Type) -> Option<ir::Type> {
        value_type(self.program, ty)
    }

    pub(super) fn access(&self, memory: MemoryType, ty: Type) -> Access {
        access_of(self.program, memory, ty)
    }

    /// The integer type of a word class's bits.
    pub(super) fn word(&self, class: ClassId) -> IntType {
        self.program.classes[class].bits.unwrap_or(IntType::UINT64)
    }
}

/// The IR type of a value; `None` for `Void` and `Never`.
pub(super) fn value_type(program: &Program, ty: Type) -> Option<ir::Type> {
    match ty {
        Type::Int(_) => Some(ir::Type::I64),
        Type::Float64 => Some(ir::Type::F64),
        Type::Float32 => Some(ir::Type::F32),
        Type::Boolean => Some(ir::Type::Bool),
        Type::Void | Type::Never => None,
        Type::Word(class) if Some(class) == program.oop_class => Some(ir::Type::Oop),
        Type::Word(class) if Some(class) == program.address_class => Some(ir::Type::Ptr),
        Type::Word(_) => Some(ir::Type::I64),
        Type::String | Type::Struct(_) | Type::Function(_) => Some(ir::Type::Ptr),
    }
}

/// How a value of `ty` is held in memory. The sign is that of the type, which a load extends by.
pub(super) fn access_of(program: &Program, memory: MemoryType, ty: Type) -> Access {
    match memory {
        MemoryType::Int { bits, signed } => {
            let signed = match ty {
                Type::Int(int) => int.signed,
                Type::Word(class) => program.classes[class].bits.is_some_and(|bits| bits.signed),
                _ => signed,
            };
            match (bits, signed) {
                (8, false) => Access::U8,
                (8, true) => Access::S8,
                (16, false) => Access::U16,
                (16, true) => Access::S16,
                (32, false) => Access::U32,
                (32, true) => Access::S32,
                _ => Access::I64,
            }
        }
        MemoryType::Float64 => Access::F64,
        MemoryType::Float32 => Access::F32,
        MemoryType::Boolean => Access::Bool,
        MemoryType::Oop => Access::Oop,
        MemoryType::Address => Access::Ptr,
    }
}
