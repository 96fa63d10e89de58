//! Plug-ins: asked in time, believed only when they make sense, and told what happened.

mod absence;
mod answers;
mod crm;
mod events;
mod played_back;

use std::collections::BTreeMap;

use async_nats::{Client, ConnectOptions, Subscriber, jetstream};
use sojourn_metadata::replay::{PluginRule, WhenAbsent};
use sojourn_wire::events_api::PREFIX;
use sojourn_wire::message::operation::FieldValue;
use sojourn_wire::message::plugin::PluginRequest;
use sojourn_wire::streams::EVENTS;
use sojourn_wire::subject::PLUGIN_INBOX_PREFIX;
use uuid::Uuid;

use crate::support::World;

/// A connection to the bus as a plug-in has it.
async fn plugin_client(world: &World) -> Client {
    let (user, password) = world.stack.plugin_login();
    let options = ConnectOptions::with_user_and_password(user.to_owned(), password.to_owned());
    let options = options.custom_inbox_prefix(PLUGIN_INBOX_PREFIX);
    options.connect(world.stack.nats_url()).await.expect("plug-ins are let in")
}

/// A plug-in's connection, and the questions about a command of opportunities.
async fn listening(world: &World, command: &str) -> (Client, Subscriber) {
    let client = plugin_client(world).await;
    let questions = client.subscribe(format!("plugin.opportunity.{command}.pre")).await.expect("it may listen");
    // What is answered was asked after the subscription.
    jetstream::with_prefix(client.clone(), PREFIX).get_stream(EVENTS.name).await.expect("the stream is there");
    (client, questions)
}

/// A rule about a command of opportunities.
fn rule(command: &str, time_limit_ms: u32) -> PluginRule {
    let entity = "opportunity".to_owned();
    PluginRule { entity, command: command.to_owned(), time_limit_ms, when_absent: WhenAbsent::Refuse }
}

/// A question about an opportunity.
fn request(command: &str, data: &[(&str, FieldValue)]) -> PluginRequest {
    PluginRequest {
        operation_id: "s1:7".to_owned(),
        dataset: "crm".to_owned(),
        entity: "opportunity".to_owned(),
        command: command.to_owned(),
        object_id: Uuid::from_u128(9),
        data: data.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        base: BTreeMap::new(),
        user_id: Uuid::from_u128(4),
        caller_origin: "offline-queue".to_owned(),
        captured_at: "2026-11-22T10:00:00.000Z".to_owned(),
        dry_run: false,
    }
}
