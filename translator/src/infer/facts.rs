//! What can be told before any method is typed: values of constants, layouts of structs and of the state record.

use rustc_hash::FxHashMap;

use super::codes;
use crate::base::{Diagnostic, Diagnostics, Interner, Span, Symbol};
use crate::resolve::{ArraySize, FieldKind, SourceId, World};
use crate::typed::{AliasClass, ClassId, ClassKind, Constant, MemoryType, StructField, Type};

/// Bytes that an array in place may take.
const LARGEST_ARRAY: u64 = 1 << 24;
/// Bytes that the state record of a program may take.
pub(super) const LARGEST_STATE: u64 = 1 << 28;

/// Constants and layouts, computed when first asked for.
pub(super) struct Facts<'w> {
    pub(super) world: &'w World,
    pub(super) interner: &'w Interner,
    pub(super) diagnostics: Diagnostics,
    /// By the class that was asked and the method that answered.
    pub(super) constants: FxHashMap<(ClassId, SourceId), Option<Constant>>,
    /// Constants being evaluated.
    pub(super) active: Vec<(ClassId, SourceId)>,
    structs: FxHashMap<ClassId, Option<StructLayout>>,
    laying_out: Vec<ClassId>,
}

/// Fields and size of a struct.
#[derive(Clone, Debug, Default)]
pub(super) struct StructLayout {
    pub(super) fields: Vec<StructField>,
    pub(super) names: Vec<Symbol>,
    pub(super) alias: Vec<AliasClass>,
    pub(super) size: u64,
    pub(super) alignment: u64,
}

impl<'w> Facts<'w> {
    pub(super) fn new(world: &'w World, interner: &'w Interner) -> Self {
        Facts {
            world,
            interner,
            diagnostics: Diagnostics::default(),
            constants: FxHashMap::default(),
            active: Vec::new(),
            structs: FxHashMap::default(),
            laying_out: Vec::new(),
        }
    }

    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    pub(super) fn text(&self, symbol: Symbol) -> &'w str {
        self.interner.text(symbol)
    }

    /// How a value lies in memory; `None` for what does not (`Void`).
    pub(super) fn memory_type(&self, ty: Type) -> Option<MemoryType> {
        Some(match ty {
            Type::Int(int) => MemoryType::Int {
                bits: int.memory_bits(),
                signed: int.signed,
            },
            Type::Float64 => MemoryType::Float64,
            Type::Float32 => MemoryType::Float32,
            Type::Boolean => MemoryType::Boolean,
            Type::Word(class) if self.world.oop == Some(class) => MemoryType::Oop,
            Type::Word(class) if self.world.address == Some(class) => MemoryType::Address,
            Type::Word(class) => {
                let bits = self.world.classes[class].bits?;
                MemoryType::Int {
                    bits: bits.memory_bits(),
                    signed: bits.signed,
                }
            }
            Type::String | Type::Struct(_) | Type::Function(_) => MemoryType::Address,
            Type::Void | Type::Never => return None,
        })
    }

    /// Size of an element or a plain field.
    pub(super) fn memory_size(memory: MemoryType) -> u64 {
        match memory {
            MemoryType::Int { bits, .. } => u64::from(bits) / 8,
            MemoryType::Float32 => 4,
            MemoryType::Boolean => 1,
            MemoryType::Float64 | MemoryType::Oop | MemoryType::Address => 8,
        }
    }

    /// Number of elements of an array field.
    pub(super) fn array_size(&mut self, size: ArraySize) -> Option<u64> {
        let (class, selector, span) = match size {
            ArraySize::Literal(size) => return Some(size),
            ArraySize::Constant(class, selector, span) => (class, selector, span),
        };
        let class = self.world.class_names.get(&class).copied();
        let class = class.filter(|&class| self.world.classes[class].kind == ClassKind::Constants);
        let known = class.filter(|&class| self.world.lookup(class, true, selector).is_some());
        let Some(class) = known else {
            self.report(
                Diagnostic::error(
                    codes::UNKNOWN_NAME,
                    format!("no constant {} there", self.text(selector)),
                )
                .primary(span, "")
                .hint("the size of an array is a literal, or a constant: #(Constants selector)"),
            );
            return None;
        };
        match self.constant(class, selector)? {
            Constant::Int(size) if size >= 1 => Some(u64::try_from(size).unwrap_or(u64::MAX)),
            _ => {
                self.report(
                    Diagnostic::error(codes::BAD_LAYOUT, "the size of an array is positive")
                        .primary(span, "")
                        .hint("an array has at least one element"),
                );
                None
            }
        }
    }

    /// Bytes of an array field; none, reported, if it would be the whole state record many times over.
    fn array_bytes(&mut self, element: u64, count: u64, span: Span) -> Option<u64> {
        let bytes = element
            .checked_mul(count)
            .filter(|&bytes| bytes <= LARGEST_ARRAY);
        if bytes.is_none() {
            let message = format!("an array in place takes at most {LARGEST_ARRAY} bytes");
            let error = Diagnostic::error(codes::BAD_LAYOUT, message)
                .primary(span, format!("{count} elements of {element} bytes"));
            self.report(error.hint("map memory for it at run time, and keep its address"));
        }
        bytes
    }

    /// Type, memory type, count, size and alignment of a field that takes room.
    pub(super) fn field_room(&mut self, kind: &FieldKind, span: Span) -> Option<Room> {
        let (ty, count) = match kind {
            FieldKind::Plain(ty) | FieldKind::Pinned(ty, _) => (*ty, None),
            FieldKind::Array(ty, size) => (*ty, Some(self.array_size(*size)?)),
            FieldKind::Component(_) | FieldKind::Table(_) | FieldKind::Invalid => return None,
        };
        if let (Type::Struct(class), Some(count)) = (ty, count) {
            let layout = self.struct_layout(class)?;
            let element = layout.size.next_multiple_of(layout.alignment);
            return Some(Room {
                ty,
                memory: None,
                count: Some(count),
                size: self.array_bytes(element, count, span)?,
                alignment: layout.alignment,
            });
        }
        let Some(memory) = self.memory_type(ty) else {
            self.report(
                Diagnostic::error(codes::BAD_LAYOUT, "a field holds a value")
                    .primary(span, "")
                    .hint("numbers of 8, 16, 32 or 64 bits, Booleans, words, struct references and functions are stored"),
            );
            return None;
        };
        let element = Self::memory_size(memory);
        Some(Room {
            ty,
            memory: Some(memory),
            count,
            size: self.array_bytes(element, count.unwrap_or(1), span)?,
            alignment: element,
        })
    }

    /// Fields, offsets and size of a struct.
    pub(super) fn struct_layout(&mut self, class: ClassId) -> Option<StructLayout> {
        if let Some(known) = self.structs.get(&class) {
            return known.clone();
        }
        let span = self.world.classes[class].span;
        if self.laying_out.contains(&class) {
            let mut error =
                Diagnostic::error(codes::BAD_LAYOUT, "a struct contains itself").primary(span, "");
            let circle = self.laying_out.iter().skip_while(|&&known| known != class);
            for &inner in circle.clone() {
                for field in &self.world.classes[inner].fields {
                    if matches!(field.kind, FieldKind::Array(Type::Struct(held), _) if circle.clone().any(|&known| known == held))
                    {
                        error = error.secondary(field.span, "in this field");
                    }
                }
            }
            self.report(error.hint(
                "a field of a struct type is a reference; only arrays of structs lie in place",
            ));
            return None;
        }
        self.laying_out.push(class);
        let layout = self.lay_out(class);
        self.laying_out.pop();
        self.structs.insert(class, Some(layout.clone()));
        Some(layout)
    }

    fn lay_out(&mut self, class: ClassId) -> StructLayout {
        let world = self.world;
        let mut chain: Vec<_> = world.chain(class).collect();
        chain.reverse();
        let mut layout = StructLayout {
            alignment: 1,
            ..StructLayout::default()
        };
        for owner in chain {
            for field in &world.classes[owner].fields {
                let Some(room) = self.field_room(&field.kind, field.span) else {
                    continue;
                };
                let offset = layout.size.next_multiple_of(room.alignment);
                layout.size = offset + room.size;
                layout.alignment = layout.alignment.max(room.alignment);
                layout.names.push(field.name);
                // Its place among all fields of the owner, with which those of its subclasses begin.
                let number = u32::try_from(layout.fields.len()).unwrap_or(u32::MAX);
                layout.alias.push(AliasClass::Field(owner, number));
                layout.fields.push(StructField {
                    name: self.text(field.name).to_owned(),
                    ty: room.ty,
                    memory: room.memory,
                    offset: i64::try_from(offset).unwrap_or(i64::MAX),
                    count: room.count,
                    size: room.size,
                    is_exempt: field.is_exempt,
                });
            }
        }
        self.shift_origin(class, &mut layout);
        layout
    }

    /// Makes the field that `originField` names the one with offset 0.
    fn shift_origin(&mut self, class: ClassId, layout: &mut StructLayout) {
        let Some((method, name, span)) = self.origin_field(class) else {
            return;
        };
        let place = name.and_then(|name| layout.names.iter().position(|&field| field == name));
        let Some(place) = place else {
            self.report(
                Diagnostic::error(
                    codes::BAD_LAYOUT,
                    "originField names no field of the struct",
                )
                .primary(span, "")
                .secondary(self.world.methods[method].span, "")
                .hint("write ^ #nameOfAField"),
            );
            return;
        };
        let origin = layout.fields[place].offset;
        for field in &mut layout.fields {
            field.offset -= origin;
        }
    }

    /// The class-side method `originField` and the field that it names.
    fn origin_field(&self, class: ClassId) -> Option<(SourceId, Option<Symbol>, Span)> {
        use crate::syntax::ast::{ExprKind, Literal};
        let selector = self.interner.lookup("originField")?;
        let method = self.world.lookup(class, true, selector)?;
        let tree = self.world.tree(method);
        let answer = tree.statements.last().map(|last| last.kind.expression());
        let name = answer.and_then(|answer| match tree.exprs[answer].kind {
            ExprKind::Literal(Literal::Symbol(name)) => Some(name),
            _ => None,
        });
        Some((method, name, tree.span))
    }

    /// Offset of a struct's field.
    pub(super) fn field_offset(
        &mut self,
        class: ClassId,
        field: Symbol,
        span: Span,
    ) -> Option<i64> {
        let layout = self.struct_layout(class)?;
        let place = layout.names.iter().position(|&name| name == field);
        if place.is_none() {
            let message = format!(
                "{} has no field {}",
                self.text(self.world.classes[class].name),
                self.text(field)
            );
            let known: Vec<&str> = layout.names.iter().map(|&name| self.text(name)).collect();
            let hint = format!("its fields are {}", known.join(", "));
            let error = Diagnostic::error(codes::UNKNOWN_NAME, message).primary(span, "");
            self.report(error.hint(hint));
        }
        Some(layout.fields[place?].offset)
    }
}

/// What a field takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    pub(super) ty: Type,
    pub(super) memory: Option<MemoryType>,
    pub(super) count: Option<u64>,
    pub(super) size: u64,
    pub(super) alignment: u64,
}
