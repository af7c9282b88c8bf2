//! Type names: the closed list, classes and function types.

use super::{DeclaredType, PackageId, Resolver, World, codes};
use crate::base::{Diagnostic, Interner, Span, Symbol};
use crate::syntax::ast::{Literal, LiteralNode};
use crate::typed::{ClassKind, FunctionType, IntType, Type};

impl Resolver<'_> {
    /// The type that a literal of a signature or field names; `None` after an error was reported.
    pub(super) fn read_type(
        &mut self,
        literal: &Literal,
        span: Span,
        package: PackageId,
    ) -> Option<DeclaredType> {
        match literal {
            Literal::Symbol(name) => self.named_type(*name, span, package),
            Literal::Array(elements) => self.function_type(elements, span, package),
            _ => {
                self.report(
                    Diagnostic::error(
                        codes::UNKNOWN_TYPE,
                        "a type is a symbol or an array of symbols",
                    )
                    .primary(span, "")
                    .hint("write #Oop, or #(#Oop -> #Boolean) for a function"),
                );
                None
            }
        }
    }

    fn named_type(&mut self, name: Symbol, span: Span, package: PackageId) -> Option<DeclaredType> {
        let text = self.interner.text(name).to_owned();
        if let Some(known) = builtin_type(&text) {
            return Some(known);
        }
        let Some(&class) = self.world.class_names.get(&name) else {
            let error = Diagnostic::error(codes::UNKNOWN_TYPE, format!("unknown type {text}"))
                .primary(span, "");
            let hint = match self.similar_type(&text) {
                Some(close) => format!("did you mean {close}?"),
                None => "a type is Int64 and its kin, Float64, Boolean, Void, StaticString, a function, or a class of this package or a lower one".to_owned(),
            };
            self.report(error.hint(hint));
            return None;
        };
        self.check_layer(class, span, package);
        let info = &self.world.classes[class];
        if info.kind == ClassKind::Component {
            return Some(DeclaredType::Component(class));
        }
        let Some(ty) = self.world.instance_type(class) else {
            let message = match info.kind {
                ClassKind::Constants => format!("{text} has no instances: it holds constants"),
                _ => format!("{text} has no representation: it is an abstract word class"),
            };
            let hint = match info.kind {
                ClassKind::Constants => "send it a message where the constant is needed",
                _ => "name one of its subclasses, which has a field bits",
            };
            let error = Diagnostic::error(codes::BAD_TYPE_HERE, message).primary(span, "");
            self.report(error.hint(hint));
            return None;
        };
        Some(DeclaredType::Value(ty))
    }

    /// `#(#Oop #Boolean -> #Void)`.
    fn function_type(
        &mut self,
        elements: &[LiteralNode],
        span: Span,
        package: PackageId,
    ) -> Option<DeclaredType> {
        let arrow = elements.iter().position(|element| {
            matches!(&element.literal, Literal::Symbol(name) if self.interner.text(*name) == "->")
        });
        let Some(arrow) = arrow.filter(|&arrow| arrow + 2 == elements.len()) else {
            self.report(
                Diagnostic::error(
                    codes::UNKNOWN_TYPE,
                    "a function type ends in -> and the type of the result",
                )
                .primary(span, "")
                .hint("write #(#Oop #Oop -> #Boolean), or #( -> #Void)"),
            );
            return None;
        };
        let params = elements[..arrow]
            .iter()
            .map(|element| self.value_type(element, package))
            .collect::<Option<Vec<_>>>()?;
        let result = self.value_type(&elements[arrow + 1], package)?;
        let id = self
            .world
            .function_types
            .intern(FunctionType { params, result });
        Some(DeclaredType::Value(Type::Function(id)))
    }

    /// A type that a value can have, `Void` included.
    pub(super) fn value_type(&mut self, node: &LiteralNode, package: PackageId) -> Option<Type> {
        match self.read_type(&node.literal, node.span, package)? {
            DeclaredType::Value(ty) => Some(ty),
            DeclaredType::Component(_) | DeclaredType::Block => {
                self.report(
                    Diagnostic::error(
                        codes::BAD_TYPE_HERE,
                        "a component or a block is not a value here",
                    )
                    .primary(node.span, "")
                    .hint("components are types of fields, blocks of parameters; values are numbers, words, structs and functions"),
                );
                None
            }
        }
    }

    /// Reports the use of a class above `package`.
    pub(super) fn check_layer(
        &mut self,
        class: crate::typed::ClassId,
        span: Span,
        package: PackageId,
    ) {
        let info = &self.world.classes[class];
        if info.package <= package {
            return;
        }
        let message = format!(
            "{} uses {} of the higher package {}",
            self.world.packages[package].name,
            self.interner.text(info.name),
            self.world.packages[info.package].name
        );
        let defined = info.span;
        self.report(
            Diagnostic::error(codes::LAYER, message)
                .primary(span, "")
                .secondary(defined, "defined here")
                .hint("declare an abstract component in the lower package and map it in the build description"),
        );
    }

    /// A type name that differs little from `text`.
    fn similar_type(&self, text: &str) -> Option<String> {
        let mut names: Vec<&str> = self
            .world
            .classes
            .values()
            .map(|class| self.interner.text(class.name))
            .chain([
                "Boolean", "Float64", "Int64", "UInt64", "UInt8", "Void", "Block",
            ])
            .collect();
        names.sort_unstable();
        names
            .into_iter()
            .filter(|name| differ_little(name, text))
            .map(str::to_owned)
            .next()
    }
}

/// Whether two names are equal but for case, or but for one character.
pub(crate) fn differ_little(a: &str, b: &str) -> bool {
    if a.eq_ignore_ascii_case(b) {
        return true;
    }
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    if long.len() - short.len() > 1 || short.len() < 3 {
        return false;
    }
    let (short, long) = (short.as_bytes(), long.as_bytes());
    let prefix = short.iter().zip(long).take_while(|(x, y)| x == y).count();
    let rest = short.len() - prefix;
    let suffix = |skip: usize| short[prefix + skip..] == long[long.len() - (rest - skip)..];
    suffix(0) || (short.len() == long.len() && rest > 0 && suffix(1))
}

/// The types that are not classes of the program.
pub(super) fn builtin_type(text: &str) -> Option<DeclaredType> {
    let ty = match text {
        "Boolean" => Type::Boolean,
        "Void" => Type::Void,
        "Float64" => Type::Float64,
        "Float32" => Type::Float32,
        "StaticString" => Type::String,
        "Block" => return Some(DeclaredType::Block),
        _ => Type::Int(integer_type(text)?),
    };
    Some(DeclaredType::Value(ty))
}

/// `Int1` … `Int64`, `UInt1` … `UInt64`.
pub(crate) fn integer_type(text: &str) -> Option<IntType> {
    let (signed, digits) = match text.strip_prefix("UInt") {
        Some(digits) => (false, digits),
        None => (true, text.strip_prefix("Int")?),
    };
    if digits.starts_with('0') || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let bits: u8 = digits.parse().ok()?;
    (1..=64).contains(&bits).then_some(IntType {
        signed,
        bits,
        unit: None,
    })
}

/// A type as the source writes it.
#[must_use]
pub fn describe_type(world: &World, interner: &Interner, ty: Type) -> String {
    let class = |class| interner.text(world.classes[class].name).to_owned();
    match ty {
        Type::Int(IntType {
            unit: Some(unit), ..
        }) => class(unit),
        Type::Int(int) => format!("{}Int{}", if int.signed { "" } else { "U" }, int.bits),
        Type::Float64 => "Float64".to_owned(),
        Type::Float32 => "Float32".to_owned(),
        Type::Boolean => "Boolean".to_owned(),
        Type::Void => "Void".to_owned(),
        Type::Never => "no type".to_owned(),
        Type::String => "StaticString".to_owned(),
        Type::Word(id) | Type::Struct(id) => class(id),
        Type::Function(id) => {
            let function = &world.function_types.types[id];
            let mut text = String::from("#(");
            for param in &function.params {
                text.push_str(&describe_type(world, interner, *param));
                text.push(' ');
            }
            text.push_str("-> ");
            text.push_str(&describe_type(world, interner, function.result));
            text.push(')');
            text
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integer_types_have_one_to_sixty_four_bits() {
        assert_eq!(
            integer_type("UInt7").map(|int| (int.signed, int.bits)),
            Some((false, 7))
        );
        assert_eq!(integer_type("Int64"), Some(IntType::INT64));
        for wrong in ["Int0", "Int65", "UInt08", "Integer", "Int", "Int256"] {
            assert_eq!(integer_type(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn names_differ_little_by_case_or_one_character() {
        assert!(differ_little("boolean", "Boolean"));
        assert!(differ_little("SlotCount", "SlotCout"));
        assert!(differ_little("Oops", "Oop"));
        assert!(differ_little("SlotCount", "SlitCount"));
        assert!(!differ_little("SlotCount", "ByteCount"));
        assert!(!differ_little("Oop", "Ooooop"));
    }
}
