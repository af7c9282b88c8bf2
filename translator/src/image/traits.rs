//! Traits: their methods and variables become those of the classes that use them.
//!
//! In: a model whose classes and traits name compositions such as `TFoo + (TBar - {#baz}) @ {#alias -> #original}`. Out: the same model, each class with the methods of
//! its composition that it does not define itself. Holds: traits that use traits are flattened first; a trait that uses itself, or is not there, is reported.

use rustc_hash::{FxHashMap, FxHashSet};

use super::model::{Class, MethodSource, Model};
use crate::base::{Diagnostic, Diagnostics, FileId, Interner, Span, Symbol};
use crate::syntax::ast::{ExprId, ExprKind, Exprs, Literal, Name, argument_count};
use crate::syntax::parser::parse_expression;
use crate::tonel::SourceText;

/// What a composition adds to one side of a class.
#[derive(Clone, Default)]
struct Flat {
    /// Methods, in the order in which they come.
    methods: Vec<MethodSource>,
    /// Instance variables.
    inst_vars: Vec<Name>,
}

impl Flat {
    fn has(&self, selector: Symbol) -> bool {
        let mut methods = self.methods.iter();
        methods.any(|method| method.method.selector == selector)
    }
}

/// A composition as it is written.
enum Composition {
    /// A trait; or its class side.
    Trait(Name, bool),
    /// Several. A selector that two of them have counts as the last one has it.
    Sum(Vec<Composition>),
    /// Without some selectors, which stand at a place.
    Without(Box<Composition>, FxHashSet<Symbol>, Span),
    /// With other names, as pairs of new name and old one, which stand at a place.
    Alias(Box<Composition>, Vec<(Symbol, Symbol)>, Span),
    /// None.
    Empty,
}

/// Flattens all compositions.
pub fn flatten(model: &mut Model, interner: &mut Interner, diagnostics: &mut Diagnostics) {
    let mut flattener = Flattener {
        traits: std::mem::take(&mut model.traits),
        done: FxHashMap::default(),
        interner,
        diagnostics,
    };
    for class in model.classes.values_mut() {
        for side in [0, 1] {
            let flat = flattener.of_class(class, side);
            add(class, side, flat);
        }
    }
    model.traits = flattener.traits;
}

/// Adds to a class what it does not have itself.
fn add(class: &mut Class, side: usize, flat: Flat) {
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
        if class.methods[side].get(method.method.selector).is_none() {
            class.methods[side].put(method);
        }
    }
}

struct Flattener<'a> {
    traits: FxHashMap<Symbol, Class>,
    /// Flattened sides of traits; none while they are being flattened.
    done: FxHashMap<(Symbol, usize), Option<Flat>>,
    interner: &'a mut Interner,
    diagnostics: &'a mut Diagnostics,
}

impl Flattener<'_> {
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
        let mut flat = Flat {
            methods: own.iter().cloned().collect(),
            inst_vars: match side {
                0 => definition.inst_vars.clone(),
                _ => definition.class_inst_vars.clone(),
            },
        };
        let selectors: FxHashSet<_> = own.iter().map(|method| method.method.selector).collect();
        let more = inherited.methods.into_iter();
        flat.methods
            .extend(more.filter(|method| !selectors.contains(&method.method.selector)));
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
                let mut all = Flat::default();
                for part in parts {
                    let flat = self.flat(part);
                    let selectors: FxHashSet<_> = flat
                        .methods
                        .iter()
                        .map(|method| method.method.selector)
                        .collect();
                    all.methods
                        .retain(|method| !selectors.contains(&method.method.selector));
                    all.methods.extend(flat.methods);
                    all.inst_vars.extend(flat.inst_vars);
                }
                all
            }
            Composition::Without(inner, selectors, place) => {
                let mut flat = self.flat(inner);
                let mut missing: Vec<_> = selectors.iter().copied().collect();
                missing.retain(|&selector| !flat.has(selector));
                missing.sort_unstable_by_key(|&selector| self.interner.text(selector).to_owned());
                for selector in missing {
                    self.report_missing(selector, *place);
                }
                flat.methods
                    .retain(|method| !selectors.contains(&method.method.selector));
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
        let mut original = flat.methods.iter();
        let original = original.find(|method| method.method.selector == old);
        let Some(mut method) = original.cloned() else {
            self.report_missing(old, place);
            return;
        };
        let (text, wanted) = (self.interner.text(new), method.method.params.len());
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
        method.method.selector = new;
        flat.methods.push(method);
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
                    ("+", [other]) => {
                        let other = self.composition(*other, exprs, span)?;
                        Some(Composition::Sum(vec![receiver, other]))
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
        Composition::Sum(parts) => Composition::Sum(parts.into_iter().map(class_side).collect()),
        // What is left out or renamed is so on the side of the instances.
        Composition::Without(inner, ..) | Composition::Alias(inner, ..) => class_side(*inner),
        Composition::Empty => Composition::Empty,
    }
}
