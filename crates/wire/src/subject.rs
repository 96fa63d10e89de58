//! Every subject of the bus, built and parsed.
//!
//! A subject names who it belongs to: the second and third tokens are the agent and its subscription, so that NATS'
//! permission lists alone keep one device from another's traffic (`permissions`).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::id::{AgentId, Dataset, InvalidToken, Name, SubscriptionId};

/// The services that answer on the bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// Decides what each device holds.
    Prepare,
    /// Makes batch files.
    Export,
    /// Owns metadata.
    Schema,
    /// Applies operations.
    Replay,
}

impl Service {
    /// All services, in the order they are described.
    pub const ALL: [Self; 4] = [Self::Prepare, Self::Export, Self::Schema, Self::Replay];

    /// The service's name in subjects, logs and durable consumers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Prepare => "prepare",
            Self::Export => "export",
            Self::Schema => "schema",
            Self::Replay => "replay",
        }
    }

    /// The service's prefix for replies.
    #[must_use]
    pub fn inbox_prefix(self) -> String {
        format!("_INBOX_{}", self.name())
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.name() == text)
    }
}

/// One concrete subject. [`fmt::Display`] builds it, [`FromStr`] parses it and refuses left-over tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is the token of its name")]
pub enum Subject {
    /// Agent to prepare: GoOffline or sync.
    PrepareRequest { agent: AgentId, subscription: SubscriptionId },
    /// Agent to prepare: a batch was received, or is durable on the device (PostSync).
    Ack { agent: AgentId, subscription: SubscriptionId },
    /// Agent to prepare: about local data groups.
    FiltersRequest { agent: AgentId, subscription: SubscriptionId },
    /// Agent to export: digests of what the device should hold.
    VerifyRequest { agent: AgentId, subscription: SubscriptionId },
    /// Agent to replay: a chunk of operations.
    Operations { agent: AgentId, subscription: SubscriptionId },
    /// Prepare to export: make the next batches of a session.
    ExportJob { agent: AgentId, subscription: SubscriptionId, session: Uuid },
    /// Prepare to the worker that makes batches of a session: the device has received one. Live, and a hint: the truth
    /// is the session in Postgres.
    ReceivedHint { session: Uuid },
    /// Export to agent: one part of a batch file.
    BatchPart { agent: AgentId, subscription: SubscriptionId, session: Uuid, batch: u32, part: u32 },
    /// Prepare to agent: the counts of a PrepareSync, or why there are none.
    PrepareResult { agent: AgentId, subscription: SubscriptionId, request: Uuid },
    /// Export to agent: the manifest of one batch, or the end of the session.
    BatchResult { agent: AgentId, subscription: SubscriptionId, session: Uuid, batch: u32 },
    /// Replay to agent: the verdicts of one chunk.
    OperationsResult { agent: AgentId, subscription: SubscriptionId, chunk: Uuid },
    /// Prepare to agent: a session's last PostSync is settled.
    AckResult { agent: AgentId, subscription: SubscriptionId, session: Uuid },
    /// Prepare to agent: about local data groups.
    FiltersResult { agent: AgentId, subscription: SubscriptionId, request: Uuid },
    /// Export to agent: digests.
    VerifyResult { agent: AgentId, subscription: SubscriptionId, request: Uuid },
    /// Schema to all: one metadata version.
    Schema { dataset: Dataset, version: u32 },
    /// Agent to a service: a short question.
    Rpc { service: Service, verb: String, agent: AgentId },
    /// Replay to a plug-in: may this be carried out, and with which values?
    PluginPre { entity: Name, command: Name },
    /// Replay to workflows: an operation was carried out.
    Event { entity: Name, command: Name },
    /// A service's dead letter: a message that could not be handled, with its reason.
    DeadLetter { service: Service },
}

/// A subject that is none of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    /// No subject of this shape exists.
    #[error("no subject has the shape of {0:?}")]
    Unknown(String),
    /// An id inside it is not a token.
    #[error(transparent)]
    Id(#[from] InvalidToken),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PrepareRequest { agent, subscription } => write!(f, "req.prepare.{agent}.{subscription}"),
            Self::Ack { agent, subscription } => write!(f, "req.ack.{agent}.{subscription}"),
            Self::FiltersRequest { agent, subscription } => write!(f, "req.filters.{agent}.{subscription}"),
            Self::VerifyRequest { agent, subscription } => write!(f, "req.verify.{agent}.{subscription}"),
            Self::Operations { agent, subscription } => write!(f, "op.{agent}.{subscription}"),
            Self::ExportJob { agent, subscription, session } => {
                write!(f, "job.export.{agent}.{subscription}.{session}")
            }
            Self::ReceivedHint { session } => write!(f, "hint.received.{session}"),
            Self::BatchPart { agent, subscription, session, batch, part } => {
                write!(f, "batch.{agent}.{subscription}.{session}.{batch}.{part}")
            }
            Self::PrepareResult { agent, subscription, request } => {
                write!(f, "res.{agent}.{subscription}.prepare.{request}")
            }
            Self::BatchResult { agent, subscription, session, batch } => {
                write!(f, "res.{agent}.{subscription}.batch.{session}-{batch}")
            }
            Self::OperationsResult { agent, subscription, chunk } => {
                write!(f, "res.{agent}.{subscription}.op.{chunk}")
            }
            Self::AckResult { agent, subscription, session } => {
                write!(f, "res.{agent}.{subscription}.ack.{session}")
            }
            Self::FiltersResult { agent, subscription, request } => {
                write!(f, "res.{agent}.{subscription}.filters.{request}")
            }
            Self::VerifyResult { agent, subscription, request } => {
                write!(f, "res.{agent}.{subscription}.verify.{request}")
            }
            Self::Schema { dataset, version } => write!(f, "schema.{dataset}.{version}"),
            Self::Rpc { service, verb, agent } => write!(f, "rpc.{}.{verb}.{agent}", service.name()),
            Self::PluginPre { entity, command } => write!(f, "plugin.{entity}.{command}.pre"),
            Self::Event { entity, command } => write!(f, "event.{entity}.{command}"),
            Self::DeadLetter { service } => write!(f, "dead.{}", service.name()),
        }
    }
}

impl FromStr for Subject {
    type Err = SubjectError;

    fn from_str(text: &str) -> Result<Self, SubjectError> {
        let unknown = || SubjectError::Unknown(text.chars().take(120).collect());
        let tokens: Vec<&str> = text.split('.').collect();
        Ok(match tokens.as_slice() {
            ["req", "prepare", agent, sub] => {
                Self::PrepareRequest { agent: agent.parse()?, subscription: sub.parse()? }
            }
            ["req", "ack", agent, sub] => Self::Ack { agent: agent.parse()?, subscription: sub.parse()? },
            ["req", "filters", agent, sub] => {
                Self::FiltersRequest { agent: agent.parse()?, subscription: sub.parse()? }
            }
            ["req", "verify", agent, sub] => Self::VerifyRequest { agent: agent.parse()?, subscription: sub.parse()? },
            ["op", agent, sub] => Self::Operations { agent: agent.parse()?, subscription: sub.parse()? },
            ["job", "export", agent, sub, session] => Self::ExportJob {
                agent: agent.parse()?,
                subscription: sub.parse()?,
                session: session.parse().map_err(|_| unknown())?,
            },
            ["hint", "received", session] => Self::ReceivedHint { session: session.parse().map_err(|_| unknown())? },
            ["batch", agent, sub, session, batch, part] => Self::BatchPart {
                agent: agent.parse()?,
                subscription: sub.parse()?,
                session: session.parse().map_err(|_| unknown())?,
                batch: batch.parse().map_err(|_| unknown())?,
                part: part.parse().map_err(|_| unknown())?,
            },
            ["res", agent, sub, kind, id] => result(agent.parse()?, sub.parse()?, kind, id).ok_or_else(unknown)?,
            ["schema", dataset, version] => {
                Self::Schema { dataset: dataset.parse()?, version: version.parse().map_err(|_| unknown())? }
            }
            ["rpc", service, verb, agent] => {
                crate::id::check(verb)?;
                Self::Rpc {
                    service: Service::parse(service).ok_or_else(unknown)?,
                    verb: (*verb).to_owned(),
                    agent: agent.parse()?,
                }
            }
            ["plugin", entity, command, "pre"] => {
                Self::PluginPre { entity: entity.parse()?, command: command.parse()? }
            }
            ["event", entity, command] => Self::Event { entity: entity.parse()?, command: command.parse()? },
            ["dead", service] => Self::DeadLetter { service: Service::parse(service).ok_or_else(unknown)? },
            _ => return Err(unknown()),
        })
    }
}

fn result(agent: AgentId, subscription: SubscriptionId, kind: &str, id: &str) -> Option<Subject> {
    Some(match kind {
        "prepare" => Subject::PrepareResult { agent, subscription, request: id.parse().ok()? },
        "batch" => {
            let (session, batch) = id.rsplit_once('-')?;
            Subject::BatchResult { agent, subscription, session: session.parse().ok()?, batch: batch.parse().ok()? }
        }
        "op" => Subject::OperationsResult { agent, subscription, chunk: id.parse().ok()? },
        "ack" => Subject::AckResult { agent, subscription, session: id.parse().ok()? },
        "filters" => Subject::FiltersResult { agent, subscription, request: id.parse().ok()? },
        "verify" => Subject::VerifyResult { agent, subscription, request: id.parse().ok()? },
        _ => return None,
    })
}

/// Everything answered to one agent: what it subscribes to for live results.
#[must_use]
pub fn results_of(agent: &AgentId) -> String {
    format!("res.{agent}.>")
}

/// Every question to one service: what it subscribes to, in a queue group of its own name.
#[must_use]
pub fn questions_to(service: Service) -> String {
    format!("rpc.{}.>", service.name())
}

/// Every hint that a device has received a batch.
#[must_use]
pub fn received_hints() -> &'static str {
    "hint.received.*"
}

/// Every question to a plug-in.
#[must_use]
pub const fn questions_to_plugins() -> &'static str {
    "plugin.>"
}

/// Where a program answers that it is there, by the name it has in NATS' service API.
#[must_use]
pub fn presence_of(program: &Name) -> String {
    format!("$SRV.PING.{program}")
}

/// All parts of one batch, for the purge after its PostSync.
#[must_use]
pub fn parts_of_batch(agent: &AgentId, subscription: &SubscriptionId, session: Uuid, batch: u32) -> String {
    format!("batch.{agent}.{subscription}.{session}.{batch}.*")
}

/// All parts of one session, for the purge when a newer one supersedes it.
#[must_use]
pub fn parts_of_session(agent: &AgentId, subscription: &SubscriptionId, session: Uuid) -> String {
    format!("batch.{agent}.{subscription}.{session}.>")
}

/// The administrator's prefix for replies.
pub const ADMINISTRATOR_INBOX_PREFIX: &str = "_INBOX";

/// The prefix for replies of plug-ins and workflows: a program that asks JetStream must be told it (`inbox_prefix`).
pub const PLUGIN_INBOX_PREFIX: &str = "_INBOX_plugin";

/// The agent's prefix for replies.
#[must_use]
pub fn agent_inbox_prefix(agent: &AgentId) -> String {
    format!("_INBOX_{agent}")
}

/// Where JetStream answers "the last message of this subject" directly, without a consumer. The subject of the stored
/// message is part of the subject asked, so the permission to ask is the permission to read.
#[must_use]
pub fn direct_get(subject: &Subject) -> Option<String> {
    let stream = match subject {
        Subject::BatchPart { .. } => "BATCH",
        Subject::PrepareResult { .. }
        | Subject::BatchResult { .. }
        | Subject::OperationsResult { .. }
        | Subject::AckResult { .. }
        | Subject::FiltersResult { .. }
        | Subject::VerifyResult { .. } => "RES",
        Subject::Schema { .. } => "SCHEMA",
        _ => return None,
    };
    Some(format!("$JS.API.DIRECT.GET.{stream}.{subject}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn token<T: FromStr<Err = InvalidToken> + fmt::Debug>() -> impl Strategy<Value = T> {
        "[A-Za-z0-9_-]{1,64}".prop_map(|text| text.parse().expect("a token by construction"))
    }

    fn any_subject() -> impl Strategy<Value = Subject> {
        let ids = (token::<AgentId>(), token::<SubscriptionId>(), any::<u128>(), any::<(u32, u32)>());
        (0..19u8, ids).prop_map(|(shape, (agent, subscription, id, (batch, part)))| {
            let session = Uuid::from_u128(id);
            let name: Name = agent.as_str().parse().expect("a token");
            match shape {
                0 => Subject::PrepareRequest { agent, subscription },
                1 => Subject::Ack { agent, subscription },
                2 => Subject::Operations { agent, subscription },
                3 => Subject::ExportJob { agent, subscription, session },
                4 => Subject::BatchPart { agent, subscription, session, batch, part },
                5 => Subject::PrepareResult { agent, subscription, request: session },
                6 => Subject::BatchResult { agent, subscription, session, batch },
                7 => Subject::OperationsResult { agent, subscription, chunk: session },
                8 => Subject::AckResult { agent, subscription, session },
                9 => Subject::Schema { dataset: "crm".parse().expect("a token"), version: batch },
                11 => Subject::FiltersRequest { agent, subscription },
                12 => Subject::VerifyRequest { agent, subscription },
                13 => Subject::FiltersResult { agent, subscription, request: session },
                14 => Subject::VerifyResult { agent, subscription, request: session },
                15 => Subject::ReceivedHint { session },
                16 => Subject::PluginPre { entity: "order".parse().expect("a token"), command: name },
                17 => Subject::Event { entity: "order".parse().expect("a token"), command: name },
                10 => Subject::Rpc { service: Service::Replay, verb: "ready".into(), agent },
                _ => Subject::DeadLetter { service: Service::Export },
            }
        })
    }

    proptest! {
        #[test]
        fn what_is_built_is_what_is_parsed(subject in any_subject()) {
            prop_assert_eq!(subject.to_string().parse::<Subject>(), Ok(subject));
        }

        #[test]
        fn parsing_never_panics(text in "\\PC{0,80}") {
            let _ = text.parse::<Subject>();
        }
    }

    #[test]
    fn left_over_tokens_are_refused() {
        for text in ["req.prepare.a.b.c", "req.prepare.a", "op.a.b.c", "res.a.b.prepare", "batch.a.b", "", "evt.a.b.c"]
        {
            assert!(text.parse::<Subject>().is_err(), "{text:?} was accepted");
        }
    }
}
