//! Looking at rows before they are written: what they hold now, and whether they are there at all.

use sojourn_metadata::DataType;
use sojourn_platform::PlatformError;
use sojourn_platform::acting::{SCAN_ROLE, become_role, become_user};
use sojourn_platform::entities::{Column, Table};
use sojourn_platform::sql::Sql;
use sojourn_wire::message::operation::{FieldValue, Operation};
use sqlx::{Postgres, Row as _, Transaction};
use uuid::Uuid;

use super::actor::Actor;
use crate::merge::{Look, Seen};
use crate::statement::look as statement;
use crate::validate::Write;
use crate::value::{Parameter, parameter};

/// Why rows could not be looked at.
pub(super) enum LookError {
    /// The user's statement failed.
    Statement(sqlx::Error),
    /// Everything else.
    Platform(PlatformError),
}

impl From<PlatformError> for LookError {
    fn from(error: PlatformError) -> Self {
        Self::Platform(error)
    }
}

/// Locks the rows of like updates and compares them, in order; none where a row is not there, or may not be changed.
pub(super) async fn looks(
    tx: &mut Transaction<'_, Postgres>,
    pairs: &[(&Operation, &Write<'_>)],
) -> Result<Vec<Option<Look>>, LookError> {
    let mut looks = vec![None; pairs.len()];
    let Some((_, first)) = pairs.first() else { return Ok(looks) };
    let table = first.table;
    let columns: Vec<&Column> =
        first.values.iter().map(|(column, _)| *column).filter(|column| statement::is_comparable(column)).collect();
    let untold = first.values.iter().filter(|(column, _)| !statement::is_comparable(column));
    let untold: Vec<&str> = untold.map(|(column, _)| column.attribute.name.as_str()).collect();
    let sql = statement::look(table, &columns).map_err(PlatformError::from)?;
    let objects: Vec<Uuid> = pairs.iter().map(|(operation, _)| operation.object_id).collect();
    let mut query = sqlx::query(sql.into_sqlx()).bind(objects);
    for column in &columns {
        query = query.bind(pairs.iter().map(|(_, write)| mine(write, column)).collect::<Vec<_>>());
        query =
            query.bind(pairs.iter().map(|(operation, _)| base(operation, table, column).flatten()).collect::<Vec<_>>());
    }
    let rows = query.fetch_all(&mut **tx).await.map_err(LookError::Statement)?;
    let doing = || PlatformError::doing("reading what rows hold now");
    for row in rows {
        let place = usize::try_from(row.try_get::<i64, _>(0).map_err(doing())? - 1).unwrap_or(usize::MAX);
        let Some((operation, _)) = pairs.get(place) else { continue };
        let (is_base, is_mine): (Vec<bool>, Vec<bool>) =
            (row.try_get(2).map_err(doing())?, row.try_get(3).map_err(doing())?);
        let theirs: Vec<Option<String>> = row.try_get(4).map_err(doing())?;
        let compared = columns.iter().zip(is_base).zip(is_mine).zip(theirs);
        let attributes = compared.map(|(((column, is_base), is_mine), theirs)| {
            let name = column.attribute.name.clone();
            let is_base = base(operation, table, column).map(|_| is_base);
            Seen { name, is_base, is_mine, theirs: told(column.attribute.data_type, theirs) }
        });
        let attributes = attributes.chain(untold.iter().map(|name| unknown(name)));
        let version = version_number(row.try_get(1).map_err(doing())?)?;
        looks[place] = Some(Look { version, attributes: attributes.collect() });
    }
    Ok(looks)
}

/// A value as a device holds it, from the text that [`statement::look`] makes of it.
fn told(data_type: DataType, text: Option<String>) -> FieldValue {
    let Some(text) = text else { return FieldValue::Null };
    match data_type {
        DataType::Bool => FieldValue::Number(u8::from(text == "true").into()),
        DataType::Int2 | DataType::Int4 | DataType::Int8 | DataType::Float4 | DataType::Float8 => {
            text.parse().map_or(FieldValue::Text(text), FieldValue::Number)
        }
        _ => FieldValue::Text(text),
    }
}

/// An attribute that cannot be compared.
fn unknown(name: &str) -> Seen {
    Seen { name: name.to_owned(), is_base: None, is_mine: false, theirs: FieldValue::Null }
}

fn mine(write: &Write<'_>, column: &Column) -> Option<String> {
    let value = write.values.iter().find(|(own, _)| own.attribute.id == column.attribute.id);
    text_of(value.map(|(_, parameter)| parameter))
}

/// What the attribute was, as text or null; none where that is not known or cannot be told.
fn base(operation: &Operation, table: &Table, column: &Column) -> Option<Option<String>> {
    let value = operation.base.get(&column.attribute.name)?;
    match parameter(&table.entity, &column.attribute, value) {
        Ok(Parameter::Text(text)) => Some(text),
        _ => None,
    }
}

fn text_of(parameter: Option<&Parameter>) -> Option<String> {
    match parameter {
        Some(Parameter::Text(text)) => text.clone(),
        _ => None,
    }
}

/// The version of a row that the user may see.
pub(super) async fn version(
    tx: &mut Transaction<'_, Postgres>,
    table: &Table,
    object_id: Uuid,
) -> Result<Option<u32>, LookError> {
    let sql = statement::version(table);
    let version: Option<String> = sqlx::query_scalar(sql.into_sqlx())
        .bind(object_id)
        .fetch_optional(&mut **tx)
        .await
        .map_err(LookError::Statement)?;
    Ok(version.map(version_number).transpose()?)
}

/// The versions of rows that the user may see.
pub(super) async fn versions(
    tx: &mut Transaction<'_, Postgres>,
    table: &Table,
    objects: &[Uuid],
) -> Result<Vec<(Uuid, u32)>, PlatformError> {
    let doing = PlatformError::doing("reading the versions of what was written");
    versions_by(tx, statement::versions(table), objects).await?.map_err(doing)
}

/// Locks rows, and gives the versions of those that the user may change. What the user may not do is no error of the chunk:
/// the inner one asks for a roll back to the savepoint.
pub(super) async fn locked(
    tx: &mut Transaction<'_, Postgres>,
    table: &Table,
    objects: &[Uuid],
) -> Result<Result<Vec<(Uuid, u32)>, sqlx::Error>, PlatformError> {
    versions_by(tx, statement::locked(table), objects).await
}

async fn versions_by(
    tx: &mut Transaction<'_, Postgres>,
    sql: Sql,
    objects: &[Uuid],
) -> Result<Result<Vec<(Uuid, u32)>, sqlx::Error>, PlatformError> {
    let rows: Vec<(Uuid, String)> = match sqlx::query_as(sql.into_sqlx()).bind(objects).fetch_all(&mut **tx).await {
        Ok(rows) => rows,
        Err(error) => return Ok(Err(error)),
    };
    let versions: Result<Vec<_>, PlatformError> =
        rows.into_iter().map(|(id, version)| Ok((id, version_number(version)?))).collect();
    versions.map(Ok)
}

/// Whether there is such a row at all, as the role that finds rows which a user does not see any more.
pub(super) async fn is_there(
    tx: &mut Transaction<'_, Postgres>,
    actor: &Actor<'_>,
    table: &Table,
    object_id: Uuid,
) -> Result<bool, PlatformError> {
    become_role(tx, SCAN_ROLE).await?;
    let sql = statement::exists(table);
    let there = sqlx::query_scalar(sql.into_sqlx()).bind(object_id).fetch_one(&mut **tx).await;
    let there = there.map_err(PlatformError::doing("looking for a row that the user does not see"))?;
    become_user(tx, &actor.identity()).await?;
    Ok(there)
}

fn version_number(text: String) -> Result<u32, PlatformError> {
    text.parse().map_err(|_| PlatformError::Setup(format!("{text:?} is no transaction's number")))
}
