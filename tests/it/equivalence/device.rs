//! A device, as far as sync entries know it: which rows it holds in which version, and what it has said of that.

use std::collections::BTreeMap;

use sojourn_prepare::db::post_sync::post_sync;
use sojourn_prepare::db::subscription::subscription_of;
use uuid::Uuid;

use super::oracle::{self, Rows};
use super::world::{Subscriber, World, own};

/// To be moved; the other state that ships is to be deleted.
const ROWS: i16 = 1;

/// A place in the order of entries: the prepare that made one pending, and its id. Deletes are in order of ids alone.
type Position = (i32, Uuid);

/// A device.
#[derive(Default)]
pub struct Device {
    /// What it holds.
    pub rows: Rows,
    /// It was set up anew.
    pub holds_nothing: bool,
    /// The open session.
    session: Option<Uuid>,
    /// The last batch of it.
    batch: i32,
    /// How far each entity is, for each kind.
    after: BTreeMap<(i32, i16), Position>,
    /// Batches that it holds and has not yet said so of.
    unsaid: Vec<(Uuid, i32)>,
}

impl Device {
    /// A session begins.
    pub fn begin(&mut self, session: Uuid) {
        (self.session, self.batch, self.holds_nothing) = (Some(session), 0, false);
        self.after.clear();
    }

    /// It is set up anew.
    pub fn start_over(&mut self) {
        self.rows.clear();
        (self.session, self.holds_nothing) = (None, true);
    }
}

/// The next batch of any entity comes and is loaded, with at most so many rows. Answers whether there was one.
pub async fn load(world: &mut World, subscriber: usize, most: usize) -> bool {
    let device = &world.subscribers[subscriber].device;
    let Some(session) = device.session else { return false };
    let waiting = waiting(world, subscriber).await;
    let kinds: Vec<(i32, i16)> = waiting.keys().copied().collect();
    if kinds.is_empty() {
        return false;
    }
    let (code, state) = world.chance.pick(&kinds);
    let positions: Vec<Position> = waiting[&(code, state)].iter().copied().take(most).collect();
    let keys: Vec<Uuid> = positions.iter().map(|(_, id)| *id).collect();
    let user = world.subscribers[subscriber].user;
    let shipped = if state == ROWS { oracle::among(world, user, code, &keys).await } else { Rows::new() };
    let skipped: Vec<Uuid> =
        keys.iter().filter(|id| state == ROWS && !shipped.contains_key(&(code, **id))).copied().collect();
    let device = &mut world.subscribers[subscriber].device;
    device.batch += 1;
    let (number, last) = (device.batch, *positions.last().expect("there are keys"));
    let after = device.after.insert((code, state), last);
    sqlx::query(
        "INSERT INTO sojourn.batch (session_id, number, kind, object_type_code, after_key, prepare_seq, to_key, skipped,
                                    manifest)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '{}')",
    )
    .bind(session)
    .bind(number)
    .bind(if state == ROWS { "rows" } else { "deletes" })
    .bind(code)
    .bind(after.map(|(_, id)| id))
    .bind(last.0)
    .bind(last.1)
    .bind(skipped)
    .execute(&world.admin)
    .await
    .expect("the batch is noted");
    if state == ROWS {
        device.rows.extend(shipped);
    } else {
        device.rows.retain(|(of, id), _| *of != code || !keys.contains(id));
    }
    device.unsaid.push((session, number));
    true
}

/// What waits beyond what has come of this session.
async fn waiting(world: &World, subscriber: usize) -> BTreeMap<(i32, i16), Vec<Position>> {
    let subscriber = &world.subscribers[subscriber];
    let number = subscriber.number;
    let text = format!(
        "SELECT object_type_code, sync_state, CASE sync_state WHEN 1 THEN prepare_seq ELSE 0 END, object_id
           FROM sojourn.sync_entry_{number} JOIN sojourn.sync_state_{number} USING (object_type_code, object_id)
          WHERE sync_state = 2
             OR sync_state = 1 AND prepare_seq <= (SELECT prepare_seq FROM sojourn.subscription WHERE number = {number})
          ORDER BY 1, 2, 3, 4"
    );
    let entries: Vec<(i32, i16, i32, Uuid)> =
        sqlx::query_as(own(text)).fetch_all(&world.admin).await.expect("the entries");
    let mut waiting: BTreeMap<(i32, i16), Vec<Position>> = BTreeMap::new();
    for (code, state, prepare_seq, id) in entries {
        let position = (prepare_seq, id);
        if subscriber.device.after.get(&(code, state)).is_none_or(|after| position > *after) {
            waiting.entry((code, state)).or_default().push(position);
        }
    }
    waiting
}

/// It says that it holds a batch: any of those it has not said so of, perhaps of a session before, perhaps not for the
/// last time.
pub async fn say(world: &mut World, subscriber: usize, again: bool) -> bool {
    let device = &mut world.subscribers[subscriber].device;
    if device.unsaid.is_empty() {
        return false;
    }
    let at = world.chance.below(device.unsaid.len());
    let (session, batch) = if again { device.unsaid[at] } else { device.unsaid.swap_remove(at) };
    let Subscriber { agent, id, .. } = &world.subscribers[subscriber];
    let subscription = subscription_of(&world.service, agent, id).await.expect("an answer").expect("it is there");
    let said = post_sync(&world.service, &subscription.entries, id, session, batch.unsigned_abs()).await;
    said.expect("it is settled");
    true
}

/// Everything that waits comes, and it says so of all.
pub async fn complete(world: &mut World, subscriber: usize) {
    while load(world, subscriber, usize::MAX).await {}
    while say(world, subscriber, false).await {}
}
