//! A plug-in answers questions and reads events, and nothing else: whoever writes one is trusted with no more.

use std::collections::BTreeSet;

use async_nats::ConnectOptions;
use sojourn_wire::Service;
use sojourn_wire::streams::EVENTS;
use sojourn_wire::subject::{PLUGIN_INBOX_PREFIX, agent_inbox_prefix, direct_get, questions_to, questions_to_plugins};
use sojourn_wire::{AgentId, Subject, SubscriptionId};

use super::bus::{Probe, Try};
use super::shapes::{as_plugins_know, every_hint, every_subject, jetstream, of_consumer, wide};
use crate::support::{WorldPlan, run};

/// What it may do with the stream of events, and with no other.
fn jetstream_of_plugins() -> BTreeSet<String> {
    let events = EVENTS.name;
    let consumer = |verb: &str| format!("$JS.API.CONSUMER.{verb}.{events}.mine");
    let mut all = BTreeSet::from(["CREATE", "DURABLE.CREATE", "DELETE"].map(consumer));
    all.extend(of_consumer(events, "mine"));
    all.insert(format!("$JS.API.CONSUMER.CREATE.{events}.mine.every.thing"));
    all.insert(format!("$JS.API.STREAM.INFO.{events}"));
    all.insert(format!("$JS.API.DIRECT.GET.{events}.a.b.c"));
    all.iter().map(|subject| as_plugins_know(subject)).collect()
}

/// Everything that one may try, and what of it a plug-in may do.
fn rights(agent: &AgentId, subscription: &SubscriptionId) -> (BTreeSet<Try>, BTreeSet<Try>) {
    let subjects = every_subject(agent, subscription);
    let mut all = Try::both(&subjects);
    all.extend(Try::each(Try::Publish, subjects.iter().filter_map(direct_get)));
    all.extend(Try::both(every_hint(agent, subscription)));
    all.extend(Try::both(jetstream()));
    all.extend(Try::both(jetstream().iter().map(|subject| as_plugins_know(subject))));
    all.extend(Try::both(wide()));
    for of in Service::ALL {
        all.extend(Try::both([format!("{}.1", of.inbox_prefix()), questions_to(of)]));
    }
    all.extend(Try::both([format!("{}.1", agent_inbox_prefix(agent)), "_INBOX.1".to_owned()]));

    let asked = subjects.iter().filter(|subject| matches!(subject, Subject::PluginPre { .. }));
    let mut allowed = Try::each(Try::Subscribe, asked);
    let listens = [questions_to_plugins().to_owned(), format!("{PLUGIN_INBOX_PREFIX}.1"), "$SRV.INFO".to_owned()];
    all.extend(Try::both(&listens));
    allowed.extend(Try::each(Try::Subscribe, listens));
    allowed.extend(Try::each(Try::Publish, jetstream_of_plugins()));
    (all, allowed)
}

#[test]
fn a_plug_in_may_do_exactly_what_the_design_gives_it() {
    run(async {
        let world = WorldPlan::of(&[|people| people.sales[0].id]).start().await;
        let (user, password) = world.stack.plugin_login();
        let options = ConnectOptions::with_user_and_password(user.to_owned(), password.to_owned());
        let options = options.custom_inbox_prefix(PLUGIN_INBOX_PREFIX);
        let mut probe = Probe::with(options, &world.stack.nats_url()).await;
        let device = &world.devices[0];
        let (all, allowed) = rights(&device.agent, &device.subscription);
        assert!(allowed.is_subset(&all), "the allowed are tried too: {:?}", allowed.difference(&all));
        assert!(all.len() > 400, "only {} things were tried", all.len());
        let forbidden: BTreeSet<Try> = all.difference(&allowed).cloned().collect();
        let denied = probe.denied(&all).await;
        let let_through: Vec<&Try> = forbidden.difference(&denied).collect();
        let held_up: Vec<&Try> = allowed.intersection(&denied).collect();
        assert!(let_through.is_empty(), "a plug-in may do more than it should: {let_through:#?}");
        assert!(held_up.is_empty(), "a plug-in may not do what it must: {held_up:#?}");
        world.end().await;
    });
}
