//! What names mean in methods.
//!
//! In: the model and the names of the description's globals. Out: [`Names`], which numbers every binding, and a [`ClassScope`] for each side of each class.

use rustc_hash::FxHashMap;

use super::compile::{BindingId, Reference, Scope, VariableForm};
use super::description::Role;
use super::model::{Class, ClassId, Model, Side};
use super::shape::Shapes;
use crate::base::{Diagnostic, Diagnostics, Interner, PrimaryMap, Symbol};
use crate::syntax::ast::Name;
use crate::syntax::parser::is_reserved;

/// What a binding stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BindingKind {
    /// The global of a class.
    Class(ClassId),
    /// Another global.
    Global,
    /// A class variable of a class.
    ClassVariable(ClassId),
}

/// A binding before its object is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Binding {
    /// The name of the variable.
    pub name: Symbol,
    /// What it stands for.
    pub kind: BindingKind,
}

/// All bindings of declared names.
#[derive(Default, Debug)]
pub struct Names {
    /// By number: classes in order, other globals, class variables.
    pub bindings: PrimaryMap<BindingId, Binding>,
    globals: FxHashMap<Symbol, BindingId>,
    class_variables: FxHashMap<(ClassId, Symbol), BindingId>,
}

/// The names that methods of one side of a class see.
pub struct ClassScope<'a> {
    names: &'a Names,
    /// Instance variables, class variables and pools, own and inherited.
    own: FxHashMap<Symbol, Reference>,
    form: VariableForm,
}

impl Names {
    /// Numbers the bindings. A global that is called like a class is left out and reported.
    pub fn new(
        model: &Model,
        globals: &[Symbol],
        interner: &Interner,
        diagnostics: &mut Diagnostics,
    ) -> Names {
        let mut names = Names::default();
        for &class in &model.order {
            let name = model.classes[class].name.name;
            let kind = BindingKind::Class(class);
            let binding = names.bindings.push(Binding { name, kind });
            names.globals.insert(name, binding);
        }
        for &name in globals {
            if let Some(&class) = model.by_name.get(&name) {
                let text = interner.text(name);
                let message = format!("the global {text} of the description is also a class");
                let error = Diagnostic::error("I010", message);
                let error = error.primary(model.place(class), "defined here");
                diagnostics.push(error.hint("take it out of `globals`: every class is a global"));
                continue;
            }
            let kind = BindingKind::Global;
            let binding = names.bindings.push(Binding { name, kind });
            names.globals.insert(name, binding);
        }
        for &class in &model.order {
            for variable in &model.classes[class].class_vars {
                let name = variable.name;
                let kind = BindingKind::ClassVariable(class);
                let binding = names.bindings.push(Binding { name, kind });
                names.class_variables.insert((class, name), binding);
            }
        }
        names
    }

    /// The binding of a global.
    #[must_use]
    pub fn global(&self, name: Symbol) -> Option<BindingId> {
        self.globals.get(&name).copied()
    }

    /// The bindings of the class variables that a class defines.
    pub fn class_variables(&self, model: &Model, class: ClassId) -> Vec<BindingId> {
        let variables = model.classes[class].class_vars.iter();
        variables
            .filter_map(|variable| self.class_variables.get(&(class, variable.name)).copied())
            .collect()
    }

    /// What a scope without a class sees: globals.
    #[must_use]
    pub fn global_scope(&self) -> ClassScope<'_> {
        ClassScope {
            names: self,
            own: FxHashMap::default(),
            form: VariableForm::Short,
        }
    }

    /// What methods of a side see.
    #[must_use]
    pub fn scope(&self, side: Side, model: &Model, shapes: &Shapes) -> ClassScope<'_> {
        let mut own = FxHashMap::default();
        let mut chain: Vec<_> = model.with_superclasses(side.class).collect();
        chain.reverse();
        for class in chain {
            self.add_shared(class, model, &mut own);
        }
        for (index, name) in (0..).zip(inst_vars(side, model, shapes)) {
            own.insert(name, Reference::InstanceVariable(index));
        }
        ClassScope {
            names: self,
            own,
            form: variable_form(side, model, shapes),
        }
    }

    /// Adds what the class itself shares with its instances: pools, then class variables, which hide them.
    fn add_shared(&self, class: ClassId, model: &Model, own: &mut FxHashMap<Symbol, Reference>) {
        let mut add = |owner: ClassId| {
            for variable in &model.classes[owner].class_vars {
                if let Some(&binding) = self.class_variables.get(&(owner, variable.name)) {
                    let writable = true;
                    own.insert(variable.name, Reference::Binding { binding, writable });
                }
            }
        };
        for pool in &model.classes[class].pools {
            if let Some(&pool) = model.by_name.get(&pool.name) {
                let mut owners: Vec<_> = model.with_superclasses(pool).collect();
                owners.reverse();
                owners.into_iter().for_each(&mut add);
            }
        }
        add(class);
    }
}

/// The names of the instance variables of a side's instances.
#[must_use]
pub fn inst_vars(side: Side, model: &Model, shapes: &Shapes) -> Vec<Symbol> {
    let own = if side.meta {
        let class = shapes.roles.get(&Role::Class);
        let mut names = class.map_or_else(Vec::new, |&class| model.all_inst_vars(class));
        names.extend(model.inherited(side.class, |class| &class.class_inst_vars));
        names
    } else {
        model.all_inst_vars(side.class)
    };
    own.into_iter().map(|name| name.name).collect()
}

/// Contexts may stand for frames; so methods that run with one as receiver look before they touch a variable. These are also those of its superclasses.
fn variable_form(side: Side, model: &Model, shapes: &Shapes) -> VariableForm {
    let Some(&context) = shapes.roles.get(&Role::Context) else {
        return VariableForm::Short;
    };
    let inherits = |class, other| model.with_superclasses(class).any(|each| each == other);
    let related = inherits(side.class, context) || inherits(context, side.class);
    if related && !side.meta {
        VariableForm::MaybeContext
    } else {
        VariableForm::Short
    }
}

impl Scope for ClassScope<'_> {
    fn lookup(&self, name: Symbol) -> Option<Reference> {
        if let Some(&reference) = self.own.get(&name) {
            return Some(reference);
        }
        let binding = self.names.global(name)?;
        let writable = self.names.bindings[binding].kind == BindingKind::Global;
        Some(Reference::Binding { binding, writable })
    }

    fn variable_form(&self) -> VariableForm {
        self.form
    }
}

/// Reports variables with names that are none, and instance variables that a superclass has already.
pub fn check_variables(model: &Model, interner: &Interner, diagnostics: &mut Diagnostics) {
    let inst_vars: fn(&Class) -> &Vec<Name> = |class| &class.inst_vars;
    let class_inst_vars: fn(&Class) -> &Vec<Name> = |class| &class.class_inst_vars;
    for (id, class) in model.classes.iter() {
        let instance = class.inst_vars.iter().chain(&class.class_inst_vars);
        for variable in instance.chain(&class.class_vars) {
            let name = interner.text(variable.name);
            if is_reserved(name) {
                let message = format!("`{name}` is reserved and cannot be a variable");
                let error = Diagnostic::error("S013", message).primary(variable.span, "");
                diagnostics.push(error.hint("choose another name"));
            }
        }
        for list in [inst_vars, class_inst_vars] {
            if !list(class).is_empty() {
                check_inherited(id, list, model, interner, diagnostics);
            }
        }
    }
}

fn check_inherited(
    id: ClassId,
    list: fn(&Class) -> &Vec<Name>,
    model: &Model,
    interner: &Interner,
    diagnostics: &mut Diagnostics,
) {
    let mut inherited = FxHashMap::default();
    for superclass in model.with_superclasses(id).skip(1) {
        let names = list(&model.classes[superclass]).iter();
        inherited.extend(names.map(|name| (name.name, (superclass, name.span))));
    }
    for variable in list(&model.classes[id]) {
        let Some(&(superclass, first)) = inherited.get(&variable.name) else {
            continue;
        };
        let message = format!(
            "{} is also a variable of the superclass {}",
            interner.text(variable.name),
            interner.text(model.classes[superclass].name.name)
        );
        let warning = Diagnostic::warning("F012", message)
            .primary(variable.span, "again here")
            .secondary(first, "first here");
        diagnostics.push(warning.hint(
            "remove or rename one of them: instances have both, and methods see the last one",
        ));
    }
}

/// Reports pools that no source defines.
pub fn check_pools(model: &Model, interner: &Interner, diagnostics: &mut Diagnostics) {
    for class in model.classes.values() {
        for pool in &class.pools {
            if !model.by_name.contains_key(&pool.name) {
                let message = format!("the pool {} is not defined", interner.text(pool.name));
                let warning = Diagnostic::warning("I011", message).primary(pool.span, "");
                diagnostics.push(warning.hint("its variables count as not declared"));
            }
        }
    }
}
