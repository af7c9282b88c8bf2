//! Random methods: compiled in every way they do what the interpreter of trees does.

use std::fmt::Write;

use super::support::{Class, Variant};
use super::world::Value;
use super::{VARIANTS, machine, reference};

/// Methods in one run of the test.
const METHODS: u64 = 600;

const HEADER: &str =
    "Class { #name : 'Example', #instVars : [ 'first', 'second' ], #classVars : [ 'Shared' ] }\n\n";

/// A generator of methods. Conditions are always Booleans; everything else may be anything.
struct Generator {
    state: u64,
    text: String,
    /// Names in reach: the temporaries can be assigned.
    temps: Vec<&'static str>,
    params: Vec<&'static str>,
    /// What may still be written.
    budget: u32,
}

const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
const PARAMS: [&str; 4] = ["p", "q", "r", "s"];

impl Generator {
    fn new(seed: u64) -> Self {
        Generator {
            state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1,
            text: String::new(),
            temps: Vec::new(),
            params: vec!["x"],
            budget: 60,
        }
    }

    /// A number below `limit`.
    fn below(&mut self, limit: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from((self.state >> 33) % limit as u64).unwrap()
    }

    fn write(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn method(mut self) -> String {
        self.write("Example >> foo: x [\n");
        self.body(0, false);
        self.write("\n]\n");
        format!("{HEADER}{}", self.text)
    }

    /// Temporaries and statements; the names go out of reach behind it.
    fn body(&mut self, depth: usize, with_return: bool) {
        let (temps, params) = (self.temps.len(), self.params.len());
        let count = self.below(3);
        let mut names: Vec<&'static str> = Vec::new();
        for _ in 0..count {
            let name = NAMES[self.below(NAMES.len())];
            if !names.contains(&name) {
                names.push(name);
            }
        }
        if !names.is_empty() {
            let _ = writeln!(self.text, "| {} |", names.join(" "));
        }
        self.temps.extend(names);
        for _ in 0..=self.below(3) {
            self.statement(depth);
            self.write(".\n");
        }
        match self.below(if with_return { 8 } else { 3 }) {
            0 => {
                self.write("^ ");
                self.value(depth + 1);
            }
            1 | 2 => self.value(depth + 1),
            _ => {}
        }
        self.temps.truncate(temps);
        self.params.truncate(params);
    }

    fn block(&mut self, params: usize, depth: usize) {
        self.write("[ ");
        let names = self.params.len();
        for _ in 0..params {
            let name = PARAMS[self.below(PARAMS.len())];
            // Two parameters of one block must differ.
            let name = match self.params[names..].contains(&name) {
                true => continue,
                false => name,
            };
            let _ = write!(self.text, ":{name} ");
            self.params.push(name);
            // What is in reach again behind the block must not be assigned in it.
        }
        if self.params.len() > names {
            self.write("| ");
        }
        self.body(depth + 1, true);
        self.params.truncate(names);
        self.write(" ]");
    }

    fn statement(&mut self, depth: usize) {
        let choice = self.below(14);
        if depth > 4 || self.budget == 0 {
            return self.note(depth);
        }
        self.budget -= 1;
        match choice {
            0..=2 => self.assignment(depth),
            3 => self.note(depth),
            4 => {
                self.write("self keep: ");
                self.block(0, depth);
            }
            5 => self.conditional(depth),
            6 | 7 => self.counted(depth),
            8 => {
                let name = NAMES[self.below(NAMES.len())];
                if !self.temps.contains(&name) {
                    return self.note(depth);
                }
                let _ = write!(
                    self.text,
                    "{name} := 0. [ self note: 0. ({name} := {name} + 1) < 4 ] whileTrue: "
                );
                self.block(0, depth);
            }
            9 => {
                self.write("3 timesRepeat: ");
                self.block(0, depth);
            }
            10 => {
                self.write("[ self note: 7. ");
                self.condition(depth);
                self.write(" ] whileFalse: ");
                self.block(0, depth);
            }
            11 => {
                self.write("[ self note: 8. ");
                self.condition(depth);
                self.write(" ifTrue: [ ^ 5 ] ] repeat");
            }
            _ => self.value(depth),
        }
    }

    fn note(&mut self, depth: usize) {
        let receivers = ["self", "self", "self", "super"];
        let receiver = receivers[self.below(4)];
        let _ = write!(self.text, "{receiver} note: (");
        self.value(depth + 2);
        self.write(")");
    }

    fn assignment(&mut self, depth: usize) {
        let choice = self.below(self.temps.len() + 3);
        let name = match choice {
            0 => "first",
            1 => "second",
            2 => "Shared",
            _ => self.temps[choice - 3],
        };
        // A parameter of the same name may hide the temporary.
        let _ = write!(self.text, "{name} := ");
        self.value(depth + 1);
    }

    fn conditional(&mut self, depth: usize) {
        self.condition(depth);
        let forms: [&[&str]; 4] = [
            &["ifTrue:"],
            &["ifFalse:"],
            &["ifTrue:", "ifFalse:"],
            &["ifFalse:", "ifTrue:"],
        ];
        for part in forms[self.below(4)] {
            let _ = write!(self.text, " {part} ");
            self.block(0, depth);
        }
    }

    fn counted(&mut self, depth: usize) {
        let forms = ["1 to: 3 do: ", "5 to: 1 by: -2 do: ", "1 to: x do: "];
        match self.below(4) {
            3 => {
                self.write("1 to: (self note: 2) do: ");
            }
            form => self.write(forms[form]),
        }
        let names = self.params.len();
        self.write("[ :p | self note: p. ");
        self.params.push("p");
        self.statement(depth + 1);
        self.write(". ");
        let shared = self.temps.last().copied();
        if let Some(temp) = shared.filter(|_| self.below(2) == 0) {
            let _ = write!(self.text, "{temp} := p. ");
        }
        self.write("self keep: [ p");
        if let Some(temp) = shared {
            let _ = write!(self.text, " + ({temp} ifNil: [ 0 ])");
        }
        self.write(" ] ]");
        self.params.truncate(names);
    }

    /// In parentheses.
    fn condition(&mut self, depth: usize) {
        self.write("(");
        match self.below(if depth > 4 { 3 } else { 5 }) {
            0 => self.write("true"),
            1 | 2 => {
                self.operand(depth);
                let comparisons = [" < ", " <= ", " = ", " == "];
                let comparison = comparisons[self.below(4)];
                self.write(comparison);
                self.operand(depth);
            }
            kind => {
                self.condition(depth + 1);
                self.write(if kind == 3 { " and: [ " } else { " or: [ " });
                self.condition(depth + 1);
                self.write(" ]");
            }
        }
        self.write(")");
    }

    /// In parentheses, or a name or literal.
    fn operand(&mut self, depth: usize) {
        match self.below(3) {
            0 => {
                let numbers = ["0", "1", "2", "-1", "300", "-40000", "5"];
                let number = numbers[self.below(numbers.len())];
                self.write(number);
            }
            _ if depth > 5 || self.budget == 0 => self.name(),
            1 => self.name(),
            _ => {
                self.write("(");
                self.value(depth + 1);
                self.write(")");
            }
        }
    }

    fn name(&mut self) {
        let all: Vec<_> = self.temps.iter().chain(&self.params).copied().collect();
        let choice = self.below(all.len() + 3);
        let name = match choice {
            0 => "first",
            1 => "Shared",
            2 => "self",
            _ => all[choice - 3],
        };
        self.write(name);
    }

    fn value(&mut self, depth: usize) {
        if depth > 5 || self.budget == 0 {
            return self.operand(depth);
        }
        self.budget -= 1;
        match self.below(13) {
            0..=3 => self.operand(depth),
            4 => {
                self.operand(depth);
                let operators = [" + ", " - ", " * "];
                let operator = operators[self.below(3)];
                self.write(operator);
                self.operand(depth);
            }
            5 => self.conditional(depth),
            6 => {
                self.operand(depth);
                let nil_tests = [" ifNil: ", " ifNotNil: "];
                let test = self.below(2);
                self.write(nil_tests[test]);
                self.block(test, depth);
            }
            7 => {
                self.operand(depth);
                self.write(" ifNil: ");
                self.block(0, depth);
                self.write(" ifNotNil: ");
                self.block(1, depth);
            }
            8 => {
                self.block(0, depth);
                self.write(" value");
            }
            9 => {
                self.block(1, depth);
                self.write(" value: ");
                self.operand(depth);
            }
            10 => {
                self.write("self run: ");
                self.block(0, depth);
            }
            11 => {
                self.write("{ ");
                self.operand(depth);
                self.write(". ");
                self.operand(depth);
                self.write(" }");
            }
            _ => {
                self.write("self note: ");
                self.operand(depth);
                self.write("; note: ");
                self.operand(depth);
                self.write("; yourself");
            }
        }
    }
}

/// What differs between the reference and one kind of code.
fn difference(text: &str, variant: Variant) -> Option<String> {
    let options = variant.options();
    let special = options.special_selectors.clone();
    let class = Class::read(text, options);
    let code = match class.code() {
        Ok(code) => code,
        Err(messages) => return Some(messages),
    };
    let argument = Value::Integer(2);
    let method = class.method();
    let expected = reference::run(method, std::slice::from_ref(&argument), &class.interner);
    let actual = machine::run(&code, vec![argument], &class.interner, &special);
    let name = variant.name;
    (expected != actual).then(|| {
        format!(
            "{text}\n{name}: {actual:#?}\nexpected: {expected:#?}\n{}",
            class.listing()
        )
    })
}

#[test]
fn random_methods_do_what_their_trees_say() {
    let mut finished = 0;
    for seed in 1..=METHODS {
        let text = Generator::new(seed).method();
        for variant in VARIANTS {
            if let Some(difference) = difference(&text, variant) {
                panic!("seed {seed}: {difference}");
            }
        }
        finished += 1;
    }
    assert_eq!(finished, METHODS);
}
