//! Reading entity tables, for comparing them with the server's.

use sojourn_metadata::Entity;
use sojourn_metadata::sqlite::Ident;

use super::value::from_sqlite;
use super::{Store, StoreError, ValueRef};

impl Store {
    /// How many rows of an entity are on the device.
    ///
    /// # Errors
    /// [`StoreError::NoEntity`]; that the database cannot be read.
    pub fn count_rows(&self, entity: &str) -> Result<u64, StoreError> {
        let entity = self.entity(entity)?;
        self.read("counting rows", |connection| {
            let sql = format!("SELECT count(*) FROM {}", Ident(&entity.name));
            Ok(connection.query_row(&sql, [], |row| row.get::<_, i64>(0))?.unsigned_abs())
        })
    }

    /// Hands every row of an entity to `visit`, in order of the object id: the id, and the values of all attributes in
    /// the metadata's order, the id among them. One row is in memory at a time.
    ///
    /// # Errors
    /// [`StoreError::NoEntity`]; that the database cannot be read.
    pub fn for_each_row(&self, entity: &str, mut visit: impl FnMut(&str, &[ValueRef<'_>])) -> Result<(), StoreError> {
        let entity = self.entity(entity)?;
        self.read("reading rows", |connection| {
            let mut statement = connection.prepare(&select_all(entity))?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let values: Result<Vec<ValueRef<'_>>, _> =
                    (0..entity.attributes.len()).map(|column| Ok(from_sqlite(row.get_ref(column)?))).collect();
                let values = values.map_err(|error: rusqlite::Error| error)?;
                let Some(ValueRef::Text(id)) = values.first() else { continue };
                visit(id, &values);
            }
            Ok(())
        })
    }

    pub(super) fn entity(&self, name: &str) -> Result<&Entity, StoreError> {
        let metadata = &self.adopted()?.metadata;
        metadata.entity(name).ok_or_else(|| StoreError::NoEntity { name: name.to_owned() })
    }
}

fn select_all(entity: &Entity) -> String {
    let columns: Vec<String> = entity.attributes.iter().map(|a| Ident(&a.name).to_string()).collect();
    let (table, key) = (Ident(&entity.name), Ident(&entity.key().name));
    format!("SELECT {} FROM {table} ORDER BY {key}", columns.join(", "))
}
