//! What people know a row by. Pure.

use serde_json::Value;
use sojourn_metadata::{DataType, Metadata};
use uuid::Uuid;

use super::refused::Refused;
use crate::store::QueueEntry;

/// Characters of an id that are shown: its last, for the first of many ids are the time and the same.
const ID: usize = 8;
/// The most characters of a text that are shown.
const TEXT: usize = 24;

/// The first text that the entry sets, in the entity's order where that is known; of a delete, that the row held.
pub(super) fn text(entry: &QueueEntry, metadata: Option<&Metadata>) -> Option<String> {
    let values = [&entry.data, &entry.base].into_iter().flatten().find_map(Value::as_object)?;
    let told = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(ToOwned::to_owned);
    match metadata.zip(entry.object_type_code).and_then(|(metadata, code)| metadata.entity_of(code)) {
        Some(entity) => {
            let texts = entity.attributes.iter().filter(|attribute| attribute.data_type == DataType::Text);
            texts.filter_map(|attribute| values.get(&attribute.name)).find_map(told)
        }
        None => values.values().filter_map(told).find(|text| Uuid::parse_str(text).is_err()),
    }
}

/// The row, short enough for a list: the end of its id, and the text.
pub(super) fn short(entry: &Refused) -> String {
    let id: Vec<char> = entry.object_id.iter().flat_map(|id| id.chars()).collect();
    let end: String = id.iter().skip(id.len().saturating_sub(ID)).collect();
    let more = if id.len() > ID { "…" } else { "" };
    match &entry.text {
        Some(text) => format!("{more}{end} {}", cut(text)),
        None => format!("{more}{end}"),
    }
}

/// The beginning of the first line.
fn cut(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let begin: String = line.chars().take(TEXT).collect();
    if begin.len() < text.len() { format!("{begin}…") } else { begin }
}
