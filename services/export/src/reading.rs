//! Reads what a session must move, ahead of the device but never far: the next query runs while files are made, put into
//! the store and fetched.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use sojourn_platform::PlatformError;
use sojourn_platform::acting::Identity;
use sojourn_platform::entities::{Published, Table};
use sojourn_wire::batch::BatchWriter;
use sojourn_wire::message::batch::BatchKind;
use sojourn_wire::{AgentId, SubscriptionId};
use sqlx::PgPool;
use tokio::sync::watch;
use uuid::Uuid;

use crate::db::pick::{self, Waiting};
use crate::db::rows::{self, Ask, Ended};
use crate::error::HandlerError;
use crate::file::{Range, Read, micros};
use crate::output::{Flow, Input, Output, channel};
use crate::pace::{Ceiling, Reach, Wish};
use crate::plan::{self, Place, Position, Step};

/// Everything about a session that its batches need.
#[derive(Debug, Clone)]
pub struct Export {
    /// The device.
    pub agent: AgentId,
    /// Its subscription.
    pub subscription: SubscriptionId,
    /// The number of it.
    pub number: i64,
    /// The session.
    pub session: Uuid,
    /// Its prepare.
    pub prepare_seq: i32,
    /// The metadata of its batches.
    pub metadata: Arc<Published>,
    /// Whose rows they are.
    pub identity: Identity,
}

/// A reader under way.
#[derive(Debug)]
pub struct Reading {
    /// Its files.
    pub files: Input,
    /// What the device wants, from now on.
    pub wish: watch::Sender<Wish>,
}

/// Begins to read what follows the last batch; `next_number` is the number of the next. It ends by itself when nobody
/// takes its files any more.
#[must_use]
pub fn begin(
    pool: PgPool,
    export: Arc<Export>,
    ceiling: Ceiling,
    wish: Wish,
    next_number: u32,
    last: Option<Place>,
) -> Reading {
    let (wish, wishes) = watch::channel(wish);
    let (mut output, files) = channel(export.session, export.metadata.version, next_number);
    tokio::spawn(async move {
        // Who is not at the session's first batch begins anew, because the device let the worker before wait too long.
        let device_is_slow = last.is_some();
        let mut reader = Reader { pool, export, ceiling, wishes, device_is_slow };
        let ended = reader.read(last, &mut output).await;
        output.end(ended).await;
    });
    Reading { files, wish }
}

struct Reader {
    pool: PgPool,
    export: Arc<Export>,
    ceiling: Ceiling,
    wishes: watch::Receiver<Wish>,
    device_is_slow: bool,
}

impl Reader {
    async fn read(&mut self, last: Option<Place>, output: &mut Output) -> Result<(), HandlerError> {
        let load_order: Vec<i32> = self.export.metadata.entities.iter().map(|table| table.object_type_code).collect();
        let waiting = pick::waiting(&self.pool, &self.export).await?;
        let waiting: HashMap<i32, Waiting> = waiting.into_iter().map(|waiting| (waiting.code, waiting)).collect();
        let waits = |step: Step| waiting.get(&step.object_type_code).is_some_and(|waiting| waiting.has(step.kind));
        for place in plan::places(&plan::steps(&load_order), last, waits) {
            let Some(waiting) = waiting.get(&place.step.object_type_code) else { continue };
            let more_is_wanted = match place.step.kind {
                BatchKind::Deletes => self.deletes(place, output).await?,
                BatchKind::Rows => self.rows(place, waiting, output).await?,
            };
            if !more_is_wanted {
                break;
            }
        }
        Ok(())
    }

    /// All deletes of an entity. Answers whether anybody wants more.
    async fn deletes(&self, mut place: Place, output: &mut Output) -> Result<bool, HandlerError> {
        let attribute = self.table(place)?.key().attribute.id;
        loop {
            let started = Instant::now();
            let most = self.most(place).rows;
            let keys = pick::delete_keys(&self.pool, self.export.number, place, most).await?;
            let Some(last) = keys.last().copied() else { return Ok(true) };
            let mut writer = BatchWriter::for_deletes(attribute);
            keys.iter().try_for_each(|key| writer.push_id(*key))?;
            let to = Position { prepare_seq: 0, object_id: last };
            let read = Read { place, range: Range { to, skipped: Vec::new() }, writer, read_us: micros(started) };
            place.after = Some(to);
            if output.take(read).await == Flow::Leave && !output.unblock().await {
                return Ok(false);
            }
        }
    }

    /// All rows of an entity. Answers whether anybody wants more.
    async fn rows(&mut self, place: Place, waiting: &Waiting, output: &mut Output) -> Result<bool, HandlerError> {
        let mut place = place.after_at_least(waiting.position());
        loop {
            let table = self.table(place)?;
            let reach = Reach::of(waiting.share(), self.device_is_slow);
            let ask = Ask { export: &self.export, table, place, reach };
            let to = match rows::read_rows(&self.pool, &ask, || self.most(place), output).await? {
                Ended::Nothing => return Ok(true),
                Ended::All(to) => to,
                Ended::Left(to) => {
                    self.device_is_slow = true;
                    to
                }
            };
            place.after = Some(to);
            if !output.unblock().await {
                return Ok(false);
            }
        }
    }

    /// What a batch may hold now.
    fn most(&self, place: Place) -> Ceiling {
        self.wishes.borrow().within(self.ceiling, place.step)
    }

    fn table(&self, place: Place) -> Result<&Table, PlatformError> {
        let code = place.step.object_type_code;
        let missing = || PlatformError::Setup(format!("object type code {code} is not in the session's metadata"));
        self.export.metadata.table_of(code).ok_or_else(missing)
    }
}
