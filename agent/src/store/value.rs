//! One value, on its way into SQLite or out of it.

use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef as Sqlite};

pub use sojourn_wire::batch::Value as ValueRef;

/// A value that SQLite gave.
pub(super) fn from_sqlite(value: Sqlite<'_>) -> ValueRef<'_> {
    match value {
        Sqlite::Null => ValueRef::Null,
        Sqlite::Integer(number) => ValueRef::Integer(number),
        Sqlite::Real(number) => ValueRef::Real(number),
        Sqlite::Text(bytes) => str::from_utf8(bytes).map_or(ValueRef::Blob(bytes), ValueRef::Text),
        Sqlite::Blob(bytes) => ValueRef::Blob(bytes),
    }
}

/// A value that SQLite is given.
pub(super) struct Given<'a>(pub(super) ValueRef<'a>);

impl ToSql for Given<'_> {
    #[inline]
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            ValueRef::Null => Sqlite::Null,
            ValueRef::Integer(number) => Sqlite::Integer(number),
            ValueRef::Real(number) => Sqlite::Real(number),
            ValueRef::Text(text) => Sqlite::Text(text.as_bytes()),
            ValueRef::Blob(bytes) => Sqlite::Blob(bytes),
        }))
    }
}
