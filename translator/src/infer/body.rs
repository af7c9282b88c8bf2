//! The state in which one body is typed: scopes, activations, locals, labels, errors.

use crate::base::{Diagnostic, PrimaryMap, Span, Symbol};
use crate::resolve::World;
use crate::syntax::ast::{self, Exprs};
use crate::typed::{ClassId, Expr, ExprKind, IntType, Label, Local, LocalId, Range, Type};

use super::Inferrer;
use super::budget::Expansions;
use super::flow::Env;
use super::memory::{Memory, Path, Slot};
use super::scope::{Binding, Closure, ClosureId, Home, HomeId, Scope, ScopeId};

/// Types one body.
pub(super) struct Body<'a, 'w> {
    pub(super) inf: &'a mut Inferrer<'w>,
    pub(super) world: &'w World,
    pub(super) memory: Memory,
    pub(super) locals: PrimaryMap<LocalId, Local>,
    pub(super) slots: Vec<Slot>,
    pub(super) env: Env,
    pub(super) scopes: PrimaryMap<ScopeId, Scope>,
    pub(super) homes: PrimaryMap<HomeId, Home<'w>>,
    pub(super) closures: PrimaryMap<ClosureId, Closure<'w>>,
    pub(super) labels: PrimaryMap<Label, ()>,
    /// The scope in which names are looked up now.
    pub(super) scope: ScopeId,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) expansions: Expansions,
    /// Whether the body is that of a handler.
    pub(super) handler: bool,
    /// Whether it is compiled for one opcode: then decided conditions choose one arm.
    pub(super) specialised: bool,
}

impl<'a, 'w> Body<'a, 'w> {
    pub(super) fn new(inf: &'a mut Inferrer<'w>, memory: Memory) -> Self {
        use crate::base::EntityRef;
        Body {
            world: inf.world,
            inf,
            memory,
            locals: PrimaryMap::new(),
            slots: Vec::new(),
            env: Env::new(),
            scopes: PrimaryMap::new(),
            homes: PrimaryMap::new(),
            closures: PrimaryMap::new(),
            labels: PrimaryMap::new(),
            scope: ScopeId::new(0),
            diagnostics: Vec::new(),
            expansions: Expansions::default(),
            handler: false,
            specialised: false,
        }
    }

    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Reports an error and answers an expression in whose stead no further errors arise.
    pub(super) fn fail(&mut self, diagnostic: Diagnostic) -> Expr {
        let span = diagnostic.labels.first().map_or(Span::none(), |l| l.span);
        self.report(diagnostic);
        poison(span)
    }

    pub(super) fn text(&self, symbol: Symbol) -> &'w str {
        self.inf.interner.text(symbol)
    }

    pub(super) fn type_name(&self, ty: Type) -> String {
        crate::resolve::describe_type(self.world, self.inf.interner, ty)
    }

    pub(super) fn class_name(&self, class: ClassId) -> &'w str {
        self.text(self.world.classes[class].name)
    }

    pub(super) fn home_id(&self) -> HomeId {
        self.scopes[self.scope].home
    }

    pub(super) fn home(&self) -> &Home<'w> {
        &self.homes[self.home_id()]
    }

    pub(super) fn path(&self) -> Path {
        self.scopes[self.scope].path
    }

    /// The arena of the method whose text is being typed.
    pub(super) fn exprs(&self) -> &'w Exprs {
        &self.home().tree.exprs
    }

    pub(super) fn node(&self, expr: ast::ExprId) -> &'w ast::Expr {
        &self.exprs()[expr]
    }

    /// Opens a scope below `parent`, or below none, and makes it the current one.
    pub(super) fn open_scope(&mut self, parent: Option<ScopeId>, home: HomeId, path: Path) {
        self.scope = self.scopes.push(Scope {
            parent,
            home,
            path,
            names: Vec::new(),
        });
    }

    pub(super) fn bind(&mut self, name: Symbol, binding: Binding) {
        let scope = self.scope;
        self.scopes[scope].names.push((name, binding));
    }

    /// What a name stands for, from `scope` outwards.
    pub(super) fn lookup_name(&self, scope: ScopeId, name: Symbol) -> Option<Binding> {
        let mut scope = Some(scope);
        while let Some(id) = scope {
            let names = &self.scopes[id].names;
            if let Some((_, binding)) = names.iter().rev().find(|(known, _)| *known == name) {
                return Some(*binding);
            }
            scope = self.scopes[id].parent;
        }
        None
    }

    /// Declares a local of the current activation; its type is known from earlier attempts, or not yet.
    pub(super) fn declare(&mut self, name: Symbol, span: Span) -> LocalId {
        let slot = self.memory.slot(self.path(), span);
        let ty = self.memory.join_state(slot).ty.unwrap_or(Type::Void);
        let local = self.locals.push(Local {
            name: self.text(name).to_owned(),
            ty,
            span,
        });
        self.slots.push(slot);
        self.env.declare(local);
        local
    }

    /// Declares a local whose type is given.
    pub(super) fn declare_typed(&mut self, name: &str, span: Span, ty: Type) -> LocalId {
        let local = self.locals.push(Local {
            name: name.to_owned(),
            ty,
            span,
        });
        let slot = self.memory.slot(self.path(), span);
        self.memory.join_state(slot).ty = Some(ty);
        self.slots.push(slot);
        self.env.assign(local, type_range(ty));
        local
    }

    /// Reads a local that is assigned.
    pub(super) fn read_local(&self, local: LocalId, span: Span) -> Expr {
        let ty = self.locals[local].ty;
        let range = type_range(ty).map(|all| self.env.range(local).unwrap_or(all));
        Expr {
            kind: ExprKind::Local(local),
            ty,
            range,
            span,
        }
    }
}

/// All values of an integer type.
pub(super) fn type_range(ty: Type) -> Option<Range> {
    match ty {
        Type::Int(int) => Some(int.range()),
        _ => None,
    }
}

/// Stands where an error was reported; fits everywhere.
pub(super) fn poison(span: Span) -> Expr {
    Expr {
        kind: ExprKind::Nothing,
        ty: Type::Never,
        range: None,
        span,
    }
}

/// What needs the values of all these, one of which leaves or is faulty: what is evaluated up to that one.
pub(super) fn never(parts: impl IntoIterator<Item = Expr>, span: Span) -> Expr {
    let mut evaluated = Vec::new();
    for part in parts {
        let leaves = part.ty == Type::Never;
        if leaves || super::expression::has_effect(&part) {
            evaluated.push(part);
        }
        if leaves {
            break;
        }
    }
    Expr {
        ty: Type::Never,
        range: None,
        ..sequence(evaluated, span)
    }
}

/// Takes an expression out of its place.
pub(super) fn take(place: &mut Expr) -> Expr {
    let span = place.span;
    std::mem::replace(place, nothing(span))
}

/// No value.
pub(super) fn nothing(span: Span) -> Expr {
    Expr {
        kind: ExprKind::Nothing,
        ty: Type::Void,
        range: None,
        span,
    }
}

/// An expression that is not an integer.
pub(super) fn plain(kind: ExprKind, ty: Type, span: Span) -> Expr {
    Expr {
        kind,
        ty,
        range: type_range(ty),
        span,
    }
}

/// An integer constant without unit.
pub(super) fn constant(value: i128, span: Span) -> Expr {
    let range = Range::exactly(value);
    Expr {
        kind: ExprKind::Int(value),
        ty: Type::Int(super::range::home(range)),
        range: Some(range),
        span,
    }
}

/// An integer expression.
pub(super) fn integer(kind: ExprKind, ty: IntType, range: Range, span: Span) -> Expr {
    Expr {
        kind,
        ty: Type::Int(ty),
        range: Some(range),
        span,
    }
}

/// The unit of an integer type.
pub(super) fn unit_of(ty: Type) -> Option<ClassId> {
    match ty {
        Type::Int(int) => int.unit,
        _ => None,
    }
}

/// Expressions in order, those without effect left out but for the last.
pub(super) fn sequence(mut all: Vec<Expr>, span: Span) -> Expr {
    let Some(last) = all.pop() else {
        return nothing(span);
    };
    all.retain(|expr| !matches!(expr.kind, ExprKind::Nothing));
    if all.is_empty() {
        return last;
    }
    let (ty, range) = (last.ty, last.range);
    all.push(last);
    Expr {
        kind: ExprKind::Seq(all),
        ty,
        range,
        span,
    }
}
