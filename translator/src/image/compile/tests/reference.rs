//! An interpreter of syntax trees: every block is a closure with variables of its own, and control structures are messages to blocks.

use std::cell::RefCell;
use std::rc::Rc;

use super::world::{Evaluated, Exit, Outcome, Value, World};
use crate::base::{Interner, Symbol};
use crate::syntax::ast::{
    Block, ExprId, ExprKind, Literal, Method, Name, PseudoVariable, Send, Statement, StatementKind,
};

/// The variables of one activation of a block or method.
struct Scope {
    variables: Vec<(Symbol, RefCell<Value>)>,
    outer: Option<Rc<Scope>>,
}

struct Reference<'a> {
    method: &'a Method,
    interner: &'a Interner,
    closures: Vec<(&'a Block, Rc<Scope>)>,
    world: World,
}

/// Runs a method, then the blocks that it has kept.
pub(super) fn run(method: &Method, arguments: &[Value], interner: &Interner) -> Outcome {
    let mut reference = Reference {
        method,
        interner,
        closures: Vec::new(),
        world: World::new(),
    };
    let scope = scope(&method.params, arguments, &method.temps, None);
    let result = match reference.statements(&method.statements, &scope) {
        Ok(_) => Ok(Value::Receiver),
        Err(Exit::Return(value)) => Ok(value),
        stopped => stopped,
    };
    let kept = std::mem::take(&mut reference.world.kept);
    let kept: Vec<_> = kept
        .iter()
        .map(|block| reference.message("value", block.clone(), Vec::new()))
        .collect();
    Outcome::new(&result, &kept, &reference.world)
}

fn scope(
    params: &[Name],
    arguments: &[Value],
    temps: &[Name],
    outer: Option<Rc<Scope>>,
) -> Rc<Scope> {
    let params = params.iter().zip(arguments);
    let params = params.map(|(param, value)| (param.name, RefCell::new(value.clone())));
    let temps = temps
        .iter()
        .map(|temp| (temp.name, RefCell::new(Value::Nil)));
    Rc::new(Scope {
        variables: params.chain(temps).collect(),
        outer,
    })
}

impl Scope {
    fn find(&self, name: Symbol) -> Option<&RefCell<Value>> {
        let mut own = self.variables.iter();
        match own.find(|(other, _)| *other == name) {
            Some((_, cell)) => Some(cell),
            None => self.outer.as_ref().and_then(|outer| outer.find(name)),
        }
    }
}

impl<'a> Reference<'a> {
    fn statements(&mut self, statements: &'a [Statement], scope: &Rc<Scope>) -> Evaluated {
        let mut last = Value::Nil;
        for statement in statements {
            last = self.expression(statement.kind.expression(), scope)?;
            if matches!(statement.kind, StatementKind::Return(_)) {
                return Err(Exit::Return(last));
            }
        }
        Ok(last)
    }

    fn expression(&mut self, expr: ExprId, scope: &Rc<Scope>) -> Evaluated {
        let method = self.method;
        Ok(match &method.exprs[expr].kind {
            ExprKind::Literal(Literal::Integer(value)) => {
                Value::Integer(i64::try_from(value.to_i128().unwrap()).unwrap())
            }
            ExprKind::Literal(Literal::Boolean(value)) => Value::Boolean(*value),
            ExprKind::Literal(Literal::Nil) => Value::Nil,
            ExprKind::Pseudo(PseudoVariable::SelfReference | PseudoVariable::Super) => {
                Value::Receiver
            }
            ExprKind::Variable(name) => match (scope.find(*name), self.interner.text(*name)) {
                (Some(cell), _) => cell.borrow().clone(),
                (None, "first") => self.world.fields[0].clone(),
                (None, "second") => self.world.fields[1].clone(),
                (None, _) => self.world.shared.clone().unwrap_or(Value::Nil),
            },
            ExprKind::Assignment { target, value } => {
                let value = self.expression(*value, scope)?;
                match (scope.find(target.name), self.interner.text(target.name)) {
                    (Some(cell), _) => *cell.borrow_mut() = value.clone(),
                    (None, "first") => self.world.fields[0] = value.clone(),
                    (None, "second") => self.world.fields[1] = value.clone(),
                    (None, _) => self.world.shared = Some(value.clone()),
                }
                value
            }
            ExprKind::Send(send) => {
                let receiver = self.expression(send.receiver, scope)?;
                self.send(send, receiver, scope)?
            }
            ExprKind::Cascade { receiver, messages } => {
                let receiver = self.expression(*receiver, scope)?;
                let mut last = Value::Nil;
                for &message in messages {
                    if let ExprKind::Send(send) = &method.exprs[message].kind {
                        last = self.send(send, receiver.clone(), scope)?;
                    }
                }
                last
            }
            ExprKind::Block(block) => {
                self.closures.push((block, Rc::clone(scope)));
                Value::Block(self.closures.len() - 1)
            }
            ExprKind::BraceArray(elements) => {
                let elements: Result<Vec<_>, _> = elements
                    .iter()
                    .map(|&element| self.expression(element, scope))
                    .collect();
                Value::Array(Rc::new(RefCell::new(elements?)))
            }
            other => panic!("{other:?} is not expected"),
        })
    }

    fn send(&mut self, send: &'a Send, receiver: Value, scope: &Rc<Scope>) -> Evaluated {
        let mut arguments = Vec::new();
        for &argument in &send.arguments {
            arguments.push(self.expression(argument, scope)?);
        }
        let is_super = matches!(
            self.method.exprs[send.receiver].kind,
            ExprKind::Pseudo(PseudoVariable::Super)
        );
        let selector = self.interner.text(send.selector);
        if is_super {
            return self
                .world
                .send(&format!("super {selector}"), &receiver, &arguments);
        }
        match self.control(selector, &receiver, &arguments)? {
            Some(value) => Ok(value),
            None => self.message(selector, receiver, arguments),
        }
    }

    fn message(&mut self, selector: &str, receiver: Value, arguments: Vec<Value>) -> Evaluated {
        let block = match (selector, &receiver, &arguments[..]) {
            ("value" | "value:" | "value:value:", Value::Block(block), _) => {
                Some((*block, arguments.clone()))
            }
            ("run:", _, [Value::Block(block)]) => Some((*block, Vec::new())),
            _ => None,
        };
        if let Some((block, values)) = block
            && self.closures[block].0.params.len() == values.len()
        {
            self.world.enter()?;
            let result = self.call(block, &values);
            self.world.leave();
            return result;
        }
        self.world.send(selector, &receiver, &arguments)
    }

    fn call(&mut self, block: usize, arguments: &[Value]) -> Evaluated {
        let (block, outer) = &self.closures[block];
        let block: &'a Block = block;
        let scope = scope(
            &block.params,
            arguments,
            &block.temps,
            Some(Rc::clone(outer)),
        );
        self.statements(&block.statements, &scope)
    }

    /// A block as the argument of a control structure; other values are themselves.
    fn value_of(&mut self, value: &Value, argument: Option<&Value>) -> Evaluated {
        let Value::Block(block) = *value else {
            return Ok(value.clone());
        };
        let takes = self.closures[block].0.params.len();
        let arguments: Vec<_> = argument.into_iter().take(takes).cloned().collect();
        self.call(block, &arguments)
    }

    /// The messages that compilers write out.
    fn control(
        &mut self,
        selector: &str,
        receiver: &Value,
        arguments: &[Value],
    ) -> Result<Option<Value>, Exit> {
        let pick = |this: &mut Self, index: Option<usize>| match index {
            Some(index) => this.value_of(&arguments[index], Some(receiver)).map(Some),
            None => Ok(Some(Value::Nil)),
        };
        match (selector, receiver) {
            ("ifTrue:", Value::Boolean(it)) => pick(self, it.then_some(0)),
            ("ifFalse:", Value::Boolean(it)) => pick(self, (!it).then_some(0)),
            ("ifTrue:ifFalse:", Value::Boolean(it)) => pick(self, Some(usize::from(!it))),
            ("ifFalse:ifTrue:", Value::Boolean(it)) => pick(self, Some(usize::from(*it))),
            ("and:", Value::Boolean(false)) | ("or:", Value::Boolean(true)) => {
                Ok(Some(receiver.clone()))
            }
            ("and:" | "or:", Value::Boolean(_)) => pick(self, Some(0)),
            ("ifNil:", Value::Nil) => pick(self, Some(0)),
            ("ifNil:", _) => Ok(Some(receiver.clone())),
            ("ifNotNil:", Value::Nil) => Ok(Some(Value::Nil)),
            ("ifNotNil:", _) => pick(self, Some(0)),
            ("ifNil:ifNotNil:", _) => {
                pick(self, Some(usize::from(!matches!(receiver, Value::Nil))))
            }
            ("ifNotNil:ifNil:", _) => pick(self, Some(usize::from(matches!(receiver, Value::Nil)))),
            ("whileTrue:" | "whileTrue" | "whileFalse:" | "whileFalse", Value::Block(_)) => {
                let wanted = selector.starts_with("whileTrue");
                while matches!(self.value_of(receiver, None)?, Value::Boolean(it) if it == wanted) {
                    if let Some(body) = arguments.first() {
                        self.value_of(body, None)?;
                    }
                }
                Ok(Some(Value::Nil))
            }
            ("repeat", Value::Block(_)) => loop {
                self.value_of(receiver, None)?;
            },
            ("timesRepeat:", _) => self.count(&Value::Integer(1), receiver, 1, &arguments[0]),
            ("to:do:", _) => {
                self.count(receiver, &arguments[0], 1, &arguments[1])?;
                Ok(Some(receiver.clone()))
            }
            ("to:by:do:", _) => {
                let Value::Integer(step) = arguments[1] else {
                    panic!("the step is a literal");
                };
                self.count(receiver, &arguments[0], step, &arguments[2])?;
                Ok(Some(receiver.clone()))
            }
            _ => Ok(None),
        }
    }

    /// Answers the limit.
    fn count(
        &mut self,
        start: &Value,
        limit: &Value,
        step: i64,
        body: &Value,
    ) -> Result<Option<Value>, Exit> {
        let comparison = if step < 0 { ">=" } else { "<=" };
        let mut counter = start.clone();
        let limits = [limit.clone()];
        while let Value::Boolean(true) = self.world.send(comparison, &counter, &limits)? {
            self.value_of(body, Some(&counter))?;
            counter = self.world.send("+", &counter, &[Value::Integer(step)])?;
        }
        Ok(Some(limit.clone()))
    }
}
