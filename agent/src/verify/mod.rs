//! `sync --verify`: device and server compare digests of rows, narrow down to the rows that differ, and only those are
//! sent again. What has operations without a verdict is left alone.

mod classify;
pub mod narrow;
mod report;

use sojourn_metadata::Entity;
use sojourn_runtime::clock;
use sojourn_wire::message::prepare::ObjectRef;
use sojourn_wire::message::verify::{KeyRange, RangeDigest, RowDigest, VerifyOutcome, VerifyRequest};

use crate::download::download;
use crate::error::AgentError;
use crate::link::Link;
use crate::progress::Progress;
use crate::shared::SharedStore;
use crate::store::{Store, StoreError, VERIFICATION_DUE};

pub use classify::Differences;
use narrow::{Narrowing, Question};
pub use report::{Compared, Verified};

/// Compares every entity with the server; with `repair`, asks for the rows that differ and compares them again.
///
/// # Errors
/// [`AgentError::Refused`] when the server does not compare, as with other metadata than the device has;
/// [`StoreError::NoTables`] when nothing was loaded yet.
pub async fn verify(
    store: &SharedStore,
    link: &Link,
    progress: &mut Progress,
    repair: bool,
) -> Result<Verified, AgentError> {
    let mut entities = compared_entities(store).await?;
    progress.comparing(entities.iter().map(|entity| entity.rows).sum());
    let mut comparing = Comparing::begin(store, link).await?;
    for entity in &mut entities {
        entity.found = comparing.compare(entity, Narrowing::of_all()).await?;
        let name = entity.entity.clone();
        let alone =
            move |store: &mut Store| Ok((store.strange_ids(&name)?, store.held_rows(&name, &[])?.unsettled.len()));
        let (strange, left_alone) = store.run("comparing rows", alone).await?;
        (entity.strange, entity.left_alone) = (strange, left_alone as u64);
        progress.advance(entity.rows);
    }
    progress.end();
    let questions = comparing.questions;
    let mut verified = Verified::of(entities, questions);
    if repair {
        repair_all(store, link, progress, &mut verified).await?;
    }
    Ok(verified)
}

/// Does what is due since the server was restored: a verification with repair. Answers nothing when none is due.
///
/// # Errors
/// As [`verify()`]; it stays due.
pub async fn verify_if_due(
    store: &SharedStore,
    link: &Link,
    progress: &mut Progress,
) -> Result<Option<Verified>, AgentError> {
    if store.run("reading what is due", |store| store.setting(VERIFICATION_DUE)).await?.is_none() {
        return Ok(None);
    }
    let verified = verify(store, link, progress, true).await?;
    // What the repair itself has lost was not compared again.
    let whole = verified.moved.as_ref().is_none_or(|moved| moved.lost.is_empty());
    if whole {
        store.run("noting what is done", |store| store.set_setting(VERIFICATION_DUE, None)).await?;
    }
    Ok(Some(verified))
}

async fn repair_all(
    store: &SharedStore,
    link: &Link,
    progress: &mut Progress,
    verified: &mut Verified,
) -> Result<(), AgentError> {
    let objects: Vec<ObjectRef> = verified.entities.iter().flat_map(objects_to_repair).collect();
    if objects.is_empty() {
        return Ok(());
    }
    store.run("noting what differs", move |store| store.refresh_add(&objects)).await?;
    verified.moved = Some(download(store, link, progress).await?);
    progress.begin("comparing again");
    // The download may have brought another metadata version.
    let mut comparing = Comparing::begin(store, link).await?;
    for entity in &mut verified.entities {
        let left = comparing.compare(entity, Narrowing::of_rows(entity.found.repairable())).await?;
        entity.not_repaired = left.repairable().collect();
    }
    verified.questions += comparing.questions;
    verified.count();
    progress.end();
    Ok(())
}

fn objects_to_repair(entity: &Compared) -> impl Iterator<Item = ObjectRef> + '_ {
    let object_type_code = entity.object_type_code;
    entity.found.repairable().map(move |object_id| ObjectRef { object_type_code, object_id })
}

/// The device's entities, with the number of their rows.
async fn compared_entities(store: &SharedStore) -> Result<Vec<Compared>, AgentError> {
    let entities = store.run("counting rows", |store| {
        let Some((_, metadata)) = store.metadata() else {
            return Err(StoreError::NoTables { path: store.path().to_owned() });
        };
        let entity =
            |entity: &Entity| Ok(Compared::new(&entity.name, entity.object_type_code, store.count_rows(&entity.name)?));
        metadata.entities.iter().map(entity).collect()
    });
    entities.await
}

/// Both sides, being asked.
struct Comparing<'a> {
    store: &'a SharedStore,
    link: &'a Link,
    metadata_version: u32,
    /// How many questions the server was asked.
    questions: u64,
}

impl<'a> Comparing<'a> {
    async fn begin(store: &'a SharedStore, link: &'a Link) -> Result<Self, AgentError> {
        let version = |store: &mut Store| Ok(store.metadata().map(|(version, _)| version));
        let metadata_version = store.run("reading the metadata", version).await?.unwrap_or_default();
        Ok(Self { store, link, metadata_version, questions: 0 })
    }

    /// What differs of an entity, as far as the search goes.
    async fn compare(&mut self, entity: &Compared, mut search: Narrowing) -> Result<Differences, AgentError> {
        let mut found = Differences::default();
        while let Some(question) = search.next_question() {
            match question {
                Question::Ranges(asked) => {
                    let (name, ranges) = (entity.entity.clone(), asked.clone());
                    let here = move |store: &mut Store| store.held_ranges(&name, &ranges);
                    let here = self.store.run("comparing rows", here);
                    let (here, there) = tokio::try_join!(here, self.ranges(entity, asked.clone()))?;
                    search.compared(&asked, &here, &there);
                }
                Question::Rows(asked) => {
                    // The device comes last: what was written here meanwhile has an operation then.
                    let there = self.rows(entity, asked.clone()).await?;
                    let name = entity.entity.clone();
                    let here = move |store: &mut Store| store.held_rows(&name, &asked);
                    found.compare(&self.store.run("comparing rows", here).await?, &there);
                }
            }
        }
        Ok(found)
    }

    async fn ranges(&mut self, entity: &Compared, ranges: Vec<KeyRange>) -> Result<Vec<RangeDigest>, AgentError> {
        let asked = ranges.len();
        match self.ask(entity, ranges, false).await? {
            VerifyOutcome::Ranges { ranges } if ranges.len() == asked => Ok(ranges),
            other => Err(refusal(other)),
        }
    }

    async fn rows(&mut self, entity: &Compared, ranges: Vec<KeyRange>) -> Result<Vec<RowDigest>, AgentError> {
        match self.ask(entity, ranges, true).await? {
            VerifyOutcome::Rows { rows } => Ok(rows),
            other => Err(refusal(other)),
        }
    }

    async fn ask(
        &mut self,
        entity: &Compared,
        ranges: Vec<KeyRange>,
        detail: bool,
    ) -> Result<VerifyOutcome, AgentError> {
        self.questions += 1;
        let request = VerifyRequest {
            request: clock::fresh_id(),
            metadata_version: self.metadata_version,
            object_type_code: entity.object_type_code,
            ranges,
            detail,
        };
        Ok(self.link.verify(&request).await?.outcome)
    }
}

fn refusal(outcome: VerifyOutcome) -> AgentError {
    match outcome {
        VerifyOutcome::Refused { reason } => AgentError::Refused(reason),
        VerifyOutcome::Ranges { .. } | VerifyOutcome::Rows { .. } | VerifyOutcome::Unknown => AgentError::TooNew,
    }
}
