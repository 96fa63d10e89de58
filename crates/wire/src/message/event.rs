//! Events: what was carried out, for workflows. They come from the transaction of the operation's effect, at least once,
//! and in order for each object.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Message;
use super::operation::FieldValue;

/// An operation was carried out, or one write of a named command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OperationEvent {
    /// `<subscription>:<sequence>`; repetitions of an event have the same, and the same `write` and `trace_id`.
    pub operation_id: String,
    /// Which write of a named command it is, from 1; none of the operation itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write: Option<u32>,
    /// The configured set of entities.
    pub dataset: String,
    /// The entity's name.
    pub entity: String,
    /// `create`, `update`, `delete`, or the named command.
    pub command: String,
    /// The row.
    pub object_id: Uuid,
    /// The attributes that were set, a plug-in's among them, or the parameters, by name; without binary values.
    pub data: BTreeMap<String, FieldValue>,
    /// The user whose operation it was.
    pub user_id: Uuid,
    /// When the user did it, by the device's clock, ISO-8601 in UTC.
    pub captured_at: String,
    /// Where to look in the server's logs.
    pub trace_id: String,
}

impl OperationEvent {
    /// What tells it from all others: `<subscription>:<sequence>`, `.<write>` of a named command's writes, and the trace id:
    /// a server that was restored to an earlier state gives the same numbers again.
    #[must_use]
    pub fn id(&self) -> String {
        let write = self.write.map(|write| format!(".{write}")).unwrap_or_default();
        format!("{}{write}@{}", self.operation_id, self.trace_id)
    }
}

impl Message for OperationEvent {
    const NAME: &'static str = "operation-event";
    const VERSION: u16 = 1;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::golden;

    #[test]
    fn golden_files() {
        let event = OperationEvent {
            operation_id: "s1:7".to_owned(),
            write: None,
            dataset: "crm".to_owned(),
            entity: "contact".to_owned(),
            command: "update".to_owned(),
            object_id: Uuid::from_u128(9),
            data: BTreeMap::from([("city".to_owned(), FieldValue::Text("Graz".to_owned()))]),
            user_id: Uuid::from_u128(4),
            captured_at: "2026-11-22T10:00:00.000Z".to_owned(),
            trace_id: "0123456789abcdef".to_owned(),
        };
        golden::check("update", &event);
        let write = OperationEvent { write: Some(2), ..event };
        golden::check("write", &write);
        assert_eq!(write.id(), "s1:7.2@0123456789abcdef");
    }
}
