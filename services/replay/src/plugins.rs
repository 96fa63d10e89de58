//! Asking plug-ins: one request, one reply, within the time that the rule gives. What the reply means is decided in
//! [`reply`].

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use sojourn_metadata::replay::PluginRule;
use sojourn_runtime::Client;
use sojourn_runtime::rpc::{self, AskError};
use sojourn_wire::message::encode;
use sojourn_wire::message::operation::FieldValue;
use sojourn_wire::message::plugin::{PluginRequest, PluginWrite};
use sojourn_wire::{Name, Subject};
use uuid::Uuid;

use crate::refusal::Refusal;

pub mod reply;

/// What came of asking a plug-in.
#[derive(Debug, Clone, PartialEq)]
pub enum Asked {
    /// The write may be carried out.
    Allowed,
    /// It may be carried out with these values, beside or instead of its own.
    Amended(BTreeMap<String, FieldValue>),
    /// It is refused; also when the plug-in answers what makes no sense.
    Refused(Refusal),
    /// The writes that the named command stands for, in order, all or none.
    Performs(Vec<PluginWrite>),
    /// Nobody is there, or the plug-in was too slow or failed: the rule says what is done then
    /// ([`PluginRule::when_absent`]). The words are for the user, if the operation is refused.
    Absent(Refusal),
}

/// Asks several plug-ins, at most `at_once` of them at a time (at least one). The answers are in the order of the
/// questions.
pub async fn ask_all(client: &Client, questions: Vec<(PluginRule, PluginRequest)>, at_once: usize) -> Vec<Asked> {
    let asking = questions.into_iter().map(|(rule, request)| async move { ask(client, &rule, &request).await });
    stream::iter(asking).buffered(at_once.max(1)).collect().await
}

/// Asks the plug-in of a rule about one operation. Binary values are told by their sizes.
pub async fn ask(client: &Client, rule: &PluginRule, request: &PluginRequest) -> Asked {
    let subject = match subject(rule) {
        Ok(subject) => subject,
        Err(refusal) => return Asked::Refused(refusal),
    };
    let payload = encode(&without_bytes(request));
    if let Err(refusal) = reply::fits(&subject, payload.len(), client.server_info().max_payload) {
        return Asked::Refused(refusal);
    }
    let within = Duration::from_millis(rule.time_limit_ms.into());
    match rpc::ask(client, &subject, payload.into(), within).await {
        Ok(answer) => reply::decide(&subject, &rule.command, &answer),
        Err(error) => Asked::Absent(absent(&subject, &error)),
    }
}

fn subject(rule: &PluginRule) -> Result<Subject, Refusal> {
    let name = |name: &str| {
        let parsed = name.parse::<Name>();
        parsed.map_err(|error| Refusal::new(&format!("a plug-in is wanted that cannot be asked: {error}")))
    };
    Ok(Subject::PluginPre { entity: name(&rule.entity)?, command: name(&rule.command)? })
}

/// Why there is no answer, in words for the user.
fn absent(subject: &Subject, error: &AskError) -> Refusal {
    let happened = match error {
        AskError::Nobody { .. } => "is not running".to_owned(),
        AskError::Deadline { within, .. } => format!("did not answer within {} ms", within.as_millis()),
        AskError::NotConnected { .. } => "could not be asked: the connection to NATS broke".to_owned(),
        AskError::Refused { refusal, .. } => format!("failed ({refusal})"),
    };
    reply::refusal(subject, &format!("the plug-in {subject} {happened}; try again later"))
}

/// The question as it travels: a binary value is told by its size.
fn without_bytes(request: &PluginRequest) -> PluginRequest {
    let told = |data: &BTreeMap<String, FieldValue>| {
        data.iter().map(|(name, value)| (name.clone(), size_of(value).unwrap_or_else(|| value.clone()))).collect()
    };
    PluginRequest { data: told(&request.data), base: told(&request.base), ..request.clone() }
}

/// The size of a binary value, in place of the value.
fn size_of(value: &FieldValue) -> Option<FieldValue> {
    let bytes = match value {
        FieldValue::Bytes(bytes) => bytes.len() as u64,
        FieldValue::Attachment { bytes, .. } => *bytes,
        FieldValue::Null | FieldValue::Number(_) | FieldValue::Text(_) => return None,
    };
    Some(FieldValue::Attachment { attachment: Uuid::nil(), bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binary_values_are_told_by_their_sizes() {
        let data = BTreeMap::from([
            ("body".to_owned(), FieldValue::Bytes(vec![1; 300])),
            ("scan".to_owned(), FieldValue::Attachment { attachment: Uuid::from_u128(6), bytes: 50_000_000 }),
            ("name".to_owned(), FieldValue::Text("x".to_owned())),
            ("size".to_owned(), FieldValue::Null),
        ]);
        let request = PluginRequest {
            operation_id: "s1:7".to_owned(),
            dataset: "crm".to_owned(),
            entity: "annotation".to_owned(),
            command: "create".to_owned(),
            object_id: Uuid::from_u128(9),
            base: data.clone(),
            data,
            user_id: Uuid::from_u128(4),
            caller_origin: "offline-queue".to_owned(),
            captured_at: "2026-11-22T10:00:00.000Z".to_owned(),
            dry_run: false,
        };
        let told = without_bytes(&request);
        let size = |bytes| FieldValue::Attachment { attachment: Uuid::nil(), bytes };
        assert_eq!((&told.data["body"], &told.data["scan"]), (&size(300), &size(50_000_000)));
        assert_eq!((&told.data["name"], &told.base), (&FieldValue::Text("x".to_owned()), &told.data));
    }
}
