//! The events of what was carried out, for workflows: as it was carried out, not as it was asked for. Pure.

use std::collections::{BTreeMap, HashMap};

use sojourn_platform::entities::Published;
use sojourn_wire::SubscriptionId;
use sojourn_wire::message::event::OperationEvent;
use sojourn_wire::message::operation::{FieldValue, Operation, Verdict};
use sojourn_wire::message::plugin::PluginWrite;
use uuid::Uuid;

use crate::pipeline::{Advice, amended, command_name};

/// Whose operations they are.
#[derive(Debug, Clone, Copy)]
pub struct Teller<'a> {
    /// The metadata in force.
    pub metadata: &'a Published,
    /// The user.
    pub user_id: Uuid,
    /// The subscription.
    pub subscription: &'a SubscriptionId,
}

impl Teller<'_> {
    /// The events of the operations that were done, in their order: one of each, and of a named command one more for each
    /// of its writes. `advice` is what plug-ins said, by sequence.
    pub fn events<'o>(
        self,
        played: impl Iterator<Item = (&'o Operation, &'o Verdict)>,
        advice: &HashMap<u64, Advice>,
    ) -> Vec<OperationEvent> {
        let done = played.filter(|(_, verdict)| verdict.verdict.is_done());
        done.flat_map(|(operation, verdict)| {
            let advice = advice.get(&operation.sequence).unwrap_or(&Advice::Allow);
            let event = self.event(operation, advice, verdict);
            let writes = match advice {
                Advice::Perform(writes) => writes.as_slice(),
                _ => &[],
            };
            let of_writes: Vec<_> = event.iter().flat_map(|event| of_writes(event, writes)).collect();
            event.into_iter().chain(of_writes)
        })
        .collect()
    }

    fn event(self, operation: &Operation, advice: &Advice, verdict: &Verdict) -> Option<OperationEvent> {
        Some(OperationEvent {
            operation_id: format!("{}:{}", self.subscription, operation.sequence),
            write: None,
            dataset: self.metadata.dataset.clone(),
            entity: self.metadata.table_of(operation.object_type_code)?.entity.clone(),
            command: command_name(operation)?.to_owned(),
            object_id: operation.object_id,
            data: readable(&amended(operation, advice)),
            user_id: self.user_id,
            captured_at: operation.captured_at.clone(),
            trace_id: verdict.trace_id.clone(),
        })
    }
}

/// The events of a named command's writes.
fn of_writes(event: &OperationEvent, writes: &[PluginWrite]) -> impl Iterator<Item = OperationEvent> {
    (1..).zip(writes).map(|(number, write)| OperationEvent {
        write: Some(number),
        entity: write.entity.clone(),
        command: write.command.word().to_owned(),
        object_id: write.object_id,
        data: readable(&write.data),
        ..event.clone()
    })
}

/// Values that can be told: binary ones are left out.
fn readable(data: &BTreeMap<String, FieldValue>) -> BTreeMap<String, FieldValue> {
    let is_binary = |value: &FieldValue| matches!(value, FieldValue::Bytes(_) | FieldValue::Attachment { .. });
    data.iter().filter(|(_, value)| !is_binary(value)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use sojourn_wire::message::operation::{Command, RowCommand, VerdictKind};

    use super::*;
    use crate::testing::{metadata, number, operation, text};

    fn told(operation: &Operation, advice: Advice, kind: VerdictKind) -> Vec<OperationEvent> {
        let (metadata, subscription) = (metadata(), "s1".parse().expect("a token"));
        let teller = Teller { metadata: &metadata, user_id: Uuid::nil(), subscription: &subscription };
        let verdict = Verdict::new(operation.sequence, kind, "t");
        teller.events(std::iter::once((operation, &verdict)), &[(operation.sequence, advice)].into())
    }

    #[test]
    fn what_a_plug_in_amended_is_told() {
        let change = operation(
            Command::Update,
            &[("notes", text("x")), ("score", number(1)), ("photo", FieldValue::Bytes(vec![1]))],
        );
        let amendment = [("score".to_owned(), number(2))].into();
        let events = told(&change, Advice::Amend(amendment), VerdictKind::Merged);
        let [event] = events.as_slice() else { panic!("one event: {events:?}") };
        assert_eq!(event.data, [("notes".to_owned(), text("x")), ("score".to_owned(), number(2))].into());
        assert_eq!((event.command.as_str(), event.write), ("update", None));
    }

    #[test]
    fn what_was_not_carried_out_is_not_told() {
        let change = operation(Command::Update, &[("notes", text("x"))]);
        assert_eq!(told(&change, Advice::Allow, VerdictKind::Parked), []);
        assert_eq!(told(&operation(Command::Discard, &[]), Advice::Allow, VerdictKind::Applied), []);
    }

    #[test]
    fn a_named_command_is_told_and_each_of_its_writes() {
        let invoked = Operation { name: Some("retire".into()), ..operation(Command::Invoke, &[("why", text("old"))]) };
        let write = |command, object| PluginWrite {
            command,
            entity: "contact".into(),
            object_id: Uuid::from_u128(object),
            data: [("notes".to_owned(), text("gone"))].into(),
        };
        let writes = vec![write(RowCommand::Update, 1), write(RowCommand::Create, 2)];
        let events = told(&invoked, Advice::Perform(writes), VerdictKind::Applied);
        let said: Vec<_> = events.iter().map(|event| (event.id(), event.command.as_str())).collect();
        let id = |write| format!("s1:{}{write}@t", invoked.sequence);
        assert_eq!(said, [(id(""), "retire"), (id(".1"), "update"), (id(".2"), "create")]);
        assert_eq!((events[0].data.len(), events[2].object_id), (1, Uuid::from_u128(2)));
        assert_eq!(events[1].data, [("notes".to_owned(), text("gone"))].into());
    }
}
