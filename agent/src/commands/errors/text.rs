//! Refused entries, for people.

use std::collections::BTreeSet;
use std::fmt;

use comfy_table::Table;
use serde_json::Value;
use sojourn_wire::message::operation::{Conflict, FieldValue, Side};

use super::refused::{ErrorCounts, Like, Refused};
use super::{Changed, Listed, Settled, refused::listed, row};
use crate::commands::{agreed, counted, plain_table};

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.errors.first() else {
            return write!(f, "Nothing is refused: there is nothing to settle.");
        };
        let columns =
            ["#", "captured", "what", "row", "operation", "verdict", "reason", "attribute or rule", "waits for"];
        let mut table = plain_table(&columns);
        for entry in &self.errors {
            table.add_row([
                entry.number.to_string(),
                entry.captured_at.clone(),
                entry.what(),
                row::short(entry),
                entry.operation.map(|operation| operation.to_string()).unwrap_or_default(),
                entry.verdict.clone(),
                entry.reason.clone().unwrap_or_default(),
                entry.blamed(),
                entry.waits_for.map(|number| number.to_string()).unwrap_or_default(),
            ]);
        }
        let home = &self.home;
        write!(f, "{table}\n\n{}\n", self.counts)?;
        write!(f, "One in full, with what can be done: sojourn-agent errors show {}{home}", first.number)
    }
}

impl fmt::Display for ErrorCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |count: u64| format!("{} {}", counted(count, "operation"), agreed(count, "is", "are"));
        match (self.refused, self.parked) {
            (0, 0) => write!(f, "Nothing is refused"),
            (refused, 0) => write!(f, "{} refused", of(refused)),
            (0, parked) => write!(f, "{} parked", of(parked)),
            (refused, parked) => write!(f, "{} refused, {parked} parked or cancelled because of others", of(refused)),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let object = self.object_id.as_deref().unwrap_or_default();
        let operation = self.operation.map(|operation| format!(" (operation {operation})")).unwrap_or_default();
        writeln!(f, "Entry {}{operation}: {} {object}, captured {}\n", self.number, self.what(), self.captured_at)?;
        let reason = self.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
        writeln!(f, "Verdict    {}{reason}", self.verdict)?;
        let deleted = self.deleted.map(|side| match side {
            Side::Mine => "by you, but somebody else has changed the server's row since".to_owned(),
            Side::Theirs => "the server has deleted it, while you changed it".to_owned(),
        });
        let lines = [
            ("Attribute", self.attribute.clone()),
            ("Rule", self.rule.clone()),
            ("Deleted", deleted),
            ("Cause", self.waits_for.map(|first| format!("settle entry {first} first"))),
            ("Group", self.group.map(|group| format!("of entry {group}: what settles one member settles all"))),
            ("Trace id", self.trace_id.as_ref().map(|trace| format!("{trace} (for the server's logs)"))),
        ];
        for (label, text) in lines.into_iter().filter_map(|(label, text)| Some((label, text?))) {
            writeln!(f, "{label:<11}{text}")?;
        }
        if !self.conflicts.is_empty() {
            writeln!(f, "\n{}", conflicts(&self.conflicts))?;
        }
        if !self.changed.is_empty() {
            writeln!(f, "\n{}", changed(&self.changed))?;
        }
        if !self.candidates.is_empty() {
            writeln!(f, "\nIt looks like:\n{}", candidates(&self.candidates))?;
        }
        if let Some(values) = values(self) {
            writeln!(f, "\n{values}")?;
        }
        let mut table = plain_table(&["what you can do", ""]);
        for fitting in &self.settlements {
            table.add_row([fitting.command.as_str(), fitting.meaning]);
        }
        write!(f, "\n{table}\n\nThen `sojourn-agent sync` or `sojourn-agent go-online` sends it.")
    }
}

/// What both sides have changed.
pub(crate) fn conflicts(conflicts: &[Conflict]) -> Table {
    let mut table = plain_table(&["attribute", "mine", "base", "theirs"]);
    for Conflict { attribute, mine, base, theirs, cut } in conflicts {
        let base = base.as_ref().map_or_else(|| "not known".to_owned(), field);
        let shown = |value: String| if *cut { format!("{value}…") } else { value };
        table.add_row([attribute.clone(), shown(field(mine)), shown(base), shown(field(theirs))]);
    }
    table
}

/// What somebody else has changed of a row that the user has deleted.
fn changed(changes: &[Changed]) -> Table {
    let mut table = plain_table(&["attribute", "yours", "theirs"]);
    for Changed { attribute, yours, theirs } in changes {
        table.add_row([attribute.clone(), value(yours), value(theirs)]);
    }
    table
}

/// The rows that one looks like.
pub(crate) fn candidates(candidates: &[Like]) -> Table {
    let mut table = plain_table(&["entity", "object", "values"]);
    for Like { entity, object_id, values, .. } in candidates {
        let values: Vec<String> = values.iter().map(|(name, value)| format!("{name} = {}", field(value))).collect();
        table.add_row([entity.clone().unwrap_or_default(), object_id.to_string(), values.join(", ")]);
    }
    table
}

/// What the entry sets, beside what was there before.
fn values(entry: &Refused) -> Option<Table> {
    let object = |value: &Option<Value>| value.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
    let (data, base) = (object(&entry.data), object(&entry.base));
    let names: BTreeSet<&String> = data.keys().chain(base.keys()).collect();
    let mut table = plain_table(&["attribute", "it sets", "before"]);
    for name in &names {
        let of = |values: &serde_json::Map<String, Value>| values.get(*name).map(value).unwrap_or_default();
        table.add_row([(*name).clone(), of(&data), of(&base)]);
    }
    (!names.is_empty()).then_some(table)
}

pub(super) fn field(value: &FieldValue) -> String {
    match value {
        FieldValue::Null => "nothing".to_owned(),
        FieldValue::Number(number) => number.to_string(),
        FieldValue::Text(text) => text.clone(),
        FieldValue::Bytes(bytes) => format!("{} bytes", bytes.len()),
        FieldValue::Attachment { bytes, .. } => format!("{bytes} bytes"),
    }
}

fn value(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        Value::Object(_) => "bytes".to_owned(),
        other => other.to_string(),
    }
}

impl fmt::Display for Settled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.entries.is_empty() {
            return write!(f, "Nothing is refused: there is nothing to settle.");
        }
        let (entries, verb) = match self.entries.as_slice() {
            [one] => (format!("Entry {one}"), "is"),
            several => (format!("Entries {}", listed(several)), "are"),
        };
        writeln!(f, "{entries} {verb} settled: {}.", self.meaning)?;
        if !self.released.is_empty() {
            writeln!(f, "These go on with it: {}.", listed(&self.released))?;
        }
        if !self.given_up.is_empty() {
            writeln!(f, "These were given up with it: {}.", listed(&self.given_up))?;
        }
        let home = &self.home;
        if !self.left.is_empty() {
            writeln!(f, "{}; see `sojourn-agent errors{home}`.", self.left)?;
        }
        write!(f, "\nNext: sojourn-agent sync{home} or go-online sends it.")
    }
}
