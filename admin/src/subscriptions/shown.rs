//! One subscription in full, for people.

use std::fmt;

use super::show::Shown;
use crate::table::{or_dash, plain_table, yes};

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Subscription  {} ({}) of user {}", self.id, self.kind, self.user_id)?;
        writeln!(f, "Dataset       {}", self.dataset)?;
        writeln!(f, "Status        {}", self.status)?;
        match &self.watermark {
            None => writeln!(f, "Last prepare  none yet")?,
            Some(watermark) => {
                let when = or_dash(watermark.evaluated_at.as_deref());
                let behind = watermark.transactions_behind;
                writeln!(f, "Last prepare  {when}, the {}. one", watermark.prepares)?;
                writeln!(f, "Watermark     {}, {behind} transactions behind", watermark.snapshot)?;
            }
        }
        if let Some(refused) = &self.refused {
            writeln!(f, "Next prepare  is refused: {refused}")?;
        }
        self.write_devices(f)?;
        self.write_entities(f)?;
        self.write_groups(f)?;
        self.write_sessions(f)
    }
}

impl Shown {
    fn write_devices(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = plain_table(&["device", "name", "primary", "last seen"]);
        for device in &self.devices {
            let last_seen = or_dash(device.last_seen.as_deref());
            table.add_row([device.client.clone(), device.name.clone(), yes(device.primary).to_owned(), last_seen]);
        }
        writeln!(f, "\n{table}")
    }

    fn write_entities(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = plain_table(&["entity", "synchronised", "to move", "to delete", "next prepare evaluates"]);
        for entity in &self.entities {
            table.add_row([
                entity.entity.clone(),
                entity.synchronised.to_string(),
                entity.to_move.to_string(),
                entity.to_delete.to_string(),
                or_dash(entity.next.as_deref()),
            ]);
        }
        writeln!(f, "\n{table}")
    }

    fn write_groups(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.groups.is_empty() {
            return writeln!(f, "\nNo local data groups concern the user.");
        }
        let mut table = plain_table(&["entity", "local data group", "kind", "in force", "filter"]);
        for group in &self.groups {
            table.add_row([&group.entity, &group.name, group.kind.word(), yes(group.in_force), &group.filter]);
        }
        writeln!(f, "\n{table}")
    }

    fn write_sessions(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.sessions.is_empty() {
            return write!(f, "\nThere was no session yet.");
        }
        let header = ["session", "prepare", "state", "insert", "update", "delete", "batches", "settled", "started"];
        let mut table = plain_table(&header);
        for session in &self.sessions {
            table.add_row([
                session.id.to_string(),
                session.prepare_seq.to_string(),
                session.state.clone(),
                session.inserts.to_string(),
                session.updates.to_string(),
                session.deletes.to_string(),
                session.batches.to_string(),
                session.settled.to_string(),
                session.started_at.clone(),
            ]);
        }
        write!(f, "\n{table}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_subscription_says_what_it_has_not() {
        let told = Shown {
            id: "s1".to_owned(),
            user_id: uuid::Uuid::nil(),
            dataset: "crm".to_owned(),
            kind: "offline".to_owned(),
            status: "revoked".to_owned(),
            watermark: None,
            devices: vec![],
            entities: vec![],
            sessions: vec![],
            groups: vec![],
            refused: Some("the subscription is revoked".to_owned()),
        }
        .to_string();
        for words in ["none yet", "is refused: the subscription is revoked", "No local data groups", "no session yet"] {
            assert!(told.contains(words), "{words:?} is not in\n{told}");
        }
    }
}
