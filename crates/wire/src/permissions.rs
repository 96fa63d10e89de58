//! Who may publish and subscribe to what. What is not listed is denied.
//!
//! Agents own no consumers and acknowledge nothing: they read parts and results by direct get, where the subject is
//! the permission. There is one entry for each subscription, never a wildcard: with one, an agent escapes the limits
//! per subject by inventing names.

use crate::events_api;
use crate::id::{AgentId, SubscriptionId};
use crate::streams::CONSUMERS;
use crate::subject::{self, Service};

/// The allow lists of one identity.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Permissions {
    /// Subjects it may publish to.
    pub publish: Vec<String>,
    /// Subjects it may subscribe to.
    pub subscribe: Vec<String>,
    /// It may answer a request where the request asks for it.
    pub allow_responses: bool,
}

/// What an agent with these subscriptions may do.
#[must_use]
pub fn of_agent(agent: &AgentId, subscriptions: &[SubscriptionId]) -> Permissions {
    let mut publish = Vec::new();
    for sub in subscriptions {
        publish.push(format!("req.prepare.{agent}.{sub}"));
        publish.push(format!("req.ack.{agent}.{sub}"));
        publish.push(format!("req.filters.{agent}.{sub}"));
        publish.push(format!("req.verify.{agent}.{sub}"));
        publish.push(format!("op.{agent}.{sub}"));
    }
    publish.push(format!("rpc.*.*.{agent}"));
    publish.push(format!("$JS.API.DIRECT.GET.BATCH.batch.{agent}.>"));
    publish.push(format!("$JS.API.DIRECT.GET.RES.res.{agent}.>"));
    publish.push("$JS.API.DIRECT.GET.SCHEMA.schema.>".to_owned());
    let subscribe = vec![
        format!("{}.>", subject::agent_inbox_prefix(agent)),
        format!("evt.{agent}.>"),
        subject::results_of(agent),
        "schema.>".to_owned(),
    ];
    Permissions { publish, subscribe, allow_responses: false }
}

/// What a service may do.
#[must_use]
pub fn of_service(service: Service) -> Permissions {
    let name = service.name();
    let mut subscribe = vec![
        format!("{}.>", service.inbox_prefix()),
        "$SRV.*".to_owned(),
        format!("$SRV.*.{name}"),
        format!("$SRV.*.{name}.*"),
        subject::questions_to(service),
    ];
    if service == Service::Export {
        subscribe.push(subject::received_hints().to_owned());
    }
    let mut publish: Vec<String> = own_subjects(service).iter().map(|s| (*s).to_owned()).collect();
    publish.push(format!("dead.{name}"));
    for consumer in CONSUMERS.iter().filter(|consumer| consumer.service == service) {
        let (stream, durable) = (consumer.stream, consumer.name);
        publish.push(format!("$JS.API.CONSUMER.INFO.{stream}.{durable}"));
        publish.push(format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}"));
        publish.push(format!("$JS.ACK.{stream}.{durable}.>"));
    }
    Permissions { publish, subscribe, allow_responses: true }
}

/// What plug-ins and workflows may do in their account: answer questions, listen to those of NATS' service API, and read
/// events with consumers of their own.
#[must_use]
pub fn of_plugins() -> Permissions {
    let publish = events_api::requests().into_iter().map(|request| request.known_as).collect();
    let inbox = format!("{}.>", subject::PLUGIN_INBOX_PREFIX);
    let subscribe = vec![inbox, "$SRV.>".to_owned(), subject::questions_to_plugins().to_owned()];
    Permissions { publish, subscribe, allow_responses: true }
}

fn own_subjects(service: Service) -> &'static [&'static str] {
    match service {
        Service::Prepare => &[
            "job.export.>",
            "hint.received.*",
            "res.*.*.prepare.*",
            "res.*.*.ack.*",
            "res.*.*.filters.*",
            "evt.*.*.prepare",
            "evt.*.*.change",
            "$JS.API.STREAM.PURGE.BATCH",
        ],
        Service::Export => &[
            "batch.>",
            "res.*.*.batch.*",
            "res.*.*.verify.*",
            "evt.*.*.batch",
            "$JS.API.STREAM.PURGE.BATCH",
            "$JS.API.DIRECT.GET.BATCH.batch.>",
        ],
        Service::Schema => &["schema.>", "evt.*.*.schema"],
        Service::Replay => &["res.*.*.op.*", "evt.*.*.op", "plugin.*.*.pre", "event.*.*"],
    }
}
