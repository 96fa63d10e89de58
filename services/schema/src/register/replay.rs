//! The rules of the write path that the file has under `replay:`: what they name must be there, and what they compare
//! must be comparable.

mod commands;
mod duplicates;
mod names;

use std::fmt;

use sojourn_metadata::{Config as SojournYaml, Metadata};

use super::problem::Problem;

/// What can be wrong with a rule. The place, which stands before it, is one of the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "a field is the thing of its name; `hint` is what was probably meant")]
pub enum ReplayProblem {
    /// Nothing is known of it.
    #[error("there is no entity {entity:?}{hint}")]
    UnknownEntity { entity: String, hint: Hint },
    /// It is not there, or the acting role may not read it.
    #[error("no attribute {attribute:?} of {entity} goes offline{hint}")]
    UnknownAttribute { entity: String, attribute: String, hint: Hint },
    /// Verdicts name the rule.
    #[error("the rule has no name; give it one, verdicts have it")]
    NoName,
    /// Verdicts name the rule.
    #[error("another rule has this name too; rename one of them, verdicts have it")]
    NameTaken,
    /// Everything would be a duplicate.
    #[error("it compares nothing; write at least one `{{attribute: …}}` under `when:`")]
    NoConditions,
    /// No values are the same for sure, or an index could not hold them.
    #[error(
        "{attribute} of {entity} has the type {sql_type}, whose values cannot be compared; compare an attribute with a \
         text, a number, a truth value, a time, a uuid or an enum"
    )]
    NotComparable { entity: String, attribute: String, sql_type: String },
    /// They are never the same.
    #[error(
        "{mine} ({mine_type}) and {theirs} ({their_type}) have different types; compare attributes of one type, or two \
         texts"
    )]
    TypesDiffer { mine: String, mine_type: String, theirs: String, their_type: String },
    /// Only text has case, spaces and characters.
    #[error("`by: {by}` compares texts, and {attribute} of {entity} has the type {sql_type}; write `by: equal`")]
    NotText { entity: String, attribute: String, sql_type: String, by: &'static str },
    /// How many characters?
    #[error("`by: first` needs how many characters must be alike; add `characters: N`, from 1 to {most}")]
    NoCharacters { most: u32 },
    /// Too few, or too many.
    #[error("`characters: {characters}` is not possible; write a number from 1 to {most}")]
    BadCharacters { characters: u32, most: u32 },
    /// It would be ignored.
    #[error("`characters:` belongs to `by: first` alone; leave it out, or write `by: first`")]
    StrayCharacters,
    /// It stands in subjects.
    #[error("{name:?} cannot name {what}: 1 to 63 letters, digits, `_` and `-` are allowed")]
    BadName { name: String, what: &'static str },
    /// It is said twice.
    #[error("this is said twice; leave one of them out")]
    Twice,
    /// Nobody would call it.
    #[error("{entity} has create, update, delete and what `commands:` declares, and no command {command:?}{hint}")]
    UnknownCommand { entity: String, command: String, hint: Hint },
    /// Nobody would carry it out.
    #[error(
        "no plug-in carries it out; declare one under `plugins:`: `{{entity: {entity}, command: {command}}}`, or leave \
         the command out"
    )]
    NoPlugin { entity: String, command: String },
    /// Nobody would carry it out.
    #[error(
        "nobody but the plug-in carries out this command, so it cannot be done without; write `when_absent: refuse` or \
         `when_absent: wait`"
    )]
    CannotBeAbsent,
    /// Users wait for it.
    #[error("`time_limit_ms: {millis}` is not possible; write a number from 1 to {most}")]
    BadTimeLimit { millis: u32, most: u32 },
}

/// What was probably meant, if anything is similar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint(Option<String>);

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(nearest) => write!(f, "; did you mean {nearest}?"),
            None => f.write_str(", nor one with a similar name"),
        }
    }
}

/// Everything that is wrong with the rules, in the order of the file.
pub(super) fn problems(wanted: &SojournYaml, metadata: &Metadata) -> Vec<Problem> {
    let rules = &wanted.replay;
    let conflicts = conflicts(wanted, metadata);
    let duplicates = duplicates::problems(&rules.duplicates, metadata);
    conflicts.chain(duplicates).chain(commands::problems(rules, metadata)).collect()
}

fn conflicts<'a>(wanted: &'a SojournYaml, metadata: &'a Metadata) -> impl Iterator<Item = Problem> + 'a {
    wanted.replay.conflicts.iter().flat_map(|(name, rule)| {
        let at = move |problem| at(format!("conflicts: {name}"), problem);
        match names::entity(metadata, name) {
            Err(problem) => vec![at(problem)],
            Ok(entity) => {
                let attributes = rule.attributes.keys();
                attributes.filter_map(|attribute| names::attribute(entity, attribute).err()).map(at).collect()
            }
        }
    })
}

fn at(place: String, problem: ReplayProblem) -> Problem {
    Problem::Replay { place, problem }
}
