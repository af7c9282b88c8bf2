//! One method to one function: expressions in evaluation order, locals as SSA variables.

use rustc_hash::FxHashMap;

use super::layout::Shared;
use super::locals::Names;
use super::places::FunctionPlaces;
use crate::base::diagnostic::{Diagnostic, Diagnostics};
use crate::base::entity::EntityRef;
use crate::base::source::Span;
use crate::ir::{
    self, Activation, Block, Function, FunctionBuilder, FunctionKind, Hint, Position, Site,
    Snapshot, Symbol, UnaryOp, Value, Variable,
};
use crate::typed::{
    Arithmetic, Expr, ExprKind, IntType, Label, LocalId, Method, MethodId, Range, Trap, Type,
};

/// A lowered method.
pub(super) struct Body {
    pub(super) function: Function,
    pub(super) places: FunctionPlaces,
    pub(super) diagnostics: Diagnostics,
}

/// Lowers one method.
pub(super) fn lower_method(shared: &Shared<'_>, id: MethodId) -> Body {
    let method = &shared.program.methods[id];
    let head = shared.heads[id.index()].clone();
    let Some(body) = &method.body else {
        return Body {
            function: head,
            places: FunctionPlaces::default(),
            diagnostics: Diagnostics::new(),
        };
    };
    let mut lowering = Lowering::new(shared, id, method, head);
    lowering.method_body(body);
    Body {
        function: lowering.b.finish(),
        places: lowering.places,
        diagnostics: lowering.diagnostics,
    }
}

/// Where control goes on with a value, made when the first branch to it is.
#[derive(Clone, Copy)]
pub(super) struct Join {
    pub(super) ty: Option<ir::Type>,
    pub(super) block: Option<(Block, Option<Value>)>,
}

/// An integer in a register: the low 64 bits of a value in `range`.
#[derive(Clone, Copy)]
pub(super) struct Int {
    pub(super) value: Value,
    pub(super) range: Range,
}

/// The state of lowering one method.
pub(super) struct Lowering<'a> {
    pub(super) shared: &'a Shared<'a>,
    pub(super) b: FunctionBuilder,
    pub(super) method: &'a Method,
    pub(super) id: MethodId,
    variables: Vec<Option<Variable>>,
    pub(super) names: Names,
    pub(super) labels: FxHashMap<Label, Join>,
    /// Blocks that a branch goes to.
    reached: Vec<bool>,
    span: Span,
    /// The activations of expanded methods.
    sites: FxHashMap<Activation, Site>,
    pub(super) places: FunctionPlaces,
    diagnostics: Diagnostics,
}

impl<'a> Lowering<'a> {
    fn new(shared: &'a Shared<'a>, id: MethodId, method: &'a Method, head: Function) -> Self {
        let mut b = FunctionBuilder::new(head);
        let variables: Vec<_> = method
            .locals
            .values()
            .map(|local| shared.value_type(local.ty).map(|ty| b.declare_var(ty)))
            .collect();
        let params = b.params();
        let mut lowering = Lowering {
            shared,
            b,
            method,
            id,
            names: Names::new(method.locals.len()),
            variables,
            labels: FxHashMap::default(),
            reached: Vec::new(),
            span: method.span,
            sites: FxHashMap::default(),
            places: FunctionPlaces {
                runs: vec![(0, method.span)],
                ..FunctionPlaces::default()
            },
            diagnostics: Diagnostics::new(),
        };
        lowering.receive(&params);
        lowering
    }

    /// Gives the parameters their values.
    fn receive(&mut self, values: &[Value]) {
        let params = self.method.locals.keys().take(self.method.n_params);
        let declared = params.filter_map(|local| Some((local, self.variable(local)?)));
        let declared: Vec<(LocalId, Variable)> = declared.collect();
        for ((local, variable), &value) in declared.into_iter().zip(values) {
            self.name_local(local);
            self.b.def_var(variable, value);
        }
        self.b.func.position.snapshot = self.b.position.snapshot;
    }

    fn method_body(&mut self, body: &Expr) {
        let value = self.expr(body);
        if self.b.is_terminated() {
            return;
        }
        self.leave(value);
    }

    /// Ends the method: a handler dispatches, others return.
    pub(super) fn leave(&mut self, value: Option<Value>) {
        match self.b.func.kind {
            FunctionKind::Handler => self.b.dispatch(),
            FunctionKind::Normal | FunctionKind::Export | FunctionKind::Import => {
                match (self.b.func.signature.result, value) {
                    (None, _) => self.b.ret(None),
                    (Some(ty), Some(value)) => {
                        let value = self.coerce(value, ty);
                        self.b.ret(Some(value));
                    }
                    // Inference gives every path a value: control cannot come here.
                    (Some(_), None) => self.b.trap(self.shared.reason(Trap::Unreachable)),
                }
            }
        }
    }

    /// Says that what is to come belongs to a span; answers where we were before.
    fn enter_span(&mut self, span: Span) -> (Span, Position) {
        let before = (self.span, self.b.position);
        if self.span != span {
            let position = self.position_within(before.1, span);
            self.go_to((span, position));
        }
        before
    }

    fn go_to(&mut self, (span, position): (Span, Position)) {
        if self.span == span {
            return;
        }
        let snapshot = self.b.position.snapshot;
        self.span = span;
        self.b.position = Position {
            snapshot,
            ..position
        };
        let next = u32::try_from(self.b.func.insts.len()).unwrap_or(u32::MAX);
        match self.places.runs.last_mut() {
            Some(last) if last.0 == next => last.1 = span,
            _ => self.places.runs.push((next, span)),
        }
    }

    /// The position of an expression that stands in one at `outer`. The method of an expression elsewhere in the source has been expanded
    /// there; a block of a method that is being expanded goes on with the activation of that method.
    fn position_within(&mut self, outer: Position, span: Span) -> Position {
        let lines = &self.shared.lines;
        let own = (self.method.span, self.shared.names[self.id.index()]);
        let other = lines.other_method(span, own.0);
        let (place, method) = other.unwrap_or(own);
        let at = |site| Position {
            method,
            line: lines.line(span),
            site,
            snapshot: outer.snapshot,
        };
        let mut around = outer;
        while around.method != method && around.site != Site::OWN {
            around = self.b.func.activations.get(around.site).call;
        }
        if around.method == method {
            return at(around.site);
        }
        let activation = Activation {
            definition: Position::new(method, lines.line(place)),
            call: outer,
        };
        let activations = &mut self.b.func.activations;
        let without_variables = Activation {
            call: Position {
                snapshot: Snapshot::NOTHING,
                ..outer
            },
            ..activation
        };
        let site = self.sites.entry(without_variables);
        at(*site.or_insert_with(|| activations.push(activation)))
    }

    /// The value of an expression; `None` when it has none or control does not get past it.
    pub(super) fn expr(&mut self, expr: &Expr) -> Option<Value> {
        if self.b.is_terminated() {
            return None;
        }
        if expr.span.is_none() {
            return self.operation(expr);
        }
        let before = self.enter_span(expr.span);
        let value = self.operation(expr);
        self.go_to(before);
        value
    }

    /// An integer with its range; a constant has the range of itself.
    pub(super) fn int(&mut self, expr: &Expr) -> Option<Int> {
        let value = self.expr(expr)?;
        let value = if self.b.ty(value) == ir::Type::Bool {
            self.b.unary(UnaryOp::B2i, value)
        } else {
            self.coerce(value, ir::Type::I64)
        };
        Some(Int {
            value,
            range: range_of(expr),
        })
    }

    pub(super) fn ints(&mut self, a: &Expr, b: &Expr) -> Option<(Int, Int)> {
        let a = self.int(a)?;
        Some((a, self.int(b)?))
    }

    pub(super) fn values(&mut self, exprs: &[Expr]) -> Option<Vec<Value>> {
        let mut values = Vec::with_capacity(exprs.len());
        for expr in exprs {
            values.push(self.expr(expr)?);
        }
        Some(values)
    }

    /// The value as another word type.
    pub(super) fn coerce(&mut self, value: Value, ty: ir::Type) -> Value {
        let from = self.b.ty(value);
        if from == ty {
            value
        } else if from.is_word() && ty.is_word() {
            self.b.cast(ty, value)
        } else if from == ir::Type::Bool && ty.is_word() {
            let int = self.b.unary(UnaryOp::B2i, value);
            self.b.cast(ty, int)
        } else {
            unreachable!(
                "{}: a value of type {from} is wanted as {ty}",
                self.method.name
            )
        }
    }

    fn operation(&mut self, expr: &Expr) -> Option<Value> {
        match &expr.kind {
            ExprKind::Int(value) => {
                let constant = self.b.iconst(*value as i64);
                let ty = self.shared.value_type(expr.ty)?;
                Some(self.coerce(constant, ty))
            }
            ExprKind::Float(bits) if expr.ty == Type::Float32 => {
                Some(self.b.f32const(f64::from_bits(*bits) as f32))
            }
            ExprKind::Float(bits) => Some(self.b.fconst(f64::from_bits(*bits))),
            ExprKind::Boolean(value) => Some(self.b.bconst(*value)),
            ExprKind::String(string) => {
                Some(self.b.addr(Symbol::Data(self.shared.string(*string)), 0))
            }
            ExprKind::FunctionAddress(method) => Some(
                self.b
                    .addr(Symbol::Function(self.shared.functions[method.index()]), 0),
            ),
            ExprKind::Nothing => None,
            ExprKind::Local(local) => self.read(*local),
            ExprKind::SetLocal(local, value) => self.assign(*local, value),
            ExprKind::State(_)
            | ExprKind::SetState(..)
            | ExprKind::StateAddress(_)
            | ExprKind::StateBase
            | ExprKind::TableAddress(_)
            | ExprKind::Load { .. }
            | ExprKind::Store { .. }
            | ExprKind::Address { .. } => self.memory_operation(expr),
            ExprKind::IntBinary(op, mode, a, b) => self.int_binary(*op, *mode, a, b),
            ExprKind::IntUnary(op, mode, a) => self.int_unary(*op, *mode, a),
            ExprKind::IfOverflow(op, a, b, otherwise) => self.if_overflow(*op, a, b, otherwise),
            ExprKind::Convert(conversion, value) => {
                self.convert(*conversion, value, expr.int_type())
            }
            ExprKind::Reinterpret(value) => self.reinterpret(value, expr.ty),
            ExprKind::IntCompare(op, a, b) => {
                let (a, b) = self.ints(a, b)?;
                Some(self.compare(*op, a, b))
            }
            ExprKind::WordCompare(op, a, b) => self.compare_words(*op, a, b),
            ExprKind::FloatCompare(..)
            | ExprKind::FloatOperation(..)
            | ExprKind::ToFloat(_)
            | ExprKind::Truncated(_) => self.float_operation(expr),
            ExprKind::Not(value) => {
                let value = self.expr(value)?;
                Some(self.b.unary(UnaryOp::Not, value))
            }
            ExprKind::BooleanToInt(value) => {
                let value = self.expr(value)?;
                Some(self.b.unary(UnaryOp::B2i, value))
            }
            _ => self.control(expr),
        }
    }

    pub(super) fn variable(&self, local: LocalId) -> Option<Variable> {
        self.variables[local.index()]
    }

    fn read(&mut self, local: LocalId) -> Option<Value> {
        let variable = self.variable(local)?;
        let value = self.b.use_var(variable);
        if self.name_local(local) {
            self.b.bind_var(variable, value);
        }
        Some(value)
    }

    fn assign(&mut self, local: LocalId, value: &Expr) -> Option<Value> {
        let value = self.expr(value)?;
        let variable = self.variable(local)?;
        let ty = self.shared.value_type(self.method.locals[local].ty)?;
        let value = self.coerce(value, ty);
        self.name_local(local);
        self.b.def_var(variable, value);
        self.places.locals.entry(value).or_insert(local);
        Some(value)
    }

    // Blocks and branches. Every branch goes through these, so that blocks that nothing reaches can be dropped.

    fn reach(&mut self, block: Block) {
        let index = block.index();
        if self.reached.len() <= index {
            self.reached.resize(index + 1, false);
        }
        self.reached[index] = true;
    }

    pub(super) fn jump(&mut self, block: Block) {
        self.reach(block);
        self.b.jump(block, &[]);
    }

    pub(super) fn branch(&mut self, condition: Value, yes: Block, no: Block, hint: Hint) {
        self.reach(yes);
        self.reach(no);
        self.b.br(condition, yes, no, hint);
    }

    pub(super) fn mark_reached(&mut self, block: Block) {
        self.reach(block);
    }

    /// Goes on in a block all of whose branches are made. False, and no block, when there are none.
    pub(super) fn enter(&mut self, block: Block) -> bool {
        if self.reached.get(block.index()).copied().unwrap_or(false) {
            self.b.seal_block(block);
            self.b.switch_to(block);
            return true;
        }
        self.b.func.layout.retain(|&known| known != block);
        false
    }

    /// Branches to a join with a value, unless control does not get here.
    pub(super) fn join(&mut self, join: &mut Join, value: Option<Value>) {
        if self.b.is_terminated() {
            return;
        }
        if join.ty.is_some() && value.is_none() {
            // Inference gives every arm a value: control cannot come here.
            self.b.trap(self.shared.reason(Trap::Unreachable));
            return;
        }
        let (block, _) = *join.block.get_or_insert_with(|| {
            let block = self.b.create_block();
            let param = join.ty.map(|ty| self.b.add_block_param(block, ty));
            (block, param)
        });
        match (join.ty, value) {
            (Some(ty), Some(value)) => {
                let value = self.coerce(value, ty);
                self.b.jump(block, &[value]);
            }
            _ => self.b.jump(block, &[]),
        }
    }

    /// Goes on at a join; its value.
    pub(super) fn enter_join(&mut self, join: Join) -> Option<Value> {
        let (block, param) = join.block?;
        self.b.seal_block(block);
        self.b.switch_to(block);
        param
    }

    pub(super) fn trap_if(&mut self, condition: Value, trap: Trap) {
        self.b.trap_if(condition, self.shared.reason(trap));
    }

    pub(super) fn refuse(&mut self, what: &str) -> Option<Value> {
        let diagnostic = Diagnostic::error(
            "L001",
            format!("{what} cannot be compiled to machine code yet"),
        );
        self.diagnostics.push(
            diagnostic
                .primary(self.span, "here")
                .hint("write it with other operations, in several steps"),
        );
        self.b.trap(self.shared.reason(Trap::Unreachable));
        None
    }
}

impl Join {
    pub(super) fn new(ty: Option<ir::Type>) -> Self {
        Join { ty, block: None }
    }
}

/// Bounds of an integer expression. A checked result lies in the range that is tested.
pub(super) fn range_of(expr: &Expr) -> Range {
    let range = match (&expr.kind, expr.range, expr.ty) {
        (ExprKind::Int(value), ..) => return Range::exactly(*value),
        (_, Some(range), _) => range,
        (_, None, Type::Int(int)) => int.range(),
        (_, None, Type::Boolean) => Range { lo: 0, hi: 1 },
        (_, None, _) => IntType::UINT64.range(),
    };
    match &expr.kind {
        ExprKind::IntBinary(_, Arithmetic::Checked { signed }, ..)
        | ExprKind::IntUnary(_, Arithmetic::Checked { signed }, _) => {
            let tested = if *signed {
                IntType::INT64.range()
            } else {
                IntType::UINT64.range()
            };
            Range {
                lo: range.lo.clamp(tested.lo, tested.hi),
                hi: range.hi.clamp(tested.lo, tested.hi),
            }
        }
        _ => range,
    }
}
