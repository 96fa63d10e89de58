//! One prepare, and all that must be true after it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sojourn_platform::PlatformError;
use sojourn_prepare::db::prepare::prepare_begin;
use sojourn_prepare::db::progress::progress_reset;
use sojourn_prepare::db::subscription::{Subscription, subscription_of};
use sojourn_prepare::prepare_sync::Begun;
use sojourn_prepare::situation::{Ask, Situation};
use sojourn_prepare::sync::{self, Decided};
use sojourn_wire::message::prepare::{ObjectRef, PrepareOutcome, PrepareRequest};
use sqlx::PgConnection;
use uuid::Uuid;

use super::device;
use super::entities::ENTITIES;
use super::mutants::Mutation;
use super::oracle::{self, Rows};
use super::steps::statements::ROWS;
use super::steps::{transactions, upkeep};
use super::world::{World, own};

/// Entries by entity and id: state and version.
type Entries = BTreeMap<(i32, Uuid), (i16, i64)>;

/// What a prepare came to.
pub enum Prepared {
    /// The user may not go offline.
    Refused,
    /// It was decided what moves.
    Decided(Decided),
}

/// What a prepare is asked, beside what changed.
pub struct Asked {
    pub refresh: Vec<ObjectRef>,
    /// Afterwards the device gets everything at once.
    pub complete: bool,
    /// Between the snapshot and the commit of the prepare, somebody writes.
    pub interrupted: bool,
}

/// Prepares, once in full without keeping it and once as prepare decides, and compares all. The words say what is
/// wrong.
pub async fn prepare(
    world: &mut World,
    subscriber: usize,
    asked: Asked,
    mutation: Option<Mutation>,
) -> Result<Prepared, String> {
    let of = &world.subscribers[subscriber];
    let found = subscription_of(&world.service, &of.agent, &of.id).await.expect("an answer");
    let subscription = found.expect("it is there");
    let metadata_version = (!of.device.holds_nothing && !subscription.is_new).then_some(1);
    let request = world.chance.id();
    let request = PrepareRequest { request, metadata_version, refresh: asked.refresh, holds: None, batching: None };
    let may = oracle::may_go_offline(world, subscriber).await;
    let everything = oracle::everything(world, subscriber).await;
    let reference = in_full(world, subscriber, &subscription, &request).await.map_err(|error| error.to_string())?;
    if let Some(mutation) = mutation {
        mutation.before(world).await;
    }
    let of = &world.subscribers[subscriber];
    let begun = world.prepare.begin(&of.id, &subscription, &request, world.clock.0).await;
    let mut open = match begun.map_err(|error| error.to_string())? {
        Begun::Open(open) => open,
        Begun::Answered(PrepareOutcome::Refused { .. }) if !may && reference.is_none() => return Ok(Prepared::Refused),
        Begun::Answered(outcome) => return Err(format!("nobody expected {outcome:?}")),
    };
    if let Some(mutation) = mutation {
        mutation.on(world, subscriber, &mut open.situation).await;
    }
    if asked.interrupted {
        transactions::write(world, &ROWS).await;
        transactions::end_one(world).await;
        upkeep::clean(world).await;
    }
    let now = world.clock.0;
    let session = world.chance.id();
    let (_, decided) = open.finish(session, || now).await.map_err(|error| error.to_string())?;
    let mut admin = world.admin.acquire().await.expect("a connection");
    let entries = entries(&mut admin, world.subscribers[subscriber].number).await;
    drop(admin);
    world.subscribers[subscriber].device.begin(session);
    let Some((in_full, counted)) = reference.filter(|_| may) else {
        return Err("a user who may not go offline was prepared".to_owned());
    };
    let mut wrong = Vec::new();
    wrong.extend(differ("evaluating everything", &in_full, "this prepare", &entries));
    wrong.extend(is_the_set(&entries, &everything));
    wrong.extend(is_on_device(&entries, &world.subscribers[subscriber].device.rows));
    if counted.entities != decided.entities {
        let both = decided.entities.iter().zip(&counted.entities).filter(|(one, other)| one != other);
        wrong.push(format!("counts: {:?}", both.take(2).collect::<Vec<_>>()));
    }
    if wrong.is_empty() && asked.complete && !asked.interrupted {
        device::complete(world, subscriber).await;
        wrong.extend(differ("the user's rows", &everything, "the device", &world.subscribers[subscriber].device.rows));
    }
    if wrong.is_empty() { Ok(Prepared::Decided(decided)) } else { Err(told(&wrong, &decided)) }
}

/// What evaluating everything would leave; none where the user may not go offline.
async fn in_full(
    world: &World,
    subscriber: usize,
    subscription: &Subscription,
    request: &PrepareRequest,
) -> Result<Option<(Entries, Decided)>, PlatformError> {
    let of = &world.subscribers[subscriber];
    let metadata = world.prepare.metadata().newest(&subscription.dataset).await?;
    let mut tx = prepare_begin(&world.service, &subscription.entries).await?;
    if request.metadata_version.is_none() && !subscription.is_new {
        progress_reset(&mut tx, &of.id).await?;
    }
    let ask = Ask { refresh: request.refresh.clone(), everything: true };
    let rules = world.prepare.rules();
    let situation = Situation::gather(&mut tx, &of.id, subscription, metadata, rules, world.clock.0, ask).await?;
    let Ok(situation) = situation else { return Ok(None) };
    let next = situation.standing.prepare_seq + 1;
    let decided = sync::decide(&mut tx, &of.id, &subscription.entries, next, &situation).await?;
    assert!(decided.modes.iter().all(|mode| matches!(mode, sync::Mode::Full(_))), "everything is asked for");
    let entries = entries(&mut tx, of.number).await;
    tx.rollback().await.expect("it ends");
    Ok(Some((entries, decided)))
}

async fn entries(connection: &mut PgConnection, number: i64) -> Entries {
    let columns = "object_type_code, object_id, sync_state, version::text::bigint";
    let text = format!("SELECT {columns} FROM sojourn.sync_state_{number}");
    let found: Vec<(i32, Uuid, i16, i64)> = sqlx::query_as(own(text)).fetch_all(connection).await.expect("the entries");
    found.into_iter().map(|(code, id, state, version)| ((code, id), (state, version))).collect()
}

/// The first few differences of two maps.
fn differ<V: PartialEq + std::fmt::Debug>(
    one_is: &str,
    one: &BTreeMap<(i32, Uuid), V>,
    other_is: &str,
    other: &BTreeMap<(i32, Uuid), V>,
) -> Vec<String> {
    let keys = one.keys().chain(other.keys().filter(|key| !one.contains_key(key)));
    let differing = keys.filter(|key| one.get(key) != other.get(key));
    let told = differing.map(|key| {
        format!("{} {}: {one_is} has {:?}, {other_is} {:?}", name(key.0), key.1, one.get(key), other.get(key))
    });
    told.take(4).collect()
}

/// What is not to be deleted is what the user has, in its version.
fn is_the_set(entries: &Entries, everything: &Rows) -> Vec<String> {
    let had = entries.iter().filter(|(_, (state, _))| *state != 2).map(|(key, (_, version))| (*key, *version));
    differ("the user's rows", everything, "the entries", &had.collect())
}

/// What is settled is on the device, and what is on the device has an entry.
fn is_on_device(entries: &Entries, rows: &Rows) -> Vec<String> {
    let settled = entries.iter().filter(|(_, (state, _))| *state == 0);
    let missing = settled.filter(|(key, (_, version))| rows.get(key) != Some(version));
    let missing = missing.map(|((code, id), (_, version))| {
        format!("{} {id}: settled as {version}, the device has {:?}", name(*code), rows.get(&(*code, *id)))
    });
    let forgotten = rows.keys().filter(|key| !entries.contains_key(key));
    let forgotten = forgotten.map(|(code, id)| format!("{} {id}: on the device, without an entry", name(*code)));
    missing.chain(forgotten).take(4).collect()
}

fn name(code: i32) -> &'static str {
    super::entities::table(code)
}

fn told(wrong: &[String], decided: &Decided) -> String {
    let mut text = wrong.join("\n");
    let names = decided.entities.iter().map(|counts| counts.entity.as_str());
    let modes = names.zip(&decided.modes).map(|(name, mode)| format!("{name}: {mode:?}"));
    // Writing to a String cannot fail.
    let _ = write!(text, "\nof {} entities: {}", ENTITIES.len(), modes.collect::<Vec<_>>().join(", "));
    text
}
