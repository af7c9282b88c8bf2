//! Methods as they are compiled: on demand, once per class that they are sent to.

use crate::base::{EntityRef, Span};
use crate::resolve::{DeclaredType, Signature, SourceId};
use crate::typed::{
    AliasClass, ClassId, ClassKind, Expr, ExprKind, IntType, Local, MemoryType, Method, MethodId,
    MethodKind, Range, Type,
};

use super::Inferrer;
use super::body::{Body, nothing, type_range};
use super::memory::Memory;
use super::scope::{Binding, SelfValue, Want};

/// What tells compiled methods apart: the class that looks up `self`, the method, and the argument of a handler.
pub(super) type Key = (ClassId, SourceId, Argument);

/// What a handler gets as its argument.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Argument {
    /// It has none, or is no handler.
    None,
    /// This distance from the first opcode: the method is compiled for one opcode.
    Constant(u8),
    /// The opcode that was fetched, read again from memory: one copy for all opcodes that fall to a default.
    Fetched,
}

/// A compiled method, or one that will be.
#[derive(Debug)]
pub(super) struct Instance {
    pub(super) key: Key,
    state: State,
    /// As declared, or inferred when done.
    result: Option<Type>,
    range: Option<Range>,
    method: Option<Method>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Waiting,
    Active,
    Done,
}

/// How often a body is typed at most; its knowledge has stopped growing long before.
const ATTEMPTS: usize = 12;

impl<'w> Inferrer<'w> {
    /// The compiled form of a method for a class; it will be typed.
    pub(super) fn instance(
        &mut self,
        class: ClassId,
        method: SourceId,
        argument: Argument,
    ) -> MethodId {
        let key = (class, method, argument);
        if let Some(&id) = self.keys.get(&key) {
            return id;
        }
        self.reach(method);
        let info = &self.world.methods[method];
        let result = match info.signature.as_ref().map(|signature| signature.result) {
            Some(DeclaredType::Value(ty)) => Some(ty),
            _ => None,
        };
        let id = self.instances.push(Instance {
            key,
            state: State::Waiting,
            result,
            range: result.and_then(type_range),
            method: None,
        });
        self.keys.insert(key, id);
        self.pending.push_back(id);
        id
    }

    pub(super) fn signature(&self, id: MethodId) -> Option<&'w Signature> {
        let (_, method, _) = self.instances[id].key;
        self.world.methods[method].signature.as_ref()
    }

    /// Result type and bounds. The error is the place of a method whose result depends on itself.
    pub(super) fn result(&mut self, id: MethodId) -> Result<(Type, Option<Range>), Span> {
        if let Some(result) = self.instances[id].result {
            return Ok((result, self.instances[id].range));
        }
        if self.instances[id].state == State::Active {
            let (_, method, _) = self.instances[id].key;
            return Err(self.world.methods[method].span);
        }
        self.type_method(id);
        let instance = &self.instances[id];
        Ok((instance.result.unwrap_or(Type::Void), instance.range))
    }

    /// Types everything that waits, and what that makes wait.
    pub(super) fn type_pending(&mut self) {
        while let Some(id) = self.pending.pop_front() {
            if self.instances[id].state == State::Waiting {
                self.type_method(id);
            }
        }
    }

    fn type_method(&mut self, id: MethodId) {
        self.instances[id].state = State::Active;
        let mut memory = Memory::default();
        for attempt in 1..=ATTEMPTS {
            memory.changed = false;
            let ignored = self.ignored.len();
            let mut body = Body::new(self, memory);
            let outcome = body.method(id);
            let diagnostics = std::mem::take(&mut body.diagnostics);
            memory = std::mem::take(&mut body.memory);
            if memory.changed && attempt < ATTEMPTS {
                self.ignored.truncate(ignored);
                continue;
            }
            for diagnostic in diagnostics {
                self.diagnostics.push(diagnostic);
            }
            let instance = &mut self.instances[id];
            instance.result = Some(outcome.method.result);
            instance.range = outcome.range;
            instance.method = Some(outcome.method);
            break;
        }
        self.instances[id].state = State::Done;
    }

    /// `Class>>selector` as the listing names it.
    pub(super) fn instance_text(&self, id: MethodId) -> String {
        let (class, method, argument) = self.instances[id].key;
        let info = &self.world.methods[method];
        let text = |class: ClassId| self.interner.text(self.world.classes[class].name);
        let mut name = if class == info.class {
            text(class).to_owned()
        } else {
            format!("{}({})", text(class), text(info.class))
        };
        if info.class_side {
            name.push_str(" class");
        }
        name.push_str(">>");
        name.push_str(self.interner.text(info.selector));
        if let Argument::Constant(argument) = argument {
            name.push_str(&format!("[{argument}]"));
        }
        name
    }

    /// The opcode behind which the pinned instruction pointer stands in a handler.
    fn fetched_opcode(&self, span: Span) -> Option<Expr> {
        let pinned = |field: &crate::typed::StateField| field.pin.as_deref() == Some("r12");
        let (pointer, field) = self.state.iter().find(|(_, field)| pinned(field))?;
        let load = ExprKind::Load {
            memory: MemoryType::Int {
                bits: 8,
                signed: false,
            },
            base: Box::new(super::body::plain(ExprKind::State(pointer), field.ty, span)),
            index: None,
            scale: 1,
            offset: -1,
            alias: AliasClass::Raw,
        };
        Some(super::body::plain(load, Type::Int(IntType::UINT8), span))
    }

    /// Whether a default handler can read its opcode again.
    pub(super) fn can_fetch_again(&self) -> bool {
        self.fetched_opcode(Span::none()).is_some()
    }

    /// The finished methods.
    pub(super) fn take_methods(&mut self) -> crate::base::PrimaryMap<MethodId, Method> {
        self.instances
            .values_mut()
            .filter_map(|instance| instance.method.take())
            .collect()
    }
}

/// A typed body and the bounds of its result.
pub(super) struct Outcome {
    method: Method,
    range: Option<Range>,
}

impl<'w> Body<'_, 'w> {
    /// Types the body of a compiled method.
    fn method(&mut self, id: MethodId) -> Outcome {
        let (class, source, argument) = self.inf.instances[id].key;
        let world = self.world;
        let info = &world.methods[source];
        let tree = world.tree(source);
        self.specialised = matches!(argument, Argument::Constant(_));
        self.handler = argument != Argument::None || !info.role.handlers.is_empty();
        let home = self.open_home(class, source, None);
        self.open_scope(None, home, 0);
        let is_value = matches!(
            world.classes[class].kind,
            ClassKind::Word | ClassKind::Struct
        );
        if is_value && !info.class_side {
            let ty = world.instance_type(class).unwrap_or(Type::Void);
            let local = self.declare_typed("self", tree.pattern_span, ty);
            self.homes[home].self_value = SelfValue::Local(local);
        }
        let fetched = self.bind_parameters(tree, info.signature.as_ref(), argument);
        let n_params = match argument {
            Argument::Fetched => 0,
            _ => self.locals.len(),
        };
        self.declare_temps(&tree.temps);
        let body = match info.role.import {
            Some(_) => None,
            None => {
                let body = self.method_body(home, tree);
                let all: Vec<Expr> = fetched.into_iter().chain([body]).collect();
                Some(super::body::sequence(all, tree.span))
            }
        };
        let (result, body, exits) = self.method_result(home, body);
        let range = match info.role.import {
            Some(_) => type_range(result),
            None => super::answers::answers_range(&exits, result),
        };
        let kind = match (&info.role.export, &info.role.import) {
            (Some(symbol), _) => MethodKind::Export(symbol.clone()),
            (_, Some(symbol)) => MethodKind::Import(symbol.clone()),
            _ if self.handler => MethodKind::Handler,
            _ => MethodKind::Normal,
        };
        let method = Method {
            name: self.inf.instance_text(id),
            class: info.class,
            selector: self.text(info.selector).to_owned(),
            locals: std::mem::take(&mut self.locals),
            n_params,
            result,
            body,
            attributes: info.attributes.clone(),
            kind,
            span: tree.span,
        };
        Outcome { method, range }
    }

    /// The result as declared or inferred, the body with its answers converted, and the answers.
    fn method_result(
        &mut self,
        home: super::scope::HomeId,
        body: Option<Expr>,
    ) -> (Type, Option<Expr>, Vec<super::scope::Answer>) {
        let exits = std::mem::take(&mut self.homes[home].exits.answers);
        let declared = self.homes[home].exits.declared;
        match (declared, body) {
            (Some(ty), body) => (ty, body, exits),
            (None, None) => (Type::Void, None, exits),
            (None, Some(mut body)) => {
                let result = self.join_answers(home, &exits);
                if matches!(result, Type::Int(_)) {
                    self.convert_answers(&mut body, None, result);
                }
                (result, Some(body), exits)
            }
        }
    }

    /// Binds the parameters; answers the code that reads a fetched opcode.
    fn bind_parameters(
        &mut self,
        tree: &'w crate::syntax::ast::Method,
        signature: Option<&Signature>,
        argument: Argument,
    ) -> Option<Expr> {
        let mut fetched = None;
        for (number, param) in tree.params.iter().enumerate() {
            if let Argument::Constant(argument) = argument {
                self.bind(param.name, Binding::Constant(i128::from(argument)));
                continue;
            }
            let ty = match signature.and_then(|signature| signature.params.get(number)) {
                Some(DeclaredType::Value(ty)) => *ty,
                _ => Type::Void,
            };
            let local = self.locals.push(Local {
                name: self.text(param.name).to_owned(),
                ty,
                span: param.span,
            });
            let slot = self.memory.slot(0, param.span);
            self.memory.join_state(slot).ty = Some(ty);
            debug_assert_eq!(self.slots.len(), local.index());
            self.slots.push(slot);
            self.env.assign(local, type_range(ty));
            self.bind(param.name, Binding::Fixed(local));
            if argument == Argument::Fetched {
                fetched = self.inf.fetched_opcode(param.span).map(|opcode| {
                    let kind = ExprKind::SetLocal(local, Box::new(opcode));
                    super::body::plain(kind, ty, param.span)
                });
            }
        }
        fetched
    }

    /// The statements, and what the end answers.
    fn method_body(
        &mut self,
        home: super::scope::HomeId,
        tree: &'w crate::syntax::ast::Method,
    ) -> Expr {
        let body = self.statements(&tree.statements, Want::Effect, tree.span);
        if !self.env.reachable {
            return body;
        }
        let ended = self.fall_off(home, body, tree.span);
        let is_value = self.homes[home].exits.declared != Some(Type::Void);
        if is_value && !matches!(ended.ty, Type::Void | Type::Never) {
            let span = ended.span;
            return Expr {
                kind: ExprKind::Return(Box::new(ended)),
                ty: Type::Never,
                range: None,
                span,
            };
        }
        match ended.kind {
            ExprKind::Nothing => nothing(tree.span),
            _ => ended,
        }
    }
}
