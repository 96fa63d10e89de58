//! What is shown of sessions.

use uuid::Uuid;

use super::*;

fn session(state: &str) -> SessionMoved {
    SessionMoved {
        session: Uuid::from_u128(0x3f0c << 112),
        subscription: "s1".to_owned(),
        user_id: Uuid::nil(),
        prepare_seq: 4,
        state: state.to_owned(),
        started_at: "2026-01-01T00:00:00.000Z".to_owned(),
        finished_at: None,
        prepare_ms: Some(12),
        elapsed_ms: None,
        rows: None,
        deletes: None,
        batches: None,
        retries: None,
        wire_bytes: None,
        row_bytes: None,
    }
}

fn contacts() -> EntityMoved {
    EntityMoved {
        entity: "contact".to_owned(),
        inserts: 5,
        updates: 0,
        planned_deletes: 2,
        first_at: Some("2026-01-01T00:00:01.000Z".to_owned()),
        last_at: None,
        rows: Some(5),
        deletes: Some(2),
        set_aside: Some(0),
        batches: Some(2),
        retries: Some(1),
        wire_bytes: Some(2_048),
        row_bytes: Some(4_096),
        read_us: Some(21_050),
        encode_us: None,
        store_us: Some(40),
        fetch_us: Some(1_000),
        decode_us: Some(2_000),
        load_us: Some(3_000),
    }
}

#[test]
fn what_no_device_has_said_is_a_dash_and_the_outcome_has_a_word() {
    let text = Listing { sessions: vec![session("abandoned")] }.to_string();
    for word in ["3f0c0000", "s1", "12 ms", " - ", "cut short", "--session 3f0c0000"] {
        assert!(text.contains(word), "{word:?} is missing:\n{text}");
    }
    assert_eq!([outcome("finished"), outcome("superseded"), outcome("open")], ["complete", "cut short", "open"]);
    assert_eq!(Listing { sessions: vec![] }.to_string(), "There was no session yet.");
}

#[test]
fn a_session_in_full_says_what_each_stage_took() {
    let text = Detail { session: session("finished"), entities: vec![contacts()] }.to_string();
    for word in ["prepare 4", "complete", "contact", "2.00 KiB", "4.00 KiB", "21.0 ms", "0.0 ms", "3.0 ms"] {
        assert!(text.contains(word), "{word:?} is missing:\n{text}");
    }
    let nothing = Detail { session: session("finished"), entities: vec![] }.to_string();
    assert!(nothing.ends_with("Nothing was to move."), "{nothing}");
}
