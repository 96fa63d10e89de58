//! The real thing: the services, and three devices whose agents are driven as a library.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use sojourn_agent::download::download;
use sojourn_agent::home::{Home, credentials_in};
use sojourn_agent::link::Link;
use sojourn_agent::playback::play_back;
use sojourn_agent::progress::Progress;
use sojourn_agent::shared::SharedStore;
use sojourn_agent::store::{EntryCommand, QueueEntry, Settlement, Store, ValueRef, Writer};
use sojourn_sample_crm::People;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::row::{Attribute, Values};
use super::story::DEVICES;
use crate::support::{World, WorldPlan};

const TABLES: &str = include_str!("tables.sql");
const CONFIG: &str = include_str!("sojourn.yaml");
const PATIENCE: Duration = Duration::from_secs(60);
/// Whose the devices are.
const USERS: [fn(&People) -> Uuid; DEVICES] =
    [|people| people.sales[0].id, |people| people.sales[0].id, |people| people.sales[1].id];

/// A device.
struct RealDevice {
    store: SharedStore,
    link: Link,
    database: PathBuf,
    last_sequence: u64,
}

/// The services and their devices.
pub struct Real {
    pub world: World,
    devices: Vec<RealDevice>,
}

impl Real {
    /// Starts everything; the devices are offline and empty.
    pub async fn start() -> Self {
        let world = WorldPlan::of(&USERS).of_tables(TABLES, CONFIG).start().await;
        let mut devices = Vec::new();
        for device in &world.devices {
            device.init().await;
            device.run(&["go-offline"]).await.expect(0);
            let home = Home::open(&device.home()).expect("a home");
            let store = Store::open(&home.database()).expect("a store");
            let credentials = credentials_in(&device.home(), &store.device().expect("a device")).expect("credentials");
            let link = Link::connect(&credentials, PATIENCE).await.expect("a connection");
            let (store, database) = (SharedStore::new(store), device.database());
            devices.push(RealDevice { store, link, database, last_sequence: 0 });
        }
        Self { world, devices }
    }

    /// The users of the devices.
    pub fn users(&self) -> [Uuid; DEVICES] {
        USERS.map(|user| user(&self.world.people))
    }

    /// The number of each device's next operation.
    pub fn next_sequences(&self) -> [u64; DEVICES] {
        std::array::from_fn(|device| self.devices[device].last_sequence + 1)
    }

    /// A story has ended: its rows go.
    pub async fn clear(&mut self) {
        self.elsewhere("DELETE FROM model.thing".to_owned()).await.expect("they go");
        for device in 0..DEVICES {
            self.sync(device).await.expect("it is told");
        }
    }

    /// A user's program writes on a device.
    pub fn write(&self, device: usize, statements: &str) -> Result<(), String> {
        let mut writer = Writer::open(&self.devices[device].database).expect("the database opens");
        writer.run(statements).map_err(|error| format!("{statements}: {error}"))
    }

    /// Somebody writes on the server.
    #[expect(clippy::disallowed_methods, reason = "stories are told in statements of their own")]
    pub async fn elsewhere(&self, statement: String) -> Result<(), String> {
        let done = sqlx::query(AssertSqlSafe(statement.clone())).execute(self.world.admin()).await;
        done.map(drop).map_err(|error| format!("{statement}: {error}"))
    }

    /// Plays a device's queue back, and brings it what changed. Answers the verdicts, by sequence.
    pub async fn sync(&mut self, device: usize) -> Result<Vec<(u64, String)>, String> {
        let RealDevice { store, link, last_sequence, .. } = &mut self.devices[device];
        let mut progress = Progress::silent();
        let failed = |error| format!("device {device} cannot sync: {error}");
        let played = play_back(store, link, PATIENCE, &mut progress).await.map_err(failed)?;
        download(store, link, &mut progress).await.map_err(failed)?;
        let told = played.applied.iter().chain(&played.refused).map(|settled| &settled.verdict);
        let mut told: Vec<(u64, String)> = told.map(|v| (v.sequence, v.verdict.word().to_owned())).collect();
        told.sort_unstable();
        *last_sequence += told.len() as u64 + played.given_up;
        Ok(told)
    }

    /// The user settles an entry.
    pub async fn settle(&self, device: usize, row_number: u64, settlement: Settlement) -> Result<(), String> {
        let words = format!("settling entry {row_number} of device {device} by {settlement:?}");
        let work = move |store: &mut Store| store.settle_error(row_number, &settlement);
        let settled = self.devices[device].store.run("settling", work).await;
        settled.map(drop).map_err(|error| format!("{words}: {error}"))
    }

    /// The entries of a device, but for those that are done and forgotten.
    pub async fn entries(&self, device: usize) -> Vec<QueueEntry> {
        let marker = |entry: &QueueEntry| matches!(entry.command, EntryCommand::Start | EntryCommand::Stop);
        let all = self.devices[device].store.run("reading", |store| store.queue_entries(usize::MAX)).await;
        all.expect("the queue can be read").into_iter().filter(|entry| !marker(entry)).collect()
    }

    /// A device's rows.
    pub async fn rows(&self, device: usize) -> BTreeMap<Uuid, Values> {
        let read = |store: &mut Store| {
            let mut rows = BTreeMap::new();
            store.for_each_row("thing", |id, values| {
                let told = values.iter().skip(1).map(|value| match value {
                    ValueRef::Null => None,
                    ValueRef::Text(text) => Some((*text).to_owned()),
                    ValueRef::Integer(number) => Some(number.to_string()),
                    other => panic!("{other:?} is no value of a thing"),
                });
                let row: Values = Attribute::ALL.into_iter().zip(told).collect();
                rows.insert(id.parse().expect("an id"), row);
            })?;
            Ok(rows)
        };
        self.devices[device].store.run("reading", read).await.expect("the rows can be read")
    }

    /// The server's rows.
    pub async fn server_rows(&self) -> BTreeMap<Uuid, Values> {
        let sql = "SELECT id, ARRAY[name, size::text, note, parent_id::text, keeper::text] FROM model.thing";
        let rows: Vec<(Uuid, Vec<Option<String>>)> =
            sqlx::query_as(sql).fetch_all(self.world.admin()).await.expect("the rows can be read");
        rows.into_iter().map(|(id, values)| (id, Attribute::ALL.into_iter().zip(values).collect())).collect()
    }
}
