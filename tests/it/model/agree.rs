//! Whether the model and the real thing agree.

use std::collections::BTreeMap;

use serde_json::Value;
use sojourn_agent::store::{EntryCommand, EntryState, QueueEntry, Settlement};
use uuid::Uuid;

use super::device::{Device, Entry, State};
use super::operation::Command;
use super::real::Real;
use super::row::{Attribute, Values};
use super::server::Server;
use super::settle::Way;
use super::story::DEVICES;

/// A settlement, in the agent's words.
pub fn settlement(way: &Way) -> Settlement {
    match way {
        Way::Retry => Settlement::Retry,
        Way::Fix(values) => Settlement::Fix(values.iter().map(|(name, value)| member(*name, value.as_ref())).collect()),
        Way::KeepMine => Settlement::KeepMine,
        Way::TakeTheirs => Settlement::TakeTheirs,
        Way::CreateAnyway => Settlement::CreateAnyway,
        Way::UseExisting(candidate) => Settlement::UseExisting(Some(*candidate)),
        Way::Discard => Settlement::Discard,
    }
}

fn member(attribute: Attribute, value: Option<&String>) -> (String, Value) {
    let value = match (attribute, value) {
        (Attribute::Size, Some(size)) => Value::from(size.parse::<i64>().expect("a number")),
        (_, value) => Value::from(value.cloned()),
    };
    (attribute.column().to_owned(), value)
}

/// The server has the model's rows.
pub async fn server(real: &Real, server: &Server) -> Result<(), String> {
    let model = server.rows.iter().map(|(id, stored)| (*id, stored.row.clone())).collect();
    same_rows("the server", &real.server_rows().await, &model)
}

/// A device has the model's rows and entries.
pub async fn device(real: &Real, device: &Device) -> Result<(), String> {
    let mut entries: BTreeMap<u64, QueueEntry> =
        real.entries(device.number).await.into_iter().map(|entry| (entry.row_number, entry)).collect();
    for entry in &device.entries {
        let told = entries.remove(&entry.row_number).as_ref().map(real_words);
        let expected = model_words(entry);
        let done = matches!(entry.state, State::Done | State::GivenUp);
        if told.as_ref().is_some_and(|told| *told != expected) || (told.is_none() && !done) {
            let (device, row) = (device.number, entry.row_number);
            return Err(format!("of device {device}, entry {row} is\n  {told:?}\nand should be\n  {expected}"));
        }
    }
    let left = |entry: &&QueueEntry| !matches!(entry.state, EntryState::PlayedBack | EntryState::GivenUp);
    if let Some(entry) = entries.values().find(left) {
        return Err(format!("of device {}, the model has no entry {}", device.number, real_words(entry)));
    }
    same_rows(&format!("device {}", device.number), &real.rows(device.number).await, &device.rows())
}

/// The server said what the model says.
pub fn verdicts(device: &Device, told: &[(u64, String)], expected: &[(u64, String)]) -> Result<(), String> {
    let differs = |place: &usize| told.get(*place) != expected.get(*place);
    let Some(place) = (0..told.len().max(expected.len())).find(differs) else { return Ok(()) };
    let (told, expected) = (told.get(place), expected.get(place));
    let sequence = expected.map(|(sequence, _)| *sequence);
    let entry = device.entries.iter().find(|entry| entry.sequence == sequence);
    Err(format!("device {} was told {told:?}, and should be told {expected:?} of {entry:?}", device.number))
}

/// Every device has exactly what the server has.
pub async fn everywhere(real: &Real) -> Result<(), String> {
    for device in 0..DEVICES {
        let report = real.world.compare(device).await;
        if !report.is_converged() {
            return Err(format!("device {device} differs from the server: {report:#?}"));
        }
    }
    Ok(())
}

fn same_rows(whose: &str, told: &BTreeMap<Uuid, Values>, expected: &BTreeMap<Uuid, Values>) -> Result<(), String> {
    let differs = |id: &&Uuid| told.get(id) != expected.get(id);
    match told.keys().chain(expected.keys()).find(differs) {
        None => Ok(()),
        Some(id) => Err(format!(
            "of {whose}, row {id} is\n  {:?}\nand should be\n  {:?}",
            told.get(id).map(plain),
            expected.get(id).map(plain)
        )),
    }
}

/// A row in few words.
fn plain(row: &Values) -> Vec<String> {
    row.iter().filter_map(|(name, value)| Some(format!("{}={}", name.column(), value.as_ref()?))).collect()
}

fn model_words(entry: &Entry) -> String {
    let state = match entry.state {
        State::Waiting => EntryState::Waiting,
        State::Done => EntryState::PlayedBack,
        State::Refused => EntryState::Refused,
        State::GivenUp => EntryState::GivenUp,
    };
    let command = match entry.command {
        Command::Create => EntryCommand::Create,
        Command::Update => EntryCommand::Update,
        Command::Delete => EntryCommand::Delete,
    };
    let verdict = (entry.verdict.word, entry.verdict.cause);
    let data = entry.data.iter().filter(|(_, value)| entry.command != Command::Create || value.is_some());
    let base = entry.base.iter().filter(|_| entry.command == Command::Update);
    let values = (data.map(|(a, v)| (*a, v.clone())).collect(), base.map(|(a, v)| (*a, v.clone())).collect());
    words(command, entry.object, state, verdict, &values)
}

fn real_words(entry: &QueueEntry) -> String {
    let object = entry.object_id.as_ref().and_then(|id| id.parse().ok()).unwrap_or_default();
    let verdict = (entry.verdict.as_deref().unwrap_or_default(), entry.cause);
    let base = entry.base.as_ref().filter(|_| entry.command == EntryCommand::Update);
    words(entry.command, object, entry.state, verdict, &(values(entry.data.as_ref()), values(base)))
}

/// Of what is given up only that counts; a verdict counts once there is one.
fn words(
    command: EntryCommand,
    object: Uuid,
    state: EntryState,
    (verdict, cause): (&str, Option<u64>),
    (data, base): &(Values, Values),
) -> String {
    if state == EntryState::GivenUp {
        return format!("{command:?} {object} {state:?}");
    }
    let verdict = match state {
        EntryState::PlayedBack => verdict.to_owned(),
        EntryState::Refused => format!("{verdict} {cause:?}"),
        _ => String::new(),
    };
    format!("{command:?} {object} {state:?} {verdict} sets {:?} from {:?}", plain_all(data), plain_all(base))
}

fn plain_all(values: &Values) -> Vec<String> {
    values.iter().map(|(name, value)| format!("{}={}", name.column(), value.as_deref().unwrap_or("null"))).collect()
}

fn values(json: Option<&Value>) -> Values {
    let text = |value: &Value| match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let members = json.and_then(Value::as_object).into_iter().flatten();
    members.map(|(name, value)| (Attribute::of(name), text(value))).collect()
}
