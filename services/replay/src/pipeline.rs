//! The pipeline before the database: from an operation, and what its plug-in said, to the writes it comes to. Pure.

use std::borrow::Cow;
use std::collections::BTreeMap;

use sojourn_metadata::ReplayRules;
use sojourn_metadata::replay::PluginRule;
use sojourn_platform::entities::Published;
use sojourn_wire::SubscriptionId;
use sojourn_wire::message::operation::{Command, FieldValue, Operation, RowCommand};
use sojourn_wire::message::plugin::{PluginRequest, PluginWrite};
use uuid::Uuid;

use crate::refusal::Refusal;
use crate::validate::{Proposal, Write, captured_at, entity_of, validate};

/// What triggers and plug-ins are told about where an operation comes from: the documents' CallerOrigin header.
pub const CALLER_ORIGIN: &str = "offline-queue";

/// What a plug-in wants done with an operation.
#[derive(Debug, Clone, PartialEq)]
pub enum Advice {
    /// Carry it out as it is.
    Allow,
    /// Carry it out with these values, beside or instead of its own.
    Amend(BTreeMap<String, FieldValue>),
    /// Do not carry it out.
    Refuse(Refusal),
    /// Make these writes: the operation is a named command.
    Perform(Vec<PluginWrite>),
}

/// An operation, checked against the metadata and advised upon.
#[derive(Debug, Clone)]
pub struct Prepared<'a> {
    /// The writes it comes to, in order: none of a [`Command::Discard`], several of a named command.
    pub writes: Vec<Write<'a>>,
}

/// The name under which an operation's plug-in is declared and its event published; none when it has neither.
#[must_use]
pub fn command_name(operation: &Operation) -> Option<&str> {
    match operation.command {
        Command::Invoke => operation.name.as_deref(),
        Command::Discard => None,
        command => command.on_row().map(RowCommand::word),
    }
}

/// What an operation comes to.
///
/// # Errors
/// [`Refusal`]: of the metadata or of the plug-in.
pub fn prepare<'a>(
    metadata: &'a Published,
    rules: &ReplayRules,
    operation: &Operation,
    advice: &Advice,
) -> Result<Prepared<'a>, Refusal> {
    if operation.command == Command::Discard {
        // Whatever became of its entity: giving up is always possible.
        return Ok(Prepared { writes: Vec::new() });
    }
    let table = entity_of(metadata, operation.object_type_code)?;
    captured_at(operation)?;
    let writes = match (operation.command.on_row(), advice) {
        (_, Advice::Refuse(refusal)) => return Err(refusal.clone()),
        (Some(command), advice) => {
            let data = &amended(operation, advice);
            vec![validate(table, &Proposal { command, object_id: operation.object_id, data })?]
        }
        (None, advice) => {
            let name = operation.name.as_deref().unwrap_or_default();
            if !rules.has_command(&table.entity, name) {
                return Err(Refusal::new(&format!("{} has no command {name:?}", table.entity)));
            }
            let Advice::Perform(writes) = advice else {
                return Err(Refusal::new(&format!("no plug-in carries out {name} of {}", table.entity)));
            };
            writes.iter().map(|write| performed(metadata, name, write)).collect::<Result<_, _>>()?
        }
    };
    Ok(Prepared { writes })
}

/// The values of an operation, with those that its plug-in has put beside or instead of them.
#[must_use]
pub fn amended<'a>(operation: &'a Operation, advice: &Advice) -> Cow<'a, BTreeMap<String, FieldValue>> {
    let Advice::Amend(data) = advice else { return Cow::Borrowed(&operation.data) };
    let mut amended = operation.data.clone();
    amended.extend(data.clone());
    Cow::Owned(amended)
}

/// The question about an operation to its plug-in, where it has one.
#[must_use]
pub fn question(
    metadata: &Published,
    rules: &ReplayRules,
    user_id: Uuid,
    subscription: &SubscriptionId,
    operation: &Operation,
    dry_run: bool,
) -> Option<(PluginRule, PluginRequest)> {
    let entity = &metadata.table_of(operation.object_type_code)?.entity;
    let command = command_name(operation)?;
    let rule = rules.plugin(entity, command)?.clone();
    let request = PluginRequest {
        operation_id: format!("{subscription}:{}", operation.sequence),
        dataset: metadata.dataset.clone(),
        entity: entity.clone(),
        command: command.to_owned(),
        object_id: operation.object_id,
        data: operation.data.clone(),
        base: operation.base.clone(),
        user_id,
        caller_origin: CALLER_ORIGIN.to_owned(),
        captured_at: operation.captured_at.clone(),
        dry_run,
    };
    Some((rule, request))
}

/// A write that a plug-in wants made for a named command.
fn performed<'a>(metadata: &'a Published, name: &str, write: &PluginWrite) -> Result<Write<'a>, Refusal> {
    let unknown =
        || Refusal::new(&format!("the plug-in of {name} wants to write {:?}, which is no entity", write.entity));
    let table = metadata.table(&write.entity).ok_or_else(unknown)?;
    validate(table, &Proposal { command: write.command, object_id: write.object_id, data: &write.data })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{metadata, number, operation, text};
    use sojourn_metadata::replay::CommandRule;

    fn columns(prepared: &Prepared<'_>) -> Vec<(RowCommand, Vec<String>)> {
        let names = |write: &Write<'_>| write.values.iter().map(|(column, _)| column.name.name().to_owned()).collect();
        prepared.writes.iter().map(|write| (write.command, names(write))).collect()
    }

    #[test]
    fn a_plug_in_may_amend_and_refuse() {
        let (metadata, rules) = (metadata(), ReplayRules::default());
        let change = operation(Command::Update, &[("notes", text("x"))]);
        let prepared = |advice| prepare(&metadata, &rules, &change, &advice);
        let allowed = prepared(Advice::Allow).expect("allowed");
        assert_eq!(columns(&allowed), [(RowCommand::Update, vec!["notes".to_owned()])]);
        let amended = prepared(Advice::Amend([("score".to_owned(), number(1))].into())).expect("amended");
        assert_eq!(columns(&amended), [(RowCommand::Update, vec!["notes".to_owned(), "score".to_owned()])]);
        let nonsense = prepared(Advice::Amend([("scroe".to_owned(), number(1))].into())).expect_err("refused");
        assert!(nonsense.reason.contains("scroe"), "{nonsense:?}");
        assert_eq!(prepared(Advice::Refuse(Refusal::new("no"))).expect_err("refused").reason, "no");
    }

    #[test]
    fn a_named_command_is_what_its_plug_in_performs() {
        let metadata = metadata();
        let command = CommandRule { entity: "contact".into(), name: "retire".into(), online_only: false };
        let rules = ReplayRules { commands: vec![command], ..ReplayRules::default() };
        let invoke = |name: &str| Operation { name: Some(name.into()), ..operation(Command::Invoke, &[]) };
        let write = PluginWrite {
            command: RowCommand::Update,
            entity: "contact".into(),
            object_id: Uuid::nil(),
            data: [("notes".to_owned(), text("gone"))].into(),
        };
        let told = |name: &str, advice| prepare(&metadata, &rules, &invoke(name), &advice).map_err(|r| r.reason);
        let performed = told("retire", Advice::Perform(vec![write.clone(), write.clone()])).expect("performed");
        assert_eq!(performed.writes.len(), 2);
        assert!(told("promote", Advice::Allow).expect_err("unknown").contains("no command"));
        assert!(told("retire", Advice::Allow).expect_err("nobody does it").contains("no plug-in"));
        let strange = PluginWrite { entity: "nothing".into(), ..write };
        assert!(told("retire", Advice::Perform(vec![strange])).expect_err("refused").contains("no entity"));
        assert!(
            prepare(&metadata, &rules, &operation(Command::Discard, &[]), &Advice::Allow)
                .expect("nothing")
                .writes
                .is_empty()
        );
    }
}
