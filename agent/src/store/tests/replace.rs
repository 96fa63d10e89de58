//! `REPLACE` and upserts are captured as what they did.

use rusqlite::Connection;

use super::sample::{Sample, id};

/// A device with account 1, captured and forgotten.
fn with_account() -> (Sample, Connection) {
    let sample = Sample::new();
    let foreign = sample.foreign();
    let sql = format!(
        "INSERT INTO account (id, name, industry, state_code) VALUES ({}, 'A', 'retail', 0); DELETE FROM sojourn_queue",
        id(1)
    );
    foreign.execute_batch(&sql).expect("a row");
    (sample, foreign)
}

fn values(name: &str, state: &str) -> String {
    format!("INTO account (id, name, state_code) VALUES ({}, {name}, {state})", id(1))
}

#[test]
fn replacing_a_row_is_an_update_of_what_differs() {
    for recursive_triggers in ["OFF", "ON"] {
        let (sample, foreign) = with_account();
        foreign.pragma_update(None, "recursive_triggers", recursive_triggers).expect("a setting");
        foreign.execute_batch(&format!("INSERT OR REPLACE {}", values("'B'", "0"))).expect("a write");
        foreign.execute_batch(&format!("REPLACE {}", values("'B'", "0"))).expect("no change");
        assert_eq!(sample.queue(), [r#"update 1 {"industry":null,"name":"B"} <- {"industry":"retail","name":"A"}"#]);
        assert_eq!(sample.store.count_rows("account").expect("a count"), 1);
    }
}

#[test]
fn replacing_nothing_is_a_create() {
    let (sample, foreign) = with_account();
    foreign.execute_batch("DELETE FROM account; DELETE FROM sojourn_queue").expect("nothing there");
    foreign.execute_batch(&format!("REPLACE {}", values("'B'", "0"))).expect("a write");
    assert_eq!(sample.queue(), [r#"create 1 {"name":"B","state_code":0}"#]);
}

#[test]
fn a_replace_may_not_empty_what_is_required() {
    let (sample, foreign) = with_account();
    let error = foreign.execute_batch(&format!("REPLACE INTO account (id, name) VALUES ({}, 'B')", id(1)));
    assert_eq!(error.expect_err("refused").to_string(), "account.state_code is required: it must have a value");
    assert!(sample.queue().is_empty());
}

#[test]
fn an_upsert_is_the_update_it_did() {
    let (sample, foreign) = with_account();
    let upsert = format!("INSERT {} ON CONFLICT (id) DO UPDATE SET name = excluded.name", values("'B'", "NULL"));
    foreign.execute_batch(&upsert).expect("a write");
    foreign.execute_batch(&upsert).expect("no change");
    assert_eq!(sample.queue(), [r#"update 1 {"name":"B"} <- {"name":"A"}"#]);
}

#[test]
fn an_ignored_insert_leaves_nothing() {
    let (sample, foreign) = with_account();
    foreign.execute_batch(&format!("INSERT OR IGNORE {}", values("NULL", "NULL"))).expect("ignored");
    foreign.execute_batch(&format!("INSERT {} ON CONFLICT DO NOTHING", values("NULL", "NULL"))).expect("ignored");
    assert!(sample.queue().is_empty());
    assert_eq!(sample.store.count_rows("account").expect("a count"), 1);
}

#[test]
fn what_an_ignored_insert_put_aside_harms_no_later_write() {
    for recursive_triggers in ["OFF", "ON"] {
        let (sample, foreign) = with_account();
        foreign.pragma_update(None, "recursive_triggers", recursive_triggers).expect("a setting");
        let run = |sql: &str| foreign.execute_batch(sql).expect("a write");
        run(&format!("INSERT OR IGNORE {}", values("'ignored'", "0")));
        run("UPDATE account SET name = 'B'");
        run("DELETE FROM account");
        run(&format!("INSERT {}", values("'C'", "0")));
        run(&format!("INSERT OR IGNORE {}", values("'ignored'", "0")));
        run(&format!("REPLACE {}", values("'D'", "0")));
        assert_eq!(
            sample.queue(),
            [
                r#"update 1 {"name":"B"} <- {"name":"A"}"#,
                r#"delete 1 <- {"industry":"retail","name":"B","parent_id":null,"revenue":null,"state_code":0}"#,
                r#"create 1 {"name":"C","state_code":0}"#,
                r#"update 1 {"name":"D"} <- {"name":"C"}"#,
            ]
        );
    }
}

#[test]
fn a_failed_insert_keeps_what_or_fail_kept() {
    let (sample, foreign) = with_account();
    let sql =
        format!("INSERT OR FAIL INTO account (id, name) VALUES ({}, 'B'), ({}, 'C'), ({}, 'D')", id(2), id(1), id(3));
    foreign.execute_batch(&sql).expect_err("the second is there");
    assert_eq!(sample.queue(), [r#"create 2 {"name":"B"}"#]);
    assert_eq!(sample.store.count_rows("account").expect("a count"), 2);
}

#[test]
fn a_users_own_delete_before_an_insert_makes_an_update_too() {
    let (sample, foreign) = with_account();
    let run = |sql: &str| foreign.execute_batch(sql).expect("a write");
    run("CREATE TRIGGER own BEFORE INSERT ON account BEGIN DELETE FROM account WHERE id = NEW.id; END");
    run(&format!("INSERT {}", values("'B'", "0")));
    let queue = sample.queue();
    assert!(queue.last().is_some_and(|line| line.contains(r#""name":"B""#)), "{queue:?}");
}

#[test]
fn an_object_keeps_its_id_and_its_rowid() {
    let (sample, foreign) = with_account();
    let refused = |sql: &str| foreign.execute_batch(sql).expect_err("refused").to_string();
    let words = "account.id cannot be changed; insert a new row instead";
    assert_eq!(refused(&format!("UPDATE account SET id = {}", id(2))), words);
    assert_eq!(refused(&format!("UPDATE OR REPLACE account SET id = {}", id(2))), words);
    assert_eq!(refused("UPDATE account SET id = NULL"), words);
    assert_eq!(refused("UPDATE account SET rowid = 9"), words);
    let steal = format!("REPLACE INTO account (rowid, id, name) SELECT rowid, {}, 'B' FROM account", id(2));
    assert_eq!(refused(&steal), "this rowid belongs to another row; leave the rowid out");
    foreign.execute_batch(&format!("UPDATE account SET id = id, name = 'B' WHERE id = {}", id(1))).expect("the same");
    assert_eq!(sample.queue(), [r#"update 1 {"name":"B"} <- {"name":"A"}"#]);
}
