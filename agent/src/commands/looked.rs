//! How a device is and what is in its queue, for people.

use std::fmt;

use super::answer::{Looked, QueueAnswer, plain_table};
use crate::store::{EntryCommand, EntryState, QueueEntry, QueueSummary};

impl fmt::Display for Looked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Mode      {}", self.mode.word())?;
        writeln!(f, "Device    {} of user {}", self.agent, self.user_id)?;
        writeln!(f, "Server    {}", self.server)?;
        writeln!(f, "Database  {}", self.database.display())?;
        let QueueSummary { waiting, sent, open_group, .. } = self.queue;
        writeln!(f, "Queue     {waiting} waiting, {sent} sent without a verdict")?;
        match self.errors.is_empty() {
            true => writeln!(f, "Errors    none")?,
            false => writeln!(f, "Errors    {}: sojourn-agent errors{}", self.errors, self.home)?,
        }
        if let Some(start) = open_group {
            writeln!(f, "          the group of queue entry {start} is open: nothing from there on is sent")?;
        }
        if self.rows.is_empty() {
            let home = self.database.parent().unwrap_or(&self.database).display();
            return write!(f, "\nNothing is loaded yet. Next: sojourn-agent go-offline --home {home}");
        }
        let mut table = plain_table(&["entity", "rows"]);
        for (entity, rows) in &self.rows {
            table.add_row([entity.clone(), rows.to_string()]);
        }
        write!(f, "\n{table}")
    }
}

impl fmt::Display for QueueAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.entries.is_empty() {
            return write!(f, "The queue is empty: nothing was written here since it was last cleaned up.");
        }
        let mut table = plain_table(&["#", "captured", "operation", "command", "entity", "object", "state", "reason"]);
        for entry in &self.entries {
            table.add_row([
                entry.row_number.to_string(),
                entry.captured_at.clone(),
                entry.sequence.map(|sequence| sequence.to_string()).unwrap_or_default(),
                command(entry),
                entry.entity.clone().unwrap_or_default(),
                entry.object_id.clone().unwrap_or_default(),
                state(entry),
                entry.reason.clone().unwrap_or_default(),
            ]);
        }
        write!(f, "{table}")
    }
}

impl EntryCommand {
    /// The word for it to the user.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Invoke => "invoke",
            Self::Start => "group starts",
            Self::Stop => "group stops",
        }
    }
}

/// What the server is asked for: to discard it, once the user has given it up.
fn command(entry: &QueueEntry) -> String {
    match &entry.name {
        _ if entry.given_up => "discard".to_owned(),
        Some(name) => name.clone(),
        None => entry.command.word().to_owned(),
    }
}

fn state(entry: &QueueEntry) -> String {
    match (entry.state, &entry.verdict) {
        (EntryState::GivenUp, _) => "given up".to_owned(),
        (_, Some(verdict)) => verdict.clone(),
        (EntryState::Waiting, None) => "waiting".to_owned(),
        (EntryState::Sent, None) => "sent".to_owned(),
        (EntryState::PlayedBack, None) => "played back".to_owned(),
        (EntryState::Refused, None) => "refused".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_up_is_shown_as_a_discard() {
        let entry = |state, given_up| QueueEntry {
            row_number: 7,
            sequence: None,
            command: EntryCommand::Create,
            entity: Some("contact".to_owned()),
            object_type_code: Some(2),
            object_id: None,
            captured_at: String::new(),
            data: None,
            base: None,
            group: None,
            state,
            verdict: (state == EntryState::GivenUp).then(|| "rejected".to_owned()),
            reason: None,
            attribute: None,
            trace_id: None,
            name: None,
            rule: None,
            cause: None,
            waits_for: None,
            detail: None,
            settles: Some(3),
            given_up,
        };
        let shown = |state, given_up| {
            let entry = entry(state, given_up);
            (super::command(&entry), super::state(&entry))
        };
        let words = |command: &str, state: &str| (command.to_owned(), state.to_owned());
        assert_eq!(shown(EntryState::Waiting, true), words("discard", "waiting"));
        assert_eq!(shown(EntryState::GivenUp, true), words("discard", "given up"));
        assert_eq!(shown(EntryState::Waiting, false), words("create", "waiting"));
    }
}
