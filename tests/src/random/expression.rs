//! Random expressions with their bounds.

use super::{Choice, Helper, Int};

/// What an expression may name.
pub(super) struct Scope {
    /// Types of the fields `f0` … `f3`.
    pub(super) fields: Vec<Int>,
    /// Methods that may be called.
    pub(super) helpers: Vec<Helper>,
    /// Assigned locals and parameters that may be read.
    pub(super) locals: Vec<(String, Int)>,
    /// Block parameters, which are read only.
    pub(super) indices: Vec<(String, Int)>,
    /// How deep loops are nested.
    pub(super) loops: usize,
    /// Calls are allowed.
    pub(super) calls: bool,
}

/// An integer expression in parentheses where it needs them.
#[derive(Clone, Debug)]
pub(super) struct Number {
    pub(super) text: String,
    pub(super) low: i128,
    pub(super) high: i128,
}

const LEAST: i128 = i64::MIN as i128;
const GREATEST: i128 = u64::MAX as i128;

impl Number {
    fn new(text: impl Into<String>, low: i128, high: i128) -> Self {
        Number {
            text: text.into(),
            low,
            high,
        }
    }

    fn of(text: impl Into<String>, ty: Int) -> Self {
        Number::new(text, ty.low(), ty.high())
    }

    /// A machine word holds every value.
    pub(super) fn fits(&self) -> bool {
        self.low >= LEAST && self.high <= i64::MAX.into() || self.low >= 0 && self.high <= GREATEST
    }
}

impl Scope {
    pub(super) fn new(fields: Vec<Int>) -> Self {
        Scope {
            fields,
            helpers: Vec::new(),
            locals: Vec::new(),
            indices: Vec::new(),
            loops: 0,
            calls: true,
        }
    }

    /// An integer expression that fits a machine word without a check.
    pub(super) fn number(&self, depth: usize, choice: &mut Choice) -> Number {
        let number = self.any_number(depth, choice);
        if number.fits() {
            return number;
        }
        let ty = if choice.coin() {
            Int::INT64
        } else {
            Int::UINT64
        };
        truncated(&number.text, ty)
    }

    /// An integer expression of a type: by truncation, which reaches through what is above.
    pub(super) fn of_type(&self, ty: Int, depth: usize, choice: &mut Choice) -> String {
        if choice.one_in(4)
            && let Some((name, _)) = self.locals.iter().find(|(_, known)| *known == ty)
        {
            return name.clone();
        }
        truncated(&self.wrapping(depth, choice).text, ty).text
    }

    /// An expression under a truncation: may leave 64 bits in between.
    fn wrapping(&self, depth: usize, choice: &mut Choice) -> Number {
        if depth == 0 || choice.one_in(4) {
            return self.number(depth.saturating_sub(1), choice);
        }
        if choice.one_in(8) {
            return self.wrapping_conditional(depth, choice);
        }
        let a = self.wrapping(depth - 1, choice).text;
        if choice.one_in(12) {
            let text = format!("({a} \\\\ {})", 1_i128 << choice.within(1, 64));
            return Number::new(text, i128::MIN, i128::MAX);
        }
        let op = *choice.of(&[
            "+", "-", "*", "bitAnd:", "bitOr:", "bitXor:", "<<", "+", "*",
        ]);
        let b = match op {
            "<<" if choice.coin() => choice.within(0, 63).to_string(),
            "<<" => format!("({} bitAnd: 63)", self.atom(choice).text),
            _ => self.wrapping(depth - 1, choice).text,
        };
        Number::new(format!("({a} {op} {b})"), i128::MIN, i128::MAX)
    }

    /// A conditional whose arms have a type in common, which may hold none of their values.
    fn wrapping_conditional(&self, depth: usize, choice: &mut Choice) -> Number {
        let ty = Int::any(choice);
        let condition = self.condition(depth - 1, choice);
        let mut arm = || {
            let (a, b) = (
                self.of_type(ty, depth - 1, choice),
                self.of_type(ty, depth - 1, choice),
            );
            format!("({a} {} {b})", choice.of(&["+", "-", "*"]))
        };
        let text = format!("({condition} ifTrue: [ {} ] ifFalse: [ {} ])", arm(), arm());
        Number::new(text, i128::MIN, i128::MAX)
    }

    fn any_number(&self, depth: usize, choice: &mut Choice) -> Number {
        if depth == 0 {
            return self.atom(choice);
        }
        match choice.within(0, 15) {
            0..=4 => self.arithmetic(depth, choice),
            5 => self.division(depth, choice),
            6 | 7 => self.shift(depth, choice),
            8 => self.bitwise(depth, choice),
            9 | 10 => self.unary(depth, choice),
            11 => truncated(&self.wrapping(depth, choice).text, Int::any(choice)),
            12 => self.conditional(depth, choice),
            13 => self.if_overflow(depth, choice),
            14 if self.calls => self.call(choice),
            _ => self.atom(choice),
        }
    }

    /// A constant, a variable, an element, a field.
    fn atom(&self, choice: &mut Choice) -> Number {
        match choice.within(0, 9) {
            0..=2 => constant(choice),
            3 => {
                let number = choice.within(0, self.fields.len() as u64 - 1) as usize;
                Number::of(format!("f{number}"), self.fields[number])
            }
            4 => Number::of(
                format!("(cells at: {})", self.index(5, choice)),
                Int {
                    signed: true,
                    bits: 32,
                },
            ),
            5 if !self.indices.is_empty() => {
                let (name, ty) = choice.of(&self.indices).clone();
                Number::of(name, ty)
            }
            _ if !self.locals.is_empty() => {
                let (name, ty) = choice.of(&self.locals).clone();
                Number::of(name, ty)
            }
            _ => constant(choice),
        }
    }

    /// An index from 1 to `size`; once in a while it may be outside.
    pub(super) fn index(&self, size: u64, choice: &mut Choice) -> String {
        if choice.one_in(3) || self.locals.is_empty() {
            return choice.within(1, size).to_string();
        }
        let (name, _) = choice.of(&self.locals);
        format!(
            "({name} \\\\ {size}) + {}",
            if choice.one_in(60) { 2 } else { 1 }
        )
    }

    fn arithmetic(&self, depth: usize, choice: &mut Choice) -> Number {
        let (a, b) = (
            self.number(depth - 1, choice),
            self.number(depth - 1, choice),
        );
        let corners = |op: fn(i128, i128) -> Option<i128>| {
            let all = [
                op(a.low, b.low),
                op(a.low, b.high),
                op(a.high, b.low),
                op(a.high, b.high),
            ];
            let all = all.map(|corner| corner.unwrap_or(i128::MAX));
            (
                all.into_iter().min().unwrap_or(i128::MIN),
                all.into_iter().max().unwrap_or(i128::MAX),
            )
        };
        let (op, (low, high)) = match choice.within(0, 4) {
            0 | 1 => ("+", corners(i128::checked_add)),
            2 => ("-", corners(i128::checked_sub)),
            3 => ("*", corners(i128::checked_mul)),
            _ => {
                let ty = Int::any(choice);
                let (a, b) = (
                    self.of_type(ty, depth - 1, choice),
                    self.of_type(ty, depth - 1, choice),
                );
                return Number::of(format!("({a} {} {b})", choice.of(&["max:", "min:"])), ty);
            }
        };
        Number::new(format!("({} {op} {})", a.text, b.text), low, high)
    }

    fn division(&self, depth: usize, choice: &mut Choice) -> Number {
        let a = self.number(depth - 1, choice);
        let op = *choice.of(&["//", "\\\\", "quo:", "rem:"]);
        let divisor = match choice.within(0, 3) {
            0 => choice
                .of(&[1_i64, 2, 3, 7, 8, 10, 64, 1000, 1 << 40])
                .to_string(),
            1 => choice.of(&[-2_i64, -3, -8, -1000]).to_string(),
            2 => format!("(({} bitAnd: 255) + 1)", self.atom(choice).text),
            _ if choice.one_in(20) => format!("({} bitAnd: 7)", self.atom(choice).text),
            _ => format!("(({} bitAnd: 65535) + 2)", self.atom(choice).text),
        };
        let reach = a.low.abs().max(a.high.abs()).max(1 << 41);
        let low = if a.low >= 0 && !divisor.starts_with('-') {
            0
        } else {
            -reach
        };
        truncated(
            &format!("({} {op} {divisor})", a.text),
            if low < 0 { Int::INT64 } else { Int::UINT64 },
        )
    }

    fn shift(&self, depth: usize, choice: &mut Choice) -> Number {
        let a = self.number(depth - 1, choice);
        let count = choice.within(0, 63);
        if choice.coin() {
            let text = if choice.coin() {
                count.to_string()
            } else {
                format!("({} bitAnd: 63)", self.atom(choice).text)
            };
            return Number::new(
                format!("({} >> {text})", a.text),
                a.low.min(0),
                a.high.max(0),
            );
        }
        let mask = (1_i128 << choice.within(1, 63 - count.min(62))) - 1;
        let small = format!("({} bitAnd: {mask})", a.text);
        let op = *choice.of(&["<<", "bitShift:"]);
        Number::new(format!("({small} {op} {count})"), 0, mask << count)
    }

    fn bitwise(&self, depth: usize, choice: &mut Choice) -> Number {
        let ty = Int::any(choice);
        let (a, b) = (
            self.of_type(ty, depth - 1, choice),
            self.of_type(ty, depth - 1, choice),
        );
        let op = *choice.of(&["bitAnd:", "bitOr:", "bitXor:", "bitClear:"]);
        Number::of(format!("({a} {op} {b})"), ty)
    }

    fn unary(&self, depth: usize, choice: &mut Choice) -> Number {
        let a = self.number(depth - 1, choice);
        let unsigned = format!("({} asUInt64)", a.text);
        match choice.within(0, 10) {
            0 => Number::new(format!("({} negated)", a.text), -a.high, -a.low),
            1 => Number::new(
                format!("({} abs)", a.text),
                0,
                a.low.abs().max(a.high.abs()),
            ),
            2 => Number::new(format!("({} bitInvert)", a.text), -1 - a.high, -1 - a.low),
            3 => {
                let op = *choice.of(&[
                    "highBit",
                    "lowBit",
                    "bitCount",
                    "leadingZeros",
                    "trailingZeros",
                ]);
                Number::new(format!("({unsigned} {op})"), 0, 64)
            }
            4 => Number::of(format!("({unsigned} byteSwap64)"), Int::UINT64),
            5 => Number::of(
                format!("({} asUInt32 byteSwap32)", a.text),
                Int {
                    signed: false,
                    bits: 32,
                },
            ),
            6 => Number::of(
                format!("({} asUInt16 byteSwap16)", a.text),
                Int {
                    signed: false,
                    bits: 16,
                },
            ),
            7 => {
                let op = *choice.of(&["rotateLeft:", "rotateRight:"]);
                Number::of(
                    format!("({unsigned} {op} ({} bitAnd: 63))", self.atom(choice).text),
                    Int::UINT64,
                )
            }
            8 => Number::of(
                format!(
                    "({unsigned} multiplyHighUnsigned: ({} asUInt64))",
                    self.atom(choice).text
                ),
                Int::UINT64,
            ),
            9 => self.upper_half(choice),
            _ => Number::new(
                format!("({} asBit)", self.condition(depth - 1, choice)),
                0,
                1,
            ),
        }
    }

    /// The upper half of a product that needs 126 bits or more.
    fn upper_half(&self, choice: &mut Choice) -> Number {
        let number = choice.within(0, self.fields.len() as u64 - 1);
        let other = self.atom(choice).text;
        let text = format!(
            "(((f{number} asUInt64 bitOr: 16r8000000000000000) * ({other} asUInt64 bitOr: 16r4000000000000000)) >> 64)"
        );
        Number::of(text, Int::UINT64)
    }

    fn conditional(&self, depth: usize, choice: &mut Choice) -> Number {
        let ty = Int::any(choice);
        let condition = self.condition(depth - 1, choice);
        let (a, b) = (
            self.of_type(ty, depth - 1, choice),
            self.of_type(ty, depth - 1, choice),
        );
        // Two constants make an `Int64`, whatever they were truncated to.
        let text = if choice.one_in(4) && ty != Int::UINT64 {
            format!("(self choose: {condition} from: [ {a} ] or: [ {b} ])")
        } else {
            format!("({condition} ifTrue: [ {a} ] ifFalse: [ {b} ])")
        };
        Number::of(text, ty)
    }

    fn if_overflow(&self, depth: usize, choice: &mut Choice) -> Number {
        let op = *choice.of(&["+", "-", "*"]);
        let (a, b) = (
            self.of_type(Int::INT64, depth - 1, choice),
            self.of_type(Int::INT64, depth - 1, choice),
        );
        let otherwise = self.of_type(Int::INT64, depth - 1, choice);
        Number::of(
            format!("(({a} {op} {b}) ifOverflow: [ {otherwise} ])"),
            Int::INT64,
        )
    }

    fn call(&self, choice: &mut Choice) -> Number {
        if self.helpers.is_empty() {
            return self.atom(choice);
        }
        let helper = choice.of(&self.helpers).clone();
        let mut text = String::from("(self");
        let mut keywords = helper.selector.split_inclusive(':');
        for &param in &helper.params {
            text.push_str(&format!(
                " {} {}",
                keywords.next().unwrap_or_default(),
                self.of_type(param, 1, choice)
            ));
        }
        text.push(')');
        Number::of(text, helper.result)
    }

    /// A Boolean expression in parentheses.
    pub(super) fn condition(&self, depth: usize, choice: &mut Choice) -> String {
        let depth = depth.saturating_sub(1);
        match choice.within(0, 11) {
            0 => "flag".to_owned(),
            1 => format!("({} not)", self.condition(depth, choice)),
            2 if depth > 0 => format!(
                "({} and: [ {} ])",
                self.condition(depth, choice),
                self.condition(depth, choice)
            ),
            3 if depth > 0 => format!(
                "({} or: [ {} ])",
                self.condition(depth, choice),
                self.condition(depth, choice)
            ),
            4 if depth > 0 => {
                let op = *choice.of(&["&", "|", "xor:", "="]);
                format!(
                    "({} {op} {})",
                    self.condition(depth, choice),
                    self.condition(depth, choice)
                )
            }
            5 => {
                let op = *choice.of(&["isZero", "even", "odd"]);
                format!("({} {op})", self.number(depth, choice).text)
            }
            6 => format!(
                "({} {} {})",
                self.real(depth, choice),
                comparison(choice),
                self.real(depth, choice)
            ),
            7 => {
                let op = *choice.of(&["anyMask:", "allMask:", "noMask:"]);
                format!(
                    "({} {op} {})",
                    self.number(depth, choice).text,
                    choice.within(1, 255)
                )
            }
            8 => {
                let (low, high) = (choice.within(0, 100), choice.within(100, 10_000));
                format!(
                    "({} between: {low} and: {high})",
                    self.number(depth, choice).text
                )
            }
            _ => format!(
                "({} {} {})",
                self.number(depth, choice).text,
                comparison(choice),
                self.number(depth, choice).text
            ),
        }
    }

    /// A `Float64` expression in parentheses.
    pub(super) fn real(&self, depth: usize, choice: &mut Choice) -> String {
        let less = depth.saturating_sub(1);
        match choice.within(0, 9) {
            0 | 1 => choice
                .of(&["0.0", "1.5", "-2.25", "1.0e300", "3.0e-5", "1.0e15", "0.1"])
                .to_string(),
            2 => "(single asFloat64)".to_owned(),
            3 if depth > 0 => format!("({} asFloat64)", self.number(less, choice).text),
            4..=6 if depth > 0 => {
                let op = *choice.of(&["+", "-", "*", "/"]);
                format!(
                    "({} {op} {})",
                    self.real(less, choice),
                    self.real(less, choice)
                )
            }
            7 if depth > 0 => {
                // What is floored is often less than zero and no whole number.
                let op = *choice.of(&["negated", "abs", "sqrt", "- 0.75) floor"]);
                let open = if op.contains(')') { "((" } else { "(" };
                format!("{open}{} {op})", self.real(less, choice))
            }
            8 if depth > 0 => {
                let condition = self.condition(less, choice);
                format!(
                    "({condition} ifTrue: [ {} ] ifFalse: [ {} ])",
                    self.real(less, choice),
                    self.real(less, choice)
                )
            }
            _ => "real".to_owned(),
        }
    }
}

fn truncated(text: &str, ty: Int) -> Number {
    Number::of(format!("({text} as{})", ty.name()), ty)
}

fn comparison(choice: &mut Choice) -> &'static str {
    choice.of::<&'static str>(&["<", "<=", ">", ">=", "=", "~="])
}

/// A constant near an edge, or a small one.
fn constant(choice: &mut Choice) -> Number {
    let value = match choice.within(0, 5) {
        0 => i128::from(choice.within(0, 9)),
        1 => -i128::from(choice.within(1, 200)),
        2 => {
            let edge = 1_i128 << choice.within(0, 63);
            edge + i128::from(choice.within(0, 2)) - 1
        }
        3 => {
            let edge = -(1_i128 << choice.within(0, 62));
            edge + i128::from(choice.within(0, 2)) - 1
        }
        4 => i128::from(choice.bits()),
        _ => i128::from(choice.bits() as i32),
    };
    let text = if value < 0 {
        format!("({value})")
    } else {
        value.to_string()
    };
    Number::new(text, value, value)
}
