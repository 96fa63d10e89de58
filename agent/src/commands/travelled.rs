//! What an exchange with the server did, for people.

use std::fmt;

use comfy_table::Table;

use super::answer::{SHOWN, Travelled, command_word, plain_table};
use crate::download::Moved;
use crate::playback::{PlayedBack, Settled};
use crate::store::QueueSummary;

impl fmt::Display for Travelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.queue.operations > 0 {
            let kinds: Vec<String> = self.queue.verdicts.iter().map(|(kind, n)| format!("{n} {kind}")).collect();
            writeln!(f, "Played back {} operations: {}", self.queue.operations, kinds.join(", "))?;
            writeln!(f, "{}", verdicts(&self.queue))?;
        }
        let Moved { rows, deletes, batches, pending, rounds, resumed, ref lost, .. } = self.data;
        write!(f, "Loaded {rows} rows and {deletes} deletes in {batches} batches, {} ms", self.elapsed_ms)?;
        if rounds > 1 {
            write!(f, ", in {rounds} sessions")?;
        }
        if resumed > 0 {
            write!(f, "\n{resumed} of them had come before, with a session that was cut short")?;
        }
        if !lost.is_empty() {
            let batches = lost.len();
            write!(
                f,
                "\n{batches} batches that had come were lost from this device, so that it was compared with the server:"
            )?;
            lost.iter().try_for_each(|problem| write!(f, "\n  {problem}"))?;
        }
        if pending > 0 {
            let why = "they changed meanwhile, or are too large for a device (its log names these)";
            write!(f, "\n{pending} rows still wait on the server: {why}")?;
        }
        if let Some(verified) = &self.verification {
            write!(f, "\n\n{verified}")?;
        }
        let QueueSummary { waiting, open_group, .. } = self.left;
        match open_group {
            Some(start) => write!(
                f,
                "\n{waiting} operations still wait: the group of queue entry {start} is open. Close it with\n  \
                 INSERT INTO sojourn_group (marker) VALUES ('stop');"
            ),
            None if waiting > 0 => write!(f, "\n{waiting} operations were written meanwhile and wait for the next run"),
            None => Ok(()),
        }
    }
}

/// Every verdict, in order; of a long queue those that somebody should look at.
fn verdicts(queue: &PlayedBack) -> Table {
    let mut all: Vec<&Settled> = match queue.operations {
        ..=SHOWN => queue.applied.iter().chain(&queue.refused).collect(),
        _ => queue.refused.iter().collect(),
    };
    all.sort_by_key(|settled| settled.verdict.sequence);
    let mut table = plain_table(&["operation", "command", "entity", "object", "verdict", "reason"]);
    for Settled { command, entity, object_id, verdict } in all {
        table.add_row([
            verdict.sequence.to_string(),
            command_word(*command).to_owned(),
            entity.clone(),
            object_id.to_string(),
            verdict.verdict.word().to_owned(),
            verdict.reason.clone().unwrap_or_default(),
        ]);
    }
    table
}
