//! Tables for people.

use comfy_table::{Table, presets};
use indicatif::{HumanBytes, HumanCount};

/// A table without lines.
pub(crate) fn plain_table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header.to_vec());
    table
}

/// Yes or no.
pub(crate) fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

/// What may be missing.
pub(crate) fn or_dash(text: Option<&str>) -> String {
    text.unwrap_or("-").to_owned()
}

/// A count that may be missing.
pub(crate) fn count_or_dash(count: Option<i64>) -> String {
    or_dash(count.map(|count| HumanCount(count.unsigned_abs()).to_string()).as_deref())
}

/// Bytes that may be missing.
pub(crate) fn bytes_or_dash(bytes: Option<i64>) -> String {
    or_dash(bytes.map(|bytes| HumanBytes(bytes.unsigned_abs()).to_string()).as_deref())
}

/// Milliseconds that may be missing.
pub(crate) fn ms_or_dash(ms: Option<i64>) -> String {
    or_dash(ms.map(|ms| format!("{ms} ms")).as_deref())
}
