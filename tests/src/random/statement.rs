//! Random statements and methods.

use std::fmt::Write;

use super::expression::Scope;
use super::{Choice, Helper, Int, memory};

/// Depth of expressions.
const DEPTH: usize = 3;

/// Writes a helper method.
pub(super) fn helper(
    text: &mut String,
    class: &str,
    helper: &Helper,
    scope: &mut Scope,
    choice: &mut Choice,
) {
    scope.locals = helper
        .params
        .iter()
        .enumerate()
        .map(|(number, &ty)| (format!("p{number}"), ty))
        .collect();
    let params: Vec<String> = (0..helper.params.len())
        .map(|number| format!("p{number}"))
        .collect();
    let head: Vec<String> = helper
        .selector
        .split_inclusive(':')
        .zip(&params)
        .map(|(keyword, param)| format!("{keyword} {param}"))
        .collect();
    let types: Vec<String> = helper
        .params
        .iter()
        .map(|ty| format!("#{}", ty.name()))
        .collect();
    let _ = writeln!(
        text,
        "\n{{ #category : 'private' }}\n{class} >> {} [\n",
        head.join(" ")
    );
    let _ = writeln!(
        text,
        "\t<signature: #({}) returns: #{}>",
        types.join(" "),
        helper.result.name()
    );
    if choice.one_in(3) {
        text.push_str("\t<noInline: 'random'>\n");
    }
    let mut body = Body::new(scope, helper.params.len(), Some(helper.result));
    body.statements(choice.within(1, 4) as usize, 1, choice);
    let result = body.answer(choice);
    body.finish(text, &result);
}

/// Writes the test: fields get values, statements run, everything is printed.
pub(super) fn test(text: &mut String, class: &str, scope: &mut Scope, choice: &mut Choice) {
    let _ = writeln!(
        text,
        "\n{{ #category : 'private' }}\n{class} >> add: a to: b [\n\n\t<signature: #(#Int64 #Int64) returns: #Int64>"
    );
    let _ = writeln!(
        text,
        "\t^ (a + b) asInt64\n]\n\n{{ #category : 'private' }}\n{class} >> twist: a by: b [\n"
    );
    let _ = writeln!(
        text,
        "\t<signature: #(#Int64 #Int64) returns: #Int64>\n\t^ (a * 31 bitXor: b) asInt64\n]"
    );
    let _ = writeln!(text, "\n{{ #category : 'tests' }}\n{class} >> testRun [\n");
    scope.locals.clear();
    let mut body = Body::new(scope, 0, None);
    for number in 0..body.scope.fields.len() {
        let ty = body.scope.fields[number];
        let value = body.scope.of_type(ty, 1, choice);
        body.line(1, &format!("f{number} := {value}."));
    }
    body.line(
        1,
        &format!("operation := #{}.", choice.of(&["add:to:", "twist:by:"])),
    );
    let count = choice.within(4, 12) as usize;
    body.statements(count, 1, choice);
    body.print_all(choice);
    body.finish(text, "");
}

/// The statements of a method so far.
struct Body<'a> {
    scope: &'a mut Scope,
    lines: String,
    /// Temporaries.
    names: Vec<String>,
    n_params: usize,
    /// The type of what the method answers; none in a test.
    result: Option<Int>,
    n_indices: usize,
}

impl<'a> Body<'a> {
    fn new(scope: &'a mut Scope, n_params: usize, result: Option<Int>) -> Self {
        Body {
            scope,
            lines: String::new(),
            names: Vec::new(),
            n_params,
            result,
            n_indices: 0,
        }
    }

    fn line(&mut self, indent: usize, line: &str) {
        let _ = writeln!(self.lines, "{}{line}", "\t".repeat(indent));
    }

    fn finish(self, text: &mut String, last: &str) {
        if !self.names.is_empty() {
            let _ = writeln!(text, "\t| {} |", self.names.join(" "));
        }
        let _ = writeln!(text, "{}{last}]", self.lines);
    }

    fn answer(&mut self, choice: &mut Choice) -> String {
        let ty = self.result.unwrap_or(Int::INT64);
        format!("\t^ {}\n", self.scope.of_type(ty, DEPTH, choice))
    }

    fn statements(&mut self, count: usize, indent: usize, choice: &mut Choice) {
        for _ in 0..count {
            self.statement(indent, choice);
        }
    }

    fn statement(&mut self, indent: usize, choice: &mut Choice) {
        match choice.within(0, 19) {
            // A temporary is made where it is assigned on every path to what follows.
            0..=3 if indent == 1 => self.new_local(choice),
            0..=4 => self.assign(indent, choice),
            5 => self.checked(indent, choice),
            6 | 7 => self.store_field(indent, choice),
            8 | 9 => {
                let line = memory::write(self.scope, choice);
                self.line(indent, &format!("{line}."));
            }
            10 => self.load(indent, choice),
            11 | 12 => self.choice(indent, choice),
            13..=15 if self.scope.loops < 2 => self.repetition(indent, choice),
            16 => self.case(indent, choice),
            17 => self.real(indent, choice),
            18 if self.result.is_some() => {
                let condition = self.scope.condition(2, choice);
                let answer = self.answer(choice);
                self.line(
                    indent,
                    &format!("{condition} ifTrue: [ {} ].", answer.trim()),
                );
            }
            18 => {
                let value = self.scope.of_type(Int::UINT64, DEPTH, choice);
                self.line(indent, &format!("self print: {value}."));
            }
            _ => self.checked(indent, choice),
        }
    }

    fn new_local(&mut self, choice: &mut Choice) {
        let ty = if choice.one_in(3) {
            Int {
                signed: choice.coin(),
                bits: 64,
            }
        } else {
            Int::any(choice)
        };
        let value = self.scope.of_type(ty, DEPTH, choice);
        let name = format!("t{}", self.names.len());
        self.line(1, &format!("{name} := {value}."));
        self.names.push(name.clone());
        self.scope.locals.push((name, ty));
    }

    fn assign(&mut self, indent: usize, choice: &mut Choice) {
        let Some((name, ty)) = self.temporary(choice) else {
            return self.store_field(indent, choice);
        };
        let value = self.scope.of_type(ty, DEPTH, choice);
        self.line(indent, &format!("{name} := {value}."));
    }

    /// A temporary that may be assigned: parameters may not.
    fn temporary(&self, choice: &mut Choice) -> Option<(String, Int)> {
        let temporaries = &self.scope.locals[self.n_params.min(self.scope.locals.len())..];
        (!temporaries.is_empty()).then(|| choice.of(temporaries).clone())
    }

    /// A sum, difference or product that is checked where it is assigned.
    fn checked(&mut self, indent: usize, choice: &mut Choice) {
        let Some((name, ty)) = self.temporary(choice) else {
            return self.store_field(indent, choice);
        };
        let op = *choice.of(&["+", "+", "-", "*"]);
        let amount = match ty.bits {
            // Often too much: the program traps, or it does not.
            64 if choice.coin() => format!(
                "({} bitOr: {})",
                self.scope.of_type(ty, 1, choice),
                choice.bits() >> choice.within(1, 40)
            ),
            33.. if choice.one_in(4) => self.scope.of_type(ty, 1, choice),
            17.. => choice.within(0, 30).to_string(),
            _ => choice.within(0, 2).to_string(),
        };
        self.line(indent, &format!("{name} := {name} {op} {amount}."));
    }

    /// A sum, difference or product of a signed and an unsigned word, which the field's type checks.
    fn of_both_signs(&self, choice: &mut Choice) -> String {
        let mut operand = |ty: Int| {
            let word = self.scope.of_type(ty, 1, choice);
            match choice.one_in(3) {
                true => word,
                // Small enough that not every program traps.
                false => format!("(({word} >> {}) as{})", choice.within(24, 62), ty.name()),
            }
        };
        let (a, b) = (operand(Int::UINT64), operand(Int::INT64));
        let op = *choice.of(&["+", "-", "*"]);
        match choice.coin() {
            true => format!("{a} {op} {b}"),
            false => format!("{b} {op} {a}"),
        }
    }

    fn store_field(&mut self, indent: usize, choice: &mut Choice) {
        let number = choice.within(0, self.scope.fields.len() as u64 - 1) as usize;
        let ty = self.scope.fields[number];
        let line = match choice.within(0, 6) {
            6 if ty.bits == 64 => format!("f{number} := {}.", self.of_both_signs(choice)),
            0 => format!("flag := {}.", self.scope.condition(DEPTH, choice)),
            1 => format!(
                "cells at: {} put: {}.",
                self.scope.index(5, choice),
                self.scope.of_type(
                    Int {
                        signed: true,
                        bits: 32
                    },
                    DEPTH,
                    choice
                )
            ),
            2 if choice.one_in(4) && ty.bits > 16 => format!(
                "f{number} := {} asInt40.",
                self.scope.number(2, choice).text
            ),
            _ => format!("f{number} := {}.", self.scope.of_type(ty, DEPTH, choice)),
        };
        self.line(indent, &line);
    }

    fn load(&mut self, indent: usize, choice: &mut Choice) {
        let (value, _) = memory::read(self.scope, choice);
        match self.temporary(choice) {
            Some((name, ty)) => self.line(indent, &format!("{name} := {value} as{}.", ty.name())),
            None => self.line(
                indent,
                &format!("f0 := {value} as{}.", self.scope.fields[0].name()),
            ),
        }
    }

    fn real(&mut self, indent: usize, choice: &mut Choice) {
        let value = self.scope.real(DEPTH, choice);
        let line = match choice.within(0, 3) {
            0 => format!("single := {value} asFloat32."),
            1 => "cells at: 1 put: ((real abs < 1.0e15 ifTrue: [ real truncated ] ifFalse: [ 7 asInt64 ]) asInt32).".to_owned(),
            _ => format!("real := {value}."),
        };
        self.line(indent, &line);
    }

    fn nested(&mut self, indent: usize, choice: &mut Choice) {
        let count = choice.within(1, 2) as usize;
        self.statements(count, indent, choice);
    }

    fn choice(&mut self, indent: usize, choice: &mut Choice) {
        let condition = self.scope.condition(DEPTH, choice);
        let arms = *choice.of(&["ifTrue:", "ifFalse:", "both"]);
        self.line(indent, &condition);
        let first = if arms == "both" { "ifTrue:" } else { arms };
        self.line(indent + 1, &format!("{first} ["));
        self.nested(indent + 2, choice);
        if arms == "both" {
            self.line(indent + 1, "]");
            self.line(indent + 1, "ifFalse: [");
            self.nested(indent + 2, choice);
        }
        self.line(indent + 1, "].");
    }

    fn repetition(&mut self, indent: usize, choice: &mut Choice) {
        self.scope.loops += 1;
        let calls = self.scope.calls;
        self.scope.calls = calls && self.scope.loops < 2;
        let name = format!("i{}", self.n_indices);
        self.n_indices += 1;
        let count = choice.within(0, 6);
        let (head, index) = match choice.within(0, 5) {
            0 | 1 => (format!("1 to: {count} do: [ :{name} |"), Some(Int::INT64)),
            2 => {
                let (from, by) = (choice.within(0, 9), *choice.of(&[1_i64, 2, 3, -1, -2]));
                let to = if by < 0 { 0 } else { from + count };
                (
                    format!("{from} to: {to} by: {by} do: [ :{name} |"),
                    Some(Int::INT64),
                )
            }
            3 => (format!("{count} timesRepeat: ["), None),
            4 => {
                let start = self.scope.of_type(Int::INT64, 1, choice);
                (
                    format!("self from: {start} count: {count} do: [ :{name} |"),
                    Some(Int::INT64),
                )
            }
            _ => {
                self.scope.loops -= 1;
                self.scope.calls = calls;
                return self.conditional_loop(indent, choice);
            }
        };
        self.line(indent, &head);
        self.scope.indices.extend(index.map(|ty| (name, ty)));
        self.nested(indent + 1, choice);
        if index.is_some() {
            self.scope.indices.pop();
        }
        self.line(indent, "].");
        self.scope.loops -= 1;
        self.scope.calls = calls;
    }

    /// A loop that a counter of its own ends.
    fn conditional_loop(&mut self, indent: usize, choice: &mut Choice) {
        let counter = format!("n{}", self.n_indices);
        self.n_indices += 1;
        self.names.push(counter.clone());
        let limit = choice.within(1, 6);
        self.line(indent, &format!("{counter} := 0."));
        self.scope.loops += 1;
        let calls = std::mem::replace(&mut self.scope.calls, false);
        self.scope.indices.push((counter.clone(), Int::INT64));
        match choice.within(0, 2) {
            0 => self.line(indent, &format!("[ {counter} < {limit} ] whileTrue: [")),
            1 => self.line(indent, &format!("[ {counter} >= {limit} ] whileFalse: [")),
            _ => self.line(indent, "["),
        }
        let is_open = self.lines.ends_with("\t[\n");
        self.line(indent + 1, &format!("{counter} := {counter} + 1."));
        self.nested(indent + 1, choice);
        if is_open {
            self.line(indent + 1, &format!("{counter} < {limit} ] whileTrue."));
        } else {
            self.line(indent, "].");
        }
        self.scope.indices.pop();
        self.scope.calls = calls;
        self.scope.loops -= 1;
    }

    fn case(&mut self, indent: usize, choice: &mut Choice) {
        let dense = choice.coin();
        let mask = if dense { 7 } else { 1023 };
        let scrutinee = self.scope.number(2, choice).text;
        self.line(indent, &format!("({scrutinee} bitAnd: {mask}) caseOf: {{"));
        let count = choice.within(2, 7);
        let mut used = Vec::new();
        for _ in 0..count {
            let constant = choice.within(0, mask);
            if used.contains(&constant) {
                continue;
            }
            used.push(constant);
            let separator = if used.len() > 1 { ". " } else { "" };
            self.line(indent + 1, &format!("{separator}([ {constant} ] -> ["));
            self.statement(indent + 2, choice);
            self.line(indent + 1, "])");
        }
        self.line(indent, "} otherwise: [");
        self.statement(indent + 1, choice);
        self.line(indent, "].");
    }

    /// Prints every field and temporary.
    fn print_all(&mut self, choice: &mut Choice) {
        let fields = (0..self.scope.fields.len()).map(|number| format!("f{number}"));
        let locals = self.scope.locals.iter().map(|(name, _)| name.clone());
        let elements = (1..=5).map(|index| format!("(cells at: {index})"));
        let words = (1..=8).map(|index| format!("(bytes at: {index})"));
        let all: Vec<String> = fields.chain(locals).chain(elements).chain(words).collect();
        for value in all {
            self.line(1, &format!("self print: {value} asUInt64."));
        }
        let (a, b) = (
            self.scope.of_type(Int::INT64, 1, choice),
            self.scope.of_type(Int::INT64, 1, choice),
        );
        self.line(
            1,
            &format!("self print: (operation value: {a} value: {b}) asUInt64."),
        );
        self.line(1, "self print: flag asBit asUInt64.");
        self.line(1, "self printFloat: real.");
        self.line(1, "self printFloat: single asFloat64.");
    }
}
