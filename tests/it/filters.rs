//! Local data groups: what a user narrows the own device to, by commands, is what an independent SELECT with the same
//! condition gives; and nothing moves but the difference.

mod change;
mod clock;
mod cost;
mod links;
mod list;
mod refused;
mod unsent;

use serde_json::Value;
use sojourn_agent::store::Store;
use sojourn_sample_crm::People;
use uuid::Uuid;

use crate::support::{Device, World, WorldPlan};

fn sales(people: &People) -> Uuid {
    people.sales[0].id
}

/// A salesman's device that is offline.
async fn offline() -> World {
    let world = WorldPlan::of(&[sales]).start().await;
    world.devices[0].init().await;
    world.devices[0].run(&["go-offline"]).await.expect(0);
    world
}

/// A world of which `sojourn.yaml` is changed, with a device that is not loaded yet.
async fn with_rules(from: &'static str, to: &'static str) -> World {
    use sojourn_dev::stack::Config;

    let change = move |config| match config {
        Config::Text(text) => {
            assert!(text.contains(from), "{from:?} is not in sojourn.yaml any more");
            Config::Text(text.replacen(from, to, 1))
        }
        other => other,
    };
    let plan = WorldPlan::of(&[sales]).with(move |mut plan| {
        plan.config = change(plan.config);
        plan
    });
    let world = plan.start().await;
    world.devices[0].init().await;
    world
}

/// How many rows of contact a device holds.
fn contacts(device: &Device) -> u64 {
    let store = Store::open(&device.database()).expect("the database opens");
    store.count_rows("contact").expect("the rows can be counted")
}

/// Whether a device holds a contact.
fn holds(device: &Device, contact: Uuid) -> bool {
    let (mut found, contact) = (false, contact.to_string());
    let store = Store::open(&device.database()).expect("the database opens");
    store.for_each_row("contact", |id, _| found |= id == contact).expect("the rows can be read");
    found
}

fn number(value: &Value, name: &str) -> u64 {
    value[name].as_u64().unwrap_or_else(|| panic!("{name} is no number in {value}"))
}

/// Rows that come, rows that go, and rows of the entity then, as an answer foretells them.
fn foretold(answer: &Value) -> [u64; 3] {
    ["rows_come", "rows_go", "rows_then"].map(|name| number(&answer["preview"], name))
}

/// Rows and deletes that a sync has loaded.
fn moved(answer: &Value) -> [u64; 2] {
    ["rows", "deletes"].map(|name| number(&answer["data"], name))
}

/// Ids of the user's contacts of a condition, ordered.
async fn ids(world: &World, select: &'static str) -> Vec<Uuid> {
    let ids = sqlx::query_scalar(select).bind(world.devices[0].user_id).fetch_all(world.admin()).await;
    ids.expect("the statement runs")
}
