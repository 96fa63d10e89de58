//! Every subject there is, from wire's own data.

use sojourn_wire::events_api::PREFIX;
use sojourn_wire::streams::{CONSUMERS, EVENTS, STREAMS};
use sojourn_wire::{AgentId, Service, Subject, SubscriptionId};
use uuid::Uuid;

/// How many shapes of subjects there are; [`shape_of`] numbers them.
const SHAPES: usize = 19;

/// Breaks the build when there is a new shape, so that [`every_subject`] gets one of it.
fn shape_of(subject: &Subject) -> usize {
    match subject {
        Subject::PrepareRequest { .. } => 0,
        Subject::Ack { .. } => 1,
        Subject::Operations { .. } => 2,
        Subject::ExportJob { .. } => 3,
        Subject::BatchPart { .. } => 4,
        Subject::PrepareResult { .. } => 5,
        Subject::BatchResult { .. } => 6,
        Subject::OperationsResult { .. } => 7,
        Subject::AckResult { .. } => 8,
        Subject::Schema { .. } => 9,
        Subject::Rpc { .. } => 10,
        Subject::DeadLetter { .. } => 11,
        Subject::FiltersRequest { .. } => 12,
        Subject::VerifyRequest { .. } => 13,
        Subject::FiltersResult { .. } => 14,
        Subject::VerifyResult { .. } => 15,
        Subject::ReceivedHint { .. } => 16,
        Subject::PluginPre { .. } => 17,
        Subject::Event { .. } => 18,
    }
}

/// One subject of every shape that names this device; one for each service where it names one.
pub fn every_subject(agent: &AgentId, subscription: &SubscriptionId) -> Vec<Subject> {
    let ids = || (agent.clone(), subscription.clone());
    let id = Uuid::from_u128(7);
    let name = |name: &str| name.parse().expect("a token");
    let of_device = |make: &dyn Fn(AgentId, SubscriptionId) -> Subject| {
        let (agent, subscription) = ids();
        make(agent, subscription)
    };
    let mut all = vec![
        of_device(&|agent, subscription| Subject::PrepareRequest { agent, subscription }),
        of_device(&|agent, subscription| Subject::Ack { agent, subscription }),
        of_device(&|agent, subscription| Subject::Operations { agent, subscription }),
        of_device(&|agent, subscription| Subject::ExportJob { agent, subscription, session: id }),
        of_device(&|agent, subscription| Subject::BatchPart { agent, subscription, session: id, batch: 1, part: 0 }),
        of_device(&|agent, subscription| Subject::PrepareResult { agent, subscription, request: id }),
        of_device(&|agent, subscription| Subject::BatchResult { agent, subscription, session: id, batch: 1 }),
        of_device(&|agent, subscription| Subject::OperationsResult { agent, subscription, chunk: id }),
        of_device(&|agent, subscription| Subject::AckResult { agent, subscription, session: id }),
        of_device(&|agent, subscription| Subject::FiltersRequest { agent, subscription }),
        of_device(&|agent, subscription| Subject::VerifyRequest { agent, subscription }),
        of_device(&|agent, subscription| Subject::FiltersResult { agent, subscription, request: id }),
        of_device(&|agent, subscription| Subject::VerifyResult { agent, subscription, request: id }),
        Subject::Schema { dataset: "crm".parse().expect("a token"), version: 1 },
        Subject::ReceivedHint { session: id },
        Subject::PluginPre { entity: name("contact"), command: name("create") },
        Subject::Event { entity: name("contact"), command: name("create") },
    ];
    for service in Service::ALL {
        all.push(Subject::Rpc { service, verb: "ready".to_owned(), agent: agent.clone() });
        all.push(Subject::DeadLetter { service });
    }
    let shapes: std::collections::BTreeSet<usize> = all.iter().map(shape_of).collect();
    assert_eq!(shapes.len(), SHAPES, "a shape is missing");
    all
}

/// The hints that services send a device.
pub fn every_hint(agent: &AgentId, subscription: &SubscriptionId) -> Vec<String> {
    let kinds = ["prepare", "change", "batch", "schema", "op"];
    kinds.map(|kind| format!("evt.{agent}.{subscription}.{kind}")).to_vec()
}

/// Reading and settling what a durable consumer of a service hands out.
pub fn of_consumer(stream: &str, consumer: &str) -> [String; 3] {
    [
        format!("$JS.API.CONSUMER.INFO.{stream}.{consumer}"),
        format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}"),
        format!("$JS.ACK.{stream}.{consumer}.1.1.1.1.1"),
    ]
}

/// A subject of JetStream's API as plug-ins know it.
pub fn as_plugins_know(subject: &str) -> String {
    match subject.strip_prefix("$JS.API.") {
        Some(verb) => format!("{PREFIX}.{verb}"),
        None => subject.to_owned(),
    }
}

/// Everything one can ask of JetStream: streams, consumers, messages, acknowledgements.
pub fn jetstream() -> Vec<String> {
    let mut all: Vec<String> = ["INFO", "STREAM.NAMES", "STREAM.LIST", "STREAM.CREATE.MINE", "ACCOUNT.PURGE.SVC"]
        .map(|verb| format!("$JS.API.{verb}"))
        .to_vec();
    let of_stream = [
        "CREATE",
        "UPDATE",
        "INFO",
        "DELETE",
        "PURGE",
        "MSG.GET",
        "MSG.DELETE",
        "SNAPSHOT",
        "RESTORE",
        "PEER.REMOVE",
        "LEADER.STEPDOWN",
    ];
    let streams = || STREAMS.into_iter().chain([&EVENTS]);
    for stream in streams() {
        let stream = stream.name;
        all.extend(of_stream.map(|verb| format!("$JS.API.STREAM.{verb}.{stream}")));
        all.extend(["NAMES", "LIST", "CREATE"].map(|verb| format!("$JS.API.CONSUMER.{verb}.{stream}")));
        all.push(format!("$JS.API.DIRECT.GET.{stream}"));
        all.push(format!("$JS.API.DIRECT.GET.{stream}.a.b.c"));
        all.push(format!("$JS.API.CONSUMER.CREATE.{stream}.mine.every.thing"));
        all.push(format!("$JS.FC.{stream}.mine.1"));
    }
    let names = CONSUMERS.iter().map(|consumer| (consumer.stream, consumer.name));
    let made = streams().map(|stream| (stream.name, "mine"));
    for (stream, consumer) in names.chain(made) {
        all.extend(of_consumer(stream, consumer));
        let verbs = ["CREATE", "DURABLE.CREATE", "DELETE", "PAUSE", "LEADER.STEPDOWN", "UNPIN"];
        all.extend(verbs.map(|verb| format!("$JS.API.CONSUMER.{verb}.{stream}.{consumer}")));
    }
    all
}

/// Subjects that hold many: as wildcards to subscribe to, and as they stand to publish to.
pub fn wide() -> Vec<String> {
    let tops = [
        "req", "op", "job", "batch", "res", "evt", "rpc", "dead", "plugin", "event", "$JS", "$JS.API", "$JS.ACK",
        "$SYS", "_INBOX", "_R_", PREFIX,
    ];
    let mut all: Vec<String> = tops.map(|top| format!("{top}.>")).to_vec();
    let more = [
        ">",
        "*",
        "*.>",
        "*.*.>",
        "op.*.*",
        "res.*.*.*.*",
        "evt.*.*.*",
        "req.prepare.>",
        "req.ack.>",
        "req.filters.>",
        "$KV.a.b",
    ];
    all.extend(more.map(str::to_owned));
    all
}
