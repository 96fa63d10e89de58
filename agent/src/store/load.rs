//! Loading a batch: checked, decoded and applied in one transaction together with the session's progress.

use std::sync::Arc;

use rusqlite::Transaction;
use sojourn_metadata::Entity;
use sojourn_wire::batch::{Batch, BatchError, DecodeLimits, Header, Kind, ResultCode};

use super::batch_table::{BATCH_TABLE, Delivery};
use super::load_sql::{Statements, pending};
use super::{Adopted, Store, StoreError, session};

const LOADING: &str = "loading a batch";

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loaded {
    /// Its number.
    pub batch: u32,
    /// Rows inserted or updated.
    pub rows: u64,
    /// Rows deleted.
    pub deletes: u64,
    /// Rows and deletes put off because they have unsent writes; the next prepare asks for them again.
    pub set_aside: u64,
    /// The batch had been loaded before; nothing was done now.
    pub repeated: bool,
}

impl Store {
    /// Loads a batch file of the session under way.
    ///
    /// # Errors
    /// [`StoreError::Batch`] and [`StoreError::Unfit`] for a file that cannot be used, [`StoreError::OtherSession`] and
    /// [`StoreError::Gap`] for one that does not come next; that the disk is full or the database locked. The tables
    /// and the session's progress are what they were.
    pub fn load(&mut self, file: &[u8]) -> Result<Loaded, StoreError> {
        let header = Header::parse(file)?;
        let batch = header.batch_number;
        let stored = self.read(LOADING, |connection| session::expect(connection, header.session))?;
        if batch <= stored.last_batch {
            return Ok(Loaded { batch, rows: 0, deletes: 0, set_aside: 0, repeated: true });
        }
        if stored.finished || batch != stored.last_batch + 1 {
            return Err(out_of_turn(&stored, batch));
        }
        if header.result != ResultCode::OK {
            return Err(BatchError::Refused(header.result).into());
        }
        let adopted = self.adopted()?;
        let entity = fitting_entity(adopted, &header).map_err(|problem| StoreError::Unfit { batch, problem })?;
        let entity = entity.clone();
        let delivery = Arc::new(Delivery::new(Batch::decode(file, DecodeLimits::default())?, &entity));
        let applied = self.apply(&header, &delivery, &entity);
        match delivery.wrong() {
            Some(value) => Err(StoreError::Unfit { batch, problem: value.to_owned() }),
            None => applied,
        }
    }

    fn apply(&mut self, header: &Header, delivery: &Arc<Delivery>, entity: &Entity) -> Result<Loaded, StoreError> {
        let inbox = self.inbox.clone();
        let _laid = inbox.lay(delivery);
        self.write(LOADING, |transaction| {
            let set_aside = set_aside(transaction, entity.object_type_code)?;
            let applied = Statements::new(entity, set_aside > 0).run(header.kind, transaction)?;
            forget_asked(transaction, entity.object_type_code)?;
            let (rows, deletes) = match header.kind {
                Kind::Rows => (applied, 0),
                Kind::Deletes => (0, applied),
            };
            let loaded = Loaded { batch: header.batch_number, rows, deletes, set_aside, repeated: false };
            note_progress(transaction, &loaded)?;
            Ok(loaded)
        })
    }
}

fn out_of_turn(session: &session::Session, batch: u32) -> StoreError {
    match session.finished {
        true => StoreError::OtherSession { asked: session.id, current: None },
        false => StoreError::Gap { expected: session.last_batch + 1, got: batch },
    }
}

/// The entity that the batch is of, if its columns are the entity's attributes.
fn fitting_entity<'a>(adopted: &'a Adopted, header: &Header) -> Result<&'a Entity, String> {
    if header.metadata_version != adopted.version {
        let (batch, device) = (header.metadata_version, adopted.version);
        return Err(format!("it has metadata version {batch}, the tables {device}"));
    }
    let code = header.object_type_code;
    let entity = adopted.metadata.entity_of(code).ok_or_else(|| format!("no entity has object type code {code}"))?;
    let expected = match header.kind {
        Kind::Rows => entity.attribute_ids(),
        Kind::Deletes => vec![entity.key().id],
    };
    match header.attributes == expected {
        true => Ok(entity),
        false => Err(format!("its attributes are {:?}, those of {} {expected:?}", header.attributes, entity.name)),
    }
}

/// Notes the rows of the batch that have unsent writes; how many there are.
fn set_aside(transaction: &Transaction<'_>, object_type_code: i32) -> rusqlite::Result<u64> {
    if !transaction.prepare_cached("SELECT 1 FROM sojourn_queue WHERE state < 2")?.exists([])? {
        return Ok(0);
    }
    let pending = format!("FROM {BATCH_TABLE} WHERE {}", pending(object_type_code));
    let count = format!("SELECT count(*) {pending}");
    let count: i64 = transaction.prepare_cached(&count)?.query_row([], |row| row.get(0))?;
    if count > 0 {
        let note = format!("INSERT OR IGNORE INTO sojourn_refresh SELECT {object_type_code}, c0 {pending}");
        transaction.prepare_cached(&note)?.execute([])?;
    }
    Ok(count.unsigned_abs())
}

/// What has come need not be asked for any more; what was set aside must be.
fn forget_asked(transaction: &Transaction<'_>, object_type_code: i32) -> rusqlite::Result<()> {
    let any = "SELECT 1 FROM sojourn_refresh WHERE object_type_code = ?1";
    if transaction.prepare_cached(any)?.exists([object_type_code])? {
        let come = format!("SELECT c0 FROM {BATCH_TABLE} WHERE NOT {}", pending(object_type_code));
        let sql = format!("DELETE FROM sojourn_refresh WHERE object_type_code = ?1 AND object_id IN ({come})");
        transaction.prepare_cached(&sql)?.execute([object_type_code])?;
    }
    Ok(())
}

fn note_progress(transaction: &Transaction<'_>, loaded: &Loaded) -> rusqlite::Result<()> {
    let sql = "UPDATE sojourn_session SET last_batch = ?1, rows = rows + ?2, deletes = deletes + ?3, \
               set_aside = set_aside + ?4";
    let counts = [loaded.rows, loaded.deletes, loaded.set_aside].map(|count| count as i64);
    let [rows, deletes, set_aside] = counts;
    transaction.prepare_cached(sql)?.execute((loaded.batch, rows, deletes, set_aside))?;
    Ok(())
}
