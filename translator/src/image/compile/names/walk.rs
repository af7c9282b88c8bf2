//! The walk through a method in the order of evaluation, which declares, looks up and notes what happens to each variable.

use super::{
    Block, Function, FunctionId, Home, HomeId, Loop, LoopId, Names, Use, Variable, VariableId,
    VariableKind, Write,
};
use crate::base::{
    Diagnostic, Diagnostics, EntityRef, Interner, PrimaryMap, SecondaryMap, Span, Symbol,
};
use crate::image::compile::inlining::{Form, cases, form};
use crate::image::compile::scope::{Reference, Scope};
use crate::image::compile::target::Target;
use crate::syntax::ast::{self, ExprId, ExprKind, Method, Name, PseudoVariable, Statement};

pub(super) struct Walk<'a> {
    method: &'a Method,
    scope: &'a dyn Scope,
    target: &'a Target,
    interner: &'a Interner,
    diagnostics: &'a mut Diagnostics,
    names: Names,
    loops: PrimaryMap<LoopId, Loop>,
    /// Names that are visible, the innermost last.
    visible: Vec<(Symbol, VariableId)>,
    /// Where we are.
    here: Here,
    /// Grows with everything that is evaluated.
    time: u32,
    /// How many blocks were entered, closures or not.
    blocks: u32,
}

/// A place in the nesting of functions, loops and blocks.
#[derive(Clone, Copy)]
struct Here {
    function: FunctionId,
    home: HomeId,
    innermost: Option<LoopId>,
    /// The number of the innermost block.
    block: u32,
    /// Hidden temporaries in use.
    hidden: u32,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        method: &'a Method,
        scope: &'a dyn Scope,
        target: &'a Target,
        interner: &'a Interner,
        diagnostics: &'a mut Diagnostics,
    ) -> Self {
        let unused = Block::Inlined {
            home: None,
            params: Vec::new(),
            cleared: Vec::new(),
        };
        let names = Names {
            functions: PrimaryMap::new(),
            variables: PrimaryMap::new(),
            homes: PrimaryMap::new(),
            uses: SecondaryMap::with_default(Use::Process),
            forms: SecondaryMap::with_default(None),
            blocks: SecondaryMap::with_default(unused),
            hidden: SecondaryMap::with_default(0),
            faulty: false,
            failure: None,
        };
        Walk {
            method,
            scope,
            target,
            interner,
            diagnostics,
            names,
            loops: PrimaryMap::new(),
            visible: Vec::new(),
            here: Here {
                function: FunctionId::new(0),
                home: HomeId::new(0),
                innermost: None,
                block: 0,
                hidden: 0,
            },
            time: 0,
            blocks: 0,
        }
    }

    pub(super) fn method(mut self, failure: Option<Name>) -> (Names, PrimaryMap<LoopId, Loop>) {
        let method = self.method;
        self.enter_function(None, method.span);
        self.declare_all(&method.params, VariableKind::Param);
        self.declare_all(&method.temps, VariableKind::Temp);
        if let Some(failure) = failure {
            let is_temp = |&id: &VariableId| self.names.variables[id].kind == VariableKind::Temp;
            let declared = self.find(failure.name).filter(is_temp);
            let variable = declared.unwrap_or_else(|| self.declare(failure, VariableKind::Temp));
            self.names.failure = Some(variable);
            self.note_write(variable);
        }
        self.statements(&method.statements);
        (self.names, self.loops)
    }

    fn enter_function(&mut self, parent: Option<FunctionId>, span: Span) -> FunctionId {
        let function = self.names.functions.push(Function {
            parent,
            params: Vec::new(),
            temps: Vec::new(),
            free: Vec::new(),
            copied: Vec::new(),
            homes: Vec::new(),
            hidden: 0,
            first_hidden: 0,
            slots: 0,
            span,
        });
        self.here = Here {
            function,
            home: self.here.home,
            innermost: None,
            block: self.next_block(),
            hidden: 0,
        };
        self.here.home = self.new_home();
        function
    }

    fn new_home(&mut self) -> HomeId {
        let function = self.here.function;
        let home = self.names.homes.push(Home {
            elements: 0,
            function,
            slot: 0,
        });
        self.names.functions[function].homes.push(home);
        home
    }

    fn next_block(&mut self) -> u32 {
        self.blocks += 1;
        self.blocks
    }

    /// Declares the names of one list of parameters or temporaries.
    fn declare_all(&mut self, names: &[Name], kind: VariableKind) -> Vec<VariableId> {
        let first = self.visible.len();
        names
            .iter()
            .map(|&name| self.declare_once(name, kind, first))
            .collect()
    }

    /// Declares a name that must not be among those visible from `first` on.
    fn declare_once(&mut self, name: Name, kind: VariableKind, first: usize) -> VariableId {
        let same = |&&(other, _): &&(Symbol, VariableId)| other == name.name;
        let before = self.visible[first..].iter().find(same);
        if let Some(&(_, before)) = before
            && name.name != self.target.known.underscore
        {
            let text = self.interner.text(name.name);
            let error = Diagnostic::error("C003", format!("`{text}` is declared twice"))
                .primary(name.span, "again here")
                .secondary(self.names.variables[before].span, "first here");
            self.diagnostics
                .push(error.hint("rename one of the two, or remove it"));
        }
        self.declare(name, kind)
    }

    fn declare(&mut self, name: Name, kind: VariableKind) -> VariableId {
        let function = self.here.function;
        let variable = self.names.variables.push(Variable {
            span: name.span,
            function,
            home: self.here.home,
            kind,
            element: None,
            slot: 0,
            declared_in: self.here.innermost,
            captures: Vec::new(),
            writes: Vec::new(),
            written_remotely: false,
            block: self.here.block,
            used: false,
            first_is_write: false,
        });
        self.visible.push((name.name, variable));
        let function = &mut self.names.functions[function];
        match kind {
            VariableKind::Param => function.params.push(variable),
            VariableKind::InlinedParam | VariableKind::Temp => function.temps.push(variable),
        }
        variable
    }

    fn find(&self, name: Symbol) -> Option<VariableId> {
        let mut inner = self.visible.iter().rev();
        inner
            .find(|(other, _)| *other == name)
            .map(|&(_, variable)| variable)
    }

    fn statements(&mut self, statements: &[Statement]) {
        for statement in statements {
            self.expression(statement.kind.expression());
        }
    }

    fn expression(&mut self, expr: ExprId) {
        let method = self.method;
        let span = method.exprs[expr].span;
        match &method.exprs[expr].kind {
            ExprKind::Literal(_) => {}
            ExprKind::Error => self.names.faulty = true,
            ExprKind::Pseudo(PseudoVariable::ThisProcess) => {
                let known = self.target.known.this_process;
                self.names.uses[expr] = if self.target.options.this_process {
                    Use::Process
                } else {
                    self.read(known, span)
                };
            }
            ExprKind::Pseudo(_) => {}
            ExprKind::Variable(name) => self.names.uses[expr] = self.read(*name, span),
            ExprKind::Assignment { target, value } => {
                self.expression(*value);
                self.names.uses[expr] = self.written(*target);
            }
            ExprKind::Send(send) => self.send(expr, send),
            ExprKind::Cascade { receiver, messages } => {
                self.expression(*receiver);
                for &message in messages {
                    if let ExprKind::Send(send) = &method.exprs[message].kind {
                        self.expressions(&send.arguments);
                    }
                }
            }
            ExprKind::Block(block) => self.closure(expr, block, span),
            ExprKind::Answer(value) => self.expression(*value),
            ExprKind::BraceArray(elements) => self.expressions(elements),
        }
        self.time += 1;
    }

    fn expressions(&mut self, exprs: &[ExprId]) {
        for &expr in exprs {
            self.expression(expr);
        }
    }

    fn read(&mut self, name: Symbol, span: Span) -> Use {
        if let Some(variable) = self.find(name) {
            self.note_use(variable);
            return Use::Local(variable);
        }
        match self.scope.lookup(name) {
            Some(Reference::InstanceVariable(index)) => Use::Instance(index),
            Some(Reference::Binding { binding, .. }) => Use::Binding(binding),
            None => self.undeclared(name, span),
        }
    }

    fn undeclared(&mut self, name: Symbol, span: Span) -> Use {
        let text = self.interner.text(name);
        let warning = Diagnostic::warning("C001", format!("`{text}` is not declared"))
            .primary(span, "")
            .hint("declare it, or correct the name; until then its value is nil");
        self.diagnostics.push(warning);
        Use::Undeclared(name)
    }

    fn written(&mut self, target: Name) -> Use {
        if let Some(variable) = self.find(target.name) {
            if self.names.variables[variable].kind != VariableKind::Temp {
                let declared = self.names.variables[variable].span;
                let text = self.interner.text(target.name);
                let error =
                    Diagnostic::error("C002", format!("the parameter `{text}` cannot be assigned"))
                        .primary(target.span, "")
                        .secondary(declared, "declared here");
                self.diagnostics
                    .push(error.hint("assign a temporary of another name"));
            }
            self.note_use(variable);
            self.note_write(variable);
            return Use::Local(variable);
        }
        match self.scope.lookup(target.name) {
            Some(Reference::InstanceVariable(index)) => Use::Instance(index),
            Some(Reference::Binding { binding, writable }) => {
                if !writable {
                    let text = self.interner.text(target.name);
                    let message = format!("`{text}` names a class and cannot be assigned");
                    let error = Diagnostic::error("C002", message).primary(target.span, "");
                    self.diagnostics
                        .push(error.hint("assign a variable of another name"));
                }
                Use::Binding(binding)
            }
            None => self.undeclared(target.name, target.span),
        }
    }

    fn note_use(&mut self, id: VariableId) {
        let own = self.names.variables[id].function;
        self.names.variables[id].used = true;
        if own == self.here.function {
            return;
        }
        self.names.variables[id].captures.push(self.time);
        let mut user = Some(self.here.function);
        while let Some(function) = user.filter(|&function| function != own) {
            let function = &mut self.names.functions[function];
            if !function.free.contains(&id) {
                function.free.push(id);
            }
            user = function.parent;
        }
    }

    /// Notes an assignment; a use of the same assignment was noted just before.
    fn note_write(&mut self, id: VariableId) {
        self.time += 1;
        let here = self.here;
        let variable = &mut self.names.variables[id];
        if variable.function == here.function {
            variable.writes.push(Write {
                time: self.time,
                within: here.innermost,
            });
        } else {
            variable.written_remotely = true;
        }
    }

    fn send(&mut self, expr: ExprId, send: &ast::Send) {
        let Some(form) = form(&self.method.exprs, send, self.target) else {
            self.expression(send.receiver);
            self.expressions(&send.arguments);
            return;
        };
        self.names.forms[expr] = Some(form);
        match form {
            Form::If {
                condition,
                then,
                otherwise,
            } => {
                self.expression(condition);
                self.all_inlined(&[then, otherwise]);
            }
            Form::Logic { left, right, .. } => {
                self.expression(left);
                self.all_inlined(&[Some(right)]);
            }
            Form::IfNil {
                value,
                absent,
                present,
            } => {
                self.expression(value);
                self.all_inlined(&[absent, present]);
            }
            Form::Case {
                value,
                cases: all,
                otherwise,
            } => {
                self.expression(value);
                for (key, result) in cases(&self.method.exprs, all) {
                    self.all_inlined(&[Some(key), Some(result)]);
                }
                self.all_inlined(&[otherwise]);
            }
            _ => self.loop_of(expr, form),
        }
    }

    fn loop_of(&mut self, expr: ExprId, form: Form) {
        match form {
            Form::While {
                condition, body, ..
            } => self.repeated(&[Some(condition), body]),
            Form::Repeat { body } => self.repeated(&[Some(body)]),
            Form::TimesRepeat { count, body } => {
                self.expression(count);
                self.counted(expr, 2, body);
            }
            Form::ToDo {
                start,
                limit,
                step,
                body,
                ..
            } => {
                self.expression(start);
                self.expression(limit);
                step.into_iter().for_each(|step| self.expression(step));
                let kept = u32::from(!matches!(
                    self.method.exprs[limit].kind,
                    ExprKind::Literal(_)
                ));
                self.counted(expr, kept, body);
            }
            Form::If { .. } | Form::Logic { .. } | Form::IfNil { .. } | Form::Case { .. } => {}
        }
    }

    /// A loop that keeps `count` values in hidden temporaries while it runs.
    fn counted(&mut self, expr: ExprId, count: u32, body: ExprId) {
        self.names.hidden[expr] = self.here.hidden;
        self.here.hidden += count;
        let function = &mut self.names.functions[self.here.function];
        function.hidden = function.hidden.max(self.here.hidden);
        self.repeated(&[Some(body)]);
        self.here.hidden -= count;
    }

    /// The blocks of a loop: each is a home.
    fn repeated(&mut self, blocks: &[Option<ExprId>]) {
        let outer = self.here;
        self.time += 1;
        let this = self.loops.push(Loop {
            parent: outer.innermost,
            start: self.time,
            end: u32::MAX,
        });
        for &block in blocks.iter().flatten() {
            self.here.innermost = Some(this);
            self.here.home = self.new_home();
            self.inlined_at(block, Some(self.here.home));
        }
        self.time += 1;
        self.loops[this].end = self.time;
        self.here = outer;
    }

    /// Blocks that are written out one behind the other, each at most once.
    fn all_inlined(&mut self, blocks: &[Option<ExprId>]) {
        for &block in blocks.iter().flatten() {
            self.inlined_at(block, None);
        }
    }

    fn inlined_at(&mut self, expr: ExprId, home: Option<HomeId>) {
        let method = self.method;
        let ExprKind::Block(block) = &method.exprs[expr].kind else {
            return;
        };
        let outer = self.here;
        let visible = self.visible.len();
        self.here.block = self.next_block();
        let params = self.declare_all(&block.params, VariableKind::InlinedParam);
        let temps = self.declare_all(&block.temps, VariableKind::Temp);
        self.statements_noting_first_writes(&block.statements);
        let must_clear = |&id: &VariableId| {
            let variable = &self.names.variables[id];
            self.here.innermost.is_some() && variable.used && !variable.first_is_write
        };
        let cleared = temps.into_iter().filter(must_clear).collect();
        self.names.blocks[expr] = Block::Inlined {
            home,
            params,
            cleared,
        };
        self.visible.truncate(visible);
        self.here = outer;
    }

    /// The statements of an inlined block. A variable whose first use is the target of a statement `x := …` need not be cleared.
    fn statements_noting_first_writes(&mut self, statements: &[Statement]) {
        let method = self.method;
        for statement in statements {
            let expr = statement.kind.expression();
            if let ExprKind::Assignment { target, value } = &method.exprs[expr].kind
                && let Some(variable) = self.find(target.name)
                && self.names.variables[variable].block == self.here.block
                && !self.names.variables[variable].used
            {
                self.expression(*value);
                let variable = &mut self.names.variables[variable];
                variable.first_is_write = !variable.used;
                self.names.uses[expr] = self.written(*target);
                self.time += 1;
            } else {
                self.expression(expr);
            }
        }
    }

    fn closure(&mut self, expr: ExprId, block: &ast::Block, span: Span) {
        let outer = self.here;
        let visible = self.visible.len();
        let function = self.enter_function(Some(outer.function), span);
        self.declare_all(&block.params, VariableKind::Param);
        self.declare_all(&block.temps, VariableKind::Temp);
        self.statements(&block.statements);
        self.visible.truncate(visible);
        self.here = outer;
        self.names.blocks[expr] = Block::Closure(function);
    }
}
