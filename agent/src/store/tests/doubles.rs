//! A double leaves the queue as the double it was captured as, where SQLite writes it exactly: from 1e-60 to 1e60.

use proptest::prelude::*;
use sojourn_wire::message::operation::FieldValue;
use uuid::Uuid;

use super::sample::Sample;
use super::take_up::{CHUNK, WIDE};

/// What a device sends of doubles that another program writes.
fn sent(numbers: &[f64]) -> Vec<f64> {
    let mut sample = Sample::new();
    let mut foreign = sample.foreign();
    let transaction = foreign.transaction().expect("a transaction");
    for (number, row) in numbers.iter().zip(1..) {
        let insert = "INSERT INTO everything (id, a_float8) VALUES (?1, ?2)";
        transaction.execute(insert, (Uuid::from_u128(row).to_string(), number)).expect("a write");
    }
    transaction.commit().expect("written");
    let chunk = sample.store.take_up(CHUNK, WIDE).expect("readable").expect("operations").chunk;
    let number = |value: &FieldValue| match value {
        FieldValue::Number(number) => number.as_f64().expect("a number"),
        FieldValue::Text(text) => text.parse().expect("a number"),
        other => panic!("{other:?} is no number"),
    };
    chunk.operations.iter().map(|operation| number(&operation.data["a_float8"])).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, ..ProptestConfig::default() })]

    #[test]
    fn none_loses_a_digit(parts in prop::collection::vec((-1.0..1.0, -180..180), 1..200)) {
        let numbers: Vec<f64> = parts.into_iter().map(|(mantissa, exponent): (f64, i32)| mantissa * 2_f64.powi(exponent)).collect();
        prop_assert_eq!(sent(&numbers), numbers);
    }
}

#[test]
fn infinities_are_the_words_that_postgres_reads() {
    assert_eq!(sent(&[f64::INFINITY, f64::NEG_INFINITY]), [f64::INFINITY, f64::NEG_INFINITY]);
}
