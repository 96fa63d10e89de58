//! What the server would refuse for sure, refused at once: each rule in words that name attribute and rule.
//!
//! These are the cheap ones that need no other row. The server has the last word on all of them.

use super::column::Storage;
use super::image::captured;
use super::names::{Ident, Literal};
use crate::model::{Attribute, DataType, Entity};

/// Rules in one SELECT, far below SQLite's limit on the terms of one expression (2,000).
const RULES_PER_STATEMENT: usize = 200;
/// Enum values that a message names before it stops.
const VALUES_IN_MESSAGE: usize = 12;
const HEX: &str = "[0-9a-f]";

/// A condition under which a write is refused, and the words.
struct Rule {
    broken: String,
    message: String,
}

/// The statements that refuse a row as inserted.
pub(super) fn on_insert(entity: &Entity) -> Vec<String> {
    let missing = captured(entity)
        .filter(|attribute| attribute.required && !attribute.has_default)
        .map(|attribute| required(entity, attribute, format!("NEW.{} IS NULL", Ident(&attribute.name))));
    let values = captured(entity).flat_map(|attribute| value_rules(entity, attribute));
    statements(std::iter::once(object_id(entity)).chain(missing).chain(values))
}

/// The statements that refuse a row as updated; a value that did not change is not looked at.
pub(super) fn on_update(entity: &Entity) -> Vec<String> {
    let emptied = captured(entity).filter(|attribute| attribute.required).map(|attribute| {
        let name = Ident(&attribute.name);
        required(entity, attribute, format!("NEW.{name} IS NULL AND OLD.{name} IS NOT NULL"))
    });
    let values = captured(entity).flat_map(|attribute| {
        let name = Ident(&attribute.name);
        let changed = format!("NEW.{name} IS NOT OLD.{name}");
        value_rules(entity, attribute)
            .into_iter()
            .map(move |rule| Rule { broken: format!("{changed} AND ({})", rule.broken), ..rule })
    });
    statements(emptied.chain(values))
}

/// The name of the first required attribute with a default that a REPLACE would empty, as an expression. An insert may
/// leave such an attribute to the server; a row that is there already may not lose its value.
pub(super) fn emptied_by_replace(entity: &Entity, stored: &str) -> String {
    let cases = defaulted(entity).map(|attribute| {
        let name = Ident(&attribute.name);
        format!("\n      WHEN NEW.{name} IS NULL AND {stored}.{name} IS NOT NULL THEN {}", Literal(&attribute.name))
    });
    let cases: String = cases.collect();
    if cases.is_empty() { "NULL".to_owned() } else { format!("CASE{cases} END") }
}

/// The statement that refuses what `emptied_by_replace` found in `column` of a row `from` somewhere.
pub(super) fn refuse_emptied(entity: &Entity, column: &str, from: &str) -> Option<String> {
    let cases = defaulted(entity).map(|attribute| {
        let rule = required(entity, attribute, String::new());
        format!("\n    WHEN {} THEN RAISE(ABORT, {})", Literal(&attribute.name), Literal(&rule.message))
    });
    let cases: String = cases.collect();
    (!cases.is_empty()).then(|| format!("SELECT CASE {column}{cases} END\n  {from}"))
}

fn defaulted(entity: &Entity) -> impl Iterator<Item = &Attribute> {
    captured(entity).filter(|attribute| attribute.required && attribute.has_default)
}

fn statements(rules: impl Iterator<Item = Rule>) -> Vec<String> {
    let cases: Vec<String> =
        rules.map(|rule| format!("\n    WHEN {} THEN RAISE(ABORT, {})", rule.broken, Literal(&rule.message))).collect();
    cases.chunks(RULES_PER_STATEMENT).map(|cases| format!("SELECT CASE{}\n  END", cases.concat())).collect()
}

fn object_id(entity: &Entity) -> Rule {
    let name = Ident(&entity.key().name);
    let pattern = [8, 4, 4, 4, 12].map(|digits| HEX.repeat(digits)).join("-");
    Rule {
        broken: format!("typeof(NEW.{name}) <> 'text' OR NEW.{name} NOT GLOB '{pattern}'"),
        message: format!(
            "{} must be a uuid in lower case with hyphens; leave it out to get one",
            at(entity, entity.key())
        ),
    }
}

fn required(entity: &Entity, attribute: &Attribute, broken: String) -> Rule {
    Rule { broken, message: format!("{} is required: it must have a value", at(entity, attribute)) }
}

/// The rules on a value that is there.
fn value_rules(entity: &Entity, attribute: &Attribute) -> Vec<Rule> {
    [type_rule(attribute), length_rule(attribute), enum_rule(attribute)]
        .into_iter()
        .flatten()
        .map(|rule| Rule { message: format!("{} {}", at(entity, attribute), rule.message), ..rule })
        .collect()
}

fn type_rule(attribute: &Attribute) -> Option<Rule> {
    let value = format!("NEW.{}", Ident(&attribute.name));
    let whole = |least: i64, most: i64| Rule {
        broken: format!(
            "{value} IS NOT NULL AND (typeof({value}) <> 'integer' OR {value} NOT BETWEEN {least} AND {most})"
        ),
        message: format!("must be a whole number from {least} to {most}"),
    };
    Some(match attribute.data_type {
        DataType::Bool => Rule { broken: format!("{value} NOT IN (0, 1)"), message: "must be 0 or 1".to_owned() },
        DataType::Int2 => whole(i16::MIN.into(), i16::MAX.into()),
        DataType::Int4 => whole(i32::MIN.into(), i32::MAX.into()),
        DataType::Int8 => Rule {
            broken: format!("typeof({value}) NOT IN ('integer', 'null')"),
            message: "must be a whole number of at most 64 bits".to_owned(),
        },
        data_type => match Storage::of(data_type) {
            Storage::Real | Storage::Numeric => Rule {
                broken: format!(
                    "typeof({value}) NOT IN ('integer', 'real', 'null') \
                     AND {value} NOT IN ('NaN', 'Infinity', '-Infinity')"
                ),
                message: "must be a number, or the text NaN, Infinity or -Infinity".to_owned(),
            },
            Storage::Blob => Rule {
                broken: format!("typeof({value}) NOT IN ('blob', 'null')"),
                message: "must be a blob".to_owned(),
            },
            Storage::Text | Storage::Integer => {
                Rule { broken: format!("typeof({value}) = 'blob'"), message: "must be text, not a blob".to_owned() }
            }
        },
    })
}

/// Postgres cuts spaces beyond the length off by itself.
fn length_rule(attribute: &Attribute) -> Option<Rule> {
    let most = attribute.max_length.filter(|_| attribute.data_type == DataType::Text)?;
    Some(Rule {
        broken: format!("length(rtrim(NEW.{}, ' ')) > {most}", Ident(&attribute.name)),
        message: format!("has at most {most} characters"),
    })
}

fn enum_rule(attribute: &Attribute) -> Option<Rule> {
    let values = &attribute.enum_values;
    if values.is_empty() {
        return None;
    }
    let list: Vec<String> = values.iter().map(|value| Literal(value).to_string()).collect();
    let shown = values.iter().take(VALUES_IN_MESSAGE).map(String::as_str);
    let more = (values.len() > VALUES_IN_MESSAGE).then_some("…");
    let shown: Vec<&str> = shown.chain(more).collect();
    Some(Rule {
        broken: format!("NEW.{} NOT IN ({})", Ident(&attribute.name), list.join(", ")),
        message: format!("must be one of: {}", shown.join(", ")),
    })
}

fn at(entity: &Entity, attribute: &Attribute) -> String {
    format!("{}.{}", entity.name, attribute.name)
}
