//! Digests of rows as the device holds them, and of ranges of rows: the first 128 bits of BLAKE3.
//!
//! A row's digest covers its values in the order of the metadata, the object id first. A value is a byte that names its
//! kind, then 8 bytes (integer; the bits of a double; little endian), or a length of 8 bytes and so many bytes. What the
//! device cannot tell apart is one value: `-0` is `0`, and a `numeric` that is kept as a number counts by its decimal
//! digits, whether SQLite made an integer or a double of it. A range's digest covers the digests of its rows in key
//! order.

use std::fmt::{self, Write as _};

use super::tuple::{check_tuple, split_field};
use super::{BatchError, Value, ValueType};

const NULL: u8 = 0;
const INTEGER: u8 = 1;
const REAL: u8 = 2;
const TEXT: u8 = 3;
const BLOB: u8 = 4;
const DECIMAL: u8 = 5;

const BYTES: usize = 16;

/// A digest; shown as 32 hexadecimal characters.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; BYTES]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Makes digests of rows, one after the other, using the same room.
#[derive(Debug, Default)]
pub struct RowHasher {
    hasher: blake3::Hasher,
    written: String,
    decimal: String,
}

impl RowHasher {
    /// A hasher at the start of a row.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the row's next value, as SQLite holds it in a column for this type.
    pub fn push(&mut self, value: Value<'_>, value_type: ValueType) {
        if value_type == (ValueType::Numeric { as_number: true }) && self.push_decimal(value) {
            return;
        }
        match value {
            Value::Null => drop(self.hasher.update(&[NULL])),
            Value::Integer(number) => self.fixed(INTEGER, number.to_le_bytes()),
            // The sum of -0 and 0 is 0.
            Value::Real(number) => self.fixed(REAL, (number + 0.0).to_bits().to_le_bytes()),
            Value::Text(text) => self.sized(TEXT, text.as_bytes()),
            Value::Blob(bytes) => self.sized(BLOB, bytes),
        }
    }

    /// The row's digest; the next value begins another row.
    pub fn finish(&mut self) -> Digest {
        finish(&mut self.hasher)
    }

    /// The digest of a row that has not reached the device: a tuple of a binary COPY, with a field for each of `types`.
    ///
    /// # Errors
    /// A tuple that is not exactly that, or a field that is no value of its type.
    pub fn tuple(&mut self, tuple: &[u8], types: &[ValueType]) -> Result<Digest, BatchError> {
        let mut rest = check_tuple(tuple, types.len())?;
        let mut written = std::mem::take(&mut self.written);
        self.hasher.reset();
        for value_type in types {
            let offset = tuple.len() - rest.len();
            let Some((field, after)) = split_field(rest) else { break };
            rest = after;
            let value = match field {
                None => Value::Null,
                Some(raw) => Value::read(raw, *value_type, &mut written)
                    .map_err(|error| BatchError::Copy { offset, problem: error.problem })?,
            };
            self.push(value, *value_type);
        }
        self.written = written;
        Ok(self.finish())
    }

    fn fixed(&mut self, kind: u8, bytes: [u8; 8]) {
        self.hasher.update(&[kind]).update(&bytes);
    }

    fn sized(&mut self, kind: u8, bytes: &[u8]) {
        self.fixed(kind, (bytes.len() as u64).to_le_bytes());
        self.hasher.update(bytes);
    }

    /// Takes a number by its decimal digits; false when it is none.
    fn push_decimal(&mut self, value: Value<'_>) -> bool {
        let mut decimal = std::mem::take(&mut self.decimal);
        decimal.clear();
        let is_number = write_decimal(value, &mut self.written, &mut decimal);
        if is_number {
            self.sized(DECIMAL, decimal.as_bytes());
        }
        self.decimal = decimal;
        is_number
    }
}

/// Makes digests of ranges, one after the other.
#[derive(Debug, Default)]
pub struct RangeHasher {
    hasher: blake3::Hasher,
}

impl RangeHasher {
    /// A hasher at the start of a range.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next row in key order.
    pub fn push(&mut self, row: Digest) {
        self.hasher.update(&row.0);
    }

    /// The range's digest; the next row begins another range.
    pub fn finish(&mut self) -> Digest {
        finish(&mut self.hasher)
    }
}

fn finish(hasher: &mut blake3::Hasher) -> Digest {
    let mut digest = [0; BYTES];
    hasher.finalize_xof().fill(&mut digest);
    hasher.reset();
    Digest(digest)
}

/// Writes sign, digits without zeros around them, and the power of ten of the last digit. A double is taken by its first
/// 15 digits, which are all that the column promises.
fn write_decimal(value: Value<'_>, room: &mut String, out: &mut String) -> bool {
    let written = match value {
        Value::Text(text) => text,
        Value::Integer(number) => write_to(room, format_args!("{number}")),
        Value::Real(number) if number.is_finite() => write_to(room, format_args!("{number:.14e}")),
        Value::Real(_) | Value::Null | Value::Blob(_) => return false,
    };
    normalise(written, out)
}

fn write_to<'a>(room: &'a mut String, what: fmt::Arguments<'_>) -> &'a str {
    room.clear();
    let _ = room.write_fmt(what);
    room
}

fn normalise(number: &str, out: &mut String) -> bool {
    let (mantissa, exponent) = number.split_once('e').unwrap_or((number, "0"));
    let (negative, digits) = mantissa.strip_prefix('-').map_or((false, mantissa), |digits| (true, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let Ok(exponent) = exponent.parse::<i64>() else { return false };
    if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) {
        return false;
    }
    let from = out.len();
    out.push_str(whole.trim_start_matches('0'));
    out.push_str(if out.len() == from { fraction.trim_start_matches('0') } else { fraction });
    let said = out[from..].trim_end_matches('0').len();
    let power = exponent - fraction.len() as i64 + (out.len() - from - said) as i64;
    out.truncate(from + said);
    if said == 0 {
        out.push('0');
    } else {
        let _ = write!(out, "e{power}{}", if negative { "-" } else { "" });
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NUMBER: ValueType = ValueType::Numeric { as_number: true };

    fn digest(value: Value<'_>, value_type: ValueType) -> Digest {
        let mut hasher = RowHasher::new();
        hasher.push(value, value_type);
        hasher.finish()
    }

    fn normal(text: &str) -> Option<String> {
        let mut out = String::new();
        normalise(text, &mut out).then_some(out)
    }

    #[test]
    fn it_is_what_it_was() {
        let mut hasher = RowHasher::new();
        hasher.push(Value::Text("01890a5d-ac96-774b-bcce-b302099a8057"), ValueType::Uuid);
        hasher.push(Value::Null, ValueType::Text);
        hasher.push(Value::Integer(-7), ValueType::Int4);
        hasher.push(Value::Real(0.1), ValueType::Float8);
        hasher.push(Value::Text("12.50"), NUMBER);
        hasher.push(Value::Blob(&[0, 255]), ValueType::Bytea);
        let row = hasher.finish();
        let mut range = RangeHasher::new();
        range.push(row);
        // Devices and servers of different releases compare these: a change is a new version of the message.
        assert_eq!(row.to_string(), "95619a3855d25bfd5486be621a432349");
        assert_eq!(range.finish().to_string(), "34dc46aa408ea3056209d5344c38d206");
        assert_eq!(range.finish().to_string(), "af1349b9f5f9a1a6a0404dea36dcc949", "BLAKE3 of nothing");
    }

    #[test]
    fn values_do_not_run_into_each_other() {
        let row = |values: &[Value<'_>]| {
            let mut hasher = RowHasher::new();
            values.iter().for_each(|value| hasher.push(*value, ValueType::Text));
            hasher.finish()
        };
        let (text, blob) = (Value::Text, Value::Blob);
        assert_ne!(row(&[text("ab"), text("c")]), row(&[text("a"), text("bc")]));
        assert_ne!(row(&[text("")]), row(&[Value::Null]));
        assert_ne!(row(&[text("a")]), row(&[blob(b"a")]));
        assert_ne!(row(&[Value::Integer(1)]), row(&[Value::Real(1.0)]));
        assert_ne!(row(&[Value::Null]), row(&[Value::Null, Value::Null]));
    }

    #[test]
    fn a_number_has_one_digest_however_it_is_kept() {
        let same = [
            (Value::Text("12.00"), Value::Integer(12)),
            (Value::Text("1200"), Value::Integer(1200)),
            (Value::Text("-12.50"), Value::Real(-12.5)),
            (Value::Text("0.00"), Value::Integer(0)),
            (Value::Text("-0.000012"), Value::Real(-0.000_012)),
            (Value::Text("99999999999.9990"), Value::Real(99_999_999_999.999)),
            (Value::Text("1230000000000000000000000"), Value::Real(1.23e24)),
        ];
        for (server, device) in same {
            assert_eq!(digest(server, NUMBER), digest(device, NUMBER), "{server:?} and {device:?}");
        }
        assert_ne!(digest(Value::Integer(12), NUMBER), digest(Value::Integer(-12), NUMBER));
        assert_ne!(digest(Value::Integer(12), NUMBER), digest(Value::Integer(120), NUMBER));
        assert_eq!(digest(Value::Real(-0.0), ValueType::Float8), digest(Value::Real(0.0), ValueType::Float8));
    }

    #[test]
    fn what_is_no_number_is_text() {
        for text in ["NaN", "Infinity", "-", "", ".", "1e", "abc", "1.2.3", "--1", "1e5x"] {
            assert_eq!(normal(text), None, "{text:?}");
            assert_eq!(digest(Value::Text(text), NUMBER), digest(Value::Text(text), ValueType::Text));
        }
        assert_eq!(normal("0012.3400").as_deref(), Some("1234e-2"));
        assert_eq!(normal("-100").as_deref(), Some("1e2-"));
    }

    proptest! {
        #[test]
        fn fifteen_digits_survive_a_double(digits in 0..1_000_000_000_000_000_i64, scale in 0..40_usize) {
            let text = format!("{digits}e-{scale}");
            let double: f64 = text.parse().expect("a number");
            let written = format!("{:0width$}", digits, width = scale + 1);
            let (whole, fraction) = written.split_at(written.len() - scale);
            let exact = format!("{whole}.{fraction}");
            let kept = if double == 0.0 { Value::Integer(0) } else { Value::Real(double) };
            prop_assert_eq!(digest(Value::Text(&exact), NUMBER), digest(kept, NUMBER), "{} and {}", exact, double);
        }

        #[test]
        fn any_tuple_is_a_digest_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = RowHasher::new().tuple(&bytes, &[ValueType::Uuid, NUMBER, ValueType::TimestampTz]);
        }
    }
}
