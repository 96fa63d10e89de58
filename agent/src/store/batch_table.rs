//! A decoded batch as a table for SQLite to read, with columns `c0`, `c1`, and so on.
//!
//! One `INSERT … SELECT` over it costs two thirds of what a prepared INSERT for each row does. All that is unsafe about
//! the agent is in this file: SQLite reaches a virtual table and its cursor through a pointer to their first field, so
//! both must be laid out as C does.
#![expect(unsafe_code, reason = "a virtual table must promise SQLite the layout of its first field")]

use std::cell::RefCell;
use std::ffi::c_int;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rusqlite::types::Null;
use rusqlite::vtab::{
    Context, Filters, IndexConstraint, IndexConstraintOp, IndexInfo, VTab, VTabConnection, VTabCursor,
    eponymous_only_module, sqlite3_vtab, sqlite3_vtab_cursor,
};
use rusqlite::{Connection, Error};
use sojourn_metadata::{Attribute, Entity};
use sojourn_wire::batch::pgvalue::ValueError;
use sojourn_wire::batch::{Batch, Header, MAX_COLUMNS, ValueType};

use super::value::{Given, ValueRef};

/// The table's name; only this connection has it.
pub(super) const BATCH_TABLE: &str = "sojourn_batch";

/// What SQLite calls the row number among the columns.
const ROWID: c_int = -1;
/// How a cursor goes: over all rows, or to the one of a row number.
const ALL_ROWS: c_int = 0;
const ONE_ROW: c_int = 1;

/// Where the next batch is laid for the table to show.
#[derive(Debug, Clone, Default)]
pub(super) struct Inbox(Arc<Mutex<Option<Arc<Delivery>>>>);

/// A batch, what its columns hold, and what was found wrong with a value.
#[derive(Debug)]
pub(super) struct Delivery {
    batch: Batch,
    columns: Vec<(String, ValueType)>,
    wrong: OnceLock<String>,
}

impl Delivery {
    /// A batch whose columns hold these attributes of an entity, in the batch's order.
    pub(super) fn new(batch: Batch, entity: &Entity) -> Self {
        let name = |attribute: &Attribute| format!("{}.{}", entity.name, attribute.name);
        let column = |attribute: &Attribute| (name(attribute), attribute.data_type.into());
        let columns = entity.attributes.iter().take(batch.header().attributes.len()).map(column).collect();
        Self { batch, columns, wrong: OnceLock::new() }
    }

    /// What the batch's file says of itself.
    pub(super) fn header(&self) -> &Header {
        self.batch.header()
    }

    /// Reads every value, as loading the batch would; the first that cannot be read is [`Self::wrong`] then.
    pub(super) fn read_all(&self) {
        let mut text = String::new();
        for (column, (name, value_type)) in self.batch.columns().zip(&self.columns) {
            for (row, raw) in column.iter().enumerate() {
                if let Some(Err(error)) = raw.map(|raw| ValueRef::read(raw, *value_type, &mut text)) {
                    self.note_wrong(row, name, error);
                    return;
                }
            }
        }
    }

    /// Which value could not be read, and why.
    pub(super) fn wrong(&self) -> Option<&str> {
        self.wrong.get().map(String::as_str)
    }

    fn note_wrong(&self, row: usize, column: &str, error: ValueError) -> &str {
        let id = self.batch.object_ids().nth(row).unwrap_or_default();
        self.wrong.get_or_init(|| format!("{column} of {id}: {error}"))
    }
}

impl Inbox {
    /// Gives the connection the table, empty.
    pub(super) fn attach(connection: &Connection) -> rusqlite::Result<Self> {
        let inbox = Self::default();
        let aux = Some(inbox.clone());
        connection.create_module(BATCH_TABLE, eponymous_only_module::<BatchTable>(), aux)?;
        Ok(inbox)
    }

    /// Shows a batch until the guard is dropped.
    pub(super) fn lay(&self, delivery: &Arc<Delivery>) -> Laid<'_> {
        self.replace(Some(delivery.clone()));
        Laid(self)
    }

    fn replace(&self, delivery: Option<Arc<Delivery>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = delivery;
    }

    fn current(&self) -> Option<Arc<Delivery>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Takes the batch away again, whatever happens.
pub(super) struct Laid<'a>(&'a Inbox);

impl Drop for Laid<'_> {
    fn drop(&mut self) {
        self.0.replace(None);
    }
}

#[repr(C)]
struct BatchTable {
    /// SQLite's part; must be first.
    base: sqlite3_vtab,
    inbox: Inbox,
}

// SAFETY: `repr(C)` with `sqlite3_vtab` as the first field, as the trait demands.
unsafe impl<'vtab> VTab<'vtab> for BatchTable {
    type Aux = Inbox;
    type Cursor = BatchCursor<'vtab>;

    fn connect(_: &mut VTabConnection, aux: Option<&Inbox>, _: &[&[u8]]) -> rusqlite::Result<(String, Self)> {
        let columns: Vec<String> = (0..MAX_COLUMNS).map(|column| format!("c{column}")).collect();
        let table = Self { base: sqlite3_vtab::default(), inbox: aux.cloned().unwrap_or_default() };
        Ok((format!("CREATE TABLE x ({})", columns.join(", ")), table))
    }

    fn best_index(&self, info: &mut IndexInfo) -> rusqlite::Result<()> {
        let is_rowid = |constraint: &IndexConstraint<'_>| {
            let is_equal = constraint.operator() == IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_EQ;
            constraint.is_usable() && is_equal && constraint.column() == ROWID
        };
        let one = info.constraints_and_usages().find(|(constraint, _)| is_rowid(constraint));
        let (plan, rows) = match one {
            Some((_, mut usage)) => {
                usage.set_argv_index(1);
                (ONE_ROW, 1)
            }
            None => (ALL_ROWS, 10_000),
        };
        info.set_idx_num(plan);
        info.set_estimated_cost(rows as f64);
        info.set_estimated_rows(rows);
        Ok(())
    }

    fn open(&'vtab mut self) -> rusqlite::Result<BatchCursor<'vtab>> {
        Ok(BatchCursor {
            base: sqlite3_vtab_cursor::default(),
            delivery: self.inbox.current(),
            row: 0,
            end: 0,
            text: RefCell::default(),
            table: PhantomData,
        })
    }
}

#[repr(C)]
struct BatchCursor<'vtab> {
    /// SQLite's part; must be first.
    base: sqlite3_vtab_cursor,
    delivery: Option<Arc<Delivery>>,
    row: usize,
    /// The row before which it stops.
    end: usize,
    text: RefCell<String>,
    table: PhantomData<&'vtab BatchTable>,
}

// SAFETY: `repr(C)` with `sqlite3_vtab_cursor` as the first field, as the trait demands.
unsafe impl VTabCursor for BatchCursor<'_> {
    fn filter(&mut self, plan: c_int, _: Option<&str>, arguments: &Filters<'_>) -> rusqlite::Result<()> {
        let rows = self.delivery.as_ref().map_or(0, |delivery| delivery.batch.rows());
        (self.row, self.end) = (0, rows);
        if plan == ONE_ROW {
            let asked = usize::try_from(arguments.get::<i64>(0)?).unwrap_or(rows).min(rows);
            (self.row, self.end) = (asked, rows.min(asked + 1));
        }
        Ok(())
    }

    fn next(&mut self) -> rusqlite::Result<()> {
        self.row += 1;
        Ok(())
    }

    fn eof(&self) -> bool {
        self.row >= self.end
    }

    fn column(&self, context: &mut Context, index: c_int) -> rusqlite::Result<()> {
        let Some(delivery) = self.delivery.as_deref() else { return context.set_result(&Null) };
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        let raw = delivery.batch.column(index).and_then(|column| column.get(self.row));
        match (raw, delivery.columns.get(index)) {
            (Some(raw), Some((name, value_type))) => {
                let mut text = self.text.borrow_mut();
                let value = ValueRef::read(raw, *value_type, &mut text);
                let wrong = |error| Error::ModuleError(delivery.note_wrong(self.row, name, error).to_owned());
                context.set_result(&Given(value.map_err(wrong)?))
            }
            _ => context.set_result(&Null),
        }
    }

    fn rowid(&self) -> rusqlite::Result<i64> {
        Ok(self.row as i64)
    }
}
