//! Handing refused operations over: a file of all of them, and a file for each binary value beside it.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use sojourn_wire::message::attachment::PART_BYTES;

use super::problem::ErrorsProblem;
use super::refused::Refused;
use super::{Exported, open, shown};
use crate::commands::Answer;
use crate::error::AgentError;
use crate::store::Store;

const COLUMNS: [&str; 15] = [
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

/// Writes every refused operation, with its values and its verdict: as JSON, or as CSV when the file's name ends so.
///
/// # Errors
/// [`ErrorsProblem::Exists`] unless `force`, [`ErrorsProblem::Unwritten`]; a part of it may have been written then.
pub fn export(folder: &Path, file: &Path, force: bool) -> Result<Answer, AgentError> {
    let store = open(folder)?;
    let target = Target { file: file.to_owned(), force };
    let mut writer = target.create(file)?;
    let mut errors = shown(&store, folder, store.errors()?);
    let mut attachments = Vec::new();
    for entry in &mut errors {
        attachments.extend(write_attachments(&store, &target, entry)?);
    }
    let csv = file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
    let written = if csv { write_csv(&mut writer, &errors) } else { write_json(&mut writer, &errors) };
    written.and_then(|()| writer.sync_all()).map_err(|source| unwritten(file, source))?;
    Ok(Answer::Exported(Exported { file: target.file, operations: errors.len(), attachments }))
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
        let Value::Object(fields) = serde_json::to_value(entry)? else { continue };
        writer.write_record(COLUMNS.map(|column| cell(fields.get(column))))?;
    }
    writer.flush()
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
        write!(f, "{} refused operations are in {}", self.operations, self.file.display())?;
        self.attachments.iter().try_for_each(|file| write!(f, "\nIts bytes: {}", file.display()))
    }
}
