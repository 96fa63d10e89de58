//! Playing operations back in order: what must wait is parked, what is alike is written in runs, the rest unit by unit.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use sojourn_platform::PlatformError;
use sojourn_wire::message::operation::{Command, Operation, RowCommand, Verdict};
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::actor::Actor;
use super::runnable::Runnable;
use super::subscription::Subscription;
use super::unit::{Verdicts, names};
use super::{history, look};
use crate::groups::{Unit, units};
use crate::merge::{Known, Left};
use crate::park::Blocks;
use crate::pipeline::Prepared;
use crate::refusal::Refusal;
use crate::runs::{Step, steps};
use crate::ties::{Object, Ties, object_of, object_written};
use crate::validate::Write;

/// What became of one operation, as it is stored.
#[derive(Debug, Clone)]
pub(super) struct Played {
    /// The verdict.
    pub(super) verdict: Verdict,
    /// Its place in the order of capture.
    pub(super) origin: u64,
    /// Something was done: what was deleted already is not deleted again.
    pub(super) happened: bool,
    /// The version of the row that it left, where it was the last on the object.
    pub(super) version: Option<u32>,
    /// What operations have left of the row.
    pub(super) left: Left,
    /// What its row was to leave, of one that was not carried out.
    pub(super) leaves: Vec<Object>,
}

/// Operations being played back.
pub(super) struct Player<'a> {
    actor: &'a Actor<'a>,
    operations: &'a [Operation],
    prepared: &'a [Result<Prepared<'a>, Refusal>],
    ties: Vec<Ties>,
    blocks: Blocks,
    known: HashMap<Object, Known>,
    runnable: HashMap<i32, Runnable>,
    played: Vec<Played>,
}

impl<'a> Player<'a> {
    /// Reads what is known of the operations' objects, while the transaction is still the service's.
    pub(super) async fn new(
        tx: &mut Transaction<'_, Postgres>,
        actor: &'a Actor<'a>,
        subscription: &Subscription,
        operations: &'a [Operation],
        prepared: &'a [Result<Prepared<'a>, Refusal>],
    ) -> Result<Player<'a>, PlatformError> {
        let metadata = &actor.metadata.metadata;
        let writes = |prepared: &'a Result<Prepared<'a>, Refusal>| {
            prepared.as_ref().map_or(&[][..], |prepared| prepared.writes.as_slice())
        };
        let ties: Vec<Ties> =
            operations.iter().zip(prepared).map(|(o, prepared)| Ties::of(o, writes(prepared), metadata)).collect();
        let id = actor.request.subscription;
        let since = actor.request.chunk.since.unwrap_or(1);
        let blocks = history::blocks(tx, id, operations, &ties, since).await?;
        let changes = |write: &Write<'_>| write.command != RowCommand::Create;
        let known = match prepared.iter().flatten().flat_map(|prepared| &prepared.writes).any(changes) {
            true => history::known(tx, id, subscription, &history::objects(&ties)).await?,
            false => HashMap::new(),
        };
        let played = Vec::with_capacity(operations.len());
        Ok(Player { actor, operations, prepared, ties, blocks, known, runnable: HashMap::new(), played })
    }

    /// Plays everything back as the user; the transaction is the user's then.
    pub(super) async fn play(mut self, tx: &mut Transaction<'_, Postgres>) -> Result<Vec<Played>, PlatformError> {
        self.actor.enter(tx).await?;
        self.lock_deleted(tx).await?;
        for step in steps(self.operations, self.prepared, units(self.operations)) {
            match step {
                Step::Run(range) => self.run(tx, range).await?,
                Step::Unit(range) => self.unit(tx, range).await?,
            }
        }
        self.note_versions(tx).await?;
        Ok(self.played)
    }

    /// Locks what is deleted after something else was written, and notes its versions: triggers of what comes before may touch
    /// it, as a line does its order. A row that cannot be locked is judged by what it is when its turn comes.
    async fn lock_deleted(&mut self, tx: &mut Transaction<'_, Postgres>) -> Result<(), PlatformError> {
        let mut deleted: BTreeMap<i32, Vec<Uuid>> = BTreeMap::new();
        for (code, object_id) in self.ties.iter().skip(1).flat_map(|ties| &ties.deletes) {
            deleted.entry(*code).or_default().push(*object_id);
        }
        for (code, ids) in deleted {
            let Some(table) = self.actor.metadata.table_of(code) else { continue };
            match look::locked(tx, table, &ids).await? {
                Ok(versions) => {
                    self.actor.begin_unit(tx).await?;
                    for (object_id, version) in versions {
                        self.known.entry((code, object_id)).or_default().locked = Some(version);
                    }
                }
                Err(error) => {
                    self.actor.roll_back(tx).await?;
                    tracing::debug!(entity = table.entity, "what is to be deleted cannot be locked: {error}");
                }
            }
        }
        Ok(())
    }

    /// One unit; its members wait as a whole when one of them must.
    async fn unit(&mut self, tx: &mut Transaction<'_, Postgres>, range: Range<usize>) -> Result<(), PlatformError> {
        let operations = &self.operations[range.clone()];
        operations.iter().for_each(|operation| self.blocks.settle(operation));
        let mut unit = Unit::new(operations);
        for (member, (operation, ties)) in operations.iter().zip(&self.ties[range.clone()]).enumerate() {
            if let Some(cause) = self.blocks.cause(operation, ties) {
                unit.refuse(member, Refusal::parked(cause));
            }
        }
        let done = self.actor.unit(tx, unit, &self.prepared[range.clone()], &self.known).await?;
        self.follow_leaves(tx, range.clone(), &done.0).await?;
        self.note(range, done);
        Ok(())
    }

    /// What a refused row was to leave may go with other rows itself: deletes of those wait as well.
    async fn follow_leaves(
        &mut self,
        tx: &mut Transaction<'_, Postgres>,
        range: Range<usize>,
        verdicts: &[Verdict],
    ) -> Result<(), PlatformError> {
        for (place, verdict) in range.zip(verdicts) {
            let leaves = &mut self.ties[place].leaves;
            if !verdict.verdict.is_done() && !leaves.is_empty() {
                *leaves = self.actor.with_owners(tx, leaves).await?;
            }
        }
        Ok(())
    }

    /// A run, or what is left of it without those that must wait.
    async fn run(&mut self, tx: &mut Transaction<'_, Postgres>, range: Range<usize>) -> Result<(), PlatformError> {
        let first = self.prepared[range.start].iter().flat_map(|prepared| &prepared.writes).next();
        let Some(first) = first else { return Ok(()) };
        if self.may_run(tx, first).await? && self.try_run(tx, range.clone()).await? {
            return Ok(());
        }
        for place in range {
            self.unit(tx, place..place + 1).await?;
        }
        Ok(())
    }

    async fn try_run(
        &mut self,
        tx: &mut Transaction<'_, Postgres>,
        range: Range<usize>,
    ) -> Result<bool, PlatformError> {
        let operations = &self.operations[range.clone()];
        let mut blocks = self.blocks.clone();
        operations.iter().for_each(|operation| blocks.settle(operation));
        let ties = &self.ties[range.clone()];
        if operations.iter().zip(ties).any(|(operation, ties)| blocks.cause(operation, ties).is_some()) {
            return Ok(false);
        }
        let prepared = self.prepared[range.clone()].iter().flatten();
        let run: Vec<_> = operations.iter().zip(prepared.flat_map(|prepared| &prepared.writes)).collect();
        let Some(done) = self.actor.run(tx, &run, &self.known).await? else { return Ok(false) };
        self.follow_leaves(tx, range.clone(), &done.0).await?;
        self.blocks = blocks;
        self.note(range, done);
        Ok(true)
    }

    async fn may_run(&mut self, tx: &mut Transaction<'_, Postgres>, write: &Write<'_>) -> Result<bool, PlatformError> {
        if self.frees_a_duplicate(write) {
            return Ok(false);
        }
        let code = write.table.object_type_code;
        if let Some(runnable) = self.runnable.get(&code) {
            return Ok(runnable.takes(write));
        }
        let runnable = Runnable::read(tx, write.table).await?;
        let takes = runnable.takes(write);
        self.runnable.insert(code, runnable);
        Ok(takes)
    }

    /// An update of what duplicate rules compare may take away what an operation before it is a duplicate of.
    fn frees_a_duplicate(&self, write: &Write<'_>) -> bool {
        let (rules, entity) = (self.actor.rules, &write.table.entity);
        let mut names = names(write);
        write.command == RowCommand::Update && names.any(|name| rules.is_compared(entity, &name))
    }

    /// Notes what became of operations, for those that follow.
    fn note(&mut self, range: Range<usize>, (verdicts, left): Verdicts) {
        for (object, here) in &left {
            // The unit is over: what it has written is what others will find.
            let here = Left { before: None, ..here.clone() };
            self.known.entry(*object).or_default().here = Some(here);
        }
        for (place, verdict) in range.zip(verdicts) {
            let operation = &self.operations[place];
            self.blocks.note(operation, &self.ties[place], &verdict);
            let origin = self.blocks.origin(operation);
            let here = left.get(&object_of(operation));
            let happened = verdict.verdict.is_done() && (here.is_some() || operation.command == Command::Invoke);
            let left = here.cloned().unwrap_or_default();
            let leaves = match verdict.verdict.is_done() {
                true => Vec::new(),
                false => std::mem::take(&mut self.ties[place].leaves),
            };
            self.played.push(Played { verdict, origin, happened, version: None, left, leaves });
        }
    }

    /// The versions that rows have now: until somebody else writes them, nothing that follows conflicts. A policy that
    /// fails here only costs that knowledge.
    async fn note_versions(&mut self, tx: &mut Transaction<'_, Postgres>) -> Result<(), PlatformError> {
        let mut last: HashMap<i32, HashMap<Uuid, usize>> = HashMap::new();
        for (place, prepared) in self.prepared.iter().enumerate() {
            let done = self.played[place].verdict.verdict.is_done();
            for write in prepared.iter().filter(|_| done).flat_map(|prepared| &prepared.writes) {
                let (code, object_id) = object_written(write);
                // Only of the operation's own object: the versions of others would be stored under a wrong name.
                if (code, object_id) == object_of(&self.operations[place]) && write.command != RowCommand::Delete {
                    last.entry(code).or_default().insert(object_id, place);
                }
            }
        }
        for (code, objects) in last {
            let Some(table) = self.actor.metadata.table_of(code) else { continue };
            let ids: Vec<Uuid> = objects.keys().copied().collect();
            match look::versions(tx, table, &ids).await {
                Ok(versions) => {
                    for (object_id, version) in versions {
                        self.played[objects[&object_id]].version = Some(version);
                    }
                }
                Err(error) => {
                    self.actor.roll_back(tx).await?;
                    tracing::warn!(entity = table.entity, "the versions of what was written are not known: {error}");
                }
            }
        }
        Ok(())
    }
}
