//! What is shown of sessions.

use jiff::{SignedDuration, Timestamp};
use sojourn_wire::message::prepare::EntityCounts;
use sojourn_wire::message::sync_info::{DeviceTime, ServerTime, SyncInfo};

use super::*;

fn record(number: u64, finished: bool, entities: Vec<EntitySyncInfo>) -> SyncRecord {
    let started_at = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(number as i64);
    let counts = |entity: &str, object_type_code, insert, delete| EntityCounts {
        entity: entity.into(),
        object_type_code,
        insert,
        update: 0,
        delete,
    };
    SyncRecord {
        session: Uuid::from_u128(u128::from(number) << 96),
        prepare_seq: number,
        started_at,
        finished_at: finished.then_some(started_at + SignedDuration::from_millis(90)),
        prepare_ms: 12,
        totals: vec![counts("account", 1, 12_000, 3), counts("note", 2, 0, 0)],
        info: SyncInfo { elapsed_ms: 90, entities },
    }
}

fn account() -> EntitySyncInfo {
    EntitySyncInfo {
        object_type_code: 1,
        first_ms: 5,
        last_ms: 88,
        rows: 12_000,
        deletes: 3,
        set_aside: 1,
        batches: 3,
        retries: 1,
        wire_bytes: 2_048,
        row_bytes: 1_048_576,
        server: ServerTime { read_us: 21_050, encode_us: 12_000, store_us: 4_000 },
        device: DeviceTime { fetch_us: 6_000, decode_us: 5_000, load_us: 15_000 },
    }
}

#[test]
fn only_the_newest_may_still_be_under_way() {
    let records = vec![record(3, false, vec![]), record(2, false, vec![]), record(1, true, vec![account()])];
    let outcomes: Vec<Outcome> = shown(records).iter().map(|session| session.outcome).collect();
    assert_eq!(outcomes, [Outcome::Unfinished, Outcome::CutShort, Outcome::Complete]);
}

#[test]
fn entities_of_which_nothing_was_to_move_are_left_out_and_unplanned_ones_are_not() {
    let unplanned = EntitySyncInfo { object_type_code: 9, batches: 1, ..EntitySyncInfo::default() };
    let session = one(record(1, true, vec![unplanned]), true);
    let names: Vec<&str> = session.entities.iter().map(|entity| entity.entity.as_str()).collect();
    assert_eq!(names, ["account", "entity 9"]);
    assert_eq!(session.entities[0].planned, Planned { insert: 12_000, update: 0, delete: 3 });
    assert_eq!(session.entities[0].moved, nothing(1));
}

#[test]
fn the_list_sums_entities_and_names_the_next_step() {
    let text = History { sessions: shown(vec![record(1, true, vec![account(), account()])]) }.to_string();
    for word in ["00000001", "1970-01-01T00:00:01.000Z", "24,000", "4.00 KiB", "2.00 MiB", "complete", "--session"] {
        assert!(text.contains(word), "{word:?} is missing:\n{text}");
    }
    let none = History { sessions: vec![] }.to_string();
    assert!(none.contains("not gone offline yet"), "{none}");
}

#[test]
fn a_session_in_full_says_what_each_stage_took() {
    let text = one(record(1, true, vec![account()]), true).to_string();
    for word in ["5 ms", "88 ms", "12,000", "21.0 ms", "12.0 ms", "15.0 ms", "1 beneath unsettled changes", "over 1970"]
    {
        assert!(text.contains(word), "{word:?} is missing:\n{text}");
    }
    let cut = one(record(1, false, vec![]), false).to_string();
    assert!(cut.contains("cut short: a later session went on"), "{cut}");
}
