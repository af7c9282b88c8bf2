//! Fields of components, structs and words.

use super::{ArraySize, DeclaredType, FieldInfo, FieldKind, PackageId, Resolver, TableSpec, codes};
use crate::base::{Diagnostic, Span, Symbol};
use crate::syntax::ast::{ExprKind, Literal, LiteralNode};
use crate::syntax::parser::is_reserved;
use crate::tonel::definition::{DefinitionKind, Slot, SlotDefinition};
use crate::typed::{ClassId, ClassKind, IntType, Type};

const FORMS: &str = "write TypedField type: #T, ExemptField type: #T reason: '...', PinnedField type: #T register: #r12, TypedArray of: #T size: 8 or CollectedTable roots";

/// Entries that a table of primitives may have; Spur's method headers and literals know no number above 32767.
const LARGEST_TABLE: u64 = 1 << 16;

impl Resolver<'_> {
    /// The representation of every word class: the type of `bits`, own or inherited.
    pub(super) fn read_representations(&mut self) {
        for (class, number, package) in self.classes_with_definitions() {
            if self.world.classes[class].kind != ClassKind::Word {
                continue;
            }
            let definition = &self.world.definitions[number];
            let span = definition.name.span;
            let slots = definition.inst_vars.clone();
            let above = self.world.classes[class].superclass;
            let inherited = above.and_then(|class| self.world.classes[class].bits);
            let own = slots
                .iter()
                .find(|slot| self.interner.text(slot.name.name) == "bits")
                .and_then(|slot| self.bits_type(slot, package));
            self.world.classes[class].bits = own.or(inherited);
            let count = slots.len();
            let wrong = if count > 1 || (count == 1 && own.is_none()) {
                Some("has exactly one field, bits, of an integer type")
            } else if own.is_none() && inherited.is_none() && !self.is_abstract_word(class) {
                Some("has no representation")
            } else {
                None
            };
            if let Some(wrong) = wrong {
                let text = self.interner.text(self.world.classes[class].name);
                let message = format!("the word class {text} {wrong}");
                self.report(
                    Diagnostic::error(codes::BAD_WORD, message)
                        .primary(span, "")
                        .hint("give it '#bits => TypedField type: #UInt64'"),
                );
            }
        }
    }

    /// Roots, and classes that only serve to be inherited from.
    fn is_abstract_word(&self, class: ClassId) -> bool {
        let info = &self.world.classes[class];
        info.is_root || info.has_subclasses
    }

    fn bits_type(&mut self, slot: &Slot, package: PackageId) -> Option<IntType> {
        let definition = slot.definition.as_ref()?;
        match self.argument_type(definition, "type:", package)? {
            DeclaredType::Value(Type::Int(int)) if int.unit.is_none() => Some(int),
            _ => None,
        }
    }

    /// Numbers of the classes with a kind, superclasses first, with definition and package.
    fn classes_with_definitions(&self) -> Vec<(ClassId, usize, PackageId)> {
        let mut found: Vec<_> = self
            .world
            .definitions
            .iter()
            .enumerate()
            .filter(|(_, definition)| definition.kind == DefinitionKind::Class)
            .filter_map(|(number, definition)| {
                let class = *self.world.class_names.get(&definition.name.name)?;
                let own = self.world.classes[class].span == definition.name.span;
                own.then_some((class, number, self.world.definition_packages[number]))
            })
            .collect();
        found.sort_unstable();
        found
    }

    /// The fields of components and structs.
    pub(super) fn read_fields(&mut self) {
        for (class, number, package) in self.classes_with_definitions() {
            let slots = self.world.definitions[number].inst_vars.clone();
            let kind = self.world.classes[class].kind;
            for slot in &slots {
                self.check_field_name(class, slot);
                let kind = match kind {
                    ClassKind::Constants => {
                        self.bad_field(slot.name.span, "a constants class has no fields");
                        FieldKind::Invalid
                    }
                    ClassKind::Word => match self.world.classes[class].bits {
                        Some(bits) => FieldKind::Plain(Type::Int(bits)),
                        None => FieldKind::Invalid,
                    },
                    _ => self
                        .field_kind(slot, package, kind)
                        .unwrap_or(FieldKind::Invalid),
                };
                let form = slot
                    .definition
                    .as_ref()
                    .map(|definition| definition.class.name);
                let is_exempt = form.is_some_and(|form| self.interner.text(form) == "ExemptField");
                self.world.classes[class].fields.push(FieldInfo {
                    name: slot.name.name,
                    span: slot.name.span,
                    kind,
                    is_exempt,
                });
            }
        }
    }

    fn check_field_name(&mut self, class: ClassId, slot: &Slot) {
        let name = self.interner.text(slot.name.name);
        if is_reserved(name) {
            let message = format!("`{name}` is reserved and cannot be a field");
            let error = Diagnostic::error(codes::BAD_FIELD, message);
            self.report(
                error
                    .primary(slot.name.span, "")
                    .hint("choose another name"),
            );
        }
        let Some((_, earlier)) = self.world.field(class, slot.name.name) else {
            return;
        };
        let earlier = earlier.span;
        let message = format!(
            "the field {} exists already",
            self.interner.text(slot.name.name)
        );
        self.report(
            Diagnostic::error(codes::DUPLICATE_FIELD, message)
                .primary(slot.name.span, "")
                .secondary(earlier, "defined here")
                .hint("rename one of them, or use the inherited one"),
        );
    }

    fn bad_field(&mut self, span: Span, message: impl Into<String>) {
        self.report(
            Diagnostic::error(codes::BAD_FIELD, message)
                .primary(span, "")
                .hint(FORMS),
        );
    }

    fn field_kind(
        &mut self,
        slot: &Slot,
        package: PackageId,
        owner: ClassKind,
    ) -> Option<FieldKind> {
        let Some(definition) = &slot.definition else {
            let name = self.interner.text(slot.name.name).to_owned();
            self.bad_field(slot.name.span, format!("the field {name} has no type"));
            return None;
        };
        let component = owner == ClassKind::Component;
        let form = self.interner.text(definition.class.name).to_owned();
        match form.as_str() {
            "ExemptField" => {
                self.check_reason(definition)?;
                let ty = self.plain_argument(definition, "type:", package)?;
                Some(FieldKind::Plain(ty))
            }
            "TypedField" => match self.argument_type(definition, "type:", package)? {
                DeclaredType::Value(Type::Void) | DeclaredType::Block => {
                    self.bad_field(definition.span, "a field holds a value");
                    None
                }
                DeclaredType::Value(ty) => Some(FieldKind::Plain(ty)),
                DeclaredType::Component(class) if component => Some(FieldKind::Component(class)),
                DeclaredType::Component(_) => {
                    self.bad_field(definition.span, "only a component names a component");
                    None
                }
            },
            "PinnedField" if component => {
                let ty = self.plain_argument(definition, "type:", package)?;
                if matches!(ty, Type::Float64 | Type::Float32) {
                    self.bad_field(definition.span, "no float is held in a pin register");
                    return None;
                }
                let register = self.symbol_argument(definition, "register:")?;
                let register = self.interner.text(register).to_owned();
                if !matches!(register.as_str(), "rbp" | "r12" | "r13" | "r14") {
                    self.bad_field(
                        definition.span,
                        format!("{register} is none of the pin registers rbp, r12, r13, r14"),
                    );
                    return None;
                }
                Some(FieldKind::Pinned(ty, register))
            }
            "TypedArray" => {
                let ty = self.plain_argument(definition, "of:", package)?;
                let size = self.array_size(definition)?;
                Some(FieldKind::Array(ty, size))
            }
            "CollectedTable" if component => self.table(definition).map(FieldKind::Table),
            _ => {
                self.bad_field(
                    definition.class.span,
                    format!("{form} is no form of field here"),
                );
                None
            }
        }
    }

    /// The reason of an `ExemptField` says something.
    fn check_reason(&mut self, definition: &SlotDefinition) -> Option<()> {
        let node = self.literal_argument(definition, "reason:")?;
        match &node.literal {
            Literal::String(text) if !text.trim().is_empty() => Some(()),
            _ => {
                self.bad_field(node.span, "reason: takes a string that says something");
                None
            }
        }
    }

    fn literal_argument(
        &mut self,
        definition: &SlotDefinition,
        keyword: &str,
    ) -> Option<LiteralNode> {
        let symbol = self.interner.intern(keyword);
        let found = definition.argument(symbol).and_then(|argument| {
            let literal = definition.literal(argument)?.clone();
            let span = definition.exprs[argument.value].span;
            Some(LiteralNode { literal, span })
        });
        if found.is_none() {
            self.bad_field(
                definition.span,
                format!("the argument {keyword} is missing or is not a literal"),
            );
        }
        found
    }

    fn argument_type(
        &mut self,
        definition: &SlotDefinition,
        keyword: &str,
        package: PackageId,
    ) -> Option<DeclaredType> {
        let node = self.literal_argument(definition, keyword)?;
        self.read_type(&node.literal, node.span, package)
    }

    fn plain_argument(
        &mut self,
        definition: &SlotDefinition,
        keyword: &str,
        package: PackageId,
    ) -> Option<Type> {
        let node = self.literal_argument(definition, keyword)?;
        match self.value_type(&node, package)? {
            Type::Void => {
                self.bad_field(node.span, "a field holds a value");
                None
            }
            ty => Some(ty),
        }
    }

    fn symbol_argument(&mut self, definition: &SlotDefinition, keyword: &str) -> Option<Symbol> {
        let node = self.literal_argument(definition, keyword)?;
        match node.literal {
            Literal::Symbol(symbol) => Some(symbol),
            _ => {
                self.bad_field(node.span, format!("{keyword} takes a symbol"));
                None
            }
        }
    }

    fn array_size(&mut self, definition: &SlotDefinition) -> Option<ArraySize> {
        let keyword = self.interner.intern("size:");
        let argument = definition.argument(keyword);
        let Some(argument) = argument else {
            self.bad_field(definition.span, "the argument size: is missing");
            return None;
        };
        let value = &definition.exprs[argument.value];
        match &value.kind {
            ExprKind::Literal(Literal::Integer(size)) => {
                let size = size.to_i128().and_then(|size| u64::try_from(size).ok());
                if let Some(size) = size.filter(|size| (1..1 << 40).contains(size)) {
                    return Some(ArraySize::Literal(size));
                }
            }
            ExprKind::Literal(Literal::Array(parts)) => {
                if let [Literal::Symbol(class), Literal::Symbol(selector)] = parts
                    .iter()
                    .map(|part| part.literal.clone())
                    .collect::<Vec<_>>()[..]
                {
                    return Some(ArraySize::Constant(class, selector, value.span));
                }
            }
            ExprKind::Send(send) => {
                if let ExprKind::Variable(class) = definition.exprs[send.receiver].kind
                    && send.arguments.is_empty()
                {
                    return Some(ArraySize::Constant(class, send.selector, value.span));
                }
            }
            _ => {}
        }
        self.bad_field(
            value.span,
            "the size of an array is a positive literal or #(Constants selector)",
        );
        None
    }

    fn table(&mut self, definition: &SlotDefinition) -> Option<TableSpec> {
        let keywords: String = definition
            .arguments
            .iter()
            .map(|argument| self.interner.text(argument.keyword.name))
            .collect();
        let spec = match keywords.as_str() {
            "bytecodes:default:" => TableSpec::Bytecodes {
                set: self.symbol_argument(definition, "bytecodes:")?,
                default: self.symbol_argument(definition, "default:")?,
            },
            "primitives:default:" => {
                let node = self.literal_argument(definition, "primitives:")?;
                let size = match &node.literal {
                    Literal::Integer(size) => size.to_i128(),
                    _ => None,
                };
                let size = size.and_then(|size| u64::try_from(size).ok());
                let Some(size) = size.filter(|size| (1..=LARGEST_TABLE).contains(size)) else {
                    let message =
                        format!("primitives: takes the number of entries, 1 to {LARGEST_TABLE}");
                    self.bad_field(node.span, message);
                    return None;
                };
                TableSpec::Primitives {
                    size,
                    default: self.symbol_argument(definition, "default:")?,
                }
            }
            "namedPrimitives" => TableSpec::NamedPrimitives,
            "roots" => TableSpec::Roots,
            _ => {
                self.bad_field(definition.span, "no such collected table");
                return None;
            }
        };
        Some(spec)
    }
}
