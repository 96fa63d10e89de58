//! Invariant: a local write and its queue entry are one transaction; rejected writes and reads leave no entry.

use super::sample::{Sample, id};

#[test]
fn a_create_captures_what_is_not_null_but_neither_id_nor_generated() {
    let sample = Sample::new();
    let sql =
        format!("INSERT INTO account (id, name, logo, revenue, search) VALUES ({}, 'A', x'00ff', '12.50', 's')", id(1));
    sample.foreign().execute_batch(&sql).expect("a write");
    assert_eq!(sample.queue(), [r#"create 1 {"logo":{"blob":true},"name":"A","revenue":12.5}"#]);
    let entry = &sample.store.queue_entries(1).expect("a queue")[0];
    assert_eq!(entry.entity.as_deref(), Some("account"));
    let time = &entry.captured_at;
    assert!(time.len() == 24 && &time[10..11] == "T" && time.ends_with('Z'), "{time}");
}

#[test]
fn a_row_without_an_id_gets_a_random_uuid_of_version_4() {
    let sample = Sample::new();
    let foreign = sample.foreign();
    for _ in 0..50 {
        foreign.execute_batch("INSERT INTO account (name) VALUES ('A')").expect("a write");
    }
    let mut ids: Vec<_> =
        sample.store.queue_entries(50).expect("a queue").iter().map(|e| e.object_id.clone()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 50);
    for id in ids.into_iter().flatten() {
        let uuid: uuid::Uuid = id.parse().expect("a uuid");
        assert_eq!((uuid.get_version_num(), uuid.get_variant()), (4, uuid::Variant::RFC4122), "{id}");
        assert_eq!(uuid.to_string(), id);
    }
}

#[test]
fn an_update_captures_changed_attributes_and_what_they_were() {
    let sample = Sample::new();
    let foreign = sample.foreign();
    let run = |sql: &str| foreign.execute_batch(sql).expect("a write");
    run(&format!("INSERT INTO account (id, name, logo) VALUES ({}, 'A', x'00')", id(1)));
    run("UPDATE account SET name = 'A', revenue = NULL, search = 'only the server sets it'");
    run("UPDATE account SET name = 'B', industry = 'it''s', logo = x'01'");
    run("UPDATE account SET logo = NULL, industry = NULL");
    assert_eq!(
        sample.queue()[1..],
        [
            r#"update 1 {"industry":"it's","logo":{"blob":true},"name":"B"} <- {"industry":null,"logo":{"blob":true},"name":"A"}"#,
            r#"update 1 {"industry":null,"logo":null} <- {"industry":"it's","logo":{"blob":true}}"#,
        ]
    );
}

#[test]
fn a_delete_captures_what_was_there_but_blobs() {
    let sample = Sample::new();
    let foreign = sample.foreign();
    foreign
        .execute_batch(&format!(
            "INSERT INTO account (id, name, logo) VALUES ({}, 'A', x'00'); DELETE FROM account",
            id(1)
        ))
        .expect("writes");
    assert_eq!(
        sample.queue()[1..],
        [r#"delete 1 <- {"industry":null,"name":"A","parent_id":null,"revenue":null,"state_code":null}"#]
    );
}

#[test]
fn statements_on_many_rows_and_many_statements_are_captured_row_by_row() {
    let sample = Sample::new();
    let sql = format!(
        "BEGIN;
         INSERT INTO account (id, name) VALUES ({}, 'A'), ({}, 'B');
         UPDATE account SET name = name || '!' WHERE name > 'A';
         DELETE FROM account;
         COMMIT",
        id(1),
        id(2)
    );
    sample.foreign().execute_batch(&sql).expect("writes");
    let commands: Vec<String> = sample.queue().iter().map(|line| line[..8].to_owned()).collect();
    assert_eq!(commands, ["create 1", "create 2", "update 2", "delete 1", "delete 2"]);
}

#[test]
fn what_is_rolled_back_or_refused_leaves_no_entry() {
    let sample = Sample::new();
    let foreign = sample.foreign();
    let run = |sql: String| foreign.execute_batch(&sql);
    let insert = |digit, name: &str| format!("INSERT INTO account (id, name) VALUES ({}, {name})", id(digit));
    run(format!("BEGIN; {}; ROLLBACK", insert(1, "'A'"))).expect("rolled back");
    run(format!("BEGIN; {}; SAVEPOINT s; {}; ROLLBACK TO s; COMMIT", insert(2, "'A'"), insert(3, "'B'"))).expect("one");
    run(insert(2, "'again'")).expect_err("the id is taken");
    run(insert(4, "NULL")).expect_err("a name is required");
    run(format!("INSERT INTO account (id, name) VALUES ({}, 'A'), ({}, NULL)", id(5), id(6))).expect_err("the second");
    run("UPDATE account SET name = NULL".into()).expect_err("a name is required");
    run("SELECT * FROM account".into()).expect("a read");
    assert_eq!(sample.queue(), [r#"create 2 {"name":"A"}"#]);
    assert_eq!(sample.store.count_rows("account").expect("a count"), 1);
}

#[test]
fn a_transaction_that_goes_on_after_a_refusal_keeps_the_rest() {
    let sample = Sample::new();
    let foreign = sample.foreign();
    foreign.execute_batch(&format!("BEGIN; INSERT INTO account (id, name) VALUES ({}, 'A')", id(1))).expect("a write");
    foreign.execute_batch("INSERT INTO account (name) VALUES (NULL)").expect_err("refused");
    foreign.execute_batch("COMMIT").expect("the rest");
    assert_eq!(sample.queue(), [r#"create 1 {"name":"A"}"#]);
}

#[test]
fn every_type_is_captured_exactly() {
    let sample = Sample::new();
    let foreign = sample.foreign();
    let insert = "INSERT INTO everything (id, a_uuid, a_bool, an_int8, a_float8, a_short, a_long, a_text, a_json, an_array) \
        VALUES (?1, 'x', 1, ?2, ?3, ?4, ?5, ?6, ?7, '{}')";
    let text = "line\nquote\" tab\t back\\ é 🦀 \u{1}";
    let numbers = (i64::MIN, 0.1 + 0.2, 0.1 + 0.2, "12345678901234567890.10");
    let row = uuid::Uuid::from_u128(1).to_string();
    foreign.execute(insert, (row, numbers.0, numbers.1, numbers.2, numbers.3, text, r#"{"a":[1]}"#)).expect("a write");
    let data = sample.store.queue_entries(1).expect("a queue").remove(0).data.expect("data");
    let expected = serde_json::json!({
        "a_uuid": "x", "a_bool": 1, "an_int8": i64::MIN, "a_float8": 0.1 + 0.2, "a_short": 0.3,
        "a_long": "12345678901234567890.10", "a_text": text, "a_json": r#"{"a":[1]}"#, "an_array": "{}",
    });
    assert_eq!(data, expected);
}

#[test]
fn infinities_and_not_a_number_are_captured_as_text() {
    let sample = Sample::new();
    let sql = format!(
        "INSERT INTO everything (id, a_float4, a_float8, a_short) VALUES ({}, 9e999, -9e999, 'NaN');
         UPDATE everything SET a_float4 = 'NaN', a_float8 = 1e30, a_short = -0.0",
        id(1)
    );
    sample.foreign().execute_batch(&sql).expect("writes");
    assert_eq!(
        sample.queue(),
        [
            r#"create 1 {"a_float4":"Infinity","a_float8":"-Infinity","a_short":"NaN"}"#,
            r#"update 1 {"a_float4":"NaN","a_float8":1e+30,"a_short":0} <- {"a_float4":"Infinity","a_float8":"-Infinity","a_short":"NaN"}"#,
        ]
    );
}
