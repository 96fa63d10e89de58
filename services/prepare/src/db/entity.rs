//! What the last prepare of each entity of a subscription went by.

use std::collections::HashMap;

use sojourn_platform::PlatformError;
use sojourn_wire::SubscriptionId;
use sqlx::types::Json;
use sqlx::{Postgres, Transaction};

use crate::plan::Last;

/// What the last prepare of an entity went by.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// For the plan of the next.
    pub last: Last,
    /// What the policies knew of the user, by entity whose policies that were.
    pub access_context: Option<serde_json::Value>,
}

#[derive(sqlx::FromRow)]
struct Row {
    object_type_code: i32,
    filter: String,
    access_context: Option<Json<serde_json::Value>>,
    needs_full: bool,
    full_us: i64,
}

/// Reads it for every entity, by object type code.
///
/// # Errors
/// When the database fails.
pub async fn entity_read(
    tx: &mut Transaction<'_, Postgres>,
    subscription: &SubscriptionId,
) -> Result<HashMap<i32, Prepared>, PlatformError> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT object_type_code, filter, access_context, needs_full, full_us
           FROM sojourn.subscription_entity WHERE subscription_id = $1",
    )
    .bind(subscription.as_str())
    .fetch_all(&mut **tx)
    .await
    .map_err(PlatformError::doing("reading what the last prepare went by"))?;
    let prepared = |row: Row| {
        let Row { object_type_code, filter, access_context, needs_full, full_us } = row;
        let last = Last { filter, needs_full, full_us };
        (object_type_code, Prepared { last, access_context: access_context.map(|Json(value)| value) })
    };
    Ok(rows.into_iter().map(prepared).collect())
}

/// Stores what the prepare of an entity went by, of which everything was evaluated in `full_us` microseconds.
///
/// # Errors
/// When the database fails.
pub async fn entity_store(
    tx: &mut Transaction<'_, Postgres>,
    subscription: &SubscriptionId,
    object_type_code: i32,
    filter: &str,
    access_context: Option<&serde_json::Value>,
    full_us: i64,
) -> Result<(), PlatformError> {
    sqlx::query(
        "INSERT INTO sojourn.subscription_entity AS e
                (subscription_id, object_type_code, filter, access_context, needs_full, full_us)
         VALUES ($1, $2, $3, $4, false, $5)
         ON CONFLICT (subscription_id, object_type_code) DO UPDATE
            SET filter = excluded.filter, access_context = excluded.access_context, needs_full = false,
                full_us = excluded.full_us",
    )
    .bind(subscription.as_str())
    .bind(object_type_code)
    .bind(filter)
    .bind(access_context.map(Json))
    .bind(full_us)
    .execute(&mut **tx)
    .await
    .map_err(PlatformError::doing("storing what the prepare went by"))?;
    Ok(())
}

/// Forgets entities that are no longer in the metadata.
///
/// # Errors
/// When the database fails.
pub async fn entity_forget(
    tx: &mut Transaction<'_, Postgres>,
    subscription: &SubscriptionId,
    in_force: &[i32],
) -> Result<(), PlatformError> {
    sqlx::query("DELETE FROM sojourn.subscription_entity WHERE subscription_id = $1 AND object_type_code <> ALL ($2)")
        .bind(subscription.as_str())
        .bind(in_force)
        .execute(&mut **tx)
        .await
        .map_err(PlatformError::doing("forgetting entities that are gone"))?;
    Ok(())
}
