//! What a plug-in's reply means, and whether it makes sense. Pure.
//!
//! A reply that makes no sense is a refusal, never a permission: its words name the plug-in, for whoever looks after it.

use std::collections::BTreeMap;

use sojourn_metadata::replay::OWN_COMMANDS;
use sojourn_wire::Subject;
use sojourn_wire::message::decode;
use sojourn_wire::message::operation::{FieldValue, RowCommand};
use sojourn_wire::message::plugin::{PluginReply, PluginWrite};

use super::Asked;
use crate::refusal::Refusal;

/// The meaning of a reply to the plug-in at `subject`, which was asked about this command of its entity.
#[must_use]
pub fn decide(subject: &Subject, command: &str, reply: &[u8]) -> Asked {
    let reply = match decode::<PluginReply>(reply) {
        Ok(reply) => reply,
        Err(error) => return nonsense(subject, &error.to_string()),
    };
    let is_named = !OWN_COMMANDS.contains(&command);
    match reply {
        PluginReply::Refuse { reason, attribute } => Asked::Refused(refused(subject, &reason, attribute.as_deref())),
        PluginReply::Allow if is_named => nonsense(subject, "it allows a named command, which it must perform"),
        PluginReply::Allow => Asked::Allowed,
        PluginReply::Amend { .. } if is_named => nonsense(subject, "it amends a named command, which it must perform"),
        PluginReply::Amend { .. } if command == RowCommand::Delete.word() => nonsense(subject, "it amends a delete"),
        PluginReply::Amend { data } => amended(subject, data),
        PluginReply::Perform { writes } if is_named => performs(subject, writes),
        PluginReply::Perform { .. } => nonsense(subject, &format!("it performs a {command}, which it may only judge")),
    }
}

/// Whether a question of so many bytes can be asked.
///
/// # Errors
/// In words for the user, when it is larger than the server takes.
pub fn fits(subject: &Subject, bytes: usize, most: usize) -> Result<(), Refusal> {
    if bytes <= most {
        return Ok(());
    }
    let words = format!("the plug-in {subject} cannot be asked: this has {bytes} bytes, and a message at most {most}");
    Err(refusal(subject, &words))
}

/// A refusal by the rule that is this plug-in.
pub(super) fn refusal(subject: &Subject, reason: &str) -> Refusal {
    Refusal::new(reason).by_rule(&subject.to_string())
}

fn nonsense(subject: &Subject, problem: &str) -> Asked {
    Asked::Refused(refusal(subject, &format!("the answer of the plug-in {subject} makes no sense: {problem}")))
}

fn refused(subject: &Subject, reason: &str, attribute: Option<&str>) -> Refusal {
    let silent = format!("the plug-in {subject} refuses this and does not say why");
    let reason = if reason.trim().is_empty() { silent.as_str() } else { reason };
    let refusal = attribute.map_or_else(|| Refusal::new(reason), |attribute| Refusal::of(attribute, reason));
    refusal.by_rule(&subject.to_string())
}

fn amended(subject: &Subject, data: BTreeMap<String, FieldValue>) -> Asked {
    match attachment(&data) {
        Some(attribute) => nonsense(subject, &format!("it amends {attribute} with an attachment that it has not sent")),
        None => Asked::Amended(data),
    }
}

fn performs(subject: &Subject, writes: Vec<PluginWrite>) -> Asked {
    let wrong = writes.iter().find_map(|write| {
        let PluginWrite { command, entity, data, .. } = write;
        if *command == RowCommand::Delete && !data.is_empty() {
            return Some(format!("it deletes a row of {entity} and sets its attributes"));
        }
        attachment(data).map(|name| format!("it sets {name} of {entity} to an attachment that it has not sent"))
    });
    match wrong {
        Some(problem) => nonsense(subject, &problem),
        None => Asked::Performs(writes),
    }
}

/// An attribute with an attachment: only devices send those.
fn attachment(data: &BTreeMap<String, FieldValue>) -> Option<&str> {
    let is_one = |value: &FieldValue| matches!(value, FieldValue::Attachment { .. });
    data.iter().find(|(_, value)| is_one(value)).map(|(name, _)| name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sojourn_wire::message::encode;
    use uuid::Uuid;

    fn subject() -> Subject {
        "plugin.opportunity.create.pre".parse().expect("a subject")
    }

    fn told(command: &str, reply: &PluginReply) -> Asked {
        decide(&subject(), command, &encode(reply))
    }

    fn words(asked: Asked) -> String {
        let Asked::Refused(refusal) = asked else { panic!("{asked:?} is no refusal") };
        assert_eq!(refusal.rule.as_deref(), Some("plugin.opportunity.create.pre"));
        refusal.reason
    }

    fn data(value: FieldValue) -> BTreeMap<String, FieldValue> {
        BTreeMap::from([("probability".to_owned(), value)])
    }

    fn write(command: RowCommand, data: BTreeMap<String, FieldValue>) -> PluginWrite {
        PluginWrite { command, entity: "task".to_owned(), object_id: Uuid::from_u128(1), data }
    }

    #[test]
    fn each_kind_has_its_meaning() {
        let values = data(FieldValue::Number(20.into()));
        assert_eq!(told("create", &PluginReply::Allow), Asked::Allowed);
        assert_eq!(told("delete", &PluginReply::Allow), Asked::Allowed);
        assert_eq!(told("update", &PluginReply::Amend { data: values.clone() }), Asked::Amended(values.clone()));
        let writes = vec![write(RowCommand::Create, values), write(RowCommand::Delete, BTreeMap::new())];
        assert_eq!(told("close", &PluginReply::Perform { writes: writes.clone() }), Asked::Performs(writes));
        let refuse = PluginReply::Refuse { reason: "too much".to_owned(), attribute: Some("est_value".to_owned()) };
        let expected = Refusal::of("est_value", "too much").by_rule("plugin.opportunity.create.pre");
        assert_eq!(told("create", &refuse), Asked::Refused(expected.clone()));
        assert_eq!(told("close", &refuse), Asked::Refused(expected));
    }

    #[test]
    fn an_answer_that_makes_no_sense_is_a_refusal_that_names_the_plug_in() {
        let values = data(FieldValue::Null);
        let amend = PluginReply::Amend { data: values.clone() };
        let perform = PluginReply::Perform { writes: Vec::new() };
        let sent = data(FieldValue::Attachment { attachment: Uuid::nil(), bytes: 3 });
        let writes = vec![write(RowCommand::Create, sent.clone())];
        let deletes = vec![write(RowCommand::Delete, values)];
        let answers = [
            (told("close", &PluginReply::Allow), "allows a named command"),
            (told("close", &amend), "amends a named command"),
            (told("delete", &amend), "amends a delete"),
            (told("create", &perform), "performs a create"),
            (told("create", &PluginReply::Amend { data: sent }), "attachment"),
            (told("close", &PluginReply::Perform { writes }), "attachment"),
            (told("close", &PluginReply::Perform { writes: deletes }), "deletes a row of task"),
            (decide(&subject(), "create", b""), "not a message"),
            (decide(&subject(), "create", b"yes"), "not a message"),
            (decide(&subject(), "create", br#"{"message":"ack","version":1,"body":{}}"#), "got \"ack\""),
            (
                decide(&subject(), "create", br#"{"message":"plugin-reply","version":2,"body":{"kind":"allow"}}"#),
                "version 2",
            ),
            (
                decide(&subject(), "create", br#"{"message":"plugin-reply","version":1,"body":{"kind":"maybe"}}"#),
                "plugin-reply",
            ),
        ];
        for (answer, expected) in answers {
            let words = words(answer);
            assert!(words.contains("plugin.opportunity.create.pre makes no sense"), "{words}");
            assert!(words.contains(expected), "{words:?} does not say {expected:?}");
        }
    }

    #[test]
    fn a_refusal_without_a_reason_says_so() {
        let refuse = PluginReply::Refuse { reason: " ".to_owned(), attribute: None };
        assert!(words(told("create", &refuse)).contains("does not say why"));
    }

    #[test]
    fn a_question_that_is_too_large_is_refused_in_words() {
        assert_eq!(fits(&subject(), 10, 10), Ok(()));
        let refused = fits(&subject(), 11, 10).expect_err("too large");
        assert!(refused.reason.contains("11 bytes"), "{}", refused.reason);
    }
}
