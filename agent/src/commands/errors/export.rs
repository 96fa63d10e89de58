//! Handing refused operations over: a file of all of them, and a file for each binary value beside it.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use sojourn_wire::message::attachment::PART_BYTES;
use sojourn_wire::message::operation::Conflict;

use super::problem::ErrorsProblem;
use super::refused::{Like, Refused};
use super::text::field;
use super::{ErrorCounts, Exported, open, shown};
use crate::commands::Answer;
use crate::error::AgentError;
use crate::store::Store;

const COLUMNS: [&str; 17] = [
    "number",
    "operation",
    "captured_at",
    "command",
    "name",
    "entity",
    "object_id",
    "verdict",
    "reason",
    "attribute",
    "rule",
    "conflicts",
    "candidates",
    "waits_for",
    "data",
    "base",
    "trace_id",
];

/// Where an export goes.
struct Target {
    file: PathBuf,
    force: bool,
}

/// What an export is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Csv,
}

/// Writes every refused operation, with its values and its verdict: as JSON or CSV, as the file's name ends.
///
/// # Errors
/// [`ErrorsProblem::Ending`], [`ErrorsProblem::Exists`] unless `force`, [`ErrorsProblem::Unwritten`]; a part of it may have
/// been written then.
pub fn export(folder: &Path, file: &Path, force: bool) -> Result<Answer, AgentError> {
    let format = Format::of(file)?;
    let store = open(folder)?;
    let target = Target { file: file.to_owned(), force };
    let mut writer = target.create(file)?;
    let entries = store.errors()?;
    let counts = ErrorCounts::of(&entries);
    let mut errors = shown(&store, folder, entries)?;
    let mut attachments = Vec::new();
    for entry in &mut errors {
        attachments.extend(write_attachments(&store, &target, entry)?);
    }
    let written = match format {
        Format::Json => write_json(&mut writer, &errors),
        Format::Csv => write_csv(&mut writer, &errors),
    };
    written.and_then(|()| writer.sync_all()).map_err(|source| unwritten(file, source))?;
    Ok(Answer::Exported(Exported { file: target.file, operations: errors.len(), counts, attachments }))
}

impl Format {
    fn of(file: &Path) -> Result<Self, ErrorsProblem> {
        match file.extension().map(|ending| ending.to_ascii_lowercase()).as_deref().and_then(OsStr::to_str) {
            Some("json") => Ok(Self::Json),
            Some("csv") => Ok(Self::Csv),
            _ => Err(ErrorsProblem::Ending { path: file.to_owned() }),
        }
    }
}

impl Target {
    fn create(&self, path: &Path) -> Result<File, ErrorsProblem> {
        let mut options = File::options();
        options.write(true);
        if self.force {
            options.create(true).truncate(true)
        } else {
            options.create_new(true)
        };
        options.open(path).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => ErrorsProblem::Exists { path: path.to_owned() },
            _ => unwritten(path, source),
        })
    }

    /// The file of a binary value.
    fn beside(&self, number: u64, attribute: &str) -> PathBuf {
        let stem = self.file.file_stem().unwrap_or_default().to_string_lossy();
        self.file.with_file_name(format!("{stem}-{number}-{attribute}.bin"))
    }
}

/// Writes the bytes that the entry sets, and lets it name the files instead.
fn write_attachments(store: &Store, target: &Target, entry: &mut Refused) -> Result<Vec<PathBuf>, AgentError> {
    let number = entry.number;
    let Some(data) = entry.data.as_mut().and_then(Value::as_object_mut) else { return Ok(Vec::new()) };
    let mut files = Vec::new();
    for attribute in binary(data) {
        let file = target.beside(number, &attribute);
        let bytes = write_bytes(store, &mut target.create(&file)?, &file, number, &attribute)?;
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        data.insert(attribute, json!({"file": name, "bytes": bytes}));
        files.push(file);
    }
    Ok(files)
}

fn binary(data: &Map<String, Value>) -> Vec<String> {
    data.iter().filter(|(_, value)| value.is_object()).map(|(name, _)| name.clone()).collect()
}

fn write_bytes(store: &Store, to: &mut File, path: &Path, number: u64, attribute: &str) -> Result<u64, AgentError> {
    let mut written = 0;
    loop {
        let part = store.attachment_part(number.cast_signed(), attribute, written, PART_BYTES)?;
        to.write_all(&part).map_err(|source| unwritten(path, source))?;
        written += part.len() as u64;
        if part.len() < PART_BYTES {
            return Ok(written);
        }
    }
}

fn write_json(to: &mut File, errors: &[Refused]) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *to, &json!({"operations": errors}))?;
    writeln!(to)
}

fn write_csv(to: &mut File, errors: &[Refused]) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(to);
    writer.write_record(COLUMNS)?;
    for entry in errors {
        let Value::Object(mut fields) = serde_json::to_value(entry)? else { continue };
        fields.insert("conflicts".to_owned(), Value::from(conflicts(&entry.conflicts)));
        fields.insert("candidates".to_owned(), Value::from(candidates(&entry.candidates)));
        writer.write_record(COLUMNS.map(|column| cell(fields.get(column))))?;
    }
    writer.flush()
}

/// In one cell: `attribute=mine|base|theirs`.
fn conflicts(conflicts: &[Conflict]) -> String {
    let one = |Conflict { attribute, mine, base, theirs, .. }: &Conflict| {
        let base = base.as_ref().map_or_else(|| "not known".to_owned(), field);
        format!("{attribute}={}|{base}|{}", field(mine), field(theirs))
    };
    conflicts.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// In one cell: `entity id attribute=value attribute=value`.
fn candidates(candidates: &[Like]) -> String {
    let one = |Like { entity, object_type_code, object_id, values }: &Like| {
        let entity = entity.clone().unwrap_or_else(|| format!("entity {object_type_code}"));
        let values = values.iter().map(|(name, value)| format!("{name}={}", field(value)));
        [entity, object_id.to_string()].into_iter().chain(values).collect::<Vec<_>>().join(" ")
    };
    candidates.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// Text as it is, nothing as nothing, everything else as JSON.
fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn unwritten(path: &Path, source: io::Error) -> ErrorsProblem {
    ErrorsProblem::Unwritten { path: path.to_owned(), source }
}

impl std::fmt::Display for Exported {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: in {}", self.counts.brief(), self.file.display())?;
        self.attachments.iter().try_for_each(|file| write!(f, "\nIts bytes: {}", file.display()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sojourn_wire::message::operation::FieldValue;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_cell_tells_a_conflict_and_a_candidate() {
        let text = |text: &str| FieldValue::Text(text.to_owned());
        let conflict = |attribute: &str, base| Conflict {
            attribute: attribute.to_owned(),
            mine: text("Graz"),
            base,
            theirs: FieldValue::Null,
            cut: false,
        };
        let both = [conflict("city", Some(text("Linz"))), conflict("state", None)];
        assert_eq!(conflicts(&both), "city=Graz|Linz|nothing; state=Graz|not known|nothing");
        let like = Like {
            entity: Some("contact".to_owned()),
            object_type_code: 2,
            object_id: Uuid::from_u128(1),
            values: BTreeMap::from([("email".to_owned(), text("a@b.c")), ("name".to_owned(), text("Ada"))]),
        };
        let expected = "contact 00000000-0000-0000-0000-000000000001 email=a@b.c name=Ada";
        assert_eq!(candidates(&[like]), expected);
    }

    #[test]
    fn the_name_says_what_is_written() {
        assert!(matches!(Format::of(Path::new("a.JSON")), Ok(Format::Json)));
        assert!(matches!(Format::of(Path::new("a.b.csv")), Ok(Format::Csv)));
        for name in ["a", "a.txt", "csv", ".json"] {
            let problem = Format::of(Path::new(name)).expect_err("it says neither").to_string();
            assert!(problem.contains("neither .json nor .csv"), "{problem}");
        }
    }

    #[test]
    fn refused_and_parked_are_told_apart() {
        let counts = ErrorCounts { refused: 2, parked: 1 };
        let exported = Exported { file: "all.json".into(), operations: 3, counts, attachments: Vec::new() };
        assert_eq!(exported.to_string(), "2 refused, 1 parked: in all.json");
    }
}
