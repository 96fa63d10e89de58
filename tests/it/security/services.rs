//! A service writes what is its own to write, and nothing else: one that is broken into cannot play the others.

use std::collections::BTreeSet;
use std::path::Path;

use sojourn_wire::streams::CONSUMERS;
use sojourn_wire::subject::{agent_inbox_prefix, direct_get, questions_to};
use sojourn_wire::{AgentId, Service, Subject, SubscriptionId};

use super::bus::{Probe, Try};
use super::shapes::{every_hint, every_subject, jetstream, of_consumer, wide};
use crate::support::{WorldPlan, run};

/// What a service may publish, by the table of the design.
fn may_publish(service: Service, subject: &Subject) -> bool {
    match (service, subject) {
        (
            Service::Prepare,
            Subject::ExportJob { .. }
            | Subject::PrepareResult { .. }
            | Subject::AckResult { .. }
            | Subject::FiltersResult { .. }
            | Subject::ReceivedHint { .. },
        )
        | (Service::Export, Subject::BatchPart { .. } | Subject::BatchResult { .. } | Subject::VerifyResult { .. })
        | (Service::Schema, Subject::Schema { .. })
        | (Service::Replay, Subject::OperationsResult { .. } | Subject::PluginPre { .. } | Subject::Event { .. }) => {
            true
        }
        (_, Subject::DeadLetter { service: of }) => service == *of,
        _ => false,
    }
}

/// The kinds of hints it may send.
fn hints(service: Service) -> &'static [&'static str] {
    match service {
        Service::Prepare => &["prepare", "change"],
        Service::Export => &["batch"],
        Service::Schema => &["schema"],
        Service::Replay => &["op"],
    }
}

/// What it may do with JetStream: read and settle its own queues; and who settles or makes batches removes them.
fn jetstream_of(service: Service) -> BTreeSet<String> {
    let own = CONSUMERS.iter().filter(|consumer| consumer.service == service);
    let mut all: BTreeSet<String> = own.flat_map(|consumer| of_consumer(consumer.stream, consumer.name)).collect();
    if matches!(service, Service::Prepare | Service::Export) {
        all.insert("$JS.API.STREAM.PURGE.BATCH".to_owned());
    }
    all
}

/// Everything that one may try, and what of it this service may do.
fn rights(service: Service, agent: &AgentId, subscription: &SubscriptionId) -> (BTreeSet<Try>, BTreeSet<Try>) {
    let subjects = every_subject(agent, subscription);
    let mut all = Try::both(&subjects);
    all.extend(Try::each(Try::Publish, subjects.iter().filter_map(direct_get)));
    let mut allowed = Try::each(Try::Publish, subjects.iter().filter(|subject| may_publish(service, subject)));
    let is_asked = |subject: &&Subject| match subject {
        Subject::Rpc { service: of, .. } => *of == service,
        Subject::ReceivedHint { .. } => service == Service::Export,
        _ => false,
    };
    allowed.extend(Try::each(Try::Subscribe, subjects.iter().filter(is_asked)));

    let hint = |hint: &String| hints(service).iter().any(|kind| hint.ends_with(&format!(".{kind}")));
    all.extend(Try::both(every_hint(agent, subscription)));
    allowed.extend(Try::each(Try::Publish, every_hint(agent, subscription).iter().filter(|subject| hint(subject))));

    all.extend(Try::both(jetstream()));
    allowed.extend(Try::each(Try::Publish, jetstream_of(service)));
    if service == Service::Export {
        // Batches are handed out over HTTP too.
        let parts = subjects.iter().filter(|subject| matches!(subject, Subject::BatchPart { .. }));
        allowed.extend(Try::each(Try::Publish, parts.filter_map(direct_get)));
    }
    all.extend(Try::each(Try::Subscribe, wide()));
    for of in Service::ALL {
        let own = [format!("{}.1", of.inbox_prefix()), questions_to(of), format!("$SRV.INFO.{}", of.name())];
        all.extend(Try::both(&own));
        if of == service {
            allowed.extend(Try::each(Try::Subscribe, own));
        }
    }
    all.extend(Try::both([format!("{}.1", agent_inbox_prefix(agent)), "_INBOX.1".to_owned()]));
    (all, allowed)
}

/// The seed that a stack with a home keeps for a service.
fn seed_of(home: &Path, service: Service) -> String {
    let text = std::fs::read_to_string(home.join("stack.json")).expect("the stack keeps its identities");
    let kept: serde_json::Value = serde_json::from_str(&text).expect("they are JSON");
    let services = kept["services"].as_array().expect("a list");
    let found = services.iter().find(|pair| pair[0] == service.name()).expect("every service has one");
    found[1].as_str().expect("a seed").to_owned()
}

#[test]
fn each_service_may_do_exactly_what_the_design_gives_it() {
    run(async {
        let home = tempfile::tempdir().expect("a folder");
        let kept = home.path().to_owned();
        let plan = WorldPlan::of(&[|people| people.sales[0].id]).with(|mut plan| {
            plan.home = Some(kept);
            plan
        });
        let world = plan.start().await;
        let device = &world.devices[0];
        for service in Service::ALL {
            let seed = seed_of(home.path(), service);
            let mut probe = Probe::connect(&world.stack.nats_url(), &seed, &service.inbox_prefix()).await;
            let (all, allowed) = rights(service, &device.agent, &device.subscription);
            assert!(allowed.is_subset(&all), "the allowed are tried too: {:?}", allowed.difference(&all));
            let forbidden: BTreeSet<Try> = all.difference(&allowed).cloned().collect();
            let denied = probe.denied(&all).await;
            let let_through: Vec<&Try> = forbidden.difference(&denied).collect();
            let held_up: Vec<&Try> = allowed.intersection(&denied).collect();
            let name = service.name();
            assert!(let_through.is_empty(), "{name} may do more than it should: {let_through:#?}");
            assert!(held_up.is_empty(), "{name} may not do what it must: {held_up:#?}");
        }
        world.end().await;
    });
}
