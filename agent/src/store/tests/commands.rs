//! Commands that need the server, and those beyond the three that write a row.

use sojourn_metadata::Metadata;
use sojourn_metadata::model::EntityCommand;

use super::sample::{Sample, id, metadata};

fn with(commands: &[(&str, bool)]) -> Metadata {
    let mut metadata = metadata();
    let command =
        |(name, online_only): &(&str, bool)| EntityCommand { name: (*name).into(), online_only: *online_only };
    metadata.entities[0].commands = commands.iter().map(command).collect();
    metadata
}

fn refused(sample: &Sample, sql: &str) -> String {
    sample.foreign().execute_batch(sql).expect_err("refused").to_string()
}

fn write(sample: &Sample, sql: &str) {
    sample.foreign().execute_batch(sql).expect("a write");
}

const INSERT: &str = "INTO account (id, name) VALUES ('00000000-0000-0000-0000-000000000001', 'A')";

#[test]
fn a_create_that_needs_the_server_is_refused() {
    let mut sample = Sample::with(&with(&[("create", true)]));
    let words = "account: create needs the server; do it online";
    assert_eq!(refused(&sample, &format!("INSERT {INSERT}")), words);
    assert_eq!(refused(&sample, &format!("REPLACE {INSERT}")), words);
    assert!(sample.queue().is_empty());
    sample.store.adopt_metadata(2, &with(&[])).expect("other commands");
    write(&sample, &format!("INSERT {INSERT}"));
    sample.store.adopt_metadata(3, &with(&[("create", true)])).expect("other commands");
    write(
        &sample,
        &format!("REPLACE {}; UPDATE account SET name = 'C'; DELETE FROM account", INSERT.replace("'A'", "'B'")),
    );
    assert_eq!(sample.queue().len(), 4);
}

#[test]
fn an_update_that_needs_the_server_is_refused() {
    let sample = Sample::with(&with(&[("update", true)]));
    write(&sample, &format!("INSERT {INSERT}; REPLACE {INSERT}; UPDATE account SET name = name"));
    let words = "account: update needs the server; do it online";
    assert_eq!(refused(&sample, "UPDATE account SET name = 'B'"), words);
    assert_eq!(refused(&sample, &format!("REPLACE {}", INSERT.replace("'A'", "'B'"))), words);
    assert_eq!(sample.queue(), [r#"create 1 {"name":"A"}"#]);
}

#[test]
fn a_delete_that_needs_the_server_is_refused() {
    let sample = Sample::with(&with(&[("delete", true)]));
    write(&sample, &format!("INSERT {INSERT}; REPLACE {}", INSERT.replace("'A'", "'B'")));
    assert_eq!(refused(&sample, "DELETE FROM account"), "account: delete needs the server; do it online");
    assert_eq!(sample.queue().len(), 2);
}

#[test]
fn named_commands_are_known_and_follow_the_metadata() {
    let mut sample = Sample::with(&with(&[("delete", false), ("award", false), ("merge", true)]));
    let command = |name: &str| {
        format!("INSERT INTO sojourn_command (entity, object_id, name) VALUES ('account', {}, '{name}')", id(1))
    };
    write(&sample, &command("award"));
    assert!(refused(&sample, &command("merge")).contains("needs the server"));
    assert!(refused(&sample, &command("delete")).contains("has no such command"));
    sample.store.adopt_metadata(2, &with(&[("merge", false)])).expect("other commands");
    write(&sample, &command("merge"));
    assert!(refused(&sample, &command("award")).contains("has no such command"));
}

#[test]
fn the_triggers_of_others_stay() {
    let mut sample = Sample::with(&with(&[]));
    write(&sample, "CREATE TRIGGER mine AFTER INSERT ON account BEGIN UPDATE account SET name = 'own'; END");
    sample.store.adopt_metadata(2, &with(&[("delete", true)])).expect("other commands");
    write(&sample, &format!("INSERT {INSERT}"));
    assert_eq!(sample.accounts(), ["1 own"]);
    assert_eq!(sample.queue().len(), 2);
}
