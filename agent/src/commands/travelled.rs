//! What an exchange with the server did, for people.

use std::fmt;

use comfy_table::Table;

use super::answer::{SHOWN, Travelled, agreed, counted, plain_table};
use crate::download::Moved;
use crate::playback::{PlayedBack, Settled};
use crate::store::QueueSummary;

/// Of operations with their verdicts.
pub(super) const COLUMNS: [&str; 6] = ["operation", "command", "entity", "object", "verdict", "reason"];

impl fmt::Display for Travelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_played(f, "Played back", &self.queue)?;
        if let Some(retried) = &self.retried {
            write_played(f, "Sent again", retried)?;
        }
        let Moved { rows, deletes, batches, pending, rounds, resumed, ref lost, .. } = self.data;
        let (rows, deletes, batches) = (counted(rows, "row"), counted(deletes, "delete"), batches_of(batches.into()));
        write!(f, "Loaded {rows} and {deletes} in {batches}, {} ms", self.elapsed_ms)?;
        if rounds > 1 {
            write!(f, ", in {rounds} sessions")?;
        }
        if resumed > 0 {
            write!(f, "\n{resumed} of them had come before, with a session that was cut short")?;
        }
        if !lost.is_empty() {
            let batches = lost.len() as u64;
            let were = agreed(batches, "was", "were");
            let why = "so that it was compared with the server";
            write!(f, "\n{} that had come {were} lost from this device, {why}:", batches_of(batches))?;
            lost.iter().try_for_each(|problem| write!(f, "\n  {problem}"))?;
        }
        if pending > 0 {
            let why = "changed meanwhile, or too large for a device (its log names these)";
            let wait = agreed(pending, "waits", "wait");
            write!(f, "\n{} still {wait} on the server: {why}", counted(pending, "row"))?;
        }
        if let Some(verified) = &self.verification {
            write!(f, "\n\n{verified}")?;
        }
        let QueueSummary { waiting, open_group, .. } = self.left;
        let operations = counted(waiting, "operation");
        match open_group {
            Some(start) => write!(
                f,
                "\n{operations} still {}: the group of queue entry {start} is open. Close it with\n  \
                 INSERT INTO sojourn_group (marker) VALUES ('stop');",
                agreed(waiting, "waits", "wait")
            ),
            None if waiting > 0 => {
                let were = agreed(waiting, "was written meanwhile and waits", "were written meanwhile and wait");
                write!(f, "\n{operations} {were} for the next run")
            }
            None => Ok(()),
        }?;
        match self.errors.is_empty() {
            true => Ok(()),
            false => write!(f, "\n{}. Next: sojourn-agent errors{}", self.errors, self.home),
        }
    }
}

impl Travelled {
    /// Whether the server refused operations, and still did when they were sent once more.
    #[must_use]
    pub fn refused(&self) -> bool {
        !self.retried.as_ref().unwrap_or(&self.queue).refused.is_empty()
    }
}

fn batches_of(batches: u64) -> String {
    if batches == 1 { "1 batch".to_owned() } else { format!("{batches} batches") }
}

fn write_played(f: &mut fmt::Formatter<'_>, how: &str, played: &PlayedBack) -> fmt::Result {
    if played.given_up > 0 {
        writeln!(f, "Gave {} up", counted(played.given_up, "operation"))?;
    }
    if played.operations == 0 {
        return Ok(());
    }
    let kinds: Vec<String> = played.verdicts.iter().map(|(kind, n)| format!("{n} {kind}")).collect();
    writeln!(f, "{how} {}: {}", counted(played.operations, "operation"), kinds.join(", "))?;
    writeln!(f, "{}", verdicts(played))
}

/// Every verdict, in order; of a long queue those that somebody should look at.
fn verdicts(queue: &PlayedBack) -> Table {
    let mut all: Vec<&Settled> = match queue.operations {
        ..=SHOWN => queue.applied.iter().chain(&queue.refused).collect(),
        _ => queue.refused.iter().collect(),
    };
    all.sort_by_key(|settled| settled.verdict.sequence);
    let mut table = plain_table(&COLUMNS);
    for settled in all {
        table.add_row(settled.row());
    }
    table
}

impl Settled {
    /// A row of a table with [`COLUMNS`].
    pub(super) fn row(&self) -> [String; COLUMNS.len()] {
        let Self { command, entity, object_id, verdict } = self;
        [
            verdict.sequence.to_string(),
            command.word().to_owned(),
            entity.clone(),
            object_id.to_string(),
            verdict.verdict.word().to_owned(),
            verdict.reason.clone().unwrap_or_default(),
        ]
    }
}
