//! What was found out about a row, for people: the facts, then the answer.

use std::fmt;

use super::facts::{Decided, EntryState, Explained, Next};
use crate::table::{or_dash, plain_table, yes};

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.version {
            Some(version) => writeln!(f, "Row           {} {}, version {version}", self.table, self.object_id)?,
            None => writeln!(f, "Row           {} {}: there is none", self.table, self.object_id)?,
        }
        let standing = &self.standing;
        let primary = or_dash(standing.primary.as_deref());
        writeln!(f, "Subscription  {} is {}, its primary device {primary}", self.subscription, standing.status)?;
        writeln!(f, "User          {}, may go offline: {}", self.user_id, yes(standing.go_offline))?;
        if let Some(visible) = &self.visible {
            writeln!(f, "Sees it       {}", word(visible))?;
        }
        if let Some(filter) = &self.filter {
            match self.groups.is_empty() {
                true => writeln!(f, "Filter        none: there is no local data group of {}", self.entity)?,
                false => writeln!(f, "Filter        {}, for {}", word(&filter.lets_through), filter.filter)?,
            }
        }
        writeln!(f, "Sync entry    {}", self.entry_in_words())?;
        writeln!(f, "Next prepare  {}", self.next.in_words())?;
        self.write_policies(f)?;
        self.write_groups(f)?;
        write!(f, "\n{}", self.conclusion)
    }
}

impl Explained {
    fn entry_in_words(&self) -> String {
        let Some(entry) = self.entry else { return "none: nothing is kept for the device".to_owned() };
        let state = match entry.state {
            EntryState::Synchronised => "synchronised",
            EntryState::ToMove => "to be moved",
            EntryState::ToDelete => "to be deleted",
        };
        format!("{state}, version {}", entry.version)
    }

    fn write_policies(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(policies) = &self.policies else {
            return writeln!(f, "\nRow-level security of {} is off: no policy applies.", self.table);
        };
        let mut table = plain_table(&["policy", "kind", "lets it through by itself"]);
        for policy in policies {
            let kind = if policy.permissive { "permissive" } else { "restrictive" };
            table.add_row([
                policy.name.clone(),
                kind.to_owned(),
                policy.lets_through.as_ref().map_or("-".into(), word),
            ]);
        }
        writeln!(f, "\n{table}")
    }

    fn write_groups(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.groups.is_empty() {
            return Ok(());
        }
        let mut table = plain_table(&["local data group", "kind", "in force", "lets it through by itself"]);
        for group in &self.groups {
            let in_force = group.not_in_force.map_or("yes".to_owned(), |why| format!("no: {why}"));
            let lets_through = group.lets_through.as_ref().map_or("-".into(), word);
            table.add_row([group.name.clone(), group.kind.word().to_owned(), in_force, lets_through]);
        }
        writeln!(f, "\n{table}")
    }
}

impl Next {
    fn in_words(&self) -> String {
        match self {
            Self::Everything(why) => format!("looks at every row: {why}"),
            Self::Candidate => "looks at it: a change since the watermark concerns it".to_owned(),
            Self::NotLookedAt => "does not look at it: no change since the watermark concerns it".to_owned(),
            Self::Refused(why) => format!("is refused: {why}"),
        }
    }
}

fn word(decided: &Decided) -> String {
    match decided {
        Decided::Yes => "yes".to_owned(),
        Decided::No => "no".to_owned(),
        Decided::Failed(words) => format!("unknown: {words}"),
    }
}
