//! Writes from any program are captured, played back as the user, and get their verdicts.

mod attachments;
mod foreign;
mod groups;
mod history;
mod kinds;
mod verdicts;

use sojourn_sample_crm::People;
use uuid::Uuid;

use crate::support::{World, WorldPlan};

/// A salesman's user id: he may write what he owns.
pub fn sales(people: &People) -> Uuid {
    people.sales[0].id
}

/// A world with one device that is offline.
async fn offline() -> World {
    let world = WorldPlan::of(&[sales]).start().await;
    world.devices[0].init().await;
    world.devices[0].run(&["go-offline"]).await.expect(0);
    world
}

/// The first rows of an entity that the device's user owns.
async fn owned(world: &World, select: &'static str) -> Vec<Uuid> {
    let ids = sqlx::query_scalar(select).bind(world.devices[0].user_id).fetch_all(world.admin()).await;
    let ids: Vec<Uuid> = ids.expect("the statement runs");
    assert!(ids.len() >= 3, "the sample gives a salesman more rows than {}", ids.len());
    ids
}

async fn owned_contacts(world: &World) -> Vec<Uuid> {
    owned(world, "SELECT id FROM crm.contact WHERE owner_id = $1 ORDER BY id LIMIT 5").await
}

/// One text from the server.
async fn text(world: &World, select: &'static str, id: Uuid) -> Option<String> {
    sqlx::query_scalar(select).bind(id).fetch_optional(world.admin()).await.expect("the statement runs").flatten()
}

const LAST_NAME: &str = "SELECT last_name FROM crm.contact WHERE id = $1";
