//! A batch file is shown field by field and row by row, with or without a device; a damaged one is told from a whole one.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sojourn_agent::store::{Device as Stored, Store};
use sojourn_metadata::Metadata;
use sojourn_wire::batch::{BatchWriter, Compression, HeaderFields};
use uuid::Uuid;

use super::files::files;
use super::{assert_refused, ran};
use crate::support::{Ran, agent, run};

const ROWS: u128 = 30;

/// Contacts 1 to 30: an id, a name, and a number that is null for the first.
fn contacts() -> Vec<u8> {
    let mut writer = BatchWriter::for_rows(vec![1, 3, 4]).expect("attributes");
    for row in 1..=ROWS {
        let (name, number) = (format!("Contact {row}"), (row as i32 * 10).to_be_bytes());
        let mut tuple = 3_i16.to_be_bytes().to_vec();
        for value in [Some(&Uuid::from_u128(row).as_bytes()[..]), Some(name.as_bytes()), (row > 1).then_some(&number)] {
            tuple.extend(value.map_or(-1, |value| value.len() as i32).to_be_bytes());
            tuple.extend(value.unwrap_or_default());
        }
        writer.push_copy_row(&tuple).expect("a tuple");
    }
    let fields = HeaderFields {
        session: Uuid::from_u128(0x5e55),
        batch_number: 7,
        object_type_code: 2,
        metadata_version: 1,
        compression: Compression::Zstd,
    };
    writer.finish(fields).expect("a file")
}

fn metadata() -> Metadata {
    let attribute = |id: u32, name: &str, kind: &str| {
        json!({
            "id": id, "name": name, "data_type": {"type": kind}, "sql_type": kind,
            "required": false, "has_default": false, "generated": false,
        })
    };
    let attributes = [attribute(1, "id", "uuid"), attribute(3, "name", "text"), attribute(4, "number", "int4")];
    let contact = json!({
        "name": "contact", "object_type_code": 2, "schema": "public", "table": "contact",
        "attributes": attributes, "relationships": [],
    });
    let metadata = json!({"dataset": "crm", "acting_role": "sojourn_user", "entities": [contact]});
    serde_json::from_value(metadata).expect("metadata")
}

/// A device that holds contacts.
fn device(home: &Path) {
    std::fs::create_dir(home).expect("a folder");
    let device = Stored {
        agent: "laptop".parse().expect("a token"),
        subscription: "s1".parse().expect("a token"),
        user_id: Uuid::from_u128(1),
        server: "nats://127.0.0.1:1".to_owned(),
    };
    let mut store = Store::create(&home.join("sojourn.db"), &device).expect("a database");
    store.adopt_metadata(1, &metadata()).expect("tables");
}

/// A folder with a file in it, and the home beside it that is not there yet.
struct Desk {
    folder: tempfile::TempDir,
    file: PathBuf,
}

impl Desk {
    fn with(bytes: &[u8]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("seven.batch");
        std::fs::write(&file, bytes).expect("the folder can be written");
        Self { folder, file }
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    async fn inspect(&self, args: &[&str]) -> Ran {
        let file = self.file.display().to_string();
        let args: Vec<&str> = ["inspect", &file].into_iter().chain(args.iter().copied()).collect();
        ran(agent(&self.home(), &args)).await
    }
}

#[test]
fn without_a_device_the_header_and_raw_values_are_shown_and_nothing_is_made() {
    run(async {
        let desk = Desk::with(&contacts());
        let shown = desk.inspect(&["--rows", "2"]).await.expect(0);
        let header = &shown["header"];
        let said = [
            ("result", json!("ok")),
            ("result_code", json!(0)),
            ("kind", json!("rows")),
            ("compression", json!("zstd")),
            ("metadata_version", json!(1)),
            ("session", json!(Uuid::from_u128(0x5e55))),
            ("batch_number", json!(7)),
            ("object_type_code", json!(2)),
            ("row_count", json!(ROWS as u64)),
            ("first_key", json!(Uuid::from_u128(1))),
            ("last_key", json!(Uuid::from_u128(ROWS))),
            ("attributes", json!([{"id": 1}, {"id": 3}, {"id": 4}])),
        ];
        for (field, value) in said {
            assert_eq!(header[field], value, "{field}: {shown}");
        }
        assert_eq!((&shown["answer"], &shown["right"]), (&json!("inspected"), &json!(true)));
        assert_eq!(header["digest"].as_str().map(str::len), Some(64), "{shown}");
        let first = json!([Uuid::from_u128(1), "\\x436f6e746163742031", Value::Null]);
        let second = json!([Uuid::from_u128(2), "\\x436f6e746163742032", "\\x00000014"]);
        assert_eq!(shown["rows"], json!([first, second]), "{shown}");
        assert!(!desk.home().exists(), "nothing was made");
    });
}

#[test]
fn a_device_gives_names_and_types() {
    run(async {
        let desk = Desk::with(&contacts());
        device(&desk.home());
        let shown = desk.inspect(&["--offset", "28"]).await.expect(0);
        assert_eq!(shown["header"]["entity"], "contact", "{shown}");
        assert_eq!(shown["header"]["attributes"][2], json!({"id": 4, "name": "number", "type": "int4"}), "{shown}");
        let last_two = json!([[Uuid::from_u128(29), "Contact 29", 290], [Uuid::from_u128(30), "Contact 30", 300]]);
        assert_eq!((&shown["offset"], &shown["rows"]), (&json!(28), &last_two), "{shown}");
    });
}

#[test]
fn what_is_no_whole_batch_file_is_told_with_its_place() {
    run(async {
        let whole = contacts();
        let mut flipped = whole.clone();
        *flipped.last_mut().expect("bytes") ^= 1;
        let cases: [(&[u8], &str); 5] = [
            (b"", "magic at offset 0"),
            (b"my diary", "not a batch file"),
            (&whole[..90], "offset 80"),
            (&whole[..whole.len() - 1], "the body starts at byte 148"),
            (&flipped, "digest does not match"),
        ];
        for (bytes, words) in cases {
            let desk = Desk::with(bytes);
            let before = files(desk.folder.path());
            assert_refused(&desk.inspect(&[]).await, 1, &["seven.batch", "cannot be shown", words]);
            assert_eq!(files(desk.folder.path()), before, "nothing is changed");
        }
        let missing = Desk::with(b"");
        std::fs::remove_file(&missing.file).expect("it was written");
        assert_refused(&missing.inspect(&[]).await, 1, &["seven.batch", "No such file"]);
    });
}

#[test]
fn the_header_of_a_damaged_file_is_shown_and_the_exit_code_says_so() {
    run(async {
        let mut cut = contacts();
        cut.truncate(200);
        let shown = Desk::with(&cut).inspect(&["--header"]).await.expect(1);
        assert_eq!((&shown["right"], &shown["header"]["row_count"]), (&json!(false), &json!(ROWS as u64)), "{shown}");
        let problem = shown["problem"].as_str().expect("it says what is wrong");
        assert!(problem.contains("the file has 200"), "{problem}");
        assert_eq!(shown.get("rows"), None, "{shown}");
        let both = Desk::with(&contacts()).inspect(&["--header", "--rows", "3"]).await;
        assert_refused(&both, 2, &["--header", "--rows"]);
    });
}
