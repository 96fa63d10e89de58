//! What a verification found, for people.

use std::fmt;

use super::answer::plain_table;
use crate::verify::{Compared, Verified};

/// The most ids of one kind and entity that are shown.
const SHOWN: usize = 20;

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = plain_table(&["entity", "rows compared"]);
        for entity in &self.entities {
            table.add_row([entity.entity.clone(), entity.rows.to_string()]);
        }
        writeln!(f, "{table}\n")?;
        self.entities.iter().try_for_each(|entity| write_found(f, entity))?;
        let Self { rows, differences, repaired, left, .. } = self;
        match differences {
            0 => write!(f, "Compared {rows} rows: the same on both sides"),
            _ => write!(f, "Compared {rows} rows: {differences} differ, repaired {repaired} rows"),
        }?;
        let strange: usize = self.entities.iter().map(|entity| entity.strange.len()).sum();
        match (left.saturating_sub(strange as u64), &self.moved) {
            (0, _) if strange == 0 => Ok(()),
            (0, _) => write!(f, "\n{strange} rows are for you to delete"),
            (left, None) => write!(f, "\n{left} rows differ still. To repair them: sojourn-agent verify"),
            (left, Some(_)) => write!(f, "\n{left} rows differ still: verify again, then ask the administrator"),
        }
    }
}

fn write_found(f: &mut fmt::Formatter<'_>, entity: &Compared) -> fmt::Result {
    let (name, found) = (&entity.entity, &entity.found);
    let kinds = [
        (&found.differs, "differ from the server"),
        (&found.missing, "are missing here"),
        (&found.extra, "are here and should not be"),
        (&found.changed_since, "changed on the server since; the next sync brings that"),
        (&found.waiting, "have operations without a verdict; left alone"),
        (&entity.not_repaired, "could not be repaired"),
    ];
    for (ids, what) in kinds {
        write_ids(f, name, what, ids.len(), ids.iter())?;
    }
    let strange = "have an id that the server cannot know; delete them here with any SQLite program";
    write_ids(f, name, strange, entity.strange.len(), entity.strange.iter())
}

fn write_ids(
    f: &mut fmt::Formatter<'_>,
    entity: &str,
    what: &str,
    count: usize,
    ids: impl Iterator<Item = impl fmt::Display>,
) -> fmt::Result {
    if count == 0 {
        return Ok(());
    }
    writeln!(f, "{count} rows of {entity} {what}:")?;
    for id in ids.take(SHOWN) {
        writeln!(f, "  {id}")?;
    }
    match count.saturating_sub(SHOWN) {
        0 => writeln!(f),
        more => writeln!(f, "  and {more} more\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::download::Moved;
    use crate::verify::Differences;
    use uuid::Uuid;

    #[test]
    fn it_says_what_differs_and_what_was_done() {
        let extra = (1..=23).map(Uuid::from_u128).collect();
        let found = Differences { extra, changed_since: vec![Uuid::from_u128(99)], ..Differences::default() };
        let entity = Compared {
            entity: "contact".into(),
            object_type_code: 2,
            rows: 500,
            found,
            strange: vec![],
            not_repaired: vec![Uuid::from_u128(1)],
        };
        let entities = vec![entity];
        let verified = Verified {
            rows: 500,
            differences: 23,
            repaired: 22,
            left: 1,
            questions: 3,
            entities,
            moved: Some(Moved::default()),
        };
        let text = verified.to_string();
        for words in [
            "contact",
            "23 rows of contact are here and should not be:\n  00000000-0000-0000-0000-000000000001\n",
            "  and 3 more",
            "1 rows of contact changed on the server since",
            "Compared 500 rows: 23 differ, repaired 22 rows\n1 rows differ still",
        ] {
            assert!(text.contains(words), "{words:?} is not in\n{text}");
        }
        assert!(!text.contains("missing"), "{text}");
        let equal = Verified { rows: 5, ..Verified::default() }.to_string();
        assert!(equal.ends_with("Compared 5 rows: the same on both sides"), "{equal}");
    }
}
