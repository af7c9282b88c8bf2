//! The literal frame of a method or block.

use std::hash::{Hash, Hasher};

use rustc_hash::{FxHashMap, FxHasher};

use super::code::Literal;
use super::names::number;
use super::target::Target;
use crate::base::{Integer, Natural};
use crate::syntax::ast;

/// The literals of one code object, each there once.
#[derive(Default)]
pub(super) struct LiteralFrame {
    literals: Vec<Literal>,
    /// The indices of literals by a hash of theirs, once there are [`MANY`].
    by_hash: FxHashMap<u64, Vec<u32>>,
}

/// So many literals are looked through one by one.
const MANY: usize = 32;

impl LiteralFrame {
    /// The index of a literal that is equal and of the same kind; it is added if there is none.
    pub(super) fn index(&mut self, literal: Literal) -> u32 {
        let next = number(self.literals.len());
        if self.literals.len() < MANY {
            let same = |other: &Literal| is_same(&literal, other);
            if let Some(index) = self.literals.iter().position(same) {
                return number(index);
            }
        } else {
            if self.by_hash.is_empty() {
                for (literal, index) in self.literals.iter().zip(0..) {
                    let same_hash = self.by_hash.entry(hash_of(literal)).or_default();
                    same_hash.push(index);
                }
            }
            let same_hash = self.by_hash.entry(hash_of(&literal)).or_default();
            let same = |index: &&u32| is_same(&literal, &self.literals[**index as usize]);
            if let Some(&index) = same_hash.iter().find(same) {
                return index;
            }
            same_hash.push(next);
        }
        self.literals.push(literal);
        next
    }

    pub(super) fn len(&self) -> usize {
        self.literals.len()
    }

    /// All, with the two that every code object has last.
    pub(super) fn finish(mut self, last: [Literal; 2]) -> Vec<Literal> {
        self.literals.extend(last);
        self.literals
    }
}

/// A number that is the same for literals that are the same.
fn hash_of(literal: &Literal) -> u64 {
    let mut hasher = FxHasher::default();
    match literal {
        Literal::Integer(value) => value.hash(&mut hasher),
        Literal::Float(value) => value.to_bits().hash(&mut hasher),
        Literal::Character(value) => value.hash(&mut hasher),
        Literal::String(text) => text.hash(&mut hasher),
        Literal::Symbol(symbol) | Literal::Undeclared(symbol) => symbol.hash(&mut hasher),
        Literal::ByteArray(bytes) => bytes.hash(&mut hasher),
        Literal::FloatArray(floats) => floats
            .iter()
            .for_each(|float| float.to_bits().hash(&mut hasher)),
        Literal::Array(elements) => elements.len().hash(&mut hasher),
        Literal::Binding(binding) => binding.hash(&mut hasher),
        _ => {}
    }
    hasher.finish()
}

/// Whether two literals may be one object: `1` and `1.0` may not, nor may `0.0` and `-0.0`.
fn is_same(left: &Literal, right: &Literal) -> bool {
    match (left, right) {
        (Literal::Float(left), Literal::Float(right)) => left.to_bits() == right.to_bits(),
        (Literal::FloatArray(left), Literal::FloatArray(right)) => {
            let bits = |floats: &[f64]| {
                floats
                    .iter()
                    .map(|float| float.to_bits())
                    .collect::<Vec<_>>()
            };
            bits(left) == bits(right)
        }
        (Literal::Array(left), Literal::Array(right)) => {
            let mut pairs = left.iter().zip(right);
            left.len() == right.len() && pairs.all(|(left, right)| is_same(left, right))
        }
        // Each closure has a code object of its own.
        (Literal::Block(_), Literal::Block(_)) => false,
        _ => left == right,
    }
}

/// The literal of the source as one of a literal frame.
pub(super) fn literal_of(literal: &ast::Literal, target: &Target) -> Literal {
    match literal {
        ast::Literal::Integer(value) => Literal::Integer(value.clone()),
        ast::Literal::Fraction(numerator, denominator) => {
            let (numerator, denominator) = lowest_terms(numerator, denominator);
            if denominator == Natural::from(1u128) {
                return Literal::Integer(numerator);
            }
            Literal::Fraction(numerator, denominator)
        }
        ast::Literal::Float(value) => Literal::Float(*value),
        ast::Literal::ScaledDecimal(value) => {
            let (numerator, denominator) = lowest_terms(&value.numerator, &value.denominator);
            Literal::ScaledDecimal(numerator, denominator, value.scale)
        }
        ast::Literal::Character(value) => Literal::Character(*value),
        ast::Literal::String(text) => Literal::String(text_of(text, target)),
        ast::Literal::Symbol(symbol) => Literal::Symbol(*symbol),
        ast::Literal::ByteArray(bytes) => Literal::ByteArray(bytes.clone()),
        ast::Literal::FloatArray(floats) => Literal::FloatArray(floats.clone()),
        ast::Literal::Array(elements) => Literal::Array(
            elements
                .iter()
                .map(|element| literal_of(&element.literal, target))
                .collect(),
        ),
        ast::Literal::Boolean(value) => Literal::Boolean(*value),
        ast::Literal::Nil => Literal::Nil,
    }
}

/// A string with the line ends of the target.
fn text_of(text: &str, target: &Target) -> Box<str> {
    if target.options.carriage_returns && text.contains('\n') {
        return text.replace("\r\n", "\r").replace('\n', "\r").into();
    }
    text.into()
}

/// A fraction in lowest terms, if the denominator is a power of a radix, as those of literals are.
fn lowest_terms(numerator: &Integer, denominator: &Natural) -> (Integer, Natural) {
    /// All primes that divide a radix, which is at most 36.
    const PRIMES: [u32; 11] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31];
    if numerator.magnitude().is_zero() {
        return (numerator.clone(), Natural::from(1u128));
    }
    let (mut above, mut below) = (numerator.magnitude().clone(), denominator.clone());
    for prime in PRIMES {
        loop {
            let (mut quotient_above, mut quotient_below) = (above.clone(), below.clone());
            if quotient_below.divide(prime) != 0 || quotient_above.divide(prime) != 0 {
                break;
            }
            (above, below) = (quotient_above, quotient_below);
        }
    }
    (Integer::new(numerator.is_negative(), above), below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_literals_of_one_kind_share_an_index_and_others_do_not() {
        let mut frame = LiteralFrame::default();
        let one = frame.index(Literal::Integer(Integer::from(1)));
        assert_ne!(frame.index(Literal::Float(1.0)), one);
        assert_eq!(frame.index(Literal::Integer(Integer::from(1))), one);
        let zero = frame.index(Literal::Float(0.0));
        assert_ne!(frame.index(Literal::Float(-0.0)), zero);
        let text = frame.index(Literal::String("a".into()));
        assert_eq!(frame.index(Literal::String("a".into())), text);
        let nested = |value| Literal::Array(vec![Literal::Float(value)]);
        let array = frame.index(nested(0.0));
        assert_ne!(frame.index(nested(-0.0)), array);
        assert_eq!(frame.len(), 7);
    }

    #[test]
    fn fractions_are_reduced() {
        let hundred = Natural::power(10, 2);
        let (numerator, denominator) = lowest_terms(&Integer::from(-150), &hundred);
        assert_eq!(
            (numerator.to_i128(), denominator.to_u128()),
            (Some(-3), Some(2))
        );
        let (numerator, denominator) = lowest_terms(&Integer::from(0), &hundred);
        assert_eq!(
            (numerator.to_i128(), denominator.to_u128()),
            (Some(0), Some(1))
        );
    }
}
