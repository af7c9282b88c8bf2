//! The value of a number token.
//!
//! `digits [r digits] [. digits] [e [-] digits] [s [digits]]`: the radix rules digits and exponent; a point makes a float, an `s` a scaled decimal, a
//! negative exponent without a point a fraction. Floats are rounded correctly, whatever the radix, also to infinity.

use crate::base::{Integer, Natural};
use crate::syntax::ast::{Literal, ScaledDecimal};

/// Exponents beyond it are refused: the number would fill the memory.
const GREATEST_EXPONENT: u32 = 100_000;
/// Numbers with more digits are refused: the time to read them grows with the square.
const MOST_DIGITS: usize = 100_000;

/// The parts of a number as written.
struct Parts<'a> {
    radix: u32,
    negative: bool,
    whole: &'a str,
    fraction: Option<&'a str>,
    exponent: i64,
    /// Behind `s`; empty if the `s` stands alone.
    scale: Option<&'a str>,
}

/// The literal that `text` denotes, negated if `negative`.
///
/// # Errors
/// One sentence that says what is wrong with it.
pub fn parse_number(text: &str, negative: bool) -> Result<Literal, String> {
    let parts = split(text, negative)?;
    let digits = parts.fraction.unwrap_or("");
    let mantissa = mantissa(parts.radix, parts.whole, digits)?;
    let places = i64::try_from(digits.len()).unwrap_or(i64::MAX);
    if parts.fraction.is_some() && parts.scale.is_none() {
        return float(&parts, &mantissa, parts.exponent.saturating_sub(places));
    }
    exact(
        &parts,
        &mantissa,
        parts.exponent.saturating_sub(places),
        places,
    )
}

/// The number with the digits of `whole` and `fraction`. As many digits at once are taken as one limb holds.
fn mantissa(radix: u32, whole: &str, fraction: &str) -> Result<Natural, String> {
    let count = whole.len() + fraction.len();
    if count > MOST_DIGITS {
        return Err(format!(
            "this number has {count} digits, more than {MOST_DIGITS}"
        ));
    }
    let mut mantissa = Natural::default();
    let (mut factor, mut summand) = (1u32, 0);
    for digit in whole.chars().chain(fraction.chars()) {
        let value = digit.to_digit(36).filter(|&value| value < radix);
        let value = value.ok_or_else(|| format!("{digit} is no digit in radix {radix}"))?;
        (factor, summand) = match factor.checked_mul(radix) {
            Some(next) => (next, summand * radix + value),
            None => {
                mantissa.multiply_add(factor, summand);
                (radix, value)
            }
        };
    }
    mantissa.multiply_add(factor, summand);
    Ok(mantissa)
}

fn split(text: &str, negative: bool) -> Result<Parts<'_>, String> {
    let (radix, sign, rest) = match text.split_once('r') {
        Some((radix, rest)) => {
            let radix = radix.parse().ok().filter(|radix| (2..=36).contains(radix));
            let digits = rest.strip_prefix('-');
            (
                radix.ok_or("a radix is between 2 and 36")?,
                digits.is_some(),
                digits.unwrap_or(rest),
            )
        }
        None => (10, false, text),
    };
    let (rest, scale) = match rest.split_once('s') {
        Some((rest, scale)) => (rest, Some(scale)),
        None => (rest, None),
    };
    let (rest, exponent) = split_exponent(rest, radix)?;
    let (whole, fraction) = match rest.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (rest, None),
    };
    Ok(Parts {
        radix,
        negative: negative != sign,
        whole,
        fraction,
        exponent,
        scale,
    })
}

/// Separates the exponent. In lower-case hexadecimal digits (`16rfe`) there is none.
fn split_exponent(text: &str, radix: u32) -> Result<(&str, i64), String> {
    let is_marker = |byte: u8| matches!(byte, b'e' | b'd' | b'q');
    let hexadecimal = radix == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let marker = text.bytes().rposition(is_marker).filter(|_| !hexadecimal);
    let Some(marker) = marker else {
        return Ok((text, 0));
    };
    let exponent = text[marker + 1..].parse::<i64>();
    let exponent = exponent.map_err(|_| "this exponent is too large".to_owned())?;
    Ok((&text[..marker], exponent))
}

fn float(parts: &Parts, mantissa: &Natural, exponent: i64) -> Result<Literal, String> {
    let value = if parts.radix == 10 {
        let whole = parts.whole;
        let fraction = parts.fraction.unwrap_or("");
        let text = format!("{whole}.{fraction}e{}", parts.exponent);
        text.parse::<f64>()
            .map_err(|_| format!("{text} is no number"))?
    } else {
        radix_float(parts.radix, mantissa, exponent)?
    };
    Ok(Literal::Float(if parts.negative { -value } else { value }))
}

fn radix_float(radix: u32, mantissa: &Natural, exponent: i64) -> Result<f64, String> {
    let scale = Natural::power(radix, small_exponent(exponent)?);
    let one = Natural::from(1u128);
    Ok(match exponent {
        0.. => mantissa.times(&scale).ratio_to_f64(&one),
        _ => mantissa.ratio_to_f64(&scale),
    })
}

/// An integer, a fraction or a scaled decimal: `mantissa * radix^exponent`.
fn exact(parts: &Parts, mantissa: &Natural, exponent: i64, places: i64) -> Result<Literal, String> {
    let power = Natural::power(parts.radix, small_exponent(exponent)?);
    let (numerator, denominator) = match exponent {
        0.. => (mantissa.times(&power), Natural::from(1u128)),
        _ => (mantissa.clone(), power),
    };
    let numerator = Integer::new(parts.negative, numerator);
    let Some(scale) = parts.scale else {
        let whole = exponent >= 0;
        return Ok(if whole {
            Literal::Integer(numerator)
        } else {
            Literal::Fraction(numerator, denominator)
        });
    };
    let scale = match scale {
        "" => u32::try_from(places).unwrap_or(u32::MAX),
        digits => digits
            .parse()
            .map_err(|_| "this scale is too large".to_owned())?,
    };
    Ok(Literal::ScaledDecimal(ScaledDecimal {
        numerator,
        denominator,
        scale,
    }))
}

fn small_exponent(exponent: i64) -> Result<u32, String> {
    let size = u32::try_from(exponent.unsigned_abs()).ok();
    size.filter(|&size| size <= GREATEST_EXPONENT)
        .ok_or_else(|| "this exponent is too large".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn integer(text: &str) -> String {
        match parse_number(text, false) {
            Ok(Literal::Integer(value)) => value.to_string(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn integers_have_radix_sign_and_exponent() {
        assert_eq!(integer("42"), "42");
        assert_eq!(integer("16rFF"), "255");
        assert_eq!(integer("16rfe"), "254");
        assert_eq!(integer("16r-1F"), "-31");
        assert_eq!(integer("36rZZ"), "1295");
        assert_eq!(integer("2r1e10"), "1024");
        assert_eq!(integer("1e20"), "100000000000000000000");
    }

    #[test]
    fn long_integers_are_read_digit_by_digit_up_to_a_limit() {
        let digits = "1234567890".repeat(9);
        assert_eq!(integer(&digits), digits);
        assert_eq!(integer("16rFFFFFFFFFFFFFFFFF"), "295147905179352825855");
        let told = parse_number(&"7".repeat(MOST_DIGITS + 1), false);
        assert_eq!(
            told,
            Err("this number has 100001 digits, more than 100000".to_owned())
        );
    }

    #[test]
    fn floats_are_rounded_correctly_in_every_radix() {
        assert_eq!(parse_number("0.1", true), Ok(Literal::Float(-0.1)));
        assert_eq!(parse_number("1.5e3", false), Ok(Literal::Float(1500.0)));
        assert_eq!(parse_number("2r1.01e2", false), Ok(Literal::Float(5.0)));
        assert_eq!(parse_number("16r0.8", false), Ok(Literal::Float(0.5)));
        assert_eq!(parse_number("5.0e-324", false), Ok(Literal::Float(5e-324)));
    }

    #[test]
    fn what_is_too_large_for_a_float_is_infinite() {
        let infinite = Ok(Literal::Float(f64::INFINITY));
        assert_eq!(parse_number("1.0e400", false), infinite);
        assert_eq!(parse_number("16r1.0e999", false), infinite);
    }

    #[test]
    fn scaled_decimals_are_exact() {
        let expected = ScaledDecimal {
            numerator: Integer::from(314),
            denominator: Natural::from(100u128),
            scale: 2,
        };
        assert_eq!(
            parse_number("3.14s", false),
            Ok(Literal::ScaledDecimal(expected.clone()))
        );
        let scaled = ScaledDecimal {
            scale: 4,
            ..expected
        };
        assert_eq!(
            parse_number("3.14s4", false),
            Ok(Literal::ScaledDecimal(scaled))
        );
    }

    #[test]
    fn negative_exponents_make_fractions() {
        let expected = Literal::Fraction(Integer::from(2), Natural::from(10u128));
        assert_eq!(parse_number("2e-1", false), Ok(expected));
    }

    #[test]
    fn what_is_no_number_is_refused_with_a_reason() {
        assert_eq!(
            parse_number("2r102", false),
            Err("2 is no digit in radix 2".into())
        );
        assert_eq!(
            parse_number("99r1", false),
            Err("a radix is between 2 and 36".into())
        );
        assert_eq!(
            parse_number("1e999999999999", false),
            Err("this exponent is too large".into())
        );
    }
}
