//! One session in full, for people.

use std::fmt;

use comfy_table::Table;
use sojourn_prepare::db::history::EntityMoved;

use super::{Detail, outcome};
use crate::table::{bytes_or_dash, count_or_dash, ms_or_dash, or_dash, plain_table};

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let session = &self.session;
        writeln!(f, "Session       {}, prepare {}", session.session, session.prepare_seq)?;
        writeln!(f, "Subscription  {} of user {}", session.subscription, session.user_id)?;
        writeln!(f, "Began         {}, over {}", session.started_at, or_dash(session.finished_at.as_deref()))?;
        writeln!(f, "Outcome       {}", outcome(&session.state))?;
        writeln!(f, "Prepare       {}", ms_or_dash(session.prepare_ms))?;
        write!(f, "Data          {} on the device", ms_or_dash(session.elapsed_ms))?;
        if self.entities.is_empty() {
            return write!(f, "\n\nNothing was to move.");
        }
        write!(f, "\n\nCounts, planned and moved\n{}", counts(&self.entities))?;
        let stages = stages(&self.entities);
        write!(f, "\n\nTime in each stage (they overlap), three on the server and three on the device\n{stages}")
    }
}

fn counts(entities: &[EntityMoved]) -> Table {
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
    for moved in entities {
        table.add_row([
            moved.entity.clone(),
            or_dash(moved.first_at.as_deref()),
            or_dash(moved.last_at.as_deref()),
            moved.inserts.to_string(),
            moved.updates.to_string(),
            moved.planned_deletes.to_string(),
            count_or_dash(moved.rows),
            count_or_dash(moved.deletes),
            count_or_dash(moved.set_aside),
            count_or_dash(moved.batches.map(i64::from)),
            bytes_or_dash(moved.wire_bytes),
            bytes_or_dash(moved.row_bytes),
            count_or_dash(moved.retries.map(i64::from)),
        ]);
    }
    table
}

fn stages(entities: &[EntityMoved]) -> Table {
    let mut table = plain_table(&["entity", "read", "encode", "store", "fetch", "decode", "load"]);
    for moved in entities {
        let stages = [moved.read_us, moved.encode_us, moved.store_us, moved.fetch_us, moved.decode_us, moved.load_us];
        table.add_row(std::iter::once(moved.entity.clone()).chain(stages.map(milliseconds)));
    }
    table
}

fn milliseconds(microseconds: Option<i64>) -> String {
    let shown = |us: i64| format!("{}.{} ms", us / 1_000, us % 1_000 / 100);
    or_dash(microseconds.map(shown).as_deref())
}
