//! What Postgres' catalog says about the tables that are to go offline, and about the role that users act as.
//!
//! Plain rows, without a judgement: what is wrong with them is decided by whoever registers entities. Everything here
//! only reads, needs no privilege but to connect, and works before anything of ours is installed.
//!
//! Oids, 32 bits without a sign, are `i64` here; column numbers are `i16`, as the catalog has them.

mod column;
mod foreign_key;
mod relation;
mod role;

pub use column::{Column, TypeKind};
pub use foreign_key::ForeignKey;
pub use relation::{Relation, TableName};
pub use role::Role;

use sqlx::{Connection as _, PgConnection, Postgres, Transaction};

use crate::database::PlatformError;

/// One look at the catalog.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Catalog {
    /// The acting role; none when no role has its name. Without it nobody has a privilege in the rows below.
    pub role: Option<Role>,
    /// What stands at the places that were asked for, in no particular order. Places with nothing are absent.
    pub relations: Vec<Relation>,
    /// Their columns, by relation and number.
    pub columns: Vec<Column>,
    /// The foreign keys of one column among them.
    pub foreign_keys: Vec<ForeignKey>,
    /// The name of every table of the database, for suggestions; only read when something was not found.
    pub table_names: Vec<TableName>,
}

impl Catalog {
    /// What has this schema and name.
    #[must_use]
    pub fn relation(&self, [schema, name]: &[String; 2]) -> Option<&Relation> {
        self.relations.iter().find(|relation| relation.schema == *schema && relation.name == *name)
    }

    /// The columns of one relation, in the order of their numbers.
    pub fn columns_of(&self, relation: i64) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(move |column| column.relation == relation)
    }

    /// The foreign keys of one relation, in the order of their columns.
    pub fn foreign_keys_of(&self, relation: i64) -> impl Iterator<Item = &ForeignKey> {
        self.foreign_keys.iter().filter(move |key| key.relation == relation)
    }
}

/// Reads what the catalog says about `places` (schema and name each) and about what `role` may do with them.
///
/// Changes nothing. The connection must not be in a transaction.
///
/// # Errors
/// [`PlatformError::Database`] says what was being read.
pub async fn read(conn: &mut PgConnection, role: &str, places: &[[String; 2]]) -> Result<Catalog, PlatformError> {
    let mut tx = begin(conn).await?;
    let role = role::read(&mut tx, role).await?;
    let role_oid = role.as_ref().map(|role| role.oid);
    let relations = relation::read(&mut tx, role_oid, places).await?;
    let oids: Vec<i64> = relations.iter().map(|relation| relation.oid).collect();
    let columns = column::read(&mut tx, role_oid, &oids).await?;
    let foreign_keys = foreign_key::read(&mut tx, &oids).await?;
    let all_found = relations.len() == places.len();
    let table_names = if all_found { Vec::new() } else { relation::read_names(&mut tx).await? };
    tx.commit().await.map_err(PlatformError::doing("ending the look at the catalog"))?;
    Ok(Catalog { role, relations, columns, foreign_keys, table_names })
}

/// One snapshot for all the statements. With nothing but `pg_catalog` in the search path, `format_type` writes the
/// schema before the name of every type that is not Postgres' own, so that its words mean the same under any path.
async fn begin(conn: &mut PgConnection) -> Result<Transaction<'_, Postgres>, PlatformError> {
    let doing = || PlatformError::doing("beginning to read the catalog");
    let mut tx = conn.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.map_err(doing())?;
    sqlx::query("SELECT set_config('search_path', 'pg_catalog', true)").execute(&mut *tx).await.map_err(doing())?;
    Ok(tx)
}
