//! Whatever differs is found, with few questions.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use sojourn_wire::batch::{Digest, RangeHasher, RowHasher, Value, ValueType};

use super::*;

/// A side's rows: key and value.
type Rows = BTreeMap<u128, i64>;

fn digest(key: u128, value: i64) -> Digest {
    let mut hasher = RowHasher::new();
    hasher.push(Value::Text(&Uuid::from_u128(key).to_string()), ValueType::Uuid);
    hasher.push(Value::Integer(value), ValueType::Int8);
    hasher.finish()
}

fn within(rows: &Rows, range: KeyRange) -> impl Iterator<Item = (u128, i64)> + '_ {
    let is_within = move |key: u128| {
        range.after.is_none_or(|after| key > after.as_u128()) && range.to.is_none_or(|to| key <= to.as_u128())
    };
    rows.iter().map(|(key, value)| (*key, *value)).filter(move |(key, _)| is_within(*key))
}

fn held(rows: &Rows, range: KeyRange) -> HeldRange {
    let mut hasher = RangeHasher::new();
    let keys: Vec<u128> = within(rows, range).map(|(key, value)| (hasher.push(digest(key, value)), key).1).collect();
    let cuts = keys.iter().skip(1).step_by(keys.len() / 12 + 1).map(|key| Uuid::from_u128(*key)).collect();
    HeldRange { rows: keys.len() as u64, digest: hasher.finish(), cuts }
}

/// What was found to differ, how many ranges were asked about, and how many rows were told one by one.
struct Searched {
    found: BTreeSet<u128>,
    ranges: usize,
    rows: usize,
}

fn search(mut narrowing: Narrowing, device: &Rows, server: &Rows) -> Searched {
    let mut searched = Searched { found: BTreeSet::new(), ranges: 0, rows: 0 };
    while let Some(question) = narrowing.next_question() {
        let (Question::Ranges(asked) | Question::Rows(asked)) = &question;
        assert!(asked.len() <= MOST_RANGES && !asked.is_empty());
        assert!(asked.windows(2).all(|pair| pair[0].to.is_some() && pair[0].to <= pair[1].after), "{asked:?}");
        match &question {
            Question::Ranges(asked) => {
                searched.ranges += asked.len();
                let here: Vec<HeldRange> = asked.iter().map(|range| held(device, *range)).collect();
                let there = asked.iter().map(|range| held(server, *range));
                let there: Vec<RangeDigest> =
                    there.map(|held| RangeDigest { rows: held.rows, digest: held.digest.to_string() }).collect();
                narrowing.compared(asked, &here, &there);
            }
            Question::Rows(asked) => {
                let side = |rows: &Rows| -> BTreeSet<(u128, i64)> {
                    asked.iter().flat_map(|range| within(rows, *range).collect::<Vec<_>>()).collect()
                };
                let (here, there) = (side(device), side(server));
                assert!(here.len().max(there.len()) <= MAX_VERIFY_ITEMS);
                searched.rows += here.len();
                searched.found.extend(here.symmetric_difference(&there).map(|(key, _)| key));
            }
        }
    }
    searched
}

fn different(device: &Rows, server: &Rows) -> BTreeSet<u128> {
    let all = device.keys().chain(server.keys());
    all.filter(|key| device.get(key) != server.get(key)).copied().collect()
}

/// Keys all over, or close together as those that are made one after the other.
fn any_rows() -> impl Strategy<Value = Rows> {
    let key = prop_oneof![any::<u128>(), (0..5000_u128).prop_map(|low| (7 << 100) + low)];
    prop::collection::btree_map(key, 0..3_i64, 0..1500)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn whatever_differs_is_found(device in any_rows(), others in any_rows(), kept in any::<bool>()) {
        let mut server = others;
        if kept { server.extend(device.iter().map(|(key, value)| (*key, *value))); }
        prop_assert_eq!(search(Narrowing::of_all(), &device, &server).found, different(&device, &server));
    }

    #[test]
    fn few_differences_take_few_questions(seed in any::<u64>(), places in prop::collection::btree_set(0..20_000_u64, 0..6)) {
        let key = |n: u64| u128::from((n ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15)) << 60;
        let server: Rows = (0..20_000).map(|n| (key(n), 0)).collect();
        let mut device = server.clone();
        for place in &places {
            match place % 3 {
                0 => drop(device.insert(key(*place), 1)),
                1 => drop(device.remove(&key(*place))),
                _ => drop(device.insert(key(*place) + 1, 0)),
            }
        }
        let searched = search(Narrowing::of_all(), &device, &server);
        prop_assert_eq!(&searched.found, &different(&device, &server));
        // Three cuts lead from 20,000 rows to a leaf.
        prop_assert!(searched.ranges <= 1 + places.len() * 3 * 17, "{} ranges", searched.ranges);
        prop_assert!(searched.rows <= places.len() * LEAF as usize, "{} rows", searched.rows);
    }
}

#[test]
fn equal_sides_take_one_question() {
    let rows: Rows = (0..10_000).map(|key| (key << 90, 1)).collect();
    let searched = search(Narrowing::of_all(), &rows, &rows);
    assert_eq!((searched.found.len(), searched.ranges, searched.rows), (0, 1, 0));
}

#[test]
fn a_device_that_lost_everything_finds_it_all() {
    let server: Rows = (0..5000).map(|key| ((1 << 120) + key, 1)).collect();
    let searched = search(Narrowing::of_all(), &Rows::new(), &server);
    assert_eq!(searched.found.len(), 5000);
    assert!(searched.ranges < 2500, "{} ranges", searched.ranges);
}

#[test]
fn single_rows_are_asked_about_alone() {
    let rows: Rows = [(0, 1), (1, 1), (2, 1), (u128::MAX, 1)].into();
    let mut narrowing = Narrowing::of_rows([0, 2, u128::MAX].map(Uuid::from_u128));
    let asked = narrowing.next_question();
    let Some(Question::Rows(asked)) = asked else { panic!("{asked:?}") };
    let seen: Vec<u128> = asked.iter().flat_map(|range| within(&rows, *range)).map(|(key, _)| key).collect();
    assert_eq!(seen, [0, 2, u128::MAX]);
    assert_eq!(narrowing.next_question(), None);
}
