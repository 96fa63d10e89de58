//! Runs one session: does what the state machine says, fetching and loading at the same time.

mod moved;

use std::collections::HashMap;
use std::time::Duration;

use sojourn_metadata::Metadata;
use sojourn_runtime::clock;
use sojourn_wire::batch::Parts;
use sojourn_wire::message::ack::{Ack, Stage};
use sojourn_wire::message::prepare::{Holds, ObjectRef, PrepareRequest};
use sojourn_wire::{Dataset, message};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::error::AgentError;
use crate::link::Link;
use crate::progress::Progress;
use crate::session::{Begin, Effect, Ending, Event, Machine};
use crate::shared::SharedStore;
use crate::store::{Loaded, Session, Store, StoreError};
use crate::verify::VERIFICATION_DUE;

pub use moved::Moved;

/// Rows asked for again in one request: a request is at most 64 KB.
const REFRESH: usize = 500;
/// How often a session is begun anew because a batch file arrived broken (the documents' *OfflineMaxRetryCount*).
const MAX_RETRY_COUNT: u32 = 3;

/// Brings the device to what its user may see now: PrepareSync, metadata, data. When more rows were asked for again
/// than one request holds, it runs until all have been.
///
/// # Errors
/// [`AgentError`]; what was PostSynced until then is not sent again.
pub async fn download(store: &SharedStore, link: &Link, progress: &mut Progress) -> Result<Moved, AgentError> {
    let mut total = Moved::default();
    let mut retries = 0;
    loop {
        let refresh = store.run("reading the store", |store| store.refresh_list(REFRESH)).await?;
        let full = refresh.len() == REFRESH;
        let request = store.run("reading the store", |store| request(store, refresh)).await?;
        match Run::new(store, link, progress).run(request).await {
            Ok(moved) => total.add(moved),
            Err(error) if error.is_broken_file() && retries < MAX_RETRY_COUNT => {
                retries += 1;
                total.retries += 1;
                continue;
            }
            Err(error) => return Err(error),
        }
        if !full {
            return Ok(total);
        }
    }
}

/// What to ask for. A device that has begun no session holds nothing, though it may have tables.
fn request(store: &Store, refresh: Vec<ObjectRef>) -> Result<PrepareRequest, StoreError> {
    let holds =
        |session: Session| Holds { session: session.id, batch: session.last_batch, prepare_seq: session.prepare_seq };
    let holds = store.session()?.map(holds);
    let metadata_version = holds.as_ref().and(store.metadata()).map(|(version, _)| version);
    Ok(PrepareRequest { request: clock::fresh_id(), metadata_version, refresh, holds })
}

/// One session under way.
struct Run<'a> {
    store: &'a SharedStore,
    link: &'a Link,
    progress: &'a mut Progress,
    machine: Machine,
    tasks: JoinSet<Result<Done, AgentError>>,
    acks: Option<mpsc::UnboundedSender<Ack>>,
    files: HashMap<u32, Vec<u8>>,
    moved: Moved,
    started: HashMap<u32, jiff::Timestamp>,
    rows_of: HashMap<u32, u64>,
}

/// What a task of a run has done.
enum Done {
    Event(Event),
    Fetched(u32, Vec<u8>),
    Loaded(Loaded),
    Acknowledged,
}

impl<'a> Run<'a> {
    fn new(store: &'a SharedStore, link: &'a Link, progress: &'a mut Progress) -> Self {
        let (acks, outbox) = mpsc::unbounded_channel();
        let mut tasks = JoinSet::new();
        tasks.spawn(send_acks(link.clone(), outbox));
        Self {
            store,
            link,
            progress,
            machine: Machine::new(),
            tasks,
            acks: Some(acks),
            files: HashMap::new(),
            moved: Moved::default(),
            started: HashMap::new(),
            rows_of: HashMap::new(),
        }
    }

    async fn run(mut self, request: PrepareRequest) -> Result<Moved, AgentError> {
        self.progress.begin("preparing");
        let result = self.link.prepare(&request).await?;
        if let message::prepare::PrepareOutcome::Prepared { elapsed_ms, entities, .. } = &result.outcome {
            self.moved.prepare_ms = *elapsed_ms;
            self.moved.entities.clone_from(entities);
            // The server now has these rows on its list, whatever happens here.
            let asked = request.refresh;
            self.store.run("storing the prepare", move |store| store.refresh_clear(&asked)).await?;
        }
        let mut effects = self.machine.step(Event::Prepared(result.outcome));
        loop {
            for effect in std::mem::take(&mut effects) {
                if let Some(ending) = self.start(effect) {
                    self.progress.end();
                    return self.ended(ending);
                }
            }
            let done = self.tasks.join_next().await.ok_or(AgentError::Stopped("moving data"))?;
            let done = done.map_err(|_| AgentError::Stopped("moving data"))??;
            effects = self.take(done);
        }
    }

    /// Starts an effect; an ending ends the run.
    fn start(&mut self, effect: Effect) -> Option<Ending> {
        let link = self.link.clone();
        match effect {
            Effect::Begin(begun) => {
                self.progress.rows(&begun.totals);
                let store = self.store.clone();
                self.tasks.spawn(async move { begin(&store, &link, begun).await });
            }
            Effect::AwaitManifest { session, batch } => {
                self.tasks.spawn(async move {
                    let manifest = link.manifest(session, batch).await?;
                    Ok(Done::Event(Event::Manifest { batch, outcome: manifest.outcome }))
                });
            }
            Effect::Fetch { session, batch, parts, bytes } => {
                self.started.insert(batch, clock::now());
                let expected = Parts { count: parts, bytes };
                self.tasks
                    .spawn(async move { Ok(Done::Fetched(batch, link.file(session, batch, expected, |_| ()).await?)) });
            }
            Effect::Load { batch } => {
                let (store, file) = (self.store.clone(), self.files.remove(&batch).unwrap_or_default());
                self.tasks.spawn(async move {
                    Ok(Done::Loaded(store.run("loading a batch", move |store| store.load(&file)).await?))
                });
            }
            Effect::Acknowledge { session, batch, stage } => self.acknowledge(session, batch, stage),
            Effect::AwaitSettled { session } => {
                self.tasks.spawn(async move {
                    let settled = link.settled(session).await?;
                    Ok(Done::Event(Event::Settled { pending: settled.pending }))
                });
            }
            Effect::End { session } => {
                let store = self.store.clone();
                self.tasks.spawn(async move {
                    store.run("ending the session", move |store| store.finish_session(session)).await?;
                    Ok(Done::Event(Event::Ended))
                });
            }
            Effect::Stop(ending) => return Some(ending),
        }
        None
    }

    /// Takes what a task has done to the machine.
    fn take(&mut self, done: Done) -> Vec<Effect> {
        let event = match done {
            Done::Event(event) => event,
            Done::Fetched(batch, file) => {
                self.files.insert(batch, file);
                Event::Fetched { batch }
            }
            Done::Loaded(loaded) => {
                self.moved.rows += loaded.rows;
                self.moved.deletes += loaded.deletes;
                self.moved.set_aside += loaded.set_aside;
                self.moved.batches += 1;
                let rows = loaded.rows + loaded.deletes + loaded.set_aside;
                self.rows_of.insert(loaded.batch, rows);
                self.progress.advance(rows);
                Event::Loaded { batch: loaded.batch }
            }
            Done::Acknowledged => return Vec::new(),
        };
        self.machine.step(event)
    }

    fn acknowledge(&mut self, session: Uuid, batch: u32, stage: Stage) {
        let elapsed = self.started.get(&batch).map(|started| clock::now().duration_since(*started));
        let elapsed_ms = elapsed.map_or(0, |elapsed| elapsed.as_millis().unsigned_abs() as u64);
        let rows = match stage {
            Stage::Finished => self.moved.rows + self.moved.deletes,
            Stage::Received | Stage::PostSynced => self.rows_of.get(&batch).copied().unwrap_or_default(),
        };
        if let Some(acks) = &self.acks {
            let _ = acks.send(Ack { session, batch, stage, rows, elapsed_ms });
        }
        if stage == Stage::Finished {
            self.acks = None;
        }
    }

    fn ended(mut self, ending: Ending) -> Result<Moved, AgentError> {
        match ending {
            Ending::Complete { pending } => {
                self.moved.pending = pending;
                Ok(self.moved)
            }
            Ending::Refused(reason) => Err(AgentError::Refused(reason)),
            Ending::TooNew => Err(AgentError::TooNew),
        }
    }
}

/// Sends acknowledgements one after the other, in the order they were given.
async fn send_acks(link: Link, mut outbox: mpsc::UnboundedReceiver<Ack>) -> Result<Done, AgentError> {
    while let Some(ack) = outbox.recv().await {
        link.acknowledge(&ack).await?;
    }
    Ok(Done::Acknowledged)
}

/// Makes the device ready for a session, and notes it.
async fn begin(store: &SharedStore, link: &Link, begun: Begin) -> Result<Done, AgentError> {
    let Begin { session, prepare_seq, reinitialise, dataset, metadata_version, totals, next_sequence } = begun;
    adopt(store, link, &dataset, metadata_version, next_sequence).await?;
    let note = move |store: &mut Store| {
        if reinitialise {
            // Before the session: once that is noted, the server does not say it again.
            store.set_setting(VERIFICATION_DUE, Some("1"))?;
        }
        store.begin_session(session, prepare_seq, &totals)
    };
    store.run("beginning the session", note).await?;
    Ok(Done::Event(Event::Begun))
}

/// Adopts the session's metadata, if the device has another. A device without any has no history either: its
/// operations are numbered from where the server stands.
async fn adopt(
    store: &SharedStore,
    link: &Link,
    dataset: &Dataset,
    version: u32,
    next_sequence: u64,
) -> Result<(), AgentError> {
    let held = store.run("reading the store", |store| Ok(store.metadata().map(|(version, _)| version))).await?;
    if held == Some(version) {
        return Ok(());
    }
    let published = link.schema(dataset, version).await?;
    let metadata: Metadata = serde_json::from_value(published.document)
        .map_err(|error| AgentError::Metadata { version, problem: error.to_string() })?;
    if held.is_none() {
        store.run("numbering operations", move |store| store.number_from(next_sequence)).await?;
    }
    store.run("adopting the metadata", move |store| store.adopt_metadata(version, &metadata)).await
}

/// How long the server may be silent before a run is given up.
pub const PATIENCE: Duration = Duration::from_secs(120);
