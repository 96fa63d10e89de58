//! The tables this service writes: `dataset`, `entity`, `metadata_version`, `replay_rules` and `tracked_table`; and the object type
//! codes it reads back. The only user of sqlx here.

pub mod index;
pub mod scan;
pub mod stream;
pub mod track;

use sojourn_metadata::{Config as SojournYaml, Metadata, ReplayRules, Rules};
use sojourn_platform::PlatformError;
use sojourn_platform::definition::definition_hash;
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};

use crate::document;
use crate::error::SchemaError;
use crate::register::{KnownCode, Registration};

const READING_CODES: &str =
    "reading the object type codes in sojourn.entity, which a superuser, sojourn_service and sojourn_owner may";

/// A version in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// Its number, from 1.
    pub version: u32,
    /// It was made just now, because the metadata differs from the version before.
    pub is_new: bool,
}

/// Reads every object type code given so far; none when the schema `sojourn` is not installed yet.
///
/// # Errors
/// [`SchemaError::Platform`] when the database fails, or does not let this login read them.
pub async fn codes_read(conn: &mut PgConnection) -> Result<Vec<KnownCode>, SchemaError> {
    let doing = || PlatformError::doing(READING_CODES);
    let installed: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT
                          FROM pg_catalog.pg_class c
                          JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                         WHERE n.nspname = 'sojourn' AND c.relname = 'entity')",
    )
    .fetch_one(&mut *conn)
    .await
    .map_err(doing())?;
    if !installed {
        return Ok(Vec::new());
    }
    let rows: Vec<(i32, String, String)> =
        sqlx::query_as("SELECT object_type_code, dataset, name FROM sojourn.entity ORDER BY object_type_code")
            .fetch_all(&mut *conn)
            .await
            .map_err(doing())?;
    Ok(rows.into_iter().map(|(code, dataset, entity)| KnownCode { code, dataset, entity }).collect())
}

/// The rules that go with metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InForce {
    /// The rules, with the numbers of their streams.
    pub rules: Rules,
    /// The definition of who sees what, as it was when they were made.
    pub definition: String,
    /// The rules of the write path.
    pub replay: ReplayRules,
}

impl InForce {
    /// What a registration puts in force; `numbers` stand as its streams do.
    #[must_use]
    pub fn of(registration: &Registration, numbers: &[i32], definition: String) -> Self {
        Self { rules: registration.rules(numbers), definition, replay: registration.replay.clone() }
    }
}

/// Stores the metadata as the version in force, and the rules with it: the newest version if that says the same, else
/// one more. Rules that are not as they were are another registration.
///
/// One transaction, one at a time: replicas that start together agree on the number.
///
/// # Errors
/// [`SchemaError::CodeLost`] when a code was given to another entity since the metadata was checked; nothing is stored.
/// [`SchemaError::Platform`] when the database fails.
pub async fn version_store(pool: &PgPool, metadata: &Metadata, in_force: &InForce) -> Result<Stored, SchemaError> {
    let mut tx = pool.begin().await.map_err(PlatformError::doing("beginning to store the metadata"))?;
    lock(&mut tx).await?;
    rules_store(&mut tx, metadata, in_force).await?;
    entities_insert(&mut tx, metadata).await?;
    let hash = document::hash(metadata)?;
    let stored = match version_newest(&mut tx, &metadata.dataset).await? {
        Some((version, newest)) if newest == hash => Stored { version: number(version)?, is_new: false },
        newest => {
            let version = newest.map_or(0, |(version, _)| version) + 1;
            version_insert(&mut tx, metadata, version, &hash).await?;
            Stored { version: number(version)?, is_new: true }
        }
    };
    tx.commit().await.map_err(PlatformError::doing("storing the metadata"))?;
    Ok(stored)
}

/// Whether what decides who sees what is as it was when the dataset's rules were made.
///
/// # Errors
/// [`SchemaError::Platform`] when the database fails.
pub async fn definition_is_stored(conn: &mut PgConnection, wanted: &SojournYaml) -> Result<bool, SchemaError> {
    let stored: Option<(Option<Json<Rules>>, Option<String>)> =
        sqlx::query_as("SELECT rules, definition FROM sojourn.dataset WHERE name = $1")
            .bind(&wanted.dataset)
            .fetch_optional(&mut *conn)
            .await
            .map_err(PlatformError::doing("reading the rules in force"))?;
    let Some((Some(Json(rules)), Some(definition))) = stored else { return Ok(false) };
    Ok(definition_hash(conn, &wanted.acting_role, &rules.watched).await? == definition)
}

/// The hash of the metadata in force; none before the first version.
///
/// # Errors
/// [`SchemaError::Platform`] when the database fails.
pub async fn hash_in_force(conn: &mut PgConnection, dataset: &str) -> Result<Option<String>, SchemaError> {
    Ok(version_newest(conn, dataset).await?.map(|(_, hash)| hash))
}

fn number(version: i32) -> Result<u32, PlatformError> {
    u32::try_from(version)
        .map_err(|_| PlatformError::Setup(format!("sojourn.metadata_version holds version {version}")))
}

/// Until the end of the transaction nobody else stores metadata, of any dataset: they share the codes. Whoever holds
/// the lock is done in milliseconds, or frozen.
async fn lock(conn: &mut PgConnection) -> Result<(), PlatformError> {
    let doing = || PlatformError::doing("waiting for another schema service to store its metadata");
    sqlx::query("SELECT set_config('lock_timeout', '30s', true)").execute(&mut *conn).await.map_err(doing())?;
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('sojourn.metadata_version', 0))")
        .execute(conn)
        .await
        .map_err(doing())?;
    Ok(())
}

/// Stores the rules of a dataset, without its metadata. Rules that are not as they were are another registration; those of
/// the write path decide nothing about rows, and are none.
///
/// # Errors
/// [`PlatformError`] when the database fails.
pub async fn rules_store(
    conn: &mut PgConnection,
    metadata: &Metadata,
    in_force: &InForce,
) -> Result<(), PlatformError> {
    sqlx::query(
        "INSERT INTO sojourn.dataset (name, acting_role, rules, definition, registration) VALUES ($1, $2, $3, $4, 1)
         ON CONFLICT (name) DO UPDATE
         SET acting_role = excluded.acting_role, rules = excluded.rules, definition = excluded.definition,
             registration = dataset.registration + 1
         WHERE (dataset.acting_role, dataset.rules, dataset.definition)
               IS DISTINCT FROM (excluded.acting_role, excluded.rules, excluded.definition)",
    )
    .bind(&metadata.dataset)
    .bind(&metadata.acting_role)
    .bind(Json(&in_force.rules))
    .bind(&in_force.definition)
    .execute(&mut *conn)
    .await
    .map_err(PlatformError::doing("storing the dataset"))?;
    sqlx::query(
        "INSERT INTO sojourn.replay_rules (dataset, rules) VALUES ($1, $2)
         ON CONFLICT (dataset) DO UPDATE SET rules = excluded.rules WHERE replay_rules.rules <> excluded.rules",
    )
    .bind(&metadata.dataset)
    .bind(Json(&in_force.replay))
    .execute(conn)
    .await
    .map_err(PlatformError::doing("storing the rules of replay"))?;
    Ok(())
}

/// Gives the entities that are new their codes, and checks that all have the codes the metadata says.
async fn entities_insert(conn: &mut PgConnection, metadata: &Metadata) -> Result<(), SchemaError> {
    let pairs = metadata.entities.iter().map(|entity| (entity.object_type_code, entity.name.as_str()));
    let (codes, names): (Vec<i32>, Vec<&str>) = pairs.unzip();
    sqlx::query(
        "INSERT INTO sojourn.entity (object_type_code, dataset, name)
         SELECT code, $1, name FROM unnest($2::int[], $3::text[]) AS wanted (code, name)
         ON CONFLICT DO NOTHING",
    )
    .bind(&metadata.dataset)
    .bind(codes)
    .bind(names)
    .execute(&mut *conn)
    .await
    .map_err(PlatformError::doing("storing the entities"))?;
    let known = codes_read(conn).await?;
    let lost = metadata.entities.iter().find(|entity| {
        let is_ours = |k: &KnownCode| k.dataset == metadata.dataset && k.entity == entity.name;
        !known.iter().any(|k| is_ours(k) && k.code == entity.object_type_code)
    });
    match lost {
        Some(entity) => Err(SchemaError::CodeLost { entity: entity.name.clone(), code: entity.object_type_code }),
        None => Ok(()),
    }
}

/// The number and the hash of a dataset's newest version.
async fn version_newest(conn: &mut PgConnection, dataset: &str) -> Result<Option<(i32, String)>, PlatformError> {
    sqlx::query_as(
        "SELECT version, hash FROM sojourn.metadata_version WHERE dataset = $1 ORDER BY version DESC LIMIT 1",
    )
    .bind(dataset)
    .fetch_optional(conn)
    .await
    .map_err(PlatformError::doing("reading the newest metadata version"))
}

async fn version_insert(
    conn: &mut PgConnection,
    metadata: &Metadata,
    version: i32,
    hash: &str,
) -> Result<(), PlatformError> {
    sqlx::query("INSERT INTO sojourn.metadata_version (dataset, version, document, hash) VALUES ($1, $2, $3, $4)")
        .bind(&metadata.dataset)
        .bind(version)
        .bind(Json(metadata))
        .bind(hash)
        .execute(conn)
        .await
        .map_err(PlatformError::doing("storing a metadata version"))?;
    Ok(())
}
