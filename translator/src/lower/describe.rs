//! Types, components and exports of the typed program as debuggers see them.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::Options;
use crate::ir::data_types::{
    DataType, DataTypes, Global, Member, Prototype, Shape, TypeDescription,
};
use crate::typed::{ClassId, ClassKind, IntType, MemoryType, MethodKind, Program, Type};

/// Describes the data of a program.
///
/// Answers also what the types of variables are.
pub(super) fn describe(
    program: &Program,
    options: Options,
) -> (DataTypes, FxHashMap<Type, DataType>) {
    let mut describer = Describer {
        program,
        types: DataTypes::default(),
        known: FxHashMap::default(),
        structs: FxHashMap::default(),
    };
    let structs = program.classes.iter();
    for (class, _) in structs.filter(|(_, class)| class.kind == ClassKind::Struct) {
        describer.structure(class);
    }
    describer.components();
    describer.pins();
    describer.exports();
    if options.variables {
        let locals = program.methods.values();
        for local in locals.flat_map(|method| method.locals.values()) {
            describer.value(local.ty);
        }
    }
    (describer.types, describer.known)
}

/// What lies in memory for a field or an element.
type Content = (Type, Option<MemoryType>);

struct Describer<'p> {
    program: &'p Program,
    types: DataTypes,
    known: FxHashMap<Type, DataType>,
    structs: FxHashMap<ClassId, DataType>,
}

impl Describer<'_> {
    fn add(&mut self, name: &str, shape: Shape) -> DataType {
        let name = name.to_owned();
        self.types.types.push(TypeDescription { name, shape })
    }

    /// The type of a value; none of `Void`.
    fn value(&mut self, ty: Type) -> Option<DataType> {
        if let Some(&known) = self.known.get(&ty) {
            return Some(known);
        }
        let described = match ty {
            Type::Int(int) => self.integer(int),
            Type::Float64 => self.add("Float64", Shape::Float(8)),
            Type::Float32 => self.add("Float32", Shape::Float(4)),
            Type::Boolean => self.add("Boolean", Shape::Boolean),
            Type::Void | Type::Never => return None,
            Type::String => self.address("StaticString"),
            Type::Function(_) => self.add("", Shape::Pointer(None)),
            Type::Word(class) => self.word(class),
            Type::Struct(class) => {
                let to = self.structure(class);
                self.add("", Shape::Pointer(Some(to)))
            }
        };
        self.known.insert(ty, described);
        Some(described)
    }

    /// A plain integer, or a count by its name.
    fn integer(&mut self, int: IntType) -> DataType {
        let bits = int.memory_bits();
        if let Some(unit) = int.unit {
            let plain = self.plain(bits, int.signed);
            let name = self.program.classes[unit].name.clone();
            return self.add(&name, Shape::Named(plain));
        }
        let sign = if int.signed { "" } else { "U" };
        let shape = Shape::Integer {
            bytes: bits / 8,
            signed: int.signed,
        };
        self.add(&format!("{sign}Int{bits}"), shape)
    }

    fn plain(&mut self, bits: u8, signed: bool) -> DataType {
        let unit = None;
        let plain = Type::Int(IntType { signed, bits, unit });
        self.value(plain).expect("an integer has a type")
    }

    fn address(&mut self, name: &str) -> DataType {
        let to = self.add("", Shape::Pointer(None));
        self.add(name, Shape::Named(to))
    }

    /// A word by its name. Oops are shown as addresses are.
    fn word(&mut self, class: ClassId) -> DataType {
        let name = self.program.classes[class].name.clone();
        let addresses = [self.program.oop_class, self.program.address_class];
        if addresses.contains(&Some(class)) {
            return self.address(&name);
        }
        let bits = self.program.classes[class].bits.unwrap_or(IntType::UINT64);
        let plain = self.plain(bits.memory_bits(), bits.signed);
        self.add(&name, Shape::Named(plain))
    }

    fn structure(&mut self, class: ClassId) -> DataType {
        if let Some(&known) = self.structs.get(&class) {
            return known;
        }
        let program = self.program;
        let description = &program.classes[class];
        let empty = Shape::Struct {
            start: 0,
            size: 0,
            members: Vec::new(),
        };
        // Known before its members, which may refer to it.
        let structure = self.add(&description.name, empty);
        self.structs.insert(class, structure);
        let mut members = Vec::new();
        let (mut start, mut end) = (0, 0);
        for field in &description.fields {
            members.push(Member {
                name: field.name.clone(),
                ty: self.content((field.ty, field.memory), field.count),
                offset: field.offset,
            });
            start = start.min(field.offset);
            end = end.max(field.offset.saturating_add_unsigned(field.size));
        }
        self.types.types[structure].shape = Shape::Struct {
            start,
            size: end.abs_diff(start),
            members,
        };
        structure
    }

    /// The type of a field: with a count an array, and without a way to load it a struct in place.
    fn content(&mut self, (ty, memory): Content, count: Option<u64>) -> DataType {
        let one = match (ty, memory) {
            (Type::Struct(class), None) => self.structure(class),
            (Type::Int(_) | Type::Word(_), Some(MemoryType::Int { bits, signed }))
                if self.bits(ty) != Some(bits) =>
            {
                self.plain(bits, signed)
            }
            _ => self.value(ty).unwrap_or_else(|| self.plain(8, false)),
        };
        match count {
            Some(count) => self.add("", Shape::Array(one, count)),
            None => one,
        }
    }

    /// How wide a value is in memory where nothing else is said.
    fn bits(&self, ty: Type) -> Option<u8> {
        match ty {
            Type::Int(int) => Some(int.memory_bits()),
            Type::Word(class) => self.program.classes[class].bits.map(IntType::memory_bits),
            _ => None,
        }
    }

    /// A variable for each component, with its fields as members. A pinned field is in a register, so memory does not tell it.
    fn components(&mut self) {
        let program = self.program;
        let mut components: BTreeMap<ClassId, Vec<&crate::typed::StateField>> = BTreeMap::new();
        for field in program.state.values().filter(|field| field.pin.is_none()) {
            components.entry(field.class).or_default().push(field);
        }
        for (class, fields) in components {
            let start = fields.iter().map(|field| field.offset).min().unwrap_or(0);
            let end = fields.iter().map(|field| field.offset + field.size).max();
            let member = |field: &&crate::typed::StateField| Member {
                name: field.name.rsplit('.').next().unwrap_or_default().to_owned(),
                ty: self.content((field.ty, field.memory), field.count),
                offset: i64::try_from(field.offset - start).unwrap_or(i64::MAX),
            };
            let members = fields.iter().map(member).collect();
            let name = &program.classes[class].name;
            let size = end.unwrap_or(start) - start;
            let shape = Shape::Struct {
                start: 0,
                size,
                members,
            };
            let ty = self.add(name, shape);
            self.types.globals.push(Global {
                name: name.clone(),
                ty,
                offset: start,
            });
        }
    }

    fn pins(&mut self) {
        let program = self.program;
        for field in program.state.values().filter(|field| field.pin.is_some()) {
            let ty = self.content((field.ty, field.memory), field.count);
            self.types.pins.push(ty);
        }
    }

    fn exports(&mut self) {
        for method in self.program.methods.values() {
            let MethodKind::Export(symbol) = &method.kind else {
                continue;
            };
            let locals = method.locals.values().take(method.n_params);
            let params = locals.filter_map(|local| {
                let ty = self.value(local.ty)?;
                Some((local.name.clone(), ty))
            });
            let prototype = Prototype {
                params: params.collect(),
                result: self.value(method.result),
            };
            self.types.prototypes.insert(symbol.clone(), prototype);
        }
    }
}
