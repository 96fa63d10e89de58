//! The rows of a batch as values: of their attributes' types where these are known, else as Postgres' bytes.

use serde::Serialize;
use sojourn_metadata::Entity;
use sojourn_wire::batch::{Batch, Value, ValueType};

/// Rows of a batch.
#[derive(Debug, Serialize)]
pub struct RowsShown {
    /// The number of the first one within the file, from 0.
    pub offset: usize,
    /// Values, in the order of the attributes. Bytes, and what has no known type, are text: `\x` and hex.
    pub rows: Vec<Vec<serde_json::Value>>,
    /// The first value that is none of its attribute's type: it is shown as bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub misfit: Option<String>,
}

impl RowsShown {
    pub(super) fn none(offset: usize) -> Self {
        Self { offset, rows: Vec::new(), misfit: None }
    }

    pub(super) fn of(batch: &Batch, entity: Option<&Entity>, offset: usize, limit: usize) -> Self {
        let types = types(batch, entity);
        let mut shown = Self::none(offset);
        for row in (offset..batch.rows()).take(limit) {
            let values = batch.columns().zip(&types).enumerate();
            let values = values.map(|(index, (column, value_type))| {
                let raw = column.get(row);
                typed(raw, *value_type).unwrap_or_else(|problem| {
                    shown.misfit.get_or_insert_with(|| format!("row {row}, column {index}: {problem}"));
                    raw.map_or(serde_json::Value::Null, |raw| bytes(raw).into())
                })
            });
            let values = values.collect();
            shown.rows.push(values);
        }
        shown
    }
}

/// The type of each column; the object id's is known without metadata.
fn types(batch: &Batch, entity: Option<&Entity>) -> Vec<Option<ValueType>> {
    let known = |id: &u32| entity?.attributes.iter().find(|attribute| attribute.id == *id);
    let of = |(index, id)| match known(id) {
        Some(attribute) => Some(attribute.data_type.into()),
        None => (index == 0).then_some(ValueType::Uuid),
    };
    batch.header().attributes.iter().enumerate().map(of).collect()
}

fn typed(raw: Option<&[u8]>, value_type: Option<ValueType>) -> Result<serde_json::Value, String> {
    let Some(raw) = raw else { return Ok(serde_json::Value::Null) };
    let Some(value_type) = value_type else { return Ok(bytes(raw).into()) };
    let mut room = String::new();
    let value = Value::read(raw, value_type, &mut room).map_err(|error| error.to_string())?;
    Ok(match value {
        Value::Null => serde_json::Value::Null,
        Value::Integer(number) if value_type == ValueType::Bool => (number != 0).into(),
        Value::Integer(number) => number.into(),
        Value::Real(number) => number.into(),
        Value::Text(text) => text.into(),
        Value::Blob(raw) => bytes(raw).into(),
    })
}

fn bytes(raw: &[u8]) -> String {
    format!("\\x{}", hex(raw))
}

pub(super) fn hex(raw: &[u8]) -> String {
    raw.iter().map(|byte| format!("{byte:02x}")).collect()
}
