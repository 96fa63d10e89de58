//! What the server would refuse for sure is refused at once, in words that name attribute and rule.

use super::sample::{Sample, id};

fn refusal(sample: &Sample, sql: &str) -> String {
    sample.foreign().execute_batch(sql).expect_err(sql).to_string()
}

#[test]
fn each_rule_has_its_words_on_insert_and_on_update() {
    let sample = Sample::new();
    let accounts = [
        ("name", "NULL", "account.name is required: it must have a value"),
        ("name", "'123456789012345678901'", "account.name has at most 20 characters"),
        ("name", "x'00'", "account.name must be text, not a blob"),
        ("industry", "'mining'", "account.industry must be one of: retail, it's"),
        ("state_code", "'open'", "account.state_code must be a whole number from -32768 to 32767"),
        ("state_code", "32768", "account.state_code must be a whole number from -32768 to 32767"),
        ("state_code", "1.5", "account.state_code must be a whole number from -32768 to 32767"),
        ("revenue", "'much'", "account.revenue must be a number, or the text NaN, Infinity or -Infinity"),
        ("logo", "'no blob'", "account.logo must be a blob"),
    ];
    let everything = [
        ("a_bool", "2", "everything.a_bool must be 0 or 1"),
        ("a_bool", "'true'", "everything.a_bool must be 0 or 1"),
        ("an_int4", "3000000000", "everything.an_int4 must be a whole number from -2147483648 to 2147483647"),
        ("an_int8", "'x'", "everything.an_int8 must be a whole number of at most 64 bits"),
        ("a_float8", "x'00'", "everything.a_float8 must be a number, or the text NaN, Infinity or -Infinity"),
        ("a_jsonb", "x'00'", "everything.a_jsonb must be text, not a blob"),
    ];
    let sql =
        format!("INSERT INTO account (id, name) VALUES ({}, 'A'); INSERT INTO everything (id) VALUES ({0})", id(1));
    sample.foreign().execute_batch(&sql).expect("rows");
    let cases = accounts.map(|case| ("account", case)).into_iter().chain(everything.map(|case| ("everything", case)));
    for (table, (attribute, value, words)) in cases {
        let needs_name = table == "account" && attribute != "name";
        let insert = match needs_name {
            true => format!("INSERT INTO {table} ({attribute}, name) VALUES ({value}, 'A')"),
            false => format!("INSERT INTO {table} ({attribute}) VALUES ({value})"),
        };
        assert_eq!(refusal(&sample, &insert), words);
        assert_eq!(refusal(&sample, &format!("UPDATE {table} SET {attribute} = {value}")), words);
    }
    assert_eq!(sample.queue().len(), 2);
}

#[test]
fn an_id_must_be_a_uuid_in_its_canonical_form() {
    let sample = Sample::new();
    let words = "account.id must be a uuid in lower case with hyphens; leave it out to get one";
    for bad in [
        "'1'",
        "7",
        "'ABCDEF00-0000-4000-8000-000000000000'",
        "'abcdef0000004000800000000000000000'",
        "'{abcdef00-0000-4000-8000-000000000000}'",
        "'abcdef00-0000-4000-8000-000000000000 '",
        "CAST('abcdef00-0000-4000-8000-000000000000' AS BLOB)",
    ] {
        assert_eq!(refusal(&sample, &format!("INSERT INTO account (id, name) VALUES ({bad}, 'A')")), words);
    }
    assert!(sample.queue().is_empty());
}

#[test]
fn spaces_that_the_server_cuts_off_and_many_bytes_for_few_characters_pass() {
    let sample = Sample::new();
    let run = |name: &str| sample.foreign().execute_batch(&format!("INSERT INTO account (name) VALUES ('{name}')"));
    run(&format!("{}     ", "x".repeat(20))).expect("spaces");
    run(&"🦀".repeat(20)).expect("twenty characters");
}

#[test]
fn what_was_loaded_is_not_judged_again() {
    let sample = Sample::new();
    let long = "x".repeat(30);
    let sql = format!("INSERT INTO account (id, name) VALUES ({}, '{long}')", id(1));
    sample.store.connection.execute_batch(&sql).expect("a load, without triggers");
    sample.foreign().execute_batch("UPDATE account SET industry = 'retail'").expect("another attribute");
    assert_eq!(sample.queue(), [r#"update 1 {"industry":"retail"} <- {"industry":null}"#]);
}
