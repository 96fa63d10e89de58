//! One session in full, for people.

use std::fmt;

use comfy_table::Table;
use indicatif::{HumanBytes, HumanCount};

use super::{EntityShown, Outcome, SessionShown};
use crate::commands::plain_table;

impl fmt::Display for SessionShown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Session   {}, prepare {}", self.session, self.prepare_seq)?;
        match &self.finished_at {
            Some(finished_at) => writeln!(f, "Began     {}, over {finished_at}", self.started_at)?,
            None => writeln!(f, "Began     {}", self.started_at)?,
        }
        writeln!(f, "Outcome   {}{}", self.outcome.word(), why(self.outcome))?;
        writeln!(f, "Prepare   {} ms on the server", self.prepare_ms)?;
        let (rows, deletes) = (HumanCount(self.moved.rows), HumanCount(self.moved.deletes));
        write!(f, "Data      {} ms: {rows} rows and {deletes} deletes", self.elapsed_ms)?;
        if self.moved.set_aside > 0 {
            write!(f, ", {} beneath unsettled changes", self.moved.set_aside)?;
        }
        if self.entities.is_empty() {
            return write!(f, "\n\nNothing was to move.");
        }
        write!(
            f,
            "\n\nCounts, planned and moved; times are after the session's beginning\n{}",
            counts(&self.entities)
        )?;
        write!(
            f,
            "\n\nTime in each stage (they overlap), three on the server and three on the device\n{}",
            stages(&self.entities)
        )
    }
}

const fn why(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Complete => "",
        Outcome::CutShort => ": a later session went on where it stopped",
        Outcome::Unfinished => ": it is under way, or was cut short; the next sync goes on where it stopped",
    }
}

fn counts(entities: &[EntityShown]) -> Table {
    let mut table = plain_table(&[
        "entity",
        "start",
        "end",
        "insert",
        "update",
        "delete",
        "rows",
        "deletes",
        "beneath changes",
        "batches",
        "on the wire",
        "of rows",
        "retries",
    ]);
    for EntityShown { entity, planned, moved } in entities {
        let count = |count: u64| HumanCount(count).to_string();
        table.add_row([
            entity.clone(),
            format!("{} ms", moved.first_ms),
            format!("{} ms", moved.last_ms),
            count(planned.insert),
            count(planned.update),
            count(planned.delete),
            count(moved.rows),
            count(moved.deletes),
            count(moved.set_aside),
            moved.batches.to_string(),
            HumanBytes(moved.wire_bytes).to_string(),
            HumanBytes(moved.row_bytes).to_string(),
            moved.retries.to_string(),
        ]);
    }
    table
}

fn stages(entities: &[EntityShown]) -> Table {
    let mut table = plain_table(&["entity", "read", "encode", "store", "fetch", "decode", "load"]);
    for EntityShown { entity, moved, .. } in entities {
        let (server, device) = (moved.server, moved.device);
        let stages =
            [server.read_us, server.encode_us, server.store_us, device.fetch_us, device.decode_us, device.load_us];
        table.add_row(std::iter::once(entity.clone()).chain(stages.map(milliseconds)));
    }
    table
}

fn milliseconds(microseconds: u64) -> String {
    format!("{}.{} ms", microseconds / 1_000, microseconds % 1_000 / 100)
}
