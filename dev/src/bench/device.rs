//! A device of a benchmark: it goes offline, and tells what that took.

use std::time::Duration;

use serde_json::Value;

use super::error::BenchError;
use super::unit::Unit;
use crate::agent::{Agent, Answer};

/// A device that was made, and what its user sees.
#[derive(Debug, Clone)]
pub(super) struct BenchDevice {
    pub(super) agent: Agent,
    pub(super) unit: Unit,
}

/// One GoOffline.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trip {
    /// From the start of the agent's process to its end.
    pub(super) elapsed: Duration,
    /// What PrepareSync took of it.
    pub(super) prepare: Duration,
    /// How many batches the rows came in.
    pub(super) batches: u64,
}

/// How the rows of a GoOffline moved, as the device remembers it.
#[derive(Debug, Clone)]
pub(super) struct Moving {
    /// From the answer to its request to the last commit.
    pub(super) elapsed: Duration,
    /// What each stage took, on the server and on the device; they overlap.
    pub(super) stages: Vec<(&'static str, Duration)>,
}

/// The stages of moving data: who times them, their name in what a device remembers, and their name here.
const STAGES: [(&str, &str, &str); 6] = [
    ("server", "read_us", "server reads"),
    ("server", "encode_us", "server encodes"),
    ("server", "store_us", "server stores"),
    ("device", "fetch_us", "device fetches"),
    ("device", "decode_us", "device decodes"),
    ("device", "load_us", "device loads"),
];

impl BenchDevice {
    /// Goes offline.
    pub(super) async fn go_offline(&self) -> Result<Trip, BenchError> {
        self.arrived(&self.agent.ask(&["go-offline"]).await?)
    }

    /// Takes in the answer to `go-offline`: every row that the user sees must be there.
    pub(super) fn arrived(&self, answer: &Answer) -> Result<Trip, BenchError> {
        let data = &answer.json["data"];
        let number = |name| number(answer, data, name);
        let (rows, batches, prepare) = (number("rows")?, number("batches")?, number("prepare_ms")?);
        if rows != self.unit.sees {
            return Err(BenchError::Beside(format!("{rows} rows moved instead of {}", self.unit.sees)));
        }
        Ok(Trip { elapsed: answer.elapsed, prepare: Duration::from_millis(prepare), batches })
    }

    /// How the rows of its first GoOffline moved, in all its sessions: another one follows the first, for what changed
    /// meanwhile.
    pub(super) async fn moving(&self) -> Result<Moving, BenchError> {
        let answer = self.agent.ask(&["history"]).await?;
        let sessions = list(&answer.json["sessions"]);
        let entities: Vec<&Value> = sessions.iter().flat_map(|session| list(&session["entities"])).collect();
        let millis: Vec<u64> =
            sessions.iter().map(|session| number(&answer, session, "elapsed_ms")).collect::<Result<_, _>>()?;
        let stage = |whose: &str, name: &str| -> Result<Duration, BenchError> {
            let micros: Result<Vec<u64>, _> =
                entities.iter().map(|entity| number(&answer, &entity[whose], name)).collect();
            Ok(Duration::from_micros(micros?.iter().sum()))
        };
        let stages = STAGES.iter().map(|(whose, name, told)| Ok((*told, stage(whose, name)?)));
        let stages = stages.collect::<Result<_, BenchError>>()?;
        Ok(Moving { elapsed: Duration::from_millis(millis.iter().sum()), stages })
    }

    /// Removes the device's files.
    pub(super) fn forget(&self) {
        // The folder goes with the benchmark; this only spares the disk until then.
        let _ = std::fs::remove_dir_all(self.agent.home());
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A number of an answer, or what was answered instead.
fn number(answer: &Answer, within: &Value, name: &str) -> Result<u64, BenchError> {
    let command = &answer.command;
    within[name].as_u64().ok_or_else(|| {
        BenchError::Beside(format!("`sojourn-agent {command}` does not tell {name}: {} {}", answer.json, answer.talk))
    })
}
