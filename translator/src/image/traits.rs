//! Traits: their methods and variables become those of the classes that use them.
//!
//! In: a model whose classes and traits name compositions such as `TFoo + (TBar - {#baz}) @ {#alias -> #original}`. Out: the same model, each class with the methods of
//! its composition that it does not define itself. Holds: traits that use traits are flattened first; a trait that uses itself, or is not there, is reported; a method that only says
//! what is required gives way to any other, and of two others with one selector neither counts.

use rustc_hash::{FxHashMap, FxHashSet};
use serde::Deserialize;

use super::model::{Class, MethodSource, Model, TextPart};
use crate::base::{Diagnostic, Diagnostics, FileId, Interner, Span, Symbol};
use crate::syntax::ast::{
    Expr, ExprId, ExprKind, Exprs, Literal, Method, Name, PseudoVariable, Send, Statement,
    StatementKind, argument_count, selector_parts,
};
use crate::syntax::parser::parse_expression;
use crate::tonel::SourceText;

/// What methods of traits send to `self` for want of an implementation.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TraitRules {
    /// Methods that do nothing but send one of these say that somebody else implements them.
    pub requirements: Vec<String>,
    /// What the method of a class sends if two of its traits implement it.
    pub conflict: String,
}

impl Default for TraitRules {
    fn default() -> Self {
        TraitRules {
            requirements: ["explicitRequirement", "subclassResponsibility"]
                .map(str::to_owned)
                .to_vec(),
            conflict: "traitConflict".to_owned(),
        }
    }
}

/// What a composition adds to one side of a class.
#[derive(Clone, Default)]
struct Flat {
    /// Methods, in the order in which they come.
    methods: Vec<FlatMethod>,
    /// Instance variables.
    inst_vars: Vec<Name>,
}

/// A method of a composition.
#[derive(Clone)]
struct FlatMethod {
    source: MethodSource,
    /// Whether it says only that there must be one.
    is_required: bool,
    /// The patterns of two methods of which neither counts.
    conflict: Option<[Span; 2]>,
}

impl FlatMethod {
    fn selector(&self) -> Symbol {
        self.source.method.selector
    }

    /// Where it is written. What comes from one trait on two ways is one method.
    fn origin(&self) -> Span {
        self.source.method.pattern_span
    }
}

impl Flat {
    fn find(&mut self, selector: Symbol) -> Option<&mut FlatMethod> {
        let mut methods = self.methods.iter_mut();
        methods.find(|method| method.selector() == selector)
    }

    /// Adds the methods of another part of a sum.
    fn join(&mut self, other: Flat) {
        for method in other.methods {
            match self.find(method.selector()) {
                None => self.methods.push(method),
                Some(known) if known.is_required && !method.is_required => *known = method,
                Some(_) if method.is_required => {}
                Some(known) if known.origin() == method.origin() => {
                    known.conflict = known.conflict.or(method.conflict);
                }
                Some(known) => known.conflict = Some([known.origin(), method.origin()]),
            }
        }
        self.inst_vars.extend(other.inst_vars);
    }
}

/// A composition as it is written.
enum Composition {
    /// A trait; or its class side.
    Trait(Name, bool),
    /// Both.
    Sum(Box<[Composition; 2]>),
    /// Without some selectors, which stand at a place.
    Without(Box<Composition>, FxHashSet<Symbol>, Span),
    /// All of the first one; where the second one implements something, it counts.
    Preferring(Box<Composition>, Box<Composition>),
    /// Without some instance variables.
    WithoutVariables(Box<Composition>, FxHashSet<Symbol>),
    /// With other names, as pairs of new name and old one, which stand at a place.
    Alias(Box<Composition>, Vec<(Symbol, Symbol)>, Span),
    /// None.
    Empty,
}

/// Flattens all compositions.
pub fn flatten(
    model: &mut Model,
    rules: &TraitRules,
    interner: &mut Interner,
    diagnostics: &mut Diagnostics,
) {
    let requirements = rules.requirements.iter();
    let requirements = requirements.map(|name| interner.intern(name)).collect();
    let conflict = interner.intern(&rules.conflict);
    let mut flattener = Flattener {
        traits: std::mem::take(&mut model.traits),
        done: FxHashMap::default(),
        requirements,
        conflict,
        interner,
        diagnostics,
    };
    for class in model.classes.values_mut() {
        for side in [0, 1] {
            let flat = flattener.of_class(class, side);
            flattener.add(class, side, flat);
        }
    }
    model.traits = flattener.traits;
}

struct Flattener<'a> {
    traits: FxHashMap<Symbol, Class>,
    /// Flattened sides of traits; none while they are being flattened.
    done: FxHashMap<(Symbol, usize), Option<Flat>>,
    /// See [`TraitRules`].
    requirements: FxHashSet<Symbol>,
    conflict: Symbol,
    interner: &'a mut Interner,
    diagnostics: &'a mut Diagnostics,
}

impl Flattener<'_> {
    /// Adds to a class what it does not have itself.
    fn add(&mut self, class: &mut Class, side: usize, flat: Flat) {
        let variables = match side {
            0 => &mut class.inst_vars,
            _ => &mut class.class_inst_vars,
        };
        for variable in flat.inst_vars {
            if !variables.iter().any(|known| known.name == variable.name) {
                variables.push(variable);
            }
        }
        for method in flat.methods {
            if class.methods[side].get(method.selector()).is_some() {
                continue;
            }
            if let Some(places) = method.conflict {
                self.report_conflict(class.name, &method, places);
            }
            let source = self.source_of(method);
            class.methods[side].put(source);
        }
    }

    /// The method; of one that is in conflict, one with its pattern that tells so when it is run.
    fn source_of(&self, method: FlatMethod) -> MethodSource {
        let mut source = method.source;
        if method.conflict.is_none() {
            return source;
        }
        let span = source.method.pattern_span;
        let mut exprs = Exprs::new();
        let receiver = exprs.push(Expr {
            kind: ExprKind::Pseudo(PseudoVariable::SelfReference),
            span,
        });
        let send = exprs.push(Expr {
            kind: ExprKind::Send(Send {
                receiver,
                selector: self.conflict,
                selector_spans: vec![span],
                arguments: Vec::new(),
            }),
            span,
        });
        let statement = Statement {
            kind: StatementKind::Return(send),
            span,
        };
        let body = format!("\n\t^ self {}", self.interner.text(self.conflict));
        source.text[1] = TextPart::Made(body.into());
        source.method = Method {
            comment: None,
            pragmas: Vec::new(),
            temps: Vec::new(),
            statements: vec![statement],
            exprs,
            ..source.method
        };
        source
    }

    /// Whether all that a method does is to say that somebody else implements it.
    fn is_required(&self, method: &Method) -> bool {
        let [statement] = method.statements.as_slice() else {
            return false;
        };
        let (ExprKind::Send(send), exprs) = (
            &method.exprs[statement.kind.expression()].kind,
            &method.exprs,
        ) else {
            return false;
        };
        self.requirements.contains(&send.selector)
            && exprs[send.receiver].kind == ExprKind::Pseudo(PseudoVariable::SelfReference)
    }

    /// What the composition of a class's side adds. The class side of a class gets those of its traits, unless it says something else.
    fn of_class(&mut self, class: &Class, side: usize) -> Flat {
        match (&class.traits[side], side) {
            (Some(text), _) => {
                let composition = self.parse(text);
                self.flat(&composition)
            }
            (None, 1) => match &class.traits[0] {
                Some(text) => {
                    let composition = self.parse(text);
                    self.flat(&class_side(composition))
                }
                None => Flat::default(),
            },
            (None, _) => Flat::default(),
        }
    }

    fn of_trait(&mut self, name: Name, side: usize) -> Flat {
        let key = (name.name, side);
        match self.done.get(&key) {
            Some(Some(flat)) => return flat.clone(),
            Some(None) => {
                self.report(
                    name,
                    "uses itself",
                    "take the trait out of its own composition",
                );
                return Flat::default();
            }
            None => {}
        }
        let Some(definition) = self.traits.remove(&name.name) else {
            self.report(
                name,
                "is not defined",
                "add the package that defines the trait to `sources`",
            );
            return Flat::default();
        };
        self.done.insert(key, None);
        let inherited = self.of_class(&definition, side);
        let own = &definition.methods[side];
        let flat_method = |source: &MethodSource| FlatMethod {
            source: source.clone(),
            is_required: self.is_required(&source.method),
            conflict: None,
        };
        let mut flat = Flat {
            methods: own.iter().map(flat_method).collect(),
            inst_vars: match side {
                0 => definition.inst_vars.clone(),
                _ => definition.class_inst_vars.clone(),
            },
        };
        let selectors: FxHashSet<_> = own.iter().map(|method| method.method.selector).collect();
        let more = inherited.methods.into_iter();
        flat.methods
            .extend(more.filter(|method| !selectors.contains(&method.selector())));
        flat.inst_vars.extend(inherited.inst_vars);
        self.traits.insert(name.name, definition);
        self.done.insert(key, Some(flat.clone()));
        flat
    }

    fn flat(&mut self, composition: &Composition) -> Flat {
        match composition {
            Composition::Empty => Flat::default(),
            Composition::Trait(name, class_side) => self.of_trait(*name, usize::from(*class_side)),
            Composition::Sum(parts) => {
                let [first, second] = &**parts;
                let mut all = self.flat(first);
                all.join(self.flat(second));
                all
            }
            Composition::Preferring(inner, preferred) => {
                let mut all = self.flat(inner);
                let preferred = self.flat(preferred).methods.into_iter();
                for method in preferred.filter(|method| !method.is_required) {
                    if let Some(known) = all.find(method.selector()) {
                        *known = method;
                    }
                }
                all
            }
            Composition::WithoutVariables(inner, names) => {
                let mut flat = self.flat(inner);
                flat.inst_vars
                    .retain(|variable| !names.contains(&variable.name));
                flat
            }
            Composition::Without(inner, selectors, place) => {
                let mut flat = self.flat(inner);
                let mut missing: Vec<_> = selectors.iter().copied().collect();
                missing.retain(|&selector| flat.find(selector).is_none());
                missing.sort_unstable_by_key(|&selector| self.interner.text(selector).to_owned());
                for selector in missing {
                    self.report_missing(selector, *place);
                }
                flat.methods
                    .retain(|method| !selectors.contains(&method.selector()));
                flat
            }
            Composition::Alias(inner, pairs, place) => {
                let mut flat = self.flat(inner);
                for &(new, old) in pairs {
                    self.add_alias(&mut flat, new, old, *place);
                }
                flat
            }
        }
    }

    /// Adds the method `old` once more, as `new`.
    fn add_alias(&mut self, flat: &mut Flat, new: Symbol, old: Symbol, place: Span) {
        let Some(mut method) = flat.find(old).cloned() else {
            self.report_missing(old, place);
            return;
        };
        let (text, wanted) = (self.interner.text(new), method.source.method.params.len());
        if argument_count(text) != wanted {
            let message = format!(
                "the alias {text} takes {} arguments but {} takes {wanted}",
                argument_count(text),
                self.interner.text(old)
            );
            let error = Diagnostic::error("I013", message).primary(place, "");
            self.diagnostics
                .push(error.hint("give the alias a name with as many arguments"));
            return;
        }
        let pattern = pattern(new, &method.source.method.params, self.interner);
        method.source.text[0] = TextPart::Made(pattern.into());
        method.source.method.selector = new;
        flat.methods.retain(|known| known.selector() != new);
        flat.methods.push(method);
    }

    fn report_conflict(&mut self, class: Name, method: &FlatMethod, places: [Span; 2]) {
        let message = format!(
            "two traits of {} implement {}: its method sends {}",
            self.interner.text(class.name),
            self.interner.text(method.selector()),
            self.interner.text(self.conflict)
        );
        let warning = Diagnostic::warning("I013", message)
            .primary(class.span, "defines none of its own")
            .secondary(places[0], "one is here")
            .secondary(places[1], "and one here");
        self.diagnostics
            .push(warning.hint("leave one of them out with -, or define the method in the class"));
    }

    fn report_missing(&mut self, selector: Symbol, place: Span) {
        let selector = self.interner.text(selector);
        let message =
            format!("the composition leaves out or renames {selector}, which it does not have");
        let warning = Diagnostic::warning("I013", message).primary(place, "");
        self.diagnostics
            .push(warning.hint("correct the selector, or take it out of the composition"));
    }

    fn parse(&mut self, source: &SourceText) -> Composition {
        // The text may have been joined from a list, so it is parsed by itself; its places are that of the whole.
        let text = source.text.trim();
        if text.is_empty() || text == "{}" {
            return Composition::Empty;
        }
        let file: FileId = source.span.file;
        let whole = Span::new(file, 0, text.len());
        let mut found = Diagnostics::new();
        let parsed = parse_expression(text, whole, self.interner, &mut found);
        let composition =
            parsed.and_then(|(root, exprs)| self.composition(root, &exprs, source.span));
        composition.unwrap_or_else(|| {
            let error = Diagnostic::error("I013", "this is no composition of traits");
            let error = error.primary(source.span, "");
            self.diagnostics
                .push(error.hint("write TFirst + TSecond - {#selector} @ {#alias -> #selector}"));
            Composition::Empty
        })
    }

    fn composition(&self, expr: ExprId, exprs: &Exprs, span: Span) -> Option<Composition> {
        match &exprs[expr].kind {
            ExprKind::Variable(name) => Some(Composition::Trait(Name { name: *name, span }, false)),
            ExprKind::BraceArray(elements) if elements.is_empty() => Some(Composition::Empty),
            ExprKind::Send(send) => {
                let receiver = self.composition(send.receiver, exprs, span)?;
                match (self.interner.text(send.selector), send.arguments.as_slice()) {
                    ("classTrait" | "classSide" | "class", []) => Some(class_side(receiver)),
                    ("+" | ",", [other]) => {
                        let other = self.composition(*other, exprs, span)?;
                        Some(Composition::Sum(Box::new([receiver, other])))
                    }
                    ("withPrecedenceOf:", [preferred]) => {
                        let preferred = self.composition(*preferred, exprs, span)?;
                        let preferred = Box::new(preferred);
                        Some(Composition::Preferring(Box::new(receiver), preferred))
                    }
                    ("--", [names]) => {
                        let names = self.selectors(*names, exprs)?.into_iter().collect();
                        Some(Composition::WithoutVariables(Box::new(receiver), names))
                    }
                    ("-", [selectors]) => {
                        let selectors = self.selectors(*selectors, exprs)?;
                        let selectors = selectors.into_iter().collect();
                        Some(Composition::Without(Box::new(receiver), selectors, span))
                    }
                    ("@", [pairs]) => {
                        let pairs = self.pairs(*pairs, exprs)?;
                        Some(Composition::Alias(Box::new(receiver), pairs, span))
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// `{#a. #b}`, `#(a b)` or `#a`.
    fn selectors(&self, expr: ExprId, exprs: &Exprs) -> Option<Vec<Symbol>> {
        match &exprs[expr].kind {
            ExprKind::BraceArray(elements) => elements
                .iter()
                .map(|&element| symbol(element, exprs))
                .collect(),
            ExprKind::Literal(Literal::Array(elements)) => elements
                .iter()
                .map(|element| match element.literal {
                    Literal::Symbol(symbol) => Some(symbol),
                    _ => None,
                })
                .collect(),
            _ => symbol(expr, exprs).map(|symbol| vec![symbol]),
        }
    }

    /// `{#new -> #old}`.
    fn pairs(&self, expr: ExprId, exprs: &Exprs) -> Option<Vec<(Symbol, Symbol)>> {
        let ExprKind::BraceArray(elements) = &exprs[expr].kind else {
            return None;
        };
        let pair = |&element: &ExprId| match &exprs[element].kind {
            ExprKind::Send(send) if self.interner.text(send.selector) == "->" => {
                let old = symbol(*send.arguments.first()?, exprs)?;
                Some((symbol(send.receiver, exprs)?, old))
            }
            _ => None,
        };
        elements.iter().map(pair).collect()
    }

    fn report(&mut self, name: Name, what: &str, hint: &str) {
        let message = format!("the trait {} {what}", self.interner.text(name.name));
        let error = Diagnostic::error("I013", message).primary(name.span, "");
        self.diagnostics.push(error.hint(hint));
    }
}

/// The pattern of a method with this selector and these parameters.
fn pattern(selector: Symbol, params: &[Name], interner: &Interner) -> String {
    if params.is_empty() {
        return interner.text(selector).to_owned();
    }
    let parts: Vec<_> = selector_parts(interner, selector)
        .zip(params)
        .map(|(part, param)| format!("{part} {}", interner.text(param.name)))
        .collect();
    parts.join(" ")
}

fn symbol(expr: ExprId, exprs: &Exprs) -> Option<Symbol> {
    match exprs[expr].kind {
        ExprKind::Literal(Literal::Symbol(symbol)) => Some(symbol),
        _ => None,
    }
}

/// The class side of every trait of a composition.
fn class_side(composition: Composition) -> Composition {
    match composition {
        Composition::Trait(name, _) => Composition::Trait(name, true),
        Composition::Sum(parts) => Composition::Sum(Box::new(parts.map(class_side))),
        Composition::Preferring(inner, preferred) => Composition::Preferring(
            Box::new(class_side(*inner)),
            Box::new(class_side(*preferred)),
        ),
        // What is left out or renamed is so on the side of the instances.
        Composition::Without(inner, ..)
        | Composition::WithoutVariables(inner, _)
        | Composition::Alias(inner, ..) => class_side(*inner),
        Composition::Empty => Composition::Empty,
    }
}
