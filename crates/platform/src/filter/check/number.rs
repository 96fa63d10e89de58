//! Numbers: decimal text that Postgres reads as the wanted type without an error.

use crate::filter::kind::Kind;
use crate::filter::tree::NumberType;

/// Digits of a number, and of its exponent's reach: more than a double has, less than a numeric may.
const DIGITS: usize = 1_000;
const EXPONENT: i32 = 1_000;

/// A number of the type that a value of `kind` is compared with; none if it is no number, or out of range.
pub(super) fn number(text: &str, kind: Kind) -> Option<(String, NumberType)> {
    let decimal = decimal(text)?;
    let as_type = match kind {
        Kind::Integer if decimal.parse::<i64>().is_ok() => NumberType::Int8,
        Kind::Integer | Kind::Numeric => NumberType::Numeric,
        Kind::Float4 => {
            let value: f32 = decimal.parse().ok()?;
            (value.is_finite() && (value != 0.0 || is_zero(&decimal))).then_some(NumberType::Float4)?
        }
        Kind::Float8 => {
            let value: f64 = decimal.parse().ok()?;
            (value.is_finite() && (value != 0.0 || is_zero(&decimal))).then_some(NumberType::Float8)?
        }
        _ => return None,
    };
    Some((decimal, as_type))
}

/// Whether a text is a whole number.
pub(super) fn is_whole(text: &str) -> bool {
    decimal(text).is_some_and(|decimal| !decimal.contains(['.', 'e']))
}

/// `[-]digits[.digits][e[-]digits]`, of what was written in any usual way.
fn decimal(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let (sign, unsigned) = match lower.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", lower.strip_prefix('+').unwrap_or(&lower)),
    };
    let (mantissa, exponent) = unsigned.split_once('e').map_or((unsigned, None), |(m, e)| (m, Some(e)));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || mantissa.len() > DIGITS || !digits(whole) || !digits(fraction) {
        return None;
    }
    let whole = if whole.is_empty() { "0" } else { whole };
    let fraction = if fraction.is_empty() { String::new() } else { format!(".{fraction}") };
    let exponent = match exponent {
        None => String::new(),
        Some(exponent) => {
            let digits_of = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            let value: i32 = if digits(digits_of) { exponent.parse().ok()? } else { return None };
            (value.abs() <= EXPONENT).then(|| format!("e{value}"))?
        }
    };
    Some(format!("{sign}{whole}{fraction}{exponent}"))
}

fn is_zero(decimal: &str) -> bool {
    let mantissa = decimal.split('e').next().unwrap_or_default();
    mantissa.bytes().all(|b| matches!(b, b'0' | b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_of_the_type_they_are_compared_with() {
        let of = |text, kind| number(text, kind).map(|(text, as_type)| format!("{text} {as_type:?}"));
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(of("42", Kind::Integer), some("42 Int8"));
        assert_eq!(of("+.5E+3", Kind::Numeric), some("0.5e3 Numeric"));
        assert_eq!(of("-1.", Kind::Integer), some("-1 Int8"));
        assert_eq!(of("9223372036854775808", Kind::Integer), some("9223372036854775808 Numeric"));
        assert_eq!(of("1e38", Kind::Float4), some("1e38 Float4"));
        assert_eq!(of("0e0", Kind::Float8), some("0e0 Float8"));
        assert_eq!(of("5e-324", Kind::Float8), some("5e-324 Float8"));
        for (text, kind) in [("1e39", Kind::Float4), ("1e309", Kind::Float8), ("1e-400", Kind::Float8)] {
            assert_eq!(of(text, kind), None, "{text}");
        }
        for text in ["", "-", ".", "e5", "1e", "1e+-5", "--1", "0x10", "1_000", "NaN", "Infinity", "1e1001", "١"] {
            assert_eq!(of(text, Kind::Numeric), None, "{text}");
        }
        assert_eq!(of(&"9".repeat(DIGITS + 1), Kind::Numeric), None);
    }
}
