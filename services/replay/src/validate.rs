//! Checking an operation against the metadata in force, before the database is touched. Pure.

use std::collections::BTreeMap;

use sojourn_platform::entities::{Column, Published, Table};
use sojourn_wire::message::operation::{FieldValue, Operation, RowCommand};
use uuid::Uuid;

use crate::refusal::Refusal;
use crate::value::{Parameter, parameter};

/// Names more alike than this are suggested for one another.
const ALIKE: f64 = 0.75;
/// How much of a strange name is repeated, in characters.
const SHOWN: usize = 63;

/// An operation that fits the metadata, ready to be written.
#[derive(Debug, Clone)]
pub struct Write<'a> {
    /// The entity's table.
    pub table: &'a Table,
    /// What to do.
    pub command: RowCommand,
    /// The row.
    pub object_id: Uuid,
    /// The columns to set, without the object id; none for a delete.
    pub values: Vec<(&'a Column, Parameter)>,
}

/// A write that somebody proposes: the user's operation, or a plug-in that carries a named command out.
#[derive(Debug, Clone, Copy)]
pub struct Proposal<'a> {
    /// What to do.
    pub command: RowCommand,
    /// The row.
    pub object_id: Uuid,
    /// The attributes to set, by name.
    pub data: &'a BTreeMap<String, FieldValue>,
}

/// The entity of an operation.
///
/// # Errors
/// [`Refusal`]: there is none.
pub fn entity_of(metadata: &Published, object_type_code: i32) -> Result<&Table, Refusal> {
    metadata.table_of(object_type_code).ok_or_else(|| {
        Refusal::new(&format!("the server has no entity with the object type code {object_type_code} any more"))
    })
}

/// Checks one write of an entity.
///
/// # Errors
/// [`Refusal`] names the entity and, where there is one, the attribute.
pub fn validate<'a>(table: &'a Table, proposal: &Proposal<'_>) -> Result<Write<'a>, Refusal> {
    let mut values = Vec::with_capacity(proposal.data.len());
    if proposal.command != RowCommand::Delete {
        for (name, value) in proposal.data {
            values.extend(assignment(table, proposal, name, value)?);
        }
    }
    Ok(Write { table, command: proposal.command, object_id: proposal.object_id, values })
}

/// Triggers read the capture time as a time.
///
/// # Errors
/// [`Refusal`]: it is none.
pub fn captured_at(operation: &Operation) -> Result<(), Refusal> {
    match operation.captured_at.parse::<jiff::Timestamp>() {
        Ok(_) => Ok(()),
        Err(_) => Err(Refusal::new("the time when this was done on the device is no ISO-8601 time in UTC")),
    }
}

/// One attribute's column and parameter; nothing where the server gives the value itself.
fn assignment<'a>(
    table: &'a Table,
    proposal: &Proposal<'_>,
    name: &str,
    value: &FieldValue,
) -> Result<Option<(&'a Column, Parameter)>, Refusal> {
    let entity = &table.entity;
    let column = table.column(name).ok_or_else(|| unknown(table, name))?;
    let attribute = &column.attribute;
    let (is_null, is_new) = (*value == FieldValue::Null, proposal.command == RowCommand::Create);
    if name == table.key().attribute.name {
        return same_id(entity, proposal, name, value).map(|()| None);
    }
    if attribute.generated {
        let reason = format!("{name} of {entity} gets its value from the server and cannot be written");
        return if is_null && is_new { Ok(None) } else { Err(Refusal::of(name, &reason)) };
    }
    if attribute.required && is_null {
        // To the device, a new row's null is "no value given", which is what a default is for.
        let reason = format!("{name} of {entity} must have a value");
        return if attribute.has_default && is_new { Ok(None) } else { Err(Refusal::of(name, &reason)) };
    }
    Ok(Some((column, parameter(entity, attribute, value)?)))
}

/// The object id among the data must be the object's own.
fn same_id(entity: &str, proposal: &Proposal<'_>, name: &str, value: &FieldValue) -> Result<(), Refusal> {
    match value {
        FieldValue::Text(text) if text.parse() == Ok(proposal.object_id) => Ok(()),
        _ => Err(Refusal::of(name, &format!("{name} identifies this {entity} and cannot be changed"))),
    }
}

fn unknown(table: &Table, name: &str) -> Refusal {
    let shown: String = name.chars().take(SHOWN).collect();
    let closeness = |column: &&Column| strsim::jaro_winkler(&shown, column.name.name());
    let nearest = table.columns.iter().max_by(|a, b| closeness(a).total_cmp(&closeness(b)));
    let hint = match nearest.filter(|column| closeness(column) > ALIKE) {
        Some(column) => format!("; did you mean {}?", column.name.name()),
        None => String::new(),
    };
    Refusal::of(&shown, &format!("{} has no attribute {shown}{hint}", table.entity))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{checked, create, metadata, number, operation, text};
    use sojourn_wire::message::operation::Command;

    fn told(operation: &Operation) -> Result<Vec<String>, (Option<String>, String)> {
        let metadata = metadata();
        let write = checked(&metadata, operation).map_err(|refusal| (refusal.attribute, refusal.reason))?;
        Ok(write.values.iter().map(|(column, _)| column.name.name().to_owned()).collect())
    }

    fn refused(command: Command, name: &str, value: FieldValue) -> String {
        let (attribute, reason) = told(&operation(command, &[(name, value)])).expect_err("refused");
        assert_eq!(attribute.as_deref(), Some(name));
        reason
    }

    #[test]
    fn what_the_metadata_does_not_know_is_refused() {
        let mut strange = create(1);
        strange.object_type_code = 77;
        assert!(told(&strange).expect_err("refused").1.contains("object type code 77"));
        let near = refused(Command::Update, "lastname", text("x"));
        assert_eq!(near, "contact has no attribute lastname; did you mean last_name?");
        assert_eq!(refused(Command::Update, "xyzzy", text("x")), "contact has no attribute xyzzy");
        let mut timeless = create(1);
        timeless.captured_at = "yesterday\0".into();
        assert!(told(&timeless).expect_err("refused").1.contains("ISO-8601"));
    }

    #[test]
    fn the_object_id_cannot_be_changed_but_may_be_repeated() {
        let id = create(1).object_id.to_string();
        assert_eq!(
            told(&operation(Command::Create, &[("id", text(&id)), ("score", number(1))])),
            Ok(vec!["score".into()])
        );
        assert_eq!(told(&operation(Command::Update, &[("id", text(&id.to_uppercase()))])), Ok(vec![]));
        for other in [text("00000000-0000-0000-0000-0000000000ff"), FieldValue::Null, number(1)] {
            assert_eq!(refused(Command::Update, "id", other), "id identifies this contact and cannot be changed");
        }
    }

    #[test]
    fn the_servers_own_values_and_required_ones() {
        let of = |command, name: &str, value| told(&operation(command, &[(name, value)]));
        let generated = "full_name of contact gets its value from the server and cannot be written";
        assert_eq!(refused(Command::Create, "full_name", text("x")), generated);
        assert_eq!(refused(Command::Update, "full_name", FieldValue::Null), generated);
        assert_eq!(of(Command::Create, "full_name", FieldValue::Null), Ok(vec![]));
        assert_eq!(refused(Command::Create, "last_name", FieldValue::Null), "last_name of contact must have a value");
        assert_eq!(refused(Command::Update, "number", FieldValue::Null), "number of contact must have a value");
        assert_eq!(of(Command::Create, "number", FieldValue::Null), Ok(vec![]));
        assert_eq!(of(Command::Update, "notes", FieldValue::Null), Ok(vec!["notes".into()]));
    }

    #[test]
    fn a_delete_carries_no_data() {
        assert_eq!(told(&operation(Command::Delete, &[("whatever", text("x"))])), Ok(vec![]));
    }
}
