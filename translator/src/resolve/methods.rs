//! Methods: registration, signatures, what their pragmas may stand on.

use super::pragmas::Reading;
use super::{DeclaredType, PackageId, Resolver, Role, Signature, SourceId, SourceMethod, codes};
use crate::base::{Diagnostic, Span};
use crate::syntax::ast::{ExprKind, Method, PseudoVariable};
use crate::tonel::definition::MethodChunk;
use crate::typed::{ClassId, ClassKind, IntType, Type};

/// Arguments that the outside passes in registers.
const MOST_INTEGERS: usize = 6;
const MOST_FLOATS: usize = 8;

impl Resolver<'_> {
    /// Registers the methods of all classes and extensions.
    pub(super) fn collect_methods(&mut self) {
        let definitions = std::mem::take(&mut self.world.definitions);
        for (number, definition) in definitions.iter().enumerate() {
            let package = self.world.definition_packages[number];
            let Some(&class) = self.world.class_names.get(&definition.name.name) else {
                continue;
            };
            let defining = self.world.classes[class].package;
            if defining > package {
                self.check_layer(class, definition.name.span, package);
            }
            for (index, chunk) in definition.methods.iter().enumerate() {
                self.add_method(class, package, (number, index), chunk);
            }
        }
        self.world.definitions = definitions;
    }

    fn add_method(
        &mut self,
        class: ClassId,
        package: PackageId,
        place: (usize, usize),
        chunk: &MethodChunk,
    ) {
        let method = &chunk.method;
        let mut reading = self.read_pragmas(method, package);
        reading.role.is_abstract = self.is_abstract(method);
        self.check_roles(class, package, chunk, &reading);
        let signature = self.complete_signature(class, method, &reading);
        let id = self.world.methods.next_key();
        let side = usize::from(chunk.class_side);
        if let Some(&earlier) = self.world.classes[class].methods[side].get(&chunk.selector) {
            let span = self.world.methods[earlier].span;
            let message = format!(
                "{} has two methods {}",
                self.interner.text(self.world.classes[class].name),
                self.interner.text(chunk.selector)
            );
            self.report(
                Diagnostic::error(codes::DUPLICATE_METHOD, message)
                    .primary(method.pattern_span, "")
                    .secondary(span, "defined here")
                    .hint("remove one of them"),
            );
            return;
        }
        self.world.methods.push(SourceMethod {
            class,
            class_side: chunk.class_side,
            package,
            selector: chunk.selector,
            place,
            signature,
            attributes: reading.attributes,
            role: reading.role,
            span: method.pattern_span,
        });
        self.world.classes[class].methods[side].insert(chunk.selector, id);
    }

    /// Whether the body is `self subclassResponsibility`.
    fn is_abstract(&self, method: &Method) -> bool {
        let [statement] = &method.statements[..] else {
            return false;
        };
        let ExprKind::Send(send) = &method.exprs[statement.kind.expression()].kind else {
            return false;
        };
        let to_self = matches!(
            method.exprs[send.receiver].kind,
            ExprKind::Pseudo(PseudoVariable::SelfReference)
        );
        to_self && self.interner.text(send.selector) == "subclassResponsibility"
    }

    /// The signature as written, or the one that the role implies, or that of a method without parameters whose result is inferred later.
    fn complete_signature(
        &mut self,
        class: ClassId,
        method: &Method,
        reading: &Reading,
    ) -> Option<Signature> {
        let written = reading.signature.clone();
        written.or_else(|| self.implied_signature(class, method, &reading.role))
    }

    /// The signature of a handler, primitive or test.
    fn implied_signature(&self, class: ClassId, method: &Method, role: &Role) -> Option<Signature> {
        let implied = |params| Signature {
            params,
            result: DeclaredType::Value(Type::Void),
            span: method.pattern_span,
        };
        if !role.handlers.is_empty() {
            let opcode = DeclaredType::Value(Type::Int(IntType::UINT8));
            return Some(implied(vec![opcode; method.params.len()]));
        }
        let primitive = !role.primitives.is_empty() || !role.named_primitives.is_empty();
        let test = self.world.classes[class].is_test
            && method.params.is_empty()
            && self.interner.text(method.selector).starts_with("test");
        (primitive || test).then(|| implied(Vec::new()))
    }

    /// A handler or primitive may write the signature that it has, but no other one.
    fn check_implied(&mut self, class: ClassId, method: &Method, reading: &Reading) {
        let Some(written) = &reading.signature else {
            return;
        };
        let implied = self.implied_signature(class, method, &reading.role);
        let is_other = |implied: &Signature| {
            implied.params != written.params || implied.result != written.result
        };
        if implied.is_some_and(|implied| is_other(&implied)) {
            let message = "a handler, primitive or test has another signature";
            let error = Diagnostic::error(codes::BAD_SIGNATURE, message).primary(written.span, "");
            self.report(
                error.hint(
                    "leave it out: they answer nothing, and what a handler may take is a UInt8",
                ),
            );
        }
    }

    fn misplaced(&mut self, span: Span, message: &str, hint: &str) {
        let error = Diagnostic::error(codes::MISPLACED_PRAGMA, message).primary(span, "");
        self.report(error.hint(hint));
    }

    fn check_roles(
        &mut self,
        class: ClassId,
        package: PackageId,
        chunk: &MethodChunk,
        reading: &Reading,
    ) {
        let method = &chunk.method;
        let span = method.pattern_span;
        let role = &reading.role;
        let component = self.world.classes[class].kind == ClassKind::Component && !chunk.class_side;
        let primitive = !role.primitives.is_empty() || !role.named_primitives.is_empty();
        let rooted = primitive || !role.handlers.is_empty();
        let linked = role.export.is_some() || role.import.is_some();
        if (rooted || linked) && !component {
            self.misplaced(
                span,
                "a handler, primitive, export or import is an instance method of a component",
                "move it into a component, and let it send to this class",
            );
        }
        if !role.handlers.is_empty() && method.params.len() > 1 {
            self.misplaced(
                span,
                "a handler takes no argument, or the opcode's distance from the first one",
                "take one parameter at most: operands are fetched from the instruction stream",
            );
        }
        if primitive && !method.params.is_empty() {
            self.misplaced(
                span,
                "a primitive takes no arguments: it reads the stack",
                "remove the parameters, and read them from the stack",
            );
        } else if component {
            self.check_implied(class, method, reading);
        }
        if role.intrinsic.is_some() && !self.world.packages[package].raw {
            self.misplaced(
                span,
                "an intrinsic stands in a raw package",
                "move it into a package that the build description lists as raw",
            );
        }
        if role.is_raw && !self.world.packages[package].raw {
            self.misplaced(
                span,
                "a raw operation is defined in a raw package",
                "move it into a package that the build description lists as raw",
            );
        }
        if linked {
            self.check_linked(span, reading);
        }
    }

    /// What the outside calls, or is called there, is called by the rules of the platform.
    fn check_linked(&mut self, span: Span, reading: &Reading) {
        if !reading.role.handlers.is_empty() {
            self.misplaced(
                span,
                "a handler ends with a dispatch, so it is neither exported nor imported",
                "export a method that enters the interpreter",
            );
        }
        let Some(signature) = &reading.signature else {
            self.report(
                Diagnostic::error(
                    codes::BAD_SIGNATURE,
                    "an export or import needs a signature",
                )
                .primary(span, "")
                .hint("write <signature: #() returns: #Void>"),
            );
            return;
        };
        let is_float = |param: &&DeclaredType| {
            matches!(param, DeclaredType::Value(Type::Float64 | Type::Float32))
        };
        let floats = signature.params.iter().filter(is_float).count();
        let fits = floats <= MOST_FLOATS && signature.params.len() - floats <= MOST_INTEGERS;
        if !fits || signature.params.contains(&DeclaredType::Block) {
            self.report(
                Diagnostic::error(
                    codes::BAD_SIGNATURE,
                    "an export or import takes six integers and eight floats at most, and no block",
                )
                .primary(signature.span, "")
                .hint("pass the address of a struct that holds them"),
            );
        }
    }

    /// Gives methods without a signature the one of the method that they override.
    pub(super) fn inherit_signatures(&mut self) {
        for index in self.world.methods.keys() {
            if self.world.methods[index].signature.is_some() {
                continue;
            }
            let inherited = self.overridden_signature(index);
            self.world.methods[index].signature = inherited;
        }
    }

    fn overridden_signature(&self, method: SourceId) -> Option<Signature> {
        let info = &self.world.methods[method];
        let side = usize::from(info.class_side);
        self.world.chain(info.class).skip(1).find_map(|class| {
            let above = *self.world.classes[class].methods[side].get(&info.selector)?;
            self.world.methods[above].signature.clone()
        })
    }
}
