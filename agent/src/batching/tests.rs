//! What batches come to, on links of every kind.

use proptest::prelude::*;

use super::*;
use crate::store::Device;

const ROWS: BatchKind = BatchKind::Rows;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Batches of one entity over a link that takes so long for each and for a row of it, as asked for each time.
fn over(batching: Batching, each: Duration, a_row: Duration, batches: usize) -> Vec<u32> {
    let mut sizes = Sizes::new(batching);
    let mut rows = batching.rows.max(1);
    let asked = std::iter::repeat_with(|| {
        rows = sizes.fetched(1, ROWS, rows, each + a_row.saturating_mul(rows));
        rows
    });
    asked.take(batches).collect()
}

#[test]
fn the_documents_example_grows_from_one_row() {
    let documents = Batching { rows: 1, min_ms: 10_000, max_ms: 60_000, ..Batching::default() };
    // About as in the table: a batch costs 48 ms however small, a row some 4 ms.
    assert_eq!(over(documents, ms(48), ms(4), 13), [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 4096]);
}

#[test]
fn a_slow_link_gets_batches_of_seconds() {
    // 93 bytes a row at 100 KB/s.
    assert_eq!(over(Batching::default(), ms(200), Duration::from_micros(930), 4), [5000, 5000, 5000, 5000]);
    // At 10 KB/s.
    assert_eq!(over(Batching::default(), ms(200), Duration::from_micros(9300), 6), [5000, 2500, 1250, 625, 312, 312]);
}

#[test]
fn a_fast_link_gets_larger_ones() {
    assert_eq!(over(Batching::default(), ms(1), Duration::from_micros(4), 4), [20_000, 40_000, 40_000, 40_000]);
}

#[test]
fn what_was_not_as_large_as_asked_for_says_nothing_about_larger_ones() {
    let batching = Batching::default();
    assert_eq!(batching.next(10_000, 9_999, ms(1)), 10_000, "the last of an entity, or the ceiling of bytes");
    // Few but wide rows: what counts is how many there really were.
    assert_eq!(batching.next(10_000, 300, ms(6_000)), 150);
}

#[test]
fn batches_that_were_under_way_say_it_of_their_own_size() {
    let mut sizes = Sizes::new(Batching::default());
    assert_eq!(sizes.fetched(1, ROWS, 10_000, ms(6_000)), 5_000);
    assert_eq!(sizes.fetched(1, ROWS, 10_000, ms(6_000)), 5_000, "it had been made before");
    assert_eq!(sizes.fetched(1, ROWS, 5_000, ms(6_000)), 2_500);
    assert_eq!(sizes.fetched(2, ROWS, 10_000, ms(50)), 20_000);
    assert_eq!(sizes.fetched(2, ROWS, 10_000, ms(50)), 20_000, "it had been made before");
}

#[test]
fn a_batch_is_too_slow_by_any_part_of_a_millisecond() {
    let batching = Batching { rows: 1304, ..Batching::default() };
    assert_eq!(batching.next(163, 163, ms(5_000) + Duration::from_micros(30)), 81);
    assert_eq!(batching.next(163, 163, ms(5_000)), 163);
}

#[test]
fn a_slow_disk_makes_them_smaller_too() {
    let mut sizes = Sizes::new(Batching::default());
    sizes.written(1, ROWS, 10_000, ms(8_000));
    assert_eq!(sizes.fetched(1, ROWS, 10_000, ms(10)), 5_000);
    sizes.written(1, ROWS, 10_000, ms(400));
    assert_eq!(sizes.fetched(1, ROWS, 5_000, ms(10)), 5_000, "they are not fast: a row takes as long to be written");
    assert_eq!(sizes.fetched(1, BatchKind::Deletes, 10_000, ms(10)), 20_000, "rows say nothing about deletes");
    assert_eq!(sizes.fetched(2, ROWS, 10_000, ms(10)), 20_000, "nor about another entity's");
}

#[test]
fn settings_are_remembered_and_a_part_of_them_is_enough() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let (agent, subscription) = ("laptop".parse().expect("a token"), "sub1".parse().expect("a token"));
    let device = Device { agent, subscription, user_id: uuid::Uuid::nil(), server: "nats://127.0.0.1:4222".into() };
    let mut store = Store::create(&folder.path().join("sojourn.db"), &device).expect("a database");
    assert_eq!(Batching::read(&store).expect("readable"), Batching::default());
    let own = Batching { rows: 7, ..Batching::default() };
    own.write(&mut store).expect("stored");
    assert_eq!(Batching::read(&store).expect("readable"), own);
    store.set_setting(BATCHING, Some(r#"{"rows":7}"#)).expect("stored");
    assert_eq!(Batching::read(&store).expect("readable"), own);
    store.set_setting(BATCHING, Some(r#"{"rows":"many"}"#)).expect("stored");
    let error = Batching::read(&store).expect_err("nonsense");
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
}

fn any_batching() -> impl Strategy<Value = Batching> {
    let times = (0..1_000u64, 0..10_000u64);
    (any::<u32>(), any::<u64>(), times, 0..5u32, 0..5u32).prop_map(
        |(rows, bytes, (min_ms, more), increase, decrease)| Batching {
            rows,
            bytes,
            min_ms,
            max_ms: min_ms + more,
            increase_rate: increase,
            decrease_rate: decrease,
            retry_count: 3,
        },
    )
}

proptest! {
    #[test]
    fn never_below_one_row_and_a_rate_of_one_changes_nothing(
        batching in any_batching(),
        batches in prop::collection::vec((any::<u32>(), 0..20_000u64), 0..50),
    ) {
        let mut sizes = Sizes::new(batching);
        let mut before = batching.rows.max(1);
        for (rows, took) in batches {
            let asked = sizes.fetched(1, ROWS, rows, ms(took));
            prop_assert!(asked >= 1);
            prop_assert!(asked <= before || batching.increase_rate > 1);
            prop_assert!(asked >= before || batching.decrease_rate > 1);
            prop_assert!(asked <= before || took < batching.min_ms);
            prop_assert!(asked >= before || took > batching.max_ms);
            before = asked;
        }
        prop_assert!(batching.asked().rows >= 1 && batching.asked().bytes >= 1);
    }

    /// On a link that stays as it is, the size settles: as near to the wanted times as steps allow.
    #[test]
    fn it_settles(each in 0..3_000u64, a_row in 1..50_000u64, rows in 1..100_000u32) {
        let batching = Batching { rows, ..Batching::default() };
        let a_row = Duration::from_micros(a_row);
        let sizes = over(batching, ms(each), a_row, 40);
        let (last, settled) = (sizes[39], sizes[38]);
        prop_assert_eq!(last, settled);
        let took = ms(each) + a_row.saturating_mul(last);
        prop_assert!(took <= ms(batching.max_ms) || last == 1, "{:?} for {} rows", took, last);
        prop_assert!(took >= ms(batching.min_ms), "{:?} for {} rows", took, last);
    }
}
