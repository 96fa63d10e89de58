//! Which written rows are taken for duplicates. Pure: what is asked, and what is made of the answers.
//!
//! A rule looks at rows that were created, and at updates of what it compares. Rows are compared as they stand after the
//! write, so what triggers made of them counts. Of two rows of one group the later one is the duplicate.

use std::collections::HashMap;

use sojourn_metadata::replay::DuplicateRule;
use sojourn_wire::message::operation::{Candidate, RowCommand};
use uuid::Uuid;

/// The most candidates in a verdict.
const MOST_TOLD: usize = 5;

/// A row that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written<'a> {
    /// Which one.
    pub object_id: Uuid,
    /// Its entity.
    pub entity: &'a str,
    /// What was done to it.
    pub command: RowCommand,
    /// The attributes that were set.
    pub attributes: Vec<String>,
    /// The user knows of the duplicates.
    pub create_anyway: bool,
}

/// A row is taken for a duplicate.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The rule.
    pub rule: String,
    /// The rows it looks like, a few of those that the user may see.
    pub candidates: Vec<Candidate>,
}

/// The written rows that a rule looks at, by their positions.
#[must_use]
pub fn looked_at(rule: &DuplicateRule, written: &[Written<'_>]) -> Vec<usize> {
    let is_compared = |name: &String| rule.when.iter().any(|condition| condition.attribute == *name);
    let concerns = |row: &Written<'_>| {
        let is_about = match row.command {
            RowCommand::Create => true,
            RowCommand::Update => row.attributes.iter().any(is_compared),
            RowCommand::Delete => false,
        };
        is_about && row.entity == rule.entity && !row.create_anyway
    };
    (0..written.len()).filter(|&position| concerns(&written[position])).collect()
}

/// The rows that given rows look like: pairs of object ids, a given one and another.
#[derive(Debug, Clone, Default)]
pub struct Pairs(HashMap<Uuid, Vec<Uuid>>);

impl Pairs {
    /// Takes the pairs that were found of `other`, the entity that rows were compared with, and leaves out those of which
    /// the other one was written later.
    #[must_use]
    pub fn new(found: &[(Uuid, Uuid)], written: &[Written<'_>], other: &str) -> Self {
        let mut places: HashMap<Uuid, usize> = HashMap::new();
        for (place, row) in written.iter().enumerate() {
            places.entry(row.object_id).or_insert(place);
        }
        let is_later = |row: &Uuid, candidate: &Uuid| {
            let place = places.get(candidate).filter(|&&place| written[place].entity == other);
            place.is_some_and(|place| places.get(row) < Some(place))
        };
        let mut pairs = Self::default();
        for (row, candidate) in found.iter().filter(|(row, candidate)| !is_later(row, candidate)) {
            pairs.0.entry(*row).or_default().push(*candidate);
        }
        pairs
    }

    /// The candidates of all rows, once each.
    #[must_use]
    pub fn candidates(&self) -> Vec<Uuid> {
        let mut candidates: Vec<Uuid> = self.0.values().flatten().copied().collect();
        candidates.sort_unstable();
        candidates.dedup();
        candidates
    }

    /// A few of a row's candidates, of those that the user may see; these stand in the order of their ids.
    #[must_use]
    pub fn of(&self, row: Uuid, visible: &[Candidate]) -> Vec<Candidate> {
        let candidates = self.0.get(&row).map(Vec::as_slice).unwrap_or_default();
        let seen = visible.iter().filter(|visible| candidates.contains(&visible.object_id));
        seen.take(MOST_TOLD).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use sojourn_metadata::replay::{Comparison, DuplicateCondition};

    use super::*;

    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    fn row(n: u128, command: RowCommand, attributes: &[&str]) -> Written<'static> {
        let attributes = attributes.iter().map(|&name| name.to_owned()).collect();
        Written { object_id: id(n), entity: "contact", command, attributes, create_anyway: false }
    }

    fn candidate(n: u128) -> Candidate {
        Candidate { object_type_code: 2, object_id: id(n), values: [].into() }
    }

    #[test]
    fn creates_are_looked_at_and_updates_of_what_is_compared() {
        let condition = |name: &str| DuplicateCondition {
            attribute: name.into(),
            with: Some("x".into()),
            by: Comparison::Equal,
            characters: None,
        };
        let (name, when) = ("r".to_owned(), vec![condition("email"), condition("name")]);
        let rule = DuplicateRule { name, entity: "contact".into(), matches: None, when };
        let written = [
            row(1, RowCommand::Create, &[]),
            row(2, RowCommand::Update, &["notes", "name"]),
            row(3, RowCommand::Update, &["notes", "x"]),
            row(4, RowCommand::Delete, &[]),
            Written { create_anyway: true, ..row(5, RowCommand::Create, &["email"]) },
            Written { entity: "lead", ..row(6, RowCommand::Create, &["email"]) },
        ];
        assert_eq!(looked_at(&rule, &written), [0, 1]);
    }

    #[test]
    fn of_two_rows_of_one_group_the_later_one_is_the_duplicate() {
        let written = [row(1, RowCommand::Create, &[]), row(2, RowCommand::Create, &[])];
        let found = [(id(1), id(2)), (id(2), id(1)), (id(1), id(9))];
        let pairs = Pairs::new(&found, &written, "contact");
        let visible = [candidate(1), candidate(2), candidate(9)];
        assert_eq!(pairs.of(id(1), &visible), [candidate(9)]);
        assert_eq!(pairs.of(id(2), &visible), [candidate(1)]);
        let across = Pairs::new(&found, &written, "lead");
        assert_eq!(across.of(id(1), &visible), [candidate(2), candidate(9)], "the same id of another entity");
    }

    #[test]
    fn only_a_few_that_the_user_sees_are_told() {
        let found: Vec<(Uuid, Uuid)> = (10..20).map(|n| (id(1), id(n))).chain([(id(2), id(10))]).collect();
        let pairs = Pairs::new(&found, &[], "contact");
        assert_eq!(pairs.candidates().len(), 10);
        let visible: Vec<Candidate> = (12..20).map(candidate).collect();
        assert_eq!(pairs.of(id(1), &visible), visible[..5]);
        assert_eq!(pairs.of(id(2), &visible), []);
        assert_eq!(pairs.of(id(3), &visible), []);
    }
}
