//! The entry that the user settles, and what makes sense for it.

use rusqlite::{Connection, OptionalExtension, Row};
use sojourn_wire::message::operation::{Side, Verdict, VerdictKind};
use uuid::Uuid;

use super::Settlement;
use super::outline::Object;
use crate::store::error::Fault;
use crate::store::queue::EntryCommand;

/// A refused entry.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Target {
    pub(super) row_number: i64,
    pub(super) command: EntryCommand,
    pub(super) object: Object,
    pub(super) kind: VerdictKind,
    /// The whole verdict; none when the agent itself refused it.
    pub(super) verdict: Option<Verdict>,
    /// The entry to settle first, of a parked or cancelled one whose cause is still unsettled.
    pub(super) settle_first: Option<i64>,
}

/// The entry, when it is one that can be settled; the inner error says why not.
pub(super) fn read(connection: &Connection, row_number: u64) -> Result<Result<Target, String>, Fault> {
    let sql = "SELECT row_number, command_id, object_type_code, object_id, verdict, detail, state, waits_for \
               FROM sojourn_queue WHERE row_number = ?1 AND command_id < 10";
    let row_number = i64::try_from(row_number).unwrap_or(i64::MAX);
    let found = connection.prepare_cached(sql)?.query_row([row_number], |row| Ok(parse(row))).optional()?;
    let not_refused = || "it was not refused; `sojourn-agent errors` lists those that were".to_owned();
    match found {
        None => Ok(Err("there is no such entry; `sojourn-agent errors` lists those that can be settled".to_owned())),
        Some(parsed) => Ok(parsed?.ok_or_else(not_refused)),
    }
}

/// The entry; nothing when it is not refused.
fn parse(row: &Row<'_>) -> Result<Option<Target>, Fault> {
    if row.get::<_, i64>(6)? != 3 {
        return Ok(None);
    }
    let unknown = || Fault::damaged("sojourn_queue", "a refused entry has no known command");
    let verdict: Option<Vec<u8>> =
        row.get_ref(5)?.as_bytes_or_null().map_err(rusqlite::Error::from)?.map(<[u8]>::to_vec);
    let verdict = verdict.map(|json| serde_json::from_slice(&json)).transpose();
    let word: Option<String> = row.get(4)?;
    let target = Target {
        row_number: row.get(0)?,
        command: EntryCommand::from_number(row.get(1)?).ok_or_else(unknown)?,
        object: (
            row.get::<_, Option<i32>>(2)?.unwrap_or_default(),
            row.get::<_, Option<String>>(3)?.unwrap_or_default(),
        ),
        kind: VerdictKind::from_word(&word.unwrap_or_default()),
        verdict: verdict.map_err(|error| Fault::damaged("the verdict of an entry", error))?,
        settle_first: row.get(7)?,
    };
    Ok(Some(target))
}

impl Target {
    /// # Errors
    /// Why the settlement makes no sense for this entry, and what to do instead.
    pub(super) fn allows(&self, settlement: &Settlement) -> Result<(), String> {
        if matches!(settlement, Settlement::Discard) {
            return Ok(());
        }
        let word = self.kind.word();
        if matches!(self.kind, VerdictKind::Parked | VerdictKind::Cancelled) {
            match self.settle_first {
                Some(first) => {
                    return Err(format!(
                        "it was {word} because of entry {first}; settle that one first, or discard this one"
                    ));
                }
                None if matches!(settlement, Settlement::Retry) => return Ok(()),
                None => return Err(format!("it was {word}, and its cause is settled; retry or discard it")),
            }
        }
        match settlement {
            Settlement::KeepMine | Settlement::TakeTheirs if self.kind != VerdictKind::Conflict => {
                Err(format!("there is no conflict, {}; {} it", self.said(), self.choices()))
            }
            Settlement::CreateAnyway | Settlement::UseExisting(_) if self.kind != VerdictKind::Duplicate => {
                Err(format!("it is no duplicate, {}; {} it", self.said(), self.choices()))
            }
            Settlement::UseExisting(_) if self.command != EntryCommand::Create => {
                let what = "it creates no row that another could take the place of";
                Err(format!("{what}; keep both with create-anyway, fix or discard it"))
            }
            Settlement::Fix(_) if self.command == EntryCommand::Delete => {
                Err("a delete sets no values; retry or discard it".to_owned())
            }
            Settlement::Fix(values) if values.is_empty() => {
                Err("no value is given; name an attribute and its value, or retry it".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// What the server said of it.
    fn said(&self) -> String {
        match self.kind {
            VerdictKind::Duplicate => "it is a duplicate".to_owned(),
            VerdictKind::Conflict => "it is a conflict".to_owned(),
            kind => format!("it was {}", kind.word()),
        }
    }

    /// The commands that its verdict allows.
    fn choices(&self) -> String {
        let own: &[&str] = match (self.kind, self.command) {
            (VerdictKind::Duplicate, EntryCommand::Create) => &["use-existing", "create-anyway"],
            (VerdictKind::Duplicate, _) => &["create-anyway"],
            (VerdictKind::Conflict, _) => &["keep-mine", "take-theirs"],
            _ => &[],
        };
        let fix: &[&str] = if self.command == EntryCommand::Delete { &[] } else { &["fix"] };
        format!("{} or discard", [own, &["retry"], fix].concat().join(", "))
    }

    pub(super) fn deleted(&self) -> Option<Side> {
        self.verdict.as_ref().and_then(|verdict| verdict.deleted)
    }

    /// The row that takes the place of the refused one.
    ///
    /// # Errors
    /// That it must be named, or is none of the rows that it looks like.
    pub(super) fn existing(&self, asked: Option<Uuid>) -> Result<Uuid, String> {
        let candidates = self.verdict.as_ref().map(|verdict| verdict.candidates.as_slice()).unwrap_or_default();
        let same: Vec<Uuid> = candidates
            .iter()
            .filter(|candidate| candidate.object_type_code == self.object.0)
            .map(|candidate| candidate.object_id)
            .collect();
        let listed = || same.iter().map(Uuid::to_string).collect::<Vec<_>>().join(", ");
        match (asked, same.as_slice()) {
            (_, []) => {
                Err("the server named no row that could take its place; create it anyway, or discard it".to_owned())
            }
            (None, [only]) => Ok(*only),
            (None, _) => Err(format!("several rows could take its place; name one of: {}", listed())),
            (Some(asked), same) if same.contains(&asked) => Ok(asked),
            (Some(asked), _) => Err(format!("{asked} is no row that it looks like; name one of: {}", listed())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sojourn_wire::message::operation::Candidate;

    use super::*;

    fn target(kind: VerdictKind) -> Target {
        Target {
            row_number: 5,
            command: EntryCommand::Update,
            object: (1, "x".into()),
            kind,
            verdict: Some(Verdict::new(9, kind, "t")),
            settle_first: None,
        }
    }

    #[test]
    fn each_verdict_allows_what_makes_sense() {
        use Settlement::{CreateAnyway, Discard, Fix, KeepMine, Retry, TakeTheirs, UseExisting};
        use VerdictKind::{Cancelled, Conflict, Duplicate, Parked, Rejected, Unknown};
        let all = [
            Retry,
            Fix(BTreeMap::from([("name".into(), 1.into())])),
            KeepMine,
            TakeTheirs,
            CreateAnyway,
            UseExisting(None),
            Discard,
        ];
        let allowed = |target: &Target| -> String {
            all.iter().map(|settlement| if target.allows(settlement).is_ok() { 'x' } else { '-' }).collect()
        };
        for (kind, expected) in [
            (Rejected, "xx----x"),
            (Unknown, "xx----x"),
            (Conflict, "xxxx--x"),
            (Duplicate, "xx--x-x"),
            (Parked, "x-----x"),
            (Cancelled, "x-----x"),
        ] {
            assert_eq!(allowed(&target(kind)), expected, "{kind:?}");
        }
        let create = Target { command: EntryCommand::Create, ..target(Duplicate) };
        assert_eq!(allowed(&create), "xx--xxx");
        let parked = Target { settle_first: Some(3), ..target(Parked) };
        assert_eq!(allowed(&parked), "------x");
        let words = parked.allows(&Retry).expect_err("it waits");
        assert_eq!(words, "it was parked because of entry 3; settle that one first, or discard this one");
        let words = |target: &Target, settlement| target.allows(settlement).expect_err("it makes no sense");
        assert_eq!(
            words(&create, &KeepMine),
            "there is no conflict, it is a duplicate; use-existing, create-anyway, retry, fix or discard it"
        );
        assert_eq!(
            words(&target(Conflict), &CreateAnyway),
            "it is no duplicate, it is a conflict; keep-mine, take-theirs, retry, fix or discard it"
        );
        assert_eq!(
            words(&target(Rejected), &KeepMine),
            "there is no conflict, it was rejected; retry, fix or discard it"
        );
        let delete = Target { command: EntryCommand::Delete, ..target(Rejected) };
        assert_eq!(words(&delete, &KeepMine), "there is no conflict, it was rejected; retry or discard it");
        assert_eq!(allowed(&delete), "x-----x");
        assert!(target(Rejected).allows(&Fix(BTreeMap::new())).is_err());
    }

    #[test]
    fn the_row_that_takes_its_place_must_be_clear() {
        let candidate = |object_type_code, id| Candidate {
            object_type_code,
            object_id: Uuid::from_u128(id),
            values: BTreeMap::new(),
        };
        let of = |candidates: Vec<Candidate>| {
            let verdict = Verdict { candidates, ..Verdict::new(9, VerdictKind::Duplicate, "t") };
            Target { verdict: Some(verdict), ..target(VerdictKind::Duplicate) }
        };
        let one = of(vec![candidate(1, 7), candidate(2, 8)]);
        assert_eq!(one.existing(None), Ok(Uuid::from_u128(7)));
        assert!(one.existing(Some(Uuid::from_u128(8))).is_err());
        let two = of(vec![candidate(1, 7), candidate(1, 8)]);
        assert!(two.existing(None).expect_err("which?").contains("0007, 0000"), "{:?}", two.existing(None));
        assert_eq!(two.existing(Some(Uuid::from_u128(8))), Ok(Uuid::from_u128(8)));
        assert!(of(vec![]).existing(None).is_err());
    }
}
