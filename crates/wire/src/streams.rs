//! The streams and durable consumers of JetStream, as data. The administrators' identities make them at deployment;
//! nobody else may.

use std::time::Duration;

use crate::subject::Service;

/// What becomes of a message after it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// It is there until it was acknowledged, once.
    WorkQueue,
    /// It is there until an age, a size or a newer message of its subject pushes it out.
    Limits,
}

/// One stream. Limits that are `None` are absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamSpec {
    /// Its name.
    pub name: &'static str,
    /// The subjects it stores.
    pub subjects: &'static [&'static str],
    /// See [`Retention`].
    pub retention: Retention,
    /// How many messages one subject may hold.
    pub per_subject: Option<i64>,
    /// A message over `per_subject` is refused (true) or pushes out the oldest (false).
    pub refuse_over_per_subject: bool,
    /// The largest message, in bytes.
    pub max_message_bytes: Option<i32>,
    /// How long a message is kept.
    pub max_age: Option<Duration>,
    /// The largest size of the stream, in bytes; a publish beyond it is refused.
    pub max_bytes: Option<i64>,
    /// Readable by subject without a consumer.
    pub direct: bool,
    /// Nobody may purge it.
    pub deny_purge: bool,
}

/// One durable pull consumer of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumerSpec {
    /// The stream it reads.
    pub stream: &'static str,
    /// Its durable name.
    pub name: &'static str,
    /// The subjects it reads.
    pub filter: &'static str,
    /// The service that owns it.
    pub service: Service,
}

/// A message that nobody acknowledged is handed out again after this long.
pub const ACK_WAIT: Duration = Duration::from_secs(30);
/// A handler that is still at work says so this often.
pub const PROGRESS_EVERY: Duration = Duration::from_secs(10);
/// The largest chunk of operations, in bytes, as it is published.
pub const MAX_CHUNK_BYTES: usize = 256 * 1024;
/// The largest single message, in bytes: a group that does not fit into a chunk may take up to this.
pub const MAX_MESSAGE_BYTES: usize = 1_000_000;
/// The most operations in one chunk.
pub const MAX_CHUNK_OPERATIONS: usize = 200;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Requests of agents to prepare and export.
pub const REQ: StreamSpec = StreamSpec {
    name: "REQ",
    subjects: &["req.>"],
    retention: Retention::WorkQueue,
    per_subject: Some(4),
    refuse_over_per_subject: true,
    max_message_bytes: Some(256 * 1024),
    max_age: Some(Duration::from_secs(7 * 24 * 3600)),
    max_bytes: None,
    direct: false,
    deny_purge: true,
};

/// Jobs between services.
pub const JOBS: StreamSpec = StreamSpec {
    name: "JOBS",
    subjects: &["job.>"],
    retention: Retention::WorkQueue,
    per_subject: Some(1),
    refuse_over_per_subject: true,
    max_message_bytes: Some(64 * 1024),
    max_age: None,
    max_bytes: None,
    direct: false,
    deny_purge: false,
};

/// Chunks of operations. No age limit: unsent work waits as long as it must.
pub const OPS: StreamSpec = StreamSpec {
    name: "OPS",
    subjects: &["op.*.*"],
    retention: Retention::WorkQueue,
    per_subject: Some(8),
    refuse_over_per_subject: true,
    max_message_bytes: Some(1024 * 1024),
    max_age: None,
    max_bytes: None,
    direct: false,
    deny_purge: true,
};

/// Parts of batch files.
pub const BATCH: StreamSpec = StreamSpec {
    name: "BATCH",
    subjects: &["batch.>"],
    retention: Retention::Limits,
    per_subject: Some(1),
    refuse_over_per_subject: false,
    max_message_bytes: Some(1024 * 1024),
    max_age: Some(Duration::from_secs(48 * 3600)),
    max_bytes: Some(8 * 1024 * 1024 * 1024),
    direct: true,
    deny_purge: false,
};

/// Answers to agents.
pub const RES: StreamSpec = StreamSpec {
    name: "RES",
    subjects: &["res.>"],
    retention: Retention::Limits,
    per_subject: Some(1),
    refuse_over_per_subject: false,
    max_message_bytes: Some(1024 * 1024),
    max_age: Some(Duration::from_secs(30 * 24 * 3600)),
    max_bytes: None,
    direct: true,
    deny_purge: false,
};

/// Metadata versions.
pub const SCHEMA: StreamSpec = StreamSpec {
    name: "SCHEMA",
    subjects: &["schema.>"],
    retention: Retention::Limits,
    per_subject: Some(16),
    refuse_over_per_subject: false,
    max_message_bytes: None,
    max_age: None,
    max_bytes: None,
    direct: true,
    deny_purge: false,
};

/// Messages that could not be handled, with their reasons.
pub const DEAD: StreamSpec = StreamSpec {
    name: "DEAD",
    subjects: &["dead.>"],
    retention: Retention::Limits,
    per_subject: None,
    refuse_over_per_subject: false,
    max_message_bytes: None,
    max_age: Some(Duration::from_secs(90 * DAY.as_secs())),
    max_bytes: None,
    direct: true,
    deny_purge: false,
};

/// Events of operations, for plug-ins and workflows: the one stream of an account of its own. Who was away for longer than
/// events are kept has missed some.
pub const EVENTS: StreamSpec = StreamSpec {
    name: "EVENTS",
    subjects: &["event.>"],
    retention: Retention::Limits,
    per_subject: None,
    refuse_over_per_subject: false,
    max_message_bytes: Some(1024 * 1024),
    max_age: Some(Duration::from_secs(7 * DAY.as_secs())),
    max_bytes: None,
    direct: true,
    deny_purge: false,
};

/// All streams of the services' account.
pub const STREAMS: [&StreamSpec; 7] = [&REQ, &JOBS, &OPS, &BATCH, &RES, &SCHEMA, &DEAD];

/// PrepareSync requests.
pub const PREPARE: ConsumerSpec =
    ConsumerSpec { stream: REQ.name, name: "prepare", filter: "req.prepare.>", service: Service::Prepare };
/// Received and PostSync.
pub const ACKS: ConsumerSpec =
    ConsumerSpec { stream: REQ.name, name: "acks", filter: "req.ack.>", service: Service::Prepare };
/// Questions about, and changes of, local data groups.
pub const FILTERS: ConsumerSpec =
    ConsumerSpec { stream: REQ.name, name: "filters", filter: "req.filters.>", service: Service::Prepare };
/// Digests of what devices should hold.
pub const VERIFY: ConsumerSpec =
    ConsumerSpec { stream: REQ.name, name: "verify", filter: "req.verify.>", service: Service::Export };
/// Export jobs.
pub const EXPORT: ConsumerSpec =
    ConsumerSpec { stream: JOBS.name, name: "export", filter: "job.export.>", service: Service::Export };
/// Chunks of operations.
pub const REPLAY: ConsumerSpec =
    ConsumerSpec { stream: OPS.name, name: "replay", filter: "op.*.*", service: Service::Replay };

/// All durable consumers: a handful, whatever the number of agents.
pub const CONSUMERS: [&ConsumerSpec; 6] = [&PREPARE, &ACKS, &FILTERS, &VERIFY, &EXPORT, &REPLAY];
