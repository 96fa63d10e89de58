//! What the demo came to: for scripts as JSON, for people in words and a table.

use std::collections::BTreeMap;
use std::fmt;

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;
use serde_json::Value;

use super::edits::Edits;
use super::settling::Settling;
use crate::agent::Answer;
use crate::oracle::Report;

/// The least number of entities that the user must see rows of.
const ENTITIES: usize = 10;

/// Columns of a terminal that the table may take.
const TABLE_WIDTH: u16 = 120;

/// Everything that was measured and found.
#[derive(Debug, Default, Serialize)]
pub(super) struct Summary {
    /// Rows that moved to the device when it went offline.
    rows: u64,
    /// Entities that had rows.
    entities: usize,
    /// From starting the agent's process to its end.
    go_offline_ms: u64,
    /// The server's part of it that found out what must move.
    prepare_ms: u64,
    rows_per_second: u64,
    /// Operations that were played back.
    operations: u64,
    /// How many of each verdict.
    verdicts: BTreeMap<String, u64>,
    go_online_ms: u64,
    /// What settling the refused ones came to.
    settled: Settling,
    /// The device holds exactly what its user may see.
    converged: bool,
    /// Rows the oracle compared after coming back.
    compared_rows: u64,
    different_rows: u64,
    /// What was not as it should be.
    pub(super) unexpected: Vec<String>,
    #[serde(skip)]
    played_back: Vec<PlayedBack>,
}

/// One operation and what became of it.
#[derive(Debug)]
pub(super) struct PlayedBack {
    what: &'static str,
    command: String,
    entity: String,
    verdict: String,
    reason: String,
}

/// Every operation that was played back, in order of capture, with its verdict.
pub(super) fn played_back(online: &Answer, edits: &Edits) -> Vec<PlayedBack> {
    let queue = &online.json["queue"];
    let mut verdicts: Vec<&Value> = list(&queue["applied"]).iter().chain(list(&queue["refused"])).collect();
    verdicts.sort_by_key(|verdict| verdict["sequence"].as_u64());
    let text = |verdict: &Value, name: &str| verdict[name].as_str().unwrap_or_default().to_owned();
    let told = verdicts.into_iter().zip(edits.of_operations()).map(|(verdict, what)| PlayedBack {
        what,
        command: text(verdict, "command"),
        entity: text(verdict, "entity"),
        verdict: text(verdict, "verdict"),
        reason: text(verdict, "reason"),
    });
    told.collect()
}

/// The elements of a JSON array; none of anything else.
pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

impl Summary {
    /// Takes in the answer to `go-offline`.
    pub(super) fn went_offline(&mut self, answer: &Answer, wanted_rows: u64) {
        let data = &answer.json["data"];
        self.rows = data["rows"].as_u64().unwrap_or_default();
        self.entities = list(&data["entities"]).iter().filter(|entity| entity["insert"].as_u64() > Some(0)).count();
        self.prepare_ms = data["prepare_ms"].as_u64().unwrap_or_default();
        self.go_offline_ms = millis(answer);
        self.rows_per_second = self.rows * 1000 / self.go_offline_ms.max(1);
        if self.rows < wanted_rows {
            self.unexpected.push(format!("{} rows moved, {wanted_rows} were expected at least", self.rows));
        }
        if self.entities < ENTITIES {
            self.unexpected
                .push(format!("rows of {} entities moved, {ENTITIES} were expected at least", self.entities));
        }
    }

    /// Takes in the answer to `go-online`, and each operation's verdict.
    pub(super) fn came_online<'a>(
        &mut self,
        answer: &Answer,
        played_back: Vec<PlayedBack>,
        expected: impl Iterator<Item = &'a str>,
    ) {
        let queue = &answer.json["queue"];
        self.operations = queue["operations"].as_u64().unwrap_or_default();
        let verdicts = queue["verdicts"].as_object().into_iter().flatten();
        self.verdicts = verdicts.map(|(kind, count)| (kind.clone(), count.as_u64().unwrap_or_default())).collect();
        self.go_online_ms = millis(answer);
        let got: Vec<&str> = played_back.iter().map(|operation| operation.verdict.as_str()).collect();
        let expected: Vec<&str> = expected.collect();
        if got != expected || self.operations != expected.len() as u64 {
            self.unexpected.push(format!("the verdicts are {got:?}, expected were {expected:?}"));
        }
        self.played_back = played_back;
    }

    /// Takes in what settling came to.
    pub(super) fn settled(&mut self, settled: Settling) {
        if settled.left > 0 {
            self.unexpected.push(format!("{} operations are refused still", settled.left));
        }
        self.settled = settled;
    }

    /// Takes in what the oracle found.
    pub(super) fn compared(&mut self, report: &Report) {
        (self.converged, self.compared_rows) = (report.is_converged(), report.rows);
        self.different_rows = report.different_rows();
        if !self.converged {
            self.unexpected.push(format!("{} rows differ between device and server", self.different_rows));
        }
    }

    /// The one line after going offline.
    pub(super) fn arrival(&self) -> String {
        let Summary { rows, entities, go_offline_ms, prepare_ms, rows_per_second, .. } = self;
        format!(
            "offline ready: {rows} rows of {entities} entities in {go_offline_ms} ms ({rows_per_second} rows/s), of \
             which PrepareSync took {prepare_ms} ms"
        )
    }

    /// Every operation with its verdict.
    pub(super) fn verdict_table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(TABLE_WIDTH);
        table.set_header(["what the user did", "operation", "verdict", "reason"]);
        for PlayedBack { what, command, entity, verdict, reason } in &self.played_back {
            table.add_row([(*what).to_owned(), format!("{command} {entity}"), verdict.clone(), reason.clone()]);
        }
        table
    }

    /// Every operation that was refused at first, and what became of it.
    pub(super) fn settled_table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(TABLE_WIDTH);
        table.set_header(["what the user did", "at first", "settled with"]);
        let refused = self.played_back.iter().filter(|played| !matches!(played.verdict.as_str(), "applied" | "merged"));
        for (PlayedBack { what, verdict, .. }, command) in refused.zip(&self.settled.commands) {
            table.add_row([*what, verdict.as_str(), if command.is_empty() { "(goes on by itself)" } else { command }]);
        }
        table
    }

    /// What was played back once that was settled, a line each.
    pub(super) fn settled_outcomes(&self) -> String {
        format!("played back then: {}", self.settled.outcomes.join("; "))
    }

    /// One JSON object in one line.
    pub(super) fn json(&self) -> String {
        // Plain data with string keys.
        serde_json::to_string(self).unwrap_or_default()
    }
}

fn millis(answer: &Answer) -> u64 {
    u64::try_from(answer.elapsed.as_millis()).unwrap_or(u64::MAX)
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdicts: Vec<String> = self.verdicts.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        writeln!(f, "\nGoOffline   {} rows in {} ms", self.rows, self.go_offline_ms)?;
        writeln!(f, "GoOnline    {} operations in {} ms: {}", self.operations, self.go_online_ms, verdicts.join(", "))?;
        writeln!(f, "Settled     {}", self.settled)?;
        let (compared, different) = (self.compared_rows, self.different_rows);
        write!(f, "Converged   {compared} rows compared, {different} differ")
    }
}
