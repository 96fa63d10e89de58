//! Telling a story twice: to the model and to the real thing. After each step both must agree.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::agree;
use super::device::Device;
use super::operation::Command;
use super::real::Real;
use super::row::{Attribute, Values, empty, literal};
use super::server::Server;
use super::settle::Way;
use super::story::{Choice, Choices, DEVICES, Edit, Pick, Step};

/// Rows that are there when a story begins.
const FIRST_ROWS: usize = 4;
/// So often everything is settled and exchanged until nothing moves any more.
const ROUNDS: usize = 50;
const NAMES: [&str; 12] = ["Ada", "ADA", "a da", "Bo", "b o", "Cy", "Dee", "Eve", "Flo", "Gus", "Hal", "Ida"];

/// How often each verdict came.
pub type Words = BTreeMap<String, u64>;

/// A story while it is told.
pub struct Telling<'a> {
    real: &'a mut Real,
    server: Server,
    devices: [Device; DEVICES],
    pub log: Vec<String>,
    pub words: Words,
    ids: Vec<Uuid>,
    number: u64,
    groups: usize,
}

impl<'a> Telling<'a> {
    /// The story of this number begins, with a few rows that everybody has.
    pub async fn begin(real: &'a mut Real, number: u64) -> Result<Self, String> {
        let next = real.next_sequences();
        let server = Server::new(real.users());
        let devices = std::array::from_fn(|device| Device::new(device, next[device]));
        let mut telling =
            Self { real, server, devices, log: Vec::new(), words: Words::new(), ids: Vec::new(), number, groups: 0 };
        for row in 0..FIRST_ROWS {
            let name = Some(format!("First {row}"));
            telling.elsewhere(Command::Create, None, [(Attribute::Name, name)].into()).await?;
        }
        for device in 0..DEVICES {
            telling.step(&Step::Sync(device)).await?;
        }
        Ok(telling)
    }

    /// All of it.
    pub async fn tell(&mut self, steps: &[Step]) -> Result<(), String> {
        for step in steps {
            self.step(step).await?;
        }
        self.end().await
    }

    /// One step.
    pub async fn step(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Write(device, edits) => self.write(*device, edits, false).await?,
            Step::Group(device, edits) => self.write(*device, edits, true).await?,
            Step::Elsewhere(edit) => {
                let rows = self.server.rows.iter().map(|(id, stored)| (*id, stored.row.clone())).collect();
                let Some((command, object, data)) = self.resolve(edit, &rows) else { return Ok(()) };
                self.elsewhere(command, object, data).await?;
            }
            Step::Sync(device) => {
                self.log.push(format!("device {device} syncs"));
                let expected = self.devices[*device].sync(&mut self.server);
                let told = self.real.sync(*device).await?;
                let words: Vec<String> = expected.iter().map(|(number, word)| format!("{number} {word}")).collect();
                self.log.push(format!("  it is told {}", words.join(", ")));
                for (_, word) in &expected {
                    *self.words.entry(word.clone()).or_default() += 1;
                }
                agree::verdicts(&self.devices[*device], &told, &expected)?;
            }
            Step::Settle(device, choice) => self.settle(*device, choice).await?,
        }
        match step {
            Step::Write(device, _) | Step::Group(device, _) | Step::Sync(device) | Step::Settle(device, _) => {
                agree::device(self.real, &self.devices[*device]).await?;
            }
            Step::Elsewhere(_) => {}
        }
        agree::server(self.real, &self.server).await
    }

    async fn write(&mut self, device: usize, edits: &[Edit], group: bool) -> Result<(), String> {
        self.groups += 1;
        let number = group.then_some(self.groups);
        let mut statements = Vec::new();
        for edit in edits {
            let rows = self.devices[device].rows();
            let Some((command, object, data)) = self.resolve(edit, &rows) else { continue };
            let object = object.unwrap_or_else(|| self.fresh());
            statements.push(statement("thing", command, object, &data));
            self.devices[device].capture(command, object, data, number);
        }
        let mut all = statements.join("; ");
        if group {
            let mark = |word| format!("INSERT INTO sojourn_group (marker) VALUES ('{word}')");
            all = format!("{}; {all}; {}", mark("start"), mark("stop"));
        }
        self.log.push(format!("device {device}: {all}"));
        self.real.write(device, &all)?;
        let last = self.devices[device].entries.iter().map(|entry| entry.row_number).max().unwrap_or_default();
        let told = self.real.entries(device).await.into_iter().map(|entry| entry.row_number);
        let new = self.devices[device].entries.iter_mut().filter(|entry| entry.row_number == 0);
        new.zip(told.filter(|row| *row > last)).for_each(|(entry, row)| entry.row_number = row);
        Ok(())
    }

    async fn elsewhere(&mut self, command: Command, object: Option<Uuid>, data: Values) -> Result<(), String> {
        let object = object.unwrap_or_else(|| self.fresh());
        if !self.server.takes(command, object, &data) {
            return Ok(());
        }
        match command {
            Command::Delete => drop(self.server.rows.remove(&object)),
            _ => self.server.store(None, object, data.clone()),
        }
        let statement = statement("model.thing", command, object, &data);
        self.log.push(format!("elsewhere: {statement}"));
        self.real.elsewhere(statement).await
    }

    async fn settle(&mut self, device: usize, choice: &Choice) -> Result<(), String> {
        let Some(place) = pick(&self.devices[device].refused(), choice.entry) else { return Ok(()) };
        // Whoever looks at what waits is led to what it waits for, mostly.
        let cause = self.devices[device].cause_of(place).filter(|_| !choice.way.is_multiple_of(4));
        let place = cause.unwrap_or(place);
        let values = self.values(&choice.values, None);
        let ways = self.devices[device].ways(place, values);
        let Some(way) = pick(&ways, choice.way / 4) else { return Ok(()) };
        self.settle_by(device, place, &way).await
    }

    async fn settle_by(&mut self, device: usize, place: usize, way: &Way) -> Result<(), String> {
        self.log.push(format!("device {device} settles entry {place} by {way:?}"));
        let row_number = self.devices[device].entries[place].row_number;
        self.devices[device].settle(place, way);
        self.real.settle(device, row_number, agree::settlement(way)).await
    }

    /// Gives up what is refused, and exchanges everything, until nothing moves any more.
    pub async fn end(&mut self) -> Result<(), String> {
        for _ in 0..ROUNDS {
            for device in 0..DEVICES {
                self.step(&Step::Sync(device)).await?;
                while let Some(place) = self.devices[device].refused().first().copied() {
                    self.settle_by(device, place, &Way::Discard).await?;
                    agree::device(self.real, &self.devices[device]).await?;
                }
            }
            if self.devices.iter().all(Device::is_still) {
                for device in 0..DEVICES {
                    self.step(&Step::Sync(device)).await?;
                }
                return agree::everywhere(self.real).await;
            }
        }
        Err(format!("after {ROUNDS} rounds there is still something to settle"))
    }

    /// What an edit comes to, of these rows; nothing when it changes nothing.
    fn resolve(&self, edit: &Edit, rows: &BTreeMap<Uuid, Values>) -> Option<(Command, Option<Uuid>, Values)> {
        let ids: Vec<Uuid> = rows.keys().copied().collect();
        match edit {
            Edit::Create(choices) => {
                let values = self.values(choices, Some(&empty()));
                Some((Command::Create, None, values))
            }
            Edit::Update(row, choices) => {
                let object = pick(&ids, *row)?;
                let values = self.values(choices, Some(&rows[&object]));
                (!values.is_empty()).then_some((Command::Update, Some(object), values))
            }
            Edit::Delete(row) => Some((Command::Delete, Some(pick(&ids, *row)?), Values::new())),
        }
    }

    /// Values; only those that the row has not yet, where there is one.
    fn values(&self, choices: &Choices, row: Option<&Values>) -> Values {
        let values: Values =
            choices.iter().map(|(attribute, number)| (*attribute, self.value(*attribute, *number))).collect();
        values.into_iter().filter(|(attribute, value)| row.is_none_or(|row| row[attribute] != *value)).collect()
    }

    fn value(&self, attribute: Attribute, number: Pick) -> Option<String> {
        let some = usize::from(number);
        match attribute {
            Attribute::Name => (some % 13 < 12).then(|| NAMES[some % 13].to_owned()),
            Attribute::Size => match some % 9 {
                0 => None,
                8 => Some("2000".to_owned()),
                size => Some(size.to_string()),
            },
            Attribute::Note => (some % 5 > 0).then(|| format!("note {}", some % 5)),
            Attribute::Parent => {
                (some % 3 > 0).then(|| self.ids.get((some / 3) % self.ids.len().max(1)).map(Uuid::to_string)).flatten()
            }
            Attribute::Keeper => match some % 4 {
                2 => Some(self.server.known[0].user.to_string()),
                3 => Some(self.server.known[DEVICES - 1].user.to_string()),
                _ => None,
            },
        }
    }

    fn fresh(&mut self) -> Uuid {
        let id = Uuid::from_u64_pair(self.number, self.ids.len() as u64 + 1);
        self.ids.push(id);
        id
    }
}

fn pick<T: Clone>(of: &[T], number: Pick) -> Option<T> {
    (!of.is_empty()).then(|| of[usize::from(number) % of.len()].clone())
}

fn statement(table: &str, command: Command, object: Uuid, data: &Values) -> String {
    let values: Vec<(&str, String)> =
        data.iter().map(|(attribute, value)| (attribute.column(), literal(*attribute, value.as_ref()))).collect();
    match command {
        Command::Create => {
            let (columns, values): (String, String) =
                values.iter().map(|(column, value)| (format!(", {column}"), format!(", {value}"))).unzip();
            format!("INSERT INTO {table} (id{columns}) VALUES ('{object}'{values})")
        }
        Command::Update => {
            let pairs: Vec<String> = values.iter().map(|(column, value)| format!("{column} = {value}")).collect();
            format!("UPDATE {table} SET {} WHERE id = '{object}'", pairs.join(", "))
        }
        Command::Delete => format!("DELETE FROM {table} WHERE id = '{object}'"),
    }
}
