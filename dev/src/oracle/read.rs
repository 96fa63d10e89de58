//! Reading both sides.

use std::collections::HashMap;
use std::path::Path;

use futures_util::TryStreamExt as _;
use sojourn_agent::store::{Store, StoreError, ValueRef};
use sojourn_metadata::{Entity, Metadata};
use sojourn_platform::{Ident, Sql};
use sqlx::{PgPool, Postgres, Row as _, Transaction};
use uuid::Uuid;

use super::compare::Held;
use super::{DeviceValue, OracleError};

/// Opens one snapshot of the server as the user, and makes sure that it is.
pub(super) async fn server(
    admin: &PgPool,
    user_id: Uuid,
    acting_role: &str,
) -> Result<Transaction<'static, Postgres>, OracleError> {
    let failed = |source| OracleError::Server { what: "as the user".to_owned(), source };
    let mut tx = admin.begin().await.map_err(failed)?;
    let snapshot = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY";
    sqlx::query(snapshot).execute(&mut *tx).await.map_err(failed)?;
    let claims = serde_json::json!({ "sub": user_id, "role": acting_role }).to_string();
    sqlx::query(
        "SELECT set_config('sojourn.user_id', $1, true), set_config('request.jwt.claims', $2, true),
                set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO, MDY', true),
                set_config('intervalstyle', 'postgres', true), set_config('bytea_output', 'hex', true),
                set_config('extra_float_digits', '1', true)",
    )
    .bind(user_id.to_string())
    .bind(claims)
    .execute(&mut *tx)
    .await
    .map_err(failed)?;
    let become_user = Sql::new("SET LOCAL ROLE ").ident(&Ident::new(acting_role)?);
    sqlx::query(become_user.into_sqlx()).execute(&mut *tx).await.map_err(failed)?;
    let asking = "SELECT current_user::text, current_setting('sojourn.user_id')";
    let row = sqlx::query(asking).fetch_one(&mut *tx).await.map_err(failed)?;
    let (role, user): (String, String) = (row.try_get(0).map_err(failed)?, row.try_get(1).map_err(failed)?);
    if role == acting_role && user == user_id.to_string() {
        return Ok(tx);
    }
    Err(OracleError::Identity { role, user, expected_role: acting_role.to_owned(), expected_user: user_id })
}

/// Hands every row of an entity that the user may see to `visit`, each value as text; of all of them only those for which
/// `condition`, SQL about the row `e`, holds.
pub(super) async fn server_rows(
    tx: &mut Transaction<'static, Postgres>,
    entity: &Entity,
    condition: Option<&'static str>,
    mut visit: impl FnMut(&[Option<String>]),
) -> Result<(), OracleError> {
    let failed = |source| OracleError::Server { what: entity.name.clone(), source };
    let columns: Vec<Ident> = entity.attributes.iter().map(|a| Ident::new(&a.name)).collect::<Result<_, _>>()?;
    let select = Sql::new("SELECT ").list(&columns, ", ", |sql, column| sql.ident(column).raw("::text"));
    let select = select.raw(" FROM ").table(&Ident::new(&entity.schema)?, &Ident::new(&entity.table)?).raw(" e");
    let select = match condition {
        Some(condition) => select.raw(" WHERE ").raw(condition),
        None => select,
    };
    let mut rows = sqlx::query(select.into_sqlx()).fetch(&mut **tx);
    while let Some(row) = rows.try_next().await.map_err(failed)? {
        let values: Result<Vec<Option<String>>, _> = (0..columns.len()).map(|column| row.try_get(column)).collect();
        visit(&values.map_err(failed)?);
    }
    Ok(())
}

/// Whose device it is, and the entities it knows.
pub(super) async fn device(path: &Path) -> Result<(Uuid, Metadata), OracleError> {
    let place = path.to_owned();
    let read = on_device(path, |store| Ok((store.device()?.user_id, store.metadata().map(|(_, m)| m.clone())))).await?;
    let (user_id, metadata) = read;
    metadata.map(|metadata| (user_id, metadata)).ok_or(OracleError::Empty(place))
}

/// What the device holds of an entity.
pub(super) async fn device_rows(path: &Path, entity: &str) -> Result<Held, OracleError> {
    let entity = entity.to_owned();
    on_device(path, move |store| {
        let mut rows = HashMap::new();
        store.for_each_row(&entity, |id, values| {
            rows.insert(id.to_owned(), values.iter().map(owned).collect());
        })?;
        let unsettled = store.held_rows(&entity, &[])?.unsettled.iter().map(ToString::to_string).collect();
        Ok(Held { rows, unsettled })
    })
    .await
}

/// SQLite blocks, so its work runs on a thread of its own.
async fn on_device<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, OracleError> {
    let path = path.to_owned();
    let read = tokio::task::spawn_blocking(move || work(&Store::open(&path)?));
    Ok(read.await.map_err(|_| OracleError::CutOff)??)
}

fn owned(value: &ValueRef<'_>) -> DeviceValue {
    match *value {
        ValueRef::Null => DeviceValue::Null,
        ValueRef::Integer(number) => DeviceValue::Integer(number),
        ValueRef::Real(number) => DeviceValue::Real(number),
        ValueRef::Text(text) => DeviceValue::Text(text.to_owned()),
        ValueRef::Blob(bytes) => DeviceValue::Blob(bytes.to_owned()),
    }
}
