//! `numeric`: base-10000 digits to exact decimal text, as Postgres prints it.

use super::{ValueError, wrong};

const POSITIVE: u16 = 0x0000;
const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xc000;
const INFINITY: u16 = 0xd000;
const MINUS_INFINITY: u16 = 0xf000;
/// The most decimals Postgres stores.
const MAX_SCALE: u16 = 0x3fff;
const HEADER_BYTES: usize = 8;

/// Writes a `numeric` with all its decimals, trailing zeros included; `NaN`, `Infinity`, `-Infinity`.
///
/// # Errors
/// A length that is not that of its digits, a digit above 9999, or an unknown sign.
pub fn write_numeric(raw: &[u8], out: &mut String) -> Result<(), ValueError> {
    let numeric = Numeric::parse(raw)?;
    match numeric.sign {
        POSITIVE => numeric.write(out),
        NEGATIVE => {
            out.push('-');
            numeric.write(out);
        }
        NAN => out.push_str("NaN"),
        INFINITY => out.push_str("Infinity"),
        MINUS_INFINITY => out.push_str("-Infinity"),
        _ => return Err(wrong("numeric", "its sign is unknown")),
    }
    Ok(())
}

/// Digit `i` counts `10000^(weight - i)`.
struct Numeric<'a> {
    weight: i16,
    sign: u16,
    scale: u16,
    digits: &'a [[u8; 2]],
}

impl<'a> Numeric<'a> {
    fn parse(raw: &'a [u8]) -> Result<Self, ValueError> {
        let (header, digits) = raw.split_first_chunk::<HEADER_BYTES>().ok_or(wrong("numeric", "its header is cut"))?;
        let [c0, c1, w0, w1, s0, s1, d0, d1] = *header;
        let (digits, odd) = digits.as_chunks();
        let numeric = Self {
            weight: i16::from_be_bytes([w0, w1]),
            sign: u16::from_be_bytes([s0, s1]),
            scale: u16::from_be_bytes([d0, d1]),
            digits,
        };
        if digits.len() != usize::from(u16::from_be_bytes([c0, c1])) || !odd.is_empty() {
            return Err(wrong("numeric", "its length is not that of its digits"));
        }
        if digits.iter().any(|digit| u16::from_be_bytes(*digit) > 9999) {
            return Err(wrong("numeric", "a digit is above 9999"));
        }
        if numeric.scale > MAX_SCALE {
            return Err(wrong("numeric", "it has too many decimals"));
        }
        Ok(numeric)
    }

    fn write(&self, out: &mut String) {
        self.write_integer(out);
        if self.scale > 0 {
            out.push('.');
            self.write_decimals(out);
        }
    }

    fn write_integer(&self, out: &mut String) {
        let leading = (0..=i32::from(self.weight)).map(|position| self.digit(position));
        let mut digits = leading.skip_while(|digit| *digit == 0);
        match digits.next() {
            None => out.push('0'),
            Some(first) => push_ascii(out, &ascii(first)[first_nonzero(first)..]),
        }
        digits.for_each(|digit| push_ascii(out, &ascii(digit)));
    }

    fn write_decimals(&self, out: &mut String) {
        let first = i32::from(self.weight) + 1;
        let mut left = usize::from(self.scale);
        for position in first.. {
            let shown = left.min(4);
            push_ascii(out, &ascii(self.digit(position))[..shown]);
            left -= shown;
            if left == 0 {
                break;
            }
        }
    }

    /// Stored digit `position`; zero outside the stored ones.
    fn digit(&self, position: i32) -> u16 {
        let stored = usize::try_from(position).ok().and_then(|position| self.digits.get(position));
        stored.map_or(0, |digit| u16::from_be_bytes(*digit))
    }
}

/// The four decimal digits of a base-10000 digit.
fn ascii(digit: u16) -> [u8; 4] {
    [digit / 1000, digit / 100 % 10, digit / 10 % 10, digit % 10].map(|decimal| b'0' + decimal as u8)
}

fn first_nonzero(digit: u16) -> usize {
    match digit {
        1000.. => 0,
        100.. => 1,
        10.. => 2,
        _ => 3,
    }
}

fn push_ascii(out: &mut String, digits: &[u8]) {
    out.push_str(str::from_utf8(digits).unwrap_or_default());
}
