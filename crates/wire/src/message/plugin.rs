//! Plug-ins: programs in any language that replay asks before an operation is carried out, by request and reply on
//! `plugin.<entity>.<command>.pre`. A plug-in may be asked twice about the same operation, and before it is known whether
//! the operation can be carried out at all: it must have no effects of its own that matter.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Message;
use super::operation::{FieldValue, RowCommand};

/// The question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PluginRequest {
    /// `<subscription>:<sequence>`: the same for the same operation, however often it is asked about.
    pub operation_id: String,
    /// The configured set of entities.
    pub dataset: String,
    /// The entity's name.
    pub entity: String,
    /// `create`, `update`, `delete`, or the named command.
    pub command: String,
    /// The row.
    pub object_id: Uuid,
    /// The attributes it sets, or a named command's parameters, by name. Attachments are told by their size.
    pub data: BTreeMap<String, FieldValue>,
    /// What the attributes held on the device before, by name.
    pub base: BTreeMap<String, FieldValue>,
    /// The user whose operation it is.
    pub user_id: Uuid,
    /// Where it comes from: `offline-queue`.
    pub caller_origin: String,
    /// When the user did it, by the device's clock, ISO-8601 in UTC.
    pub captured_at: String,
    /// Nothing will be carried out: only the verdict is wanted.
    pub dry_run: bool,
}

impl Message for PluginRequest {
    const NAME: &'static str = "plugin-request";
    const VERSION: u16 = 1;
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PluginReply {
    /// It may be carried out.
    Allow,
    /// It may be carried out with these values, beside or instead of its own.
    Amend {
        /// Attributes by name.
        data: BTreeMap<String, FieldValue>,
    },
    /// It is refused.
    Refuse {
        /// Why, in words for the user.
        reason: String,
        /// The attribute that is to blame, where one is.
        #[serde(default)]
        attribute: Option<String>,
    },
    /// The writes that a named command stands for, in order, all or none; replay makes them as the user.
    Perform {
        /// The writes.
        writes: Vec<PluginWrite>,
    },
}

/// One write of a named command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PluginWrite {
    /// `create`, `update` or `delete`.
    pub command: RowCommand,
    /// The entity's name.
    pub entity: String,
    /// The row.
    pub object_id: Uuid,
    /// The attributes it sets, by name.
    #[serde(default)]
    pub data: BTreeMap<String, FieldValue>,
}

impl Message for PluginReply {
    const NAME: &'static str = "plugin-reply";
    const VERSION: u16 = 1;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::golden;

    #[test]
    fn golden_files() {
        let data = BTreeMap::from([("name".to_owned(), FieldValue::Text("Sold".to_owned()))]);
        let request = PluginRequest {
            operation_id: "s1:7".to_owned(),
            dataset: "crm".to_owned(),
            entity: "opportunity".to_owned(),
            command: "create".to_owned(),
            object_id: Uuid::from_u128(9),
            data: data.clone(),
            base: BTreeMap::new(),
            user_id: Uuid::from_u128(4),
            caller_origin: "offline-queue".to_owned(),
            captured_at: "2026-11-22T10:00:00.000Z".to_owned(),
            dry_run: false,
        };
        golden::check("create", &request);
        golden::check("allow", &PluginReply::Allow);
        golden::check("amend", &PluginReply::Amend { data: data.clone() });
        golden::check("refuse", &PluginReply::Refuse { reason: "no".to_owned(), attribute: Some("name".to_owned()) });
        let write =
            PluginWrite { command: RowCommand::Create, entity: "task".to_owned(), object_id: Uuid::from_u128(8), data };
        golden::check("perform", &PluginReply::Perform { writes: vec![write] });
    }
}
