//! Compiles the methods of a class text in a scope made from its header.

use std::fmt::Write;

use crate::base::{
    Diagnostics, EntityRef, Interner, SourceMap, Symbol,
    render::{Color, render_all},
};
use crate::image::compile::{
    BindingId, BytecodeSet, Closures, CompiledCode, Reference, Scope, Target, TargetOptions,
    VariableForm, compile, print::print, verify::verify,
};
use crate::syntax::ast::Method;
use crate::tonel::{ClassDefinition, MethodChunk, read_class};

/// A kind of code.
#[derive(Clone, Copy)]
pub(super) struct Variant {
    pub(super) name: &'static str,
    pub(super) set: BytecodeSet,
    pub(super) closures: Closures,
}

impl Variant {
    pub(super) fn options(self) -> TargetOptions {
        TargetOptions {
            set: self.set,
            closures: self.closures,
            this_process: self.set == BytecodeSet::SistaV1,
            ..TargetOptions::default()
        }
    }
}

/// A class text that was read.
pub(super) struct Class {
    definition: ClassDefinition,
    pub(super) interner: Interner,
    target: Target,
    sources: SourceMap,
}

/// Instance variables and class variables of the class; other names with a capital are classes. A class with the layout `Context` reaches its
/// variables by the long form.
struct ClassScope<'a> {
    definition: &'a ClassDefinition,
    interner: &'a Interner,
}

impl Scope for ClassScope<'_> {
    fn lookup(&self, name: Symbol) -> Option<Reference> {
        let mut fields = self.definition.inst_vars.iter();
        if let Some(index) = fields.position(|slot| slot.name.name == name) {
            return Some(Reference::InstanceVariable(u32::try_from(index).unwrap()));
        }
        let mut variables = self.definition.class_vars.iter();
        let writable = variables.any(|slot| slot.name.name == name);
        let text = self.interner.text(name);
        let is_global = text.starts_with(char::is_uppercase) && !text.starts_with("Missing");
        (writable || is_global).then(|| Reference::Binding {
            binding: BindingId::new(name.index()),
            writable,
        })
    }

    fn variable_form(&self) -> VariableForm {
        let layout = self.definition.layout;
        match layout.map(|layout| self.interner.text(layout.name)) {
            Some("Context") => VariableForm::MaybeContext,
            _ => VariableForm::Short,
        }
    }
}

impl Class {
    pub(super) fn read(text: &str, options: TargetOptions) -> Class {
        let (mut interner, mut sources, mut diagnostics) =
            (Interner::new(), SourceMap::new(), Diagnostics::new());
        let target = Target::new(options, &mut interner);
        let file = sources.add("Example.st", text);
        let definition = read_class(text, file, &mut interner, &mut diagnostics);
        assert!(
            diagnostics.is_empty(),
            "{}",
            render_all(&diagnostics, &sources, Color::Plain)
        );
        Class {
            definition: definition.unwrap(),
            interner,
            target,
            sources,
        }
    }

    /// The code of a method, or what was found wrong with it.
    fn compile(&self, chunk: &MethodChunk) -> (Option<CompiledCode>, Diagnostics) {
        let mut diagnostics = Diagnostics::new();
        let scope = ClassScope {
            definition: &self.definition,
            interner: &self.interner,
        };
        let code = compile(
            &chunk.method,
            &scope,
            &self.target,
            &self.interner,
            &mut diagnostics,
        );
        (code, diagnostics)
    }

    /// The code of the first method, verified, or what is wrong with it.
    pub(super) fn code(&self) -> Result<CompiledCode, String> {
        let (code, diagnostics) = self.compile(&self.definition.methods[0]);
        let code = code.ok_or_else(|| render_all(&diagnostics, &self.sources, Color::Plain))?;
        verify(&code).map(|()| code)
    }

    /// The first method.
    pub(super) fn method(&self) -> &Method {
        &self.definition.methods[0].method
    }

    /// All methods: diagnostics and listings. Every one must pass the verifier.
    pub(super) fn listing(&self) -> String {
        let mut text = String::new();
        for chunk in &self.definition.methods {
            let (code, diagnostics) = self.compile(chunk);
            if !diagnostics.is_empty() {
                text += &render_all(&diagnostics, &self.sources, Color::Plain);
                text += "\n";
            }
            let Some(code) = code else { continue };
            let selector = self.interner.text(chunk.selector);
            if let Err(fault) = verify(&code) {
                let _ = writeln!(text, "#{selector} is wrong: {fault}");
            }
            let name = |binding: BindingId| {
                let mut names = self.definition.class_vars.iter().map(|slot| slot.name.name);
                match names.find(|name| name.index() == binding.index()) {
                    Some(name) => self.interner.text(name).to_owned(),
                    None => "a global".to_owned(),
                }
            };
            text += &print(
                &code,
                &self.interner,
                &self.target.options.special_selectors,
                &name,
            );
            text += "\n";
        }
        text
    }
}
