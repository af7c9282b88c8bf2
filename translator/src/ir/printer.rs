//! Prints modules and functions in the text form of `docs/ir.md`. The parser reads the same text back.

use std::fmt::{self, Display, Formatter, Write};

use super::entities::{Alias, FuncId, Site, Value};
use super::function::{Function, FunctionKind, Inline};
use super::instruction::{Address, Base, Hint, Inst, Symbol, Target, ValueList};
use super::module::{Data, Module, StateField};
use super::opcode::CheckedOp;
use super::position::Position;

impl Module {
    /// The whole module as text.
    #[must_use]
    pub fn text(&self) -> String {
        self.to_string()
    }

    /// One function as text.
    #[must_use]
    pub fn function_text(&self, id: FuncId) -> String {
        self.text_of(&self.functions[id])
    }

    /// A function that need not be in the module, as text.
    #[must_use]
    pub fn text_of(&self, func: &Function) -> String {
        InModule { module: self, func }.to_string()
    }

    /// One instruction of a function as text, without its position.
    #[must_use]
    pub fn inst_text(&self, func: &Function, inst: &Inst) -> String {
        let mut out = String::new();
        let _ = InModule { module: self, func }.inst(&mut out, inst);
        out
    }
}

impl Display for Module {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (_, pin) in self.pins.iter() {
            writeln!(f, "pin {} {} {}", name(&pin.name), pin.register, pin.ty)?;
        }
        if let (Some(fetch), Some(table)) = (self.instruction_pin, self.dispatch_pin) {
            writeln!(
                f,
                "dispatch {} {}",
                name(&self.pins[fetch].name),
                name(&self.pins[table].name)
            )?;
        }
        if self.state_size > 0 {
            writeln!(f, "state {}", self.state_size)?;
        }
        for (_, field) in self.fields.iter() {
            self.write_field(f, field)?;
        }
        for (_, data) in self.data.iter() {
            self.write_data(f, data)?;
        }
        for part in self.parts.values() {
            writeln!(f, "part {} {}", name(&part.name), part.offset)?;
        }
        for (_, table) in self.tables.iter() {
            let entries: Vec<String> = table
                .entries
                .iter()
                .map(|entry| entry.map_or("null".into(), |id| quoted(&self.functions[id].name)))
                .collect();
            writeln!(f, "table {} [{}]", quoted(&table.name), entries.join(", "))?;
        }
        for (_, sig) in self.signatures.iter() {
            write!(f, "signature (")?;
            separated(f, &sig.params)?;
            writeln!(
                f,
                "){}",
                sig.result.map_or(String::new(), |ty| format!(" -> {ty}"))
            )?;
        }
        for export in &self.exports {
            writeln!(
                f,
                "symbol {} {}",
                quoted(&export.symbol),
                quoted(&self.functions[export.function].name)
            )?;
        }
        for (id, func) in self.functions.iter() {
            if id.to_string() != "func0" {
                writeln!(f)?;
            }
            write!(f, "{}", InModule { module: self, func })?;
        }
        Ok(())
    }
}

impl Module {
    fn write_field(&self, f: &mut Formatter<'_>, field: &StateField) -> fmt::Result {
        write!(
            f,
            "field {} {} {}",
            name(&field.name),
            field.offset,
            field.access.name()
        )?;
        write!(
            f,
            " size {} !{}",
            field.size,
            name(&self.alias_classes[field.alias])
        )?;
        match field.pin {
            Some(pin) => writeln!(f, " pin {}", name(&self.pins[pin].name)),
            None => writeln!(f),
        }
    }

    fn write_data(&self, f: &mut Formatter<'_>, data: &Data) -> fmt::Result {
        write!(f, "data {} align {}", quoted(&data.name), data.align)?;
        if data.writable {
            write!(f, " writable")?;
        }
        write!(f, " \"")?;
        for byte in &data.bytes {
            write!(f, "{byte:02x}")?;
        }
        write!(f, "\"")?;
        for (offset, symbol, addend) in &data.relocations {
            write!(f, " @{offset} ")?;
            self.write_symbol(f, *symbol, *addend)?;
        }
        writeln!(f)
    }

    fn write_symbol(&self, f: &mut impl Write, symbol: Symbol, offset: i64) -> fmt::Result {
        let kind = match symbol {
            Symbol::Function(_) => "function",
            Symbol::Data(_) => "data",
            Symbol::Field(_) => "field",
            Symbol::Table(_) => "table",
        };
        write!(f, "{kind} {}", quoted(self.symbol_name(symbol)))?;
        distance(f, offset)
    }
}

/// A function together with the module that has its names.
struct InModule<'a> {
    module: &'a Module,
    func: &'a Function,
}

impl Display for InModule<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.header(f)?;
        if self.func.kind == FunctionKind::Import {
            return writeln!(f);
        }
        writeln!(f, " {{")?;
        for (site, activation) in self.func.activations.inlined() {
            let definition = self.place(activation.definition);
            let call = self.place(activation.call);
            writeln!(f, "    {site} = line {definition} from line {call}")?;
        }
        for &block in &self.func.layout {
            write!(f, "{block}")?;
            let params = &self.func.blocks[block].params;
            if !params.is_empty() {
                write!(f, "(")?;
                self.typed(f, params)?;
                write!(f, ")")?;
            }
            writeln!(f, ":")?;
            for &id in &self.func.blocks[block].insts {
                let data = &self.func.insts[id];
                let mut line = String::from("    ");
                if let Some(result) = data.result {
                    write!(line, "{result} = ")?;
                }
                self.inst(&mut line, &data.inst)?;
                let comment = self.position(data.position);
                if comment.is_empty() {
                    writeln!(f, "{line}")?
                } else {
                    writeln!(f, "{line:<40}{comment}")?
                }
            }
        }
        writeln!(f, "}}")
    }
}

impl InModule<'_> {
    fn header(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let func = self.func;
        write!(f, "{} {} (", func.kind.name(), quoted(&func.name))?;
        if func.has_body() {
            self.typed(f, &func.blocks[func.entry()].params)?
        } else {
            separated(f, &func.signature.params)?
        }
        write!(f, ")")?;
        if let Some(ty) = func.signature.result {
            write!(f, " -> {ty}")?;
        }
        let attributes = func.attributes;
        match attributes.inline {
            Inline::Auto => {}
            Inline::Never => write!(f, " noinline")?,
            Inline::Always => write!(f, " inline")?,
        }
        for (set, word) in [
            (attributes.cold, "cold"),
            (attributes.moving, "moving"),
            (attributes.leaves, "leaves"),
        ] {
            if set {
                write!(f, " {word}")?;
            }
        }
        if func.position.line > 0 || self.module.names[func.position.method] != func.name {
            write!(f, " line {}", func.position.line)?;
            if self.module.names[func.position.method] != func.name {
                write!(
                    f,
                    " of {}",
                    quoted(&self.module.names[func.position.method])
                )?;
            }
        }
        Ok(())
    }

    fn typed(&self, f: &mut impl Write, values: &[Value]) -> fmt::Result {
        for (n, &value) in values.iter().enumerate() {
            write!(
                f,
                "{}{value}: {}",
                if n == 0 { "" } else { ", " },
                self.func.ty(value)
            )?;
        }
        Ok(())
    }

    fn position(&self, position: Position) -> String {
        if position.line == 0 && position.site == Site::OWN {
            String::new()
        } else {
            format!("; line {}", self.place(position))
        }
    }

    fn place(&self, position: Position) -> String {
        let mut text = position.line.to_string();
        if position.method != self.func.position.method {
            let method = quoted(&self.module.names[position.method]);
            text.push_str(&format!(" of {method}"));
        }
        if position.site != Site::OWN {
            text.push_str(&format!(" in {}", position.site));
        }
        text
    }

    fn inst(&self, f: &mut impl Write, inst: &Inst) -> fmt::Result {
        let module = self.module;
        match *inst {
            Inst::Iconst(n) => write!(f, "iconst {n}"),
            Inst::Fconst(bits) => write!(f, "fconst {}", float(f64::from_bits(bits), bits)),
            Inst::F32const(bits) => write!(
                f,
                "f32const {}",
                float(f32::from_bits(bits), u64::from(bits))
            ),
            Inst::Bconst(b) => write!(f, "bconst {b}"),
            Inst::Addr(symbol, offset) => {
                write!(f, "addr ")?;
                module.write_symbol(f, symbol, offset)
            }
            Inst::Binary(op, a, b) => write!(f, "{} {a}, {b}", op.name()),
            Inst::Unary(op, a) => write!(f, "{} {a}", op.name()),
            Inst::Sext(bits, a) => write!(f, "sext.{bits} {a}"),
            Inst::Zext(bits, a) => write!(f, "zext.{bits} {a}"),
            Inst::Checked(op, a, b, reason) => {
                write!(
                    f,
                    "{} {a}, {b}, {}",
                    op.name(),
                    quoted(&module.trap_reasons[reason])
                )
            }
            Inst::Icmp(cond, a, b) => write!(f, "{} {a}, {b}", cond.name()),
            Inst::Fcmp(cond, a, b) => write!(f, "{} {a}, {b}", cond.name()),
            Inst::Select(c, a, b) => write!(f, "select {c}, {a}, {b}"),
            Inst::Cast(ty, a) => write!(f, "cast.{ty} {a}"),
            Inst::Load(access, address, class) => {
                write!(f, "load.{} ", access.name())?;
                self.address(f, address, class)
            }
            Inst::Store(access, value, address, class) => {
                write!(f, "store.{} {value}, ", access.name())?;
                self.address(f, address, class)
            }
            _ => self.effect(f, inst),
        }
    }

    fn effect(&self, f: &mut impl Write, inst: &Inst) -> fmt::Result {
        let module = self.module;
        match *inst {
            Inst::PinGet(pin) => write!(f, "pin.get {}", name(&module.pins[pin].name)),
            Inst::PinSet(pin, value) => {
                write!(f, "pin.set {}, {value}", name(&module.pins[pin].name))
            }
            Inst::Call(callee, args) => self.call(f, "call", callee, args),
            Inst::TailCall(callee, args) => self.call(f, "tailcall", callee, args),
            Inst::CallInd(sig, callee, args) => {
                write!(f, "callind {sig}, {callee}")?;
                self.arguments(f, args)
            }
            Inst::TailCallInd(sig, callee, args) => {
                write!(f, "tailcallind {sig}, {callee}")?;
                self.arguments(f, args)
            }
            Inst::Syscall(number, args) => {
                write!(f, "syscall {number}")?;
                self.arguments(f, args)
            }
            Inst::Block(op, a, b, c) => write!(f, "{} {a}, {b}, {c}", op.name()),
            Inst::TrapIf(c, reason) => {
                write!(f, "trap.if {c}, {}", quoted(&module.trap_reasons[reason]))
            }
            Inst::Rdtsc => write!(f, "rdtsc"),
            Inst::Prefetch(a) => write!(f, "prefetch {a}"),
            Inst::Fence => write!(f, "fence"),
            _ => self.terminator(f, inst),
        }
    }

    fn terminator(&self, f: &mut impl Write, inst: &Inst) -> fmt::Result {
        match *inst {
            Inst::Jump(target) => {
                write!(f, "jump ")?;
                self.target(f, target)
            }
            Inst::Br(c, yes, no, hint) => {
                let mark = match hint {
                    Hint::None => "",
                    Hint::Likely => ".likely",
                    Hint::Unlikely => ".unlikely",
                };
                write!(f, "br{mark} {c}, ")?;
                self.targets(f, yes, no)
            }
            Inst::BrChecked(op, a, b, normal, overflow) => {
                self.br_checked(f, op, (a, b), (normal, overflow))
            }
            Inst::Switch(value, blocks, default) => {
                write!(f, "switch {value}, [")?;
                separated(f, self.func.blocks_of(blocks))?;
                write!(f, "], {default}")
            }
            Inst::Ret(None) => write!(f, "ret"),
            Inst::Ret(Some(value)) => write!(f, "ret {value}"),
            Inst::Trap(reason) => write!(f, "trap {}", quoted(&self.module.trap_reasons[reason])),
            Inst::Unreachable => write!(f, "unreachable"),
            Inst::Dispatch => write!(f, "dispatch"),
            _ => unreachable!("{inst:?} is printed as an instruction"),
        }
    }

    fn br_checked(
        &self,
        f: &mut impl Write,
        op: CheckedOp,
        (a, b): (Value, Value),
        to: (Target, Target),
    ) -> fmt::Result {
        write!(f, "br.{} {a}, {b}, ", op.name())?;
        self.targets(f, to.0, to.1)
    }

    fn targets(&self, f: &mut impl Write, first: Target, second: Target) -> fmt::Result {
        self.target(f, first)?;
        write!(f, ", ")?;
        self.target(f, second)
    }

    fn target(&self, f: &mut impl Write, target: Target) -> fmt::Result {
        write!(f, "{}", target.block)?;
        if target.args.is_empty() {
            Ok(())
        } else {
            self.arguments(f, target.args)
        }
    }

    fn call(&self, f: &mut impl Write, word: &str, callee: FuncId, args: ValueList) -> fmt::Result {
        write!(f, "{word} {}", quoted(&self.module.functions[callee].name))?;
        self.arguments(f, args)
    }

    fn arguments(&self, f: &mut impl Write, args: ValueList) -> fmt::Result {
        write!(f, "(")?;
        separated(f, self.func.values_of(args))?;
        write!(f, ")")
    }

    fn address(&self, f: &mut impl Write, address: Address, class: Alias) -> fmt::Result {
        match address.base {
            Base::Value(value) => write!(f, "{value}")?,
            Base::Field(field) => write!(f, "state.{}", name(&self.module.fields[field].name))?,
        }
        if let Some((index, scale)) = address.index {
            write!(f, " + {index}*{scale}")?;
        }
        distance(f, i64::from(address.offset))?;
        write!(f, " !{}", name(self.module.alias_name(class)))
    }
}

fn distance(f: &mut impl Write, offset: i64) -> fmt::Result {
    match offset {
        0 => Ok(()),
        1.. => write!(f, " + {offset}"),
        _ => write!(f, " - {}", offset.unsigned_abs()),
    }
}

fn separated(f: &mut impl Write, items: &[impl Display]) -> fmt::Result {
    for (n, item) in items.iter().enumerate() {
        write!(f, "{}{item}", if n == 0 { "" } else { ", " })?;
    }
    Ok(())
}

/// A float as its shortest decimal form, or its bits where that would not read back as the same.
fn float(value: impl Display + Into<f64>, bits: u64) -> String {
    let text = value.to_string();
    let wide: f64 = value.into();
    if wide.is_finite() {
        text
    } else {
        format!("bits {bits:#x}")
    }
}

/// A name, quoted unless it is letters, digits, `_` and inner dots.
fn name(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if starts && text.chars().all(plain) {
        text.to_owned()
    } else {
        quoted(text)
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
