//! Files as the server makes them, and files that are wrong.

use serde_json::json;
use sojourn_metadata::{Attribute, DataType};
use sojourn_wire::batch::{BatchWriter, HeaderFields, ResultCode, refusal};

use super::*;

const FIELDS: HeaderFields = HeaderFields {
    session: Uuid::from_u128(0x5e55),
    batch_number: 4,
    object_type_code: 2,
    metadata_version: 3,
    compression: Compression::Zstd,
};

const ALL: View = View::Rows { offset: 0, limit: 10 };

fn attribute(id: u32, name: &str, data_type: DataType) -> Attribute {
    Attribute {
        id,
        name: name.into(),
        data_type,
        sql_type: name.into(),
        required: false,
        has_default: false,
        generated: false,
        max_length: None,
        enum_values: vec![],
    }
}

fn metadata_with(attributes: Vec<Attribute>) -> Metadata {
    let account = Entity {
        name: "account".into(),
        object_type_code: 2,
        schema: "public".into(),
        table: "account".into(),
        attributes,
        relationships: vec![],
        commands: vec![],
    };
    Metadata { dataset: "crm".into(), acting_role: "u".into(), entities: vec![account] }
}

fn metadata() -> Metadata {
    let id = attribute(1, "id", DataType::Uuid);
    metadata_with(vec![id, attribute(2, "name", DataType::Text), attribute(5, "size", DataType::Int4)])
}

/// Rows 1 to `count` of accounts: a name, and a size that the second has not.
fn file(count: u128) -> Vec<u8> {
    let mut writer = BatchWriter::for_rows(vec![1, 2, 5]).expect("attributes");
    for row in 1..=count {
        let size = (row != 2).then(|| (row as i32).to_be_bytes());
        let mut tuple = 3_i16.to_be_bytes().to_vec();
        for value in [Some(&Uuid::from_u128(row).as_bytes()[..]), Some(b"O'Neil\n"), size.as_ref().map(|s| &s[..])] {
            tuple.extend(value.map_or(-1, |value| value.len() as i32).to_be_bytes());
            tuple.extend(value.unwrap_or_default());
        }
        writer.push_copy_row(&tuple).expect("a tuple");
    }
    writer.finish(FIELDS).expect("a file")
}

fn looked(bytes: &[u8], metadata: Option<&Metadata>, view: View) -> Result<Inspected, String> {
    look(Path::new("a.batch"), bytes, metadata, view)
}

fn rows(inspected: &Inspected) -> &[Vec<serde_json::Value>] {
    &inspected.content.as_ref().expect("rows were asked for").rows
}

#[test]
fn with_metadata_names_and_types_are_shown() {
    let inspected = looked(&file(2), Some(&metadata()), ALL).expect("it is whole");
    let id = Uuid::from_u128;
    assert_eq!(
        rows(&inspected),
        [[json!(id(1)), json!("O'Neil\n"), json!(1)], [json!(id(2)), json!("O'Neil\n"), json!(null)]]
    );
    let text = inspected.to_string();
    for word in ["ok (0)", "2 (account)", "1 id, 2 name, 5 size", "zstd", "Right             yes", "O'Neil\\n", "NULL"]
    {
        assert!(text.contains(word), "{word:?} is missing:\n{text}");
    }
}

#[test]
fn without_metadata_values_are_bytes_and_the_object_id_is_not() {
    let inspected = looked(&file(1), None, ALL).expect("it is whole");
    assert_eq!(rows(&inspected), [[json!(Uuid::from_u128(1)), json!("\\x4f274e65696c0a"), json!("\\x00000001")]]);
    assert!(inspected.to_string().contains("attribute 5"), "{inspected}");
}

#[test]
fn rows_are_shown_from_an_offset_on_and_the_next_is_named() {
    let whole = file(9);
    let inspected = looked(&whole, None, View::Rows { offset: 3, limit: 2 }).expect("it is whole");
    assert_eq!(rows(&inspected).len(), 2);
    assert_eq!(rows(&inspected)[0][0], json!(Uuid::from_u128(4)));
    assert!(inspected.to_string().contains("Rows 3 to 4 of 9; go on with --offset 5"), "{inspected}");
    let beyond = looked(&whole, None, View::Rows { offset: 9, limit: 2 }).expect("it is whole");
    assert!(beyond.to_string().contains("No rows from 9 on: the file has 9."), "{beyond}");
}

#[test]
fn a_value_that_does_not_fit_its_type_is_shown_as_bytes_and_said() {
    let other = metadata_with(vec![attribute(2, "name", DataType::Int4)]);
    let inspected = looked(&file(1), Some(&other), ALL).expect("it is whole");
    assert_eq!(rows(&inspected)[0][1], json!("\\x4f274e65696c0a"));
    assert!(inspected.to_string().contains("row 0, column 1: these bytes are no int4"), "{inspected}");
}

#[test]
fn deletes_have_one_column() {
    let mut writer = BatchWriter::for_deletes(1);
    writer.push_id(Uuid::from_u128(7)).expect("an id");
    let inspected = looked(&writer.finish(FIELDS).expect("a file"), Some(&metadata()), ALL).expect("it is whole");
    assert_eq!((inspected.header.kind, rows(&inspected)), ("deletes", &[vec![json!(Uuid::from_u128(7))]][..]));
}

#[test]
fn a_refusal_is_whole_and_has_a_word_for_why() {
    let inspected = looked(&refusal(FIELDS, Kind::Rows, ResultCode::FORBIDDEN), None, ALL).expect("it is whole");
    assert!(inspected.right);
    assert_eq!((inspected.header.result.as_str(), inspected.header.result_code), ("forbidden", 2));
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let whole = file(50);
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        bytes
    };
    let wrong: [(Vec<u8>, &str); 6] = [
        (Vec::new(), "magic at offset 0 needs 4 bytes"),
        (b"SQLite format 3".to_vec(), "not a batch file"),
        (whole[..100].to_vec(), "at offset 96"),
        (flipped(50), "the header is damaged"),
        (
            flipped(whole.len() - 1),
            "the body is damaged: its digest does not match (the header is right, the body starts at byte 148)",
        ),
        (whole[..whole.len() - 9].to_vec(), "the header says"),
    ];
    for (bytes, words) in wrong {
        let problem = looked(&bytes, None, ALL).expect_err("it is not whole");
        assert!(problem.contains(words), "{problem}");
    }
}

#[test]
fn the_header_of_a_damaged_file_is_shown_on_request() {
    let mut bytes = file(50);
    bytes.truncate(160);
    let inspected = looked(&bytes, None, View::Header).expect("its header is whole");
    assert!(!inspected.right);
    let text = inspected.to_string();
    assert!(text.contains("Right             no: the header says") && text.contains("Row count         50"), "{text}");
}
