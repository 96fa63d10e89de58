//! Digests of what is in SQLite are those of what Postgres sent.

use proptest::prelude::*;
use sojourn_wire::batch::{Digest, RangeHasher, RowHasher, ValueType};
use sojourn_wire::message::verify::KeyRange;
use uuid::Uuid;

use super::batches::{Raw, accounts, key, rows_of, text, tuple};
use super::sample::{Sample, id, metadata};

const ALL: KeyRange = KeyRange { after: None, to: None };

/// A numeric: sign and digits of base 10000 around a weight, with a scale.
fn numeric(max_digits: usize) -> impl Strategy<Value = Raw> {
    let finite = (prop::collection::vec(0..10_000_u16, 0..=max_digits), -3..4_i16, any::<bool>(), 0..16_u16).prop_map(
        |(mut digits, weight, negative, scale)| {
            // As Postgres sends it: no zeros around the digits, and none but what the scale shows.
            let shown = (i32::from(weight) + 1 + i32::from(scale.div_ceil(4))).clamp(0, 100) as usize;
            digits.truncate(shown);
            if scale % 4 != 0
                && digits.len() == shown
                && let Some(last) = digits.last_mut()
            {
                let unit = 10_u16.pow(u32::from(4 - scale % 4));
                *last = *last / unit * unit;
            }
            let sign = if negative && digits.iter().any(|digit| *digit > 0) { 0x4000 } else { 0 };
            let header = [digits.len() as u16, weight as u16, sign, scale];
            Some(header.into_iter().chain(digits).flat_map(u16::to_be_bytes).collect())
        },
    );
    let special = prop_oneof![Just(0xc000_u16), Just(0xd000), Just(0xf000)];
    let special = special.prop_map(|sign| Some([0, 0, sign, 0].into_iter().flat_map(u16::to_be_bytes).collect()));
    prop_oneof![9 => finite, 1 => special]
}

fn bytes<const N: usize>() -> impl Strategy<Value = Raw> {
    let edge = prop_oneof![Just([0; N]), Just([0xff; N]), any::<[u8; N]>()];
    edge.prop_map(|bytes| Some(bytes.to_vec()))
}

fn float<const N: usize>(edges: Vec<[u8; N]>) -> impl Strategy<Value = Raw> {
    prop_oneof![prop::sample::select(edges), any::<[u8; N]>()].prop_map(|bytes| Some(bytes.to_vec()))
}

/// A value of the attribute at this place of `everything`, as Postgres sends it.
fn value(value_type: ValueType) -> BoxedStrategy<Raw> {
    let some = match value_type {
        ValueType::Uuid => bytes::<16>().boxed(),
        ValueType::Bool => (0..2_u8).prop_map(|bit| Some(vec![bit])).boxed(),
        ValueType::Int2 => bytes::<2>().boxed(),
        ValueType::Int4 | ValueType::Date => bytes::<4>().boxed(),
        ValueType::Int8 | ValueType::Timestamp | ValueType::TimestampTz => bytes::<8>().boxed(),
        ValueType::Float4 => {
            float([0.0, -0.0, 0.1, 1e30, -7.0, f32::NAN, f32::INFINITY, f32::MIN_POSITIVE].map(f32::to_be_bytes).into())
                .boxed()
        }
        ValueType::Float8 => {
            float([0.0, -0.0, 0.1, 1e300, 9e15, f64::NAN, f64::NEG_INFINITY, 5e-324].map(f64::to_be_bytes).into())
                .boxed()
        }
        // Three digits of base 10000 are at most 12 decimal digits, well within the 15 that such a column has.
        ValueType::Numeric { as_number } => numeric(if as_number { 3 } else { 9 }).boxed(),
        ValueType::Bytea => prop::collection::vec(any::<u8>(), 0..20).prop_map(Some).boxed(),
        ValueType::Text | ValueType::Json => "\\PC{0,12}".prop_map(|words| text(&words)).boxed(),
        ValueType::Jsonb => "\\PC{0,12}".prop_map(|words| text(&format!("\u{1}{words}"))).boxed(),
    };
    prop_oneof![4 => some, 1 => Just(None)].boxed()
}

fn types() -> Vec<ValueType> {
    metadata().entities[1].attributes.iter().map(|attribute| attribute.data_type.into()).collect()
}

fn any_row() -> impl Strategy<Value = Vec<Raw>> {
    types().into_iter().skip(1).map(value).collect::<Vec<_>>()
}

fn of_the_server(row: &[Raw]) -> Digest {
    RowHasher::new().tuple(&tuple(row.len(), row.iter()), &types()).expect("a row of these types")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn a_row_of_every_type_has_the_digest_that_the_server_gives_it(rows in prop::collection::vec(any_row(), 1..8)) {
        let rows: Vec<Vec<Raw>> =
            (1..).zip(rows).map(|(digit, row)| std::iter::once(key(digit)).chain(row).collect()).collect();
        let mut sample = Sample::in_session();
        sample.load(&rows_of(&metadata().entities[1], 1, &rows)).expect("a load");
        let held = sample.store.held_rows("everything", &[ALL]).expect("rows");
        let mut range = RangeHasher::new();
        for (digit, row) in (1..).zip(&rows) {
            let expected = of_the_server(row);
            range.push(expected);
            prop_assert_eq!(held.digests.get(&Uuid::from_u128(digit)), Some(&expected), "of {:?}", row);
        }
        let ranges = sample.store.held_ranges("everything", &[ALL]).expect("ranges");
        prop_assert_eq!((ranges[0].rows, ranges[0].digest), (rows.len() as u64, range.finish()));
    }
}

#[test]
fn every_kind_of_column_counts() {
    let mut sample = Sample::in_session();
    let entity = &metadata().entities[1];
    sample.load(&rows_of(entity, 1, &[vec![key(1)]])).expect("a load");
    let digest = |sample: &Sample| sample.store.held_ranges("everything", &[ALL]).expect("ranges")[0].digest;
    let before = digest(&sample);
    for attribute in entity.attributes.iter().skip(1) {
        let foreign = sample.foreign();
        foreign.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false).expect("no triggers");
        let set = |value: &str| {
            let sql = format!("UPDATE everything SET {} = {value}", attribute.name);
            foreign.execute_batch(&sql).expect("a write");
        };
        set("'1'");
        assert_ne!(digest(&sample), before, "{}", attribute.name);
        set("NULL");
        assert_eq!(digest(&sample), before, "{}", attribute.name);
    }
}

#[test]
fn a_range_goes_from_after_its_first_key_to_its_last() {
    let mut sample = Sample::in_session();
    sample.load(&accounts(1, &[(1, "A"), (2, "B"), (3, "C"), (4, "D")])).expect("a load");
    let at = |number| Some(Uuid::from_u128(number));
    let ranges = [
        KeyRange { after: None, to: at(1) },
        KeyRange { after: at(1), to: at(3) },
        KeyRange { after: at(3), to: None },
        KeyRange { after: at(4), to: None },
        ALL,
    ];
    let held = sample.store.held_ranges("account", &ranges).expect("ranges");
    assert_eq!(held.iter().map(|range| range.rows).collect::<Vec<_>>(), [1, 2, 1, 0, 4]);
    assert_eq!(held[3].digest, RangeHasher::new().finish());
    assert_ne!(held[0].digest, held[2].digest);
}

#[test]
fn rows_with_unsettled_operations_are_left_out_and_named() {
    let mut sample = Sample::in_session();
    sample.load(&accounts(1, &[(1, "A"), (2, "B"), (3, "C")])).expect("a load");
    let before = sample.store.held_ranges("account", &[ALL]).expect("ranges");
    let write =
        format!("UPDATE account SET name = 'mine' WHERE id = {}; DELETE FROM account WHERE id = {}", id(2), id(3));
    sample.foreign().execute_batch(&write).expect("writes");
    let held = sample.store.held_rows("account", &[ALL]).expect("rows");
    assert_eq!(held.digests.into_keys().collect::<Vec<_>>(), [Uuid::from_u128(1)]);
    assert_eq!(held.unsettled.into_iter().collect::<Vec<_>>(), [2, 3].map(Uuid::from_u128));
    let range = &sample.store.held_ranges("account", &[ALL]).expect("ranges")[0];
    assert_eq!((before[0].rows, range.rows), (3, 1));
}

#[test]
fn ids_that_are_none_are_named_and_not_compared() {
    let mut sample = Sample::in_session();
    sample.load(&accounts(1, &[(10, "A")])).expect("a load");
    let foreign = sample.foreign();
    foreign.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false).expect("no triggers");
    let strange = ["nobody", "00000000-0000-0000-0000-00000000000B", "{00000000-0000-0000-0000-00000000000b}", ""];
    for id in strange {
        foreign.execute("INSERT INTO account (id, name) VALUES (?1, 'X')", [id]).expect("a write");
    }
    let mut named = sample.store.strange_ids("account").expect("ids");
    named.sort_unstable();
    let mut expected = strange.map(str::to_owned).to_vec();
    expected.sort_unstable();
    assert_eq!(named, expected);
    assert_eq!(sample.store.held_ranges("account", &[ALL]).expect("ranges")[0].rows, 1);
}

#[test]
fn cuts_are_some_of_the_keys_evenly_spaced() {
    let mut sample = Sample::in_session();
    let names: Vec<String> = (1..=1000).map(|number| format!("n{number}")).collect();
    let rows: Vec<(u128, &str)> = (1..=1000).zip(names.iter().map(String::as_str)).collect();
    sample.load(&accounts(1, &rows)).expect("a load");
    let cuts = sample.store.held_ranges("account", &[ALL]).expect("ranges").remove(0).cuts;
    assert!((8..16).contains(&cuts.len()), "{cuts:?}");
    let widths: Vec<u128> = cuts.windows(2).map(|pair| pair[1].as_u128() - pair[0].as_u128()).collect();
    assert!(widths.iter().all(|width| *width == widths[0]), "{widths:?}");
}
