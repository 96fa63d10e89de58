//! The check that comes before everything else: do the configuration and the database go together?

use std::collections::BTreeSet;

use sojourn_metadata::Config as SojournYaml;
use sojourn_platform::PlatformError;
use sojourn_platform::catalog::{self, Asked};
use sojourn_platform::definition::definition_hash;
use sqlx::PgConnection;

use crate::db;
use crate::error::SchemaError;
use crate::register::{Registration, function_names, register};

/// Makes metadata and rules of what is wanted from what is there. Changes nothing, and needs nothing of ours to be
/// installed: an administrator may run it first, so that wrong input changes nothing. Oddities come as warnings, for
/// whoever asked.
///
/// The connection must not be in a transaction.
///
/// # Errors
/// [`SchemaError::Refused`] holds every problem, each with its next step; [`SchemaError::Platform`] when the database
/// fails.
pub async fn check(conn: &mut PgConnection, wanted: &SojournYaml) -> Result<Registration, SchemaError> {
    Ok(check_with_definition(conn, wanted).await?.0)
}

/// As [`check`], with the definition of who sees what as it was at that very moment.
///
/// # Errors
/// As [`check`].
pub async fn check_with_definition(
    conn: &mut PgConnection,
    wanted: &SojournYaml,
) -> Result<(Registration, String), SchemaError> {
    let places = places(wanted);
    let asked = Asked { role: &wanted.acting_role, places: &places, functions: &function_names(wanted) };
    let mut look = catalog::begin(conn).await?;
    let catalog = catalog::read(&mut look, asked).await?;
    let known = db::codes_read(&mut look).await?;
    let registration = register(wanted, &catalog, &known).map_err(SchemaError::Refused)?;
    let definition = definition_hash(&mut look, &wanted.acting_role, registration.watched()).await?;
    look.commit().await.map_err(PlatformError::doing("ending the look at the catalog"))?;
    Ok((registration, definition))
}

/// Every table that the file names, once.
fn places(wanted: &SojournYaml) -> Vec<[String; 2]> {
    let entities = wanted.entities.iter().map(|entity| entity.place(wanted));
    let depends_on = wanted.entities.iter().flat_map(|entity| &entity.depends_on).map(|said| &said.table);
    let others = wanted.functions.values().flatten().chain(depends_on).map(|table| wanted.place_of(table));
    entities.chain(others).collect::<BTreeSet<_>>().into_iter().collect()
}
