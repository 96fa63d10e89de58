//! A device that is nothing but its queue: it speaks the protocol of replay over its own link, and keeps no store.

use std::time::Duration;

use sojourn_agent::home::Credentials;
use sojourn_agent::link::Link;
use sojourn_runtime::clock;
use sojourn_wire::message::operation::{ChunkOutcome, Command, FieldValue, Operation, OperationChunk, Verdict};
use uuid::Uuid;

use super::Device;

/// How long an answer may take.
const WITHIN: Duration = Duration::from_secs(60);
/// When users do things here.
pub const CAPTURED_AT: &str = "2026-11-22T10:00:00.000Z";

/// A queue with a link.
pub struct Sender {
    pub link: Link,
    /// The number of the next operation.
    pub next: u64,
}

impl Sender {
    /// Connects as a device.
    pub async fn connect(device: &Device) -> Self {
        let text = std::fs::read_to_string(&device.credentials).expect("the credentials");
        let credentials: Credentials = serde_json::from_str(&text).expect("credentials");
        Self { link: Link::connect(&credentials, WITHIN).await.expect("a connection"), next: 1 }
    }

    /// Numbers operations and makes a chunk of them; their numbers are taken from now on.
    pub fn chunk(&mut self, operations: Vec<Operation>) -> OperationChunk {
        let chunk = chunk(self.next, operations);
        self.next += chunk.operations.len() as u64;
        chunk
    }

    /// Sends operations in one chunk and gives the verdicts.
    #[track_caller]
    pub fn send(&mut self, operations: Vec<Operation>) -> impl Future<Output = Vec<Verdict>> {
        let (place, chunk) = (std::panic::Location::caller(), self.chunk(operations));
        let link = self.link.clone();
        async move {
            match link.replay(&chunk, WITHIN).await {
                Ok(ChunkOutcome::Verdicts { verdicts }) => verdicts,
                other => panic!("at {place}: {other:?}"),
            }
        }
    }

    /// Sends one operation and gives its verdict.
    #[track_caller]
    pub fn send_one(&mut self, operation: Operation) -> impl Future<Output = Verdict> {
        let verdicts = self.send(vec![operation]);
        async move { verdicts.await.remove(0) }
    }
}

/// Operations from this number on, under a fresh name.
pub fn chunk(first: u64, operations: Vec<Operation>) -> OperationChunk {
    let operations = (first..).zip(operations).map(|(sequence, operation)| Operation { sequence, ..operation });
    let operations = operations.collect();
    OperationChunk { chunk: clock::fresh_id(), first, metadata_version: 1, operations, since: None, dry_run: false }
}

/// An operation without a number.
pub fn operation(command: Command, object_type_code: i32, object_id: Uuid, data: &[(&str, FieldValue)]) -> Operation {
    Operation {
        sequence: 0,
        command,
        object_type_code,
        object_id,
        data: data.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        base: std::collections::BTreeMap::new(),
        group: None,
        captured_at: CAPTURED_AT.to_owned(),
        name: None,
        settles: None,
        seen: None,
        create_anyway: false,
        overtaken: false,
    }
}

/// A text as a device holds it.
pub fn text(text: &str) -> FieldValue {
    FieldValue::Text(text.to_owned())
}
