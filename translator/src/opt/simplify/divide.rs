//! Division: by powers of two, and by other constants through the high half of a product.
//!
//! Source: Granlund, Montgomery, "Division by Invariant Integers using Multiplication", PLDI 1994; Warren, "Hacker's Delight", chapter 10.

use crate::ir::{BinaryOp, Inst, IntCond, Type, UnaryOp, Value};
use crate::opt::values::{Outcome, Rewriter};

impl Rewriter<'_> {
    pub(super) fn division(&mut self, op: BinaryOp, a: Value, b: Value) -> Outcome {
        let natural = self.range(a).is_natural() && self.range(b).min > 0;
        match op {
            BinaryOp::Sdiv if natural => return Outcome::Inst(Inst::Binary(BinaryOp::Udiv, a, b)),
            BinaryOp::Srem if natural => return Outcome::Inst(Inst::Binary(BinaryOp::Urem, a, b)),
            _ => {}
        }
        if matches!(op, BinaryOp::Urem | BinaryOp::Srem)
            && natural
            && self.known(IntCond::Slt, a, b) == Some(true)
        {
            return Outcome::Value(a);
        }
        let Some(n) = self.constant(b) else {
            return Outcome::Keep;
        };
        match op {
            BinaryOp::Udiv => self.unsigned_quotient(a, n.cast_unsigned()),
            BinaryOp::Urem if n.cast_unsigned().is_power_of_two() => {
                self.binary_inst(BinaryOp::And, a, n.wrapping_sub(1))
            }
            BinaryOp::Sdiv => self.signed_quotient(a, n),
            BinaryOp::Srem | BinaryOp::Urem if n != 0 && n != i64::MIN => {
                let quotient = if op == BinaryOp::Srem {
                    BinaryOp::Sdiv
                } else {
                    BinaryOp::Udiv
                };
                let quotient = self.binary(quotient, a, b);
                let product = self.binary(BinaryOp::Mul, quotient, b);
                Outcome::Inst(Inst::Binary(BinaryOp::Sub, a, product))
            }
            _ => Outcome::Keep,
        }
    }

    fn unsigned_quotient(&mut self, a: Value, n: u64) -> Outcome {
        match n {
            0 => return Outcome::Keep,
            1 => return Outcome::Value(a),
            _ if n.is_power_of_two() => {
                return self.binary_inst(BinaryOp::Shr, a, i64::from(n.trailing_zeros()));
            }
            // At most one.
            _ if n > i64::MAX as u64 => {
                let bound = self.iconst(n.cast_signed());
                let at_least = self.emit(Inst::Icmp(IntCond::Uge, a, bound), Type::Bool);
                return Outcome::Inst(Inst::Unary(UnaryOp::B2i, at_least));
            }
            _ => {}
        }
        // multiplier = ceil(2^(64+shift) / n), with shift = ceil(log2 n): 65 bits in general.
        let shift = 64 - (n - 1).leading_zeros();
        let exact = (1u128 << 64) * ((1u128 << shift) - u128::from(n)) / u128::from(n) + 1;
        let low = u64::try_from(exact).unwrap_or(u64::MAX).cast_signed();
        if self.range(a).is_natural() {
            // One bit less is needed for 63-bit dividends, so that the multiplier fits 64 bits.
            let shift = shift - 1;
            let multiplier = (1u128 << (64 + shift)) / u128::from(n) + 1;
            let multiplier =
                self.iconst(u64::try_from(multiplier).unwrap_or(u64::MAX).cast_signed());
            let high = self.binary(BinaryOp::Mulhu, a, multiplier);
            return self.binary_inst(BinaryOp::Shr, high, i64::from(shift));
        }
        let multiplier = self.iconst(low);
        let high = self.binary(BinaryOp::Mulhu, a, multiplier);
        let rest = self.binary(BinaryOp::Sub, a, high);
        let half = self.binary_const(BinaryOp::Shr, rest, 1);
        let sum = self.binary(BinaryOp::Add, half, high);
        self.binary_inst(BinaryOp::Shr, sum, i64::from(shift) - 1)
    }

    fn signed_quotient(&mut self, a: Value, n: i64) -> Outcome {
        match n {
            0 | i64::MIN => return Outcome::Keep,
            1 => return Outcome::Value(a),
            // The least integer has no negation; its guard stays with the division.
            -1 => return Outcome::Keep,
            _ => {}
        }
        if n < 0 {
            let positive = self.binary_const(BinaryOp::Sdiv, a, -n);
            return Outcome::Inst(Inst::Unary(UnaryOp::Neg, positive));
        }
        if n.cast_unsigned().is_power_of_two() {
            let bits = i64::from(n.trailing_zeros());
            // What is added before the shift: n - 1 for negative dividends.
            let sign = self.binary_const(BinaryOp::Sar, a, 63);
            let bias = self.binary_const(BinaryOp::Shr, sign, 64 - bits);
            let sum = self.binary(BinaryOp::Add, a, bias);
            return self.binary_inst(BinaryOp::Sar, sum, bits);
        }
        let (multiplier, shift) = signed_magic(n);
        let multiplier_value = self.iconst(multiplier);
        let mut high = self.binary(BinaryOp::Mulhs, a, multiplier_value);
        if multiplier < 0 {
            high = self.binary(BinaryOp::Add, high, a);
        }
        let quotient = self.binary_const(BinaryOp::Sar, high, i64::from(shift));
        let sign = self.binary_const(BinaryOp::Shr, a, 63);
        Outcome::Inst(Inst::Binary(BinaryOp::Add, quotient, sign))
    }
}

/// Multiplier and shift for a divisor of at least 2 that is no power of two.
fn signed_magic(n: i64) -> (i64, u32) {
    let divisor = u128::from(n.unsigned_abs());
    // The smallest shift for which the multiplier's error is small enough for all dividends.
    let mut shift = 0;
    loop {
        let power = 1u128 << (64 + shift);
        let multiplier = power / divisor + 1;
        let error = multiplier * divisor - power;
        if error <= 1u128 << (shift + 1) {
            return ((multiplier as u64).cast_signed(), shift);
        }
        shift += 1;
    }
}

#[cfg(test)]
mod tests {
    use crate::base::EntityRef;
    use crate::ir::interpret::{End, run};
    use crate::ir::{BinaryOp, FuncId, parse_module};
    use crate::opt::{Context, values};

    const DIVISORS: [i64; 21] = [
        1,
        2,
        3,
        5,
        6,
        7,
        8,
        9,
        10,
        11,
        12,
        25,
        60,
        100,
        125,
        625,
        641,
        1000,
        1 << 31,
        (1 << 33) + 1,
        i64::MAX,
    ];
    const DIVIDENDS: [i64; 16] = [
        0,
        1,
        2,
        6,
        7,
        99,
        100,
        1 << 31,
        i64::MAX,
        i64::MAX - 1,
        i64::MIN,
        i64::MIN + 1,
        -1,
        -2,
        -7,
        -100,
    ];

    fn check(op: BinaryOp, divisor: i64, natural: bool) {
        let (extension, operand) = if natural {
            ("v3 = zext.63 v0", "v3")
        } else {
            ("", "v0")
        };
        let text = format!(
            "function \"f\" (v0: i64) -> i64 {{\nblock0(v0: i64):\n    v1 = iconst {divisor}\n    {extension}\n    \
             v2 = {} {operand}, v1\n    ret v2\n}}\n",
            op.name()
        );
        let before = parse_module(&text).expect("the text is right");
        let mut after = before.clone();
        let context = Context::for_tests(&before);
        assert!(
            values::run(&mut after.functions[FuncId::new(0)], &context),
            "{text}"
        );
        let result = after.text();
        assert!(
            !result.contains("div ") && !result.contains("rem "),
            "{result}"
        );
        for dividend in DIVIDENDS {
            let run_of = |module| run(module, FuncId::new(0), &[dividend], &[], 100).end;
            let expected = run_of(&before);
            assert!(matches!(expected, End::Returned(_)), "{expected:?}");
            assert_eq!(
                run_of(&after),
                expected,
                "{dividend} {} {divisor}\n{result}",
                op.name()
            );
        }
    }

    #[test]
    fn divisions_by_constants_agree_with_the_machine() {
        for op in [
            BinaryOp::Sdiv,
            BinaryOp::Udiv,
            BinaryOp::Srem,
            BinaryOp::Urem,
        ] {
            for divisor in DIVISORS.iter().flat_map(|&n| [n, -n]).filter(|&n| n != -1) {
                check(op, divisor, true);
                check(op, divisor, false);
            }
        }
    }
}
