//! The typed program as text, for tests and for looking at what inference decided.
//!
//! One expression is written in prefix form; blocks of statements get lines of their own. An integer operation shows how it treats results that leave
//! 64 bits: nothing (proven), `wrap`, `check.s`, `check.u`. Conversions show their target: `proven`, `trunc`, `check`.

use std::fmt::Write;

use super::{
    AliasClass, Arithmetic, Conversion, Expr, ExprKind, IntType, MemoryType, Method, Program, Type,
};
use crate::base::EntityRef;

/// A method with its locals and body.
#[must_use]
pub fn method_text(program: &Program, method: &Method) -> String {
    let mut printer = Printer {
        program,
        method,
        out: String::new(),
    };
    printer.method();
    printer.out
}

/// A type as the source writes it.
#[must_use]
pub fn type_text(program: &Program, ty: Type) -> String {
    match ty {
        Type::Int(IntType {
            unit: Some(unit), ..
        }) => program.classes[unit].name.clone(),
        Type::Int(int) => format!("{}Int{}", if int.signed { "" } else { "U" }, int.bits),
        Type::Word(class) | Type::Struct(class) => program.classes[class].name.clone(),
        Type::String => "StaticString".to_owned(),
        Type::Function(id) => {
            let function = &program.function_types[id];
            let mut text = String::from("#(");
            for param in &function.params {
                let _ = write!(text, "{} ", type_text(program, *param));
            }
            let _ = write!(text, "-> {})", type_text(program, function.result));
            text
        }
        other => format!("{other:?}"),
    }
}

struct Printer<'p> {
    program: &'p Program,
    method: &'p Method,
    out: String,
}

impl Printer<'_> {
    fn method(&mut self) {
        let method = self.method;
        let _ = write!(self.out, "{} (", method.name);
        for (id, local) in method.locals.iter().take(method.n_params) {
            let comma = if id.index() == 0 { "" } else { ", " };
            let ty = type_text(self.program, local.ty);
            let _ = write!(self.out, "{comma}{}: {ty}", local.name);
        }
        let result = type_text(self.program, method.result);
        let _ = writeln!(self.out, ") -> {result}");
        for local in method.locals.values().skip(method.n_params) {
            let ty = type_text(self.program, local.ty);
            let _ = writeln!(self.out, "  | {}: {ty}", local.name);
        }
        match &method.body {
            Some(body) => self.statement(body, 1),
            None => self.line(1, "import"),
        }
    }

    fn line(&mut self, depth: usize, text: &str) {
        let _ = writeln!(self.out, "{}{text}", "  ".repeat(depth));
    }

    /// An expression on lines of its own; control structures get inner lines.
    fn statement(&mut self, expr: &Expr, depth: usize) {
        match &expr.kind {
            ExprKind::Seq(all) => all.iter().for_each(|one| self.statement(one, depth)),
            ExprKind::If(condition, then, otherwise) => {
                let head = format!("if {}", self.text(condition));
                self.line(depth, &head);
                self.statement(then, depth + 1);
                if !matches!(otherwise.kind, ExprKind::Nothing) {
                    self.line(depth, "else");
                    self.statement(otherwise, depth + 1);
                }
            }
            ExprKind::Loop(label, body) => {
                self.line(depth, &format!("loop {label}"));
                self.statement(body, depth + 1);
            }
            ExprKind::Labelled(label, body) => {
                self.line(depth, &format!("block {label}"));
                self.statement(body, depth + 1);
            }
            ExprKind::For {
                variable,
                from,
                to,
                step,
                body,
            } => {
                let (from, to) = (self.text(from), self.text(to));
                let name = self.local(*variable);
                self.line(depth, &format!("for {name} := {from} to {to} by {step}"));
                self.statement(body, depth + 1);
            }
            ExprKind::Case(scrutinee, cases, otherwise) => {
                let head = format!("case {}", self.text(scrutinee));
                self.line(depth, &head);
                for (keys, body) in cases {
                    self.line(depth, &format!("is {keys:?}"));
                    self.statement(body, depth + 1);
                }
                if let Some(otherwise) = otherwise {
                    self.line(depth, "otherwise");
                    self.statement(otherwise, depth + 1);
                }
            }
            _ => {
                let text = self.text(expr);
                self.line(depth, &text);
            }
        }
    }

    fn local(&self, local: super::LocalId) -> String {
        let name = &self.method.locals[local].name;
        let same = |other: &super::Local| other.name == *name;
        match self
            .method
            .locals
            .values()
            .filter(|other| same(other))
            .count()
        {
            1 => name.clone(),
            _ => format!("{name}.{}", local.index()),
        }
    }

    fn all(&self, exprs: &[Expr]) -> String {
        let texts: Vec<String> = exprs.iter().map(|expr| self.text(expr)).collect();
        texts.join(", ")
    }

    fn ty(&self, expr: &Expr) -> String {
        type_text(self.program, expr.ty)
    }

    /// An expression in one line.
    fn text(&self, expr: &Expr) -> String {
        let one = |name: &str, a: &Expr| format!("{name}({})", self.text(a));
        match &expr.kind {
            ExprKind::Int(value) => match expr.ty {
                Type::Int(int) if int.unit.is_none() => value.to_string(),
                _ => format!("{value}:{}", self.ty(expr)),
            },
            ExprKind::Float(bits) => format!("{:?}", f64::from_bits(*bits)),
            ExprKind::Boolean(value) => value.to_string(),
            ExprKind::String(id) => {
                format!("{:?}", String::from_utf8_lossy(&self.program.strings[*id]))
            }
            ExprKind::FunctionAddress(id) => format!("&{}", self.program.methods[*id].name),
            ExprKind::Nothing => "nothing".to_owned(),
            ExprKind::Local(local) => self.local(*local),
            ExprKind::SetLocal(local, a) => format!("{} := {}", self.local(*local), self.text(a)),
            ExprKind::State(id) => self.program.state[*id].name.clone(),
            ExprKind::SetState(id, a) => {
                format!("{} := {}", self.program.state[*id].name, self.text(a))
            }
            ExprKind::StateAddress(id) => format!("&{}", self.program.state[*id].name),
            ExprKind::StateBase => "state".to_owned(),
            ExprKind::TableAddress(id) => format!("&{}", self.program.tables[*id].name),
            ExprKind::Convert(conversion, a) => {
                let name = match conversion {
                    Conversion::Proven => "proven",
                    Conversion::Truncate => "trunc",
                    Conversion::Check => "check",
                };
                format!("{name}.{}({})", self.ty(expr), self.text(a))
            }
            ExprKind::Reinterpret(a) => format!("as.{}({})", self.ty(expr), self.text(a)),
            ExprKind::ToFloat(a) => format!("float.{}({})", self.ty(expr), self.text(a)),
            ExprKind::Truncated(a) => one("truncated", a),
            ExprKind::Not(a) => one("not", a),
            ExprKind::BooleanToInt(a) => one("bit", a),
            ExprKind::Return(a) => one("return", a),
            ExprKind::Assert(a) => one("assert", a),
            ExprKind::Exit(label, a) => match a.kind {
                ExprKind::Nothing => format!("exit {label}"),
                _ => format!("exit {label} {}", self.text(a)),
            },
            _ => self.operation(expr),
        }
    }

    /// Operations of several operands.
    fn operation(&self, expr: &Expr) -> String {
        let two = |name: &str, a: &Expr, b: &Expr| {
            format!(
                "{}({}, {})",
                name.to_lowercase(),
                self.text(a),
                self.text(b)
            )
        };
        match &expr.kind {
            ExprKind::IntBinary(op, arithmetic, a, b) => {
                two(&format!("{op:?}{}", mode(*arithmetic)), a, b)
            }
            ExprKind::IntUnary(op, arithmetic, a) => {
                let name = format!("{op:?}{}", mode(*arithmetic)).to_lowercase();
                format!("{name}({})", self.text(a))
            }
            ExprKind::IfOverflow(op, a, b, c) => format!(
                "{}({}, {}) overflow {{ {} }}",
                format!("{op:?}").to_lowercase(),
                self.text(a),
                self.text(b),
                self.text(c)
            ),
            ExprKind::IntCompare(op, a, b) => two(&format!("{op:?}"), a, b),
            ExprKind::FloatCompare(op, a, b) => two(&format!("f{op:?}"), a, b),
            ExprKind::WordCompare(op, a, b) => two(&format!("w{op:?}"), a, b),
            ExprKind::And(a, b) => two("and", a, b),
            ExprKind::Or(a, b) => two("or", a, b),
            ExprKind::FloatOperation(op, all) => {
                format!("f{}({})", format!("{op:?}").to_lowercase(), self.all(all))
            }
            ExprKind::Call(id, all) => {
                format!("call {}({})", self.program.methods[*id].name, self.all(all))
            }
            ExprKind::CallFunction(function, all) => {
                format!("call {}({})", self.text(function), self.all(all))
            }
            ExprKind::Intrinsic(intrinsic, all) => format!("{intrinsic:?}({})", self.all(all)),
            _ => self.structure(expr),
        }
    }

    /// Control structures in one line.
    fn structure(&self, expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::If(a, b, c) => format!(
                "(if {} then {} else {})",
                self.text(a),
                self.text(b),
                self.text(c)
            ),
            ExprKind::Seq(all) => {
                let texts: Vec<String> = all.iter().map(|expr| self.text(expr)).collect();
                format!("{{ {} }}", texts.join("; "))
            }
            ExprKind::Labelled(label, a) => format!("block {label} {{ {} }}", self.text(a)),
            ExprKind::Loop(label, a) => format!("loop {label} {{ {} }}", self.text(a)),
            ExprKind::For {
                variable,
                from,
                to,
                step,
                body,
            } => format!(
                "for {} := {} to {} by {step} {{ {} }}",
                self.local(*variable),
                self.text(from),
                self.text(to),
                self.text(body)
            ),
            ExprKind::Case(scrutinee, cases, _) => {
                format!("case {} of {} cases", self.text(scrutinee), cases.len())
            }
            _ => self.access(expr),
        }
    }

    fn access(&self, expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Load {
                memory,
                base,
                index,
                scale,
                offset,
                alias,
            } => {
                let place = self.place(base, index.as_deref(), *scale, *offset);
                format!("load.{}{}{place}", memory_text(*memory), alias_text(*alias))
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
                let place = self.place(base, index.as_deref(), *scale, *offset);
                let (memory, alias) = (memory_text(*memory), alias_text(*alias));
                format!("store.{memory}{alias}{place} := {}", self.text(value))
            }
            ExprKind::Address {
                base,
                index,
                scale,
                offset,
            } => format!(
                "address{}",
                self.place(base, index.as_deref(), *scale, *offset)
            ),
            other => format!("{other:?}"),
        }
    }

    fn place(&self, base: &Expr, index: Option<&Expr>, scale: i64, offset: i64) -> String {
        let mut text = format!("[{}", self.text(base));
        if let Some(index) = index {
            let _ = match scale {
                1 => write!(text, " + {}", self.text(index)),
                _ => write!(text, " + {} * {scale}", self.text(index)),
            };
        }
        if offset != 0 {
            let sign = if offset < 0 { '-' } else { '+' };
            let _ = write!(text, " {sign} {}", offset.unsigned_abs());
        }
        text.push(']');
        text
    }
}

fn mode(arithmetic: Arithmetic) -> &'static str {
    match arithmetic {
        Arithmetic::Exact => "",
        Arithmetic::Wrapping => ".wrap",
        Arithmetic::Checked { signed: true } => ".check.s",
        Arithmetic::Checked { signed: false } => ".check.u",
    }
}

fn memory_text(memory: MemoryType) -> String {
    match memory {
        MemoryType::Int { bits, signed } => format!("{}{bits}", if signed { 's' } else { 'u' }),
        other => format!("{other:?}").to_lowercase(),
    }
}

fn alias_text(alias: AliasClass) -> String {
    match alias {
        AliasClass::Raw => String::new(),
        AliasClass::Volatile => ".volatile".to_owned(),
        AliasClass::ReadOnly => ".readonly".to_owned(),
        AliasClass::State(_) | AliasClass::Field(..) => ".field".to_owned(),
    }
}
