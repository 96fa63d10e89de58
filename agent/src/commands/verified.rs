//! What a verification found, for people.

use std::fmt;

use super::answer::{agreed, counted, plain_table};
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
        let Self { differences, repaired, left, left_alone, .. } = self;
        let rows = counted(self.rows, "row");
        match differences {
            0 => write!(f, "Compared {rows}: the same on both sides"),
            _ => {
                let differ = agreed(*differences, "differs", "differ");
                write!(f, "Compared {rows}: {differences} {differ}, repaired {}", counted(*repaired, "row"))
            }
        }?;
        if *left_alone > 0 {
            let have = agreed(*left_alone, "was left alone: it has", "were left alone: they have");
            write!(f, ", but {} {have} operations that are not settled", counted(*left_alone, "row"))?;
        }
        let strange: usize = self.entities.iter().map(|entity| entity.strange.len()).sum();
        match (left.saturating_sub(strange as u64), &self.moved) {
            (0, _) if strange == 0 => Ok(()),
            (0, _) => {
                let strange = strange as u64;
                write!(f, "\n{} {} for you to delete", counted(strange, "row"), agreed(strange, "is", "are"))
            }
            (left, moved) => {
                write!(f, "\n{} {} still", counted(left, "row"), agreed(left, "differs", "differ"))?;
                match moved {
                    None => write!(f, ". To repair: sojourn-agent verify"),
                    Some(_) => write!(f, ": verify again, then ask the administrator"),
                }
            }
        }
    }
}

fn write_found(f: &mut fmt::Formatter<'_>, entity: &Compared) -> fmt::Result {
    let (name, found) = (&entity.entity, &entity.found);
    let kinds = [
        (&found.differs, "differs", "differ", "from the server"),
        (&found.missing, "is", "are", "missing here"),
        (&found.extra, "is", "are", "here and should not be"),
        (&found.changed_since, "changed", "changed", "on the server since; the next sync brings that"),
        (&found.waiting, "has", "have", "operations that are not settled; left alone"),
        (&entity.not_repaired, "could", "could", "not be repaired"),
    ];
    for (ids, one, several, what) in kinds {
        let what = format!("{} {what}", agreed(ids.len() as u64, one, several));
        write_ids(f, name, &what, ids.len(), ids.iter())?;
    }
    let strange = entity.strange.len();
    let what = format!(
        "{} an id that the server cannot know; delete {} here with any SQLite program",
        agreed(strange as u64, "has", "have"),
        agreed(strange as u64, "it", "them")
    );
    write_ids(f, name, &what, strange, entity.strange.iter())
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
    writeln!(f, "{} of {entity} {what}:", counted(count as u64, "row"))?;
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
            left_alone: 0,
            not_repaired: vec![Uuid::from_u128(1)],
        };
        let entities = vec![entity];
        let verified = Verified {
            rows: 500,
            differences: 23,
            repaired: 22,
            left: 1,
            left_alone: 0,
            questions: 3,
            entities,
            moved: Some(Moved::default()),
        };
        let text = verified.to_string();
        for words in [
            "contact",
            "23 rows of contact are here and should not be:\n  00000000-0000-0000-0000-000000000001\n",
            "  and 3 more",
            "1 row of contact changed on the server since",
            "Compared 500 rows: 23 differ, repaired 22 rows\n1 row differs still",
        ] {
            assert!(text.contains(words), "{words:?} is not in\n{text}");
        }
        assert!(!text.contains("missing"), "{text}");
        let equal = Verified { rows: 5, ..Verified::default() }.to_string();
        assert!(equal.ends_with("Compared 5 rows: the same on both sides"), "{equal}");
    }

    #[test]
    fn it_says_what_it_left_alone() {
        let text = |left_alone| Verified { rows: 5, left_alone, ..Verified::default() }.to_string();
        let one =
            "Compared 5 rows: the same on both sides, but 1 row was left alone: it has operations that are not settled";
        assert!(text(1).ends_with(one), "{}", text(1));
        assert!(
            text(2).ends_with("but 2 rows were left alone: they have operations that are not settled"),
            "{}",
            text(2)
        );
    }
}
