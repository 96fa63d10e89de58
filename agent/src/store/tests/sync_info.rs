//! What sessions did, remembered.

use jiff::{SignedDuration, Timestamp};
use sojourn_wire::message::prepare::EntityCounts;
use sojourn_wire::message::sync_info::{DeviceTime, EntitySyncInfo, ServerTime, SyncInfo};
use uuid::Uuid;

use super::sample::Sample;
use crate::store::SyncRecord;

fn session(number: u64) -> Uuid {
    Uuid::from_u128(number.into())
}

fn at(second: u64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second as i64)
}

fn totals() -> Vec<EntityCounts> {
    vec![EntityCounts { entity: "account".into(), object_type_code: 1, insert: 3, update: 2, delete: 1 }]
}

fn info() -> SyncInfo {
    let entity = EntitySyncInfo {
        object_type_code: 1,
        rows: 5,
        deletes: 1,
        batches: 2,
        wire_bytes: 900,
        server: ServerTime { read_us: 1, encode_us: 2, store_us: 3 },
        device: DeviceTime { fetch_us: 4, decode_us: 5, load_us: 6 },
        ..EntitySyncInfo::default()
    };
    SyncInfo { elapsed_ms: 40, entities: vec![entity] }
}

#[test]
fn it_comes_back_as_it_was_noted() {
    let mut sample = Sample::new();
    let store = &mut sample.store;
    store.sync_info_begin(session(1), 7, at(10), 12, &totals()).expect("begun");
    let begun = SyncRecord {
        session: session(1),
        prepare_seq: 7,
        started_at: at(10),
        finished_at: None,
        prepare_ms: 12,
        totals: totals(),
        info: SyncInfo::default(),
    };
    assert_eq!(store.sync_info_list(10).expect("readable"), std::slice::from_ref(&begun));
    store.sync_info_note(session(1), &info(), Some(at(11))).expect("noted");
    let ended = SyncRecord { finished_at: Some(at(11)), info: info(), ..begun };
    assert_eq!(store.sync_info_list(10).expect("readable"), std::slice::from_ref(&ended));
    store.sync_info_begin(session(1), 7, at(12), 99, &[]).expect("harmless");
    assert_eq!(store.sync_info_list(10).expect("readable"), [ended]);
}

#[test]
fn the_newest_hundred_are_kept_newest_first() {
    let mut sample = Sample::new();
    let store = &mut sample.store;
    for number in 1..=103 {
        store.sync_info_begin(session(number), number, at(number), 0, &[]).expect("begun");
    }
    let kept: Vec<u64> = store.sync_info_list(1000).expect("readable").iter().map(|r| r.prepare_seq).collect();
    assert_eq!(kept, (4..=103).rev().collect::<Vec<_>>());
    let newest: Vec<Uuid> = store.sync_info_list(2).expect("readable").iter().map(|r| r.session).collect();
    assert_eq!(newest, [session(103), session(102)]);
    store.sync_info_note(session(1), &info(), None).expect("what is forgotten stays forgotten");
    assert_eq!(store.sync_info_list(1000).expect("readable").len(), 100);
}

#[test]
fn a_clock_that_went_back_does_not_make_the_session_under_way_forgotten() {
    let mut sample = Sample::new();
    let store = &mut sample.store;
    for number in 1..=100 {
        store.sync_info_begin(session(number), number, at(1000 + number), 0, &[]).expect("begun");
    }
    store.sync_info_begin(session(101), 101, at(1), 0, &[]).expect("begun");
    let kept = store.sync_info_list(1000).expect("readable");
    assert_eq!(kept.last().map(|record| record.session), Some(session(101)));
}
