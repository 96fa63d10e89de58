//! `date`, `timestamp` and `timestamptz` to ISO 8601 text.
//!
//! What ISO has no form for is written so that Postgres reads it back: ` BC` at the end, years of more
//! than four digits, `infinity` and `-infinity`.

use super::ascii::Ascii;
use super::calendar::Date;
use super::{ValueError, array};

const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;

/// Writes a `date`: `2026-11-22`, `0044-03-15 BC`.
///
/// # Errors
/// Not 4 bytes.
pub fn write_date(raw: &[u8], out: &mut String) -> Result<(), ValueError> {
    match array(raw, "date").map(i32::from_be_bytes)? {
        i32::MAX => out.push_str("infinity"),
        i32::MIN => out.push_str("-infinity"),
        days => {
            let date = Date::from_days(days.into());
            let mut text = Ascii::new();
            date.write(&mut text);
            push_era(&mut text, date);
            text.append_to(out);
        }
    }
    Ok(())
}

/// Writes a `timestamp`: `2026-11-22T10:11:12.5`, the fraction without trailing zeros.
///
/// # Errors
/// Not 8 bytes.
pub fn write_timestamp(raw: &[u8], out: &mut String) -> Result<(), ValueError> {
    let micros = array(raw, "timestamp").map(i64::from_be_bytes)?;
    write_micros(micros, b"", out);
    Ok(())
}

/// Writes a `timestamptz` in UTC: `2026-11-22T10:11:12.5Z`, the fraction without trailing zeros.
///
/// # Errors
/// Not 8 bytes.
pub fn write_timestamptz(raw: &[u8], out: &mut String) -> Result<(), ValueError> {
    let micros = array(raw, "timestamptz").map(i64::from_be_bytes)?;
    write_micros(micros, b"Z", out);
    Ok(())
}

fn write_micros(micros: i64, zone: &[u8], out: &mut String) {
    match micros {
        i64::MAX => out.push_str("infinity"),
        i64::MIN => out.push_str("-infinity"),
        micros => {
            let date = Date::from_days(micros.div_euclid(MICROS_PER_DAY));
            let mut text = Ascii::new();
            date.write(&mut text);
            text.push(b'T');
            push_time(&mut text, micros.rem_euclid(MICROS_PER_DAY));
            text.push_all(zone);
            push_era(&mut text, date);
            text.append_to(out);
        }
    }
}

fn push_time(text: &mut Ascii, micros_of_day: i64) {
    let seconds = (micros_of_day / MICROS_PER_SECOND) as u32;
    text.push_two(seconds / 3600);
    text.push(b':');
    text.push_two(seconds / 60 % 60);
    text.push(b':');
    text.push_two(seconds % 60);
    push_fraction(text, (micros_of_day % MICROS_PER_SECOND) as u32);
}

fn push_fraction(text: &mut Ascii, micros: u32) {
    if micros == 0 {
        return;
    }
    text.push(b'.');
    text.push_two(micros / 10_000);
    text.push_two(micros / 100);
    text.push_two(micros);
    text.trim_zeros();
}

fn push_era(text: &mut Ascii, date: Date) {
    if date.is_bc() {
        text.push_all(b" BC");
    }
}
