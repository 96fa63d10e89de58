//! Whatever the user writes and the server sends, in whatever order: what the user has set stays, everything else is the
//! server's, and no bytes that an unsettled entry sets are lost.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use rusqlite::Connection;

use super::batches::{Raw, deletes, key, rows_of};
use super::sample::{Sample, id, metadata};
use crate::store::rebase::forget_images;

/// Name, industry and logo.
type Row = BTreeMap<&'static str, Option<Vec<u8>>>;

const ATTRIBUTES: [&str; 3] = ["name", "industry", "logo"];

#[derive(Debug, Clone)]
enum Step {
    /// The user's statement about an account.
    Write(u128, &'static str),
    /// The server's row: name, industry, logo.
    Row(u128, &'static str, Option<&'static str>, Option<u8>),
    Delete(u128),
    /// Everything on the account is settled.
    Applied(u128),
    /// Everything that waits is refused.
    Refused,
}

fn step() -> impl Strategy<Value = Step> {
    let writes = prop::sample::select(vec![
        "INSERT OR IGNORE INTO account (id, name, logo) VALUES ($, 'new', x'01')",
        "INSERT OR REPLACE INTO account (id, name, industry, logo) VALUES ($, 'put', 'retail', x'02')",
        "UPDATE account SET name = name || '!' WHERE id = $",
        "UPDATE account SET industry = 'it''s' WHERE id = $",
        "UPDATE account SET logo = x'03' WHERE id = $",
        "UPDATE account SET logo = x'0405', industry = NULL WHERE id = $",
        "UPDATE account SET logo = NULL WHERE id = $",
        "DELETE FROM account WHERE id = $",
    ]);
    let row = (
        1..=3_u128,
        prop::sample::select(vec!["A", "B"]),
        prop::sample::select(vec![None, Some("retail"), Some("it's")]),
        prop::option::of(any::<u8>()),
    );
    prop_oneof![
        6 => (1..=3_u128, writes).prop_map(|(digit, sql)| Step::Write(digit, sql)),
        4 => row.prop_map(|(digit, name, industry, logo)| Step::Row(digit, name, industry, logo)),
        1 => (1..=3_u128).prop_map(Step::Delete),
        1 => (1..=3_u128).prop_map(Step::Applied),
        1 => Just(Step::Refused),
    ]
}

/// What the user holds of an account.
#[derive(Debug, Clone, Default)]
struct Mine {
    away: bool,
    attributes: BTreeSet<&'static str>,
}

impl Mine {
    fn see(&mut self, before: Option<&Row>, after: Option<&Row>) {
        match (before, after) {
            (Some(_), None) => *self = Self { away: true, attributes: BTreeSet::new() },
            (None, Some(_)) if self.away => *self = Self { away: false, attributes: ATTRIBUTES.into() },
            (None, Some(row)) => self.attributes.extend(ATTRIBUTES.iter().filter(|name| row[*name].is_some())),
            (Some(before), Some(after)) => {
                self.attributes.extend(ATTRIBUTES.iter().filter(|name| before[*name] != after[*name]));
            }
            (None, None) => {}
        }
    }

    fn is_none(&self) -> bool {
        !self.away && self.attributes.is_empty()
    }
}

fn read(foreign: &Connection, digit: u128) -> Option<Row> {
    let sql = format!("SELECT CAST(name AS BLOB), CAST(industry AS BLOB), logo FROM account WHERE id = {}", id(digit));
    let row = |row: &rusqlite::Row<'_>| {
        ATTRIBUTES.iter().enumerate().map(|(column, name)| Ok((*name, row.get(column)?))).collect()
    };
    foreign.query_row(&sql, [], row).ok()
}

/// The entries that set bytes, and have no verdict that ends them.
fn setters(foreign: &Connection) -> Vec<i64> {
    let sql = "SELECT row_number FROM sojourn_queue WHERE state IN (0, 1, 3) AND data ->> '$.logo.blob'";
    let mut statement = foreign.prepare(sql).expect("a query");
    statement.query_map([], |row| row.get(0)).expect("rows").collect::<Result<_, _>>().expect("numbers")
}

struct World {
    sample: Sample,
    foreign: Connection,
    batch: u32,
    mine: BTreeMap<u128, Mine>,
    bytes: BTreeMap<i64, Vec<u8>>,
}

impl World {
    fn new() -> Self {
        let sample = Sample::in_session();
        let foreign = sample.foreign();
        Self { sample, foreign, batch: 0, mine: BTreeMap::new(), bytes: BTreeMap::new() }
    }

    fn load(&mut self, file: impl FnOnce(u32) -> Vec<u8>) {
        self.batch += 1;
        self.sample.load(&file(self.batch)).expect("a load");
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Write(digit, sql) => self.write(*digit, sql),
            Step::Row(digit, name, industry, logo) => {
                let bytes = |text: &str| text.as_bytes().to_vec();
                let came: Row = [
                    ("name", Some(bytes(name))),
                    ("industry", industry.map(bytes)),
                    ("logo", logo.map(|byte| vec![byte])),
                ]
                .into();
                self.row_comes(*digit, &came);
            }
            Step::Delete(digit) => {
                let before = read(&self.foreign, *digit);
                self.load(|number| deletes(number, &[*digit]));
                let expected = before.filter(|_| !self.mine(*digit).is_none());
                assert_eq!(read(&self.foreign, *digit), expected);
            }
            Step::Applied(digit) => {
                let sql = format!("UPDATE sojourn_queue SET state = 2 WHERE object_id = {}", id(*digit));
                self.foreign.execute_batch(&sql).expect("settled");
                self.mine.remove(digit);
                forget_images(&self.sample.store.connection).expect("writable");
            }
            Step::Refused => {
                self.foreign.execute_batch("UPDATE sojourn_queue SET state = 3 WHERE state = 0").expect("refused");
            }
        }
        self.check_bytes();
    }

    fn mine(&self, digit: u128) -> Mine {
        self.mine.get(&digit).cloned().unwrap_or_default()
    }

    fn write(&mut self, digit: u128, sql: &str) {
        let before = read(&self.foreign, digit);
        self.foreign.execute_batch(&sql.replace('$', &id(digit))).expect("a write");
        let after = read(&self.foreign, digit);
        self.mine.entry(digit).or_default().see(before.as_ref(), after.as_ref());
        for row_number in setters(&self.foreign) {
            let logo = after.as_ref().and_then(|row| row["logo"].clone()).unwrap_or_default();
            self.bytes.entry(row_number).or_insert(logo);
        }
    }

    fn row_comes(&mut self, digit: u128, came: &Row) {
        let before = read(&self.foreign, digit);
        let raw = |name: &str| -> Raw { came[name].clone() };
        let row = vec![key(digit), raw("name"), raw("industry"), None, None, raw("logo")];
        self.load(|number| rows_of(&metadata().entities[0], number, &[row]));
        let mine = self.mine(digit);
        let held = |name: &&'static str| before.as_ref().filter(|_| mine.attributes.contains(name));
        let expected: Row =
            ATTRIBUTES.iter().map(|name| (*name, held(name).map_or(&came[name], |row| &row[name]).clone())).collect();
        assert_eq!(read(&self.foreign, digit), (!mine.away).then_some(expected));
        assert_eq!(self.image(digit), self.expected_image(&mine, came));
    }

    fn image(&self, digit: u128) -> Option<BTreeMap<String, Option<String>>> {
        let sql = format!("SELECT image FROM sojourn_image WHERE object_id = {}", id(digit));
        let image: Option<String> = self.foreign.query_row(&sql, [], |row| row.get(0)).ok()?;
        let mut image: BTreeMap<String, Option<String>> = serde_json::from_str(&image?).expect("an image");
        image.retain(|name, _| ATTRIBUTES.contains(&name.as_str()));
        Some(image)
    }

    fn expected_image(&self, mine: &Mine, came: &Row) -> Option<BTreeMap<String, Option<String>>> {
        let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
        let held = ["name", "industry"].into_iter().filter(|name| mine.away || mine.attributes.contains(name));
        let held = held.map(|name| (name.to_owned(), came[name].as_ref().map(text)));
        (!mine.is_none()).then(|| held.collect())
    }

    fn check_bytes(&self) {
        for row_number in setters(&self.foreign) {
            let found = self.sample.store.attachment_part(row_number, "logo", 0, usize::MAX);
            assert_eq!(found.expect("bytes"), self.bytes[&row_number], "of entry {row_number}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn unsettled_work_stays_above_what_comes(steps in prop::collection::vec(step(), 1..40)) {
        let mut world = World::new();
        steps.iter().for_each(|step| world.take(step));
    }
}
