//! What the scanning role may read: of each entity the columns by which rows are found, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use sojourn_metadata::replay::DuplicateRule;
use sojourn_metadata::{DataType, Entity};
use sojourn_platform::PlatformError;
use sojourn_platform::sql::{InvalidIdent, Sql};
use sqlx::PgConnection;

use super::stream::Installed;
use crate::error::SchemaError;
use crate::register::Registration;
use crate::statement::scan::{self, Columns};

const GRANTING: &str = "granting sojourn_scan the columns by which rows are found";

/// Schema and table.
type Place = (String, String);
/// Columns of tables.
type Readable = BTreeMap<Place, BTreeSet<String>>;

/// Grants what the entities need and revokes what nobody needs. What another dataset may need is left.
pub(super) async fn grant(
    conn: &mut PgConnection,
    registration: &Registration,
    streams: &[Installed],
) -> Result<(), SchemaError> {
    let wanted = wanted(registration);
    let there = read(conn).await?;
    let dataset = &registration.metadata.dataset;
    let others = streams.iter().filter(|stream| stream.datasets.iter().any(|of| of != dataset));
    let others: BTreeSet<Place> = others.map(|stream| (stream.schema.clone(), stream.table.clone())).collect();
    let entered = schemas(conn).await?;
    let needed: BTreeSet<&String> = wanted.keys().chain(&others).map(|(schema, _)| schema).collect();
    for schema in needed.iter().filter(|schema| !entered.contains(**schema)) {
        run(conn, scan::enter(schema)).await?;
    }
    for columns in missing(&wanted, &there) {
        run(conn, scan::grant(&columns)).await?;
    }
    for columns in missing(&there, &wanted) {
        if !others.contains(&(columns.schema.clone(), columns.table.clone())) {
            run(conn, scan::revoke(&columns)).await?;
        }
    }
    for schema in entered.iter().filter(|schema| !needed.contains(schema)) {
        run(conn, scan::leave(schema)).await?;
    }
    Ok(())
}

/// Checks that the scanning role may read all this, before anybody relies on it.
///
/// # Errors
/// [`SchemaError::NotGranted`] names the columns that it may not read.
pub async fn check_granted(conn: &mut PgConnection, registration: &Registration) -> Result<(), SchemaError> {
    let there = read(conn).await?;
    let missing = missing(&wanted(registration), &there);
    if missing.is_empty() {
        return Ok(());
    }
    let columns = missing.into_iter().flat_map(|of| {
        let Columns { schema, table, columns } = of;
        columns.into_iter().map(move |column| format!("{schema}.{table}.{column}"))
    });
    Err(SchemaError::NotGranted { columns: columns.collect() })
}

async fn run(conn: &mut PgConnection, sql: Result<Sql, InvalidIdent>) -> Result<(), SchemaError> {
    let sql = sql.map_err(PlatformError::from)?;
    sqlx::query(sql.into_sqlx()).execute(conn).await.map_err(PlatformError::doing(GRANTING))?;
    Ok(())
}

/// Everything that rows are found by.
fn wanted(registration: &Registration) -> Readable {
    let mut wanted = Readable::new();
    for entity in &registration.metadata.entities {
        let columns = wanted.entry((entity.schema.clone(), entity.table.clone())).or_default();
        columns.extend(found_by(entity));
        columns.extend(compared(&registration.replay.duplicates, &entity.name));
    }
    wanted
}

/// What duplicate rules compare.
fn compared(rules: &[DuplicateRule], entity: &str) -> impl Iterator<Item = String> {
    let compared = rules.iter().flat_map(|rule| rule.when.iter().map(move |condition| (rule, condition)));
    compared.flat_map(move |(rule, condition)| {
        let mine = (rule.entity == entity).then(|| condition.attribute.clone());
        let theirs = (rule.other() == entity).then(|| condition.other().to_owned());
        mine.into_iter().chain(theirs)
    })
}

/// The object id, what it refers to, and the times that a moving clock sweeps over.
fn found_by(entity: &Entity) -> impl Iterator<Item = String> {
    let refers = move |name: &str| entity.relationships.iter().any(|relationship| relationship.attribute == name);
    let is_time = |kind| matches!(kind, DataType::Date | DataType::Timestamp | DataType::TimestampTz);
    let found = entity.attributes.iter().filter(move |attribute| {
        attribute.id == entity.key().id || refers(&attribute.name) || is_time(attribute.data_type)
    });
    found.map(|attribute| attribute.name.clone())
}

/// What is in the one and not in the other.
fn missing(of: &Readable, from: &Readable) -> Vec<Columns> {
    let missing = of.iter().map(|(place, columns)| {
        let has = from.get(place);
        let columns = columns.iter().filter(|column| !has.is_some_and(|has| has.contains(*column)));
        Columns { schema: place.0.clone(), table: place.1.clone(), columns: columns.cloned().collect() }
    });
    missing.filter(|missing| !missing.columns.is_empty()).collect()
}

async fn read(conn: &mut PgConnection) -> Result<Readable, PlatformError> {
    let rows: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT n.nspname::text, c.relname::text, a.attname::text
           FROM pg_attribute a
          CROSS JOIN LATERAL aclexplode(a.attacl) AS granted
           JOIN pg_class c ON c.oid = a.attrelid
           JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE a.attacl IS NOT NULL AND NOT a.attisdropped
            AND granted.grantee = 'sojourn_scan'::regrole AND granted.privilege_type = 'SELECT'",
    )
    .fetch_all(conn)
    .await
    .map_err(PlatformError::doing(GRANTING))?;
    let mut readable = Readable::new();
    for (schema, table, column) in rows {
        readable.entry((schema, table)).or_default().insert(column);
    }
    Ok(readable)
}

async fn schemas(conn: &mut PgConnection) -> Result<BTreeSet<String>, PlatformError> {
    let schemas: Vec<String> = sqlx::query_scalar(
        "SELECT n.nspname::text
           FROM pg_namespace n
          CROSS JOIN LATERAL aclexplode(n.nspacl) AS granted
          WHERE granted.grantee = 'sojourn_scan'::regrole AND granted.privilege_type = 'USAGE'
            AND n.nspname <> 'sojourn'",
    )
    .fetch_all(conn)
    .await
    .map_err(PlatformError::doing(GRANTING))?;
    Ok(schemas.into_iter().collect())
}
