//! A device reaches its own subjects, and not one of anybody else's.

use std::collections::BTreeSet;

use async_nats::{ConnectErrorKind, ConnectOptions};
use sojourn_wire::subject::{agent_inbox_prefix, direct_get, results_of};
use sojourn_wire::{AgentId, Service, Subject, SubscriptionId};

use super::bus::{Probe, Try};
use super::shapes::{every_hint, every_subject, jetstream, wide};
use crate::support::{World, WorldPlan, run};

/// What a device may ask and say itself.
fn may_publish(subject: &Subject) -> bool {
    matches!(
        subject,
        Subject::PrepareRequest { .. }
            | Subject::Ack { .. }
            | Subject::FiltersRequest { .. }
            | Subject::VerifyRequest { .. }
            | Subject::Operations { .. }
            | Subject::Rpc { .. }
    )
}

/// What a device may listen to.
fn may_subscribe(subject: &Subject) -> bool {
    matches!(
        subject,
        Subject::PrepareResult { .. }
            | Subject::BatchResult { .. }
            | Subject::OperationsResult { .. }
            | Subject::AckResult { .. }
            | Subject::FiltersResult { .. }
            | Subject::VerifyResult { .. }
            | Subject::Schema { .. }
    )
}

/// Everything the design gives a device.
fn own_rights(agent: &AgentId, subscription: &SubscriptionId) -> BTreeSet<Try> {
    let subjects = every_subject(agent, subscription);
    let mut all = Try::each(Try::Publish, subjects.iter().filter(|subject| may_publish(subject)));
    all.extend(Try::each(Try::Publish, subjects.iter().filter_map(direct_get)));
    all.extend(Try::each(Try::Subscribe, subjects.iter().filter(|subject| may_subscribe(subject))));
    all.extend(Try::each(Try::Subscribe, every_hint(agent, subscription)));
    let inbox = agent_inbox_prefix(agent);
    let wide = [format!("{inbox}.>"), format!("{inbox}.1"), results_of(agent), format!("evt.{agent}.>")];
    all.extend(Try::each(Try::Subscribe, wide));
    all
}

/// Its own subjects that are the services' to write.
fn own_but_the_services(agent: &AgentId, subscription: &SubscriptionId) -> BTreeSet<Try> {
    let subjects = every_subject(agent, subscription);
    let mut all = Try::each(Try::Publish, subjects.iter().filter(|subject| !may_publish(subject)));
    all.extend(Try::each(Try::Subscribe, subjects.iter().filter(|subject| !may_subscribe(subject))));
    all.extend(Try::each(Try::Publish, every_hint(agent, subscription)));
    all
}

/// Everything of another device.
fn foreign(agent: &AgentId, subscription: &SubscriptionId) -> BTreeSet<Try> {
    let ours = |subject: &&Subject| matches!(subject, Subject::Schema { .. });
    let subjects = every_subject(agent, subscription);
    let theirs: Vec<&Subject> = subjects.iter().filter(|subject| !ours(subject)).collect();
    let mut all = Try::both(&theirs);
    all.extend(Try::both(theirs.iter().filter_map(|subject| direct_get(subject))));
    all.extend(Try::both(every_hint(agent, subscription)));
    let inbox = agent_inbox_prefix(agent);
    all.extend(Try::both([results_of(agent), format!("{inbox}.>"), format!("{inbox}.1"), format!("evt.{agent}.>")]));
    all.extend(Try::both(["BATCH.batch", "RES.res"].map(|of| format!("$JS.API.DIRECT.GET.{of}.{agent}.>"))));
    all
}

/// Its own name with a subscription that it has not: one would escape the limits that way.
fn invented(agent: &AgentId) -> BTreeSet<Try> {
    let subjects = every_subject(agent, &"invented".parse().expect("a token"));
    let names_it = |subject: &&Subject| may_publish(subject) && !matches!(subject, Subject::Rpc { .. });
    Try::each(Try::Publish, subjects.iter().filter(names_it))
}

/// What belongs to the services and the administrator.
fn administration() -> BTreeSet<Try> {
    let mut all = Try::both(jetstream());
    all.extend(Try::both(wide()));
    for prefix in Service::ALL.map(Service::inbox_prefix).into_iter().chain(["_INBOX".to_owned()]) {
        all.extend(Try::both([format!("{prefix}.1"), format!("{prefix}.>")]));
    }
    all.extend(Try::both(["$SRV.PING", "$SRV.INFO.prepare", "$SYS.REQ.SERVER.PING", "anything"]));
    all
}

/// Two devices, and a connection with the credentials of the first.
async fn two_devices() -> (World, Probe) {
    let world = WorldPlan::of(&[|people| people.sales[0].id, |people| people.outsider.id]).start().await;
    let probe = Probe::of_device(&world.devices[0].credentials).await;
    (world, probe)
}

#[test]
fn everything_that_a_device_needs_is_allowed() {
    run(async {
        let (world, mut probe) = two_devices().await;
        let device = &world.devices[0];
        let rights = own_rights(&device.agent, &device.subscription);
        assert!(rights.len() > 20, "{rights:?}");
        assert_eq!(probe.denied(&rights).await, BTreeSet::new());
        world.end().await;
    });
}

#[test]
fn everything_of_others_and_of_services_is_denied() {
    run(async {
        let (world, mut probe) = two_devices().await;
        let (own, other) = (&world.devices[0], &world.devices[1]);
        let mut forbidden = foreign(&other.agent, &other.subscription);
        // Another device's name with one's own subscription, and the other way round.
        forbidden.extend(foreign(&other.agent, &own.subscription));
        forbidden.extend(own_but_the_services(&own.agent, &own.subscription));
        forbidden.extend(invented(&own.agent));
        forbidden.extend(administration());
        assert!(forbidden.len() > 400, "only {} subjects were tried", forbidden.len());
        let denied = probe.denied(&forbidden).await;
        let let_through: Vec<&Try> = forbidden.difference(&denied).collect();
        assert!(let_through.is_empty(), "{let_through:#?}");
        world.stop().await;
    });
}

#[test]
fn nobody_gets_in_without_a_key_that_the_server_knows() {
    run(async {
        let world = WorldPlan::of(&[|people| people.sales[0].id]).start().await;
        let stranger = nkeys::KeyPair::new_user().seed().expect("a fresh pair has a seed");
        let ways = [
            ConnectOptions::new(),
            ConnectOptions::with_nkey(stranger),
            ConnectOptions::with_user_and_password("admin".to_owned(), "admin".to_owned()),
            ConnectOptions::with_token("token".to_owned()),
        ];
        for way in ways {
            let refused = way.connect(world.stack.nats_url()).await.map(drop).expect_err("nobody is let in");
            assert_eq!(refused.kind(), ConnectErrorKind::AuthorizationViolation, "{refused}");
        }
        world.stop().await;
    });
}
