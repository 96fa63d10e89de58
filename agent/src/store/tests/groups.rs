//! Groups: what is written between the markers belongs together.

use super::sample::{Sample, id};

const START: &str = "INSERT INTO sojourn_group (marker) VALUES ('start')";
const STOP: &str = "INSERT INTO sojourn_group (marker) VALUES ('stop')";

fn account(digit: u128) -> String {
    format!("INSERT INTO account (id, name) VALUES ({}, 'A')", id(digit))
}

#[test]
fn entries_between_the_markers_name_their_group() {
    let sample = Sample::new();
    let sql = [&account(1), START, &account(2), STOP, START, STOP, &account(3)].join("; ");
    sample.foreign().execute_batch(&sql).expect("writes");
    let entries = sample.store.queue_entries(10).expect("a queue");
    let groups: Vec<_> = entries.iter().map(|entry| entry.group).collect();
    assert_eq!(groups, [None, None, Some(2), Some(2), None, Some(5), None]);
    let markers = sample
        .foreign()
        .prepare("SELECT marker FROM sojourn_group")
        .expect("a view")
        .query_map([], |r| r.get(0))
        .expect("rows")
        .collect::<Result<Vec<String>, _>>()
        .expect("rows");
    assert_eq!(markers, ["start", "stop", "start", "stop"]);
    assert_eq!(sample.store.queue_summary().expect("a summary").open_group, None);
}

#[test]
fn the_open_group_is_known() {
    let sample = Sample::new();
    sample.foreign().execute_batch(&[&account(1), START].join("; ")).expect("writes");
    let summary = sample.store.queue_summary().expect("a summary");
    assert_eq!((summary.open_group, summary.waiting), (Some(2), 1));
}

#[test]
fn markers_that_do_not_match_are_refused() {
    let sample = Sample::new();
    let foreign = sample.foreign();
    let refusal = |sql: &str| foreign.execute_batch(sql).expect_err(sql).to_string();
    assert_eq!(refusal(STOP), "sojourn_group: no group is open; start one first");
    foreign.execute_batch(START).expect("open");
    let nested = "sojourn_group: a group is open already; stop it before you start another";
    assert_eq!(refusal(START), nested);
    assert_eq!(refusal("INSERT OR IGNORE INTO sojourn_group (marker) VALUES ('start')"), nested);
    let unknown = "sojourn_group: the marker must be start or stop";
    assert_eq!(refusal("INSERT INTO sojourn_group (marker) VALUES ('Start')"), unknown);
    assert_eq!(refusal("INSERT INTO sojourn_group (marker) VALUES (NULL)"), unknown);
    assert_eq!(sample.queue(), ["start"]);
}

#[test]
fn a_group_that_is_rolled_back_never_was() {
    let sample = Sample::new();
    let sql = ["BEGIN", START, &account(1), "ROLLBACK", &account(2)].join("; ");
    sample.foreign().execute_batch(&sql).expect("writes");
    assert_eq!(sample.queue(), [r#"create 2 {"name":"A"}"#]);
    assert_eq!(sample.store.queue_entries(1).expect("a queue")[0].group, None);
}
