//! The write path: what becomes of an operation whose row, rule, permission or plug-in is not as its user thought.

mod anew;
mod conflicts;
mod contention;
mod mid_queue;
mod one_by_one;
mod order;
mod overtaken;
mod own_chain;
mod parking;
mod plugins;
mod refusals;
mod triggers;
mod turncoats;
mod unexpected;
mod withdrawn;

use sojourn_sample_crm::People;
use sojourn_wire::message::operation::{Command, FieldValue, Operation, Verdict, VerdictKind};
use sqlx::PgPool;
use uuid::Uuid;

use crate::support::sender::{Sender, operation};
use crate::support::{World, WorldPlan};

const TABLES: &str = include_str!("tables.sql");
const CONFIG: &str = include_str!("sojourn.yaml");
const USER: fn(&People) -> Uuid = |people| people.sales[0].id;

const PERSON: i32 = 1;
const MEMO: i32 = 2;
const DEAL: i32 = 3;
const PURCHASE: i32 = 4;
const CARD: i32 = 5;
const SECRET: i32 = 6;
const TOLD: i32 = 7;
const TURNCOAT: i32 = 8;
const TICKET: i32 = 9;
const LINE: i32 = 10;
const BASKET: i32 = 11;
const ENTRY: i32 = 12;
const ROOM: i32 = 13;
const CHAIR: i32 = 14;

/// A world with one device, and its sender.
async fn desk() -> (World, Sender) {
    let world = WorldPlan::of(&[USER]).of_tables(TABLES, CONFIG).start().await;
    let sender = Sender::connect(&world.devices[0]).await;
    (world, sender)
}

/// A fresh object.
fn object() -> Uuid {
    sojourn_runtime::clock::fresh_id()
}

fn create(entity: i32, object: Uuid, data: &[(&str, FieldValue)]) -> Operation {
    operation(Command::Create, entity, object, data)
}

/// A change of attributes: name, value before, and value now.
fn update(entity: i32, object: Uuid, changes: &[(&str, FieldValue, FieldValue)]) -> Operation {
    let mut update = operation(Command::Update, entity, object, &[]);
    for (name, base, mine) in changes {
        update.base.insert((*name).to_owned(), base.clone());
        update.data.insert((*name).to_owned(), mine.clone());
    }
    update
}

fn delete(entity: i32, object: Uuid) -> Operation {
    operation(Command::Delete, entity, object, &[])
}

/// The same operation again, under a new number.
fn settles(verdict: &Verdict, operation: Operation) -> Operation {
    Operation { settles: Some(verdict.sequence), ..operation }
}

/// A refused operation is given up.
fn discard(entity: i32, verdict: &Verdict) -> Operation {
    settles(verdict, operation(Command::Discard, entity, Uuid::nil(), &[]))
}

/// Somebody else does something to an object.
async fn elsewhere(world: &World, statement: &'static str, object: Uuid) {
    assert_eq!(world.sql(statement, object).await, 1, "{statement}");
}

/// Runs statements as the administrator.
async fn rule(admin: &PgPool, statement: &'static str) {
    sqlx::raw_sql(statement).execute(admin).await.expect("the statement runs");
}

/// One text from the server.
async fn told(world: &World, select: &'static str, object: Uuid) -> Option<String> {
    let found: Option<Option<String>> =
        sqlx::query_scalar(select).bind(object).fetch_optional(world.admin()).await.expect("the statement runs");
    found.flatten()
}

fn kinds(verdicts: &[Verdict]) -> Vec<VerdictKind> {
    verdicts.iter().map(|verdict| verdict.verdict).collect()
}

/// The reason of a refusal.
#[track_caller]
fn reason(verdict: &Verdict) -> &str {
    verdict.reason.as_deref().unwrap_or_else(|| panic!("a reason: {verdict:?}"))
}
