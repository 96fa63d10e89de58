//! Duplicate rules.

use std::collections::HashSet;
use std::mem::discriminant;

use sojourn_metadata::replay::{Comparison, DuplicateCondition, DuplicateRule};
use sojourn_metadata::{Attribute, DataType, Entity, Metadata};
use sojourn_platform::duplicates::is_comparable;

use super::super::problem::Problem;
use super::{ReplayProblem, at, names};

/// The most characters from the start: more are hardly typed alike.
const MOST_CHARACTERS: u32 = 200;

pub(super) fn problems<'a>(rules: &'a [DuplicateRule], metadata: &'a Metadata) -> impl Iterator<Item = Problem> + 'a {
    let mut known = HashSet::new();
    rules.iter().flat_map(move |rule| {
        let mut problems = Vec::new();
        if rule.name.trim().is_empty() {
            problems.push(ReplayProblem::NoName);
        } else if !known.insert(rule.name.as_str()) {
            problems.push(ReplayProblem::NameTaken);
        }
        problems.extend(of_rule(rule, metadata));
        problems.into_iter().map(|problem| at(format!("duplicates: {}", rule.name), problem))
    })
}

fn of_rule(rule: &DuplicateRule, metadata: &Metadata) -> Vec<ReplayProblem> {
    let mut problems = Vec::new();
    if rule.when.is_empty() {
        problems.push(ReplayProblem::NoConditions);
    }
    let (entity, other) = match (names::entity(metadata, &rule.entity), names::entity(metadata, rule.other())) {
        (Ok(entity), Ok(other)) => (entity, other),
        (entity, other) => {
            let other = other.err().filter(|_| rule.other() != rule.entity);
            problems.extend(entity.err().into_iter().chain(other));
            return problems;
        }
    };
    problems.extend(rule.when.iter().flat_map(|condition| of_condition(condition, entity, other)));
    problems
}

fn of_condition(condition: &DuplicateCondition, entity: &Entity, other: &Entity) -> Vec<ReplayProblem> {
    let mut problems: Vec<_> = characters(condition).err().into_iter().collect();
    let both = (names::attribute(entity, &condition.attribute), names::attribute(other, condition.other()));
    match both {
        (Ok(mine), Ok(theirs)) => problems.extend(compared(condition.by, [(entity, mine), (other, theirs)]).err()),
        (mine, theirs) => {
            let same = entity.name == other.name && condition.attribute == condition.other();
            problems.extend(mine.err().into_iter().chain(theirs.err().filter(|_| !same)));
        }
    }
    problems
}

fn characters(condition: &DuplicateCondition) -> Result<(), ReplayProblem> {
    let most = MOST_CHARACTERS;
    match (condition.by, condition.characters) {
        (Comparison::First, None) => Err(ReplayProblem::NoCharacters { most }),
        (Comparison::First, Some(characters)) if characters == 0 || characters > most => {
            Err(ReplayProblem::BadCharacters { characters, most })
        }
        (Comparison::Equal | Comparison::IgnoringCaseAndSpaces, Some(_)) => Err(ReplayProblem::StrayCharacters),
        _ => Ok(()),
    }
}

fn compared(by: Comparison, both: [(&Entity, &Attribute); 2]) -> Result<(), ReplayProblem> {
    for (entity, attribute) in both {
        let (entity, name) = (entity.name.clone(), attribute.name.clone());
        let sql_type = attribute.sql_type.clone();
        let by = match by {
            Comparison::Equal if is_comparable(attribute) => continue,
            Comparison::Equal => return Err(ReplayProblem::NotComparable { entity, attribute: name, sql_type }),
            _ if attribute.data_type == DataType::Text => continue,
            Comparison::IgnoringCaseAndSpaces => "ignoring_case_and_spaces",
            Comparison::First => "first",
        };
        return Err(ReplayProblem::NotText { entity, attribute: name, sql_type, by });
    }
    let [(entity, mine), (other, theirs)] = both;
    if is_same_type(mine, theirs) {
        return Ok(());
    }
    let name = |entity: &Entity, attribute: &Attribute| format!("{}.{}", entity.name, attribute.name);
    Err(ReplayProblem::TypesDiffer {
        mine: name(entity, mine),
        mine_type: mine.sql_type.clone(),
        theirs: name(other, theirs),
        their_type: theirs.sql_type.clone(),
    })
}

/// One type, or two texts. What has no native type goes by its spelling.
fn is_same_type(mine: &Attribute, theirs: &Attribute) -> bool {
    let same = discriminant(&mine.data_type) == discriminant(&theirs.data_type);
    same && (mine.data_type != DataType::Other || mine.sql_type == theirs.sql_type)
}
