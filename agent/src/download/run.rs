//! Runs one session: does what the state machine says, each step beside the others.

use std::collections::HashMap;

use sojourn_runtime::clock;
use sojourn_wire::batch::Parts;
use sojourn_wire::message::ack::{Ack, Stage};
use sojourn_wire::message::prepare::{PrepareOutcome, PrepareRequest};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::books::Books;
use super::checker::Checker;
use super::tasks::{self, Checked, Done};
use super::{Moved, acks};
use crate::batching::Batching;
use crate::error::AgentError;
use crate::link::Link;
use crate::progress::Progress;
use crate::session::{Effect, Ending, Event, Machine};
use crate::shared::SharedStore;
use crate::store::Store;

const MOVING: &str = "moving data";

/// One session under way.
pub(super) struct Run<'a> {
    store: &'a SharedStore,
    link: &'a Link,
    progress: &'a mut Progress,
    machine: Machine,
    tasks: JoinSet<Result<Done, AgentError>>,
    acks: Option<mpsc::UnboundedSender<Ack>>,
    books: Books,
    session: Option<Uuid>,
    checker: Option<Checker>,
    /// A session was finished here before.
    later: bool,
    /// Files that wait to be checked.
    files: HashMap<u32, Vec<u8>>,
    /// Batches that wait to be written.
    checked: HashMap<u32, Checked>,
}

impl<'a> Run<'a> {
    pub(super) fn new(store: &'a SharedStore, link: &'a Link, progress: &'a mut Progress, batching: Batching) -> Self {
        let (acks, outbox) = mpsc::unbounded_channel();
        let mut tasks = JoinSet::new();
        let sending = acks::send(link.clone(), outbox);
        tasks.spawn(async { sending.await.map(|()| Done::Acknowledged) });
        Self {
            store,
            link,
            progress,
            machine: Machine::new(),
            tasks,
            acks: Some(acks),
            books: Books::new(batching),
            session: None,
            checker: None,
            later: false,
            files: HashMap::new(),
            checked: HashMap::new(),
        }
    }

    /// Runs the session. Answers what it moved, and whether it was the first one that was finished here.
    pub(super) async fn run(mut self, request: PrepareRequest) -> Result<(Moved, bool), AgentError> {
        let ended = self.drive(request).await;
        self.progress.end();
        if matches!(&ended, Err(error) if error.is_lost_file()) {
            self.books.begun_anew();
        }
        let noted = self.note(ended.is_ok()).await;
        let pending = ended?;
        noted?;
        Ok((Moved { pending, ..self.books.moved }, !self.later))
    }

    /// Does what the machine says until it stops. Answers how many rows still wait on the server.
    async fn drive(&mut self, request: PrepareRequest) -> Result<u64, AgentError> {
        self.progress.begin("preparing");
        let result = self.link.prepare(&request).await?;
        self.books.begin();
        if let PrepareOutcome::Prepared { elapsed_ms, entities, .. } = &result.outcome {
            self.books.moved.prepare_ms = *elapsed_ms;
            self.books.moved.entities.clone_from(entities);
            // The server now has these rows on its list, whatever happens here.
            let asked = request.refresh;
            self.store.run("storing the prepare", move |store| store.refresh_clear(&asked)).await?;
        }
        let mut effects = self.machine.step(Event::Prepared(result.outcome));
        loop {
            for effect in std::mem::take(&mut effects) {
                if let Some(ending) = self.start(effect)? {
                    return ended(ending);
                }
            }
            let done = self.tasks.join_next().await.ok_or(AgentError::Stopped(MOVING))?;
            let done = done.map_err(|_| AgentError::Stopped(MOVING))??;
            effects = self.take(done)?;
        }
    }

    /// Notes on the device what the session did, whether or not it came to its end.
    async fn note(&self, complete: bool) -> Result<(), AgentError> {
        let Some(session) = self.session else { return Ok(()) };
        let (info, finished_at) = (self.books.info().clone(), complete.then(clock::now));
        let note = move |store: &mut Store| store.sync_info_note(session, &info, finished_at);
        self.store.run("noting the session", note).await
    }

    /// Starts an effect; an ending ends the run.
    fn start(&mut self, effect: Effect) -> Result<Option<Ending>, AgentError> {
        let (store, link, progress) = (self.store.clone(), self.link.clone(), self.progress.clone());
        match effect {
            Effect::Begin(begin) => {
                self.progress.moving(&begin.totals);
                self.session = Some(begin.session);
                self.tasks.spawn(tasks::begin(store, link, begin));
            }
            Effect::AwaitManifest { session, batch } => {
                self.books.awaiting(batch);
                self.tasks.spawn(tasks::manifest(link, session, batch));
            }
            Effect::Fetch { session, batch, parts, bytes } => {
                let (rows, in_flight) = self.books.fetching(batch);
                let expected = Parts { count: parts, bytes };
                self.tasks.spawn(tasks::fetch(link, progress, (session, batch), (expected, rows), in_flight));
            }
            Effect::Check { batch } => {
                let both = self.checker.as_ref().zip(self.files.remove(&batch));
                let (checker, file) = both.ok_or(AgentError::Stopped(MOVING))?;
                self.tasks.spawn(checker.check(batch, file));
            }
            Effect::Load { batch } | Effect::Spool { batch } => {
                let checked = self.checked.remove(&batch).ok_or(AgentError::Stopped(MOVING))?;
                self.tasks.spawn(tasks::keep(store, batch, checked));
            }
            Effect::Apply { session } => {
                self.tasks.spawn(tasks::apply(store, progress, session));
            }
            Effect::AwaitSettled { session } => {
                self.tasks.spawn(tasks::settled(link, session));
            }
            Effect::End { session } => {
                self.tasks.spawn(tasks::end(store, session));
            }
            Effect::Acknowledge { session, batch, stage } => self.acknowledge(session, batch, stage),
            Effect::Stop(ending) => return Ok(Some(ending)),
        }
        Ok(None)
    }

    /// Takes what a task has done to the machine.
    fn take(&mut self, done: Done) -> Result<Vec<Effect>, AgentError> {
        let event = match done {
            Done::Acknowledged => return Ok(Vec::new()),
            Done::Event(event) => event,
            Done::Begun { fitting, later } => {
                (self.checker, self.later) = (Some(Checker::start(fitting, later)?), later);
                Event::Begun { later }
            }
            Done::Manifest { batch, outcome } => {
                self.books.described(batch, &outcome);
                Event::Manifest { batch, outcome }
            }
            Done::Fetched { batch, fetched, took } => {
                self.books.fetched(batch, &fetched, took);
                self.files.insert(batch, fetched.file);
                Event::Fetched { batch }
            }
            Done::Checked { batch, checked, took } => {
                self.books.checked(batch, took);
                self.checked.insert(batch, checked);
                Event::Checked { batch }
            }
            Done::Loaded { loaded, took } => {
                self.books.loaded(&loaded, took);
                self.progress.loaded(loaded.taken());
                Event::Durable { batch: loaded.batch }
            }
            Done::Spooled { batch, took } => {
                self.books.durable(batch, took);
                Event::Durable { batch }
            }
            Done::Applied { session, unspooled } => {
                self.books.applied(unspooled, session);
                Event::Applied
            }
        };
        Ok(self.machine.step(event))
    }

    fn acknowledge(&mut self, session: Uuid, batch: u32, stage: Stage) {
        let ack = self.books.ack(session, batch, stage);
        if let Some(acks) = &self.acks {
            let _ = acks.send(ack);
        }
        if stage == Stage::Finished {
            self.acks = None;
        }
    }
}

fn ended(ending: Ending) -> Result<u64, AgentError> {
    match ending {
        Ending::Complete { pending } => Ok(pending),
        Ending::Refused(reason) => Err(AgentError::Refused(reason)),
        Ending::TooNew => Err(AgentError::TooNew),
    }
}
