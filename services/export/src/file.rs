//! The file of one batch: made of the keys that come next, and of what they stand for.

use std::sync::Arc;

use bytes::Bytes;
use sojourn_platform::PlatformError;
use sojourn_platform::acting::Identity;
use sojourn_platform::entities::{Published, Table};
use sojourn_wire::batch::{BatchWriter, Compression, HeaderFields};
use sojourn_wire::message::batch::BatchKind;
use sojourn_wire::{AgentId, SubscriptionId};
use sqlx::PgPool;
use uuid::Uuid;

use crate::db::rows::{self, Ceiling, Range};
use crate::db::session::Session;
use crate::error::HandlerError;
use crate::plan::{self, Place, Step};

/// Everything about the session that its batches need.
#[derive(Debug)]
pub struct Export<'a> {
    /// The device.
    pub agent: &'a AgentId,
    /// Its subscription.
    pub subscription: &'a SubscriptionId,
    /// The session.
    pub session_id: Uuid,
    /// What is known of it.
    pub session: Session,
    /// The metadata of its batches.
    pub metadata: Arc<Published>,
    /// Whose rows they are.
    pub identity: Identity,
}

/// A batch's file, and what it covers.
#[derive(Debug)]
pub struct File {
    /// Where it begins.
    pub place: Place,
    /// Where it ends, and what was left out.
    pub range: Range,
    /// Its rows or ids.
    pub rows: u32,
    /// Its bytes.
    pub bytes: Bytes,
}

impl Export<'_> {
    /// The file of the next keys that wait after the last batch; none when nothing does.
    ///
    /// # Errors
    /// When the rows cannot be read, or cannot be a batch.
    pub async fn next_file(
        &self,
        pool: &PgPool,
        ceiling: Ceiling,
        number: u32,
        last: Option<Place>,
    ) -> Result<Option<File>, HandlerError> {
        let load_order: Vec<i32> = self.metadata.entities.iter().map(|table| table.object_type_code).collect();
        let waiting = rows::waiting(pool, self.session.number).await?;
        let waits = |step: Step| waiting.contains(&(step.object_type_code, sync_state(step.kind)));
        for place in plan::places(&plan::steps(&load_order), last, waits) {
            let file = match place.step.kind {
                BatchKind::Deletes => self.deletes(pool, ceiling, number, place).await?,
                BatchKind::Rows => self.rows(pool, ceiling, number, place).await?,
            };
            if file.is_some() {
                return Ok(file);
            }
        }
        Ok(None)
    }

    async fn deletes(
        &self,
        pool: &PgPool,
        ceiling: Ceiling,
        number: u32,
        place: Place,
    ) -> Result<Option<File>, HandlerError> {
        let role = &self.identity.acting_role;
        let keys = rows::delete_keys(pool, role, self.session.number, place, ceiling.rows).await?;
        let Some(to_key) = keys.last().copied() else { return Ok(None) };
        let mut writer = BatchWriter::for_deletes(self.table(place)?.key().attribute.id);
        keys.iter().try_for_each(|key| writer.push_id(*key))?;
        self.finish(&mut writer, number, place, Range { to_key, skipped: Vec::new() }).map(Some)
    }

    async fn rows(
        &self,
        pool: &PgPool,
        ceiling: Ceiling,
        number: u32,
        place: Place,
    ) -> Result<Option<File>, HandlerError> {
        let table = self.table(place)?;
        let mut writer = BatchWriter::for_rows(table.columns.iter().map(|column| column.attribute.id).collect())?;
        let subscription = self.session.number;
        let read = rows::read_rows(pool, &self.identity, table, subscription, place, ceiling, &mut writer).await?;
        let Some(range) = read else { return Ok(None) };
        self.finish(&mut writer, number, place, range).map(Some)
    }

    fn table(&self, place: Place) -> Result<&Table, PlatformError> {
        let code = place.step.object_type_code;
        let missing = || PlatformError::Setup(format!("object type code {code} is not in the session's metadata"));
        self.metadata.table_of(code).ok_or_else(missing)
    }

    fn finish(&self, writer: &mut BatchWriter, number: u32, place: Place, range: Range) -> Result<File, HandlerError> {
        let rows = writer.rows();
        let header = HeaderFields {
            session: self.session_id,
            batch_number: number,
            object_type_code: place.step.object_type_code,
            metadata_version: self.metadata.version,
            compression: Compression::Zstd,
        };
        Ok(File { place, range, rows, bytes: Bytes::from(writer.finish(header)?) })
    }
}

/// The state of the entries that a kind of batch is made of.
fn sync_state(kind: BatchKind) -> i16 {
    match kind {
        BatchKind::Rows => 1,
        BatchKind::Deletes => 2,
    }
}
