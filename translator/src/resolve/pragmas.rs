//! Pragmas: the closed list, read into attributes and roles.

use super::{DeclaredType, HandlerRange, PackageId, Resolver, Role, Signature, codes};
use crate::base::{Diagnostic, Span, Symbol};
use crate::syntax::ast::{Literal, LiteralNode, Method, Pragma};
use crate::typed::{Attributes, Type};

/// The forms of pragmas, for hints and the document.
pub(super) const FORMS: [&str; 17] = [
    "signature:returns:",
    "intrinsic:",
    "export:",
    "import:",
    "bytecode:set:",
    "bytecode:to:set:",
    "primitiveIndex:",
    "primitiveName:module:",
    "inline:",
    "noInline:",
    "movesObjects:",
    "hazardExempt:",
    "answersImmediate:",
    "keepsReferences:",
    "recursionBound:reason:",
    "cold:",
    "rawOperation:",
];

/// The pragmas of which a method may have several.
const SEVERAL: &[&str] = &[
    "bytecode:set:",
    "bytecode:to:set:",
    "primitiveIndex:",
    "primitiveName:module:",
];

/// The pragmas that say the contrary of each other.
const CONTRADICTIONS: &[(&str, &str)] = &[
    ("inline:", "noInline:"),
    ("inline:", "cold:"),
    ("export:", "import:"),
];

/// What the pragmas of a method say.
pub(super) struct Reading {
    pub(super) attributes: Attributes,
    pub(super) role: Role,
    pub(super) signature: Option<Signature>,
}

impl Resolver<'_> {
    /// Reads all pragmas of a method.
    pub(super) fn read_pragmas(&mut self, method: &Method, package: PackageId) -> Reading {
        let mut reading = Reading {
            attributes: Attributes::default(),
            role: Role::default(),
            signature: None,
        };
        for pragma in &method.pragmas {
            let selector = self.interner.text(pragma.selector).to_owned();
            if self
                .read_pragma(&selector, pragma, method, package, &mut reading)
                .is_none()
            {
                self.bad_pragma(&selector, pragma.span);
            }
        }
        self.check_contradictions(&method.pragmas);
        reading
    }

    /// Reports a pragma that stands twice, or that another one contradicts.
    fn check_contradictions(&mut self, pragmas: &[Pragma]) {
        for (number, pragma) in pragmas.iter().enumerate() {
            let selector = self.interner.text(pragma.selector);
            let earlier = pragmas[..number].iter().find(|earlier| {
                let earlier = self.interner.text(earlier.selector);
                let is_same = earlier == selector && !SEVERAL.contains(&selector);
                is_same
                    || CONTRADICTIONS.contains(&(earlier, selector))
                    || CONTRADICTIONS.contains(&(selector, earlier))
            });
            let Some(earlier) = earlier else {
                continue;
            };
            let message = format!("<{selector}> does not go with an earlier pragma");
            let error = Diagnostic::error(codes::UNKNOWN_PRAGMA, message)
                .primary(pragma.span, "")
                .secondary(earlier.span, "this one")
                .hint("keep one of them");
            self.report(error);
        }
    }

    fn bad_pragma(&mut self, selector: &str, span: Span) {
        let known = FORMS.contains(&selector);
        let message = if known {
            format!("the arguments of <{selector}> are of the wrong kind")
        } else {
            format!("unknown pragma <{selector}>")
        };
        let hint = if selector.starts_with("primitive:") {
            "<primitive:> means something else in an image: write <primitiveIndex: 60> or <primitiveName: 'name' module: 'module'>".to_owned()
        } else if known {
            "reasons, names and symbols of exports are strings that say something, opcodes integers from 0 to 255 in order, other numbers positive, sets and intrinsics symbols".to_owned()
        } else if let Some(form) = FORMS
            .iter()
            .find(|form| super::types::differ_little(form, selector))
        {
            format!("did you mean <{form}>?")
        } else {
            format!("the pragmas are {}", FORMS.join(", "))
        };
        let error = Diagnostic::error(codes::UNKNOWN_PRAGMA, message).primary(span, "");
        self.report(error.hint(hint));
    }

    /// `None` when the pragma or its arguments are not of the list.
    fn read_pragma(
        &mut self,
        selector: &str,
        pragma: &Pragma,
        method: &Method,
        package: PackageId,
        reading: &mut Reading,
    ) -> Option<()> {
        let arguments = &pragma.arguments[..];
        let (attributes, role) = (&mut reading.attributes, &mut reading.role);
        match selector {
            "signature:returns:" => {
                let [params, result] = arguments else {
                    return None;
                };
                reading.signature = self.read_signature(params, result, method, package);
            }
            "intrinsic:" => role.intrinsic = Some(symbol(arguments.first()?)?),
            "export:" => role.export = Some(string(arguments.first()?)?),
            "import:" => role.import = Some(string(arguments.first()?)?),
            "bytecode:set:" | "bytecode:to:set:" => {
                role.handlers.push(handler_range(arguments, pragma.span)?);
            }
            "primitiveIndex:" => {
                let index = u64::try_from(integer(arguments.first()?)?).ok()?;
                role.primitives.push((index, pragma.span));
            }
            "primitiveName:module:" => {
                let [name, module] = arguments else {
                    return None;
                };
                role.named_primitives.push((string(module)?, string(name)?));
            }
            "recursionBound:reason:" => {
                let [bound, why] = arguments else {
                    return None;
                };
                reason(why)?;
                let bound = u32::try_from(integer(bound)?).ok()?;
                attributes.recursion_bound = Some(bound);
            }
            _ => read_reasoned(selector, arguments, attributes, role)?,
        }
        Some(())
    }

    fn read_signature(
        &mut self,
        params: &LiteralNode,
        result: &LiteralNode,
        method: &Method,
        package: PackageId,
    ) -> Option<Signature> {
        let span = params.span.to(result.span);
        let Literal::Array(types) = &params.literal else {
            self.report(
                Diagnostic::error(
                    codes::BAD_SIGNATURE,
                    "the parameters' types stand in a literal array",
                )
                .primary(params.span, "")
                .hint("write <signature: #(#Oop #Int64) returns: #Void>"),
            );
            return None;
        };
        if types.len() != method.params.len() {
            let message = format!(
                "the signature has {} types, the method {} parameters",
                types.len(),
                method.params.len()
            );
            self.report(
                Diagnostic::error(codes::BAD_SIGNATURE, message)
                    .primary(params.span, "")
                    .secondary(method.pattern_span, "the parameters")
                    .hint("give each parameter its type, in order"),
            );
            return None;
        }
        let mut read = Vec::with_capacity(types.len());
        for node in types {
            read.push(self.parameter_type(node, package)?);
        }
        let result_type = match self.read_type(&result.literal, result.span, package)? {
            DeclaredType::Component(_) => {
                self.report(
                    Diagnostic::error(codes::BAD_TYPE_HERE, "a method does not answer a component")
                        .primary(result.span, "")
                        .hint("a component is reached through a field of who uses it"),
                );
                return None;
            }
            ty => ty,
        };
        if result_type == DeclaredType::Block && !read.contains(&DeclaredType::Block) {
            self.report(
                Diagnostic::error(
                    codes::BAD_SIGNATURE,
                    "the result #Block says that the method answers what its block answers, but it takes no block",
                )
                .primary(result.span, "")
                .hint("declare a parameter #Block, or name the type of the result"),
            );
            return None;
        }
        Some(Signature {
            params: read,
            result: result_type,
            span,
        })
    }

    fn parameter_type(&mut self, node: &LiteralNode, package: PackageId) -> Option<DeclaredType> {
        match self.read_type(&node.literal, node.span, package)? {
            DeclaredType::Component(_) | DeclaredType::Value(Type::Void) => {
                self.report(
                    Diagnostic::error(codes::BAD_TYPE_HERE, "a parameter is a value or a block")
                        .primary(node.span, "")
                        .hint("a component is reached through a field"),
                );
                None
            }
            ty => Some(ty),
        }
    }
}

/// Pragmas whose only argument is a reason.
fn read_reasoned(
    selector: &str,
    arguments: &[LiteralNode],
    attributes: &mut Attributes,
    role: &mut Role,
) -> Option<()> {
    if !FORMS.contains(&selector) {
        return None;
    }
    reason(arguments.first()?)?;
    match selector {
        "inline:" | "noInline:" => {
            attributes.inline = Some(selector == "inline:");
            role.inline_overrides += 1;
        }
        "movesObjects:" => attributes.moves_objects = true,
        "hazardExempt:" => {
            attributes.hazard_exempt = true;
            role.hazard_exemptions += 1;
        }
        "answersImmediate:" => {
            attributes.answers_immediate = true;
            role.hazard_exemptions += 1;
        }
        "keepsReferences:" => {
            attributes.keeps_references = true;
            role.hazard_exemptions += 1;
        }
        "cold:" => attributes.cold = true,
        "rawOperation:" => role.is_raw = true,
        _ => return None,
    }
    Some(())
}

/// The opcodes of `<bytecode: 16r10 to: 16r1F set: #SistaV1>` or `<bytecode: 16r10 set: #SistaV1>`.
fn handler_range(arguments: &[LiteralNode], span: Span) -> Option<HandlerRange> {
    let (first, last, set) = match arguments {
        [first, set] => (first, first, set),
        [first, last, set] => (first, last, set),
        _ => return None,
    };
    let first = u8::try_from(integer(first)?).ok()?;
    let last = u8::try_from(integer(last)?).ok()?;
    (first <= last).then_some(HandlerRange {
        first,
        last,
        set: symbol(set)?,
        span,
    })
}

fn symbol(node: &LiteralNode) -> Option<Symbol> {
    match node.literal {
        Literal::Symbol(symbol) => Some(symbol),
        _ => None,
    }
}

fn string(node: &LiteralNode) -> Option<String> {
    match &node.literal {
        Literal::String(text) => Some(text.to_string()),
        _ => None,
    }
}

/// A reason says something.
fn reason(node: &LiteralNode) -> Option<()> {
    string(node)
        .filter(|text| !text.trim().is_empty())
        .map(drop)
}

fn integer(node: &LiteralNode) -> Option<i128> {
    match &node.literal {
        Literal::Integer(value) => value.to_i128(),
        _ => None,
    }
}
