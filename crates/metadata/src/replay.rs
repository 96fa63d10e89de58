//! The rules of the write path: what `sojourn.yaml` says under `replay:`, stored as it was written. `schema` checks and
//! stores them; `replay` obeys them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Everything under `replay:`. Entities and attributes go by their names.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplayRules {
    /// What is done about changes of both sides, by entity; `merge` where nothing is said.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub conflicts: BTreeMap<String, ConflictRule>,
    /// When two rows are taken for the same thing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub duplicates: Vec<DuplicateRule>,
    /// Plug-ins that are asked before an operation is carried out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plugins: Vec<PluginRule>,
    /// Commands beyond create, update and delete, and those of the three that need the server.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<CommandRule>,
}

/// What is done when both sides have changed the same since the device last saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConflictPolicy {
    /// Three-way: only an attribute that both sides changed, to different values, is a conflict.
    #[default]
    Merge,
    /// The last to play back wins (the documents' rule).
    LastWins,
    /// Whatever the server has changed of what the operation changes is a conflict, the same value or not.
    Reject,
}

/// The policy of one entity.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConflictRule {
    /// For the whole row, and for attributes of which nothing else is said.
    #[serde(default)]
    pub policy: ConflictPolicy,
    /// For single attributes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, ConflictPolicy>,
}

/// When two rows are taken for the same thing. It looks at rows that are created, and at updates of what it compares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DuplicateRule {
    /// Its name: the verdict has it.
    pub name: String,
    /// The entity whose operations are looked at.
    pub entity: String,
    /// The entity that they are compared with; the same one where none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matches: Option<String>,
    /// All of these must hold. A null or empty value matches nothing.
    pub when: Vec<DuplicateCondition>,
}

/// One comparison of a [`DuplicateRule`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DuplicateCondition {
    /// The attribute of the operation's entity.
    pub attribute: String,
    /// The attribute of the other entity; of the same name where none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<String>,
    /// How they are compared.
    #[serde(default)]
    pub by: Comparison,
    /// How many characters from the start must be alike, for `by: first`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub characters: Option<u32>,
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// They are the same.
    #[default]
    Equal,
    /// They are the same text, whatever its case and spaces.
    IgnoringCaseAndSpaces,
    /// Their first `characters` are the same text, whatever its case.
    First,
}

/// A plug-in that is asked before an operation is carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PluginRule {
    /// The entity.
    pub entity: String,
    /// `create`, `update`, `delete`, or a named command.
    pub command: String,
    /// How long it may take, in milliseconds.
    #[serde(default = "default_time_limit")]
    pub time_limit_ms: u32,
    /// What is done when it does not answer in time.
    #[serde(default)]
    pub when_absent: WhenAbsent,
}

/// What is done with an operation whose plug-in does not answer in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenAbsent {
    /// It is rejected; the user may try again.
    #[default]
    Refuse,
    /// It is carried out without the plug-in.
    Allow,
    /// It waits on the server, and what follows it with it, until the plug-in is back or about a minute has passed; then it
    /// is rejected.
    Wait,
}

/// A command of an entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandRule {
    /// The entity.
    pub entity: String,
    /// Its name; `create`, `update` or `delete` to make one of these `online_only`.
    pub name: String,
    /// It cannot be done offline.
    #[serde(default)]
    pub online_only: bool,
}

/// The commands that every entity has.
pub const OWN_COMMANDS: [&str; 3] = ["create", "update", "delete"];

fn default_time_limit() -> u32 {
    2_000
}

impl ReplayRules {
    /// The conflict policy of an entity's attribute.
    #[must_use]
    pub fn policy(&self, entity: &str, attribute: &str) -> ConflictPolicy {
        let rule = self.conflicts.get(entity);
        rule.map_or_else(ConflictPolicy::default, |rule| *rule.attributes.get(attribute).unwrap_or(&rule.policy))
    }

    /// The conflict policy of an entity's rows: it decides when one side has deleted the row.
    #[must_use]
    pub fn row_policy(&self, entity: &str) -> ConflictPolicy {
        self.conflicts.get(entity).map(|rule| rule.policy).unwrap_or_default()
    }

    /// The plug-in that is asked before this command of an entity.
    #[must_use]
    pub fn plugin(&self, entity: &str, command: &str) -> Option<&PluginRule> {
        self.plugins.iter().find(|plugin| plugin.entity == entity && plugin.command == command)
    }

    /// Whether a duplicate rule compares this attribute, on either side.
    #[must_use]
    pub fn is_compared(&self, entity: &str, attribute: &str) -> bool {
        self.duplicates.iter().any(|rule| {
            rule.when.iter().any(|condition| {
                (rule.entity == entity && condition.attribute == attribute)
                    || (rule.other() == entity && condition.other() == attribute)
            })
        })
    }

    /// Whether an entity has this named command.
    #[must_use]
    pub fn has_command(&self, entity: &str, name: &str) -> bool {
        !OWN_COMMANDS.contains(&name) && self.commands.iter().any(|c| c.entity == entity && c.name == name)
    }
}

impl DuplicateRule {
    /// The entity that rows are compared with.
    #[must_use]
    pub fn other(&self) -> &str {
        self.matches.as_deref().unwrap_or(&self.entity)
    }
}

impl DuplicateCondition {
    /// The attribute of the other entity.
    #[must_use]
    pub fn other(&self) -> &str {
        self.with.as_deref().unwrap_or(&self.attribute)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_is_stored() {
        let yaml = "conflicts:\n  contact: {policy: merge, attributes: {notes: last_wins}}\n\
                    duplicates:\n- name: mail\n  entity: contact\n  matches: lead\n  when:\n  \
                    - {attribute: email, by: ignoring_case_and_spaces}\n  - {attribute: last_name, with: full_name, by: first, characters: 4}\n\
                    plugins:\n- {entity: opportunity, command: create, when_absent: allow}\n\
                    commands:\n- {entity: opportunity, name: convert_to_invoice, online_only: true}\n";
        let rules: ReplayRules = serde_saphyr::from_str(yaml).expect("good rules");
        let stored = serde_json::to_string(&rules).expect("plain data");
        assert_eq!(serde_json::from_str::<ReplayRules>(&stored).expect("good rules"), rules);
        assert_eq!(rules.policy("contact", "notes"), ConflictPolicy::LastWins);
        assert_eq!(rules.policy("contact", "email"), ConflictPolicy::Merge);
        assert_eq!(rules.policy("lead", "email"), ConflictPolicy::Merge);
        assert_eq!(rules.plugin("opportunity", "create").map(|plugin| plugin.time_limit_ms), Some(2_000));
        assert!(rules.is_compared("contact", "last_name") && rules.is_compared("lead", "full_name"));
        assert!(!rules.is_compared("contact", "full_name") && !rules.is_compared("account", "email"));
        assert!(rules.has_command("opportunity", "convert_to_invoice") && !rules.has_command("opportunity", "create"));
        assert_eq!((rules.duplicates[0].other(), rules.duplicates[0].when[1].other()), ("lead", "full_name"));
    }
}
