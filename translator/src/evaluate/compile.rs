//! From the typed program to the evaluator's form.

use super::arithmetic;
use super::code::{
    Body, CaseNode, Code, FloatWidth, ForNode, MethodCode, Node, Place, STATE_BASE, Shape, Site,
};
use super::layout::DataLayout;
use crate::base::entity::EntityRef;
use crate::base::source::Span;
use crate::typed::{
    AliasClass, ClassId, Conversion, Expr, ExprKind, IntType, MemoryType, MethodId, Program,
    StateFieldId, Type,
};

/// What the compiled form checks beyond the meaning of the program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Audit {
    /// Only claims that cost nothing: exact results fit 64 bits, proven conversions hold.
    Light,
    /// Every integer expression lies in the range that inference gave it.
    Ranges,
}

/// Compiles the program.
pub fn compile(program: &Program, audit: Audit) -> Code {
    let data = DataLayout::new(program);
    let mut sites = Vec::new();
    let mut methods = Vec::new();
    for (id, method) in program.methods.iter() {
        let body = match (&method.body, &method.kind) {
            (Some(body), _) => {
                let mut compiler = Compiler {
                    program,
                    data: &data,
                    audit,
                    method: id,
                    sites: &mut sites,
                };
                Body::Code(compiler.node(body))
            }
            (None, crate::typed::MethodKind::Import(symbol)) => Body::Import(symbol.clone()),
            (None, _) => Body::Import(method.name.clone()),
        };
        methods.push(MethodCode::new(method, body));
    }
    let tables = data.table_bytes(program);
    let pin_of = |register: &str| data.pins.iter().position(|(_, known)| known == register);
    Code {
        methods,
        sites,
        state_size: program.state_size,
        instruction_pin: pin_of("r12"),
        dispatch_pin: pin_of("r14"),
        pins: data
            .pins
            .iter()
            .map(|(field, _)| program.state[*field].name.clone())
            .collect(),
        strings: data.strings,
        tables,
    }
}

/// Compiles one method.
struct Compiler<'a> {
    program: &'a Program,
    data: &'a DataLayout,
    audit: Audit,
    method: MethodId,
    sites: &'a mut Vec<(MethodId, Span)>,
}

impl Compiler<'_> {
    fn site(&mut self, span: Span) -> Site {
        let entry = (self.method, span);
        if self.sites.last() != Some(&entry) {
            self.sites.push(entry);
        }
        Site(u32::try_from(self.sites.len() - 1).unwrap_or(u32::MAX))
    }

    fn boxed(&mut self, expr: &Expr) -> Box<Node> {
        Box::new(self.node(expr))
    }

    fn pair(&mut self, a: &Expr, b: &Expr) -> Box<(Node, Node)> {
        Box::new((self.node(a), self.node(b)))
    }

    fn nodes(&mut self, exprs: &[Expr]) -> Box<[Node]> {
        exprs.iter().map(|expr| self.node(expr)).collect()
    }

    fn node(&mut self, expr: &Expr) -> Node {
        let node = self.operation(expr);
        let (Audit::Ranges, Some(range)) = (self.audit, expr.range) else {
            return node;
        };
        if matches!(node, Node::Const(_) | Node::Proven(..) | Node::Check(..)) || wraps(expr) {
            return node;
        }
        let site = self.site(expr.span);
        Node::Proven(range, Box::new(node), site)
    }

    fn operation(&mut self, expr: &Expr) -> Node {
        match &expr.kind {
            ExprKind::Int(value) => Node::Const(self.constant(*value, expr.ty)),
            ExprKind::Float(bits) if expr.ty == Type::Float32 => {
                Node::Const(i128::from((f64::from_bits(*bits) as f32).to_bits()))
            }
            ExprKind::Float(bits) => Node::Const(i128::from(*bits)),
            ExprKind::Boolean(value) => Node::Const(i128::from(*value)),
            ExprKind::String(string) => Node::Const(self.data.string_address(*string).into()),
            ExprKind::FunctionAddress(method) => {
                Node::Const(Code::function_address(*method).into())
            }
            ExprKind::Nothing => Node::Const(0),
            ExprKind::Local(local) => Node::Local(slot(*local)),
            ExprKind::SetLocal(local, value) => Node::SetLocal(slot(*local), self.boxed(value)),
            ExprKind::State(_)
            | ExprKind::SetState(..)
            | ExprKind::StateAddress(_)
            | ExprKind::StateBase
            | ExprKind::TableAddress(_) => self.state_operation(expr),
            ExprKind::Load { .. } | ExprKind::Store { .. } | ExprKind::Address { .. } => {
                self.memory_operation(expr)
            }
            ExprKind::IntBinary(..)
            | ExprKind::IntUnary(..)
            | ExprKind::IfOverflow(..)
            | ExprKind::Convert(..)
            | ExprKind::Reinterpret(_) => self.integer_operation(expr),
            ExprKind::IntCompare(op, a, b) | ExprKind::WordCompare(op, a, b) => {
                Node::Compare(*op, self.pair(a, b))
            }
            ExprKind::FloatCompare(..)
            | ExprKind::FloatOperation(..)
            | ExprKind::ToFloat(_)
            | ExprKind::Truncated(_) => self.float_operation(expr),
            ExprKind::Not(value) => Node::Not(self.boxed(value)),
            ExprKind::BooleanToInt(value) => self.node(value),
            _ => self.control(expr),
        }
    }

    fn state_operation(&mut self, expr: &Expr) -> Node {
        let site = self.site(expr.span);
        match &expr.kind {
            ExprKind::State(field) => match self.pin(*field) {
                Some(pin) => Node::Pin(pin),
                None => Node::LoadAt(self.state_memory(*field), self.state_address(*field), site),
            },
            ExprKind::SetState(field, value) => {
                let value = self.boxed(value);
                match self.pin(*field) {
                    Some(pin) => Node::SetPin(pin, value),
                    None => Node::StoreAt(
                        self.state_memory(*field),
                        self.state_address(*field),
                        value,
                        site,
                    ),
                }
            }
            ExprKind::StateAddress(field) => Node::Const(self.state_address(*field).into()),
            ExprKind::TableAddress(table) => Node::Const(self.data.table_address(*table).into()),
            _ => Node::Const(STATE_BASE.into()),
        }
    }

    fn memory_operation(&mut self, expr: &Expr) -> Node {
        let site = self.site(expr.span);
        match &expr.kind {
            ExprKind::Load {
                memory,
                base,
                index,
                scale,
                offset,
                alias,
            } => {
                let place = self.place(base, index.as_deref(), *scale, *offset, Some(*alias));
                Node::Load(self.loaded(*memory, expr.ty), Box::new(place), site)
            }
            ExprKind::Store {
                memory,
                base,
                index,
                scale,
                offset,
                value,
                alias,
            } => {
                let place = self.place(base, index.as_deref(), *scale, *offset, Some(*alias));
                let value = self.node(value);
                Node::Store(*memory, Box::new((place, value)), site)
            }
            ExprKind::Address {
                base,
                index,
                scale,
                offset,
            } => Node::Address(
                Box::new(self.place(base, index.as_deref(), *scale, *offset, None)),
                site,
            ),
            _ => unreachable!("memory_operation is called for loads, stores and addresses only"),
        }
    }

    fn place(
        &mut self,
        base: &Expr,
        index: Option<&Expr>,
        scale: i64,
        offset: i64,
        alias: Option<AliasClass>,
    ) -> Place {
        let bounds = index.and_then(|_| self.bounds(base, alias));
        Place {
            base: self.node(base),
            index: index.map(|index| self.node(index)),
            scale,
            offset,
            bounds,
        }
    }

    /// The bytes, counted from the base, that an element access of a known array may touch.
    fn bounds(&self, base: &Expr, alias: Option<AliasClass>) -> Option<(i64, i64)> {
        if let ExprKind::StateAddress(field) = base.kind {
            return Some((
                0,
                i64::try_from(self.program.state[field].size).unwrap_or(i64::MAX),
            ));
        }
        let Some(AliasClass::Field(class, number)) = alias else {
            return None;
        };
        let field = self
            .program
            .classes
            .get(class)?
            .fields
            .get(number as usize)?;
        field.count?;
        Some((
            field.offset,
            field.offset.saturating_add_unsigned(field.size),
        ))
    }

    fn integer_operation(&mut self, expr: &Expr) -> Node {
        let site = self.site(expr.span);
        match &expr.kind {
            ExprKind::IntBinary(op, mode, a, b) => Node::Binary(*op, *mode, self.pair(a, b), site),
            ExprKind::IntUnary(op, mode, a) => Node::Unary(*op, *mode, self.boxed(a), site),
            ExprKind::IfOverflow(op, a, b, otherwise) => Node::IfOverflow(
                *op,
                Box::new((self.node(a), self.node(b), self.node(otherwise))),
            ),
            ExprKind::Convert(conversion, value) => {
                let value = self.boxed(value);
                let ty = int_type(expr.ty);
                match conversion {
                    Conversion::Proven => Node::Proven(ty.range(), value, site),
                    Conversion::Check => Node::Check(ty.range(), value, site),
                    Conversion::Truncate => Node::Truncate(
                        Shape {
                            bits: ty.bits,
                            signed: ty.signed,
                        },
                        value,
                    ),
                }
            }
            ExprKind::Reinterpret(value) => Node::Truncate(self.shape(expr.ty), self.boxed(value)),
            _ => unreachable!("integer_operation is called for integer operations only"),
        }
    }

    fn float_operation(&mut self, expr: &Expr) -> Node {
        match &expr.kind {
            ExprKind::FloatCompare(op, a, b) => {
                Node::FloatCompare(*op, width(a.ty), self.pair(a, b))
            }
            ExprKind::FloatOperation(op, operands) => {
                Node::Float(*op, width(expr.ty), self.nodes(operands))
            }
            ExprKind::ToFloat(value) if matches!(value.ty, Type::Int(_)) => {
                Node::IntToFloat(width(expr.ty), self.boxed(value))
            }
            ExprKind::ToFloat(value) if width(value.ty) == width(expr.ty) => self.node(value),
            ExprKind::ToFloat(value) => Node::FloatToFloat(width(expr.ty), self.boxed(value)),
            ExprKind::Truncated(value) => {
                let site = self.site(expr.span);
                Node::Truncated(width(value.ty), self.boxed(value), site)
            }
            _ => unreachable!("float_operation is called for float operations only"),
        }
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one dispatch over the control expressions"
    )]
    fn control(&mut self, expr: &Expr) -> Node {
        let site = self.site(expr.span);
        match &expr.kind {
            ExprKind::If(c, a, b) => Node::If(Box::new((self.node(c), self.node(a), self.node(b)))),
            ExprKind::And(a, b) => Node::And(self.pair(a, b)),
            ExprKind::Or(a, b) => Node::Or(self.pair(a, b)),
            ExprKind::Case(scrutinee, cases, otherwise) => {
                let mut case = CaseNode {
                    scrutinee: self.node(scrutinee),
                    choices: Default::default(),
                    arms: Vec::new(),
                    otherwise: None,
                };
                for (index, (constants, arm)) in (0..).zip(cases) {
                    case.arms.push(self.node(arm));
                    for &constant in constants {
                        case.choices.entry(constant).or_insert(index);
                    }
                }
                case.otherwise = otherwise.as_ref().map(|otherwise| self.node(otherwise));
                Node::Case(Box::new(case), site)
            }
            ExprKind::Seq(exprs) => Node::Seq(self.nodes(exprs)),
            ExprKind::Labelled(label, body) => Node::Labelled(number(*label), self.boxed(body)),
            ExprKind::Exit(label, value) => Node::Exit(number(*label), self.boxed(value)),
            ExprKind::Loop(label, body) => Node::Loop(number(*label), self.boxed(body), site),
            ExprKind::For {
                variable,
                from,
                to,
                step,
                body,
            } => {
                let (from, to, body) = (self.node(from), self.node(to), self.node(body));
                Node::For(
                    Box::new(ForNode {
                        variable: slot(*variable),
                        from,
                        to,
                        step: *step,
                        body,
                    }),
                    site,
                )
            }
            ExprKind::Return(value) => Node::Return(self.boxed(value)),
            ExprKind::Call(method, args) => Node::Call(*method, self.nodes(args)),
            ExprKind::CallFunction(function, args) => {
                let result = expr.ty;
                let params = args.iter().map(|arg| arg.ty).collect();
                let signature = match function.ty {
                    Type::Function(id) => self.program.function_types[id].clone(),
                    _ => crate::typed::FunctionType { params, result },
                };
                let function = self.node(function);
                Node::CallFunction(
                    Box::new((function, self.nodes(args).into_vec(), signature)),
                    site,
                )
            }
            ExprKind::Assert(condition) => Node::Assert(self.boxed(condition), site),
            ExprKind::Intrinsic(intrinsic, args) => {
                Node::Intrinsic(*intrinsic, self.nodes(args), site)
            }
            other => unreachable!("{other:?} is compiled elsewhere"),
        }
    }

    fn pin(&self, field: StateFieldId) -> Option<u32> {
        let position = self
            .data
            .pins
            .iter()
            .position(|(known, _)| *known == field)?;
        u32::try_from(position).ok()
    }

    fn state_address(&self, field: StateFieldId) -> u64 {
        STATE_BASE + self.program.state[field].offset
    }

    fn state_memory(&self, field: StateFieldId) -> MemoryType {
        let state = &self.program.state[field];
        self.loaded(state.memory.unwrap_or(MemoryType::Address), state.ty)
    }

    /// The memory type by which a load brings a value of `ty`: words of 64 bits as patterns.
    fn loaded(&self, memory: MemoryType, ty: Type) -> MemoryType {
        match (memory, ty) {
            (MemoryType::Int { bits, .. }, Type::Int(int)) => MemoryType::Int {
                bits,
                signed: int.signed,
            },
            (MemoryType::Int { bits, .. }, Type::Word(class)) => MemoryType::Int {
                bits,
                signed: self.word(class).signed,
            },
            _ => memory,
        }
    }

    fn constant(&self, value: i128, ty: Type) -> i128 {
        match ty {
            Type::Int(_) => value,
            _ => {
                let shape = self.shape(ty);
                arithmetic::truncate_to(value, shape.bits, shape.signed)
            }
        }
    }

    fn shape(&self, ty: Type) -> Shape {
        match ty {
            Type::Int(int) => Shape {
                bits: int.bits,
                signed: int.signed,
            },
            Type::Word(class) => {
                let int = self.word(class);
                Shape {
                    bits: int.bits,
                    signed: int.signed,
                }
            }
            Type::Float32 => Shape {
                bits: 32,
                signed: false,
            },
            Type::Boolean => Shape {
                bits: 1,
                signed: false,
            },
            _ => Shape {
                bits: 64,
                signed: false,
            },
        }
    }

    fn word(&self, class: ClassId) -> IntType {
        self.program.classes[class].bits.unwrap_or(IntType::UINT64)
    }
}

/// Whether the exact value may have been lost to wrapping.
fn wraps(expr: &Expr) -> bool {
    use crate::typed::Arithmetic::Wrapping;
    match &expr.kind {
        ExprKind::IntBinary(_, mode, a, b) => *mode == Wrapping || wraps(a) || wraps(b),
        ExprKind::IntUnary(_, mode, a) => *mode == Wrapping || wraps(a),
        ExprKind::If(_, a, b) => wraps(a) || wraps(b),
        ExprKind::Seq(all) => all.last().is_some_and(wraps),
        ExprKind::SetLocal(_, value) => wraps(value),
        // Values arrive from elsewhere.
        ExprKind::Labelled(..)
        | ExprKind::Loop(..)
        | ExprKind::Case(..)
        | ExprKind::IfOverflow(..) => true,
        _ => false,
    }
}

fn int_type(ty: Type) -> IntType {
    match ty {
        Type::Int(int) => int,
        _ => IntType::INT64,
    }
}

fn width(ty: Type) -> FloatWidth {
    if ty == Type::Float32 {
        FloatWidth::Single
    } else {
        FloatWidth::Double
    }
}

fn slot(local: crate::typed::LocalId) -> u32 {
    u32::try_from(local.index()).unwrap_or(u32::MAX)
}

fn number(label: crate::typed::Label) -> u32 {
    u32::try_from(label.index()).unwrap_or(u32::MAX)
}
