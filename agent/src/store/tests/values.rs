//! Every type, from Postgres' bytes to what a program reads on the device.

use rusqlite::types::Value;

use super::batches::{Raw, key, rows_of, text};
use super::sample::{Sample, metadata};

fn uuid() -> Raw {
    Some((1..=16).collect())
}

fn numeric(words: &[i16]) -> Raw {
    Some(words.iter().flat_map(|word| word.to_be_bytes()).collect())
}

/// The row of `everything` with these values after the id, as a program reads it.
fn loaded(values: Vec<Raw>) -> Vec<Value> {
    let mut sample = Sample::in_session();
    let entity = &metadata().entities[1];
    let row = std::iter::once(key(1)).chain(values).collect();
    sample.load(&rows_of(entity, 1, &[row])).expect("a load");
    let foreign = sample.foreign();
    let mut statement = foreign.prepare("SELECT * FROM everything").expect("a table");
    let read = |row: &rusqlite::Row<'_>| (1..entity.attributes.len()).map(|column| row.get(column)).collect();
    statement.query_row([], read).expect("a row")
}

#[test]
fn ordinary_values() {
    let row = loaded(vec![
        uuid(),
        Some(vec![1]),
        Some((-2_i16).to_be_bytes().to_vec()),
        Some((-4_i32).to_be_bytes().to_vec()),
        Some(i64::MIN.to_be_bytes().to_vec()),
        Some(0.1_f32.to_be_bytes().to_vec()),
        Some((0.1_f64 + 0.2).to_be_bytes().to_vec()),
        numeric(&[2, 0, 0x4000, 2, 12, 3400]),
        numeric(&[2, 0, 0, 2, 12, 5000]),
        text("é 🦀"),
        Some((-1_i32).to_be_bytes().to_vec()),
        Some(1_500_000_i64.to_be_bytes().to_vec()),
        Some((-1_i64).to_be_bytes().to_vec()),
        Some(vec![0, 255]),
        text("{\"a\": 1}"),
        Some(b"\x01{\"b\": 2}".to_vec()),
        text("{1,2}"),
    ]);
    let expected = [
        Value::Text("01020304-0506-0708-090a-0b0c0d0e0f10".into()),
        Value::Integer(1),
        Value::Integer(-2),
        Value::Integer(-4),
        Value::Integer(i64::MIN),
        Value::Real(0.1),
        Value::Real(0.1 + 0.2),
        Value::Real(-12.34),
        Value::Text("12.50".into()),
        Value::Text("é 🦀".into()),
        Value::Text("1999-12-31".into()),
        Value::Text("2000-01-01T00:00:01.5".into()),
        Value::Text("1999-12-31T23:59:59.999999Z".into()),
        Value::Blob(vec![0, 255]),
        Value::Text("{\"a\": 1}".into()),
        Value::Text("{\"b\": 2}".into()),
        Value::Text("{1,2}".into()),
    ];
    assert_eq!(row, expected);
}

#[test]
fn nulls() {
    assert_eq!(loaded(vec![]), vec![Value::Null; 17]);
}

#[test]
fn what_sqlite_has_no_number_or_date_for_is_text() {
    let rest = |float: f64, sign: i16, micros: i64| {
        let mut values = vec![None; 5];
        values.push(Some((float as f32).to_be_bytes().to_vec()));
        values.push(Some(float.to_be_bytes().to_vec()));
        values.extend([numeric(&[0, 0, sign, 0]), numeric(&[0, 0, sign, 0]), None]);
        values.push(Some((micros.signum() as i32 * i32::MAX - i32::from(micros < 0)).to_be_bytes().to_vec()));
        values.extend([Some(micros.to_be_bytes().to_vec()), Some(micros.to_be_bytes().to_vec())]);
        loaded(values)[5..].iter().filter(|value| **value != Value::Null).cloned().collect::<Vec<_>>()
    };
    let texts = |words: [&str; 7]| words.map(|word| Value::Text(word.into())).to_vec();
    let positive = ["Infinity", "Infinity", "Infinity", "Infinity", "infinity", "infinity", "infinity"];
    assert_eq!(rest(f64::INFINITY, 0xd000_u16 as i16, i64::MAX), texts(positive));
    let negative = ["-Infinity", "-Infinity", "-Infinity", "-Infinity", "-infinity", "-infinity", "-infinity"];
    assert_eq!(rest(f64::NEG_INFINITY, 0xf000_u16 as i16, i64::MIN), texts(negative));
    let not_a_number = rest(f64::NAN, 0xc000_u16 as i16, 0);
    assert_eq!(not_a_number[..4], vec![Value::Text("NaN".into()); 4]);
}

#[test]
fn numbers_of_fifteen_digits_are_exact() {
    let mut values = vec![None; 7];
    values.push(numeric(&[4, 2, 0, 3, 999, 9999, 9999, 9990]));
    assert_eq!(loaded(values)[7], Value::Real(99_999_999_999.999));
    let mut values = vec![None; 7];
    values.push(numeric(&[4, 3, 0, 0, 123, 4567, 8901, 2345]));
    assert_eq!(loaded(values)[7], Value::Integer(123_456_789_012_345));
}

#[test]
fn bytes_of_two_rows_do_not_mix() {
    let mut sample = Sample::in_session();
    let entity = &metadata().entities[1];
    let row = |digit, byte: u8| {
        let mut row = vec![key(digit), Some(vec![byte; 16])];
        row.extend(vec![None; 8]);
        row.push(text(&"x".repeat(usize::from(byte) * 100)));
        row
    };
    let rows: Vec<_> = (1..=100_u8).map(|number| row(number.into(), number)).collect();
    sample.load(&rows_of(entity, 1, &rows)).expect("a load");
    let mut lengths = Vec::new();
    let visit = |_: &str, values: &[crate::store::ValueRef<'_>]| {
        let crate::store::ValueRef::Text(text) = values[10] else { panic!("{values:?}") };
        lengths.push(text.len());
    };
    sample.store.for_each_row("everything", visit).expect("rows");
    assert_eq!(lengths, (1..=100).map(|number| number * 100).collect::<Vec<usize>>());
}
