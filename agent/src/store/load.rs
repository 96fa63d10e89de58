//! Loading a batch: checked, decoded and applied in one transaction together with the session's progress.

use std::sync::Arc;

use rusqlite::Transaction;
use sojourn_metadata::Entity;
use sojourn_metadata::sqlite::Ident;
use sojourn_wire::batch::{Batch, BatchError, DecodeLimits, Header, Kind, ResultCode};

use super::batch_table::{BATCH_TABLE, Delivery};
use super::error::Fault;
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
        let plan = Plan::new(entity, &header);
        let delivery = Arc::new(Delivery::new(Batch::decode(file, DecodeLimits::default())?, entity));
        let applied = self.apply(batch, &delivery, &plan);
        match delivery.wrong() {
            Some(value) => Err(StoreError::Unfit { batch, problem: value.to_owned() }),
            None => applied,
        }
    }

    fn apply(&mut self, batch: u32, delivery: &Arc<Delivery>, plan: &Plan) -> Result<Loaded, StoreError> {
        let inbox = self.inbox.clone();
        let _laid = inbox.lay(delivery);
        self.write(LOADING, |transaction| {
            let loaded = plan.run(batch, transaction)?;
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

/// The statements that apply one batch.
struct Plan {
    kind: Kind,
    object_type_code: i32,
    apply: String,
    apply_but_pending: String,
}

impl Plan {
    fn new(entity: &Entity, header: &Header) -> Self {
        let statement = |but_pending| match header.kind {
            Kind::Rows => upsert(entity, but_pending),
            Kind::Deletes => delete(entity, but_pending),
        };
        Self {
            kind: header.kind,
            object_type_code: entity.object_type_code,
            apply: statement("true"),
            apply_but_pending: statement(&format!("NOT {}", pending(entity.object_type_code))),
        }
    }

    fn run(&self, batch: u32, transaction: &Transaction<'_>) -> Result<Loaded, Fault> {
        let set_aside = self.set_aside(transaction)?;
        let sql = if set_aside == 0 { &self.apply } else { &self.apply_but_pending };
        let applied = transaction.prepare_cached(sql)?.execute([])? as u64;
        let (rows, deletes) = match self.kind {
            Kind::Rows => (applied, 0),
            Kind::Deletes => (0, applied),
        };
        Ok(Loaded { batch, rows, deletes, set_aside, repeated: false })
    }

    /// Notes the rows that have unsent writes; how many there are.
    fn set_aside(&self, transaction: &Transaction<'_>) -> rusqlite::Result<u64> {
        if !transaction.prepare_cached("SELECT 1 FROM sojourn_queue WHERE state < 2")?.exists([])? {
            return Ok(0);
        }
        let code = self.object_type_code;
        let batch_pending = format!("FROM {BATCH_TABLE} WHERE {}", pending(code));
        let count = format!("SELECT count(*) {batch_pending}");
        let count: i64 = transaction.prepare_cached(&count)?.query_row([], |row| row.get(0))?;
        if count > 0 {
            let note = format!("INSERT OR IGNORE INTO sojourn_refresh SELECT {code}, c0 {batch_pending}");
            transaction.prepare_cached(&note)?.execute([])?;
        }
        Ok(count.unsigned_abs())
    }
}

/// Whether a row of the batch has writes that are waiting or sent.
fn pending(object_type_code: i32) -> String {
    format!(
        "EXISTS (SELECT 1 FROM sojourn_queue AS q \
         WHERE q.object_type_code = {object_type_code} AND q.object_id = c0 AND q.state < 2)"
    )
}

/// `WHERE` must be there: without it SQLite takes `ON` for a join's.
fn upsert(entity: &Entity, condition: &str) -> String {
    let names: Vec<String> = entity.attributes.iter().map(|a| Ident(&a.name).to_string()).collect();
    let columns: Vec<String> = (0..names.len()).map(|column| format!("c{column}")).collect();
    let set: Vec<String> = names.iter().skip(1).map(|name| format!("{name} = excluded.{name}")).collect();
    let resolution = match set.is_empty() {
        true => "NOTHING".to_owned(),
        false => format!("UPDATE SET {}", set.join(", ")),
    };
    format!(
        "INSERT INTO {} ({}) SELECT {} FROM {BATCH_TABLE} WHERE {condition} ON CONFLICT ({}) DO {resolution}",
        Ident(&entity.name),
        names.join(", "),
        columns.join(", "),
        Ident(&entity.key().name),
    )
}

fn delete(entity: &Entity, condition: &str) -> String {
    let (table, key) = (Ident(&entity.name), Ident(&entity.key().name));
    format!("DELETE FROM {table} WHERE {key} IN (SELECT c0 FROM {BATCH_TABLE} WHERE {condition})")
}

fn note_progress(transaction: &Transaction<'_>, loaded: &Loaded) -> rusqlite::Result<()> {
    let sql = "UPDATE sojourn_session SET last_batch = ?1, rows = rows + ?2, deletes = deletes + ?3, \
               set_aside = set_aside + ?4";
    let counts = [loaded.rows, loaded.deletes, loaded.set_aside].map(|count| count as i64);
    let [rows, deletes, set_aside] = counts;
    transaction.prepare_cached(sql)?.execute((loaded.batch, rows, deletes, set_aside))?;
    Ok(())
}
