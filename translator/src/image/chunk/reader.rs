//! Chunks to definitions.

use rustc_hash::FxHashMap;

use super::forms::{ChunkForms, Part};
use super::scan::Chunk;
use crate::base::{Diagnostic, Diagnostics, FileId, Interner, Span, Symbol};
use crate::syntax::ast::{ExprId, ExprKind, Exprs, Literal, Name, Send};
use crate::syntax::parser::{parse_method_at, parse_statements};
use crate::tonel::{ClassDefinition, DefinitionKind, MethodChunk, Slot, SourceText};

pub(super) struct Reader<'a> {
    text: &'a str,
    file: FileId,
    forms: &'a ChunkForms,
    interner: &'a mut Interner,
    diagnostics: &'a mut Diagnostics,
    definitions: Vec<ClassDefinition>,
    /// Where in `definitions` each class, trait or extension is.
    by_name: FxHashMap<Symbol, usize>,
}

/// What the chunks behind a header are.
enum Kind {
    /// Methods up to an empty chunk.
    Methods(Owner),
    /// One class comment.
    Comment(Owner),
    /// So many of no interest.
    Ignored(usize),
    /// Statements.
    Statements,
}

/// `Foo class methodsFor: 'category'`.
#[derive(Clone, Copy)]
struct Owner {
    class: Name,
    class_side: bool,
    category: Option<Name>,
}

/// A parsed statement or header.
struct Code<'e> {
    exprs: &'e Exprs,
    root: ExprId,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        text: &'a str,
        file: FileId,
        forms: &'a ChunkForms,
        interner: &'a mut Interner,
        diagnostics: &'a mut Diagnostics,
    ) -> Self {
        Reader {
            text,
            file,
            forms,
            interner,
            diagnostics,
            definitions: Vec::new(),
            by_name: FxHashMap::default(),
        }
    }

    pub(super) fn read(mut self, chunks: &[Chunk]) -> Vec<ClassDefinition> {
        let mut kind = Kind::Statements;
        for chunk in chunks {
            let span = self.trimmed(chunk);
            let text = self.text_of(span);
            if chunk.is_header {
                kind = self.header(span);
                continue;
            }
            // Squeak keeps the fonts of a text in a chunk of their own.
            if text.starts_with("]style[") || text.starts_with("]lang[") {
                continue;
            }
            kind = match kind {
                Kind::Methods(_) if text.is_empty() => Kind::Statements,
                Kind::Methods(owner) => {
                    self.method(owner, span);
                    Kind::Methods(owner)
                }
                Kind::Comment(owner) => {
                    self.comment(owner, text, span);
                    Kind::Statements
                }
                Kind::Ignored(1) => Kind::Statements,
                Kind::Ignored(count) if count > 1 => Kind::Ignored(count - 1),
                Kind::Ignored(_) | Kind::Statements => {
                    self.statements(span);
                    Kind::Statements
                }
            };
        }
        self.definitions
    }

    /// The chunk without blanks around it.
    fn trimmed(&self, chunk: &Chunk) -> Span {
        let text = &self.text[chunk.range.clone()];
        let start = chunk.range.start + text.len() - text.trim_start().len();
        Span::new(self.file, start, start + text.trim().len())
    }

    fn text_of(&self, span: Span) -> &'a str {
        self.text.get(span.range()).unwrap_or("")
    }

    fn header(&mut self, span: Span) -> Kind {
        let mut diagnostics = Diagnostics::new();
        let parsed = parse_statements(self.text, span, self.interner, &mut diagnostics);
        let send = match parsed.statements.first() {
            Some(&root) => match &parsed.exprs[root].kind {
                ExprKind::Send(send) => Some(send),
                _ => None,
            },
            None => None,
        };
        // `provides: 'Name' 1 0` has no receiver.
        let first_word = self.text_of(span).split_whitespace().next().unwrap_or("");
        if let Some(&count) = self.forms.ignored_headers.get(first_word) {
            return Kind::Ignored(count);
        }
        if let Some(send) = send
            && let Some(kind) = self.kind_of(send, &parsed.exprs)
        {
            return kind;
        }
        self.left_out(
            span,
            "this header is not known, and what follows it may be left out",
        );
        Kind::Statements
    }

    fn kind_of(&mut self, send: &Send, exprs: &Exprs) -> Option<Kind> {
        let selector = self.interner.text(send.selector).to_owned();
        let first = selector.split_inclusive(':').next().unwrap_or("");
        if let Some(&count) = self.forms.ignored_headers.get(first) {
            return Some(Kind::Ignored(count));
        }
        let (class, class_side) = self.class_of(send.receiver, exprs)?;
        let category = match (send.arguments.first(), first) {
            (Some(&category), "methodsFor:") => self.name_in(category, exprs),
            _ => None,
        };
        let owner = Owner {
            class,
            class_side,
            category,
        };
        match first {
            "methodsFor:" | "methodsFor" | "methods" => Some(Kind::Methods(owner)),
            "commentStamp:" => Some(Kind::Comment(owner)),
            _ => None,
        }
    }

    /// `Foo`, `Foo class`, `Foo classTrait`.
    fn class_of(&self, expr: ExprId, exprs: &Exprs) -> Option<(Name, bool)> {
        let expr = &exprs[expr];
        match &expr.kind {
            ExprKind::Variable(name) => {
                let span = expr.span;
                Some((Name { name: *name, span }, false))
            }
            ExprKind::Send(send)
                if matches!(
                    self.interner.text(send.selector),
                    "class" | "classSide" | "classTrait"
                ) =>
            {
                let (class, _) = self.class_of(send.receiver, exprs)?;
                Some((class, true))
            }
            _ => None,
        }
    }

    /// The text of a string or symbol as a name.
    fn name_in(&mut self, expr: ExprId, exprs: &Exprs) -> Option<Name> {
        let span = exprs[expr].span;
        match &exprs[expr].kind {
            ExprKind::Literal(Literal::String(text)) => Some(Name {
                name: self.interner.intern(text),
                span,
            }),
            ExprKind::Literal(Literal::Symbol(name)) => Some(Name { name: *name, span }),
            _ => None,
        }
    }

    fn method(&mut self, owner: Owner, span: Span) {
        let method = parse_method_at(self.text, span, self.interner, self.diagnostics);
        let chunk = MethodChunk {
            class: owner.class,
            class_side: owner.class_side,
            category: owner.category,
            selector: method.selector,
            span,
            body_span: Span {
                start: method.pattern_span.end,
                ..span
            },
            method,
        };
        self.definition_of(owner.class).methods.push(chunk);
    }

    /// The definition of a class; an extension if the file has none so far.
    fn definition_of(&mut self, class: Name) -> &mut ClassDefinition {
        let index = match self.by_name.get(&class.name) {
            Some(&index) => index,
            None => {
                let extension = ClassDefinition::new(DefinitionKind::Extension, class, class.span);
                self.definitions.push(extension);
                self.by_name.insert(class.name, self.definitions.len() - 1);
                self.definitions.len() - 1
            }
        };
        &mut self.definitions[index]
    }

    fn comment(&mut self, owner: Owner, text: &str, span: Span) {
        if !owner.class_side {
            self.definition_of(owner.class).comment = Some(SourceText {
                text: text.into(),
                span,
            });
        }
    }

    fn statements(&mut self, span: Span) {
        let mut diagnostics = Diagnostics::new();
        let parsed = parse_statements(self.text, span, self.interner, &mut diagnostics);
        if diagnostics.has_errors() {
            return self.left_out(span, "this is not understood and is left out");
        }
        for &root in &parsed.statements {
            let code = Code {
                exprs: &parsed.exprs,
                root,
            };
            if !self.statement(&code) {
                let span = parsed.exprs[root].span;
                self.left_out(span, "this statement is not run when the image is built");
            }
        }
    }

    fn left_out(&mut self, span: Span, message: &str) {
        // The label is the first line only.
        let first = self.text_of(span).lines().next().unwrap_or("").len();
        let range = span.range();
        let span = Span::new(self.file, range.start, range.start + first);
        let warning = Diagnostic::warning("F013", message).primary(span, "");
        self.diagnostics
            .push(warning.hint("put what it does into the start of the image description"));
    }

    /// Whether the statement says something that was taken in, or that need not be.
    fn statement(&mut self, code: &Code) -> bool {
        match &code.exprs[code.root].kind {
            ExprKind::Literal(_) => true,
            ExprKind::Send(send) => {
                let selector = self.interner.text(send.selector).to_owned();
                self.fluid_definition(send.receiver, &[code.root], code)
                    || self.class_definition(send, &selector, code)
                    || self.class_side(send, &selector, code)
                    || self.stated_comment(send, &selector, code)
                    || self.forms.ignored.contains(&selector)
            }
            ExprKind::Cascade { receiver, messages } => {
                self.fluid_definition(*receiver, messages, code)
                    || messages.iter().all(|&root| {
                        let exprs = code.exprs;
                        self.statement(&Code { exprs, root })
                    })
            }
            _ => false,
        }
    }

    /// `Object subclass: #Foo instanceVariableNames: 'a b' …`, and the same for traits.
    fn class_definition(&mut self, send: &Send, selector: &str, code: &Code) -> bool {
        let mut keywords = selector.split_inclusive(':');
        let first = keywords.next().unwrap_or("");
        let layout = self.forms.class_keywords.get(first);
        let is_trait = layout.is_none() && self.forms.trait_keywords.iter().any(|it| it == first);
        if layout.is_none() && !is_trait {
            return false;
        }
        let layout = layout.map(|layout| self.interner.intern(layout));
        let superclass = match &code.exprs[send.receiver].kind {
            ExprKind::Variable(name) => Some(*name),
            ExprKind::Literal(Literal::Nil) => None,
            _ => return false,
        };
        let name = send.arguments.first();
        let Some(name) = name.and_then(|&name| self.name_in(name, code.exprs)) else {
            return false;
        };
        let (kind, span) = match is_trait {
            true => (DefinitionKind::Trait, code.exprs[code.root].span),
            false => (DefinitionKind::Class, code.exprs[code.root].span),
        };
        let mut definition = ClassDefinition::new(kind, name, span);
        if !is_trait {
            let span = code.exprs[send.receiver].span;
            definition.superclass = superclass.map(|name| Name { name, span });
            definition.layout = layout.map(|name| Name {
                name,
                span: send.selector_span(),
            });
        }
        for (keyword, &argument) in keywords.zip(send.arguments.iter().skip(1)) {
            self.part(&mut definition, keyword, argument, code.exprs);
        }
        self.put(definition);
        true
    }

    /// `Object << #Foo slots: { #a }; package: 'P'`.
    fn fluid_definition(&mut self, base: ExprId, messages: &[ExprId], code: &Code) -> bool {
        let ExprKind::Send(pair) = &code.exprs[base].kind else {
            return false;
        };
        let superclass = &code.exprs[pair.receiver];
        let (ExprKind::Variable(superclass_name), Some(&name)) =
            (&superclass.kind, pair.arguments.first())
        else {
            return false;
        };
        if self.interner.text(pair.selector) != self.forms.fluid_operator {
            return false;
        }
        let Some(name) = self.name_in(name, code.exprs) else {
            return false;
        };
        let span = code.exprs[code.root].span;
        let mut definition = ClassDefinition::new(DefinitionKind::Class, name, span);
        definition.superclass = Some(Name {
            name: *superclass_name,
            span: superclass.span,
        });
        for &message in messages {
            if let ExprKind::Send(send) = &code.exprs[message].kind {
                let selector = self.interner.text(send.selector).to_owned();
                let keywords = selector.split_inclusive(':');
                for (keyword, &argument) in keywords.zip(&send.arguments) {
                    self.part(&mut definition, keyword, argument, code.exprs);
                }
            }
        }
        self.put(definition);
        true
    }

    /// Takes a definition in; methods and comment that came before stay.
    fn put(&mut self, mut definition: ClassDefinition) {
        let name = definition.name.name;
        match self.by_name.get(&name) {
            Some(&index) => {
                let before = &mut self.definitions[index];
                definition.methods = std::mem::take(&mut before.methods);
                definition.comment = before.comment.take();
                self.definitions[index] = definition;
            }
            None => {
                self.by_name.insert(name, self.definitions.len());
                self.definitions.push(definition);
            }
        }
    }

    fn part(
        &mut self,
        definition: &mut ClassDefinition,
        keyword: &str,
        argument: ExprId,
        exprs: &Exprs,
    ) {
        let Some(&part) = self.forms.parts.get(keyword) else {
            let span = exprs[argument].span;
            return self.left_out(span, "this part of the class definition is not known");
        };
        match part {
            Part::InstanceVariables => definition.inst_vars = self.slots(argument, exprs),
            Part::ClassVariables => definition.class_vars = self.slots(argument, exprs),
            Part::ClassInstanceVariables => {
                definition.class_inst_vars = self.slots(argument, exprs);
            }
            Part::Pools => definition.pools = self.names(argument, exprs),
            Part::Category => definition.category = self.name_in(argument, exprs),
            Part::Package => definition.package = self.name_in(argument, exprs),
            Part::Tag => definition.tag = self.name_in(argument, exprs),
            Part::Layout => {
                definition.layout = self
                    .class_of(argument, exprs)
                    .map(|(name, _)| name)
                    .or_else(|| self.name_in(argument, exprs));
            }
            Part::Traits => definition.traits = self.composition(argument, exprs),
            Part::Ignored => {}
        }
    }

    fn slots(&mut self, argument: ExprId, exprs: &Exprs) -> Vec<Slot> {
        let slot = |name| Slot {
            name,
            definition: None,
        };
        let names = self.names(argument, exprs);
        names.into_iter().map(slot).collect()
    }

    /// The names in a string, in an array of strings and symbols, or in braces.
    fn names(&mut self, argument: ExprId, exprs: &Exprs) -> Vec<Name> {
        let span = exprs[argument].span;
        match &exprs[argument].kind {
            ExprKind::Literal(Literal::String(text)) => {
                let words = text.split_whitespace();
                let name = |word: &str| self.interner.intern(word);
                let names: Vec<_> = words.map(name).collect();
                let name = |name| Name { name, span };
                names.into_iter().map(name).collect()
            }
            ExprKind::Literal(Literal::Array(elements)) => elements
                .iter()
                .filter_map(|element| {
                    let name = match &element.literal {
                        Literal::Symbol(name) => *name,
                        Literal::String(text) => self.interner.intern(text),
                        _ => return None,
                    };
                    let span = element.span;
                    Some(Name { name, span })
                })
                .collect(),
            ExprKind::BraceArray(elements) => elements
                .iter()
                .filter_map(|&element| match &exprs[element].kind {
                    ExprKind::Variable(name) => {
                        let span = exprs[element].span;
                        Some(Name { name: *name, span })
                    }
                    _ => self.name_in(element, exprs),
                })
                .collect(),
            _ => {
                self.left_out(span, "these names are not understood");
                Vec::new()
            }
        }
    }

    /// The source of a trait composition; none if it is empty.
    fn composition(&self, argument: ExprId, exprs: &Exprs) -> Option<SourceText> {
        let span = exprs[argument].span;
        let text = match &exprs[argument].kind {
            ExprKind::BraceArray(elements) => self.sum(elements, exprs),
            ExprKind::Literal(Literal::Array(elements)) if elements.is_empty() => String::new(),
            _ => self.text_of(span).to_owned(),
        };
        (!text.is_empty()).then(|| SourceText {
            text: text.into(),
            span,
        })
    }

    /// Compositions one behind the other, as one.
    fn sum(&self, parts: &[ExprId], exprs: &Exprs) -> String {
        let text = |&part: &ExprId| {
            let text = self.text_of(exprs[part].span);
            match exprs[part].kind {
                ExprKind::Send(_) if parts.len() > 1 => format!("({text})"),
                _ => text.to_owned(),
            }
        };
        parts.iter().map(text).collect::<Vec<_>>().join(" + ")
    }

    /// `Foo class instanceVariableNames: 'a b'`.
    fn class_side(&mut self, send: &Send, selector: &str, code: &Code) -> bool {
        let Some((class, true)) = self.class_of(send.receiver, code.exprs) else {
            return false;
        };
        let parts: Vec<_> = selector
            .split_inclusive(':')
            .zip(send.arguments.iter().copied())
            .map(|(keyword, argument)| (self.forms.parts.get(keyword).copied(), argument))
            .collect();
        if parts.is_empty() || parts.iter().any(|(part, _)| part.is_none()) {
            return false;
        }
        for (part, argument) in parts {
            match part {
                Some(Part::InstanceVariables) => {
                    let slots = self.slots(argument, code.exprs);
                    self.definition_of(class).class_inst_vars = slots;
                }
                Some(Part::Traits) => {
                    let traits = self.composition(argument, code.exprs);
                    self.definition_of(class).class_traits = traits;
                }
                _ => {}
            }
        }
        true
    }

    /// `Foo comment: 'text'`, also with a stamp.
    fn stated_comment(&mut self, send: &Send, selector: &str, code: &Code) -> bool {
        let Some((class, class_side)) = self.class_of(send.receiver, code.exprs) else {
            return false;
        };
        let text = match send.arguments.first().map(|&text| &code.exprs[text].kind) {
            Some(ExprKind::Literal(Literal::String(text))) => text.clone(),
            _ => return false,
        };
        if !matches!(selector, "comment:" | "comment:stamp:") {
            return false;
        }
        if !class_side {
            let span = code.exprs[code.root].span;
            self.definition_of(class).comment = Some(SourceText { text, span });
        }
        true
    }
}
