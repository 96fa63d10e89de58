//! What Postgres' catalog says about the tables that are to go offline, and about the role that users act as.
//!
//! Plain rows, without a judgement: what is wrong with them is decided by whoever registers entities. Everything here
//! only reads, needs no privilege but to connect, and works before anything of ours is installed.
//!
//! Oids, 32 bits without a sign, are `i64` here; column numbers are `i16`, as the catalog has them.

mod column;
mod dependency;
mod foreign_key;
mod relation;
mod role;
mod routine;

pub use column::{Column, TypeKind};
pub use dependency::{Dependencies, Function, Object, ObjectKind, Policy, Unsteady};
pub use foreign_key::ForeignKey;
pub use relation::{Relation, TableName};
pub use role::Role;
pub use routine::Routine;

use std::collections::BTreeSet;

use sqlx::{Connection as _, PgConnection, Postgres, Transaction};

use crate::database::PlatformError;

/// What to look for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The acting role's name.
    pub role: &'a str,
    /// Tables, by schema and name, each once.
    pub places: &'a [[String; 2]],
    /// Functions, by schema and name.
    pub functions: &'a [[String; 2]],
}

/// One look at the catalog.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Catalog {
    /// The acting role; none when no role has its name. Without it nobody has a privilege in the rows below.
    pub role: Option<Role>,
    /// What stands at the places that were asked for, and what their policies lead to, in no particular order. Places
    /// with nothing are absent.
    pub relations: Vec<Relation>,
    /// The columns of what stands at the places, by relation and number.
    pub columns: Vec<Column>,
    /// The foreign keys of one column among them.
    pub foreign_keys: Vec<ForeignKey>,
    /// What their policies lead to.
    pub dependencies: Dependencies,
    /// The functions that have one of the names that were asked for.
    pub routines: Vec<Routine>,
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

/// Reads what the catalog says. Changes nothing.
///
/// # Errors
/// [`PlatformError::Database`] says what was being read.
pub async fn read(look: &mut Transaction<'_, Postgres>, asked: Asked<'_>) -> Result<Catalog, PlatformError> {
    let role = role::read(look, asked.role).await?;
    let role_oid = role.as_ref().map(|role| role.oid);
    let found = relation::find(look, asked.places).await?;
    let dependencies = dependency::read(look, role_oid, &found).await?;
    let relations = relation::read(look, role_oid, &with_reached(&found, &dependencies)).await?;
    let columns = column::read(look, role_oid, &found).await?;
    let foreign_keys = foreign_key::read(look, &found).await?;
    let routines = routine::read(look, role_oid, asked.functions).await?;
    let all_found = found.len() == asked.places.len();
    let table_names = if all_found { Vec::new() } else { relation::read_names(look).await? };
    Ok(Catalog { role, relations, columns, foreign_keys, dependencies, routines, table_names })
}

fn with_reached(found: &[i64], dependencies: &Dependencies) -> Vec<i64> {
    let reached = dependencies.edges.iter().map(|(_, to)| to).filter(|to| to.kind == ObjectKind::Relation);
    let all: BTreeSet<i64> = found.iter().copied().chain(reached.map(|to| to.oid)).collect();
    all.into_iter().collect()
}

/// Begins to look: one snapshot for all the statements. With nothing but `pg_catalog` in the search path, `format_type`
/// writes the schema before the name of every type that is not Postgres' own, so that its words mean the same under any
/// path. The connection must not be in a transaction.
///
/// # Errors
/// [`PlatformError::Database`].
pub async fn begin(conn: &mut PgConnection) -> Result<Transaction<'_, Postgres>, PlatformError> {
    let doing = || PlatformError::doing("beginning to read the catalog");
    let mut tx = conn.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.map_err(doing())?;
    sqlx::query("SELECT set_config('search_path', 'pg_catalog', true)").execute(&mut *tx).await.map_err(doing())?;
    Ok(tx)
}
